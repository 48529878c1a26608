"""Boot, first housekeeping, dictionary, time and ancillary data."""

from hil.passes.checks import require
from hil.passes.flight import Flight

BOOT_S = 15.0
TIME_SET_S = 15.0
TIME_ERROR_LIMIT_S = 0.3


def boot(flight: Flight) -> str:
    event = flight.session.wait_event("BOOTED", BOOT_S)
    require(event.fields["cause"] == "POWER_ON", f"The board booted because of {event.fields['cause']}.")
    return event.message


def first_housekeeping(flight: Flight) -> str:
    session = flight.session
    flight.confirm_all(
        BOOT_S,
        SPACECRAFT_ID=session.spacecraft.id,
        BUILD="BENCH",
        SAR_MODE="OFF",
        OPTICAL_MODE="OFF",
        TRANSMIT_ENABLE="OFF",
        TRANSMIT_PERMIT="INHIBITED",
        LINK_FRAMES_MALFORMED=0,
        POWER_LIMITERS_CLOSED=0,
        RECORDER_STATE="READY",
    )
    voltage = flight.reading("POWER_BUS_VOLTAGE_V")
    return f"{session.spacecraft.name}, bus {voltage.label} V, {flight.reading('MEM_FREE_OCTETS').label} octets free"


def ping(flight: Flight) -> str:
    before = len(flight.reports)
    command = flight.command("PING")
    flight.report("PONG", before)
    return f"(17,2), (1,7) after {1000 * (command.duration_s or 0):.0f} ms"


def dictionary(flight: Flight) -> str:
    word = flight.session.check_dictionary(BOOT_S)
    return f"both ends have {word:08x}"


def time_set(flight: Flight) -> str:
    quality = flight.confirm("TIME_QUALITY", lambda reading: reading.label in ("SET", "DISCIPLINED"), TIME_SET_S)
    reading = flight.confirm("PPS_COUNT", lambda reading: reading.value > 0)
    late_s = flight.plan.bench_epoch_gps_s + reading.time_s - reading.board_time_s
    require(
        abs(late_s) <= TIME_ERROR_LIMIT_S,
        f"The report of GPS second {reading.board_time_s:.3f} arrived {late_s:.3f} s from it by the bench's clock.",
    )
    return f"{quality.label}; report arrived {1000 * late_s:.0f} ms after its time stamp"


def ancillary(flight: Flight) -> str:
    sun = flight.confirm("SUN_ANGLE_DEG", lambda reading: reading.valid)
    latitude = flight.confirm("LATITUDE_DEG", lambda reading: reading.valid)
    expected = flight.plan.ancillary(latitude.board_time_s)
    error = abs(float(latitude.value) - float(expected["latitude_deg"]))
    require(error < 0.2, f"The board holds latitude {latitude.label}, the orbit is at {expected['latitude_deg']}.")
    return f"latitude {latitude.value:.2f} deg, Sun {sun.value:.1f} deg from the boresight, held as sent"


def shorten_waits(flight: Flight) -> str:
    waits = flight.bench.shortened_waits
    for wait, wait_ms in waits.items():
        flight.command("SET_BENCH_WAIT", wait=wait, wait_ms=wait_ms)
    return "; ".join(f"{wait} cut to {wait_ms / 1000:g} s" for wait, wait_ms in waits.items())
