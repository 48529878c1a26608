"""The unit simulators as a process of their own (hil/units.py), asked by JSON lines."""

import base64
import json
import sys
from pathlib import Path

from hil import process
from hil.conversation import Conversation
from hil.model import ROOT, Description, Edge

UNIT_LINES = ("bus", "discrete")


class UnitsProcess:
    """See hil.model.Units. `directory` holds the broker's lines; `epoch_s` is bench time 0 on CLOCK_MONOTONIC."""

    def __init__(self, directory: Path, description: Description, epoch_s: float) -> None:
        settings = {
            "epoch_s": epoch_s,
            "units": dict(description.units),
            "lines": {
                line: {"port": str(directory / line), "bit_rate_baud": description.bit_rates_baud[line]}
                for line in UNIT_LINES
            },
        }
        log = directory / "units.log"
        arguments = [sys.executable, "-m", "hil.units", json.dumps(settings)]
        self._process = process.start(arguments, log, directory=ROOT, conversation=True, urgent=True)
        self._conversation = Conversation("unit simulators", self._process, log)
        try:
            self._conversation.answer()
        except BaseException:
            self.stop()
            raise

    def force(self, name: str, value: float) -> None:
        self._conversation.ask(force=name, value=value)

    def release(self, name: str) -> None:
        self._conversation.ask(release=name)

    def observe(self, name: str) -> float:
        return float(self._conversation.ask(observe=name)["value"])

    def recorder_file(self, entry_id: int) -> bytes:
        file = bytearray()
        while part := base64.b64decode(self._conversation.ask(recorder_file=entry_id, offset=len(file))["octets"]):
            file += part
        return bytes(file)

    def downlink(self) -> bytes:
        return base64.b64decode(self._conversation.ask(downlink=True)["octets"])

    def alarm(self, on: bool) -> None:
        self._conversation.ask(alarm=on)

    def memory_error(self, corrected: bool) -> None:
        self._conversation.ask(memory_error="corrected" if corrected else "uncorrectable")

    def edges(self) -> list[Edge]:
        """Edges of transmit-enable as the units saw them."""
        return [Edge(time_s, "transmit-enable", on) for time_s, on in self._conversation.ask(edges=True)["edges"]]

    def board_off(self) -> None:
        """The board lost its power: what it drives falls."""
        self._conversation.ask(board_off=True)

    def stop(self) -> None:
        process.stop(self._process)
