"""Power and thermal unit: the latching current limiters (LCL)."""

import hal
from micropython import const

from payload.failure import Failure
from payload.tables import enums, events, failures, mission, pool, units

LIMITERS = (
    enums.LIMITER_SAR_UNIT,
    enums.LIMITER_OPTICAL_UNIT,
    enums.LIMITER_OPTICAL_HEATER,
    enums.LIMITER_DOOR,
)
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
_LARGEST_U16 = const(0xFFFF)

_ALL = const(-1)  # before the first sample: what is open then is no new fault

# Two samples may have been latched before the unit acted on a command.
_CONFIRMATION_CYCLES = const(3)
_RETRY_CYCLES = const(10)


class Limiters:
    """Closes and opens limiters, and confirms each by the unit's own telemetry.

    Whatever is not known to have been closed by command is meant to be open, and is watched by run().
    """

    def __init__(self, unit, event_service):
        self._unit = unit
        self._events = event_service
        self._meant_closed = 0
        self._told = 0
        self._seen_tripped = _ALL
        self._look_in_cycles = _CONFIRMATION_CYCLES

    def command(self, limiter, closed):
        """Command a limiter; the event logs every switch-on and switch-off. Raises Failure."""
        self._meant_closed &= ~(1 << limiter)
        code = enums.LIMITER_COMMAND_CLOSE if closed else enums.LIMITER_COMMAND_OPEN
        self._unit.write(_REGISTERS[limiter], hal.U16, code)
        if closed:
            self._meant_closed |= 1 << limiter
        self._events.report(events.LIMITER_SWITCHED, limiter, 1 if closed else 0)

    def open_all(self):
        """Boot: every limiter open, whatever its state; every actuator is inhibited. Raises Failure.

        When the power unit does not answer now, run() opens what its first samples say is closed.
        """
        self._meant_closed = 0
        for limiter in LIMITERS:
            self._unit.write(_REGISTERS[limiter], hal.U16, enums.LIMITER_COMMAND_OPEN)

    def run(self):
        """Once a cycle: a limiter that is closed and should not be is reported, and opened again once a second."""
        stays = 0
        if hal.pool_valid(pool.POWER_LIMITERS_CLOSED):
            stays = hal.pool_get(pool.POWER_LIMITERS_CLOSED) & ~self._meant_closed
        self._told &= stays
        if not stays:
            self._look_in_cycles = _CONFIRMATION_CYCLES
            return
        self._look_in_cycles -= 1
        if self._look_in_cycles > 0:
            return
        self._look_in_cycles = _RETRY_CYCLES
        for limiter in LIMITERS:
            if stays >> limiter & 1:
                self._open_again(limiter)

    def _open_again(self, limiter):
        if not self._told >> limiter & 1:
            self._told |= 1 << limiter
            self._events.report(events.LIMITER_STAYS_CLOSED, limiter)
        try:
            self._unit.write(_REGISTERS[limiter], hal.U16, enums.LIMITER_COMMAND_OPEN)
        except Failure as failure:
            hal.console("limiter %d not opened: failure %d\n" % (limiter, failure.code))

    def newly_tripped(self):
        """Mask of the limiters that the unit opened by itself since this was last asked; once a cycle.

        Its flag goes with the closing and comes back within 20 ms: between two samples it may seem to stand.
        """
        if not hal.pool_valid(pool.POWER_LIMITERS_TRIPPED):
            return 0
        tripped = hal.pool_get(pool.POWER_LIMITERS_TRIPPED)
        newly_tripped = tripped & ~self._seen_tripped
        self._seen_tripped = tripped
        return newly_tripped

    def is_meant_closed(self, limiter):
        """Was it commanded closed, and not open since?"""
        return bool(self._meant_closed >> limiter & 1)

    def are_seen_open(self, limiters):
        """Does the unit's telemetry say that all of them are open? False when it says nothing."""
        mask = 0
        for limiter in limiters:
            mask |= 1 << limiter
        return hal.pool_valid(pool.POWER_LIMITERS_CLOSED) and not hal.pool_get(pool.POWER_LIMITERS_CLOSED) & mask

    def is_closed_as_meant(self, limiter):
        """As is_closed(), and was meant so: one that is closed against a command is opened again at any time."""
        return self.is_meant_closed(limiter) and self.is_closed(limiter)

    def may_be_closed(self, limiter):
        """As is_closed(), or was meant so: the telemetry may be of before the command."""
        return self.is_closed(limiter) or self.is_meant_closed(limiter)

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
        had_tripped = hal.pool_get(pool.POWER_LIMITERS_TRIPPED) >> limiter & 1
        self.command(limiter, closed)
        yield from self._unit.fresh_sample()
        self._require(limiter, closed, had_tripped)

    def require_open(self, limiters):
        """Generator: after the command, wait for the telemetry that confirms it. Raises Failure naming a limiter."""
        yield from self._unit.fresh_sample()
        for limiter in limiters:
            self._require(limiter, False)

    def _require(self, limiter, closed, had_tripped=False):
        is_closed = self.is_closed(limiter)
        if is_closed != closed:
            if closed and had_tripped:
                self._seen_tripped &= ~(1 << limiter)
            raise Failure(failures.LIMITER_NOT_SWITCHED, limiter, int(is_closed))
