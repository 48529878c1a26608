"""The firmware's own codec behind standard input and output, one request a line, for the property tests.

    tc HEX                        check a telecommand and decode its arguments
    tm SERVICE SUBSERVICE HEX     wrap source data into a report
    table V V V ...               check an acquisition table
    image MODE V V V ...          check an image: its geometry, then its settings; `ok` with its memory in MiB
    sky V V V V                   ancillary data from now on: latitude, altitude, ground speed, track
Each answer is one line; a refusal is `refused CODE DETAIL LIMIT`.
"""

import sys
from binascii import hexlify, unhexlify

import hal

from payload.failure import Refusal
from payload.instruments.acquisition_table import TableSlots
from payload.instruments.optical_image import ImageRequest, ImagingBudget
from payload.tables import mission, pool, telecommands
from payload.tmtc.queue import RESPONSE, ReportQueue
from payload.tmtc.reports import ReportWriter
from payload.tmtc.router import Router

_GEOMETRY = 5  # roll, pitch, strips, interval, roll step


class Recorder:
    """Stands for a service: remembers what the router decoded."""

    def __init__(self):
        self.decoded = None

    def take(self, *arguments):
        self.decoded = arguments


class Verification:
    """Stands for service 1: remembers the failure, if any."""

    def __init__(self):
        self.failure = None

    def accepted(self, request):
        pass

    started = completed = accepted

    def _fail(self, request, code, detail, limit):
        self.failure = (code, detail, limit)

    routing_failure = acceptance_failure = start_failure = completion_failure = _fail


class Store:
    """Stands for the persistent values of a board that has imaged nothing yet."""

    def get(self, key):
        return 0


def _text(value):
    if isinstance(value, bytes):
        return hexlify(value).decode()
    if isinstance(value, list):
        return "[" + ",".join([str(each) for each in value]) + "]"
    return str(value)


def main():
    hal.init(hal.spacecraft_id(), True)
    report_queue = ReportQueue(mission.LINK_REPORT_QUEUE_OCTETS)
    writer = ReportWriter(report_queue)
    verification = Verification()
    recorder = Recorder()
    handlers = {}
    for _, _, name, _, _ in telecommands.TELECOMMANDS:
        handlers[name] = recorder.take
    router = Router(verification, report_queue, handlers, True, None)

    def tc(words):
        packet = unhexlify(words[0])
        router._packet[: len(packet)] = packet
        verification.failure = recorder.decoded = None
        router._handle(len(packet))
        if verification.failure:
            return "refused %d %d %d" % verification.failure
        if recorder.decoded is None:
            return "counted"
        return "ok " + " ".join([_text(value) for value in recorder.decoded])

    def tm(words):
        data = unhexlify(words[2]) if len(words) > 2 else b""
        writer.begin(int(words[0]), int(words[1]))
        writer.octets(data, 0, len(data))
        writer.end(RESPONSE)
        ring = report_queue._rings[RESPONSE]
        length = ring.length()
        packet = bytes(ring.buffer[ring.tail + 2 : ring.tail + 2 + length])
        ring.drop(length)
        return hexlify(packet).decode()

    def table(words):
        try:
            TableSlots().load(0, [int(word) for word in words])
        except Refusal as refusal:
            return "refused %d %d %d" % (refusal.code, refusal.detail, refusal.limit)
        return "ok"

    def sky(words):
        for index, parameter in enumerate((pool.LATITUDE_DEG, pool.ALTITUDE_M, pool.GROUND_SPEED_M_S, pool.TRACK_DEG)):
            hal.pool_set(parameter, int(words[index]))
        return "ok"

    def image(words):
        values = [int(word) for word in words]
        try:
            request = ImageRequest(1, values[0], 10, bytes(7), values[1 : 1 + _GEOMETRY], values[1 + _GEOMETRY :])
            ImagingBudget(Store()).require(request)
        except Refusal as refusal:
            return "refused %d %d %d" % (refusal.code, refusal.detail, refusal.limit)
        return "ok %d" % request.predicted_mib

    commands = {"tc": tc, "tm": tm, "table": table, "image": image, "sky": sky}
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        words = line.split()
        print(commands[words[0]](words[1:]))


main()
