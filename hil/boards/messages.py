"""Messages between the bench and a host-board process: type 1 octet, length u32 little-endian, payload."""

import select
import socket
import struct
import time

HEADER = struct.Struct("<BI")
RESET_CAUSES = ("power-on", "watchdog", "commanded", "software fault", "uncorrectable memory")


class Silence(Exception):
    """The process sent nothing for too long."""


class Messages:
    """One end of the stream socket."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._received = bytearray()

    def send(self, kind: bytes, payload: bytes = b"") -> None:
        """EOFError when the other end is gone."""
        try:
            self._socket.sendall(HEADER.pack(kind[0], len(payload)) + payload)
        except (BrokenPipeError, ConnectionResetError):
            raise EOFError from None

    def receive(self, timeout_s: float) -> tuple[bytes, bytes]:
        """The next message. Silence after `timeout_s` without an octet, EOFError when the other end is gone."""
        octets = self._take(HEADER.size, timeout_s)
        kind, length = HEADER.unpack(octets)
        return bytes([kind]), self._take(length, timeout_s)

    def close(self) -> None:
        self._socket.close()

    def _take(self, count: int, timeout_s: float) -> bytes:
        until_s = time.monotonic() + timeout_s
        while len(self._received) < count:
            ready, _, _ = select.select([self._socket], [], [], max(0.0, until_s - time.monotonic()))
            if not ready:
                raise Silence
            try:
                octets = self._socket.recv(65536)
            except ConnectionResetError:
                octets = b""
            if not octets:
                raise EOFError
            self._received += octets
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken
