"""The REFUSE state: what latches it, what it refuses, and the two steps that leave it."""

import hal

import runner
from machine_setup import (
    CAUSE,
    READY,
    REST,
    Setup,
)
from payload.failure import Refusal
from payload.instruments import interlocks
from payload.instruments.interlocks import TwoStep
from payload.storage.persistent import Persistent
from payload.tables import failures, pool
from runner import refused


def test_refuse_state_refuses_everything():
    setup = Setup()
    setup.refuse.latch(CAUSE)
    failure = refused(failures.REFUSE_STATE, setup.machine.transition, REST, None)
    assert failure.detail == CAUSE


def test_a_reboot_does_not_clear_refuse():
    setup = Setup()
    setup.machine.mode = READY
    setup.machine.safe(CAUSE)
    # At once: the reset may be the next thing.
    rebooted = Setup(keep=True)
    assert rebooted.refuse.cause() == CAUSE and hal.pool_get(pool.REFUSE) == 1
    refused(failures.REFUSE_STATE, rebooted.machine.transition, REST, None)
    rebooted.refuse.arm_exit()
    rebooted.refuse.exit(Clear())
    assert Persistent().flush(1000)
    assert not Setup(keep=True).refuse.latched()


class Clear:
    def require_limits_clear(self):
        pass


def test_first_cause_stays_latched():
    setup = Setup()
    setup.refuse.latch(21)
    setup.refuse.latch(22)
    assert setup.refuse.cause() == 21


def test_arm_does_not_come_back_when_ticks_wrap():
    for later_s in (59, 61, 600000, 1000000, 2000000):
        two_step = TwoStep()
        two_step.arm()
        interlocks.hal = _Clock(later_s)
        armed = two_step.armed()
        interlocks.hal = hal
        assert armed == (later_s < 60), later_s


class _Clock:
    """The clocks of the module hal, some seconds later."""

    def __init__(self, later_s):
        self._later_s = later_s
        self.ticks_diff = hal.ticks_diff

    def uptime_s(self):
        return hal.uptime_s() + self._later_s

    def ticks_ms(self):
        return (hal.ticks_ms() + self._later_s * 1000) & 0x3FFFFFFF


class Protection:
    def __init__(self):
        self.broken = False

    def require_limits_clear(self):
        if self.broken:
            raise Refusal(failures.LIMIT_BROKEN)


def test_leaving_refuse_takes_two_steps_and_clear_limits():
    setup = Setup()
    protection = Protection()
    refused(failures.NOT_SAFE, setup.refuse.exit, protection)
    setup.refuse.latch(CAUSE)
    refused(failures.NOT_ARMED, setup.refuse.exit, protection)
    setup.refuse.arm_exit()
    protection.broken = True
    refused(failures.LIMIT_BROKEN, setup.refuse.exit, protection)
    protection.broken = False
    refused(failures.NOT_ARMED, setup.refuse.exit, protection)
    setup.refuse.arm_exit()
    setup.refuse.exit(protection)
    assert not setup.refuse.latched()
    setup.refuse.latch(CAUSE)
    refused(failures.NOT_ARMED, setup.refuse.exit, protection)


def test_a_new_safing_wants_a_new_first_step():
    setup = Setup()
    setup.refuse.latch(21)
    setup.refuse.arm_exit()
    setup.refuse.latch(22)
    refused(failures.NOT_ARMED, setup.refuse.exit, Clear())
    assert setup.refuse.cause() == 21


def test_outside_refuse_there_is_nothing_to_leave():
    setup = Setup()
    refused(failures.NOT_SAFE, setup.refuse.arm_exit)
    setup.refuse.latch(CAUSE)
    refused(failures.NOT_ARMED, setup.refuse.exit, Clear())


runner.run(globals())
