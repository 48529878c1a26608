"""A catalogue filled by data takes: the next start is refused, and what the ground has deleted makes room again."""

import pytest

from emei.dictionary import load
from emei.platform import Platform
from emei.session import Session
from emei.verification import Command
from hil.bench import Bench
from hil.scenarios import steps
from hil.scenarios.recorder.entries import Reported, closed_entry, ended, play, queue
from hil.scenarios.sar_tables import table

pytestmark = pytest.mark.virtual_time

PLACES = int(str(load().mission["recorder"]["entries"]))
LEAD_S = 3.0
SHORTEST_S = 1.0


def ask(session: Session, platform: Platform, task_id: int) -> Command:
    """RX_ONLY and the shortest: it needs no permit and lets the transmitter cool."""
    return session.send("SAR_START_DATA_TAKE", task_id=task_id, slot=0, start=platform.gps_s() + LEAD_S)


def taken(session: Session, platform: Platform, task_id: int) -> int:
    """A data take to its end; the id of its entry."""
    since = len(session.events)
    ask(session, platform, task_id).wait(steps.SAFE_S)
    entry_id = closed_entry(session, since, task_id)
    session.wait_event("MODE_CHANGED", steps.ANSWER_S, since, to_mode="PREOP")
    session.wait_for(lambda: session.value("RECORDER_STATE") == "READY", steps.ANSWER_S, "A recorder that is ready")
    return entry_id


def send_down(session: Session, platform: Platform, reported: Reported, entry_id: int) -> None:
    """Queue it, play it back and acknowledge it."""
    queue(session, entry_id)
    since = len(session.events)
    play(session, platform).wait(steps.ANSWER_S)
    assert ended(session, since, "QUEUE_EMPTY")["entries"] == 1
    entry = reported(entry_id)
    received = {"size_octets": entry["size_octets"], "crc32": entry["crc"]}
    session.send("RECORDER_ACKNOWLEDGE", entry_id=entry_id, **received).wait(steps.ANSWER_S)


def assert_full(session: Session, platform: Platform, task_id: int) -> None:
    since = len(session.events)
    failure = ask(session, platform, task_id).refusal(steps.ANSWER_S)
    assert (failure.subservice, failure.name) == (4, "CATALOGUE_FULL")
    assert (failure.detail, failure.limit) == (PLACES, PLACES)
    session.run_for(1.1)  # housekeeping of every kind has come again
    assert (session.value("SAR_MODE"), session.value("TRANSMIT_ENABLE")) == ("PREOP", "OFF")
    assert session.value("RECORDER_OPEN_ENTRY_ID") == 0
    assert [event.name for event in session.events[since:]] == []


def test_as_many_data_takes_as_the_catalogue_has_places(
    session: Session, platform: Platform, bench: Bench, reported: Reported
) -> None:
    session.send("SAR_INHIBIT_TRANSMIT").wait(steps.ANSWER_S)
    session.send("SAR_LOAD_TABLE", slot=0, **table("RX_ONLY", SHORTEST_S)).wait(steps.ANSWER_S)
    session.run_for(1.1)
    assert session.value("CATALOGUE_ENTRIES") == 0
    entries = [taken(session, platform, task_id) for task_id in range(1, PLACES + 1)]
    files = {entry_id: bench.units.recorder_file(entry_id) for entry_id in entries}
    assert len(files) == PLACES and all(files.values())
    assert_full(session, platform, PLACES + 1)
    assert session.value("CATALOGUE_ENTRIES") == PLACES
    # Room is made by what is deleted, not by what is acknowledged.
    gone = entries[PLACES // 2]
    send_down(session, platform, reported, gone)
    assert_full(session, platform, PLACES + 2)
    session.send("RECORDER_DELETE", entry_id=gone).wait(steps.ANSWER_S)
    session.run_for(1.1)
    assert session.value("CATALOGUE_ENTRIES") == PLACES - 1
    new = taken(session, platform, PLACES + 3)
    assert new not in entries and (reported(new)["state"], reported(new)["task_id"]) == ("CLOSED", PLACES + 3)
    assert_full(session, platform, PLACES + 4)
    # Every other one is as it was.
    refusal = session.send("RECORDER_VERIFY", entry_id=gone).refusal(steps.ANSWER_S)
    assert (refusal.subservice, refusal.name) == (4, "NO_SUCH_ENTRY"), "its place is the new one's"
    for entry_id in entries:
        if entry_id != gone:
            assert bench.units.recorder_file(entry_id) == files[entry_id]
            assert reported(entry_id)["state"] == "CLOSED"
