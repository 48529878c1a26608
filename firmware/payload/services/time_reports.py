"""Service 9, time: a time report (9,2) every 2^exponent seconds."""

from micropython import const

from payload.storage.settings import argument_range
from payload.tables import persistent
from payload.tmtc import queue

_CYCLES_PER_SECOND = const(10)
_DEFAULT_EXPONENT = const(2)


class TimeReports:
    """`settings` is storage.settings': the rate set before a reset is in force again."""

    def __init__(self, writer, settings):
        self._writer = writer
        self._settings = settings
        self._exponent = _DEFAULT_EXPONENT
        self._due_in_cycles = 1
        kept = settings.kept(persistent.TIME_REPORT_RATE)
        if kept:
            lowest, highest = argument_range("TIME_SET_REPORT_RATE", 0)
            if lowest <= kept - 1 <= highest:
                self._exponent = kept - 1
                settings.count()
            else:
                settings.drop(persistent.TIME_REPORT_RATE)

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
        self._settings.keep(persistent.TIME_REPORT_RATE, 0 if exponent == _DEFAULT_EXPONENT else exponent + 1)

    def restore(self):
        """As the dictionary has it."""
        self.set_rate(_DEFAULT_EXPONENT)
