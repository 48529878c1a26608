"""Explores every state that the firmware can reach in the checker's world, each edge of each state once.

The firmware runs on the host board's MicroPython (on_micropython/checker.py); this side keeps the graph. A state
is expanded from its image in the board's memory, so that no path is ever run twice.
"""

import os
import subprocess
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(__file__).parent / "on_micropython"
MICROPYTHON = ROOT / "build" / "host" / "emei-host"
BREACH = "BREACH:"

# The order of exploration: nominal edges first, so that a counter-example is short and found early.
WEIGHTS = (1, 2, 10)
TOLD_EVERY_STATES = 20_000

# Of boards that share the work: so many states are expanded at once, and when one holds so many more than another it
# gives new ones away, which costs a path from the beginning.
STATES_AT_ONCE = 512
LOPSIDED = 1.2
ALIKE = 8


class CheckerError(Exception):
    """The checker itself failed: its message says how."""


@dataclass(frozen=True)
class Answer:
    edge: int
    state: bytes
    seen: str


class Board:
    """The firmware with the checker's world, one process."""

    def __init__(
        self,
        spacecraft: int,
        standing_faults: int,
        grain: str = "settled",
        removed: Sequence[str] = (),
        path: str = ".frozen",
        script: str = "checker.py",
    ) -> None:
        # A firmware that is not frozen is compiled into the heap.
        heap = "384k" if path == ".frozen" else "640k"
        self._process = subprocess.Popen(
            [
                str(MICROPYTHON), "-X", f"heapsize={heap}", str(SCRIPTS / script),
                f"{spacecraft:x}", str(standing_faults), grain, *removed,
            ],
            env={**os.environ, "MICROPYPATH": f"{path}:{SCRIPTS}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1 << 16,
        )  # fmt: skip
        self.labels: list[str] = []
        self.weights: list[int] = []
        self.fields: list[str] = []
        self.alike: list[tuple[str, list[str]]] = []  # instrument, modes of which one is explored with faults
        self.root = b""
        self._outcome: list[tuple[str, list[str]]] = []  # names of an outcome's numbers, with those of their values
        self._faults: list[str] = []  # of the number `faults`, bit by bit
        self._told: dict[str, str] = {}  # what is seen, by how the board prints it
        for line in self._answer():
            kind, _, rest = line.partition(" ")
            if kind == "edge":
                weight, _, label = rest.partition(" ")
                self.weights.append(int(weight))
                self.labels.append(label)
            elif kind == "field":
                self.fields.append(rest)
            elif kind == "alike":
                instrument, _, group = rest.partition(" ")
                self.alike.append((instrument, group.split()))
            elif kind == "outcome":
                name, *members = rest.split()
                self._outcome.append((name, members))
            elif kind == "faults":
                self._faults = rest.split()
            elif kind == "root":
                self.root = bytes.fromhex(rest)

    def __enter__(self) -> "Board":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.kill()
        self._process.wait(timeout=10)
        self._process.stdout.close()

    def expand(self, image: int) -> Iterator[Answer]:
        self._order(f"x {image}")
        for line in self._answer():
            yield self._parse(line)

    def follow(self, image: int, edge: int) -> tuple[Answer, int]:
        """Take one edge; the answer and the image of where it led."""
        self._order(f"s {image} {edge}")
        lines = list(self._answer())
        return self._parse(lines[0]), int(lines[1])

    def forget(self, image: int) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"f {image}\n")

    def _order(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _parse(self, line: str) -> Answer:
        edge, state, printed = line.split(" ", 2)
        seen = self._told.get(printed)
        if seen is None:
            seen = self._told[printed] = self._in_words(printed)
        return Answer(int(edge), bytes.fromhex(state), seen)

    def _in_words(self, printed: str) -> str:
        """An outcome's numbers as name=value, by name where values have one; what is none (-1) of those is left out."""
        log, bar, outcome = printed.partition("|")
        words = []
        for (name, members), number in zip(self._outcome, map(int, outcome.split()), strict=bool(bar)):
            if name == "faults":
                words.append("faults=" + "+".join(word for bit, word in enumerate(self._faults) if number >> bit & 1))
            elif not members:
                words.append(f"{name}={number}")
            elif number >= 0:
                words.append(f"{name}={members[number]}")
        return log + bar + " ".join(words)

    def _answer(self) -> Iterator[str]:
        assert self._process.stdout
        for line in self._process.stdout:
            line = line.rstrip("\n")
            if line == ".":
                return
            if line.startswith("!"):
                raise CheckerError(line + self._process.stdout.read())
            yield line
        raise CheckerError(f"the board ended, status {self._process.wait(timeout=10)}")


@dataclass
class Graph:
    labels: list[str]
    weights: list[int]
    fields: list[str]
    states: list[bytes] = field(default_factory=list)
    origin: list[tuple[int, int]] = field(default_factory=list)  # (state before, edge), of the path that found it
    source: array = field(default_factory=lambda: array("i"))
    edge: array = field(default_factory=lambda: array("i"))
    target: array = field(default_factory=lambda: array("i"))
    seen: list[str] = field(default_factory=list)
    breaches: dict[str, list[str]] = field(default_factory=dict)  # each with the first path that leads to it

    def path(self, state: int) -> list[int]:
        """Edges from the beginning to a state."""
        edges = []
        while state:
            state, edge = self.origin[state]
            edges.append(edge)
        return edges[::-1]

    def labels_to(self, state: int) -> list[str]:
        return [self.labels[edge] for edge in self.path(state)]

    def having(self, values: Mapping[str, Sequence[int]]) -> set[int]:
        """States whose fields have one of the values; fields by the end of their name, as mode or _cause."""
        places = {}
        for name in values:
            found = [place for place, field_name in enumerate(self.fields) if ("." + field_name).endswith("." + name)]
            if not found:
                raise CheckerError(f"no attribute {name} in the state")
            places[name] = found
        return {
            number
            for number, state in enumerate(self.states)
            if all(state[place] in values[name] for name, found in places.items() for place in found)
        }


def explore(
    board: Board,
    largest: int = 1_000_000,
    strict: bool = True,
    first: bool = False,
    tell: Callable[[str], None] | None = None,
    beside: Sequence[Board] = (),
) -> Graph:
    """Every reachable state and transition. No path goes on from a breach; with `first` the exploration ends there.
    Beyond `largest` states it gives up: an error when `strict`. `tell` is called now and then with how far it is.
    `beside` are boards like the first that share the work; the graph is the same.
    """
    graph = Graph(board.labels, board.weights, board.fields)
    numbers: dict[bytes, int] = {}
    seen_texts: dict[str, str] = {}
    queues: list[deque[int]] = [deque() for _ in range(max(WEIGHTS) + 1)]
    # States by the weight of the path that leads to them, modulo the number of queues.
    queues[0].append(0)
    graph.states.append(board.root)
    numbers[board.root] = 0
    graph.origin.append((0, -1))
    weight = 0
    idle = 0
    expanded = 0
    with Crew((board, *beside), graph) as crew:
        while idle < len(queues):
            queue = queues[weight % len(queues)]
            if not queue:
                weight += 1
                idle += 1
                continue
            idle = 0
            # No edge leads to a state of the same weight: what is in the queue can be expanded at once.
            batch = [queue.popleft() for _ in range(min(len(queue), crew.at_once))]
            fresh = []
            for state, answers in zip(batch, crew.expand(batch), strict=True):
                expanded += 1
                if tell is not None and expanded % TOLD_EVERY_STATES == 0:
                    tell(f"{expanded} of {len(graph.states)} states found so far, {len(graph.edge)} transitions")
                for answer in answers:
                    if BREACH in answer.seen:
                        path = [graph.labels[edge] for edge in [*graph.path(state), answer.edge]]
                        graph.breaches.setdefault(breach_of(answer.seen), path)
                        if first:
                            return graph
                        continue
                    number = numbers.get(answer.state)
                    if number is None:
                        number = len(graph.states)
                        numbers[answer.state] = number
                        graph.states.append(answer.state)
                        graph.origin.append((state, answer.edge))
                        later = (weight + WEIGHTS[board.weights[answer.edge]]) % len(queues)
                        queues[later].append(number)
                        fresh.append((number, later))
                    graph.source.append(state)
                    graph.edge.append(answer.edge)
                    graph.target.append(number)
                    graph.seen.append(seen_texts.setdefault(answer.seen, answer.seen))
            crew.keep(fresh)
            crew.forget(batch, weight % len(queues))
            if len(graph.states) > largest and not strict:
                return graph
            if len(graph.states) > largest:
                raise CheckerError(f"more than {largest} states")
    return graph


class Crew:
    """Boards that explore one graph: each state that is still to be expanded has its image on one of them."""

    def __init__(self, boards: Sequence[Board], graph: Graph) -> None:
        self._boards = boards
        self._graph = graph
        self._images: dict[int, tuple[int, int]] = {0: (0, 0)}  # by state: which board, which image there
        self._held = [[0] * len(boards) for _ in range(max(WEIGHTS) + 1)]  # of each queue, on each board
        self._held[0][0] = 1
        self.at_once = 1 if len(boards) == 1 else STATES_AT_ONCE

    def __enter__(self) -> "Crew":
        self._threads = ThreadPoolExecutor(len(self._boards))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown()

    def expand(self, states: Sequence[int]) -> list[list[Answer]]:
        """The answers of each state's edges."""

        def expand_here(place: int) -> dict[int, list[Answer]]:
            mine = [state for state in states if self._images[state][0] == place]
            return {state: list(self._boards[place].expand(self._images[state][1])) for state in mine}

        found = self._on_each_board(expand_here)
        return [found[state] for state in states]

    def keep(self, states: Sequence[tuple[int, int]]) -> None:
        """Images of new states, each with its queue, on the board that found them or on the one that has too few."""
        places = {}
        for state, queue in states:
            held = self._held[queue]
            place = self._images[self._graph.origin[state][0]][0]
            least = min(range(len(self._boards)), key=held.__getitem__)
            if held[place] > LOPSIDED * held[least] + ALIKE:
                place = least
            places[state] = place
            held[place] += 1

        def keep_here(here: int) -> dict[int, tuple[int, int]]:
            return {state: (here, self._image(state, here)) for state, place in places.items() if place == here}

        self._images |= self._on_each_board(keep_here)

    def forget(self, states: Sequence[int], queue: int) -> None:
        for state in states:
            place, image = self._images.pop(state)
            self._held[queue][place] -= 1
            if state:
                self._boards[place].forget(image)

    def _image(self, state: int, place: int) -> int:
        """Where its first path leads on a board: by its last edge from the image before, or from the beginning."""
        source, edge = self._graph.origin[state]
        home, image = self._images[source]
        edges = [edge]
        if home != place:
            image, edges = 0, self._graph.path(state)
        beginning = image
        for edge in edges:
            before = image
            answer, image = self._boards[place].follow(before, edge)
            if before != beginning:
                self._boards[place].forget(before)
        if answer.state != self._graph.states[state]:
            raise CheckerError(f"not repeatable: {self._graph.labels[edge]}")
        return image

    def _on_each_board(self, work: Callable[[int], dict[int, T]]) -> dict[int, T]:
        found: dict[int, T] = {}
        for part in self._threads.map(work, range(len(self._boards))):
            found |= part
        return found


def replay(board: Board, labels: Sequence[str]) -> str | None:
    """Follow a path by its labels; the breach it ends in, or None. A label that is not known ends the path."""
    image = 0
    breach = None
    for label in labels:
        if label not in board.labels:
            break
        answer, following = board.follow(image, board.labels.index(label))
        if image:
            board.forget(image)
        image = following
        if BREACH in answer.seen:
            breach = breach_of(answer.seen)
            break
    if image:
        board.forget(image)
    return breach


def breach_of(seen: str) -> str:
    return seen[seen.index(BREACH) + len(BREACH) :].split()[0].replace("_", " ")


def cannot_reach(graph: Graph, targets: set[int], edges: set[int]) -> list[int]:
    """States from which no path of these edges leads to a target."""
    sources: dict[int, list[int]] = {}
    for source, edge, target in zip(graph.source, graph.edge, graph.target, strict=True):
        if edge in edges:
            sources.setdefault(target, []).append(source)
    reached = set(targets)
    waiting = list(targets)
    while waiting:
        for source in sources.get(waiting.pop(), ()):
            if source not in reached:
                reached.add(source)
                waiting.append(source)
    return [state for state in range(len(graph.states)) if state not in reached]
