"""An entry of the recorder from its data take to its deletion, and what recorder and downlink may do to it."""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from emei.cli import main
from emei.packets import Telemetry
from emei.platform import Platform
from emei.session import Session
from emei.verification import Ack, Command
from hil.__main__ import record_downlink
from hil.bench import Bench
from hil.scenarios import steps

PASS_S = 300.0
SENT_S = 60.0
BOOT_S = 10.0
FORCED = ("activity", "active_entry_id")
FAULTS = (
    *FORCED,
    "downlink_lost",
    "full",
    "worn_boards",
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


@pytest.fixture(scope="module")
def reported(session: Session) -> Reported:
    return Reported(session)


@pytest.fixture(autouse=True, scope="module")
def _ready(session: Session, platform: Platform, bench: Bench) -> None:
    steps.ready(session, bench)
    steps.sar_preop(session)


@pytest.fixture(autouse=True)
def _at_rest(session: Session, bench: Bench, reported: Reported) -> Iterator[None]:
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


def received_file(bench: Bench, entry_id: int) -> Path:
    """What the ground has of an entry: the recorded downlink, put together by `emei recorder receive`."""
    recording, out = bench.directory / "pass.bin", bench.directory / "received"
    recording.unlink(missing_ok=True)
    record_downlink(bench, recording)
    result = CliRunner().invoke(main, ["recorder", "receive", str(recording), "--out", str(out), "--json"])
    assert result.exit_code == 0, result.output
    seen = json.loads(result.stdout)
    assert (seen["damaged_frames"], seen["missing_frames"]) == (0, 0)
    assert [(item["entry_id"], item["gaps"], item["conflicts"]) for item in seen["entries"]] == [(entry_id, [], 0)]
    return Path(seen["entries"][0]["file"])


def test_from_the_data_take_to_the_deletion(
    session: Session, platform: Platform, bench: Bench, reported: Reported
) -> None:
    entry_id = record(session, platform, 701)
    file = bench.save_recorder_file(entry_id).read_bytes()
    entry = reported(entry_id)
    assert (entry["state"], entry["size_octets"], entry["crc"]) == ("CLOSED", len(file), zlib.crc32(file))
    queue(session, entry_id)
    since = len(session.events)
    play(session, platform).wait(steps.ANSWER_S)
    session.wait_event("ENTRY_CHANGED", SENT_S, since, entry_id=entry_id, state="SENT")
    assert ended(session, since, "QUEUE_EMPTY") | {"cause": 0} == {"cause": 0, "entries": 1, "octets": len(file)}
    came_down = received_file(bench, entry_id)
    assert came_down.read_bytes() == file
    refusal = session.send("RECORDER_DELETE", entry_id=entry_id).refusal(steps.ANSWER_S)
    assert (refusal.subservice, refusal.name) == (4, "ENTRY_NOT_ACKNOWLEDGED")
    assert bench.units.recorder_file(entry_id) == file
    octets = came_down.read_bytes()
    acknowledged = {"entry_id": entry_id, "size_octets": len(octets), "crc32": zlib.crc32(octets)}
    session.send("RECORDER_ACKNOWLEDGE", **acknowledged).wait(steps.ANSWER_S)  # type: ignore[arg-type]
    free_mib = bench.units.observe("recorder.free_mib")
    session.send("RECORDER_DELETE", entry_id=entry_id).wait(steps.ANSWER_S)
    assert reported(entry_id)["state"] == "DELETED"
    assert bench.units.recorder_file(entry_id) == b""
    assert bench.units.observe("recorder.free_mib") > free_mib


@pytest.mark.virtual_time
def test_a_playback_is_stopped_and_resumed(
    session: Session, platform: Platform, bench: Bench, reported: Reported
) -> None:
    entry_id = record(session, platform, 702)
    file = bench.units.recorder_file(entry_id)
    queue(session, entry_id)
    since = len(session.events)
    play(session, platform, octets=20_000).wait(steps.ANSWER_S)
    ended(session, since, "OCTETS")
    entry = reported(entry_id)
    assert (entry["state"], entry["sent_octets"]) == ("QUEUED", 20_000)
    since = len(session.events)
    play(session, platform).wait(steps.ANSWER_S)
    playing(session, bench)
    busy = [
        play(session, platform),
        session.send("RECORDER_VERIFY", entry_id=entry_id),
        session.send("RECORDER_QUEUE", entry_id=entry_id, priority=1),
        session.send("RECORDER_ARM_ERASE", entry_id=entry_id),
    ]
    refusals = [command.refusal(steps.ANSWER_S).name for command in busy]
    assert refusals == ["PLAYBACK_RUNNING", "PLAYBACK_RUNNING", "ENTRY_IS_BUSY", "ENTRY_NOT_ACKNOWLEDGED"]
    session.send("RECORDER_STOP_PLAYBACK").wait(steps.ANSWER_S)
    ended(session, since, "COMMANDED")
    stopped_at = reported(entry_id)["sent_octets"]
    assert 20_000 <= stopped_at < len(file)
    since = len(session.events)
    play(session, platform).wait(steps.ANSWER_S)
    assert ended(session, since, "QUEUE_EMPTY")["octets"] == len(file) - stopped_at
    received = bench.receive_downlink()[entry_id]
    assert bytes(received.octets) == file
    assert reported(entry_id)["state"] == "SENT"


@pytest.mark.virtual_time
@pytest.mark.parametrize("bound", ["TIME", "PASS_END"])
def test_time_ends_a_playback(
    session: Session, platform: Platform, bench: Bench, reported: Reported, bound: str
) -> None:
    entry_id = record(session, platform, 703)
    queue(session, entry_id)
    bench.units.force("recorder.active_entry_id", entry_id)  # a playback that never comes to its end
    bench.units.force("recorder.activity", session.dictionary.enumeration("RECORDER_ACTIVITY").members["VERIFYING"])
    since, begun_s = len(session.events), session.link.now_s()
    if bound == "TIME":
        play(session, platform, duration_s=4).wait(steps.ANSWER_S)
    else:
        session.send("RECORDER_START_PLAYBACK", pass_end=platform.gps_s() + 4.0).wait(steps.ANSWER_S)
    ended(session, since, bound)
    assert 4.0 <= session.link.now_s() - begun_s < 7.0
    for register in FORCED:
        bench.units.release(f"recorder.{register}")
    assert reported(entry_id)["state"] == "QUEUED"


@pytest.mark.virtual_time
def test_a_lost_downlink_leaves_the_entry_queued_and_it_resumes(
    session: Session, platform: Platform, bench: Bench, reported: Reported
) -> None:
    entry_id = record(session, platform, 704)
    file = bench.units.recorder_file(entry_id)
    queue(session, entry_id)
    since = len(session.events)
    play(session, platform).wait(steps.ANSWER_S)
    playing(session, bench)
    session.run_for(0.2)
    bench.units.force("recorder.downlink_lost", 1)
    ended(session, since, "DOWNLINK_LOST")
    entry = reported(entry_id)
    assert entry["state"] == "QUEUED" and 0 < entry["sent_octets"] < len(file)
    failure = play(session, platform).refusal(steps.ANSWER_S)
    assert (failure.subservice, failure.name) == (8, "NO_TRANSMITTER")
    bench.units.release("recorder.downlink_lost")
    play(session, platform).wait(steps.ANSWER_S)
    session.wait_event("ENTRY_CHANGED", SENT_S, since, entry_id=entry_id, state="SENT")
    assert bytes(bench.receive_downlink()[entry_id].octets) == file


@pytest.mark.virtual_time
def test_a_safing_ends_the_playback(session: Session, platform: Platform, bench: Bench, reported: Reported) -> None:
    entry_id = record(session, platform, 705)
    queue(session, entry_id)
    since = len(session.events)
    play(session, platform).wait(steps.ANSWER_S)
    playing(session, bench)
    bench.alarm(True)
    session.run_for(0.5)
    assert bench.units.observe("recorder.transmitter") == 0
    ended(session, since, "SAFED")
    bench.alarm(False)
    assert play(session, platform).refusal(steps.ANSWER_S).name == "REFUSE_STATE"
    session.run_for(1.1)
    steps.all_off(session)
    steps.sar_preop(session)
    assert reported(entry_id)["state"] == "QUEUED"


def test_a_damaged_entry_is_found_and_never_sent_as_good(
    session: Session, platform: Platform, bench: Bench, reported: Reported
) -> None:
    queued, checked = record(session, platform, 706), record(session, platform, 707)
    session.send("RECORDER_VERIFY", entry_id=checked).wait(steps.ANSWER_S)
    queue(session, queued, priority=255)
    since = len(session.events)
    for entry_id in (queued, checked):
        bench.units.force("recorder.damaged_entry", entry_id)
    play(session, platform).wait(steps.ANSWER_S)
    event = session.wait_event("ENTRY_CORRUPT", SENT_S, since, entry_id=queued)
    assert (event.severity, event.fields["cause"]) == ("medium", "CRC")
    session.wait_event("PLAYBACK_ENDED", SENT_S, since)
    assert queued not in bench.receive_downlink()
    failure = session.send("RECORDER_VERIFY", entry_id=checked).refusal(steps.ANSWER_S)
    assert (failure.subservice, failure.name) == (8, "ENTRY_CRC_WRONG")
    for entry_id in (queued, checked):
        assert reported(entry_id)["state"] == "CORRUPT"
        for name in ("RECORDER_QUEUE", "RECORDER_VERIFY", "RECORDER_DELETE"):
            assert session.send(name, entry_id=entry_id).refusal(steps.ANSWER_S).name == "ENTRY_IS_CORRUPT"
        session.send("RECORDER_ARM_ERASE", entry_id=entry_id).wait(steps.ANSWER_S)
        session.send("RECORDER_ERASE", entry_id=entry_id).wait(steps.ANSWER_S)


@pytest.mark.virtual_time
def test_a_medium_that_fills_up_ends_the_take_with_what_fits(
    session: Session, platform: Platform, bench: Bench, reported: Reported
) -> None:
    kept = record(session, platform, 708)
    before = bench.units.recorder_file(kept)
    since = len(session.events)
    command = start_take(session, platform, 709)
    assert command.failure is None
    session.run_for(1.0)
    bench.units.force("recorder.full", 1)
    failure = command.refusal(steps.SAFE_S)
    assert (failure.subservice, failure.name) == (8, "RECORDER_FULL")
    entry_id = closed_entry(session, since, 709)
    entry, file = reported(entry_id), bench.units.recorder_file(entry_id)
    assert (entry["state"], entry["size_octets"], entry["crc"]) == ("CLOSED", len(file), zlib.crc32(file))
    assert len(file) > 0
    assert [event.name for event in session.events[since:]].count("RECORDER_IS_FULL") == 1
    # The next one is refused before it begins, and nothing is lost.
    session.run_for(1.0)
    refusal = start_take(session, platform, 710).refusal(steps.ANSWER_S)
    assert (refusal.subservice, refusal.name) == (4, "MEMORY_BUDGET")
    assert bench.units.recorder_file(kept) == before


@pytest.mark.virtual_time
def test_a_recorder_that_restarts_is_noticed_at_once_and_the_next_take_works(
    session: Session, platform: Platform, bench: Bench, reported: Reported
) -> None:
    """Sentinel-1B 2021: the recorder restarts independently of the instruments."""
    since = len(session.events)
    command = start_take(session, platform, 711)
    session.run_for(0.8)
    reset_s = session.link.now_s()
    bench.units.force("recorder.reset", 1)
    failure = command.refusal(steps.SAFE_S)
    assert (failure.subservice, failure.name) == (8, "RECORDER_RESTARTED")
    assert command.reports[-1].time_s - reset_s < 1.5, "long before the end of the data take"
    assert session.wait_event("RECORDER_RESTARTED", 1.0, since).severity == "medium"
    entry_id = closed_entry(session, since, 711, BOOT_S)
    entry, file = reported(entry_id), bench.units.recorder_file(entry_id)
    assert (entry["state"], entry["size_octets"], entry["crc"]) == ("CLOSED", len(file), zlib.crc32(file))
    assert len(file) > 0
    assert session.value("SAR_MODE") == "PREOP", "the instrument was not switched off"
    assert len(bench.units.recorder_file(record(session, platform, 712))) > len(file)


@pytest.mark.virtual_time
def test_a_memory_board_that_wears_out_is_quarantined(
    session: Session, platform: Platform, bench: Bench, reported: Reported
) -> None:
    """Terra 2021: it recorded to dead boards until it was commanded not to."""
    capacity_mib = int(str(session.value("RECORDER_CAPACITY_MIB")))
    since = len(session.events)
    bench.units.force("recorder.worn_boards", 0b0010)
    entry_id = record(session, platform, 713)
    event = session.wait_event("BOARD_QUARANTINED", steps.ANSWER_S, since, board=1)
    assert int(str(event.fields["errors"])) >= session.dictionary.mission.integer("recorder", "quarantine_errors")
    assert bench.units.observe("recorder.boards_in_use") == 0b1101
    session.run_for(1.1)
    assert session.value("RECORDER_CAPACITY_MIB") == pytest.approx(capacity_mib * 3 / 4, abs=1)
    assert bench.units.observe("recorder.lost_packets") == session.value("RECORDER_LOST_PACKETS")
    errors = bench.units.observe("recorder.board_1_errors")
    entry, file = reported(entry_id), bench.units.recorder_file(entry_id)
    assert (entry["state"], entry["crc"]) == ("CLOSED", zlib.crc32(file))
    record(session, platform, 714)
    assert bench.units.observe("recorder.board_1_errors") == errors, "nothing more is written to it"
    assert [event.name for event in session.events[since:]].count("BOARD_QUARANTINED") == 1
    bench.units.release("recorder.worn_boards")
    session.send("RECORDER_RELEASE_BOARD", board=1).wait(steps.ANSWER_S)
    assert bench.units.observe("recorder.boards_in_use") == 0b1111


@pytest.mark.virtual_time
@pytest.mark.parametrize(
    ("fault", "value", "causes"),
    [
        ("dead", 1, {"RECORDER_LOST", "RECORDER_REFUSED"}),
        ("slow_ms", 200, {"RECORDER_LOST", "RECORDER_REFUSED"}),
        ("corrupt", 1, {"RECORDER_LOST", "RECORDER_REFUSED"}),
        ("reset", 1, {"RECORDER_RESTARTED"}),
    ],
)
def test_a_bad_recorder_ends_the_playback_once(
    session: Session, platform: Platform, bench: Bench, reported: Reported, fault: str, value: int, causes: set[str]
) -> None:
    entry_id = record(session, platform, 715)
    queue(session, entry_id)
    since = len(session.events)
    play(session, platform).wait(steps.ANSWER_S)
    playing(session, bench)
    bench.units.force(f"recorder.{fault}", value)
    event = session.wait_event("PLAYBACK_ENDED", steps.SAFE_S, since)
    assert event.fields["cause"] in causes
    session.run_for(3.0)
    assert [item.name for item in session.events[since:]].count("PLAYBACK_ENDED") == 1
    bench.units.release(f"recorder.{fault}") if fault != "reset" else session.run_for(BOOT_S)
    session.run_for(2.0)
    assert bench.units.observe("recorder.transmitter") == 0
    assert reported(entry_id)["state"] == "QUEUED"


@pytest.mark.virtual_time
def test_a_recorder_that_only_says_yes_is_refused_by_what_it_shows(
    session: Session, platform: Platform, bench: Bench, reported: Reported
) -> None:
    entry_id = record(session, platform, 716)
    queue(session, entry_id)
    bench.units.force("recorder.stuck_state", 1)
    failure = play(session, platform).refusal(steps.SAFE_S)
    assert (failure.subservice, failure.name) == (8, "NO_TRANSMITTER")
    failure = session.send("RECORDER_VERIFY", entry_id=entry_id).refusal(90)
    assert (failure.subservice, failure.name) == (8, "RECORDER_REFUSED")
    failure = session.send("RECORDER_ARM_ERASE", entry_id=entry_id).refusal(steps.ANSWER_S)
    assert (failure.subservice, failure.name) == (4, "ENTRY_NOT_ACKNOWLEDGED")
    assert reported(entry_id)["state"] == "QUEUED"


@pytest.mark.virtual_time
def test_a_recorder_that_fails_in_a_data_take_keeps_what_it_has(
    session: Session, platform: Platform, bench: Bench, reported: Reported
) -> None:
    since = len(session.events)
    command = start_take(session, platform, 717)
    session.run_for(1.0)
    bench.units.force("recorder.failed", 1)
    failure = command.refusal(steps.SAFE_S)
    assert (failure.subservice, failure.name) == (8, "RECORDER_REFUSED")
    node = session.dictionary.unit("RECORDER").node
    session.wait_event("UNIT_FAULT", 1.0, since, node=node)
    refusal = session.send("RECORDER_VERIFY", entry_id=1).refusal(steps.SAFE_S)
    assert refusal.subservice in (4, 8)
    bench.units.release("recorder.failed")
    entry_id = closed_entry(session, since, 717, BOOT_S)
    file = bench.units.recorder_file(entry_id)
    assert reported(entry_id)["crc"] == zlib.crc32(file) and len(file) > 0
    assert [event.name for event in session.events[since:]].count("UNIT_FAULT") == 1


@pytest.mark.virtual_time
def test_a_dead_recorder_leaves_an_acknowledged_entry_acknowledged(
    session: Session, platform: Platform, bench: Bench, reported: Reported
) -> None:
    entry_id = record(session, platform, 718)
    queue(session, entry_id)
    since = len(session.events)
    play(session, platform).wait(steps.ANSWER_S)
    ended(session, since, "QUEUE_EMPTY")
    entry = reported(entry_id)
    acknowledged = {"entry_id": entry_id, "size_octets": entry["size_octets"], "crc32": entry["crc"]}
    session.send("RECORDER_ACKNOWLEDGE", **acknowledged).wait(steps.ANSWER_S)
    bench.units.force("recorder.dead", 1)
    failure = session.send("RECORDER_DELETE", entry_id=entry_id).refusal(steps.SAFE_S)
    assert (failure.subservice, failure.name) == (8, "BUS_NO_REPLY")
    assert reported(entry_id)["state"] == "ACKED", "the catalogue is read without the recorder"
    bench.units.release("recorder.dead")
    session.wait_for(lambda: session.value("RECORDER_LINK") == "GOOD", steps.ANSWER_S, "The recorder")
    # The unit may have acted without an answer: said again, it ends as it should.
    session.send("RECORDER_DELETE", entry_id=entry_id).wait(steps.ANSWER_S)
    assert reported(entry_id)["state"] == "DELETED"


@pytest.mark.virtual_time
def test_a_recorder_that_hangs_is_restarted_once_and_then_by_telecommand(
    session: Session, platform: Platform, bench: Bench, reported: Reported
) -> None:
    """In a data take: the take ends and is kept, the instrument stays as it is; the second time is the ground's."""
    since = len(session.events)
    command = start_take(session, platform, 719)
    session.run_for(1.0)
    bench.units.force("recorder.hung", 1)
    assert command.refusal(steps.SAFE_S).subservice == 8
    session.wait_event("RECORDER_RESTART_TRIED", 3.0, since)
    session.wait_event("RECORDER_RESTARTED", BOOT_S, since)
    entry_id = closed_entry(session, since, 719, BOOT_S)
    assert reported(entry_id)["state"] in ("CLOSED", "CORRUPT")
    assert (session.value("SAR_MODE"), session.value("REFUSE")) == ("PREOP", "OFF")
    bench.units.force("recorder.hung", 1)
    session.run_for(30)
    assert session.value("RECORDER_STATE") == "FAILED"
    assert [event.name for event in session.events[since:]].count("RECORDER_RESTART_TRIED") == 1
    session.send("RECORDER_RESTART").wait(15)
    session.run_for(1.1)
    assert session.value("RECORDER_STATE") == "READY"
    record(session, platform, 720)


@pytest.mark.virtual_time
def test_a_recorder_that_fails_for_good_refuses_its_restart(session: Session, bench: Bench) -> None:
    bench.units.force("recorder.failed", 1)
    session.run_for(1.0)
    failure = session.send("RECORDER_RESTART").refusal(20)
    assert (failure.subservice, failure.name) == (8, "RECORDER_REFUSED")


@pytest.mark.virtual_time
def test_corrected_bit_errors_are_counted_and_told_of_once_a_minute(session: Session, bench: Bench) -> None:
    since = len(session.events)
    bench.units.force("recorder.bit_errors_s", 2)
    session.run_for(150)
    bench.units.release("recorder.bit_errors_s")
    told = [event for event in session.events[since:] if event.name == "MEMORY_ERRORS_CORRECTED"]
    assert [event.severity for event in told] == ["low"] * 3
    total = int(str(session.value("RECORDER_CORRECTED_ERRORS")))
    assert 295 <= total <= 305
    reported_total = int(str(told[-1].fields["total"]))
    assert sum(int(str(event.fields["errors"])) for event in told) == reported_total <= total


@pytest.mark.virtual_time
def test_a_data_take_fills_what_was_predicted(session: Session, platform: Platform, bench: Bench) -> None:
    """The prediction is what the refusal of a full recorder names; on the safe side by less than a tenth."""
    bench.units.force("recorder.free_mib", 1)
    session.run_for(1.0)
    session.send("SAR_ARM_TRANSMIT").wait(steps.ANSWER_S)
    session.send("SAR_PERMIT_TRANSMIT", takes=1, valid_s=300).wait(steps.ANSWER_S)
    command = session.send("SAR_START_DATA_TAKE", task_id=721, slot=0, start=platform.gps_s() + 4)
    predicted_mib = command.refusal(steps.ANSWER_S).limit
    bench.units.release("recorder.free_mib")
    session.run_for(1.0)
    free_mib = bench.units.observe("recorder.free_mib")
    record(session, platform, 722)
    used_mib = free_mib - bench.units.observe("recorder.free_mib")
    assert 0.9 * predicted_mib <= used_mib <= predicted_mib
