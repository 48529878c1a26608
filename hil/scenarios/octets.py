"""Telecommand packets and uplink frames put together octet by octet, so that each part can be wrong.

Written apart from the ground tools' codecs (CCSDS 133.0-B, ECSS-E-ST-70-41C, tmtc profile).
"""

import binascii
import itertools
import struct
from dataclasses import dataclass, replace

_counts = itertools.count(0x1000)


@dataclass(frozen=True)
class Packet:
    """A correct ping unless told otherwise. `crc_error` is added to the CRC, `length_error` to the length field."""

    service: int = 17
    subservice: int = 1
    data: bytes = b""
    apid: int = 1
    version: int = 0
    telecommand: int = 1
    secondary_header: int = 1
    sequence_flags: int = 3
    pus_version: int = 2
    ack: int = 15
    count: int | None = None
    length_error: int = 0
    crc_error: int = 0

    def octets(self) -> bytes:
        """The packet; a fresh sequence count each time unless one is given."""
        count = next(_counts) % 0x4000 if self.count is None else self.count
        identification = self.version << 13 | self.telecommand << 12 | self.secondary_header << 11 | self.apid
        rest = bytes([self.pus_version << 4 | self.ack, self.service, self.subservice]) + b"\0\1" + self.data
        length = (len(rest) + 2 - 1 + self.length_error) & 0xFFFF
        packet = struct.pack(">HHH", identification, self.sequence_flags << 14 | count, length) + rest
        crc = (binascii.crc_hqx(packet, 0xFFFF) + self.crc_error) & 0xFFFF
        return packet + crc.to_bytes(2, "big")

    def but(self, **changes: int | bytes) -> "Packet":
        """The same with some parts changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


def cobs(data: bytes) -> bytes:
    """Consistent overhead byte stuffing, without the delimiter."""
    out = bytearray()
    for block in data.split(b"\0"):
        while len(block) >= 254:
            out += b"\xff" + block[:254]
            block = block[254:]
        out += bytes([len(block) + 1]) + block
    return bytes(out)


def frame(packet: bytes, spacecraft_id: int = 0x0E00, spi: int = 0, number: int = 0, mac: bytes = bytes(16)) -> bytes:
    """An uplink frame between its delimiters."""
    return b"\0" + cobs(struct.pack(">HHI", spacecraft_id, spi, number) + packet + mac) + b"\0"
