"""hil/units.py on two pseudo-terminals: the bus, the discretes, orders as JSON lines, and its end."""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import subprocess
import sys
import time
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cobs import cobs

from tests.hal.hal_board import ROOT
from tests.hal.rmap_standard import UNITS, read, read_any_reply, write

PATIENCE_S = 20.0
POWER = UNITS["power"]
SETTINGS = {"seed": 1, "sar_warmup_s": 1, "optical_stabilisation_s": 1, "science_octets_per_second": 1000}


class Line:
    """A pseudo-terminal; the test holds the far end."""

    def __init__(self) -> None:
        self.fd, self._near = os.openpty()
        tty.setraw(self._near)
        self.port = os.ttyname(self._near)

    def read_until(self, end: bytes) -> bytes:
        octets = b""
        deadline_s = time.monotonic() + PATIENCE_S
        while not octets.endswith(end):
            assert select.select([self.fd], [], [], max(0.0, deadline_s - time.monotonic()))[0], octets
            octets += os.read(self.fd, 4096)
        return octets

    def close(self) -> None:
        os.close(self.fd)
        os.close(self._near)


class Process:
    def __init__(self) -> None:
        self.bus, self.discrete = Line(), Line()
        lines = {
            name: {"port": line.port, "bit_rate_baud": 921600}
            for name, line in (("bus", self.bus), ("discrete", self.discrete))
        }
        settings = json.dumps({"epoch_s": time.monotonic(), "units": SETTINGS, "lines": lines})
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hil.units", settings],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.answer() == {"ok": True}

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        return dict(json.loads(self.process.stdout.readline()))

    def ask(self, **order: object) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def transact(self, packet: bytes) -> bytes:
        os.write(self.bus.fd, cobs.encode(packet) + b"\0")
        return cobs.decode(self.bus.read_until(b"\0")[:-1])

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        self.bus.close()
        self.discrete.close()


@pytest.fixture
def units() -> Iterator[Process]:
    process = Process()
    yield process
    process.stop()


def test_bus(units: Process) -> None:
    reply = read_any_reply(units.transact(read(POWER.node, 0, POWER.blocks["housekeeping"].octets).packet()))
    assert reply.status == 0
    close = b"\x00\xa5"
    assert (
        read_any_reply(units.transact(write(POWER.node, POWER.blocks["control"].address, close).packet())).status == 0
    )
    assert units.ask(observe="power.limiters_closed") == {"ok": True, "value": 1.0}


def test_orders(units: Process) -> None:
    assert units.ask(force="power.bus_voltage_v", value=24.5) == {"ok": True}
    assert units.ask(observe="power.bus_voltage_v")["value"] == pytest.approx(24.5)
    assert units.ask(release="power.bus_voltage_v") == {"ok": True}
    assert units.ask(observe="power.bus_voltage_v")["value"] > 28
    assert base64.b64decode(units.ask(recorder_file=1)["octets"]) == b""


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"force": "sar.nothing", "value": 1}', "sar.nothing"),
        ('{"observe": "nothing"}', "nothing"),
        ('{"force": "sar.dead"}', "value"),
        ('{"force": 5, "value": 1}', "5"),
        ('{"force": "sar.dead", "value": "much"}', "much"),
        ('{"recorder_file": null}', "recorder_file"),
        ('{"explode": 1}', "explode"),
        ("[1]", "order"),
        ("not JSON", "Expecting"),
    ],
)
def test_wrong_orders_are_answered(units: Process, line: str, words: str) -> None:
    assert units.process.stdin is not None
    units.process.stdin.write(line + "\n")
    units.process.stdin.flush()
    assert words in units.answer()["error"]
    assert units.ask(observe="bus.requests")["ok"] is True


def test_discretes(units: Process) -> None:
    assert units.discrete.read_until(b"P") == b"P"
    os.write(units.discrete.fd, b"T?")
    while not units.ask(edges=True)["edges"]:
        pass
    assert units.ask(alarm=True) == {"ok": True}
    assert units.discrete.read_until(b"A").strip(b"P") == b"A"
    assert units.ask(alarm=False) == {"ok": True}
    assert units.discrete.read_until(b"a").strip(b"P") == b"a"
    # A board that has just started asks for the level.
    os.write(units.discrete.fd, b"L")
    assert units.discrete.read_until(b"a").strip(b"P") == b"a"
    units.ask(alarm=True)
    units.discrete.read_until(b"A")
    os.write(units.discrete.fd, b"L")
    assert units.discrete.read_until(b"A").strip(b"P") == b"A"
    assert units.ask(board_off=True) == {"ok": True}
    edges = units.ask(edges=True)["edges"]
    assert [on for _, on in edges] == [True, False]
    assert edges[0][0] <= edges[1][0]


@pytest.mark.parametrize("way", ["input", "signal"])
def test_clean_end(units: Process, way: str) -> None:
    if way == "input":
        assert units.process.stdin is not None
        units.process.stdin.close()
    else:
        units.process.send_signal(signal.SIGTERM)
    assert units.process.wait(PATIENCE_S) == 0


def test_missing_line_is_one_sentence(tmp_path: Path) -> None:
    line = {"port": str(tmp_path / "none"), "bit_rate_baud": 921600}
    settings = {"epoch_s": 0.0, "units": SETTINGS, "lines": {"bus": line, "discrete": line}}
    arguments = [sys.executable, "-m", "hil.units", json.dumps(settings)]
    ended = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert str(tmp_path / "none") in ended.stderr
