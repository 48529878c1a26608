"""Each mode of rest is reached within the duration of the payload specification, from where it takes longest."""

from collections.abc import Iterator

import pytest

from emei.platform import Platform
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps

pytestmark = [pytest.mark.virtual_time, pytest.mark.waits_of_flight]

# (at least, at most), of the tables of modes.
SAR_S = {"INIT": (0, 20), "STANDBY": (0, 1), "PREOP": (120, 240), "OFF": (0, 1)}
OPTICAL_S = {"STANDBY": (0, 10), "THERMAL_STABILISATION": (60, 900), "READY": (0, 5), "OFF": (0, 10)}


@pytest.fixture(autouse=True)
def _from_off_to_off(session: Session, platform: Platform, bench: Bench) -> Iterator[None]:
    steps.ready(session, bench)
    yield
    steps.all_off(session)
    assert session.anomalies == []


def lasts(session: Session, instrument: str, mode: str) -> float:
    """From the first report to the last."""
    command = session.send(f"SET_MODE_{instrument}", mode=mode).wait(1000)
    return command.reports[-1].time_s - command.reports[0].time_s


def test_the_sar_keeps_its_durations(session: Session) -> None:
    for mode in ("INIT", "STANDBY", "PREOP", "STANDBY", "PREOP", "OFF"):
        least_s, most_s = SAR_S[mode]
        assert least_s <= lasts(session, "SAR", mode) <= most_s, mode


def test_the_optical_instrument_keeps_its_durations(session: Session) -> None:
    for mode in ("STANDBY", "OFF", "STANDBY"):
        least_s, most_s = OPTICAL_S[mode]
        assert least_s <= lasts(session, "OPTICAL", mode) <= most_s, mode
    steps.test_door(session)
    for mode in ("THERMAL_STABILISATION", "READY"):
        least_s, most_s = OPTICAL_S[mode]
        assert least_s <= lasts(session, "OPTICAL", mode) <= most_s, mode


@pytest.mark.parametrize("mode", ["STANDBY", "OFF"])
def test_an_open_door_is_shut_in_time(session: Session, mode: str) -> None:
    steps.optical_ready(session)
    least_s, most_s = OPTICAL_S[mode]
    assert least_s <= lasts(session, "OPTICAL", mode) <= most_s
