"""The ground's rules on a table of codes, whoever designed it, in double precision.

A designed timing keeps codes and geometry together by construction; a table that is only given may
contradict itself, so that here rank, window start and window length are also held against the delays.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import floor

from emei.planning.sar_timing import Request, Rule, TimingDesigner

# Codes that were rounded apart from each other may differ by one code: the one rounding rule.
ROUNDING_CODES = 1

# Decimals of a code that double precision keeps; an exact equality of codes stays one.
_CODE_DECIMALS = 6


def rules_of_table(designer: TimingDesigner, table: Mapping[str, int]) -> tuple[Rule, ...]:
    """Every rule with its margin, for the raw values of the layout ACQUISITION_TABLE by name."""
    frequency = designer.numbers.reference_frequency_hz
    pri_s, pulse_s, near_s, far_s, nadir_s = (
        table[name] / frequency
        for name in ("pri_code", "pulse_code", "near_delay_code", "far_delay_code", "nadir_delay_code")
    )
    request = Request(
        bandwidth_hz=1e6 * table["bandwidth_mhz"],
        sampling_rate_code=table["sampling_rate"],
        baq=table["baq"],
        duration_ms=table["duration_ms"],
    )
    rank, swst_code, swl_code = table["rank"], table["swst_code"], table["swl_code"]
    limits = {
        "RANK": -abs(floor(near_s / pri_s) - rank),
        "WINDOW_START": ROUNDING_CODES - round(abs((near_s - rank * pri_s) * frequency - swst_code), _CODE_DECIMALS),
        "WINDOW_LENGTH": ROUNDING_CODES - round(abs((far_s - near_s + pulse_s) * frequency - swl_code), _CODE_DECIMALS),
    }
    return tuple(
        replace(rule, margin=min(rule.margin, limits[rule.name])) if rule.name in limits else rule
        for rule in designer.rules(nadir_s, request, pri_s, pulse_s, rank, swst_code, swl_code)
    )
