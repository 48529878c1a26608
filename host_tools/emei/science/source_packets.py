"""Source packets of a recorder's file: found, checked, and their headers decoded.

Reads the layouts of the dictionary (SAR_PACKET, OPTICAL_PACKET; Sentinel-1's S1-IF-ASD-PL-0007 for the SAR).
What is damaged is left out and named; the rest is kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from emei.dictionary import SciencePacket
from emei.science.errors import ScienceError
from emei.words import count

PRIMARY_OCTETS = 6
_SYNC_OFFSET = PRIMARY_OCTETS + 6
_SYNC_OCTETS = 4
_SECONDARY_HEADER = 0x0800
_NAMED_GAPS = 3
_NAMED_TAKES = 5

Columns = dict[str, NDArray[np.int64]]


@dataclass
class SourcePackets:
    """The packets of one data take in the order recorded: headers as columns by field name, user data beside them.

    `numbers` are the packets' places in the file, counted from 0 as the packet count is. `problems` are sentences
    about what was left out or is missing.
    """

    header: Columns
    data: list[bytes]
    numbers: NDArray[np.int64]
    problems: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.data)

    def where(self, chosen: NDArray[np.bool_]) -> "SourcePackets":
        """The chosen packets alone."""
        data = [octets for octets, keep in zip(self.data, chosen, strict=True) if keep]
        return SourcePackets({name: values[chosen] for name, values in self.header.items()}, data, self.numbers[chosen])


def apid_of(file: bytes) -> int:
    """APID of a file's first packet."""
    if len(file) < PRIMARY_OCTETS:
        raise ScienceError(f"The file holds {len(file)} octets, less than the header of a packet.")
    return int.from_bytes(file[:2], "big") & 0x7FF


def first_packet(file: bytes, apid: int, sync_word: int) -> int:
    """Where the first packet of an APID begins, -1 when none does."""
    sync = sync_word.to_bytes(_SYNC_OCTETS, "big")
    return 0 if _begins(file, 0, apid, sync) else _next(file, 0, apid, sync)


def read_packets(file: bytes, layout: SciencePacket, apid: int, sync_word: int) -> SourcePackets:
    """The packets of the data take that most of the file belongs to. ScienceError when there is none."""
    problems: list[str] = []
    found = list(_split(file, layout, apid, sync_word, problems))
    if not found:
        raise ScienceError(" ".join(problems) or "The file holds no packet.")
    header = decode_headers([packet[PRIMARY_OCTETS:] for packet in found], layout)
    data = [packet[PRIMARY_OCTETS + layout.octets :] for packet in found]
    packets = _one_take(SourcePackets(header, data, np.arange(len(found)), problems))
    packets.problems += _gaps(packets.header["packet_count"])
    return packets


def decode_headers(headers: Sequence[bytes], layout: SciencePacket) -> Columns:
    """Each field of a layout as a column of unsigned numbers."""
    octets = np.frombuffer(b"".join(header[: layout.octets] for header in headers), dtype=np.uint8)
    bits = np.unpackbits(octets.reshape(len(headers), layout.octets), axis=1)
    columns: Columns = {}
    start = 0
    for item in layout.fields:
        weights = 1 << np.arange(item.bits - 1, -1, -1, dtype=np.int64)
        columns[item.name] = bits[:, start : start + item.bits].astype(np.int64) @ weights
        start += item.bits
    return columns


def _split(file: bytes, layout: SciencePacket, apid: int, sync_word: int, problems: list[str]) -> Iterator[bytes]:
    """Packets with the right sync word and no other within; after damage, on from the next sync word."""
    sync = sync_word.to_bytes(_SYNC_OCTETS, "big")
    start = 0
    while start < len(file):
        begins = _begins(file, start, apid, sync)
        end = start + PRIMARY_OCTETS + int.from_bytes(file[start + 4 : start + 6], "big") + 1 if begins else start
        again = _next(file, start, apid, sync)
        damaged = end - start < PRIMARY_OCTETS + layout.octets or end > len(file) or start < again < end
        if not damaged:
            yield file[start:end]
            start = end
        elif again > 0:
            problems.append(f"Octets {start} to {again - 1} are left out: they are not a whole packet.")
            start = again
        else:
            problems.append(_end(file, start, begins, layout, sync))
            return


def _end(file: bytes, start: int, begins: bool, layout: SciencePacket, sync: bytes) -> str:
    """Why nothing can be read from `start` on."""
    left = len(file) - start
    if begins:
        return f"The last packet is cut off: its {left} octets from octet {start} on are left out."
    if start:
        return f"The last {left} octets are left out: no {layout.name} begins at octet {start}."
    seen = file[_SYNC_OFFSET : _SYNC_OFFSET + _SYNC_OCTETS].hex(" ") or "missing"
    return (
        f"This is not a file of {layout.name} packets: octets {_SYNC_OFFSET} to {_SYNC_OFFSET + _SYNC_OCTETS - 1} "
        f"are {seen} instead of the sync word {sync.hex(' ')}."
    )


def _begins(file: bytes, start: int, apid: int, sync: bytes) -> bool:
    """Is there the beginning of a packet: telemetry of the APID, with a secondary header and the sync word?"""
    right = file[start + _SYNC_OFFSET : start + _SYNC_OFFSET + _SYNC_OCTETS] == sync
    return right and int.from_bytes(file[start : start + 2], "big") == _SECONDARY_HEADER | apid


def _next(file: bytes, start: int, apid: int, sync: bytes) -> int:
    """Where the next packet after `start` begins, -1 when none does."""
    at = file.find(sync, start + _SYNC_OFFSET + 1)
    while at >= 0:
        if _begins(file, at - _SYNC_OFFSET, apid, sync) and at - _SYNC_OFFSET > start:
            return at - _SYNC_OFFSET
        at = file.find(sync, at + 1)
    return -1


def _one_take(packets: SourcePackets) -> SourcePackets:
    takes, counts = np.unique(packets.header["data_take_id"], return_counts=True)
    if len(takes) == 1:
        return packets
    most = takes[np.argmax(counts)]
    named = [f"{take} ({count(int(number), 'packet')})" for take, number in zip(takes, counts, strict=True)]
    more = f" and {len(named) - _NAMED_TAKES} more" if len(named) > _NAMED_TAKES else ""
    listed = ", ".join(named[:_NAMED_TAKES]) + more
    kept = packets.where(packets.header["data_take_id"] == most)
    kept.problems = [*packets.problems, f"The file mixes the data takes {listed}; only {most} is decoded."]
    return kept


def _gaps(counts: NDArray[np.int64]) -> list[str]:
    """What the packet counter says is missing."""
    after = np.flatnonzero(np.diff(counts) != 1)
    if not len(after) and counts[0] == 0:
        return []
    gaps = [(-1, int(counts[0]))] if counts[0] else []
    gaps += [(int(counts[index]), int(counts[index + 1])) for index in after]
    named = [_gap(low, high) for low, high in gaps[:_NAMED_GAPS]]
    more = f" and {len(gaps) - _NAMED_GAPS} more" if len(gaps) > _NAMED_GAPS else ""
    return [f"Packets are missing or out of order by their count: {', '.join(named)}{more}."]


def _gap(low: int, high: int) -> str:
    """The counts between two that follow each other in the file."""
    if high <= low + 1:
        return f"after {low}"
    return f"{low + 1}" if high == low + 2 else f"{low + 1} to {high - 1}"
