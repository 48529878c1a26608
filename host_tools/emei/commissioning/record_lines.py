"""Lines of a campaign's record as read from the file: each key and value checked before anything is made of them."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from emei.commissioning.errors import CampaignError

Line = dict[str, Any]

_LONGEST_SHOWN = 60
# Records from before science data were measured have neither.
_OPTIONAL = ("files", "pictures")


@dataclass(frozen=True)
class Allowed:
    """What a value may be: in words, and as a test."""

    words: str
    holds: Callable[[Any], bool]


def one_of(*names: str) -> Allowed:
    return Allowed(f"one of {', '.join(names)}", lambda value: isinstance(value, str) and value in names)


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or (type(value) is int and abs(value) <= sys.float_info.max)


def is_text(value: Any) -> bool:
    """Does a value stand as it is in a report? JSON also carries halves of surrogate pairs, which no UTF-8 gives."""
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _is_time(value: Any) -> bool:
    try:
        return is_text(value) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def _is_file(value: Any) -> bool:
    return is_text(value) and bool(value) and Path(value).name == value


_TEXT = Allowed("a text in UTF-8", is_text)
_TIME = Allowed("an ISO 8601 time", _is_time)
_LIMIT = Allowed("a number or null", lambda value: value is None or _is_number(value))
_SWITCH = Allowed("true or false", lambda value: isinstance(value, bool))
_FILES = Allowed(
    "a list of files beside the record", lambda value: isinstance(value, list) and all(map(_is_file, value))
)
_PICTURES = Allowed(
    "a table of captions by files beside the record",
    lambda value: isinstance(value, dict) and all(_is_file(name) and is_text(text) for name, text in value.items()),
)
_TABLES = Allowed(
    "a list of tables", lambda value: isinstance(value, list) and all(isinstance(item, dict) for item in value)
)
_HEAD = {"campaign": _TEXT, "spacecraft": _TEXT}
_MEASURED = {
    "name": _TEXT,
    "value": _LIMIT,
    "unit": _TEXT,
    "minimum": _LIMIT,
    "maximum": _LIMIT,
    "passed": _SWITCH,
}


def read_lines(path: Path) -> list[Line]:
    """Every whole line, the first of them checked; what was cut off by a crash is left out. CampaignError."""
    if not path.exists():
        raise CampaignError(f"There is no campaign's record in {path.parent}.")
    lines = []
    for number, text in enumerate(path.read_bytes().splitlines(keepends=True), 1):
        if not text.endswith(b"\n"):
            break
        try:
            line = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _no_line(path, number) from error
        if not isinstance(line, dict):
            raise _no_line(path, number)
        lines.append(line)
    if not lines:
        raise CampaignError(f"{path} is empty: remove it to begin anew.")
    _require(path, 1, _problems(lines[0], _HEAD))
    return lines


def require_line(path: Path, number: int, line: Line, steps: Sequence[str], ends: Sequence[str]) -> None:
    """CampaignError, one sentence, unless all of a line after the first is as it may be, for the campaign's steps."""
    step = one_of(*steps)
    kinds = {
        "begin": {"begin": step, "utc": _TIME, "dictionary_hash": _TEXT},
        "waive": {"waive": step, "utc": _TIME, "reason": _TEXT},
        "end": {
            "end": step,
            "state": one_of(*ends),
            "utc": _TIME,
            "reason": _TEXT,
            "measured": _TABLES,
            "files": _FILES,
            "pictures": _PICTURES,
        },
    }
    kind = next((checks for key, checks in kinds.items() if key in line), None)
    if kind is None:
        raise _no_line(path, number)
    _require(path, number, _problems(line, kind))
    for place, item in enumerate(line.get("measured", ()), 1):
        _require(path, number, _problems(item, _MEASURED, f"measured #{place}, "))


def refused(path: Path, number: int, problem: str) -> CampaignError:
    return CampaignError(f"{path}, line {number}: {problem}.")


def _problems(entry: Mapping[str, Any], checks: Mapping[str, Allowed], where: str = "") -> Iterator[str]:
    for key, allowed in checks.items():
        if key not in entry:
            if key not in _OPTIONAL:
                yield f"{where}{key} is missing; {allowed.words} is allowed"
        elif not allowed.holds(entry[key]):
            shown = json.dumps(entry[key])
            if len(shown) > _LONGEST_SHOWN:
                shown = f"{shown[:_LONGEST_SHOWN]}..."
            yield f"{where}{key} is {shown}; {allowed.words} is allowed"
    for key in entry:
        if key not in checks:
            yield f"{where}{key[:_LONGEST_SHOWN]!r} is not known here; {', '.join(checks)} are allowed"


def _require(path: Path, number: int, problems: Iterator[str]) -> None:
    """The first problem tells enough of a damaged line."""
    problem = next(problems, None)
    if problem:
        raise refused(path, number, problem)


def _no_line(path: Path, number: int) -> CampaignError:
    return CampaignError(f"{path}, line {number} is not a line of a campaign's record.")
