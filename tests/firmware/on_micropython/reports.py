"""What a service reports, caught on the way to the link."""

import hal

from payload.tables import mission
from payload.tmtc.queue import ReportQueue
from payload.tmtc.reports import ReportWriter

SOURCE_DATA = 21
_CRC_OCTETS = 2


class Reports:
    """A report queue with its writer; take() empties it as the pump would, most urgent class first."""

    def __init__(self, octets=mission.LINK_REPORT_QUEUE_OCTETS):
        self.queue = ReportQueue(octets)
        self.writer = ReportWriter(self.queue)

    def take(self):
        return take(self.queue)


def take(report_queue):
    """[(service, subservice, source data)] of every packet in the queue, which is empty afterwards."""
    found = []
    for ring in report_queue._rings:
        while ring.length():
            length = ring.length()
            start = ring.tail + 2
            packet = bytes(ring.buffer[start : start + length])
            ring.drop(length)
            assert hal.crc16(packet, 0, length) == 0
            found.append((packet[7], packet[8], packet[SOURCE_DATA : length - _CRC_OCTETS]))
    return found


def kinds(reports):
    return [(service, subservice) for service, subservice, _ in reports]


def finish(handler):
    """Run a telecommand's handler to its end."""
    if handler is not None:
        for _ in handler:
            pass
