"""The line and its broker: pacing to the bit rate, faults, and pseudo-terminals that come and go."""

import json
import os
import subprocess
import sys
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from hil import process as processes
from hil.conversation import Conversation
from hil.line import Line

ROOT = Path(__file__).parents[2]
OCTET_S = 10 / 115200


def test_an_octet_arrives_after_its_bits() -> None:
    line = Line(115200, "seed")
    line.push(1.0, b"ab")
    assert line.pop(1.0 + 0.99 * OCTET_S) == b""
    assert line.pop(1.0 + 1.01 * OCTET_S) == b"a"
    assert line.pop(1.0 + 2.01 * OCTET_S) == b"b"


def test_the_line_is_busy_until_its_last_octet() -> None:
    line = Line(115200, "seed")
    line.push(0.0, b"abcd")
    assert line.pop(2.5 * OCTET_S) == b"ab"
    line.push(2.5 * OCTET_S, b"e")
    assert line.pop(4.99 * OCTET_S) == b"cd"
    assert line.pop(5.0 * OCTET_S) == b"e"


def test_a_second_of_octets_takes_a_second() -> None:
    line = Line(115200, "seed")
    line.push(0.0, bytes(20000))
    out = b"".join(line.pop(step / 1000) for step in range(1001))
    assert len(out) == 11520


def test_an_unpaced_line_delivers_at_once() -> None:
    line = Line(115200, "seed", paced=False)
    line.push(5.0, b"abc")
    assert line.pop(5.0) == b"abc"


def test_cut_ends_after_its_time() -> None:
    line = Line(115200, "seed", paced=False)
    line.set_fault(0.0, "cut", for_s=1.0)
    line.push(0.5, b"lost")
    assert line.pop(0.5) == b""
    line.push(1.0, b"kept")
    assert line.pop(1.0) == b"kept"


def test_corrupt_changes_about_its_share_and_the_same_ones_each_time() -> None:
    def run() -> bytes:
        line = Line(115200, "seed", paced=False)
        line.set_fault(0.0, "corrupt", probability=0.25)
        line.push(0.0, bytes(1000))
        return line.pop(0.0)

    assert 200 < sum(octet != 0 for octet in run()) < 300
    assert run() == run()


def test_drop_takes_octets_out() -> None:
    line = Line(115200, "seed", paced=False)
    line.set_fault(0.0, "drop", probability=0.5)
    line.push(0.0, bytes(1000))
    assert 400 < len(line.pop(0.0)) < 600


def test_babble_fills_the_line() -> None:
    line = Line(115200, "seed")
    line.set_fault(10.0, "babble", for_s=10.0)
    assert len(b"".join(line.pop(10.0 + step / 100) for step in range(1100))) == pytest.approx(115200, abs=120)


def test_delay_keeps_order() -> None:
    line = Line(115200, "seed", paced=False)
    line.set_fault(0.0, "delay", for_s=1.0, delay_s=0.5)
    line.push(0.9, b"first")
    assert line.pop(0.9) == b""
    line.push(1.1, b"second")
    assert line.pop(1.1) == b""
    assert line.next_s(1.1, 0.001) == pytest.approx(1.4)
    assert line.pop(1.4) == b"firstsecond"


def test_a_shorter_delay_does_not_overtake() -> None:
    line = Line(115200, "seed", paced=False)
    line.set_fault(0.0, "delay", delay_s=0.5)
    line.push(0.0, b"first")
    line.pop(0.0)
    line.set_fault(0.1, "delay", delay_s=0.1)
    line.push(0.1, b"second")
    assert line.pop(0.3) == b""
    assert line.pop(0.5) == b"firstsecond"


def test_unknown_faults_are_refused() -> None:
    with pytest.raises(ValueError, match="hiccup"):
        Line(115200, "seed").set_fault(0.0, "hiccup")


class Bench:
    """A broker with one line whose board end this test holds."""

    def __init__(self, directory: Path, bit_rate_baud: int) -> None:
        self.board_fd, port_fd = os.openpty()
        tty.setraw(port_fd)
        self.path = directory / "link"
        line = {"port": os.ttyname(port_fd), "link": str(self.path), "bit_rate_baud": bit_rate_baud}
        settings = {"seed": 1, "lines": {"link": line}}
        log = directory / "broker.log"
        self.process: subprocess.Popen[bytes] = processes.start(
            [sys.executable, "-m", "hil.broker", json.dumps(settings)], log, directory=ROOT, conversation=True
        )
        self.broker = Conversation("line broker", self.process, log)
        assert self.broker.answer()["ok"]
        os.close(port_fd)

    def board_read(self, octets: int) -> bytes:
        data = b""
        while len(data) < octets:
            data += os.read(self.board_fd, octets - len(data))
        return data

    def stop(self) -> None:
        processes.stop(self.process)
        os.close(self.board_fd)


FAST_BAUD = 10_000_000


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, 115200)
    yield bench
    bench.stop()


def test_octets_pass_both_ways(bench: Bench) -> None:
    with serial.Serial(str(bench.path), 115200, timeout=5) as port:
        port.write(b"to the board")
        assert bench.board_read(12) == b"to the board"
        os.write(bench.board_fd, b"from the board")
        assert port.read(14) == b"from the board"


def test_the_broker_paces(bench: Bench) -> None:
    with serial.Serial(str(bench.path), 115200, timeout=5) as port:
        port.write(b"x")
        bench.board_read(1)
        port.write(bytes(3000))
        midway = bench.broker.ask(count="link")["to_board"]
        assert midway["delivered"] < 3001  # asked at once, and the line needs 260 ms
        assert bench.board_read(3000) == bytes(3000)


def test_nobody_listening_loses_octets_and_the_next_listener_starts_fresh(bench: Bench) -> None:
    with serial.Serial(str(bench.path), 115200, timeout=5) as port:
        port.write(b"x")
        bench.board_read(1)
    os.write(bench.board_fd, b"stale")
    while bench.broker.ask(count="link")["lost"] < 5:
        pass
    with serial.Serial(str(bench.path), 115200, timeout=5) as port:
        port.write(b"y")
        bench.board_read(1)
        os.write(bench.board_fd, b"fresh")
        assert port.read(5) == b"fresh"


def test_what_one_listener_left_unread_is_not_for_the_next(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FAST_BAUD)
    with serial.Serial(str(bench.path), FAST_BAUD, timeout=5) as port:
        port.write(b"x")
        bench.board_read(1)
        for _ in range(40):
            os.write(bench.board_fd, b"stale" * 200)
        while bench.broker.ask(count="link")["from_board"]["delivered"] < 40000:
            pass
    while bench.broker.ask(count="link")["listened"]:
        pass
    with serial.Serial(str(bench.path), FAST_BAUD, timeout=5) as port:
        port.write(b"y")
        bench.board_read(1)
        os.write(bench.board_fd, b"fresh")
        assert port.read(5) == b"fresh"
    bench.stop()


def test_faults_are_switched_by_orders(bench: Bench) -> None:
    with serial.Serial(str(bench.path), 115200, timeout=5) as port:
        bench.broker.ask(line="link", direction="to_board", fault="cut")
        port.write(b"lost")
        while (count := bench.broker.ask(count="link")["to_board"])["entered"] < 4 or count["waiting"]:
            pass
        bench.broker.ask(line="link", direction="to_board", fault="none")
        port.write(b"kept")
        assert bench.board_read(4) == b"kept"


def test_a_wrong_order_gets_a_sentence(bench: Bench) -> None:
    with pytest.raises(ValueError, match="hiccup"):
        bench.broker.ask(line="link", direction="to_board", fault="hiccup")


def test_the_broker_ends_with_its_input(bench: Bench) -> None:
    assert bench.process.stdin is not None
    bench.process.stdin.close()
    assert bench.process.wait(5) == 0
    assert bench.process.stdout is not None


def test_a_new_board_is_attached_behind_the_same_line(bench: Bench) -> None:
    with serial.Serial(str(bench.path), 115200, timeout=5) as port:
        os.close(bench.board_fd)
        port.write(b"to nobody")
        while (count := bench.broker.ask(count="link")["to_board"])["entered"] < 9 or count["waiting"]:
            pass
        bench.board_fd, port_fd = os.openpty()
        tty.setraw(port_fd)
        bench.broker.ask(attach="link", port=os.ttyname(port_fd))
        os.close(port_fd)
        port.write(b"to the new board")
        assert bench.board_read(16) == b"to the new board"
        os.write(bench.board_fd, b"answer")
        assert port.read(6) == b"answer"
