"""The interface document, in Markdown, from the dictionary."""

from collections.abc import Iterable, Iterator, Sequence

from emei.dictionary.constants import mission_constants, named_constants
from emei.dictionary.model import Dictionary, Guard, Malformed, ModeMachine, Monitor, Unit
from emei.dictionary.values import Value

_HEAD = """\
# Interface document

Generated from `firmware/dictionary` by `emei interface`; not to be edited. Dictionary hash `{hash}`.

All integers are big-endian. Physical value = raw value x scale. `cuc` is GPS time: 4 octets of seconds since
1980-01-06 and 3 octets of 2^-24 s. A list is a count (u8) and that many values.
"""


def interface_document(dictionary: Dictionary) -> str:
    """The whole document."""
    chapters = (
        _telecommands,
        _reports,
        _housekeeping,
        _events,
        _failures,
        _malformed,
        _parameters,
        _monitors,
        _trends,
        _machines,
        _guards,
        _persistent,
        _units,
        _science,
        _enumerations,
        _constants,
        _spacecraft,
        _zones,
    )
    lines = [_HEAD.format(hash=dictionary.hash.hex())]
    for chapter in chapters:
        lines += chapter(dictionary)
    return "\n".join(lines).rstrip() + "\n"


def _table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """A Markdown table and an empty line; "None." where there are no rows."""
    listed = list(rows)
    if not listed:
        yield "None.\n"
        return
    yield "| " + " | ".join(titles) + " |"
    yield "|" + "---|" * len(titles)
    for row in listed:
        yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |"
    yield ""


def _values(values: Iterable[Value]) -> Iterator[str]:
    rows = [(f"`{v.name}`", _type(v), v.unit, v.scale, _range(v), _default(v), v.help) for v in values]
    return _table(("name", "type", "unit", "scale", "allowed", "default", "meaning"), rows)


def _type(value: Value) -> str:
    return f"list of at most {value.list_max} {value.type.name}" if value.list_max else value.type.name


def _range(value: Value) -> str:
    if value.enumeration:
        return f"[{value.enumeration.name}](#{value.enumeration.name.lower()})"
    if value.type.name == "cuc" or value.whole_range:
        return "all"
    return f"{value.to_physical(value.raw_minimum):g} to {value.to_physical(value.raw_maximum):g}"


def _default(value: Value) -> str:
    if value.default is None:
        return ""
    return value.enumeration.label(int(value.default)) if value.enumeration else str(value.default)


def _telecommands(dictionary: Dictionary) -> Iterator[str]:
    yield "## Telecommands\n"
    yield from _table(
        ("telecommand", "type", "hazardous", "builds", "meaning"),
        (
            (f"`{t.name}`", f"TC[{t.service},{t.subservice}]", _yes(t.hazardous), "bench" if t.bench else "all", t.help)
            for t in dictionary.telecommands.values()
        ),
    )
    for item in dictionary.telecommands.values():
        yield f"### {item.name}\n\nTC[{item.service},{item.subservice}]. {item.help} Arguments:\n"
        yield from _values(item.arguments)


def _reports(dictionary: Dictionary) -> Iterator[str]:
    yield "## Reports\n"
    yield "Besides these: housekeeping TM[3,25], events TM[5,1] to TM[5,4], and the time report TM[9,2]: APID 0, no"
    yield "secondary header, rate exponent (u8), P-field 0x2F, time.\n"
    for item in dictionary.reports.values():
        yield f"### {item.name}\n\nTM[{item.service},{item.subservice}]. Fields:\n"
        yield from _values(item.fields)


def _housekeeping(dictionary: Dictionary) -> Iterator[str]:
    yield "## Housekeeping structures\n"
    yield "TM[3,25]: structure ID (u8), validity mask (u32, bit n: the n-th parameter is valid), the parameters.\n"
    yield from _table(
        ("structure", "ID", "period, cycles of 100 ms", "enabled at boot", "octets", "parameters"),
        (
            (s.name, s.id, s.period_cycles, _yes(s.enabled), s.octets, ", ".join(p.name for p in s.parameters))
            for s in dictionary.structures.values()
        ),
    )


def _events(dictionary: Dictionary) -> Iterator[str]:
    yield "## Events\n\nTM[5,1] informative, [5,2] low, [5,3] medium, [5,4] high: event ID (u16), the fields.\n"
    yield from _table(
        ("event", "ID", "severity", "fields", "message"),
        (
            (f"`{e.name}`", e.id, e.severity, ", ".join(f"{f.name} {f.type.name}" for f in e.fields), e.message)
            for e in dictionary.events.values()
        ),
    )


def _failures(dictionary: Dictionary) -> Iterator[str]:
    yield "## Failure codes\n"
    yield "In TM[1,2], [1,4], [1,6], [1,8] and [1,10]: code (u16), detail (i32), limit (i32).\n"
    yield (
        "A sentence names what the two number. A mode is told with its instrument: 256 x INSTRUMENT + mode, "
        "0 for none.\n"
    )
    yield from _table(
        ("failure", "code", "stage", "sentence"),
        ((f"`{f.name}`", f.code, f.stage, f.sentence) for f in dictionary.failures.values()),
    )


def _malformed(dictionary: Dictionary) -> Iterator[str]:
    yield "## Malformed input\n"
    yield "Checked in this order; the first line that applies is the answer, and it is the only one. Counters are"
    yield "parameters of housekeeping; TC_REJECTED counts the reports. Arguments are checked one after the other, so"
    yield "that the first wrong one is the answer.\n"
    yield from _table(("input", "answer"), ((item.input, _answer(dictionary, item)) for item in dictionary.malformed))


def _answer(dictionary: Dictionary, item: Malformed) -> str:
    if item.counter:
        return f"counter `{item.counter}`"
    kind = dictionary.reports[item.report]
    return f"({kind.service},{kind.subservice}) `{item.failure}`"


def _parameters(dictionary: Dictionary) -> Iterator[str]:
    yield "## Parameters\n\nThe pool. A value older than its freshness is not valid.\n"
    yield from _table(
        ("ID", "parameter", "type", "unit", "scale", "values", "fresh, ms", "meaning"),
        (
            (p.index, f"`{p.name}`", p.type.name, p.unit, p.scale, _range(p), p.fresh_ms or "", p.help)
            for p in dictionary.parameters.values()
        ),
    )


def _monitors(dictionary: Dictionary) -> Iterator[str]:
    yield "## Fault-protection monitors\n\nNo telecommand deletes or disables them. Limits in the parameter's unit.\n"
    titles = (
        "index",
        "monitor",
        "parameter",
        "unit",
        "warning",
        "trip",
        "samples",
        "fault level",
        "applies in",
        "remarks",
    )
    yield from _table(titles, (_monitor(m) for m in dictionary.monitors.values()))


def _monitor(item: Monitor) -> tuple[object, ...]:
    remarks = [
        f"while {item.condition.name} is not 0" if item.condition else "",
        "a stale sample trips" if item.stale_trips else "",
    ]
    return (
        item.index,
        f"`{item.name}`",
        item.parameter.name,
        item.parameter.unit,
        _limits(item.warning_low, item.warning_high),
        _limits(item.trip_low, item.trip_high),
        item.samples,
        item.level or "event only",
        f"{item.instrument}: {', '.join(item.modes)}",
        "; ".join(remark for remark in remarks if remark),
    )


def _limits(low: float | None, high: float | None) -> str:
    parts = ["" if low is None else f"below {low:g}", "" if high is None else f"above {high:g}"]
    return ", ".join(part for part in parts if part)


def _trends(dictionary: Dictionary) -> Iterator[str]:
    yield "## Slope alarms\n\nLooked at once a minute; an event only. A window counts minutes spent in the modes.\n"
    yield from _table(
        ("index", "trend", "parameter", "unit", "alarm beyond", "within, min", "settles, min", "applies in"),
        (
            (
                t.index,
                f"`{t.name}`",
                t.parameter.name,
                t.parameter.unit,
                f"{t.change:g}",
                t.window_min,
                t.settle_min,
                f"{t.instrument}: {', '.join(t.modes)}",
            )
            for t in dictionary.trends.values()
        ),
    )


def _machines(dictionary: Dictionary) -> Iterator[str]:
    yield "## Modes\n"
    for machine in dictionary.machines.values():
        yield from _machine(machine)


def _machine(machine: ModeMachine) -> Iterator[str]:
    yield f"### Modes of {machine.instrument}\n"
    yield from _table(
        ("mode", "value", "kind", "power, W", "current, mA"),
        ((m.name, m.value, m.kind, f"{m.power_w:g}", m.current_ma) for m in machine.modes),
    )
    yield from _table(
        ("from", "to", "procedure", "guards", "time limit, ms"),
        (
            (", ".join(t.sources), t.target, f"`{t.procedure}`", ", ".join(t.guards), t.time_limit_ms)
            for t in machine.transitions
        ),
    )


def _guards(dictionary: Dictionary) -> Iterator[str]:
    yield "## Guards of transitions\n"
    yield from _table(
        ("guard", "holds when", "failure", "meaning"),
        ((f"`{g.name}`", _condition(g), f"`{g.failure}`", g.help) for g in dictionary.guards.values()),
    )


def _condition(guard: Guard) -> str:
    if guard.parameter is None:
        return f"`{guard.check}`"
    low = "" if guard.minimum is None else f", at least {guard.minimum:g}"
    high = "" if guard.maximum is None else f", at most {guard.maximum:g}"
    return f"{guard.parameter.name} fresh{low}{high} {guard.parameter.unit}".rstrip()


def _persistent(dictionary: Dictionary) -> Iterator[str]:
    yield "## Values that survive a reset and a power cut\n"
    yield from _table(
        ("key", "value", "type", "unit", "before it is first written", "meaning"),
        (
            (p.key, f"`{p.name}`", p.type.name, p.unit, p.default, p.help)
            for p in sorted(dictionary.persistent.values(), key=lambda item: item.key)
        ),
    )


def _units(dictionary: Dictionary) -> Iterator[str]:
    yield "## Register maps\n\nRMAP (ECSS-E-ST-50-52C): read and verified write. Addresses are of octets."
    yield "A write that is repeated after a time-out is the same transaction, answered again and carried out once.\n"
    for unit in dictionary.units.values():
        yield from _unit(unit)


def _unit(unit: Unit) -> Iterator[str]:
    limiter = f" Limiter {unit.limiter}." if unit.limiter else " Always powered."
    yield f"### Unit {unit.name}\n\nNode {unit.node:#04x}.{limiter} {unit.help}\n"
    for block in unit.blocks:
        crc = " Its last two octets are a CRC-16." if block.crc16 else ""
        about = f"{block.octets} octets, {block.access}.{crc} {block.help}".rstrip()
        yield f"Block `{block.name}` at {block.address:#06x}, {about}\n"
        yield from _table(
            ("address", "register", "type", "unit", "scale", "values", "meaning"),
            (
                (f"{r.address:#06x}", f"`{r.name}`", r.type.name, r.unit, r.scale, _range(r), r.help)
                for r in block.registers
            ),
        )


def _science(dictionary: Dictionary) -> Iterator[str]:
    yield "## Science packets\n"
    for packet in dictionary.science_packets.values():
        yield f"### {packet.name}\n\n{packet.help}\n"
        yield from _table(
            ("field", "bits", "meaning"), ((f"`{field.name}`", field.bits, field.help) for field in packet.fields)
        )
    yield "### Quantisation, scale and scene of the bench\n"
    constants = named_constants(dictionary.science).items()
    yield from _table(("constant", "value"), ((f"`{name}`", value) for name, value in constants))


def _enumerations(dictionary: Dictionary) -> Iterator[str]:
    yield "## Enumerations\n"
    for item in dictionary.enumerations.values():
        members = ", ".join(f"{value} {name}" for name, value in item.members.items())
        yield f"### {item.name}\n\n{members}\n"


def _constants(dictionary: Dictionary) -> Iterator[str]:
    yield "## Constants of the mission\n"
    constants = mission_constants(dictionary).items()
    yield from _table(("constant", "value"), ((f"`{name}`", value) for name, value in constants))


def _spacecraft(dictionary: Dictionary) -> Iterator[str]:
    yield "## Spacecraft\n"
    yield from _table(
        ("spacecraft", "ID", "instruments", "key slot"),
        ((s.name, f"{s.id:#06x}", ", ".join(s.instruments), s.key_slot) for s in dictionary.spacecraft.values()),
    )


def _yes(flag: bool) -> str:
    return "yes" if flag else ""


def _zones(dictionary: Dictionary) -> Iterator[str]:
    yield "## Transmit zones\n"
    rows = ((z.index, f"`{z.name}`", z.latitude_deg, z.longitude_deg, z.radius_km) for z in dictionary.zones.values())
    yield from _table(("id", "name", "latitude deg", "longitude deg", "radius km"), rows)
