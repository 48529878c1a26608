"""The figures of `make bench`: one `name value` a line, in guest instructions or in microseconds of guest time.

A figure counts what the payload computer executes, its interrupts included; not what the unit models
of this image cost, and not the core's sleep.
"""

import gc

import benchmark
import hal

from bench import TOPS_TABLE, WORKED_TABLE, Bench
from payload.instruments.acquisition_table import TableSlots, check
from payload.services.housekeeping import Housekeeping
from payload.tables import enums, mission, pool
from payload.tmtc import queue
from payload.tmtc.reports import ReportWriter

_CYCLES = 50
_CYCLES_PER_SECOND = 10
_START_CYCLES = 100
_ALARMS = 20
# Prime to the cycle and to the tick, so that the alarms come at different places of either.
_ALARM_STEP_US = 37
_PING = bytes((0x18, 0x01, 0xC0, 0x16, 0x00, 0x06, 0x2F, 0x11, 0x01, 0x00, 0x00, 0xAB, 0x62))


def run():
    print_clock()
    bench = Bench()
    bench.cycles(30)
    print_cycles(bench, "cycle_at_rest")
    print_telecommand(bench)
    print_housekeeping(bench)
    print_validation()
    print_data_take(bench)
    print_image(bench)
    print_guard(bench)


def show(name, value):
    print(name, value)


def print_clock():
    """The counter and the clock against a loop of a known number of instructions."""
    executed, instructions, clock_us = benchmark.calibrate()
    show("clock_executed_instructions", executed)
    show("clock_counted_instructions", instructions)
    show("clock_us", clock_us)


def print_cycles(bench, name):
    """Average and worst of the control cycles of some seconds; the platform's data come between cycles."""
    cycle = bench.payload.executive.cycle
    total = worst = 0
    for number in range(_CYCLES):
        if number % _CYCLES_PER_SECOND == 0:
            bench.ancillary()
        benchmark.count()
        cycle()
        instructions = benchmark.counted()
        total += instructions
        worst = max(worst, instructions)
        bench.wait_cycle()
    show(name + "_average", total // _CYCLES)
    show(name + "_worst", worst)


def print_telecommand(bench):
    """TC[17,1] from the first octet's interrupt to the last octet of its reports handed to the line."""
    payload = bench.payload
    bench.cycles(1)
    accepted = hal.pool_get(pool.TC_ACCEPTED)
    gc.collect()
    free = hal.heap_free()
    assert benchmark.link(_PING)
    benchmark.count()
    while hal.idle((hal.ticks_ms() + mission.EXECUTIVE_CYCLE_MS) & 0x3FFFFFFF):
        payload.router.poll()
        payload.queue.pump()
        break
    show("ping", benchmark.counted())
    show("ping_garbage_octets", free - hal.heap_free())
    assert hal.pool_get(pool.TC_ACCEPTED) == accepted + 1


def print_housekeeping(bench):
    """The report of the structure with the most parameters, into its queue."""
    service = Housekeeping(ReportWriter(bench.payload.queue), bench.payload.settings)
    largest = max(service._structures, key=lambda structure: structure.count)
    benchmark.count()
    service._report(largest, queue.PERIODIC)
    show("housekeeping_report", benchmark.counted())
    bench.cycles(1)


def print_validation():
    slots = TableSlots()
    for name, values in (("stripmap", WORKED_TABLE), ("tops", TOPS_TABLE)):
        benchmark.count()
        slots.load(0, values)
        show("table_load_" + name, benchmark.counted())
        block = slots.block(0)
        benchmark.count()
        broken = check(block)
        show("table_validation_" + name, benchmark.counted())
        assert broken is None, broken


def print_data_take(bench):
    bench.prepare_data_take()
    bench.in_view = True
    bench.start_data_take()
    await_phase(bench, pool.SAR_PHASE, enums.SAR_PHASE_ECHO)
    print_cycles(bench, "cycle_sar_imaging")
    assert hal.pool_get(pool.SAR_PHASE) == enums.SAR_PHASE_ECHO and hal.guard_transmitting()
    print_memory()
    bench.finish()


def print_image(bench):
    bench.prepare_image()
    bench.start_image()
    await_phase(bench, pool.OPTICAL_PHASE, enums.OPTICAL_PHASE_IMAGING)
    print_cycles(bench, "cycle_optical_imaging")
    assert hal.pool_get(pool.OPTICAL_PHASE) == enums.OPTICAL_PHASE_IMAGING
    bench.finish()


def await_phase(bench, parameter, phase):
    for _ in range(_START_CYCLES):
        if hal.pool_get(parameter) == phase:
            return
        bench.cycles(1)
    raise AssertionError("the unit did not begin")


def print_memory():
    """In the midst of a data take: the pause of a collection, and what of the heap is live."""
    benchmark.count()
    gc.collect()
    show("collection", benchmark.counted())
    show("heap_live_octets", mission.EXECUTIVE_HEAP_OCTETS - hal.heap_free())
    show("heap_largest_free_octets", hal.heap_largest_free())


def transmit():
    """Put the guard itself into transmission, whatever the instrument is doing."""
    benchmark.forget_edges()
    hal.guard_heartbeat()
    assert hal.guard_permit(mission.TRANSMIT_GUARD_LONGEST_PERMIT_MS) and hal.guard_transmit(True)


def dropped_us():
    """When transmit-enable was dropped."""
    (_, _), (on, time_us) = benchmark.edges()
    assert not on
    return time_us


def print_guard(bench):
    worst_us = 0
    # Of two readings of a clock that shows whole microseconds: it took less than one more than their difference.
    for number in range(_ALARMS):
        transmit()
        benchmark.alarm(1 + number * _ALARM_STEP_US)
        bench.cycles(1)
        worst_us = max(worst_us, dropped_us() - benchmark.alarm_us() + 1)
        benchmark.alarm(0)
        bench.cycles(1)
    show("alarm_to_off_us", worst_us)
    transmit()
    hal.sleep((hal.ticks_ms() + mission.TRANSMIT_GUARD_HEARTBEAT_TIMEOUT_MS + 50) & 0x3FFFFFFF)
    late_us = dropped_us() - benchmark.heartbeat_us() - mission.TRANSMIT_GUARD_HEARTBEAT_TIMEOUT_MS * 1000
    show("missed_heartbeat_to_off_us", late_us)
