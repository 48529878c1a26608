"""Keep a bench running for work by hand: `python -m hil [emulated]`, then `emei ... --port PORT`. Ctrl-C ends it."""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from emei.link import PortError
from hil.bench import BENCHES, Bench
from hil.errors import BenchError
from hil.model import ROOT, Description
from hil.passes.sar_steps import SCIENCE_FACTOR
from hil.run_directory import run_directory

DOWNLINK = "downlink.bin"
LARGEST_FACTOR = 100.0
_DOWNLINK_PERIOD_S = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    boards = {path.stem: Description.read(path) for path in sorted(BENCHES.glob("*.toml"))}
    names = [name for name, description in boards.items() if "link" in description.bit_rates_baud and name != "host"]
    parser = argparse.ArgumentParser(prog="python -m hil", description="Keep a bench running for work by hand.")
    parser.add_argument("bench", nargs="?", choices=names, default="emulated", help="a real-time bench of hil/benches")
    parser.add_argument(
        "--science-factor",
        type=_factor,
        default=SCIENCE_FACTOR,
        help="times the science data that the SAR records in tests; as given, a data take of 10 s is a whole picture "
        "(default: %(default)g)",
    )
    options = parser.parse_args(arguments)
    directory = ROOT / "build" / "bench" / options.bench
    try:
        with run_directory(directory), Bench(options.bench, directory) as bench:
            # The line is for the tools that the user starts: nothing here may read from it.
            bench.link.close()
            bench.units.force("sar.science_factor", options.science_factor)
            (directory / DOWNLINK).touch()
            _say(directory)
            while True:
                time.sleep(_DOWNLINK_PERIOD_S)
                record_downlink(bench, directory / DOWNLINK)
    except (BenchError, PortError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"{error.filename or directory} cannot be used: {error.strerror}.\n")
        return 2
    except KeyboardInterrupt:
        sys.stdout.write("The bench is stopped.\n")
    return 0


def _factor(text: str) -> float:
    factor = float(text)
    if not 0 < factor <= LARGEST_FACTOR:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most {LARGEST_FACTOR:g}")
    return factor


def record_downlink(bench: Bench, path: Path) -> None:
    """Append what the downlink transmitter has sent since last asked, for `emei recorder receive`."""
    octets = bench.units.downlink()
    if octets:
        with path.open("ab") as file:
            file.write(octets)


def _say(directory: Path) -> None:
    port = directory / "link"
    sys.stdout.write(
        f"The bench is running. In another terminal:\n"
        f"  emei monitor --port {port}\n"
        f"  emei send PING --port {port}\n"
        f"Its console text is in {directory / 'console.log'}, its science downlink in {directory / DOWNLINK}. "
        f"Ctrl-C ends it.\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
