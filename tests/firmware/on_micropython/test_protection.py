"""Fault protection: the guard's trip, a safing that lasts, ancillary data that is lost, event-only limits."""

import explore
import hal

import runner
from bench import GPS_S, Bench
from driver_setup import fails_with
from payload.fdir.escalation import Escalation
from payload.storage.persistent import Persistent
from payload.tables import enums, events, failures, mission, monitors, persistent, pool
from protection_setup import Driver, Setup
from runner import refused


def test_the_transmit_guards_trip_is_reported_and_safes_the_sar():
    bench = Bench()
    bench.prepare_data_take()
    bench.start_data_take()
    while hal.pool_get(pool.SAR_PHASE) != enums.SAR_PHASE_ECHO:
        bench.cycles(1)
    hal.sleep((hal.ticks_ms() + 1500) & 0x3FFFFFFF)
    assert not hal.guard_transmitting(), "no heartbeat"
    bench.payload.executive.cycle()
    assert hal.pool_get(pool.SAFING_CAUSE) == events.TRANSMIT_GUARD_TRIPPED[0]
    bench._next_ms = hal.ticks_ms()
    bench.cycles(20)
    assert hal.pool_get(pool.SAR_MODE) == enums.SAR_MODE_SAFE


def test_a_failed_unit_is_reported_once_while_its_safing_lasts():
    setup = Setup()
    setup.driver.has_failed = True
    setup.protection.run()
    setup.driver.machine.safing = True
    for _ in range(10):
        setup.protection.run()
    assert setup.driver.reported == 1 and setup.driver.machine.causes == [events.UNIT_FAULT[0]]


def test_an_event_only_limit_safes_nothing():
    setup = Setup()
    setup.sample(pool.OPTICAL_SATURATED_PERCENT, 250)
    assert events.TRIP_LIMIT in setup.events.seen
    assert setup.driver.machine.causes == [] and hal.monitor_event_only(monitors.OPTICAL_SATURATION)


def _set_time():
    """A time message and the edge of the PPS it is for."""
    bench = Bench(keep=True)
    bench.set_time()


def test_a_limit_is_broken_by_three_samples_in_a_row_and_answered_by_standing_down():
    setup = Setup()
    setup.sample(pool.OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC, 2000)
    setup.sample(pool.OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC, 3000, times=2)
    assert setup.driver.machine.stood_down == []
    setup.sample(pool.OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC, 3000, times=1)
    assert setup.driver.machine.stood_down == [events.TRIP_LIMIT[0]]
    assert setup.driver.machine.causes == []


def test_twice_within_an_orbit_is_level_2_with_a_power_cycle_and_the_third_begins_anew():
    setup = Setup()
    setup.break_limit()
    setup.break_limit()
    machine = setup.driver.machine
    assert (len(machine.stood_down), machine.causes, machine.power_cycles) == (1, [events.TRIP_LIMIT[0]], 1)
    setup.break_limit()
    assert len(machine.stood_down) == 2 and len(machine.causes) == 1


def test_twice_in_two_orbits_is_level_1_both_times():
    _set_time()
    now_s = hal.time_coarse_s()
    for age_s, escalates in (
        (mission.ORBIT_PERIOD_S + 1, False),
        (mission.ORBIT_PERIOD_S - 5, True),
        (-100, True),
    ):
        machine = _level_1_again(now_s - age_s)
        assert bool(machine.causes) == escalates and bool(machine.stood_down) != escalates, age_s


def _level_1_again(since_s):
    """A limit broken when the one before was at that time; the clock goes on."""
    driver = Driver()
    values = Persistent()
    escalation = Escalation(values, (enums.INSTRUMENT_OPTICAL,))
    values.put(persistent.OPTICAL_LEVEL_1_GPS_S, since_s)
    escalation.limit_broken(driver, events.TRIP_LIMIT[0])
    return driver.machine


def _stepped(bench, by_s, escalation=None):
    """The clock is set anew by two messages that agree; `escalation` sees it at once, or with the next limit."""
    steps, to_s = hal.time_steps(), hal.time_coarse_s() + by_s
    for second_s in range(3):
        bench.send("TIME_MESSAGE", to_s + second_s)
        bench.cycles(10)
    assert hal.time_steps() == steps + 1
    if escalation is not None:
        escalation.run()


def test_what_this_boot_has_dated_goes_with_a_clock_that_is_set_anew():
    for by_s in (2 * mission.ORBIT_PERIOD_S, -2 * mission.ORBIT_PERIOD_S, 60 * 86400):
        for at_once in (True, False):
            bench = Bench(keep=True)
            bench.set_time()
            values = Persistent()
            values.put(persistent.OPTICAL_LEVEL_1_GPS_S, 0)
            escalation = Escalation(values, (enums.INSTRUMENT_OPTICAL,))
            escalation.run()
            first, second = Driver(), Driver()
            escalation.limit_broken(first, events.TRIP_LIMIT[0])
            _stepped(bench, by_s, escalation if at_once else None)
            if at_once:
                assert 0 <= hal.time_coarse_s() - values.get(persistent.OPTICAL_LEVEL_1_GPS_S) < 10, by_s
            escalation.limit_broken(second, events.TRIP_LIMIT[0])
            assert (len(first.machine.stood_down), second.machine.power_cycles) == (1, 1), (by_s, at_once)
            _stepped(bench, -by_s, escalation)
            assert values.get(persistent.OPTICAL_LEVEL_1_GPS_S) == 0, "there is none"


def test_a_step_of_the_clock_makes_an_old_level_1_no_younger():
    bench = Bench(keep=True)
    bench.set_time()
    values = Persistent()
    escalation = Escalation(values, (enums.INSTRUMENT_OPTICAL,))
    escalation.run()
    values.put(persistent.OPTICAL_LEVEL_1_GPS_S, 0)
    escalation.limit_broken(Driver(), events.TRIP_LIMIT[0])
    since_s = hal.time_coarse_s() - mission.ORBIT_PERIOD_S - 10
    values.put(persistent.OPTICAL_LEVEL_1_GPS_S, since_s)
    _stepped(bench, 2, escalation)
    assert 0 <= values.get(persistent.OPTICAL_LEVEL_1_GPS_S) - since_s <= 3
    driver = Driver()
    escalation.limit_broken(driver, events.TRIP_LIMIT[0])
    assert len(driver.machine.stood_down) == 1


def test_what_an_earlier_boot_has_dated_stays_when_the_clock_is_set_anew():
    bench = Bench(keep=True)
    bench.set_time()
    values = Persistent()
    since_s = hal.time_coarse_s() - 100
    values.put(persistent.OPTICAL_LEVEL_1_GPS_S, since_s)
    escalation = Escalation(values, (enums.INSTRUMENT_OPTICAL,))
    escalation.run()
    _stepped(bench, 3600, escalation)
    assert values.get(persistent.OPTICAL_LEVEL_1_GPS_S) == since_s


def test_the_first_time_of_a_boot_dates_nothing_that_has_its_time():
    _set_time()
    long_ago_s = hal.time_coarse_s() - 3 * mission.ORBIT_PERIOD_S
    values = Persistent()
    values.put(persistent.OPTICAL_LEVEL_1_GPS_S, long_ago_s)
    escalation = Escalation(values, (enums.INSTRUMENT_OPTICAL,))
    escalation.run()
    escalation.run()
    assert values.get(persistent.OPTICAL_LEVEL_1_GPS_S) == long_ago_s


def test_a_reboot_between_the_two_does_not_forget_the_first():
    setup = Setup()
    setup.break_limit()
    assert setup.persistent.flush(1000)
    hal.init(0x0E00, True)
    driver = Driver()
    Escalation(Persistent(), (enums.INSTRUMENT_OPTICAL,)).limit_broken(driver, events.TRIP_LIMIT[0])
    assert driver.machine.power_cycles == 1


def test_while_the_time_is_not_known_an_earlier_one_counts():
    hal.init(0x0E00, True)
    assert not hal.time_quality()
    machine = _level_1_again(GPS_S)
    assert machine.power_cycles == 1 and machine.stood_down == []


def test_the_ground_clears_the_history():
    bench = Bench()
    Persistent().put(persistent.OPTICAL_LEVEL_1_GPS_S, 0xFFFFFFFF)
    bench.command("CLEAR_FAULT_HISTORY")
    assert Persistent().get(persistent.OPTICAL_LEVEL_1_GPS_S) == 0


def test_a_limit_broken_while_standing_down_is_the_second_whatever_the_ground_cleared():
    setup = Setup()
    setup.break_limit()
    setup.driver.machine.standing_down = True
    setup.persistent.put(persistent.OPTICAL_LEVEL_1_GPS_S, 0)
    setup.break_limit()
    assert setup.driver.machine.power_cycles == 1 and len(setup.driver.machine.stood_down) == 1


def test_what_happened_before_the_time_was_known_is_dated_once_it_is():
    setup = Setup()
    setup.break_limit()
    assert setup.persistent.get(persistent.OPTICAL_LEVEL_1_GPS_S) == 0xFFFFFFFF
    assert setup.persistent.flush(1000)
    _set_time()
    assert 0 <= hal.time_coarse_s() - Persistent().get(persistent.OPTICAL_LEVEL_1_GPS_S) < 5


def test_a_limit_still_broken_after_the_reaction_is_broken_again_once_it_had_time_to_settle():
    setup = Setup()
    machine = setup.driver.machine
    setup.break_limit()
    for busy, wait_ms, expected in (
        (True, mission.FAULT_LEVELS_SETTLE_MS + 100, 0),
        (False, 0, 1),
        (False, mission.FAULT_LEVELS_SETTLE_MS - 200, 1),
    ):
        machine.is_busy = busy
        hal.sleep((hal.ticks_ms() + wait_ms) & 0x3FFFFFFF)
        setup.sample(pool.OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC, 3000, times=1)
        assert machine.power_cycles == expected, (busy, wait_ms)


def test_a_limit_broken_in_safe_is_level_2_at_once():
    setup = Setup()
    setup.driver.machine.safe_now = True
    setup.break_limit()
    assert setup.driver.machine.power_cycles == 1 and setup.driver.machine.stood_down == []


def test_an_over_current_is_level_2_once_for_the_instrument_that_uses_the_limiter():
    setup = Setup()
    setup.protection.run()
    setup.sample(pool.POWER_LIMITERS_TRIPPED, 1 << enums.LIMITER_DOOR, times=1)
    assert events.LIMITER_TRIPPED not in setup.events.seen, "it was open before this boot"
    setup.sample(pool.POWER_LIMITERS_TRIPPED, 1 << enums.LIMITER_DOOR | 1 << enums.LIMITER_SAR_UNIT)
    assert setup.events.seen.count(events.LIMITER_TRIPPED) == 1 and setup.driver.machine.causes == []
    setup.sample(pool.POWER_LIMITERS_TRIPPED, 1 << enums.LIMITER_DOOR)
    setup.sample(pool.POWER_LIMITERS_TRIPPED, 1 << enums.LIMITER_DOOR | 1 << enums.LIMITER_OPTICAL_UNIT)
    machine = setup.driver.machine
    assert machine.causes == [events.LIMITER_TRIPPED[0]] and machine.power_cycles == 1
    hal.pool_invalidate(pool.POWER_LIMITERS_TRIPPED, 1)
    setup.protection.run()
    assert len(machine.causes) == 1


def test_an_over_current_that_comes_back_as_its_limiter_closes_is_another():
    """The flag goes with the closing and is back before the next sample."""
    setup = Setup()
    setup.protection.run()
    setup.sample(pool.POWER_LIMITERS_TRIPPED, 1 << enums.LIMITER_OPTICAL_UNIT)
    hal.pool_set(pool.POWER_LIMITERS_CLOSED, 0)
    failure = refused(failures.LIMITER_NOT_SWITCHED, list, setup.limiters.switch(enums.LIMITER_OPTICAL_UNIT, True))
    assert failure.detail == enums.LIMITER_OPTICAL_UNIT
    setup.protection.run()
    setup.protection.run()
    assert setup.events.seen.count(events.LIMITER_TRIPPED) == 1
    machine = setup.driver.machine
    assert machine.causes == [events.LIMITER_TRIPPED[0]] and machine.power_cycles == 1
    refused(failures.LIMITER_NOT_SWITCHED, list, setup.limiters.switch(enums.LIMITER_DOOR, True))
    setup.protection.run()
    assert len(machine.causes) == 1, "one that does not close and has not tripped"


def test_a_trip_that_was_told_before_its_switch_on_failed_is_told_once():
    setup = Setup()
    setup.protection.run()
    setup.sample(pool.POWER_LIMITERS_TRIPPED, 0)
    hal.pool_set(pool.POWER_LIMITERS_CLOSED, 0)
    switching = setup.limiters.switch(enums.LIMITER_OPTICAL_UNIT, True)
    next(switching)
    setup.sample(pool.POWER_LIMITERS_TRIPPED, 1 << enums.LIMITER_OPTICAL_UNIT)
    refused(failures.LIMITER_NOT_SWITCHED, list, switching)
    setup.protection.run()
    assert setup.events.seen.count(events.LIMITER_TRIPPED) == 1


def test_the_platforms_going_safe_switches_both_instruments_off():
    bench = Bench()
    bench.cycles(30)
    bench.command("SET_MODE_SAR", enums.SAR_MODE_INIT)
    bench.command("PLATFORM_SAFE")
    assert hal.pool_get(pool.SAR_MODE) == enums.SAR_MODE_OFF
    assert hal.pool_get(pool.SAFING_CAUSE) == events.PLATFORM_SAFE[0]
    bench.cycles(5)
    assert hal.pool_get(pool.POWER_LIMITERS_CLOSED) == 0
    rejected = bench.send("SET_MODE_SAR", enums.SAR_MODE_INIT)
    assert rejected >= 0 and not bench.payload.router.in_progress()


def test_ancillary_data_that_is_lost_is_reported_once():
    setup = Setup()
    setup.protection.run()
    assert events.ANCILLARY_LOST not in setup.events.seen, "it never came"
    setup.sample(pool.SUN_ANGLE_DEG, 9000)
    hal.pool_set(pool.ANCILLARY_COUNT, 1)
    hal.sleep((hal.ticks_ms() + 3300) & 0x3FFFFFFF)
    setup.protection.run()
    setup.protection.run()
    assert setup.events.seen.count(events.ANCILLARY_LOST) == 1


def test_alarm_withdraws_the_permit_also_while_off():
    bench = Bench()
    bench.command("SAR_ARM_TRANSMIT")
    bench.command("SAR_PERMIT_TRANSMIT", 1, 600)
    assert bench.payload.permit.in_force()
    explore.discrete_edge("A")
    bench.cycles(2)
    explore.discrete_edge("a")
    assert bench.payload.refuse.latched() and not bench.payload.permit.in_force()


def test_an_alarm_that_came_and_went_between_two_cycles_is_level_4_once():
    bench = Bench()
    bench.cycles(30)
    bench.command("SET_MODE_SAR", enums.SAR_MODE_INIT)
    explore.discrete_edge("A")
    explore.discrete_edge("a")
    bench.cycles(1)
    assert bench.payload.refuse.latched()
    assert hal.pool_get(pool.SAR_MODE) == enums.SAR_MODE_OFF
    assert hal.pool_get(pool.SAFING_CAUSE) == events.ALARM_RAISED[0]
    setup = Setup()
    setup.protection._all_off = setup.events.report
    for edges in ("", "Aa", "", "A", "", "aA", "a"):
        for letter in edges:
            explore.discrete_edge(letter)
        setup.protection.run()
    assert setup.events.seen.count(events.ALARM_RAISED) == 3


def test_an_alarm_that_stands_at_the_boot_is_level_4():
    explore.discrete_edge("A")
    bench = Bench()
    bench.cycles(2)
    assert bench.payload.refuse.latched()
    assert hal.pool_get(pool.SAFING_CAUSE) == events.ALARM_RAISED[0]
    explore.discrete_edge("a")


def test_a_lost_unit_is_safed():
    setup = Setup()
    setup.protection.run()
    assert setup.driver.machine.causes == []
    setup.driver.unit.is_lost = True
    setup.protection.run()
    assert setup.driver.machine.causes == [events.UNIT_LOST[0]]


def test_a_unit_that_is_lost_in_safe_is_switched_off():
    """Nobody would see its limits broken; one that leaves SAFE finds that out by itself."""
    setup = Setup()
    machine = setup.driver.machine
    machine.safe_now = True
    setup.driver.unit.is_lost = True
    setup.protection.run()
    assert machine.causes == []
    machine.is_busy = False
    setup.protection.run()
    assert machine.causes == [events.UNIT_LOST[0]] and machine.power_cycles == 1
    machine.safing = True
    setup.protection.run()
    assert machine.power_cycles == 1


def test_a_unit_that_fails_in_safe_is_switched_off():
    """It came up anew, say: what it does then, the mode does not tell. One that leaves SAFE finds it out by itself."""
    setup = Setup()
    machine = setup.driver.machine
    machine.safe_now = True
    setup.driver.has_failed = True
    setup.protection.run()
    assert machine.causes == [] and setup.driver.reported == 0
    machine.is_busy = False
    setup.protection.run()
    assert machine.causes == [events.UNIT_FAULT[0]] and machine.power_cycles == 1 and setup.driver.reported == 1
    machine.safing = True
    setup.protection.run()
    assert machine.power_cycles == 1 and setup.driver.reported == 1


def test_a_lost_power_unit_safes_what_is_on():
    setup = Setup()
    setup.power_unit.is_lost = True
    setup.protection.run()
    assert setup.driver.machine.causes == [events.UNIT_LOST[0]]


def test_a_limit_of_level_2_is_safed_with_a_power_cycle_the_first_time():
    setup = Setup()
    assert monitors.LEVELS[monitors.OPTICAL_DECONTAMINATION] == enums.FAULT_LEVEL_SAFE
    setup.protection._act(monitors.OPTICAL_DECONTAMINATION)
    machine = setup.driver.machine
    assert (machine.causes, machine.power_cycles) == ([events.TRIP_LIMIT[0]], 1) and machine.stood_down == []


def test_safe_by_telecommand_is_refused_by_an_instrument_that_is_off():
    bench = Bench()
    bench.cycles(30)
    refused(failures.ILLEGAL_TRANSITION, bench.handler("SET_MODE_SAR"), enums.SAR_MODE_SAFE)
    assert not bench.payload.refuse.latched()


def test_a_safe_by_telecommand_that_is_not_reached_fails():
    setup = Setup()
    fails_with(failures.STEP_TIME_OUT, setup.protection.safe_by_command(setup.driver))
    assert setup.driver.machine.causes == [events.SAFE_COMMANDED[0]]


def test_safe_by_telecommand_of_one_on_its_way_out_of_safe_waits_until_it_is_safe_again():
    setup = Setup()
    machine = setup.driver.machine
    machine.safe_now = machine.safing = True
    handler = setup.protection.safe_by_command(setup.driver)
    waited = 0
    for _ in handler:
        waited += 1
        machine.safing = waited < 5
    assert waited == 5


def test_an_earlier_one_of_a_time_that_was_not_known_counts():
    _set_time()
    machine = _level_1_again(0xFFFFFFFF)
    assert machine.power_cycles == 1 and machine.stood_down == []


def test_abort_is_refused_when_nothing_is_under_way_and_hard_off_is_not():
    bench = Bench()
    bench.cycles(30)
    bench.command("SET_MODE_SAR", enums.SAR_MODE_INIT)
    refused(failures.ILLEGAL_TRANSITION, bench.handler("ABORT"), enums.INSTRUMENT_SAR)
    bench.command("HARD_OFF", enums.INSTRUMENT_SAR)
    assert hal.pool_get(pool.SAR_MODE) == enums.SAR_MODE_OFF


runner.run(globals())
