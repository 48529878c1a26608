"""Acquisition tables in flash: over a boot, checked again before they count, emptied when damaged."""

import hal

import runner
from bench import TOPS_TABLE, WORKED_TABLE, empty_tables
from payload.failure import Failure
from payload.instruments import kept_tables as kept_tables_module
from payload.instruments.kept_tables import KeptTables
from payload.tables import enums, events, failures, mission, units
from runner import refused

STRIPMAP = [4] + WORKED_TABLE[1:]
FORMAT_AT = units.SAR_TABLE_OCTETS
CRC_AT = FORMAT_AT - 2
RECORD = FORMAT_AT + 2
LIMIT_MS = 90000


class Events:
    def __init__(self):
        self.seen = []

    def report(self, event, *fields):
        self.seen.append((event[0], fields))


class _Hal:
    """The module hal with some of its functions replaced."""

    def __init__(self, **replaced):
        self.replaced = replaced

    def __getattr__(self, name):
        return self.replaced[name] if name in self.replaced else getattr(hal, name)


class Setup:
    """A boot; `keep`: with what is in flash."""

    def __init__(self, keep=False, mounted=True, **replaced):
        hal.init(0x0E00, True)
        if not keep:
            empty_tables()
        kept_tables_module.hal = _Hal(**replaced) if replaced else hal
        self.events = Events()
        self.tables = KeptTables(self.events, mounted)
        self.applied = self.tables.apply()

    def cycles(self, count=1):
        for _ in range(count):
            hal.sleep(hal.ticks_ms() + 100)
            self.tables.run()

    def finish(self, handler, limit_cycles=400):
        """Cycles until the handler ends; how many it took."""
        for cycle in range(limit_cycles):
            try:
                next(handler)
            except StopIteration:
                return cycle
            self.cycles()
        raise AssertionError("it did not end")

    def settle(self):
        self.cycles(60)

    def is_used(self):
        return [slot for slot in range(mission.SAR_TABLE_SLOTS) if self.tables._used[slot]]


def _put(slot, record):
    """Into the store as it is, whatever it is."""
    for _ in range(100):
        if hal.records_put(hal.RECORDS_TABLES, slot, record, 0, len(record)):
            break
        hal.sleep(hal.ticks_ms() + 100)
        hal.records_step(hal.RECORDS_TABLES)
    while hal.records_pending(hal.RECORDS_TABLES):
        hal.sleep(hal.ticks_ms() + 100)
        hal.records_step(hal.RECORDS_TABLES)


def _record(values):
    """What the store holds of a table, made here anew."""
    record = bytearray(RECORD)
    offset = 0
    for index, type_code in enumerate(units.ACQUISITION_TABLE_TYPES):
        offset = hal.put(type_code, values[index], record, offset)
    assert offset == CRC_AT
    return _sealed(record)


def _sealed(record):
    hal.put(hal.U16, hal.crc16(record, 0, CRC_AT), record, CRC_AT)
    hal.put(hal.U16, units.ACQUISITION_TABLE_FORMAT, record, FORMAT_AT)
    return record


def test_a_loaded_table_is_there_after_a_boot_and_one_that_is_cleared_is_not():
    setup = Setup()
    assert setup.applied == 0 and setup.is_used() == []
    setup.finish(setup.tables.keep(2, STRIPMAP))
    setup.finish(setup.tables.keep(7, TOPS_TABLE))
    blocks = [bytes(setup.tables.block(slot)) for slot in (2, 7)]
    assert blocks[0] == bytes(_record(STRIPMAP)[:FORMAT_AT])
    for _ in range(2):
        setup = Setup(keep=True)
        assert setup.applied == 2 and setup.is_used() == [2, 7]
        assert [bytes(setup.tables.block(slot)) for slot in (2, 7)] == blocks
        assert setup.events.seen == []
        setup.settle()
    setup.finish(setup.tables.clear(2))
    refused(failures.TABLE_EMPTY, setup.tables.block, 2)
    setup = Setup(keep=True)
    assert setup.applied == 1 and setup.is_used() == [7] and setup.events.seen == []


def test_a_load_ends_only_when_the_table_is_in_flash():
    setup = Setup()
    setup.settle()
    handler = setup.tables.keep(0, STRIPMAP)
    next(handler)
    assert hal.records_pending(hal.RECORDS_TABLES)
    for _ in range(3):
        assert next(handler, None) is not None, "it ended"
    setup.cycles()
    assert not hal.records_pending(hal.RECORDS_TABLES)
    assert setup.finish(handler) == 0


def test_many_loads_at_once_each_end_with_what_was_loaded_last():
    setup = Setup()
    handlers = [setup.tables.keep(slot, STRIPMAP) for slot in (0, 1, 2)]
    handlers.append(setup.tables.keep(1, TOPS_TABLE))
    for handler in handlers:
        next(handler)
    for handler in handlers:
        setup.finish(handler)
    setup = Setup(keep=True)
    assert setup.is_used() == [0, 1, 2]
    assert [setup.tables.mode(slot) for slot in (0, 1, 2)] == [4, enums.SAR_MODE_TOPS, 4]


def test_a_refused_table_leaves_slot_and_flash_as_they_were():
    setup = Setup()
    setup.finish(setup.tables.keep(1, STRIPMAP))
    wrong = list(STRIPMAP)
    wrong[2] = 16
    refused(failures.TABLE_RULE, setup.tables.keep, 1, wrong)
    setup.cycles(5)
    setup = Setup(keep=True)
    assert setup.applied == 1 and bytes(setup.tables.block(1)) == bytes(_record(STRIPMAP)[:FORMAT_AT])


def _broken_records():
    """(slot, record, what it is dropped with)."""
    good = _record(STRIPMAP)
    another_format = bytearray(good)
    another_format[FORMAT_AT] ^= 1
    upset = bytearray(good)
    upset[units.ACQUISITION_TABLE_AZIMUTH_BEAM] ^= 1
    beam = bytearray(good)
    hal.put(hal.U16, 1024, beam, units.ACQUISITION_TABLE_AZIMUTH_BEAM)
    rate = bytearray(good)
    rate[units.ACQUISITION_TABLE_SAMPLING_RATE] = 200
    rank = bytearray(good)
    rank[units.ACQUISITION_TABLE_RANK] = 16
    sub_swath = _record(TOPS_TABLE)
    sub_swath[units.ACQUISITION_TABLE_RANK_3] = 16
    return (
        (0, another_format, (failures.TABLE_OF_ANOTHER_FORMAT, 0)),
        (1, upset, (failures.TABLE_DAMAGED, 1)),
        (2, _sealed(beam), (failures.ARGUMENT_OUT_OF_RANGE, 8)),
        (3, _sealed(rate), (failures.ARGUMENT_OUT_OF_RANGE, 6)),
        (4, _sealed(rank), (failures.TABLE_RULE, enums.RULE_RANK)),
        (5, _sealed(sub_swath), (failures.TABLE_RULE_SUB_SWATH_3, enums.RULE_RANK)),
    )


def test_what_is_in_flash_is_checked_as_if_it_had_just_been_loaded():
    Setup()
    _put(6, _record(STRIPMAP))
    for slot, record, _ in _broken_records():
        _put(slot, record)
    setup = Setup(keep=True)
    assert setup.applied == 1 and setup.is_used() == [6]
    expected = [(events.TABLE_DROPPED[0], (slot,) + reason) for slot, _, reason in _broken_records()]
    assert setup.events.seen == expected, setup.events.seen
    setup.settle()
    setup = Setup(keep=True)
    assert setup.is_used() == [6] and setup.events.seen == [], "dropped in flash too"


def test_a_field_out_of_its_range_is_dropped():
    Setup()
    slot, record, reason = _broken_records()[2]
    assert reason[0] == failures.ARGUMENT_OUT_OF_RANGE
    _put(slot, record)
    setup = Setup(keep=True)
    assert setup.applied == 0 and setup.events.seen == [(events.TABLE_DROPPED[0], (slot,) + reason)]


def test_a_slot_that_the_store_lost_is_named():
    setup = Setup(records_lost=lambda store, slot: slot == 3)
    assert setup.applied == 0
    assert setup.events.seen == [(events.TABLE_DROPPED[0], (3, failures.TABLE_DAMAGED, 0))]


def test_an_upset_slot_is_emptied_and_reported_and_does_not_come_back():
    setup = Setup()
    for slot in (1, 4):
        setup.finish(setup.tables.keep(slot, STRIPMAP))
    setup.tables.drop_damaged()
    assert setup.is_used() == [1, 4] and setup.events.seen == []
    setup.tables.block(4)[20] ^= 8
    setup.tables.drop_damaged()
    assert setup.is_used() == [1]
    assert setup.events.seen == [(events.TABLE_DROPPED[0], (4, failures.TABLE_DAMAGED, 0))]
    refused(failures.TABLE_EMPTY, setup.tables.block, 4)
    setup.cycles(5)
    setup = Setup(keep=True)
    assert setup.is_used() == [1] and setup.events.seen == []


def _failure_of(setup, handler):
    try:
        setup.finish(handler, LIMIT_MS // 100 + 50)
    except Failure as failure:
        return failure.code, failure.detail
    return None


def test_a_flash_that_cannot_be_written_is_a_failed_completion():
    setup = Setup(records_put=lambda *arguments: False)
    started_ms = hal.ticks_ms()
    assert _failure_of(setup, setup.tables.keep(5, STRIPMAP)) == (failures.TABLE_NOT_STORED, 5)
    assert LIMIT_MS < hal.ticks_diff(hal.ticks_ms(), started_ms) < LIMIT_MS + 1000, "a limit, and not sooner"
    assert setup.is_used() == [5], "the slot is as commanded"
    setup = Setup(keep=True)
    assert setup.applied == 0
    setup = Setup(records_failed=lambda store: True)
    assert _failure_of(setup, setup.tables.keep(5, STRIPMAP)) == (failures.TABLE_NOT_STORED, 5)
    assert _failure_of(setup, setup.tables.clear(5)) == (failures.TABLE_NOT_STORED, 5)


def test_a_safe_boot_neither_applies_nor_writes_until_all_is_cleared():
    setup = Setup()
    setup.finish(setup.tables.keep(3, STRIPMAP))
    steps = []

    def step(store):
        steps.append(store)
        hal.records_step(store)

    setup = Setup(keep=True, mounted=False, records_step=step)
    setup.cycles(20)
    assert setup.applied == 0 and setup.is_used() == [] and steps == []
    setup = Setup(keep=True)
    assert setup.is_used() == [3], "it was left alone"
    setup = Setup(keep=True, mounted=False)
    setup.finish(setup.tables.clear_all())
    setup = Setup(keep=True)
    assert setup.applied == 0 and setup.events.seen == []


runner.run(globals())
