"""A mode machine with tables of its own and an instrument that does as the test says."""

import hal

from payload.failure import Failure
from payload.instruments.interlocks import Interlocks, RefuseState
from payload.instruments.machine import ModeMachine
from payload.storage.persistent import Persistent
from payload.tables import failures, persistent, pool

OFF, REST, READY, TAKE, SAFE, UNPOWERED = 0, 1, 2, 3, 4, 5
MODES = (
    (OFF, "OFF", 0),
    (REST, "REST", 1),
    (READY, "READY", 1),
    (TAKE, "TAKE", 2),
    (SAFE, "SAFE", 3),
    (UNPOWERED, "SAFE_UNPOWERED", 3),
)
BUS_VOLTAGE = 0
CAUSE = 22
TRANSITIONS = (
    (1 << OFF, REST, "prepare", (BUS_VOLTAGE,), 1000),
    (1 << REST, READY, "prepare", (), 1000),
    (1 << READY, TAKE, "take", (), 1000),
    (1 << REST | 1 << READY | 1 << SAFE | 1 << UNPOWERED, OFF, "prepare", (), 1000),
)


class Events:
    def __init__(self):
        self.seen = []

    def report(self, event, *fields):
        self.seen.append((event[0], fields))

    def ids(self):
        return [event_id for event_id, _ in self.seen]


class Instrument:
    """Procedures take `cycles` cycles, then raise `failure` if there is one."""

    def __init__(self):
        self.procedures = {"prepare": self._procedure, "take": self._procedure}
        self.cycles = 3
        self.failure = None
        self.recovery_failure = None
        self.recovery_cycles = 1
        self.safing_failure = None
        self.safings_closed = 0
        self.stand_down_failure = None
        self.stand_down_cycles = 2
        self.stand_downs_closed = 0
        self.switch_on_failure = None
        self.switched_on = 0
        self.on = True
        self.inhibited = 0
        self.power_cuts = 0
        self.cut_failure = None
        self.abandoned = 0
        self.closed = 0
        self.recovered = 0

    def inhibit(self):
        self.inhibited += 1

    def cut_power(self):
        self.power_cuts += 1
        if self.cut_failure:
            raise self.cut_failure

    def abandon_entry(self):
        self.abandoned += 1

    def recover(self, origin, failure):
        for _ in range(self.recovery_cycles):
            yield 0
        self.recovered += 1
        if self.recovery_failure:
            raise self.recovery_failure
        return origin

    def safing(self):
        try:
            yield 0
            if self.safing_failure:
                raise self.safing_failure
            yield 0
            return SAFE
        finally:
            self.safings_closed += 1

    def powered(self):
        return self.on

    def stand_down(self):
        try:
            for _ in range(self.stand_down_cycles):
                yield 0
            if self.stand_down_failure:
                raise self.stand_down_failure
            return REST
        finally:
            self.stand_downs_closed += 1

    def switch_off_safely(self):
        yield 0
        self.on = False
        return UNPOWERED

    def switch_on_safely(self):
        yield 0
        self.switched_on += 1
        self.on = True
        yield 0
        if self.switch_on_failure:
            raise self.switch_on_failure
        return SAFE

    def _procedure(self, request):
        try:
            for step in range(self.cycles):
                yield step
            if self.failure:
                raise self.failure
        finally:
            self.closed += 1


class Setup:
    def __init__(self, keep=False):
        """With `keep`, what an earlier setup left in flash is there still, as after a reset."""
        hal.init(0x0E00, True)
        self.events = Events()
        values = Persistent()
        if not keep:
            values.put_now(persistent.REFUSE_CAUSE, 0)
        self.refuse = RefuseState(values, self)
        self.machine = ModeMachine(1, MODES, TRANSITIONS, pool.SAR_MODE, Interlocks({}), self.refuse, self.events)
        self.instrument = Instrument()
        self.machine.attach(self.instrument)
        hal.pool_set(pool.POWER_BUS_VOLTAGE_V, 28000)

    def withdraw(self):
        """As the transmit permit has it."""

    def go(self, target):
        for _ in self.machine.transition(target, None):
            pass

    def run(self, cycles):
        for _ in range(cycles):
            self.machine.run()


def failing_recovery(setup, failure=None):
    """A transition whose recovery is under way."""
    setup.machine.mode = REST
    setup.instrument.failure = failure or Failure(failures.UNIT_FAULT, 1)
    setup.instrument.cycles = 0
    setup.instrument.recovery_cycles = 100000
    transition = setup.machine.transition(READY, None)
    next(transition)
    next(transition)
    return transition


def end(transition):
    """Run it to its end or its failure."""
    try:
        for _ in transition:
            pass
    except Failure:
        pass
