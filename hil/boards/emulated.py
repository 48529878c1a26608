"""The payload computer emulated by qemu (mps2-an500), its lines through the broker, the units as a process.

Real time. Bench time counts from `epoch_s`, a whole second of CLOCK_MONOTONIC; PPS edges lie at its whole seconds.
"""

import json
import math
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from emei.dictionary import load
from emei.link import SerialLink
from hil import process
from hil.boards.qmp import Qmp
from hil.boards.units import UnitsProcess
from hil.conversation import Conversation
from hil.errors import BenchError
from hil.model import ROOT, Description, Edge

QEMU = "qemu-system-arm"
MACHINE = "mps2-an500"
LINES = ("link", "bus", "discrete", "console")  # the board's UARTs, in order
PTY_NOTICED_S = 1.2  # qemu looks once a second whether anybody opened its pseudo-terminal


class EmulatedBoard:
    """See hil.bench.Board."""

    def __init__(self, description: Description, directory: Path) -> None:
        _require(description)
        self.description = description
        self.directory = directory.resolve()
        self._stoppers: list[Callable[[], None]] = []
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    @property
    def edges(self) -> list[Edge]:
        return self._units.edges()

    def elapsed_s(self) -> float:
        return time.monotonic() - self.epoch_s

    def alarm(self, on: bool) -> None:
        self._units.alarm(on)

    def memory_error(self, corrected: bool) -> None:
        self._units.memory_error(corrected)

    def link_fault(self, direction: str, fault: str, **settings: float) -> None:
        self._broker.ask(line="link", direction=direction, fault=fault, **settings)

    def power_cycle(self, off_s: float) -> None:
        self._stop_emulator()
        self._units.board_off()
        time.sleep(off_s)
        for line, port in self._start_emulator().items():
            self._broker.ask(attach=line, port=port)
        time.sleep(PTY_NOTICED_S)
        self._qmp.execute("cont")

    def stop(self) -> None:
        while self._stoppers:
            self._stoppers.pop()()

    def _start(self) -> None:
        """The emulator halted; broker, units and link around it; then the power."""
        ports = self._start_emulator()
        self._stoppers.append(self._stop_emulator)
        self._broker = self._start_broker(ports)
        self.epoch_s = float(math.floor(time.monotonic()))
        self._units = UnitsProcess(self.directory, self.description, self.epoch_s)
        self._stoppers.append(self._units.stop)
        self.units = self._units
        spacecraft_id = load().spacecraft[self.description.spacecraft].id
        rate = self.description.bit_rates_baud["link"]
        self.link = SerialLink(str(self.directory / "link"), rate, spacecraft_id, self.epoch_s)
        self._stoppers.append(self.link.close)
        time.sleep(PTY_NOTICED_S)
        self._qmp.execute("cont")

    def _start_emulator(self) -> dict[str, str]:
        """Start qemu, halted before its first instruction; returns the port of each line."""
        control = self.directory / "qmp.sock"
        control.unlink(missing_ok=True)
        arguments: list[str | Path] = [QEMU, "-M", MACHINE, "-S", "-display", "none", "-monitor", "none"]
        arguments += ["-kernel", self.description.image, "-semihosting-config", "enable=on,target=native"]
        arguments += ["-qmp", f"unix:{control},server=on,wait=off"]
        for _ in LINES:
            arguments += ["-serial", "pty"]
        self._emulator = process.start(arguments, self.directory / "qemu.log", directory=self.directory, urgent=True)
        self._qmp = Qmp(control)
        devices = {device["label"]: device["filename"] for device in self._qmp.execute("query-chardev")}
        return {line: devices[f"serial{index}"].removeprefix("pty:") for index, line in enumerate(LINES)}

    def _stop_emulator(self) -> None:
        self._qmp.close()
        process.stop(self._emulator)

    def _remove_lines(self) -> None:
        """The broker's links to pseudo-terminals, whose numbers the system soon gives to others."""
        for line in LINES:
            (self.directory / line).unlink(missing_ok=True)

    def _start_broker(self, ports: dict[str, str]) -> Conversation:
        lines = {
            line: {
                "port": port,
                "link": str(self.directory / line),
                "bit_rate_baud": self.description.bit_rates_baud[line],
                "log": str(self.directory / "console.log") if line == "console" else None,
            }
            for line, port in ports.items()
        }
        settings = json.dumps({"seed": self.description.units["seed"], "lines": lines})
        log = self.directory / "broker.log"
        arguments = [sys.executable, "-m", "hil.broker", settings]
        broker = process.start(arguments, log, directory=ROOT, conversation=True, urgent=True)
        self._stoppers.append(self._remove_lines)
        self._stoppers.append(lambda: process.stop(broker))
        conversation = Conversation("line broker", broker, log)
        conversation.answer()
        return conversation


def _require(description: Description) -> None:
    """What is missing, before anything is started."""
    if shutil.which(QEMU) is None:
        raise BenchError(f"{QEMU} is not installed: `sudo apt-get install qemu-system-arm`, or run `make setup`.")
    if not description.image.exists():
        raise BenchError(f"There is no firmware image at {description.image}: run `make firmware` first.")
