"""The ground's rules on a table of codes, whoever designed it, in double precision.

A designed timing keeps codes and geometry together by construction; a table that is only given may
contradict itself, so that here rank, window start and window length are also held against the delays,
and what a mode leaves unused against 0.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import floor

from emei.planning.rule import Rule
from emei.planning.sar_modes import LEAST_SUB_SWATHS, sweep_of, sweep_rule
from emei.planning.sar_timing import Delays, Request, TimingDesigner

# Codes that were rounded apart from each other may differ by one code: the one rounding rule.
ROUNDING_CODES = 1

# Decimals of a code that double precision keeps; an exact equality of codes stays one.
_CODE_DECIMALS = 6


def sub_swaths_rule(mode: str, table: Mapping[str, int], limit: int) -> Rule:
    """SUB_SWATHS: the number fits the mode, and the fields of those the table does not have are 0."""
    count = table["sub_swaths"]
    fits = LEAST_SUB_SWATHS <= count <= limit if mode == "TOPS" else count == 1
    unused = [name for name, value in table.items() if name[-2:] in ("_2", "_3") and int(name[-1]) > count and value]
    return Rule("SUB_SWATHS", 0 if fits and not unused else -1, "1")


def rules_of_table(
    designer: TimingDesigner, table: Mapping[str, int], mode: str = "STRIPMAP", sub_swath: int = 1
) -> tuple[Rule, ...]:
    """Every rule of one sub-swath with its margin, for the raw values of the layout ACQUISITION_TABLE by name."""
    frequency = designer.numbers.reference_frequency_hz
    suffix = "" if sub_swath == 1 else f"_{sub_swath}"
    pri_s, pulse_s, near_s, far_s, nadir_s = (
        table[f"{name}{suffix}"] / frequency
        for name in ("pri_code", "pulse_code", "near_delay_code", "far_delay_code", "nadir_delay_code")
    )
    request = Request(
        bandwidth_hz=1e6 * table["bandwidth_mhz"],
        sampling_rate_code=table["sampling_rate"],
        baq=table["baq"],
        polarisation=table["polarisation"],
        duration_ms=table["duration_ms"],
    )
    if not pri_s or not pulse_s:
        return (Rule("PRF_RANGE", -float("inf"), "Hz"),)
    rank, swst_code, swl_code = (table[f"{name}{suffix}"] for name in ("rank", "swst_code", "swl_code"))
    limits = {
        "RANK": -abs(floor(near_s / pri_s) - rank),
        "WINDOW_START": ROUNDING_CODES - round(abs((near_s - rank * pri_s) * frequency - swst_code), _CODE_DECIMALS),
        "WINDOW_LENGTH": ROUNDING_CODES - round(abs((far_s - near_s + pulse_s) * frequency - swl_code), _CODE_DECIMALS),
    }
    rules = designer.rules(Delays(near_s, far_s, nadir_s), request, pri_s, pulse_s, rank, swst_code, swl_code)
    sweep = sweep_rule(mode, sweep_of(table, suffix), 1 / pri_s, table["duration_ms"], designer.numbers.beam_limit)
    return (
        *(
            replace(rule, margin=limits[rule.name] if rule.name != "RANK" else min(rule.margin, limits["RANK"]))
            if rule.name in limits
            else rule
            for rule in rules
        ),
        sweep,
    )
