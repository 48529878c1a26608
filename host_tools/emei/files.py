"""Files that are whole or not there: what is written stands in full, also when the program or the power ends early."""

import os
from pathlib import Path

_UNFINISHED = ".part"


def write_whole(path: Path, octets: bytes) -> None:
    """In place of what is there. On the disk, with its name, when this returns. OSError leaves what was there."""
    unfinished = path.with_name(path.name + _UNFINISHED)
    try:
        with unfinished.open("wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    keep_name(path)


def keep(path: Path) -> None:
    """Have what is in the file, and its name, on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    keep_name(path)


def keep_name(path: Path) -> None:
    """Have the file's entry in its folder on the disk."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
