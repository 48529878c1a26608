"""Mode machines, guards and monitors."""

from itertools import pairwise

from emei.dictionary.build import MACHINE_FILES
from emei.dictionary.checks import Checks, Path
from emei.dictionary.source import Content

_LIMITS = ("trip_low", "warning_low", "warning_high", "trip_high")


class MachineChecks(Checks):
    """Checks of the mode tables and of fault protection's limits."""

    def run(self) -> None:
        self.guards = [item["name"] for item in self.content["guards"]["guards"]]
        self.check_guards()
        for file in MACHINE_FILES:
            self.check_machine(file, self.content[file])
        self.check_monitors()
        self.check_trends()

    def check_guards(self) -> None:
        items = self.content["guards"]["guards"]
        root: Path = ["guards", "guards"]
        self.unique(root, ["name"], items)
        for index, item in enumerate(items):
            path = [*root, index]
            if "failure" in item:
                self.known([*path, "failure"], item["failure"], self.failures, "failure")
            if "parameter" not in item:
                continue
            if self.known([*path, "parameter"], item["parameter"], self.parameters, "parameter"):
                for key in ("min", "max"):
                    if key in item:
                        self.in_type([*path, key], item[key], self.parameters[item["parameter"]])
            if item.get("min", float("-inf")) > item.get("max", float("inf")):
                self.refuse([*path, "min"], item["min"], f"at most max = {item['max']} is allowed")

    def check_machine(self, file: str, machine: Content) -> None:
        units = [unit["unit"]["name"] for unit in self.content["units"].values()]
        self.known([file, "unit"], machine["unit"], units, "unit")
        modes = machine["modes"]
        self.unique([file, "modes"], ["name"], modes)
        self.unique([file, "modes"], ["value"], modes)
        kinds = [mode["kind"] for mode in modes]
        if kinds.count("off") != 1:
            self.refuse([file, "modes"], kinds, "exactly one mode of kind off is allowed")
        names = [mode["name"] for mode in modes]
        pairs: set[tuple[str, str]] = set()
        for index, item in enumerate(machine["transitions"]):
            path: Path = [file, "transitions", index]
            self.known([*path, "to"], item["to"], names, "mode")
            for place, guard in enumerate(item["guards"]):
                self.known([*path, "guards", place], guard, self.guards, "guard")
            for place, source in enumerate(item["from"]):
                self.known([*path, "from", place], source, names, "mode")
                if (source, item["to"]) in pairs:
                    self.refuse([*path, "from", place], source, f"one transition to {item['to']} from it is allowed")
                pairs.add((source, item["to"]))

    def check_monitors(self) -> None:
        items = self.content["monitors"]["monitors"]
        root: Path = ["monitors", "monitors"]
        self.unique(root, ["name"], items)
        for index, item in enumerate(items):
            path = [*root, index]
            modes = self.enumerations[f"{item['instrument']}_MODE"]
            for place, mode in enumerate(item["modes"]):
                self.known([*path, "modes", place], mode, modes, "mode")
            if self.known([*path, "parameter"], item["parameter"], self.parameters, "parameter"):
                self.check_limits(path, item)
            if item.get("door_open") and "OPTICAL_DOOR" not in self.parameters:
                self.refuse([*path, "door_open"], True, "the pool has no OPTICAL_DOOR to tell it by")

    def check_trends(self) -> None:
        items = self.content["trends"]["trends"]
        root: Path = ["trends", "trends"]
        self.unique(root, ["name"], items)
        for index, item in enumerate(items):
            path = [*root, index]
            for place, mode in enumerate(item["modes"]):
                self.known([*path, "modes", place], mode, self.enumerations[f"{item['instrument']}_MODE"], "mode")
            if self.known([*path, "parameter"], item["parameter"], self.parameters, "parameter"):
                self.in_type([*path, "change"], item["change"], self.parameters[item["parameter"]])

    def check_limits(self, path: Path, item: Content) -> None:
        given = [(key, item[key]) for key in _LIMITS if key in item]
        if not given:
            self.refuse(path, "no limit", f"at least one of {', '.join(_LIMITS)} is needed")
        for key, value in given:
            self.in_type([*path, key], value, self.parameters[item["parameter"]])
        for (lower, low), (upper, high) in pairwise(given):
            if low > high:
                self.refuse([*path, lower], low, f"at most {upper} = {high} is allowed")
