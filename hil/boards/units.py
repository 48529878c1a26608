"""The unit simulators as a process of their own (hil/units.py), asked by JSON lines."""

import base64
import sys
from collections.abc import Mapping
from pathlib import Path

from hil import process
from hil.conversation import Conversation
from hil.model import ROOT, Edge


class UnitsProcess:
    """See hil.model.Units."""

    def __init__(self, directory: Path, settings: Mapping[str, int], epoch_s: float) -> None:
        log = directory / "units.log"
        self._process = process.start([sys.executable, "-m", "hil.units"], log, directory=ROOT, conversation=True)
        self._conversation = Conversation("unit simulators", self._process, log)

    def force(self, name: str, value: float) -> None:
        self._conversation.ask(force=name, value=value)

    def release(self, name: str) -> None:
        self._conversation.ask(release=name)

    def observe(self, name: str) -> float:
        return float(self._conversation.ask(observe=name)["value"])

    def recorder_file(self, entry_id: int) -> bytes:
        return base64.b64decode(self._conversation.ask(recorder_file=entry_id)["octets"])

    def edges(self) -> list[Edge]:
        return []

    def alarm(self, on: bool) -> None:
        self._conversation.ask(alarm=on)

    def stop(self) -> None:
        process.stop(self._process)
