"""The SAR: procedures of its mode transitions, the data take, recovery and safing."""

import hal
from micropython import const

from payload.failure import Failure, Refusal
from payload.instruments.acquisition_table import AROUND_ECHOES_MS
from payload.instruments.instrument import Instrument, TakeRequest
from payload.tables import enums, failures, mission, modes, pool, units

_NO_ZONE = const(-1)
_LARGEST_EXCESS_PERCENT = const(10000)
_POSITION_UNKNOWN = const(-2)

STEP_TABLE_VERIFIED = const(1)
STEP_ENTRY_OPEN = const(2)
STEP_TAKING = const(3)
STEP_TAKEN = const(4)

_MODE_STATES = {
    enums.SAR_MODE_INIT: enums.SAR_UNIT_STATE_IDLE,
    enums.SAR_MODE_STANDBY: enums.SAR_UNIT_STATE_IDLE,
    enums.SAR_MODE_PREOP: enums.SAR_UNIT_STATE_READY,
    enums.SAR_MODE_SAFE: enums.SAR_UNIT_STATE_SAFE,
}


class Sar(Instrument):
    def __init__(self, machine, unit, limiters, catalogue, slots, permit, budget, waits, event_service):
        super().__init__(
            machine,
            unit,
            limiters,
            (enums.LIMITER_SAR_UNIT,),
            catalogue,
            waits,
            (pool.SAR_STATE, pool.SAR_FAULT_FLAGS, enums.SAR_UNIT_STATE_FAILED, _MODE_STATES),
            event_service,
        )
        self._slots = slots
        self._permit = permit
        self._budget = budget
        self.procedures = {
            "switch_on": self._switch_on,
            "switch_off": self._switch_off,
            "stand_by": self._stand_by,
            "warm_up": self._warm_up,
            "data_take": self._data_take,
        }
        machine.attach(self)

    def inhibit(self):
        self._permit.inhibit()

    def start_data_take(self, task_id, slot, priority, start):
        """Generator: a data take with the table of a slot. Raises Refusal, later Failure."""
        mode = self._slots.mode(slot)
        self.require_start(start)
        # What the slot holds now: it may be loaded anew while the data take waits for its start.
        duration_ms, predicted_mib = self._slots.duration_ms(slot), self._slots.predicted_mib(slot)
        request = TakeRequest(task_id, mode, priority, start, duration_ms, slot, predicted_mib)
        yield from self.machine.take(mode, request)

    def require_table(self, request):
        """Guard TABLE_VALID: the slot holds a table of the mode (only valid tables are ever stored)."""
        if self._slots.mode(request.slot) != request.mode:
            raise Refusal(failures.TABLE_RULE, enums.RULE_MODE, -1)

    def require_permit(self, request):
        """Guard TRANSMIT_PERMITTED."""
        if not self._permit.in_force():
            raise Refusal(failures.NO_TRANSMIT_PERMIT)

    def require_power(self, request):
        """Guard POWER_BUDGET: what is drawn now, and what the mode adds."""
        added_w = hal.get(hal.U16, modes.SAR_POWER_W, 2 * request.mode) - hal.get(
            hal.U16, modes.SAR_POWER_W, 2 * self.machine.mode
        )
        predicted_w = hal.pool_get(pool.POWER_TOTAL_POWER_W) + added_w
        if not hal.pool_valid(pool.POWER_TOTAL_POWER_W) or predicted_w > mission.SAR_POWER_LIMIT_W:
            raise Refusal(failures.POWER_BUDGET, predicted_w, mission.SAR_POWER_LIMIT_W)

    def require_transmit_budget(self, request):
        """Guard TRANSMIT_BUDGET."""
        self._budget.require(request.duration_ms, hal.get(hal.U32, request.start, 0))

    def run(self):
        """Once a cycle, after the samples and before the monitors: the current against the mode's prediction."""
        machine = self.machine
        self._budget.run()
        predicted_ma = max(
            hal.get(hal.U16, modes.SAR_CURRENT_MA, 2 * machine.mode),
            hal.get(hal.U16, modes.SAR_CURRENT_MA, 2 * self.drawn_mode()),
        )
        if predicted_ma and hal.pool_valid(pool.POWER_SAR_CURRENT_MA):
            lack_ma = predicted_ma - hal.pool_get(pool.POWER_SAR_CURRENT_MA)
            # Rounded up: a limit that is broken by less than a percent is broken.
            hal.pool_set(
                pool.SAR_CURRENT_EXCESS_PERCENT, min(-(lack_ma * 100 // predicted_ma), _LARGEST_EXCESS_PERCENT)
            )

    def require_outside_zones(self, request):
        """Guard OUTSIDE_TRANSMIT_ZONES: from the start to the end of the data take."""
        start_ms = max(hal.time_until_ms(request.start, 0), 0)
        self._require_clear_track(Refusal, start_ms, start_ms + request.duration_ms + mission.SAR_TAKE_OVERHEAD_MS)

    def recover(self, origin, failure):
        """Generator: after a failed transition, back to a mode of rest; the mode is returned."""
        self._permit.end_take()
        if not self.is_well(failure):
            raise failure
        target = self.machine.target_or_mode()
        if enums.SAR_MODE_OFF in (origin, target):
            yield from self.cut_power_confirmed()
            return enums.SAR_MODE_OFF
        if origin == enums.SAR_MODE_PREOP and target != enums.SAR_MODE_STANDBY:
            self._command(enums.SAR_UNIT_COMMAND_ABORT)
            yield from self._await_within(pool.SAR_STATE, enums.SAR_UNIT_STATE_READY, self._waits.sar_abort_ms)
            yield from self.keep_entry()
            return enums.SAR_MODE_PREOP
        self._command(enums.SAR_UNIT_COMMAND_STANDBY)
        yield from self._await_within(pool.SAR_STATE, enums.SAR_UNIT_STATE_IDLE, self._waits.sar_abort_ms)
        return enums.SAR_MODE_STANDBY

    def stand_down(self):
        """Generator, fault level 1: end the data take, its entry closed, unit to STANDBY; the mode is returned."""
        self.unit.require_link()
        self._command(enums.SAR_UNIT_COMMAND_STANDBY)
        yield from self._await_within(pool.SAR_STATE, enums.SAR_UNIT_STATE_IDLE, self._waits.sar_abort_ms)
        yield from self.keep_entry()
        return enums.SAR_MODE_STANDBY

    def switch_off_safely(self):
        """Generator, fault level 2: unit unpowered; the mode is returned."""
        yield from self.cut_power_persistently()
        return enums.SAR_MODE_SAFE_UNPOWERED

    def switch_on_safely(self):
        """Generator, fault level 2: unit on again, to SAFE and nowhere else; the mode is returned. Raises Failure."""
        yield from self._switch_on_unit(enums.LIMITER_SAR_UNIT)
        self._command(enums.SAR_UNIT_COMMAND_SAFE)
        yield from self._await_within(pool.SAR_STATE, enums.SAR_UNIT_STATE_SAFE, self._waits.sar_safe_ms)
        return enums.SAR_MODE_SAFE

    def safing(self):
        """Generator: unit to SAFE or unpowered; the mode is returned. inhibit() came before."""
        try:
            self.unit.require_link()
            self._command(enums.SAR_UNIT_COMMAND_SAFE)
            yield from self._await_within(pool.SAR_STATE, enums.SAR_UNIT_STATE_SAFE, self._waits.sar_safe_ms)
            mode = enums.SAR_MODE_SAFE
        except Failure:
            yield from self.cut_power_persistently()
            mode = enums.SAR_MODE_SAFE_UNPOWERED
        self.abandon_entry()
        return mode

    def _command(self, command):
        self._before_command()
        self.unit.write(units.SAR_CONTROL_COMMAND, hal.U16, command)

    def _switch_on(self, request):
        yield from self._switch_on_unit(enums.LIMITER_SAR_UNIT)
        self._command(enums.SAR_UNIT_COMMAND_SELF_TEST)
        self._slots.drop_damaged()
        yield from self._await(pool.SAR_STATE, enums.SAR_UNIT_STATE_IDLE)

    def _switch_off(self, request):
        self.inhibit()
        # First: a unit that is losing its supply is not asked for samples.
        self.unit.power(False)
        yield from self._limiters.switch(enums.LIMITER_SAR_UNIT, False)

    def _stand_by(self, request):
        self.inhibit()
        self._command(enums.SAR_UNIT_COMMAND_STANDBY)
        yield from self._await(pool.SAR_STATE, enums.SAR_UNIT_STATE_IDLE)

    def _warm_up(self, request):
        started_ms = hal.ticks_ms()
        self._command(enums.SAR_UNIT_COMMAND_WARM_UP)
        yield from self._await(pool.SAR_STATE, enums.SAR_UNIT_STATE_READY)
        while hal.ticks_diff(hal.ticks_ms(), started_ms) < self._waits.sar_warmup_ms:
            self._require_well()
            yield 0

    def _data_take(self, request):
        unit = self.unit
        # Now: the slot may be loaded anew while this data take waits for its start.
        block = self._slots.block(request.slot)
        transmits = self._slots.transmits(request.slot)
        unit.write_verified(units.SAR_TABLE_ADDRESS, block, len(block))
        yield STEP_TABLE_VERIFIED
        yield from self._open_entry(request)
        yield STEP_ENTRY_OPEN
        unit.write(units.SAR_CONTROL_TASK_ID, hal.U32, request.task_id)
        unit.write(units.SAR_CONTROL_ENTRY_ID, hal.U16, self._catalogue.open_entry_id())
        unit.write_time(units.SAR_CONTROL_START_COARSE, request.start)
        yield from self._await_start(request, mission.SAR_ENABLE_LEAD_MS)
        self.machine.require_entry(request)
        try:
            if transmits:
                self._require_clear_track(
                    Failure,
                    mission.SAR_ENABLE_LEAD_MS,
                    mission.SAR_ENABLE_LEAD_MS + request.duration_ms + mission.SAR_TAKE_OVERHEAD_MS,
                )
            if transmits and not (self._permit.begin_take() and hal.guard_transmit(True)):
                raise Failure(failures.NO_TRANSMIT_PERMIT)
            if transmits:
                self._budget.begin(request.duration_ms, hal.get(hal.U32, request.start, 0))
            self._command(enums.SAR_UNIT_COMMAND_START)
            started_ms, longest_ms = hal.ticks_ms(), self._longest_ms(request, AROUND_ECHOES_MS)
            yield from self.unit.fresh_sample()
            while hal.pool_get(pool.SAR_STATE) != enums.SAR_UNIT_STATE_TAKING:
                self._require_taking(transmits)
                self._require_within(started_ms, self._waits.take_begin_ms, STEP_ENTRY_OPEN)
                yield 0
            self.machine.set_mode(request.mode)
            yield STEP_TAKING
            while hal.pool_get(pool.SAR_PHASE) != enums.SAR_PHASE_DONE:
                self._require_taking(transmits)
                self._require_within(started_ms, longest_ms, STEP_TAKING)
                yield 0
            self._require_recording()
        finally:
            self._permit.end_take()
            self._budget.end()
        packets = yield from self._close_and_report(request.task_id)
        yield STEP_TAKEN
        if packets == 0:
            raise Failure(failures.DATA_TAKE_EMPTY, 0)
        yield from self._await_within(pool.SAR_STATE, enums.SAR_UNIT_STATE_READY, self._waits.take_end_ms, STEP_TAKEN)
        self.machine.set_mode(enums.SAR_MODE_PREOP)

    def _require_clear_track(self, error, from_ms, to_ms):
        """Raise the error when the track meets a transmit zone, or when the position is not known."""
        zone = hal.zone_ahead(from_ms, to_ms)
        if zone == _POSITION_UNKNOWN:
            raise error(failures.POSITION_UNKNOWN, hal.pool_age_ms(pool.LATITUDE_DEG))
        if zone != _NO_ZONE:
            raise error(failures.TRANSMIT_ZONE, zone, hal.zone_ahead_ms())

    def _require_taking(self, transmits):
        """From transmit-enable on: the zones too, whatever the unit says it is doing."""
        self._require_well()
        self._require_recording()
        if transmits:
            self._require_clear_track(Failure, 0, mission.SAR_ZONE_LOOKAHEAD_MS)
            if not hal.guard_transmitting():
                # Inhibited by telecommand: fault protection was here before for any other reason.
                raise Failure(failures.NO_TRANSMIT_PERMIT)
        flags = hal.pool_get(pool.SAR_FAULT_FLAGS)
        if flags or hal.pool_get(pool.SAR_PHASE) == enums.SAR_PHASE_ABORTED:
            raise Failure(failures.UNIT_FAULT, flags, hal.pool_get(pool.SAR_STATE))
