"""Check the dictionary.

python -m emei.dictionary.check [FOLDER]
"""

import sys
from pathlib import Path

from emei.dictionary.consistency import check_content
from emei.dictionary.errors import DictionaryError
from emei.dictionary.source import canonical_hash, default_folder, read_content, read_schema


def main(arguments: list[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    try:
        folder = Path(given[0]) if given else default_folder()
        content = read_content(folder)
        problems: tuple[str, ...] = tuple(check_content(content, read_schema(folder)))
    except DictionaryError as error:
        problems = error.problems
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    if not problems:
        sys.stdout.write(f"dictionary good, hash {canonical_hash(content).hex()[:8]}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
