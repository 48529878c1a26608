"""Uplink deframing and downlink framing against `cobs` and frames written out by hand."""

import random
import struct
from itertools import pairwise

import pytest
from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from tests.hal import hal_board
from tests.hal.hal_board import LINK, SPACECRAFT_ID, ffi, lib

KNOWN_PACKET = bytes.fromhex("1801c01600062f11010000ab62")
LARGEST = lib.PACKETS_LARGEST_PACKET_OCTETS
ANY_PACKET = st.binary(min_size=1, max_size=LARGEST)


def uplink(
    packet: bytes,
    *,
    spacecraft_id: int = SPACECRAFT_ID,
    index: int = 0,
    number: int = 0,
    mac: bytes = bytes(16),
) -> bytes:
    return struct.pack(">HHI", spacecraft_id, index, number) + packet + mac


def frame(content: bytes) -> bytes:
    return bytes(cobs.encode(content)) + b"\0"


def receive(room: int = LARGEST) -> bytes:
    buffer = ffi.new("uint8_t[]", max(room, 1))
    return bytes(ffi.buffer(buffer, lib.hal_link_receive(buffer, room)))


def send(packet: bytes) -> bool:
    return bool(lib.hal_link_send(hal_board.octets_of(packet), len(packet)))


def counters() -> dict[str, int]:
    counted = lib.hal_link_counters()
    names = ("good", "malformed", "overlong", "foreign", "unauthentic")
    values = {name: getattr(counted, f"frames_{name}") for name in names}
    return {name: value for name, value in values.items() if value}


@given(ANY_PACKET)
def test_a_good_frame_yields_its_packet(packet: bytes) -> None:
    hal_board.power_on()
    hal_board.arrive(LINK, frame(uplink(packet)))
    assert lib.hal_link_pending()
    assert receive() == packet
    assert counters() == {"good": 1}
    assert not lib.hal_link_pending()


REFUSED = {
    "not COBS": (b"\x20abc\0", "malformed"),
    "COBS of nothing": (b"\x01\0", "malformed"),
    "one octet": (frame(b"\x0e"), "malformed"),
    "header alone": (frame(uplink(b"")[:8]), "malformed"),
    "no packet between header and MAC": (frame(uplink(b"")), "malformed"),
    "truncated on the line": (frame(uplink(KNOWN_PACKET))[:20] + b"\0", "malformed"),
    "packet one octet too long": (frame(uplink(bytes(LARGEST + 1))), "overlong"),
    "far too long": (b"\x55" * 3000 + b"\0", "overlong"),
    "another spacecraft": (frame(uplink(KNOWN_PACKET, spacecraft_id=0x0E11)), "foreign"),
    "spacecraft ID swapped": (frame(uplink(KNOWN_PACKET, spacecraft_id=0x000E)), "foreign"),
    "another security index": (frame(uplink(KNOWN_PACKET, index=1)), "unauthentic"),
    "a sequence number in clear mode": (frame(uplink(KNOWN_PACKET, number=1)), "unauthentic"),
    "a MAC in clear mode": (frame(uplink(KNOWN_PACKET, mac=bytes(15) + b"\1")), "unauthentic"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_frame_moves_one_counter_and_nothing_else(name: str) -> None:
    line, counter = REFUSED[name]
    hal_board.arrive(LINK, line)
    assert receive() == b""
    assert counters() == {counter: 1}
    hal_board.arrive(LINK, frame(uplink(KNOWN_PACKET)))
    assert receive() == KNOWN_PACKET
    assert counters() == {counter: 1, "good": 1}


def test_clear_mode_is_refused_where_it_is_not_accepted() -> None:
    hal_board.power_on(accept_clear_mode=False)
    hal_board.arrive(LINK, frame(uplink(KNOWN_PACKET)))
    assert receive() == b""
    assert counters() == {"unauthentic": 1}


def test_empty_frames_are_no_frames() -> None:
    hal_board.arrive(LINK, b"\0\0\0")
    assert receive() == b""
    assert counters() == {}


def test_a_packet_that_does_not_fit_the_callers_room_is_refused() -> None:
    hal_board.arrive(LINK, frame(uplink(KNOWN_PACKET)))
    assert receive(len(KNOWN_PACKET) - 1) == b""
    assert counters() == {"overlong": 1}


def test_one_packet_a_call_in_order() -> None:
    packets = [bytes([n]) * (n + 1) for n in range(10)]
    hal_board.arrive(LINK, b"".join(frame(uplink(packet)) for packet in packets))
    assert [receive() for _ in packets] == packets
    assert receive() == b""


@given(ANY_PACKET, st.lists(st.integers(1, 1060), max_size=5))
def test_a_frame_may_come_in_pieces(packet: bytes, cuts: list[int]) -> None:
    hal_board.power_on()
    line = frame(uplink(packet))
    bounds = [0, *sorted(cut for cut in cuts if cut < len(line)), len(line)]
    for start, end in pairwise(bounds[:-1]):
        hal_board.arrive(LINK, line[start:end])
        assert not lib.hal_link_pending()
        assert receive() == b""
    hal_board.arrive(LINK, line[bounds[-2] :])
    assert lib.hal_link_pending()
    assert receive() == packet


GARBAGE = st.binary(max_size=80).map(lambda octets: octets + b"\0")


@given(st.lists(st.one_of(GARBAGE, ANY_PACKET.map(lambda packet: (packet,))), max_size=12))
def test_garbage_between_delimiters_loses_no_good_frame(line: list[bytes | tuple[bytes]]) -> None:
    hal_board.power_on()
    for part in line:
        if isinstance(part, tuple):
            hal_board.arrive(LINK, frame(uplink(part[0])))
            assert receive() == part[0]
        else:
            hal_board.arrive(LINK, part)
            assert receive() == b""


def test_ten_seconds_of_babble_at_full_rate() -> None:
    """Each control cycle takes what came in; afterwards the link is as good as new."""
    octets_per_cycle = lib.LINK_BIT_RATE_BAUD // 10 // 10
    babble = random.Random(1)
    for _ in range(100):
        hal_board.arrive(LINK, babble.randbytes(octets_per_cycle))
        while lib.hal_link_pending():
            assert receive() == b""
    hal_board.arrive(LINK, b"\0" + frame(uplink(KNOWN_PACKET)))
    received = [receive(), receive()]
    assert KNOWN_PACKET in received
    assert lib.hal_serial_overrun_octets(LINK) == 0
    assert counters()["malformed"] > 100


def test_babble_without_delimiters_is_one_overlong_frame_and_never_overruns() -> None:
    for _ in range(100):
        hal_board.arrive(LINK, b"\x55" * 1152)
        while lib.hal_link_pending():
            assert receive() == b""
    assert counters() == {"overlong": 1}
    assert lib.hal_serial_overrun_octets(LINK) == 0


def test_overrun_is_counted_and_the_next_frame_is_good() -> None:
    hal_board.arrive(LINK, b"\x55" * 5000)
    assert lib.hal_serial_overrun_octets(LINK) == 5000 - 4096
    receive()
    hal_board.arrive(LINK, b"\0" + frame(uplink(KNOWN_PACKET)))
    assert receive() == KNOWN_PACKET


@given(ANY_PACKET)
def test_downlink_frame(packet: bytes) -> None:
    hal_board.power_on()
    assert send(packet)
    line = hal_board.transmitted(LINK)
    assert line.endswith(b"\0")
    assert line.count(b"\0") == 1
    assert cobs.decode(line[:-1]) == struct.pack(">H", SPACECRAFT_ID) + packet


def test_the_first_octet_after_start_ends_a_broken_frame() -> None:
    lib.test_board_power_on()
    lib.hal_init(SPACECRAFT_ID, True)
    assert hal_board.transmitted(LINK) == b"\0"


def test_an_overlong_packet_is_not_sent() -> None:
    assert not send(bytes(LARGEST + 1))
    assert hal_board.transmitted(LINK) == b""


@given(st.lists(st.integers(1, LARGEST), max_size=12), st.binary(min_size=1, max_size=1))
def test_room_is_kept_and_nothing_is_queued_in_part(lengths: list[int], fill: bytes) -> None:
    hal_board.power_on()
    lib.test_board_hold(LINK, True)
    for length in lengths:
        room, before = lib.hal_link_room(), lib.hal_serial_writable(LINK)
        sent = send(fill * length)
        taken = before - lib.hal_serial_writable(LINK)
        if length <= room:
            assert sent
        assert taken == (len(frame(struct.pack(">H", SPACECRAFT_ID) + fill * length)) if sent else 0)
