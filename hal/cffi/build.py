"""Build the HAL for CPython: the extension module `emei_hal`.

One module holds the core on a test board (board_cffi.h) and the unit models (sim.h), which use
nothing of that board. What is declared to Python is read from the headers themselves.

    python hal/cffi/build.py                   build/cffi
    EMEI_SANITIZE=1 python hal/cffi/build.py   build/cffi-sanitize, with address and undefined-
                                               behaviour sanitizers (LD_PRELOAD libasan to load it)
"""

from __future__ import annotations

import fcntl
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import cffi

ROOT = Path(__file__).resolve().parents[2]
HAL = ROOT / "hal"
GENERATED = ROOT / "build" / "gen" / "c"
MODULE = "emei_hal"

WARNINGS = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers", "-Wno-unused-parameter"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]


@dataclass(frozen=True)
class Part:
    """Sources compiled in, and the headers whose contents Python sees."""

    headers: tuple[Path, ...]
    sources: tuple[Path, ...]


def parts() -> list[Part]:
    """In an order in which every header follows those whose types it uses."""
    include = HAL / "include"
    core_names = (
        "board",
        "serial",
        "link",
        "rmap",
        "time",
        "discrete",
        "memory",
        "guard",
        "pool",
        "geometry",
        "flash",
        "journal",
        "records",
        "noinit",
        "zones",
        "core",
    )
    return [
        Part((GENERATED / "dictionary.h",), (GENERATED / "dictionary.c",)),
        Part(tuple(include / f"hal_{name}.h" for name in core_names), tuple(sorted((HAL / "core").glob("*.c")))),
        Part((HAL / "cffi" / "board_cffi.h",), (HAL / "cffi" / "board_cffi.c",)),
        Part((HAL / "sim" / "sim.h", HAL / "sim" / "sar_pulse.h"), tuple(sorted((HAL / "sim").glob("*.c")))),
    ]


def declarations(header: Path) -> str:
    """A header as cffi reads it: no comments, no conditionals, integer macros only."""
    text = re.sub(r"/\*.*?\*/", "", header.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"__attribute__\(\(\w+\)\)", "", text)
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            lines.append(line)
            continue
        macro = re.fullmatch(r"#define\s+(\w+)\s+(\S+)\s*", line)
        if macro is None:
            continue
        name, value = macro.groups()
        if re.fullmatch(r"\d+", value):
            lines.append(f"#define {name} {value}")
        elif re.fullmatch(r"0x[0-9A-Fa-f]+u?|\d+u|'.'", value):
            lines.append(f"#define {name} ...")
    return "\n".join(lines)


def output_directory(sanitize: bool) -> Path:
    return ROOT / "build" / ("cffi-sanitize" if sanitize else "cffi")


def include_directories() -> list[Path]:
    return [HAL / "include", HAL / "core", HAL / "cffi", HAL / "sim", GENERATED]


def _inputs(selected: list[Part]) -> list[Path]:
    watched = [Path(__file__), *HAL.glob("include/*.h"), *HAL.glob("core/*.h"), *HAL.glob("sim/*.h")]
    watched += GENERATED.glob("*.h")
    for part in selected:
        watched += part.headers + part.sources
    return watched


def _is_current(directory: Path, inputs: list[Path]) -> bool:
    built = sorted(directory.glob(f"{MODULE}.*.so"))
    return bool(built) and built[0].stat().st_mtime >= max(path.stat().st_mtime for path in inputs)


def build(sanitize: bool = False) -> Path:
    """Build what is out of date; the directory to import `emei_hal` from."""
    if not (GENERATED / "dictionary.c").exists():
        raise SystemExit(f"{GENERATED}/dictionary.c is missing: run make generate first")
    directory = output_directory(sanitize)
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        selected = parts()
        if not _is_current(directory, _inputs(selected)):
            _compile(selected, directory, sanitize)
    return directory


def _compile(selected: list[Part], directory: Path, sanitize: bool) -> None:
    headers = [header for part in selected for header in part.headers]
    flags = ["-O1", "-g", *SANITIZERS] if sanitize else ["-O2", "-g"]
    builder = cffi.FFI()
    for header in headers:
        builder.cdef(declarations(header))
    builder.set_source(
        MODULE,
        "\n".join(f'#include "{header.name}"' for header in headers),
        sources=[str(source) for part in selected for source in part.sources],
        include_dirs=[str(path) for path in include_directories()],
        extra_compile_args=[*WARNINGS, *flags],
        extra_link_args=SANITIZERS if sanitize else [],
        libraries=["m"],
    )
    builder.compile(tmpdir=str(directory))


if __name__ == "__main__":
    sys.stdout.write(f"{build(os.environ.get('EMEI_SANITIZE') == '1')}\n")
