"""Slope alarms (tables.trends): values that drift while nothing about the instrument changes.

A window counts the minutes that the instrument spent in the trend's modes, contiguous or not, so that a drift over
many passes is seen; the minutes after a mode was entered, when a value may still settle, are left out.
"""

import hal

from payload.tables import events, trends


class Trend:
    """The samples of one window, a minute of the mode apart."""

    def __init__(self, index, row):
        self.index = index
        self.parameter, self.instrument, self.modes, window_min, self.change, settle_min = row
        # An integer in a frozen tuple is an object, and reckoning with it allocates; a sum is a small integer.
        self.modes += 0
        self.settle_min = settle_min + 0
        self.samples = [0] * (window_min + 1)
        self.count = 0
        self.mode = -1
        self.minutes = 0
        self.alarmed = False

    def is_settled(self, mode, applies):
        """Has the mode lasted, and its value been there, for long enough to be a sample of the trend?"""
        if mode != self.mode or not applies:
            self.mode = mode if applies else -1
            self.minutes = 0
        elif self.minutes < self.settle_min:
            self.minutes += 1
        return applies and self.minutes >= self.settle_min

    def take(self, value):
        """The change over the whole window, 0 while it is not full."""
        samples = self.samples
        last = len(samples) - 1
        if self.count <= last:
            samples[self.count] = value
            self.count += 1
            return value - samples[0] if self.count > last else 0
        for place in range(last):
            samples[place] = samples[place + 1]
        samples[last] = value
        return value - samples[0]


class Trends:
    """`instruments` maps an instrument's id to its driver."""

    def __init__(self, instruments, event_service):
        self._instruments = instruments
        self._events = event_service
        rows = trends.TRENDS
        self._trends = tuple([Trend(index, rows[index]) for index in range(len(rows))])

    def run(self):
        """Once a minute."""
        for trend in self._trends:
            driver = self._instruments.get(trend.instrument)
            if driver is None:
                continue
            mode = driver.machine.mode
            applies = trend.modes >> mode & 1 and hal.pool_valid(trend.parameter)
            if trend.is_settled(mode, bool(applies)):
                self._judge(trend, trend.take(hal.pool_get(trend.parameter)))

    def _judge(self, trend, change):
        beyond = abs(change) > trend.change
        if beyond and not trend.alarmed:
            self._events.report(events.TREND_ALARM, trend.index, trend.parameter, change)
        trend.alarmed = beyond
