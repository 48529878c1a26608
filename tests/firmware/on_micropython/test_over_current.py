"""What the power unit is told of a mode's current, and when."""

import hal

import runner
from bench import Bench
from payload.failure import Failure
from payload.fdir.over_current import OverCurrent
from payload.tables import enums, events, failures, mission, modes, pool, units


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


def test_a_retry_is_held_to_what_safe_draws():
    """The limiter that is closed again for it is told before it is closed."""
    bench = Bench()
    bench.cycles(30)
    bench.set_time()
    bench.command("SET_MODE_SAR", enums.SAR_MODE_INIT)
    bench.command("SET_MODE_SAR", enums.SAR_MODE_STANDBY)
    done = []
    limiters = bench.payload.limiters
    expect, command = limiters.expect, limiters.command

    def spy_expect(limiter, predicted_ma):
        done.append(("told", limiter, predicted_ma))
        expect(limiter, predicted_ma)

    def spy_command(limiter, closed):
        done.append(("closed" if closed else "opened", limiter))
        command(limiter, closed)

    limiters.expect, limiters.command = spy_expect, spy_command
    bench.payload.instruments[enums.INSTRUMENT_SAR].machine.safe(events.LIMITER_TRIPPED[0], True)
    bench.cycles(mission.FAULT_LEVELS_POWER_OFF_MS // 100 + 30)
    assert hal.pool_get(pool.SAR_MODE) == enums.SAR_MODE_SAFE
    closed = ("closed", enums.LIMITER_SAR_UNIT)
    assert done.count(closed) == 1
    told = [entry for entry in done[: done.index(closed)] if entry[0] == "told"]
    assert told[-1] == ("told", enums.LIMITER_SAR_UNIT, current_ma(enums.SAR_MODE_SAFE)) and told[-1][2] > 0, done


class _Driver:
    def __init__(self):
        self.machine = self
        self.mode = enums.SAR_MODE_STANDBY
        self.target = self.mode

    def drawn_mode(self):
        return self.target


class _Bus:
    """The power unit and its limiters: notes what it is told; refuses while `failing`."""

    def __init__(self):
        self.told = []
        self.is_lost = self.failing = False

    def lost(self):
        return self.is_lost

    def expect(self, limiter, predicted_ma):
        if self.failing:
            raise Failure(failures.BUS_NO_REPLY)
        self.told.append(predicted_ma)


class _Events:
    def __init__(self):
        self.seen = []

    def report(self, event, *fields):
        self.seen.append(event)


class Setup:
    def __init__(self):
        hal.init(0x0E11, True)
        self.driver, self.bus, self.events = _Driver(), _Bus(), _Events()
        self.over_current = OverCurrent({enums.INSTRUMENT_SAR: self.driver}, self.bus, self.bus, self.events)
        self.samples = 10
        self.switch_ons = 3
        self.standby_ma = current_ma(enums.SAR_MODE_STANDBY)
        self.cycles(3)
        assert self.bus.told == [self.standby_ma], "once"

    def cycles(self, count):
        for _ in range(count):
            self.samples += 2
            hal.pool_set(pool.POWER_SAMPLE_COUNT, self.samples & 0xFFFF)
            hal.pool_set(pool.POWER_SWITCH_ONS, self.switch_ons)
            self.over_current.run()


def test_a_power_unit_that_was_lost_is_told_again():
    setup = Setup()
    setup.bus.is_lost = True
    setup.cycles(5)
    assert len(setup.bus.told) == 1
    setup.bus.is_lost = False
    setup.cycles(3)
    assert setup.bus.told == [setup.standby_ma] * 2 and setup.events.seen == []


def test_a_power_unit_whose_samples_begin_anew_is_told_again():
    setup = Setup()
    setup.samples = 0
    setup.cycles(3)
    assert setup.bus.told == [setup.standby_ma] * 2 and setup.events.seen == [events.POWER_UNIT_RESTARTED]


def test_a_power_unit_that_counts_its_switch_ons_anew_is_told_again():
    setup = Setup()
    setup.switch_ons = 0
    setup.cycles(3)
    assert setup.bus.told == [setup.standby_ma] * 2 and setup.events.seen == [events.POWER_UNIT_RESTARTED]


def test_a_power_unit_that_did_not_take_it_is_told_again():
    setup = Setup()
    setup.driver.mode = setup.driver.target = enums.SAR_MODE_PREOP
    setup.bus.failing = True
    setup.cycles(2)
    # Back to what was told last: what the unit has now, nobody knows.
    setup.driver.mode = setup.driver.target = enums.SAR_MODE_STANDBY
    setup.bus.failing = False
    setup.cycles(2)
    assert setup.bus.told == [setup.standby_ma] * 2


def test_in_a_transition_the_larger_of_both_modes_counts():
    setup = Setup()
    larger_ma = current_ma(enums.SAR_MODE_STRIPMAP)
    assert larger_ma > setup.standby_ma
    for mode, target in (
        (enums.SAR_MODE_STANDBY, enums.SAR_MODE_STRIPMAP),
        (enums.SAR_MODE_STRIPMAP, enums.SAR_MODE_STANDBY),
    ):
        setup.driver.mode, setup.driver.target = mode, target
        setup.cycles(2)
        assert setup.bus.told[-1] == larger_ma
    setup.driver.mode = enums.SAR_MODE_STANDBY
    setup.cycles(2)
    assert setup.bus.told[-1] == setup.standby_ma


runner.run(globals())
