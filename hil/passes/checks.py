"""Small checks that steps share. Each raises StepFailed with a sentence."""

from collections.abc import Sequence

from emei.packets import Telemetry
from hil.passes.flight import Flight, StepFailed


def require(condition: bool, sentence: str) -> None:
    if not condition:
        raise StepFailed(sentence)


def require_in_order(seen: Sequence[str], wanted: Sequence[str], what: str) -> None:
    """`wanted` came in that order; other labels may lie before, between and after."""
    rest = iter(seen)
    missing = [label for label in wanted if label not in rest]
    require(not missing, f"{what} went through {', '.join(seen) or 'nothing'}; {', then '.join(wanted)} were expected.")


def require_limiters(flight: Flight, closed: Sequence[str], opened: Sequence[str]) -> str:
    """Limiters as the power unit reports them after now."""
    numbers = flight.session.dictionary.enumeration("LIMITER").members
    mask = sum(1 << numbers[name] for name in closed)
    care = mask | sum(1 << numbers[name] for name in opened)
    flight.confirm("POWER_LIMITERS_CLOSED", lambda reading: reading.raw & care == mask)
    return ", ".join([f"{name} closed" for name in closed] + [f"{name} open" for name in opened])


def require_field(report: Telemetry, name: str, expected: object) -> None:
    value = report.fields[name]
    require(value == expected, f"{report.name}: {name} is {value}; {expected} was expected.")
