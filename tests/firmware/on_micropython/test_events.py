"""Service 5: severities, budgets, what is disabled and what is lost."""

import hal

import runner
from payload.services.events import Events
from payload.storage.persistent import Persistent
from payload.storage.settings import Settings
from payload.tables import events, failures, mission, pool
from reports import Reports, finish, kinds
from runner import refused

BUDGETS = {
    1: (events.TRANSMIT_INHIBITED, mission.LINK_EVENT_BUDGET_PER_SECOND_INFORMATIVE),
    2: (events.TRANSMIT_PERMITTED, mission.LINK_EVENT_BUDGET_PER_SECOND_LOW),
    3: (events.TRANSITION_FAILED, mission.LINK_EVENT_BUDGET_PER_SECOND_MEDIUM),
    4: (events.ALARM_RAISED, mission.LINK_EVENT_BUDGET_PER_SECOND_HIGH),
}


def _setup(octets=65536):
    hal.init(0x0E00, True)
    reports = Reports(octets)
    return reports, Events(reports.writer, Settings(Persistent()))


def test_severity_is_the_subservice_and_fields_follow():
    reports, service = _setup()
    service.report(events.UNIT_FAULT, 0x20, 0x0102, 7)
    assert reports.take() == [(5, 4, bytes([0, events.UNIT_FAULT[0], 0x20, 1, 2, 7]))]


def test_budget_of_each_severity_is_its_own():
    for severity, (event, budget) in BUDGETS.items():
        reports, service = _setup()
        for _ in range(budget + 7):
            service.report(event)
        assert kinds(reports.take()) == [(5, severity)] * budget
        for other, (other_event, _) in BUDGETS.items():
            if other != severity:
                service.report(other_event)
                assert kinds(reports.take()) == [(5, other)], "displaced"


def test_what_was_over_budget_is_counted_and_the_budget_comes_back():
    reports, service = _setup()
    event, budget = BUDGETS[1]
    for _ in range(budget + 7):
        service.report(event)
    reports.take()
    service.renew_budget()
    assert reports.take() == [(5, 3, bytes([0, events.EVENTS_DROPPED[0], 1, 0, 7]))]
    service.renew_budget()
    assert reports.take() == [], "said once"
    service.report(event)
    assert kinds(reports.take()) == [(5, 1)]


def test_disabled_events_are_silent_and_listed():
    reports, service = _setup()
    service.disable([events.MODE_CHANGED[0], events.BOOTED[0]])
    service.report(events.MODE_CHANGED, 1, 0, 1)
    assert reports.take() == []
    finish(service.report_disabled())
    assert reports.take() == [(5, 8, bytes([2, 0, events.BOOTED[0], 0, events.MODE_CHANGED[0]]))]
    service.enable([events.MODE_CHANGED[0]])
    service.report(events.MODE_CHANGED, 1, 0, 1)
    assert kinds(reports.take()) == [(5, 1)]


def test_no_event_of_high_severity_is_ever_disabled():
    reports, service = _setup()
    high = [event for event in events.EVENTS if event[1] == 4]
    assert high
    for event_id, _, _ in high:
        failure = refused(failures.EVENT_NOT_DISABLEABLE, service.disable, [events.BOOTED[0], event_id])
        assert failure.detail == event_id
    finish(service.report_disabled())
    assert reports.take() == [(5, 8, bytes(1))], "all or nothing"


def test_an_unknown_event_changes_nothing():
    reports, service = _setup()
    refused(failures.NO_SUCH_EVENT, service.disable, [events.BOOTED[0], 999])
    refused(failures.NO_SUCH_EVENT, service.enable, [999])
    service.report(events.BOOTED, 1, 1)
    assert kinds(reports.take()) == [(5, 1)]


def test_an_event_that_there_is_not_is_not_enabled():
    """One that has its place among those that are kept."""
    known = [event_id for event_id, _, _ in events.EVENTS]
    unknown = [event_id for event_id in range(max(known)) if event_id not in known]
    _, service = _setup()
    assert unknown
    for event_id in unknown:
        assert refused(failures.NO_SUCH_EVENT, service.enable, [event_id]).detail == event_id


def test_what_finds_its_ring_full_is_counted_by_severity():
    reports, service = _setup(1024)
    event, budget = BUDGETS[1]
    for _ in range(budget):
        service.report(event)
    sent = len(reports.take())
    assert 0 < sent < budget
    assert hal.pool_get(pool.REPORTS_LOST_INFORMATIVE) == budget - sent
    assert hal.pool_get(pool.REPORTS_LOST_HIGH) == 0


runner.run(globals())
