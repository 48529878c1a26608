"""The C target against the Python initiator and the standard: any command, any damage, the same status."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.hal.rmap_peer import READ, VERIFIED_WRITE, crc8
from tests.hal.rmap_standard import (
    EARLY_END,
    GENERAL_ERROR,
    INVALID_ADDRESS,
    INVALID_DATA_CRC,
    INVALID_KEY,
    NOT_AUTHORISED,
    TOO_MUCH_DATA,
    UNITS,
    UNUSED_COMMAND,
    VERIFY_OVERRUN,
    Command,
    expected_status,
    read,
    read_any_reply,
    write,
)
from tests.hal.sim_bench import SimBench

POWER = UNITS["power"]
RECORDER = UNITS["recorder"]
ALWAYS_POWERED = ("power", "recorder")


def path_octets(command: Command) -> int:
    """Octets of reply address that come back: without leading zeros, one zero at the least (clause 5.1.6)."""
    return max(len(command.reply_address.lstrip(b"\0")), min(len(command.reply_address), 1))


def status_of(bench: SimBench, packet: bytes, path: int = 0) -> int | None:
    packets = bench.send(packet)
    assert len(packets) <= 1
    return read_any_reply(packets[0], path).status if packets else None


@pytest.mark.parametrize(
    ("octets", "crc"),
    [
        ("01 02 03 04 05 06 07 08", 0xB0),
        ("53 70 61 63 65 57 69 72 65 20 69 73 20 62 65 61 75 74 69 66 75 6C 21 21", 0x84),
        ("10 56 C3 95 A5 75 38 63 2F 86 7B 01 32 DE 35 7A", 0x18),
    ],
)
def test_crc_patterns_of_the_standard(octets: str, crc: int) -> None:
    assert crc8(bytes.fromhex(octets)) == crc


def test_reads_and_writes_of_the_initiator() -> None:
    bench = SimBench()
    assert len(bench.block("power", "housekeeping")) == POWER.blocks["housekeeping"].octets
    bench.limiter("SAR_UNIT", True)
    assert bench.get("power.limiters_closed") == 1
    table = bytes(range(UNITS["sar"].blocks["table"].octets))
    bench.write("sar", UNITS["sar"].blocks["table"].address, table)
    assert bench.block("sar", "table") == table


CONTROL = POWER.blocks["control"].address
MIDDLE = CONTROL + 1
HOUSEKEEPING = POWER.blocks["housekeeping"]
OPEN = b"\x00\x5a"


@pytest.mark.parametrize(
    ("packet", "status"),
    [
        (read(0x40, 0, 2).packet(), 0),
        (write(0x40, CONTROL, OPEN).packet(), 0),
        (write(0x40, CONTROL, b"\x00\x00").packet(), GENERAL_ERROR),
        (read(0x40, 0, 2, instruction=0x58).packet(), UNUSED_COMMAND),
        (read(0x40, 0, 2, instruction=0xCC).packet(), UNUSED_COMMAND),
        (read(0x40, 0, 2, key=7).packet(), INVALID_KEY),
        (write(0x40, CONTROL, OPEN).packet()[:-1] + b"\x55", INVALID_DATA_CRC),
        (write(0x40, CONTROL, OPEN).packet()[:-1], EARLY_END),
        (write(0x40, CONTROL, OPEN).packet()[:16], EARLY_END),
        (write(0x40, CONTROL, OPEN).packet() + b"\x01", TOO_MUCH_DATA),
        (read(0x40, 0, 2).packet() + b"\x01", TOO_MUCH_DATA),
        (write(0x40, CONTROL, bytes(257)).packet(), VERIFY_OVERRUN),
        (read(0x40, HOUSEKEEPING.octets, 1).packet(), NOT_AUTHORISED),
        (read(0x40, 0, HOUSEKEEPING.octets + 1).packet(), NOT_AUTHORISED),
        (read(0x40, CONTROL, 2).packet(), NOT_AUTHORISED),
        (write(0x40, 0, b"\x00\x00").packet(), NOT_AUTHORISED),
        (write(0x40, MIDDLE, OPEN).packet(), NOT_AUTHORISED),
        (write(0x40, CONTROL, b"\x5a").packet(), NOT_AUTHORISED),
        (read(0x40, 0, 2, extended=1).packet(), NOT_AUTHORISED),
        (read(0x40, 0, 2, instruction=0x48).packet(), NOT_AUTHORISED),
        (read(0x40, 0, 4, instruction=0x5C).packet(), NOT_AUTHORISED),
        (write(0x40, CONTROL, OPEN, instruction=0x6C).packet(), NOT_AUTHORISED),
        (write(0x40, CONTROL, OPEN, instruction=0x74).packet(), None),
        (write(0x40, CONTROL, OPEN, instruction=0x60).packet(), None),
        (read(0x40, 0, 2).packet()[:15], None),
        (read(0x40, 0, 2).packet()[:15] + b"\x00", None),
        (read(0x40, 0, 2, instruction=0x0C).packet(), None),
        (b"\x40\x02" + read(0x40, 0, 2).packet()[2:], None),
        (read(0x41, 0, 2).packet(), None),
    ],
)
def test_status(packet: bytes, status: int | None) -> None:
    assert status_of(SimBench(), packet) == status


def test_wrong_logical_address() -> None:
    bench = SimBench()
    bench.force("power.wrong_address")
    assert status_of(bench, read(0x40, 0, 2).packet()) == INVALID_ADDRESS
    bench.release("power.wrong_address")
    assert status_of(bench, read(0x40, 0, 2).packet()) == 0


def test_refused_write_changes_nothing() -> None:
    bench = SimBench()
    for data in (b"\x00\xa5\x00\x00", b"\x00\xa5\x00\xa4"):
        assert status_of(bench, write(0x40, CONTROL, data).packet()) == GENERAL_ERROR
    assert bench.get("power.limiters_closed") == 0


def addresses(unit: str) -> st.SearchStrategy[int]:
    near = [block.address + start for block in UNITS[unit].blocks.values() for start in block.starts]
    return st.one_of(st.sampled_from(near), st.integers(0, 0x300), st.integers(0, 2**32 - 1))


@st.composite
def commands(draw: st.DrawFn) -> tuple[str, Command]:
    """Commands to a powered unit, right or wrong in every field but the CRCs."""
    unit = draw(st.sampled_from(ALWAYS_POWERED))
    instruction = draw(st.one_of(st.sampled_from([READ, VERIFIED_WRITE]), st.integers(0, 63).map(lambda n: n << 2)))
    data = draw(st.one_of(st.none(), st.binary(max_size=12), st.binary(min_size=250, max_size=260)))
    length = draw(st.one_of(st.integers(0, 20), st.integers(0, 2**24 - 1)))
    if data is not None and draw(st.booleans()):
        length = len(data)
    reply_address = draw(st.sampled_from([0, 0, 0, 4, 8, 12]).flatmap(lambda n: st.binary(min_size=n, max_size=n)))
    command = Command(
        UNITS[unit].node,
        draw(addresses(unit)),
        length,
        instruction,
        draw(st.sampled_from([0, 0, 0, 1, 255])),
        draw(st.integers(0, 65535)),
        reply_address,
        draw(st.sampled_from([0, 0, 0, 1])),
        data if instruction & 0x20 or draw(st.booleans()) else None,
        draw(st.integers(0, 255)),
    )
    return unit, command


def agrees(actual: int | None, expected: int | None) -> bool:
    """A write that the standard allows may still be refused by the unit itself."""
    return actual == expected or (expected == 0 and actual == GENERAL_ERROR)


@given(commands())
@example(("power", read(0x40, 0, 0)))
@example(("recorder", read(0x50, 0, 2, reply_address=bytes(12))))
def test_any_command(case: tuple[str, Command]) -> None:
    unit, command = case
    packet = command.packet()
    expected = expected_status(UNITS[unit], packet)
    packets = SimBench().send(packet)
    assert len(packets) == (expected is not None)
    if packets:
        reply = read_any_reply(packets[0], path_octets(command))
        assert agrees(reply.status, expected)
        assert reply.path == command.reply_address[len(command.reply_address) - len(reply.path) :]
        assert (reply.initiator, reply.transaction) == (command.initiator, command.transaction)
        assert reply.node == UNITS[unit].node
        assert reply.instruction == packet[2] & 0x3F
        if reply.data is not None:
            assert len(reply.data) == (command.length if reply.status == 0 else 0)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """A good command, then cut, extended, or with octets changed."""
    unit = draw(st.sampled_from(ALWAYS_POWERED))
    block = draw(st.sampled_from(sorted(UNITS[unit].blocks)))
    layout = UNITS[unit].blocks[block]
    good = read(UNITS[unit].node, layout.address, layout.octets)
    if layout.access != "read":
        good = write(UNITS[unit].node, layout.address, bytes(layout.octets))
    packet = bytearray(good.packet())
    for _ in range(draw(st.integers(0, 3))):
        packet[draw(st.integers(1, len(packet) - 1))] = draw(st.integers(0, 255))
    packet = packet[: draw(st.integers(1, len(packet)))] if draw(st.booleans()) else packet
    return unit, bytes(packet) + draw(st.binary(max_size=4))


@given(damaged())
def test_any_damage(case: tuple[str, bytes]) -> None:
    unit, packet = case
    assert agrees(status_of(SimBench(), packet), expected_status(UNITS[unit], packet))


@given(st.lists(st.binary(max_size=1500), max_size=4))
def test_octets_of_any_kind(pieces: list[bytes]) -> None:
    """Noise never stops the bus: a good command after it is served."""
    bench = SimBench()
    for piece in pieces:
        bench.send_raw(piece)
        bench.packets()
    bench.send_raw(b"\0")
    bench.packets()
    assert status_of(bench, read(0x40, 0, 2).packet()) == 0
