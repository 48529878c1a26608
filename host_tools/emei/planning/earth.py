"""The WGS 84 ellipsoid and the turn between the inertial (TEME) and the Earth-fixed frame. Vectors in metres."""

from math import atan2, cos, degrees, hypot, radians, sin, sqrt

import numpy as np
from numpy.typing import NDArray

from emei.planning.time_scales import sidereal_angle_rad

Vector = NDArray[np.float64]

EQUATORIAL_RADIUS_M = 6378137.0
FLATTENING = 1 / 298.257223563
ECCENTRICITY_SQUARED = FLATTENING * (2 - FLATTENING)
ROTATION_RATE_RAD_S = 7.2921158553e-5


def unit(vector: Vector) -> Vector:
    return vector / np.linalg.norm(vector)


def angle_deg(first: Vector, second: Vector) -> float:
    """Angle between two vectors; good near 0 and 180 deg too."""
    return degrees(atan2(float(np.linalg.norm(np.cross(first, second))), float(first @ second)))


def earth_fixed(inertial: Vector, gps_s: float) -> Vector:
    """Inertial to Earth-fixed; polar motion (some 10 m) is left out."""
    turn = sidereal_angle_rad(gps_s)
    x, y, z = inertial
    return np.array([x * cos(turn) + y * sin(turn), y * cos(turn) - x * sin(turn), z])


def position_of(longitude_deg: float, latitude_deg: float, height_m: float = 0.0) -> Vector:
    """Earth-fixed position of a geodetic point."""
    longitude, latitude = radians(longitude_deg), radians(latitude_deg)
    prime_vertical = EQUATORIAL_RADIUS_M / sqrt(1 - ECCENTRICITY_SQUARED * sin(latitude) ** 2)
    across = (prime_vertical + height_m) * cos(latitude)
    along = (prime_vertical * (1 - ECCENTRICITY_SQUARED) + height_m) * sin(latitude)
    return np.array([across * cos(longitude), across * sin(longitude), along])


def vertical_at(longitude_deg: float, latitude_deg: float) -> Vector:
    """Earth-fixed unit vector of the local vertical (the ellipsoid's normal)."""
    longitude, latitude = radians(longitude_deg), radians(latitude_deg)
    return np.array([cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude)])


def geodetic(position: Vector) -> tuple[float, float, float]:
    """(longitude_deg, latitude_deg, height_m) of an Earth-fixed position away from the poles, to under a millimetre."""
    x, y, z = (float(item) for item in position)
    across = hypot(x, y)
    latitude = atan2(z, across * (1 - ECCENTRICITY_SQUARED))
    prime_vertical = height = 0.0
    for _ in range(6):
        prime_vertical = EQUATORIAL_RADIUS_M / sqrt(1 - ECCENTRICITY_SQUARED * sin(latitude) ** 2)
        height = across / cos(latitude) - prime_vertical
        latitude = atan2(z, across * (1 - ECCENTRICITY_SQUARED * prime_vertical / (prime_vertical + height)))
    return degrees(atan2(y, x)), degrees(latitude), height
