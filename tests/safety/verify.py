"""make verify: explore, prove, and show that the checker or a test finds each guard that is weakened."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.safety.alike import differences, not_bisimilar
from tests.safety.claims import broken_claims, modes_not_reached, modes_reached
from tests.safety.explorer import Board, Graph, explore, replay
from tests.safety.replay import REPLAYED, graph_of, replay_faults, replay_side
from tests.safety.replay_plan import Steps
from tests.safety.tested_weakenings import TESTED
from tests.safety.walks import walk
from tests.safety.weakened_firmware import find_by_tests
from tests.safety.weakened_hal import find_in_c
from tests.safety.weakenings import CODE, OPTICAL, SAR, Weakening, firmware_with, table_guards

COUNTER_EXAMPLES = Path(__file__).parent / "counter_examples.json"
LARGEST_STATES = 1_000_000

# A weakening that shows neither without faults nor within this many states is not found.
SEARCH_STATES = 10_000
# How many states are walked to, without faults and with them, and what leaves the rest to the same chance each time.
WALKED_STATES = (300, 1_200)
WALK_SEED = 1
PROFILES = (("SAR", SAR), ("OPTICAL", OPTICAL))
WORKERS = min(2, os.cpu_count() or 1)

Findings = tuple[list[str], bool]  # sentences, and whether all is good


@dataclass(frozen=True)
class Exploration:
    instrument: str
    spacecraft: int
    faults: int
    grain: str = "settled"

    def conditions(self) -> str:
        each = "a cycle" if self.grain == "cycles" else "until all is quiet"
        if self.faults == 0:
            return f"every mode, every guard's condition broken, no faults; a step lasts {each}"
        at_once = "one fault" if self.faults == 1 else f"{self.faults} faults"
        return f"{at_once} at once and a reset at any time, of modes that are alike one; a step lasts {each}"

    def tell(self, how_far: str) -> None:
        """At once, apart from what is said when all is done."""
        print(f"  {self.instrument}: {how_far}", flush=True)


def explore_profile(exploration: Exploration) -> tuple[Graph, list[str], float]:
    """The graph, what is broken in it, and how long it took. With faults each edge tells its outcome for the replay."""
    began_s = time.monotonic()
    script = "outcomes.py" if exploration.faults else "checker.py"
    with ExitStack() as stack:
        boards = [
            stack.enter_context(Board(exploration.spacecraft, exploration.faults, exploration.grain, script=script))
            for _ in range(WORKERS if exploration.faults else 1)
        ]
        graph = explore(boards[0], LARGEST_STATES, tell=exploration.tell, beside=boards[1:])
        alike = boards[0].alike
    took_s = time.monotonic() - began_s
    sentences = broken_claims(graph, exploration.instrument)
    if exploration.faults == 0:
        sentences += modes_not_reached(graph, exploration.instrument)
    if exploration.faults == 0 and exploration.grain == "settled":
        for instrument, group in alike:
            sentences += differences(instrument, group)
        sentences += not_bisimilar(graph, [group for _, group in alike])
    return graph, sentences, took_s


def examine(exploration: Exploration) -> Findings:
    """What was explored, what is broken in it, and what the replay of its faults says; and whether all is good."""
    graph, sentences, took_s = explore_profile(exploration)
    instrument = exploration.instrument
    line = (
        f"{instrument}: {len(graph.states)} states, {len(graph.edge)} transitions, {took_s:.0f} s "
        f"({exploration.conditions()}); modes: {', '.join(sorted(modes_reached(graph, instrument)))}"
    )
    lines = [line, *(f"{instrument}: {sentence}" for sentence in sentences)]
    good = not sentences
    if good and exploration.faults:
        known = Steps(graph)
        good = walk_to_states(instrument, graph, known, exploration.faults, lines.append)
        good = replay_faults(instrument, known, lines.append, exploration.tell) and good
    return lines, good


def walk_to_states(side: str, graph: Graph, known: Steps, faults: int, say: Callable[[str], None]) -> bool:
    """Whether states go on alike, whatever way led to them; says what was found."""
    states = WALKED_STATES[faults > 0]
    steps, sentences = walk(side, graph, known, faults, states, WALK_SEED)
    each = "with a fault" if faults else "without faults"
    say(f"{side}: walks {each} to {states} states: {steps} steps, {len(sentences)} differences to what was explored")
    for sentence in sentences:
        say(f"{side}: {sentence}")
    return not sentences


def find(weakening: Weakening, known: Sequence[str] | None) -> tuple[str, list[str]] | None:
    """The breach and the path to it: the path known from before if it still leads to one, else a new search."""
    removed = [weakening.removed] if weakening.removed else []
    with firmware_with(weakening) as path:
        if known is not None:
            with Board(weakening.spacecraft, 1, "settled", removed, path) as board:
                breach = replay(board, known)
            if breach:
                return breach, list(known)
        for faults in (0, 1):
            with Board(weakening.spacecraft, faults, "settled", removed, path) as board:
                graph = explore(board, SEARCH_STATES, strict=False, first=True)
            for found in graph.breaches.items():
                return found
    return None


def known_counter_examples() -> dict[str, list[str]]:
    """By the weakening's name, the edges that lead to the breach."""
    examples: dict[str, list[str]] = json.loads(COUNTER_EXAMPLES.read_text())
    return examples


def fly(side: str) -> Findings:
    """What walks over a profile's edges say and their replay on the host board, and whether all agreed."""
    lines: list[str] = []
    graph = graph_of(side)
    known = Steps(graph)
    good = walk_to_states(side, graph, known, 0, lines.append)
    good = replay_side(side, known, lines.append) and good
    return lines, good


def say(line: str) -> None:
    print(line, flush=True)


def submit_explorations(pool: ProcessPoolExecutor, explorations: Sequence[Exploration]) -> list[Future[Findings]]:
    """All at once, for the longest takes as long as all the others together."""
    return [
        *(pool.submit(examine, exploration) for exploration in explorations),
        *(pool.submit(fly, side) for side in REPLAYED),
    ]


def all_good(findings: Iterable[Future[Findings]]) -> bool:
    """Say what was found, each as it is done."""
    good = True
    for future in as_completed(findings):
        lines, is_good = future.result()
        print(*lines, sep="\n", flush=True)
        good = good and is_good
    return good


def find_weakenings(pool: ProcessPoolExecutor, only: str, record: bool, tell: Callable[[str], None]) -> bool:
    """Whether each weakening whose name contains `only` is found, by the checker or by its test."""
    weakenings = [weakening for weakening in [*table_guards(), *CODE] if only in weakening.name]
    good = find_all(pool, weakenings, record, tell)
    good = find_by_tests(pool, TESTED, only, tell) and good
    return find_in_c(pool, only, tell) and good


def find_all(
    pool: ProcessPoolExecutor, weakenings: Sequence[Weakening], record: bool, tell: Callable[[str], None]
) -> bool:
    known = known_counter_examples()
    found = 0
    with ExitStack() as stack:
        unweakened = {spacecraft: stack.enter_context(Board(spacecraft, 1)) for _, spacecraft in PROFILES}
        for weakening, future in _submitted(pool, weakenings, known):
            result = future.result()
            if result is None:
                tell(f"not found by the checker: {weakening.name}")
                continue
            breach, path = result
            if replay(unweakened[weakening.spacecraft], path):
                tell(f"a breach without it too: {weakening.name}")
                continue
            found += 1
            barrier = f", with the barrier behind it ({weakening.behind})" if weakening.behind else ""
            tell(f"found: {weakening.name}{barrier}: {breach} ({len(path)} steps)")
            known[weakening.name] = path
    tell(f"weakened guards: {found} of {len(weakenings)} found")
    if record:
        COUNTER_EXAMPLES.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    return found == len(weakenings)


def _submitted(
    pool: ProcessPoolExecutor, weakenings: Sequence[Weakening], known: dict[str, list[str]]
) -> Iterator[tuple[Weakening, Future[tuple[str, list[str]] | None]]]:
    futures = [pool.submit(find, weakening, known.get(weakening.name)) for weakening in weakenings]
    yield from zip(weakenings, futures, strict=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=1, help="faults at once; 0: no exploration with faults")
    parser.add_argument("--only", default="", help="weakenings whose name contains this; no exploration")
    parser.add_argument("--record", action="store_true", help="write the counter-examples that were searched anew")
    options = parser.parse_args()
    ways = dict.fromkeys([(options.faults, "settled"), (0, "settled"), (0, "cycles")])
    explorations = [
        Exploration(instrument, spacecraft, faults, grain)
        for faults, grain in ways
        for instrument, spacecraft in PROFILES
    ]
    with ProcessPoolExecutor(WORKERS) as pool:
        if options.only:
            return 0 if find_weakenings(pool, options.only, options.record, say) else 1
        # The longest exploration keeps one worker busy long after the others are done: the weakenings are for the rest.
        findings = submit_explorations(pool, explorations)
        lines: list[str] = []
        with ThreadPoolExecutor(1) as beside:
            found = beside.submit(find_weakenings, pool, "", options.record, lines.append)
            good = all_good(findings)
            good = found.result() and good
        print(*lines, sep="\n", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
