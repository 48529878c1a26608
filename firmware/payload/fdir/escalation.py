"""Fault levels 1 and 2: a limit broken twice within an orbit is no longer answered by STANDBY alone.

When the last level 1 of each instrument was is kept over a reboot. While the time is not known, no
two of them can be told to lie more than an orbit apart, and they are taken to lie within one. When
the clock is set anew, what was dated by it is taken to have been just now.
"""

import hal
from micropython import const

from payload.tables import enums, mission, persistent

_NEVER = const(0)
_NEVER_SET = const(-1)
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

    def limit_broken(self, driver, cause):
        """Level 1, or level 2 when it is the second time within an orbit; `cause` is the event's id.

        One that is broken while the instrument is standing down is such a second one, also when the ground has
        cleared the history meanwhile: it cannot wait for the standing down to time out.
        """
        machine = driver.machine
        key = _KEYS[machine.instrument]
        if machine.is_safe() or machine.is_standing_down() or self._within_orbit(self._values.get(key)):
            self._values.put(key, _NEVER)
            machine.safe(cause, True)
        else:
            self._values.put(key, self._now())
            machine.stand_down(cause)

    def clear(self):
        """By telecommand: the next broken limit is level 1 again."""
        for instrument in self._instruments:
            self._values.put(_KEYS[instrument], _NEVER)

    def run(self):
        """Once a second: date what happened before the time was known, or set anew."""
        if not hal.time_quality():
            return
        stepped = self._stepped()
        self._steps = hal.time_steps()
        if not (stepped or self._timeless):
            return
        self._timeless = False
        for instrument in self._instruments:
            since_s = self._values.get(_KEYS[instrument])
            if since_s == _UNKNOWN or (stepped and since_s != _NEVER):
                self._values.put(_KEYS[instrument], self._now())

    def _stepped(self):
        """Was the clock set anew since run()? Not by the first time of a boot."""
        return self._steps != _NEVER_SET and hal.time_steps() != self._steps

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
        return self._stepped() or since_s == _UNKNOWN or now_s == _UNKNOWN or now_s - since_s < mission.ORBIT_PERIOD_S
