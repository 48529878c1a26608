"""Colours and figure settings of the report. The palette is Okabe and Ito's, safe for colour-blind readers."""

from io import BytesIO, StringIO
from typing import Any

import matplotlib
from matplotlib.figure import Figure

BLACK = "#1f2933"
GREY = "#8a94a0"
PALE = "#e4e7eb"
BLUE = "#0072b2"
SKY = "#56b4e9"
GREEN = "#009e73"
ORANGE = "#e69f00"
VERMILION = "#d55e00"
PURPLE = "#cc79a7"

MODE_COLOURS = {
    "OFF": PALE,
    "INIT": "#c9d6e2",
    "STANDBY": "#9dc3de",
    "PREOP": SKY,
    "DECONTAMINATION": PURPLE,
    "THERMAL_STABILISATION": "#f3cf80",
    "READY": SKY,
    "STRIPMAP": BLUE,
    "STRIP": BLUE,
    "SAFE": VERMILION,
    "SAFE_UNPOWERED": VERMILION,
}
PHASE_COLOURS = {
    "WAIT_START": PALE,
    "NOISE": GREY,
    "OPENING_CALIBRATION": ORANGE,
    "ECHO": GREEN,
    "IMAGING": GREEN,
    "CLOSING_CALIBRATION": ORANGE,
    "DONE": PALE,
    "ABORTED": VERMILION,
}
DOOR_COLOURS = {"SHUT": PALE, "MOVING": ORANGE, "OPEN": GREEN, "DIFFUSER": PURPLE}
SEVERITIES = {"informative": (GREY, "o"), "low": (BLUE, "s"), "medium": (ORANGE, "D"), "high": (VERMILION, "^")}

SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.edgecolor": GREY,
    "axes.labelcolor": BLACK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": PALE,
    "grid.linewidth": 0.8,
    "text.color": BLACK,
    "xtick.color": BLACK,
    "ytick.color": BLACK,
    "svg.fonttype": "path",
    "figure.facecolor": "white",
    "legend.frameon": False,
}


def ink_on(colour: str) -> str:
    """Black or white, whichever reads better on a colour (relative luminance, WCAG 2)."""
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return BLACK if luminance > 0.22 else "white"


def svg(figure: Figure, name: str) -> str:
    """The figure as an <svg> element; `name` keeps its inner names apart from those of other figures on a page."""
    text = StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(text, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return text.getvalue()[text.getvalue().index("<svg") :]


def png(figure: Figure, dots_per_inch: float = 130) -> bytes:
    data = BytesIO()
    figure.savefig(data, format="png", dpi=dots_per_inch)
    return data.getvalue()
