"""Passes of a satellite over the area: when, from which side, under which angles, in which light."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import asin, degrees

import numpy as np

from emei.planning.area import Area
from emei.planning.earth import Vector, angle_deg, earth_fixed, position_of, unit, vertical_at
from emei.planning.orbit import Orbit, State
from emei.planning.sun import Shadow, shadow_at, sun_elevation_deg, sun_position

_SCAN_STEP_S = 30.0
_INSTANT_ACCURACY_S = 1e-3


@dataclass(frozen=True)
class View:
    """The area's centre as seen from the satellite at an instant. Angles in degrees, ranges in metres.

    look_angle: between nadir (the Earth's centre) and target, at the satellite; incidence: between the
    local vertical and the satellite, at the target; sun_angle: between boresight (satellite to target)
    and the Sun; roll is positive to the left of the flight direction, pitch positive ahead.
    """

    gps_s: float
    look_angle_deg: float
    incidence_deg: float
    elevation_deg: float
    roll_deg: float
    pitch_deg: float
    slant_range_m: float
    sun_angle_deg: float
    sun_elevation_deg: float
    shadow: Shadow
    sub_longitude_deg: float
    sub_latitude_deg: float
    height_m: float

    @property
    def side(self) -> str:
        return "left" if self.roll_deg > 0 else "right"


@dataclass(frozen=True)
class Pass:
    """`rise` and `set`: the satellite crosses the elevation limit; `closest`: shortest range, beam across the track.

    `earth_radius_m` and `altitude_m` are those of the sphere through the target: what the SAR design uses.
    """

    area: Area
    rise_gps_s: float
    set_gps_s: float
    closest: View
    direction: str
    earth_radius_m: float
    altitude_m: float
    ground_speed_m_s: float


def view(orbit: Orbit, target: tuple[float, float], gps_s: float) -> View:
    """How the satellite sees a point (longitude_deg, latitude_deg) of the ellipsoid."""
    state = orbit.at(gps_s)
    line = position_of(*target) - state.fixed_position
    direction = unit(line)
    down, ahead, left = _axes(state)
    vertical = vertical_at(*target)
    to_sun = unit(earth_fixed(sun_position(gps_s) - state.position, gps_s))
    longitude, latitude, height = state.sub_satellite
    return View(
        gps_s=gps_s,
        look_angle_deg=angle_deg(direction, down),
        incidence_deg=angle_deg(-direction, vertical),
        elevation_deg=90.0 - angle_deg(-direction, vertical),
        roll_deg=degrees(np.arctan2(direction @ left, direction @ down)),
        pitch_deg=degrees(asin(float(direction @ ahead))),
        slant_range_m=float(np.linalg.norm(line)),
        sun_angle_deg=angle_deg(direction, to_sun),
        sun_elevation_deg=sun_elevation_deg(*target, gps_s),
        shadow=shadow_at(state.position, gps_s),
        sub_longitude_deg=longitude,
        sub_latitude_deg=latitude,
        height_m=height,
    )


def passes(
    orbit: Orbit, area: Area, start_gps_s: float, stop_gps_s: float, minimum_elevation_deg: float = 5.0
) -> Iterator[Pass]:
    """The passes whose closest approach lies between two instants, in time order."""
    target = position_of(*area.centre)
    vertical = vertical_at(*area.centre)

    def elevation(gps_s: float) -> float:
        return 90.0 - angle_deg(orbit.at(gps_s).fixed_position - target, vertical)

    def approach(gps_s: float) -> float:
        """Negative while the range shrinks (its sign is that of the range rate)."""
        state = orbit.at(gps_s)
        return float((state.fixed_position - target) @ state.fixed_velocity)

    def above(gps_s: float) -> float:
        return elevation(gps_s) - minimum_elevation_deg

    before = start_gps_s
    while before < stop_gps_s:
        after = min(before + _SCAN_STEP_S, stop_gps_s)
        if approach(before) < 0 <= approach(after):
            closest = _root(approach, before, after)
            if above(closest) > 0:
                yield _describe(orbit, area, closest, _edge(above, closest, -1), _edge(above, closest, +1))
        before = after


def next_pass(
    orbit: Orbit,
    area: Area,
    start_gps_s: float,
    look_angle_deg: tuple[float, float],
    minimum_sun_elevation_deg: float = -90.0,
    search_days: float = 30.0,
) -> Pass:
    """The first pass from an instant on with its look angle in a range and the Sun high enough. LookupError if none."""
    low, high = look_angle_deg
    for candidate in passes(orbit, area, start_gps_s, start_gps_s + search_days * 86400.0):
        sunny = candidate.closest.sun_elevation_deg >= minimum_sun_elevation_deg
        if low <= candidate.closest.look_angle_deg <= high and sunny:
            return candidate
    raise LookupError(
        f"No pass over {area.name} within {search_days:g} days has a look angle of {low:g} to {high:g} deg "
        f"and the Sun at {minimum_sun_elevation_deg:g} deg or more."
    )


def _describe(orbit: Orbit, area: Area, closest: float, rise: float, set_: float) -> Pass:
    state = orbit.at(closest)
    radius = float(np.linalg.norm(position_of(*area.centre)))
    distance = float(np.linalg.norm(state.position))
    return Pass(
        area=area,
        rise_gps_s=rise,
        set_gps_s=set_,
        closest=view(orbit, area.centre, closest),
        direction="ascending" if state.velocity[2] > 0 else "descending",
        earth_radius_m=radius,
        altitude_m=distance - radius,
        ground_speed_m_s=float(np.linalg.norm(state.fixed_velocity)) * radius / distance,
    )


def _axes(state: State) -> tuple[Vector, Vector, Vector]:
    """Down (to the Earth's centre), ahead and left of the Earth-fixed velocity."""
    down = -unit(state.fixed_position)
    left = unit(np.cross(state.fixed_position, state.fixed_velocity))
    return down, np.cross(left, -down), left


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function rises (or falls) through zero between two instants, by bisection."""
    rising = function(high) >= function(low)
    while high - low > _INSTANT_ACCURACY_S:
        middle = (low + high) / 2
        if (function(middle) >= 0) == rising:
            high = middle
        else:
            low = middle
    return (low + high) / 2


def _edge(above: Callable[[float], float], inside: float, sense: int) -> float:
    """Where the satellite crosses the elevation limit before (-1) or after (+1) an instant inside the pass."""
    outside = inside
    while above(outside) > 0:
        outside += sense * _SCAN_STEP_S
    return _root(above, min(inside, outside), max(inside, outside))
