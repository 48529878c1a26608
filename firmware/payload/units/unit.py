"""A unit on the unit bus: housekeeping into the pool, registers written and read by name."""

import hal

from payload.failure import Failure
from payload.tables import enums, events, failures, mission

# By what came of reading; a reply that came (0) is bad when the unit took no new sample.
_FAILURES = (
    failures.HOUSEKEEPING_STOPPED,
    failures.BUS_NO_REPLY,
    failures.BUS_BAD_REPLY,
    failures.BUS_ERROR_STATUS,
    failures.BUS_BAD_REPLY,
)
_NO_SAMPLE = -1


class Unit:
    """One register map behind one RMAP node.

    `housekeeping` is (address, octets, first pool index, number of pool parameters).
    """

    def __init__(self, node, housekeeping, link_parameter, event_service):
        self.node = node
        self._address, self._octets, self._pool_first, self._pool_count = housekeeping
        self._link_parameter = link_parameter
        self._events = event_service
        self._buffer = bytearray(mission.BUS_LARGEST_DATA_OCTETS)
        self._bad_samples = 0
        self._skip_cycles = 0
        self._sample_count = _NO_SAMPLE
        self.samples = 0
        self.powered = False
        self.link = enums.UNIT_LINK_UNPOWERED
        hal.pool_set(link_parameter, self.link)

    def power(self, on):
        """Say that the unit's supply was switched; an unpowered unit is not asked for samples."""
        self.powered = on
        self._bad_samples = 0
        self._skip_cycles = 0
        self._sample_count = _NO_SAMPLE
        if on:
            self._set_link(enums.UNIT_LINK_GOOD)
        else:
            self._set_link(enums.UNIT_LINK_UNPOWERED)
            hal.pool_invalidate(self._pool_first, self._pool_count)

    def lost(self):
        return self.link == enums.UNIT_LINK_LOST

    def sample(self):
        """Once a cycle: read the housekeeping block into the pool. A lost unit is probed once a second.

        A reply whose sample count stands is bad as a missing one: what the unit says is of some time before.
        """
        if not self.powered:
            return
        if self._skip_cycles:
            self._skip_cycles -= 1
            return
        status = hal.rmap_read(self.node, self._address, self._buffer, 0, self._octets)
        if status == 0:
            # Each block begins with the count of the unit's samples.
            count = hal.get(hal.U16, self._buffer, 0)
            if count != self._sample_count and hal.pool_load(
                self._pool_first, self._pool_count, self._buffer, 0, self._octets
            ):
                self._sample_count = count
                self.samples = (self.samples + 1) & 0xFFFF
                self._bad_samples = 0
                if self.link == enums.UNIT_LINK_LOST:
                    self._set_link(enums.UNIT_LINK_GOOD)
                    self._events.report(events.UNIT_FOUND, self.node)
                return
        self._bad_samples += 1
        if self._bad_samples >= mission.BUS_LOST_AFTER_SAMPLES:
            self._skip_cycles = mission.BUS_LOST_PROBE_PERIOD_CYCLES - 1
            if self.link != enums.UNIT_LINK_LOST:
                self._set_link(enums.UNIT_LINK_LOST)
                hal.pool_invalidate(self._pool_first, self._pool_count)
                self._events.report(events.UNIT_LOST, self.node, _FAILURES[status])

    def write(self, address, type_code, value):
        """Write one register. Raises Failure when the unit does not confirm it."""
        end = hal.put(type_code, value, self._buffer, 0)
        if end < 0:
            raise Failure(failures.HANDLER_FAULT, enums.SOFTWARE_FAULT_ENCODING)
        self._check(hal.rmap_write(self.node, address, self._buffer, 0, end))

    def write_octets(self, address, buffer, offset, octets):
        self._check(hal.rmap_write(self.node, address, buffer, offset, octets))

    def read_octets(self, address, buffer, offset, octets):
        self._check(hal.rmap_read(self.node, address, buffer, offset, octets))

    def write_verified(self, address, buffer, octets):
        """Write a block, read it back and compare. Raises Failure at the first octet that differs."""
        self.write_octets(address, buffer, 0, octets)
        self.read_octets(address, self._buffer, 0, octets)
        differs = hal.compare(buffer, 0, self._buffer, 0, octets)
        if differs >= 0:
            raise Failure(failures.READ_BACK_MISMATCH, self.node, differs)

    def write_time(self, address, cuc):
        """Write 7 octets of CUC to a coarse and a fine register (2 x 32 bit) that follow each other."""
        buffer = self._buffer
        hal.copy(cuc, 0, buffer, 0, 4)
        buffer[4] = 0
        hal.copy(cuc, 4, buffer, 5, 3)
        self._check(hal.rmap_write(self.node, address, buffer, 0, 4))
        self._check(hal.rmap_write(self.node, address + 4, buffer, 4, 4))

    def write_next_second(self, address):
        """Write the GPS second that begins at the next PPS. False when the unit does not confirm it."""
        hal.time_after_ms(1000, self._buffer, 0)
        return hal.rmap_write(self.node, address, self._buffer, 0, 4) == 0

    def fresh_sample(self):
        """Generator: until a sample taken wholly after now is in the pool.

        The first sample after a command may have been latched before the unit acted, so two are
        awaited. Raises Failure when the unit is lost first.
        """
        target = (self.samples + 2) & 0xFFFF
        while 0 < ((target - self.samples) & 0xFFFF) < 0x8000:
            self.require_link()
            yield 0

    def require_link(self):
        if self.link != enums.UNIT_LINK_GOOD:
            raise Failure(failures.UNIT_LOST, self.node)

    def _set_link(self, link):
        self.link = link
        hal.pool_set(self._link_parameter, link)

    def _check(self, status):
        if status == 0:
            return
        if status == 3:
            raise Failure(failures.BUS_ERROR_STATUS, self.node, hal.rmap_last_status())
        raise Failure(_FAILURES[status], self.node)
