"""Plots of a pass: power and currents, temperatures, transmit duty, over one time axis."""

from dataclasses import dataclass

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emei.report.recording import Recording
from emei.report.style import BLACK, BLUE, GREEN, ORANGE, PALE, PURPLE, SETTINGS, VERMILION, svg

_WIDTH_IN = 13.2
_PANEL_IN = 1.75


@dataclass(frozen=True)
class Curve:
    parameter: str
    label: str
    colour: str
    style: str = "-"
    scale: float = 1.0


@dataclass(frozen=True)
class Panel:
    """One plot; a limit is (value, name)."""

    title: str
    unit: str
    curves: tuple[Curve, ...]
    limits: tuple[tuple[float, str], ...] = ()


PANELS = (
    Panel("Power", "W", (Curve("POWER_TOTAL_POWER_W", "total", BLACK),)),
    Panel(
        "Currents",
        "A",
        (
            Curve("POWER_SAR_CURRENT_MA", "SAR unit", BLUE, scale=1e-3),
            Curve("POWER_OPTICAL_CURRENT_MA", "optical unit", ORANGE, "--", 1e-3),
            Curve("POWER_HEATER_CURRENT_MA", "optical heater", GREEN, "-.", 1e-3),
        ),
    ),
    Panel(
        "Temperatures",
        "°C",
        (
            Curve("SAR_TRM_TEMPERATURE_DEGC", "SAR TRM", BLUE),
            Curve("SAR_BASEPLATE_TEMPERATURE_DEGC", "SAR baseplate", PURPLE, "-."),
            Curve("OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC", "focal plane", ORANGE, "--"),
            Curve("POWER_BOARD_TEMPERATURE_DEGC", "power board", GREEN, ":"),
        ),
    ),
    Panel(
        "Transmit duty",
        "%",
        (Curve("SAR_TRANSMIT_DUTY_PERCENT", "hardware counter", BLUE),),
        ((24.0, "warning"), (25.0, "trip")),
    ),
)


def plots_svg(recording: Recording) -> str:
    """The plots as one <svg> element."""
    return svg(draw_plots(recording), "plots")


def draw_plots(recording: Recording) -> Figure:
    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(_WIDTH_IN, _PANEL_IN * len(PANELS) + 0.3), layout="constrained")
        for axes, panel in zip(figure.subplots(len(PANELS), 1, sharex=True), PANELS, strict=True):
            _panel(axes, panel, recording)
        figure.axes[-1].set_xlabel("seconds since the bench's start (board time)")
        figure.axes[-1].set_xlim(0, max(recording.stop_s, 1.0))
        figure.align_ylabels()
    return figure


def _panel(axes: Axes, panel: Panel, recording: Recording) -> None:
    for span in recording.spans("TRANSMIT_ENABLE"):
        if span.label == "ON":
            axes.axvspan(span.start_s, span.stop_s, color=VERMILION, alpha=0.12, linewidth=0)
    for span in recording.spans("OPTICAL_PHASE"):
        if span.label == "IMAGING":
            axes.axvspan(span.start_s, span.stop_s, color=GREEN, alpha=0.12, linewidth=0)
    for curve in panel.curves:
        times: list[float] = []
        values: list[float] = []
        for sample in recording.samples.get(curve.parameter, []):
            times.append(sample.time_s)
            values.append(sample.value * curve.scale if sample.valid else float("nan"))
        axes.plot(times, values, curve.style, color=curve.colour, linewidth=1.6, label=curve.label)
    for value, name in panel.limits:
        axes.axhline(value, color=VERMILION, linewidth=1.0, linestyle=":" if name == "warning" else "--")
        axes.annotate(
            name,
            (0.003, value),
            xycoords=("axes fraction", "data"),
            xytext=(0, -9 if name == "warning" else 2),
            textcoords="offset points",
            fontsize=8,
            color=VERMILION,
        )
    if panel.limits:
        axes.set_ylim(0, max(value for value, _ in panel.limits) * 1.18)
    axes.set_ylabel(f"{panel.title}\n{panel.unit}")
    axes.margins(y=0.12)
    axes.spines["bottom"].set_color(PALE)
    axes.legend(loc="center left", bbox_to_anchor=(1.002, 0.5), fontsize=8.5)
