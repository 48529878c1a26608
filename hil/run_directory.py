"""The directory a bench records into: of one run at a time, and empty of the run before."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hil.errors import BenchError


@contextmanager
def run_directory(directory: Path) -> Iterator[Path]:
    """Make the directory, keep other runs out of it, and remove the files of the run before. BenchError, OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BenchError(f"A bench is running in {directory}: end it first.") from error
        yield fresh_directory(directory)
    finally:
        os.close(descriptor)


def fresh_directory(directory: Path) -> Path:
    """The directory, made if need be, without the files of the run before."""
    directory.mkdir(parents=True, exist_ok=True)
    for item in directory.iterdir():
        if not item.is_dir() or item.is_symlink():
            item.unlink()
    return directory
