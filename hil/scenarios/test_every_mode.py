"""Every mode of both instruments in one go, on the emulated board too; the modes' own scenarios tell more of each.

The instruments are brought up once; SAR data takes and images take turns, so that the transmitter cools meanwhile.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from emei.platform import Platform
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps
from hil.scenarios.optical_images import CALIBRATIONS, IMAGES
from hil.scenarios.sar_tables import MODES, RADIATING, table
from hil.scenarios.sky import Sky, sky_of

DURATION_MS = round(steps.DATA_TAKE_S * 1000)
CALIBRATION_MS = 5000
DECONTAMINATION_HOUR_MS = 3000
TAKE_S = 40.0


@pytest.fixture(scope="module")
def sky(session: Session, platform: Platform, bench: Bench) -> Iterator[Sky]:
    """Both instruments ready: SAR in PREOP, the optical one in READY with its door open. Off at the end."""
    with sky_of(platform) as sky:
        steps.ready(session, bench)
        warm_up = steps.sar_warming(session)
        steps.optical_ready(session)
        warm_up.wait(240)
        yield sky
        steps.all_off(session)
    assert session.anomalies == []


def assert_taken(session: Session, bench: Bench, instrument: str, mode: str, since: int) -> None:
    """From rest to the mode and back, and an entry with what the recorder holds."""
    rest = "PREOP" if instrument == "SAR" else "READY"
    closed = session.wait_event("DATA_TAKE_CLOSED", steps.ANSWER_S, since)
    session.wait_event("MODE_CHANGED", steps.ANSWER_S, since, instrument=instrument, to_mode=rest)
    changes = [
        (event.fields["from_mode"], event.fields["to_mode"])
        for event in session.events[since:]
        if event.name == "MODE_CHANGED" and event.fields["instrument"] == instrument
    ]
    assert changes == [(rest, mode), (mode, rest)]
    assert int(str(closed.fields["packets"])) > 0
    assert bench.units.recorder_file(int(str(closed.fields["entry_id"])))


def sar_take(session: Session, bench: Bench, platform: Platform, mode: str) -> None:
    if mode != "RX_ONLY":
        session.send("SAR_ARM_TRANSMIT").wait(steps.ANSWER_S)
        session.send("SAR_PERMIT_TRANSMIT", takes=1, valid_s=60).wait(steps.ANSWER_S)
    session.send("SAR_LOAD_TABLE", slot=0, **table(mode)).wait(steps.ANSWER_S)
    before_ms, since = bench.units.observe("sar.transmit_total_ms"), len(session.events)
    start = platform.gps_s() + steps.START_LEAD_S
    session.send("SAR_START_DATA_TAKE", task_id=990, slot=0, start=start).wait(TAKE_S)
    assert_taken(session, bench, "SAR", mode, since)
    radiated_ms = bench.units.observe("sar.transmit_total_ms") - before_ms
    assert radiated_ms == (DURATION_MS if mode in RADIATING else 0)


def optical_take(session: Session, bench: Bench, platform: Platform, mode: str, **settings: Any) -> None:
    name = "OPTICAL_START_CALIBRATION" if mode in CALIBRATIONS else "OPTICAL_START_IMAGE"
    since, start = len(session.events), platform.gps_s() + steps.START_LEAD_S
    session.send(name, task_id=991, mode=mode, start=start, **settings).wait(TAKE_S)
    assert_taken(session, bench, "OPTICAL", mode, since)


# A SAR mode for each image, the last ones for the calibrations.
WITH_IMAGE = list(zip(MODES, IMAGES, strict=False))
WITH_CALIBRATION = list(zip((*MODES[len(IMAGES) :], None), CALIBRATIONS, strict=True))


@pytest.mark.parametrize(("sar_mode", "image"), WITH_IMAGE)
def test_measurement_and_image(
    session: Session, bench: Bench, platform: Platform, sky: Sky, sar_mode: str, image: str
) -> None:
    sar_take(session, bench, platform, sar_mode)
    optical_take(session, bench, platform, image, duration_ms=DURATION_MS, **IMAGES[image])


@pytest.mark.parametrize(("sar_mode", "calibration"), WITH_CALIBRATION)
def test_measurement_and_calibration(
    session: Session, bench: Bench, platform: Platform, sky: Sky, sar_mode: str | None, calibration: str
) -> None:
    if sar_mode:
        sar_take(session, bench, platform, sar_mode)
    session.send("OPTICAL_MOVE_DOOR", position=CALIBRATIONS[calibration]).wait(15)
    sky.changed["eclipse"] = "ON" if calibration == "DARK" else "OFF"
    session.run_for(1.5)  # the next ancillary data say so
    optical_take(session, bench, platform, calibration, duration_ms=CALIBRATION_MS)


def test_focus_and_decontamination(session: Session, sky: Sky) -> None:
    session.send("OPTICAL_MOVE_DOOR", position="SHUT").wait(15)
    session.send("OPTICAL_SET_FOCUS", focus_steps=40).wait(20)
    session.send("SET_MODE_OPTICAL", mode="STANDBY").wait(15)
    session.send("SET_BENCH_WAIT", wait="OPTICAL_DECONTAMINATION_HOUR", wait_ms=DECONTAMINATION_HOUR_MS).wait(
        steps.ANSWER_S
    )
    since = len(session.events)
    session.send("OPTICAL_DECONTAMINATE", duration_h=1).wait(TAKE_S)
    session.wait_event("DECONTAMINATED", steps.ANSWER_S, since)
    session.wait_event("MODE_CHANGED", steps.ANSWER_S, since, to_mode="STANDBY")
    modes = [event.fields["to_mode"] for event in session.events[since:] if event.name == "MODE_CHANGED"]
    assert modes == ["DECONTAMINATION", "STANDBY"]


@pytest.mark.parametrize(("instrument", "mode"), [("SAR", "STANDBY"), ("OPTICAL", "OFF")])
def test_safe_and_back(session: Session, sky: Sky, instrument: str, mode: str) -> None:
    session.send(f"SET_MODE_{instrument}", mode="SAFE").wait(steps.SAFE_S)
    session.run_for(1.1)
    assert session.value(f"{instrument}_MODE") == "SAFE"
    steps.leave_refuse(session)
    session.send(f"SET_MODE_{instrument}", mode=mode).wait(15)
