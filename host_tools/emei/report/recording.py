"""What a report shows, as plain data, gathered from a session while it runs. Times are the link's, in seconds."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from emei.packets import Telemetry
from emei.session import Session

PLATFORM_COMMANDS = ("TIME_MESSAGE", "ANCILLARY_DATA")
"""What the on-board computer sends once a second; left out of timelines and tables."""

KEPT = (
    "SAR_MODE",
    "OPTICAL_MODE",
    "SAR_PHASE",
    "OPTICAL_PHASE",
    "OPTICAL_DOOR",
    "TRANSMIT_PERMIT",
    "TRANSMIT_ENABLE",
    "SAR_TRANSMIT_ENABLE_SEEN",
    "SAR_TRANSMIT_DUTY_PERCENT",
    "SAR_TRM_TEMPERATURE_DEGC",
    "SAR_BASEPLATE_TEMPERATURE_DEGC",
    "OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC",
    "POWER_BOARD_TEMPERATURE_DEGC",
    "POWER_TOTAL_POWER_W",
    "POWER_SAR_CURRENT_MA",
    "POWER_OPTICAL_CURRENT_MA",
    "POWER_HEATER_CURRENT_MA",
    "POWER_BUS_VOLTAGE_V",
    "MEM_FREE_OCTETS",
    "CYCLE_WORST_US",
)


@dataclass(frozen=True)
class Sample:
    """A housekeeping value; not valid while the board says that it is not fresh."""

    time_s: float
    value: float
    label: str
    valid: bool


@dataclass(frozen=True)
class Span:
    """A time in which a parameter kept its label."""

    start_s: float
    stop_s: float
    label: str


@dataclass(frozen=True)
class CommandRow:
    """A telecommand with its verification reports as (subservice, time)."""

    name: str
    arguments: str
    sent_s: float
    reports: tuple[tuple[int, float], ...]
    state: str
    failure: str
    platform: bool

    @property
    def end_s(self) -> float:
        return self.reports[-1][1] if self.reports else self.sent_s


@dataclass(frozen=True)
class EventRow:
    time_s: float
    severity: str
    name: str
    message: str


@dataclass(frozen=True)
class Edge:
    """Transmit-enable as the bench saw it on the wire."""

    time_s: float
    on: bool


@dataclass(frozen=True)
class StepResult:
    """One step of a procedure: what verifies it, and what was seen."""

    name: str
    group: str
    verification: str
    start_s: float
    duration_s: float
    status: str
    evidence: str

    @property
    def passed(self) -> bool:
        return self.status == "verified"


@dataclass
class Recording:
    """Commands, events and samples of a pass."""

    commands: list[CommandRow] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    stop_s: float = 0.0

    def spans(self, parameter: str) -> list[Span]:
        """The labels of a parameter in time order, equal neighbours joined; the last goes on to the end."""
        spans: list[Span] = []
        for sample in self.samples.get(parameter, []):
            label = sample.label if sample.valid else ""
            if spans and spans[-1].label == label:
                continue
            if spans:
                spans[-1] = Span(spans[-1].start_s, sample.time_s, spans[-1].label)
            spans.append(Span(sample.time_s, max(self.stop_s, sample.time_s), label))
        return spans

    def valid_samples(self, parameter: str) -> list[Sample]:
        return [sample for sample in self.samples.get(parameter, []) if sample.valid]

    def shown_commands(self) -> list[CommandRow]:
        return [command for command in self.commands if not command.platform]


class Collector:
    """Keeps the samples of the parameters that reports show, from a session's housekeeping."""

    def __init__(self, session: Session, parameters: Iterable[str] = KEPT) -> None:
        self._session = session
        self._samples: dict[str, list[Sample]] = defaultdict(list)
        self._parameters = tuple(parameters)
        session.listen(self._take)

    def samples(self, parameter: str, since_s: float = 0.0) -> Sequence[Sample]:
        """The samples from an instant on."""
        kept = self._samples[parameter]
        return kept[bisect_left(kept, since_s, key=lambda sample: sample.time_s) :]

    def recording(self, edges: Iterable[Edge] = ()) -> Recording:
        """Everything up to now."""
        session = self._session
        return Recording(
            commands=[_command_row(session, index) for index in range(len(session.commands))],
            events=[EventRow(event.time_s, event.severity, event.name, event.message) for event in session.events],
            samples={name: list(samples) for name, samples in self._samples.items()},
            edges=list(edges),
            stop_s=session.link.now_s(),
        )

    def _take(self, report: Telemetry) -> None:
        if report.service != 3:
            return
        for name in self._parameters:
            reading = self._session.readings.get(name)
            kept = self._samples[name]
            if reading is not None and (not kept or reading.time_s > kept[-1].time_s):
                kept.append(Sample(reading.time_s, float(reading.value), reading.label, reading.valid))


def _command_row(session: Session, index: int) -> CommandRow:
    command = session.commands[index]
    return CommandRow(
        name=command.name,
        arguments=", ".join(f"{name}={value}" for name, value in command.arguments.items()),
        sent_s=command.sent_s,
        reports=tuple((report.subservice, report.time_s) for report in command.reports),
        state=command.state,
        failure=f"{command.failure.name}: {command.failure.sentence}" if command.failure else "",
        platform=command.name in PLATFORM_COMMANDS,
    )
