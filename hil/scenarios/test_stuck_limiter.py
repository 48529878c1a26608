"""A power unit that confirms a command and does not switch: told of, commanded again, and never taken for done."""

from collections.abc import Iterator

import pytest

from emei.platform import Platform
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps

pytestmark = pytest.mark.virtual_time

STUCK = "power.stuck_limiters"
DEAD = "sar.dead"
RETRY_S = 2.0
DOOR = 3
OPEN = 1


@pytest.fixture(autouse=True)
def _from_off_to_off(session: Session, platform: Platform, bench: Bench) -> Iterator[None]:
    steps.ready(session, bench)
    yield
    for name in (STUCK, DEAD):
        bench.units.release(name)
    session.run_for(3)
    steps.all_off(session)
    assert session.anomalies == []


def closed(bench: Bench) -> int:
    """What is closed, by the unit's own registers."""
    return int(bench.units.observe("power.limiters_closed"))


def assert_told_once_then_opened(session: Session, bench: Bench, since: int) -> None:
    session.wait_event("LIMITER_STAYS_CLOSED", steps.ANSWER_S, since, limiter="SAR_UNIT")
    session.run_for(5)
    assert sum(event.name == "LIMITER_STAYS_CLOSED" for event in session.events[since:]) == 1
    assert closed(bench) == 1
    bench.units.release(STUCK)
    session.run_for(RETRY_S)
    assert closed(bench) == 0


def test_hard_off(session: Session, bench: Bench) -> None:
    steps.sar_standby(session)
    since = len(session.events)
    bench.units.force(STUCK, 1)
    session.send("HARD_OFF", instrument="SAR").wait(steps.ANSWER_S)
    assert_told_once_then_opened(session, bench, since)
    session.run_for(1.1)
    assert session.value("SAR_MODE") == "OFF"


def test_platform_safe_cuts_what_stays_on_in_off_at_once(session: Session, bench: Bench) -> None:
    steps.sar_standby(session)
    since = len(session.events)
    bench.units.force(STUCK, 1)
    session.send("HARD_OFF", instrument="SAR").wait(steps.ANSWER_S)
    session.wait_event("LIMITER_STAYS_CLOSED", steps.ANSWER_S, since, limiter="SAR_UNIT")
    bench.units.release(STUCK)
    session.send("PLATFORM_SAFE").wait(steps.ANSWER_S)
    assert closed(bench) == 0, "before the next look of the limiters' watch"


def test_off_fails_and_ends_unpowered_only_when_it_is(session: Session, bench: Bench) -> None:
    steps.sar_standby(session)
    since = len(session.events)
    bench.units.force(STUCK, 1)
    assert session.send("SET_MODE_SAR", mode="OFF").refusal(steps.ANSWER_S).name == "LIMITER_NOT_SWITCHED"
    assert_told_once_then_opened(session, bench, since)
    session.wait_for(lambda: session.value("SAR_MODE") == "SAFE_UNPOWERED", steps.ANSWER_S, "The SAR unpowered")
    assert session.value("REFUSE") == "ON"


def test_safing_goes_on_until_the_supply_is_off(session: Session, bench: Bench) -> None:
    steps.sar_standby(session)
    since = len(session.events)
    bench.units.force(STUCK, 1)
    bench.units.force(DEAD, 1)
    session.run_for(6)
    assert closed(bench) == 1
    assert not any(event.name == "SAFED" for event in session.events[since:])
    bench.units.release(STUCK)
    session.wait_event("SAFED", steps.ANSWER_S, since, instrument="SAR")
    assert closed(bench) == 0


def test_a_switch_on_that_does_not_happen_fails(session: Session, bench: Bench) -> None:
    bench.units.force(STUCK, 1)
    command = session.send("SET_MODE_SAR", mode="INIT")
    assert command.refusal(steps.ANSWER_S).name == "LIMITER_NOT_SWITCHED"
    bench.units.release(STUCK)
    session.run_for(RETRY_S)
    assert closed(bench) == 0


def test_a_door_that_kept_its_supply_is_given_it_before_it_opens(session: Session, bench: Bench) -> None:
    """Else the supply would be cut while the door is open, as one that is closed against a command."""
    steps.optical_ready(session)
    shut = session.send("OPTICAL_MOVE_DOOR", position="SHUT")
    session.run_for(0.5)
    session.send("ABORT", instrument="OPTICAL").wait(steps.ANSWER_S)
    assert shut.refusal(steps.ANSWER_S).name == "ABORTED"
    since = len(session.events)
    bench.units.force(STUCK, 1)
    session.wait_event("LIMITER_STAYS_CLOSED", steps.ANSWER_S, since, limiter="DOOR")
    session.send("OPTICAL_MOVE_DOOR", position="OPEN").wait(steps.ANSWER_S)
    bench.units.release(STUCK)
    session.run_for(RETRY_S)
    assert closed(bench) >> DOOR & 1
    assert bench.units.observe("optical.door_position") == OPEN
