"""The payload computer as a process of this host: virtual time that only runs when the bench grants it.

The firmware's MicroPython port with the unit models linked in, driven over a stream socket whose
messages hil/boards/messages.py frames. A second of the board costs a few milliseconds, and the same
calls give the same packets.
"""

import math
import socket
import struct
import subprocess
from pathlib import Path

from emei.dictionary import load
from emei.link import TIME_RESOLUTION_S, Received
from emei.packets.frames import DownlinkReceiver, uplink_frame
from hil import process
from hil.boards.messages import RESET_CAUSES, Messages, Silence
from hil.errors import BenchError
from hil.line import Line
from hil.model import Description, Edge

GRANT_S = 0.02
SILENCE_S = 60.0  # of the host's time, without a message from a board that runs
HEAP = "heapsize=256k"
EDGES = {b"T": True, b"t": False}


class HostBoard:
    """See hil.bench.Board."""

    def __init__(self, description: Description, directory: Path) -> None:
        if not description.image.exists():
            raise BenchError(f"There is no host board at {description.image}: run `make firmware` first.")
        self.description = description
        self.directory = directory
        self.console = directory / "console.log"
        self.edges: list[Edge] = []
        self.resets: list[str] = []
        self._origin_s = 0.0
        self._alarm = False
        self._log = directory / "board.log"
        self._start()
        self.link = HostLink(self)
        self.units = HostUnits(self)

    def elapsed_s(self) -> float:
        return self._origin_s + self._time_us / 1e6

    def run_until(self, time_s: float) -> None:
        """Grant time of the bench until then."""
        self._send(b"G", struct.pack("<Q", max(self._time_us, round((time_s - self._origin_s) * 1e6))))
        self._run()

    def octets(self, octets: bytes) -> None:
        """Octets on the telecommand line, from now on at its bit rate."""
        self._send(b"U", octets)

    def ask(self, kind: bytes, payload: bytes) -> bytes:
        """An order that the board answers with a message of the same kind."""
        self._send(kind, payload)
        answered, answer = self._receive()
        if answered != kind:
            raise BenchError(f"The host board answered {answered!r} to {kind!r}: board and bench do not fit together.")
        return answer

    def order(self, kind: bytes, payload: bytes = b"") -> None:
        self._send(kind, payload)

    def alarm(self, on: bool) -> None:
        self._alarm = on
        self._send(b"A" if on else b"a")

    def memory_error(self, corrected: bool) -> None:
        self._send(b"m" if corrected else b"M")

    def link_fault(self, direction: str, fault: str, **settings: float) -> None:
        lines = {"to_board": self.link.to_board, "from_board": self.link.from_board}
        lines[direction].set_fault(self.elapsed_s(), fault, **settings)

    def upset_parameter(self, index: int, raw: int | None) -> None:
        """A parameter of the pool holds a raw value, or none, until the firmware sets it the next time."""
        self._send(b"P", struct.pack("<H", index) if raw is None else struct.pack("<Hq", index, raw))

    def upset_memory(self, octets: bytes, place: int, mask: int) -> int:
        """Wherever the application's memory holds these octets, bits of one change. Returns in how many places."""
        return self.ask(b"S", struct.pack("<HB", place, mask) + octets)[0]

    def hang(self, duration_s: float) -> None:
        """The application stands still from its next wait on; interrupts do not."""
        self._send(b"H", struct.pack("<I", round(duration_s * 1000)))

    def power_cycle(self, off_s: float) -> None:
        """The units share the board's process: they too start afresh. Bench time goes on at a whole second."""
        resume_s = math.ceil(self.elapsed_s() + off_s)
        self.stop()
        self._origin_s = resume_s
        self._start()

    def stop(self) -> None:
        self._messages.close()
        process.stop(self._process)

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        spacecraft_id = load().spacecraft[self.description.spacecraft].id
        of_board = {"spacecraft_id": spacecraft_id, **self.description.units}
        settings = ",".join(f"{key}={value}" for key, value in of_board.items())
        environment = {"EMEI_BOARD_FD": str(theirs.fileno()), "EMEI_BOARD_SETTINGS": settings}
        try:
            self._process: subprocess.Popen[bytes] = process.start(
                [self.description.image, "-X", HEAP, "-m", "main"],
                self._log,
                directory=self.directory,
                environment=environment,
                pass_fds=[theirs.fileno()],
            )
        except OSError as error:
            raise BenchError(
                f"The host board {self.description.image} does not run ({error}): run `make firmware`."
            ) from error
        theirs.close()
        self._messages = Messages(ours)
        self._time_us = 0
        self.sent = bytearray()
        self._run()
        self.alarm(self._alarm)  # the level of the line, which the board cannot know otherwise

    def _run(self) -> None:
        """Take what the board sends until it has used up its grant."""
        while True:
            kind, payload = self._receive()
            if kind == b"R":
                self._time_us = int.from_bytes(payload, "little")
                return
            if kind == b"T":
                self.sent += payload
            elif kind == b"D":
                time_us, code = int.from_bytes(payload[:8], "little"), payload[8:9]
                if code in EDGES:
                    self.edges.append(Edge(self._origin_s + time_us / 1e6, "transmit-enable", EDGES[code]))
            elif kind == b"C":
                with self.console.open("ab") as file:
                    file.write(payload)
            elif kind == b"X":
                self.resets.append(RESET_CAUSES[payload[0]])
            else:
                raise BenchError(f"The host board sent a message {kind!r}: board and bench do not fit together.")

    def _receive(self) -> tuple[bytes, bytes]:
        try:
            return self._messages.receive(SILENCE_S)
        except Silence:
            raise BenchError(f"The host board is silent for {SILENCE_S:g} s: it hangs; see {self.console}.") from None
        except EOFError:
            raise self._ended() from None

    def _send(self, kind: bytes, payload: bytes = b"") -> None:
        try:
            self._messages.send(kind, payload)
        except EOFError:
            raise self._ended() from None

    def _ended(self) -> BenchError:
        return BenchError(f"The host board ended{self._last_words()} (log: {self._log}).")

    def _last_words(self) -> str:
        for file in (self._log, self.console):
            text = file.read_text(errors="replace").strip().splitlines() if file.exists() else []
            if text:
                return f": {text[-1]}"
        return ""


class HostLink:
    """See emei.link.Link. `receive` is what lets the board's time go on."""

    def __init__(self, board: HostBoard) -> None:
        self._board = board
        self._spacecraft_id = load().spacecraft[board.description.spacecraft].id
        self._receiver = DownlinkReceiver(self._spacecraft_id)
        rate, seed = board.description.bit_rates_baud["link"], board.description.units["seed"]
        # The board itself takes the octets in at the line's bit rate, and sends at it.
        self.to_board = Line(rate, f"{seed}:link:to_board", paced=False)
        self.from_board = Line(rate, f"{seed}:link:from_board", paced=False)

    @property
    def malformed_frames(self) -> int:
        return self._receiver.malformed_frames

    def send_packet(self, packet: bytes) -> None:
        self.send_octets(uplink_frame(self._spacecraft_id, packet))

    def send_octets(self, octets: bytes) -> None:
        self.to_board.push(self.now_s(), octets)

    def receive(self, timeout_s: float) -> list[Received]:
        until_s = self.now_s() + timeout_s
        while True:
            packets = [(self.now_s(), packet) for packet in self._receiver.feed(self._octets())]
            if packets or self.now_s() >= until_s - TIME_RESOLUTION_S:
                return packets
            if octets := self.to_board.pop(self.now_s()):
                self._board.octets(octets)
            self._board.run_until(min(until_s, self.now_s() + GRANT_S))

    def now_s(self) -> float:
        return self._board.elapsed_s()

    def close(self) -> None:
        """The line is the board's; it goes with it."""

    def _octets(self) -> bytes:
        if self._board.sent:
            self.from_board.push(self.now_s(), bytes(self._board.sent))
            self._board.sent.clear()
        return self.from_board.pop(self.now_s())


class HostUnits:
    """See hil.bench.Units."""

    def __init__(self, board: HostBoard) -> None:
        self._board = board

    def force(self, name: str, value: float) -> None:
        self._require(name)
        self._board.order(b"F", f"{name}={value:.9g}".encode())

    def release(self, name: str) -> None:
        self._require(name)
        self._board.order(b"f", name.encode())

    def observe(self, name: str) -> float:
        answer = self._board.ask(b"O", name.encode())
        value = struct.unpack("<d", answer)[0] if len(answer) == 8 else math.nan
        if math.isnan(value):
            raise ValueError(f'The units have no quantity "{name}".')
        return float(value)

    def _require(self, name: str) -> None:
        """The board does not answer these orders; what can be observed can be forced. Some are momentary."""
        if not name.endswith((".reset", ".fail")):
            self.observe(name)

    def recorder_file(self, entry_id: int) -> bytes:
        return self._board.ask(b"E", struct.pack("<H", entry_id))

    def downlink(self) -> bytes:
        return self._board.ask(b"L", b"")
