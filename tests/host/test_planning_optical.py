"""Line period and smear against the figures of the payload specification."""

from math import asin, radians, sin

import pytest

from emei.planning.optical_geometry import (
    integration_us,
    line_period_us,
    quantised_line_period_us,
    slant_range_m,
    smear,
)


def test_nadir_line_rate_of_the_specification() -> None:
    period = line_period_us(7031.0, 0.5)
    assert 1e6 / period == pytest.approx(14063, abs=1.5)
    assert quantised_line_period_us(period) == 71.1


def test_period_grows_with_the_range() -> None:
    incidence = asin((6371 + 520) / 6371 * sin(radians(30.0)))
    law_of_sines = 6371e3 * sin(incidence - radians(30.0)) / sin(radians(30.0))
    ratio = slant_range_m(30.0, 520e3) / 520e3
    assert ratio == pytest.approx(law_of_sines / 520e3)
    assert line_period_us(7031.0, 0.5, ratio) == pytest.approx(71.11 * ratio, abs=0.01)


def test_slant_range_at_nadir_is_the_altitude_and_beyond_the_limb_is_refused() -> None:
    assert slant_range_m(0.0, 520e3) == pytest.approx(520e3)
    with pytest.raises(ValueError, match="misses the Earth"):
        slant_range_m(70.0, 520e3)


def test_smear_limits() -> None:
    fits = smear(32, 71.1, 71.1113, 0.05)
    assert fits.along_px == pytest.approx(32 * 0.0113 / 71.1113) and fits.acceptable
    assert not smear(96, 71.1, 71.1113 * 1.01, 0.0).acceptable
    assert not smear(96, 71.1, 71.1, 0.2).acceptable


def test_integration_never_exceeds_the_line_period() -> None:
    assert integration_us(71.1, 68.0) == 68.0
    assert integration_us(60.3, 68.0) == 60.3
    with pytest.raises(ValueError):
        integration_us(71.1, 0.0)


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError):
        line_period_us(0.0, 0.5)
    with pytest.raises(ValueError):
        line_period_us(7031.0, 0.5, 0.0)
