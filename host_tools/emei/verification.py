"""One telecommand followed from sent to (1,7) or its failure, and the order of its verification reports.

ECSS-E-ST-70-41C, service 1: acceptance, start, progress and completion come in that order, each at
most once (progress once a step, steps rising), success only where the ack flags asked for it.
On this project a refused or failed telecommand gives exactly one failure report and nothing after it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntFlag


class Ack(IntFlag):
    """Ack flags of the telecommand's secondary header."""

    NONE = 0
    ACCEPTANCE = 1
    START = 2
    PROGRESS = 4
    COMPLETION = 8
    ALL = 15


SUCCESS = {1: Ack.ACCEPTANCE, 3: Ack.START, 5: Ack.PROGRESS, 7: Ack.COMPLETION}
FAILURES = {2: Ack.ACCEPTANCE, 4: Ack.START, 6: Ack.PROGRESS, 8: Ack.COMPLETION, 10: Ack.ACCEPTANCE}
STATES = {Ack.ACCEPTANCE: "accepted", Ack.START: "started", Ack.PROGRESS: "in progress", Ack.COMPLETION: "completed"}


class CommandError(Exception):
    """A telecommand did not go as awaited. The text is a sentence."""


class CommandFailed(CommandError):
    """A failure report came; `failure` holds it."""

    def __init__(self, command: "Command", failure: "Failure") -> None:
        super().__init__(f"{command.name} failed with (1,{failure.subservice}) {failure.name}: {failure.sentence}.")
        self.command = command
        self.failure = failure


class NoReport(CommandError):
    """The awaited verification report did not come in time."""


class OutOfOrder(CommandError):
    """Verification reports came that the standard does not allow there."""


@dataclass(frozen=True)
class Failure:
    """A failure report: its subservice, code, name and sentence from the dictionary, and its two values."""

    subservice: int
    code: int
    name: str
    sentence: str
    detail: int
    limit: int
    step: int | None = None


@dataclass(frozen=True)
class Verification:
    """One report (1,`subservice`) with the link's time of its arrival."""

    subservice: int
    time_s: float
    step: int | None = None


def request_id_of(packet: bytes) -> int:
    """Of a telecommand."""
    return int.from_bytes(packet[:4], "big")


@dataclass
class Command:
    """A telecommand that was sent. Times are those of the link."""

    name: str
    arguments: Mapping[str, object]
    packet: bytes
    ack: Ack
    sent_s: float
    wait_until: Callable[[Callable[[], bool], float], bool] = field(repr=False)
    reports: list[Verification] = field(default_factory=list)
    failure: Failure | None = None
    disorder: list[str] = field(default_factory=list)

    @property
    def request_id(self) -> int:
        """First four octets of the packet, as every report (1,x) names it."""
        return request_id_of(self.packet)

    @property
    def state(self) -> str:
        """sent, accepted, started, in progress, completed or failed."""
        if self.failure:
            return "failed"
        return STATES[SUCCESS[self.reports[-1].subservice]] if self.reports else "sent"

    @property
    def finished(self) -> bool:
        """Has it failed, or did the last report arrive that was asked for? True at once without ack flags."""
        if self.failure:
            return True
        last = max((s for s, flag in SUCCESS.items() if flag & self.ack and flag is not Ack.PROGRESS), default=0)
        return last == 0 or any(report.subservice == last for report in self.reports)

    @property
    def duration_s(self) -> float | None:
        """From sent to its last report."""
        return self.reports[-1].time_s - self.sent_s if self.reports else None

    def wait(self, timeout_s: float) -> "Command":
        """Until success. CommandFailed, NoReport or OutOfOrder otherwise."""
        self._finish(timeout_s)
        if self.failure:
            raise CommandFailed(self, self.failure)
        return self

    def refusal(self, timeout_s: float) -> Failure:
        """Until the failure that is expected. CommandError when it succeeds, NoReport when nothing comes."""
        self._finish(timeout_s)
        if self.failure is None:
            raise CommandError(f"{self.name} was expected to fail, and is {self.state}.")
        return self.failure

    def take(self, report: Verification, failure: Failure | None) -> None:
        """Enter a report of this telecommand and note what is wrong with its place."""
        self.disorder += [f"{self.name}: {problem}" for problem in self._problems(report)]
        self.reports.append(report)
        self.failure = self.failure or failure

    def _finish(self, timeout_s: float) -> None:
        if not self.wait_until(lambda: self.finished, timeout_s):
            raise NoReport(f"{self.name} is {self.state}: nothing further came within {timeout_s:g} s.")
        if self.disorder:
            raise OutOfOrder("; ".join(self.disorder) + ".")

    def _problems(self, report: Verification) -> list[str]:
        name = f"(1,{report.subservice})"
        if self.failure:
            return [f"{name} after the failure report (1,{self.failure.subservice})"]
        problems = []
        stage = SUCCESS.get(report.subservice) or FAILURES[report.subservice]
        if report.subservice in SUCCESS and not stage & self.ack:
            problems.append(f"{name} was not asked for")
        came = [SUCCESS[earlier.subservice] for earlier in self.reports]
        steps = [earlier.step or 0 for earlier in self.reports if earlier.subservice == 5]
        if any(earlier > stage for earlier in came):
            problems.append(f"{name} came too late")
        elif report.subservice == 5 and steps and (report.step or 0) <= steps[-1]:
            problems.append(f"{name} step {report.step} after step {steps[-1]}")
        elif stage in came and stage is not Ack.PROGRESS:
            problems.append(f"{name} came twice")
        for needed in (Ack.ACCEPTANCE, Ack.START):
            if needed < stage and needed & self.ack and needed not in came:
                problems.append(f"{name} came before it was {STATES[needed]}")
        return problems
