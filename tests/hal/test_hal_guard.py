"""Transmit guard: a state machine that tries everything, and each condition on its own."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.hal import hal_board
from tests.hal.hal_board import advance_ms, advance_us, edge, lib, now_us

HEARTBEAT_US = lib.TRANSMIT_GUARD_HEARTBEAT_TIMEOUT_MS * 1000
LONGEST_MS = lib.TRANSMIT_GUARD_LONGEST_PERMIT_MS
DROP_US = 10_000  # payload.md: transmitter off within 10 ms


def enabled() -> bool:
    """The level on the discrete itself."""
    return bool(lib.test_board_transmit_enable())


def transmitting(limit_ms: int = LONGEST_MS) -> None:
    lib.hal_guard_heartbeat()
    assert lib.hal_guard_permit(limit_ms)
    assert lib.hal_guard_transmit(True)
    assert enabled()


class GuardMachine(RuleBasedStateMachine):
    """A model of what the guard promises. Between a failed condition and 10 ms later either level
    is allowed; after that only off."""

    def __init__(self) -> None:
        super().__init__()
        hal_board.power_on()
        self.permit = False
        self.limit_us = 0
        self.limit_given_us = 0
        self.on = False
        self.on_since_us = 0
        self.heartbeat_us = 0
        self.alarm = False
        self.trips = 0

    def fresh(self) -> bool:
        return now_us() - self.heartbeat_us <= HEARTBEAT_US

    def failed_at_us(self) -> int:
        """When the present transmission must end, if nothing else happens."""
        # A permit given during a transmission may be shorter than what has passed.
        limit_ends_us = max(self.on_since_us + self.limit_us, self.limit_given_us)
        return min(self.heartbeat_us + HEARTBEAT_US, limit_ends_us)

    def tripped(self) -> None:
        self.on = self.permit = False
        self.trips += 1

    @rule(duration_us=st.one_of(st.integers(1, 3_000), st.integers(1, 2 * HEARTBEAT_US)))
    def advance(self, duration_us: int) -> None:
        advance_us(duration_us)
        if not self.on:
            return
        if now_us() < self.failed_at_us():
            assert enabled()
        elif now_us() >= self.failed_at_us() + DROP_US:
            assert not enabled()
        if not enabled():
            assert lib.test_board_transmit_off_us() >= self.failed_at_us()
            assert lib.test_board_transmit_off_us() <= self.failed_at_us() + DROP_US
            self.tripped()

    @rule()
    def heartbeat(self) -> None:
        if self.on and now_us() >= self.failed_at_us():
            return
        lib.hal_guard_heartbeat()
        self.heartbeat_us = now_us()

    @rule(limit_ms=st.one_of(st.integers(0, 5), st.integers(0, 2**32 - 1), st.integers(100, 2000)))
    def give_permit(self, limit_ms: int) -> None:
        if self.on and now_us() >= self.failed_at_us():
            return
        granted = lib.hal_guard_permit(limit_ms)
        assert granted == (limit_ms > 0 and not self.alarm)
        self.permit = granted
        self.limit_us = min(limit_ms, LONGEST_MS) * 1000 if granted else 0
        self.limit_given_us = now_us()
        if not granted:
            self.on = False

    @rule()
    def inhibit(self) -> None:
        lib.hal_guard_inhibit()
        self.on = self.permit = False
        self.limit_us = 0

    @rule()
    def ask_for_transmission(self) -> None:
        if self.on and now_us() >= self.failed_at_us():
            return
        allowed = self.on or (self.permit and self.fresh())
        assert lib.hal_guard_transmit(True) == allowed
        if allowed and not self.on:
            self.on, self.on_since_us = True, now_us()

    @rule()
    def end_transmission(self) -> None:
        if self.on and now_us() >= self.failed_at_us():
            return
        assert lib.hal_guard_transmit(False)
        self.on = False

    @rule()
    def raise_alarm(self) -> None:
        edge("A")
        self.alarm = True
        if self.permit:
            self.tripped()

    @precondition(lambda self: self.alarm)
    @rule()
    def clear_alarm(self) -> None:
        edge("a")
        self.alarm = False

    @rule(word=st.integers(0, lib.test_board_guard_words() - 1), complement=st.booleans(), bit=st.integers(0, 31))
    def upset(self, word: int, complement: bool, bit: int) -> None:
        lib.test_board_flip_guard(word, complement, 1 << bit)
        corrupted_us = now_us()
        advance_us(2000)
        assert not enabled()
        assert lib.test_board_transmit_off_us() <= corrupted_us + DROP_US
        assert lib.hal_guard_last_reason() == lib.HAL_GUARD_CORRUPT_STATE
        self.tripped()
        self.heartbeat_us = 0

    @invariant()
    def never_on_without_every_condition(self) -> None:
        if enabled():
            assert self.permit
            assert not self.alarm
            assert now_us() <= self.failed_at_us() + DROP_US

    @invariant()
    def what_is_told_is_what_is(self) -> None:
        assert lib.hal_guard_transmitting() == enabled()
        assert enabled() == self.on or (self.on and now_us() >= self.failed_at_us())
        assert lib.hal_guard_permitted() == self.permit
        assert lib.hal_guard_trips() == self.trips
        assert lib.test_board_interrupts_off() == 0
        assert lib.test_board_unmasked_drives() == 0


TestGuardMachine = GuardMachine.TestCase
TestGuardMachine.settings = settings(
    max_examples=20 if hal_board.SANITIZED else 200, stateful_step_count=40, deadline=None
)


def test_off_at_power_on_and_without_a_permit() -> None:
    assert not enabled()
    lib.hal_guard_heartbeat()
    assert not lib.hal_guard_transmit(True)
    assert not enabled()


def test_the_timer_may_come_before_the_application() -> None:
    lib.test_board_power_on()
    lib.test_board_advance_to(5000)
    assert lib.hal_guard_trips() == 0


def test_a_hung_application_is_off_within_ten_milliseconds_of_the_timeout() -> None:
    transmitting()
    advance_us(HEARTBEAT_US)
    assert enabled()
    advance_us(DROP_US)
    assert not enabled()
    assert lib.hal_guard_last_reason() == lib.HAL_GUARD_HEARTBEAT
    assert not lib.hal_guard_permitted()


def test_the_take_limit_ends_a_transmission_that_is_otherwise_healthy() -> None:
    transmitting(limit_ms=1000)
    for _ in range(9):
        advance_ms(100)
        lib.hal_guard_heartbeat()
        assert enabled()
    advance_ms(110)
    assert not enabled()
    assert lib.hal_guard_last_reason() == lib.HAL_GUARD_PERMIT_TIME


def test_asking_again_does_not_prolong() -> None:
    transmitting(limit_ms=1000)
    for _ in range(11):
        advance_ms(100)
        lib.hal_guard_heartbeat()
        lib.hal_guard_transmit(True)
    assert not enabled()


def test_a_permit_is_capped_by_the_dictionary() -> None:
    transmitting(limit_ms=2**32 - 1)
    for _ in range(LONGEST_MS // 100):
        advance_ms(100)
        lib.hal_guard_heartbeat()
    assert not enabled()


def test_the_alarm_acts_at_once_without_the_timer() -> None:
    lib.test_board_set_timer(False)
    transmitting()
    edge("A")
    assert not enabled()
    assert lib.hal_guard_last_reason() == lib.HAL_GUARD_ALARM
    assert not lib.hal_guard_permit(1000)
    edge("a")
    assert not lib.hal_guard_permitted()
    assert lib.hal_guard_permit(1000)


def test_a_permit_that_is_refused_takes_the_former_back() -> None:
    transmitting()
    assert not lib.hal_guard_permit(0)
    assert not enabled() and not lib.hal_guard_permitted()


CALLS = {
    "heartbeat": lib.hal_guard_heartbeat,
    "permit": lambda: lib.hal_guard_permit(1000),
    "transmit": lambda: lib.hal_guard_transmit(True),
    "inhibit": lib.hal_guard_inhibit,
    "tick": lambda: lib.hal_guard_tick(now_us()),
    "init": lib.hal_guard_init,
}


@pytest.mark.parametrize("call", ["heartbeat", "permit", "transmit"])
def test_what_comes_too_late_does_not_save_a_transmission_before_the_next_tick(call: str) -> None:
    lib.test_board_set_timer(False)
    transmitting()
    advance_us(HEARTBEAT_US + 1)
    CALLS[call]()
    assert not enabled()
    assert (lib.hal_guard_trips(), lib.hal_guard_last_reason()) == (1, lib.HAL_GUARD_HEARTBEAT)


@pytest.mark.parametrize("call", CALLS)
def test_transmit_enable_is_driven_with_interrupts_disabled(call: str) -> None:
    lib.test_board_set_timer(False)
    transmitting()
    advance_us(HEARTBEAT_US + 1)
    CALLS[call]()
    assert not enabled()
    assert lib.test_board_unmasked_drives() == 0


def test_no_transmission_begins_with_an_old_heartbeat() -> None:
    lib.hal_guard_heartbeat()
    assert lib.hal_guard_permit(1000)
    advance_us(HEARTBEAT_US + 1)
    assert not lib.hal_guard_transmit(True)
    assert not enabled() and lib.hal_guard_permitted()


def test_inhibit_is_not_a_trip() -> None:
    transmitting()
    lib.hal_guard_inhibit()
    assert not enabled()
    assert (lib.hal_guard_trips(), lib.hal_guard_last_reason()) == (0, lib.HAL_GUARD_NONE)


def test_a_tick_with_a_time_read_before_the_heartbeat_is_no_trip() -> None:
    advance_ms(1000)
    read_before_us = now_us()
    advance_us(50)
    transmitting()
    lib.hal_guard_tick(read_before_us)
    assert enabled()


@pytest.mark.parametrize("cause", ["WATCHDOG", "COMMANDED", "SOFTWARE_FAULT"])
def test_a_reset_drops_transmission_and_is_told(cause: str) -> None:
    transmitting()
    lib.hal_guard_heartbeat()
    lib.test_board_warm_reset(getattr(lib, f"HAL_RESET_{cause}"))
    lib.hal_init(hal_board.SPACECRAFT_ID, True)
    assert not enabled()
    assert not lib.hal_guard_permitted()
    assert (lib.hal_guard_trips(), lib.hal_guard_last_reason()) == (1, lib.HAL_GUARD_RESET)
    lib.test_board_warm_reset(lib.HAL_RESET_COMMANDED)
    lib.hal_init(hal_board.SPACECRAFT_ID, True)
    assert lib.hal_guard_trips() == 0


def reset_by_the_watchdog() -> None:
    lib.test_board_warm_reset(lib.HAL_RESET_WATCHDOG)
    lib.hal_init(hal_board.SPACECRAFT_ID, True)


def test_a_hang_that_is_reset_is_told_though_transmission_was_cut_before() -> None:
    transmitting()
    advance_us(HEARTBEAT_US + DROP_US)
    assert not enabled()
    reset_by_the_watchdog()
    assert (lib.hal_guard_trips(), lib.hal_guard_last_reason()) == (1, lib.HAL_GUARD_RESET)


def test_a_trip_that_the_application_lived_to_see_is_not_told_again_after_a_reset() -> None:
    transmitting()
    advance_us(HEARTBEAT_US + DROP_US)
    lib.hal_guard_heartbeat()
    reset_by_the_watchdog()
    assert lib.hal_guard_trips() == 0


def test_a_read_of_corrupt_state_errs_to_the_safe_side() -> None:
    lib.test_board_set_timer(False)
    lib.hal_guard_heartbeat()
    lib.test_board_flip_guard(0, False, 1)
    assert not lib.hal_guard_permitted()
    assert not lib.hal_guard_transmit(True)
    assert not enabled()
    assert lib.hal_guard_last_reason() == lib.HAL_GUARD_CORRUPT_STATE


@pytest.mark.parametrize("complement", [False, True])
def test_a_level_that_one_copy_shows_is_taken_for_on_and_a_permit_for_none(complement: bool) -> None:
    lib.test_board_set_timer(False)
    lib.test_board_flip_guard(1, complement, 1)
    assert lib.hal_guard_transmitting()
    lib.test_board_flip_guard(0, complement, 1)
    assert not lib.hal_guard_permitted()


@pytest.mark.parametrize("complement", [False, True])
@pytest.mark.parametrize("word", range(lib.test_board_guard_words()))
def test_an_upset_of_any_word_ends_a_transmission(word: int, complement: bool) -> None:
    transmitting()
    lib.test_board_flip_guard(word, complement, 1 << 20)
    advance_us(2000)
    assert not enabled()
    assert lib.hal_guard_last_reason() == lib.HAL_GUARD_CORRUPT_STATE


def test_inhibit_tells_a_corrupt_state_that_it_overwrites() -> None:
    lib.test_board_flip_guard(0, False, 1)
    lib.hal_guard_inhibit()
    assert (lib.hal_guard_trips(), lib.hal_guard_last_reason()) == (1, lib.HAL_GUARD_CORRUPT_STATE)


def test_a_permit_that_two_upsets_make_has_no_time() -> None:
    transmitting()
    lib.hal_guard_inhibit()
    lib.test_board_flip_guard(0, False, 1)
    lib.test_board_flip_guard(0, True, 1)
    lib.hal_guard_transmit(True)
    advance_us(2000)
    assert not enabled()
    assert lib.hal_guard_last_reason() == lib.HAL_GUARD_PERMIT_TIME
