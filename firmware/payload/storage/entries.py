"""The catalogue's entries in flash: found by id, moved from state to state, each change kept over a power cut.

Content and copies are C's (hal.records_*); here is an index of ids and states, so that looking does not copy.
"""

import hal
from micropython import const

from payload.failure import Failure, Refusal
from payload.tables import enums, events, failures, mission, pool, units

_NOWHERE = const(-1)
_OCTETS = units.CATALOGUE_ENTRY_OCTETS
_PLACES = mission.RECORDER_ENTRIES
_PARTS = const(3)
_HALF_OF_IDS = const(0x8000)
_LARGEST_U8 = const(255)

# Longest wait for the flash: it may be erasing, or the journal full while transmit is enabled.
_STORE_LIMIT_MS = const(90000)


class Entries:
    """A place holds no entry (id 0) or one; the place of a DELETED entry is used again, its id is not."""

    def __init__(self, event_service, mounted=True):
        self._events = event_service
        self._ids = [0] * _PLACES
        self._states = bytearray(_PLACES)
        self._priorities = bytearray(_PLACES)
        self._failed = False
        self.record = bytearray(_OCTETS)
        # In a safe boot what is in flash is not looked at, and not written.
        for place in range(_PLACES if mounted else 0):
            if hal.records_get(hal.RECORDS_CATALOGUE, place, self.record, 0, _OCTETS):
                self._index(place)
        self._publish()

    def report_repairs(self):
        """Once after boot: say what of the flash was damaged."""
        for part in range(_PARTS):
            cells = hal.records_damaged(hal.RECORDS_CATALOGUE, part)
            if cells:
                self._events.report(events.CATALOGUE_REPAIRED, part, min(cells, _LARGEST_U8))

    def run(self):
        """Once a cycle."""
        hal.records_step(hal.RECORDS_CATALOGUE)
        if hal.records_failed(hal.RECORDS_CATALOGUE) and not self._failed:
            self._failed = True
            self._events.report(events.CATALOGUE_NOT_STORED)
            self._publish()

    def find(self, entry_id):
        """Place of an entry; -1 when there is none."""
        ids = self._ids
        for place in range(_PLACES):
            if ids[place] == entry_id:
                return place
        return _NOWHERE

    def require(self, entry_id):
        """Place of an entry. Raises Refusal when there is none."""
        place = self.find(entry_id)
        if place < 0:
            raise Refusal(failures.NO_SUCH_ENTRY, entry_id, hal.pool_get(pool.CATALOGUE_ENTRIES))
        return place

    def id(self, place):
        return self._ids[place]

    def state(self, place):
        return self._states[place]

    def load(self, place):
        """Copy an entry's content into `record`, good until the caller's next yield."""
        hal.records_get(hal.RECORDS_CATALOGUE, place, self.record, 0, _OCTETS)

    def field(self, place, type_code, offset):
        self.load(place)
        return hal.get(type_code, self.record, offset)

    def require_state(self, place, entry_id, states):
        """Raise Refusal when the place is another entry's by now, or its state none of these any more."""
        if self._ids[place] != entry_id or self._states[place] not in states:
            raise Refusal(failures.ENTRY_HAS_CHANGED, entry_id, self._states[place])

    def next_id(self, least):
        """The lowest id from `least` on; 0 when there is none."""
        found = 0
        for entry_id in self._ids:
            if entry_id >= least and entry_id and (found == 0 or entry_id < found):
                found = entry_id
        return found

    def next_queued(self):
        """Place of the queued entry to send first: the highest priority, then the oldest. -1 for none."""
        best = _NOWHERE
        for place in range(_PLACES):
            if self._states[place] != enums.ENTRY_STATE_QUEUED or self._ids[place] == 0:
                continue
            if best < 0 or self._goes_before(place, best):
                best = place
        return best

    def room(self):
        """A place for a new entry: an empty one, or the DELETED entry's with the oldest id. -1 for none."""
        oldest = _NOWHERE
        for place in range(_PLACES):
            if self._ids[place] == 0:
                return place
            if self._states[place] == enums.ENTRY_STATE_DELETED and (oldest < 0 or self._is_older(place, oldest)):
                oldest = place
        return oldest

    def require_room(self):
        """Raise Refusal when every place is taken."""
        if self.room() < 0:
            raise Refusal(failures.CATALOGUE_FULL, hal.pool_get(pool.CATALOGUE_ENTRIES), _PLACES)

    def try_put(self, place):
        """Begin to store `record` at a place. False when that must be tried again: nothing has changed."""
        if not hal.records_put(hal.RECORDS_CATALOGUE, place, self.record, 0, _OCTETS):
            return False
        self._index(place)
        self._publish()
        return True

    def try_change(self, place, state, sent_octets):
        """try_put() of a new state and what was sent so far."""
        self.load(place)
        self.record[units.CATALOGUE_ENTRY_STATE] = state
        hal.put(hal.U32, sent_octets, self.record, units.CATALOGUE_ENTRY_SENT_OCTETS)
        return self.try_put(place)

    def store(self, place, edit):
        """Generator: `edit(record)` the entry at a place, until it is in flash for certain. Raises Failure.

        A flash that failed is reported once; from then on changes are kept in memory, so that data is still taken.

        `edit` may be called again; it may raise Refusal when the entry has changed since.
        """
        started_ms = hal.ticks_ms()
        while not self._try_edit(place, edit):
            self._require_storing(place, started_ms)
            yield 0
        yield from self._await_stored(place, started_ms)

    def enter(self, entry_id, edit):
        """Generator: store() of an entry at its place, or at a new one. Returns the place; -1 when there is none.

        The place is looked for with each try: while the flash is busy, another entry may take the one seen before.
        """
        started_ms = hal.ticks_ms()
        while True:
            place = self.find(entry_id)
            if place < 0:
                place = self.room()
            if place < 0:
                return place
            if self._try_edit(place, edit):
                break
            self._require_storing(place, started_ms)
            yield 0
        yield from self._await_stored(place, started_ms)
        return place

    def _try_edit(self, place, edit):
        self.load(place)
        edit(self.record)
        return self.try_put(place)

    def _await_stored(self, place, started_ms):
        while hal.records_pending(hal.RECORDS_CATALOGUE):
            self._require_storing(place, started_ms)
            yield 0

    def store_state(self, place, state, instead_of):
        """Generator: store() of another state. Raises Refusal when the entry has none of those any more."""
        entry_id = self._ids[place]

        def edit(record):
            self.require_state(place, entry_id, instead_of)
            record[units.CATALOGUE_ENTRY_STATE] = state

        yield from self.store(place, edit)

    def _require_storing(self, place, started_ms):
        if hal.ticks_diff(hal.ticks_ms(), started_ms) > _STORE_LIMIT_MS:
            raise Failure(failures.CATALOGUE_NOT_STORED, self._ids[place])

    def _goes_before(self, place, other):
        if self._priorities[place] != self._priorities[other]:
            return self._priorities[place] > self._priorities[other]
        return self._is_older(place, other)

    def _is_older(self, place, other):
        """Ids go round their 16 bits."""
        return ((self._ids[place] - self._ids[other]) & 0xFFFF) >= _HALF_OF_IDS

    def _index(self, place):
        record = self.record
        self._ids[place] = hal.get(hal.U16, record, units.CATALOGUE_ENTRY_ENTRY_ID)
        self._states[place] = record[units.CATALOGUE_ENTRY_STATE]
        self._priorities[place] = record[units.CATALOGUE_ENTRY_PRIORITY]

    def _publish(self):
        held = queued = corrupt = 0
        for place in range(_PLACES):
            if self._ids[place]:
                state = self._states[place]
                held += state != enums.ENTRY_STATE_DELETED
                queued += state == enums.ENTRY_STATE_QUEUED
                corrupt += state == enums.ENTRY_STATE_CORRUPT
        hal.pool_set(pool.CATALOGUE_ENTRIES, held)
        hal.pool_set(pool.CATALOGUE_QUEUED, queued)
        hal.pool_set(pool.CATALOGUE_CORRUPT, corrupt)
        hal.pool_set(pool.CATALOGUE_STORED, 0 if self._failed else 1)
