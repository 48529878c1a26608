"""Flash contract: NOR semantics against a model, busy times, refusals."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.hal import hal_board
from tests.hal.hal_board import advance_us, ffi, lib

SIZE = lib.hal_flash_size()
PAGE, SECTOR = lib.HAL_FLASH_PAGE_OCTETS, lib.HAL_FLASH_SECTOR_OCTETS
OK, BUSY, RANGE, NOT_ERASED = lib.HAL_FLASH_OK, lib.HAL_FLASH_BUSY, lib.HAL_FLASH_RANGE, lib.HAL_FLASH_NOT_ERASED


def read(address: int, octets: int) -> tuple[int, bytes]:
    data = ffi.new("uint8_t[]", max(octets, 1))
    return lib.hal_flash_read(address, data, octets), bytes(ffi.buffer(data, octets))


def program(address: int, data: bytes) -> int:
    return int(lib.hal_flash_program(address, hal_board.octets_of(data), len(data)))


class FlashMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        hal_board.power_on()
        self.content = bytearray(b"\xff" * SIZE)
        self.busy_us = 0

    @rule(duration_us=st.sampled_from([100, 699, 700, 60_000]))
    def wait(self, duration_us: int) -> None:
        advance_us(duration_us)
        self.busy_us = max(self.busy_us - duration_us, 0)
        assert lib.hal_flash_busy() == (self.busy_us > 0)

    @rule(address=st.integers(0, 2 * PAGE), octets=st.integers(1, 2 * PAGE))
    def read_back(self, address: int, octets: int) -> None:
        result, data = read(address, octets)
        assert result == (BUSY if self.busy_us else OK)
        if not self.busy_us:
            assert data == self.content[address : address + octets]

    @rule(address=st.integers(0, 2 * PAGE), data=st.one_of(st.binary(max_size=40), st.just(bytes(PAGE))))
    def program_some(self, address: int, data: bytes) -> None:
        present = self.content[address : address + len(data)]
        if not data or address % PAGE + len(data) > PAGE:
            expected = RANGE
        elif self.busy_us:
            expected = BUSY
        elif any(new & ~old for new, old in zip(data, present, strict=True)):
            expected = NOT_ERASED
        else:
            expected = OK
        assert program(address, data) == expected
        if expected == OK:
            self.content[address : address + len(data)] = data
            self.busy_us = lib.HAL_FLASH_PROGRAM_US

    @precondition(lambda self: self.busy_us == 0)
    @rule()
    def erase(self) -> None:
        assert lib.hal_flash_erase(0) == OK
        self.content[:SECTOR] = b"\xff" * SECTOR
        self.busy_us = lib.HAL_FLASH_ERASE_US

    @precondition(lambda self: self.busy_us > 0)
    @rule()
    def erase_while_busy(self) -> None:
        assert lib.hal_flash_erase(0) == BUSY


TestFlashMachine = FlashMachine.TestCase
TestFlashMachine.settings = settings(
    max_examples=20 if hal_board.SANITIZED else 60, stateful_step_count=30, deadline=None
)


@pytest.mark.parametrize(
    ("address", "octets"), [(SIZE, 1), (SIZE - 1, 2), (2**32 - 1, 1), (0, SIZE + 1), (2**32 - 4, 8), (0, 0)]
)
def test_reads_outside_the_flash(address: int, octets: int) -> None:
    assert read(address, octets)[0] == RANGE


@pytest.mark.parametrize("address", [1, SECTOR - 1, PAGE, SIZE, SIZE - PAGE, 2**32 - SECTOR])
def test_erase_takes_a_sectors_start(address: int) -> None:
    assert lib.hal_flash_erase(address) == RANGE


@pytest.mark.parametrize(("address", "octets"), [(PAGE - 1, 2), (0, PAGE + 1), (SIZE - 1, 2), (2**32 - 1, 1)])
def test_program_stays_in_a_page(address: int, octets: int) -> None:
    assert program(address, bytes(octets)) == RANGE


def test_no_erase_starts_while_transmit_is_enabled() -> None:
    lib.hal_guard_heartbeat()
    lib.hal_guard_permit(1000)
    lib.hal_guard_transmit(True)
    assert lib.hal_flash_erase(0) == lib.HAL_FLASH_TRANSMITTING
    assert not lib.hal_flash_busy()
    lib.hal_guard_transmit(False)
    assert lib.hal_flash_erase(0) == OK


def test_a_fault_of_the_part_is_told() -> None:
    lib.test_board_fail_flash(True)
    assert read(0, 1)[0] == lib.HAL_FLASH_FAULT
    assert program(0, b"\0") == lib.HAL_FLASH_FAULT
    assert lib.hal_flash_erase(0) == lib.HAL_FLASH_FAULT
