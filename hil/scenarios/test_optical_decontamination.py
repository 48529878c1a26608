"""Decontamination: to its end, aborted, and what ends it when the focal plane or the unit does not behave."""

from collections.abc import Iterator

import pytest

from emei.dictionary import load
from emei.platform import Platform
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps

pytestmark = pytest.mark.virtual_time

HOUR_S = 120.0
"""The bench's hour of decontamination."""
FAULTS = ("optical.heater_runaway", "optical.focal_plane_temperature_degc", "optical.stuck_state")
COOLS_WITHIN_S = load().mission.integer("optical", "decontaminated_within_ms") / 1000
TRIP_DEGC = 45.0
RUNAWAY_DEGC = 60.0
"""Where the focal plane would end with heaters that do not go off."""
REACTION_S = 0.5
COOLING_S = 150.0
"""From where the heaters are switched off by a trip, or a little beyond, to where switching on trips no more."""


@pytest.fixture(autouse=True)
def _from_off_to_off(session: Session, platform: Platform, bench: Bench) -> Iterator[None]:
    steps.ready(session, bench)
    yield
    for fault in FAULTS:
        bench.units.release(fault)
    steps.all_off(session)
    assert session.anomalies == []


def test_decontamination_comes_to_its_end(session: Session, bench: Bench) -> None:
    steps.optical_standby(session)
    session.send("SET_BENCH_WAIT", wait="OPTICAL_DECONTAMINATION_HOUR", wait_ms=round(HOUR_S * 1000)).wait(5)
    since, begun_s = len(session.events), session.link.now_s()
    command = session.send("OPTICAL_DECONTAMINATE", duration_h=1)
    session.wait_for(lambda: session.value("OPTICAL_MODE") == "DECONTAMINATION", 10, "The decontamination")
    session.run_for(HOUR_S - 20)
    assert bench.units.observe("optical.focal_plane_temperature_degc") == pytest.approx(40, abs=6)
    assert bench.units.observe("optical.focal_plane_on") == 0
    assert bench.units.observe("optical.door") == session.dictionary.enumeration("DOOR").members["SHUT"]
    command.wait(HOUR_S + 300)
    event = session.wait_event("DECONTAMINATED", steps.ANSWER_S, since)
    assert (event.fields["minutes"], event.fields["planned_minutes"]) == (2, 2)
    assert HOUR_S < session.link.now_s() - begun_s < HOUR_S + 300
    session.run_for(1.1)
    assert (session.value("OPTICAL_MODE"), session.value("REFUSE")) == ("STANDBY", "OFF")
    assert not [event.name for event in session.events[since:] if event.severity in ("medium", "high")]


def test_decontamination_aborted(session: Session, bench: Bench) -> None:
    steps.optical_standby(session)
    command = session.send("OPTICAL_DECONTAMINATE", duration_h=72)
    session.run_for(100)
    assert session.value("OPTICAL_MODE") == "DECONTAMINATION"
    assert session.send("SET_MODE_OPTICAL", mode="STANDBY").refusal(steps.ANSWER_S).name == "INSTRUMENT_BUSY"
    since = len(session.events)
    session.send("ABORT", instrument="OPTICAL").wait(steps.ANSWER_S)
    assert command.refusal(300).name == "ABORTED"
    session.wait_event("DECONTAMINATED", steps.ANSWER_S, since)
    session.run_for(3)
    assert (session.value("OPTICAL_MODE"), session.value("REFUSE")) == ("STANDBY", "OFF")
    assert bench.units.observe("power.heater_current_ma") == 0


def test_a_focal_plane_that_does_not_cool_is_not_waited_for(session: Session, bench: Bench) -> None:
    steps.optical_standby(session)
    command = session.send("OPTICAL_DECONTAMINATE", duration_h=72)
    session.run_for(100)
    bench.units.force("optical.focal_plane_temperature_degc", 36.0)
    session.send("ABORT", instrument="OPTICAL").wait(steps.ANSWER_S)
    session.run_for(COOLS_WITHIN_S - 5)
    assert not command.finished
    assert command.refusal(10).name == "STEP_TIME_OUT"
    session.run_for(3)
    # Too warm for SAFE with its supply as well.
    assert (session.value("OPTICAL_MODE"), session.value("REFUSE")) == ("SAFE_UNPOWERED", "ON")
    assert bench.units.observe("power.heater_current_ma") == 0


def test_decontamination_trips_at_45_degc(session: Session, bench: Bench) -> None:
    steps.optical_standby(session)
    since = len(session.events)
    command = session.send("OPTICAL_DECONTAMINATE", duration_h=1)
    session.run_for(5)
    bench.units.force("optical.focal_plane_temperature_degc", 45.0)
    session.run_for(2)
    assert not command.finished, "the limit itself is allowed"
    bench.units.force("optical.focal_plane_temperature_degc", 45.01)
    assert command.refusal(60).name == "ABORTED"
    bench.units.release("optical.focal_plane_temperature_degc")
    session.wait_event("TRIP_LIMIT", steps.ANSWER_S, since, monitor="OPTICAL_DECONTAMINATION")
    session.run_for(3)
    assert bench.units.observe("power.heater_current_ma") == 0
    session.run_for(COOLING_S)


def test_a_unit_that_does_not_begin_to_decontaminate_is_not_heated_for_days(session: Session, bench: Bench) -> None:
    """Found by the safety checker: it was waited for until the time limit of the whole, 73 h."""
    steps.optical_standby(session)
    bench.units.force("optical.stuck_state", 1)
    command = session.send("OPTICAL_DECONTAMINATE", duration_h=1)
    failure = command.refusal(10)
    bench.units.release("optical.stuck_state")
    assert failure.name == "STEP_TIME_OUT"
    session.run_for(3)
    assert bench.units.observe("power.heater_current_ma") == 0
    assert session.value("OPTICAL_MODE") == "SAFE"


def test_heater_that_runs_away_is_switched_off(session: Session, bench: Bench) -> None:
    steps.optical_standby(session)
    bench.units.force("optical.heater_runaway", 1)
    command = session.send("OPTICAL_DECONTAMINATE", duration_h=2)
    assert command.refusal(300).name == "ABORTED"
    heated_degc_s = (RUNAWAY_DEGC - TRIP_DEGC) / bench.description.units["optical_stabilisation_s"]
    beyond_degc = bench.units.observe("optical.focal_plane_temperature_degc") - TRIP_DEGC
    assert 0 < beyond_degc < heated_degc_s * REACTION_S
    session.run_for(3)
    assert bench.units.observe("power.heater_current_ma") == 0
    bench.units.release("optical.heater_runaway")
    session.run_for(COOLING_S)
