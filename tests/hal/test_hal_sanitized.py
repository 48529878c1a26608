"""Every test of this directory again, on a HAL built with address and undefined-behaviour sanitizers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hal import hal_board


def libasan() -> str:
    return subprocess.run(
        ["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.skipif(hal_board.SANITIZED, reason="this is the sanitized run")
def test_under_the_sanitizers() -> None:
    hal_board.build.build(sanitize=True)
    environment = {
        **os.environ,
        "EMEI_SANITIZE": "1",
        "LD_PRELOAD": libasan(),
        "ASAN_OPTIONS": "detect_leaks=0",
        "PYTHONMALLOC": "malloc",  # so that buffers made in Python are watched too
    }
    here = str(Path(__file__).parent)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", here],
        env=environment,
        cwd=hal_board.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
