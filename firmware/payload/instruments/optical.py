"""The optical instrument: procedures of its mode transitions, the door, the image, recovery and safing."""

import hal
from micropython import const

from payload.failure import Failure, Refusal
from payload.instruments.instrument import Instrument, TakeRequest
from payload.tables import enums, events, failures, mission, modes, pool, units

_DOOR_LIMIT_MS = const(5000)
_DOOR_TEST_LIMIT_MS = const(14000)
# A cycle before the trip limit of the monitor OPTICAL_DOOR, which would safe the instrument.
_DOOR_TEST_MOVEMENT_LIMIT_MS = const(4900)
_ABORT_LIMIT_MS = const(2000)
_SAFE_LIMIT_MS = const(6000)
_START_COMMAND_LEAD_MS = const(700)
_MIB = const(1048576)

STEP_SETTINGS_VERIFIED = const(1)
STEP_ENTRY_OPEN = const(2)
STEP_IMAGING = const(3)
STEP_IMAGED = const(4)

_REST_STATES = {
    enums.OPTICAL_MODE_STANDBY: enums.OPTICAL_UNIT_STATE_IDLE,
    enums.OPTICAL_MODE_THERMAL_STABILISATION: enums.OPTICAL_UNIT_STATE_STABILISING,
    enums.OPTICAL_MODE_READY: enums.OPTICAL_UNIT_STATE_READY,
}
_DOOR_TEST_MODES = (enums.OPTICAL_MODE_STANDBY, enums.OPTICAL_MODE_THERMAL_STABILISATION)


class Optical(Instrument):
    def __init__(self, machine, unit, limiters, catalogue, waits, event_service):
        super().__init__(
            machine,
            unit,
            limiters,
            # The door's supply first: its spring shuts it while the rest is switched off.
            (enums.LIMITER_DOOR, enums.LIMITER_OPTICAL_HEATER, enums.LIMITER_OPTICAL_UNIT),
            catalogue,
            (pool.OPTICAL_STATE, pool.OPTICAL_FAULT_FLAGS, enums.OPTICAL_UNIT_STATE_FAILED, _REST_STATES),
            event_service,
        )
        self._waits = waits
        self._settings = bytearray(units.OPTICAL_SETTINGS_OCTETS)
        self.procedures = {
            "switch_on": self._switch_on,
            "switch_off": self._switch_off,
            "stand_by": self._stand_by,
            "stabilise": self._stabilise,
            "make_ready": self._make_ready,
            "image": self._image,
        }
        self._publish_door_tested(False)
        machine.attach(self)

    def cut_power(self):
        self._publish_door_tested(False)
        super().cut_power()

    def start_image(self, task_id, mode, priority, start, settings):
        """Generator: an image. Raises Refusal, later Failure."""
        self.require_start(start)
        self._encode_settings(settings)
        duration_ms = hal.get(hal.U32, self._settings, units.IMAGE_SETTINGS_DURATION_MS)
        yield from self.machine.take(mode, TakeRequest(task_id, mode, priority, start, duration_ms, None))

    def move_door(self, position):
        """Generator: move the door in READY and wait for its switches. OPEN needs the Sun far enough away."""
        guards = () if position == enums.DOOR_COMMAND_SHUT else (modes.GUARD_SUN_ANGLE,)
        yield from self.machine.operation(
            (enums.OPTICAL_MODE_READY,), self._move_door, guards, _DOOR_LIMIT_MS, position
        )

    def test_door(self):
        """Generator: away from SHUT and back, both movements timed. A door that fails is left to its spring.

        Needs the Sun far enough away: a door that sticks must not stick open toward it.
        """
        yield from self.machine.operation(
            _DOOR_TEST_MODES, self._test_door, (modes.GUARD_SUN_ANGLE,), _DOOR_TEST_LIMIT_MS, None
        )

    def require_memory(self, request):
        """Guard MEMORY_BUDGET: lines x pixels x bits x bands over the compression."""
        settings = self._settings
        lines = request.duration_ms * 10 // hal.get(hal.U16, settings, units.IMAGE_SETTINGS_LINE_PERIOD_US) * 1000
        bands = 0
        mask = settings[units.IMAGE_SETTINGS_BANDS]
        while mask:
            bands += mask & 1
            mask >>= 1
        # The mask's PAN band has full resolution, a colour band a sixteenth of the pixels.
        pixels = mission.OPTICAL_PIXELS_PER_LINE * (16 if settings[units.IMAGE_SETTINGS_BANDS] & 1 else 0)
        pixels += mission.OPTICAL_PIXELS_PER_LINE * (bands - (settings[units.IMAGE_SETTINGS_BANDS] & 1))
        octets = lines * (pixels * mission.OPTICAL_BITS_PER_SAMPLE // 128)
        predicted_mib = octets // _MIB * 10 // settings[units.IMAGE_SETTINGS_COMPRESSION] + 1
        if not hal.pool_valid(pool.RECORDER_FREE_MIB) or not self._catalogue.predicted_fits(predicted_mib):
            raise Refusal(failures.MEMORY_BUDGET, hal.pool_get(pool.RECORDER_FREE_MIB), predicted_mib)

    def recover(self, origin, failure):
        """Generator: after a failed transition, back to a mode of rest; the mode is returned."""
        if failure.code == failures.DOOR_TEST_FAILED:
            self._limiters.command(enums.LIMITER_DOOR, False)
            yield from self._await_within(pool.OPTICAL_DOOR, enums.DOOR_SHUT, _DOOR_LIMIT_MS)
            return origin
        if not self.is_well(failure):
            raise failure
        if origin == enums.OPTICAL_MODE_OFF:
            self.cut_power()
            return enums.OPTICAL_MODE_OFF
        if origin == enums.OPTICAL_MODE_READY:
            self._command(enums.OPTICAL_UNIT_COMMAND_ABORT)
            yield from self._await_within(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_READY, _ABORT_LIMIT_MS)
            yield from self.keep_entry()
            return enums.OPTICAL_MODE_READY
        yield from self._stand_by(None)
        return enums.OPTICAL_MODE_STANDBY

    def stand_down(self):
        """Generator, fault level 1: image ended, entry kept, door shut, unit to STANDBY; the mode is returned."""
        self.unit.require_link()
        self._command(enums.OPTICAL_UNIT_COMMAND_ABORT)
        yield from self._stand_by(None)
        yield from self.keep_entry()
        return enums.OPTICAL_MODE_STANDBY

    def switch_off_safely(self):
        """Generator, fault level 2: unit, heater and door unpowered; the mode is returned."""
        yield from self.cut_power_persistently()
        return enums.OPTICAL_MODE_SAFE_UNPOWERED

    def switch_on_safely(self):
        """Generator, fault level 2: unit on again, to SAFE and nowhere else; the mode is returned. Raises Failure."""
        yield from self._switch_on_unit(enums.LIMITER_OPTICAL_UNIT)
        self._command(enums.OPTICAL_UNIT_COMMAND_SAFE)
        yield from self._await_within(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_SAFE, _SAFE_LIMIT_MS)
        return enums.OPTICAL_MODE_SAFE

    def safing(self):
        """Generator: door shut first, then focal plane off, or unpowered; entry closed; the mode is returned."""
        try:
            self.unit.require_link()
            self._command(enums.OPTICAL_UNIT_COMMAND_SAFE)
            yield from self._await_within(pool.OPTICAL_DOOR, enums.DOOR_SHUT, _SAFE_LIMIT_MS)
            self._limiters.command(enums.LIMITER_DOOR, False)
            self._limiters.command(enums.LIMITER_OPTICAL_HEATER, False)
            mode = enums.OPTICAL_MODE_SAFE
        except Failure:
            yield from self.cut_power_persistently()
            mode = enums.OPTICAL_MODE_SAFE_UNPOWERED
        yield from self.keep_entry()
        return mode

    def _encode_settings(self, values):
        settings = self._settings
        offset = 0
        for index in range(len(units.IMAGE_SETTINGS_TYPES)):
            offset = hal.put(units.IMAGE_SETTINGS_TYPES[index], values[index], settings, offset)
            if offset < 0:
                raise Refusal(failures.ARGUMENT_OUT_OF_RANGE, values[index], index + 1)
        hal.put(hal.U16, hal.crc16(settings, 0, offset), settings, offset)
        line_period = hal.get(hal.U16, settings, units.IMAGE_SETTINGS_LINE_PERIOD_US)
        integration = hal.get(hal.U16, settings, units.IMAGE_SETTINGS_INTEGRATION_US)
        if integration > line_period:
            raise Refusal(failures.CONSTRAINT, integration, line_period)

    def _command(self, command):
        self.unit.write(units.OPTICAL_CONTROL_COMMAND, hal.U16, command)

    def _switch_on(self, request):
        self._publish_door_tested(False)
        yield from self._switch_on_unit(enums.LIMITER_OPTICAL_UNIT)
        self._command(enums.OPTICAL_UNIT_COMMAND_SELF_TEST)
        yield from self._await(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_IDLE)
        if hal.pool_get(pool.OPTICAL_DOOR) != enums.DOOR_SHUT:
            raise Failure(failures.UNIT_FAULT, hal.pool_get(pool.OPTICAL_FAULT_FLAGS), hal.pool_get(pool.OPTICAL_STATE))

    def _switch_off(self, request):
        if hal.pool_valid(pool.OPTICAL_DOOR) and hal.pool_get(pool.OPTICAL_DOOR) != enums.DOOR_SHUT:
            yield from self._move_door(enums.DOOR_COMMAND_SHUT)
        self._publish_door_tested(False)
        self.unit.power(False)
        for limiter in self._limiters_used:
            if self._limiters.is_closed(limiter):
                yield from self._limiters.switch(limiter, False)

    def _stand_by(self, request):
        if hal.pool_get(pool.OPTICAL_DOOR) != enums.DOOR_SHUT:
            yield from self._move_door(enums.DOOR_COMMAND_SHUT)
        self._command(enums.OPTICAL_UNIT_COMMAND_FOCAL_PLANE_OFF)
        yield from self._await(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_IDLE)
        if self._limiters.is_closed(enums.LIMITER_OPTICAL_HEATER):
            yield from self._limiters.switch(enums.LIMITER_OPTICAL_HEATER, False)

    def _stabilise(self, request):
        yield from self._limiters.switch(enums.LIMITER_OPTICAL_HEATER, True)
        self._command(enums.OPTICAL_UNIT_COMMAND_FOCAL_PLANE_ON)
        yield from self.unit.fresh_sample()
        while hal.pool_get(pool.OPTICAL_STABLE_S) * 1000 < self._waits.optical_stabilisation_ms:
            self._require_well()
            yield 0

    def _make_ready(self, request):
        self._command(enums.OPTICAL_UNIT_COMMAND_READY)
        yield from self._await(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_READY)

    def _move_door(self, position):
        # The door has power only while it is away from SHUT, so that losing the supply shuts it.
        if not self._limiters.is_closed(enums.LIMITER_DOOR):
            yield from self._limiters.switch(enums.LIMITER_DOOR, True)
        self.unit.write(units.OPTICAL_CONTROL_DOOR_COMMAND, hal.U16, position)
        yield from self._await(pool.OPTICAL_DOOR, position)
        self._events.report(events.DOOR_MOVED, position, hal.pool_get(pool.OPTICAL_DOOR_MOVEMENT_MS))
        if position == enums.DOOR_COMMAND_SHUT:
            yield from self._limiters.switch(enums.LIMITER_DOOR, False)

    def _test_door(self, request):
        self._publish_door_tested(False)
        if not self._limiters.is_closed(enums.LIMITER_DOOR):
            yield from self._limiters.switch(enums.LIMITER_DOOR, True)
        yield from self._time_door(enums.DOOR_COMMAND_DIFFUSER)
        away_ms = hal.pool_get(pool.OPTICAL_DOOR_MOVEMENT_MS)
        yield from self._time_door(enums.DOOR_COMMAND_SHUT)
        back_ms = hal.pool_get(pool.OPTICAL_DOOR_MOVEMENT_MS)
        yield from self._limiters.switch(enums.LIMITER_DOOR, False)
        self._publish_door_tested(True)
        self._events.report(events.DOOR_TESTED, away_ms, back_ms)

    def _time_door(self, position):
        self.unit.write(units.OPTICAL_CONTROL_DOOR_COMMAND, hal.U16, position)
        started_ms = hal.ticks_ms()
        yield from self.unit.fresh_sample()
        while hal.pool_get(pool.OPTICAL_DOOR) != position:
            self._require_well()
            if hal.ticks_diff(hal.ticks_ms(), started_ms) >= _DOOR_TEST_MOVEMENT_LIMIT_MS:
                raise Failure(failures.DOOR_TEST_FAILED, hal.pool_get(pool.OPTICAL_DOOR), _DOOR_TEST_MOVEMENT_LIMIT_MS)
            yield 0

    def _publish_door_tested(self, tested):
        hal.pool_set(pool.OPTICAL_DOOR_TESTED, enums.SWITCH_ON if tested else enums.SWITCH_OFF)

    def _image(self, request):
        unit = self.unit
        unit.write_verified(units.OPTICAL_SETTINGS_ADDRESS, self._settings, len(self._settings))
        yield STEP_SETTINGS_VERIFIED
        yield from self._open_entry(request)
        yield STEP_ENTRY_OPEN
        unit.write(units.OPTICAL_CONTROL_TASK_ID, hal.U32, request.task_id)
        unit.write(units.OPTICAL_CONTROL_ENTRY_ID, hal.U16, self._catalogue.open_entry_id())
        unit.write_time(units.OPTICAL_CONTROL_START_COARSE, request.start)
        yield from self._await_start(request, _START_COMMAND_LEAD_MS)
        self._command(enums.OPTICAL_UNIT_COMMAND_START)
        yield from self.unit.fresh_sample()
        while hal.pool_get(pool.OPTICAL_STATE) != enums.OPTICAL_UNIT_STATE_IMAGING:
            self._require_imaging()
            yield 0
        self.machine.set_mode(request.mode)
        yield STEP_IMAGING
        while hal.pool_get(pool.OPTICAL_PHASE) != enums.OPTICAL_PHASE_DONE:
            self._require_imaging()
            yield 0
        packets = yield from self._close_and_report(request.task_id)
        yield STEP_IMAGED
        if packets == 0:
            raise Failure(failures.DATA_TAKE_EMPTY, 0)
        yield from self._await(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_READY)
        self.machine.set_mode(enums.OPTICAL_MODE_READY)

    def _require_imaging(self):
        self._require_well()
        self._require_recording()
        flags = hal.pool_get(pool.OPTICAL_FAULT_FLAGS)
        if flags or hal.pool_get(pool.OPTICAL_PHASE) == enums.OPTICAL_PHASE_ABORTED:
            raise Failure(failures.UNIT_FAULT, flags, hal.pool_get(pool.OPTICAL_STATE))
