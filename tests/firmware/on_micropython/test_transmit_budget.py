"""Transmit time of a take and of an orbit, cool-down, and what a reset leaves of them."""

import hal

import runner
from payload.instruments.transmit_budget import TransmitBudget
from payload.storage.persistent import Persistent
from payload.tables import failures, mission, persistent, pool
from runner import refused

START_S = 1000000
ORBIT_S = mission.ORBIT_PERIOD_S
YEAR_S = 365 * 86400


class Store:
    """Stands for the journal: what was put last is what a reset finds."""

    def __init__(self):
        self.values = {}

    def get(self, key):
        return self.values.get(key, 0)

    def put(self, key, value):
        assert value >= 0
        self.values[key] = value


def _wait_until(gps_s):
    ms = max(gps_s - hal.time_coarse_s(), 0) * 1000
    hal.sleep((hal.ticks_ms() + ms) & 0x3FFFFFFF)


def _set_clock(gps_s):
    """At the second that begins next; twice, as a clock that is set wants a large step confirmed."""
    for second in range(2):
        hal.time_message(gps_s + second)
        hal.sleep((hal.ticks_ms() + 1000) & 0x3FFFFFFF)


class Take:
    """One data take on a budget after a boot, with the on-time the unit's counter shows at its end."""

    def __init__(self, store, now_s=START_S - 10):
        hal.init(0x0E00, True)
        _set_clock(now_s)
        self.store = store
        self.budget = TransmitBudget(store)

    def fly(self, start_s, on_ms):
        self.budget.require(on_ms, start_s)
        _wait_until(start_s)
        self.budget.begin(on_ms, start_s)
        _wait_until(start_s + on_ms // 1000)
        hal.pool_set(pool.SAR_TRANSMIT_TIME_MS, on_ms)
        self.budget.end()
        assert abs(self.store.get(persistent.SAR_TAKE_4_END_S) - hal.time_coarse_s()) <= 1


def test_one_take():
    take = Take(Store())
    take.budget.require(60000, START_S)
    refused(failures.TAKE_BUDGET, take.budget.require, 60001, START_S)


def test_cool_down_is_twice_the_on_time():
    take = Take(Store())
    take.fly(START_S, 20000)
    failure = refused(failures.COOL_DOWN, take.budget.require, 1000, START_S + 20 + 39)
    assert (failure.detail, failure.limit) == (1, 40)
    take.budget.require(1000, START_S + 20 + 40)


def test_an_orbit_holds_300_s_and_forgets_what_is_an_orbit_ago():
    take = Take(Store())
    start_s = START_S
    for _ in range(5):
        take.fly(start_s, 50000)
        start_s += 200
    # 250 s within the orbit.
    take.budget.require(50000, start_s)
    failure = refused(failures.ORBIT_BUDGET, take.budget.require, 50001, start_s)
    assert (failure.detail, failure.limit) == (300001, 300000)
    last_end_s = START_S + 4 * 200 + 50
    refused(failures.ORBIT_BUDGET, take.budget.require, 60000, START_S + ORBIT_S)
    take.budget.require(60000, last_end_s + ORBIT_S + 1)
    assert take.budget._orbit_ms(last_end_s + ORBIT_S + 1) == 0


def test_more_takes_than_places_are_never_counted_short():
    """Twelve short takes in an orbit: merged, all of them counted."""
    take = Take(Store())
    for number in range(12):
        take.fly(START_S + 100 * number, 10000)
        assert take.budget._orbit_ms(START_S + 100 * number + 11) == 10000 * (number + 1)


def test_a_reset_within_a_take_leaves_it_counted_as_predicted():
    store = Store()
    Take(store).budget.begin(50000, START_S)
    after = Take(store, START_S + 10)
    assert after.budget._orbit_ms(START_S + 60) == 50000
    refused(failures.COOL_DOWN, after.budget.require, 1000, START_S + 60)
    after.budget.end()
    assert store.get(persistent.SAR_TAKE_4_ON_MS) == 50000, "nothing is under way after a reset"


def test_the_journal_keeps_the_budget_over_a_reset():
    hal.init(0x0E00, True)
    store = Persistent()
    TransmitBudget(store).begin(50000, START_S)
    assert store.flush(2000)
    hal.init(0x0E00, True)
    _set_clock(START_S + 10)
    refused(failures.COOL_DOWN, TransmitBudget(Persistent()).require, 1000, START_S + 60)


def test_a_take_that_was_cut_short_counts_what_was_transmitted():
    store = Store()
    take = Take(store)
    take.budget.begin(50000, START_S)
    hal.pool_set(pool.SAR_TRANSMIT_TIME_MS, 7000)
    take.budget.end()
    assert store.get(persistent.SAR_TAKE_4_ON_MS) == 7000


def test_a_counter_that_lies_counts_as_the_longest_the_guard_allows():
    store = Store()
    take = Take(store)
    take.budget.begin(50000, START_S)
    hal.pool_set(pool.SAR_TRANSMIT_TIME_MS, 4000000000)
    take.budget.run()
    assert hal.pool_get(pool.SAR_ORBIT_TRANSMIT_TIME_MS) == 60000
    take.budget.end()
    assert store.get(persistent.SAR_TAKE_4_ON_MS) == 60000


def test_a_unit_that_does_not_say_counts_as_predicted():
    store = Store()
    take = Take(store)
    take.budget.begin(50000, START_S)
    hal.pool_invalidate(pool.SAR_TRANSMIT_TIME_MS, 1)
    take.budget.end()
    assert store.get(persistent.SAR_TAKE_4_ON_MS) == 50000


def test_the_orbit_so_far_is_published_while_taking():
    take = Take(Store())
    take.fly(START_S, 50000)
    take.budget.begin(40000, START_S + 200)
    hal.pool_set(pool.SAR_TRANSMIT_TIME_MS, 1500)
    take.budget.run()
    assert hal.pool_get(pool.SAR_ORBIT_TRANSMIT_TIME_MS) == 51500


def test_a_clock_that_was_wrong_at_a_takes_end_holds_nothing_up():
    """Ahead by a year when the take ended, and right again: refused for twice the on-time, and in a later boot too."""
    for step_s in (YEAR_S, -START_S // 2):
        store = Store()
        take = Take(store)
        take.budget.begin(20000, START_S)
        _set_clock(START_S + step_s)
        hal.pool_set(pool.SAR_TRANSMIT_TIME_MS, 20000)
        take.budget.end()
        assert abs(store.get(persistent.SAR_TAKE_4_END_S) - START_S - step_s) <= 1
        _set_clock(START_S + 30)
        refused(failures.COOL_DOWN, take.budget.require, 1000, START_S + 60)
        assert abs(store.get(persistent.SAR_TAKE_4_END_S) - START_S - 29) <= 3, "a later boot finds the right end"
        take.budget.require(1000, START_S + 75)
        refused(failures.ORBIT_BUDGET, _with_orbit_of(280000), 20001, START_S + 75)


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
    _wait_until(START_S + 105)
    take.budget.require(50000, START_S + 105)
    refused(failures.ORBIT_BUDGET, _with_orbit_of(260001), 40000, START_S + 105)


def test_a_step_of_the_clock_neither_shortens_a_cool_down_nor_empties_an_orbit():
    take = Take(Store())
    take.fly(START_S, 50000)
    for now_s in (START_S + YEAR_S, START_S - 100000):
        _set_clock(now_s)
        refused(failures.COOL_DOWN, take.budget.require, 1000, now_s + 3)
        assert take.budget._orbit_ms(now_s + 3) == 50000


runner.run(globals())
