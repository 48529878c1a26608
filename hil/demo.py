"""Fly the pass over Meishan on a bench and show it: `python -m hil.demo --board emulated|host [--out build/demo]`.

Exit status: 0 when every step was verified by telemetry, 1 when not, 2 when the bench could not run.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path

from rich.console import Console

from emei.archive import Archive
from emei.dictionary import load
from emei.dictionary.errors import DictionaryError
from emei.link import PortError
from emei.planning.area import AreaError
from emei.planning.sar_timing import DesignError
from emei.planning.time_scales import gps_seconds
from emei.report.recording import StepResult
from emei.session import Session
from hil.bench import BENCHES, Bench
from hil.errors import BenchError
from hil.model import ROOT, Description
from hil.passes import meishan
from hil.passes.flight import Flight, Observer, fly
from hil.passes.plan import DEFAULT_EPOCH, PassPlan, plan_pass
from hil.passes.products import write_report, write_summary
from hil.passes.progress import LiveProgress, PlainProgress, print_facts, print_steps
from hil.run_directory import run_directory

NOT_VERIFIED, NOT_RUN, INTERRUPTED = 1, 2, 130


@dataclass
class Flown:
    """A pass that was flown, and what came of each step."""

    flight: Flight
    results: list[StepResult]

    @property
    def verified(self) -> bool:
        return bool(self.results) and all(result.passed for result in self.results)


def fly_pass(bench: Bench, directory: Path, plan: PassPlan, observer: Observer) -> Flown:
    """Fly the pass on a running bench, archive its packets and write its products into `directory`."""
    dictionary = load()
    spacecraft = dictionary.spacecraft[bench.description.spacecraft]
    with Archive(directory, spacecraft.id, dictionary.hash) as archive:
        session = Session(dictionary, bench.link, archive, spacecraft.name)
        flight = Flight(session, bench, plan)
        observer.flight_is(flight)
        results = fly(flight, meishan.steps(flight), observer)
    write_summary(flight, results, directory)
    write_report(flight, results, directory)
    return Flown(flight, results)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without ticks and degrees shows question marks
    console = Console(width=None if sys.stdout.isatty() else 140)
    try:
        return _run(options, console)
    except KeyboardInterrupt:
        return _end("Interrupted; the bench is stopped and nothing is left running.", INTERRUPTED)
    except OSError as error:
        return _end(f"{error.filename or 'The output'} cannot be used: {error.strerror}.", NOT_RUN)
    except (BenchError, PortError, DictionaryError, AreaError, DesignError, LookupError) as error:
        return _end(str(error), NOT_RUN)


def _end(sentence: str, status: int) -> int:
    Console(stderr=True, soft_wrap=True).print(sentence, style="red", markup=False, highlight=False)
    return status


def _run(options: argparse.Namespace, console: Console) -> int:
    description = Description.read(BENCHES / f"{options.board}.toml")
    plan = plan_pass(load(), description.units, options.epoch)
    observer = LiveProgress(console) if console.is_terminal else PlainProgress(console)
    console.print(f"Starting the bench ({options.board}).")
    with run_directory(options.out) as directory, Bench(options.board, directory) as bench, observer:
        print_facts(console, plan, bench)
        flown = fly_pass(bench, directory, plan, observer)
    print_steps(console, flown.results)
    console.print(f"Packets, report.html and summary.json are in {directory}.", highlight=False)
    if flown.verified:
        console.print(f"All {len(flown.results)} steps verified by telemetry.", style="green", highlight=False)
        return 0
    failed = next(result for result in flown.results if not result.passed)
    console.print(f"Not verified: {failed.name}: {failed.evidence}", style="red", markup=False, highlight=False)
    return NOT_VERIFIED


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m hil.demo", description="Fly the pass over Meishan on a bench.")
    boards = sorted(path.stem for path in BENCHES.glob("*.toml"))
    parser.add_argument("--board", choices=boards, default="emulated", help="bench to fly on (default: emulated)")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "demo", help="directory for what is recorded")
    parser.add_argument(
        "--epoch", type=_utc, default=DEFAULT_EPOCH, help="UTC from which the next suitable pass is taken (ISO 8601)"
    )
    return parser.parse_args(arguments)


def _utc(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        gps_seconds(utc)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; give a UTC time like 2026-03-01T00:00 from 2017 on.") from error
    return utc


if __name__ == "__main__":
    sys.exit(main())
