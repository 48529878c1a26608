"""Telecommands, reports, events, failures, enumerations, layouts, housekeeping, the malformed-input table."""

from string import Formatter

from emei.dictionary.checks import Checks, Path
from emei.dictionary.model import SENTENCE_WORDS
from emei.dictionary.source import Content
from emei.dictionary.types import WIRE_TYPES

# Primary header 6, secondary header 5, CRC 2; primary header 6, secondary header 7, time 8, CRC 2.
_TC_OVERHEAD_OCTETS = 13
_TM_OVERHEAD_OCTETS = 23
# Reports that this list does not describe: they come from other files.
_DERIVED_REPORTS = {(3, 25), (5, 1), (5, 2), (5, 3), (5, 4), (9, 2)}
_SENTENCE_VALUES = {"detail", "limit", *SENTENCE_WORDS}


class PacketChecks(Checks):
    """Checks of what travels on the link."""

    def run(self) -> None:
        self.check_enumerations()
        self.check_layouts()
        self.check_telecommands()
        self.check_reports()
        self.check_events()
        self.check_failures()
        self.check_housekeeping()
        self.check_malformed()
        self.check_spacecraft()

    @property
    def largest(self) -> int:
        return self.content["mission"]["packets"]["largest_packet_octets"]

    def check_enumerations(self) -> None:
        for name, members in self.content["enumerations"].items():
            if name in self.enumerations and members is not self.enumerations[name]:
                self.refuse(["enumerations", name], name, "other files of the dictionary give this enumeration")
            first: dict[int, str] = {}
            for member, value in members.items():
                if first.setdefault(value, member) != member:
                    self.refuse(["enumerations", name, member], value, f"{first[value]} has it already")

    def check_layouts(self) -> None:
        layouts = self.content["layouts"]["layout"]
        self.unique(["layouts", "layout"], ["name"], layouts)
        for index, item in enumerate(layouts):
            path: Path = ["layouts", "layout", index, "fields"]
            self.check_fields(path, item["fields"])
            for inner, field in enumerate(item["fields"]):
                if "list_max" in field:
                    self.refuse([*path, inner, "list_max"], field["list_max"], "a layout has no lists")

    def check_fields(self, path: Path, items: list[Content]) -> None:
        names: set[str] = set()
        for index, item in enumerate(items):
            here = [*path, index]
            if "layout" in item:
                if self.known([*here, "layout"], item["layout"], self.layouts, "layout"):
                    self.same_names(here, names, [inner["name"] for inner in self.layouts[item["layout"]]])
                continue
            self.same_names(here, names, [item["name"]])
            self.value(here, item)
            if "modes_of" in item:
                instruments = [other["name"] for other in items if other.get("enum") == "INSTRUMENT"]
                self.known([*here, "modes_of"], item["modes_of"], instruments, "field of this entry with INSTRUMENT")

    def same_names(self, path: Path, names: set[str], new: list[str]) -> None:
        for name in new:
            if name in names:
                self.refuse(path, name, "another field of this entry has the name")
            names.add(name)

    def check_telecommands(self) -> None:
        items = self.content["telecommands"]["telecommand"]
        root: Path = ["telecommands", "telecommand"]
        self.unique(root, ["name"], items)
        self.unique(root, ["service", "subservice"], items)
        for index, item in enumerate(items):
            path = [*root, index, "arguments"]
            self.check_fields(path, item["arguments"])
            layouts = [place for place, argument in enumerate(item["arguments"]) if "layout" in argument]
            if layouts and layouts != [len(item["arguments"]) - 1]:
                self.refuse(path, layouts, "only one layout, as the last argument, is allowed")
            self.room(path, self.octets(item["arguments"]) + _TC_OVERHEAD_OCTETS)

    def check_reports(self) -> None:
        items = self.content["reports"]["report"]
        root: Path = ["reports", "report"]
        self.unique(root, ["name"], items)
        self.unique(root, ["service", "subservice"], items)
        for index, item in enumerate(items):
            self.check_fields([*root, index, "fields"], item["fields"])
            self.room([*root, index, "fields"], self.octets(item["fields"]) + _TM_OVERHEAD_OCTETS)
            kind = (item["service"], item["subservice"])
            if kind in _DERIVED_REPORTS:
                self.refuse([*root, index, "subservice"], kind, "other files of the dictionary give this report")

    def room(self, path: Path, octets: int) -> None:
        if octets > self.largest:
            self.refuse(path, octets, f"a packet of at most {self.largest} octets is allowed")

    def check_events(self) -> None:
        items = self.content["events"]["event"]
        root: Path = ["events", "event"]
        self.unique(root, ["name"], items)
        self.unique(root, ["id"], items)
        for index, item in enumerate(items):
            self.check_fields([*root, index, "fields"], item["fields"])
            self.placeholders([*root, index, "message"], item["message"], {field["name"] for field in item["fields"]})

    def placeholders(self, path: Path, text: str, allowed: set[str]) -> None:
        try:
            used = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
        except ValueError:
            self.refuse(path, text, "only matching braces are allowed")
            return
        for name in sorted(used - allowed):
            self.refuse(path, text, f"only {', '.join(sorted(allowed)) or 'no field'} is allowed in braces, not {name}")

    def check_failures(self) -> None:
        items = self.content["failures"]["failure"]
        root: Path = ["failures", "failure"]
        self.unique(root, ["name"], items)
        self.unique(root, ["code"], items)
        for index, item in enumerate(items):
            self.placeholders([*root, index, "sentence"], item["sentence"], _SENTENCE_VALUES)

    def check_housekeeping(self) -> None:
        items = self.content["housekeeping"]["structure"]
        root: Path = ["housekeeping", "structure"]
        self.unique(root, ["name"], items)
        self.unique(root, ["id"], items)
        units = {unit["unit"]["name"] for unit in self.content["units"].values()}
        for index, item in enumerate(items):
            if "unit" in item:
                self.known([*root, index, "unit"], item["unit"], units, "unit")
                names = [name for name in self.parameters if name.startswith(f"{item['unit']}_")]
                names = [name for name in names if self.parameters[name]["name"] != name]
            else:
                names = item["parameters"]
                for place, name in enumerate(names):
                    self.known([*root, index, "parameters", place], name, self.parameters, "parameter")
            if len(names) > 32:
                self.refuse([*root, index], len(names), "at most 32 parameters are allowed (validity mask)")
            wire = [WIRE_TYPES[self.parameters[name]["type"]] for name in names if name in self.parameters]
            self.room([*root, index], sum(each.octets for each in wire) + 5 + _TM_OVERHEAD_OCTETS)

    def check_malformed(self) -> None:
        reports = {item["name"] for item in self.content["reports"]["report"]}
        for index, item in enumerate(self.content["malformed"]["malformed"]):
            path: Path = ["malformed", "malformed", index]
            for key, names, kind in (
                ("counter", self.parameters, "parameter"),
                ("report", reports, "report"),
                ("failure", self.failures, "failure"),
            ):
                if key in item:
                    self.known([*path, key], item[key], names, kind)

    def check_spacecraft(self) -> None:
        items = self.content["spacecraft"]["spacecraft"]
        for key in ("name", "id", "key_slot"):
            self.unique(["spacecraft", "spacecraft"], [key], items)
