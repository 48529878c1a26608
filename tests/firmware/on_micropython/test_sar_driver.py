"""What the SAR's driver asks before and during a data take, and what it does when it is not so: each barrier alone."""

import hal

import runner
from driver_setup import NO_ZONE, POSITION_UNKNOWN, SarSetup, ends_with, fails_with, lasts
from payload.failure import EntryRefused, Failure, Refusal
from payload.instruments import sar as sar_module
from payload.tables import enums, failures, mission, modes, pool, units
from runner import refused

WELL_AFTER_ALL = Failure(failures.ABORTED)
UNWELL = Failure(failures.UNIT_FAULT)


def _commands(setup):
    return setup.unit.written(units.SAR_CONTROL_COMMAND)


def _fail_unit():
    hal.pool_set(pool.SAR_STATE, enums.SAR_UNIT_STATE_FAILED)


def test_the_guards_of_a_request_each_alone():
    setup = SarSetup()
    sar, request = setup.driver, setup.request()
    hal.pool_set(pool.RECORDER_FREE_MIB, 1000)
    sar.require_table(request)
    sar.require_memory(request)
    sar.require_permit(request)
    setup.slots.mode_of_table = enums.SAR_MODE_TOPS
    refused(failures.TABLE_RULE, sar.require_table, request)
    setup.permit.is_in_force = False
    refused(failures.NO_TRANSMIT_PERMIT, sar.require_permit, request)
    setup.budget.refusing["require"] = Refusal(failures.COOL_DOWN)
    refused(failures.COOL_DOWN, sar.require_transmit_budget, request)


def test_a_start_is_asked_for():
    setup = SarSetup()
    start = bytearray(7)
    hal.time_after_ms(-1000, start, 0)
    refused(failures.START_IN_THE_PAST, setup.driver.start_data_take, 1, 0, 0, start)


def _power_w(mode):
    return hal.get(hal.U16, modes.SAR_POWER_W, 2 * mode)


def _added_w():
    return _power_w(enums.SAR_MODE_STRIPMAP) - _power_w(enums.SAR_MODE_PREOP)


def test_the_power_budget_at_its_limit_and_one_watt_beyond():
    setup = SarSetup()
    hal.pool_set(pool.POWER_TOTAL_POWER_W, mission.SAR_POWER_LIMIT_W - _added_w())
    setup.driver.require_power(setup.request())
    hal.pool_set(pool.POWER_TOTAL_POWER_W, mission.SAR_POWER_LIMIT_W - _added_w() + 1)
    refused(failures.POWER_BUDGET, setup.driver.require_power, setup.request())


def test_a_power_that_is_not_known_is_no_budget():
    setup = SarSetup()
    hal.pool_set(pool.POWER_TOTAL_POWER_W, 0)
    hal.pool_invalidate(pool.POWER_TOTAL_POWER_W, 1)
    refused(failures.POWER_BUDGET, setup.driver.require_power, setup.request())


def test_the_whole_take_is_looked_at_for_zones_before_it_is_accepted():
    setup = SarSetup()
    request = setup.request(20000)
    setup.zone = 3
    assert refused(failures.TRANSMIT_ZONE, setup.driver.require_outside_zones, request).detail == 3
    setup.zone = NO_ZONE
    setup.driver.require_outside_zones(request)
    from_ms, to_ms = setup.looked_at[-1]
    assert from_ms <= 20000 and to_ms - from_ms == request.duration_ms + mission.SAR_TAKE_OVERHEAD_MS


def test_where_the_position_is_not_known_nothing_is_clear():
    setup = SarSetup()
    setup.zone = POSITION_UNKNOWN
    refused(failures.POSITION_UNKNOWN, setup.driver.require_outside_zones, setup.request())


def test_a_take_begins_with_its_guards_asked_its_track_clear_and_its_permit_given():
    setup = SarSetup()
    take = setup.taking()
    assert setup.machine.called("require_entry") and setup.permit.called("begin_take") and setup.budget.called("begin")
    lead_ms = mission.SAR_ENABLE_LEAD_MS
    assert setup.looked_at[0] == (lead_ms, lead_ms + 2000 + mission.SAR_TAKE_OVERHEAD_MS)
    hal.pool_set(pool.SAR_PHASE, enums.SAR_PHASE_DONE)
    hal.pool_set(pool.SAR_STATE, enums.SAR_UNIT_STATE_READY)
    ends_with(take)
    assert setup.machine.mode == enums.SAR_MODE_PREOP and setup.permit.called("end_take")


def _is_not_commanded(setup, code):
    fails_with(code, setup.driver._data_take(setup.request()))
    assert _commands(setup) == [] and setup.permit.called("end_take")


def test_the_table_is_that_of_the_slot_that_was_named():
    setup = SarSetup()
    setup.slots.receives_only = (3,)
    start = bytearray(7)
    hal.time_after_ms(5000, start, 0)
    ends_with(setup.driver.start_data_take(1, 3, 10, start))
    assert setup.machine.request.slot == 3
    for asked in ("mode", "duration_ms", "predicted_mib"):
        assert setup.slots.called(asked) == [(3,)], asked
    setup.driver.require_table(setup.machine.request)
    assert setup.slots.called("mode") == [(3,), (3,)]
    take = setup.driver._data_take(setup.request(slot=3))
    while not setup.unit.written(units.SAR_CONTROL_COMMAND):
        next(take)
    assert setup.unit.called("write_verified") == [(units.SAR_TABLE_ADDRESS, bytes([3] * units.SAR_TABLE_OCTETS))]
    assert not setup.permit.called("begin_take"), "what only receives takes no permit"


def test_a_zone_ahead_keeps_transmit_enable_away():
    """Before transmit-enable: what is looked at while transmitting ends at SAR_ZONE_LOOKAHEAD_MS."""
    setup = SarSetup()
    setup.zone = 3
    _is_not_commanded(setup, failures.TRANSMIT_ZONE)
    assert setup.permit.called("begin_take") == []


def test_a_take_without_a_permit_is_not_started():
    setup = SarSetup()
    setup.permit.begins = False
    _is_not_commanded(setup, failures.NO_TRANSMIT_PERMIT)


def test_a_take_that_the_guard_does_not_let_transmit_is_not_started():
    setup = SarSetup()
    setup.transmitting = False
    _is_not_commanded(setup, failures.NO_TRANSMIT_PERMIT)


def _waits_for_the_unit(setup):
    """A data take that was started, and whose unit does not take data yet."""
    take = setup.driver._data_take(setup.request())
    while not _commands(setup):
        next(take)
    return lasts(take)


def test_a_unit_that_does_not_start_is_watched_as_one_that_takes_data():
    setup = SarSetup()
    take = _waits_for_the_unit(setup)
    assert setup.machine.mode == enums.SAR_MODE_PREOP
    setup.zone = 3
    fails_with(failures.TRANSMIT_ZONE, take)


def test_a_unit_that_takes_data_is_watched():
    setup = SarSetup()
    take = setup.taking()
    setup.zone = 3
    fails_with(failures.TRANSMIT_ZONE, take)
    assert setup.permit.called("end_take") == [()]


def test_each_thing_that_ends_a_take():
    setup = SarSetup()
    sar = setup.driver
    sar._entry_open = True
    sar._require_taking(True)
    assert setup.looked_at == [(0, mission.SAR_ZONE_LOOKAHEAD_MS)]
    setup.catalogue.refusing["require_recording"] = Failure(failures.RECORDER_FULL)
    refused(failures.RECORDER_FULL, sar._require_taking, True)
    setup.catalogue.refusing.clear()
    setup.zone = 3
    refused(failures.TRANSMIT_ZONE, sar._require_taking, True)
    setup.zone = NO_ZONE
    _fail_unit()
    refused(failures.UNIT_FAULT, sar._require_taking, True)


def test_a_take_whose_transmission_was_inhibited_ends():
    setup = SarSetup()
    setup.driver._require_taking(True)
    setup.transmitting = False
    refused(failures.NO_TRANSMIT_PERMIT, setup.driver._require_taking, True)
    setup.driver._require_taking(False)


def test_a_fault_flag_of_the_unit_ends_a_take():
    setup = SarSetup()
    hal.pool_set(pool.SAR_FAULT_FLAGS, 4)
    assert refused(failures.UNIT_FAULT, setup.driver._require_taking, True).detail == 4


def test_a_take_that_the_unit_aborted_ends():
    setup = SarSetup()
    hal.pool_set(pool.SAR_PHASE, enums.SAR_PHASE_ABORTED)
    refused(failures.UNIT_FAULT, setup.driver._require_taking, True)


def test_a_recorder_that_is_full_at_the_end_of_a_take_is_told_of():
    setup = SarSetup()
    take = setup.taking()
    setup.catalogue.refusing["require_recording"] = Failure(failures.RECORDER_FULL)
    hal.pool_set(pool.SAR_PHASE, enums.SAR_PHASE_DONE)
    fails_with(failures.RECORDER_FULL, take)
    assert not setup.catalogue.called("close"), "its flag goes with the closing"
    assert setup.permit.called("end_take") == [()]


def test_a_take_without_packets_fails():
    setup = SarSetup()
    setup.catalogue.packets_recorded = 0
    take = setup.taking()
    hal.pool_set(pool.SAR_PHASE, enums.SAR_PHASE_DONE)
    hal.pool_set(pool.SAR_STATE, enums.SAR_UNIT_STATE_READY)
    fails_with(failures.DATA_TAKE_EMPTY, take)


def test_the_inhibit_is_the_permits():
    setup = SarSetup()
    setup.driver.inhibit()
    assert setup.permit.called("inhibit") == [()]


def test_a_recovery_takes_the_guards_permit_first():
    setup = SarSetup()
    fails_with(failures.UNIT_FAULT, setup.driver.recover(enums.SAR_MODE_PREOP, UNWELL))
    assert setup.permit.called("end_take") and _commands(setup) == []


def test_a_fault_of_the_unit_is_not_recovered_from_and_what_is_well_is():
    setup = SarSetup()
    fails_with(failures.UNIT_FAULT, setup.driver.recover(enums.SAR_MODE_PREOP, UNWELL))
    assert _commands(setup) == []
    for well in (WELL_AFTER_ALL, EntryRefused(failures.GUARD_OUT_OF_RANGE)):
        assert ends_with(setup.driver.recover(enums.SAR_MODE_PREOP, well)) == enums.SAR_MODE_PREOP
    assert _commands(setup) == [enums.SAR_UNIT_COMMAND_ABORT] * 2


def test_a_switch_on_that_is_ended_cuts_the_supply():
    setup = SarSetup()
    assert ends_with(setup.driver.recover(enums.SAR_MODE_OFF, WELL_AFTER_ALL)) == enums.SAR_MODE_OFF
    assert setup.limiters.called("command") == [(enums.LIMITER_SAR_UNIT, False)]
    assert setup.limiters.called("require_open") and not setup.unit.powered


def test_a_switch_off_that_is_ended_cuts_the_supply():
    setup = SarSetup()
    setup.machine.target = enums.SAR_MODE_OFF
    assert ends_with(setup.driver.recover(enums.SAR_MODE_PREOP, WELL_AFTER_ALL)) == enums.SAR_MODE_OFF
    assert setup.limiters.called("command") == [(enums.LIMITER_SAR_UNIT, False)] and _commands(setup) == []


def test_a_way_to_standby_that_is_ended_ends_there():
    setup = SarSetup()
    setup.machine.target = enums.SAR_MODE_STANDBY
    hal.pool_set(pool.SAR_STATE, enums.SAR_UNIT_STATE_IDLE)
    assert ends_with(setup.driver.recover(enums.SAR_MODE_PREOP, WELL_AFTER_ALL)) == enums.SAR_MODE_STANDBY
    assert _commands(setup) == [enums.SAR_UNIT_COMMAND_STANDBY]


def test_only_a_failure_of_the_recorders_node_leaves_the_instrument_well():
    driver = SarSetup().driver
    assert driver.is_well(Failure(failures.UNIT_LOST, units.RECORDER_NODE))
    assert not driver.is_well(Failure(failures.UNIT_LOST, driver.unit.node))
    assert not driver.is_well(Failure(failures.UNIT_FAULT, units.RECORDER_NODE)), "flags that look like its node"


def test_a_lost_unit_does_not_stand_down():
    setup = SarSetup()
    setup.unit.is_linked = False
    fails_with(failures.UNIT_LOST, setup.driver.stand_down())
    assert _commands(setup) == [], "it is not asked what it cannot do"


def test_a_lost_unit_loses_its_supply_at_once():
    setup = SarSetup()
    setup.unit.is_linked = False
    assert ends_with(setup.driver.safing()) == enums.SAR_MODE_SAFE_UNPOWERED
    assert _commands(setup) == [] and setup.limiters.called("command") == [(enums.LIMITER_SAR_UNIT, False)]


def test_a_unit_that_does_not_become_safe_loses_its_supply_in_time():
    setup = SarSetup()
    assert ends_with(setup.driver.safing(), 12) == enums.SAR_MODE_SAFE_UNPOWERED
    assert _commands(setup) == [enums.SAR_UNIT_COMMAND_SAFE]
    assert setup.limiters.called("command") == [(enums.LIMITER_SAR_UNIT, False)]


def test_switching_off_safely_goes_on_until_the_supply_is_off():
    setup = SarSetup()
    setup.limiters.stuck = True
    switching = lasts(setup.driver.switch_off_safely(), 40)
    assert len(setup.limiters.called("command")) >= 3
    setup.limiters.stuck = False
    assert ends_with(switching) == enums.SAR_MODE_SAFE_UNPOWERED


def test_a_switch_on_drops_damaged_tables():
    setup = SarSetup()
    hal.pool_set(pool.SAR_STATE, enums.SAR_UNIT_STATE_IDLE)
    ends_with(setup.driver._switch_on(None))
    assert setup.slots.called("drop_damaged") == [()]


def test_a_unit_that_fails_while_it_warms_up_is_not_waited_for():
    setup = SarSetup()
    warming = lasts(setup.driver._warm_up(None))
    _fail_unit()
    fails_with(failures.UNIT_FAULT, warming, 2)


def test_a_unit_that_fails_is_not_waited_for():
    for wait in (
        lambda sar: sar._await(pool.SAR_STATE, enums.SAR_UNIT_STATE_IDLE),
        lambda sar: sar._await_within(pool.SAR_STATE, enums.SAR_UNIT_STATE_IDLE, 60000),
    ):
        setup = SarSetup()
        waiting = lasts(wait(setup.driver))
        _fail_unit()
        fails_with(failures.UNIT_FAULT, waiting, 2)


def test_a_unit_that_is_lost_is_not_waited_for():
    setup = SarSetup()
    waiting = lasts(setup.driver._await(pool.SAR_STATE, enums.SAR_UNIT_STATE_IDLE))
    setup.unit.is_linked = False
    fails_with(failures.UNIT_LOST, waiting, 2)


def test_a_wait_of_a_recovery_has_its_limit():
    setup = SarSetup()
    fails_with(failures.STEP_TIME_OUT, setup.driver._await_within(pool.SAR_STATE, enums.SAR_UNIT_STATE_IDLE, 1000), 13)


def test_a_unit_that_is_lost_before_its_start_is_not_started():
    """Whether it is well is asked besides whether it is ready, which a pool that grows old may still say."""
    setup = SarSetup()
    waiting = lasts(setup.driver._await_start(setup.request(5000), mission.SAR_ENABLE_LEAD_MS))
    setup.unit.is_linked = False
    fails_with(failures.UNIT_LOST, waiting, 2)


def test_a_take_that_is_not_recorded_is_not_waited_for():
    setup = SarSetup()
    setup.driver._entry_open = True
    waiting = lasts(setup.driver._await_start(setup.request(5000), mission.SAR_ENABLE_LEAD_MS))
    setup.catalogue.refusing["require_recording"] = Failure(failures.RECORDER_RESTARTED)
    fails_with(failures.RECORDER_RESTARTED, waiting, 2)


def test_a_start_that_moves_away_is_not_waited_for():
    setup = SarSetup()
    request = setup.request(5000)
    waiting = lasts(setup.driver._await_start(request, mission.SAR_ENABLE_LEAD_MS))
    hal.time_add_ms(request.start, 0, mission.INSTRUMENTS_START_STEP_BACK_LIMIT_MS - 200)
    lasts(waiting, 2)
    hal.time_add_ms(request.start, 0, 300)
    fails_with(failures.START_TOO_FAR, waiting, 2)


def test_a_unit_that_is_not_ready_at_the_start_is_not_started():
    setup = SarSetup()
    hal.pool_set(pool.SAR_STATE, enums.SAR_UNIT_STATE_IDLE)
    fails_with(failures.UNIT_FAULT, setup.driver._await_start(setup.request(600), mission.SAR_ENABLE_LEAD_MS))


def test_a_start_lies_within_its_limits():
    setup = SarSetup()
    setup.replace(time_quality=lambda: enums.TIME_QUALITY_SET)
    lead_ms, latest_ms = mission.INSTRUMENTS_START_LEAD_MS, mission.INSTRUMENTS_START_LATEST_MS
    start = bytearray(7)
    for ahead_ms, code in ((lead_ms - 50, failures.START_IN_THE_PAST), (latest_ms + 50, failures.START_TOO_FAR)):
        hal.time_after_ms(ahead_ms, start, 0)
        refused(code, setup.driver.require_start, start)
    for ahead_ms in (lead_ms + 50, latest_ms - 50):
        hal.time_after_ms(ahead_ms, start, 0)
        setup.driver.require_start(start)


def test_by_a_clock_that_nobody_has_set_no_start_is_too_far():
    setup = SarSetup()
    start = bytearray(7)
    hal.time_after_ms(mission.INSTRUMENTS_START_LATEST_MS + 50, start, 0)
    refused(failures.TIME_NOT_SET, setup.driver.require_start, start)


def test_a_unit_that_left_the_state_of_its_mode_has_failed():
    setup = SarSetup()
    assert not setup.driver.failed()
    hal.pool_set(pool.SAR_STATE, enums.SAR_UNIT_STATE_IDLE)
    assert setup.driver.failed()
    setup.machine.is_busy = True
    assert not setup.driver.failed(), "under way"


def test_a_unit_that_left_the_state_of_safe_has_failed():
    setup = SarSetup()
    setup.machine.mode = enums.SAR_MODE_SAFE
    for state in (enums.SAR_UNIT_STATE_SAFE, enums.SAR_UNIT_STATE_IDLE):
        hal.pool_set(pool.SAR_STATE, state)
        assert setup.driver.failed() == (state != enums.SAR_UNIT_STATE_SAFE)
    setup.machine.mode = enums.SAR_MODE_SAFE_UNPOWERED
    hal.pool_invalidate(pool.SAR_STATE, 1)
    assert not setup.driver.failed(), "without supply it is in no state"


def test_a_unit_that_says_so_or_came_up_anew_has_failed():
    for state in (enums.SAR_UNIT_STATE_FAILED, enums.SAR_UNIT_STATE_BOOT):
        setup = SarSetup()
        setup.machine.is_busy = True
        hal.pool_set(pool.SAR_STATE, state)
        assert setup.driver.failed()


def test_the_current_beyond_the_modes_prediction_is_published():
    """What the monitor SAR_CURRENT of level 2 looks at."""
    setup = SarSetup()
    predicted_ma = hal.get(hal.U16, modes.SAR_CURRENT_MA, 2 * enums.SAR_MODE_PREOP)
    for percent in (0, 15, 30, 50):
        most_ma = predicted_ma * (100 + percent) // 100
        for current_ma, seen in ((most_ma, percent), (most_ma + 1, percent + 1)):
            hal.pool_set(pool.POWER_SAR_CURRENT_MA, current_ma)
            setup.driver.run()
            assert hal.pool_get(pool.SAR_CURRENT_EXCESS_PERCENT) == seen, (percent, current_ma)


def test_a_safing_leaves_its_entry_to_the_catalogue():
    setup = SarSetup()
    setup.driver._entry_open = True
    hal.pool_set(pool.SAR_STATE, enums.SAR_UNIT_STATE_SAFE)
    assert ends_with(setup.driver.safing()) == enums.SAR_MODE_SAFE
    assert setup.catalogue.called("release") == [()] and setup.catalogue.called("close") == []


def test_a_take_that_does_not_begin_in_time_is_not_waited_for():
    setup = SarSetup()
    take = setup.driver._data_take(setup.request())
    failure = fails_with(failures.STEP_TIME_OUT, take, 100)
    assert (failure.detail, failure.limit) == (sar_module.STEP_ENTRY_OPEN, mission.WAITS_TAKE_BEGIN_MS)


def test_a_take_that_does_not_end_in_time_is_not_waited_for():
    setup = SarSetup()
    failure = fails_with(failures.STEP_TIME_OUT, setup.taking(), 100)
    assert failure.detail == sar_module.STEP_TAKING and 5000 <= failure.limit <= 6000


def test_the_memory_of_a_take_is_predicted_when_it_is_asked_for():
    setup = SarSetup()
    start = bytearray(7)
    hal.time_after_ms(5000, start, 0)
    for _ in setup.driver.start_data_take(1, 0, 0, start):
        pass
    assert setup.machine.request.predicted_mib == setup.slots.predicted_mib(0) > 0


runner.run(globals())
