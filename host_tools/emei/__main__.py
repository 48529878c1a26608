"""`python -m emei` is the command `emei`."""

from emei.cli import main

main()
