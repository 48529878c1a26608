"""The record of a campaign as one HTML page, and as plain data."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from emei.commissioning.campaign import Step, range_text
from emei.commissioning.record import FAILED, INTERRUPTED, OPEN, PASSED, WAIVED, Attempt, Measured, Record
from emei.report.html import page, section, table

MARKS = {PASSED: "✓", FAILED: "✗", INTERRUPTED: "✗", WAIVED: "-", OPEN: "·"}
_ROW_CLASS = {PASSED: "verified", FAILED: "failed", INTERRUPTED: "failed"}


def summary(record: Record) -> dict[str, Any]:
    """Plain data: the state of each step with all its attempts."""
    return {
        "campaign": record.campaign.name,
        "instrument": record.campaign.instrument,
        "spacecraft": record.spacecraft,
        "complete": record.complete,
        "steps": [
            {
                "name": step.name,
                "title": step.title,
                "state": record.state(step.name),
                "attempts": [asdict(attempt) for attempt in record.attempts if attempt.step == step.name],
            }
            for step in record.campaign.steps
        ],
    }


def verdict(record: Record) -> str:
    settled = sum(record.settled(step.name) for step in record.campaign.steps)
    waived = sum(record.state(step.name) == WAIVED for step in record.campaign.steps)
    text = f"{settled} of {len(record.campaign.steps)} steps settled"
    return f"{text}, {waived} of them waived" if waived else text


def render(record: Record) -> str:
    """The page."""
    campaign = record.campaign
    sections = [
        section("Steps", table(("#", "Step", "Purpose", "Attempts", "Result"), list(_steps(record)), "campaign"))
    ]
    for step in campaign.steps:
        attempts = [attempt for attempt in record.attempts if attempt.step == step.name]
        if attempts:
            note = f'<p class="note">{escape(step.note)}</p>' if step.note else ""
            shown = "".join(_attempt(attempt, record.directory) for attempt in attempts)
            sections.append(section(step.title, shown + note))
    return page(campaign.title, f"spacecraft {record.spacecraft}", record.complete, verdict(record), sections)


def _steps(record: Record) -> Iterator[str]:
    for number, step in enumerate(record.campaign.steps, 1):
        yield _step_row(number, step, record)


def _step_row(number: int, step: Step, record: Record) -> str:
    state = record.state(step.name)
    attempts = sum(attempt.step == step.name for attempt in record.attempts)
    return (
        f'<tr class="{_ROW_CLASS.get(state, "")}"><td class="number">{number}</td><td>{escape(step.title)}</td>'
        f'<td>{escape(step.purpose)}</td><td class="number">{attempts or ""}</td>'
        f'<td class="status">{MARKS[state]} {state}</td></tr>'
    )


def _attempt(attempt: Attempt, directory: Path) -> str:
    ended = f" to {_utc(attempt.ended_utc)}" if attempt.ended_utc and attempt.ended_utc != attempt.begun_utc else ""
    tools = f", dictionary {attempt.dictionary_hash[:8]}" if attempt.dictionary_hash else ""
    head = f"{MARKS[attempt.state]} {attempt.state}</b>, {_utc(attempt.begun_utc)}{ended} UTC{tools}"
    text = f'<p class="attempt {_ROW_CLASS.get(attempt.state, "")}"><b class="status">{head}</p>'
    if attempt.reason:
        text += f'<p class="note">{escape(attempt.reason)}</p>'
    if attempt.measured:
        heads = ("Measurement", "Value", "Unit", "Limits", "Result")
        text += table(heads, [_measured_row(item) for item in attempt.measured], "measured")
    for name, caption in attempt.pictures.items():
        text += _picture(directory / name, caption)
    if attempt.files:
        text += f'<p class="note">Science data: {escape(", ".join(attempt.files))}</p>'
    return text


def _picture(path: Path, caption: str) -> str:
    if not path.exists():
        return f'<p class="note">The picture {escape(path.name)} is no longer beside the record.</p>'
    source = f"data:image/png;base64,{b64encode(path.read_bytes()).decode()}"
    note = f'<p class="note">{escape(caption)}.</p>'
    return f'<figure><img src="{source}" alt="{escape(path.name)}"></figure>{note}'


def _utc(text: str) -> str:
    return escape(text.removesuffix("+00:00").replace("T", " "))


def _measured_row(item: Measured) -> str:
    state = PASSED if item.passed else FAILED
    return (
        f'<tr class="{_ROW_CLASS[state]}"><td>{escape(item.name)}</td><td class="number">{item.text}</td>'
        f"<td>{escape(item.unit)}</td><td>{escape(range_text(item.minimum, item.maximum))}</td>"
        f'<td class="status">{MARKS[state]}</td></tr>'
    )
