"""Decoded values: raw, physical and by name."""

from dataclasses import dataclass

from emei.dictionary import Value
from emei.packets.headers import FINE_PER_SECOND

Physical = int | float | str | list[int | float] | list[str]


@dataclass(frozen=True)
class FieldValue:
    """One field of a packet.

    `value` is physical, in `unit`: a number, GPS seconds for a time, a list for a list. `label` is the
    member's name where the field has an enumeration, hexadecimal where the dictionary asks for it, else
    the number as text. `valid` is False for a housekeeping parameter the board says is not fresh.
    """

    name: str
    raw: int | list[int]
    value: int | float | list[int | float]
    label: str
    unit: str
    enumerated: bool
    valid: bool = True

    @property
    def shown(self) -> Physical:
        """The name of an enumerated value, else the physical value."""
        if not self.enumerated:
            return self.value
        return self.label.split(", ") if isinstance(self.raw, list) else self.label

    def __str__(self) -> str:
        return f"{self.label} {self.unit}" if self.unit else self.label


def decode(value: Value, raw: int | list[int], valid: bool = True) -> FieldValue:
    """A raw value, or the list of them, as the dictionary reads it."""
    if isinstance(raw, int):
        return FieldValue(
            value.name, raw, _physical(value, raw), label(value, raw), value.unit, value.enumeration is not None, valid
        )
    raws = list(raw)
    return FieldValue(
        value.name,
        raws,
        [_physical(value, item) for item in raws],
        ", ".join(label(value, item) for item in raws),
        value.unit,
        value.enumeration is not None,
        valid,
    )


def label(value: Value, raw: int) -> str:
    if value.enumeration:
        return value.enumeration.label(raw)
    if value.format == "hex":
        return f"{raw:#0{2 + 2 * value.type.octets}x}"
    physical = _physical(value, raw)
    return (
        f"{physical:.6f}"
        if value.type.name == "cuc"
        else f"{physical:.12g}"
        if isinstance(physical, float)
        else str(physical)
    )


def _physical(value: Value, raw: int) -> int | float:
    return raw / FINE_PER_SECOND if value.type.name == "cuc" else value.to_physical(raw)
