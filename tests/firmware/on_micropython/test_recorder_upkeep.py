"""Reading the recorder's records, restarting it, its memory boards, and the catalogue made to agree with it."""

import hal

import runner
from driver_setup import Events, ends_with, fails_with, lasts
from payload.storage.memory_boards import MemoryBoards
from payload.storage.reconciliation import Reconciliation
from payload.storage.recorder_link import RecorderLink
from payload.storage.recorder_restart import RecorderRestart
from payload.tables import enums, events, failures, mission, pool, units
from recorder_setup import ENTRY_ID, OTHER_ID, PLACE, Entries, Link, Recorder, no_faults
from runner import refused

CHECKED = units.RECORDER_ENTRY_OCTETS - 2
RESTART = enums.RECORDER_COMMAND_RESTART
OPEN, CLOSED, QUEUED = enums.ENTRY_STATE_OPEN, enums.ENTRY_STATE_CLOSED, enums.ENTRY_STATE_QUEUED
SENT, ACKED, DELETED = enums.ENTRY_STATE_SENT, enums.ENTRY_STATE_ACKED, enums.ENTRY_STATE_DELETED
CORRUPT = enums.ENTRY_STATE_CORRUPT


def _record(entry_id, state=CLOSED):
    """A record of the recorder with its CRC."""
    record = bytearray(units.RECORDER_ENTRY_OCTETS)
    hal.put(hal.U16, entry_id, record, units.CATALOGUE_ENTRY_ENTRY_ID)
    record[units.CATALOGUE_ENTRY_STATE] = state
    hal.put(hal.U16, hal.crc16(record, 0, CHECKED), record, CHECKED)
    return record


class Memory(Recorder):
    """A recorder that answers each reading with the next of the records, and with the last one from then on."""

    def __init__(self, *records):
        super().__init__()
        self.records = list(records)

    def read_octets(self, address, buffer, offset, octets):
        record = self.records.pop(0) if len(self.records) > 1 else self.records[0]
        hal.copy(record, 0, buffer, offset, octets)


def test_a_record_is_read_again_until_its_crc_is_right():
    damaged, good = _record(ENTRY_ID), _record(ENTRY_ID)
    damaged[CHECKED] ^= 1
    link = RecorderLink(Memory(damaged, damaged, good))
    ends_with(link.read_entry(ENTRY_ID))
    assert link.record == good
    fails_with(failures.BUS_BAD_REPLY, RecorderLink(Memory(damaged)).read_entry(ENTRY_ID))


def test_another_entry_is_not_taken_for_the_one_that_was_asked_for():
    link = RecorderLink(Memory(_record(OTHER_ID)))
    fails_with(failures.BUS_BAD_REPLY, link.read_entry(ENTRY_ID))
    ends_with(link.read_slot(0))
    link = RecorderLink(Memory(_record(0)))
    ends_with(link.read_entry(ENTRY_ID))
    assert link.record_id() == 0


def test_who_reads_a_record_is_not_disturbed():
    link = RecorderLink(Memory(_record(ENTRY_ID)))
    reading = lasts(link.read_entry(ENTRY_ID), 1)
    other = lasts(link.read_entry(OTHER_ID), 3)
    assert link.unit.written(units.RECORDER_CONTROL_SELECT_ENTRY_ID) == [ENTRY_ID]
    ends_with(reading)
    link.unit.records = [_record(OTHER_ID)]
    ends_with(other)
    assert link.record_id() == OTHER_ID


class Restart:
    def __init__(self):
        no_faults()
        self.link, self.events = Link(), Events()
        self.restart = RecorderRestart(self.link, self.events)

    def runs(self, seconds, state):
        hal.pool_set(pool.RECORDER_STATE, state)
        for _ in range(seconds):
            self.restart.run()


def test_a_lost_recorder_is_not_restarted():
    setup = Restart()
    setup.link.unit.is_linked = False
    refused(failures.UNIT_LOST, setup.restart.restart)
    assert setup.link.commands == []


def test_a_recorder_that_does_not_restart_is_waited_for_so_long():
    cycles = mission.RECORDER_RESTART_LIMIT_MS // 100
    setup = Restart()
    fails_with(failures.RECORDER_REFUSED, lasts(setup.restart.restart(), cycles - 5), 15)
    assert setup.link.commands == [RESTART]


def test_a_recorder_has_restarted_when_it_has_and_takes_commands():
    setup = Restart()
    restarting = lasts(setup.restart.restart())
    setup.link.is_ready = False
    hal.pool_set(pool.RECORDER_BOOTS, 2)
    restarting = lasts(restarting)
    setup.link.is_ready = True
    ends_with(restarting, 1)


def test_a_recorder_that_failed_is_restarted_once():
    setup = Restart()
    setup.runs(5, enums.RECORDER_STATE_READY)
    assert setup.link.commands == []
    setup.runs(5, enums.RECORDER_STATE_FAILED)
    assert setup.link.commands == [RESTART] and setup.events.ids() == [events.RECORDER_RESTART_TRIED[0]]
    setup.runs(mission.RECORDER_RESTART_AGAIN_AFTER_S - 1, enums.RECORDER_STATE_READY)
    setup.runs(1, enums.RECORDER_STATE_FAILED)
    assert setup.link.commands == [RESTART], "not well for long"
    setup.runs(mission.RECORDER_RESTART_AGAIN_AFTER_S, enums.RECORDER_STATE_READY)
    setup.runs(1, enums.RECORDER_STATE_FAILED)
    assert setup.link.commands == [RESTART, RESTART]


ERRORS = (pool.RECORDER_BOARD_0_ERRORS, pool.RECORDER_BOARD_1_ERRORS)


def _boards(in_use, errors, seconds=2, boots=()):
    """The commands and events after some seconds with so many write errors of the first two boards.

    The recorder restarts in each second of `boots`.
    """
    no_faults()
    hal.pool_set(pool.RECORDER_BOARDS_IN_USE, in_use)
    hal.pool_set(pool.RECORDER_CORRECTED_ERRORS, 0)
    for parameter, count in zip(ERRORS, errors):  # noqa: B905 - MicroPython has no strict
        hal.pool_set(parameter, count)
    link, seen = Link(), Events()
    boards = MemoryBoards(link, seen)
    for second in range(seconds):
        if second in boots:
            hal.pool_set(pool.RECORDER_BOOTS, hal.pool_get(pool.RECORDER_BOOTS) + 1)
        boards.run()
    for parameter in ERRORS:
        hal.pool_set(parameter, 0)
    return link.commands, seen.ids()


def test_a_board_with_many_errors_is_quarantined_but_never_the_last():
    many = mission.RECORDER_QUARANTINE_ERRORS
    quarantine = (enums.RECORDER_COMMAND_QUARANTINE_BOARD, 1)
    assert _boards(0b11, (0, many - 1)) == ([], [])
    assert _boards(0b11, (0, many)) == ([quarantine] * 2, [])
    assert _boards(0b01, (0, many)) == ([], [events.BOARD_QUARANTINED[0]]), "told once"
    assert _boards(0b01, (many, 0)) == ([], []), "the last one"


def test_a_board_that_stays_in_use_is_told_of_and_holds_up_no_other():
    many = mission.RECORDER_QUARANTINE_ERRORS
    quarantine = enums.RECORDER_COMMAND_QUARANTINE_BOARD
    each_thrice = [(quarantine, 0)] * 3 + [(quarantine, 1)] * 3
    told = [events.BOARD_NOT_QUARANTINED[0]] * 2
    assert _boards(0b1111, (many, many), 20) == (each_thrice, told)
    assert _boards(0b1111, (many, many), 40, boots=(20,)) == (each_thrice * 2, told * 2), "tried again after a restart"


class Agreement:
    """The recorder has the records, the catalogue one entry in the state."""

    def __init__(self, state, *records):
        no_faults()
        hal.pool_set(pool.RECORDER_ENTRIES, len(records))
        hal.pool_set(pool.RECORDER_OPEN_ENTRY_ID, 0)
        self.link, self.entries, self.events = Slots(records), OneEntry(state), Events()
        self.reconciliation = Reconciliation(self.link, self.entries, self.events)
        self.reconciliation.request()

    def state(self, limit_cycles=300):
        """The entry's, once the catalogue agrees."""
        for _ in range(limit_cycles):
            if not self.reconciliation.wanted:
                return self.entries.its_state
            self.reconciliation.run()
        raise AssertionError("did not come to its end")


class Slots(Link):
    def __init__(self, records):
        super().__init__()
        self.records = records
        self.record = bytearray(units.RECORDER_ENTRY_OCTETS)

    def read_slot(self, slot):
        self.record = self.records[slot] if slot < len(self.records) else bytearray(units.RECORDER_ENTRY_OCTETS)
        yield 0

    def read_entry(self, entry_id):
        self.record = bytearray(units.RECORDER_ENTRY_OCTETS)
        for record in self.records:
            if hal.get(hal.U16, record, units.CATALOGUE_ENTRY_ENTRY_ID) == entry_id:
                self.record = record
        yield 0

    def record_id(self):
        return hal.get(hal.U16, self.record, units.CATALOGUE_ENTRY_ENTRY_ID)


class OneEntry(Entries):
    """Of the catalogue's places the first holds an entry, with the recorder's content."""

    def __init__(self, state):
        super().__init__(state)
        hal.copy(_record(ENTRY_ID), 0, self.record, 0, units.CATALOGUE_ENTRY_SENT_OCTETS)

    def id(self, place):
        return ENTRY_ID if place == PLACE else 0

    def store_state(self, place, state, instead_of):
        yield 0
        self.require_state(place, ENTRY_ID, instead_of)
        self.its_state = state

    def enter(self, entry_id, edit):
        yield from self.store(PLACE, edit)
        return PLACE


def test_what_the_recorder_does_not_have_is_corrupt_but_what_the_ground_has_is_deleted():
    for before, after in (
        (OPEN, CORRUPT),
        (CLOSED, CORRUPT),
        (QUEUED, CORRUPT),
        (SENT, CORRUPT),
        (ACKED, DELETED),
        (DELETED, DELETED),
        (CORRUPT, CORRUPT),
    ):
        assert Agreement(before).state() == after, before


def test_the_entry_that_is_open_is_not_missing():
    setup = Agreement(OPEN)
    hal.pool_set(pool.RECORDER_OPEN_ENTRY_ID, ENTRY_ID)
    assert setup.state() == OPEN


def test_a_deletion_that_did_not_reach_the_recorder_is_made_good():
    setup = Agreement(DELETED, _record(ENTRY_ID))
    assert setup.state() == DELETED
    assert setup.link.commands == [(enums.RECORDER_COMMAND_DELETE_ENTRY, ENTRY_ID)]
    setup = Agreement(QUEUED, _record(ENTRY_ID))
    assert setup.state() == QUEUED and setup.link.commands == []


def test_what_differs_at_the_recorder_is_corrupt_but_what_the_ground_has_is_not():
    other = _record(ENTRY_ID)
    other[units.CATALOGUE_ENTRY_SIZE_OCTETS] ^= 1
    for its_record in (other, _record(ENTRY_ID, CORRUPT)):
        for state in (CLOSED, QUEUED, SENT):
            assert Agreement(state, its_record).state() == CORRUPT, state
        assert Agreement(ACKED, its_record).state() == ACKED
        assert Agreement(DELETED, its_record).state() == DELETED


def test_what_the_recorder_closed_is_taken_in():
    setup = Agreement(OPEN, _record(ENTRY_ID))
    assert setup.state() == CLOSED
    assert setup.events.ids() == [events.DATA_TAKE_CLOSED[0], events.CATALOGUE_RECONCILED[0]]
    setup = Agreement(OPEN, _record(ENTRY_ID, OPEN))
    assert setup.state() == OPEN and setup.events.ids() == []


NOT_RECONCILED = events.CATALOGUE_NOT_RECONCILED[0]


def test_a_recorder_that_contradicts_itself_has_lost_nothing_and_is_told_of_once():
    for counted, records in (
        (0, [_record(ENTRY_ID)]),
        (2, [_record(0)]),
        (2, [_record(OTHER_ID)] * mission.RECORDER_ENTRIES),
    ):
        setup = Agreement(CLOSED, *records)
        hal.pool_set(pool.RECORDER_ENTRIES, counted)
        for _ in range(600):
            setup.reconciliation.run()
        assert setup.entries.its_state == CLOSED and setup.reconciliation.wanted, counted
        assert setup.events.ids().count(NOT_RECONCILED) == 1, counted
        setup.link.records = [_record(ENTRY_ID)]
        hal.pool_set(pool.RECORDER_ENTRIES, 1)
        assert setup.state() == CLOSED, counted


def test_a_recorder_that_was_only_asked_at_a_bad_moment_is_not_told_of():
    setup = Agreement(CLOSED, _record(ENTRY_ID))
    hal.pool_set(pool.RECORDER_ENTRIES, 2)
    for _ in range(mission.RECORDER_ENTRIES + 10):
        setup.reconciliation.run()
    hal.pool_set(pool.RECORDER_ENTRIES, 1)
    assert setup.state() == CLOSED and setup.events.ids() == []


def test_what_the_recorder_does_not_list_and_closed_is_taken_in():
    setup = Agreement(OPEN, _record(ENTRY_ID))
    hal.pool_set(pool.RECORDER_ENTRIES, 0)
    for _ in range(10):
        setup.reconciliation.run()
    assert setup.entries.its_state == CLOSED


def test_an_entry_made_while_the_recorder_is_asked_for_the_one_before_it_is_not_missing():
    setup = Agreement(CLOSED)

    def read_entry(entry_id):
        setup.reconciliation.note(PLACE)
        yield 0

    setup.link.read_entry = read_entry
    assert setup.state() == CLOSED


def test_what_was_taken_for_lost_is_closed_again_when_the_recorder_shows_it():
    setup = Agreement(QUEUED)
    assert setup.state() == CORRUPT
    other = _record(ENTRY_ID)
    other[units.CATALOGUE_ENTRY_SIZE_OCTETS] ^= 1
    for its_record, after in (
        (_record(ENTRY_ID, CORRUPT), CORRUPT),
        (_record(ENTRY_ID), CLOSED),
    ):
        setup = Agreement(CORRUPT, its_record)
        assert setup.state() == after
        assert (setup.events.ids() == []) == (after == CORRUPT)
        assert setup.events.ids().count(events.DATA_TAKE_CLOSED[0]) == (after == CLOSED)
    setup = Agreement(CORRUPT, other)
    hal.put(hal.U32, 5, setup.entries.record, units.CATALOGUE_ENTRY_SIZE_OCTETS)
    assert setup.state() == CORRUPT, "another content"
    setup = Agreement(CORRUPT, other)
    assert setup.state() == CLOSED, "it was open then, and its content was not known"


def test_a_recorder_that_takes_no_commands_is_not_asked():
    setup = Agreement(CLOSED)
    setup.link.is_ready = False
    for _ in range(300):
        setup.reconciliation.run()
    assert setup.entries.its_state == CLOSED and setup.reconciliation.wanted


runner.run(globals())
