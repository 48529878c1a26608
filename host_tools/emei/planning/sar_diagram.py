"""The timing (diamond) diagram of a SAR: PRF against incidence and look angle.

A point is blind where its echo would arrive while the radar transmits, and disturbed where it would
arrive together with the nadir return of another pulse. A swath is legal where the bar from its near
to its far edge crosses no band.
"""

from math import atan2, cos, degrees, radians, sin

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from emei.planning.sar_design import Plan
from emei.planning.sar_timing import TimingDesigner
from emei.report.style import BLACK, BLUE, GREEN, GREY, ORANGE, SETTINGS

_SIZE_IN = (10.5, 7.2)
_REACH_DEG = 8.0
_ANGLES_DEG = (4.0, 75.0)
_POINTS = 600
_TRANSMIT = "#9dc3de"
_CLOSED = "#eceff2"
_LABEL_BOX = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}


def draw_diagram(designer: TimingDesigner, plan: Plan) -> Figure:
    """Bands of transmission and of the nadir return, the closed PRFs, the legal intervals and the chosen point."""
    centre = designer.incidence_deg(plan.look_angle_deg)
    edges = _edges_deg(designer, plan)
    low = max(_ANGLES_DEG[0], min(centre - _REACH_DEG, edges[0] - 1))
    high = min(_ANGLES_DEG[1], max(centre + _REACH_DEG, edges[1] + 1))
    low, high = min(low, edges[0]), max(high, edges[1])
    with matplotlib.rc_context({**SETTINGS, "hatch.linewidth": 0.7}):
        figure = Figure(figsize=_SIZE_IN, layout="constrained")
        axes = figure.add_subplot()
        axes.set_xlim(low, high)
        axes.set_ylim(*designer.numbers.prf_range_hz)
        draw_bands(axes, designer, plan, np.linspace(low, high, _POINTS))
        _closed(axes, designer, plan)
        _legal(axes, plan, edges)
        if plan.proposals:
            _chosen(axes, plan, edges)
        _frame(axes, designer, plan)
    return figure


def _edges_deg(designer: TimingDesigner, plan: Plan) -> tuple[float, float]:
    """Incidence at the swath's near and far edge."""
    ground, orbit = designer.earth_radius_m, designer.orbit_radius_m
    centre = radians(designer.incidence_deg(plan.look_angle_deg) - plan.look_angle_deg)
    half = plan.request.ground_swath_m / 2 / ground
    near, far = (
        degrees(angle + atan2(ground * sin(angle), orbit - ground * cos(angle)))
        for angle in (centre - half, centre + half)
    )
    return near, far


def draw_bands(axes: Axes, designer: TimingDesigner, plan: Plan, angles: np.ndarray) -> None:
    """An echo at delay t meets pulse n when |t - n PRI| < pulse + guard, and the nadir return when
    |t - nadir - n PRI| < pulse."""
    numbers = designer.numbers
    pulse = round(plan.request.pulse_s * numbers.reference_frequency_hz) / numbers.reference_frequency_hz
    swaths = [designer.swath(designer.look_angle_deg(float(angle)), 0.0) for angle in angles]
    delays = np.array([swath.near_delay_s for swath in swaths])
    nadir = swaths[0].nadir_delay_s
    low_hz, high_hz = numbers.prf_range_hz
    at = int(0.965 * len(angles))
    for since, reach, colour, hatch, edge in (
        (delays - nadir, pulse, ORANGE, "....", BLACK),
        (delays, pulse + numbers.guard_time_s, _TRANSMIT, "////", BLUE),
    ):
        # Near nadir the pulse's own return, of order 0, is there at every PRF.
        axes.fill_between(
            angles, low_hz, high_hz, where=since < reach, facecolor=colour, edgecolor=edge, hatch=hatch, linewidth=0.6
        )
        order = max(1, int(low_hz * max(since.min() - reach, 0)))
        while order / (since.max() + reach) < high_hz:
            starts = order / (since + reach)
            ends = np.where(since > reach, order / np.maximum(since - reach, 1e-12), 10 * high_hz)
            axes.fill_between(angles, starts, ends, facecolor=colour, edgecolor=edge, hatch=hatch, linewidth=0.6)
            middle = order / since[at]
            if colour == _TRANSMIT and low_hz * 1.02 < middle < high_hz * 0.98:
                axes.text(angles[at], middle, f"{order}", ha="center", va="center", fontsize=9, bbox=_LABEL_BOX)
            order += 1


def _closed(axes: Axes, designer: TimingDesigner, plan: Plan) -> None:
    """PRFs that the antenna's length or the duty closes at every angle."""
    numbers = designer.numbers
    low_hz, high_hz = numbers.prf_range_hz
    least_hz = numbers.prf_azimuth_margin * 2 * numbers.velocity_m_s / numbers.antenna_length_m
    most_hz = numbers.duty_limit / plan.request.pulse_s
    margin = f"{numbers.prf_azimuth_margin:g}"
    notes = [(low_hz, least_hz, least_hz, f"below {margin} x 2v/L = {least_hz:.0f} Hz", "top")]
    if most_hz < high_hz:
        text = f"duty above {numbers.duty_limit:.0%} from {most_hz:.0f} Hz"
        notes.append((max(most_hz, low_hz), high_hz, most_hz, text, "bottom"))
    for start, end, line, text, side in notes:
        axes.axhspan(start, end, color=_CLOSED, alpha=0.78, linewidth=0, zorder=2)
        axes.axhline(line, color=BLACK, linewidth=1.3, linestyle="--", zorder=3)
        offset = -5 if side == "top" else 5
        axes.annotate(
            text,
            (0.012, line),
            xycoords=("axes fraction", "data"),
            xytext=(0, offset),
            textcoords="offset points",
            va=side,
            bbox=_LABEL_BOX,
            zorder=4,
        )


def _legal(axes: Axes, plan: Plan, edges: tuple[float, float]) -> None:
    for angle in edges:
        axes.axvline(angle, color=GREY, linewidth=1.0, linestyle=":", zorder=2.5)
    for interval in plan.intervals:
        low, high = interval[-1].prf_hz, interval[0].prf_hz
        axes.add_patch(
            Rectangle(
                (edges[0], low),
                edges[1] - edges[0],
                max(high - low, 6.0),
                facecolor=GREEN,
                edgecolor=BLACK,
                linewidth=0.8,
                alpha=0.9,
                zorder=5,
            )
        )


def _chosen(axes: Axes, plan: Plan, edges: tuple[float, float]) -> None:
    best = plan.proposals[0]
    centre = best.swath.incidence_deg
    axes.plot(centre, best.prf_hz, "o", color="white", markeredgecolor=BLACK, markersize=8, mew=1.8, zorder=7)
    left, right = axes.get_xlim()
    to_right = right - edges[1] >= edges[0] - left
    axes.annotate(
        f"{best.prf_hz:.1f} Hz, PRI code {best.pri_code}\nrank {best.rank}, {best.timing_margin_s * 1e6:.1f} µs free",
        (edges[1] if to_right else edges[0], best.prf_hz),
        xytext=(38 if to_right else -38, 26),
        textcoords="offset points",
        ha="left" if to_right else "right",
        va="center",
        fontsize=10.5,
        bbox={"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": BLACK},
        arrowprops={"arrowstyle": "-|>", "color": BLACK, "shrinkB": 0},
        zorder=8,
    )


def _frame(axes: Axes, designer: TimingDesigner, plan: Plan) -> None:
    ratio = designer.earth_radius_m / designer.orbit_radius_m
    look = axes.secondary_xaxis(
        "top",
        functions=(
            lambda incidence: np.degrees(np.arcsin(np.clip(ratio * np.sin(np.radians(incidence)), -1, 1))),
            lambda angle: np.degrees(np.arcsin(np.clip(np.sin(np.radians(angle)) / ratio, -1, 1))),
        ),
    )
    look.set_xlabel("look angle (deg)")
    axes.set_xlabel("incidence angle (deg)")
    axes.set_ylabel("pulse repetition frequency (Hz)")
    axes.grid(False)
    request = plan.request
    axes.set_title(
        f"SAR timing: incidence {designer.incidence_deg(plan.look_angle_deg):.2f}°, "
        f"swath {request.ground_swath_m / 1e3:g} km, pulse {request.pulse_s * 1e6:g} µs, "
        f"height {designer.altitude_m / 1e3:g} km",
        fontsize=12,
        pad=12,
    )
    handles = [
        Patch(facecolor=_TRANSMIT, edgecolor=BLUE, hatch="////", label="transmission (number of the pulse)"),
        Patch(facecolor=ORANGE, edgecolor=BLACK, hatch="....", label="nadir return"),
        Patch(facecolor=_CLOSED, edgecolor=GREY, label="closed PRF"),
        Patch(facecolor=GREEN, edgecolor=BLACK, label="legal over the whole swath"),
        Line2D([], [], color=GREY, linestyle=":", label="edges of the swath"),
        Line2D(
            [],
            [],
            color=BLACK,
            linestyle="none",
            marker="o",
            markersize=8,
            markerfacecolor="white",
            label="proposed first",
        ),
    ]
    axes.figure.legend(handles=handles, loc="outside lower center", ncols=3)
