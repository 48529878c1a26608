"""A procedure flown on a bench: steps that each end verified by telemetry, or with the sentence that says why not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from emei.link import PortError
from emei.packets import ArgumentError, Telemetry
from emei.planning.time_scales import utc_of
from emei.platform import Platform
from emei.report.page import Picture
from emei.report.recording import KEPT, Collector, Edge, Recording, Sample, StepResult
from emei.session import Reading, Session, SessionError
from emei.verification import Ack, Command, CommandError
from hil.bench import Bench
from hil.errors import BenchError
from hil.passes.plan import PassPlan

CONFIRM_S = 5.0
ANSWER_S = 5.0
TRANSITION_MARGIN_S = 5.0


class StepFailed(Exception):
    """Telemetry is not what verifies the step. The text is a sentence."""


@dataclass
class DataTake:
    """What telemetry said of one data take while it ran."""

    entry_id: int = 0
    packets: int = 0
    unit_packets: int = 0


class Flight:
    """What the steps share: session, bench, platform, plan, and what the board said since the start."""

    def __init__(self, session: Session, bench: Bench, plan: PassPlan) -> None:
        self.session = session
        self.bench = bench
        self.plan = plan
        self.platform = Platform(session, plan.bench_epoch_gps_s, plan.ancillary)
        self.collector = Collector(session, KEPT)
        self.takes: dict[str, DataTake] = {}
        self.reports: list[Telemetry] = []
        self.pictures: list[Picture] = []
        session.listen(self._keep)

    @property
    def now_s(self) -> float:
        return self.session.link.now_s()

    def bench_time_s(self, gps_s: float) -> float:
        return gps_s - self.plan.bench_epoch_gps_s

    def utc(self, time_s: float) -> str:
        return utc_of(self.plan.bench_epoch_gps_s + time_s).strftime("%H:%M:%S")

    def command(self, name: str, timeout_s: float = ANSWER_S, **arguments: object) -> Command:
        """Send a telecommand and follow it to (1,7)."""
        return self.session.send(name, Ack.ALL, **arguments).wait(timeout_s)

    def confirm(self, parameter: str, expected: object, timeout_s: float = CONFIRM_S) -> Reading:
        """Until housekeeping that is newer than this call shows the value (a label, a number, or a predicate)."""
        return self._confirm(parameter, expected, timeout_s, self.now_s)

    def confirm_all(self, timeout_s: float = CONFIRM_S, **expected: object) -> None:
        """The same for several parameters by name, all newer than this call."""
        since_s = self.now_s
        for parameter, value in expected.items():
            self._confirm(parameter, value, timeout_s, since_s)

    def reading(self, parameter: str) -> Reading:
        reading = self.session.reading(parameter)
        if reading is None:
            raise StepFailed(f"Housekeeping has not held {parameter} yet.")
        return reading

    def set_mode(self, instrument: str, mode: str) -> Command:
        """Command a transition and confirm the mode by housekeeping after (1,7)."""
        before = self.session.value(f"{instrument}_MODE")
        command = self.command(f"SET_MODE_{instrument}", self._time_limit_s(instrument, before, mode), mode=mode)
        self.confirm(f"{instrument}_MODE", mode)
        return command

    def report(self, name: str, since: int, timeout_s: float = ANSWER_S) -> Telemetry:
        """The first report of a name among `reports[since:]`."""

        def find() -> Telemetry | None:
            return next((report for report in self.reports[since:] if report.name == name), None)

        found = self.session.wait_for(find, timeout_s, f"The report {name}")
        assert found is not None
        return found

    def seen(self, parameter: str, since_s: float) -> list[Sample]:
        """Valid samples of a kept parameter from an instant on."""
        return [sample for sample in self.collector.samples(parameter, since_s) if sample.valid]

    def labels_seen(self, parameter: str, since_s: float) -> list[str]:
        """The labels a parameter went through, equal neighbours joined."""
        labels: list[str] = []
        for sample in self.seen(parameter, since_s):
            if not labels or labels[-1] != sample.label:
                labels.append(sample.label)
        return labels

    def recording(self) -> Recording:
        edges = [Edge(edge.time_s, edge.on) for edge in self.bench.edges if edge.name == "transmit-enable"]
        return self.collector.recording(edges)

    def _confirm(self, parameter: str, expected: object, timeout_s: float, since_s: float) -> Reading:
        def holds() -> bool:
            reading = self.session.reading(parameter)
            return reading is not None and reading.valid and reading.time_s > since_s and _matches(reading, expected)

        try:
            self.session.wait_for(holds, timeout_s, parameter)
        except SessionError:
            raise StepFailed(self._not_confirmed(parameter, expected, timeout_s)) from None
        return self.reading(parameter)

    def _keep(self, report: Telemetry) -> None:
        if report.service not in (1, 3, 5, 9):
            self.reports.append(report)

    def _time_limit_s(self, instrument: str, before: object, mode: str) -> float:
        for transition in self.session.dictionary.machines[instrument].transitions:
            if transition.target == mode and before in transition.sources:
                return transition.time_limit_ms / 1000 + TRANSITION_MARGIN_S
        raise StepFailed(f"No transition leads the {instrument} instrument from {before} to {mode}.")

    def _not_confirmed(self, parameter: str, expected: object, timeout_s: float) -> str:
        reading = self.session.reading(parameter)
        wanted = expected if isinstance(expected, str | int | float) else "as expected"
        if reading is None:
            return f"No housekeeping with {parameter} came within {timeout_s:g} s."
        state = "" if reading.valid else ", which the board says is not fresh"
        shown = f"{reading.label} {reading.unit}".strip()
        return f"{parameter} is {shown}{state}; within {timeout_s:g} s it should be {wanted}."


@dataclass(frozen=True)
class Step:
    """`action` returns the evidence, or raises; `verification` says what telemetry must show."""

    group: str
    name: str
    verification: str
    action: Callable[[Flight], str]


class Observer(Protocol):
    """Told as a procedure goes on."""

    def flight_is(self, flight: Flight) -> None: ...

    def begun(self, number: int, step: Step) -> None: ...

    def ended(self, number: int, result: StepResult) -> None: ...


def fly(flight: Flight, steps: Sequence[Step], observer: Observer) -> list[StepResult]:
    """Run the steps in order. After one that is not verified the others are not run."""
    results: list[StepResult] = []
    failed = False
    for number, step in enumerate(steps, 1):
        if failed:
            result = StepResult(step.name, step.group, step.verification, flight.now_s, 0.0, "not run", "")
        else:
            observer.begun(number, step)
            result = _run(flight, step)
            failed = not result.passed
        results.append(result)
        observer.ended(number, result)
    return results


def _run(flight: Flight, step: Step) -> StepResult:
    start_s = flight.now_s
    try:
        status, evidence = "verified", step.action(flight)
    except (StepFailed, SessionError, CommandError, ArgumentError, BenchError, PortError) as error:
        status, evidence = "failed", str(error)
    duration_s = round(flight.now_s - start_s, 6)
    return StepResult(step.name, step.group, step.verification, round(start_s, 6), duration_s, status, evidence)


def _matches(reading: Reading, expected: object) -> bool:
    if callable(expected):
        return bool(expected(reading))
    return reading.label == expected if isinstance(expected, str) else reading.value == expected
