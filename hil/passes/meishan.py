"""The main job: one pass over Meishan, step by step, each verified by telemetry."""

from hil.passes import boot_steps as boot
from hil.passes import closing_steps as closing
from hil.passes import optical_steps as optical
from hil.passes import picture_steps as picture
from hil.passes import sar_steps as sar
from hil.passes.flight import Flight, Step

START = "Boot"
SAR_READY = "SAR made ready"
OPTICAL_READY = "Optical instrument made ready"
SAR_TAKE = "SAR data take"
IMAGE = "Optical image"
CATALOGUE = "Catalogue"
REFUSED = "Refused telecommands"
ACCOUNT = "Account"
SCIENCE = "Science data"

_STEPS = (
    Step(START, "Boot", "event BOOTED after power-on", boot.boot),
    Step(START, "First housekeeping", "every powered unit valid, all off, inhibit set", boot.first_housekeeping),
    Step(START, "Ping", "(17,2) and (1,7)", boot.ping),
    Step(START, "Dictionary hash", "DICTIONARY_HASH equals the ground's", boot.dictionary),
    Step(START, "Time set by the PPS", "TIME_QUALITY, PPS_COUNT, time stamps of reports", boot.time_set),
    Step(START, "Ancillary data", "position and Sun angle held as sent", boot.ancillary),
    Step(SAR_READY, "SAR: OFF to INIT", "SAR_MODE, limiter, SAR_STATE, fault flags", sar.switch_on),
    Step(SAR_READY, "SAR: INIT to STANDBY", "SAR_MODE, current", sar.stand_by),
    Step(SAR_READY, "SAR: STANDBY to PREOP (warm-up)", "SAR_MODE, SAR_STATE, warm-up, oscillator", sar.warm_up),
    Step(SAR_READY, "Acquisition table loaded", "(1,7) of SAR_LOAD_TABLE", sar.load_table),
    Step(SAR_READY, "Acquisition table read back", "SAR_TABLE equal to the design, its CRC-16", sar.read_back_table),
    Step(
        SAR_READY,
        "Data take over a transmit zone",
        "one report (1,4) TRANSMIT_ZONE, modes unchanged",
        closing.refusal("TRANSMIT_ZONE", 4, sar.take_over_zone, "PREOP"),
    ),
    Step(OPTICAL_READY, "Optical: OFF to STANDBY", "OPTICAL_MODE, limiter, OPTICAL_STATE, door", optical.switch_on),
    Step(OPTICAL_READY, "Door tested", "event DOOR_TESTED, OPTICAL_DOOR, OPTICAL_DOOR_TESTED", optical.test_door),
    Step(
        OPTICAL_READY,
        "Optical: STANDBY to THERMAL_STABILISATION",
        "OPTICAL_MODE, focal plane 20 +- 1 degC",
        optical.stabilise,
    ),
    Step(OPTICAL_READY, "Optical: to READY", "OPTICAL_MODE, OPTICAL_STATE, focus", optical.make_ready),
    Step(SAR_TAKE, "Area comes abeam", "position in PLATFORM housekeeping", sar.wait_for_pass),
    Step(SAR_TAKE, "Transmit armed and permitted", "TRANSMIT_PERMIT; transmit-enable still off", sar.permit),
    Step(
        SAR_TAKE,
        "STRIPMAP data take, 10 s",
        "SAR_MODE and SAR_PHASE through every phase, packets as the unit counts",
        sar.data_take,
    ),
    Step(
        SAR_TAKE,
        "Transmission seen and ended",
        "transmit-enable at the unit, duty, transmit time, inhibit",
        sar.transmit_seen,
    ),
    Step(SAR_TAKE, "SAR: PREOP to OFF", "SAR_MODE, limiter open, no current", sar.switch_off),
    Step(IMAGE, "Door opened", "OPTICAL_DOOR from its switches", optical.open_door),
    Step(IMAGE, "STRIP image, 10 s", "OPTICAL_MODE, OPTICAL_PHASE, lines, packets as the unit counts", optical.image),
    Step(IMAGE, "Door shut", "OPTICAL_DOOR from its switches", optical.shut_door),
    Step(IMAGE, "Optical: READY to OFF", "OPTICAL_MODE, limiters open, no current", optical.switch_off),
    Step(CATALOGUE, "SAR entry", "state, size, packets, CRC-32 against the recorder's file", closing.sar_entry),
    Step(CATALOGUE, "Optical entry", "state, size, packets, CRC-32 against the recorder's file", closing.optical_entry),
    Step(
        REFUSED,
        "Table that breaks a rule",
        "one report (1,4) TABLE_RULE, modes unchanged",
        closing.refusal("TABLE_RULE", 4, closing.bad_table),
    ),
    Step(
        REFUSED,
        "Illegal transition",
        "one report (1,4) ILLEGAL_TRANSITION, modes unchanged",
        closing.refusal("ILLEGAL_TRANSITION", 4, closing.illegal_transition),
    ),
    Step(
        REFUSED,
        "Argument out of range",
        "one report (1,2) ARGUMENT_OUT_OF_RANGE, modes unchanged",
        closing.refusal("ARGUMENT_OUT_OF_RANGE", 2, closing.out_of_range),
    ),
    Step(
        REFUSED,
        "Bad CRC",
        "one report (1,2) BAD_CRC, modes unchanged",
        closing.refusal("BAD_CRC", 2, closing.bad_crc),
    ),
    Step(
        REFUSED,
        "Unknown service",
        "one report (1,2) UNKNOWN_SERVICE, modes unchanged",
        closing.refusal("UNKNOWN_SERVICE", 2, closing.unknown_service),
    ),
    Step(ACCOUNT, "Nothing lost", "no severe event, lost report or lost octet", closing.healthy),
    Step(
        ACCOUNT, "Every telecommand answered", "reports (1,x) in order, TC_ACCEPTED, TC_REJECTED", closing.all_answered
    ),
    Step(SCIENCE, "SAR picture", "every target of the scene, from the recorder's file alone", picture.sar_picture),
    Step(
        SCIENCE,
        "Optical picture",
        "every edge and surface of the scene, SNR against the commanded TDI",
        picture.optical_picture,
    ),
)
_SHORTEN_WAITS = Step(START, "Waits shortened (bench only)", "(1,7) of SET_BENCH_WAIT", boot.shorten_waits)


def steps(flight: Flight) -> list[Step]:
    """The pass; on a bench that shortens waits, with the step that does so after the boot."""
    pass_steps = list(_STEPS)
    if flight.bench.shortened_waits:
        after_boot = sum(step.group == START for step in pass_steps)
        pass_steps.insert(after_boot, _SHORTEN_WAITS)
    return pass_steps
