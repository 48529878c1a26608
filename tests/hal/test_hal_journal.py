"""Journal in flash: old or new content through a power cut at any instant, judged by a reader of its own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.hal import hal_board, journal_model
from tests.hal.hal_board import advance_ms, ffi, lib

CONSTANTS = hal_board.dictionary("FLASH_JOURNAL_")
KEYS, SECTORS = CONSTANTS["FLASH_JOURNAL_KEYS"], CONSTANTS["FLASH_JOURNAL_SECTORS"]
FIRST = CONSTANTS["FLASH_JOURNAL_FIRST_SECTOR"]
SECTOR = lib.HAL_FLASH_SECTOR_OCTETS
SLOTS = SECTOR // lib.HAL_JOURNAL_RECORD_OCTETS
OCTETS = SECTORS * SECTOR
CYCLE_MS = 100
NOW_MS = 150
KEY = st.one_of(st.integers(0, 3), st.integers(0, KEYS - 1))
VALUE = st.one_of(st.integers(0, 3), st.integers(0, 2**32 - 1))


def area() -> memoryview:
    flash = memoryview(ffi.buffer(lib.test_board_flash(), lib.test_board_flash_octets()))
    return flash[FIRST * SECTOR : FIRST * SECTOR + OCTETS]


def in_flash() -> dict[int, int]:
    return journal_model.values(bytes(area()), SECTOR)


def recovered() -> dict[int, int]:
    found = {}
    value = ffi.new("uint32_t *")
    for key in range(KEYS):
        if lib.hal_journal_get(key, value):
            found[key] = int(value[0])
    return found


def cycle() -> None:
    lib.hal_journal_step()
    advance_ms(CYCLE_MS)


def settle() -> None:
    """Cycles until all is in flash and nothing is left to do."""
    for _ in range(2 * KEYS + 8):
        cycle()
    assert lib.hal_journal_status().pending == 0


def boot() -> None:
    lib.test_board_power_cycle()
    lib.hal_init(hal_board.SPACECRAFT_ID, True)


def fill_sector(count: int = SLOTS) -> None:
    """That many records of key 0."""
    for value in range(count):
        lib.hal_journal_put(0, value + 1)
        cycle()


class JournalMachine(RuleBasedStateMachine):
    """Puts, cycles, resets and power cuts. `durable` is what the last look at the flash said."""

    def __init__(self) -> None:
        super().__init__()
        hal_board.power_on()
        self.newest: dict[int, int] = {}
        self.durable: dict[int, int] = {}

    @rule(key=KEY, value=VALUE)
    def put(self, key: int, value: int) -> None:
        assert lib.hal_journal_put(key, value)
        self.newest[key] = value

    @rule(key=KEY, value=VALUE)
    def put_now(self, key: int, value: int) -> None:
        """Whatever else is noted, and whatever the flash is at."""
        assert lib.hal_journal_put_now(key, value, NOW_MS)
        self.newest[key] = value
        now = in_flash()
        assert now[key] == value
        assert all(now[other] in (self.durable.get(other), self.newest[other]) for other in now)
        assert self.durable.keys() <= now.keys()
        self.durable = now

    @rule(cycles=st.integers(1, 8))
    def run(self, cycles: int) -> None:
        for _ in range(cycles):
            self.one_cycle()

    @rule(records=st.integers(SLOTS // 2, SLOTS))
    def wear(self, records: int) -> None:
        """Most of a sector, so that sectors change."""
        for value in range(records):
            self.put(1, value)
            self.one_cycle()

    def one_cycle(self) -> None:
        """A step changes at most one key, to a value that was put, and loses none."""
        lib.hal_journal_step()
        now = in_flash()
        changed = {key for key in now if self.durable.get(key) != now[key]}
        assert len(changed) <= 1
        assert all(now[key] == self.newest[key] for key in changed)
        assert self.durable.keys() <= now.keys()
        self.durable = now
        advance_ms(CYCLE_MS)

    @rule()
    def reset(self) -> None:
        lib.test_board_warm_reset(lib.HAL_RESET_WATCHDOG)
        lib.hal_init(hal_board.SPACECRAFT_ID, True)
        self.check_recovery()

    @rule(operations=st.integers(0, 4), seed=st.integers(0, 2**32 - 1), more=st.integers(0, 12))
    def cut_power(self, operations: int, seed: int, more: int) -> None:
        """The power goes inside an operation; what it left is old or new, key by key."""
        lib.test_board_cut_flash(operations, seed)
        before = self.durable
        for _ in range(more):
            before = in_flash()
            lib.hal_journal_step()
            if lib.test_board_flash_is_cut():
                break
            advance_ms(CYCLE_MS)
        after = in_flash()
        for key in before.keys() | after.keys():
            allowed = {before.get(key)} | ({self.newest[key]} if key in self.newest else set())
            assert after.get(key) in allowed
        assert before.keys() <= after.keys()
        boot()
        self.check_recovery()

    def check_recovery(self) -> None:
        self.durable = in_flash()
        assert recovered() == self.durable
        self.newest = dict(self.durable)

    @precondition(lambda self: self.newest)
    @rule()
    def settle(self) -> None:
        settle()
        self.durable = in_flash()
        assert self.durable == self.newest
        assert lib.hal_journal_status().faults == 0

    @invariant()
    def memory_is_newest(self) -> None:
        assert recovered() == self.newest


TestJournalMachine = JournalMachine.TestCase
TestJournalMachine.settings = settings(
    max_examples=5 if hal_board.SANITIZED else 25, stateful_step_count=25, deadline=None
)


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4])
def test_a_cut_in_every_operation_round_all_sectors(seed: int) -> None:
    """Every operation of a walk round the ring is cut in turn, programs and erases alike."""
    erases = 0
    for value in range(1, 3 * SLOTS if seed == 2 else SLOTS // 2):
        lib.hal_journal_put(5, value)
        lib.hal_journal_put(6, 1000 + value)
        cycle()
        before = in_flash()
        lib.test_board_cut_flash(0, seed * 7919 + value if seed > 1 else seed)
        for _ in range(3):
            lib.hal_journal_step()
            advance_ms(CYCLE_MS)
        erases += lib.hal_journal_status().erases
        after = in_flash()
        assert after.get(5) in (before.get(5), value)
        assert after.get(6) in (before.get(6), 1000 + value)
        boot()
        assert recovered() == after
        assert not lib.hal_journal_status().failed
    assert erases > 0


def test_what_is_put_now_is_in_flash_before_all_that_was_noted() -> None:
    for key in range(KEYS):
        lib.hal_journal_put(key, key + 1)
    assert lib.hal_journal_put_now(7, 700, NOW_MS)
    boot()
    assert recovered().items() <= {7: 700, 8: 9}.items() and recovered()[7] == 700  # the next is under way


def test_what_cannot_be_written_in_time_is_next() -> None:
    """A flash that is erasing: an erase takes longer than the wait."""
    for key in range(KEYS):
        lib.hal_journal_put(key, key + 1)
    lib.hal_journal_step()
    assert not lib.hal_journal_put_now(7, 700, 1)
    assert not lib.hal_journal_put_now(KEYS, 1, 1)
    while 7 not in in_flash():
        cycle()
    assert in_flash() == {7: 700}


def test_values_outlive_a_power_cut() -> None:
    for key in range(KEYS):
        lib.hal_journal_put(key, key * 0x01010101 % 2**32)
    settle()
    boot()
    assert recovered() == {key: key * 0x01010101 % 2**32 for key in range(KEYS)}


def test_what_was_never_put_has_no_value() -> None:
    assert not recovered()
    assert not lib.hal_journal_get(KEYS, ffi.new("uint32_t *"))
    assert not lib.hal_journal_put(KEYS, 1)


def test_a_step_does_at_most_one_operation_and_puts_coalesce() -> None:
    settle()
    programs = lib.hal_journal_status().programs
    for value in range(100):
        lib.hal_journal_put(3, value)
    for _ in range(5):
        busy_before = lib.hal_flash_busy()
        assert not busy_before
        lib.hal_journal_step()
        advance_ms(CYCLE_MS)
    assert lib.hal_journal_status().programs == programs + 1
    lib.hal_journal_put(3, 99)
    cycle()
    assert lib.hal_journal_status().programs == programs + 1, "the value that is there already costs nothing"


def test_a_step_never_waits() -> None:
    waits = lib.test_board_waits()
    for value in range(600):
        lib.hal_journal_put(value % KEYS, value)
        lib.hal_journal_step()
    assert lib.test_board_waits() == waits


def test_all_keys_get_their_turn() -> None:
    settle()
    for value in range(KEYS + 2):
        lib.hal_journal_put(0, value)
        lib.hal_journal_put(KEYS - 1, 7)
        cycle()
    assert in_flash()[KEYS - 1] == 7


def test_no_erase_while_transmit_is_enabled() -> None:
    settle()
    fill_sector(SLOTS - 1)
    settle()
    lib.hal_guard_permit(60000)
    lib.hal_guard_heartbeat()
    assert lib.hal_guard_transmit(True)
    erases = lib.hal_journal_status().erases
    for value in range(2 * SLOTS):
        lib.hal_guard_heartbeat()
        lib.hal_journal_put(9, value)
        cycle()
    assert lib.hal_guard_transmitting()
    assert lib.hal_journal_status().erases == erases
    assert not lib.hal_journal_status().failed
    lib.hal_guard_transmit(False)
    settle()
    assert lib.hal_journal_status().erases > erases
    assert in_flash()[9] == 2 * SLOTS - 1


def test_the_next_sector_is_erased_ahead_of_need() -> None:
    settle()
    fill_sector(SLOTS - KEYS + 2)
    settle()
    erases = lib.hal_journal_status().erases
    lib.hal_guard_permit(60000)
    lib.hal_guard_heartbeat()
    assert lib.hal_guard_transmit(True)
    for value in range(SLOTS):
        lib.hal_guard_heartbeat()
        lib.hal_journal_put(9, value)
        cycle()
    assert lib.hal_journal_status().erases == erases
    assert in_flash()[9] >= SLOTS - 2, "a data take's values do not wait for its end"


@given(position=st.integers(0, OCTETS - 1), data=st.binary(min_size=1, max_size=64))
@settings(deadline=None, max_examples=20 if hal_board.SANITIZED else 60)
def test_damage_costs_no_more_than_the_records_it_hits(position: int, data: bytes) -> None:
    hal_board.power_on()
    for round_ in range(3):
        for key in range(8):
            lib.hal_journal_put(key, 100 * round_ + key)
        settle()
    flash = area()
    length = min(len(data), OCTETS - position)
    flash[position : position + length] = data[:length]
    expected = in_flash()
    boot()
    assert recovered() == expected
    lib.hal_journal_put(1, 12345)
    settle()
    boot()
    assert recovered() == expected | {1: 12345}


def test_a_flash_of_noise_is_no_trap() -> None:
    area()[:] = (bytes((n * n * 31 + n * 7 + 3) % 251 for n in range(4093)) * 5)[:OCTETS]
    boot()
    assert not recovered()
    assert lib.hal_journal_status().damaged > 0
    lib.hal_journal_put(2, 22)
    settle()
    boot()
    assert recovered() == {2: 22}


def test_records_of_another_firmware_are_passed_over() -> None:
    sector = journal_model.record(KEYS + 3, 10, 5) + journal_model.record(4, 11, 44) + journal_model.record(4, 9, 1)
    area()[: len(sector)] = sector
    boot()
    assert recovered() == {4: 44}
    lib.hal_journal_put(4, 45)
    settle()
    assert in_flash()[4] == 45, "a new record is newer than all"


def test_boot_brings_over_what_a_cut_left_in_other_sectors() -> None:
    """So that those sectors become free, whatever happened to earlier changes of sector."""
    flash = area()
    for sector in range(SECTORS):
        record = journal_model.record(sector, 10 + sector, 100 + sector)
        flash[sector * SECTOR : sector * SECTOR + len(record)] = record
    boot()
    expected = {key: 100 + key for key in range(SECTORS)}
    for value in range(2 * SLOTS):
        lib.hal_journal_put(9, value)
        cycle()
    assert not lib.hal_journal_status().failed
    settle()
    assert in_flash() == expected | {9: 2 * SLOTS - 1}


def test_a_sector_with_the_newest_record_of_a_key_is_not_erased() -> None:
    flash = area()
    full = b"".join(journal_model.record(0, 1000 + slot, slot) for slot in range(SLOTS))
    flash[:SECTOR] = full
    left_behind = journal_model.record(7, 500, 77)
    flash[SECTOR : SECTOR + len(left_behind)] = left_behind
    boot()
    for _ in range(2 * KEYS):
        cycle()
        assert in_flash() == {0: SLOTS - 1, 7: 77}, "at every instant"


def test_values_that_rarely_change_move_on_with_the_ring() -> None:
    settle()
    for value in range(3 * SECTORS * SLOTS // 2):
        lib.hal_journal_put(0, value)
        if value % (SLOTS // 2) == 0:
            lib.hal_journal_put(1 + value // (SLOTS // 2), value)
        cycle()
    assert not lib.hal_journal_status().failed
    settle()
    assert in_flash() == recovered()


def test_a_value_that_changes_while_it_is_written_is_written_again() -> None:
    settle()
    lib.hal_journal_put(1, 10)
    lib.hal_journal_step()
    lib.hal_journal_put(1, 11)
    settle()
    assert in_flash()[1] == 11


def test_a_worn_part_is_left_alone_after_a_bounded_number_of_tries() -> None:
    settle()
    lib.test_board_fail_flash(True)
    lib.hal_journal_put(1, 1)
    for _ in range(50):
        cycle()
    status = lib.hal_journal_status()
    assert (status.faults, status.failed, status.pending) == (lib.HAL_JOURNAL_FAULTS_ALLOWED, True, 1)
    assert recovered() == {1: 1}, "kept in memory"
    lib.test_board_fail_flash(False)
    boot()
    lib.hal_journal_put(1, 2)
    settle()
    assert in_flash() == {1: 2}


def test_a_record_that_does_not_read_back_is_written_again() -> None:
    settle()
    lib.hal_journal_put(1, 0xFFFFFFFF)
    lib.hal_journal_step()
    slots = bytes(area())
    offset = slots.index(journal_model.record(1, 0, 0xFFFFFFFF)[:4])
    area()[offset + 8] = 0x7F
    settle()
    assert in_flash() == {1: 0xFFFFFFFF}
    assert lib.hal_journal_status().faults == 1


def test_flush_writes_before_a_reset() -> None:
    for key in range(20):
        lib.hal_journal_put(key, key + 1)
    assert lib.hal_journal_flush(1000)
    assert in_flash() == {key: key + 1 for key in range(20)}


def test_flush_gives_up_at_its_limit() -> None:
    lib.test_board_fail_flash(True)
    lib.hal_journal_put(1, 1)
    started_us = hal_board.now_us()
    assert not lib.hal_journal_flush(200)
    assert hal_board.now_us() - started_us <= 202_000


def test_boot_waits_for_the_operation_a_reset_left_under_way() -> None:
    lib.hal_journal_put(1, 1)
    lib.hal_journal_step()
    assert lib.hal_flash_busy()
    lib.test_board_warm_reset(lib.HAL_RESET_WATCHDOG)
    lib.hal_init(hal_board.SPACECRAFT_ID, True)
    assert not lib.hal_flash_busy()
    assert lib.hal_journal_status().faults == 0
