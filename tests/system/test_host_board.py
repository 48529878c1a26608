"""The host board in virtual time: grants, lines at their bit rates, edges, resets, and how it ends."""

import struct
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from emei.dictionary import load
from emei.packets.frames import uplink_frame
from tests.system.host_board import COMMAND, PATIENCE_S, HostBoard

SPACECRAFT_ID = 0x0E00
OCTET_US = 10 / 115200 * 1e6
WATCHDOG, COMMANDED, SOFTWARE_FAULT = 1, 2, 3
MS, S = 1000, 1_000_000

PRELUDE = f"""
import hal
hal.init({SPACECRAFT_ID}, True)
def sleep(ms):
    hal.sleep((hal.ticks_ms() + ms) & 0x3FFFFFFF)
"""

Write = Callable[[str], str]


@pytest.fixture
def script(tmp_path: Path) -> Write:
    """Write a script for the board; its path."""

    def write(text: str) -> str:
        path = tmp_path / "script.py"
        path.write_text(PRELUDE + text)
        return str(path)

    return write


def test_board_starts_blocked_and_stops_at_each_grant(script: Write) -> None:
    with HostBoard(script("while True: sleep(7)")) as board:
        assert board.time_us == 0
        for time_us in (1, 12_345, 3 * S, 3 * S + 1):
            board.run_to(time_us)
            assert board.time_us == time_us


def test_computing_takes_time(script: Write) -> None:
    with HostBoard(script("while True: pass")) as board:
        board.run_to(2 * S)
        assert board.time_us == 2 * S


def test_output_and_errors_are_console_text(script: Write) -> None:
    with HostBoard(script("print('one'); hal.console('two\\n'); raise ValueError('three')")) as board:
        board.run_to(100 * MS)
        assert board.console[:2] == ["one", "two"]
        assert "ValueError: three" in board.console


def test_uplink_arrives_at_the_bit_rate(script: Write) -> None:
    receive = "packet = bytearray(1100)\nwhile not hal.link_receive(packet): sleep(1)\nprint(hal.ticks_us())"
    frame = uplink_frame(SPACECRAFT_ID, bytes(1000))
    with HostBoard(script(receive)) as board:
        board.run_to(S)
        board.send(b"U", frame)
        board.run_to(2 * S)
        assert int(board.console[0]) - S == pytest.approx(len(frame) * OCTET_US, abs=2 * MS)


def test_telemetry_leaves_at_the_bit_rate(script: Write) -> None:
    with HostBoard(script("hal.link_send(bytes(1000), 0, 1000)\nprint(hal.ticks_us())\nsleep(1000)")) as board:
        board.run_to(300 * MS)
        sent_us = int(board.console[0])
        whole = len(board.telemetry)
        assert whole > 1000
    with HostBoard(script("hal.link_send(bytes(1000), 0, 1000)\nsleep(1000)")) as board:
        board.run_to(sent_us + 20 * MS)
        assert len(board.telemetry) == pytest.approx(20 * MS / OCTET_US, abs=17)
        board.run_to(sent_us + round(whole * OCTET_US) + 1)
        assert len(board.telemetry) == whole


def test_pulse_per_second_comes_at_whole_seconds(script: Write) -> None:
    with HostBoard(script("sleep(3300)\nprint(hal.time_to_pps_ms(), hal.ticks_ms() % 1000)")) as board:
        board.run_to(4 * S)
        since_edge_ms, since_second_ms = map(int, board.console[0].split())
        assert since_edge_ms == since_second_ms


def test_alarm_withdraws_transmit_enable(script: Write) -> None:
    transmit = (
        "hal.guard_permit(30000); hal.guard_heartbeat(); hal.guard_transmit(True)\n"
        "while True:\n hal.guard_heartbeat(); sleep(50)\n if hal.alarm(): print('alarm', hal.guard_transmitting())"
    )
    with HostBoard(script(transmit)) as board:
        board.run_to(S)
        assert [edge[8:] for edge in board.heard(b"D")] == [b"T"]
        board.send(b"A")
        board.run_to(S + 200 * MS)
        edges = board.heard(b"D")
        assert edges[1][8:] == b"t"
        assert 0 <= int.from_bytes(edges[1][:8], "little") - S <= 10 * MS
        assert board.console[0] == "alarm False"


def test_the_alarms_level_outlives_a_reset_and_is_raised_until_it_is_told(script: Write) -> None:
    boot = "print(hal.alarm(), hal.alarm_count())\nsleep(500)\nhal.reset(2)"
    with HostBoard(script(boot), alarm=True) as board:
        board.run_to(700 * MS)
        board.send(b"a")
        board.run_to(S + 400 * MS)
        assert board.console == ["True 1", "True 1", "False 0"]


def test_an_alarm_that_is_raised_while_the_board_boots_is_seen(script: Write) -> None:
    with HostBoard(script("print(hal.alarm(), hal.alarm_count())\nsleep(1000)")) as board:
        board.run_to(10 * MS)
        assert board.console == []
        board.send(b"A")
        board.run_to(S)
        assert board.console == ["True 1"]


def test_commanded_reset_keeps_units_time_and_record(script: Write) -> None:
    boot = "print(hal.reset_cause(), hal.boot_count(), hal.ticks_ms())\nsleep(500)\nhal.reset(2)"
    with HostBoard(script(boot)) as board:
        board.run_to(200 * MS)
        board.send(b"F", b"power.bus_voltage_v=26.25")
        forced = board.observe("power.bus_voltage_v")
        board.run_to(S)
        assert board.heard(b"X") == [bytes([COMMANDED])]
        first, second = ([int(word) for word in line.split()] for line in board.console)
        assert (first[0], first[1]) == (0, 1)
        assert (second[0], second[1]) == (COMMANDED, 2)
        assert second[2] >= first[2] + 500
        assert board.observe("power.bus_voltage_v") == forced == 26.25


def test_reset_drops_transmit_enable(script: Write) -> None:
    text = "hal.guard_permit(30000); hal.guard_heartbeat(); hal.guard_transmit(True); sleep(100); hal.reset(2)"
    with HostBoard(script(f"if hal.boot_count() == 1:\n {text}\nsleep(1000)")) as board:
        board.run_to(S)
        assert [edge[8:] for edge in board.heard(b"D")] == [b"T", b"t"]
        kinds = [kind for kind, _ in board.messages if kind in b"DX"]
        assert kinds == [b"D", b"D", b"X"]


def test_a_bench_lets_the_application_hang_and_the_watchdog_ends_it(script: Write) -> None:
    alive = """
hal.watchdog_start(300)
while True:
    hal.watchdog_feed()
    print(hal.ticks_ms())
    sleep(100)
"""
    with HostBoard(script(alive)) as board:
        board.run_to(S)
        board.send(b"H", (200).to_bytes(4, "little"))
        board.run_to(2 * S)
        told_ms = [int(line) for line in board.console]
        assert max(later - earlier for earlier, later in pairwise(told_ms)) == pytest.approx(250, abs=60)
        assert not board.heard(b"X")
        board.send(b"H", (400).to_bytes(4, "little"))
        board.run_to(3 * S)
        assert board.heard(b"X") == [bytes([WATCHDOG])]


def test_a_bench_upsets_a_parameter_of_the_pool(script: Write) -> None:
    voltage = load().parameter("POWER_BUS_VOLTAGE_V").index
    look = f"""
hal.pool_set({voltage}, 28000)
while True:
    print(hal.pool_valid({voltage}), hal.pool_get({voltage}))
    sleep(100)
"""
    with HostBoard(script(look)) as board:
        board.run_to(S)
        board.send(b"P", struct.pack("<Hq", voltage, 25999))
        board.run_to(2 * S)
        assert (board.console[0], board.console[-1]) == ("True 28000", "True 25999")
        board.send(b"P", struct.pack("<H", voltage))
        board.run_to(3 * S)
        assert board.console[-1].startswith("False")


def test_a_bench_upsets_octets_of_the_applications_memory(script: Write) -> None:
    look = """
kept = bytearray(range(40))
while True:
    print(kept[7], kept[8])
    sleep(100)
"""
    with HostBoard(script(look)) as board:
        board.run_to(S)
        sought = bytes(range(5, 20))
        assert board.ask(b"S", struct.pack("<HB", 3, 0x81) + bytes(range(100, 140))) == b"\0"
        assert board.ask(b"S", struct.pack("<HB", 3, 0x81) + sought)[0] >= 1
        board.run_to(2 * S)
        assert (board.console[0], board.console[-1]) == ("7 8", f"7 {8 ^ 0x81}")


def test_the_board_flies_as_the_spacecraft_it_is_told(script: Write) -> None:
    look = script("print(hal.spacecraft_id())\nsleep(1000)")
    for settings, expected in (("seed=1", "BENCH"), ("seed=1,spacecraft_id=3617", "EMEI_O1")):
        with HostBoard(look, settings=settings) as board:
            board.run_to(100 * MS)
            assert board.console == [str(load().spacecraft[expected].id)]


def test_watchdog_ends_a_script_that_hangs(script: Write) -> None:
    hang = (
        "print(hal.reset_cause())\nif hal.boot_count() == 1:\n hal.watchdog_start(300)\n while True: pass\nsleep(5000)"
    )
    with HostBoard(script(hang)) as board:
        board.run_to(300 * MS)
        assert board.heard(b"X") == []
        board.run_to(600 * MS)
        assert board.heard(b"X") == [bytes([WATCHDOG])]
        assert board.console == ["0", "1"]


def test_application_that_ends_is_a_software_fault(script: Write) -> None:
    with HostBoard(script("print(hal.reset_cause())\nsleep(100)\nif hal.boot_count() > 1: sleep(5000)")) as board:
        board.run_to(S)
        assert board.heard(b"X") == [bytes([SOFTWARE_FAULT])]
        assert board.console[-1] == str(SOFTWARE_FAULT)


def test_same_calls_give_the_same_octets() -> None:
    def fly(seed: int) -> list[tuple[bytes, bytes]]:
        with HostBoard("-m", "main", settings=f"seed={seed}") as board:
            for time_us in range(0, 20 * S, S):
                board.run_to(time_us)
            return board.messages

    first = fly(1)
    assert any(kind == b"T" for kind, _ in first)
    assert first == fly(1)


def test_unknown_quantity_is_answered_with_not_a_number(script: Write) -> None:
    with HostBoard(script("sleep(1000)")) as board:
        assert board.observe("power.no_such_quantity") != board.observe("power.no_such_quantity")


def test_entry_without_a_file_is_empty(script: Write) -> None:
    with HostBoard(script("sleep(1000)")) as board:
        assert board.ask(b"E", (999).to_bytes(2, "little")) == b""


def test_board_ends_on_request(script: Write) -> None:
    with HostBoard(script("while True: sleep(100)")) as board:
        board.run_to(S)
        board.send(b"Q")
        assert board.process.wait(PATIENCE_S) == 0


def test_board_ends_with_its_bench(script: Write) -> None:
    with HostBoard(script("while True: sleep(100)")) as board:
        board.run_to(S)
    assert board.process.returncode == 0


@pytest.mark.parametrize("settings", ["seed", "seed=x", "sed=1", "seed=1,,warmup=2"])
def test_settings_that_cannot_be_read_end_in_one_sentence(settings: str) -> None:
    run = subprocess.run(
        [*COMMAND, "-c", "0"], check=False, env={"EMEI_BOARD_SETTINGS": settings}, capture_output=True, text=True
    )
    assert run.returncode == 2
    assert run.stderr == f"emei-host: EMEI_BOARD_SETTINGS cannot be read: {settings}\n"


def test_time_runs_free_without_a_bench(script: Write) -> None:
    path = script("sleep(3600 * 1000)\nprint(hal.uptime_s())\nhal.reset(2)")
    run = subprocess.run([*COMMAND, path], check=False, capture_output=True, text=True)
    assert run.stdout == "3600\n"
    assert run.stderr == "emei-host: reset, cause 2\n"
    assert run.returncode == 64 + COMMANDED


APPLICATION = """
import hal
from payload.main import Payload
from payload.tables import pool
payload = Payload(hal.spacecraft_id(), hal.bench_build())
payload.start()
activities = payload.executive._activities
print(hal.reset_cause(), hal.last_crash_fault(), hal.last_crash_activity(), hal.pool_get(pool.SAFE_BOOT))
def hang():
    while payload.executive.cycles > 5: pass
def fail():
    if payload.executive.cycles > 5: raise MemoryError
if hal.boot_count() < 4: activities[HANG].run = {what}
payload.executive.run()
"""


@pytest.mark.parametrize(("what", "cause", "fault"), [("hang", WATCHDOG, 0), ("fail", SOFTWARE_FAULT, 2)])
def test_an_application_that_hangs_or_fails_reboots_into_safe_boot(
    tmp_path: Path, what: str, cause: int, fault: int
) -> None:
    """The watchdog, or the application's own decision; the activity is known after it; the third boot is a safe one."""
    activity = 7
    script = tmp_path / "application.py"
    script.write_text(APPLICATION.replace("HANG", str(activity)).format(what=what))
    with HostBoard(str(script)) as board:
        board.run_to(round(12 * S))
        assert board.heard(b"X") == [bytes([cause])] * 3
        lines = [line for line in board.console if line[:1].isdigit()]
        assert lines == [
            "0 -1 -1 0",
            f"{cause} {fault} {activity} 0",
            f"{cause} {fault} {activity} 1",
            f"{cause} {fault} {activity} 1",
        ]
