"""One setting changed, one thing seen in the picture; and the scene where the dictionary puts it."""

from __future__ import annotations

import numpy as np
import pytest

from emei.science.optical_image import read_optical
from emei.science.optical_truth import background, edges, surfaces, theory_snr
from tests.hal.hal_board import lib
from tests.science.images import image_of, record_image
from tests.science.takes import DICTIONARY

OFFSET_DN = DICTIONARY.science.number("optical_model", "offset_dn")
PIXELS = DICTIONARY.science.integer("optical_scale", "pixels")
DIVISOR = DICTIONARY.science.integer("optical_scale", "line_divisor")
ALL_BANDS = ["PAN", "B", "G", "R", "NIR"]


def signal(file: bytes, band: str = "PAN") -> float:
    return image_of(file).measures[band].level_dn - OFFSET_DN


def test_every_edge_and_surface_of_the_scene_is_in_its_place() -> None:
    image = image_of(record_image())
    places = edges(image, DICTIONARY)
    assert {(edge.band, edge.along) for edge in places} == {
        (band, along) for band in ALL_BANDS for along in (True, False)
    }
    assert len(places) == 5 * 34, "four of each rectangle, the water's two in the picture"
    assert all(edge.off_px is not None and abs(edge.off_px) <= 0.5 for edge in places)
    seen = surfaces(image, DICTIONARY)
    assert len(seen) == 5 * 10, "eight rectangles that are not saturated, two ends of the gradient"
    for surface in seen:
        assert surface.seen == pytest.approx(surface.given, rel=0.02, abs=0.002)


def test_a_picture_that_is_shifted_or_flat_is_told() -> None:
    """The judge itself can fail."""
    image = image_of(record_image())
    shifted = {name: np.roll(pixels, 2, axis=1) for name, pixels in image.bands.items()}
    flat = {name: np.full_like(pixels, 500) for name, pixels in image.bands.items()}
    across = [edge for edge in edges(type(image)(**{**vars(image), "bands": shifted}), DICTIONARY) if not edge.along]
    assert all(edge.off_px is None or edge.off_px == pytest.approx(2, abs=0.5) for edge in across)
    assert all(edge.off_px is None for edge in edges(type(image)(**{**vars(image), "bands": flat}), DICTIONARY))


@pytest.mark.parametrize("mask", [1, 2, 14, 31])
def test_bands_commanded_are_the_bands_recorded(mask: int) -> None:
    image = image_of(record_image(bands=mask))
    assert list(image.bands) == [name for bit, name in enumerate(ALL_BANDS) if mask >> bit & 1]
    assert all(pixels.shape == (137, PIXELS) for pixels in image.bands.values())
    assert not any(band.rows_missing for band in image.measures.values())


def test_snr_grows_as_the_root_of_the_stages() -> None:
    snr = {stages: image_of(record_image(tdi_stages=stages)).measures["PAN"].snr for stages in (8, 16, 32)}
    assert snr[32] / snr[8] == pytest.approx(2, rel=0.06)
    assert snr[16] / snr[8] == pytest.approx(2**0.5, rel=0.06)


@pytest.mark.parametrize("stages", [8, 32])
def test_snr_of_every_band_is_what_the_constants_give(stages: int) -> None:
    image = image_of(record_image(tdi_stages=stages))
    for name, band in image.measures.items():
        assert band.snr == pytest.approx(theory_snr(background(name, DICTIONARY), name, image, DICTIONARY), rel=0.06)


def test_signal_follows_stages_gain_and_integration() -> None:
    usual = signal(record_image(gain=1))
    assert signal(record_image(gain=2)) == pytest.approx(2 * usual, rel=0.01)
    assert signal(record_image(gain=1, integration_us=340)) == pytest.approx(usual / 2, rel=0.01)
    assert signal(record_image(gain=1, tdi_stages=16)) == pytest.approx(usual / 2, rel=0.01)


def test_saturation_is_at_4095_and_grows_with_gain() -> None:
    measures = {gain: image_of(record_image(gain=gain)).measures for gain in (1, 2, 8)}
    assert measures[1]["B"].saturated_share == 0
    assert measures[2]["B"].saturated_share == pytest.approx(90 / (137 * PIXELS)), "the white roof"
    assert measures[8]["NIR"].saturated_share > 0.05
    assert np.nanmax(image_of(record_image(gain=8)).bands["NIR"]) == 4095


def test_what_is_saturated_tells_nothing_of_the_noise() -> None:
    """Pixels at 4095 are alike from line to line: they made a band cleaner the more of it was clipped."""
    measures = image_of(record_image(gain=8, tdi_stages=64)).measures
    for name, band in measures.items():
        if band.saturated_share > 0.5:
            assert np.isnan(band.noise_dn) and np.isnan(band.snr), name
    assert {name for name, band in measures.items() if np.isnan(band.snr)} == {"PAN", "R", "NIR"}
    partly = image_of(record_image(gain=8)).measures
    assert partly["PAN"].saturated_share > 0.1
    expected = theory_snr(background("PAN", DICTIONARY), "PAN", image_of(record_image(gain=8)), DICTIONARY)
    assert partly["PAN"].snr == pytest.approx(expected, rel=0.1)


def test_dark_is_offset_and_noise_alone() -> None:
    image = image_of(record_image(mode=lib.OPTICAL_MODE_DARK, door=lib.DOOR_SHUT))
    for band in image.measures.values():
        assert band.mean_dn == pytest.approx(OFFSET_DN + 0.05 * 68 * 32 * 2 / 80, abs=0.1)
        assert band.noise_dn == pytest.approx(np.hypot(np.sqrt(0.05 * 68 * 32 + 32 * 64) * 2 / 80, 12**-0.5), rel=0.05)


def test_lamp_is_flat_with_the_same_pattern_every_time() -> None:
    images = [
        image_of(record_image(mode=lib.OPTICAL_MODE_LAMP, door=lib.DOOR_SHUT, lamp=True, task=task)) for task in (1, 2)
    ]
    profiles = [image.bands["PAN"].mean(axis=0) - OFFSET_DN for image in images]
    pattern = profiles[0] / profiles[0].mean()
    assert pattern.std() == pytest.approx(DICTIONARY.science.number("optical_model", "pattern"), rel=0.2)
    assert np.corrcoef(profiles)[0, 1] > 0.99, "fixed"
    assert images[0].bands["PAN"].mean(axis=1).std() < 1, "no scene along the track"
    assert images[0].header["lamp"] == 1


def test_sun_is_flat_and_bright() -> None:
    image = image_of(record_image(mode=lib.OPTICAL_MODE_SUN, door=lib.DOOR_DIFFUSER))
    pixels = image.bands["PAN"]
    assert pixels.mean() - OFFSET_DN == pytest.approx(0.8 * 60 * 68 * 32 * 2 / 80, rel=0.01)
    assert pixels.mean(axis=1).std() < 2
    assert image.header["door"] == lib.DOOR_DIFFUSER


def test_video_is_frames_of_one_place_without_tdi() -> None:
    take = read_optical(record_image(mode=lib.OPTICAL_MODE_VIDEO, gain=8), DICTIONARY)
    rows = DICTIONARY.science.integer("optical_scale", "video_rows")
    assert take.problems == []
    assert [image.frame for image in take.images] == [0, 1, 2, 3]
    assert [len(image.bands["PAN"]) for image in take.images] == [rows, rows, rows, 137 - 3 * rows]
    assert {image.header["stages"] for image in take.images} == {1}
    first, second = (image.bands["PAN"] for image in take.images[:2])
    assert not (first == second).all() and np.corrcoef(first.ravel(), second.ravel())[0, 1] > 0.95


@pytest.mark.parametrize("mode", [lib.OPTICAL_MODE_STEREO, lib.OPTICAL_MODE_AREA])
def test_strips_of_one_entry_are_told_apart(mode: int) -> None:
    take = read_optical(record_image(mode=mode, strips=2), DICTIONARY)
    assert take.problems == []
    assert [(image.strip, image.header["mode"], len(image.bands["G"])) for image in take.images] == [
        (1, mode, 137),
        (2, mode, 137),
    ]


def test_rows_that_the_data_rate_does_not_carry_are_missing_and_said() -> None:
    take = read_optical(record_image(rate=10_000), DICTIONARY)
    image = take.images[0]
    assert take.problems == [], "every packet that was sent is there"
    counts = {(band.rows, band.rows_missing) for band in image.measures.values()}
    ((rows, missing),) = counts
    assert rows + missing in (136, 137) and missing > 50
    assert all(edge.off_px is None or abs(edge.off_px) <= 1.5 for edge in edges(image, DICTIONARY) if not edge.along)


def test_the_same_bench_records_the_same_file() -> None:
    assert record_image.__wrapped__() == record_image()
