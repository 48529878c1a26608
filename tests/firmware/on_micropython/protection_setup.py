"""Fault protection with one instrument that does as it is told."""

import hal

from payload.fdir.escalation import Escalation
from payload.fdir.protection import Protection
from payload.storage.persistent import Persistent
from payload.tables import enums, persistent, pool
from payload.units.power import Limiters


class Events:
    def __init__(self):
        self.seen = []

    def report(self, event, *fields):
        self.seen.append(event)


class Unit:
    def __init__(self):
        self.is_lost = False

    def lost(self):
        return self.is_lost

    def require_link(self):
        pass

    def write(self, address, type_code, value):
        pass

    def fresh_sample(self):
        yield 0


class Machine:
    def __init__(self):
        self.instrument = enums.INSTRUMENT_OPTICAL
        self.mode = enums.OPTICAL_MODE_STRIP
        self.safing = False
        self.standing_down = False
        self.safe_now = False
        self.causes = []
        self.power_cycles = 0
        self.stood_down = []
        self.is_busy = True
        self.unpowered_mode = enums.OPTICAL_MODE_SAFE_UNPOWERED

    def safe(self, cause, power_cycle=False):
        self.causes.append(cause)
        self.power_cycles += power_cycle

    def stand_down(self, cause):
        self.stood_down.append(cause)

    def is_standing_down(self):
        return self.standing_down

    def is_safing(self):
        return self.safing

    def is_becoming_safe(self):
        return self.safing

    def is_safe(self):
        return self.safe_now

    def is_off(self):
        return self.mode == enums.OPTICAL_MODE_OFF

    def swept_mode(self):
        return self.mode

    def busy(self):
        return self.is_busy


class Driver:
    def __init__(self):
        self.machine = Machine()
        self.unit = Unit()
        self.has_failed = False
        self.is_powered = True
        self.is_seen_off = False
        self.reported = 0

    def failed(self):
        return self.has_failed

    def powered(self):
        return self.is_powered

    def is_seen_unsupplied(self):
        return self.is_seen_off

    def report_fault(self):
        self.reported += 1

    def uses(self, limiter):
        return limiter in (enums.LIMITER_OPTICAL_UNIT, enums.LIMITER_DOOR)


class Setup:
    def __init__(self):
        hal.init(0x0E00, True)
        self.driver = Driver()
        self.events = Events()
        instruments = {enums.INSTRUMENT_OPTICAL: self.driver}
        self.persistent = Persistent()
        self.persistent.put(persistent.OPTICAL_LEVEL_1_GPS_S, 0)
        self.escalation = escalation = Escalation(self.persistent, tuple(instruments))
        self.power_unit = Unit()
        self.limiters = Limiters(self.power_unit, self.events)
        self.protection = Protection(instruments, self.power_unit, self.limiters, None, escalation, self.events)

    def break_limit(self):
        """A new trip of the focal plane: within its limits first."""
        self.sample(pool.OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC, 2000)
        self.sample(pool.OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC, 3000)

    def sample(self, parameter, value, times=3):
        for _ in range(times):
            hal.pool_set(parameter, value)
            self.protection.run()
