"""The dictionary as objects, built of the values of values.py. Immutable; made by build.py from checked content."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar, cast

from emei.dictionary.errors import DictionaryError, UnknownName, instead_of
from emei.dictionary.types import WireType
from emei.dictionary.values import Argument, Enumeration, Field, Parameter, Register

T = TypeVar("T")

SEVERITIES = ("informative", "low", "medium", "high")
MODE_KINDS = ("off", "rest", "take", "safe")
# What a failure's sentence may call by name: of its detail the first six, of its limit the others. A mode is told
# with its instrument: INSTRUMENT x 256 + the mode's value, 0 for none.
SENTENCE_WORDS = ("rule", "zone", "instrument", "event", "parameter", "mode", "monitor", "guard", "to_mode")


@dataclass(frozen=True)
class Layout:
    """A field list that stands in more than one place."""

    name: str
    fields: tuple[Field, ...]
    help: str = ""

    @property
    def octets(self) -> int:
        return sum(item.type.octets for item in self.fields)


@dataclass(frozen=True)
class Telecommand:
    """`layout` names the layout whose fields are the last arguments, if any."""

    name: str
    service: int
    subservice: int
    arguments: tuple[Argument, ...]
    layout: str = ""
    bench: bool = False
    hazardous: bool = False
    help: str = ""


@dataclass(frozen=True)
class Report:
    name: str
    service: int
    subservice: int
    fields: tuple[Field, ...]
    help: str = ""


@dataclass(frozen=True)
class Event:
    """Its report is (5, level): level 1 informative to 4 high."""

    name: str
    id: int
    severity: str
    message: str
    fields: tuple[Field, ...]

    @property
    def level(self) -> int:
        return SEVERITIES.index(self.severity) + 1


@dataclass(frozen=True)
class Failure:
    """Failure code of a verification report. `sentence` is a format string of {detail}, {limit} and SENTENCE_WORDS."""

    name: str
    code: int
    stage: str
    sentence: str


@dataclass(frozen=True)
class Structure:
    """Housekeeping structure, PUS service 3."""

    name: str
    id: int
    period_cycles: int
    enabled: bool
    parameters: tuple[Parameter, ...]

    @property
    def octets(self) -> int:
        """Source data of its report: structure ID, validity mask, parameters."""
        return 1 + 4 + sum(item.type.octets for item in self.parameters)


@dataclass(frozen=True)
class Block:
    """Registers that follow each other without gaps from `address`."""

    name: str
    address: int
    access: str
    registers: tuple[Register, ...]
    layout: str = ""
    crc16: bool = False
    help: str = ""

    @property
    def octets(self) -> int:
        """Length of the block, its CRC-16 included."""
        return sum(item.type.octets for item in self.registers) + 2 * self.crc16


@dataclass(frozen=True)
class Unit:
    name: str
    node: int
    limiter: str
    blocks: tuple[Block, ...]
    help: str = ""

    def block(self, name: str) -> Block:
        return _by_name("block", {item.name: item for item in self.blocks}, name)


@dataclass(frozen=True)
class Mode:
    name: str
    value: int
    kind: str
    power_w: float
    current_ma: int


@dataclass(frozen=True)
class Transition:
    """Performed by `procedure` of the instrument's module when every guard holds."""

    sources: tuple[str, ...]
    target: str
    procedure: str
    guards: tuple[str, ...]
    time_limit_ms: int


@dataclass(frozen=True)
class ModeMachine:
    instrument: str
    unit: str
    modes: tuple[Mode, ...]
    transitions: tuple[Transition, ...]


@dataclass(frozen=True)
class Guard:
    """Holds while `parameter` is fresh and in its range (in its unit), or while the condition `check` holds.

    With `again`, the guard of a data take is looked at once more just before it begins.
    """

    name: str
    parameter: Parameter | None
    minimum: float | None
    maximum: float | None
    check: str
    failure: str
    help: str = ""
    again: bool = True

    @property
    def raw_minimum(self) -> int | None:
        if self.parameter is None or self.minimum is None:
            return None
        return self.parameter.raw_at_least(self.minimum)

    @property
    def raw_maximum(self) -> int | None:
        if self.parameter is None or self.maximum is None:
            return None
        return self.parameter.raw_at_most(self.maximum)


@dataclass(frozen=True)
class Monitor:
    """Limits of fault protection, in the parameter's unit. `condition`: applies while that parameter is not 0.

    `level` of the fault levels answers a trip; 0: nothing but the event.
    """

    name: str
    index: int
    parameter: Parameter
    instrument: str
    modes: tuple[str, ...]
    samples: int
    level: int = 0
    condition: Parameter | None = None
    stale_trips: bool = False
    event_only: bool = False
    warning_low: float | None = None
    warning_high: float | None = None
    trip_low: float | None = None
    trip_high: float | None = None


@dataclass(frozen=True)
class Trend:
    """Slope alarm: the parameter moved by more than `change` (in its unit) within `window_min`, in the modes.

    The first `settle_min` minutes of a mode are left out.
    """

    name: str
    index: int
    parameter: Parameter
    instrument: str
    modes: tuple[str, ...]
    window_min: int
    change: float
    settle_min: int


@dataclass(frozen=True)
class Persistent:
    """A value that survives a reset and a power cut. `key` is its identity in flash."""

    name: str
    key: int
    type: WireType
    default: int
    unit: str = ""
    help: str = ""


@dataclass(frozen=True)
class Malformed:
    """What one kind of malformed input gives: a counter of the pool, or a report with a failure code."""

    input: str
    counter: str = ""
    report: str = ""
    failure: str = ""


@dataclass(frozen=True)
class Spacecraft:
    name: str
    id: int
    instruments: tuple[str, ...]
    key_slot: int

    @property
    def downlink_id(self) -> int:
        """As the frames of the science downlink have it, in eight bits."""
        return self.id & 0xFF


@dataclass(frozen=True)
class Zone:
    """Transmit zone: no transmission while the sub-satellite point is within the radius of it. `index` is its ID."""

    name: str
    index: int
    latitude_deg: float
    longitude_deg: float
    radius_km: float


@dataclass(frozen=True)
class BitField:
    """An unsigned number of some bits in a science packet."""

    name: str
    bits: int
    help: str = ""


@dataclass(frozen=True)
class SciencePacket:
    """Header of a science packet after the primary header: fields without gaps, most significant bit first."""

    name: str
    fields: tuple[BitField, ...]
    help: str = ""

    @property
    def octets(self) -> int:
        return sum(field.bits for field in self.fields) // 8


Row = tuple[int | float, ...]
Constant = int | float | Row | tuple[Row, ...] | Mapping[str, int | float]


@dataclass(frozen=True)
class Mission:
    """Constants by section and key, as in the file, mission.toml or science.toml.

    DictionaryError for one that is not stated or of another kind: what the schema leaves open is found at its use.
    """

    file: str
    sections: Mapping[str, Mapping[str, Constant]]

    def __getitem__(self, section: str) -> Mapping[str, Constant]:
        return self.sections[section]

    def integer(self, section: str, key: str) -> int:
        value = self._stated(section, key)
        if not isinstance(value, int):
            raise self._not_allowed(section, key, value, "a whole number")
        return value

    def number(self, section: str, key: str) -> float:
        value = self._stated(section, key)
        if not isinstance(value, int | float):
            raise self._not_allowed(section, key, value, "a number")
        return float(value)

    def row(self, section: str, key: str) -> Row:
        value = self._stated(section, key)
        if not isinstance(value, tuple) or any(isinstance(item, tuple) for item in value):
            raise self._not_allowed(section, key, value, "a list of numbers")
        return cast(Row, value)

    def rows(self, section: str, key: str) -> tuple[Row, ...]:
        value = self._stated(section, key)
        if not isinstance(value, tuple) or not all(isinstance(item, tuple) for item in value):
            raise self._not_allowed(section, key, value, "a list of lists of numbers")
        return cast(tuple[Row, ...], value)

    def _stated(self, section: str, key: str) -> Constant:
        try:
            return self.sections[section][key]
        except KeyError as error:
            raise DictionaryError(f"{self.file}, {section}: {key} must be stated.") from error

    def _not_allowed(self, section: str, key: str, value: Constant, allowed: str) -> DictionaryError:
        return DictionaryError(f"{self.file}, {section}, {key}: the value is {value!r}; {allowed} is allowed.")


@dataclass(frozen=True, eq=False)
class Dictionary:
    """Everything both ends know about the packets, the units and the limits."""

    hash: bytes
    mission: Mission
    spacecraft: Mapping[str, Spacecraft]
    enumerations: Mapping[str, Enumeration]
    layouts: Mapping[str, Layout]
    telecommands: Mapping[str, Telecommand]
    reports: Mapping[str, Report]
    events: Mapping[str, Event]
    failures: Mapping[str, Failure]
    parameters: Mapping[str, Parameter]
    structures: Mapping[str, Structure]
    units: Mapping[str, Unit]
    machines: Mapping[str, ModeMachine]
    guards: Mapping[str, Guard]
    monitors: Mapping[str, Monitor]
    trends: Mapping[str, Trend]
    persistent: Mapping[str, Persistent]
    science: Mission
    science_packets: Mapping[str, SciencePacket]
    malformed: tuple[Malformed, ...] = field(default=())
    zones: Mapping[str, Zone] = field(default_factory=dict)

    @property
    def hash_word(self) -> int:
        """The first four octets of the hash, as the board reports them (DICTIONARY_HASH)."""
        return int.from_bytes(self.hash[:4], "big")

    def telecommand(self, name: str) -> Telecommand:
        """By name, in any case. UnknownName, with the names to take instead, when there is none."""
        return _by_name("telecommand", self.telecommands, name)

    def report(self, name: str) -> Report:
        return _by_name("report", self.reports, name)

    def event(self, name: str) -> Event:
        return _by_name("event", self.events, name)

    def parameter(self, name: str) -> Parameter:
        return _by_name("parameter", self.parameters, name)

    def structure(self, name: str) -> Structure:
        return _by_name("housekeeping structure", self.structures, name)

    def unit(self, name: str) -> Unit:
        return _by_name("unit", self.units, name)

    def enumeration(self, name: str) -> Enumeration:
        return _by_name("enumeration", self.enumerations, name)

    def failure_sentence(self, code: int, detail: int = 0, limit: int = 0) -> str:
        """What the operator reads for a failure code and its two values."""
        failure = self._failures_by_code.get(code)
        if failure is None:
            return f"failure code {code} is not in the dictionary (detail {detail}, limit {limit})"
        return failure.sentence.format(detail=detail, limit=limit, **self._numbered(detail, limit))

    def _numbered(self, detail: int, limit: int) -> dict[str, str]:
        """SENTENCE_WORDS with the names of what the two values number; the number itself when that is nothing."""
        names = {word: self.enumerations[word.upper()].label(detail) for word in ("rule", "zone", "instrument")}
        names["event"] = {0: "none", **{item.id: item.name for item in self.events.values()}}.get(detail, str(detail))
        names["parameter"] = {item.index: item.name for item in self.parameters.values()}.get(detail, str(detail))
        names["monitor"] = {item.index: item.name for item in self.monitors.values()}.get(limit, str(limit))
        names["guard"] = dict(enumerate(self.guards)).get(limit, str(limit))
        return names | {"mode": self._mode(detail), "to_mode": self._mode(limit)}

    def _mode(self, value: int) -> str:
        if value == 0:
            return "none"
        instrument = self.enumerations["INSTRUMENT"].label(value >> 8)
        modes = self.enumerations.get(f"{instrument}_MODE")
        return f"{instrument} {modes.label(value & 0xFF)}" if modes else str(value)

    @cached_property
    def _failures_by_code(self) -> dict[int, Failure]:
        return {item.code: item for item in self.failures.values()}

    def owned_by(self, unit: str) -> Iterator[Parameter]:
        """The pool parameters read from a unit, in the order of its housekeeping block."""
        return (item for item in self.parameters.values() if item.owner == unit)


def _by_name(kind: str, table: Mapping[str, T], name: str) -> T:
    found = table.get(name) or table.get(name.upper()) or table.get(name.lower())
    if found is None:
        raise UnknownName(f"There is no {kind} {name}{instead_of(name, table)}")
    return found
