"""Telemetry packets (ECSS-E-ST-70-41C clause 7.4.3): reports, housekeeping, events, and time reports."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from emei.dictionary import Dictionary, Event, Structure, Value
from emei.packets.codecs import HOUSEKEEPING, Codecs, codecs_of, parse_whole
from emei.packets.errors import PacketError
from emei.packets.headers import (
    FINE_PER_SECOND,
    SMALLEST_TM_OCTETS,
    TIME_REPORT_OCTETS,
    Primary,
    check_p_field,
    check_packet,
    check_pus_version,
)
from emei.packets.values import FieldValue, Physical, decode

_TIME_REPORT = (9, 2)
_EVENTS = 5
_VERIFICATION = 1


@dataclass(frozen=True)
class Telemetry:
    """One decoded telemetry packet.

    `name` is that of the report; of a housekeeping report its structure's, of an event report its event's,
    and TIME for (9,2). `time_gps_s` is the board's. `message` is the sentence of an event or of a failure.
    """

    name: str
    service: int
    subservice: int
    apid: int
    sequence_count: int
    time_gps_s: float
    values: tuple[FieldValue, ...]
    packet: bytes
    type_count: int = 0
    destination: int = 0
    time_status: int = 0
    structure: Structure | None = None
    event: Event | None = None
    message: str = ""

    @property
    def fields(self) -> dict[str, Physical]:
        """Physical values, names for enumerations."""
        return {value.name: value.shown for value in self.values}

    @property
    def raw(self) -> dict[str, int | list[int]]:
        return {value.name: value.raw for value in self.values}

    @property
    def severity(self) -> str:
        """informative, low, medium or high for an event, else nothing."""
        return self.event.severity if self.event else ""

    @property
    def request_id(self) -> int | None:
        """The telecommand a verification report is about."""
        return int.from_bytes(self.packet[21:25], "big") if self.service == _VERIFICATION else None


def unpack_telemetry(dictionary: Dictionary, packet: bytes) -> Telemetry:
    """Decode a telemetry packet; PacketError when it is damaged or not in the dictionary."""
    primary = check_packet(packet)
    if primary.telecommand:
        raise PacketError("The packet is a telecommand, not telemetry.")
    if not primary.secondary_header:
        return _time_report(dictionary, primary, packet)
    if len(packet) < SMALLEST_TM_OCTETS:
        raise PacketError(f"{len(packet)} octets are no report; the smallest has {SMALLEST_TM_OCTETS}.")
    check_pus_version(packet[6])
    check_p_field(packet[13])
    return _Reader(codecs_of(dictionary), primary, packet).read()


class _Reader:
    """Reads one packet with a secondary header."""

    def __init__(self, codecs: Codecs, primary: Primary, packet: bytes) -> None:
        self.codecs = codecs
        self.primary = primary
        self.packet = packet
        self.kind = (packet[7], packet[8])

    def read(self) -> Telemetry:
        if self.kind == HOUSEKEEPING:
            return self.housekeeping()
        if self.kind[0] == _EVENTS and 1 <= self.kind[1] <= 4:
            return self.event()
        report = self.codecs.reports.get(self.kind)
        if report is None:
            raise PacketError(f"There is no report ({self.kind[0]},{self.kind[1]}) in the dictionary.")
        parsed = parse_whole(self.codecs.report(*self.kind), self.packet, report.name)
        values = self.decode(report.fields, parsed)
        return self.telemetry(report.name, parsed, values, message=self.failure_sentence(parsed))

    def failure_sentence(self, parsed: Mapping[str, Any]) -> str:
        if self.kind[0] != _VERIFICATION or "failure" not in parsed:
            return ""
        return self.codecs.dictionary.failure_sentence(parsed["failure"], parsed["detail"], parsed["limit"])

    def housekeeping(self) -> Telemetry:
        self.need(1, "A housekeeping report")
        structure = self.codecs.structures.get(self.packet[21])
        if structure is None:
            raise PacketError(f"There is no housekeeping structure {self.packet[21]} in the dictionary.")
        parsed = parse_whole(self.codecs.structure(structure.id), self.packet, f"Structure {structure.name}")
        mask = parsed["validity"]
        values = tuple(
            decode(item, parsed[item.name], bool(mask >> place & 1)) for place, item in enumerate(structure.parameters)
        )
        return self.telemetry(structure.name, parsed, values, structure=structure)

    def event(self) -> Telemetry:
        self.need(2, "An event report")
        event_id = int.from_bytes(self.packet[21:23], "big")
        event = self.codecs.events.get(event_id)
        if event is None:
            raise PacketError(f"There is no event {event_id} in the dictionary.")
        if event.level != self.kind[1]:
            raise PacketError(f"Event {event.name} came as (5,{self.kind[1]}); it is (5,{event.level}).")
        parsed = parse_whole(self.codecs.event(event_id), self.packet, f"Event {event.name}")
        values = self.decode(event.fields, parsed)
        message = event.message.format(**{value.name: value.label for value in values})
        return self.telemetry(event.name, parsed, values, event=event, message=message)

    def need(self, octets: int, kind: str) -> None:
        if len(self.packet) < SMALLEST_TM_OCTETS + octets:
            raise PacketError(f"{kind} of {len(self.packet)} octets ends before it says which it is.")

    def decode(self, fields: Iterable[Value], parsed: Mapping[str, Any]) -> tuple[FieldValue, ...]:
        return tuple(decode(self.with_modes(item, parsed), parsed[item.name]) for item in fields)

    def with_modes(self, value: Value, parsed: Mapping[str, Any]) -> Value:
        """A mode whose instrument another field names gets the enumeration of that instrument's modes."""
        if not value.modes_of:
            return value
        enumerations = self.codecs.dictionary.enumerations
        instrument = enumerations["INSTRUMENT"].label(parsed[value.modes_of])
        return replace(value, enumeration=enumerations.get(f"{instrument}_MODE"))

    def telemetry(self, name: str, parsed: Mapping[str, Any], values: tuple[FieldValue, ...], **more: Any) -> Telemetry:
        return Telemetry(
            name=name,
            service=self.kind[0],
            subservice=self.kind[1],
            apid=self.primary.apid,
            sequence_count=self.primary.sequence_count,
            time_gps_s=parsed["secondary_time"] / FINE_PER_SECOND,
            values=values,
            packet=self.packet,
            type_count=parsed["secondary_type_count"],
            destination=parsed["secondary_destination"],
            time_status=parsed["secondary_version_status"] & 0x0F,
            **more,
        )


def _time_report(dictionary: Dictionary, primary: Primary, packet: bytes) -> Telemetry:
    """(9,2): APID 0, no secondary header; rate exponent, P-field, time (clause 6.9.4.2)."""
    apid = dictionary.mission.integer("packets", "time_apid")
    if primary.apid != apid or len(packet) != TIME_REPORT_OCTETS:
        raise PacketError(
            f"A packet without a secondary header is a time report of APID {apid} and {TIME_REPORT_OCTETS} octets; "
            f"this one has APID {primary.apid} and {len(packet)} octets."
        )
    check_p_field(packet[7])
    time_gps_s = int.from_bytes(packet[8:15], "big") / FINE_PER_SECOND
    exponent = FieldValue("rate_exponent", packet[6], packet[6], str(packet[6]), "", False)
    return Telemetry("TIME", *_TIME_REPORT, apid, primary.sequence_count, time_gps_s, (exponent,), packet)
