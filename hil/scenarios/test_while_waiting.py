"""What changes between the acceptance of a data take and its start: it does not begin, and nothing else is touched."""

from collections.abc import Iterator

import pytest

from emei.platform import Platform
from emei.session import Session
from emei.verification import Ack, Command
from hil.bench import Bench
from hil.scenarios import steps
from hil.scenarios.optical_images import IMAGES
from hil.scenarios.reactions import levels
from hil.scenarios.sky import Sky, sky_of

pytestmark = pytest.mark.virtual_time

LEAD_S = 20.0
REST = {"SAR": "PREOP", "OPTICAL": "READY"}
COOL_DOWN_S = 2 * steps.DATA_TAKE_S + 1
FORCED = (
    "sar.trm_temperature_degc",
    "power.total_power_w",
    "power.bus_voltage_v",
    "recorder.free_mib",
    "optical.focus_valid",
    "power.latchup_optical",
)


@pytest.fixture(autouse=True)
def sky(session: Session, platform: Platform, bench: Bench) -> Iterator[Sky]:
    with sky_of(platform) as sky:
        steps.ready(session, bench)
        yield sky
    for name in FORCED:
        bench.units.release(name)
    session.run_for(3)
    steps.all_off(session)
    session.run_for(COOL_DOWN_S)  # the transmitter cools
    assert session.anomalies == []


def bring_to_rest(session: Session, instrument: str) -> None:
    """The mode of rest that a data take begins in."""
    if instrument == "SAR":
        steps.sar_preop(session)
    else:
        steps.optical_ready(session)


def waiting(session: Session, platform: Platform, instrument: str) -> Command:
    """A data take or image accepted, its start some time ahead, its entry open."""
    start = platform.gps_s() + LEAD_S
    if instrument == "SAR":
        command = session.send("SAR_START_DATA_TAKE", task_id=501, slot=0, start=start)
    else:
        command = session.send("OPTICAL_START_IMAGE", task_id=502, mode="STRIP", start=start, duration_ms=2000)
    session.run_for(5)
    assert not command.finished
    return command


def assert_not_begun(session: Session, bench: Bench, command: Command, edges: int, name: str, mode: str) -> None:
    failure = command.refusal(LEAD_S + steps.ANSWER_S)
    assert (failure.subservice, failure.name) == (8, name)
    session.run_for(1.5)
    assert session.value("SAR_MODE" if mode == "PREOP" else "OPTICAL_MODE") == mode
    assert session.value("RECORDER_STATE") == "READY"
    assert not any(edge.on for edge in bench.edges[edges:] if edge.name == "transmit-enable")


@pytest.mark.parametrize(
    ("instrument", "fault", "value", "failure"),
    [
        ("SAR", "attitude_error_deg", 0.06, "GUARD_OUT_OF_RANGE"),
        ("SAR", "battery_percent", 49.0, "GUARD_OUT_OF_RANGE"),
        ("SAR", "sar.trm_temperature_degc", 46.0, "GUARD_OUT_OF_RANGE"),
        ("SAR", "power.bus_voltage_v", 25.9, "GUARD_OUT_OF_RANGE"),
        ("SAR", "power.total_power_w", 1000.0, "POWER_BUDGET"),
        ("SAR", "recorder.free_mib", 1.0, "MEMORY_BUDGET"),
        ("OPTICAL", "attitude_rate_deg_s", 0.5, "GUARD_OUT_OF_RANGE"),
        ("OPTICAL", "optical.focus_valid", 0.0, "GUARD_OUT_OF_RANGE"),
        ("OPTICAL", "recorder.free_mib", 1.0, "MEMORY_BUDGET"),
    ],
)
def test_guard_that_holds_no_more(
    session: Session,
    bench: Bench,
    platform: Platform,
    sky: Sky,
    instrument: str,
    fault: str,
    value: float,
    failure: str,
) -> None:
    bring_to_rest(session, instrument)
    edges = len(bench.edges)
    command = waiting(session, platform, instrument)
    if "." in fault:
        bench.units.force(fault, value)
    else:
        sky.changed[fault] = value
    assert_not_begun(session, bench, command, edges, failure, REST[instrument])
    assert session.value("REFUSE") == "OFF"


def used_mib(session: Session, bench: Bench, before_mib: float) -> float:
    session.run_for(1.1)
    return before_mib - bench.units.observe("recorder.free_mib")


@pytest.mark.parametrize("change", ["a shorter table", "a longer table", "no table"])
def test_the_slot_may_change_meanwhile(session: Session, bench: Bench, platform: Platform, change: str) -> None:
    """The unit has the table that was accepted; memory is judged by that one too."""
    steps.sar_preop(session)
    before_mib = bench.units.observe("recorder.free_mib")
    bench.units.force("recorder.free_mib", 1500)
    command = waiting(session, platform, "SAR")
    if change == "no table":
        session.send("SAR_CLEAR_TABLE", slot=0).wait(steps.ANSWER_S)
    else:
        duration_ms = 1000 if change == "a shorter table" else 40000
        session.send("SAR_LOAD_TABLE", slot=0, **{**steps.STRIPMAP_TABLE, "duration_ms": duration_ms}).wait(
            steps.ANSWER_S
        )
    radiated_ms = bench.units.observe("sar.transmit_total_ms")
    command.wait(LEAD_S + steps.ANSWER_S)
    assert bench.units.observe("sar.transmit_total_ms") - radiated_ms == steps.DATA_TAKE_S * 1000
    bench.units.release("recorder.free_mib")
    assert used_mib(session, bench, before_mib) > 0


def test_a_table_that_did_not_fit_fits_no_more_when_the_slot_is_loaded_with_a_short_one(
    session: Session, bench: Bench, platform: Platform
) -> None:
    steps.sar_preop(session)
    edges = len(bench.edges)
    command = waiting(session, platform, "SAR")
    session.send("SAR_LOAD_TABLE", slot=0, **{**steps.STRIPMAP_TABLE, "duration_ms": 1000}).wait(steps.ANSWER_S)
    bench.units.force("recorder.free_mib", 300)
    assert_not_begun(session, bench, command, edges, "MEMORY_BUDGET", REST["SAR"])


def test_the_rate_is_asked_before_each_strip(session: Session, bench: Bench, platform: Platform, sky: Sky) -> None:
    """Between strips the platform turns: the next begins when it is steady again, or not."""
    steps.optical_ready(session)
    since = len(session.events)
    start = platform.gps_s() + steps.START_LEAD_S
    command = session.send(
        "OPTICAL_START_IMAGE", task_id=504, mode="STEREO", start=start, duration_ms=2000, **IMAGES["STEREO"]
    )
    session.wait_event("MODE_CHANGED", steps.START_LEAD_S + steps.ANSWER_S, since, to_mode="STEREO")
    session.run_for(2.5)
    sky.changed["attitude_rate_deg_s"] = 0.02
    assert command.refusal(IMAGES["STEREO"]["interval_ms"] / 1000 + steps.ANSWER_S).name == "GUARD_OUT_OF_RANGE"
    closed = session.wait_event("DATA_TAKE_CLOSED", steps.ANSWER_S, since, task_id=504)
    assert int(str(closed.fields["packets"])) > 0
    session.run_for(1.1)
    assert (session.value("OPTICAL_MODE"), session.value("REFUSE")) == ("READY", "OFF")


def test_the_second_strip_is_taken_though_the_other_instrument_is_safed(
    session: Session, bench: Bench, platform: Platform
) -> None:
    """What is under way is not ended by the safing of the other."""
    steps.sar_standby(session)
    steps.optical_ready(session)
    since = len(session.events)
    start = platform.gps_s() + steps.START_LEAD_S
    command = session.send(
        "OPTICAL_START_IMAGE", task_id=505, mode="STEREO", start=start, duration_ms=2000, **IMAGES["STEREO"]
    )
    session.wait_event("MODE_CHANGED", steps.START_LEAD_S + steps.ANSWER_S, since, to_mode="STEREO")
    session.run_for(1)
    session.send("SET_MODE_SAR", mode="SAFE").wait(steps.SAFE_S)
    command.wait(IMAGES["STEREO"]["interval_ms"] / 1000 + steps.ANSWER_S)
    session.run_for(1.1)
    assert (session.value("OPTICAL_MODE"), session.value("REFUSE")) == ("READY", "ON")


@pytest.mark.parametrize("instrument", ["SAR", "OPTICAL"])
def test_what_waited_does_not_begin_by_itself_when_refuse_is_left(
    session: Session, bench: Bench, platform: Platform, instrument: str
) -> None:
    """Nor with a permit that the ground gave anew meanwhile."""
    bring_to_rest(session, instrument)
    if instrument == "SAR":
        steps.optical_standby(session)
    else:
        steps.sar_standby(session)
    edges = len(bench.edges)
    command = waiting(session, platform, instrument)
    other = "OPTICAL" if instrument == "SAR" else "SAR"
    session.send(f"SET_MODE_{other}", mode="SAFE").wait(steps.SAFE_S)
    steps.leave_refuse(session)
    if instrument == "SAR":
        session.send("SAR_ARM_TRANSMIT").wait(steps.ANSWER_S)
        session.send("SAR_PERMIT_TRANSMIT", takes=1, valid_s=300).wait(steps.ANSWER_S)
    session.run_for(1.1)
    assert session.value("REFUSE") == "OFF" and not command.finished
    assert_not_begun(session, bench, command, edges, "REFUSE_STATE", REST[instrument])


def test_the_safing_of_the_other_instrument(session: Session, bench: Bench, platform: Platform) -> None:
    """A data take to come is frozen by the REFUSE state, and its permit is gone."""
    steps.sar_preop(session)
    steps.optical_standby(session)
    edges = len(bench.edges)
    command = waiting(session, platform, "SAR")
    session.send("SET_MODE_OPTICAL", mode="SAFE").wait(steps.SAFE_S)
    session.run_for(1.1)
    assert session.value("TRANSMIT_PERMIT") == "INHIBITED"
    assert_not_begun(session, bench, command, edges, "REFUSE_STATE", "PREOP")


@pytest.mark.parametrize("instrument", ["SAR", "OPTICAL"])
def test_the_time_set_back(session: Session, bench: Bench, platform: Platform, instrument: str) -> None:
    bring_to_rest(session, instrument)
    edges = len(bench.edges)
    command = waiting(session, platform, instrument)
    platform.gps_epoch_s -= 3600
    assert_not_begun(session, bench, command, edges, "START_TOO_FAR", REST[instrument])
    platform.gps_epoch_s += 3600
    session.run_for(5)


def test_the_inhibit_ends_a_data_take_in_preop(session: Session, bench: Bench, platform: Platform) -> None:
    steps.sar_preop(session)
    command = steps.start_data_take(session, platform, task_id=503)
    session.wait_for(lambda: bench.edges and bench.edges[-1].on, 5, "Transmit-enable")
    since = len(session.events)
    session.send("SAR_INHIBIT_TRANSMIT").wait(steps.ANSWER_S)
    assert not bench.edges[-1].on
    assert command.refusal(steps.ANSWER_S).name == "NO_TRANSMIT_PERMIT"
    session.wait_event("DATA_TAKE_CLOSED", steps.ANSWER_S, since, task_id=503)
    session.run_for(1.1)
    assert (session.value("SAR_MODE"), session.value("REFUSE")) == ("PREOP", "OFF")


def test_the_alarm_and_an_over_current_in_the_same_cycle(session: Session, bench: Bench) -> None:
    """Level 4 stays: nothing is switched on again, whatever else was seen."""
    steps.optical_standby(session)
    command = session.send("SET_MODE_OPTICAL", mode="THERMAL_STABILISATION")
    session.run_for(1)
    since = len(session.events)
    bench.units.force("power.latchup_optical", 1)
    bench.alarm(True)
    assert command.refusal(steps.ANSWER_S).name == "ABORTED"
    session.run_for(15)
    bench.alarm(False)
    closed = [e for e in session.events[since:] if e.name == "LIMITER_SWITCHED" and e.fields["position"] == "ON"]
    assert closed == []
    assert int(bench.units.observe("power.limiters_closed")) == 0
    assert session.value("OPTICAL_MODE") == "OFF"


@pytest.mark.parametrize(
    ("instrument", "mode", "monitor"),
    [("SAR", "INIT", "SAR_BUS_VOLTAGE"), ("OPTICAL", "STANDBY", "OPTICAL_FOCAL_PLANE")],
)
def test_limits_hold_while_a_unit_is_switched_on(
    session: Session, bench: Bench, instrument: str, mode: str, monitor: str
) -> None:
    command = session.send(f"SET_MODE_{instrument}", mode=mode)
    session.run_for(1.5)
    assert not command.finished
    since = len(session.events)
    quantity, value = {
        "SAR_BUS_VOLTAGE": ("power.bus_voltage_v", 24.0),
        "OPTICAL_FOCAL_PLANE": ("optical.focal_plane_temperature_degc", 40.0),
    }[monitor]
    bench.units.force(quantity, value)
    trip = session.wait_event("TRIP_LIMIT", steps.ANSWER_S, since)
    bench.units.release(quantity)
    assert trip.fields["monitor"] == monitor
    assert command.refusal(steps.ANSWER_S).name == "ABORTED"
    session.run_for(steps.SAFE_S)
    assert session.value(f"{instrument}_MODE") in ("STANDBY", "SAFE", "SAFE_UNPOWERED", "OFF")


@pytest.mark.parametrize("how", ["PLATFORM_SAFE", "HARD_OFF"])
def test_a_limit_that_breaks_as_the_instrument_is_switched_off_hard_leaves_it_off(
    session: Session, platform: Platform, sky: Sky, how: str
) -> None:
    """In the cycle between its being off and the end of the data take that it waited for."""
    bring_to_rest(session, "SAR")
    command = waiting(session, platform, "SAR")
    platform.pause()
    since = len(session.events)
    for _ in range(3):
        session.run_for(0.2)
        session.send("ANCILLARY_DATA", ack=Ack.NONE, **{**sky(platform.gps_s()), "battery_percent": 39.0})
    if how == "PLATFORM_SAFE":
        session.send("PLATFORM_SAFE")
    else:
        session.send("HARD_OFF", instrument="SAR")
    platform.resume()
    assert command.refusal(steps.ANSWER_S).name == "ABORTED"
    session.run_for(5)
    # Where the limit's cycle comes before the telecommand, it is level 1 of what is on, which then is switched off.
    assert ("SAFE", "SAR") not in levels(session, since)
    assert session.value("SAR_MODE") == "OFF"
