"""Both receive channels and both transmit polarisations: what each packet says, and what it holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sentinel1decoder import Level0Decoder

from emei.science.baq import Baq
from emei.science.quicklook import SarQuicklook
from emei.science.sar_focus import compress_range
from emei.science.sar_take import Burst
from tests.hal.hal_board import lib
from tests.hal.sim_take import SPOTLIGHT, TOPS
from tests.science.takes import DICTIONARY, assert_in_place, look, packet_starts, packets_of, record, take_of

ECHO, NOISE, CALIBRATIONS = 0, 1, (8, 9, 10)
# Of each commanded polarisation: the packets of successive pulses, as (Sentinel-1 code, receive channel: 0 V, 1 H).
PULSES: dict[str, tuple[tuple[tuple[int, int], ...], ...]] = {
    "HH": (((1, 1),),),
    "HV": (((2, 0),),),
    "VH": (((5, 1),),),
    "VV": (((6, 0),),),
    "HH_HV": (((3, 0), (3, 1)),),
    "VV_VH": (((7, 0), (7, 1)),),
    "VV_HV": (((6, 0),), ((2, 0),)),
    "HH_VV": (((1, 1),), ((6, 0),)),
}
NAMES = {
    "HH": ["HH"],
    "HV": ["HV"],
    "VH": ["VH"],
    "VV": ["VV"],
    "HH_HV": ["HH", "HV"],
    "VV_VH": ["VV", "VH"],
    "VV_HV": ["VV", "HV"],
    "HH_VV": ["HH", "VV"],
}
CO = ("HH", "VV")
MOST = DICTIONARY.science.integer("sar_scale", "echo_pulses")
SEVERAL = [name for name, names in NAMES.items() if len(names) > 1]
RANGE_M, AZIMUTH_M, CO_LSB, CROSS_LSB = 333.0, 100.0, 40.0, 16.0


def taken(polarisation: str, rate: int = 1_500_000, **table: Any) -> bytes:
    return record(rate=rate, polarisation=DICTIONARY.enumeration("POLARISATION").members[polarisation], **table)


def of_one_target(polarisation: str) -> bytes:
    return taken(polarisation, scene=((RANGE_M, AZIMUTH_M, CO_LSB, CROSS_LSB),))


def peak_lsb(burst: Burst) -> float:
    """Of the range-compressed echoes in the target's place, over all of them."""
    recorded = burst.lines[np.any(burst.lines != 0, axis=1)]
    compressed = np.abs(compress_range(recorded, burst.chirp, burst.sampling_rate_hz))
    column = round(RANGE_M * 2 * burst.sampling_rate_hz / 299_792_458)
    return float(np.mean(np.max(compressed[:, column - 2 : column + 3], axis=1)))


def test_every_polarisation_of_the_dictionary_is_looked_at() -> None:
    assert set(PULSES) == set(NAMES) == set(DICTIONARY.enumeration("POLARISATION").members)


@pytest.mark.parametrize("polarisation", PULSES)
def test_packets_of_each_pulse(polarisation: str) -> None:
    """Of echoes and noise: one for each receive channel, with the pulse's own code, all with its time and count."""
    header = packets_of(taken(polarisation)).header
    for signal in (ECHO, NOISE):
        chosen = np.flatnonzero(header["signal_type"] == signal)
        of_pulse: dict[int, list[tuple[int, int]]] = {}
        times: dict[int, set[tuple[int, int]]] = {}
        for number in chosen:
            pulse = int(header["pri_count"][number])
            of_pulse.setdefault(pulse, []).append(
                (int(header["polarisation"][number]), int(header["receive_channel"][number]))
            )
            times.setdefault(pulse, set()).add((int(header["coarse_time"][number]), int(header["fine_time"][number])))
        assert len(of_pulse) >= 20
        assert all(len(moments) == 1 for moments in times.values())
        first = min(of_pulse)
        for pulse, packets in of_pulse.items():
            assert tuple(packets) == PULSES[polarisation][(pulse - first) % len(PULSES[polarisation])], pulse
    assert list(header["packet_count"]) == list(range(len(header["packet_count"])))


@pytest.mark.parametrize("polarisation", PULSES)
def test_each_path_is_calibrated_in_each_polarisation(polarisation: str) -> None:
    """Before, among and after the echoes."""
    header = packets_of(taken(polarisation)).header
    echoes = np.flatnonzero(header["signal_type"] == ECHO)
    wanted = {(signal, *pair) for signal in CALIBRATIONS for pulse in PULSES[polarisation] for pair in pulse}
    calibrations = np.flatnonzero(np.isin(header["signal_type"], CALIBRATIONS))
    last = calibrations[calibrations > echoes[-1]]
    whole = header["quads"][calibrations[0]]
    parts = {
        "opening": calibrations[calibrations < echoes[0]],
        "interleaved": calibrations[(calibrations > echoes[0]) & (header["quads"][calibrations] < whole)],
        "closing": last[header["quads"][last] == whole],
    }
    for name, part in parts.items():
        columns = zip(
            *(header[key][part].tolist() for key in ("signal_type", "polarisation", "receive_channel")), strict=True
        )
        assert set(columns) == wanted, name


@pytest.mark.parametrize("polarisation", NAMES)
def test_echo_is_as_strong_as_the_target_is_in_that_polarisation(polarisation: str) -> None:
    bursts = take_of(of_one_target(polarisation)).bursts
    assert [burst.polarisation for burst in bursts] == NAMES[polarisation]
    for burst in bursts:
        expected = CO_LSB if burst.polarisation in CO else CROSS_LSB
        assert peak_lsb(burst) == pytest.approx(expected, rel=0.1), burst.polarisation


@pytest.mark.parametrize("polarisation", SEVERAL)
def test_a_target_without_an_echo_across_is_seen_in_the_other_picture_alone(polarisation: str) -> None:
    file = taken(polarisation, scene=((RANGE_M, AZIMUTH_M, CO_LSB, 0.0),))
    seen = {picture.image.burst.polarisation: len(picture.targets) for picture in look(file).images}
    assert seen == {name: int(name in CO) for name in NAMES[polarisation]}


@pytest.mark.parametrize("polarisation", SEVERAL)
def test_each_channel_has_noise_of_its_own(polarisation: str) -> None:
    """As strong, and not the same: uncorrelated between the channels."""
    packets = packets_of(taken(polarisation, scene=()))
    baq = Baq.of(DICTIONARY.science)
    chosen = np.flatnonzero(packets.header["signal_type"] == NOISE)
    kinds: dict[tuple[int, int], list[np.ndarray[Any, Any]]] = {}
    for number in chosen:
        kind = (int(packets.header["polarisation"][number]), int(packets.header["receive_channel"][number]))
        mode, quads = (int(packets.header[name][number]) for name in ("baq_mode", "quads"))
        kinds.setdefault(kind, []).append(baq.decode(packets.data[number], quads, mode))
    one, other = (np.concatenate(lines) for lines in kinds.values())
    least = min(len(one), len(other))
    one, other = one[:least], other[:least]
    assert np.std(one.real) == pytest.approx(24, rel=0.03) and np.std(other.real) == pytest.approx(24, rel=0.03)
    correlation = abs(np.vdot(one, other)) / (np.linalg.norm(one) * np.linalg.norm(other))
    assert correlation < 5 / np.sqrt(least)


@pytest.mark.parametrize("polarisation", ["VV_VH", "HH_VV"])
def test_receive_only_hears_noise_in_every_channel(polarisation: str) -> None:
    found = look(taken(polarisation, mode=lib.SAR_MODE_RX_ONLY))
    assert found.mode == "RX_ONLY" and found.problems == []
    assert [picture.targets for picture in found.images] == [[], []]


def assert_right(found: SarQuicklook, names: list[str]) -> None:
    """Each picture shows the targets that have an echo in its polarisation, each in its place and sharp."""
    assert found.problems == []
    assert [picture.image.burst.polarisation for picture in found.images] == names
    for picture in found.images:
        # Half the pulses sample half the length along the track: three targets lie beyond each end.
        alternates = 2 * picture.image.burst.recorded <= MOST
        unsampled = 6 if alternates and picture.image.burst.polarisation in CO else 0
        assert_in_place(picture, within_px=0.5, outside=unsampled)


@pytest.mark.parametrize("polarisation", SEVERAL)
def test_a_picture_of_each_polarisation(polarisation: str) -> None:
    found = look(taken(polarisation, rate=8_000_000))
    assert_right(found, NAMES[polarisation])
    assert set(found.pictures()) == {f"sar_{name}" for name in NAMES[polarisation]}
    alternates = len(PULSES[polarisation]) > 1
    for picture in found.images:
        burst = picture.image.burst
        assert burst.prf_hz == pytest.approx(37534722.24 / 8160 / (2 if alternates else 1))
        assert burst.recorded == len(burst.lines) == (192 if alternates else 384)
    answer = found.as_json()
    assert answer["polarisation"] == polarisation and list(answer["channels"]) == NAMES[polarisation]
    assert [image["polarisation"] for image in answer["images"]] == NAMES[polarisation]
    facts = dict(found.facts())
    for name in NAMES[polarisation]:
        assert {f"Receiver noise, {name}", f"Calibration Tx, {name}", f"Burst, swath 6, {name}"} <= facts.keys()


def test_the_strongest_of_both_pictures_is_where_it_is() -> None:
    """Pictures of alternating pulses lie on each other, although one begins a pulse later."""
    one, other = (picture.targets[0] for picture in look(of_one_target("VV_HV")).images)
    assert one.azimuth_m == pytest.approx(other.azimuth_m, abs=0.5)
    assert one.azimuth_m == pytest.approx(AZIMUTH_M, abs=0.5)


@pytest.mark.parametrize("polarisation", ["VV_VH", "VV_HV", "HH_VV"])
def test_a_sweep_shows_each_polarisation(polarisation: str) -> None:
    """One pulse that is due is taken after the other: both polarisations get their turn over the whole sweep."""
    found = look(taken(polarisation, rate=320_000, **SPOTLIGHT))
    assert found.problems == [] and found.images == []
    assert [profile.echoes.polarisation for profile in found.profiles] == NAMES[polarisation]
    one, other = (len(profile.echoes.lines) for profile in found.profiles)
    assert min(one, other) > 25 and abs(one - other) <= 1
    assert set(found.pictures()) == {f"sar_{name}_echoes" for name in NAMES[polarisation]}


def test_pictures_of_tops_are_named_by_sub_swath_and_polarisation() -> None:
    found = look(taken("VV_VH", rate=1_600_000, **TOPS))
    assert found.problems == []
    # The beam of the first sub-swath alone comes to broadside.
    echoes = {f"sar_swath_{swath}_{name}_echoes" for swath in (10, 11, 12) for name in ("VV", "VH")}
    assert set(found.pictures()) == echoes | {"sar_swath_10_VV", "sar_swath_10_VH"}


@pytest.mark.parametrize("polarisation", ["VV", "VV_VH", "HH_VV"])
def test_a_packet_of_another_polarisation_is_left_out_and_named(polarisation: str) -> None:
    """Damage makes no picture of a polarisation that was not commanded."""
    file = bytearray(taken(polarisation))
    packets = packets_of(bytes(file))
    echo = int(np.flatnonzero(packets.header["signal_type"] == ECHO)[5])
    start = packet_starts(bytes(file))[echo]
    file[start + 59] ^= 0x70  # the polarisation, all three bits
    take = take_of(bytes(file))
    assert [burst.polarisation for burst in take.bursts] == NAMES[polarisation]
    (problem,) = take.problems
    assert " is left out: the polarisation of packet " in problem and f"; a data take of {polarisation} has " in problem
    assert problem.startswith(f"Packet {echo} ")


@pytest.mark.parametrize("polarisation", SEVERAL)
def test_sentinel1decoder_tells_the_channels_apart(tmp_path: Any, polarisation: str) -> None:
    """Header words as the standard's decoder names them, and the same samples for each packet."""
    file = tmp_path / "take"
    file.write_bytes(taken(polarisation, rate=600_000))
    packets, baq = packets_of(file.read_bytes()), Baq.of(DICTIONARY.science)
    judge = Level0Decoder(str(file))
    metadata = judge.decode_metadata()
    assert len(metadata) == len(packets)
    echoes = metadata[metadata["Signal Type"].map(lambda value: value.name) == "ECHO"]
    codes = echoes["Polarisation"].map(lambda value: value.name)
    channels = echoes["Rx Channel ID"].map(lambda value: value.name)
    words = {1: "TX_H_RX_H", 2: "TX_H_RX_V", 3: "TX_H_RX_VH", 6: "TX_V_RX_V", 7: "TX_V_RX_VH"}
    receivers = ("RXV_POL_CHANNEL", "RXH_POL_CHANNEL")
    pairs = [pair for pulse in PULSES[polarisation] for pair in pulse]
    assert set(zip(codes, channels, strict=True)) == {(words[code], receivers[channel]) for code, channel in pairs}
    for code, channel in pairs:
        part = echoes[(codes == words[code]) & (channels == receivers[channel])]
        decoded = judge.decode_packets(part)
        numbers = part.index.get_level_values("Packet Number")
        assert len(decoded) == len(numbers) > 20
        for theirs, number in zip(decoded, numbers, strict=True):
            ours = baq.decode(
                packets.data[number], int(packets.header["quads"][number]), int(packets.header["baq_mode"][number])
            )
            assert np.abs(theirs - ours).max() < 1e-4
