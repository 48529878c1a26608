"""Entries of the recorder brought down as the ground gets them: queued, played back, received, kept, acknowledged,
deleted.

The station records the downlink; what it has received is put together here and held against the catalogue. An entry
is acknowledged only when all that were asked for are whole and kept, and deleted on board only then.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from emei.catalogue import ANSWER_S, Catalogue, Entry
from emei.commissioning.errors import CampaignError
from emei.downlink import FrameReader, ReceivedEntry
from emei.session import NotSeen, Reading, Session
from emei.verification import CommandError
from emei.words import count

_FIRST = 255  # priority: before anything else that is queued
_NO_BOUND = 2**32 - 1  # octets of a playback
_LOOK_S = 0.5
_LATE_S = 20.0  # the transmitter's switching, and what a station takes to write
_SLOWEST = 2.0  # times the time that the downlink's rate gives
_UNDER_WAY_S = 1.0  # a report of before the start may come after it is confirmed


class Station(Protocol):
    """Where the downlink's octets come from."""

    def receive(self) -> bytes:
        """What came since last asked, in any pieces."""


class Recording:
    """The file a station appends to. What is in it already is passed over."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = path.stat().st_size

    def receive(self) -> bytes:
        with self._path.open("rb") as file:
            if file.seek(0, 2) < self._at:
                raise CampaignError(f"{self._path} has become shorter: a station's recording only grows.")
            file.seek(self._at)
            octets = file.read()
        self._at += len(octets)
        return octets


def bring_down(
    session: Session,
    station: Station,
    entry_ids: Sequence[int],
    keep: Callable[[int, bytes], None],
    told: Callable[[str], None],
) -> tuple[Mapping[int, bytes], list[str]]:
    """The octets of entries by id, given to `keep` before anything is deleted on board, and what is left to do there.

    SessionError or CommandError, a sentence, when one does not come whole.
    """
    catalogue = Catalogue(session)
    known = {entry_id: catalogue.entry(entry_id) for entry_id in entry_ids}
    empty = [entry_id for entry_id, entry in known.items() if not entry["size_octets"]]
    if empty:
        raise NotSeen(f"Entry {empty[0]} is empty: the instrument sent the recorder no science data.")
    size_octets = sum(int(entry["size_octets"]) for entry in known.values())
    size_octets += _queued_before_octets(catalogue, known)
    rate_octets_s = 125 * session.dictionary.mission.integer("science_downlink", "rate_kbit_s")
    told(f"brings down {size_octets / 1e6:.1f} MB, about {size_octets / rate_octets_s:.0f} s at the downlink's rate")
    station.receive()
    for entry_id in entry_ids:
        session.send("RECORDER_QUEUE", entry_id=entry_id, priority=_FIRST).wait(ANSWER_S)
    limit_s = _LATE_S + _SLOWEST * size_octets / rate_octets_s
    pass_end = session.board_gps_s() + limit_s
    bound_octets = min(size_octets, _NO_BOUND)
    session.send("RECORDER_START_PLAYBACK", pass_end=pass_end, octets=bound_octets).wait(_LATE_S)
    received = _receive(session, station, known, limit_s)
    for entry_id, octets in received.items():
        keep(entry_id, bytes(octets.octets))
    problems = [_deleted_on_board(session, entry) for entry in received.values()]
    return {entry_id: bytes(entry.octets) for entry_id, entry in received.items()}, list(filter(None, problems))


def _deleted_on_board(session: Session, entry: ReceivedEntry) -> str:
    """Empty, or why the entry, which is kept on the ground, may still be on board."""
    entry_id, octets = entry.entry_id, entry.octets
    try:
        session.send("RECORDER_ACKNOWLEDGE", entry_id=entry_id, size_octets=len(octets), crc32=entry.crc32).wait(
            ANSWER_S
        )
        session.send("RECORDER_DELETE", entry_id=entry_id).wait(ANSWER_S)
    except CommandError as error:
        return f"Entry {entry_id} came down whole and may still be on board: {error}"
    return ""


def _queued_before_octets(catalogue: Catalogue, known: Mapping[int, Entry]) -> int:
    """What an attempt that was cut short left in the queue: of one priority the board plays the oldest first."""
    return sum(
        int(entry["size_octets"]) - int(entry["sent_octets"])
        for entry in catalogue.all()
        if entry["state"] == "QUEUED" and entry["priority"] == _FIRST and entry["entry_id"] not in known
    )


def _receive(
    session: Session, station: Station, known: Mapping[int, Entry], limit_s: float
) -> Mapping[int, ReceivedEntry]:
    """Until every entry is whole and the board has left the downlink. NotSeen, with what is missing, otherwise."""
    reader = FrameReader(session.dictionary, session.spacecraft)
    received = {entry_id: ReceivedEntry(entry_id) for entry_id in known}
    started_s = session.link.now_s()
    until_s = started_s + limit_s
    while True:
        session.run_for(_LOOK_S)
        for segment in reader.feed(station.receive()):
            # An offset may be wrong though the frame's CRC is good: beyond its end, nothing is of the entry.
            if segment.entry_id in known and segment.end <= known[segment.entry_id]["size_octets"]:
                received[segment.entry_id].take(segment)
        missing = [entry_id for entry_id, entry in received.items() if not _is_whole(entry, known[entry_id])]
        if not missing and _has_ended(session.reading("PLAYBACK"), started_s):
            return received
        if session.link.now_s() >= until_s:
            raise NotSeen(_sentence(received, known, missing, reader))


def _has_ended(playback: Reading | None, started_s: float) -> bool:
    """Whether the board is through. An IDLE of before the start says nothing: short entries come before the next."""
    if playback is None or not playback.valid:
        return False
    return playback.label == "IDLE" and playback.time_s > started_s + _UNDER_WAY_S


def _is_whole(entry: ReceivedEntry, known: Entry) -> bool:
    size_octets = int(known["size_octets"])
    return len(entry.octets) == size_octets and not entry.gaps(size_octets) and entry.crc32 == known["crc32"]


def _sentence(
    received: Mapping[int, ReceivedEntry], known: Mapping[int, Entry], missing: Sequence[int], reader: FrameReader
) -> str:
    if not missing:
        return "The playback does not end: see PLAYBACK in housekeeping."
    if not any(entry.spans for entry in received.values()):
        return (
            "Nothing of the recorder's entries came in the recording of the downlink: is it the station's of this "
            "spacecraft, and does it still grow?"
        )
    counts = (
        f"{sum(span.end - span.start for span in received[entry_id].spans)} of {known[entry_id]['size_octets']} octets "
        f"of entry {entry_id}"
        for entry_id in missing
    )
    return f"The downlink gave {', '.join(counts)}; damaged: {count(reader.damaged_frames, 'frame')}."
