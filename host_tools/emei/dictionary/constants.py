"""Constants of the mission by generated name, and those computed from them. C and firmware share the names."""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor

from emei.dictionary.model import Dictionary, Mission, Row
from emei.dictionary.values import Argument

_RECEIVE_BITS = 3  # of a polarisation code: V and H

Number = int | float | Row | tuple[Row, ...]


def mission_constants(dictionary: Dictionary) -> dict[str, Number]:
    """<SECTION>_<KEY> in upper case; a table's keys are appended in turn. Derived constants come last."""
    channels = {"SAR_RECEIVE_CHANNELS": receive_channels(dictionary.science)}
    return named_constants(dictionary.mission) | sar_codes(dictionary.mission) | channels | _ranges(dictionary)


def named_constants(mission: Mission) -> dict[str, Number]:
    """The same without those derived."""
    constants: dict[str, Number] = {}
    for section, keys in mission.sections.items():
        for key, value in keys.items():
            if isinstance(value, Mapping):
                constants |= {f"{section}_{key}_{inner}".upper(): number for inner, number in value.items()}
            else:
                constants[f"{section}_{key}".upper()] = value
    return constants


def sar_codes(mission: Mission) -> dict[str, int]:
    """Bounds of the acquisition table as time codes (t x Fref), rounded to the inside where no more is said.

    The on-board rules compare integers with these; computed here exactly, with no floating point.
    """
    fref_hz = _exact(mission, "reference_frequency_hz")
    azimuth_prf_hz = (
        Fraction(mission.integer("sar", "prf_azimuth_margin_percent"), 100)
        * 2
        * _exact(mission, "platform_velocity_m_s")
        / _exact(mission, "antenna_length_m")
    )
    return {
        "SAR_REFERENCE_FREQUENCY_MILLIHZ": int(fref_hz * 1000),
        "SAR_GUARD_TIME_CODE": ceil(_exact(mission, "guard_time_us") * fref_hz / 1_000_000),
        # What the link takes in 1000 codes of time.
        "SAR_DATA_RATE_OCTETS_PER_1000_CODES": floor(
            1000 * _exact(mission, "data_rate_limit_mbit_s") * 1_000_000 / 8 / fref_hz
        ),
        # Rounded like the codes themselves, as the telecommand's range is: the limit itself can be asked for.
        "SAR_PRI_CODE_MINIMUM": round(fref_hz / _exact(mission, "prf_maximum_hz")),
        "SAR_PRI_CODE_MAXIMUM": round(fref_hz / _exact(mission, "prf_minimum_hz")),
        "SAR_PRI_CODE_AZIMUTH_MAXIMUM": floor(fref_hz / azimuth_prf_hz),
        "SAR_PULSE_CODE_MINIMUM": ceil(_exact(mission, "pulse_minimum_us") * fref_hz / 1_000_000),
        "SAR_PULSE_CODE_MAXIMUM": floor(_exact(mission, "pulse_maximum_us") * fref_hz / 1_000_000),
        "SAR_NADIR_CODE_MINIMUM": ceil(_nadir_code(mission, "altitude_minimum_m")),
        "SAR_NADIR_CODE_MAXIMUM": floor(_nadir_code(mission, "altitude_maximum_m")),
        # Rounded like the codes themselves, as the telecommand's range is.
        "SAR_WINDOW_CODE_MINIMUM": floor(_exact(mission, "window_minimum_us") * fref_hz / 1_000_000),
        "SAR_WINDOW_CODE_MAXIMUM": floor(_exact(mission, "window_maximum_us") * fref_hz / 1_000_000),
    }


def receive_channels(science: Mission) -> tuple[int, ...]:
    """Packets of one pulse in the order of the enumeration POLARISATION: the receive bits of its code."""
    codes = science.rows("sar_packets", "polarisation_codes")
    return tuple((int(code) & _RECEIVE_BITS).bit_count() for code, _ in codes)


def _ranges(dictionary: Dictionary) -> dict[str, int]:
    """Ranges of telecommand arguments that bound what is reckoned from them, too."""
    image = {argument.name: argument for argument in dictionary.telecommands["OPTICAL_START_IMAGE"].arguments}
    table = {argument.name: argument for argument in dictionary.telecommands["SAR_LOAD_TABLE"].arguments}
    return {
        "OPTICAL_ROLL_MAXIMUM_CENTIDEG": image["roll_deg"].raw_maximum,
        "OPTICAL_LINE_PERIOD_MINIMUM_NS": _ns(image["line_period_us"], image["line_period_us"].raw_minimum),
        "OPTICAL_LINE_PERIOD_MAXIMUM_NS": _ns(image["line_period_us"], image["line_period_us"].raw_maximum),
        "SAR_AZIMUTH_BEAM_MAXIMUM": table["azimuth_beam"].raw_maximum,
    }


def _ns(microseconds: Argument, raw: int) -> int:
    return int(raw * microseconds.scale * 1000)


def _nadir_code(mission: Mission, altitude: str) -> Fraction:
    """Two-way delay of the nadir return from an altitude."""
    delay_s = 2 * _exact(mission, altitude) / _exact(mission, "light_speed_m_s")
    return delay_s * _exact(mission, "reference_frequency_hz")


def _exact(mission: Mission, key: str) -> Fraction:
    """The number as written in mission.toml, not its nearest double."""
    return Fraction(str(mission["sar"][key]))
