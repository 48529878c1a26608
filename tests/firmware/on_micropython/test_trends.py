"""Slope alarms: a slow drift is told of once, over many stays in a mode too, and nothing else alarms."""

import hal

import runner
from payload.fdir.trends import Trends
from payload.tables import enums, events, pool, trends

INDEX = 1  # the focal plane's, in READY
_, _, _, WINDOW_MIN, CHANGE, SETTLE_MIN = trends.TRENDS[INDEX]


class Machine:
    mode = enums.OPTICAL_MODE_READY


class Driver:
    def __init__(self):
        self.machine = Machine()


class Events:
    def __init__(self):
        self.seen = []

    def report(self, event, *fields):
        assert event == events.TREND_ALARM
        self.seen.append(fields)


class Setup:
    def __init__(self):
        hal.init(0x0E00, True)
        self.driver = Driver()
        self.events = Events()
        self.trends = Trends({enums.INSTRUMENT_OPTICAL: self.driver}, self.events)
        for _ in range(SETTLE_MIN):
            self.minute(3000)

    def minute(self, value):
        hal.pool_set(pool.OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC, value)
        self.trends.run()


def test_a_drift_slower_than_any_limit_is_told_of_once():
    for sign in (1, -1):
        setup = Setup()
        for minute in range(WINDOW_MIN + 5):
            setup.minute(2000 + sign * minute * (CHANGE // WINDOW_MIN + 1))
        expected = sign * WINDOW_MIN * (CHANGE // WINDOW_MIN + 1)
        assert setup.events.seen == [(INDEX, pool.OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC, expected)], setup.events.seen


def test_a_drift_within_its_limit_is_not():
    setup = Setup()
    for minute in range(5 * WINDOW_MIN):
        setup.minute(2000 + minute * CHANGE // WINDOW_MIN)
    assert setup.events.seen == []


def test_what_came_to_rest_may_alarm_again():
    setup = Setup()
    for value in (2000, 2000 + CHANGE + 1):
        for _ in range(WINDOW_MIN + 1):
            setup.minute(value)
    for _ in range(WINDOW_MIN + 1):
        setup.minute(2000)
    assert len(setup.events.seen) == 2


def test_nothing_is_told_of_less_than_a_window():
    setup = Setup()
    for minute in range(WINDOW_MIN):
        setup.minute(2000 + 100 * minute)
    assert setup.events.seen == []
    setup.minute(9000)
    assert len(setup.events.seen) == 1


def test_a_drift_over_many_short_stays_is_told_of():
    """Three minutes in READY a pass, each a little warmer: contiguous or not, the minutes in the mode count."""
    setup = Setup()
    machine = setup.driver.machine
    for number in range(WINDOW_MIN):
        machine.mode = enums.OPTICAL_MODE_STANDBY
        setup.minute(1500)
        machine.mode = enums.OPTICAL_MODE_READY
        for minute in range(SETTLE_MIN + 3):
            setup.minute(3000 if minute < SETTLE_MIN else 2000 + number * CHANGE // 2)
    assert len(setup.events.seen) == 1, setup.events.seen


def test_another_mode_and_the_first_minutes_are_no_samples():
    setup = Setup()
    machine = setup.driver.machine
    for interrupt in ("mode", "stale"):
        for _ in range(3):
            for _ in range(WINDOW_MIN // 2):
                setup.minute(2000)
            if interrupt == "mode":
                machine.mode = enums.OPTICAL_MODE_STANDBY
                setup.minute(5000)
                machine.mode = enums.OPTICAL_MODE_READY
            else:
                hal.pool_invalidate(pool.OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC, 1)
                setup.trends.run()
            for _ in range(SETTLE_MIN):
                setup.minute(5000)
        assert setup.events.seen == [], interrupt
    setup.minute(2000 + CHANGE + 1)
    assert len(setup.events.seen) == 1


runner.run(globals())
