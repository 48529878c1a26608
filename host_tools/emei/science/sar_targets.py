"""Point targets of a focused picture: where they are, and how good their impulse response is."""

from dataclasses import dataclass
from math import log10, pi

import numpy as np

from emei.science.arrays import Complexes, Reals
from emei.science.sar_focus import HALF_POWER_WIDTH, SarImage

_THRESHOLD_DB = 20.0  # above the mean power of the background
_SIDE_LOBE_MARGIN = 2.0  # amplitude above what a stronger target's side lobes reach
_MAIN_LOBE_WIDTHS = 2.5  # around a target, in resolutions, that belong to it
_RIDGE_WIDTHS = 1.0  # half breadth of a ridge of side lobes
_SLANT = 0.1  # resolutions in range a resolution in azimuth
_CUT_WIDTHS = 12.0  # each way, in resolutions
_GUARD_WIDTHS = 4.0  # beyond: what a target at one end of the samples adds at the other, interpolated, stays there
_FINER = 32
_NOISE_SAMPLE = 200_000
_MOST_TARGETS = 100

Place = tuple[int, int]  # row (azimuth) and column (range) of a pixel of SarImage.wide


@dataclass(frozen=True)
class _Cut:
    """Amplitude along a line of the picture, sampled _FINER times finer, from the pixel `first` on."""

    fine: Reals
    first: int


@dataclass(frozen=True)
class Response:
    """A cut through a target: -3 dB width, highest side lobe against the peak, and the cut for drawing.

    `shared`: another target lies in the cut or near its end. Its main lobe is no side lobe of this one and not counted
    as such, but its side lobes add to both figures, which are then no measure of the radar alone.
    """

    width_m: float
    theory_m: float
    side_lobe_db: float
    shared: bool
    offset_m: Reals
    level_db: Reals

    @property
    def error(self) -> float:
        """Relative to theory."""
        return self.width_m / self.theory_m - 1


@dataclass(frozen=True)
class Target:
    """Slant range; along-track distance and time from the picture's origin; level above the mean background.

    `amplitude` is the focused peak's, in the same unit for every picture of as many echoes.
    """

    range_m: float
    azimuth_m: float
    azimuth_s: float
    level_db: float
    amplitude: float
    range: Response
    azimuth: Response


def find_targets(image: SarImage) -> list[Target]:
    """Every point target of the picture that stands out of background and side lobes, strongest first.

    Those just beyond its edge in range are looked for too, because their side lobes reach into it, and left out.
    """
    amplitude = np.abs(image.wide)
    background = _background(np.abs(image.pixels))
    if background == 0:
        return []  # without noise there is nothing to stand out of
    accepted: list[tuple[int, int, float]] = []
    lines_wide = image.azimuth_resolution_m / image.azimuth_spacing_m
    columns_wide = image.range_resolution_m / image.range_spacing_m
    for row, column in _peaks(amplitude, background * 10 ** (_THRESHOLD_DB / 20)):
        level = float(amplitude[row, column])
        away = [(abs(row - r) / lines_wide, abs(column - c) / columns_wide, strength) for r, c, strength in accepted]
        if _belongs(level, away):
            continue
        accepted.append((row, column, level))
        if len(accepted) == _MOST_TARGETS:
            break
    places = [(row, column) for row, column, _ in accepted]
    return [
        _measure(image, place, [other for other in places if other != place], background)
        for place in places
        if 0 <= place[1] - image.beyond < len(image.range_m)
    ]


def _background(amplitude: Reals) -> float:
    """Root mean square of what is not targets, from the median of Rayleigh-distributed amplitudes."""
    sample = amplitude.ravel()[:: max(1, amplitude.size // _NOISE_SAMPLE)]
    return float(np.median(sample)) / np.sqrt(np.log(2))


def _peaks(amplitude: Reals, threshold: float) -> list[tuple[int, int]]:
    """Local maxima above a threshold, strongest first."""
    inner = amplitude[1:-1, 1:-1]
    rows, columns = np.nonzero(inner > threshold)
    rows, columns = rows + 1, columns + 1
    here = amplitude[rows, columns]
    highest = np.ones(len(rows), bool)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            highest &= here >= amplitude[rows + down, columns + right]
    order = np.argsort(-here[highest])
    return [(int(r), int(c)) for r, c in zip(rows[highest][order], columns[highest][order], strict=True)]


def _belongs(level: float, stronger: list[tuple[float, float, float]]) -> bool:
    """Is a peak of that level of the main lobe of a stronger target, or no more than their side lobes together?

    Of each: how many resolutions away it is along the track and across, and its level. The lobes in azimuth lie
    aslant when the target was seen off broadside.
    """
    if any(along < _MAIN_LOBE_WIDTHS and across < _MAIN_LOBE_WIDTHS for along, across, _ in stronger):
        return True
    lobes = sum(
        strength * _lobes(along - _RIDGE_WIDTHS) * _lobes(across - _RIDGE_WIDTHS - _SLANT * along)
        for along, across, strength in stronger
    )
    return level < _SIDE_LOBE_MARGIN * lobes


def _lobes(widths: float) -> float:
    """Envelope of a sinc, at a distance in -3 dB widths."""
    return min(1.0, 1 / (pi * HALF_POWER_WIDTH * widths)) if widths > 0 else 1.0


def _measure(image: SarImage, place: Place, others: list[Place], background: float) -> Target:
    row, column = place
    lines_wide = image.azimuth_resolution_m / image.azimuth_spacing_m
    columns_wide = image.range_resolution_m / image.range_spacing_m
    along = _cut(image.wide[:, column], row, lines_wide)
    across = _cut(image.wide[row, :], column, columns_wide)
    rows = [r for r, c in others if abs(c - column) < _MAIN_LOBE_WIDTHS * columns_wide]
    columns = [c for r, c in others if abs(r - row) < _MAIN_LOBE_WIDTHS * lines_wide]
    azimuth_index, azimuth = _response(along, row, rows, image.azimuth_spacing_m, image.azimuth_resolution_m)
    range_index, across_range = _response(across, column, columns, image.range_spacing_m, image.range_resolution_m)
    azimuth_s = float(image.azimuth_s[0]) + azimuth_index * image.burst.pri_s
    amplitude = float(across.fine[_peak(across, column)])
    return Target(
        range_m=float(image.range_m[0]) + (range_index - image.beyond) * image.range_spacing_m,
        azimuth_m=azimuth_s * image.ground_speed_m_s,
        azimuth_s=azimuth_s,
        level_db=20 * log10(amplitude / background),
        amplitude=amplitude,
        range=across_range,
        azimuth=azimuth,
    )


def _cut(line: Complexes, at: int, pixels_wide: float) -> _Cut:
    """The cut around a pixel.

    Zeros go into the spectrum where it has the least power: in azimuth its middle is a Doppler frequency.
    """
    half = int(np.ceil((_CUT_WIDTHS + _GUARD_WIDTHS) * pixels_wide)) + 2
    first = max(0, at - half)
    part = line[first : at + half + 1]
    spectrum = np.fft.fft(part)
    power = np.abs(spectrum) ** 2
    middle = np.angle(np.sum(power * np.exp(2j * np.pi * np.arange(len(part)) / len(part)))) / (2 * np.pi) * len(part)
    gap = (round(middle) + len(part) // 2) % len(part)
    padded = np.zeros(len(part) * _FINER, complex)
    padded[:gap] = spectrum[:gap]
    padded[len(padded) - (len(part) - gap) :] = spectrum[gap:]
    return _Cut(np.abs(np.fft.ifft(padded)) * _FINER, first)


def _peak(cut: _Cut, at: int) -> int:
    """Index of the highest amplitude within a pixel of the one detected: farther off lie other targets."""
    middle = (at - cut.first) * _FINER
    low = max(0, middle - _FINER)
    return low + int(np.argmax(cut.fine[low : middle + _FINER + 1]))


def _response(cut: _Cut, at: int, others: list[int], spacing_m: float, theory_m: float) -> tuple[float, Response]:
    """Of the target at a pixel of the cut's line; `others` are the pixels of the targets beside it, near or far."""
    fine = cut.fine
    peak = _peak(cut, at)
    step_m = spacing_m / _FINER
    half_power = fine[peak] / np.sqrt(2)
    left, right = _crossing(fine, peak, -1, half_power), _crossing(fine, peak, 1, half_power)
    beside = [other for other in others if abs(other - at) * spacing_m <= (_CUT_WIDTHS + _GUARD_WIDTHS) * theory_m]
    is_lobe = np.abs(np.arange(len(fine)) - peak) * step_m <= _CUT_WIDTHS * theory_m
    for top in (peak, *(_peak(cut, other) for other in beside)):
        is_lobe[_null(fine, top, -1) : _null(fine, top, 1)] = False
    side_lobe = float(np.max(fine[is_lobe])) if is_lobe.any() else 0.0
    level_db = 20 * np.log10(np.maximum(fine / fine[peak], 1e-6))
    return cut.first + peak / _FINER, Response(
        width_m=(right - left) * step_m,
        theory_m=theory_m,
        side_lobe_db=20 * log10(max(side_lobe / float(fine[peak]), 1e-6)),
        shared=bool(beside),
        offset_m=(np.arange(len(fine)) - peak) * step_m,
        level_db=level_db,
    )


def _crossing(fine: Reals, peak: int, step: int, level: float) -> float:
    """Where the main lobe falls through a level, between two samples."""
    index = peak
    while 0 < index < len(fine) - 1 and fine[index] > level:
        index += step
    above, below = fine[index - step], fine[index]
    return index - step * float((level - below) / (above - below)) if above > below else float(index)


def _null(fine: Reals, peak: int, step: int) -> int:
    """First minimum beside the main lobe."""
    index = peak
    while 0 < index < len(fine) - 1 and fine[index + step] < fine[index]:
        index += step
    return index
