"""From the commanded table to the picture: every target in its place, as sharp as theory says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.hal.hal_board import lib
from tests.science.takes import DICTIONARY, assert_in_place, look, packets_of, record, take_of

TABLES: dict[str, dict[str, Any]] = {
    "the worked case": {},
    "a narrow chirp, slowly sampled": {"bandwidth_mhz": 50, "sampling_rate": lib.SAMPLING_RATE_MHZ_60},
    "a short pulse": {"pulse_code": 700, "bandwidth_mhz": 100},
    "another PRF and rank": {"pri_code": 7200, "rank": 19, "swst_code": 3100},
    "3 bit": {"baq": lib.BAQ_BAQ3},
    "bypass": {"baq": lib.BAQ_BYPASS},
}


@pytest.mark.parametrize("table", TABLES)
def test_every_target_in_its_place(table: str) -> None:
    most = DICTIONARY.science.integer("sar_scale", "echo_pulses")
    bypassed = table == "bypass"  # its volume would fill the recorder
    found = look(record(rate=3_000_000 if bypassed else 12_000_000, **TABLES[table]))
    assert found.problems == []
    (picture,) = found.images
    assert 250 < picture.image.burst.recorded < most if bypassed else picture.image.burst.recorded == most
    assert_in_place(picture)


def test_resolution_follows_from_bandwidth_and_aperture() -> None:
    """Halving bandwidth and pulses doubles the measured widths."""
    sharp = look(record(rate=12_000_000)).images[0].targets[0]
    soft = look(record(rate=12_000_000, bandwidth_mhz=75)).images[0].targets[0]
    assert soft.range.width_m == pytest.approx(2 * sharp.range.width_m, rel=0.03)
    few = look(record(rate=740_000)).images[0]
    assert 150 < few.image.burst.recorded < 230
    ratio = 384 / few.image.burst.recorded
    assert few.targets[0].azimuth.width_m == pytest.approx(ratio * sharp.azimuth.width_m, rel=0.03)


def test_a_scene_of_one_target_is_one_target() -> None:
    (picture,) = look(record(rate=1_500_000, scene=((333.0, -456.0, 15.0),))).images
    (target,) = picture.targets
    assert target.range_m - picture.image.range_m[0] == pytest.approx(333.0, abs=picture.image.range_spacing_m)
    assert target.azimuth_m == pytest.approx(-456.0, abs=picture.image.azimuth_spacing_m)


def test_the_beam_weighs_the_echoes() -> None:
    """Two equal targets: the one near the edge of the beam is as much weaker as the pattern says."""
    (picture,) = look(record(rate=12_000_000, scene=((200.0, 300.0, 20.0), (700.0, 2300.0, 20.0)))).images
    levels = {round(target.azimuth_m, -1): target.level_db for target in picture.targets}
    image = picture.image
    middle_m = image.ground_speed_m_s * image.burst.duration_s / 2
    turns = (2300.0 - middle_m) / image.range_m[0] * 4.0 * 9.6e9 / 299792458
    off = (300.0 - middle_m) / image.range_m[0] * 4.0 * 9.6e9 / 299792458
    expected_db = 40 * np.log10(np.sinc(off) / np.sinc(turns))
    assert levels[300.0] - levels[2300.0] == pytest.approx(expected_db, abs=0.7)
    assert expected_db > 6


def test_an_empty_scene_has_no_targets() -> None:
    assert look(record(rate=1_000_000, scene=())).images[0].targets == []


def test_receive_only_hears_noise_alone() -> None:
    file = record(rate=2_000_000, mode=lib.SAR_MODE_RX_ONLY)
    found = look(file)
    assert found.mode == "RX_ONLY"
    assert found.images[0].targets == []
    assert np.std(found.take.bursts[0].lines.real) == pytest.approx(24, rel=0.03)
    assert all(np.abs(pulse).max() < 60 for pulse in found.take.calibration.values())


def test_calibration_pulses_are_the_chirp() -> None:
    take = take_of(record(rate=2_000_000))
    burst = take.bursts[0]
    replica = burst.chirp.replica(burst.sampling_rate_hz)
    amplitudes = []
    for pulse in take.calibration.values():
        start = round(1e-6 * burst.sampling_rate_hz)
        part = pulse[start : start + len(replica)]
        amplitudes.append(abs(np.vdot(replica, part)) / len(replica))
        assert amplitudes[-1] > 0.9 * np.sqrt(np.mean(np.abs(part) ** 2))
    assert list(take.calibration) == ["Tx", "Rx", "EPDN"]
    assert amplitudes == pytest.approx([220, 190, 160], rel=0.03)


@pytest.mark.parametrize(("gain_db", "factor"), [(-8, 10 ** (-4 / 20)), (0, 10 ** (4 / 20))])
def test_gain_scales_noise_and_signal(gain_db: float, factor: float) -> None:
    reference = take_of(record(receive_gain_db=-8))
    take = take_of(record(receive_gain_db=round(2 * gain_db)))
    assert take.receive_gain_db == gain_db
    assert reference.noise_lsb is not None and take.noise_lsb is not None
    assert take.noise_lsb / reference.noise_lsb == pytest.approx(factor, rel=0.03)
    ratio = np.abs(take.calibration["Tx"]).mean() / np.abs(reference.calibration["Tx"]).mean()
    assert ratio == pytest.approx(factor, rel=0.03)


@pytest.mark.parametrize(
    ("field", "value", "header", "expected"),
    [
        ("swst_code", 2300, "window_start", 2300),
        ("swl_code", 4000, "window_length", 4000),
        ("pri_code", 8000, "pri", 8000),
        ("pulse_code", 1000, "pulse_length", 1000),
        ("rank", 16, "rank", 16),
        ("polarisation", lib.POLARISATION_HH, "polarisation", 1),
        ("polarisation", lib.POLARISATION_VV_VH, "polarisation", 7),
        ("elevation_beam", 9, "elevation_beam", 9),
        ("azimuth_beam", 700, "azimuth_beam", 700),
        ("baq", lib.BAQ_BAQ3, "baq_mode", 3),
        ("receive_gain_db", -11, "receive_gain", 11),
        ("sampling_rate", lib.SAMPLING_RATE_MHZ_150, "instrument_configuration", 150_000),
    ],
)
def test_header_follows_from_the_table(field: str, value: int, header: str, expected: int) -> None:
    packets = packets_of(record(rate=200_000, **{field: value}))
    echoes = packets.header["signal_type"] == 0
    assert set(packets.header[header][echoes]) == {expected}


def test_samples_follow_from_window_and_rate() -> None:
    quads = {}
    for name, table in {"as is": {}, "swl": {"swl_code": 6000}, "rate": {"sampling_rate": 4}}.items():
        quads[name] = int(packets_of(record(rate=100_000, **table)).header["quads"][0])
    assert quads["swl"] - quads["as is"] == pytest.approx((6000 - 4488) / 10 * 180e6 / 37534722.24 / 2, abs=2)
    assert quads["rate"] == pytest.approx(quads["as is"] * 150 / 180, abs=2)


def test_the_same_seed_gives_the_same_octets() -> None:
    assert record(seed=5) == record(seed=5)
    assert record(seed=5) != record(seed=6)
