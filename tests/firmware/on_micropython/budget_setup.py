"""Data takes on a transmit budget, with a journal and a clock that the test sets."""

import hal

from payload.failure import Refusal
from payload.instruments.transmit_budget import TransmitBudget
from payload.tables import enums, failures, mission, persistent, pool

START_S = 1000000
ORBIT_S = mission.ORBIT_PERIOD_S


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


def wait_until(gps_s):
    ms = max(gps_s - hal.time_coarse_s(), 0) * 1000
    hal.sleep((hal.ticks_ms() + ms) & 0x3FFFFFFF)


def set_clock(gps_s):
    """At the second that begins next; twice, as a clock that is set wants a large step confirmed."""
    for second in range(2):
        hal.time_message(gps_s + second)
        hal.sleep((hal.ticks_ms() + 1000) & 0x3FFFFFFF)


def orbit_before_ms(budget, at_s):
    """On-time of the orbit that ends then."""
    return budget._orbit_ms(budget._until_ms(at_s))


def wait(ms):
    hal.sleep((hal.ticks_ms() + ms) & 0x3FFFFFFF)


def report(state, counter_ms, phase=enums.SAR_PHASE_ECHO):
    """A sample of the SAR unit."""
    hal.pool_set(pool.SAR_STATE, state)
    hal.pool_set(pool.SAR_PHASE, phase)
    hal.pool_set(pool.SAR_TRANSMIT_TIME_MS, counter_ms)


class Take:
    """One data take on a budget after a boot, with the on-time the unit's counter shows at its end."""

    def __init__(self, store, now_s=START_S - 10):
        hal.init(0x0E00, True)
        set_clock(now_s)
        self.store = store
        self.budget = TransmitBudget(store)

    def fly(self, start_s, on_ms):
        self.budget.require(on_ms, start_s)
        wait_until(start_s)
        self.budget.begin(on_ms, start_s)
        wait_until(start_s + on_ms // 1000)
        self.transmit(on_ms)
        self.done(on_ms)
        self.budget.end()
        assert abs(self.store.get(persistent.SAR_TAKE_4_END_S) - hal.time_coarse_s()) <= 1

    def transmit(self, counter_ms):
        """A cycle in which the unit is seen taking data."""
        report(enums.SAR_UNIT_STATE_TAKING, counter_ms)
        self.budget.run()

    def done(self, counter_ms):
        """The cycle in which the unit is seen to have taken it."""
        report(enums.SAR_UNIT_STATE_READY, counter_ms, enums.SAR_PHASE_DONE)
        self.budget.run()

    def echoes(self, ms, counter_ms=None):
        """With transmit-enable, a sample a cycle; the counter of the unit says what it does, or stands."""
        hal.guard_heartbeat()
        assert hal.guard_permit(mission.TRANSMIT_GUARD_LONGEST_PERMIT_MS) and hal.guard_transmit(True)
        for at_ms in range(0, ms + 1, 100):
            hal.guard_heartbeat()
            self.transmit(at_ms if counter_ms is None else counter_ms)
            wait(100)

    def charged_ms(self):
        self.budget.end()
        return self.store.get(persistent.SAR_TAKE_4_ON_MS)

    def orbit_ms(self):
        self.budget.run()
        return hal.pool_get(pool.SAR_ORBIT_TRANSMIT_TIME_MS)


def cycles(take, count=100):
    for _ in range(count):
        take.budget.run()


def is_refused(budget, start_s):
    """Does the cool-down refuse a second from then on?"""
    try:
        budget.require(1000, start_s)
    except Refusal as refusal:
        assert refusal.code == failures.COOL_DOWN
        return True
    return False
