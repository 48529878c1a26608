"""Subcommands sar check and sar design: acquisition tables from geometry, on the ground."""

from math import isfinite
from pathlib import Path
from typing import Any

import click

from emei.cli.common import dictionary_of, json_option, print_json
from emei.cli.sar_tables import plan_as_json, show_plan, show_timing, timing_as_json
from emei.dictionary import Dictionary
from emei.planning.sar_design import Plan, make_plan
from emei.planning.sar_timing import DesignError, RadarNumbers, Request, TimingDesigner

_ILLEGAL = 1
_CODE_MAXIMUM = 65535  # time codes, bandwidth and their like are 16-bit fields


class Between(click.ParamType):
    """A finite number strictly between two bounds."""

    name = "number"

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> float:
        try:
            number = float(value)
        except (TypeError, ValueError):
            self.fail(f"{value} is not a number.", parameter, context)
        if not isfinite(number) or not self.low < number < self.high:
            self.fail(f"{value} is not between {self.low:g} and {self.high:g}.", parameter, context)
        return number


_ANGLE = Between(0, 90)
_WIDTH = Between(0.01, 2000)
_MICROSECONDS = Between(0, 1e6)


@click.group()
def sar() -> None:
    """Design and check SAR acquisition tables from geometry."""


@sar.command()
@click.option("--incidence", type=_ANGLE, metavar="DEG", help="Incidence angle at the swath's centre.")
@click.option("--look", type=_ANGLE, metavar="DEG", help="Look angle at the swath's centre, instead of --incidence.")
@click.option("--swath", type=_WIDTH, required=True, metavar="KM", help="Width of the swath on the ground.")
@click.option("--pulse", type=_MICROSECONDS, required=True, metavar="US", help="Pulse length.")
@click.option("--prf", type=Between(1, 1e9), required=True, metavar="HZ", help="Pulse repetition frequency.")
@click.option(
    "--bandwidth",
    type=click.IntRange(1, _CODE_MAXIMUM),
    default=150,
    show_default=True,
    metavar="MHZ",
    help="Chirp bandwidth.",
)
@click.option(
    "--baq", type=int, default=4, show_default=True, metavar="BITS", help="Block adaptive quantisation; 0: bypass."
)
@click.option(
    "--sampling-rate", type=Between(0, 1e6), default=180, show_default=True, metavar="MHZ", help="Sampling rate."
)
@click.option("--duration", type=Between(0, 1e6), default=10, show_default=True, metavar="S", help="Echo phase.")
@json_option
@click.pass_context
def check(
    context: click.Context,
    incidence: float | None,
    look: float | None,
    swath: float,
    pulse: float,
    prf: float,
    bandwidth: int,
    baq: int,
    sampling_rate: float,
    duration: float,
    as_json: bool,
) -> None:
    """Codes, derived quantities and each rule's margin of a table. Status 0: legal, 1: illegal, 2: wrong usage."""
    dictionary = dictionary_of(context)
    designer = TimingDesigner(RadarNumbers.of(dictionary))
    request = Request(
        ground_swath_m=swath * 1e3,
        pulse_s=_coded(designer, "--pulse", pulse * 1e-6),
        prf_hz=1 / _coded(designer, "--prf", 1 / prf),
        bandwidth_hz=bandwidth * 1e6,
        sampling_rate_code=_sampling_rate_code(designer.numbers, sampling_rate),
        baq=_baq(dictionary, baq),
        duration_ms=round(duration * 1e3),
    )
    try:
        timing = designer.design(_look_angle_deg(designer, incidence, look), request)
    except DesignError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        print_json(timing_as_json(timing))
    else:
        show_timing(timing)
    if not timing.valid:
        context.exit(_ILLEGAL)


@sar.command()
@click.option("--incidence", type=_ANGLE, metavar="DEG", help="Incidence angle at the swath's centre.")
@click.option("--look", type=_ANGLE, metavar="DEG", help="Look angle at the swath's centre, instead of --incidence.")
@click.option("--swath", type=_WIDTH, required=True, metavar="KM", help="Width of the swath on the ground.")
@click.option("--resolution", type=Between(0, 1e4), required=True, metavar="M", help="Ground range resolution.")
@click.option("--pulse", type=_MICROSECONDS, metavar="US", help="Pulse length; without it the longest usual one.")
@click.option(
    "--diagram",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw the timing (diamond) diagram into a file .svg or .png.",
)
@json_option
@click.pass_context
def design(
    context: click.Context,
    incidence: float | None,
    look: float | None,
    swath: float,
    resolution: float,
    pulse: float | None,
    diagram: Path | None,
    as_json: bool,
) -> None:
    """Legal PRF intervals and proposed tables, best first. Status 1: there is none."""
    if diagram and diagram.suffix not in (".svg", ".png"):
        raise click.UsageError(f"{diagram} is neither .svg nor .png.")
    designer = TimingDesigner(RadarNumbers.of(dictionary_of(context)))
    given = None if pulse is None else _coded(designer, "--pulse", pulse * 1e-6)
    try:
        angle = _look_angle_deg(designer, incidence, look)
        designer.swath(angle, swath * 1e3)
    except DesignError as error:
        raise click.UsageError(str(error)) from error
    try:
        found = make_plan(designer, angle, swath * 1e3, resolution, given)
    except DesignError as error:
        raise click.ClickException(str(error)) from error
    if diagram:
        _draw(designer, found, diagram)
    if as_json:
        print_json(plan_as_json(found))
    elif found.proposals:
        show_plan(found)
    if not found.proposals:
        tried = f"a pulse of {pulse:g} us" if pulse else f"any usual pulse down to {found.request.pulse_s * 1e6:g} us"
        raise click.ClickException(
            f"No PRF is legal for a swath of {swath:g} km at {angle:.2f} deg look angle with {tried}."
        )


def _look_angle_deg(designer: TimingDesigner, incidence: float | None, look: float | None) -> float:
    if (incidence is None) == (look is None):
        raise click.UsageError("Give either --incidence or --look.")
    return designer.look_angle_deg(incidence) if incidence is not None else float(look or 0.0)


def _coded(designer: TimingDesigner, option: str, time_s: float) -> float:
    """The time itself, when it has a time code of 16 bits."""
    if not 1 <= round(time_s * designer.numbers.reference_frequency_hz) <= _CODE_MAXIMUM:
        raise click.UsageError(f"The value of {option} has no time code of 16 bits.")
    return time_s


def _sampling_rate_code(numbers: RadarNumbers, rate_mhz: float) -> int:
    for code, rate_hz in numbers.sampling_rates_hz.items():
        if rate_hz == rate_mhz * 1e6:
            return code
    known = ", ".join(f"{rate_hz / 1e6:g}" for rate_hz in numbers.sampling_rates_hz.values())
    raise click.UsageError(f"There is no sampling rate of {rate_mhz:g} MHz, only {known}.")


def _baq(dictionary: Dictionary, bits: int) -> int:
    known = sorted(dictionary.enumerations["BAQ"].members.values())
    if bits not in known:
        raise click.UsageError(f"There is no BAQ of {bits} bits, only {', '.join(map(str, known))} (0: bypass).")
    return bits


def _draw(designer: TimingDesigner, found: Plan, file: Path) -> None:
    # Matplotlib is slow to load and only needed here.
    from emei.planning.sar_diagram import draw_diagram
    from emei.report.style import png, svg

    figure = draw_diagram(designer, found)
    file.write_bytes(png(figure) if file.suffix == ".png" else svg(figure, "timing").encode())
