"""Every mode of the optical instrument: images and calibrations that close with packets, focus."""

from collections.abc import Iterator
from typing import Any

import pytest

from emei.dictionary import load
from emei.packets import Telemetry
from emei.platform import Platform, quiet_sky
from emei.science.comparison import differences
from emei.science.optical_acceptance import request_of
from emei.science.optical_acceptance import settings as optical_settings
from emei.science.optical_quicklook import optical_quicklook
from emei.session import Session
from emei.verification import Command
from hil.bench import Bench
from hil.scenarios import steps
from hil.scenarios.optical_images import CALIBRATIONS, IMAGES, line_period_us
from hil.scenarios.sky import Sky, sky_of

pytestmark = pytest.mark.virtual_time

LEAD_S = 4.0
IMAGE_S = 60.0
MARGIN_PERCENT = load().mission.integer("sar", "memory_margin_percent")
DOORS = ("SHUT", "OPEN", "DIFFUSER")


FAULTS = (
    "optical.focus_stuck",
    "optical.focus_drifts",
    "optical.lamp_dead",
    "optical.door",
    "optical.door_slow",
    "optical.door_movement_ms",
    "optical.saturated_percent",
    "optical.focal_plane_temperature_degc",
    "optical.sun_near",
    "recorder.free_mib",
)


@pytest.fixture(autouse=True)
def sky(session: Session, platform: Platform, bench: Bench) -> Iterator[Sky]:
    with sky_of(platform) as sky:
        steps.ready(session, bench)
        yield sky
        sky.changed.clear()
        platform.resume()
        for fault in FAULTS:
            bench.units.release(fault)
        session.run_for(6)
        steps.all_off(session)
    assert session.anomalies == []


def entries(session: Session, entry_id: int) -> Telemetry:
    found: list[Telemetry] = []
    session.listen(lambda report: found.append(report) if report.name == "CATALOGUE_ENTRY" else None)
    session.send("RECORDER_REPORT_CATALOGUE", first_entry=entry_id, entries=1).wait(steps.ANSWER_S)
    session.wait_for(lambda: found, steps.ANSWER_S, "The catalogue entry")
    return found[-1]


def commanded(mode: str, **settings: Any) -> tuple[str, dict[str, Any]]:
    """Telecommand and arguments, but for the start."""
    name = "OPTICAL_START_CALIBRATION" if mode in CALIBRATIONS else "OPTICAL_START_IMAGE"
    return name, {"task_id": 700, "mode": mode, "duration_ms": 5000 if mode in CALIBRATIONS else 2000} | settings


def start(session: Session, platform: Platform, mode: str, **settings: Any) -> Command:
    name, arguments = commanded(mode, **settings)
    return session.send(name, start=platform.gps_s() + LEAD_S, **arguments)


def started(session: Session, platform: Platform, mode: str, **settings: Any) -> Command:
    """Returns once the image is under way."""
    command = start(session, platform, mode, **settings)
    session.wait_for(
        lambda: command.failure or session.value("OPTICAL_MODE") == mode, LEAD_S + steps.ANSWER_S, f"The mode {mode}"
    )
    assert command.failure is None
    return command


def assert_closed(session: Session, bench: Bench, mode: str, since: int) -> bytes:
    """The recorder's file, which is what the catalogue says."""
    event = session.wait_event("DATA_TAKE_CLOSED", steps.SAFE_S, since, task_id=700)
    entry_id, packets = int(str(event.fields["entry_id"])), int(str(event.fields["packets"]))
    assert packets > 0
    entry = entries(session, entry_id)
    assert entry.fields["mode"] == session.dictionary.enumeration("OPTICAL_MODE").members[mode]
    assert (entry.fields["state"], entry.fields["packets"]) == ("CLOSED", packets)
    file = bench.units.recorder_file(entry_id)
    assert len(file) == entry.fields["size_octets"]
    return file


def assert_as_commanded(session: Session, file: bytes, mode: str, **settings: Any) -> None:
    """Every setting that the source packets tell."""
    found = optical_quicklook(file, session.dictionary)
    request = request_of(*commanded(mode, **settings), session.dictionary)
    assert found.problems == []
    assert differences(optical_settings(found, request, session.dictionary)) == []


def ready_with(session: Session, door: str) -> None:
    steps.optical_ready(session)
    if door != "OPEN":
        session.send("OPTICAL_MOVE_DOOR", position=door).wait(15)


@pytest.mark.parametrize("mode", IMAGES)
def test_image_closes_with_packets(session: Session, platform: Platform, bench: Bench, mode: str) -> None:
    ready_with(session, "OPEN")
    since, seen_s = len(session.events), session.link.now_s()
    settings = {**IMAGES[mode], "gain": 4, "tdi_stages": 64, "bands": 0b10111, "compression": 6.0}
    start(session, platform, mode, **settings).wait(IMAGE_S)
    assert_as_commanded(session, assert_closed(session, bench, mode, since), mode, **settings)
    modes = [
        (event.fields["from_mode"], event.fields["to_mode"])
        for event in session.events[since:]
        if event.name == "MODE_CHANGED"
    ]
    assert modes == [("READY", mode), (mode, "READY")]
    assert session.link.now_s() > seen_s
    session.run_for(1.1)
    assert session.value("OPTICAL_DOOR") == "OPEN"


@pytest.mark.parametrize("mode", CALIBRATIONS)
def test_calibration_closes_with_packets(
    session: Session, platform: Platform, bench: Bench, sky: Sky, mode: str
) -> None:
    ready_with(session, CALIBRATIONS[mode])
    sky.changed["eclipse"] = "ON" if mode == "DARK" else "OFF"
    session.run_for(1.5)
    since = len(session.events)
    command = started(session, platform, mode)
    session.run_for(1)
    assert DOORS[int(bench.units.observe("optical.door"))] == CALIBRATIONS[mode]
    assert bench.units.observe("optical.lamp") == (mode == "LAMP")
    command.wait(IMAGE_S)
    assert_as_commanded(session, assert_closed(session, bench, mode, since), mode)
    assert bench.units.observe("optical.lamp") == 0
    session.run_for(1.1)
    assert session.value("OPTICAL_MODE") == "READY"


@pytest.mark.parametrize(
    ("mode", "door", "failure"),
    [
        ("STRIP", "SHUT", "DOOR_NOT_OPEN"),
        ("VIDEO", "DIFFUSER", "DOOR_NOT_OPEN"),
        ("DARK", "OPEN", "DOOR_NOT_OPEN"),
        ("DARK", "SHUT", "NOT_IN_ECLIPSE"),
        ("LAMP", "DIFFUSER", "DOOR_NOT_OPEN"),
        ("SUN", "SHUT", "DOOR_NOT_OPEN"),
    ],
)
def test_each_mode_wants_its_door(session: Session, platform: Platform, mode: str, door: str, failure: str) -> None:
    ready_with(session, door)
    refused = start(session, platform, mode).refusal(steps.ANSWER_S)
    assert (refused.subservice, refused.name) == (4, failure)


def test_wrong_mode_repeated_and_reordered_commands(session: Session, platform: Platform) -> None:
    """Each one failure code, the instrument where it was."""

    def refusal(command: Command) -> str:
        return command.refusal(steps.ANSWER_S).name

    assert refusal(start(session, platform, "STRIP")) == "ILLEGAL_TRANSITION"
    assert refusal(session.send("OPTICAL_SET_FOCUS", focus_steps=1)) == "ILLEGAL_TRANSITION"
    assert refusal(session.send("OPTICAL_DECONTAMINATE", duration_h=1)) == "ILLEGAL_TRANSITION"
    steps.optical_ready(session)
    assert refusal(session.send("OPTICAL_DECONTAMINATE", duration_h=1)) == "ILLEGAL_TRANSITION"
    assert refusal(session.send("SET_MODE_OPTICAL", mode="STRIP")) == "ILLEGAL_TRANSITION"
    assert refusal(session.send("SET_MODE_OPTICAL", mode="DECONTAMINATION")) == "ILLEGAL_TRANSITION"
    start_s = platform.gps_s() + LEAD_S
    image: dict[str, Any] = {"task_id": 700, "start": start_s}
    assert refusal(session.send("OPTICAL_START_IMAGE", mode="LAMP", **image)) == "ILLEGAL_TRANSITION"
    assert refusal(session.send("OPTICAL_START_CALIBRATION", mode="STRIP", **image)) == "ILLEGAL_TRANSITION"
    assert refusal(session.send("OPTICAL_START_IMAGE", mode="DECONTAMINATION", **image)) == "ILLEGAL_TRANSITION"
    first = start(session, platform, "STRIP", duration_ms=3000)
    session.run_for(0.5)
    # A second one must not change the settings of the one that waits.
    assert refusal(start(session, platform, "STRIP", tdi_stages=96, duration_ms=200_000)) == "INSTRUMENT_BUSY"
    assert refusal(session.send("OPTICAL_SET_FOCUS", focus_steps=5)) == "INSTRUMENT_BUSY"
    assert refusal(session.send("OPTICAL_MOVE_DOOR", position="SHUT")) == "INSTRUMENT_BUSY"
    assert refusal(session.send("SET_MODE_OPTICAL", mode="STANDBY")) == "INSTRUMENT_BUSY"
    first.wait(IMAGE_S)
    session.run_for(1.1)
    assert session.value("OPTICAL_MODE") == "READY"


CONTRADICTIONS: list[tuple[str, dict[str, Any]]] = [
    ("STRIP", {"strips": 2, "interval_ms": 7000}),
    ("STRIP", {"interval_ms": 7000}),
    ("STRIP", {"roll_step_deg": 1.0}),
    ("STEREO", {"pitch_deg": 20.0}),
    ("STEREO", {"strips": 2, "interval_ms": 7000}),
    ("STEREO", {"pitch_deg": 20.0, "strips": 2, "interval_ms": 5999}),
    ("STEREO", {"pitch_deg": 20.0, "strips": 3, "interval_ms": 7000}),
    ("AREA", {"roll_step_deg": 2.0}),
    ("AREA", {"strips": 3, "interval_ms": 7000}),
    ("AREA", {"roll_deg": 30.0, "roll_step_deg": 10.0, "strips": 3, "interval_ms": 7000}),
    ("AREA", {"roll_step_deg": 2.0, "strips": 8, "interval_ms": 200_000}),
    ("LAMP", {"duration_ms": 4999}),
    ("LAMP", {"duration_ms": 30001}),
]


def test_contradictory_settings(session: Session, platform: Platform, sky: Sky) -> None:
    steps.optical_ready(session)
    for mode, settings in CONTRADICTIONS:
        refused = start(session, platform, mode, **settings).refusal(steps.ANSWER_S)
        assert (refused.subservice, refused.name) == (4, "IMAGE_CONTRADICTION"), (mode, settings)
    session.run_for(1.1)
    assert session.value("OPTICAL_MODE") == "READY"


def test_smear_and_line_period_before_the_image(session: Session, platform: Platform, sky: Sky) -> None:
    """At each limit the image is accepted, one step beyond it is not; an accepted one is aborted at once."""
    steps.optical_ready(session)

    def outcome(**settings: Any) -> str:
        command = start(session, platform, "STRIP", **settings)
        session.run_for(0.5)
        if command.failure:
            return command.failure.name
        session.send("ABORT", instrument="OPTICAL").wait(steps.ANSWER_S)
        command.refusal(steps.SAFE_S)
        return "accepted"

    # N tan(yaw) <= 0.3 px: 96 stages up to 0.179 deg, 8 stages up to 2.147 deg.
    for stages, within_deg, beyond_deg in ((96, 0.179, 0.180), (8, -2.147, -2.148)):
        for yaw_deg, expected in ((within_deg, "accepted"), (beyond_deg, "SMEAR")):
            sky.changed["yaw_error_deg"] = yaw_deg
            session.run_for(1.5)
            assert outcome(tdi_stages=stages) == expected, (stages, yaw_deg)
    sky.changed.clear()
    session.run_for(1.5)
    # With the drift allowed until the start, 32 stages: 0.3 px / 32 + 1 % of 71.11 us.
    assert [outcome(line_period_us=period) for period in (69.8, 69.7)] == ["accepted", "SMEAR"]
    assert [outcome(line_period_us=period) for period in (72.4, 72.5)] == ["accepted", "SMEAR"]
    assert outcome(line_period_us=71.1, integration_us=71.1) == "accepted"
    assert outcome(line_period_us=71.1, integration_us=71.2) == "CONSTRAINT"


def test_commanded_period_beyond_the_smear_limit_at_the_start(session: Session, platform: Platform) -> None:
    """Within the drift allowance when it was accepted, beyond the limit when the strip begins."""
    steps.optical_ready(session)
    command = start(session, platform, "STRIP", line_period_us=70.0)
    refused = command.refusal(IMAGE_S)
    assert (refused.subservice, refused.name) == (8, "SMEAR")
    session.run_for(1.5)
    assert (session.value("OPTICAL_MODE"), session.value("REFUSE")) == ("READY", "OFF")


def test_line_period_follows_the_ancillary_data(session: Session, platform: Platform, bench: Bench, sky: Sky) -> None:
    steps.optical_ready(session)
    command = started(session, platform, "STRIP", duration_ms=8000)
    periods = []
    for speed_m_s in (7031.0, 7010.0, 6989.0, 6968.0):
        sky.changed["ground_speed_m_s"] = speed_m_s
        session.run_for(1.5)
        periods.append(bench.units.observe("optical.line_period_us"))
        assert periods[-1] == pytest.approx(0.5 / speed_m_s * 1e6, abs=0.051)
    assert periods == sorted(set(periods)), "each sample moved it"
    command.wait(IMAGE_S)


@pytest.mark.parametrize(
    ("changed", "failure"),
    [
        ({"ground_speed_m_s": 6900.0}, "SMEAR"),
        ({"yaw_error_deg": 0.6}, "SMEAR"),
        ({"latitude_deg": 31.0}, "ANCILLARY_JUMPED"),
        ({"longitude_deg": 103.0}, "ANCILLARY_JUMPED"),
        ({"altitude_m": 521_000}, "ANCILLARY_JUMPED"),
    ],
)
def test_ancillary_data_that_jumps_in_an_image(
    session: Session, platform: Platform, bench: Bench, sky: Sky, changed: dict[str, float | int], failure: str
) -> None:
    """One failure code; the image ends closed, and the door is shut when nobody knows where the Sun is."""
    steps.optical_ready(session)
    since = len(session.events)
    command = started(session, platform, "STRIP", duration_ms=8000)
    session.run_for(1)
    sky.changed.update(changed)
    refused = command.refusal(IMAGE_S)
    assert (refused.subservice, refused.name) == (8, failure)
    assert_closed(session, bench, "STRIP", since)
    jumps = [event for event in session.events[since:] if event.name == "ANCILLARY_JUMPED"]
    assert len(jumps) == (failure == "ANCILLARY_JUMPED")
    session.run_for(4)
    assert (session.value("OPTICAL_MODE"), session.value("REFUSE")) == ("READY", "OFF")
    assert session.value("OPTICAL_DOOR") == ("SHUT" if jumps else "OPEN")


def test_ancillary_data_that_jumps_at_every_message_ends_an_image_too(session: Session, platform: Platform) -> None:
    """Told once, before the image was accepted; nobody knows where the satellite is all the same."""
    steps.optical_ready(session)
    quiet = platform.ancillary
    platform.ancillary = lambda gps_s: {**quiet(gps_s), **({"longitude_deg": 44.0} if int(gps_s) % 2 else {})}
    session.run_for(3.5)
    since = len(session.events)
    assert start(session, platform, "STRIP").refusal(LEAD_S + IMAGE_S).name == "ANCILLARY_JUMPED"
    session.run_for(5)
    assert not [event for event in session.events[since:] if event.name == "ANCILLARY_JUMPED"]
    assert (session.value("OPTICAL_MODE"), session.value("OPTICAL_DOOR")) == ("READY", "SHUT")


def test_one_wrong_sample_is_one_event(session: Session, platform: Platform, sky: Sky) -> None:
    session.run_for(2)
    since = len(session.events)
    wrong: dict[str, Any] = {**quiet_sky(0.0), "latitude_deg": -30.0}
    session.send("ANCILLARY_DATA", **wrong)
    session.run_for(3)
    assert sum(event.name == "ANCILLARY_JUMPED" for event in session.events[since:]) == 1


def test_ancillary_data_that_stops_in_an_image(session: Session, platform: Platform, bench: Bench) -> None:
    steps.optical_ready(session)
    since = len(session.events)
    command = started(session, platform, "STRIP", duration_ms=20_000)
    platform.pause(time_messages=False)
    refused = command.refusal(IMAGE_S)
    assert (refused.subservice, refused.name) == (8, "ABORTED")
    assert_closed(session, bench, "STRIP", since)
    session.run_for(4)
    assert bench.units.observe("optical.door_position") == 0
    for name in ("ANCILLARY_LOST", "TRIP_LIMIT", "DATA_TAKE_CLOSED"):
        assert sum(event.name == name for event in session.events[since:]) == 1, name


def test_sun_comes_near_in_an_image(session: Session, platform: Platform, bench: Bench, sky: Sky) -> None:
    steps.optical_ready(session)
    since = len(session.events)
    command = started(session, platform, "STRIP", duration_ms=20_000)
    sky.changed["sun_angle_deg"] = 30.0
    session.run_for(5)
    session.wait_event("WARNING_LIMIT", steps.ANSWER_S, since, monitor="OPTICAL_SUN")
    assert not command.finished, "the limit itself is allowed"
    sky.changed["sun_angle_deg"] = 29.99
    assert command.refusal(IMAGE_S).name == "ABORTED"
    session.wait_event("TRIP_LIMIT", steps.ANSWER_S, since, monitor="OPTICAL_SUN")
    assert_closed(session, bench, "STRIP", since)
    session.run_for(4)
    assert bench.units.observe("optical.door_position") == 0


def test_door_that_leaves_its_position_ends_a_calibration(
    session: Session, platform: Platform, bench: Bench, sky: Sky
) -> None:
    ready_with(session, "SHUT")
    since = len(session.events)
    command = started(session, platform, "LAMP", duration_ms=10_000)
    session.run_for(1)
    bench.units.force("optical.door", DOORS.index("OPEN"))
    assert command.refusal(IMAGE_S).name in ("DOOR_LEFT_POSITION", "ABORTED")
    bench.units.release("optical.door")
    assert_closed(session, bench, "LAMP", since)
    session.wait_event("SAFED", steps.SAFE_S, since, instrument="OPTICAL")
    assert bench.units.observe("optical.lamp") == 0


def test_lamp_that_does_not_light(session: Session, platform: Platform, bench: Bench) -> None:
    ready_with(session, "SHUT")
    bench.units.force("optical.lamp_dead", 1)
    refused = start(session, platform, "LAMP").refusal(IMAGE_S)
    assert (refused.subservice, refused.name) == (8, "LAMP_FAILED")
    session.run_for(1.5)
    assert (session.value("OPTICAL_MODE"), session.value("REFUSE")) == ("READY", "OFF")
    assert bench.units.observe("recorder.open_entry_id") == 0


def test_saturated_pixels_are_an_event_only(session: Session, platform: Platform, bench: Bench) -> None:
    steps.optical_ready(session)
    since = len(session.events)
    command = started(session, platform, "STRIP", duration_ms=5000)
    bench.units.force("optical.sun_near", 1)
    command.wait(IMAGE_S)
    event = session.wait_event("TRIP_LIMIT", steps.ANSWER_S, since)
    assert event.fields["monitor"] == "OPTICAL_SATURATION"
    session.run_for(1.1)
    assert (session.value("OPTICAL_MODE"), session.value("REFUSE")) == ("READY", "OFF")


@pytest.mark.parametrize("mode", ["STANDBY", "THERMAL_STABILISATION", "READY"])
def test_focus_moves_and_comes_to_rest(session: Session, bench: Bench, mode: str) -> None:
    steps.optical_standby(session)
    if mode != "STANDBY":
        session.send("SET_MODE_OPTICAL", mode="THERMAL_STABILISATION").wait(900)
    if mode == "READY":
        steps.test_door(session)
        session.send("SET_MODE_OPTICAL", mode="READY").wait(30)
    for target in (2000, -2000, 0):
        since = len(session.events)
        command = session.send("OPTICAL_SET_FOCUS", focus_steps=target).wait(60)
        assert command.duration_s and command.duration_s > abs(target) / 200
        assert session.wait_event("FOCUS_SET", steps.ANSWER_S, since).fields["steps"] == target
        assert (bench.units.observe("optical.focus_steps"), bench.units.observe("optical.focus_valid")) == (target, 1)
    session.run_for(1.1)
    assert session.value("OPTICAL_MODE") == mode


@pytest.mark.parametrize("fault", ["focus_stuck", "focus_drifts"])
def test_focus_that_does_not_come_to_rest(session: Session, platform: Platform, bench: Bench, fault: str) -> None:
    steps.optical_ready(session)
    bench.units.force(f"optical.{fault}", 1)
    refused = session.send("OPTICAL_SET_FOCUS", focus_steps=300).refusal(60)
    assert (refused.subservice, refused.name) == (8, "FOCUS_STUCK")
    session.run_for(1.1)
    assert (session.value("OPTICAL_MODE"), session.value("REFUSE")) == ("READY", "OFF")
    failure = start(session, platform, "STRIP").refusal(steps.ANSWER_S)
    assert failure.name == "GUARD_OUT_OF_RANGE", "an image needs a valid focus"


def test_safing_shuts_the_door_before_the_focal_plane_goes_off(session: Session, bench: Bench) -> None:
    steps.optical_ready(session)
    bench.units.force("optical.door_slow", 2)  # 3.6 s of the 6 s there are
    since = len(session.events)
    bench.units.force("optical.door_movement_ms", 5001)
    session.wait_event("TRIP_LIMIT", 10, since, monitor="OPTICAL_DOOR")
    bench.units.release("optical.door_movement_ms")
    tripped_s = session.link.now_s()
    while session.value("OPTICAL_MODE") != "SAFE" and session.link.now_s() < tripped_s + 10:
        session.run_for(0.1)
        if bench.units.observe("optical.door_position") > 0:
            assert bench.units.observe("optical.focal_plane_on") == 1, "the door first"
    assert bench.units.observe("optical.focal_plane_on") == 0
    event = session.wait_event("SAFED", steps.ANSWER_S, since, instrument="OPTICAL")
    assert event.time_s - tripped_s < 6


def test_memory_budget_counts_every_strip(session: Session, platform: Platform, bench: Bench) -> None:
    steps.optical_ready(session)
    one_strip_mib = 450
    bench.units.force("recorder.free_mib", one_strip_mib)
    session.run_for(1)
    start(session, platform, "STRIP").wait(IMAGE_S)
    area = IMAGES["AREA"]
    assert start(session, platform, "AREA", **area).refusal(steps.ANSWER_S).name == "MEMORY_BUDGET"


def test_an_area_that_begins_far_from_nadir_fills_what_was_predicted(
    session: Session, platform: Platform, bench: Bench
) -> None:
    """The strips nearer nadir have more lines than the first one's period says, a fifth more in all."""
    steps.optical_ready(session)
    area: dict[str, Any] = {
        "roll_deg": -45.0,
        "roll_step_deg": 15.0,
        "strips": 4,
        "interval_ms": 9000,
        "duration_ms": 5000,
        "line_period_us": line_period_us(-45, 0),
    }
    bench.units.force("recorder.free_mib", 1)
    session.run_for(1)
    failure = start(session, platform, "AREA", **area).refusal(steps.ANSWER_S)
    assert failure.name == "MEMORY_BUDGET"
    predicted_mib = failure.limit * 100 / MARGIN_PERCENT
    bench.units.release("recorder.free_mib")
    session.run_for(1)
    free_mib = bench.units.observe("recorder.free_mib")
    start(session, platform, "AREA", **area).wait(IMAGE_S + 4 * 9)
    session.run_for(1)
    used_mib = free_mib - bench.units.observe("recorder.free_mib")
    assert 0.98 * predicted_mib <= used_mib <= 1.01 * predicted_mib


def test_imaging_beyond_the_time_of_an_orbit_is_refused(session: Session, platform: Platform, bench: Bench) -> None:
    """Three strips of 205 s are more than ten minutes."""
    steps.optical_ready(session)
    bench.units.force("recorder.free_mib", 4_000_000)
    session.run_for(1.5)
    strips: dict[str, Any] = {"roll_step_deg": 1.0, "strips": 3, "interval_ms": 210_000, "duration_ms": 205_000}
    failure = start(session, platform, "AREA", **strips).refusal(steps.ANSWER_S)
    assert (failure.subservice, failure.name, failure.limit) == (4, "IMAGING_BUDGET", 600)
    start(session, platform, "STRIP", duration_ms=5000).wait(IMAGE_S)
    session.run_for(1.1)
    used = session.value("OPTICAL_IMAGING_TIME_S")
    assert isinstance(used, int) and used >= 5
