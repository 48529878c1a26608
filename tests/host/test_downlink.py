"""The ground's reader of the science downlink: whatever the channel does, no wrong octet and every loss seen."""

from __future__ import annotations

import binascii
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emei.dictionary import load
from emei.downlink import FrameReader, ReceivedEntry, Segment, Span, entries_of, pass_octets

DICTIONARY = load()
SPACECRAFT = DICTIONARY.spacecraft["BENCH"]
DATA_OCTETS = 496
FRAME_OCTETS = 516
# Version 1 of two bits, spacecraft 0x00 or 0x13 of eight, virtual channel 1 of six.
BENCH, EMEI_S3 = 0x4001, 0x44C1
PASS_OCTETS = 800_000 // 8 * 900


def frame(count: int, entry: int, offset: int, octets: bytes, identification: int = BENCH) -> bytes:
    """A frame written by hand from the standard: marker, AOS header, segment header, data, fill, CRC."""
    body = identification.to_bytes(2, "big") + (count & 0xFFFFFF).to_bytes(3, "big") + b"\0"
    body += entry.to_bytes(2, "big") + offset.to_bytes(4, "big") + len(octets).to_bytes(2, "big")
    body += octets.ljust(DATA_OCTETS, b"\x55")
    return bytes.fromhex("1acffc1d") + body + binascii.crc_hqx(body, 0xFFFF).to_bytes(2, "big")


def frames(octets: bytes, entry: int = 7, first: int = 0) -> list[bytes]:
    starts = range(0, len(octets), DATA_OCTETS)
    return [
        frame(first + number, entry, start, octets[start : start + DATA_OCTETS]) for number, start in enumerate(starts)
    ]


@given(st.binary(min_size=1, max_size=3000), st.integers(1, 700))
def test_any_cut_of_the_stream_gives_the_same_octets(octets: bytes, piece: int) -> None:
    reader = FrameReader(DICTIONARY, SPACECRAFT)
    stream = b"".join(frames(octets))
    segments = [segment for at in range(0, len(stream), piece) for segment in reader.feed(stream[at : at + piece])]
    entry = entries_of(segments, PASS_OCTETS)[7]
    assert (bytes(entry.octets), entry.crc32, entry.gaps(len(octets))) == (octets, zlib.crc32(octets), [])
    assert reader.damaged_frames == reader.missing_frames == entry.conflicts == 0


@given(st.binary(min_size=1500, max_size=4000), st.data())
def test_lost_and_damaged_frames_are_gaps_never_wrong_octets(octets: bytes, data: st.DataObject) -> None:
    sent = frames(octets, first=0xFFFFFE)
    kept = data.draw(st.lists(st.booleans(), min_size=len(sent), max_size=len(sent)))
    stream = bytearray()
    for good, item in zip(kept, sent, strict=True):
        damaged = bytearray(item)
        if not good:
            damaged[data.draw(st.integers(4, FRAME_OCTETS - 1))] ^= data.draw(st.integers(1, 255))
        stream += damaged
    reader = FrameReader(DICTIONARY, SPACECRAFT)
    entries = entries_of(reader.feed(bytes(stream)), PASS_OCTETS)
    received = entries.get(7, ReceivedEntry(7, PASS_OCTETS))
    for number, good in enumerate(kept):
        span = slice(number * DATA_OCTETS, (number + 1) * DATA_OCTETS)
        assert not good or received.octets[span] == octets[span]
    covered = sum(span.end - span.start for span in received.spans)
    missing = sum(span.end - span.start for span in received.gaps(len(octets)))
    assert covered + missing == len(octets)
    assert covered == sum(len(octets[n * DATA_OCTETS : (n + 1) * DATA_OCTETS]) for n, good in enumerate(kept) if good)
    assert (reader.damaged_frames == 0) == all(kept)
    inner = kept[kept.index(True) : len(kept) - kept[::-1].index(True)] if any(kept) else []
    assert reader.missing_frames == inner.count(False)


def test_octets_before_between_and_after_frames_are_passed_over() -> None:
    one, two = frames(bytes(range(200)) * 4)
    stream = b"\x1a\xcf noise" + one + b"\x1a\xcf\xfc" + two + b"\x1a\xcf\xfc"
    reader = FrameReader(DICTIONARY, SPACECRAFT)
    assert [segment.offset for segment in reader.feed(stream)] == [0, DATA_OCTETS]
    assert (reader.frames, reader.damaged_frames, reader.stray_octets) == (2, 0, len(b"\x1a\xcf noise") + 3 + 3)


@given(st.lists(st.binary(max_size=40), min_size=4, max_size=4), st.data())
def test_every_octet_is_of_a_frame_of_a_damaged_one_or_stray(noise: list[bytes], data: st.DataObject) -> None:
    sent = frames(bytes(range(250)) * 5)
    hit = data.draw(st.none() | st.integers(0, len(sent) - 1))
    if hit is not None:
        body = bytearray(sent[hit])
        body[data.draw(st.integers(4, FRAME_OCTETS - 1))] ^= 0xFF
        sent[hit] = bytes(body)
    # No marker comes about by chance, or in two pieces.
    noise = [octets.replace(b"\x1a", b"\0") for octets in noise]
    stream = b"".join(octets for pair in zip(noise, [*sent, b""], strict=True) for octets in pair)
    piece = data.draw(st.integers(1, len(stream)))
    reader = FrameReader(DICTIONARY, SPACECRAFT)
    for at in range(0, len(stream), piece):
        reader.feed(stream[at : at + piece])
    assert (reader.frames, reader.damaged_frames) == (len(sent) - (hit is not None), int(hit is not None))
    assert reader.stray_octets == sum(map(len, noise))


def test_a_frame_that_is_cut_off_is_of_no_frame() -> None:
    one, two = frames(bytes(600))
    reader = FrameReader(DICTIONARY, SPACECRAFT)
    reader.feed(one + two[:-1])
    assert (reader.frames, reader.damaged_frames, reader.stray_octets) == (1, 0, FRAME_OCTETS - 1)
    reader.feed(two[-1:])
    assert (reader.frames, reader.stray_octets) == (2, 0)


def test_another_spacecraft_and_a_lying_length_are_no_segments() -> None:
    good = frames(b"octets")[0]
    for change in ({5: good[5] ^ 0x40}, {16: 0x7F}):
        body = bytearray(good[4:-2])
        for at, value in change.items():
            body[at - 4] = value
        forged = good[:4] + body + binascii.crc_hqx(bytes(body), 0xFFFF).to_bytes(2, "big")
        assert FrameReader(DICTIONARY, SPACECRAFT).feed(forged) == []


def test_each_spacecraft_has_its_own_frames() -> None:
    """Entries of two may have the same id."""
    stream = frame(0, 7, 0, b"bench") + frame(0, 7, 0, b"third", EMEI_S3)
    for name, octets in (("BENCH", b"bench"), ("EMEI_S3", b"third"), ("EMEI_S4", None)):
        segments = FrameReader(DICTIONARY, DICTIONARY.spacecraft[name]).feed(stream)
        assert [segment.octets for segment in segments] == ([octets] if octets else []), name


def test_an_offset_that_no_pass_can_have_reached_is_left_out() -> None:
    whole, far = frames(bytes(range(250)) * 4), frame(2, 7, 0xFFFFFF00, b"far")
    reader = FrameReader(DICTIONARY, SPACECRAFT)
    entry = entries_of(reader.feed(whole[0] + far + whole[1] + whole[2]), PASS_OCTETS)[7]
    assert (bytes(entry.octets), entry.gaps(1000)) == (bytes(range(250)) * 4, [])
    assert entry.left_out == [Segment(2, 7, 0xFFFFFF00, b"far")]


@pytest.mark.parametrize("beyond", [0, 1])
def test_a_gap_as_long_as_a_pass_is_still_a_gap(beyond: int) -> None:
    entry = ReceivedEntry(1, 1000)
    entry.take(Segment(0, 1, 0, b"begin"))
    entry.take(Segment(1, 1, 1005 + beyond, b"end"))
    assert (len(entry.octets), len(entry.left_out)) == ((5, 1) if beyond else (1008, 0))


def test_a_pass_carries_what_the_downlink_gives_in_its_longest_time() -> None:
    assert pass_octets(DICTIONARY) == PASS_OCTETS


def test_octets_that_come_again_must_be_the_same() -> None:
    entry = ReceivedEntry(1, PASS_OCTETS)
    entry.take(Segment(0, 1, 0, b"abcdef"))
    entry.take(Segment(1, 1, 4, b"efgh"))
    assert (bytes(entry.octets), entry.spans, entry.conflicts) == (b"abcdefgh", [Span(0, 8)], 0)
    entry.take(Segment(2, 1, 2, b"CD"))
    assert entry.conflicts == 1
    assert entry.gaps(10) == [Span(8, 10)]
    entry.take(Segment(3, 1, 12, b"m"))
    assert entry.gaps(13) == [Span(8, 12)]
