"""The stores of records as the tests see them: puts, cycles, flash sectors, boots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.hal import hal_board
from tests.hal.hal_board import advance_ms, ffi, lib

SECTOR = lib.HAL_FLASH_SECTOR_OCTETS
COPY_A, COPY_B, JOURNAL = range(3)
CYCLE_MS = 100
SETTLED_WITHIN = 200  # cycles
SEEDS = (0, 1, 0xC0FFEE, 77)


@dataclass(frozen=True)
class Store:
    """One of the stores; what is left in flash of another is not touched."""

    number: int
    first: int
    places: int
    content: int
    cell: int

    @property
    def status(self) -> Any:
        return lib.hal_records_status(self.number)

    @property
    def cells(self) -> int:
        return int(SECTOR // self.cell)

    def sector(self, number: int) -> memoryview:
        flash = memoryview(ffi.buffer(lib.test_board_flash(), lib.test_board_flash_octets()))
        start = (self.first + number) * SECTOR
        return flash[start : start + SECTOR]

    def content_of(self, word: int) -> bytes:
        return word.to_bytes(4, "big") * (self.content // 4)

    def put(self, place: int, content: bytes) -> bool:
        return bool(lib.hal_records_put(self.number, place, hal_board.octets_of(content), len(content)))

    def pending(self) -> bool:
        return bool(lib.hal_records_pending(self.number))

    def lost(self) -> list[int]:
        return [place for place in range(self.places + 1) if lib.hal_records_lost(self.number, place)]

    def recovered(self) -> dict[int, bytes]:
        found = {}
        data = ffi.new("uint8_t[]", self.content)
        for place in range(self.places):
            if lib.hal_records_get(self.number, place, data, self.content):
                found[place] = bytes(ffi.buffer(data))
        return found

    def cycle(self) -> None:
        lib.hal_records_step(self.number)
        advance_ms(CYCLE_MS)

    def store(self, place: int, content: bytes) -> None:
        """Put it, and wait until it is in flash."""
        for _ in range(SETTLED_WITHIN):
            if self.put(place, content):
                break
            self.cycle()
        else:
            raise AssertionError("never taken")
        while self.pending():
            self.cycle()

    def settle(self) -> None:
        """Cycles until nothing is left to do: what was put may stand in the journal and one copy short of both."""
        quiet, operations = 0, -1
        for _ in range(SETTLED_WITHIN):
            self.cycle()
            quiet = quiet + 1 if self.status.programs + self.status.erases == operations else 0
            operations = self.status.programs + self.status.erases
            if quiet == 3:
                assert not self.pending()
                return
        raise AssertionError("never settled")


FLASH = hal_board.dictionary("FLASH_")
CATALOGUE = Store(
    lib.HAL_RECORDS_CATALOGUE,
    FLASH["FLASH_RECORDS_FIRST_SECTOR"],
    lib.HAL_RECORDS_CATALOGUE_PLACES,
    lib.HAL_RECORDS_CATALOGUE_CONTENT_OCTETS,
    64,
)
TABLES = Store(
    lib.HAL_RECORDS_TABLES,
    FLASH["FLASH_TABLES_FIRST_SECTOR"],
    lib.HAL_RECORDS_TABLES_PLACES,
    lib.HAL_RECORDS_TABLES_CONTENT_OCTETS,
    128,
)
STORES = pytest.mark.parametrize("records", [CATALOGUE, TABLES], ids=["catalogue", "tables"])


def boot() -> None:
    lib.test_board_power_cycle()
    lib.hal_init(hal_board.SPACECRAFT_ID, True)
