"""Progress of a pass on the console: live on a terminal, a line a step anywhere else."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from emei.planning.time_scales import utc_of
from emei.report.recording import StepResult
from hil.bench import Bench
from hil.passes.flight import Flight, Step
from hil.passes.plan import PassPlan
from hil.passes.products import bench_facts, pass_facts

MARKS = {"verified": ("✓", "green"), "failed": ("✗", "red"), "not run": ("·", "dim")}
WIDE_COLUMNS = 110
_STATUS = (
    ("SAR", "SAR_MODE"),
    ("phase", "SAR_PHASE"),
    ("optical", "OPTICAL_MODE"),
    ("door", "OPTICAL_DOOR"),
    ("transmit", "TRANSMIT_ENABLE"),
    ("W", "POWER_TOTAL_POWER_W"),
)


class PlainProgress(AbstractContextManager["PlainProgress"]):
    """A line for each step that has ended."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._flight: Flight | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def flight_is(self, flight: Flight) -> None:
        self._flight = flight

    def begun(self, number: int, step: Step) -> None:
        """Nothing to say yet."""

    def ended(self, number: int, result: StepResult) -> None:
        self._console.print(step_line(number, result), highlight=False)


class LiveProgress(AbstractContextManager["LiveProgress"]):
    """The steps that have ended scroll by; below them the running one with what telemetry says now."""

    def __init__(self, console: Console) -> None:
        self._live = Live(_Running(self), console=console, refresh_per_second=8, transient=True)
        self.flight: Flight | None = None
        self.step: Step | None = None
        self.number = 0
        self.spinner = Spinner("dots")

    def __enter__(self) -> "LiveProgress":
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def flight_is(self, flight: Flight) -> None:
        self.flight = flight

    def begun(self, number: int, step: Step) -> None:
        self.number, self.step = number, step

    def ended(self, number: int, result: StepResult) -> None:
        self.step = None
        self._live.console.print(step_line(number, result), highlight=False)


class _Running:
    """Drawn anew at each refresh."""

    def __init__(self, progress: LiveProgress) -> None:
        self._progress = progress

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        progress = self._progress
        if progress.step is None or progress.flight is None:
            return
        progress.spinner.text = Text(f"{progress.number:2d} {progress.step.name} ({progress.step.verification})")
        yield progress.spinner
        yield Text(f"   {status_text(progress.flight)}", style="dim")


def status_text(flight: Flight) -> str:
    """Board time and the state of the instruments in one line."""
    parts = []
    for title, parameter in _STATUS:
        reading = flight.session.readings.get(parameter)
        if reading is not None and reading.valid:
            parts.append(f"{title} {reading.label}")
    now_s = flight.now_s
    to_go_s = flight.bench_time_s(flight.plan.closest.gps_s) - now_s
    clock = utc_of(flight.plan.bench_epoch_gps_s + now_s)
    approach = f"closest approach {'in' if to_go_s > 0 else 'was'} {abs(to_go_s):.0f} s{'' if to_go_s > 0 else ' ago'}"
    return f"{clock:%H:%M:%S} UTC, {approach} | " + ", ".join(parts)


def step_line(number: int, result: StepResult) -> Text:
    mark, style = MARKS[result.status]
    line = Text()
    line.append(f"{mark} ", style=style)
    line.append(f"{number:2d} {result.name}", style="bold" if result.passed else style)
    line.append(f"  {result.duration_s:.1f} s  ", style="dim")
    line.append(result.evidence or result.status)
    return line


def print_facts(console: Console, plan: PassPlan, bench: Bench) -> None:
    """Orbit, pass and settings before the flight."""
    for title, facts in [*pass_facts(plan), ("Bench", bench_facts(plan, bench))]:
        line = Text(f"{title}: ", style="bold")
        line.append("; ".join(f"{name} {value}" for name, value in facts), style="not bold")
        console.print(line, highlight=False)
    console.print()


def print_steps(console: Console, results: Sequence[StepResult]) -> None:
    """What happened, as a table; on a narrow terminal without the column that summary.json has as well."""
    wide = console.width >= WIDE_COLUMNS
    table = Table(title="What happened", title_justify="left", show_lines=False, pad_edge=False)
    table.add_column("#", justify="right")
    table.add_column("Step", ratio=3, overflow="fold")
    if wide:
        table.add_column("Verified by", ratio=4, style="dim", overflow="fold")
    table.add_column("Seen", ratio=6, overflow="fold")
    table.add_column("Board s", justify="right")
    table.add_column("Result", no_wrap=True)
    group = ""
    for number, result in enumerate(results, 1):
        if result.group != group:
            group = result.group
            table.add_section()
        mark, style = MARKS[result.status]
        end = (Text(result.evidence), f"{result.duration_s:.1f}", Text(f"{mark} {result.status}", style=style))
        table.add_row(str(number), result.name, *([result.verification] if wide else []), *end)
    console.print(table)
