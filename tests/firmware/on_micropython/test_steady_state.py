"""The steady state allocates nothing: control cycles with the heap locked, at rest and while imaging."""

import hal
import micropython

import runner
from bench import Bench
from payload.tables import enums, pool


def _locked_cycles(bench, cycles):
    executive = bench.payload.executive
    failures = 0
    micropython.heap_lock()
    try:
        for _ in range(cycles):
            executive.cycle()
            bench.wait_cycle()
    except MemoryError:
        failures = 1
    micropython.heap_unlock()
    assert failures == 0, "allocated"
    assert hal.pool_get(pool.CYCLES) > cycles
    assert bench.faults() == 0, "an activity raised with the heap locked"


def test_at_rest():
    bench = Bench()
    bench.cycles(30)
    _locked_cycles(bench, 100)


def test_with_both_instruments_at_rest_powered():
    bench = Bench()
    bench.cycles(30)
    bench.command("SET_MODE_SAR", enums.SAR_MODE_INIT)
    bench.command("SET_MODE_OPTICAL", enums.OPTICAL_MODE_STANDBY)
    _locked_cycles(bench, 100)


def test_during_a_data_take():
    bench = Bench()
    bench.prepare_data_take()
    bench.start_data_take()
    while hal.pool_get(pool.SAR_PHASE) != enums.SAR_PHASE_ECHO:
        bench.cycles(1)
    _locked_cycles(bench, 50)
    assert hal.pool_get(pool.SAR_PHASE) == enums.SAR_PHASE_ECHO
    assert bench.payload.instruments[enums.INSTRUMENT_SAR].machine.is_taking()
    bench.finish()


def test_during_an_image():
    bench = Bench()
    bench.prepare_image()
    bench.start_image()
    while hal.pool_get(pool.OPTICAL_PHASE) != enums.OPTICAL_PHASE_IMAGING:
        bench.cycles(1)
    bench.ancillary()
    hal.pool_set(pool.GROUND_SPEED_M_S, 702000)
    assert hal.pool_get(pool.OPTICAL_LINE_PERIOD_US) == 711
    _locked_cycles(bench, 25)
    assert hal.pool_get(pool.OPTICAL_LINE_PERIOD_US) == 712, "the line period did not follow"
    assert hal.pool_get(pool.OPTICAL_PHASE) == enums.OPTICAL_PHASE_IMAGING
    assert bench.payload.instruments[enums.INSTRUMENT_OPTICAL].machine.is_taking()
    bench.finish()


runner.run(globals())
