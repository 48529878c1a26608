"""The SAR's files as sentinel1decoder reads them: headers, platform and samples, in every quantisation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sentinel1decoder import Level0Decoder
from sentinel1decoder._sentinel1decoder import decode_single_baq_packet
from sentinel1decoder.utilities import read_subcommed_data

from emei.science.baq import Baq
from tests.hal.hal_board import lib
from tests.science.takes import DICTIONARY, packets_of, record, take_of

FREF_HZ = 37.53472224e6
QUANTISERS = {0: lib.BAQ_BYPASS, 3: lib.BAQ_BAQ3, 4: lib.BAQ_BAQ4, 5: lib.BAQ_BAQ5}
# Signal to quantisation noise of Max's quantisers for a normal distribution, dB, less what the coarse steps of
# the block's index cost.
LEAST_SNR_DB = {3: 14.0, 4: 19.5, 5: 25.0}


@pytest.mark.parametrize("bits", QUANTISERS)
def test_samples(tmp_path: Path, bits: int) -> None:
    file = tmp_path / "take"
    file.write_bytes(record(rate=400_000, baq=QUANTISERS[bits]))
    packets = packets_of(file.read_bytes())
    baq = Baq.of(DICTIONARY.science)
    judge = Level0Decoder(str(file))
    metadata = judge.decode_metadata()
    assert len(metadata) == len(packets)
    seen = 0
    modes = metadata["BAQ Mode"].map(lambda mode: mode.value) * 100_000 + metadata["Number of Quads"].astype(int)
    for mode in set(modes):
        group = metadata[modes == mode]
        numbers = group.index.get_level_values("Packet Number")
        for theirs, number in zip(judge.decode_packets(group), numbers, strict=True):
            ours = baq.decode(
                packets.data[number], int(packets.header["quads"][number]), int(packets.header["baq_mode"][number])
            )
            assert np.abs(theirs - ours).max() < 1e-4
            seen += 1
    assert seen == len(packets)


def test_headers(tmp_path: Path) -> None:
    file = tmp_path / "take"
    file.write_bytes(record(rate=400_000, receive_gain_db=-9))
    metadata = Level0Decoder(str(file)).decode_metadata()
    echo = metadata[metadata["Signal Type"].map(lambda value: value.name) == "ECHO"].iloc[5]
    assert {value.name for value in metadata["Signal Type"]} == {"ECHO", "NOISE", "TX_CAL", "RX_CAL", "EPDN_CAL"}
    assert echo["Tx Ramp Rate"] * echo["Tx Pulse Length"] == pytest.approx(150e6, rel=1e-3)
    assert echo["Tx Pulse Start Frequency"] == pytest.approx(-75e6, rel=1e-4)
    assert echo["Tx Pulse Length"] == pytest.approx(1314 / FREF_HZ)
    assert echo["PRI"] == pytest.approx(8160 / FREF_HZ)
    assert echo["SWST"] == pytest.approx(2249 / FREF_HZ)
    assert echo["SWL"] == pytest.approx(4488 / FREF_HZ)
    assert (echo["Rank"], echo["Rx Gain"], echo["Sync"]) == (17, -4.5, 0x352EF853)
    assert echo["Polarisation"].value == 6


def test_platform(tmp_path: Path) -> None:
    file = tmp_path / "take"
    file.write_bytes(record(rate=1_000_000))
    theirs = read_subcommed_data(Level0Decoder(str(file)).decode_metadata()).iloc[0]
    ours = take_of(file.read_bytes()).platform
    assert ours is not None
    position = [theirs[f"{axis}-axis position ECEF"] for axis in "XYZ"]
    velocity = [theirs[f"{axis}-axis velocity ECEF"] for axis in "XYZ"]
    assert np.linalg.norm(position) == pytest.approx(ours.radius_m) == pytest.approx(6_891_000)
    assert np.linalg.norm(velocity) == pytest.approx(ours.speed_m_s, rel=1e-6) == pytest.approx(7605, rel=1e-6)
    assert np.dot(position, velocity) == pytest.approx(0, abs=6.9e6 * 7605 * 1e-6)


@pytest.mark.parametrize("bits", LEAST_SNR_DB)
def test_quantisation_noise(bits: int) -> None:
    """The same samples with and without the quantiser: noise alone, and echoes."""
    plain, coded = (take_of(record(rate=8_000_000, seed=3, baq=QUANTISERS[mode])) for mode in (0, bits))
    lines = min(len(plain.bursts[0].lines), len(coded.bursts[0].lines), 20)
    exact, quantised = plain.bursts[0].lines[:lines], coded.bursts[0].lines[:lines]
    error = np.mean(np.abs(exact - quantised) ** 2)
    assert 10 * np.log10(np.mean(np.abs(exact) ** 2) / error) > LEAST_SNR_DB[bits]


@pytest.mark.parametrize("bits", LEAST_SNR_DB)
def test_every_index_and_code(bits: int) -> None:
    """A block of each index with every code of either sign."""
    code_bits = "".join(f"{code % 2**bits:0{bits}b}" for code in range(128))
    channel = int(code_bits, 2).to_bytes(128 * bits // 8, "big")
    baq = Baq.of(DICTIONARY.science)
    for index in range(256):
        data = channel + channel + bytes([index]) + channel + b"\0" + channel
        theirs = decode_single_baq_packet(data, 128, bits)
        assert np.abs(theirs - baq.decode(data, 128, bits)).max() < 2e-4, index
