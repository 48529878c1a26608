"""What the optical instrument's driver asks before and during an image, and what becomes of its door: each alone."""

import hal

import runner
from driver_setup import OpticalSetup, ends_with, fails_with, lasts
from payload.failure import Failure, Refusal
from payload.instruments import optical as optical_module
from payload.instruments.instrument import TakeRequest
from payload.tables import enums, failures, mission, pool, units
from runner import refused

WELL_AFTER_ALL = Failure(failures.ABORTED)
JUMPED = Failure(failures.ANCILLARY_JUMPED)
UNWELL = Failure(failures.UNIT_FAULT)
LIMITERS = (enums.LIMITER_DOOR, enums.LIMITER_OPTICAL_HEATER, enums.LIMITER_OPTICAL_UNIT)


def _commands(setup):
    return setup.unit.written(units.OPTICAL_CONTROL_COMMAND)


def _door_commands(setup):
    return setup.unit.written(units.OPTICAL_CONTROL_DOOR_COMMAND)


def _fail_unit():
    hal.pool_set(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_FAILED)


def _image_arguments(mode):
    return 1, mode, 0, bytes(7)


def test_an_image_telecommand_reaches_images_only():
    setup = OpticalSetup()
    image = setup.driver.start_image(*_image_arguments(enums.OPTICAL_MODE_DARK), None, None)
    refused(failures.ILLEGAL_TRANSITION, next, image)


def test_a_calibration_telecommand_reaches_no_mode_of_rest():
    setup = OpticalSetup()
    calibration = setup.driver.start_calibration(*_image_arguments(enums.OPTICAL_MODE_STANDBY), None)
    refused(failures.ILLEGAL_TRANSITION, next, calibration)


def test_a_calibration_telecommand_reaches_no_image():
    setup = OpticalSetup()
    calibration = setup.driver.start_calibration(*_image_arguments(enums.OPTICAL_MODE_STRIP), None)
    refused(failures.ILLEGAL_TRANSITION, next, calibration)


SETTINGS = (711, 680, 32, 2, 31, 40, 10000)


def test_the_start_of_an_image_is_asked_for():
    setup = OpticalSetup()
    image = setup.driver.start_image(*_image_arguments(enums.OPTICAL_MODE_VIDEO), (0, 0, 1, 0, 0), SETTINGS)
    refused(failures.START_IN_THE_PAST, next, image)


def test_the_start_of_a_calibration_is_asked_for():
    setup = OpticalSetup()
    calibration = setup.driver.start_calibration(*_image_arguments(enums.OPTICAL_MODE_DARK), SETTINGS)
    refused(failures.START_IN_THE_PAST, next, calibration)


class _Refuses:
    def require(self, request):
        raise Refusal(failures.CONSTRAINT)


def test_the_geometry_is_asked_for():
    setup = OpticalSetup()
    setup.driver._line_period = _Refuses()
    refused(failures.CONSTRAINT, setup.driver.require_geometry, None)


def test_the_imaging_budget_is_asked_for():
    setup = OpticalSetup()
    setup.driver._budget = _Refuses()
    refused(failures.CONSTRAINT, setup.driver.require_budget, None)


def test_an_image_ends_when_the_unit_says_so():
    setup = OpticalSetup()
    take = setup.imaging()
    assert setup.machine.called("require_entry")
    hal.pool_set(pool.OPTICAL_PHASE, enums.OPTICAL_PHASE_DONE)
    hal.pool_set(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_READY)
    ends_with(take)
    assert setup.machine.mode == enums.OPTICAL_MODE_READY


def test_a_recorder_that_is_full_at_the_end_of_an_image_is_told_of():
    setup = OpticalSetup()
    take = setup.imaging()
    setup.catalogue.refusing["require_recording"] = Failure(failures.RECORDER_FULL)
    hal.pool_set(pool.OPTICAL_PHASE, enums.OPTICAL_PHASE_DONE)
    fails_with(failures.RECORDER_FULL, take)
    assert not setup.catalogue.called("close"), "its flag goes with the closing"


def test_a_recorder_that_restarts_while_an_image_waits_ends_it():
    setup = OpticalSetup()
    take = lasts(setup.driver._image(setup.request(ahead_ms=5000)), 8)
    setup.catalogue.refusing["require_recording"] = Failure(failures.RECORDER_RESTARTED)
    fails_with(failures.RECORDER_RESTARTED, take, 2)


def test_an_image_without_packets_fails():
    setup = OpticalSetup()
    setup.catalogue.packets_recorded = 0
    take = setup.imaging()
    hal.pool_set(pool.OPTICAL_PHASE, enums.OPTICAL_PHASE_DONE)
    hal.pool_set(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_READY)
    fails_with(failures.DATA_TAKE_EMPTY, take)


def test_a_door_that_leaves_its_position_while_an_image_waits_ends_it():
    setup = OpticalSetup()
    take = lasts(setup.driver._image(setup.request(ahead_ms=5000)), 8)
    hal.pool_set(pool.OPTICAL_DOOR, enums.DOOR_SHUT)
    fails_with(failures.DOOR_LEFT_POSITION, take, 2)


def test_a_start_that_moves_away_is_not_waited_for():
    setup = OpticalSetup()
    request = setup.request(ahead_ms=5000)
    take = lasts(setup.driver._image(request), 8)
    hal.time_add_ms(request.start, 0, mission.INSTRUMENTS_START_STEP_BACK_LIMIT_MS + 200)
    fails_with(failures.START_TOO_FAR, take, 2)


def test_a_unit_that_does_not_start_is_watched():
    setup = OpticalSetup()
    take = setup.driver._image(setup.request())
    while not _commands(setup):
        next(take)
    lasts(take)
    assert setup.machine.mode == enums.OPTICAL_MODE_READY
    hal.pool_set(pool.OPTICAL_FAULT_FLAGS, 4)
    fails_with(failures.UNIT_FAULT, take, 2)


def test_a_door_that_leaves_its_position_before_the_image_begins_ends_it():
    setup = OpticalSetup()
    take = setup.driver._image(setup.request())
    while not _commands(setup):
        next(take)
    lasts(take)
    hal.pool_set(pool.OPTICAL_DOOR, enums.DOOR_MOVING)
    fails_with(failures.DOOR_LEFT_POSITION, take, 2)


def test_a_unit_that_images_is_watched():
    setup = OpticalSetup()
    take = setup.imaging()
    hal.pool_set(pool.OPTICAL_FAULT_FLAGS, 4)
    fails_with(failures.UNIT_FAULT, take, 2)


def test_a_door_that_leaves_its_position_ends_an_image():
    setup = OpticalSetup()
    take = setup.imaging()
    hal.pool_set(pool.OPTICAL_DOOR, enums.DOOR_DIFFUSER)
    failure = fails_with(failures.DOOR_LEFT_POSITION, take, 2)
    assert (failure.detail, failure.limit) == (enums.DOOR_DIFFUSER, enums.DOOR_OPEN)


def test_ancillary_data_that_jumped_ends_an_image():
    setup = OpticalSetup()
    take = setup.imaging()
    hal.pool_set(pool.ANCILLARY_JUMPS, 1)
    fails_with(failures.ANCILLARY_JUMPED, take, 2)


def test_a_unit_that_failed_is_not_taking():
    setup = OpticalSetup()
    setup.driver._require_taking(setup.request())
    _fail_unit()
    refused(failures.UNIT_FAULT, setup.driver._require_taking, setup.request())


def test_a_unit_that_failed_is_not_imaging():
    setup = OpticalSetup()
    setup.driver._require_imaging()
    _fail_unit()
    refused(failures.UNIT_FAULT, setup.driver._require_imaging)


def test_an_image_that_is_not_recorded_ends():
    setup = OpticalSetup()
    setup.driver._entry_open = True
    setup.driver._require_imaging()
    setup.catalogue.refusing["require_recording"] = Failure(failures.RECORDER_FULL)
    refused(failures.RECORDER_FULL, setup.driver._require_imaging)


def test_a_fault_flag_of_the_unit_ends_an_image():
    setup = OpticalSetup()
    hal.pool_set(pool.OPTICAL_FAULT_FLAGS, 4)
    assert refused(failures.UNIT_FAULT, setup.driver._require_imaging).detail == 4


def test_an_image_that_the_unit_aborted_ends():
    setup = OpticalSetup()
    hal.pool_set(pool.OPTICAL_PHASE, enums.OPTICAL_PHASE_ABORTED)
    refused(failures.UNIT_FAULT, setup.driver._require_imaging)


def test_a_fault_of_the_unit_is_not_recovered_from():
    setup = OpticalSetup()
    fails_with(failures.UNIT_FAULT, setup.driver.recover(enums.OPTICAL_MODE_READY, UNWELL))
    assert _commands(setup) == []


def test_a_switch_on_that_is_ended_cuts_the_supply():
    setup = OpticalSetup()
    assert ends_with(setup.driver.recover(enums.OPTICAL_MODE_OFF, WELL_AFTER_ALL)) == enums.OPTICAL_MODE_OFF
    assert setup.limiters.closed == set() and not setup.unit.powered


def test_a_switch_off_that_is_ended_cuts_the_supply():
    setup = OpticalSetup()
    setup.machine.target = enums.OPTICAL_MODE_OFF
    assert ends_with(setup.driver.recover(enums.OPTICAL_MODE_READY, WELL_AFTER_ALL)) == enums.OPTICAL_MODE_OFF
    assert setup.limiters.closed == set() and _commands(setup) == []


def test_a_way_to_standby_that_is_ended_ends_there():
    setup = OpticalSetup()
    setup.machine.target = enums.OPTICAL_MODE_STANDBY
    hal.pool_set(pool.OPTICAL_DOOR, enums.DOOR_SHUT)
    hal.pool_set(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_IDLE)
    assert ends_with(setup.driver.recover(enums.OPTICAL_MODE_READY, WELL_AFTER_ALL)) == enums.OPTICAL_MODE_STANDBY
    assert _commands(setup) == [enums.OPTICAL_UNIT_COMMAND_FOCAL_PLANE_OFF]


def test_after_a_jump_the_door_is_shut_and_after_another_failure_it_stays():
    setup = OpticalSetup()
    assert ends_with(setup.driver.recover(enums.OPTICAL_MODE_READY, WELL_AFTER_ALL)) == enums.OPTICAL_MODE_READY
    assert _door_commands(setup) == []
    recovering = lasts(setup.driver.recover(enums.OPTICAL_MODE_READY, JUMPED))
    assert _door_commands(setup) == [enums.DOOR_COMMAND_SHUT]
    hal.pool_set(pool.OPTICAL_DOOR, enums.DOOR_SHUT)
    assert ends_with(recovering) == enums.OPTICAL_MODE_READY
    assert enums.LIMITER_DOOR not in setup.limiters.closed


def test_a_door_whose_test_failed_is_left_to_its_spring():
    setup = OpticalSetup()
    failure = Failure(failures.DOOR_TEST_FAILED)
    recovering = lasts(setup.driver.recover(enums.OPTICAL_MODE_STANDBY, failure))
    assert enums.LIMITER_DOOR not in setup.limiters.closed
    hal.pool_set(pool.OPTICAL_DOOR, enums.DOOR_SHUT)
    assert ends_with(recovering) == enums.OPTICAL_MODE_STANDBY


def test_a_lost_unit_does_not_stand_down():
    setup = OpticalSetup()
    setup.unit.is_linked = False
    fails_with(failures.UNIT_LOST, setup.driver.stand_down())
    assert _commands(setup) == [], "it is not asked what it cannot do"


def test_a_lost_unit_loses_its_supply_at_once():
    setup = OpticalSetup()
    setup.unit.is_linked = False
    assert ends_with(setup.driver.safing()) == enums.OPTICAL_MODE_SAFE_UNPOWERED
    assert _commands(setup) == [] and setup.limiters.closed == set()


def test_a_unit_that_does_not_become_safe_loses_its_supply_in_time():
    setup = OpticalSetup()
    assert ends_with(setup.driver.safing(), mission.WAITS_OPTICAL_SAFE_MS // 100 + 10) == (
        enums.OPTICAL_MODE_SAFE_UNPOWERED
    )
    assert setup.limiters.closed == set()


def test_safing_ends_safe_once_the_door_is_shut_and_the_focal_plane_off():
    shut, dark = (pool.OPTICAL_DOOR, enums.DOOR_SHUT), (pool.OPTICAL_FOCAL_PLANE_ON, 0)
    for first, last in ((shut, dark), (dark, shut)):
        setup = OpticalSetup()
        safing = lasts(setup.driver.safing())
        hal.pool_set(*first)
        lasts(safing)
        hal.pool_set(*last)
        assert ends_with(safing) == enums.OPTICAL_MODE_SAFE
        assert setup.limiters.closed == {enums.LIMITER_OPTICAL_UNIT}


def test_a_unit_that_fails_on_its_way_to_safe_is_not_waited_for():
    setup = OpticalSetup()
    safing = lasts(setup.driver.safing())
    _fail_unit()
    assert ends_with(safing, 5) == enums.OPTICAL_MODE_SAFE_UNPOWERED


def test_switching_off_safely_goes_on_until_every_supply_is_off():
    setup = OpticalSetup()
    setup.limiters.stuck = True
    switching = lasts(setup.driver.switch_off_safely(), 40)
    assert len(setup.limiters.called("command")) >= 3 * len(LIMITERS)
    setup.limiters.stuck = False
    assert ends_with(switching) == enums.OPTICAL_MODE_SAFE_UNPOWERED


def test_cutting_power_cuts_the_supplies_and_forgets_the_doors_test():
    setup = OpticalSetup()
    hal.pool_set(pool.OPTICAL_DOOR_TESTED, enums.SWITCH_ON)
    setup.driver.cut_power()
    assert setup.limiters.called("command") == [(limiter, False) for limiter in LIMITERS]
    assert hal.pool_get(pool.OPTICAL_DOOR_TESTED) == enums.SWITCH_OFF


def test_a_supply_that_is_not_confirmed_is_told_after_all_were_commanded():
    setup = OpticalSetup()
    setup.limiters.refusing["command"] = Failure(failures.BUS_NO_REPLY)
    refused(failures.BUS_NO_REPLY, setup.driver.cut_power)
    assert len(setup.limiters.called("command")) == len(LIMITERS) and setup.unit.powered


def test_a_door_that_is_not_shut_at_switch_on_is_a_fault():
    for door, code in ((enums.DOOR_SHUT, None), (enums.DOOR_OPEN, failures.UNIT_FAULT)):
        setup = OpticalSetup()
        hal.pool_set(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_IDLE)
        hal.pool_set(pool.OPTICAL_DOOR, door)
        switching = setup.driver._switch_on(None)
        if code is None:
            ends_with(switching)
        else:
            fails_with(code, switching)


def test_switching_off_shuts_the_door_first():
    setup = OpticalSetup()
    switching = lasts(setup.driver._switch_off(None))
    assert _door_commands(setup) == [enums.DOOR_COMMAND_SHUT] and enums.LIMITER_OPTICAL_UNIT in setup.limiters.closed
    hal.pool_set(pool.OPTICAL_DOOR, enums.DOOR_SHUT)
    ends_with(switching)
    assert setup.limiters.closed == set()


def test_a_shut_door_at_rest_keeps_no_supply():
    setup = OpticalSetup()
    setup.driver.run()
    assert enums.LIMITER_DOOR in setup.limiters.closed, "it is open"
    hal.pool_set(pool.OPTICAL_DOOR, enums.DOOR_SHUT)
    setup.driver.run()
    assert enums.LIMITER_DOOR not in setup.limiters.closed


def test_a_unit_that_fails_is_not_waited_for():
    for wait in (
        lambda optical: optical._stabilise(None),
        lambda optical: optical._time_door(enums.DOOR_COMMAND_DIFFUSER),
        lambda optical: optical._await_shut_and_dark(),
        lambda optical: optical._move_focus(123),
        lambda optical: optical._switch_lamp(enums.SWITCH_ON),
    ):
        setup = OpticalSetup()
        hal.pool_set(pool.OPTICAL_STABLE_S, 0)
        hal.pool_set(pool.OPTICAL_LAMP, enums.SWITCH_OFF)
        hal.pool_set(pool.OPTICAL_FOCUS_VALID, 0)
        waiting = lasts(wait(setup.driver))
        _fail_unit()
        fails_with(failures.UNIT_FAULT, waiting, 2)


def test_each_wait_has_its_limit():
    for wait, code, limit_ms in (
        (
            lambda optical: optical._time_door(enums.DOOR_COMMAND_DIFFUSER),
            failures.DOOR_TEST_FAILED,
            mission.OPTICAL_DOOR_LIMIT_MS,
        ),
        (lambda optical: optical._await_shut_and_dark(), failures.STEP_TIME_OUT, mission.WAITS_OPTICAL_SAFE_MS),
        (lambda optical: optical._move_focus(123), failures.FOCUS_STUCK, mission.OPTICAL_FOCUS_LIMIT_MS),
        (lambda optical: optical._switch_lamp(enums.SWITCH_ON), failures.LAMP_FAILED, 2000),
    ):
        setup = OpticalSetup()
        hal.pool_set(pool.OPTICAL_LAMP, enums.SWITCH_OFF)
        hal.pool_set(pool.OPTICAL_FOCUS_VALID, 0)
        fails_with(code, wait(setup.driver), limit_ms // 100 + 5)


def test_standing_by_switches_the_heater_off():
    setup = OpticalSetup()
    hal.pool_set(pool.OPTICAL_DOOR, enums.DOOR_SHUT)
    hal.pool_set(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_IDLE)
    ends_with(setup.driver._stand_by(None))
    assert enums.LIMITER_OPTICAL_HEATER not in setup.limiters.closed


def test_standing_by_switches_off_what_telemetry_does_not_tell_of_yet():
    setup = OpticalSetup()
    setup.limiters.closed, setup.limiters.untold = {enums.LIMITER_OPTICAL_UNIT}, {enums.LIMITER_OPTICAL_HEATER}
    hal.pool_set(pool.OPTICAL_DOOR, enums.DOOR_SHUT)
    hal.pool_set(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_IDLE)
    ends_with(setup.driver._stand_by(None))
    assert setup.limiters.called("command") == [(enums.LIMITER_OPTICAL_HEATER, False)]


def test_standing_by_shuts_a_door_of_which_no_sample_tells_yet():
    setup = OpticalSetup()
    setup.limiters.closed, setup.limiters.untold = {enums.LIMITER_OPTICAL_UNIT}, {enums.LIMITER_DOOR}
    hal.pool_set(pool.OPTICAL_DOOR, enums.DOOR_SHUT)
    hal.pool_set(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_IDLE)
    ends_with(setup.driver._stand_by(None))
    assert _door_commands(setup) == [enums.DOOR_COMMAND_SHUT]
    assert setup.limiters.called("command") == [(enums.LIMITER_DOOR, False)]


def test_standing_by_waits_for_a_door_that_its_spring_shuts():
    setup = OpticalSetup()
    setup.limiters.closed = {enums.LIMITER_OPTICAL_UNIT}
    hal.pool_set(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_IDLE)
    standing_by = lasts(setup.driver._stand_by(None))
    assert _door_commands(setup) == [], "it has no supply"
    hal.pool_set(pool.OPTICAL_DOOR, enums.DOOR_SHUT)
    ends_with(standing_by)


def test_switching_off_opens_what_telemetry_does_not_tell_of_yet():
    setup = OpticalSetup()
    untold = {enums.LIMITER_OPTICAL_HEATER, enums.LIMITER_DOOR}
    setup.limiters.closed, setup.limiters.untold = {enums.LIMITER_OPTICAL_UNIT}, set(untold)
    hal.pool_set(pool.OPTICAL_DOOR, enums.DOOR_SHUT)
    ends_with(setup.driver._switch_off(None))
    opened = {limiter for limiter, _ in setup.limiters.called("command")}
    assert opened == untold | {enums.LIMITER_OPTICAL_UNIT}


def test_a_door_without_a_supply_is_given_none_to_shut_it_and_one_to_open_it():
    setup = OpticalSetup()
    setup.limiters.closed.discard(enums.LIMITER_DOOR)
    hal.pool_set(pool.OPTICAL_DOOR, enums.DOOR_SHUT)
    ends_with(setup.driver._move_door(enums.DOOR_COMMAND_SHUT))
    assert setup.limiters.called("command") == [(enums.LIMITER_DOOR, False)] and _door_commands(setup) == []
    lasts(setup.driver._move_door(enums.DOOR_COMMAND_OPEN))
    assert setup.limiters.called("command")[-1] == (enums.LIMITER_DOOR, True)
    assert _door_commands(setup) == [enums.DOOR_COMMAND_OPEN]


def test_the_lamp_is_lit_for_its_calibration_only():
    setup = OpticalSetup()
    setup.driver._take = lambda request: iter((0,))
    for mode, told in (
        (enums.OPTICAL_MODE_DARK, []),
        (enums.OPTICAL_MODE_LAMP, [enums.SWITCH_ON, enums.SWITCH_OFF]),
    ):
        calibration = setup.driver._calibrate(TakeRequest(0, mode, 0, None, 5000, None))
        for _ in range(20):
            lamp = setup.unit.written(units.OPTICAL_CONTROL_LAMP_COMMAND)
            hal.pool_set(pool.OPTICAL_LAMP, lamp[-1] if lamp else enums.SWITCH_OFF)
            if next(calibration, None) is None:
                break
        assert setup.unit.written(units.OPTICAL_CONTROL_LAMP_COMMAND) == told


def test_an_image_that_does_not_begin_in_time_is_not_waited_for():
    setup = OpticalSetup()
    failure = fails_with(failures.STEP_TIME_OUT, setup.driver._image(setup.request()), 200)
    assert (failure.detail, failure.limit) == (optical_module.STEP_ENTRY_OPEN, mission.WAITS_TAKE_BEGIN_MS)


def test_an_image_that_does_not_end_in_time_is_not_waited_for():
    setup = OpticalSetup()
    failure = fails_with(failures.STEP_TIME_OUT, setup.imaging(), 200)
    assert failure.detail == optical_module.STEP_IMAGING


runner.run(globals())
