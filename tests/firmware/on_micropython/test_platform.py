"""Services 9 and 132: time reports, the time passed on to the units, ancillary data that grows old."""

import hal

import runner
from bench import GPS_S, Bench
from payload.services.platform import Platform
from payload.services.time_reports import TimeReports
from payload.storage.persistent import Persistent
from payload.storage.settings import Settings
from payload.tables import pool
from payload.tmtc.queue import PERIODIC, ReportQueue
from payload.tmtc.reports import ReportWriter


class Events:
    def __init__(self):
        self.seen = []

    def report(self, event, *fields):
        self.seen.append(event)


class Receiver:
    def __init__(self):
        self.powered = True
        self.is_lost = False
        self.told = []

    def lost(self):
        return self.is_lost

    def write_next_second(self, address):
        buffer = bytearray(7)
        hal.time_after_ms(1000, buffer, 0)
        self.told.append((address, hal.get(hal.U32, buffer, 0)))
        return True


def _sleep(ms):
    hal.sleep((hal.ticks_ms() + ms) & 0x3FFFFFFF)


def _second(platform, receivers_s, message=True):
    """One second of cycles; the time message comes at its end, for the PPS that follows."""
    for cycle in range(10):
        if message and cycle == 8:
            hal.time_message(receivers_s)
        _sleep(100)
        hal.pool_refresh()
        platform.run()


def test_time_reports_every_power_of_two_seconds():
    hal.init(0x0E00, True)
    report_queue = ReportQueue(8192)
    service = TimeReports(ReportWriter(report_queue), Settings(Persistent()))
    ring = report_queue._rings[PERIODIC]
    for exponent in (0, 1, 3):
        service.set_rate(exponent)
        cycles = []
        for cycle in range(200):
            service.run()
            if ring.length():
                assert ring.length() == 17
                assert ring.buffer[ring.tail + 2 + 6] == exponent
                cycles.append(cycle)
                ring.drop(17)
        assert cycles == list(range(0, 200, 10 << exponent)), (exponent, cycles)


def test_units_learn_the_next_second_once_between_two_edges():
    hal.init(0x0E00, True)
    receiver, off, lost = Receiver(), Receiver(), Receiver()
    off.powered = False
    lost.is_lost = True
    platform = Platform(Events(), ((receiver, 0x102), (off, 0x102), (lost, 0x102)), None)
    for second in range(6):
        _second(platform, GPS_S + second)
    seconds = [value - GPS_S for _, value in receiver.told]
    assert len(seconds) >= 3
    assert seconds == list(range(seconds[0], seconds[0] + len(seconds))), seconds
    assert receiver.told[0][0] == 0x102
    assert off.told == [] and lost.told == []


def test_units_learn_the_next_second_well_between_two_edges_only():
    hal.init(0x0E00, True)
    receiver = Receiver()
    platform = Platform(Events(), ((receiver, 0),), None)
    for second in range(3):
        _second(platform, GPS_S + second)
    _sleep(1000 - hal.time_to_pps_ms())
    for watched, first_told_ms in ((range(150), None), (range(860, 1000), None), (range(1000), 150)):
        told_ms = []
        for at_ms in range(0, 1000, 10):
            if at_ms == 800:
                second += 1
                hal.time_message(GPS_S + second)
            hal.pool_refresh()
            told = len(receiver.told)
            if at_ms in watched:
                platform.run()
            if len(receiver.told) > told:
                told_ms.append(hal.time_to_pps_ms())
            _sleep(10)
        assert told_ms == ([] if first_told_ms is None else [first_told_ms]), (first_told_ms, told_ms)


def test_units_are_not_told_a_time_that_is_not_set():
    hal.init(0x0E00, True)
    receiver = Receiver()
    platform = Platform(Events(), ((receiver, 0),), None)
    for _ in range(3):
        _second(platform, 0, message=False)
    assert receiver.told == []


def test_ancillary_data_grows_old():
    bench = Bench()
    bench.ancillary()
    assert hal.pool_valid(pool.SUN_ANGLE_DEG) and hal.pool_get(pool.SUN_ANGLE_DEG) == 6000
    assert hal.pool_get(pool.ANCILLARY_COUNT) == 1
    bench.cycles(31)
    assert hal.pool_valid(pool.SUN_ANGLE_DEG)
    bench.cycles(2)
    assert not hal.pool_valid(pool.SUN_ANGLE_DEG)
    bench.ancillary()
    assert hal.pool_valid(pool.SUN_ANGLE_DEG) and hal.pool_get(pool.ANCILLARY_COUNT) == 2


def test_the_count_of_ancillary_data_goes_round_without_the_zero_that_stands_for_none():
    bench = Bench()
    for count in range(1, 0x10000):
        bench.ancillary()
        assert hal.pool_get(pool.ANCILLARY_COUNT) == count
    bench.ancillary()
    assert hal.pool_get(pool.ANCILLARY_COUNT) == 1


runner.run(globals())
