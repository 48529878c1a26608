"""Fault levels 1, 2 and 4 in flight: what each does, what it latches, and the way back."""

from collections.abc import Iterator

import pytest

from emei.platform import Platform
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps
from hil.scenarios.reactions import OFF_S, from_off_to_off, levels, mode_changes, over_current

pytestmark = pytest.mark.virtual_time

FORCED = (
    "power.deaf",
    "power.latchup_sar",
    "power.excess_sar_a",
    "power.bus_voltage_v",
    "sar.baseplate_temperature_degc",
    "optical.door",
    "optical.door_stuck",
    "sar.trm_temperature_degc",
    "sar.reflected_power_percent",
    "optical.focal_plane_temperature_degc",
)


@pytest.fixture(autouse=True)
def _from_off_to_off(session: Session, platform: Platform, bench: Bench) -> Iterator[None]:
    with from_off_to_off(session, platform, bench, FORCED):
        yield


def break_reflected_power(session: Session, bench: Bench) -> None:
    bench.units.force("sar.reflected_power_percent", 30)
    session.run_for(0.6)
    bench.units.release("sar.reflected_power_percent")


def test_level_1_ends_the_data_take_in_standby_and_keeps_it(session: Session, bench: Bench, platform: Platform) -> None:
    steps.sar_preop(session)
    command = steps.start_data_take(session, platform, task_id=701)
    since = len(session.events)
    break_reflected_power(session, bench)
    refusal = command.refusal(steps.ANSWER_S)
    assert (refusal.subservice, refusal.name) == (8, "ABORTED")
    assert refusal.detail == session.dictionary.event("TRIP_LIMIT").id
    session.wait_event("DATA_TAKE_CLOSED", steps.ANSWER_S, since, task_id=701)
    session.run_for(1.1)
    assert (session.value("SAR_MODE"), session.value("SAR_STATE"), session.value("REFUSE")) == (
        "STANDBY",
        "IDLE",
        "OFF",
    )
    assert session.value("TRANSMIT_PERMIT") == "INHIBITED"
    assert levels(session, since) == [("STAND_DOWN", "SAR")]
    session.send("SET_MODE_SAR", mode="PREOP").wait(240)


def test_level_1_twice_in_an_orbit_is_level_2(session: Session, bench: Bench, platform: Platform) -> None:
    since = len(session.events)
    for task_id in (702, 703):
        steps.sar_preop(session)
        command = steps.start_data_take(session, platform, task_id=task_id)
        assert command.failure is None
        break_reflected_power(session, bench)
        assert command.refusal(steps.ANSWER_S).name == "ABORTED"
        session.wait_event("DATA_TAKE_CLOSED", steps.ANSWER_S, since, task_id=task_id)
        if task_id == 702:
            session.run_for(2)
            session.send("SET_MODE_SAR", mode="OFF").wait(steps.ANSWER_S)
    session.wait_event("SAFED", steps.SAFE_S, since, instrument="SAR")
    session.wait_event("MODE_CHANGED", steps.SAFE_S, since, to_mode="SAFE_UNPOWERED")
    off_s = session.link.now_s()
    assert int(bench.units.observe("power.limiters_closed")) & 1 == 0
    session.wait_event("MODE_CHANGED", 2 * OFF_S, since, from_mode="SAFE_UNPOWERED", to_mode="SAFE")
    assert session.link.now_s() - off_s >= OFF_S - 0.5
    assert levels(session, since) == [("STAND_DOWN", "SAR"), ("SAFE", "SAR")]
    session.run_for(1.1)
    assert (session.value("SAR_STATE"), session.value("REFUSE")) == ("SAFE", "ON")
    for refused in (
        session.send("SET_MODE_SAR", mode="OFF"),
        session.send("SAR_ARM_TRANSMIT"),
        session.send("SET_MODE_OPTICAL", mode="STANDBY"),
    ):
        assert refused.refusal(steps.ANSWER_S).name == "REFUSE_STATE"
    for name in ("REPORT_MODES", "PING"):
        session.send(name).wait(steps.ANSWER_S)
    steps.leave_refuse(session)


def test_a_limit_that_stays_broken_goes_up_to_unpowered_and_stays_there(session: Session, bench: Bench) -> None:
    steps.optical_standby(session)
    since = len(session.events)
    bench.units.force("optical.focal_plane_temperature_degc", 40)
    session.run_for(60)
    assert levels(session, since) == [("STAND_DOWN", "OPTICAL"), ("SAFE", "OPTICAL"), ("SAFE", "OPTICAL")]
    assert session.value("OPTICAL_MODE") == "SAFE_UNPOWERED"
    session.run_for(60)
    assert session.value("OPTICAL_MODE") == "SAFE_UNPOWERED"
    switched_on = [
        event
        for event in session.events[since:]
        if event.name == "LIMITER_SWITCHED" and event.fields["position"] == "ON"
    ]
    assert len(switched_on) == 1, "one retry"
    assert int(bench.units.observe("power.limiters_closed")) == 0


@pytest.mark.parametrize("how", ["alarm", "PLATFORM_SAFE", "HARD_OFF"])
def test_level_4_that_finds_the_power_unit_deaf_ends_a_retry_to_come(
    session: Session, bench: Bench, platform: Platform, how: str
) -> None:
    """Only the ground switches on again."""
    steps.sar_standby(session)
    since = len(session.events)
    over_current(session, bench, since)
    session.wait_event("MODE_CHANGED", steps.SAFE_S, since, to_mode="SAFE_UNPOWERED")
    session.run_for(3)
    bench.units.force("power.deaf", 1)
    if how == "alarm":
        bench.alarm(True)
    elif how == "PLATFORM_SAFE":
        session.send("PLATFORM_SAFE")
    else:
        session.send("HARD_OFF", instrument="SAR")
    session.run_for(0.3)
    bench.units.release("power.deaf")
    session.run_for(2 * OFF_S)
    if how == "alarm":
        bench.alarm(False)
    assert int(bench.units.observe("power.limiters_closed")) & 1 == 0
    session.run_for(1.1)
    assert session.value("SAR_MODE") in ("OFF", "SAFE_UNPOWERED")


def test_a_hard_off_that_finds_the_power_unit_deaf_switches_off_what_the_retry_has_switched_on(
    session: Session, bench: Bench
) -> None:
    steps.sar_standby(session)
    since = len(session.events)
    over_current(session, bench, since)
    session.wait_event("LIMITER_SWITCHED", 2 * OFF_S, since, limiter="SAR_UNIT", position="ON")
    session.run_for(0.3)
    bench.units.force("power.deaf", 1)
    assert session.send("HARD_OFF", instrument="SAR").refusal(steps.ANSWER_S).name == "BUS_NO_REPLY"
    session.send("ARM_SAFE_EXIT").wait(steps.ANSWER_S)
    assert session.send("SAFE_EXIT").refusal(steps.ANSWER_S).name == "SAFING_UNDER_WAY"
    assert "SAFE" not in mode_changes(session, since), "the retry had not come to its end"
    bench.units.release("power.deaf")
    session.run_for(2 * OFF_S)
    assert (session.value("SAR_MODE"), session.value("REFUSE")) == ("SAFE_UNPOWERED", "ON")
    assert int(bench.units.observe("power.limiters_closed")) & 1 == 0


@pytest.mark.parametrize("how", ["alarm", "HARD_OFF"])
def test_level_4_that_finds_the_power_unit_deaf_ends_unpowered(
    session: Session, bench: Bench, platform: Platform, how: str
) -> None:
    steps.sar_standby(session)
    bench.units.force("power.deaf", 1)
    if how == "alarm":
        bench.alarm(True)
    else:
        assert session.send("HARD_OFF", instrument="SAR").refusal(steps.ANSWER_S).name == "BUS_NO_REPLY"
    session.run_for(0.3)
    bench.units.release("power.deaf")
    session.run_for(2 * OFF_S)
    if how == "alarm":
        bench.alarm(False)
    session.run_for(1.1)
    assert (session.value("SAR_MODE"), session.value("REFUSE")) == ("SAFE_UNPOWERED", "ON")
    assert int(bench.units.observe("power.limiters_closed")) & 1 == 0


def exit_refused(session: Session) -> str | None:
    session.send("ARM_SAFE_EXIT").wait(steps.ANSWER_S)
    command = session.send("SAFE_EXIT")
    session.wait_for(lambda: command.finished, steps.ANSWER_S, "The exit's answer")
    return command.failure.name if command.failure else None


def test_a_low_bus_keeps_an_unpowered_instrument_in_safe(session: Session, bench: Bench, platform: Platform) -> None:
    """The bus is read though the unit is off: no exit before it is well again."""
    steps.sar_preop(session)
    bench.units.force("power.bus_voltage_v", 24)
    session.run_for(60)
    assert session.value("SAR_MODE") == "SAFE_UNPOWERED"
    assert exit_refused(session) == "LIMIT_BROKEN"
    bench.units.release("power.bus_voltage_v")
    session.run_for(1)
    assert exit_refused(session) is None


@pytest.mark.parametrize(
    ("quantity", "broken", "limit"),
    [("power.bus_voltage_v", 24.9, "LIMIT_BROKEN"), ("power.bus_voltage_v", 25.1, None)],
)
def test_hard_off_is_no_way_round_a_broken_limit(
    session: Session, bench: Bench, platform: Platform, quantity: str, broken: float, limit: str | None
) -> None:
    """In OFF nothing is swept; what is read there still keeps the REFUSE state."""
    session.send("PLATFORM_SAFE").wait(steps.ANSWER_S)
    session.send("HARD_OFF", instrument="SAR").wait(steps.ANSWER_S)
    bench.units.force(quantity, broken)
    session.run_for(1.5)
    assert exit_refused(session) == limit
    bench.units.release(quantity)
    session.run_for(1.5)
    if limit:
        assert exit_refused(session) is None


def test_a_first_step_is_good_for_one_second_step(session: Session, bench: Bench) -> None:
    session.send("PLATFORM_SAFE").wait(steps.ANSWER_S)
    bench.units.force("power.bus_voltage_v", 24)
    session.run_for(1.5)
    assert exit_refused(session) == "LIMIT_BROKEN"
    bench.units.release("power.bus_voltage_v")
    session.run_for(1.5)
    assert session.send("SAFE_EXIT").refusal(steps.ANSWER_S).name == "NOT_ARMED"
    session.send("ARM_SAFE_EXIT").wait(steps.ANSWER_S)
    session.send("PLATFORM_SAFE").wait(steps.ANSWER_S)
    assert session.send("SAFE_EXIT").refusal(steps.ANSWER_S).name == "NOT_ARMED"
    assert exit_refused(session) is None


def test_an_open_door_and_the_sun_are_acted_upon_in_safe(session: Session, bench: Bench, platform: Platform) -> None:
    quiet = platform.ancillary
    steps.optical_standby(session)
    session.send("SET_MODE_OPTICAL", mode="SAFE").wait(steps.SAFE_S)
    platform.ancillary = lambda gps_s: {**quiet(gps_s), "sun_angle_deg": 20.0}
    session.run_for(5)
    assert session.value("OPTICAL_MODE") == "SAFE", "the door is shut"
    since = len(session.events)
    bench.units.force("optical.door", 1)
    session.wait_event("TRIP_LIMIT", steps.ANSWER_S, since, monitor="OPTICAL_SUN")
    assert exit_refused(session) in ("LIMIT_BROKEN", "SAFING_UNDER_WAY")
    session.run_for(3 * OFF_S)
    bench.units.release("optical.door")
    platform.ancillary = quiet
    session.run_for(2)
    assert exit_refused(session) is None


def test_powered_safe_is_not_declared_with_the_door_open(session: Session, bench: Bench, platform: Platform) -> None:
    """A door that sticks open: after the one retry the unit is off, not in SAFE."""
    quiet = platform.ancillary
    steps.optical_ready(session)
    bench.units.force("optical.door_stuck", 1)
    platform.ancillary = lambda gps_s: {**quiet(gps_s), "sun_angle_deg": 20.0}
    session.run_for(6 * OFF_S)
    platform.ancillary = quiet
    assert bench.units.observe("optical.door_position") == 1
    assert session.value("OPTICAL_MODE") == "SAFE_UNPOWERED"
    bench.units.release("optical.door_stuck")
    session.run_for(5)


@pytest.mark.parametrize(("baseplate_degc", "refused"), [(40.0, False), (40.1, True)])
def test_a_warm_baseplate_has_no_thermal_budget(
    session: Session, bench: Bench, platform: Platform, baseplate_degc: float, refused: bool
) -> None:
    steps.sar_preop(session)
    bench.units.force("sar.baseplate_temperature_degc", baseplate_degc)
    session.run_for(0.5)
    command = session.send("SAR_START_DATA_TAKE", task_id=733, slot=0, start=platform.gps_s() + 4)
    if refused:
        assert command.refusal(steps.ANSWER_S).name == "GUARD_OUT_OF_RANGE"
    else:
        command.wait(20)


def test_safe_by_telecommand_in_a_data_take(session: Session, bench: Bench, platform: Platform) -> None:
    """Transmission ends, the data take is kept, REFUSE is latched; the way back takes two steps."""
    steps.sar_preop(session)
    take = steps.start_data_take(session, platform, task_id=731)
    session.wait_for(lambda: bench.edges and bench.edges[-1].on, 5, "Transmit-enable")
    since = len(session.events)
    session.send("SET_MODE_SAR", mode="SAFE").wait(steps.SAFE_S)
    assert take.refusal(steps.ANSWER_S).name == "ABORTED"
    assert not bench.edges[-1].on
    session.wait_event("DATA_TAKE_CLOSED", steps.ANSWER_S, since, task_id=731)
    session.run_for(1.1)
    assert (session.value("SAR_MODE"), session.value("REFUSE")) == ("SAFE", "ON")
    assert session.value("SAFING_CAUSE") == session.dictionary.event("SAFE_COMMANDED").id
    # Once more, in the REFUSE state: nothing to do.
    session.send("SET_MODE_SAR", mode="SAFE").wait(steps.ANSWER_S)
    steps.leave_refuse(session)
    session.send("SET_MODE_SAR", mode="STANDBY").wait(steps.ANSWER_S)
    assert bench.units.observe("power.limiters_closed") == 1


def test_safe_by_telecommand_of_the_other_instrument_in_refuse(session: Session, bench: Bench) -> None:
    """What still runs when REFUSE is latched can be made safe too; what is off cannot, and nothing is latched."""
    assert session.send("SET_MODE_OPTICAL", mode="SAFE").refusal(steps.ANSWER_S).name == "ILLEGAL_TRANSITION"
    session.run_for(1.1)
    assert session.value("REFUSE") == "OFF"
    steps.optical_ready(session)
    steps.sar_standby(session)
    session.send("SET_MODE_SAR", mode="SAFE").wait(steps.SAFE_S)
    session.run_for(1.1)
    assert session.value("OPTICAL_MODE") == "READY"
    session.send("SET_MODE_OPTICAL", mode="SAFE").wait(steps.SAFE_S)
    assert bench.units.observe("optical.door") == session.dictionary.enumeration("DOOR").members["SHUT"]
    session.run_for(1.1)
    assert session.value("OPTICAL_MODE") == "SAFE"


def test_level_4_by_the_platform(session: Session, bench: Bench, platform: Platform) -> None:
    steps.sar_preop(session)
    command = steps.start_data_take(session, platform, task_id=704)
    since = len(session.events)
    session.send("PLATFORM_SAFE").wait(steps.ANSWER_S)
    assert not bench.edges[-1].on
    assert command.refusal(steps.ANSWER_S).name == "ABORTED"
    session.run_for(2)
    assert (session.value("SAR_MODE"), session.value("REFUSE")) == ("OFF", "ON")
    assert session.value("SAFING_CAUSE") == session.dictionary.event("PLATFORM_SAFE").id
    assert int(bench.units.observe("power.limiters_closed")) == 0
    assert levels(session, since) == [("HARD_OFF", "COMPUTER")]
    assert session.value("RECORDER_STATE") == "READY", "no entry left open"
    assert session.send("SET_MODE_SAR", mode="INIT").refusal(steps.ANSWER_S).name == "REFUSE_STATE"


def test_a_commanded_reset_stops_transmission_and_keeps_refuse_and_data(
    session: Session, bench: Bench, platform: Platform
) -> None:
    steps.sar_preop(session)
    command = steps.start_data_take(session, platform, task_id=705)
    assert command.failure is None
    session.wait_for(lambda: bench.edges and bench.edges[-1].on, steps.ANSWER_S, "Transmit-enable")
    assert session.send("RESET").refusal(steps.ANSWER_S).name == "NOT_ARMED"
    assert bench.edges[-1].on
    since = len(session.events)
    session.send("ARM_RESET").wait(steps.ANSWER_S)
    session.send("RESET").wait(steps.ANSWER_S)
    assert not bench.edges[-1].on
    assert session.wait_event("BOOTED", 10, since).fields["cause"] == "COMMANDED"
    session.wait_for(lambda: session.value("RESET_CAUSE") == "COMMANDED", 5, "Housekeeping after the boot")
    assert (session.value("SAFE_BOOT"), session.value("SAR_MODE")) == ("OFF", "OFF")
    assert int(bench.units.observe("power.limiters_closed")) == 0
    session.wait_for(lambda: session.value("RECORDER_STATE") == "READY", 10, "The entry left open is closed")
    steps.ready(session, bench)
    assert session.value("REFUSE") == "OFF"
    # A latched REFUSE outlives the next one.
    session.send("PLATFORM_SAFE").wait(steps.ANSWER_S)
    session.send("ARM_RESET").wait(steps.ANSWER_S)
    session.send("RESET").wait(steps.ANSWER_S)
    session.wait_event("BOOTED", 10, len(session.events))
    session.run_for(6)
    assert (session.value("REFUSE"), session.value("SAR_MODE")) == ("ON", "OFF")
    assert session.value("SAFING_CAUSE") == session.dictionary.event("PLATFORM_SAFE").id
    assert session.send("SET_MODE_SAR", mode="INIT").refusal(steps.ANSWER_S).name == "REFUSE_STATE"


def test_a_recorder_that_restarts_ends_the_data_take_and_safes_nothing(
    session: Session, bench: Bench, platform: Platform
) -> None:
    steps.sar_preop(session)
    command = steps.start_data_take(session, platform, task_id=707)
    assert command.failure is None
    since = len(session.events)
    bench.units.force("recorder.reset", 1)
    session.wait_for(lambda: command.finished, 60, "The data take's end")
    session.wait_for(lambda: session.value("SAR_MODE") == "PREOP", steps.SAFE_S, "SAR in PREOP")
    assert levels(session, since) == []
    assert session.value("REFUSE") == "OFF"
    session.wait_for(lambda: session.value("RECORDER_STATE") == "READY", steps.SAFE_S, "A recorder that is ready")
