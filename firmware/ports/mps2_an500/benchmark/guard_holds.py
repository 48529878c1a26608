"""A data take in which the application fails: for tests/firmware/test_guard_holds.py.

The first boot flies a data take under the executive and, in the midst of its echoes, does what the
case names. Most cases never come back: the watchdog resets, and the second boot prints what the first
left behind, one `name value` a line, times in microseconds.
"""

import gc
import sys

import benchmark
import hal

import payload.main
from bench import Bench
from payload.executive import Activity
from payload.tables import enums, mission, pool

_CYCLES_BEFORE = 5
_LONGEST_CYCLES = 1000
_ALARM_AFTER_US = 300000
_CYCLES_AFTER_BOOT = 30
_HELD_CYCLES = 200
_FAILED = 1  # the note that the first boot leaves


def run(case):
    if benchmark.noted(0) == _FAILED:
        _look_after_the_reset(case == "boot")
        return
    if case == "boot":
        _hang_in_the_boot()
    bench = Bench()
    bench.prepare_data_take()
    bench.start_data_take()
    name, _, when = case.partition("+")
    failing = _Failing(bench, _CASES[name], when == "alarm")
    executive = bench.payload.executive
    executive._activities += (Activity(failing.run),)
    executive.run()


def _hang_in_the_boot():
    """The application does not come to its first cycle."""
    benchmark.note(0, _FAILED)
    payload.main.Settings = _spin_in_settings
    Bench()


def _spin_in_settings(persistent, apply):
    benchmark.note(1, hal.ticks_ms())
    benchmark.spin()


class _Failing:
    """The last activity of every cycle; in a cycle of the echoes it fails."""

    def __init__(self, bench, case, alarm):
        self._bench = bench
        self._case = case
        self._alarm = alarm
        self._cycles = 0

    def run(self):
        if self._bench.payload.executive.cycles % 10 == 0:
            self._bench.ancillary()
        if hal.pool_get(pool.SAR_PHASE) == enums.SAR_PHASE_ECHO and hal.guard_transmitting():
            self._cycles += 1
        if self._cycles == _CYCLES_BEFORE:
            self._cycles += 1
            benchmark.note(0, _FAILED)
            if self._alarm:
                benchmark.alarm(_ALARM_AFTER_US)
            try:
                self._case(self._bench)
            except Exception as error:
                sys.print_exception(error)
            print("the case came to an end")
            benchmark.exit(1)
        if self._bench.payload.executive.cycles > _LONGEST_CYCLES:
            print("no data take came to its echoes")
            benchmark.exit(1)


def _spin(bench):
    benchmark.spin()


def _masked(bench):
    benchmark.spin_masked()


def _loop(bench):
    while True:
        pass


def _loop_caught(bench):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass


def _memory(bench):
    while True:
        kept = None
        try:
            kept = []
            while True:
                kept.append(bytearray(100))
        except MemoryError:
            pass


def _fill():
    kept = []
    size = 16384
    while size >= 16:
        try:
            kept.append(bytearray(size))
        except MemoryError:
            size //= 2
    return kept


def _collect(bench):
    kept = _fill()
    while kept:
        gc.collect()


def _builtin(bench):
    sum(range(1000000000))


def _held(bench):
    """All memory taken and kept while the executive goes on: the application is left to end the data take."""
    benchmark.note(1, 0)
    held = _Held(_fill())
    executive = bench.payload.executive
    try:
        while True:
            executive.cycle()
            bench.wait_cycle()
            held.count()
    except _Over:
        pass
    held.kept = None
    gc.collect()
    _show_edges()
    _show_inhibits()
    benchmark.exit(0)


class _Over(Exception):
    pass


class _Held:
    def __init__(self, kept):
        self.kept = kept
        self._left = _HELD_CYCLES
        self._over = _Over()

    def count(self):
        self._left -= 1
        if self._left == 0:
            raise self._over


def _flash(bench):
    """An erase while transmitting, and the same one after it."""
    print("erase_while_transmitting", benchmark.flash_erase(0x100000), benchmark.FLASH_TRANSMITTING)
    print("busy", int(benchmark.flash_busy()))
    print("transmitting", int(hal.guard_transmitting()))
    hal.guard_inhibit()
    print("erase_after", benchmark.flash_erase(0x100000))
    print("busy_after", int(benchmark.flash_busy()))
    benchmark.exit(0)


def _corrupt(bench):
    """Each word of the guard's state and each complement, one bit, while transmitting; then the application's turn."""
    hal.guard_inhibit()
    for word in range(benchmark.GUARD_WORDS):
        for complement in (False, True):
            for mask in (1, 0x40000000):
                benchmark.forget_edges()
                hal.guard_heartbeat()
                assert hal.guard_permit(mission.TRANSMIT_GUARD_LONGEST_PERMIT_MS)
                assert hal.guard_transmit(True)
                flipped_us = benchmark.now_us()
                benchmark.flip_guard(word, complement, mask)
                hal.sleep((hal.ticks_ms() + 20) & 0x3FFFFFFF)
                _, (on, time_us) = benchmark.edges()
                print("flip", word, int(complement), mask, int(on), time_us - flipped_us, hal.guard_last_reason())
                hal.guard_heartbeat()
    executive = bench.payload.executive
    for _ in range(_CYCLES_AFTER_BOOT):
        executive.cycle()
        bench.wait_cycle()
    print("sar_mode", hal.pool_get(pool.SAR_MODE), enums.SAR_MODE_SAFE)
    _show_inhibits()
    benchmark.exit(0)


_CASES = {
    "spin": _spin,
    "masked": _masked,
    "loop": _loop,
    "loop_caught": _loop_caught,
    "memory": _memory,
    "collect": _collect,
    "builtin": _builtin,
    "held": _held,
    "flash": _flash,
    "corrupt": _corrupt,
}


def _show_edges():
    for on, time_us in benchmark.edges():
        print("edge_on_us" if on else "edge_off_us", time_us)


def _show_inhibits():
    print("transmitting", int(hal.guard_transmitting()))
    print("permitted", int(hal.guard_permitted()))
    print("permit", hal.pool_get(pool.TRANSMIT_PERMIT), enums.TRANSMIT_PERMIT_INHIBITED)
    print("refuse", hal.pool_get(pool.REFUSE))
    print("guard_trips", hal.guard_trips())
    print("guard_reason", hal.guard_last_reason())


def _look_after_the_reset(keep_boots):
    print("boot_hung_ms", benchmark.noted(1))
    print("heartbeat_us", benchmark.heartbeat_us())
    print("alarm_us", benchmark.alarm_us())
    _show_edges()
    edges = len(benchmark.edges())
    before_ms = hal.ticks_ms()
    bench = Bench(keep_boots, keep_boots)
    print("booted_within_ms", hal.ticks_ms() - before_ms)
    print("reset_cause", hal.reset_cause(), enums.RESET_CAUSE_WATCHDOG)
    print("boots", hal.pool_get(pool.BOOTS_IN_PERIOD))
    bench.cycles(_CYCLES_AFTER_BOOT)
    print("edges_after_reset", len(benchmark.edges()) - edges)
    print("limiters_closed", hal.pool_get(pool.POWER_LIMITERS_CLOSED))
    print("sar_mode", hal.pool_get(pool.SAR_MODE), enums.SAR_MODE_OFF)
    _show_inhibits()
