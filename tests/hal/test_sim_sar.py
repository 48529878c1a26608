"""The SAR unit: states, warm-up, data takes, what it transmits and when it refuses."""

from __future__ import annotations

import struct

import pytest

from tests.hal.hal_board import lib
from tests.hal.rmap_standard import GENERAL_ERROR, UNITS
from tests.hal.sim_bench import GPS_START_S, Refused, Silent, SimBench
from tests.hal.sim_take import (
    DURATION_MS,
    PRI_CODE,
    PULSE_CODE,
    SAR_TABLE,
    SPOTLIGHT,
    TOPS,
    open_entry,
    ready_sar,
    start_sar,
    table_block,
    write_table,
)

REFERENCE_HZ = lib.SAR_REFERENCE_FREQUENCY_MILLIHZ / 1000
PHASES_MS = (
    (0, lib.SAR_PHASE_NOISE),
    (300, lib.SAR_PHASE_OPENING_CALIBRATION),
    (800, lib.SAR_PHASE_ECHO),
    (800 + DURATION_MS, lib.SAR_PHASE_CLOSING_CALIBRATION),
    (1300 + DURATION_MS, lib.SAR_PHASE_DONE),
)
LATE_START = 4
BAD_TABLE = 2
INHIBIT = 8


def test_unpowered_unit_is_silent() -> None:
    bench = SimBench()
    with pytest.raises(Silent):
        bench.get("sar.state")


def test_boot_self_test_idle() -> None:
    bench = SimBench()
    bench.limiter("SAR_UNIT", True)
    assert bench.get("sar.state") == lib.SAR_UNIT_STATE_BOOT
    bench.command("sar", "SELF_TEST")
    assert bench.run_until("sar.state", lib.SAR_UNIT_STATE_SELF_TEST) == pytest.approx(1000, abs=100)
    assert bench.run_until("sar.state", lib.SAR_UNIT_STATE_IDLE) == pytest.approx(3000, abs=100)
    assert bench.get("sar.fault_flags") == 0


def test_failed_self_test() -> None:
    bench = SimBench()
    bench.force("sar.fail_self_test")
    bench.limiter("SAR_UNIT", True)
    bench.command("sar", "SELF_TEST")
    bench.run_until("sar.state", lib.SAR_UNIT_STATE_FAILED)
    assert bench.get("sar.fault_flags") == 1
    with pytest.raises(Refused):
        bench.command("sar", "WARM_UP")


@pytest.mark.parametrize("warmup_s", [3, 20])
def test_warm_up(warmup_s: int) -> None:
    bench = SimBench(sar_warmup_s=warmup_s)
    bench.limiter("SAR_UNIT", True)
    bench.run_ms(1500)
    assert bench.get("sar.oscillator_locked") == 0
    assert bench.get("sar.trm_temperature_degc") == pytest.approx(5, abs=0.1)
    bench.command("sar", "WARM_UP")
    assert bench.get("sar.warmup_remaining_s") == warmup_s
    assert bench.run_until("sar.state", lib.SAR_UNIT_STATE_READY) == pytest.approx(warmup_s * 1000, abs=100)
    assert bench.get("sar.oscillator_locked") == 1
    assert bench.get("sar.warmup_remaining_s") == 0
    assert 23 < bench.get("sar.trm_temperature_degc") < 26


def test_warm_up_waits_for_the_oscillator() -> None:
    bench = SimBench(sar_warmup_s=0)
    bench.limiter("SAR_UNIT", True)
    bench.run_ms(1100)
    bench.command("sar", "WARM_UP")
    assert bench.run_until("sar.state", lib.SAR_UNIT_STATE_READY, poll_ms=10) == pytest.approx(900, abs=20)


def test_time_message_is_for_one_near_pps() -> None:
    bench = ready_sar(time=False)
    bench.put("sar.time_message_coarse", GPS_START_S)
    lib.sim_step(bench.sim, bench.now_us + 1_600_000)
    lib.sim_pps(bench.sim)
    assert bench.get("sar.time_valid") == 0


def test_phases_of_a_data_take() -> None:
    bench = ready_sar()
    start_us = start_sar(bench)
    assert bench.get("sar.phase") == lib.SAR_PHASE_WAIT_START
    for begin_ms, phase in PHASES_MS:
        bench.run_ms((start_us - bench.now_us) / 1000 + begin_ms - 20)
        assert bench.get("sar.phase") != phase
        bench.run_ms(40)
        assert bench.get("sar.phase") == phase
    assert bench.get("sar.state") == lib.SAR_UNIT_STATE_READY
    assert bench.get("sar.fault_flags") == 0


def test_duty_pulses_and_time_from_the_codes() -> None:
    bench = ready_sar()
    start_us = start_sar(bench)
    bench.run_ms((start_us - bench.now_us) / 1000 + 1000)
    assert bench.get("sar.transmit_duty_percent") == pytest.approx(100 * PULSE_CODE / PRI_CODE, abs=0.006)
    assert abs(bench.get("sar.forward_power_deviation_db")) < 0.2
    assert bench.get("sar.reflected_power_percent") == pytest.approx(3, abs=0.5)
    assert bench.get("power.sar_current_ma") == pytest.approx(39300, rel=0.1)
    assert 26.5 < bench.get("power.bus_voltage_v") < 28
    bench.run_ms(DURATION_MS + 1000)
    assert bench.get("sar.transmit_time_ms") == DURATION_MS
    assert bench.get("sar.pulses") == int(DURATION_MS * 1e-3 * REFERENCE_HZ / PRI_CODE)
    assert bench.get("sar.transmit_duty_percent") == 0


@pytest.mark.parametrize("after_start_ms", [400, 900, 1000 + DURATION_MS])
def test_dropped_enable_stops_the_take_at_once(after_start_ms: int) -> None:
    bench = ready_sar()
    start_us = start_sar(bench)
    bench.run_ms((start_us - bench.now_us) / 1000 + after_start_ms)
    bench.transmit_enable(False)
    assert bench.observe("sar.transmitting") == 0
    assert bench.get("sar.phase") == lib.SAR_PHASE_ABORTED
    assert bench.get("sar.state") == lib.SAR_UNIT_STATE_READY
    assert bench.get("sar.fault_flags") == INHIBIT
    assert bench.get("sar.transmit_time_ms") == min(max(after_start_ms - 800, 0), DURATION_MS)


def test_without_enable_nothing_is_transmitted() -> None:
    bench = ready_sar()
    bench.transmit_enable(False)
    start_us = start_sar(bench, enable=False)
    bench.run_ms((start_us - bench.now_us) / 1000 + 500)
    assert bench.get("sar.fault_flags") == INHIBIT
    assert bench.observe("sar.transmit_total_ms") == 0


def test_receive_only_needs_no_enable() -> None:
    bench = ready_sar(mode=lib.SAR_MODE_RX_ONLY)
    start_us = start_sar(bench, enable=False)
    bench.run_ms((start_us - bench.now_us) / 1000 + 900)
    assert bench.get("sar.phase") == lib.SAR_PHASE_ECHO
    assert bench.get("sar.transmit_duty_percent") == 0
    bench.run_ms(DURATION_MS + 1000)
    assert bench.get("sar.phase") == lib.SAR_PHASE_DONE
    assert bench.get("sar.pulses") == 0


def test_late_start() -> None:
    bench = ready_sar()
    bench.start_at("sar", bench.now_us - 1000)
    bench.command("sar", "START")
    assert (bench.get("sar.state"), bench.get("sar.phase")) == (lib.SAR_UNIT_STATE_READY, lib.SAR_PHASE_ABORTED)
    assert bench.get("sar.fault_flags") == LATE_START


def test_start_without_time() -> None:
    bench = ready_sar(time=False)
    bench.start_at("sar", bench.now_us + 1_000_000)
    bench.command("sar", "START")
    assert bench.get("sar.fault_flags") == LATE_START


@pytest.mark.parametrize(
    ("field", "value"), [("duration_ms", 50001), ("pri_code", 5361), ("mode", 1), ("baq", 1), ("duration_ms", 999)]
)
def test_table_out_of_range(field: str, value: int) -> None:
    bench = ready_sar()
    write_table(bench, **{field: value})
    assert bench.get("sar.table_valid") == 1
    start_sar(bench)
    assert bench.get("sar.fault_flags") == BAD_TABLE
    assert bench.get("sar.phase") == lib.SAR_PHASE_ABORTED


def test_table_with_a_bad_crc() -> None:
    bench = ready_sar()
    good = table_block()
    assert bench.get("sar.active_table_crc") == int.from_bytes(good[-2:], "big")
    bench.write("sar", UNITS["sar"].blocks["table"].address, good[:-1] + bytes([good[-1] ^ 1]))
    assert bench.get("sar.table_valid") == 0
    start_sar(bench)
    assert bench.get("sar.fault_flags") == BAD_TABLE


def test_start_needs_ready() -> None:
    bench = SimBench()
    bench.limiter("SAR_UNIT", True)
    bench.run_ms(1500)
    with pytest.raises(Refused) as refused:
        bench.command("sar", "START")
    assert refused.value.status == GENERAL_ERROR


@pytest.mark.parametrize(
    ("command", "state", "phase"),
    [
        ("ABORT", lib.SAR_UNIT_STATE_READY, lib.SAR_PHASE_ABORTED),
        ("STANDBY", lib.SAR_UNIT_STATE_IDLE, lib.SAR_PHASE_IDLE),
        ("SAFE", lib.SAR_UNIT_STATE_SAFE, lib.SAR_PHASE_ABORTED),
    ],
)
def test_commands_that_end_a_take(command: str, state: int, phase: int) -> None:
    bench = ready_sar()
    start_us = start_sar(bench)
    bench.run_ms((start_us - bench.now_us) / 1000 + 1500)
    assert bench.observe("sar.transmitting") == 1
    bench.command("sar", command)
    assert bench.observe("sar.transmitting") == 0
    assert (bench.get("sar.state"), bench.get("sar.phase")) == (state, phase)


def test_power_loss_takes_everything() -> None:
    bench = ready_sar()
    bench.limiter("SAR_UNIT", False)
    bench.run_ms(100)
    bench.limiter("SAR_UNIT", True)
    assert bench.get("sar.state") == lib.SAR_UNIT_STATE_BOOT
    assert bench.get("sar.time_valid") == 0
    assert bench.get("sar.table_valid") == 0
    assert bench.block("sar", "table") == bytes(UNITS["sar"].blocks["table"].octets)


def test_temperatures_rise_with_transmission() -> None:
    bench = ready_sar(duration_ms=50000)
    before = bench.get("sar.trm_temperature_degc")
    start_us = start_sar(bench)
    bench.run_ms((start_us - bench.now_us) / 1000 + 45000)
    assert bench.get("sar.trm_temperature_degc") > before + 2


def test_table_is_locked_during_a_take() -> None:
    bench = ready_sar()
    start_sar(bench)
    with pytest.raises(Refused):
        write_table(bench, rank=3)
    assert bench.block("sar", "table") == table_block()


def test_counters_start_again_with_each_take() -> None:
    bench = ready_sar()
    counts = []
    for _ in range(2):
        start_us = start_sar(bench)
        bench.run_ms((start_us - bench.now_us) / 1000 + DURATION_MS + 1500)
        counts.append([bench.get(f"sar.{name}") for name in ("transmit_time_ms", "pulses", "packets")])
    assert counts[0] == pytest.approx(counts[1], abs=2)
    assert bench.observe("sar.transmit_total_ms") == 2 * DURATION_MS


@pytest.mark.parametrize("way", ["power", "reset"])
def test_loss_of_the_unit_in_a_take(way: str) -> None:
    bench = ready_sar()
    start_us = start_sar(bench)
    bench.run_ms((start_us - bench.now_us) / 1000 + 1805)
    if way == "power":
        bench.limiter("SAR_UNIT", False)
    else:
        bench.force("sar.reset")
    assert bench.observe("sar.transmitting") == 0
    bench.run_ms(1500)
    assert bench.observe("sar.transmit_total_ms") == 1005


def packets_of(octets: bytes) -> list[bytes]:
    packets = []
    start = 0
    while start < len(octets):
        end = start + 6 + int.from_bytes(octets[start + 4 : start + 6], "big") + 1
        packets.append(octets[start:end])
        start = end
    return packets


def test_source_packets() -> None:
    """Layout of S1-IF-ASD-PL-0007: sync word, codes of the table, signal types in order."""
    bench = ready_sar(science_octets_per_second=200_000)
    entry = open_entry(bench)
    start_us = start_sar(bench, entry=entry, task=77)
    bench.run_ms((start_us - bench.now_us) / 1000 + DURATION_MS + 2000)
    packets = packets_of(bench.recorded(entry))
    assert len(packets) == bench.get("sar.packets")
    recorded_codes = PULSE_CODE + (SAR_TABLE["swl_code"] - PULSE_CODE) // 10
    signals = []
    for number, packet in enumerate(packets):
        header = packet[6:68]
        assert int.from_bytes(packet[2:4], "big") & 0x3FFF == number
        sync, task = struct.unpack(">II", header[6:14])
        assert (sync, task) == (0x352EF853, 77)
        assert int.from_bytes(header[23:27], "big") == number
        signal = header[57] >> 4
        baq = header[31] & 0x1F
        assert baq == (SAR_TABLE["baq"] if signal < 2 else 0)
        assert int.from_bytes(header[40:43], "big") == PULSE_CODE
        assert header[43] & 0x1F == SAR_TABLE["rank"]
        assert int.from_bytes(header[44:47], "big") == PRI_CODE
        assert int.from_bytes(header[47:50], "big") == SAR_TABLE["swst_code"]
        assert int.from_bytes(header[50:53], "big") == SAR_TABLE["swl_code"]
        quads = int.from_bytes(header[59:61], "big")
        among_echoes = signal >= 8 and 0 in signals and quads == 128
        assert among_echoes or quads == recorded_codes * 180e6 // REFERENCE_HZ // 2
        assert len(packet) % 4 == 0
        if not signals or signals[-1] != signal:
            signals.append(signal)
    calibration = [signal for signal in signals if signal >= 8]
    assert signals[0] == 1
    assert set(calibration) == {8, 9, 10}
    order = [signal if signal < 8 else 8 for signal in signals]
    groups = int(DURATION_MS * 1e-3 * REFERENCE_HZ / PRI_CODE) // lib.SAR_INTERLEAVED_CALIBRATION_PULSES
    assert groups > 5
    expected = [1, 8, 0, *[8, 0] * groups, 8]
    assert [signal for i, signal in enumerate(order) if i == 0 or order[i - 1] != signal] == expected


def test_every_phase_sends_at_the_lowest_rate() -> None:
    bench = ready_sar(science_octets_per_second=1)
    entry = open_entry(bench)
    start_us = start_sar(bench, entry=entry)
    bench.run_ms((start_us - bench.now_us) / 1000 + DURATION_MS + 2000)
    pulses = int(DURATION_MS * 1e-3 * REFERENCE_HZ / PRI_CODE)
    assert len(packets_of(bench.recorded(entry))) == 4 + 3 * (pulses // lib.SAR_INTERLEAVED_CALIBRATION_PULSES)


class ModelPulse:
    """What pulse `number` of the echoes is, written from the layout's meaning: one pulse after the other."""

    def __init__(self, table: dict[str, int], number: int) -> None:
        count = table["sub_swaths"]
        suffixes = ["", "_2", "_3"][:count]
        swath, in_burst, self.start_code = 0, 0, 0
        for _ in range(number):
            self.start_code += table[f"pri_code{suffixes[swath]}"]
            in_burst += 1
            if count > 1 and in_burst == table[f"burst_pulses{suffixes[swath]}"]:
                swath, in_burst = (swath + 1) % count, 0
        suffix = suffixes[swath]
        self.swath = swath
        self.pri_code, self.pulse_code = table[f"pri_code{suffix}"], table[f"pulse_code{suffix}"]
        self.rank = table[f"rank{suffix}"]
        steps = in_burst // table[f"pulses_per_beam{suffix}"] if table[f"pulses_per_beam{suffix}"] else 0
        self.beam = table[f"azimuth_beam{suffix}"] + steps * table[f"azimuth_beam_step{suffix}"]


@pytest.mark.parametrize("changes", [{}, SPOTLIGHT, TOPS], ids=["STRIPMAP", "SPOTLIGHT", "TOPS"])
@pytest.mark.parametrize("number", [0, 1, 9, 10, 99, 100, 499, 500, 1099, 1100, 1649, 1650, 3333, 9000])
def test_what_each_pulse_is(changes: dict[str, int], number: int) -> None:
    bench = ready_sar(**changes)
    pulse = lib.sar_pulse(bench.sim, lib.SAR_PHASE_ECHO, number)
    model = ModelPulse(SAR_TABLE | changes, number)
    assert (pulse.sub_swath, pulse.start_code, pulse.pri_code, pulse.pulse_code, pulse.rank, pulse.azimuth_beam) == (
        model.swath,
        model.start_code,
        model.pri_code,
        model.pulse_code,
        model.rank,
        model.beam,
    )
    in_group = number % lib.SAR_INTERLEAVED_CALIBRATION_PULSES - lib.SAR_INTERLEAVED_CALIBRATION_PULSES + 3
    assert pulse.signal == (lib.SAR_SIGNAL_ECHO if in_group < 0 else lib.SAR_SIGNAL_TX_CALIBRATION + in_group)
    # A microsecond is 38 codes.
    for codes, expected in ((40, number), (model.pri_code - 40, number), (model.pri_code + 40, number + 1)):
        elapsed_us = -(-(model.start_code + codes) * 1_000_000 // REFERENCE_HZ)
        assert lib.sar_pulse_number(bench.sim, lib.SAR_PHASE_ECHO, int(elapsed_us)) == expected


def headers_of_a_take(bench: SimBench) -> list[bytes]:
    entry = open_entry(bench)
    start_us = start_sar(bench, entry=entry)
    bench.run_ms((start_us - bench.now_us) / 1000 + DURATION_MS + 2000)
    assert bench.get("sar.phase") == lib.SAR_PHASE_DONE
    return [packet[6:68] for packet in packets_of(bench.recorded(entry))]


def echoes(headers: list[bytes]) -> list[bytes]:
    return [header for header in headers if header[57] >> 4 == lib.SAR_SIGNAL_ECHO]


def beam_of(header: bytes) -> int:
    return int.from_bytes(header[54:56], "big") & 0x3FF


def test_spotlight_sweeps_its_azimuth_beam_and_says_so_in_each_packet() -> None:
    bench = ready_sar(science_octets_per_second=400_000, **SPOTLIGHT)
    beams = [beam_of(header) for header in echoes(headers_of_a_take(bench))]
    pulses = int(DURATION_MS * 1e-3 * REFERENCE_HZ / PRI_CODE)
    last = 700 - 3 * ((pulses - 1) // 100)
    assert beams == sorted(beams, reverse=True)
    # The rate carries 98 echoes: a quarter of them are spread over the sweep, the others lie about broadside.
    assert beams[0] == 700 and last <= beams[-1] <= last + 3 * pulses / 24 / 100 + 3
    assert len(set(beams)) > 20 and all((700 - beam) % 3 == 0 for beam in beams)
    assert 64 <= sum(abs(beam - lib.SAR_AZIMUTH_BEAM_BROADSIDE) <= 6 for beam in beams) < 80
    assert bench.observe("sar.transmit_total_ms") == DURATION_MS


def test_tops_takes_its_sub_swaths_in_turn() -> None:
    bench = ready_sar(science_octets_per_second=400_000, **TOPS)
    headers = echoes(headers_of_a_take(bench))
    pris = [int.from_bytes(header[44:47], "big") for header in headers]
    order = [pri for i, pri in enumerate(pris) if i == 0 or pris[i - 1] != pri]
    assert order[:4] == [PRI_CODE, 7900, 7700, PRI_CODE] and len(order) >= 12
    for header, pri in zip(headers, pris, strict=True):
        swath = {PRI_CODE: 1, 7900: 2, 7700: 3}[pri]
        suffix = "" if swath == 1 else f"_{swath}"
        table = SAR_TABLE | TOPS
        assert int.from_bytes(header[40:43], "big") == table[f"pulse_code{suffix}"]
        assert header[43] & 0x1F == table[f"rank{suffix}"]
        first, step = table[f"azimuth_beam{suffix}"], table[f"azimuth_beam_step{suffix}"]
        steps = (table[f"burst_pulses{suffix}"] - 1) // table[f"pulses_per_beam{suffix}"]
        assert beam_of(header) in range(first, first + step * steps + (1 if step > 0 else -1), step)
        assert header[58] == 9 + swath
    assert bench.observe("sar.transmit_total_ms") == DURATION_MS


def test_a_receive_only_take_has_no_signal_of_the_transmitter() -> None:
    signals = {}
    for mode in ("RX_ONLY", "STRIPMAP"):
        bench = ready_sar(mode=getattr(lib, f"SAR_MODE_{mode}"))
        phases = (lib.SAR_PHASE_NOISE, lib.SAR_PHASE_OPENING_CALIBRATION, lib.SAR_PHASE_ECHO)
        signals[mode] = {lib.sar_pulse(bench.sim, phase, n).signal for phase in phases for n in range(1100)}
    assert signals["STRIPMAP"] - signals["RX_ONLY"] == {lib.SAR_SIGNAL_TX_CALIBRATION}
    assert signals["RX_ONLY"] >= {lib.SAR_SIGNAL_ECHO, lib.SAR_SIGNAL_NOISE, lib.SAR_SIGNAL_BYPASS_CALIBRATION}


@pytest.mark.parametrize("mode", ["CALIBRATION", "TEST", "RX_ONLY"])
def test_modes_that_do_not_radiate(mode: str) -> None:
    bench = ready_sar(mode=getattr(lib, f"SAR_MODE_{mode}"))
    headers = headers_of_a_take(bench)
    assert bench.observe("sar.transmit_total_ms") == 0 and bench.get("sar.transmit_time_ms") == 0
    signals = {header[57] >> 4 for header in headers}
    assert signals == {"CALIBRATION": {1, 8, 9, 10}, "TEST": {0, 1, 8, 9, 10}, "RX_ONLY": {0, 1, 9, 10}}[mode]


@pytest.mark.parametrize("mode", ["CALIBRATION", "TEST"])
def test_modes_that_do_not_radiate_still_need_the_enable(mode: str) -> None:
    bench = ready_sar(mode=getattr(lib, f"SAR_MODE_{mode}"))
    start_us = start_sar(bench)
    bench.run_ms((start_us - bench.now_us) / 1000 + 1500)
    bench.transmit_enable(False)
    assert bench.get("sar.fault_flags") == INHIBIT


def test_sub_swath_that_cannot_be_is_refused_by_the_unit() -> None:
    bench = ready_sar(**TOPS | {"pulse_code_3": 2000, "pri_code_3": 1900})
    start_sar(bench)
    assert bench.get("sar.fault_flags") == BAD_TABLE
