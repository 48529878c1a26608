"""Acquisition tables of every measurement mode, each legal; times are those of the specification's worked case."""

from typing import Any

from hil.scenarios.steps import DATA_TAKE_S, PRI_CODE, PULSE_CODE, STRIPMAP_TABLE, SWL_CODE, SWST_CODE

SUB_SWATHS = {2: (8160, 17), 3: (8150, 17)}  # PRI code and rank
MODES = ("STRIPMAP", "SPOTLIGHT", "TOPS", "RX_ONLY", "CALIBRATION", "TEST")
RADIATING = ("STRIPMAP", "SPOTLIGHT", "TOPS")

SPOTLIGHT_TABLE: dict[str, Any] = {
    **STRIPMAP_TABLE,
    "mode": "SPOTLIGHT",
    "azimuth_beam": 700,
    "azimuth_beam_step": -2,
    "pulses_per_beam": 50,
}


def _sub_swath(number: int) -> dict[str, Any]:
    pri, rank = SUB_SWATHS[number]
    near = rank * pri + SWST_CODE
    values = {
        "rank": rank,
        "elevation_beam": 5 + number,
        "azimuth_beam": 480,
        "pri_code": pri,
        "pulse_code": PULSE_CODE,
        "swst_code": SWST_CODE,
        "swl_code": SWL_CODE,
        "near_delay_code": near,
        "far_delay_code": near + SWL_CODE - PULSE_CODE,
        "nadir_delay_code": 16 * pri,
        "azimuth_beam_step": 1,
        "pulses_per_beam": 10,
        "burst_pulses": 600,
    }
    return {f"{name}_{number}": value for name, value in values.items()}


TOPS_TABLE: dict[str, Any] = {
    **STRIPMAP_TABLE,
    "mode": "TOPS",
    "sub_swaths": 3,
    "azimuth_beam": 480,
    "azimuth_beam_step": 1,
    "pulses_per_beam": 10,
    "burst_pulses": 600,
    **_sub_swath(2),
    **_sub_swath(3),
}


def table(mode: str, duration_s: float = DATA_TAKE_S) -> dict[str, Any]:
    """Arguments of SAR_LOAD_TABLE without the slot."""
    base = {"SPOTLIGHT": SPOTLIGHT_TABLE, "TOPS": TOPS_TABLE}.get(mode, STRIPMAP_TABLE)
    return {**base, "mode": mode, "duration_ms": round(duration_s * 1000)}


__all__ = ["MODES", "PRI_CODE", "RADIATING", "SPOTLIGHT_TABLE", "TOPS_TABLE", "table"]
