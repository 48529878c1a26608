"""Watches the telecommand link for babble: one event a second while it lasts, whatever the counters do."""

import hal

from payload.tables import events, mission, pool

_FRAMES = (pool.LINK_FRAMES_MALFORMED, pool.LINK_FRAMES_OVERLONG, pool.LINK_PACKETS_MALFORMED)


class LinkWatch:
    def __init__(self, event_service):
        self._events = event_service
        self._frames = 0
        self._overrun_octets = 0

    def run(self):
        """Once a second, after pool_refresh()."""
        total = 0
        for parameter in _FRAMES:
            total += hal.pool_get(parameter)
        overrun = hal.pool_get(pool.LINK_OVERRUN_OCTETS)
        # 16-bit counters that wrap: differences modulo 2^16.
        frames = (total - self._frames) & 0xFFFF
        lost = (overrun - self._overrun_octets) & 0xFFFF
        self._frames = total
        self._overrun_octets = overrun
        if frames >= mission.LINK_BABBLE_FRAMES_PER_SECOND or lost:
            self._events.report(events.LINK_BABBLE, frames, lost)
