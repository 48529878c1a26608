"""Is what the housekeeping says of the control cycle true? For tests/firmware/test_cycle_telemetry.py.

Every cycle is timed from outside with the counter; the housekeeping's figures are printed beside it.
"""

import benchmark
import hal

from bench import Bench
from payload.executive import Activity
from payload.tables import pool

_TICKS_A_US = 25
_TICKS_MASK = 0x3FFFFFFF
_CYCLES = 40
_LATE_CYCLE = 20
_LATE_MS = 150


def run():
    bench = Bench()
    _cycles(bench, "ordinary")
    late = _Late()
    bench.payload.executive._activities += (Activity(late.run),)
    _cycles(bench, "late")


class _Late:
    """An activity that takes longer than a cycle, once."""

    def __init__(self):
        self._cycles = 0

    def run(self):
        self._cycles += 1
        if self._cycles == _LATE_CYCLE:
            hal.sleep((hal.ticks_ms() + _LATE_MS) & _TICKS_MASK)


def _cycles(bench, name):
    worst = overruns = 0
    for _ in range(_CYCLES):
        started = benchmark.ticks()
        bench.payload.executive.cycle()
        took_us = ((benchmark.ticks() - started) & _TICKS_MASK) // _TICKS_A_US
        worst = max(worst, took_us)
        overruns += took_us > 100000
        bench.wait_cycle()
    print(name + "_measured_worst_us", worst)
    print(name + "_told_worst_us", hal.pool_get(pool.CYCLE_WORST_US))
    print(name + "_measured_overruns", overruns)
    print(name + "_told_overruns", hal.pool_get(pool.CYCLE_OVERRUNS))
    print(name + "_cycles", hal.pool_get(pool.CYCLES))
