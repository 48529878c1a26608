"""The recorder's verification and playback: what the transmitter sent, as the ground's reader puts it together."""

from __future__ import annotations

import binascii

import pytest

from emei.dictionary import load
from emei.downlink import FrameReader, Span, entries_of
from tests.hal.hal_board import lib
from tests.hal.sim_bench import SimBench
from tests.hal.sim_take import ready_sar
from tests.hal.test_sim_recorder import booted, closed, entry_of, open_and_close, open_entry

NO_SUCH_ENTRY = 2
ENTRY_OPEN = 16
BUSY = 32
TRANSMITTER_OFF = 64
DOWNLINK_LOST = 128
ENTRY_CORRUPT = 256
WHOLE = 0xFFFFFFFF
RATE_KBIT_S = 800
FRAME_OCTETS = 4 + 512
MARKER = bytes.fromhex("1acffc1d")


@pytest.fixture(scope="module")
def dictionary():  # type: ignore[no-untyped-def]
    return load()


@pytest.fixture
def reader(dictionary) -> FrameReader:  # type: ignore[no-untyped-def]
    return FrameReader(dictionary, dictionary.spacecraft["EMEI_S3"])


def transmitter_on(bench: SimBench, limit_s: int = 600, rate_kbit_s: int = RATE_KBIT_S) -> None:
    bench.put("recorder.downlink_rate_kbit_s", rate_kbit_s)
    bench.put("recorder.downlink_spacecraft", 0x13)
    bench.put("recorder.downlink_limit_s", limit_s)
    bench.command("recorder", "TRANSMITTER_ON")
    assert bench.get("recorder.transmitter") == 1


def play(bench: SimBench, entry: int, offset: int = 0, octets: int = WHOLE) -> None:
    bench.put("recorder.select_entry_id", entry)
    bench.put("recorder.play_offset", offset)
    bench.put("recorder.play_octets", octets)
    bench.command("recorder", "PLAY_ENTRY")


def verify(bench: SimBench, entry: int) -> None:
    bench.put("recorder.select_entry_id", entry)
    bench.command("recorder", "VERIFY_ENTRY")


def ended(bench: SimBench) -> int:
    """Run until the activity ends; its result."""
    bench.run_until("recorder.activity", lib.RECORDER_ACTIVITY_IDLE, poll_ms=10)
    return int(bench.get("recorder.result"))


def test_an_entry_comes_down_whole_in_order_and_at_the_rate(reader: FrameReader) -> None:
    bench = ready_sar()
    entry = closed(bench)
    octets = bench.recorded(entry)
    transmitter_on(bench)
    begun_us = bench.now_us
    play(bench, entry)
    assert bench.get("recorder.activity") == lib.RECORDER_ACTIVITY_PLAYING
    assert ended(bench) == lib.RECORDER_RESULT_DONE
    heard = bench.downlinked()
    segments = reader.feed(heard)
    assert [segment.frame for segment in segments] == list(range(len(segments)))
    assert [segment.offset for segment in segments] == [496 * number for number in range(len(segments))]
    assert b"".join(segment.octets for segment in segments) == octets
    received = entries_of(segments)[entry]
    assert (received.crc32, received.gaps(len(octets))) == (entry_of(bench, entry)["crc32"], [])
    assert len(heard) == len(segments) * FRAME_OCTETS and reader.damaged_frames == reader.missing_frames == 0
    assert bench.get("recorder.active_octets") == len(octets)
    assert (bench.now_us - begun_us) / 1e6 == pytest.approx(len(heard) / (RATE_KBIT_S * 125), abs=0.03)


def test_every_frame_is_as_the_standard_says(reader: FrameReader) -> None:
    """By hand: version 1, spacecraft 14, virtual channel 1, count, no replay; CRC-16 over the frame."""
    bench = ready_sar()
    entry = closed(bench)
    transmitter_on(bench)
    play(bench, entry, 0, 1000)
    ended(bench)
    heard = bench.downlinked()
    assert len(heard) == 3 * FRAME_OCTETS
    for number in range(3):
        frame = heard[number * FRAME_OCTETS : (number + 1) * FRAME_OCTETS]
        assert frame[:4] == MARKER
        assert frame[4:10] == bytes([0x44, 0xC1, 0, 0, number, 0])
        assert frame[10:12] == entry.to_bytes(2, "big")
        assert binascii.crc_hqx(frame[4:], 0xFFFF) == 0
    assert heard[-2 - 400 : -2] == b"\x55" * 400, "fill behind the last octets"


def test_stop_and_resume(reader: FrameReader) -> None:
    bench = ready_sar()
    entry = closed(bench)
    octets = bench.recorded(entry)
    transmitter_on(bench)
    play(bench, entry)
    bench.run_ms(100)
    bench.command("recorder", "STOP")
    assert bench.get("recorder.result") == lib.RECORDER_RESULT_STOPPED
    reached = int(bench.get("recorder.active_octets"))
    assert 0 < reached < len(octets)
    bench.run_ms(100)
    first = bench.downlinked()
    play(bench, entry, reached)
    assert ended(bench) == lib.RECORDER_RESULT_DONE
    segments = reader.feed(first)
    assert entries_of(segments)[entry].gaps(len(octets)) == [Span(reached, len(octets))]
    assert entries_of([*segments, *reader.feed(bench.downlinked())])[entry].octets == octets


def test_bounded_by_octets_and_by_the_end_of_the_entry() -> None:
    bench = ready_sar()
    entry = closed(bench)
    size = len(bench.recorded(entry))
    transmitter_on(bench)
    for offset, octets, reached in ((0, 700, 700), (size - 10, WHOLE, size), (size + 5, WHOLE, size)):
        play(bench, entry, offset, octets)
        assert ended(bench) == lib.RECORDER_RESULT_DONE
        assert bench.get("recorder.active_octets") == reached


def test_a_lost_downlink_ends_the_playback_and_the_carrier(reader: FrameReader) -> None:
    bench = ready_sar()
    entry = closed(bench)
    transmitter_on(bench)
    play(bench, entry)
    bench.run_ms(100)
    bench.force("recorder.downlink_lost")
    assert ended(bench) == lib.RECORDER_RESULT_DOWNLINK_LOST
    assert bench.get("recorder.fault_flags") == DOWNLINK_LOST
    assert bench.get("recorder.transmitter") == 0
    reached = int(bench.get("recorder.active_octets"))
    assert entries_of(reader.feed(bench.downlinked()))[entry].spans == [Span(0, reached)]
    bench.release("recorder.downlink_lost")
    bench.run_ms(100)
    assert bench.downlinked() == b"", "nothing goes on by itself"
    transmitter_on(bench)
    assert bench.get("recorder.fault_flags") == 0


def test_the_carrier_ends_by_itself() -> None:
    bench = booted()
    transmitter_on(bench, limit_s=2)
    bench.run_ms(1900)
    assert bench.get("recorder.transmitter") == 1
    bench.run_ms(200)
    assert bench.get("recorder.transmitter") == 0


def test_a_restart_ends_playback_and_carrier() -> None:
    bench = ready_sar()
    entry = closed(bench)
    transmitter_on(bench)
    play(bench, entry)
    bench.run_ms(50)
    bench.force("recorder.reset")
    assert bench.get("recorder.transmitter") == 0
    assert bench.get("recorder.activity") == lib.RECORDER_ACTIVITY_IDLE


def test_refusals(reader: FrameReader) -> None:
    bench = ready_sar()
    entry = closed(bench)
    play(bench, entry)
    assert bench.get("recorder.fault_flags") == TRANSMITTER_OFF
    transmitter_on(bench)
    play(bench, entry + 1)
    assert bench.get("recorder.fault_flags") == NO_SUCH_ENTRY
    open_id = open_entry(bench)
    play(bench, open_id)
    assert bench.get("recorder.fault_flags") == ENTRY_OPEN
    verify(bench, open_id)
    assert bench.get("recorder.fault_flags") == ENTRY_OPEN
    play(bench, entry)
    verify(bench, entry)
    assert bench.get("recorder.fault_flags") == BUSY
    bench.put("recorder.select_entry_id", entry)
    bench.command("recorder", "DELETE_ENTRY")
    assert bench.get("recorder.fault_flags") == BUSY
    assert ended(bench) == lib.RECORDER_RESULT_DONE
    assert {segment.entry_id for segment in reader.feed(bench.downlinked())} == {entry}


def test_recording_goes_on_while_another_entry_is_played(reader: FrameReader) -> None:
    bench = ready_sar()
    first = closed(bench)
    sent = bench.recorded(first)
    transmitter_on(bench)
    play(bench, first)
    second = closed(bench)
    assert entry_of(bench, second)["crc32"] == binascii.crc32(bench.recorded(second))
    assert entries_of(reader.feed(bench.downlinked()))[first].octets == sent


@pytest.mark.parametrize("how", ["damaged", "dead board", "empty"])
def test_verification(how: str) -> None:
    bench = ready_sar()
    entry = open_and_close(bench) if how == "empty" else closed(bench)
    verify(bench, entry)
    assert ended(bench) == lib.RECORDER_RESULT_DONE
    assert bench.get("recorder.active_entry_id") == entry
    if how == "empty":
        return
    if how == "damaged":
        bench.force("recorder.damaged_entry", entry)
    else:
        bench.force("recorder.dead_boards", 0b0001)
    verify(bench, entry)
    assert ended(bench) == lib.RECORDER_RESULT_BAD_CRC
    assert entry_of(bench, entry)["state"] == lib.ENTRY_STATE_CORRUPT
    transmitter_on(bench)
    play(bench, entry)
    assert bench.get("recorder.fault_flags") == ENTRY_CORRUPT
    assert bench.downlinked() == b""


def test_what_nobody_hears_is_lost_on_the_air() -> None:
    bench = ready_sar()
    entry = closed(bench)
    transmitter_on(bench, rate_kbit_s=65535)
    while bench.observe("recorder.downlink_unread_octets") == 0:
        play(bench, entry)
        ended(bench)
        assert bench.observe("recorder.downlink_frames") < 10_000
    assert 0 < (1 << 20) - len(bench.downlinked()) < FRAME_OCTETS
