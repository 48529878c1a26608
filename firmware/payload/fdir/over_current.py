"""Keeps the power unit informed of what each instrument is predicted to draw, so that it opens a limiter beyond that.

The limiter has to act within 20 ms, a fifth of a control cycle: the power unit does it by itself.
"""

import hal
from micropython import const

from payload.failure import Failure
from payload.tables import enums, events, modes, pool

_UNKNOWN = const(-1)
# The unit's count of samples goes on by two a cycle; further, or back, it has begun anew. Nothing is known of a count
# that was not seen for a while.
_LARGEST_STEP_SAMPLES = const(100)
_ROWS = (
    (enums.INSTRUMENT_SAR, enums.LIMITER_SAR_UNIT, modes.SAR_CURRENT_MA),
    (enums.INSTRUMENT_OPTICAL, enums.LIMITER_OPTICAL_UNIT, modes.OPTICAL_CURRENT_MA),
)


class OverCurrent:
    """`instruments` maps an instrument's id to its driver."""

    def __init__(self, instruments, power_unit, limiters, event_service):
        self._instruments = instruments
        self._power_unit = power_unit
        self._limiters = limiters
        self._events = event_service
        self._told_mode = [_UNKNOWN] * len(_ROWS)
        self._told_target = [_UNKNOWN] * len(_ROWS)
        self._samples = _UNKNOWN
        self._switch_ons = _UNKNOWN

    def run(self):
        """Once a cycle. A power unit that was lost or began anew has forgotten what it was told."""
        if self._power_unit.lost():
            self._forget()
            self._samples = _UNKNOWN
            return
        if hal.pool_valid(pool.POWER_SAMPLE_COUNT):
            self._look_for_restart(hal.pool_get(pool.POWER_SAMPLE_COUNT), hal.pool_get(pool.POWER_SWITCH_ONS))
        self.tell()

    def tell(self):
        """Tell what changed. During a transition the larger of both modes counts; what was not confirmed is told
        again.
        """
        if self._power_unit.lost():
            return
        for index in range(len(_ROWS)):
            instrument, limiter, currents_ma = _ROWS[index]
            driver = self._instruments.get(instrument)
            if driver is None:
                continue
            mode, target = driver.machine.mode, driver.drawn_mode()
            if mode == self._told_mode[index] and target == self._told_target[index]:
                continue
            predicted_ma = hal.get(hal.U16, currents_ma, 2 * mode)
            predicted_ma = max(predicted_ma, hal.get(hal.U16, currents_ma, 2 * target))
            try:
                self._limiters.expect(limiter, predicted_ma)
            except Failure as failure:
                # Nobody knows what the unit has now: told again, whatever the mode is then.
                hal.console("trip current not set: failure %d\n" % failure.code)
                self._told_mode[index] = _UNKNOWN
                continue
            self._told_mode[index] = mode
            self._told_target[index] = target

    def _look_for_restart(self, samples, switch_ons):
        step = (samples - self._samples) & 0xFFFF
        back = 0 < ((self._switch_ons - switch_ons) & 0xFFFF) < 0x8000
        known = self._samples != _UNKNOWN
        if (known and step > _LARGEST_STEP_SAMPLES) or (self._switch_ons != _UNKNOWN and back):
            self._forget()
            self._events.report(events.POWER_UNIT_RESTARTED)
        self._samples = samples
        self._switch_ons = switch_ons

    def _forget(self):
        for index in range(len(_ROWS)):
            self._told_mode[index] = _UNKNOWN
