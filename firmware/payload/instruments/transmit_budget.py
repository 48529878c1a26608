"""Transmit time of a data take and of an orbit, and the cool-down after each data take; kept over a reboot."""

import hal
from micropython import const

from payload.failure import Refusal
from payload.instruments.acquisition_table import radiates
from payload.tables import enums, failures, mission, persistent, pool

# (end in GPS seconds, rounded up; on-time in ms) of the last data takes, the newest last.
_TAKES = (
    (persistent.SAR_TAKE_1_END_S, persistent.SAR_TAKE_1_ON_MS),
    (persistent.SAR_TAKE_2_END_S, persistent.SAR_TAKE_2_ON_MS),
    (persistent.SAR_TAKE_3_END_S, persistent.SAR_TAKE_3_ON_MS),
    (persistent.SAR_TAKE_4_END_S, persistent.SAR_TAKE_4_ON_MS),
)
_NEWEST = const(3)
_MS_PER_S = const(1000)
_ORBIT_MS = mission.ORBIT_PERIOD_S * _MS_PER_S
_CUC_OCTETS = const(7)
_TICKS_MASK = const(0x3FFFFFFF)
_NOT_SINCE_BOOT = const(-1)
_NEVER_TAKING = const(-1)
# Longer ago than anything asks for; ticks come round later than that.
_LONG_AGO_S = mission.ORBIT_PERIOD_S + 1
_LONG_AGO_MS = _LONG_AGO_S * _MS_PER_S
# A data take counts with its predicted end from before its first pulse: no right end lies further ahead.
_LONGEST_TAKE_MS = mission.SAR_ENABLE_LEAD_MS + mission.SAR_TAKE_ON_TIME_LIMIT_MS + mission.SAR_TAKE_OVERHEAD_MS
_END_AHEAD_S = _LONGEST_TAKE_MS // _MS_PER_S + 2
_LARGEST_DRIFT_S = const(2)
# Between two samples the unit's counter and our clock differ by a period of either at most.
_COUNTER_LAG_MS = const(500)
# A sample is one period old at most when it is read.
_SAMPLE_PERIOD_MS = mission.EXECUTIVE_CYCLE_MS
# A program or two: an erase is not waited for, none begins while transmit is enabled.
_FLASH_LIMIT_MS = const(5)
# At rest what was transmitted within the orbit only leaves it.
_RECKONED_CYCLES = const(100)


class TransmitBudget:
    """`store` has get(key), put(key, value) and put_now(key, value, limit_ms). A data take counts with its predicted
    on-time from before its first pulse, so that a reset within it leaves it counted, and with what end() says once it
    has ended.

    How long ago a data take of this boot ended is reckoned by the board's uptime, whatever the clock did since;
    that of one before the boot by GPS time, and an end that lies ahead of now then counts as now. Where something
    has to be rounded, a data take ended later, and the cool-down is never shorter than it has to be.
    """

    def __init__(self, store):
        self._store = store
        self._before_ms = 0
        self._so_far_ms = 0
        self._counted_ms = _NEVER_TAKING
        self._seen_ms = _NEVER_TAKING
        self._echo_ticks_ms = 0
        self._start_s = 0
        self._start_ticks_ms = 0
        self._reckon_in_cycles = 0
        self._is_taking = False
        self._ended_up_s = [_NOT_SINCE_BOOT] * len(_TAKES)
        self._ended_ticks_ms = [0] * len(_TAKES)
        # CUC of what the store has: a GPS second of its own is a long integer, which allocates.
        self._ends = bytearray(_CUC_OCTETS * len(_TAKES))
        self._start = bytearray(_CUC_OCTETS)
        for index in range(len(_TAKES)):
            hal.put(hal.U32, store.get(_TAKES[index][0]), self._ends, _CUC_OCTETS * index)

    def require(self, on_ms, start_s):
        """Raise Refusal unless a data take of this on-time may start then (GPS seconds)."""
        if on_ms > mission.SAR_TAKE_ON_TIME_LIMIT_MS:
            raise Refusal(failures.TAKE_BUDGET, on_ms, mission.SAR_TAKE_ON_TIME_LIMIT_MS)
        self._correct_ends()
        until_ms = self._until_ms(start_s)
        cool_down_ms = self._store.get(_TAKES[_NEWEST][1]) * mission.SAR_COOL_DOWN_FACTOR
        cool_ms = cool_down_ms - self._age_ms(_NEWEST, until_ms)
        if cool_ms > 0:
            raise Refusal(failures.COOL_DOWN, -(-cool_ms // _MS_PER_S), -(-cool_down_ms // _MS_PER_S))
        orbit_ms = self._orbit_ms(until_ms) + on_ms
        if orbit_ms > mission.SAR_ORBIT_ON_TIME_LIMIT_MS:
            raise Refusal(failures.ORBIT_BUDGET, orbit_ms, mission.SAR_ORBIT_ON_TIME_LIMIT_MS)

    def begin(self, on_ms, start_s):
        """A data take begins: counted as predicted. With more takes in an orbit than places, the oldest two are one."""
        store, ended_up_s, ended_ticks_ms = self._store, self._ended_up_s, self._ended_ticks_ms
        self._correct_ends()
        until_ms = self._until_ms(start_s)
        self._before_ms = self._so_far_ms = self._orbit_ms(until_ms)
        merged_ms = store.get(_TAKES[0][1]) + store.get(_TAKES[1][1])
        if self._age_ms(0, until_ms) > _ORBIT_MS:
            merged_ms = store.get(_TAKES[1][1])
        for index in range(_NEWEST):
            self._keep_end(index, store.get(_TAKES[index + 1][0]))
            store.put(_TAKES[index][1], store.get(_TAKES[index + 1][1]))
            ended_up_s[index] = ended_up_s[index + 1]
            ended_ticks_ms[index] = ended_ticks_ms[index + 1]
        store.put(_TAKES[0][1], merged_ms)
        self._keep_end(_NEWEST, start_s + 1 - (-(on_ms + mission.SAR_TAKE_OVERHEAD_MS) // _MS_PER_S))
        store.put(_TAKES[_NEWEST][1], on_ms)
        ended_up_s[_NEWEST] = _NOT_SINCE_BOOT
        self._counted_ms = self._seen_ms = _NEVER_TAKING
        self._start_s = start_s
        self._start_ticks_ms = (hal.ticks_ms() + until_ms) & _TICKS_MASK
        self._is_taking = True
        # A reset may come with the first echo; the newest first, and last what the flash has from before.
        for index in range(_NEWEST, -1, -1):
            for key in _TAKES[index]:
                store.put_now(key, store.get(key), _FLASH_LIMIT_MS)

    def end(self):
        """It has ended, however, and transmit-enable is off. Its on-time is

        - the unit's counter, when the unit was seen taking data, still has what it counted, and counted no less than
          the echoes that were seen; with what may have come since its last sample, when that says it takes data;
        - nothing, when it ended before its start and no pulse was counted: the unit sends none before;
        - as predicted, or as counted or seen where that is more, when it cannot be known: the unit was reset and lost
          its counter, its counter stands still, it is silent, or it was never seen taking data although the start has
          passed.
        """
        if not self._is_taking:
            return
        self._is_taking = False
        counted_ms = self._counted_ms
        is_known = (
            counted_ms != _NEVER_TAKING
            and hal.pool_valid(pool.SAR_TRANSMIT_TIME_MS)
            and hal.pool_get(pool.SAR_TRANSMIT_TIME_MS) >= counted_ms
            and hal.pool_get(pool.SAR_STATE) != enums.SAR_UNIT_STATE_BOOT
            and self._counter_ms() + _COUNTER_LAG_MS >= self._seen_ms
        )
        if is_known:
            on_ms = min(self._counter_ms() + self._since_sample_ms(), mission.TRANSMIT_GUARD_LONGEST_PERMIT_MS)
        elif counted_ms <= 0 and hal.ticks_diff(self._start_ticks_ms, hal.ticks_ms()) > 0:
            on_ms = 0
        else:
            on_ms = max(self._store.get(_TAKES[_NEWEST][1]), counted_ms, self._seen_ms)
        self._store.put(_TAKES[_NEWEST][1], on_ms)
        # By the clock as it was at the begin, where it has gone back since.
        since_start_ms = hal.ticks_diff(hal.ticks_ms(), self._start_ticks_ms)
        self._keep_end(_NEWEST, max(hal.time_coarse_s(), self._start_s + since_start_ms // _MS_PER_S) + 1)
        self._count_from_now(_NEWEST)
        self._so_far_ms = self._orbit_ms(0)

    def run(self):
        """Once a cycle, after the samples and before the monitors: on-time within the orbit, the data take in
        progress included.
        """
        if not self._is_taking:
            if self._reckon_in_cycles == 0:
                self._reckon_in_cycles = _RECKONED_CYCLES
                self._so_far_ms = self._orbit_ms(0)
            self._reckon_in_cycles -= 1
        elif hal.pool_get(pool.SAR_STATE) == enums.SAR_UNIT_STATE_TAKING and hal.pool_valid(pool.SAR_TRANSMIT_TIME_MS):
            # Before it takes data, its counter is that of the data take before.
            self._counted_ms = max(self._counted_ms, self._counter_ms())
            if hal.pool_get(pool.SAR_PHASE) == enums.SAR_PHASE_ECHO and hal.guard_transmitting() and _radiates():
                self._see_echo()
            is_counted = self._counted_ms + _COUNTER_LAG_MS >= self._seen_ms
            self._so_far_ms = self._before_ms + (self._counted_ms if is_counted else self._seen_ms)
        hal.pool_set(pool.SAR_ORBIT_TRANSMIT_TIME_MS, self._so_far_ms)

    def _counter_ms(self):
        """The guard ends what is longer: a counter that says so lies, and must not keep the SAR off for days."""
        return min(hal.pool_get(pool.SAR_TRANSMIT_TIME_MS), mission.TRANSMIT_GUARD_LONGEST_PERMIT_MS)

    def _see_echo(self):
        """From the first sample within the echoes to this one: their one phase has no pause."""
        sampled_ms = (hal.ticks_ms() - hal.pool_age_ms(pool.SAR_PHASE)) & _TICKS_MASK
        if self._seen_ms == _NEVER_TAKING:
            self._echo_ticks_ms = sampled_ms
        seen_ms = hal.ticks_diff(sampled_ms, self._echo_ticks_ms)
        self._seen_ms = min(seen_ms, mission.TRANSMIT_GUARD_LONGEST_PERMIT_MS)

    def _since_sample_ms(self):
        """What may have been transmitted since the last sample was taken, none of it before the start."""
        may_transmit = (
            hal.pool_get(pool.SAR_STATE) == enums.SAR_UNIT_STATE_TAKING
            and hal.pool_get(pool.SAR_PHASE) <= enums.SAR_PHASE_ECHO
            and _radiates()
        )
        if not may_transmit:
            return 0
        since_start_ms = hal.ticks_diff(hal.ticks_ms(), self._start_ticks_ms)
        return max(min(hal.pool_age_ms(pool.SAR_TRANSMIT_TIME_MS) + _SAMPLE_PERIOD_MS, since_start_ms), 0)

    def _orbit_ms(self, until_ms):
        """On-time of the data takes that ended within one orbit before an instant so far from now."""
        total_ms = 0
        for index in range(len(_TAKES)):
            if self._age_ms(index, until_ms) <= _ORBIT_MS:
                total_ms += self._store.get(_TAKES[index][1])
        return total_ms

    def _until_ms(self, start_s):
        hal.put(hal.U32, start_s, self._start, 0)
        return hal.time_until_ms(self._start, 0)

    def _age_ms(self, index, until_ms):
        """How long before an instant so far from now a data take ended, one of this boot long ago as long ago."""
        ended_up_s = self._ended_up_s[index]
        if ended_up_s == _NOT_SINCE_BOOT:
            return until_ms - hal.time_until_ms(self._ends, _CUC_OCTETS * index)
        if hal.uptime_s() - ended_up_s > _LONG_AGO_S:
            return until_ms + _LONG_AGO_MS
        return until_ms + hal.ticks_diff(hal.ticks_ms(), self._ended_ticks_ms[index])

    def _keep_end(self, index, end_s):
        self._store.put(_TAKES[index][0], end_s)
        hal.put(hal.U32, end_s, self._ends, _CUC_OCTETS * index)

    def _count_from_now(self, index):
        self._ended_up_s[index] = hal.uptime_s()
        self._ended_ticks_ms[index] = hal.ticks_ms()

    def _correct_ends(self):
        """Keep ends that a later boot can trust, whatever the clock does meanwhile.

        Where the clock and what is kept disagree, either may be wrong. The later end stays until one orbit has passed
        by the uptime: an earlier one that was wrong would take the cool-down and the orbit away from a later boot. One
        ahead of now counts from here on by the uptime, so it holds nothing up for longer than a data take just ended.
        """
        if not hal.time_quality():
            return
        now_s = hal.time_coarse_s()
        for index in range(len(_TAKES)):
            end_s = self._store.get(_TAKES[index][0])
            ended_up_s = self._ended_up_s[index]
            if ended_up_s != _NOT_SINCE_BOOT:
                age_s = hal.uptime_s() - ended_up_s
                right_s = max(now_s + 1 - age_s, 0)
                may_move = right_s > end_s or age_s > _LONG_AGO_S
                if may_move and abs(end_s - right_s) > _LARGEST_DRIFT_S:
                    self._keep_end(index, right_s)
            elif end_s > now_s + _END_AHEAD_S:
                self._count_from_now(index)


def _radiates():
    return radiates(hal.pool_get(pool.SAR_MODE))
