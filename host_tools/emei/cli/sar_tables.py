"""How designed SAR tables are shown: codes, derived quantities and margins, as text or JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from emei.cli.common import console, table
from emei.planning.rule import Rule
from emei.planning.sar_design import Plan
from emei.planning.sar_modes import ModeTable, SubSwath
from emei.planning.sar_timing import Timing

# Unit and factor in which a margin is shown: by rule, else by its unit.
_BY_RULE = {"DUTY": ("%", 100.0), "SAMPLING_RATE": ("MHz", 1e-6), "BANDWIDTH": ("MHz", 1e-6), "DURATION": ("s", 1e-3)}
_BY_UNIT = {"s": ("us", 1e6), "Hz/s": ("MHz/us", 1e-12), "bit/s": ("Mbit/s", 1e-6)}
_ROUNDING_NOTE = (
    "A margin within one code (0.027 us), or of the data rate within two octets a pulse, of zero may be judged "
    "otherwise on board, where numbers are rounded."
)
_ROUNDED_BITS = 16  # of each pulse


@dataclass(frozen=True)
class Quantity:
    """A derived quantity: key and label, unit, value, and the decimals worth showing."""

    name: str
    value: float
    unit: str
    decimals: int = 2

    @property
    def key(self) -> str:
        unit = {"%": "percent", "deg": "deg", "octet": "", "Mbit/s": "mbit_s", "MHz/us": "mhz_us"}.get(self.unit)
        return "_".join(filter(None, (self.name.replace(" ", "_"), self.unit.lower() if unit is None else unit)))

    @property
    def text(self) -> str:
        return f"{self.value:.{self.decimals}f} {self.unit}".rstrip()


def codes(timing: Timing) -> dict[str, int]:
    """The codes of a table; times in 1/Fref."""
    return {
        "pri": timing.pri_code,
        "swst": timing.swst_code,
        "swl": timing.swl_code,
        "pulse": timing.pulse_code,
        "rank": timing.rank,
        "near_delay": timing.near_delay_code,
        "far_delay": timing.far_delay_code,
        "nadir_delay": timing.nadir_delay_code,
    }


def quantities(timing: Timing) -> tuple[Quantity, ...]:
    return (
        Quantity("look angle", timing.swath.look_angle_deg, "deg"),
        Quantity("incidence", timing.swath.incidence_deg, "deg"),
        Quantity("elevation beam", timing.elevation_beam, "", 0),
        Quantity("elevation beam off centre", timing.elevation_off_deg, "deg"),
        Quantity("beam loss at near edge", timing.near_loss_db, "dB", 1),
        Quantity("beam loss at far edge", timing.far_loss_db, "dB", 1),
        Quantity("near slant range", timing.near_range_m / 1e3, "km", 3),
        Quantity("far slant range", timing.far_range_m / 1e3, "km", 3),
        Quantity("prf", timing.prf_hz, "Hz"),
        Quantity("duty", timing.duty * 100, "%", 1),
        Quantity("slack", timing.slack_s * 1e6, "us", 1),
        Quantity("swst", timing.swst_s * 1e6, "us"),
        Quantity("swl", timing.swl_s * 1e6, "us"),
        Quantity("data rate", timing.data_rate_bit_s / 1e6, "Mbit/s", 1),
        Quantity(
            "data rate with headers", timing.channels * timing.packet_octets * 8 * timing.prf_hz / 1e6, "Mbit/s", 1
        ),
        Quantity("packet octets", timing.packet_octets, "octet", 0),
        Quantity("ramp rate", timing.request.bandwidth_hz / timing.pulse_s * 1e-12, "MHz/us"),
    )


def table_as_json(table_: ModeTable) -> dict[str, Any]:
    """The first sub-swath's figures at the top, as of a table with one; in TOPS those of every sub-swath besides."""
    parts = [_sub_swath_as_json(item) for item in table_.sub_swaths]
    broken = [name for part in parts for name in part["broken"]]
    found = {
        "legal": table_.valid,
        "mode": table_.mode,
        **parts[0],
        "broken": list(dict.fromkeys(broken)),
        "arguments": table_.arguments() if table_.valid else None,
    }
    return found if len(parts) == 1 else {**found, "sub_swaths": parts}


def _sub_swath_as_json(item: SubSwath) -> dict[str, Any]:
    sweep = item.sweep
    return {
        "codes": codes(item.timing),
        "derived": {quantity.key: quantity.value for quantity in quantities(item.timing)},
        "sweep": {
            "azimuth_beam": sweep.first_beam,
            "azimuth_beam_step": sweep.step,
            "pulses_per_beam": sweep.pulses_per_beam,
            "burst_pulses": sweep.burst_pulses,
        },
        "rules": [_rule_as_json(rule) for rule in item.rules],
        "broken": [rule.name for rule in item.broken],
    }


def tables_as_json(tables: Sequence[ModeTable]) -> dict[str, Any]:
    return {"tables": [table_as_json(item) for item in tables]}


def plan_as_json(plan: Plan, tables: Sequence[ModeTable]) -> dict[str, Any]:
    return {
        "look_angle_deg": plan.look_angle_deg,
        "bandwidth_mhz": plan.request.bandwidth_hz / 1e6,
        "ground_resolution_m": plan.ground_resolution_m,
        "pulse_us": plan.request.pulse_s * 1e6,
        "intervals": [
            {
                "prf_low_hz": interval[-1].prf_hz,
                "prf_high_hz": interval[0].prf_hz,
                "pri_codes": [interval[0].pri_code, interval[-1].pri_code],
                "rank": interval[0].rank,
            }
            for interval in plan.intervals
        ],
        **tables_as_json(tables),
    }


def show_table(table_: ModeTable) -> None:
    """Codes, derived quantities, rules, and the verdict; sub-swath after sub-swath."""
    out = console()
    several = len(table_.sub_swaths) > 1
    verdicts = []
    for number, item in enumerate(table_.sub_swaths, 1):
        if several:
            out.print(f"{chr(10) * (number > 1)}Sub-swath {number}", style="bold", highlight=False)
        _show_sub_swath(item)
        broken = ", ".join(f"{rule.name} by {_margin(rule, -1)}" for rule in item.broken)
        if broken:
            verdicts.append(f"{broken} in sub-swath {number}" if several else broken)
    text = f"illegal: breaks {'; '.join(verdicts)}" if verdicts else "legal"
    out.print(f"\n{text}", style="bold", highlight=False)


def show_tables(tables: Sequence[ModeTable]) -> None:
    """What a mode adds to the timings: each sub-swath's codes and its sweep, a row each."""
    out = console()
    for table_ in tables:
        rows = table(
            *("", "PRF (Hz)", "PRI", "SWST", "SWL", "pulse", "rank", "elevation beam"),
            *("first beam", "step", "pulses/beam", "burst"),
            title=f"\n{table_.mode}",
        )
        for number, item in enumerate(table_.sub_swaths, 1):
            timing, sweep = item.timing, item.sweep
            numbers = (timing.pri_code, timing.swst_code, timing.swl_code, timing.pulse_code, timing.rank)
            beams = (
                timing.elevation_beam,
                sweep.first_beam,
                sweep.step,
                sweep.pulses_per_beam,
                sweep.burst_pulses or "-",
            )
            rows.add_row(str(number), f"{timing.prf_hz:.1f}", *(str(value) for value in (*numbers, *beams)))
        out.print(rows)
        broken = [
            f"{rule.name} in sub-swath {n}" for n, item in enumerate(table_.sub_swaths, 1) for rule in item.broken
        ]
        out.print(f"illegal: breaks {', '.join(broken)}" if broken else "legal", style="bold", highlight=False)


def _show_sub_swath(item: SubSwath) -> None:
    out, timing, sweep = console(), item.timing, item.sweep
    rows = table("times in 1/Fref", "code", title="Codes")
    for name, code in codes(timing).items():
        rows.add_row(name.replace("_", " "), str(code))
    out.print(rows)
    rows = table("quantity", "value", title="\nDerived")
    for quantity in quantities(timing):
        rows.add_row(quantity.name, quantity.text)
    out.print(rows)
    if sweep.step:
        burst = f", bursts of {sweep.burst_pulses} pulses" if sweep.burst_pulses else ""
        out.print(
            f"\nsweep from azimuth beam {sweep.first_beam} by {sweep.step} every {sweep.pulses_per_beam} pulses{burst}",
            highlight=False,
        )
    out.print(_rules(item.rules))
    nearest = {"s": timing.code_s, "bit/s": _ROUNDED_BITS * timing.prf_hz}
    if any(abs(rule.margin) < nearest.get(rule.unit, 0.0) for rule in item.rules):
        out.print(_ROUNDING_NOTE)


def show_plan(plan: Plan) -> None:
    """Legal intervals, the proposals beside each other, and the margins of the first."""
    request, out, best = plan.request, console(), plan.proposals[0]
    out.print(
        f"bandwidth {request.bandwidth_hz / 1e6:g} MHz (ground resolution {plan.ground_resolution_m:.2f} m), "
        f"pulse {request.pulse_s * 1e6:g} us, look angle {plan.look_angle_deg:.2f} deg, "
        f"elevation beam {best.elevation_beam}, {best.elevation_off_deg:.2f} deg off the centre, "
        f"{best.near_loss_db:.1f} and {best.far_loss_db:.1f} dB lost at the edges",
        highlight=False,
    )
    rows = table("PRF from (Hz)", "to (Hz)", "PRI codes", "rank", title="\nLegal PRF intervals")
    for interval in plan.intervals:
        first, last = interval[0], interval[-1]
        rows.add_row(
            f"{last.prf_hz:.1f}", f"{first.prf_hz:.1f}", f"{first.pri_code} to {last.pri_code}", str(first.rank)
        )
    out.print(rows)
    rows = table(
        "",
        "PRF (Hz)",
        "PRI",
        "SWST",
        "SWL",
        "pulse",
        "rank",
        "room",
        "duty",
        "data rate",
        title="\nProposed tables, best first",
    )
    for number, timing in enumerate(plan.proposals, 1):
        rows.add_row(
            str(number),
            f"{timing.prf_hz:.1f}",
            *(str(code) for code in (timing.pri_code, timing.swst_code, timing.swl_code, timing.pulse_code)),
            str(timing.rank),
            f"{timing.timing_margin_s * 1e6:.1f} us",
            f"{timing.duty:.1%}",
            f"{timing.data_rate_bit_s / 1e6:.0f} Mbit/s",
        )
    out.print(rows)
    out.print(_rules(best.rules))


def _rules(rules: Sequence[Rule]) -> Table:
    rows = table("rule", "margin", "", title="\nRules")
    rows.columns[1].justify = "right"
    for rule in rules:
        rows.add_row(rule.name, _margin(rule), "" if rule.holds else "BROKEN")
    return rows


def _shown(rule: Rule) -> tuple[float, str]:
    unit, factor = _BY_RULE.get(rule.name) or _BY_UNIT.get(rule.unit) or (rule.unit, 1.0)
    return rule.margin * factor, unit


def _margin(rule: Rule, sign: int = 1) -> str:
    value, unit = _shown(rule)
    number = (
        f"{sign * value:.3f}"
        if isinstance(value, float) and unit not in ("1", "code", "octet", "beam")
        else f"{sign * value:.0f}"
    )
    return f"{number} {unit}".removesuffix(" 1")


def _rule_as_json(rule: Rule) -> dict[str, Any]:
    value, unit = _shown(rule)
    return {"name": rule.name, "margin": value, "unit": unit, "holds": rule.holds}
