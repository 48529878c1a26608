"""Data takes that fail while the instrument is well: without a packet, or with an entry that is not in flash."""

import hal

import runner
from bench import Bench
from payload.storage import entries as entries_module
from payload.tables import enums, events, failures, pool, units

STORE_LIMIT_MS = 90000


class _Hal:
    """The module hal with some of its functions replaced."""

    def __init__(self, **replaced):
        self.replaced = replaced

    def __getattr__(self, name):
        return self.replaced[name] if name in self.replaced else getattr(hal, name)


class Told:
    """What the application tells from now on: `failed` completions as (failure, detail), and `events` with fields."""

    def __init__(self, bench):
        self.failed = []
        self.events = []
        report = bench.payload.events.report
        verification = bench.payload.router._verification
        completion_failure = verification.completion_failure

        def tell_event(event, *fields):
            self.events.append((event[0], fields))
            report(event, *fields)

        def tell_failure(request, code, detail, limit):
            self.failed.append((code, detail))
            completion_failure(request, code, detail, limit)

        bench.payload.events.report = tell_event
        verification.completion_failure = tell_failure

    def fields_of(self, event):
        return [fields for code, fields in self.events if code == event[0]]


def _records_elsewhere(bench, instrument, register):
    """The unit is told another entry than the open one, so that the recorder has no place for its packets."""
    unit = bench.payload.instruments[instrument].unit
    write = unit.write

    def misdirected(address, type_code, value):
        write(address, type_code, value + 1 if address == register else value)

    unit.write = misdirected


def _assert_closed_empty(bench, told):
    closed = told.fields_of(events.DATA_TAKE_CLOSED)
    assert len(closed) == 1 and closed[0][2] == 0, closed
    entries = bench.payload.entries
    assert entries.state(entries.find(closed[0][1])) == enums.ENTRY_STATE_CLOSED


def test_a_data_take_without_packets_fails():
    bench = Bench()
    bench.prepare_data_take()
    _records_elsewhere(bench, enums.INSTRUMENT_SAR, units.SAR_CONTROL_ENTRY_ID)
    told = Told(bench)
    bench.in_view = True
    bench.start_data_take()
    bench.finish()
    assert told.failed == [(failures.DATA_TAKE_EMPTY, 0)], told.failed
    assert hal.pool_get(pool.SAR_PACKETS) > 0, "they were sent"
    _assert_closed_empty(bench, told)
    assert hal.pool_get(pool.SAR_MODE) == enums.SAR_MODE_PREOP


def test_an_image_without_packets_fails():
    bench = Bench()
    bench.prepare_image()
    _records_elsewhere(bench, enums.INSTRUMENT_OPTICAL, units.OPTICAL_CONTROL_ENTRY_ID)
    told = Told(bench)
    bench.start_image()
    bench.finish()
    assert told.failed == [(failures.DATA_TAKE_EMPTY, 0)], told.failed
    assert hal.pool_get(pool.OPTICAL_PACKETS) > 0, "they were sent"
    _assert_closed_empty(bench, told)
    assert hal.pool_get(pool.OPTICAL_MODE) == enums.OPTICAL_MODE_READY


def test_an_entry_that_flash_does_not_take_fails_the_data_take_before_it_radiates():
    bench = Bench()
    bench.prepare_data_take()
    told = Told(bench)
    bench.in_view = True
    entries_module.hal = _Hal(records_put=lambda *arguments: False)
    try:
        started_ms = hal.ticks_ms()
        bench.start_data_take(STORE_LIMIT_MS + 20000)
        bench.finish()
        took_ms = hal.ticks_diff(hal.ticks_ms(), started_ms)
    finally:
        entries_module.hal = hal
    assert [code for code, _ in told.failed] == [failures.CATALOGUE_NOT_STORED], told.failed
    assert STORE_LIMIT_MS < took_ms < STORE_LIMIT_MS + 5000, "a limit, and not sooner"
    assert hal.pool_get(pool.SAR_TRANSMIT_TIME_MS) == 0
    assert hal.pool_get(pool.SAR_MODE) == enums.SAR_MODE_PREOP
    bench.cycles(30)
    assert hal.pool_get(pool.RECORDER_OPEN_ENTRY_ID) == 0, "the recorder closed what it had opened"


def test_a_flash_that_failed_is_told_of_once():
    bench = Bench()
    bench.cycles(30)
    told = Told(bench)
    bench.cycles(30)
    assert told.fields_of(events.CATALOGUE_NOT_STORED) == []
    entries_module.hal = _Hal(records_failed=lambda store: store == hal.RECORDS_CATALOGUE)
    try:
        bench.cycles(30)
    finally:
        entries_module.hal = hal
    assert told.fields_of(events.CATALOGUE_NOT_STORED) == [()]


runner.run(globals())
