"""Walks tell of a state that leaves out what steers something, and of one that does not nothing."""

import shutil
from pathlib import Path

import pytest

from tests.safety import explorer
from tests.safety.explorer import Board, CheckerError, explore
from tests.safety.replay_board import SPACECRAFT
from tests.safety.replay_plan import Steps
from tests.safety.walks import Walks

EXPLORED = 300
WALKED = 12


def walked() -> list[str]:
    with Board(SPACECRAFT["OPTICAL"], 1, script="outcomes.py") as board:
        graph = explore(board, EXPLORED, strict=False)
        return Walks(board, graph, Steps(graph), 1).go(WALKED)


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The checker's scripts, to be changed."""
    changed = tmp_path / "on_micropython"
    shutil.copytree(explorer.SCRIPTS, changed)
    monkeypatch.setattr(explorer, "SCRIPTS", changed)
    return changed


def change_state(scripts: Path, old: str, new: str) -> None:
    text = (scripts / "state.py").read_text()
    assert text.count(old) == 1
    (scripts / "state.py").write_text(text.replace(old, new))


def test_states_go_on_alike_whatever_way_led_to_them() -> None:
    assert walked() == []


def test_a_fault_that_is_left_out_of_the_state_is_found(scripts: Path) -> None:
    change_state(scripts, "world.hot,", "0,")
    sentences = walked()
    beginning = "a temperature beyond its trip limit does otherwise after two ways to one state: "
    assert any(sentence.startswith(beginning) and "TRIP_LIMIT" in sentence for sentence in sentences)


def test_an_edge_that_is_there_after_one_way_only_is_found() -> None:
    with Board(SPACECRAFT["OPTICAL"], 1, script="outcomes.py") as board:
        graph = explore(board, EXPLORED, strict=False)
        walks = Walks(board, graph, Steps(graph), 1)
        walks._follower.step("alarm")
        sentences = walks.go(1)
    only = [sentence for sentence in sentences if "it can be taken after one of them only" in sentence]
    assert any(sentence.startswith("alarm: over does otherwise") for sentence in only)


def test_what_is_no_time_cannot_be_left_out_as_one(scripts: Path, capfd: pytest.CaptureFixture[str]) -> None:
    change_state(scripts, '"_min", "_cycles")', '"_min", "_cycles", "_cycle")')
    with pytest.raises(CheckerError):
        walked()
    assert "_power_cycle is no time" in capfd.readouterr().err
