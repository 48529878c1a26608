"""Targets at the edge of the recorded window: those within it are found, those beyond it leave no false ones."""

from __future__ import annotations

import pytest

from emei.science.sar_focus import SarImage
from emei.science.sar_targets import Target
from tests.science.takes import look, record

RATE = 2_000_000
STRONG, WEAK = 60.0, 15.0
AZIMUTH_M = 300.0
EDGES = ["near", "far"]


def found(*scene: tuple[float, ...]) -> tuple[SarImage, list[Target]]:
    (picture,) = look(record(rate=RATE, scene=scene)).images
    return picture.image, picture.targets


def edges_m() -> tuple[float, float, float]:
    """First and last pixel after the near edge, and the resolution, in slant range."""
    image, _ = found()
    return 0.0, float(image.range_m[-1] - image.range_m[0]), image.range_resolution_m


@pytest.mark.parametrize("beyond", [0.7, 1.6, 2.6, 5.5, 12.0, 25.0])
@pytest.mark.parametrize("edge", EDGES)
def test_a_target_beyond_the_edge_is_none(edge: str, beyond: float) -> None:
    near_m, far_m, resolution_m = edges_m()
    out_m = near_m - beyond * resolution_m if edge == "near" else far_m + beyond * resolution_m
    image, targets = found((out_m, AZIMUTH_M, STRONG), ((near_m + far_m) / 2, AZIMUTH_M, WEAK))
    (target,) = targets
    assert target.range_m - image.range_m[0] == pytest.approx((near_m + far_m) / 2, abs=image.range_spacing_m)


@pytest.mark.parametrize("within", [0.0, 0.7, 1.6, 5.5])
@pytest.mark.parametrize("edge", EDGES)
def test_a_target_within_the_edge_is_measured(edge: str, within: float) -> None:
    near_m, far_m, resolution_m = edges_m()
    place_m = near_m + within * resolution_m if edge == "near" else far_m - within * resolution_m
    image, (target,) = found((place_m, AZIMUTH_M, WEAK))
    assert target.range_m - image.range_m[0] == pytest.approx(place_m, abs=image.range_spacing_m)
    for cut in (target.range, target.azimuth):
        assert abs(cut.error) < 0.10
        assert cut.side_lobe_db <= -12
