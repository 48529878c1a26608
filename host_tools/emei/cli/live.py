"""Subcommands that talk to a board: send, monitor."""

import math
import sys
import time
from contextlib import suppress
from typing import Any

import click
from rich.live import Live

from emei.cli.common import (
    Seconds,
    assignments,
    console,
    dictionary_of,
    json_option,
    json_text,
    port_option,
    print_json,
    spacecraft_option,
    table,
)
from emei.cli.connection import Obc, clock_count, from_now, obc_option, open_session
from emei.cli.lines import Lines, MismatchWarning
from emei.cli.offline import telemetry_as_json
from emei.cli.panel import Panel
from emei.cli.preview import telecommand_table
from emei.packets import pack_telecommand, unpack_telecommand
from emei.session import Session
from emei.verification import Ack, Command, CommandError, CommandFailed

_REDRAWS_PER_SECOND = 4


@click.command()
@click.argument("name")
@click.argument("arguments", nargs=-1, callback=assignments, metavar="[KEY=VALUE]...")
@port_option
@spacecraft_option
@click.option("--timeout", "timeout_s", type=Seconds(), default=30.0, show_default=True, help="Seconds to wait.")
@click.option("--yes", is_flag=True, help="Do not ask before a hazardous telecommand.")
@obc_option
@json_option
@click.pass_context
def send(
    context: click.Context,
    name: str,
    arguments: dict[str, str],
    port: str,
    spacecraft: str,
    timeout_s: float,
    yes: bool,
    obc: Obc | None,
    as_json: bool,
) -> None:
    """Send a telecommand and follow it to its completion or its failure.

    A time may be given as +SECONDS, from the host's time at the sending: start=+6.

    The sequence count comes from the clock (tenths of a second), so that no two telecommands within
    27 minutes have the same request ID.
    """
    dictionary = dictionary_of(context)
    # Refused here, before the port is touched.
    count = clock_count()
    packet = pack_telecommand(dictionary, name, from_now(dictionary, name, arguments), sequence_count=count)
    preview = unpack_telecommand(dictionary, packet)
    if not as_json:
        console().print(telecommand_table(preview))
    if preview.telecommand.hazardous and not yes:
        confirm(preview.name)
    with open_session(dictionary, port, spacecraft, count, obc) as session:
        command = session.send(preview.name, Ack.ALL, **from_now(dictionary, name, arguments))
        problem = ""
        try:
            command.wait(timeout_s)
        except CommandError as error:
            problem = _problem(command, error)
            if session.packets_received == 0:
                problem += f" No telemetry came either: check the board, the port {port} and --spacecraft."
        if as_json:
            print_json(command_as_json(command, problem))
        else:
            _show_command(command)
    if problem:
        raise click.ClickException(problem)


@click.command()
@port_option
@spacecraft_option
@click.option("--duration", "duration_s", type=Seconds(), help="Seconds after which to stop.")
@obc_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a packet, a line each.")
@click.pass_context
def monitor(
    context: click.Context, port: str, spacecraft: str, duration_s: float | None, obc: Obc | None, as_json: bool
) -> None:
    """Show live telemetry with limit colours.

    Without a terminal: a line for each event and failure, and for each housekeeping report with the
    values that changed (the first time, all).
    """
    dictionary = dictionary_of(context)
    until_s = time.monotonic() + (math.inf if duration_s is None else duration_s)
    with open_session(dictionary, port, spacecraft, obc=obc) as session:
        if as_json or not sys.stdout.isatty():
            session.listen(MismatchWarning(session).take)
        if as_json:
            session.listen(lambda report: click.echo(json_text(telemetry_as_json(report))))
            _pump_until(session, until_s)
        elif sys.stdout.isatty():
            _watch(session, until_s)
        else:
            session.listen(Lines().take)
            _pump_until(session, until_s)
        for anomaly in session.anomalies:
            click.echo(anomaly, err=True)


def confirm(name: str) -> None:
    try:
        agreed = click.confirm(f"{name} is hazardous. Send it?", err=True)
    except click.Abort as error:
        raise click.ClickException(f"{name} is hazardous and was not sent: say --yes where nobody can ask.") from error
    if not agreed:
        raise click.ClickException(f"{name} was not sent.")


def _pump_until(session: Session, until_s: float) -> None:
    """Ctrl-C is how a monitor without a duration is meant to end."""
    with suppress(KeyboardInterrupt):
        while (left_s := until_s - time.monotonic()) > 0:
            session.pump(min(left_s, 1.0))


def _watch(session: Session, until_s: float) -> None:
    panel = Panel(session)
    with Live(panel, console=console(), refresh_per_second=_REDRAWS_PER_SECOND, screen=True):
        _pump_until(session, until_s)


def _problem(command: Command, error: CommandError) -> str:
    """The error's sentence; where the reports were also out of order, the failure's with it."""
    if command.failure is None or isinstance(error, CommandFailed):
        return str(error)
    return f"{CommandFailed(command, command.failure)} {error}"


def _show_command(command: Command) -> None:
    rows = table("after", "report")
    for report in command.reports:
        step = "" if report.step is None else f" step {report.step}"
        rows.add_row(f"{report.time_s - command.sent_s:.3f} s", f"(1,{report.subservice}){step}")
    out = console()
    out.print(rows)
    if command.state == "completed":
        out.print(f"{command.name} completed.", style="green", highlight=False)


def command_as_json(command: Command, problem: str) -> dict[str, Any]:
    known: dict[str, Any] = {
        "name": command.name,
        "state": command.state,
        "request_id": f"{command.request_id:08x}",
        "packet": command.packet.hex(),
        "reports": [
            {"subservice": report.subservice, "step": report.step, "after_s": round(report.time_s - command.sent_s, 6)}
            for report in command.reports
        ],
    }
    if command.failure:
        known["failure"] = {
            "name": command.failure.name,
            "code": command.failure.code,
            "detail": command.failure.detail,
            "limit": command.failure.limit,
            "sentence": command.failure.sentence,
        }
    if problem:
        known["problem"] = problem
    return known
