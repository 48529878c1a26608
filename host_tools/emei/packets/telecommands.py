"""Telecommand packets (ECSS-E-ST-70-41C clause 7.4.4): pack by name, unpack to names."""

from collections.abc import Mapping
from dataclasses import dataclass

from emei.dictionary import Dictionary, Telecommand
from emei.packets.arguments import raw_arguments
from emei.packets.codecs import build_without_crc, codecs_of, parse_whole
from emei.packets.errors import ArgumentError, PacketError
from emei.packets.headers import (
    PUS_VERSION,
    SEQUENCE_COUNTS,
    SMALLEST_TC_OCTETS,
    TELECOMMAND,
    UNSEGMENTED,
    check_packet,
    check_pus_version,
    with_crc,
)
from emei.packets.values import FieldValue, Physical, decode

ALL_ACKS = 0b1111


@dataclass(frozen=True)
class Unpacked:
    """A telecommand read back from its packet."""

    telecommand: Telecommand
    apid: int
    sequence_count: int
    ack: int
    source_id: int
    values: tuple[FieldValue, ...]
    packet: bytes

    @property
    def name(self) -> str:
        return self.telecommand.name

    @property
    def arguments(self) -> dict[str, Physical]:
        """Physical values, names for enumerations."""
        return {value.name: value.shown for value in self.values}

    @property
    def request_id(self) -> int:
        """First four octets of the packet, as (1,x) reports name it (clause 6.1.4)."""
        return int.from_bytes(self.packet[:4], "big")


def pack_telecommand(
    dictionary: Dictionary,
    name: str,
    arguments: Mapping[str, object] | None = None,
    *,
    sequence_count: int = 0,
    ack: int = ALL_ACKS,
    source_id: int = 1,
    apid: int | None = None,
) -> bytes:
    """A telecommand packet. UnknownName or ArgumentError when something is not in the dictionary.

    `ack`: 1 acceptance, 2 start, 4 progress, 8 completion. `apid`: default is the payload's.
    """
    telecommand = dictionary.telecommand(name)
    raw = raw_arguments(telecommand, arguments or {})
    if not (0 <= ack <= ALL_ACKS and 0 <= source_id <= 0xFFFF):
        raise ArgumentError(f"ack is {ack} and source_id {source_id}; 0 to 15 and 0 to 65535 are allowed.")
    header = {
        "primary_identification": TELECOMMAND | (_payload_apid(dictionary) if apid is None else apid),
        "primary_sequence": UNSEGMENTED | sequence_count % SEQUENCE_COUNTS,
        "secondary_version_ack": PUS_VERSION << 4 | ack,
        "secondary_service": telecommand.service,
        "secondary_subservice": telecommand.subservice,
        "secondary_source_id": source_id,
    }
    codec = codecs_of(dictionary).telecommand(telecommand.service, telecommand.subservice)
    return with_crc(build_without_crc(codec, header | raw))


def unpack_telecommand(dictionary: Dictionary, packet: bytes) -> Unpacked:
    """Read a telecommand packet; PacketError when it is damaged or not in the dictionary."""
    primary = check_packet(packet)
    if not (primary.telecommand and primary.secondary_header):
        raise PacketError("The packet is not a telecommand with a secondary header.")
    if len(packet) < SMALLEST_TC_OCTETS:
        raise PacketError(f"{len(packet)} octets are no telecommand; the smallest has {SMALLEST_TC_OCTETS}.")
    check_pus_version(packet[6])
    codecs = codecs_of(dictionary)
    service, subservice = packet[7], packet[8]
    telecommand = codecs.telecommands.get((service, subservice))
    if telecommand is None:
        raise PacketError(f"There is no telecommand ({service},{subservice}) in the dictionary.")
    parsed = parse_whole(codecs.telecommand(service, subservice), packet, telecommand.name)
    return Unpacked(
        telecommand=telecommand,
        apid=primary.apid,
        sequence_count=primary.sequence_count,
        ack=packet[6] & 0x0F,
        source_id=parsed["secondary_source_id"],
        values=tuple(decode(argument, parsed[argument.name]) for argument in telecommand.arguments),
        packet=packet,
    )


def _payload_apid(dictionary: Dictionary) -> int:
    return dictionary.mission.integer("packets", "payload_apid")
