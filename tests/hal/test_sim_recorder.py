"""The recorder: catalogue against what was recorded, refusals, restart."""

from __future__ import annotations

import binascii
import zlib

import pytest

from tests.hal import sim_take as sar
from tests.hal.hal_board import ffi, lib
from tests.hal.rmap_standard import UNITS
from tests.hal.sim_bench import GPS_START_S, Refused, SimBench, to_raw
from tests.hal.sim_take import DURATION_MS, open_entry, start_sar

FULL = 1
NO_SUCH_ENTRY = 2
NOT_OPEN = 4
CATALOGUE_FULL = 8
ALREADY_OPEN = 16
LAST_BOARD = 512
BOARDS = 4
BLOCK_OCTETS = 4096
STORE_OCTETS = 8 << 20
CAPACITY_MIB = 476837


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


def ready_sar(**settings: int) -> SimBench:
    """With a table whose packets are small: a short pulse, sampled slowly."""
    small = {"sampling_rate": lib.SAMPLING_RATE_MHZ_30, "bandwidth_mhz": 20, "pulse_code": 188}
    return sar.ready_sar(**(small | settings))


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
    # A sixth of 792 Mbit/s and the headers, with noise and calibrations; not scaled down.
    volume_mib = len(files) * (792e6 / 6 + 4600 * 8 * 68) / 8 * (DURATION_MS + 1300) / 1000 / 2**20
    assert CAPACITY_MIB - bench.get("recorder.free_mib") == pytest.approx(volume_mib, rel=0.02)
    assert bench.get("recorder.capacity_mib") == CAPACITY_MIB


@pytest.mark.parametrize("polarisation", ["HH", "HV", "VH", "HH_HV", "VV_VH", "VV_HV", "VV", "HH_VV"])
def test_volume_is_that_of_every_channel_that_receives(polarisation: str) -> None:
    """HH_HV and VV_VH receive with both at once, the others with one, also where the polarisation alternates."""
    bench = ready_sar(polarisation=getattr(lib, f"POLARISATION_{polarisation}"))
    record(bench)
    channels = 2 if polarisation in ("HH_HV", "VV_VH") else 1
    volume_mib = channels * (792e6 / 6 + 4600 * 8 * 68) / 8 * (DURATION_MS + 1300) / 1000 / 2**20
    assert CAPACITY_MIB - bench.get("recorder.free_mib") == pytest.approx(volume_mib, rel=0.02)


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
    """A data take of long pulses without quantisation, echoes of nothing, is more than the store holds."""
    window = {"pulse_code": 2252, "swl_code": 11260, "baq": lib.BAQ_BYPASS}
    bench = sar.ready_sar(science_octets_per_second=32_000_000, **window)
    lib.sim_sar_scene(bench.sim, ffi.new("sim_target_t[1]"), 0)
    entry = record(bench)
    assert bench.get("recorder.fault_flags") == FULL
    assert bench.get("recorder.free_mib") == 0, "less than a packet"
    octets = bench.recorded(entry)
    assert STORE_OCTETS - 65_540 < len(octets) <= STORE_OCTETS
    bench.command("recorder", "CLOSE_ENTRY")
    assert bench.get("recorder.fault_flags") == 0
    fields = entry_of(bench, entry)
    assert (fields["size_octets"], fields["crc32"]) == (len(octets), zlib.crc32(octets))
    assert bench.observe("recorder.lost_packets") == bench.get("sar.packets") - fields["packets"] > 0


def begin(bench: SimBench, run_ms: float = 1000) -> int:
    """A data take under way into an open entry."""
    entry = open_entry(bench)
    start_us = start_sar(bench, entry=entry)
    bench.run_ms((start_us - bench.now_us) / 1000 + run_ms)
    return entry


def test_restart_closes_an_open_entry_with_what_was_written() -> None:
    bench = ready_sar()
    entry = begin(bench)
    whole, packets = bench.recorded(entry), bench.get("recorder.open_packets")
    boots = bench.get("recorder.boots")
    bench.force("recorder.reset")
    assert bench.get("recorder.state") == lib.RECORDER_STATE_BOOT
    assert bench.get("recorder.boots") == boots + 1
    assert bench.get("sar.state") == lib.SAR_UNIT_STATE_TAKING, "the instrument goes on"
    bench.run_until("recorder.state", lib.RECORDER_STATE_READY)
    octets = bench.recorded(entry)
    fields = entry_of(bench, entry)
    # The write buffer is lost: at most a block and a packet; what is left ends with a whole packet.
    assert whole.startswith(octets) and len(whole) - BLOCK_OCTETS - 1024 < len(octets) < len(whole)
    assert fields["state"] == lib.ENTRY_STATE_CLOSED
    assert (fields["crc32"], fields["size_octets"]) == (zlib.crc32(octets), len(octets))
    assert 0 < fields["packets"] < packets
    assert bench.get("recorder.open_entry_id") == 0
    lost = bench.get("recorder.lost_packets")
    bench.run_ms(500)
    assert bench.get("recorder.lost_packets") > lost, "packets of the broken data take find no entry"
    assert bench.recorded(entry) == octets


def test_restart_before_anything_was_written_makes_the_entry_corrupt() -> None:
    bench = booted()
    entry = open_entry(bench)
    bench.force("recorder.reset")
    bench.run_until("recorder.state", lib.RECORDER_STATE_READY)
    assert entry_of(bench, entry)["state"] == lib.ENTRY_STATE_CORRUPT
    assert bench.recorded(entry) == b""


def test_an_id_is_not_given_again() -> None:
    bench = booted()
    seen = []
    for _ in range(3):
        entry = open_entry(bench)
        seen.append(entry)
        bench.command("recorder", "CLOSE_ENTRY")
        bench.put("recorder.select_entry_id", entry)
        bench.command("recorder", "DELETE_ENTRY")
        assert bench.get("recorder.fault_flags") == 0
    assert seen == [1, 2, 3]
    bench.force("recorder.reset")
    assert open_entry(bench) == 4
    assert bench.get("recorder.entries") == 1


def test_deleting_gives_the_space_back() -> None:
    bench = ready_sar()
    free_mib = bench.get("recorder.free_mib")
    first, second = closed(bench), closed(bench)
    kept = bench.recorded(second)
    bench.put("recorder.select_entry_id", first)
    bench.command("recorder", "DELETE_ENTRY")
    assert bench.recorded(first) == b""
    bench.command("recorder", "DELETE_ENTRY")
    assert bench.get("recorder.fault_flags") == NO_SUCH_ENTRY
    assert bench.recorded(second) == kept
    bench.put("recorder.select_entry_id", second)
    bench.command("recorder", "DELETE_ENTRY")
    assert bench.get("recorder.free_mib") == free_mib
    # What is recorded next does not mix with what was there.
    third = closed(bench)
    assert entry_of(bench, third)["crc32"] == zlib.crc32(bench.recorded(third))


def closed(bench: SimBench, run_ms: float = 1000) -> int:
    """A finished data take of about 30 kB."""
    entry = record(bench)
    bench.command("recorder", "CLOSE_ENTRY")
    return entry


def test_an_open_entry_is_not_deleted() -> None:
    bench = booted()
    entry = open_entry(bench)
    bench.put("recorder.select_entry_id", entry)
    bench.command("recorder", "DELETE_ENTRY")
    assert bench.get("recorder.fault_flags") == ALREADY_OPEN
    assert bench.get("recorder.open_entry_id") == entry


def test_slots_list_every_record() -> None:
    bench = booted()
    entries = [open_and_close(bench) for _ in range(3)]
    found = []
    for slot in range(64):
        bench.put("recorder.select_slot", slot)
        bench.command("recorder", "SELECT_SLOT")
        block = bench.block("recorder", "entry")
        assert binascii.crc_hqx(block, 0xFFFF) == 0
        found.append(int.from_bytes(block[:2], "big"))
    assert [entry for entry in found if entry] == entries
    bench.put("recorder.select_slot", 64)
    bench.command("recorder", "SELECT_SLOT")
    assert bench.get("recorder.fault_flags") == NO_SUCH_ENTRY


def open_and_close(bench: SimBench) -> int:
    entry = open_entry(bench)
    bench.command("recorder", "CLOSE_ENTRY")
    return entry


@pytest.mark.parametrize("fault", ["recorder.worn_boards", "recorder.dead_boards"])
def test_a_block_that_cannot_be_written_is_mapped_out_and_nothing_is_lost(fault: str) -> None:
    bench = ready_sar()
    bench.force(fault, 0b0100)
    entry = closed(bench)
    octets = bench.recorded(entry)
    assert entry_of(bench, entry)["crc32"] == zlib.crc32(octets)
    assert bench.get("recorder.lost_packets") == 0
    errors = [bench.get(f"recorder.board_{board}_errors") for board in range(BOARDS)]
    assert errors[2] > 2 and errors[0] == errors[1] == errors[3] == 0
    assert bench.get("recorder.bad_blocks") == errors[2]
    # Out of use it is not tried again, and its capacity is gone; what it held before can still be read.
    bench.put("recorder.board", 2)
    bench.command("recorder", "QUARANTINE_BOARD")
    assert bench.get("recorder.boards_in_use") == 0b1011
    assert bench.get("recorder.capacity_mib") == round(CAPACITY_MIB * 3 / 4)
    second = closed(bench)
    assert bench.get("recorder.board_2_errors") == errors[2]
    assert bench.recorded(second) != octets
    bench.release(fault)
    bench.command("recorder", "RELEASE_BOARD")
    assert bench.get("recorder.boards_in_use") == 0b1111
    assert bench.get("recorder.bad_blocks") == bench.get("recorder.board_2_errors") == 0


def test_the_last_board_stays() -> None:
    bench = booted()
    for board in range(BOARDS):
        bench.put("recorder.board", board)
        bench.command("recorder", "QUARANTINE_BOARD")
    assert bench.get("recorder.fault_flags") == LAST_BOARD
    assert bench.get("recorder.boards_in_use") == 0b1000


def test_packets_for_no_open_entry_are_lost() -> None:
    bench = ready_sar()
    start_us = start_sar(bench, entry=9)
    bench.run_ms((start_us - bench.now_us) / 1000 + DURATION_MS + 1500)
    assert bench.observe("recorder.lost_packets") == bench.get("sar.packets")
    assert bench.recorded(9) == b""
