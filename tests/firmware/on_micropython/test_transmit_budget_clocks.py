"""Ends of data takes, as budget and cool-down count them, through clocks that are wrong and boots that follow."""

import runner
from budget_setup import (
    ORBIT_S,
    START_S,
    Store,
    Take,
    cycles,
    is_refused,
    orbit_before_ms,
    set_clock,
    wait_until,
)
from payload.instruments.transmit_budget import TransmitBudget
from payload.tables import failures, persistent
from runner import refused

DAY_S = 86400
YEAR_S = 365 * DAY_S


def test_a_clock_that_was_wrong_at_a_takes_end_holds_nothing_up():
    """Ahead by a year when the take ended, and right again: refused for twice the on-time, and in a later boot too."""
    store = Store()
    take = Take(store)
    take.budget.begin(20000, START_S)
    set_clock(START_S + YEAR_S)
    take.transmit(20000)
    take.done(20000)
    take.budget.end()
    assert abs(store.get(persistent.SAR_TAKE_4_END_S) - START_S - YEAR_S) <= 2
    set_clock(START_S + 30)
    after = TransmitBudget(_kept_of(store))
    for budget in (take.budget, after):
        refused(failures.COOL_DOWN, budget.require, 1000, START_S + 60)
    take.budget.require(1000, START_S + 75)
    after.require(1000, START_S + 75)
    refused(failures.ORBIT_BUDGET, _with_orbit_of(280000), 20001, START_S + 75)
    wait_until(START_S + 35 + ORBIT_S)
    take.budget.require(1000, START_S + 35 + ORBIT_S)
    assert abs(store.get(persistent.SAR_TAKE_4_END_S) - START_S - 29) <= 3, "a later boot finds the right end"


def _kept_of(store):
    """What a boot finds that comes now."""
    copy = Store()
    copy.values.update(store.values)
    return copy


def test_a_clock_that_is_early_takes_no_end_away_from_a_later_boot():
    """By more than an orbit, when the take ends or when somebody asks; a boot with the right clock follows."""
    for asks_s in (None, 60, 200):
        store = Store()
        take = Take(store)
        if asks_s is None:
            take.budget.begin(50000, START_S)
            wait_until(START_S + 50)
            set_clock(START_S + 50 - 6000)
            take.transmit(50000)
            take.done(50000)
            take.budget.end()
        else:
            take.fly(START_S, 50000)
            wait_until(START_S + asks_s)
            set_clock(START_S + asks_s - 6000)
            early = (take.budget, TransmitBudget(store))
            for budget in early:
                is_refused(budget, START_S + asks_s + 10 - 6000)
        assert START_S + 50 <= store.get(persistent.SAR_TAKE_4_END_S) <= START_S + 55, asks_s
        after = Take(store, START_S + 70)
        refused(failures.COOL_DOWN, after.budget.require, 1000, START_S + 80)
        assert orbit_before_ms(after.budget, START_S + 80) == 50000


def _with_orbit_of(on_ms):
    """require() of a budget whose oldest take had this on-time and ended with the newest, before the boot."""
    store = Store()
    for number in (1, 4):
        store.put(getattr(persistent, "SAR_TAKE_%d_END_S" % number), START_S + 20)
    store.put(persistent.SAR_TAKE_1_ON_MS, on_ms)
    return TransmitBudget(store).require


def test_an_end_ahead_of_now_counts_as_now():
    """It came from a boot whose clock was wrong: at most the cool-down from now, and at most an orbit."""
    store = Store()
    store.put(persistent.SAR_TAKE_4_END_S, START_S + YEAR_S)
    store.put(persistent.SAR_TAKE_4_ON_MS, 50000)
    take = Take(store, START_S)
    failure = refused(failures.COOL_DOWN, take.budget.require, 1000, START_S + 10)
    assert failure.limit == 100 and failure.detail <= 100
    wait_until(START_S + 105)
    take.budget.require(50000, START_S + 105)
    refused(failures.ORBIT_BUDGET, _with_orbit_of(260001), 40000, START_S + 105)


def test_a_step_of_the_clock_neither_shortens_a_cool_down_nor_empties_an_orbit():
    take = Take(Store())
    take.fly(START_S, 50000)
    for now_s in (START_S + YEAR_S, START_S - 100000):
        set_clock(now_s)
        refused(failures.COOL_DOWN, take.budget.require, 1000, now_s + 3)
        assert orbit_before_ms(take.budget, now_s + 3) == 50000


def test_a_clock_that_is_early_takes_no_kept_take_away():
    """A day early when somebody asks, and right again: it counts from that request on, and in a later boot too."""
    store = Store()
    Take(store).fly(START_S, 50000)
    take = Take(store, START_S + 60 - DAY_S)
    refused(failures.COOL_DOWN, take.budget.require, 1000, START_S + 70 - DAY_S)
    set_clock(START_S + 80)
    refused(failures.COOL_DOWN, take.budget.require, 1000, START_S + 90)
    assert orbit_before_ms(take.budget, 0) == 50000
    cycles(take)
    assert take.orbit_ms() == 50000
    refused(failures.COOL_DOWN, TransmitBudget(store).require, 1000, START_S + 90)
    take.budget.require(1000, START_S + 80 + 102)


runner.run(globals())
