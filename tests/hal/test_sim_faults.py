"""Forces and faults by name; determinism."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.hal.hal_board import ffi, lib
from tests.hal.rmap_standard import UNITS, read, read_any_reply, write
from tests.hal.sim_bench import SimBench
from tests.hal.sim_take import DURATION_MS, move_door, open_entry, ready_optical, ready_sar, start_optical, start_sar

POWER = UNITS["power"]
STATUS_1 = 1
STATUS_7 = 7


def everything_on() -> SimBench:
    bench = SimBench()
    bench.limiter("SAR_UNIT", True)
    bench.limiter("OPTICAL_UNIT", True)
    bench.run_ms(2500)
    return bench


@pytest.mark.parametrize(
    ("unit", "name"),
    [
        (unit, name.removeprefix("housekeeping."))
        for unit, layout in UNITS.items()
        for name in layout.registers
        if name.startswith("housekeeping.")
    ],
)
def test_every_register_can_be_forced(unit: str, name: str) -> None:
    bench = everything_on()
    register = f"{unit}.{name}"
    scale = UNITS[unit].registers[f"housekeeping.{name}"][2]
    before = bench.get(register)
    bench.force(register, 113 * scale)
    assert bench.get(register) == pytest.approx(113 * scale)
    assert bench.observe(register) == pytest.approx(113 * scale)
    bench.run_ms(100)
    assert bench.get(register) == pytest.approx(113 * scale)
    bench.release(register)
    bench.run_ms(20)
    after = bench.get(register)
    if name == "sample_count":
        assert after > before
    else:
        assert after == pytest.approx(before, abs=0.1)


def test_forced_values_are_clipped_to_their_registers() -> None:
    bench = everything_on()
    bench.force("sar.trm_temperature_degc", 1e9)
    assert bench.get("sar.trm_temperature_degc") == pytest.approx(3276.7)
    bench.force("sar.trm_temperature_degc", -1e9)
    assert bench.get("sar.trm_temperature_degc") == pytest.approx(-3276.8)
    bench.force("sar.pulses", -1)
    assert bench.get("sar.pulses") == 0


@pytest.mark.parametrize("name", ["", "sar", "sar.", "sar.nothing", "nothing.state", "sar.state.more", "sarstate"])
def test_unknown_names(name: str) -> None:
    sim = SimBench().sim
    assert not lib.sim_force(sim, name.encode(), 1)
    assert not lib.sim_release(sim, name.encode())
    assert not lib.sim_observe(sim, name.encode(), ffi.new("double *"))


@pytest.mark.parametrize("unit", UNITS)
def test_dead(unit: str) -> None:
    bench = everything_on()
    request = read(UNITS[unit].node, 0, 2).packet()
    bench.force(f"{unit}.dead")
    assert bench.send(request) == []
    bench.release(f"{unit}.dead")
    assert len(bench.send(request)) == 1


def test_dead_unit_still_acts() -> None:
    bench = SimBench()
    bench.force("power.dead")
    close = lib.LIMITER_COMMAND_CLOSE.to_bytes(2, "big")
    assert bench.send(write(POWER.node, POWER.blocks["control"].address, close).packet()) == []
    bench.release("power.dead")
    assert bench.get("power.limiters_closed") == 1


SELF_TEST = lib.SAR_UNIT_COMMAND_SELF_TEST.to_bytes(2, "big")


def self_test(bench: SimBench, transaction: int = 7, **changed: Any) -> list[int]:
    """The statuses of the replies to a self-test, which the unit refuses while one is under way."""
    sar = UNITS["sar"]
    fields = {"data": SELF_TEST, "address": sar.registers["control.command"][0], **changed}
    command = write(sar.node, fields["address"], fields["data"], transaction=transaction)
    replies = [read_any_reply(packet) for packet in bench.send(command.packet())]
    assert all(reply.transaction == transaction for reply in replies)
    return [reply.status for reply in replies]


def test_a_repeated_write_is_answered_again_and_carried_out_once() -> None:
    bench = everything_on()
    assert [self_test(bench) for _ in range(3)] == [[0], [0], [0]]
    assert self_test(bench, transaction=8) == [STATUS_1], "another one is refused in the self-test"
    assert self_test(bench, transaction=8) == [STATUS_1], "also when it is repeated"


def test_what_differs_is_not_a_repetition() -> None:
    bench = everything_on()
    assert self_test(bench) == [0]
    start = UNITS["sar"].registers["control.start_coarse"][0]
    assert self_test(bench, address=start, data=bytes(4)) == [0]
    assert self_test(bench) == [STATUS_1], "another write lies between"
    assert self_test(bench, data=lib.SAR_UNIT_COMMAND_ABORT.to_bytes(2, "big")) == [0]
    bench.run_ms(1000)
    assert self_test(bench, data=lib.SAR_UNIT_COMMAND_ABORT.to_bytes(2, "big"), transaction=9) == [0]
    assert self_test(bench, transaction=9) == [STATUS_1], "of the same transaction another command"


def test_after_all_attempts_of_an_initiator_it_is_a_new_write() -> None:
    """A payload computer that has restarted counts its transactions anew."""
    bench = everything_on()
    assert self_test(bench) == [0]
    bench.run_ms((lib.BUS_RETRIES + 1) * lib.BUS_REPLY_TIMEOUT_MS)
    assert self_test(bench) == [0]
    bench.run_ms((lib.BUS_RETRIES + 1) * lib.BUS_REPLY_TIMEOUT_MS + 10)
    assert self_test(bench) == [STATUS_1]


def test_a_unit_that_was_reset_knows_no_write() -> None:
    bench = everything_on()
    assert self_test(bench) == [0]
    bench.force("sar.reset")
    assert self_test(bench) == [0] and self_test(bench) == [0]
    bench.run_ms(1500)
    assert self_test(bench, transaction=9) == [STATUS_1], "the self-test commanded during the boot is under way"


@pytest.mark.parametrize("attempts", [1, 2])
def test_lost_replies(attempts: int) -> None:
    bench = everything_on()
    bench.force("sar.lose_replies", attempts)
    assert [self_test(bench) for _ in range(attempts + 1)] == [[]] * attempts + [[0]]
    assert [self_test(bench, transaction=8) for _ in range(attempts + 1)] == [[]] * attempts + [[STATUS_1]]
    assert len(bench.send(read(UNITS["sar"].node, UNITS["sar"].blocks["housekeeping"].address, 2).packet())) == 1


@pytest.mark.parametrize("unit", UNITS)
def test_slow(unit: str) -> None:
    bench = everything_on()
    bench.force(f"{unit}.slow_ms", 60)
    assert bench.send(read(UNITS[unit].node, 0, 2, transaction=7).packet()) == []
    bench.run_ms(59)
    assert bench.packets() == []
    bench.run_ms(1)
    [reply] = bench.packets()
    assert read_any_reply(reply).transaction == 7


def test_late_reply_comes_after_a_prompt_one_of_another_unit() -> None:
    bench = everything_on()
    bench.force("power.slow_ms", 60)
    assert bench.send(read(UNITS["power"].node, 0, 2, transaction=1).packet()) == []
    [prompt] = bench.send(read(UNITS["recorder"].node, 0, 2, transaction=2).packet())
    assert read_any_reply(prompt).transaction == 2
    bench.run_ms(60)
    [late] = bench.packets()
    assert read_any_reply(late).transaction == 1


def test_replies_held_back_are_bounded() -> None:
    bench = everything_on()
    bench.force("power.slow_ms", 60)
    for _ in range(20):
        bench.send(read(POWER.node, 0, 2).packet())
    bench.run_ms(60)
    assert len(bench.packets()) == 8


@pytest.mark.parametrize("unit", UNITS)
def test_corrupt_data_crc(unit: str) -> None:
    bench = everything_on()
    request = read(UNITS[unit].node, 0, 2).packet()
    [good] = bench.send(request)
    bench.force(f"{unit}.corrupt")
    [bad] = bench.send(request)
    assert bad[:12] == good[:12]
    with pytest.raises(AssertionError):
        read_any_reply(bad)


@pytest.mark.parametrize("unit", UNITS)
def test_wrong_id(unit: str) -> None:
    bench = everything_on()
    bench.force(f"{unit}.wrong_id")
    [reply] = bench.send(read(UNITS[unit].node, 0, 2, transaction=0xFFFF).packet())
    assert read_any_reply(reply).transaction == 0


@pytest.mark.parametrize("unit", UNITS)
def test_error_status(unit: str) -> None:
    bench = everything_on()
    bench.force(f"{unit}.error_status", STATUS_7)
    [reply] = bench.send(read(UNITS[unit].node, 0, 2).packet())
    assert read_any_reply(reply).status == STATUS_7


def test_stuck_state() -> None:
    bench = ready_sar()
    bench.force("sar.stuck_state")
    bench.command("sar", "STANDBY")
    assert bench.get("sar.state") == lib.SAR_UNIT_STATE_READY
    bench.release("sar.stuck_state")
    bench.command("sar", "STANDBY")
    assert bench.get("sar.state") == lib.SAR_UNIT_STATE_IDLE


def test_an_optical_unit_that_does_nothing_moves_no_door_and_lights_no_lamp() -> None:
    bench = ready_optical()
    bench.limiter("DOOR", True)
    bench.force("optical.stuck_state")
    bench.put("optical.door_command", lib.DOOR_COMMAND_OPEN)
    bench.put("optical.lamp_command", lib.SWITCH_ON)
    bench.run_ms(100)
    assert (bench.get("optical.door"), bench.get("optical.lamp")) == (lib.DOOR_SHUT, lib.SWITCH_OFF)
    bench.release("optical.stuck_state")
    bench.put("optical.door_command", lib.DOOR_COMMAND_OPEN)
    bench.run_ms(100)
    assert bench.get("optical.door") == lib.DOOR_MOVING


def test_stuck_transmitter_still_obeys_the_discrete() -> None:
    bench = ready_sar()
    start_us = start_sar(bench)
    bench.run_ms((start_us - bench.now_us) / 1000 + 1000)
    bench.force("sar.stuck_state")
    bench.run_ms(2 * DURATION_MS)
    assert bench.observe("sar.transmitting") == 1
    assert bench.get("sar.transmit_time_ms") == 200 + 2 * DURATION_MS
    bench.transmit_enable(False)
    assert bench.observe("sar.transmitting") == 0


@pytest.mark.parametrize("unit", UNITS)
def test_reset(unit: str) -> None:
    bench = everything_on()
    assert bench.get(f"{unit}.sample_count") > 20
    bench.force(f"{unit}.reset")
    assert bench.get(f"{unit}.sample_count") == 0
    bench.run_ms(200)
    assert bench.get(f"{unit}.sample_count") > 0


@pytest.mark.parametrize("unit", UNITS)
def test_sample_count_goes_on(unit: str) -> None:
    bench = everything_on()
    counts = []
    for _ in range(10):
        counts.append(bench.get(f"{unit}.sample_count"))
        bench.run_ms(100)
    assert all(later > earlier for earlier, later in pairwise(counts))


def sar_take(seed: int, step_ms: float) -> tuple[bytes, bytes, bytes]:
    """Recorded octets and housekeeping after a data take."""
    bench = ready_sar(seed=seed, step_ms=step_ms)
    entry = open_entry(bench)
    start_us = start_sar(bench, entry=entry)
    bench.run_ms((start_us - bench.now_us) / 1000 + 1234)
    during = bench.block("sar", "housekeeping") + bench.block("power", "housekeeping")
    bench.run_ms(DURATION_MS)
    return bench.recorded(entry), during, bench.block("sar", "housekeeping") + bench.block("power", "housekeeping")


def optical_take(seed: int, step_ms: float) -> tuple[bytes, bytes]:
    bench = ready_optical(seed=seed, step_ms=step_ms)
    move_door(bench, lib.DOOR_OPEN)
    entry = open_entry(bench)
    start_us = start_optical(bench, entry)
    bench.run_ms((start_us - bench.now_us) / 1000 + 1234)
    return bench.recorded(entry), bench.block("optical", "housekeeping")


@pytest.mark.parametrize("step_ms", [0.7, 3, 10, 25, 1000])
def test_time_slices_do_not_matter(step_ms: float) -> None:
    assert sar_take(1, step_ms) == sar_take(1, 10)
    assert optical_take(1, step_ms) == optical_take(1, 10)


def test_seeds_differ() -> None:
    assert sar_take(1, 10)[0] != sar_take(2, 10)[0]
    assert optical_take(1, 10)[0] != optical_take(2, 10)[0]


def test_instances_are_apart() -> None:
    one, other = SimBench(), SimBench()
    one.limiter("DOOR", True)
    one.force("power.bus_voltage_v", 20)
    assert other.get("power.limiters_closed") == 0
    assert other.get("power.bus_voltage_v") > 28
