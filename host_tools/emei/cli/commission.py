"""Subcommands of commission: campaigns listed, shown, run, and their records."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from emei.cli.common import console, dictionary_of, json_option, port_option, print_json, spacecraft_option, table
from emei.cli.connection import Obc, obc_option, open_session
from emei.commissioning.campaign import Step, load, names
from emei.commissioning.lock import alone_in
from emei.commissioning.playback import Recording
from emei.commissioning.record import FAILED, OPEN, PASSED, Attempt, Record, campaign_of
from emei.commissioning.record_lines import is_text
from emei.commissioning.report import MARKS, render, summary, verdict
from emei.commissioning.runner import Observer, next_step, require_order, run
from emei.dictionary import Dictionary
from emei.files import write_whole
from emei.session import Session

REPORT = "report.html"
_ENDINGS = (signal.SIGTERM, signal.SIGHUP)


def _said(_context: click.Context, _parameter: click.Parameter, reason: str) -> str:
    """A reason that can be kept and read; refused before anything is written."""
    if not reason.strip():
        raise click.UsageError("--reason is blank: say why the campaign goes on without the step.")
    if not is_text(reason):
        raise click.UsageError("--reason is not a text in UTF-8.")
    return reason


directory_option = click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help="Directory of the campaign's record; a campaign goes on where its record stops.",
)


@click.group()
def commission() -> None:
    """Run commissioning campaigns and keep their records."""


@commission.command(name="list")
@json_option
@click.pass_context
def list_campaigns(context: click.Context, as_json: bool) -> None:
    """Campaigns and their steps."""
    campaigns = [load(dictionary_of(context), name) for name in names()]
    if as_json:
        print_json(
            {item.name: {"title": item.title, "steps": [step.name for step in item.steps]} for item in campaigns}
        )
        return
    for campaign in campaigns:
        rows = table("#", "step", "what", title=f"{campaign.name}: {campaign.title}")
        for number, step in enumerate(campaign.steps, 1):
            rows.add_row(str(number), step.name, step.title)
        console().print(rows)


@commission.command()
@click.argument("campaign")
@click.argument("step")
@click.pass_context
def show(context: click.Context, campaign: str, step: str) -> None:
    """A step of a campaign: entry conditions, actions, measurements with limits."""
    dictionary = dictionary_of(context)
    _show_step(load(dictionary, campaign).step(step))


@commission.command(name="run")
@click.argument("campaign")
@directory_option
@port_option
@spacecraft_option
@obc_option
@click.option(
    "--downlink",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The station's recording of the downlink, which grows: science data of a step come by it.",
)
@click.option("--step", "only", metavar="STEP", help="Run only this step, passed before or not.")
@click.option("--yes", is_flag=True, help="Do not ask before steps with hazardous telecommands.")
@click.pass_context
def run_campaign(
    context: click.Context,
    campaign: str,
    directory: Path,
    port: str,
    spacecraft: str,
    obc: Obc | None,
    downlink: Path | None,
    only: str | None,
    yes: bool,
) -> None:
    """Run what is left of a campaign. Stops at the first step that fails; status 1 then.

    An interrupted step (Ctrl-C, SIGTERM, a terminal that closes) brings the instrument to rest first; the next call
    begins that step again. A step that measures science data plays the recorder's entries back, receives them from
    the station's recording, keeps them in DIR, and acknowledges and deletes them on board. What is wrong with the
    call is said before DIR is written to.
    """
    dictionary = dictionary_of(context)
    chosen = load(dictionary, campaign)
    with alone_in(directory):
        record = Record.find(directory, chosen, spacecraft)
        steps = [chosen.step(only)] if only else [step for step in chosen.steps if not record.settled(step.name)]
        if not steps:
            # What ended the last call may have come before its report.
            _write_report(record)
            click.echo(f"Campaign {campaign} is complete: {verdict(record)}; {REPORT} is in {directory}.")
            return
        require_order(record, steps[0])
        station = _station(downlink, steps)
        if not yes:
            _confirm(dictionary, steps)
        with open_session(dictionary, port, spacecraft, obc=obc) as session:
            good = _run(session, record, only, station)
    click.echo(f"{verdict(record)}; the record and {REPORT} are in {directory}.")
    if not good:
        raise click.ClickException(f"The campaign stops at step {record.attempts[-1].step}: mend, then run it again.")


@commission.command()
@directory_option
@json_option
@click.pass_context
def status(context: click.Context, directory: Path, as_json: bool) -> None:
    """What the record in a directory says, and which step is next."""
    record = _record(context, directory)
    if as_json:
        print_json(summary(record))
        return
    rows = table("#", "step", "state", "reason", title=f"{record.campaign.title}, {record.spacecraft}")
    for number, step in enumerate(record.campaign.steps, 1):
        reason = next((item.reason for item in reversed(record.attempts) if item.step == step.name), "")
        state = record.state(step.name)
        rows.add_row(str(number), step.name, f"{MARKS[state]} {state}", reason)
    console().print(rows)
    following = next_step(record)
    click.echo(f"{verdict(record)}. " + (f"Next: {following.name}." if following else "The campaign is complete."))


@commission.command()
@directory_option
@click.option("--step", required=True, metavar="STEP", help="Step to go on without.")
@click.option("--reason", required=True, callback=_said, help="Why; it stands in the record and the report.")
@click.pass_context
def waive(context: click.Context, directory: Path, step: str, reason: str) -> None:
    """Let a campaign go on without a step."""
    with alone_in(directory):
        record = _record(context, directory)
        record.campaign.step(step)
        if record.state(step) == PASSED:
            raise click.ClickException(f"Step {step} has passed: there is nothing to waive.")
        record.keep()
        record.waive(step, reason)
        _write_report(record)
    click.echo(f"Step {step} is waived. {verdict(record)}.")


def _record(context: click.Context, directory: Path) -> Record:
    return Record.read(directory, load(dictionary_of(context), campaign_of(directory)))


def _run(session: Session, record: Record, only: str | None, station: Recording | None) -> bool:
    record.keep()
    try:
        with _endings_interrupt():
            return run(session, record, Observer(_say_begun, _say_ended, _say_doing), only, station)
    finally:
        _write_report(record)


@contextmanager
def _endings_interrupt() -> Iterator[None]:
    """What ends a program, as a terminal that closes does, interrupts the step as Ctrl-C: it is left at rest.

    Once only, since a terminal and its shell both send the signal, and the second must not cut short the way to rest.
    """
    heeded = [number for number in _ENDINGS if signal.getsignal(number) is not signal.SIG_IGN]  # by nohup

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        for number in heeded:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _write_report(record: Record) -> None:
    write_whole(record.directory / REPORT, render(record).encode())


def _station(downlink: Path | None, steps: list[Step]) -> Recording | None:
    if downlink is None:
        measuring = [step.name for step in steps if step.science_tasks]
        if measuring:
            raise click.UsageError(
                f"Science data are measured in {', '.join(measuring)}, and come by the downlink: give --downlink FILE, "
                "the station's recording (of a bench: downlink.bin beside its link)."
            )
        return None
    if not downlink.exists():
        raise click.UsageError(
            f"There is no recording {downlink}: a running bench keeps one, downlink.bin beside its link."
        )
    return Recording(downlink)


def _confirm(dictionary: Dictionary, steps: list[Step]) -> None:
    hazardous = [step.name for step in steps if any(dictionary.telecommand(s.name).hazardous for s in step.sends())]
    if not hazardous:
        return
    question = f"Hazardous telecommands are in {', '.join(hazardous)}. Run the campaign?"
    agreed = False
    with suppress(click.Abort):
        agreed = click.confirm(question, err=True)
    if not agreed:
        raise click.ClickException("Nothing was run: say --yes where nobody can ask.")


def _say(text: str) -> None:
    """A terminal or a reader that is gone must not keep a step from bringing the instrument to rest."""
    with suppress(OSError):
        click.echo(text)


def _say_begun(step: Step) -> None:
    _say(f"  {step.name}: {step.title}")
    if step.note:
        _say(f"    {step.note}")


def _say_doing(text: str) -> None:
    _say(f"    {MARKS[OPEN]} {text}")


def _say_ended(step: Step, attempt: Attempt) -> None:
    for item in attempt.measured:
        mark = MARKS[PASSED if item.passed else FAILED]
        _say(f"    {mark} {item.name}: {item.text} {item.unit}".rstrip())
    tail = f": {attempt.reason}" if attempt.reason else ""
    _say(f"  {MARKS[attempt.state]} {step.name} {attempt.state}{tail}")


def _show_step(step: Step) -> None:
    out = console()
    out.print(step.title, style="bold")
    out.print(step.purpose)
    if step.note:
        out.print(f"Note: {step.note}")
    if step.after:
        out.print(f"After: {', '.join(step.after)}")
    for condition in step.entry:
        out.print(f"Entry: {condition.parameter} {condition.wanted}. {condition.otherwise}".rstrip(), highlight=False)
    for title, actions in (("Does", step.actions), ("Leaves", step.leave)):
        for action in actions:
            out.print(f"{title}: {action.text}", highlight=False)
    if step.science_tasks:
        out.print(f"Brings down: the science data of {', '.join(str(task) for task in step.science_tasks)}")
    rows = table("measurement", "of", "limits")
    for item in step.measurements:
        task = f"of task {item.task_id}" if item.task_id else ""
        of = " ".join(part for part in (item.statistic, item.source, item.of, item.field, task) if part)
        rows.add_row(item.name, of, f"{item.limits} {item.unit}".rstrip())
    out.print(rows)
