"""Slope alarms on the whole application: values that drift within their limits, over minutes of virtual time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from emei.dictionary import load
from emei.platform import Platform
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps
from tests.system.quick_bench import quick_bench

GPS_EPOCH_S = 1_450_000_000
MINUTE_S = 60


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Bench("host", tmp_path, quick_bench(tmp_path)) as bench:
        yield bench


@pytest.mark.parametrize(
    ("trend", "quantity", "from_value", "to_value"),
    [
        ("OPTICAL_FOCAL_PLANE", "optical.focal_plane_temperature_degc", 19.5, 20.5),
        ("OPTICAL_SUPPLY", "power.bus_voltage_v", 28.6, 27.0),
    ],
)
def test_a_drift_within_the_limits_is_told_of_once(
    bench: Bench, trend: str, quantity: str, from_value: float, to_value: float
) -> None:
    session = Session(load(), bench.link)
    platform = Platform(session, GPS_EPOCH_S)
    try:
        steps.ready(session, bench)
        steps.optical_ready(session)
        since = len(session.events)
        minutes = session.dictionary.trends[trend].window_min + session.dictionary.trends[trend].settle_min + 2
        for minute in range(minutes):
            bench.units.force(quantity, from_value + (to_value - from_value) * minute / minutes)
            session.run_for(MINUTE_S)
        bench.units.force(quantity, to_value)
        session.run_for(3 * MINUTE_S)
        names = [event.name for event in session.events[since:]]
        assert "WARNING_LIMIT" not in names and "TRIP_LIMIT" not in names
        assert [e.fields["trend"] for e in session.events[since:] if e.name == "TREND_ALARM"] == [trend]
        session.run_for(1.1)
        assert (session.value("OPTICAL_MODE"), session.value("REFUSE")) == ("READY", "OFF"), "the ground judges"
    finally:
        platform.stop()
