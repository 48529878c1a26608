"""The recorder's catalogue around a data take: entries opened and closed, and brought back from the recorder."""

import hal
from micropython import const

from payload.failure import Failure
from payload.storage.reconciliation import Reconciliation
from payload.tables import enums, events, failures, mission, pool, units

_STEP_LIMIT_MS = const(2000)
_RETRY_CYCLES = const(10)
# As long as samples may stay away before the recorder counts as lost, and one that was taken before it acted.
_UNSEEN_CYCLES = mission.BUS_LOST_AFTER_SAMPLES + 2
_CONTENT_END = units.CATALOGUE_ENTRY_SENT_OCTETS

# Of the recorder's fault flags, those of opening and closing.
_OPEN_FAULTS = (
    enums.RECORDER_FAULT_FULL
    | enums.RECORDER_FAULT_CATALOGUE_FULL
    | enums.RECORDER_FAULT_ENTRY_OPEN
    | enums.RECORDER_FAULT_ENTRY_NOT_OPEN
)


class Catalogue:
    """One entry is open at a time, held by whoever opened it until close() or release().

    `link` is the RecorderLink, `entries` what the flash keeps.
    """

    def __init__(self, link, entries, event_service):
        self._link = link
        self._entries = entries
        self._events = event_service
        self._held = False
        self._held_id = 0
        self._held_boots = 0
        self._reading_back = False
        self._seen_boots = -1
        self._skip_cycles = 0
        self._unseen_cycles = 0
        self._full_told = False
        self._seen_state = enums.RECORDER_STATE_BOOT
        self._reconciliation = Reconciliation(link, entries, event_service)
        self.entry = bytearray(units.CATALOGUE_ENTRY_OCTETS)

    def entries(self):
        return hal.pool_get(pool.CATALOGUE_ENTRIES)

    def require_room(self):
        """Raise Refusal when the catalogue has no place for another entry. One that is open has its place."""
        if not self._held:
            self._entries.require_room()

    def open(self, task_id, instrument, mode, priority):
        """Generator: open an entry; afterwards open_entry_id() is its id. Raises Failure."""
        unit = self._link.unit
        while self._reading_back:
            yield 0
        started_ms = hal.ticks_ms()
        while not self._held and self._may_record():
            # Of a data take that was cut off: the recorder would refuse another entry, and say it records.
            unit.require_link()
            if hal.ticks_diff(hal.ticks_ms(), started_ms) > _STEP_LIMIT_MS:
                raise Failure(failures.RECORDER_REFUSED, 0, self.open_entry_id())
            yield 0
        if self._held:
            # The other instrument's: both may have passed the guard on the same sample.
            raise Failure(failures.RECORDER_REFUSED, 0, self.open_entry_id())
        unit.require_link()
        if self._entries.room() < 0:
            raise Failure(failures.CATALOGUE_FULL, self.entries(), mission.RECORDER_ENTRIES)
        self._held = True
        opened = False
        try:
            unit.write(units.RECORDER_CONTROL_ENTRY_TASK_ID, hal.U32, task_id)
            unit.write(units.RECORDER_CONTROL_ENTRY_INSTRUMENT, hal.U8, instrument)
            unit.write(units.RECORDER_CONTROL_ENTRY_MODE, hal.U8, mode)
            unit.write(units.RECORDER_CONTROL_ENTRY_PRIORITY, hal.U8, priority)
            self._unseen_cycles = _UNSEEN_CYCLES
            self._link.command(enums.RECORDER_COMMAND_OPEN_ENTRY)
            yield from self._await_state(enums.RECORDER_STATE_RECORDING)
            yield from self._enter(task_id, instrument, mode, priority)
            opened = True
        finally:
            if not opened:
                self._let_go()

    def release(self):
        """Give up an entry that is not closed; run() closes it when the recorder is there."""
        self._let_go()
        if hal.pool_get(pool.RECORDER_STATE) != enums.RECORDER_STATE_RECORDING:
            # The recorder may have closed it already, and it was not read back.
            self._reconciliation.request()

    def open_entry_id(self):
        return hal.pool_get(pool.RECORDER_OPEN_ENTRY_ID)

    def require_recording(self):
        """Raise Failure when the recorder no longer records into the entry that is held."""
        if self._held_id == 0:
            return
        self._link.unit.require_link()
        if not hal.pool_valid(pool.RECORDER_STATE):
            return
        if hal.pool_get(pool.RECORDER_STATE) == enums.RECORDER_STATE_FAILED:
            raise Failure(failures.RECORDER_REFUSED, hal.pool_get(pool.RECORDER_FAULT_FLAGS))
        if self.open_entry_id() != self._held_id or hal.pool_get(pool.RECORDER_BOOTS) != self._held_boots:
            raise Failure(failures.RECORDER_RESTARTED, self._held_id, hal.pool_get(pool.RECORDER_BOOTS))
        if self._link.flags(enums.RECORDER_FAULT_FULL):
            packets = hal.pool_get(pool.RECORDER_OPEN_PACKETS)
            if not self._full_told:
                self._full_told = True
                self._events.report(events.RECORDER_IS_FULL, self._held_id, packets)
            raise Failure(failures.RECORDER_FULL, self._held_id, packets)

    def close(self):
        """Generator: close the open entry and read it back into `entry`. Raises Failure."""
        self._link.unit.require_link()
        entry_id = self.open_entry_id()
        if entry_id == 0:
            raise Failure(failures.RECORDER_REFUSED, hal.pool_get(pool.RECORDER_FAULT_FLAGS))
        self._link.command(enums.RECORDER_COMMAND_CLOSE_ENTRY)
        yield from self._await_state(enums.RECORDER_STATE_READY)
        # Held until it is read back: a release() meanwhile must not give up the other instrument's next one.
        self._held_id = 0
        self._reading_back = True
        yield from self._link.read_entry(entry_id)
        if self._link.record_id() != entry_id:
            raise Failure(failures.NO_SUCH_ENTRY, entry_id, hal.pool_get(pool.RECORDER_ENTRIES))
        hal.copy(self._link.record, 0, self.entry, 0, _CONTENT_END)
        place = self._entries.find(entry_id)
        if place < 0:
            # Its opening was never stored: the reconciliation takes it in.
            self._reconciliation.request()
        else:
            yield from self._entries.store(place, self._edit_content)
        self._let_go()

    def _let_go(self):
        self._held = False
        self._held_id = 0
        self._reading_back = False

    def packets(self):
        """Packets of the entry last closed."""
        return hal.get(hal.U32, self.entry, units.CATALOGUE_ENTRY_PACKETS)

    def run(self):
        """Once a cycle: a restart of the recorder is noticed, and an entry that nobody holds is closed.

        Left open by what ran before us, by a hard-off, or by a recorder that was lost when it was to be closed.
        """
        if not hal.pool_valid(pool.RECORDER_STATE):
            return
        state = hal.pool_get(pool.RECORDER_STATE)
        if self._unseen_cycles:
            # An entry that was asked for is open in a later sample at the latest.
            self._unseen_cycles = 0 if state == enums.RECORDER_STATE_RECORDING else self._unseen_cycles - 1
        if state != self._seen_state:
            self._watch_state(state)
        boots = hal.pool_get(pool.RECORDER_BOOTS)
        if boots != self._seen_boots:
            self._watch_boots(boots)
        if self._reconciliation.wanted:
            self._reconciliation.run()
        if not self._held and state == enums.RECORDER_STATE_RECORDING:
            self._close_orphan()

    def _may_record(self):
        """Is an entry open, as the last sample says, or may it be since?"""
        return self._unseen_cycles > 0 or hal.pool_get(pool.RECORDER_STATE) == enums.RECORDER_STATE_RECORDING

    def _close_orphan(self):
        if self._skip_cycles:
            self._skip_cycles -= 1
            return
        self._skip_cycles = _RETRY_CYCLES
        try:
            self._link.command(enums.RECORDER_COMMAND_CLOSE_ENTRY)
        except Failure as failure:
            hal.console("entry not closed: failure %d\n" % failure.code)
            return
        self._reconciliation.request()

    def _watch_state(self, state):
        self._seen_state = state
        if state == enums.RECORDER_STATE_FAILED:
            self._events.report(events.UNIT_FAULT, self._link.unit.node, hal.pool_get(pool.RECORDER_FAULT_FLAGS), state)

    def _watch_boots(self, boots):
        if self._seen_boots >= 0:
            self._events.report(events.RECORDER_RESTARTED, boots, self._held_id)
        self._seen_boots = boots
        self._reconciliation.request()

    def _enter(self, task_id, instrument, mode, priority):
        """Generator: the entry the recorder has just opened, into the catalogue."""
        entry_id = self.open_entry_id()

        def edit(record):
            if self._entries.find(entry_id) >= 0:
                # An id that came again, or closed by the recorder and taken in while the flash was busy.
                raise Failure(failures.RECORDER_REFUSED, 0, entry_id)
            for index in range(len(record)):
                record[index] = 0
            hal.put(hal.U16, entry_id, record, units.CATALOGUE_ENTRY_ENTRY_ID)
            hal.put(hal.U32, task_id, record, units.CATALOGUE_ENTRY_TASK_ID)
            record[units.CATALOGUE_ENTRY_INSTRUMENT] = instrument
            record[units.CATALOGUE_ENTRY_MODE] = mode
            record[units.CATALOGUE_ENTRY_STATE] = enums.ENTRY_STATE_OPEN
            record[units.CATALOGUE_ENTRY_PRIORITY] = priority

        self._full_told = False
        place = yield from self._entries.enter(entry_id, edit)
        if place < 0:
            raise Failure(failures.CATALOGUE_FULL, self.entries(), mission.RECORDER_ENTRIES)
        self._reconciliation.note(place)
        self._held_id = entry_id
        self._held_boots = hal.pool_get(pool.RECORDER_BOOTS)

    def _edit_content(self, record):
        """What the recorder says of an entry that is still open, but for how much of it was sent.

        Not if the entry went its way to DELETED meanwhile, and its place to the next one opened.
        """
        is_its_place = _id_in(record) == _id_in(self.entry)
        if is_its_place and record[units.CATALOGUE_ENTRY_STATE] == enums.ENTRY_STATE_OPEN:
            hal.copy(self.entry, 0, record, 0, _CONTENT_END)

    def _await_state(self, state):
        yield from self._link.unit.fresh_sample()
        started_ms = hal.ticks_ms()
        while hal.pool_get(pool.RECORDER_STATE) != state:
            self._link.unit.require_link()
            flags = self._link.flags(_OPEN_FAULTS)
            if flags or hal.ticks_diff(hal.ticks_ms(), started_ms) > _STEP_LIMIT_MS:
                raise Failure(failures.RECORDER_REFUSED, flags)
            yield 0


def _id_in(record):
    return hal.get(hal.U16, record, units.CATALOGUE_ENTRY_ENTRY_ID)
