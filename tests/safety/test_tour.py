"""What a tour makes of steps that come too late, or differ after a long flight: with boards that are not flown."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.safety import replay
from tests.safety.explorer import Graph
from tests.safety.replay import BEHIND_LATE, BEHIND_OTHERS, OUTLIVED, TOO_LATE, Result, Tour, report
from tests.safety.replay_acts import DECONTAMINATED, MINUTE
from tests.safety.replay_ceilings import CEILINGS, Ceiling, compared
from tests.safety.replay_flight import Difference, Late
from tests.safety.replay_plan import TIME, Kind, Step, Steps

WORDS = {
    **dict.fromkeys(("refuse", "reaction", "cancelled", "armed", "exit_armed", "takes", "enable"), "0"),
    "mode": "STANDBY",
    "permit": "INHIBITED",
    "target": "-1",
    "faults": "",
}
Verdict = Callable[[list[str], Step], Difference | None]


def edge(label: str, source: int, target: int) -> Step:
    return Step(label, source, target, (), (), WORDS, WORDS, 0)


def tour(
    steps: list[Step], verdict: Verdict, monkeypatch: pytest.MonkeyPatch, given: list[str] | None = None
) -> Result:
    """Every kind of a graph that begins at 0. `verdict` is given the labels flown so far and the next step; `given`
    takes in the steps before which the unit is given more time to end what it does.
    """

    agreed: set[Kind] = set()
    given = [] if given is None else given

    class Flying:
        def __init__(self, side: str, directory: Path) -> None:
            self.flight = SimpleNamespace(now_s=0.0)
            self.path: list[str] = []

        def take(self, step: Step, is_known: bool = False, ends_late: bool = False) -> Difference | None:
            given.extend([step.label] if ends_late else [])
            # One look is enough of what agreed before only.
            assert not is_known or step.kind in agreed
            difference = verdict(self.path, step)
            self.path.append(step.label)
            agreed.update([] if difference else [step.kind])
            return difference

        def stop(self) -> None:
            pass

    monkeypatch.setattr(replay, "Replay", Flying)
    known: Any = SimpleNamespace(at_rest=lambda state: state, all=lambda: steps, kinds_between=set)
    return Tour("SAR", known, lambda kind: True, lambda line: None).fly()


def labels(kinds: Iterable[Kind]) -> list[str]:
    return sorted(kind.label for kind in kinds)


def test_another_way_is_looked_for_when_one_comes_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    def verdict(path: list[str], step: Step) -> None:
        if step.label == "late":
            raise Late("always")

    result = tour([edge("late", 0, 1), edge("other", 0, 1), edge("behind", 1, 2)], verdict, monkeypatch)
    assert labels(result.agreed) == ["behind", "other"]
    assert labels(result.impossible) == ["late"] and set(result.impossible.values()) == {TOO_LATE}
    assert result.good


def test_a_step_that_leaves_the_board_with_other_waits_is_the_last_of_its_flight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A minute while the instrument becomes safe: the unit is given the time before that begins, no way leads over it,
    and what was on its way there is flown anew.
    """
    began: list[str] = []
    given: list[str] = []

    def verdict(path: list[str], step: Step) -> None:
        assert MINUTE not in path, "the flight went on"
        began.extend([] if path else [step.label])

    ending = {**WORDS, "reaction": "2", "exit_armed": "1"}
    minute = Step(MINUTE, 1, 2, (), (), ending, WORDS, 0)
    steps = [edge("away", 0, 4), edge("safing", 4, 1), minute, edge("end", 1, 2), edge("behind", 2, 3)]
    result = tour(steps, verdict, monkeypatch, given)
    assert set(given) == {"safing"}
    assert labels(result.agreed) == sorted([MINUTE, "away", "behind", "end", "safing"]) and result.good
    assert began == ["away", "away"]
    alone = tour([edge("safing", 0, 1), minute, edge("behind", 2, 3)], verdict, monkeypatch)
    assert labels(alone.agreed) == sorted([MINUTE, "safing"])
    assert {kind.label: reason for kind, reason in alone.impossible.items()} == {"behind": BEHIND_OTHERS}


def test_what_only_such_a_way_leads_to_is_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    def verdict(path: list[str], step: Step) -> None:
        if step.label == "late":
            raise Late("always")

    result = tour([edge("first", 0, 1), edge("late", 1, 2), edge("behind", 2, 3)], verdict, monkeypatch)
    assert labels(result.agreed) == ["first"]
    assert {kind.label: reason for kind, reason in result.impossible.items()} == {
        "late": TOO_LATE,
        "behind": BEHIND_LATE,
    }
    assert result.counted() == Ceiling(impossible=0, too_late=2, not_tried=0, differed_later=0)


def test_what_an_arm_does_not_live_through_is_not_said_to_be_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def verdict(path: list[str], step: Step) -> None:
        tried.append(step.label)

    armed = {**WORDS, "armed": "1", "limiters": "255"}
    hours = Step(DECONTAMINATED, 0, 1, (), (), armed, armed, 0)
    result = tour([hours, edge("behind", 1, 2), edge("first", 0, 3)], verdict, monkeypatch)
    assert tried == ["first"]
    assert {kind.label: reason for kind, reason in result.impossible.items()} == {
        DECONTAMINATED: OUTLIVED,
        "behind": BEHIND_OTHERS,
    }
    assert result.counted() == Ceiling(impossible=0, too_late=0, not_tried=2, differed_later=0)


def test_a_difference_that_came_later_is_told_with_the_command_that_flies_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def verdict(path: list[str], step: Step) -> Difference | None:
        if step.label == "there" and path:
            return Difference([*path, step.label], step.kind, {"mode": "OFF"}, {"mode": "SAFE"})
        return None

    result = tour([edge("away", 0, 2), edge("back", 2, 0), edge("there", 0, 1)], verdict, monkeypatch)
    told = [line for line in report("SAR", result, 1.0) if "differed later" in line]
    assert len(told) == 1 and '--only SAR --path "away; back; there"' in told[0]
    assert "mode: the checker saw OFF, the board SAFE" in told[0]


@pytest.mark.parametrize("name", ["impossible", "too_late", "not_tried", "differed_later"])
def test_one_more_than_the_ceiling_is_no_good_and_one_less_is_said(name: str) -> None:
    largest = CEILINGS["OPTICAL", True]
    for more, is_good, sentences in ((0, True, 0), (1, False, 1)):
        found = replace(largest, **{name: getattr(largest, name) + more})
        assert (compared("OPTICAL", True, found)[0], len(compared("OPTICAL", True, found)[1])) == (is_good, sentences)
    lower = replace(largest, **{name: getattr(largest, name) - 1})
    is_good, lines = compared("OPTICAL", True, lower)
    assert is_good and len(lines) == 1 and "can be lowered" in lines[0]
    assert compared("OPTICAL", True, lower, is_whole=False) == (True, [])


def test_a_step_that_is_late_only_on_a_long_flight_is_flown_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def verdict(path: list[str], step: Step) -> None:
        if step.label == "early" and path:
            raise Late("behind others")

    result = tour([edge("away", 0, 1), edge("back", 1, 0), edge("early", 0, 2)], verdict, monkeypatch)
    assert labels(result.agreed) == ["away", "back", "early"] and not result.impossible


def test_what_a_difference_cut_off_is_flown_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def verdict(path: list[str], step: Step) -> Difference | None:
        return Difference([*path, step.label], step.kind, {}, {}) if step.label == "there" and path else None

    behind = [edge(f"behind {number}", 1, 2) for number in range(7)]
    result = tour([edge("there", 0, 1), *behind, edge("back", 2, 0)], verdict, monkeypatch)
    assert len(result.agreed) == 9 and labels(result.differed_later) == ["there"]
    assert result.good and not result.impossible


def test_a_difference_on_the_shortest_way_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def verdict(path: list[str], step: Step) -> Difference | None:
        return Difference([step.label], step.kind, {"mode": "OFF"}, {"mode": "SAFE"}) if step.label == "wrong" else None

    result = tour([edge("wrong", 0, 1), edge("right", 0, 2)], verdict, monkeypatch)
    assert labels(result.agreed) == ["right"] and len(result.differences) == 1 and not result.good


def test_a_replay_beyond_a_ceiling_is_no_good(monkeypatch: pytest.MonkeyPatch) -> None:
    late = dict.fromkeys([edge("late", 0, 1).kind], TOO_LATE)
    for impossible, is_good in (({}, True), (late, False)):
        result = Result(agreed={edge("agreed", 0, 1).kind}, impossible=impossible)
        monkeypatch.setattr(replay, "Tour", lambda *_, result=result: SimpleNamespace(fly=lambda: result))
        said: list[str] = []
        nothing = Steps(Graph([TIME], [0], []))
        assert replay.replay_side("SAR", nothing, said.append) == is_good
        assert any("1 kinds are too_late, 0 at most" in line for line in said) != is_good
