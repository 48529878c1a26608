"""Frames: the profile's layout, and a receiver that loses nothing good and counts what is bad."""

from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from emei.packets.frames import Deframer, DownlinkReceiver, downlink_frame, uplink_frame

BENCH = 0x0E00
PACKETS = st.binary(min_size=1, max_size=1024)


def test_uplink_frame_in_clear_mode() -> None:
    frame = uplink_frame(BENCH, b"\x18\x01packet")
    assert frame[0] == frame[-1] == 0
    content = cobs.decode(frame[1:-1])
    assert content == bytes.fromhex("0e00 0000 00000000") + b"\x18\x01packet" + bytes(16)


@given(st.lists(PACKETS, max_size=6), st.integers(1, 700))
def test_packets_come_whole_whatever_the_pieces(packets: list[bytes], piece: int) -> None:
    stream = b"".join(downlink_frame(BENCH, packet) for packet in packets)
    receiver = DownlinkReceiver(BENCH)
    received = [p for at in range(0, len(stream), piece) for p in receiver.feed(stream[at : at + piece])]
    assert received == packets
    assert receiver.malformed_frames == receiver.foreign_frames == receiver.discarded_octets == 0


@given(st.binary(max_size=3000), PACKETS)
def test_noise_never_costs_the_frame_after_it(noise: bytes, packet: bytes) -> None:
    receiver = DownlinkReceiver(BENCH)
    received = receiver.feed(noise + downlink_frame(BENCH, packet))
    assert received[-1:] == [packet]


def test_what_is_thrown_away_is_counted() -> None:
    receiver = DownlinkReceiver(BENCH)
    good = downlink_frame(BENCH, b"good")
    assert receiver.feed(good + b"\x05\x01\x00" + good) == [b"good", b"good"]
    assert (receiver.malformed_frames, receiver.discarded_octets) == (1, 2)
    assert receiver.feed(downlink_frame(0x0E11, b"other")) == []
    assert (receiver.foreign_frames, receiver.malformed_frames) == (1, 1)
    assert receiver.feed(b"\x00" + cobs.encode(b"\x0e\x00") + b"\x00") == []
    assert receiver.malformed_frames == 2


def test_an_endless_frame_is_dropped_as_it_comes() -> None:
    deframer = Deframer(largest_coded_octets=100)
    for _ in range(50):
        assert deframer.feed(b"\x07" * 10) == []
    assert deframer.overlong_frames == 1
    assert deframer.discarded_octets == 500
    assert deframer.feed(b"\x00" + cobs.encode(b"next") + b"\x00") == [b"next"]


def test_the_largest_packet_fits() -> None:
    packet = bytes(range(1, 255)) * 4 + bytes(8)
    assert len(packet) == 1024
    assert DownlinkReceiver(BENCH).feed(downlink_frame(BENCH, packet)) == [packet]
