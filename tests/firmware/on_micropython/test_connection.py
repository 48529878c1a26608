"""Service 17: the application answers, and answers for itself only."""

import hal

import runner
from payload.services.test import Test
from payload.tables import failures, mission
from reports import Reports, finish, kinds
from runner import refused


def _setup():
    hal.init(0x0E00, True)
    reports = Reports()
    return reports, Test(reports.writer)


def test_a_ping_is_answered():
    reports, service = _setup()
    finish(service.ping())
    assert kinds(reports.take()) == [(17, 2)]


def test_a_connection_to_this_application_is_answered():
    reports, service = _setup()
    finish(service.connection_test(mission.PACKETS_PAYLOAD_APID))
    ((service_type, subservice, data),) = reports.take()
    assert (service_type, subservice) == (17, 4)
    assert hal.get(hal.U16, data, 0) == mission.PACKETS_PAYLOAD_APID


def test_a_connection_to_another_application_is_refused():
    reports, service = _setup()
    for apid in (0, mission.PACKETS_PAYLOAD_APID + 1):
        assert refused(failures.UNKNOWN_APID, service.connection_test, apid).detail == apid
    assert reports.take() == []


runner.run(globals())
