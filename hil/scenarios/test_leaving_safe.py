"""A way out of powered SAFE that fails, and a unit that is lost in SAFE: safed anew, or without its supply."""

from collections.abc import Iterator

import pytest

from emei.platform import Platform
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps

pytestmark = pytest.mark.virtual_time

LIMITER_BITS = {"SAR": 1 << 0, "OPTICAL": 1 << 1 | 1 << 2 | 1 << 3}
SHORT_S = 0.3  # too short for the unit to be lost
LONG_S = 30.0  # a reaction with its retry is over
FAULTS = [f"{unit}.{fault}" for unit in ("power", "sar", "optical") for fault in ("dead", "deaf")]
STATES = ("sar.state", "optical.state")


@pytest.fixture(autouse=True)
def _from_off_to_off(session: Session, platform: Platform, bench: Bench) -> Iterator[None]:
    steps.ready(session, bench)
    yield
    for fault in (*FAULTS, *STATES):
        bench.units.release(fault)
    session.run_for(6)
    steps.all_off(session)


def to_safe(session: Session, instrument: str) -> int:
    """Powered SAFE, REFUSE left; returns where the events from now on begin."""
    (steps.sar_standby if instrument == "SAR" else steps.optical_standby)(session)
    session.send(f"SET_MODE_{instrument}", mode="SAFE").wait(steps.SAFE_S)
    session.run_for(1.1)
    steps.leave_refuse(session)
    session.run_for(1.1)
    assert session.value(f"{instrument}_MODE") == "SAFE"
    return len(session.events)


def named(session: Session, since: int, name: str) -> list[dict[str, object]]:
    return [dict(event.fields) for event in session.events[since:] if event.name == name]


@pytest.mark.parametrize("instrument", ["SAR", "OPTICAL"])
@pytest.mark.parametrize("fault", ["dead", "deaf"])
def test_a_supply_that_is_not_switched_off_is_switched_off_by_the_safing(
    session: Session, bench: Bench, instrument: str, fault: str
) -> None:
    since = to_safe(session, instrument)
    bench.units.force(f"power.{fault}", 1)
    command = session.send(f"SET_MODE_{instrument}", mode="OFF")
    session.run_for(SHORT_S)
    bench.units.release(f"power.{fault}")
    session.run_for(LONG_S)
    assert command.failure is not None
    assert session.value(f"{instrument}_MODE") == "SAFE_UNPOWERED"
    assert int(bench.units.observe("power.limiters_closed")) & LIMITER_BITS[instrument] == 0
    assert session.value("REFUSE") == "ON"
    assert [fields["instrument"] for fields in named(session, since, "SAFED")] == [instrument]


@pytest.mark.parametrize("instrument", ["SAR", "OPTICAL"])
def test_a_switch_on_that_is_hard_off_while_the_power_unit_is_deaf_can_be_made_again(
    session: Session, bench: Bench, instrument: str
) -> None:
    """The safing of the lost power unit had begun in OFF; the unit was left in OFF as one that has its supply."""
    mode = "INIT" if instrument == "SAR" else "STANDBY"
    since = len(session.events)
    session.send(f"SET_MODE_{instrument}", mode=mode)
    session.run_for(1.0)
    bench.units.force("power.deaf", 1)
    session.wait_event("FAULT_LEVEL", steps.ANSWER_S, since, level="SAFE", scope=instrument)
    assert session.send("HARD_OFF", instrument=instrument).refusal(steps.ANSWER_S).name == "BUS_NO_REPLY"
    session.run_for(1.0)
    bench.units.release("power.deaf")
    session.run_for(LONG_S)
    assert session.value(f"{instrument}_MODE") == "SAFE_UNPOWERED"
    assert session.value(f"{instrument}_LINK") == "UNPOWERED"
    assert int(bench.units.observe("power.limiters_closed")) & LIMITER_BITS[instrument] == 0
    steps.all_off(session)
    (steps.sar_standby if instrument == "SAR" else steps.optical_standby)(session)


def test_a_unit_that_does_not_follow_to_standby_is_safe_again(session: Session, bench: Bench) -> None:
    """Left in IDLE under the name of SAFE, it drew more than SAFE does, until its limiter opened."""
    since = to_safe(session, "SAR")
    bench.units.force("sar.dead", 1)
    command = session.send("SET_MODE_SAR", mode="STANDBY")
    session.run_for(SHORT_S)
    bench.units.release("sar.dead")
    session.run_for(LONG_S)
    assert command.failure is not None
    is_supplied = int(bench.units.observe("power.limiters_closed")) & LIMITER_BITS["SAR"] != 0
    assert session.value("SAR_MODE") == ("SAFE" if is_supplied else "SAFE_UNPOWERED")
    assert not is_supplied or session.value("SAR_STATE") == "SAFE"
    assert session.value("REFUSE") == "ON"
    assert named(session, since, "LIMITER_TRIPPED") == []
    assert [fields["instrument"] for fields in named(session, since, "SAFED")] == ["SAR"]


def test_safe_is_commanded_on_the_way_out_of_safe(session: Session, bench: Bench) -> None:
    since = to_safe(session, "SAR")
    leaving = session.send("SET_MODE_SAR", mode="STANDBY")
    session.send("SET_MODE_SAR", mode="SAFE").wait(steps.SAFE_S)
    session.run_for(LONG_S)
    assert leaving.failure is not None and leaving.failure.name == "ABORTED"
    assert (session.value("SAR_MODE"), session.value("SAR_STATE")) == ("SAFE", "SAFE")
    assert len(named(session, since, "SAFED")) == 1


@pytest.mark.parametrize("mode", ["SAFE", "OFF"])
def test_what_is_not_known_is_not_clear(session: Session, platform: Platform, mode: str) -> None:
    """The battery, of which the platform tells."""
    to_safe(session, "SAR")
    session.send("SET_MODE_SAR", mode="SAFE").wait(steps.SAFE_S)
    if mode == "OFF":
        session.send("HARD_OFF", instrument="SAR").wait(steps.ANSWER_S)
    platform.pause(time_messages=False)
    session.run_for(5)
    session.send("ARM_SAFE_EXIT").wait(steps.ANSWER_S)
    refusal = session.send("SAFE_EXIT").refusal(steps.ANSWER_S)
    assert refusal.name == "LIMIT_UNKNOWN" and "BATTERY_PERCENT" in refusal.sentence
    platform.resume()
    session.run_for(2)
    assert session.value("REFUSE") == "ON"
    steps.leave_refuse(session)
    assert session.value("SAR_MODE") == mode


@pytest.mark.parametrize("instrument", ["SAR", "OPTICAL"])
def test_a_unit_that_is_lost_in_safe_loses_its_supply(session: Session, bench: Bench, instrument: str) -> None:
    """Nobody would see its limits broken. One retry, as after any power cycle, and then off for good."""
    since = to_safe(session, instrument)
    bench.units.force(f"{instrument.lower()}.dead", 1)
    session.wait_event("UNIT_LOST", steps.ANSWER_S, since)
    session.run_for(1.1)
    assert session.value("REFUSE") == "ON"
    session.send("ARM_SAFE_EXIT").wait(steps.ANSWER_S)
    assert session.send("SAFE_EXIT").refusal(steps.ANSWER_S).name == "SAFING_UNDER_WAY"
    session.run_for(LONG_S)
    assert session.value(f"{instrument}_MODE") == "SAFE_UNPOWERED"
    assert int(bench.units.observe("power.limiters_closed")) & LIMITER_BITS[instrument] == 0
    switched = [
        fields["position"]
        for fields in named(session, since, "LIMITER_SWITCHED")
        if fields["limiter"] == f"{instrument}_UNIT"
    ]
    assert switched == ["OFF", "ON", "OFF"]


@pytest.mark.parametrize("instrument", ["SAR", "OPTICAL"])
@pytest.mark.parametrize(("fault", "value", "is_well"), [("reset", 1, True), ("fail", 1, True), ("state", None, False)])
def test_a_unit_that_fails_in_safe_is_switched_off(
    session: Session, bench: Bench, instrument: str, fault: str, value: int | None, is_well: bool
) -> None:
    """What it does then, the mode does not tell. One that comes up well is safe again after the one retry."""
    since = to_safe(session, instrument)
    if value is None:
        value = session.dictionary.enumeration(f"{instrument}_UNIT_STATE").members["FAILED"]
    bench.units.force(f"{instrument.lower()}.{fault}", value)
    session.wait_event("UNIT_FAULT", steps.ANSWER_S, since)
    session.run_for(LONG_S)
    assert session.value(f"{instrument}_MODE") == ("SAFE" if is_well else "SAFE_UNPOWERED")
    assert len(named(session, since, "UNIT_FAULT")) == 1
    assert session.value("REFUSE") == "ON"
    bits = LIMITER_BITS[instrument] & int(bench.units.observe("power.limiters_closed"))
    assert (bits != 0) == is_well
