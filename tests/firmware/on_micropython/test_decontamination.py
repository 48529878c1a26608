"""A decontamination, which heats the focal plane for hours: what ends it, each alone."""

import hal

import runner
from driver_setup import OpticalSetup, fails_with, lasts
from payload.instruments.instrument import TakeRequest
from payload.tables import enums, events, failures, mission, pool


class Decontamination:
    """One whose unit heats, of ten minutes."""

    def __init__(self):
        self.setup = setup = OpticalSetup()
        hal.pool_set(pool.OPTICAL_DOOR, enums.DOOR_SHUT)
        hal.pool_set(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_DECONTAMINATING)
        hal.pool_set(pool.OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC, mission.OPTICAL_DECONTAMINATED_BELOW_CENTIDEGC + 100)
        mode = enums.OPTICAL_MODE_DECONTAMINATION
        self.steps = lasts(setup.driver._decontaminate(TakeRequest(0, mode, 0, None, 600000, None)))
        assert setup.machine.mode == mode


def test_a_door_that_leaves_shut_ends_a_decontamination():
    decontamination = Decontamination()
    hal.pool_set(pool.OPTICAL_DOOR, enums.DOOR_OPEN)
    fails_with(failures.DOOR_LEFT_POSITION, decontamination.steps, 2)


def test_a_unit_that_does_not_heat_any_more_ends_a_decontamination():
    decontamination = Decontamination()
    hal.pool_set(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_IDLE)
    fails_with(failures.UNIT_FAULT, decontamination.steps, 2)


def test_a_lost_unit_ends_a_decontamination():
    decontamination = Decontamination()
    decontamination.setup.unit.is_linked = False
    fails_with(failures.UNIT_LOST, decontamination.steps, 2)


def test_a_decontamination_that_was_ended_lets_the_focal_plane_cool_and_is_told_as_aborted():
    decontamination = Decontamination()
    setup = decontamination.setup
    setup.machine.is_busy = True
    assert setup.driver.cancel()
    lasts(decontamination.steps)
    assert enums.LIMITER_OPTICAL_HEATER not in setup.limiters.closed
    hal.pool_set(pool.OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC, mission.OPTICAL_DECONTAMINATED_BELOW_CENTIDEGC - 1)
    fails_with(failures.ABORTED, decontamination.steps, 2)
    assert events.DECONTAMINATED[0] in setup.events.ids()


def test_a_unit_that_fails_while_its_focal_plane_cools_is_not_waited_for():
    decontamination = Decontamination()
    decontamination.setup.driver._stop_heating = True
    lasts(decontamination.steps)
    hal.pool_set(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_FAILED)
    fails_with(failures.UNIT_FAULT, decontamination.steps, 2)


def test_a_focal_plane_that_does_not_cool_is_not_waited_for():
    decontamination = Decontamination()
    decontamination.setup.driver._stop_heating = True
    lasts(decontamination.steps)
    cycles = mission.OPTICAL_DECONTAMINATED_WITHIN_MS // mission.EXECUTIVE_CYCLE_MS
    fails_with(failures.STEP_TIME_OUT, decontamination.steps, cycles + 5)


runner.run(globals())
