"""What the header of an optical source packet may say: its fields' ranges, and what agrees within an entry.

The ranges are those of the settings the unit works by (IMAGE_SETTINGS of the dictionary); the codes those of the
packet's layout (OPTICAL_PACKET).
"""

import numpy as np

from emei.dictionary import Dictionary
from emei.science.header_rules import Mask, Screen, in_step, time_s, with_count
from emei.science.source_packets import SourcePackets

BANDS = {1: "PAN", 2: "B", 4: "G", 8: "R", 16: "NIR"}
_ROWS_LARGEST = 65536
_PROCEDURES = ("image", "calibrate")  # of the modes that record lines
_SEVERAL_STRIPS = ("STEREO", "AREA")
_PERIOD_UNITS_PER_S = 1e7
_HALF = 0.5  # of the time between two recorded lines
_OF_THE_ENTRY = ("mode", "bands", "integration", "stages", "gain", "compression", "sample_bits", "samples")


def usable_packets(packets: SourcePackets, dictionary: Dictionary) -> SourcePackets:
    """Those whose headers can be right; the others become problems. ScienceError when none is left."""
    screen = Screen.of(packets)
    settings = {item.name: item for item in dictionary.layouts["IMAGE_SETTINGS"].fields}
    members = {name: dictionary.enumerations[name].members for name in ("OPTICAL_MODE", "DOOR", "SWITCH")}
    modes = members["OPTICAL_MODE"]
    screen.one_of("codec", [dictionary.science.integer("optical_packets", "codec")])
    screen.one_of("sample_bits", [dictionary.mission.integer("optical", "bits_per_sample")])
    transitions = dictionary.machines["OPTICAL"].transitions
    screen.one_of("mode", (modes[item.target] for item in transitions if item.procedure in _PROCEDURES))
    screen.one_of("door", members["DOOR"].values())
    screen.one_of("lamp", members["SWITCH"].values())
    screen.one_of("gain", dictionary.enumerations["OPTICAL_GAIN"].members.values())
    screen.within_range_of("line_period", settings["line_period_us"])
    screen.within_range_of("integration", settings["integration_us"])
    screen.within_range_of("bands", settings["bands"])
    screen.within_range_of("compression", settings["compression"])
    screen.one_of("band", BANDS)
    video = screen["mode"] == modes["VIDEO"]
    _stages(screen, video, dictionary)
    screen.agree(*_OF_THE_ENTRY)
    _samples(screen)
    _bands(screen)
    _strips(screen, dictionary)
    _places(screen, video, dictionary)
    _times(screen, dictionary)
    screen.no_outlier("line_period", dictionary.mission.number("optical", "line_period_drift_percent") / 100)
    screen.no_outlier("lamp")
    screen.no_outlier("door")
    return screen.result()


def _stages(screen: Screen, video: Mask, dictionary: Dictionary) -> None:
    stages = dictionary.enumerations["TDI_STAGES"].members
    screen.require(
        "stages",
        np.where(video, screen["stages"] == 1, np.isin(screen["stages"], list(stages.values()))),
        screen["stages"],
        f"{', '.join(str(number) for number in stages.values())}, and 1 in VIDEO are allowed",
    )


def _samples(screen: Screen) -> None:
    octets = np.array([len(data) for data in screen.packets.data])
    needed = (screen["samples"] * screen["sample_bits"] + 7) // 8
    screen.require(
        "number of sample octets",
        (octets == needed) & (octets > 0),
        octets,
        "as many as its samples and sample_bits need are allowed",
    )


def _bands(screen: Screen) -> None:
    """Of a row all commanded bands are recorded or none: they follow each other, as the packets are counted."""
    band, bands, counts = screen["band"], screen["bands"], screen["packet_count"]
    screen.require("band", band & bands != 0, band, "only those of its mask of bands are allowed")
    if not screen.usable.any():
        return
    commanded = [code for code in BANDS if int(bands[screen.usable][0]) & code]
    place = {code: index for index, code in enumerate(commanded)}
    ahead = (np.array([place.get(int(code), 0) for code in band]) - counts) % len(commanded)
    values, numbers = np.unique(ahead[screen.usable], return_counts=True)
    screen.require(
        "band",
        ahead == values[np.argmax(numbers)],
        lambda number: f"{band[number]} with the packet_count {counts[number]}",
        f"the bands {', '.join(str(code) for code in commanded)} come in turn",
    )


def _strips(screen: Screen, dictionary: Dictionary) -> None:
    """As many as the mode has, one after the other."""
    modes = dictionary.enumerations["OPTICAL_MODE"].members
    arguments = dictionary.telecommand("OPTICAL_START_IMAGE").arguments
    most = next(item for item in arguments if item.name == "strips").raw_maximum
    several = np.isin(screen["mode"], [modes[name] for name in _SEVERAL_STRIPS])
    strip = screen["strip"]
    screen.require(
        "strip",
        (strip >= 1) & (strip <= np.where(several, most, 1)),
        strip,
        f"1, and in STEREO and AREA up to {most} are allowed",
    )
    # A strip may have but one line, its first.
    screen.no_outlier("strip", among=screen["line"] != 0)


def _places(screen: Screen, video: Mask, dictionary: Dictionary) -> None:
    """Row and frame follow from the line."""
    divisor = dictionary.science.integer("optical_scale", "line_divisor")
    frame_rows = dictionary.science.integer("optical_scale", "video_rows")
    line, row, frame = screen["line"], screen["row"], screen["frame"]
    number = line // divisor
    wanted_row = np.where(video, number % frame_rows, number)
    wanted_frame = np.where(video, number // frame_rows, 0)
    screen.require(
        "line",
        (line % divisor == 0) & (number < _ROWS_LARGEST),
        line,
        f"multiples of {divisor} below {divisor * _ROWS_LARGEST} are allowed",
    )
    screen.require(
        "row", row == wanted_row, lambda at: f"{row[at]} of line {line[at]}", "the row follows from the line"
    )
    screen.require(
        "frame", frame == wanted_frame, lambda at: f"{frame[at]} of line {line[at]}", "the frame follows from the line"
    )


def _times(screen: Screen, dictionary: Dictionary) -> None:
    """In each strip a line's time goes with its number."""
    divisor = dictionary.science.integer("optical_scale", "line_divisor")
    times_s, line, holds = time_s(screen.packets), screen["line"], np.ones(len(screen.usable), bool)
    for strip in np.unique(screen["strip"][screen.usable]):
        numbers = np.flatnonzero(screen.usable & (screen["strip"] == strip))
        periods_s = screen["line_period"][numbers] / _PERIOD_UNITS_PER_S
        shortest_s, longest_s = float(periods_s.min()), float(periods_s.max())
        holds[numbers] = in_step(times_s[numbers], line[numbers], shortest_s, longest_s, _HALF * divisor * shortest_s)
    screen.require("time", holds, with_count("line", line), "the two go together in every line of a strip")
