"""What keeps the exit from REFUSE shut: limits that are broken or not known, a supply, the alarm, a safing."""

import explore
import hal

import runner
from payload.tables import enums, failures, pool
from protection_setup import Setup
from runner import refused


def test_no_exit_while_a_supply_that_was_switched_off_may_be_on():
    """Its unit is asked for no samples then."""
    setup = Setup()
    setup.driver.is_powered = False
    refused(failures.SUPPLY_NOT_OFF, setup.protection.require_limits_clear)
    setup.driver.is_seen_off = True
    setup.protection.require_limits_clear()


def test_a_limit_that_tripped_keeps_the_exit_shut_until_it_is_clear():
    setup = Setup()
    setup.break_limit()
    failure = refused(failures.LIMIT_BROKEN, setup.protection.require_limits_clear)
    assert failure.detail == pool.OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC
    setup.sample(pool.OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC, 2000)
    setup.protection.require_limits_clear()


def test_in_off_the_exit_asks_for_the_limits_of_unpowered_safe():
    """The SAR's: the bus and the battery, which are read without its unit."""
    setup = Setup()
    machine = setup.driver.machine
    machine.instrument = enums.INSTRUMENT_SAR
    machine.unpowered_mode = enums.SAR_MODE_SAFE_UNPOWERED
    setup.protection._instruments = {enums.INSTRUMENT_SAR: setup.driver}
    hal.pool_set(pool.BATTERY_PERCENT, 800)
    for mode, is_refused in ((enums.SAR_MODE_OFF, True), (enums.SAR_MODE_PREOP, False)):
        machine.mode = mode
        hal.pool_set(pool.POWER_BUS_VOLTAGE_V, 24999)
        if is_refused:
            failure = refused(failures.LIMIT_BROKEN, setup.protection.require_limits_clear)
            assert failure.detail == pool.POWER_BUS_VOLTAGE_V
        else:
            setup.protection.require_limits_clear()  # it is swept there, and did not trip
        hal.pool_set(pool.POWER_BUS_VOLTAGE_V, 25000)
        setup.protection.require_limits_clear()


def test_no_exit_while_nobody_knows_whether_a_limit_of_safe_is_kept():
    """In OFF by the limits of the unpowered SAFE; elsewhere the unit has other things to keep, and is looked after."""
    setup = Setup()
    machine = setup.driver.machine
    machine.instrument = enums.INSTRUMENT_SAR
    machine.unpowered_mode = enums.SAR_MODE_SAFE_UNPOWERED
    setup.protection._instruments = {enums.INSTRUMENT_SAR: setup.driver}
    fresh = (
        (pool.POWER_BUS_VOLTAGE_V, 28000),
        (pool.BATTERY_PERCENT, 800),
        (pool.SAR_TRM_TEMPERATURE_DEGC, 200),
        (pool.SAR_BASEPLATE_TEMPERATURE_DEGC, 200),
        (pool.SAR_CURRENT_EXCESS_PERCENT, 0),
    )
    unsupplied = (pool.POWER_BUS_VOLTAGE_V, pool.BATTERY_PERCENT)
    for mode, is_safe, needed in (
        (enums.SAR_MODE_OFF, False, unsupplied),
        (enums.SAR_MODE_SAFE_UNPOWERED, True, unsupplied),
        (enums.SAR_MODE_SAFE, True, tuple(parameter for parameter, _ in fresh)),
        (enums.SAR_MODE_PREOP, False, ()),
    ):
        machine.mode = mode
        machine.safe_now = is_safe
        for unknown, _ in fresh:
            for parameter, value in fresh:
                hal.pool_set(parameter, value)
            setup.protection.require_limits_clear()
            hal.pool_invalidate(unknown, 1)
            if unknown in needed:
                failure = refused(failures.LIMIT_UNKNOWN, setup.protection.require_limits_clear)
                assert failure.detail == unknown and hal.monitor_parameter(failure.limit) == unknown
            else:
                setup.protection.require_limits_clear()


def test_the_exit_waits_for_the_end_of_a_safing():
    setup = Setup()
    setup.driver.machine.safing = True
    failure = refused(failures.SAFING_UNDER_WAY, setup.protection.require_limits_clear)
    assert failure.detail == enums.INSTRUMENT_OPTICAL
    setup.driver.machine.safing = False
    setup.protection.require_limits_clear()


def test_no_exit_while_the_alarm_stands():
    setup = Setup()
    explore.discrete_edge("A")
    refused(failures.ALARM_STANDS, setup.protection.require_limits_clear)
    explore.discrete_edge("a")
    setup.protection.require_limits_clear()


runner.run(globals())
