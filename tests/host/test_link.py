"""The serial link on real pseudo-terminals, and what it says when there is no port to be had."""

import errno
import os
import pty
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from cobs import cobs

from emei.link import PortError, SerialLink

PACKET = bytes.fromhex("1801c01600062f11010000ab62")  # the profile's known packet, TC[17,1]
SPACECRAFT_ID = 0x0E00
RATE = 115200


class Line:
    """A pseudo-terminal; the board's end as a descriptor, the ground's as a path."""

    def __init__(self) -> None:
        self.fd, self.port_fd = pty.openpty()
        tty.setraw(self.port_fd)
        self.path = os.ttyname(self.port_fd)

    def close(self) -> None:
        for fd in (self.fd, self.port_fd):
            if fd >= 0:
                os.close(fd)
        self.fd = self.port_fd = -1


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.close()


@pytest.fixture
def link(line: Line) -> Iterator[SerialLink]:
    link = SerialLink(line.path, RATE, SPACECRAFT_ID)
    yield link
    link.close()


def downlink(packet: bytes, spacecraft_id: int = SPACECRAFT_ID) -> bytes:
    return b"\0" + cobs.encode(spacecraft_id.to_bytes(2, "big") + packet) + b"\0"


def test_a_packet_goes_out_in_its_frame(line: Line, link: SerialLink) -> None:
    link.send_packet(PACKET)
    frame = os.read(line.fd, 1000)
    assert frame[0] == frame[-1] == 0
    assert cobs.decode(frame.strip(b"\0")) == bytes.fromhex("0e00 0000 00000000") + PACKET + bytes(16)


def test_octets_go_out_as_they_are(line: Line, link: SerialLink) -> None:
    link.send_octets(b"\0\x11\x13\n\r\xff")
    assert os.read(line.fd, 1000) == b"\0\x11\x13\n\r\xff"


def test_packets_come_in_whatever_the_pieces(line: Line, link: SerialLink) -> None:
    octets = downlink(PACKET) + downlink(b"second")
    os.write(line.fd, octets[:5])
    assert link.receive(0) == []
    os.write(line.fd, octets[5:])
    assert [packet for _, packet in link.receive(5)] == [PACKET, b"second"]
    assert link.malformed_frames == 0


def test_times_are_those_of_the_link(line: Line, link: SerialLink) -> None:
    before = link.now_s()
    os.write(line.fd, downlink(PACKET))
    [(time_s, _)] = link.receive(5)
    assert before <= time_s <= link.now_s()


def test_time_counts_from_the_epoch(line: Line) -> None:
    link = SerialLink(line.path, RATE, SPACECRAFT_ID, epoch_s=time.monotonic() - 1000)
    assert 1000 <= link.now_s() < 2000
    link.close()


def test_nothing_comes(link: SerialLink) -> None:
    assert link.receive(0.01) == []


def test_damaged_and_foreign_frames_are_left_out(line: Line, link: SerialLink) -> None:
    os.write(line.fd, b"\0\xf0ab\0" + downlink(PACKET, spacecraft_id=0x0E11) + downlink(b"good"))
    assert [packet for _, packet in link.receive(5)] == [b"good"]
    assert link.malformed_frames == 1


def test_a_missing_port(tmp_path: Path) -> None:
    with pytest.raises(PortError, match=r"nowhere does not exist: check the name and the cable"):
        SerialLink(str(tmp_path / "nowhere"), RATE, SPACECRAFT_ID)


def test_a_port_in_use(line: Line, link: SerialLink) -> None:
    with pytest.raises(PortError, match=r"is used by another program: close that \(`fuser"):
        SerialLink(line.path, RATE, SPACECRAFT_ID)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (errno.EACCES, r"may not be opened by this user: `sudo usermod -aG dialout"),
        (errno.EBUSY, r"is used by another program"),
        (errno.EIO, r"does not answer as a serial port: check the cable"),
        (errno.ENODEV, r"/[^ ]* cannot be opened: No such device\.$"),
    ],
)
def test_the_system_refuses(monkeypatch: pytest.MonkeyPatch, line: Line, code: int, sentence: str) -> None:
    # Root may open anything, so the refusal is made here.
    def refuse(*_: object, **__: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("serial.serialposix.os.open", refuse)
    with pytest.raises(PortError, match=sentence):
        SerialLink(line.path, RATE, SPACECRAFT_ID)


def test_a_file_is_not_a_port(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no")
    for path in (tmp_path / "file", tmp_path, Path("/dev/null")):
        with pytest.raises(PortError, match=f"^The serial port {path} is not a serial port: give the name of one"):
            SerialLink(str(path), RATE, SPACECRAFT_ID)


def test_a_port_that_goes_away(line: Line, link: SerialLink) -> None:
    line.close()
    with pytest.raises(PortError, match="went away: check the cable and the board"):
        link.receive(5)
    with pytest.raises(PortError, match="went away"):
        link.send_packet(PACKET)
