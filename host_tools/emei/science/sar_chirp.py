"""The SAR's pulse, as the codes of a source packet's header give it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from emei.science.baq import Samples

CHIRP_CODES = ("ramp_rate_sign", "ramp_rate", "start_frequency_sign", "start_frequency", "pulse_length")
_CODE_SIGN = {0: -1.0, 1: 1.0}


@dataclass(frozen=True)
class Chirp:
    """Linear frequency modulation; the start is that of the leading edge."""

    pulse_s: float
    start_hz: float
    rate_hz_s: float

    @property
    def bandwidth_hz(self) -> float:
        return self.pulse_s * abs(self.rate_hz_s)

    @property
    def middle_hz(self) -> float:
        """Frequency in the middle of the pulse, from the carrier."""
        return self.start_hz + self.rate_hz_s * self.pulse_s / 2

    def replica(self, sampling_rate_hz: float) -> Samples:
        time_s = np.arange(int(self.pulse_s * sampling_rate_hz) + 1) / sampling_rate_hz
        return np.exp(2j * np.pi * (self.start_hz + self.rate_hz_s / 2 * time_s) * time_s).astype(np.complex64)


def chirp_of(header: Mapping[str, int], reference_frequency_hz: float) -> Chirp:
    """From the codes of a header: rate in Fref^2 / 2^21, start in Fref / 2^14 from rate / (4 Fref)."""
    fref_hz = reference_frequency_hz
    rate_hz_s = _CODE_SIGN[header["ramp_rate_sign"]] * header["ramp_rate"] * fref_hz**2 / 2**21
    start_hz = _CODE_SIGN[header["start_frequency_sign"]] * header["start_frequency"] * fref_hz / 2**14
    return Chirp(header["pulse_length"] / fref_hz, rate_hz_s / (4 * fref_hz) + start_hz, rate_hz_s)
