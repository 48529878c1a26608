"""The core of make verify: the SAR explored without faults, and some weakenings that must be found."""

import re
from pathlib import Path

import pytest

from emei.dictionary.load import load
from tests.safety.claims import broken_claims, modes_reached
from tests.safety.explorer import ROOT, Board, explore, replay
from tests.safety.verify import PROFILES
from tests.safety.weakenings import CODE, firmware_with, table_guards

CASE = ROOT / "docs" / "safety.md"


@pytest.mark.parametrize(("instrument", "spacecraft"), PROFILES[:1])
def test_no_reachable_state_breaks_a_rule_and_none_is_a_trap(instrument: str, spacecraft: int) -> None:
    with Board(spacecraft, 0) as board:
        graph = explore(board, 5000)
    assert broken_claims(graph, instrument) == []
    rest = {mode.name for mode in load().machines[instrument].modes if mode.kind in ("off", "rest", "safe")}
    assert rest - modes_reached(graph, instrument) <= {"SAFE_UNPOWERED", "DECONTAMINATION"}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("guard SAR INIT BUS_VOLTAGE", ["SET_MODE INIT, BUS_VOLTAGE low"]),
        ("guard OPTICAL STANDBY BUS_VOLTAGE", ["SET_MODE STANDBY, BUS_VOLTAGE high"]),
        ("the second step needs no first", ["SAR_PERMIT_TRANSMIT"]),
        ("a transition starts in any mode", ["SET_MODE INIT", "the SAR unit goes on", "SET_MODE PREOP"]),
        (
            "the alarm leaves the permit of an instrument that is off",
            ["SAR_ARM_TRANSMIT", "SAR_PERMIT_TRANSMIT", "alarm"],
        ),
    ],
)
def test_a_weakened_guard_is_found_and_the_guard_itself_holds(name: str, path: list[str]) -> None:
    weakening = next(item for item in [*table_guards(), *CODE] if item.name == name)
    removed = [weakening.removed] if weakening.removed else []
    with firmware_with(weakening) as place, Board(weakening.spacecraft, 1, "settled", removed, place) as board:
        assert replay(board, path) is not None
    with Board(weakening.spacecraft, 1) as board:
        assert replay(board, path) is None


def test_every_place_that_is_weakened_is_there() -> None:
    for weakening in CODE:
        with firmware_with(weakening):
            pass


def test_every_test_that_the_safety_case_names_exists() -> None:
    named = re.findall(r"`([\w/.]+\.py)::(\w+)`", CASE.read_text())
    assert len(named) > 20
    for file, test in named:
        assert re.search(rf"^\s*def {test}\(", (Path(ROOT) / file).read_text(), re.MULTILINE), f"{file}::{test}"
