"""Optical images on the ground: every rule of the payload specification with its margin, and proposed settings.

Apart from the board's own arithmetic: the range comes from Look, in double precision.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

from emei.planning.optical_geometry import SMEAR_LIMIT_PX, Look, Smear, integration_us, quantised_line_period_us, smear
from emei.planning.optical_numbers import OpticalNumbers
from emei.planning.optical_request import Settings, looks, request_rules
from emei.planning.rule import Rule

FOLLOWS_THE_GROUND = ("STRIP", "STEREO", "AREA")
FAILURES = {
    "INTEGRATION": "CONSTRAINT",
    **dict.fromkeys(("STRIPS", "PITCH", "ROLL_STEP", "ROLL", "INTERVAL", "SPAN"), "IMAGE_CONTRADICTION"),
    "SUN_ANGLE": "SUN_TOO_CLOSE",
    "SMEAR_ACROSS": "SMEAR",
    "LINE_PERIOD": "LINE_PERIOD",
    "SMEAR_ALONG": "SMEAR",
    "IMAGING_BUDGET": "IMAGING_BUDGET",
    "MEMORY": "MEMORY_BUDGET",
}
"""The failure with which the board refuses what breaks a rule, in the order of the rules."""
_MIB = 2**20
_MIB_DECIMALS = 6


@dataclass(frozen=True)
class Judgement:
    """An image with what follows from it, range to rates for its first strip. Rates in bit/s.

    `size_mib` is that of all strips. `reserved_mib` is what the board asks the recorder to have free before the
    margin: the first strip as with the commanded line period, and never less than the size, in whole MiB.
    """

    settings: Settings
    look: Look
    range_m: float
    sample_m: float
    true_period_us: float
    period_us: float
    smear: Smear
    raw_rate: float
    rate: float
    size_mib: float
    reserved_mib: int
    rules: tuple[Rule, ...]

    @property
    def legal(self) -> bool:
        return all(rule.holds for rule in self.rules)

    @property
    def line_rate_hz(self) -> float:
        return 1e6 / (self.true_period_us if self.settings.mode in FOLLOWS_THE_GROUND else self.period_us)


def judge(
    numbers: OpticalNumbers,
    look: Look,
    settings: Settings,
    yaw_error_deg: float,
    sun_angle_deg: float,
    free_mib: float | None = None,
) -> Judgement:
    """Every rule with its margin, the least of all strips. ValueError when a boresight misses the Earth."""
    strips = list(looks(numbers, look, settings))
    true_us = [item.line_period_us(numbers.nadir_sample_m, numbers.nadir_altitude_m) for item in strips]
    follows = settings.mode in FOLLOWS_THE_GROUND
    commanded_us = settings.line_period_us or quantised_line_period_us(true_us[0])
    # The board drives the unit with the derived periods; what is commanded must agree with the first strip's.
    periods_us = [quantised_line_period_us(item) if follows else commanded_us for item in true_us]
    motion = Smear(0.0, 0.0)
    if follows:
        set_us = (commanded_us, *periods_us[1:])
        smears = [smear(settings.stages, *pair, yaw_error_deg) for pair in zip(set_us, true_us, strict=True)]
        motion = max(smears, key=lambda item: item.along_px)
    range_m = look.range_m()
    raw_rate = _raw_rate(numbers, settings, periods_us[0])
    size_mib = sum(_size_mib(numbers, settings, period_us) for period_us in periods_us)
    reserved_us = (commanded_us, *periods_us[1:])
    reserved_mib = ceil(max(size_mib, sum(_size_mib(numbers, settings, period_us) for period_us in reserved_us)))
    low_us, high_us = numbers.line_period_us
    judged_us = true_us if follows else periods_us
    found = {
        rule.name: rule
        for rule in (
            *request_rules(numbers, look, settings),
            Rule("INTEGRATION", min(commanded_us, *periods_us) - settings.integration_us, "us"),
            Rule("SUN_ANGLE", sun_angle_deg - numbers.sun_angle_limit_deg, "deg"),
            Rule("SMEAR_ACROSS", SMEAR_LIMIT_PX - motion.across_px, "px"),
            Rule("LINE_PERIOD", min(min(judged_us) - low_us, high_us - max(judged_us)), "us"),
            Rule("SMEAR_ALONG", SMEAR_LIMIT_PX - motion.along_px, "px"),
        )
    }
    if free_mib is not None:
        # Rounded: 1.1 times a number is not exact.
        margin_mib = round(free_mib - numbers.memory_margin * reserved_mib, _MIB_DECIMALS)
        found["MEMORY"] = Rule("MEMORY", margin_mib, "MiB")
    return Judgement(
        settings=replace(settings, line_period_us=commanded_us),
        look=look,
        range_m=range_m,
        sample_m=numbers.nadir_sample_m * range_m / numbers.nadir_altitude_m,
        true_period_us=true_us[0],
        period_us=periods_us[0],
        smear=motion,
        raw_rate=raw_rate,
        rate=raw_rate / settings.compression,
        size_mib=size_mib,
        reserved_mib=reserved_mib,
        rules=tuple(found[name] for name in FAILURES if name in found),
    )


def propose(
    numbers: OpticalNumbers,
    look: Look,
    settings: Settings,
    yaw_error_deg: float,
    sun_angle_deg: float,
    free_mib: float | None = None,
) -> Sequence[Judgement]:
    """The same image with the derived line period and each number of stages, the most stages that are legal first."""
    true_us = look.line_period_us(numbers.nadir_sample_m, numbers.nadir_altitude_m)
    period_us = quantised_line_period_us(true_us)
    exposure = replace(
        settings, line_period_us=period_us, integration_us=integration_us(period_us, settings.integration_us)
    )
    judged = [
        judge(numbers, look, replace(exposure, stages=stages), yaw_error_deg, sun_angle_deg, free_mib)
        for stages in numbers.stages
    ]
    return sorted(judged, key=lambda item: (not item.legal, -item.settings.stages))


def _raw_rate(numbers: OpticalNumbers, settings: Settings, period_us: float) -> float:
    """In bit/s, before compression. A colour band has a sixteenth of PAN's pixels."""
    pan = settings.bands & 1
    colours = (settings.bands >> 1).bit_count()
    return numbers.pixels_per_line * numbers.bits_per_sample * (pan + colours / 16) * 1e6 / period_us


def _size_mib(numbers: OpticalNumbers, settings: Settings, period_us: float) -> float:
    """Of one strip."""
    return _raw_rate(numbers, settings, period_us) / settings.compression * settings.duration_s / 8 / _MIB
