"""Values that survive a reset, and their room in flash."""

from itertools import pairwise

from emei.dictionary.checks import Checks, Path
from emei.dictionary.settings import event_key, housekeeping_key
from emei.dictionary.types import WIRE_TYPES

AREAS = ("journal", "records", "tables")


class StorageChecks(Checks):
    """Checks of what is kept in flash."""

    def run(self) -> None:
        self.check_persistent()
        self.check_settings()
        self.check_areas()

    def check_persistent(self) -> None:
        items = self.content["persistent"]["persistent"]
        root: Path = ["persistent", "persistent"]
        self.unique(root, ["name"], items)
        self.unique(root, ["key"], items)
        keys = self.mission.integer("flash", "journal_keys")
        for index, item in enumerate(items):
            if item["key"] >= keys:
                self.refuse([*root, index, "key"], item["key"], f"less than journal_keys = {keys} is allowed")
            largest = WIRE_TYPES[item["type"]].maximum
            if item["default"] > largest:
                allowed = f"0 to {largest} is allowed in {item['type']}"
                self.refuse([*root, index, "default"], item["default"], allowed)

    def check_settings(self) -> None:
        """What the ground may configure has its key."""
        names = {item["name"] for item in self.content["persistent"]["persistent"]}
        for index, item in enumerate(self.content["housekeeping"]["structure"]):
            if housekeeping_key(item["name"]) not in names:
                allowed = f"only one with a value {housekeeping_key(item['name'])} in persistent.toml is allowed"
                self.refuse(["housekeeping", "structure", index, "name"], item["name"], allowed)
        for index, item in enumerate(self.content["events"]["event"]):
            if event_key(item["id"]) not in names:
                allowed = f"only one with a value {event_key(item['id'])} in persistent.toml is allowed"
                self.refuse(["events", "event", index, "id"], item["id"], allowed)

    def check_areas(self) -> None:
        """No two areas of the flash overlap."""
        areas = sorted((self.mission.integer("flash", f"{area}_first_sector"), area) for area in AREAS)
        for (first, area), (following, other) in pairwise(areas):
            end = first + self.mission.integer("flash", f"{area}_sectors")
            if end > following:
                allowed = f"{end} or more is allowed, after the {area}"
                self.refuse(["mission", "flash", f"{other}_first_sector"], following, allowed)
