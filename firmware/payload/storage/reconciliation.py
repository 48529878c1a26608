"""Making the catalogue agree with the recorder's records: after boot, after a restart of the recorder, after a gap.

What the recorder closed and the catalogue does not know is taken in; what the catalogue knows more of (queued,
sent, acknowledged, deleted) stays so. A state goes to CORRUPT or forward, never back; only what was CORRUPT and is
there again as it was is CLOSED again.

A recorder that contradicts itself is not believed that it lost an entry: it is asked again.
"""

import hal
from micropython import const

from payload.failure import Failure, Refusal
from payload.tables import enums, events, failures, mission, pool, units

_PLACES = mission.RECORDER_ENTRIES
_RETRY_CYCLES = const(10)
_TRIES_UNTOLD = const(3)
_LARGEST_U8 = const(255)
_CONTENT_END = units.CATALOGUE_ENTRY_SENT_OCTETS

# States in which an entry may be changed here, asked for when it is stored: the flash may have been waited for.
_ACKED = (enums.ENTRY_STATE_ACKED,)
_WITHOUT_THE_GROUND = (
    enums.ENTRY_STATE_OPEN,
    enums.ENTRY_STATE_CLOSED,
    enums.ENTRY_STATE_QUEUED,
    enums.ENTRY_STATE_SENT,
)


class Reconciliation:
    def __init__(self, link, entries, event_service):
        self._link = link
        self._entries = entries
        self._events = event_service
        self._seen = bytearray(_PLACES)
        self._listed = [0] * _PLACES
        self._counted = 0
        self._shown = 0
        self._contradictions = 0
        self._steps = None
        self._requested = False
        self.wanted = False
        self._skip_cycles = 0
        self._changed = 0
        self._missing = 0

    def request(self):
        """Reconcile as soon as the recorder takes commands; from the beginning, when it is under way."""
        self._requested = True
        self.wanted = True

    def note(self, place):
        """An entry was made at the place: the recorder has it, though it may be past its record already."""
        self._seen[place] = 1

    def run(self):
        """Once a cycle while `wanted`."""
        if self._skip_cycles:
            self._skip_cycles -= 1
            return
        if self._requested and self._steps is None and self._link.ready():
            self._requested = False
            self._steps = self._reconcile()
        if self._steps is None:
            return
        try:
            next(self._steps)
        except StopIteration:
            self._steps = None
            self.wanted = self._requested
        except Failure as failure:
            hal.console("catalogue not reconciled: failure %d\n" % failure.code)
            self._steps = None
            self._requested = True
            self._skip_cycles = _RETRY_CYCLES

    def _reconcile(self):
        for place in range(_PLACES):
            self._seen[place] = 0
            self._listed[place] = 0
        self._changed = self._missing = 0
        yield from self._link.unit.fresh_sample()
        self._counted = hal.pool_get(pool.RECORDER_ENTRIES)
        yield from self._take_in_listed()
        if self._shown < self._counted:
            self._contradicted()
        for place in range(_PLACES):
            if not self._seen[place]:
                yield from self._see_to_missing(place)
        if self._shown != self._counted:
            self._contradicted()
        self._contradictions = 0
        if self._changed or self._missing:
            self._events.report(
                events.CATALOGUE_RECONCILED, min(self._changed, _LARGEST_U8), min(self._missing, _LARGEST_U8)
            )

    def _take_in_listed(self):
        """Generator: what the recorder lists, until as many entries were shown as it counts."""
        self._shown = 0
        for slot in range(_PLACES):
            if self._shown == self._counted:
                return
            yield from self._link.read_slot(slot)
            entry_id = self._link.record_id()
            # A recorder that does not choose as commanded shows an entry again.
            if entry_id and entry_id not in self._listed:
                self._listed[slot] = entry_id
                self._shown += 1
                yield from self._take_in()

    def _contradicted(self):
        """Raise Failure: what the recorder counts is not what it shows. Told of once it is no matter of the moment."""
        self._contradictions = min(self._contradictions + 1, _TRIES_UNTOLD + 1)
        if self._contradictions == _TRIES_UNTOLD:
            self._events.report(events.CATALOGUE_NOT_RECONCILED, self._counted, self._shown)
        raise Failure(failures.BUS_BAD_REPLY, self._link.unit.node)

    def _take_in(self):
        """Generator: one record of the unit."""
        entries = self._entries
        record = bytes(self._link.record)
        entry_id = self._link.record_id()
        its_state = record[units.CATALOGUE_ENTRY_STATE]
        if its_state == enums.ENTRY_STATE_OPEN:
            place = entries.find(entry_id)
            if place >= 0:
                self._seen[place] = 1
            return
        place = entries.find(entry_id)
        ours = enums.ENTRY_STATE_OPEN
        if place >= 0:
            self._seen[place] = 1
            ours = entries.state(place)
        if ours == enums.ENTRY_STATE_DELETED:
            # Its deletion was stored and did not reach the recorder.
            self._link.command_entry(enums.RECORDER_COMMAND_DELETE_ENTRY, entry_id)
            self._changed += 1
            return
        if ours == enums.ENTRY_STATE_OPEN:
            yield from self._close(entry_id, record, ours)
        elif ours == enums.ENTRY_STATE_CORRUPT:
            if its_state == enums.ENTRY_STATE_CLOSED and self._is_as_it_was(place, record):
                yield from self._close(entry_id, record, ours)
        elif its_state == enums.ENTRY_STATE_CORRUPT:
            yield from self._corrupt(place, enums.CORRUPT_CAUSE_CRC)
        elif self._differs(place, record):
            yield from self._corrupt(place, enums.CORRUPT_CAUSE_DIFFERS)

    def _close(self, entry_id, record, ours):
        """Generator: what the recorder closed while we were away, or by a restart of its own, or what is back."""
        entries = self._entries

        def edit(into):
            place = entries.find(entry_id)
            if place >= 0:
                entries.require_state(place, entry_id, (ours,))
            hal.copy(record, 0, into, 0, _CONTENT_END)
            hal.put(hal.U32, 0, into, units.CATALOGUE_ENTRY_SENT_OCTETS)

        try:
            place = yield from entries.enter(entry_id, edit)
        except Refusal:
            # Closed meanwhile by whoever held it; the ground may have queued it already.
            return
        if place < 0:
            return
        self._seen[place] = 1
        self._changed += 1
        if record[units.CATALOGUE_ENTRY_STATE] == enums.ENTRY_STATE_CORRUPT:
            self._events.report(events.ENTRY_CORRUPT, entry_id, enums.CORRUPT_CAUSE_RESTART)
            return
        self._events.report(
            events.DATA_TAKE_CLOSED,
            hal.get(hal.U32, record, units.CATALOGUE_ENTRY_TASK_ID),
            entry_id,
            hal.get(hal.U32, record, units.CATALOGUE_ENTRY_PACKETS),
        )

    def _is_as_it_was(self, place, record):
        """Is an entry there as we know it? One that was open had no content yet."""
        size = self._entries.field(place, hal.U32, units.CATALOGUE_ENTRY_SIZE_OCTETS)
        return size == 0 or not self._differs(place, record)

    def _differs(self, place, record):
        """Is what we know of a closed entry not what the recorder holds?"""
        self._entries.load(place)
        start = units.CATALOGUE_ENTRY_SIZE_OCTETS
        return hal.compare(self._entries.record, start, record, start, _CONTENT_END - start) >= 0

    def _see_to_missing(self, place):
        """Generator: an entry of ours that the recorder did not list."""
        entries = self._entries
        state = entries.state(place)
        entry_id = entries.id(place)
        if entry_id == 0 or state in (enums.ENTRY_STATE_DELETED, enums.ENTRY_STATE_CORRUPT):
            return
        if entry_id == hal.pool_get(pool.RECORDER_OPEN_ENTRY_ID):
            return
        yield from self._link.read_entry(entry_id)
        if self._link.record_id():
            self._shown += 1
            yield from self._take_in()
            return
        if self._seen[place]:
            # Another entry was made at the place meanwhile.
            return
        state = entries.state(place)
        self._missing += 1
        if state == enums.ENTRY_STATE_ACKED:
            # Its deletion reached the recorder and was not stored.
            try:
                yield from entries.store_state(place, enums.ENTRY_STATE_DELETED, _ACKED)
            except Refusal:
                return
            self._events.report(events.ENTRY_CHANGED, entry_id, enums.ENTRY_STATE_DELETED)
        else:
            yield from self._corrupt(place, enums.CORRUPT_CAUSE_MISSING)

    def _corrupt(self, place, cause):
        """Generator: mark an entry CORRUPT, unless the ground has it already."""
        entry_id = self._entries.id(place)
        try:
            yield from self._entries.store_state(place, enums.ENTRY_STATE_CORRUPT, _WITHOUT_THE_GROUND)
        except Refusal:
            return
        self._changed += 1
        self._events.report(events.ENTRY_CORRUPT, entry_id, cause)
