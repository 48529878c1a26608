"""From the echoes of a burst to a complex picture: range compression, then azimuth focusing.

Matched filter in range. In azimuth a reference function in the two-dimensional frequency domain, exact at one
range (range migration and secondary range compression included), and the rest of the azimuth phase for every
other range (Cumming and Wong, Digital Processing of SAR Data, 2005, chapters 3, 6 and 8). Nothing is weighted:
the impulse response is that of the bandwidths alone.
"""

from dataclasses import dataclass

import numpy as np

from emei.science.arrays import Complexes, Reals
from emei.science.errors import ScienceError
from emei.science.sar_chirp import Chirp
from emei.science.sar_platform import Platform
from emei.science.sar_take import Burst, Radar

HALF_POWER_WIDTH = 0.8859  # -3 dB width of a sinc in units of 1 / bandwidth
_BLOCK_LINES = 512
_BEYOND_WIDTHS = 40.0  # in resolutions: side lobes that far off are 41 dB down, below a target's threshold
_BEAM_HALF_WIDTHS = 1.0  # how much of the beam's footprint the picture shows, in half widths to the first null


@dataclass(frozen=True)
class SarImage:
    """Complex pixels: rows azimuth, columns slant range.

    `wide` has `beyond` columns more at each edge, of which the echoes were recorded in part: what lies there is not of
    the picture, but its side lobes are. `azimuth_s` is the time of closest approach after the picture's origin
    (Burst.origin), `azimuth_m` the same on the ground. Resolutions are the theory's -3 dB widths.
    """

    wide: Complexes
    beyond: int
    range_m: Reals
    azimuth_s: Reals
    ground_speed_m_s: float
    range_resolution_m: float
    azimuth_resolution_m: float
    burst: Burst

    @property
    def pixels(self) -> Complexes:
        return self.wide[:, self.beyond : self.beyond + len(self.range_m)]

    @property
    def azimuth_m(self) -> Reals:
        return self.azimuth_s * self.ground_speed_m_s

    @property
    def range_spacing_m(self) -> float:
        return float(self.range_m[1] - self.range_m[0])

    @property
    def azimuth_spacing_m(self) -> float:
        return self.ground_speed_m_s * self.burst.pri_s


def focus(burst: Burst, platform: Platform, radar: Radar) -> SarImage:
    """The picture of a burst. ScienceError when no whole pulse fits the recorded window."""
    spacing_m = radar.light_speed_m_s / (2 * burst.sampling_rate_hz)
    resolution_m = HALF_POWER_WIDTH * radar.light_speed_m_s / (2 * burst.chirp.bandwidth_hz)
    half_pulse = int(burst.chirp.pulse_s * burst.sampling_rate_hz / 2)
    beyond = min(int(np.ceil(_BEYOND_WIDTHS * resolution_m / spacing_m)), half_pulse)
    compressed = compress_range(burst.lines, burst.chirp, burst.sampling_rate_hz, beyond)
    lines, columns = compressed.shape
    near_m = burst.window_delay_s * radar.light_speed_m_s / 2
    range_m = near_m + spacing_m * (np.arange(columns) - beyond)
    middle_m = float(range_m[columns // 2])
    ground_speed_m_s = platform.ground_speed_m_s(middle_m, radar.earth_radius_m)
    speed_m_s = platform.effective_speed_m_s(middle_m, radar.earth_radius_m)
    # The time a target takes from the edge of the beam to its middle.
    beam_s = _BEAM_HALF_WIDTHS * radar.wavelength_m / radar.antenna_length_m / 2 * middle_m / ground_speed_m_s
    margin = int(np.ceil(beam_s * burst.prf_hz))
    length = fast_length(lines + 2 * margin)
    spectrum = np.fft.fft(compressed, length, axis=0)
    doppler_hz = np.fft.fftfreq(length, burst.pri_s)
    rate_hz = np.fft.fftfreq(fast_length(columns), 1 / burst.sampling_rate_hz)
    for start in range(0, length, _BLOCK_LINES):
        block = slice(start, start + _BLOCK_LINES)
        spectrum[block] = _filtered(spectrum[block], doppler_hz[block], rate_hz, range_m, middle_m, speed_m_s, radar)
    doppler_rate_hz_s = 2 * speed_m_s**2 / (radar.wavelength_m * middle_m)
    shown = margin if burst.interval == 1 else min(margin, _unfolded(burst, doppler_rate_hz_s))
    wide = np.roll(np.fft.ifft(spectrum, axis=0), shown, axis=0)[: lines + 2 * shown]
    return SarImage(
        wide=wide,
        beyond=beyond,
        range_m=range_m[beyond : columns - beyond],
        azimuth_s=(np.arange(lines + 2 * shown) - shown) * burst.pri_s + burst.late_s,
        ground_speed_m_s=ground_speed_m_s,
        range_resolution_m=resolution_m,
        azimuth_resolution_m=HALF_POWER_WIDTH * ground_speed_m_s / (doppler_rate_hz_s * burst.duration_s),
        burst=burst,
    )


def _unfolded(burst: Burst, doppler_rate_hz_s: float) -> int:
    """Lines before and behind the burst of which its pulses sample the whole Doppler history.

    Pulses that are shared among polarisations are fewer than the beam asks for: targets farther out appear folded over,
    twice and blurred.
    """
    return max(0, int((burst.prf_hz / 2 / doppler_rate_hz_s - burst.duration_s) * burst.prf_hz))


def compress_range(lines: Complexes, chirp: Chirp, sampling_rate_hz: float, beyond: int = 0) -> Complexes:
    """Correlation with the chirp where it lies within the window as a whole, amplitude of the echo kept.

    With `beyond` that many columns more at each end, where a part of the chirp does; half a pulse at most.
    """
    replica = chirp.replica(sampling_rate_hz)
    columns = lines.shape[1] - len(replica) + 1
    if columns < 2:
        raise ScienceError(
            f"The window holds {lines.shape[1]} samples, and a pulse has {len(replica)}: no echo is whole."
        )
    length = fast_length(lines.shape[1] + beyond)
    reference = np.conj(np.fft.fft(replica, length)) / np.complex64(len(replica))
    shown = columns + 2 * beyond
    blocks = (lines[start : start + _BLOCK_LINES] for start in range(0, len(lines), _BLOCK_LINES))
    return np.concatenate(
        [
            np.roll(np.fft.ifft(np.fft.fft(block, length, axis=1) * reference, axis=1), beyond, axis=1)[:, :shown]
            for block in blocks
        ]
    )


def _filtered(
    spectrum: Complexes,
    doppler_hz: Reals,
    rate_hz: Reals,
    range_m: Reals,
    middle_m: float,
    speed_m_s: float,
    radar: Radar,
) -> Complexes:
    """Lines of the range-Doppler domain, migration and azimuth phase taken out."""
    carrier_hz = radar.centre_frequency_hz
    across_hz = (radar.light_speed_m_s * doppler_hz / (2 * speed_m_s))[:, None]
    total_hz = carrier_hz + rate_hz[None, :]
    turns = 2 * middle_m / radar.light_speed_m_s * (np.sqrt(total_hz**2 - across_hz**2) - total_hz)
    turns = turns - turns[:, :1]  # at the carrier's own frequency the phase below does it, for each range
    moved = np.fft.ifft(np.fft.fft(spectrum, len(rate_hz), axis=1) * _phasor(turns), axis=1)[:, : len(range_m)]
    slope = np.sqrt(1 - (across_hz / carrier_hz) ** 2) - 1
    return moved * _phasor(2 * range_m[None, :] / radar.wavelength_m * slope)


def _phasor(turns: Reals) -> Complexes:
    return np.exp(2j * np.pi * turns).astype(np.complex64)


def fast_length(least: int) -> int:
    """The next length with no prime factor above 5."""
    length = least
    while True:
        rest = length
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return length
        length += 1
