"""Commands to the recorder unit and its records, for those who share it."""

import hal
from micropython import const

from payload.failure import Failure
from payload.tables import enums, failures, pool, units

_CRC_OCTETS = const(2)
_READ_ATTEMPTS = const(3)


class RecorderLink:
    """`record` is the unit's record last read; good until the reader's next yield."""

    def __init__(self, unit):
        self.unit = unit
        self._reading = False
        self.record = bytearray(units.RECORDER_ENTRY_OCTETS)

    def command(self, command):
        self.unit.write(units.RECORDER_CONTROL_COMMAND, hal.U16, command)

    def command_entry(self, command, entry_id):
        """A command about an entry, both writes in one go: nobody else's choice comes between."""
        self.unit.write(units.RECORDER_CONTROL_SELECT_ENTRY_ID, hal.U16, entry_id)
        self.command(command)

    def command_board(self, command, board):
        self.unit.write(units.RECORDER_CONTROL_BOARD, hal.U8, board)
        self.command(command)

    def ready(self):
        """Does the unit answer and take commands?"""
        if not hal.pool_valid(pool.RECORDER_STATE):
            return False
        state = hal.pool_get(pool.RECORDER_STATE)
        return state == enums.RECORDER_STATE_READY or state == enums.RECORDER_STATE_RECORDING

    def flags(self, mask):
        """Fault flags of the last sample, as far as the mask goes."""
        return hal.pool_get(pool.RECORDER_FAULT_FLAGS) & mask

    def read_entry(self, entry_id):
        """Generator: the unit's record of an entry into `record`; its id is 0 when there is none. Raises Failure."""
        yield from self._read(units.RECORDER_CONTROL_SELECT_ENTRY_ID, hal.U16, entry_id, True)

    def read_slot(self, slot):
        """Generator: the unit's record at a place into `record`; its id is 0 when the place is free."""
        yield from self._read(units.RECORDER_CONTROL_SELECT_SLOT, hal.U8, slot, False)

    def record_id(self):
        return hal.get(hal.U16, self.record, units.CATALOGUE_ENTRY_ENTRY_ID)

    def _read(self, register, type_code, choice, by_id):
        while self._reading:
            yield 0
        self._reading = True
        try:
            self.unit.write(register, type_code, choice)
            self.command(enums.RECORDER_COMMAND_SELECT_ENTRY if by_id else enums.RECORDER_COMMAND_SELECT_SLOT)
            for _ in range(_READ_ATTEMPTS):
                yield 0
                octets = units.RECORDER_ENTRY_OCTETS
                self.unit.read_octets(units.RECORDER_ENTRY_ADDRESS, self.record, 0, octets)
                checked = octets - _CRC_OCTETS
                if hal.crc16(self.record, 0, checked) == hal.get(hal.U16, self.record, checked) and (
                    not by_id or self.record_id() in (0, choice)
                ):
                    return
            raise Failure(failures.BUS_BAD_REPLY, self.unit.node)
        finally:
            self._reading = False
