"""Steps that scenarios share: bringing the instruments where a scenario begins, and back."""

from typing import Any

from emei.platform import Platform
from emei.session import Session
from emei.verification import Command
from hil.bench import Bench

ANSWER_S = 5.0
SAFE_S = 15.0
START_LEAD_S = 4.0
DATA_TAKE_S = 2.0

# The payload specification's worked case: look angle 23 deg, swath 30 km, 2h/c for the nadir return.
PRI_CODE, PULSE_CODE, SWST_CODE, SWL_CODE, RANK = 8160, 1314, 2249, 4488, 17
STRIPMAP_TABLE: dict[str, Any] = {
    "mode": "STRIPMAP",
    "near_delay_code": SWST_CODE + RANK * PRI_CODE,
    "far_delay_code": SWST_CODE + RANK * PRI_CODE + SWL_CODE - PULSE_CODE,
    "nadir_delay_code": 130210,
    "duration_ms": round(DATA_TAKE_S * 1000),
}


def ready(session: Session, bench: Bench) -> None:
    """Housekeeping fresh, time set, both instruments off, nothing forced, waits as the bench has them."""
    session.wait_for(lambda: session.value("POWER_BUS_VOLTAGE_V"), 10, "Housekeeping of the power unit")
    session.wait_for(lambda: session.value("RECORDER_STATE") == "READY", 10, "A recorder that is ready")
    session.wait_for(lambda: session.value("TIME_QUALITY") == "DISCIPLINED", 15, "A disciplined on-board time")
    for wait, wait_ms in bench.shortened_waits.items():
        session.send("SET_BENCH_WAIT", wait=wait, wait_ms=wait_ms).wait(ANSWER_S)
    # A scenario does not inherit the limits that another one broke.
    session.send("CLEAR_FAULT_HISTORY").wait(ANSWER_S)


def all_off(session: Session) -> None:
    """Leave the REFUSE state if need be, then both instruments OFF."""
    session.run_for(1.1)  # housekeeping of every kind has come again
    if session.value("REFUSE") == "ON":
        leave_refuse(session)
    for instrument in ("SAR", "OPTICAL"):
        if session.value(f"{instrument}_MODE") != "OFF":
            session.send(f"SET_MODE_{instrument}", mode="OFF").wait(20)


def leave_refuse(session: Session) -> None:
    """Both steps; a safing with its power cycle is waited for, and so are the first samples after it."""
    for _ in range(30):
        session.send("ARM_SAFE_EXIT").wait(ANSWER_S)
        command = session.send("SAFE_EXIT")
        session.wait_for(lambda command=command: command.finished, ANSWER_S, "SAFE_EXIT")  # type: ignore[misc]
        if command.failure is None or command.failure.name not in ("SAFING_UNDER_WAY", "LIMIT_UNKNOWN"):
            break
        session.run_for(2)
    command.wait(ANSWER_S)


def sar_standby(session: Session) -> None:
    session.send("SET_MODE_SAR", mode="INIT").wait(25)
    session.send("SET_MODE_SAR", mode="STANDBY").wait(ANSWER_S)


def sar_warming(session: Session) -> Command:
    """On the way to PREOP; the command that ends there."""
    sar_standby(session)
    return session.send("SET_MODE_SAR", mode="PREOP")


def sar_preop(session: Session) -> None:
    """STANDBY, warm-up, a table in slot 0 and a transmit permit."""
    sar_warming(session).wait(240)
    session.send("SAR_LOAD_TABLE", slot=0, **STRIPMAP_TABLE).wait(ANSWER_S)
    session.send("SAR_ARM_TRANSMIT").wait(ANSWER_S)
    session.send("SAR_PERMIT_TRANSMIT", takes=1, valid_s=300).wait(ANSWER_S)


def start_data_take(session: Session, platform: Platform, task_id: int) -> Command:
    """Start a STRIPMAP data take; returns once the unit takes data."""
    command = session.send("SAR_START_DATA_TAKE", task_id=task_id, slot=0, start=platform.gps_s() + START_LEAD_S)
    session.wait_for(
        lambda: command.failure or session.value("SAR_MODE") == "STRIPMAP", START_LEAD_S + ANSWER_S, "The data take"
    )
    return command


def optical_standby(session: Session) -> None:
    session.send("SET_MODE_OPTICAL", mode="STANDBY").wait(15)


def test_door(session: Session) -> None:
    session.send("OPTICAL_TEST_DOOR").wait(20)


def optical_ready(session: Session) -> None:
    """STANDBY, the door tested, a stable focal plane, READY, the door open."""
    optical_standby(session)
    test_door(session)
    session.send("SET_MODE_OPTICAL", mode="THERMAL_STABILISATION").wait(900)
    session.send("SET_MODE_OPTICAL", mode="READY").wait(30)
    since = len(session.events)
    session.send("OPTICAL_MOVE_DOOR", position="OPEN").wait(10)
    # Responses go before events, so that the command is done a moment before the door is told to have moved.
    session.wait_event("DOOR_MOVED", ANSWER_S, since, position="OPEN")


def start_image(session: Session, platform: Platform, task_id: int) -> Command:
    """Start a STRIP image; returns once the unit images."""
    start = platform.gps_s() + START_LEAD_S
    command = session.send(
        "OPTICAL_START_IMAGE", task_id=task_id, mode="STRIP", start=start, duration_ms=round(DATA_TAKE_S * 1000)
    )
    session.wait_for(
        lambda: command.failure or session.value("OPTICAL_MODE") == "STRIP", START_LEAD_S + ANSWER_S, "The image"
    )
    return command
