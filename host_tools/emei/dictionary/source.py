"""Where the dictionary is, its parsed content, and its canonical hash."""

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

from emei.dictionary.errors import DictionaryError

Content = dict[str, Any]

FILES = (
    "mission",
    "spacecraft",
    "enumerations",
    "layouts",
    "telecommands",
    "reports",
    "events",
    "failures",
    "parameters",
    "housekeeping",
    "modes_sar",
    "modes_optical",
    "guards",
    "monitors",
    "trends",
    "persistent",
    "malformed",
    "zones",
    "science",
)
UNIT_FILES = ("sar", "optical", "power", "recorder")


def default_folder() -> Path:
    """The dictionary of the installed package, or, in a checkout, firmware/dictionary."""
    packaged = Path(__file__).parent / "data"
    if packaged.is_dir():
        return packaged
    checkout = Path(__file__).parents[3] / "firmware" / "dictionary"
    if checkout.is_dir():
        return checkout
    raise DictionaryError(
        f"There is no dictionary in {packaged} nor in {checkout}; install the package again, or run in a checkout."
    )


def read_content(folder: Path) -> Content:
    """The parsed files by name without suffix; those of the units under "units", in the order of the pool."""
    content: Content = {name: _parse(folder, f"{name}.toml") for name in FILES}
    content["units"] = {name: _parse(folder, f"units/{name}.toml") for name in UNIT_FILES}
    return content


def read_schema(folder: Path) -> Content:
    path = folder / "schema.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DictionaryError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise DictionaryError(f"{path} is not JSON: {error}.") from error


def canonical_hash(content: Content) -> bytes:
    """SHA-256 over canonical JSON: what the files say, whatever their comments, order and layout."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).digest()


def _parse(folder: Path, name: str) -> Content:
    try:
        with (folder / name).open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise DictionaryError(f"{folder / name} cannot be read: {error.strerror}.") from error
    except tomllib.TOMLDecodeError as error:
        raise DictionaryError(f"{name} is not TOML: {error}.") from error
