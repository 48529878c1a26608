"""A SAR data take held against the acquisition table that was commanded: every number its source packets tell.

Tables are raw values by name, as SAR_LOAD_TABLE carries them. Where the beam sweeps, each echo's beam is held against
its place in the sweep, and in TOPS each sub-swath against its part of the table.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emei.dictionary import Dictionary
from emei.packets import raw_arguments
from emei.science.comparison import Comparison
from emei.science.errors import ScienceError
from emei.science.quicklook import SarQuicklook
from emei.science.sar_header import SWEEPS, tops_first_swath
from emei.science.sar_measures import calibration_pulse
from emei.science.sar_take import Burst, Scattered

LEVEL_TOLERANCE = 0.05  # of noise and calibration pulses, as commissioning allows
_BANDWIDTH_TOLERANCE = 1e-3  # the codes of ramp rate and pulse are whole numbers
_PRF_TOLERANCE = 1e-6
_TIME_TOLERANCE_S = 0.05  # the calibration pulses that end a data take, and the bench's steps
_HALF_CODE = 0.5  # 1/Fref
_RECEIVE_GAIN_DB = 0.5  # a step


def table_of(arguments: Mapping[str, object], dictionary: Dictionary) -> dict[str, int]:
    """The table that SAR_LOAD_TABLE carries with these arguments; what is not given has its default."""
    raw = raw_arguments(dictionary.telecommand("SAR_LOAD_TABLE"), arguments)
    return {name: value for name, value in raw.items() if isinstance(value, int)}


def settings(look: SarQuicklook, table: Mapping[str, int], dictionary: Dictionary) -> list[Comparison]:
    """What the headers say of the settings."""
    take = look.take
    names = {name: dictionary.enumeration(name).names for name in ("SAR_MODE", "POLARISATION", "BAQ")}
    rows = [
        Comparison("measurement mode", "", look.mode, names["SAR_MODE"][table["mode"]]),
        Comparison("polarisation", "", take.polarisation, names["POLARISATION"][table["polarisation"]]),
        Comparison("BAQ mode", "", names["BAQ"].get(take.baq_mode, str(take.baq_mode)), names["BAQ"][table["baq"]]),
        Comparison("receive gain", "dB", take.receive_gain_db, _gain_db(table)),
    ]
    mode = names["SAR_MODE"][table["mode"]]
    swaths = _sub_swaths(table, mode, dictionary)
    for burst in take.bursts:
        if burst.swath in swaths:
            rows += _of_burst(burst, swaths, mode, dictionary)
    for scattered in take.scattered:
        if scattered.swath in swaths:
            rows += _of_scattered(scattered, swaths, mode, dictionary)
    if take.duration_s is not None:
        found = sorted({item.swath for item in take.echoes})
        rows.append(Comparison("swath", "", _listed(found), _listed(sorted(swaths))))
        rows.append(
            Comparison(
                "duration from the first echo on", "s", take.duration_s, table["duration_ms"] / 1e3, _TIME_TOLERANCE_S
            )
        )
    return list(dict.fromkeys(rows))  # several polarisations, or bursts, may say the same


def levels(look: SarQuicklook, table: Mapping[str, int], dictionary: Dictionary) -> list[Comparison]:
    """What the samples hold: echoes, noise, and the calibration pulses' levels and delay. ScienceError without them."""
    take, science = look.take, dictionary.science
    gain = 10 ** ((_gain_db(table) - science.number("sar_model", "reference_gain_db")) / 20)
    noise_lsb = gain * science.number("sar_model", "noise_lsb")
    delay_us = science.number("sar_model", "calibration_delay_us")
    calibration_lsb = dict(zip(("Tx", "Rx", "EPDN"), science.row("sar_model", "calibration_lsb"), strict=True))
    pulses = table["duration_ms"] / 1e3 / _seconds(table["pri_code"], dictionary)
    rows: list[Comparison] = []
    # Of a sweep as many are recorded as the bench's rate carries.
    for burst in take.bursts if look.mode not in SWEEPS else ():
        most = min(science.integer("sar_scale", "echo_pulses"), int(pulses)) // burst.interval
        rows.append(Comparison(f"number of {burst.polarisation} echoes", "", float(burst.recorded), float(most)))
    for channel, found in take.channels.items():
        if found.noise_lsb is None:
            raise ScienceError(f"The data take holds no packet of receiver noise in {channel}.")
        tolerance_lsb = LEVEL_TOLERANCE * noise_lsb
        rows.append(Comparison(f"receiver noise of {channel}", "LSB", found.noise_lsb, noise_lsb, tolerance_lsb))
        for path, at_reference_lsb in calibration_lsb.items():
            pulse = calibration_pulse(take, channel, path)
            level_lsb, of = gain * at_reference_lsb, f"{path} calibration pulse of {channel}"
            rows += [
                Comparison(f"level of the {of}", "LSB", pulse.level_lsb, level_lsb, LEVEL_TOLERANCE * level_lsb),
                Comparison(f"delay of the {of}", "us", 1e6 * pulse.delay_s, delay_us, 1e6 * pulse.sample_s),
            ]
    return [replace(row, why="was expected") for row in rows]


def _sub_swaths(table: Mapping[str, int], mode: str, dictionary: Dictionary) -> dict[int, dict[str, int]]:
    """By swath number, in their turn, the table as it holds in that sub-swath; one in any mode but TOPS."""
    found, first = {}, tops_first_swath(dictionary)
    for number in range(1, (table["sub_swaths"] if mode == "TOPS" else 1) + 1):
        own = {name: table.get(f"{name}_{number}", value) for name, value in table.items()}
        if mode not in SWEEPS:
            own["pulses_per_beam"] = 0
        found[first + number - 1 if mode == "TOPS" else own["elevation_beam"]] = own
    return found


def _of_burst(
    burst: Burst, swaths: Mapping[int, Mapping[str, int]], mode: str, dictionary: Dictionary
) -> list[Comparison]:
    prf_hz = 1 / _seconds(swaths[burst.swath]["pri_code"], dictionary)
    return _of_echoes(burst, burst.interval * burst.prf_hz, prf_hz, swaths, mode, dictionary)


def _of_scattered(
    scattered: Scattered, swaths: Mapping[int, Mapping[str, int]], mode: str, dictionary: Dictionary
) -> list[Comparison]:
    prf_hz = 1 / _seconds(swaths[scattered.swath]["pri_code"], dictionary)
    return _of_echoes(scattered, 1 / scattered.pri_s, prf_hz, swaths, mode, dictionary)


def _of_echoes(
    echoes: Burst | Scattered,
    found_hz: float,
    prf_hz: float,
    swaths: Mapping[int, Mapping[str, int]],
    mode: str,
    dictionary: Dictionary,
) -> list[Comparison]:
    table = swaths[echoes.swath]
    of = f" of swath {echoes.swath}" if mode == "TOPS" else ""
    expected = _beams(echoes, swaths, mode == "TOPS")
    differing = (*np.flatnonzero(echoes.azimuth_beams != expected), 0)[0]
    at = f" at echo {echoes.pulses[differing]}" if mode in SWEEPS else ""
    return [
        Comparison(f"PRF{of}", "Hz", found_hz, prf_hz, _PRF_TOLERANCE * prf_hz),
        *(replace(row, name=row.name + of) for row in _of_window(echoes, table, dictionary)),
        Comparison(f"elevation beam{of}", "", float(echoes.elevation_beam), float(table["elevation_beam"])),
        Comparison(f"azimuth beam{of}{at}", "", float(echoes.azimuth_beams[differing]), float(expected[differing])),
    ]


def _beams(echoes: Burst | Scattered, swaths: Mapping[int, Mapping[str, int]], takes_turns: bool) -> NDArray[np.int64]:
    """The beam that each echo is to have. A pulse out of the sub-swath's turn has none: -1."""
    table = swaths[echoes.swath]
    pulses = echoes.pulses
    in_turn = np.ones(len(pulses), bool)
    if takes_turns:
        before = list(swaths).index(echoes.swath)
        lengths = [swath["burst_pulses"] for swath in swaths.values()]
        pulses = pulses % sum(lengths) - sum(lengths[:before])
        in_turn = (pulses >= 0) & (pulses < table["burst_pulses"])
    steps = pulses // table["pulses_per_beam"] if table["pulses_per_beam"] else np.zeros_like(pulses)
    return np.where(in_turn, table["azimuth_beam"] + table["azimuth_beam_step"] * steps, -1)


def _of_window(echoes: Burst | Scattered, table: Mapping[str, int], dictionary: Dictionary) -> list[Comparison]:
    """Pulse and window, which every echo of a sub-swath has in common."""
    divisor = dictionary.science.integer("sar_scale", "swath_divisor")
    code_us = 1e6 * _seconds(1, dictionary)
    rate_hz = 1e3 * dictionary.mission.row("sar", "sampling_rate_khz")[table["sampling_rate"]]
    bandwidth_mhz = float(table["bandwidth_mhz"])
    delay_us = code_us * (table["rank"] * table["pri_code"] + table["swst_code"])
    pulse, window = table["pulse_code"], table["swl_code"]
    recorded = pulse + (window - pulse) // divisor if window > pulse else window
    samples = 2 * int(recorded * code_us * rate_hz / 2e6)
    in_window = window * code_us * rate_hz / 1e6
    near = _HALF_CODE * code_us
    return [
        Comparison("sampling rate", "MHz", echoes.sampling_rate_hz / 1e6, rate_hz / 1e6),
        Comparison("pulse length", "us", 1e6 * echoes.chirp.pulse_s, code_us * pulse, near),
        Comparison(
            "bandwidth", "MHz", echoes.chirp.bandwidth_hz / 1e6, bandwidth_mhz, _BANDWIDTH_TOLERANCE * bandwidth_mhz
        ),
        Comparison("window delay (rank x PRI + SWST)", "us", 1e6 * echoes.window_delay_s, delay_us, near),
        Comparison("window length", "samples", echoes.window_samples, in_window, near * rate_hz / 1e6),
        Comparison("number of samples recorded", "", float(echoes.lines.shape[1]), float(samples)),
    ]


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _gain_db(table: Mapping[str, int]) -> float:
    return _RECEIVE_GAIN_DB * table["receive_gain_db"]


def _seconds(code: int, dictionary: Dictionary) -> float:
    return code / dictionary.mission.number("sar", "reference_frequency_hz")
