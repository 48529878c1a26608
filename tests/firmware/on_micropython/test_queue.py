"""The report queue: rings never mix packets, never lose a byte of one, and count what did not fit."""

import hal

import runner
from payload.tmtc.queue import INFORMATIVE, RESPONSE, ReportQueue, _Ring


def _packet(number, length):
    return bytearray(bytes([number & 0xFF]) * length)


def test_ring_keeps_order_and_content_over_many_wraps():
    ring = _Ring(257)
    expected = []
    seed = 1
    for number in range(2000):
        seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
        length = 1 + (seed >> 8) % 90
        if (seed >> 20) % 2:
            free = ring.free()
            stored = ring.put(_packet(number, length), length)
            assert stored == (length <= free), "free() %d, length %d, stored %s" % (free, length, stored)
            if stored:
                expected.append((number & 0xFF, length))
        elif expected:
            content, length = expected.pop(0)
            assert ring.length() == length
            start = ring.tail + 2
            for offset in range(length):
                assert ring.buffer[start + offset] == content
            ring.drop(length)
    while expected:
        length = expected.pop(0)[1]
        assert ring.length() == length
        ring.drop(length)
    assert ring.length() == 0


def test_full_ring_counts_what_it_loses_and_keeps_what_it_has():
    ring = _Ring(64)
    stored = 0
    while ring.put(_packet(stored, 10), 10):
        stored += 1
    assert ring.lost == 1
    assert stored == 5
    for _ in range(stored):
        assert ring.length() == 10
        ring.drop(10)


def test_classes_do_not_displace_each_other():
    report_queue = ReportQueue(2048)
    while report_queue.put(INFORMATIVE, _packet(1, 50), 50):
        pass
    assert report_queue.lost(INFORMATIVE) == 1
    assert report_queue.lost(RESPONSE) == 0
    assert report_queue.put(RESPONSE, _packet(2, 50), 50)


hal.init(0x0E00, True)
runner.run(globals())
