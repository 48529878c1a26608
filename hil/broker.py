"""Line broker: stands between the board's pseudo-terminals and everybody else.

Emulated UARTs have no bit rate. The broker opens each of the board's lines, offers it again as a
pseudo-terminal of its own behind a stable link in the file system, and lets octets pass both ways no
faster than the line's bit rate. Faults of hil/line.py are switched by JSON lines on standard input:

    {"line": "link", "direction": "to_board", "fault": "corrupt", "probability": 0.01, "for_s": 5}
    {"count": "link"}                octets by direction; lost: nobody read them; overrun: the board did not
    {"attach": "link", "port": "/dev/pts/7"}

Every line is answered by one on standard output: {"ok": true, ...} or {"error": "..."}. A board that is gone
(power cut) leaves the offered lines open, and silent, until its new ports are attached. The broker ends when
its input does.

    python -m hil.broker '{"seed": 1, "lines": {"link": {"port": "/dev/pts/3", "link": "run/link",
                           "bit_rate_baud": 115200, "log": null}}}'
"""

import ctypes
import errno
import json
import os
import select
import sys
import time
import tty
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hil.line import Line

BATCH_S = 0.0004  # octets of one batch leave together, this late at most
FROM_BOARD_OCTETS = 64  # then the broker leaves them with the emulator, whose transmitter is then busy
TO_BOARD_OCTETS = 4096  # as the driver of a serial port would hold
UART_OCTETS = 16  # of the board: a line does not wait for a receiver that has fallen behind
HELD_OCTETS = 1 << 18  # for a reader who is slow; beyond that octets are lost, and counted
LISTENER_CHECK_S = 0.02
IDLE_S = 1.0
PR_SET_TIMERSLACK = 29
TIMER_SLACK_NS = 20_000


class BrokeredLine:
    """One line: the board's end, the offered end, and a Line for each direction."""

    def __init__(self, name: str, settings: Mapping[str, Any], seed: int) -> None:
        rate = settings["bit_rate_baud"]
        self.name = name
        self.to_board = Line(rate, f"{seed}:{name}:to_board")
        self.from_board = Line(rate, f"{seed}:{name}:from_board")
        self.lost_octets = 0
        self.overrun_octets = 0
        self.board_fd: int | None = _open_raw(settings["port"])
        self.offered_fd, listener_fd = os.openpty()
        tty.setraw(listener_fd)
        os.set_blocking(self.offered_fd, False)
        self.path = Path(settings["link"])
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(listener_fd))
        os.close(listener_fd)
        self.log = _open_log(settings.get("log"))
        self._for_board = bytearray()
        self._for_listener = bytearray()
        self._watched: dict[int, int] = {}
        self._check_s = 0.0
        self.listened = False

    def register(self, poller: select.epoll) -> None:
        """Poll for what can be taken or given now."""
        if self.board_fd is not None:
            self._watch(poller, self.board_fd, self.from_board.waiting < FROM_BOARD_OCTETS, bool(self._for_board))
        if self.listened:
            self._watch(poller, self.offered_fd, self.to_board.waiting < TO_BOARD_OCTETS, bool(self._for_listener))

    def _watch(self, poller: select.epoll, fd: int, take: bool, give: bool) -> None:
        events = (select.EPOLLIN if take else 0) | (select.EPOLLOUT if give else 0)
        if self._watched.get(fd) != events:
            poller.modify(fd, events)
            self._watched[fd] = events

    def find_listener(self, now_s: float, poller: select.epoll) -> None:
        """A pseudo-terminal nobody has open reports hang-up for ever: look at it now and then."""
        if self.listened or now_s < self._check_s:
            return
        self._check_s = now_s + LISTENER_CHECK_S
        watch = select.poll()
        watch.register(self.offered_fd, select.POLLIN)
        if not any(event & select.POLLHUP for _, event in watch.poll(0)):
            self.listened = True
            poller.register(self.offered_fd, 0)
            self._watched[self.offered_fd] = 0

    def lose_listener(self, poller: select.epoll) -> None:
        self.listened = False
        self._watched.pop(self.offered_fd)
        self._for_listener.clear()
        poller.unregister(self.offered_fd)

    def attach(self, port: str, poller: select.epoll) -> None:
        """Connect the board's end, which is new, to this line."""
        self.lose_board(poller)
        self.board_fd = _open_raw(port)
        poller.register(self.board_fd, 0)

    def lose_board(self, poller: select.epoll) -> None:
        self._for_board.clear()
        if self.board_fd is not None:
            poller.unregister(self.board_fd)
            self._watched.pop(self.board_fd, None)
            os.close(self.board_fd)
            self.board_fd = None

    def take(self, now_s: float, fd: int, poller: select.epoll) -> None:
        """Octets a sender wrote."""
        try:
            octets = os.read(fd, 4096 if fd == self.offered_fd else FROM_BOARD_OCTETS)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        if octets:
            (self.from_board if fd == self.board_fd else self.to_board).push(now_s, octets)
        elif fd == self.offered_fd:
            self.lose_listener(poller)
        else:
            self.lose_board(poller)

    def give(self, now_s: float) -> None:
        """Octets that are due, to their receivers."""
        self._for_board += self.to_board.pop(now_s)
        octets = self.from_board.pop(now_s)
        if self.log is not None and octets:
            os.write(self.log, octets)
        if self.listened:
            self._for_listener += octets
        else:
            self.lost_octets += len(octets)
        if len(self._for_listener) > HELD_OCTETS:
            excess = len(self._for_listener) - HELD_OCTETS
            self.lost_octets += excess
            del self._for_listener[:excess]
        if self.board_fd is None:
            self._for_board.clear()
        else:
            _write(self.board_fd, self._for_board)
            self.overrun_octets += max(0, len(self._for_board) - UART_OCTETS)
            del self._for_board[UART_OCTETS:]
        if self.listened:
            _write(self.offered_fd, self._for_listener)

    def next_s(self, now_s: float) -> float:
        """When to come back, if nothing arrives before."""
        times = [line.next_s(now_s, BATCH_S) for line in (self.to_board, self.from_board)]
        if not self.listened:
            times.append(self._check_s)
        return min((time_s for time_s in times if time_s is not None), default=now_s + IDLE_S)


def _open_log(path: str | None) -> int | None:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) if path else None


def _open_raw(port: str) -> int:
    fd = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    tty.setraw(fd)
    return fd


def _write(fd: int, octets: bytearray) -> None:
    if octets:
        try:
            del octets[: os.write(fd, octets)]
        except BlockingIOError:
            return
        except OSError as error:
            # A board that died: the poll reports it next.
            if error.errno != errno.EIO:
                raise


class Broker:
    """All lines in one loop."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.lines = {name: BrokeredLine(name, line, settings["seed"]) for name, line in settings["lines"].items()}
        self._orders = b""
        self._poller = select.epoll()
        self._poller.register(sys.stdin.fileno(), select.EPOLLIN)
        os.set_blocking(sys.stdin.fileno(), False)
        for line in self.lines.values():
            assert line.board_fd is not None
            self._poller.register(line.board_fd, 0)

    def run(self) -> None:
        """Until the input ends."""
        self._answer({"ok": True, "lines": {name: str(line.path) for name, line in self.lines.items()}})
        while True:
            now_s = time.monotonic()
            wake_s = now_s + IDLE_S
            for line in self.lines.values():
                line.find_listener(now_s, self._poller)
                line.register(self._poller)
                wake_s = min(wake_s, line.next_s(now_s))
            # epoll sleeps in whole milliseconds, select in microseconds.
            select.select([self._poller], [], [], max(0.0, wake_s - time.monotonic()))
            ready = self._poller.poll(0)
            now_s = time.monotonic()
            for line in self.lines.values():
                line.give(now_s)
            by_fd = {fd: line for line in self.lines.values() for fd in (line.board_fd, line.offered_fd)}
            for fd, event in ready:
                if fd != sys.stdin.fileno() and event & (select.EPOLLIN | select.EPOLLHUP):
                    by_fd[fd].take(now_s, fd, self._poller)
            if any(fd == sys.stdin.fileno() for fd, _ in ready) and not self._take_orders(now_s):
                return

    def _take_orders(self, now_s: float) -> bool:
        try:
            octets = os.read(sys.stdin.fileno(), 4096)
        except BlockingIOError:
            return True
        self._orders += octets
        *lines, self._orders = self._orders.split(b"\n")
        for text in lines:
            try:
                self._answer({"ok": True, **self._obey(now_s, json.loads(text))})
            except (ValueError, KeyError, TypeError, OSError) as error:
                self._answer({"error": f"{error}"})
        return bool(octets)

    def _obey(self, now_s: float, order: dict[str, Any]) -> dict[str, object]:
        if "count" in order:
            line = self.lines[order["count"]]
            counts = {"to_board": line.to_board.count, "from_board": line.from_board.count}
            return {**counts, "lost": line.lost_octets, "overrun": line.overrun_octets, "listened": line.listened}
        if "attach" in order:
            self.lines[order["attach"]].attach(order["port"], self._poller)
            return {}
        line = self.lines[order.pop("line")]
        direction = {"to_board": line.to_board, "from_board": line.from_board}[order.pop("direction")]
        direction.set_fault(now_s, order.pop("fault"), **order)
        return {}

    @staticmethod
    def _answer(answer: Mapping[str, object]) -> None:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def main() -> None:
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS)
    Broker(json.loads(sys.argv[1])).run()


if __name__ == "__main__":
    main()
