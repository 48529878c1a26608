"""Entry of the benchmark image: runs the script that the emulator's command line names, `script` or `script:case`."""

import sys

import benchmark


def main():
    name, _, case = benchmark.argument().partition(":")
    try:
        script = __import__(name)
        if case:
            script.run(case)
        else:
            script.run()
    except Exception as error:
        sys.print_exception(error)
        benchmark.exit(1)
    benchmark.exit(0)


main()
