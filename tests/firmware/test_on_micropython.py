"""Runs the firmware's unit tests where the firmware runs: on MicroPython, 32-bit, with 256 KB of heap."""

import re
import subprocess

import pytest

from tests.firmware.host_micropython import SCRIPTS, micropython_command, micropython_environment


@pytest.mark.parametrize("script", sorted(path.name for path in SCRIPTS.glob("test_*.py")))
def test_script(script: str) -> None:
    result = subprocess.run(
        micropython_command(script),
        env=micropython_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    output = result.stdout + result.stderr
    summary = re.search(r"^(\d+) passed, (\d+) failed$", result.stdout, re.MULTILINE)
    assert summary, f"{script} came to no end:\n{output}"
    assert result.returncode == 0 and summary[2] == "0" and int(summary[1]) > 0, output
