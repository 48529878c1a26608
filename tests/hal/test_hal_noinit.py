"""No-init record over warm resets, power-on and upsets."""

import pytest

from tests.hal import hal_board
from tests.hal.hal_board import lib

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
