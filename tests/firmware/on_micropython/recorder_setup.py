"""The recorder and one entry of the catalogue, as a test says they are: what is asked of them is noted."""

import hal

from driver_setup import Unit
from payload.failure import Refusal
from payload.tables import enums, failures, pool, units

ENTRY_ID, OTHER_ID, UNKNOWN_ID = 7, 8, 60000
SIZE_OCTETS, CRC32 = 1000, 0x1234
PLACE, NOWHERE = 0, -1


class Recorder(Unit):
    """`samples` as they were counted; `is_lost` as the watch of units has it."""

    def __init__(self):
        super().__init__(units.RECORDER_NODE)
        self.samples = 0
        self.is_lost = False

    def lost(self):
        return self.is_lost


class Link:
    """`faults` are the fault flags; `read_id` is the id of the record that is read, 0 for none."""

    def __init__(self):
        self.unit = Recorder()
        self.faults = 0
        self.commands = []
        self.read_id = 0
        self.is_ready = True

    def ready(self):
        return self.is_ready

    def flags(self, mask):
        return self.faults & mask

    def command(self, command):
        self.commands.append(command)

    def command_entry(self, command, entry_id):
        self.commands.append((command, entry_id))

    def command_board(self, command, board):
        self.commands.append((command, board))

    def read_entry(self, entry_id):
        yield 0

    def record_id(self):
        return self.read_id


class Entries:
    """One entry, in the state `its_state`; what is stored takes a cycle, in which a test may change the state."""

    def __init__(self, state=enums.ENTRY_STATE_CLOSED):
        self.its_state = state
        self.its_id = ENTRY_ID
        self.sent_octets = 0
        self.record = bytearray(units.CATALOGUE_ENTRY_OCTETS)
        hal.put(hal.U32, SIZE_OCTETS, self.record, units.CATALOGUE_ENTRY_SIZE_OCTETS)
        hal.put(hal.U32, CRC32, self.record, units.CATALOGUE_ENTRY_CRC32)

    def find(self, entry_id):
        return PLACE if entry_id == ENTRY_ID else NOWHERE

    def require(self, entry_id):
        if self.find(entry_id) < 0:
            raise Refusal(failures.NO_SUCH_ENTRY, entry_id)
        return PLACE

    def id(self, place):
        return self.its_id

    def next_id(self, least):
        return ENTRY_ID if least <= ENTRY_ID else 0

    def next_queued(self):
        return PLACE if self.its_state == enums.ENTRY_STATE_QUEUED else NOWHERE

    def state(self, place):
        return self.its_state

    def load(self, place):
        self.record[units.CATALOGUE_ENTRY_STATE] = self.its_state

    def field(self, place, type_code, offset):
        return hal.get(type_code, self.record, offset)

    def require_state(self, place, entry_id, states):
        if self.its_state not in states:
            raise Refusal(failures.ENTRY_HAS_CHANGED, entry_id, self.its_state)

    def try_change(self, place, state, sent_octets):
        self.its_state = state
        self.sent_octets = sent_octets
        return True

    def store(self, place, edit):
        yield 0
        self.load(place)
        edit(self.record)
        self.its_state = self.record[units.CATALOGUE_ENTRY_STATE]

    def store_state(self, place, state, instead_of):
        yield 0
        self.its_state = state


def no_faults():
    """The board as at boot, with a recorder that reports no fault and all its memory boards in use."""
    hal.init(0x0E00, True)
    hal.pool_set(pool.RECORDER_FAULT_FLAGS, 0)
    hal.pool_set(pool.RECORDER_STATE, enums.RECORDER_STATE_READY)
    hal.pool_set(pool.RECORDER_BOARDS_IN_USE, 0b1111)
    hal.pool_set(pool.RECORDER_BOOTS, 1)
