"""emei commission: campaigns listed and shown, records told and waived, and what is refused before anything is sent."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emei.cli import main
from emei.commissioning import campaign
from emei.commissioning.record import FAILED, PASSED, Record
from emei.dictionary import load

NO_PORT = ("--port", "/dev/null")


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["commission", *words])


def refused(result: Result) -> str:
    assert result.exit_code in (1, 2) and isinstance(result.exception, SystemExit), result.output
    sentence = result.stderr.strip()
    assert sentence and "\n" not in sentence and "Traceback" not in sentence
    return sentence


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A directory with a record: the first step passed, the second failed."""
    record = Record.open(tmp_path, campaign.load(load(), "sar"), "BENCH")
    first, second = (step.name for step in record.campaign.steps[:2])
    record.end(record.begin(first, "00"), PASSED, "", [])
    record.end(record.begin(second, "00"), FAILED, "Out of limits: fault flags is 1.", [])
    return tmp_path


def test_list_names_every_step() -> None:
    listed = json.loads(run("list", "--json").stdout)
    assert sorted(listed) == campaign.names()
    text = run("list").stdout
    assert all(step in text for item in listed.values() for step in item["steps"])


def test_show_tells_conditions_actions_and_limits() -> None:
    text = run("show", "sar", "low_duty_transmit").stdout
    for part in ("After: internal_calibration", "Entry: SAR_MODE OFF", "SAR_PERMIT_TRANSMIT takes=1", "start=+5 s"):
        assert part in text
    assert "1.5 to 3" in text


def test_show_tells_of_science_data_and_of_what_to_do() -> None:
    text = run("show", "sar", "corner_reflectors").stdout
    for part in ("Note: Scaled down", "Brings down: the science data of 900106", "science reflector_position_error_px"):
        assert part in text
    assert "Entry: ECLIPSE ON. Run this step in eclipse" in run("show", "optical", "dark").stdout


def test_status_names_what_is_next(begun: Path) -> None:
    text = run("status", "--directory", str(begun)).stdout
    second = campaign.load(load(), "sar").steps[1].name
    assert "Out of limits: fault flags is 1." in text and text.rstrip().endswith(f"Next: {second}.")
    steps = json.loads(run("status", "--directory", str(begun), "--json").stdout)["steps"]
    assert [step["state"] for step in steps[:3]] == [PASSED, FAILED, "open"]


def test_a_waived_step_stands_in_the_record_and_the_report(begun: Path) -> None:
    first, second = (step.name for step in campaign.load(load(), "sar").steps[:2])
    result = run("waive", "--directory", str(begun), "--step", second, "--reason", "measured on the ground")
    assert result.exit_code == 0 and f"Step {second} is waived." in result.stdout
    assert "measured on the ground" in (begun / "report.html").read_text()
    assert "there is nothing to waive" in refused(
        run("waive", "--directory", str(begun), "--step", first, "--reason", "x")
    )


def test_what_cannot_be_run_is_one_sentence(tmp_path: Path, begun: Path) -> None:
    empty = str(tmp_path / "empty")
    assert "There is no campaign sra; did you mean sar" in refused(run("run", "sra", "--directory", empty, *NO_PORT))
    assert "There is no campaign's record in" in refused(run("status", "--directory", empty))
    recording = tmp_path / "downlink.bin"
    science = refused(run("run", "sar", "--directory", empty, *NO_PORT))
    assert science.startswith("Science data are measured in receive_noise,") and "give --downlink FILE" in science
    downlink = ("--downlink", str(recording))
    assert f"There is no recording {recording}" in refused(run("run", "sar", "--directory", empty, *NO_PORT, *downlink))
    recording.touch()
    hazard = refused(run("run", "sar", "--directory", empty, *NO_PORT, *downlink))
    assert hazard.startswith("Hazardous telecommands are in") and "say --yes where nobody can ask" in hazard
    port = refused(run("run", "sar", "--directory", empty, "--yes", *NO_PORT, *downlink))
    assert "/dev/null is not a serial port" in port
    other = refused(run("run", "sar", "--directory", str(begun), "--spacecraft", "EMEI_S1", "--yes", *NO_PORT))
    assert "is the record of BENCH, not of EMEI_S1" in other
    late = refused(run("run", "sar", "--directory", empty, "--yes", "--step", "first_light", *NO_PORT, *downlink))
    assert "/dev/null" in late
