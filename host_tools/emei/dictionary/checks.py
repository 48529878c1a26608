"""What the checks share: collected problems, unique names, references, values of a type."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from emei.dictionary.build import derived_enumerations, mission_of, science_of
from emei.dictionary.errors import DictionaryError, did_you_mean
from emei.dictionary.schema import place
from emei.dictionary.source import UNIT_FILES, Content
from emei.dictionary.types import WIRE_TYPES

Path = Sequence[str | int]


class Checks:
    """Base of the checks of one area. `problems` runs them and returns the sentences."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.mission, self.science = mission_of(content), science_of(content)
        self.found: list[str] = []
        self.enumerations: dict[str, dict[str, int]] = content["enumerations"] | derived_enumerations(content)
        self.layouts = {item["name"]: item["fields"] for item in content["layouts"]["layout"]}
        self.parameters = pool_values(content)
        self.failures = {item["name"] for item in content["failures"]["failure"]}

    def problems(self) -> list[str]:
        try:
            self.run()
        except DictionaryError as error:
            self.found += error.problems
        return self.found

    def run(self) -> None:
        raise NotImplementedError

    def refuse(self, path: Path, value: Any, allowed: str) -> None:
        self.found.append(f"{place(self.content, path)}: the value is {value!r}; {allowed}.")

    def unique(self, path: Path, keys: Sequence[str], items: Sequence[Content]) -> None:
        """No two entries of the list at `path` agree in all of `keys`."""
        seen: dict[tuple[Any, ...], int] = {}
        for index, item in enumerate(items):
            value = tuple(item[key] for key in keys)
            if seen.setdefault(value, index) != index:
                shown = value[0] if len(value) == 1 else value
                first = items[seen[value]].get("name", f"#{seen[value] + 1}")
                self.refuse([*path, index, keys[-1]], shown, f"{first} has it already; only another is allowed")

    def known(self, path: Path, name: str, names: Iterable[str], kind: str) -> bool:
        names = list(names)
        if name in names:
            return True
        self.refuse(path, name, f"only the name of a {kind} is allowed{did_you_mean(name, names)}".rstrip(".?"))
        return False

    def value(self, path: Path, item: Content) -> None:
        """Enumeration, scale, range and default of a typed value."""
        wire = WIRE_TYPES[item["type"]]
        if wire.name == "cuc" and item.keys() & {"scale", "min", "max", "enum", "default", "list_max"}:
            self.refuse([*path, "type"], "cuc", "a time has no scale, range, enumeration, default or list")
            return
        if "enum" in item:
            self.enumerated(path, item)
            return
        for key in ("min", "max", "default"):
            if key in item:
                self.in_type([*path, key], item[key], item)
        low, high = item.get("min"), item.get("max")
        if low is not None and high is not None and low > high:
            self.refuse([*path, "min"], low, f"at most max = {high} is allowed")
        default = item.get("default")
        if default is not None and not (low is None or default >= low):
            self.refuse([*path, "default"], default, f"at least min = {low} is allowed")
        if default is not None and not (high is None or default <= high):
            self.refuse([*path, "default"], default, f"at most max = {high} is allowed")

    def enumerated(self, path: Path, item: Content) -> None:
        if not self.known([*path, "enum"], item["enum"], self.enumerations, "enumeration"):
            return
        if item.keys() & {"scale", "min", "max"}:
            self.refuse([*path, "enum"], item["enum"], "an enumeration has no scale, min or max")
        members = self.enumerations[item["enum"]]
        wire = WIRE_TYPES[item["type"]]
        widest = max(members.values())
        if widest > wire.maximum:
            self.refuse([*path, "type"], wire.name, f"{item['enum']} needs room for {widest}")
        if "default" in item and item["default"] not in members.values():
            self.refuse([*path, "default"], item["default"], f"only a value of {item['enum']} is allowed")

    def in_type(self, path: Path, physical: float, item: Content) -> None:
        wire = WIRE_TYPES[item["type"]]
        scale = Decimal(str(item.get("scale", 1)))
        if not wire.minimum <= Decimal(str(physical)) / scale <= wire.maximum:
            unit = f" {item['unit']}" if "unit" in item else ""
            allowed = f"{wire.minimum * scale} to {wire.maximum * scale}{unit} is allowed in {wire.name}"
            self.refuse(path, physical, allowed)

    def octets(self, items: Iterable[Content]) -> int:
        """Largest length of a field list on the wire; unknown layouts count nothing."""
        total = 0
        for item in items:
            if "layout" in item:
                total += self.octets(self.layouts.get(item["layout"], []))
            else:
                total += WIRE_TYPES[item["type"]].octets * item.get("list_max", 1) + ("list_max" in item)
        return total


def pool_values(content: Content) -> dict[str, Content]:
    """The typed values of the parameter pool by name."""
    values = {item["name"]: item for item in content["parameters"]["parameters"]}
    for file in UNIT_FILES:
        unit = content["units"][file]
        for block in unit["block"]:
            if block["name"] == "housekeeping":
                values |= {
                    f"{unit['unit']['name']}_{item['name'].upper()}": item for item in block.get("registers", [])
                }
    return values
