"""Transmit time of a take and of an orbit, cool-down, and what a reset leaves of them."""

import hal

import runner
from budget_setup import (
    ORBIT_S,
    START_S,
    Store,
    Take,
    cycles,
    is_refused,
    orbit_before_ms,
    report,
    set_clock,
    wait,
    wait_until,
)
from payload.instruments.transmit_budget import TransmitBudget
from payload.storage.persistent import Persistent
from payload.tables import enums, failures, persistent, pool
from runner import refused

# A GPS time that is no small integer on a processor of 32 bits.
LATE_GPS_S = 1450000000


def test_one_take():
    take = Take(Store())
    take.budget.require(60000, START_S)
    refused(failures.TAKE_BUDGET, take.budget.require, 60001, START_S)


def test_cool_down_is_twice_the_on_time():
    take = Take(Store())
    take.fly(START_S, 20000)
    failure = refused(failures.COOL_DOWN, take.budget.require, 1000, START_S + 20 + 39)
    assert failure.limit == 40 and 1 <= failure.detail <= 2
    take.budget.require(1000, START_S + 20 + 41)


def _gps_ms():
    """Now, since START_S."""
    start = bytearray(7)
    hal.put(hal.U32, START_S, start, 0)
    return -hal.time_until_ms(start, 0)


def test_no_cool_down_is_short_by_a_fraction_of_a_second():
    """Wherever in a second of the clock and of the uptime a data take ended, and in a later boot too."""
    for fraction_ms in range(50, 1000, 100):
        store = Store()
        hal.init(0x0E00, True)
        hal.sleep((hal.ticks_ms() + fraction_ms) & 0x3FFFFFFF)
        take = Take(store, START_S)
        take.budget.begin(20000, START_S)
        hal.sleep((hal.ticks_ms() + fraction_ms) & 0x3FFFFFFF)
        take.transmit(20000)
        take.done(20000)
        take.budget.end()
        ended_ms = _gps_ms()
        for asked_after_ms in (10, 350, 370, 390):
            hal.sleep((hal.ticks_ms() + asked_after_ms) & 0x3FFFFFFF)
            for budget in (take.budget, TransmitBudget(store)):
                first_s = (ended_ms + 40000) // 1000 - 3
                while is_refused(budget, START_S + first_s):
                    first_s += 1
                assert ended_ms + 40000 <= first_s * 1000, (fraction_ms, ended_ms, first_s)
                if budget is take.budget:
                    assert first_s * 1000 < ended_ms + 41000, "and none is longer than to the next second"


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
    assert orbit_before_ms(take.budget, last_end_s + ORBIT_S + 1) == 0


def test_more_takes_than_places_are_never_counted_short():
    """Twelve short takes in an orbit: merged, all of them counted."""
    take = Take(Store())
    for number in range(12):
        take.fly(START_S + 100 * number, 10000)
        assert orbit_before_ms(take.budget, START_S + 100 * number + 11) == 10000 * (number + 1)


def test_a_reset_within_a_take_leaves_it_counted_as_predicted():
    store = Store()
    Take(store).budget.begin(50000, START_S)
    after = Take(store, START_S + 10)
    assert orbit_before_ms(after.budget, START_S + 60) == 50000
    refused(failures.COOL_DOWN, after.budget.require, 1000, START_S + 60)
    after.budget.end()
    assert store.get(persistent.SAR_TAKE_4_ON_MS) == 50000, "nothing is under way after a reset"


def test_the_journal_keeps_the_budget_over_a_reset():
    hal.init(0x0E00, True)
    store = Persistent()
    TransmitBudget(store).begin(50000, START_S)
    assert store.flush(2000)
    hal.init(0x0E00, True)
    set_clock(START_S + 10)
    refused(failures.COOL_DOWN, TransmitBudget(Persistent()).require, 1000, START_S + 60)


def test_a_take_that_was_cut_short_counts_what_was_transmitted():
    store = Store()
    take = Take(store)
    take.budget.begin(50000, START_S)
    take.transmit(7000)
    assert take.charged_ms() == 7000


def test_what_the_unit_counted_when_it_was_done_is_counted():
    """Its last sample says READY again."""
    take = Take(Store())
    take.budget.begin(50000, START_S)
    wait_until(START_S + 50)
    take.transmit(49900)
    report(enums.SAR_UNIT_STATE_READY, 50000)
    take.budget.run()
    assert take.charged_ms() == 50000


def test_a_unit_that_was_reset_within_a_take_counts_as_predicted():
    """Whatever it counts then, and however much of it was seen; as counted where that is more."""
    for seen_ms, state, counter_ms, charged_ms in (
        (20000, enums.SAR_UNIT_STATE_BOOT, 0, 50000),
        (20000, enums.SAR_UNIT_STATE_IDLE, 19999, 50000),
        (20000, enums.SAR_UNIT_STATE_BOOT, 20000, 50000),
        (0, enums.SAR_UNIT_STATE_BOOT, 0, 50000),
        (55000, enums.SAR_UNIT_STATE_BOOT, 0, 55000),
    ):
        take = Take(Store())
        take.budget.begin(50000, START_S)
        wait_until(START_S + 20)
        take.transmit(seen_ms)
        report(state, counter_ms)
        take.budget.run()
        assert take.charged_ms() == charged_ms, (seen_ms, state, counter_ms)
        failure = refused(failures.COOL_DOWN, take.budget.require, 1000, START_S + 30)
        assert failure.limit == 2 * charged_ms // 1000


def test_a_take_that_never_came_to_its_start_counts_nothing():
    """The counter in the pool is that of the data take before; a unit that was reset since has transmitted nothing."""
    for state, counter_ms in ((enums.SAR_UNIT_STATE_READY, 40000), (enums.SAR_UNIT_STATE_BOOT, 0)):
        take = Take(Store())
        report(state, counter_ms)
        take.budget.begin(50000, START_S)
        take.budget.run()
        assert take.orbit_ms() == 0, "the counter of the data take before"
        assert take.charged_ms() == 0
        take.budget.require(1000, START_S)


def test_a_take_of_which_nothing_was_seen_counts_as_predicted_once_its_start_has_passed():
    take = Take(Store())
    report(enums.SAR_UNIT_STATE_READY, 7000)
    take.budget.begin(50000, START_S)
    wait_until(START_S + 1)
    report(enums.SAR_UNIT_STATE_READY, 7000)
    take.budget.run()
    assert take.charged_ms() == 50000


def test_a_take_counts_no_counter_of_one_before_it():
    take = Take(Store())
    take.fly(START_S, 40000)
    report(enums.SAR_UNIT_STATE_READY, 40000)
    take.budget.begin(30000, START_S + 200)
    take.transmit(5000)
    assert take.orbit_ms() == 45000
    assert take.charged_ms() == 5000


def test_a_counter_that_lies_counts_as_the_longest_the_guard_allows():
    store = Store()
    take = Take(store)
    take.budget.begin(50000, START_S)
    take.transmit(4000000000)
    assert hal.pool_get(pool.SAR_ORBIT_TRANSMIT_TIME_MS) == 60000
    take.budget.end()
    assert store.get(persistent.SAR_TAKE_4_ON_MS) == 60000


def test_a_counter_that_stands_counts_as_predicted_or_as_the_echoes_that_were_seen():
    """Three in a row of 20 s: each has its cool-down, and all are in the orbit."""
    take = Take(Store())
    for number, (seen_ms, charged_ms) in enumerate(((20000, 20000), (3000, 20000), (25000, 25000))):
        hal.pool_set(pool.SAR_MODE, enums.SAR_MODE_STRIPMAP)
        start_s = hal.time_coarse_s() + 200
        take.budget.begin(20000, start_s)
        before_ms = take.orbit_ms()
        wait_until(start_s)
        take.echoes(seen_ms, 7)
        assert hal.pool_get(pool.SAR_ORBIT_TRANSMIT_TIME_MS) == before_ms + seen_ms, "published too"
        take.done(7)
        assert abs(take.charged_ms() - charged_ms) <= 100, number
        failure = refused(failures.COOL_DOWN, take.budget.require, 1000, hal.time_coarse_s() + 10)
        assert abs(failure.limit - 2 * charged_ms // 1000) <= 1
    assert orbit_before_ms(take.budget, hal.time_coarse_s()) >= 65000


def test_a_good_counter_is_believed_to_the_millisecond():
    take = Take(Store())
    hal.pool_set(pool.SAR_MODE, enums.SAR_MODE_TOPS)
    take.budget.begin(20000, START_S)
    wait_until(START_S)
    take.echoes(19900)
    take.done(19950)
    assert take.charged_ms() == 19950


def test_pulses_that_do_not_leave_the_antenna_are_not_counted():
    """The unit counts none in TEST and CALIBRATION, whenever it ends."""
    for mode in (enums.SAR_MODE_TEST, enums.SAR_MODE_CALIBRATION):
        for is_done in (True, False):
            take = Take(Store())
            hal.pool_set(pool.SAR_MODE, mode)
            take.budget.begin(20000, START_S)
            wait_until(START_S)
            take.echoes(5000, 0)
            if is_done:
                take.done(0)
            assert take.charged_ms() == 0, (mode, is_done)


def test_echoes_without_transmit_enable_are_not_counted():
    """The unit says they are there, and counts nothing."""
    take = Take(Store())
    take.budget.begin(20000, START_S)
    wait_until(START_S)
    for _ in range(30):
        take.transmit(0)
        wait(100)
    take.done(0)
    assert take.charged_ms() == 0


def test_an_abort_counts_what_may_have_come_since_the_last_sample():
    """Samples that stay away before the unit counts as lost; never more than the guard allows, nothing after echoes."""
    for phase, counter_ms, age_ms, charged_ms in (
        (enums.SAR_PHASE_ECHO, 2080, 700, 2880),
        (enums.SAR_PHASE_ECHO, 2080, 0, 2180),
        (enums.SAR_PHASE_OPENING_CALIBRATION, 0, 700, 800),
        (enums.SAR_PHASE_ECHO, 59700, 700, 60000),
        (enums.SAR_PHASE_CLOSING_CALIBRATION, 20000, 700, 20000),
    ):
        take = Take(Store())
        hal.pool_set(pool.SAR_MODE, enums.SAR_MODE_STRIPMAP)
        take.budget.begin(20000, START_S)
        wait_until(START_S + 3)
        report(enums.SAR_UNIT_STATE_TAKING, counter_ms, phase)
        take.budget.run()
        wait(age_ms)
        assert take.charged_ms() == charged_ms, (phase, counter_ms, age_ms)


def test_an_abort_before_the_start_counts_nothing_of_what_was_not_seen():
    take = Take(Store())
    take.budget.begin(20000, START_S)
    wait_until(START_S - 1)
    report(enums.SAR_UNIT_STATE_TAKING, 0, enums.SAR_PHASE_WAIT_START)
    take.budget.run()
    assert take.charged_ms() == 0


def test_a_begun_take_is_in_flash_at_once_whatever_the_flash_has_to_move():
    """Wherever in its sector the journal is, at a change of sector too: a cut finds the take and those before."""
    hal.init(0x0E00, True)
    store = Persistent()
    for key, (default, _) in persistent.RECORDS.items():
        store.put(key, default)
    assert store.flush(10000)
    newest_s = 0
    for number in range(300):
        budget = TransmitBudget(store)
        now_s = START_S + 1000 * number
        set_clock(now_s)
        store.put(persistent.OPTICAL_IMAGING_MS, number + 2)
        store.run()
        wait(100)
        budget.begin(20000 + number, now_s + 2)
        hal.init(0x0E00, True)
        store = Persistent()
        assert store.get(persistent.SAR_TAKE_4_ON_MS) == 20000 + number, number
        assert store.get(persistent.SAR_TAKE_4_END_S) > now_s, number
        assert store.get(persistent.SAR_TAKE_3_END_S) == newest_s or not number, number
        newest_s = store.get(persistent.SAR_TAKE_4_END_S)
        for _ in range(6):
            store.run()
            wait(100)


def test_a_unit_that_does_not_say_counts_as_predicted():
    store = Store()
    take = Take(store)
    take.budget.begin(50000, START_S)
    take.transmit(7000)
    hal.pool_invalidate(pool.SAR_TRANSMIT_TIME_MS, 1)
    assert take.charged_ms() == 50000


def test_the_orbit_so_far_is_published_while_taking():
    take = Take(Store())
    take.fly(START_S, 50000)
    take.budget.begin(40000, START_S + 200)
    take.transmit(1500)
    assert hal.pool_get(pool.SAR_ORBIT_TRANSMIT_TIME_MS) == 51500


def test_the_orbit_so_far_is_published_after_a_boot_and_as_its_takes_leave_it():
    store = Store()
    before = Take(store)
    before.fly(START_S, 50000)
    before.fly(START_S + 1000, 40000)
    after = Take(store, START_S + 1100)
    assert after.orbit_ms() == 90000
    after.fly(START_S + 1200, 30000)
    assert after.orbit_ms() == 120000
    for age_s, orbit_ms in ((52, 70000), (1042, 30000), (1232, 0)):
        wait_until(START_S + age_s + ORBIT_S - 5)
        cycles(after)
        assert after.orbit_ms() > orbit_ms
        wait_until(START_S + age_s + ORBIT_S + 1)
        cycles(after)
        assert after.orbit_ms() == orbit_ms, age_s
    # As after 13 days, when ticks have come round.
    after.budget._ended_ticks_ms[3] = hal.ticks_ms()
    cycles(after)
    assert after.orbit_ms() == 0


def test_what_is_published_at_rest_allocates_nothing():
    store = Store()
    Take(store, LATE_GPS_S - 10).fly(LATE_GPS_S, 50000)
    take = Take(store, LATE_GPS_S + 100)
    take.fly(LATE_GPS_S + 200, 50000)
    take.budget.run()
    free_octets = hal.heap_free()
    cycles(take, 1000)
    assert hal.heap_free() == free_octets


def test_what_is_counted_within_the_echoes_allocates_nothing():
    take = Take(Store(), LATE_GPS_S - 10)
    take.budget.begin(50000, LATE_GPS_S)
    take.echoes(1000)
    free_octets = hal.heap_free()
    for _ in range(300):
        take.budget.run()
    assert hal.heap_free() == free_octets


runner.run(globals())
