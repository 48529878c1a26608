"""The session against a link whose time and packets the test decides."""

import binascii
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from emei import archive
from emei.archive import Archive
from emei.dictionary import load
from emei.link import Received
from emei.packets import ArgumentError, Telemetry
from emei.platform import Platform
from emei.session import DictionaryMismatch, NotSeen, Session
from emei.verification import Ack, CommandFailed, NoReport, OutOfOrder

DICTIONARY = load()
EPOCH_S = 1_450_000_000


def report(service: int, subservice: int, data: bytes = b"", count: int = 0, time_s: int = EPOCH_S) -> bytes:
    """A telemetry packet, written apart from the ground tools' codecs."""
    secondary = bytes([0x20, service, subservice]) + struct.pack(">HH", 0, 0)
    body = secondary + b"\x2f" + struct.pack(">I", time_s) + bytes(3) + data
    packet = struct.pack(">HHH", 0x0801, 0xC000 | count, len(body) + 1) + body
    return packet + binascii.crc_hqx(packet, 0xFFFF).to_bytes(2, "big")


class ScriptedLink:
    """Virtual time; `answer` makes the packets that come back for each packet sent, with their delays."""

    malformed_frames = 0

    def __init__(self) -> None:
        self.time_s = 0.0
        self.sent: list[tuple[float, bytes]] = []
        self.coming: list[Received] = []
        self.count = 0
        self.answer: Callable[[bytes], list[tuple[float, int, bytes]]] = lambda packet: []

    def say(self, delay_s: float, service: int, subservice: int, data: bytes = b"") -> None:
        self.coming.append((self.time_s + delay_s, report(service, subservice, data, self.count)))
        self.count += 1

    def send_packet(self, packet: bytes) -> None:
        self.sent.append((self.time_s, packet))
        for delay_s, subservice, data in self.answer(packet):
            self.say(delay_s, 1, subservice, packet[:4] + data)

    def send_octets(self, octets: bytes) -> None:
        raise AssertionError("no raw octets expected")

    def receive(self, timeout_s: float) -> list[Received]:
        until_s = self.time_s + timeout_s
        self.coming.sort(key=lambda item: item[0])
        if self.coming and self.coming[0][0] <= until_s:
            self.time_s = max(self.time_s, self.coming[0][0])
            return [self.coming.pop(0)]
        self.time_s = until_s
        return []

    def now_s(self) -> float:
        return self.time_s

    def close(self) -> None:
        pass


def failure(name: str, detail: int = 0, limit: int = 0) -> bytes:
    return struct.pack(">Hii", DICTIONARY.failures[name].code, detail, limit)


@pytest.fixture
def link() -> ScriptedLink:
    return ScriptedLink()


@pytest.fixture
def session(link: ScriptedLink) -> Session:
    return Session(DICTIONARY, link)


def test_a_command_is_followed_to_completion(session: Session, link: ScriptedLink) -> None:
    link.answer = lambda packet: [(0.1, 1, b""), (0.2, 3, b""), (0.5, 5, b"\x01"), (0.9, 5, b"\x02"), (1.5, 7, b"")]
    command = session.send("PING")
    assert command.state == "sent"
    session.run_for(0.6)
    assert command.state == "in progress"
    assert not command.finished
    assert command.wait(5).state == "completed"
    assert [(item.subservice, item.step) for item in command.reports] == [
        (1, None),
        (3, None),
        (5, 1),
        (5, 2),
        (7, None),
    ]
    assert command.duration_s == pytest.approx(1.5)
    assert session.anomalies == []


def test_a_failure_is_a_sentence(session: Session, link: ScriptedLink) -> None:
    link.answer = lambda packet: [(0.1, 1, b""), (0.2, 4, failure("START_IN_THE_PAST", 40, 2500))]
    command = session.send("PING")
    with pytest.raises(CommandFailed, match=r"PING failed with \(1,4\) START_IN_THE_PAST: the start is 40 ms from now"):
        command.wait(5)
    assert command.state == "failed"
    assert command.refusal(5).detail == 40


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ([(3, b"")], r"\(1,3\) came before it was accepted"),
        ([(1, b""), (7, b"")], r"\(1,7\) came before it was started"),
        ([(1, b""), (3, b""), (1, b"")], r"\(1,1\) came too late"),
        ([(1, b""), (1, b""), (3, b"")], r"\(1,1\) came twice"),
        ([(1, b""), (3, b""), (5, b"\2"), (5, b"\1")], r"step 1 after step 2"),
        ([(2, failure("BAD_CRC")), (7, b"")], r"\(1,7\) after the failure report \(1,2\)"),
    ],
)
def test_reports_out_of_order_are_seen(
    session: Session, link: ScriptedLink, answers: list[tuple[int, bytes]], problem: str
) -> None:
    link.answer = lambda packet: [(0.1 * place, *answer) for place, answer in enumerate([*answers, (7, b"")], 1)]
    command = session.send("PING")
    with pytest.raises(OutOfOrder, match=problem):
        session.run_for(2)
        command.wait(2)
    assert session.anomalies


def test_a_report_that_was_not_asked_for(session: Session, link: ScriptedLink) -> None:
    link.answer = lambda packet: [(0.1, 1, b""), (0.2, 7, b"")]
    session.send("PING", ack=Ack.COMPLETION)
    session.run_for(1)
    assert "was not asked for" in session.anomalies[0]


def test_without_ack_flags_there_is_nothing_to_wait_for(session: Session) -> None:
    assert session.send("PING", ack=Ack.NONE).wait(0).reports == []


def test_silence_is_a_sentence(session: Session, link: ScriptedLink) -> None:
    link.answer = lambda packet: [(0.1, 1, b"")]
    with pytest.raises(NoReport, match="PING is accepted: nothing further came within 3 s"):
        session.send("PING").wait(3)
    assert link.time_s == pytest.approx(3)


def test_wrong_arguments_are_refused_before_anything_is_sent(session: Session, link: ScriptedLink) -> None:
    with pytest.raises(ArgumentError):
        session.send("TIME_SET_REPORT_RATE", exponent=9)
    assert link.sent == []


def test_sequence_counts_rise(session: Session, link: ScriptedLink) -> None:
    for _ in range(3):
        session.send("PING", ack=Ack.NONE)
    assert [int.from_bytes(packet[2:4], "big") & 0x3FFF for _, packet in link.sent] == [0, 1, 2]


def test_counts_that_begin_anew_leave_out_what_is_under_way(session: Session, link: ScriptedLink) -> None:
    link.answer = lambda packet: [(0.1, 1, b"")] if packet[7:9] == b"\x11\x01" else []
    session.send("PING", ack=Ack.NONE)
    lasting = session.send("PING")
    for _ in range(2**14):
        session.send("PING", ack=Ack.NONE)
    counts = [int.from_bytes(packet[2:4], "big") & 0x3FFF for _, packet in link.sent]
    assert counts == [*range(2**14), 0, 2]
    link.say(0.1, 1, 3, lasting.packet[:4])
    link.say(0.2, 1, 7, lasting.packet[:4])
    link.answer = lambda packet: []
    assert lasting.wait(1e4).state == "completed"


def housekeeping(name: str, **raw: int) -> bytes:
    """Structure report: the raw values given, 0 for the rest; all but the first parameter valid."""
    structure = DICTIONARY.structures[name]
    fields = b"".join(raw.get(item.name, 0).to_bytes(item.type.octets, "big") for item in structure.parameters)
    return bytes([structure.id]) + struct.pack(">I", (1 << len(structure.parameters)) - 2) + fields


def test_housekeeping_by_name(session: Session, link: ScriptedLink) -> None:
    link.say(1.0, 3, 25, housekeeping("PLATFORM", SUN_ANGLE_DEG=9000, BATTERY_PERCENT=855, ECLIPSE=1))
    assert session.value("BATTERY_PERCENT") is None
    session.run_for(2)
    assert session.value("BATTERY_PERCENT") == 85.5
    assert session.value("ECLIPSE") == "ON"
    reading = session.reading("SUN_ANGLE_DEG")
    assert reading is not None
    assert (reading.value, reading.unit, reading.time_s, reading.board_time_s) == (90.0, "deg", 1.0, EPOCH_S)
    assert not reading.valid
    assert session.value("SUN_ANGLE_DEG") is None


def test_dictionaries_are_compared(session: Session, link: ScriptedLink) -> None:
    link.say(1.0, 3, 25, housekeeping("COMPUTER", DICTIONARY_HASH=DICTIONARY.hash_word))
    assert session.check_dictionary(5) == DICTIONARY.hash_word
    link.say(1.0, 3, 25, housekeeping("COMPUTER", DICTIONARY_HASH=0x12345678))
    session.run_for(2)
    with pytest.raises(DictionaryMismatch, match="12345678"):
        session.check_dictionary(5)


def test_events_are_kept_and_awaited(session: Session, link: ScriptedLink) -> None:
    link.say(0.5, 5, 1, struct.pack(">HBBB", 2, 1, 0, 1))
    link.say(0.7, 5, 1, struct.pack(">HBBB", 2, 1, 1, 2))
    event = session.wait_event("MODE_CHANGED", 5, to_mode="STANDBY")
    assert event.fields["instrument"] == "SAR"
    assert event.message == "SAR went from mode INIT to mode STANDBY"
    assert len(session.events) == 2
    with pytest.raises(NotSeen, match="MODE_CHANGED with to_mode SAFE did not come within 2 s"):
        session.wait_event("MODE_CHANGED", 2, to_mode="SAFE")


def test_what_a_listener_leaves_is_taken_the_next_time(session: Session, link: ScriptedLink) -> None:
    """Ctrl-C in the midst of what came at once: no report is lost by it."""
    for count in (5, 6, 7):
        link.coming.append((1.0, report(17, 2, count=count)))

    def interrupt(_: Telemetry) -> None:
        session.forget(interrupt)
        raise KeyboardInterrupt

    session.listen(interrupt)
    with pytest.raises(KeyboardInterrupt):
        session.run_for(2)
    session.run_for(2)
    link.coming.append((5.0, report(17, 2, count=8)))
    session.run_for(2)
    assert session.missing_packets == 0


def test_a_link_that_was_away_for_long_is_told_once_and_counted_on_from_there(
    session: Session, link: ScriptedLink
) -> None:
    for place, count in enumerate((5, 2005, 2006, 2008)):
        link.coming.append((1.0 + place, report(17, 2, count=count)))
    session.run_for(5)
    (sentence,) = session.anomalies
    assert "sequence count of APID 1 went from 5 to 2005: 1999 packets did not come" in sentence
    assert session.missing_packets == 1  # 2007
    assert session.lost_packets == 2000
    session.anomalies.clear()
    link.coming.append((6.0, report(17, 2, count=2006)))
    session.run_for(2)
    assert len(session.anomalies) == 1 and session.anomalies.pop().endswith("count 2006 of APID 1 came twice")


def test_missing_packets_are_counted_until_they_come(session: Session, link: ScriptedLink) -> None:
    for count in (5, 8, 7, 9):
        link.coming.append((1.0, report(17, 2, count=count)))
    session.run_for(2)
    assert session.missing_packets == 1  # 6
    link.coming.append((3.0, report(17, 2, count=6)))
    session.run_for(2)
    assert session.missing_packets == 0
    assert session.anomalies == []
    link.coming.append((5.0, report(17, 2, count=6)))
    session.run_for(2)
    assert "came twice" in session.anomalies[0]


def test_damaged_packets_are_anomalies(session: Session, link: ScriptedLink) -> None:
    link.coming.append((1.0, report(17, 2)[:-1] + b"?"))
    session.run_for(2)
    assert "does not decode" in session.anomalies[0]


def test_tasks_run_at_their_phase(session: Session, link: ScriptedLink) -> None:
    times: list[float] = []
    task = session.every(1.0, lambda: times.append(link.time_s), phase_s=0.4)
    link.say(0.7, 17, 2)
    session.run_for(3)
    task.cancel()
    session.run_for(3)
    assert times == pytest.approx([0.4, 1.4, 2.4])


def test_a_task_that_was_missed_is_left_out(session: Session, link: ScriptedLink) -> None:
    times: list[float] = []
    session.every(1.0, lambda: times.append(link.time_s), phase_s=0.4)
    link.time_s = 5.0
    session.run_for(2)
    assert times == pytest.approx([5.0, 5.4, 6.4])


def test_waiting_inside_the_pump_is_refused(session: Session) -> None:
    session.every(1.0, lambda: session.run_for(1))
    with pytest.raises(RuntimeError, match="must not wait"):
        session.run_for(2)


def test_the_platform_names_the_next_second(session: Session, link: ScriptedLink) -> None:
    platform = Platform(session, EPOCH_S)
    session.run_for(2)
    (time_s, first), (_, ancillary), *rest = link.sent
    assert first[7:9] == bytes([132, 1])
    assert 0.3 <= time_s <= 0.6
    assert first[6] & 0x0F == 0
    assert int.from_bytes(first[11:15], "big") == EPOCH_S + 1
    assert ancillary[7:9] == bytes([132, 2])
    assert len(rest) == 2
    platform.pause(ancillary_data=True, time_messages=False)
    session.run_for(1)
    assert [packet[8] for _, packet in link.sent[4:]] == [1]


def test_the_archive_keeps_everything(tmp_path: Path, link: ScriptedLink) -> None:
    with Archive(tmp_path, 0x0E00, DICTIONARY.hash) as kept:
        session = Session(DICTIONARY, link, kept)
        link.answer = lambda packet: [(0.1, 1, b""), (0.2, 3, b""), (0.3, 7, b"")]
        session.send("PING").wait(1)
        recorded = list(archive.read(tmp_path))  # before it is closed: nothing waits in this process
    assert [item.uplink for item in recorded] == [True, False, False, False]
    assert recorded[0].packet == link.sent[0][1]
    assert {(item.spacecraft_id, item.dictionary_hash) for item in recorded} == {(0x0E00, DICTIONARY.hash.hex())}
    assert list(archive.packets((tmp_path / "tm.ccsds").read_bytes())) == [item.packet for item in recorded[1:]]


def test_an_archive_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    with Archive(tmp_path, 0x0E00, DICTIONARY.hash) as kept:
        kept.telemetry(1.0, report(17, 2))
        kept.telemetry(2.0, report(17, 2, count=1))
    index = (tmp_path / "index.jsonl").read_bytes()
    (tmp_path / "index.jsonl").write_bytes(index[:-4])
    assert [item.time_s for item in archive.read(tmp_path)] == [1.0]
    assert len(list(archive.packets((tmp_path / "tm.ccsds").read_bytes()[:-3]))) == 1


def test_an_archive_of_malformed_packets_is_gone_on_with(tmp_path: Path) -> None:
    kept = [report(17, 2), bytes(4) + b"\xff\xff" + bytes(5), report(17, 2, count=1)]
    with Archive(tmp_path, 0x0E00, DICTIONARY.hash) as first:
        for packet in kept:
            first.telemetry(1.0, packet)
    with (tmp_path / "tm.ccsds").open("ab") as file:
        file.write(report(17, 2, count=2)[:-1])
    with Archive(tmp_path, 0x0E00, DICTIONARY.hash) as second:
        second.telemetry(2.0, report(17, 2, count=3))
    assert [item.packet for item in archive.read(tmp_path)] == [*kept, report(17, 2, count=3)]


def test_an_archive_that_was_cut_off_is_gone_on_with(tmp_path: Path) -> None:
    with Archive(tmp_path, 0x0E00, DICTIONARY.hash) as kept:
        kept.telemetry(1.0, report(17, 2))
        kept.telemetry(2.0, report(17, 2, count=1))
    for name, lost in (("index.jsonl", 4), ("tm.ccsds", 3)):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-lost])
    with Archive(tmp_path, 0x0E00, DICTIONARY.hash) as kept:
        kept.telemetry(3.0, report(17, 2, count=2))
    assert [(item.time_s, item.packet) for item in archive.read(tmp_path)] == [
        (1.0, report(17, 2)),
        (3.0, report(17, 2, count=2)),
    ]
    assert list(archive.packets((tmp_path / "tm.ccsds").read_bytes())) == [report(17, 2), report(17, 2, count=2)]
