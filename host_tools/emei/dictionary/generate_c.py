"""C headers and tables: dictionary.h, dictionary.c, registers.h, and for the unit models science_data.h."""

from emei.dictionary.constants import Number, mission_constants, named_constants
from emei.dictionary.errors import DictionaryError
from emei.dictionary.model import Block, Dictionary, Monitor, Unit, Zone
from emei.dictionary.values import Register

_NOTE = "/* Generated from firmware/dictionary; not to be edited. */\n"
_NO_CONDITION = 0xFFFF
# Bits of hal_monitor_t.limits, hal_pool.h.
_LIMIT_BITS = (("warning_low", 1), ("warning_high", 2), ("trip_low", 4), ("trip_high", 8))
_EVENT_ONLY = 16
_STALE_TRIPS = 32


def c_files(dictionary: Dictionary) -> dict[str, str]:
    """File content by path below the output folder."""
    names = _Names()
    return {
        "c/dictionary.h": _header("DICTIONARY_H", _dictionary_defines(dictionary, names)),
        "c/registers.h": _header("REGISTERS_H", _register_defines(dictionary, names)),
        "c/science_data.h": _header("SCIENCE_DATA_H", _science_defines(dictionary, names)),
        "c/dictionary.c": _tables(dictionary),
    }


class _Names:
    """Refuses two different macros of one name."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def define(self, name: str, value: str) -> str:
        if self.known.setdefault(name, value) != value:
            raise DictionaryError(
                f"Two entries of the dictionary give the constant {name}: {self.known[name]} and {value}; rename one."
            )
        return f"#define {name} {value}"


def _header(guard: str, lines: list[str]) -> str:
    body = "\n".join(lines)
    return f"{_NOTE}#ifndef {guard}\n#define {guard}\n\n{body}\n\n#endif\n"


def _dictionary_defines(dictionary: Dictionary, names: _Names) -> list[str]:
    define = names.define
    lines = [define("DICTIONARY_HASH", f"0x{dictionary.hash_word:08X}u"), ""]
    for parameter in dictionary.parameters.values():
        lines.append(define(f"POOL_{parameter.name}", f"{parameter.index}u"))
    lines += [define("POOL_COUNT", f"{len(dictionary.parameters)}u"), ""]
    for enumeration in dictionary.enumerations.values():
        lines += [define(f"{enumeration.name}_{name}", _integer(value)) for name, value in enumeration.members.items()]
        lines.append("")
    for machine in dictionary.machines.values():
        for mode in machine.modes:
            lines.append(define(f"{machine.instrument}_MODE_{mode.name}_POWER_W", repr(float(mode.power_w))))
            lines.append(define(f"{machine.instrument}_MODE_{mode.name}_CURRENT_MA", _integer(mode.current_ma)))
    lines.append("")
    lines += [define("ZONES", f"{len(dictionary.zones)}u"), ""]
    lines += [define(f"SPACECRAFT_{item.name}", f"0x{item.id:04X}u") for item in dictionary.spacecraft.values()]
    lines.append("")
    lines += [define(name, _literal(value)) for name, value in mission_constants(dictionary).items()]
    return lines


def _register_defines(dictionary: Dictionary, names: _Names) -> list[str]:
    lines: list[str] = []
    for unit in dictionary.units.values():
        lines += [*_unit_defines(dictionary, unit, names), ""]
    return lines[:-1]


def _science_defines(dictionary: Dictionary, names: _Names) -> list[str]:
    """Each packet's fields as indices and bit widths; constants, lists with their counts."""
    define = names.define
    lines: list[str] = []
    for packet in dictionary.science_packets.values():
        prefix = packet.name
        lines += [define(f"{prefix}_{field.name.upper()}", f"{i}u") for i, field in enumerate(packet.fields)]
        widths = ", ".join(f"{field.bits}u" for field in packet.fields)
        lines += [define(f"{prefix}_FIELDS", f"{len(packet.fields)}u"), define(f"{prefix}_BITS", f"{{{widths}}}"), ""]
    for name, value in named_constants(dictionary.science).items():
        lines.append(define(name, _literal(value)))
        if isinstance(value, tuple):
            lines.append(define(f"{name}_COUNT", f"{len(value)}u"))
    return lines


def _unit_defines(dictionary: Dictionary, unit: Unit, names: _Names) -> list[str]:
    define = names.define
    pool = [parameter.index for parameter in dictionary.owned_by(unit.name)]
    lines = [
        define(f"{unit.name}_NODE", f"0x{unit.node:02X}u"),
        define(f"{unit.name}_POOL_FIRST", f"{pool[0]}u"),
        define(f"{unit.name}_POOL_COUNT", f"{len(pool)}u"),
    ]
    for block in unit.blocks:
        prefix = f"{unit.name}_{block.name}".upper()
        lines.append(define(f"{prefix}_ADDRESS", f"0x{block.address:04X}u"))
        lines.append(define(f"{prefix}_OCTETS", f"{block.octets}u"))
        for register in block.registers:
            name = f"{prefix}_{register.name}".upper()
            lines.append(define(f"{name}_OFFSET", f"{register.offset}u"))
            lines.append(define(f"{name}_TYPE", f"{register.type.code}u"))
        lines.append(define(f"{prefix}_REGISTERS(X)", _register_list(block)))
    return lines


def _register_list(block: Block) -> str:
    """X macro: X(name, offset, type, scale, lowest raw value, highest raw value) for every register of the block."""
    return " ".join(_register_row(register) for register in block.registers)


def _register_row(register: Register) -> str:
    lowest, highest = register.raw_minimum, register.raw_maximum
    if register.enumeration:
        lowest, highest = min(register.enumeration.members.values()), max(register.enumeration.members.values())
    scale = _literal(float(register.scale))
    return f'X("{register.name}", {register.offset}u, {register.type.code}u, {scale}, {lowest}, {highest})'


def _tables(dictionary: Dictionary) -> str:
    entries = ",\n".join(
        f"    {{HAL_{item.type.name.upper()}, {item.fresh_ms}}} /* {item.name} */"
        for item in dictionary.parameters.values()
    )
    monitors = ",\n".join(_monitor(dictionary, item) for item in dictionary.monitors.values())
    zones = ",\n".join(_zone(dictionary, item) for item in dictionary.zones.values())
    return (
        f'{_NOTE}#include "hal_pool.h"\n#include "hal_zones.h"\n\n'
        f"const hal_pool_entry_t hal_pool_table[] = {{\n{entries},\n}};\n\n"
        f"const hal_monitor_t hal_monitors[] = {{\n{monitors},\n}};\n\n"
        "const unsigned hal_monitor_count = sizeof hal_monitors / sizeof hal_monitors[0];\n\n"
        f"const hal_zone_t hal_zones[] = {{\n{zones},\n}};\n\n"
        "const unsigned hal_zone_count = sizeof hal_zones / sizeof hal_zones[0];\n"
    )


def _monitor(dictionary: Dictionary, monitor: Monitor) -> str:
    modes = dictionary.enumerations[f"{monitor.instrument}_MODE"].members
    mask = sum(1 << modes[name] for name in monitor.modes)
    limits = sum(bit for name, bit in _LIMIT_BITS if getattr(monitor, name) is not None)
    limits += _EVENT_ONLY * monitor.event_only + _STALE_TRIPS * monitor.stale_trips
    raw = [_raw_limit(monitor, name) for name, _ in _LIMIT_BITS]
    condition = monitor.condition.index if monitor.condition else _NO_CONDITION
    fields = {
        "parameter": monitor.parameter.index,
        "condition": condition,
        "modes": f"0x{mask:X}u",
        "instrument": dictionary.enumerations["INSTRUMENT"].members[monitor.instrument],
        "limits": limits,
        "samples": monitor.samples,
    } | {name: value for (name, _), value in zip(_LIMIT_BITS, raw, strict=True)}
    body = ", ".join(f".{name} = {value}" for name, value in fields.items())
    return f"    /* {monitor.name} */\n    {{{body}}}"


def _zone(dictionary: Dictionary, zone: Zone) -> str:
    """Centre in the raw units of the position's parameters."""
    latitude = dictionary.parameters["LATITUDE_DEG"].to_raw(zone.latitude_deg)
    longitude = dictionary.parameters["LONGITUDE_DEG"].to_raw(zone.longitude_deg)
    return f"    /* {zone.name} */\n    {{{latitude}, {longitude}, {round(zone.radius_km * 1000)}u}}"


def _raw_limit(monitor: Monitor, name: str) -> int:
    limit = getattr(monitor, name)
    return 0 if limit is None else monitor.parameter.to_raw(limit)


def _integer(value: int) -> str:
    return f"{value}u" if value >= 0 else f"({value})"


def _literal(value: Number) -> str:
    if isinstance(value, tuple):
        return "{" + ", ".join(_literal(item) for item in value) + "}"
    return _integer(value) if isinstance(value, int) else repr(value)
