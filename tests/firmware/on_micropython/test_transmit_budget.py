"""Transmit time of a take and of an orbit, cool-down, and what a reset leaves of them."""

import hal

import runner
from payload.failure import Refusal
from payload.instruments.transmit_budget import TransmitBudget
from payload.storage.persistent import Persistent
from payload.tables import enums, failures, mission, persistent, pool
from runner import refused

START_S = 1000000
DAY_S = 86400
ORBIT_S = mission.ORBIT_PERIOD_S
# A GPS time that is no small integer on a processor of 32 bits.
LATE_GPS_S = 1450000000
YEAR_S = 365 * DAY_S


class Store:
    """Stands for the journal: what was put last is what a reset finds."""

    def __init__(self):
        self.values = {}

    def get(self, key):
        return self.values.get(key, 0)

    def put(self, key, value):
        assert value >= 0
        self.values[key] = value

    def put_now(self, key, value, limit_ms):
        self.put(key, value)


def _wait_until(gps_s):
    ms = max(gps_s - hal.time_coarse_s(), 0) * 1000
    hal.sleep((hal.ticks_ms() + ms) & 0x3FFFFFFF)


def _set_clock(gps_s):
    """At the second that begins next; twice, as a clock that is set wants a large step confirmed."""
    for second in range(2):
        hal.time_message(gps_s + second)
        hal.sleep((hal.ticks_ms() + 1000) & 0x3FFFFFFF)


def _orbit_before_ms(budget, at_s):
    return budget._orbit_ms(budget._until_ms(at_s))


def _wait(ms):
    hal.sleep((hal.ticks_ms() + ms) & 0x3FFFFFFF)


def _report(state, counter_ms, phase=enums.SAR_PHASE_ECHO):
    """A sample of the SAR unit."""
    hal.pool_set(pool.SAR_STATE, state)
    hal.pool_set(pool.SAR_PHASE, phase)
    hal.pool_set(pool.SAR_TRANSMIT_TIME_MS, counter_ms)


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
        self.transmit(on_ms)
        self.done(on_ms)
        self.budget.end()
        assert abs(self.store.get(persistent.SAR_TAKE_4_END_S) - hal.time_coarse_s()) <= 1

    def transmit(self, counter_ms):
        """A cycle in which the unit is seen taking data."""
        _report(enums.SAR_UNIT_STATE_TAKING, counter_ms)
        self.budget.run()

    def done(self, counter_ms):
        """The cycle in which the unit is seen to have taken it."""
        _report(enums.SAR_UNIT_STATE_READY, counter_ms, enums.SAR_PHASE_DONE)
        self.budget.run()

    def echoes(self, ms, counter_ms=None):
        """With transmit-enable, a sample a cycle; the counter of the unit says what it does, or stands."""
        hal.guard_heartbeat()
        assert hal.guard_permit(mission.TRANSMIT_GUARD_LONGEST_PERMIT_MS) and hal.guard_transmit(True)
        for at_ms in range(0, ms + 1, 100):
            hal.guard_heartbeat()
            self.transmit(at_ms if counter_ms is None else counter_ms)
            _wait(100)

    def charged_ms(self):
        self.budget.end()
        return self.store.get(persistent.SAR_TAKE_4_ON_MS)

    def orbit_ms(self):
        self.budget.run()
        return hal.pool_get(pool.SAR_ORBIT_TRANSMIT_TIME_MS)


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
                while _is_refused(budget, START_S + first_s):
                    first_s += 1
                assert ended_ms + 40000 <= first_s * 1000, (fraction_ms, ended_ms, first_s)
                if budget is take.budget:
                    assert first_s * 1000 < ended_ms + 41000, "and none is longer than to the next second"


def _is_refused(budget, start_s):
    try:
        budget.require(1000, start_s)
    except Refusal as refusal:
        assert refusal.code == failures.COOL_DOWN
        return True
    return False


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
    assert _orbit_before_ms(take.budget, last_end_s + ORBIT_S + 1) == 0


def test_more_takes_than_places_are_never_counted_short():
    """Twelve short takes in an orbit: merged, all of them counted."""
    take = Take(Store())
    for number in range(12):
        take.fly(START_S + 100 * number, 10000)
        assert _orbit_before_ms(take.budget, START_S + 100 * number + 11) == 10000 * (number + 1)


def test_a_reset_within_a_take_leaves_it_counted_as_predicted():
    store = Store()
    Take(store).budget.begin(50000, START_S)
    after = Take(store, START_S + 10)
    assert _orbit_before_ms(after.budget, START_S + 60) == 50000
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
    take.transmit(7000)
    assert take.charged_ms() == 7000


def test_what_the_unit_counted_when_it_was_done_is_counted():
    """Its last sample says READY again."""
    take = Take(Store())
    take.budget.begin(50000, START_S)
    _wait_until(START_S + 50)
    take.transmit(49900)
    _report(enums.SAR_UNIT_STATE_READY, 50000)
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
        _wait_until(START_S + 20)
        take.transmit(seen_ms)
        _report(state, counter_ms)
        take.budget.run()
        assert take.charged_ms() == charged_ms, (seen_ms, state, counter_ms)
        failure = refused(failures.COOL_DOWN, take.budget.require, 1000, START_S + 30)
        assert failure.limit == 2 * charged_ms // 1000


def test_a_take_that_never_came_to_its_start_counts_nothing():
    """The counter in the pool is that of the data take before; a unit that was reset since has transmitted nothing."""
    for state, counter_ms in ((enums.SAR_UNIT_STATE_READY, 40000), (enums.SAR_UNIT_STATE_BOOT, 0)):
        take = Take(Store())
        _report(state, counter_ms)
        take.budget.begin(50000, START_S)
        take.budget.run()
        assert take.orbit_ms() == 0, "the counter of the data take before"
        assert take.charged_ms() == 0
        take.budget.require(1000, START_S)


def test_a_take_of_which_nothing_was_seen_counts_as_predicted_once_its_start_has_passed():
    take = Take(Store())
    _report(enums.SAR_UNIT_STATE_READY, 7000)
    take.budget.begin(50000, START_S)
    _wait_until(START_S + 1)
    _report(enums.SAR_UNIT_STATE_READY, 7000)
    take.budget.run()
    assert take.charged_ms() == 50000


def test_a_take_counts_no_counter_of_one_before_it():
    take = Take(Store())
    take.fly(START_S, 40000)
    _report(enums.SAR_UNIT_STATE_READY, 40000)
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
        _wait_until(start_s)
        take.echoes(seen_ms, 7)
        assert hal.pool_get(pool.SAR_ORBIT_TRANSMIT_TIME_MS) == before_ms + seen_ms, "published too"
        take.done(7)
        assert abs(take.charged_ms() - charged_ms) <= 100, number
        failure = refused(failures.COOL_DOWN, take.budget.require, 1000, hal.time_coarse_s() + 10)
        assert abs(failure.limit - 2 * charged_ms // 1000) <= 1
    assert _orbit_before_ms(take.budget, hal.time_coarse_s()) >= 65000


def test_a_good_counter_is_believed_to_the_millisecond():
    take = Take(Store())
    hal.pool_set(pool.SAR_MODE, enums.SAR_MODE_TOPS)
    take.budget.begin(20000, START_S)
    _wait_until(START_S)
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
            _wait_until(START_S)
            take.echoes(5000, 0)
            if is_done:
                take.done(0)
            assert take.charged_ms() == 0, (mode, is_done)


def test_echoes_without_transmit_enable_are_not_counted():
    """The unit says they are there, and counts nothing."""
    take = Take(Store())
    take.budget.begin(20000, START_S)
    _wait_until(START_S)
    for _ in range(30):
        take.transmit(0)
        _wait(100)
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
        _wait_until(START_S + 3)
        _report(enums.SAR_UNIT_STATE_TAKING, counter_ms, phase)
        take.budget.run()
        _wait(age_ms)
        assert take.charged_ms() == charged_ms, (phase, counter_ms, age_ms)


def test_an_abort_before_the_start_counts_nothing_of_what_was_not_seen():
    take = Take(Store())
    take.budget.begin(20000, START_S)
    _wait_until(START_S - 1)
    _report(enums.SAR_UNIT_STATE_TAKING, 0, enums.SAR_PHASE_WAIT_START)
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
        _set_clock(now_s)
        store.put(persistent.OPTICAL_IMAGING_MS, number + 2)
        store.run()
        _wait(100)
        budget.begin(20000 + number, now_s + 2)
        hal.init(0x0E00, True)
        store = Persistent()
        assert store.get(persistent.SAR_TAKE_4_ON_MS) == 20000 + number, number
        assert store.get(persistent.SAR_TAKE_4_END_S) > now_s, number
        assert store.get(persistent.SAR_TAKE_3_END_S) == newest_s or not number, number
        newest_s = store.get(persistent.SAR_TAKE_4_END_S)
        for _ in range(6):
            store.run()
            _wait(100)


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


def _cycles(take, count=100):
    for _ in range(count):
        take.budget.run()


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
        _wait_until(START_S + age_s + ORBIT_S - 5)
        _cycles(after)
        assert after.orbit_ms() > orbit_ms
        _wait_until(START_S + age_s + ORBIT_S + 1)
        _cycles(after)
        assert after.orbit_ms() == orbit_ms, age_s
    # As after 13 days, when ticks have come round.
    after.budget._ended_ticks_ms[3] = hal.ticks_ms()
    _cycles(after)
    assert after.orbit_ms() == 0


def test_what_is_published_at_rest_allocates_nothing():
    store = Store()
    Take(store, LATE_GPS_S - 10).fly(LATE_GPS_S, 50000)
    take = Take(store, LATE_GPS_S + 100)
    take.fly(LATE_GPS_S + 200, 50000)
    take.budget.run()
    free_octets = hal.heap_free()
    _cycles(take, 1000)
    assert hal.heap_free() == free_octets


def test_what_is_counted_within_the_echoes_allocates_nothing():
    take = Take(Store(), LATE_GPS_S - 10)
    take.budget.begin(50000, LATE_GPS_S)
    take.echoes(1000)
    free_octets = hal.heap_free()
    for _ in range(300):
        take.budget.run()
    assert hal.heap_free() == free_octets


def test_a_clock_that_was_wrong_at_a_takes_end_holds_nothing_up():
    """Ahead by a year when the take ended, and right again: refused for twice the on-time, and in a later boot too."""
    store = Store()
    take = Take(store)
    take.budget.begin(20000, START_S)
    _set_clock(START_S + YEAR_S)
    take.transmit(20000)
    take.done(20000)
    take.budget.end()
    assert abs(store.get(persistent.SAR_TAKE_4_END_S) - START_S - YEAR_S) <= 2
    _set_clock(START_S + 30)
    after = TransmitBudget(_kept_of(store))
    for budget in (take.budget, after):
        refused(failures.COOL_DOWN, budget.require, 1000, START_S + 60)
    take.budget.require(1000, START_S + 75)
    after.require(1000, START_S + 75)
    refused(failures.ORBIT_BUDGET, _with_orbit_of(280000), 20001, START_S + 75)
    _wait_until(START_S + 35 + ORBIT_S)
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
            _wait_until(START_S + 50)
            _set_clock(START_S + 50 - 6000)
            take.transmit(50000)
            take.done(50000)
            take.budget.end()
        else:
            take.fly(START_S, 50000)
            _wait_until(START_S + asks_s)
            _set_clock(START_S + asks_s - 6000)
            early = (take.budget, TransmitBudget(store))
            for budget in early:
                _is_refused(budget, START_S + asks_s + 10 - 6000)
        assert START_S + 50 <= store.get(persistent.SAR_TAKE_4_END_S) <= START_S + 55, asks_s
        after = Take(store, START_S + 70)
        refused(failures.COOL_DOWN, after.budget.require, 1000, START_S + 80)
        assert _orbit_before_ms(after.budget, START_S + 80) == 50000


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
        assert _orbit_before_ms(take.budget, now_s + 3) == 50000


def test_a_clock_that_is_early_takes_no_kept_take_away():
    """A day early when somebody asks, and right again: it counts from that request on, and in a later boot too."""
    store = Store()
    Take(store).fly(START_S, 50000)
    take = Take(store, START_S + 60 - DAY_S)
    refused(failures.COOL_DOWN, take.budget.require, 1000, START_S + 70 - DAY_S)
    _set_clock(START_S + 80)
    refused(failures.COOL_DOWN, take.budget.require, 1000, START_S + 90)
    assert _orbit_before_ms(take.budget, 0) == 50000
    _cycles(take)
    assert take.orbit_ms() == 50000
    refused(failures.COOL_DOWN, TransmitBudget(store).require, 1000, START_S + 90)
    take.budget.require(1000, START_S + 80 + 102)


runner.run(globals())
