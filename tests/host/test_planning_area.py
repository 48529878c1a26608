"""The area of interest: what the file holds and how bad files are refused."""

import json
from pathlib import Path

import pytest

from emei.planning.area import Area, AreaError, meishan, read_area


def test_meishan_is_the_specified_polygon() -> None:
    area = meishan()
    assert area.name == "Meishan"
    assert len(area.polygon) == 23
    assert (102.82, 29.47) in area.polygon and (104.48, 30.09) in area.polygon
    assert set(area.seats) == {"Dongpo", "Pengshan", "Renshou", "Hongya", "Danling", "Qingshen"}
    assert area.seats["Dongpo"] == (103.832, 30.048)


def test_outer_ring_runs_counterclockwise_as_rfc_7946_asks() -> None:
    ring = meishan().polygon
    doubled = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True))
    assert doubled > 0


def test_seats_and_centre_lie_inside_and_neighbours_outside() -> None:
    area = meishan()
    assert all(area.contains(seat) for seat in area.seats.values())
    assert area.contains(area.centre)
    assert not area.contains((104.07, 30.67))  # Chengdu
    assert not area.contains((103.76, 29.55))  # Leshan


def test_centre_of_a_square_off_the_origin() -> None:
    square = Area("square", ((10.0, 20.0), (12.0, 20.0), (12.0, 24.0), (10.0, 24.0)), {})
    assert square.centre == pytest.approx((11.0, 22.0))


def feature(kind: str, coordinates: object) -> dict[str, object]:
    return {"type": "Feature", "properties": {"name": "x"}, "geometry": {"type": kind, "coordinates": coordinates}}


RING = [[0, 0], [1, 0], [1, 1], [0, 0]]


@pytest.mark.parametrize(
    "content",
    [
        "not json",
        "{}",
        "[]",
        json.dumps({"features": []}),
        json.dumps({"features": [feature("Point", [1, 2])]}),
        json.dumps({"features": [feature("Polygon", [RING]), feature("Polygon", [RING])]}),
        json.dumps({"features": [feature("Polygon", [RING[:-1]])]}),
        json.dumps({"features": [feature("Polygon", [[[0, 0], [200, 0], [1, 1], [0, 0]]])]}),
        json.dumps({"features": [feature("Polygon", [["a", "b"]])]}),
    ],
)
def test_a_file_that_is_no_area_is_refused_with_a_sentence(tmp_path: Path, content: str) -> None:
    path = tmp_path / "area.geojson"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(AreaError, match=r"area\.geojson is not .*\.$"):
        read_area(path)


def test_a_missing_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(AreaError, match="cannot be read"):
        read_area(tmp_path / "none.geojson")
