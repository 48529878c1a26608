"""The octets of a packet, field by field."""

from rich.table import Table

from emei.cli.common import table
from emei.packets import FieldValue, Unpacked
from emei.packets.headers import CRC_OCTETS, PRIMARY_OCTETS, TC_HEADER_OCTETS


def telecommand_table(unpacked: Unpacked) -> Table:
    """Offset, octets, name and value of every field of a telecommand."""
    packet = unpacked.packet
    rows = table("offset", "octets", "field", "value", title=f"{_title(unpacked)}, {len(packet)} octets")

    def row(start: int, end: int, name: str, value: str) -> int:
        rows.add_row(str(start), packet[start:end].hex(), name, value)
        return end

    at = row(0, PRIMARY_OCTETS, "primary header", f"APID {unpacked.apid}, count {unpacked.sequence_count}")
    at = row(at, TC_HEADER_OCTETS, "secondary header", f"acks {acks(unpacked.ack)}, source {unpacked.source_id}")
    for argument, value in zip(unpacked.telecommand.arguments, unpacked.values, strict=True):
        values = value.raw if isinstance(value.raw, list) else [value.raw]
        octets = len(values) * argument.type.octets + bool(argument.list_max)
        at = row(at, at + octets, value.name, described(value))
    row(at, at + CRC_OCTETS, "error control", "CRC-16")
    return rows


def described(value: FieldValue) -> str:
    """Value with unit; of an enumeration the name and the number."""
    return f"{value.label} ({value.raw})" if value.enumerated and isinstance(value.raw, int) else str(value)


def acks(flags: int) -> str:
    """Ack flags in words."""
    names = ("acceptance", "start", "progress", "completion")
    wanted = [name for bit, name in enumerate(names) if flags >> bit & 1]
    return "all" if len(wanted) == len(names) else " ".join(wanted) or "none"


def _title(unpacked: Unpacked) -> str:
    return f"{unpacked.name} ({unpacked.telecommand.service},{unpacked.telecommand.subservice})"
