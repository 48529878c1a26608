"""Fault level 0 on the unit bus: a reply that is lost is asked for again and counted, and nothing else comes of it.

The unit has done what it was told and its answer does not come: the telecommand goes on as if nothing had been, and
the unit does it once.
"""

import zlib
from collections.abc import Callable, Iterator

import pytest

from emei.platform import Platform
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps
from hil.scenarios.recorder.entries import SENT_S, play, queue

UNITS = ("sar", "optical", "power", "recorder")
HOUR_MS = 3000


@pytest.fixture(autouse=True)
def _from_off_to_off(session: Session, platform: Platform, bench: Bench) -> Iterator[None]:
    steps.ready(session, bench)
    session.send("SET_BENCH_WAIT", wait="OPTICAL_DECONTAMINATION_HOUR", wait_ms=HOUR_MS).wait(steps.ANSWER_S)
    yield
    lose_replies(bench, 0)
    session.run_for(1.1)
    steps.all_off(session)
    assert session.anomalies == []


def lose_replies(bench: Bench, attempts: int) -> None:
    """Of every write to every unit the replies to so many attempts."""
    for unit in UNITS:
        bench.units.force(f"{unit}.lose_replies", attempts)


def sar_take(session: Session, platform: Platform, bench: Bench) -> None:
    steps.sar_preop(session)
    steps.start_data_take(session, platform, task_id=1301).wait(40)
    session.send("SET_MODE_SAR", mode="OFF").wait(40)


def image(session: Session, platform: Platform, bench: Bench) -> None:
    steps.optical_ready(session)
    steps.start_image(session, platform, task_id=1302).wait(40)
    session.send("OPTICAL_MOVE_DOOR", position="SHUT").wait(15)
    session.send("OPTICAL_SET_FOCUS", focus_steps=20).wait(20)
    session.send("OPTICAL_SET_FOCUS", focus_steps=0).wait(20)
    session.send("SET_MODE_OPTICAL", mode="STANDBY").wait(15)
    session.send("OPTICAL_DECONTAMINATE", duration_h=1).wait(40)
    session.send("SET_MODE_OPTICAL", mode="OFF").wait(40)


def entry_from_its_data_take_to_its_deletion(session: Session, platform: Platform, bench: Bench) -> None:
    steps.sar_preop(session)
    since = len(session.events)
    steps.start_data_take(session, platform, task_id=1303).wait(40)
    closed = session.wait_event("DATA_TAKE_CLOSED", steps.ANSWER_S, since, task_id=1303)
    entry_id = int(str(closed.fields["entry_id"]))
    queue(session, entry_id)
    play(session, platform).wait(steps.ANSWER_S)
    session.wait_event("ENTRY_CHANGED", SENT_S, since, entry_id=entry_id, state="SENT")
    file = bench.units.recorder_file(entry_id)
    received = session.send("RECORDER_ACKNOWLEDGE", entry_id=entry_id, size_octets=len(file), crc32=zlib.crc32(file))
    received.wait(steps.ANSWER_S)
    session.send("RECORDER_DELETE", entry_id=entry_id).wait(steps.ANSWER_S)
    session.send("SET_MODE_SAR", mode="OFF").wait(40)


def count(session: Session, counter: str) -> int:
    return int(str(session.value(counter)))


def told(session: Session, fly: Callable[[], None]) -> list[str]:
    """The events of a flight, in order; cycles that take longer while every write is repeated are told of too."""
    since = len(session.events)
    fly()
    session.run_for(2)
    return [event.name for event in session.events[since:] if event.name != "CYCLE_OVERRUN"]


@pytest.mark.parametrize("attempts", [1, pytest.param(2, marks=pytest.mark.virtual_time)])
@pytest.mark.parametrize("flight", [sar_take, image, entry_from_its_data_take_to_its_deletion])
def test_nothing_but_the_count_tells_of_it(
    session: Session,
    platform: Platform,
    bench: Bench,
    flight: Callable[[Session, Platform, Bench], None],
    attempts: int,
) -> None:
    good = told(session, lambda: flight(session, platform, bench))
    session.run_for(1.1)
    retries, failures = count(session, "BUS_RETRIES"), count(session, "BUS_FAILURES")
    lose_replies(bench, attempts)
    assert told(session, lambda: flight(session, platform, bench)) == good
    session.run_for(1.1)
    assert count(session, "BUS_RETRIES") >= retries + 10 * attempts
    assert count(session, "BUS_FAILURES") == failures
