"""Load the dictionary: parse, check against the schema and for sense, build the objects."""

from functools import cache
from pathlib import Path

from emei.dictionary.build import build
from emei.dictionary.consistency import check_content
from emei.dictionary.errors import DictionaryError
from emei.dictionary.model import Dictionary
from emei.dictionary.source import default_folder, read_content, read_schema


def load(folder: Path | str | None = None) -> Dictionary:
    """The checked dictionary of a folder (default: the one this package came with). Raises DictionaryError."""
    return _load(Path(folder) if folder else default_folder())


@cache
def _load(folder: Path) -> Dictionary:
    content = read_content(folder)
    problems = check_content(content, read_schema(folder))
    if problems:
        raise DictionaryError(*problems)
    return build(content)
