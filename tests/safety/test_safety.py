"""The core of make verify: the SAR explored without faults, and some weakenings that must be found."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.safety.alike import differences, not_bisimilar
from tests.safety.claims import broken_claims, modes, modes_not_reached
from tests.safety.explorer import ROOT, Board, Graph, explore, replay
from tests.safety.guard_weakenings import C_CODE
from tests.safety.verify import known_counter_examples
from tests.safety.weakened_hal import is_found, weakened_source
from tests.safety.weakenings import CODE, SAR, firmware_with, table_guards, weakened

CASE = ROOT / "docs" / "safety.md"
LABELS = ["a telecommand", "a fault", "the SAR unit does nothing: over", "the POWER unit does nothing: over"]
GROUP = ("STRIPMAP", "SPOTLIGHT", "TOPS", "CALIBRATION", "TEST")


@pytest.fixture(scope="module")
def sar_graph() -> Graph:
    """The SAR without faults, every mode and every condition broken."""
    with Board(SAR, 0) as board:
        assert ("SAR", list(GROUP)) in board.alike
        return explore(board, 5000)


def test_no_reachable_state_breaks_a_rule_and_none_is_a_trap(sar_graph: Graph) -> None:
    assert broken_claims(sar_graph, "SAR") == []
    assert modes_not_reached(sar_graph, "SAR") == []


def test_boards_that_share_the_work_find_the_same_graph(sar_graph: Graph) -> None:
    with Board(SAR, 0) as board, Board(SAR, 0) as another, Board(SAR, 0) as third:
        shared = explore(board, 5000, beside=(another, third))
    assert shared == sar_graph


def small_graph(*edges: tuple[int, int, int]) -> Graph:
    """OFF and at rest, SAFE and STANDBY, with edges (source, label, target) of LABELS."""
    fields = ["machine.mode", "refuse._cause", "machine._target", "machine._reaction"]
    graph = Graph(LABELS, [0, 2, 1, 1], fields)
    graph.states = [bytes([modes("SAR")[name], 0, 249, 0]) for name in ("OFF", "SAFE", "STANDBY")]
    graph.origin = [(0, -1), (0, 0), (0, 1)]
    for source, label, target in edges:
        graph.source.append(source)
        graph.edge.append(label)
        graph.target.append(target)
    return graph


def test_a_state_from_which_no_way_leads_is_told() -> None:
    there_and_back = [(0, 0, 1), (1, 0, 0), (0, 1, 2)]
    no_safe = "SAFE cannot be reached any more without a fault (1 states), after\n    1  a fault"
    no_off = "OFF cannot be reached any more without a fault (1 states), after\n    1  a fault"
    no_safe_with_it = no_safe.replace("SAFE", "SAFE or OFF while a fault stands")
    lost = [no_safe, no_off, no_safe_with_it]
    assert broken_claims(small_graph(*there_and_back), "SAR") == lost
    for label, still_lost in zip(LABELS, ([], lost, [no_safe_with_it], []), strict=True):
        way_back = (2, LABELS.index(label), 1)
        assert broken_claims(small_graph(*there_and_back, way_back), "SAR") == still_lost, label


def test_modes_of_which_one_is_explored_with_faults_are_alike(sar_graph: Graph) -> None:
    assert differences("SAR", GROUP) == []
    assert not_bisimilar(sar_graph, [GROUP]) == []
    assert differences("OPTICAL", ("STEREO", "AREA")) == []


def test_a_mode_that_is_not_alike_is_told(sar_graph: Graph) -> None:
    assert differences("SAR", ("STRIPMAP", "RX_ONLY"))
    assert not_bisimilar(sar_graph, [("STRIPMAP", "RX_ONLY")]) == ["START RX_ONLY does otherwise than START STRIPMAP"]


@pytest.mark.parametrize(
    "name",
    [
        "guard SAR SPOTLIGHT TRANSMIT_PERMITTED",
        "guard OPTICAL DARK ECLIPSE",
        "guard OPTICAL DECONTAMINATION DOOR_SHUT",
        "the second step needs no first",
        "the alarm leaves the permit of an instrument that is off",
        "a movement ended early leaves a shut door its supply",
    ],
)
def test_a_weakened_guard_is_found_and_the_guard_itself_holds(name: str) -> None:
    weakening = next(item for item in [*table_guards(), *CODE] if item.name == name)
    path = known_counter_examples()[name]
    removed = [weakening.removed] if weakening.removed else []
    with firmware_with(weakening) as place, Board(weakening.spacecraft, 1, "settled", removed, place) as board:
        assert replay(board, path) is not None
    with Board(weakening.spacecraft, 1) as board:
        assert replay(board, path) is None


def test_every_weakened_guard_has_its_counter_example() -> None:
    assert {weakening.name for weakening in [*table_guards(), *CODE]} == set(known_counter_examples())


def test_every_place_that_is_weakened_is_there() -> None:
    payload = ROOT / "firmware" / "payload"
    for weakening in CODE:
        for file, old, new in weakening.edits() if weakening.file else ():
            assert weakened((payload / file).read_text(), weakening.name, file, old, new)


def test_every_place_of_the_c_guard_that_is_weakened_is_there() -> None:
    for weakening in C_CODE:
        assert weakened_source(weakening)


def test_a_weakened_c_guard_is_found_and_one_that_is_as_it_was_is_not() -> None:
    weakening = next(item for item in C_CODE if item.name == "the inhibit does nothing")
    assert is_found(weakening)
    assert not is_found(replace(weakening, new=weakening.old))


def test_every_test_that_the_safety_case_names_exists() -> None:
    named = re.findall(r"`([\w/.]+\.py)::(\w+)`", CASE.read_text())
    assert len(named) > 20
    for file, test in named:
        assert re.search(rf"^\s*def {test}\(", (Path(ROOT) / file).read_text(), re.MULTILINE), f"{file}::{test}"
