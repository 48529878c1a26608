"""A dead, late or lying unit, at rest and in a data take: the documented failure, the event, the instrument safe."""

from collections.abc import Iterator
from typing import Any

import pytest

from emei.platform import Platform
from emei.session import Session
from emei.verification import Command
from hil.bench import Bench
from hil.scenarios import steps

# Fault of a unit (hal/sim) and its value; failures the bus may then report.
FAULTS = {
    "dead": ("dead", 1, {"BUS_NO_REPLY"}),
    "late": ("slow_ms", 200, {"BUS_NO_REPLY", "BUS_BAD_REPLY"}),
    "bad CRC": ("corrupt", 1, {"BUS_BAD_REPLY"}),
    "wrong id": ("wrong_id", 1, {"BUS_BAD_REPLY"}),
    "error status": ("error_status", 10, {"BUS_ERROR_STATUS"}),
    "stopped housekeeping": ("sample_count", 7, {"HOUSEKEEPING_STOPPED"}),
}


def faults(*in_real_time: str) -> list[Any]:
    """Every fault; on the emulated board, where each takes its time, those named."""
    return [
        pytest.param(name, id=name, marks=() if name in in_real_time else pytest.mark.virtual_time) for name in FAULTS
    ]


UNIT_LIMITER = 1 << 1
LIMITER_BITS = {"SAR": 1 << 0, "OPTICAL": 1 << 1 | 1 << 2 | 1 << 3}


@pytest.fixture(autouse=True)
def _from_off_to_off(session: Session, platform: Platform, bench: Bench) -> Iterator[None]:
    steps.ready(session, bench)
    yield
    for unit in ("sar", "optical", "power", "recorder"):
        for fault, _, _ in FAULTS.values():
            bench.units.release(f"{unit}.{fault}")
        bench.units.release(f"{unit}.spoil_write")
    for unit in ("POWER", "RECORDER"):
        session.wait_for(lambda unit=unit: session.value(f"{unit}_LINK") == "GOOD", 5, f"The {unit} unit")  # type: ignore[misc]
    session.run_for(1.1)
    steps.all_off(session)
    assert session.anomalies == []


def break_unit(session: Session, bench: Bench, unit: str, fault: str) -> int:
    """Put a fault on a unit; returns where the events since then begin."""
    name, value, _ = FAULTS[fault]
    since = len(session.events)
    bench.units.force(f"{unit.lower()}.{name}", value)
    return since


def assert_lost(session: Session, unit: str, fault: str, since: int) -> None:
    event = session.wait_event("UNIT_LOST", steps.ANSWER_S, since, node=session.dictionary.unit(unit).node)
    assert event.severity == "high"
    assert event.fields["failure"] in FAULTS[fault][2]


def assert_safed(
    session: Session,
    bench: Bench,
    instrument: str,
    since: int,
    mode: str = "SAFE_UNPOWERED",
    cause: str = "UNIT_LOST",
) -> None:
    """The event, the mode, the REFUSE state, and what the units themselves say."""
    event = session.wait_event("SAFED", steps.SAFE_S, since, instrument=instrument)
    assert event.fields["cause"] == session.dictionary.event(cause).id
    session.wait_for(lambda: session.value(f"{instrument}_MODE") == mode, steps.ANSWER_S, f"{instrument} in {mode}")
    session.wait_for(lambda: session.value("REFUSE") == "ON", steps.ANSWER_S, "The REFUSE state")
    assert session.value("TRANSMIT_PERMIT") == "INHIBITED"
    assert session.value("TRANSMIT_ENABLE") == "OFF"
    assert not bench.edges or not bench.edges[-1].on
    if mode == "SAFE_UNPOWERED":
        assert int(bench.units.observe("power.limiters_closed")) & LIMITER_BITS[instrument] == 0
    assert session.send(f"SET_MODE_{instrument}", mode="OFF").refusal(steps.ANSWER_S).name == "REFUSE_STATE"


@pytest.mark.parametrize("fault", faults("dead", "bad CRC", "stopped housekeeping"))
def test_sar_unit_at_rest(session: Session, bench: Bench, fault: str) -> None:
    steps.sar_standby(session)
    since = break_unit(session, bench, "SAR", fault)
    assert_lost(session, "SAR", fault, since)
    assert_safed(session, bench, "SAR", since)


@pytest.mark.parametrize("fault", faults("dead"))
def test_optical_unit_at_rest(session: Session, bench: Bench, fault: str) -> None:
    steps.optical_standby(session)
    since = break_unit(session, bench, "OPTICAL", fault)
    assert_lost(session, "OPTICAL", fault, since)
    assert_safed(session, bench, "OPTICAL", since)
    assert bench.units.observe("optical.door") == session.dictionary.enumeration("DOOR").members["SHUT"]


@pytest.mark.parametrize("unit", ["POWER", "RECORDER"])
@pytest.mark.parametrize("fault", faults("dead"))
def test_unit_that_is_always_powered(session: Session, bench: Bench, unit: str, fault: str) -> None:
    since = break_unit(session, bench, unit, fault)
    assert_lost(session, unit, fault, since)
    session.wait_for(lambda: session.value(f"{unit}_LINK") == "LOST", steps.ANSWER_S, "The lost link in housekeeping")
    bench.units.release(f"{unit.lower()}.{FAULTS[fault][0]}")
    session.wait_event("UNIT_FOUND", steps.ANSWER_S, since, node=session.dictionary.unit(unit).node)


def test_commands_to_a_dead_power_unit_fail_with_its_node(session: Session, bench: Bench) -> None:
    since = break_unit(session, bench, "POWER", "dead")
    assert_lost(session, "POWER", "dead", since)
    refusal = session.send("SET_MODE_SAR", mode="INIT").refusal(steps.SAFE_S)
    # The guard BUS_VOLTAGE cannot be judged without a fresh sample.
    assert (refusal.subservice, refusal.name) == (4, "GUARD_PARAMETER_STALE")
    assert session.value("SAR_MODE") == "OFF"


def test_power_unit_lost_with_an_instrument_on(session: Session, bench: Bench) -> None:
    steps.sar_standby(session)
    since = break_unit(session, bench, "POWER", "dead")
    assert_lost(session, "POWER", "dead", since)
    assert_safed(session, bench, "SAR", since, mode="SAFE")


@pytest.mark.virtual_time
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("SET_MODE_OPTICAL", {"mode": "THERMAL_STABILISATION"}),
        ("OPTICAL_DECONTAMINATE", {"duration_h": 1}),
    ],
    ids=["stabilisation", "decontamination"],
)
def test_a_heater_of_which_the_power_unit_has_not_told_yet_is_switched_off(
    session: Session, bench: Bench, name: str, arguments: dict[str, Any]
) -> None:
    """Its samples stand for less than makes it lost, while the heater is switched on and the transition is ended."""
    steps.optical_standby(session)
    since = len(session.events)
    bench.units.force("power.sample_count", bench.units.observe("power.sample_count"))
    session.run_for(0.12)
    command = session.send(name, **arguments)
    session.send("ABORT", instrument="OPTICAL").wait(steps.ANSWER_S)
    session.wait_event("LIMITER_SWITCHED", steps.ANSWER_S, since, limiter="OPTICAL_HEATER", position="ON")
    session.run_for(0.4)
    bench.units.release("power.sample_count")
    assert command.refusal(steps.SAFE_S).name == "ABORTED"
    session.run_for(2)
    assert not [event for event in session.events[since:] if event.name == "UNIT_LOST"]
    assert session.value("OPTICAL_MODE") == "STANDBY"
    assert int(bench.units.observe("power.limiters_closed")) & LIMITER_BITS["OPTICAL"] == UNIT_LIMITER


@pytest.mark.parametrize("fault", faults("dead"))
def test_sar_unit_in_a_data_take(session: Session, bench: Bench, platform: Platform, fault: str) -> None:
    steps.sar_preop(session)
    command = steps.start_data_take(session, platform, task_id=601)
    assert command.failure is None
    since = break_unit(session, bench, "SAR", fault)
    refusal = command.refusal(steps.SAFE_S)
    assert refusal.subservice == 8
    assert refusal.name in {"UNIT_LOST", "ABORTED"} | FAULTS[fault][2]
    assert_lost(session, "SAR", fault, since)
    assert_safed(session, bench, "SAR", since)
    assert_closed(session, task_id=601)


@pytest.mark.parametrize("fault", faults())
def test_optical_unit_in_an_image(session: Session, bench: Bench, platform: Platform, fault: str) -> None:
    steps.optical_ready(session)
    command = steps.start_image(session, platform, task_id=602)
    assert command.failure is None
    since = break_unit(session, bench, "OPTICAL", fault)
    refusal = command.refusal(steps.SAFE_S)
    assert refusal.subservice == 8
    assert refusal.name in {"UNIT_LOST", "ABORTED"} | FAULTS[fault][2]
    assert_lost(session, "OPTICAL", fault, since)
    assert_safed(session, bench, "OPTICAL", since)
    # The door closes by its spring when its supply is lost.
    session.run_for(4)
    assert bench.units.observe("optical.door") == session.dictionary.enumeration("DOOR").members["SHUT"]
    assert_closed(session, task_id=602)


@pytest.mark.virtual_time
def test_recorder_lost_in_a_data_take(session: Session, bench: Bench, platform: Platform) -> None:
    steps.sar_preop(session)
    command = steps.start_data_take(session, platform, task_id=603)
    assert command.failure is None
    since = break_unit(session, bench, "RECORDER", "dead")
    refusal = command.refusal(60)
    assert refusal.subservice == 8
    assert refusal.name in ("UNIT_LOST", "BUS_NO_REPLY")
    assert refusal.detail == session.dictionary.unit("RECORDER").node
    assert_lost(session, "RECORDER", "dead", since)
    session.wait_event("TRANSITION_FAILED", steps.ANSWER_S, since, instrument="SAR")
    # The SAR itself is well: back to PREOP, the transmit inhibit set.
    session.wait_for(lambda: session.value("SAR_MODE") == "PREOP", steps.SAFE_S, "SAR in PREOP")
    session.wait_for(lambda: session.value("TRANSMIT_ENABLE") == "OFF", steps.ANSWER_S, "Transmit-enable off")
    assert not bench.edges[-1].on


def ask_for_data(session: Session, platform: Platform, instrument: str, task_id: int) -> Command:
    start = platform.gps_s() + steps.START_LEAD_S
    if instrument == "SAR":
        return session.send("SAR_START_DATA_TAKE", task_id=task_id, slot=0, start=start)
    duration_ms = round(steps.DATA_TAKE_S * 1000)
    return session.send("OPTICAL_START_IMAGE", task_id=task_id, mode="STRIP", start=start, duration_ms=duration_ms)


def times_raised(bench: Bench) -> int:
    """How often transmit-enable was raised. The emulated board tells too that it is dropped when it is down already."""
    return sum(edge.on for edge in bench.edges)


@pytest.mark.virtual_time
@pytest.mark.parametrize("instrument", ["SAR", "OPTICAL"])
def test_what_the_unit_does_not_keep_as_written_is_not_used(
    session: Session, bench: Bench, platform: Platform, instrument: str
) -> None:
    """A bit of the table or the settings changes in the unit's memory: found before an entry is opened or anything
    radiates, and the instrument is safed, for its unit cannot be trusted. Afterwards it takes data as ever."""
    to_rest = steps.sar_preop if instrument == "SAR" else steps.optical_ready
    to_rest(session)
    entries, since, raised = session.value("CATALOGUE_ENTRIES"), len(session.events), times_raised(bench)
    bench.units.force(f"{instrument.lower()}.spoil_write", 1)
    failure = ask_for_data(session, platform, instrument, 604).refusal(steps.ANSWER_S)
    node = session.dictionary.unit(instrument).node
    assert (failure.subservice, failure.name, failure.detail) == (8, "READ_BACK_MISMATCH", node)
    assert bench.units.observe(f"{instrument.lower()}.spoil_write") == 0, "it was written once"
    assert_safed(session, bench, instrument, since, mode="SAFE", cause="TRANSITION_FAILED")
    session.run_for(steps.START_LEAD_S + steps.DATA_TAKE_S + 1)  # its start is past
    told = [event.fields.get("failure") for event in session.events[since:] if event.name == "TRANSITION_FAILED"]
    assert told == ["READ_BACK_MISMATCH"]
    assert not [event for event in session.events[since:] if event.name == "DATA_TAKE_CLOSED"]
    assert (times_raised(bench), session.value("CATALOGUE_ENTRIES")) == (raised, entries)
    assert session.value(f"{instrument}_MODE") == "SAFE"
    steps.all_off(session)
    to_rest(session)
    since = len(session.events)
    ask_for_data(session, platform, instrument, 605).wait(steps.SAFE_S)
    closed = session.wait_event("DATA_TAKE_CLOSED", steps.ANSWER_S, since, task_id=605)
    assert int(str(closed.fields["packets"])) > 0


def assert_closed(session: Session, task_id: int) -> None:
    """What was recorded up to the fault is kept: its entry is closed."""
    event = session.wait_event("DATA_TAKE_CLOSED", steps.SAFE_S, task_id=task_id)
    assert isinstance(event.fields["entry_id"], int)
