"""Space packets and PUS-C headers against `spacepackets`."""

import binascii
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacepackets.ecss import PusTc, PusTm

from tests.hal import hal_board
from tests.hal.hal_board import ffi, lib
from tests.hal.test_hal_time import cuc_of

KNOWN_PACKET = bytes.fromhex("1801c01600062f11010000ab62")
ARGUMENTS = st.binary(max_size=64)


def check(packet: bytes) -> tuple[int, int, int]:
    detail, limit = ffi.new("int32_t *"), ffi.new("int32_t *")
    failure = lib.hal_tc_check(hal_board.octets_of(packet), len(packet), detail, limit)
    return failure, detail[0], limit[0]


def with_crc(packet: bytes) -> bytes:
    return packet + struct.pack(">H", binascii.crc_hqx(packet, 0xFFFF))


def changed(offset: int, value: int, packet: bytes = KNOWN_PACKET) -> bytes:
    """The packet with one octet replaced and its CRC made good again."""
    return with_crc(packet[:offset] + bytes([value]) + packet[offset + 1 : -2])


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 0x3FFF), st.integers(0, 0xFFFF), ARGUMENTS)
def test_good_telecommands(service: int, subservice: int, count: int, source: int, arguments: bytes) -> None:
    packet = PusTc(
        apid=lib.PACKETS_PAYLOAD_APID,
        service=service,
        message_subtype=subservice,
        seq_count=count,
        source_id=source,
        app_data=arguments,
    ).pack()
    assert check(bytes(packet)) == (0, 0, 0)


REFUSED = {
    "version": (changed(0, 0x38), lib.FAILURE_BAD_VERSION, 1, 0),
    "telemetry": (changed(0, 0x08), lib.FAILURE_BAD_PACKET_TYPE, 0x0801, 0),
    "no secondary header": (changed(0, 0x10), lib.FAILURE_BAD_PACKET_TYPE, 0x1001, 0),
    "APID": (changed(1, 0x02), lib.FAILURE_UNKNOWN_APID, 2, 1),
    "APID, high bits": (changed(0, 0x1F), lib.FAILURE_UNKNOWN_APID, 0x701, 1),
    "first segment": (changed(2, 0x40), lib.FAILURE_SEGMENTED, 1, 3),
    "continuation": (changed(2, 0x00), lib.FAILURE_SEGMENTED, 0, 3),
    "PUS version": (changed(6, 0x1F), lib.FAILURE_BAD_VERSION, 1, 2),
    "trailing octet": (KNOWN_PACKET + b"\0", lib.FAILURE_BAD_LENGTH, 13, 14),
    "an octet missing": (KNOWN_PACKET[:5] + b"\x07" + KNOWN_PACKET[6:], lib.FAILURE_BAD_LENGTH, 14, 13),
    "CRC": (KNOWN_PACKET[:-1] + b"\x63", lib.FAILURE_BAD_CRC, 0xAB63, 0xAB62),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_telecommands(name: str) -> None:
    packet, *expected = REFUSED[name]
    assert check(packet) == tuple(expected)


@given(st.binary(max_size=12))
def test_too_short_for_a_request_id(packet: bytes) -> None:
    assert check(packet) == (lib.FAILURE_BAD_LENGTH, -1, len(packet))


def test_the_length_is_checked_before_the_crc_and_the_crc_before_the_header() -> None:
    wrong_everywhere = b"\xff\xff\x00\x00\x00\x06" + bytes(7)
    assert check(wrong_everywhere + b"\0")[0] == lib.FAILURE_BAD_LENGTH
    assert check(wrong_everywhere)[0] == lib.FAILURE_BAD_CRC
    assert check(with_crc(wrong_everywhere[:-2]))[0] == lib.FAILURE_BAD_VERSION


@given(st.integers(0, 8 * len(KNOWN_PACKET) - 1))
def test_every_single_bit_error_is_refused(bit: int) -> None:
    damaged = int.from_bytes(KNOWN_PACKET, "big") ^ 1 << bit
    assert check(damaged.to_bytes(len(KNOWN_PACKET), "big"))[0] != 0


@given(
    st.binary(max_size=lib.PACKETS_LARGEST_PACKET_OCTETS - 23),
    st.integers(0, 0x3FFF),
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 0xFFFF),
    st.integers(0, 2**32 * 1_000_000 - 1),
)
def test_telemetry(data: bytes, count: int, service: int, subservice: int, type_count: int, gps_us: int) -> None:
    hal_board.power_on()
    packet: Any = ffi.new("uint8_t[]", 21 + len(data) + 2)
    ffi.memmove(packet + 21, data, len(data))
    octets = lib.hal_tm_finish(packet, len(data), count, service, subservice, type_count, gps_us)
    assert octets == len(packet)
    raw = bytes(ffi.buffer(packet))
    tm = PusTm.unpack(raw, timestamp_len=8)
    assert (tm.apid, tm.seq_count, tm.service, tm.message_subtype) == (1, count, service, subservice)
    assert tm.pus_tm_sec_header.message_counter == type_count
    assert tm.pus_tm_sec_header.dest_id == lib.PACKETS_DESTINATION_ID
    assert tm.pus_tm_sec_header.spacecraft_time_ref == lib.HAL_TIME_UNSET
    assert tm.timestamp == b"\x2f" + cuc_of(gps_us)
    assert tm.tm_data == data
    assert binascii.crc_hqx(raw, 0xFFFF) == 0


@given(st.integers(0, 0x3FFF), st.integers(0, 255), st.integers(0, 2**32 * 1_000_000 - 1))
def test_time_report(count: int, exponent: int, gps_us: int) -> None:
    packet = ffi.new("uint8_t[]", 17)
    assert lib.hal_tm_time_report(packet, count, exponent, gps_us) == 17
    raw = bytes(ffi.buffer(packet))
    assert raw[:6] == struct.pack(">HHH", 0, 0xC000 | count, 10)
    assert raw[6:15] == bytes([exponent, 0x2F]) + cuc_of(gps_us)
    assert binascii.crc_hqx(raw, 0xFFFF) == 0
