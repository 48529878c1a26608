"""Reactions of fault protection as a bench sees them: what was done, what it led to, and the way back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from emei.platform import Platform
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps

OFF_S = 10  # with the limiter open, before its one retry


@contextmanager
def from_off_to_off(session: Session, platform: Platform, bench: Bench, forced: Sequence[str]) -> Iterator[None]:
    """Both instruments off before and after, whatever was forced or reset meanwhile."""
    steps.ready(session, bench)
    yield
    for name in forced:
        bench.units.release(name)
    platform.resume()
    session.run_for(3)
    steps.all_off(session)
    # Sequence counts begin anew with each boot.
    unexplained = [text for text in session.anomalies if "came twice" not in text]
    session.anomalies.clear()
    assert unexplained == []


def levels(session: Session, since: int) -> list[tuple[object, object]]:
    """(level, scope) of every reaction since."""
    return [
        (event.fields["level"], event.fields["scope"])
        for event in session.events[since:]
        if event.name == "FAULT_LEVEL"
    ]


def mode_changes(session: Session, since: int) -> list[object]:
    return [event.fields["to_mode"] for event in session.events[since:] if event.name == "MODE_CHANGED"]


def over_current(session: Session, bench: Bench, since: int) -> None:
    """The SAR's limiter opens by itself; then there is no more reason for it."""
    bench.units.force("power.latchup_sar", 1)
    session.wait_event("LIMITER_TRIPPED", steps.ANSWER_S, since, limiter="SAR_UNIT")
    bench.units.release("power.latchup_sar")
