"""The recorder's catalogue as the board reports it, asked over a session."""

from contextlib import suppress
from typing import Any

from emei.packets import Telemetry
from emei.session import NotSeen, Session, SessionError
from emei.verification import CommandFailed

ANSWER_S = 10.0
COLUMNS = ("entry_id", "state", "task_id", "instrument", "priority", "packets", "size_octets", "sent_octets", "crc32")
_REPORTS = 64
_OVERTAKEN_S = 2.0
_TRIES = 3
_NUMBERS = ("entry_id", "size_octets", "sent_octets", "packets", "crc32")
_LARGEST_ID = 65535

Entry = dict[str, Any]


class NoEntry(SessionError):
    """The catalogue has no such entry. The text is a sentence."""


class Catalogue:
    """Reads entries: names where there is an enumeration, numbers as they are."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._found: dict[int, Entry] = {}

    def read(self, first_entry: int, entries: int) -> list[Entry]:
        """Up to so many entries from an id on, in the order of their ids. NotSeen when reports were lost."""
        for _ in range(_TRIES):
            lost = self._session.lost_packets
            found = self._ask(first_entry, entries)
            if self._came_whole(lost):
                return found
        raise NotSeen(
            f"Reports were lost while the catalogue was read, {_TRIES} times: try again when the link is good."
        )

    def _came_whole(self, lost: int) -> bool:
        """Were no more reports lost than before? The telecommand's own report may overtake others."""
        with suppress(NotSeen):
            self._session.wait_for(lambda: self._session.lost_packets <= lost, _OVERTAKEN_S, "A report")
        return self._session.lost_packets <= lost

    def _ask(self, first_entry: int, entries: int) -> list[Entry]:
        self._found = {}
        self._session.listen(self._take)
        try:
            self._session.send("RECORDER_REPORT_CATALOGUE", first_entry=first_entry, entries=entries).wait(ANSWER_S)
        except CommandFailed as failed:
            if failed.failure.name != "NO_SUCH_ENTRY":
                raise
        finally:
            self._session.forget(self._take)
        return [self._found[entry_id] for entry_id in sorted(self._found)]

    def all(self) -> list[Entry]:
        entries: list[Entry] = []
        first = 1
        while first <= _LARGEST_ID and (more := self.read(first, _REPORTS)):
            entries += more
            first = more[-1]["entry_id"] + 1
        return entries

    def entry(self, entry_id: int) -> Entry:
        found = self.read(entry_id, 1)
        if not found or found[0]["entry_id"] != entry_id:
            raise NoEntry(f"The catalogue has no entry {entry_id}: see `emei recorder list`.")
        return found[0]

    def _take(self, report: Telemetry) -> None:
        if report.name == "CATALOGUE_ENTRY":
            entry_id = report.raw["entry_id"]
            assert isinstance(entry_id, int)
            self._found[entry_id] = {
                name: report.raw[name] if name in _NUMBERS else value for name, value in report.fields.items()
            }
