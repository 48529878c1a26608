"""What is asked before a telecommand, of the recorder and of the catalogue, weakened, each with the test that fails.

What such a weakening is, and how its test is run: weakened_firmware.py.
"""

from tests.safety.weakened_firmware import TestedWeakening

_CATALOGUE = "storage/catalogue.py"
_ENTRIES = "storage/entries.py"
_PLAYBACK = "storage/playback.py"
_SERVICE = "services/recorder.py"
_ROUTER = "tmtc/router.py"
_FULL = "test_recorder.py::test_a_full_catalogue_refuses_and_a_deleted_place_is_used_again"
_WHOLE_WAY = "test_recorder.py::test_the_whole_way_and_every_refusal_on_it"
_NO_SENSE = "test_recorder.py::test_the_playback_is_refused_when_it_makes_no_sense"
_NOT_IN_FLASH = "test_failed_takes.py::test_an_entry_that_flash_does_not_take_fails_the_data_take_before_it_radiates"
_CORRUPT_LATE = "test_catalogue_waits.py::test_what_is_found_corrupt_late_leaves_an_entry_acknowledged"
_ANOTHER_ENTRY = "test_catalogue_waits.py::test_a_place_that_another_entry_has_taken_is_not_changed"
_UNKNOWN = "test_an_entry_that_is_not_there_is_left_alone"
_QUEUED = "test_what_cannot_be_sent_is_not_queued"
_ACKNOWLEDGED = "test_what_was_not_sent_is_not_acknowledged"
_DELETED = "test_what_the_ground_has_not_acknowledged_is_not_deleted"
_VERIFIED = "test_what_cannot_be_verified_is_not"
_ARMED = "test_an_erasure_of_what_the_ground_may_still_get_is_not_armed"
_NO_LONGER_ERASABLE = "test_an_entry_that_is_not_erasable_any_more_when_its_erasure_fires_is_not_erased"
_OTHER_DATA = "test_an_acknowledgement_of_other_data_is_refused"
_ANOTHER_PLAYBACK = "test_a_playback_does_not_begin_while_another_goes_on"
_NO_TRANSMITTER = "test_a_transmitter_that_stays_off_fails_the_start"
_NOT_VERIFIED = "test_a_recorder_that_does_not_verify_fails_the_verification"
_NOT_PLAYED = "test_an_entry_that_is_not_verified_well_is_not_played"
_RESTARTED = "test_a_recorder_that_restarts_ends_the_playback"
_NOT_BEGUN = "test_a_recorder_that_does_not_take_the_start_leaves_the_playback_idle"
_VERIFICATION_NOT_BEGUN = "test_a_recorder_that_does_not_take_the_verification_leaves_the_playback_idle"
_ANOTHER_ACTIVITY = "test_what_the_recorder_does_with_another_entry_ends_the_playback"
_ALL_OF_IT = "test_an_entry_is_sent_only_when_all_of_it_was_played"
_NOT_SENT = "test_what_was_verified_and_not_played_was_not_sent"
_NOT_MADE_CORRUPT = "test_what_the_ground_acknowledges_while_the_flash_is_waited_for_is_not_made_corrupt"
_EVERY_REFUSAL = "test_router.py::test_every_refusal_is_one_failure_report"


def _catalogue(name: str, old: str, new: str, test: str) -> TestedWeakening:
    proof = test if "::" in test else f"test_catalogue_alone.py::{test}"
    return TestedWeakening(f"catalogue: {name}", _CATALOGUE, old, new, proof)


def _entries(name: str, old: str, new: str, proof: str) -> TestedWeakening:
    return TestedWeakening(f"entries: {name}", _ENTRIES, old, new, proof)


def _router(name: str, old: str, new: str, proof: str = _EVERY_REFUSAL) -> TestedWeakening:
    return TestedWeakening(f"router: {name}", _ROUTER, old, new, proof)


def _playback(name: str, old: str, new: str, test: str) -> TestedWeakening:
    proof = test if "::" in test else f"test_playback_alone.py::{test}"
    return TestedWeakening(f"playback: {name}", _PLAYBACK, old, new, proof)


def _service(name: str, old: str, new: str, test: str) -> TestedWeakening:
    proof = test if "::" in test else f"test_recorder_alone.py::{test}"
    return TestedWeakening(f"recorder: {name}", _SERVICE, old, new, proof)


CATALOGUE = (
    _catalogue("an entry needs no room", "self._entries.require_room()", "pass", _FULL),
    _catalogue("an entry is opened that the other instrument holds", "if self._held:", "if False:",
               "test_power_and_catalogue.py::test_one_holder_of_an_entry"),
    _catalogue("an entry is opened over one that nobody holds", "while not self._held and self._may_record():", "while False:",
               "test_an_entry_is_opened_when_the_one_that_nobody_holds_is_closed"),
    _catalogue("an opening that was cut off opened nothing", "return self._unseen_cycles > 0 or ", "return ",
               "test_power_and_catalogue.py::test_no_entry_is_recorded_into_that_an_opening_cut_off_left_behind"),
    _catalogue("an entry that nobody closes has any time", "if hal.ticks_diff(hal.ticks_ms(), started_ms) > _STEP_LIMIT_MS:", "if False:",
               "test_an_entry_that_nobody_closes_is_waited_for_two_seconds"),
    _catalogue("a lost recorder is waited for to close an entry", "            unit.require_link()\n            if", "            if",
               "test_a_recorder_that_is_lost_with_an_entry_that_nobody_holds_is_not_waited_for"),
    _catalogue("a lost recorder opens an entry", "        unit.require_link()\n        if", "        if",
               "test_a_lost_recorder_is_not_asked_to_open_an_entry"),
    _catalogue("an entry is opened without a place", "if self._entries.room() < 0:", "if False:", _FULL),
    _catalogue("a lost recorder records", "self._link.unit.require_link()\n        if not hal", "if not hal",
               "test_a_lost_recorder_does_not_record"),
    _catalogue("a failed recorder records", "if hal.pool_get(pool.RECORDER_STATE) == enums.RECORDER_STATE_FAILED:", "if False:",
               "test_a_failed_recorder_does_not_record"),
    _catalogue("another entry is ours", "self.open_entry_id() != self._held_id or ", "", "test_another_entry_is_not_ours"),
    _catalogue("an entry outlives a restart of the recorder", " or hal.pool_get(pool.RECORDER_BOOTS) != self._held_boots", "",
               "test_the_same_entry_after_a_restart_is_not_ours"),
    _catalogue("a full recorder records", "if self._link.flags(enums.RECORDER_FAULT_FULL):", "if False:",
               "test_a_full_recorder_does_not_record"),
    _catalogue("a lost recorder closes an entry", "self._link.unit.require_link()\n        entry_id", "entry_id",
               "test_a_lost_recorder_is_not_asked_to_close_an_entry"),
    _catalogue("no entry is closed", "if entry_id == 0:", "if False:", "test_no_open_entry_is_not_closed"),
    _catalogue("an entry that is not read back is closed", "if self._link.record_id() != entry_id:", "if False:",
               "test_an_entry_that_is_not_read_back_is_not_taken_for_closed"),
    _catalogue("an entry is entered twice", "if self._entries.find(entry_id) >= 0:", "if False:",
               "test_catalogue_waits.py::test_an_entry_that_is_taken_in_while_its_opening_waits_is_held_once"),
    _catalogue("an entry is recorded into that has no place", "        if place < 0:\n            raise", "        if False:\n            raise",
               "test_an_entry_without_a_place_is_not_recorded_into"),
    _catalogue("a lost recorder is waited for", "            self._link.unit.require_link()\n            flags", "            flags",
               "test_a_recorder_that_is_lost_while_it_opens_an_entry_is_not_waited_for"),
    _catalogue("a recorder that refuses is waited for", "if flags or hal", "if hal",
               "test_a_recorder_that_refuses_an_entry_is_not_waited_for"),
    _catalogue("a recorder has any time", " or hal.ticks_diff(hal.ticks_ms(), started_ms) > _STEP_LIMIT_MS:", ":",
               "test_a_recorder_that_does_not_open_an_entry_is_waited_for_two_seconds"),
    _entries("one that is not there is taken", "        if place < 0:\n            raise", "        if False:\n            raise", _WHOLE_WAY),
    _entries("another entry's place is changed", "self._ids[place] != entry_id or ", "", _ANOTHER_ENTRY),
    _entries("any state is changed", " or self._states[place] not in states", "", _CORRUPT_LATE),
    _entries("there is always room", "if self.room() < 0:", "if False:", _FULL),
    _entries("a flash that takes nothing has any time", "self._try_edit(place, edit):\n            self._require_storing(place, started_ms)",
             "self._try_edit(place, edit):\n            pass", "test_catalogue_alone.py::test_a_flash_that_takes_no_entry_is_waited_for_so_long"),
    _entries("a flash that takes no new entry has any time", "break\n            self._require_storing(place, started_ms)",
             "break\n            pass", _NOT_IN_FLASH),
    _entries("a flash that does not end has any time", "RECORDS_CATALOGUE):\n            self._require_storing(place, started_ms)",
             "RECORDS_CATALOGUE):\n            pass", "test_catalogue_alone.py::test_a_flash_that_does_not_end_is_waited_for_so_long"),
    _entries("a state is stored over what the entry became", "self.require_state(place, entry_id, instead_of)", "pass", _ANOTHER_ENTRY),
    _entries("a flash has any time", "> _STORE_LIMIT_MS:", "> 10000000:", _NOT_IN_FLASH),
)  # fmt: skip

ROUTER = (
    _router("a telecommand whose CRC is wrong", "        if code:\n", "        if False:\n"),
    _router("a telecommand to another application", "if code == failures.UNKNOWN_APID:", "if False:"),
    _router("an unknown subservice is an unknown service", "if service in self._services:", "if False:"),
    _router("an unknown service is not answered", "self._reject(request, failures.UNKNOWN_SERVICE, service, 0)", "pass"),
    _router("an argument that is refused is not answered", "self._reject(request, refusal.code, refusal.detail, refusal.limit)", "pass"),
    _router("a list without its length", "if offset + 1 > end:", "if False:"),
    _router("an empty list", "count == 0 or ", ""),
    _router("a list too long", " or count > list_max", ""),
    _router("arguments too short", "if offset + count * octets > end:", "if False:"),
    _router("an argument below its minimum", "(minimum is not None and value < minimum)", "False"),
    _router("an argument above its maximum", "(maximum is not None and value > maximum)", "False"),
    _router("an argument that is not allowed", "(allowed is not None and value not in allowed)", "False"),
    _router("arguments too long", "if offset != end:", "if False:"),
    _router("any number of handlers", "if slot is None:", "if False:", "test_router.py::test_handlers_at_once_are_bounded"),
    _router("a bench's telecommand in flight", "if flags & _FLAG_BENCH_ONLY and not self._bench_build:", "if False:",
            "test_router.py::test_bench_telecommands_are_refused_by_a_flight_build"),
)  # fmt: skip

PLAYBACK = (
    _playback("begins in the REFUSE state", "self._refuse.require_clear()", "pass", _NO_SENSE),
    _playback("begins in another", "if not self.idle():", "if False:", _ANOTHER_PLAYBACK),
    _playback("does not ask whether another goes on", "self._refuse.require_clear()\n        self.require_idle()",
              "self._refuse.require_clear()\n        pass", _ANOTHER_PLAYBACK),
    _playback("begins with a lost recorder", "self._link.unit.require_link()\n        if not", "pass\n        if not",
              "test_a_lost_recorder_is_not_asked_to_play"),
    _playback("begins without the time", "if not hal.time_quality():", "if False:", _NO_SENSE),
    _playback("begins for no pass", "if pass_ms < _LEAST_PASS_MS:", "if False:", _NO_SENSE),
    _playback("begins with nothing to send", "if self._entries.next_queued() < 0:", "if False:", _WHOLE_WAY),
    _playback("does not say that the transmitter stays off", "if cause == enums.PLAYBACK_END_NO_TRANSMITTER:", "if False:", _NO_TRANSMITTER),
    _playback("does not say that the recorder is lost", "if cause == enums.PLAYBACK_END_RECORDER_LOST:", "if False:",
              "test_a_recorder_that_is_lost_fails_the_start"),
    _playback("does not say that the recorder refuses",
              "if cause in (enums.PLAYBACK_END_RECORDER_REFUSED, enums.PLAYBACK_END_RECORDER_RESTARTED):", "if False:",
              "test_a_recorder_that_restarts_fails_the_start"),
    _playback("has begun that was aborted", "raise Failure(failures.ABORTED, self._refuse.cause())", "pass", "test_a_safing_fails_the_start"),
    _playback("is stopped that does not run", "if self.idle() or", "if False or", _NO_SENSE),
    _playback("is stopped in a verification", " or self._alone or", " or", "test_there_is_nothing_to_stop_in_a_verification"),
    _playback("is stopped that is ending", " or self._state == enums.PLAYBACK_STATE_ENDING:", ":", "test_a_playback_that_is_ending_is_not_stopped_again"),
    _playback("is disturbed by a verification", "self.require_idle()\n        self._link.unit.require_link()\n        self._alone",
              "pass\n        self._link.unit.require_link()\n        self._alone", "test_an_entry_is_not_verified_while_a_playback_goes_on"),
    _playback("verifies with a lost recorder", "self._link.unit.require_link()\n        self._alone", "pass\n        self._alone",
              "test_a_lost_recorder_is_not_asked_to_verify"),
    _playback("does not say that the CRC is wrong", "if self._verdict == enums.RECORDER_RESULT_BAD_CRC:\n            raise", "if False:\n            raise",
              "test_an_entry_whose_crc_is_wrong_fails_its_verification"),
    _playback("does not say that the recorder was lost verifying", "self._link.unit.require_link()\n            raise", "pass\n            raise",
              "test_a_recorder_that_is_lost_fails_the_verification"),
    _playback("takes an entry for verified that is not",
              "require_link()\n            raise Failure(failures.RECORDER_REFUSED, hal.pool_get(pool.RECORDER_FAULT_FLAGS))", "require_link()",
              _NOT_VERIFIED),
    # What ends it or passes a failure on, which refuses nothing itself.
    _playback("goes on that did not begin", "            raise\n        yield 0\n        while self._state ==", "        yield 0\n        while self._state ==",
              _NOT_BEGUN),
    _playback("is not idle that did not begin", "            self._enter(enums.PLAYBACK_STATE_IDLE)\n            raise\n        yield 0\n        while self._state ==",
              "            raise\n        yield 0\n        while self._state ==", _NOT_BEGUN),
    _playback("goes on with a verification that did not begin", "            raise\n        yield 0\n        while not", "        yield 0\n        while not",
              _VERIFICATION_NOT_BEGUN),
    _playback("is not idle whose verification did not begin",
              "            self._enter(enums.PLAYBACK_STATE_IDLE)\n            raise\n        yield 0\n        while not",
              "            raise\n        yield 0\n        while not", _VERIFICATION_NOT_BEGUN),
    _playback("goes on with a lost recorder", "if self._link.unit.lost():\n            cause", "if False:\n            cause",
              "test_a_recorder_that_is_lost_ends_the_playback"),
    _playback("goes on after a restart of the recorder", "elif hal.pool_get(pool.RECORDER_BOOTS) != self._boots:", "elif False:", _RESTARTED),
    _playback("counts what a recorder sent that restarted", "not restarted and ", "", _RESTARTED),
    _playback("counts what it verified as sent", "not restarted and self._has_begun():", "not restarted:", _NOT_SENT),
    _playback("counts what it verified as sent when it cannot ask for more",
              "self._expect_activity()\n        try:", "try:", _NOT_SENT),
    _playback("verifies for ever", "elif self._step_lasted_ms() > _STEP_LIMIT_MS and", "elif False and", "test_a_verification_is_waited_for_a_minute"),
    _playback("waits for the flash no longer than for the recorder", " and (self._alone or self._state != enums.PLAYBACK_STATE_STORING):", ":",
              "test_a_flash_that_takes_long_is_not_the_recorders_fault"),
    _playback("gives up what gets on", "if octets > self._reached:", "if False:",
              "test_what_gets_on_is_waited_for_and_what_does_not_ends_the_playback"),
    _playback("goes on after a safing", "elif not self._alone and self._refuse.latched():", "elif False:", "test_a_safing_ends_the_playback"),
    _playback("goes on after its time", "elif not self._alone and hal.ticks_diff(hal.ticks_ms(), self._started_ms) >= self._limit_ms:", "elif False:",
              "test_the_playback_ends_with_its_time"),
    _playback("waits for its transmitter for ever", "elif self._step_lasted_ms() > _TRANSMITTER_LIMIT_MS:", "elif False:", _NO_TRANSMITTER),
    _playback("takes an earlier activity for its own", "began = hal.pool_get(pool.RECORDER_ACTIVITIES) == self._activity", "began = True", _NOT_VERIFIED),
    _playback("takes another entry's activity for its own", "return began and hal.pool_get(pool.RECORDER_ACTIVE_ENTRY_ID) == self.entry_id()", "return began", _ANOTHER_ACTIVITY),
    _playback("takes another activity for its own", "if now != activity:", "if False:", _ANOTHER_ACTIVITY),
    _playback("sends a corrupt entry", "if self._verdict == enums.RECORDER_RESULT_BAD_CRC:\n            self._events", "if False:\n            self._events",
              _NOT_PLAYED),
    _playback("makes an acknowledged entry corrupt", "return now not in _WITH_THE_GROUND", "return True", _NOT_MADE_CORRUPT),
    _playback("makes a deleted entry corrupt", "enums.ENTRY_STATE_ACKED, enums.ENTRY_STATE_DELETED)", "enums.ENTRY_STATE_ACKED,)",
              _NOT_MADE_CORRUPT),
    _playback("changes another entry in the place", "if self._entries.id(self._place) != self._store_id:", "if False:",
              "test_a_place_that_another_entry_has_taken_is_not_changed"),
    _playback("makes a corrupt entry one that was sent", "return now == enums.ENTRY_STATE_QUEUED", "return True",
              "test_what_is_found_corrupt_while_the_flash_is_waited_for_is_not_sent"),
    _playback("does not ask whether the entry has changed", "if self._unstored and self._may_follow():", "if self._unstored:",
              "test_what_is_found_corrupt_while_it_is_played_stays_so"),
    _playback("does not say that an entry was sent when it ends", "if self._store_id and not self._stored():",
              "if self._unstored and not self._stored():", "test_an_entry_that_was_sent_is_told_of_though_the_playback_ends_before_it_is_stored"),
    _playback("goes on without its transmitter", "elif self._needs_transmitter() and not hal.pool_get(pool.RECORDER_TRANSMITTER):",
              "elif False:", "test_a_downlink_that_is_lost_ends_the_playback_whatever_the_recorder_does"),
    _playback("needs a transmitter to verify", "not self._alone and self._state != enums.PLAYBACK_STATE_SWITCHING_ON",
              "self._state != enums.PLAYBACK_STATE_SWITCHING_ON", "test_a_verification_alone_needs_no_transmitter"),
    _playback("sends an entry that was not verified", "elif self._verdict != enums.RECORDER_RESULT_DONE:", "elif False:", _NOT_PLAYED),
    _playback("does not say that the downlink was lost", "if result == enums.RECORDER_RESULT_DOWNLINK_LOST:", "if False:", _ALL_OF_IT),
    _playback("takes an entry for sent that the recorder stopped", "elif result != enums.RECORDER_RESULT_DONE:", "elif False:", _ALL_OF_IT),
    _playback("takes a part of an entry for all of it",
              "if reached == self._entries.field(self._place, hal.U32, units.CATALOGUE_ENTRY_SIZE_OCTETS):", "if True:", _ALL_OF_IT),
    _playback("leaves a carrier on while it ends", "                self._keep_transmitter_off()\n                self._finish()",
              "                self._finish()",
              "test_a_carrier_that_stays_on_is_switched_off_again_while_the_end_waits_for_the_flash"),
    _playback("leaves a carrier on", "elif hal.pool_valid(pool.RECORDER_TRANSMITTER) and hal.pool_get(pool.RECORDER_TRANSMITTER):", "elif False:",
              "test_a_carrier_that_is_on_without_a_playback_is_switched_off"),
)  # fmt: skip

# In place of a guard that also finds the entry's place: what only finds it.
_FOUND = "self._entries.find(entry_id)"
SERVICE = (
    _service("a catalogue is reported that has no such entry", "if entry_id == 0:\n            raise", "if False:\n            raise",
             "test_a_catalogue_that_has_no_such_entry_is_not_reported"),
    _service("any entry is queued", "place = self._require_sendable(entry_id)\n        self._require_not_active",
             f"place = {_FOUND}\n        self._require_not_active", _QUEUED),
    _service("an entry is queued while it is sent", "self._require_not_active(entry_id)\n        accepted_in", "pass\n        accepted_in",
             "test_an_entry_that_is_being_sent_is_not_queued"),
    _service("an entry is queued over what it became", "            self._require_sendable(entry_id)\n            #", "            #",
             "test_an_entry_that_became_corrupt_while_the_flash_was_waited_for_is_not_queued"),
    _service("an entry that was sent meanwhile is sent again", "self._entries.require_state(place, entry_id, accepted_in)", "pass",
             "test_an_entry_that_was_sent_while_the_flash_was_waited_for_is_not_queued_again"),
    _service("any entry is acknowledged", "place = self._require_sent(entry_id)", f"place = {_FOUND}", _ACKNOWLEDGED),
    _service("an entry of another size is acknowledged", "if size_octets != size:", "if False:", _OTHER_DATA),
    _service("an entry of another CRC is acknowledged", "if crc32 != self._entries.field(place, hal.U32, units.CATALOGUE_ENTRY_CRC32):",
             "if False:", _OTHER_DATA),
    _service("an entry is acknowledged over what it became", "            self._require_sent(entry_id)\n            record", "            record",
             "test_an_entry_that_was_queued_again_while_the_flash_was_waited_for_is_not_acknowledged"),
    _service("an entry is deleted while it is read", "self._require_not_active(entry_id)\n        yield", "yield",
             "test_an_entry_that_is_being_verified_is_not_deleted"),
    _service("an entry is deleted that is not kept", "place = self._require_kept(entry_id)\n        state = self._entries.state(place)\n"
             "        if state == enums.ENTRY_STATE_CORRUPT:\n            raise Refusal(failures.ENTRY_IS_CORRUPT, entry_id)\n        if state != ",
             f"place = {_FOUND}\n        state = self._entries.state(place)\n"
             "        if state == enums.ENTRY_STATE_CORRUPT:\n            raise Refusal(failures.ENTRY_IS_CORRUPT, entry_id)\n        if state != ",
             _DELETED),
    _service("a corrupt entry is deleted as one not acknowledged", "if state == enums.ENTRY_STATE_CORRUPT:\n"
             "            raise Refusal(failures.ENTRY_IS_CORRUPT, entry_id)\n        if state != ",
             "if False:\n            raise Refusal(failures.ENTRY_IS_CORRUPT, entry_id)\n        if state != ", _DELETED),
    _service("an entry is deleted that the ground has not acknowledged", "if state != enums.ENTRY_STATE_ACKED:", "if False:", _DELETED),
    _service("an entry is verified that is not kept", "self._require_kept(entry_id)\n        if self._entries", f"{_FOUND}\n        if self._entries",
             _VERIFIED),
    _service("a corrupt entry is verified", "if self._entries.state(place) == enums.ENTRY_STATE_CORRUPT:", "if False:", _VERIFIED),
    _service("any erasure is armed", "self._require_erasable(entry_id)\n        self._armed_id", "pass\n        self._armed_id", _ARMED),
    _service("an entry is erased whatever it became", "self._require_erasable(entry_id)\n        self._require_not_active",
             f"{_FOUND}\n        self._require_not_active", _NO_LONGER_ERASABLE),
    _service("an entry is erased while it is verified", "self._require_not_active(entry_id)\n        if self._armed_id", "if self._armed_id",
             "test_an_entry_that_is_being_verified_is_not_erased"),
    _service("an entry is erased in one step", "if self._armed_id != entry_id:", "if False:", "test_recorder.py::test_erasing_takes_two_steps"),
    _service("an armed erasure is good for ever", "self._erase.fire()", "pass", "test_an_erasure_that_is_armed_is_good_for_once"),
    _service("the last board is quarantined", "if in_use == 1 << board:", "if False:",
             "test_recorder.py::test_boards_by_telecommand_but_never_the_last"),
    _service("a lost recorder switches a board", "self._link.unit.require_link()", "pass", "test_a_lost_recorder_is_not_asked_to_switch_a_board"),
    _service("a board is switched that stays as it was", "if bool(in_use >> board & 1) != used:", "if False:",
             "test_a_board_that_stays_in_use_is_not_taken_for_quarantined"),
    _service("an entry is kept that is not there", "place = self._entries.require(entry_id)", f"place = {_FOUND}", _UNKNOWN),
    _service("an open entry is not left alone", "if state == enums.ENTRY_STATE_OPEN:", "if False:",
             "test_recorder.py::test_an_open_entry_is_left_alone"),
    _service("a deleted entry is not left alone", "if state == enums.ENTRY_STATE_DELETED:", "if False:", _VERIFIED),
    _service("an entry is erasable that is not kept", "self._require_kept(entry_id)\n        state = self._entries.state(place)\n        if state not in",
             f"{_FOUND}\n        state = self._entries.state(place)\n        if state not in", _ARMED),
    _service("an entry is erased that the ground has not acknowledged", "if state not in _ERASABLE:", "if False:",
             "test_recorder.py::test_what_the_ground_has_not_acknowledged_is_not_erased"),
    _service("an entry is sendable that is not kept", "def _require_sendable(self, entry_id):\n        place = self._require_kept(entry_id)",
             f"def _require_sendable(self, entry_id):\n        place = {_FOUND}", _QUEUED),
    _service("a corrupt entry is sendable", "        if state == enums.ENTRY_STATE_CORRUPT:\n            raise Refusal(failures.ENTRY_IS_CORRUPT, entry_id)\n"
             "        if state == enums.ENTRY_STATE_ACKED",
             "        if False:\n            raise Refusal(failures.ENTRY_IS_CORRUPT, entry_id)\n        if state == enums.ENTRY_STATE_ACKED", _QUEUED),
    _service("an acknowledged entry is sendable", "if state == enums.ENTRY_STATE_ACKED:", "if False:", _QUEUED),
    _service("an entry is sent that is not sendable", "place = self._require_sendable(entry_id)\n        state", f"place = {_FOUND}\n        state",
             _ACKNOWLEDGED),
    _service("an entry is acknowledged that was not sent", "if state != enums.ENTRY_STATE_SENT:", "if False:", _ACKNOWLEDGED),
    _service("no entry is busy", "if self._playback.entry_id() == entry_id:", "if False:", "test_an_entry_that_is_being_sent_is_not_queued"),
    _service("a lost recorder deletes an entry", "        link.unit.require_link()\n", "", "test_a_lost_recorder_is_not_asked_to_delete_an_entry"),
    _service("an entry is deleted that the recorder still has", "if link.record_id() == entry_id:", "if False:",
             "test_an_entry_that_the_recorder_still_has_is_not_deleted_in_the_catalogue"),
)  # fmt: skip

DATA = (*CATALOGUE, *ROUTER, *PLAYBACK, *SERVICE)
