"""The optical instrument: switched on, stabilised, door, image, switched off."""

from hil.passes.checks import require, require_in_order, require_limiters
from hil.passes.flight import DataTake, Flight
from hil.passes.plan import TAKE_S

TASK_ID = 2027
PRIORITY = 10
DOOR_S = 12.0
DOOR_TEST_S = 20.0
LINE_PERIOD_AGREES = 2e-3
LEAD_S = 4.0
AFTER_IMAGE_S = 20.0


def switch_on(flight: Flight) -> str:
    flight.set_mode("OPTICAL", "STANDBY")
    limiters = require_limiters(flight, ["OPTICAL_UNIT"], ["DOOR"])
    flight.confirm_all(OPTICAL_LINK="GOOD", OPTICAL_STATE="IDLE", OPTICAL_DOOR="SHUT", OPTICAL_FAULT_FLAGS=0)
    return f"{limiters}, self-test passed, door SHUT"


def test_door(flight: Flight) -> str:
    events = len(flight.session.events)
    flight.command("OPTICAL_TEST_DOOR", DOOR_TEST_S)
    event = flight.session.wait_event("DOOR_TESTED", 1.0, since=events)
    flight.confirm_all(OPTICAL_DOOR="SHUT", OPTICAL_DOOR_TESTED="ON")
    return f"{event.message}; {require_limiters(flight, [], ['DOOR'])}"


def stabilise(flight: Flight) -> str:
    command = flight.set_mode("OPTICAL", "THERMAL_STABILISATION")
    limiters = require_limiters(flight, ["OPTICAL_UNIT", "OPTICAL_HEATER"], [])
    temperature = flight.confirm("OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC", lambda reading: 19 <= reading.value <= 21)
    stable = flight.reading("OPTICAL_STABLE_S")
    return f"{temperature.label} degC, stable for {stable.label} s after {command.duration_s:.0f} s; {limiters}"


def make_ready(flight: Flight) -> str:
    flight.set_mode("OPTICAL", "READY")
    flight.confirm_all(OPTICAL_STATE="READY", OPTICAL_FOCUS_VALID="ON")
    return f"unit READY, focus valid at {flight.reading('OPTICAL_FOCUS_STEPS').label} steps"


def open_door(flight: Flight) -> str:
    return _move_door(flight, "OPEN", ["DOOR"], [])


def shut_door(flight: Flight) -> str:
    return _move_door(flight, "SHUT", [], ["DOOR"])


def image(flight: Flight) -> str:
    plan = flight.plan.image
    start_s = flight.bench_time_s(plan.start_gps_s)
    early_s = start_s - LEAD_S - flight.now_s
    require(early_s >= 0, f"The door was open {-early_s:.1f} s too late for the image.")
    sun = flight.confirm("SUN_ANGLE_DEG", lambda reading: reading.value >= 30)
    since_s, events = flight.now_s, len(flight.session.events)
    answer_s = start_s - flight.now_s + TAKE_S + AFTER_IMAGE_S
    flight.command("OPTICAL_START_IMAGE", answer_s, **image_arguments(flight))
    flight.confirm("OPTICAL_MODE", "READY")
    unit_packets = flight.confirm("OPTICAL_PACKETS", lambda reading: reading.value > 0)
    lines = flight.reading("OPTICAL_LINES")
    require_in_order(flight.labels_seen("OPTICAL_MODE", since_s), ["STRIP", "READY"], "OPTICAL_MODE")
    require_in_order(flight.labels_seen("OPTICAL_PHASE", since_s), ["IMAGING", "DONE"], "OPTICAL_PHASE")
    expected = 1e6 * TAKE_S / plan.line_period_us
    require(abs(lines.value - expected) <= 0.01 * expected, f"{lines.value} lines; {expected:.0f} were expected.")
    derived = flight.confirm(
        "IMAGE_LINE_PERIOD_US", lambda reading: abs(reading.value / plan.line_period_us - 1) < LINE_PERIOD_AGREES
    )
    closed = flight.session.wait_event("DATA_TAKE_CLOSED", 1.0, since=events, task_id=TASK_ID)
    take = DataTake(int(str(closed.fields["entry_id"])), int(str(closed.fields["packets"])), unit_packets.raw)
    require(take.packets == take.unit_packets, f"{closed.message}; the optical unit sent {take.unit_packets}.")
    flight.takes["OPTICAL"] = take
    return (
        f"{lines.value} lines of {derived.value:.2f} us, {take.packets} packets in entry {take.entry_id}, "
        f"Sun at {sun.value:.0f} deg"
    )


def image_arguments(flight: Flight) -> dict[str, object]:
    plan = flight.plan.image
    return {
        "task_id": TASK_ID,
        "mode": "STRIP",
        "priority": PRIORITY,
        "start": plan.start_gps_s,
        "roll_deg": plan.roll_deg,
        "pitch_deg": plan.pitch_deg,
        "line_period_us": plan.line_period_us,
        "integration_us": plan.integration_us,
        "tdi_stages": plan.stages,
        "duration_ms": round(1000 * TAKE_S),
    }


def switch_off(flight: Flight) -> str:
    flight.set_mode("OPTICAL", "OFF")
    limiters = require_limiters(flight, [], ["OPTICAL_UNIT", "OPTICAL_HEATER", "DOOR"])
    flight.confirm_all(
        POWER_OPTICAL_CURRENT_MA=0, POWER_HEATER_CURRENT_MA=0, POWER_DOOR_CURRENT_MA=0, OPTICAL_LINK="UNPOWERED"
    )
    return f"{limiters}, 0 mA"


def _move_door(flight: Flight, position: str, closed: list[str], opened: list[str]) -> str:
    events = len(flight.session.events)
    flight.command("OPTICAL_MOVE_DOOR", DOOR_S, position=position)
    flight.confirm("OPTICAL_DOOR", position)
    event = flight.session.wait_event("DOOR_MOVED", 1.0, since=events, position=position)
    limiters = require_limiters(flight, closed, opened)
    return f"{event.message}; {limiters}"
