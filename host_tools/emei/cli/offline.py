"""Subcommands that need no board: commands, pack, unpack."""

import re
from pathlib import Path
from typing import Any

import click

from emei.archive import packets as split_packets
from emei.cli.common import WholeNumber, assignments, console, dictionary_of, json_option, print_json, table
from emei.cli.preview import described, telecommand_table
from emei.dictionary import Argument, Dictionary, Telecommand
from emei.packets import (
    PacketError,
    Telemetry,
    Unpacked,
    allowed,
    pack_telecommand,
    unpack_telecommand,
    unpack_telemetry,
)


@click.command()
@click.argument("name", required=False)
@json_option
@click.pass_context
def commands(context: click.Context, name: str | None, as_json: bool) -> None:
    """List the telecommands, or one with its arguments, ranges and units."""
    dictionary = dictionary_of(context)
    found = [dictionary.telecommand(name)] if name else list(dictionary.telecommands.values())
    if as_json:
        described = [_telecommand_as_json(item) for item in found]
        print_json(described[0] if name else described)
    elif name:
        _show_telecommand(found[0])
    else:
        rows = table("name", "type", "", "help")
        for item in found:
            rows.add_row(item.name, f"({item.service},{item.subservice})", ", ".join(_flags(item)), item.help)
        console().print(rows)


@click.command()
@click.argument("name")
@click.argument("arguments", nargs=-1, callback=assignments, metavar="[KEY=VALUE]...")
@click.option("--hex", "as_hex", is_flag=True, help="Print the packet in hexadecimal and nothing else.")
@click.option("--count", type=WholeNumber(0, 16383), default=0, show_default=True, help="Sequence count.")
@click.option(
    "--ack",
    type=WholeNumber(0, 15),
    default=15,
    show_default=True,
    help="Ack flags: the sum of 1 acceptance, 2 start, 4 progress, 8 completion.",
)
@click.option("--source-id", type=WholeNumber(0, 65535), default=1, show_default=True, help="PUS source ID.")
@json_option
@click.pass_context
def pack(
    context: click.Context,
    name: str,
    arguments: dict[str, str],
    as_hex: bool,
    count: int,
    ack: int,
    source_id: int,
    as_json: bool,
) -> None:
    """Make a telecommand packet. Lists are comma-separated; times GPS seconds or ISO 8601 UTC."""
    dictionary = dictionary_of(context)
    packet = pack_telecommand(dictionary, name, arguments, sequence_count=count, ack=ack, source_id=source_id)
    unpacked = unpack_telecommand(dictionary, packet)
    if as_json:
        print_json(telecommand_as_json(unpacked))
    elif as_hex:
        click.echo(packet.hex())
    else:
        console().print(telecommand_table(unpacked))
        click.echo(packet.hex())


@click.command()
@click.argument("source", metavar="HEX|FILE")
@json_option
@click.pass_context
def unpack(context: click.Context, source: str, as_json: bool) -> None:
    """Read packets given in hexadecimal, or a file of packets back to back ("-": standard input)."""
    dictionary = dictionary_of(context)
    found, problems = [], []
    given = _packets(source)
    offset = 0
    for number, octets in enumerate(given, 1):
        try:
            found.append(_unpack(dictionary, octets))
        except PacketError as error:
            where = f"packet {number}, from octet {offset} on: " if len(given) > 1 else ""
            problems.append(f"{where}{error}")
        offset += len(octets)
    if as_json:
        print_json([telecommand_as_json(p) if isinstance(p, Unpacked) else telemetry_as_json(p) for p in found])
    else:
        for packet in found:
            _show_packet(packet)
    if problems:
        raise PacketError("\n".join(problems))


def telecommand_as_json(unpacked: Unpacked) -> dict[str, Any]:
    return {
        "name": unpacked.name,
        "service": unpacked.telecommand.service,
        "subservice": unpacked.telecommand.subservice,
        "apid": unpacked.apid,
        "sequence_count": unpacked.sequence_count,
        "ack": unpacked.ack,
        "source_id": unpacked.source_id,
        "arguments": unpacked.arguments,
        "packet": unpacked.packet.hex(),
    }


def telemetry_as_json(telemetry: Telemetry) -> dict[str, Any]:
    known = {
        "name": telemetry.name,
        "service": telemetry.service,
        "subservice": telemetry.subservice,
        "apid": telemetry.apid,
        "sequence_count": telemetry.sequence_count,
        "time_gps_s": telemetry.time_gps_s,
        "fields": telemetry.fields,
        "packet": telemetry.packet.hex(),
    }
    if telemetry.structure:
        known["not_valid"] = [value.name for value in telemetry.values if not value.valid]
    if telemetry.event:
        known["severity"] = telemetry.severity
    if telemetry.message:
        known["message"] = telemetry.message
    return known


def _packets(source: str) -> list[bytes]:
    digits = re.sub(r"[\s:]|^0x", "", source)
    if re.fullmatch(r"(?:[0-9a-fA-F]{2})+", digits) and not _is_file(source):
        return [bytes.fromhex(digits)]
    if source != "-" and not _is_file(source):
        raise click.UsageError(f"{source} is neither hexadecimal octets nor a file.")
    with click.open_file(source, "rb") as file:
        octets = file.read()
    whole = list(split_packets(octets))
    rest = octets[sum(map(len, whole)) :]
    return [*whole, rest] if rest or not whole else whole


def _is_file(source: str) -> bool:
    try:
        return Path(source).is_file()
    except OSError:  # too long for a name
        return False


def _unpack(dictionary: Dictionary, octets: bytes) -> Unpacked | Telemetry:
    is_telecommand = bool(octets[:1]) and bool(octets[0] & 0x10)
    return unpack_telecommand(dictionary, octets) if is_telecommand else unpack_telemetry(dictionary, octets)


def _show_packet(packet: Unpacked | Telemetry) -> None:
    if isinstance(packet, Unpacked):
        console().print(telecommand_table(packet))
        return
    kind = f"{packet.name} ({packet.service},{packet.subservice})"
    rows = table("field", "value", title=f"{kind}, APID {packet.apid}, count {packet.sequence_count}")
    rows.add_row("time", f"{packet.time_gps_s:.6f} s GPS")
    for value in packet.values:
        rows.add_row(value.name, described(value) + ("" if value.valid else " (not valid)"))
    if packet.message:
        rows.add_row("message", packet.message)
    console().print(rows)


def _show_telecommand(item: Telecommand) -> None:
    out = console()
    flags = "".join(f", {flag}" for flag in _flags(item))
    out.print(f"{item.name} ({item.service},{item.subservice}){flags}", style="bold", highlight=False)
    out.print(item.help)
    if not item.arguments:
        out.print("No arguments.")
        return
    rows = table("argument", "type", "allowed", "default", "help")
    for argument in item.arguments:
        rows.add_row(argument.name, argument.type.name, allowed(argument), _default(argument), argument.help)
    out.print(rows)


def _flags(item: Telecommand) -> list[str]:
    return ["hazardous"] * item.hazardous + ["bench builds only"] * item.bench


def _default(argument: Argument) -> str:
    if argument.default is None:
        return ""
    if argument.enumeration:
        return argument.enumeration.label(int(argument.default))
    return f"{argument.default}"


def _telecommand_as_json(item: Telecommand) -> dict[str, Any]:
    return {
        "name": item.name,
        "service": item.service,
        "subservice": item.subservice,
        "help": item.help,
        "hazardous": item.hazardous,
        "bench": item.bench,
        "arguments": [_argument_as_json(argument) for argument in item.arguments],
    }


def _argument_as_json(argument: Argument) -> dict[str, Any]:
    known: dict[str, Any] = {"name": argument.name, "type": argument.type.name, "help": argument.help}
    if argument.unit:
        known["unit"] = argument.unit
    if argument.enumeration:
        known["values"] = dict(argument.enumeration.members)
    elif argument.type.name != "cuc":
        known["minimum"] = argument.to_physical(argument.raw_minimum)
        known["maximum"] = argument.to_physical(argument.raw_maximum)
        known["resolution"] = float(argument.scale)
    if argument.list_max:
        known["list_max"] = argument.list_max
    if argument.default is not None:
        known["default"] = argument.default
    return known
