"""A unit that does not begin or end a data take as commanded is not waited for: the data take is over soon after."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emei.dictionary import load
from emei.platform import Platform
from emei.session import Session
from emei.verification import Command
from hil.bench import Bench
from hil.scenarios import sar_tables, steps
from hil.scenarios.optical_images import CALIBRATIONS, IMAGES
from hil.scenarios.sky import Sky, sky_of

pytestmark = pytest.mark.virtual_time

TASK = 741
MISSION = load().mission
AS_FLOWN_MS = MISSION.integer("waits", "take_end_ms")
BEGIN_MS = MISSION.integer("waits", "take_begin_ms")
STEP_ENTRY_OPEN = 2
AROUND_ECHOES_S = (MISSION.integer("sar", "noise_ms") + 2 * MISSION.integer("sar", "calibration_ms")) / 1000
CALIBRATION_S = 5.0
LONG_WAIT_MS = 10000
SEEN_S = 1.0  # from what is over to its event: samples and cycles
DURATIONS_S = {
    **dict.fromkeys(sar_tables.MODES, AROUND_ECHOES_S + steps.DATA_TAKE_S),
    **dict.fromkeys(IMAGES, steps.DATA_TAKE_S),
    **dict.fromkeys(CALIBRATIONS, CALIBRATION_S),
}


@pytest.fixture(autouse=True)
def sky(session: Session, platform: Platform, bench: Bench) -> Iterator[Sky]:
    with sky_of(platform) as sky:
        steps.ready(session, bench)
        yield sky
        for unit in ("sar", "optical"):
            for fault in ("held", "stuck_state", "state"):
                bench.units.release(f"{unit}.{fault}")
        session.send("SET_BENCH_WAIT", wait="TAKE_END", wait_ms=AS_FLOWN_MS).wait(steps.ANSWER_S)
        steps.all_off(session)
        session.run_for(2 * LONG_WAIT_MS / 1000)  # the transmitter cools
        assert session.anomalies == []


def request(session: Session, platform: Platform, sky: Sky, mode: str) -> Command:
    """A data take of any mode, which waits for its start."""
    if mode in sar_tables.MODES:
        steps.sar_preop(session)
        session.send("SAR_LOAD_TABLE", slot=0, **sar_tables.table(mode)).wait(steps.ANSWER_S)
        if mode == "RX_ONLY":
            session.send("SAR_INHIBIT_TRANSMIT").wait(steps.ANSWER_S)
        begin_s = platform.gps_s() + steps.START_LEAD_S
        return session.send("SAR_START_DATA_TAKE", task_id=TASK, slot=0, start=begin_s)
    steps.optical_ready(session)
    settings: dict[str, Any] = {"duration_ms": round(DURATIONS_S[mode] * 1000), **IMAGES.get(mode, {})}
    name = "OPTICAL_START_IMAGE"
    if mode in CALIBRATIONS:
        name = "OPTICAL_START_CALIBRATION"
        session.send("OPTICAL_MOVE_DOOR", position=CALIBRATIONS[mode]).wait(15)
        sky.changed["eclipse"] = "ON" if mode == "DARK" else "OFF"
        session.run_for(1.5)  # the next ancillary data say so
    begin_s = platform.gps_s() + steps.START_LEAD_S
    return session.send(name, task_id=TASK, mode=mode, start=begin_s, **settings)


def start(session: Session, platform: Platform, sky: Sky, mode: str) -> Command:
    """A data take of any mode, begun; its unit is where its mode is."""
    since = len(session.events)
    command = request(session, platform, sky, mode)
    session.wait_event("MODE_CHANGED", steps.START_LEAD_S + steps.ANSWER_S, since, to_mode=mode)
    return command


def lasts_s(session: Session, command: Command, mode: str) -> float:
    """From the mode's beginning to its failure: safed, and what was recorded is kept."""
    began = next(event for event in session.events[::-1] if event.fields.get("to_mode") == mode)
    since = session.events.index(began)
    assert command.refusal(DURATIONS_S[mode] + 2 * LONG_WAIT_MS / 1000).name == "STEP_TIME_OUT"
    failed = session.wait_event("TRANSITION_FAILED", steps.ANSWER_S, since)
    instrument = "SAR" if mode in sar_tables.MODES else "OPTICAL"
    session.wait_event("SAFED", steps.SAFE_S, since, instrument=instrument)
    session.wait_event("DATA_TAKE_CLOSED", steps.SAFE_S, since, task_id=TASK)
    session.run_for(1.1)
    assert session.value(f"{instrument}_MODE") in ("SAFE", "SAFE_UNPOWERED")
    return failed.board_time_s - began.board_time_s


@pytest.mark.parametrize("mode", [*sar_tables.MODES, "STRIP", "VIDEO", *CALIBRATIONS])
def test_a_unit_that_never_comes_to_the_end(
    session: Session, bench: Bench, platform: Platform, sky: Sky, mode: str
) -> None:
    command = start(session, platform, sky, mode)
    bench.units.force("sar.held" if mode in sar_tables.MODES else "optical.held", 1)
    late_s = lasts_s(session, command, mode) - DURATIONS_S[mode]
    assert AS_FLOWN_MS / 1000 - SEEN_S <= late_s <= AS_FLOWN_MS / 1000 + SEEN_S
    assert not (bench.edges and bench.edges[-1].on)


@pytest.mark.parametrize("mode", ["STRIPMAP", "STRIP"])
def test_a_unit_that_does_nothing(session: Session, bench: Bench, platform: Platform, sky: Sky, mode: str) -> None:
    command = start(session, platform, sky, mode)
    bench.units.force("sar.stuck_state" if mode == "STRIPMAP" else "optical.stuck_state", 1)
    late_s = lasts_s(session, command, mode) - DURATIONS_S[mode]
    assert AS_FLOWN_MS / 1000 - SEEN_S <= late_s <= AS_FLOWN_MS / 1000 + SEEN_S


def test_a_bench_may_wait_longer(session: Session, bench: Bench, platform: Platform, sky: Sky) -> None:
    session.send("SET_BENCH_WAIT", wait="TAKE_END", wait_ms=LONG_WAIT_MS).wait(steps.ANSWER_S)
    command = start(session, platform, sky, "STRIP")
    bench.units.force("optical.held", 1)
    late_s = lasts_s(session, command, "STRIP") - DURATIONS_S["STRIP"]
    assert LONG_WAIT_MS / 1000 - SEEN_S <= late_s <= LONG_WAIT_MS / 1000 + SEEN_S


def test_the_second_strip_of_a_unit_that_never_comes_to_the_end(
    session: Session, bench: Bench, platform: Platform, sky: Sky
) -> None:
    command = start(session, platform, sky, "STEREO")
    session.run_for(IMAGES["STEREO"]["interval_ms"] / 1000 + 0.5)
    bench.units.force("optical.held", 1)
    late_s = lasts_s(session, command, "STEREO") - DURATIONS_S["STEREO"] - IMAGES["STEREO"]["interval_ms"] / 1000
    assert AS_FLOWN_MS / 1000 - SEEN_S <= late_s <= AS_FLOWN_MS / 1000 + SEEN_S


@pytest.mark.parametrize("mode", ["STRIPMAP", "STRIP"])
def test_a_unit_that_does_not_come_back_to_rest(
    session: Session, bench: Bench, platform: Platform, sky: Sky, mode: str
) -> None:
    """Its data take is over and closed; its registers say that it goes on."""
    command = start(session, platform, sky, mode)
    unit, state = ("sar", "TAKING") if mode == "STRIPMAP" else ("optical", "IMAGING")
    bench.units.force(f"{unit}.state", session.dictionary.enumeration(f"{unit.upper()}_UNIT_STATE").members[state])
    late_s = lasts_s(session, command, mode) - DURATIONS_S[mode]
    assert AS_FLOWN_MS / 1000 - SEEN_S <= late_s <= AS_FLOWN_MS / 1000 + 2 * SEEN_S


def state_lies(session: Session, bench: Bench, unit: str) -> None:
    """Its register says READY, whatever it does."""
    ready = session.dictionary.enumeration(f"{unit.upper()}_UNIT_STATE").members["READY"]
    bench.units.force(f"{unit}.state", ready)


def does_nothing(session: Session, bench: Bench, unit: str) -> None:
    """It confirms START and does nothing."""
    bench.units.force(f"{unit}.stuck_state", 1)


@pytest.mark.parametrize("happening", [state_lies, does_nothing])
@pytest.mark.parametrize("mode", ["STRIPMAP", "STRIP"])
def test_a_unit_that_does_not_say_that_it_begins(
    session: Session,
    bench: Bench,
    platform: Platform,
    sky: Sky,
    mode: str,
    happening: Callable[[Session, Bench, str], None],
) -> None:
    """Rest has none of the limits of MEASURE: nothing is radiated and nothing imaged in it."""
    unit = "sar" if mode == "STRIPMAP" else "optical"
    radiated_ms = bench.units.observe("sar.transmit_total_ms")
    command = request(session, platform, sky, mode)
    session.run_for(steps.START_LEAD_S / 2)
    since = len(session.events)
    happening(session, bench, unit)
    failure = command.refusal(steps.START_LEAD_S / 2 + SEEN_S)
    assert (failure.name, failure.detail, failure.limit) == ("STEP_TIME_OUT", STEP_ENTRY_OPEN, BEGIN_MS)
    session.wait_event("SAFED", steps.SAFE_S, since, instrument=unit.upper())
    session.run_for(DURATIONS_S[mode] + 2 * SEEN_S)
    assert session.value(f"{unit.upper()}_MODE") in ("SAFE", "SAFE_UNPOWERED")
    entered = [event.fields["to_mode"] for event in session.events[since:] if event.name == "MODE_CHANGED"]
    assert mode not in entered
    assert bench.units.observe("sar.transmit_total_ms") == radiated_ms
    assert not (bench.edges and bench.edges[-1].on)
