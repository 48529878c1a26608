"""An RMAP peer in Python, apart from the C one: reads commands, makes replies (ECSS-E-ST-50-52C)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from cobs import cobs

# The standard's look-up table (annex A.3).
CRC_TABLE = bytes.fromhex(
    "0091e3720796e4750e9fed7c0998ea7b1c8dff6e1b8af8691283f1601584f667"
    "38a9db4a3faedc4d36a7d54431a0d24324b5c75623b2c0512abbc9582dbcce5f"
    "70e1930277e694057eef9d0c79e89a0b6cfd8f1e6bfa881962f3811065f48617"
    "48d9ab3a4fdeac3d46d7a53441d0a23354c5b72653c2b0215acbb9285dccbe2f"
    "e0710392e7760495ee7f0d9ce9780a9bfc6d1f8efb6a1889f2631180f5641687"
    "d8493baadf4e3cadd64735a4d14032a3c45527b6c35220b1ca5b29b8cd5c2ebf"
    "900173e2970674e59e0f7dec99087aeb8c1d6ffe8b1a68f9821361f0851466f7"
    "a8394bdaaf3e4cdda63745d4a13042d3b42557c6b32250c1ba2b59c8bd2c5ecf"
)

PROTOCOL_ID = 1
READ = 0x4C  # command, read, reply, increment
VERIFIED_WRITE = 0x7C  # command, write, verify, reply, increment
REPLY = 0x3F  # what is left of a command's instruction in its reply
INITIATOR = 0xFE


def crc8(data: bytes, previous: int = 0) -> int:
    for octet in data:
        previous = CRC_TABLE[previous ^ octet]
    return previous


def with_crc(data: bytes) -> bytes:
    return data + bytes([crc8(data)])


@dataclass(frozen=True)
class Command:
    node: int
    instruction: int
    key: int
    initiator: int
    transaction: int
    address: int
    length: int
    data: bytes


def read_command(packet: bytes) -> Command:
    """A command with no reply address (clauses 5.3.1 and 5.4.1), every field and CRC checked."""
    header, rest = packet[:16], packet[16:]
    assert len(header) == 16
    assert crc8(header) == 0
    node, protocol, instruction, key, initiator, transaction, extended, address = struct.unpack(
        ">BBBBBHBI", header[:12]
    )
    assert protocol == PROTOCOL_ID
    assert extended == 0
    length = int.from_bytes(header[12:15], "big")
    if instruction == VERIFIED_WRITE:
        assert len(rest) == length + 1
        assert crc8(rest) == 0
    else:
        assert rest == b""
    return Command(node, instruction, key, initiator, transaction, address, length, rest[:-1])


def read_frames(line: bytes) -> list[Command]:
    return [read_command(cobs.decode(frame)) for frame in line.split(b"\0") if frame]


def write_reply(node: int, transaction: int, status: int = 0, initiator: int = INITIATOR) -> bytes:
    return with_crc(struct.pack(">BBBBBH", initiator, PROTOCOL_ID, VERIFIED_WRITE & REPLY, status, node, transaction))


def read_reply(node: int, transaction: int, data: bytes, status: int = 0, initiator: int = INITIATOR) -> bytes:
    header = struct.pack(">BBBBBHB", initiator, PROTOCOL_ID, READ & REPLY, status, node, transaction, 0)
    return with_crc(header + len(data).to_bytes(3, "big")) + with_crc(data)


def frame(packet: bytes) -> bytes:
    return bytes(cobs.encode(packet)) + b"\0"
