"""Generate what the firmware reads of the dictionary: C headers and tables, and frozen MicroPython tables.

    python -m emei.dictionary.generate --out build/gen

A file is written only when its content changed, so that builds redo no more than they must.
"""

import argparse
import sys
from pathlib import Path

from emei.dictionary.errors import DictionaryError
from emei.dictionary.generate_c import c_files
from emei.dictionary.generate_firmware import firmware_files
from emei.dictionary.load import load
from emei.dictionary.model import Dictionary


def generate(dictionary: Dictionary, out: Path) -> list[Path]:
    """Write every generated file below `out`; the paths of those that changed."""
    files = c_files(dictionary) | firmware_files(dictionary)
    return [out / name for name, text in files.items() if _write(out / name, text)]


def _write(path: Path, text: str) -> bool:
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m emei.dictionary.generate", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for the generated files")
    parser.add_argument("--dictionary", type=Path, help="folder of the dictionary, if not the packaged one")
    options = parser.parse_args(arguments)
    try:
        changed = generate(load(options.dictionary), options.out)
    except DictionaryError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{error.filename} cannot be written: {error.strerror}.\n")
        return 1
    for path in changed:
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
