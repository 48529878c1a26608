"""The directory a bench records into: of one run at a time, and empty of the run before."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hil.errors import BenchError
from hil.model import ROOT

_OF_A_BENCH = ".bench"  # marks a directory whose files are a bench's, to be removed by the next run


@contextmanager
def run_directory(directory: Path) -> Iterator[Path]:
    """Make the directory, keep other runs out of it, and remove the files of the run before.

    BenchError when another run uses it or it holds files of somebody else, OSError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BenchError(f"A bench is running in {directory}: end it first.") from error
        if not _is_of_a_bench(directory) and any(not item.is_dir() for item in directory.iterdir()):
            raise BenchError(f"{directory} holds files that are no bench's: empty it, or give another directory.")
        fresh_directory(directory)
        (directory / _OF_A_BENCH).touch()
        yield directory
    finally:
        os.close(descriptor)


def _is_of_a_bench(directory: Path) -> bool:
    """What is in build/ is made, and can be made again."""
    return (directory / _OF_A_BENCH).exists() or directory.resolve().is_relative_to(ROOT / "build")


def fresh_directory(directory: Path) -> Path:
    """The directory, made if need be, without the files of the run before."""
    directory.mkdir(parents=True, exist_ok=True)
    for item in directory.iterdir():
        if not item.is_dir() or item.is_symlink():
            item.unlink()
    return directory
