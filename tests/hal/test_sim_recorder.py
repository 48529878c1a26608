"""The recorder: catalogue against what was recorded, refusals, restart."""

from __future__ import annotations

import binascii
import zlib

import pytest

from tests.hal.hal_board import lib
from tests.hal.rmap_standard import UNITS
from tests.hal.sim_bench import GPS_START_S, Refused, SimBench, to_raw
from tests.hal.sim_take import DURATION_MS, open_entry, ready_sar, start_sar

FULL = 1
NO_SUCH_ENTRY = 2
NOT_OPEN = 4
CATALOGUE_FULL = 8
ALREADY_OPEN = 16
STORE_OCTETS = 4 << 20


def entry_of(bench: SimBench, entry: int) -> dict[str, int]:
    """Select an entry and read it, its CRC-16 checked."""
    bench.put("recorder.select_entry_id", entry)
    bench.command("recorder", "SELECT_ENTRY")
    block = bench.block("recorder", "entry")
    assert binascii.crc_hqx(block, 0xFFFF) == 0
    unit = UNITS["recorder"]
    fields = {}
    for name, (address, kind, _) in unit.registers.items():
        if name.startswith("entry."):
            start = address - unit.blocks["entry"].address
            fields[name.removeprefix("entry.")] = int.from_bytes(block[start : start + len(to_raw(0, kind))], "big")
    return fields


def booted() -> SimBench:
    bench = SimBench()
    assert bench.run_until("recorder.state", lib.RECORDER_STATE_READY) == pytest.approx(2000, abs=100)
    return bench


def record(bench: SimBench, task: int = 1) -> int:
    """A whole data take into an entry, left open."""
    entry = open_entry(bench, task)
    start_us = start_sar(bench, entry=entry, task=task)
    bench.run_ms((start_us - bench.now_us) / 1000 + DURATION_MS + 1500)
    return entry


@pytest.mark.parametrize("told_the_time", [False, True])
def test_catalogue_agrees_with_the_octets(told_the_time: bool) -> None:
    bench = ready_sar()
    if told_the_time:
        bench.tell_time("recorder")
    entry = record(bench, task=42)
    stop_s = GPS_START_S + bench.now_us // 1_000_000
    bench.command("recorder", "CLOSE_ENTRY")
    fields = entry_of(bench, entry)
    octets = bench.recorded(entry)
    assert fields["crc32"] == zlib.crc32(octets)
    assert fields["size_octets"] == len(octets) > 20000
    assert fields["packets"] == bench.get("sar.packets")
    assert (fields["task_id"], fields["instrument"], fields["mode"], fields["priority"]) == (42, 1, 4, 9)
    assert fields["state"] == lib.ENTRY_STATE_CLOSED
    assert fields["stop_coarse"] - fields["start_coarse"] in (3, 4)
    assert stop_s - fields["stop_coarse"] in (0, 1)


def test_entries_are_kept_apart() -> None:
    bench = ready_sar()
    files = []
    for task in (1, 2):
        entry = record(bench, task)
        assert entry == task
        bench.command("recorder", "CLOSE_ENTRY")
        files.append(bench.recorded(entry))
    assert files[0] == bench.recorded(1)
    assert files[0] != files[1]
    assert entry_of(bench, 1)["crc32"] == zlib.crc32(files[0])
    assert bench.get("recorder.entries") == 2
    assert bench.get("recorder.free_mib") == bench.get("recorder.capacity_mib") - 1


def test_refusals() -> None:
    bench = booted()
    bench.command("recorder", "CLOSE_ENTRY")
    assert bench.get("recorder.fault_flags") == NOT_OPEN
    bench.put("recorder.select_entry_id", 1)
    bench.command("recorder", "SELECT_ENTRY")
    assert bench.get("recorder.fault_flags") == NO_SUCH_ENTRY
    open_entry(bench)
    assert bench.get("recorder.fault_flags") == 0
    bench.command("recorder", "OPEN_ENTRY")
    assert bench.get("recorder.fault_flags") == ALREADY_OPEN
    assert bench.get("recorder.entries") == 1


def test_catalogue_is_bounded() -> None:
    bench = booted()
    while bench.get("recorder.fault_flags") == 0:
        bench.command("recorder", "OPEN_ENTRY")
        if bench.get("recorder.state") == lib.RECORDER_STATE_RECORDING:
            bench.command("recorder", "CLOSE_ENTRY")
        assert bench.get("recorder.entries") <= 64
    assert bench.get("recorder.fault_flags") == CATALOGUE_FULL
    assert bench.get("recorder.entries") == 64


def test_commands_during_boot_are_refused() -> None:
    bench = SimBench()
    with pytest.raises(Refused):
        bench.command("recorder", "OPEN_ENTRY")


def test_full_recorder_refuses_and_loses_nothing() -> None:
    bench = ready_sar()
    entry = record(bench)
    bench.command("recorder", "CLOSE_ENTRY")
    octets = bench.recorded(entry)
    bench.force("recorder.full")
    bench.command("recorder", "OPEN_ENTRY")
    assert bench.get("recorder.fault_flags") == FULL
    assert bench.get("recorder.free_mib") == 0
    assert bench.recorded(entry) == octets
    bench.release("recorder.full")
    bench.command("recorder", "OPEN_ENTRY")
    assert bench.get("recorder.fault_flags") == 0


def test_store_is_bounded() -> None:
    bench = ready_sar(science_octets_per_second=4_000_000)
    entry = record(bench)
    assert bench.get("recorder.fault_flags") == FULL
    octets = bench.recorded(entry)
    assert STORE_OCTETS - 1024 < len(octets) <= STORE_OCTETS
    bench.command("recorder", "CLOSE_ENTRY")
    fields = entry_of(bench, entry)
    assert (fields["size_octets"], fields["crc32"]) == (len(octets), zlib.crc32(octets))
    assert bench.observe("recorder.lost_packets") == bench.get("sar.packets") - fields["packets"] > 0


def test_restart_makes_an_open_entry_corrupt() -> None:
    bench = ready_sar()
    entry = open_entry(bench)
    start_us = start_sar(bench, entry=entry)
    bench.run_ms((start_us - bench.now_us) / 1000 + 1000)
    bench.force("recorder.reset")
    assert bench.get("recorder.state") == lib.RECORDER_STATE_BOOT
    assert bench.get("sar.state") == lib.SAR_UNIT_STATE_TAKING
    octets = bench.recorded(entry)
    bench.run_until("recorder.state", lib.RECORDER_STATE_READY)
    fields = entry_of(bench, entry)
    assert fields["state"] == lib.ENTRY_STATE_CORRUPT
    assert fields["crc32"] == zlib.crc32(octets)
    assert bench.get("recorder.open_entry_id") == 0


def test_packets_for_no_open_entry_are_lost() -> None:
    bench = ready_sar()
    start_us = start_sar(bench, entry=9)
    bench.run_ms((start_us - bench.now_us) / 1000 + DURATION_MS + 1500)
    assert bench.observe("recorder.lost_packets") == bench.get("sar.packets")
    assert bench.recorded(9) == b""
