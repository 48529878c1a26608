"""Service 17, test."""

import hal

from payload.failure import Refusal
from payload.tables import failures, mission, reports
from payload.tmtc import queue


class Test:
    def __init__(self, writer):
        self._writer = writer

    def telecommands(self):
        return {"PING": self.ping, "CONNECTION_TEST": self.connection_test}

    def ping(self):
        yield 0
        self._writer.begin(*reports.PONG)
        self._writer.end(queue.RESPONSE)

    def connection_test(self, apid):
        if apid != mission.PACKETS_PAYLOAD_APID:
            raise Refusal(failures.UNKNOWN_APID, apid)
        yield 0
        self._writer.begin(*reports.CONNECTION_REPORT)
        self._writer.field(hal.U16, apid)
        self._writer.end(queue.RESPONSE)
