"""Transmit zones: refused at the command, before transmit-enable, and left while transmitting."""

from collections.abc import Iterator

import pytest

from emei.platform import Platform
from emei.session import Session
from emei.verification import Command
from hil.bench import Bench
from hil.scenarios import steps
from hil.scenarios.zones import Track, centre_deg, radius_deg

pytestmark = pytest.mark.virtual_time

ZONE = "CEDUNA"  # the westernmost of its country: nothing but ocean south of it
LONG_TABLE = {**steps.STRIPMAP_TABLE, "duration_ms": 20_000}
OCEAN_DEG = (-20.0, -30.0)


@pytest.fixture(autouse=True)
def track(session: Session, platform: Platform, bench: Bench) -> Iterator[Track]:
    """PREOP with a table of 20 s and a permit, over the ocean; OFF afterwards."""
    steps.ready(session, bench)
    with Track(platform, *OCEAN_DEG) as flown:
        steps.sar_preop(session)
        session.send("SAR_LOAD_TABLE", slot=0, **LONG_TABLE).wait(steps.ANSWER_S)
        session.run_for(2.5)
        yield flown
    platform.resume()
    bench.units.release("sar.state")
    as_flown_ms = session.dictionary.mission.integer("waits", "take_begin_ms")
    session.send("SET_BENCH_WAIT", wait="TAKE_BEGIN", wait_ms=as_flown_ms).wait(steps.ANSWER_S)
    session.run_for(2.5)
    steps.all_off(session)
    assert session.anomalies == []


def start(session: Session, platform: Platform, lead_s: float) -> Command:
    return session.send("SAR_START_DATA_TAKE", task_id=950, slot=0, start=platform.gps_s() + lead_s)


def on_edges(bench: Bench, since: int) -> int:
    return sum(edge.name == "transmit-enable" and edge.on for edge in bench.edges[since:])


def be_south(track: Track, edge_s: float) -> None:
    """On the zone's meridian, flying north, so many seconds before its edge."""
    latitude, longitude = centre_deg(ZONE)
    track.begin(latitude - radius_deg(ZONE) - edge_s * 7031 / 6371e3 * 57.29578, longitude)


@pytest.mark.parametrize(
    ("edge_s", "lead_s", "refused"), [(-10, 4, True), (15, 4, True), (60, 4, False), (60, 60, True)]
)
def test_the_whole_data_take_is_looked_at(
    session: Session, bench: Bench, platform: Platform, track: Track, edge_s: float, lead_s: float, refused: bool
) -> None:
    """Over the zone; before it with the end in it; clear; and clear now, but not at the start."""
    be_south(track, edge_s + 2.5)
    session.run_for(2.5)
    since = len(bench.edges)
    command = start(session, platform, lead_s)
    if refused:
        failure = command.refusal(steps.ANSWER_S)
        assert (failure.subservice, failure.name) == (4, "TRANSMIT_ZONE")
        assert f"({ZONE})" in failure.sentence
        assert session.value("SAR_MODE") == "PREOP"
        assert on_edges(bench, since) == 0
    else:
        command.wait(lead_s + 40)
        assert bench.units.observe("sar.transmit_time_ms") == 20_000


def test_a_position_that_jumps_or_stops_is_refused(session: Session, platform: Platform, track: Track) -> None:
    track.begin(-20.0, -34.0)
    session.run_for(1.0)
    assert start(session, platform, 4.0).refusal(steps.ANSWER_S).name == "POSITION_UNKNOWN"
    session.run_for(1.5)
    platform.pause(time_messages=False)
    session.run_for(3.5)
    # The attitude of the same message is asked for first.
    assert start(session, platform, 4.0).refusal(steps.ANSWER_S).name == "GUARD_PARAMETER_STALE"


def test_the_track_is_looked_at_again_before_transmit_enable(
    session: Session, bench: Bench, platform: Platform, track: Track
) -> None:
    since = len(bench.edges)
    command = start(session, platform, 40.0)
    session.run_for(20.0)
    assert command.failure is None
    be_south(track, 30)
    session.run_for(2.5)
    failure = command.refusal(60)
    assert (failure.subservice, failure.name) == (8, "TRANSMIT_ZONE")
    assert on_edges(bench, since) == 0, "transmit-enable was raised on the way into a zone"
    session.wait_for(lambda: session.value("SAR_MODE") == "PREOP", steps.SAFE_S, "SAR in PREOP")
    assert session.value("REFUSE") == "OFF"


@pytest.mark.parametrize("way", ["zone", "silence", "jump"])
def test_a_data_take_ends_before_a_zone_or_without_a_position(
    session: Session, bench: Bench, platform: Platform, track: Track, way: str
) -> None:
    """Past the zone at 40 km with a clear track, then a turn toward it; or positions stop, or jump."""
    latitude, longitude = centre_deg(ZONE)
    away_deg = radius_deg(ZONE) + 60e3 / 6371e3 * 57.29578
    track.begin(latitude - away_deg, longitude, north=0.0, east=1.0)
    session.run_for(2.5)
    events = len(session.events)
    command = start(session, platform, 4.0)
    session.wait_for(lambda: session.value("SAR_PHASE") == "ECHO", 10, "Echoes")
    session.run_for(1.0)
    assert command.failure is None and bench.units.observe("sar.transmitting") == 1
    if way == "zone":
        track.turn(north=1.0, east=0.0)
    elif way == "silence":
        platform.pause(time_messages=False)
    else:
        track.begin(0.0, -30.0)
    failure = command.refusal(15)
    assert (failure.subservice, failure.name) == (8, "TRANSMIT_ZONE" if way == "zone" else "POSITION_UNKNOWN")
    assert bench.units.observe("sar.transmitting") == 0
    if way == "zone":
        distance_deg = latitude - track.place_deg(platform.gps_s())[0]
        assert distance_deg > radius_deg(ZONE), "the zone was entered"
    closed = session.wait_event("DATA_TAKE_CLOSED", steps.SAFE_S, events, task_id=950)
    assert int(str(closed.fields["packets"])) > 0
    session.wait_for(lambda: session.value("SAR_MODE") == "PREOP", steps.SAFE_S, "SAR in PREOP")
    assert session.value("REFUSE") == "OFF" and not bench.edges[-1].on


def test_a_unit_that_does_not_say_that_it_takes_data_is_kept_from_zones_too(
    session: Session, bench: Bench, platform: Platform, track: Track
) -> None:
    """Transmit-enable is on, the unit reports READY for longer than it may as flown, and the positions stop."""
    session.send("SET_BENCH_WAIT", wait="TAKE_BEGIN", wait_ms=15000).wait(steps.ANSWER_S)
    bench.units.force("sar.state", session.dictionary.enumeration("SAR_UNIT_STATE").members["READY"])
    command = start(session, platform, 4.0)
    session.wait_for(lambda: bench.edges and bench.edges[-1].on, 10, "Transmit-enable")
    platform.pause(time_messages=False)
    failure = command.refusal(15)
    bench.units.release("sar.state")
    assert (failure.subservice, failure.name) == (8, "POSITION_UNKNOWN")
    assert not bench.edges[-1].on
