"""What keeps recorder, catalogue, settings and reports in order, weakened, each with the test that fails.

What such a weakening is, and how its test is run: weakened_firmware.py.
"""

from tests.safety.weakened_firmware import TestedWeakening

_LINK = "storage/recorder_link.py"
_RESTART = "storage/recorder_restart.py"
_RECONCILIATION = "storage/reconciliation.py"
_BOARDS = "storage/memory_boards.py"
_VALUES = "storage/persistent.py"
_REPORTS = "tmtc/reports.py"
_EVENTS = "services/events.py"
_HOUSEKEEPING = "services/housekeeping.py"
_READ_AGAIN = "test_a_record_is_read_again_until_its_crc_is_right"
_HAS_RESTARTED = "test_a_recorder_has_restarted_when_it_has_and_takes_commands"
_RESTARTED_ONCE = "test_a_recorder_that_failed_is_restarted_once"
_QUARANTINED = "test_a_board_with_many_errors_is_quarantined_but_never_the_last"
_NOT_QUARANTINED = "test_a_board_that_stays_in_use_is_told_of_and_holds_up_no_other"
_CONTRADICTS = "test_a_recorder_that_contradicts_itself_has_lost_nothing_and_is_told_of_once"
_BACK = "test_what_was_taken_for_lost_is_closed_again_when_the_recorder_shows_it"
_MISSING = "test_what_the_recorder_does_not_have_is_corrupt_but_what_the_ground_has_is_deleted"
_DELETION = "test_a_deletion_that_did_not_reach_the_recorder_is_made_good"
_DIFFERS = "test_what_differs_at_the_recorder_is_corrupt_but_what_the_ground_has_is_not"
_TAKEN_IN = "test_what_the_recorder_closed_is_taken_in"
_NO_ROOM = "test_persistent.py::test_the_journal_is_not_asked_to_take_what_is_refused"
_IN_REFUSE = "test_configuration.py::test_no_default_is_restored_in_the_refuse_state_but_in_a_safe_boot"
_ILLEGAL = "test_configuration.py::test_what_no_telecommand_would_accept_is_dropped_and_named"


def _upkeep(name: str, file: str, old: str, new: str, test: str) -> TestedWeakening:
    proof = test if "::" in test else f"test_recorder_upkeep.py::{test}"
    return TestedWeakening(f"upkeep: {name}", file, old, new, proof)


RECORDER = (
    _upkeep("a damaged record is taken", _LINK, "if hal.crc16(self.record, 0, checked) == hal.get(hal.U16, self.record, checked) and (", "if (",
            _READ_AGAIN),
    _upkeep("another entry's record is taken", _LINK, "not by_id or self.record_id() in (0, choice)", "True",
            "test_another_entry_is_not_taken_for_the_one_that_was_asked_for"),
    _upkeep("a record that cannot be read is taken", _LINK, "raise Failure(failures.BUS_BAD_REPLY, self.unit.node)", "pass", _READ_AGAIN),
    _upkeep("two read a record at once", _LINK, "while self._reading:", "while False:", "test_who_reads_a_record_is_not_disturbed"),
    _upkeep("a lost recorder is restarted", _RESTART, "link.unit.require_link()", "pass", "test_a_lost_recorder_is_not_restarted"),
    _upkeep("a restart has any time", _RESTART, "if hal.ticks_diff(hal.ticks_ms(), started_ms) > mission.RECORDER_RESTART_LIMIT_MS:", "if False:",
            "test_a_recorder_that_does_not_restart_is_waited_for_so_long"),
    _upkeep("a recorder has restarted that has not", _RESTART, "hal.pool_get(pool.RECORDER_BOOTS) == boots or ", "", _HAS_RESTARTED),
    _upkeep("a recorder has restarted that takes no commands", _RESTART, " or not link.ready():", ":", _HAS_RESTARTED),
    _upkeep("a recorder that is well is restarted", _RESTART, "if hal.pool_get(pool.RECORDER_STATE) != enums.RECORDER_STATE_FAILED:", "if False:",
            _RESTARTED_ONCE),
    _upkeep("a recorder is restarted again and again", _RESTART, "if self._tried:", "if False:", _RESTARTED_ONCE),
    _upkeep("a recorder is restarted again at once", _RESTART, "if self._well_s >= mission.RECORDER_RESTART_AGAIN_AFTER_S:", "if True:",
            _RESTARTED_ONCE),
    _upkeep("a board without errors is quarantined", _BOARDS, "if errors < mission.RECORDER_QUARANTINE_ERRORS:", "if False:", _QUARANTINED),
    _upkeep("the last board is quarantined by itself", _BOARDS, "elif in_use != bit and", "elif", _QUARANTINED),
    _upkeep("a quarantined board is told of each second", _BOARDS, "if not self._told & bit:", "if True:", _QUARANTINED),
    _upkeep("a board that stays in use is told of for ever", _BOARDS, " and self._tries[board] <= _TRIES:\n                # The", ":\n                # The", _NOT_QUARANTINED),
    _upkeep("a board that stays in use holds up the others", _BOARDS, "if self._tries[board] <= _TRIES:\n                    self", "if True:\n                    self",
            _NOT_QUARANTINED),
    _upkeep("a board is not tried again after a restart", _BOARDS, "if boots != self._boots:", "if False:", _NOT_QUARANTINED),
    _upkeep("a recorder is reconciled that takes no commands", _RECONCILIATION, " and self._link.ready():", ":",
            "test_a_recorder_that_takes_no_commands_is_not_asked"),
    _upkeep("an open record is taken in", _RECONCILIATION, "if its_state == enums.ENTRY_STATE_OPEN:", "if False:", _TAKEN_IN),
    _upkeep("a deletion is not made good", _RECONCILIATION, "if ours == enums.ENTRY_STATE_DELETED:", "if False:", _DELETION),
    _upkeep("what the recorder closed is not taken in", _RECONCILIATION, "if ours == enums.ENTRY_STATE_OPEN:", "if False:", _TAKEN_IN),
    _upkeep("a corrupt record is not seen", _RECONCILIATION, "elif its_state == enums.ENTRY_STATE_CORRUPT:", "elif False:", _DIFFERS),
    _upkeep("a record that differs is not seen", _RECONCILIATION, "elif self._differs(place, record):", "elif False:", _DIFFERS),
    _upkeep("an entry is taken in over what it became", _RECONCILIATION, "entries.require_state(place, entry_id, (ours,))", "pass",
            "test_catalogue_waits.py::test_what_is_taken_in_late_leaves_an_entry_queued"),
    _upkeep("a recorder that shows less than it counts is believed", _RECONCILIATION, "if self._shown < self._counted:", "if False:", _CONTRADICTS),
    _upkeep("a recorder that shows more than it counts is believed", _RECONCILIATION, "if self._shown != self._counted:", "if False:", _CONTRADICTS),
    _upkeep("an entry shown twice is two", _RECONCILIATION, " and entry_id not in self._listed:", ":", _CONTRADICTS),
    _upkeep("the recorder's contradictions are told of again and again", _RECONCILIATION, "if self._contradictions == _TRIES_UNTOLD:", "if True:",
            _CONTRADICTS),
    _upkeep("a contradiction is none", _RECONCILIATION, "raise Failure(failures.BUS_BAD_REPLY, self._link.unit.node)", "pass", _CONTRADICTS),
    _upkeep("what is not listed is missing", _RECONCILIATION, "if self._link.record_id():\n            self._shown += 1", "if False:\n            self._shown += 1",
            _CONTRADICTS),
    _upkeep("an entry made meanwhile is missing", _RECONCILIATION, "if self._seen[place]:\n            # Another", "if False:\n            # Another",
            "test_an_entry_made_while_the_recorder_is_asked_for_the_one_before_it_is_not_missing"),
    _upkeep("what is back is not closed again", _RECONCILIATION, "if its_state == enums.ENTRY_STATE_CLOSED and", "if False and", _BACK),
    _upkeep("what is back corrupt is closed", _RECONCILIATION, "if its_state == enums.ENTRY_STATE_CLOSED and", "if", _BACK),
    _upkeep("what is back is closed with any content", _RECONCILIATION, "return size == 0 or not self._differs(place, record)", "return True", _BACK),
    _upkeep("an open entry is missing", _RECONCILIATION, "if entry_id == hal.pool_get(pool.RECORDER_OPEN_ENTRY_ID):", "if False:",
            "test_the_entry_that_is_open_is_not_missing"),
    _upkeep("an acknowledged entry that is missing is left", _RECONCILIATION, "if state == enums.ENTRY_STATE_ACKED:", "if False:", _MISSING),
    _upkeep("an acknowledged entry becomes corrupt", _RECONCILIATION, "enums.ENTRY_STATE_CORRUPT, _WITHOUT_THE_GROUND)",
            "enums.ENTRY_STATE_CORRUPT, _WITHOUT_THE_GROUND + _ACKED)", _DIFFERS),
)  # fmt: skip

SERVICES = (
    _upkeep("a value below its type is kept", _VALUES, "if not 0 <= value", "if not value", _NO_ROOM),
    _upkeep("a value above its type is kept", _VALUES, "0 <= value <= persistent.RECORDS[key][1]", "0 <= value", _NO_ROOM),
    _upkeep("a value of another firmware is taken", _VALUES, "return value if value <= largest else default", "return value",
            "test_persistent.py::test_what_another_firmware_left_is_not_taken_for_a_value"),
    _upkeep("an event of high severity is disabled", _EVENTS, "if self._severities[event_id] == _HIGH:", "if False:",
            "test_events.py::test_no_event_of_high_severity_is_ever_disabled"),
    _upkeep("an event of high severity stays disabled", _EVENTS, "self._severities.get(event_id, _HIGH) != _HIGH:", "event_id in self._severities:",
            _ILLEGAL),
    _upkeep("any event is enabled", _EVENTS, "if event_id not in self._severities:", "if False:",
            "test_events.py::test_an_event_that_there_is_not_is_not_enabled"),
    _upkeep("a severity has no budget", _EVENTS, "if self._spent[level] >= self._budget[level]:", "if False:",
            "test_events.py::test_budget_of_each_severity_is_its_own"),
    _upkeep("any structure is the last one", _HOUSEKEEPING, "raise Refusal(failures.NO_SUCH_STRUCTURE, structure_id)", "return self._structures[-1]",
            "test_housekeeping.py::test_an_unknown_structure_changes_nothing"),
    _upkeep("a value is reported that does not fit", _REPORTS, "if offset < 0:", "if False:",
            "test_report_fields.py::test_a_value_that_does_not_fit_its_field_is_not_reported"),
    _upkeep("a structure is reported that does not fit", _REPORTS, "if octets == 0:", "if False:",
            "test_report_fields.py::test_more_parameters_than_the_mask_has_bits_are_not_reported"),
    _upkeep("a connection to another application is answered", "services/test.py", "if apid != mission.PACKETS_PAYLOAD_APID:", "if False:",
            "test_connection.py::test_a_connection_to_another_application_is_refused"),
    _upkeep("defaults are restored in the REFUSE state", "services/configuration.py", "self._refuse.require_clear()", "pass", _IN_REFUSE),
    _upkeep("no defaults are restored in a safe boot's REFUSE state", "services/configuration.py", "if not self._boot_history.safe:",
            "if True:", _IN_REFUSE),
    _upkeep("any period is kept over a boot", _HOUSEKEEPING, " or not lowest <= period_cycles <= highest:", ":", _ILLEGAL),
)  # fmt: skip

UPKEEP = (*RECORDER, *SERVICES)
