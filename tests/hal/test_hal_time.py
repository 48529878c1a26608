"""On-board time: CUC against exact integers, setting and discipline by the PPS."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.hal import hal_board
from tests.hal.hal_board import advance_ms, advance_us, edge, ffi, lib

UNSET, SET, DISCIPLINED = lib.HAL_TIME_UNSET, lib.HAL_TIME_SET, lib.HAL_TIME_DISCIPLINED
GPS_S = 1_450_000_000
STEP_US = 10_000
DOUBTED_STEP_US = 1_000_000
MICROSECONDS = st.integers(0, 2**32 * 1_000_000 - 1)


def cuc_of(gps_us: int) -> bytes:
    """Seconds and 2^-24 s, rounded down."""
    return (gps_us * 2**24 // 1_000_000).to_bytes(7, "big")


def to_cuc(gps_us: int) -> bytes:
    buffer = ffi.new("uint8_t[]", 7)
    lib.hal_time_to_cuc(gps_us, buffer)
    return bytes(ffi.buffer(buffer))


def from_cuc(cuc: bytes) -> int:
    return int(lib.hal_time_from_cuc(hal_board.octets_of(cuc)))


def gps_us() -> int:
    return int(lib.hal_time_gps_us())


def second(gps_s: int, *, late_us: int = 0) -> None:
    """A message half a second before its edge, and the edge (`late_us` late)."""
    advance_us(500_000)
    lib.hal_time_message(gps_s)
    advance_us(500_000 + late_us)
    edge("P")


@given(MICROSECONDS)
def test_cuc(gps: int) -> None:
    assert to_cuc(gps) == cuc_of(gps)
    assert from_cuc(to_cuc(gps)) == gps


@given(st.binary(min_size=7, max_size=7))
def test_any_cuc_is_read_to_the_nearest_microsecond(cuc: bytes) -> None:
    exact = Fraction(int.from_bytes(cuc, "big") * 1_000_000, 2**24)
    assert abs(from_cuc(cuc) - exact) <= Fraction(1, 2)


def test_unset_time_counts_from_power_on() -> None:
    advance_ms(1234)
    assert (gps_us(), lib.hal_time_quality()) == (1_234_000, UNSET)


def test_a_start_forgets_the_time() -> None:
    second(GPS_S)
    lib.hal_time_init()
    assert (gps_us(), lib.hal_time_quality()) == (1_000_000, UNSET)


def test_first_edge_with_a_message_sets_the_time() -> None:
    second(GPS_S)
    assert gps_us() == GPS_S * 1_000_000
    assert lib.hal_time_quality() == SET
    assert lib.hal_time_steps() == 1
    assert lib.hal_time_last_step_ms() == 2**31 - 1  # clipped
    advance_us(250_001)
    assert gps_us() == GPS_S * 1_000_000 + 250_001


def test_an_edge_without_a_message_changes_nothing() -> None:
    advance_ms(700)
    edge("P")
    assert (gps_us(), lib.hal_time_quality()) == (700_000, UNSET)


def test_a_message_is_good_for_one_edge() -> None:
    second(GPS_S)
    advance_ms(900)  # the message is 1.4 s old: its age would not refuse it
    edge("P")
    assert gps_us() == GPS_S * 1_000_000 + 900_000
    assert lib.hal_time_steps() == 1


def test_a_message_is_good_for_one_and_a_half_seconds() -> None:
    lib.hal_time_message(GPS_S)
    advance_us(1_500_001)
    edge("P")
    assert lib.hal_time_quality() == UNSET
    lib.hal_time_message(GPS_S)
    advance_us(1_500_000)
    edge("P")
    assert lib.hal_time_quality() == SET


def test_disciplined_after_three_consecutive_edges() -> None:
    qualities = []
    for n in range(4):
        second(GPS_S + n)
        qualities.append(lib.hal_time_quality())
    assert qualities == [SET, SET, DISCIPLINED, DISCIPLINED]


def test_a_missing_message_starts_the_count_anew() -> None:
    second(GPS_S)
    second(GPS_S + 1)
    advance_ms(1000)
    edge("P")
    second(GPS_S + 3)
    second(GPS_S + 4)
    assert lib.hal_time_quality() == SET
    second(GPS_S + 5)
    assert lib.hal_time_quality() == DISCIPLINED


def test_falls_back_to_set_after_ten_seconds_without_a_disciplined_edge() -> None:
    for n in range(3):
        second(GPS_S + n)
    advance_ms(10_000)
    assert lib.hal_time_quality() == DISCIPLINED
    advance_us(1)
    assert lib.hal_time_quality() == SET
    second(GPS_S + 13, late_us=-1)
    assert lib.hal_time_quality() == SET
    second(GPS_S + 14)
    second(GPS_S + 15)
    assert lib.hal_time_quality() == DISCIPLINED


def test_the_fall_back_is_noticed_at_an_edge_too() -> None:
    for n in range(3):
        second(GPS_S + n)
    advance_ms(10_500)
    second(GPS_S + 14, late_us=500_000)
    assert lib.hal_time_steps() == 1
    assert lib.hal_time_quality() == SET


@given(st.integers(-5, 5), st.integers(-400_000, 400_000))
def test_an_error_beyond_ten_milliseconds_is_a_step(jump_s: int, late_us: int) -> None:
    error_us = jump_s * 1_000_000 - late_us
    assume(abs(error_us) > STEP_US)
    hal_board.power_on()
    for n in range(3):
        second(GPS_S + n)
    second(GPS_S + 3 + jump_s, late_us=late_us)
    seconds = 3
    if abs(error_us) > DOUBTED_STEP_US:
        assert gps_us() == (GPS_S + 3) * 1_000_000 + late_us
        assert lib.hal_time_steps() == 1
        seconds = 4
        second(GPS_S + 4 + jump_s)
    assert gps_us() == (GPS_S + seconds + jump_s) * 1_000_000
    assert lib.hal_time_last_step_ms() == int(error_us / 1000)
    assert lib.hal_time_steps() == 2
    assert lib.hal_time_quality() == SET


YEAR_S = 365 * 86400


def disciplined() -> None:
    for n in range(3):
        second(GPS_S + n)


def test_one_wrong_message_does_not_move_a_clock_that_is_set() -> None:
    disciplined()
    second(GPS_S + 3 + YEAR_S)
    assert gps_us() == (GPS_S + 3) * 1_000_000
    second(GPS_S + 4)
    assert gps_us() == (GPS_S + 4) * 1_000_000
    assert lib.hal_time_steps() == 1


def test_two_wrong_messages_that_do_not_agree_do_not_either() -> None:
    disciplined()
    for n, wrong_s in enumerate((YEAR_S, YEAR_S + 1, -YEAR_S, YEAR_S), 3):
        second(GPS_S + n + wrong_s)
        assert gps_us() == (GPS_S + n) * 1_000_000
    assert lib.hal_time_steps() == 1


@pytest.mark.parametrize("between", ["a right message", "no message"])
def test_the_second_message_follows_the_first_at_once(between: str) -> None:
    disciplined()
    second(GPS_S + 3 + YEAR_S)
    if between == "no message":
        advance_ms(1000)
        edge("P")
    else:
        second(GPS_S + 4)
    second(GPS_S + 5 + YEAR_S)
    assert gps_us() == (GPS_S + 5) * 1_000_000
    second(GPS_S + 6 + YEAR_S)
    assert gps_us() == (GPS_S + 6 + YEAR_S) * 1_000_000
    assert lib.hal_time_steps() == 2
    assert lib.hal_time_quality() == SET


@given(st.lists(st.integers(-STEP_US // 2, STEP_US // 2), min_size=1, max_size=20))
def test_small_corrections_are_spread_and_time_never_runs_backwards(late_us: list[int]) -> None:
    hal_board.power_on()
    second(GPS_S)
    last = gps_us()
    phase_us = 0
    for n, late in enumerate(late_us, 1):
        advance_us(500_000)
        lib.hal_time_message(GPS_S + n)
        for _ in range(100):
            advance_us((500_000 + late - phase_us) // 100)
            assert gps_us() >= last
            last = gps_us()
        advance_us((500_000 + late - phase_us) % 100)
        edge("P")
        assert gps_us() >= last
        last = gps_us()
        phase_us = late
    for _ in range(300):
        advance_us(10_000)
        assert gps_us() >= last
        last = gps_us()
    assert lib.hal_time_steps() == 1
    assert gps_us() == (GPS_S + len(late_us) + 3) * 1_000_000


def test_a_drifting_oscillator_is_held_within_its_drift() -> None:
    """50 ppm fast: each second the clock is 50 us ahead at the edge, and never more."""
    second(GPS_S)
    for n in range(1, 200):
        second(GPS_S + n, late_us=50)
        assert abs(gps_us() - (GPS_S + n) * 1_000_000) <= 50
    assert lib.hal_time_quality() == DISCIPLINED
    assert lib.hal_time_steps() == 1


def test_time_since_the_last_edge() -> None:
    assert lib.hal_time_since_pps_us() == 2**64 - 1
    edge("P")
    advance_us(12_345)
    assert lib.hal_time_since_pps_us() == 12_345
    assert lib.hal_discrete_pps_count() == 1


def test_the_largest_second_fits() -> None:
    second(2**32 - 1)
    assert to_cuc(gps_us()) == b"\xff\xff\xff\xff\0\0\0"


def test_interrupts_are_on_again_after_every_call() -> None:
    second(GPS_S)
    for call in (lib.hal_time_gps_us, lib.hal_time_quality, lib.hal_time_steps, lib.hal_time_since_pps_us):
        call()
        assert lib.test_board_interrupts_off() == 0
