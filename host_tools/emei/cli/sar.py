"""Subcommands sar check and sar design: acquisition tables from geometry, on the ground."""

from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

import click

from emei.cli.common import WholeNumber, dictionary_of, json_option, print_json
from emei.cli.sar_tables import plan_as_json, show_plan, show_table, show_tables, table_as_json, tables_as_json
from emei.dictionary import Dictionary
from emei.planning.sar_design import Plan, make_plan, make_request
from emei.planning.sar_modes import (
    LEAST_SUB_SWATHS,
    MODES,
    ModeTable,
    Sweep,
    design_sweep,
    design_table,
    split,
    table_of,
)
from emei.planning.sar_numbers import RadarNumbers
from emei.planning.sar_timing import DesignError, Request, TimingDesigner

_Value = TypeVar("_Value")

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
            self.fail(f"{value} is not between {self.low:g} and {self.high:g}, both excluded.", parameter, context)
        return number


class TableField(click.ParamType):
    """A raw value that a field of the acquisition table may have, by the dictionary."""

    name = "integer"

    def __init__(self, field: str) -> None:
        self.field = field

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> int:
        fields = dictionary_of(context or click.get_current_context()).layouts["ACQUISITION_TABLE"].fields
        field = next(item for item in fields if item.name == self.field)
        number: int = WholeNumber(field.raw_minimum, field.raw_maximum).convert(value, parameter, context)
        return number


_ANGLE = Between(0, 90)
_WIDTH = Between(0.01, 2000)
_MICROSECONDS = Between(0, 1e6)
_MODE = click.Choice(MODES, case_sensitive=False)
_mode_option = click.option("--mode", type=_MODE, default="STRIPMAP", show_default=True, help="Measurement mode.")
_sub_swaths_option = click.option(
    "--sub-swaths",
    type=TableField("sub_swaths"),
    metavar="N",
    help="TOPS: sub-swaths that share the swath; 3 if not given.",
)


@click.group()
def sar() -> None:
    """Design and check SAR acquisition tables from geometry."""


@sar.command()
@click.option("--incidence", type=_ANGLE, metavar="DEG", help="Incidence angle at the swath's centre.")
@click.option("--look", type=_ANGLE, metavar="DEG", help="Look angle at the swath's centre, instead of --incidence.")
@click.option("--swath", type=_WIDTH, required=True, metavar="KM", help="Width of the swath on the ground.")
@click.option("--pulse", type=_MICROSECONDS, required=True, metavar="US", help="Pulse length.")
@click.option(
    "--prf",
    type=Between(1, 1e9),
    required=True,
    multiple=True,
    metavar="HZ",
    help="Pulse repetition frequency; in TOPS one for all sub-swaths, or the option once for each, near to far.",
)
@click.option(
    "--bandwidth",
    type=WholeNumber(1, _CODE_MAXIMUM),
    default=150,
    show_default=True,
    metavar="MHZ",
    help="Chirp bandwidth.",
)
@click.option(
    "--baq", type=int, default=4, show_default=True, metavar="BITS", help="Block adaptive quantisation; 0: bypass."
)
@click.option(
    "--polarisation",
    default="VV",
    show_default=True,
    metavar="NAME",
    help="What is transmitted and received; HH_HV and VV_VH record two channels of every pulse.",
)
@click.option(
    "--sampling-rate", type=Between(0, 1e6), default=180, show_default=True, metavar="MHZ", help="Sampling rate."
)
@click.option("--duration", type=Between(0, 1e6), default=10, show_default=True, metavar="S", help="Echo phase.")
@_mode_option
@_sub_swaths_option
@click.option(
    "--elevation-beam",
    type=TableField("elevation_beam"),
    multiple=True,
    metavar="BEAM",
    help="Elevation beam, like --prf; the nearest to the centre if not given.",
)
@click.option(
    "--azimuth-beam", type=TableField("azimuth_beam"), metavar="BEAM", help="First azimuth beam of the sweep."
)
@click.option("--beam-step", type=TableField("azimuth_beam_step"), metavar="BEAMS", help="From one beam to the next.")
@click.option("--pulses-per-beam", type=TableField("pulses_per_beam"), metavar="N", help="Pulses with each beam.")
@click.option("--burst", type=TableField("burst_pulses"), metavar="N", help="TOPS: pulses of a burst.")
@json_option
@click.pass_context
def check(
    context: click.Context,
    incidence: float | None,
    look: float | None,
    swath: float,
    pulse: float,
    prf: tuple[float, ...],
    bandwidth: int,
    baq: int,
    polarisation: str,
    sampling_rate: float,
    duration: float,
    mode: str,
    sub_swaths: int | None,
    elevation_beam: tuple[int, ...],
    azimuth_beam: int | None,
    beam_step: int | None,
    pulses_per_beam: int | None,
    burst: int | None,
    as_json: bool,
) -> None:
    """Codes, derived quantities and each rule's margin of a table. Status 0: legal, 1: illegal, 2: wrong usage.

    SPOTLIGHT and TOPS sweep the azimuth beam; what is not given of the sweep is designed.

    --json tells legal, mode, codes, derived (units in the names), sweep, rules (name, margin, unit, holds), broken and,
    of a legal table, the arguments of SAR_LOAD_TABLE; in TOPS of the first sub-swath, and of each in sub_swaths.
    """
    dictionary = dictionary_of(context)
    designer = TimingDesigner(RadarNumbers.of(dictionary))
    request = Request(
        ground_swath_m=swath * 1e3,
        pulse_s=_pulse_s(designer, pulse),
        bandwidth_hz=bandwidth * 1e6,
        sampling_rate_code=_sampling_rate_code(designer.numbers, sampling_rate),
        baq=_baq(dictionary, baq),
        polarisation=_polarisation(dictionary, polarisation),
        duration_ms=round(duration * 1e3),
    )
    count = _sub_swath_count(mode, sub_swaths)
    prfs = [_prf_hz(designer, item) for item in _of_each("--prf", prf, count)]
    beams = _of_each("--elevation-beam", elevation_beam or (None,), count)
    try:
        angle = _look_angle_deg(designer, incidence, look)
        designer.swath(angle, request.ground_swath_m)
        parts = []
        swaths = split(designer, angle, request.ground_swath_m, count)
        for (centre, width_m), prf_hz, beam in zip(swaths, prfs, beams, strict=True):
            wanted = replace(request, ground_swath_m=width_m, prf_hz=prf_hz, elevation_beam=beam)
            timing = designer.design(centre, wanted)
            designed = design_sweep(mode, timing.prf_hz, request.duration_ms)
            sweep = Sweep(
                designed.first_beam if azimuth_beam is None else azimuth_beam,
                designed.step if beam_step is None else beam_step,
                designed.pulses_per_beam if pulses_per_beam is None else pulses_per_beam,
                designed.burst_pulses if burst is None else burst,
            )
            parts.append((timing, sweep))
        table = table_of(designer, mode, parts)
    except DesignError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        print_json(table_as_json(table))
    else:
        show_table(table)
    if not table.valid:
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
@_mode_option
@_sub_swaths_option
@click.option("--duration", type=Between(0, 1e6), default=10, show_default=True, metavar="S", help="Echo phase.")
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
    mode: str,
    sub_swaths: int | None,
    duration: float,
    as_json: bool,
) -> None:
    """Legal PRF intervals and proposed tables, best first; in TOPS the best of each sub-swath. Status 1: none.

    --json tells tables as sar check does, and of one swath the intervals besides.
    """
    if diagram and diagram.suffix not in (".svg", ".png"):
        raise click.UsageError(f"{diagram} is neither .svg nor .png.")
    designer = TimingDesigner(RadarNumbers.of(dictionary_of(context)))
    given = None if pulse is None else _pulse_s(designer, pulse)
    count = _sub_swath_count(mode, sub_swaths)
    try:
        angle = _look_angle_deg(designer, incidence, look)
        designer.swath(angle, swath * 1e3)
        list(split(designer, angle, swath * 1e3, count))  # a swath too narrow for them
    except DesignError as error:
        raise click.UsageError(str(error)) from error
    try:
        if mode == "TOPS":
            tops = _design_tops(designer, angle, swath * 1e3, resolution, given, count, duration, diagram)
            _show_designed([tops], as_json)
            return
        found = make_plan(designer, angle, swath * 1e3, resolution, given, round(duration * 1e3))
        tables = [
            table_of(designer, mode, [(timing, design_sweep(mode, timing.prf_hz, timing.request.duration_ms))])
            for timing in found.proposals
        ]
    except DesignError as error:
        raise click.ClickException(str(error)) from error
    if diagram:
        _draw(designer, found, diagram)
    if as_json:
        print_json(plan_as_json(found, tables))
    elif found.proposals:
        show_plan(found)
        if mode != "STRIPMAP":
            show_tables(tables[:1])
    if not found.proposals:
        tried = f"a pulse of {pulse:g} us" if pulse else f"any usual pulse down to {found.request.pulse_s * 1e6:g} us"
        raise click.ClickException(
            f"No PRF is legal for a swath of {swath:g} km at {angle:.2f} deg look angle with {tried}"
            f"{designer.why_no_prf(angle, found.request)}."
        )


def _sub_swath_count(mode: str, given: int | None) -> int:
    if mode == "TOPS":
        if given is not None and given < LEAST_SUB_SWATHS:
            raise click.UsageError(f"TOPS has at least {LEAST_SUB_SWATHS} sub-swaths, not {given}.")
        return 3 if given is None else given
    if given not in (None, 1):
        raise click.UsageError(f"{mode} has one swath, not {given}: --sub-swaths is for TOPS.")
    return 1


def _of_each(option: str, given: tuple[_Value, ...], count: int) -> tuple[_Value, ...]:
    """The values of an option for the sub-swaths: one for all, or one for each."""
    if len(given) not in (1, count):
        raise click.UsageError(f"Give {option} once, or once for each of the {count} sub-swaths.")
    return given if len(given) == count else given * count


def _design_tops(
    designer: TimingDesigner,
    angle: float,
    swath_m: float,
    resolution: float,
    pulse_s: float | None,
    sub_swaths: int,
    duration: float,
    diagram: Path | None,
) -> ModeTable:
    if diagram:
        raise click.UsageError("A diagram is of one swath: design a sub-swath by itself as STRIPMAP to draw it.")
    request = make_request(designer, angle, swath_m, resolution, round(duration * 1e3))
    return design_table(designer, "TOPS", angle, request, sub_swaths, pulse_s)


def _show_designed(tables: list[ModeTable], as_json: bool) -> None:
    if as_json:
        print_json(tables_as_json(tables))
    else:
        show_tables(tables)


def _look_angle_deg(designer: TimingDesigner, incidence: float | None, look: float | None) -> float:
    if (incidence is None) == (look is None):
        raise click.UsageError("Give either --incidence or --look.")
    return designer.look_angle_deg(incidence) if incidence is not None else float(look or 0.0)


def _pulse_s(designer: TimingDesigner, pulse_us: float) -> float:
    if not _has_code(designer, pulse_us * 1e-6):
        low_us, high_us = (code / designer.numbers.reference_frequency_hz * 1e6 for code in (1, _CODE_MAXIMUM))
        raise click.UsageError(f"--pulse is {pulse_us:g}; {low_us:.6g} to {high_us:.6g} us have time codes of 16 bits.")
    return pulse_us * 1e-6


def _prf_hz(designer: TimingDesigner, prf_hz: float) -> float:
    if not _has_code(designer, 1 / prf_hz):
        low_hz, high_hz = (designer.numbers.reference_frequency_hz / code for code in (_CODE_MAXIMUM, 1))
        raise click.UsageError(f"--prf is {prf_hz:g}; {low_hz:.6g} to {high_hz:.6g} Hz have time codes of 16 bits.")
    return prf_hz


def _has_code(designer: TimingDesigner, time_s: float) -> bool:
    """Whether the time has a time code of 16 bits."""
    return 1 <= round(time_s * designer.numbers.reference_frequency_hz) <= _CODE_MAXIMUM


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


def _polarisation(dictionary: Dictionary, name: str) -> int:
    known = dictionary.enumerations["POLARISATION"].members
    if name.upper() not in known:
        raise click.UsageError(f"There is no polarisation {name}, only {', '.join(known)}.")
    return known[name.upper()]


def _draw(designer: TimingDesigner, found: Plan, file: Path) -> None:
    # Matplotlib is slow to load and only needed here.
    from emei.planning.sar_diagram import draw_diagram
    from emei.report.style import png, svg

    figure = draw_diagram(designer, found)
    file.write_bytes(png(figure) if file.suffix == ".png" else svg(figure, "timing").encode())
