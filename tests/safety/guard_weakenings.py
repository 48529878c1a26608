"""The C guard and the C part of the interlocks, weakened one condition at a time.

Each weakening is a place in a file of hal/core and what stands there instead, and the test of tests/hal that must
fail with it. A place that is no longer there is an error, so that the list follows the code.
"""

from dataclasses import dataclass

_MASKED = "    uint32_t state = board_interrupts_disable();\n"
_UNMASKED = "    uint32_t state = 0;\n"
_DRIVEN_MASKED = "test_hal_guard.py::test_transmit_enable_is_driven_with_interrupts_disabled"
_TOO_LATE = "test_hal_guard.py::test_what_comes_too_late_does_not_save_a_transmission_before_the_next_tick"
_REFUSED = "test_hal_guard.py::test_a_permit_that_is_refused_takes_the_former_back"
_ONE_COPY = "test_hal_guard.py::test_a_level_that_one_copy_shows_is_taken_for_on_and_a_permit_for_none"
_UPSET = "test_hal_guard.py::test_an_upset_of_any_word_ends_a_transmission"
_CORRUPT_READ = "test_hal_guard.py::test_a_read_of_corrupt_state_errs_to_the_safe_side"
_HUNG = "test_hal_guard.py::test_a_hung_application_is_off_within_ten_milliseconds_of_the_timeout"
_TAKE_LIMIT = "test_hal_guard.py::test_the_take_limit_ends_a_transmission_that_is_otherwise_healthy"
_ALARM = "test_hal_guard.py::test_the_alarm_acts_at_once_without_the_timer"
_ALARM_STANDS = "test_hal_discrete.py::test_an_alarm_that_stands_over_a_reset_is_one_that_was_raised"
_RESET = "test_hal_guard.py::test_a_reset_drops_transmission_and_is_told"
_INHIBIT = "test_hal_guard.py::test_inhibit_is_not_a_trip"
_NO_PERMIT = "test_hal_guard.py::test_off_at_power_on_and_without_a_permit"
_GROWS_OLD = "test_hal_zones.py::test_the_position_grows_old"
_CANNOT_LOOK = "test_hal_zones.py::test_times_that_cannot_be_looked_ahead_are_not_clear"
_ALLOWANCES = "test_hal_zones.py::test_half_a_step_and_an_eighth_of_the_way_are_allowed_for"
_NO_DIRECTION = "test_hal_zones.py::test_without_a_direction_every_direction_is_allowed_for"
_WRONG_MESSAGES = "test_hal_time.py::test_two_wrong_messages_that_do_not_agree_do_not_either"
_TOLD_ONCE = "test_hal_monitor.py::test_a_change_is_told_once"
_UNKNOWN = "test_hal_monitor.py::test_a_limit_is_unknown_without_a_fresh_sample"
_STALE = "test_hal_monitor.py::test_a_stale_parameter_trips_where_the_dictionary_says_so"
_OTHER_LENGTH = "test_hal_pool.py::test_a_block_of_another_length_sets_nothing"


@dataclass(frozen=True)
class GuardWeakening:
    """`file` of hal/core has `new` where it had `old`; `proof`, a test of tests/hal, must fail."""

    name: str
    file: str
    old: str
    new: str
    proof: str


def _unmasked(function: str) -> GuardWeakening:
    name = function.split("(")[0].split()[-1]
    return GuardWeakening(
        f"{name} leaves interrupts enabled", "guard.c", f"{function} {{\n{_MASKED}", f"{function} {{\n{_UNMASKED}",
        f"{_DRIVEN_MASKED}[{name.removeprefix('hal_guard_')}]",
    )  # fmt: skip


GUARD = (
    GuardWeakening(
        "a permit is not needed", "guard.c",
        "guard_words[GUARD_TRANSMITTING] == 0 && guard_words[GUARD_PERMITTED] != 0 &&",
        "guard_words[GUARD_TRANSMITTING] == 0 &&", _NO_PERMIT,
    ),
    GuardWeakening(
        "a transmission that is refused is told as begun", "guard.c",
        "bool done = (guard_words[GUARD_TRANSMITTING] != 0) == on;", "bool done = true;", _NO_PERMIT,
    ),
    GuardWeakening(
        "a transmission begins with an old heartbeat", "guard.c",
        "heartbeat_is_fresh(now_us)) {\n        set_time", "true) {\n        set_time",
        "test_hal_guard.py::test_no_transmission_begins_with_an_old_heartbeat",
    ),
    GuardWeakening(
        "a transmission goes on without a heartbeat", "guard.c",
        "if (!heartbeat_is_fresh(now_us)) {", "if (false) {", _HUNG,
    ),
    GuardWeakening(
        "a heartbeat is good for twice as long", "guard.c",
        "TRANSMIT_GUARD_HEARTBEAT_TIMEOUT_MS * (uint64_t)1000", "TRANSMIT_GUARD_HEARTBEAT_TIMEOUT_MS * (uint64_t)2000",
        _HUNG,
    ),
    GuardWeakening(
        "a late heartbeat comes before the guard's look", "guard.c",
        "    enforce(now_us);\n    if (guard_words[GUARD_TRANSMITTING] == 0) {",
        "    if (guard_words[GUARD_TRANSMITTING] == 0) {",
        f"{_TOO_LATE}[heartbeat]",
    ),
    GuardWeakening(
        "a transmission has no end", "guard.c",
        "} else if (age_us(now_us, get_time(GUARD_ON_SINCE_LOW)) >= guard_words[GUARD_TAKE_LIMIT_MS] * (uint64_t)1000) {",
        "} else if (false) {", _TAKE_LIMIT,
    ),
    GuardWeakening(
        "a transmission lasts twice its limit", "guard.c",
        "guard_words[GUARD_TAKE_LIMIT_MS] * (uint64_t)1000", "guard_words[GUARD_TAKE_LIMIT_MS] * (uint64_t)2000",
        _TAKE_LIMIT,
    ),
    GuardWeakening(
        "asking again begins the time anew", "guard.c",
        "} else if (guard_words[GUARD_TRANSMITTING] == 0 && guard_words", "} else if (guard_words",
        "test_hal_guard.py::test_asking_again_does_not_prolong",
    ),
    GuardWeakening(
        "a permit as long as asked for", "guard.c",
        "take_limit_ms < TRANSMIT_GUARD_LONGEST_PERMIT_MS ? take_limit_ms : TRANSMIT_GUARD_LONGEST_PERMIT_MS",
        "take_limit_ms", "test_hal_guard.py::test_a_permit_is_capped_by_the_dictionary",
    ),
    GuardWeakening("a permit of no length is given", "guard.c", "take_limit_ms > 0 && ", "", _REFUSED),
    GuardWeakening(
        "a permit that is refused leaves the former", "guard.c",
        "    } else {\n        withdraw();\n    }", "    }", _REFUSED,
    ),
    GuardWeakening(
        "a permit saves a transmission that is over", "guard.c",
        "    enforce(board_time_us());\n", "", f"{_TOO_LATE}[permit]",
    ),
    GuardWeakening(
        "a permit is given while the alarm is raised", "guard.c", "take_limit_ms > 0 && !hal_discrete_alarm()",
        "take_limit_ms > 0", _ALARM,
    ),
    GuardWeakening(
        "the alarm ends no transmission", "guard.c",
        "guard_words[GUARD_PERMITTED] != 0 && hal_discrete_alarm()", "false", _ALARM,
    ),
    GuardWeakening("the alarm waits for the timer", "discrete.c", "        hal_guard_tick(time_us);\n", "", _ALARM),
    GuardWeakening(
        "the alarm is not noted", "discrete.c",
        "if (!atomic_exchange(&alarm_raised, true)) {", "if (!atomic_load(&alarm_raised)) {", _ALARM,
    ),
    GuardWeakening(
        "a reset forgets an alarm that stands", "discrete.c", "bool raised = board_alarm();", "bool raised = false;",
        _ALARM_STANDS,
    ),
    GuardWeakening(
        "an alarm that stands at the boot is none that was raised", "discrete.c", "raised ? 1 : 0", "0", _ALARM_STANDS,
    ),
    GuardWeakening(
        "the alarm is not counted", "discrete.c", "atomic_load(&alarm_count) + 1", "atomic_load(&alarm_count)",
        "test_hal_discrete.py::test_the_alarm_is_counted_each_time_it_is_raised",
    ),
    GuardWeakening("the timer does nothing", "guard.c", "now_us) {\n" + _MASKED + "    enforce(now_us);\n",
                   "now_us) {\n" + _MASKED, _HUNG),
    GuardWeakening(
        "transmission is asked for before the guard's look", "guard.c",
        "    enforce(now_us);\n    if (!on) {", "    if (!on) {", _CORRUPT_READ,
    ),
    GuardWeakening("a transmission is not ended when asked", "guard.c", "        drive(false);\n    } else if",
                   "    } else if", "test_hal_flash.py::test_no_erase_starts_while_transmit_is_enabled"),
    GuardWeakening("the discrete is never dropped", "guard.c", "    board_transmit_enable(on);\n",
                   "    if (on) {\n        board_transmit_enable(on);\n    }\n", _HUNG),
    GuardWeakening("a trip withdraws nothing", "guard.c", "    withdraw();\n    /* Until", "    /* Until", _HUNG),
    GuardWeakening("a trip is not counted", "guard.c", "    trips++;\n", "", f"{_TOO_LATE}[transmit]"),
    GuardWeakening("a trip has no reason", "guard.c", "    last_reason = reason;\n", "    (void)reason;\n", _HUNG),
    GuardWeakening("a withdrawal leaves transmission on", "guard.c", "    drive(false);\n    set_word(GUARD_PERMITTED, 0);",
                   "    set_word(GUARD_PERMITTED, 0);", _INHIBIT),
    GuardWeakening("a withdrawal leaves the permit", "guard.c", "    set_word(GUARD_PERMITTED, 0);\n", "", _HUNG),
    GuardWeakening(
        "a withdrawal leaves the take limit", "guard.c", "    set_word(GUARD_TAKE_LIMIT_MS, 0);\n", "",
        "test_hal_guard.py::test_a_permit_that_two_upsets_make_has_no_time",
    ),
    GuardWeakening("the inhibit does nothing", "guard.c", "        repair();\n    }\n    withdraw();",
                   "        repair();\n    }", _INHIBIT),
    GuardWeakening(
        "the inhibit overwrites a corrupt state in silence", "guard.c",
        "    if (!is_intact()) {\n        repair();\n    }\n    withdraw();", "    withdraw();",
        "test_hal_guard.py::test_inhibit_tells_a_corrupt_state_that_it_overwrites",
    ),
    GuardWeakening("the complements are not compared", "guard.c", "return difference == 0;",
                   "return difference == difference;", _UPSET),
    GuardWeakening("the first word is not compared", "guard.c", "for (unsigned word = 0; word < GUARD_WORDS",
                   "for (unsigned word = 1; word < GUARD_WORDS", _UPSET),
    GuardWeakening("the last word is not compared", "guard.c", "for (unsigned word = 0; word < GUARD_WORDS",
                   "for (unsigned word = 0; word < GUARD_WORDS - 1", _UPSET),
    GuardWeakening("a corrupt state is repaired without a trip", "guard.c", "    trip(HAL_GUARD_CORRUPT_STATE);\n", "",
                   _UPSET),
    GuardWeakening("a permit shows in its complement alone", "guard.c", "guard_words[GUARD_PERMITTED] == 1 && ", "",
                   _ONE_COPY),
    GuardWeakening("a permit shows without its complement", "guard.c",
                   " && guard_complements[GUARD_PERMITTED] == ~UINT32_C(1)", "", _ONE_COPY),
    GuardWeakening("transmission does not show in its complement", "guard.c",
                   " || guard_complements[GUARD_TRANSMITTING] != COMPLEMENT_OF_ZERO", "", _ONE_COPY),
    GuardWeakening("transmission shows in its complement alone", "guard.c",
                   "guard_words[GUARD_TRANSMITTING] != 0 || ", "", _ONE_COPY),
    GuardWeakening("a start leaves the permit", "guard.c", _MASKED + "    withdraw();\n    set_time", _MASKED + "    set_time",
                   _RESET),
    GuardWeakening("a start does not set up the guard", "core.c", "    hal_guard_init();\n", "", _RESET),
    GuardWeakening("a reset while transmitting is not told", "guard.c", "if (hal_noinit_reset_while_transmitting()) {",
                   "if (false) {", _RESET),
    GuardWeakening("transmission is not noted for the next boot", "guard.c", "    hal_noinit_note_transmitting(on);\n", "",
                   _RESET),
    GuardWeakening("a transmission that was cut is not noted for the next boot", "guard.c",
                   "    hal_noinit_note_transmitting(cut);\n", "    (void)cut;\n",
                   "test_hal_guard.py::test_a_hang_that_is_reset_is_told_though_transmission_was_cut_before"),
    GuardWeakening("a heartbeat in a transmission takes the note away", "guard.c",
                   "if (guard_words[GUARD_TRANSMITTING] == 0) {\n        hal_noinit", "if (true) {\n        hal_noinit", _RESET),
    GuardWeakening("the note of transmission is not read", "noinit.c",
                   "kept && record->transmitting == TRANSMITTING_MARK", "false", _RESET),
    GuardWeakening("an uncorrectable memory error leaves transmission to the reset", "memory.c",
                   "    board_transmit_enable(false);\n", "", "test_hal_memory.py"),
    GuardWeakening("an uncorrectable memory error is passed over", "discrete.c",
                   "        hal_memory_uncorrectable();\n", "", "test_hal_memory.py"),
    GuardWeakening("flash is erased while transmitting", "flash.c", "if (hal_guard_transmitting()) {", "if (false) {",
                   "test_hal_flash.py::test_no_erase_starts_while_transmit_is_enabled"),
    _unmasked("void hal_guard_init(void)"),
    _unmasked("bool hal_guard_permit(uint32_t take_limit_ms)"),
    _unmasked("void hal_guard_inhibit(void)"),
    _unmasked("bool hal_guard_transmit(bool on)"),
    _unmasked("void hal_guard_heartbeat(void)"),
    _unmasked("void hal_guard_tick(uint64_t now_us)"),
)  # fmt: skip

ZONES = (
    GuardWeakening("a position that never came is known", "zones.c", "return track.is_set && !track.is_jump",
                   "return !track.is_jump", "test_hal_zones.py::test_a_start_forgets_the_position"),
    GuardWeakening("a start keeps the position", "zones.c", "void hal_zones_init(void) {\n    track.is_set = false;\n",
                   "void hal_zones_init(void) {\n", "test_hal_zones.py::test_a_start_forgets_the_position"),
    GuardWeakening("a position that jumped is known", "zones.c", "track.is_set && !track.is_jump", "track.is_set",
                   "test_hal_zones.py::test_a_jump_is_not_believed_until_the_next_position"),
    GuardWeakening("the satellite may fly twice as fast", "zones.c", "moved > FASTEST_RATE *", "moved > 2 * FASTEST_RATE *",
                   "test_hal_zones.py::test_a_jump_is_not_believed_until_the_next_position"),
    GuardWeakening("a position does not grow old", "zones.c",
                   "now_us - track.last_us <= hal_pool_table[POOL_LATITUDE_DEG].fresh_ms * UINT64_C(1000)", "true", _GROWS_OLD),
    GuardWeakening("an unknown position is clear of zones", "zones.c", "!hal_zones_position_known(now_us) || ", "",
                   _GROWS_OLD),
    GuardWeakening("a time that ends before it begins is clear", "zones.c", "from_ms > to_ms || ", "", _CANNOT_LOOK),
    GuardWeakening("a time too far ahead is clear", "zones.c", " || to_ms > HAL_ZONE_AHEAD_LARGEST_MS", "", _CANNOT_LOOK),
    GuardWeakening("the end of the time is not looked at", "zones.c", "ahead_ms < to_ms + STEP_MS;", "ahead_ms < to_ms;",
                   "test_hal_zones.py::test_the_edge_of_every_zone"),
    GuardWeakening("the age of the position is not flown", "zones.c", "zone_after(age_ms + *at_ms)",
                   "zone_after(age_ms - age_ms + *at_ms)", _NO_DIRECTION),
    GuardWeakening("an eighth of the way is not allowed for", "zones.c", "flown / ALLOWANCE_DIVISOR + ", "", _ALLOWANCES),
    GuardWeakening("half a step is not allowed for", "zones.c", " + ANGLE_OF_M(VELOCITY_M_S * STEP_MS / 2000)", "",
                   _ALLOWANCES),
    GuardWeakening("without a direction nothing is allowed for", "zones.c",
                   "zone_at(&track.last, FASTEST_RATE * flown_ms / 1000)", "zone_at(&track.last, 0)", _NO_DIRECTION),
    GuardWeakening("any movement shows a direction", "zones.c", "moved >= ANGLE_OF_M((int64_t)DIRECTION_LEAST_M)",
                   "true", _NO_DIRECTION),
    GuardWeakening("a movement over a silence shows a direction", "zones.c",
                   "if (since_ms <= HAL_ZONE_AHEAD_LARGEST_MS) {", "if (true) {",
                   "test_hal_zones.py::test_after_a_silence_any_place_is_believed"),
    GuardWeakening("a zone is as large as its allowance", "zones.c", "zones[i].radius + allowance", "allowance",
                   "test_hal_zones.py::test_the_edge_of_every_zone"),
)  # fmt: skip

TIME = (
    GuardWeakening("a message does not grow old", "time.c",
                   " && edge_us - timebase.message_us <= MESSAGE_GOOD_US", "",
                   "test_hal_time.py::test_a_message_is_good_for_one_and_a_half_seconds"),
    GuardWeakening("a message is good for every edge", "time.c", "timebase.message_waiting && edge_us",
                   "edge_us", "test_hal_time.py::test_a_message_is_good_for_one_edge"),
    GuardWeakening("one wrong message moves the clock", "time.c", "} else if (waits_for_another(error_us)) {",
                   "} else if (waits_for_another(error_us) && false) {",
                   "test_hal_time.py::test_one_wrong_message_does_not_move_a_clock_that_is_set"),
    GuardWeakening("any second message confirms a step", "time.c",
                   "timebase.doubted && magnitude(error_us - timebase.doubted_us) <= STEP_US", "timebase.doubted",
                   _WRONG_MESSAGES),
    GuardWeakening("a step is confirmed over a gap", "time.c", "        timebase.doubted = false;\n        timebase.edges",
                   "        timebase.edges", "test_hal_time.py::test_the_second_message_follows_the_first_at_once"),
    GuardWeakening("time stays disciplined without edges", "time.c",
                   "timebase.quality == HAL_TIME_DISCIPLINED && hold_is_over(board_time_us())", "false",
                   "test_hal_time.py::test_falls_back_to_set_after_ten_seconds_without_a_disciplined_edge"),
    GuardWeakening("an edge after a gap leaves time disciplined", "time.c",
                   "timebase.quality == HAL_TIME_DISCIPLINED && hold_is_over(edge_us)", "false",
                   "test_hal_time.py::test_the_fall_back_is_noticed_at_an_edge_too"),
    GuardWeakening("one edge makes time disciplined", "time.c", "#define DISCIPLINED_EDGES 3u",
                   "#define DISCIPLINED_EDGES 1u",
                   "test_hal_time.py::test_disciplined_after_three_consecutive_edges"),
    GuardWeakening("a start keeps the time", "time.c",
                   "    timebase.quality = HAL_TIME_UNSET;\n", "", "test_hal_time.py::test_a_start_forgets_the_time"),
)  # fmt: skip

MONITORS = (
    GuardWeakening("a value below a limit is within it", "monitor.c", "(monitor->limits & low_bit) != 0 && value < low",
                   "false", _TOLD_ONCE),
    GuardWeakening("a value above a limit is within it", "monitor.c",
                   "(monitor->limits & high_bit) != 0 && value > high", "false", _TOLD_ONCE),
    GuardWeakening("a limit trips one sample later", "monitor.c", "entry->beyond >= monitor->samples) {",
                   "entry->beyond > monitor->samples) {", _TOLD_ONCE),
    GuardWeakening("a stale parameter trips nothing", "monitor.c",
                   "(monitor->limits & HAL_MONITOR_STALE_TRIPS) != 0", "false", _STALE),
    GuardWeakening("a stale parameter is taken for good", "monitor.c", "!hal_pool_valid(monitor->parameter, now_us)",
                   "false", _STALE),
    GuardWeakening("a monitor with a condition never applies", "monitor.c", "hal_pool_get(monitor->condition) != 0",
                   "false", _TOLD_ONCE),
    GuardWeakening("a condition is met by what is not known any more", "monitor.c",
                   "hal_pool_valid(monitor->condition, now_us) && ", "",
                   "test_hal_monitor.py::test_a_condition_that_is_not_known_is_not_met"),
    GuardWeakening("a change is not told", "monitor.c", "progress[i].state != progress[i].reported", "false", _TOLD_ONCE),
    GuardWeakening("a trip is asked for in vain", "monitor.c",
                   "monitor < monitor_count() ? (hal_monitor_state_t)progress[monitor].state : HAL_MONITOR_WITHIN",
                   "HAL_MONITOR_WITHIN", "test_hal_monitor.py::test_only_fresh_samples_count"),
    GuardWeakening("a limit of which nothing is known is clear", "monitor.c",
                   "           !hal_pool_valid(entry->parameter, now_us);", "           false;", _UNKNOWN),
    GuardWeakening("a limit that does not apply is known only with a sample", "monitor.c",
                   "applies(entry, mode, now_us) && (entry->limits & HAL_MONITOR_EVENT_ONLY) == 0 &&\n           !hal",
                   "(entry->limits & HAL_MONITOR_EVENT_ONLY) == 0 &&\n           !hal", _UNKNOWN),
    GuardWeakening("what only tells is asked for its sample", "monitor.c",
                   "(entry->limits & HAL_MONITOR_EVENT_ONLY) == 0 &&\n           !hal", "!hal", _UNKNOWN),
    GuardWeakening("what was never set is valid", "pool.c",
                   "if (index >= POOL_COUNT || !cells[index].set) {\n        return false;",
                   "if (index >= POOL_COUNT) {\n        return false;", _OTHER_LENGTH),
    GuardWeakening("what was never set has an age", "pool.c",
                   "if (index >= POOL_COUNT || !cells[index].set) {\n        return UINT32_MAX;",
                   "if (index >= POOL_COUNT) {\n        return UINT32_MAX;",
                   "test_hal_pool.py::test_a_value_is_kept_when_it_fits"),
    GuardWeakening("a value does not grow old", "pool.c",
                   "fresh_ms == 0 || now_us - cells[index].set_us <= fresh_ms * UINT64_C(1000)", "true", _STALE),
    GuardWeakening("a value that does not fit is kept", "pool.c",
                   " || !hal_type_fits(hal_pool_table[index].type, value)", "",
                   "test_hal_pool.py::test_a_value_is_kept_when_it_fits"),
    GuardWeakening("a block of another length is loaded", "pool.c", "if (needed != octets) {", "if (needed > octets) {",
                   _OTHER_LENGTH),
    GuardWeakening("what is invalidated stays valid", "pool.c", "        cells[index].set = false;\n", "        (void)index;\n",
                   "test_hal_pool.py::test_invalidate_a_range"),
)  # fmt: skip

C_CODE = (*GUARD, *ZONES, *TIME, *MONITORS)
