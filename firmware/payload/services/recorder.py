"""Service 131, recorder: the catalogue, its entries' way from CLOSED to DELETED, playback, memory boards."""

import hal
from micropython import const

from payload.failure import Failure, Refusal
from payload.instruments.interlocks import TwoStep
from payload.tables import enums, failures, pool, reports, units
from payload.tmtc import queue

_ROOM_OCTETS = const(200)
_ERASABLE = (enums.ENTRY_STATE_CORRUPT, enums.ENTRY_STATE_ACKED)


class RecorderService:
    """`link` is the RecorderLink; `entries` the catalogue in flash."""

    def __init__(self, writer, report_queue, link, entries, playback):
        self._writer = writer
        self._queue = report_queue
        self._link = link
        self._entries = entries
        self._playback = playback
        self._erase = TwoStep()
        self._armed_id = 0

    def telecommands(self):
        return {
            "RECORDER_REPORT_CATALOGUE": self.report_catalogue,
            "RECORDER_QUEUE": self.queue,
            "RECORDER_START_PLAYBACK": self._playback.start,
            "RECORDER_STOP_PLAYBACK": self._playback.stop,
            "RECORDER_ACKNOWLEDGE": self.acknowledge,
            "RECORDER_DELETE": self.delete,
            "RECORDER_VERIFY": self.verify,
            "RECORDER_ARM_ERASE": self.arm_erase,
            "RECORDER_ERASE": self.erase,
            "RECORDER_QUARANTINE_BOARD": self.quarantine_board,
            "RECORDER_RELEASE_BOARD": self.release_board,
        }

    def report_catalogue(self, first_entry, entries):
        """Generator: up to `entries` entries from the id on. Raises Refusal when there is none."""
        entry_id = self._entries.next_id(first_entry)
        if entry_id == 0:
            raise Refusal(failures.NO_SUCH_ENTRY, first_entry, hal.pool_get(pool.CATALOGUE_ENTRIES))
        yield 0
        for _ in range(entries):
            while self._queue.free(queue.RESPONSE) < _ROOM_OCTETS:
                yield 0
            place = self._entries.find(entry_id)
            if place >= 0:
                self._entries.load(place)
                self._writer.begin(*reports.CATALOGUE_ENTRY)
                self._writer.octets(self._entries.record, 0, units.CATALOGUE_ENTRY_OCTETS)
                self._writer.end(queue.RESPONSE)
            entry_id = self._entries.next_id(entry_id + 1)
            if entry_id == 0:
                return

    def queue(self, entry_id, priority):
        """Generator: CLOSED, QUEUED (another priority) or SENT (again) to QUEUED."""
        place = self._require_sendable(entry_id)
        self._require_not_active(entry_id)
        accepted_in = (self._entries.state(place), enums.ENTRY_STATE_QUEUED)

        def edit(record):
            self._require_sendable(entry_id)
            # A playback may have sent it while the flash was waited for: it would be sent again.
            self._entries.require_state(place, entry_id, accepted_in)
            if record[units.CATALOGUE_ENTRY_STATE] != enums.ENTRY_STATE_QUEUED:
                hal.put(hal.U32, 0, record, units.CATALOGUE_ENTRY_SENT_OCTETS)
            record[units.CATALOGUE_ENTRY_STATE] = enums.ENTRY_STATE_QUEUED
            record[units.CATALOGUE_ENTRY_PRIORITY] = priority

        yield 0
        yield from self._entries.store(place, edit)

    def acknowledge(self, entry_id, size_octets, crc32):
        """Generator: SENT to ACKED, when the ground has what the catalogue says."""
        place = self._require_sent(entry_id)
        size = self._entries.field(place, hal.U32, units.CATALOGUE_ENTRY_SIZE_OCTETS)
        if size_octets != size:
            raise Refusal(failures.SIZE_DIFFERS, size_octets, size)
        if crc32 != self._entries.field(place, hal.U32, units.CATALOGUE_ENTRY_CRC32):
            raise Refusal(failures.CRC_DIFFERS, entry_id)

        def edit(record):
            self._require_sent(entry_id)
            record[units.CATALOGUE_ENTRY_STATE] = enums.ENTRY_STATE_ACKED

        yield 0
        yield from self._entries.store(place, edit)

    def delete(self, entry_id):
        """Generator: ACKED to DELETED; the recorder has the space back."""
        place = self._require_kept(entry_id)
        state = self._entries.state(place)
        if state == enums.ENTRY_STATE_CORRUPT:
            raise Refusal(failures.ENTRY_IS_CORRUPT, entry_id)
        if state != enums.ENTRY_STATE_ACKED:
            raise Refusal(failures.ENTRY_NOT_ACKNOWLEDGED, entry_id, state)
        self._require_not_active(entry_id)
        yield from self._remove(entry_id, place)

    def verify(self, entry_id):
        """Generator: the recorder checks the entry; CORRUPT when it is not what was recorded."""
        place = self._require_kept(entry_id)
        if self._entries.state(place) == enums.ENTRY_STATE_CORRUPT:
            raise Refusal(failures.ENTRY_IS_CORRUPT, entry_id)
        yield from self._playback.verify(place)

    def arm_erase(self, entry_id):
        """First step. Raises Refusal for what the ground may still get."""
        self._require_erasable(entry_id)
        self._armed_id = entry_id
        self._erase.arm()

    def erase(self, entry_id):
        """Generator: second step: a CORRUPT or ACKED entry to DELETED."""
        place = self._require_erasable(entry_id)
        self._require_not_active(entry_id)
        if self._armed_id != entry_id:
            raise Refusal(failures.NOT_ARMED)
        self._erase.fire()
        yield from self._remove(entry_id, place)

    def quarantine_board(self, board):
        """Generator: a memory board out of use. Raises Refusal for the last one."""
        in_use = hal.pool_get(pool.RECORDER_BOARDS_IN_USE)
        if in_use == 1 << board:
            raise Refusal(failures.LAST_BOARD, board, in_use)
        yield from self._switch_board(enums.RECORDER_COMMAND_QUARANTINE_BOARD, board, False)

    def release_board(self, board):
        """Generator: a memory board back into use."""
        yield from self._switch_board(enums.RECORDER_COMMAND_RELEASE_BOARD, board, True)

    def _switch_board(self, command, board, used):
        self._link.unit.require_link()
        yield 0
        self._link.command_board(command, board)
        yield from self._link.unit.fresh_sample()
        in_use = hal.pool_get(pool.RECORDER_BOARDS_IN_USE)
        if bool(in_use >> board & 1) != used:
            raise Failure(failures.RECORDER_REFUSED, hal.pool_get(pool.RECORDER_FAULT_FLAGS))

    def _require_kept(self, entry_id):
        """Place of an entry that is neither open nor deleted. Raises Refusal."""
        place = self._entries.require(entry_id)
        state = self._entries.state(place)
        if state == enums.ENTRY_STATE_OPEN:
            raise Refusal(failures.ENTRY_IS_OPEN, entry_id)
        if state == enums.ENTRY_STATE_DELETED:
            raise Refusal(failures.ENTRY_IS_DELETED, entry_id)
        return place

    def _require_erasable(self, entry_id):
        """Place of an entry that is corrupt or acknowledged. Raises Refusal: all others are the ground's to get."""
        place = self._require_kept(entry_id)
        state = self._entries.state(place)
        if state not in _ERASABLE:
            raise Refusal(failures.ENTRY_NOT_ACKNOWLEDGED, entry_id, state)
        return place

    def _require_sendable(self, entry_id):
        place = self._require_kept(entry_id)
        state = self._entries.state(place)
        if state == enums.ENTRY_STATE_CORRUPT:
            raise Refusal(failures.ENTRY_IS_CORRUPT, entry_id)
        if state == enums.ENTRY_STATE_ACKED:
            raise Refusal(failures.ENTRY_IS_ACKNOWLEDGED, entry_id)
        return place

    def _require_sent(self, entry_id):
        place = self._require_sendable(entry_id)
        state = self._entries.state(place)
        if state != enums.ENTRY_STATE_SENT:
            raise Refusal(failures.ENTRY_NOT_SENT, entry_id, state)
        return place

    def _require_not_active(self, entry_id):
        if self._playback.entry_id() == entry_id:
            raise Refusal(failures.ENTRY_IS_BUSY, entry_id)

    def _remove(self, entry_id, place):
        """Generator: first at the recorder, then in the catalogue; a cut between is made good after boot."""
        link = self._link
        link.unit.require_link()
        yield 0
        link.command_entry(enums.RECORDER_COMMAND_DELETE_ENTRY, entry_id)
        yield from link.read_entry(entry_id)
        if link.record_id() == entry_id:
            yield from link.unit.fresh_sample()
            raise Failure(failures.RECORDER_REFUSED, hal.pool_get(pool.RECORDER_FAULT_FLAGS))
        yield from self._entries.store_state(place, enums.ENTRY_STATE_DELETED, _ERASABLE)
