"""Line period and smear on board against the ground's own implementation, which halves a line in the ellipsoid."""

from __future__ import annotations

from math import cos, radians, tan

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from emei.dictionary import load
from emei.planning.earth import position_of
from emei.planning.optical_geometry import SMEAR_LIMIT_PX, Look, smear
from tests.hal.hal_board import ffi, lib

OPTICAL = load().mission["optical"]
SAMPLE_M = float(str(OPTICAL["ground_sample_distance_m"]))
REFERENCE_M = float(str(OPTICAL["reference_altitude_m"]))
LIMIT_MPX = int(str(OPTICAL["smear_limit_millipixels"]))
STAGES = (8, 16, 32, 48, 64, 96)
ROUNDING_NS = 1
NADIR = (0, 520_000, 703_100, 19_000, 0, 0)

pointings = st.tuples(
    st.integers(-8_500_000, 8_500_000),  # latitude, 1e-5 deg
    st.integers(300_000, 1_000_000),  # altitude, m
    st.integers(600_000, 800_000),  # ground speed, 0.01 m/s
    st.integers(0, 36_000),  # track, 0.01 deg
    st.integers(-4500, 4500),  # roll
    st.integers(-3000, 3000),  # pitch
)


def on_board_ns(*raw: int) -> int:
    return int(lib.hal_line_period_ns(ffi.new("hal_pointing_t *", raw)))


def look(latitude: int, altitude_m: int, speed: int, track: int, roll: int, pitch: int) -> Look:
    return Look(latitude * 1e-5, altitude_m, speed * 0.01, track * 0.01, roll * 0.01, pitch * 0.01)


@given(pointings)
def test_line_period_is_the_grounds(raw: tuple[int, ...]) -> None:
    try:
        expected_us = look(*raw).line_period_us(SAMPLE_M, REFERENCE_M)
    except ValueError:
        assert on_board_ns(*raw) == 0
        return
    assert abs(on_board_ns(*raw) - expected_us * 1000) <= ROUNDING_NS


def test_line_period_of_the_specification() -> None:
    """14 063 Hz at nadir for 7031 m/s and 0.5 m; at 45 deg of roll the range is 1.497 times the altitude or more."""
    nadir_ns = on_board_ns(*NADIR)
    assert 1e9 / nadir_ns == pytest.approx(14063, abs=1.5)
    rolled = on_board_ns(*NADIR[:4], 4500, 0)
    assert rolled / nadir_ns > 1 / cos(radians(45))
    assert rolled == pytest.approx(on_board_ns(*NADIR[:4], -4500, 0), rel=1e-3)


@pytest.mark.parametrize("raw", [(0, 1_000_000, 703_100, 0, 6600, 0), (0, 520_000, 0, 0, 0, 0)])
def test_no_line_period(raw: tuple[int, ...]) -> None:
    """The Earth is missed (the limb is at 59.8 deg from 1000 km), or nothing moves."""
    assert on_board_ns(*raw) == 0


@given(st.sampled_from(STAGES), st.integers(50_000, 500_000), st.integers(50_000, 500_000))
def test_smear_along_is_the_grounds(stages: int, set_ns: int, true_ns: int) -> None:
    expected = smear(stages, set_ns / 1000, true_ns / 1000, 0.0).along_px
    assume(abs(expected / SMEAR_LIMIT_PX - 1) > 1e-8)
    mpx = int(lib.hal_smear_along_mpx(stages, set_ns, true_ns))
    assert mpx - 1 - 1e-3 <= expected * 1000 <= mpx + 1e-3
    assert (mpx > LIMIT_MPX) == (expected > SMEAR_LIMIT_PX)


@given(st.sampled_from(STAGES), st.integers(-30_000, 30_000))
def test_smear_across_is_the_grounds(stages: int, yaw_mdeg: int) -> None:
    expected = smear(stages, 71.1, 71.1, yaw_mdeg / 1000).across_px
    mpx = int(lib.hal_smear_across_mpx(stages, yaw_mdeg))
    assert mpx - 1 - 1e-3 <= expected * 1000 <= mpx + 1e-3
    assert (mpx > LIMIT_MPX) == (expected > SMEAR_LIMIT_PX)


def test_smear_at_the_limit_is_within_it() -> None:
    """96 stages and 0.3125 %: 0.3 px to the last digit; the next nanosecond is beyond."""
    assert lib.hal_smear_along_mpx(96, 80_250, 80_000) == LIMIT_MPX
    assert lib.hal_smear_along_mpx(96, 80_251, 80_000) > LIMIT_MPX
    assert lib.hal_smear_along_mpx(96, 79_750, 80_000) == LIMIT_MPX
    assert lib.hal_smear_along_mpx(96, 80_000, 0) == 2**32 - 1
    assert 96 * tan(radians(0.179)) < SMEAR_LIMIT_PX < 96 * tan(radians(0.180))


def jump_m(first: tuple[int, int, int], second: tuple[int, int, int], elapsed_ms: int) -> int:
    return int(lib.hal_position_jump_m(ffi.new("int32_t[3]", first), ffi.new("int32_t[3]", second), elapsed_ms))


@given(st.integers(-8_900_000, 8_900_000), st.integers(-18_000_000, 18_000_000), st.floats(-1, 1), st.integers(0, 5000))
def test_what_a_satellite_flies_is_no_jump(latitude: int, longitude: int, share: float, elapsed_ms: int) -> None:
    """7.2 km a second to the north or south, over the date line as well."""
    moved = round(share * 7200 * elapsed_ms / 1000 / 1.113)
    wrapped = longitude - 36_000_000 if longitude > 0 else longitude + 36_000_000
    for to_longitude in (longitude, wrapped):
        there = (latitude + (moved if abs(latitude + moved) < 9_000_000 else 0), to_longitude, 520_000)
        assert jump_m((latitude, longitude, 520_000), there, elapsed_ms) == 0


@given(st.integers(-8_000_000, 8_000_000), st.integers(30_000, 4_000_000), st.integers(0, 1000))
def test_what_no_satellite_flies_is_a_jump(latitude: int, moved: int, elapsed_ms: int) -> None:
    """0.3 deg of latitude and more: 33 km in at most a second; how far beyond, by the chord on the ellipsoid."""
    there = latitude + moved if latitude < 0 else latitude - moved
    beyond_m = jump_m((latitude, 0, 520_000), (there, 0, 520_000), elapsed_ms)
    straight_m = abs(position_of(0, there * 1e-5) - position_of(0, latitude * 1e-5)).max()
    assert beyond_m > 0 and beyond_m > straight_m / 2 - 8000 * 3


def test_altitude_that_jumps() -> None:
    assert jump_m((0, 0, 520_000), (0, 0, 520_300), 1000) == 0
    assert jump_m((0, 0, 520_000), (0, 0, 520_301), 1000) == 1
