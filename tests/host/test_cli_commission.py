"""emei commission: campaigns listed and shown, records told and waived, and what is refused before anything is sent."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emei.cli import main
from emei.commissioning import campaign
from emei.commissioning.lock import alone_in
from emei.commissioning.record import FAILED, FILE, PASSED, WAIVED, Record
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
    assert late.startswith("Step first_light comes after")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--step", "nope"], "Campaign sar has no step nope, only low_voltage, self_test,"),
        (["--step", "first_light"], "Step first_light comes after"),
        ([], "Science data are measured in"),
        (["--downlink", "/nowhere/downlink.bin"], "There is no recording /nowhere/downlink.bin"),
        (["--step", "low_voltage"], "The serial port /dev/null is not a serial port"),
        (["--step", "low_voltage", "--spacecraft", "EMEI"], "There is no spacecraft EMEI; did you mean EMEI_"),
        (["--step", "low_voltage", "--obc", "--ancillary", "eclipse=3"], "ANCILLARY_DATA: eclipse is 3"),
    ],
)
def test_a_run_that_cannot_begin_leaves_nothing_behind(tmp_path: Path, words: list[str], sentence: str) -> None:
    directory = tmp_path / "campaigns" / "sar"
    assert refused(run("run", "sar", "--directory", str(directory), *NO_PORT, *words)).startswith(sentence)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_none_is_wrong_usage_and_what_there_is_is_said(begun: Path) -> None:
    directory = ("--directory", str(begun))
    steps = ", ".join(step.name for step in campaign.load(load(), "sar").steps)
    for words, sentence in (
        (["show", "nosuch", "x"], "There is no campaign nosuch, only optical, sar."),
        (["run", "nosuch", *directory, *NO_PORT], "There is no campaign nosuch, only optical, sar."),
        (["show", "sar", "nope"], f"Campaign sar has no step nope, only {steps}."),
        (["run", "sar", "--step", "nope", *directory, *NO_PORT], f"Campaign sar has no step nope, only {steps}."),
        (["waive", "--step", "nope", "--reason", "x", *directory], f"Campaign sar has no step nope, only {steps}."),
        (["show", "sra", "x"], "There is no campaign sra; did you mean sar?"),
    ):
        result = run(*words)
        assert (refused(result), result.exit_code) == (sentence, 2)


def test_after_a_run_that_could_not_begin_the_directory_is_free_for_another_campaign(tmp_path: Path) -> None:
    refused(run("run", "sar", "--directory", str(tmp_path), "--step", "nope", *NO_PORT))
    words = ("--step", "low_voltage", "--yes", *NO_PORT)
    assert "/dev/null" in refused(run("run", "optical", "--directory", str(tmp_path), *words))
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_cannot_begin_leaves_a_record_as_it_is(begun: Path) -> None:
    path = begun / FILE
    path.write_bytes(path.read_bytes() + b'{"begin')
    octets = path.read_bytes()
    refused(run("run", "sar", "--directory", str(begun), "--step", "nope", *NO_PORT))
    refused(run("run", "sar", "--directory", str(begun), "--step", "low_voltage", "--yes", *NO_PORT))
    assert path.read_bytes() == octets and list(begun.iterdir()) == [path]


def test_a_waiver_does_not_join_a_line_that_was_cut_off(begun: Path) -> None:
    path = begun / FILE
    path.write_bytes(path.read_bytes() + b'{"begin')
    second = campaign.load(load(), "sar").steps[1].name
    assert run("waive", "--directory", str(begun), "--step", second, "--reason", "x").exit_code == 0
    assert json.loads(run("status", "--directory", str(begun), "--json").stdout)["steps"][1]["state"] == WAIVED


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("", "--reason is blank: say why the campaign goes on without the step."),
        (" \t\n", "--reason is blank: say why the campaign goes on without the step."),
        ("caf\udcff", "--reason is not a text in UTF-8."),
    ],
)
def test_a_waiver_says_why_in_words_that_can_be_kept(begun: Path, reason: str, sentence: str) -> None:
    octets = (begun / FILE).read_bytes()
    result = run("waive", "--directory", str(begun), "--step", "self_test", "--reason", reason)
    assert refused(result).endswith(sentence) and result.exit_code == 2
    assert (begun / FILE).read_bytes() == octets and list(begun.iterdir()) == [begun / FILE]
    assert run("waive", "--directory", str(begun), "--step", "self_test", "--reason", "caf\u00e9").exit_code == 0


@pytest.mark.parametrize(
    ("before", "after", "line", "sentence"),
    [
        ('"passed"', '"banana"', 3, 'state is "banana"; one of passed, failed, interrupted is allowed.'),
        ('"measured": []', '"measured": [{"name": 1}]', 3, "measured #1, name is 1; a text in UTF-8 is allowed."),
        ('"campaign": "sar"', '"campaign": "sra"', 1, 'campaign is "sra"; one of optical, sar is allowed.'),
        ('"campaign": "sar"', '"campaign": 3', 1, "campaign is 3; a text in UTF-8 is allowed."),
        ('"spacecraft": "BENCH"', '"spacecraft": "\\udcff"', 1, 'spacecraft is "\\udcff"; a text in UTF-8 is allowed.'),
        ('"spacecraft": "BENCH"', '"spacecraft": null', 1, "spacecraft is null; a text in UTF-8 is allowed."),
    ],
)
def test_a_bad_record_is_one_sentence(begun: Path, before: str, after: str, line: int, sentence: str) -> None:
    path = begun / FILE
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    directory = ("--directory", str(begun))
    for words in (["status"], ["status", "--json"], ["waive", "--step", "self_test", "--reason", "x"]):
        result = run(words[0], *directory, *words[1:])
        assert refused(result) == f"{path}, line {line}: {sentence}" and result.exit_code == 1
    assert not (begun / "report.html").exists()


def test_a_campaign_that_is_complete_has_its_report_though_the_last_call_was_ended_before_it(tmp_path: Path) -> None:
    record = Record.open(tmp_path, campaign.load(load(), "sar"), "BENCH")
    for step in record.campaign.steps:
        record.end(record.begin(step.name, "00"), PASSED, "", [])
    result = run("run", "sar", "--directory", str(tmp_path), *NO_PORT, "--spacecraft", "BENCH")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Campaign sar is complete: ") and "report.html is in" in result.stdout
    assert "SAR commissioning" in (tmp_path / "report.html").read_text()


def test_a_terminal_that_does_not_have_a_sign_ends_in_no_traceback(begun: Path) -> None:
    words = [sys.executable, "-m", "emei", "commission", "status", "--directory", str(begun)]
    result = subprocess.run(words, env={**os.environ, "PYTHONIOENCODING": "gbk"}, capture_output=True, check=False)
    assert result.returncode == 0 and result.stderr == b""
    assert b"? passed" in result.stdout


def test_two_at_once_in_one_directory_are_refused(begun: Path) -> None:
    octets = (begun / FILE).read_bytes()
    with alone_in(begun):
        for words in (
            ["run", "sar", "--step", "low_voltage", "--yes", *NO_PORT],
            ["waive", "--step", "self_test", "--reason", "x"],
        ):
            result = run(*words, "--directory", str(begun))
            assert refused(result).startswith(f"Another emei commission works in {begun}: wait")
            assert result.exit_code == 1
        assert run("status", "--directory", str(begun)).exit_code == 0
    assert (begun / FILE).read_bytes() == octets
