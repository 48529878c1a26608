"""Optical images on the ground: every rule of the payload specification with its margin, and proposed settings.

Apart from the board's own arithmetic: the range comes from Look, in double precision.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from emei.dictionary import Dictionary
from emei.planning.optical_geometry import SMEAR_LIMIT_PX, Look, Smear, integration_us, quantised_line_period_us, smear
from emei.planning.rule import Rule

FOLLOWS_THE_GROUND = ("STRIP", "STEREO", "AREA")
_MIB = 2**20


@dataclass(frozen=True)
class OpticalNumbers:
    """Constants of the instrument."""

    nadir_sample_m: float
    nadir_altitude_m: float
    pixels_per_line: int
    bits_per_sample: int
    sun_angle_limit_deg: float
    line_period_us: tuple[float, float]
    stages: tuple[int, ...]
    memory_margin: float

    @classmethod
    def of(cls, dictionary: Dictionary) -> "OpticalNumbers":
        mission = dictionary.mission
        arguments = {item.name: item for item in dictionary.telecommand("OPTICAL_START_IMAGE").arguments}
        period = arguments["line_period_us"]
        low, high = (float(period.to_physical(raw)) for raw in (period.raw_minimum, period.raw_maximum))
        return cls(
            nadir_sample_m=mission.number("optical", "ground_sample_distance_m"),
            nadir_altitude_m=mission.number("optical", "reference_altitude_m"),
            pixels_per_line=mission.integer("optical", "pixels_per_line"),
            bits_per_sample=mission.integer("optical", "bits_per_sample"),
            sun_angle_limit_deg=mission.number("optical", "sun_angle_limit_deg"),
            line_period_us=(low, high),
            stages=tuple(sorted(dictionary.enumeration("TDI_STAGES").members.values())),
            memory_margin=mission.integer("sar", "memory_margin_percent") / 100,
        )


@dataclass(frozen=True)
class Settings:
    """What is commanded. `line_period_us` None: the derived one. `strips` times `duration_s` are recorded."""

    mode: str = "STRIP"
    line_period_us: float | None = None
    integration_us: float = 68.0
    stages: int = 32
    bands: int = 31
    compression: float = 4.0
    duration_s: float = 10.0
    strips: int = 1


@dataclass(frozen=True)
class Judgement:
    """An image with what follows from it. Rates in bit/s, `size_mib` for all strips."""

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
    rules: tuple[Rule, ...]

    @property
    def legal(self) -> bool:
        return all(rule.holds for rule in self.rules)

    @property
    def line_rate_hz(self) -> float:
        return 1e6 / self.true_period_us


def judge(
    numbers: OpticalNumbers,
    look: Look,
    settings: Settings,
    yaw_error_deg: float,
    sun_angle_deg: float,
    free_mib: float | None = None,
) -> Judgement:
    """Every rule with its margin. ValueError when the boresight misses the Earth."""
    range_m = look.range_m()
    true_us = look.line_period_us(numbers.nadir_sample_m, numbers.nadir_altitude_m)
    follows = settings.mode in FOLLOWS_THE_GROUND
    commanded_us = settings.line_period_us or quantised_line_period_us(true_us)
    # The board drives the unit with the derived period; what is commanded must agree with it.
    period_us = quantised_line_period_us(true_us) if follows else commanded_us
    motion = smear(settings.stages, commanded_us, true_us, yaw_error_deg) if follows else Smear(0.0, 0.0)
    raw_rate, rate, size_mib = _volume(numbers, settings, period_us)
    low_us, high_us = numbers.line_period_us
    rules = [
        Rule("LINE_PERIOD", min(period_us - low_us, high_us - period_us), "us"),
        Rule("INTEGRATION", min(period_us, commanded_us) - settings.integration_us, "us"),
        Rule("SMEAR_ALONG", SMEAR_LIMIT_PX - motion.along_px, "px"),
        Rule("SMEAR_ACROSS", SMEAR_LIMIT_PX - motion.across_px, "px"),
        Rule("SUN_ANGLE", sun_angle_deg - numbers.sun_angle_limit_deg, "deg"),
    ]
    if free_mib is not None:
        rules.append(Rule("MEMORY", free_mib - numbers.memory_margin * size_mib, "MiB"))
    return Judgement(
        settings=replace(settings, line_period_us=commanded_us),
        look=look,
        range_m=range_m,
        sample_m=numbers.nadir_sample_m * range_m / numbers.nadir_altitude_m,
        true_period_us=true_us,
        period_us=period_us,
        smear=motion,
        raw_rate=raw_rate,
        rate=rate,
        size_mib=size_mib,
        rules=tuple(rules),
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


def _volume(numbers: OpticalNumbers, settings: Settings, period_us: float) -> tuple[float, float, float]:
    """Raw and compressed rate in bit/s, size in MiB. A colour band has a sixteenth of PAN's pixels."""
    pan = settings.bands & 1
    colours = (settings.bands >> 1).bit_count()
    bits_per_line = numbers.pixels_per_line * numbers.bits_per_sample * (pan + colours / 16)
    raw_rate = bits_per_line * 1e6 / period_us
    rate = raw_rate / settings.compression
    return raw_rate, rate, rate * settings.duration_s * settings.strips / 8 / _MIB
