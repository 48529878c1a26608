"""Parameters of the pool, register maps of the units, and the constants that go with them."""

from emei.dictionary.checks import Checks, Path
from emei.dictionary.source import Content

_POOL_LARGEST = 1024


class UnitChecks(Checks):
    """Checks of the parameter pool and the register maps."""

    def run(self) -> None:
        self.check_parameters()
        units = self.content["units"]
        names: dict[str, str] = {}
        nodes: dict[int, str] = {}
        for file, unit in units.items():
            about = unit["unit"]
            path: Path = ["units", file, "unit"]
            if names.setdefault(about["name"], file) != file:
                self.refuse([*path, "name"], about["name"], f"units/{names[about['name']]}.toml has it already")
            if nodes.setdefault(about["node"], file) != file:
                self.refuse([*path, "node"], about["node"], f"units/{nodes[about['node']]}.toml has it already")
            if "limiter" in about:
                self.known([*path, "limiter"], about["limiter"], self.enumerations["LIMITER"], "member of LIMITER")
            self.check_blocks(file, unit)
        rates = self.mission.row("sar", "sampling_rate_khz")
        if sorted(self.enumerations["SAMPLING_RATE"].values()) != list(range(len(rates))):
            self.refuse(["mission", "sar", "sampling_rate_khz"], rates, "one rate a member of SAMPLING_RATE is allowed")

    def check_parameters(self) -> None:
        items = self.content["parameters"]["parameters"]
        root: Path = ["parameters", "parameters"]
        self.unique(root, ["name"], items)
        for index, item in enumerate(items):
            self.value([*root, index], item)
            self.integer([*root, index], item)
            if self.parameters[item["name"]] is not item and self.parameters[item["name"]]["name"] != item["name"]:
                self.refuse([*root, index, "name"], item["name"], "a unit's housekeeping register gives this name")
        if len(self.parameters) > _POOL_LARGEST:
            self.refuse(root, len(self.parameters), f"at most {_POOL_LARGEST} parameters are allowed")

    def integer(self, path: Path, item: Content) -> None:
        if item["type"] == "cuc":
            self.refuse([*path, "type"], "cuc", "only an integer type is allowed")

    def check_blocks(self, file: str, unit: Content) -> None:
        blocks = unit["block"]
        root: Path = ["units", file, "block"]
        self.unique(root, ["name"], blocks)
        largest = self.mission.integer("bus", "largest_data_octets")
        spans: list[tuple[int, int, str]] = []
        for index, block in enumerate(blocks):
            path = [*root, index]
            if "layout" in block:
                self.known([*path, "layout"], block["layout"], self.layouts, "layout")
            registers = [block] if "layout" in block else block["registers"]
            if "layout" not in block:
                self.unique([*path, "registers"], ["name"], registers)
                for place, item in enumerate(registers):
                    self.value([*path, "registers", place], item)
                    self.integer([*path, "registers", place], item)
            octets = self.octets(registers) + 2 * block.get("crc16", False)
            if octets > largest:
                self.refuse(path, octets, f"at most {largest} octets a block are allowed on the bus")
            for first, last, name in spans:
                if block["address"] < last and first < block["address"] + octets:
                    self.refuse([*path, "address"], block["address"], f"block {name} holds {first} to {last - 1}")
            spans.append((block["address"], block["address"] + octets, block["name"]))
        housekeeping = [block for block in blocks if block["name"] == "housekeeping" and "registers" in block]
        if not housekeeping:
            self.refuse(root, [block["name"] for block in blocks], "a block housekeeping with registers is needed")
        for block in housekeeping:
            first = block["registers"][0]
            if (first["name"], first["type"]) != ("sample_count", "u16"):
                self.refuse(
                    [*root, blocks.index(block), "registers", 0, "name"],
                    first["name"],
                    "the first register must be sample_count (u16): the application knows a new sample by it",
                )
