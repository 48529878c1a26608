"""What stands between a telecommand and the instruments: each refusal by its code, each inhibit where it is due."""

from collections.abc import Iterator
from typing import Any

import pytest

from emei.platform import Platform, quiet_sky
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps, zones
from hil.scenarios.zones import Track

pytestmark = pytest.mark.virtual_time


@pytest.fixture(autouse=True)
def _from_off_to_off(session: Session, platform: Platform, bench: Bench) -> Iterator[None]:
    steps.ready(session, bench)
    yield
    bench.alarm(False)
    bench.units.release("recorder.free_mib")
    steps.all_off(session)
    assert session.anomalies == []


def start(session: Session, platform: Platform, lead_s: float) -> str:
    """The refusal's name of a SAR data take that is to start then."""
    command = session.send("SAR_START_DATA_TAKE", task_id=901, slot=0, start=platform.gps_s() + lead_s)
    failure = command.refusal(steps.ANSWER_S)
    assert failure.subservice == 4
    return failure.name


def test_alarm_opens_every_limiter_and_shuts_the_exit(session: Session, bench: Bench) -> None:
    steps.sar_standby(session)
    steps.optical_standby(session)
    since = len(session.events)
    bench.alarm(True)
    session.wait_event("ALARM_RAISED", steps.ANSWER_S, since)
    for mode in ("SAR_MODE", "OPTICAL_MODE"):
        session.wait_for(lambda mode=mode: session.value(mode) == "OFF", steps.ANSWER_S, mode)  # type: ignore[misc]
    assert bench.units.observe("power.limiters_closed") == 0
    assert session.value("SAFING_CAUSE") == session.dictionary.event("ALARM_RAISED").id
    for name in ("SAR_ARM_TRANSMIT", "SET_MODE_SAR"):
        arguments: dict[str, Any] = {"mode": "INIT"} if name == "SET_MODE_SAR" else {}
        assert session.send(name, **arguments).refusal(steps.ANSWER_S).name == "REFUSE_STATE"
    session.send("ARM_SAFE_EXIT").wait(steps.ANSWER_S)
    assert session.send("SAFE_EXIT").refusal(steps.ANSWER_S).name == "ALARM_STANDS"
    bench.alarm(False)
    session.run_for(0.5)
    session.send("ARM_SAFE_EXIT").wait(steps.ANSWER_S)
    session.send("SAFE_EXIT").wait(steps.ANSWER_S)


def test_data_take_guards(session: Session, bench: Bench, platform: Platform) -> None:
    steps.sar_preop(session)
    # A telecommand takes tenths of a second to the board and through it: its start is nearer when it is looked at.
    for lead_s, failure in ((1.0, "START_IN_THE_PAST"), (2.5, "START_IN_THE_PAST"), (120.3, "START_TOO_FAR")):
        assert start(session, platform, lead_s) == failure, lead_s
    for lead_s in (2.8, 120.0):
        command = session.send("SAR_START_DATA_TAKE", task_id=900, slot=0, start=platform.gps_s() + lead_s)
        session.run_for(1.0)
        assert command.state == "in progress", command.failure
        session.send("ABORT", instrument="SAR").wait(steps.ANSWER_S)
        assert command.refusal(steps.SAFE_S).name == "ABORTED"
        session.wait_for(lambda: session.value("RECORDER_STATE") == "READY", steps.ANSWER_S, "A recorder that is ready")
    bench.units.force("recorder.free_mib", 1)
    session.run_for(0.5)
    assert start(session, platform, 4.0) == "MEMORY_BUDGET"
    bench.units.release("recorder.free_mib")
    session.run_for(0.5)
    with Track(platform, *zones.centre_deg("PARKES")):
        session.run_for(2.5)
        assert start(session, platform, 4.0) == "TRANSMIT_ZONE"
        platform.pause(time_messages=False)
        session.run_for(3.5)
        assert start(session, platform, 4.0) == "GUARD_PARAMETER_STALE"
        platform.resume()
    session.run_for(2.5)
    session.send("SAR_INHIBIT_TRANSMIT").wait(steps.ANSWER_S)
    assert start(session, platform, 4.0) == "NO_TRANSMIT_PERMIT"


@pytest.mark.parametrize("mode", ["STANDBY", "OFF"])
def test_leaving_preop_sets_the_transmit_inhibit(session: Session, mode: str) -> None:
    steps.sar_preop(session)
    session.run_for(1.1)
    assert session.value("TRANSMIT_PERMIT") == "PERMITTED"
    since = len(session.events)
    session.send("SET_MODE_SAR", mode=mode).wait(steps.ANSWER_S)
    session.wait_event("TRANSMIT_INHIBITED", steps.ANSWER_S, since)


def test_image_and_door_guards(session: Session, bench: Bench, platform: Platform) -> None:
    steps.optical_standby(session)
    failure = session.send("OPTICAL_MOVE_DOOR", position="OPEN").refusal(steps.ANSWER_S)
    assert failure.name == "ILLEGAL_TRANSITION"
    wait_ms = 30_000
    session.send("SET_BENCH_WAIT", wait="OPTICAL_STABILISATION", wait_ms=wait_ms).wait(steps.ANSWER_S)
    stabilise = session.send("SET_MODE_OPTICAL", mode="THERMAL_STABILISATION").wait(900)
    assert stabilise.duration_s and stabilise.duration_s * 1000 >= wait_ms
    assert session.send("SET_MODE_OPTICAL", mode="READY").refusal(steps.ANSWER_S).name == "DOOR_NOT_TESTED"
    steps.test_door(session)
    session.send("SET_MODE_OPTICAL", mode="READY").wait(30)
    near: dict[str, Any] = {**quiet_sky(platform.gps_s()), "sun_angle_deg": 29.0}
    session.send("ANCILLARY_DATA", **near)
    assert session.send("OPTICAL_MOVE_DOOR", position="OPEN").refusal(steps.ANSWER_S).name == "SUN_TOO_CLOSE"
    session.run_for(1.5)
    image: dict[str, Any] = {"task_id": 902, "mode": "STRIP", "start": platform.gps_s() + 5}
    failure = session.send("OPTICAL_START_IMAGE", **image, line_period_us=60.0, integration_us=60.1).refusal(5)
    assert failure.name == "CONSTRAINT"
    assert session.send("OPTICAL_START_IMAGE", **image).refusal(steps.ANSWER_S).name == "DOOR_NOT_OPEN"
    session.send("OPTICAL_MOVE_DOOR", position="OPEN").wait(10)
    bench.units.force("recorder.free_mib", 1)
    session.run_for(0.5)
    image["start"] = platform.gps_s() + 5
    assert session.send("OPTICAL_START_IMAGE", **image).refusal(steps.ANSWER_S).name == "MEMORY_BUDGET"
    since = len(session.events)
    session.send("SET_MODE_OPTICAL", mode="OFF").wait(20)
    # Moved and confirmed before the supply went, not left to its spring.
    session.wait_event("DOOR_MOVED", steps.ANSWER_S, since, position="SHUT")
    assert bench.units.observe("power.limiters_closed") == 0


def test_warm_up_takes_its_time(session: Session) -> None:
    wait_ms = 200_000  # longer than the unit itself takes
    session.send("SET_BENCH_WAIT", wait="SAR_WARMUP", wait_ms=wait_ms).wait(steps.ANSWER_S)
    steps.sar_standby(session)
    warm_up = session.send("SET_MODE_SAR", mode="PREOP").wait(240)
    assert warm_up.duration_s and warm_up.duration_s * 1000 >= wait_ms


def test_door_that_is_not_shut_at_switch_on(session: Session, bench: Bench) -> None:
    bench.units.force("optical.door", session.dictionary.enumeration("DOOR").members["OPEN"])
    assert session.send("SET_MODE_OPTICAL", mode="STANDBY").refusal(steps.SAFE_S).name == "UNIT_FAULT"
    bench.units.release("optical.door")
    session.wait_event("SAFED", steps.SAFE_S, instrument="OPTICAL")
    session.run_for(1.5)


def test_standby_shuts_the_door_and_takes_its_supply_away(session: Session, bench: Bench) -> None:
    supplied = 1 << session.dictionary.enumeration("LIMITER").members["DOOR"]
    steps.optical_ready(session)
    assert int(bench.units.observe("power.limiters_closed")) & supplied
    since = len(session.events)
    session.send("SET_MODE_OPTICAL", mode="STANDBY").wait(15)
    session.wait_event("DOOR_MOVED", steps.ANSWER_S, since, position="SHUT")
    assert not int(bench.units.observe("power.limiters_closed")) & supplied


def test_abort_of_nothing_is_refused(session: Session) -> None:
    assert session.send("ABORT", instrument="SAR").refusal(steps.ANSWER_S).name == "ILLEGAL_TRANSITION"


def test_connection_test_of_another_process(session: Session) -> None:
    assert session.send("CONNECTION_TEST", apid=2).refusal(steps.ANSWER_S).name == "UNKNOWN_APID"
