"""The SAR: switched on, its table loaded and read back, the transmit permit, the data take, switched off."""

import binascii
import struct

from emei.packets import Telemetry
from emei.science.sar_acceptance import table_of
from emei.verification import Ack, Command
from hil.passes.checks import require, require_in_order, require_limiters
from hil.passes.flight import ANSWER_S, DataTake, Flight, StepFailed
from hil.passes.plan import ARM_BEFORE_START_S, TAKE_S

SLOT = 0
TASK_ID = 2026
PERMIT_S = 60
SCIENCE_FACTOR = 16  # times the science data of other data takes on the bench: enough for a picture
PRIORITY = 20
PHASES = ("NOISE", "OPENING_CALIBRATION", "ECHO", "CLOSING_CALIBRATION")
AFTER_TAKE_S = 30.0
POSITION_BELIEVED_S = 2.5  # two positions after a jump
ZONE_LEAD_S = 5.0
DUTY_TOLERANCE_PERCENT = 0.5
ECHO_TOLERANCE_S = 0.5
STRUCT_CODES = {"u8": "B", "u16": "H", "u32": "I", "i8": "b", "i16": "h", "i32": "i"}


def switch_on(flight: Flight) -> str:
    flight.set_mode("SAR", "INIT")
    limiters = require_limiters(flight, ["SAR_UNIT"], [])
    flight.confirm_all(SAR_LINK="GOOD", SAR_STATE="IDLE", SAR_FAULT_FLAGS=0)
    return f"{limiters}, self-test passed, no fault flags"


def stand_by(flight: Flight) -> str:
    flight.set_mode("SAR", "STANDBY")
    current = flight.confirm("POWER_SAR_CURRENT_MA", lambda reading: reading.value > 0)
    return f"unit draws {current.label} mA"


def warm_up(flight: Flight) -> str:
    command = flight.set_mode("SAR", "PREOP")
    flight.confirm_all(SAR_STATE="READY", SAR_WARMUP_REMAINING_S=0, SAR_OSCILLATOR_LOCKED="ON")
    temperature = flight.reading("SAR_TRM_TEMPERATURE_DEGC")
    return f"warm after {command.duration_s:.0f} s, TRM {temperature.label} degC, oscillator locked"


def load_table(flight: Flight) -> str:
    timing = flight.plan.timing
    flight.command("SAR_LOAD_TABLE", ANSWER_S, **timing.arguments(slot=SLOT))
    return (
        f"PRI/SWST/SWL/pulse codes {timing.pri_code}/{timing.swst_code}/{timing.swl_code}/{timing.pulse_code}, "
        f"rank {timing.rank} accepted in slot {SLOT}"
    )


def read_back_table(flight: Flight) -> str:
    before = len(flight.reports)
    flight.command("SAR_REPORT_TABLE", slot=SLOT)
    report = flight.report("SAR_TABLE", before)
    sent = table_of(flight.plan.timing.arguments(slot=SLOT), flight.session.dictionary)
    for name, value in sent.items():
        require(report.raw[name] == value, f"The table's {name} reads back {report.raw[name]}, not {value}.")
    crc = _table_crc(flight, report)
    require(crc == report.raw["table_crc"], f"The table's CRC is {report.raw['table_crc']}; {crc} was computed.")
    return f"{len(sent)} fields as sent, CRC {crc:#06x}"


def take_over_zone(flight: Flight) -> Command:
    """A data take while the platform says that it is over a radio telescope: refused, permit or not."""
    zone = flight.session.dictionary.zones["EFFELSBERG"]
    over_zone = {"latitude_deg": zone.latitude_deg, "longitude_deg": zone.longitude_deg}
    platform, plan = flight.platform, flight.plan
    platform.ancillary = lambda gps_s: {**plan.ancillary(gps_s), **over_zone}
    flight.session.run_for(POSITION_BELIEVED_S)
    command = flight.session.send(
        "SAR_START_DATA_TAKE", Ack.ALL, task_id=TASK_ID, slot=SLOT, start=platform.gps_s() + ZONE_LEAD_S
    )
    command.refusal(ANSWER_S)
    platform.ancillary = plan.ancillary
    flight.session.run_for(POSITION_BELIEVED_S)
    return command


def wait_for_pass(flight: Flight) -> str:
    arm_s = flight.bench_time_s(flight.plan.sar_start_gps_s) - ARM_BEFORE_START_S
    early_s = arm_s - flight.now_s
    require(early_s >= 0, f"The preparation took {-early_s:.0f} s too long for this pass.")
    flight.session.run_for(early_s)
    latitude = flight.confirm("LATITUDE_DEG", lambda reading: reading.valid)
    board_utc = flight.utc(flight.bench_time_s(latitude.board_time_s))
    return f"board time {board_utc} UTC, {ARM_BEFORE_START_S:.0f} s to go, latitude {latitude.value:.2f} deg"


def permit(flight: Flight) -> str:
    flight.command("SAR_ARM_TRANSMIT")
    flight.confirm("TRANSMIT_PERMIT", "ARMED")
    flight.command("SAR_PERMIT_TRANSMIT", takes=1, valid_s=PERMIT_S)
    flight.confirm_all(
        TRANSMIT_PERMIT="PERMITTED", PERMIT_TAKES_LEFT=1, TRANSMIT_ENABLE="OFF", SAR_TRANSMIT_ENABLE_SEEN="OFF"
    )
    return "INHIBITED, ARMED, PERMITTED for 1 take; transmit-enable still off"


def data_take(flight: Flight) -> str:
    """Housekeeping of the SAR comes every cycle meanwhile, so that the short phases are seen."""
    with_fast_housekeeping(flight, 1)
    since_s, events = flight.now_s, len(flight.session.events)
    flight.bench.units.force("sar.science_factor", SCIENCE_FACTOR)
    flight.command(
        "SAR_START_DATA_TAKE",
        ARM_BEFORE_START_S + TAKE_S + AFTER_TAKE_S,
        task_id=TASK_ID,
        slot=SLOT,
        priority=PRIORITY,
        start=flight.plan.sar_start_gps_s,
    )
    flight.bench.units.release("sar.science_factor")
    unit_packets = flight.confirm("SAR_PACKETS", lambda reading: reading.value > 0)
    flight.confirm("SAR_MODE", "PREOP")
    with_fast_housekeeping(flight, flight.session.dictionary.structure("SAR").period_cycles)
    require_in_order(flight.labels_seen("SAR_MODE", since_s), ["STRIPMAP", "PREOP"], "SAR_MODE")
    require_in_order(flight.labels_seen("SAR_PHASE", since_s), PHASES, "SAR_PHASE")
    closed = flight.session.wait_event("DATA_TAKE_CLOSED", 1.0, since=events, task_id=TASK_ID)
    take = DataTake(int(str(closed.fields["entry_id"])), int(str(closed.fields["packets"])), unit_packets.raw)
    require(take.packets == take.unit_packets, f"{closed.message}; the SAR unit sent {take.unit_packets}.")
    flight.takes["SAR"] = take
    return f"{' > '.join(PHASES)}; {take.packets} packets in entry {take.entry_id}"


def transmit_seen(flight: Flight) -> str:
    """What the data take left in telemetry about transmission."""
    since_s = flight.bench_time_s(flight.plan.sar_start_gps_s) - ARM_BEFORE_START_S
    require_in_order(flight.labels_seen("SAR_TRANSMIT_ENABLE_SEEN", since_s), ["OFF", "ON", "OFF"], "Transmit-enable")
    flight.confirm_all(
        TRANSMIT_ENABLE="OFF", SAR_TRANSMIT_ENABLE_SEEN="OFF", TRANSMIT_PERMIT="INHIBITED", GUARD_TRIPS=0
    )
    duty = max(sample.value for sample in flight.seen("SAR_TRANSMIT_DUTY_PERCENT", since_s))
    designed = 100 * flight.plan.timing.duty
    require(abs(duty - designed) <= DUTY_TOLERANCE_PERCENT, f"Duty was {duty:.2f} %; {designed:.2f} % was designed.")
    on_time = flight.confirm("SAR_TRANSMIT_TIME_MS", lambda reading: reading.value > 0)
    require(
        abs(on_time.value / 1000 - TAKE_S) <= ECHO_TOLERANCE_S,
        f"The unit transmitted for {on_time.value / 1000:.2f} s; {TAKE_S:g} s were asked for.",
    )
    return f"on and off again at the unit, {on_time.value / 1000:.2f} s of pulses, duty {duty:.1f} %, inhibited"


def switch_off(flight: Flight) -> str:
    flight.set_mode("SAR", "OFF")
    limiters = require_limiters(flight, [], ["SAR_UNIT"])
    flight.confirm_all(POWER_SAR_CURRENT_MA=0, SAR_LINK="UNPOWERED")
    return f"{limiters}, 0 mA"


def with_fast_housekeeping(flight: Flight, period_cycles: int) -> None:
    structure = flight.session.dictionary.structure("SAR")
    flight.command("HOUSEKEEPING_SET_PERIOD", structure=structure.id, period_cycles=period_cycles)


def _table_crc(flight: Flight, report: Telemetry) -> int:
    """CRC-16 of the table's octets, put together here from the reported fields."""
    fields = flight.session.dictionary.layouts["ACQUISITION_TABLE"].fields
    codes = ">" + "".join(STRUCT_CODES[field.type.name] for field in fields)
    try:
        octets = struct.pack(codes, *(report.raw[field.name] for field in fields))
    except struct.error as error:
        raise StepFailed(f"The reported table does not fit its layout: {error}.") from error
    return binascii.crc_hqx(octets, 0xFFFF)
