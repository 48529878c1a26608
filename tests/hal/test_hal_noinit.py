"""No-init record over warm resets, power-on and upsets."""

import pytest

from tests.hal import hal_board
from tests.hal.hal_board import ffi, lib

PROTECTED_OCTETS = (*range(12), *range(16, 20))  # magic, boot count, cause; CRC


def boot(cause: int) -> tuple[int, int]:
    lib.test_board_warm_reset(cause)
    lib.hal_init(hal_board.SPACECRAFT_ID, True)
    return lib.hal_noinit_boot_count(), lib.hal_noinit_reset_cause()


def test_power_on_starts_the_record() -> None:
    assert (lib.hal_noinit_boot_count(), lib.hal_noinit_reset_cause()) == (1, lib.HAL_RESET_POWER_ON)


def test_warm_resets_count_and_tell_their_cause() -> None:
    causes = (lib.HAL_RESET_WATCHDOG, lib.HAL_RESET_COMMANDED, lib.HAL_RESET_SOFTWARE_FAULT)
    assert [boot(cause) for cause in causes] == [(n, cause) for n, cause in enumerate(causes, 2)]


@pytest.mark.parametrize("offset", PROTECTED_OCTETS)
@pytest.mark.parametrize("bit", [0, 7])
def test_an_upset_record_reads_as_power_on(offset: int, bit: int) -> None:
    boot(lib.HAL_RESET_COMMANDED)
    lib.test_board_flip_noinit(offset, 1 << bit)
    assert boot(lib.HAL_RESET_WATCHDOG) == (1, lib.HAL_RESET_POWER_ON)
    assert boot(lib.HAL_RESET_WATCHDOG) == (2, lib.HAL_RESET_WATCHDOG)


def last_crash() -> tuple[int, int] | None:
    fault, activity = ffi.new("uint32_t *"), ffi.new("uint32_t *")
    if not lib.hal_noinit_last_crash(fault, activity):
        return None
    return int(fault[0]), int(activity[0])


def test_a_power_on_knows_of_no_crash() -> None:
    assert last_crash() is None


def test_the_next_boot_knows_what_was_worked_on() -> None:
    lib.hal_noinit_note_activity(7)
    boot(lib.HAL_RESET_WATCHDOG)
    assert last_crash() == (0, 7)
    boot(lib.HAL_RESET_WATCHDOG)
    assert last_crash() == (0, 0), "of the last time only"


def test_the_next_boot_knows_the_fault_and_where_it_was() -> None:
    lib.hal_noinit_note_crash(2, 11)
    lib.hal_noinit_note_activity(12)
    boot(lib.HAL_RESET_SOFTWARE_FAULT)
    assert last_crash() == (2, 11)


@pytest.mark.parametrize("offset", range(20, 36))
def test_an_upset_crash_is_not_told(offset: int) -> None:
    lib.hal_noinit_note_crash(2, 11)
    lib.test_board_flip_noinit(offset, 4)
    assert boot(lib.HAL_RESET_WATCHDOG) == (2, lib.HAL_RESET_WATCHDOG)
    assert last_crash() is None
