"""Records in two copies and a journal: old or new content through a power cut at any instant, and a lost sector."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.hal import hal_board
from tests.hal.hal_board import advance_ms, ffi, lib

FIRST = hal_board.dictionary("FLASH_RECORDS_")["FLASH_RECORDS_FIRST_SECTOR"]
SECTOR = lib.HAL_FLASH_SECTOR_OCTETS
PLACES, CONTENT = lib.HAL_RECORDS_PLACES, lib.HAL_RECORDS_CONTENT_OCTETS
COPY_A, COPY_B, JOURNAL = range(3)
CYCLE_MS = 100
SETTLED_WITHIN = 200  # cycles
SEEDS = (0, 1, 0xC0FFEE, 77)

PLACE = st.one_of(st.integers(0, 3), st.integers(0, PLACES - 1))
WORD = st.integers(0, 2**32 - 1)


def content_of(word: int) -> bytes:
    return word.to_bytes(4, "big") * (CONTENT // 4)


def sector(number: int) -> memoryview:
    flash = memoryview(ffi.buffer(lib.test_board_flash(), lib.test_board_flash_octets()))
    start = (FIRST + number) * SECTOR
    return flash[start : start + SECTOR]


def put(place: int, content: bytes) -> bool:
    return bool(lib.hal_records_put(place, hal_board.octets_of(content), len(content)))


def recovered() -> dict[int, bytes]:
    found = {}
    data = ffi.new("uint8_t[]", CONTENT)
    for place in range(PLACES):
        if lib.hal_records_get(place, data, CONTENT):
            found[place] = bytes(ffi.buffer(data))
    return found


def cycle() -> None:
    lib.hal_records_step()
    advance_ms(CYCLE_MS)


def store(place: int, content: bytes) -> None:
    """Put it, and wait until it is in flash."""
    for _ in range(SETTLED_WITHIN):
        if put(place, content):
            break
        cycle()
    else:
        raise AssertionError("never taken")
    while lib.hal_records_pending():
        cycle()


def settle() -> None:
    """Cycles until nothing is left to do: what was put may stand in the journal and one copy short of both."""
    quiet, operations = 0, -1
    for _ in range(SETTLED_WITHIN):
        cycle()
        status = lib.hal_records_status()
        quiet = quiet + 1 if status.programs + status.erases == operations else 0
        operations = status.programs + status.erases
        if quiet == 3:
            assert not lib.hal_records_pending()
            return
    raise AssertionError("never settled")


def boot() -> None:
    lib.test_board_power_cycle()
    lib.hal_init(hal_board.SPACECRAFT_ID, True)


class RecordsMachine(RuleBasedStateMachine):
    """Puts, cycles, resets, cuts and lost sectors. A place holds what is durable, or what was put since."""

    def __init__(self) -> None:
        super().__init__()
        hal_board.power_on()
        self.durable: dict[int, bytes] = {}
        self.newest: dict[int, bytes] = {}
        self.erases_when_settled = -1

    @rule(place=PLACE, word=WORD)
    def put(self, place: int, word: int) -> None:
        self._put(place, word)
        assert recovered() == self.newest

    @rule(words=st.lists(WORD, min_size=1, max_size=12), place=PLACE)
    def put_many(self, words: list[int], place: int) -> None:
        for word in words:
            store(place, content_of(word))
            self.newest[place] = content_of(word)
        self.durable = dict(self.newest)

    @rule(cycles=st.integers(1, 8))
    def run(self, cycles: int) -> None:
        for _ in range(cycles):
            cycle()

    @rule()
    def settles(self) -> None:
        settle()
        self.durable = dict(self.newest)
        self.erases_when_settled = lib.hal_records_status().erases

    @rule()
    def power_cycle(self) -> None:
        self._boot()

    @rule(operations=st.integers(0, 40), seed=st.sampled_from(SEEDS), words=st.lists(WORD, max_size=6), place=PLACE)
    def cut(self, operations: int, seed: int, words: list[int], place: int) -> None:
        lib.test_board_cut_flash(operations, seed)
        for word in words:
            self._put(place, word)
            if lib.test_board_flash_is_cut():
                break
            cycle()
        for _ in range(SETTLED_WITHIN):
            if lib.test_board_flash_is_cut():
                break
            cycle()
        self._boot()

    @precondition(lambda self: lib.hal_records_status().erases == self.erases_when_settled)
    @rule(copy=st.sampled_from([COPY_A, COPY_B]), octet=st.sampled_from([0x00, 0xFF, 0x5A]))
    def lose_a_copy(self, copy: int, octet: int) -> None:
        if lib.hal_flash_busy():
            advance_ms(CYCLE_MS)
        sector(copy)[:] = bytes([octet]) * SECTOR
        self._boot()
        damaged = (lib.hal_records_status().damaged_a, lib.hal_records_status().damaged_b)
        assert damaged[copy] == (0 if octet == 0xFF else PLACES) and damaged[1 - copy] == 0

    def _put(self, place: int, word: int) -> None:
        """Taken only when what was put before is in flash."""
        if put(place, content_of(word)):
            self.durable = dict(self.newest)
            self.newest[place] = content_of(word)

    def _boot(self) -> None:
        boot()
        found = recovered()
        for place in range(PLACES):
            allowed = (self.durable.get(place), self.newest.get(place))
            assert found.get(place) in allowed, f"place {place}"
        self.durable = found
        self.newest = dict(found)
        self.erases_when_settled = -1

    @invariant()
    def nothing_gave_up(self) -> None:
        assert not lib.hal_records_status().failed
        if not lib.hal_records_pending():
            self.durable = dict(self.newest)


RecordsMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestRecords = RecordsMachine.TestCase


def history() -> list[tuple[int, bytes]]:
    """Enough to fill the journal and have both copies rewritten, places changed more than once among them."""
    return [(number * 7 % 20, content_of(number)) for number in range(45)]


def flight(operations: int, seed: int) -> bool:
    """Store the history with a cut after so many operations; check what the next two boots find. Was it cut?"""
    hal_board.power_on()
    settle()
    lib.test_board_cut_flash(operations, seed)
    durable: dict[int, bytes] = {}
    newest: dict[int, bytes] = {}
    for place, content in history():
        for _ in range(SETTLED_WITHIN):
            if lib.test_board_flash_is_cut() or put(place, content):
                break
            cycle()
        if lib.test_board_flash_is_cut() and recovered().get(place) != content:
            break
        durable = dict(newest)
        newest[place] = content
        for _ in range(3):
            cycle()
        if lib.test_board_flash_is_cut():
            break
        if not lib.hal_records_pending():
            durable = dict(newest)
    cut = bool(lib.test_board_flash_is_cut())
    boot()
    found = recovered()
    for place in range(PLACES):
        assert found.get(place) in (durable.get(place), newest.get(place)), (operations, seed, place)
    # Cut again while it repairs itself: nothing changes any more.
    lib.test_board_cut_flash(operations % 11, seed)
    for _ in range(30):
        cycle()
    boot()
    assert recovered() == found, (operations, seed)
    settle()
    boot()
    assert recovered() == found
    return cut


def test_a_cut_in_every_operation_of_a_history() -> None:
    operations, cut = 0, True
    while cut:
        flights = [flight(operations, seed) for seed in SEEDS]
        cut = any(flights)
        operations += 1
    assert operations > 45 + 16, "the history held appends and the rewriting of both copies"


def test_the_journal_waits_for_the_end_of_a_transmission() -> None:
    hal_board.power_on()
    settle()
    lib.hal_guard_heartbeat()
    assert lib.hal_guard_permit(60_000)
    assert lib.hal_guard_transmit(True)
    erases = lib.hal_records_status().erases
    taken = 0
    for number in range(80):
        taken += put(1, content_of(number))
        lib.hal_guard_heartbeat()
        cycle()
    assert taken == 64, "what the journal holds; then it says no"
    assert lib.hal_records_status().erases == erases
    before = recovered()
    lib.hal_guard_inhibit()
    settle()
    assert lib.hal_records_status().erases > erases
    assert recovered() == before
    store(1, content_of(99))
    boot()
    assert recovered() == {1: content_of(99)}


def test_a_damaged_cell_is_taken_from_the_other_copy_and_repaired() -> None:
    hal_board.power_on()
    for place in range(PLACES):
        store(place, content_of(place))
    settle()
    settle()
    expected = recovered()
    for copy, place in ((COPY_A, 5), (COPY_A, 6), (COPY_B, 50)):
        sector(copy)[place * 64 + 20] ^= 0x10
    boot()
    assert recovered() == expected
    status = lib.hal_records_status()
    assert (status.damaged_a, status.damaged_b, status.damaged_journal) == (2, 1, 0)
    settle()
    boot()
    status = lib.hal_records_status()
    assert (status.damaged_a, status.damaged_b) == (0, 0), "repaired"
    assert bytes(sector(COPY_A)) == bytes(sector(COPY_B))
    assert recovered() == expected


def test_a_cell_that_does_not_read_back_is_written_again() -> None:
    hal_board.power_on()
    settle()
    assert put(2, b"content")
    sector(JOURNAL)[20] ^= 0x01  # a bit of the first cell that did not take
    for _ in range(3):
        cycle()
    assert not lib.hal_records_pending() and lib.hal_records_status().faults == 1
    boot()
    assert recovered() == {2: b"content".ljust(CONTENT, b"\0")}


def test_a_flash_that_fails_is_given_up_and_memory_goes_on() -> None:
    hal_board.power_on()
    store(3, b"kept")
    settle()
    lib.test_board_fail_flash(True)
    for number in range(40):
        put(4, content_of(number))
        cycle()
    assert lib.hal_records_status().failed
    programs = lib.hal_records_status().programs
    for number in range(100):
        assert put(4, content_of(number))
        assert not lib.hal_records_pending()
        cycle()
    assert lib.hal_records_status().programs == programs
    assert recovered()[3].startswith(b"kept") and recovered()[4] == content_of(99)
    boot()
    assert recovered()[3].startswith(b"kept")


@given(st.binary(min_size=1, max_size=64), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_it_boots_with_whatever_stands_in_flash(garbage: bytes, good: int) -> None:
    """Spirit 2004: what was stored must not keep the computer from starting."""
    hal_board.power_on()
    store(9, b"good")
    settle()
    for number in (COPY_A, COPY_B, JOURNAL):
        if number != good:
            sector(number)[:] = (garbage * SECTOR)[:SECTOR]
    boot()
    found = recovered()
    assert found in ({}, {9: b"good".ljust(CONTENT, b"\0")})
    store(5, b"new")
    settle()
    boot()
    assert recovered() == found | {5: b"new".ljust(CONTENT, b"\0")}
    status = lib.hal_records_status()
    assert (status.damaged_a, status.damaged_b) == (0, 0)


@pytest.mark.parametrize(("place", "octets"), [(PLACES, 4), (1000, 4), (0, CONTENT + 1)])
def test_refusals(place: int, octets: int) -> None:
    hal_board.power_on()
    assert not put(place, bytes(octets))
    data = ffi.new("uint8_t[]", 100)
    assert not lib.hal_records_get(place, data, octets)
    assert recovered() == {}


def test_a_place_is_read_with_zeros_behind_what_was_put() -> None:
    hal_board.power_on()
    store(0, b"long content")
    store(0, b"short")
    assert recovered() == {0: b"short".ljust(CONTENT, b"\0")}
