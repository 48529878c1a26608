"""How many kinds of edges at most cannot be taken, may come too late, not be tried, or have differed on a long flight.

Each number is what the whole graph gives, and why no board can do better. More than that fails make verify.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ceiling:
    """Largest numbers of kinds. `too_late` counts those behind one that is too late as well; `impossible` are those of
    which replay_acts.impossible() says why.
    """

    impossible: int
    too_late: int
    not_tried: int
    differed_later: int


# By profile, and whether the kinds are those that come with faults. Nothing has to come too late or to differ: a bench
# gives every unit the time for what follows (replay_board.py), and what time brings by itself is noted as a limit.
CEILINGS = {
    # Impossible: START for a table of another mode, a call that the service, which takes the mode from the slot, never
    # makes.
    ("SAR", False): Ceiling(impossible=18, too_late=0, not_tried=0, differed_later=0),
    ("SAR", True): Ceiling(impossible=6, too_late=0, not_tried=0, differed_later=0),
    # Impossible: the time limit of a decontamination.
    ("OPTICAL", False): Ceiling(impossible=1, too_late=0, not_tried=0, differed_later=0),
    ("OPTICAL", True): Ceiling(impossible=1, too_late=0, not_tried=0, differed_later=0),
}


def compared(side: str, faults: bool, found: Ceiling, is_whole: bool = True) -> tuple[bool, Sequence[str]]:
    """Whether no number is beyond its ceiling, and a sentence on each that is, or that is below it in a whole graph."""
    lines = []
    is_good = True
    place = f'CEILINGS["{side}", {faults}] in tests/safety/replay_ceilings.py'
    for name, count in vars(found).items():
        largest = getattr(CEILINGS[side, faults], name)
        if count > largest:
            is_good = False
            lines.append(
                f"{side}: {count} kinds are {name}, {largest} at most: see which are new, then mend or raise {place}"
            )
        elif count < largest and is_whole:
            lines.append(f"{side}: {count} kinds are {name}, fewer than {largest}: {place} can be lowered")
    return is_good, lines
