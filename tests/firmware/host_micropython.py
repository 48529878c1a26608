"""The host board's MicroPython, for tests of the firmware's own code."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(__file__).parent / "on_micropython"
MICROPYTHON = ROOT / "build" / "host" / "emei-host"


def micropython_command(script: str) -> list[str]:
    return [str(MICROPYTHON), "-X", "heapsize=256k", str(SCRIPTS / script)]


def micropython_environment() -> dict[str, str]:
    return {**os.environ, "MICROPYPATH": f".frozen:{SCRIPTS}"}


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
