"""Errors of the processor's memory: the corrected are counted, an uncorrectable one resets with transmission off."""

import pytest

from tests.hal import hal_board
from tests.hal.hal_board import edge, lib

CAUSE = lib.HAL_RESET_UNCORRECTABLE_MEMORY


def transmitting() -> None:
    lib.hal_guard_heartbeat()
    assert lib.hal_guard_permit(1000)
    assert lib.hal_guard_transmit(True)


def test_corrected_errors_are_counted_and_touch_nothing() -> None:
    transmitting()
    for _ in range(3):
        edge("m")
    assert lib.hal_memory_corrected_errors() == 3
    assert lib.hal_guard_transmitting() and lib.hal_discrete_unknown_edges() == 0
    lib.hal_pool_refresh()
    assert lib.hal_pool_get(lib.POOL_PROCESSOR_ERRORS_CORRECTED) == 3
    hal_board.power_on()
    assert lib.hal_memory_corrected_errors() == 0


@pytest.mark.parametrize("wrong", [False, True], ids=["the guard's state is good", "it is what became wrong"])
def test_an_uncorrectable_error_drops_transmission_and_resets_at_once(wrong: bool) -> None:
    transmitting()
    if wrong:
        lib.test_board_flip_guard(2, False, 1)
    assert lib.test_board_edge_that_resets(ord("M")) == CAUSE
    assert not lib.test_board_transmit_enable()
    lib.test_board_warm_reset(CAUSE)
    lib.hal_init(hal_board.SPACECRAFT_ID, True)
    assert (lib.hal_noinit_reset_cause(), lib.hal_noinit_boot_count()) == (CAUSE, 2)
    assert (lib.hal_guard_trips(), lib.hal_guard_last_reason()) == (1, lib.HAL_GUARD_RESET), "the boot is told"
