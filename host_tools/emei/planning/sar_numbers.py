"""The dictionary's numbers of the radar, as the ground's designer reckons with them."""

from collections.abc import Mapping
from dataclasses import dataclass

from emei.dictionary import Dictionary
from emei.dictionary.constants import receive_channels

_SAMPLING_MARGIN = 1.1  # sampling rate over bandwidth (payload specification, validity rules)


@dataclass(frozen=True)
class RadarNumbers:
    """The numbers of the dictionary that the design needs; SI units, angles in radians elsewhere.

    `receive_channels` is how many record at a time, by polarisation code of the acquisition table.
    """

    reference_frequency_hz: float
    light_speed_m_s: float
    velocity_m_s: float
    antenna_length_m: float
    antenna_height_m: float
    centre_frequency_hz: float
    altitude_m: float
    altitude_range_m: tuple[float, float]
    guard_time_s: float
    prf_range_hz: tuple[float, float]
    prf_azimuth_margin: float
    pulse_range_s: tuple[float, float]
    bandwidth_range_hz: tuple[float, float]
    duration_range_ms: tuple[int, int]
    window_codes: tuple[int, int]
    rank_limit: int
    duty_limit: float
    ramp_rate_limit_hz_s: float
    sampling_margin: float
    secondary_header_octets: int
    largest_packet_octets: int
    data_rate_limit_bit_s: float
    far_delay_limit_code: int
    beam_limit: int
    elevation_beams_deg: tuple[float, ...]
    sub_swath_limit: int
    sampling_rates_hz: Mapping[int, float]
    receive_channels: tuple[int, ...]
    earth_radius_m: float

    @classmethod
    def of(cls, dictionary: Dictionary) -> "RadarNumbers":
        mission = dictionary.mission
        fields = {field.name: field for field in dictionary.layouts["ACQUISITION_TABLE"].fields}
        rates = mission.row("sar", "sampling_rate_khz")
        first_deg = mission.number("sar", "elevation_beam_first_deg")
        step_deg = mission.number("sar", "elevation_beam_step_deg")
        return cls(
            reference_frequency_hz=mission.number("sar", "reference_frequency_hz"),
            light_speed_m_s=mission.number("sar", "light_speed_m_s"),
            velocity_m_s=mission.number("sar", "platform_velocity_m_s"),
            antenna_length_m=mission.number("sar", "antenna_length_m"),
            antenna_height_m=mission.number("sar", "antenna_height_m"),
            centre_frequency_hz=mission.number("sar", "centre_frequency_hz"),
            altitude_m=mission.number("sar", "altitude_m"),
            altitude_range_m=(
                mission.number("sar", "altitude_minimum_m"),
                mission.number("sar", "altitude_maximum_m"),
            ),
            guard_time_s=mission.number("sar", "guard_time_us") * 1e-6,
            prf_range_hz=(mission.number("sar", "prf_minimum_hz"), mission.number("sar", "prf_maximum_hz")),
            prf_azimuth_margin=mission.number("sar", "prf_azimuth_margin_percent") / 100,
            pulse_range_s=(
                mission.number("sar", "pulse_minimum_us") * 1e-6,
                mission.number("sar", "pulse_maximum_us") * 1e-6,
            ),
            bandwidth_range_hz=(
                1e6 * fields["bandwidth_mhz"].raw_minimum,
                1e6 * fields["bandwidth_mhz"].raw_maximum,
            ),
            duration_range_ms=(fields["duration_ms"].raw_minimum, fields["duration_ms"].raw_maximum),
            window_codes=(fields["swst_code"].raw_minimum, fields["swst_code"].raw_maximum),
            rank_limit=fields["rank"].raw_maximum,
            duty_limit=mission.number("sar", "duty_limit_percent") / 100,
            ramp_rate_limit_hz_s=mission.number("sar", "ramp_rate_limit_mhz_per_us") * 1e12,
            sampling_margin=_SAMPLING_MARGIN,
            secondary_header_octets=mission.integer("sar", "packet_secondary_header_octets"),
            largest_packet_octets=mission.integer("sar", "largest_science_packet_octets"),
            data_rate_limit_bit_s=mission.number("sar", "data_rate_limit_mbit_s") * 1e6,
            far_delay_limit_code=fields["far_delay_code"].raw_maximum,
            beam_limit=fields["azimuth_beam"].raw_maximum,
            elevation_beams_deg=tuple(
                first_deg + beam * step_deg for beam in range(fields["elevation_beam"].raw_maximum + 1)
            ),
            sub_swath_limit=fields["sub_swaths"].raw_maximum,
            sampling_rates_hz={code: 1e3 * rate for code, rate in enumerate(rates)},
            receive_channels=receive_channels(dictionary.science),
            earth_radius_m=mission.number("sar", "earth_radius_m"),
        )
