"""Orders and answers as JSON lines with a process of the bench, one answer an order."""

import json
import os
import select
import subprocess
import time
from pathlib import Path
from typing import Any

from hil.errors import BenchError

ANSWER_TIMEOUT_S = 10.0


class Conversation:
    """With a process that was started with `conversation=True`. `name` is used in sentences."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.process = process
        self.log = log
        self._received = b""

    def ask(self, **order: object) -> dict[str, Any]:
        """Send an order and return the answer. BenchError when there is none; ValueError when it is an error."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise self._ended() from error
        answer = self.answer()
        if "error" in answer:
            raise ValueError(f"{self.name}: {answer['error']}")
        return answer

    def answer(self, timeout_s: float = ANSWER_TIMEOUT_S) -> dict[str, Any]:
        """The next line of the process."""
        assert self.process.stdout is not None
        until_s = time.monotonic() + timeout_s
        while b"\n" not in self._received:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, until_s - time.monotonic()))
            if not ready:
                raise BenchError(f"The {self.name} did not answer within {timeout_s:g} s: see {self.log}.")
            octets = os.read(self.process.stdout.fileno(), 65536)
            if not octets:
                raise self._ended()
            self._received += octets
        line, _, self._received = self._received.partition(b"\n")
        return dict(json.loads(line))

    def _ended(self) -> BenchError:
        text = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        return BenchError(f"The {self.name} ended{': ' + text[-1] if text else ''} (log: {self.log}).")
