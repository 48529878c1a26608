"""An optical image held against the telecommand that asked for it: every setting its source packets tell.

Arguments are raw values by name, as OPTICAL_START_IMAGE and OPTICAL_START_CALIBRATION carry them.
"""

from collections.abc import Iterator, Mapping

from emei.dictionary import Dictionary
from emei.packets import raw_arguments
from emei.planning.optical_design import FOLLOWS_THE_GROUND
from emei.science.comparison import Comparison
from emei.science.optical_header import BANDS
from emei.science.optical_image import OpticalImage, OpticalTake
from emei.science.optical_quicklook import OpticalQuicklook, lamp_text

TELECOMMANDS = ("OPTICAL_START_IMAGE", "OPTICAL_START_CALIBRATION")
_DOOR_GUARD = "DOOR_"
_TENTH = 0.1
_ROWS_TOLERANCE = 2  # the one under way at the end, and one that the bench's rate does not carry


def request_of(telecommand: str, arguments: Mapping[str, object], dictionary: Dictionary) -> dict[str, int]:
    """What the telecommand carries with these arguments, but for the start; what is not given has its default."""
    raw = raw_arguments(dictionary.telecommand(telecommand), {**arguments, "start": 0.0})
    return {name: value for name, value in raw.items() if isinstance(value, int)}


def settings(look: OpticalQuicklook, request: Mapping[str, int], dictionary: Dictionary) -> list[Comparison]:
    """What the headers say of the settings, and how long each strip is."""
    mode = dictionary.enumeration("OPTICAL_MODE").names[request["mode"]]
    first = look.take.images[0].header
    strips = sorted({image.strip for image in look.take.images})
    # In VIDEO there is no time-delay-and-integration, whatever is commanded.
    stages = 1 if mode == "VIDEO" else request["tdi_stages"]
    rows = [
        Comparison("image mode", "", look.mode, mode),
        Comparison("set of bands", "", _bands(first["bands"]), _bands(request["bands"])),
        Comparison("number of TDI stages", "", first["stages"], stages),
        Comparison("gain", "", first["gain"], request["gain"]),
        Comparison("integration time", "us", _TENTH * first["integration"], _TENTH * request["integration_us"]),
        Comparison("compression", "", _TENTH * first["compression"], _TENTH * request["compression"]),
        Comparison("door", "", look.door, _door_of(mode, dictionary), why="belongs to the mode"),
        Comparison("lamp", "", look.lamp, lamp_text(mode == "LAMP"), why="belongs to the mode"),
        Comparison("number of strips", "", len(strips), request.get("strips", 1)),
    ]
    for image in look.take.images:
        recorded = " ".join(image.bands)
        rows.append(Comparison(f"recorded set of bands of {_place(image)}", "", recorded, _bands(request["bands"])))
    for strip in strips:
        rows += _of_strip(look.take, strip, request, mode, dictionary)
    return rows


def _of_strip(
    take: OpticalTake, strip: int, request: Mapping[str, int], mode: str, dictionary: Dictionary
) -> Iterator[Comparison]:
    """Line period and duration. On the ground's track the period is derived; the commanded one is the first strip's."""
    images = [image for image in take.images if image.strip == strip]
    duration_s = request["duration_ms"] / 1e3
    drift = dictionary.mission.number("optical", "line_period_drift_percent") / 100
    follows = mode in FOLLOWS_THE_GROUND
    shortest_us = min(image.line_period_us[0] for image in images)
    longest_us = max(image.line_period_us[1] for image in images)
    commanded_us = _TENTH * request["line_period_us"]
    if strip == 1 or not follows:
        tolerance_us = drift * commanded_us if follows else _TENTH / 2
        for name, period_us in (("shortest", shortest_us), ("longest", longest_us)):
            yield Comparison(f"{name} line period of strip {strip}", "us", period_us, commanded_us, tolerance_us)
    row_s = 1e-6 * dictionary.science.integer("optical_scale", "line_divisor") * (shortest_us + longest_us) / 2
    tolerance_s = _ROWS_TOLERANCE * row_s + drift * duration_s
    yield Comparison(f"duration of strip {strip}", "s", take.duration_s[strip], duration_s, tolerance_s)


def _door_of(mode: str, dictionary: Dictionary) -> str:
    """Where the mode's guard wants the door."""
    guards = next(item.guards for item in dictionary.machines["OPTICAL"].transitions if item.target == mode)
    return next(guard.removeprefix(_DOOR_GUARD) for guard in guards if guard.startswith(_DOOR_GUARD))


def _bands(mask: int) -> str:
    return " ".join(name for code, name in BANDS.items() if mask & code)


def _place(image: OpticalImage) -> str:
    return f"strip {image.strip}" if image.frame == 0 else f"frame {image.frame}"
