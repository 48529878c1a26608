"""What commissioning measures of science data: near theory on a good unit, and off by the fault on a bad one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import asin
from typing import Any

import numpy as np
import pytest

from emei.commissioning.campaign import load
from emei.commissioning.science import measure
from emei.science.errors import ScienceError
from emei.science.measures import MEASURES, Look
from emei.science.optical_quicklook import OpticalQuicklook, optical_quicklook
from tests.hal.hal_board import lib
from tests.science.images import record_image
from tests.science.takes import DICTIONARY, Faults, look, packet_starts, packets_of, record

RATE = 740_000  # some 190 echoes
BEAMS = (452, 512, 572)
THEORY_MRAD = 0.8859 * 299792458 / 9.6e9 / 4.0 * 1e3


def value(name: str, *looks: Look) -> float:
    return MEASURES[name].of(looks, DICTIONARY)


def why(name: str, *looks: Look) -> str:
    with pytest.raises(ScienceError) as caught:
        value(name, *looks)
    return str(caught.value)


def optical(**settings: Any) -> OpticalQuicklook:
    return optical_quicklook(record_image(**settings), DICTIONARY)


def lamp(faults: Faults = (), gain: int = 2) -> OpticalQuicklook:
    return optical(mode=lib.OPTICAL_MODE_LAMP, door=lib.DOOR_SHUT, lamp=True, faults=faults, gain=gain)


def test_reflectors_of_a_good_unit() -> None:
    take = look(record(rate=12_000_000))
    assert value("echo_pulses", take) == DICTIONARY.science.integer("sar_scale", "echo_pulses")
    assert (value("reflectors_missing", take), value("other_targets", take)) == (0, 0)
    assert value("point_targets", take) == len(DICTIONARY.science.rows("sar_scene", "targets"))
    assert 0 < value("reflector_position_error_px", take) < 1
    assert 0 < value("reflector_width_error_percent", take) < 3
    assert -14 < value("reflector_side_lobe_db", take) <= -12


@pytest.mark.parametrize("place", [1, 14])
def test_a_reflector_without_echo_is_missing(place: int) -> None:
    take = look(record(rate=RATE, faults=(("sar.lost_target", place),)))
    assert (value("reflectors_missing", take), value("other_targets", take)) == (1, 0)
    assert value("reflector_position_error_px", take) < 1


def test_a_late_window_moves_every_reflector() -> None:
    take = look(record(rate=RATE, faults=(("sar.window_error_ns", 20.0),)))
    spacing_m = take.images[0].image.range_spacing_m
    assert value("reflector_position_error_px", take) == pytest.approx(20e-9 * 299792458 / 2 / spacing_m, abs=0.3)
    far = look(record(rate=RATE, faults=(("sar.window_error_ns", 200.0),)))
    assert value("reflectors_missing", far) == value("other_targets", far) == value("point_targets", far) > 10
    assert "of 14 targets lies within 10 pixels of a surveyed reflector" in why("reflector_position_error_px", far)


def test_targets_beside_the_survey_are_counted() -> None:
    take = look(record(rate=RATE, scene=((120.0, -900.0, 9.0), (500.0, 0.0, 12.0))))
    assert (value("other_targets", take), value("reflectors_missing", take)) == (1, 13)


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_the_antenna_pattern_follows_from_the_length_that_radiates(share: float) -> None:
    takes = [look(record(rate=RATE, azimuth_beam=beam, faults=(("sar.antenna_share", share),))) for beam in BEAMS]
    assert value("beam_width_mrad", *takes) == pytest.approx(THEORY_MRAD / share, rel=0.01)
    assert value("beam_width_error_percent", *takes) == pytest.approx(100 / share - 100, abs=1)
    assert abs(value("beam_pointing_mrad", *takes)) < 0.05
    assert value("beam_residual_db", *takes) < 0.2


def test_a_beam_that_points_elsewhere_than_it_says() -> None:
    """The beams of the headers put off by 10: half a milliradian."""
    takes = [look(record(rate=RATE, azimuth_beam=beam)) for beam in BEAMS]
    squinted = [look(record(rate=RATE, azimuth_beam=beam + 10)) for beam in BEAMS]
    for there, take in zip(squinted, takes, strict=True):
        object.__setattr__(there.images[0].image.burst, "azimuth_beams", take.images[0].image.burst.azimuth_beams)
    assert value("beam_pointing_mrad", *squinted) == pytest.approx(0.5, abs=0.05)
    assert value("beam_width_mrad", *squinted) == pytest.approx(THEORY_MRAD, rel=0.01)


def test_a_pattern_is_not_made_up() -> None:
    take, ahead = look(record(rate=RATE)), look(record(rate=RATE, azimuth_beam=BEAMS[2]))
    assert "one azimuth beam" in why("beam_width_mrad", take, take)
    assert "both its half-power points are needed" in why("beam_width_mrad", take, ahead)
    empty = look(record(rate=1_000_000, scene=()))
    assert "The targets show nothing of the pattern" in why(
        "beam_width_mrad", empty, look(record(rate=1_000_000, scene=(), azimuth_beam=BEAMS[0]))
    )


def test_the_beam_is_steered_by_its_number() -> None:
    """The null of the pattern laid on a target takes its echo away."""
    null_rad = 299792458 / 9.6e9 / 4.0
    assert asin(null_rad) == pytest.approx(156 * 50e-6, abs=10e-6)
    scene = ((200.0, 300.0, 9.0),)
    (seen,) = look(record(rate=RATE, scene=scene)).images
    (unseen,) = look(record(rate=RATE, scene=scene, azimuth_beam=512 + 156)).images
    assert len(seen.targets) == 1 and seen.targets[0].level_db > 40
    assert all(target.level_db < seen.targets[0].level_db - 20 for target in unseen.targets)


def test_noise_and_calibration() -> None:
    take = look(record(rate=2_000_000))
    assert value("noise_lsb", take) == pytest.approx(24, rel=0.02)
    assert value("calibration_tx_lsb", take) == pytest.approx(220, rel=0.02)
    assert value("calibration_rx_lsb", take) == pytest.approx(190, rel=0.02)
    assert value("calibration_epdn_lsb", take) == pytest.approx(160, rel=0.02)
    assert value("calibration_purity", take) > 0.99
    quiet = look(record(rate=2_000_000, mode=lib.SAR_MODE_RX_ONLY))
    assert value("point_targets", quiet) == 0
    assert "No point target stands out" in why("reflector_side_lobe_db", quiet)
    assert value("calibration_purity", quiet) < 0.5, "no pulse comes through the network"


@pytest.mark.parametrize("name", ["calibration_tx_lsb", "calibration_purity", "calibration_delay_us"])
def test_a_take_without_calibration_pulses_is_said(name: str) -> None:
    file = record(rate=400_000)
    assert why(name, look(file[: packet_starts(file)[2]])).startswith("The data take holds no calibration pulse")


def test_a_calibration_take_has_no_echoes_and_needs_no_orbit() -> None:
    take = look(record(rate=400_000, mode=lib.SAR_MODE_CALIBRATION, duration_ms=1000))
    assert take.problems == []
    assert set(
        packets_of(record(rate=400_000, mode=lib.SAR_MODE_CALIBRATION, duration_ms=1000)).header["signal_type"]
    ) == {
        1,
        8,
        9,
        10,
    }
    assert value("calibration_tx_lsb", take) == pytest.approx(220, rel=0.02)
    assert "No picture came out" in why("echo_pulses", take)


def test_dark_of_a_good_and_of_a_hot_focal_plane() -> None:
    dark = optical(mode=lib.OPTICAL_MODE_DARK, door=lib.DOOR_SHUT)
    assert (value("bands", dark), value("rows_missing", dark), value("saturated_percent", dark)) == (5, 0, 0)
    assert 60 < value("lowest_level_dn", dark) <= value("highest_level_dn", dark) < 72
    assert 1 < value("lowest_noise_dn", dark) <= value("noise_dn", dark) < 2
    assert value("worst_pixel_dn", dark) < 2
    assert "there is no signal" in why("nonuniformity_percent", optical(mode=lib.OPTICAL_MODE_LAMP, door=lib.DOOR_SHUT))
    hot = optical(mode=lib.OPTICAL_MODE_DARK, door=lib.DOOR_SHUT, faults=(("optical.stuck_pixels", 1.0),))
    assert value("worst_pixel_dn", hot) > 900


def with_dead_band(good: OpticalQuicklook, name: str) -> OpticalQuicklook:
    """One band reads its mean in every pixel of every line."""
    image = good.take.images[0]
    pixels = np.full_like(image.bands[name], round(image.measures[name].mean_dn))
    dead = replace(image.measures[name], noise_dn=0.0, snr=float("nan"))
    image = replace(image, bands={**image.bands, name: pixels}, measures={**image.measures, name: dead})
    return replace(good, take=replace(good.take, images=[image]))


def failures(step: str, looks: Mapping[int, Look]) -> list[str]:
    """Measurements of science data that a step of the optical campaign does not pass."""
    chosen = load(DICTIONARY, "optical").step(step)
    made = [measure(item, looks, chosen, DICTIONARY)[0] for item in chosen.measurements if item.source == "science"]
    return [item.name for item in made if not item.passed]


@pytest.mark.parametrize("band", ["PAN", "NIR"])
def test_a_band_that_reads_the_same_in_every_line_fails_every_step(band: str) -> None:
    dark = optical(mode=lib.OPTICAL_MODE_DARK, door=lib.DOOR_SHUT)
    takes: dict[str, dict[int, OpticalQuicklook]] = {
        "dark": {900201: dark},
        "flat_field": {900202: lamp(gain=2), 900203: lamp(gain=4)},
        "sun": {900204: optical(mode=lib.OPTICAL_MODE_SUN, door=lib.DOOR_DIFFUSER)},
        "first_light": {900205: optical()},
    }
    expected = {
        "dark": ["dark noise, quietest band"],
        "flat_field": ["noise of the quietest band at gain 2", "noise of the quietest band at gain 4"],
        "sun": ["noise of the quietest band"],
        "first_light": ["signal over noise, lowest band"],
    }
    for step, looks in takes.items():
        assert failures(step, looks) == []
        assert failures(step, {task: with_dead_band(take, band) for task, take in looks.items()}) == expected[step]


def test_a_band_without_noise_is_named_wherever_it_stands() -> None:
    for band in ("PAN", "G", "NIR"):
        assert why("lowest_snr", with_dead_band(optical(), band)) == (
            f"No noise from line to line is seen in {band}: the lines read the same, or are too few."
        )
        assert value("lowest_noise_dn", with_dead_band(optical(), band)) == 0


def test_flat_field_of_a_good_an_uneven_and_a_stuck_focal_plane() -> None:
    good = lamp()
    pattern_percent = 100 * DICTIONARY.science.number("optical_model", "pattern")
    assert value("nonuniformity_percent", good) == pytest.approx(pattern_percent, rel=0.2)
    assert value("worst_pixel_percent", good) < 5
    uneven = lamp((("optical.pattern_factor", 4.0),))
    assert value("nonuniformity_percent", uneven) == pytest.approx(4 * value("nonuniformity_percent", good), rel=0.05)
    stuck = lamp((("optical.stuck_pixels", 1.0),))
    assert value("worst_pixel_percent", stuck) > 10


def test_signal_follows_the_gain() -> None:
    assert value("gain_error_percent", lamp(gain=1), lamp(gain=2)) < 0.5
    assert "one gain" in why("gain_error_percent", lamp(), lamp())


def test_saturation_is_counted_from_the_pixels() -> None:
    strip = optical()
    assert value("saturated_percent", strip) == pytest.approx(100 * 90 / (137 * 128), rel=0.01), "the white roof"
    assert value("lowest_snr", strip) > 50
    dazzled = optical(faults=(("optical.sun_near", 1.0),))
    assert value("saturated_percent", dazzled) == 100


def test_data_of_the_other_instrument_are_not_measured() -> None:
    assert why("noise_lsb", lamp()) == "There are no science data of the SAR instrument."
    assert why("noise_dn") == "There are no science data of the OPTICAL instrument."
    assert {measure.instrument for measure in MEASURES.values()} == {"SAR", "OPTICAL"}
