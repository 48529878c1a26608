"""Runs the steps of a campaign over a session: entry conditions, actions, measurements, and back to rest."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from statistics import fmean
from types import MappingProxyType
from typing import Any

from emei.commissioning.campaign import (
    IN_S,
    Action,
    Condition,
    Measurement,
    Send,
    Step,
    Until,
    Wait,
    is_from_now,
    range_text,
    within,
)
from emei.commissioning.errors import CampaignError
from emei.commissioning.playback import Station
from emei.commissioning.record import FAILED, INTERRUPTED, PASSED, Attempt, Measured, Record
from emei.commissioning.science import StepScience, measure, receive
from emei.packets import Telemetry
from emei.session import NotSeen, Session, SessionError
from emei.verification import Command, CommandError, CommandFailed

ENTRY_S = 5.0  # housekeeping of every kind has come by then
SETTLE_S = 1.1
ABORT_S = 30.0
OVERTAKEN_S = 3.0
_LOST_ON_BOARD = "REPORTS_LOST_HIGH"
_AFTERWARDS = ("severity", "science")  # sources that are measured once the step is left: its events count too


@dataclass
class Samples:
    """What came during a step."""

    session: Session
    values: dict[str, list[float]] = field(default_factory=dict)
    commands: dict[str, Command] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.first_event = len(self.session.events)
        self.lost_before = self.session.lost_packets
        self.before = {name: float(item.value) for name, item in self.session.readings.items() if item.valid}

    def lost_reports(self) -> str:
        """The sentence for reports that did not come, or that the board had no room for: an event may be among them."""
        with suppress(NotSeen):  # one that was overtaken comes yet
            self.session.wait_for(lambda: self.session.lost_packets <= self.lost_before, OVERTAKEN_S, "A report")
        missing = self.session.lost_packets - self.lost_before
        lost = float(self.session.value(_LOST_ON_BOARD) or 0) - self.before.get(_LOST_ON_BOARD, 0.0)
        if missing <= 0 and lost <= 0:
            return ""
        return (
            f"Reports were lost, {max(missing, 0)} on the way and {max(lost, 0):g} of high severity on board: an event "
            "that counts may be among them. Run the step again."
        )

    def take(self, report: Telemetry) -> None:
        """A listener of the session."""
        if report.structure:
            for item in report.values:
                if item.valid and isinstance(item.value, int | float):
                    self.values.setdefault(item.name, []).append(float(item.value))

    def measure(self, measurement: Measurement) -> Measured:
        value = self._value(measurement)
        good = value is not None and within(value, measurement.minimum, measurement.maximum)
        return Measured(
            measurement.name, value, self._unit(measurement), measurement.minimum, measurement.maximum, good
        )

    def _unit(self, measurement: Measurement) -> str:
        if measurement.unit or measurement.source != "parameter":
            return measurement.unit or ("s" if measurement.source == "telecommand" else "")
        return self.session.dictionary.parameter(measurement.of).unit

    def _value(self, measurement: Measurement) -> float | None:
        events = self.session.events[self.first_event :]
        if measurement.source == "severity":
            return float(sum(event.severity == measurement.of for event in events))
        if measurement.source == "event":
            found = [event.fields[measurement.field] for event in events if event.name == measurement.of]
            return float(found[-1]) if found and isinstance(found[-1], int | float) else None
        if measurement.source == "telecommand":
            command = self.commands.get(measurement.of)
            return command.duration_s if command else None
        values = self.values.get(measurement.of)
        if values and measurement.statistic == "change":
            return values[-1] - self.before.get(measurement.of, values[0])
        return _statistic(values, measurement.statistic) if values else None


@dataclass(frozen=True)
class Observer:
    """Told of each step as it begins and ends, and between of what is being done."""

    begun: Callable[[Step], None]
    ended: Callable[[Step, Attempt], None]
    doing: Callable[[str], None]


def next_step(record: Record) -> Step | None:
    """The first step that has neither passed nor been waived."""
    return next((step for step in record.campaign.steps if not record.settled(step.name)), None)


def run(
    session: Session, record: Record, observer: Observer, only: str | None = None, station: Station | None = None
) -> bool:
    """Run what is left, or only one step; stops at the first step that fails. True when nothing failed.

    CampaignError before a step that comes too early, or whose science data come by no `station`.
    """
    campaign = record.campaign
    while step := (campaign.step(only) if only else next_step(record)):
        require_order(record, step)
        _require_station(step, station)
        observer.begun(step)
        attempt = record.begin(step.name, session.dictionary.hash.hex())
        _attempt(session, record, step, attempt, observer, station)
        observer.ended(step, attempt)
        if attempt.state != PASSED:
            return False
        if only:
            return True
    return True


def require_order(record: Record, step: Step) -> None:
    """CampaignError when the step comes after one that is not settled yet."""
    missing = [name for name in step.after if not record.settled(name)]
    if missing:
        raise CampaignError(f"Step {step.name} comes after {' and '.join(missing)}: run or waive that first.")


def _require_station(step: Step, station: Station | None) -> None:
    if step.science_tasks and station is None:
        raise CampaignError(
            f"Step {step.name} measures science data, which come by the downlink: its recording is needed."
        )


def _attempt(
    session: Session, record: Record, step: Step, attempt: Attempt, observer: Observer, station: Station | None
) -> None:
    """A step whose entry conditions do not hold sends nothing; any other is left as its `leave` says.

    Events are counted, and science data brought down, once the instrument is at rest.
    """
    with _interruption_recorded(record, attempt):
        problem = _entry_problem(session, step)
    if problem:
        record.end(attempt, FAILED, problem, [])
        return
    samples = Samples(session)
    measured: dict[str, Measured] = {}
    session.listen(samples.take)
    try:
        with _interruption_recorded(record, attempt):
            problem = _carry_out(session, step.actions, samples, observer)
            session.run_for(SETTLE_S)
    except BaseException as error:
        left = _leave(session, record, step, samples, observer)
        if left:
            record.end(attempt, INTERRUPTED, f"{_cause(error)} {left}", [])
        raise
    finally:
        session.forget(samples.take)
    if not problem:
        measured = {item.name: samples.measure(item) for item in step.measurements if item.source not in _AFTERWARDS}
    with _interruption_recorded(record, attempt, measured):
        left = _leave(session, record, step, samples, observer)
        session.run_for(SETTLE_S)
        if not problem:
            events = [item for item in step.measurements if item.source == "severity"]
            problem = samples.lost_reports() if events else ""
            measured |= {item.name: samples.measure(item) for item in events}
        science, why = StepScience(), {}
        if not problem and station and step.science_tasks:
            try:
                science = _science(session, record, step, samples, observer, station)
                why = _measure_science(session, step, science, measured)
            except (CommandError, SessionError) as error:
                problem = f"Science data: {error}"
    in_order = [measured[item.name] for item in step.measurements if item.name in measured]
    problem = " ".join(text for text in (problem, _left_out(in_order, why), *science.problems, left) if text)
    record.end(attempt, FAILED if problem else PASSED, problem, in_order, science.files, science.pictures)


@contextmanager
def _interruption_recorded(
    record: Record, attempt: Attempt, measured: Mapping[str, Measured] = MappingProxyType({})
) -> Iterator[None]:
    """An exception ends the attempt in the record at once: what follows it may be interrupted as well."""
    try:
        yield
    except BaseException as error:
        record.end(attempt, INTERRUPTED, _cause(error), list(measured.values()))
        raise


def _science(
    session: Session, record: Record, step: Step, samples: Samples, observer: Observer, station: Station
) -> StepScience:
    number = sum(attempt.step == step.name for attempt in record.attempts)
    events = session.events[samples.first_event :]
    prefix = f"{step.name}-{number}"
    return receive(session, station, step, events, record.directory, prefix, observer.doing)


def _measure_science(
    session: Session, step: Step, science: StepScience, measured: dict[str, Measured]
) -> dict[str, str]:
    """Enter the measurements of science data; the sentences for those that cannot be made, by name."""
    why = {}
    for item in step.measurements:
        if item.source == "science":
            measured[item.name], why[item.name] = measure(item, science.looks, step, session.dictionary)
    return why


def _cause(error: BaseException) -> str:
    """Of an interruption."""
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted by the user."
    return str(error) or type(error).__name__


def _entry_problem(session: Session, step: Step) -> str:
    """The sentence for the first entry condition that does not come to hold; empty when all do.

    They are given a while: who looks at science data tells no time meanwhile, if it plays the on-board computer.
    """
    session.check_dictionary(ENTRY_S)
    session.run_for(SETTLE_S)
    with suppress(NotSeen):
        session.wait_for(lambda: _unmet(session, step) is None, ENTRY_S, "The entry conditions")
    condition = _unmet(session, step)
    if condition is None:
        return ""
    value = session.value(condition.parameter)
    seen = "not known" if value is None else f"{value}"
    text = f"Entry: {condition.parameter} is {seen}; {condition.wanted} is needed."
    return f"{text} {condition.otherwise}" if condition.otherwise else text


def _unmet(session: Session, step: Step) -> Condition | None:
    return next((item for item in step.entry if not item.holds(session.value(item.parameter))), None)


def _carry_out(session: Session, actions: tuple[Action, ...], samples: Samples, observer: Observer) -> str:
    """Until the first action that does not go as stated: the sentence for it, or nothing."""
    try:
        for action in actions:
            observer.doing(action.text)
            if isinstance(action, Send):
                _send(session, action, samples)
            elif isinstance(action, Wait):
                session.run_for(action.duration_s)
            else:
                _await(session, action)
    except (CommandError, NotSeen) as error:
        return str(error)
    return ""


def _send(session: Session, action: Send, samples: Samples) -> None:
    command = session.send(action.name, **_timed(session, action.arguments))
    samples.commands[command.name] = command
    if action.background:
        session.wait_for(lambda: command.state != "sent", action.within_s, f"An answer to {command.name}")
        session.run_for(SETTLE_S)
        if command.failure:
            raise CommandFailed(command, command.failure)
    elif not action.refused:
        command.wait(action.within_s)
    elif (failure := command.refusal(action.within_s)).name != action.refused:
        raise CommandError(f"{command.name} was refused with {failure.name}; {action.refused} was expected.")


def _timed(session: Session, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with times from now as GPS seconds."""
    return {
        key: session.board_gps_s() + value[IN_S] if is_from_now(value) else value for key, value in arguments.items()
    }


def _await(session: Session, action: Until) -> None:
    condition = action.condition
    session.wait_for(
        lambda: condition.holds(session.value(condition.parameter)),
        action.within_s,
        f"{condition.parameter} {condition.wanted}",
    )


def _leave(session: Session, record: Record, step: Step, samples: Samples, observer: Observer) -> str:
    """Bring the instrument to rest, whatever came before; every action is tried. What failed, as sentences.

    An interruption on the way begins it anew, once, and goes on afterwards.
    """
    try:
        return _bring_to_rest(session, record, step, samples, observer)
    except KeyboardInterrupt:
        _bring_to_rest(session, record, step, samples, observer)
        raise


def _bring_to_rest(session: Session, record: Record, step: Step, samples: Samples, observer: Observer) -> str:
    """Once; every action is tried. What failed, as sentences.

    What the step began and is not at its end yet is aborted first: nothing else is taken meanwhile.
    """
    problems = []
    if any(not command.finished for command in samples.commands.values()):
        actions: tuple[Action, ...] = (Send("ABORT", {"instrument": record.campaign.instrument}, ABORT_S),)
        problems.append(_carry_out(session, actions, samples, observer))
        with suppress(NotSeen):  # what does not end is told by the next telecommand's failure
            session.wait_for(
                lambda: all(command.finished for command in samples.commands.values()),
                step.ends_within_s,
                "The end of it",
            )
    problems += [_carry_out(session, (action,), samples, observer) for action in step.leave]
    return " ".join(f"Leaving: {problem}" for problem in problems if problem)


def _left_out(measured: list[Measured], why: Mapping[str, str]) -> str:
    """The sentences for measurements that are missing or out of limits; empty when all are good.

    Several may be missing for the same reason, which is said once.
    """
    texts = [
        f"{item.name} was not measured"
        if item.value is None
        else f"{item.name} is {item.text} {item.unit}".rstrip() + f" ({range_text(item.minimum, item.maximum)})"
        for item in measured
        if not item.passed
    ]
    reasons = dict.fromkeys(text for text in why.values() if text)
    return " ".join([f"Out of limits: {', '.join(texts)}.", *reasons]) if texts else ""


def _statistic(values: list[float], name: str) -> float:
    if name == "least":
        return min(values)
    if name == "greatest":
        return max(values)
    if name == "mean":
        return fmean(values)
    return values[-1]
