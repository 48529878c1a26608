"""A conversation with one payload computer: telecommands followed to their end, telemetry kept by name.

Single-threaded: everything happens inside `pump`, which the waiting functions call. All timeouts and
periods count in the link's time, which is the board's where time is virtual.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from emei.archive import Archive
from emei.dictionary import Dictionary
from emei.link import Link
from emei.packets import PacketError, Telemetry, pack_telecommand, unpack_telemetry
from emei.verification import FAILURES, SUCCESS, Ack, Command, Failure, Verification

T = TypeVar("T")

SEQUENCE_COUNTS = 1 << 14
HOST_SOURCE_ID = 1


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
    number as text. `valid` is False while the board says that it is not fresh. `time_s` is link time.
    """

    name: str
    raw: int
    value: float | int
    label: str
    unit: str
    valid: bool
    time_s: float


@dataclass(frozen=True)
class EventReport:
    """An event report (5,1) to (5,4). `message` is the dictionary's sentence with the fields filled in."""

    name: str
    severity: str
    fields: dict[str, int | float | str]
    message: str
    time_s: float


@dataclass
class Task:
    """A function run inside the pump at link times k x period_s + phase_s."""

    function: Callable[[], None]
    period_s: float
    phase_s: float
    due_s: float
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class Session:
    """Commands and telemetry of one spacecraft over one link.

    `anomalies` gathers, as sentences, what no report should ever do: verification out of order, broken
    sequence counts, packets that do not decode.
    """

    def __init__(
        self,
        dictionary: Dictionary,
        link: Link,
        archive: Archive | None = None,
        spacecraft: str = "BENCH",
        source_id: int = HOST_SOURCE_ID,
    ) -> None:
        self.dictionary = dictionary
        self.link = link
        self.archive = archive
        self.spacecraft = dictionary.spacecraft[spacecraft]
        self.source_id = source_id
        self.apid = dictionary.mission.integer("packets", "payload_apid")
        self.commands: list[Command] = []
        self.events: list[EventReport] = []
        self.readings: dict[str, Reading] = {}
        self.anomalies: list[str] = []
        self.packets_received = 0
        self._open: dict[int, Command] = {}
        self._sent: dict[int, int] = {}
        self._last_count: dict[int, int] = {}
        self._listeners: list[Callable[[Telemetry], None]] = []
        self._tasks: list[Task] = []
        self._pumping = False

    # Commands

    def send(self, name: str, ack: Ack = Ack.ALL, **arguments: object) -> Command:
        """Send a telecommand by name. Wrong arguments are refused before anything is sent."""

    def send_packet(self, packet: bytes, name: str = "packet", ack: Ack = Ack.ALL) -> Command:
        """Send a packet as it is (tests of bad input) and follow it by its request ID."""

    def next_count(self, apid: int) -> int:
        """The sequence count of the next packet to `apid`, which is thereby used."""

    # Waiting

    def pump(self, timeout_s: float) -> int:
        """Run what is due and take in what arrives, for at most `timeout_s`; returns when packets came."""

    def run_for(self, duration_s: float) -> None:
        """Go on for a while."""

    def wait_for(self, predicate: Callable[[], T], timeout_s: float, what: str) -> T:
        """Until `predicate()` is true, and its value. NotSeen, with `what` in the sentence, when it does not come."""

    def wait_event(self, name: str, timeout_s: float, since: int = 0, **fields: object) -> EventReport:
        """The first event of that name, with those field values, from `events[since:]` on."""

    # Telemetry

    def reading(self, parameter: str) -> Reading | None:
        """The latest value of a parameter, None when no housekeeping report held it yet."""

    def value(self, parameter: str) -> float | int | str | None:
        """Shorthand: the label where the parameter has an enumeration, else the value; None when absent or not valid."""

    def listen(self, listener: Callable[[Telemetry], None]) -> None:
        """Call `listener` with every decoded report from now on, inside the pump."""

    def every(self, period_s: float, function: Callable[[], None], phase_s: float = 0.0) -> Task:
        """Run `function` inside the pump at link times k x period_s + phase_s. Missed times are left out."""

    def check_dictionary(self, timeout_s: float) -> int:
        """Compare the dictionary's hash with housekeeping; returns it. DictionaryMismatch, NotSeen."""
