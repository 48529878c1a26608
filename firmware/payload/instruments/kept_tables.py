"""Acquisition tables that outlive a reset and a power cut: what a slot holds is in flash too (hal.records_*).

A table from flash counts only when it is of this firmware's format, every field is in the range of its
telecommand, its CRC is right and it keeps every rule, as if it had just been loaded.
"""

import hal
from micropython import const

from payload.failure import Failure, Refusal
from payload.instruments.acquisition_table import SLOTS, TableSlots, check
from payload.tables import events, failures, telecommands, units

_CRC_OCTETS = const(2)
_FORMAT_AT = units.SAR_TABLE_OCTETS
_RECORD_OCTETS = units.SAR_TABLE_OCTETS + 2  # the table with its CRC, its format; zeros for an empty slot
_COPIES_AND_JOURNAL = const(3)
_LARGEST_U8 = const(255)

# Longest wait for the flash: it may be erasing, or the journal full while transmit is enabled.
_STORE_LIMIT_MS = const(90000)


class KeptTables(TableSlots):
    """Slots whose content is written to flash, one at a time: at once when the flash is free, else by run().

    Not `mounted` (in a safe boot), nothing in flash is looked at or written until clear_all().
    """

    def __init__(self, event_service, mounted=True):
        super().__init__()
        self._events = event_service
        self._mounted = mounted
        self._unsaved = 0  # slots whose content is not in flash, as bits
        self._record = bytearray(_RECORD_OCTETS)

    def apply(self):
        """Once at boot: fill the slots from flash. What is damaged or not legal is dropped and reported.

        Returns how many slots were filled.
        """
        applied = 0
        for slot in range(SLOTS if self._mounted else 0):
            if hal.records_lost(hal.RECORDS_TABLES, slot):
                self._drop(slot, failures.TABLE_DAMAGED)
            elif self._is_kept(slot):
                broken = self._broken(slot)
                if broken:
                    self._drop(slot, *broken)
                else:
                    self._fill(slot, self._record)
                    applied += 1
        return applied

    def damaged_cells(self):
        """Cells of flash found damaged at boot; most are good elsewhere."""
        cells = 0
        for part in range(_COPIES_AND_JOURNAL):
            cells += hal.records_damaged(hal.RECORDS_TABLES, part)
        return min(cells, _LARGEST_U8)

    def run(self):
        """Once a cycle: at most one operation of the flash."""
        if self._mounted:
            hal.records_step(hal.RECORDS_TABLES)
            if self._unsaved:
                self._save_one()

    def keep(self, slot, values):
        """Generator: load(), then wait until the table is in flash. Raises Refusal, later Failure."""
        self.load(slot, values)
        self._unsaved |= 1 << slot
        self._save_one()
        yield 0
        yield from self._await_saved(1 << slot)

    def clear(self, slot):
        """Generator: empty a slot, in flash too. Raises Failure."""
        self._empty(slot)
        self._save_one()
        yield 0
        yield from self._await_saved(1 << slot)

    def clear_all(self):
        """Generator: empty every slot, also in a safe boot. Raises Failure."""
        self._mounted = True
        for slot in range(SLOTS):
            self._empty(slot)
        yield 0
        yield from self._await_saved((1 << SLOTS) - 1)

    def drop_damaged(self):
        """Empty each slot whose CRC is wrong (an upset of memory), in flash too, and report it."""
        for slot in range(SLOTS):
            if self._used[slot]:
                try:
                    self.block(slot)
                except Refusal:
                    self._drop(slot, failures.TABLE_DAMAGED)

    def _empty(self, slot):
        self._used[slot] = 0
        self._unsaved |= 1 << slot

    def _drop(self, slot, code, detail=0):
        self._empty(slot)
        self._events.report(events.TABLE_DROPPED, slot, code, detail)

    def _is_kept(self, slot):
        """Read the slot's record. False when it holds no table."""
        record = self._record
        return hal.records_get(hal.RECORDS_TABLES, slot, record, 0, _RECORD_OCTETS) and any(record)

    def _broken(self, slot):
        """What keeps the table in the record from counting: (failure code, detail); None for a good one."""
        record = self._record
        if hal.get(hal.U16, record, _FORMAT_AT) != units.ACQUISITION_TABLE_FORMAT:
            return failures.TABLE_OF_ANOTHER_FORMAT, slot
        octets = _FORMAT_AT - _CRC_OCTETS
        if hal.crc16(record, 0, octets) != hal.get(hal.U16, record, octets):
            return failures.TABLE_DAMAGED, slot
        argument = _first_out_of_range(record)
        if argument:
            return failures.ARGUMENT_OUT_OF_RANGE, argument
        broken = check(record)
        return broken[:2] if broken else None

    def _save_one(self):
        """Begin to write what the lowest of the unsaved slots holds now. It is tried again when the flash is busy."""
        slot = _lowest(self._unsaved)
        record = self._record
        if self._used[slot]:
            hal.copy(self._slots[slot], 0, record, 0, _FORMAT_AT)
            hal.put(hal.U16, units.ACQUISITION_TABLE_FORMAT, record, _FORMAT_AT)
        else:
            for index in range(_RECORD_OCTETS):
                record[index] = 0
        if hal.records_put(hal.RECORDS_TABLES, slot, record, 0, _RECORD_OCTETS):
            self._unsaved &= ~(1 << slot)

    def _await_saved(self, slots):
        """Generator: until what these slots (as bits) hold is in flash for certain. Raises Failure."""
        started_ms = hal.ticks_ms()
        while self._unsaved & slots or hal.records_pending(hal.RECORDS_TABLES):
            if hal.ticks_diff(hal.ticks_ms(), started_ms) > _STORE_LIMIT_MS:
                raise Failure(failures.TABLE_NOT_STORED, _lowest(self._unsaved & slots or slots))
            yield 0
        if hal.records_failed(hal.RECORDS_TABLES):
            raise Failure(failures.TABLE_NOT_STORED, _lowest(slots))


def _lowest(slots):
    """The first of the slots given as bits."""
    for slot in range(SLOTS):
        if slots >> slot & 1:
            return slot
    return 0


def _first_out_of_range(block):
    """The first field that SAR_LOAD_TABLE would not accept, as its argument counted from 1; 0 for none."""
    offset = 0
    number = 1  # after the slot
    for _, _, name, _, arguments in telecommands.TELECOMMANDS:
        if name == "SAR_LOAD_TABLE":
            for type_code, _, minimum, maximum, allowed in arguments[1:]:
                value = hal.get(type_code, block, offset)
                offset += hal.octets(type_code)
                number += 1
                if (
                    (minimum is not None and value < minimum)
                    or (maximum is not None and value > maximum)
                    or (allowed is not None and value not in allowed)
                ):
                    return number
    return 0
