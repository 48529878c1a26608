"""Where a scenario's platform flies: toward transmit zones, past them, or with positions that jump."""

from math import cos, radians
from types import TracebackType

from emei.dictionary import load
from emei.platform import Platform, quiet_sky

EARTH_RADIUS_M = 6371e3
GROUND_SPEED_M_S = 7031.0
DEG_PER_M = 57.29577951 / EARTH_RADIUS_M


def centre_deg(zone: str) -> tuple[float, float]:
    found = load().zones[zone]
    return found.latitude_deg, found.longitude_deg


def radius_deg(zone: str) -> float:
    return load().zones[zone].radius_km * 1e3 * DEG_PER_M


class Track:
    """Ancillary data of a platform that flies straight on from a place; the quiet sky again on exit."""

    def __init__(self, platform: Platform, latitude_deg: float, longitude_deg: float) -> None:
        self._platform = platform
        self._before = platform.ancillary
        self.begin(latitude_deg, longitude_deg)
        platform.ancillary = self._at

    def begin(self, latitude_deg: float, longitude_deg: float, north: float = 1.0, east: float = 0.0) -> None:
        """Be there now, and fly on with these parts of the ground speed."""
        self._start_gps_s = self._platform.gps_s()
        self._from_deg, self._course = (latitude_deg, longitude_deg), (north, east)

    def turn(self, north: float, east: float) -> None:
        """Another course from where it is."""
        self.begin(*self.place_deg(self._platform.gps_s()), north, east)

    def place_deg(self, gps_s: float) -> tuple[float, float]:
        flown_deg = GROUND_SPEED_M_S * DEG_PER_M * (gps_s - self._start_gps_s)
        latitude = self._from_deg[0] + self._course[0] * flown_deg
        return latitude, self._from_deg[1] + self._course[1] * flown_deg / cos(radians(latitude))

    def _at(self, gps_s: float) -> dict[str, float | int | str]:
        latitude, longitude = self.place_deg(gps_s)
        return {**quiet_sky(gps_s), "latitude_deg": round(latitude, 5), "longitude_deg": round(longitude, 5)}

    def __enter__(self) -> "Track":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._platform.ancillary = self._before
