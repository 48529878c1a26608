"""The antenna's two-way pattern in azimuth, measured from point targets seen with several azimuth beams.

A target that stays where it is is weaker the farther the beam points past it. From the levels of every target in
every data take the width and the pointing of the pattern are fitted; how strong the targets themselves are drops out.
The shape is that of a uniformly lit aperture, sinc^2 two ways, whose one-way half-power width is 0.886 lambda / L.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emei.science.arrays import Reals
from emei.science.errors import ScienceError
from emei.science.sar_focus import HALF_POWER_WIDTH, SarImage
from emei.science.sar_take import Radar
from emei.science.scene import Match

_NEAR_PX = 2.0  # a target farther from its place than this and
_NEAR_RESOLUTIONS = 0.25  # than this is another one
_FEWEST_BEAMS = 2
_LOWEST_SHARE = 0.75  # of the way to the first null: farther out a level says little about the width
_WIDTHS = (0.4, 3.0)  # times theory, that are looked at
_POINTINGS = (-0.5, 0.5)  # in half-power widths
_GRID = 41
_REFINEMENTS = 5
_SAMPLES_OF_BURST = 9
_LEAST_POWER = 1e-6


@dataclass(frozen=True)
class Pattern:
    """Half-power width, one way, with theory's; pointing ahead of what was commanded; RMS of what the fit leaves.

    `angle_rad` off the centre of the beam and `level_db` two ways are the points it was fitted to, by target.
    """

    width_rad: float
    theory_rad: float
    pointing_rad: float
    residual_db: float
    angle_rad: Reals
    level_db: Reals


def measure_pattern(
    images: Sequence[SarImage], matches: Sequence[Sequence[Match]], radar: Radar, beam_step_rad: float, broadside: int
) -> Pattern:
    """From pictures of data takes and their targets by place in the scene. ScienceError when they show too little."""
    beams = {image.burst.azimuth_beam for image in images}
    if len(beams) < _FEWEST_BEAMS:
        raise ScienceError("The data takes have one azimuth beam: a pattern needs at least two.")
    theory_rad = HALF_POWER_WIDTH * radar.wavelength_m / radar.antenna_length_m
    places, angles, levels, spans = [], [], [], []
    for image, found in zip(images, matches, strict=True):
        beam_rad = (image.burst.azimuth_beam - broadside) * beam_step_rad
        length_m = image.ground_speed_m_s * image.burst.duration_s
        for place, match in enumerate(found):
            if match.found is None or not _is_near(match, image):
                continue
            angle_rad = (match.found.azimuth_m - length_m / 2) / match.found.range_m - beam_rad
            if abs(angle_rad) > _LOWEST_SHARE * theory_rad / HALF_POWER_WIDTH:
                continue
            places.append(place)
            angles.append(angle_rad)
            levels.append(20 * np.log10(match.found.amplitude / image.burst.recorded))
            spans.append(length_m / match.found.range_m)
    target = np.array(places, int)
    angle, level, span = np.array(angles), np.array(levels), np.array(spans)
    if not len(angle) or min(angle.max(), -angle.min()) < theory_rad / 2:
        seen = f"{1e3 * angle.min():.1f} to {1e3 * angle.max():.1f} mrad" if len(angle) else "nothing"
        raise ScienceError(f"The targets show {seen} of the pattern: both its half-power points are needed.")
    width_rad, pointing_rad = _fitted(target, angle, level, span, theory_rad)
    left = _left(target, angle, level, span, np.array([width_rad]), np.array([pointing_rad]))[:, 0]
    shape = _shape_db(angle, span, np.array([width_rad]), np.array([pointing_rad]))[:, 0]
    return Pattern(
        width_rad=width_rad,
        theory_rad=theory_rad,
        pointing_rad=pointing_rad,
        residual_db=float(np.sqrt(np.mean(left**2))),
        angle_rad=angle,
        level_db=shape + left,
    )


def _is_near(match: Match, image: SarImage) -> bool:
    wide_px = image.azimuth_resolution_m / image.azimuth_spacing_m
    return abs(match.range_px) <= _NEAR_PX and abs(match.azimuth_px) <= max(_NEAR_PX, _NEAR_RESOLUTIONS * wide_px)


def _fitted(target: Reals, angle: Reals, level: Reals, span: Reals, theory_rad: float) -> tuple[float, float]:
    """Width and pointing with the least squares, on a grid that closes in."""
    widths = theory_rad * np.linspace(*_WIDTHS, _GRID)
    pointings = theory_rad * np.linspace(*_POINTINGS, _GRID)
    for _ in range(_REFINEMENTS):
        width, pointing = (grid.ravel() for grid in np.meshgrid(widths, pointings, indexing="ij"))
        best = int(np.argmin(np.sum(_left(target, angle, level, span, width, pointing) ** 2, axis=0)))
        around_w, around_p = widths[1] - widths[0], pointings[1] - pointings[0]
        widths = np.linspace(width[best] - around_w, width[best] + around_w, _GRID)
        pointings = np.linspace(pointing[best] - around_p, pointing[best] + around_p, _GRID)
    return float(width[best]), float(pointing[best])


def _left(target: Reals, angle: Reals, level: Reals, span: Reals, width: Reals, pointing: Reals) -> Reals:
    """What is left of each level once the pattern and each target's own strength are taken out: points by fits."""
    left = level[:, None] - _shape_db(angle, span, width, pointing)
    for place in np.unique(target):
        of_place = target == place
        left[of_place] -= left[of_place].mean(axis=0)
    return left


def _shape_db(angle: Reals, span: Reals, width: Reals, pointing: Reals) -> Reals:
    """The two-way pattern, as the mean amplitude over a burst in which the angle goes through `span`."""
    part = np.linspace(-0.5, 0.5, _SAMPLES_OF_BURST)
    off = angle[:, None, None] - pointing[None, :, None] + span[:, None, None] * part
    amplitude = np.mean(np.sinc(HALF_POWER_WIDTH * off / width[None, :, None]) ** 2, axis=2)
    return np.asarray(20 * np.log10(np.maximum(amplitude, _LEAST_POWER)))
