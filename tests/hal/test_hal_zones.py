"""Transmit zones against great circles and orbits in double precision, poles and the date line among them."""

import math

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.hal.hal_board import advance_ms, ffi, lib, now_us

RADIUS_M = 6371e3
ORBIT_RATE = 7605.0 / (RADIUS_M + 520e3)
EARTH_RATE = 7.292115e-5
STEP_M = 7605.0  # half of the 2 s between two points of the track
NONE, UNKNOWN = -1, -2
COUNT = lib.hal_zone_count
ZONES = [
    (lib.hal_zones[i].latitude / 1e5, lib.hal_zones[i].longitude / 1e5, float(lib.hal_zones[i].radius_m))
    for i in range(COUNT)
]
# Rounding of the position to 1e-5 deg, and of the arithmetic to 2^-30.
ROUNDING_M = 5.0


def great_circle_m(latitude: float, longitude: float, zone: tuple[float, float, float]) -> float:
    """Haversine formula."""
    a, b = math.radians(latitude), math.radians(zone[0])
    half = math.radians(longitude - zone[1]) / 2
    root = math.sin((a - b) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(half) ** 2
    return 2 * RADIUS_M * math.asin(min(1.0, math.sqrt(root)))


def be_at(latitude: float, longitude: float) -> None:
    lib.hal_zones_position(round(latitude * 1e5), round(longitude * 1e5), now_us())


def ahead(from_ms: int = 0, to_ms: int = 0) -> tuple[int, int]:
    at_ms = ffi.new("uint32_t *")
    return int(lib.hal_zones_ahead(from_ms, to_ms, now_us(), at_ms)), int(at_ms[0])


def offset_from(zone: tuple[float, float, float], distance_m: float, bearing: float) -> tuple[float, float]:
    """The place at a distance and bearing (rad) from a zone's centre."""
    angle = distance_m / RADIUS_M
    a = math.radians(zone[0])
    latitude = math.asin(math.sin(a) * math.cos(angle) + math.cos(a) * math.sin(angle) * math.cos(bearing))
    east = math.sin(bearing) * math.sin(angle) * math.cos(a)
    longitude = math.radians(zone[1]) + math.atan2(east, math.cos(angle) - math.sin(a) * math.sin(latitude))
    return math.degrees(latitude), (math.degrees(longitude) + 180) % 360 - 180


places = st.tuples(st.floats(-90, 90), st.floats(-180, 180)) | st.sampled_from(
    [
        (90.0, 0.0),
        (-90.0, 0.0),
        (90.0, 180.0),
        (0.0, 180.0),
        (0.0, -180.0),
        (19.8, 180.0),
        (19.8, -180.0),
        (-89.9999, 77.0),
    ]
)


@given(place=places)
def test_a_place_is_in_the_zones_that_a_great_circle_says(place: tuple[float, float]) -> None:
    lib.hal_zones_init()
    be_at(*place)
    found, _ = ahead()
    distances = [great_circle_m(*place, zone) - zone[2] for zone in ZONES]
    assume(all(abs(distance) > ROUNDING_M for distance in distances))
    inside = [index for index, distance in enumerate(distances) if distance < 0]
    assert found == (inside[0] if inside else NONE)


@given(zone=st.integers(0, COUNT - 1), bearing=st.floats(0, 2 * math.pi), beyond_m=st.sampled_from([-20.0, 20.0]))
def test_the_edge_of_every_zone(zone: int, bearing: float, beyond_m: float) -> None:
    lib.hal_zones_init()
    place = offset_from(ZONES[zone], ZONES[zone][2] + beyond_m, bearing)
    be_at(*place)
    found, at_ms = ahead()
    others = [i for i in range(COUNT) if i != zone and great_circle_m(*place, ZONES[i]) < ZONES[i][2] + ROUNDING_M]
    if beyond_m < 0:
        assert found in (zone, *others) and at_ms == 0
    else:
        assert found != zone


def test_the_position_grows_old() -> None:
    assert ahead() == (UNKNOWN, 0)
    be_at(0, -30)
    assert ahead() == (NONE, 0)
    advance_ms(3200)
    assert lib.hal_zones_position_known(now_us()) and ahead()[0] == NONE
    advance_ms(1)
    assert not lib.hal_zones_position_known(now_us()) and ahead()[0] == UNKNOWN


def test_a_start_forgets_the_position() -> None:
    be_at(0, -30)
    lib.hal_zones_init()
    assert ahead() == (UNKNOWN, 0)


def test_times_that_cannot_be_looked_ahead_are_not_clear() -> None:
    be_at(0, -30)
    assert ahead(0, lib.HAL_ZONE_AHEAD_LARGEST_MS)[0] == NONE
    assert ahead(0, lib.HAL_ZONE_AHEAD_LARGEST_MS + 1)[0] == UNKNOWN
    assert ahead(2, 1)[0] == UNKNOWN


@given(place=places, further_m=st.floats(0, 60e3), bearing=st.floats(0, 2 * math.pi), second=st.sampled_from([1, 2, 3]))
def test_a_jump_is_not_believed_until_the_next_position(
    place: tuple[float, float], further_m: float, bearing: float, second: int
) -> None:
    lib.hal_zones_init()
    be_at(*place)
    advance_ms(1000 * second)
    most_m = (ORBIT_RATE + EARTH_RATE) * RADIUS_M * (second + 2)
    assume(abs(further_m - most_m) > 10)
    moved = offset_from((*place, 0.0), further_m, bearing)
    be_at(*moved)
    assert lib.hal_zones_position_known(now_us()) == (further_m < most_m)
    advance_ms(1000)
    be_at(*moved)
    assert lib.hal_zones_position_known(now_us())


@given(place=places)
@example(place=(-90.0, 0.0))
def test_the_opposite_side_of_the_earth_is_a_jump_like_any_other(place: tuple[float, float]) -> None:
    lib.hal_zones_init()
    opposite = (-place[0], place[1] + 180 if place[1] < 0 else place[1] - 180)
    for latitude, longitude in (place, opposite, place):
        be_at(latitude, longitude)
        advance_ms(1000)
    assert not lib.hal_zones_position_known(now_us())
    be_at(*place)
    assert lib.hal_zones_position_known(now_us())


def test_after_a_silence_any_place_is_believed() -> None:
    be_at(10, 20)
    advance_ms(300_000)
    be_at(-60, -120)
    assert ahead()[0] == NONE


class Orbit:
    """A circular orbit over the turning Earth, by numpy."""

    def __init__(self, inclination: float, node: float, phase: float) -> None:
        self.inclination, self.node, self.phase = inclination, node, phase

    def at(self, time_s: float) -> tuple[float, float]:
        u = self.phase + ORBIT_RATE * time_s
        place = np.array(
            [math.cos(u), math.sin(u) * math.cos(self.inclination), math.sin(u) * math.sin(self.inclination)]
        )
        latitude = math.asin(place[2])
        longitude = math.atan2(place[1], place[0]) + self.node - EARTH_RATE * time_s
        return math.degrees(latitude), (math.degrees(longitude) + 180) % 360 - 180


orbits = st.builds(
    Orbit,
    inclination=st.floats(math.radians(20), math.radians(120)),
    node=st.floats(-math.pi, math.pi),
    phase=st.floats(-math.pi, math.pi),
)


def fly_to_now(orbit: Orbit, jitter_ms: int = 0) -> None:
    """Two positions a second apart; the second may arrive late."""
    lib.hal_zones_init()
    be_at(*orbit.at(-1.0))
    advance_ms(1000 + jitter_ms)
    be_at(*orbit.at(0.0))


@settings(max_examples=300)
@given(orbit=orbits, to_s=st.integers(0, 180), jitter_ms=st.sampled_from([-900, 0, 900]))
def test_no_zone_of_an_orbit_is_missed_and_clear_tracks_stay_clear(orbit: Orbit, to_s: int, jitter_ms: int) -> None:
    fly_to_now(orbit, jitter_ms)
    found, at_ms = ahead(0, to_s * 1000)
    closest_m = {
        index: min(great_circle_m(*orbit.at(t / 2), zone) for t in range(2 * to_s + 1)) - zone[2]
        for index, zone in enumerate(ZONES)
    }
    if any(distance < -ROUNDING_M for distance in closest_m.values()):
        assert found >= 0, "a zone on the track was not seen"
    # What is allowed for: an eighth of the way and half a step.
    allowance_m = ORBIT_RATE * to_s * RADIUS_M / 8 + STEP_M
    if all(distance > allowance_m + 2000 for distance in closest_m.values()):
        assert found == NONE, (found, closest_m[found] / 1e3)
    if found >= 0:
        assert 0 <= at_ms <= to_s * 1000


@given(orbit=orbits, from_s=st.integers(0, 100), length_s=st.integers(0, 60))
def test_a_zone_passed_before_the_start_does_not_count(orbit: Orbit, from_s: int, length_s: int) -> None:
    fly_to_now(orbit)
    found, at_ms = ahead(from_s * 1000, (from_s + length_s) * 1000)
    if found >= 0:
        assert from_s * 1000 <= at_ms <= (from_s + length_s) * 1000
        allowance_m = ORBIT_RATE * at_ms / 1000 * RADIUS_M / 8 + STEP_M
        assert great_circle_m(*orbit.at(at_ms / 1000), ZONES[found]) < ZONES[found][2] + allowance_m + 2000


def orbit_that_misses(zone: int, miss_m: float, when_s: int) -> Orbit:
    """Northbound, past a zone's edge at its eastern side, and on the zone's latitude at a time."""
    latitude, longitude, radius_m = ZONES[zone]
    inclination = math.radians(97.5)
    phase = math.asin(math.sin(math.radians(latitude)) / math.sin(inclination)) - ORBIT_RATE * when_s

    def passing(east: float) -> tuple[Orbit, float]:
        orbit = Orbit(inclination, 0.0, phase)
        orbit.node = math.radians(longitude + east - orbit.at(when_s)[1])
        closest_m = min(great_circle_m(*orbit.at(t / 4), ZONES[zone]) for t in range(4 * when_s + 1))
        return orbit, closest_m - radius_m

    low, high = 0.0, 40.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if passing(middle)[1] < miss_m else (low, middle)
    return passing(high)[0]


@pytest.mark.parametrize(
    ("when_s", "miss_m", "is_met"),
    [
        (0, STEP_M / 2, True),
        (0, STEP_M * 2, False),
        (60, 60 * STEP_M / 8, True),
        (60, 60 * STEP_M / 4, False),
    ],
)
def test_half_a_step_and_an_eighth_of_the_way_are_allowed_for(when_s: int, miss_m: float, is_met: bool) -> None:
    zone = 13  # Mauna Kea, far from every other
    fly_to_now(orbit_that_misses(zone, miss_m, when_s))
    assert ahead(0, 1000 * when_s)[0] == (zone if is_met else NONE)


def test_without_a_direction_every_direction_is_allowed_for() -> None:
    """A satellite that seems to stand still in the Pacific: clear as long as it could not have reached a zone."""
    place = (8.0, -155.0)
    for _ in range(2):
        be_at(*place)
        advance_ms(1000)
    nearest_m = min(great_circle_m(*place, other) - other[2] for other in ZONES)
    fastest_m_s = (ORBIT_RATE + EARTH_RATE) * RADIUS_M
    reached_s = nearest_m / fastest_m_s - 1.0  # the position is 1 s old
    assert ahead(0, int(1000 * reached_s) - 50)[0] == NONE
    assert ahead(0, int(1000 * reached_s) + 50)[0] >= 0
