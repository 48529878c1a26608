"""The bounded report queue: one ring per class, so that no class displaces another.

Classes are sent in order of urgency. A report that does not fit its ring is lost and counted; the
gap also shows in the packet sequence count.
"""

import hal
from micropython import const

RESPONSE = const(0)
HIGH = const(1)
MEDIUM = const(2)
LOW = const(3)
INFORMATIVE = const(4)
PERIODIC = const(5)

# Share of the queue's octets in thirty-seconds, by class. Responses get most: a telecommand is
# taken only when its worst-case reports fit.
_SHARES = (14, 4, 3, 3, 4, 4)
_LENGTH_OCTETS = const(2)


class _Ring:
    """Packets one after the other, each after its length; a length of 0 marks the wrap."""

    def __init__(self, octets):
        self.buffer = bytearray(octets)
        self.head = 0
        self.tail = 0
        self.used = 0
        self.lost = 0

    def free(self):
        """Octets of a packet that certainly fit."""
        size = len(self.buffer)
        if self.used == 0:
            return size - 2 * _LENGTH_OCTETS
        if self.head >= self.tail:
            # Either the rest of the buffer or, after a wrap mark, its beginning.
            end = size - self.head if self.head != self.tail else 0
            return max(end, self.tail) - 2 * _LENGTH_OCTETS
        return self.tail - self.head - 2 * _LENGTH_OCTETS

    def put(self, packet, length):
        size = len(self.buffer)
        need = length + _LENGTH_OCTETS
        if self.used == 0:
            self.head = self.tail = 0
        elif self.head == self.tail:
            self.lost += 1
            return False
        if self.head >= self.tail:
            if size - self.head < need + _LENGTH_OCTETS:
                if self.tail < need + _LENGTH_OCTETS:
                    self.lost += 1
                    return False
                hal.put(hal.U16, 0, self.buffer, self.head)
                self.used += size - self.head
                self.head = 0
        elif self.tail - self.head < need + _LENGTH_OCTETS:
            self.lost += 1
            return False
        start = hal.put(hal.U16, length, self.buffer, self.head)
        hal.copy(packet, 0, self.buffer, start, length)
        self.head = start + length
        self.used += need
        return True

    def length(self):
        """Length of the oldest packet, 0 when empty."""
        if self.used == 0:
            return 0
        length = hal.get(hal.U16, self.buffer, self.tail)
        if length == 0:
            self.used -= len(self.buffer) - self.tail
            self.tail = 0
            length = hal.get(hal.U16, self.buffer, 0)
        return length

    def drop(self, length):
        self.tail += length + _LENGTH_OCTETS
        self.used -= length + _LENGTH_OCTETS


class ReportQueue:
    """Rings by class, and the pump that hands packets to the link as far as it has room."""

    def __init__(self, octets):
        self._rings = tuple([_Ring(octets * share // 32) for share in _SHARES])

    def put(self, report_class, packet, length):
        return self._rings[report_class].put(packet, length)

    def free(self, report_class):
        return self._rings[report_class].free()

    def lost(self, report_class):
        return self._rings[report_class].lost

    def pump(self):
        """Send what the link takes now, most urgent class first."""
        for ring in self._rings:
            while True:
                length = ring.length()
                if length == 0:
                    break
                if hal.link_room() < length:
                    return
                if not hal.link_send(ring.buffer, ring.tail + _LENGTH_OCTETS, length):
                    return
                ring.drop(length)
