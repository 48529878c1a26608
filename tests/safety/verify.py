"""make verify: explore, prove, and show that the checker finds each guard that is weakened."""

import argparse
import json
import sys
import time
from pathlib import Path

from tests.safety.claims import broken_claims, modes_reached
from tests.safety.explorer import Board, Graph, explore, replay
from tests.safety.weakenings import CODE, OPTICAL, SAR, Weakening, firmware_with, table_guards

COUNTER_EXAMPLES = Path(__file__).parent / "counter_examples.json"
LARGEST_STATES = 100_000

# A weakening that shows neither without faults nor within this many states is not found.
SEARCH_STATES = 4000
PROFILES = (("SAR", SAR), ("OPTICAL", OPTICAL))


def explore_profile(spacecraft: int, faults: int, grain: str = "settled") -> tuple[Graph, float]:
    began_s = time.monotonic()
    with Board(spacecraft, faults, grain) as board:
        graph = explore(board, LARGEST_STATES)
    return graph, time.monotonic() - began_s


def find(weakening: Weakening, known: dict[str, list[str]]) -> tuple[str, list[str]] | None:
    """The breach and the path to it: the path known from before if it still leads to one, else a new search."""
    removed = [weakening.removed] if weakening.removed else []
    with firmware_with(weakening) as path:
        if weakening.name in known:
            with Board(weakening.spacecraft, 1, "settled", removed, path) as board:
                breach = replay(board, known[weakening.name])
            if breach:
                return breach, known[weakening.name]
        for faults in (0, 1):
            with Board(weakening.spacecraft, faults, "settled", removed, path) as board:
                graph = explore(board, SEARCH_STATES, strict=False)
            if graph.breach:
                return graph.breach, graph.breach_path
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=0, help="standing faults at once (0: no faults at all)")
    parser.add_argument("--code", action="store_true", help="weaken the interlocks in the code too; takes long")
    parser.add_argument("--only", default="", help="weakenings whose name contains this; no exploration")
    parser.add_argument("--record", action="store_true", help="write the counter-examples that were searched anew")
    options = parser.parse_args()
    failed = False
    for instrument, spacecraft in PROFILES if not options.only else ():
        for faults, grain in dict.fromkeys([(0, "settled"), (options.faults, "settled")]):
            graph, took_s = explore_profile(spacecraft, faults, grain)
            kinds = (
                f"{faults} standing fault{'s' if faults != 1 else ''} at once and every passing one"
                if faults
                else "no faults"
            )
            each = "a cycle" if grain == "cycles" else "until all is quiet"
            print(
                f"{instrument}: {len(graph.states)} states, {len(graph.edge)} transitions, {took_s:.0f} s "
                f"({kinds}; a step lasts {each}); modes: {', '.join(sorted(modes_reached(graph, instrument)))}",
                flush=True,
            )
            for sentence in broken_claims(graph, instrument):
                print(f"{instrument}: {sentence}")
                failed = True
    known = json.loads(COUNTER_EXAMPLES.read_text()) if COUNTER_EXAMPLES.exists() else {}
    weakenings = [
        weakening for weakening in [*table_guards(), *(CODE if options.code else ())] if options.only in weakening.name
    ]
    found = 0
    for weakening in weakenings:
        result = find(weakening, known)
        if result is None:
            print(f"not found by the checker: {weakening.name}", flush=True)
            failed = True
            continue
        found += 1
        breach, path = result
        print(f"found: {weakening.name}: {breach} ({len(path)} steps)", flush=True)
        if options.record:
            known[weakening.name] = path
            COUNTER_EXAMPLES.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    print(f"weakened guards: {found} of {len(weakenings)} found")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
