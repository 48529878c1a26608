"""Three codecs must agree on every packet: the host's construct, the firmware's own on MicroPython, spacepackets."""

import binascii
import struct
from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacepackets.ecss.tc import PusTc
from spacepackets.ecss.tm import PusTm

from emei.dictionary import Argument, Field, Report, Telecommand, load
from emei.packets import ArgumentError, pack_telecommand, unpack_telecommand, unpack_telemetry
from tests.firmware.host_micropython import CodecServer

DICTIONARY = load()
TELECOMMANDS = list(DICTIONARY.telecommands.values())
REPORTS = list(DICTIONARY.reports.values())
FINE_PER_SECOND = 1 << 24
STRUCT_CODES = {"u8": "B", "u16": "H", "u32": "I", "i8": "b", "i16": "h", "i32": "i"}


def raw_values(argument: Argument) -> st.SearchStrategy[int]:
    if argument.enumeration:
        return st.sampled_from(sorted(argument.enumeration.members.values()))
    return st.integers(argument.raw_minimum, argument.raw_maximum)


def drawn(argument: Argument) -> st.SearchStrategy[object]:
    if argument.list_max:
        return st.lists(raw_values(argument), min_size=1, max_size=argument.list_max)
    return raw_values(argument)


def given_value(argument: Argument, raw: object) -> object:
    """What a person would write for a raw value."""
    if argument.type.name == "cuc":
        assert isinstance(raw, int)
        return str(Decimal(raw) / FINE_PER_SECOND)
    if isinstance(raw, list):
        return raw
    assert isinstance(raw, int)
    return argument.to_physical(raw) if argument.enumeration is None else raw


def firmware_text(argument: Argument, raw: object) -> str:
    """How the codec server shows a decoded argument."""
    if argument.type.name == "cuc":
        assert isinstance(raw, int)
        return raw.to_bytes(7, "big").hex()
    return str(raw).replace(" ", "") if isinstance(raw, list) else str(raw)


@pytest.mark.parametrize("telecommand", TELECOMMANDS, ids=lambda item: item.name)
@settings(max_examples=25, deadline=None)
@given(data=st.data(), count=st.integers(0, 0x3FFF), ack=st.integers(0, 15))
def test_telecommand(codec: CodecServer, telecommand: Telecommand, data: st.DataObject, count: int, ack: int) -> None:
    raw = {argument.name: data.draw(drawn(argument)) for argument in telecommand.arguments}
    values = {argument.name: given_value(argument, raw[argument.name]) for argument in telecommand.arguments}
    packet = pack_telecommand(DICTIONARY, telecommand.name, values, sequence_count=count, ack=ack)

    judged = PusTc.unpack(packet)
    assert (judged.service, judged.message_subtype, judged.apid) == (telecommand.service, telecommand.subservice, 1)
    assert (judged.seq_count, judged.pus_tc_sec_header.ack_flags) == (count, ack)

    sent = {value.name: value.raw for value in unpack_telecommand(DICTIONARY, packet).values}
    expected = ["ok", *(firmware_text(argument, sent[argument.name]) for argument in telecommand.arguments)]
    assert codec.ask("tc", packet.hex()).split() == expected
    for argument in telecommand.arguments:
        if argument.type.name != "cuc":
            assert sent[argument.name] == raw[argument.name]


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damaged_telecommand_is_refused(codec: CodecServer, data: st.DataObject) -> None:
    telecommand = data.draw(st.sampled_from(TELECOMMANDS))
    values = {argument.name: data.draw(drawn(argument)) for argument in telecommand.arguments}
    texts = {argument.name: given_value(argument, values[argument.name]) for argument in telecommand.arguments}
    packet = bytearray(pack_telecommand(DICTIONARY, telecommand.name, texts))
    position = data.draw(st.integers(0, len(packet) - 1))
    packet[position] ^= data.draw(st.integers(1, 255))
    answer = codec.ask("tc", packet.hex())
    assert answer.startswith("refused") or answer == "counted", answer


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_argument_beyond_its_range_is_refused_on_board(codec: CodecServer, data: st.DataObject) -> None:
    """Packed around the host's own check, as a faulty ground would."""
    ranged = [
        (telecommand, index)
        for telecommand in TELECOMMANDS
        for index, argument in enumerate(telecommand.arguments)
        if not argument.list_max and not argument.whole_range and argument.type.name != "cuc"
    ]
    telecommand, index = data.draw(st.sampled_from(ranged))
    argument = telecommand.arguments[index]
    low, high = argument.type.minimum, argument.type.maximum
    if argument.enumeration:
        bad = st.integers(low, high).filter(lambda value: value not in argument.enumeration.members.values())
    else:
        bad = st.integers(low, high).filter(lambda value: not argument.raw_minimum <= value <= argument.raw_maximum)
    raws = [
        data.draw(bad) if position == index else data.draw(drawn(each))
        for position, each in enumerate(telecommand.arguments)
    ]
    assert refused_argument(codec, telecommand, raws) == index + 1


def assembled(telecommand: Telecommand, raws: Sequence[object]) -> bytes:
    """A telecommand packet of raw values, whatever their ranges."""
    content = b"".join(encode(argument, raw) for argument, raw in zip(telecommand.arguments, raws, strict=True))
    header = struct.pack(">HHHBBBH", 0x1801, 0xC000, 11 + len(content) + 2 - 7, 0x2F, *identification(telecommand), 1)
    return header + content + struct.pack(">H", binascii.crc_hqx(header + content, 0xFFFF))


def refused_argument(codec: CodecServer, telecommand: Telecommand, raws: Sequence[object]) -> int:
    """Number of the argument the board refuses as out of range, counted from 1; 0 when it accepts the telecommand."""
    answer = codec.ask("tc", assembled(telecommand, raws).hex()).split()
    if answer[0] == "ok":
        return 0
    assert (answer[0], int(answer[1])) == ("refused", DICTIONARY.failures["ARGUMENT_OUT_OF_RANGE"].code)
    return int(answer[3])


def limits(argument: Argument) -> Iterator[tuple[object, bool]]:
    """Raw values at each limit (True) and one step beyond it (False), as far as the type carries them."""
    if argument.type.name == "cuc":
        return
    if argument.enumeration:
        members = sorted(argument.enumeration.members.values())
        values = [(value + step, value + step in members) for value in members for step in (-1, 0, 1)]
    else:
        low, high = argument.raw_minimum, argument.raw_maximum
        values = [(low, True), (high, True), (low - 1, False), (high + 1, False)]
    carried = [item for item in values if argument.type.minimum <= item[0] <= argument.type.maximum]
    if not argument.list_max:
        yield from carried
        return
    yield from (([value], good) for value, good in carried)
    some = values[0][0]
    yield from (
        ([some] * count, 1 <= count <= argument.list_max) for count in (0, argument.list_max, argument.list_max + 1)
    )


def middle(argument: Argument) -> object:
    """A raw value within the ranges."""
    if argument.type.name == "cuc":
        return 1 << 30
    value = min(argument.enumeration.members.values()) if argument.enumeration else argument.raw_minimum
    return [value] if argument.list_max else value


@pytest.mark.parametrize("telecommand", TELECOMMANDS, ids=lambda item: item.name)
def test_every_argument_at_each_limit_and_one_step_beyond(codec: CodecServer, telecommand: Telecommand) -> None:
    """By the board, and by the ground before anything is sent."""
    good_values = [middle(argument) for argument in telecommand.arguments]
    for index, argument in enumerate(telecommand.arguments):
        for raw, good in limits(argument):
            raws = [*good_values[:index], raw, *good_values[index + 1 :]]
            assert refused_argument(codec, telecommand, raws) == (0 if good else index + 1), (argument.name, raw)
            named = zip(telecommand.arguments, raws, strict=True)
            values = {each.name: given_value(each, value) for each, value in named}
            if good:
                pack_telecommand(DICTIONARY, telecommand.name, values)
            else:
                with pytest.raises(ArgumentError, match=argument.name):
                    pack_telecommand(DICTIONARY, telecommand.name, values)


def identification(telecommand: Telecommand) -> tuple[int, int]:
    return telecommand.service, telecommand.subservice


def encode(field: Field, raw: object) -> bytes:
    """Independent encoding of one field, list or not."""
    if isinstance(raw, list):
        return bytes([len(raw)]) + b"".join(encode(field, each) for each in raw)
    assert isinstance(raw, int)
    if field.type.name == "cuc":
        return raw.to_bytes(7, "big")
    return struct.pack(">" + STRUCT_CODES[field.type.name], raw)


@pytest.mark.parametrize("report", REPORTS, ids=lambda item: item.name)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_report(codec: CodecServer, report: Report, data: st.DataObject) -> None:
    raw = {}
    for field in report.fields:
        one = st.integers(field.type.minimum, field.type.maximum)
        raw[field.name] = data.draw(st.lists(one, max_size=field.list_max) if field.list_max else one)
    content = b"".join(encode(field, raw[field.name]) for field in report.fields)
    packet = bytes.fromhex(codec.ask("tm", report.service, report.subservice, content.hex()))

    judged = PusTm.unpack(packet, timestamp_len=8)
    assert (judged.service, judged.message_subtype, judged.apid) == (report.service, report.subservice, 1)
    assert judged.tm_data == content
    assert judged.timestamp[0] == 0x2F
    assert binascii.crc_hqx(packet, 0xFFFF) == 0

    read = unpack_telemetry(DICTIONARY, packet)
    assert (read.name, read.raw) == (report.name, raw)
