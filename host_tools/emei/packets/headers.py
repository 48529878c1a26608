"""Headers and error control of packets.

Space packet: CCSDS 133.0-B clause 4.1. PUS headers: ECSS-E-ST-70-41C clauses 7.4.3 (telemetry) and 7.4.4
(telecommands). Time: CCSDS 301.0-B unsegmented code, P-field 0x2F: epoch 1980-01-06, 4 octets of
seconds and 3 of 2^-24 s. Bit fields are folded into integers, so that construct can compile them.
"""

from binascii import crc_hqx
from dataclasses import dataclass

from construct import BytesInteger, Int8ub, Int16ub

from emei.packets.errors import PacketError

PRIMARY_OCTETS = 6
TC_HEADER_OCTETS = 11
TM_HEADER_OCTETS = 21
CRC_OCTETS = 2
SMALLEST_TC_OCTETS = TC_HEADER_OCTETS + CRC_OCTETS
SMALLEST_TM_OCTETS = TM_HEADER_OCTETS + CRC_OCTETS
TIME_REPORT_OCTETS = 17

PUS_VERSION = 2
P_FIELD = 0x2F
FINE_PER_SECOND = 1 << 24
TELECOMMAND = 0x1800
"""Packet identification without the APID: version 0, telecommand, secondary header."""
TELEMETRY = 0x0800
UNSEGMENTED = 0xC000
SEQUENCE_COUNTS = 1 << 14
APID_MASK = 0x07FF

# Header fields are prefixed, so that no argument or report field can bear the name of one.
PRIMARY = ("primary_identification" / Int16ub, "primary_sequence" / Int16ub, "primary_length" / Int16ub)
TC_HEADER = (
    *PRIMARY,
    "secondary_version_ack" / Int8ub,
    "secondary_service" / Int8ub,
    "secondary_subservice" / Int8ub,
    "secondary_source_id" / Int16ub,
)
TM_HEADER = (
    *PRIMARY,
    "secondary_version_status" / Int8ub,
    "secondary_service" / Int8ub,
    "secondary_subservice" / Int8ub,
    "secondary_type_count" / Int16ub,
    "secondary_destination" / Int16ub,
    "secondary_p_field" / Int8ub,
    "secondary_time" / BytesInteger(7),
)
CRC = ("error_control" / Int16ub,)


@dataclass(frozen=True)
class Primary:
    """Primary header of a space packet; `octets` is the length of the whole packet."""

    version: int
    telecommand: bool
    secondary_header: bool
    apid: int
    sequence_flags: int
    sequence_count: int
    octets: int


def crc16(data: bytes) -> int:
    """Packet error control: CRC-16, polynomial 0x1021, initial 0xFFFF (ECSS-E-ST-70-41C annex B)."""
    return crc_hqx(data, 0xFFFF)


def with_crc(data: bytes) -> bytes:
    return data + crc16(data).to_bytes(CRC_OCTETS, "big")


def read_primary(packet: bytes) -> Primary:
    """The primary header. PacketError when there are too few octets for one."""
    if len(packet) < PRIMARY_OCTETS:
        raise PacketError(f"{len(packet)} octets are no packet: the primary header alone has {PRIMARY_OCTETS}.")
    identification = int.from_bytes(packet[0:2], "big")
    sequence = int.from_bytes(packet[2:4], "big")
    return Primary(
        version=identification >> 13,
        telecommand=bool(identification & 0x1000),
        secondary_header=bool(identification & 0x0800),
        apid=identification & APID_MASK,
        sequence_flags=sequence >> 14,
        sequence_count=sequence & SEQUENCE_COUNTS - 1,
        octets=int.from_bytes(packet[4:6], "big") + 1 + PRIMARY_OCTETS,
    )


def check_packet(packet: bytes) -> Primary:
    """The primary header of a whole packet, its version, length and error control checked. PacketError."""
    primary = read_primary(packet)
    if primary.version != 0:
        raise PacketError(f"The packet version is {primary.version}; only 0 is known.")
    if primary.octets != len(packet):
        raise PacketError(f"The packet length field says {primary.octets} octets; there are {len(packet)}.")
    if len(packet) < PRIMARY_OCTETS + CRC_OCTETS:
        raise PacketError(f"A packet of {len(packet)} octets has no room for its error control.")
    stated = int.from_bytes(packet[-CRC_OCTETS:], "big")
    computed = crc16(packet[:-CRC_OCTETS])
    if stated != computed:
        raise PacketError(f"The packet error control is wrong: {stated:#06x} in the packet, {computed:#06x} computed.")
    if primary.sequence_flags != 3:
        raise PacketError(f"The sequence flags are {primary.sequence_flags}; segmented packets are not supported.")
    return primary


def check_pus_version(octet: int) -> None:
    if octet >> 4 != PUS_VERSION:
        raise PacketError(f"The PUS version is {octet >> 4}; only {PUS_VERSION} is known.")


def check_p_field(octet: int) -> None:
    if octet != P_FIELD:
        raise PacketError(f"The time's P-field is {octet:#04x}; only {P_FIELD:#04x} is known.")
