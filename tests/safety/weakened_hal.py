"""Compile the HAL with one weakening, and see the test that proves the guard fail on it."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.hal.hal_board import build
from tests.safety.explorer import ROOT
from tests.safety.guard_weakenings import C_CODE, GuardWeakening
from tests.safety.weakenings import weakened

CORE = ROOT / "hal" / "core"
TESTS = ROOT / "tests" / "hal"
TESTS_FAILED = 1  # exit code of pytest
LONGEST_S = 120


def weakened_source(weakening: GuardWeakening) -> str:
    """Raises ValueError unless the place is there, once."""
    return weakened((CORE / weakening.file).read_text(), weakening.name, weakening.file, weakening.old, weakening.new)


def compile_with(weakening: GuardWeakening, directory: Path) -> None:
    """The module of the built HAL in `directory`, with that one source compiled anew.

    Raises subprocess.CalledProcessError when the weakened source does not compile.
    """
    built = build.build()
    source = directory / weakening.file
    source.write_text(weakened_source(weakening))
    replaced = f"hal/core/{source.stem}.o"
    kept = [path for path in built.rglob("*.o") if not path.as_posix().endswith(replaced)]
    includes = [f"-I{path}" for path in build.include_directories()]
    module = directory / f"{build.MODULE}{sysconfig.get_config_var('EXT_SUFFIX')}"
    command = ["gcc", "-shared", "-fPIC", "-std=gnu11", "-O1", *includes, str(source), *map(str, kept), "-lm"]
    subprocess.run([*command, "-o", str(module)], check=True, capture_output=True, text=True)


def tests_pass(directory: Path, tests: Sequence[str]) -> bool:
    """Run tests of tests/hal on the module in `directory`.

    Raises RuntimeError when they did not run to a verdict, subprocess.TimeoutExpired when they hang.
    """
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-n0",
        "-p",
        "no:cacheprovider",
        *(f"{TESTS}/{test}" for test in tests),
    ]
    environment = {**os.environ, "EMEI_HAL": str(directory)}
    run = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LONGEST_S, check=False
    )
    if run.returncode not in (0, TESTS_FAILED):
        raise RuntimeError(f"pytest ended with {run.returncode}: {run.stdout[-2000:]}{run.stderr[-2000:]}")
    return run.returncode == 0


def is_found(weakening: GuardWeakening) -> bool:
    with TemporaryDirectory() as name:
        directory = Path(name)
        compile_with(weakening, directory)
        return not tests_pass(directory, [weakening.proof])


def proofs_hold() -> bool:
    """Do the proofs hold in the HAL as it is, on a module found in the same way?"""
    with TemporaryDirectory() as name:
        for module in build.build().glob(f"{build.MODULE}.*.so"):
            shutil.copy(module, name)
        return tests_pass(Path(name), list(dict.fromkeys(weakening.proof for weakening in C_CODE)))


def find_in_c(pool: Executor, only: str, say: Callable[[str], None]) -> bool:
    """Say of each C weakening whose name contains `only` whether its proof fails. True: each does."""
    chosen = [weakening for weakening in C_CODE if only in weakening.name]
    holds = pool.submit(proofs_hold)
    found = 0
    for weakening, future in [(weakening, pool.submit(is_found, weakening)) for weakening in chosen]:
        found += future.result()
        verdict = "found" if future.result() else "not found by its proof"
        say(f"{verdict}: {weakening.file}: {weakening.name} ({weakening.proof})")
    if not holds.result():
        say("a proof fails without any weakening")
    say(f"weakened C guards: {found} of {len(chosen)} found")
    return found == len(chosen) and holds.result()
