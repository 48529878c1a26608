"""One direction of a serial line: its bit rate and its faults, in explicit time.

Octets go in when their sender wrote them and come out when a line of that bit rate would have
delivered their stop bit (8N1: ten bits an octet). Nothing here reads a clock, so the same line serves
real and virtual time. Faults are seeded: the same calls give the same octets.
"""

import random
from collections import deque
from dataclasses import dataclass

BITS_PER_OCTET = 10
FAULTS = ("drop", "corrupt", "babble", "cut", "delay")


@dataclass
class Fault:
    """A fault in force until `until_s`. probability: of each octet (drop, corrupt); delay_s: of delay."""

    kind: str
    probability: float = 1.0
    delay_s: float = 0.0
    until_s: float = float("inf")


class Line:
    """Octets on their way. `paced` False: only faults, no bit rate (the receiver paces by itself)."""

    def __init__(self, bit_rate_baud: int, seed: str, paced: bool = True) -> None:
        self.octet_s = BITS_PER_OCTET / bit_rate_baud
        self.paced = paced
        self.faults: dict[str, Fault] = {}
        self.entered_octets = 0
        self.delivered_octets = 0
        self._random = random.Random(seed)
        self._queue = bytearray()
        self._free_s = 0.0
        self._delayed: deque[tuple[float, bytes]] = deque()

    @property
    def count(self) -> dict[str, int]:
        """Octets so far: entered, still waiting for the line, delivered (babble included, cut ones not)."""
        return {"entered": self.entered_octets, "waiting": self.waiting, "delivered": self.delivered_octets}

    @property
    def waiting(self) -> int:
        """Octets that entered and have not left."""
        return len(self._queue)

    def set_fault(self, now_s: float, kind: str, for_s: float = float("inf"), **settings: float) -> None:
        """Put a fault on the line, in place of one of its kind; "none" takes every fault off."""
        if kind == "none":
            self.faults.clear()
            return
        if kind not in FAULTS:
            raise ValueError(f'link fault "{kind}" is not known; use none, {", ".join(FAULTS)}')
        self.faults[kind] = Fault(kind, until_s=now_s + for_s, **settings)
        self._free_s = max(self._free_s, now_s) if not self._queue else self._free_s

    def push(self, now_s: float, octets: bytes) -> None:
        """Octets written by the sender. Call `pop` first, so that the schedule is up to date."""
        if not self._queue:
            self._free_s = max(self._free_s, now_s)
        self._queue += octets
        self.entered_octets += len(octets)

    def pop(self, now_s: float) -> bytes:
        """Octets delivered by now."""
        self.faults = {kind: fault for kind, fault in self.faults.items() if now_s < fault.until_s}
        out = self._take(now_s)
        if "babble" in self.faults:
            idle = max(0, int((now_s - self._free_s) / self.octet_s))
            out += self._random.randbytes(idle)
            self._free_s += idle * self.octet_s
        out = self._damage(out)
        self.delivered_octets += len(out)
        delay = self.faults.get("delay")
        if delay is None and not self._delayed:
            return out
        if out:
            due_s = now_s + (delay.delay_s if delay else 0.0)
            self._delayed.append((max(due_s, self._delayed[-1][0] if self._delayed else due_s), out))
        due = b""
        while self._delayed and self._delayed[0][0] <= now_s:
            due += self._delayed.popleft()[1]
        return due

    def next_s(self, now_s: float, batch_s: float) -> float | None:
        """When to call `pop` next: the end of what waits, at most `batch_s` from now where that is later."""
        times = []
        if self._queue:
            first_s = self._free_s + self.octet_s if self.paced else now_s
            times.append(max(first_s, min(first_s + (len(self._queue) - 1) * self.octet_s, now_s + batch_s)))
        if "babble" in self.faults:
            times.append(now_s + batch_s)
        if self._delayed:
            times.append(self._delayed[0][0])
        return min(times) if times else None

    def _take(self, now_s: float) -> bytes:
        count = len(self._queue)
        if self.paced:
            # Half a nanosecond of grace, for sums of octet times in floating point.
            count = min(count, max(0, int((now_s - self._free_s + 5e-10) / self.octet_s)))
            self._free_s += count * self.octet_s
        out = bytes(self._queue[:count])
        del self._queue[:count]
        return out

    def _damage(self, octets: bytes) -> bytes:
        if "cut" in self.faults:
            return b""
        if drop := self.faults.get("drop"):
            octets = bytes(octet for octet in octets if self._random.random() >= drop.probability)
        if corrupt := self.faults.get("corrupt"):
            octets = bytes(
                octet ^ self._random.randrange(1, 256) if self._random.random() < corrupt.probability else octet
                for octet in octets
            )
        return octets
