"""The generated files compile, and C and firmware agree about every number."""

import re
import shutil
import struct
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from emei.dictionary import Dictionary, load
from emei.dictionary.constants import mission_constants, sar_codes
from emei.dictionary.generate import generate

ROOT = Path(__file__).resolve().parents[2]
MPY_CROSS = ROOT / "build" / "mpy-cross" / "mpy-cross"


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    return load()


@pytest.fixture(scope="module")
def generated(dictionary: Dictionary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gen")
    generate(dictionary, folder)
    return folder


@pytest.fixture(scope="module")
def defines(generated: Path) -> dict[str, str]:
    """Every macro of the headers with its value."""
    text = (generated / "c" / "dictionary.h").read_text() + (generated / "c" / "registers.h").read_text()
    return dict(re.findall(r"^#define (\w+) (.+)$", text, re.MULTILINE))


def table(generated: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A firmware table as this Python sees it."""
    micropython = types.ModuleType("micropython")
    micropython.const = lambda value: value  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "micropython", micropython)
    source = (generated / "firmware" / "payload" / "tables" / f"{name}.py").read_text()
    names: dict[str, Any] = {}
    exec(compile(source, name, "exec"), names)
    return names


def number(text: str) -> int:
    return int(text.rstrip("u").strip("()"), 0)


def test_c_compiles_without_a_warning(generated: Path, tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler, "no C compiler: install gcc"
    (tmp_path / "all.c").write_text('#include "dictionary.h"\n#include "registers.h"\n#include "dictionary.c"\n')
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'hal' / 'include'}", f"-I{generated / 'c'}"]
    result = subprocess.run(
        [compiler, *flags, "-c", str(tmp_path / "all.c"), "-o", str(tmp_path / "all.o")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


def test_firmware_tables_compile(generated: Path, tmp_path: Path) -> None:
    if not MPY_CROSS.exists():
        pytest.skip("mpy-cross is not built: run `make firmware`")
    for path in sorted((generated / "firmware").rglob("*.py")):
        command = [str(MPY_CROSS), "-o", str(tmp_path / "out.mpy"), str(path)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 0, f"{path.name}: {result.stderr}"


def test_pool_indices_agree(
    dictionary: Dictionary, generated: Path, defines: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = table(generated, "pool", monkeypatch)
    for parameter in dictionary.parameters.values():
        assert number(defines[f"POOL_{parameter.name}"]) == pool[parameter.name] == parameter.index
    entries = re.findall(r"\{HAL_(\w+), (\d+)\} /\* (\w+) \*/", (generated / "c" / "dictionary.c").read_text())
    expected = [(p.type.name.upper(), str(p.fresh_ms), p.name) for p in dictionary.parameters.values()]
    assert entries == expected


@pytest.mark.parametrize("name", ["failures", "enums"])
def test_codes_agree(
    dictionary: Dictionary, generated: Path, defines: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    prefix = "FAILURE_" if name == "failures" else ""
    values = {key: value for key, value in table(generated, name, monkeypatch).items() if key.isupper()}
    assert values
    for key, value in values.items():
        assert number(defines[prefix + key]) == value


def test_registers_agree(
    dictionary: Dictionary, generated: Path, defines: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    units = table(generated, "units", monkeypatch)
    for unit in dictionary.units.values():
        assert number(defines[f"{unit.name}_NODE"]) == units[f"{unit.name}_NODE"] == unit.node
        for block in unit.blocks:
            prefix = f"{unit.name}_{block.name}".upper()
            end = 0
            for register in block.registers:
                name = f"{prefix}_{register.name}".upper()
                assert register.offset == end, "registers follow each other without gaps"
                end += register.type.octets
                offset = number(defines[f"{name}_OFFSET"])
                assert number(defines[f"{prefix}_ADDRESS"]) + offset == units[name] == register.address
                assert number(defines[f"{name}_TYPE"]) == units[f"{name}_TYPE"] == register.type.code
            assert number(defines[f"{prefix}_OCTETS"]) == units[f"{prefix}_OCTETS"] == end + 2 * block.crc16


def test_mission_constants_agree(
    dictionary: Dictionary, generated: Path, defines: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    firmware = table(generated, "mission", monkeypatch)
    for name, value in mission_constants(dictionary).items():
        if isinstance(value, float):
            assert float(defines[name]) == value and name not in firmware
            continue
        assert firmware[name] == value
        if isinstance(value, int):
            assert number(defines[name]) == value


def test_arguments_are_in_raw_units(generated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = table(generated, "telecommands", monkeypatch)["TELECOMMANDS"]
    keys = [(row[0], row[1]) for row in rows]
    assert keys == sorted(keys)
    by_name = {row[2]: row for row in rows}
    assert by_name["PING"] == (17, 1, "PING", 0, ())
    assert by_name["SAR_PERMIT_TRANSMIT"][3:] == (2, ((0, 0, 1, 8, None), (1, 0, 1, 5400, None)))
    assert by_name["SET_BENCH_WAIT"][3] == 1
    assert by_name["EVENT_ENABLE"][4] == ((1, 16, None, None, None),)
    image = by_name["OPTICAL_START_IMAGE"][4]
    assert image[3][0] == 6, "a time has type code 6"
    assert image[4] == (4, 0, -4500, 4500, None), "roll in 0.01 deg"
    assert image[9] == (1, 0, 500, 5000, None), "line period in 0.1 us"
    assert image[11] == (0, 0, None, None, (8, 16, 32, 48, 64, 96))


def test_guards_and_transitions(dictionary: Dictionary, generated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes = table(generated, "modes", monkeypatch)
    guards = modes["GUARDS"]
    index = modes["GUARD_BUS_VOLTAGE"]
    bus = dictionary.parameters["POWER_BUS_VOLTAGE_V"].index
    failure = dictionary.failures["GUARD_OUT_OF_RANGE"].code
    assert guards[index] == ("BUS_VOLTAGE", bus, 26000, 32000, None, failure)
    instrument, (rows, transitions) = modes["SAR"]
    assert instrument == 1
    assert rows[4] == (4, "STRIPMAP", 2)
    assert (1 << 0, 1, "switch_on", (index, modes["GUARD_TRANSMIT_INHIBITED"]), 20000) in transitions


def test_housekeeping_structures(dictionary: Dictionary, generated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = table(generated, "housekeeping", monkeypatch)["STRUCTURES"]
    for row, structure in zip(rows, dictionary.structures.values(), strict=True):
        indices = struct.unpack(f">{row[4]}H", row[3])
        assert list(indices) == [parameter.index for parameter in structure.parameters]
        assert row[:3] == (structure.id, structure.period_cycles, 1)


def test_monitors_in_raw_units(dictionary: Dictionary, generated: Path) -> None:
    rows = re.findall(r"/\* (\w+) \*/\s+\{(\.parameter[^}]+)\}", (generated / "c" / "dictionary.c").read_text())
    monitors = {name: dict(re.findall(r"\.(\w+) = ([-\w]+)", text)) for name, text in rows}
    assert list(monitors) == list(dictionary.monitors)
    sun = {key: number(value) for key, value in monitors["OPTICAL_SUN"].items()}
    assert sun == {
        "parameter": dictionary.parameters["SUN_ANGLE_DEG"].index,
        "condition": dictionary.parameters["OPTICAL_DOOR"].index,
        "modes": 0b1_0111_1111_1010,  # STANDBY 1, THERMAL_STABILISATION 3, READY 4 to LAMP 10, SAFE 12
        "instrument": 2,
        "limits": 1 + 4 + 32,  # warning low, trip low, stale trips
        "samples": 3,
        "warning_low": 4500,
        "warning_high": 0,
        "trip_low": 3000,
        "trip_high": 0,
    }
    assert number(monitors["SAR_TRM"]["condition"]) == 0xFFFF
    assert number(monitors["SAR_TRM"]["trip_low"]) == -250


def test_sar_codes_of_the_specification(dictionary: Dictionary) -> None:
    # Fref 37.53472224 MHz: 5 us = 187.67, 60 us = 2252.08, 7000 Hz = 5362.10, 3000 Hz = 12511.57,
    # 1.1 x 2 x 7605 / 4 = 4182.75 Hz = 8973.69; each bound rounded to the inside,
    # but for those of the PRF, which are rounded as the codes are.
    expected = {
        "SAR_GUARD_TIME_CODE": 188,
        "SAR_PRI_CODE_MINIMUM": 5362,
        "SAR_PRI_CODE_MAXIMUM": 12512,
        "SAR_PRI_CODE_AZIMUTH_MAXIMUM": 8973,
        "SAR_PULSE_CODE_MINIMUM": 188,
        "SAR_PULSE_CODE_MAXIMUM": 2252,
    }
    codes = sar_codes(dictionary.mission)
    assert {name: codes[name] for name in expected} == expected


def test_ranges_of_arguments_bound_what_is_reckoned_on_board(dictionary: Dictionary) -> None:
    constants = mission_constants(dictionary)
    assert constants["OPTICAL_ROLL_MAXIMUM_CENTIDEG"] == 4500
    assert constants["OPTICAL_LINE_PERIOD_MINIMUM_NS"] == 50_000
    assert constants["OPTICAL_LINE_PERIOD_MAXIMUM_NS"] == 500_000
    assert constants["SAR_AZIMUTH_BEAM_MAXIMUM"] == 1023


def test_only_changed_files_are_written(dictionary: Dictionary, tmp_path: Path) -> None:
    assert len(generate(dictionary, tmp_path)) > 10
    assert generate(dictionary, tmp_path) == []
    path = tmp_path / "firmware" / "payload" / "tables" / "pool.py"
    path.write_text("")
    assert generate(dictionary, tmp_path) == [path]
