"""The record of a campaign: one line an occurrence, appended and synced, so that it outlives any interruption.

A step's attempt begins with a line and ends with another; a beginning without an end was interrupted.
The first line names campaign and spacecraft.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import Any

from emei.commissioning.campaign import Campaign, names
from emei.commissioning.errors import CampaignError
from emei.commissioning.record_lines import one_of, read_lines, refused, require_line

FILE = "campaign.jsonl"
_FOUR_DIGITS = 1000
_LEAST_SHOWN = 0.0005
PASSED, FAILED, INTERRUPTED, WAIVED, OPEN = "passed", "failed", "interrupted", "waived", "open"
_ENDS = (PASSED, FAILED, INTERRUPTED)


@dataclass(frozen=True)
class Measured:
    """A measurement that was made; `value` is None when there was nothing to measure."""

    name: str
    value: float | None
    unit: str
    minimum: float | None
    maximum: float | None
    passed: bool

    @property
    def text(self) -> str:
        """The value to four digits, whole numbers in full, never with an exponent."""
        if self.value is None:
            return "not measured"
        if not isfinite(self.value):
            return f"{self.value}"
        if self.value == round(self.value) or abs(self.value) >= _FOUR_DIGITS:
            return f"{self.value:.0f}"
        return f"{self.value:.4g}" if abs(self.value) >= _LEAST_SHOWN else "0.000"


@dataclass
class Attempt:
    """One attempt at a step, or a waiver of it."""

    step: str
    state: str
    begun_utc: str
    ended_utc: str = ""
    reason: str = ""
    dictionary_hash: str = ""
    measured: list[Measured] = field(default_factory=list)
    files: list[str] = field(default_factory=list)  # beside the record: the science data that came down
    pictures: dict[str, str] = field(default_factory=dict)  # beside the record, with their captions


class Record:
    """What has been done of a campaign on one spacecraft, kept in `directory`."""

    def __init__(self, directory: Path, campaign: Campaign, spacecraft: str, attempts: Sequence[Attempt]) -> None:
        self.directory = directory
        self.campaign = campaign
        self.spacecraft = spacecraft
        self.attempts = list(attempts)

    @classmethod
    def open(cls, directory: Path, campaign: Campaign, spacecraft: str) -> "Record":
        """Go on with the record in the directory, or begin one. CampaignError when it is of something else."""
        record = cls.find(directory, campaign, spacecraft)
        record.keep()
        return record

    @classmethod
    def find(cls, directory: Path, campaign: Campaign, spacecraft: str) -> "Record":
        """The record in the directory, or an empty one, which keep() begins. CampaignError as of open()."""
        path = directory / FILE
        if not path.exists():
            return cls(directory, campaign, spacecraft, [])
        record = cls.read(directory, campaign)
        if record.spacecraft != spacecraft:
            raise CampaignError(f"{path} is the record of {record.spacecraft}, not of {spacecraft}.")
        return record

    def keep(self) -> None:
        """Make the file ready for what is entered next; until then, nothing of a record that was found is written."""
        path = self.directory / FILE
        if path.exists():
            _cut_off_part_of_line(path)
        else:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._append({"campaign": self.campaign.name, "spacecraft": self.spacecraft})

    @classmethod
    def read(cls, directory: Path, campaign: Campaign) -> "Record":
        """The record in the directory. CampaignError when there is none, or it cannot be read."""
        path = directory / FILE
        lines = read_lines(path)
        head = lines[0]
        if head["campaign"] != campaign.name:
            raise CampaignError(f"{path} is the record of the campaign {head['campaign']}, not of {campaign.name}.")
        attempts: list[Attempt] = []
        for number, line in enumerate(lines[1:], 2):
            require_line(path, number, line, [step.name for step in campaign.steps], _ENDS)
            if "end" in line and not (attempts and attempts[-1].step == line["end"] and attempts[-1].state != WAIVED):
                raise refused(path, number, f"the step {line['end']} ends, which has not begun just before")
            _enter(attempts, line)
        return cls(directory, campaign, head["spacecraft"], attempts)

    def state(self, step: str) -> str:
        """Of the step's last attempt; OPEN when there was none."""
        return next((attempt.state for attempt in reversed(self.attempts) if attempt.step == step), OPEN)

    def settled(self, step: str) -> bool:
        """Has the step passed, or was it waived?"""
        return self.state(step) in (PASSED, WAIVED)

    @property
    def complete(self) -> bool:
        return all(self.settled(step.name) for step in self.campaign.steps)

    def begin(self, step: str, dictionary_hash: str) -> Attempt:
        attempt = Attempt(step, INTERRUPTED, _now(), dictionary_hash=dictionary_hash)
        self.attempts.append(attempt)
        self._append({"begin": step, "utc": attempt.begun_utc, "dictionary_hash": dictionary_hash})
        return attempt

    def end(
        self,
        attempt: Attempt,
        state: str,
        reason: str,
        measured: Sequence[Measured],
        files: Sequence[str] = (),
        pictures: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        # It may name a file whose name is not UTF-8; the record must be readable all the same.
        reason = reason.encode(errors="backslashreplace").decode()
        attempt.state, attempt.reason, attempt.measured, attempt.ended_utc = state, reason, list(measured), _now()
        attempt.files, attempt.pictures = list(files), dict(pictures)
        self._append(
            {
                "end": attempt.step,
                "state": state,
                "utc": attempt.ended_utc,
                "reason": reason,
                "measured": [asdict(item) for item in measured],
                "files": attempt.files,
                "pictures": attempt.pictures,
            }
        )

    def waive(self, step: str, reason: str) -> None:
        """Let the campaign go on without a step; the reason is kept."""
        utc = _now()
        self.attempts.append(Attempt(step, WAIVED, utc, utc, reason))
        self._append({"waive": step, "utc": utc, "reason": reason})

    def _append(self, line: Mapping[str, Any]) -> None:
        with (self.directory / FILE).open("ab") as file:
            file.write(json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def campaign_of(directory: Path) -> str:
    """Name of the campaign a directory holds the record of. CampaignError when it holds none."""
    path = directory / FILE
    name = str(read_lines(path)[0]["campaign"])
    known = one_of(*names())
    if not known.holds(name):
        raise refused(path, 1, f"campaign is {json.dumps(name)}; {known.words} is allowed")
    return name


def _cut_off_part_of_line(path: Path) -> None:
    """What a crash left of a line must not join the next one."""
    octets = path.read_bytes()
    os.truncate(path, octets.rfind(b"\n") + 1)


def _enter(attempts: list[Attempt], line: Mapping[str, Any]) -> None:
    """A line that was checked."""
    if "begin" in line:
        attempts.append(Attempt(line["begin"], INTERRUPTED, line["utc"], dictionary_hash=line["dictionary_hash"]))
    elif "waive" in line:
        attempts.append(Attempt(line["waive"], WAIVED, line["utc"], line["utc"], line["reason"]))
    else:
        attempt = attempts[-1]
        attempt.state, attempt.reason, attempt.ended_utc = line["state"], line["reason"], line["utc"]
        attempt.measured = [Measured(**item) for item in line["measured"]]
        attempt.files, attempt.pictures = line.get("files", []), line.get("pictures", {})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
