"""Service 3: periodic and single reports, structures, periods; all or nothing."""

import hal

import runner
from payload.services.housekeeping import Housekeeping
from payload.storage.persistent import Persistent
from payload.storage.settings import Settings
from payload.tables import failures, housekeeping
from reports import Reports, finish
from runner import refused


def _setup():
    hal.init(0x0E00, True)
    hal.pool_refresh()
    reports = Reports()
    return reports, Housekeeping(reports.writer, Settings(Persistent()))


def _ids(reports):
    return [data[0] for service, subservice, data in reports.take() if (service, subservice) == (3, 25)]


def _cycles(service, reports, cycles):
    seen = []
    for _ in range(cycles):
        service.run()
        seen.extend(_ids(reports))
    return seen


def test_every_enabled_structure_comes_at_its_period():
    reports, service = _setup()
    seen = _cycles(service, reports, 100)
    for structure_id, period_cycles, enabled, _, _ in housekeeping.STRUCTURES:
        expected = -(-100 // period_cycles) if enabled else 0
        assert seen.count(structure_id) == expected, (structure_id, seen.count(structure_id))


def test_disabled_and_enabled_again():
    reports, service = _setup()
    service.disable([1, 3])
    seen = _cycles(service, reports, 20)
    assert 1 not in seen and 3 not in seen and 2 in seen
    service.enable([3])
    assert 3 in _cycles(service, reports, 1), "at once"
    assert 1 not in _cycles(service, reports, 20)


def test_an_unknown_structure_changes_nothing():
    reports, service = _setup()
    for call in (service.disable, service.one_shot, service.report_structures):
        assert refused(failures.NO_SUCH_STRUCTURE, call, [1, 200]).detail == 200
    assert reports.take() == []
    assert 1 in _cycles(service, reports, 10)
    service.disable([1])
    refused(failures.NO_SUCH_STRUCTURE, service.enable, [1, 200])
    assert 1 not in _cycles(service, reports, 20)
    refused(failures.NO_SUCH_STRUCTURE, service.set_period, 200, 5)


def test_one_shot_reports_disabled_structures_too():
    reports, service = _setup()
    service.disable([2])
    finish(service.one_shot([2, 7]))
    assert _ids(reports) == [2, 7]


def test_set_period_takes_effect_at_once():
    reports, service = _setup()
    _cycles(service, reports, 3)
    service.set_period(1, 4)
    assert [1 in _cycles(service, reports, 1) for _ in range(9)] == [True, False, False, False] * 2 + [True]


def test_structure_report_says_what_the_report_holds():
    reports, service = _setup()
    service.set_period(3, 7)
    service.disable([3])
    finish(service.report_structures([3]))
    ((kind, subservice, data),) = reports.take()
    assert (kind, subservice) == (3, 10)
    entry = next(entry for entry in housekeeping.STRUCTURES if entry[0] == 3)
    assert data[:5] == bytes([3, 0, 0, 7, entry[4]]) and data[5:] == entry[3]


def test_values_that_were_never_set_are_not_valid():
    reports, service = _setup()
    finish(service.one_shot([3]))
    ((_, _, data),) = reports.take()
    assert data[1:5] == bytes(4), "mask of a unit that was never sampled"


runner.run(globals())
