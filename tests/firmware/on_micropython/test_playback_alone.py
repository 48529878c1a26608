"""What the playback asks before it begins, and what ends it: each barrier alone."""

import hal

import runner
from driver_setup import Events, Hal, ends_with, fails_with, lasts
from payload.failure import Failure, Refusal
from payload.storage import playback as playback_module
from payload.storage.playback import Playback
from payload.tables import enums, events, failures, pool
from recorder_setup import ENTRY_ID, OTHER_ID, PLACE, SIZE_OCTETS, Entries, Link, no_faults
from runner import refused

PASS_MS, DURATION_S, OCTETS = 300000, 60, 0x3FFFFFFF
TRANSMITTER_LIMIT_CYCLES, STEP_LIMIT_CYCLES = 20, 600
CAUSE = 25
TRANSMITTER_OFF = enums.RECORDER_COMMAND_TRANSMITTER_OFF

playback_module.hal = Hal(time_quality=lambda: True, time_until_ms=lambda buffer, offset: PASS_MS)


class Refuse:
    def __init__(self):
        self.event_id = 0

    def require_clear(self):
        if self.event_id:
            raise Refusal(failures.REFUSE_STATE, self.event_id)

    def latched(self):
        return self.event_id != 0

    def cause(self):
        return self.event_id


class Setup:
    """The recorder does what it is commanded, when and as far as a test says so."""

    def __init__(self, state=enums.ENTRY_STATE_QUEUED):
        no_faults()
        for parameter in (
            pool.RECORDER_TRANSMITTER,
            pool.RECORDER_ACTIVITIES,
            pool.RECORDER_ACTIVE_ENTRY_ID,
            pool.RECORDER_ACTIVE_OCTETS,
        ):
            hal.pool_set(parameter, 0)
        self.link, self.entries, self.refuse, self.events = Link(), Entries(state), Refuse(), Events()
        self.playback = Playback(self.link, self.entries, self.refuse, self.events)

    def starting(self, duration_s=DURATION_S):
        return self.with_cycles(self.playback.start(bytearray(7), duration_s, OCTETS))

    def verifying(self):
        return self.with_cycles(self.playback.verify(PLACE))

    def with_cycles(self, generator):
        """The generator, with the recorder's sample and the playback's cycle after each of its steps."""
        for _ in generator:
            self.cycle()
            yield 0

    def cycle(self):
        self.link.unit.samples += 1
        self.playback.run()

    def cycles(self, count):
        for _ in range(count):
            self.cycle()
            hal.sleep((hal.ticks_ms() + 100) & 0x3FFFFFFF)

    def begins(self, activity):
        """The recorder is at our entry."""
        hal.pool_set(pool.RECORDER_ACTIVITIES, (hal.pool_get(pool.RECORDER_ACTIVITIES) + 1) & 0xFFFF)
        hal.pool_set(pool.RECORDER_ACTIVE_ENTRY_ID, ENTRY_ID)
        hal.pool_set(pool.RECORDER_ACTIVITY, activity)

    def ends(self, result, octets=0):
        hal.pool_set(pool.RECORDER_ACTIVITY, enums.RECORDER_ACTIVITY_IDLE)
        hal.pool_set(pool.RECORDER_RESULT, result)
        hal.pool_set(pool.RECORDER_ACTIVE_OCTETS, octets)

    def switched_on(self, duration_s=DURATION_S):
        """The transmitter is on, and the recorder verifies the entry."""
        starting = lasts(self.starting(duration_s), 1)
        hal.pool_set(pool.RECORDER_TRANSMITTER, 1)
        ends_with(starting)
        self.begins(enums.RECORDER_ACTIVITY_VERIFYING)

    def played(self):
        """The recorder sends the entry."""
        self.switched_on()
        self.ends(enums.RECORDER_RESULT_DONE)
        self.cycles(3)
        assert hal.pool_get(pool.PLAYBACK) == enums.PLAYBACK_STATE_PLAYING
        self.begins(enums.RECORDER_ACTIVITY_PLAYING)
        self.cycles(3)
        assert hal.pool_get(pool.PLAYBACK) == enums.PLAYBACK_STATE_PLAYING

    def ended_by(self):
        """The cause it ended by, within some cycles; None when it did not end."""
        self.cycles(6)
        causes = [fields[0] for event_id, fields in self.events.seen if event_id == events.PLAYBACK_ENDED[0]]
        assert len(causes) < 2
        return causes[0] if causes else None


def test_a_lost_recorder_is_not_asked_to_play():
    setup = Setup()
    setup.link.unit.is_linked = False
    refused(failures.UNIT_LOST, setup.playback.start, bytearray(7), DURATION_S, OCTETS)
    assert setup.link.commands == [] and setup.link.unit.calls == []


def test_a_playback_does_not_begin_while_another_goes_on():
    setup = Setup()
    setup.switched_on()
    refused(failures.PLAYBACK_RUNNING, setup.playback.start, bytearray(7), DURATION_S, OCTETS)


def test_a_transmitter_that_stays_off_fails_the_start():
    setup = Setup()
    starting = lasts(setup.starting(), TRANSMITTER_LIMIT_CYCLES - 2)
    fails_with(failures.NO_TRANSMITTER, starting, 8)
    assert setup.link.commands[-1] == TRANSMITTER_OFF


def test_a_recorder_that_is_lost_fails_the_start():
    setup = Setup()
    setup.link.unit.is_lost = True
    fails_with(failures.UNIT_LOST, setup.starting())


def test_a_recorder_that_restarts_fails_the_start():
    setup = Setup()
    starting = lasts(setup.starting(), 1)
    hal.pool_set(pool.RECORDER_BOOTS, 2)
    fails_with(failures.RECORDER_REFUSED, starting, 8)


def test_a_recorder_that_does_not_take_the_start_leaves_the_playback_idle():
    setup = Setup()
    setup.link.unit.refusing["write"] = Failure(failures.BUS_NO_REPLY)
    fails_with(failures.BUS_NO_REPLY, setup.starting(), 8)
    assert setup.playback.idle()


def test_a_recorder_that_does_not_take_the_verification_leaves_the_playback_idle():
    def command_entry(command, entry_id):
        raise Failure(failures.BUS_NO_REPLY)

    setup = Setup(enums.ENTRY_STATE_CLOSED)
    setup.link.command_entry = command_entry
    fails_with(failures.BUS_NO_REPLY, setup.verifying(), 8)
    assert setup.playback.idle()


def test_a_safing_fails_the_start():
    setup = Setup()
    starting = lasts(setup.starting(), 1)
    setup.refuse.event_id = CAUSE
    assert fails_with(failures.ABORTED, starting, 8).detail == CAUSE
    assert setup.link.commands[-1] == TRANSMITTER_OFF


def test_there_is_nothing_to_stop_in_a_verification():
    setup = Setup(enums.ENTRY_STATE_CLOSED)
    refused(failures.PLAYBACK_NOT_RUNNING, setup.playback.stop)
    lasts(setup.verifying(), 1)
    refused(failures.PLAYBACK_NOT_RUNNING, setup.playback.stop)
    setup = Setup()
    setup.switched_on()
    setup.playback.stop()
    assert setup.ended_by() == enums.PLAYBACK_END_COMMANDED


def test_a_playback_that_is_ending_is_not_stopped_again():
    """Its account of what was sent would begin anew."""
    setup = Setup()
    setup.switched_on()
    setup.playback.stop()
    refused(failures.PLAYBACK_NOT_RUNNING, setup.playback.stop)
    assert setup.ended_by() == enums.PLAYBACK_END_COMMANDED


def test_an_entry_is_not_verified_while_a_playback_goes_on():
    setup = Setup()
    setup.switched_on()
    refused(failures.PLAYBACK_RUNNING, setup.playback.verify, PLACE)


def test_a_lost_recorder_is_not_asked_to_verify():
    setup = Setup()
    setup.link.unit.is_linked = False
    refused(failures.UNIT_LOST, setup.playback.verify, PLACE)
    assert setup.link.commands == []


def _verified(result, state=enums.ENTRY_STATE_CLOSED):
    """A verification that the recorder ends with the result, before its last cycle."""
    setup = Setup(state)
    verifying = lasts(setup.verifying(), 1)
    setup.begins(enums.RECORDER_ACTIVITY_VERIFYING)
    lasts(verifying, 3)
    setup.ends(result)
    return setup, verifying


def test_an_entry_whose_crc_is_wrong_fails_its_verification():
    setup, verifying = _verified(enums.RECORDER_RESULT_BAD_CRC)
    fails_with(failures.ENTRY_CRC_WRONG, verifying)
    assert setup.entries.its_state == enums.ENTRY_STATE_CORRUPT
    setup, verifying = _verified(enums.RECORDER_RESULT_DONE)
    ends_with(verifying)
    assert setup.entries.its_state == enums.ENTRY_STATE_CLOSED


def test_an_acknowledged_entry_whose_crc_is_wrong_stays_acknowledged():
    setup, verifying = _verified(enums.RECORDER_RESULT_BAD_CRC, enums.ENTRY_STATE_ACKED)
    fails_with(failures.ENTRY_CRC_WRONG, verifying)
    assert setup.entries.its_state == enums.ENTRY_STATE_ACKED


def test_a_recorder_that_does_not_verify_fails_the_verification():
    setup = Setup(enums.ENTRY_STATE_CLOSED)
    # What it says of the entry is from an earlier verification.
    hal.pool_set(pool.RECORDER_ACTIVE_ENTRY_ID, ENTRY_ID)
    setup.ends(enums.RECORDER_RESULT_DONE)
    fails_with(failures.RECORDER_REFUSED, setup.verifying(), 12)
    setup, verifying = _verified(enums.RECORDER_RESULT_STOPPED)
    fails_with(failures.RECORDER_REFUSED, verifying, 8)


def test_a_recorder_that_is_lost_fails_the_verification():
    setup = Setup(enums.ENTRY_STATE_CLOSED)
    verifying = lasts(setup.verifying(), 1)
    setup.link.unit.is_linked = False
    setup.link.unit.is_lost = True
    fails_with(failures.UNIT_LOST, verifying, 8)


def test_a_verification_is_waited_for_a_minute():
    setup = Setup(enums.ENTRY_STATE_CLOSED)
    verifying = lasts(setup.verifying(), 1)
    setup.begins(enums.RECORDER_ACTIVITY_VERIFYING)
    fails_with(failures.RECORDER_REFUSED, lasts(verifying, STEP_LIMIT_CYCLES - 10), 20)


def test_a_verification_that_comes_to_no_end_ends_the_playback_long_before_its_time():
    setup = Setup()
    setup.switched_on(duration_s=200)
    setup.cycles(STEP_LIMIT_CYCLES - 10)
    assert setup.ended_by() is None
    setup.cycles(20)
    assert setup.ended_by() == enums.PLAYBACK_END_RECORDER_REFUSED


def test_what_gets_on_is_waited_for_and_what_does_not_ends_the_playback():
    setup = Setup()
    setup.switched_on(duration_s=300)
    for octets in (1, 2):
        hal.pool_set(pool.RECORDER_ACTIVE_OCTETS, octets)
        setup.cycles(STEP_LIMIT_CYCLES - 10)
        assert setup.ended_by() is None
    setup.ends(enums.RECORDER_RESULT_DONE)
    setup.cycles(1)
    setup.begins(enums.RECORDER_ACTIVITY_PLAYING)
    hal.pool_set(pool.RECORDER_ACTIVE_OCTETS, 1)
    setup.cycles(STEP_LIMIT_CYCLES - 10)
    assert setup.ended_by() is None
    setup.cycles(20)
    assert setup.ended_by() == enums.PLAYBACK_END_RECORDER_REFUSED


def test_a_flash_that_takes_long_is_not_the_recorders_fault():
    setup = Setup()
    setup.switched_on(duration_s=200)
    takes = setup.entries.try_change
    setup.entries.try_change = lambda *arguments: False
    setup.ends(enums.RECORDER_RESULT_BAD_CRC)
    setup.cycles(STEP_LIMIT_CYCLES + 10)
    assert hal.pool_get(pool.PLAYBACK) == enums.PLAYBACK_STATE_STORING
    setup.entries.try_change = takes
    assert setup.ended_by() == enums.PLAYBACK_END_QUEUE_EMPTY


def test_an_entry_that_is_not_verified_well_is_not_played():
    for result, cause, state in (
        (enums.RECORDER_RESULT_STOPPED, enums.PLAYBACK_END_RECORDER_REFUSED, enums.ENTRY_STATE_QUEUED),
        (enums.RECORDER_RESULT_BAD_CRC, enums.PLAYBACK_END_QUEUE_EMPTY, enums.ENTRY_STATE_CORRUPT),
    ):
        setup = Setup()
        setup.switched_on()
        setup.ends(result)
        assert setup.ended_by() == cause
        assert setup.entries.its_state == state
        assert (enums.RECORDER_COMMAND_PLAY_ENTRY, ENTRY_ID) not in setup.link.commands


def test_a_safing_ends_the_playback():
    setup = Setup()
    setup.played()
    setup.refuse.event_id = CAUSE
    assert setup.ended_by() == enums.PLAYBACK_END_SAFED
    assert TRANSMITTER_OFF in setup.link.commands


def test_a_recorder_that_is_lost_ends_the_playback():
    setup = Setup()
    setup.played()
    setup.link.unit.is_lost = True
    assert setup.ended_by() == enums.PLAYBACK_END_RECORDER_LOST


def test_a_recorder_that_restarts_ends_the_playback():
    setup = Setup()
    setup.played()
    hal.pool_set(pool.RECORDER_BOOTS, 2)
    hal.pool_set(pool.RECORDER_ACTIVE_OCTETS, SIZE_OCTETS)
    assert setup.ended_by() == enums.PLAYBACK_END_RECORDER_RESTARTED
    assert setup.entries.its_state == enums.ENTRY_STATE_QUEUED and setup.entries.sent_octets == 0


def test_the_playback_ends_with_its_time():
    setup = Setup()
    setup.switched_on(2)
    setup.cycles(10)
    assert setup.ended_by() is None
    setup.cycles(10)
    assert setup.ended_by() == enums.PLAYBACK_END_TIME
    assert TRANSMITTER_OFF in setup.link.commands


def test_what_the_recorder_does_with_another_entry_ends_the_playback():
    setup = Setup()
    setup.played()
    hal.pool_set(pool.RECORDER_ACTIVE_ENTRY_ID, ENTRY_ID + 1)
    assert setup.ended_by() == enums.PLAYBACK_END_RECORDER_REFUSED
    setup = Setup()
    setup.played()
    hal.pool_set(pool.RECORDER_ACTIVITY, enums.RECORDER_ACTIVITY_VERIFYING)
    assert setup.ended_by() == enums.PLAYBACK_END_RECORDER_REFUSED


def test_an_entry_is_sent_only_when_all_of_it_was_played():
    for result, octets, cause in (
        (enums.RECORDER_RESULT_DOWNLINK_LOST, SIZE_OCTETS, enums.PLAYBACK_END_DOWNLINK_LOST),
        (enums.RECORDER_RESULT_STOPPED, SIZE_OCTETS, enums.PLAYBACK_END_RECORDER_REFUSED),
        (enums.RECORDER_RESULT_DONE, SIZE_OCTETS - 1, enums.PLAYBACK_END_OCTETS),
    ):
        setup = Setup()
        setup.played()
        setup.ends(result, octets)
        assert setup.ended_by() == cause
        assert setup.entries.its_state == enums.ENTRY_STATE_QUEUED
    setup = Setup()
    setup.played()
    setup.ends(enums.RECORDER_RESULT_DONE, SIZE_OCTETS)
    assert setup.ended_by() == enums.PLAYBACK_END_QUEUE_EMPTY
    assert setup.entries.its_state == enums.ENTRY_STATE_SENT


def test_a_downlink_that_is_lost_ends_the_playback_whatever_the_recorder_does():
    for prepare in (Setup.switched_on, Setup.played):
        setup = Setup()
        prepare(setup)
        hal.pool_set(pool.RECORDER_TRANSMITTER, 0)
        assert setup.ended_by() == enums.PLAYBACK_END_DOWNLINK_LOST
        assert setup.entries.its_state == enums.ENTRY_STATE_QUEUED


def test_a_verification_alone_needs_no_transmitter():
    setup = Setup(enums.ENTRY_STATE_CLOSED)
    next(setup.verifying())
    setup.begins(enums.RECORDER_ACTIVITY_VERIFYING)
    setup.cycle()
    assert hal.pool_get(pool.PLAYBACK) == enums.PLAYBACK_STATE_VERIFYING


def _storing(setup, result):
    """What the recorder says it did is to be stored, and the flash does not take it yet; the way out of that."""
    takes = setup.entries.try_change
    setup.entries.try_change = lambda *arguments: False
    setup.ends(result, SIZE_OCTETS)
    setup.cycles(3)
    assert hal.pool_get(pool.PLAYBACK) == enums.PLAYBACK_STATE_STORING

    def stored():
        setup.entries.try_change = takes

    return stored


def _changes_told(setup):
    return [fields for event_id, fields in setup.events.seen if event_id == events.ENTRY_CHANGED[0]]


def test_what_is_found_corrupt_while_the_flash_is_waited_for_is_not_sent():
    setup = Setup()
    setup.played()
    stored = _storing(setup, enums.RECORDER_RESULT_DONE)
    setup.entries.its_state = enums.ENTRY_STATE_CORRUPT
    stored()
    assert setup.ended_by() == enums.PLAYBACK_END_QUEUE_EMPTY
    assert setup.entries.its_state == enums.ENTRY_STATE_CORRUPT and not _changes_told(setup)


def test_what_is_found_corrupt_while_it_is_played_stays_so():
    for result in (enums.RECORDER_RESULT_DONE, enums.RECORDER_RESULT_DOWNLINK_LOST):
        setup = Setup()
        setup.played()
        setup.entries.its_state = enums.ENTRY_STATE_CORRUPT
        setup.ends(result, SIZE_OCTETS)
        assert setup.ended_by() is not None
        assert setup.entries.its_state == enums.ENTRY_STATE_CORRUPT and not _changes_told(setup)


def test_what_the_ground_acknowledges_while_the_flash_is_waited_for_is_not_made_corrupt():
    for state in (enums.ENTRY_STATE_ACKED, enums.ENTRY_STATE_DELETED):
        setup, verifying = _verified(enums.RECORDER_RESULT_NONE, enums.ENTRY_STATE_SENT)
        stored = _storing(setup, enums.RECORDER_RESULT_BAD_CRC)
        setup.entries.its_state = state
        stored()
        fails_with(failures.ENTRY_CRC_WRONG, verifying)
        assert setup.entries.its_state == state


def test_a_place_that_another_entry_has_taken_is_not_changed():
    setup, verifying = _verified(enums.RECORDER_RESULT_NONE, enums.ENTRY_STATE_SENT)
    stored = _storing(setup, enums.RECORDER_RESULT_BAD_CRC)
    setup.entries.its_id, setup.entries.its_state = OTHER_ID, enums.ENTRY_STATE_CLOSED
    stored()
    fails_with(failures.ENTRY_CRC_WRONG, verifying)
    assert setup.entries.its_state == enums.ENTRY_STATE_CLOSED


def test_an_entry_that_was_sent_is_told_of_though_the_playback_ends_before_it_is_stored():
    setup = Setup()
    setup.played()
    stored = _storing(setup, enums.RECORDER_RESULT_DONE)
    setup.playback.stop()
    setup.cycles(6)
    assert not _changes_told(setup) and setup.ended_by() is None
    stored()
    assert setup.ended_by() == enums.PLAYBACK_END_COMMANDED
    assert _changes_told(setup) == [(ENTRY_ID, enums.ENTRY_STATE_SENT)]
    assert setup.entries.its_state == enums.ENTRY_STATE_SENT


def _verified_and_not_played(spoil):
    """The recorder has verified all of the entry; then the test spoils what would begin to play it."""
    setup = Setup()
    setup.switched_on()
    setup.ends(enums.RECORDER_RESULT_DONE, SIZE_OCTETS)
    spoil(setup)
    return setup


def test_what_was_verified_and_not_played_was_not_sent():
    def refuses_writes(setup):
        setup.link.unit.refusing["write"] = Failure(failures.BUS_NO_REPLY)

    def begins_nothing(setup):
        pass

    def loses_its_transmitter(setup):
        setup.cycles(3)
        assert hal.pool_get(pool.PLAYBACK) == enums.PLAYBACK_STATE_PLAYING
        hal.pool_set(pool.RECORDER_TRANSMITTER, 0)

    for spoil, cause in (
        (refuses_writes, enums.PLAYBACK_END_RECORDER_REFUSED),
        (begins_nothing, enums.PLAYBACK_END_RECORDER_REFUSED),
        (loses_its_transmitter, enums.PLAYBACK_END_DOWNLINK_LOST),
    ):
        setup = _verified_and_not_played(spoil)
        setup.cycles(4)
        assert setup.ended_by() == cause
        assert setup.entries.its_state == enums.ENTRY_STATE_QUEUED and setup.entries.sent_octets == 0
        assert setup.events.seen[-1] == (events.PLAYBACK_ENDED[0], (cause, 0, 0))


def test_a_carrier_that_stays_on_is_switched_off_again_while_the_end_waits_for_the_flash():
    setup = Setup()
    setup.played()
    stored = _storing(setup, enums.RECORDER_RESULT_DONE)
    setup.playback.stop()
    assert setup.link.commands.count(TRANSMITTER_OFF) == 1
    for _ in range(30):
        hal.pool_set(pool.RECORDER_TRANSMITTER, 1)
        setup.cycles(1)
    assert hal.pool_get(pool.PLAYBACK) == enums.PLAYBACK_STATE_ENDING
    assert setup.link.commands.count(TRANSMITTER_OFF) == 1 + 3, "about once a second"
    stored()
    assert setup.ended_by() == enums.PLAYBACK_END_COMMANDED


def test_a_carrier_that_is_on_without_a_playback_is_switched_off():
    setup = Setup()
    hal.pool_set(pool.RECORDER_TRANSMITTER, 1)
    setup.cycle()
    assert setup.link.commands == [TRANSMITTER_OFF]


runner.run(globals())
