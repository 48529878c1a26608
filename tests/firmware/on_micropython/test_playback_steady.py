"""A playback allocates nothing from cycle to cycle."""

import hal
import micropython

import runner
from bench import Bench
from payload.tables import enums, pool, units


def test_while_an_entry_is_sent():
    bench = Bench()
    bench.prepare_data_take()
    bench.start_data_take()
    while bench.payload.router.in_progress():
        bench.cycles(1)
        bench.ancillary()
    entry = hal.get(hal.U16, bench.payload.catalogue.entry, units.CATALOGUE_ENTRY_ENTRY_ID)
    assert bench.payload.catalogue.packets() > 100
    bench.command("RECORDER_QUEUE", entry, 1)
    end = bytearray(7)
    hal.time_after_ms(60000, end, 0)
    bench.command("RECORDER_START_PLAYBACK", end, 60, 0x3FFFFFFF)
    while hal.pool_get(pool.RECORDER_ACTIVITY) != enums.RECORDER_ACTIVITY_PLAYING:
        bench.cycles(1)
    failures = 0
    executive = bench.payload.executive
    micropython.heap_lock()
    try:
        for _ in range(12):
            executive.cycle()
            bench.wait_cycle()
    except MemoryError:
        failures = 1
    micropython.heap_unlock()
    assert failures == 0, "allocated"
    assert hal.pool_get(pool.PLAYBACK) == enums.PLAYBACK_STATE_PLAYING
    assert bench.faults() == 0
    while not bench.payload.playback.idle():
        bench.cycles(1)
    entries = bench.payload.entries
    assert entries.state(entries.find(entry)) == enums.ENTRY_STATE_SENT
    bench.cycles(5)
    assert not hal.pool_get(pool.RECORDER_TRANSMITTER)


runner.run(globals())
