"""What a target must answer to any packet, by ECSS-E-ST-50-52C and the dictionary alone; nothing is shared with the C.

Order of checks, where several errors are in one packet: reserved packet type or unused command code, key, target
logical address, verify buffer, authorisation, then the data: early end, data CRC, too much data.
"""

from __future__ import annotations

import struct
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.hal.rmap_peer import INITIATOR, PROTOCOL_ID, READ, VERIFIED_WRITE, crc8, with_crc

DICTIONARY = Path(__file__).resolve().parents[2] / "firmware" / "dictionary"
TYPE_OCTETS = {"u8": 1, "u16": 2, "u32": 4, "i8": 1, "i16": 2, "i32": 4}
LARGEST_DATA_OCTETS = 256
CRC16_OCTETS = 2

GENERAL_ERROR = 1
UNUSED_COMMAND = 2
INVALID_KEY = 3
INVALID_DATA_CRC = 4
EARLY_END = 5
TOO_MUCH_DATA = 6
VERIFY_OVERRUN = 9
NOT_AUTHORISED = 10
INVALID_ADDRESS = 12

# Write, verify, reply, increment of the commands that table 5-1 gives a meaning.
USED_CODES = (0b0010, 0b0011, 0b0111, *range(0b1000, 0b10000))
READ_INCREMENTING = 0b0011
WRITE_VERIFIED_REPLY_INCREMENTING = 0b1111


@dataclass(frozen=True)
class Block:
    address: int
    access: str
    starts: tuple[int, ...]  # of every register, the CRC-16 and the end
    octets: int


@dataclass(frozen=True)
class Unit:
    node: int
    blocks: Mapping[str, Block]
    registers: Mapping[str, tuple[int, str, float]] = field(repr=False)  # "block.register": address, type, scale


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((DICTIONARY / name).read_text())


def read_unit(name: str) -> Unit:
    """A unit's register map out of the dictionary's files."""
    layouts = {layout["name"]: layout["fields"] for layout in _read("layouts.toml")["layout"]}
    content = _read(f"units/{name}.toml")
    blocks, registers = {}, {}
    for block in content["block"]:
        offset, starts = 0, []
        for item in layouts[block["layout"]] if "layout" in block else block["registers"]:
            starts.append(offset)
            registers[f"{block['name']}.{item['name']}"] = (
                block["address"] + offset,
                item["type"],
                item.get("scale", 1),
            )
            offset += TYPE_OCTETS[item["type"]]
        starts.append(offset)
        if block.get("crc16"):
            offset += CRC16_OCTETS
            starts.append(offset)
        blocks[block["name"]] = Block(block["address"], block["access"], tuple(starts), offset)
    return Unit(content["unit"]["node"], blocks, registers)


UNITS = {name: read_unit(name) for name in ("sar", "optical", "power", "recorder")}


@dataclass(frozen=True)
class Command:
    """A command as an initiator builds it; every field may be wrong."""

    node: int
    address: int
    length: int
    instruction: int = READ
    key: int = 0
    transaction: int = 1
    reply_address: bytes = b""
    extended: int = 0
    data: bytes | None = None
    initiator: int = INITIATOR

    def packet(self) -> bytes:
        instruction = self.instruction & 0xFC | len(self.reply_address) // 4
        header = struct.pack(">BBBB", self.node, PROTOCOL_ID, instruction, self.key) + self.reply_address
        header += struct.pack(">BHBI", self.initiator, self.transaction, self.extended, self.address)
        packet = with_crc(header + self.length.to_bytes(3, "big"))
        return packet if self.data is None else packet + with_crc(self.data)


def read(node: int, address: int, length: int, **fields: Any) -> Command:
    return Command(node, address, length, **fields)


def write(node: int, address: int, data: bytes, **fields: Any) -> Command:
    return Command(node, address, len(data), **{"instruction": VERIFIED_WRITE, "data": data, **fields})


@dataclass(frozen=True)
class Reply:
    path: bytes
    initiator: int
    instruction: int
    status: int
    node: int
    transaction: int
    data: bytes | None  # None: a write reply


def read_any_reply(packet: bytes, path_octets: int = 0) -> Reply:
    """A reply behind `path_octets` of reply address, every field and CRC checked (clauses 5.3.2, 5.4.2)."""
    path, packet = packet[:path_octets], packet[path_octets:]
    initiator, protocol, instruction, status, node, transaction = struct.unpack(">BBBBBH", packet[:7])
    assert protocol == PROTOCOL_ID
    assert instruction >> 6 == 0
    if instruction & 0x20:
        assert len(packet) == 8
        assert crc8(packet) == 0
        return Reply(path, initiator, instruction, status, node, transaction, None)
    assert packet[7] == 0
    assert crc8(packet[:12]) == 0
    assert crc8(packet[12:]) == 0
    length = int.from_bytes(packet[8:11], "big")
    assert len(packet) == 12 + length + 1
    return Reply(path, initiator, instruction, status, node, transaction, packet[12:-1])


def _authorised(unit: Unit, is_write: bool, address: int, length: int) -> bool:
    for block in unit.blocks.values():
        start, end = address - block.address, address - block.address + length
        if start >= 0 and end <= block.octets:
            if not is_write:
                return block.access != "write"
            return block.access != "read" and start in block.starts and end in block.starts
    return False


def expected_status(unit: Unit, packet: bytes) -> int | None:
    """Status a target of this map must reply with; 0: carried out; None: no reply at all."""
    if len(packet) < 16 or packet[1] != PROTOCOL_ID:
        return None
    instruction = packet[2]
    header_octets = 16 + 4 * (instruction & 3)
    if len(packet) < header_octets or crc8(packet[:header_octets]) != 0 or instruction >> 6 == 0:
        return None
    status = _status(unit, packet[:header_octets], packet[header_octets:])
    return status if instruction & 0x08 else None


def _status(unit: Unit, header: bytes, rest: bytes) -> int:
    instruction, code = header[2], header[2] >> 2 & 0xF
    address, length = int.from_bytes(header[-8:-4], "big"), int.from_bytes(header[-4:-1], "big")
    is_write, verifies = bool(code & 0b1000), bool(code & 0b0100)
    if instruction & 0x80 or code not in USED_CODES:
        return UNUSED_COMMAND
    if header[3] != 0:
        return INVALID_KEY
    if header[0] != unit.node:
        return INVALID_ADDRESS
    if is_write and verifies and length > LARGEST_DATA_OCTETS:
        return VERIFY_OVERRUN
    implemented = code in (READ_INCREMENTING, WRITE_VERIFIED_REPLY_INCREMENTING)
    if not implemented or header[-9] != 0 or not _authorised(unit, is_write, address, length):
        return NOT_AUTHORISED
    if not is_write:
        return TOO_MUCH_DATA if rest else 0
    if len(rest) < length + 1:
        return EARLY_END
    if crc8(rest[: length + 1]) != 0:
        return INVALID_DATA_CRC
    return TOO_MUCH_DATA if len(rest) > length + 1 else 0
