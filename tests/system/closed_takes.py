"""What the ground knows of data takes that were reported closed, held against the catalogue and the recorder."""

import zlib
from dataclasses import dataclass, field
from typing import Any

from emei.archive import packets
from emei.packets import Telemetry
from emei.session import Session
from emei.verification import Command
from hil.bench import Bench

ANSWER_S = 10.0
LATER = {"CLOSED": 0, "QUEUED": 1, "SENT": 1, "ACKED": 2, "DELETED": 3}
# The telecommand without which an entry has no such state.
NEEDS = {
    "QUEUED": "RECORDER_QUEUE",
    "SENT": "RECORDER_QUEUE",
    "ACKED": "RECORDER_ACKNOWLEDGE",
    "DELETED": "RECORDER_DELETE",
}


@dataclass
class ClosedTake:
    """An entry as DATA_TAKE_CLOSED told of it, the recorder's file of it then, and what was asked for since."""

    entry_id: int
    task_id: int
    packets: int
    file: bytes = field(repr=False)
    state: str = "CLOSED"
    asked: set[str] = field(default_factory=set)


class ClosedTakes:
    """The ledger: `check` fails when a data take that was reported closed is not kept as it was.

    It asks for the catalogue and lets the bench's time go on until it came.
    """

    def __init__(self, session: Session, bench: Bench) -> None:
        self.takes: dict[int, ClosedTake] = {}
        self.checks = 0
        self._session = session
        self._bench = bench
        self._events = 0
        self._catalogue: dict[int, dict[str, Any]] = {}
        session.listen(self._take_report)

    def ask(self, name: str, entry_id: int, **arguments: int) -> Command:
        """One of the telecommands that move an entry on."""
        self.takes[entry_id].asked.add(name)
        return self._session.send(name, entry_id=entry_id, **arguments)

    def acknowledge(self, entry_id: int) -> Command:
        """With the size and the CRC of the file as it was recorded."""
        file = self.takes[entry_id].file
        return self.ask("RECORDER_ACKNOWLEDGE", entry_id, size_octets=len(file), crc32=zlib.crc32(file))

    def check(self) -> None:
        """Every data take told of so far: in the catalogue, in a state that was asked for, its file whole."""
        self._enter()
        if self.takes and self._ask_for_catalogue():
            self.checks += 1
            for take in self.takes.values():
                self._check_entry(take)
        for take in self.takes.values():
            if "RECORDER_DELETE" not in take.asked:
                assert self._bench.units.recorder_file(take.entry_id) == take.file, f"the file of {take} is another"

    def _enter(self) -> None:
        """What was reported since; an entry reported twice must be the same."""
        events = self._session.events[self._events :]
        self._events += len(events)
        for event in events:
            if event.name != "DATA_TAKE_CLOSED":
                continue
            entry_id, task_id, count = (int(str(event.fields[name])) for name in ("entry_id", "task_id", "packets"))
            if entry_id not in self.takes:
                file = self._bench.units.recorder_file(entry_id)
                assert len(list(packets(file))) == count, f"entry {entry_id} was closed with {count} packets"
                self.takes[entry_id] = ClosedTake(entry_id, task_id, count, file)
            known = self.takes[entry_id]
            assert (known.task_id, known.packets) == (task_id, count), f"{known} was closed again with {event.fields}"

    def _ask_for_catalogue(self) -> bool:
        """False when the board had no handler free for it: it is asked again after the next step."""
        self._catalogue.clear()
        command = self._session.send("RECORDER_REPORT_CATALOGUE", first_entry=1, entries=64)
        self._session.wait_for(lambda: command.finished, ANSWER_S, "The catalogue")
        if command.failure is None:
            return True
        assert command.failure.name == "TOO_MANY_HANDLERS", f"{len(self.takes)} entries: {command.failure.sentence}"
        return False

    def _check_entry(self, take: ClosedTake) -> None:
        assert take.entry_id in self._catalogue, f"{take} is not in the catalogue any more"
        entry = self._catalogue[take.entry_id]
        state = str(entry["state"])
        assert state in LATER, f"{take} has become {state}"
        assert state == "CLOSED" or NEEDS[state] in take.asked, f"{take} is {state} without {NEEDS[state]}"
        assert LATER[state] >= LATER[take.state] or LATER[take.state] < LATER["ACKED"], f"{take} went back to {state}"
        take.state = state
        kept = (entry["task_id"], entry["packets"], entry["size_octets"], entry["crc"])
        assert kept == (take.task_id, take.packets, len(take.file), zlib.crc32(take.file)), f"{take} is kept as {kept}"

    def _take_report(self, report: Telemetry) -> None:
        if report.name == "CATALOGUE_ENTRY":
            fields = dict(report.fields) | {"crc": report.raw["crc32"]}
            self._catalogue[int(str(report.raw["entry_id"]))] = fields
