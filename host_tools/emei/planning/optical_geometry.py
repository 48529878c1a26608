"""Optical geometry: line period off nadir, and the smear that time-delay integration tolerates.

The along-track ground sample grows with the slant range, so the line rate falls by the same factor.
"""

from dataclasses import dataclass
from math import cos, radians, sin, sqrt, tan

SMEAR_LIMIT_PX = 0.3
"""Along and across the track, over all stages (payload specification, optical)."""
LINE_PERIOD_RESOLUTION_US = 0.1


@dataclass(frozen=True)
class Smear:
    """Image motion over the integration stages, in pixels."""

    along_px: float
    across_px: float

    @property
    def acceptable(self) -> bool:
        return max(self.along_px, self.across_px) <= SMEAR_LIMIT_PX


def slant_range_m(look_angle_deg: float, altitude_m: float, earth_radius_m: float = 6371e3) -> float:
    """Range to the ground along a look angle (spherical Earth). ValueError when the line misses the Earth."""
    distance = earth_radius_m + altitude_m
    look = radians(look_angle_deg)
    reach = earth_radius_m**2 - (distance * sin(look)) ** 2
    if reach < 0:
        raise ValueError(f"A look angle of {look_angle_deg:g} deg misses the Earth.")
    return distance * cos(look) - sqrt(reach)


def line_period_us(ground_speed_m_s: float, nadir_sample_m: float, range_ratio: float = 1.0) -> float:
    """Time in which the footprint moves by one ground sample; `range_ratio`: slant range over altitude."""
    if ground_speed_m_s <= 0 or nadir_sample_m <= 0 or range_ratio < 1:
        raise ValueError("Ground speed and sample must be positive and the range ratio at least 1.")
    return nadir_sample_m * range_ratio / ground_speed_m_s * 1e6


def quantised_line_period_us(period_us: float) -> float:
    """The period as the instrument takes it: steps of 0.1 us."""
    return round(round(period_us / LINE_PERIOD_RESOLUTION_US) * LINE_PERIOD_RESOLUTION_US, 1)


def integration_us(line_period: float, wanted: float) -> float:
    """The wanted integration time in steps of 0.1 us, cut to the line period."""
    if wanted <= 0:
        raise ValueError(f"Integration cannot last {wanted:g} us.")
    return min(quantised_line_period_us(wanted), line_period)


def smear(stages: int, set_period_us: float, true_period_us: float, yaw_error_deg: float) -> Smear:
    """N |dV/V| along the track and N tan(yaw error) across it, for N stages."""
    return Smear(
        along_px=stages * abs(set_period_us - true_period_us) / true_period_us,
        across_px=stages * tan(radians(abs(yaw_error_deg))),
    )
