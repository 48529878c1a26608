"""What the ground configured, over a reset: in force again, said at boot, dropped when it is not legal, restored."""

import hal

import runner
from bench import WORKED_TABLE, Bench
from payload.tables import enums, events, failures, housekeeping, mission, persistent, pool
from payload.tmtc import queue as queue_module
from reports import finish, take
from runner import refused

COMPUTER, LINKS, SAR = 1, 2, 3
DEFAULTS = {entry[0]: (entry[1], entry[2]) for entry in housekeeping.STRUCTURES}
KEY_OF = {entry[0]: persistent.HOUSEKEEPING_KEYS[index] for index, entry in enumerate(housekeeping.STRUCTURES)}
DEFAULT_EXPONENT = 2
SAFING = events.SAFED[0]


def _events(bench):
    """Field octets of the events in the queue, by event id."""
    found = {}
    for service, _, data in take(bench.payload.queue):
        if service == 5:
            found.setdefault(data[0] << 8 | data[1], []).append(tuple(data[2:]))
    return found


class _NoRoom:
    """The module hal with a line that takes nothing."""

    def __getattr__(self, name):
        return (lambda: 0) if name == "link_room" else getattr(hal, name)


def _boot(**keep):
    """A bench with what it reported at boot still in its queue."""
    queue_module.hal = _NoRoom()
    bench = Bench(**keep)
    queue_module.hal = hal
    return bench


def _call(bench, name, *values):
    """A telecommand's handler, to its end; the reports it gave."""
    take(bench.payload.queue)
    finish(bench.handler(name)(*values))
    return take(bench.payload.queue)


def _structures(bench):
    """(period, enabled) by structure, as reported."""
    found = {}
    for structure_id in DEFAULTS:
        ((_, _, data),) = _call(bench, "HOUSEKEEPING_REPORT_STRUCTURES", [structure_id])
        found[data[0]] = (data[2] << 8 | data[3], data[1])
    return found


def _disabled(bench):
    ((_, _, data),) = _call(bench, "EVENT_REPORT_DISABLED")
    return [data[index] << 8 | data[index + 1] for index in range(1, len(data), 2)]


def _exponent(bench):
    """Of the time report that comes in the first cycle of a boot."""
    take(bench.payload.queue)
    bench.payload.executive._activities[-1].run()
    ring = bench.payload.queue._rings[queue_module.PERIODIC]
    exponent = ring.buffer[ring.tail + 2 + 6]
    ring.drop(ring.length())
    return exponent


def _settle(bench):
    bench.cycles(20)
    assert hal.journal_pending() == 0


def _configured():
    """A bench on which each kind of thing is configured, and that is in flash."""
    bench = Bench()
    _call(bench, "HOUSEKEEPING_SET_PERIOD", COMPUTER, 36000)
    _call(bench, "HOUSEKEEPING_DISABLE", [LINKS, SAR])
    _call(bench, "HOUSEKEEPING_SET_PERIOD", SAR, 7)
    _call(bench, "EVENT_DISABLE", [events.BOOTED[0], events.CATALOGUE_RECONCILED[0]])
    _call(bench, "TIME_SET_REPORT_RATE", 8)
    bench.command("SAR_LOAD_TABLE", 6, *WORKED_TABLE)
    _settle(bench)
    return bench


def _expected():
    return _changed({COMPUTER: (36000, 1), LINKS: (10, 0), SAR: (7, 0)})


def _changed(changes):
    changed = dict(DEFAULTS)
    changed.update(changes)
    return changed


def test_everything_is_in_force_again_and_the_boot_says_so():
    _configured()
    for _ in range(2):
        bench = _boot(keep=True)
        said = _events(bench)
        assert said[events.CONFIGURATION_APPLIED[0]] == [(1, 6, 0)], said
        assert events.BOOTED[0] not in said, "disabled from the first event on"
        assert events.TABLE_DROPPED[0] not in said and events.SETTING_DROPPED[0] not in said
        assert _exponent(bench) == 8
        assert _structures(bench) == _expected()
        assert _disabled(bench) == [events.BOOTED[0], events.CATALOGUE_RECONCILED[0]]
        finish(bench.handler("SAR_REPORT_TABLE")(6))
        refused(failures.TABLE_EMPTY, bench.handler("SAR_REPORT_TABLE"), 0)
        _settle(bench)


def test_a_boot_without_a_configuration_says_so_too():
    said = _events(_boot())
    assert said[events.CONFIGURATION_APPLIED[0]] == [(0, 0, 0)] and events.BOOTED[0] in said


def test_what_is_set_back_is_not_kept():
    bench = _configured()
    _call(bench, "HOUSEKEEPING_SET_PERIOD", COMPUTER, DEFAULTS[COMPUTER][0])
    _call(bench, "HOUSEKEEPING_ENABLE", [LINKS])
    _call(bench, "EVENT_ENABLE", [events.BOOTED[0]])
    _call(bench, "TIME_SET_REPORT_RATE", DEFAULT_EXPONENT)
    _settle(bench)
    bench = _boot(keep=True)
    assert _events(bench)[events.CONFIGURATION_APPLIED[0]] == [(1, 2, 0)]
    assert _structures(bench) == _changed({SAR: (7, 0)})
    assert _disabled(bench) == [events.CATALOGUE_RECONCILED[0]] and _exponent(bench) == DEFAULT_EXPONENT


def test_what_no_telecommand_would_accept_is_dropped_and_named():
    bench = _configured()
    mask_key = persistent.EVENT_KEYS[SAFING // persistent.EVENTS_PER_KEY]
    noted = hal.journal_get(mask_key, 0)
    # A period of 0, one beyond the highest, one that is none, an event of high severity, a rate beyond the highest.
    illegal = (
        (KEY_OF[COMPUTER], 3),
        (KEY_OF[LINKS], 36001 << 2 | 3),
        (KEY_OF[SAR], 7 << 2 | 2),
        (mask_key, noted | 1 << SAFING % persistent.EVENTS_PER_KEY),
        (persistent.TIME_REPORT_RATE, 10),
    )
    for key, value in illegal:
        hal.journal_put(key, value)
    _settle(bench)
    bench = _boot(keep=True)
    said = _events(bench)
    dropped = sorted([data[0] << 8 | data[1] for data in said[events.SETTING_DROPPED[0]]])
    assert dropped == sorted([key for key, _ in illegal]), dropped
    assert said[events.CONFIGURATION_APPLIED[0]] == [(1, 2, 0)], "the two events disabled before"
    assert _structures(bench) == DEFAULTS and _exponent(bench) == DEFAULT_EXPONENT
    assert SAFING not in _disabled(bench) and hal.journal_get(mask_key, 0) == noted
    _settle(bench)
    assert events.SETTING_DROPPED[0] not in _events(_boot(keep=True)), "dropped in flash too"


def test_every_structure_and_every_event_that_may_be_has_its_place():
    bench = Bench()
    for structure_id in DEFAULTS:
        _call(bench, "HOUSEKEEPING_SET_PERIOD", structure_id, 1000 + structure_id)
    may_be = [event_id for event_id, severity, _ in events.EVENTS if severity != 4]
    for event_id in may_be:
        _call(bench, "EVENT_DISABLE", [event_id])
    _settle(bench)
    bench = _boot(keep=True)
    assert _structures(bench) == {number: (1000 + number, DEFAULTS[number][1]) for number in DEFAULTS}
    assert _disabled(bench) == sorted(may_be)


def test_a_safe_boot_is_as_the_dictionary_has_it_and_forgets_nothing():
    _configured()
    for _ in range(2):
        bench = _boot(keep=True, keep_boots=True)
    assert hal.pool_get(pool.SAFE_BOOT) == enums.SWITCH_ON
    said = _events(bench)
    assert events.CONFIGURATION_APPLIED[0] not in said and events.BOOTED[0] in said
    assert _structures(bench) == DEFAULTS and _disabled(bench) == [] and _exponent(bench) == DEFAULT_EXPONENT
    # What is configured now joins what is there.
    _call(bench, "EVENT_DISABLE", [events.MODE_CHANGED[0]])
    refused(failures.SAFE_BOOT, bench.handler("SAR_CLEAR_TABLE"), 6)
    _settle(bench)
    bench = _boot(keep=True)
    assert _events(bench)[events.CONFIGURATION_APPLIED[0]] == [(1, 7, 0)]
    assert _structures(bench) == _expected()
    assert _disabled(bench) == [events.BOOTED[0], events.MODE_CHANGED[0], events.CATALOGUE_RECONCILED[0]]


def test_defaults_are_restored_also_in_a_safe_boot():
    for safe in (False, True):
        bench = _configured()
        if safe:
            for _ in range(2):
                bench = _boot(keep=True, keep_boots=True)
        assert hal.pool_get(pool.SAFE_BOOT) == int(safe)
        bench.command("RESTORE_DEFAULTS")
        assert _structures(bench) == DEFAULTS and _disabled(bench) == []
        _settle(bench)
        bench = _boot(keep=True)
        assert _events(bench)[events.CONFIGURATION_APPLIED[0]] == [(0, 0, 0)]
        assert _structures(bench) == DEFAULTS and _disabled(bench) == [] and _exponent(bench) == DEFAULT_EXPONENT
        refused(failures.TABLE_EMPTY, bench.handler("SAR_REPORT_TABLE"), 6)


def test_no_default_is_restored_in_the_refuse_state_but_in_a_safe_boot():
    bench = _configured()
    bench.payload.refuse.latch(failures.ALARM_STANDS)
    refused(failures.REFUSE_STATE, bench.handler("RESTORE_DEFAULTS"))
    assert _structures(bench) == _expected()
    _settle(bench)
    for _ in range(2):
        bench = _boot(keep=True, keep_boots=True)
    assert hal.pool_get(pool.SAFE_BOOT) == enums.SWITCH_ON and bench.payload.refuse.latched()
    bench.command("RESTORE_DEFAULTS")
    _settle(bench)
    bench = _boot(keep=True)
    assert _events(bench)[events.CONFIGURATION_APPLIED[0]] == [(0, 0, 0)]


def test_init_empties_an_upset_slot_and_goes_on_and_a_data_take_with_it_is_refused():
    bench = Bench()
    bench.prepare_data_take()
    bench.command("SET_MODE_SAR", enums.SAR_MODE_OFF)
    bench.command("SAR_LOAD_TABLE", 1, *WORKED_TABLE)
    bench.payload.tables._slots[0][30] ^= 4
    seen = []
    report = bench.payload.events.report
    bench.payload.events.report = lambda event, *fields: (seen.append((event[0], fields)), report(event, *fields))
    bench.command("SET_MODE_SAR", enums.SAR_MODE_INIT)
    assert hal.pool_get(pool.SAR_MODE) == enums.SAR_MODE_INIT
    assert (events.TABLE_DROPPED[0], (0, failures.TABLE_DAMAGED, 0)) in seen
    assert len([event for event, _ in seen if event == events.TABLE_DROPPED[0]]) == 1
    start = bytearray(7)
    hal.time_after_ms(3500, start, 0)
    refused(failures.TABLE_EMPTY, bench.handler("SAR_START_DATA_TAKE"), 77, 0, 10, start)
    _settle(bench)
    bench = _boot(keep=True)
    assert [slot for slot in range(mission.SAR_TABLE_SLOTS) if bench.payload.tables._used[slot]] == [1]


runner.run(globals())
