"""Fault protection: monitors, the transmit guard, the alarm, lost units. Acts through the mode machines.

Trips are tables of the dictionary; no telecommand deletes or disables them. A limit that an
instrument at rest still breaks some seconds after it was acted upon is broken once more.
"""

import hal
from micropython import const

from payload.failure import Failure, Refusal
from payload.tables import enums, events, failures, mission, monitors, pool
from payload.units.power import LIMITERS

# The longest safing of a unit that answers, and of one that has to be found lost first.
_SAFING_LIMIT_MS = const(15000)

_WARNING = const(1)
_TRIP = const(2)

# As far as the events carry a value: a unit that lies in 32 bits must not stop the reaction.
_LARGEST_I32 = 0x7FFFFFFF


class Protection:
    """`instruments` maps an instrument's id to its driver (instruments.Instrument)."""

    def __init__(self, instruments, power_unit, limiters, refuse, escalation, event_service):
        self._instruments = instruments
        self._drivers = tuple(instruments.values())
        self._power_unit = power_unit
        self._limiters = limiters
        self._refuse = refuse
        self._escalation = escalation
        self._events = event_service
        # Not what the guard says now: a reset that dropped transmit-enable counts as its first trip.
        self._guard_trips = 0
        self._alarms = 0  # of this boot; one that stands since before it is to be acted upon
        self._ancillary_stale = False
        # Monitors that tripped since the limits were last found clear, and when each was last acted upon.
        self._tripped = []
        self._acted_ms = [0] * len(monitors.LEVELS)

    def run(self):
        """Once a cycle, after the samples: look, and react."""
        self._check_alarm()
        self._check_guard()
        self._check_limiters()
        self._check_units()
        self._check_monitors()
        self._check_still_broken()
        self._check_ancillary()

    def platform_safe(self):
        """Level 4 by telecommand of the platform: every instrument hard off, REFUSE latched."""
        self._events.report(events.PLATFORM_SAFE)
        self._all_off(events.PLATFORM_SAFE[0])

    def safe_by_command(self, driver):
        """SAFE by telecommand, from any mode but OFF: begins at once, whatever the instrument is doing.

        Returns a generator that lasts until it is reached; the safing goes on when that raises Failure. Raises
        Refusal when the instrument is off.
        """
        machine = driver.machine
        if machine.is_off() and not machine.busy():
            raise machine.not_allowed()
        self._events.report(events.SAFE_COMMANDED, machine.instrument)
        machine.safe(events.SAFE_COMMANDED[0])
        return self._await_safe(machine)

    def require_limits_clear(self):
        """Raise Refusal for the alarm, a limit broken or not known to be kept, or an instrument nobody watches."""
        if hal.alarm():
            raise Refusal(failures.ALARM_STANDS)
        for monitor in range(len(monitors.LEVELS)):
            if self._is_broken(monitor):
                raise Refusal(failures.LIMIT_BROKEN, hal.monitor_parameter(monitor), monitor)
        for driver in self._drivers:
            if driver.machine.is_safing():
                raise Refusal(failures.SAFING_UNDER_WAY, driver.machine.instrument)
            if not driver.powered() and not driver.is_seen_unsupplied():
                # It is asked for no samples: nobody would see its limits broken.
                raise Refusal(failures.SUPPLY_NOT_OFF, driver.machine.instrument)
        for monitor in range(len(monitors.LEVELS)):
            if self._is_unknown(monitor):
                raise Refusal(failures.LIMIT_UNKNOWN, hal.monitor_parameter(monitor), monitor)
        self._tripped.clear()

    def _is_broken(self, monitor):
        """Has it tripped, and not been within its limits since? In OFF nothing is swept: there, is it as good as so?"""
        if monitor in self._tripped and hal.monitor_state(monitor) == _TRIP:
            return True
        driver = self._instruments.get(hal.monitor_instrument(monitor))
        return (
            driver is not None
            and driver.machine.is_off()
            and hal.monitor_would_trip(monitor, driver.machine.unpowered_mode)
        )

    def _is_unknown(self, monitor):
        """Has its parameter no fresh sample, in SAFE or as good as so?"""
        driver = self._instruments.get(hal.monitor_instrument(monitor))
        if driver is None:
            return False
        machine = driver.machine
        if machine.is_off():
            return hal.monitor_is_unknown(monitor, machine.unpowered_mode)
        return machine.is_safe() and hal.monitor_is_unknown(monitor, machine.mode)

    def _await_safe(self, machine):
        started_ms = hal.ticks_ms()
        yield 0
        while not machine.is_safe() or machine.is_becoming_safe():
            if hal.ticks_diff(hal.ticks_ms(), started_ms) > _SAFING_LIMIT_MS:
                raise Failure(failures.STEP_TIME_OUT, 0, _SAFING_LIMIT_MS)
            yield 0

    def _check_alarm(self):
        # Counted, because it may have come and gone within a cycle.
        alarms = hal.alarm_count()
        if alarms != self._alarms:
            self._alarms = alarms
            self._events.report(events.ALARM_RAISED)
            self._all_off(events.ALARM_RAISED[0])

    def _all_off(self, cause):
        self._events.report(events.FAULT_LEVEL, enums.FAULT_LEVEL_HARD_OFF, 0, cause)
        for driver in self._drivers:
            self._hard_off(driver, cause)

    def _check_guard(self):
        trips = hal.guard_trips()
        if trips != self._guard_trips:
            self._guard_trips = trips
            self._events.report(events.TRANSMIT_GUARD_TRIPPED, hal.guard_last_reason())
            sar = self._instruments.get(enums.INSTRUMENT_SAR)
            if sar is not None:
                sar.machine.safe(events.TRANSMIT_GUARD_TRIPPED[0])

    def _check_limiters(self):
        """Over-current: the power unit opened a limiter by itself."""
        newly_tripped = self._limiters.newly_tripped()
        if not newly_tripped:
            return
        for limiter in LIMITERS:
            if not newly_tripped >> limiter & 1:
                continue
            self._events.report(events.LIMITER_TRIPPED, limiter)
            for driver in self._drivers:
                if driver.uses(limiter):
                    driver.machine.safe(events.LIMITER_TRIPPED[0], True)

    def _check_units(self):
        power_lost = self._power_unit.lost()
        for driver in self._drivers:
            machine = driver.machine
            if machine.is_safing() or (machine.is_off() and not machine.busy()):
                continue
            if machine.is_safe():
                if driver.unit.lost() and not machine.busy():
                    # Nobody sees its limits broken: it has no supply then.
                    machine.safe(events.UNIT_LOST[0], True)
                elif driver.failed() and not machine.busy():
                    driver.report_fault()
                    machine.safe(events.UNIT_FAULT[0], True)
            elif driver.unit.lost() or power_lost:
                machine.safe(events.UNIT_LOST[0])
            elif driver.failed():
                driver.report_fault()
                machine.safe(events.UNIT_FAULT[0])

    def _check_monitors(self):
        for driver in self._drivers:
            hal.monitor_sweep(driver.machine.instrument, driver.machine.swept_mode())
        while True:
            monitor = hal.monitor_changed()
            if monitor < 0:
                return
            self._react(monitor, hal.monitor_state(monitor))

    def _react(self, monitor, state):
        parameter = hal.monitor_parameter(monitor)
        value = min(hal.pool_get(parameter), _LARGEST_I32)
        if state == _WARNING:
            self._events.report(events.WARNING_LIMIT, monitor, parameter, value)
        elif state == _TRIP:
            self._events.report(events.TRIP_LIMIT, monitor, parameter, value)
            if hal.monitor_event_only(monitor):
                return
            if monitor not in self._tripped:
                self._tripped.append(monitor)
            self._act(monitor)

    def _check_still_broken(self):
        for monitor in self._tripped:
            if hal.monitor_state(monitor) != _TRIP:
                continue
            if hal.ticks_diff(hal.ticks_ms(), self._acted_ms[monitor]) < mission.FAULT_LEVELS_SETTLE_MS:
                continue
            driver = self._instruments.get(hal.monitor_instrument(monitor))
            if driver is not None and not driver.machine.busy():
                self._act(monitor)

    def _act(self, monitor):
        self._acted_ms[monitor] = hal.ticks_ms()
        driver = self._instruments.get(hal.monitor_instrument(monitor))
        if driver is None:
            return
        if monitors.LEVELS[monitor] == enums.FAULT_LEVEL_STAND_DOWN:
            self._escalation.limit_broken(driver, events.TRIP_LIMIT[0])
        else:
            driver.machine.safe(events.TRIP_LIMIT[0], True)

    def _check_ancillary(self):
        stale = hal.pool_get(pool.ANCILLARY_COUNT) != 0 and not hal.pool_valid(pool.SUN_ANGLE_DEG)
        if stale and not self._ancillary_stale:
            self._events.report(events.ANCILLARY_LOST)
        self._ancillary_stale = stale

    def _hard_off(self, driver, cause):
        """Level 4: limiters open at once; when the power unit does not confirm, the machine goes on trying.

        Also of an instrument in OFF, unless telemetry says that its supply is off.
        """
        driver.inhibit()
        self._refuse.latch(cause)
        if driver.machine.is_off() and not driver.machine.busy() and driver.is_seen_unsupplied():
            return
        try:
            driver.machine.hard_off(cause)
        except Failure as failure:
            hal.console("hard off not confirmed: failure %d\n" % failure.code)
