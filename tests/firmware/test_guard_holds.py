"""The transmit guard holds when the application does not: on the emulated board, in the midst of a data take.

The scripts are firmware/ports/mps2_an500/benchmark/guard_holds.py. Times are the board's, and the
emulator counts instructions: nothing here depends on the speed of the host.
"""

from pathlib import Path

import pytest

from emei.dictionary import load
from hil.benchmark import run_script

SHIFT = 5  # one instruction is 32 ns of the board's time: a slow computer, soon emulated
DROP_US = 10_000  # payload.md: transmitter off within 10 ms
MISSION = load().mission
HEARTBEAT_US = MISSION["transmit_guard"]["heartbeat_timeout_ms"] * 1000
WATCHDOG_US = MISSION["executive"]["watchdog_ms"] * 1000
CORRUPT_STATE = 5  # hal_guard.h
HANGS = ("spin", "loop", "loop_caught", "memory", "collect", "builtin")


def run(case: str, directory: Path) -> dict[str, list[list[int]]]:
    """What a case printed: by name, the numbers of each line."""
    found: dict[str, list[list[int]]] = {}
    for line in run_script(f"guard_holds:{case}", directory, SHIFT):
        name, *numbers = line.split()
        if numbers and all(number.lstrip("-").isdigit() for number in numbers):
            found.setdefault(name, []).append([int(number) for number in numbers])
    return found


def one(found: dict[str, list[list[int]]], name: str) -> int:
    """The first number of the only line of a name."""
    ((value, *_),) = found[name]
    return value


def require_inhibited(found: dict[str, list[list[int]]]) -> None:
    assert not one(found, "transmitting") and not one(found, "permitted")
    ((permit, inhibited),) = found["permit"]
    assert permit == inhibited


def require_safe_reboot(found: dict[str, list[list[int]]]) -> None:
    """The watchdog's reset, and everything inhibited after it."""
    ((cause, watchdog),) = found["reset_cause"]
    assert cause == watchdog
    assert one(found, "edges_after_reset") == 0
    assert one(found, "limiters_closed") == 0
    ((mode, off),) = found["sar_mode"]
    assert mode == off
    require_inhibited(found)


@pytest.mark.parametrize("hang", HANGS)
def test_missed_heartbeat_drops_transmission(hang: str, tmp_path: Path) -> None:
    found = run(hang, tmp_path)
    timeout_us = one(found, "heartbeat_us") + HEARTBEAT_US
    assert one(found, "edge_on_us") < timeout_us
    assert timeout_us <= one(found, "edge_off_us") <= timeout_us + DROP_US
    assert one(found, "guard_trips") == 0, "the reset found transmission on"
    require_safe_reboot(found)


@pytest.mark.parametrize("hang", HANGS)
def test_alarm_drops_transmission(hang: str, tmp_path: Path) -> None:
    found = run(f"{hang}+alarm", tmp_path)
    assert one(found, "edge_on_us") < one(found, "alarm_us") < one(found, "heartbeat_us") + HEARTBEAT_US
    assert one(found, "alarm_us") <= one(found, "edge_off_us") <= one(found, "alarm_us") + DROP_US
    require_safe_reboot(found)


def test_with_interrupts_masked_the_watchdog_drops_transmission(tmp_path: Path) -> None:
    """Nothing that masks interrupts is longer than some instructions; were it to hang there, the NMI is left."""
    found = run("masked", tmp_path)
    last_fed_us = one(found, "heartbeat_us")
    assert one(found, "edge_off_us") <= last_fed_us + WATCHDOG_US + DROP_US
    require_safe_reboot(found)


def test_a_boot_that_hangs_is_counted_and_ended_by_the_watchdog(tmp_path: Path) -> None:
    """Not fed by anybody before the first cycle; the second boot is a good one."""
    found = run("boot", tmp_path)
    assert one(found, "boot_hung_ms") > 0
    assert one(found, "boots") == 2
    require_safe_reboot(found)


def test_with_all_memory_taken_the_data_take_ends_inhibited(tmp_path: Path) -> None:
    """The control cycle allocates nothing and goes on; its transmitter does not stay on."""
    found = run("held", tmp_path)
    assert len(found["edge_on_us"]) == len(found["edge_off_us"]) == 1
    require_inhibited(found)


def test_flash_erase_is_refused_while_transmitting(tmp_path: Path) -> None:
    found = run("flash", tmp_path)
    ((result, refused),) = found["erase_while_transmitting"]
    assert result == refused
    assert one(found, "transmitting") == 1 and one(found, "busy") == 0
    assert one(found, "erase_after") == 0 and one(found, "busy_after") == 1


def test_corrupt_state_drops_transmission_and_safes(tmp_path: Path) -> None:
    found = run("corrupt", tmp_path)
    assert len(found["flip"]) == 2 * 2 * 7
    for word, complement, mask, on, took_us, reason in found["flip"]:
        assert not on and 0 <= took_us <= DROP_US, (word, complement, mask)
        assert reason == CORRUPT_STATE
    ((mode, safe),) = found["sar_mode"]
    assert mode == safe and one(found, "refuse") == 1
    require_inhibited(found)
