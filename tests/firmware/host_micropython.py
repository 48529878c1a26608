"""The host board's MicroPython, for tests of the firmware's own code."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(__file__).parent / "on_micropython"
MICROPYTHON = ROOT / "build" / "host" / "emei-host"


def micropython_command(script: str, *tests: str, heap: str = "256k") -> list[str]:
    """Run a script, of a file of tests those that are named, else all."""
    return [str(MICROPYTHON), "-X", f"heapsize={heap}", str(SCRIPTS / script), *tests]


def micropython_environment(path: str = ".frozen") -> dict[str, str]:
    """`path`: where the firmware is found."""
    return {**os.environ, "MICROPYPATH": f"{path}:{SCRIPTS}"}


class CodecServer:
    """The firmware's codec, asked one line at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            micropython_command("codec_server.py"),
            env=micropython_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def ask(self, *words: object) -> str:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(" ".join(str(word) for word in words) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the codec ended on {words}"
        return answer.strip()

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()
