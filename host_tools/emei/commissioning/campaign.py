"""A campaign as data: its steps with entry conditions, actions, and measurements with limits.

Campaigns are TOML files held against schema.json and against the dictionary, so that a name or a
value the board does not know is found before anything is sent.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from emei.commissioning.errors import CampaignError, UnknownCampaignName
from emei.dictionary import Dictionary
from emei.dictionary.errors import UnknownName, did_you_mean, instead_of
from emei.dictionary.schema import schema_problems
from emei.packets import ArgumentError, pack_telecommand
from emei.science.measures import MEASURES

STATISTICS = ("last", "least", "greatest", "mean", "change")
ANSWER_S = 10.0
TASK = "task_id"
SOURCES = ("parameter", "event", "severity", "telecommand", "science")
IN_S = "in_s"  # a time argument {in_s = 6}: so many seconds after the telecommand is sent


@dataclass(frozen=True)
class Condition:
    """What a housekeeping parameter must be: a label or a number in `equals`, or a range in its unit.

    `otherwise` is a sentence for whoever finds that it does not hold: what to do.
    """

    parameter: str
    equals: str | float | None = None
    minimum: float | None = None
    maximum: float | None = None
    otherwise: str = ""

    def holds(self, value: float | int | str | None) -> bool:
        """For a value as Session.value() gives it; None (absent, or not fresh) never holds."""
        if value is None:
            return False
        if self.equals is not None:
            return str(value) == str(self.equals) or value == self.equals
        return within(value, self.minimum, self.maximum)

    @property
    def wanted(self) -> str:
        return str(self.equals) if self.equals is not None else range_text(self.minimum, self.maximum)


@dataclass(frozen=True)
class Send:
    """Send a telecommand and see it completed, or refused with the failure code named.

    With `background` it is only seen started, and goes on beside the next actions.
    """

    name: str
    arguments: Mapping[str, Any]
    within_s: float
    refused: str = ""
    background: bool = False

    @property
    def text(self) -> str:
        arguments = {k: f"+{v[IN_S]:g} s" if is_from_now(v) else v for k, v in self.arguments.items()}
        words = " ".join([self.name, *(f"{key}={value}" for key, value in arguments.items())])
        if self.refused:
            return f"{words}, which is refused with {self.refused}"
        return f"{words}, in the background" if self.background else words


@dataclass(frozen=True)
class Wait:
    """Let time pass; housekeeping is sampled meanwhile."""

    duration_s: float

    @property
    def text(self) -> str:
        return f"waits {self.duration_s:g} s"


@dataclass(frozen=True)
class Until:
    """Wait for a condition."""

    condition: Condition
    within_s: float

    @property
    def text(self) -> str:
        return f"waits until {self.condition.parameter} is {self.condition.wanted}, at most {self.within_s:g} s"


Action = Send | Wait | Until


@dataclass(frozen=True)
class Measurement:
    """One value of a step with its limits.

    The source is one of: a housekeeping parameter with a statistic over the step, a field of the last
    event of a name, the number of events of a severity, the duration of the last telecommand of a name, or
    what emei.science.measures finds in the science data of the step's data takes, or of the one of a task.
    """

    name: str
    source: str  # parameter, event, severity, telecommand or science
    of: str
    statistic: str = ""
    field: str = ""
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    task_id: int | None = None

    @property
    def limits(self) -> str:
        return range_text(self.minimum, self.maximum)


@dataclass(frozen=True)
class Step:
    """`leave` is carried out at the end whatever came before it, and brings the instrument to rest.

    `note` is what the user is told as the step begins; `ends_within_s` how long what it began may take to end once it
    is aborted.
    """

    name: str
    title: str
    purpose: str
    after: tuple[str, ...]
    entry: tuple[Condition, ...]
    actions: tuple[Action, ...]
    measurements: tuple[Measurement, ...]
    leave: tuple[Action, ...]
    note: str = ""
    ends_within_s: float = 30.0

    @property
    def takes(self) -> list[int]:
        """Tasks of the data takes that the step makes, in their order."""
        return [int(send.arguments[TASK]) for send in self.sends() if TASK in send.arguments and not send.refused]

    @property
    def science_tasks(self) -> list[int]:
        """Tasks whose science data the step's measurements look at; empty when none does."""
        of_several = any(MEASURES[item.of].of_several for item in self._science)
        return [task for task in self.takes if of_several or task in self.takes_measured_alone]

    @property
    def takes_measured_alone(self) -> list[int]:
        """Of these, the tasks that some measurement looks at without the others."""
        alone = [item for item in self._science if not MEASURES[item.of].of_several]
        named = {item.task_id for item in alone}
        return [task for task in self.takes if task in named or (None in named and len(self.takes) == 1)]

    @property
    def _science(self) -> list[Measurement]:
        return [item for item in self.measurements if item.source == "science"]

    def sends(self) -> Iterator[Send]:
        return (action for action in (*self.actions, *self.leave) if isinstance(action, Send))


@dataclass(frozen=True)
class Campaign:
    name: str
    title: str
    instrument: str
    steps: tuple[Step, ...]

    def step(self, name: str) -> Step:
        """By name. UnknownCampaignName, with the names to take instead, when there is none."""
        for step in self.steps:
            if step.name == name:
                return step
        known = [step.name for step in self.steps]
        raise UnknownCampaignName(f"Campaign {self.name} has no step {name}{instead_of(name, known)}")


def within(value: float | int | str, minimum: float | None, maximum: float | None) -> bool:
    """Is a number inside the limits? Text and NaN never are."""
    return (
        isinstance(value, int | float)
        and value == value
        and (minimum is None or value >= minimum)
        and (maximum is None or value <= maximum)
    )


def range_text(minimum: float | None, maximum: float | None) -> str:
    if minimum is not None and maximum is not None:
        return f"{minimum:g}" if minimum == maximum else f"{minimum:g} to {maximum:g}"
    if minimum is not None:
        return f"at least {minimum:g}"
    return f"at most {maximum:g}" if maximum is not None else "recorded only"


def names() -> list[str]:
    """Campaigns these tools come with."""
    folder = files(__package__) / "campaigns"
    return sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))


def load(dictionary: Dictionary, name: str) -> Campaign:
    """A campaign by name, checked against the dictionary. CampaignError names every problem."""
    if name not in names():
        raise UnknownCampaignName(f"There is no campaign {name}{instead_of(name, names())}")
    return parse(dictionary, name, (files(__package__) / "campaigns" / f"{name}.toml").read_text())


def parse(dictionary: Dictionary, name: str, text: str) -> Campaign:
    """A campaign from TOML text. CampaignError names every problem."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CampaignError(f"{name}.toml is not TOML: {error}.") from error
    schema = json.loads((files(__package__) / "schema.json").read_text())
    problems = schema_problems({name: content}, {"properties": {name: schema}, "$defs": schema.pop("$defs")})
    if problems:
        raise CampaignError(*problems)
    steps = tuple(_step(entry) for entry in content["steps"])
    problems = [f"{name}.toml, {problem}" for problem in _problems(dictionary, content["instrument"], steps)]
    if problems:
        raise CampaignError(*problems)
    return Campaign(name, content["title"], content["instrument"], steps)


def _step(entry: Mapping[str, Any]) -> Step:
    return Step(
        entry["name"],
        entry["title"],
        entry["purpose"],
        tuple(entry.get("after", ())),
        tuple(_condition(item) for item in entry.get("entry", ())),
        tuple(_action(item) for item in entry.get("actions", ())),
        tuple(_measurement(item) for item in entry["measurements"]),
        tuple(_action(item) for item in entry.get("leave", ())),
        entry.get("note", ""),
        entry.get("ends_within_s", Step.ends_within_s),
    )


def _condition(item: Mapping[str, Any]) -> Condition:
    return Condition(item["parameter"], item.get("equals"), item.get("min"), item.get("max"), item.get("otherwise", ""))


def _action(item: Mapping[str, Any]) -> Action:
    if "send" in item:
        return Send(
            item["send"],
            item.get("arguments", {}),
            item.get("within_s", ANSWER_S),
            item.get("refused", ""),
            item.get("background", False),
        )
    if "wait_s" in item:
        return Wait(item["wait_s"])
    return Until(_condition(item["until"]), item["within_s"])


def _measurement(item: Mapping[str, Any]) -> Measurement:
    source = next(source for source in SOURCES if source in item)
    of = MEASURES.get(item[source]) if source == "science" else None
    return Measurement(
        item["name"],
        source,
        item[source],
        item.get("statistic", "last" if source == "parameter" else ""),
        item.get("field", ""),
        item.get("unit", of.unit if of else ""),
        item.get("min"),
        item.get("max"),
        item.get(TASK),
    )


def _problems(dictionary: Dictionary, instrument: str, steps: Sequence[Step]) -> Iterator[str]:
    """What the dictionary does not know, and an order that cannot be kept."""
    seen: list[str] = []
    for step in steps:
        where = f"step {step.name}"
        if step.name in seen:
            yield f"{where}: the name stands twice."
        for name in step.after:
            if name not in seen:
                yield f"{where}: it comes after {name}, which is not an earlier step{did_you_mean(name, seen)}"
        seen.append(step.name)
        measured = [item.name for item in step.measurements]
        yield from (
            f"{where}: the measurement {item} stands twice."
            for item in dict.fromkeys(measured)
            if measured.count(item) > 1
        )
        conditions = [*step.entry, *(a.condition for a in (*step.actions, *step.leave) if isinstance(a, Until))]
        for problem in (
            *_unknown_names(dictionary, step, conditions),
            *_bad_arguments(dictionary, step),
            *_bad_science(instrument, step),
        ):
            yield f"{where}: {problem}"


def _unknown_names(dictionary: Dictionary, step: Step, conditions: Sequence[Condition]) -> Iterator[str]:
    for condition in conditions:
        try:
            enumeration = dictionary.parameter(condition.parameter).enumeration
        except UnknownName as error:
            yield str(error)
            continue
        if isinstance(condition.equals, str) and enumeration and condition.equals not in enumeration.members:
            near = did_you_mean(condition.equals, enumeration.members)
            yield f"{condition.parameter} is never {condition.equals}{near}"
    for measurement in step.measurements:
        try:
            if measurement.source == "parameter":
                dictionary.parameter(measurement.of)
            elif measurement.source == "telecommand":
                dictionary.telecommand(measurement.of)
            elif measurement.source == "event":
                fields = [field.name for field in dictionary.event(measurement.of).fields]
                if measurement.field not in fields:
                    yield f"the event {measurement.of} has no field {measurement.field}"
        except UnknownName as error:
            yield str(error)


def _bad_arguments(dictionary: Dictionary, step: Step) -> Iterator[str]:
    for send in step.sends():
        arguments = {key: 0 if is_from_now(value) else value for key, value in send.arguments.items()}
        try:
            pack_telecommand(dictionary, send.name, arguments, sequence_count=0)
        except UnknownName as error:
            yield str(error)
        except ArgumentError as error:
            yield from error.problems
        if send.refused and send.refused not in dictionary.failures:
            yield f"there is no failure {send.refused}{did_you_mean(send.refused, dictionary.failures)}"


def _bad_science(instrument: str, step: Step) -> Iterator[str]:
    """What is not to be measured of the step's data takes."""
    for item in (item for item in step.measurements if item.source == "science"):
        measure = MEASURES.get(item.of)
        if measure is None:
            yield f"there is no measure {item.of} of science data{did_you_mean(item.of, MEASURES)}"
        elif measure.instrument != instrument:
            yield f"{item.of} is of the {measure.instrument} instrument, not of {instrument}."
        elif not step.takes:
            yield f"{item.of} is of science data, and the step takes none."
        elif item.task_id is not None and (item.task_id not in step.takes or measure.of_several):
            yield f"{item.of} is not of a data take of task {item.task_id}: tasks are {step.takes}."
        elif item.task_id is None and len(step.takes) > 1 and not measure.of_several:
            yield f"{item.of} is of one data take: say of which by {TASK}, out of {step.takes}."


def is_from_now(value: object) -> bool:
    """Is an argument a time so many seconds after the sending?"""
    return isinstance(value, dict) and set(value) == {IN_S}
