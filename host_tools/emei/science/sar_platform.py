"""Where the platform was and how fast: from the ancillary data that SAR source packets carry, a word each.

Layout of the words: SAR_PACKET of the dictionary.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from emei.dictionary import Dictionary
from emei.science.source_packets import SourcePackets

ANCILLARY_WORDS = 64
_VELOCITY_OCTET = 24
_SPEED_TOLERANCE = 0.05  # of the mission's speed: an eccentric orbit, and whether the Earth's rotation is in it
# Within a data take, of at most a minute, an orbit keeps its radius and speed as well as this.
_SAME_RADIUS_M = 1000.0
_SAME_SPEED_M_S = 10.0


@dataclass(frozen=True)
class Platform:
    """Radius of the orbit and speed on it, from the ancillary data."""

    radius_m: float
    speed_m_s: float

    def ground_speed_m_s(self, range_m: float, earth_radius_m: float) -> float:
        """Of the point abeam at a slant range, over a sphere."""
        return self.speed_m_s * (self.radius_m**2 + earth_radius_m**2 - range_m**2) / (2 * self.radius_m**2)

    def effective_speed_m_s(self, range_m: float, earth_radius_m: float) -> float:
        """Of the straight line with the same history of ranges."""
        return sqrt(self.speed_m_s * self.ground_speed_m_s(range_m, earth_radius_m))

    def is_like(self, other: "Platform") -> bool:
        return (
            abs(self.radius_m - other.radius_m) <= _SAME_RADIUS_M
            and abs(self.speed_m_s - other.speed_m_s) <= _SAME_SPEED_M_S
        )


def read_platform(packets: SourcePackets, dictionary: Dictionary, problems: list[str]) -> Platform | None:
    """From the whole cycles of the words: what most of them say; None when there is none that can be right.

    A cycle that says something else becomes a problem.
    """
    cycles = {
        start: found
        for start, found in _cycles(packets).items()
        if _is_possible(found, start, packets, dictionary, problems)
    }
    if not cycles:
        return None
    chosen = max(cycles.values(), key=lambda one: sum(one.is_like(other) for other in cycles.values()))
    for start, found in cycles.items():
        if not found.is_like(chosen):
            problems.append(
                f"{_words(found, start, packets)} and other packets {chosen.radius_m:.0f} m and "
                f"{chosen.speed_m_s:.1f} m/s: it is not used."
            )
    return chosen


def _cycles(packets: SourcePackets) -> dict[int, Platform]:
    """By the place of their first packet."""
    index, words = packets.header["ancillary_index"], packets.header["ancillary_word"]
    cycle = np.arange(1, ANCILLARY_WORDS + 1)
    found = {}
    for start in np.flatnonzero(index == 1):
        if np.array_equal(index[start : start + ANCILLARY_WORDS], cycle):
            octets = words[start : start + ANCILLARY_WORDS].astype(">u2").tobytes()
            position = np.frombuffer(octets, ">f8", 3)
            with np.errstate(over="ignore", invalid="ignore"):  # any octets are numbers; no number and infinite, too
                velocity = np.frombuffer(octets, ">f4", 3, offset=_VELOCITY_OCTET).astype(float)
                found[int(start)] = Platform(float(np.linalg.norm(position)), float(np.linalg.norm(velocity)))
    return found


def _is_possible(
    found: Platform, start: int, packets: SourcePackets, dictionary: Dictionary, problems: list[str]
) -> bool:
    mission = dictionary.mission
    earth_m, speed_m_s = mission.number("sar", "earth_radius_m"), mission.number("sar", "platform_velocity_m_s")
    lowest_m, highest_m = (earth_m + mission.number("sar", f"altitude_{end}_m") for end in ("minimum", "maximum"))
    slowest_m_s, fastest_m_s = speed_m_s * (1 - _SPEED_TOLERANCE), speed_m_s * (1 + _SPEED_TOLERANCE)
    if lowest_m <= found.radius_m <= highest_m and slowest_m_s <= found.speed_m_s <= fastest_m_s:
        return True
    problems.append(
        f"{_words(found, start, packets)}: it is not used; {lowest_m:.0f} to {highest_m:.0f} m and "
        f"{slowest_m_s:.1f} to {fastest_m_s:.1f} m/s are allowed."
    )
    return False


def _words(found: Platform, start: int, packets: SourcePackets) -> str:
    return (
        f"The ancillary data (ancillary_word) from packet {packets.numbers[start]} on give an orbit of "
        f"{found.radius_m:.8g} m and {found.speed_m_s:.6g} m/s"
    )
