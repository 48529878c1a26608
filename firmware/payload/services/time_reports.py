"""Service 9, time: a time report (9,2) every 2^exponent seconds."""

from micropython import const

from payload.tmtc import queue

_CYCLES_PER_SECOND = const(10)
_DEFAULT_EXPONENT = const(2)


class TimeReports:
    def __init__(self, writer):
        self._writer = writer
        self._exponent = _DEFAULT_EXPONENT
        self._due_in_cycles = 1

    def telecommands(self):
        return {"TIME_SET_REPORT_RATE": self.set_rate}

    def run(self):
        """Once a cycle."""
        self._due_in_cycles -= 1
        if self._due_in_cycles <= 0:
            self._due_in_cycles = _CYCLES_PER_SECOND << self._exponent
            self._writer.time_report(self._exponent, queue.PERIODIC)

    def set_rate(self, exponent):
        self._exponent = exponent
        self._due_in_cycles = 1
