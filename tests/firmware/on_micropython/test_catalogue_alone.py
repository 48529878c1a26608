"""What the catalogue asks of the recorder and of the flash around a data take: each barrier alone."""

import hal

import runner
from driver_setup import Events, Hal, Unit, ends_with, fails_with, lasts
from payload.storage import entries as entries_module
from payload.storage.catalogue import Catalogue
from payload.storage.entries import Entries
from payload.tables import enums, failures, pool, units
from runner import refused

ENTRY_ID = 7
STORE_LIMIT_CYCLES = 900


class Link:
    def __init__(self):
        self.unit = Unit(units.RECORDER_NODE)
        self.faults = 0
        self.commands = []
        self.record = bytearray(units.CATALOGUE_ENTRY_OCTETS)
        self.read_id = ENTRY_ID

    def flags(self, mask):
        return self.faults & mask

    def command(self, command):
        self.commands.append(command)

    def read_entry(self, entry_id):
        yield 0

    def record_id(self):
        return self.read_id


class Flash:
    """The entries, of which one has its place."""

    def __init__(self):
        self.place = 0

    def room(self):
        return 0

    def find(self, entry_id):
        return 0

    def enter(self, entry_id, edit):
        yield 0
        return self.place

    def store(self, place, edit):
        yield 0


class Setup:
    def __init__(self):
        hal.init(0x0E00, True)
        self.link, self.flash = Link(), Flash()
        self.catalogue = Catalogue(self.link, self.flash, Events())
        hal.pool_set(pool.RECORDER_STATE, enums.RECORDER_STATE_READY)
        hal.pool_set(pool.RECORDER_OPEN_ENTRY_ID, ENTRY_ID)
        hal.pool_set(pool.RECORDER_BOOTS, 1)

    def opening(self):
        return self.catalogue.open(1, enums.INSTRUMENT_SAR, enums.SAR_MODE_STRIPMAP, 0)

    def recording(self):
        """An opening that the recorder has followed."""
        opening = lasts(self.opening())
        hal.pool_set(pool.RECORDER_STATE, enums.RECORDER_STATE_RECORDING)
        return opening

    def open(self):
        ends_with(self.recording())
        self.catalogue.require_recording()


def test_a_lost_recorder_is_not_asked_to_open_an_entry():
    setup = Setup()
    setup.link.unit.is_linked = False
    fails_with(failures.UNIT_LOST, setup.opening())
    assert setup.link.unit.calls == [] and setup.link.commands == []


def test_an_entry_without_a_place_is_not_recorded_into():
    setup = Setup()
    setup.flash.place = -1
    fails_with(failures.CATALOGUE_FULL, setup.recording())


def _with_an_orphan():
    """The recorder records what nobody holds, and an opening waits for its end."""
    setup = Setup()
    hal.pool_set(pool.RECORDER_STATE, enums.RECORDER_STATE_RECORDING)
    opening = lasts(setup.opening(), 3)
    assert setup.link.commands == [], "not opened over another"
    return setup, opening


def test_an_entry_is_opened_when_the_one_that_nobody_holds_is_closed():
    setup, opening = _with_an_orphan()
    hal.pool_set(pool.RECORDER_STATE, enums.RECORDER_STATE_READY)
    lasts(opening)
    assert setup.link.commands == [enums.RECORDER_COMMAND_OPEN_ENTRY]


def test_an_entry_that_nobody_closes_is_waited_for_two_seconds():
    _, opening = _with_an_orphan()
    fails_with(failures.RECORDER_REFUSED, lasts(opening, 12), 10)


def test_a_recorder_that_is_lost_with_an_entry_that_nobody_holds_is_not_waited_for():
    setup, opening = _with_an_orphan()
    setup.link.unit.is_linked = False
    fails_with(failures.UNIT_LOST, opening, 2)


def test_a_recorder_that_is_lost_while_it_opens_an_entry_is_not_waited_for():
    setup = Setup()
    opening = lasts(setup.opening())
    setup.link.unit.is_linked = False
    fails_with(failures.UNIT_LOST, opening, 2)


def test_a_recorder_that_refuses_an_entry_is_not_waited_for():
    setup = Setup()
    opening = lasts(setup.opening())
    setup.link.faults = enums.RECORDER_FAULT_FULL
    fails_with(failures.RECORDER_REFUSED, opening, 2)


def test_a_recorder_that_does_not_open_an_entry_is_waited_for_two_seconds():
    fails_with(failures.RECORDER_REFUSED, lasts(Setup().opening(), 15), 10)


def test_a_lost_recorder_does_not_record():
    setup = Setup()
    setup.open()
    setup.link.unit.is_linked = False
    refused(failures.UNIT_LOST, setup.catalogue.require_recording)


def test_a_failed_recorder_does_not_record():
    setup = Setup()
    setup.open()
    hal.pool_set(pool.RECORDER_STATE, enums.RECORDER_STATE_FAILED)
    refused(failures.RECORDER_REFUSED, setup.catalogue.require_recording)


def test_another_entry_is_not_ours():
    setup = Setup()
    setup.open()
    hal.pool_set(pool.RECORDER_OPEN_ENTRY_ID, ENTRY_ID + 1)
    refused(failures.RECORDER_RESTARTED, setup.catalogue.require_recording)


def test_the_same_entry_after_a_restart_is_not_ours():
    setup = Setup()
    setup.open()
    hal.pool_set(pool.RECORDER_BOOTS, 2)
    refused(failures.RECORDER_RESTARTED, setup.catalogue.require_recording)


def test_a_full_recorder_does_not_record():
    setup = Setup()
    setup.open()
    setup.link.faults = enums.RECORDER_FAULT_FULL
    refused(failures.RECORDER_FULL, setup.catalogue.require_recording)


def test_a_lost_recorder_is_not_asked_to_close_an_entry():
    setup = Setup()
    setup.open()
    del setup.link.commands[:]
    setup.link.unit.is_linked = False
    fails_with(failures.UNIT_LOST, setup.catalogue.close())
    assert setup.link.commands == []


def test_no_open_entry_is_not_closed():
    setup = Setup()
    setup.open()
    del setup.link.commands[:]
    hal.pool_set(pool.RECORDER_OPEN_ENTRY_ID, 0)
    fails_with(failures.RECORDER_REFUSED, setup.catalogue.close())
    assert setup.link.commands == []


def test_an_entry_that_is_not_read_back_is_not_taken_for_closed():
    for read_id, code in ((ENTRY_ID, None), (ENTRY_ID + 1, failures.NO_SUCH_ENTRY)):
        setup = Setup()
        setup.open()
        setup.link.read_id = read_id
        hal.pool_set(pool.RECORDER_STATE, enums.RECORDER_STATE_READY)
        closing = setup.catalogue.close()
        if code is None:
            ends_with(closing)
        else:
            fails_with(code, closing)


def _stores(**replaced):
    """An entry that is stored in a flash with some functions of the module hal replaced."""
    hal.init(0x0E00, True)
    entries = Entries(Events())
    entries_module.hal = Hal(**replaced)
    try:
        storing = lasts(entries.store(0, lambda record: None), STORE_LIMIT_CYCLES - 5)
        fails_with(failures.CATALOGUE_NOT_STORED, storing, 10)
    finally:
        entries_module.hal = hal


def test_a_flash_that_takes_no_entry_is_waited_for_so_long():
    _stores(records_put=lambda *arguments: False)


def test_a_flash_that_does_not_end_is_waited_for_so_long():
    _stores(records_put=lambda *arguments: True, records_pending=lambda store: True)


runner.run(globals())
