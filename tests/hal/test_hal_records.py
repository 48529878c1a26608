"""Records in two copies and a journal: old or new content through a power cut at any instant, and a lost sector."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.hal import hal_board
from tests.hal.hal_board import advance_ms, ffi, lib
from tests.hal.records_store import (
    CATALOGUE,
    COPY_A,
    COPY_B,
    CYCLE_MS,
    JOURNAL,
    SECTOR,
    SEEDS,
    SETTLED_WITHIN,
    STORES,
    TABLES,
    Store,
    boot,
)

WORD = st.integers(0, 2**32 - 1)


class RecordsMachine(RuleBasedStateMachine):
    """Puts, cycles, resets, cuts and lost sectors. A place holds what is durable, or what was put since."""

    records: Store

    def __init__(self) -> None:
        super().__init__()
        hal_board.power_on()
        self.durable: dict[int, bytes] = {}
        self.newest: dict[int, bytes] = {}
        self.erases_when_settled = -1

    @rule(number=st.one_of(st.integers(0, 3), st.integers(0)), word=WORD)
    def put(self, number: int, word: int) -> None:
        self._put(number % self.records.places, word)
        assert self.records.recovered() == self.newest

    @rule(words=st.lists(WORD, min_size=1, max_size=12), number=st.integers(0))
    def put_many(self, words: list[int], number: int) -> None:
        place = number % self.records.places
        for word in words:
            self.records.store(place, self.records.content_of(word))
            self.newest[place] = self.records.content_of(word)
        self.durable = dict(self.newest)

    @rule(cycles=st.integers(1, 8))
    def run(self, cycles: int) -> None:
        for _ in range(cycles):
            self.records.cycle()

    @rule()
    def settles(self) -> None:
        self.records.settle()
        self.durable = dict(self.newest)
        self.erases_when_settled = self.records.status.erases

    @rule()
    def power_cycle(self) -> None:
        self._boot()

    @rule(
        operations=st.integers(0, 40),
        seed=st.sampled_from(SEEDS),
        words=st.lists(WORD, max_size=6),
        number=st.integers(0),
    )
    def cut(self, operations: int, seed: int, words: list[int], number: int) -> None:
        lib.test_board_cut_flash(operations, seed)
        for word in words:
            self._put(number % self.records.places, word)
            if lib.test_board_flash_is_cut():
                break
            self.records.cycle()
        for _ in range(SETTLED_WITHIN):
            if lib.test_board_flash_is_cut():
                break
            self.records.cycle()
        self._boot()

    @precondition(lambda self: self.records.status.erases == self.erases_when_settled)
    @rule(copy=st.sampled_from([COPY_A, COPY_B]), octet=st.sampled_from([0x00, 0xFF, 0x5A]))
    def lose_a_copy(self, copy: int, octet: int) -> None:
        if lib.hal_flash_busy():
            advance_ms(CYCLE_MS)
        self.records.sector(copy)[:] = bytes([octet]) * SECTOR
        self._boot()
        damaged = (self.records.status.damaged_a, self.records.status.damaged_b)
        assert damaged[copy] == (0 if octet == 0xFF else self.records.cells) and damaged[1 - copy] == 0

    def _put(self, place: int, word: int) -> None:
        """Taken only when what was put before is in flash."""
        if self.records.put(place, self.records.content_of(word)):
            self.durable = dict(self.newest)
            self.newest[place] = self.records.content_of(word)

    def _boot(self) -> None:
        boot()
        found = self.records.recovered()
        for place in range(self.records.places):
            allowed = (self.durable.get(place), self.newest.get(place))
            assert found.get(place) in allowed, f"place {place}"
        assert self.records.lost() == [], "nothing is told lost that a cut or a lost sector leaves"
        self.durable = found
        self.newest = dict(found)
        self.erases_when_settled = -1

    @invariant()
    def nothing_gave_up(self) -> None:
        assert not self.records.status.failed
        if not self.records.pending():
            self.durable = dict(self.newest)


class CatalogueMachine(RecordsMachine):
    records = CATALOGUE


class TablesMachine(RecordsMachine):
    records = TABLES


TestCatalogue = CatalogueMachine.TestCase
TestTables = TablesMachine.TestCase
TestCatalogue.settings = TestTables.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def history(records: Store) -> list[tuple[int, bytes]]:
    """Enough to fill the journal and have both copies rewritten, places changed more than once among them."""
    places = min(records.places, 20)
    return [(number * 7 % places, records.content_of(number)) for number in range(records.cells * 7 // 10)]


def flight(records: Store, operations: int, seed: int) -> bool:
    """Store the history with a cut after so many operations; check what the next two boots find. Was it cut?"""
    hal_board.power_on()
    records.settle()
    lib.test_board_cut_flash(operations, seed)
    durable: dict[int, bytes] = {}
    newest: dict[int, bytes] = {}
    for place, content in history(records):
        for _ in range(SETTLED_WITHIN):
            if lib.test_board_flash_is_cut() or records.put(place, content):
                break
            records.cycle()
        if lib.test_board_flash_is_cut() and records.recovered().get(place) != content:
            break
        durable = dict(newest)
        newest[place] = content
        for _ in range(3):
            records.cycle()
        if lib.test_board_flash_is_cut():
            break
        if not records.pending():
            durable = dict(newest)
    cut = bool(lib.test_board_flash_is_cut())
    boot()
    found = records.recovered()
    for place in range(records.places):
        assert found.get(place) in (durable.get(place), newest.get(place)), (operations, seed, place)
    # Cut again while it repairs itself: nothing changes any more.
    lib.test_board_cut_flash(operations % 11, seed)
    for _ in range(30):
        records.cycle()
    boot()
    assert records.recovered() == found, (operations, seed)
    records.settle()
    boot()
    assert records.recovered() == found
    return cut


@STORES
def test_a_cut_in_every_operation_of_a_history(records: Store) -> None:
    operations, cut = 0, True
    while cut:
        flights = [flight(records, operations, seed) for seed in SEEDS]
        cut = any(flights)
        operations += 1
    assert operations > len(history(records)) + 4, "the history held appends and the rewriting of both copies"


@STORES
def test_the_journal_waits_for_the_end_of_a_transmission(records: Store) -> None:
    hal_board.power_on()
    records.settle()
    lib.hal_guard_heartbeat()
    assert lib.hal_guard_permit(60_000)
    assert lib.hal_guard_transmit(True)
    erases = records.status.erases
    taken = 0
    for number in range(80):
        taken += records.put(1, records.content_of(number))
        lib.hal_guard_heartbeat()
        records.cycle()
    assert taken == records.cells, "what the journal holds; then it says no"
    assert records.status.erases == erases
    before = records.recovered()
    lib.hal_guard_inhibit()
    records.settle()
    assert records.status.erases > erases
    assert records.recovered() == before
    records.store(1, records.content_of(99))
    boot()
    assert records.recovered() == {1: records.content_of(99)}


@STORES
def test_a_damaged_cell_is_taken_from_the_other_copy_and_repaired(records: Store) -> None:
    hal_board.power_on()
    for place in range(records.places):
        records.store(place, records.content_of(place))
    records.settle()
    records.settle()
    expected = records.recovered()
    for copy, place in ((COPY_A, 5), (COPY_A, 6), (COPY_B, 2)):
        records.sector(copy)[place * records.cell + 20] ^= 0x10
    boot()
    assert records.recovered() == expected and records.lost() == []
    status = records.status
    assert (status.damaged_a, status.damaged_b, status.damaged_journal) == (2, 1, 0)
    records.settle()
    boot()
    status = records.status
    assert (status.damaged_a, status.damaged_b) == (0, 0), "repaired"
    assert bytes(records.sector(COPY_A)) == bytes(records.sector(COPY_B))
    assert records.recovered() == expected


@STORES
def test_what_each_copy_holds_alone_outlives_a_cut_while_they_are_rewritten(records: Store) -> None:
    hal_board.power_on()
    for place in (1, 2):
        records.store(place, records.content_of(place))
    records.settle()
    expected = records.recovered()
    for copy, place in ((COPY_A, 1), (COPY_B, 2)):
        records.sector(copy)[place * records.cell + 20] ^= 0x10
    flash = memoryview(ffi.buffer(lib.test_board_flash(), lib.test_board_flash_octets()))
    damaged = bytes(flash)
    operations, cut = 0, True
    while cut:
        for seed in SEEDS:
            flash[:] = damaged
            boot()
            lib.test_board_cut_flash(operations, seed)
            for _ in range(SETTLED_WITHIN):
                records.cycle()
            cut = lib.test_board_flash_is_cut()
            boot()
            assert records.recovered() == expected, (operations, seed)
        operations += 1
    assert operations > 4, "both copies are erased and written, and the journal before"
    assert bytes(records.sector(COPY_A)) == bytes(records.sector(COPY_B))


@STORES
def test_a_cell_that_does_not_read_back_is_written_again(records: Store) -> None:
    hal_board.power_on()
    records.settle()
    assert records.put(2, b"content")
    records.sector(JOURNAL)[20] ^= 0x01  # a bit of the first cell that did not take
    for _ in range(3):
        records.cycle()
    assert not records.pending() and records.status.faults == 1
    boot()
    assert records.recovered() == {2: b"content".ljust(records.content, b"\0")}


@STORES
def test_a_flash_that_fails_is_given_up_and_memory_goes_on(records: Store) -> None:
    hal_board.power_on()
    records.store(3, b"kept")
    records.settle()
    lib.test_board_fail_flash(True)
    for number in range(40):
        records.put(4, records.content_of(number))
        records.cycle()
    assert records.status.failed
    programs = records.status.programs
    for number in range(100):
        assert records.put(4, records.content_of(number))
        assert not records.pending()
        records.cycle()
    assert records.status.programs == programs
    assert records.recovered()[3].startswith(b"kept") and records.recovered()[4] == records.content_of(99)
    boot()
    assert records.recovered()[3].startswith(b"kept")


@given(st.sampled_from([CATALOGUE, TABLES]), st.binary(min_size=1, max_size=64), st.integers(0, 3))
@settings(max_examples=80, deadline=None)
def test_it_boots_with_whatever_stands_in_flash(records: Store, garbage: bytes, good: int) -> None:
    """Spirit 2004: what was stored must not keep the computer from starting."""
    hal_board.power_on()
    records.store(7, b"good")
    records.settle()
    for number in (COPY_A, COPY_B, JOURNAL):
        if number != good:
            records.sector(number)[:] = (garbage * SECTOR)[:SECTOR]
    boot()
    found = records.recovered()
    assert found in ({}, {7: b"good".ljust(records.content, b"\0")})
    records.store(5, b"new")
    records.settle()
    boot()
    assert records.recovered() == found | {5: b"new".ljust(records.content, b"\0")}
    status = records.status
    assert (status.damaged_a, status.damaged_b) == (0, 0)


@STORES
def test_what_both_copies_lost_is_told_until_it_is_put_again(records: Store) -> None:
    hal_board.power_on()
    for place in (1, 2, 5):
        records.store(place, records.content_of(place))
    records.settle()
    for copy, place in ((COPY_A, 1), (COPY_B, 1), (COPY_A, 2), (COPY_A, 5), (COPY_B, 5)):
        records.sector(copy)[place * records.cell + 20] ^= 0x10
    boot()
    assert records.lost() == [1, 5] and set(records.recovered()) == {2}
    records.store(5, b"new")
    assert records.lost() == [1]
    records.settle()
    boot()
    assert records.lost() == [] and set(records.recovered()) == {2, 5}


@STORES
def test_refusals(records: Store) -> None:
    hal_board.power_on()
    for place, octets in ((records.places, 4), (1000, 4), (0, records.content + 1)):
        assert not records.put(place, bytes(octets))
        data = ffi.new("uint8_t[]", 200)
        assert not lib.hal_records_get(records.number, place, data, octets)
    assert not lib.hal_records_lost(records.number, 1000)
    assert records.recovered() == {}


def test_one_store_leaves_the_other_alone() -> None:
    hal_board.power_on()
    CATALOGUE.store(0, b"entry")
    CATALOGUE.settle()
    expected = CATALOGUE.recovered(), [bytes(CATALOGUE.sector(number)) for number in range(3)]
    for number in range(3 * TABLES.cells):
        TABLES.store(number % TABLES.places, TABLES.content_of(number))
    TABLES.settle()
    assert (CATALOGUE.recovered(), [bytes(CATALOGUE.sector(number)) for number in range(3)]) == expected
    boot()
    assert CATALOGUE.recovered() == expected[0] and len(TABLES.recovered()) == TABLES.places


@STORES
def test_a_place_is_read_with_zeros_behind_what_was_put(records: Store) -> None:
    hal_board.power_on()
    records.store(0, b"long content")
    records.store(0, b"short")
    assert records.recovered() == {0: b"short".ljust(records.content, b"\0")}
