"""Benches start, stop, say what is missing, and leave no process behind, however they end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hil.bench import BENCHES, Bench
from hil.errors import BenchError
from hil.model import ROOT

PATIENCE_S = 20.0


def processes_of(directory: Path) -> list[str]:
    """Command lines of processes that work for a run directory: by their arguments, or by where they run."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            place = (process / "cwd").readlink()
        except OSError:
            continue  # it has ended meanwhile, or is not ours to look at
        if int(process.name) != os.getpid() and (str(directory) in arguments or place == directory):
            found.append(arguments)
    return found


def description(tmp_path: Path, board: str, before: str, after: str) -> Path:
    """The bench of a board with one line changed."""
    text = (BENCHES / f"{board}.toml").read_text()
    assert before in text
    changed = tmp_path / f"{board}.toml"
    changed.write_text(text.replace(before, after))
    return changed


@pytest.mark.parametrize("board", ["host", "emulated"])
def test_nothing_is_left_after_stop(tmp_path: Path, board: str) -> None:
    run = tmp_path / "run"
    with Bench(board, run) as bench:
        assert processes_of(run)
        bench.link.receive(0.1)
    assert processes_of(run) == []
    assert [item for item in run.iterdir() if item.is_symlink()] == []


@pytest.mark.parametrize("board", ["host", "emulated"])
def test_nothing_is_left_when_the_bench_is_killed(tmp_path: Path, board: str) -> None:
    run = tmp_path / "run"
    program = (
        "from pathlib import Path; from hil.bench import Bench; import time;"
        f"bench = Bench({board!r}, Path({str(run)!r})); print('running', flush=True); time.sleep(600)"
    )
    bench = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE)
    assert bench.stdout is not None
    assert bench.stdout.readline() == b"running\n"
    assert processes_of(run)
    bench.send_signal(signal.SIGKILL)
    bench.wait()
    bench.stdout.close()
    until_s = time.monotonic() + PATIENCE_S
    while (left := processes_of(run)) and time.monotonic() < until_s:
        time.sleep(0.05)
    assert left == []


@pytest.mark.parametrize("board", ["host", "emulated"])
def test_a_missing_image_says_what_to_do(tmp_path: Path, board: str) -> None:
    changed = description(tmp_path, board, 'image = "build/', 'image = "build/nowhere/')
    with pytest.raises(BenchError, match=r"There is no .* at .*nowhere.*: run `make firmware` first"):
        Bench(board, tmp_path / "run", changed)


def test_a_missing_emulator_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BenchError, match=r"qemu-system-arm is not installed: `sudo apt-get install qemu-system-arm`"):
        Bench("emulated", tmp_path / "run")


def test_an_unknown_board_says_which_there_are(tmp_path: Path) -> None:
    changed = description(tmp_path, "host", 'kind = "host"', 'kind = "paper"')
    with pytest.raises(BenchError, match=r'board kind "paper" is not known; use host or emulated'):
        Bench("host", tmp_path / "run", changed)


def test_an_unknown_bench_says_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"There is no bench description .*moon\.toml; there are emulated, host"):
        Bench("moon", tmp_path / "run")


def test_settings_the_units_do_not_know(tmp_path: Path) -> None:
    changed = description(tmp_path, "host", "sar_warmup_s", "sar_warmup_years")
    with pytest.raises(BenchError, match=r"The host board ended: .*sar_warmup_years"):
        Bench("host", tmp_path / "run", changed)


def test_a_board_that_dies_says_so(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with Bench("host", run) as bench:
        bench.link.receive(0.5)
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if (process / "cwd").readlink() == run:
                    os.kill(int(process.name), signal.SIGKILL)
            except OSError:
                continue
        for _ in range(2):  # found out by an answer that does not come, and by an order that nobody takes
            with pytest.raises(BenchError, match="The host board ended"):
                bench.link.receive(5)
    assert processes_of(run) == []
