"""The area of interest, read from GeoJSON (RFC 7946: longitude before latitude, degrees, WGS 84)."""

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

Point = tuple[float, float]


class AreaError(ValueError):
    """A file that does not describe an area; the message is a sentence for the user."""


@dataclass(frozen=True)
class Area:
    """A simple polygon and the seats of its districts; points are (longitude_deg, latitude_deg)."""

    name: str
    polygon: tuple[Point, ...]
    seats: dict[str, Point]

    @property
    def centre(self) -> Point:
        """Centroid of the polygon in the plane of longitude and latitude: good for an area of a few degrees."""
        doubled_area = longitude = latitude = 0.0
        for (x0, y0), (x1, y1) in self._edges():
            cross = x0 * y1 - x1 * y0
            doubled_area += cross
            longitude += (x0 + x1) * cross
            latitude += (y0 + y1) * cross
        return longitude / (3 * doubled_area), latitude / (3 * doubled_area)

    def contains(self, point: Point) -> bool:
        """Is the point inside the polygon? (Even-odd rule.)"""
        x, y = point
        inside = False
        for (x0, y0), (x1, y1) in self._edges():
            if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
                inside = not inside
        return inside

    def _edges(self) -> list[tuple[Point, Point]]:
        return list(zip(self.polygon, self.polygon[1:] + self.polygon[:1], strict=True))


def read_area(path: Path) -> Area:
    """The area of a GeoJSON feature collection: one Polygon, and Points that are its seats."""
    try:
        return _area(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise AreaError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise AreaError(f"{path} is not a GeoJSON feature collection with one polygon: {error}.") from error


def meishan() -> Area:
    """The area of interest of the mission: Meishan, Sichuan, simplified to 23 points within about 5 km."""
    with resources.as_file(resources.files("emei.planning") / "data" / "meishan.geojson") as path:
        return read_area(path)


def _area(collection: dict[str, Any]) -> Area:
    polygons = []
    seats = {}
    for feature in collection["features"]:
        geometry = feature["geometry"]
        name = str(feature["properties"]["name"])
        if geometry["type"] == "Polygon":
            polygons.append((name, [_point(position) for position in geometry["coordinates"][0]]))
        elif geometry["type"] == "Point":
            seats[name] = _point(geometry["coordinates"])
    if len(polygons) != 1:
        raise ValueError(f"{len(polygons)} polygons")
    name, ring = polygons[0]
    if len(ring) < 4 or ring[0] != ring[-1]:
        raise ValueError("the outer ring is not closed")
    return Area(name, tuple(ring[:-1]), seats)


def _point(position: list[float]) -> Point:
    longitude, latitude = float(position[0]), float(position[1])
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise ValueError(f"position {position} is not on the Earth")
    return longitude, latitude
