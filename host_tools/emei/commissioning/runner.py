"""Runs the steps of a campaign over a session: entry conditions, actions, measurements, and back to rest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from emei.commissioning.campaign import (
    IN_S,
    Action,
    Campaign,
    Measurement,
    Send,
    Step,
    Until,
    Wait,
    is_from_now,
    within,
)
from emei.commissioning.errors import CampaignError
from emei.commissioning.record import FAILED, INTERRUPTED, PASSED, Attempt, Measured, Record
from emei.packets import Telemetry
from emei.session import NotSeen, Session
from emei.verification import Command, CommandError, CommandFailed

ENTRY_S = 5.0  # housekeeping of every kind has come by then
SETTLE_S = 1.1


@dataclass
class Samples:
    """What came during a step."""

    session: Session
    values: dict[str, list[float]] = field(default_factory=dict)
    commands: dict[str, Command] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.first_event = len(self.session.events)
        self.before = {name: float(item.value) for name, item in self.session.readings.items() if item.valid}

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
    """Told of each step as it begins and ends."""

    begun: Callable[[Step], None]
    ended: Callable[[Step, Attempt], None]


def next_step(record: Record) -> Step | None:
    """The first step that has neither passed nor been waived."""
    return next((step for step in record.campaign.steps if not record.settled(step.name)), None)


def run(session: Session, record: Record, observer: Observer, only: str | None = None) -> bool:
    """Run what is left, or only one step; stops at the first step that fails. True when nothing failed."""
    campaign = record.campaign
    while step := (campaign.step(only) if only else next_step(record)):
        _require_order(campaign, record, step)
        observer.begun(step)
        attempt = record.begin(step.name, session.dictionary.hash.hex())
        _attempt(session, record, step, attempt)
        observer.ended(step, attempt)
        if attempt.state != PASSED:
            return False
        if only:
            return True
    return True


def _require_order(campaign: Campaign, record: Record, step: Step) -> None:
    missing = [name for name in step.after if not record.settled(name)]
    if missing:
        raise CampaignError(f"Step {step.name} comes after {' and '.join(missing)}: run or waive that first.")


def _attempt(session: Session, record: Record, step: Step, attempt: Attempt) -> None:
    """A step whose entry conditions do not hold sends nothing; any other is left as its `leave` says."""
    problem = _entry_problem(session, step)
    if problem:
        record.end(attempt, FAILED, problem, [])
        return
    samples = Samples(session)
    session.listen(samples.take)
    measured: list[Measured] = []
    try:
        problem = _carry_out(session, step.actions, samples)
        session.run_for(SETTLE_S)
        if not problem:
            measured = [samples.measure(item) for item in step.measurements]
            problem = _left_out(measured)
    except BaseException as error:
        record.end(attempt, INTERRUPTED, str(error) or type(error).__name__, [])
        _leave(session, step, samples)
        raise
    finally:
        session.forget(samples.take)
    problem = " ".join(text for text in (problem, _leave(session, step, samples)) if text)
    record.end(attempt, FAILED if problem else PASSED, problem, measured)


def _entry_problem(session: Session, step: Step) -> str:
    """The sentence for the first entry condition that does not hold; empty when all do."""
    session.check_dictionary(ENTRY_S)
    session.run_for(SETTLE_S)
    for condition in step.entry:
        value = session.value(condition.parameter)
        if not condition.holds(value):
            seen = "not known" if value is None else f"{value}"
            return f"Entry: {condition.parameter} is {seen}; {condition.wanted} is needed."
    return ""


def _carry_out(session: Session, actions: tuple[Action, ...], samples: Samples) -> str:
    """Until the first action that does not go as stated: the sentence for it, or nothing."""
    try:
        for action in actions:
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


def _leave(session: Session, step: Step, samples: Samples) -> str:
    """Bring the instrument to rest, whatever came before; every action is tried. What failed, as sentences."""
    problems = [_carry_out(session, (action,), samples) for action in step.leave]
    return " ".join(f"Leaving: {problem}" for problem in problems if problem)


def _left_out(measured: list[Measured]) -> str:
    """The sentence for measurements that are missing or out of limits; empty when all are good."""
    texts = [
        f"{item.name} was not measured" if item.value is None else f"{item.name} is {item.value:g} {item.unit}".rstrip()
        for item in measured
        if not item.passed
    ]
    return f"Out of limits: {', '.join(texts)}." if texts else ""


def _statistic(values: list[float], name: str) -> float:
    if name == "least":
        return min(values)
    if name == "greatest":
        return max(values)
    if name == "mean":
        return fmean(values)
    return values[-1]
