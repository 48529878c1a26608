"""What both instruments do alike: supply, waiting for the unit, entries of the catalogue."""

import hal
from micropython import const

from payload.failure import EntryRefused, Failure, Refusal
from payload.tables import enums, events, failures, mission, pool, units

_RETRY_CYCLES = const(10)

# The unit needs the start command this long before the start.
_START_COMMAND_MARGIN_MS = const(200)

# Of either unit: it came up by itself, the state after its supply was switched on.
_STATE_BOOT = enums.SAR_UNIT_STATE_BOOT
_STATE_READY = enums.SAR_UNIT_STATE_READY

# Failures of the request or of the recorder: the instrument itself is well and goes back to rest.
_INSTRUMENT_WELL = (
    failures.ABORTED,
    failures.RECORDER_REFUSED,
    failures.RECORDER_RESTARTED,
    failures.RECORDER_FULL,
    failures.CATALOGUE_FULL,
    failures.CATALOGUE_NOT_STORED,
    failures.DATA_TAKE_EMPTY,
    failures.NO_SUCH_ENTRY,
    failures.NO_TRANSMIT_PERMIT,
    failures.START_IN_THE_PAST,
    failures.START_TOO_FAR,
    failures.TRANSMIT_ZONE,
    failures.POSITION_UNKNOWN,
)

# Failures whose detail is a node of the bus.
_OF_A_NODE = (failures.UNIT_LOST, failures.BUS_NO_REPLY, failures.BUS_BAD_REPLY, failures.BUS_ERROR_STATUS)


class TakeRequest:
    """A data take as asked for. `start` is 7 octets of CUC, `predicted_mib` the memory it will take."""

    def __init__(self, task_id, mode, priority, start, duration_ms, slot, predicted_mib=0):
        self.task_id = task_id
        self.mode = mode
        self.priority = priority
        self.start = start
        self.duration_ms = duration_ms
        self.slot = slot
        self.predicted_mib = predicted_mib


class Waits:
    """Waiting times that bench builds may change."""

    def __init__(self):
        self.sar_warmup_ms = mission.WAITS_SAR_WARMUP_MS
        self.sar_safe_ms = mission.WAITS_SAR_SAFE_MS
        self.sar_abort_ms = mission.WAITS_SAR_ABORT_MS
        self.take_begin_ms = mission.WAITS_TAKE_BEGIN_MS
        self.take_end_ms = mission.WAITS_TAKE_END_MS
        self.optical_safe_ms = mission.WAITS_OPTICAL_SAFE_MS
        self.optical_abort_ms = mission.WAITS_OPTICAL_ABORT_MS
        self.optical_stabilisation_ms = mission.WAITS_OPTICAL_STABILISATION_MS
        self.decontamination_hour_ms = mission.WAITS_OPTICAL_DECONTAMINATION_HOUR_MS


class Instrument:
    """Base of the instruments.

    `limiters_used` are opened by cut_power(), the unit's own last; `state` is (pool index of the
    unit's state, pool index of its fault flags, value of the state that means failed, {mode of rest, or
    SAFE: state of its unit}).
    """

    def __init__(self, machine, unit, limiters, limiters_used, catalogue, waits, state, event_service):
        self.machine = machine
        self.unit = unit
        self._limiters = limiters
        self._limiters_used = limiters_used
        self._catalogue = catalogue
        self._waits = waits
        self._state_parameter, self._flags_parameter, self._failed_state, self._mode_states = state
        self._events = event_service
        self._entry_open = False
        self._unit_commanded = True
        self._tell_drawing = None

    def tell_before_drawing(self, listener):
        """Call `listener` in a transition just before the unit is first commanded, hence before it draws more."""
        self._tell_drawing = listener
        self.machine.tell_beginnings(self._transition_begins)

    def drawn_mode(self):
        """The mode whose current the unit may draw besides the present one's: a transition's target once the unit
        was commanded; a data take that waits for its start is not drawing yet. SAFE, before a retry closes the
        limiter.
        """
        machine = self.machine
        if machine.is_retrying():
            return machine.powered_safe_mode
        return machine.target_or_mode() if self._unit_commanded else machine.mode

    def inhibit(self):
        """Set what inhibits the instrument without asking the unit. Nothing by default."""

    def powered(self):
        return self.unit.powered

    def is_seen_unsupplied(self):
        """Does the power unit's telemetry say that it has no supply, whatever was commanded?"""
        return self._limiters.are_seen_open(self._limiters_used)

    def uses(self, limiter):
        return limiter in self._limiters_used

    def cancel(self):
        """Abort what is going on, by telecommand. False when nothing is."""
        return self.machine.cancel()

    def cut_power(self):
        """Open every limiter of the instrument at once. Raises Failure when the power unit does not confirm a command.

        Whether it has switched, its telemetry says some samples later: cut_power_confirmed(), Limiters.run().
        """
        failure = None
        for limiter in self._limiters_used:
            try:
                self._limiters.command(limiter, False)
            except Failure as error:
                failure = error
        if failure is not None:
            raise failure
        self.unit.power(False)

    def cut_power_confirmed(self):
        """Generator: cut_power(), and wait for the telemetry that confirms it. Raises Failure."""
        self.cut_power()
        yield from self._limiters.require_open(self._limiters_used)

    def cut_power_persistently(self):
        """Generator: cut_power_confirmed() until it is, once a second."""
        while True:
            try:
                yield from self.cut_power_confirmed()
                return
            except Failure:
                for _ in range(_RETRY_CYCLES):
                    yield 0

    def close_entry(self):
        """Generator: close the entry of an unfinished data take, so that what was recorded is kept."""
        if self._entry_open:
            try:
                yield from self._close_and_report(0)
            finally:
                self.abandon_entry()

    def keep_entry(self):
        """Generator: close_entry(); what the recorder does not close now is left to the catalogue."""
        try:
            yield from self.close_entry()
        except Failure as failure:
            hal.console("entry not closed: failure %d\n" % failure.code)

    def abandon_entry(self):
        """Leave the closing of an open entry to the catalogue: a safing waits for no recorder."""
        if self._entry_open:
            self._entry_open = False
            self._catalogue.release()

    def require_start(self, start):
        """Raise Refusal unless the start (CUC) lies ahead by what the preparation needs."""
        until_ms = hal.time_until_ms(start, 0)
        if until_ms < mission.INSTRUMENTS_START_LEAD_MS:
            raise Refusal(failures.START_IN_THE_PAST, until_ms, mission.INSTRUMENTS_START_LEAD_MS)
        if until_ms > mission.INSTRUMENTS_START_LATEST_MS:
            # By a clock that nobody has set, every start is.
            code = failures.START_TOO_FAR if hal.time_quality() else failures.TIME_NOT_SET
            raise Refusal(code, until_ms, mission.INSTRUMENTS_START_LATEST_MS)

    def require_memory(self, request):
        """Guard MEMORY_BUDGET: the recorder has the margin times what was predicted of this very request."""
        needed_mib = -(-request.predicted_mib * mission.SAR_MEMORY_MARGIN_PERCENT // 100)
        free_mib = hal.pool_get(pool.RECORDER_FREE_MIB)
        if not hal.pool_valid(pool.RECORDER_FREE_MIB) or free_mib < needed_mib:
            raise Refusal(failures.MEMORY_BUDGET, free_mib, needed_mib)

    def failed(self):
        """Does the unit's own housekeeping say that it failed, or that it left the mode's state by itself?"""
        if not hal.pool_valid(self._state_parameter):
            return False
        state = hal.pool_get(self._state_parameter)
        if state == self._failed_state:
            return True
        machine = self.machine
        if machine.is_off():
            return False
        if state == _STATE_BOOT:
            return True
        return not machine.busy() and machine.mode in self._mode_states and state != self._mode_states[machine.mode]

    def report_fault(self):
        self._events.report(
            events.UNIT_FAULT,
            self.unit.node,
            hal.pool_get(self._flags_parameter),
            hal.pool_get(self._state_parameter),
        )

    def is_well(self, failure):
        """Is the failure none of the instrument's own?"""
        if isinstance(failure, EntryRefused) or failure.code in _INSTRUMENT_WELL:
            return True
        return failure.code in _OF_A_NODE and failure.detail == units.RECORDER_NODE

    def _open_entry(self, request):
        yield from self._catalogue.open(request.task_id, self.machine.instrument, request.mode, request.priority)
        self._entry_open = True

    def _close_and_report(self, task_id):
        """Generator: close the entry; its number of packets is returned."""
        yield from self._catalogue.close()
        self._entry_open = False
        packets = self._catalogue.packets()
        self._events.report(
            events.DATA_TAKE_CLOSED,
            task_id or hal.get(hal.U32, self._catalogue.entry, units.CATALOGUE_ENTRY_TASK_ID),
            hal.get(hal.U16, self._catalogue.entry, units.CATALOGUE_ENTRY_ENTRY_ID),
            packets,
        )
        return packets

    def _transition_begins(self):
        self._unit_commanded = False

    def _before_command(self):
        """Before anything that lets the unit draw more."""
        if not self._unit_commanded:
            self._unit_commanded = True
            if self._tell_drawing is not None:
                self._tell_drawing()

    def _switch_on_unit(self, limiter):
        self._before_command()
        yield from self._limiters.switch(limiter, True)
        self.unit.power(True)
        yield from self.unit.fresh_sample()

    def _await(self, parameter, value):
        """Generator: until the unit's register has the value. The transition's time limit bounds it."""
        yield from self.unit.fresh_sample()
        while hal.pool_get(parameter) != value:
            self._require_well()
            yield 0

    def _require_well(self):
        self.unit.require_link()
        state = hal.pool_get(self._state_parameter)
        if state == self._failed_state:
            raise Failure(failures.UNIT_FAULT, hal.pool_get(self._flags_parameter), state)

    def _require_ready(self):
        """While a data take waits for its start: a unit that came up anew by itself has lost what it was given."""
        self._require_well()
        state = hal.pool_get(self._state_parameter)
        if state != _STATE_READY:
            raise Failure(failures.UNIT_FAULT, hal.pool_get(self._flags_parameter), state)

    def _require_recording(self):
        """While preparing or taking data: the recorder still records into our entry."""
        if self._entry_open:
            self._catalogue.require_recording()

    def _await_start(self, request, lead_ms):
        """Generator: until the lead before the start. Raises Failure when the preparation took too long for it."""
        started_ms = hal.ticks_ms()
        left_ms = hal.time_until_ms(request.start, 0)
        while hal.time_until_ms(request.start, 0) > lead_ms:
            self._require_ready()
            self._require_recording()
            self._require_nearer(request, left_ms - hal.ticks_diff(hal.ticks_ms(), started_ms))
            yield 0
        self._require_ready()
        until_ms = hal.time_until_ms(request.start, 0)
        if until_ms < _START_COMMAND_MARGIN_MS:
            raise Failure(failures.START_IN_THE_PAST, until_ms, _START_COMMAND_MARGIN_MS)

    def _longest_ms(self, request, overhead_ms):
        """From now on, until a unit that was commanded to start has ended the data take, or strip, for certain."""
        until_ms = max(hal.time_until_ms(request.start, 0), 0)
        return until_ms + request.duration_ms + overhead_ms + self._waits.take_end_ms

    def _require_nearer(self, request, expected_ms):
        """Raise Failure when the time was set back, and the start moved away."""
        until_ms = hal.time_until_ms(request.start, 0)
        if until_ms > expected_ms + mission.INSTRUMENTS_START_STEP_BACK_LIMIT_MS:
            raise Failure(failures.START_TOO_FAR, until_ms, expected_ms)

    def _require_within(self, started_ms, limit_ms, step):
        """Raise Failure when the unit has taken longer than it may: it would go on for ever."""
        if hal.ticks_diff(hal.ticks_ms(), started_ms) > limit_ms:
            raise Failure(failures.STEP_TIME_OUT, step, limit_ms)

    def _await_within(self, parameter, value, limit_ms, step=0):
        """Generator: as _await, with a limit of its own; in recovery and safing `step` is 0."""
        started_ms = hal.ticks_ms()
        yield from self.unit.fresh_sample()
        while hal.pool_get(parameter) != value:
            self._require_well()
            self._require_within(started_ms, limit_ms, step)
            yield 0
