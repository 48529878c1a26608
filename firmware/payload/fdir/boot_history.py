"""Fault level 3: too many boots within an hour lead to safe boot.

The clock is not known at boot, so the ages of the last two boots are kept instead, brought up to date
once a minute for an hour. A boot that comes between two updates looks younger than it is. The time for which the
computer was off is added once the clock is known: a computer that is switched on for each pass is in no boot loop.
"""

import hal

from payload.failure import Refusal
from payload.tables import enums, events, failures, mission, persistent, pool

_FLUSH_MS = 300
_MINUTE_S = 60
_ROUNDING_MIN = 2  # of three times in whole minutes: a gap is counted short rather than long


class BootHistory:
    """`values` is storage.persistent's. `safe` says whether this is a safe boot."""

    def __init__(self, values):
        self._values = values
        self.boots = 1
        self.safe = False
        # GPS minutes when the boot before was last seen; 0 when its clock was never known, or the gap is counted.
        self._seen_min = 0

    def count(self):
        """First thing of a boot: whatever becomes of it, it is counted. A commanded one is not."""
        period_min = mission.FAULT_LEVELS_BOOTS_PERIOD_MIN
        values = self._values
        age_1_min = values.get(persistent.BOOT_AGE_1_MIN)
        age_2_min = values.get(persistent.BOOT_AGE_2_MIN)
        if hal.reset_cause() != enums.RESET_CAUSE_COMMANDED:
            self.boots = 1 + (age_1_min < period_min) + (age_2_min < period_min)
            values.put(persistent.BOOT_AGE_2_MIN, age_1_min)
            values.put(persistent.BOOT_AGE_1_MIN, 0)
            self._seen_min = values.get(persistent.BOOT_SEEN_MIN)
            # Should the clock stay unknown in this boot, the next has no gap to count from.
            values.put(persistent.BOOT_SEEN_MIN, 0)
            values.flush(_FLUSH_MS)
        self.safe = self.boots >= mission.FAULT_LEVELS_BOOTS
        hal.pool_set(pool.BOOTS_IN_PERIOD, self.boots)
        hal.pool_set(pool.SAFE_BOOT, enums.SWITCH_ON if self.safe else enums.SWITCH_OFF)

    def report(self, event_service):
        """Say why the computer was reset, and that this is a safe boot."""
        cause = hal.reset_cause()
        if cause == enums.RESET_CAUSE_UNCORRECTABLE_MEMORY:
            self._report_reboot(event_service, events.MEMORY_UNCORRECTABLE, max(hal.last_crash_activity(), 0))
        elif cause in (enums.RESET_CAUSE_WATCHDOG, enums.RESET_CAUSE_SOFTWARE_FAULT):
            fault = hal.last_crash_fault()
            if fault == enums.SOFTWARE_FAULT_NONE and cause == enums.RESET_CAUSE_WATCHDOG:
                fault = enums.SOFTWARE_FAULT_HANG
            self._report_reboot(event_service, events.CRASHED, cause, max(fault, 0), max(hal.last_crash_activity(), 0))
        if self.safe:
            event_service.report(events.SAFE_BOOT, self.boots)

    def _report_reboot(self, event_service, event, *fields):
        event_service.report(event, *fields)
        event_service.report(events.FAULT_LEVEL, enums.FAULT_LEVEL_REBOOT, enums.FAULT_SCOPE_COMPUTER, event[0])

    def run(self):
        """Once a minute: the boots grow older."""
        self._grow_older(persistent.BOOT_AGE_1_MIN, 1)
        self._grow_older(persistent.BOOT_AGE_2_MIN, 1)
        if hal.time_quality() and self._values.get(persistent.BOOT_AGE_1_MIN) < mission.FAULT_LEVELS_BOOTS_PERIOD_MIN:
            now_min = hal.time_period_number(_MINUTE_S)
            if self._seen_min:
                off_min = now_min - hal.uptime_s() // _MINUTE_S - self._seen_min - _ROUNDING_MIN
                self._grow_older(persistent.BOOT_AGE_2_MIN, max(off_min, 0))
                self._seen_min = 0
            self._values.put(persistent.BOOT_SEEN_MIN, now_min)

    def forget(self):
        """By telecommand: no boot counts any more. Raises Refusal when this is no safe boot."""
        if not self.safe:
            raise Refusal(failures.NOT_IN_SAFE_BOOT)
        self._values.put(persistent.BOOT_AGE_1_MIN, mission.FAULT_LEVELS_BOOTS_PERIOD_MIN)
        self._values.put(persistent.BOOT_AGE_2_MIN, mission.FAULT_LEVELS_BOOTS_PERIOD_MIN)

    def refuse(self, *arguments):
        """Stands in for the handlers that a safe boot does not have."""
        raise Refusal(failures.SAFE_BOOT, self.boots)

    def _grow_older(self, key, by_min):
        period_min = mission.FAULT_LEVELS_BOOTS_PERIOD_MIN
        age_min = self._values.get(key)
        if age_min < period_min:
            self._values.put(key, min(age_min + by_min, period_min))
