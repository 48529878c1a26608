"""Entries of the recorder in scenarios: recorded, queued, played back, reported, erased."""

from typing import Any

from emei.packets import Telemetry
from emei.platform import Platform
from emei.session import Session
from emei.verification import Ack, Command
from hil.bench import Bench
from hil.scenarios import steps

PASS_S = 300.0
SENT_S = 60.0
BOOT_S = 10.0


class Reported:
    """Catalogue entries as they were last reported, by id."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._entries: dict[int, dict[str, Any]] = {}
        session.listen(self._take)

    def __call__(self, entry_id: int) -> dict[str, Any]:
        self._session.send("RECORDER_REPORT_CATALOGUE", first_entry=entry_id, entries=1).wait(steps.ANSWER_S)
        return self._entries[entry_id]

    def queued(self) -> list[int]:
        """Entries that are queued, as the board says now."""
        self._entries.clear()
        if self._session.value("CATALOGUE_QUEUED"):
            self._session.send("RECORDER_REPORT_CATALOGUE", first_entry=1, entries=64).wait(steps.ANSWER_S)
        return [entry_id for entry_id, entry in self._entries.items() if entry["state"] == "QUEUED"]

    def _take(self, report: Telemetry) -> None:
        if report.name == "CATALOGUE_ENTRY":
            self._entries[int(str(report.raw["entry_id"]))] = dict(report.fields) | {"crc": report.raw["crc32"]}


def erase(session: Session, bench: Bench, entry_id: int) -> None:
    """Only what is corrupt goes without an acknowledgement."""
    bench.units.force("recorder.damaged_entry", entry_id)
    assert session.send("RECORDER_VERIFY", entry_id=entry_id).refusal(SENT_S).name == "ENTRY_CRC_WRONG"
    session.send("RECORDER_ARM_ERASE", entry_id=entry_id).wait(steps.ANSWER_S)
    session.send("RECORDER_ERASE", entry_id=entry_id).wait(steps.ANSWER_S)


def start_take(session: Session, platform: Platform, task_id: int) -> Command:
    session.send("SAR_ARM_TRANSMIT").wait(steps.ANSWER_S)
    session.send("SAR_PERMIT_TRANSMIT", takes=1, valid_s=300).wait(steps.ANSWER_S)
    session.wait_for(lambda: session.value("SAR_MODE") == "PREOP", steps.ANSWER_S, "The SAR in PREOP")
    return steps.start_data_take(session, platform, task_id)


def record(session: Session, platform: Platform, task_id: int) -> int:
    """A data take of 2 s; the id of its entry."""
    since = len(session.events)
    start_take(session, platform, task_id).wait(steps.SAFE_S)
    return closed_entry(session, since, task_id)


def closed_entry(session: Session, since: int, task_id: int, timeout_s: float = steps.ANSWER_S) -> int:
    event = session.wait_event("DATA_TAKE_CLOSED", timeout_s, since, task_id=task_id)
    return int(str(event.fields["entry_id"]))


def queue(session: Session, entry_id: int, priority: int = 10) -> None:
    session.send("RECORDER_QUEUE", entry_id=entry_id, priority=priority).wait(steps.ANSWER_S)


def play(session: Session, platform: Platform, **bounds: int) -> Command:
    return session.send("RECORDER_START_PLAYBACK", Ack.ALL, pass_end=platform.gps_s() + PASS_S, **bounds)


def playing(session: Session, bench: Bench) -> None:
    """Until the recorder sends; the playback is shorter than the interval of housekeeping."""
    members = session.dictionary.enumeration("RECORDER_ACTIVITY").members
    session.wait_for(
        lambda: bench.units.observe("recorder.activity") == members["PLAYING"], steps.ANSWER_S, "The playback"
    )


def ended(session: Session, since: int, cause: str) -> dict[str, Any]:
    """The one event of a playback's end."""
    event = session.wait_event("PLAYBACK_ENDED", SENT_S, since)
    assert event.fields["cause"] == cause, event.message
    session.run_for(1.0)
    assert [item.name for item in session.events[since:]].count("PLAYBACK_ENDED") == 1
    return dict(event.fields)
