"""What goes wrong with a dictionary, and nearest names."""

from collections.abc import Iterable
from difflib import get_close_matches

_MOST_LISTED = 20
_CLOSEST = 5


class DictionaryError(Exception):
    """The dictionary is missing or wrong. One sentence a problem in `problems`."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class UnknownName(LookupError):
    """A name that is not in the dictionary; the text is a sentence with the nearest name."""

    def __str__(self) -> str:
        return str(self.args[0])


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name most like `name` whatever its case, or None when nothing is like it."""
    by_fold = {known.casefold(): known for known in names}
    close = get_close_matches(name.casefold(), list(by_fold), n=1, cutoff=0.5)
    return by_fold[close[0]] if close else None


def instead_of(name: str, names: Iterable[str]) -> str:
    """The end of a sentence that no `name` is there: the name that was meant, else all there are, else the nearest."""
    known = list(names)
    if nearest(name, known) or not known:
        return did_you_mean(name, known)
    if len(known) <= _MOST_LISTED:
        return f", only {', '.join(known)}."
    by_fold = {item.casefold(): item for item in known}
    close = get_close_matches(name.casefold(), list(by_fold), n=_CLOSEST, cutoff=0)
    return f"; the closest are {', '.join(by_fold[item] for item in close)}."


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """The end of a sentence: "; did you mean X?", or a full stop when nothing is near."""
    near = nearest(name, names)
    return f"; did you mean {near}?" if near else "."
