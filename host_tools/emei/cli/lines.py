"""Live telemetry as lines of text, for pipes and files."""

import click

from emei.packets import Telemetry
from emei.session import Session


class Lines:
    """Prints a line for what has a sentence (events, failures) and for housekeeping with values that changed."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}

    def take(self, report: Telemetry) -> None:
        if report.message:
            text = f"{report.severity or _kind(report)} {report.name}: {report.message}"
        elif report.structure and (changed := self._changed(report)):
            text = f"{_kind(report)} {report.name}: {', '.join(changed)}"
        else:
            return
        click.echo(f"{report.time_gps_s:.3f} {text}")

    def _changed(self, report: Telemetry) -> list[str]:
        now = {value.name: f"{value}" + ("" if value.valid else " (not valid)") for value in report.values}
        changed = [f"{name} {text}" for name, text in now.items() if self._shown.get(name) != text]
        self._shown |= now
        return changed


class MismatchWarning:
    """Says on standard error, once, that board and ground carry different dictionaries."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._said = False

    def take(self, report: Telemetry) -> None:
        if not self._said and self._session.dictionary_mismatch:
            self._said = True
            click.echo(self._session.dictionary_mismatch, err=True)


def _kind(report: Telemetry) -> str:
    return f"({report.service},{report.subservice})"
