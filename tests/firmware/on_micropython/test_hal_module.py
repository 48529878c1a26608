"""The module hal: bounds of every buffer, integers of every size, and nothing allocated."""

import gc

import hal
import micropython

import runner

BUFFER = bytearray(64)


def _raises(kind, call, *arguments):
    try:
        call(*arguments)
    except kind:
        return
    raise AssertionError("no %s" % kind.__name__)


def test_fields_of_every_type_at_their_limits():
    limits = (
        (hal.U8, 0, (1 << 8) - 1),
        (hal.U16, 0, (1 << 16) - 1),
        (hal.U32, 0, (1 << 32) - 1),
        (hal.I8, -(1 << 7), (1 << 7) - 1),
        (hal.I16, -(1 << 15), (1 << 15) - 1),
        (hal.I32, -(1 << 31), (1 << 31) - 1),
        (hal.CUC, 0, (1 << 56) - 1),
    )
    for kind, lowest, highest in limits:
        for value in (lowest, highest, 1):
            assert hal.put(kind, value, BUFFER, 3) == 3 + hal.octets(kind)
            assert hal.get(kind, BUFFER, 3) == value
        for value in (lowest - 1, highest + 1, 1 << 63, (1 << 64) - 1, 1 << 64, -(1 << 63) - 1):
            assert hal.put(kind, value, BUFFER, 3) == -1, (kind, value)


def test_nothing_outside_a_buffer():
    _raises(ValueError, hal.get, hal.U32, BUFFER, 61)
    _raises(ValueError, hal.get, hal.U8, BUFFER, -1)
    _raises(ValueError, hal.get, hal.U8, BUFFER, 64)
    _raises(ValueError, hal.put, hal.U16, 0, BUFFER, 63)
    _raises(ValueError, hal.copy, BUFFER, 0, BUFFER, 60, 5)
    _raises(ValueError, hal.copy, BUFFER, 60, BUFFER, 0, 5)
    _raises(ValueError, hal.copy, BUFFER, 0, BUFFER, 0, -1)
    _raises(ValueError, hal.compare, BUFFER, 0, BUFFER, 1, 64)
    _raises(ValueError, hal.crc16, BUFFER, 0, 65)
    _raises(ValueError, hal.link_send, BUFFER, 60, 5)
    _raises(ValueError, hal.tc_check, BUFFER, 65)
    _raises(ValueError, hal.tm_finish, BUFFER, 42, 0, 1, 1, 0)
    _raises(ValueError, hal.tm_time_report, bytearray(16), 0, 0)
    _raises(ValueError, hal.pool_load, 0, 1, BUFFER, 62, 4)
    _raises(ValueError, hal.pool_pack, b"\0\0", BUFFER, 65)
    _raises(ValueError, hal.rmap_read, 1, 0, BUFFER, 0, 65)
    _raises(ValueError, hal.rmap_write, 1, 0, BUFFER, 64, 1)
    _raises(ValueError, hal.time_until_ms, BUFFER, 58)
    _raises(ValueError, hal.time_after_ms, 0, BUFFER, 58)


def test_read_only_buffers_are_not_written():
    _raises(TypeError, hal.put, hal.U8, 0, b"ab", 0)
    _raises(TypeError, hal.copy, BUFFER, 0, b"ab", 0, 1)
    _raises(TypeError, hal.rmap_read, 1, 0, b"ab", 0, 1)
    _raises(TypeError, hal.link_receive, b"ab")


def test_arguments_out_of_range():
    _raises(ValueError, hal.get, 7, BUFFER, 0)
    _raises(ValueError, hal.octets, 255)
    _raises(ValueError, hal.pool_set, -1, 0)
    _raises(ValueError, hal.rmap_read, 256, 0, BUFFER, 0, 1)
    _raises(ValueError, hal.rmap_read, 1, 1 << 32, BUFFER, 0, 1)
    _raises(ValueError, hal.monitor_parameter, 1000)
    _raises(ValueError, hal.reset, 4)
    _raises(ValueError, hal.time_message, 1 << 32)
    assert not hal.pool_set(0xFFFF, 0)


def test_copy_and_compare():
    a, b = bytearray(b"abcdefgh"), bytearray(8)
    hal.copy(a, 0, b, 0, 8)
    assert hal.compare(a, 0, b, 0, 8) == -1
    hal.copy(b, 0, b, 2, 6)
    assert b == b"ababcdef"
    assert hal.compare(a, 0, b, 0, 8) == 2
    assert hal.compare(a, 0, b, 2, 6) == -1


def test_ticks_wrap():
    assert hal.ticks_diff(1, (1 << 30) - 1) == 2
    assert hal.ticks_diff((1 << 30) - 1, 1) == -2
    assert hal.ticks_diff(5, 5) == 0


def test_idle_and_sleep_end_on_their_tick():
    until = hal.ticks_ms() + 25
    assert not hal.idle(until)
    assert hal.ticks_diff(hal.ticks_ms(), until) == 0
    hal.sleep(until + 25)
    assert hal.ticks_diff(hal.ticks_ms(), until) == 25
    assert not hal.idle(until)  # past: at once
    assert hal.ticks_diff(hal.ticks_ms(), until) == 25


def test_times_relative_to_now():
    hal.time_after_ms(1500, BUFFER, 0)
    assert 1499 <= hal.time_until_ms(BUFFER, 0) <= 1500
    hal.copy(b"\xff\xff\xff\xff\xff\xff\xff", 0, BUFFER, 0, 7)
    assert hal.time_until_ms(BUFFER, 0) == 1 << 29


def test_free_heap_is_what_the_collector_says():
    kept = [bytearray(16 * (number % 5 + 1)) for number in range(40)]
    for number in range(0, 40, 3):
        kept[number] = None
    gc.collect()
    assert hal.heap_free() == gc.mem_free()
    everything = bytearray(20000)
    assert hal.heap_free() == gc.mem_free()
    assert everything and kept


def test_the_largest_free_run_can_be_had_and_no_more():
    gc.collect()
    for more, fits in ((1, False), (-16, True)):  # a bytearray is one more block itself
        largest = hal.heap_largest_free()
        try:
            block = bytearray(largest + more)
        except MemoryError:
            block = None
        assert (block is not None) == fits, (largest, more)
        del block
        gc.collect()


def test_the_cycle_allocates_nothing():
    text = "cycle\n"
    indices = b"\0\0\0\1\0\2"
    micropython.heap_lock()
    try:
        hal.guard_heartbeat()
        hal.pool_refresh()
        hal.monitor_sweep(1, 0)
        hal.monitor_changed()
        length = hal.pool_pack(indices, BUFFER, 21)
        length = hal.tm_finish(BUFFER, length, 1, 3, 25, 1)
        sent = hal.link_send(BUFFER, 0, length)
        hal.link_receive(BUFFER)
        hal.rmap_read(0x40, 0, BUFFER, 0, 8)
        hal.time_after_ms(100, BUFFER, 0)
        hal.time_until_ms(BUFFER, 0)
        hal.heap_free()
        hal.heap_largest_free()
        hal.console(text)
        hal.idle(hal.ticks_ms() + 1)
    finally:
        micropython.heap_unlock()
    assert sent


hal.init(0x0E00, True)
runner.run(globals())
