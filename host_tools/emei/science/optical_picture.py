"""The optical picture: natural colours where the bands are there, else each band alone."""

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from emei.report.style import SETTINGS
from emei.science.arrays import Reals
from emei.science.optical_image import OpticalImage
from emei.words import known

_WIDTH_IN = 13.2
_AROUND_IN = 1.3  # titles and labels, above and below
_HEIGHTS_IN = (2.4, 6.0)
_STRETCH_PERCENT = (1.0, 98.5)
_NATURAL = ("R", "G", "B")


def draw_optical(image: OpticalImage, title: str) -> Figure:
    """One figure; flight direction downwards, a row and a pixel of the same size."""
    natural = all(band in image.bands for band in _NATURAL)
    alone = [band for band in image.bands if not (natural and band in _NATURAL)]
    with matplotlib.rc_context(SETTINGS | {"axes.grid": False}):
        count = natural + len(alone)
        rows, pixels = next(iter(image.bands.values())).shape
        height_in = np.clip(_AROUND_IN + _WIDTH_IN / count * rows / pixels, *_HEIGHTS_IN)
        figure = Figure(figsize=(_WIDTH_IN, height_in), layout="constrained")
        panels = figure.subplots(1, count, squeeze=False)[0]
        figure.suptitle(title, x=0.01, ha="left", fontsize=10.5)
        if natural:
            colours = np.stack([_stretched(image.bands[band]) for band in _NATURAL], axis=2)
            panels[0].imshow(colours, interpolation="nearest")
            panels[0].set_title("R, G, B, each stretched", loc="left", fontsize=9.5)
        for panel, band in zip(panels[int(natural) :], alone, strict=True):
            panel.imshow(_stretched(image.bands[band]), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            low, high = _limits(image.bands[band])
            title = f"{band}, SNR {known(image.measures[band].snr, 0)}, black to white {low:.0f} to {high:.0f} DN"
            panel.set_title(title, loc="left", fontsize=9.5)
        for panel in panels:
            panel.set_xlabel("pixel across the track")
            panel.yaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
        panels[0].set_ylabel("row along the track")
        return figure


def _stretched(pixels: Reals) -> Reals:
    """Levels from 0 to 1; rows that were not recorded are black."""
    low, high = _limits(pixels)
    return np.asarray(np.nan_to_num(np.clip((pixels - low) / (high - low), 0, 1)))


def _limits(pixels: Reals) -> tuple[float, float]:
    low, high = np.nanpercentile(pixels, _STRETCH_PERCENT)
    return float(low), float(max(high, low + 1.0))
