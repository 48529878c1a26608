"""Do all ways to a state go on alike? The explorer looks at what follows a state from the first way that led there.

What on_micropython/state.py leaves out of a state must steer nothing. Walks take long ways through the explored graph,
and from where a walk came to each step is taken: it must end in the state that the graph says, and tell the same. As
the replay, a walk takes steps from quiet state to quiet state (replay_plan.py): how many cycles are left of a retry is
no part of a state, and within a step what comes before what may hang on that.

    python -m tests.safety.walks --only SAR --faults 3000 --states 500 --seed 7
"""

import argparse
import random
import sys
from collections import Counter

from emei.dictionary.load import load
from tests.safety.explorer import Board, Graph, explore
from tests.safety.replay_board import SPACECRAFT
from tests.safety.replay_plan import Follower, Look, Step, Steps

STEPS_OF_A_WALK = 60
# Words of an outcome that tell the way as well as the state: of the table in the slot, which, where it is all one to a
# data take. Events of retries, whose number is of the way too. How many telecommands wait until an instrument is safe
# is no part of a state, and so is not whether one more may be sent (on_micropython/edges.py).
_OF_THE_WAY = ("cycles", "cause", "slot")
_OF_RETRIES = ("LIMITER_SWITCHED", "LIMITER_STAYS_CLOSED")
_WAITS_ONLY = "SET_MODE SAFE"


class Walks:
    """Over the steps of a graph that was explored with outcomes.py, by a board like those that explored it."""

    def __init__(self, board: Board, graph: Graph, known: Steps, seed: int) -> None:
        self._graph = graph
        self._known = known
        self._follower = Follower(board)
        self._chance = random.Random(seed)
        self._visits: Counter[int] = Counter()
        self._events = {event.id: event.name for event in load().events.values()}
        self._found: dict[str, str] = {}
        self._here = known.at_rest(0)
        self._walk: list[str] = []
        self.steps = 0

    def go(self, states: int) -> list[str]:
        """Walk to so many states; a sentence on each difference between what is done and what the graph says.

        A walk goes on where the walks have been least, by chance among those, and does not leave the graph, which may
        end somewhere.
        """
        for _ in range(states):
            self._visits[self._here] += 1
            onward = [step for step in self._steps() if self._does_as_said(step)]
            if onward and len(self._walk) < STEPS_OF_A_WALK:
                least = min(self._visits[step.target] for step in onward)
                chosen = self._chance.choice([step for step in onward if self._visits[step.target] == least])
                self._follower.step(chosen.label)
                self._walk.append(chosen.label)
                self._here = chosen.target
            else:
                self._follower.begin_anew()
                self._walk, self._here = [], self._known.at_rest(0)
        return list(self._found.values())

    def _steps(self) -> list[Step]:
        """What the graph says of the edges that can be taken, which must be those that it has."""
        enabled, said = self._follower.enabled(), set(self._known.edges(self._here))
        for edge in enabled ^ said:
            if self._graph.labels[edge] != _WAITS_ONLY:
                label = self._graph.labels[edge]
                self._tell(label, label, "it can be taken after one of them only")
        return [step for edge in sorted(enabled & said) if (step := self._known.step(self._here, edge))]

    def _does_as_said(self, step: Step) -> bool:
        self.steps += 1
        look = self._follower.look(step.label)
        self._follower.leave(look)
        differences = [*self._in_reports(step, look.step), *self._in_states(step, look)]
        if differences:
            self._tell(" ".join(differences), step.label, " ".join(differences))
        return not differences

    def _tell(self, what: str, label: str, differences: str) -> None:
        """The first step of which this is to be told, with both ways."""
        self._found.setdefault(
            what,
            f"{label} does otherwise after two ways to one state: {differences}\n"
            f"  after {'; '.join(self._walk)}\n"
            f"  and after {'; '.join(self._graph.labels_to(self._here))}",
        )

    def _in_reports(self, said: Step, seen: Step) -> list[str]:
        once = Counter(said.events), Counter(seen.events)
        found = [self._events[event] for event in [*(once[0] - once[1]), *(once[1] - once[0])]]
        found = [name for name in found if name not in _OF_RETRIES]
        found += sorted({*said.failures} ^ {*seen.failures})
        if said.begins != seen.begins:
            found.append("transmit-enable")
        names = [name for name in said.after if name not in _OF_THE_WAY]
        return found + [name for name in names if said.after[name] != seen.after.get(name)]

    def _in_states(self, said: Step, look: Look) -> list[str]:
        """Fields of the state that differ; behind them are places of generators, as many as there are."""
        expected = self._graph.states[said.target]
        if expected == look.state:
            return []
        names = self._graph.fields
        fields = [name for place, name in enumerate(names) if expected[place] != look.state[place]]
        return fields or ["where a generator stands"]


def walk(side: str, graph: Graph, known: Steps, faults: int, states: int, seed: int) -> tuple[int, list[str]]:
    """How many steps were taken on so many states' ways, and what Walks.go() says of them."""
    with Board(SPACECRAFT[side], faults, script="outcomes.py") as board:
        walks = Walks(board, graph, known, seed)
        sentences = walks.go(states)
    return walks.steps, sentences


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(SPACECRAFT), required=True, help="profile")
    parser.add_argument("--faults", type=int, default=0, help="with faults, over the first so many states explored")
    parser.add_argument("--states", type=int, default=300, help="how many states to walk to")
    parser.add_argument("--seed", type=int, default=0, help="of what is left to chance")
    options = parser.parse_args()
    faults = 1 if options.faults else 0
    with Board(SPACECRAFT[options.only], faults, script="outcomes.py") as board:
        graph = explore(board, options.faults or 100_000, strict=not faults)
    steps, sentences = walk(options.only, graph, Steps(graph), faults, options.states, options.seed)
    print(*sentences, f"{steps} steps at {options.states} states, seed {options.seed}", sep="\n")
    return 1 if sentences else 0


if __name__ == "__main__":
    sys.exit(main())
