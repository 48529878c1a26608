"""What a flash image says, read by the format of hal_journal.h alone; written apart from journal.c."""

from __future__ import annotations

import struct
import zlib

RECORD = struct.Struct(">HHIII")
MAGIC = 0x4A45


def records(image: bytes, sector_octets: int) -> list[list[tuple[int, int, int] | None]]:
    """Per sector, its slots: (sequence, key, value) of a good record, None for what is neither blank nor good."""
    sectors = []
    for start in range(0, len(image), sector_octets):
        slots: list[tuple[int, int, int] | None] = []
        for offset in range(start, start + sector_octets, RECORD.size):
            raw = image[offset : offset + RECORD.size]
            if raw == b"\xff" * RECORD.size:
                continue
            magic, key, sequence, value, crc = RECORD.unpack(raw)
            good = magic == MAGIC and zlib.crc32(raw[:12]) == crc
            slots.append((sequence, key, value) if good else None)
        sectors.append(slots)
    return sectors


def values(image: bytes, sector_octets: int) -> dict[int, int]:
    """The value of every key that has a good record."""
    good = sorted(slot for slots in records(image, sector_octets) for slot in slots if slot is not None)
    return {key: value for _, key, value in good}


def record(key: int, sequence: int, value: int) -> bytes:
    body = RECORD.pack(MAGIC, key, sequence, value, 0)[:12]
    return body + struct.pack(">I", zlib.crc32(body))
