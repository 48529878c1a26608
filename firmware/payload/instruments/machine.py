"""The mode machine: one table of modes and transitions an instrument, one procedure a transition.

A transition is a generator, run by the router as a telecommand's handler. It checks the request and
its guards, then resumes the instrument's procedure each cycle under the transition's time limit. A
safing overrides whatever is going on: the transmit inhibit first, then the instrument's own safing
procedure, which this machine resumes each cycle.
"""

import hal
from micropython import const

from payload.failure import Failure, Refusal
from payload.tables import events, failures

_KIND_OFF = const(0)
_KIND_REST = const(1)
_KIND_TAKE = const(2)
_KIND_SAFE = const(3)
_NOBODY = const(-1)

# Longest recovery: door shut, focal plane off, heater off; a stuck unit must not hold the machine.
_RECOVERY_LIMIT_MS = const(15000)


class ModeMachine:
    """Mode of one instrument, by its tables.

    The driver given to attach() has `procedures` (generator functions by name, called with the
    request), recover(origin, failure) -> mode, safing() -> mode (both generators), and cut_power().
    """

    def __init__(self, instrument, mode_table, transition_table, mode_parameter, interlocks, refuse, event_service):
        self.instrument = instrument
        self._kinds = {mode: kind for mode, _, kind in mode_table}
        self._transitions = transition_table
        self._mode_parameter = mode_parameter
        self._interlocks = interlocks
        self._refuse = refuse
        self._events = event_service
        self._target = _NOBODY
        self._cancelled = False
        self._cancel_cause = 0
        self._overridden = False
        self._safing = None
        self._safing_cause = 0
        self.mode = 0
        hal.pool_set(mode_parameter, 0)

    def attach(self, driver):
        self._driver = driver

    def kind(self):
        return self._kinds[self.mode]

    def is_off(self):
        return self.kind() == _KIND_OFF

    def is_taking(self):
        return self.kind() == _KIND_TAKE

    def is_safe(self):
        return self.kind() == _KIND_SAFE

    def is_safing(self):
        return self._safing is not None

    def busy(self):
        return self._target != _NOBODY or self._safing is not None

    def set_mode(self, mode):
        """Record the mode the instrument is in now."""
        if mode != self.mode:
            before = self.mode
            self.mode = mode
            hal.pool_set(self._mode_parameter, mode)
            self._events.report(events.MODE_CHANGED, self.instrument, before, mode)

    def go_to(self, target):
        """Generator: a commanded transition to a mode that is not a data take."""
        if self._kinds[target] not in (_KIND_OFF, _KIND_REST):
            raise Refusal(failures.ILLEGAL_TRANSITION, self.mode, target)
        yield from self.transition(target, None)

    def take(self, target, request):
        """Generator: a transition to a data take. Raises Refusal when the mode is not one."""
        if self._kinds[target] != _KIND_TAKE:
            raise Refusal(failures.ILLEGAL_TRANSITION, self.mode, target)
        yield from self.transition(target, request)

    def transition(self, target, request):
        """Generator: one transition of the table. Raises Refusal at the start, Failure later."""
        self._require_free()
        procedure, guards, time_limit_ms = self._find(target)
        yield from self._carry_out(target, self._driver.procedures[procedure], guards, time_limit_ms, request)
        if self._kinds[target] != _KIND_TAKE:
            self.set_mode(target)

    def operation(self, modes, procedure, guards, time_limit_ms, request):
        """Generator: a procedure that leaves the mode as it is, allowed in `modes` only."""
        self._require_free()
        if self.mode not in modes:
            raise Refusal(failures.ILLEGAL_TRANSITION, self.mode, self.mode)
        yield from self._carry_out(self.mode, procedure, guards, time_limit_ms, request)

    def cancel(self):
        """Abort what is going on, by telecommand. False when nothing is."""
        if self._target == _NOBODY:
            return False
        self._cancelled = True
        self._cancel_cause = 0
        return True

    def safe(self, cause):
        """Start the safing path; `cause` is the event's id. The transmit inhibit comes first."""
        self._driver.inhibit()
        self._refuse.latch(cause)
        if self._safing is not None or self.is_safe() or (self.is_off() and self._target == _NOBODY):
            return
        self._override(cause)
        self._safing_cause = cause
        self._safing = self._driver.safing()

    def hard_off(self):
        """Open the instrument's limiters at once. Raises Failure when the power unit does not confirm."""
        self._driver.inhibit()
        self._driver.cut_power()
        self._override(0)
        if self._safing is not None:
            self._safing.close()
            self._safing = None
        self._driver.abandon_entry()
        self.set_mode(0)

    def run(self):
        """Once a cycle: go on with a safing."""
        if self._safing is None:
            return
        try:
            next(self._safing)
        except StopIteration as stop:
            self._safing = None
            before = self.mode
            self.set_mode(stop.value)
            self._events.report(events.SAFED, self.instrument, before, self._safing_cause)
        except Exception:
            # A software fault: from the beginning next cycle, and the supervisor sees this activity fail.
            self._safing = self._driver.safing()
            raise

    def _require_free(self):
        self._refuse.require_clear()
        if self.busy():
            raise Refusal(failures.INSTRUMENT_BUSY, max(self._target, 0))

    def _find(self, target):
        for from_mask, to_mode, procedure, guards, time_limit_ms in self._transitions:
            if to_mode == target and from_mask >> self.mode & 1:
                return procedure, guards, time_limit_ms
        raise Refusal(failures.ILLEGAL_TRANSITION, self.mode, target)

    def _override(self, cause):
        if self._target != _NOBODY:
            self._cancelled = True
            self._cancel_cause = cause
            self._overridden = True

    def _carry_out(self, target, procedure, guards, time_limit_ms, request):
        for guard in guards:
            self._interlocks.require(guard, request)
        origin = self.mode
        self._target = target
        self._cancelled = False
        self._overridden = False
        steps = procedure(request)
        try:
            yield 0
            yield from self._supervise(steps, time_limit_ms)
        except Failure as failure:
            self._events.report(events.TRANSITION_FAILED, self.instrument, target, failure.code)
            steps.close()
            if not self._overridden:
                yield from self._recover(origin, failure)
            raise
        except Exception:
            # A software fault in a procedure: nobody knows what the unit was left in.
            steps.close()
            if not self._overridden:
                self.safe(events.HANDLER_FAULT[0])
            raise
        finally:
            self._target = _NOBODY

    def _supervise(self, steps, time_limit_ms):
        started_ms = hal.ticks_ms()
        step = 0
        while True:
            if self._cancelled:
                raise Failure(failures.ABORTED, self._cancel_cause)
            if hal.ticks_diff(hal.ticks_ms(), started_ms) > time_limit_ms:
                raise Failure(failures.STEP_TIME_OUT, step, time_limit_ms)
            try:
                reached = next(steps)
            except StopIteration:
                return
            if reached:
                step = reached
            yield reached

    def _recover(self, origin, failure):
        """Generator: back to a mode of rest; what cannot be brought there in time is safed."""
        steps = self._driver.recover(origin, failure)
        started_ms = hal.ticks_ms()
        try:
            while not self._overridden:
                next(steps)
                if hal.ticks_diff(hal.ticks_ms(), started_ms) > _RECOVERY_LIMIT_MS:
                    raise Failure(failures.STEP_TIME_OUT, 0, _RECOVERY_LIMIT_MS)
                yield 0
        except StopIteration as stop:
            self.set_mode(stop.value)
        except Failure:
            self.safe(events.TRANSITION_FAILED[0])
        except Exception:
            self.safe(events.HANDLER_FAULT[0])
            raise
        finally:
            steps.close()
