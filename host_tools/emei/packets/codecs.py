"""Compiled construct codecs, one flat structure a packet kind, made from the dictionary when first used."""

from collections.abc import Iterable, Mapping
from functools import cache
from io import BytesIO
from struct import error as StructError
from typing import Any

from construct import (
    BytesInteger,
    Construct,
    ConstructError,
    Int8sb,
    Int8ub,
    Int16sb,
    Int16ub,
    Int32sb,
    Int32ub,
    PrefixedArray,
    Struct,
)

from emei.dictionary import Dictionary, Value
from emei.packets.errors import PacketError
from emei.packets.headers import CRC, CRC_OCTETS, TC_HEADER, TM_HEADER

_CODECS: Mapping[str, Construct] = {
    "u8": Int8ub,
    "u16": Int16ub,
    "u32": Int32ub,
    "i8": Int8sb,
    "i16": Int16sb,
    "i32": Int32sb,
    "cuc": BytesInteger(7),
}
HOUSEKEEPING = (3, 25)


class Codecs:
    """The packets of one dictionary. A key is (service, subservice), with the structure or event ID where one leads."""

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self.telecommands = {(item.service, item.subservice): item for item in dictionary.telecommands.values()}
        self.reports = {(item.service, item.subservice): item for item in dictionary.reports.values()}
        self.events = {item.id: item for item in dictionary.events.values()}
        self.structures = {item.id: item for item in dictionary.structures.values()}
        self._compiled: dict[tuple[Any, ...], Construct] = {}

    def telecommand(self, service: int, subservice: int) -> Construct:
        arguments = self.telecommands[service, subservice].arguments
        return self._codec(("tc", service, subservice), TC_HEADER, arguments)

    def report(self, service: int, subservice: int) -> Construct:
        return self._codec(("tm", service, subservice), TM_HEADER, self.reports[service, subservice].fields)

    def event(self, event_id: int) -> Construct:
        header = (*TM_HEADER, "event_id" / Int16ub)
        return self._codec(("event", event_id), header, self.events[event_id].fields)

    def structure(self, structure_id: int) -> Construct:
        header = (*TM_HEADER, "structure_id" / Int8ub, "validity" / Int32ub)
        return self._codec(("structure", structure_id), header, self.structures[structure_id].parameters)

    def _codec(self, key: tuple[Any, ...], header: Iterable[Construct], values: Iterable[Value]) -> Construct:
        codec = self._compiled.get(key)
        if codec is None:
            codec = Struct(*header, *(_field(value) for value in values), *CRC).compile()
            self._compiled[key] = codec
        return codec


@cache
def codecs_of(dictionary: Dictionary) -> Codecs:
    """The codecs of a dictionary; made once."""
    return Codecs(dictionary)


def parse_whole(codec: Construct, packet: bytes, kind: str) -> Mapping[str, Any]:
    """Parse a packet to its last octet. PacketError when it ends too early or too late."""
    stream = BytesIO(packet)
    try:
        parsed = codec.parse_stream(stream)
    except (ConstructError, StructError) as error:
        raise PacketError(f"{kind} ends too early: {len(packet)} octets do not hold its fields.") from error
    if stream.tell() != len(packet):
        raise PacketError(f"{kind} has {len(packet) - stream.tell()} octets after its last field.")
    return parsed


def build_without_crc(codec: Construct, values: Mapping[str, Any]) -> bytes:
    """Build a packet with its length field; the error control is left off."""
    built = codec.build({**values, "primary_length": 0, "error_control": 0})
    length = (len(built) - 7).to_bytes(2, "big")
    return built[:4] + length + built[6:-CRC_OCTETS]


def _field(value: Value) -> Construct:
    codec = _CODECS[value.type.name]
    return value.name / (PrefixedArray(Int8ub, codec) if value.list_max else codec)
