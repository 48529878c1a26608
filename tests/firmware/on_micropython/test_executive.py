"""The executive: faults are reported, and the supervisor feeds nobody when an activity makes no progress."""

import hal

import runner
from payload import executive as executive_module
from payload.executive import Activity, Executive
from payload.tables import enums, events, pool


class _Hal:
    """The module hal; counts what the supervisor feeds."""

    def __init__(self):
        self.fed = 0
        self.beats = 0

    def __getattr__(self, name):
        return getattr(hal, name)

    def watchdog_feed(self):
        self.fed += 1

    def guard_heartbeat(self):
        self.beats += 1


class Router:
    handled = 0

    def __init__(self):
        self.error = None

    def poll(self):
        if self.error:
            raise self.error
        return False


class Queue:
    def pump(self):
        pass


class Reboot:
    def fault(self, fault, activity):
        pass


class Events:
    def __init__(self):
        self.seen = []

    def report(self, event, *fields):
        self.seen.append((event, fields))


class Work:
    def __init__(self):
        self.error = None
        self.runs = 0

    def run(self):
        if self.error:
            raise self.error
        self.runs += 1


class Setup:
    def __init__(self, *periods):
        hal.init(0x0E00, True)
        self.work = [Work() for _ in periods]
        self.events = Events()
        self.router = Router()
        activities = [Activity(self.work[index].run, *periods[index]) for index in range(len(periods))]
        self.executive = Executive(tuple(activities), self.router, Queue(), self.events, Reboot())

    def cycles(self, count):
        """(watchdog feeds, guard heartbeats) of that many cycles."""
        watched = executive_module.hal = _Hal()
        try:
            for _ in range(count):
                self.executive.cycle()
        finally:
            executive_module.hal = hal
        return watched.fed, watched.beats


def test_activities_run_at_their_period_and_phase():
    setup = Setup((), (10, 8), (5, 0))
    setup.cycles(40)
    assert [work.runs for work in setup.work] == [40, 4, 8]


def test_progress_feeds_watchdog_and_guard():
    setup = Setup((), (10, 9))
    assert setup.cycles(40) == (40, 40)


def test_a_fault_is_reported_and_the_others_go_on():
    setup = Setup((), (), ())
    setup.work[1].error = ValueError()
    setup.cycles(1)
    assert setup.events.seen == [(events.HANDLER_FAULT, (enums.SOFTWARE_FAULT_EXCEPTION, 1))]
    assert setup.work[2].runs == 1
    setup.work[1].error = MemoryError()
    setup.cycles(1)
    assert setup.events.seen[-1] == (events.HANDLER_FAULT, (enums.SOFTWARE_FAULT_MEMORY, 1))


def test_an_activity_that_makes_no_progress_starves_watchdog_and_guard():
    setup = Setup((), ())
    setup.cycles(5)
    setup.work[1].error = ValueError()
    assert setup.cycles(20) == (1, 1)
    setup.work[1].error = None
    assert setup.cycles(5) == (5, 5), "feeds again"


def test_one_fault_does_not_starve():
    setup = Setup((), (10, 8))
    setup.cycles(20)
    setup.work[0].error = ValueError()
    assert setup.cycles(1) == (1, 1)
    setup.work[0].error = None
    assert setup.cycles(5) == (5, 5)


def test_a_slow_activity_that_fails_starves_after_its_period():
    setup = Setup((), (10, 8))
    setup.cycles(9)
    setup.work[1].error = ValueError()
    assert setup.cycles(10)[0] == 10
    assert setup.cycles(10)[0] == 0


def test_a_slow_activity_that_fails_the_first_time_starves_until_it_is_done():
    setup = Setup((), (10, 6))
    setup.work[1].error = ValueError()
    assert setup.cycles(7) == (7, 7)
    setup.work[1].error = None
    assert setup.cycles(9) == (0, 0)
    assert setup.cycles(10) == (10, 10)


def test_a_fault_between_cycles_is_reported_and_ends_nothing():
    setup = Setup(())
    setup.router.error = ValueError()
    executive_module.hal = _Pending()
    try:
        setup.executive.slack((hal.ticks_ms() + 50) & 0x3FFFFFFF)
    finally:
        executive_module.hal = hal
    assert setup.events.seen == [(events.HANDLER_FAULT, (enums.SOFTWARE_FAULT_EXCEPTION, 0))]


class _Pending(_Hal):
    def idle(self, until_ms):
        return True


class _Slow(_Hal):
    """Every cycle takes 150 ms."""

    def __init__(self):
        super().__init__()
        self._us = 0

    def ticks_us(self):
        self._us += 150000
        return self._us


def test_an_overrun_is_counted_and_reported_once_while_it_lasts():
    setup = Setup(())
    executive_module.hal = _Slow()
    try:
        for _ in range(4):
            setup.executive.cycle()
    finally:
        executive_module.hal = hal
    assert hal.pool_get(pool.CYCLE_OVERRUNS) == 4 and hal.pool_get(pool.CYCLE_WORST_US) == 150000
    assert setup.events.seen == [(events.CYCLE_OVERRUN, (150000,))]


runner.run(globals())
