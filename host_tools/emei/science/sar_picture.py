"""The SAR's pictures: a focused burst with the response of its strongest target; echoes compressed in range alone."""

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emei.report.style import BLUE, GREY, ORANGE, SETTINGS
from emei.science.arrays import Complexes, Reals
from emei.science.sar_focus import SarImage
from emei.science.sar_take import Scattered
from emei.science.sar_targets import Response, Target
from emei.science.target_numbers import mark_targets

_SIZE_IN = (13.2, 7.0)
_PROFILE_SIZE_IN = (13.2, 4.6)
_PROFILE_DB = 30.0
_SHOWN_DB = (-2.0, 42.0)  # of the overview, against the background
_RESPONSE_DB = (-35.0, 0.0)
_OVERVIEW_PIXELS = (420, 1200)
_CHIP_WIDTHS = 6.0
_CUT_WIDTHS = 8.0
_FINER = 8


def draw_sar(image: SarImage, targets: list[Target], title: str) -> Figure:
    """One figure; the overview keeps the scene's proportions (slant range upwards, azimuth to the right)."""
    with matplotlib.rc_context(SETTINGS | {"axes.grid": False}):
        figure = Figure(figsize=_SIZE_IN if targets else _PROFILE_SIZE_IN, layout="constrained")
        if not targets:
            _overview(figure, figure.subplots(), image, title)
        else:
            grid = figure.add_gridspec(2, 3, height_ratios=(1.15, 1.0), width_ratios=(0.85, 1, 1))
            overview = figure.add_subplot(grid[0, :])
            _overview(figure, overview, image, title)
            _chip(figure.add_subplot(grid[1, 0]), image, targets[0])
            _cut(figure.add_subplot(grid[1, 1]), targets[0].range, "Slant range", BLUE)
            _cut(figure.add_subplot(grid[1, 2]), targets[0].azimuth, "Azimuth", ORANGE)
            near_m = float(image.range_m[0])
            places = [(target.azimuth_m / 1e3, target.range_m - near_m) for target in targets]
            mark_targets(figure, overview, places)
        return figure


def draw_profile(echoes: Scattered, pixels: Complexes, range_m: Reals, title: str) -> Figure:
    """Range-compressed echoes side by side: a point is a mark as long as the beam sees it (slant range upwards)."""
    with matplotlib.rc_context(SETTINGS | {"axes.grid": False}):
        figure = Figure(figsize=_PROFILE_SIZE_IN, layout="constrained")
        axes = figure.subplots()
        amplitude = np.abs(pixels).T
        background = _background(amplitude)
        near_m = float(range_m[0])
        # Rows of the largest amplitude under each pixel shown, as in the overview; every echo keeps a column.
        shown = axes.imshow(
            20 * np.log10(np.maximum(_pooled(amplitude, (_OVERVIEW_PIXELS[0], amplitude.shape[1])) / background, 1e-3)),
            cmap="gray",
            vmin=_SHOWN_DB[0],
            vmax=_PROFILE_DB,
            origin="lower",
            extent=(-0.5, len(echoes.lines) - 0.5, 0.0, float(range_m[-1]) - near_m),
            aspect="auto",
            interpolation="nearest",
        )
        axes.set_title(title, loc="left", fontsize=9.5)
        axes.set_xlabel("echo, in the order of time")
        axes.set_ylabel(f"slant range, m\nfrom {near_m / 1e3:.3f} km")
        bar = figure.colorbar(shown, ax=axes, fraction=0.018, pad=0.01)
        bar.set_label("dB over the background", fontsize=8.5)
        return figure


def _overview(figure: Figure, axes: Axes, image: SarImage, title: str) -> None:
    amplitude = np.abs(image.pixels).T
    background = _background(amplitude)
    pooled = _pooled(amplitude)
    near_m, azimuth_m = float(image.range_m[0]), image.azimuth_m
    extent = (azimuth_m[0] / 1e3, azimuth_m[-1] / 1e3, 0.0, float(image.range_m[-1]) - near_m)
    shown = axes.imshow(
        20 * np.log10(np.maximum(pooled / background, 1e-3)),
        cmap="gray",
        vmin=_SHOWN_DB[0],
        vmax=_SHOWN_DB[1],
        origin="lower",
        extent=extent,
        aspect=1e-3,
        interpolation="nearest",
    )
    axes.set_title(title, loc="left", fontsize=10.5)
    axes.set_xlabel(f"azimuth, km along the track from {image.burst.origin}")
    axes.set_ylabel(f"slant range, m\nfrom {near_m / 1e3:.3f} km")
    bar = figure.colorbar(shown, ax=axes, fraction=0.018, pad=0.01)
    axes.set_anchor("W")  # a short picture leaves room for its title
    bar.set_label("dB over the background", fontsize=8.5)


def _background(amplitude: Reals) -> float:
    """Root mean square of what is not targets; not 0, for the picture of samples that are all 0."""
    return max(float(np.median(amplitude)) / np.sqrt(np.log(2)), float(np.finfo(np.float32).tiny))


def _pooled(amplitude: Reals, pixels: tuple[int, int] = _OVERVIEW_PIXELS) -> Reals:
    """The largest amplitude under each pixel shown: a point stays visible however small it is drawn."""
    rows, columns = (max(1, size // wanted) for size, wanted in zip(amplitude.shape, pixels, strict=True))
    cut = amplitude[: amplitude.shape[0] // rows * rows, : amplitude.shape[1] // columns * columns]
    blocks = cut.reshape(cut.shape[0] // rows, rows, cut.shape[1] // columns, columns)
    return np.asarray(blocks.max(axis=(1, 3)))


def _chip(axes: Axes, image: SarImage, target: Target) -> None:
    row = round((target.azimuth_s - float(image.azimuth_s[0])) / image.burst.pri_s)
    column = round((target.range_m - float(image.range_m[0])) / image.range_spacing_m)
    tall = round(_CHIP_WIDTHS * image.azimuth_resolution_m / image.azimuth_spacing_m)
    wide = round(_CHIP_WIDTHS * image.range_resolution_m / image.range_spacing_m)
    rows = slice(max(0, row - tall), row + tall + 1)
    columns = slice(max(0, column - wide), column + wide + 1)
    fine = np.abs(_finer(_finer(image.pixels[rows, columns], 1), 0)).T
    left_m = float(image.azimuth_m[rows][0]) - target.azimuth_m
    low_m = float(image.range_m[columns][0]) - target.range_m
    right_m = left_m + fine.shape[1] * image.azimuth_spacing_m / _FINER
    high_m = low_m + fine.shape[0] * image.range_spacing_m / _FINER
    axes.imshow(
        20 * np.log10(np.maximum(fine / fine.max(), 1e-4)),
        cmap="viridis",
        vmin=_RESPONSE_DB[0],
        vmax=_RESPONSE_DB[1],
        origin="lower",
        extent=(left_m, right_m, low_m, high_m),
        aspect="auto",
        interpolation="bilinear",
    )
    axes.set_title("Impulse response of target 1", loc="left", fontsize=9.5)
    axes.set_xlabel("azimuth, m")
    axes.set_ylabel("slant range, m")


def _finer(values: Complexes, axis: int) -> Complexes:
    """Interpolated by zeros in the spectrum, put where it has the least power."""
    size = values.shape[axis]
    spectrum = np.moveaxis(np.fft.fft(values, axis=axis), axis, 0)
    power = np.sum(np.abs(spectrum) ** 2, axis=1)
    middle = np.angle(np.sum(power * np.exp(2j * np.pi * np.arange(size) / size))) / (2 * np.pi) * size
    gap = (round(middle) + size // 2) % size
    padded = np.zeros((size * _FINER, spectrum.shape[1]), complex)
    padded[:gap] = spectrum[:gap]
    padded[len(padded) - (size - gap) :] = spectrum[gap:]
    return np.moveaxis(np.fft.ifft(padded, axis=0), 0, axis) * _FINER


def _cut(axes: Axes, response: Response, title: str, colour: str) -> None:
    axes.grid(True)
    axes.plot(response.offset_m, response.level_db, color=colour, linewidth=1.4)
    axes.axhline(-3, color=GREY, linewidth=0.8, linestyle=":")
    axes.axhline(response.side_lobe_db, color=GREY, linewidth=0.8, linestyle="--")
    axes.set_xlim(-_CUT_WIDTHS * response.theory_m, _CUT_WIDTHS * response.theory_m)
    axes.set_ylim(*_RESPONSE_DB)
    axes.set_title(
        f"{title}: {response.width_m:.3g} m at -3 dB (theory {response.theory_m:.3g}), "
        f"side lobe {response.side_lobe_db:.1f} dB" + ("\nbeside another target" if response.shared else ""),
        loc="left",
        fontsize=8.8,
    )
    axes.set_xlabel("m")
    axes.set_ylabel("dB")
