"""An optical image: its request, the line period that follows the geometry, and the imaging time of an orbit."""

import hal
from micropython import const

from payload.failure import Failure, Refusal
from payload.instruments.instrument import TakeRequest
from payload.tables import enums, failures, mission, persistent, pool, units

# Argument numbers of IMAGE_CONTRADICTION.
_STRIPS = const(1)
_INTERVAL = const(2)
_PITCH = const(3)
_ROLL = const(4)
_DURATION = const(5)

_NS = const(100)  # a line period in 0.1 us
_PERIODS_PER_MS = const(10000)

_TAKEN_FROM_THE_GROUND = (enums.OPTICAL_MODE_STRIP, enums.OPTICAL_MODE_STEREO, enums.OPTICAL_MODE_AREA)
IMAGE_MODES = (
    enums.OPTICAL_MODE_STRIP,
    enums.OPTICAL_MODE_STEREO,
    enums.OPTICAL_MODE_AREA,
    enums.OPTICAL_MODE_VIDEO,
)
# Where the door must be, by mode.
DOOR_OF_MODE = {
    enums.OPTICAL_MODE_STRIP: enums.DOOR_OPEN,
    enums.OPTICAL_MODE_STEREO: enums.DOOR_OPEN,
    enums.OPTICAL_MODE_AREA: enums.DOOR_OPEN,
    enums.OPTICAL_MODE_VIDEO: enums.DOOR_OPEN,
    enums.OPTICAL_MODE_DARK: enums.DOOR_SHUT,
    enums.OPTICAL_MODE_LAMP: enums.DOOR_SHUT,
    enums.OPTICAL_MODE_SUN: enums.DOOR_DIFFUSER,
}
_NADIR = (0, 0, 1, 0, 0)


class ImageRequest(TakeRequest):
    """An image as asked for, with the unit's settings encoded. Angles in 0.01 deg.

    Its strips start `interval_ms` after each other; STEREO looks with the opposite pitch the second
    time, AREA rolls by `roll_step` from strip to strip.
    """

    def __init__(self, task_id, mode, priority, start, geometry, values):
        self.settings = _encode(values)
        duration_ms = hal.get(hal.U32, self.settings, units.IMAGE_SETTINGS_DURATION_MS)
        super().__init__(task_id, mode, priority, bytearray(start), duration_ms, None)
        look = geometry or _NADIR
        self.roll = look[0]
        self.pitch = look[1]
        self.strips = look[2]
        self.interval_ms = look[3]
        self.roll_step = look[4]
        self.stages = self.settings[units.IMAGE_SETTINGS_TDI_STAGES]
        self.line_period = hal.get(hal.U16, self.settings, units.IMAGE_SETTINGS_LINE_PERIOD_US)
        self.integration = hal.get(hal.U16, self.settings, units.IMAGE_SETTINGS_INTEGRATION_US)
        if self.integration > self.line_period:
            raise Refusal(failures.CONSTRAINT, self.integration, self.line_period)
        if mode in IMAGE_MODES:
            self._require_image()
        else:
            self._require_calibration()
        self.predicted_mib = _predicted_mib(self)

    def pitch_of(self, strip):
        return -self.pitch if strip and self.mode == enums.OPTICAL_MODE_STEREO else self.pitch

    def roll_of(self, strip):
        return self.roll + strip * self.roll_step

    def line_period_of(self, strip):
        """In 0.1 us: as commanded for the first strip, for the others that of the geometry now, if it is known."""
        if strip == 0 or not self.follows_the_ground() or not hal.pool_valid(pool.ALTITUDE_M):
            return self.line_period
        # One beyond the limits is refused for itself (LinePeriod.require).
        period_ns = hal.line_period_ns(self.roll_of(strip), self.pitch_of(strip))
        return max(period_ns, mission.OPTICAL_LINE_PERIOD_MINIMUM_NS) // _NS

    def follows_the_ground(self):
        """Is the line period that of the ground's motion? VIDEO stares, a calibration sees no ground."""
        return self.mode in _TAKEN_FROM_THE_GROUND

    def _require_image(self):
        """Raise Refusal where the mode and the geometry contradict each other."""
        mode = self.mode
        if mode == enums.OPTICAL_MODE_STEREO:
            _require(self.strips == 2, _STRIPS, 2)
            _require(self.pitch != 0, _PITCH, 0)
        elif mode == enums.OPTICAL_MODE_AREA:
            _require(self.strips >= 2, _STRIPS, 2)
            _require(self.roll_step != 0, _ROLL, 0)
            _require(
                abs(self.roll_of(self.strips - 1)) <= mission.OPTICAL_ROLL_MAXIMUM_CENTIDEG,
                _ROLL,
                mission.OPTICAL_ROLL_MAXIMUM_CENTIDEG,
            )
        else:
            _require(self.strips == 1, _STRIPS, 1)
        if mode != enums.OPTICAL_MODE_AREA:
            _require(self.roll_step == 0, _ROLL, 0)
        if self.strips == 1:
            _require(self.interval_ms == 0, _INTERVAL, 0)
        else:
            shortest_ms = self.duration_ms + mission.OPTICAL_SHORTEST_TURN_MS
            _require(self.interval_ms >= shortest_ms, _INTERVAL, shortest_ms)
        span_ms = (self.strips - 1) * self.interval_ms + self.duration_ms
        _require(span_ms <= mission.OPTICAL_LONGEST_SPAN_MS, _INTERVAL, mission.OPTICAL_LONGEST_SPAN_MS)

    def _require_calibration(self):
        shortest_ms, longest_ms = mission.OPTICAL_CALIBRATION_SHORTEST_MS, mission.OPTICAL_CALIBRATION_LONGEST_MS
        _require(self.duration_ms >= shortest_ms, _DURATION, shortest_ms)
        _require(self.duration_ms <= longest_ms, _DURATION, longest_ms)


def _require(holds, argument, allowed):
    if not holds:
        raise Refusal(failures.IMAGE_CONTRADICTION, argument, allowed)


def _encode(values):
    """IMAGE_SETTINGS with its CRC, as the unit keeps it. Raises Refusal."""
    settings = bytearray(units.OPTICAL_SETTINGS_OCTETS)
    offset = 0
    for index in range(len(units.IMAGE_SETTINGS_TYPES)):
        offset = hal.put(units.IMAGE_SETTINGS_TYPES[index], values[index], settings, offset)
        if offset < 0:
            raise Refusal(failures.ARGUMENT_OUT_OF_RANGE, values[index], index + 1)
    hal.put(hal.U16, hal.crc16(settings, 0, offset), settings, offset)
    return settings


def _predicted_mib(request):
    """Memory of an image: lines x pixels x bits x bands over the compression, for every strip with its own lines."""
    settings = request.settings
    lines = 0
    for strip in range(request.strips):
        lines += request.duration_ms * _PERIODS_PER_MS // request.line_period_of(strip) + 1
    bands = 0
    mask = settings[units.IMAGE_SETTINGS_BANDS]
    while mask:
        bands += mask & 1
        mask >>= 1
    # The mask's PAN band has full resolution, a colour band a sixteenth of the pixels.
    pan = settings[units.IMAGE_SETTINGS_BANDS] & 1
    pixels = mission.OPTICAL_PIXELS_PER_LINE * (16 * pan + bands - pan)
    octets = lines * pixels * mission.OPTICAL_BITS_PER_SAMPLE // 128
    return octets * 10 // (settings[units.IMAGE_SETTINGS_COMPRESSION] << 20) + 1


class LinePeriod:
    """Keeps the unit's line period on that of the geometry, and the smear within its limit.

    The derived period wins over the commanded one; the commanded one must agree with it, within the
    smear limit, when the image begins. Each new sample of ancillary data gives a new period.
    """

    def __init__(self, unit):
        self._unit = unit
        self._seen = 0
        self._jumps = 0
        self._period = 0
        for parameter in (pool.IMAGE_LINE_PERIOD_US, pool.IMAGE_SMEAR_ALONG_PX, pool.IMAGE_SMEAR_ACROSS_PX):
            hal.pool_set(parameter, 0)

    def require(self, request):
        """Guard IMAGE_GEOMETRY: with the geometry now, which drifts until the start."""
        self._jumps = hal.pool_get(pool.ANCILLARY_JUMPS)
        if not request.follows_the_ground():
            return
        if not hal.pool_valid(pool.ALTITUDE_M):
            raise Refusal(failures.GUARD_PARAMETER_STALE, pool.ALTITUDE_M)
        across_mpx = hal.smear_across_mpx(request.stages, hal.pool_get(pool.YAW_ERROR_DEG))
        if across_mpx > mission.OPTICAL_SMEAR_LIMIT_MILLIPIXELS:
            raise Refusal(failures.SMEAR, across_mpx, mission.OPTICAL_SMEAR_LIMIT_MILLIPIXELS)
        drift = mission.OPTICAL_LINE_PERIOD_DRIFT_PERCENT
        for strip in range(request.strips):
            period_ns = hal.line_period_ns(request.roll_of(strip), request.pitch_of(strip))
            if not mission.OPTICAL_LINE_PERIOD_MINIMUM_NS <= period_ns <= mission.OPTICAL_LINE_PERIOD_MAXIMUM_NS:
                raise Refusal(failures.LINE_PERIOD, period_ns, mission.OPTICAL_LINE_PERIOD_MAXIMUM_NS)
            if request.integration * _NS > period_ns + period_ns * drift // 100:
                raise Refusal(failures.CONSTRAINT, request.integration, period_ns // _NS)
        period_ns = hal.line_period_ns(request.roll, request.pitch)
        along_mpx = hal.smear_along_mpx(request.stages, request.line_period * _NS, period_ns)
        if along_mpx > mission.OPTICAL_SMEAR_LIMIT_MILLIPIXELS + request.stages * drift * 10:
            raise Refusal(failures.SMEAR, along_mpx, mission.OPTICAL_SMEAR_LIMIT_MILLIPIXELS)

    def require_steady(self, request):
        """Raise Failure when the ancillary data jumped since the request was accepted."""
        jumps = (hal.pool_get(pool.ANCILLARY_JUMPS) - self._jumps) & 0xFFFF
        if jumps and request.mode in IMAGE_MODES:
            raise Failure(failures.ANCILLARY_JUMPED, jumps, 0)

    def begin(self, request, strip):
        """Just before a strip: check its geometry and set the unit's line period. Raises Failure."""
        self._period = request.line_period
        if not request.follows_the_ground():
            return
        if strip:
            # Only the first strip has a commanded period.
            self._period = self._derived(request, strip)
        self._apply(request, strip)
        self._set()

    def follow(self, request, strip):
        """Each cycle of an image: what a new sample of ancillary data changes. Raises Failure."""
        if request.follows_the_ground() and hal.pool_get(pool.ANCILLARY_COUNT) != self._seen:
            before = self._period
            self._apply(request, strip)
            if self._period != before:
                self._set()

    def _derived(self, request, strip):
        return (hal.line_period_ns(request.roll_of(strip), request.pitch_of(strip)) + _NS // 2) // _NS

    def _apply(self, request, strip):
        self._seen = hal.pool_get(pool.ANCILLARY_COUNT)
        limit_mpx = mission.OPTICAL_SMEAR_LIMIT_MILLIPIXELS
        period_ns = hal.line_period_ns(request.roll_of(strip), request.pitch_of(strip))
        along_mpx = hal.smear_along_mpx(request.stages, self._period * _NS, period_ns)
        across_mpx = hal.smear_across_mpx(request.stages, hal.pool_get(pool.YAW_ERROR_DEG))
        hal.pool_set(pool.IMAGE_LINE_PERIOD_US, period_ns)
        hal.pool_set(pool.IMAGE_SMEAR_ALONG_PX, along_mpx)
        hal.pool_set(pool.IMAGE_SMEAR_ACROSS_PX, across_mpx)
        if along_mpx > limit_mpx or across_mpx > limit_mpx:
            raise Failure(failures.SMEAR, max(along_mpx, across_mpx), limit_mpx)
        if not mission.OPTICAL_LINE_PERIOD_MINIMUM_NS <= period_ns <= mission.OPTICAL_LINE_PERIOD_MAXIMUM_NS:
            raise Failure(failures.LINE_PERIOD, period_ns, mission.OPTICAL_LINE_PERIOD_MAXIMUM_NS)
        self._period = (period_ns + _NS // 2) // _NS
        if request.integration > self._period:
            raise Failure(failures.CONSTRAINT, request.integration, self._period)

    def _set(self):
        self._unit.write(units.OPTICAL_CONTROL_LINE_PERIOD_US, hal.U16, self._period)


class ImagingBudget:
    """Imaging time of this orbit, kept over a reboot. Orbits are whole periods of GPS time.

    Only an orbit that the clock ran into begins anew. One that a step of the clock leads to has what the orbit
    before has used, for it may be the same one; so has the first one after a boot unless it is a later one.
    """

    def __init__(self, store):
        self._store = store
        self._orbit = store.get(persistent.OPTICAL_IMAGING_ORBIT)
        self._used_ms = store.get(persistent.OPTICAL_IMAGING_MS)
        self._kept_s = self._used_ms // 1000
        self._last_ms = hal.ticks_ms()
        self._steps = hal.time_steps()
        self._time_known = False
        hal.pool_set(pool.OPTICAL_IMAGING_TIME_S, self._kept_s)

    def require(self, request):
        """Guard IMAGING_BUDGET."""
        total_s = -(-(self._used_ms + request.strips * request.duration_ms) // 1000)
        if total_s > mission.OPTICAL_IMAGING_LIMIT_S:
            raise Refusal(failures.IMAGING_BUDGET, total_s, mission.OPTICAL_IMAGING_LIMIT_S)

    def run(self, imaging):
        """Once a cycle."""
        now_ms = hal.ticks_ms()
        elapsed_ms = hal.ticks_diff(now_ms, self._last_ms)
        self._last_ms = now_ms
        if hal.time_quality():
            orbit = hal.time_period_number(mission.ORBIT_PERIOD_S)
            steps = hal.time_steps()
            if orbit != self._orbit:
                if orbit > self._orbit and (steps == self._steps or not self._time_known):
                    self._used_ms = 0
                self._orbit = orbit
                self._store.put(persistent.OPTICAL_IMAGING_ORBIT, orbit)
                self._keep()
            self._steps = steps
            self._time_known = True
        if imaging:
            self._used_ms += elapsed_ms
            if self._used_ms // 1000 != self._kept_s:
                self._keep()

    def _keep(self):
        self._kept_s = self._used_ms // 1000
        hal.pool_set(pool.OPTICAL_IMAGING_TIME_S, self._kept_s)
        self._store.put(persistent.OPTICAL_IMAGING_MS, self._used_ms)
