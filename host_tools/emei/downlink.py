"""The ground's end of the science downlink: frames out of octets, entries of the recorder out of frames.

Frames are those of CCSDS 732.0-B (AOS) with a frame error control field, each after the attached sync marker of
CCSDS 131.0-B; the data zone begins with a segment header (entry, offset, octets). Lengths and fields are the
dictionary's section science_downlink. An entry that comes in several passes, or twice, is put together by offset.
"""

import binascii
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from emei.dictionary import Dictionary, Spacecraft

_SEGMENT = struct.Struct(">HIH")
_COUNTS = 1 << 24
_ANY_GAP = 1 << 32


@dataclass(frozen=True)
class Segment:
    """Consecutive octets of one entry; `frame` is the frame's count, modulo 2^24."""

    frame: int
    entry_id: int
    offset: int
    octets: bytes

    @property
    def end(self) -> int:
        return self.offset + len(self.octets)


class FrameReader:
    """Segments of a spacecraft out of received octets, in any pieces. Damaged frames are counted and passed over.

    So are octets of no frame: neither of a whole one nor, as far as a frame reaches, after the marker of a damaged
    one.
    """

    def __init__(self, dictionary: Dictionary, spacecraft: Spacecraft) -> None:
        numbers = dictionary.mission
        self._marker = numbers.integer("science_downlink", "sync_marker").to_bytes(4, "big")
        self._frame_octets = numbers.integer("science_downlink", "frame_octets")
        self._header_octets = numbers.integer("science_downlink", "frame_header_octets")
        version = numbers.integer("science_downlink", "transfer_frame_version")
        channel = numbers.integer("science_downlink", "virtual_channel")
        self._spacecraft = spacecraft
        self._identification = version << 14 | spacecraft.downlink_id << 6 | channel
        self._received = bytearray()
        self._expected: int | None = None
        self._damaged_octets = 0  # at the beginning of what was received, that the marker of a damaged frame announced
        self.frames = 0
        self.damaged_frames = 0
        self.missing_frames = 0
        self.other_frames = 0  # of another spacecraft or virtual channel
        self._stray_octets = 0

    @property
    def stray_octets(self) -> int:
        """Octets of no frame so far; those of a frame that has not come as a whole are among them."""
        return self._stray_octets + max(0, len(self._received) - self._damaged_octets)

    @property
    def expected(self) -> str:
        """What the frames are like, in words."""
        spacecraft, channel = self._spacecraft, self._identification & 0x3F
        return (
            f"frames of {self._frame_octets} octets, each after the marker {self._marker.hex(' ')}, "
            f"of spacecraft {spacecraft.name} (0x{spacecraft.downlink_id:02x}) and virtual channel {channel}"
        )

    def feed(self, octets: bytes) -> list[Segment]:
        self._received += octets
        segments: list[Segment] = []
        while (start := self._received.find(self._marker)) >= 0:
            end = start + len(self._marker) + self._frame_octets
            if len(self._received) < end:
                self._pass_over(start)
                return segments
            frame = bytes(self._received[start + len(self._marker) : end])
            if self._is_of_another(frame):
                self.other_frames += 1
                self._leave_behind(start, end)
                continue
            segment = self._segment(frame)
            if segment is None:
                # The marker may have been none, or of a frame that lost octets: look for the next from here.
                self.damaged_frames += 1
                self._pass_over(start)
                self._damaged_octets = end - start
                self._pass_over(1)
                continue
            self.frames += 1
            segments.append(segment)
            self._leave_behind(start, end)
        self._pass_over(max(0, len(self._received) - len(self._marker) + 1))
        return segments

    def _leave_behind(self, start: int, end: int) -> None:
        """A whole frame."""
        self._pass_over(start)
        del self._received[: end - start]
        self._damaged_octets = 0

    def _is_of_another(self, frame: bytes) -> bool:
        """Is it a good frame, of a spacecraft or channel that is not ours?"""
        ours = int.from_bytes(frame[:2], "big") == self._identification
        return not ours and binascii.crc_hqx(frame, 0xFFFF) == 0

    def _pass_over(self, octets: int) -> None:
        self._stray_octets += max(0, octets - self._damaged_octets)
        self._damaged_octets = max(0, self._damaged_octets - octets)
        del self._received[:octets]

    def _segment(self, frame: bytes) -> Segment | None:
        if binascii.crc_hqx(frame, 0xFFFF) != 0:
            return None
        data = self._header_octets + _SEGMENT.size
        entry_id, offset, octets = _SEGMENT.unpack_from(frame, self._header_octets)
        if data + octets + 2 > len(frame):
            return None
        count = int.from_bytes(frame[2:5], "big")
        if self._expected is not None:
            self.missing_frames += (count - self._expected) % _COUNTS
        self._expected = (count + 1) % _COUNTS
        return Segment(count, entry_id, offset, frame[data : data + octets])


@dataclass(frozen=True)
class Span:
    """Octets from `start` up to, not including, `end`."""

    start: int
    end: int


class ReceivedEntry:
    """What has come of one entry. Octets that come again must be the same: `conflicts` counts those that are not.

    An offset may be wrong though the frame's CRC is good, and 32 bits of it reach 4 GB. The recorder plays an entry
    from its beginning, so what would leave a gap of more than `longest_gap` octets is kept in `left_out` instead.
    """

    def __init__(self, entry_id: int, longest_gap: int = _ANY_GAP) -> None:
        self.entry_id = entry_id
        self.longest_gap = longest_gap
        self.left_out: list[Segment] = []
        self.octets = bytearray()
        self.spans: list[Span] = []
        self.conflicts = 0

    def take(self, segment: Segment) -> None:
        if segment.offset - len(self.octets) > self.longest_gap:
            self.left_out.append(segment)
            return
        end = segment.end
        for span in self.spans:
            first, last = max(span.start, segment.offset), min(span.end, end)
            if (
                first < last
                and self.octets[first:last] != segment.octets[first - segment.offset : last - segment.offset]
            ):
                self.conflicts += 1
        self.octets.extend(bytes(max(0, end - len(self.octets))))
        self.octets[segment.offset : end] = segment.octets
        self.spans = _joined([*self.spans, Span(segment.offset, end)])

    def gaps(self, size_octets: int) -> list[Span]:
        """What is missing of an entry of this size."""
        gaps, at = [], 0
        for span in self.spans:
            if span.start > at:
                gaps.append(Span(at, min(span.start, size_octets)))
            at = max(at, span.end)
        return gaps if at >= size_octets else [*gaps, Span(at, size_octets)]

    @property
    def crc32(self) -> int:
        return zlib.crc32(self.octets)


def pass_octets(dictionary: Dictionary) -> int:
    """What a pass carries at the most: the longest gap that one of which nothing came leaves in an entry."""
    numbers = dictionary.mission
    return 125 * numbers.integer("science_downlink", "rate_kbit_s") * numbers.integer("science_downlink", "longest_s")


def entries_of(segments: Iterable[Segment], longest_gap: int = _ANY_GAP) -> dict[int, ReceivedEntry]:
    """Entries by id, from segments in the order of their arrival."""
    entries: dict[int, ReceivedEntry] = {}
    for segment in segments:
        entries.setdefault(segment.entry_id, ReceivedEntry(segment.entry_id, longest_gap)).take(segment)
    return entries


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(spans, key=lambda item: item.start):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        elif span.start < span.end:
            joined.append(span)
    return joined
