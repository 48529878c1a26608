"""The SAR timing designer against the worked case of the payload specification, and its rules one by one."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emei.dictionary import load
from emei.planning.sar_beam import two_way_loss_db
from emei.planning.sar_modes import design_table
from emei.planning.sar_numbers import RadarNumbers
from emei.planning.sar_timing import DesignError, Request, TimingDesigner, _distance_on_circle
from hil.passes.plan import LOOK_ANGLE_DEG

NUMBERS = RadarNumbers.of(load())
DESIGNER = TimingDesigner(NUMBERS)
FREF_HZ = 37534722.24


def test_worked_case_of_the_specification() -> None:
    look = DESIGNER.look_angle_deg(25.0)
    timing = DESIGNER.design(look, Request())
    assert look == pytest.approx(23.00, abs=0.005)
    assert (timing.pri_code, timing.swst_code, timing.swl_code, timing.pulse_code) == (8160, 2249, 4488, 1314)
    assert timing.rank == 17
    assert timing.duty == pytest.approx(0.161, abs=0.0005)
    assert timing.slack_s == pytest.approx(32.9e-6, abs=0.05e-6)
    assert timing.data_rate_bit_s == pytest.approx(792e6, abs=0.5e6)
    assert timing.valid and timing.broken == ()


def test_look_angle_of_25_deg_overruns_the_window_by_36_us() -> None:
    timing = DESIGNER.design(25.0, Request())
    broken = {rule.name: rule.margin for rule in timing.broken}
    assert broken["WINDOW_BEFORE_NEXT_PULSE"] == pytest.approx(-36e-6, abs=0.1e-6)
    assert not timing.valid


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"prf_hz": 4100.0}, "PRF_AZIMUTH"),
        ({"prf_hz": 7100.0}, "PRF_RANGE"),
        ({"pulse_s": 60e-6}, "DUTY"),
        ({"pulse_s": 4e-6, "bandwidth_hz": 50e6}, "PULSE_RANGE"),
        ({"pulse_s": 5e-6}, "RAMP_RATE"),
        ({"sampling_rate_code": 3}, "SAMPLING_RATE"),
        ({"baq": 32}, "PACKET_SIZE"),
        ({"ground_swath_m": 120e3}, "WINDOW_BEFORE_NEXT_PULSE"),
    ],
)
def test_each_rule_can_be_broken(change: dict[str, float], rule: str) -> None:
    timing = DESIGNER.design(23.0, replace(Request(), **change))  # type: ignore[arg-type]
    assert rule in [item.name for item in timing.broken]


def test_nadir_return_in_the_window_is_refused() -> None:
    broken = {rule.name for rule in DESIGNER.design(25.0, Request()).broken}
    assert "NADIR" in broken


@given(start=st.floats(0, 999), length=st.floats(1, 400), echo=st.floats(0, 999), echo_length=st.floats(1, 400))
def test_arcs_are_apart_exactly_when_no_point_is_in_both(
    start: float, length: float, echo: float, echo_length: float
) -> None:
    period = 1000.0
    margin = _distance_on_circle((start, length), (echo, echo_length), period)
    inside = any((echo - start + echo_length * k / 4000) % period < length for k in range(4001))
    if abs(margin) > 0.5:
        assert (margin < 0) == inside


def test_arcs_that_meet_at_both_ends_overlap_by_the_wider_one() -> None:
    assert _distance_on_circle((100.0, 800.0), (850.0, 400.0), 1000.0) == -150.0
    assert _distance_on_circle((850.0, 400.0), (100.0, 800.0), 1000.0) == -150.0
    assert _distance_on_circle((100.0, 800.0), (860.0, 240.0), 1000.0) == -40.0


@settings(deadline=None, max_examples=30)
@given(look=st.floats(15, 33), swath_km=st.sampled_from([10, 15, 20, 30]))
def test_what_is_chosen_is_legal_and_consistent(look: float, swath_km: int) -> None:
    request = Request(ground_swath_m=swath_km * 1e3)
    try:
        timing = DESIGNER.choose(look, request)
    except DesignError:
        assert DESIGNER.legal_intervals(look, request) == []
        return
    assert timing.valid
    assert timing.swst_code == timing.near_delay_code - timing.rank * timing.pri_code
    assert abs(timing.swl_code - (timing.far_delay_code - timing.near_delay_code + timing.pulse_code)) <= 1
    assert timing.swath.incidence_deg > look


def test_legal_intervals_end_where_a_rule_breaks() -> None:
    runs = DESIGNER.legal_intervals(23.0, Request())
    assert runs and all(timing.valid for run in runs for timing in run)
    for run in runs:
        for code in (run[0].pri_code - 1, run[-1].pri_code + 1):
            assert not DESIGNER.design(23.0, Request(prf_hz=FREF_HZ / code)).valid
    assert any(run[0].pri_code <= 8160 <= run[-1].pri_code for run in runs)


def test_the_widest_legal_swath_is_taken() -> None:
    timing = DESIGNER.choose_widest(25.0, Request(), (30e3, 25e3, 20e3, 15e3, 10e3))
    assert timing.request.ground_swath_m < 30e3 and timing.valid
    with pytest.raises(DesignError, match="No PRF is legal"):
        DESIGNER.choose_widest(25.0, Request(), (60e3,))


def test_geometry_that_cannot_be_is_refused() -> None:
    with pytest.raises(DesignError, match="nadir"):
        DESIGNER.swath(1.0, 60e3)
    with pytest.raises(DesignError, match="reach"):
        DESIGNER.swath(80.0, 30e3)


def test_slant_range_agrees_with_the_law_of_sines() -> None:
    """An independent closed form of the swath centre: R = Re sin(incidence - look) / sin(look)."""
    from math import radians, sin

    swath = DESIGNER.swath(30.0, 2.0)
    middle = (swath.near_delay_s + swath.far_delay_s) / 4 * NUMBERS.light_speed_m_s
    expected = 6371e3 * sin(radians(swath.incidence_deg - 30.0)) / sin(radians(30.0))
    assert middle == pytest.approx(expected, abs=0.01)


def test_arguments_fit_the_telecommand() -> None:
    names = {argument.name for argument in load().telecommand("SAR_LOAD_TABLE").arguments}
    arguments = DESIGNER.design(23.0, Request()).arguments(slot=2)
    assert set(arguments) <= names and arguments["slot"] == 2


def test_elevation_beams_are_the_tables_and_span_the_look_angles_of_a_pass() -> None:
    field = next(item for item in load().layouts["ACQUISITION_TABLE"].fields if item.name == "elevation_beam")
    beams = NUMBERS.elevation_beams_deg
    assert (field.raw_minimum, field.raw_maximum) == (0, len(beams) - 1)
    assert (beams[0], beams[-1]) == pytest.approx(LOOK_ANGLE_DEG)
    assert [after - before for before, after in pairwise(beams)] == pytest.approx([1.4] * 15)


@pytest.mark.parametrize(
    ("look", "beam", "off"),
    # The worked case and the default beam; a beam's own angle; either side of the middle between two; both ends.
    [(23.0, 6, 0.4), (26.2, 8, 0.0), (26.89, 8, -0.69), (26.91, 9, 0.69), (14.5, 0, 0.5), (37.0, 15, -1.0)],
)
def test_the_nearest_elevation_beam_is_taken(look: float, beam: int, off: float) -> None:
    timing = DESIGNER.design(look, Request())
    assert timing.elevation_beam == beam
    assert timing.elevation_off_deg == pytest.approx(off)
    assert timing.arguments()["elevation_beam"] == beam


def test_the_edges_of_the_swath_lose_what_the_beam_does_not_light() -> None:
    # The worked case: edges at look angles of 21.62 and 24.35 deg, beam 6 at 23.4 deg; 0.7 m of 3.123 cm.
    timing = DESIGNER.design(23.0, Request())
    for loss_db, off_deg in ((timing.near_loss_db, 1.78), (timing.far_loss_db, 0.95)):
        amplitude = np.sinc(0.7 / 0.031228 * np.sin(np.radians(off_deg))) ** 2
        assert loss_db == pytest.approx(-20 * np.log10(amplitude), abs=0.2)


def test_a_beam_loses_nothing_in_its_centre_and_3_db_each_way_at_its_half_power() -> None:
    half_power_deg = float(np.degrees(np.arcsin(0.443 * 0.031228 / 0.7)))
    assert two_way_loss_db(0.7, 0.031228, 0) == 0
    assert two_way_loss_db(0.7, 0.031228, half_power_deg) == pytest.approx(6.02, abs=0.02)
    assert two_way_loss_db(0.7, 0.031228, -half_power_deg) == pytest.approx(6.02, abs=0.02)
    assert two_way_loss_db(0.7, 0.031228, 90.0) > 40


def test_an_elevation_beam_that_is_asked_for_is_kept() -> None:
    timing = DESIGNER.choose(23.0, Request(elevation_beam=9))
    assert timing.elevation_beam == 9
    assert timing.elevation_off_deg == pytest.approx(4.6)
    assert timing.rules == DESIGNER.choose(23.0, Request()).rules, "no rule knows the beam"


def test_each_sub_swath_has_the_elevation_beam_of_its_own_centre() -> None:
    request = Request(ground_swath_m=80e3, bandwidth_hz=60e6, sampling_rate_code=2)
    table = design_table(DESIGNER, "TOPS", 27.0, request, 3)
    arguments = table.arguments()
    beams = [int(str(arguments[f"elevation_beam{suffix}"])) for suffix in ("", "_2", "_3")]
    for part, beam in zip(table.sub_swaths, beams, strict=True):
        distances = [abs(angle - part.timing.swath.look_angle_deg) for angle in NUMBERS.elevation_beams_deg]
        assert beam == distances.index(min(distances))
    assert beams[0] < beams[1] < beams[2], "sub-swaths lie near to far"
