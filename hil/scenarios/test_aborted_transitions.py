"""ABORT while an instrument goes to a mode of rest or is switched off: it ends there safely, and nothing is latched."""

from collections.abc import Callable, Iterator

import pytest

from emei.platform import Platform
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps
from hil.scenarios.sky import sky_of

pytestmark = pytest.mark.virtual_time


@pytest.fixture(autouse=True)
def _from_off_to_off(session: Session, platform: Platform, bench: Bench) -> Iterator[None]:
    with sky_of(platform):
        steps.ready(session, bench)
        yield
        steps.all_off(session)
        assert session.anomalies == []


def sar_safe(session: Session) -> None:
    """Powered SAFE, and REFUSE left."""
    steps.sar_standby(session)
    session.send("SET_MODE_SAR", mode="SAFE").wait(steps.SAFE_S)
    steps.leave_refuse(session)


CASES = {
    "SAR STANDBY to PREOP": (steps.sar_standby, "SAR", "PREOP", "STANDBY"),
    "SAR PREOP to STANDBY": (steps.sar_preop, "SAR", "STANDBY", "STANDBY"),
    "SAR PREOP to OFF": (steps.sar_preop, "SAR", "OFF", "OFF"),
    "SAR STANDBY to OFF": (steps.sar_standby, "SAR", "OFF", "OFF"),
    "SAR SAFE to OFF": (sar_safe, "SAR", "OFF", "OFF"),
    "OPTICAL STANDBY to THERMAL_STABILISATION": (steps.optical_standby, "OPTICAL", "THERMAL_STABILISATION", "STANDBY"),
    "OPTICAL READY to STANDBY": (steps.optical_ready, "OPTICAL", "STANDBY", "STANDBY"),
    "OPTICAL READY to OFF": (steps.optical_ready, "OPTICAL", "OFF", "OFF"),
    "OPTICAL STANDBY to OFF": (steps.optical_standby, "OPTICAL", "OFF", "OFF"),
}


@pytest.mark.parametrize(("prepare", "instrument", "target", "rest"), CASES.values(), ids=CASES)
def test_an_aborted_transition_ends_at_rest(
    session: Session, prepare: Callable[[Session], None], instrument: str, target: str, rest: str
) -> None:
    prepare(session)
    session.run_for(1.1)
    since = len(session.events)
    command = session.send(f"SET_MODE_{instrument}", mode=target)
    abort = session.send("ABORT", instrument=instrument)
    abort.wait(steps.ANSWER_S)
    assert command.refusal(20).name == "ABORTED"
    session.run_for(5)
    assert (session.value(f"{instrument}_MODE"), session.value("REFUSE")) == (rest, "OFF")
    assert not [event.name for event in session.events[since:] if event.severity == "high"]
