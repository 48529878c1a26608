"""GPS seconds, UTC and Julian dates. Instants are GPS seconds: the time the payload computer keeps.

UT1 is taken as UTC (they differ by less than 0.9 s, 0.4 km on the ground at the equator).
"""

from datetime import UTC, datetime, timedelta
from math import pi

GPS_EPOCH = datetime(1980, 1, 6, tzinfo=UTC)
GPS_MINUS_UTC_S = 18
"""Leap seconds since 1980, in force since 2017-01-01 (IERS Bulletin C 52)."""
JULIAN_DATE_OF_GPS_EPOCH = 2444244.5
JULIAN_DATE_J2000 = 2451545.0
_FIRST_SUPPORTED = datetime(2017, 1, 1, tzinfo=UTC)


def gps_seconds(utc: datetime) -> float:
    """GPS seconds of a UTC instant from 2017 on."""
    if utc < _FIRST_SUPPORTED:
        raise ValueError(f"{utc.isoformat()} is before 2017; older leap seconds are not kept.")
    return (utc - GPS_EPOCH).total_seconds() + GPS_MINUS_UTC_S


def utc_of(gps_s: float) -> datetime:
    """UTC of an instant in GPS seconds."""
    return GPS_EPOCH + timedelta(seconds=gps_s - GPS_MINUS_UTC_S)


def julian_date(gps_s: float) -> tuple[float, float]:
    """Julian date (UTC) as whole (ending in .5) and fraction, so that no microsecond is lost."""
    days, seconds = divmod(gps_s - GPS_MINUS_UTC_S, 86400.0)
    return JULIAN_DATE_OF_GPS_EPOCH + days, seconds / 86400.0


def days_since_j2000(gps_s: float) -> float:
    """Days (UTC) since 2000-01-01 12:00."""
    whole, fraction = julian_date(gps_s)
    return (whole - JULIAN_DATE_J2000) + fraction


def sidereal_angle_rad(gps_s: float) -> float:
    """Greenwich mean sidereal time, IAU 1982 (the rotation from SGP4's TEME frame to the Earth)."""
    centuries = days_since_j2000(gps_s) / 36525.0
    seconds = (
        67310.54841 + (876600.0 * 3600.0 + 8640184.812866) * centuries + 0.093104 * centuries**2 - 6.2e-6 * centuries**3
    )
    return (seconds % 86400.0) / 86400.0 * 2.0 * pi
