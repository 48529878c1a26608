"""What a measurement mode adds to timing: the azimuth sweep of SPOTLIGHT, the sub-swaths and bursts of TOPS."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import atan2, cos, degrees, floor, radians, sin

from emei.planning.rule import Rule
from emei.planning.sar_design import pulses_to_try
from emei.planning.sar_timing import DesignError, Request, Timing, TimingDesigner

MODES = ("STRIPMAP", "SPOTLIGHT", "TOPS", "RX_ONLY", "CALIBRATION", "TEST")
SWEEPING = ("SPOTLIGHT", "TOPS")
LEAST_SUB_SWATHS = 2
BURST_S = 0.2
OVERLAP_M = 1e3
MIDDLE_BEAM = 512
# Beams that a designed sweep runs through, half to either side of the middle.
SWEEP_BEAMS = {"SPOTLIGHT": 400, "TOPS": 60}
_LARGEST_COUNT = 65535


@dataclass(frozen=True)
class Sweep:
    """Azimuth beams: the first, the step to the next, pulses with each, and of a burst (0: the whole data take)."""

    first_beam: int = MIDDLE_BEAM
    step: int = 0
    pulses_per_beam: int = 0
    burst_pulses: int = 0


@dataclass(frozen=True)
class SubSwath:
    """One sub-swath of a table (the only one but in TOPS), with every rule and its margin."""

    timing: Timing
    sweep: Sweep
    rules: tuple[Rule, ...]

    @property
    def broken(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if not rule.holds)


@dataclass(frozen=True)
class ModeTable:
    """A table of any mode."""

    mode: str
    sub_swaths: tuple[SubSwath, ...]

    @property
    def valid(self) -> bool:
        return not any(item.broken for item in self.sub_swaths)

    def arguments(self, **others: object) -> dict[str, object]:
        """The arguments of SAR_LOAD_TABLE that the design decides, and any others as given."""
        first = self.sub_swaths[0]
        found: dict[str, object] = {**first.timing.arguments(), **_sweep_arguments(first.sweep, "")}
        found |= {"mode": self.mode, "sub_swaths": len(self.sub_swaths)}
        for number, item in enumerate(self.sub_swaths[1:], 2):
            timing = item.timing
            found[f"elevation_beam_{number}"] = timing.elevation_beam
            codes = ("rank", "pri", "pulse", "swst", "swl", "near_delay", "far_delay", "nadir_delay")
            for name in codes:
                key = name if name == "rank" else f"{name}_code"
                found[f"{key}_{number}"] = getattr(timing, key)
            found |= _sweep_arguments(item.sweep, f"_{number}")
        return {**found, **others}


def _sweep_arguments(sweep: Sweep, suffix: str) -> dict[str, int]:
    return {
        f"azimuth_beam{suffix}": sweep.first_beam,
        f"azimuth_beam_step{suffix}": sweep.step,
        f"pulses_per_beam{suffix}": sweep.pulses_per_beam,
        f"burst_pulses{suffix}": sweep.burst_pulses,
    }


def sweep_rule(mode: str, sweep: Sweep, prf_hz: float, duration_ms: float, beam_limit: int) -> Rule:
    """SWEEP: beams between the last beam of the sweep and the end of the antenna's; -1 when the fields are not the
    mode's."""
    wanted = {"SPOTLIGHT": (True, True, False), "TOPS": (True, True, True)}.get(mode, (False, False, False))
    if (bool(sweep.step), bool(sweep.pulses_per_beam), bool(sweep.burst_pulses)) != wanted:
        return Rule("SWEEP", -1, "beam")
    if mode not in SWEEPING:
        return Rule("SWEEP", 0, "beam")
    last_pulse = sweep.burst_pulses - 1 if sweep.burst_pulses else floor(duration_ms / 1e3 * prf_hz)
    last = sweep.first_beam + sweep.step * (last_pulse // sweep.pulses_per_beam)
    return Rule("SWEEP", min(last, beam_limit - last), "beam")


def table_of(designer: TimingDesigner, mode: str, parts: Sequence[tuple[Timing, Sweep]]) -> ModeTable:
    """Timings and sweeps as a table. DesignError when the number of sub-swaths is not the mode's."""
    least, most = (LEAST_SUB_SWATHS, designer.numbers.sub_swath_limit) if mode == "TOPS" else (1, 1)
    if not least <= len(parts) <= most:
        allowed = f"{least} to {most} sub-swaths" if most > 1 else "one swath"
        raise DesignError(f"{mode} has {allowed}, not {len(parts)}.")
    items = []
    for timing, sweep in parts:
        rule = sweep_rule(mode, sweep, timing.prf_hz, timing.request.duration_ms, designer.numbers.beam_limit)
        after = [item.name for item in timing.rules].index("DATA_RATE") + 1
        items.append(SubSwath(timing, sweep, (*timing.rules[:after], rule, *timing.rules[after:])))
    return ModeTable(mode, tuple(items))


def split(
    designer: TimingDesigner, look_angle_deg: float, ground_swath_m: float, count: int
) -> Iterator[tuple[float, float]]:
    """(look angle at the centre, width) of equal sub-swaths that overlap, near to far, and together are the swath.

    DesignError when the swath reaches over nadir, or is so narrow that sub-swaths would overlap by more than half.
    """
    least_m = (count + 1) * OVERLAP_M
    if count > 1 and ground_swath_m < least_m:
        raise DesignError(
            f"A swath of {ground_swath_m / 1e3:g} km is too narrow for {count} sub-swaths that overlap by "
            f"{OVERLAP_M / 1e3:g} km: at least {least_m / 1e3:g} km is allowed."
        )
    width_m = (ground_swath_m + (count - 1) * OVERLAP_M) / count
    centre = radians(designer.incidence_deg(look_angle_deg) - look_angle_deg)
    for number in range(count):
        offset_m = -ground_swath_m / 2 + width_m / 2 + number * (width_m - OVERLAP_M)
        angle = centre + offset_m / designer.earth_radius_m
        if angle <= 0:
            raise DesignError(f"A swath of {ground_swath_m / 1e3:g} km at {look_angle_deg:g} deg reaches over nadir.")
        sine, cosine = designer.earth_radius_m * sin(angle), designer.earth_radius_m * cos(angle)
        yield degrees(atan2(sine, designer.orbit_radius_m - cosine)), width_m


def design_sweep(mode: str, prf_hz: float, duration_ms: float) -> Sweep:
    """A sweep through SWEEP_BEAMS about the middle of the antenna's; nothing for a mode without one."""
    if mode not in SWEEPING:
        return Sweep()
    beams = SWEEP_BEAMS[mode]
    burst = 0 if mode == "SPOTLIGHT" else max(1, round(BURST_S * prf_hz))
    pulses = burst or floor(duration_ms / 1e3 * prf_hz) + 1
    per_beam = min(max(1, -(-pulses // beams)), _LARGEST_COUNT)
    # SPOTLIGHT dwells on its target: against the flight. TOPS sweeps with it.
    step = -1 if mode == "SPOTLIGHT" else 1
    return Sweep(MIDDLE_BEAM - step * beams // 2, step, per_beam, burst)


def design_table(
    designer: TimingDesigner,
    mode: str,
    look_angle_deg: float,
    request: Request,
    sub_swaths: int = 1,
    pulse_s: float | None = None,
) -> ModeTable:
    """The legal table with the most room in every sub-swath. DesignError, naming the sub-swath, when one has none."""
    parts = []
    for number, (look, width_m) in enumerate(split(designer, look_angle_deg, request.ground_swath_m, sub_swaths), 1):
        wanted = replace(request, ground_swath_m=width_m)
        pulses = pulses_to_try(designer.numbers, request.bandwidth_hz) if pulse_s is None else (pulse_s,)
        found = _choose(designer, look, wanted, pulses)
        if found is None:
            raise DesignError(
                f"No PRF is legal for sub-swath {number} of {width_m / 1e3:.4g} km at {look:.2f} deg look angle"
                f"{designer.why_no_prf(look, replace(wanted, pulse_s=pulses[-1]))}."
            )
        parts.append((found, design_sweep(mode, found.prf_hz, request.duration_ms)))
    return table_of(designer, mode, parts)


def _choose(designer: TimingDesigner, look: float, request: Request, pulses: Sequence[float]) -> Timing | None:
    """With the longest pulse that has one; a code of distance from the limits, so that the board accepts it."""
    code_s = 1 / designer.numbers.reference_frequency_hz
    for length_s in pulses:
        legal = [t for run in designer.legal_intervals(look, replace(request, pulse_s=length_s)) for t in run]
        best = max(legal, key=lambda timing: timing.timing_margin_s, default=None)
        if best is not None and best.timing_margin_s >= code_s:
            return best
    return None


def sweep_of(table: Mapping[str, int], suffix: str) -> Sweep:
    """The sweep in the raw values of a table; `suffix` is that of the sub-swath's fields."""
    return Sweep(
        table[f"azimuth_beam{suffix}"],
        table[f"azimuth_beam_step{suffix}"],
        table[f"pulses_per_beam{suffix}"],
        table[f"burst_pulses{suffix}"],
    )
