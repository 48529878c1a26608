"""What the subcommands share: options, arguments as key=value, output as table or JSON."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from emei.dictionary import Dictionary, load

F = TypeVar("F", bound=Callable[..., Any])


class WholeNumber(click.IntRange):
    """An integer within bounds, which a refusal calls so."""

    name = "integer"


class Seconds(click.FloatRange):
    """A time in seconds, at most some days; no infinity and no NaN, which no range refuses."""

    def __init__(self) -> None:
        super().__init__(min=0, max=1e6)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        seconds = float(super().convert(value, param, ctx))
        if math.isnan(seconds):
            self.fail(f"{value} is not a time in seconds.", param, ctx)
        return seconds


def dictionary_of(context: click.Context) -> Dictionary:
    return load(context.obj)


def json_option(function: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def spacecraft_option(function: F) -> F:
    return click.option("--spacecraft", default="BENCH", show_default=True, help="Spacecraft by name.")(function)


def port_option(function: F) -> F:
    return click.option(
        "--port", required=True, envvar="EMEI_PORT", metavar="PATH", help="Serial port of the link (or EMEI_PORT)."
    )(function)


def assignments(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """key=value words as a dictionary."""
    pairs: dict[str, str] = {}
    for word in given:
        key, separator, value = word.partition("=")
        if not separator or not key:
            raise click.UsageError(f"{word} is not an argument: write key=value.")
        if key in pairs:
            raise click.UsageError(f"{key} is given twice.")
        pairs[key] = value
    return pairs


def console() -> Console:
    """Colours and widths of the terminal; when the output is no terminal, plain and wide enough not to wrap hex."""
    plain = Console(markup=False)
    return plain if plain.is_terminal else Console(markup=False, width=160)


def table(*columns: str, title: str | None = None) -> Table:
    made = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def json_text(value: object, indent: int | None = None) -> str:
    """JSON, which knows neither NaN nor infinity: a number that is not finite is null."""
    return json.dumps(_finite(value), indent=indent, allow_nan=False)


def print_json(value: object) -> None:
    click.echo(json_text(value, indent=2))


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
