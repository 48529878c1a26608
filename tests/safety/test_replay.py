"""A part of the replay that make verify does whole: each label once, on the host board, against the checker."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hil.model import Edge
from tests.safety.explorer import Board, CheckerError
from tests.safety.replay import TOURS, reached
from tests.safety.replay_acts import NoAct
from tests.safety.replay_board import ENDS_S, SPACECRAFT
from tests.safety.replay_flight import Late, Replay
from tests.safety.replay_plan import Follower, Step

TO_STANDBY = ["SET_MODE INIT", "the SAR unit goes on", "SET_MODE STANDBY"]
TO_PREOP = [*TO_STANDBY, "SET_MODE PREOP", "the SAR unit goes on", "time passes"]
TO_TAKE = [*TO_PREOP, "SAR_ARM_TRANSMIT", "SAR_PERMIT_TRANSMIT", "START STRIPMAP", "time passes"]
TAKING = [*TO_TAKE, "time passes"]


@pytest.fixture
def follower() -> Iterator[Follower]:
    with Board(SPACECRAFT["SAR"], 1, script="outcomes.py") as board:
        yield Follower(board)


@pytest.fixture
def flying(tmp_path: Path) -> Iterator[Replay]:
    replay = Replay("SAR", tmp_path / "board")
    yield replay
    replay.stop()


def fly(follower: Follower, flying: Replay, labels: list[str]) -> None:
    for label in labels:
        difference = flying.take(follower.step(label))
        assert difference is None, str(difference)


@pytest.mark.parametrize(
    ("side", "tour"), [(side, tour) for side, tours in json.loads(TOURS.read_text()).items() for tour in tours]
)
def test_the_board_does_what_the_checker_saw(side: str, tour: list[str], tmp_path: Path) -> None:
    flying = Replay(side, tmp_path / "board")
    try:
        with Board(SPACECRAFT[side], 1, script="outcomes.py") as board:
            fly(Follower(board), flying, tour)
    finally:
        flying.stop()


@pytest.mark.parametrize(
    ("path", "fault", "step", "differs"),
    [
        (TO_STANDBY, "sar.stuck_state", "SET_MODE PREOP", {"unit"}),
        (TO_TAKE, "sar.stuck_state", "time passes", {"unit", "phase", "mode"}),
        (TO_PREOP, "power.stuck_limiters", "SET_MODE OFF", {"mode", "limiters", "failures", "unit"}),
        (TO_PREOP, "sar.deaf", "time passes", {"mode", "refuse", "events"}),
    ],
)
def test_a_unit_that_is_not_as_in_the_checkers_world_is_a_difference(
    follower: Follower, flying: Replay, path: list[str], fault: str, step: str, differs: set[str]
) -> None:
    fly(follower, flying, path)
    flying.flight.units.force(fault, 1)
    difference = flying.take(follower.step(step))
    assert difference is not None
    names = set(difference.expected | difference.seen)
    found = {name for name in names if difference.expected.get(name) != difference.seen.get(name)}
    assert differs <= found
    assert difference.path == [*path, step] and step in str(difference)


@pytest.mark.parametrize(
    "path",
    [
        # The unit is found lost and has no supply then: that it does not answer is over by itself.
        [
            "SET_MODE INIT",
            "the SAR unit does not answer",
            "ARM_SAFE_EXIT",
            "SAFE_EXIT",
            "SET_MODE OFF",
            "SET_MODE INIT",
        ],
        # One instrument, as it flies: no other is there whose supply the power unit would have to tell of.
        ["SET_MODE INIT", "the POWER unit does not answer", "ARM_SAFE_EXIT", "SAFE_EXIT"],
        [*TO_PREOP, "an upset in slot 0", "START STRIPMAP", "a good table into slot 0"],
        # While the unit is to end its data take.
        [*TAKING, "the SAR unit does nothing", "ABORT SAR", "SAR_ARM_TRANSMIT", "time passes"],
        [*TAKING, "a reset by the watchdog", "SAFE_EXIT"],
        [*TO_TAKE, "a transmit zone ahead", "SET_MODE STANDBY"],
        ["the third reset by the watchdog within an hour", "SET_MODE INIT", "LEAVE_SAFE_BOOT", "SET_MODE INIT"],
    ],
)
def test_faults_on_the_board_are_as_in_the_checkers_world(follower: Follower, flying: Replay, path: list[str]) -> None:
    fly(follower, flying, path)


def test_a_checker_that_saw_something_else_is_a_difference(follower: Follower, flying: Replay) -> None:
    fly(follower, flying, TO_STANDBY)
    step = follower.step("SAR_PERMIT_TRANSMIT")
    assert step.failures == ("refused:NOT_ARMED",)
    accepted = Step(step.label, 0, 1, (), step.events, step.before, {**step.after, "permit": "PERMITTED"}, 0)
    difference = flying.take(accepted)
    assert difference is not None
    assert difference.seen["failures"] == "refused:NOT_ARMED"
    assert difference.seen["permit"] == "INHIBITED"


def test_what_ends_before_its_time_is_a_difference(follower: Follower, flying: Replay) -> None:
    """A firmware that gives up on its unit after 2.5 s, where these flights are flown with 13."""
    fly(follower, flying, [*TAKING, "the SAR unit does nothing"])
    flying.flight.session.send("SET_BENCH_WAIT", wait="SAR_ABORT", wait_ms=2500).wait(5)
    fly(follower, flying, ["ABORT SAR"])
    flying.flight.session.run_for(2.3)
    difference = flying.take(follower.step("SAR_ARM_TRANSMIT"))
    assert difference is not None
    assert difference.expected["refuse"] == "0" and difference.seen["refuse"] == "1"


def test_what_ends_when_its_time_is_up_is_late(
    follower: Follower, flying: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    fly(follower, flying, [*TAKING, "the SAR unit does nothing", "ABORT SAR"])
    act = flying.acts.act

    def slow(step: Step) -> None:
        act(step)
        flying.flight.session.run_for(ENDS_S)

    monkeypatch.setattr(flying.acts, "act", slow)
    with pytest.raises(Late, match="has ended"):
        flying.take(follower.step("SAR_ARM_TRANSMIT"))


def test_a_pulse_of_transmit_enable_within_an_act_is_a_difference(
    follower: Follower, flying: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    fly(follower, flying, TO_STANDBY)
    act = flying.acts.act

    def pulsed(step: Step) -> None:
        act(step)
        edges = flying.flight.board.edges
        edges += [Edge(flying.flight.now_s, "transmit-enable", on) for on in (True, False)]

    monkeypatch.setattr(flying.acts, "act", pulsed)
    difference = flying.take(follower.step("SET_MODE PREOP"))
    assert difference is not None and difference.found() == "begins: the checker saw 0, the board 1"


def test_a_data_take_begins_once(follower: Follower, flying: Replay) -> None:
    fly(follower, flying, TO_TAKE)
    step = follower.step("time passes")
    assert step.begins == 1
    difference = flying.take(replace(step, begins=2))
    assert difference is not None and difference.found() == "begins: the checker saw 2, the board 1"


@pytest.mark.parametrize(
    "label", ["a reset by the watchdog", "the third reset by the watchdog within an hour", "LEAVE_SAFE_BOOT"]
)
def test_what_a_boot_reports_is_compared(follower: Follower, flying: Replay, label: str) -> None:
    if label == "LEAVE_SAFE_BOOT":
        fly(follower, flying, ["the third reset by the watchdog within an hour"])
    step = follower.step(label)
    booted = flying.flight.dictionary.event("BOOTED").id
    assert step.events.count(booted) == 1
    without = tuple(event for event in step.events if event != booted)
    difference = flying.take(replace(step, events=without))
    assert difference is not None and difference.found().startswith("events: ")


def test_a_label_without_an_act_fails(follower: Follower, flying: Replay) -> None:
    step = follower.step("SAR_ARM_TRANSMIT")
    with pytest.raises(NoAct):
        flying.take(Step("a meteorite", 0, 1, (), (), step.before, step.after, 0))


def test_a_unit_that_has_nothing_to_go_on_to_fails(follower: Follower, flying: Replay) -> None:
    fly(follower, flying, TO_STANDBY)
    with pytest.raises(CheckerError, match="IDLE"):
        flying.take(follower.step("the SAR unit goes on"))


def test_what_only_an_edge_leads_to_that_no_board_can_take_is_not_reached() -> None:
    words = {
        **dict.fromkeys(("refuse", "reaction", "cancelled", "armed", "exit_armed", "takes", "enable"), "0"),
        "mode": "PREOP",
        "target": "-1",
    }

    def edge(label: str, source: int, target: int) -> Step:
        return Step(label, source, target, (), (), words, words, 0)

    steps = [
        edge("START TEST for a table of another mode", 0, 1),
        edge("SAR_ARM_TRANSMIT", 0, 2),
        edge("SAR_ARM_TRANSMIT", 1, 3),
    ]
    assert reached(0, steps) == {0, 2}
