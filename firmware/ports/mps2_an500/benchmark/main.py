"""Entry of the benchmark image: runs the script that the emulator's command line names."""

import sys

import benchmark


def main():
    name = benchmark.argument()
    try:
        __import__(name).run()
    except Exception as error:
        sys.print_exception(error)
        benchmark.exit(1)
    benchmark.exit(0)


main()
