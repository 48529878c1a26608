"""The HAL on its test board, for the tests: loads `emei_hal` and wraps what every test needs."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SANITIZED = os.environ.get("EMEI_SANITIZE") == "1"
SPACECRAFT_ID = 0x0E00


def _load_build() -> Any:
    spec = importlib.util.spec_from_file_location("hal_cffi_build", ROOT / "hal" / "cffi" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


build = _load_build()
# make verify runs these tests on modules with a weakened guard.
WEAKENED = os.environ.get("EMEI_HAL")
sys.path.insert(0, WEAKENED or str(build.build(SANITIZED)))
_module = importlib.import_module("emei_hal")
ffi: Any = _module.ffi
lib: Any = _module.lib

LINK, BUS, DISCRETE, CONSOLE = (
    lib.HAL_SERIAL_LINK,
    lib.HAL_SERIAL_BUS,
    lib.HAL_SERIAL_DISCRETE,
    lib.HAL_SERIAL_CONSOLE,
)


def power_on(*, accept_clear_mode: bool = True) -> None:
    """A new board, initialised as the application does it; its first octets are taken away."""
    lib.test_board_power_on()
    lib.hal_init(SPACECRAFT_ID, accept_clear_mode)
    transmitted(LINK)


def now_us() -> int:
    return int(lib.hal_time_us())


def advance_us(duration_us: int) -> None:
    lib.test_board_advance_to(now_us() + duration_us)


def advance_ms(duration_ms: int) -> None:
    advance_us(duration_ms * 1000)


def edge(code: str) -> None:
    lib.hal_discrete_edge(ord(code), now_us())


def arrive(port: int, octets: bytes) -> None:
    """Octets arrive on a port, now."""
    for octet in octets:
        lib.hal_serial_received(port, octet)


def transmitted(port: int) -> bytes:
    buffer = ffi.new("uint8_t[]", 65536)
    return bytes(ffi.buffer(buffer, lib.test_board_transmitted(port, buffer, 65536)))


def read(port: int, octets: int) -> bytes:
    buffer = ffi.new("uint8_t[]", max(octets, 1))
    return bytes(ffi.buffer(buffer, lib.hal_serial_read(port, buffer, octets)))


def octets_of(data: bytes) -> Any:
    """A C buffer of exactly these octets, so that the sanitizers see any step beyond it."""
    buffer = ffi.new("uint8_t[]", max(len(data), 1))
    ffi.memmove(buffer, data, len(data))
    return buffer


def dictionary(prefix: str) -> dict[str, int]:
    """The generated constants whose name starts with `prefix`."""
    return {name: int(getattr(lib, name)) for name in dir(lib) if name.startswith(prefix)}
