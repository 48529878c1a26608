"""An entry of the recorder from its data take to its deletion, and its way down: playback, its ends, damage."""

import json
import zlib
from pathlib import Path

import pytest
from click.testing import CliRunner

from emei.cli import main
from emei.platform import Platform
from emei.session import Session
from hil.__main__ import record_downlink
from hil.bench import Bench
from hil.scenarios import steps
from hil.scenarios.recorder.entries import (
    SENT_S,
    Reported,
    ended,
    play,
    playing,
    queue,
    record,
)


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
    for register in ("active_entry_id", "activity"):
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
def test_a_downlink_lost_while_the_entry_is_verified_ends_the_playback_as_lost(
    session: Session, platform: Platform, bench: Bench, reported: Reported
) -> None:
    entry_id = record(session, platform, 709)
    queue(session, entry_id)
    bench.units.force("recorder.active_entry_id", entry_id)  # a verification that never comes to its end
    bench.units.force("recorder.activity", session.dictionary.enumeration("RECORDER_ACTIVITY").members["VERIFYING"])
    since = len(session.events)
    play(session, platform).wait(steps.ANSWER_S)
    session.run_for(0.5)
    bench.units.force("recorder.downlink_lost", 1)
    ended(session, since, "DOWNLINK_LOST")
    for register in ("active_entry_id", "activity", "downlink_lost"):
        bench.units.release(f"recorder.{register}")
    entry = reported(entry_id)
    assert (entry["state"], entry["sent_octets"]) == ("QUEUED", 0)


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
