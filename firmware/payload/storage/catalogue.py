"""The recorder's catalogue: entries opened and closed around a data take, and read back."""

import hal
from micropython import const

from payload.failure import Failure
from payload.tables import enums, failures, mission, pool, units

_CRC_OCTETS = const(2)
_STEP_LIMIT_MS = const(2000)
_SELECT_ATTEMPTS = const(3)
_ORPHAN_RETRY_CYCLES = const(10)


class Catalogue:
    """One entry is open at a time, held by whoever opened it until close() or release()."""

    def __init__(self, unit):
        self._unit = unit
        self._held = False
        self._reading = False
        self._closing = False
        self._orphan_skip_cycles = 0
        self.entry = bytearray(units.RECORDER_ENTRY_OCTETS)

    def entries(self):
        return hal.pool_get(pool.RECORDER_ENTRIES)

    def open(self, task_id, instrument, mode, priority):
        """Generator: open an entry; afterwards open_entry_id() is its id. Raises Failure."""
        if self._held:
            # The other instrument's: both may have passed the guard on the same sample.
            raise Failure(failures.RECORDER_REFUSED, 0, self.open_entry_id())
        unit = self._unit
        unit.require_link()
        self._held = True
        opened = False
        try:
            unit.write(units.RECORDER_CONTROL_ENTRY_TASK_ID, hal.U32, task_id)
            unit.write(units.RECORDER_CONTROL_ENTRY_INSTRUMENT, hal.U8, instrument)
            unit.write(units.RECORDER_CONTROL_ENTRY_MODE, hal.U8, mode)
            unit.write(units.RECORDER_CONTROL_ENTRY_PRIORITY, hal.U8, priority)
            self._command(enums.RECORDER_COMMAND_OPEN_ENTRY)
            yield from self._await_state(enums.RECORDER_STATE_RECORDING)
            opened = True
        finally:
            if not opened:
                self._held = False

    def release(self):
        """Give up an entry that could not be closed; run() closes it when the recorder is there."""
        self._held = False

    def open_entry_id(self):
        return hal.pool_get(pool.RECORDER_OPEN_ENTRY_ID)

    def close(self):
        """Generator: close the open entry and read it back into `entry`. Raises Failure."""
        self._unit.require_link()
        entry_id = self.open_entry_id()
        if entry_id == 0:
            raise Failure(failures.RECORDER_REFUSED, hal.pool_get(pool.RECORDER_FAULT_FLAGS))
        self._command(enums.RECORDER_COMMAND_CLOSE_ENTRY)
        yield from self._await_state(enums.RECORDER_STATE_READY)
        self._held = False
        # Before any other reader, which could otherwise keep a data take from its end.
        self._closing = True
        try:
            while self._reading:
                yield 0
            yield from self._select_and_read(entry_id)
        finally:
            self._closing = False

    def read(self, entry_id):
        """Generator: read one entry into `entry`, its CRC checked. Raises Failure.

        `entry` is good until the caller's next yield.
        """
        while self._reading or self._closing:
            yield 0
        self._reading = True
        try:
            yield from self._select_and_read(entry_id)
        finally:
            self._reading = False

    def _select_and_read(self, entry_id):
        unit = self._unit
        unit.write(units.RECORDER_CONTROL_SELECT_ENTRY_ID, hal.U16, entry_id)
        self._command(enums.RECORDER_COMMAND_SELECT_ENTRY)
        attempts = 0
        while True:
            yield 0
            octets = units.RECORDER_ENTRY_OCTETS
            unit.read_octets(units.RECORDER_ENTRY_ADDRESS, self.entry, 0, octets)
            if (
                hal.crc16(self.entry, 0, octets - _CRC_OCTETS) == hal.get(hal.U16, self.entry, octets - _CRC_OCTETS)
                and hal.get(hal.U16, self.entry, units.CATALOGUE_ENTRY_ENTRY_ID) == entry_id
            ):
                return
            attempts += 1
            if attempts >= _SELECT_ATTEMPTS:
                raise Failure(failures.NO_SUCH_ENTRY, entry_id, self.entries())

    def packets(self):
        """Packets of the entry last read."""
        return hal.get(hal.U32, self.entry, units.CATALOGUE_ENTRY_PACKETS)

    def run(self):
        """Once a cycle: an entry that nobody holds is closed, so that its data is kept and the next can be opened.

        Left open by what ran before us, by a hard-off, or by a recorder that was lost when it was to be closed.
        """
        if self._orphan_skip_cycles:
            self._orphan_skip_cycles -= 1
            return
        if self._held or not hal.pool_valid(pool.RECORDER_STATE):
            return
        if hal.pool_get(pool.RECORDER_STATE) != enums.RECORDER_STATE_RECORDING:
            return
        self._orphan_skip_cycles = _ORPHAN_RETRY_CYCLES
        try:
            self._command(enums.RECORDER_COMMAND_CLOSE_ENTRY)
        except Failure as failure:
            hal.console("entry not closed: failure %d\n" % failure.code)

    def predicted_fits(self, predicted_mib):
        """Does the recorder have the margin times what is predicted?"""
        return hal.pool_get(pool.RECORDER_FREE_MIB) * 100 >= predicted_mib * mission.SAR_MEMORY_MARGIN_PERCENT

    def _command(self, command):
        self._unit.write(units.RECORDER_CONTROL_COMMAND, hal.U16, command)

    def _await_state(self, state):
        yield from self._unit.fresh_sample()
        started_ms = hal.ticks_ms()
        while hal.pool_get(pool.RECORDER_STATE) != state:
            self._unit.require_link()
            if hal.pool_get(pool.RECORDER_FAULT_FLAGS) or hal.ticks_diff(hal.ticks_ms(), started_ms) > _STEP_LIMIT_MS:
                raise Failure(failures.RECORDER_REFUSED, hal.pool_get(pool.RECORDER_FAULT_FLAGS))
            yield 0
