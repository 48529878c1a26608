"""SPOTLIGHT and TOPS: the sweep from end to end in range alone, and about broadside a picture like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from emei.cli import main
from emei.science.quicklook import SarQuicklook
from emei.science.scene import match_targets
from tests.hal.hal_board import lib
from tests.hal.sim_take import SPOTLIGHT, TOPS
from tests.science.takes import DICTIONARY, Faults, assert_in_place, look, packet_starts, packets_of, record

SCENE = DICTIONARY.science.rows("sar_scene", "targets")
BROADSIDE = DICTIONARY.mission.integer("sar", "azimuth_beam_broadside")
SPREAD = DICTIONARY.science.integer("sar_scale", "sweep_pulses")
MOST = DICTIONARY.science.integer("sar_scale", "echo_pulses")
FAST = 6_000_000
SLOW = 320_000  # too slow for a picture
SUB_SWATHS = [10, 11, 12]
# Three sub-swaths that all come to broadside, forward and backward, with sweeps of their own.
TOPS_ABEAM: dict[str, Any] = TOPS | {
    "azimuth_beam": 480,
    "burst_pulses": 600,
    "azimuth_beam_2": 490,
    "azimuth_beam_step_2": 1,
    "pulses_per_beam_2": 15,
    "burst_pulses_2": 700,
    "azimuth_beam_3": 540,
    "azimuth_beam_step_3": -2,
    "pulses_per_beam_3": 20,
    "burst_pulses_3": 500,
}
SWEEPS: dict[str, tuple[dict[str, Any], list[int]]] = {
    "SPOTLIGHT": (SPOTLIGHT, [6]),
    "SPOTLIGHT in steps that pass broadside": (SPOTLIGHT | {"azimuth_beam": 701, "azimuth_beam_step": -5}, [6]),
    "SPOTLIGHT forward": (SPOTLIGHT | {"azimuth_beam": 430, "azimuth_beam_step": 2}, [6]),
    "SPOTLIGHT from broadside": (SPOTLIGHT | {"azimuth_beam": BROADSIDE}, [6]),
    "TOPS": (TOPS_ABEAM, SUB_SWATHS),
    "TOPS in one elevation beam": (TOPS_ABEAM | {"elevation_beam_2": 6, "elevation_beam_3": 6}, SUB_SWATHS),
    "TOPS of which one sub-swath comes to broadside": (TOPS, SUB_SWATHS[:1]),
}


@pytest.mark.parametrize("sweep", SWEEPS)
def test_every_target_in_its_place(sweep: str) -> None:
    table, swaths = SWEEPS[sweep]
    found = look(record(rate=FAST, **table))
    assert found.problems == []
    assert [picture.image.burst.swath for picture in found.images] == swaths
    for picture in found.images:
        assert MOST / 2 <= picture.image.burst.recorded <= MOST
        assert_in_place(picture)


def test_both_polarisations_that_alternate_are_focused() -> None:
    found = look(record(rate=FAST, polarisation=lib.POLARISATION_HH_VV, **SPOTLIGHT))
    assert found.problems == []
    assert [picture.image.burst.polarisation for picture in found.images] == ["HH", "VV"]
    for picture in found.images:
        assert MOST / 2 - 1 <= picture.image.burst.recorded <= MOST / 2
        # With half of the pulses the side lobes of one target reach higher into its neighbours.
        matches = match_targets(DICTIONARY, picture.image, picture.targets)
        assert [match.azimuth_m for match in matches if not match.is_within] == [1500.0] * 3
        matches = [match for match in matches if match.is_within]
        assert len(matches) == len(picture.targets)
        assert all(abs(match.range_px) < 1 and abs(match.azimuth_px) < 1 for match in matches)


def test_the_beam_of_every_pulse_weighs_its_echo() -> None:
    """What a sweep shows off broadside is as faint as the pattern says: the headers' beams are those of the echoes."""
    file = record(rate=FAST, scene=((333.0, 0.0, 20.0, 0.0),), **SPOTLIGHT)
    (profile,) = look(file).profiles
    near = np.abs(profile.range_m - profile.range_m[0] - 333.0) < 60  # it comes nearer and goes away again
    power = np.abs(profile.pixels[:, near]) ** 2
    # The peak falls between pixels now and then: what lies about it together does not change with that.
    about = np.abs(np.arange(power.shape[1]) - power.argmax(axis=1)[:, None]) <= 6
    level = np.sqrt(np.where(about, power, 0).sum(axis=1))
    (picture,) = look(file).images
    echoes, image = profile.echoes, picture.image
    after_s = echoes.first_gps_s + echoes.time_s - image.burst.first_gps_s + image.burst.late_s
    (target,) = picture.targets
    angle_rad = -image.ground_speed_m_s * after_s / target.range_m
    beam_rad = (echoes.azimuth_beams - BROADSIDE) * DICTIONARY.mission.number("sar", "azimuth_beam_step_urad") * 1e-6
    turns = (angle_rad - beam_rad) * DICTIONARY.mission.number("sar", "antenna_length_m") * 9.6e9 / 299792458
    expected = np.sinc(turns) ** 2
    seen = expected > 0.2
    assert seen.sum() > 20 and expected[seen].min() < 0.5
    assert level[seen] / level.max() == pytest.approx(expected[seen] / expected.max(), abs=0.08)


def spread_and_unbroken(found: SarQuicklook) -> tuple[int, int]:
    spread = sum(len(profile.echoes.lines) for profile in found.profiles)
    return spread, sum(picture.image.burst.recorded for picture in found.images)


@pytest.mark.parametrize(("table", "swaths"), [(SPOTLIGHT, 1), (TOPS_ABEAM, 3)], ids=["SPOTLIGHT", "TOPS"])
def test_a_slow_bench_records_the_sweep_and_a_fast_one_pictures_too(table: dict[str, Any], swaths: int) -> None:
    echo_octets = 8060
    for rate in (SLOW, 800_000, 2_000_000, FAST):
        spread, unbroken = spread_and_unbroken(look(record(rate=rate, **table)))
        carried = min(rate * 2 / echo_octets, SPREAD + 2 * MOST)
        assert spread <= SPREAD + swaths
        assert unbroken <= min(2 * MOST, swaths * MOST)
        if carried * 3 / 4 / swaths < DICTIONARY.science.integer("sar_scale", "unbroken_least_pulses"):
            assert unbroken == 0
        else:
            assert unbroken == pytest.approx(min(max(carried * 3 / 4, carried - SPREAD), swaths * MOST), rel=0.05)
        assert spread >= 0.8 * min(SPREAD, carried / 4)


@pytest.mark.parametrize("rate", [SLOW, FAST])
def test_a_sweep_is_seen_from_end_to_end(rate: int) -> None:
    """SPOTLIGHT sees the scene while its beam passes broadside; no response in azimuth is made up."""
    found = look(record(rate=rate, **SPOTLIGHT))
    assert found.problems == []
    (profile,) = found.profiles
    assert 60 < len(profile.pixels) == len(profile.echoes.lines)
    name, text = next(fact for fact in found.facts() if fact[0].startswith("Echoes"))
    assert name == "Echoes, swath 6" and "not focused in azimuth" in text
    assert found.as_json()["range_profiles"][0]["azimuth_beams"] == list(profile.echoes.azimuth_beams[[0, -1]])
    columns = [round(target[0] / (profile.range_m[1] - profile.range_m[0])) for target in SCENE]
    strongest = np.abs(profile.pixels)[:, [column + off for column in columns for off in range(-3, 4)]].max(axis=1)
    background = np.median(np.abs(profile.pixels))
    beams = profile.echoes.azimuth_beams
    assert beams[0] == 700 and beams[-1] < 432
    assert (strongest[np.abs(beams - BROADSIDE) < 20] > 12 * background).all()
    assert (strongest[beams > 660] < 8 * background).all()
    assert set(found.pictures()) == ({"sar_echoes"} if rate == SLOW else {"sar", "sar_echoes"})


def test_each_sub_swath_of_tops_is_a_profile() -> None:
    found = look(record(rate=SLOW, **TOPS))
    assert found.problems == [] and found.images == []
    assert [profile.echoes.swath for profile in found.profiles] == SUB_SWATHS
    assert sum(fact[0].startswith("Echoes") for fact in found.facts()) == 3


def test_a_lost_target_is_missing_from_the_picture() -> None:
    """What is shown comes from the echoes: a scene that is not as it should be is found out."""
    faults: Faults = (("sar.lost_target", 2),)
    (picture,) = look(record(rate=FAST, faults=faults, **SPOTLIGHT)).images
    matches = match_targets(DICTIONARY, picture.image, picture.targets)
    assert len(picture.targets) == len(matches) - 1
    assert abs(matches[1].azimuth_px) > 10


def beam_put_to(file: bytes, number: int, beam: int) -> bytes:
    """The file with another azimuth beam in the header of one packet."""
    damaged = bytearray(file)
    at = packet_starts(file)[number] + 60
    value = int.from_bytes(damaged[at : at + 2], "big")
    damaged[at : at + 2] = (value & ~0x3FF | beam).to_bytes(2, "big")
    return bytes(damaged)


def test_a_damaged_beam_does_not_move_the_picture() -> None:
    file = record(rate=FAST, **TOPS_ABEAM)
    packets = packets_of(file)
    echoes = np.flatnonzero((packets.header["signal_type"] == 0) & (packets.header["swath"] == SUB_SWATHS[0]))
    unbroken = echoes[1:][np.diff(packets.header["pri_count"][echoes]) == 1]
    before = int(unbroken[10])
    assert packets.header["azimuth_beam"][before] < BROADSIDE
    found = look(beam_put_to(file, before, 700))
    assert_in_place(found.images[0])


def test_without_the_pulse_at_broadside_the_picture_begins_with_its_first_echo() -> None:
    """Where the scene lies along the track is then not known, and not guessed."""
    file = record(rate=FAST, **SPOTLIGHT)
    packets, starts = packets_of(file), packet_starts(file)
    is_echo = packets.header["signal_type"] == 0
    (at,) = np.flatnonzero(is_echo & (packets.header["azimuth_beam"] <= BROADSIDE))[:1]
    (picture,) = look(file[: starts[at]] + file[starts[at + 1] :]).images
    assert picture.image.burst.origin == "the first echo"
    assert look(file).as_json()["images"][0]["azimuth_from"] == "where the beam came to broadside"


def test_the_targets_of_each_sub_swath_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "take.ccsds"
    file.write_bytes(record(rate=FAST, **TOPS_ABEAM))
    result = CliRunner().invoke(main, ["quicklook", str(file), "--out", str(tmp_path)])
    assert result.exit_code == 0
    titles = [line.strip() for line in result.output.splitlines() if line.startswith("Point targets")]
    assert titles == [f"Point targets in swath {swath}" for swath in SUB_SWATHS]
    names = {f"take.sar_swath_{swath}{kind}.png" for swath in SUB_SWATHS for kind in ("", "_echoes")}
    assert {path.name for path in tmp_path.glob("*.png")} == names
