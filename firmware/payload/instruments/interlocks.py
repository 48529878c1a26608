"""What stands between a request and the instrument: guards, the REFUSE state and the transmit permit."""

import hal
from micropython import const

from payload.failure import Refusal
from payload.tables import enums, events, failures, mission, modes, persistent, pool

_CHECK = const(4)  # of an entry of modes.GUARDS


class TwoStep:
    """An arm step that is good for a limited time and for one fire step. Ticks would wrap while nobody asks."""

    def __init__(self):
        self._armed = False
        self._until_s = 0

    def arm(self):
        self._armed = True
        self._until_s = hal.uptime_s() + mission.INSTRUMENTS_ARM_EXPIRES_S

    def disarm(self):
        self._armed = False

    def armed(self):
        if self._armed and hal.uptime_s() >= self._until_s:
            self._armed = False
        return self._armed

    def fire(self):
        """Use the arm up. Raises Refusal when it is not there."""
        armed = self.armed()
        self._armed = False
        if not armed:
            raise Refusal(failures.NOT_ARMED)


class TransmitPermit:
    """The application's half of the transmit permit; the other half is the C transmit guard.

    A permit is good for a number of data takes and for a time. The guard is given its own permit
    for each data take only, just before it.
    """

    def __init__(self, event_service):
        self._events = event_service
        self._two_step = TwoStep()
        self._takes_left = 0
        self._until_s = 0
        self._publish()

    def arm(self):
        self._two_step.arm()
        self._publish()

    def permit(self, takes, valid_s):
        self._two_step.fire()
        self._takes_left = takes
        self._until_s = hal.uptime_s() + valid_s
        self._events.report(events.TRANSMIT_PERMITTED, takes, valid_s)
        self._publish()

    def inhibit(self):
        """Set the inhibit. The guard drops transmit-enable before anything else happens."""
        hal.guard_inhibit()
        self.withdraw()

    def withdraw(self):
        """Neither a permit nor a first step is left for a data take to come; one under way goes on."""
        self._two_step.disarm()
        if self._takes_left:
            self._takes_left = 0
            self._events.report(events.TRANSMIT_INHIBITED)
        self._publish()

    def in_force(self):
        """Is there a data take left, and time? run() comes later in the cycle than what asks."""
        return self._takes_left > 0 and hal.uptime_s() < self._until_s

    def begin_take(self):
        """Give the guard its permit for one data take. False when there is none to give."""
        if not self.in_force():
            return False
        self._takes_left -= 1
        self._publish()
        return hal.guard_permit(mission.TRANSMIT_GUARD_LONGEST_PERMIT_MS)

    def end_take(self):
        """At every exit from MEASURE: the guard's permit is withdrawn."""
        hal.guard_inhibit()
        self._publish()

    def run(self):
        """Once a cycle: expiry."""
        if self._takes_left and hal.uptime_s() >= self._until_s and not hal.guard_permitted():
            self.inhibit()
        self._publish()

    def _publish(self):
        if self._takes_left or hal.guard_permitted():
            state = enums.TRANSMIT_PERMIT_PERMITTED
        elif self._two_step.armed():
            state = enums.TRANSMIT_PERMIT_ARMED
        else:
            state = enums.TRANSMIT_PERMIT_INHIBITED
        hal.pool_set(pool.TRANSMIT_PERMIT, state)
        hal.pool_set(pool.PERMIT_TAKES_LEFT, self._takes_left)


class RefuseState:
    """Latched by a safing: instrument telecommands are refused until a two-step exit.

    The cause is kept in `values` (storage.persistent), so that a reboot does not clear it. `permit` is the
    TransmitPermit: the safing of any instrument withdraws it.
    """

    def __init__(self, values, permit, boot_history=None):
        self._values = values
        self._permit = permit
        self._boot_history = boot_history
        self._exit = TwoStep()
        self._listeners = []
        self._cause = values.get(persistent.REFUSE_CAUSE)
        self._publish()

    def tell_latched(self, listener):
        """Call `listener` with each cause."""
        self._listeners.append(listener)

    def latch(self, event_id):
        """Latch the first cause; later ones do not replace it."""
        if self._cause == 0:
            self._cause = event_id
            # A safing may have the cause that resets the computer next; transmit-enable was dropped before.
            self._values.put_now(persistent.REFUSE_CAUSE, event_id)
        for listener in self._listeners:
            listener(event_id)
        # The ground has not seen this cause when it armed.
        self._exit.disarm()
        self._permit.withdraw()
        self._publish()

    def latched(self):
        return self._cause != 0

    def cause(self):
        return self._cause

    def require_clear(self):
        """Raise Refusal in the REFUSE state, and in a safe boot."""
        if self._boot_history is not None and self._boot_history.safe:
            self._boot_history.refuse()
        if self._cause:
            raise Refusal(failures.REFUSE_STATE, self._cause)

    def arm_exit(self):
        if not self._cause:
            raise Refusal(failures.NOT_SAFE)
        self._exit.arm()

    def exit(self, protection):
        """Second step. Refused while a limit is still broken; the first step is used up all the same."""
        if not self._cause:
            raise Refusal(failures.NOT_SAFE)
        self._exit.fire()
        protection.require_limits_clear()
        self._cause = 0
        self._values.put(persistent.REFUSE_CAUSE, 0)
        self._publish()

    def _publish(self):
        hal.pool_set(pool.REFUSE, 1 if self._cause else 0)
        hal.pool_set(pool.SAFING_CAUSE, self._cause)


class Interlocks:
    """Evaluates the guards of tables.modes. `checks` maps a check's name to a callable that raises Refusal."""

    def __init__(self, checks):
        self._checks = checks

    def require_again(self, guard, request, samples_only):
        """As require(), just before the mode is entered: all but what is looked at before acceptance only.

        With `samples_only`, no check but the ranges of samples.
        """
        if guard not in modes.GUARDS_ONCE and not (samples_only and modes.GUARDS[guard][_CHECK] is not None):
            self.require(guard, request)

    def require(self, guard, request):
        """Raise Refusal unless the guard holds. Range guards need a fresh sample."""
        _, parameter, minimum, maximum, check, failure = modes.GUARDS[guard]
        if check is not None:
            self._checks[check](request)
            return
        if not hal.pool_valid(parameter):
            raise Refusal(failures.GUARD_PARAMETER_STALE, parameter, guard)
        value = hal.pool_get(parameter)
        if minimum is not None and value < minimum:
            raise Refusal(failure, value, guard if failure == failures.GUARD_OUT_OF_RANGE else minimum)
        if maximum is not None and value > maximum:
            raise Refusal(failure, value, guard if failure == failures.GUARD_OUT_OF_RANGE else maximum)
