"""Monitors against a model written from payload.md: consecutive fresh samples, modes, staleness."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hal import hal_board
from tests.hal.hal_board import advance_ms, ffi, lib, now_us

WITHIN, WARNING, TRIP = lib.HAL_MONITOR_WITHIN, lib.HAL_MONITOR_WARNING, lib.HAL_MONITOR_TRIP
MONITORS = range(lib.hal_monitor_count)


def entry(monitor: int) -> Any:
    return lib.hal_monitors[monitor]


def mode_of(monitor: int) -> int:
    """A mode the monitor applies in."""
    modes = int(entry(monitor).modes)
    return (modes & -modes).bit_length() - 1


def meet_condition(monitor: int) -> None:
    condition = entry(monitor).condition
    if condition != lib.HAL_MONITOR_UNCONDITIONAL:
        lib.hal_pool_set(condition, 1, now_us())


def sweep(monitor: int, mode: int | None = None) -> None:
    lib.hal_monitor_sweep(entry(monitor).instrument, mode_of(monitor) if mode is None else mode, now_us())


def sample(monitor: int, value: int) -> int:
    meet_condition(monitor)
    assert lib.hal_pool_set(entry(monitor).parameter, value, now_us())
    sweep(monitor)
    return int(lib.hal_monitor_state(monitor))


def changes() -> dict[int, int]:
    state = ffi.new("hal_monitor_state_t *")
    found = {}
    while (monitor := lib.hal_monitor_changed(state)) >= 0:
        found[monitor] = state[0]
    return found


def clear_others(monitor: int) -> None:
    """Valid values within every other monitor's limits, so that only this one speaks."""
    for other in MONITORS:
        if entry(other).parameter != entry(monitor).parameter:
            lib.hal_pool_set(entry(other).parameter, inside(other), now_us())


@dataclass
class Limits:
    low: int | None
    high: int | None

    def beyond(self, value: int) -> bool:
        return (self.low is not None and value < self.low) or (self.high is not None and value > self.high)


def limits(monitor: int, kind: str) -> Limits:
    bits = entry(monitor).limits
    low_bit, high_bit = {"warning": (1, 2), "trip": (4, 8)}[kind]
    return Limits(
        getattr(entry(monitor), f"{kind}_low") if bits & low_bit else None,
        getattr(entry(monitor), f"{kind}_high") if bits & high_bit else None,
    )


def edges(monitor: int) -> list[int]:
    """Values on and next to every limit the parameter's type can hold."""
    type_ = lib.hal_pool_table[entry(monitor).parameter].type
    values = {0}
    for kind in ("warning", "trip"):
        for limit in (limits(monitor, kind).low, limits(monitor, kind).high):
            if limit is not None:
                values |= {limit - 1, limit, limit + 1}
    return sorted(value for value in values if lib.hal_type_fits(type_, value))


def inside(monitor: int) -> int:
    return next(
        value
        for value in edges(monitor)
        if not limits(monitor, "warning").beyond(value) and not limits(monitor, "trip").beyond(value)
    )


def beyond_trip(monitor: int) -> int:
    return next(value for value in edges(monitor) if limits(monitor, "trip").beyond(value))


def test_every_monitor_is_swept() -> None:
    assert 0 < lib.hal_monitor_count <= lib.HAL_MONITORS_LARGEST_COUNT


@given(st.data())
def test_samples_against_the_model(data: st.DataObject) -> None:
    hal_board.power_on()
    monitor = data.draw(st.sampled_from(MONITORS))
    warning, trip = limits(monitor, "warning"), limits(monitor, "trip")
    count, state = 0, WITHIN
    for value in data.draw(st.lists(st.sampled_from(edges(monitor)), max_size=20)):
        if trip.beyond(value):
            count += 1
            if count >= entry(monitor).samples:
                state = TRIP
            elif warning.beyond(value) and state == WITHIN:
                state = WARNING
        else:
            count = 0
            state = WARNING if warning.beyond(value) else WITHIN
        assert sample(monitor, value) == state


@pytest.mark.parametrize("monitor", MONITORS)
def test_only_fresh_samples_count(monitor: int) -> None:
    before = sample(monitor, beyond_trip(monitor))
    for _ in range(10):
        sweep(monitor)
    assert lib.hal_monitor_state(monitor) == before
    for _ in range(entry(monitor).samples - 1):
        sample(monitor, beyond_trip(monitor))
    assert lib.hal_monitor_state(monitor) == TRIP


@pytest.mark.parametrize("monitor", MONITORS)
def test_a_change_is_told_once(monitor: int) -> None:
    clear_others(monitor)
    for _ in range(entry(monitor).samples):
        sample(monitor, beyond_trip(monitor))
    assert changes()[monitor] == TRIP
    sample(monitor, beyond_trip(monitor))
    assert monitor not in changes()
    sample(monitor, inside(monitor))
    assert changes()[monitor] == WITHIN


@pytest.mark.parametrize("monitor", MONITORS)
def test_a_monitor_that_does_not_apply_is_reset_in_silence(monitor: int) -> None:
    for _ in range(entry(monitor).samples):
        sample(monitor, beyond_trip(monitor))
    changes()
    sweep(monitor, mode=0 if not entry(monitor).modes & 1 else 31)
    assert lib.hal_monitor_state(monitor) == WITHIN
    assert monitor not in changes()
    sweep(monitor)
    if not entry(monitor).limits & lib.HAL_MONITOR_STALE_TRIPS:
        assert lib.hal_monitor_state(monitor) == WITHIN


@pytest.mark.parametrize("monitor", MONITORS)
def test_a_sample_is_looked_at_without_a_sweep(monitor: int) -> None:
    """For a mode that is not swept: by the limits of another."""
    mode = mode_of(monitor)
    is_event_only = bool(entry(monitor).limits & lib.HAL_MONITOR_EVENT_ONLY)
    meet_condition(monitor)
    for value in edges(monitor):
        assert lib.hal_pool_set(entry(monitor).parameter, value, now_us())
        expected = limits(monitor, "trip").beyond(value) and not is_event_only
        assert lib.hal_monitor_would_trip(monitor, mode, now_us()) == expected
        assert lib.hal_monitor_state(monitor) == WITHIN
        for other in range(33):
            if other == 32 or not entry(monitor).modes >> other & 1:
                assert not lib.hal_monitor_would_trip(monitor, other, now_us())
    lib.hal_pool_set(entry(monitor).parameter, beyond_trip(monitor), now_us())
    advance_ms(fresh_ms_of(monitor) + 1)
    meet_condition(monitor)
    is_stale = fresh_ms_of(monitor) != 0
    assert lib.hal_monitor_would_trip(monitor, mode, now_us()) == (not is_stale and not is_event_only)
    assert not lib.hal_monitor_would_trip(lib.hal_monitor_count, mode, now_us())


@pytest.mark.parametrize("monitor", MONITORS)
def test_a_limit_is_unknown_without_a_fresh_sample(monitor: int) -> None:
    """In the modes in which it applies, and of a monitor that does more than tell."""
    mode = mode_of(monitor)
    acts = not entry(monitor).limits & lib.HAL_MONITOR_EVENT_ONLY
    fresh_ms = fresh_ms_of(monitor)
    for is_known in (False, True, fresh_ms == 0):
        if is_known:
            assert lib.hal_pool_set(entry(monitor).parameter, inside(monitor), now_us())
        else:
            advance_ms(fresh_ms + 1)
        meet_condition(monitor)
        for other in range(33):
            applies = other < 32 and bool(entry(monitor).modes >> other & 1)
            expected = acts and applies and not is_known
            assert lib.hal_monitor_is_unknown(monitor, other, now_us()) == expected
    assert not lib.hal_monitor_is_unknown(lib.hal_monitor_count, mode, now_us())


@pytest.mark.parametrize("monitor", MONITORS)
def test_another_instruments_sweep_leaves_it_alone(monitor: int) -> None:
    meet_condition(monitor)
    for _ in range(5):
        lib.hal_pool_set(entry(monitor).parameter, beyond_trip(monitor), now_us())
        lib.hal_monitor_sweep(3 - entry(monitor).instrument, mode_of(monitor), now_us())
    assert lib.hal_monitor_state(monitor) == WITHIN


def fresh_ms_of(monitor: int) -> int:
    """0: the parameter never ages."""
    return int(lib.hal_pool_table[entry(monitor).parameter].fresh_ms)


STALE = [monitor for monitor in MONITORS if entry(monitor).limits & lib.HAL_MONITOR_STALE_TRIPS]


@pytest.mark.parametrize("monitor", [monitor for monitor in MONITORS if fresh_ms_of(monitor)])
def test_a_stale_parameter_trips_where_the_dictionary_says_so(monitor: int) -> None:
    sample(monitor, inside(monitor))
    fresh_ms = fresh_ms_of(monitor)
    advance_ms(fresh_ms)
    meet_condition(monitor)
    sweep(monitor)
    assert lib.hal_monitor_state(monitor) == WITHIN
    advance_ms(1)
    meet_condition(monitor)
    sweep(monitor)
    assert lib.hal_monitor_state(monitor) == (TRIP if monitor in STALE else WITHIN)
    assert STALE and all(fresh_ms_of(each) for each in STALE)


CONDITIONAL = [monitor for monitor in MONITORS if entry(monitor).condition != lib.HAL_MONITOR_UNCONDITIONAL]


@pytest.mark.parametrize("monitor", CONDITIONAL)
def test_a_condition_that_is_not_met(monitor: int) -> None:
    lib.hal_pool_set(entry(monitor).condition, 0, now_us())
    for _ in range(5):
        lib.hal_pool_set(entry(monitor).parameter, beyond_trip(monitor), now_us())
        sweep(monitor)
    assert lib.hal_monitor_state(monitor) == WITHIN


@pytest.mark.parametrize("monitor", CONDITIONAL)
@pytest.mark.parametrize("is_stale", [False, True])
def test_a_condition_that_is_not_known_is_not_met(monitor: int, is_stale: bool) -> None:
    assert sample(monitor, inside(monitor)) == WITHIN
    lib.hal_pool_invalidate(entry(monitor).condition, 1)
    assert lib.hal_pool_get(entry(monitor).condition) == 1, "what it was is still there"
    if is_stale:
        advance_ms(fresh_ms_of(monitor) + 1)
    for _ in range(5):
        if not is_stale:
            lib.hal_pool_set(entry(monitor).parameter, beyond_trip(monitor), now_us())
        sweep(monitor)
    assert lib.hal_monitor_state(monitor) == WITHIN


def test_an_unknown_monitor_or_mode() -> None:
    assert lib.hal_monitor_state(lib.hal_monitor_count) == WITHIN
    lib.hal_monitor_sweep(1, 32, now_us())
    lib.hal_monitor_sweep(1, 2**32 - 1, now_us())
