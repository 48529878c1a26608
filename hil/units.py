"""The unit simulators as a process: the models of hal/sim on the bus line and the discrete line, in real time.

Bench time counts from `epoch_s`, a reading of CLOCK_MONOTONIC. A PPS edge goes out at each of its whole
seconds. The settings are one JSON argument; orders are JSON lines on standard input, each answered by one line
on standard output, {"ok": true, ...} or {"error": "..."}; the first line says that the lines are open:

    {"force": "sar.trm_temperature_degc", "value": 70}     {"release": "sar.trm_temperature_degc"}
    {"observe": "power.bus_voltage_v"}                     answers value
    {"recorder_file": 1, "offset": 0}                      answers octets from there on, base64; none at the end
    {"downlink": true}                                     answers octets the transmitter has sent, base64
    {"alarm": true}
    {"memory_error": "corrected"}                          or "uncorrectable": of the board's memory
    {"edges": true}                                        answers edges of transmit-enable: [time_s, on]
    {"board_off": true}                                    the board lost its power: what it drives falls

The process ends when its input does, or by SIGTERM.

    python -m hil.units '{"epoch_s": 1234.5, "units": {"seed": 1, "sar_warmup_s": 6, "optical_stabilisation_s": 2,
        "science_octets_per_second": 20000}, "lines": {"bus": {"port": "run/bus", "bit_rate_baud": 921600},
        "discrete": {"port": "run/discrete", "bit_rate_baud": 921600}}}'
"""

import base64
import importlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import serial

from hil.errors import BenchError
from hil.model import ROOT

CFFI = ROOT / "build" / "cffi"
LONGEST_SLEEP_S = 0.01
LATE_PPS_S = 0.008  # the board takes an edge 10 ms off for a step of the time: one that late is left out
CHUNK_OCTETS = 4096
FILE_PART_OCTETS = 65536  # of a recorder file at once: the bus is not served meanwhile
EDGES = {ord("T"): True, ord("t"): False}
ASK_ALARM = ord("L")


class Models:
    """The models of hal/sim, one bench; times in microseconds of the bench."""

    def __init__(self, settings: Mapping[str, int]) -> None:
        module = _emei_hal()
        self._ffi, self._lib = module.ffi, module.lib
        self._sim = self._lib.sim_create(self._ffi.new("sim_settings_t *", dict(settings)))
        self._buffer = self._ffi.new("uint8_t[]", CHUNK_OCTETS)

    def step(self, time_us: int) -> None:
        self._lib.sim_step(self._sim, time_us)

    def pps(self) -> None:
        self._lib.sim_pps(self._sim)

    def transmit_enable(self, on: bool) -> None:
        self._lib.sim_transmit_enable(self._sim, on)

    def bus(self, octets: bytes = b"") -> bytes:
        """Octets from the initiator in, what the units answer by now out."""
        self._lib.sim_bus_receive(self._sim, octets, len(octets))
        count = self._lib.sim_bus_transmit(self._sim, self._buffer, CHUNK_OCTETS)
        return bytes(self._ffi.buffer(self._buffer, count))

    def force(self, name: str, value: float) -> bool:
        return bool(self._lib.sim_force(self._sim, name.encode(), value))

    def release(self, name: str) -> bool:
        return bool(self._lib.sim_release(self._sim, name.encode()))

    def observe(self, name: str) -> float | None:
        value = self._ffi.new("double *")
        return float(value[0]) if self._lib.sim_observe(self._sim, name.encode(), value) else None

    def recorder_file(self, entry_id: int, offset: int = 0, limit: int = FILE_PART_OCTETS) -> bytes:
        """A part of an entry's file: from an offset on, at most `limit` octets."""
        part = self._ffi.new("uint8_t[]", limit)
        count = self._lib.sim_recorder_read(self._sim, entry_id, offset, part, limit)
        return bytes(self._ffi.buffer(part, count))

    def downlink(self) -> bytes:
        octets = bytearray()
        while count := self._lib.sim_downlink_read(self._sim, self._buffer, CHUNK_OCTETS):
            octets += self._ffi.buffer(self._buffer, count)
        return bytes(octets)

    def close(self) -> None:
        self._lib.sim_destroy(self._sim)


class Units:
    """Serves both lines until the input ends."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._epoch_s = float(settings["epoch_s"])
        self._models = Models(settings["units"])
        self._bus = _open(settings["lines"]["bus"])
        self._discrete = _open(settings["lines"]["discrete"])
        self._next_pps_s = int(self._now_s()) + 1
        self._edges: list[tuple[float, bool]] = []
        self._alarm_raised = False
        self._input = b""
        self._orders: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "force": self._force,
            "release": self._release,
            "observe": self._observe,
            "recorder_file": self._recorder_file,
            "downlink": self._downlink,
            "alarm": self._alarm,
            "memory_error": self._memory_error,
            "edges": self._tell_edges,
            "board_off": self._board_off,
        }

    def run(self) -> None:
        _answer({"ok": True})
        bus, discrete, orders = self._bus.fileno(), self._discrete.fileno(), sys.stdin.fileno()
        while True:
            sleep_s = max(0.0, min(LONGEST_SLEEP_S, self._next_pps_s - self._now_s()))
            ready, _, _ = select.select([bus, discrete, orders], [], [], sleep_s)
            self._advance()
            self._serve_bus(os.read(bus, CHUNK_OCTETS) if bus in ready else b"")
            if discrete in ready:
                self._serve_discrete(os.read(discrete, CHUNK_OCTETS))
            if orders in ready:
                octets = os.read(orders, CHUNK_OCTETS)
                if not octets:
                    return
                self._take_orders(octets)

    def close(self) -> None:
        self._bus.close()
        self._discrete.close()
        self._models.close()

    def _now_s(self) -> float:
        return time.monotonic() - self._epoch_s

    def _advance(self) -> None:
        """Models and PPS up to now; an edge lies at its second, not at when this process woke up."""
        now_s = self._now_s()
        while self._next_pps_s <= now_s:
            self._models.step(self._next_pps_s * 1_000_000)
            self._models.pps()
            if now_s - self._next_pps_s < LATE_PPS_S:
                self._discrete.write(b"P")
            self._next_pps_s += 1
        self._models.step(int(now_s * 1e6))

    def _serve_bus(self, octets: bytes) -> None:
        reply = self._models.bus(octets)
        if reply:
            self._bus.write(reply)

    def _serve_discrete(self, octets: bytes) -> None:
        for octet in octets:
            if octet in EDGES:
                self._transmit_enable(EDGES[octet])
            elif octet == ASK_ALARM:
                self._tell_alarm()

    def _transmit_enable(self, on: bool) -> None:
        self._models.transmit_enable(on)
        self._edges.append((self._now_s(), on))

    def _take_orders(self, octets: bytes) -> None:
        *lines, self._input = (self._input + octets).split(b"\n")
        for line in lines:
            try:
                _answer({"ok": True, **self._carry_out(json.loads(line))})
            except (ValueError, TypeError, KeyError) as error:
                _answer({"error": f"order {line.decode(errors='replace')}: {error}"})

    def _carry_out(self, order: dict[str, Any]) -> dict[str, Any]:
        for name, method in self._orders.items():
            if name in order:
                return method(order)
        raise ValueError(f"there is no such order; use one of {', '.join(self._orders)}")

    def _force(self, order: dict[str, Any]) -> dict[str, Any]:
        return _known(order["force"], self._models.force(str(order["force"]), float(order["value"])))

    def _release(self, order: dict[str, Any]) -> dict[str, Any]:
        return _known(order["release"], self._models.release(str(order["release"])))

    def _observe(self, order: dict[str, Any]) -> dict[str, Any]:
        value = self._models.observe(str(order["observe"]))
        return _known(order["observe"], value is not None) | {"value": value}

    def _recorder_file(self, order: dict[str, Any]) -> dict[str, Any]:
        part = self._models.recorder_file(int(order["recorder_file"]), int(order.get("offset", 0)))
        return {"octets": base64.b64encode(part).decode()}

    def _downlink(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"octets": base64.b64encode(self._models.downlink()).decode()}

    def _alarm(self, order: dict[str, Any]) -> dict[str, Any]:
        self._alarm_raised = bool(order["alarm"])
        self._tell_alarm()
        return {}

    def _tell_alarm(self) -> None:
        self._discrete.write(b"A" if self._alarm_raised else b"a")

    def _memory_error(self, order: dict[str, Any]) -> dict[str, Any]:
        self._discrete.write({"corrected": b"m", "uncorrectable": b"M"}[order["memory_error"]])
        return {}

    def _tell_edges(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"edges": self._edges}

    def _board_off(self, _: dict[str, Any]) -> dict[str, Any]:
        if self._edges and self._edges[-1][1]:
            self._transmit_enable(False)
        return {}


def _known(name: str, known: bool) -> dict[str, Any]:
    if not known:
        raise ValueError(f'no quantity or fault is named "{name}" (hal/sim/faults.c lists them)')
    return {}


def _answer(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _open(line: Mapping[str, Any]) -> serial.Serial:
    """A line as a serial port. Nothing that waits in it is thrown away by being late with reading it."""
    try:
        return serial.Serial(line["port"], line["bit_rate_baud"], timeout=0)
    except serial.SerialException as error:
        raise BenchError(f"The line {line['port']} cannot be opened: {error}. Is the broker running?") from error


def _emei_hal() -> Any:
    sys.path.insert(0, str(CFFI))
    try:
        return importlib.import_module("emei_hal")
    except ImportError as error:
        raise BenchError(f"The unit models are not built ({error}): run `make cffi` first.") from error


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        units = Units(json.loads(sys.argv[1]))
    except BenchError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    try:
        units.run()
    except OSError as error:
        sys.stderr.write(f"A line of the unit simulators went away: {error}\n")
        return 1
    finally:
        units.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
