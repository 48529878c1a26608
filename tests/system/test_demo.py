"""The demo tells a pass that went wrong from one that went right, and ends cleanly however it ends."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emei.dictionary import load
from emei.report.recording import StepResult
from hil import demo
from hil.bench import Bench
from hil.demo import Flown, fly_pass
from hil.model import ROOT
from hil.passes.flight import Flight, Step
from hil.passes.plan import plan_pass
from hil.run_directory import run_directory
from tests.system.quick_bench import quick_bench
from tests.system.test_bench import processes_of


class Meddler:
    """Does something to the bench when a step begins."""

    def __init__(self, step: str, meddle: Callable[[Flight], None]) -> None:
        self._step = step
        self._meddle = meddle
        self._flight: Flight | None = None

    def flight_is(self, flight: Flight) -> None:
        self._flight = flight

    def begun(self, number: int, step: Step) -> None:
        if step.name == self._step:
            assert self._flight is not None
            self._meddle(self._flight)

    def ended(self, number: int, result: StepResult) -> None: ...


def fly_with(tmp_path: Path, step: str, meddle: Callable[[Flight], None]) -> Flown:
    with Bench("host", tmp_path, quick_bench(tmp_path)) as bench:
        return fly_pass(bench, tmp_path, plan_pass(load(), bench.description.units), Meddler(step, meddle))


def lose_an_octet(flight: Flight) -> None:
    honest = flight.bench.units.recorder_file

    def damaged(entry_id: int) -> bytes:
        file = honest(entry_id)
        return file[:-1] + bytes([file[-1] ^ 1])

    flight.bench.units.recorder_file = damaged  # type: ignore[method-assign]


def raise_alarm(flight: Flight) -> None:
    flight.bench.alarm(True)
    flight.session.run_for(1.0)


FAULTS: dict[str, tuple[str, Callable[[Flight], None], str]] = {
    "the door is stuck": (
        "Door opened",
        lambda flight: flight.bench.units.force("optical.door_stuck", 1),
        "OPTICAL_MOVE_DOOR failed",
    ),
    "a file differs from its CRC": ("SAR entry", lose_an_octet, "CRC-32"),
    "the table breaks a rule": (
        "Acquisition table loaded",
        lambda flight: object.__setattr__(flight.plan.timing, "swl_code", 6000),
        "TABLE_RULE",
    ),
    "an alarm": (
        "Nothing lost",
        raise_alarm,
        "ALARM_RAISED",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_step_that_fails_ends_the_pass_with_its_sentence(tmp_path: Path, fault: str) -> None:
    step, meddle, sentence = FAULTS[fault]
    flown = fly_with(tmp_path, step, meddle)
    assert not flown.verified
    statuses = {result.name: result.status for result in flown.results}
    assert statuses[step] == "failed"
    names = list(statuses)
    assert {statuses[name] for name in names[: names.index(step)]} == {"verified"}
    assert {statuses[name] for name in names[names.index(step) + 1 :]} <= {"not run"}
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["verified"] is False
    failed = next(item for item in summary["steps"] if item["status"] == "failed")
    assert sentence in failed["evidence"] and failed["evidence"].endswith(".")
    assert "not verified" in (tmp_path / "report.html").read_text()


@pytest.fixture
def _heeds_ctrl_c() -> Iterator[None]:
    """A shell starts a job in its background with the signal ignored, which a process that is started here inherits."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_heeds_ctrl_c")
def test_ctrl_c_leaves_one_sentence_and_no_process(tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "hil.demo", "--board", "host", "--out", str(run)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "Boot" in line:
            break
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read().strip().splitlines()
    assert process.wait(30) == demo.INTERRUPTED
    assert rest[-1] == "Interrupted; the bench is stopped and nothing is left running."
    assert processes_of(run) == []


def test_what_cannot_be_used_is_said_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.touch()
    assert demo.main(["--board", "host", "--out", str(file / "run")]) == demo.NOT_RUN
    assert "cannot be used" in capsys.readouterr().err
    assert demo.main(["--board", "host", "--out", "/proc/run"]) == demo.NOT_RUN
    assert capsys.readouterr().err == "/proc/run cannot be used: No such file or directory.\n"
    with run_directory(tmp_path / "busy") as busy:
        (busy / "kept").touch()
        assert demo.main(["--board", "host", "--out", str(busy)]) == demo.NOT_RUN
        assert capsys.readouterr().err == f"A bench is running in {busy}: end it first.\n"
        assert (busy / "kept").exists()
    with run_directory(busy):
        assert [path.name for path in busy.iterdir()] == [".bench"]
    assert demo.main(["--board", "host", "--out", str(tmp_path)]) == demo.NOT_RUN
    assert "holds files that are no bench's: empty it, or give another directory." in capsys.readouterr().err
    assert file.exists()
    made = ROOT / "build" / "hil" / "test_demo"
    made.mkdir(parents=True, exist_ok=True)
    (made / ".bench").unlink(missing_ok=True)
    (made / "of-before-there-was-a-mark").touch()
    with run_directory(made):
        assert [path.name for path in made.iterdir()] == [".bench"]
    with pytest.raises(SystemExit):
        demo.main(["--board", "host", "--epoch", "2010-01-01"])
    assert "from 2017 on" in capsys.readouterr().err
