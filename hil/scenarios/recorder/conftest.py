"""What every scenario of the recorder begins with, and how each leaves it."""

from collections.abc import Iterator

import pytest

from emei.platform import Platform
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps
from hil.scenarios.recorder.entries import Reported, erase

FAULTS = (
    "activity",
    "active_entry_id",
    "downlink_lost",
    "entries",
    "full",
    "worn_boards",
    "board_0_errors",
    "board_1_errors",
    "dead_boards",
    "failed",
    "hung",
    "bit_errors_s",
    "free_mib",
    "dead",
    "stuck_state",
    "slow_ms",
    "corrupt",
)


@pytest.fixture(scope="module")
def reported(session: Session) -> Reported:
    return Reported(session)


@pytest.fixture(autouse=True, scope="module")
def _ready(session: Session, platform: Platform, bench: Bench) -> None:
    """The SAR in PREOP, and a recorder to record to."""
    steps.ready(session, bench)
    steps.sar_preop(session)


@pytest.fixture(autouse=True)
def _well_again(session: Session, bench: Bench, reported: Reported) -> Iterator[None]:
    """After a scenario: no fault, nothing played, nothing queued, the SAR in PREOP."""
    yield
    for fault in FAULTS:
        bench.units.release(f"recorder.{fault}")
    session.wait_for(lambda: session.value("RECORDER_LINK") == "GOOD", steps.ANSWER_S, "The recorder")
    session.wait_for(lambda: session.value("RECORDER_STATE") == "READY", steps.SAFE_S, "A recorder that is ready")
    session.wait_for(lambda: session.value("PLAYBACK") == "IDLE", steps.SAFE_S, "The end of the playback")
    session.wait_for(lambda: session.value("RECORDER_TRANSMITTER") == "OFF", steps.SAFE_S, "The transmitter off")
    assert bench.units.observe("recorder.transmitter") == 0
    bench.units.downlink()
    for entry_id in reported.queued():
        erase(session, bench, entry_id)
    session.run_for(1.1)  # housekeeping of every kind has come again
    assert session.value("SAR_MODE") == "PREOP"
    assert session.anomalies == []
