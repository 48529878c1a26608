"""What is decided before a pass: which one, when each data take starts, and with which settings.

Everything follows from the orbit and the area. Both instruments are made ready before the area comes
abeam; the SAR looks across the track around the closest approach, the optical instrument back at the
area a little later, within its pitch range.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, floor

import numpy as np

from emei.dictionary import Dictionary
from emei.planning.area import Area, Point, meishan
from emei.planning.earth import Vector, angle_deg, earth_fixed, geodetic, position_of, unit
from emei.planning.optical_geometry import (
    Look,
    Smear,
    ground_speed_m_s,
    integration_us,
    quantised_line_period_us,
    smear,
    track_deg,
)
from emei.planning.orbit import Orbit, OrbitElements, State
from emei.planning.passes import Pass, View, next_pass, view
from emei.planning.sar_numbers import RadarNumbers
from emei.planning.sar_timing import Request, Timing, TimingDesigner
from emei.planning.sun import Shadow, shadow_at, sun_position
from emei.planning.time_scales import gps_seconds

DEFAULT_EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
LOOK_ANGLE_DEG = (15.0, 36.0)
MINIMUM_SUN_ELEVATION_DEG = 15.0
GROUND_SWATHS_M = (30e3, 25e3, 20e3, 15e3, 12e3, 10e3, 8e3, 6e3)

TAKE_S = 10.0
ARM_BEFORE_START_S = 14.0
IMAGE_AFTER_APPROACH_S = 26.0
ROLL_LIMIT_DEG, PITCH_LIMIT_DEG = 45.0, 30.0

ATTITUDE_ERROR_DEG = 0.012
ATTITUDE_RATE_DEG_S = 0.002
YAW_ERROR_DEG = 0.012
BATTERY_PERCENT = 88.0

# Time constants of the focal plane between cold (12 degC) and within 1 degC of its set point (20 degC), rounded up.
_STABILISATION_TIME_CONSTANTS = 4
_OTHER_PREPARATION_S = 50


@dataclass(frozen=True)
class Image:
    """Settings of the optical strip, and the geometry at its middle. Times in GPS seconds."""

    start_gps_s: float
    middle: View
    line_period_us: float
    integration_us: float
    stages: int
    smear: Smear
    roll_deg: float
    pitch_deg: float


@dataclass(frozen=True)
class PassPlan:
    """`bench_epoch_gps_s` is the GPS second at which the bench is switched on."""

    orbit: Orbit
    area: Area
    chosen: Pass
    timing: Timing
    sar_start_gps_s: float
    image: Image
    bench_epoch_gps_s: int

    @property
    def closest(self) -> View:
        return self.chosen.closest

    @property
    def window(self) -> tuple[float, float]:
        """Both data takes with what surrounds them, in seconds of the bench."""
        end = self.image.start_gps_s + TAKE_S
        return (
            self.sar_start_gps_s - ARM_BEFORE_START_S - 5 - self.bench_epoch_gps_s,
            end + 15 - self.bench_epoch_gps_s,
        )

    def points_at_area(self, gps_s: float) -> bool:
        """Does the platform point the optical boresight at the area? From the SAR's last pulse to the image's end."""
        return self.sar_start_gps_s + TAKE_S <= gps_s <= self.image.start_gps_s + TAKE_S

    def ancillary(self, gps_s: float) -> Mapping[str, float | int | str]:
        """Arguments of ANCILLARY_DATA: what the platform tells the payload at an instant."""
        state = self.orbit.at(gps_s)
        longitude, latitude, height = state.sub_satellite
        target = position_of(*self.area.centre) if self.points_at_area(gps_s) else np.zeros(3)
        return {
            "sun_angle_deg": round(_sun_angle_deg(state, target), 2),
            "attitude_error_deg": ATTITUDE_ERROR_DEG,
            "attitude_rate_deg_s": ATTITUDE_RATE_DEG_S,
            "latitude_deg": round(latitude, 5),
            "longitude_deg": round(longitude, 5),
            "eclipse": "OFF" if shadow_at(state.position, gps_s) is Shadow.SUNLIT else "ON",
            "battery_percent": BATTERY_PERCENT,
            "altitude_m": round(height),
            "ground_speed_m_s": round(ground_speed_m_s(state), 2),
            "track_deg": round(track_deg(state), 2) % 360.0,
            "yaw_error_deg": YAW_ERROR_DEG,
        }

    def sar_swath(self) -> tuple[Point, ...]:
        """Corners of the ground the SAR covers."""
        half_width = self.timing.request.ground_swath_m / 2
        return self._strip(self.sar_start_gps_s, 0.0, half_width)

    def optical_strip(self, half_width_m: float) -> tuple[Point, ...]:
        """Corners of the ground the optical strip covers: the boresight keeps its pitch while the platform moves on."""
        behind_s = self.image.start_gps_s + TAKE_S / 2 - self.closest.gps_s
        return self._strip(self.image.start_gps_s, behind_s, half_width_m)

    def _strip(self, start_gps_s: float, behind_s: float, half_width_m: float) -> tuple[Point, ...]:
        """The area's centre, moved with the ground track for the take's duration, and widened across it."""
        state = self.orbit.at(self.closest.gps_s)
        ahead, across = unit(state.fixed_velocity), unit(np.cross(state.fixed_position, state.fixed_velocity))
        corners = []
        for offset_s, side in ((0.0, -1), (0.0, 1), (TAKE_S, 1), (TAKE_S, -1)):
            moved_s = start_gps_s + offset_s - behind_s - self.closest.gps_s
            along = ahead * self.chosen.ground_speed_m_s * moved_s
            point = position_of(*self.area.centre) + along + side * half_width_m * across
            corners.append(geodetic(point)[:2])
        return tuple(corners)


def plan_pass(dictionary: Dictionary, bench_units: Mapping[str, int], epoch: datetime = DEFAULT_EPOCH) -> PassPlan:
    """The next pass over Meishan from an epoch on that suits both instruments. `bench_units`: settings of sim.h.

    LookupError when no pass suits; DesignError when no timing is legal.
    """
    mission = dictionary.mission
    orbit = Orbit(OrbitElements(gps_seconds(epoch), mission.number("sar", "altitude_m")))
    area = meishan()
    chosen = next_pass(orbit, area, gps_seconds(epoch), LOOK_ANGLE_DEG, MINIMUM_SUN_ELEVATION_DEG)
    designer = TimingDesigner(RadarNumbers.of(dictionary), chosen.altitude_m, chosen.earth_radius_m)
    request = Request(duration_ms=round(1000 * TAKE_S))
    image_start = ceil(chosen.closest.gps_s) + IMAGE_AFTER_APPROACH_S - TAKE_S / 2
    sar_start = floor(chosen.closest.gps_s - TAKE_S / 2)
    return PassPlan(
        orbit=orbit,
        area=area,
        chosen=chosen,
        timing=designer.choose_widest(chosen.closest.look_angle_deg, request, GROUND_SWATHS_M),
        sar_start_gps_s=sar_start,
        image=_image(dictionary, orbit, area, chosen, image_start),
        bench_epoch_gps_s=floor(sar_start - _preparation_s(bench_units)),
    )


def _preparation_s(bench_units: Mapping[str, int]) -> float:
    """From switching the bench on to arming: boot, both instruments to their last mode of rest, and a reserve."""
    stabilisation_s = bench_units["optical_stabilisation_s"]
    return (
        _OTHER_PREPARATION_S
        + ARM_BEFORE_START_S
        + bench_units["sar_warmup_s"]
        + (_STABILISATION_TIME_CONSTANTS + 1) * stabilisation_s
    )


def _image(dictionary: Dictionary, orbit: Orbit, area: Area, chosen: Pass, start_gps_s: float) -> Image:
    middle = view(orbit, area.centre, start_gps_s + TAKE_S / 2)
    if abs(middle.roll_deg) > ROLL_LIMIT_DEG or abs(middle.pitch_deg) > PITCH_LIMIT_DEG:
        raise LookupError(
            f"The area would be {middle.roll_deg:.1f} deg in roll and {middle.pitch_deg:.1f} deg in pitch from nadir, "
            f"beyond what the platform turns."
        )
    settings = {argument.name: argument for argument in dictionary.telecommand("OPTICAL_START_IMAGE").arguments}
    stages = int(settings["tdi_stages"].default or 0)
    sample_m = dictionary.mission.number("optical", "ground_sample_distance_m")
    look = Look.of(orbit.at(start_gps_s), round(middle.roll_deg, 2), round(middle.pitch_deg, 2))
    true_us = look.line_period_us(sample_m, dictionary.mission.number("optical", "reference_altitude_m"))
    period_us = quantised_line_period_us(true_us)
    return Image(
        start_gps_s=start_gps_s,
        middle=middle,
        line_period_us=period_us,
        integration_us=integration_us(period_us, float(settings["integration_us"].default or 0)),
        stages=stages,
        smear=smear(stages, period_us, true_us, YAW_ERROR_DEG),
        roll_deg=look.roll_deg,
        pitch_deg=look.pitch_deg,
    )


def _sun_angle_deg(state: State, target: Vector) -> float:
    """Between the boresight (to an Earth-fixed target; its centre means nadir) and the Sun."""
    boresight = target - state.fixed_position
    return angle_deg(boresight, earth_fixed(sun_position(state.gps_s) - state.position, state.gps_s))
