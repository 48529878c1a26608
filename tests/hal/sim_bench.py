"""The unit models on an RMAP bus that Python drives: time in milliseconds, registers by name."""

from __future__ import annotations

from typing import Any

from cobs import cobs

from tests.hal.hal_board import ffi, lib
from tests.hal.rmap_standard import TYPE_OCTETS, UNITS, Reply, read, read_any_reply, write

SIGNED = "i"
GPS_START_S = 1_400_000_000


class Refused(Exception):
    """The unit answered with an error; `status` is RMAP's."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


class Silent(Exception):
    """No reply."""


def to_raw(value: int, kind: str) -> bytes:
    return value.to_bytes(TYPE_OCTETS[kind], "big", signed=kind.startswith(SIGNED))


class SimBench:
    """Everything from `sim.h`; a register is "unit.block.register"."""

    def __init__(self, step_ms: float = 10, **settings: int) -> None:
        defaults = {
            "seed": 1,
            "sar_warmup_s": 6,
            "optical_stabilisation_s": 2,
            "science_octets_per_second": 20000,
        }
        self.sim = ffi.gc(lib.sim_create(ffi.new("sim_settings_t *", defaults | settings)), lib.sim_destroy)
        self.now_us = 0
        self.step_us = round(step_ms * 1000)
        self._transaction = 0

    def run_ms(self, duration_ms: float) -> None:
        """Time goes on, in the steps of this bench, with a PPS at whole seconds."""
        end_us = self.now_us + round(duration_ms * 1000)
        while self.now_us < end_us:
            next_second_us = (self.now_us // 1_000_000 + 1) * 1_000_000
            self.now_us = min(self.now_us + self.step_us, end_us, next_second_us)
            lib.sim_step(self.sim, self.now_us)
            if self.now_us == next_second_us:
                lib.sim_pps(self.sim)

    def run_until(self, register: str, value: float, limit_ms: int = 60000, poll_ms: int = 100) -> int:
        """Run until the register reads `value`; the milliseconds it took."""
        start_us = self.now_us
        while self.get(register) != value:
            self.run_ms(poll_ms)
            assert self.now_us - start_us <= limit_ms * 1000, f"{register} stays {self.get(register)}"
        return (self.now_us - start_us) // 1000

    def packets(self) -> list[bytes]:
        """RMAP packets that the units have sent by now."""
        buffer = ffi.new("uint8_t[]", 4096)
        octets = bytes(ffi.buffer(buffer, lib.sim_bus_transmit(self.sim, buffer, 4096)))
        return [cobs.decode(frame) for frame in octets.split(b"\0") if frame]

    def send(self, packet: bytes) -> list[bytes]:
        self.send_raw(cobs.encode(packet) + b"\0")
        return self.packets()

    def send_raw(self, octets: bytes) -> None:
        lib.sim_bus_receive(self.sim, octets, len(octets))

    def _ask(self, command: Any) -> Reply:
        packets = self.send(command.packet())
        if not packets:
            raise Silent
        reply = read_any_reply(packets[0])
        assert (reply.transaction, reply.node) == (command.transaction, command.node)
        if reply.status:
            raise Refused(reply.status)
        return reply

    def _next(self) -> int:
        self._transaction = (self._transaction + 1) & 0xFFFF
        return self._transaction

    def read(self, unit: str, address: int, octets: int) -> bytes:
        data = self._ask(read(UNITS[unit].node, address, octets, transaction=self._next())).data
        assert data is not None
        assert len(data) == octets
        return data

    def write(self, unit: str, address: int, data: bytes) -> None:
        self._ask(write(UNITS[unit].node, address, data, transaction=self._next()))

    def block(self, unit: str, block: str) -> bytes:
        layout = UNITS[unit].blocks[block]
        return self.read(unit, layout.address, layout.octets)

    def get(self, register: str) -> float:
        """Physical value of "unit.block.register", or of "unit.register" in its housekeeping."""
        unit, _, name = register.partition(".")
        address, kind, scale = UNITS[unit].registers[name if "." in name else f"housekeeping.{name}"]
        raw = int.from_bytes(self.read(unit, address, TYPE_OCTETS[kind]), "big", signed=kind.startswith(SIGNED))
        return raw if scale == 1 else raw * scale

    def put(self, register: str, raw: int) -> None:
        """Write a raw value to "unit.register" in its control block."""
        unit, _, name = register.partition(".")
        address, kind, _ = UNITS[unit].registers[f"control.{name}"]
        self.write(unit, address, to_raw(raw, kind))

    def command(self, unit: str, name: str) -> None:
        prefix = "RECORDER_COMMAND" if unit == "recorder" else f"{unit.upper()}_UNIT_COMMAND"
        self.put(f"{unit}.command", getattr(lib, f"{prefix}_{name}"))

    def limiter(self, name: str, closed: bool) -> None:
        code = lib.LIMITER_COMMAND_CLOSE if closed else lib.LIMITER_COMMAND_OPEN
        self.put(f"power.{name.lower()}_limiter", code)

    def tell_time(self, unit: str) -> None:
        """Time message and the PPS it is for; GPS time = GPS_START_S + bench time."""
        self.run_ms(1000 - self.now_us // 1000 % 1000 - 500 if self.now_us // 1000 % 1000 < 500 else 600)
        self.put(f"{unit}.time_message_coarse", GPS_START_S + self.now_us // 1_000_000 + 1)
        self.run_ms(1000)

    def start_at(self, unit: str, time_us: int) -> None:
        """Write the start registers for an instant of the bench."""
        self.put(f"{unit}.start_coarse", GPS_START_S + time_us // 1_000_000)
        self.put(f"{unit}.start_fine", -(-(time_us % 1_000_000) * (1 << 24) // 1_000_000))

    def transmit_enable(self, on: bool) -> None:
        lib.sim_transmit_enable(self.sim, on)

    def force(self, name: str, value: float = 1) -> None:
        assert lib.sim_force(self.sim, name.encode(), value), name

    def release(self, name: str) -> None:
        assert lib.sim_release(self.sim, name.encode()), name

    def observe(self, name: str) -> float:
        value = ffi.new("double *")
        assert lib.sim_observe(self.sim, name.encode(), value), name
        return float(value[0])

    def recorded(self, entry: int) -> bytes:
        octets = bytearray()
        buffer = ffi.new("uint8_t[]", 1 << 20)
        while count := lib.sim_recorder_read(self.sim, entry, len(octets), buffer, len(buffer)):
            octets += ffi.buffer(buffer, count)
        return bytes(octets)

    def downlinked(self) -> bytes:
        """Octets the downlink transmitter has sent since last asked."""
        buffer = ffi.new("uint8_t[]", 1 << 20)
        return bytes(ffi.buffer(buffer, lib.sim_downlink_read(self.sim, buffer, 1 << 20)))
