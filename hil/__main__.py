"""Keep a bench running for work by hand: `python -m hil [emulated]`, then `emei ... --port PORT`. Ctrl-C ends it."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from emei.link import PortError
from hil.bench import BENCHES, Bench
from hil.errors import BenchError
from hil.model import ROOT, Description
from hil.run_directory import run_directory


def main(arguments: Sequence[str] | None = None) -> int:
    boards = {path.stem: Description.read(path) for path in sorted(BENCHES.glob("*.toml"))}
    names = [name for name, description in boards.items() if "link" in description.bit_rates_baud and name != "host"]
    parser = argparse.ArgumentParser(prog="python -m hil", description="Keep a bench running for work by hand.")
    parser.add_argument("bench", nargs="?", choices=names, default="emulated", help="a real-time bench of hil/benches")
    options = parser.parse_args(arguments)
    directory = ROOT / "build" / "bench" / options.bench
    try:
        with run_directory(directory), Bench(options.bench, directory) as bench:
            # The line is for the tools that the user starts: nothing here may read from it.
            bench.link.close()
            _say(directory)
            signal.pause()
    except (BenchError, PortError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"{error.filename or directory} cannot be used: {error.strerror}.\n")
        return 2
    except KeyboardInterrupt:
        sys.stdout.write("The bench is stopped.\n")
    return 0


def _say(directory: Path) -> None:
    port = directory / "link"
    sys.stdout.write(
        f"The bench is running. In another terminal:\n"
        f"  emei monitor --port {port}\n"
        f"  emei send PING --port {port}\n"
        f"Its console text is in {directory / 'console.log'}. Ctrl-C ends it.\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
