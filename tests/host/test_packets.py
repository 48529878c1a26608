"""Telecommands and telemetry against independent readers: spacepackets and binascii."""

import binascii
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacepackets.ecss import PusTc, PusTm
from spacepackets.ecss.pus_1_verification import ManagedParamsVerification, Service1Tm
from spacepackets.ecss.tm import ManagedParams

from emei.dictionary import Argument, Dictionary, Event, Report, Telecommand, UnknownName, Value, load
from emei.packets import (
    ArgumentError,
    PacketError,
    pack_telecommand,
    raw_arguments,
    unpack_telecommand,
    unpack_telemetry,
)
from emei.packets.values import decode

DICTIONARY: Dictionary = load()
PING = "1801c01600062f11010000ab62"
TIME = bytes.fromhex("2f5690000080 0000".replace(" ", ""))
GPS_S = 0x56900000 + 0.5


def raw_values(value: Value) -> st.SearchStrategy[int]:
    if value.enumeration:
        return st.sampled_from(sorted(value.enumeration.members.values()))
    if value.type.name == "cuc":
        # Of 56 bits, those that seconds in a float hold at any time.
        return st.integers(0, value.raw_maximum >> 3).map(lambda held: held << 3)
    return st.integers(value.raw_minimum, value.raw_maximum)


def physical(argument: Argument, raw: int) -> Any:
    return decode(argument, raw).shown


@st.composite
def telecommands(draw: st.DrawFn) -> tuple[Telecommand, dict[str, int | list[int]], dict[str, Any]]:
    """A telecommand with raw arguments, and the same as a person writes them."""
    telecommand = draw(st.sampled_from(list(DICTIONARY.telecommands.values())))
    raw: dict[str, int | list[int]] = {}
    written: dict[str, Any] = {}
    for argument in telecommand.arguments:
        if argument.list_max:
            values = draw(st.lists(raw_values(argument), min_size=1, max_size=argument.list_max))
            raw[argument.name], written[argument.name] = values, [physical(argument, item) for item in values]
        else:
            value = draw(raw_values(argument))
            raw[argument.name], written[argument.name] = value, physical(argument, value)
    return telecommand, raw, written


@settings(max_examples=300, deadline=None)
@given(telecommands(), st.integers(0, 16383), st.integers(0, 15), st.integers(0, 65535))
def test_telecommands_against_spacepackets(
    made: tuple[Telecommand, dict[str, int | list[int]], dict[str, Any]], count: int, ack: int, source_id: int
) -> None:
    telecommand, raw, written = made
    packet = pack_telecommand(DICTIONARY, telecommand.name, written, sequence_count=count, ack=ack, source_id=source_id)
    assert binascii.crc_hqx(packet, 0xFFFF) == 0
    judged = PusTc.unpack(packet)
    assert (judged.service, judged.message_subtype) == (telecommand.service, telecommand.subservice)
    assert (judged.apid, judged.seq_count, judged.source_id) == (1, count, source_id)
    assert judged.pus_tc_sec_header.ack_flags == ack
    assert judged.app_data == octets(telecommand, raw)
    read = unpack_telecommand(DICTIONARY, packet)
    assert read.name == telecommand.name
    assert {value.name: value.raw for value in read.values} == raw
    assert (read.sequence_count, read.ack, read.source_id) == (count, ack, source_id)


def octets(telecommand: Telecommand, raw: dict[str, int | list[int]]) -> bytes:
    """Application data, written apart from the codecs."""
    data = b""
    for argument in telecommand.arguments:
        value = raw[argument.name]
        values = value if isinstance(value, list) else [value]
        data += bytes([len(values)]) if argument.list_max else b""
        for item in values:
            data += item.to_bytes(argument.type.octets, "big", signed=argument.type.minimum < 0)
    return data


def tm(service: int, subservice: int, data: bytes, count: int = 7) -> bytes:
    made = PusTm(service, subservice, TIME, source_data=data, apid=1, seq_count=count, message_counter=3)
    return bytes(made.pack())


def body(fields: tuple[Value, ...], values: list[int]) -> bytes:
    return b"".join(
        value.to_bytes(field.type.octets, "big", signed=field.type.minimum < 0)
        for field, value in zip(fields, values, strict=True)
    )


@st.composite
def scalar_reports(draw: st.DrawFn) -> tuple[Report, list[int]]:
    reports = [item for item in DICTIONARY.reports.values() if not any(field.list_max for field in item.fields)]
    report = draw(st.sampled_from(reports))
    return report, [draw(st.integers(field.type.minimum, field.type.maximum)) for field in report.fields]


@settings(max_examples=200, deadline=None)
@given(scalar_reports(), st.integers(0, 16383))
def test_reports_against_spacepackets(made: tuple[Report, list[int]], count: int) -> None:
    report, values = made
    packet = tm(report.service, report.subservice, body(report.fields, values), count)
    assert PusTm.unpack(packet, timestamp_len=8).timestamp == TIME
    read = unpack_telemetry(DICTIONARY, packet)
    assert (read.name, read.apid, read.sequence_count, read.type_count) == (report.name, 1, count, 3)
    assert read.time_gps_s == GPS_S
    assert [value.raw for value in read.values] == values
    assert read.fields.keys() == {field.name for field in report.fields}


@pytest.mark.parametrize("subservice", [1, 2, 3, 4, 5, 6, 7, 8])
def test_verification_against_spacepackets(subservice: int) -> None:
    step = b"\x05" if subservice in (5, 6) else b""
    failure = b"\x00\x0b\x00\x00\x00\x09\x00\x00\x00\x02" if subservice % 2 == 0 else b""
    packet = tm(1, subservice, bytes.fromhex("1801c016") + step + failure)
    judged = Service1Tm.unpack(packet, ManagedParams(timestamp_len=8), ManagedParamsVerification(1, 2))
    read = unpack_telemetry(DICTIONARY, packet)
    assert read.request_id == 0x1801C016 == int.from_bytes(judged.tc_req_id.pack(), "big")
    if failure:
        assert judged.error_code is not None
        assert judged.error_code.val == read.raw["failure"] == 11
        assert read.message == "argument 2 (counted from 1) is out of range: raw value 9"
    if step:
        assert judged.step_id is not None
        assert judged.step_id.val == read.raw["step"] == 5


@pytest.mark.parametrize("event", list(DICTIONARY.events.values()), ids=lambda event: event.name)
def test_events(event: Event) -> None:
    values = [min(1, field.type.maximum) for field in event.fields]
    packet = tm(5, event.level, event.id.to_bytes(2, "big") + body(event.fields, values))
    read = unpack_telemetry(DICTIONARY, packet)
    assert (read.name, read.severity) == (event.name, event.severity)
    assert "{" not in read.message
    assert [value.raw for value in read.values] == values


def test_event_message_has_names() -> None:
    lost = unpack_telemetry(DICTIONARY, tm(5, 4, bytes.fromhex("0016 20 003c")))
    assert lost.message == "unit at node 0x20 lost: failure BUS_NO_REPLY"
    changed = unpack_telemetry(DICTIONARY, tm(5, 1, bytes.fromhex("0002 02 01 03")))
    assert changed.message == "OPTICAL went from mode STANDBY to mode THERMAL_STABILISATION"
    nobody = unpack_telemetry(DICTIONARY, tm(5, 1, bytes.fromhex("0002 07 01 03")))
    assert nobody.message == "7 went from mode 1 to mode 3"
    moved = unpack_telemetry(DICTIONARY, tm(5, 1, bytes.fromhex("0008 01 0bb8")))
    assert moved.message == "door OPEN after 3000 ms"
    assert moved.fields == {"position": "OPEN", "movement_ms": 3000}


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_housekeeping(data: st.DataObject) -> None:
    structure = data.draw(st.sampled_from(list(DICTIONARY.structures.values())))
    parameters = structure.parameters
    values = [data.draw(st.integers(item.type.minimum, item.type.maximum)) for item in parameters]
    mask = data.draw(st.integers(0, 2 ** len(parameters) - 1))
    packet = tm(3, 25, bytes([structure.id]) + mask.to_bytes(4, "big") + body(parameters, values))
    assert len(packet) == structure.octets + 23
    read = unpack_telemetry(DICTIONARY, packet)
    assert (read.name, read.structure) == (structure.name, structure)
    assert [value.raw for value in read.values] == values
    assert [value.valid for value in read.values] == [bool(mask >> bit & 1) for bit in range(len(parameters))]


def test_lists_in_reports() -> None:
    read = unpack_telemetry(DICTIONARY, tm(5, 8, bytes.fromhex("02 0003 0101")))
    assert read.fields == {"events": [3, 257]}


def test_time_report() -> None:
    packet = bytes.fromhex("0000c0050009") + bytes([3]) + TIME
    packet = packet[:4] + (len(packet) + 2 - 7).to_bytes(2, "big") + packet[6:]
    packet += binascii.crc_hqx(packet, 0xFFFF).to_bytes(2, "big")
    read = unpack_telemetry(DICTIONARY, packet)
    assert (read.name, read.service, read.subservice, read.apid) == ("TIME", 9, 2, 0)
    assert (read.time_gps_s, read.fields) == (GPS_S, {"rate_exponent": 3})


def test_the_known_packet() -> None:
    assert pack_telecommand(DICTIONARY, "PING", sequence_count=22, source_id=0).hex() == PING


def test_times_in_gps_seconds_and_utc() -> None:
    def start(value: object) -> int | list[int]:
        return raw_arguments(DICTIONARY.telecommands["SAR_START_DATA_TAKE"], {"task_id": 1, "slot": 0, "start": value})[
            "start"
        ]

    # 1980-01-06 to 2026-03-01: 16856 days and a quarter; GPS is 18 s ahead of UTC since 2017.
    utc = (16856 * 86400 + 6 * 3600 + 18) << 24
    assert start("2026-03-01T06:00:00Z") == start("2026-03-01T06:00:00") == start("2026-03-01T14:00:00+08:00") == utc
    assert start(utc >> 24) == start(str(utc >> 24)) == utc
    assert start((utc >> 24) + 0.5) == utc + (1 << 23)


REFUSED = [
    ("SAR_PERMIT_TRANSMIT", {"takes": 9, "valid_s": 10}, "takes is 9; 1 to 8 is allowed."),
    ("SAR_PERMIT_TRANSMIT", {"takes": 1, "valid_s": 0}, "valid_s is 0; 1 to 5400 s is allowed."),
    ("SAR_PERMIT_TRANSMIT", {"takes": 1.5, "valid_s": 1}, "takes is 1.5; a whole number, 1 to 8, is allowed."),
    ("SAR_PERMIT_TRANSMIT", {"takes": "1e999999", "valid_s": 1}, "takes is 1e999999; 1 to 8 is allowed."),
    ("SAR_PERMIT_TRANSMIT", {"takes": float("nan"), "valid_s": 1}, "takes is nan; 1 to 8 is allowed."),
    ("SAR_PERMIT_TRANSMIT", {"takes": b"1", "valid_s": 1}, "takes is b'1'; 1 to 8 is allowed."),
    ("SAR_PERMIT_TRANSMIT", {"takes": 1}, "valid_s must be given: 1 to 5400 s."),
    ("SAR_PERMIT_TRANSMIT", {"takes": 1, "valid": 1}, "has no argument valid; did you mean valid_s?"),
    ("PING", {"x": 1}, "PING has no argument x; it has none at all."),
    ("ABORT", {"instrument": "SAAR"}, "one of SAR (1), OPTICAL (2) is allowed; did you mean SAR?"),
    ("ABORT", {"instrument": 3}, "instrument is 3; one of SAR (1), OPTICAL (2) is allowed."),
    (
        "EVENT_ENABLE",
        {"events": list(range(17))},
        "events has 17 values; a list of 1 to 16, each 0 to 65535 is allowed.",
    ),
    ("EVENT_ENABLE", {"events": ""}, "events has 0 values; a list of 1 to 16"),
    ("ANCILLARY_DATA", {"latitude_deg": 90.01}, "latitude_deg is 90.01; -90 to 90 deg is allowed."),
    (
        "SAR_START_DATA_TAKE",
        {"start": "tomorrow"},
        "start is tomorrow; GPS seconds or an ISO 8601 UTC time is allowed.",
    ),
    ("SAR_START_DATA_TAKE", {"start": -1}, "start is -1; GPS seconds"),
    ("SAR_START_DATA_TAKE", {"start": 1 << 32}, "start is 4294967296; GPS seconds"),
]


@pytest.mark.parametrize(("name", "arguments", "sentence"), REFUSED)
def test_wrong_arguments_are_refused(name: str, arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        pack_telecommand(DICTIONARY, name, arguments)
    assert any(sentence in problem for problem in caught.value.problems), caught.value.problems


def test_an_unknown_telecommand_is_refused() -> None:
    with pytest.raises(UnknownName, match="did you mean PING"):
        pack_telecommand(DICTIONARY, "PINGS")


def test_text_is_as_good_as_numbers() -> None:
    numbers = pack_telecommand(DICTIONARY, "EVENT_ENABLE", {"events": [1, 31]})
    assert pack_telecommand(DICTIONARY, "event_enable", {"events": "0x1, 31"}) == numbers
    named = pack_telecommand(DICTIONARY, "ABORT", {"instrument": "sar"})
    assert pack_telecommand(DICTIONARY, "ABORT", {"instrument": "1"}) == named


def with_crc(packet: bytes) -> bytes:
    return packet + binascii.crc_hqx(packet, 0xFFFF).to_bytes(2, "big")


GOOD = bytes.fromhex(PING)
DAMAGED = [
    (b"", "0 octets are no packet"),
    (GOOD[:5], "5 octets are no packet"),
    (GOOD[:-1], "says 13 octets; there are 12"),
    (GOOD + b"\x00", "says 13 octets; there are 14"),
    (GOOD[:-1] + b"\x00", "error control is wrong"),
    (with_crc(b"\x38" + GOOD[1:-2]), "packet version is 1"),
    (with_crc(GOOD[:2] + b"\x40" + GOOD[3:-2]), "sequence flags are 1"),
    (with_crc(GOOD[:6] + b"\x1f" + GOOD[7:-2]), "PUS version is 1"),
    (with_crc(GOOD[:7] + b"\xc8" + GOOD[8:-2]), "There is no telecommand (200,1)"),
    (with_crc(GOOD[:5] + b"\x07" + GOOD[6:-2] + b"\x00"), "PING has 1 octets after its last field"),
    (with_crc(GOOD[:7] + b"\x80\x01" + GOOD[9:-2]), "SET_MODE_SAR ends too early"),
    (with_crc(b"\x10" + GOOD[1:-2]), "not a telecommand with a secondary header"),
    (with_crc(bytes.fromhex("1801c0000001")), "8 octets are no telecommand"),
]


@pytest.mark.parametrize(("packet", "sentence"), DAMAGED)
def test_damaged_telecommands_are_refused(packet: bytes, sentence: str) -> None:
    with pytest.raises(PacketError) as caught:
        unpack_telecommand(DICTIONARY, packet)
    assert sentence in str(caught.value)


DAMAGED_REPORTS = [
    (GOOD, "is a telecommand, not telemetry"),
    (tm(77, 1, b""), "There is no report (77,1)"),
    (tm(17, 2, b"x"), "PONG has 1 octets after"),
    (tm(1, 1, b"\x18"), "ACCEPTANCE_SUCCESS ends too early"),
    (tm(3, 25, b""), "ends before it says which it is"),
    (tm(3, 25, b"\xfe\x00"), "no housekeeping structure 254"),
    (tm(3, 25, b"\x01\x00"), "Structure COMPUTER ends too early"),
    (tm(5, 1, b"\x00"), "ends before it says which it is"),
    (tm(5, 1, b"\x0f\xff"), "no event 4095"),
    (tm(5, 2, bytes.fromhex("001c")), "Event ALARM_RAISED came as (5,2); it is (5,4)."),
    (tm(5, 8, b"\x03\x00\x01"), "ends too early"),
    (with_crc(bytes.fromhex("0001c0000003") + bytes(2)), "is a time report of APID 0"),
]


@pytest.mark.parametrize(("packet", "sentence"), DAMAGED_REPORTS)
def test_damaged_reports_are_refused(packet: bytes, sentence: str) -> None:
    with pytest.raises(PacketError) as caught:
        unpack_telemetry(DICTIONARY, packet)
    assert sentence in str(caught.value)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_anything_at_all_is_read_or_refused(noise: bytes, plausible: bool) -> None:
    packet = noise
    if plausible:
        header = (
            (b"\x08\x01\xc0\x00" + (len(noise) + 1).to_bytes(2, "big")) if len(noise) else b"\x08\x01\xc0\x00\x00\x01"
        )
        packet = with_crc(header + noise)
    for unpack in (unpack_telecommand, unpack_telemetry):
        try:
            unpack(DICTIONARY, packet)
        except PacketError as error:
            assert str(error).endswith(".")
