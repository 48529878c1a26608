"""Bad input on the telecommand link: each kind ends in its failure report or its counter, and the board goes on.

What each kind gives is the table firmware/dictionary/malformed.toml.
"""

import random
import struct
from collections.abc import Callable, Iterator

import pytest

from emei.session import Session
from hil.bench import Bench
from hil.scenarios.octets import Packet, cobs, frame

ANSWER_S = 5.0
BABBLE_S = 10.0
CHUNK_S = 0.1


@pytest.fixture(autouse=True)
def _the_board_goes_on(session: Session) -> Iterator[None]:
    session.wait_for(lambda: session.reading("LINK_FRAMES_GOOD"), 10, "Housekeeping of the links")
    yield
    session.link.send_octets(b"\0")
    assert session.send("PING").wait(ANSWER_S).state == "completed"


def counter(session: Session, name: str) -> int:
    """The counter as the next housekeeping has it."""
    before = session.reading(name)
    session.wait_for(lambda: session.reading(name) is not before, ANSWER_S, f"Housekeeping with {name}")
    return latest(session, name)


def moved(session: Session, name: str, send: Callable[[], None]) -> int:
    """By how much a counter moves for what `send` sends."""
    before = counter(session, name)
    send()
    session.wait_for(lambda: latest(session, name) != before, ANSWER_S, f"A change of {name}")
    return (latest(session, name) - before) & 0xFFFF


def latest(session: Session, name: str) -> int:
    reading = session.reading(name)
    assert reading is not None
    return reading.raw


PING = Packet()

REFUSED = {
    "bad CRC": (PING.but(crc_error=1).octets(), 2, "BAD_CRC"),
    "length field one too small": (PING.but(length_error=-1).octets(), 2, "BAD_LENGTH"),
    "length field one too large": (PING.but(length_error=1).octets(), 2, "BAD_LENGTH"),
    "length field 65535": (PING.but(length_error=65535 - 6).octets(), 2, "BAD_LENGTH"),
    "truncated": (Packet(data=bytes(20)).octets()[:-5], 2, "BAD_LENGTH"),
    "octets after the packet": (PING.octets() + b"abc", 2, "BAD_LENGTH"),
    "packet version 1": (PING.but(version=1).octets(), 2, "BAD_VERSION"),
    "PUS version 1": (PING.but(pus_version=1).octets(), 2, "BAD_VERSION"),
    "a telemetry packet": (PING.but(telecommand=0).octets(), 2, "BAD_PACKET_TYPE"),
    "no secondary header": (PING.but(secondary_header=0).octets(), 2, "BAD_PACKET_TYPE"),
    "first segment": (PING.but(sequence_flags=1).octets(), 2, "SEGMENTED"),
    "unknown APID": (PING.but(apid=77).octets(), 10, "UNKNOWN_APID"),
    "unknown service": (PING.but(service=200).octets(), 2, "UNKNOWN_SERVICE"),
    "unknown subservice": (PING.but(subservice=99).octets(), 2, "UNKNOWN_SUBSERVICE"),
    "arguments too short": (Packet(9, 1).octets(), 2, "ARGUMENTS_TOO_SHORT"),
    "list shorter than its count": (Packet(3, 5, b"\x03\x01\x02").octets(), 2, "ARGUMENTS_TOO_SHORT"),
    "trailing octets": (Packet(17, 1, b"\0").octets(), 2, "ARGUMENTS_TOO_LONG"),
    "argument out of range": (Packet(9, 1, b"\x09").octets(), 2, "ARGUMENT_OUT_OF_RANGE"),
    "unknown enumeration value": (Packet(128, 5, b"\x09").octets(), 2, "ARGUMENT_OUT_OF_RANGE"),
    "list longer than allowed": (Packet(3, 5, bytes([9]) + bytes(9)).octets(), 2, "ARGUMENT_OUT_OF_RANGE"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_packet_is_refused_with_its_report(session: Session, kind: str) -> None:
    packet, subservice, failure = REFUSED[kind]
    command = session.send_packet(packet, kind)
    refusal = command.refusal(ANSWER_S)
    assert (refusal.subservice, refusal.name) == (subservice, failure)
    assert refusal.sentence
    assert len(command.reports) == 1
    session.run_for(0.3)
    assert len(command.reports) == 1, "more than one failure report"
    assert session.anomalies == []


def test_failure_reports_come_without_ack_flags(session: Session) -> None:
    command = session.send_packet(Packet(ack=0, service=200).octets(), "unacknowledged")
    session.wait_for(lambda: command.failure, ANSWER_S, "The failure report")
    assert command.failure is not None
    assert command.failure.name == "UNKNOWN_SERVICE"


COUNTED = {
    "packet too short to be answered": (frame(PING.octets()[:12]), "LINK_PACKETS_MALFORMED"),
    "a few octets as packet": (frame(b"ab"), "LINK_PACKETS_MALFORMED"),
    "frame of another spacecraft": (frame(PING.octets(), spacecraft_id=0x0E11), "LINK_FRAMES_FOREIGN"),
    "unknown security index": (frame(PING.octets(), spi=9), "LINK_FRAMES_UNAUTHENTIC"),
    "clear mode with a MAC": (frame(PING.octets(), mac=b"\1" * 16), "LINK_FRAMES_UNAUTHENTIC"),
    "clear mode with a sequence number": (frame(PING.octets(), number=5), "LINK_FRAMES_UNAUTHENTIC"),
    "not COBS: a block longer than the frame": (b"\0\xf0abc\0", "LINK_FRAMES_MALFORMED"),
    "frame shorter than its header": (b"\0" + cobs(b"\x0e") + b"\0", "LINK_FRAMES_MALFORMED"),
    "frame cut in the middle": (frame(PING.octets())[:20] + b"\0", "LINK_FRAMES_MALFORMED"),
    "frame over-long": (frame(Packet(data=bytes([7]) * 1100).octets()), "LINK_FRAMES_OVERLONG"),
    "frame far over-long": (frame(bytes([7]) * 5000), "LINK_FRAMES_OVERLONG"),
}


# In real time, where each takes seconds of housekeeping, one of each counter.
FIRST_OF_COUNTER = {name: kind for kind, (_, name) in reversed(COUNTED.items())}.values()


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=() if kind in FIRST_OF_COUNTER else pytest.mark.virtual_time) for kind in COUNTED],
)
def test_frame_moves_its_counter(session: Session, kind: str) -> None:
    octets, name = COUNTED[kind]
    assert moved(session, name, lambda: session.link.send_octets(octets)) == 1
    assert session.anomalies == []


def test_the_largest_packet_still_passes_the_frame(session: Session) -> None:
    octets = Packet(data=bytes([7]) * (1024 - 13)).octets()
    assert len(octets) == 1024
    assert session.send_packet(octets, "largest packet").refusal(ANSWER_S).name == "ARGUMENTS_TOO_LONG"


def babble(session: Session, octets_of: Callable[[int], bytes]) -> None:
    """Ten seconds of octets at the line's full rate."""
    rate = session.dictionary.mission.integer("link", "bit_rate_baud") // 10
    until_s = session.link.now_s() + BABBLE_S
    while session.link.now_s() < until_s:
        session.link.send_octets(octets_of(int(rate * CHUNK_S)))
        session.run_for(CHUNK_S)


BABBLE = {
    "random octets": lambda source, count: source.randbytes(count),
    "nothing but delimiters": lambda source, count: bytes(count),
    "never a delimiter": lambda source, count: bytes([0x55]) * count,
    "bad frames back to back": lambda source, count: (b"\0" + cobs(source.randbytes(30)) + b"\0") * (count // 33),
    "pings with a bad CRC": lambda source, count: b"".join(
        frame(Packet(crc_error=1).octets()) for _ in range(count // 40)
    ),
}


COUNTERS = (
    "LINK_FRAMES_MALFORMED",
    "LINK_FRAMES_OVERLONG",
    "LINK_FRAMES_FOREIGN",
    "LINK_OVERRUN_OCTETS",
    "TC_REJECTED",
)


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind == "random octets" else pytest.mark.virtual_time) for kind in BABBLE]
)
def test_babble_at_full_rate(session: Session, kind: str) -> None:
    source = random.Random(f"babble {kind}")
    events = len(session.events)
    uptime_s = latest(session, "UPTIME_S")
    counters = [latest(session, name) for name in COUNTERS]
    babble(session, lambda count: BABBLE[kind](source, count))
    session.link.send_octets(b"\0")
    session.run_for(2.5)
    assert latest(session, "UPTIME_S") - uptime_s >= BABBLE_S, "the board was reset"
    assert not [event for event in session.events[events:] if event.name in ("BOOTED", "HANDLER_FAULT")]
    if kind == "random octets":
        session.wait_event("LINK_BABBLE", ANSWER_S, events)
    # Delimiters alone are no frames: nothing to count.
    assert kind == "nothing but delimiters" or counters != [latest(session, name) for name in COUNTERS]


def test_the_babbling_of_the_line_itself(session: Session, bench: Bench) -> None:
    """The same from the broker: noise between our frames."""
    events = len(session.events)
    frames = latest(session, "LINK_FRAMES_MALFORMED")
    bench.link_fault("to_board", "babble", for_s=2.0)
    session.wait_event("LINK_BABBLE", ANSWER_S, events)
    session.run_for(4.5)
    assert latest(session, "LINK_FRAMES_MALFORMED") != frames


def test_request_ids_are_the_first_octets_of_the_packet(session: Session) -> None:
    packet = Packet(service=200, count=0x1234).octets()
    command = session.send_packet(packet, "marked")
    command.refusal(ANSWER_S)
    assert struct.pack(">I", command.request_id) == packet[:4]
