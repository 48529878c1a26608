"""One process at a time in a campaign's directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emei.commissioning.errors import CampaignError


@contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """CampaignError while another process is in it. What is made of its path and stays empty goes again.

    The lock is the kernel's, on the directory itself: it ends with the process, however that ends.
    """
    made = [path for path in (directory, *directory.parents) if not path.exists()]
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CampaignError(
                f"Another emei commission works in {directory}: wait until it has ended, or give another directory."
            ) from error
        try:
            yield
        finally:
            for path in made:
                if any(path.iterdir()):
                    break
                path.rmdir()
    finally:
        os.close(descriptor)
