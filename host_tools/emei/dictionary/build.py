"""Make the objects of model.py and values.py from parsed content, which has passed the schema and check.py."""

from decimal import Decimal
from itertools import accumulate
from typing import Any

from emei.dictionary.model import (
    BitField,
    Block,
    Dictionary,
    Event,
    Failure,
    Guard,
    Layout,
    Malformed,
    Mission,
    Mode,
    ModeMachine,
    Monitor,
    Persistent,
    Report,
    SciencePacket,
    Spacecraft,
    Structure,
    Telecommand,
    Transition,
    Trend,
    Unit,
    Zone,
)
from emei.dictionary.source import UNIT_FILES, Content, canonical_hash
from emei.dictionary.types import WIRE_TYPES
from emei.dictionary.values import Argument, Enumeration, Field, Parameter, Register

MACHINE_FILES = ("modes_sar", "modes_optical")


def build(content: Content) -> Dictionary:
    """The dictionary as objects."""
    return _Builder(content).dictionary()


def derived_enumerations(content: Content) -> dict[str, dict[str, int]]:
    """Enumerations that other files imply: modes, failures, housekeeping structures, monitors, zones, kept values."""
    enumerations = {
        f"{content[file]['instrument']}_MODE": {mode["name"]: mode["value"] for mode in content[file]["modes"]}
        for file in MACHINE_FILES
    }
    enumerations["FAILURE"] = {item["name"]: item["code"] for item in content["failures"]["failure"]}
    enumerations["HOUSEKEEPING"] = {item["name"]: item["id"] for item in content["housekeeping"]["structure"]}
    enumerations["TREND"] = {item["name"]: index for index, item in enumerate(content["trends"]["trends"])}
    enumerations["MONITOR"] = {item["name"]: index for index, item in enumerate(content["monitors"]["monitors"])}
    enumerations["PERSISTENT"] = {item["name"]: item["key"] for item in content["persistent"]["persistent"]}
    enumerations["ZONE"] = {item["name"]: index for index, item in enumerate(content["zones"]["zone"])}
    return enumerations


class _Builder:
    def __init__(self, content: Content) -> None:
        self.content = content
        members = content["enumerations"] | derived_enumerations(content)
        self.enumerations = {name: Enumeration(name, values) for name, values in members.items()}
        self.layouts = {item["name"]: self.layout(item) for item in content["layouts"]["layout"]}
        self.units = {unit.name: unit for unit in (self.unit(content["units"][file], file) for file in UNIT_FILES)}
        self.parameters = self.pool()

    def dictionary(self) -> Dictionary:
        content = self.content
        return Dictionary(
            hash=canonical_hash(content),
            mission=mission_of(content),
            spacecraft={
                item["name"]: Spacecraft(item["name"], item["id"], tuple(item["instruments"]), item["key_slot"])
                for item in content["spacecraft"]["spacecraft"]
            },
            enumerations=self.enumerations,
            layouts=self.layouts,
            telecommands={item["name"]: self.telecommand(item) for item in content["telecommands"]["telecommand"]},
            reports={item["name"]: self.report(item) for item in content["reports"]["report"]},
            events={item["name"]: self.event(item) for item in content["events"]["event"]},
            failures={item["name"]: Failure(**item) for item in content["failures"]["failure"]},
            parameters=self.parameters,
            structures={item["name"]: self.structure(item) for item in content["housekeeping"]["structure"]},
            units=self.units,
            machines={content[file]["instrument"]: self.machine(content[file]) for file in MACHINE_FILES},
            guards={item["name"]: self.guard(item) for item in content["guards"]["guards"]},
            monitors={
                item["name"]: self.monitor(index, item) for index, item in enumerate(content["monitors"]["monitors"])
            },
            trends={
                item["name"]: Trend(
                    item["name"],
                    index,
                    self.parameters[item["parameter"]],
                    item["instrument"],
                    tuple(item["modes"]),
                    item["window_min"],
                    item["change"],
                    item["settle_min"],
                )
                for index, item in enumerate(content["trends"]["trends"])
            },
            persistent={
                item["name"]: Persistent(**item | {"type": WIRE_TYPES[item["type"]]})
                for item in content["persistent"]["persistent"]
            },
            science=science_of(content),
            science_packets={item["name"]: self.science_packet(item) for item in content["science"]["packet"]},
            malformed=tuple(Malformed(**item) for item in content["malformed"]["malformed"]),
            zones={item["name"]: Zone(index=index, **item) for index, item in enumerate(content["zones"]["zone"])},
        )

    def value(self, item: Content) -> dict[str, Any]:
        """Keyword arguments of Value."""
        return {
            "name": item["name"],
            "type": WIRE_TYPES[item["type"]],
            "unit": item.get("unit", ""),
            "scale": Decimal(str(item.get("scale", 1))),
            "enumeration": self.enumerations[item["enum"]] if "enum" in item else None,
            "minimum": item.get("min"),
            "maximum": item.get("max"),
            "default": item.get("default"),
            "list_max": item.get("list_max", 0),
            "format": item.get("format", ""),
            "modes_of": item.get("modes_of", ""),
            "help": item.get("help", ""),
        }

    def fields(self, items: list[Content]) -> tuple[Field, ...]:
        return tuple(Field(**self.value(item)) for item in self.expanded(items))

    def expanded(self, items: list[Content]) -> list[Content]:
        """The list with every included layout replaced by its fields."""
        by_name = {item["name"]: item["fields"] for item in self.content["layouts"]["layout"]}
        return [inner for item in items for inner in (by_name[item["layout"]] if "layout" in item else [item])]

    def layout(self, item: Content) -> Layout:
        return Layout(item["name"], self.fields(item["fields"]), item.get("help", ""))

    def telecommand(self, item: Content) -> Telecommand:
        arguments = tuple(Argument(**self.value(inner)) for inner in self.expanded(item["arguments"]))
        layout = next((inner["layout"] for inner in item["arguments"] if "layout" in inner), "")
        return Telecommand(
            item["name"],
            item["service"],
            item["subservice"],
            arguments,
            layout,
            item.get("bench", False),
            item.get("hazardous", False),
            item.get("help", ""),
        )

    def report(self, item: Content) -> Report:
        return Report(
            item["name"], item["service"], item["subservice"], self.fields(item["fields"]), item.get("help", "")
        )

    def science_packet(self, item: Content) -> SciencePacket:
        return SciencePacket(item["name"], tuple(BitField(**inner) for inner in item["fields"]), item["help"])

    def event(self, item: Content) -> Event:
        return Event(item["name"], item["id"], item["severity"], item["message"], self.fields(item["fields"]))

    def unit(self, content: Content, file: str) -> Unit:
        unit = content["unit"]
        blocks = tuple(self.block(item) for item in content["block"])
        return Unit(unit["name"], unit["node"], unit.get("limiter", ""), blocks, unit.get("help", ""))

    def block(self, item: Content) -> Block:
        values = self.expanded([item] if "layout" in item else item["registers"])
        octets = [WIRE_TYPES[value["type"]].octets for value in values]
        offsets = accumulate(octets[:-1], initial=0)
        registers = tuple(
            Register(**self.value(value), offset=offset, address=item["address"] + offset)
            for value, offset in zip(values, offsets, strict=True)
        )
        return Block(
            item["name"],
            item["address"],
            item["access"],
            registers,
            item.get("layout", ""),
            item.get("crc16", False),
            item.get("help", ""),
        )

    def pool(self) -> dict[str, Parameter]:
        """The software's parameters, then the housekeeping registers of each unit."""
        source = self.content["parameters"]
        entries = [(item, item.get("fresh_ms", 0), "") for item in source["parameters"]]
        for file in UNIT_FILES:
            unit = self.content["units"][file]
            owner = unit["unit"]["name"]
            for block in unit["block"]:
                if block["name"] == "housekeeping":
                    for item in block["registers"]:
                        named = item | {"name": f"{owner}_{item['name'].upper()}"}
                        entries.append((named, source["units"]["fresh_ms"], owner))
        return {
            item["name"]: Parameter(**self.value(item), index=index, fresh_ms=fresh_ms, owner=owner)
            for index, (item, fresh_ms, owner) in enumerate(entries)
        }

    def structure(self, item: Content) -> Structure:
        if "unit" in item:
            parameters = tuple(entry for entry in self.parameters.values() if entry.owner == item["unit"])
        else:
            parameters = tuple(self.parameters[name] for name in item["parameters"])
        return Structure(item["name"], item["id"], item["period_cycles"], item["enabled"], parameters)

    def machine(self, content: Content) -> ModeMachine:
        modes = tuple(Mode(**item) for item in content["modes"])
        transitions = tuple(
            Transition(tuple(item["from"]), item["to"], item["procedure"], tuple(item["guards"]), item["time_limit_ms"])
            for item in content["transitions"]
        )
        return ModeMachine(content["instrument"], content["unit"], modes, transitions)

    def guard(self, item: Content) -> Guard:
        return Guard(
            item["name"],
            self.parameters[item["parameter"]] if "parameter" in item else None,
            item.get("min"),
            item.get("max"),
            item.get("check", ""),
            item.get("failure", "GUARD_OUT_OF_RANGE"),
            item.get("help", ""),
            item.get("again", True),
        )

    def monitor(self, index: int, item: Content) -> Monitor:
        return Monitor(
            item["name"],
            index,
            self.parameters[item["parameter"]],
            item["instrument"],
            tuple(item["modes"]),
            item["samples"],
            item.get("level", 0),
            self.parameters["OPTICAL_DOOR"] if item.get("door_open") else None,
            item.get("stale_trips", False),
            item.get("event_only", False),
            item.get("warning_low"),
            item.get("warning_high"),
            item.get("trip_low"),
            item.get("trip_high"),
        )


def mission_of(content: Content) -> Mission:
    return Mission("mission.toml", _frozen(content["mission"]))


def science_of(content: Content) -> Mission:
    """The constants of science.toml, beside its packets."""
    sections = {name: keys for name, keys in content["science"].items() if isinstance(keys, dict)}
    return Mission("science.toml", _frozen(sections))


def _frozen(sections: Content) -> Content:
    return {
        section: {key: _tuples(value) if isinstance(value, list) else value for key, value in keys.items()}
        for section, keys in sections.items()
    }


def _tuples(values: list[Any]) -> tuple[Any, ...]:
    return tuple(_tuples(value) if isinstance(value, list) else value for value in values)
