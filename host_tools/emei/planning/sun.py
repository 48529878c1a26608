"""The Sun: position, elevation at a point of the Earth, and the Earth's shadow. Vectors in metres, frame of date."""

from enum import Enum
from math import asin, cos, degrees, radians, sin

import numpy as np

from emei.planning.earth import EQUATORIAL_RADIUS_M, Vector, angle_deg, earth_fixed, unit, vertical_at
from emei.planning.time_scales import days_since_j2000

ASTRONOMICAL_UNIT_M = 149597870700.0
SUN_RADIUS_M = 6.957e8


class Shadow(Enum):
    """Where a satellite is with regard to the Earth's shadow."""

    SUNLIT = "sunlit"
    PENUMBRA = "penumbra"
    UMBRA = "umbra"


def mean_longitude_deg(gps_s: float) -> float:
    """Mean longitude of the Sun, corrected for aberration; also the right ascension of the mean Sun."""
    return (280.460 + 0.9856474 * days_since_j2000(gps_s)) % 360.0


def sun_position(gps_s: float) -> Vector:
    """Geocentric position, from the low-precision formulas of the Astronomical Almanac (0.01 deg, 1950 to 2050)."""
    days = days_since_j2000(gps_s)
    anomaly = radians((357.528 + 0.9856003 * days) % 360.0)
    longitude = radians(mean_longitude_deg(gps_s) + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly))
    obliquity = radians(23.439 - 0.0000004 * days)
    distance = ASTRONOMICAL_UNIT_M * (1.00014 - 0.01671 * cos(anomaly) - 0.00014 * cos(2 * anomaly))
    return distance * np.array(
        [cos(longitude), cos(obliquity) * sin(longitude), sin(obliquity) * sin(longitude)],
    )


def sun_elevation_deg(longitude_deg: float, latitude_deg: float, gps_s: float) -> float:
    """Elevation above the horizon, without refraction and parallax."""
    direction = unit(earth_fixed(sun_position(gps_s), gps_s))
    return degrees(asin(float(direction @ vertical_at(longitude_deg, latitude_deg))))


def shadow_at(satellite: Vector, gps_s: float) -> Shadow:
    """Conical shadow of a spherical Earth, for an inertial position: the discs of Earth and Sun are compared."""
    to_sun = sun_position(gps_s) - satellite
    sun_disc = degrees(asin(SUN_RADIUS_M / float(np.linalg.norm(to_sun))))
    earth_disc = degrees(asin(min(1.0, EQUATORIAL_RADIUS_M / float(np.linalg.norm(satellite)))))
    separation = angle_deg(to_sun, -satellite)
    if separation >= earth_disc + sun_disc:
        return Shadow.SUNLIT
    if separation <= earth_disc - sun_disc:
        return Shadow.UMBRA
    return Shadow.PENUMBRA
