"""Orbit, Sun and passes against Skyfield, published values and closed forms."""

from datetime import UTC, datetime, timedelta
from math import acos, asin, cos, degrees, pi, radians, sin

import numpy as np
import pytest
from sgp4.api import jday
from skyfield.api import EarthSatellite, wgs84
from skyfield.api import load as skyfield_load

from emei.dictionary import load
from emei.planning.area import meishan
from emei.planning.earth import earth_fixed, geodetic, position_of
from emei.planning.orbit import Orbit, OrbitElements, sun_synchronous_inclination_deg
from emei.planning.passes import next_pass, passes, view
from emei.planning.sun import Shadow, shadow_at, sun_elevation_deg, sun_position
from emei.planning.time_scales import gps_seconds, julian_date, sidereal_angle_rad, utc_of

EPOCH = gps_seconds(datetime(2026, 3, 1, tzinfo=UTC))
ORBIT = Orbit(OrbitElements(EPOCH))
TIMESCALE = skyfield_load.timescale(builtin=True)


def test_gps_seconds_of_a_published_instant() -> None:
    """2017-01-01 00:00:00 UTC is GPS week 1930, second 18."""
    assert gps_seconds(datetime(2017, 1, 1, tzinfo=UTC)) == 1930 * 604800 + 18
    assert utc_of(gps_seconds(datetime(2026, 3, 1, 12, 30, tzinfo=UTC))) == datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    with pytest.raises(ValueError, match="before 2017"):
        gps_seconds(datetime(2016, 12, 31, tzinfo=UTC))


def test_julian_date_and_sidereal_time() -> None:
    instant = gps_seconds(datetime(2026, 3, 1, 6, 0, tzinfo=UTC))
    assert sum(julian_date(instant)) == pytest.approx(sum(jday(2026, 3, 1, 6, 0, 0)), abs=1e-9)
    moment = TIMESCALE.utc(2026, 3, 1, 6, 0, 0)
    assert degrees(sidereal_angle_rad(instant)) == pytest.approx(moment.gmst * 15, abs=0.005)


def test_sun_synchronous_inclination_against_published_orbits() -> None:
    """Sentinel-1 (693 km, 98.18 deg) and Landsat 8 (705 km, 98.2 deg)."""
    assert sun_synchronous_inclination_deg(6378135.0 + 693e3) == pytest.approx(98.18, abs=0.03)
    assert sun_synchronous_inclination_deg(6378135.0 + 705e3) == pytest.approx(98.2, abs=0.05)
    with pytest.raises(ValueError, match="no Sun-synchronous orbit"):
        sun_synchronous_inclination_deg(6378135.0 + 7000e3)


def test_altitude_and_period() -> None:
    radii = [float(np.linalg.norm(ORBIT.at(EPOCH + t).position)) for t in range(0, 5702, 10)]
    assert min(radii) - 6378137.0 > 500e3 and max(radii) - 6378137.0 < 540e3
    crossings = node_crossings(EPOCH, 3)
    assert crossings[1] - crossings[0] == pytest.approx(95.08 * 60, abs=10)


def test_the_dictionarys_orbit_is_the_one_that_is_planned() -> None:
    assert load().mission["orbit"]["period_s"] == round(2 * pi / OrbitElements(EPOCH).mean_motion_rad_s)


def node_crossings(start: float, count: int) -> list[float]:
    """Descending node crossings by bisection on the inertial z coordinate."""
    found: list[float] = []
    before = start
    while len(found) < count:
        after = before + 60
        if ORBIT.at(before).position[2] > 0 >= ORBIT.at(after).position[2]:
            low, high = before, after
            while high - low > 1e-4:
                middle = (low + high) / 2
                low, high = (middle, high) if ORBIT.at(middle).position[2] > 0 else (low, middle)
            found.append(low)
        before = after
    return found


@pytest.mark.parametrize("days", [0, 1, 30, 90])
def test_local_time_of_the_descending_node_stays(days: int) -> None:
    crossing = node_crossings(EPOCH + days * 86400, 1)[0]
    longitude = ORBIT.at(crossing).sub_satellite[0]
    utc = utc_of(crossing)
    hours = (utc.hour + utc.minute / 60 + utc.second / 3600 + longitude / 15) % 24
    assert hours == pytest.approx(10.5, abs=0.05)


@pytest.mark.parametrize("seconds", [0, 1234.5, 40000, 86400 * 3])
def test_ground_track_agrees_with_skyfield(seconds: float) -> None:
    satellite = EarthSatellite.from_satrec(ORBIT.satrec, TIMESCALE)
    instant = utc_of(EPOCH + seconds)
    subpoint = wgs84.geographic_position_of(satellite.at(TIMESCALE.from_datetime(instant)))
    longitude, latitude, height = ORBIT.at(EPOCH + seconds).sub_satellite
    assert latitude == pytest.approx(subpoint.latitude.degrees, abs=0.01)
    assert longitude == pytest.approx(subpoint.longitude.degrees, abs=0.01)
    assert height == pytest.approx(subpoint.elevation.m, abs=50)


def test_earth_fixed_velocity_is_the_derivative_of_the_position() -> None:
    before, state, after = (ORBIT.at(EPOCH + 500 + step) for step in (-0.5, 0.0, 0.5))
    assert state.fixed_velocity == pytest.approx(after.fixed_position - before.fixed_position, abs=0.5)


def test_geodetic_is_the_inverse_of_position() -> None:
    assert geodetic(position_of(103.84, 30.08, 520e3)) == pytest.approx((103.84, 30.08, 520e3), abs=1e-6)
    assert geodetic(position_of(-70.0, -65.0, 12.0)) == pytest.approx((-70.0, -65.0, 12.0), abs=1e-6)


@pytest.mark.parametrize(
    ("utc", "right_ascension_deg", "declination_deg"),
    [
        (datetime(2026, 3, 20, 14, 46, tzinfo=UTC), 0.0, 0.0),
        (datetime(2026, 6, 21, 8, 24, tzinfo=UTC), 90.0, 23.437),
        (datetime(2026, 9, 23, 0, 5, tzinfo=UTC), 180.0, 0.0),
        (datetime(2026, 12, 21, 20, 50, tzinfo=UTC), 270.0, -23.437),
    ],
)
def test_sun_at_published_equinoxes_and_solstices(
    utc: datetime, right_ascension_deg: float, declination_deg: float
) -> None:
    """Instants as published by the U.S. Naval Observatory, to the minute."""
    x, y, z = sun_position(gps_seconds(utc))
    right_ascension = degrees(np.arctan2(y, x)) % 360
    assert (right_ascension - right_ascension_deg + 180) % 360 - 180 == pytest.approx(0.0, abs=0.02)
    assert degrees(asin(z / float(np.linalg.norm([x, y, z])))) == pytest.approx(declination_deg, abs=0.012)


def test_sun_distance_at_published_perihelion_and_aphelion() -> None:
    perihelion = np.linalg.norm(sun_position(gps_seconds(datetime(2026, 1, 3, 17, 16, tzinfo=UTC))))
    aphelion = np.linalg.norm(sun_position(gps_seconds(datetime(2026, 7, 6, 17, 31, tzinfo=UTC))))
    assert perihelion / 149597870700.0 == pytest.approx(0.98330, abs=2e-4)
    assert aphelion / 149597870700.0 == pytest.approx(1.01664, abs=2e-4)


def test_sun_elevation_by_the_hour_angle_at_equinox() -> None:
    instant = gps_seconds(datetime(2026, 3, 20, 14, 46, tzinfo=UTC))
    direction = earth_fixed(sun_position(instant), instant)
    sub_solar = degrees(np.arctan2(direction[1], direction[0]))
    hour_angle, latitude = radians(40.0), 30.0
    expected = degrees(asin(cos(radians(latitude)) * cos(hour_angle)))
    assert sun_elevation_deg(sub_solar - 40.0, latitude, instant) == pytest.approx(expected, abs=0.02)


def test_shadow_against_the_closed_form_of_a_circular_orbit() -> None:
    """A satellite in the Sun's own plane is eclipsed while within asin(Re/r) of the anti-solar point."""
    sun = sun_position(EPOCH)
    away = -sun / np.linalg.norm(sun)
    across = np.cross(away, [0.0, 0.0, 1.0])
    across /= np.linalg.norm(across)
    radius = 6898137.0
    half_width = degrees(asin(6378137.0 / radius))
    for offset, expected in [
        (-half_width, Shadow.UMBRA),
        (-0.5, Shadow.UMBRA),
        (0.0, Shadow.PENUMBRA),
        (0.5, Shadow.SUNLIT),
    ]:
        angle = radians(half_width + offset)
        assert shadow_at(radius * (cos(angle) * away + sin(angle) * across), EPOCH) is expected


def test_next_pass_lies_in_the_asked_range_and_is_the_first() -> None:
    area = meishan()
    chosen = next_pass(ORBIT, area, EPOCH, (20.0, 40.0), minimum_sun_elevation_deg=15.0)
    assert 20.0 <= chosen.closest.look_angle_deg <= 40.0
    assert chosen.closest.sun_elevation_deg >= 15.0 and chosen.closest.shadow is Shadow.SUNLIT
    assert chosen.rise_gps_s < chosen.closest.gps_s < chosen.set_gps_s
    earlier = [
        item
        for item in passes(ORBIT, area, EPOCH, chosen.closest.gps_s - 1)
        if 20.0 <= item.closest.look_angle_deg <= 40.0 and item.closest.sun_elevation_deg >= 15.0
    ]
    assert earlier == []
    with pytest.raises(LookupError, match="No pass over Meishan"):
        next_pass(ORBIT, area, EPOCH, (20.0, 20.001), search_days=1.0)


def test_pass_elevation_agrees_with_skyfield() -> None:
    area = meishan()
    chosen = next_pass(ORBIT, area, EPOCH, (20.0, 40.0))
    satellite = EarthSatellite.from_satrec(ORBIT.satrec, TIMESCALE)
    longitude, latitude = area.centre
    site = wgs84.latlon(latitude, longitude)
    for instant, expected in [(chosen.rise_gps_s, 5.0), (chosen.set_gps_s, 5.0)]:
        elevation = (satellite - site).at(TIMESCALE.from_datetime(utc_of(instant))).altaz()[0].degrees
        assert elevation == pytest.approx(expected, abs=0.1)
    elevation, _, distance = (satellite - site).at(TIMESCALE.from_datetime(utc_of(chosen.closest.gps_s))).altaz()
    assert chosen.closest.elevation_deg == pytest.approx(elevation.degrees, abs=0.1)
    assert chosen.closest.slant_range_m == pytest.approx(distance.m, abs=1000)


def test_view_is_consistent_with_itself() -> None:
    chosen = next_pass(ORBIT, meishan(), EPOCH, (20.0, 40.0))
    closest = chosen.closest
    assert abs(closest.pitch_deg) < 0.3, "the beam is across the track at closest approach"
    assert closest.elevation_deg == pytest.approx(90 - closest.incidence_deg)
    # Law of sines on the sphere through the target; the local vertical is the ellipsoid's, 0.2 deg off at most.
    sphere = degrees(
        asin((chosen.earth_radius_m + chosen.altitude_m) / chosen.earth_radius_m * sin(radians(closest.look_angle_deg)))
    )
    assert closest.incidence_deg == pytest.approx(sphere, abs=0.2)
    later = view(ORBIT, meishan().centre, closest.gps_s + 20)
    assert later.pitch_deg < -10, "the target has fallen behind"


def test_sun_angle_in_the_inertial_frame() -> None:
    """The same angle with the target turned into the inertial frame, instead of the satellite out of it."""
    closest = next_pass(ORBIT, meishan(), EPOCH, (20.0, 40.0)).closest
    x, y, z = position_of(*meishan().centre)
    turn = sidereal_angle_rad(closest.gps_s)
    target = np.array([x * cos(turn) - y * sin(turn), x * sin(turn) + y * cos(turn), z])
    boresight = target - ORBIT.at(closest.gps_s).position
    sun = sun_position(closest.gps_s)
    cosine = float(boresight @ sun) / float(np.linalg.norm(boresight) * np.linalg.norm(sun))
    assert closest.sun_angle_deg == pytest.approx(degrees(acos(cosine)), abs=0.01)


def test_side_of_the_track() -> None:
    """A satellite that descends flies roughly south-south-west, so what lies to its west is on its right."""
    for item in passes(ORBIT, meishan(), EPOCH, EPOCH + 3 * 86400):
        east_of_target = item.closest.sub_longitude_deg > meishan().centre[0]
        expected = "right" if east_of_target == (item.direction == "descending") else "left"
        assert item.closest.side == expected


def test_ground_track_has_both_ends() -> None:
    track = ORBIT.ground_track(EPOCH, EPOCH + 600, 60)
    assert len(track) == 11
    assert track[-1] == pytest.approx(ORBIT.at(EPOCH + 600).sub_satellite[:2])
    assert utc_of(EPOCH + 600) - utc_of(EPOCH) == timedelta(minutes=10)
