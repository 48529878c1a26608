"""Telecommand and telemetry link: packets out and in, framed as on the wire.

A link counts its own time: the host's for a serial line, the board's where time is virtual. Whoever
waits for something counts in `now_s()`.
"""

import errno
import os
import select
import time
from typing import Protocol

import serial

from emei.packets.frames import DownlinkReceiver, uplink_frame

Received = tuple[float, bytes]
TIME_RESOLUTION_S = 1e-6  # instants of `now_s()` nearer than this are the same


class Link(Protocol):
    """One packet link to a payload computer."""

    @property
    def malformed_frames(self) -> int:
        """Frames that arrived and were not a packet of this spacecraft's."""

    def send_packet(self, packet: bytes) -> None:
        """Frame a packet and send it."""

    def send_octets(self, octets: bytes) -> None:
        """Send octets as they are, unframed (tests of bad input)."""

    def receive(self, timeout_s: float) -> list[Received]:
        """Packets that arrived, each with its time of arrival; waits up to `timeout_s` for the first."""

    def now_s(self) -> float:
        """Time of this link, monotonic."""

    def close(self) -> None:
        """Let go of the line."""


class PortError(Exception):
    """A serial port cannot be used. The text is a sentence that says what to do."""


class SerialLink:
    """The link over a serial port (pyserial). `epoch_s`: the reading of time.monotonic() that counts as 0."""

    def __init__(self, port: str, bit_rate_baud: int, spacecraft_id: int, epoch_s: float | None = None) -> None:
        self.port = port
        self.spacecraft_id = spacecraft_id
        self._epoch_s = time.monotonic() if epoch_s is None else epoch_s
        self._receiver = DownlinkReceiver(spacecraft_id)
        self._serial = _open(port, bit_rate_baud)

    @property
    def malformed_frames(self) -> int:
        return self._receiver.malformed_frames

    def send_packet(self, packet: bytes) -> None:
        self.send_octets(uplink_frame(self.spacecraft_id, packet))

    def send_octets(self, octets: bytes) -> None:
        try:
            self._serial.write(octets)
        except OSError as error:
            raise self._lost() from error

    def receive(self, timeout_s: float) -> list[Received]:
        until_s = time.monotonic() + timeout_s
        while True:
            remaining_s = max(0.0, until_s - time.monotonic())
            readable, _, _ = select.select([self._serial.fileno()], [], [], remaining_s)
            if not readable:
                return []
            packets = [(self.now_s(), packet) for packet in self._receiver.feed(self._read())]
            if packets:
                return packets

    def now_s(self) -> float:
        return time.monotonic() - self._epoch_s

    def close(self) -> None:
        self._serial.close()

    def _read(self) -> bytes:
        try:
            return self._serial.read(max(1, self._serial.in_waiting))
        except OSError as error:
            raise self._lost() from error

    def _lost(self) -> PortError:
        return PortError(f"The serial port {self.port} went away: check the cable and the board, and connect again.")


_NO_PORT = "is not a serial port: give the name of one (`python -m serial.tools.list_ports` lists them)."
_ADVICE: dict[int | None, str] = {
    errno.ENOENT: "does not exist: check the name and the cable (`python -m serial.tools.list_ports` lists ports).",
    errno.EACCES: "may not be opened by this user: `sudo usermod -aG dialout $USER`, then log in again.",
    errno.EPERM: "may not be opened by this user: `sudo usermod -aG dialout $USER`, then log in again.",
    errno.EBUSY: "is used by another program: close that (`fuser {port}` names it) and try again.",
    errno.EAGAIN: "is used by another program: close that (`fuser {port}` names it) and try again.",
    errno.ENOTTY: _NO_PORT,
    errno.EISDIR: _NO_PORT,
    errno.EINVAL: _NO_PORT,
    errno.ENXIO: "has no device behind it: check the cable (`python -m serial.tools.list_ports` lists ports).",
    errno.EIO: "does not answer as a serial port: check the cable (`python -m serial.tools.list_ports` lists ports).",
}


def _open(port: str, bit_rate_baud: int) -> serial.Serial:
    try:
        return serial.Serial(port, bit_rate_baud, timeout=0, exclusive=True)
    except OSError as error:
        code = _code(error)
        advice = _ADVICE.get(code, f"cannot be opened: {os.strerror(code) if code else error}.")
        raise PortError(f"The serial port {port} {advice.format(port=port)}") from error


def _code(error: OSError) -> int | None:
    """The error number, which pyserial leaves in the cause (termios.error) where the port cannot be configured."""
    cause = error.__context__
    if error.errno is None and cause is not None and cause.args and isinstance(cause.args[0], int):
        return cause.args[0]
    return error.errno
