"""Data takes and images on the unit models, ready to start, for the tests."""

from __future__ import annotations

import binascii
from typing import Any

from tests.hal.hal_board import lib
from tests.hal.rmap_standard import UNITS
from tests.hal.sim_bench import SimBench, to_raw

DURATION_MS = 2000
PRI_CODE = 8160
PULSE_CODE = 1314
START_IN_US = 1_000_000

# In the order of the layout.
SUB_SWATH_FIELDS = (
    "rank",
    "elevation_beam",
    "azimuth_beam",
    "pri_code",
    "pulse_code",
    "swst_code",
    "swl_code",
    "near_delay_code",
    "far_delay_code",
    "nadir_delay_code",
    "azimuth_beam_step",
    "pulses_per_beam",
    "burst_pulses",
)

# payload.md's worked case.
SAR_TABLE = {
    "mode": lib.SAR_MODE_STRIPMAP,
    "polarisation": lib.POLARISATION_VV,
    "rank": 17,
    "baq": lib.BAQ_BAQ4,
    "sampling_rate": lib.SAMPLING_RATE_MHZ_180,
    "elevation_beam": 6,
    "azimuth_beam": 512,
    "bandwidth_mhz": 150,
    "receive_gain_db": -8,
    "pri_code": PRI_CODE,
    "pulse_code": PULSE_CODE,
    "swst_code": 2249,
    "swl_code": 4488,
    "near_delay_code": 140969,
    "far_delay_code": 144143,
    "nadir_delay_code": 130213,
    "duration_ms": DURATION_MS,
    "sub_swaths": 1,
    "azimuth_beam_step": 0,
    "pulses_per_beam": 0,
    "burst_pulses": 0,
    **{f"{name}_{swath}": 0 for swath in (2, 3) for name in SUB_SWATH_FIELDS},
}

SPOTLIGHT = {
    "mode": lib.SAR_MODE_SPOTLIGHT,
    "azimuth_beam": 700,
    "azimuth_beam_step": -3,
    "pulses_per_beam": 100,
}

# Three sub-swaths whose bursts take 0.1 to 0.15 s.
TOPS = {
    "mode": lib.SAR_MODE_TOPS,
    "sub_swaths": 3,
    "azimuth_beam": 500,
    "azimuth_beam_step": 1,
    "pulses_per_beam": 10,
    "burst_pulses": 500,
    **{
        f"{name}_{swath}": value
        for swath, values in (
            (2, (18, 7, 300, 7900, 1200, 2200, 4000, 2, 20, 600)),
            (3, (19, 8, 600, 7700, 1100, 2100, 3900, -2, 25, 550)),
        )
        for name, value in zip(
            (
                "rank",
                "elevation_beam",
                "azimuth_beam",
                "pri_code",
                "pulse_code",
                "swst_code",
                "swl_code",
                "azimuth_beam_step",
                "pulses_per_beam",
                "burst_pulses",
            ),
            values,
            strict=True,
        )
    },
}

SETTINGS = {
    "line_period_us": 711,
    "integration_us": 680,
    "tdi_stages": 32,
    "gain": 2,
    "bands": 31,
    "compression": 40,
    "duration_ms": DURATION_MS,
}


def block_of(unit: str, block: str, values: dict[str, int]) -> bytes:
    """A memory block with its CRC-16."""
    octets = b"".join(to_raw(value, UNITS[unit].registers[f"{block}.{name}"][1]) for name, value in values.items())
    return octets + binascii.crc_hqx(octets, 0xFFFF).to_bytes(2, "big")


def table_block(**fields: int) -> bytes:
    return block_of("sar", "table", SAR_TABLE | fields)


def write_table(bench: SimBench, **fields: int) -> None:
    bench.write("sar", UNITS["sar"].blocks["table"].address, table_block(**fields))


def write_settings(bench: SimBench, **fields: int) -> None:
    bench.write(
        "optical", UNITS["optical"].blocks["settings"].address, block_of("optical", "settings", SETTINGS | fields)
    )


def ready_sar(time: bool = True, step_ms: float = 10, **fields: Any) -> SimBench:
    """A bench with the SAR unit warm, its time set and its table loaded."""
    settings = {name: fields.pop(name) for name in ("seed", "science_octets_per_second") if name in fields}
    bench = SimBench(step_ms, sar_warmup_s=2, **settings)
    bench.limiter("SAR_UNIT", True)
    bench.command("sar", "SELF_TEST")
    bench.run_until("sar.state", lib.SAR_UNIT_STATE_IDLE)
    bench.command("sar", "WARM_UP")
    bench.run_until("sar.state", lib.SAR_UNIT_STATE_READY)
    if time:
        bench.tell_time("sar")
        assert bench.get("sar.time_valid") == 1
    write_table(bench, **fields)
    return bench


def start_sar(bench: SimBench, enable: bool = True, entry: int = 0, task: int = 1) -> int:
    """Command a start; the bench time of the start in microseconds."""
    start_us = bench.now_us + START_IN_US
    bench.put("sar.task_id", task)
    bench.put("sar.entry_id", entry)
    bench.start_at("sar", start_us)
    bench.transmit_enable(enable)
    bench.command("sar", "START")
    return start_us


def ready_optical(step_ms: float = 10, **fields: Any) -> SimBench:
    """A bench with the optical unit READY, its time set and its settings loaded, door shut."""
    settings = {name: fields.pop(name) for name in ("seed", "science_octets_per_second") if name in fields}
    bench = SimBench(step_ms, **settings)
    bench.limiter("OPTICAL_UNIT", True)
    bench.limiter("OPTICAL_HEATER", True)
    bench.command("optical", "SELF_TEST")
    bench.run_until("optical.state", lib.OPTICAL_UNIT_STATE_IDLE)
    bench.command("optical", "FOCAL_PLANE_ON")
    bench.run_until("optical.stable_s", 2)
    bench.command("optical", "READY")
    bench.tell_time("optical")
    write_settings(bench, **fields)
    return bench


def move_door(bench: SimBench, position: int) -> None:
    bench.limiter("DOOR", True)
    bench.put("optical.door_command", position)
    bench.run_until("optical.door", position)


def start_optical(bench: SimBench, entry: int = 0, task: int = 1) -> int:
    start_us = bench.now_us + START_IN_US
    bench.put("optical.task_id", task)
    bench.put("optical.entry_id", entry)
    bench.start_at("optical", start_us)
    bench.command("optical", "START")
    return start_us


def open_entry(bench: SimBench, task: int = 1, instrument: int = lib.INSTRUMENT_SAR) -> int:
    """Open an entry in a recorder that has booted; its id."""
    bench.run_until("recorder.state", lib.RECORDER_STATE_READY)
    bench.put("recorder.entry_task_id", task)
    bench.put("recorder.entry_instrument", instrument)
    bench.put("recorder.entry_mode", 4)
    bench.put("recorder.entry_priority", 9)
    bench.command("recorder", "OPEN_ENTRY")
    return int(bench.get("recorder.open_entry_id"))
