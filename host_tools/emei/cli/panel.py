"""Live telemetry in the terminal: parameters in the colours of their limits, and the last events."""

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from emei.cli.common import table
from emei.dictionary import Dictionary, Monitor
from emei.session import Reading, Session

SEVERITY_STYLES = {"low": "yellow", "medium": "dark_orange", "high": "bold red"}
_NOT_VALID = "dim"
_WARNING = "yellow"
_TRIP = "bold red"
_EVENTS_SHOWN = 8
_CELL_WIDTH = 40
_TITLE_ROWS = 2  # a title and the names of the columns


class Panel:
    """Drawn anew by rich whenever it refreshes; modes, then parameters in the dictionary's order, as many as fit."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        events = self._events()
        columns = max(1, options.max_width // _CELL_WIDTH)
        room = console.height - events.row_count - 2 * _TITLE_ROWS
        if self.session.dictionary_mismatch:
            yield Text(self.session.dictionary_mismatch, _TRIP)
            room -= -(-len(self.session.dictionary_mismatch) // options.max_width)
        yield self._parameters(columns, max(1, min(-(-len(self.session.readings) // columns), room)))
        yield events

    def _parameters(self, columns: int, height: int) -> Table:
        readings = self.session.readings
        modes = [f"{name}_MODE" for name in self.session.dictionary.machines]
        names = [name for name in dict.fromkeys([*modes, *self.session.dictionary.parameters]) if name in readings]
        cells = [self._cell(readings[name]) for name in names[: columns * height]]
        title = f"{self.session.spacecraft.name}, {self.session.packets_received} packets"
        if len(cells) < len(names):
            title += f"; {len(names) - len(cells)} more parameters in a larger window"
        rows = _one_line_rows(*("parameter", "value") * columns, title=title)
        for line in range(height):
            rows.add_row(*(part for cell in cells[line::height] for part in cell))
        return rows

    def _cell(self, reading: Reading) -> tuple[str, Text]:
        text = f"{reading.label} {reading.unit}".rstrip()
        style = style_of(self.session.dictionary, reading, self._modes())
        return reading.name, Text(text, style)

    def _modes(self) -> dict[str, str]:
        """Mode of each instrument, as far as housekeeping said."""
        named = {name: self.session.value(f"{name}_MODE") for name in self.session.dictionary.machines}
        return {name: str(mode) for name, mode in named.items() if mode is not None}

    def _events(self) -> Table:
        rows = _one_line_rows("severity", "event", title="Events")
        for event in self.session.events[-_EVENTS_SHOWN:]:
            rows.add_row(event.severity, event.message, style=SEVERITY_STYLES.get(event.severity))
        return rows


def _one_line_rows(*columns: str, title: str) -> Table:
    rows = table(*columns, title=title)
    for column in rows.columns:
        column.no_wrap, column.overflow = True, "ellipsis"
    return rows


def style_of(dictionary: Dictionary, reading: Reading, modes: dict[str, str]) -> str:
    """Dim when not valid; else by the worst of the monitors that apply in the instruments' modes."""
    if not reading.valid:
        return _NOT_VALID
    styles = [
        limit_style(monitor, reading.value)
        for monitor in dictionary.monitors.values()
        if monitor.parameter.name == reading.name and modes.get(monitor.instrument) in monitor.modes
    ]
    return _TRIP if _TRIP in styles else _WARNING if _WARNING in styles else ""


def limit_style(monitor: Monitor, value: float) -> str:
    """Style of a value by one monitor's limits. A value at a limit is still within it."""
    if _beyond(value, monitor.trip_low, monitor.trip_high):
        return _TRIP
    return _WARNING if _beyond(value, monitor.warning_low, monitor.warning_high) else ""


def _beyond(value: float, low: float | None, high: float | None) -> bool:
    return (low is not None and value < low) or (high is not None and value > high)
