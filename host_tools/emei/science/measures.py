"""Numbers by name out of the science data of one or several data takes, as commissioning holds them against limits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from emei.dictionary import Dictionary
from emei.science.errors import ScienceError
from emei.science.optical_measures import OPTICAL_MEASURES, OPTICAL_MEASURES_OF_SEVERAL
from emei.science.optical_quicklook import OpticalQuicklook
from emei.science.quicklook import SarQuicklook
from emei.science.sar_measures import SAR_MEASURES, SAR_MEASURES_OF_SEVERAL

Look = SarQuicklook | OpticalQuicklook
L = TypeVar("L", SarQuicklook, OpticalQuicklook)


@dataclass(frozen=True)
class Measure:
    """One number of an instrument's data. `of_several`: of all data takes of a step together, else of one.

    `of` raises ScienceError, a sentence, when the data do not show it.
    """

    instrument: str
    unit: str
    what: str
    of_several: bool
    of: Callable[[Sequence[Look], Dictionary], float]


def _own(kind: type[L], instrument: str, looks: Sequence[Look]) -> list[L]:
    found = [look for look in looks if isinstance(look, kind)]
    if len(found) != len(looks) or not found:
        raise ScienceError(f"There are no science data of the {instrument} instrument.")
    return found


def _alone(kind: type[L], instrument: str, row: tuple[str, str, Callable[[L, Dictionary], float]]) -> Measure:
    unit, what, function = row

    def of(looks: Sequence[Look], dictionary: Dictionary) -> float:
        return function(_own(kind, instrument, looks)[0], dictionary)

    return Measure(instrument, unit, what, False, of)


def _together(
    kind: type[L], instrument: str, row: tuple[str, str, Callable[[Sequence[L], Dictionary], float]]
) -> Measure:
    unit, what, function = row

    def of(looks: Sequence[Look], dictionary: Dictionary) -> float:
        return function(_own(kind, instrument, looks), dictionary)

    return Measure(instrument, unit, what, True, of)


MEASURES: Mapping[str, Measure] = {
    **{name: _alone(SarQuicklook, "SAR", row) for name, row in SAR_MEASURES.items()},
    **{name: _together(SarQuicklook, "SAR", row) for name, row in SAR_MEASURES_OF_SEVERAL.items()},
    **{name: _alone(OpticalQuicklook, "OPTICAL", row) for name, row in OPTICAL_MEASURES.items()},
    **{name: _together(OpticalQuicklook, "OPTICAL", row) for name, row in OPTICAL_MEASURES_OF_SEVERAL.items()},
}
