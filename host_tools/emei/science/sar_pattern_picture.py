"""The antenna's azimuth pattern as measured, over the shape that was fitted to it."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from emei.dictionary import Dictionary
from emei.report.style import BLUE, GREY, ORANGE, SETTINGS, png
from emei.science.quicklook import SarQuicklook
from emei.science.sar_focus import HALF_POWER_WIDTH
from emei.science.sar_measures import pattern_of
from emei.science.sar_pattern import Pattern

_SIZE_IN = (13.2, 4.6)
_DOTS_PER_INCH = 100
_LOWEST_DB = -22.0
_TWO_WAY_HALF_POWER_DB = -6.0


def pattern_picture(looks: Sequence[SarQuicklook], dictionary: Dictionary) -> tuple[bytes, str]:
    """PNG octets and a caption. ScienceError when the data takes do not show a pattern."""
    pattern = pattern_of(looks, dictionary)
    caption = (
        f"Azimuth pattern of the antenna from {len(looks)} data takes and {len(pattern.angle_rad)} levels of point "
        f"targets: half-power width {1e3 * pattern.width_rad:.3f} mrad one way, theory {1e3 * pattern.theory_rad:.3f}, "
        f"pointing {1e3 * pattern.pointing_rad:+.3f} mrad, {pattern.residual_db:.2f} dB RMS off its shape. "
        "Elevation is not measured: the recorded part of the swath is a small part of that beam"
    )
    return png(_draw(pattern), _DOTS_PER_INCH), caption


def _draw(pattern: Pattern) -> Figure:
    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=_SIZE_IN, layout="constrained")
        axes = figure.subplots()
        reach = pattern.theory_rad / HALF_POWER_WIDTH
        angle = np.linspace(-reach, reach, 400)
        for width, label, colour, style in (
            (pattern.theory_rad, "theory, 0.886 lambda / L", GREY, "--"),
            (pattern.width_rad, "fitted", BLUE, "-"),
        ):
            pointing = pattern.pointing_rad if style == "-" else 0.0
            shape = np.sinc(HALF_POWER_WIDTH * (angle - pointing) / width) ** 2
            axes.plot(
                1e3 * angle, 20 * np.log10(np.maximum(shape, 1e-4)), style, color=colour, label=label, linewidth=1.4
            )
        axes.plot(1e3 * pattern.angle_rad, pattern.level_db, "o", color=ORANGE, markersize=4, label="point targets")
        axes.axhline(_TWO_WAY_HALF_POWER_DB, color=GREY, linewidth=0.8, linestyle=":")
        axes.set_ylim(_LOWEST_DB, 1)
        axes.set_xlabel("angle ahead of the beam's centre, mrad")
        axes.set_ylabel("two ways, dB")
        axes.set_title("Azimuth pattern of the antenna", loc="left", fontsize=10.5)
        axes.legend(loc="lower center", ncols=3)
        return figure
