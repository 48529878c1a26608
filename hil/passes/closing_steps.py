"""The catalogue, one refused telecommand of each kind, and the account of every telecommand."""

import zlib
from collections.abc import Callable
from math import ceil, floor

from emei.archive import packets
from emei.planning.sar_numbers import RadarNumbers
from emei.planning.sar_timing import Request, TimingDesigner
from emei.verification import SUCCESS, Ack, Command
from hil.passes import optical_steps, sar_steps
from hil.passes.checks import require, require_field
from hil.passes.flight import ANSWER_S, Flight
from hil.passes.plan import TAKE_S
from hil.scenarios.octets import Packet

QUIET_S = 1.0
SETTLE_S = 0.5
LATE_PACKETS_S = 2.0
UNKNOWN_SERVICE = 200
SEVERE = ("medium", "high")
LOSSES = (
    "REPORTS_LOST_INFORMATIVE",
    "REPORTS_LOST_LOW",
    "REPORTS_LOST_MEDIUM",
    "REPORTS_LOST_HIGH",
    "LINK_OVERRUN_OCTETS",
)


def sar_entry(flight: Flight) -> str:
    return _entry(flight, "SAR", "STRIPMAP", sar_steps.TASK_ID, flight.plan.sar_start_gps_s)


def optical_entry(flight: Flight) -> str:
    return _entry(flight, "OPTICAL", "STRIP", optical_steps.TASK_ID, flight.plan.image.start_gps_s)


def _entry(flight: Flight, instrument: str, mode: str, task_id: int, start_gps_s: float) -> str:
    """The entry as the ground reads it, against the plan, the event, and the recorder's own file."""
    take = flight.takes[instrument]
    before = len(flight.reports)
    flight.command("RECORDER_REPORT_CATALOGUE", first_entry=take.entry_id, entries=1)
    entry = flight.report("CATALOGUE_ENTRY", before)
    file = flight.bench.save_recorder_file(take.entry_id).read_bytes()
    modes = flight.session.dictionary.enumeration(f"{instrument}_MODE").members
    expected = {
        "entry_id": take.entry_id,
        "task_id": task_id,
        "instrument": instrument,
        "mode": modes[mode],
        "state": "CLOSED",
        "packets": take.packets,
        "size_octets": len(file),
    }
    for name, value in expected.items():
        require_field(entry, name, value)
    require(len(file) > 0, f"Entry {take.entry_id} is empty.")
    crc = zlib.crc32(file)
    require(entry.raw["crc32"] == crc, f"The entry's CRC-32 is {entry.raw['crc32']:08x}, the file's {crc:08x}.")
    count = sum(1 for _ in packets(file))
    require(count == take.packets, f"The file holds {count} packets, the entry says {take.packets}.")
    start, stop = int(str(entry.fields["start_coarse"])), int(str(entry.fields["stop_coarse"]))
    within = floor(start_gps_s) <= start <= stop <= ceil(start_gps_s + TAKE_S) + LATE_PACKETS_S
    require(within, f"The entry's packets are of GPS second {start} to {stop}; the take began at {start_gps_s:.0f}.")
    return f"CLOSED, {len(file)} octets, {count} packets, CRC-32 {crc:08x} as computed from the file"


def refusal(
    failure: str, subservice: int, send: Callable[[Flight], Command], sar_mode: str = "OFF"
) -> Callable[[Flight], str]:
    """A step: what `send` sends must fail with `failure` in exactly one report (1,`subservice`), and change no mode."""

    def action(flight: Flight) -> str:
        command = send(flight)
        seen = command.refusal(ANSWER_S)
        require(
            (seen.name, seen.subservice) == (failure, subservice),
            f"{command.name} failed with (1,{seen.subservice}) {seen.name}; (1,{subservice}) {failure} was expected.",
        )
        flight.session.run_for(QUIET_S)
        failures = [report for report in command.reports if report.subservice not in SUCCESS]
        require(len(failures) == 1, f"{command.name} got {len(failures)} failure reports instead of one.")
        require(not command.disorder, "; ".join(command.disorder))
        flight.confirm_all(SAR_MODE=sar_mode, OPTICAL_MODE="OFF")
        modes = "modes still OFF" if sar_mode == "OFF" else f"SAR still in {sar_mode}"
        return f"(1,{subservice}) {failure}: {seen.sentence}; {modes}"

    return action


def bad_table(flight: Flight) -> Command:
    """The worked case of the specification with 25 deg of look angle: its window overruns the PRI by 36 us."""
    timing = TimingDesigner(RadarNumbers.of(flight.session.dictionary)).design(25.0, Request())
    return flight.session.send("SAR_LOAD_TABLE", Ack.ALL, **timing.arguments(slot=1))


def illegal_transition(flight: Flight) -> Command:
    return flight.session.send("SET_MODE_SAR", mode="PREOP")


def out_of_range(flight: Flight) -> Command:
    """Packed by hand, since the ground tools would not send it: there are 8 table slots, counted from 0."""
    return flight.session.send_packet(Packet(129, 2, bytes([8])).octets(), "argument out of range")


def bad_crc(flight: Flight) -> Command:
    return flight.session.send_packet(Packet(crc_error=1).octets(), "bad CRC")


def unknown_service(flight: Flight) -> Command:
    return flight.session.send_packet(Packet(UNKNOWN_SERVICE, 1).octets(), "unknown service")


def all_answered(flight: Flight) -> str:
    """Ground and board agree on every telecommand. Short: without the platform its data soon counts as lost."""
    session = flight.session
    flight.platform.stop()
    session.run_for(SETTLE_S)
    open_commands = [command.name for command in session.commands if not command.finished]
    require(not open_commands, f"Not answered to the end: {', '.join(open_commands)}.")
    disorder = [problem for command in session.commands for problem in command.disorder] + session.anomalies
    require(not disorder, "; ".join(disorder))
    rejected = [command for command in session.commands if command.failure and command.failure.subservice in (2, 10)]
    flight.confirm("TC_ACCEPTED", len(session.commands) - len(rejected))
    counted = flight.reading("TC_REJECTED").value
    require(counted == len(rejected), f"The board rejected {counted} telecommands; {len(rejected)} were reported.")
    followed = sum(command.ack is not Ack.NONE for command in session.commands)
    return (
        f"{followed} answered in the right order, {len(session.commands) - followed} asked for no report; "
        f"the board accepted {len(session.commands) - len(rejected)} and rejected {len(rejected)}"
    )


def healthy(flight: Flight) -> str:
    """Nothing of weight happened beside what was commanded."""
    severe = [f"{event.name} ({event.message})" for event in flight.session.events if event.severity in SEVERE]
    require(not severe, f"Events of medium or high severity came: {'; '.join(severe)}.")
    flight.confirm_all(**dict.fromkeys(LOSSES, 0))
    require(flight.session.missing_packets == 0, f"{flight.session.missing_packets} telemetry packets are missing.")
    memory = flight.confirm("MEM_FREE_OCTETS", lambda reading: reading.value > 0)
    cycle, overruns = flight.reading("CYCLE_WORST_US"), flight.reading("CYCLE_OVERRUNS")
    bus, unanswered = flight.reading("BUS_TRANSACTIONS"), flight.reading("BUS_FAILURES")
    return (
        f"no report lost, {memory.label} octets free, longest cycle {cycle.value / 1000:.1f} ms, "
        f"{overruns.label} cycles overran, {unanswered.label} of {bus.label} bus transactions unanswered"
    )
