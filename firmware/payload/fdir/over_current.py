"""Keeps the power unit informed of what each instrument is predicted to draw, so that it opens a limiter beyond that.

The limiter has to act within 20 ms, a fifth of a control cycle: the power unit does it by itself.
"""

import hal
from micropython import const

from payload.failure import Failure
from payload.tables import enums, modes

_UNKNOWN = const(-1)
_ROWS = (
    (enums.INSTRUMENT_SAR, enums.LIMITER_SAR_UNIT, modes.SAR_CURRENT_MA),
    (enums.INSTRUMENT_OPTICAL, enums.LIMITER_OPTICAL_UNIT, modes.OPTICAL_CURRENT_MA),
)


class OverCurrent:
    """`instruments` maps an instrument's id to its driver."""

    def __init__(self, instruments, power_unit, limiters):
        self._instruments = instruments
        self._power_unit = power_unit
        self._limiters = limiters
        self._told_mode = [_UNKNOWN] * len(_ROWS)
        self._told_target = [_UNKNOWN] * len(_ROWS)

    def run(self):
        """Once a cycle. During a transition the larger of both modes counts; what was not confirmed is told again."""
        if self._power_unit.lost():
            return
        for index in range(len(_ROWS)):
            instrument, limiter, currents_ma = _ROWS[index]
            driver = self._instruments.get(instrument)
            if driver is None:
                continue
            machine = driver.machine
            mode, target = machine.mode, machine.target_or_mode()
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
