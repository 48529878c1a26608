"""Each monitored quantity in a data take or an image: beyond its warning it goes on, beyond its trip it is over.

What other scenarios break in ways of their own is not repeated here: on-times, over-current, door, Sun, saturation.
"""

from collections.abc import Iterator

import pytest

from emei.platform import Platform
from emei.session import Session
from emei.verification import Command
from hil.bench import Bench
from hil.scenarios import steps
from hil.scenarios.sar_tables import table
from hil.scenarios.sky import Sky, sky_of

pytestmark = pytest.mark.virtual_time

TAKE_S = 15.0

# Monitor, the quantity of a unit or of the ancillary data, a value beyond the warning and one beyond the trip.
SAR = [
    ("SAR_TRM", "sar.trm_temperature_degc", 50.1, 60.1),
    ("SAR_TRM", "sar.trm_temperature_degc", -15.1, -25.1),
    ("SAR_BASEPLATE", "sar.baseplate_temperature_degc", 40.1, 45.1),
    ("SAR_BUS_VOLTAGE", "power.bus_voltage_v", 26.4, 24.9),
    ("SAR_FORWARD_POWER", "sar.forward_power_deviation_db", 1.01, 3.01),
    ("SAR_FORWARD_POWER", "sar.forward_power_deviation_db", -1.01, -3.01),
    ("SAR_REFLECTED_POWER", "sar.reflected_power_percent", 10.1, 20.1),
    ("SAR_DUTY", "sar.transmit_duty_percent", 24.01, 25.01),
    ("SAR_SYNC", "sar.sync_faults", 2, 5),
    ("SAR_BATTERY", "battery_percent", 49.9, 39.9),
]
OPTICAL = [
    ("OPTICAL_FOCAL_PLANE_IMAGING", "optical.focal_plane_temperature_degc", 23.01, 25.01),
    ("OPTICAL_FOCAL_PLANE_IMAGING", "optical.focal_plane_temperature_degc", 16.99, 14.99),
]


def is_of_a_unit(quantity: str) -> bool:
    return "." in quantity


@pytest.fixture
def sky(session: Session, platform: Platform, bench: Bench) -> Iterator[Sky]:
    """From both instruments off to both off."""
    with sky_of(platform) as sky:
        steps.ready(session, bench)
        yield sky
        for quantity in {row[1] for row in SAR + OPTICAL if is_of_a_unit(row[1])}:
            bench.units.release(quantity)
        sky.changed.clear()
        session.run_for(3)
        steps.all_off(session)
    assert session.anomalies == []


def read(session: Session, bench: Bench, sky: Sky, quantity: str, value: float) -> None:
    """The quantity reads so from now on, for long enough that it is judged."""
    if is_of_a_unit(quantity):
        bench.units.force(quantity, value)
        session.run_for(1)
    else:
        sky.changed[quantity] = value
        session.run_for(4)


def assert_warns_then_trips(
    session: Session, bench: Bench, sky: Sky, command: Command, row: tuple[str, str, float, float]
) -> None:
    monitor, quantity, beyond_warning, beyond_trip = row
    since = len(session.events)
    read(session, bench, sky, quantity, beyond_warning)
    session.wait_event("WARNING_LIMIT", steps.ANSWER_S, since, monitor=monitor)
    assert not command.finished
    assert "TRIP_LIMIT" not in [event.name for event in session.events[since:]]
    read(session, bench, sky, quantity, beyond_trip)
    session.wait_event("TRIP_LIMIT", steps.ANSWER_S, since, monitor=monitor)
    session.wait_event("FAULT_LEVEL", steps.ANSWER_S, since, level="STAND_DOWN")
    assert command.refusal(steps.ANSWER_S).name == "ABORTED"
    session.wait_event("DATA_TAKE_CLOSED", steps.SAFE_S, since)
    session.wait_event("MODE_CHANGED", steps.SAFE_S, since, to_mode="STANDBY")


@pytest.mark.parametrize("row", SAR, ids=lambda row: f"{row[0]}-{row[3]:g}")
def test_sar_in_a_data_take(
    session: Session, platform: Platform, bench: Bench, sky: Sky, row: tuple[str, str, float, float]
) -> None:
    steps.sar_preop(session)
    session.send("SAR_LOAD_TABLE", slot=0, **table("STRIPMAP", TAKE_S)).wait(steps.ANSWER_S)
    command = steps.start_data_take(session, platform, task_id=960)
    session.wait_for(lambda: session.value("SAR_PHASE") == "ECHO", steps.ANSWER_S, "The echoes")
    assert_warns_then_trips(session, bench, sky, command, row)
    assert not bench.edges[-1].on


@pytest.mark.parametrize("row", OPTICAL, ids=lambda row: f"{row[0]}-{row[3]:g}")
def test_optical_in_an_image(
    session: Session, platform: Platform, bench: Bench, sky: Sky, row: tuple[str, str, float, float]
) -> None:
    steps.optical_ready(session)
    start = platform.gps_s() + steps.START_LEAD_S
    command = session.send(
        "OPTICAL_START_IMAGE", task_id=961, mode="STRIP", start=start, duration_ms=round(TAKE_S * 1000)
    )
    session.wait_for(lambda: session.value("OPTICAL_PHASE") == "IMAGING", 2 * steps.ANSWER_S, "The image")
    assert_warns_then_trips(session, bench, sky, command, row)
    assert bench.units.observe("optical.door_position") == 0
