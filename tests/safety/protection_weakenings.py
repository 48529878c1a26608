"""Guards of fault protection, supplies and services which the checker does not weaken, each with the test that fails.

What such a weakening is, and how its test is run: weakened_firmware.py.
"""

from tests.safety.weakened_firmware import TestedWeakening

_CLOCK_SET_ANEW = "test_protection.py::test_what_this_boot_has_dated_goes_with_a_clock_that_is_set_anew"
_PROTECTION = "fdir/protection.py"
_ESCALATION = "fdir/escalation.py"
_OVER_CURRENT = "fdir/over_current.py"
_REBOOT = "fdir/reboot.py"
_BOOTS = "fdir/boot_history.py"
_POWER = "units/power.py"
_UNIT = "units/unit.py"
_SAR = "services/sar.py"
_NOT_FITTED = "test_spacecraft.py::test_what_is_not_fitted_is_refused_and_its_unit_left_alone"
_THREE_SAMPLES = "test_protection.py::test_a_limit_is_broken_by_three_samples_in_a_row_and_answered_by_standing_down"
_UNKNOWN = "test_refuse_exit.py::test_no_exit_while_nobody_knows_whether_a_limit_of_safe_is_kept"
_PLATFORM_SAFE = "test_protection.py::test_the_platforms_going_safe_switches_both_instruments_off"
_SAFE_BOOT = "test_reboot.py::test_a_safe_boot_leaves_instruments_and_recorder_alone"
_THREE_BOOTS = "test_reboot.py::test_three_boots_within_an_hour_are_a_safe_boot"
_REBOOTS = "test_reboot.py::test_a_fault_reboots_with_its_reason_noted"
_RESET_STOPS = "test_reboot.py::test_a_wanted_reset_stops_transmission_at_once_and_keeps_it_stopped"
_TOLD_AFTER_LOSS = "test_over_current.py::test_a_power_unit_that_was_lost_is_told_again"
_TOLD_AFTER_SAMPLES = "test_over_current.py::test_a_power_unit_whose_samples_begin_anew_is_told_again"
_TOLD_AFTER_SWITCH_ONS = "test_over_current.py::test_a_power_unit_that_counts_its_switch_ons_anew_is_told_again"
_TOLD_AFTER_FAILURE = "test_over_current.py::test_a_power_unit_that_did_not_take_it_is_told_again"
_LARGER = "test_over_current.py::test_in_a_transition_the_larger_of_both_modes_counts"
_TOLD_FIRST = "test_over_current.py::test_the_power_unit_learns_of_a_mode_before_its_unit_draws_the_current"
_CONFIRMED = "test_unit.py::test_what_a_unit_does_not_confirm_is_a_failure_with_its_reason"
_STANDS = "test_unit.py::test_a_unit_whose_sample_count_stands_is_lost_and_found_when_it_goes_on"
_LOST = "test_unit.py::test_a_unit_is_lost_after_so_many_bad_samples_and_its_values_with_it"
_STARVES = "test_executive.py::test_an_activity_that_makes_no_progress_starves_watchdog_and_guard"

PROTECTION = (
    TestedWeakening("the exit from REFUSE does not ask for a supply that may be on", _PROTECTION,
                    "if not driver.powered() and not driver.is_seen_unsupplied():", "if False:",
                    "test_refuse_exit.py::test_no_exit_while_a_supply_that_was_switched_off_may_be_on"),
    TestedWeakening("a limit that tripped and stands does not keep the exit shut", _PROTECTION,
                    "if monitor in self._tripped and hal.monitor_state(monitor) == _TRIP:", "if False:",
                    "test_refuse_exit.py::test_a_limit_that_tripped_keeps_the_exit_shut_until_it_is_clear"),
    TestedWeakening("HARD_OFF leads round a broken limit", _PROTECTION, "driver is not None\n            and driver.machine.is_off()", "False",
                    "test_refuse_exit.py::test_in_off_the_exit_asks_for_the_limits_of_unpowered_safe"),
    TestedWeakening("HARD_OFF leads round a limit that is not known", _PROTECTION,
                    "return hal.monitor_is_unknown(monitor, machine.unpowered_mode)", "return False", _UNKNOWN),
    TestedWeakening("what is not known keeps no exit shut in SAFE", _PROTECTION,
                    "machine.is_safe() and hal.monitor_is_unknown", "False and hal.monitor_is_unknown", _UNKNOWN),
    TestedWeakening("an alarm shorter than a cycle is missed", _PROTECTION, "hal.alarm_count()", "int(hal.alarm())",
                    "test_protection.py::test_an_alarm_that_came_and_went_between_two_cycles_is_level_4_once"),
    TestedWeakening("a lost unit is not seen", _PROTECTION, "driver.unit.lost() or power_lost", "power_lost",
                    "test_protection.py::test_a_lost_unit_is_safed"),
    TestedWeakening("a unit that is lost in SAFE keeps its supply", _PROTECTION, "if driver.unit.lost() and not machine.busy():", "if False:",
                    "test_protection.py::test_a_unit_that_is_lost_in_safe_is_switched_off"),
    TestedWeakening("a unit that fails in SAFE keeps its supply", _PROTECTION, "elif driver.failed() and not machine.busy():", "elif False:",
                    "test_protection.py::test_a_unit_that_fails_in_safe_is_switched_off"),
    TestedWeakening("a unit that fails on its way out of SAFE is switched off", _PROTECTION, "driver.failed() and not machine.busy()",
                    "driver.failed()", "test_protection.py::test_a_unit_that_fails_in_safe_is_switched_off"),
    TestedWeakening("a unit that is lost on its way out of SAFE is switched off", _PROTECTION, "driver.unit.lost() and not machine.busy()",
                    "driver.unit.lost()", "test_protection.py::test_a_unit_that_is_lost_in_safe_is_switched_off"),
    TestedWeakening("SAFE by telecommand is there before it is reached anew", _PROTECTION, " or machine.is_becoming_safe()", "",
                    "test_protection.py::test_safe_by_telecommand_of_one_on_its_way_out_of_safe_waits_until_it_is_safe_again"),
    TestedWeakening("a lost power unit is not seen", _PROTECTION, " or power_lost", "",
                    "test_protection.py::test_a_lost_power_unit_safes_what_is_on"),
    TestedWeakening("a limit that stays broken is left so", _PROTECTION,
                    "if driver is not None and not driver.machine.busy():", "if False:",
                    "test_protection.py::test_a_limit_still_broken_after_the_reaction_is_broken_again_once_it_had_time_to_settle"),
    TestedWeakening("a limit of level 2 is answered by level 1", _PROTECTION,
                    "monitors.LEVELS[monitor] == enums.FAULT_LEVEL_STAND_DOWN", "True",
                    "test_protection.py::test_a_limit_of_level_2_is_safed_with_a_power_cycle_the_first_time"),
    TestedWeakening("a limit of level 1 is not answered", _PROTECTION,
                    "self._escalation.limit_broken(driver, events.TRIP_LIMIT[0])", "pass", _THREE_SAMPLES),
    TestedWeakening("a limit of level 2 is not answered", _PROTECTION,
                    "driver.machine.safe(events.TRIP_LIMIT[0], True)", "pass",
                    "test_protection.py::test_a_limit_of_level_2_is_safed_with_a_power_cycle_the_first_time"),
    TestedWeakening("level 4 switches nothing off", _PROTECTION, "self._hard_off(driver, cause)", "pass", _PLATFORM_SAFE),
    TestedWeakening("level 4 latches only", _PROTECTION, "driver.machine.hard_off(cause)", "pass", _PLATFORM_SAFE),
    TestedWeakening("SAFE by telecommand latches REFUSE for an instrument that is off", _PROTECTION,
                    "if machine.is_off() and not machine.busy():\n            raise", "if False:\n            raise",
                    "test_protection.py::test_safe_by_telecommand_is_refused_by_an_instrument_that_is_off"),
    TestedWeakening("SAFE by telecommand never fails", _PROTECTION,
                    "if hal.ticks_diff(hal.ticks_ms(), started_ms) > _SAFING_LIMIT_MS:", "if False:",
                    "test_protection.py::test_a_safe_by_telecommand_that_is_not_reached_fails"),
    TestedWeakening("an over-current of the boot before is one of this", _POWER,
                    "self._seen_tripped = _ALL", "self._seen_tripped = 0",
                    "test_protection.py::test_an_over_current_is_level_2_once_for_the_instrument_that_uses_the_limiter"),
    TestedWeakening("an over-current that comes back as its limiter closes is none", _POWER,
                    "                self._seen_tripped &= ~(1 << limiter)\n", "                pass\n",
                    "test_protection.py::test_an_over_current_that_comes_back_as_its_limiter_closes_is_another"),
    TestedWeakening("an over-current is told of twice", _POWER, "if closed and had_tripped:", "if closed:",
                    "test_protection.py::test_a_trip_that_was_told_before_its_switch_on_failed_is_told_once"),
    TestedWeakening("an over-current is told of without a sample", _POWER,
                    "if not hal.pool_valid(pool.POWER_LIMITERS_TRIPPED):", "if False:",
                    "test_protection.py::test_an_over_current_is_level_2_once_for_the_instrument_that_uses_the_limiter"),
    TestedWeakening("a limit broken in SAFE is level 1", _ESCALATION, "machine.is_safe() or ", "",
                    "test_protection.py::test_a_limit_broken_in_safe_is_level_2_at_once"),
    TestedWeakening("level 1 does nothing", _ESCALATION, "machine.stand_down(cause)", "pass", _THREE_SAMPLES),
    TestedWeakening("level 2 does nothing", _ESCALATION, "machine.safe(cause, True)", "pass",
                    "test_protection.py::test_twice_within_an_orbit_is_level_2_with_a_power_cycle_and_the_third_begins_anew"),
    TestedWeakening("the first of two is not noted", _ESCALATION,
                    "self._date(machine.instrument)\n            machine", "machine",
                    "test_protection.py::test_twice_within_an_orbit_is_level_2_with_a_power_cycle_and_the_third_begins_anew"),
    TestedWeakening("an earlier level 1 of unknown time does not count", _ESCALATION,
                    "since_s == _UNKNOWN or now_s == _UNKNOWN or now_s", "now_s == _UNKNOWN or 0 <= now_s",
                    "test_protection.py::test_an_earlier_one_of_a_time_that_was_not_known_counts",
                    behind="a time that lies ahead of now counts"),
    TestedWeakening("an earlier level 1 that lies ahead of now does not count", _ESCALATION,
                    "now_s == _UNKNOWN or now_s", "now_s == _UNKNOWN or 0 <= now_s",
                    "test_protection.py::test_twice_in_two_orbits_is_level_1_both_times"),
    TestedWeakening("while the time is not known no earlier level 1 counts", _ESCALATION, "now_s == _UNKNOWN or ", "",
                    "test_protection.py::test_while_the_time_is_not_known_an_earlier_one_counts"),
    TestedWeakening("a clock that is set on makes a level 1 old", _ESCALATION,
                    "self._values.put(_KEYS[instrument], self._moved(since_s))", "pass", _CLOCK_SET_ANEW),
    TestedWeakening("a clock that was just set on makes a level 1 old", _ESCALATION,
                    "        self._follow_steps()\n        if machine", "        if machine", _CLOCK_SET_ANEW),
    TestedWeakening("a clock that is set on makes a level 1 of none", _ESCALATION, "and since_s not in (_NEVER, _UNKNOWN)", "",
                    _CLOCK_SET_ANEW),
    TestedWeakening("a clock that is set far on makes a level 1 old", _ESCALATION,
                    "if not -_FARTHEST_STEP_MS < step_ms < _FARTHEST_STEP_MS:", "if False:", _CLOCK_SET_ANEW),
    TestedWeakening("a clock that is set on moves what an earlier boot has dated", _ESCALATION,
                    "self._dated_here[instrument] and ", "",
                    "test_protection.py::test_what_an_earlier_boot_has_dated_stays_when_the_clock_is_set_anew"),
    TestedWeakening("an orbit is over too early", _ESCALATION, "< mission.ORBIT_PERIOD_S", "< mission.ORBIT_PERIOD_S - 60",
                    "test_protection.py::test_twice_in_two_orbits_is_level_1_both_times"),
)  # fmt: skip

OVER_CURRENT = (
    TestedWeakening("a retry is held to no current", "instruments/instrument.py", "if machine.is_retrying():", "if False:",
                    "test_over_current.py::test_a_retry_is_held_to_what_safe_draws"),
    TestedWeakening("a power unit that was lost is taken to know the trip current", _OVER_CURRENT,
                    "            self._forget()\n            self._samples = _UNKNOWN\n", "", _TOLD_AFTER_LOSS),
    TestedWeakening("a power unit whose samples begin anew is taken to know the trip current", _OVER_CURRENT,
                    "(known and step > _LARGEST_STEP_SAMPLES) or ", "", _TOLD_AFTER_SAMPLES),
    TestedWeakening("a power unit that counts switch-ons anew is taken to know the trip current", _OVER_CURRENT,
                    " or (self._switch_ons != _UNKNOWN and back)", "", _TOLD_AFTER_SWITCH_ONS),
    TestedWeakening("a restart of the power unit is seen and nothing is told again", _OVER_CURRENT,
                    "            self._forget()\n            self._events", "            self._events",
                    _TOLD_AFTER_SAMPLES),
    TestedWeakening("a restart of the power unit is not looked for", _OVER_CURRENT,
                    "if hal.pool_valid(pool.POWER_SAMPLE_COUNT):", "if False:", _TOLD_AFTER_SAMPLES),
    TestedWeakening("a trip current that was not confirmed is not told again", _OVER_CURRENT,
                    "self._told_mode[index] = _UNKNOWN\n                continue", "continue", _TOLD_AFTER_FAILURE),
    TestedWeakening("a transition's target does not count", _OVER_CURRENT,
                    "predicted_ma = max(predicted_ma, hal.get(hal.U16, currents_ma, 2 * target))", "pass", _LARGER),
    TestedWeakening("the mode that is left does not count", _OVER_CURRENT, "max(predicted_ma, hal.get(", "max(0, hal.get(",
                    _LARGER),
    TestedWeakening("the trip current is not told", _OVER_CURRENT, "self._limiters.expect(limiter, predicted_ma)", "pass",
                    _LARGER),
    TestedWeakening("the trip current is told after the unit was commanded", "instruments/instrument.py",
                    "                self._tell_drawing()", "                pass", _TOLD_FIRST),
)  # fmt: skip

BOOT = (
    TestedWeakening("leaving a safe boot is taken outside one", _BOOTS, "if not self.safe:", "if False:",
                    "test_reboot.py::test_leaving_safe_boot_forgets_the_boots"),
    TestedWeakening("a handler that a safe boot does not have answers", _BOOTS,
                    "raise Refusal(failures.SAFE_BOOT, self.boots)", "pass", _SAFE_BOOT),
    TestedWeakening("a boot is not counted", _BOOTS, "values.put(persistent.BOOT_AGE_1_MIN, 0)", "pass", _THREE_BOOTS),
    TestedWeakening("the boot before last is forgotten", _BOOTS, "values.put(persistent.BOOT_AGE_2_MIN, age_1_min)", "pass",
                    _THREE_BOOTS),
    TestedWeakening("the last boot does not count", _BOOTS, "(age_1_min < period_min) + ", "", _THREE_BOOTS),
    TestedWeakening("the boot before last does not count", _BOOTS, " + (age_2_min < period_min)", "", _THREE_BOOTS),
    TestedWeakening("a boot leaves the guard its permit", "main.py", "        hal.guard_inhibit()\n", "",
                    "test_transmit_permit.py::test_a_boot_leaves_the_guard_no_permit"),
    TestedWeakening("a boot leaves the limiters as they are", "main.py", "            self.limiters.open_all()\n", "            pass\n",
                    "test_power_and_catalogue.py::test_a_boot_opens_what_the_boot_before_left_closed"),
    TestedWeakening("a wanted reset goes on transmitting", _REBOOT, "now; reset once the reports under way had time to leave.\"\"\"\n        self._permit.inhibit()\n",
                    "now; reset once the reports under way had time to leave.\"\"\"\n", _RESET_STOPS),
    TestedWeakening("transmission begins while a reset is wanted", _REBOOT, "        self._permit.inhibit()\n        self._cycles_left",
                    "        self._cycles_left", _RESET_STOPS),
    TestedWeakening("software faults do not reboot", _REBOOT, "self.request(enums.RESET_CAUSE_SOFTWARE_FAULT)", "pass",
                    _REBOOTS),
    TestedWeakening("a later software fault is the reason", _REBOOT, "if self._cause == _NONE_WANTED:\n            hal.note_crash",
                    "if True:\n            hal.note_crash", _REBOOTS),
    TestedWeakening("the reason of a reboot is not noted", _REBOOT, "hal.note_crash(fault, activity)", "pass", _REBOOTS),
    TestedWeakening("what is noted is not in flash before a reset", _REBOOT, "self._values.flush(_FLUSH_MS)", "pass",
                    _REBOOTS),
    TestedWeakening("a wanted reset does not come", _REBOOT, "hal.reset(self._cause)", "pass", _REBOOTS),
    TestedWeakening("a reset needs no first step", "services/fault_levels.py", "self._two_step.fire()", "pass",
                    "test_reboot.py::test_a_reset_takes_two_steps"),
    TestedWeakening("an activity without progress keeps the watchdog and the guard fed", "executive.py",
                    "if not self._behind or self._progress(number):", "if True:", _STARVES),
)  # fmt: skip

SUPPLIES_AND_SERVICES = (
    TestedWeakening("a lost power unit says what is closed", _POWER, "self._unit.require_link()", "pass",
                    "test_power_and_catalogue.py::test_a_lost_power_unit_says_nothing_about_its_limiters"),
    TestedWeakening("what telemetry does not tell of yet is open", _POWER, "self.is_closed(limiter) or self.is_meant_closed(limiter)",
                    "self.is_closed(limiter)",
                    "test_power_and_catalogue.py::test_what_was_commanded_closed_may_be_closed_whatever_telemetry_says"),
    TestedWeakening("what was not commanded closed is open", _POWER, "self.is_closed(limiter) or self.is_meant_closed(limiter)",
                    "self.is_meant_closed(limiter)",
                    "test_power_and_catalogue.py::test_what_was_commanded_closed_may_be_closed_whatever_telemetry_says"),
    TestedWeakening("a supply that stays on is taken for off", _POWER, "self._require(limiter, False)", "pass",
                    "test_power_and_catalogue.py::test_supplies_that_stay_on_are_not_taken_for_off"),
    TestedWeakening("a limiter that does not follow is taken for switched", _POWER, "if is_closed != closed:", "if False:",
                    "test_power_and_catalogue.py::test_a_limiter_that_does_not_follow_is_named_with_where_it_is"),
    TestedWeakening("a close that was not confirmed is meant", _POWER, "self._meant_closed &= ~(1 << limiter)",
                    "self._meant_closed |= closed << limiter",
                    "test_power_and_catalogue.py::test_a_close_that_was_not_confirmed_is_taken_back"),
    TestedWeakening("a value that fits no register is written", _UNIT, "if end < 0:", "if False:",
                    "test_unit.py::test_a_value_that_fits_no_register_is_not_written"),
    TestedWeakening("a fresh sample is awaited of a lost unit", _UNIT, "            self.require_link()\n", "",
                    "test_unit.py::test_nothing_fresh_is_awaited_of_a_unit_that_is_lost_meanwhile"),
    TestedWeakening("a lost link is good", _UNIT, "if self.link != enums.UNIT_LINK_GOOD:", "if False:",
                    "test_unit.py::test_nothing_fresh_is_awaited_of_a_unit_that_is_lost_meanwhile"),
    TestedWeakening("a unit that gives bad samples is not lost", _UNIT, "self._bad_samples >= mission.BUS_LOST_AFTER_SAMPLES", "False", _LOST),
    TestedWeakening("a sample count that stands is a new sample", _UNIT, "count != self._sample_count and ", "", _STANDS),
    TestedWeakening("a sample count of before the supply was cut counts", _UNIT,
                    "self._sample_count = _NO_SAMPLE\n        if on:", "if on:",
                    "test_unit.py::test_the_first_sample_after_the_supply_came_is_new_whatever_its_count"),
    TestedWeakening("a unit is lost in silence", _UNIT, "if self.link != enums.UNIT_LINK_LOST:", "if False:", _LOST),
    TestedWeakening("the values of a lost unit are valid", _UNIT,
                    "_set_link(enums.UNIT_LINK_LOST)\n                hal.pool_invalidate(self._pool_first, self._pool_count)",
                    "_set_link(enums.UNIT_LINK_LOST)", _LOST),
    TestedWeakening("the status of a unit that refuses is not told", _UNIT, "if status == 3:", "if False:", _CONFIRMED),
    TestedWeakening("a unit that does not answer has confirmed", _UNIT, "raise Failure(_FAILURES[status], self.node)", "return",
                    _CONFIRMED),
    TestedWeakening("a table is loaded into no SAR", _SAR, "self._require_fitted()\n        self._refuse.require_clear()\n        return self._slots.keep",
                    "self._refuse.require_clear()\n        return self._slots.keep", _NOT_FITTED),
    TestedWeakening("a table is cleared in no SAR", _SAR, "self._require_fitted()\n        self._refuse.require_clear()\n        return self._slots.clear",
                    "self._refuse.require_clear()\n        return self._slots.clear", _NOT_FITTED),
    TestedWeakening("a table is cleared in the REFUSE state", _SAR, "self._refuse.require_clear()\n        return self._slots.clear",
                    "return self._slots.clear", "test_transmit_permit.py::test_no_table_is_cleared_in_the_refuse_state"),
    TestedWeakening("no SAR is armed", _SAR, "self._require_fitted()\n        self._refuse.require_clear()\n        self._permit.arm",
                    "self._refuse.require_clear()\n        self._permit.arm", _NOT_FITTED),
    TestedWeakening("no SAR is permitted to transmit", _SAR, "self._require_fitted()\n        self._refuse.require_clear()\n        self._permit.permit(",
                    "self._refuse.require_clear()\n        self._permit.permit(", _NOT_FITTED),
    TestedWeakening("no SAR takes data", _SAR, "self._require_fitted()\n        return self._sar", "return self._sar", _NOT_FITTED),
    TestedWeakening("every satellite has a SAR", _SAR, "if self._sar is None:", "if False:", _NOT_FITTED),
    TestedWeakening("every satellite has an optical instrument", "services/optical.py", "if self._optical is None:", "if False:",
                    _NOT_FITTED),
    TestedWeakening("every satellite has both instruments", "services/modes.py", "if driver is None:", "if False:", _NOT_FITTED),
    TestedWeakening("an abort of nothing is done", "services/modes.py", "if not driver.cancel():", "if False:",
                    "test_protection.py::test_abort_is_refused_when_nothing_is_under_way_and_hard_off_is_not"),
    TestedWeakening("a hard-off by telecommand does nothing", "services/modes.py", "self._driver(instrument).machine.hard_off(events.SAFE_COMMANDED[0])", "pass",
                    "test_protection.py::test_abort_is_refused_when_nothing_is_under_way_and_hard_off_is_not"),
    TestedWeakening("a data take needs no place in the catalogue", "main.py", "self.catalogue.require_room()", "pass",
                    "test_power_and_catalogue.py::test_a_take_needs_a_place_in_the_catalogue"),
    TestedWeakening("a data take needs no room on the recorder", "main.py", "self.instruments[instrument].require_memory(request)", "pass",
                    "test_power_and_catalogue.py::test_a_take_needs_room_on_the_recorder"),
)  # fmt: skip

FAULT_PROTECTION = (*PROTECTION, *OVER_CURRENT, *BOOT, *SUPPLIES_AND_SERVICES)
