"""Which kinds of edges there are in an explored graph, and which way leads to one that is still to be replayed.

The explorer's state may stand between two control cycles; on a board that runs it is over in the next. A step here
therefore goes on, without time, until the state is quiet, and begins in quiet states only.
"""

import heapq
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.safety.explorer import Board, CheckerError, Graph

TIME = "time passes"
INERT = "SET_MODE SAFE_UNPOWERED"  # refused in every state, and changes nothing
_TRANSMITS = "TX"  # properties.py: transmit-enable was driven
HIDDEN_FROM = "cycles"  # outcomes.py: from this word on, what nobody outside sees
_LONGEST_UNREST = 12

Words = Mapping[str, str]
Seen = tuple[tuple[str, ...], tuple[int, ...], Words, int, int]


def parse(seen: str) -> Seen:
    """What a step of outcomes.py tells: failures, events, words, the time that passed in ms, and how often
    transmit-enable was driven.
    """
    log, _, text = seen.partition("|")
    words = dict(word.split("=", 1) for word in text.split())
    items = log.split()
    failures = tuple(item for item in items if item.startswith(("refused:", "failed:")))
    events = tuple(int(item[len("event") :]) for item in items if item.startswith("event"))
    return failures, events, words, int(words.pop("ms")), items.count(_TRANSMITS)


@dataclass(frozen=True)
class Kind:
    """An edge without the incidental: its label, the mode before it, the failure codes, and what it ends in."""

    label: str
    mode: str
    failures: tuple[str, ...]
    outcome: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.label} in {self.mode}: {' '.join((*self.failures, *self.outcome))}"


@dataclass(frozen=True)
class Step:
    """One edge and what followed by itself. `before` and `after` are the outcome's words by name, `begins` is how often
    transmit-enable was driven.
    """

    label: str
    source: int
    target: int
    failures: tuple[str, ...]
    events: tuple[int, ...]
    before: Words
    after: Words
    duration_ms: int
    begins: int = 0

    @property
    def key(self) -> tuple[int, str]:
        return self.source, self.label

    @property
    def kind(self) -> Kind:
        names = ("mode", "refuse", "permit", "enable")
        return Kind(
            self.label,
            self.before["mode"],
            self.failures,
            tuple(f"{name}={self.after[name]}" for name in names),
        )


def visible(words: Words) -> dict[str, str]:
    """What the bench and the ground see of an outcome."""
    seen = {}
    for name, value in words.items():
        if name == HIDDEN_FROM:
            break
        seen[name] = value
    return seen


class Steps:
    """The steps of a graph whose edges tell their outcome (outcomes.py)."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._time = graph.labels.index(TIME)
        self._rows: list[dict[int, tuple[int, str]]] = [{} for _ in graph.states]
        self._words: dict[int, Words] = {}
        self._parsed: dict[str, Seen] = {}
        for source, edge, target, seen in zip(graph.source, graph.edge, graph.target, graph.seen, strict=True):
            self._rows[source][edge] = (target, seen)
            self._words.setdefault(target, self._parse(seen)[2])

    def explored(self, state: int) -> bool:
        return bool(self._rows[state])

    def quiet(self, state: int) -> bool:
        """Nothing changes any more without time and without an edge."""
        target, seen = self._rows[state].get(self._time, (state, ""))
        return target == state or self._parse(seen)[3] > 0

    def at_rest(self, state: int) -> int:
        """The quiet state that one comes to by itself."""
        for _ in range(_LONGEST_UNREST):
            if self.quiet(state):
                break
            state = self._rows[state][self._time][0]
        return state

    def edges(self, state: int) -> list[int]:
        return list(self._rows[state])

    def words(self, state: int) -> Words:
        return self._words[state]

    def step(self, state: int, edge: int) -> Step | None:
        """None when it leads out of what was explored, or never comes to rest."""
        target, seen = self._rows[state][edge]
        failures, events, words, duration_ms, begins = self._parse(seen)
        unrest = 0
        while not self.quiet(target):
            target, seen = self._rows[target][self._time]
            before = words
            more_failures, more_events, words, more_ms, more_begins = self._parse(seen)
            if before["refuse"] == "1" == words["refuse"]:
                # States that differ in what latched it are one: only the edge that did so tells.
                words = {**words, "cause": before["cause"]}
            failures, events, duration_ms = failures + more_failures, events + more_events, duration_ms + more_ms
            begins += more_begins
            unrest += 1
            if unrest > _LONGEST_UNREST:
                return None
        if not self._rows[target]:
            return None
        label = self._graph.labels[edge]
        logged = tuple(sorted(failures)), tuple(sorted(events))
        return Step(label, state, target, *logged, self._words[state], words, duration_ms, begins)

    def all(self) -> list[Step]:
        """Every step from every state that a way over quiet states leads to."""
        found = []
        seen = {self.at_rest(0)}
        waiting = list(seen)
        while waiting:
            state = waiting.pop()
            steps = [step for edge in self._rows[state] if (step := self.step(state, edge))]
            found += steps
            fresh = {step.target for step in steps} - seen
            seen |= fresh
            waiting += fresh
        return found

    def excerpt(self, instances: int, takes: Callable[[Step], bool]) -> list[Step]:
        """Of a graph too large to plan in: the first `instances` steps of each kind, and the ways that lead to them.
        Of a kind whose steps must not be taken, or that only such steps lead to, one.
        """
        beginning = self.at_rest(0)
        before = {beginning: beginning}
        ends: dict[Kind, list[int]] = {}  # the first steps of each kind, both their states
        others: dict[Kind, Step] = {}
        beyond = []
        waiting = deque([beginning])
        while waiting:
            state = waiting.popleft()
            for step in self._steps_from(state):
                if not takes(step):
                    others.setdefault(step.kind, step)
                    beyond.append(step.target)
                    continue
                found = ends.setdefault(step.kind, [])
                if len(found) < 2 * instances:
                    found += [state, step.target]
                if step.target not in before:
                    before[step.target] = state
                    waiting.append(step.target)
        seen = set(before)
        while beyond:
            state = beyond.pop()
            if state not in seen:
                seen.add(state)
                for step in self._steps_from(state):
                    others.setdefault(step.kind, step)
                    beyond.append(step.target)
        kept = {beginning}
        for states in ends.values():
            for state in states:
                while state not in kept:
                    kept.add(state)
                    state = before[state]
        steps = [step for state in kept for step in self._steps_from(state) if step.target in kept]
        return steps + [step for kind, step in others.items() if kind not in ends]

    def _steps_from(self, state: int) -> list[Step]:
        return [step for edge in self._rows[state] if (step := self.step(state, edge))]

    def kinds_between(self) -> set[Kind]:
        """Kinds of every step that begins where no way over quiet states leads."""
        reached = {step.source for step in self.all()}
        found = set()
        for state, row in enumerate(self._rows):
            if state in self._words and state not in reached:
                found |= {step.kind for edge in row if (step := self.step(state, edge))}
        return found

    def _parse(self, seen: str) -> Seen:
        found = self._parsed.get(seen)
        if found is None:
            found = self._parsed[seen] = parse(seen)
        return found


class Follower:
    """Steps of one path, from the checker itself."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._time = board.labels.index(TIME)
        self._image = 0
        self._words: Words = {}
        self.state = board.root
        # No edge leads to the beginning: what it looks like comes with one that changes nothing.
        self.step(INERT)

    def enabled(self) -> set[int]:
        """Edges that can be taken from here."""
        return {answer.edge for answer in self._board.expand(self._image)}

    def step(self, label: str) -> Step:
        """Take an edge, and what follows by itself."""
        return self.go(self.look(label))

    def look(self, label: str) -> "Look":
        """What step() would give; the path goes on with go(), or forgets it with leave()."""
        if label not in self._board.labels:
            raise CheckerError(f'no edge is called "{label}"')
        answer, image = self._board.follow(self._image, self._board.labels.index(label))
        log, _, text = answer.seen.partition("|")
        state = answer.state
        for _ in range(_LONGEST_UNREST):
            after, following = self._board.follow(image, self._time)
            if after.state == state or parse(after.seen)[3] > 0:
                self._board.forget(following)
                break
            self._board.forget(image)
            image, state = following, after.state
            more, _, text = after.seen.partition("|")
            log = f"{log} {more}"
        # The time that passed is the edge's own.
        *words, _ = text.split()
        seen = f"{log}|{' '.join(words)} ms={parse(answer.seen)[3]}"
        failures, events, after_words, duration_ms, begins = parse(seen)
        logged = tuple(sorted(failures)), tuple(sorted(events))
        target = 0 if state == self.state else 1
        step = Step(label, 0, target, *logged, self._words, after_words, duration_ms, begins)
        return Look(step, state, image)

    def go(self, look: "Look") -> Step:
        self._forget()
        self._image, self.state, self._words = look.image, look.state, look.step.after
        return look.step

    def leave(self, look: "Look") -> None:
        self._board.forget(look.image)

    def begin_anew(self) -> None:
        self._forget()
        self._image, self.state = 0, self._board.root
        self.step(INERT)

    def _forget(self) -> None:
        if self._image:
            self._board.forget(self._image)


@dataclass(frozen=True)
class Look:
    """A step that may be gone, the state it leads to, and that state's image on the board."""

    step: Step
    state: bytes
    image: int


class Planner:
    """Ways over the steps. `cost_s` says how long one lasts on the board, None when it must not be taken; `is_last`,
    that it is no way to another.
    """

    def __init__(
        self, steps: list[Step], cost_s: Callable[[Step], float | None], is_last: Callable[[Step], bool]
    ) -> None:
        self.by_kind: dict[Kind, list[Step]] = {}
        self._moves: dict[int, dict[int, list[tuple[float, Step]]]] = {}  # the shortest first
        self._is_last = is_last
        self._cost_s = {step.key: cost_s(step) for step in steps}
        for step in steps:
            self.by_kind.setdefault(step.kind, []).append(step)
            cost = self._cost_s[step.key]
            if cost is None:
                continue
            if step.target != step.source and not is_last(step):
                self._moves.setdefault(step.source, {}).setdefault(step.target, []).append((cost, step))
        for row in self._moves.values():
            for moves in row.values():
                moves.sort(key=lambda move: move[0])

    def can_be_taken(self, step: Step) -> bool:
        return self._cost_s[step.key] is not None

    def forbid(self, step: Step) -> None:
        """Never take this one again on the way to another."""
        moves = self._moves.get(step.source, {}).get(step.target, [])
        moves[:] = [move for move in moves if move[1] != step]

    def allow(self, step: Step) -> None:
        """Take it again: what forbid() took away."""
        if step.target != step.source and not self._is_last(step):
            moves = self._moves.setdefault(step.source, {}).setdefault(step.target, [])
            moves.append((self._cost_s[step.key] or 0.0, step))
            moves.sort(key=lambda move: move[0])

    def way(self, state: int, wanted: Mapping[int, list[Step]]) -> list[Step] | None:
        """The shortest way from a state to a wanted step, that step included; None when there is none."""
        best_s = {state: 0.0}
        came: dict[int, Step] = {}
        waiting = [(0.0, state)]
        while waiting:
            so_far_s, here = heapq.heappop(waiting)
            if so_far_s > best_s[here]:
                continue
            if wanted.get(here):
                path = [min(wanted[here], key=lambda step: self._cost_s[step.key] or 0.0)]
                while here != state:
                    path.append(came[here])
                    here = came[here].source
                return path[::-1]
            for target, moves in self._moves.get(here, {}).items():
                if not moves:
                    continue
                cost, step = moves[0]
                if so_far_s + cost < best_s.get(target, float("inf")):
                    best_s[target] = so_far_s + cost
                    came[target] = step
                    heapq.heappush(waiting, (so_far_s + cost, target))
        return None
