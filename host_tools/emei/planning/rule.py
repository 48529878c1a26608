"""One constraint of a design, and how much it holds by."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """It holds while the margin, in the unit, is not negative."""

    name: str
    margin: float
    unit: str

    @property
    def holds(self) -> bool:
        return self.margin >= 0
