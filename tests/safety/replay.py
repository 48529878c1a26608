"""Every kind of edge of the checker's world replayed on the host board, and its outcome compared.

The explored graph says which kinds there are and which ways lead to them; the board flies along such ways, edge by
edge, and after each what the ground and the bench see is compared with what the checker saw.

    python -m tests.safety.replay                 every kind without faults
    python -m tests.safety.replay --faults 3000   the kinds that come with a fault, of the first states explored
    python -m tests.safety.replay --only SAR --path "SET_MODE INIT; the SAR unit goes on"
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.safety.explorer import ROOT, Board, Graph, explore
from tests.safety.replay_acts import ARM_S, arms_again, arms_late, ends_flight, impossible, is_begun, lasts_s, with_time
from tests.safety.replay_board import PERMIT_S, SPACECRAFT
from tests.safety.replay_ceilings import Ceiling, compared
from tests.safety.replay_flight import Difference, Late, Replay
from tests.safety.replay_plan import TIME, Follower, Kind, Planner, Step, Steps

DIRECTORY = ROOT / "build" / "replay"
TOURS = Path(__file__).parent / "replay_tours.json"
REPLAYED = ("SAR", "OPTICAL")  # profiles that make verify replays
LARGEST_STATES = 300_000
INSTANCES = 4
TOLD_EVERY_KINDS = 100
_OFTEN = 3
TOO_LATE = "what is in progress is over before the act is, on every way there that was tried"
BEHIND_LATE = "every way there leads over one that comes too late: not tried"
OUTLIVED = "it lasts longer than the arm or the permit lives that is in force before and after it: not tried"
BEHIND_OTHERS = (
    "every way there leads over one that cannot, or that an arm or a permit does not live through: not tried"
)
# Kinds that are named one by one.
_NAMED = {
    TOO_LATE: "too late",
    BEHIND_LATE: "behind one too late",
    OUTLIVED: "outlives",
    BEHIND_OTHERS: "behind others",
}
_PERMIT_LIFE_S = PERMIT_S - 50
_ARMED_LATE_S = 30.0  # what another way may cost on which an arm is older when something is ended


@dataclass
class Result:
    """What became of every kind. `between` begin between two control cycles only; `differed_later` agreed on the
    shortest way, after they had differed on a longer one: the checker's states tell no times.
    """

    agreed: set[Kind] = field(default_factory=set)
    differences: dict[Kind, Difference] = field(default_factory=dict)
    impossible: dict[Kind, str] = field(default_factory=dict)
    not_reached: set[Kind] = field(default_factory=set)
    between: set[Kind] = field(default_factory=set)
    differed_later: dict[Kind, Difference] = field(default_factory=dict)
    paths: list[list[str]] = field(default_factory=list)
    steps: int = 0
    flown_s: float = 0.0

    def kinds(self) -> int:
        return len(self.agreed) + len(self.differences) + len(self.impossible) + len(self.not_reached)

    def counted(self) -> Ceiling:
        """What has a ceiling (replay_ceilings.py)."""
        reasons = Counter(self.impossible.values())
        return Ceiling(
            impossible=sum(count for reason, count in reasons.items() if reason not in _NAMED),
            too_late=reasons[TOO_LATE] + reasons[BEHIND_LATE],
            not_tried=reasons[OUTLIVED] + reasons[BEHIND_OTHERS],
            differed_later=len(self.differed_later),
        )

    @property
    def good(self) -> bool:
        return bool(self.agreed) and not self.differences and not self.not_reached


def cost_s(step: Step) -> float | None:
    """For the planner: seconds on the board; None when a permit or an arm would not live through it."""
    if impossible(step):
        return None
    duration_s = lasts_s(step)
    for name in () if arms_again(step) else ("armed", "exit_armed"):
        if step.label != TIME and step.before[name] == "1" == step.after[name] and duration_s > ARM_S - 10:
            return None
    if step.before["takes"] != "0" != step.after["takes"] and duration_s > _PERMIT_LIFE_S:
        return None
    return 1.0 + duration_s + (_ARMED_LATE_S if arms_late(step) else 0.0)


def reached(beginning: int, steps: Sequence[Step]) -> set[int]:
    """States that a way of edges leads to which a flight can take."""
    targets: dict[int, set[int]] = {}
    for step in steps:
        if cost_s(step) is not None and not ends_flight(step):
            targets.setdefault(step.source, set()).add(step.target)
    found = {beginning}
    waiting = [beginning]
    while waiting:
        fresh = targets.get(waiting.pop(), set()) - found
        found |= fresh
        waiting += fresh
    return found


class Tour:
    """Flies until every wanted kind has been replayed once, or cannot be."""

    def __init__(
        self,
        side: str,
        known: Steps,
        wanted: Callable[[Kind], bool],
        say: Callable[[str], None] = print,
        instances: int = 0,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        """With `instances`, of a graph too large for more, so many of each kind only. `tell` is called now and then."""
        self._side = side
        self._beginning = known.at_rest(0)
        self._say = say
        self._tell = tell
        steps = known.excerpt(instances, lambda step: cost_s(step) is not None) if instances else known.all()
        self._planner = Planner(steps, cost_s, ends_flight)
        reachable = reached(self._beginning, steps)
        self._wanted: dict[Kind, list[Step]] = {}
        self._flying: Replay | None = None
        self._state = self._beginning
        self._met: Counter[tuple[int, str]] = Counter()
        self._cut: list[Step] = []  # out of the ways for a difference, until there is no other way
        self._may_cut = True
        self._late: set[Kind] = set()  # tried, and too late
        self.result = Result(between=set() if instances else known.kinds_between() - set(self._planner.by_kind))
        for kind, instances in self._planner.by_kind.items():
            if not wanted(kind):
                continue
            flyable = [step for step in instances if self._planner.can_be_taken(step)]
            reasons = [impossible(step) for step in instances]
            if all(reasons):
                self.result.impossible[kind] = reasons[0]
            elif not flyable:
                self.result.impossible[kind] = OUTLIVED
            elif not any(step.source in reachable for step in flyable):
                self.result.impossible[kind] = BEHIND_OTHERS
            else:
                self._wanted[kind] = flyable

    def fly(self) -> Result:
        while self._wanted:
            by_source: dict[int, list[Step]] = {}
            for instances in self._wanted.values():
                for step in instances:
                    by_source.setdefault(step.source, []).append(step)
            way = self._planner.way(self._state, by_source)
            if way is not None:
                self._go(way)
            elif self._flying is not None:
                self._land()
            elif self._cut and self._may_cut:
                for step in self._cut:
                    self._planner.allow(step)
                self._cut, self._may_cut = [], False
                self._met.clear()
            else:
                break
        self._land()
        if self._cut:
            self.result.not_reached |= set(self._wanted)
        else:
            # Nothing but what came too late was taken out of the ways.
            for kind in self._wanted:
                self.result.impossible[kind] = TOO_LATE if kind in self._late else BEHIND_LATE
        return self.result

    def _go(self, way: Sequence[Step]) -> None:
        if is_begun(way):
            self._land()
            return
        is_shortest = self._flying is None
        if is_shortest:
            self._flying = Replay(self._side, DIRECTORY / self._side)
        for step, ends_late in with_time(way):
            try:
                difference = self._flying.take(step, step.kind not in self._wanted, ends_late)
            except Late:
                self._land()
                if is_shortest:
                    # It would again: a board does the same each time.
                    self._drop(step)
                return
            self.result.steps += 1
            self._state = step.target
            if difference:
                self._land()
                self._differs(step, difference)
                return
            if step.kind in self._wanted:
                self.result.agreed.add(step.kind)
                del self._wanted[step.kind]
                if self._tell and len(self.result.agreed) % TOLD_EVERY_KINDS == 0:
                    self._tell(f"{len(self.result.agreed)} kinds replayed, {len(self._wanted)} to go")
            if ends_flight(step):
                self._land()
                return

    def _differs(self, step: Step, difference: Difference) -> None:
        """Fly the shortest way to it: what agrees there differed by what the long flight had behind it."""
        way = self._planner.way(self._beginning, {step.source: [step]})
        flying = Replay(self._side, DIRECTORY / self._side)
        shown: Difference | None = difference
        try:
            for shorter, ends_late in with_time(way or ()):
                if shown := flying.take(shorter, ends_late=ends_late):
                    break
        except Late:
            shown = difference
        finally:
            flying.stop()
        if shown:
            self._say(str(shown))
            self.result.differences.setdefault(step.kind, shown)
        else:
            self.result.agreed.add(step.kind)
            self.result.differed_later.setdefault(step.kind, difference)
        self._wanted.pop(step.kind, None)
        self._met[step.key] += 1
        if self._met[step.key] > _OFTEN:
            self._planner.forbid(step)
            self._cut.append(step)

    def _drop(self, step: Step) -> None:
        """This one comes too late: neither a way to another, nor an instance of its kind any more."""
        self._late.add(step.kind)
        self._planner.forbid(step)
        if step.kind in self._wanted:
            self._wanted[step.kind] = [other for other in self._wanted[step.kind] if other.key != step.key]

    def _land(self) -> None:
        if self._flying:
            self.result.flown_s += self._flying.flight.now_s
            self.result.paths.append(self._flying.path)
            self._flying.stop()
        self._flying = None
        self._state = self._beginning


def graph_of(side: str, faults: int = 0, largest: int = LARGEST_STATES) -> Graph:
    with Board(SPACECRAFT[side], faults, script="outcomes.py") as board:
        return explore(board, largest, strict=not faults)


def replay_path(side: str, labels: Sequence[str], faults: int = 1, directory: Path | None = None) -> Difference | None:
    """One path from the beginning, each step compared; the first difference."""
    with Board(SPACECRAFT[side], faults, script="outcomes.py") as board:
        follower = Follower(board)
        way = [follower.step(label) for label in labels]
        flying = Replay(side, directory or DIRECTORY / side)
        try:
            for step, ends_late in with_time(way):
                difference = flying.take(step, ends_late=ends_late)
                if difference:
                    return difference
        finally:
            flying.stop()
    return None


def report(side: str, result: Result, took_s: float) -> list[str]:
    """Sentences on a whole replay."""
    lines = [
        f"{side}: {len(result.agreed)} of {result.kinds()} kinds of edges replayed on the host board and agreed, "
        f"{len(result.differences)} differ, {len(result.not_reached)} not reached ({result.steps} steps, "
        f"{len(result.paths)} flights, {result.flown_s:.0f} s of the board in {took_s:.0f} s)"
    ]
    for reason, count in Counter(result.impossible.values()).items():
        lines.append(f"{side}: {count} kinds are not replayed: {reason}")
    if result.between:
        lines.append(
            f"{side}: {len(result.between)} kinds begin, or are come to, between two control cycles only: not replayed"
        )
    if result.differed_later:
        lines.append(
            f"{side}: {len(result.differed_later)} of those that agreed did so on the shortest way and had differed "
            "after a longer flight: something behind it that the checker's states do not tell"
        )
    for difference in result.differed_later.values():
        command = f'python -m tests.safety.replay --only {side} --path "{"; ".join(difference.path)}"'
        lines.append(f"{side}: differed later: {difference.kind}: {difference.found()}: {command}")
    for reason, word in _NAMED.items():
        kinds = [kind for kind, given in result.impossible.items() if given == reason]
        lines += [f"{side}: {word}: {kind}" for kind in sorted(kinds, key=str)]
    lines += [f"{side}: not reached: {kind}" for kind in sorted(result.not_reached, key=str)]
    return lines


def replay_side(side: str, known: Steps, say: Callable[[str], None] = print) -> bool:
    """Every kind of a profile's edges without faults; True when all agree. Says what it found."""
    began_s = time.monotonic()
    result = Tour(side, known, lambda kind: True, say).fly()
    return _conclude(side, result, time.monotonic() - began_s, say)


def replay_faults(
    side: str,
    known: Steps,
    say: Callable[[str], None] = print,
    tell: Callable[[str], None] | None = None,
    is_whole: bool = True,
) -> bool:
    """The kinds that only come with a fault, of steps explored with faults; True when all agree."""
    nominal = {step.kind for step in Steps(graph_of(side)).all()}
    began_s = time.monotonic()
    result = Tour(side, known, lambda kind: kind not in nominal, say, INSTANCES, tell).fly()
    return _conclude(side, result, time.monotonic() - began_s, say, True, is_whole)


def _conclude(
    side: str,
    result: Result,
    took_s: float,
    say: Callable[[str], None],
    faults: bool = False,
    is_whole: bool = True,
) -> bool:
    """Say what was found; True when all agree and no number is beyond its ceiling."""
    is_within, lines = compared(side, faults, result.counted(), is_whole)
    for line in (*report(side, result, took_s), *lines):
        say(line)
    return result.good and is_within


def record_tours(side: str) -> list[list[str]]:
    """Paths that take every label once, for the quick test."""
    known = Steps(graph_of(side))
    first: Mapping[str, Kind] = {}
    for step in sorted(known.all(), key=lambda step: cost_s(step) or 0.0):
        if cost_s(step) is not None:
            first = {step.label: step.kind, **first}
    return Tour(side, known, lambda kind: kind in set(first.values())).fly().paths


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(SPACECRAFT), help="one profile")
    parser.add_argument("--path", default="", help='labels of one path, "; " between them')
    parser.add_argument("--faults", type=int, default=0, help="kinds that come with a fault instead, of so many states")
    parser.add_argument("--record", action="store_true", help="write the tours of the quick test anew")
    options = parser.parse_args()
    sides = [options.only] if options.only else list(REPLAYED)
    if options.path:
        difference = replay_path(sides[0], options.path.split("; "))
        print(difference or "the board agrees with the checker after every step")
        return 1 if difference else 0
    if options.record:
        tours = json.loads(TOURS.read_text()) if TOURS.exists() else {}
        for side in sides:
            tours[side] = record_tours(side)
        TOURS.write_text(json.dumps(tours, indent=1) + "\n")
        return 0
    if options.faults:
        good = [replay_faults(side, Steps(graph_of(side, 1, options.faults)), is_whole=False) for side in sides]
    else:
        good = [replay_side(side, Steps(graph_of(side))) for side in sides]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
