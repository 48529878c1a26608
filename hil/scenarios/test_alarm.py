"""The hardware alarm: level 4 however short it is, and known at a boot while it stands."""

from collections.abc import Iterator

import pytest

from emei.platform import Platform
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps

PULSE_S = 0.002  # a fiftieth of a control cycle
BOOT_S = 15.0


@pytest.fixture(autouse=True)
def _from_off_to_off(session: Session, platform: Platform, bench: Bench) -> Iterator[None]:
    steps.ready(session, bench)
    yield
    bench.alarm(False)
    steps.ready(session, bench)
    steps.all_off(session)


def pulse(session: Session, bench: Bench) -> None:
    bench.alarm(True)
    session.run_for(PULSE_S)
    bench.alarm(False)


def reset(session: Session) -> None:
    session.send("ARM_RESET").wait(steps.ANSWER_S)
    session.send("RESET").wait(steps.ANSWER_S)


def require_hard_off(session: Session, bench: Bench) -> None:
    for name, value in (("SAR_MODE", "OFF"), ("OPTICAL_MODE", "OFF"), ("REFUSE", "ON")):
        session.wait_for(lambda name=name, value=value: session.value(name) == value, steps.ANSWER_S, name)  # type: ignore[misc]
    assert int(bench.units.observe("power.limiters_closed")) == 0
    assert session.value("SAFING_CAUSE") == session.dictionary.event("ALARM_RAISED").id


def require_exit_refused(session: Session) -> None:
    session.send("ARM_SAFE_EXIT").wait(steps.ANSWER_S)
    assert session.send("SAFE_EXIT").refusal(steps.ANSWER_S).name == "ALARM_STANDS"
    assert session.send("SET_MODE_SAR", mode="INIT").refusal(steps.ANSWER_S).name == "REFUSE_STATE"


def raised(session: Session, since: int) -> int:
    return [event.name for event in session.events[since:]].count("ALARM_RAISED")


def test_a_boot_without_an_alarm_raises_none(session: Session, bench: Bench) -> None:
    since = len(session.events)
    reset(session)
    session.wait_event("BOOTED", BOOT_S, since)
    steps.ready(session, bench)
    session.run_for(1.1)
    assert raised(session, 0) == 0
    assert (session.value("ALARM"), session.value("REFUSE")) == ("OFF", "OFF")


def test_an_alarm_that_stands_is_known_after_a_reset(session: Session, bench: Bench) -> None:
    steps.sar_standby(session)
    bench.alarm(True)
    session.run_for(1)
    since = len(session.events)
    reset(session)
    session.wait_event("BOOTED", BOOT_S, since)
    session.wait_event("ALARM_RAISED", steps.ANSWER_S, since)
    require_hard_off(session, bench)
    session.wait_for(lambda: session.value("ALARM") == "ON", steps.ANSWER_S, "The alarm in housekeeping")
    require_exit_refused(session)
    bench.alarm(False)
    session.run_for(0.5)
    steps.leave_refuse(session)
    assert raised(session, since) == 1


def test_an_alarm_that_stands_is_known_after_a_power_cut(session: Session, bench: Bench) -> None:
    bench.alarm(True)
    session.wait_event("ALARM_RAISED", steps.ANSWER_S, len(session.events))
    since = len(session.events)
    bench.power_cycle(off_s=1.0)
    session.wait_event("ALARM_RAISED", BOOT_S, since)
    session.wait_for(lambda: session.value("ALARM") == "ON", steps.ANSWER_S, "The alarm in housekeeping")
    require_exit_refused(session)


def test_a_pulse_in_standby_is_level_4(session: Session, bench: Bench) -> None:
    steps.sar_standby(session)
    steps.optical_standby(session)
    since = len(session.events)
    pulse(session, bench)
    session.wait_event("ALARM_RAISED", steps.ANSWER_S, since)
    require_hard_off(session, bench)
    session.run_for(1.1)
    assert session.value("ALARM") == "OFF"
    assert raised(session, since) == 1
    steps.leave_refuse(session)


def test_a_pulse_in_a_data_take_is_level_4(session: Session, bench: Bench, platform: Platform) -> None:
    steps.sar_preop(session)
    command = steps.start_data_take(session, platform, task_id=920)
    session.wait_for(lambda: bench.edges and bench.edges[-1].on, steps.ANSWER_S, "Transmit-enable")
    since = len(session.events)
    pulse(session, bench)
    session.run_for(0.02)
    assert not bench.edges[-1].on
    command.refusal(steps.SAFE_S)
    session.wait_event("ALARM_RAISED", steps.ANSWER_S, since)
    require_hard_off(session, bench)
