"""RMAP initiator against replies made by the Python peer; time is the test board's clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hal import hal_board
from tests.hal.hal_board import BUS, ffi, lib
from tests.hal.rmap_peer import READ, VERIFIED_WRITE, frame, read_frames, read_reply, write_reply

NODE = 0x40
ADDRESS = 0x0001_0100
ATTEMPTS = lib.BUS_RETRIES + 1
REPLY_TIMEOUT_US = lib.BUS_REPLY_TIMEOUT_MS * 1000
# A request of 273 octets and a reply of 269, COBS-framed, at the bit rate.
TRANSMISSION_US = 600 * 10 * 1_000_000 // lib.BUS_BIT_RATE_BAUD
BOUND_US = ATTEMPTS * (REPLY_TIMEOUT_US + TRANSMISSION_US)
NO_REPLY = b""


def queue(*replies: bytes, delay_us: int = 500) -> None:
    """One reply an attempt, each `delay_us` after its command."""
    for reply in replies:
        assert lib.test_board_reply(BUS, reply or b"\0", len(reply), delay_us)


def read(octets: int, node: int = NODE) -> tuple[int, bytes]:
    buffer = ffi.new("uint8_t[]", octets)
    return lib.hal_rmap_read(node, ADDRESS, buffer, octets), bytes(ffi.buffer(buffer))


def write(data: bytes, node: int = NODE) -> int:
    return int(lib.hal_rmap_write(node, ADDRESS, hal_board.octets_of(data), len(data)))


def counters() -> tuple[int, int, int]:
    counted = lib.hal_rmap_counters()
    return counted.transactions, counted.retries, counted.failures


@given(st.binary(min_size=1, max_size=256), st.integers(0, 255))
def test_read(data: bytes, node: int) -> None:
    hal_board.power_on()
    queue(frame(read_reply(node, 1, data)))
    assert read(len(data), node) == (lib.HAL_RMAP_OK, data)
    [command] = read_frames(hal_board.transmitted(BUS))
    assert command.instruction == READ
    assert (command.node, command.address, command.length) == (node, ADDRESS, len(data))
    assert (command.key, command.initiator) == (lib.BUS_KEY, lib.BUS_INITIATOR_ADDRESS)
    assert counters() == (1, 0, 0)


@given(st.binary(min_size=1, max_size=256), st.integers(0, 255))
def test_verified_write(data: bytes, node: int) -> None:
    hal_board.power_on()
    queue(frame(write_reply(node, 1)))
    assert write(data, node) == lib.HAL_RMAP_OK
    [command] = read_frames(hal_board.transmitted(BUS))
    assert command.instruction == VERIFIED_WRITE
    assert (command.node, command.address, command.data) == (node, ADDRESS, data)


@pytest.mark.parametrize("octets", [0, lib.BUS_LARGEST_DATA_OCTETS + 1])
def test_bad_length_sends_nothing(octets: int) -> None:
    assert read(octets)[0] == lib.HAL_RMAP_BAD_ARGUMENT
    assert write(bytes(octets)) == lib.HAL_RMAP_BAD_ARGUMENT
    assert hal_board.transmitted(BUS) == b""


def test_no_reply_is_retried_within_bounds() -> None:
    assert write(b"ab") == lib.HAL_RMAP_NO_REPLY
    assert ATTEMPTS * REPLY_TIMEOUT_US <= hal_board.now_us() <= BOUND_US
    assert len(read_frames(hal_board.transmitted(BUS))) == ATTEMPTS
    assert counters() == (1, 2, 1)


def test_a_repeated_write_is_the_same_transaction_and_a_repeated_read_is_not() -> None:
    assert write(b"ab") == read(2)[0] == write(b"ab") == lib.HAL_RMAP_NO_REPLY
    commands = read_frames(hal_board.transmitted(BUS))
    assert [command.transaction for command in commands] == [1, 1, 1, 2, 3, 4, 5, 5, 5]


def test_the_late_reply_to_a_write_is_its_reply() -> None:
    queue(frame(write_reply(NODE, 1)), delay_us=REPLY_TIMEOUT_US + 5000)
    assert write(b"ab") == lib.HAL_RMAP_OK
    assert counters() == (1, 1, 0)


@pytest.mark.parametrize("silent", range(1, ATTEMPTS))
def test_a_later_attempt_succeeds(silent: int) -> None:
    queue(*[NO_REPLY] * silent, frame(read_reply(NODE, silent + 1, b"data")))
    assert read(4) == (lib.HAL_RMAP_OK, b"data")
    assert counters() == (1, silent, 0)


def test_a_full_sized_reply_in_time_is_waited_for() -> None:
    queue(frame(read_reply(NODE, 1, bytes(256))), delay_us=REPLY_TIMEOUT_US)
    assert read(256)[0] == lib.HAL_RMAP_OK


def test_a_late_reply_is_not_taken_for_the_next() -> None:
    queue(frame(read_reply(NODE, 1, b"late")), delay_us=REPLY_TIMEOUT_US + 5000)
    queue(frame(read_reply(NODE, 2, b"good")), delay_us=10_000)
    assert read(4) == (lib.HAL_RMAP_OK, b"good")


def test_a_late_reply_of_the_other_kind_is_dropped() -> None:
    queue(frame(write_reply(NODE, 0)) + frame(read_reply(NODE, 1, b"good")))
    assert read(4) == (lib.HAL_RMAP_OK, b"good")
    queue(frame(read_reply(NODE, 1, b"late")) + frame(write_reply(NODE, 2)))
    assert write(b"w") == lib.HAL_RMAP_OK


def test_stale_octets_are_flushed_before_the_request() -> None:
    hal_board.arrive(BUS, b"\x05half of a reply")
    queue(frame(read_reply(NODE, 1, b"good")))
    assert read(4) == (lib.HAL_RMAP_OK, b"good")


def test_noise_before_the_reply_costs_no_attempt() -> None:
    queue(b"\x11\x22\0" + frame(read_reply(NODE, 1, b"good")))
    assert read(4) == (lib.HAL_RMAP_OK, b"good")
    assert counters() == (1, 0, 0)


GOOD_READ = read_reply(NODE, 1, b"data")
BAD_READ_REPLIES = {
    "header CRC": GOOD_READ[:11] + bytes([GOOD_READ[11] ^ 1]) + GOOD_READ[12:],
    "data CRC": GOOD_READ[:-1] + bytes([GOOD_READ[-1] ^ 1]),
    "data": GOOD_READ[:12] + b"Data" + GOOD_READ[16:],
    "truncated": GOOD_READ[:-2],
    "header only": GOOD_READ[:8],
    "one octet more": GOOD_READ + b"\0",
    "shorter data than asked": read_reply(NODE, 1, b"dat"),
    "longer data than asked": read_reply(NODE, 1, b"data!"),
    "another node": read_reply(NODE + 1, 1, b"data"),
    "another initiator": read_reply(NODE, 1, b"data", initiator=0xFD),
    "another protocol": b"\xfe\x02" + GOOD_READ[2:],
    "another transaction": read_reply(NODE, 77, b"data"),
    "a write's reply": write_reply(NODE, 1),
    "over-long": bytes(range(1, 256)) * 3,
}


@pytest.mark.parametrize("name", BAD_READ_REPLIES)
def test_bad_replies(name: str) -> None:
    queue(*[frame(BAD_READ_REPLIES[name])] * ATTEMPTS)
    status, data = read(4)
    assert (status, data) == (lib.HAL_RMAP_BAD_REPLY, bytes(4))
    assert hal_board.now_us() <= BOUND_US
    assert counters() == (1, 2, 1)


@given(st.lists(st.binary(max_size=300), min_size=ATTEMPTS, max_size=ATTEMPTS))
def test_any_octets_end_in_a_failure_in_time(babble: list[bytes]) -> None:
    hal_board.power_on()
    queue(*babble)
    assert read(16)[0] in (lib.HAL_RMAP_BAD_REPLY, lib.HAL_RMAP_NO_REPLY)
    assert hal_board.now_us() <= BOUND_US


def test_an_unfinished_reply_is_a_bad_reply() -> None:
    queue(frame(GOOD_READ)[:-1], frame(GOOD_READ)[:-1], frame(GOOD_READ)[:-1])
    assert read(4)[0] == lib.HAL_RMAP_BAD_REPLY


@pytest.mark.parametrize("status", [1, 2, 3, 9, 10, 11, 12])
def test_error_status_ends_the_transaction(status: int) -> None:
    queue(frame(read_reply(NODE, 1, b"", status)))
    assert read(4)[0] == lib.HAL_RMAP_ERROR
    assert lib.hal_rmap_last_status() == status
    queue(frame(write_reply(NODE, 2, status)))
    assert write(b"w") == lib.HAL_RMAP_ERROR
    assert counters() == (2, 0, 2)


@pytest.mark.parametrize("status", [4, 5, 6, 7])
def test_damage_on_the_line_is_retried(status: int) -> None:
    queue(frame(write_reply(NODE, 1, status)), frame(write_reply(NODE, 1)))
    assert write(b"w") == lib.HAL_RMAP_OK
    assert lib.hal_rmap_last_status() == 0
    queue(*[frame(write_reply(NODE, 2, status))] * ATTEMPTS)
    assert write(b"w") == lib.HAL_RMAP_ERROR
    assert lib.hal_rmap_last_status() == status


def test_transaction_identifiers_wrap() -> None:
    for transaction in range(1, 65536 + 3):
        lib.test_board_reply(BUS, *(lambda f: (f, len(f)))(frame(write_reply(NODE, transaction & 0xFFFF))), 1)
        assert write(b"w") == lib.HAL_RMAP_OK
        if transaction % 1000 == 0:
            hal_board.transmitted(BUS)
    assert counters()[1:] == (0, 0)


def test_a_held_line_ends_in_time() -> None:
    lib.test_board_hold(BUS, True)
    assert write(bytes(256)) == lib.HAL_RMAP_NO_REPLY
    assert hal_board.now_us() <= BOUND_US
