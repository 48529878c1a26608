"""The report of a pass as one HTML page that needs nothing else: styles and drawings are inside."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from emei.report.html import page, section, table
from emei.report.map import MapContent, map_svg
from emei.report.plots import plots_svg
from emei.report.recording import CommandRow, Recording, StepResult
from emei.report.timeline import Window, timeline_svg

Fact = tuple[str, str]


@dataclass(frozen=True)
class Picture:
    """A PNG file's octets, and what the packets it was made of say."""

    name: str
    octets: bytes
    facts: Sequence[Fact]


@dataclass(frozen=True)
class Report:
    """`facts` are groups of named values for the head; `closeup` is the part of the timeline that is drawn large."""

    title: str
    subtitle: str
    facts: Sequence[tuple[str, Sequence[Fact]]]
    map: MapContent
    recording: Recording
    steps: Sequence[StepResult]
    closeup: Window | None = None
    pictures: Sequence[Picture] = ()

    @property
    def verdict(self) -> str:
        failed = sum(not step.passed for step in self.steps)
        total = len(self.steps)
        return f"{failed} of {total} steps not verified" if failed else f"all {total} steps verified"


def render(report: Report) -> str:
    """The page."""
    passed = all(step.passed for step in report.steps)
    sections = [
        section("Pass", f'<div class="head"><div>{_facts(report)}</div><figure>{map_svg(report.map)}</figure></div>'),
        section("Steps", _steps(report.steps)),
        section("Timeline", f"<figure>{timeline_svg(report.recording)}</figure>"),
    ]
    if report.closeup:
        drawing = timeline_svg(report.recording, report.closeup, "closeup")
        sections.append(section("Data takes, close up", f"<figure>{drawing}</figure>{_PHASES}"))
    if report.pictures:
        sections.append(section("Science data", "".join(_picture(picture) for picture in report.pictures)))
    sections += [
        section(
            "Power, temperatures, transmit duty",
            f"<figure>{plots_svg(report.recording)}</figure>"
            '<p class="note">Shaded: <span class="swatch transmit"></span> transmit-enable on, '
            '<span class="swatch image"></span> optical imaging. Gaps: the unit is off or its value is not fresh.</p>',
        ),
        section("Telecommands", _commands(report.recording.shown_commands()) + _platform_note(report.recording)),
        section("Events", _events(report.recording)),
    ]
    return page(report.title, report.subtitle, passed, report.verdict, sections)


def _facts(report: Report) -> str:
    groups = []
    for title, facts in report.facts:
        rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
        groups.append(f"<div><h3>{escape(title)}</h3><dl>{rows}</dl></div>")
    return f'<div class="facts">{"".join(groups)}</div>'


def _picture(picture: Picture) -> str:
    source = f"data:image/png;base64,{b64encode(picture.octets).decode()}"
    facts = "; ".join(f"{escape(name)}: {escape(value)}" for name, value in picture.facts)
    return f'<figure><img src="{source}" alt="{escape(picture.name)}"></figure><p class="note">{facts}.</p>'


def _steps(steps: Sequence[StepResult]) -> str:
    rows = []
    group = ""
    for number, step in enumerate(steps, 1):
        if step.group != group:
            group = step.group
            rows.append(f'<tr class="group"><th colspan="6">{escape(group)}</th></tr>')
        mark = {"verified": "✓", "failed": "✗"}.get(step.status, "·")
        rows.append(
            f'<tr class="{escape(step.status.replace(" ", "-"))}"><td class="number">{number}</td>'
            f"<td>{escape(step.name)}</td><td>{escape(step.verification)}</td><td>{escape(step.evidence)}</td>"
            f'<td class="number">{step.duration_s:.1f}</td><td class="status">{mark} {escape(step.status)}</td></tr>'
        )
    return table(("#", "Step", "Verified by", "Seen", "Time, s", "Result"), rows, "steps")


def _commands(commands: Sequence[CommandRow]) -> str:
    rows = []
    for row in commands:
        times = {subservice: time_s - row.sent_s for subservice, time_s in row.reports}
        progress = sum(subservice == 5 for subservice, _ in row.reports)
        cells = [f"{times[item]:.3f}" if item in times else "" for item in (1, 3)]
        cells += [f"{progress}" if progress else "", f"{times[7]:.3f}" if 7 in times else ""]
        failed = next((subservice for subservice, _ in row.reports if subservice in (2, 4, 6, 8, 10)), None)
        outcome = f"(1,{failed}) {row.failure}" if failed else row.state
        numbers = "".join(f'<td class="number">{cell}</td>' for cell in cells)
        rows.append(
            f'<tr class="{"refused" if failed else ""}"><td class="number">{row.sent_s:.3f}</td>'
            f'<td><b>{escape(row.name)}</b><br><span class="arguments">{escape(row.arguments)}</span></td>'
            f"{numbers}<td>{escape(outcome)}</td></tr>"
        )
    heads = ("Sent, s", "Telecommand", "(1,1), s", "(1,3), s", "(1,5)", "(1,7), s", "Outcome")
    return table(heads, rows, "commands")


def _platform_note(recording: Recording) -> str:
    count = sum(row.platform for row in recording.commands)
    return (
        f'<p class="note">Not listed: {count} time messages and ancillary data of the platform, 1 Hz each, '
        "which ask for no verification report.</p>"
    )


def _events(recording: Recording) -> str:
    rows = [
        f'<tr><td class="number">{event.time_s:.3f}</td><td class="{escape(event.severity)}">{escape(event.severity)}'
        f"</td><td><b>{escape(event.name)}</b></td><td>{escape(event.message)}</td></tr>"
        for event in recording.events
    ]
    return table(("Time, s", "Severity", "Event", "Message"), rows, "events")


_PHASES = (
    '<p class="note">SAR phase: <span class="swatch noise"></span> noise, '
    '<span class="swatch moving"></span> calibration, <span class="swatch echo"></span> echo. '
    'Door: <span class="swatch moving"></span> moving, <span class="swatch echo"></span> open.</p>'
)
