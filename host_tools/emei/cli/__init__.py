"""The command line `emei`: commands by name from the dictionary, packets, a live link, the interface document."""

from emei.cli.application import main

__all__ = ["main"]
