"""Packets of the telecommand and telemetry profile, by the names of the dictionary."""

from emei.packets.arguments import allowed, raw_arguments
from emei.packets.errors import ArgumentError, PacketError
from emei.packets.telecommands import Unpacked, pack_telecommand, unpack_telecommand
from emei.packets.telemetry import Telemetry, unpack_telemetry
from emei.packets.values import FieldValue

__all__ = [
    "ArgumentError",
    "FieldValue",
    "PacketError",
    "Telemetry",
    "Unpacked",
    "allowed",
    "pack_telecommand",
    "raw_arguments",
    "unpack_telecommand",
    "unpack_telemetry",
]
