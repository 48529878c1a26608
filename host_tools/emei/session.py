"""A conversation with one payload computer: telecommands followed to their end, telemetry kept by name.

Single-threaded: everything happens inside `pump`, which the waiting functions call. All timeouts and
periods count in the link's time, which is the board's where time is virtual.
"""

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from emei.archive import Archive
from emei.dictionary import Dictionary
from emei.link import TIME_RESOLUTION_S, Link, Received
from emei.packets import PacketError, Telemetry, pack_telecommand, unpack_telemetry
from emei.packets.headers import SEQUENCE_COUNTS
from emei.packets.values import Physical
from emei.verification import FAILURES, Ack, Command, Failure, Verification, request_id_of

T = TypeVar("T")

HOST_SOURCE_ID = 1
REORDERED_PACKETS = 1000  # reports of one board overtake each other by urgency, never by more than this


class SessionError(Exception):
    """The board did not do what was awaited. The text is a sentence."""


class NotSeen(SessionError):
    """What was waited for did not come in time."""


class DictionaryMismatch(SessionError):
    """Board and ground carry different dictionaries."""


@dataclass(frozen=True)
class Reading:
    """Latest housekeeping value of a parameter.

    `value` is physical, in `unit`; `label` the member's name where there is an enumeration, else the
    number as text. `valid` is False while the board says that it is not fresh. `time_s` is link time of
    arrival, `board_time_s` the GPS time of the report.
    """

    name: str
    raw: int
    value: float | int
    label: str
    unit: str
    valid: bool
    time_s: float
    board_time_s: float


@dataclass(frozen=True)
class EventReport:
    """An event report (5,1) to (5,4). `message` is the dictionary's sentence with the fields filled in.

    `fields` are physical values, names where there is an enumeration. Times as in Reading.
    """

    name: str
    severity: str
    fields: Mapping[str, Physical]
    message: str
    time_s: float
    board_time_s: float


@dataclass
class Task:
    """A function run inside the pump at link times k x period_s + phase_s."""

    function: Callable[[], None]
    period_s: float
    phase_s: float
    due_s: float = 0.0
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True

    def schedule(self, now_s: float) -> None:
        """Due next at the first of its times after now."""
        self.due_s = math.ceil((now_s - self.phase_s) / self.period_s) * self.period_s + self.phase_s
        if self.due_s <= now_s + TIME_RESOLUTION_S:
            self.due_s += self.period_s


class Session:
    """Commands and telemetry of one spacecraft over one link.

    `anomalies` gathers, as sentences, what no report should ever do: verification out of order, broken
    sequence counts, packets that do not decode. `first_count` is the sequence count of the first telecommand.
    """

    def __init__(
        self,
        dictionary: Dictionary,
        link: Link,
        archive: Archive | None = None,
        spacecraft: str = "BENCH",
        source_id: int = HOST_SOURCE_ID,
        first_count: int = 0,
    ) -> None:
        self.dictionary = dictionary
        self.link = link
        self.archive = archive
        self.spacecraft = dictionary.spacecraft[spacecraft]
        self.source_id = source_id
        self.commands: list[Command] = []
        self.events: list[EventReport] = []
        self.readings: dict[str, Reading] = {}
        self.anomalies: list[str] = []
        self.packets_received = 0
        self._open: dict[int, Command] = {}
        self._next_count = first_count % SEQUENCE_COUNTS
        self._newest_count: dict[int, int] = {}
        self._missing: set[tuple[int, int]] = set()
        self._listeners: list[Callable[[Telemetry], None]] = []
        self._tasks: list[Task] = []
        self._pumping = False
        self._received: deque[Received] = deque()
        self._given_up = 0  # packets that can come no more

    def send(self, name: str, ack: Ack = Ack.ALL, **arguments: object) -> Command:
        """Send a telecommand by name. Wrong arguments are refused before anything is sent."""
        telecommand = self.dictionary.telecommand(name)
        packet = self._packed(telecommand.name, arguments, ack)
        return self._follow(telecommand.name, arguments, packet, ack)

    def send_packet(self, packet: bytes, name: str = "packet", ack: Ack = Ack.ALL) -> Command:
        """Send a packet as it is (tests of bad input) and follow it by its request ID."""
        return self._follow(name, {}, packet, ack)

    def pump(self, timeout_s: float) -> int:
        """Run what is due and take in what arrives, for at most `timeout_s`; returns as soon as packets came."""
        if self._pumping:
            raise RuntimeError("pump was called from within the pump: a task or listener must not wait")
        self._pumping = True
        try:
            until_s = self.link.now_s() + timeout_s
            while True:
                self._run_tasks()
                due_s = min((task.due_s for task in self._tasks), default=until_s)
                wait_s = max(0.0, min(until_s, due_s) - self.link.now_s())
                self._received.extend(self.link.receive(0.0 if self._received else wait_s))
                taken = len(self._received)
                # What is left when a listener, or Ctrl-C, ends it here is taken the next time.
                while self._received:
                    self._take(*self._received.popleft())
                if taken or self.link.now_s() >= until_s - TIME_RESOLUTION_S:
                    return taken
        finally:
            self._pumping = False

    def run_for(self, duration_s: float) -> None:
        """Go on for a while."""
        until_s = self.link.now_s() + duration_s
        while (left_s := until_s - self.link.now_s()) > TIME_RESOLUTION_S:
            self.pump(left_s)

    def wait_for(self, predicate: Callable[[], T], timeout_s: float, what: str) -> T:
        """Until `predicate()` is true, and its value. NotSeen, with `what` in its sentence, when that does not come."""
        until_s = self.link.now_s() + timeout_s
        while not (result := predicate()):
            left_s = until_s - self.link.now_s()
            if left_s <= TIME_RESOLUTION_S:
                raise NotSeen(f"{what} did not come within {timeout_s:g} s.")
            self.pump(left_s)
        return result

    def wait_event(self, name: str, timeout_s: float, since: int = 0, **fields: object) -> EventReport:
        """The first event of that name, with those field values, from `events[since:]` on."""
        self.dictionary.event(name)

        def find() -> EventReport | None:
            for event in self.events[since:]:
                if event.name == name and all(event.fields[key] == value for key, value in fields.items()):
                    return event
            return None

        conditions = "".join(f" with {key} {value}" for key, value in fields.items())
        event = self.wait_for(find, timeout_s, f"The event {name}{conditions}")
        assert event is not None
        return event

    def reading(self, parameter: str) -> Reading | None:
        """The latest value of a parameter, None while no housekeeping report held it."""
        return self.readings.get(self.dictionary.parameter(parameter).name)

    def value(self, parameter: str) -> float | int | str | None:
        """The label where the parameter has an enumeration, else the value; None when absent or not valid."""
        reading = self.reading(parameter)
        if reading is None or not reading.valid:
            return None
        return reading.label if self.dictionary.parameter(parameter).enumeration else reading.value

    @property
    def lost_packets(self) -> int:
        """Missing ones, and those before a boot or a long silence, which are not waited for any more."""
        return self._given_up + self.missing_packets

    @property
    def missing_packets(self) -> int:
        """Packets the board sent since its boot, by their sequence counts, that did not come."""
        return len(self._missing)

    def listen(self, listener: Callable[[Telemetry], None]) -> None:
        """Call `listener` with every decoded report from now on, inside the pump."""
        self._listeners.append(listener)

    def forget(self, listener: Callable[[Telemetry], None]) -> None:
        """No longer call a listener."""
        self._listeners.remove(listener)

    def board_gps_s(self) -> float:
        """On-board time now, from the latest housekeeping report and the link's time since it. NotSeen without one."""
        newest = max(self.readings.values(), key=lambda reading: reading.time_s, default=None)
        if newest is None:
            raise NotSeen("No housekeeping has told the on-board time yet.")
        return newest.board_time_s + self.link.now_s() - newest.time_s

    def every(self, period_s: float, function: Callable[[], None], phase_s: float = 0.0) -> Task:
        """Run `function` inside the pump at link times k x period_s + phase_s. Missed times are left out."""
        task = Task(function, period_s, phase_s)
        task.schedule(self.link.now_s())
        self._tasks.append(task)
        return task

    def check_dictionary(self, timeout_s: float) -> int:
        """Wait for the dictionary's hash in housekeeping, compare and return it. DictionaryMismatch, NotSeen."""
        reading = self.wait_for(
            lambda: self.reading("DICTIONARY_HASH"), timeout_s, "Housekeeping with the dictionary hash"
        )
        if self.dictionary_mismatch:
            raise DictionaryMismatch(self.dictionary_mismatch)
        assert reading is not None
        return reading.raw

    @property
    def dictionary_mismatch(self) -> str:
        """The sentence, once housekeeping has told of another dictionary than the ground's; else empty."""
        reading = self.reading("DICTIONARY_HASH")
        if reading is None or reading.raw == self.dictionary.hash_word:
            return ""
        return (
            f"The board was built with dictionary {reading.raw:08x} and these tools have "
            f"{self.dictionary.hash_word:08x}: use the tools of the board's version, or load its image again."
        )

    def _follow(self, name: str, arguments: Mapping[str, object], packet: bytes, ack: Ack) -> Command:
        command = Command(name, dict(arguments), packet, ack, self.link.now_s(), self._wait_until)
        self._open[command.request_id] = command
        self.commands.append(command)
        if self.archive:
            self.archive.telecommand(command.sent_s, packet)
        self.link.send_packet(packet)
        return command

    def _packed(self, name: str, arguments: Mapping[str, object], ack: Ack) -> bytes:
        """With the next sequence count that is free: what lasts for hours is under way yet when they begin anew."""
        for _ in range(SEQUENCE_COUNTS):
            count = self._next_count
            packet = pack_telecommand(
                self.dictionary, name, arguments, sequence_count=count, ack=int(ack), source_id=self.source_id
            )
            self._next_count = (count + 1) % SEQUENCE_COUNTS
            if self._is_free(packet):
                break
        return packet

    def _is_free(self, packet: bytes) -> bool:
        before = self._open.get(request_id_of(packet))
        return before is None or before.finished

    def _wait_until(self, predicate: Callable[[], bool], timeout_s: float) -> bool:
        try:
            return self.wait_for(predicate, timeout_s, "It")
        except NotSeen:
            return False

    def _run_tasks(self) -> None:
        self._tasks = [task for task in self._tasks if not task.cancelled]
        for task in self._tasks:
            now_s = self.link.now_s()
            if now_s >= task.due_s - TIME_RESOLUTION_S:
                task.schedule(now_s)
                task.function()

    def _take(self, time_s: float, packet: bytes) -> None:
        self.packets_received += 1
        if self.archive:
            self.archive.telemetry(time_s, packet)
        try:
            report = unpack_telemetry(self.dictionary, packet)
        except PacketError as error:
            self.anomalies.append(f"at {time_s:.3f} s a packet came that does not decode: {error}")
            return
        self._check_count(time_s, report)
        if report.service == 1:
            self._take_verification(time_s, report)
        elif report.structure:
            self._take_housekeeping(time_s, report)
        elif report.event:
            event = EventReport(report.name, report.severity, report.fields, report.message, time_s, report.time_gps_s)
            self.events.append(event)
        for listener in self._listeners:
            listener(report)

    def _check_count(self, time_s: float, report: Telemetry) -> None:
        """Keep the sequence counts that did not come. Reports may overtake each other; a boot starts at 0 again."""
        apid, count = report.apid, report.sequence_count
        newest = self._newest_count.get(apid)
        if report.event and report.name == "BOOTED":
            kept = {(other, missing) for other, missing in self._missing if other != apid}
            self._given_up += len(self._missing) - len(kept)
            self._missing = kept
            newest = None
        if newest is None:
            self._newest_count[apid] = count
            return
        ahead = (count - newest) % SEQUENCE_COUNTS
        if 0 < ahead <= REORDERED_PACKETS:
            self._missing |= {(apid, (newest + step) % SEQUENCE_COUNTS) for step in range(1, ahead)}
            self._newest_count[apid] = count
        elif (apid, count) in self._missing:
            self._missing.remove((apid, count))
        elif (newest - count) % SEQUENCE_COUNTS < REORDERED_PACKETS:
            self.anomalies.append(f"at {time_s:.3f} s sequence count {count} of APID {apid} came twice")
        else:
            self.anomalies.append(
                f"at {time_s:.3f} s the sequence count of APID {apid} went from {newest} to {count}: {ahead - 1} "
                "packets did not come, or the board began anew and its BOOTED did not come"
            )
            self._given_up += ahead - 1
            self._newest_count[apid] = count

    def _take_housekeeping(self, time_s: float, report: Telemetry) -> None:
        for field in report.values:
            assert isinstance(field.raw, int) and isinstance(field.value, int | float)
            self.readings[field.name] = Reading(
                field.name, field.raw, field.value, field.label, field.unit, field.valid, time_s, report.time_gps_s
            )

    def _take_verification(self, time_s: float, report: Telemetry) -> None:
        command = self._open.get(report.request_id or 0)
        if command is None:
            request = f"{report.request_id:08x}"
            self.anomalies.append(f"at {time_s:.3f} s (1,{report.subservice}) came for {request}, which was not sent")
            return
        raw = report.raw
        step = raw.get("step")
        assert not isinstance(step, list)
        failure = self._failure(report, step) if report.subservice in FAILURES else None
        problems = len(command.disorder)
        command.take(Verification(report.subservice, time_s, step), failure)
        self.anomalies += command.disorder[problems:]

    @staticmethod
    def _failure(report: Telemetry, step: int | None) -> Failure:
        raw = report.raw
        code, detail, limit = raw["failure"], raw["detail"], raw["limit"]
        assert isinstance(code, int) and isinstance(detail, int) and isinstance(limit, int)
        name = str(report.fields["failure"])
        return Failure(report.subservice, code, name, report.message, detail, limit, step)
