"""What the recorder's service asks of an entry, of the playback and of the recorder: each barrier alone."""

import runner
from driver_setup import ends_with, fails_with, lasts
from payload.services.recorder import RecorderService
from payload.tables import enums, failures
from recorder_setup import CRC32, ENTRY_ID, SIZE_OCTETS, UNKNOWN_ID, Entries, Link, no_faults
from reports import Reports
from runner import refused

OPEN, CLOSED, QUEUED = enums.ENTRY_STATE_OPEN, enums.ENTRY_STATE_CLOSED, enums.ENTRY_STATE_QUEUED
SENT, ACKED, DELETED = enums.ENTRY_STATE_SENT, enums.ENTRY_STATE_ACKED, enums.ENTRY_STATE_DELETED
CORRUPT = enums.ENTRY_STATE_CORRUPT
BOARD = 2


class Playback:
    """`active_id`: the entry that it verifies or sends."""

    def __init__(self):
        self.active_id = 0
        self.verified = []

    def entry_id(self):
        return self.active_id

    def start(self, pass_end, duration_s, octets):
        yield 0

    def stop(self):
        pass

    def verify(self, place):
        self.verified.append(place)
        yield 0


class Setup:
    def __init__(self, state=CLOSED):
        no_faults()
        self.link, self.entries, self.playback = Link(), Entries(state), Playback()
        reports = Reports()
        self.service = RecorderService(reports.writer, reports.queue, self.link, self.entries, self.playback)

    def acknowledge(self, size_octets=SIZE_OCTETS, crc32=CRC32):
        return self.service.acknowledge(ENTRY_ID, size_octets, crc32)

    def refused(self, code, name, *arguments):
        """At once, and nothing was asked of the recorder, of the playback or of the catalogue."""
        before = self.entries.its_state
        refused(code, getattr(self.service, name), ENTRY_ID, *arguments)
        assert self.link.commands == [] and self.playback.verified == []
        assert self.entries.its_state == before


def test_a_catalogue_that_has_no_such_entry_is_not_reported():
    setup = Setup()
    refused(failures.NO_SUCH_ENTRY, setup.service.report_catalogue, ENTRY_ID + 1, 1)
    ends_with(setup.service.report_catalogue(ENTRY_ID, 1))


def test_an_entry_that_is_not_there_is_left_alone():
    service = Setup().service
    for call in (service.delete, service.verify, service.arm_erase, service.erase):
        refused(failures.NO_SUCH_ENTRY, call, UNKNOWN_ID)
    refused(failures.NO_SUCH_ENTRY, service.queue, UNKNOWN_ID, 1)
    refused(failures.NO_SUCH_ENTRY, service.acknowledge, UNKNOWN_ID, SIZE_OCTETS, CRC32)


def test_what_cannot_be_sent_is_not_queued():
    for state, code in (
        (OPEN, failures.ENTRY_IS_OPEN),
        (DELETED, failures.ENTRY_IS_DELETED),
        (CORRUPT, failures.ENTRY_IS_CORRUPT),
        (ACKED, failures.ENTRY_IS_ACKNOWLEDGED),
    ):
        Setup(state).refused(code, "queue", 1)
    for state in (CLOSED, QUEUED, SENT):
        setup = Setup(state)
        ends_with(setup.service.queue(ENTRY_ID, 1))
        assert setup.entries.its_state == QUEUED


def test_an_entry_that_is_being_sent_is_not_queued():
    setup = Setup(QUEUED)
    setup.playback.active_id = ENTRY_ID
    setup.refused(failures.ENTRY_IS_BUSY, "queue", 1)


def test_an_entry_that_became_corrupt_while_the_flash_was_waited_for_is_not_queued():
    setup = Setup(CLOSED)
    queueing = lasts(setup.service.queue(ENTRY_ID, 1), 1)
    setup.entries.its_state = CORRUPT
    fails_with(failures.ENTRY_IS_CORRUPT, queueing)
    assert setup.entries.its_state == CORRUPT


def test_an_entry_that_was_sent_while_the_flash_was_waited_for_is_not_queued_again():
    setup = Setup(QUEUED)
    queueing = lasts(setup.service.queue(ENTRY_ID, 1), 1)
    setup.entries.its_state = SENT
    fails_with(failures.ENTRY_HAS_CHANGED, queueing)
    assert setup.entries.its_state == SENT
    setup = Setup(CLOSED)
    queueing = lasts(setup.service.queue(ENTRY_ID, 1), 1)
    setup.entries.its_state = QUEUED
    ends_with(queueing)


def test_what_was_not_sent_is_not_acknowledged():
    for state, code in (
        (OPEN, failures.ENTRY_IS_OPEN),
        (CLOSED, failures.ENTRY_NOT_SENT),
        (QUEUED, failures.ENTRY_NOT_SENT),
        (ACKED, failures.ENTRY_IS_ACKNOWLEDGED),
        (DELETED, failures.ENTRY_IS_DELETED),
        (CORRUPT, failures.ENTRY_IS_CORRUPT),
    ):
        Setup(state).refused(code, "acknowledge", SIZE_OCTETS, CRC32)
    setup = Setup(SENT)
    ends_with(setup.acknowledge())
    assert setup.entries.its_state == ACKED


def test_an_acknowledgement_of_other_data_is_refused():
    Setup(SENT).refused(failures.SIZE_DIFFERS, "acknowledge", SIZE_OCTETS + 1, CRC32)
    Setup(SENT).refused(failures.CRC_DIFFERS, "acknowledge", SIZE_OCTETS, CRC32 + 1)


def test_an_entry_that_was_queued_again_while_the_flash_was_waited_for_is_not_acknowledged():
    setup = Setup(SENT)
    acknowledging = lasts(setup.acknowledge(), 1)
    setup.entries.its_state = QUEUED
    fails_with(failures.ENTRY_NOT_SENT, acknowledging)
    assert setup.entries.its_state == QUEUED


def test_what_the_ground_has_not_acknowledged_is_not_deleted():
    for state, code in (
        (OPEN, failures.ENTRY_IS_OPEN),
        (CLOSED, failures.ENTRY_NOT_ACKNOWLEDGED),
        (QUEUED, failures.ENTRY_NOT_ACKNOWLEDGED),
        (SENT, failures.ENTRY_NOT_ACKNOWLEDGED),
        (DELETED, failures.ENTRY_IS_DELETED),
        (CORRUPT, failures.ENTRY_IS_CORRUPT),
    ):
        Setup(state).refused(code, "delete")
    setup = Setup(ACKED)
    ends_with(setup.service.delete(ENTRY_ID))
    assert setup.entries.its_state == DELETED


def test_what_cannot_be_verified_is_not():
    for state, code in (
        (OPEN, failures.ENTRY_IS_OPEN),
        (DELETED, failures.ENTRY_IS_DELETED),
        (CORRUPT, failures.ENTRY_IS_CORRUPT),
    ):
        Setup(state).refused(code, "verify")
    setup = Setup(CLOSED)
    ends_with(setup.service.verify(ENTRY_ID))
    assert len(setup.playback.verified) == 1


def test_an_erasure_of_what_the_ground_may_still_get_is_not_armed():
    for state, code in (
        (OPEN, failures.ENTRY_IS_OPEN),
        (CLOSED, failures.ENTRY_NOT_ACKNOWLEDGED),
        (QUEUED, failures.ENTRY_NOT_ACKNOWLEDGED),
        (SENT, failures.ENTRY_NOT_ACKNOWLEDGED),
        (DELETED, failures.ENTRY_IS_DELETED),
    ):
        Setup(state).refused(code, "arm_erase")


def test_an_entry_that_is_not_erasable_any_more_when_its_erasure_fires_is_not_erased():
    setup = Setup(ACKED)
    setup.service.arm_erase(ENTRY_ID)
    setup.entries.its_state = SENT
    setup.refused(failures.ENTRY_NOT_ACKNOWLEDGED, "erase")


def test_an_entry_that_is_being_verified_is_not_erased():
    setup = Setup(ACKED)
    setup.service.arm_erase(ENTRY_ID)
    setup.playback.active_id = ENTRY_ID
    setup.refused(failures.ENTRY_IS_BUSY, "erase")
    setup.playback.active_id = 0
    ends_with(setup.service.erase(ENTRY_ID))
    assert setup.entries.its_state == DELETED


def test_an_entry_that_is_being_verified_is_not_deleted():
    setup = Setup(ACKED)
    setup.playback.active_id = ENTRY_ID
    setup.refused(failures.ENTRY_IS_BUSY, "delete")
    setup.playback.active_id = 0
    ends_with(setup.service.delete(ENTRY_ID))
    assert setup.entries.its_state == DELETED


def test_an_erasure_that_is_armed_is_good_for_once():
    setup = Setup(ACKED)
    setup.service.arm_erase(ENTRY_ID)
    ends_with(setup.service.erase(ENTRY_ID))
    del setup.link.commands[:]
    setup.entries.its_state = ACKED
    setup.refused(failures.NOT_ARMED, "erase")


def test_a_lost_recorder_is_not_asked_to_delete_an_entry():
    setup = Setup(ACKED)
    setup.link.unit.is_linked = False
    setup.refused(failures.UNIT_LOST, "delete")


def test_an_entry_that_the_recorder_still_has_is_not_deleted_in_the_catalogue():
    setup = Setup(ACKED)
    setup.link.read_id = ENTRY_ID
    fails_with(failures.RECORDER_REFUSED, setup.service.delete(ENTRY_ID))
    assert setup.entries.its_state == ACKED
    assert setup.link.commands == [(enums.RECORDER_COMMAND_DELETE_ENTRY, ENTRY_ID)]


def test_a_lost_recorder_is_not_asked_to_switch_a_board():
    setup = Setup()
    setup.link.unit.is_linked = False
    for call in (setup.service.quarantine_board, setup.service.release_board):
        refused(failures.UNIT_LOST, call, BOARD)
    assert setup.link.commands == []


def test_a_board_that_stays_in_use_is_not_taken_for_quarantined():
    setup = Setup()
    fails_with(failures.RECORDER_REFUSED, setup.service.quarantine_board(BOARD))
    assert setup.link.commands == [(enums.RECORDER_COMMAND_QUARANTINE_BOARD, BOARD)]
    ends_with(setup.service.release_board(BOARD))


runner.run(globals())
