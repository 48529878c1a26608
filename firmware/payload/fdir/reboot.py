"""Fault level 3: when the computer resets itself, and how any wanted reset is done."""

import hal
from micropython import const

from payload.tables import enums, events, mission, pool

_FLUSH_MS = const(500)
_LARGEST_U16 = const(0xFFFF)
_NONE_WANTED = const(-1)


class Reboot:
    """`values` is storage.persistent's: what is noted there is in flash before the reset. `permit` is the
    TransmitPermit: without it what waits for its start does not transmit either.
    """

    def __init__(self, values, permit, event_service):
        self._values = values
        self._permit = permit
        self._events = event_service
        self._cause = _NONE_WANTED
        self._cycles_left = 0
        self._faults = 0
        hal.pool_set(pool.SOFTWARE_FAULTS, 0)

    def fault(self, fault, activity):
        """An exception of an activity or of a handler: counted, and answered by a reboot."""
        self._faults = min(self._faults + 1, _LARGEST_U16)
        hal.pool_set(pool.SOFTWARE_FAULTS, self._faults)
        if self._cause == _NONE_WANTED:
            hal.note_crash(fault, activity)
            self.request(enums.RESET_CAUSE_SOFTWARE_FAULT)

    def request(self, cause):
        """Stop transmission now; reset once the reports under way had time to leave."""
        self._permit.inhibit()
        if self._cause == _NONE_WANTED:
            self._cause = cause
            self._cycles_left = mission.FAULT_LEVELS_RESET_DELAY_CYCLES
            self._events.report(events.RESETTING, cause)

    def run(self):
        """Once a cycle."""
        if self._cause == _NONE_WANTED:
            return
        self._permit.inhibit()
        self._cycles_left -= 1
        if self._cycles_left <= 0:
            self._values.flush(_FLUSH_MS)
            hal.reset(self._cause)
