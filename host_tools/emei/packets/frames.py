"""Link frames: COBS with 0x00 between frames, in clear mode.

Uplink: spacecraft ID 16, security parameter index 16, sequence number 32, packet, MAC 128; in clear mode
index, number and MAC are zero. Downlink: spacecraft ID 16, packet. Big-endian.
"""

from cobs import cobs

DELIMITER = b"\x00"
UPLINK_HEADER_OCTETS = 8
MAC_OCTETS = 16
DOWNLINK_HEADER_OCTETS = 2
# Largest packet of the profile and its header, with COBS's one octet in 254.
LARGEST_DOWNLINK_OCTETS = 1024 + DOWNLINK_HEADER_OCTETS
LARGEST_CODED_OCTETS = LARGEST_DOWNLINK_OCTETS + LARGEST_DOWNLINK_OCTETS // 254 + 1


def encode_frame(content: bytes) -> bytes:
    """COBS between two delimiters, so that noise before a frame cannot damage it."""
    return DELIMITER + cobs.encode(content) + DELIMITER


def uplink_frame(spacecraft_id: int, packet: bytes) -> bytes:
    """A telecommand packet as it goes on the line, in clear mode."""
    header = spacecraft_id.to_bytes(2, "big") + bytes(UPLINK_HEADER_OCTETS - 2)
    return encode_frame(header + packet + bytes(MAC_OCTETS))


def downlink_frame(spacecraft_id: int, packet: bytes) -> bytes:
    """A telemetry packet as a board puts it on the line (for tests and simulated boards)."""
    return encode_frame(spacecraft_id.to_bytes(2, "big") + packet)


class Deframer:
    """Cuts a stream of octets into decoded frames, whatever the pieces it comes in; counts what it throws away."""

    def __init__(self, largest_coded_octets: int = LARGEST_CODED_OCTETS) -> None:
        self.largest_coded_octets = largest_coded_octets
        self.malformed_frames = 0
        self.overlong_frames = 0
        self.discarded_octets = 0
        self._pending = bytearray()
        self._skipping = False

    def feed(self, octets: bytes) -> list[bytes]:
        """The content of every frame that is now complete."""
        first, *rest = octets.split(DELIMITER)
        self._collect(first)
        frames = []
        for piece in rest:
            frame = self._end()
            if frame is not None:
                frames.append(frame)
            self._collect(piece)
        return frames

    def _collect(self, piece: bytes) -> None:
        if self._skipping:
            self.discarded_octets += len(piece)
            return
        self._pending += piece
        if len(self._pending) > self.largest_coded_octets:
            self.overlong_frames += 1
            self.discarded_octets += len(self._pending)
            self._pending.clear()
            self._skipping = True

    def _end(self) -> bytes | None:
        coded = bytes(self._pending)
        self._pending.clear()
        skipped, self._skipping = self._skipping, False
        if skipped or not coded:
            return None
        try:
            return cobs.decode(coded)
        except cobs.DecodeError:
            self.malformed_frames += 1
            self.discarded_octets += len(coded)
            return None


class DownlinkReceiver:
    """Packets out of the octets a board sends. Frames of another spacecraft are counted and left out."""

    def __init__(self, spacecraft_id: int) -> None:
        self.spacecraft_id = spacecraft_id
        self.foreign_frames = 0
        self._short_frames = 0
        self._deframer = Deframer()

    @property
    def malformed_frames(self) -> int:
        """Frames that are not COBS, too long, or too short for a header and a packet."""
        return self._deframer.malformed_frames + self._deframer.overlong_frames + self._short_frames

    @property
    def discarded_octets(self) -> int:
        return self._deframer.discarded_octets

    def feed(self, octets: bytes) -> list[bytes]:
        """The packets of every frame that is now complete."""
        return [packet for frame in self._deframer.feed(octets) if (packet := self._packet(frame))]

    def _packet(self, frame: bytes) -> bytes:
        if len(frame) <= DOWNLINK_HEADER_OCTETS:
            self._short_frames += 1
            return b""
        if int.from_bytes(frame[:DOWNLINK_HEADER_OCTETS], "big") != self.spacecraft_id:
            self.foreign_frames += 1
            return b""
        return frame[DOWNLINK_HEADER_OCTETS:]
