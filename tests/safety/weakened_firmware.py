"""Run the firmware with one weakening on MicroPython, and see the test that proves the guard fail on it."""

import re
import subprocess
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import groupby

from tests.firmware.host_micropython import micropython_command, micropython_environment
from tests.safety.weakenings import firmware_edited

# A firmware that is not frozen is compiled into the heap.
HEAP = "1024k"
LONGEST_S = 120
PASSED, FAILED, BROKE, NOT_RUN = "passes", "fails", "ends by an exception", "does not run"


@dataclass(frozen=True)
class TestedWeakening:
    """`file` of firmware/payload has `new` where it had `old`; `proof`, script::test of tests/firmware/on_micropython,
    must fail by an assertion. `also`: where a second barrier stands behind it, (file, old, new) for that one, unless
    the same edit weakens it; `behind` names it.
    """

    __test__ = False  # for pytest

    name: str
    file: str
    old: str
    new: str
    proof: str
    behind: str = ""
    also: tuple[tuple[str, str, str], ...] = ()

    def edits(self) -> tuple[tuple[str, str, str], ...]:
        return ((self.file, self.old, self.new), *self.also)


def verdicts(path: str, script: str, tests: Sequence[str]) -> dict[str, str]:
    """Of each test of a script, on the firmware at the path: PASSED, FAILED (by an assertion), BROKE or NOT_RUN.

    Raises subprocess.TimeoutExpired when it hangs.
    """
    run = subprocess.run(
        micropython_command(script, *tests, heap=HEAP),
        env=micropython_environment(path),
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    found = {}
    # Each test's lines: its verdict, then a traceback whose last line is the exception.
    for test in tests:
        told = re.search(
            rf"^(not )?ok {test}$(.*?)(?=^(?:not )?ok test_|^\d+ passed, \d+ failed$)",
            run.stdout,
            re.MULTILINE | re.DOTALL,
        )
        if not told:
            found[test] = NOT_RUN
        elif not told[1]:
            found[test] = PASSED
        else:
            found[test] = FAILED if re.search(r"^AssertionError\b", told[2], re.MULTILINE) else BROKE
    return found


def verdict(weakening: TestedWeakening) -> str:
    script, _, test = weakening.proof.partition("::")
    with firmware_edited(weakening.name, weakening.edits()) as path:
        return verdicts(path, script, [test])[test]


def proofs_that_do_not_hold(weakenings: Iterable[TestedWeakening]) -> list[str]:
    """The proofs that fail on the firmware as it is, found in the same way."""
    wrong = []
    proofs = sorted({weakening.proof for weakening in weakenings})
    with firmware_edited("no weakening", ()) as path:
        for script, group in groupby(proofs, lambda proof: proof.partition("::")[0]):
            tests = [proof.partition("::")[2] for proof in group]
            seen = verdicts(path, script, tests)
            wrong += [f"{script}::{test}" for test in tests if seen[test] != PASSED]
    return wrong


def find_by_tests(pool: Executor, weakenings: Sequence[TestedWeakening], only: str, say: Callable[[str], None]) -> bool:
    """Say of each weakening whose name contains `only` whether its proof fails. True: each does."""
    chosen = [weakening for weakening in weakenings if only in weakening.name]
    hold = pool.submit(proofs_that_do_not_hold, chosen)
    found = 0
    for weakening, future in [(weakening, pool.submit(verdict, weakening)) for weakening in chosen]:
        is_found = future.result() == FAILED
        found += is_found
        how = "found" if is_found else f"not found, its proof {future.result()}"
        barrier = f", with the barrier behind it ({weakening.behind})" if weakening.behind else ""
        say(f"{how}: {weakening.file}: {weakening.name}{barrier} ({weakening.proof})")
    for proof in hold.result():
        say(f"fails without any weakening: {proof}")
    say(f"weakened guards of the firmware with a test each: {found} of {len(chosen)} found")
    return found == len(chosen) and not hold.result()
