"""Fault levels 1 and 2: a limit broken twice within an orbit is no longer answered by STANDBY alone.

When the last level 1 of each instrument was is kept over a reboot. While the time is not known, no
two of them can be told to lie more than an orbit apart, and they are taken to lie within one. When
the clock is set anew, what it has dated since the boot goes with it.
"""

import hal
from micropython import const

from payload.tables import enums, mission, persistent

_NEVER = const(0)
_NEVER_SET = const(-1)
_FARTHEST_STEP_MS = 0x7FFFFFFF
_UNKNOWN = 0xFFFFFFFF
_KEYS = {
    enums.INSTRUMENT_SAR: persistent.SAR_LEVEL_1_GPS_S,
    enums.INSTRUMENT_OPTICAL: persistent.OPTICAL_LEVEL_1_GPS_S,
}


class Escalation:
    """`values` is storage.persistent's; `instruments` those fitted."""

    def __init__(self, values, instruments):
        self._values = values
        self._instruments = instruments
        self._timeless = True
        self._steps = _NEVER_SET
        self._dated_here = bytearray(max(_KEYS) + 1)  # by instrument: since this boot

    def limit_broken(self, driver, cause):
        """Level 1, or level 2 when it is the second time within an orbit; `cause` is the event's id.

        One that is broken while the instrument is standing down is such a second one, also when the ground has
        cleared the history meanwhile: it cannot wait for the standing down to time out.
        """
        machine = driver.machine
        key = _KEYS[machine.instrument]
        self._follow_steps()
        if machine.is_safe() or machine.is_standing_down() or self._within_orbit(self._values.get(key)):
            self._values.put(key, _NEVER)
            machine.safe(cause, True)
        else:
            self._date(machine.instrument)
            machine.stand_down(cause)

    def clear(self):
        """By telecommand: the next broken limit is level 1 again."""
        for instrument in self._instruments:
            self._values.put(_KEYS[instrument], _NEVER)

    def run(self):
        """Once a second: date what happened before the time was known, or was set anew."""
        if not hal.time_quality():
            return
        self._follow_steps()
        if not self._timeless:
            return
        self._timeless = False
        for instrument in self._instruments:
            if self._values.get(_KEYS[instrument]) == _UNKNOWN:
                self._date(instrument)

    def _date(self, instrument):
        """A level 1 of now."""
        self._dated_here[instrument] = 1
        self._values.put(_KEYS[instrument], self._now())

    def _follow_steps(self):
        """Move what this boot has dated with the clock. The first time of a boot is no step."""
        steps = hal.time_steps()
        if steps == self._steps:
            return
        first = self._steps == _NEVER_SET
        self._steps = steps
        for instrument in () if first else self._instruments:
            since_s = self._values.get(_KEYS[instrument])
            if self._dated_here[instrument] and since_s not in (_NEVER, _UNKNOWN):
                self._values.put(_KEYS[instrument], self._moved(since_s))

    def _moved(self, since_s):
        """A time by the clock as it was before its last step; now, when the step is farther than is told."""
        step_ms = hal.time_last_step_ms()
        if not -_FARTHEST_STEP_MS < step_ms < _FARTHEST_STEP_MS:
            return self._now()
        return max(since_s + step_ms // 1000, _NEVER + 1)

    def _now(self):
        if hal.time_quality():
            return hal.time_coarse_s()
        self._timeless = True
        return _UNKNOWN

    def _within_orbit(self, since_s):
        """A time that lies ahead of now is not trusted: the clock was moved."""
        if since_s == _NEVER:
            return False
        now_s = self._now()
        return since_s == _UNKNOWN or now_s == _UNKNOWN or now_s - since_s < mission.ORBIT_PERIOD_S
