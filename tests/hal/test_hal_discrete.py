"""Discretes as coded edges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hal import hal_board
from tests.hal.hal_board import DISCRETE, advance_ms, edge, ffi, lib

KNOWN = b"AaPm"
RESETS = b"M"  # an uncorrectable error of the memory: test_hal_memory.py


def test_alarm_level_follows_its_edges() -> None:
    levels = []
    for code in "AAaaA":
        edge(code)
        levels.append(bool(lib.hal_discrete_alarm()))
    assert levels == [True, True, False, False, True]


def test_the_alarm_is_counted_each_time_it_is_raised() -> None:
    counts = []
    for code in "AAaAaa":
        edge(code)
        counts.append(int(lib.hal_discrete_alarm_count()))
    assert counts == [1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize("cause", ["WATCHDOG", "COMMANDED", "SOFTWARE_FAULT"])
def test_an_alarm_that_stands_over_a_reset_is_one_that_was_raised(cause: str) -> None:
    edge("A")
    lib.test_board_alarm(True)
    lib.test_board_warm_reset(getattr(lib, f"HAL_RESET_{cause}"))
    lib.hal_init(hal_board.SPACECRAFT_ID, True)
    assert lib.hal_discrete_alarm() and lib.hal_discrete_alarm_count() == 1
    lib.hal_guard_heartbeat()
    assert not lib.hal_guard_permit(1000) and not lib.hal_guard_transmit(True)
    edge("a")
    assert not lib.hal_discrete_alarm() and lib.hal_discrete_alarm_count() == 1


def test_an_alarm_that_ended_before_a_reset_is_forgotten() -> None:
    edge("A")
    edge("a")
    lib.test_board_warm_reset(lib.HAL_RESET_COMMANDED)
    lib.hal_init(hal_board.SPACECRAFT_ID, True)
    assert not lib.hal_discrete_alarm() and lib.hal_discrete_alarm_count() == 0


@given(st.binary(max_size=50).map(lambda codes: codes.translate(None, RESETS)))
def test_unknown_edges_are_counted_and_ignored(codes: bytes) -> None:
    hal_board.power_on()
    for code in codes:
        lib.hal_discrete_edge(code, 0)
    assert lib.hal_discrete_unknown_edges() == sum(code not in KNOWN for code in codes)
    assert lib.hal_discrete_pps_count() == codes.count(b"P")


def test_an_edge_takes_the_time_it_came_at() -> None:
    lib.hal_time_message(1000)
    code = ffi.new("uint8_t[]", b"P")
    lib.test_board_reply(DISCRETE, code, 1, 700_000)
    lib.hal_serial_write(DISCRETE, b"x", 1)
    advance_ms(900)
    assert lib.hal_time_gps_us() == 1000_200_000
