"""Over-current: beyond which current the power unit opens a limiter, and level 2 with its one retry."""

from collections.abc import Iterator

import pytest

from emei.platform import Platform
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps
from hil.scenarios.reactions import OFF_S, from_off_to_off, levels, mode_changes, over_current

pytestmark = pytest.mark.virtual_time

FORCED = ("power.latchup_sar", "power.excess_sar_a")


@pytest.fixture(autouse=True)
def _from_off_to_off(session: Session, platform: Platform, bench: Bench) -> Iterator[None]:
    with from_off_to_off(session, platform, bench, FORCED):
        yield


def trips(session: Session, since: int) -> int:
    return [event.name for event in session.events[since:]].count("LIMITER_TRIPPED")


@pytest.mark.parametrize("goes_on", [False, True])
def test_over_current_is_level_2_with_one_retry(
    session: Session, bench: Bench, platform: Platform, goes_on: bool
) -> None:
    """The limiter opens by itself; closed once more, into SAFE only; a second time it stays open."""
    steps.sar_preop(session)
    command = steps.start_data_take(session, platform, task_id=706)
    assert command.failure is None
    since = len(session.events)
    bench.units.force("power.latchup_sar", 1)
    session.wait_event("LIMITER_TRIPPED", steps.ANSWER_S, since, limiter="SAR_UNIT")
    if not goes_on:
        bench.units.release("power.latchup_sar")
    assert command.refusal(steps.SAFE_S).name == "ABORTED"
    session.wait_event("DATA_TAKE_CLOSED", steps.SAFE_S, since, task_id=706)
    session.run_for(2 * OFF_S)
    switched_on = [
        event
        for event in session.events[since:]
        if event.name == "LIMITER_SWITCHED" and event.fields["position"] == "ON"
    ]
    assert len(switched_on) == 1
    assert trips(session, since) == 1 + goes_on
    assert levels(session, since) == [("SAFE", "SAR")]
    assert mode_changes(session, since)[-1] == ("SAFE_UNPOWERED" if goes_on else "SAFE")
    assert session.value("REFUSE") == "ON"
    assert session.value("SAFING_CAUSE") == session.dictionary.event("LIMITER_TRIPPED").id
    if goes_on:
        return
    bench.units.force("power.latchup_sar", 1)
    session.run_for(3 * OFF_S)
    assert session.value("SAR_MODE") == "SAFE_UNPOWERED"
    assert int(bench.units.observe("power.limiters_closed")) & 1 == 0


def test_a_retry_is_held_to_what_safe_draws(session: Session, bench: Bench) -> None:
    """1.5 A too much in STANDBY, far below the limiter's own limit: the retry does not come as far as SAFE."""
    steps.sar_standby(session)
    since = len(session.events)
    bench.units.force("power.excess_sar_a", 1.5)
    session.run_for(2 * OFF_S)
    assert trips(session, since) == 2
    assert mode_changes(session, since)[-1] == "SAFE_UNPOWERED"
    assert mode_changes(session, since).count("SAFE") == 0
    assert int(bench.units.observe("power.limiters_closed")) & 1 == 0


def test_an_over_current_that_stands_is_level_2_at_every_switch_on(session: Session, bench: Bench) -> None:
    """Its flag goes with the closing and is back before the next sample."""
    bench.units.force("power.latchup_sar", 1)
    for _ in range(2):
        since = len(session.events)
        assert session.send("SET_MODE_SAR", mode="INIT").refusal(20).subservice == 8
        session.run_for(2 * OFF_S)
        assert trips(session, since) == 2, "the switch-on and its one retry"
        assert levels(session, since) == [("SAFE", "SAR")]
        assert session.value("SAR_MODE") == "SAFE_UNPOWERED"
        steps.leave_refuse(session)
        session.send("SET_MODE_SAR", mode="OFF").wait(steps.ANSWER_S)


def test_an_over_current_in_a_commanded_safing_has_its_retry_too(session: Session, bench: Bench) -> None:
    steps.sar_standby(session)
    since = len(session.events)
    session.send("SET_MODE_SAR", mode="SAFE")
    session.run_for(0.1)
    over_current(session, bench, since)
    session.run_for(2 * OFF_S)
    assert mode_changes(session, since)[-2:] == ["SAFE_UNPOWERED", "SAFE"]
    assert int(bench.units.observe("power.limiters_closed")) & 1


@pytest.mark.parametrize(("excess_a", "is_over"), [(0.7, False), (1.5, True)])
def test_over_current_is_judged_by_the_modes_prediction(
    session: Session, bench: Bench, excess_a: float, is_over: bool
) -> None:
    """In STANDBY 2.86 A are predicted: 24 % more is no over-current, 52 % is, far below the limiter's own limit."""
    steps.sar_standby(session)
    session.run_for(1)
    since = len(session.events)
    bench.units.force("power.excess_sar_a", excess_a)
    session.run_for(1)
    assert bool(trips(session, since)) == is_over
    bench.units.release("power.excess_sar_a")


def test_excess_current_while_a_take_waits_is_seen(session: Session, bench: Bench, platform: Platform) -> None:
    """Accepted a minute ahead, the take draws nothing yet: twice PREOP's current opens the limiter."""
    steps.sar_preop(session)
    session.send("SAR_START_DATA_TAKE", task_id=732, slot=0, start=platform.gps_s() + 60)
    session.run_for(1)
    since = len(session.events)
    bench.units.force("power.excess_sar_a", 6.5)
    session.run_for(1)
    assert session.wait_event("LIMITER_TRIPPED", steps.ANSWER_S, since)
    bench.units.release("power.excess_sar_a")
    session.wait_event("SAFED", steps.SAFE_S, since, instrument="SAR")
    session.run_for(2 * OFF_S)


@pytest.mark.parametrize("restarts", [1, 2])
def test_a_power_unit_that_restarted_is_told_the_trip_current_again(
    session: Session, bench: Bench, restarts: int
) -> None:
    steps.sar_standby(session)
    since = len(session.events)
    for _ in range(restarts):
        session.run_for(10)
        bench.units.force("power.reset", 1)
        bench.units.release("power.reset")
    session.run_for(0.5)
    assert [event.name for event in session.events[since:]].count("POWER_UNIT_RESTARTED") == restarts
    bench.units.force("power.excess_sar_a", 1.5)
    session.run_for(1)
    assert session.wait_event("LIMITER_TRIPPED", steps.ANSWER_S, since)
    bench.units.release("power.excess_sar_a")
    session.wait_event("SAFED", steps.SAFE_S, since, instrument="SAR")
    session.run_for(2 * OFF_S)
