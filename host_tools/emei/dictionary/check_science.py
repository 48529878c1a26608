"""Science packets, and the constants of the models that write them."""

from emei.dictionary.checks import Checks, Path

_TARGET_COLUMNS = 4
_TARGETS_LARGEST = 32
_POLARISATION_COLUMNS = 2
_POLARISATION_CODES = (1, 2, 3, 5, 6, 7)  # those that receive
_BANDS = 5
_RECTANGLE_COLUMNS = 4 + _BANDS
_GRADIENT_COLUMNS = 4


class ScienceChecks(Checks):
    """Checks of science.toml."""

    def run(self) -> None:
        science = self.content["science"]
        self.unique(["science", "packet"], ["name"], science["packet"])
        for index, packet in enumerate(science["packet"]):
            path: Path = ["science", "packet", index, "fields"]
            self.unique(path, ["name"], packet["fields"])
            bits = sum(field["bits"] for field in packet["fields"])
            if bits % 8:
                self.refuse(path, bits, "only a whole number of octets is allowed")
        headers = {packet["name"]: sum(field["bits"] for field in packet["fields"]) for packet in science["packet"]}
        octets = self.mission.integer("sar", "packet_secondary_header_octets")
        if headers.get("SAR_PACKET") != 8 * octets:
            self.refuse(["science", "packet"], headers.get("SAR_PACKET"), f"SAR_PACKET has {8 * octets} bits")
        for bits in (3, 4, 5):
            levels = list(self.science.row("baq", f"levels_{bits}"))
            if len(levels) != 2 ** (bits - 1) or levels != sorted(levels):
                self.refuse(
                    ["science", "baq", f"levels_{bits}"], levels, f"{2 ** (bits - 1)} ascending levels are allowed"
                )
        targets = self.science.rows("sar_scene", "targets")
        if len(targets) > _TARGETS_LARGEST or any(len(target) != _TARGET_COLUMNS for target in targets):
            allowed = f"at most {_TARGETS_LARGEST} rows of {_TARGET_COLUMNS} numbers are allowed"
            self.refuse(["science", "sar_scene", "targets"], targets, allowed)
        self._polarisations()
        self._optical()

    def _polarisations(self) -> None:
        codes = self.science.rows("sar_packets", "polarisation_codes")
        members = self.content["enumerations"]["POLARISATION"]
        right = [
            len(row) == _POLARISATION_COLUMNS and all(code in _POLARISATION_CODES for code in row) for row in codes
        ]
        if len(codes) != len(members) or not all(right):
            allowed = f"{len(members)} rows of {_POLARISATION_COLUMNS} codes of {_POLARISATION_CODES} are allowed"
            self.refuse(["science", "sar_packets", "polarisation_codes"], codes, allowed)

    def _optical(self) -> None:
        rectangles = self.science.rows("optical_scene", "rectangles")
        if any(len(rectangle) != _RECTANGLE_COLUMNS for rectangle in rectangles):
            allowed = f"only rows of {_RECTANGLE_COLUMNS} numbers are allowed"
            self.refuse(["science", "optical_scene", "rectangles"], rectangles, allowed)
        for section, key, count in (
            ("optical_scene", "background", _BANDS),
            ("optical_scene", "gradient", _GRADIENT_COLUMNS),
            ("optical_model", "electrons_per_us", _BANDS),
        ):
            row = self.science.row(section, key)
            if len(row) != count:
                self.refuse(["science", section, key], row, f"{count} numbers are allowed")
