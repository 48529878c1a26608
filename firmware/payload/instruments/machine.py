"""The mode machine: one table of modes and transitions an instrument, one procedure a transition.

A transition is a generator, run by the router as a telecommand's handler. It checks the request and
its guards, then resumes the instrument's procedure each cycle under the transition's time limit.

A reaction of fault protection overrides whatever is going on, the transmit inhibit first. This
machine resumes its procedure each cycle. Standing down (fault level 1) ends in STANDBY; what cannot
is safed. Safing (level 2) ends in SAFE; with a power cycle the limiter is then opened, and closed
again once, after a while, into powered SAFE only.
"""

import hal
from micropython import const

from payload.failure import EntryRefused, Failure, Refusal
from payload.tables import enums, events, failures, mission

_KIND_OFF = const(0)
_KIND_REST = const(1)
_KIND_TAKE = const(2)
_KIND_SAFE = const(3)
_NOBODY = const(-1)

# What a reaction is doing.
_NOTHING = const(0)
_STANDING_DOWN = const(1)
_SAFING = const(2)
_SWITCHING_OFF = const(3)
_WAITING = const(4)
_RETRYING = const(5)

# Longest recovery: door shut, focal plane off, heater off; a stuck unit must not hold the machine.
_RECOVERY_LIMIT_MS = const(15000)


class ModeMachine:
    """Mode of one instrument, by its tables.

    The driver given to attach() has `procedures` (generator functions by name, called with the
    request), the generators recover(origin, failure), stand_down(), safing(), switch_off_safely() and
    switch_on_safely(), which return the mode they end in, inhibit() and cut_power().
    """

    def __init__(self, instrument, mode_table, transition_table, mode_parameter, interlocks, refuse, event_service):
        self.instrument = instrument
        self._kinds = {mode: kind for mode, _, kind in mode_table}
        named = {name: mode for mode, name, _ in mode_table}
        # Its limits are those of OFF too, where nothing is swept.
        self.unpowered_mode = named.get("SAFE_UNPOWERED", 0)
        self.powered_safe_mode = named.get("SAFE", 0)
        self._transitions = transition_table
        self._mode_parameter = mode_parameter
        self._interlocks = interlocks
        self._refuse = refuse
        self._events = event_service
        self._begins = None
        self._guards: tuple = ()
        self._target = _NOBODY
        self._cancelled = False
        self._cancel_cause = 0
        self._overridden = False
        self._frozen_by = 0
        self._reaction = _NOTHING
        self._steps = None
        self._cause = 0
        self._power_cycle = False
        self._retried = False
        self._since_ms = 0
        self.mode = 0
        hal.pool_set(mode_parameter, 0)
        refuse.tell_latched(self._freeze)

    def attach(self, driver):
        self._driver = driver

    def tell_beginnings(self, listener):
        """Call `listener` when a transition begins: target_or_mode() is its target, nothing is done yet."""
        self._begins = listener

    def kind(self):
        return self._kinds[self.mode]

    def is_off(self):
        return self._kinds[self.mode] == _KIND_OFF

    def is_taking(self):
        return self._kinds[self.mode] == _KIND_TAKE

    def is_safe(self):
        return self._kinds[self.mode] == _KIND_SAFE

    def is_standing_down(self):
        return self._reaction == _STANDING_DOWN

    def is_safing(self):
        return self._reaction >= _SAFING

    def is_becoming_safe(self):
        """Safing, and not yet at what comes after it."""
        return self._reaction == _SAFING

    def is_retrying(self):
        """Is the limiter being closed again after a power cycle?"""
        return self._reaction == _RETRYING

    def busy(self):
        return self._target != _NOBODY or self._reaction != _NOTHING

    def target_or_mode(self):
        """The mode a transition leads to, else the present one."""
        return self.mode if self._target == _NOBODY else self._target

    def swept_mode(self):
        """The mode whose limits hold: a unit that is being switched on has its supply already.

        Not so one that was switched off hard, while the handler that this overrode has yet to end.
        """
        return self.mode if self._overridden or not self.is_off() else self.target_or_mode()

    def not_allowed(self, target=_NOBODY):
        """The refusal of what the present mode does not allow: a transition to `target`, or what leads to no other."""
        return Refusal(failures.ILLEGAL_TRANSITION, self._told(self.mode), self._told(target))

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
            raise self.not_allowed(target)
        yield from self.transition(target, None)

    def take(self, target, request):
        """Generator: a transition to a data take. Raises Refusal when the mode is not one."""
        if self._kinds[target] != _KIND_TAKE:
            raise self.not_allowed(target)
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
            raise self.not_allowed()
        yield from self._carry_out(self.mode, procedure, guards, time_limit_ms, request)

    def require_entry(self, request, goes_on=False):
        """Just before a data take begins: REFUSE and the guards once more, for the telecommand may be minutes old.

        What waited when REFUSE was latched does not begin, though REFUSE was left meanwhile. One that `goes_on`, with
        another strip, is under way, and has its budgets in use: of its guards those of a sample. Raises EntryRefused.
        """
        try:
            if self._frozen_by and not goes_on:
                raise Refusal(failures.REFUSE_STATE, self._frozen_by)
            for guard in self._guards:
                self._interlocks.require_again(guard, request, goes_on)
        except Refusal as refusal:
            raise EntryRefused(refusal.code, refusal.detail, refusal.limit)

    def cancel(self):
        """Abort what is going on, by telecommand. False when nothing is."""
        if self._target == _NOBODY:
            return False
        if not self._cancelled:
            self._cancelled = True
            self._cancel_cause = 0
        return True

    def stand_down(self, cause):
        """Level 1: abort what is going on and go to STANDBY; `cause` is the event's id."""
        self._driver.inhibit()
        if self._reaction != _NOTHING or self.is_safe() or (self.is_off() and self._target == _NOBODY):
            return
        self._override(cause)
        self._begin(_STANDING_DOWN, cause)
        self._events.report(events.FAULT_LEVEL, enums.FAULT_LEVEL_STAND_DOWN, self.instrument, cause)

    def safe(self, cause, power_cycle=False):
        """Level 2: latch REFUSE and start the safing path; `cause` is the event's id. The transmit inhibit comes first.

        With `power_cycle` the limiter is opened afterwards, and closed once more since the last transition
        was commanded. An instrument that is safe and fails again is switched off for good. One that was on its way
        out of SAFE is safed anew: its mode says nothing of its unit and its supply.
        """
        self._driver.inhibit()
        self._refuse.latch(cause)
        if self.is_safing() or self._is_left_off():
            if self._reaction == _SAFING and power_cycle:
                self._power_cycle = True
            return
        if self.is_safe() and self._target == _NOBODY:
            if not power_cycle or self.mode == self.unpowered_mode:
                return
            self._answer(_SWITCHING_OFF, cause)
        else:
            self._override(cause)
            self._answer(_SAFING, cause)
        self._power_cycle = power_cycle

    def hard_off(self, cause):
        """Open the instrument's limiters at once; `cause` is the event's id.

        Raises Failure when the power unit does not confirm: it is safed then, and switched off for good.
        """
        self._driver.inhibit()
        try:
            self._driver.cut_power()
        except Failure:
            # Whatever was going on: a retry would switch on again what was to be off.
            self._end()
            self._retried = True
            self.safe(cause, True)
            if self._reaction == _NOTHING and (self.mode == self.unpowered_mode or self._driver.powered()):
                # The retry may just have given it its supply back; a switch-on that was being safed gave it in OFF.
                self._answer(_SWITCHING_OFF, cause)
            raise
        self._override(0)
        self._end()
        self._driver.abandon_entry()
        self.set_mode(0)

    def run(self):
        """Once a cycle: go on with a reaction."""
        if self._reaction == _WAITING:
            if hal.ticks_diff(hal.ticks_ms(), self._since_ms) >= mission.FAULT_LEVELS_POWER_OFF_MS:
                self._begin(_RETRYING, self._cause)
            return
        steps = self._steps
        if steps is None:
            return
        try:
            if self._reaction == _STANDING_DOWN:
                self._require_in_time()
            next(steps)
        except StopIteration as stop:
            self._reached(stop.value)
        except Failure:
            # Level 1 could not be carried out, or the one retry failed.
            if self._reaction == _STANDING_DOWN:
                # Still under way: an instrument that was being switched on is in OFF, and has its supply.
                self.safe(self._cause)
            else:
                self._begin(_SWITCHING_OFF, self._cause)
        except Exception:
            # A software fault: from the beginning next cycle, and the supervisor sees this activity fail.
            self._begin(self._reaction, self._cause)
            raise

    def _freeze(self, cause):
        """REFUSE was latched: what waits for its start is not to begin by itself when REFUSE is left."""
        if self._target != _NOBODY:
            self._frozen_by = cause

    def _is_left_off(self):
        """Off, and nothing is going on that would switch it on; hard_off() leaves an overridden handler to end."""
        return self.is_off() and self._reaction == _NOTHING and (self._target == _NOBODY or self._overridden)

    def _reached(self, mode):
        """A part of a reaction has come to its end."""
        reaction, before = self._reaction, self.mode
        self._end()
        self.set_mode(mode)
        if reaction == _SAFING:
            self._events.report(events.SAFED, self.instrument, before, self._cause)
            if self._power_cycle:
                self._begin(_SWITCHING_OFF, self._cause)
        elif reaction == _SWITCHING_OFF and not self._retried:
            self._retried = True
            self._reaction = _WAITING
            self._since_ms = hal.ticks_ms()

    def _answer(self, reaction, cause):
        self._begin(reaction, cause)
        self._events.report(events.FAULT_LEVEL, enums.FAULT_LEVEL_SAFE, self.instrument, cause)

    def _begin(self, reaction, cause):
        self._end()
        self._reaction = reaction
        self._cause = cause
        self._since_ms = hal.ticks_ms()
        driver = self._driver
        if reaction == _STANDING_DOWN:
            self._steps = driver.stand_down()
        elif reaction == _SAFING:
            self._steps = driver.safing()
        elif reaction == _SWITCHING_OFF:
            self._steps = driver.switch_off_safely()
        else:
            self._steps = driver.switch_on_safely()

    def _end(self):
        steps = self._steps
        self._steps = None
        self._reaction = _NOTHING
        if steps is not None:
            steps.close()

    def _require_in_time(self):
        if hal.ticks_diff(hal.ticks_ms(), self._since_ms) > _RECOVERY_LIMIT_MS:
            raise Failure(failures.STEP_TIME_OUT, 0, _RECOVERY_LIMIT_MS)

    def _told(self, mode):
        """A mode as failures tell it, with its instrument (SENTENCE_WORDS of the host tools); 0 for none."""
        return 0 if mode == _NOBODY else self.instrument << 8 | mode

    def _require_free(self):
        self._refuse.require_clear()
        if self.busy():
            raise Refusal(failures.INSTRUMENT_BUSY, self._told(self._target))
        self._retried = False

    def _find(self, target):
        for from_mask, to_mode, procedure, guards, time_limit_ms in self._transitions:
            if to_mode == target and from_mask >> self.mode & 1:
                return procedure, guards, time_limit_ms
        raise self.not_allowed(target)

    def _override(self, cause):
        if self._target != _NOBODY:
            self._cancelled = True
            self._cancel_cause = cause
            self._overridden = True

    def _carry_out(self, target, procedure, guards, time_limit_ms, request):
        for guard in guards:
            self._interlocks.require(guard, request)
        origin = self.mode
        self._guards = guards
        self._target = target
        self._cancelled = False
        self._overridden = False
        self._frozen_by = 0
        steps = procedure(request)
        try:
            yield 0
            if self._begins is not None:
                self._begins()
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
