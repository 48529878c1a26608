"""Writing reports: PUS-C telemetry packets, built in place in one static buffer."""

import hal
from micropython import const

from payload.tables import mission, reports

_HEADER_OCTETS = const(21)  # primary 6, secondary 7, time 8
_HOUSEKEEPING = const(0x0319)


class EncodingError(Exception):
    """A value does not fit its field. A software fault: the report is not sent."""


class ReportWriter:
    """begin(), then fields in order, then end(). Message-type counters and sequence counts are kept here."""

    def __init__(self, queue):
        self._queue = queue
        self._packet = bytearray(mission.PACKETS_LARGEST_PACKET_OCTETS)
        self._offset = 0
        self._service = 0
        self._subservice = 0
        self._sequence_count = 0
        self._time_sequence_count = 0
        self._type_counts = {}
        for service, subservice in reports.REPORTS:
            self._type_counts[service << 8 | subservice] = 0

    def begin(self, service, subservice):
        self._service = service
        self._subservice = subservice
        self._offset = _HEADER_OCTETS

    def field(self, type_code, value):
        """Append one field; raises EncodingError when the value does not fit its type."""
        offset = hal.put(type_code, value, self._packet, self._offset)
        if offset < 0:
            raise EncodingError(type_code, value)
        self._offset = offset

    def octets(self, buffer, offset, length):
        """Append octets as they are."""
        hal.copy(buffer, offset, self._packet, self._offset, length)
        self._offset += length

    def pool(self, indices):
        """Append a housekeeping structure's parameters after their validity mask."""
        octets = hal.pool_pack(indices, self._packet, self._offset)
        if octets == 0:
            raise EncodingError(_HOUSEKEEPING, len(indices))
        self._offset += octets

    def end(self, report_class):
        """Finish the packet and queue it. False when the class's ring is full."""
        key = self._service << 8 | self._subservice
        count = self._type_counts[key]
        length = hal.tm_finish(
            self._packet,
            self._offset - _HEADER_OCTETS,
            self._sequence_count,
            self._service,
            self._subservice,
            count,
        )
        self._type_counts[key] = (count + 1) & 0xFFFF
        self._sequence_count = (self._sequence_count + 1) & 0x3FFF
        return self._queue.put(report_class, self._packet, length)

    def time_report(self, rate_exponent, report_class):
        """Queue a time report (9,2): APID 0, no secondary header."""
        length = hal.tm_time_report(self._packet, self._time_sequence_count, rate_exponent)
        self._time_sequence_count = (self._time_sequence_count + 1) & 0x3FFF
        return self._queue.put(report_class, self._packet, length)
