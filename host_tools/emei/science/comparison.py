"""What was found held against what it should be, number by number and name by name."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """One number or name with what it should be. `tolerance` in the unit, either way; a name is the same or not."""

    name: str
    unit: str
    found: float | str
    expected: float | str
    tolerance: float = 0.0
    why: str = "was commanded"

    @property
    def holds(self) -> bool:
        if isinstance(self.found, str) or isinstance(self.expected, str):
            return self.found == self.expected
        return abs(self.found - self.expected) <= self.tolerance

    @property
    def sentence(self) -> str:
        found, expected = (
            " ".join([text if isinstance(text, str) else f"{text:.7g}", self.unit]).rstrip()
            for text in (self.found, self.expected)
        )
        return f"The {self.name} is {found}; {expected} {self.why}."


def differences(rows: Iterable[Comparison]) -> list[str]:
    """A sentence for each that does not hold."""
    return [row.sentence for row in rows if not row.holds]
