"""Two targets nearer to each other than the cut through a response: each at its own place, and measured alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from emei.cli import main
from emei.science.sar_focus import SarImage
from emei.science.sar_targets import Target
from tests.science.takes import look, record

RATE = 12_000_000
STRONG, WEAK = 20.0, 12.0
SHARED_LOBE_DB = -6.0  # what the strong one's side lobes leave of the weak one's, and more than any of a lone target
PLACE_M = (400.0, 300.0)  # slant range from the near edge, azimuth


def measured(apart_range_m: float, apart_azimuth_m: float) -> tuple[SarImage, list[Target]]:
    """A strong target, and a weak one beside it."""
    other = (PLACE_M[0] + apart_range_m, PLACE_M[1] + apart_azimuth_m)
    (picture,) = look(record(rate=RATE, scene=((*PLACE_M, STRONG), (*other, WEAK)))).images
    return picture.image, picture.targets


def resolutions() -> tuple[float, float]:
    image, _ = measured(0.0, 900.0)
    return image.range_resolution_m, image.azimuth_resolution_m


@pytest.mark.parametrize("apart", [5.5, 8.3, 11.4, 12.8, 15.0])
@pytest.mark.parametrize("along", ["range", "azimuth"])
@pytest.mark.parametrize("side", [-1, 1])
def test_both_at_their_own_places(along: str, side: int, apart: float) -> None:
    range_m, azimuth_m = (side * apart * resolution for resolution in resolutions())
    off_m = (range_m, 0.0) if along == "range" else (0.0, azimuth_m)
    image, targets = measured(*off_m)
    assert len(targets) == 2
    strong, weak = targets
    for target, (off_range_m, off_azimuth_m) in ((strong, (0.0, 0.0)), (weak, off_m)):
        near_m = target.range_m - image.range_m[0]
        assert near_m == pytest.approx(PLACE_M[0] + off_range_m, abs=image.range_spacing_m)
        assert target.azimuth_m == pytest.approx(PLACE_M[1] + off_azimuth_m, abs=image.azimuth_spacing_m)
    assert weak.level_db - strong.level_db == pytest.approx(20 * np.log10(WEAK / STRONG), abs=1.5)
    for target in targets:
        assert (target.range.shared, target.azimuth.shared) == (along == "range", along == "azimuth")
        for cut in (target.range, target.azimuth):
            assert abs(cut.error) < 0.10
            # The main lobe of the other is 4.4 dB below, or above.
            assert cut.side_lobe_db < (SHARED_LOBE_DB if cut.shared else -12)


def test_far_apart_they_are_measured_as_if_each_were_alone() -> None:
    (alone,) = look(record(rate=RATE, scene=((*PLACE_M, STRONG),))).images[0].targets
    _, targets = measured(0.0, 40 * resolutions()[1])
    for target in targets:
        for cut, expected in ((target.range, alone.range), (target.azimuth, alone.azimuth)):
            assert not cut.shared
            assert cut.width_m == pytest.approx(expected.width_m, rel=0.01)
            assert cut.side_lobe_db == pytest.approx(expected.side_lobe_db, abs=0.5)


def test_what_shares_a_cut_is_said(tmp_path: Path) -> None:
    file = record(rate=RATE, scene=((*PLACE_M, STRONG), (PLACE_M[0] + 8 * resolutions()[0], PLACE_M[1], WEAK)))
    found = look(file)
    path = tmp_path / "close"
    path.write_bytes(file)
    shown = CliRunner().invoke(main, ["quicklook", str(path)]).stdout
    assert shown.count("*") == 2 * 2 + 1, "width and side lobe of both, and what it means"
    assert "* beside another target in this cut: no measure of the radar alone" in shown
    for target in found.as_json()["images"][0]["targets"]:
        assert target["range_shared"] is True and target["azimuth_shared"] is False
