"""The command `emei`, also as `python -m emei`."""

import sys
from signal import SIGINT


def main() -> None:
    """Load and run the command line (cli/application.py). Ctrl-C while it loads ends it as Ctrl-C does later."""
    try:
        from emei.cli import main as command
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(128 + SIGINT)
    command()


if __name__ == "__main__":
    main()
