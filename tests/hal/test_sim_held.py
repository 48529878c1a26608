"""Faults that bring a unit where a test wants it: held at what it is at, deaf, failed, a block spoiled."""

from __future__ import annotations

import pytest

from tests.hal.hal_board import lib
from tests.hal.rmap_standard import UNITS, read, write
from tests.hal.sim_bench import Refused, SimBench
from tests.hal.sim_take import DURATION_MS, ready_optical, ready_sar, start_optical, start_sar, table_block

LONG_MS = 30000


def test_a_held_unit_stays_and_obeys() -> None:
    bench = SimBench(sar_warmup_s=2)
    bench.force("sar.held")
    bench.limiter("SAR_UNIT", True)
    bench.run_ms(LONG_MS)
    assert bench.get("sar.state") == lib.SAR_UNIT_STATE_BOOT
    bench.command("sar", "SELF_TEST")
    bench.run_ms(LONG_MS)
    assert bench.get("sar.state") == lib.SAR_UNIT_STATE_SELF_TEST
    bench.release("sar.held")
    assert 2900 <= bench.run_until("sar.state", lib.SAR_UNIT_STATE_IDLE) <= 3100, "what was left of the self-test"
    bench.force("sar.held")
    bench.command("sar", "WARM_UP")
    bench.run_ms(LONG_MS)
    assert bench.get("sar.state") == lib.SAR_UNIT_STATE_WARMING
    bench.command("sar", "STANDBY")
    assert bench.get("sar.state") == lib.SAR_UNIT_STATE_IDLE


def test_a_held_data_take_goes_on_where_it_was() -> None:
    bench = ready_sar()
    bench.force("sar.held")
    start_sar(bench)
    bench.run_ms(LONG_MS)
    assert bench.get("sar.phase") == lib.SAR_PHASE_WAIT_START
    bench.release("sar.held")
    bench.run_until("sar.phase", lib.SAR_PHASE_ECHO, poll_ms=10)
    bench.force("sar.held")
    bench.run_ms(LONG_MS)
    assert bench.get("sar.phase") == lib.SAR_PHASE_ECHO
    assert bench.observe("sar.transmitting") == 1
    assert bench.get("sar.transmit_time_ms") == pytest.approx(LONG_MS, abs=20)
    bench.release("sar.held")
    assert bench.run_until("sar.phase", lib.SAR_PHASE_DONE) == pytest.approx(DURATION_MS + 500, abs=100)


def test_a_held_unit_notices_a_lost_transmit_enable_when_it_goes_on() -> None:
    bench = ready_sar()
    start_us = start_sar(bench)
    bench.run_ms((start_us - bench.now_us) / 1000 + 1000)
    bench.force("sar.held")
    bench.transmit_enable(False)
    bench.run_ms(1000)
    assert bench.get("sar.phase") == lib.SAR_PHASE_ECHO
    assert bench.observe("sar.transmitting") == 0
    bench.release("sar.held")
    bench.run_ms(20)
    assert bench.get("sar.phase") == lib.SAR_PHASE_ABORTED


def test_a_held_optical_unit() -> None:
    bench = SimBench()
    bench.force("optical.held")
    for limiter in ("OPTICAL_UNIT", "OPTICAL_HEATER"):
        bench.limiter(limiter, True)
    bench.command("optical", "SELF_TEST")
    bench.run_ms(LONG_MS)
    assert bench.get("optical.state") == lib.OPTICAL_UNIT_STATE_SELF_TEST
    bench.release("optical.held")
    bench.run_until("optical.state", lib.OPTICAL_UNIT_STATE_IDLE)
    bench.force("optical.held")
    bench.command("optical", "FOCAL_PLANE_ON")
    bench.run_ms(LONG_MS)
    assert bench.get("optical.stable_s") == 0
    bench.release("optical.held")
    bench.run_until("optical.stable_s", 2)
    bench.force("optical.held")
    bench.run_ms(3000)
    assert bench.get("optical.stable_s") == 2


def test_a_held_image_goes_on_where_it_was() -> None:
    bench = ready_optical()
    bench.force("optical.held")
    start_optical(bench)
    bench.run_ms(LONG_MS)
    assert bench.get("optical.phase") == lib.OPTICAL_PHASE_WAIT_START
    bench.release("optical.held")
    bench.run_until("optical.phase", lib.OPTICAL_PHASE_IMAGING)
    assert bench.run_until("optical.phase", lib.OPTICAL_PHASE_DONE) == pytest.approx(DURATION_MS, abs=200)


def test_a_held_unit_that_is_to_be_safe_waits_for_the_door_alone() -> None:
    bench = ready_optical()
    bench.limiter("DOOR", True)
    bench.put("optical.door_command", lib.DOOR_OPEN)
    bench.run_until("optical.door", lib.DOOR_OPEN)
    bench.force("optical.held")
    bench.force("optical.door_held")
    bench.command("optical", "SAFE")
    bench.run_ms(LONG_MS)
    assert bench.get("optical.focal_plane_on") == 1
    bench.release("optical.door_held")
    bench.run_until("optical.door", lib.DOOR_SHUT, poll_ms=10)
    bench.run_ms(20)
    assert bench.get("optical.focal_plane_on") == 0


def test_a_held_door_leaves_and_does_not_arrive() -> None:
    bench = ready_optical()
    bench.force("optical.door_held")
    bench.limiter("DOOR", True)
    for target in (lib.DOOR_OPEN, lib.DOOR_SHUT, lib.DOOR_DIFFUSER, lib.DOOR_SHUT):
        bench.put("optical.door_command", target)
        bench.run_ms(LONG_MS)
        assert bench.get("optical.door") == lib.DOOR_MOVING
        assert bench.get("optical.fault_flags") == 0
        bench.release("optical.door_held")
        assert bench.run_until("optical.door", target, poll_ms=10) == pytest.approx(1790, abs=30)
        bench.force("optical.door_held")


@pytest.mark.parametrize("unit", UNITS)
def test_a_deaf_unit_neither_answers_nor_acts(unit: str) -> None:
    bench = SimBench()
    for limiter in ("SAR_UNIT", "OPTICAL_UNIT"):
        bench.limiter(limiter, True)
    bench.force(f"{unit}.deaf")
    assert bench.send(read(UNITS[unit].node, 0, 2).packet()) == []
    if unit == "power":
        opened = lib.LIMITER_COMMAND_OPEN.to_bytes(2, "big")
        assert bench.send(write(UNITS[unit].node, UNITS[unit].blocks["control"].address, opened).packet()) == []
    bench.release(f"{unit}.deaf")
    assert len(bench.send(read(UNITS[unit].node, 0, 2).packet())) == 1
    assert bench.get("power.limiters_closed") == 0b11


@pytest.mark.parametrize(("unit", "taking"), [("sar", False), ("sar", True), ("optical", False)])
def test_a_unit_that_finds_itself_failed(unit: str, taking: bool) -> None:
    bench = ready_sar() if unit == "sar" else ready_optical()
    if taking:
        start_us = start_sar(bench)
        bench.run_ms((start_us - bench.now_us) / 1000 + 1000)
    bench.force(f"{unit}.fail")
    bench.run_ms(LONG_MS)
    assert bench.get(f"{unit}.state") == lib.SAR_UNIT_STATE_FAILED == lib.OPTICAL_UNIT_STATE_FAILED
    assert bench.observe("sar.transmitting") == 0
    with pytest.raises(Refused):
        bench.command(unit, "STANDBY" if unit == "sar" else "FOCAL_PLANE_OFF")
    bench.command(unit, "SELF_TEST")


def test_a_spoiled_block_is_one_bit_and_one_block() -> None:
    bench = ready_sar()
    bench.force("sar.spoil_write")
    bench.write("sar", UNITS["sar"].blocks["table"].address, table_block())
    spoiled = bench.block("sar", "table")
    differing = [one ^ other for one, other in zip(spoiled, table_block(), strict=True) if one != other]
    assert differing == [1]
    assert bench.get("sar.table_valid") == 0
    bench.write("sar", UNITS["sar"].blocks["table"].address, table_block())
    assert bench.block("sar", "table") == table_block()
