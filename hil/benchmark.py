"""Measure the firmware on the emulated board: `python -m hil.benchmark [--json] [--out build/bench.json]`.

Deterministic: the benchmark image holds the units too, so that nothing comes in from outside, and the
emulator counts instructions (-icount shift=0: one instruction a nanosecond). Exit status: 0 when
every limit of hil/benchmark.toml holds, 1 when one is exceeded, 2 when the benchmark could not run.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from hil.boards.emulated import MACHINE, QEMU
from hil.errors import BenchError
from hil.model import ROOT

IMAGES = ROOT / "build" / "mps2_an500"
LIMITS = Path(__file__).parent / "benchmark.toml"
CONSOLE = "console"
SERIALS = ("null", "null", "null", f"file:{CONSOLE}")  # the board's UARTs: link, bus, discrete, console
PATIENCE_S = 60.0  # of the host; the run takes seconds
# The counter and the clock may each be one tick off the loop that was executed.
COUNTER_TICK_INSTRUCTIONS = 40
INSTRUCTIONS_PER_US = 1000


@dataclass(frozen=True)
class Figure:
    """One line of the benchmark. `limit` is the highest allowed value, None when there is none."""

    name: str
    unit: str
    help: str
    limit: int | None = None

    def exceeded(self, value: int) -> bool:
        return self.limit is not None and value > self.limit

    def shown(self, value: int | None) -> str:
        if value is None:
            return ""
        return f"{value / 1000:.1f}" if self.unit == "instruction" else f"{value}"

    @property
    def shown_unit(self) -> str:
        return "k instr." if self.unit == "instruction" else self.unit


def read_figures(path: Path = LIMITS) -> list[Figure]:
    """The figures and their limits."""
    return [Figure(**figure) for figure in tomllib.loads(path.read_text())["figure"]]


def run_script(script: str, directory: Path, shift: int = 0) -> list[str]:
    """Run a script of the benchmark image to its end; the lines of its console.

    One instruction takes 2^shift ns of the board's time. Raises BenchError when it does not end well.
    """
    image = IMAGES / "benchmark" / "firmware.elf"
    if not image.exists():
        raise BenchError(f"There is no benchmark image at {image}: run `make firmware` first.")
    command = [QEMU, "-M", MACHINE, "-display", "none", "-monitor", "none", "-icount", f"shift={shift},sleep=off"]
    command += ["-semihosting-config", f"enable=on,target=native,arg={script}", "-kernel", str(image)]
    for serial in SERIALS:
        command += ["-serial", serial]
    try:
        result = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except FileNotFoundError:
        raise BenchError(f"{QEMU} is not installed: run `make setup`.") from None
    except subprocess.TimeoutExpired:
        raise BenchError(f"The script {script} came to no end in {PATIENCE_S:.0f} s.\n{_console(directory)}") from None
    text = _console(directory)
    if result.returncode != 0:
        raise BenchError(f"The script {script} ended with status {result.returncode}.\n{result.stderr}{text}")
    return text.splitlines()


def _console(directory: Path) -> str:
    path = directory / CONSOLE
    return path.read_text(errors="replace") if path.exists() else ""


def measure(directory: Path) -> dict[str, int]:
    """Every figure by name, those of the build included. Raises BenchError."""
    values = {}
    for line in run_script("figures", directory):
        name, _, value = line.partition(" ")
        if value.isdigit():
            values[name] = int(value)
    _require_good_clock(values)
    for variant in ("flight", "bench"):
        values[f"image_{variant}_octets"] = (IMAGES / variant / "image.bin").stat().st_size
    return values


def _require_good_clock(values: Mapping[str, int]) -> None:
    """The counter and the clock against a loop of a known number of instructions."""
    executed, counted = values["clock_executed_instructions"], values["clock_counted_instructions"]
    clock_us = values["clock_us"]
    if not executed <= counted <= executed + 2 * COUNTER_TICK_INSTRUCTIONS:
        raise BenchError(f"The counter gives {counted} instructions for a loop of {executed}: no figure is right.")
    if abs(clock_us - executed / INSTRUCTIONS_PER_US) > 2:
        raise BenchError(f"The clock gives {clock_us} us for a loop of {executed} ns: no time is right.")


def table(figures: Sequence[Figure], values: Mapping[str, int]) -> Table:
    result = Table("figure", "unit", "limit", "measured", "", title="Benchmark on the emulated board (guest)")
    for column in result.columns[2:4]:
        column.justify = "right"
    for figure in figures:
        value = values[figure.name]
        style = "red" if figure.exceeded(value) else None
        row = (figure.name, figure.shown_unit, figure.shown(figure.limit), figure.shown(value), figure.help)
        result.add_row(*row, style=style)
    return result


def as_json(figures: Sequence[Figure], values: Mapping[str, int]) -> str:
    """Values in the figure's own unit: instructions, not thousands."""
    entries = {
        figure.name: {
            "value": values[figure.name],
            "unit": figure.unit,
            "limit": figure.limit,
            "within": not figure.exceeded(values[figure.name]),
        }
        for figure in figures
    }
    return json.dumps(entries, indent=2)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m hil.benchmark", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench.json", help="also written here, as JSON")
    parser.add_argument("--limits", type=Path, default=LIMITS, help="figures and limits (TOML)")
    options = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 160)
    try:
        figures = read_figures(options.limits)
        with tempfile.TemporaryDirectory() as directory:
            values = measure(Path(directory))
        options.out.write_text(as_json(figures, values) + "\n")
    except BenchError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"{error.filename} cannot be used: {error.strerror}.\n")
        return 2
    if options.json:
        sys.stdout.write(as_json(figures, values) + "\n")
    else:
        console.print(table(figures, values))
    exceeded = [figure for figure in figures if figure.exceeded(values[figure.name])]
    for figure in exceeded:
        value, limit = figure.shown(values[figure.name]), figure.shown(figure.limit)
        sys.stderr.write(f"{figure.name} is {value} {figure.shown_unit}: at most {limit} is allowed.\n")
    return 1 if exceeded else 0


if __name__ == "__main__":
    sys.exit(main())
