"""The optical instrument: procedures of its mode transitions, door, focus, images, recovery and safing."""

import hal
from micropython import const

from payload.failure import Failure
from payload.instruments.instrument import Instrument, TakeRequest
from payload.instruments.optical_image import (
    DOOR_OF_MODE,
    IMAGE_MODES,
    ImageRequest,
    ImagingBudget,
    LinePeriod,
)
from payload.tables import enums, events, failures, mission, modes, pool, units

_DOOR_TEST_LIMIT_MS = const(14000)
# A cycle before the trip limit of the monitor OPTICAL_DOOR, which would safe the instrument.
_DOOR_TEST_MOVEMENT_LIMIT_MS = mission.OPTICAL_DOOR_LIMIT_MS - mission.EXECUTIVE_CYCLE_MS
# A movement that the monitor still allows, and what confirms its supply before or after it.
_MOVE_DOOR_LIMIT_MS = mission.OPTICAL_DOOR_LIMIT_MS + 1000
_LAMP_LIMIT_MS = const(2000)
_DECONTAMINATION_START_LIMIT_MS = const(2000)

STEP_SETTINGS_VERIFIED = const(1)
STEP_ENTRY_OPEN = const(2)
STEP_IMAGING = const(3)
STEP_IMAGED = const(4)

_MODE_STATES = {
    enums.OPTICAL_MODE_STANDBY: enums.OPTICAL_UNIT_STATE_IDLE,
    enums.OPTICAL_MODE_THERMAL_STABILISATION: enums.OPTICAL_UNIT_STATE_STABILISING,
    enums.OPTICAL_MODE_READY: enums.OPTICAL_UNIT_STATE_READY,
    enums.OPTICAL_MODE_SAFE: enums.OPTICAL_UNIT_STATE_SAFE,
}
_DOOR_TEST_MODES = (enums.OPTICAL_MODE_STANDBY, enums.OPTICAL_MODE_THERMAL_STABILISATION)


_FOCUS_MODES = (
    enums.OPTICAL_MODE_STANDBY,
    enums.OPTICAL_MODE_THERMAL_STABILISATION,
    enums.OPTICAL_MODE_READY,
)

# Failures of the request, of the platform or of an aid: the instrument goes back to rest.
_WELL = (
    failures.CONSTRAINT,
    failures.SMEAR,
    failures.LINE_PERIOD,
    failures.ANCILLARY_JUMPED,
    failures.LAMP_FAILED,
)


class Optical(Instrument):
    def __init__(self, machine, unit, limiters, catalogue, waits, store, event_service):
        super().__init__(
            machine,
            unit,
            limiters,
            # The door's supply first: its spring shuts it while the rest is switched off.
            (enums.LIMITER_DOOR, enums.LIMITER_OPTICAL_HEATER, enums.LIMITER_OPTICAL_UNIT),
            catalogue,
            waits,
            (pool.OPTICAL_STATE, pool.OPTICAL_FAULT_FLAGS, enums.OPTICAL_UNIT_STATE_FAILED, _MODE_STATES),
            event_service,
        )
        self._line_period = LinePeriod(unit)
        self._budget = ImagingBudget(store)
        self._stop_heating = False
        self.procedures = {
            "switch_on": self._switch_on,
            "switch_off": self._switch_off,
            "stand_by": self._stand_by,
            "stabilise": self._stabilise,
            "make_ready": self._make_ready,
            "image": self._image,
            "calibrate": self._calibrate,
            "decontaminate": self._decontaminate,
        }
        self._publish_door_tested(False)
        machine.attach(self)

    def cut_power(self):
        self._publish_door_tested(False)
        super().cut_power()

    def cancel(self):
        """Abort. A decontamination ends by letting the focal plane cool, as at its natural end."""
        if self.machine.mode == enums.OPTICAL_MODE_DECONTAMINATION and self.machine.busy():
            self._stop_heating = True
            return True
        return super().cancel()

    def is_well(self, failure):
        return failure.code in _WELL or super().is_well(failure)

    def run(self):
        """Once a cycle: account imaging time; a door that is shut and at rest keeps no supply.

        A movement that was ended early leaves the door its supply, and the door may be shut or still on its way.
        """
        if (
            self._limiters.is_meant_closed(enums.LIMITER_DOOR)
            and not self.machine.busy()
            and hal.pool_valid(pool.OPTICAL_DOOR)
            and hal.pool_get(pool.OPTICAL_DOOR) == enums.DOOR_SHUT
        ):
            self._cut_door_supply()
        self._budget.run(
            self.machine.mode in IMAGE_MODES and hal.pool_get(pool.OPTICAL_PHASE) == enums.OPTICAL_PHASE_IMAGING
        )

    def start_image(self, task_id, mode, priority, start, geometry, settings):
        """Generator: an image. Raises Refusal, later Failure."""
        if mode not in IMAGE_MODES:
            raise self.machine.not_allowed(mode)
        self.require_start(start)
        yield from self.machine.take(mode, ImageRequest(task_id, mode, priority, start, geometry, settings))

    def start_calibration(self, task_id, mode, priority, start, settings):
        """Generator: DARK, LAMP or SUN. Raises Refusal, later Failure."""
        if mode not in DOOR_OF_MODE or mode in IMAGE_MODES:
            raise self.machine.not_allowed(mode)
        self.require_start(start)
        yield from self.machine.take(mode, ImageRequest(task_id, mode, priority, start, None, settings))

    def decontaminate(self, duration_h):
        """Generator: heat the focal plane for some hours, from STANDBY and back. Raises Refusal, later Failure."""
        mode = enums.OPTICAL_MODE_DECONTAMINATION
        duration_ms = duration_h * self._waits.decontamination_hour_ms
        yield from self.machine.take(mode, TakeRequest(0, mode, 0, None, duration_ms, None))

    def set_focus(self, steps):
        """Generator: move the focus and wait until it rests there. Raises Refusal, later Failure."""
        limit_ms = mission.OPTICAL_FOCUS_LIMIT_MS + self._waits.optical_abort_ms
        yield from self.machine.operation(_FOCUS_MODES, self._move_focus, (modes.GUARD_OPTICAL_FRESH,), limit_ms, steps)

    def move_door(self, position):
        """Generator: move the door in READY and wait for its switches. OPEN needs the Sun far enough away."""
        guards = () if position == enums.DOOR_COMMAND_SHUT else (modes.GUARD_SUN_ANGLE,)
        yield from self.machine.operation(
            (enums.OPTICAL_MODE_READY,), self._move_door, guards, _MOVE_DOOR_LIMIT_MS, position
        )

    def test_door(self):
        """Generator: away from SHUT and back, both movements timed. A door that fails is left to its spring.

        Needs the Sun far enough away: a door that sticks must not stick open toward it.
        """
        yield from self.machine.operation(
            _DOOR_TEST_MODES, self._test_door, (modes.GUARD_SUN_ANGLE,), _DOOR_TEST_LIMIT_MS, None
        )

    def require_geometry(self, request):
        """Guard IMAGE_GEOMETRY."""
        self._line_period.require(request)

    def require_budget(self, request):
        """Guard IMAGING_BUDGET."""
        self._budget.require(request)

    def recover(self, origin, failure):
        """Generator: after a failed transition, back to a mode of rest; the mode is returned."""
        if failure.code == failures.DOOR_TEST_FAILED:
            self._limiters.command(enums.LIMITER_DOOR, False)
            yield from self._await_within(pool.OPTICAL_DOOR, enums.DOOR_SHUT, mission.OPTICAL_DOOR_LIMIT_MS)
            return origin
        if failure.code == failures.FOCUS_STUCK:
            return origin
        if not self.is_well(failure):
            raise failure
        target = self.machine.target_or_mode()
        if enums.OPTICAL_MODE_OFF in (origin, target):
            yield from self.cut_power_confirmed()
            return enums.OPTICAL_MODE_OFF
        if origin == enums.OPTICAL_MODE_READY and target != enums.OPTICAL_MODE_STANDBY:
            self._command(enums.OPTICAL_UNIT_COMMAND_ABORT)
            yield from self._await_within(
                pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_READY, self._waits.optical_abort_ms
            )
            yield from self.keep_entry()
            if failure.code == failures.ANCILLARY_JUMPED and hal.pool_get(pool.OPTICAL_DOOR) != enums.DOOR_SHUT:
                # Where the Sun is, is not known any more.
                yield from self._move_door(enums.DOOR_COMMAND_SHUT)
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
        yield from self._await_shut_and_dark()
        yield from self._await_within(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_SAFE, self._waits.optical_safe_ms)
        return enums.OPTICAL_MODE_SAFE

    def safing(self):
        """Generator: door shut first, then focal plane off, or unpowered; the mode is returned."""
        try:
            self.unit.require_link()
            self._command(enums.OPTICAL_UNIT_COMMAND_SAFE)
            yield from self._await_shut_and_dark()
            self._limiters.command(enums.LIMITER_DOOR, False)
            self._limiters.command(enums.LIMITER_OPTICAL_HEATER, False)
            mode = enums.OPTICAL_MODE_SAFE
        except Failure:
            yield from self.cut_power_persistently()
            mode = enums.OPTICAL_MODE_SAFE_UNPOWERED
        self.abandon_entry()
        return mode

    def _command(self, command):
        self._before_command()
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
            if self._limiters.may_be_closed(limiter):
                yield from self._limiters.switch(limiter, False)

    def _stand_by(self, request):
        # A door that has its supply may have left SHUT since the last sample.
        if self._limiters.is_meant_closed(enums.LIMITER_DOOR) or hal.pool_get(pool.OPTICAL_DOOR) != enums.DOOR_SHUT:
            yield from self._move_door(enums.DOOR_COMMAND_SHUT)
        self._command(enums.OPTICAL_UNIT_COMMAND_FOCAL_PLANE_OFF)
        yield from self._await(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_IDLE)
        if self._limiters.may_be_closed(enums.LIMITER_OPTICAL_HEATER):
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
        if position != enums.DOOR_COMMAND_SHUT:
            yield from self._supply_door()
        # What has no supply is shut by its spring already.
        if self._limiters.may_be_closed(enums.LIMITER_DOOR):
            self.unit.write(units.OPTICAL_CONTROL_DOOR_COMMAND, hal.U16, position)
        yield from self._await(pool.OPTICAL_DOOR, position)
        self._events.report(events.DOOR_MOVED, position, hal.pool_get(pool.OPTICAL_DOOR_MOVEMENT_MS))
        if position == enums.DOOR_COMMAND_SHUT:
            yield from self._limiters.switch(enums.LIMITER_DOOR, False)

    def _supply_door(self):
        if not self._limiters.is_closed_as_meant(enums.LIMITER_DOOR):
            yield from self._limiters.switch(enums.LIMITER_DOOR, True)

    def _cut_door_supply(self):
        try:
            self._limiters.command(enums.LIMITER_DOOR, False)
        except Failure as failure:
            # Limiters.run() goes on trying.
            hal.console("door supply not cut: failure %d\n" % failure.code)

    def _test_door(self, request):
        self._publish_door_tested(False)
        yield from self._supply_door()
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

    def _await_shut_and_dark(self):
        """Generator: until the door is shut and then the focal plane off, within the time a safing has."""
        started_ms = hal.ticks_ms()
        yield from self.unit.fresh_sample()
        while hal.pool_get(pool.OPTICAL_DOOR) != enums.DOOR_SHUT or hal.pool_get(pool.OPTICAL_FOCAL_PLANE_ON):
            self._require_well()
            if hal.ticks_diff(hal.ticks_ms(), started_ms) > self._waits.optical_safe_ms:
                raise Failure(failures.STEP_TIME_OUT, 0, self._waits.optical_safe_ms)
            yield 0

    def _move_focus(self, steps):
        self.unit.write(units.OPTICAL_CONTROL_FOCUS_TARGET_STEPS, hal.I16, steps)
        started_ms = hal.ticks_ms()
        yield from self.unit.fresh_sample()
        while not (hal.pool_get(pool.OPTICAL_FOCUS_VALID) and hal.pool_get(pool.OPTICAL_FOCUS_STEPS) == steps):
            self._require_well()
            if hal.ticks_diff(hal.ticks_ms(), started_ms) > mission.OPTICAL_FOCUS_LIMIT_MS:
                raise Failure(failures.FOCUS_STUCK, hal.pool_get(pool.OPTICAL_FOCUS_STEPS), steps)
            yield 0
        self._events.report(events.FOCUS_SET, steps, hal.ticks_diff(hal.ticks_ms(), started_ms))

    def _decontaminate(self, request):
        planned_s = request.duration_ms // 1000
        self._stop_heating = False
        yield from self._limiters.switch(enums.LIMITER_OPTICAL_HEATER, True)
        self._command(enums.OPTICAL_UNIT_COMMAND_DECONTAMINATE)
        # The transition's own limit is days, with the heater on.
        yield from self._await_within(
            pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_DECONTAMINATING, _DECONTAMINATION_START_LIMIT_MS
        )
        self.machine.set_mode(request.mode)
        started_s = hal.uptime_s()
        while not self._stop_heating and hal.uptime_s() - started_s < planned_s:
            self._require_decontaminating()
            yield 0
        heated_s = hal.uptime_s() - started_s
        self._command(enums.OPTICAL_UNIT_COMMAND_FOCAL_PLANE_OFF)
        yield from self._limiters.switch(enums.LIMITER_OPTICAL_HEATER, False)
        # STANDBY has a lower limit than what the focal plane was heated to.
        started_ms = hal.ticks_ms()
        while hal.pool_get(pool.OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC) >= mission.OPTICAL_DECONTAMINATED_BELOW_CENTIDEGC:
            self._require_well()
            self._require_within(started_ms, mission.OPTICAL_DECONTAMINATED_WITHIN_MS, 0)
            yield 0
        self._events.report(events.DECONTAMINATED, heated_s // 60, planned_s // 60)
        if self._stop_heating:
            raise Failure(failures.ABORTED)
        self.machine.set_mode(enums.OPTICAL_MODE_STANDBY)

    def _require_decontaminating(self):
        self._require_well()
        if hal.pool_get(pool.OPTICAL_DOOR) != enums.DOOR_SHUT:
            raise Failure(failures.DOOR_LEFT_POSITION, hal.pool_get(pool.OPTICAL_DOOR), enums.DOOR_SHUT)
        if hal.pool_get(pool.OPTICAL_STATE) != enums.OPTICAL_UNIT_STATE_DECONTAMINATING:
            raise Failure(failures.UNIT_FAULT, hal.pool_get(pool.OPTICAL_FAULT_FLAGS), hal.pool_get(pool.OPTICAL_STATE))

    def _calibrate(self, request):
        lamp = request.mode == enums.OPTICAL_MODE_LAMP
        if lamp:
            yield from self._switch_lamp(enums.SWITCH_ON)
        yield from self._take(request)
        if lamp:
            yield from self._switch_lamp(enums.SWITCH_OFF)
        self.machine.set_mode(enums.OPTICAL_MODE_READY)

    def _switch_lamp(self, position):
        self.unit.write(units.OPTICAL_CONTROL_LAMP_COMMAND, hal.U16, position)
        started_ms = hal.ticks_ms()
        yield from self.unit.fresh_sample()
        while hal.pool_get(pool.OPTICAL_LAMP) != position:
            self._require_well()
            if hal.ticks_diff(hal.ticks_ms(), started_ms) > _LAMP_LIMIT_MS:
                raise Failure(failures.LAMP_FAILED, hal.pool_get(pool.OPTICAL_LAMP), _LAMP_LIMIT_MS)
            yield 0

    def _image(self, request):
        yield from self._take(request)
        self.machine.set_mode(enums.OPTICAL_MODE_READY)

    def _take(self, request):
        """Generator: every strip of an image or calibration into one entry of the catalogue."""
        unit = self.unit
        unit.write_verified(units.OPTICAL_SETTINGS_ADDRESS, request.settings, len(request.settings))
        yield STEP_SETTINGS_VERIFIED
        yield from self._open_entry(request)
        yield STEP_ENTRY_OPEN
        unit.write(units.OPTICAL_CONTROL_TASK_ID, hal.U32, request.task_id)
        unit.write(units.OPTICAL_CONTROL_ENTRY_ID, hal.U16, self._catalogue.open_entry_id())
        unit.write(units.OPTICAL_CONTROL_IMAGE_MODE, hal.U8, request.mode)
        for strip in range(request.strips):
            yield from self._take_strip(request, strip)
        self._require_recording()
        packets = yield from self._close_and_report(request.task_id)
        yield STEP_IMAGED
        if packets == 0:
            raise Failure(failures.DATA_TAKE_EMPTY, 0)
        yield from self._await_within(
            pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_READY, self._waits.take_end_ms, STEP_IMAGED
        )

    def _take_strip(self, request, strip):
        if strip:
            hal.time_add_ms(request.start, 0, request.interval_ms)
        self.unit.write_time(units.OPTICAL_CONTROL_START_COARSE, request.start)
        started_ms = hal.ticks_ms()
        left_ms = hal.time_until_ms(request.start, 0)
        while hal.time_until_ms(request.start, 0) > mission.OPTICAL_START_COMMAND_LEAD_MS:
            self._require_taking(request)
            self._require_recording()
            self._require_nearer(request, left_ms - hal.ticks_diff(hal.ticks_ms(), started_ms))
            yield 0
        yield from self._await_start(request, mission.OPTICAL_START_COMMAND_LEAD_MS)
        self.machine.require_entry(request, strip > 0)
        self._command(enums.OPTICAL_UNIT_COMMAND_START)
        commanded_ms, longest_ms = hal.ticks_ms(), self._longest_ms(request, 0)
        self._line_period.begin(request, strip)
        yield from self.unit.fresh_sample()
        while hal.pool_get(pool.OPTICAL_STATE) != enums.OPTICAL_UNIT_STATE_IMAGING:
            self._require_imaging()
            self._require_taking(request)
            self._require_within(commanded_ms, self._waits.take_begin_ms, STEP_ENTRY_OPEN)
            yield 0
        self.machine.set_mode(request.mode)
        yield 0 if strip else STEP_IMAGING
        while hal.pool_get(pool.OPTICAL_PHASE) != enums.OPTICAL_PHASE_DONE:
            self._require_imaging()
            self._require_within(commanded_ms, longest_ms, STEP_IMAGING)
            self._require_taking(request)
            self._line_period.follow(request, strip)
            yield 0

    def _require_taking(self, request):
        """What must hold from the request to the image's end."""
        self._require_well()
        position = DOOR_OF_MODE[request.mode]
        if hal.pool_get(pool.OPTICAL_DOOR) != position:
            raise Failure(failures.DOOR_LEFT_POSITION, hal.pool_get(pool.OPTICAL_DOOR), position)
        self._line_period.require_steady(request)

    def _require_imaging(self):
        self._require_well()
        self._require_recording()
        flags = hal.pool_get(pool.OPTICAL_FAULT_FLAGS)
        if flags or hal.pool_get(pool.OPTICAL_PHASE) == enums.OPTICAL_PHASE_ABORTED:
            raise Failure(failures.UNIT_FAULT, flags, hal.pool_get(pool.OPTICAL_STATE))
