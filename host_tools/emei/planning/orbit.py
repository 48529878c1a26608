"""A Sun-synchronous orbit made from its altitude and the local time of its node, propagated with SGP4.

Frames: SGP4's TEME is the inertial frame; the Earth-fixed frame is TEME turned by the mean sidereal time.
"""

from dataclasses import dataclass
from functools import cached_property
from math import acos, degrees, pi, radians, sqrt

import numpy as np
from sgp4.api import WGS72, Satrec

from emei.planning.earth import ROTATION_RATE_RAD_S, Vector, earth_fixed, geodetic
from emei.planning.sun import mean_longitude_deg
from emei.planning.time_scales import days_since_j2000, julian_date

# SGP4's own constants (WGS 72, Hoots and Roehrich, Spacetrack Report No. 3).
GRAVITATION_M3_S2 = 3.986008e14
EARTH_RADIUS_M = 6378135.0
J2 = 1.082616e-3

TROPICAL_YEAR_S = 365.2421897 * 86400.0
_DAYS_FROM_1949_12_31_TO_J2000 = 18263.5


@dataclass(frozen=True)
class OrbitElements:
    """What is chosen; the rest follows from Sun-synchronism. `altitude_m` is above the equatorial radius."""

    epoch_gps_s: float
    altitude_m: float = 520e3
    descending_node_local_time_h: float = 10.5
    eccentricity: float = 0.001
    argument_of_latitude_deg: float = 0.0

    @property
    def semi_major_axis_m(self) -> float:
        return EARTH_RADIUS_M + self.altitude_m

    @property
    def mean_motion_rad_s(self) -> float:
        return sqrt(GRAVITATION_M3_S2 / self.semi_major_axis_m**3)

    @property
    def inclination_deg(self) -> float:
        return sun_synchronous_inclination_deg(self.semi_major_axis_m, self.eccentricity)

    @property
    def ascending_node_deg(self) -> float:
        """Right ascension at the epoch: opposite to the descending node, which the mean Sun's hour places."""
        descending = mean_longitude_deg(self.epoch_gps_s) + 15.0 * (self.descending_node_local_time_h - 12.0)
        return (descending + 180.0) % 360.0


def sun_synchronous_inclination_deg(semi_major_axis_m: float, eccentricity: float = 0.0) -> float:
    """Inclination at which J2 turns the node once per tropical year (Vallado, Fundamentals, section 9.6)."""
    node_rate = 2 * pi / TROPICAL_YEAR_S
    parameter = semi_major_axis_m * (1 - eccentricity**2)
    mean_motion = sqrt(GRAVITATION_M3_S2 / semi_major_axis_m**3)
    cosine = -node_rate / (1.5 * J2 * (EARTH_RADIUS_M / parameter) ** 2 * mean_motion)
    if cosine < -1:
        raise ValueError(f"There is no Sun-synchronous orbit with a semi-major axis of {semi_major_axis_m:.0f} m.")
    return degrees(acos(cosine))


@dataclass(frozen=True)
class State:
    """Position (m) and velocity (m/s) at an instant, inertial."""

    gps_s: float
    position: Vector
    velocity: Vector

    @cached_property
    def fixed_position(self) -> Vector:
        return earth_fixed(self.position, self.gps_s)

    @cached_property
    def fixed_velocity(self) -> Vector:
        """Velocity as seen from the turning Earth, in the Earth-fixed frame."""
        spin = np.array([0.0, 0.0, ROTATION_RATE_RAD_S])
        return earth_fixed(self.velocity - np.cross(spin, self.position), self.gps_s)

    @cached_property
    def sub_satellite(self) -> tuple[float, float, float]:
        """(longitude_deg, latitude_deg, height_m), geodetic."""
        return geodetic(self.fixed_position)


class Orbit:
    """Propagates the elements with SGP4, without drag."""

    def __init__(self, elements: OrbitElements) -> None:
        self.elements = elements
        self.satrec = Satrec()
        self.satrec.sgp4init(
            WGS72,
            "i",
            0,
            days_since_j2000(elements.epoch_gps_s) + _DAYS_FROM_1949_12_31_TO_J2000,
            0.0,
            0.0,
            0.0,
            elements.eccentricity,
            radians(90.0),
            radians(elements.inclination_deg),
            radians((elements.argument_of_latitude_deg - 90.0) % 360.0),
            elements.mean_motion_rad_s * 60.0,
            radians(elements.ascending_node_deg),
        )

    def at(self, gps_s: float) -> State:
        """The state at an instant. ValueError when SGP4 cannot propagate to it."""
        error, position_km, velocity_km_s = self.satrec.sgp4(*julian_date(gps_s))
        if error:
            raise ValueError(f"SGP4 cannot propagate the orbit to GPS second {gps_s:.0f} (error {error}).")
        return State(gps_s, 1e3 * np.array(position_km), 1e3 * np.array(velocity_km_s))

    def ground_track(self, start_gps_s: float, stop_gps_s: float, step_s: float) -> list[tuple[float, float]]:
        """Sub-satellite points (longitude_deg, latitude_deg), both ends included."""
        count = max(1, round((stop_gps_s - start_gps_s) / step_s))
        instants = np.linspace(start_gps_s, stop_gps_s, count + 1)
        return [self.at(float(instant)).sub_satellite[:2] for instant in instants]
