"""A block is read back before it is used, and a unit that came up anew by itself is not started."""

import hal

import payload.units.unit as unit_module
import runner
from payload.failure import Failure
from payload.instruments.instrument import Instrument, TakeRequest
from payload.tables import enums, events, failures, mission, pool, units
from payload.units.unit import Unit
from runner import refused

_START_AHEAD_MS = 5000
_LEAD_MS = 700


class Events:
    def report(self, event, *fields):
        pass


class Bus:
    """Stands for hal in units.unit: one block of memory, of which one octet may be kept wrong."""

    def __init__(self):
        for name in dir(hal):
            setattr(self, name, getattr(hal, name))
        self.memory = bytearray()
        self.spoilt = -1
        self.rmap_write = self._write
        self.rmap_read = self._read

    def _write(self, node, address, buffer, offset, octets):
        self.memory = bytearray(buffer[offset : offset + octets])
        if self.spoilt >= 0:
            self.memory[self.spoilt] ^= 0x10
        return 0

    def _read(self, node, address, buffer, offset, octets):
        hal.copy(self.memory, 0, buffer, offset, octets)
        return 0


def _written(spoilt):
    """The failure of writing a table of which the unit keeps one octet wrong; None when it is taken."""
    hal.init(0x0E11, True)
    bus = Bus()
    bus.spoilt = spoilt
    table = bytes([octet & 0xFF for octet in range(units.SAR_TABLE_OCTETS)])
    unit_module.hal = bus
    try:
        unit = Unit(units.SAR_NODE, (0, 0, 0, 0), pool.SAR_LINK, Events())
        unit.write_verified(units.SAR_TABLE_ADDRESS, table, len(table))
    except Failure as failure:
        return failure
    finally:
        unit_module.hal = hal
    return None


def test_a_block_that_reads_back_as_written_is_taken():
    assert _written(-1) is None


def test_each_octet_that_reads_back_otherwise_is_found():
    for octet in range(units.SAR_TABLE_OCTETS):
        failure = _written(octet)
        assert (failure.code, failure.detail, failure.limit) == (failures.READ_BACK_MISMATCH, units.SAR_NODE, octet)


class Machine:
    mode = enums.SAR_MODE_PREOP


class LinkedUnit:
    node = units.SAR_NODE

    def require_link(self):
        pass


def _instrument():
    hal.init(0x0E11, True)
    state = (pool.SAR_STATE, pool.SAR_FAULT_FLAGS, enums.SAR_UNIT_STATE_FAILED, {})
    return Instrument(Machine(), LinkedUnit(), None, (), None, None, state, Events())


def test_the_recorder_has_room_for_what_is_predicted_and_a_tenth():
    instrument = _instrument()
    for predicted_mib, needed_mib in ((1, 2), (100, 110), (101, 112), (1067, 1174)):
        request = TakeRequest(1, enums.SAR_MODE_STRIPMAP, 0, None, 1000, 0, predicted_mib)
        hal.pool_set(pool.RECORDER_FREE_MIB, needed_mib)
        instrument.require_memory(request)
        hal.pool_set(pool.RECORDER_FREE_MIB, needed_mib - 1)
        failure = refused(failures.MEMORY_BUDGET, instrument.require_memory, request)
        assert (failure.detail, failure.limit) == (needed_mib - 1, needed_mib)
    hal.init(0x0E11, True)
    refused(failures.MEMORY_BUDGET, instrument.require_memory, TakeRequest(1, 4, 0, None, 1000, 0, 0))


def test_a_unit_that_is_not_ready_any_more_is_not_started():
    """Found by the safety checker: it started anew in silence, and its table was gone."""
    instrument = _instrument()
    start = bytearray(7)
    hal.time_after_ms(_START_AHEAD_MS, start, 0)
    request = TakeRequest(1, enums.SAR_MODE_STRIPMAP, 0, start, 1000, 0)
    hal.pool_set(pool.SAR_STATE, enums.SAR_UNIT_STATE_READY)
    waiting = instrument._await_start(request, _LEAD_MS)
    for _ in range(3):
        next(waiting)
    hal.pool_set(pool.SAR_STATE, enums.SAR_UNIT_STATE_IDLE)
    failure = refused(failures.UNIT_FAULT, next, waiting)
    assert failure.limit == enums.SAR_UNIT_STATE_IDLE
    # Also when the start is there already.
    refused(failures.UNIT_FAULT, next, instrument._await_start(request, 2 * _START_AHEAD_MS))


class _Silent:
    """Stands for hal in units.unit: every access has the status."""

    def __init__(self, status):
        self.status = status

    def __getattr__(self, name):
        return getattr(hal, name)

    def rmap_write(self, *arguments):
        return self.status

    def rmap_last_status(self):
        return 7


def _write(status, type_code=hal.U16, value=1):
    hal.init(0x0E11, True)
    unit_module.hal = _Silent(status)
    try:
        Unit(units.SAR_NODE, (0, 0, 0, 0), pool.SAR_LINK, Events()).write(0, type_code, value)
    finally:
        unit_module.hal = hal


def test_what_a_unit_does_not_confirm_is_a_failure_with_its_reason():
    _write(0)
    for status, code, limit in (
        (1, failures.BUS_NO_REPLY, 0),
        (2, failures.BUS_BAD_REPLY, 0),
        (3, failures.BUS_ERROR_STATUS, 7),
        (4, failures.BUS_BAD_REPLY, 0),
    ):
        failure = refused(code, _write, status)
        assert (failure.detail, failure.limit) == (units.SAR_NODE, limit)


def test_a_value_that_fits_no_register_is_not_written():
    refused(failures.HANDLER_FAULT, _write, 0, hal.U16, 0x10000)


def test_nothing_fresh_is_awaited_of_a_unit_that_is_lost_meanwhile():
    hal.init(0x0E11, True)
    unit = Unit(units.SAR_NODE, (0, 0, 0, 0), pool.SAR_LINK, Events())
    unit.power(True)
    sample = unit.fresh_sample()
    next(sample)
    unit.link = enums.UNIT_LINK_LOST
    refused(failures.UNIT_LOST, next, sample)


class _Sampled(_Silent):
    """A unit that takes a sample for each that asks, until it `stopped`, and replies nevertheless."""

    def __init__(self, status):
        super().__init__(status)
        self.stopped = False
        self.count = 0xFFFE

    def rmap_read(self, node, address, buffer, offset, octets):
        if self.status == 0:
            if not self.stopped:
                self.count = self.count + 1 & 0xFFFF
            hal.put(hal.U16, self.count, buffer, offset)
        return self.status


class _Told(Events):
    def __init__(self):
        self.reports = []

    def report(self, event, *fields):
        self.reports.append((event,) + fields)


def _sampled_unit(told):
    housekeeping = (0, units.SAR_HOUSEKEEPING_OCTETS, units.SAR_POOL_FIRST, units.SAR_POOL_COUNT)
    return Unit(units.SAR_NODE, housekeeping, pool.SAR_LINK, told)


def test_a_unit_whose_sample_count_stands_is_lost_and_found_when_it_goes_on():
    hal.init(0x0E11, True)
    bus = unit_module.hal = _Sampled(0)
    told = _Told()
    try:
        unit = _sampled_unit(told)
        unit.power(True)
        for _ in range(2 * mission.BUS_LOST_AFTER_SAMPLES):
            unit.sample()
        assert not unit.lost() and not told.reports
        samples = unit.samples
        bus.stopped = True
        for _ in range(mission.BUS_LOST_AFTER_SAMPLES - 1):
            unit.sample()
        assert not unit.lost() and unit.samples == samples
        unit.sample()
        assert unit.lost() and not hal.pool_valid(pool.SAR_STATE)
        assert told.reports == [(events.UNIT_LOST, units.SAR_NODE, failures.HOUSEKEEPING_STOPPED)]
        for _ in range(2 * mission.BUS_LOST_PROBE_PERIOD_CYCLES):
            unit.sample()
        assert unit.lost()
        bus.stopped = False
        for _ in range(mission.BUS_LOST_PROBE_PERIOD_CYCLES):
            unit.sample()
        assert not unit.lost() and told.reports[1:] == [(events.UNIT_FOUND, units.SAR_NODE)]
    finally:
        unit_module.hal = hal


def test_the_first_sample_after_the_supply_came_is_new_whatever_its_count():
    hal.init(0x0E11, True)
    bus = unit_module.hal = _Sampled(0)
    try:
        unit = _sampled_unit(Events())
        unit.power(True)
        unit.sample()
        bus.stopped = True
        unit.sample()
        assert unit.samples == 1
        unit.power(False)
        unit.power(True)
        unit.sample()
        assert unit.samples == 2
    finally:
        unit_module.hal = hal


def test_a_unit_is_lost_after_so_many_bad_samples_and_its_values_with_it():
    hal.init(0x0E11, True)
    bus = unit_module.hal = _Sampled(1)
    try:
        unit = _sampled_unit(Events())
        unit.power(True)
        hal.pool_set(pool.SAR_STATE, enums.SAR_UNIT_STATE_READY)
        for _ in range(mission.BUS_LOST_AFTER_SAMPLES - 1):
            unit.sample()
        assert not unit.lost() and hal.pool_valid(pool.SAR_STATE)
        unit.sample()
        assert unit.lost() and not hal.pool_valid(pool.SAR_STATE)
        assert hal.pool_get(pool.SAR_LINK) == enums.UNIT_LINK_LOST
        bus.status = 0
        for _ in range(mission.BUS_LOST_PROBE_PERIOD_CYCLES):
            unit.sample()
        assert not unit.lost() and hal.pool_valid(pool.SAR_STATE)
    finally:
        unit_module.hal = hal


runner.run(globals())
