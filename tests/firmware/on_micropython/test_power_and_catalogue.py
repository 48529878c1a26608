"""Limiters at boot, the one holder of the recorder's entry, and the start that a preparation may miss."""

import hal

import runner
from bench import Bench
from payload.failure import Failure, Refusal
from payload.instruments.instrument import TakeRequest
from payload.tables import enums, events, failures, mission, pool, units
from payload.units.power import LIMITERS, Limiters
from runner import refused


class Events:
    def __init__(self):
        self.seen = []

    def report(self, event, *fields):
        self.seen.append((event, fields))


class PowerUnit:
    """Fails while `failing`; remembers what was written."""

    def __init__(self):
        self.failing = True
        self.written = []

    def require_link(self):
        if self.failing:
            raise Failure(failures.UNIT_LOST, units.POWER_NODE)

    def write(self, address, type_code, value):
        if self.failing:
            raise Failure(failures.BUS_NO_REPLY, units.POWER_NODE)
        self.written.append((address, value))

    def fresh_sample(self):
        yield 0


def test_limiters_that_could_not_be_opened_at_boot_are_opened_later():
    hal.init(0x0E00, True)
    unit = PowerUnit()
    limiters = Limiters(unit, Events())
    refused(failures.BUS_NO_REPLY, limiters.open_all)
    limiters.run()
    hal.pool_set(pool.POWER_LIMITERS_CLOSED, 0x0F)
    _cycles(limiters, 30)
    assert unit.written == []
    unit.failing = False
    _cycles(limiters, 10)
    assert [value for _, value in unit.written] == [enums.LIMITER_COMMAND_OPEN] * 4
    hal.pool_set(pool.POWER_LIMITERS_CLOSED, 0)
    _cycles(limiters, 30)
    assert len(unit.written) == 4, "once only"


def _cycles(limiters, count):
    for _ in range(count):
        limiters.run()


def test_a_limiter_that_stays_closed_is_told_once_and_opened_again_each_second():
    hal.init(0x0E00, True)
    unit = PowerUnit()
    unit.failing = False
    seen = Events()
    limiters = Limiters(unit, seen)
    sar = units.POWER_CONTROL_SAR_UNIT_LIMITER
    limiters.command(enums.LIMITER_SAR_UNIT, True)
    hal.pool_set(pool.POWER_LIMITERS_CLOSED, 1 << enums.LIMITER_SAR_UNIT)
    _cycles(limiters, 30)
    assert unit.written == [(sar, enums.LIMITER_COMMAND_CLOSE)], "one that is meant to be closed"
    limiters.command(enums.LIMITER_SAR_UNIT, False)
    del unit.written[:], seen.seen[:]
    _cycles(limiters, 2)
    assert unit.written == [], "samples from before the command"
    _cycles(limiters, 21)
    assert unit.written == [(sar, enums.LIMITER_COMMAND_OPEN)] * 3
    assert seen.seen == [(events.LIMITER_STAYS_CLOSED, (enums.LIMITER_SAR_UNIT,))]
    hal.pool_set(pool.POWER_LIMITERS_CLOSED, 0)
    _cycles(limiters, 1)
    hal.pool_set(pool.POWER_LIMITERS_CLOSED, 1 << enums.LIMITER_SAR_UNIT)
    _cycles(limiters, 3)
    assert len(unit.written) == 4 and len(seen.seen) == 2, "closed by itself: told anew"


def test_a_close_that_was_not_confirmed_is_taken_back():
    hal.init(0x0E00, True)
    unit = PowerUnit()
    limiters = Limiters(unit, Events())
    refused(failures.BUS_NO_REPLY, limiters.command, enums.LIMITER_DOOR, True)
    unit.failing = False
    hal.pool_set(pool.POWER_LIMITERS_CLOSED, 1 << enums.LIMITER_DOOR)
    _cycles(limiters, 3)
    assert unit.written == [(units.POWER_CONTROL_DOOR_LIMITER, enums.LIMITER_COMMAND_OPEN)]


def test_a_limiter_that_does_not_follow_is_named_with_where_it_is():
    hal.init(0x0E00, True)
    unit = PowerUnit()
    unit.failing = False
    limiters = Limiters(unit, Events())
    hal.pool_set(pool.POWER_LIMITERS_CLOSED, 1 << enums.LIMITER_DOOR)
    for limiter, closed in ((enums.LIMITER_OPTICAL_HEATER, True), (enums.LIMITER_DOOR, False)):
        failure = refused(failures.LIMITER_NOT_SWITCHED, list, limiters.switch(limiter, closed))
        assert (failure.detail, failure.limit) == (limiter, int(not closed))


def test_what_was_commanded_closed_may_be_closed_whatever_telemetry_says():
    hal.init(0x0E00, True)
    unit = PowerUnit()
    unit.failing = False
    limiters = Limiters(unit, Events())
    hal.pool_set(pool.POWER_LIMITERS_CLOSED, 1 << enums.LIMITER_OPTICAL_UNIT)
    limiters.command(enums.LIMITER_OPTICAL_HEATER, True)
    may_be = [limiter for limiter in LIMITERS if limiters.may_be_closed(limiter)]
    assert may_be == [enums.LIMITER_OPTICAL_UNIT, enums.LIMITER_OPTICAL_HEATER]
    limiters.command(enums.LIMITER_OPTICAL_HEATER, False)
    assert not limiters.may_be_closed(enums.LIMITER_OPTICAL_HEATER)


def test_a_lost_power_unit_says_nothing_about_its_limiters():
    hal.init(0x0E00, True)
    refused(failures.UNIT_LOST, Limiters(PowerUnit(), Events()).is_closed, enums.LIMITER_DOOR)


def _run(bench, *generators):
    """Resume generators in turn, a cycle each, to their ends."""
    pending = list(generators)
    while pending:
        for generator in list(pending):
            try:
                next(generator)
            except StopIteration:
                pending.remove(generator)
        bench.cycles(1)


def test_a_boot_opens_what_the_boot_before_left_closed():
    bench = Bench()
    bench.cycles(30)
    bench.command("SET_MODE_SAR", enums.SAR_MODE_INIT)
    assert hal.pool_get(pool.POWER_LIMITERS_CLOSED)
    bench = Bench()
    # A cycle later a limiter that stays closed is opened again for another reason.
    bench.cycles(2)
    assert hal.pool_valid(pool.POWER_LIMITERS_CLOSED) and hal.pool_get(pool.POWER_LIMITERS_CLOSED) == 0


def test_one_holder_of_an_entry():
    bench = Bench()
    bench.cycles(30)
    catalogue = bench.payload.catalogue
    before = catalogue.entries()
    first = catalogue.open(1, enums.INSTRUMENT_SAR, 4, 0)
    next(first)
    refused(failures.RECORDER_REFUSED, catalogue.open, 2, enums.INSTRUMENT_OPTICAL, 5, 0)
    _run(bench, first)
    refused(failures.RECORDER_REFUSED, catalogue.open, 2, enums.INSTRUMENT_OPTICAL, 5, 0)
    _run(bench, catalogue.close())
    _run(bench, catalogue.open(2, enums.INSTRUMENT_OPTICAL, 5, 0))
    _run(bench, catalogue.close())
    assert catalogue.entries() == before + 2


def test_no_entry_is_recorded_into_that_an_opening_cut_off_left_behind():
    """Wherever it was cut off: the next opening waits for the end of that entry, and has one of its own."""
    bench = Bench()
    bench.cycles(30)
    catalogue = bench.payload.catalogue
    for cycles in range(3):
        cut_off = catalogue.open(100 + cycles, enums.INSTRUMENT_SAR, 4, 0)
        for _ in range(cycles):
            next(cut_off)
            bench.cycles(1)
        next(cut_off)
        cut_off.close()
        _run(bench, catalogue.open(200 + cycles, enums.INSTRUMENT_OPTICAL, 5, 0))
        _run(bench, catalogue.close())
        entry = catalogue.entry
        assert hal.get(hal.U32, entry, units.CATALOGUE_ENTRY_TASK_ID) == 200 + cycles, cycles
        assert entry[units.CATALOGUE_ENTRY_INSTRUMENT] == enums.INSTRUMENT_OPTICAL, cycles
        bench.cycles(15)
        assert hal.pool_get(pool.RECORDER_OPEN_ENTRY_ID) == 0


def test_an_entry_that_nobody_holds_is_closed():
    bench = Bench()
    bench.cycles(30)
    catalogue = bench.payload.catalogue
    _run(bench, catalogue.open(1, enums.INSTRUMENT_SAR, 4, 0))
    bench.cycles(20)
    assert hal.pool_get(pool.RECORDER_OPEN_ENTRY_ID), "somebody holds it"
    catalogue.release()
    bench.cycles(5)
    assert hal.pool_get(pool.RECORDER_OPEN_ENTRY_ID) == 0
    assert hal.pool_get(pool.RECORDER_FAULT_FLAGS) == 0, "closed once"
    unfinished = catalogue.open(2, enums.INSTRUMENT_SAR, 4, 0)
    next(unfinished)
    unfinished.close()
    bench.cycles(15)
    assert hal.pool_get(pool.RECORDER_OPEN_ENTRY_ID) == 0


def test_an_entry_whose_closing_is_given_up_is_closed_in_the_catalogue_too():
    bench = Bench()
    bench.cycles(30)
    catalogue = bench.payload.catalogue
    for steps in range(12):
        _run(bench, catalogue.open(100 + steps, enums.INSTRUMENT_SAR, 4, 0))
        closing = catalogue.close()
        for _ in range(steps):
            if next(closing, None) is None:
                break
            bench.cycles(1)
        closing.close()
        catalogue.release()
        bench.cycles(100)
        assert hal.pool_get(pool.RECORDER_OPEN_ENTRY_ID) == 0
        left_open = [
            place
            for place in range(mission.RECORDER_ENTRIES)
            if bench.payload.entries.id(place) and bench.payload.entries.state(place) == enums.ENTRY_STATE_OPEN
        ]
        assert left_open == [], (steps, left_open)


def test_an_entry_is_not_given_up_with_the_one_before_it():
    bench = Bench()
    bench.cycles(30)
    catalogue = bench.payload.catalogue
    waited = 0
    for steps in range(12):
        _run(bench, catalogue.open(100 + steps, enums.INSTRUMENT_SAR, 4, 0))
        closing = catalogue.close()
        is_closed = False
        for _ in range(steps):
            is_closed = next(closing, None) is None
            if is_closed:
                break
            bench.cycles(1)
        following = catalogue.open(200 + steps, enums.INSTRUMENT_OPTICAL, 5, 0)
        try:
            next(following)
        except Failure:
            following = None
        closing.close()
        if not is_closed:
            catalogue.release()
        if following is not None:
            waited += not is_closed
            _run(bench, following)
            bench.cycles(20)
            assert catalogue.open_entry_id(), steps
            _run(bench, catalogue.close())
        bench.cycles(100)
    assert waited, "while the one before it was read back"


def test_readers_take_turns():
    bench = Bench()
    bench.cycles(30)
    catalogue = bench.payload.catalogue
    for task_id in (1, 2):
        _run(bench, catalogue.open(task_id, enums.INSTRUMENT_SAR, 4, 0))
        _run(bench, catalogue.close())
    link = bench.payload.catalogue._link
    first = catalogue.entries() - 1
    seen = []

    def read(entry_id):
        yield from link.read_entry(entry_id)
        seen.append(link.record_id())

    _run(bench, read(first), read(first + 1), read(4000))
    assert sorted(seen) == [0, first, first + 1], seen
    hanging = link.read_entry(first)
    next(hanging)
    hanging.close()
    _run(bench, read(first + 1))


def test_a_start_that_passed_while_preparing_is_refused():
    bench = Bench()
    bench.prepare_data_take()
    sar = bench.payload.instruments[enums.INSTRUMENT_SAR]
    start = bytearray(7)
    for delay_ms, passed in ((-1000, True), (150, True), (600, False)):
        hal.time_after_ms(delay_ms, start, 0)
        steps = sar._await_start(TakeRequest(1, 4, 0, start, 1000, 0), 700)
        if passed:
            failure = refused(failures.START_IN_THE_PAST, lambda steps=steps: steps)
            assert sar.is_well(failure)
        else:
            assert list(steps) == []


def test_supplies_that_stay_on_are_not_taken_for_off():
    hal.init(0x0E00, True)
    unit = PowerUnit()
    unit.failing = False
    limiters = Limiters(unit, Events())
    both = (enums.LIMITER_DOOR, enums.LIMITER_OPTICAL_UNIT)
    hal.pool_set(pool.POWER_LIMITERS_CLOSED, 0)
    assert list(limiters.require_open(both)) == [0]
    hal.pool_set(pool.POWER_LIMITERS_CLOSED, 1 << enums.LIMITER_OPTICAL_UNIT)
    failure = refused(failures.LIMITER_NOT_SWITCHED, list, limiters.require_open(both))
    assert failure.detail == enums.LIMITER_OPTICAL_UNIT


def _start_is_refused(bench, code):
    start = bytearray(7)
    hal.time_after_ms(3500, start, 0)
    refused(code, bench.handler("SAR_START_DATA_TAKE"), 77, 0, 10, start)


def test_a_take_needs_a_place_in_the_catalogue():
    bench = Bench()
    bench.prepare_data_take()

    def require_room():
        raise Refusal(failures.CATALOGUE_FULL)

    bench.payload.catalogue.require_room = require_room
    _start_is_refused(bench, failures.CATALOGUE_FULL)


def test_a_take_needs_room_on_the_recorder():
    bench = Bench()
    bench.prepare_data_take()
    hal.pool_set(pool.RECORDER_FREE_MIB, 1)
    _start_is_refused(bench, failures.MEMORY_BUDGET)


runner.run(globals())
