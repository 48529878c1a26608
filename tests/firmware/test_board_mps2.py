"""The emulated board: its start, clock, flash, watchdog, faults and lines, and the images on it."""

import subprocess
from pathlib import Path

import pytest

from emei.dictionary import load
from tests.firmware.mps2 import COUNTED, IMAGES, SEMIHOSTING, Mps2, build_check

POWER_ON, WATCHDOG, COMMANDED, SOFTWARE_FAULT = range(4)
NMI, HARD_FAULT, MEMORY_MANAGEMENT = 2, 3, 4
CLOCK_TICKS = 500
IMAGE_LIMIT_OCTETS = 512 * 1024
RAM = 0x20000000
HEARTBEAT, ALARM = 1, 3  # hal_guard.h
HEARTBEAT_US = load().mission.integer("transmit_guard", "heartbeat_timeout_ms") * 1000
DROP_US = 10_000
GUARDS_CODE = (
    "timer0_interrupt",
    "uart2_receive_interrupt",
    "hal_guard_tick",
    "hal_discrete_edge",
    "hal_noinit_note_transmitting",
    "hal_memory_uncorrectable",
    "hal_time_pps",
    "board_time_us",
    "board_transmit_enable",
    "board_edge_send",
    "board_reset",
)


@pytest.fixture(scope="module")
def check_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_check(tmp_path_factory.mktemp("check"))


@pytest.fixture(scope="module")
def boots(check_image: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, int]]:
    """What the check program printed, boot by boot."""
    directory = tmp_path_factory.mktemp("boots")
    with Mps2(check_image, directory, *SEMIHOSTING, *COUNTED) as board:
        text = board.read_until("console", b"done\n").decode()
    found: list[dict[str, int]] = []
    for name, *value in (line.split() for line in text.splitlines()):
        if name == "boot":
            found.append({})
        found[-1][name] = int(value[0]) if value else 1
    return found


def test_every_reset_is_told_by_its_cause(boots: list[dict[str, int]]) -> None:
    assert [boot["boot"] for boot in boots] == [0, 1, 2, 3, 4]
    assert [boot["cause"] for boot in boots] == [POWER_ON, COMMANDED, WATCHDOG, SOFTWARE_FAULT, SOFTWARE_FAULT]


def test_time_goes_on_over_a_reset_and_beyond_32_bits(boots: list[dict[str, int]]) -> None:
    assert all(boot["time_goes_on"] for boot in boots)
    assert boots[0]["wraps"] == 1
    assert not boots[0]["tick_went_back"]


def test_tick_and_clock_agree(boots: list[dict[str, int]]) -> None:
    """The timer's ticks, 1 ms each, against the counter that is the board's clock."""
    assert boots[0]["clock_us"] == pytest.approx(CLOCK_TICKS * 1000, abs=1000)


def test_flash_is_nor(boots: list[dict[str, int]]) -> None:
    assert boots[0]["flash_read"]
    assert boots[0]["flash_busy"] and not boots[0]["flash_busy_after"]
    assert boots[0]["flash_program"]
    assert boots[0]["flash_data"] == 0xF30FAA55 & 0x3FFFFFFF


def test_watchdog_bites_only_when_it_is_not_fed(boots: list[dict[str, int]]) -> None:
    assert boots[1]["fed"]
    assert boots[2]["exception"] == NMI


def test_stack_overflow_meets_the_guard(boots: list[dict[str, int]]) -> None:
    assert boots[3]["exception"] in (HARD_FAULT, MEMORY_MANAGEMENT)


def test_code_cannot_be_written(boots: list[dict[str, int]]) -> None:
    assert boots[4]["exception"] == MEMORY_MANAGEMENT


def test_board_runs_without_semihosting(check_image: Path, tmp_path: Path) -> None:
    with Mps2(check_image, tmp_path, *COUNTED) as board:
        assert "flash_read 0" in board.read_until("console", b"done\n").decode().splitlines()
    assert not (tmp_path / "flash.bin").exists()


def test_lines_carry_octets_both_ways(check_image: Path, tmp_path: Path) -> None:
    octets = bytes(range(256)) * 4
    with Mps2(check_image, tmp_path, *SEMIHOSTING) as board:
        board.read_until("console", b"done\n")
        board.write("link", octets + b"end")
        assert board.read_until("link", b"end") == octets + b"end"
        board.write("discrete", b"A")
        board.read_until("console", b"alarm\n")
        # Off at power-on, before and after each reset, and never on.
        assert set(board.heard("discrete")) == {ord("t"), ord("L")}


def test_the_guard_holds_with_the_flash_shut(tmp_path: Path) -> None:
    """A missed heartbeat and the alarm drop transmit-enable while nothing can be run or read from the flash."""
    core = ("crc", "discrete", "guard", "memory", "noinit", "serial", "time")
    with Mps2(build_check(tmp_path, "guard_check", core), tmp_path, *SEMIHOSTING, *COUNTED) as board:
        found = board.read_until("console", b"transmitting 1\n").decode()
        found += board.read_until("console", b"transmitting 1\n").decode()
        board.write("discrete", b"A")
        found += board.read_until("console", b"done\n").decode()
        edges = board.heard("discrete")
    values = [line.split() for line in found.splitlines()]
    assert [value for name, *value in values if name == "cause"] == [["0"]], "no fault"
    assert [value for name, *value in values if name == "reason"] == [[str(HEARTBEAT)], [str(ALARM)]]
    numbers = {name: int(value[0]) for name, *value in values if value}
    assert HEARTBEAT_US <= numbers["heartbeat_us"] <= HEARTBEAT_US + DROP_US
    assert numbers["vectors"] >= RAM
    assert edges.endswith(b"TtTt")


@pytest.mark.parametrize("variant", ["bench", "flight"])
def test_what_the_guards_interrupts_run_stands_in_ram(variant: str) -> None:
    image = IMAGES / variant / "firmware.elf"
    text = subprocess.run(["arm-none-eabi-nm", image], check=True, capture_output=True, text=True).stdout
    symbols = {name: int(address, 16) for address, _, name in (line.split() for line in text.splitlines())}
    for name in GUARDS_CODE:
        assert symbols[name] >= RAM, name


@pytest.mark.parametrize("variant", ["bench", "flight"])
def test_image_fits_its_region(variant: str) -> None:
    assert 0 < (IMAGES / variant / "image.bin").stat().st_size <= IMAGE_LIMIT_OCTETS


def test_bench_image_stops_into_its_repl(tmp_path: Path) -> None:
    with Mps2(IMAGES / "bench" / "firmware.elf", tmp_path, *SEMIHOSTING) as board:
        board.read_until("console", b"emei bench boot, reset cause 0\r\n")
        for _ in range(20):  # into its cycles, the watchdog started
            board.read_until("link", b"\0")
        board.write("console", b"\x03\x03")
        assert b"KeyboardInterrupt" in board.read_until("console", b">>> ")
        board.write("console", b"import gc; print('sum', 1 + 1)\r")
        board.read_until("console", b"sum 2\r\n")
        board.write("console", b"while True: pass\r\r")
        board.read_until("console", b"emei bench boot, reset cause 1\r\n")


@pytest.mark.parametrize(("answer", "raised"), [(b"", True), (b"a", False), (b"A", True)])
def test_the_alarm_is_raised_until_the_board_hears_its_level(tmp_path: Path, answer: bytes, raised: bool) -> None:
    with Mps2(IMAGES / "bench" / "firmware.elf", tmp_path, *SEMIHOSTING) as board:
        board.read_until("discrete", b"L")
        board.write("discrete", answer)
        for _ in range(20):
            board.read_until("link", b"\0")
        board.write("console", b"\x03\x03")
        board.read_until("console", b">>> ")
        board.write("console", b"import hal; print('alarm', hal.alarm(), hal.alarm_count())\r")
        board.read_until("console", f"alarm {raised} {int(raised)}\r\n".encode())


def test_one_interrupt_character_does_not_stop_the_application(tmp_path: Path) -> None:
    with Mps2(IMAGES / "bench" / "firmware.elf", tmp_path, *SEMIHOSTING) as board:
        board.read_until("link", b"\0")
        board.write("console", b"\x03.\x03.")
        for _ in range(10):
            board.read_until("link", b"\0")
        assert b">>>" not in board.heard("console")


def test_flight_image_has_no_repl(tmp_path: Path) -> None:
    image = IMAGES / "flight" / "firmware.elf"
    symbols = subprocess.run(["arm-none-eabi-nm", image], check=True, capture_output=True, text=True).stdout
    assert "pyexec_frozen_module" in symbols
    assert not [
        symbol for symbol in ("pyexec_friendly_repl", "pyexec_raw_repl", "readline") if f" {symbol}\n" in symbols
    ]
    with Mps2(image, tmp_path, *SEMIHOSTING) as board:
        board.read_until("console", b"emei flight boot, reset cause 0\r\n")
        board.write("console", b"\x03\x03\x03\x03")
        for _ in range(10):
            board.read_until("link", b"\0")
        assert b">>>" not in board.heard("console")
