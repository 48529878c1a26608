"""Map of a pass: the area with its districts' seats, the ground track, the SAR swath and the optical strip."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emei.planning.area import Area, Point
from emei.report.style import BLACK, BLUE, GREEN, GREY, ORANGE, SETTINGS, SKY, svg

_SIZE_IN = (5.4, 6.0)


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
    """Above, the area and the ground track; below, the area with what the instruments cover."""
    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=_SIZE_IN, layout="constrained")
        overview, detail = figure.subplots(2, 1, height_ratios=(1, 2.3))
        _overview(overview, content)
        _detail(detail, content)
        figure.legend(*detail.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8.2)
    return figure


def _overview(axes: Axes, content: MapContent) -> None:
    axes.fill(*_columns(content.area.polygon), facecolor=SKY, alpha=0.4, edgecolor=BLUE, linewidth=1.0)
    axes.plot(*_columns(content.track), color=BLACK, linewidth=1.4)
    for place, text in content.ticks:
        axes.plot(*place, "o", color=BLACK, markersize=3.5)
        axes.annotate(text, place, xytext=(6, 0), textcoords="offset points", fontsize=7.5, va="center")
    _frame(axes, [*content.area.polygon, *(place for place, _ in content.ticks)], 0.5)
    axes.set_title("ground track, seconds from closest approach", fontsize=8.5)


def _detail(axes: Axes, content: MapContent) -> None:
    area = content.area
    axes.fill(*_columns(area.polygon), facecolor=SKY, alpha=0.25, edgecolor=BLUE, linewidth=1.5, label=area.name)
    points = [*area.polygon]
    for footprint, (colour, hatch) in zip(content.footprints, ((ORANGE, "//"), (GREEN, "\\\\")), strict=False):
        columns = _columns(footprint.outline)
        axes.fill(*columns, facecolor="none", edgecolor=colour, hatch=hatch, linewidth=1.6, label=footprint.name)
        points += footprint.outline
    axes.plot(*area.centre, "+", color=BLACK, markersize=10, markeredgewidth=1.6, linestyle="none", label="centre")
    for name, seat in area.seats.items():
        axes.plot(*seat, "o", color=BLUE, markersize=4.5, markeredgecolor="white")
        axes.annotate(
            name,
            seat,
            xytext=(5, 3),
            textcoords="offset points",
            fontsize=8,
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8},
        )
    _frame(axes, points, 0.08)
    axes.set_xlabel("longitude, °E")
    axes.set_ylabel("latitude, °N")


def _frame(axes: Axes, points: Sequence[Point], margin_deg: float) -> None:
    """Limits around the points, in true proportion at their latitude."""
    longitudes, latitudes = _columns(points)
    axes.set_xlim(min(longitudes) - margin_deg, max(longitudes) + margin_deg)
    axes.set_ylim(min(latitudes) - margin_deg, max(latitudes) + margin_deg)
    axes.set_aspect(1 / cos(radians(sum(latitudes) / len(latitudes))), adjustable="box")
    axes.tick_params(labelsize=8)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(GREY)


def _columns(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]
