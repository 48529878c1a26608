"""Decoded headers held against what is allowed: the packets that fail are left out, and a sentence says why."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from emei.dictionary import Field
from emei.science.arrays import Reals
from emei.science.errors import ScienceError
from emei.science.source_packets import SourcePackets

Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]
_FINE_PER_SECOND = 1 << 16
_NEIGHBOURS = 2  # on either side
_REFERENCES = 64  # packets that each one's time is held against


@dataclass
class Screen:
    """Which packets are usable so far. Each rule looks at those alone, and leaves out the ones that break it."""

    packets: SourcePackets
    usable: Mask
    problems: list[str] = field(default_factory=list)
    _worst: tuple[int, str] = (0, "")

    @classmethod
    def of(cls, packets: SourcePackets) -> "Screen":
        return cls(packets, np.ones(len(packets), bool))

    def __getitem__(self, name: str) -> Numbers:
        return self.packets.header[name]

    def require(self, what: str, holds: Mask, found: Numbers | Callable[[int], str], allowed: str | Numbers) -> None:
        """`found` and `allowed` are words, or a value of each packet; of `allowed`, what the packet should have."""
        broken = np.flatnonzero(self.usable & ~holds)
        if not len(broken):
            return
        first = int(broken[0])
        value = found(first) if callable(found) else str(found[first])
        limit = allowed if isinstance(allowed, str) else f"the packets it belongs with have {allowed[first]}"
        number = self.packets.numbers[first]
        more = f" and {len(broken) - 1} more are" if len(broken) > 1 else " is"
        why = f"the {what} of packet {number} is {value}; {limit}"
        self.problems.append(f"Packet {number}{more} left out: {why}.")
        self._worst = max(self._worst, (len(broken), why))
        self.usable[broken] = False

    def within(self, name: str, lowest: int, highest: int) -> None:
        holds = (self[name] >= lowest) & (self[name] <= highest)
        self.require(name, holds, self[name], f"{lowest} to {highest} are allowed")

    def within_range_of(self, name: str, value: Field) -> None:
        """The raw range of a value of the dictionary."""
        self.within(name, value.raw_minimum, value.raw_maximum)

    def one_of(self, name: str, values: Iterable[int]) -> None:
        allowed = sorted(set(values))
        listed = ", ".join(str(value) for value in allowed)
        sentence = f"{listed} are allowed" if len(allowed) > 1 else f"only {listed} is allowed"
        self.require(name, np.isin(self[name], allowed), self[name], sentence)

    def agree(self, *names: str, by: str = "", among: Mask | None = None) -> None:
        """One value in all packets, or in all that have the same `by`: what most of them say."""
        judged = self.usable if among is None else self.usable & among
        groups = self[by] if by else np.zeros(len(self.packets), np.int64)
        for name in names:
            expected = self.usual(self[name], groups, judged)
            self.require(name, self[name] == expected, self[name], expected)

    @staticmethod
    def usual(column: Numbers, groups: Numbers, judged: Mask) -> Numbers:
        """What most of the judged packets of each one's group have; of the others, their own."""
        expected = column.copy()
        for group in np.unique(groups[judged]):
            chosen = judged & (groups == group)
            values, numbers = np.unique(column[chosen], return_counts=True)
            expected[chosen] = values[np.argmax(numbers)]
        return expected

    def no_outlier(self, name: str, tolerance: float = 0.0, among: Mask | None = None) -> None:
        """A value that a packet has alone: none of the two before and the two after has it (relative tolerance)."""
        judged = self.usable if among is None else self.usable & among
        numbers = np.flatnonzero(self.usable)
        values = self[name][numbers]
        alone = np.full(len(numbers), len(numbers) > 1)
        for distance in range(1, min(_NEIGHBOURS, len(numbers) - 1) + 1):
            one, other = values[:-distance], values[distance:]
            near = np.abs(one - other) <= tolerance * np.maximum(one, other)
            alone[:-distance] &= ~near
            alone[distance:] &= ~near
        holds = np.ones(len(self.packets), bool)
        holds[numbers[alone]] = False
        self.require(name, holds | ~judged, self[name], "none of the packets around it has that")

    def result(self) -> SourcePackets:
        """The usable packets with every problem. ScienceError, one sentence, when there is none."""
        if not self.usable.any():
            raise ScienceError(f"No packet of {len(self.packets)} can be decoded: {self._worst[1]}.")
        kept = self.packets.where(self.usable)
        kept.problems = [*self.packets.problems, *self.problems]
        return kept


def time_s(packets: SourcePackets) -> Reals:
    """GPS seconds of each packet."""
    return packets.header["coarse_time"] + packets.header["fine_time"] / _FINE_PER_SECOND


def in_step(times_s: Reals, counts: Numbers, shortest_s: float, longest_s: float, slack_s: float) -> Mask:
    """Which packets have a time that goes with their count, as seen from most of the others.

    A count lasts from `shortest_s` to `longest_s`.
    """
    references = np.unique(np.linspace(0, len(counts) - 1, min(_REFERENCES, len(counts))).astype(int))
    agreeing = np.zeros(len(counts), np.int64)
    for reference in references:
        passed_s = times_s - times_s[reference]
        counted = counts - counts[reference]
        low_s = np.where(counted >= 0, counted * shortest_s, counted * longest_s) - slack_s
        high_s = np.where(counted >= 0, counted * longest_s, counted * shortest_s) + slack_s
        agreeing += (low_s <= passed_s) & (passed_s <= high_s)
    return 2 * agreeing > len(references)


def with_count(name: str, counts: Numbers) -> Callable[[int], str]:
    """Words for a time that does not go with a packet's count."""
    return lambda number: f"not that of its {name} {counts[number]}"
