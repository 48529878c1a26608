"""SAFE within a second, whatever the recorder does, and what was recorded until then is kept."""

from collections.abc import Callable, Iterator

import pytest

from emei.dictionary import load
from emei.platform import Platform
from emei.session import Session
from emei.verification import Command
from hil.bench import Bench
from hil.scenarios import steps

pytestmark = pytest.mark.virtual_time

# Payload specification: the SAR's transmitter at once, the rest within 1 s; the door shut and the focal plane off.
LIMIT_S = {"SAR": 1.0, "OPTICAL": 6.0}
KEPT_S = 60.0
STUCK = "sar.stuck_state"
AS_FLOWN_MS = load().mission.integer("waits", "sar_safe_ms")
RECORDER_FAULTS = ("hung", "dead", "stuck_state")


@pytest.fixture(autouse=True)
def _from_off_to_off(session: Session, platform: Platform, bench: Bench) -> Iterator[None]:
    steps.ready(session, bench)
    yield
    for fault in (*(f"recorder.{fault}" for fault in RECORDER_FAULTS), STUCK):
        bench.units.release(fault)
    session.send("SET_BENCH_WAIT", wait="SAR_SAFE", wait_ms=AS_FLOWN_MS).wait(steps.ANSWER_S)
    steps.all_off(session)
    assert session.anomalies == []


def take(session: Session, platform: Platform, task_id: int) -> Command:
    steps.sar_preop(session)
    return steps.start_data_take(session, platform, task_id)


def image(session: Session, platform: Platform, task_id: int) -> Command:
    steps.optical_ready(session)
    return steps.start_image(session, platform, task_id)


@pytest.mark.parametrize("fault", [None, *RECORDER_FAULTS])
@pytest.mark.parametrize(("instrument", "begin"), [("SAR", take), ("OPTICAL", image)])
def test_a_data_take_ends_in_safe_within_a_second_and_its_entry_is_kept(
    session: Session,
    bench: Bench,
    platform: Platform,
    instrument: str,
    begin: Callable[[Session, Platform, int], Command],
    fault: str | None,
) -> None:
    command = begin(session, platform, 731)
    assert command.failure is None
    session.run_for(0.6)
    since = len(session.events)
    if fault is not None:
        bench.units.force(f"recorder.{fault}", 1)
    session.send(f"SET_MODE_{instrument}", mode="SAFE")
    began = session.wait_event("FAULT_LEVEL", steps.ANSWER_S, since, level="SAFE")
    safed = session.wait_event("SAFED", steps.SAFE_S, since, instrument=instrument)
    assert safed.board_time_s - began.board_time_s <= LIMIT_S[instrument]
    session.run_for(1.1)
    assert session.value(f"{instrument}_MODE") == "SAFE"
    assert command.failure is not None and command.failure.name == "ABORTED"
    if fault is not None:
        bench.units.release(f"recorder.{fault}")
    closed = session.wait_event("DATA_TAKE_CLOSED", KEPT_S, since, task_id=731)
    assert int(str(closed.fields["packets"])) > 0


@pytest.mark.parametrize(("wait_ms", "least_s", "most_s"), [(AS_FLOWN_MS, 0.5, 1.0), (3000, 3.0, 3.5)])
def test_a_unit_that_does_not_become_safe_loses_its_supply(
    session: Session, bench: Bench, wait_ms: int, least_s: float, most_s: float
) -> None:
    steps.sar_standby(session)
    session.send("SET_BENCH_WAIT", wait="SAR_SAFE", wait_ms=wait_ms).wait(steps.ANSWER_S)
    since = len(session.events)
    bench.units.force(STUCK, 1)
    session.send("SET_MODE_SAR", mode="SAFE")
    began = session.wait_event("FAULT_LEVEL", steps.ANSWER_S, since, level="SAFE")
    safed = session.wait_event("SAFED", steps.SAFE_S, since, instrument="SAR")
    assert least_s <= safed.board_time_s - began.board_time_s <= most_s
    session.wait_for(lambda: session.value("SAR_MODE") == "SAFE_UNPOWERED", steps.ANSWER_S, "The SAR without supply")
