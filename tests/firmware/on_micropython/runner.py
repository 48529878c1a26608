"""Runs the test_* functions of a module on MicroPython and says plainly how many passed and failed.

Names on the command line choose among them.
"""

import sys


def run(namespace):
    chosen = sys.argv[1:]
    passed = failed = 0
    for name in sorted(namespace):
        if not name.startswith("test_") or (chosen and name not in chosen):
            continue
        try:
            namespace[name]()
        except Exception as error:
            failed += 1
            print("not ok", name)
            sys.print_exception(error)
        else:
            passed += 1
            print("ok", name)
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed or not passed else 0)


def refused(code, call, *arguments):
    """Assert that the call raises Refusal or Failure with the code; returns the exception."""
    from payload.failure import Failure, Refusal

    try:
        result = call(*arguments)
        if hasattr(result, "send"):
            next(result, None)
    except StopIteration:
        pass
    except (Refusal, Failure) as failure:
        assert failure.code == code, "failure %d instead of %d" % (failure.code, code)
        return failure
    raise AssertionError("not refused")
