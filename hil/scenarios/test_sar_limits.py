"""Every argument of the SAR's telecommands at and one step beyond each of its limits, packed by hand."""

from collections.abc import Iterator
from typing import Any

import pytest

from emei.dictionary import Argument, load
from emei.platform import Platform
from emei.session import Session
from emei.verification import Command
from hil.bench import Bench
from hil.scenarios import steps
from hil.scenarios.octets import Packet
from hil.scenarios.sar_tables import table

pytestmark = pytest.mark.virtual_time

DICTIONARY = load()
TELECOMMANDS = ("SAR_LOAD_TABLE", "SAR_REPORT_TABLE", "SAR_PERMIT_TRANSMIT", "SAR_START_DATA_TAKE")


@pytest.fixture(autouse=True)
def _ready(session: Session, platform: Platform, bench: Bench) -> Iterator[None]:
    steps.ready(session, bench)
    yield
    assert session.anomalies == []


def raw_values(telecommand: str) -> dict[str, int]:
    """Good raw values: the worked case's table, and what is lowest of all else."""
    given: dict[str, Any] = {**table("STRIPMAP"), "rank": 17}
    values = {}
    for item in DICTIONARY.telecommand(telecommand).arguments:
        value = given.get(item.name, item.default)
        if isinstance(value, str) and item.enumeration:
            values[item.name] = item.enumeration.members[value]
        elif item.enumeration:
            values[item.name] = int(value or 0)
        else:
            values[item.name] = item.raw_minimum if value is None else item.to_raw(float(value))
    return values


def edges(item: Argument) -> tuple[list[int], list[int]]:
    """Raw values at the limits, and those one step beyond that the type has room for."""
    if item.enumeration:
        members = sorted(item.enumeration.members.values())
        return members, [value for value in range(max(members) + 2) if value not in members]
    at = [item.raw_minimum, item.raw_maximum]
    beyond = [item.raw_minimum - 1, item.raw_maximum + 1]
    return at, [value for value in beyond if item.type.minimum <= value <= item.type.maximum]


def send(session: Session, telecommand: str, values: dict[str, int]) -> Command:
    definition = DICTIONARY.telecommand(telecommand)
    octets = b"".join(
        values[item.name].to_bytes(item.type.octets, "big", signed=item.type.minimum < 0)
        for item in definition.arguments
    )
    packet = Packet(definition.service, definition.subservice, octets).octets()
    command = session.send_packet(packet, telecommand)
    session.wait_for(lambda: command.finished, steps.ANSWER_S, telecommand)
    return command


@pytest.mark.parametrize("telecommand", TELECOMMANDS)
def test_arguments_at_and_beyond_their_limits(session: Session, telecommand: str) -> None:
    """Beyond: one report (1,2) that names the argument and its value. At: never that."""
    good = raw_values(telecommand)
    beyond_count = 0
    for number, item in enumerate(DICTIONARY.telecommand(telecommand).arguments, 1):
        if item.type.name == "cuc":
            continue
        at, beyond = edges(item)
        for value in at:
            failure = send(session, telecommand, {**good, item.name: value}).failure
            assert failure is None or failure.name != "ARGUMENT_OUT_OF_RANGE", (item.name, value)
        for value in beyond:
            failure = send(session, telecommand, {**good, item.name: value}).failure
            assert failure is not None, (item.name, value)
            assert (failure.subservice, failure.name) == (2, "ARGUMENT_OUT_OF_RANGE"), (item.name, value)
            assert (failure.detail, failure.limit) == (value, number)
            beyond_count += 1
    assert beyond_count >= {"SAR_LOAD_TABLE": 50, "SAR_PERMIT_TRANSMIT": 4}.get(telecommand, 1)
    assert session.value("SAR_MODE") == "OFF" and session.value("TRANSMIT_PERMIT") == "INHIBITED"
