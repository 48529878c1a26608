"""What must not be left behind: entries open, units that restarted by themselves, steps that never end."""

from collections.abc import Iterator

import pytest

from emei.platform import Platform
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps

pytestmark = pytest.mark.virtual_time

LONGEST_COOL_DOWN_S = 2 * 60.0
FORCED = (
    "sar.trm_temperature_degc",
    "sar.transmit_time_ms",
    "sar.state",
    "sar.fault_flags",
    "optical.stuck_state",
    "recorder.dead",
)


@pytest.fixture(autouse=True)
def _from_off_to_off(session: Session, platform: Platform, bench: Bench) -> Iterator[None]:
    steps.ready(session, bench)
    yield
    for name in FORCED:
        bench.units.release(name)
    session.run_for(3)
    steps.all_off(session)
    assert session.anomalies == []


def event_id(session: Session, name: str) -> int:
    return session.dictionary.event(name).id


def assert_recorder_ready(session: Session) -> None:
    session.wait_for(lambda: session.value("RECORDER_STATE") == "READY", steps.ANSWER_S, "A recorder that is ready")
    assert session.value("RECORDER_OPEN_ENTRY_ID") == 0


def assert_safed(session: Session, since: int, instrument: str, cause: str) -> None:
    event = session.wait_event("SAFED", 30, since, instrument=instrument)
    assert event.fields["cause"] == event_id(session, cause)


def test_sar_unit_restarts_in_preop(session: Session, bench: Bench) -> None:
    steps.sar_preop(session)
    since = len(session.events)
    bench.units.force("sar.reset", 1)
    session.wait_event("UNIT_FAULT", steps.ANSWER_S, since, node=session.dictionary.unit("SAR").node)
    assert_safed(session, since, "SAR", "UNIT_FAULT")


def test_sar_unit_restarts_in_a_data_take(session: Session, bench: Bench, platform: Platform) -> None:
    steps.sar_preop(session)
    command = steps.start_data_take(session, platform, task_id=801)
    since = len(session.events)
    bench.units.force("sar.reset", 1)
    session.wait_event("UNIT_FAULT", steps.ANSWER_S, since, node=session.dictionary.unit("SAR").node)
    assert command.refusal(steps.SAFE_S).subservice == 8
    assert_safed(session, since, "SAR", "UNIT_FAULT")
    session.wait_event("DATA_TAKE_CLOSED", steps.SAFE_S, since, task_id=801)


def test_optical_unit_restarts_in_ready(session: Session, bench: Bench) -> None:
    steps.optical_ready(session)
    since = len(session.events)
    bench.units.force("optical.reset", 1)
    assert_safed(session, since, "OPTICAL", "UNIT_FAULT")
    assert bench.units.observe("optical.door") == session.dictionary.enumeration("DOOR").members["SHUT"]


def test_unit_that_leaves_its_state_at_rest(session: Session, bench: Bench) -> None:
    steps.sar_preop(session)
    since = len(session.events)
    bench.units.force("sar.state", session.dictionary.enumeration("SAR_UNIT_STATE").members["IDLE"])
    assert_safed(session, since, "SAR", "UNIT_FAULT")


def test_hard_off_leaves_no_entry_open(session: Session, platform: Platform) -> None:
    steps.sar_preop(session)
    command = steps.start_data_take(session, platform, task_id=802)
    session.send("HARD_OFF", instrument="SAR").wait(steps.ANSWER_S)
    assert command.refusal(steps.ANSWER_S).name == "ABORTED"
    session.wait_for(lambda: session.value("SAR_MODE") == "OFF", steps.ANSWER_S, "SAR off")
    assert_recorder_ready(session)


def test_recorder_found_again_has_no_entry_open(session: Session, bench: Bench, platform: Platform) -> None:
    steps.sar_preop(session)
    command = steps.start_data_take(session, platform, task_id=803)
    bench.units.force("recorder.dead", 1)
    assert command.refusal(60).subservice == 8
    bench.units.release("recorder.dead")
    session.wait_for(lambda: session.value("RECORDER_LINK") == "GOOD", steps.ANSWER_S, "The recorder")
    assert_recorder_ready(session)


def test_trip_whose_value_fits_no_event_is_acted_upon(session: Session, bench: Bench, platform: Platform) -> None:
    steps.sar_preop(session)
    steps.start_data_take(session, platform, task_id=804)
    since = len(session.events)
    bench.units.force("sar.transmit_time_ms", 4e9)
    assert session.wait_event("TRIP_LIMIT", steps.ANSWER_S, since).fields["value"] == 0x7FFFFFFF
    session.wait_event("MODE_CHANGED", steps.SAFE_S, since, instrument="SAR", to_mode="STANDBY")
    session.wait_event("DATA_TAKE_CLOSED", steps.ANSWER_S, since, task_id=804)
    session.run_for(LONGEST_COOL_DOWN_S)  # the counter is taken for the longest transmission there may be


def test_no_exit_while_a_limit_is_broken(session: Session, bench: Bench) -> None:
    steps.sar_standby(session)
    since = len(session.events)
    bench.units.force("sar.trm_temperature_degc", 75)
    assert_safed(session, since, "SAR", "TRIP_LIMIT")
    session.send("ARM_SAFE_EXIT").wait(steps.ANSWER_S)
    assert session.send("SAFE_EXIT").refusal(steps.ANSWER_S).name in ("LIMIT_BROKEN", "SAFING_UNDER_WAY")
    session.wait_event("MODE_CHANGED", 20, since, from_mode="SAFE_UNPOWERED", to_mode="SAFE")
    # Broken in SAFE too: the unit is switched off for good, and its limits can no longer be told.
    session.wait_event("MODE_CHANGED", 5, since, from_mode="SAFE", to_mode="SAFE_UNPOWERED")
    bench.units.release("sar.trm_temperature_degc")
    session.run_for(1)
    session.send("ARM_SAFE_EXIT").wait(steps.ANSWER_S)
    session.send("SAFE_EXIT").wait(steps.ANSWER_S)


def test_unit_that_does_not_start_is_not_waited_for(session: Session, bench: Bench, platform: Platform) -> None:
    steps.sar_preop(session)
    bench.units.force("sar.state", session.dictionary.enumeration("SAR_UNIT_STATE").members["READY"])
    command = session.send("SAR_START_DATA_TAKE", task_id=805, slot=0, start=platform.gps_s() + steps.START_LEAD_S)
    session.run_for(steps.START_LEAD_S - 1)
    since = len(session.events)
    bench.units.force("sar.fault_flags", 4)  # late start
    assert command.refusal(steps.ANSWER_S).name == "UNIT_FAULT"
    session.wait_for(lambda: session.value("TRANSMIT_ENABLE") == "OFF", steps.ANSWER_S, "Transmit-enable off")
    assert_safed(session, since, "SAR", "TRANSITION_FAILED")


def test_recovery_of_a_stuck_unit_ends(session: Session, bench: Bench) -> None:
    session.send("SET_BENCH_WAIT", wait="OPTICAL_STABILISATION", wait_ms=60000).wait(steps.ANSWER_S)
    steps.optical_standby(session)
    command = session.send("SET_MODE_OPTICAL", mode="THERMAL_STABILISATION")
    session.run_for(3)
    since = len(session.events)
    bench.units.force("optical.stuck_state", 1)
    session.send("ABORT", instrument="OPTICAL").wait(steps.ANSWER_S)
    assert command.refusal(30).name == "ABORTED"
    assert_safed(session, since, "OPTICAL", "TRANSITION_FAILED")


def test_both_instruments_want_the_recorder(session: Session, platform: Platform) -> None:
    steps.sar_preop(session)
    steps.optical_ready(session)
    start = platform.gps_s() + steps.START_LEAD_S
    take = session.send("SAR_START_DATA_TAKE", task_id=806, slot=0, start=start)
    image = session.send("OPTICAL_START_IMAGE", task_id=807, mode="STRIP", start=start, duration_ms=2000)
    assert image.refusal(steps.SAFE_S).name in ("RECORDER_REFUSED", "GUARD_OUT_OF_RANGE")
    take.wait(60)
    session.wait_event("DATA_TAKE_CLOSED", steps.ANSWER_S, task_id=806)
    assert_recorder_ready(session)
    assert session.value("OPTICAL_MODE") == "READY"


def test_catalogue_read_while_a_data_take_closes(session: Session, platform: Platform) -> None:
    """Neither gets the other's entry."""
    steps.sar_preop(session)
    command = steps.start_data_take(session, platform, task_id=808)
    while not command.finished:
        session.send("RECORDER_REPORT_CATALOGUE", first_entry=1, entries=1).wait(steps.ANSWER_S)
    assert command.failure is None
    event = session.wait_event("DATA_TAKE_CLOSED", steps.ANSWER_S, task_id=808)
    assert event.fields["packets"]


def test_image_telecommand_reaches_no_other_mode(session: Session, platform: Platform) -> None:
    steps.optical_standby(session)
    for mode in ("OFF", "THERMAL_STABILISATION"):
        command = session.send("OPTICAL_START_IMAGE", task_id=809, mode=mode, start=platform.gps_s() + 5)
        assert command.refusal(steps.ANSWER_S).name == "ILLEGAL_TRANSITION"
    session.run_for(1.1)
    assert session.value("OPTICAL_MODE") == "STANDBY"
