"""Values with a type: what each may be, as the raw number on the wire and as the physical one.

Physical value = raw value x scale. Ranges (`minimum`, `maximum`) are physical, in `unit`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from functools import cached_property

from emei.dictionary.types import WireType


@dataclass(frozen=True)
class Enumeration:
    """Named values."""

    name: str
    members: Mapping[str, int]

    @cached_property
    def names(self) -> dict[int, str]:
        return {value: name for name, value in self.members.items()}

    def label(self, value: int) -> str:
        """Name of a value; the number itself when it has none."""
        return self.names.get(value, str(value))


@dataclass(frozen=True)
class Value:
    """One typed value, whatever holds it: argument, report field, parameter or register.

    `modes_of` names the field beside it that says whose mode this one is.
    """

    name: str
    type: WireType
    unit: str = ""
    scale: Decimal = Decimal(1)
    enumeration: Enumeration | None = None
    minimum: float | None = None
    maximum: float | None = None
    default: float | str | None = None
    list_max: int = 0
    format: str = ""
    modes_of: str = ""
    help: str = ""

    @cached_property
    def raw_minimum(self) -> int:
        return self.type.minimum if self.minimum is None else self.raw_at_least(self.minimum)

    @cached_property
    def raw_maximum(self) -> int:
        return self.type.maximum if self.maximum is None else self.raw_at_most(self.maximum)

    @property
    def whole_range(self) -> bool:
        """Is every raw value of the type allowed?"""
        return self.raw_minimum <= self.type.minimum and self.raw_maximum >= self.type.maximum

    def to_raw(self, physical: float | Decimal) -> int:
        """Nearest raw value, ties to even; not range-checked."""
        return self._rounded(physical, ROUND_HALF_EVEN)

    def raw_at_least(self, physical: float | Decimal) -> int:
        """The lowest raw value that is not below."""
        return self._rounded(physical, ROUND_CEILING)

    def raw_at_most(self, physical: float | Decimal) -> int:
        """The highest raw value that is not above."""
        return self._rounded(physical, ROUND_FLOOR)

    def to_physical(self, raw: int) -> float | int:
        """An integer when the scale is 1, else a float with no digits the scale cannot give."""
        return raw if self.scale == 1 else float(raw * self.scale)

    def _rounded(self, physical: float | Decimal, rounding: str) -> int:
        return int((Decimal(str(physical)) / self.scale).to_integral_value(rounding))


class Argument(Value):
    """Argument of a telecommand. `list_max` > 0: a count (u8) and that many values at most."""


class Field(Value):
    """Field of a report, an event or a layout."""


@dataclass(frozen=True)
class Parameter(Value):
    """Parameter of the pool. `index` is its PUS parameter ID; `owner` the unit it is read from, if any."""

    index: int = 0
    fresh_ms: int = 0
    owner: str = ""


@dataclass(frozen=True)
class Register(Value):
    """Register of a unit at `offset` octets within its block."""

    offset: int = 0
    address: int = 0
