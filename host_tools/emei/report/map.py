"""Map of a pass: the area with its districts' seats, the ground track, the SAR swath and the optical strip."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emei.planning.area import Area, Point
from emei.report.style import BLACK, BLUE, GREEN, GREY, ORANGE, SETTINGS, SKY, svg

_SIZE_IN = (5.6, 4.9)
_MARGIN_DEG = 0.22


@dataclass(frozen=True)
class Footprint:
    """A polygon on the ground that an instrument covers."""

    name: str
    outline: tuple[Point, ...]


@dataclass(frozen=True)
class MapContent:
    """`ticks` mark the ground track with a text (seconds from closest approach)."""

    area: Area
    track: Sequence[Point]
    ticks: Sequence[tuple[Point, str]]
    footprints: Sequence[Footprint]


def map_svg(content: MapContent) -> str:
    return svg(draw_map(content), "map")


def draw_map(content: MapContent) -> Figure:
    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=_SIZE_IN, layout="constrained")
        axes = figure.add_subplot()
        ring = [*content.area.polygon, content.area.polygon[0]]
        axes.fill(*_columns(ring), facecolor=SKY, alpha=0.25, edgecolor=BLUE, linewidth=1.5, label=content.area.name)
        for footprint, (colour, hatch) in zip(content.footprints, ((ORANGE, "//"), (GREEN, "\\\\")), strict=False):
            outline = [*footprint.outline, footprint.outline[0]]
            axes.fill(
                *_columns(outline), facecolor="none", edgecolor=colour, hatch=hatch, linewidth=1.3, label=footprint.name
            )
        axes.plot(*_columns(content.track), color=BLACK, linewidth=1.4, label="ground track")
        for place, text in content.ticks:
            axes.plot(*place, "o", color=BLACK, markersize=3.5)
            axes.annotate(text, place, xytext=(5, 0), textcoords="offset points", fontsize=7.5, va="center")
        for name, seat in content.area.seats.items():
            axes.plot(*seat, ".", color=BLUE, markersize=7)
            axes.annotate(name, seat, xytext=(4, 3), textcoords="offset points", fontsize=8, color=BLACK)
        axes.plot(*content.area.centre, "+", color=BLUE, markersize=10, markeredgewidth=1.6, label="centre")
        _frame(axes, content)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, fontsize=8.2)
    return figure


def _frame(axes: Axes, content: MapContent) -> None:
    """Limits around the area, its footprints and the nearest part of the track; degrees in true proportion."""
    points = [*content.area.polygon, *(point for item in content.footprints for point in item.outline)]
    latitude = content.area.centre[1]
    points += [point for point, _ in content.ticks if abs(point[1] - latitude) < 1.0]
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    axes.set_xlim(west - _MARGIN_DEG, east + 2 * _MARGIN_DEG)
    axes.set_ylim(south - _MARGIN_DEG, north + _MARGIN_DEG)
    axes.set_aspect(1 / cos(radians(latitude)), adjustable="box")
    axes.set_xlabel("longitude, °E")
    axes.set_ylabel("latitude, °N")
    axes.tick_params(colors=BLACK)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(GREY)


def _columns(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]
