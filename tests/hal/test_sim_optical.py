"""The optical unit: focal plane, door, focus, images, and how it makes itself safe."""

from __future__ import annotations

import pytest

from emei.dictionary import load
from emei.science.source_packets import decode_headers
from tests.hal.hal_board import lib
from tests.hal.rmap_standard import GENERAL_ERROR
from tests.hal.sim_bench import Refused, SimBench
from tests.hal.sim_take import DURATION_MS, move_door, open_entry, ready_optical, start_optical, write_settings

LAYOUT = load().science_packets["OPTICAL_PACKET"]
PIXELS = 128
HEADERS_OCTETS = 6 + LAYOUT.octets
PACKET_OCTETS = HEADERS_OCTETS + PIXELS * 12 // 8
DARK_LEVEL = 64
ROW_MS = 1024 * 71.1e-3
DOOR_FAULT = 2
LATE_START = 4


def switched_on() -> SimBench:
    bench = SimBench()
    bench.limiter("OPTICAL_UNIT", True)
    bench.run_until("optical.state", lib.OPTICAL_UNIT_STATE_IDLE)
    return bench


def test_boot_and_self_test() -> None:
    bench = SimBench()
    bench.limiter("OPTICAL_UNIT", True)
    bench.command("optical", "SELF_TEST")
    assert bench.run_until("optical.state", lib.OPTICAL_UNIT_STATE_SELF_TEST) == pytest.approx(1000, abs=100)
    assert bench.run_until("optical.state", lib.OPTICAL_UNIT_STATE_IDLE) == pytest.approx(4000, abs=100)
    assert bench.get("optical.focus_valid") == 1
    assert bench.get("optical.door") == lib.DOOR_SHUT


def test_focal_plane_settles_only_with_its_heater() -> None:
    bench = switched_on()
    bench.command("optical", "FOCAL_PLANE_ON")
    assert bench.get("optical.state") == lib.OPTICAL_UNIT_STATE_STABILISING
    bench.run_ms(60000)
    assert bench.get("optical.focal_plane_temperature_degc") < 16
    assert bench.get("optical.stable_s") == 0
    bench.limiter("OPTICAL_HEATER", True)
    bench.run_until("optical.stable_s", 3)
    assert bench.get("optical.focal_plane_temperature_degc") == pytest.approx(20, abs=1)
    assert bench.get("power.heater_current_ma") > 500


def test_stable_time_counts_with_the_focal_plane_on() -> None:
    bench = switched_on()
    bench.limiter("OPTICAL_HEATER", True)
    bench.run_ms(10000)
    assert bench.get("optical.stable_s") == 0
    bench.command("optical", "FOCAL_PLANE_ON")
    bench.run_ms(2000)
    assert bench.get("optical.stable_s") == 2


@pytest.mark.parametrize("time_constant_s", [1, 10])
def test_first_order_lag(time_constant_s: int) -> None:
    """After one time constant 63 % of the way is made."""
    bench = SimBench(optical_stabilisation_s=time_constant_s)
    bench.limiter("OPTICAL_UNIT", True)
    bench.run_ms(100)
    start = bench.get("optical.focal_plane_temperature_degc")
    bench.limiter("OPTICAL_HEATER", True)
    bench.run_ms(time_constant_s * 1000)
    expected = start + (20 - start) * 0.632
    assert bench.get("optical.focal_plane_temperature_degc") == pytest.approx(expected, abs=0.05)


def test_ready_needs_the_set_point() -> None:
    bench = switched_on()
    bench.command("optical", "FOCAL_PLANE_ON")
    with pytest.raises(Refused) as refused:
        bench.command("optical", "READY")
    assert refused.value.status == GENERAL_ERROR


def test_door_moves_and_confirms() -> None:
    bench = ready_optical()
    bench.limiter("DOOR", True)
    bench.put("optical.door_command", lib.DOOR_COMMAND_OPEN)
    bench.run_ms(100)
    assert bench.get("optical.door") == lib.DOOR_MOVING
    assert bench.get("power.door_current_ma") > 500
    assert bench.run_until("optical.door", lib.DOOR_OPEN) == pytest.approx(1700, abs=100)
    assert bench.get("optical.door_movement_ms") == pytest.approx(1800, abs=20)
    bench.put("optical.door_command", lib.DOOR_COMMAND_DIFFUSER)
    assert bench.run_until("optical.door", lib.DOOR_DIFFUSER) == pytest.approx(3600, abs=100)
    bench.put("optical.door_command", lib.DOOR_COMMAND_SHUT)
    bench.run_until("optical.door", lib.DOOR_SHUT)
    assert bench.get("optical.fault_flags") == 0


def test_door_without_supply_does_not_move() -> None:
    bench = ready_optical()
    bench.put("optical.door_command", lib.DOOR_COMMAND_OPEN)
    bench.run_ms(3000)
    assert bench.get("optical.door") == lib.DOOR_SHUT
    assert bench.get("optical.fault_flags") == DOOR_FAULT


@pytest.mark.parametrize("limiter", ["DOOR", "OPTICAL_UNIT"])
def test_spring_shuts_the_door_without_supply(limiter: str) -> None:
    bench = ready_optical()
    move_door(bench, lib.DOOR_OPEN)
    bench.limiter(limiter, False)
    bench.run_ms(700)
    assert bench.observe("optical.door_position") > 0
    bench.run_ms(200)
    assert bench.observe("optical.door_position") == 0
    bench.limiter("OPTICAL_UNIT", True)
    assert bench.get("optical.door") == lib.DOOR_SHUT


def test_restart_of_the_unit_shuts_the_door() -> None:
    bench = ready_optical()
    move_door(bench, lib.DOOR_OPEN)
    bench.force("optical.reset")
    bench.run_ms(2000)
    assert bench.get("optical.door") == lib.DOOR_SHUT


def test_slow_and_stuck_door() -> None:
    bench = ready_optical()
    bench.force("optical.door_slow", 3)
    move_door(bench, lib.DOOR_OPEN)
    assert bench.get("optical.door_movement_ms") == pytest.approx(5400, abs=30)
    bench.force("optical.door_stuck")
    bench.put("optical.door_command", lib.DOOR_COMMAND_SHUT)
    bench.run_ms(7000)
    assert bench.get("optical.door") == lib.DOOR_OPEN
    assert bench.get("optical.door_movement_ms") == pytest.approx(7000, abs=30)
    assert bench.get("optical.fault_flags") == DOOR_FAULT


def test_focus() -> None:
    bench = switched_on()
    bench.put("optical.focus_target_steps", -400)
    bench.run_ms(1000)
    assert bench.get("optical.focus_valid") == 0
    assert bench.get("optical.focus_steps") == pytest.approx(-200, abs=5)
    bench.run_ms(1100)
    assert (bench.get("optical.focus_valid"), bench.get("optical.focus_steps")) == (0, -400), "arrived, not yet at rest"
    bench.run_ms(500)
    assert (bench.get("optical.focus_valid"), bench.get("optical.focus_steps")) == (1, -400)
    with pytest.raises(Refused):
        bench.put("optical.focus_target_steps", 2001)


def image(bench: SimBench) -> list[bytes]:
    """Take an image and return its packets."""
    entry = open_entry(bench, instrument=lib.INSTRUMENT_OPTICAL)
    start_us = start_optical(bench, entry, task=5)
    bench.run_ms((start_us - bench.now_us) / 1000 - 20)
    assert bench.get("optical.phase") == lib.OPTICAL_PHASE_WAIT_START
    bench.run_ms(DURATION_MS / 2)
    assert bench.get("optical.phase") == lib.OPTICAL_PHASE_IMAGING
    bench.run_ms(DURATION_MS / 2 + 40)
    assert bench.get("optical.phase") == lib.OPTICAL_PHASE_DONE
    assert bench.get("optical.state") == lib.OPTICAL_UNIT_STATE_READY
    octets = bench.recorded(entry)
    assert len(octets) % PACKET_OCTETS == 0
    packets = [octets[i : i + PACKET_OCTETS] for i in range(0, len(octets), PACKET_OCTETS)]
    assert len(packets) == bench.get("optical.packets")
    return packets


def mean_level(packet: bytes) -> float:
    bits = int.from_bytes(packet[HEADERS_OCTETS:], "big")
    return sum(bits >> 12 * i & 0xFFF for i in range(PIXELS)) / PIXELS


def test_image() -> None:
    bench = ready_optical()
    move_door(bench, lib.DOOR_OPEN)
    packets = image(bench)
    assert bench.get("optical.lines") == DURATION_MS * 10000 // 711
    for number, packet in enumerate(packets):
        assert int.from_bytes(packet[2:4], "big") & 0x3FFF == number
        assert int.from_bytes(packet[4:6], "big") == PACKET_OCTETS - 7
        assert mean_level(packet) > 3 * DARK_LEVEL
    header = decode_headers([packet[6:] for packet in packets], LAYOUT)
    for name, value in {
        "data_take_id": 5,
        "strip": 1,
        "bands": 31,
        "line_period": 711,
        "integration": 680,
        "stages": 32,
        "gain": 2,
        "lamp": 0,
        "door": lib.DOOR_OPEN,
        "compression": 40,
        "samples": PIXELS,
    }.items():
        assert (header[name] == value).all(), name
    rows = DURATION_MS * 10000 // 711 // 1024 + 1
    assert header["band"].tolist() == [1, 2, 4, 8, 16] * rows
    assert header["line"].tolist() == [1024 * row for row in range(rows) for _ in range(5)]
    gps_s = header["coarse_time"] + header["fine_time"] / 65536
    assert gps_s - gps_s[0] == pytest.approx(header["line"] * 71.1e-6, abs=100e-6)


def test_image_behind_a_shut_door_is_dark() -> None:
    bench = ready_optical()
    assert all(mean_level(packet) < 2 * DARK_LEVEL for packet in image(bench))


def test_saturation_is_that_of_the_rows_recorded_last() -> None:
    """The white roof begins in row 24, is 10 rows of 9 pixels, and saturates every band; the Sun saturates all."""
    bench = ready_optical()
    write_settings(bench, duration_ms=6000)
    move_door(bench, lib.DOOR_OPEN)
    start_us = start_optical(bench)
    bench.run_ms((start_us - bench.now_us) / 1000 + 20 * ROW_MS)
    assert bench.get("optical.saturated_percent") == 0
    bench.run_ms(20 * ROW_MS)
    assert bench.get("optical.saturated_percent") == pytest.approx(100 * 90 / (32 * PIXELS), abs=0.1)
    bench.force("optical.sun_near")
    bench.run_ms(8 * ROW_MS)
    assert bench.get("optical.saturated_percent") > 20
    bench.run_ms(6000)
    assert bench.get("optical.saturated_percent") == 0


def test_late_start() -> None:
    bench = ready_optical()
    bench.start_at("optical", bench.now_us)
    bench.command("optical", "START")
    assert bench.get("optical.phase") == lib.OPTICAL_PHASE_ABORTED
    assert bench.get("optical.fault_flags") == LATE_START


@pytest.mark.parametrize("fields", [{"gain": 9}, {"duration_ms": 999}, {"line_period_us": 0}])
def test_settings_out_of_range(fields: dict[str, int]) -> None:
    bench = ready_optical()
    write_settings(bench, **fields)
    with pytest.raises(Refused):
        start_optical(bench)
    assert bench.get("optical.state") == lib.OPTICAL_UNIT_STATE_READY


def test_safe_shuts_the_door_before_the_focal_plane_goes_off() -> None:
    bench = ready_optical()
    move_door(bench, lib.DOOR_OPEN)
    start_us = start_optical(bench)
    bench.run_ms((start_us - bench.now_us) / 1000 + 500)
    bench.command("optical", "SAFE")
    assert bench.get("optical.state") == lib.OPTICAL_UNIT_STATE_SAFE
    assert bench.get("optical.phase") == lib.OPTICAL_PHASE_ABORTED
    bench.run_ms(1500)
    assert bench.get("optical.focal_plane_on") == 1
    bench.run_until("optical.door", lib.DOOR_SHUT)
    bench.run_ms(20)
    assert bench.get("optical.focal_plane_on") == 0
    bench.command("optical", "FOCAL_PLANE_OFF")
    assert bench.get("optical.state") == lib.OPTICAL_UNIT_STATE_IDLE


def test_focus_stays_where_it_is_at_power_up() -> None:
    """No actuator moves by itself: a unit that restarts takes its position for the target."""
    bench = switched_on()
    bench.put("optical.focus_target_steps", 400)
    bench.run_ms(3000)
    bench.force("optical.reset")
    bench.run_ms(3000)
    assert (bench.get("optical.focus_valid"), bench.get("optical.focus_steps")) == (1, 400)


@pytest.mark.parametrize("fault", ["focus_stuck", "focus_drifts"])
def test_focus_that_is_stuck_or_drifts_is_not_valid(fault: str) -> None:
    bench = switched_on()
    bench.force(f"optical.{fault}")
    bench.put("optical.focus_target_steps", 100)
    for _ in range(30):
        bench.run_ms(100)
        assert bench.get("optical.focus_valid") == 0
    bench.release(f"optical.{fault}")
    bench.run_ms(1500)
    assert (bench.get("optical.focus_valid"), bench.get("optical.focus_steps")) == (1, 100)


def test_line_period_takes_force_while_imaging() -> None:
    bench = ready_optical()
    start_us = start_optical(bench)
    assert bench.get("optical.line_period_us") == pytest.approx(71.1)
    bench.run_ms((start_us - bench.now_us) / 1000 + DURATION_MS / 2)
    half = bench.get("optical.lines")
    assert half == pytest.approx(DURATION_MS / 2 * 1000 / 71.1, rel=0.02)
    bench.put("optical.line_period_us", 1422)
    bench.run_ms(DURATION_MS / 2 + 40)
    assert bench.get("optical.lines") - half == pytest.approx(DURATION_MS / 2 * 1000 / 142.2, rel=0.04)
    for raw in (499, 5001):
        with pytest.raises(Refused):
            bench.put("optical.line_period_us", raw)


def test_lamp_lights_until_an_abort() -> None:
    bench = ready_optical()
    dark_ma = bench.get("power.optical_current_ma")
    bench.put("optical.lamp_command", 1)
    bench.run_ms(100)
    assert bench.get("optical.lamp") == 1
    assert bench.get("power.optical_current_ma") > dark_ma + 100
    bench.command("optical", "ABORT")
    bench.run_ms(100)
    assert bench.get("optical.lamp") == 0
    bench.force("optical.lamp_dead")
    bench.put("optical.lamp_command", 1)
    bench.run_ms(100)
    assert bench.get("optical.lamp") == 0


def test_decontamination_heats_to_40_degc_behind_the_shut_door() -> None:
    bench = switched_on()
    bench.limiter("OPTICAL_HEATER", True)
    bench.command("optical", "DECONTAMINATE")
    assert (bench.get("optical.state"), bench.get("optical.set_point_degc")) == (
        lib.OPTICAL_UNIT_STATE_DECONTAMINATING,
        40,
    )
    bench.run_ms(20000)
    assert bench.get("optical.focal_plane_temperature_degc") == pytest.approx(40, abs=0.1)
    bench.force("optical.heater_runaway")
    bench.run_ms(10000)
    assert bench.get("optical.focal_plane_temperature_degc") > 45
    bench.release("optical.heater_runaway")
    bench.command("optical", "FOCAL_PLANE_OFF")
    assert bench.get("optical.set_point_degc") == 20


def test_decontamination_needs_the_door_shut_and_the_focal_plane_off() -> None:
    bench = switched_on()
    move_door(bench, lib.DOOR_DIFFUSER)
    with pytest.raises(Refused):
        bench.command("optical", "DECONTAMINATE")
    bench.put("optical.door_command", lib.DOOR_COMMAND_SHUT)
    bench.run_until("optical.door", lib.DOOR_SHUT)
    bench.command("optical", "FOCAL_PLANE_ON")
    with pytest.raises(Refused):
        bench.command("optical", "DECONTAMINATE")


def test_video_applies_no_tdi() -> None:
    levels = []
    for mode in (lib.OPTICAL_MODE_STRIP, lib.OPTICAL_MODE_VIDEO):
        bench = ready_optical()
        move_door(bench, lib.DOOR_OPEN)
        bench.put("optical.image_mode", mode)
        levels.append(mean_level(image(bench)[0]) - DARK_LEVEL)
    assert levels[0] == pytest.approx(32 * levels[1], rel=0.2), "a thirty-second of the exposure"


def test_strips_of_one_entry_count_on() -> None:
    bench = ready_optical()
    entry = open_entry(bench, instrument=lib.INSTRUMENT_OPTICAL)
    counts = []
    for _ in range(2):
        start_us = start_optical(bench, entry)
        bench.run_ms((start_us - bench.now_us) / 1000 + DURATION_MS + 100)
        counts.append(bench.get("optical.packets"))
    assert counts[1] > counts[0] > 0
    numbers = [int.from_bytes(octets, "big") & 0x3FFF for octets in _sequence_counts(bench.recorded(entry))]
    assert numbers == list(range(int(counts[1])))


def _sequence_counts(octets: bytes) -> list[bytes]:
    return [octets[at + 2 : at + 4] for at in range(0, len(octets), PACKET_OCTETS)]
