"""A recorder that fills up, restarts, wears out, fails or hangs: what was recorded is kept, and the ground is told."""

import zlib

import pytest

from emei.dictionary import load
from emei.platform import Platform
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps
from hil.scenarios.recorder.entries import (
    BOOT_S,
    Reported,
    closed_entry,
    ended,
    play,
    playing,
    queue,
    record,
    start_take,
)

pytestmark = pytest.mark.virtual_time

MARGIN_PERCENT = load().mission.integer("sar", "memory_margin_percent")


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


def _restarted(session: Session, bench: Bench) -> None:
    since = len(session.events)
    bench.units.force("recorder.reset", 1)
    session.wait_event("RECORDER_RESTARTED", steps.ANSWER_S, since)


@pytest.mark.parametrize(("fault", "value"), [("entries", 0), ("entries", 60), ("stuck_state", 1)])
def test_a_recorder_that_lies_for_a_time_loses_no_data_take(
    session: Session, platform: Platform, bench: Bench, reported: Reported, fault: str, value: int
) -> None:
    entries = [record(session, platform, task_id) for task_id in (706, 707)]
    since = len(session.events)
    bench.units.force(f"recorder.{fault}", value)
    _restarted(session, bench)
    session.run_for(60.0)
    names = [event.name for event in session.events[since:]]
    assert "ENTRY_CORRUPT" not in names and names.count("CATALOGUE_NOT_RECONCILED") == 1
    bench.units.release(f"recorder.{fault}")
    session.run_for(BOOT_S)
    for entry_id in entries:
        assert reported(entry_id)["state"] == "CLOSED"
        queue(session, entry_id)


def test_a_data_take_that_was_taken_for_lost_comes_back(
    session: Session, platform: Platform, bench: Bench, reported: Reported
) -> None:
    """All that the recorder shows agrees for a time: it has nothing."""
    entry_id = record(session, platform, 708)
    bench.units.force("recorder.entries", 0)
    bench.units.force("recorder.stuck_state", 1)
    since = len(session.events)
    _restarted(session, bench)
    session.wait_event("ENTRY_CORRUPT", BOOT_S, since, entry_id=entry_id, cause="MISSING")
    session.run_for(BOOT_S)
    bench.units.release("recorder.entries")
    bench.units.release("recorder.stuck_state")
    since = len(session.events)
    _restarted(session, bench)
    session.wait_event("DATA_TAKE_CLOSED", BOOT_S, since, entry_id=entry_id)
    queue(session, entry_id)


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


def test_a_verification_without_end_is_told_as_the_recorders_fault(
    session: Session, platform: Platform, bench: Bench, reported: Reported
) -> None:
    entry_id = record(session, platform, 709)
    queue(session, entry_id)
    bench.units.force("recorder.activity", session.dictionary.enumeration("RECORDER_ACTIVITY").members["VERIFYING"])
    since = len(session.events)
    play(session, platform).wait(steps.ANSWER_S)
    event = session.wait_event("PLAYBACK_ENDED", 90, since)
    assert (event.fields["cause"], event.fields["octets"]) == ("RECORDER_REFUSED", 0)
    assert reported(entry_id)["state"] == "QUEUED"


def test_boards_that_are_not_quarantined_are_told_of(session: Session, bench: Bench) -> None:
    errors = session.dictionary.mission.integer("recorder", "quarantine_errors")
    since = len(session.events)
    bench.units.force("recorder.stuck_state", 1)
    for board in (0, 1):
        bench.units.force(f"recorder.board_{board}_errors", errors)
    session.run_for(30.0)
    told = [event.fields["board"] for event in session.events[since:] if event.name == "BOARD_NOT_QUARANTINED"]
    assert told == [0, 1]


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


def test_a_recorder_that_fails_for_good_refuses_its_restart(session: Session, bench: Bench) -> None:
    bench.units.force("recorder.failed", 1)
    session.run_for(1.0)
    failure = session.send("RECORDER_RESTART").refusal(20)
    assert (failure.subservice, failure.name) == (8, "RECORDER_REFUSED")


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


def test_a_data_take_fills_what_was_predicted(session: Session, platform: Platform, bench: Bench) -> None:
    """What the refusal of a full recorder says is needed: a tenth more than predicted, on the safe side by another."""
    bench.units.force("recorder.free_mib", 1)
    session.run_for(1.0)
    session.send("SAR_ARM_TRANSMIT").wait(steps.ANSWER_S)
    session.send("SAR_PERMIT_TRANSMIT", takes=1, valid_s=300).wait(steps.ANSWER_S)
    command = session.send("SAR_START_DATA_TAKE", task_id=721, slot=0, start=platform.gps_s() + 4)
    predicted_mib = command.refusal(steps.ANSWER_S).limit * 100 / MARGIN_PERCENT
    bench.units.release("recorder.free_mib")
    session.run_for(1.0)
    free_mib = bench.units.observe("recorder.free_mib")
    record(session, platform, 722)
    used_mib = free_mib - bench.units.observe("recorder.free_mib")
    assert 0.9 * predicted_mib <= used_mib <= predicted_mib


def test_an_image_takes_over_no_entry_of_a_data_take_that_was_switched_off(
    session: Session, platform: Platform, bench: Bench, reported: Reported
) -> None:
    """The recorder has just opened it, and no sample has shown it yet: the image has an entry of its own."""
    steps.optical_ready(session)
    since = len(session.events)
    session.send("SAR_ARM_TRANSMIT").wait(steps.ANSWER_S)
    session.send("SAR_PERMIT_TRANSMIT", takes=1, valid_s=300).wait(steps.ANSWER_S)
    start = platform.gps_s() + 8
    take = session.send("SAR_START_DATA_TAKE", task_id=723, slot=0, start=start)
    opened_by_s = session.link.now_s() + 1
    while bench.units.observe("recorder.open_entry_id") == 0:
        assert session.link.now_s() < opened_by_s
        session.run_for(0.005)
    session.send("HARD_OFF", instrument="SAR")
    image = session.send("OPTICAL_START_IMAGE", task_id=724, mode="STRIP", start=start, duration_ms=2000)
    assert take.refusal(steps.SAFE_S).name == "ABORTED"
    image.wait(steps.SAFE_S)
    entry = reported(closed_entry(session, since, 724))
    assert (entry["task_id"], entry["instrument"], entry["mode"]) == (724, "OPTICAL", 5)
    orphan = reported(closed_entry(session, since, 723))
    assert (orphan["instrument"], orphan["state"], orphan["packets"]) == ("SAR", "CLOSED", 0)
    session.send("SET_MODE_OPTICAL", mode="OFF").wait(steps.SAFE_S)
    steps.sar_preop(session)
