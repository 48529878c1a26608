"""SAFE within a second, whatever the recorder does, and what was recorded until then is kept."""

from collections.abc import Callable, Iterator

import pytest

from emei.platform import Platform
from emei.session import Session
from emei.verification import Command
from hil.bench import Bench
from hil.scenarios import steps

pytestmark = pytest.mark.virtual_time

# Payload specification: the SAR's transmitter at once, the rest within 1 s; the door shut and the focal plane off.
LIMIT_S = {"SAR": 1.0, "OPTICAL": 6.0}
KEPT_S = 60.0
RECORDER_FAULTS = ("hung", "dead", "stuck_state")


@pytest.fixture(autouse=True)
def _from_off_to_off(session: Session, platform: Platform, bench: Bench) -> Iterator[None]:
    steps.ready(session, bench)
    yield
    for fault in RECORDER_FAULTS:
        bench.units.release(f"recorder.{fault}")
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
