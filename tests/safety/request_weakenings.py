"""What a request, a table or a budget may not be, weakened rule by rule, each with the test that fails.

What such a weakening is, and how its test is run: weakened_firmware.py.
"""

from tests.safety.weakened_firmware import TestedWeakening

_TABLE = "instruments/acquisition_table.py"
_KEPT = "instruments/kept_tables.py"
_IMAGE = "instruments/optical_image.py"
_BUDGET = "instruments/transmit_budget.py"
_AT_ITS_LIMIT = "test_each_rule_at_its_limit_and_one_beyond"
_NO_SATELLITE = "test_tables_that_no_satellite_has_are_refused"
_NO_UNIT = "test_pulses_windows_and_packets_that_no_unit_makes_are_refused"
_IN_FLASH = "test_what_is_in_flash_is_checked_as_if_it_had_just_been_loaded"
_NOT_WRITTEN = "test_a_flash_that_cannot_be_written_is_a_failed_completion"
_RULES = {
    "PRF_RANGE": _AT_ITS_LIMIT,
    "PRF_AZIMUTH": _AT_ITS_LIMIT,
    "DUTY": _AT_ITS_LIMIT,
    "WINDOW_START": _AT_ITS_LIMIT,
    "WINDOW_LENGTH": _AT_ITS_LIMIT,
    "WINDOW_AFTER_PULSE": "test_window_start_after_pulse",
    "WINDOW_BEFORE_NEXT_PULSE": _AT_ITS_LIMIT,
    "NADIR": _AT_ITS_LIMIT,
    "SAMPLING_RATE": _AT_ITS_LIMIT,
    "RAMP_RATE": _AT_ITS_LIMIT,
    "DATA_RATE": "test_data_rate_of_the_link",
    "SWEEP": "test_spotlight_needs_its_sweep_within_the_antenna",
    "PULSE_RANGE": _NO_UNIT,
    "WINDOW_RANGE": _NO_UNIT,
    "SWATH": _NO_SATELLITE,
    "ALTITUDE": _NO_SATELLITE,
}


def _table(name: str, old: str, new: str, test: str) -> TestedWeakening:
    return TestedWeakening(f"table: {name}", _TABLE, old, new, f"test_acquisition_table.py::{test}")


def _kept(name: str, old: str, new: str, test: str) -> TestedWeakening:
    return TestedWeakening(f"kept tables: {name}", _KEPT, old, new, f"test_kept_tables.py::{test}")


def _image(name: str, old: str, new: str, test: str) -> TestedWeakening:
    return TestedWeakening(f"image: {name}", _IMAGE, old, new, f"test_optical_image.py::{test}")


def _budget(name: str, old: str, new: str, test: str) -> TestedWeakening:
    return TestedWeakening(f"transmit budget: {name}", _BUDGET, old, new, f"test_transmit_budget.py::{test}")


def _clock(name: str, old: str, new: str, test: str, behind: str = "", also: str = "") -> TestedWeakening:
    """`also`: the condition of the second barrier."""
    edits = ((_BUDGET, f"if {also}:", "if False:"),) if also else ()
    return TestedWeakening(
        f"transmit budget: {name}", _BUDGET, old, new, f"test_transmit_budget_clocks.py::{test}", behind, edits
    )


TABLES = (
    *(
        _table(f"no rule {rule}", f"if margin < 0:\n        return enums.RULE_{rule}, margin",
               f"if False:\n        return enums.RULE_{rule}, margin", test)
        for rule, test in _RULES.items()
    ),
    _table("no rule RANK", "if near // pri != rank:", "if False:", _AT_ITS_LIMIT),
    _table("no rule PACKET_SIZE", "if margin < 0 or samples", "if samples", _NO_UNIT),
    _table("any mode", "if mode not in _TRANSMITTING and mode != enums.SAR_MODE_RX_ONLY:", "if False:",
           "test_mode_that_takes_no_data_is_refused"),
    _table("any number of sub-swaths", "if (count < _TOPS_LEAST) if is_tops else count != 1:", "if False:",
           "test_tops_has_more_than_one_sub_swath_and_no_rest"),
    _table("fields of sub-swaths that are not there", "    if unused:\n", "    if False:\n", "test_fields_of_another_mode_are_contradictions"),
    _table("fields of another mode", "return -1 if step or pulses_per_beam or pulses else 0", "return 0",
           "test_fields_of_another_mode_are_contradictions"),
    _table("the first sub-swath only", "for index in range(count):\n        rule", "for index in range(1):\n        rule",
           "test_tops_checks_every_sub_swath_and_names_it"),
    _table("a value without room is cut", "if offset < 0:", "if False:", "test_a_value_that_has_no_room_in_the_table_is_refused"),
    _table("a table that breaks a rule is kept", "if broken:", "if False:", "test_mode_that_takes_no_data_is_refused"),
    _table("an empty slot has a table", "not self._used[slot] or ", "", "test_empty_slot_and_damaged_slot_are_refused"),
    _kept("what the store lost is taken", "if hal.records_lost(hal.RECORDS_TABLES, slot):", "if False:",
          "test_a_slot_that_the_store_lost_is_named"),
    _kept("a table of another format is taken", "if hal.get(hal.U16, record, _FORMAT_AT) != units.ACQUISITION_TABLE_FORMAT:",
          "if False:", _IN_FLASH),
    _kept("a table whose CRC is wrong is taken", "if hal.crc16(record, 0, octets) != hal.get(hal.U16, record, octets):", "if False:",
          _IN_FLASH),
    _kept("a field out of its range is taken", "        if argument:\n", "        if False:\n", "test_a_field_out_of_its_range_is_dropped"),
    _kept("a table that breaks a rule is taken", "return broken[:2] if broken else None", "return None", _IN_FLASH),
    _kept("a damaged slot is kept", "self._drop(slot, failures.TABLE_DAMAGED)\n\n    def _empty", "pass\n\n    def _empty",
          "test_an_upset_slot_is_emptied_and_reported_and_does_not_come_back"),
    _kept("a slot is emptied in memory only", "self._used[slot] = 0\n        self._unsaved |= 1 << slot", "self._used[slot] = 0",
          "test_an_upset_slot_is_emptied_and_reported_and_does_not_come_back"),
    _kept("a load ends before the flash was written", " or hal.records_pending(hal.RECORDS_TABLES):", ":",
          "test_a_load_ends_only_when_the_table_is_in_flash"),
    _kept("a load ends before the flash was free", "while self._unsaved & slots or ", "while ", _NOT_WRITTEN),
    _kept("a load has any time", "if hal.ticks_diff(hal.ticks_ms(), started_ms) > _STORE_LIMIT_MS:", "if False:", _NOT_WRITTEN),
    _kept("a flash that failed holds a table", "if hal.records_failed(hal.RECORDS_TABLES):", "if False:", _NOT_WRITTEN),
    _kept("a safe boot writes the flash", "        if self._mounted:\n", "        if True:\n",
          "test_a_safe_boot_neither_applies_nor_writes_until_all_is_cleared"),
    _kept("a safe boot applies tables", "range(SLOTS if self._mounted else 0)", "range(SLOTS)",
          "test_a_safe_boot_neither_applies_nor_writes_until_all_is_cleared"),
)  # fmt: skip

_CONTRADICTIONS = "test_each_contradiction_of_mode_and_geometry_alone"
_TURN_AND_SPAN = "test_turn_and_span_at_their_limits"
_CALIBRATIONS = "test_calibrations_last_five_to_thirty_seconds"
_ACROSS = "test_the_smear_across_at_its_limit_and_beyond"
_ALONG = "test_the_smear_along_at_its_limit_and_beyond"
_PERIOD = "test_the_line_period_at_its_limits_and_beyond"
_INTEGRATION = "test_an_integration_beyond_the_grounds_line_period_is_refused"
_NEW_ORBIT = "test_a_step_of_the_clock_gives_no_new_time"
_LIMITS = "mission.OPTICAL_LINE_PERIOD_MINIMUM_NS <= period_ns <= mission.OPTICAL_LINE_PERIOD_MAXIMUM_NS:\n"
_NO_MINIMUM = "period_ns <= mission.OPTICAL_LINE_PERIOD_MAXIMUM_NS:\n"
_NO_MAXIMUM = "mission.OPTICAL_LINE_PERIOD_MINIMUM_NS <= period_ns:\n"
_REFUSED = "                raise Refusal(failures.LINE_PERIOD"
_FAILED = "            raise Failure(failures.LINE_PERIOD"

IMAGES = (
    _image("an integration longer than a line", "if self.integration > self.line_period:", "if False:",
           "test_integration_at_the_line_period_and_one_step_beyond"),
    _image("no contradiction is looked for", "            self._require_image()\n", "            pass\n", _CONTRADICTIONS),
    _image("a calibration of any duration", "            self._require_calibration()\n", "            pass\n", _CALIBRATIONS),
    _image("every strip takes the memory of the first", "request.line_period_of(strip) + 1", "request.line_period + 1",
           "test_memory_of_strips_nearer_nadir_than_the_first"),
    _image("memory of a strip whose period is not known", "or not hal.pool_valid(pool.ALTITUDE_M):\n            return self",
           "or False:\n            return self", "test_memory_of_strips_nearer_nadir_than_the_first"),
    _image("a strip that misses the Earth has no shortest line period", "max(period_ns, mission.OPTICAL_LINE_PERIOD_MINIMUM_NS)",
           "(period_ns or 99)", "test_memory_of_a_strip_that_misses_the_earth"),
    _image("STEREO of any strips", "_require(self.strips == 2, _STRIPS, 2)", "pass", _CONTRADICTIONS),
    _image("STEREO without a pitch", "_require(self.pitch != 0, _PITCH, 0)", "pass", _CONTRADICTIONS),
    _image("AREA of one strip", "_require(self.strips >= 2, _STRIPS, 2)", "pass", _CONTRADICTIONS),
    _image("AREA without a roll step", "_require(self.roll_step != 0, _ROLL, 0)", "pass", _CONTRADICTIONS),
    _image("AREA beyond the roll", "abs(self.roll_of(self.strips - 1)) <= mission.OPTICAL_ROLL_MAXIMUM_CENTIDEG,", "True,",
           "test_geometry_of_each_strip"),
    _image("STRIP of any strips", "_require(self.strips == 1, _STRIPS, 1)", "pass", _CONTRADICTIONS),
    _image("a roll step without AREA", "_require(self.roll_step == 0, _ROLL, 0)", "pass", _CONTRADICTIONS),
    _image("an interval of one strip", "_require(self.interval_ms == 0, _INTERVAL, 0)", "pass", _CONTRADICTIONS),
    _image("no time to turn", "_require(self.interval_ms >= shortest_ms, _INTERVAL, shortest_ms)", "pass", _TURN_AND_SPAN),
    _image("any span", "_require(span_ms <= mission.OPTICAL_LONGEST_SPAN_MS, _INTERVAL, mission.OPTICAL_LONGEST_SPAN_MS)", "pass",
           _TURN_AND_SPAN),
    _image("a calibration too short", "_require(self.duration_ms >= shortest_ms, _DURATION, shortest_ms)", "pass", _CALIBRATIONS),
    _image("a calibration too long", "_require(self.duration_ms <= longest_ms, _DURATION, longest_ms)", "pass", _CALIBRATIONS),
    _image("no contradiction is refused", "if not holds:", "if False:", _CONTRADICTIONS),
    _image("a setting without room is cut", "if offset < 0:", "if False:", "test_settings_that_fit_no_register_are_refused"),
    _image("an unknown altitude", "if not hal.pool_valid(pool.ALTITUDE_M):", "if False:", "test_an_unknown_altitude_gives_no_geometry"),
    _image("any smear across is accepted", "if across_mpx > mission.OPTICAL_SMEAR_LIMIT_MILLIPIXELS:", "if False:", _ACROSS),
    _image("any smear along is accepted", "if along_mpx > mission.OPTICAL_SMEAR_LIMIT_MILLIPIXELS + request.stages * drift * 10:", "if False:",
           _ALONG),
    _image("a line period too short is accepted", _LIMITS + _REFUSED, _NO_MINIMUM + _REFUSED, _PERIOD),
    _image("a line period too long is accepted", _LIMITS + _REFUSED, _NO_MAXIMUM + _REFUSED, _PERIOD),
    _image("any integration is accepted", "if request.integration * _NS > period_ns + period_ns * drift // 100:", "if False:",
           _INTEGRATION),
    _image("ancillary data may jump", "if jumps and request.mode in IMAGE_MODES:", "if False:",
           "test_a_jump_since_the_acceptance_is_a_failure_of_an_image_only"),
    _image("any smear along is begun with", "along_mpx > limit_mpx or ", "", _ALONG),
    _image("any smear across is begun with", " or across_mpx > limit_mpx", "", _ACROSS),
    _image("a line period too short is begun with", _LIMITS + _FAILED, _NO_MINIMUM + _FAILED, _PERIOD),
    _image("a line period too long is begun with", _LIMITS + _FAILED, _NO_MAXIMUM + _FAILED, _PERIOD),
    _image("any integration is begun with", "if request.integration > self._period:", "if False:", _INTEGRATION),
    _image("the line period does not follow the ground", "self._period = (period_ns + _NS // 2) // _NS", "pass",
           "test_the_line_period_follows_each_new_sample"),
    _image("any imaging time", "if total_s > mission.OPTICAL_IMAGING_LIMIT_S:", "if False:",
           "test_imaging_budget_at_its_limit_and_one_step_beyond"),
    _image("a step of the clock gives new imaging time", "orbit > self._orbit and (steps == self._steps or not self._time_known)", "True",
           _NEW_ORBIT),
)  # fmt: skip

_EARLY = "test_a_clock_that_is_early_takes_no_end_away_from_a_later_boot"
_STANDS = "test_a_counter_that_stands_counts_as_predicted_or_as_the_echoes_that_were_seen"
_STAY_WITHIN = "test_pulses_that_do_not_leave_the_antenna_are_not_counted"
_SINCE = "test_an_abort_counts_what_may_have_come_since_the_last_sample"

BUDGETS = (
    _budget("a take as long as asked for", "if on_ms > mission.SAR_TAKE_ON_TIME_LIMIT_MS:", "if False:", "test_one_take"),
    _budget("no cool-down", "if cool_ms > 0:", "if False:", "test_cool_down_is_twice_the_on_time"),
    _budget("any on-time within an orbit", "if orbit_ms > mission.SAR_ORBIT_ON_TIME_LIMIT_MS:", "if False:",
            "test_an_orbit_holds_300_s_and_forgets_what_is_an_orbit_ago"),
    _budget("a take does not count before its end", "store.put(_TAKES[_NEWEST][1], on_ms)\n        ended", "ended",
            "test_a_reset_within_a_take_leaves_it_counted_as_predicted"),
    _budget("the oldest of many takes is forgotten", "merged_ms = store.get(_TAKES[0][1]) + store.get(_TAKES[1][1])",
            "merged_ms = store.get(_TAKES[1][1])", "test_more_takes_than_places_are_never_counted_short"),
    _budget("a counter that lies holds the SAR up", "min(hal.pool_get(pool.SAR_TRANSMIT_TIME_MS), mission.TRANSMIT_GUARD_LONGEST_PERMIT_MS)",
            "hal.pool_get(pool.SAR_TRANSMIT_TIME_MS)", "test_a_counter_that_lies_counts_as_the_longest_the_guard_allows"),
    _budget("a unit that does not say has transmitted nothing", "and hal.pool_valid(pool.SAR_TRANSMIT_TIME_MS)\n            and", "and",
            "test_a_unit_that_does_not_say_counts_as_predicted"),
    _budget("a unit that lost its counter has transmitted nothing", "and hal.pool_get(pool.SAR_TRANSMIT_TIME_MS) >= counted_ms\n", "\n",
            "test_a_unit_that_was_reset_within_a_take_counts_as_predicted"),
    _budget("a unit that came up anew has transmitted nothing", "and hal.pool_get(pool.SAR_STATE) != enums.SAR_UNIT_STATE_BOOT\n", "\n",
            "test_a_unit_that_was_reset_within_a_take_counts_as_predicted"),
    _budget("a take counts the counter of one before it", "counted_ms != _NEVER_TAKING\n            and ", "",
            "test_a_take_that_never_came_to_its_start_counts_nothing"),
    _clock("a step of the clock shortens a cool-down", "if ended_up_s == _NOT_SINCE_BOOT:\n            return", "if True:\n            return",
            "test_a_step_of_the_clock_neither_shortens_a_cool_down_nor_empties_an_orbit",
            behind="an end that is kept is corrected", also="may_move and abs(end_s - right_s) > _LARGEST_DRIFT_S"),
    _clock("an end that is kept is not corrected", "if may_move and abs(end_s - right_s) > _LARGEST_DRIFT_S:", "if False:",
            "test_a_clock_that_was_wrong_at_a_takes_end_holds_nothing_up"),
    _clock("an early clock takes an end away", "if may_move and abs", "if abs", _EARLY),
    _clock("a clock that is early at the end takes it away",
            "max(hal.time_coarse_s(), self._start_s + since_start_ms // _MS_PER_S)", "hal.time_coarse_s()", _EARLY),
    _clock("an end ahead of now holds the SAR up", "elif end_s > now_s + _END_AHEAD_S:", "elif False:",
            "test_an_end_ahead_of_now_counts_as_now"),
    _clock("an early clock takes a kept end away", "                self._count_from_now(index)", "                self._keep_end(index, now_s)",
            "test_a_clock_that_is_early_takes_no_kept_take_away"),
    _budget("a counter that stands has transmitted nothing",
            "            and self._counter_ms() + _COUNTER_LAG_MS >= self._seen_ms\n", "", _STANDS),
    _budget("what was seen longer than predicted counts as predicted", "counted_ms, self._seen_ms)", "counted_ms)", _STANDS),
    _budget("a counter that stands is published", "(self._counted_ms if is_counted else self._seen_ms)", "self._counted_ms", _STANDS),
    _budget("pulses of TEST are seen", "hal.guard_transmitting() and _radiates():", "hal.guard_transmitting():", _STAY_WITHIN),
    _budget("pulses of TEST came since the last sample", "\n            and _radiates()\n", "\n", _STAY_WITHIN),
    _budget("echoes are seen without transmit-enable", " and hal.guard_transmitting() and", " and",
            "test_echoes_without_transmit_enable_are_not_counted"),
    _budget("nothing came since the last sample", "self._counter_ms() + self._since_sample_ms()", "self._counter_ms()", _SINCE),
    _budget("an abort may count more than the guard allows",
            "min(self._counter_ms() + self._since_sample_ms(), mission.TRANSMIT_GUARD_LONGEST_PERMIT_MS)",
            "self._counter_ms() + self._since_sample_ms()", _SINCE),
    _budget("what comes after the echoes counts", "<= enums.SAR_PHASE_ECHO", "<= enums.SAR_PHASE_CLOSING_CALIBRATION", _SINCE),
    _budget("what comes before the start counts", " + _SAMPLE_PERIOD_MS, since_start_ms), 0)", " + _SAMPLE_PERIOD_MS, 9999), 0)",
            "test_an_abort_before_the_start_counts_nothing_of_what_was_not_seen"),
    _budget("a begun take waits for its turn in flash", "store.put_now(key, store.get(key), _FLASH_LIMIT_MS)", "pass",
            "test_a_begun_take_is_in_flash_at_once_whatever_the_flash_has_to_move"),
)  # fmt: skip

REQUESTS = (*TABLES, *IMAGES, *BUDGETS)
