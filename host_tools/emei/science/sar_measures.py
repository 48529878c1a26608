"""What commissioning measures of the SAR's data takes: noise, calibration, point targets, antenna pattern."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from emei.dictionary import Dictionary
from emei.science.errors import ScienceError
from emei.science.quicklook import SarPicture, SarQuicklook
from emei.science.sar_pattern import Pattern, measure_pattern
from emei.science.sar_take import CALIBRATIONS, Radar, SarTake
from emei.science.scene import Match, match_targets
from emei.words import count

_NEAR_PX = 10.0  # farther from a reflector's place than this, a target is not the reflector


def echo_pulses(look: SarQuicklook, _: Dictionary) -> float:
    return float(_picture(look).image.burst.recorded)


def point_targets(look: SarQuicklook, _: Dictionary) -> float:
    return float(len(_picture(look).targets))


def noise_lsb(look: SarQuicklook, _: Dictionary) -> float:
    if look.take.noise_lsb is None:
        raise ScienceError("The data take holds no packet of receiver noise.")
    return look.take.noise_lsb


def calibration_lsb(path: str) -> Callable[[SarQuicklook, Dictionary], float]:
    """Amplitude of the pulse through one path, by correlation with the chirp that was commanded."""
    return lambda look, _: _pulse(look, path).level_lsb


def calibration_purity(look: SarQuicklook, _: Dictionary) -> float:
    return min(_pulse(look, path).purity for path in _paths(look))


def calibration_delay_us(look: SarQuicklook, _: Dictionary) -> float:
    """Of the path whose pulse comes last."""
    return 1e6 * max(_pulse(look, path).delay_s for path in _paths(look))


def reflectors_missing(look: SarQuicklook, dictionary: Dictionary) -> float:
    return float(sum(not _is_near(match) for match in _matches(look, dictionary)))


def other_targets(look: SarQuicklook, dictionary: Dictionary) -> float:
    found = {id(match.found) for match in _matches(look, dictionary) if _is_near(match)}
    return float(sum(id(target) not in found for target in _picture(look).targets))


def reflector_position_error_px(look: SarQuicklook, dictionary: Dictionary) -> float:
    return max(max(abs(match.range_px), abs(match.azimuth_px)) for match in _reflectors(look, dictionary))


def reflector_width_error_percent(look: SarQuicklook, dictionary: Dictionary) -> float:
    targets = [match.found for match in _reflectors(look, dictionary) if match.found]
    return 100 * max(abs(cut.error) for target in targets for cut in (target.range, target.azimuth))


def reflector_side_lobe_db(look: SarQuicklook, dictionary: Dictionary) -> float:
    targets = [match.found for match in _reflectors(look, dictionary) if match.found]
    return max(cut.side_lobe_db for target in targets for cut in (target.range, target.azimuth))


def beam_width_mrad(looks: Sequence[SarQuicklook], dictionary: Dictionary) -> float:
    return 1e3 * pattern_of(looks, dictionary).width_rad


def beam_width_error_percent(looks: Sequence[SarQuicklook], dictionary: Dictionary) -> float:
    pattern = pattern_of(looks, dictionary)
    return 100 * (pattern.width_rad / pattern.theory_rad - 1)


def beam_pointing_mrad(looks: Sequence[SarQuicklook], dictionary: Dictionary) -> float:
    return 1e3 * pattern_of(looks, dictionary).pointing_rad


def beam_residual_db(looks: Sequence[SarQuicklook], dictionary: Dictionary) -> float:
    return pattern_of(looks, dictionary).residual_db


def pattern_of(looks: Sequence[SarQuicklook], dictionary: Dictionary) -> Pattern:
    """The azimuth pattern from data takes with several azimuth beams. ScienceError when they do not show it."""
    return measure_pattern(
        [_picture(look).image for look in looks],
        [_matches(look, dictionary) for look in looks],
        Radar.of(dictionary),
        1e-6 * dictionary.mission.number("sar", "azimuth_beam_step_urad"),
        dictionary.mission.integer("sar", "azimuth_beam_broadside"),
    )


# Unit, what it is, and the function of one data take.
SAR_MEASURES: dict[str, tuple[str, str, Callable[[SarQuicklook, Dictionary], float]]] = {
    "echo_pulses": ("", "echoes of the picture", echo_pulses),
    "point_targets": ("", "targets that stand out of background and side lobes", point_targets),
    "noise_lsb": ("LSB", "receiver noise, standard deviation of I and of Q", noise_lsb),
    "calibration_tx_lsb": ("LSB", "calibration pulse through the Tx path, amplitude", calibration_lsb("Tx")),
    "calibration_rx_lsb": ("LSB", "calibration pulse through the Rx path, amplitude", calibration_lsb("Rx")),
    "calibration_epdn_lsb": ("LSB", "calibration pulse past the antenna (EPDN), amplitude", calibration_lsb("EPDN")),
    "calibration_purity": ("", "least correlation of a calibration pulse with the commanded chirp", calibration_purity),
    "calibration_delay_us": ("us", "latest calibration pulse after the first sample", calibration_delay_us),
    "reflectors_missing": ("", "reflectors of the survey without a target in their place", reflectors_missing),
    "other_targets": ("", "targets that are none of the survey's reflectors", other_targets),
    "reflector_position_error_px": ("px", "farthest target from its surveyed place", reflector_position_error_px),
    "reflector_width_error_percent": ("%", "response the farthest off theory in width", reflector_width_error_percent),
    "reflector_side_lobe_db": ("dB", "highest side lobe against its peak", reflector_side_lobe_db),
}
# The same of all data takes of a step together.
SAR_MEASURES_OF_SEVERAL: dict[str, tuple[str, str, Callable[[Sequence[SarQuicklook], Dictionary], float]]] = {
    "beam_width_mrad": ("mrad", "azimuth pattern: half-power width, one way", beam_width_mrad),
    "beam_width_error_percent": ("%", "the same against 0.886 lambda / L", beam_width_error_percent),
    "beam_pointing_mrad": ("mrad", "azimuth pattern: centre ahead of the commanded one", beam_pointing_mrad),
    "beam_residual_db": ("dB", "azimuth pattern: RMS of the levels off its shape", beam_residual_db),
}


def _picture(look: SarQuicklook) -> SarPicture:
    if not look.images:
        raise ScienceError(" ".join(["No picture came out of the data take.", *look.problems]))
    return look.images[0]


def _matches(look: SarQuicklook, dictionary: Dictionary) -> list[Match]:
    picture = _picture(look)
    return match_targets(dictionary, picture.image, picture.targets)


def _is_near(match: Match) -> bool:
    return match.found is not None and max(abs(match.range_px), abs(match.azimuth_px)) <= _NEAR_PX


def _reflectors(look: SarQuicklook, dictionary: Dictionary) -> list[Match]:
    near = [match for match in _matches(look, dictionary) if _is_near(match)]
    if not near:
        found = len(_picture(look).targets)
        raise ScienceError(
            f"None of {count(found, 'target')} lies within {_NEAR_PX:g} pixels of a surveyed reflector."
            if found
            else "No point target stands out of the background."
        )
    return near


@dataclass(frozen=True)
class CalibrationPulse:
    """A pulse through one path of the calibration network, by correlation with the chirp that was commanded.

    `purity` is how much of it is the chirp, 0 to 1; `delay_s` is from the first sample, to a sample (`sample_s`).
    """

    level_lsb: float
    purity: float
    delay_s: float
    sample_s: float


def calibration_pulse(take: SarTake, channel: str, path: str) -> CalibrationPulse:
    """ScienceError when the data take does not hold it as a whole."""
    calibration = take.channels[channel].calibration
    if path not in calibration or take.calibration_setting is None:
        raise ScienceError(f"The data take holds no calibration pulse through the {path} path.")
    setting = take.calibration_setting
    replica, pulse = setting.chirp.replica(setting.sampling_rate_hz), calibration[path]
    if len(pulse) < len(replica):
        raise ScienceError(f"The calibration pulse through the {path} path is not recorded as a whole.")
    products = np.abs(np.correlate(pulse, replica, "valid"))
    at = int(np.argmax(products))
    part = pulse[at : at + len(replica)]
    norm = float(np.linalg.norm(part) * np.linalg.norm(replica))
    return CalibrationPulse(
        level_lsb=float(products[at]) / len(replica),
        purity=float(products[at]) / norm if norm else 0.0,
        delay_s=at / setting.sampling_rate_hz,
        sample_s=1 / setting.sampling_rate_hz,
    )


def _paths(look: SarQuicklook) -> list[str]:
    """What a data take calibrates: without the transmitter there is no Tx path."""
    return [path for path in CALIBRATIONS.values() if path != "Tx" or look.mode != "RX_ONLY"]


def _pulse(look: SarQuicklook, path: str) -> CalibrationPulse:
    return calibration_pulse(look.take, next(iter(look.take.channels)), path)
