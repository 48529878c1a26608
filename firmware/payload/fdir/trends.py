"""Slope alarms (tables.trends): values that drift while nothing about the instrument changes."""

import hal

from payload.tables import events, trends


class Trend:
    """The samples of one window, a minute apart."""

    def __init__(self, index, row):
        self.index = index
        self.parameter, self.instrument, self.modes, window_min, self.change = row
        # An integer in a frozen tuple is an object, and reckoning with it allocates; a sum is a small integer.
        self.modes += 0
        self.samples = [0] * (window_min + 1)
        self.count = 0
        self.mode = -1
        self.alarmed = False

    def restart(self, mode):
        self.mode = mode
        self.count = 0
        self.alarmed = False

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
            if not applies or mode != trend.mode:
                trend.restart(mode)
            if applies:
                self._judge(trend, trend.take(hal.pool_get(trend.parameter)))

    def _judge(self, trend, change):
        beyond = abs(change) > trend.change
        if beyond and not trend.alarmed:
            self._events.report(events.TREND_ALARM, trend.index, trend.parameter, change)
        trend.alarmed = beyond
