"""Types on the wire: their octets, their ranges, and the number that names each in generated tables (hal_type_t)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class WireType:
    """A big-endian type. `code` is the number of hal_type_t; the range is of raw values."""

    name: str
    code: int
    octets: int
    minimum: int
    maximum: int


def _integer(name: str, code: int, octets: int, signed: bool) -> WireType:
    bits = 8 * octets
    return WireType(name, code, octets, -(1 << bits - 1) if signed else 0, (1 << bits - signed) - 1)


WIRE_TYPES = {
    wire.name: wire
    for wire in (
        _integer("u8", 0, 1, False),
        _integer("u16", 1, 2, False),
        _integer("u32", 2, 4, False),
        _integer("i8", 3, 1, True),
        _integer("i16", 4, 2, True),
        _integer("i32", 5, 4, True),
        # CCSDS 301.0-B unsegmented time, 4 octets coarse and 3 fine; raw value = seconds x 2^24.
        WireType("cuc", 6, 7, 0, (1 << 56) - 1),
    )
}
