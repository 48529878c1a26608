"""Cyclic redundancy checks against the standard library and the RMAP standard."""

import binascii
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hal import hal_board
from tests.hal.hal_board import lib
from tests.hal.rmap_peer import CRC_TABLE, crc8

# Test patterns of ECSS-E-ST-50-52C annex A.4: header or data, with the CRC as the last octet.
RMAP_PATTERNS = {
    "write command header": "FE016C00670000 00A0000000000010 9F",
    "write command data": "0123456789ABCDEF1011121314151617 56",
    "write reply": "67012C00FE0000 ED",
    "read command": "FE014C00670001 00A0000000000010 C9",
    "read reply header": "67010C00FE0001 00000010 6D",
    "write with reply address": "FE016E00 0099AABBCCDDEE00 670002 00A0000010000010 7F",
    "write with reply address, data": "A0A1A2A3A4A5A6A7A8A9AAABACADAEAF B4",
    "write reply to a path": "67012E00FE0002 1D",
    "read with reply address": "FE014D00 99AABBCC 670003 00A0000010000010 F7",
    "read reply to a path": "67010D00FE0003 00000010 52",
}


def crc16(data: bytes, initial: int = 0xFFFF) -> int:
    return int(lib.hal_crc16(hal_board.octets_of(data), len(data), initial))


def crc32(data: bytes, previous: int = 0) -> int:
    return int(lib.hal_crc32(hal_board.octets_of(data), len(data), previous))


def rmap_crc8(data: bytes, previous: int = 0) -> int:
    return int(lib.hal_rmap_crc8(hal_board.octets_of(data), len(data), previous))


@given(st.binary(max_size=1024), st.integers(0, 0xFFFF))
def test_crc16_is_crc_hqx(data: bytes, initial: int) -> None:
    assert crc16(data, initial) == binascii.crc_hqx(data, initial)


def test_crc16_of_the_known_packet() -> None:
    assert crc16(bytes.fromhex("1801c01600062f11010000")) == 0xAB62


@given(st.binary(max_size=1024), st.binary(max_size=64))
def test_crc32_is_zlib(first: bytes, second: bytes) -> None:
    assert crc32(first) == zlib.crc32(first)
    assert crc32(second, crc32(first)) == zlib.crc32(first + second)


def test_rmap_crc8_table_is_the_standards() -> None:
    assert [rmap_crc8(bytes([octet])) for octet in range(256)] == list(CRC_TABLE)


@pytest.mark.parametrize("name", RMAP_PATTERNS)
def test_rmap_crc8_of_the_standards_patterns(name: str) -> None:
    *content, crc = bytes.fromhex(RMAP_PATTERNS[name])
    assert rmap_crc8(bytes(content)) == crc
    assert rmap_crc8(bytes([*content, crc])) == 0


@given(st.binary(max_size=300), st.integers(0, 255))
def test_rmap_crc8_is_the_peers(data: bytes, previous: int) -> None:
    assert rmap_crc8(data, previous) == crc8(data, previous)
