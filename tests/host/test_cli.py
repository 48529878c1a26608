"""The command line: what it prints, what it refuses, how it ends."""

import binascii
import itertools
import json
import os
import pty
import select
import struct
import sys
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cobs import cobs

from emei import __main__ as command
from emei.cli import main
from emei.dictionary import load
from emei.packets import pack_telecommand

PING = "1801c01600062f11010000ab62"


def run(*words: str, given: str = "") -> Result:
    return CliRunner().invoke(main, list(words), input=given)


def refused(result: Result, status: int = 1) -> str:
    """The sentence of a run that ended with the status; nothing else may be on standard error."""
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    return result.stderr.strip()


def test_commands_lists_every_telecommand() -> None:
    result = run("commands")
    assert result.exit_code == 0
    assert all(name in result.stdout for name in load().telecommands)
    listed = json.loads(run("commands", "--json").stdout)
    assert [item["name"] for item in listed] == list(load().telecommands)


def test_commands_describes_one() -> None:
    text = run("commands", "sar_permit_transmit").stdout
    assert "SAR_PERMIT_TRANSMIT (129,5), hazardous" in text
    assert "1 to 5400 s" in text
    described = json.loads(run("commands", "ABORT", "--json").stdout)
    assert described["arguments"][0]["values"] == {"SAR": 1, "OPTICAL": 2}


def test_commands_knows_the_nearest_name() -> None:
    assert refused(run("commands", "PIGN"), 2) == "There is no telecommand PIGN; did you mean PING?"


def test_a_telecommand_like_none_is_told_the_closest() -> None:
    for words in (["commands", "NOSUCH"], ["pack", "NOSUCH"], ["send", "NOSUCH", "--port", "/dev/null"]):
        sentence = refused(run(*words), 2)
        assert sentence.startswith("There is no telecommand NOSUCH; the closest are ")
        closest = sentence.partition(" are ")[2].rstrip(".").split(", ")
        assert len(closest) == 5 and set(closest) <= load().telecommands.keys()


def test_pack_in_hexadecimal() -> None:
    result = run("pack", "PING", "--count", "22", "--source-id", "0", "--hex")
    assert (result.exit_code, result.stdout) == (0, PING + "\n")


def test_pack_shows_the_octets_of_each_field() -> None:
    text = run("pack", "EVENT_ENABLE", "events=1,2").stdout
    assert "02000" + "10002" in text
    assert "acks all, source 1" in text
    as_json = json.loads(run("pack", "ABORT", "instrument=SAR", "--json").stdout)
    assert as_json["arguments"] == {"instrument": "SAR"}
    assert bytes.fromhex(as_json["packet"]) == pack_telecommand(load(), "ABORT", {"instrument": 1})


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("SAR_PERMIT_TRANSMIT", "takes=9", "valid_s=1"), 2, "SAR_PERMIT_TRANSMIT: takes is 9; 1 to 8 is allowed."),
        (("ABORT", "instrumnt=SAR"), 2, "ABORT has no argument instrumnt; did you mean instrument?"),
        (("PING", "twice"), 2, "twice is not an argument: write key=value."),
        (("ABORT", "instrument=SAR", "instrument=SAR"), 2, "instrument is given twice."),
        (("EVENT_ENABLE", "events=1,,2"), 2, "EVENT_ENABLE: events is ; a list of 1 to 16, each 0 to 65535"),
        (("PING", "--count", "99999"), 2, "Invalid value for '--count': 99999 is not in the range 0<=x<=16383."),
        ((), 2, "Missing argument 'NAME'."),
    ],
)
def test_pack_refuses_in_a_sentence(words: tuple[str, ...], status: int, sentence: str) -> None:
    assert sentence in refused(run("pack", *words), status)


def test_unpack_hexadecimal_and_files(tmp_path: Path) -> None:
    assert "PING (17,1), 13 octets" in run("unpack", PING).stdout
    assert "PING (17,1), 13 octets" in run("unpack", "18 01 c0 16 00 06 2f 11 01 00 00 ab 62").stdout
    assert refused(run("unpack", "00" * 300)).startswith("The packet length field says"), "no name of a file"
    path = tmp_path / "tc.ccsds"
    path.write_bytes(bytes.fromhex(PING) * 3)
    read = json.loads(run("unpack", str(path), "--json").stdout)
    assert [packet["name"] for packet in read] == ["PING"] * 3


def test_unpack_refuses_damage_and_shows_the_rest(tmp_path: Path) -> None:
    assert refused(run("unpack", PING[:-2] + "63")) == (
        "The packet error control is wrong: 0xab63 in the packet, 0xab62 computed."
    )
    path = tmp_path / "tc.ccsds"
    path.write_bytes(bytes.fromhex(PING) + b"\x18")
    result = run("unpack", str(path))
    assert "PING (17,1)" in result.stdout
    assert refused(result) == "packet 2, from octet 13 on: 1 octets are no packet: the primary header alone has 6."
    assert "neither hexadecimal octets nor a file" in refused(run("unpack", "no-such-file"), 2)


def test_interface_document(tmp_path: Path) -> None:
    path = tmp_path / "docs" / "interface.md"
    assert run("interface", "--out", str(path)).exit_code == 0
    text = path.read_text()
    dictionary = load()
    for table in ("telecommands", "reports", "events", "failures", "parameters", "structures", "guards", "monitors"):
        assert all(name in text for name in getattr(dictionary, table)), table
    assert text.count("## Malformed input") == 1
    assert "| a wrong packet error control (CRC) | (1,2) `BAD_CRC` |" in text
    assert dictionary.hash.hex() in text
    assert run("interface", "--out", "-").stdout == text


def test_a_wrong_dictionary_folder_is_a_sentence(tmp_path: Path) -> None:
    assert "mission.toml cannot be read" in refused(run("--dictionary", str(tmp_path), "commands"))


def test_a_wrong_argument_is_refused_before_the_port_is_touched() -> None:
    sentence = refused(run("send", "ABORT", "instrument=3", "--port", "/dev/no-such-port"), 2)
    assert sentence.startswith("ABORT: instrument is 3; one of SAR (1)")


def test_a_missing_port_says_what_to_do() -> None:
    sentence = refused(run("send", "PING", "--port", "/dev/no-such-port"))
    assert sentence.startswith("The serial port /dev/no-such-port does not exist: check")
    assert "Missing option '--port'" in refused(run("send", "PING"), 2)


def test_an_unknown_spacecraft_is_refused() -> None:
    sentence = refused(run("send", "PING", "--port", "/dev/null", "--spacecraft", "EMEI_S9"), 2)
    assert sentence.startswith("There is no spacecraft EMEI_S9; did you mean EMEI_S")
    sentence = refused(run("send", "PING", "--port", "/dev/null", "--spacecraft", "X"), 2)
    assert sentence == f"There is no spacecraft X, only {', '.join(load().spacecraft)}."


_COUNTS = itertools.count()


def report(service: int, subservice: int, data: bytes) -> bytes:
    """A telemetry frame as the board sends it, written apart from the ground tools; the counts go on from one to the
    next, as long as each is sent.
    """
    body = bytes([0x20, service, subservice, 0, 0, 0, 0, 0x2F, 0x56, 0x90, 0, 0, 0, 0, 0]) + data
    packet = struct.pack(">HHH", 0x0801, 0xC000 | next(_COUNTS) & 0x3FFF, len(body) + 1) + body
    packet += binascii.crc_hqx(packet, 0xFFFF).to_bytes(2, "big")
    return b"\x00" + cobs.encode(b"\x0e\x00" + packet) + b"\x00"


Answer = Callable[[bytes], bytes]


class Board:
    """The other end of a pseudo-terminal: gives `answer` each telecommand packet and sends what it returns.

    `periodic` is sent again and again, as housekeeping is: what comes before a port is opened is lost.
    """

    def __init__(self, answer: Answer, periodic: bytes = b"") -> None:
        self.answer = answer
        self.periodic = periodic
        self.received: list[bytes] = []
        self.controller, self.terminal = pty.openpty()
        tty.setraw(self.terminal)
        self.port = os.ttyname(self.terminal)
        self.stop_reading, self.stop_writing = os.pipe()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        pending = b""
        while True:
            ready, _, _ = select.select([self.controller, self.stop_reading], [], [], 0.02)
            if self.stop_reading in ready:
                return
            if not ready:
                os.write(self.controller, self.periodic)
                continue
            pending += os.read(self.controller, 4096)
            *frames, pending = pending.split(b"\x00")
            for frame in filter(None, frames):
                self.received.append(cobs.decode(frame)[8:-16])
                os.write(self.controller, self.answer(self.received[-1]))

    def close(self) -> None:
        os.write(self.stop_writing, b"x")
        self.thread.join()
        for descriptor in (self.controller, self.terminal, self.stop_reading, self.stop_writing):
            os.close(descriptor)


@pytest.fixture
def board() -> Iterator[Callable[..., Board]]:
    made: list[Board] = []

    def make(answer: Answer, periodic: bytes = b"") -> Board:
        made.append(Board(answer, periodic))
        return made[-1]

    yield make
    for each in made:
        each.close()


def succeeds(packet: bytes) -> bytes:
    return b"".join(report(1, subservice, packet[:4]) for subservice in (1, 3, 7))


def test_send_follows_a_command_to_its_completion(board: Callable[[Answer], Board]) -> None:
    there = board(succeeds)
    result = run("send", "PING", "--port", there.port)
    assert result.exit_code == 0, result.stderr
    assert "PING completed." in result.stdout
    assert [packet[7:9] for packet in there.received] == [b"\x11\x01"]
    as_json = json.loads(run("send", "PING", "--port", there.port, "--json").stdout)
    assert as_json["state"] == "completed"
    assert [item["subservice"] for item in as_json["reports"]] == [1, 3, 7]


def test_send_gives_each_telecommand_a_request_of_its_own(
    board: Callable[[Answer], Board], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = board(succeeds)
    for time_s in (1000.0, 1000.1, 2638.4):
        monkeypatch.setattr("emei.cli.live.time.time_ns", lambda time_s=time_s: int(time_s * 1e9))
        assert run("send", "PING", "--port", there.port).exit_code == 0
    counts = [int.from_bytes(packet[2:4], "big") & 0x3FFF for packet in there.received]
    assert counts == [10000, 10001, 26384 - 16384]


def test_send_shows_a_failure_as_its_sentence(board: Callable[[Answer], Board]) -> None:
    failure = bytes.fromhex("0011 00000100 00000103")
    there = board(lambda packet: report(1, 1, packet[:4]) + report(1, 4, packet[:4] + failure))
    result = run("send", "SET_MODE_SAR", "mode=PREOP", "--port", there.port, "--json")
    assert "ILLEGAL_TRANSITION: not allowed in SAR OFF (transition asked for: SAR PREOP)." in refused(result)
    assert json.loads(result.stdout)["failure"]["name"] == "ILLEGAL_TRANSITION"


def test_a_silent_board_is_a_sentence(board: Callable[[Answer], Board]) -> None:
    port = board(lambda packet: b"").port
    assert refused(run("send", "PING", "--port", port, "--timeout", "0.2")) == (
        "PING is sent: nothing further came within 0.2 s. "
        f"No telemetry came either: check the board, the port {port} and --spacecraft."
    )
    port = board(lambda packet: report(1, 1, packet[:4])).port
    result = run("send", "PING", "--port", port, "--timeout", "0.2")
    assert refused(result) == "PING is accepted: nothing further came within 0.2 s."


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "soon"])
def test_a_time_that_is_none_is_refused(seconds: str) -> None:
    assert "Invalid value for '--timeout'" in refused(run("send", "PING", "--port", "x", "--timeout", seconds), 2)
    assert "Invalid value for '--duration'" in refused(run("monitor", "--port", "x", "--duration", seconds), 2)


def test_hazardous_commands_ask(board: Callable[[Answer], Board]) -> None:
    there = board(succeeds)
    words = ("send", "HARD_OFF", "instrument=SAR", "--port", there.port)
    assert "HARD_OFF was not sent." in refused(run(*words, given="n\n"))
    assert "say --yes" in refused(run(*words))
    assert there.received == []
    assert run(*words, given="y\n").exit_code == 0
    assert run(*words, "--yes").exit_code == 0
    assert len(there.received) == 2


def test_monitor_prints_what_comes(board: Callable[..., Board]) -> None:
    there = board(succeeds, report(5, 4, bytes.fromhex("001c")) + report(17, 2, b""))
    result = run("monitor", "--port", there.port, "--duration", "0.5", "--json")
    assert result.exit_code == 0, result.stderr
    packets = [json.loads(line) for line in result.stdout.splitlines()]
    kinds = {(packet["name"], packet.get("severity")) for packet in packets}
    assert kinds == {("ALARM_RAISED", "high"), ("PONG", None)}
    assert "high ALARM_RAISED: hardware alarm" in run("monitor", "--port", there.port, "--duration", "0.5").stdout


def test_a_monitor_says_that_the_board_has_another_dictionary(board: Callable[..., Board]) -> None:
    structure = load().structures["COMPUTER"]
    mask = (1 << len(structure.parameters)) - 1
    fields = bytes(structure.octets - 5)
    there = board(succeeds, report(3, 25, struct.pack(">BI", structure.id, mask) + fields))
    result = run("monitor", "--port", there.port, "--duration", "0.5")
    assert result.stderr.count("The board was built with dictionary 00000000 and these tools have") == 1


def test_a_monitor_without_a_terminal_prints_housekeeping_that_changed(board: Callable[..., Board]) -> None:
    structure = load().structures["LINKS"]
    fields = bytes(structure.octets - 5)
    mask = (1 << len(structure.parameters)) - 1
    there = board(succeeds, report(3, 25, struct.pack(">BI", structure.id, mask) + fields))
    result = run("monitor", "--port", there.port, "--duration", "0.5")
    assert result.exit_code == 0, result.stderr
    [line] = result.stdout.splitlines()
    assert " (3,25) LINKS: " in line
    assert all(f"{parameter.name} " in line for parameter in structure.parameters)


def test_ctrl_c_while_the_command_line_loads_is_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupts:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "emei.cli":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "emei.cli")
    monkeypatch.setattr(sys, "meta_path", [Interrupts(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "Interrupted.\n"
