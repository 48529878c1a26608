"""emei sar check and emei sar design: the worked case, verdicts, drawings, and what they refuse."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from unittest.mock import MagicMock
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner, Result

from emei.cli import main
from emei.dictionary import load
from emei.planning.sar_diagram import draw_bands
from emei.planning.sar_numbers import RadarNumbers
from emei.planning.sar_timing import TimingDesigner

CHECK = {"--incidence": "25", "--swath": "30", "--pulse": "35", "--prf": "4600"}
DESIGN = {"--incidence": "25", "--swath": "30", "--resolution": "3"}


def run(subcommand: str, options: dict[str, str], *more: str) -> Result:
    words = [word for pair in options.items() for word in pair]
    return CliRunner().invoke(main, ["sar", subcommand, *words, *more])


def refused(result: Result, status: int) -> str:
    """The one sentence of a run that ended with the status and printed nothing else."""
    assert result.exit_code == status, result.output
    assert isinstance(result.exception, SystemExit) and result.stdout == ""
    sentence = result.stderr.strip()
    assert sentence.endswith(".") and "\n" not in sentence
    return sentence


def test_check_reproduces_the_worked_case() -> None:
    result = run("check", CHECK, "--json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    codes, derived = answer["codes"], answer["derived"]
    assert answer["legal"] is True and answer["broken"] == []
    assert [codes[name] for name in ("pri", "swst", "swl", "pulse", "rank")] == [8160, 2249, 4488, 1314, 17]
    assert derived["look_angle_deg"] == pytest.approx(23.00, abs=0.005)
    assert derived["duty_percent"] == pytest.approx(16.1, abs=0.05)
    assert derived["slack_us"] == pytest.approx(32.9, abs=0.05)
    assert derived["data_rate_mbit_s"] == pytest.approx(792, abs=0.5)
    assert (derived["swst_us"], derived["swl_us"]) == (
        pytest.approx(59.92, abs=0.005),
        pytest.approx(119.57, abs=0.005),
    )
    assert answer["arguments"]["pri_code"] == 8160


@pytest.mark.parametrize(("polarisation", "channels"), [("HV", 1), ("hh_vv", 1), ("HH_HV", 2), ("VV_VH", 2)])
def test_each_channel_that_receives_adds_to_the_data_rate(polarisation: str, channels: int) -> None:
    answer = json.loads(run("check", CHECK, "--polarisation", polarisation, "--json").stdout)
    derived = answer["derived"]
    assert derived["data_rate_mbit_s"] == pytest.approx(channels * 792, abs=channels * 0.5)
    assert derived["data_rate_with_headers_mbit_s"] == pytest.approx(channels * 794.5, abs=channels * 0.5)
    assert answer["legal"] is True
    members = load().enumeration("POLARISATION").members
    assert answer["arguments"]["polarisation"] == members[polarisation.upper()]
    five_bit = json.loads(run("check", CHECK, "--polarisation", polarisation, "--baq", "5", "--json").stdout)
    assert five_bit["broken"] == (["DATA_RATE"] if channels == 2 else [])


def test_an_unknown_polarisation_is_refused() -> None:
    sentence = refused(run("check", CHECK, "--polarisation", "LH"), 2)
    assert sentence.endswith("There is no polarisation LH, only HH, HV, VH, HH_HV, VV_VH, VV_HV, VV, HH_VV.")


def test_check_prints_codes_quantities_and_margins() -> None:
    result = run("check", CHECK)
    lines = [line.split() for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    for line in (
        ["pri", "8160"],
        ["nadir", "delay", "130210"],
        ["slack", "32.9", "us"],
        ["duty", "16.1", "%"],
        ["legal"],
    ):
        assert line in lines
    assert ["WINDOW_BEFORE_NEXT_PULSE", "32.912", "us"] in lines
    assert ["data", "rate", "792.0", "Mbit/s"] in lines


def test_check_refuses_the_look_angle_of_25_deg() -> None:
    options = {key: value for key, value in CHECK.items() if key != "--incidence"} | {"--look": "25"}
    result = run("check", options)
    assert result.exit_code == 1
    assert "illegal: breaks WINDOW_BEFORE_NEXT_PULSE by 35.985 us, NADIR by" in result.stdout
    answer = json.loads(run("check", options, "--json").stdout)
    margins = {rule["name"]: (rule["margin"], rule["unit"], rule["holds"]) for rule in answer["rules"]}
    assert margins["WINDOW_BEFORE_NEXT_PULSE"] == (pytest.approx(-36, abs=0.05), "us", False)
    assert answer["legal"] is False and answer["arguments"] is None


def test_every_rule_of_one_sub_swath_has_a_margin() -> None:
    rules = [rule["name"] for rule in json.loads(run("check", CHECK, "--json").stdout)["rules"]]
    known = load().enumerations["RULE"].members
    assert set(known) - {"MODE", "SUB_SWATHS"} <= set(rules)
    assert [rule for rule in rules if rule in known] == sorted(set(rules) & set(known), key=lambda name: known[name])


@pytest.mark.parametrize(
    ("option", "value", "broken"),
    [
        ("--prf", "2999", "PRF_RANGE"),
        ("--prf", "7001", "PRF_RANGE"),
        ("--prf", "4182", "PRF_AZIMUTH"),
        ("--pulse", "51", "DUTY"),
        ("--pulse", "4.9", "PULSE_RANGE"),
        ("--pulse", "60.1", "PULSE_RANGE"),
        ("--bandwidth", "151", "BANDWIDTH"),
        ("--bandwidth", "19", "BANDWIDTH"),
        ("--sampling-rate", "150", "SAMPLING_RATE"),
        ("--duration", "0.999", "DURATION"),
        ("--duration", "50.001", "DURATION"),
        ("--incidence", "80", "RANK"),
    ],
)
def test_check_one_step_beyond_each_limit(option: str, value: str, broken: str) -> None:
    result = run("check", CHECK | {option: value}, "--json")
    assert result.exit_code == 1
    assert broken in json.loads(result.stdout)["broken"]


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("--prf", "3000", "PRF_RANGE"),
        ("--prf", "7000", "PRF_RANGE"),
        ("--pulse", "5", "PULSE_RANGE"),
        ("--pulse", "60", "PULSE_RANGE"),
        ("--bandwidth", "20", "BANDWIDTH"),
        ("--bandwidth", "150", "BANDWIDTH"),
        ("--duration", "1", "DURATION"),
        ("--duration", "50", "DURATION"),
    ],
)
def test_check_each_limit_itself(option: str, value: str, rule: str) -> None:
    """What else it breaks of the worked case is another rule's."""
    answer = json.loads(run("check", CHECK | {option: value}, "--json").stdout)
    assert rule in {item["name"] for item in answer["rules"]} - set(answer["broken"])


def test_check_packet_of_bypass_data() -> None:
    answer = json.loads(run("check", CHECK | {"--baq": "0"}, "--json").stdout)
    samples = 21523  # 4488 codes x 180 MHz / Fref, rounded up
    assert answer["derived"]["packet_octets"] == 6 + 62 + -(-samples * 2 * 10 // 8)


NONSENSE = ("nan", "-inf", "-1", "0", "1e999", "ten")


CHECKED = [*CHECK, "--bandwidth", "--sampling-rate", "--duration", "--baq"]
BYPASS = ("--baq", "0")


@pytest.mark.parametrize(
    ("option", "value"), [(option, value) for option in CHECKED for value in NONSENSE if (option, value) != BYPASS]
)
def test_check_says_one_sentence_about_nonsense(option: str, value: str) -> None:
    refused(run("check", CHECK | {option: value}), 2)


@pytest.mark.parametrize("option", [*DESIGN, "--pulse"])
@pytest.mark.parametrize("value", NONSENSE)
def test_design_says_one_sentence_about_nonsense(option: str, value: str) -> None:
    refused(run("design", DESIGN | {option: value}), 2)


@pytest.mark.parametrize("subcommand", [("check", CHECK), ("design", DESIGN)], ids=("check", "design"))
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"--incidence": "90"}, "90 is not between 0 and 90, both excluded."),
        ({"--swath": "0.01"}, "0.01 is not between 0.01 and 2000, both excluded."),
        ({"--incidence": "89.95"}, "reaches the horizon"),
        ({"--incidence": "1", "--swath": "300"}, "reaches over nadir"),
        ({"--look": "25"}, "either --incidence or --look"),
    ],
)
def test_geometry_that_cannot_be(subcommand: tuple[str, dict[str, str]], change: dict[str, str], sentence: str) -> None:
    name, options = subcommand
    assert sentence in refused(run(name, options | change), 2)


def test_look_angle_beyond_the_earth() -> None:
    options = {key: value for key, value in CHECK.items() if key != "--incidence"}
    sentence = refused(run("check", options | {"--look": "70"}), 2)
    assert sentence == "A look angle of 70 deg does not reach the ground: the horizon is at 67.60 deg."
    assert "either --incidence or --look" in refused(run("check", options), 2)


def test_values_that_the_dictionary_does_not_have() -> None:
    assert "only 30, 60, 90, 120, 150, 180" in refused(run("check", CHECK | {"--sampling-rate": "170"}), 2)
    assert "only 0, 3, 4, 5" in refused(run("check", CHECK | {"--baq": "2"}), 2)
    sentence = refused(run("check", CHECK | {"--prf": "500"}), 2)
    assert sentence == "--prf is 500; 572.743 to 3.75347e+07 Hz have time codes of 16 bits."
    for subcommand, options in (("check", CHECK), ("design", DESIGN)):
        sentence = refused(run(subcommand, options | {"--pulse": "1746.1"}), 2)
        assert sentence == "--pulse is 1746.1; 0.026642 to 1745.98 us have time codes of 16 bits."
    assert "'nan' is not a valid integer." in refused(run("check", CHECK | {"--bandwidth": "nan"}), 2)
    assert "'1.5' is not a valid integer." in refused(run("check", CHECK | {"--azimuth-beam": "1.5"}), 2)


def prf_intervals(answer: dict[str, list[dict[str, float]]]) -> Sequence[tuple[float, float]]:
    return [(item["prf_low_hz"], item["prf_high_hz"]) for item in answer["intervals"]]


def test_design_proposes_what_check_accepts() -> None:
    result = run("design", DESIGN, "--json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert answer["ground_resolution_m"] <= 3
    assert any(low <= 4600 <= high for low, high in prf_intervals(answer))
    rooms = []
    for proposed in answer["tables"]:
        prf, arguments = proposed["derived"]["prf_hz"], proposed["arguments"]
        options = CHECK | {"--prf": repr(prf), "--bandwidth": str(arguments["bandwidth_mhz"])}
        checked = json.loads(run("check", options | {"--sampling-rate": "150"}, "--json").stdout)
        assert checked["legal"] and checked["codes"] == proposed["codes"]
        assert any(low <= prf <= high for low, high in prf_intervals(answer))
        windows = [r["margin"] for r in proposed["rules"] if r["name"].startswith(("WINDOW_A", "WINDOW_B", "NADIR"))]
        rooms.append(min(windows))
    assert len(rooms) == len(answer["intervals"]) == 3
    assert rooms == sorted(rooms, reverse=True)


def test_outside_the_intervals_check_refuses() -> None:
    answer = json.loads(run("design", DESIGN, "--json").stdout)
    for interval in answer["intervals"]:
        for code in (interval["pri_codes"][0] - 1, interval["pri_codes"][1] + 1):
            assert run("check", CHECK | {"--prf": repr(37534722.24 / code), "--bandwidth": "119"}).exit_code == 1


def test_design_as_text() -> None:
    text = run("design", DESIGN).stdout
    assert "bandwidth 119 MHz (ground resolution 2.98 m), pulse 35 us" in text
    assert "4575.7" in text and "8092 to 8203" in text


def test_design_shortens_the_pulse_before_it_gives_up() -> None:
    wide = DESIGN | {"--swath": "50"}
    assert json.loads(run("design", wide, "--json").stdout)["pulse_us"] < 35
    refused(run("design", wide | {"--pulse": "35"}), 1)


def test_design_that_cannot_be_says_why() -> None:
    assert "finer than the 2.365 m of the radar's 150 MHz" in refused(run("design", DESIGN | {"--resolution": "1"}), 1)
    for mode in ("STRIPMAP", "TOPS"):
        options = DESIGN | {"--incidence": "40", "--mode": mode, "--swath": "45" if mode == "STRIPMAP" else "135"}
        sentence = refused(run("design", options), 1)
        assert sentence.startswith("No PRF is legal for ")
        assert sentence.endswith("; try a narrower swath or another incidence.")
    sentence = refused(run("design", DESIGN | {"--swath": "90"}), 1)
    assert sentence.endswith(": whatever the PRF, it breaks NADIR; try a narrower swath or another incidence.")


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({"--pulse": "5"}, "RAMP_RATE"),
        ({"--pulse": "61", "--swath": "10"}, "PULSE_RANGE"),
        ({"--pulse": "4.9"}, "RAMP_RATE, PULSE_RANGE"),
    ],
)
@pytest.mark.parametrize("mode", ["STRIPMAP", "TOPS"])
def test_design_names_the_rules_that_hold_at_no_prf(change: dict[str, str], rules: str, mode: str) -> None:
    sentence = refused_design(run("design", DESIGN | {"--mode": mode} | change, "--json"))
    assert sentence.endswith(f": whatever the PRF, it breaks {rules}.")


def refused_design(result: Result) -> str:
    """With --json a design without a proposal prints its intervals, which are none, beside the sentence."""
    assert result.exit_code == 1, result.output
    sentence = result.stderr.strip()
    assert sentence.startswith("No PRF is legal for ") and "\n" not in sentence
    return sentence


@pytest.mark.parametrize("mode", ["STRIPMAP", "TOPS"])
def test_design_blames_no_prf_for_what_no_table_holds(mode: str) -> None:
    options = DESIGN | {"--mode": mode}
    for duration_s in ("0.9994", "50.001", "1e-300"):
        assert "1 to 50 s" in refused(run("design", options | {"--duration": duration_s}), 1)
    for duration_s in ("1", "50"):
        assert run("design", options | {"--duration": duration_s}).exit_code == 0
    assert "a table reaches 799 km" in refused(run("design", options | {"--incidence": "60"}), 1)


def test_a_coarse_resolution_takes_the_least_bandwidth() -> None:
    assert json.loads(run("design", DESIGN | {"--resolution": "500"}, "--json").stdout)["bandwidth_mhz"] == 20


def test_diagram(tmp_path: Path) -> None:
    drawing, picture = tmp_path / "timing.svg", tmp_path / "timing.png"
    assert run("design", DESIGN, "--diagram", str(drawing)).exit_code == 0
    assert ElementTree.parse(drawing).getroot().tag.endswith("svg")
    first = drawing.read_bytes()
    assert run("design", DESIGN, "--diagram", str(drawing)).exit_code == 0
    assert drawing.read_bytes() == first
    assert run("design", DESIGN, "--diagram", str(picture)).exit_code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_diagram_is_drawn_also_when_nothing_is_legal(tmp_path: Path) -> None:
    picture = tmp_path / "none.svg"
    refused(run("design", DESIGN | {"--swath": "80"}, "--diagram", str(picture)), 1)
    assert picture.is_file()


def test_near_nadir_the_diagram_closes_every_prf() -> None:
    """The pulse's own nadir return is there whatever the PRF is."""
    designer = TimingDesigner(RadarNumbers.of(load()))
    axes = MagicMock()
    angles = np.linspace(4.0, 16.0, 241)
    plan = MagicMock(request=MagicMock(pulse_s=35e-6))
    draw_bands(axes, designer, plan, angles)
    closed = [call.kwargs["where"] for call in axes.fill_between.call_args_list if "where" in call.kwargs]
    reach_deg = [float(angles[where].max()) for where in closed if where.any()]
    assert reach_deg == [pytest.approx(8.4, abs=0.1)]


def test_diagram_of_another_kind_is_refused(tmp_path: Path) -> None:
    assert "neither .svg nor .png" in refused(run("design", DESIGN, "--diagram", str(tmp_path / "timing.pdf")), 2)
    refused(run("design", DESIGN, "--diagram", str(tmp_path / "missing" / "timing.svg")), 1)


TOPS = {"--incidence": "30", "--swath": "60", "--mode": "TOPS"}


def test_design_of_tops_is_what_check_accepts() -> None:
    result = run("design", TOPS | {"--resolution": "5"}, "--json")
    assert result.exit_code == 0
    (designed,) = json.loads(result.stdout)["tables"]
    assert designed["legal"] and len(designed["sub_swaths"]) == 3
    arguments = designed["arguments"]
    assert arguments["mode"] == "TOPS" and arguments["sub_swaths"] == 3
    assert set(arguments) <= {argument.name for argument in load().telecommand("SAR_LOAD_TABLE").arguments}
    prfs = [word for part in designed["sub_swaths"] for word in ("--prf", repr(part["derived"]["prf_hz"]))]
    options = TOPS | {"--pulse": "35", "--bandwidth": str(arguments["bandwidth_mhz"]), "--sampling-rate": "90"}
    checked = run("check", options, *prfs, "--json")
    assert checked.exit_code == 0
    found = json.loads(checked.stdout)
    assert [part["codes"] for part in found["sub_swaths"]] == [part["codes"] for part in designed["sub_swaths"]]
    near = [part["codes"]["near_delay"] for part in found["sub_swaths"]]
    far = [part["codes"]["far_delay"] for part in found["sub_swaths"]]
    assert near == sorted(near) and all(f > n for f, n in zip(far, near[1:], strict=False)), "sub-swaths overlap"


def test_check_of_tops_names_the_sub_swath() -> None:
    result = run("check", TOPS | {"--pulse": "35", "--prf": "5783.5", "--bandwidth": "60"})
    assert result.exit_code == 1
    assert "in sub-swath 2" in result.stdout and "illegal: breaks" in result.stdout


def test_check_of_a_sweep() -> None:
    options = CHECK | {"--mode": "SPOTLIGHT"}
    answer = json.loads(run("check", options, "--json").stdout)
    assert answer["legal"] and answer["sweep"]["azimuth_beam_step"] and not answer["sweep"]["burst_pulses"]
    margins = {rule["name"]: rule["margin"] for rule in answer["rules"]}
    first = answer["sweep"]["azimuth_beam"]
    # Downward from `first`: the last pulse is number 45998, at the 4599.84 Hz of PRI code 8160.
    assert margins["SWEEP"] == min(first - 45998 // answer["sweep"]["pulses_per_beam"], 1023)
    for wrong in (("--beam-step", "0"), ("--pulses-per-beam", "0"), ("--burst", "10"), ("--pulses-per-beam", "10")):
        result = run("check", options, *wrong, "--json")
        assert result.exit_code == 1 and json.loads(result.stdout)["broken"] == ["SWEEP"]
    result = run("check", CHECK, "--beam-step", "1", "--json")
    assert result.exit_code == 1 and json.loads(result.stdout)["broken"] == ["SWEEP"]


def test_design_of_spotlight_is_legal() -> None:
    answer = json.loads(run("design", DESIGN | {"--mode": "SPOTLIGHT", "--duration": "20"}, "--json").stdout)
    assert answer["tables"] and all(item["legal"] for item in answer["tables"])
    assert answer["tables"][0]["arguments"]["duration_ms"] == 20_000
    assert "first beam" in run("design", DESIGN | {"--mode": "SPOTLIGHT"}).stdout


def test_check_names_the_elevation_beam_and_how_far_it_is_off() -> None:
    text = run("check", CHECK).stdout
    lines = [line.split() for line in text.splitlines()]
    assert ["elevation", "beam", "6"] in lines and ["elevation", "beam", "off", "centre", "0.40", "deg"] in lines
    result = run("check", CHECK | {"--elevation-beam": "4"}, "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 0 and answer["arguments"]["elevation_beam"] == 4
    assert answer["derived"]["elevation_beam"] == 4
    assert answer["derived"]["elevation_beam_off_centre_deg"] == pytest.approx(-2.4, abs=0.01)


def test_check_of_tops_takes_an_elevation_beam_of_each_sub_swath() -> None:
    options = TOPS | {"--pulse": "35", "--prf": "5783.5", "--bandwidth": "60"}
    words = [word for beam in ("3", "15", "0") for word in ("--elevation-beam", beam)]
    for more, beams in ((words, [3, 15, 0]), (words[:2], [3, 3, 3])):
        answer = json.loads(run("check", options, *more, "--json").stdout)
        assert [part["derived"]["elevation_beam"] for part in answer["sub_swaths"]] == beams
    assert "once for each of the 3" in refused(run("check", options, *words[:4]), 2)
    refused(run("check", options, "--elevation-beam", "16"), 2)


def test_a_data_rate_that_the_board_may_judge_otherwise_is_said() -> None:
    """It counts whole octets: within two of a pulse the verdict is not certain."""

    def margin_mbit_s(swath_km: float) -> float:
        answer = json.loads(run("check", of_swath(swath_km), "--json").stdout)
        return next(float(rule["margin"]) / 1e6 for rule in answer["rules"] if rule["name"] == "DATA_RATE")

    def of_swath(swath_km: float) -> dict[str, str]:
        return {"--look": "23", "--pulse": "10", "--prf": "6971", "--baq": "0", "--swath": str(swath_km)}

    low_km, high_km = 1.0, 40.0
    assert margin_mbit_s(low_km) > 0 > margin_mbit_s(high_km)
    for _ in range(40):
        middle_km = (low_km + high_km) / 2
        low_km, high_km = (middle_km, high_km) if margin_mbit_s(middle_km) > 0 else (low_km, middle_km)
    assert 0 <= margin_mbit_s(low_km) < 0.2
    note = "of the data rate within two octets a pulse"
    assert note in " ".join(run("check", of_swath(low_km)).stdout.split())
    assert note not in " ".join(run("check", of_swath(low_km - 1)).stdout.split())


def test_design_tells_the_elevation_beam() -> None:
    words = " ".join(run("design", DESIGN).stdout.split())
    assert "elevation beam 6, 0.40 deg off the centre, 17.3 and 4.2 dB lost at the edges" in words
    for proposed in json.loads(run("design", DESIGN, "--json").stdout)["tables"]:
        assert proposed["arguments"]["elevation_beam"] == proposed["derived"]["elevation_beam"] == 6


def test_design_of_tops_tells_the_elevation_beam_of_each_sub_swath() -> None:
    options = TOPS | {"--resolution": "5"}
    (designed,) = json.loads(run("design", options, "--json").stdout)["tables"]
    beams = [part["derived"]["elevation_beam"] for part in designed["sub_swaths"]]
    assert beams == [designed["arguments"][f"elevation_beam{suffix}"] for suffix in ("", "_2", "_3")]
    assert all(abs(part["derived"]["elevation_beam_off_centre_deg"]) <= 0.7 for part in designed["sub_swaths"])
    rows = [line.split() for line in run("design", options).stdout.splitlines()]
    assert [row[7] for row in rows if row and row[0] in ("1", "2", "3")] == [str(beam) for beam in beams]


@pytest.mark.parametrize(
    "option", ["--sub-swaths", "--elevation-beam", "--azimuth-beam", "--beam-step", "--pulses-per-beam", "--burst"]
)
@pytest.mark.parametrize("value", ["nan", "inf", "1e999", "99999999999999999999", "-1000000"])
def test_nonsense_about_a_sweep(option: str, value: str) -> None:
    refused(run("check", TOPS | {"--pulse": "35", "--prf": "4600", option: value}), 2)


def test_sub_swaths_that_cannot_be() -> None:
    assert "--sub-swaths is for TOPS" in refused(run("check", CHECK | {"--sub-swaths": "2"}), 2)
    assert "TOPS has at least 2 sub-swaths, not 1." in refused(
        run("check", TOPS | {"--pulse": "35", "--prf": "4600", "--sub-swaths": "1"}), 2
    )
    assert "TOPS has at least 2 sub-swaths, not 1." in refused(
        run("design", DESIGN | {"--mode": "TOPS", "--sub-swaths": "1"}), 2
    )
    words = ("--prf", "4600", "--prf", "4700")
    assert "once for each of the 3" in refused(run("check", TOPS | {"--pulse": "35"}, *words), 2)
    assert "No PRF is legal for sub-swath" in refused(run("design", TOPS | {"--swath": "200", "--resolution": "5"}), 1)


@pytest.mark.parametrize(
    ("option", "field"),
    [
        ("--elevation-beam", "elevation_beam"),
        ("--azimuth-beam", "azimuth_beam"),
        ("--beam-step", "azimuth_beam_step"),
        ("--pulses-per-beam", "pulses_per_beam"),
        ("--burst", "burst_pulses"),
        ("--sub-swaths", "sub_swaths"),
    ],
)
def test_one_beyond_the_range_of_a_field_is_refused(option: str, field: str) -> None:
    item = next(each for each in load().layouts["ACQUISITION_TABLE"].fields if each.name == field)
    for beyond in (item.raw_minimum - 1, item.raw_maximum + 1):
        sentence = refused(run("check", CHECK, f"{option}={beyond}"), 2)
        assert f"{beyond} is not in the range {item.raw_minimum}<=x<={item.raw_maximum}" in sentence


@pytest.mark.parametrize(("sub_swaths", "least_km"), [("2", 3), ("3", 4)])
def test_a_swath_too_narrow_for_its_sub_swaths_is_refused(sub_swaths: str, least_km: int) -> None:
    """At the least width, sub-swaths of 2 km overlap by 1 km, near to far; below they would lie in each other."""
    options = ("--mode", "TOPS", "--sub-swaths", sub_swaths)
    for width in ("0.5", "1", f"{least_km - 0.001:g}"):
        too_narrow = f"A swath of {width} km is too narrow for {sub_swaths} sub-swaths that overlap by 1 km"
        for subcommand, given in (("check", CHECK), ("design", DESIGN)):
            sentence = refused(run(subcommand, given | {"--swath": width}, *options), 2)
            assert sentence == f"{too_narrow}: at least {least_km} km is allowed."
    answer = json.loads(run("check", CHECK | {"--swath": str(least_km)}, *options, "--json").stdout)
    ranges = [item["derived"] for item in answer["sub_swaths"]]
    for near, far in pairwise(ranges):
        assert near["near_slant_range_km"] < far["near_slant_range_km"] < near["far_slant_range_km"]
        assert near["far_slant_range_km"] < far["far_slant_range_km"]
