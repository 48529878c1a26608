"""The door's test: READY waits for it, the Sun forbids it, and a door that fails is left to its spring."""

from collections.abc import Callable, Iterator, Mapping

import pytest

from emei.platform import Ancillary, Platform, quiet_sky
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps

pytestmark = pytest.mark.virtual_time

DOOR_LIMITER = 1 << 3
NOMINAL_MS = 1800


@pytest.fixture(autouse=True)
def _from_off_to_off(session: Session, platform: Platform, bench: Bench) -> Iterator[None]:
    sky = platform.ancillary
    steps.ready(session, bench)
    yield
    platform.ancillary = sky
    platform.resume()
    for fault in ("optical.door_slow", "optical.door_stuck", "optical.sample_count"):
        bench.units.release(fault)
    session.run_for(6)
    steps.all_off(session)
    assert session.anomalies == []


def sun_at(angle_deg: float) -> Ancillary:
    def sky(gps_s: float) -> Mapping[str, float | int | str]:
        return {**quiet_sky(gps_s), "sun_angle_deg": angle_deg}

    return sky


def assert_not_tested(session: Session, bench: Bench) -> None:
    """Supply cut, door shut by its spring, flag clear, and READY refuses."""
    session.run_for(1.1)
    assert session.value("OPTICAL_DOOR_TESTED") == "OFF"
    assert int(bench.units.observe("power.limiters_closed")) & DOOR_LIMITER == 0
    assert bench.units.observe("optical.door_position") == 0


def test_door_is_timed_both_ways(session: Session, bench: Bench) -> None:
    steps.optical_standby(session)
    session.run_for(1.1)
    assert session.value("OPTICAL_DOOR_TESTED") == "OFF"
    since = len(session.events)
    steps.test_door(session)
    event = session.wait_event("DOOR_TESTED", steps.ANSWER_S, since)
    assert [event.fields[name] for name in ("away_ms", "back_ms")] == pytest.approx([NOMINAL_MS] * 2, abs=20)
    session.run_for(1.1)
    assert (session.value("OPTICAL_DOOR_TESTED"), session.value("OPTICAL_DOOR")) == ("ON", "SHUT")
    assert int(bench.units.observe("power.limiters_closed")) & DOOR_LIMITER == 0


@pytest.mark.parametrize("switch_off", ["OFF", "HARD_OFF"])
def test_switching_the_supply_clears_it(session: Session, bench: Bench, switch_off: str) -> None:
    steps.optical_standby(session)
    steps.test_door(session)
    if switch_off == "OFF":
        session.send("SET_MODE_OPTICAL", mode="OFF").wait(20)
    else:
        session.send("HARD_OFF", instrument="OPTICAL").wait(steps.ANSWER_S)
    session.run_for(1.1)
    assert session.value("OPTICAL_DOOR_TESTED") == "OFF"
    steps.optical_standby(session)
    session.send("SET_MODE_OPTICAL", mode="THERMAL_STABILISATION").wait(900)
    assert session.send("SET_MODE_OPTICAL", mode="READY").refusal(steps.ANSWER_S).name == "DOOR_NOT_TESTED"
    steps.test_door(session)
    session.send("SET_MODE_OPTICAL", mode="READY").wait(30)
    assert session.send("OPTICAL_TEST_DOOR").refusal(steps.ANSWER_S).name == "ILLEGAL_TRANSITION", "not from READY"


def test_refused_when_off(session: Session) -> None:
    assert session.send("OPTICAL_TEST_DOOR").refusal(steps.ANSWER_S).name == "ILLEGAL_TRANSITION"


def test_the_sun_forbids_it(session: Session, platform: Platform) -> None:
    steps.optical_standby(session)
    platform.ancillary = sun_at(29.99)
    session.run_for(1.5)
    assert session.send("OPTICAL_TEST_DOOR").refusal(steps.ANSWER_S).name == "SUN_TOO_CLOSE"
    platform.ancillary = sun_at(30.0)
    session.run_for(1.5)
    platform.pause(time_messages=False)
    session.run_for(3.5)
    assert session.send("OPTICAL_TEST_DOOR").refusal(steps.ANSWER_S).name == "GUARD_PARAMETER_STALE"
    platform.resume()
    session.run_for(1.5)
    steps.test_door(session)


def test_slow_door_fails_and_is_left_to_its_spring(session: Session, bench: Bench) -> None:
    steps.optical_standby(session)
    bench.units.force("optical.door_slow", 3)  # 5.4 s
    failure = session.send("OPTICAL_TEST_DOOR").refusal(20)
    assert (failure.subservice, failure.name, failure.detail) == (8, "DOOR_TEST_FAILED", 3)
    assert_not_tested(session, bench)
    assert (session.value("OPTICAL_MODE"), session.value("REFUSE")) == ("STANDBY", "OFF")


def test_door_that_is_slow_but_in_time_is_only_warned_of(session: Session, bench: Bench) -> None:
    steps.optical_standby(session)
    bench.units.force("optical.door_slow", 2)  # 3.6 s
    since = len(session.events)
    steps.test_door(session)
    session.wait_event("WARNING_LIMIT", steps.ANSWER_S, since, monitor="OPTICAL_DOOR")
    session.run_for(1.1)
    assert session.value("OPTICAL_DOOR_TESTED") == "ON"


def test_a_door_that_is_moved_slowly_but_in_time_gets_there(session: Session, bench: Bench) -> None:
    """4.8 of 5 s; what confirms its supply, before and after, is no part of the movement."""
    steps.optical_ready(session)
    bench.units.force("optical.door_slow", 2.65)
    since = len(session.events)
    for position in ("SHUT", "OPEN", "SHUT"):
        session.send("OPTICAL_MOVE_DOOR", position=position).wait(20)
    assert [event.fields["position"] for event in session.events[since:] if event.name == "DOOR_MOVED"] == [
        "SHUT",
        "OPEN",
        "SHUT",
    ]
    assert session.value("REFUSE") == "OFF"


def test_door_stuck_shut_fails(session: Session, bench: Bench) -> None:
    steps.optical_standby(session)
    bench.units.force("optical.door_stuck", 1)
    assert session.send("OPTICAL_TEST_DOOR").refusal(20).name == "DOOR_TEST_FAILED"
    assert_not_tested(session, bench)
    assert session.value("OPTICAL_MODE") == "STANDBY"


def test_door_stuck_away_from_shut_is_safed(session: Session, bench: Bench) -> None:
    """Nothing more can be done than to take its supply away; the ground is told, and REFUSE holds."""
    steps.optical_standby(session)
    since = len(session.events)
    command = session.send("OPTICAL_TEST_DOOR")
    session.run_for(3)  # on its way back
    assert 0 < bench.units.observe("optical.door_position") < 1
    bench.units.force("optical.door_stuck", 1)
    assert command.refusal(20).name in ("DOOR_TEST_FAILED", "ABORTED")
    session.wait_event("SAFED", steps.SAFE_S, since, instrument="OPTICAL")
    session.run_for(1.1)
    assert session.value("OPTICAL_DOOR_TESTED") == "OFF"
    assert int(bench.units.observe("power.limiters_closed")) & DOOR_LIMITER == 0
    assert session.value("REFUSE") == "ON"


def test_a_way_to_shut_that_is_ended_early_leaves_no_supply(session: Session, bench: Bench) -> None:
    """Found by the safety checker: ABORT left the limiter closed, and the door shut."""
    steps.optical_ready(session)
    command = session.send("OPTICAL_MOVE_DOOR", position="SHUT")
    session.run_for(0.3)
    assert int(bench.units.observe("power.limiters_closed")) & DOOR_LIMITER
    session.send("ABORT", instrument="OPTICAL").wait(steps.ANSWER_S)
    assert command.refusal(20).name == "ABORTED"
    session.run_for(6)
    assert bench.units.observe("optical.door_position") == 0
    assert int(bench.units.observe("power.limiters_closed")) & DOOR_LIMITER == 0
    assert session.value("OPTICAL_MODE") == "READY"


def ancillary_stops(platform: Platform) -> None:
    platform.pause(time_messages=False)


def sun_comes_near(platform: Platform) -> None:
    platform.ancillary = sun_at(20.0)


@pytest.mark.parametrize("happening", [ancillary_stops, sun_comes_near])
def test_ends_shut_when_the_sun_comes_near_or_is_lost(
    session: Session, bench: Bench, platform: Platform, happening: Callable[[Platform], None]
) -> None:
    steps.optical_standby(session)
    bench.units.force("optical.door_slow", 2.5)
    since = len(session.events)
    command = session.send("OPTICAL_TEST_DOOR")
    session.run_for(0.5)
    happening(platform)
    assert command.refusal(20).name == "ABORTED"
    session.wait_event("TRIP_LIMIT", steps.ANSWER_S, since, monitor="OPTICAL_SUN")
    session.wait_event("FAULT_LEVEL", steps.ANSWER_S, since, level="STAND_DOWN", scope="OPTICAL")
    session.wait_for(lambda: session.value("OPTICAL_DOOR") == "SHUT", steps.SAFE_S, "The door shut")
    session.run_for(1)
    assert session.value("OPTICAL_MODE") == "STANDBY"
    platform.ancillary = quiet_sky
    platform.resume()
    assert_not_tested(session, bench)


@pytest.mark.parametrize("happening", [ancillary_stops, sun_comes_near])
def test_where_it_was_when_the_supply_was_cut_is_nothing_to_the_next_switch_on(
    session: Session, platform: Platform, happening: Callable[[Platform], None]
) -> None:
    steps.optical_ready(session)
    session.send("HARD_OFF", instrument="OPTICAL").wait(steps.ANSWER_S)
    happening(platform)
    session.run_for(5)
    since = len(session.events)
    steps.optical_standby(session)
    session.run_for(3)
    assert (session.value("OPTICAL_MODE"), session.value("OPTICAL_DOOR")) == ("STANDBY", "SHUT")
    assert [event.name for event in session.events[since:] if event.name in ("TRIP_LIMIT", "FAULT_LEVEL")] == []
    platform.ancillary = quiet_sky
    platform.resume()


def test_abort_shuts_the_door(session: Session, bench: Bench) -> None:
    steps.optical_standby(session)
    command = session.send("OPTICAL_TEST_DOOR")
    session.run_for(2)
    session.send("ABORT", instrument="OPTICAL").wait(steps.ANSWER_S)
    assert command.refusal(20).name == "ABORTED"
    assert_not_tested(session, bench)
    assert session.value("OPTICAL_MODE") == "STANDBY"


def test_a_door_that_is_shut_is_given_no_supply_to_shut_it(session: Session, bench: Bench) -> None:
    steps.optical_ready(session)
    session.send("OPTICAL_MOVE_DOOR", position="SHUT").wait(10)
    switched = bench.units.observe("power.switch_ons")
    session.send("OPTICAL_MOVE_DOOR", position="SHUT").wait(10)
    assert bench.units.observe("power.switch_ons") == switched


@pytest.mark.parametrize("span_s", [0.1, 0.15, 0.2])
def test_abort_shuts_a_door_that_the_unit_has_not_told_of_yet(session: Session, bench: Bench, span_s: float) -> None:
    """Its samples stand from the supply on until the door has begun to move: the last that came says SHUT."""
    steps.optical_standby(session)
    command = session.send("OPTICAL_TEST_DOOR")
    advance_until(session, lambda: bool(int(bench.units.observe("power.limiters_closed")) & DOOR_LIMITER))
    bench.units.force("optical.sample_count", bench.units.observe("optical.sample_count"))
    advance_until(session, lambda: bench.units.observe("optical.door_position") > 0)
    session.send("ABORT", instrument="OPTICAL")
    session.run_for(span_s)
    bench.units.release("optical.sample_count")
    assert command.refusal(20).name == "ABORTED"
    session.run_for(6)
    assert_not_tested(session, bench)
    assert session.value("OPTICAL_MODE") == "STANDBY"


def advance_until(session: Session, condition: Callable[[], bool]) -> None:
    """Go on in steps shorter than a control cycle until the units are so."""
    for _ in range(200):
        if condition():
            return
        session.run_for(0.01)
    raise AssertionError("the units did not come to it within 2 s")
