"""What the power unit is told of a mode's current, and when."""

import hal

import runner
from bench import Bench
from payload.tables import enums, modes, pool, units


def current_ma(mode):
    return hal.get(hal.U16, modes.SAR_CURRENT_MA, 2 * mode)


def test_the_power_unit_learns_of_a_mode_before_its_unit_draws_the_current():
    bench = Bench()
    bench.cycles(30)
    bench.set_time()
    bench.command("SET_BENCH_WAIT", enums.BENCH_WAIT_SAR_WARMUP, 1000)
    bench.command("SET_MODE_SAR", enums.SAR_MODE_INIT)
    bench.command("SET_MODE_SAR", enums.SAR_MODE_STANDBY)
    bench.cycles(5)
    done = []
    limiters = bench.payload.limiters
    sar = bench.payload.instruments[enums.INSTRUMENT_SAR]
    expect, write = limiters.expect, sar.unit.write

    def spy_expect(limiter, predicted_ma):
        done.append(("told", limiter, predicted_ma))
        expect(limiter, predicted_ma)

    def spy_write(address, type_code, value):
        if address == units.SAR_CONTROL_COMMAND:
            done.append(("commanded", value))
        write(address, type_code, value)

    limiters.expect, sar.unit.write = spy_expect, spy_write
    # Between two cycles, as telecommands come.
    bench.send("SET_MODE_SAR", enums.SAR_MODE_PREOP)
    assert current_ma(enums.SAR_MODE_PREOP) > current_ma(enums.SAR_MODE_STANDBY)
    told = ("told", enums.LIMITER_SAR_UNIT, current_ma(enums.SAR_MODE_PREOP))
    assert done == [told, ("commanded", enums.SAR_UNIT_COMMAND_WARM_UP)], done


def test_a_data_take_that_waits_is_predicted_to_draw_what_its_mode_does():
    """Up to two minutes before its start; the larger prediction is told before the start command."""
    bench = Bench()
    bench.prepare_data_take()
    bench.cycles(2)
    done = []
    limiters = bench.payload.limiters
    sar = bench.payload.instruments[enums.INSTRUMENT_SAR]
    expect, write = limiters.expect, sar.unit.write

    def spy_expect(limiter, predicted_ma):
        done.append(("told", predicted_ma))
        expect(limiter, predicted_ma)

    def spy_write(address, type_code, value):
        if address == units.SAR_CONTROL_COMMAND:
            done.append(("commanded", value))
        write(address, type_code, value)

    limiters.expect, sar.unit.write = spy_expect, spy_write
    bench.in_view = True
    bench.start_data_take(6000)
    bench.cycles(20)
    assert done == [], done
    excess = hal.pool_get(pool.SAR_CURRENT_EXCESS_PERCENT)
    assert -5 <= excess <= 5, excess
    for _ in range(60):
        if hal.pool_get(pool.SAR_MODE) == enums.SAR_MODE_STRIPMAP:
            break
        bench.cycles(1)
    told = ("told", current_ma(enums.SAR_MODE_STRIPMAP))
    assert done[:2] == [told, ("commanded", enums.SAR_UNIT_COMMAND_START)], done
    bench.finish()
    bench.cycles(2)
    assert done[-1] == ("told", current_ma(enums.SAR_MODE_PREOP)), done


runner.run(globals())
