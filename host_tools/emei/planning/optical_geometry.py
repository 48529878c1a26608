"""Optical geometry: line period off nadir, and the smear that time-delay integration tolerates.

The along-track ground sample grows with the slant range, so the line rate falls by the same factor.
"""

from dataclasses import dataclass
from math import atan2, cos, degrees, radians, sin, sqrt, tan

import numpy as np

from emei.planning.earth import EQUATORIAL_RADIUS_M, FLATTENING, Vector, position_of, unit, vertical_at
from emei.planning.orbit import State

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
    if ground_speed_m_s <= 0 or nadir_sample_m <= 0 or range_ratio <= 0:
        raise ValueError("Ground speed, sample and range ratio must be positive.")
    return nadir_sample_m * range_ratio / ground_speed_m_s * 1e6


def quantised_line_period_us(period_us: float) -> float:
    """The period as the instrument takes it: steps of 0.1 us."""
    return round(round(period_us / LINE_PERIOD_RESOLUTION_US) * LINE_PERIOD_RESOLUTION_US, 1)


@dataclass(frozen=True)
class Look:
    """Where the satellite is and where its boresight points. Geodetic latitude, height above the ellipsoid.

    roll_deg is positive to the left of the ground track, pitch_deg positive ahead, both from the line to
    the Earth's centre; track_deg counts from north over east.
    """

    latitude_deg: float
    altitude_m: float
    ground_speed_m_s: float
    track_deg: float
    roll_deg: float = 0.0
    pitch_deg: float = 0.0

    @classmethod
    def of(cls, state: State, roll_deg: float, pitch_deg: float) -> "Look":
        _, latitude, height = state.sub_satellite
        return cls(latitude, height, ground_speed_m_s(state), track_deg(state), roll_deg, pitch_deg)

    def range_m(self) -> float:
        """To the ellipsoid, by halving the line down to a millimetre. ValueError when it is missed."""
        satellite = position_of(0.0, self.latitude_deg, self.altitude_m)
        line = self._boresight(satellite)
        near, far = 0.0, -float(satellite @ line)
        if far <= 0 or not _is_inside(satellite + far * line):
            raise ValueError(f"A roll of {self.roll_deg:g} and a pitch of {self.pitch_deg:g} deg miss the Earth.")
        while far - near > 1e-3:
            middle = (near + far) / 2
            if _is_inside(satellite + middle * line):
                far = middle
            else:
                near = middle
        return (near + far) / 2

    def line_period_us(self, nadir_sample_m: float, nadir_altitude_m: float) -> float:
        """The true one, not quantised; the nadir sample holds at the nadir altitude."""
        return line_period_us(self.ground_speed_m_s, nadir_sample_m, self.range_m() / nadir_altitude_m)

    def _boresight(self, satellite: Vector) -> Vector:
        track = radians(self.track_deg)
        pole = np.array([0.0, 0.0, 1.0])
        vertical = vertical_at(0.0, self.latitude_deg)
        east = unit(np.cross(pole, vertical))
        course = np.cos(track) * np.cross(vertical, east) + np.sin(track) * east
        down = -unit(satellite)
        ahead = unit(course - (course @ down) * down)
        left = np.cross(ahead, down)
        roll, pitch = radians(self.roll_deg), radians(self.pitch_deg)
        return unit(tan(pitch) * ahead + cos(roll) * down + sin(roll) * left)


def _is_inside(point: Vector) -> bool:
    """Is an Earth-fixed point below the ellipsoid?"""
    x, y, z = (float(item) for item in point)
    polar_radius_m = EQUATORIAL_RADIUS_M * (1 - FLATTENING)
    return (x**2 + y**2) / EQUATORIAL_RADIUS_M**2 + z**2 / polar_radius_m**2 < 1


def ground_speed_m_s(state: State) -> float:
    """Of the sub-satellite point over the turning Earth."""
    longitude, latitude, _ = state.sub_satellite
    vertical = vertical_at(longitude, latitude)
    across = state.fixed_velocity - (state.fixed_velocity @ vertical) * vertical
    radius = float(np.linalg.norm(position_of(longitude, latitude)))
    return float(np.linalg.norm(across)) * radius / float(np.linalg.norm(state.fixed_position))


def track_deg(state: State) -> float:
    """Direction of the ground track, from north over east, 0 to 360."""
    longitude, latitude, _ = state.sub_satellite
    vertical = vertical_at(longitude, latitude)
    east = unit(np.cross(np.array([0.0, 0.0, 1.0]), vertical))
    north = np.cross(vertical, east)
    velocity = state.fixed_velocity
    return degrees(atan2(float(velocity @ east), float(velocity @ north))) % 360.0


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
