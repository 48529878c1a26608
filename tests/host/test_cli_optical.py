"""emei optical check and emei optical design: the specification's figures, verdicts, and what they refuse."""

import json
from collections.abc import Sequence
from fractions import Fraction
from math import ceil, degrees, tan

import pytest
from click.testing import CliRunner, Result

from emei.cli import main
from emei.dictionary import load
from emei.packets.arguments import raw_arguments
from emei.planning.optical_design import FAILURES

# Blue alone for a second: 9.43 MiB.
TEN_MIB = ("--bands", "2", "--duration", "1000")
STEREO = ("--mode", "STEREO", "--pitch", "20", "--strips", "2", "--interval", "14000")
AREA = ("--mode", "AREA", "--strips", "4", "--roll", "-45", "--roll-step", "30", "--interval", "14000")
EIGHT = ("--mode", "AREA", "--strips", "8", "--roll-step", "1", "--interval", "80000")
LONG = ("--mode", "AREA", "--strips", "2", "--roll-step", "0.01", "--duration", "300000")


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["optical", *words])


def refused(result: Result, status: int) -> str:
    """The one sentence of a run that ended with the status and printed nothing else."""
    assert result.exit_code == status, result.output
    assert isinstance(result.exception, SystemExit) and result.stdout == ""
    sentence = result.stderr.strip()
    assert sentence.endswith(".") and "\n" not in sentence
    return sentence


def test_the_line_rate_of_a_video_is_the_commanded_one() -> None:
    """It stares: the ground's speed has no part in it."""
    derived = json.loads(run("check", "--mode", "VIDEO", "--line-period", "142.2", "--json").stdout)["derived"]
    assert derived["line_rate_hz"] == pytest.approx(1e6 / 142.2)


def test_check_reproduces_the_specification() -> None:
    """14 063 Hz at nadir; PAN at 12 bit 5.06 Gbit/s raw, 1.27 at 4:1."""
    result = run("check", "--bands", "1", "--json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    derived = answer["derived"]
    assert answer["legal"] is True and answer["broken"] == []
    assert derived["line_rate_hz"] == pytest.approx(14063, abs=2)
    assert derived["line_period_us"] == 71.1
    assert derived["raw_rate_gbit_s"] == pytest.approx(5.06, abs=0.005)
    assert derived["rate_gbit_s"] == pytest.approx(1.27, abs=0.005)
    assert derived["size_mib"] == pytest.approx(1.266e9 * 10 / 8 / 2**20, rel=2e-3)
    assert answer["margins"]["INTEGRATION"] == {
        "margin": pytest.approx(3.1),
        "unit": "us",
        "holds": True,
        "failure": "CONSTRAINT",
        "failure_code": load().failures["CONSTRAINT"].code,
    }


@pytest.mark.parametrize(
    ("options", "bands", "raw_gbit_s"),
    [([], "PAN B G R NIR", "6.329"), (["--bands", "1"], "PAN", "5.063"), (["--bands", "18"], "B NIR", "0.633")],
)
def test_check_names_the_bands_that_its_rates_are_of(options: list[str], bands: str, raw_gbit_s: str) -> None:
    lines = [" ".join(line.split()) for line in run("check", *options).stdout.splitlines()]
    assert f"raw rate of {bands} {raw_gbit_s} Gbit/s" in lines
    assert any(line.startswith(f"compressed rate of {bands} ") for line in lines)


@pytest.mark.parametrize(
    ("options", "broken"),
    [
        (["--integration", "71.1"], []),
        (["--integration", "71.2"], ["INTEGRATION"]),
        (["--stages", "96", "--yaw-error", "0.179"], []),
        (["--stages", "96", "--yaw-error", "0.180"], ["SMEAR_ACROSS"]),
        (["--line-period", "71.7"], []),
        (["--line-period", "71.8"], ["SMEAR_ALONG"]),
        (["--sun-angle", "30"], []),
        (["--sun-angle", "29.99"], ["SUN_ANGLE"]),
        (["--mode", "VIDEO", "--line-period", "400", "--yaw-error", "5"], []),
        (["--free", "2076"], []),
        (["--free", "2075"], ["MEMORY"]),
        (["--free", "11", *TEN_MIB], []),
        (["--free", "10.99", *TEN_MIB], ["MEMORY"]),
    ],
)
def test_check_at_each_limit_and_one_step_beyond(options: list[str], broken: list[str]) -> None:
    result = run("check", *options, "--json")
    assert json.loads(result.stdout)["broken"] == broken
    assert result.exit_code == (1 if broken else 0)


@pytest.mark.parametrize(
    ("options", "broken"),
    [
        (["--mode", "VIDEO", "--strips", "3", "--interval", "14000"], ["STRIPS"]),
        (["--mode", "VIDEO", "--strips", "3"], ["STRIPS", "INTERVAL"]),
        (["--mode", "STRIP", "--strips", "8", "--interval", "14000"], ["STRIPS"]),
        (["--mode", "STRIP", "--interval", "1"], ["INTERVAL"]),
        (["--mode", "STRIP", "--roll-step", "0.01"], ["ROLL_STEP"]),
        (["--mode", "STEREO", "--strips", "1"], ["STRIPS", "PITCH"]),
        (STEREO, []),
        ([*STEREO, "--strips", "1", "--interval", "0"], ["STRIPS"]),
        ([*STEREO, "--strips", "3"], ["STRIPS"]),
        ([*STEREO, "--pitch", "0"], ["PITCH"]),
        ([*STEREO, "--pitch", "-0.01"], []),
        ([*STEREO, "--roll-step", "-0.01"], ["ROLL_STEP"]),
        ([*STEREO, "--interval", "13999"], ["INTERVAL"]),
        ([*STEREO, "--duration", "10001"], ["INTERVAL"]),
        (AREA, []),
        ([*AREA, "--strips", "1", "--interval", "0"], ["STRIPS"]),
        ([*AREA, "--roll-step", "0"], ["ROLL_STEP"]),
        ([*AREA, "--roll-step", "-0.01"], ["ROLL"]),
        ([*AREA, "--roll-step", "30.01"], ["ROLL"]),
        ([*AREA, "--strips", "5"], ["ROLL"]),
        ([*AREA, "--strips", "3", "--interval", "445000"], []),
        ([*AREA, "--strips", "3", "--interval", "445001"], ["SPAN"]),
        ([*LONG, "--interval", "600000"], []),
        ([*LONG, "--interval", "304000", "--strips", "3"], ["SPAN", "IMAGING_BUDGET"]),
        (["--mode", "AREA", "--strips", "8", "--duration", "300000"], ["ROLL_STEP", "INTERVAL", "IMAGING_BUDGET"]),
        ([*EIGHT, "--duration", "75000"], []),
        ([*EIGHT, "--duration", "75001"], ["IMAGING_BUDGET"]),
    ],
)
def test_what_strips_angles_and_times_must_be_to_each_other(options: Sequence[str], broken: list[str]) -> None:
    result = run("check", *options, "--json")
    answer = json.loads(result.stdout)
    assert answer["broken"] == broken and result.exit_code == (1 if broken else 0)
    for name in broken:
        rule = answer["margins"][name]
        failure = "IMAGING_BUDGET" if name == "IMAGING_BUDGET" else "IMAGE_CONTRADICTION"
        assert (rule["holds"], rule["failure"]) == (False, failure) and rule["margin"] < 0
        assert rule["failure_code"] == load().failures[failure].code


@pytest.mark.parametrize("options", [STEREO, AREA, EIGHT])
def test_what_was_checked_is_what_can_be_commanded(options: Sequence[str]) -> None:
    arguments = json.loads(run("check", *options, "--json").stdout)["arguments"]
    telecommand = load().telecommand("OPTICAL_START_IMAGE")
    raw = raw_arguments(telecommand, {"task_id": 1, "start": 0, **arguments})
    given = dict(zip(options[::2], options[1::2], strict=True))
    for option, argument in (("--strips", "strips"), ("--interval", "interval_ms"), ("--roll-step", "roll_step_deg")):
        scale = next(float(item.scale) for item in telecommand.arguments if item.name == argument)
        assert raw[argument] == round(float(given.get(option, 0)) / scale)


def test_every_rule_names_a_failure_of_the_dictionary() -> None:
    assert set(FAILURES.values()) <= set(load().failures)


def test_every_strip_has_its_own_geometry() -> None:
    """Across the track the line period grows, so that nadir in the middle decides what integration fits."""
    edges = json.loads(run("check", "--roll", "-45", "--json").stdout)["derived"]
    middle = json.loads(run("check", "--roll", "-15", "--json").stdout)["derived"]
    area = json.loads(run("check", *AREA, "--json").stdout)
    assert area["derived"]["size_mib"] == pytest.approx(2 * (edges["size_mib"] + middle["size_mib"]), rel=2e-3)
    over = run("check", *AREA, "--integration", f"{middle['line_period_us'] + 1:.1f}", "--json")
    assert json.loads(over.stdout)["broken"] == ["INTEGRATION"] and over.exit_code == 1


def test_memory_is_true_to_the_last_line_and_asked_for_in_whole_mib() -> None:
    """As many lines as fit, of 30 000 pixels of 12 bit, and what the board asks for besides."""
    for duration_ms, period_us, bands, factor in ((1000, 50.1, 1, 16), (300000, 499.9, 2, 1), (12345, 71.1, 31, 20)):
        options = ("--mode", "VIDEO", "--duration", str(duration_ms), "--line-period", str(period_us))
        answer = json.loads(run("check", *options, "--integration", "5", "--bands", str(bands), "--json").stdout)
        octets = Fraction(duration_ms * 1000 * 10, round(period_us * 10)) * 30000 * 12 * factor / 16 / 8 / 4
        assert answer["derived"]["size_mib"] == pytest.approx(float(octets / 2**20), rel=1e-12)
        assert answer["derived"]["reserved_mib"] == ceil(octets / 2**20)
    commanded = json.loads(run("check", *AREA, "--json").stdout)["derived"]
    assert commanded["reserved_mib"] == ceil(commanded["size_mib"])


def test_check_prints_margins_and_the_verdict() -> None:
    result = run("check", "--yaw-error", "1")
    assert result.exit_code == 1
    assert "illegal" in result.stdout
    line = next(line for line in result.stdout.splitlines() if line.startswith("SMEAR_ACROSS"))
    shown = ["SMEAR_ACROSS", f"{0.3 - 32 * tan(1 / degrees(1)):+.3f}", "px", "broken:", "SMEAR"]
    assert line.split() == [*shown, f"({load().failures['SMEAR'].code})"]


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("--roll", "45.01", "-45 to 45 deg"),
        ("--pitch", "-30.01", "-30 to 30 deg"),
        ("--roll", "nan", "-45 to 45 deg"),
        ("--pitch", "inf", "-30 to 30 deg"),
        ("--altitude", "299999", "300000 to 1000000 m"),
        ("--ground-speed", "0", "6000 to 8000 m/s"),
        ("--latitude", "90.1", "-90 to 90 deg"),
        ("--sun-angle", "1e400", "0 to 180 deg"),
        ("--integration", "4.9", "5 to 500 us"),
        ("--line-period", "500.1", "50 to 500 us"),
        ("--duration", "300001", "1000 to 300000 ms"),
        ("--strips", "9", "1 to 8"),
        ("--interval", "600001", "0 to 600000 ms"),
        ("--interval", "-1", "0 to 600000 ms"),
        ("--roll-step", "45.01", "-45 to 45 deg"),
        ("--roll-step", "left", "-45 to 45 deg"),
        ("--stages", "33", "one of TDI_8"),
        ("--free", "nan", "0 to 4294967295 MiB"),
        ("--free", "lots", "0 to 4294967295 MiB"),
    ],
)
def test_what_is_out_of_range_is_refused_in_one_sentence(option: str, value: str, allowed: str) -> None:
    sentence = refused(run("check", option, value), 2)
    assert sentence.startswith(f"{option} is {value};") and allowed in sentence


def test_design_proposes_the_most_stages_that_are_legal() -> None:
    answer = json.loads(run("design", "--yaw-error", "0.3", "--roll", "20", "--json").stdout)
    stages = [item["arguments"]["tdi_stages"] for item in answer["proposals"]]
    assert stages == [48, 32, 16, 8]
    assert all(item["legal"] for item in answer["proposals"])


@pytest.mark.parametrize("roll", ["-45", "0", "17.5", "45"])
@pytest.mark.parametrize("pitch", ["-30", "12.25", "30"])
def test_a_proposal_can_be_commanded(roll: str, pitch: str) -> None:
    answer = json.loads(run("design", "--roll", roll, "--pitch", pitch, "--json").stdout)
    arguments = answer["proposals"][0]["arguments"]
    raw_arguments(load().telecommand("OPTICAL_START_IMAGE"), {"task_id": 1, "start": 0, **arguments})
    words = [f"--{name}" for name in ("roll", "pitch")]
    period = str(arguments["line_period_us"])
    again = run("check", words[0], roll, words[1], pitch, "--line-period", period, "--stages", "96")
    assert again.exit_code == 0


def test_design_without_a_legal_image_says_why() -> None:
    sentence = refused(run("design", "--sun-angle", "20"), 1)
    assert "SUN_ANGLE" in sentence
