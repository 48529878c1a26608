"""The timeline of a pass: telecommands, modes, phases, door, transmit-enable and events, in lanes over one axis."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from emei.report.recording import CommandRow, Recording, Span
from emei.report.style import (
    BLACK,
    DOOR_COLOURS,
    GREY,
    MODE_COLOURS,
    PALE,
    PHASE_COLOURS,
    SETTINGS,
    SEVERITIES,
    SKY,
    VERMILION,
    ink_on,
    png,
    svg,
)

Window = tuple[float, float]

_WIDTH_IN = 13.2
_LANE_IN = 0.42
_LABELS_IN = 1.75
_FOOT_IN = 0.62
_LEFT, _RIGHT = 0.105, 0.985
_LABEL_SPACING_IN = 0.165
_CHARACTER_IN = 0.072
_LABEL_ANGLE_DEG = 55

_SPAN_LANES = (
    ("SAR mode", "SAR_MODE", MODE_COLOURS),
    ("SAR phase", "SAR_PHASE", PHASE_COLOURS),
    ("Optical mode", "OPTICAL_MODE", MODE_COLOURS),
    ("Optical phase", "OPTICAL_PHASE", PHASE_COLOURS),
    ("Door", "OPTICAL_DOOR", DOOR_COLOURS),
)
_HIDDEN = {"", "IDLE"}


def timeline_svg(recording: Recording, window: Window | None = None, name: str = "timeline") -> str:
    """The timeline as an <svg> element; `window` (seconds) cuts a part out of it."""
    return svg(draw_timeline(recording, window), name)


def write_timeline(recording: Recording, path: Path, window: Window | None = None) -> None:
    """The timeline alone as .svg or .png, by the suffix."""
    figure = draw_timeline(recording, window)
    if path.suffix == ".svg":
        path.write_text(svg(figure, "timeline"), encoding="utf-8")
    else:
        path.write_bytes(png(figure))


def draw_timeline(recording: Recording, window: Window | None = None) -> Figure:
    start, stop = window or (0.0, max(recording.stop_s, 1.0))
    lanes = len(_SPAN_LANES) + 3
    height = _LABELS_IN + lanes * _LANE_IN + _FOOT_IN
    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(_WIDTH_IN, height))
        bottom, top = _FOOT_IN / height, 1 - _LABELS_IN / height
        axes = figure.add_axes((_LEFT, bottom, _RIGHT - _LEFT, top - bottom))
        axes.set_xlim(start, stop)
        axes.set_ylim(-0.5, lanes - 0.5)
        axes.invert_yaxis()
        axes.set_axisbelow(True)
        axes.set_xlabel("seconds since the bench's start", loc="left")
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        names = ["Telecommands"]
        _commands(axes, [row for row in recording.shown_commands() if start <= row.sent_s <= stop])
        for title, parameter, colours in _SPAN_LANES:
            _spans(axes, len(names), recording.spans(parameter), colours)
            names.append(title)
        _transmit(axes, len(names), recording)
        names.append("Transmit enable")
        _events(axes, len(names), recording, (start, stop))
        names.append("Events")
        axes.set_yticks(range(lanes), names)
        for lane in range(lanes - 1):
            axes.axhline(lane + 0.5, color=PALE, linewidth=0.8, zorder=0)
    return figure


def spread(positions: Sequence[float], spacing: float, low: float, high: float) -> list[float]:
    """Places at least `spacing` apart, in order, as near as can be to the positions (least squares), within bounds."""
    groups: list[tuple[float, int]] = []
    for index, position in enumerate(positions):
        total, count = position - index * spacing, 1
        while groups and groups[-1][0] / groups[-1][1] > total / count:
            before, members = groups.pop()
            total, count = total + before, count + members
        groups.append((total, count))
    last = (len(positions) - 1) * spacing
    ceiling = max(low, high - last)
    places = [min(max(total / count, low), ceiling) for total, count in groups for _ in range(count)]
    return [place + index * spacing for index, place in enumerate(places)]


def _commands(axes: Axes, rows: Sequence[CommandRow]) -> None:
    start, stop = axes.get_xlim()
    seconds_per_inch = (stop - start) / (_WIDTH_IN * (_RIGHT - _LEFT))
    lane_per_inch = 1 / _LANE_IN
    reach = 1.1 * seconds_per_inch
    room = (stop - start - reach) / max(1, len(rows) - 1)
    spacing = min(_LABEL_SPACING_IN * seconds_per_inch, room)
    places = spread([row.sent_s for row in rows], spacing, start, stop - reach)
    for row, place in zip(rows, places, strict=True):
        colour = VERMILION if row.failure else BLACK
        axes.broken_barh(
            [(row.sent_s, max(row.end_s - row.sent_s, 0.0))],
            (-0.22, 0.44),
            color=VERMILION if row.failure else SKY,
            alpha=0.45,
            linewidth=0,
        )
        axes.plot([row.sent_s, row.sent_s], [-0.3, 0.3], color=colour, linewidth=1.3, solid_capstyle="butt")
        axes.plot(
            [row.sent_s, place, place],
            [-0.3, -0.3 - 0.32 * lane_per_inch, -0.3 - 0.36 * lane_per_inch],
            color=colour,
            linewidth=0.6,
            alpha=0.7,
            clip_on=False,
        )
        axes.text(
            place,
            -0.3 - 0.38 * lane_per_inch,
            short_name(row),
            rotation=_LABEL_ANGLE_DEG,
            rotation_mode="anchor",
            fontsize=8.2,
            color=colour,
            ha="left",
            va="center",
        )


def short_name(row: CommandRow) -> str:
    """What fits over the timeline: the mode or position asked for instead of the command's full name."""
    arguments = dict(part.split("=", 1) for part in row.arguments.split(", ") if "=" in part)
    names = {
        "SET_MODE_SAR": f"SAR to {arguments.get('mode', '')}",
        "SET_MODE_OPTICAL": f"Optical to {arguments.get('mode', '')}",
        "OPTICAL_MOVE_DOOR": f"Door {arguments.get('position', '')}",
        "SET_BENCH_WAIT": f"Wait {arguments.get('wait', '')}",
        "HOUSEKEEPING_SET_PERIOD": "Housekeeping period",
        "RECORDER_REPORT_CATALOGUE": "Report catalogue",
    }
    plain = row.name.replace("_", " ").lower() if row.name.isupper() else row.name
    text = names.get(row.name, (plain[0].upper() + plain[1:]).replace("Sar ", "SAR "))
    text = text.replace("THERMAL_STABILISATION", "STABILISATION").replace("OPTICAL_STABILISATION", "STABILISATION")
    return text if len(text) <= 24 else text[:23] + "…"


def _spans(axes: Axes, lane: int, spans: Sequence[Span], colours: dict[str, str]) -> None:
    start, stop = axes.get_xlim()
    inches_per_second = _WIDTH_IN * (_RIGHT - _LEFT) / (stop - start)
    for span in spans:
        if span.label in _HIDDEN or span.stop_s <= start or span.start_s >= stop:
            continue
        low, high = max(span.start_s, start), min(span.stop_s, stop)
        colour = colours.get(span.label, GREY)
        axes.broken_barh([(low, high - low)], (lane - 0.34, 0.68), color=colour, edgecolor="white", linewidth=0.8)
        label = span.label.replace("_", " ")
        room = (high - low) * inches_per_second
        for text in (label, label.replace("THERMAL ", ""), label.replace("CALIBRATION", "CAL")):
            if len(text) * _CHARACTER_IN + 0.06 <= room:
                axes.text((low + high) / 2, lane, text, ha="center", va="center", fontsize=7.6, color=ink_on(colour))
                break


def _transmit(axes: Axes, lane: int, recording: Recording) -> None:
    """The wire's edges filled; what the SAR unit reports to see, as a line."""
    on_s: float | None = None
    for edge in recording.edges:
        if edge.on and on_s is None:
            on_s = edge.time_s
        elif not edge.on and on_s is not None:
            axes.broken_barh([(on_s, edge.time_s - on_s)], (lane - 0.3, 0.6), color=VERMILION, linewidth=0)
            on_s = None
    if on_s is not None:
        axes.broken_barh([(on_s, recording.stop_s - on_s)], (lane - 0.3, 0.6), color=VERMILION, linewidth=0)
    samples = recording.valid_samples("SAR_TRANSMIT_ENABLE_SEEN")
    times = [sample.time_s for sample in samples]
    levels = [lane + 0.3 - 0.6 * (sample.value > 0) for sample in samples]
    axes.step(times, levels, where="post", color=BLACK, linewidth=1.1)


def _events(axes: Axes, lane: int, recording: Recording, window: Window) -> None:
    for severity, (colour, marker) in SEVERITIES.items():
        times = [e.time_s for e in recording.events if e.severity == severity and window[0] <= e.time_s <= window[1]]
        label = f"{severity} ({len(times)})"
        axes.plot(
            times,
            [lane] * len(times),
            marker,
            color=colour,
            markersize=6.5,
            markeredgecolor="white",
            markeredgewidth=0.7,
            label=label,
            linestyle="none",
        )
    handles, labels = axes.get_legend_handles_labels()
    handles += [Patch(color=VERMILION), Patch(color=SKY, alpha=0.45), Patch(color=VERMILION, alpha=0.45)]
    labels += ["transmit-enable on the wire", "command in progress", "command refused"]
    axes.legend(
        handles,
        labels,
        loc="upper right",
        bbox_to_anchor=(1.0, -0.07),
        ncols=len(labels),
        fontsize=8,
        handletextpad=0.4,
        columnspacing=1.2,
    )
