"""Modes that are explored once for all: shown to be alike, in the dictionary, in the sources and in what they do.

With faults, one mode of each group is entered (on_micropython/edges.py says which groups). In the dictionary their
rows differ in numbers only; the sources name them where a request is checked and nowhere after; and without faults,
where all are entered, exchanging them changes nothing: the explored graph is bisimilar to itself under it.
"""

import re
from collections.abc import Mapping, Sequence

from emei.dictionary.load import load
from tests.safety.explorer import ROOT, Graph

# Where a mode of a group may be named: what a request or a table must be like, before anything is done.
_MAY_NAME = ("instruments/acquisition_table.py", "instruments/optical_image.py")


def differences(instrument: str, group: Sequence[str]) -> list[str]:
    """What the dictionary or the sources say of one mode of a group and not of another."""
    dictionary = load()
    machine = dictionary.machines[instrument]
    rows = {
        name: sorted(
            (sorted(row.sources), row.procedure, row.guards, row.time_limit_ms)
            for row in machine.transitions
            if row.target == name
        )
        for name in group
    }
    kinds = {mode.name: mode.kind for mode in machine.modes}
    found = [f"{name}: another row or kind than {group[0]}" for name in group if rows[name] != rows[group[0]]]
    found += [f"{name}: another kind than {group[0]}" for name in group if kinds[name] != kinds[group[0]]]
    for monitor in dictionary.monitors.values():
        if monitor.instrument == instrument and len({name in monitor.modes for name in group}) > 1:
            found.append(f"monitor {monitor.name} applies in some of {', '.join(group)}")
    pattern = re.compile(rf"enums\.{instrument}_MODE_({'|'.join(group)})\b")
    payload = ROOT / "firmware" / "payload"
    for source in sorted(payload.rglob("*.py")):
        name = str(source.relative_to(payload))
        if name not in _MAY_NAME and pattern.search(source.read_text()):
            found.append(f"{name} names one of {', '.join(group)}")
    return found


def not_bisimilar(graph: Graph, groups: Sequence[Sequence[str]]) -> list[str]:
    """Sentences on edges that do otherwise for one mode of a group than for another; none when all are alike."""
    stands_for = {name: group[0] for group in groups for name in group}
    labels = [_renamed(label, stands_for) for label in graph.labels]
    classes = [0] * len(graph.states)
    edges_of: list[list[int]] = [[] for _ in graph.states]
    for number, source in enumerate(graph.source):
        edges_of[source].append(number)
    count = 0
    while True:
        numbers: dict[tuple[int, frozenset[tuple[str, str, int]]], int] = {}
        finer = []
        for state, edges in enumerate(edges_of):
            what = frozenset(
                (labels[graph.edge[edge]], graph.seen[edge], classes[graph.target[edge]]) for edge in edges
            )
            finer.append(numbers.setdefault((classes[state], what), len(numbers)))
        classes = finer
        if len(numbers) == count:
            break
        count = len(numbers)
    sentences = []
    for edges in edges_of:
        outcome: dict[str, tuple[str, int]] = {}
        for edge in edges:
            label = labels[graph.edge[edge]]
            what_then = (graph.seen[edge], classes[graph.target[edge]])
            if outcome.setdefault(label, what_then) != what_then:
                sentences.append(f"{graph.labels[graph.edge[edge]]} does otherwise than {label}")
    return sorted(set(sentences))


def _renamed(label: str, stands_for: Mapping[str, str]) -> str:
    words = re.split(r"(\W+)", label)
    if words[0] == "START":
        words = [stands_for.get(word, word) for word in words]
    return "".join(words)
