"""Fault protection: the guard's trip, a safing that lasts, ancillary data that is lost, event-only limits."""

import hal

import runner
from bench import Bench
from payload.fdir.protection import Protection
from payload.tables import enums, events, monitors, pool


class Events:
    def __init__(self):
        self.seen = []

    def report(self, event, *fields):
        self.seen.append(event)


class Unit:
    def __init__(self):
        self.is_lost = False

    def lost(self):
        return self.is_lost


class Machine:
    def __init__(self):
        self.instrument = enums.INSTRUMENT_OPTICAL
        self.mode = enums.OPTICAL_MODE_STRIP
        self.safing = False
        self.causes = []

    def safe(self, cause):
        self.causes.append(cause)

    def is_safing(self):
        return self.safing

    def is_safe(self):
        return False

    def is_off(self):
        return False

    def busy(self):
        return True


class Driver:
    def __init__(self):
        self.machine = Machine()
        self.unit = Unit()
        self.has_failed = False
        self.reported = 0

    def failed(self):
        return self.has_failed

    def report_fault(self):
        self.reported += 1


class Setup:
    def __init__(self):
        hal.init(0x0E00, True)
        self.driver = Driver()
        self.events = Events()
        instruments = {enums.INSTRUMENT_OPTICAL: self.driver}
        self.protection = Protection(instruments, Unit(), Unit(), None, self.events)

    def sample(self, parameter, value, times=3):
        for _ in range(times):
            hal.pool_set(parameter, value)
            self.protection.run()


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


runner.run(globals())
