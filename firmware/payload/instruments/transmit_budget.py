"""Transmit time of a data take and of an orbit, and the cool-down after each data take; kept over a reboot."""

import hal
from micropython import const

from payload.failure import Refusal
from payload.tables import failures, mission, persistent, pool

# (end in GPS seconds, on-time in ms) of the last data takes, the newest last.
_TAKES = (
    (persistent.SAR_TAKE_1_END_S, persistent.SAR_TAKE_1_ON_MS),
    (persistent.SAR_TAKE_2_END_S, persistent.SAR_TAKE_2_ON_MS),
    (persistent.SAR_TAKE_3_END_S, persistent.SAR_TAKE_3_ON_MS),
    (persistent.SAR_TAKE_4_END_S, persistent.SAR_TAKE_4_ON_MS),
)
_NEWEST = _TAKES[3]
_MS_PER_S = const(1000)
_NOT_SINCE_BOOT = const(-1)
# A data take counts with its predicted end from before its first pulse: no right end lies further ahead.
_END_AHEAD_S = (mission.SAR_TAKE_ON_TIME_LIMIT_MS + mission.SAR_TAKE_OVERHEAD_MS) // _MS_PER_S + 2
_LARGEST_DRIFT_S = const(2)


class TransmitBudget:
    """`store` has get(key) and put(key, value). A data take counts with its predicted on-time from before its first
    pulse, so that a reset within it leaves it counted, and with the unit's own counter once it has ended.

    How long ago a data take of this boot ended is reckoned by the board's uptime, whatever the clock did since;
    that of one before the boot by GPS time, and an end that lies ahead of now then counts as now.
    """

    def __init__(self, store):
        self._store = store
        self._before_ms = 0
        self._so_far_ms = 0
        self._is_taking = False
        self._ended_up_s = [_NOT_SINCE_BOOT] * len(_TAKES)

    def require(self, on_ms, start_s):
        """Raise Refusal unless a data take of this on-time may start then (GPS seconds)."""
        if on_ms > mission.SAR_TAKE_ON_TIME_LIMIT_MS:
            raise Refusal(failures.TAKE_BUDGET, on_ms, mission.SAR_TAKE_ON_TIME_LIMIT_MS)
        self._correct_ends()
        cool_s = self._cool_down_s() - self._age_s(len(_TAKES) - 1, start_s)
        if cool_s > 0:
            raise Refusal(failures.COOL_DOWN, cool_s, self._cool_down_s())
        orbit_ms = self._orbit_ms(start_s) + on_ms
        if orbit_ms > mission.SAR_ORBIT_ON_TIME_LIMIT_MS:
            raise Refusal(failures.ORBIT_BUDGET, orbit_ms, mission.SAR_ORBIT_ON_TIME_LIMIT_MS)

    def begin(self, on_ms, start_s):
        """A data take begins: counted as predicted. With more takes in an orbit than places, the oldest two are one."""
        store, ended_up_s = self._store, self._ended_up_s
        self._correct_ends()
        self._before_ms = self._orbit_ms(start_s)
        merged_ms = store.get(_TAKES[0][1]) + store.get(_TAKES[1][1])
        if self._age_s(0, start_s) > mission.ORBIT_PERIOD_S:
            merged_ms = store.get(_TAKES[1][1])
        for index in range(3):
            store.put(_TAKES[index][0], store.get(_TAKES[index + 1][0]))
            store.put(_TAKES[index][1], store.get(_TAKES[index + 1][1]))
            ended_up_s[index] = ended_up_s[index + 1]
        store.put(_TAKES[0][1], merged_ms)
        store.put(_NEWEST[0], start_s + (on_ms + mission.SAR_TAKE_OVERHEAD_MS) // _MS_PER_S)
        store.put(_NEWEST[1], on_ms)
        ended_up_s[3] = _NOT_SINCE_BOOT
        self._is_taking = True

    def end(self):
        """It has ended, however: its on-time is the unit's counter, or as predicted when the unit does not say."""
        if not self._is_taking:
            return
        self._is_taking = False
        self._store.put(_NEWEST[0], hal.time_coarse_s())
        self._ended_up_s[3] = hal.uptime_s()
        if hal.pool_valid(pool.SAR_TRANSMIT_TIME_MS):
            # The guard ends what is longer: a counter that says so lies, and must not keep the SAR off for days.
            on_ms = min(hal.pool_get(pool.SAR_TRANSMIT_TIME_MS), mission.TRANSMIT_GUARD_LONGEST_PERMIT_MS)
            self._store.put(_NEWEST[1], on_ms)

    def run(self):
        """Once a cycle, after the samples and before the monitors: on-time within the orbit, at rest that of the last
        data take's end.
        """
        if self._is_taking:
            on_ms = min(hal.pool_get(pool.SAR_TRANSMIT_TIME_MS), mission.TRANSMIT_GUARD_LONGEST_PERMIT_MS)
            self._so_far_ms = self._before_ms + on_ms
        hal.pool_set(pool.SAR_ORBIT_TRANSMIT_TIME_MS, self._so_far_ms)

    def _cool_down_s(self):
        return -(-self._store.get(_NEWEST[1]) * mission.SAR_COOL_DOWN_FACTOR // _MS_PER_S)

    def _orbit_ms(self, at_s):
        """On-time of the data takes that ended within one orbit before (GPS seconds)."""
        total_ms = 0
        for index in range(len(_TAKES)):
            if self._age_s(index, at_s) <= mission.ORBIT_PERIOD_S:
                total_ms += self._store.get(_TAKES[index][1])
        return total_ms

    def _age_s(self, index, at_s):
        """How long before `at_s` (GPS seconds) a data take ended."""
        ended_up_s = self._ended_up_s[index]
        if ended_up_s == _NOT_SINCE_BOOT:
            return at_s - self._store.get(_TAKES[index][0])
        return hal.uptime_s() - ended_up_s + at_s - hal.time_coarse_s()

    def _correct_ends(self):
        """Keep ends that a later boot can trust: neither ahead of now nor of a clock that was wrong when they came."""
        if not hal.time_quality():
            return
        now_s = hal.time_coarse_s()
        for index in range(len(_TAKES)):
            end_s = self._store.get(_TAKES[index][0])
            ended_up_s = self._ended_up_s[index]
            if ended_up_s != _NOT_SINCE_BOOT:
                right_s = max(now_s - (hal.uptime_s() - ended_up_s), 0)
                if abs(end_s - right_s) > _LARGEST_DRIFT_S:
                    self._store.put(_TAKES[index][0], right_s)
            elif end_s > now_s + _END_AHEAD_S:
                self._store.put(_TAKES[index][0], now_s)
