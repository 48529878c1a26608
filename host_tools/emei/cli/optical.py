"""Subcommands optical check and optical design: images from geometry, on the ground."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from emei.cli.common import console, dictionary_of, json_option, print_json, table
from emei.dictionary import Dictionary, Failure
from emei.packets.arguments import as_commanded
from emei.packets.errors import ArgumentError
from emei.planning.optical_design import FAILURES, Judgement, judge, propose
from emei.planning.optical_geometry import Look
from emei.planning.optical_numbers import OpticalNumbers
from emei.planning.optical_request import Settings
from emei.planning.rule import Rule
from emei.science.optical_header import BANDS

F = TypeVar("F", bound=Callable[..., Any])

_ILLEGAL = 1
_MODES = ("STRIP", "STEREO", "AREA", "VIDEO")
_KM = 1e3

# Option, telecommand and argument whose range and resolution it has, default, help.
_PLACE = (
    ("roll", "OPTICAL_START_IMAGE", "roll_deg", "0", "Roll, positive to the left of the track."),
    ("pitch", "OPTICAL_START_IMAGE", "pitch_deg", "0", "Pitch, positive ahead."),
    ("latitude", "ANCILLARY_DATA", "latitude_deg", "30.08", "Of the satellite."),
    ("altitude", "ANCILLARY_DATA", "altitude_m", "520000", "Above the ellipsoid."),
    ("ground-speed", "ANCILLARY_DATA", "ground_speed_m_s", "7031", "Of the sub-satellite point."),
    ("track", "ANCILLARY_DATA", "track_deg", "190", "Direction of the ground track, from north over east."),
    ("yaw-error", "ANCILLARY_DATA", "yaw_error_deg", "0", "Between the ground track and the detector's columns."),
    ("sun-angle", "ANCILLARY_DATA", "sun_angle_deg", "90", "From the boresight to the Sun."),
)
_EXPOSURE = (
    ("integration", "OPTICAL_START_IMAGE", "integration_us", "68", "Integration time."),
    ("bands", "OPTICAL_START_IMAGE", "bands", "31", "Mask: 1 PAN, 2 B, 4 G, 8 R, 16 NIR; rates and size are of these."),
    ("compression", "OPTICAL_START_IMAGE", "compression", "4", "Compression ratio to one."),
    ("duration", "OPTICAL_START_IMAGE", "duration_ms", "10000", "Of one strip."),
)
_STRIPS = (
    ("strips", "OPTICAL_START_IMAGE", "strips", "1", "Strips: STRIP and VIDEO 1, STEREO 2, AREA 2 or more."),
    ("interval", "OPTICAL_START_IMAGE", "interval_ms", "0", "From the start of a strip to the start of the next."),
    ("roll-step", "OPTICAL_START_IMAGE", "roll_step_deg", "0", "AREA: roll from a strip to the next."),
)
_STAGES = (("stages", "OPTICAL_START_IMAGE", "tdi_stages", "32", "Time-delay-and-integration stages."),)
_UNITS = {"ms": "MS", "m": "M", "m/s": "M/S", "deg": "DEG", "us": "US"}
_ALL = {row[0]: row for row in (*_PLACE, *_EXPOSURE, *_STRIPS, *_STAGES)}


def _options(*rows: tuple[str, str, str, str, str]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for name, _, argument, default, text in reversed(rows):
            unit = next((sign for end, sign in _UNITS.items() if argument.endswith(f"_{end.replace('/', '_')}")), "N")
            function = click.option(f"--{name}", default=default, show_default=True, metavar=unit, help=text)(function)
        return function

    return decorate


@click.group()
def optical() -> None:
    """Design and check optical images from geometry."""


@optical.command()
@_options(*_PLACE)
@click.option("--mode", type=click.Choice(_MODES), default="STRIP", show_default=True, help="Image mode.")
@click.option("--line-period", metavar="US", help="Commanded line period; without it the derived one.")
@_options(*_STAGES, *_EXPOSURE, *_STRIPS)
@click.option("--free", metavar="MIB", help="Free memory of the recorder; without it the memory is not judged.")
@json_option
@click.pass_context
def check(
    context: click.Context, mode: str, line_period: str | None, free: str | None, as_json: bool, **given: str
) -> None:
    """Line rate, smear, Sun, strips and memory of an image, with each rule's margin. Status 0: legal, 1: illegal.

    The imaging budget is that of an orbit in which nothing was imaged yet.

    --json tells legal, broken, the arguments of OPTICAL_START_IMAGE, derived (units in the names) and, by rule, margins
    (margin, unit, holds, and the failure with which the board refuses).
    """
    dictionary = dictionary_of(context)
    values = _values(dictionary, given)
    period_us = None if line_period is None else _value(dictionary, "--line-period", "line_period_us", line_period)
    judged = _judged(
        lambda: judge(
            OpticalNumbers.of(dictionary),
            _look(values),
            _settings(values, mode, period_us, round(values["stages"])),
            values["yaw-error"],
            values["sun-angle"],
            _free(dictionary, free),
        )
    )
    if as_json:
        print_json(_as_json(dictionary, judged))
    else:
        _show(dictionary, judged)
    if not judged.legal:
        context.exit(_ILLEGAL)


@optical.command()
@_options(*_PLACE)
@_options(*_EXPOSURE)
@click.option("--free", metavar="MIB", help="Free memory of the recorder; without it the memory is not judged.")
@json_option
@click.pass_context
def design(context: click.Context, free: str | None, as_json: bool, **given: str) -> None:
    """Settings of a STRIP for a geometry, the most TDI stages that are legal first. Status 1: there is none.

    --json tells proposals, each as optical check does.
    """
    dictionary = dictionary_of(context)
    values = _values(dictionary, given)
    proposals = _judged(
        lambda: propose(
            OpticalNumbers.of(dictionary),
            _look(values),
            _settings(values, "STRIP", None, 1),
            values["yaw-error"],
            values["sun-angle"],
            _free(dictionary, free),
        )
    )
    if as_json:
        print_json({"proposals": [_as_json(dictionary, item) for item in proposals if item.legal]})
    if not proposals[0].legal:
        broken = ", ".join(rule.name for rule in proposals[0].rules if not rule.holds)
        raise click.ClickException(f"No number of TDI stages is legal: even the best breaks {broken}.")
    if not as_json:
        _show(dictionary, proposals[0])
        listed = table("TDI stages", "smear along px", "across px", "legal", title="\nEvery number of stages")
        for item in proposals:
            smears = (f"{item.smear.along_px:.3f}", f"{item.smear.across_px:.3f}")
            listed.add_row(str(item.settings.stages), *smears, "yes" if item.legal else "no")
        console().print(listed)


def _value(dictionary: Dictionary, option: str, argument: str, text: str, telecommand: str = "") -> float:
    """What is commanded for the text, by the dictionary's range and resolution."""
    found = {item.name: item for item in dictionary.telecommand(telecommand or "OPTICAL_START_IMAGE").arguments}
    try:
        return as_commanded(found[argument], text)
    except ArgumentError as error:
        raise click.UsageError(str(error).replace(argument, option, 1)) from error


def _values(dictionary: Dictionary, given: dict[str, str]) -> dict[str, float]:
    names = {name.replace("_", "-"): text for name, text in given.items()}
    return {name: _value(dictionary, f"--{name}", _ALL[name][2], text, _ALL[name][1]) for name, text in names.items()}


def _free(dictionary: Dictionary, text: str | None) -> float | None:
    """Up to what the recorder's register of free memory can hold."""
    if text is None:
        return None
    largest = dictionary.parameter("RECORDER_FREE_MIB").raw_maximum
    try:
        free_mib = float(text)
    except ValueError as error:
        raise click.UsageError(f"--free is {text}; 0 to {largest} MiB is allowed.") from error
    if not 0 <= free_mib <= largest:
        raise click.UsageError(f"--free is {text}; 0 to {largest} MiB is allowed.")
    return free_mib


def _look(values: dict[str, float]) -> Look:
    return Look(
        values["latitude"], values["altitude"], values["ground-speed"], values["track"], values["roll"], values["pitch"]
    )


def _settings(values: dict[str, float], mode: str, period_us: float | None, stages: int) -> Settings:
    return Settings(
        mode=mode,
        line_period_us=period_us,
        integration_us=values["integration"],
        stages=stages,
        bands=round(values["bands"]),
        compression=values["compression"],
        duration_s=values["duration"] / 1e3,
        strips=round(values.get("strips", 1)),
        interval_s=values.get("interval", 0.0) / 1e3,
        roll_step_deg=values.get("roll-step", 0.0),
    )


T = TypeVar("T")


def _judged(judging: Callable[[], T]) -> T:
    try:
        return judging()
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _derived(judged: Judgement) -> tuple[tuple[str, str, float, str], ...]:
    """(key, label, value, unit)."""
    bands = " ".join(name for code, name in BANDS.items() if judged.settings.bands & code)
    return (
        ("slant_range_km", "slant range", judged.range_m / _KM, "km"),
        ("ground_sample_m", "ground sample", judged.sample_m, "m"),
        ("line_rate_hz", "line rate", judged.line_rate_hz, "Hz"),
        ("true_line_period_us", "true line period", judged.true_period_us, "us"),
        ("line_period_us", "line period in force", judged.period_us, "us"),
        ("smear_along_px", "smear along", judged.smear.along_px, "px"),
        ("smear_across_px", "smear across", judged.smear.across_px, "px"),
        ("raw_rate_gbit_s", f"raw rate of {bands}", judged.raw_rate / 1e9, "Gbit/s"),
        ("rate_gbit_s", f"compressed rate of {bands}", judged.rate / 1e9, "Gbit/s"),
        ("size_mib", "size", judged.size_mib, "MiB"),
        ("reserved_mib", "memory asked for, before the margin", judged.reserved_mib, "MiB"),
    )


def _arguments(judged: Judgement) -> dict[str, float | str]:
    """Of OPTICAL_START_IMAGE."""
    settings = judged.settings
    return {
        "mode": settings.mode,
        "roll_deg": judged.look.roll_deg,
        "pitch_deg": judged.look.pitch_deg,
        "strips": settings.strips,
        "interval_ms": round(settings.interval_s * 1e3),
        "roll_step_deg": settings.roll_step_deg,
        "line_period_us": float(settings.line_period_us or 0.0),
        "integration_us": settings.integration_us,
        "tdi_stages": settings.stages,
        "bands": settings.bands,
        "compression": settings.compression,
        "duration_ms": round(settings.duration_s * 1e3),
    }


def _failure(dictionary: Dictionary, rule: Rule) -> Failure:
    """With which the board refuses what breaks the rule."""
    return dictionary.failures[FAILURES[rule.name]]


def _as_json(dictionary: Dictionary, judged: Judgement) -> dict[str, Any]:
    return {
        "legal": judged.legal,
        "broken": [rule.name for rule in judged.rules if not rule.holds],
        "arguments": _arguments(judged),
        "derived": {key: value for key, _, value, _ in _derived(judged)},
        "margins": {rule.name: _rule_as_json(dictionary, rule) for rule in judged.rules},
    }


def _rule_as_json(dictionary: Dictionary, rule: Rule) -> dict[str, Any]:
    failure = _failure(dictionary, rule)
    return {
        "margin": rule.margin,
        "unit": rule.unit,
        "holds": rule.holds,
        "failure": failure.name,
        "failure_code": failure.code,
    }


def _show(dictionary: Dictionary, judged: Judgement) -> None:
    settings = table("setting", "value", title="Arguments of OPTICAL_START_IMAGE")
    for name, value in _arguments(judged).items():
        settings.add_row(name, f"{value:g}" if isinstance(value, int | float) else value)
    derived = table("quantity", "value", title="\nDerived")
    for _, label, quantity, unit in _derived(judged):
        derived.add_row(label, f"{quantity:.3f} {unit}")
    rules = table("rule", "margin", "", title="\nRules")
    for rule in judged.rules:
        failure = _failure(dictionary, rule)
        broken = "" if rule.holds else f"broken: {failure.name} ({failure.code})"
        rules.add_row(rule.name, f"{rule.margin:+.3f} {rule.unit}", broken)
    for part in (settings, derived, rules):
        console().print(part)
    console().print("legal" if judged.legal else "illegal")
