"""COBS against the PyPI package `cobs`."""

import pytest
from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from tests.hal import hal_board
from tests.hal.hal_board import ffi, lib

# Runs around the length limit of 254, with few distinct values so that zeros are frequent.
CONTENT = st.one_of(
    st.binary(max_size=1100),
    st.lists(st.sampled_from([0, 1, 255]), max_size=1100).map(bytes),
    st.builds(lambda n, tail: b"\x07" * n + tail, st.integers(252, 256), st.binary(max_size=4)),
)


def encode(data: bytes, room: int) -> bytes:
    out = ffi.new("uint8_t[]", room + 1)
    return bytes(ffi.buffer(out, lib.hal_cobs_encode(hal_board.octets_of(data), len(data), out, room)))


def decode(data: bytes) -> bytes:
    buffer = hal_board.octets_of(data)
    return bytes(ffi.buffer(buffer, lib.hal_cobs_decode(buffer, len(data))))


@given(CONTENT)
def test_encodes_as_the_reference(data: bytes) -> None:
    assert encode(data, 1200) == cobs.encode(data)


@given(CONTENT.filter(bool))
def test_decodes_what_the_reference_encoded(data: bytes) -> None:
    assert decode(cobs.encode(data)) == data


@given(CONTENT)
def test_too_little_room_writes_nothing(data: bytes) -> None:
    needed = len(cobs.encode(data))
    assert encode(data, needed - 1) == b""
    assert len(encode(data, needed)) == needed


@given(st.binary(min_size=1, max_size=600))
def test_malformed_frames_are_those_the_reference_refuses(frame: bytes) -> None:
    try:
        expected = cobs.decode(frame)
    except cobs.DecodeError:
        expected = b""
    assert decode(frame) == expected


@pytest.mark.parametrize("frame", [b"\x00", b"\x05ab", b"\x03a\x00", b"\x01\x00", b"\xff" + b"a" * 253])
def test_refused_frames(frame: bytes) -> None:
    assert decode(frame) == b""
