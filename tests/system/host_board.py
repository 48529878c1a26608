"""The host board's control protocol, written apart from hil/boards, for the tests of the board itself."""

import os
import socket
import struct
import subprocess
from pathlib import Path
from types import TracebackType

EMEI_HOST = Path(__file__).resolve().parents[2] / "build" / "host" / "emei-host"
COMMAND = [str(EMEI_HOST), "-X", "heapsize=256k"]
PATIENCE_S = 60.0  # of the host; only a board that hangs needs it


class HostBoard:
    """A board that runs `arguments` (a script, or -m main), blocked after its first message."""

    def __init__(self, *arguments: str, settings: str = "seed=1", alarm: bool = False) -> None:
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(PATIENCE_S)
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            env={**os.environ, "EMEI_BOARD_FD": str(theirs.fileno()), "EMEI_BOARD_SETTINGS": settings},
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self.messages: list[tuple[bytes, bytes]] = []
        self.time_us = -1
        self._run()
        if not alarm:
            self.send(b"a")

    def __enter__(self) -> "HostBoard":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        self.process.wait(PATIENCE_S)

    def send(self, kind: bytes, payload: bytes = b"") -> None:
        self._socket.sendall(kind + struct.pack("<I", len(payload)) + payload)

    def run_to(self, time_us: int) -> None:
        self.send(b"G", struct.pack("<Q", time_us))
        self._run()

    def ask(self, kind: bytes, payload: bytes) -> bytes:
        self.send(kind, payload)
        answered, answer = self._receive()
        assert answered == kind
        return answer

    def observe(self, name: str) -> float:
        return float(struct.unpack("<d", self.ask(b"O", name.encode()))[0])

    def heard(self, kind: bytes) -> list[bytes]:
        return [payload for name, payload in self.messages if name == kind]

    @property
    def console(self) -> list[str]:
        return b"".join(self.heard(b"C")).decode().split("\n")[:-1]

    @property
    def telemetry(self) -> bytes:
        return b"".join(self.heard(b"T"))

    def _run(self) -> None:
        while True:
            kind, payload = self._receive()
            if kind == b"R":
                (self.time_us,) = struct.unpack("<Q", payload)
                return
            self.messages.append((kind, payload))

    def _receive(self) -> tuple[bytes, bytes]:
        header = self._take(5)
        return header[:1], self._take(int.from_bytes(header[1:], "little"))

    def _take(self, octets: int) -> bytes:
        taken = b""
        while len(taken) < octets:
            more = self._socket.recv(octets - len(taken))
            if not more:
                raise EOFError(f"the board ended, status {self.process.wait(PATIENCE_S)}")
            taken += more
        return taken
