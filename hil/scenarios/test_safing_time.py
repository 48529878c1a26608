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
STUCK = {"SAR": "sar.stuck_state", "OPTICAL": "optical.stuck_state"}
FLOWN_MS = {
    wait: load().mission.integer("waits", f"{wait.lower()}_ms")
    for wait in ("SAR_SAFE", "SAR_ABORT", "OPTICAL_SAFE", "OPTICAL_ABORT")
}
RECORDER_FAULTS = ("hung", "dead", "stuck_state")


@pytest.fixture(autouse=True)
def _from_off_to_off(session: Session, platform: Platform, bench: Bench) -> Iterator[None]:
    steps.ready(session, bench)
    yield
    for fault in (*(f"recorder.{fault}" for fault in RECORDER_FAULTS), *STUCK.values()):
        bench.units.release(fault)
    for wait, wait_ms in FLOWN_MS.items():
        session.send("SET_BENCH_WAIT", wait=wait, wait_ms=wait_ms).wait(steps.ANSWER_S)
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


def focal_plane_on(session: Session) -> None:
    """What the unit must switch off to be safe."""
    steps.optical_standby(session)
    session.send("SET_MODE_OPTICAL", mode="THERMAL_STABILISATION").wait(900)


@pytest.mark.parametrize(
    ("instrument", "wait_ms", "least_s", "most_s"),
    [
        ("SAR", FLOWN_MS["SAR_SAFE"], 0.5, 1.0),
        ("SAR", 3000, 3.0, 3.5),
        ("OPTICAL", FLOWN_MS["OPTICAL_SAFE"], 6.0, 6.5),
        ("OPTICAL", 9000, 9.0, 9.5),
    ],
)
def test_a_unit_that_does_not_become_safe_loses_its_supply(
    session: Session, bench: Bench, instrument: str, wait_ms: int, least_s: float, most_s: float
) -> None:
    (steps.sar_standby if instrument == "SAR" else focal_plane_on)(session)
    session.send("SET_BENCH_WAIT", wait=f"{instrument}_SAFE", wait_ms=wait_ms).wait(steps.ANSWER_S)
    since = len(session.events)
    bench.units.force(STUCK[instrument], 1)
    session.send(f"SET_MODE_{instrument}", mode="SAFE")
    began = session.wait_event("FAULT_LEVEL", steps.ANSWER_S, since, level="SAFE")
    safed = session.wait_event("SAFED", steps.SAFE_S, since, instrument=instrument)
    assert least_s <= safed.board_time_s - began.board_time_s <= most_s
    session.wait_for(
        lambda: session.value(f"{instrument}_MODE") == "SAFE_UNPOWERED",
        steps.ANSWER_S,
        f"The {instrument} without supply",
    )


@pytest.mark.parametrize(
    ("instrument", "wait_ms", "least_s", "most_s"),
    [
        ("SAR", FLOWN_MS["SAR_ABORT"], 1.0, 1.5),
        ("SAR", 3000, 3.0, 3.5),
        ("OPTICAL", FLOWN_MS["OPTICAL_ABORT"], 2.0, 2.5),
        ("OPTICAL", 5000, 5.0, 5.5),
    ],
)
def test_a_data_take_that_does_not_end_is_made_safe(
    session: Session,
    bench: Bench,
    platform: Platform,
    instrument: str,
    wait_ms: int,
    least_s: float,
    most_s: float,
) -> None:
    (take if instrument == "SAR" else image)(session, platform, 732)
    session.send("SET_BENCH_WAIT", wait=f"{instrument}_ABORT", wait_ms=wait_ms).wait(steps.ANSWER_S)
    since = len(session.events)
    bench.units.force(STUCK[instrument], 1)
    session.send("ABORT", instrument=instrument)
    began = session.wait_event("TRANSITION_FAILED", steps.ANSWER_S, since)
    ended = session.wait_event("FAULT_LEVEL", steps.SAFE_S, since, level="SAFE")
    assert least_s <= ended.board_time_s - began.board_time_s <= most_s
    session.wait_event("SAFED", steps.SAFE_S, since, instrument=instrument)
