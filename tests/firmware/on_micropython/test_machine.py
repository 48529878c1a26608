"""The mode machine: transitions, their guards, failures and recoveries."""

import hal

import runner
from machine_setup import (
    CAUSE,
    MODES,
    OFF,
    READY,
    REST,
    SAFE,
    TAKE,
    TRANSITIONS,
    Setup,
    failing_recovery,
)
from payload.failure import EntryRefused, Failure, Refusal
from payload.instruments.interlocks import Interlocks
from payload.tables import enums, events, failures, modes, pool
from runner import refused

_OF_SAR = enums.INSTRUMENT_SAR << 8


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
                assert (failure.detail, failure.limit) == (_OF_SAR | origin, _OF_SAR | target)
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
    assert failure.detail == _OF_SAR | READY


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
    refused(failures.ABORTED, list, transition)
    assert setup.machine.mode == OFF


def test_an_abort_after_a_safing_does_not_change_why_it_ends():
    setup = Setup()
    transition = setup.machine.transition(REST, None)
    next(transition)
    setup.machine.safe(CAUSE)
    assert setup.machine.cancel()
    assert refused(failures.ABORTED, list, transition).detail == CAUSE


def test_an_operation_is_allowed_in_its_modes_only():
    setup = Setup()
    procedure = setup.instrument.procedures["prepare"]
    refused(failures.ILLEGAL_TRANSITION, setup.machine.operation, (READY,), procedure, (), 1000, None)
    setup.machine.mode = READY
    for _ in setup.machine.operation((READY,), procedure, (), 1000, None):
        pass
    assert setup.instrument.closed == 1


def test_recovery_has_a_time_limit():
    setup = Setup()
    transition = failing_recovery(setup)
    try:
        for _ in range(400):
            next(transition)
            hal.sleep((hal.ticks_ms() + 100) & 0x3FFFFFFF)
        raise AssertionError("no time limit")
    except Failure:
        pass
    setup.run(5)
    assert setup.machine.mode == SAFE and not setup.machine.busy()


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


def test_a_data_take_telecommand_reaches_no_other_mode():
    setup = Setup()
    refused(failures.ILLEGAL_TRANSITION, setup.machine.take, REST, None)
    assert setup.machine.mode == OFF


def _take_begins(setup):
    """A transition with the guard BUS_VOLTAGE under way, as a data take that waits for its start."""
    transition = setup.machine.transition(REST, None)
    next(transition)
    setup.machine.require_entry(None)


def _entry_refused(setup, code):
    try:
        setup.machine.require_entry(None)
    except EntryRefused as failure:
        assert failure.code == code
        return failure
    except Refusal:
        raise AssertionError("a refusal, which ends no execution")
    raise AssertionError("entered")


def test_the_guards_are_asked_once_more_before_the_entry():
    setup = Setup()
    _take_begins(setup)
    hal.pool_set(pool.POWER_BUS_VOLTAGE_V, 25999)
    _entry_refused(setup, failures.GUARD_OUT_OF_RANGE)


def test_what_goes_on_is_asked_for_its_samples_and_for_no_budget():
    setup = Setup()
    asked = []
    bus, budget = modes.GUARD_BUS_VOLTAGE, modes.GUARD_IMAGING_BUDGET
    setup.machine._interlocks = Interlocks({"imaging_budget": asked.append})
    setup.machine._guards = (bus, budget)
    setup.machine.require_entry("request")
    setup.machine.require_entry("request", True)
    assert asked == ["request"], "the budget once"
    hal.pool_set(pool.POWER_BUS_VOLTAGE_V, 25999)
    refused(failures.GUARD_OUT_OF_RANGE, setup.machine.require_entry, "request", True)


def test_nothing_is_entered_in_the_refuse_state():
    setup = Setup()
    _take_begins(setup)
    setup.refuse.latch(CAUSE)
    assert _entry_refused(setup, failures.REFUSE_STATE).detail == CAUSE


def test_what_waited_while_refuse_was_latched_does_not_begin_and_what_comes_later_does():
    setup = Setup()
    setup.machine.mode = READY
    transition = setup.machine.transition(TAKE, "request")
    next(transition)
    setup.refuse.latch(CAUSE)
    setup.refuse._cause = 0
    refusal = _entry_refused(setup, failures.REFUSE_STATE)
    assert refusal.detail == CAUSE
    for _ in transition:
        pass
    setup.machine.mode = OFF
    setup.refuse.latch(CAUSE)
    setup.refuse._cause = 0
    _take_begins(setup)


def test_what_is_under_way_goes_on_in_the_refuse_state():
    setup = Setup()
    _take_begins(setup)
    setup.refuse.latch(CAUSE)
    setup.machine.require_entry("request", True)


def test_an_operation_waits_for_no_transition():
    setup = Setup()
    setup.machine.mode = REST
    next(setup.machine.transition(READY, None))
    procedure = setup.instrument.procedures["prepare"]
    refused(failures.INSTRUMENT_BUSY, setup.machine.operation, (REST,), procedure, (), 1000, None)


def test_a_software_fault_of_what_was_overridden_safes_nothing_again():
    setup = Setup()
    setup.machine.mode = REST
    setup.instrument.failure = ValueError("fault")
    setup.instrument.cycles = 1
    transition = setup.machine.transition(READY, None)
    next(transition)
    next(transition)
    setup.machine.hard_off(CAUSE)
    setup.machine._cancelled = False
    try:
        next(transition)
    except ValueError:
        pass
    assert setup.machine.mode == OFF and not setup.machine.busy() and not setup.refuse.latched()


runner.run(globals())
