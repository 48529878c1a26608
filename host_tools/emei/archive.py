"""Archive of a pass: raw packets as sent and received, and an index that names what made them.

`tc.ccsds` and `tm.ccsds` hold space packets back to back (CCSDS 133.0-B, no frames). `index.jsonl`
begins each recording with the spacecraft and the dictionary's hash, then has one line a packet.
Every packet is with the operating system when `telecommand` or `telemetry` returns, so a process
that dies loses nothing, and a packet is written before the line that points at it.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

TELECOMMANDS = "tc.ccsds"
TELEMETRY = "tm.ccsds"
INDEX = "index.jsonl"
PRIMARY_HEADER_OCTETS = 6


@dataclass(frozen=True)
class Recorded:
    """A packet read back. `time_s` is the time of the link it came over."""

    time_s: float
    uplink: bool
    packet: bytes
    spacecraft_id: int
    dictionary_hash: str


class Archive:
    """Writes to `directory`, which it makes; goes on after the last whole line and packets of what is there."""

    def __init__(self, directory: Path, spacecraft_id: int, dictionary_hash: bytes) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        _cut_off_parts(directory)
        self._files = {
            True: (directory / TELECOMMANDS).open("ab", buffering=0),
            False: (directory / TELEMETRY).open("ab", buffering=0),
        }
        self._index = (directory / INDEX).open("ab", buffering=0)
        self._line(
            recording=datetime.now(UTC).isoformat(timespec="milliseconds"),
            spacecraft_id=spacecraft_id,
            dictionary_hash=dictionary_hash.hex(),
        )

    def telecommand(self, time_s: float, packet: bytes) -> None:
        self._packet(True, time_s, packet)

    def telemetry(self, time_s: float, packet: bytes) -> None:
        self._packet(False, time_s, packet)

    def close(self) -> None:
        for file in (*self._files.values(), self._index):
            file.close()

    def __enter__(self) -> "Archive":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _packet(self, uplink: bool, time_s: float, packet: bytes) -> None:
        file = self._files[uplink]
        offset = file.tell()
        written = file.write(packet)
        if written != len(packet):
            raise OSError(f"the archive {file.name} took {written} of {len(packet)} octets: is the disk full?")
        self._line(time_s=round(time_s, 6), uplink=uplink, offset=offset, octets=len(packet))

    def _line(self, **fields: object) -> None:
        self._index.write(json.dumps(fields).encode() + b"\n")


def packets(data: bytes) -> Iterator[bytes]:
    """Split packets that stand back to back; a last one that is cut off is left out."""
    start = 0
    while start + PRIMARY_HEADER_OCTETS <= len(data):
        end = start + PRIMARY_HEADER_OCTETS + 1 + int.from_bytes(data[start + 4 : start + 6], "big")
        if end > len(data):
            return
        yield data[start:end]
        start = end


def _cut_off_parts(directory: Path) -> None:
    """What a process that died left of a packet or a line must not join what comes next.

    Where a packet ends the index says: malformed ones, whose length is wrong, are recorded too.
    """
    index = directory / INDEX
    lines = index.read_bytes() if index.exists() else b""
    lines = lines[: lines.rfind(b"\n") + 1]
    if index.exists():
        os.truncate(index, len(lines))
    ends = {True: 0, False: 0}
    for line in map(json.loads, lines.splitlines()):
        if "recording" not in line:
            ends[line["uplink"]] = line["offset"] + line["octets"]
    for uplink, name in ((True, TELECOMMANDS), (False, TELEMETRY)):
        path = directory / name
        if path.exists():
            # The last packet may be whole though the process died before its line.
            rest = path.read_bytes()[ends[uplink] :]
            kept = ends[uplink] + sum(len(packet) for packet in packets(rest))
            os.truncate(path, min(kept, path.stat().st_size))


def read(directory: Path) -> Iterator[Recorded]:
    """Every packet of an archive in the order of recording."""
    data = {True: (directory / TELECOMMANDS).read_bytes(), False: (directory / TELEMETRY).read_bytes()}
    spacecraft_id, dictionary_hash = 0, ""
    for text in (directory / INDEX).read_bytes().splitlines(keepends=True):
        if not text.endswith(b"\n"):
            return  # the process died within this line
        line = json.loads(text)
        if "recording" in line:
            spacecraft_id, dictionary_hash = line["spacecraft_id"], line["dictionary_hash"]
            continue
        packet = data[line["uplink"]][line["offset"] : line["offset"] + line["octets"]]
        yield Recorded(line["time_s"], line["uplink"], packet, spacecraft_id, dictionary_hash)
