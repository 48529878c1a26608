"""Serial rings against a deque; wraparound and overrun."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hal import hal_board
from tests.hal.hal_board import CONSOLE, LINK, ffi, lib

PORTS = range(lib.HAL_SERIAL_PORTS)


CONSOLE_CAPACITY = 256
CHUNKS = st.lists(st.tuples(st.booleans(), st.binary(max_size=CONSOLE_CAPACITY + 10)), max_size=30)


@given(CHUNKS)
def test_receive_ring_is_a_bounded_queue(chunks: list[tuple[bool, bytes]]) -> None:
    hal_board.power_on()
    model: deque[int] = deque()
    dropped = 0
    for arrives, chunk in chunks:
        if arrives:
            hal_board.arrive(CONSOLE, chunk)
            room = CONSOLE_CAPACITY - len(model)
            model.extend(chunk[:room])
            dropped += max(len(chunk) - room, 0)
        else:
            for offset in range(min(len(chunk), 8)):
                assert lib.hal_serial_peek(CONSOLE, offset) == (model[offset] if offset < len(model) else -1)
            taken = hal_board.read(CONSOLE, len(chunk))
            assert taken == bytes(model.popleft() for _ in range(min(len(chunk), len(model))))
        assert lib.hal_serial_readable(CONSOLE) == len(model)
        assert lib.hal_serial_overrun_octets(CONSOLE) == dropped


@given(CHUNKS)
def test_transmit_ring_is_a_bounded_queue(chunks: list[tuple[bool, bytes]]) -> None:
    hal_board.power_on()
    lib.test_board_hold(CONSOLE, True)
    size = int(lib.hal_serial_writable(CONSOLE))
    model: deque[int] = deque()
    octet = ffi.new("uint8_t *")
    for written, chunk in chunks:
        if written:
            given_octets = lib.hal_serial_write(CONSOLE, hal_board.octets_of(chunk), len(chunk))
            assert given_octets == min(len(chunk), size - len(model))
            model.extend(chunk[:given_octets])
        else:
            for _ in chunk:
                assert lib.hal_serial_next(CONSOLE, octet) == bool(model)
                if model:
                    assert octet[0] == model.popleft()
        assert lib.hal_serial_writable(CONSOLE) == size - len(model)


@given(st.integers(0, CONSOLE_CAPACITY), st.integers(0, 3))
def test_a_full_ring_keeps_what_it_holds(start: int, beyond: int) -> None:
    hal_board.power_on()
    hal_board.arrive(CONSOLE, bytes(start))
    hal_board.read(CONSOLE, start)
    content = bytes(range(256))
    hal_board.arrive(CONSOLE, content + bytes(beyond))
    assert lib.hal_serial_overrun_octets(CONSOLE) == beyond
    assert hal_board.read(CONSOLE, 2 * CONSOLE_CAPACITY) == content


def test_positions_wrap_many_times() -> None:
    pattern = bytes(range(251))
    for _ in range(200):
        hal_board.arrive(LINK, pattern)
        assert hal_board.read(LINK, len(pattern)) == pattern


@pytest.mark.parametrize("port", PORTS)
def test_rings_do_not_share(port: int) -> None:
    hal_board.arrive(port, b"own")
    for other in PORTS:
        assert lib.hal_serial_readable(other) == (3 if other == port else 0)


def test_flush_drops_what_was_received() -> None:
    hal_board.arrive(LINK, b"old")
    lib.hal_serial_flush_receive(LINK)
    hal_board.arrive(LINK, b"new")
    assert hal_board.read(LINK, 10) == b"new"


def test_written_octets_leave_in_order() -> None:
    for part in (b"to ", b"the ", b"line"):
        lib.hal_serial_write(CONSOLE, part, len(part))
    assert hal_board.transmitted(CONSOLE) == b"to the line"
