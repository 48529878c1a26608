"""A part of the replay that make verify does whole: each label once, on the host board, against the checker."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.safety.explorer import Board
from tests.safety.replay import TOURS, reached
from tests.safety.replay_acts import NoAct
from tests.safety.replay_board import SPACECRAFT
from tests.safety.replay_flight import Replay
from tests.safety.replay_plan import Follower, Step

TO_STANDBY = ["SET_MODE INIT", "the SAR unit goes on", "SET_MODE STANDBY"]
TO_PREOP = [*TO_STANDBY, "SET_MODE PREOP", "the SAR unit goes on", "time passes"]
TO_TAKE = [*TO_PREOP, "SAR_ARM_TRANSMIT", "SAR_PERMIT_TRANSMIT", "START STRIPMAP", "time passes"]


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
        [*TO_TAKE, "the SAR unit does nothing", "ABORT SAR", "SAR_ARM_TRANSMIT", "time passes"],
        [*TO_TAKE, "a reset by the watchdog", "SAFE_EXIT"],
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


def test_a_label_without_an_act_fails(follower: Follower, flying: Replay) -> None:
    step = follower.step("SAR_ARM_TRANSMIT")
    with pytest.raises(NoAct):
        flying.take(Step("a meteorite", 0, 1, (), (), step.before, step.after, 0))


def test_what_only_an_edge_leads_to_that_no_board_can_take_is_not_reached() -> None:
    words = {"mode": "PREOP", "refuse": "0", "target": "-1", "reaction": "0", "cancelled": "0"}

    def edge(label: str, source: int, target: int) -> Step:
        return Step(label, source, target, (), (), words, words, 0)

    steps = [
        edge("START TEST for a table of another mode", 0, 1),
        edge("SAR_ARM_TRANSMIT", 0, 2),
        edge("SAR_ARM_TRANSMIT", 1, 3),
    ]
    assert reached(0, steps) == {0, 2}
