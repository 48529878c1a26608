"""The mode machine, driven with an instrument that does as the test says."""

import hal

import runner
from payload.failure import Failure, Refusal
from payload.instruments import interlocks
from payload.instruments.interlocks import Interlocks, RefuseState, TwoStep
from payload.instruments.machine import ModeMachine
from payload.storage.persistent import Persistent
from payload.tables import enums, events, failures, mission, pool
from runner import refused

OFF, REST, READY, TAKE, SAFE, UNPOWERED = 0, 1, 2, 3, 4, 5
MODES = (
    (OFF, "OFF", 0),
    (REST, "REST", 1),
    (READY, "READY", 1),
    (TAKE, "TAKE", 2),
    (SAFE, "SAFE", 3),
    (UNPOWERED, "UNPOWERED", 3),
)
BUS_VOLTAGE = 0
CAUSE = 22
TRANSITIONS = (
    (1 << OFF, REST, "prepare", (BUS_VOLTAGE,), 1000),
    (1 << REST, READY, "prepare", (), 1000),
    (1 << READY, TAKE, "take", (), 1000),
    (1 << REST | 1 << READY | 1 << SAFE | 1 << UNPOWERED, OFF, "prepare", (), 1000),
)


class Events:
    def __init__(self):
        self.seen = []

    def report(self, event, *fields):
        self.seen.append((event[0], fields))

    def ids(self):
        return [event_id for event_id, _ in self.seen]


class Instrument:
    """Procedures take `cycles` cycles, then raise `failure` if there is one."""

    def __init__(self):
        self.procedures = {"prepare": self._procedure, "take": self._procedure}
        self.cycles = 3
        self.failure = None
        self.recovery_failure = None
        self.recovery_cycles = 1
        self.safing_failure = None
        self.safings_closed = 0
        self.stand_down_failure = None
        self.stand_down_cycles = 2
        self.stand_downs_closed = 0
        self.switch_on_failure = None
        self.switched_on = 0
        self.on = True
        self.inhibited = 0
        self.power_cuts = 0
        self.cut_failure = None
        self.abandoned = 0
        self.closed = 0
        self.recovered = 0

    def inhibit(self):
        self.inhibited += 1

    def cut_power(self):
        self.power_cuts += 1
        if self.cut_failure:
            raise self.cut_failure

    def abandon_entry(self):
        self.abandoned += 1

    def recover(self, origin, failure):
        for _ in range(self.recovery_cycles):
            yield 0
        self.recovered += 1
        if self.recovery_failure:
            raise self.recovery_failure
        return origin

    def safing(self):
        try:
            yield 0
            if self.safing_failure:
                raise self.safing_failure
            yield 0
            return SAFE
        finally:
            self.safings_closed += 1

    def powered(self):
        return self.on

    def stand_down(self):
        try:
            for _ in range(self.stand_down_cycles):
                yield 0
            if self.stand_down_failure:
                raise self.stand_down_failure
            return REST
        finally:
            self.stand_downs_closed += 1

    def switch_off_safely(self):
        yield 0
        self.on = False
        return UNPOWERED

    def switch_on_safely(self):
        yield 0
        self.switched_on += 1
        if self.switch_on_failure:
            raise self.switch_on_failure
        self.on = True
        return SAFE

    def _procedure(self, request):
        try:
            for step in range(self.cycles):
                yield step
            if self.failure:
                raise self.failure
        finally:
            self.closed += 1


class Setup:
    def __init__(self):
        hal.init(0x0E00, True)
        self.events = Events()
        self.refuse = RefuseState(Persistent(), self)
        self.machine = ModeMachine(1, MODES, TRANSITIONS, pool.SAR_MODE, Interlocks({}), self.refuse, self.events)
        self.instrument = Instrument()
        self.machine.attach(self.instrument)
        hal.pool_set(pool.POWER_BUS_VOLTAGE_V, 28000)

    def withdraw(self):
        """As the transmit permit has it."""

    def go(self, target):
        for _ in self.machine.transition(target, None):
            pass

    def run(self, cycles):
        for _ in range(cycles):
            self.machine.run()


def test_transition_changes_mode_at_its_end():
    setup = Setup()
    transition = setup.machine.transition(REST, None)
    next(transition)
    assert setup.machine.mode == OFF and setup.machine.busy()
    for _ in transition:
        pass
    assert setup.machine.mode == REST and not setup.machine.busy()
    assert hal.pool_get(pool.SAR_MODE) == REST
    assert setup.events.seen == [(events.MODE_CHANGED[0], (1, OFF, REST))]


def test_only_the_tables_transitions_are_taken():
    for origin, _, _ in MODES:
        for target, _, _ in MODES:
            setup = Setup()
            setup.machine.mode = origin
            legal = any(to == target and mask >> origin & 1 for mask, to, _, _, _ in TRANSITIONS)
            if legal:
                setup.go(target)
            else:
                failure = refused(failures.ILLEGAL_TRANSITION, setup.machine.transition, target, None)
                assert (failure.detail, failure.limit) == (origin, target)
                assert setup.machine.mode == origin


def test_a_take_is_not_reached_by_a_mode_telecommand():
    setup = Setup()
    setup.machine.mode = READY
    refused(failures.ILLEGAL_TRANSITION, setup.machine.go_to, TAKE)
    refused(failures.ILLEGAL_TRANSITION, setup.machine.go_to, SAFE)


def test_guard_needs_range_and_freshness():
    setup = Setup()
    for value, ok in ((25999, False), (26000, True), (32000, True), (32001, False)):
        setup.machine.mode = OFF
        hal.pool_set(pool.POWER_BUS_VOLTAGE_V, value)
        if ok:
            setup.go(REST)
        else:
            failure = refused(failures.GUARD_OUT_OF_RANGE, setup.machine.transition, REST, None)
            assert failure.detail == value
    setup.machine.mode = OFF
    hal.pool_set(pool.POWER_BUS_VOLTAGE_V, 28000)
    hal.sleep((hal.ticks_ms() + 2100) & 0x3FFFFFFF)
    refused(failures.GUARD_PARAMETER_STALE, setup.machine.transition, REST, None)


def test_second_transition_is_refused_while_one_is_under_way():
    setup = Setup()
    setup.machine.mode = REST
    first = setup.machine.transition(READY, None)
    next(first)
    failure = refused(failures.INSTRUMENT_BUSY, setup.machine.transition, OFF, None)
    assert failure.detail == READY


def test_refuse_state_refuses_everything():
    setup = Setup()
    setup.refuse.latch(CAUSE)
    failure = refused(failures.REFUSE_STATE, setup.machine.transition, REST, None)
    assert failure.detail == CAUSE


def test_failure_recovers_and_is_reported():
    setup = Setup()
    setup.instrument.failure = Failure(failures.UNIT_FAULT, 1)
    try:
        setup.go(REST)
        raise AssertionError("no failure")
    except Failure as failure:
        assert failure.code == failures.UNIT_FAULT
    assert setup.instrument.recovered == 1 and setup.machine.mode == OFF and not setup.machine.busy()
    assert events.TRANSITION_FAILED[0] in setup.events.ids()
    assert not setup.refuse.latched()


def test_failed_recovery_is_safed():
    setup = Setup()
    setup.machine.mode = REST
    setup.instrument.failure = Failure(failures.UNIT_FAULT, 1)
    setup.instrument.recovery_failure = Failure(failures.UNIT_LOST, 32)
    try:
        setup.go(READY)
    except Failure:
        pass
    setup.run(5)
    assert setup.machine.mode == SAFE and setup.refuse.latched() and setup.instrument.inhibited
    assert events.SAFED[0] in setup.events.ids()


def test_time_limit_ends_a_procedure():
    setup = Setup()
    setup.instrument.cycles = 100000
    transition = setup.machine.transition(REST, None)
    next(transition)
    try:
        for _ in range(30):
            next(transition)
            hal.sleep((hal.ticks_ms() + 100) & 0x3FFFFFFF)
        raise AssertionError("no time limit")
    except Failure as failure:
        assert (failure.code, failure.limit) == (failures.STEP_TIME_OUT, 1000)
    assert setup.instrument.closed == 1, "the procedure was left hanging"


def test_cancel_ends_a_procedure_at_its_next_turn():
    setup = Setup()
    assert not setup.machine.cancel()
    transition = setup.machine.transition(REST, None)
    next(transition)
    assert setup.machine.cancel()
    try:
        for _ in transition:
            pass
        raise AssertionError("not cancelled")
    except Failure as failure:
        assert failure.code == failures.ABORTED
    assert setup.machine.mode == OFF


def test_safing_overrides_a_transition():
    setup = Setup()
    setup.machine.mode = READY
    transition = setup.machine.transition(TAKE, None)
    next(transition)
    setup.machine.safe(CAUSE)
    assert setup.instrument.inhibited == 1, "the inhibit comes first"
    try:
        for _ in transition:
            pass
    except Failure as failure:
        assert (failure.code, failure.detail) == (failures.ABORTED, CAUSE)
    assert setup.instrument.recovered == 0, "the safing path is in charge"
    setup.run(5)
    assert setup.machine.mode == SAFE
    assert setup.refuse.cause() == CAUSE


def test_safing_of_an_instrument_that_is_off_only_latches():
    setup = Setup()
    setup.machine.safe(CAUSE)
    setup.run(5)
    assert setup.machine.mode == OFF and setup.refuse.latched()


def _levels(setup):
    return [fields for event_id, fields in setup.events.seen if event_id == events.FAULT_LEVEL[0]]


def _wait(milliseconds):
    hal.sleep((hal.ticks_ms() + milliseconds) & 0x3FFFFFFF)


def test_standing_down_aborts_and_ends_in_standby_without_refuse():
    setup = Setup()
    setup.machine.mode = READY
    transition = setup.machine.transition(TAKE, None)
    next(transition)
    setup.machine.stand_down(CAUSE)
    assert setup.instrument.inhibited == 1, "the inhibit comes first"
    try:
        for _ in transition:
            pass
        raise AssertionError("not aborted")
    except Failure as failure:
        assert (failure.code, failure.detail) == (failures.ABORTED, CAUSE)
    assert setup.instrument.recovered == 0 and setup.machine.busy()
    refused(failures.INSTRUMENT_BUSY, setup.machine.transition, READY, None)
    setup.run(3)
    assert setup.machine.mode == REST and not setup.machine.busy() and not setup.refuse.latched()
    assert _levels(setup) == [(enums.FAULT_LEVEL_STAND_DOWN, 1, CAUSE)]
    setup.go(READY)


def test_standing_down_that_fails_or_never_ends_is_safed():
    for never_ends in (False, True):
        setup = Setup()
        setup.machine.mode = READY
        if never_ends:
            setup.instrument.stand_down_cycles = 100000
        else:
            setup.instrument.stand_down_failure = Failure(failures.BUS_NO_REPLY, 32)
        setup.machine.stand_down(CAUSE)
        for _ in range(160):
            setup.run(1)
            _wait(100)
        assert setup.machine.mode == SAFE and setup.refuse.cause() == CAUSE
        assert setup.instrument.stand_downs_closed == 1
        levels = [level for level, _, _ in _levels(setup)]
        assert levels == [enums.FAULT_LEVEL_STAND_DOWN, enums.FAULT_LEVEL_SAFE]


def test_standing_down_begins_once_and_a_safing_takes_over():
    setup = Setup()
    setup.machine.mode = READY
    setup.machine.stand_down(CAUSE)
    setup.run(1)
    setup.machine.stand_down(CAUSE)
    assert len(_levels(setup)) == 1
    setup.machine.safe(CAUSE + 1)
    assert setup.instrument.stand_downs_closed == 1
    setup.machine.stand_down(CAUSE)
    setup.run(5)
    assert setup.machine.mode == SAFE and setup.refuse.cause() == CAUSE + 1
    setup.machine.stand_down(CAUSE)
    assert not setup.machine.busy(), "what is safe stays safe"


def test_an_instrument_that_is_off_has_nothing_to_stand_down():
    setup = Setup()
    setup.machine.stand_down(CAUSE)
    assert setup.machine.mode == OFF and not setup.machine.busy() and _levels(setup) == []


def test_a_power_cycle_waits_and_closes_the_limiter_once_into_safe():
    setup = Setup()
    setup.machine.mode = READY
    setup.machine.safe(CAUSE, True)
    setup.run(5)
    assert setup.machine.mode == UNPOWERED and setup.machine.is_safing() and not setup.instrument.on
    _wait(mission.FAULT_LEVELS_POWER_OFF_MS - 100)
    setup.run(3)
    assert setup.instrument.switched_on == 0, "not before its time"
    _wait(200)
    setup.run(4)
    assert setup.machine.mode == SAFE and setup.instrument.switched_on == 1 and not setup.machine.busy()
    assert setup.refuse.cause() == CAUSE
    assert setup.events.ids().count(events.SAFED[0]) == 1
    setup.machine.safe(CAUSE, True)
    for _ in range(300):
        setup.run(1)
        _wait(100)
    assert setup.machine.mode == UNPOWERED and setup.instrument.switched_on == 1, "a second failure: for good"
    assert not setup.machine.busy()


def test_a_retry_that_fails_leaves_the_instrument_unpowered():
    setup = Setup()
    setup.machine.mode = READY
    setup.instrument.switch_on_failure = Failure(failures.UNIT_LOST, 32)
    setup.machine.safe(CAUSE, True)
    for _ in range(300):
        setup.run(1)
        _wait(100)
    assert setup.machine.mode == UNPOWERED and setup.instrument.switched_on == 1 and not setup.machine.busy()
    assert not setup.instrument.on


def test_the_one_retry_is_given_again_after_refuse_was_left():
    setup = Setup()
    setup.machine.mode = READY
    for expected in (1, 1, 2):
        setup.machine.safe(CAUSE, True)
        for _ in range(120):
            setup.run(1)
            _wait(100)
        assert setup.instrument.switched_on == expected
        if expected == 1 and not setup.instrument.on:
            setup.refuse._cause = 0
            setup.go(OFF)
            setup.instrument.on = True
            setup.machine.mode = READY


def test_hard_off_ends_a_power_cycle():
    setup = Setup()
    setup.machine.mode = READY
    setup.machine.safe(CAUSE, True)
    setup.run(5)
    setup.machine.hard_off()
    _wait(mission.FAULT_LEVELS_POWER_OFF_MS + 100)
    setup.run(5)
    assert setup.machine.mode == OFF and setup.instrument.switched_on == 0 and not setup.machine.busy()


def test_a_reboot_does_not_clear_refuse():
    setup = Setup()
    setup.machine.mode = READY
    setup.machine.safe(CAUSE)
    assert Persistent().flush(1000)
    rebooted = Setup()
    assert rebooted.refuse.cause() == CAUSE and hal.pool_get(pool.REFUSE) == 1
    refused(failures.REFUSE_STATE, rebooted.machine.transition, REST, None)
    rebooted.refuse.arm_exit()
    rebooted.refuse.exit(Clear())
    assert Persistent().flush(1000)
    assert not Setup().refuse.latched()


class Clear:
    def require_limits_clear(self):
        pass


def test_hard_off_ends_everything():
    setup = Setup()
    setup.machine.mode = READY
    transition = setup.machine.transition(TAKE, None)
    next(transition)
    setup.machine.hard_off()
    assert setup.instrument.power_cuts == 1 and setup.instrument.inhibited == 1 and setup.machine.mode == OFF
    try:
        for _ in transition:
            pass
    except Failure as failure:
        assert failure.code == failures.ABORTED
    assert setup.instrument.recovered == 0 and setup.machine.mode == OFF and not setup.machine.busy()


def test_safing_of_a_safe_or_safing_instrument_does_not_begin_again():
    setup = Setup()
    setup.machine.mode = READY
    setup.machine.safe(CAUSE)
    setup.run(1)
    setup.machine.safe(CAUSE + 1)
    setup.run(2)
    assert setup.machine.mode == SAFE and setup.instrument.safings_closed == 1, "once, without a restart"
    setup.machine.safe(CAUSE)
    assert not setup.machine.busy()


def test_an_instrument_on_its_way_from_off_is_safed():
    setup = Setup()
    transition = setup.machine.transition(REST, None)
    next(transition)
    setup.machine.safe(CAUSE)
    _end(transition)
    setup.run(5)
    assert setup.machine.mode == SAFE


def test_an_operation_is_allowed_in_its_modes_only():
    setup = Setup()
    procedure = setup.instrument.procedures["prepare"]
    refused(failures.ILLEGAL_TRANSITION, setup.machine.operation, (READY,), procedure, (), 1000, None)
    setup.machine.mode = READY
    for _ in setup.machine.operation((READY,), procedure, (), 1000, None):
        pass
    assert setup.instrument.closed == 1


def test_first_cause_stays_latched():
    setup = Setup()
    setup.refuse.latch(21)
    setup.refuse.latch(22)
    assert setup.refuse.cause() == 21


def _failing_recovery(setup, failure=None):
    """A transition whose recovery is under way."""
    setup.machine.mode = REST
    setup.instrument.failure = failure or Failure(failures.UNIT_FAULT, 1)
    setup.instrument.cycles = 0
    setup.instrument.recovery_cycles = 100000
    transition = setup.machine.transition(READY, None)
    next(transition)
    next(transition)
    return transition


def _end(transition):
    try:
        for _ in transition:
            pass
    except Failure:
        pass


def test_recovery_has_a_time_limit():
    setup = Setup()
    transition = _failing_recovery(setup)
    try:
        for _ in range(400):
            next(transition)
            hal.sleep((hal.ticks_ms() + 100) & 0x3FFFFFFF)
        raise AssertionError("no time limit")
    except Failure:
        pass
    setup.run(5)
    assert setup.machine.mode == SAFE and not setup.machine.busy()


def test_safing_overrides_a_recovery():
    setup = Setup()
    transition = _failing_recovery(setup)
    setup.machine.safe(CAUSE)
    _end(transition)
    assert setup.instrument.recovered == 0
    setup.run(5)
    assert setup.machine.mode == SAFE


def test_standing_down_that_fails_while_switching_on_is_safed():
    setup = Setup()
    setup.instrument.stand_down_failure = Failure(failures.UNIT_FAULT)
    transition = setup.machine.transition(REST, None)
    next(transition)
    setup.machine.stand_down(events.TRIP_LIMIT[0])
    refused(failures.ABORTED, lambda: [None for _ in transition])
    setup.run(10)
    assert setup.machine.mode == SAFE and setup.refuse.latched()


def test_a_level_2_in_the_cycle_of_a_hard_off_switches_nothing_on_again():
    """The handler that hard_off() overrode has not come to its end yet."""
    setup = Setup()
    setup.go(REST)
    transition = setup.machine.transition(READY, None)
    next(transition)
    setup.machine.hard_off()
    setup.machine.safe(events.LIMITER_TRIPPED[0], True)
    setup.run(3)
    assert not setup.machine.is_safing() and setup.machine.mode == OFF
    refused(failures.ABORTED, lambda: [None for _ in transition])
    setup.machine.safe(events.LIMITER_TRIPPED[0], True)
    setup.run(3)
    assert not setup.machine.busy() and setup.machine.mode == OFF


def test_hard_off_overrides_a_recovery():
    setup = Setup()
    transition = _failing_recovery(setup)
    setup.machine.hard_off()
    _end(transition)
    setup.run(5)
    assert setup.machine.mode == OFF and not setup.machine.busy()


def test_hard_off_ends_a_safing_and_abandons_the_entry():
    setup = Setup()
    setup.machine.mode = READY
    setup.machine.safe(CAUSE)
    setup.run(1)
    setup.machine.hard_off()
    assert setup.instrument.safings_closed == 1, "the safing was left hanging"
    setup.run(5)
    assert setup.machine.mode == OFF and setup.instrument.abandoned == 1


def test_hard_off_that_is_not_confirmed_leaves_the_safing_to_go_on():
    setup = Setup()
    setup.machine.mode = READY
    setup.machine.safe(CAUSE)
    setup.run(1)
    setup.instrument.cut_failure = Failure(failures.BUS_NO_REPLY, 0x40)
    refused(failures.BUS_NO_REPLY, setup.machine.hard_off)
    setup.run(5)
    assert setup.machine.mode == SAFE


def test_software_fault_in_a_procedure_is_safed():
    setup = Setup()
    setup.machine.mode = REST
    setup.instrument.failure = ValueError("fault")
    try:
        setup.go(READY)
        raise AssertionError("no fault")
    except ValueError:
        pass
    assert setup.machine.mode != SAFE and setup.refuse.cause() == events.HANDLER_FAULT[0]
    setup.run(5)
    assert setup.machine.mode == SAFE and setup.instrument.closed == 1


def test_software_fault_in_a_recovery_is_safed():
    setup = Setup()
    setup.machine.mode = REST
    setup.instrument.failure = Failure(failures.UNIT_FAULT, 1)
    setup.instrument.recovery_failure = ValueError("fault")
    try:
        setup.go(READY)
        raise AssertionError("no fault")
    except ValueError:
        pass
    setup.run(5)
    assert setup.machine.mode == SAFE


def test_software_fault_in_a_safing_begins_it_again():
    setup = Setup()
    setup.machine.mode = READY
    setup.instrument.safing_failure = ValueError("fault")
    setup.machine.safe(CAUSE)
    faults = 0
    for _ in range(4):
        try:
            setup.machine.run()
        except ValueError:
            faults += 1
    assert faults == 2 and setup.machine.mode == READY, "the supervisor sees the fault"
    setup.instrument.safing_failure = None
    setup.run(5)
    assert setup.machine.mode == SAFE


def test_a_data_take_telecommand_reaches_no_other_mode():
    setup = Setup()
    refused(failures.ILLEGAL_TRANSITION, setup.machine.take, REST, None)
    assert setup.machine.mode == OFF


def test_arm_does_not_come_back_when_ticks_wrap():
    for later_s in (59, 61, 600000, 1000000, 2000000):
        two_step = TwoStep()
        two_step.arm()
        interlocks.hal = _Clock(later_s)
        armed = two_step.armed()
        interlocks.hal = hal
        assert armed == (later_s < 60), later_s


class _Clock:
    """The clocks of the module hal, some seconds later."""

    def __init__(self, later_s):
        self._later_s = later_s
        self.ticks_diff = hal.ticks_diff

    def uptime_s(self):
        return hal.uptime_s() + self._later_s

    def ticks_ms(self):
        return (hal.ticks_ms() + self._later_s * 1000) & 0x3FFFFFFF


class Protection:
    def __init__(self):
        self.broken = False

    def require_limits_clear(self):
        if self.broken:
            raise Refusal(failures.LIMIT_BROKEN)


def test_leaving_refuse_takes_two_steps_and_clear_limits():
    setup = Setup()
    protection = Protection()
    refused(failures.NOT_SAFE, setup.refuse.exit, protection)
    setup.refuse.latch(CAUSE)
    refused(failures.NOT_ARMED, setup.refuse.exit, protection)
    setup.refuse.arm_exit()
    protection.broken = True
    refused(failures.LIMIT_BROKEN, setup.refuse.exit, protection)
    protection.broken = False
    setup.refuse.exit(protection)
    assert not setup.refuse.latched()
    setup.refuse.latch(CAUSE)
    refused(failures.NOT_ARMED, setup.refuse.exit, protection)


runner.run(globals())
