"""The recorder's catalogue as the board reports it, asked over a session."""

from typing import Any

from emei.packets import Telemetry
from emei.session import NotSeen, Session, SessionError
from emei.verification import CommandFailed

ANSWER_S = 10.0
COLUMNS = ("entry_id", "state", "task_id", "instrument", "priority", "packets", "size_octets", "sent_octets", "crc32")
_REPORTS = 64
_OVERTAKEN_S = 2.0
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
        self._found = {}
        missing = self._session.missing_packets
        self._session.listen(self._take)
        try:
            self._session.send("RECORDER_REPORT_CATALOGUE", first_entry=first_entry, entries=entries).wait(ANSWER_S)
        except CommandFailed as failed:
            if failed.failure.name != "NO_SUCH_ENTRY":
                raise
        finally:
            self._session.forget(self._take)
        try:
            # The telecommand's own report may overtake them.
            self._session.wait_for(lambda: self._session.missing_packets <= missing, _OVERTAKEN_S, "A report")
        except NotSeen as error:
            raise NotSeen("Reports of the catalogue were lost on the way: ask again.") from error
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
