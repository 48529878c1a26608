"""Power and thermal unit: the latching current limiters (LCL)."""

import hal

from payload.failure import Failure
from payload.tables import enums, events, failures, mission, pool, units

_REGISTERS = {
    enums.LIMITER_SAR_UNIT: units.POWER_CONTROL_SAR_UNIT_LIMITER,
    enums.LIMITER_OPTICAL_UNIT: units.POWER_CONTROL_OPTICAL_UNIT_LIMITER,
    enums.LIMITER_OPTICAL_HEATER: units.POWER_CONTROL_OPTICAL_HEATER_LIMITER,
    enums.LIMITER_DOOR: units.POWER_CONTROL_DOOR_LIMITER,
}
_TRIP_REGISTERS = {
    enums.LIMITER_SAR_UNIT: units.POWER_CONTROL_SAR_UNIT_TRIP_MA,
    enums.LIMITER_OPTICAL_UNIT: units.POWER_CONTROL_OPTICAL_UNIT_TRIP_MA,
}
_LARGEST_U16 = 0xFFFF
_LIMITERS = (
    enums.LIMITER_SAR_UNIT,
    enums.LIMITER_OPTICAL_UNIT,
    enums.LIMITER_OPTICAL_HEATER,
    enums.LIMITER_DOOR,
)


class Limiters:
    """Closes and opens limiters, and confirms each by the unit's own telemetry."""

    def __init__(self, unit, event_service):
        self._unit = unit
        self._events = event_service
        self._boot_pending = False

    def command(self, limiter, closed):
        """Command a limiter; the event logs every switch-on and switch-off. Raises Failure."""
        code = enums.LIMITER_COMMAND_CLOSE if closed else enums.LIMITER_COMMAND_OPEN
        self._unit.write(_REGISTERS[limiter], hal.U16, code)
        self._events.report(events.LIMITER_SWITCHED, limiter, 1 if closed else 0)

    def open_all(self):
        """Boot: every limiter open, whatever its state; every actuator is inhibited. Raises Failure.

        When the power unit does not answer now, run() does it at its first sample.
        """
        self._boot_pending = True
        for limiter in _LIMITERS:
            self._unit.write(_REGISTERS[limiter], hal.U16, enums.LIMITER_COMMAND_OPEN)
        self._boot_pending = False

    def run(self):
        """Once a cycle: what open_all() could not do. Nothing was switched on since: that takes a fresh sample."""
        if self._boot_pending and hal.pool_valid(pool.POWER_LIMITERS_CLOSED):
            try:
                self.open_all()
            except Failure as failure:
                hal.console("limiters not opened: failure %d\n" % failure.code)

    def expect(self, limiter, predicted_ma):
        """Tell the power unit beyond which current to open a limiter; 0: its own limit alone. Raises Failure."""
        trip_ma = predicted_ma * mission.FAULT_LEVELS_OVER_CURRENT_PERCENT // 100
        self._unit.write(_TRIP_REGISTERS[limiter], hal.U16, min(trip_ma, _LARGEST_U16))

    def is_closed(self, limiter):
        """By the unit's telemetry. Raises Failure when the unit is lost."""
        self._unit.require_link()
        return bool(hal.pool_get(pool.POWER_LIMITERS_CLOSED) >> limiter & 1)

    def switch(self, limiter, closed):
        """Generator: command a limiter and wait for the telemetry that confirms it."""
        self.command(limiter, closed)
        yield from self._unit.fresh_sample()
        if self.is_closed(limiter) != closed:
            raise Failure(failures.UNIT_FAULT, hal.pool_get(pool.POWER_LIMITERS_TRIPPED), limiter)
