"""Reactions of fault protection in the mode machine: standing down, safing with its power cycle, hard-off."""

import hal

import runner
from machine_setup import CAUSE, OFF, READY, REST, SAFE, TAKE, UNPOWERED, Setup, end, failing_recovery
from payload.failure import Failure
from payload.tables import enums, events, failures, mission
from runner import refused


def levels(setup):
    return [fields for event_id, fields in setup.events.seen if event_id == events.FAULT_LEVEL[0]]


def wait(milliseconds):
    hal.sleep((hal.ticks_ms() + milliseconds) & 0x3FFFFFFF)


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


def test_one_on_its_way_out_of_safe_is_safed_anew():
    """Its mode is still SAFE, and says nothing of its unit and its supply."""
    for power_cycle, modes in ((False, [SAFE]), (True, [SAFE, UNPOWERED])):
        setup = Setup()
        setup.machine.mode = SAFE
        transition = setup.machine.transition(OFF, None)
        next(transition)
        setup.machine.safe(CAUSE, power_cycle)
        assert setup.machine.is_becoming_safe()
        end(transition)
        assert setup.instrument.recovered == 0, "the safing path is in charge"
        setup.run(5)
        assert setup.machine.mode == modes[-1]
        assert setup.events.ids().count(events.SAFED[0]) == 1
        assert not setup.machine.is_becoming_safe()


def test_what_fails_on_its_way_out_of_safe_is_safed_anew():
    setup = Setup()
    setup.machine.mode = SAFE
    setup.instrument.failure = setup.instrument.recovery_failure = Failure(failures.BUS_NO_REPLY, 64)
    end(setup.machine.transition(OFF, None))
    assert setup.machine.is_becoming_safe() and setup.refuse.latched()
    setup.run(5)
    assert setup.machine.mode == SAFE and setup.events.ids().count(events.SAFED[0]) == 1


def test_a_hard_off_of_what_is_safed_anew_goes_on_switching_off():
    """The way to OFF had left the unit unasked already: that is no supply switched off."""
    setup = Setup()
    setup.machine.mode = SAFE
    setup.instrument.on = False
    setup.instrument.cut_failure = Failure(failures.BUS_NO_REPLY, 64)
    setup.machine.safe(CAUSE)
    refused(failures.BUS_NO_REPLY, setup.machine.hard_off, CAUSE)
    assert setup.machine.is_safing()
    setup.run(5)
    assert setup.machine.mode == UNPOWERED and not setup.machine.busy()


def test_safing_of_an_instrument_that_is_off_only_latches():
    setup = Setup()
    setup.machine.safe(CAUSE)
    setup.run(5)
    assert setup.machine.mode == OFF and setup.refuse.latched()


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
    assert levels(setup) == [(enums.FAULT_LEVEL_STAND_DOWN, 1, CAUSE)]
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
            wait(100)
        assert setup.machine.mode == SAFE and setup.refuse.cause() == CAUSE
        assert setup.instrument.stand_downs_closed == 1
        told = [level for level, _, _ in levels(setup)]
        assert told == [enums.FAULT_LEVEL_STAND_DOWN, enums.FAULT_LEVEL_SAFE]


def test_standing_down_begins_once_and_a_safing_takes_over():
    setup = Setup()
    setup.machine.mode = READY
    setup.machine.stand_down(CAUSE)
    setup.run(1)
    setup.machine.stand_down(CAUSE)
    assert len(levels(setup)) == 1
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
    assert setup.machine.mode == OFF and not setup.machine.busy() and levels(setup) == []


def test_a_power_cycle_waits_and_closes_the_limiter_once_into_safe():
    setup = Setup()
    setup.machine.mode = READY
    setup.machine.safe(CAUSE, True)
    setup.run(5)
    assert setup.machine.mode == UNPOWERED and setup.machine.is_safing() and not setup.instrument.on
    wait(mission.FAULT_LEVELS_POWER_OFF_MS - 100)
    setup.run(3)
    assert setup.instrument.switched_on == 0, "not before its time"
    wait(200)
    setup.run(4)
    assert setup.machine.mode == SAFE and setup.instrument.switched_on == 1 and not setup.machine.busy()
    assert setup.refuse.cause() == CAUSE
    assert setup.events.ids().count(events.SAFED[0]) == 1
    setup.machine.safe(CAUSE, True)
    for _ in range(300):
        setup.run(1)
        wait(100)
    assert setup.machine.mode == UNPOWERED and setup.instrument.switched_on == 1, "a second failure: for good"
    assert not setup.machine.busy()


def test_a_retry_that_fails_leaves_the_instrument_unpowered():
    setup = Setup()
    setup.machine.mode = READY
    setup.instrument.switch_on_failure = Failure(failures.UNIT_LOST, 32)
    setup.machine.safe(CAUSE, True)
    for _ in range(300):
        setup.run(1)
        wait(100)
    assert setup.machine.mode == UNPOWERED and setup.instrument.switched_on == 1 and not setup.machine.busy()
    assert not setup.instrument.on


def test_the_one_retry_is_given_again_after_refuse_was_left():
    setup = Setup()
    setup.machine.mode = READY
    for expected in (1, 1, 2):
        setup.machine.safe(CAUSE, True)
        for _ in range(120):
            setup.run(1)
            wait(100)
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
    setup.machine.hard_off(CAUSE)
    wait(mission.FAULT_LEVELS_POWER_OFF_MS + 100)
    setup.run(5)
    assert setup.machine.mode == OFF and setup.instrument.switched_on == 0 and not setup.machine.busy()


def test_hard_off_ends_everything():
    setup = Setup()
    setup.machine.mode = READY
    transition = setup.machine.transition(TAKE, None)
    next(transition)
    setup.machine.hard_off(CAUSE)
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
    end(transition)
    setup.run(5)
    assert setup.machine.mode == SAFE


def test_safing_overrides_a_recovery():
    setup = Setup()
    transition = failing_recovery(setup)
    setup.machine.safe(CAUSE)
    end(transition)
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
    setup.machine.hard_off(CAUSE)
    setup.machine.safe(events.LIMITER_TRIPPED[0], True)
    setup.run(3)
    assert not setup.machine.is_safing() and setup.machine.mode == OFF
    refused(failures.ABORTED, lambda: [None for _ in transition])
    setup.machine.safe(events.LIMITER_TRIPPED[0], True)
    setup.run(3)
    assert not setup.machine.busy() and setup.machine.mode == OFF


def test_the_limits_are_those_of_what_is_switched_on_and_of_off_once_it_is_off():
    """A hard-off leaves its handler to end: a limit that breaks in that cycle is no level 1 of what is off."""
    setup = Setup()
    switching_on = setup.machine.transition(REST, None)
    assert setup.machine.swept_mode() == OFF
    next(switching_on)
    assert setup.machine.swept_mode() == REST
    for _ in switching_on:
        pass
    transition = setup.machine.transition(READY, None)
    next(transition)
    assert setup.machine.swept_mode() == REST
    setup.machine.hard_off(CAUSE)
    assert setup.machine.swept_mode() == OFF
    end(transition)
    assert setup.machine.swept_mode() == OFF


def test_hard_off_overrides_a_recovery():
    setup = Setup()
    transition = failing_recovery(setup)
    setup.machine.hard_off(CAUSE)
    end(transition)
    setup.run(5)
    assert setup.machine.mode == OFF and not setup.machine.busy()


def test_hard_off_ends_a_safing_and_abandons_the_entry():
    setup = Setup()
    setup.machine.mode = READY
    setup.machine.safe(CAUSE)
    setup.run(1)
    setup.machine.hard_off(CAUSE)
    assert setup.instrument.safings_closed == 1, "the safing was left hanging"
    setup.run(5)
    assert setup.machine.mode == OFF and setup.instrument.abandoned == 1


def test_hard_off_that_is_not_confirmed_ends_safe_and_off_for_good():
    for under_way in (False, True):
        setup = Setup()
        setup.machine.mode = READY
        if under_way:
            setup.machine.safe(CAUSE)
            setup.run(1)
        setup.instrument.cut_failure = Failure(failures.BUS_NO_REPLY, 0x40)
        refused(failures.BUS_NO_REPLY, setup.machine.hard_off, CAUSE)
        for _ in range(300):
            setup.run(1)
            wait(100)
        assert setup.machine.mode == UNPOWERED and setup.refuse.latched()
        assert setup.instrument.switched_on == 0 and not setup.machine.busy()


def test_hard_off_that_is_not_confirmed_lets_no_retry_switch_on_again():
    setup = Setup()
    setup.machine.mode = READY
    setup.machine.safe(CAUSE, True)
    setup.run(5)
    assert setup.machine.mode == UNPOWERED
    setup.instrument.cut_failure = Failure(failures.BUS_NO_REPLY, 0x40)
    refused(failures.BUS_NO_REPLY, setup.machine.hard_off, CAUSE)
    for _ in range(300):
        setup.run(1)
        wait(100)
    assert setup.machine.mode == UNPOWERED and setup.instrument.switched_on == 0 and not setup.machine.busy()


def test_hard_off_that_is_not_confirmed_in_a_retry_switches_off_what_it_has_switched_on():
    setup = Setup()
    setup.machine.mode = READY
    setup.machine.safe(CAUSE, True)
    for _ in range(110):
        setup.run(1)
        wait(100)
        if setup.instrument.switched_on:
            break
    assert setup.machine.mode == UNPOWERED and setup.instrument.on, "it has its supply, and is not safe yet"
    setup.instrument.cut_failure = Failure(failures.BUS_NO_REPLY, 0x40)
    told = len(levels(setup))
    refused(failures.BUS_NO_REPLY, setup.machine.hard_off, CAUSE)
    assert setup.machine.is_safing(), "an exit is refused until it is off"
    assert len(levels(setup)) == told + 1
    for _ in range(300):
        setup.run(1)
        wait(100)
    assert setup.machine.mode == UNPOWERED and not setup.machine.busy()
    assert setup.instrument.switched_on == 1 and not setup.instrument.on


def test_hard_off_that_is_not_confirmed_goes_on_switching_off_what_a_switch_on_has_switched_on():
    setup = Setup()
    transition = setup.machine.transition(REST, None)
    next(transition)
    setup.machine.safe(CAUSE)
    end(transition)
    assert setup.machine.mode == OFF and setup.instrument.on, "its safing has begun, and it has its supply"
    setup.instrument.cut_failure = Failure(failures.BUS_NO_REPLY, 0x40)
    refused(failures.BUS_NO_REPLY, setup.machine.hard_off, CAUSE)
    assert setup.machine.is_safing()
    for _ in range(300):
        setup.run(1)
        wait(100)
    assert setup.machine.mode == UNPOWERED and not setup.instrument.on and setup.instrument.switched_on == 0


def test_hard_off_that_is_not_confirmed_switches_off_in_safe_unpowered_and_leaves_off_as_it_is():
    for mode, switches_off in ((UNPOWERED, True), (OFF, False)):
        setup = Setup()
        setup.machine.mode = mode
        setup.instrument.on = False
        setup.instrument.cut_failure = Failure(failures.BUS_NO_REPLY, 0x40)
        refused(failures.BUS_NO_REPLY, setup.machine.hard_off, CAUSE)
        assert setup.machine.is_safing() == switches_off
        setup.run(5)
        assert setup.machine.mode == mode and not setup.machine.busy()


def test_an_over_current_in_a_safing_takes_the_supply_when_it_is_safe():
    setup = Setup()
    setup.machine.mode = READY
    setup.machine.safe(CAUSE)
    setup.run(1)
    setup.machine.safe(CAUSE, True)
    setup.machine.safe(CAUSE)
    for _ in range(120):
        setup.run(1)
        wait(100)
    assert setup.machine.mode == SAFE and setup.instrument.switched_on == 1, "off, and on again once"


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


runner.run(globals())
