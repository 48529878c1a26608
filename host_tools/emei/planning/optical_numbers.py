"""The dictionary's numbers of the optical instrument, as the ground reckons with them."""

from dataclasses import dataclass

from emei.dictionary import Dictionary


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
    roll_limit_deg: float
    angle_step_deg: float
    shortest_turn_s: float
    longest_span_s: float
    imaging_limit_s: float

    @classmethod
    def of(cls, dictionary: Dictionary) -> "OpticalNumbers":
        mission = dictionary.mission
        arguments = {item.name: item for item in dictionary.telecommand("OPTICAL_START_IMAGE").arguments}
        period, roll = arguments["line_period_us"], arguments["roll_deg"]
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
            roll_limit_deg=float(roll.to_physical(roll.raw_maximum)),
            angle_step_deg=float(roll.scale),
            shortest_turn_s=mission.number("optical", "shortest_turn_ms") / 1e3,
            longest_span_s=mission.number("optical", "longest_span_ms") / 1e3,
            imaging_limit_s=mission.number("optical", "imaging_limit_s"),
        )
