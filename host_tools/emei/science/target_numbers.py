"""Targets marked in a picture: a circle each, and its number where it covers no other number."""

from collections.abc import Iterator, Sequence
from math import cos, radians, sin
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

from emei.report.style import ORANGE
from emei.science.arrays import Reals

# In points, from the middle of a circle.
_RADIUS = 6.5
_NEAR = 9.0
_FARTHER = (22.0, 36.0, 52.0, 70.0)
_CLEAR = 0.5
_DIRECTIONS_DEG = (45, 135, -45, -135, 0, 180, 90, -90)
_FINE_DIRECTIONS_DEG = range(-180, 180, 15)
_POINTS_PER_INCH = 72
_LINE = {"arrowstyle": "-", "color": ORANGE, "linewidth": 0.7, "shrinkA": 0, "shrinkB": _RADIUS}
_NUMBER: dict[str, Any] = {
    "color": ORANGE,
    "fontsize": 8,
    "fontweight": "bold",
    "ha": "center",
    "va": "center",
    "in_layout": False,
    "path_effects": [withStroke(linewidth=1.6, foreground="black")],  # legible on bright ground
}


def mark_targets(figure: Figure, axes: Axes, places: Sequence[tuple[float, float]]) -> None:
    """Mark places (in data coordinates) and number them from 1 on, the first nearest to its mark.

    A number that finds room only farther off has a line to its mark; one that finds none is left out. Everything else
    must be in the figure already: what comes later may move the axes under the numbers.
    """
    for place in places:
        axes.plot(*place, "o", markersize=2 * _RADIUS, markerfacecolor="none", markeredgecolor=ORANGE, mew=0.9)
    figure.draw_without_rendering()
    scale = figure.dpi / _POINTS_PER_INCH
    marks = axes.transData.transform(np.reshape(places, (-1, 2)))
    taken: list[Bbox] = []
    for number, (place, mark) in enumerate(zip(places, marks, strict=True), 1):
        text = axes.annotate(f"{number}", place, **_NUMBER)
        size = np.array(text.get_window_extent().size)
        text.remove()
        free = [
            (offset, box, leads)
            for offset, leads in _offsets(size / scale)
            if _inside(box := _box(mark + np.multiply(offset, scale), size), axes.bbox)
            and not any(box.overlaps(other) for other in taken)
        ]
        if not free:
            continue
        clear = (choice for choice in free if not _covers(choice[1].padded(_CLEAR * scale), marks, _RADIUS * scale))
        offset, box, leads = next(clear, free[0])
        taken.append(box)
        line = _LINE if leads else None
        axes.annotate(f"{number}", place, xytext=offset, textcoords="offset points", arrowprops=line, **_NUMBER)


def _offsets(size: Reals) -> Iterator[tuple[tuple[float, float], bool]]:
    """Where the middle of a number may be, best first, and whether a line must lead to it. In points."""
    for distance in (_NEAR, *_FARTHER):
        leads = distance > _NEAR
        for direction_deg in _FINE_DIRECTIONS_DEG if leads else _DIRECTIONS_DEG:
            along = np.round((cos(radians(direction_deg)), sin(radians(direction_deg))), 6)
            right, up = along * distance + np.sign(along) * size / 2
            yield (float(right), float(up)), leads


def _box(middle: Reals, size: Reals) -> Bbox:
    return Bbox([middle - size / 2, middle + size / 2])


def _inside(box: Bbox, frame: Bbox) -> bool:
    return bool(np.all(box.min >= frame.min) and np.all(box.max <= frame.max))


def _covers(box: Bbox, marks: Reals, radius: float) -> bool:
    """Whether the box touches a circle around any of the marks."""
    nearest = np.clip(marks, box.min, box.max)
    return bool((np.hypot(*(marks - nearest).T) < radius).any())
