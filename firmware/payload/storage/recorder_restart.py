"""Restarting a recorder that failed, by telecommand and once by itself; the instruments are left as they are."""

import hal

from payload.failure import Failure
from payload.tables import enums, events, failures, mission, pool


class RecorderRestart:
    """Retries are bounded (Sentinel-1B 2021): one a failure, and the next only after the recorder was well for long."""

    def __init__(self, link, event_service):
        self._link = link
        self._events = event_service
        self._tried = False
        self._well_s = 0

    def telecommands(self):
        return {"RECORDER_RESTART": self.restart}

    def run(self):
        """Once a second: a recorder that says it failed is restarted, once."""
        if not hal.pool_valid(pool.RECORDER_STATE):
            return
        if hal.pool_get(pool.RECORDER_STATE) != enums.RECORDER_STATE_FAILED:
            self._well_s += 1
            if self._well_s >= mission.RECORDER_RESTART_AGAIN_AFTER_S:
                self._well_s = 0
                self._tried = False
            return
        self._well_s = 0
        if self._tried:
            return
        self._tried = True
        flags, boots = hal.pool_get(pool.RECORDER_FAULT_FLAGS), hal.pool_get(pool.RECORDER_BOOTS)
        self._events.report(events.RECORDER_RESTART_TRIED, flags, boots)
        try:
            self._link.command(enums.RECORDER_COMMAND_RESTART)
        except Failure as failure:
            hal.console("recorder not restarted: failure %d\n" % failure.code)

    def restart(self):
        """Generator: until the recorder has started anew. Raises Refusal or Failure."""
        link = self._link
        link.unit.require_link()
        yield 0
        boots = hal.pool_get(pool.RECORDER_BOOTS)
        started_ms = hal.ticks_ms()
        link.command(enums.RECORDER_COMMAND_RESTART)
        yield from link.unit.fresh_sample()
        while hal.pool_get(pool.RECORDER_BOOTS) == boots or not link.ready():
            if hal.ticks_diff(hal.ticks_ms(), started_ms) > mission.RECORDER_RESTART_LIMIT_MS:
                raise Failure(failures.RECORDER_REFUSED, hal.pool_get(pool.RECORDER_FAULT_FLAGS))
            yield 0
