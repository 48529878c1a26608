"""Playback of queued entries to the downlink transmitter, a step each cycle, and the verification before each.

Nothing here allocates from cycle to cycle. The transmitter is on for a playback only: whatever ends it, and
whatever the recorder was left in by a reset of ours, the transmitter is switched off until the recorder says
that it is; the recorder also switches it off by itself after the time it is given.
"""

import hal
from micropython import const

from payload.failure import Failure, Refusal
from payload.tables import enums, events, failures, mission, pool, units

_TRANSMITTER_LIMIT_MS = const(2000)
# How long the recorder may verify or play without getting on.
_STEP_LIMIT_MS = const(60000)
_LIMIT_MARGIN_S = const(5)
_LEAST_PASS_MS = const(1000)
_RETRY_CYCLES = const(10)
_NOWHERE = const(-1)

# An entry that the ground has is not made CORRUPT.
_WITH_THE_GROUND = (enums.ENTRY_STATE_ACKED, enums.ENTRY_STATE_DELETED)


class Playback:
    """`refuse` is the REFUSE state: a safing ends the playback."""

    def __init__(self, link, entries, refuse, event_service):
        self._link = link
        self._entries = entries
        self._refuse = refuse
        self._events = event_service
        self._state = enums.PLAYBACK_STATE_IDLE
        self._place = _NOWHERE
        self._offset = 0
        self._octets_left = 0
        self._started_ms = 0
        self._step_ms = 0
        self._reached = 0
        self._limit_ms = 0
        self._limit_cause = 0
        self._target_sample = 0
        self._activity = 0
        self._boots = 0
        self._sent_entries = 0
        self._sent_octets = 0
        self._store_id = 0
        self._store_state = 0
        self._store_sent = 0
        self._unstored = False
        self._played = False
        self._silent = False
        self._cause = 0
        self._alone = False
        self._verdict = 0
        self._skip_cycles = 0
        self._publish()

    def idle(self):
        return self._state == enums.PLAYBACK_STATE_IDLE

    def entry_id(self):
        """The entry being verified or sent; 0 for none."""
        return 0 if self._place < 0 else self._entries.id(self._place)

    def require_idle(self):
        if not self.idle():
            raise Refusal(failures.PLAYBACK_RUNNING, self._state, self.entry_id())

    def start(self, pass_end, duration_s, octets):
        """Generator: switch the transmitter on; from then on run() plays. Raises Refusal, later Failure."""
        self._refuse.require_clear()
        self.require_idle()
        self._link.unit.require_link()
        if not hal.time_quality():
            raise Refusal(failures.TIME_NOT_SET)
        pass_ms = hal.time_until_ms(pass_end, 0)
        if pass_ms < _LEAST_PASS_MS:
            raise Refusal(failures.PASS_OVER, pass_ms, _LEAST_PASS_MS)
        if self._entries.next_queued() < 0:
            raise Refusal(failures.NOTHING_QUEUED)
        self._limit_ms = min(pass_ms, duration_s * 1000)
        self._limit_cause = enums.PLAYBACK_END_PASS_END if pass_ms <= duration_s * 1000 else enums.PLAYBACK_END_TIME
        self._octets_left = octets
        self._sent_entries = 0
        self._sent_octets = 0
        self._alone = False
        self._begin(enums.PLAYBACK_STATE_SWITCHING_ON)
        try:
            self._switch_on()
        except Failure:
            self._enter(enums.PLAYBACK_STATE_IDLE)
            raise
        yield 0
        while self._state == enums.PLAYBACK_STATE_SWITCHING_ON:
            yield 0
        if self._silent:
            while not self.idle():
                yield 0
            self._raise_end()

    def _raise_end(self):
        """What ended the playback before it began, as the telecommand's failure."""
        cause = self._cause
        if cause == enums.PLAYBACK_END_NO_TRANSMITTER:
            raise Failure(failures.NO_TRANSMITTER, hal.pool_get(pool.RECORDER_FAULT_FLAGS))
        if cause == enums.PLAYBACK_END_RECORDER_LOST:
            raise Failure(failures.UNIT_LOST, self._link.unit.node)
        if cause in (enums.PLAYBACK_END_RECORDER_REFUSED, enums.PLAYBACK_END_RECORDER_RESTARTED):
            raise Failure(failures.RECORDER_REFUSED, hal.pool_get(pool.RECORDER_FAULT_FLAGS))
        raise Failure(failures.ABORTED, self._refuse.cause())

    def stop(self):
        """By telecommand. Raises Refusal when there is nothing to stop; one that is ending has its reason already."""
        if self.idle() or self._alone or self._state == enums.PLAYBACK_STATE_ENDING:
            raise Refusal(failures.PLAYBACK_NOT_RUNNING)
        self._end(enums.PLAYBACK_END_COMMANDED)

    def verify(self, place):
        """Generator: have the recorder check one entry. Raises Failure when it is corrupt or cannot be checked."""
        self.require_idle()
        self._link.unit.require_link()
        self._alone = True
        self._begin(enums.PLAYBACK_STATE_VERIFYING)
        self._place = place
        self._verdict = enums.RECORDER_RESULT_NONE
        entry_id = self._entries.id(place)
        try:
            self._command(enums.RECORDER_COMMAND_VERIFY_ENTRY)
        except Failure:
            self._enter(enums.PLAYBACK_STATE_IDLE)
            raise
        yield 0
        while not self.idle():
            yield 0
        if self._verdict == enums.RECORDER_RESULT_BAD_CRC:
            raise Failure(failures.ENTRY_CRC_WRONG, entry_id)
        if self._verdict != enums.RECORDER_RESULT_DONE:
            self._link.unit.require_link()
            raise Failure(failures.RECORDER_REFUSED, hal.pool_get(pool.RECORDER_FAULT_FLAGS))

    def run(self):
        """Once a cycle, after the recorder's sample."""
        if self._state == enums.PLAYBACK_STATE_IDLE:
            self._keep_transmitter_off()
        elif self._state != enums.PLAYBACK_STATE_ENDING and self._bound_reached():
            pass
        elif self._state == enums.PLAYBACK_STATE_SWITCHING_ON:
            self._await_transmitter()
        elif self._state == enums.PLAYBACK_STATE_STORING:
            self._store()
        elif self._state == enums.PLAYBACK_STATE_ENDING:
            if self._sampled() or self._link.unit.lost():
                self._keep_transmitter_off()
                self._finish()
        elif self._sampled():
            if self._state == enums.PLAYBACK_STATE_VERIFYING:
                self._watch_verification()
            else:
                self._watch_playing()

    def _begin(self, state):
        self._boots = hal.pool_get(pool.RECORDER_BOOTS)
        self._started_ms = hal.ticks_ms()
        self._cause = 0
        self._silent = False
        self._place = _NOWHERE
        self._enter(state)

    def _enter(self, state):
        self._state = state
        self._step_ms = hal.ticks_ms()
        self._reached = 0
        if state == enums.PLAYBACK_STATE_IDLE:
            self._place = _NOWHERE
        self._publish()

    def _publish(self):
        hal.pool_set(pool.PLAYBACK, self._state)
        hal.pool_set(pool.PLAYBACK_ENTRY_ID, self.entry_id())

    def _command(self, command):
        """A command about the entry; what comes of it is in the samples after the next."""
        self._expect_activity()
        self._link.command_entry(command, self._entries.id(self._place))
        self._await_samples()

    def _expect_activity(self):
        self._activity = (hal.pool_get(pool.RECORDER_ACTIVITIES) + 1) & 0xFFFF

    def _has_begun(self):
        """Does what the recorder says of its activity tell of the one that was commanded last?"""
        began = hal.pool_get(pool.RECORDER_ACTIVITIES) == self._activity
        return began and hal.pool_get(pool.RECORDER_ACTIVE_ENTRY_ID) == self.entry_id()

    def _await_samples(self):
        self._target_sample = (self._link.unit.samples + 2) & 0xFFFF

    def _sampled(self):
        return ((self._link.unit.samples - self._target_sample) & 0xFFFF) < 0x8000

    def _step_lasted_ms(self):
        return hal.ticks_diff(hal.ticks_ms(), self._step_ms)

    def _switch_on(self):
        unit = self._link.unit
        unit.write(units.RECORDER_CONTROL_DOWNLINK_RATE_KBIT_S, hal.U16, mission.SCIENCE_DOWNLINK_RATE_KBIT_S)
        unit.write(units.RECORDER_CONTROL_DOWNLINK_SPACECRAFT, hal.U8, hal.spacecraft_id() & 0xFF)
        unit.write(units.RECORDER_CONTROL_DOWNLINK_LIMIT_S, hal.U16, self._limit_ms // 1000 + _LIMIT_MARGIN_S)
        self._link.command(enums.RECORDER_COMMAND_TRANSMITTER_ON)
        self._await_samples()

    def _keep_transmitter_off(self):
        if self._skip_cycles:
            self._skip_cycles -= 1
        elif hal.pool_valid(pool.RECORDER_TRANSMITTER) and hal.pool_get(pool.RECORDER_TRANSMITTER):
            self._skip_cycles = _RETRY_CYCLES
            self._try_command(enums.RECORDER_COMMAND_TRANSMITTER_OFF)

    def _try_command(self, command):
        try:
            self._link.command(command)
        except Failure as failure:
            hal.console("recorder command %d: failure %d\n" % (command, failure.code))
            return False
        return True

    def _bound_reached(self):
        """End the playback when something outside of it says so."""
        cause = _NOWHERE
        if self._link.unit.lost():
            cause = enums.PLAYBACK_END_RECORDER_LOST
        elif hal.pool_get(pool.RECORDER_BOOTS) != self._boots:
            cause = enums.PLAYBACK_END_RECORDER_RESTARTED
        elif self._step_lasted_ms() > _STEP_LIMIT_MS and (self._alone or self._state != enums.PLAYBACK_STATE_STORING):
            # In a playback the flash may take longer, and the pass bounds it.
            cause = enums.PLAYBACK_END_RECORDER_REFUSED
        elif not self._alone and self._refuse.latched():
            cause = enums.PLAYBACK_END_SAFED
        elif not self._alone and hal.ticks_diff(hal.ticks_ms(), self._started_ms) >= self._limit_ms:
            cause = self._limit_cause
        elif self._needs_transmitter() and not hal.pool_get(pool.RECORDER_TRANSMITTER):
            cause = enums.PLAYBACK_END_DOWNLINK_LOST
        if cause < 0:
            return False
        self._end(cause)
        return True

    def _needs_transmitter(self):
        """Once it was seen on; not for a verification that was asked for alone."""
        return not self._alone and self._state != enums.PLAYBACK_STATE_SWITCHING_ON

    def _await_transmitter(self):
        if self._sampled() and hal.pool_get(pool.RECORDER_TRANSMITTER):
            self._next_entry()
        elif self._step_lasted_ms() > _TRANSMITTER_LIMIT_MS:
            self._end(enums.PLAYBACK_END_NO_TRANSMITTER)

    def _next_entry(self):
        """Check the entry that is first in the queue; the playback ends when there is none."""
        self._place = self._entries.next_queued()
        if self._place < 0:
            self._end(enums.PLAYBACK_END_QUEUE_EMPTY)
            return
        self._enter(enums.PLAYBACK_STATE_VERIFYING)
        self._command_or_end(enums.RECORDER_COMMAND_VERIFY_ENTRY)

    def _command_or_end(self, command):
        try:
            self._command(command)
        except Failure as failure:
            hal.console("recorder command %d: failure %d\n" % (command, failure.code))
            self._end(enums.PLAYBACK_END_RECORDER_REFUSED)

    def _activity_ended(self, activity):
        """Has the recorder finished with our entry? Ends the playback when it does something else."""
        if not self._has_begun():
            self._end(enums.PLAYBACK_END_RECORDER_REFUSED)
            return False
        now = hal.pool_get(pool.RECORDER_ACTIVITY)
        if now == enums.RECORDER_ACTIVITY_IDLE:
            return True
        if now != activity:
            self._end(enums.PLAYBACK_END_RECORDER_REFUSED)
            return False
        octets = hal.pool_get(pool.RECORDER_ACTIVE_OCTETS)
        if octets > self._reached:
            # It gets on: it may take as long again.
            self._reached = octets
            self._step_ms = hal.ticks_ms()
        return False

    def _watch_verification(self):
        if not self._activity_ended(enums.RECORDER_ACTIVITY_VERIFYING):
            return
        self._verdict = hal.pool_get(pool.RECORDER_RESULT)
        if self._verdict == enums.RECORDER_RESULT_BAD_CRC:
            self._events.report(events.ENTRY_CORRUPT, self.entry_id(), enums.CORRUPT_CAUSE_CRC)
            self._store_as(enums.ENTRY_STATE_CORRUPT, 0)
        elif self._verdict != enums.RECORDER_RESULT_DONE:
            self._end(enums.PLAYBACK_END_RECORDER_REFUSED)
        elif self._alone:
            self._enter(enums.PLAYBACK_STATE_IDLE)
        else:
            self._play()

    def _play(self):
        self._offset = self._entries.field(self._place, hal.U32, units.CATALOGUE_ENTRY_SENT_OCTETS)
        unit = self._link.unit
        self._enter(enums.PLAYBACK_STATE_PLAYING)
        self._expect_activity()
        try:
            unit.write(units.RECORDER_CONTROL_PLAY_OFFSET, hal.U32, self._offset)
            unit.write(units.RECORDER_CONTROL_PLAY_OCTETS, hal.U32, self._octets_left)
        except Failure as failure:
            hal.console("playback not set up: failure %d\n" % failure.code)
            self._end(enums.PLAYBACK_END_RECORDER_REFUSED)
            return
        self._command_or_end(enums.RECORDER_COMMAND_PLAY_ENTRY)

    def _watch_playing(self):
        if not self._activity_ended(enums.RECORDER_ACTIVITY_PLAYING):
            return
        result = hal.pool_get(pool.RECORDER_RESULT)
        if result == enums.RECORDER_RESULT_DOWNLINK_LOST:
            self._end(enums.PLAYBACK_END_DOWNLINK_LOST)
        elif result != enums.RECORDER_RESULT_DONE:
            self._end(enums.PLAYBACK_END_RECORDER_REFUSED)
        else:
            reached = self._account()
            if reached == self._entries.field(self._place, hal.U32, units.CATALOGUE_ENTRY_SIZE_OCTETS):
                self._sent_entries = min(self._sent_entries + 1, 255)
                self._store_as(enums.ENTRY_STATE_SENT, reached)
            else:
                self._end(enums.PLAYBACK_END_OCTETS)

    def _account(self):
        """Add what was sent of the entry since the last time; the offset it reached."""
        reached = hal.pool_get(pool.RECORDER_ACTIVE_OCTETS)
        sent = max(reached - self._offset, 0)
        self._offset = reached
        self._sent_octets += sent
        self._octets_left = max(self._octets_left - sent, 0)
        return reached

    def _store_as(self, state, sent_octets):
        self._begin_storing(state, sent_octets)
        self._enter(enums.PLAYBACK_STATE_STORING)
        self._store()

    def _begin_storing(self, state, sent_octets):
        self._store_id = self.entry_id()
        self._store_state = state
        self._store_sent = sent_octets
        self._unstored = True

    def _store(self):
        """Until the entry's new state is in flash; then the next entry, or the end."""
        if not self._stored():
            return
        if self._alone:
            self._enter(enums.PLAYBACK_STATE_IDLE)
        elif self._octets_left == 0:
            self._end(enums.PLAYBACK_END_OCTETS)
        else:
            self._next_entry()

    def _stored(self):
        """A step of storing; True once the new state is in flash and told of, or the entry went another way."""
        if self._unstored and self._may_follow():
            self._unstored = not self._entries.try_change(self._place, self._store_state, self._store_sent)
            return False
        if not self._unstored:
            if hal.records_pending(hal.RECORDS_CATALOGUE):
                return False
            if self._store_state == enums.ENTRY_STATE_SENT:
                self._events.report(events.ENTRY_CHANGED, self._store_id, self._store_state)
        self._unstored = False
        self._store_id = 0
        return True

    def _may_follow(self):
        """Is the place still the entry's, in a state before the one to store? The flash may have been waited for."""
        now = self._entries.state(self._place)
        if self._entries.id(self._place) != self._store_id:
            return False
        if self._store_state == enums.ENTRY_STATE_CORRUPT:
            return now not in _WITH_THE_GROUND
        # A QUEUED entry is SENT, or stays QUEUED with what was sent of it; what was found corrupt stays so.
        return now == enums.ENTRY_STATE_QUEUED

    def _end(self, cause):
        """Stop the recorder and its transmitter; what was sent is stored once the recorder says how much."""
        self._cause = cause
        self._silent = self._alone or self._state == enums.PLAYBACK_STATE_SWITCHING_ON
        self._played = self._state == enums.PLAYBACK_STATE_PLAYING
        if not (self._played or self._store_id):
            self._place = _NOWHERE
        self._enter(enums.PLAYBACK_STATE_ENDING)
        asked = cause != enums.PLAYBACK_END_RECORDER_LOST and self._try_command(enums.RECORDER_COMMAND_STOP)
        if asked and self._try_command(enums.RECORDER_COMMAND_TRANSMITTER_OFF):
            self._await_samples()
        else:
            # It cannot be asked: what it had reached at its last sample is what counts.
            self._target_sample = self._link.unit.samples

    def _finish(self):
        """Store how far the entry came, then rest. A recorder that restarted forgot how far it was."""
        if self._played:
            self._played = False
            restarted = hal.pool_get(pool.RECORDER_BOOTS) != self._boots
            if not restarted and self._has_begun():
                self._account()
            self._begin_storing(enums.ENTRY_STATE_QUEUED, self._offset)
        if self._store_id and not self._stored():
            return
        self._enter(enums.PLAYBACK_STATE_IDLE)
        if not self._silent:
            self._events.report(events.PLAYBACK_ENDED, self._cause, self._sent_entries, self._sent_octets)
