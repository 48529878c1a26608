"""Frozen MicroPython tables: constants and tuples only, nothing to parse on board."""

from collections.abc import Iterable

from emei.dictionary.constants import mission_constants
from emei.dictionary.model import MODE_KINDS, Dictionary, Guard, Layout, ModeMachine, Telecommand, Unit
from emei.dictionary.settings import EVENTS_PER_KEY, event_key, housekeeping_key
from emei.dictionary.values import Argument, Field
from emei.packets.headers import crc16

_NOTE = "# Generated from firmware/dictionary; not to be edited.\n"
_CONST = "from micropython import const\n\n"
_FOLDER = "firmware/payload/tables"
_BENCH = 1
_HAZARDOUS = 2
EVENT_SERVICE = 5
HOUSEKEEPING_SERVICE = 3
HOUSEKEEPING_SUBSERVICE = 25


def firmware_files(dictionary: Dictionary) -> dict[str, str]:
    """File content by path below the output folder."""
    modules = {
        "__init__": "",
        "failures": _constants((item.name, item.code) for item in dictionary.failures.values()),
        "events": _events(dictionary),
        "pool": _constants((item.name, item.index) for item in dictionary.parameters.values()),
        "telecommands": _telecommands(dictionary),
        "reports": _reports(dictionary),
        "spacecraft": _spacecraft(dictionary),
        "housekeeping": _housekeeping(dictionary),
        "modes": _modes(dictionary),
        "monitors": _monitors(dictionary),
        "trends": _trends(dictionary),
        "persistent": _persistent(dictionary),
        "units": _units(dictionary),
        "mission": _mission(dictionary),
        "enums": _constants(
            (f"{enumeration.name}_{name}", value)
            for enumeration in dictionary.enumerations.values()
            for name, value in enumeration.members.items()
        ),
    }
    return {f"{_FOLDER}/{name}.py": _NOTE + text for name, text in modules.items()}


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _constants(pairs: Iterable[tuple[str, int]]) -> str:
    return _CONST + _lines(f"{name} = const({value})" for name, value in pairs)


def _tuple(items: Iterable[str]) -> str:
    """A tuple of one item a line."""
    return "(\n" + "".join(f"    {item},\n" for item in items) + ")"


def _type_codes(fields: Iterable[Field]) -> str:
    return repr(bytes(field.type.code for field in fields))


def _events(dictionary: Dictionary) -> str:
    """NAME = (id, level, type codes of the fields)."""
    lines = [
        f"{item.name} = ({item.id}, {item.level}, {_type_codes(item.fields)})" for item in dictionary.events.values()
    ]
    return _lines([*lines, f"EVENTS = {_tuple(dictionary.events)}"])


def _reports(dictionary: Dictionary) -> str:
    """NAME = (service, subservice), and REPORTS: every pair once, events and housekeeping among them."""
    severities = {(EVENT_SERVICE, item.level) for item in dictionary.events.values()}
    pairs = {(item.service, item.subservice) for item in dictionary.reports.values()}
    housekeeping = (HOUSEKEEPING_SERVICE, HOUSEKEEPING_SUBSERVICE)
    text = _lines(f"{item.name} = ({item.service}, {item.subservice})" for item in dictionary.reports.values())
    text += f"HOUSEKEEPING = {housekeeping}\n"
    return text + f"REPORTS = {_tuple(repr(pair) for pair in sorted(pairs | severities | {housekeeping}))}\n"


def _spacecraft(dictionary: Dictionary) -> str:
    """PROFILES: (id, name, instruments fitted)."""
    instruments = dictionary.enumerations["INSTRUMENT"].members
    rows = (
        repr((item.id, item.name, tuple(instruments[name] for name in item.instruments)))
        for item in dictionary.spacecraft.values()
    )
    return f"PROFILES = {_tuple(rows)}\n"


def _telecommands(dictionary: Dictionary) -> str:
    """(service, subservice, name, flags, ((type code, list_max, minimum, maximum, allowed), ...)), raw units."""
    ordered = sorted(dictionary.telecommands.values(), key=lambda item: (item.service, item.subservice))
    return f"TELECOMMANDS = {_tuple(_telecommand(item) for item in ordered)}\n"


def _telecommand(item: Telecommand) -> str:
    flags = _BENCH * item.bench + _HAZARDOUS * item.hazardous
    return repr((item.service, item.subservice, item.name, flags, tuple(_argument(each) for each in item.arguments)))


def _argument(item: Argument) -> tuple[object, ...]:
    allowed = tuple(sorted(item.enumeration.members.values())) if item.enumeration else None
    if allowed or item.whole_range:
        return (item.type.code, item.list_max, None, None, allowed)
    return (item.type.code, item.list_max, item.raw_minimum, item.raw_maximum, allowed)


def _housekeeping(dictionary: Dictionary) -> str:
    """(id, period_cycles, enabled, indices as big-endian pairs of octets, count of parameters)."""
    rows = (
        repr(
            (
                item.id,
                item.period_cycles,
                int(item.enabled),
                b"".join(parameter.index.to_bytes(2, "big") for parameter in item.parameters),
                len(item.parameters),
            )
        )
        for item in dictionary.structures.values()
    )
    return f"STRUCTURES = {_tuple(rows)}\n"


def _modes(dictionary: Dictionary) -> str:
    guards = list(dictionary.guards)
    text = _CONST + _lines(f"GUARD_{name} = const({index})" for index, name in enumerate(guards))
    once = tuple(index for index, guard in enumerate(dictionary.guards.values()) if not guard.again)
    text += f"GUARDS_ONCE = {once!r}\n"
    text += f"GUARDS = {_tuple(_guard(dictionary, item) for item in dictionary.guards.values())}\n"
    for name, machine in dictionary.machines.items():
        value = dictionary.enumerations["INSTRUMENT"].members[name]
        text += f"{name}_MODES = {_tuple(repr((m.value, m.name, MODE_KINDS.index(m.kind))) for m in machine.modes)}\n"
        text += f"{name}_POWER_W = {_by_mode({m.value: round(m.power_w) for m in machine.modes})!r}\n"
        text += f"{name}_CURRENT_MA = {_by_mode({m.value: m.current_ma for m in machine.modes})!r}\n"
        text += f"{name}_TRANSITIONS = {_tuple(_transitions(machine, guards))}\n"
        text += f"{name} = ({value}, ({name}_MODES, {name}_TRANSITIONS))\n"
    return text


def _by_mode(values: dict[int, int]) -> bytes:
    """Big-endian u16 by mode. Octets, since an integer in a frozen tuple is an object: to reckon with it allocates."""
    return b"".join(values.get(mode, 0).to_bytes(2, "big") for mode in range(max(values) + 1))


def _guard(dictionary: Dictionary, guard: Guard) -> str:
    """(name, pool index or -1, raw minimum, raw maximum, check, failure code)."""
    index = guard.parameter.index if guard.parameter else -1
    failure = dictionary.failures[guard.failure].code
    return repr((guard.name, index, guard.raw_minimum, guard.raw_maximum, guard.check or None, failure))


def _transitions(machine: ModeMachine, guards: list[str]) -> Iterable[str]:
    """(mask of source modes, target mode, procedure, indices of guards, time limit in ms)."""
    values = {mode.name: mode.value for mode in machine.modes}
    for item in machine.transitions:
        mask = sum(1 << values[source] for source in item.sources)
        indices = tuple(guards.index(name) for name in item.guards)
        yield repr((mask, values[item.target], item.procedure, indices, item.time_limit_ms))


def _monitors(dictionary: Dictionary) -> str:
    """NAME = index, and LEVELS: the fault level of each trip, 0 for an event only."""
    levels = bytes(item.level for item in dictionary.monitors.values())
    return _constants((item.name, item.index) for item in dictionary.monitors.values()) + f"LEVELS = {levels!r}\n"


def _trends(dictionary: Dictionary) -> str:
    """TRENDS: (parameter, instrument, mask of modes, window in minutes, largest raw change, minutes left out)."""
    rows = []
    for item in dictionary.trends.values():
        modes = dictionary.enumerations[f"{item.instrument}_MODE"].members
        mask = sum(1 << modes[name] for name in item.modes)
        instrument = dictionary.enumerations["INSTRUMENT"].members[item.instrument]
        change = item.parameter.to_raw(item.change)
        rows.append(repr((item.parameter.index, instrument, mask, item.window_min, change, item.settle_min)))
    return f"TRENDS = {_tuple(rows)}\n"


def _persistent(dictionary: Dictionary) -> str:
    """NAME = key; RECORDS: {key: (default, largest value)}; keys of the structures, in order, and of each so many
    events that exist: {first of them / EVENTS_PER_KEY: key}.
    """
    records = dictionary.persistent.values()
    rows = _lines(f"    {item.key}: ({item.default}, {item.type.maximum})," for item in records)
    text = _constants((item.name, item.key) for item in records) + f"RECORDS = {{\n{rows}}}\n"
    structures = tuple(dictionary.persistent[housekeeping_key(name)].key for name in dictionary.structures)
    groups = sorted({item.id // EVENTS_PER_KEY for item in dictionary.events.values()})
    events = {group: dictionary.persistent[event_key(group * EVENTS_PER_KEY)].key for group in groups}
    text += f"HOUSEKEEPING_KEYS = {structures!r}\n"
    return text + f"EVENTS_PER_KEY = const({EVENTS_PER_KEY})\nEVENT_KEYS = {events!r}\n"


def _units(dictionary: Dictionary) -> str:
    text = _CONST + "".join(_unit(dictionary, unit) for unit in dictionary.units.values())
    for layout in dictionary.layouts.values():
        text += f"{layout.name}_TYPES = {_type_codes(layout.fields)}\n{layout.name}_OCTETS = const({layout.octets})\n"
        text += f"{layout.name}_FORMAT = const({_format(layout)})\n"
        offset = 0
        for item in layout.fields:
            text += f"{layout.name}_{item.name.upper()} = const({offset})\n"
            offset += item.type.octets
    return text


def _format(layout: Layout) -> int:
    """From 1: tells octets of this layout from those of one whose fields mean something else."""
    fields = [
        (item.name, item.type.name, str(item.scale), item.enumeration and sorted(item.enumeration.members.items()))
        for item in layout.fields
    ]
    return crc16(repr(fields).encode()) or 1


def _unit(dictionary: Dictionary, unit: Unit) -> str:
    pool = [parameter.index for parameter in dictionary.owned_by(unit.name)]
    pairs = [("NODE", unit.node), ("POOL_FIRST", pool[0]), ("POOL_COUNT", len(pool))]
    if unit.limiter:
        pairs.append(("LIMITER", dictionary.enumerations["LIMITER"].members[unit.limiter]))
    for block in unit.blocks:
        pairs += [(f"{block.name}_ADDRESS", block.address), (f"{block.name}_OCTETS", block.octets)]
        for register in block.registers:
            name = f"{block.name}_{register.name}"
            pairs += [(name, register.address), (f"{name}_TYPE", register.type.code)]
    return _lines(f"{unit.name}_{name.upper()} = const({value})" for name, value in pairs)


def _mission(dictionary: Dictionary) -> str:
    """Without those that have a fraction: firmware reckons in integers, and a sparse module is looked up faster."""
    return _CONST + _lines(
        f"{name} = const({value})" if isinstance(value, int) else f"{name} = {value!r}"
        for name, value in mission_constants(dictionary).items()
        if not isinstance(value, float)
    )
