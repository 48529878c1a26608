"""Service 1, request verification. Success reports follow the ack flags; failures are always sent."""

import hal
from micropython import const

from payload.tables import reports
from payload.tmtc import queue

_ACK_ACCEPTANCE = const(1)
_ACK_START = const(2)
_ACK_PROGRESS = const(4)
_ACK_COMPLETION = const(8)

_LOWEST_I32 = -0x80000000
_HIGHEST_I32 = 0x7FFFFFFF


class Verification:
    def __init__(self, writer):
        self._writer = writer

    def accepted(self, request):
        if request.ack & _ACK_ACCEPTANCE:
            self._success(reports.ACCEPTANCE_SUCCESS, request)

    def started(self, request):
        if request.ack & _ACK_START:
            self._success(reports.START_SUCCESS, request)

    def progress(self, request, step):
        if request.ack & _ACK_PROGRESS:
            self._begin(reports.PROGRESS_SUCCESS, request)
            self._writer.field(hal.U8, step)
            self._writer.end(queue.RESPONSE)

    def completed(self, request):
        if request.ack & _ACK_COMPLETION:
            self._success(reports.COMPLETION_SUCCESS, request)

    def routing_failure(self, request, code, detail, limit):
        self._failure(reports.ROUTING_FAILURE, request, code, detail, limit)

    def acceptance_failure(self, request, code, detail, limit):
        self._failure(reports.ACCEPTANCE_FAILURE, request, code, detail, limit)

    def start_failure(self, request, code, detail, limit):
        self._failure(reports.START_FAILURE, request, code, detail, limit)

    def completion_failure(self, request, code, detail, limit):
        self._failure(reports.COMPLETION_FAILURE, request, code, detail, limit)

    def _begin(self, report, request):
        self._writer.begin(report[0], report[1])
        self._writer.octets(request.id, 0, len(request.id))

    def _success(self, report, request):
        self._begin(report, request)
        self._writer.end(queue.RESPONSE)

    def _failure(self, report, request, code, detail, limit):
        self._begin(report, request)
        self._writer.field(hal.U16, code)
        self._writer.field(hal.I32, _clipped(detail))
        self._writer.field(hal.I32, _clipped(limit))
        self._writer.end(queue.RESPONSE)


def _clipped(value):
    """The value as far as the signed field carries it: a failure report is always sent."""
    return max(_LOWEST_I32, min(value, _HIGHEST_I32))
