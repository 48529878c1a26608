"""Errors of the payload computer's memory: corrected ones are counted, an uncorrectable one is a reboot."""

from collections.abc import Iterator

import pytest

from emei.platform import Platform
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps

pytestmark = pytest.mark.virtual_time

BOOT_S = 10
DROP_S = 0.01  # payload specification: transmitter off within 10 ms
BOOTS = 3  # that lead to safe boot: the power-on of the bench is the first


@pytest.fixture(autouse=True)
def _from_off_to_off(session: Session, platform: Platform, bench: Bench) -> Iterator[None]:
    steps.ready(session, bench)
    yield
    steps.all_off(session)


def test_corrected_errors_are_counted_and_told_of_once_a_minute(session: Session, bench: Bench) -> None:
    since = len(session.events)
    for _ in range(3):
        bench.memory_error(corrected=True)
    first = session.wait_event("PROCESSOR_ERRORS_CORRECTED", 2, since)
    assert first.severity == "low" and first.fields == {"errors": 3, "total": 3}
    for _ in range(4):
        bench.memory_error(corrected=True)
        session.run_for(10)
    told = len(session.events)
    assert session.wait_event("PROCESSOR_ERRORS_CORRECTED", 30, told).fields == {"errors": 4, "total": 7}
    assert session.value("PROCESSOR_ERRORS_CORRECTED") == 7
    assert {event.name for event in session.events[since:]} == {"PROCESSOR_ERRORS_CORRECTED"}


def test_an_uncorrectable_error_drops_transmission_and_reboots_and_counts_toward_safe_boot(
    session: Session, bench: Bench, platform: Platform
) -> None:
    steps.sar_preop(session)
    assert steps.start_data_take(session, platform, task_id=741).failure is None
    session.wait_for(lambda: bench.edges and bench.edges[-1].on, steps.ANSWER_S, "Transmit-enable")
    for boot in range(2, BOOTS + 1):
        since, failed_s = len(session.events), bench.elapsed_s()
        bench.memory_error(corrected=False)
        booted = session.wait_event("BOOTED", BOOT_S, since)
        assert booted.fields["cause"] == "UNCORRECTABLE_MEMORY"
        session.run_for(2)
        if boot == 2:
            session.wait_event("DATA_TAKE_CLOSED", BOOT_S, since, task_id=741)
            dropped = next(edge for edge in bench.edges if edge.time_s >= failed_s)
            assert not dropped.on
            # In real time the line's and the host's delays are in it.
            assert bench.description.board != "host" or dropped.time_s - failed_s <= DROP_S
            assert int(bench.units.observe("power.limiters_closed")) == 0
            assert session.value("REFUSE") == "ON", "as after any reset that cuts a transmission"
        seen = {event.name: event for event in session.events[since:]}
        assert seen["MEMORY_UNCORRECTABLE"].severity == "high" and "CRASHED" not in seen
        level = seen["FAULT_LEVEL"].fields
        assert (level["level"], level["scope"]) == ("REBOOT", "COMPUTER")
        assert level["cause"] == session.dictionary.event("MEMORY_UNCORRECTABLE").id
        assert ("SAFE_BOOT" in seen) == (boot == BOOTS)
        assert session.value("BOOTS_IN_PERIOD") == boot
        assert (session.value("RESET_CAUSE"), session.value("SAR_MODE")) == ("UNCORRECTABLE_MEMORY", "OFF")
    assert session.send("SET_MODE_SAR", mode="INIT").refusal(steps.ANSWER_S).name == "SAFE_BOOT"
    session.send("LEAVE_SAFE_BOOT").wait(steps.ANSWER_S)
    session.wait_event("BOOTED", BOOT_S, len(session.events))
    steps.ready(session, bench)
    session.anomalies.clear()  # sequence counts begin anew with each boot
