"""What is claimed of the explored graph besides that no step breaks a rule."""

from collections.abc import Mapping

from emei.dictionary.load import load
from tests.safety.explorer import Graph, cannot_reach

_FAULT = 2  # weight of an edge that is a fault (on_micropython/edges.py)
_NOBODY = 249  # state.py: no transition under way
_HEALS = ": over"  # a fault that stands, and stands no more (on_micropython/edges.py)
_OF_THE_POWER_UNIT = "the POWER unit"


def modes(instrument: str) -> Mapping[str, int]:
    return {mode.name: mode.value for mode in load().machines[instrument].modes}


def broken_claims(graph: Graph, instrument: str) -> list[str]:
    """Sentences, each with the path to the state it is about; none when all claims hold."""
    if graph.breaches:
        return [_sentence(breach, path) for breach, path in graph.breaches.items()]
    number = modes(instrument)
    sentences = []
    friendly = {edge for edge, weight in enumerate(graph.weights) if weight < _FAULT}
    safe = graph.having({"machine.mode": [number["SAFE"], number["SAFE_UNPOWERED"]]})
    at_rest = graph.having(
        {"machine.mode": [number["OFF"]], "refuse._cause": [0], "machine._target": [_NOBODY], "machine._reaction": [0]}
    )
    off = graph.having({"machine.mode": [number["OFF"]]})
    # With a power unit that is deaf no supply goes off.
    enduring = {edge for edge in friendly if not _heals(graph.labels[edge])}
    for mode, targets, edges in (
        ("SAFE", safe, friendly),
        ("OFF", at_rest, friendly),
        ("SAFE or OFF while a fault stands", safe | off, enduring),
    ):
        if not targets:
            sentences.append(f"no state explored is {mode}")
            continue
        lost = cannot_reach(graph, targets, edges)
        if lost:
            first = min(lost, key=lambda state: len(graph.path(state)))
            claim = f"{mode} cannot be reached any more without a fault ({len(lost)} states)"
            sentences.append(_sentence(claim, graph.labels_to(first)))
    return sentences


def _heals(label: str) -> bool:
    return label.endswith(_HEALS) and not label.startswith(_OF_THE_POWER_UNIT)


def modes_reached(graph: Graph, instrument: str) -> set[str]:
    return {name for name, value in modes(instrument).items() if graph.having({"machine.mode": [value]})}


def modes_not_reached(graph: Graph, instrument: str) -> list[str]:
    """Sentences on modes that the checker did not come to: nothing is proven of them. One takes a fault."""
    missing = modes(instrument).keys() - modes_reached(graph, instrument) - {"SAFE_UNPOWERED"}
    return [f"{mode} was not entered" for mode in sorted(missing)]


def _sentence(what: str, path: list[str]) -> str:
    steps = "\n".join(f"  {step:3d}  {label}" for step, label in enumerate(path, 1))
    return f"{what}, after\n{steps or '  nothing: from the beginning'}"
