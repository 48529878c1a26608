"""The report of a pass as one HTML page that needs nothing else: styles and drawings are inside."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from emei.report.map import MapContent, map_svg
from emei.report.plots import plots_svg
from emei.report.recording import CommandRow, Recording, StepResult
from emei.report.timeline import Window, timeline_svg

Fact = tuple[str, str]


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

    @property
    def verdict(self) -> str:
        failed = sum(not step.passed for step in self.steps)
        total = len(self.steps)
        return f"{failed} of {total} steps not verified" if failed else f"all {total} steps verified"


def render(report: Report) -> str:
    """The page."""
    passed = all(step.passed for step in report.steps)
    sections = [
        _section("Pass", f'<div class="head"><div>{_facts(report)}</div><figure>{map_svg(report.map)}</figure></div>'),
        _section("Steps", _steps(report.steps)),
        _section("Timeline", f"<figure>{timeline_svg(report.recording)}</figure>"),
    ]
    if report.closeup:
        drawing = timeline_svg(report.recording, report.closeup, "closeup")
        sections.append(_section("Data takes, close up", f"<figure>{drawing}</figure>{_PHASES}"))
    sections += [
        _section(
            "Power, temperatures, transmit duty",
            f"<figure>{plots_svg(report.recording)}</figure>"
            '<p class="note">Shaded: <span class="swatch transmit"></span> transmit-enable on, '
            '<span class="swatch image"></span> optical imaging. Gaps: the unit is off or its value is not fresh.</p>',
        ),
        _section("Telecommands", _commands(report.recording.shown_commands()) + _platform_note(report.recording)),
        _section("Events", _events(report.recording)),
    ]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(report.title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><header>'
        f"<h1>{escape(report.title)}</h1><p>{escape(report.subtitle)}</p>"
        f'<p class="verdict {"good" if passed else "bad"}">{"✓" if passed else "✗"} {escape(report.verdict)}</p>'
        f"</header><main>{''.join(sections)}</main></body></html>\n"
    )


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def _facts(report: Report) -> str:
    groups = []
    for title, facts in report.facts:
        rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
        groups.append(f"<div><h3>{escape(title)}</h3><dl>{rows}</dl></div>")
    return f'<div class="facts">{"".join(groups)}</div>'


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
    return _table(("#", "Step", "Verified by", "Seen", "Time, s", "Result"), rows, "steps")


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
    return _table(heads, rows, "commands")


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
    return _table(("Time, s", "Severity", "Event", "Message"), rows, "events")


def _table(heads: Sequence[str], rows: Sequence[str], kind: str) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    return f'<table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


_PHASES = (
    '<p class="note">SAR phase: <span class="swatch noise"></span> noise, '
    '<span class="swatch moving"></span> calibration, <span class="swatch echo"></span> echo. '
    'Door: <span class="swatch moving"></span> moving, <span class="swatch echo"></span> open.</p>'
)

_STYLE = """
:root { --ink: #1f2933; --soft: #5b6673; --line: #e4e7eb; --good: #00664b; --bad: #b34700; --paper: #f5f6f8; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 14px/1.45 "DejaVu Sans", "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
header { background: #12304a; color: white; padding: 22px 32px; }
header h1 { margin: 0 0 4px; font-size: 24px; font-weight: 600; }
header p { margin: 2px 0; color: #d3dee8; }
header .verdict { display: inline-block; margin-top: 10px; padding: 4px 12px; border-radius: 4px; color: white;
  font-weight: 600; }
.verdict.good { background: var(--good); } .verdict.bad { background: var(--bad); }
main { max-width: 1360px; margin: 0 auto; padding: 16px 20px 40px; }
section { background: white; border: 1px solid var(--line); border-radius: 6px; padding: 14px 20px 18px;
  margin-top: 16px; }
h2 { font-size: 17px; margin: 0 0 10px; } h3 { font-size: 13px; margin: 0 0 4px; color: var(--soft); font-weight: 600;
  text-transform: uppercase; letter-spacing: .04em; }
figure { margin: 0; } figure svg { width: 100%; height: auto; display: block; }
.head { display: grid; grid-template-columns: minmax(0, 1fr) 500px; gap: 24px; align-items: start; }
.facts { display: grid; grid-template-columns: 1fr 1fr; gap: 18px 28px; }
dl { margin: 0; display: grid; grid-template-columns: auto 1fr; gap: 2px 12px; }
dt { color: var(--soft); } dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th { text-align: left; white-space: nowrap; color: var(--soft); font-weight: 600;
  border-bottom: 2px solid var(--line); padding: 4px 8px; vertical-align: bottom; }
td { border-bottom: 1px solid var(--line); padding: 4px 8px; vertical-align: top; overflow-wrap: anywhere; }
td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
table.commands th:first-child, table.events th:first-child { text-align: right; }
tr.group th { background: var(--paper); color: var(--ink); border-bottom: 1px solid var(--line); padding-top: 8px; }
.steps td:nth-child(2) { width: 21%; } .steps td:nth-child(3) { width: 28%; color: var(--soft); }
.status { white-space: nowrap; font-weight: 600; }
tr.verified .status { color: var(--good); } tr.failed .status, tr.refused td:last-child { color: var(--bad); }
tr.failed td { background: #fff4ec; }
.commands td:nth-child(2) { width: 42%; } .arguments { color: var(--soft); font-size: 12px; }
td.high, td.medium { color: var(--bad); font-weight: 600; }
.note { color: var(--soft); margin: 8px 0 0; }
.swatch { display: inline-block; width: 14px; height: 10px; border-radius: 2px; }
.swatch.noise { background: #8a94a0; } .swatch.moving { background: #e69f00; } .swatch.echo { background: #009e73; }
.swatch.transmit { background: #f9dfcc; } .swatch.image { background: #d5efe6; }
@media (max-width: 1100px) { .head { grid-template-columns: 1fr; } }
@media print { body { background: white; } section { break-inside: avoid; } }
"""
