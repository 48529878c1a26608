"""Parameter pool against `struct` and a dictionary of the values."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hal import hal_board
from tests.hal.hal_board import advance_ms, ffi, lib, now_us

FORMATS = {
    lib.HAL_U8: ">B",
    lib.HAL_U16: ">H",
    lib.HAL_U32: ">I",
    lib.HAL_I8: ">b",
    lib.HAL_I16: ">h",
    lib.HAL_I32: ">i",
}
TYPES = st.sampled_from([*FORMATS, lib.HAL_CUC])
COUNT = lib.POOL_COUNT
INT64 = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-300, 300), st.integers(-(2**33), 2**33))
INDEX = st.integers(0, COUNT - 1)


def encode(type_: int, value: int) -> bytes:
    return value.to_bytes(7, "big") if type_ == lib.HAL_CUC else struct.pack(FORMATS[type_], value)


def fits(type_: int, value: int) -> bool:
    try:
        encode(type_, value)
    except (struct.error, OverflowError):
        return False
    return True


def type_of(index: int) -> int:
    return int(lib.hal_pool_table[index].type)


def set_(index: int, value: int) -> bool:
    return bool(lib.hal_pool_set(index, value, now_us()))


def pack(indices: list[int], room: int) -> bytes:
    data = ffi.new("uint8_t[]", max(room, 1))
    codes = hal_board.octets_of(b"".join(struct.pack(">H", index) for index in indices))
    return bytes(ffi.buffer(data, lib.hal_pool_pack(codes, len(indices), data, room, now_us())))


@given(TYPES, INT64)
def test_types(type_: int, value: int) -> None:
    assert lib.hal_type_fits(type_, value) == fits(type_, value)
    if fits(type_, value):
        data = ffi.new("uint8_t[]", lib.hal_type_octets(type_))
        lib.hal_type_write(type_, value, data)
        assert bytes(ffi.buffer(data)) == encode(type_, value)
        assert lib.hal_type_read(type_, data) == value


@pytest.mark.parametrize("type_", [7, 255])
def test_unknown_types(type_: int) -> None:
    assert lib.hal_type_octets(type_) == 0
    assert not lib.hal_type_fits(type_, 0)


@given(INDEX, INT64)
def test_a_value_is_kept_when_it_fits(index: int, value: int) -> None:
    hal_board.power_on()
    assert not lib.hal_pool_valid(index, now_us())
    assert lib.hal_pool_age_ms(index, now_us()) == 2**32 - 1
    assert set_(index, value) == fits(type_of(index), value)
    assert lib.hal_pool_get(index) == (value if fits(type_of(index), value) else 0)
    assert lib.hal_pool_valid(index, now_us()) == fits(type_of(index), value)


@pytest.mark.parametrize("index", [COUNT, 0xFFFF, 2**32 - 1])
def test_an_unknown_parameter(index: int) -> None:
    assert not set_(index, 0)
    assert not lib.hal_pool_valid(index, 0)
    assert lib.hal_pool_get(index) == 0
    assert lib.hal_pool_age_ms(index, 0) == 2**32 - 1
    lib.hal_pool_invalidate(index, 1)


@given(INDEX, st.one_of(st.integers(-1, 1), st.integers(-5000, 5000)))
def test_freshness(index: int, beyond_ms: int) -> None:
    hal_board.power_on()
    set_(index, 1)
    fresh_ms = lib.hal_pool_table[index].fresh_ms
    age_ms = max(fresh_ms + beyond_ms, 0)
    advance_ms(age_ms)
    assert lib.hal_pool_valid(index, now_us()) == (fresh_ms == 0 or age_ms <= fresh_ms)
    assert lib.hal_pool_age_ms(index, now_us()) == age_ms


def test_invalidate_a_range() -> None:
    for index in range(COUNT):
        set_(index, 1)
    lib.hal_pool_invalidate(10, 5)
    assert [index for index in range(COUNT) if not lib.hal_pool_valid(index, now_us())] == list(range(10, 15))
    lib.hal_pool_invalidate(COUNT - 1, 2)  # beyond the end: nothing
    assert lib.hal_pool_valid(COUNT - 1, now_us())


@given(st.data())
def test_load_a_block(data: st.DataObject) -> None:
    hal_board.power_on()
    first = data.draw(INDEX)
    count = data.draw(st.integers(0, COUNT - first))
    octets = sum(lib.hal_type_octets(type_of(index)) for index in range(first, first + count))
    block = data.draw(st.binary(min_size=octets, max_size=octets))
    assert lib.hal_pool_load(first, count, hal_board.octets_of(block), octets, 0)
    offset = 0
    for index in range(first, first + count):
        size = lib.hal_type_octets(type_of(index))
        assert encode(type_of(index), lib.hal_pool_get(index)) == block[offset : offset + size]
        assert lib.hal_pool_valid(index, 0)
        offset += size


def test_a_block_of_another_length_sets_nothing() -> None:
    octets = lib.hal_type_octets(type_of(0)) + lib.hal_type_octets(type_of(1))
    for wrong in (octets - 1, octets + 1, 0):
        assert not lib.hal_pool_load(0, 2, hal_board.octets_of(b"\1" * (octets + 1)), wrong, 0)
    assert not lib.hal_pool_load(COUNT - 1, 2, hal_board.octets_of(bytes(20)), octets, 0)
    assert not lib.hal_pool_valid(0, 0)
    assert not lib.hal_pool_valid(1, 0)


@given(st.lists(st.tuples(INDEX, st.booleans(), st.integers(0, 127)), max_size=32))
def test_pack(parameters: list[tuple[int, bool, int]]) -> None:
    hal_board.power_on()
    values: dict[int, int] = {}
    for index, is_set, value in parameters:
        if is_set:
            set_(index, value)
            values[index] = value
    indices = [index for index, _, _ in parameters]
    fields = b"".join(encode(type_of(index), values.get(index, 0)) for index in indices)
    mask = sum(1 << n for n, index in enumerate(indices) if index in values)
    expected = struct.pack(">I", mask) + fields
    assert pack(indices, len(expected)) == expected
    assert pack(indices, len(expected) + 100) == expected
    assert pack(indices, len(expected) - 1) == b""


def test_pack_refuses_what_the_mask_cannot_hold_and_unknown_parameters() -> None:
    assert pack([0] * 33, 1000) == b""
    assert pack([0, COUNT], 1000) == b""


def test_refresh_copies_what_c_counts() -> None:
    hal_board.arrive(hal_board.LINK, b"\1\0")
    lib.hal_link_receive(ffi.new("uint8_t[]", 10), 10)
    hal_board.edge("P")
    hal_board.edge("A")
    lib.hal_rmap_write(1, 0, b"x", 1)
    advance_ms(2000)
    lib.hal_pool_refresh()
    expected = {
        "UPTIME_S": 2,
        "SPACECRAFT_ID": hal_board.SPACECRAFT_ID,
        "DICTIONARY_HASH": lib.DICTIONARY_HASH,
        "AUTHENTICATION": lib.AUTHENTICATION_CLEAR,
        "BOOT_COUNT": 1,
        "RESET_CAUSE": lib.HAL_RESET_POWER_ON,
        "TIME_QUALITY": lib.HAL_TIME_UNSET,
        "LINK_FRAMES_GOOD": 0,
        "LINK_FRAMES_MALFORMED": 1,
        "BUS_TRANSACTIONS": 1,
        "BUS_RETRIES": 2,
        "BUS_FAILURES": 1,
        "TRANSMIT_ENABLE": 0,
        "GUARD_TRIPS": 0,
        "ALARM": 1,
        "PPS_COUNT": 1,
    }
    assert {name: lib.hal_pool_get(getattr(lib, f"POOL_{name}")) for name in expected} == expected
