"""Values that survive a reset, and their room in flash."""

from emei.dictionary.checks import Checks, Path
from emei.dictionary.types import WIRE_TYPES


class StorageChecks(Checks):
    """Checks of what is kept in flash."""

    def run(self) -> None:
        items = self.content["persistent"]["persistent"]
        root: Path = ["persistent", "persistent"]
        self.unique(root, ["name"], items)
        self.unique(root, ["key"], items)
        keys = self.content["mission"]["flash"]["journal_keys"]
        for index, item in enumerate(items):
            if item["key"] >= keys:
                self.refuse([*root, index, "key"], item["key"], f"less than journal_keys = {keys} is allowed")
            largest = WIRE_TYPES[item["type"]].maximum
            if item["default"] > largest:
                allowed = f"0 to {largest} is allowed in {item['type']}"
                self.refuse([*root, index, "default"], item["default"], allowed)
