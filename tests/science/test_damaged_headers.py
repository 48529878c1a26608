"""Headers damaged in any field, of one packet or of all: the rest is decoded, what matters is said, nothing breaks."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from emei.cli import main
from emei.dictionary import SciencePacket
from emei.science import optical_image
from emei.science.errors import ScienceError
from emei.science.optical_image import read_optical
from emei.science.optical_quicklook import OpticalQuicklook
from emei.science.quicklook import SarQuicklook, quicklook
from emei.science.source_packets import decode_headers
from tests.hal.hal_board import lib
from tests.science.images import record_image
from tests.science.takes import DICTIONARY, LAYOUT, record, take_of

PRIMARY_OCTETS = 6
SEQUENCE = slice(2, 4)  # of the primary header: flags and count, which the packet count says again
SAR = LAYOUT
OPTICAL = DICTIONARY.science_packets["OPTICAL_PACKET"]
FINE_PER_SECOND = 65536
PICTURES = 6
ECHO = lib.SAR_SIGNAL_ECHO

# What no number and no picture comes from; of the ancillary words most are of that kind.
UNUSED = {
    "SAR_PACKET": {"ancillary_word", "calibration_mode", "transmit_pulse", "swap"}
    | {f"spare_{number}" for number in range(1, 10)},
    "OPTICAL_PACKET": {"spare"},
}


@dataclass(frozen=True)
class Sample:
    """A small file with the places of its packets."""

    layout: SciencePacket
    file: bytes

    @property
    def starts(self) -> list[int]:
        return list(_starts(self.file))

    def field(self, name: str) -> tuple[int, int]:
        """First bit and bits of a field, from the beginning of the packet."""
        first = 8 * PRIMARY_OCTETS
        for item in self.layout.fields:
            if item.name == name:
                return first, item.bits
            first += item.bits
        raise KeyError(name)

    def values(self, name: str) -> list[int]:
        headers = [self.file[start + PRIMARY_OCTETS : start + 99] for start in self.starts]
        return [int(value) for value in decode_headers(headers, self.layout)[name]]

    def with_field(self, name: str, value: int | Callable[[int], int], only: Callable[[int], bool]) -> bytes:
        """The file with another value in every packet that `only` names by its number."""
        first, bits = self.field(name)
        file = bytearray(self.file)
        for number, start in enumerate(self.starts):
            if only(number):
                end = start + PRIMARY_OCTETS + self.layout.octets
                header = int.from_bytes(file[start:end], "big")
                shift = 8 * (end - start) - first - bits
                put = value if isinstance(value, int) else value(number)
                header = header & ~((1 << bits) - 1 << shift) | put << shift
                file[start:end] = header.to_bytes(end - start, "big")
        return bytes(file)


def _starts(file: bytes) -> Iterator[int]:
    at = 0
    while at < len(file):
        yield at
        at += PRIMARY_OCTETS + 1 + int.from_bytes(file[at + 4 : at + 6], "big")


@cache
def sar(**more: int) -> Sample:
    """A narrow chirp in a short window, slowly sampled: a data take as small as it can be with targets."""
    small = {"bandwidth_mhz": 20, "sampling_rate": lib.SAMPLING_RATE_MHZ_30, "pulse_code": 376, "swl_code": 1000}
    return Sample(SAR, record(rate=30_000, **small, **more))


def sar_of_two_channels() -> Sample:
    return sar(polarisation=lib.POLARISATION_VV_VH)


def sar_of_alternate_pulses() -> Sample:
    return sar(polarisation=lib.POLARISATION_VV_HV)


@cache
def optical() -> Sample:
    return Sample(OPTICAL, record_image(rate=10_000))


SAMPLES = {
    "SAR": sar,
    "SAR VV_VH": sar_of_two_channels,
    "SAR VV_HV": sar_of_alternate_pulses,
    "OPTICAL": optical,
}
samples = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)


def look(file: bytes, pictures: bool = False) -> SarQuicklook | OpticalQuicklook | str:
    """All of a quicklook, any warning of the numbers an error; the sentence when there is nothing to show."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = quicklook(file, DICTIONARY)
        except ScienceError as error:
            return str(error)
        assert found.facts() and found.as_json()
        if pictures:
            assert all(octets.startswith(b"\x89PNG") for octets in found.pictures().values())
    return found


def packets_in(found: SarQuicklook | OpticalQuicklook | str) -> int:
    return 0 if isinstance(found, str) else found.take.packets


def problems_of(found: SarQuicklook | OpticalQuicklook | str) -> list[str]:
    return [found] if isinstance(found, str) else found.problems


def damaged(sample: Sample, data: st.DataObject) -> bytes:
    """Up to 8 octets of the header region overwritten, in one packet or in all."""
    region = PRIMARY_OCTETS + sample.layout.octets
    at = data.draw(st.integers(0, region - 1), "octet of the packet")
    put = data.draw(st.binary(min_size=1, max_size=min(8, region - at)), "octets")
    number = data.draw(st.none() | st.integers(0, len(sample.starts) - 1), "packet")
    file = bytearray(sample.file)
    for start in sample.starts if number is None else [sample.starts[number]]:
        file[start + at : start + at + len(put)] = put
    return bytes(file)


def check_said(sample: Sample, file: bytes, found: SarQuicklook | OpticalQuicklook | str) -> None:
    """Damage of one packet in what matters is a problem, and costs no other packet."""
    one = [start for start in sample.starts if file[start : start + 99] != sample.file[start : start + 99]]
    if len(one) != 1:
        return
    (start,) = one
    end = start + PRIMARY_OCTETS + sample.layout.octets
    primary = [old != new for old, new in zip(sample.file[start : start + 6], file[start : start + 6], strict=True)]
    before, after = (
        decode_headers([octets[start + PRIMARY_OCTETS : end]], sample.layout) for octets in (sample.file, file)
    )
    changed = {name for name, column in before.items() if int(column[0]) != int(after[name][0])}
    matters = changed - UNUSED[sample.layout.name] - {"fine_time"}
    if sample.layout is SAR and int(before["signal_type"][0]) != ECHO:
        matters -= {"coarse_time", "pri_count", "elevation_beam"}
    primary[SEQUENCE] = [False, False]
    if matters or any(primary):
        assert problems_of(found), f"{changed} of the packet at {start} changed, and nothing was said"
    assert packets_in(found) >= len(sample.starts) - 1


@samples
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_damage_of_any_octets_of_a_header(sample: Callable[[], Sample], data: st.DataObject) -> None:
    file = damaged(sample(), data)
    check_said(sample(), file, look(file))


@samples
def test_a_length_that_reaches_to_the_end_of_a_later_packet_hides_none(sample: Callable[[], Sample]) -> None:
    starts = sample().starts
    file = bytearray(sample().file)
    file[4:6] = (starts[3] - PRIMARY_OCTETS - 1).to_bytes(2, "big")
    found = look(bytes(file))
    assert packets_in(found) == len(starts) - 1
    assert any(f"Octets 0 to {starts[1] - 1}" in problem for problem in problems_of(found))


# A signalling "no number" of 32 and of 64 bits, one that is quiet, and the largest.
@pytest.mark.parametrize("word", [0x7FA0, 0x7FF4, 0xFFFF, 0x7FEF])
def test_position_and_velocity_that_are_no_numbers(word: int) -> None:
    file = sar().with_field("ancillary_word", word, lambda number: True)
    assert any("ancillary_word" in problem for problem in problems_of(look(file)))


@samples
@settings(deadline=None, max_examples=PICTURES)
@given(data=st.data())
def test_what_is_left_of_a_damaged_file_is_drawn(sample: Callable[[], Sample], data: st.DataObject) -> None:
    look(damaged(sample(), data), pictures=True)


@samples
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_damage_of_any_field(sample: Callable[[], Sample], data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(sample().layout.fields), "field")
    extremes = st.sampled_from([0, 1, 2**field.bits - 1])
    value = data.draw(extremes | st.integers(0, 2**field.bits - 1), field.name)
    number = data.draw(st.none() | st.integers(0, len(sample().starts) - 1), "packet")
    file = sample().with_field(field.name, value, lambda at: number in (None, at))
    check_said(sample(), file, look(file))


# Field, value, of which packets, and words of the sentence.
EVERY = "every packet"
CASES: list[tuple[str, int, str]] = [
    ("instrument_configuration", 0, "30000, 60000, 90000, 120000, 150000, 180000 are allowed"),
    ("instrument_configuration", 1, "30000, 60000, 90000, 120000, 150000, 180000 are allowed"),
    ("pri", 0, "5362 to 12512 are allowed"),
    ("pri", 1, "5362 to 12512 are allowed"),
    ("pri", 2**24 - 1, "5362 to 12512 are allowed"),
    ("window_start", 2**24 - 1, "375 to 11260 are allowed"),
    ("pulse_length", 0, "188 to 2252 are allowed"),
    ("ramp_rate", 0, "20 to 150 MHz are allowed"),
    ("quads", 0, "1 up to half the samples of the window are allowed"),
    ("line_period", 0, "500 to 5000 are allowed"),
    ("gain", 0, "1, 2, 4, 8 are allowed"),
    ("stages", 0, "8, 16, 32, 48, 64, 96, and 1 in VIDEO are allowed"),
    ("integration", 0, "50 to 5000 are allowed"),
    ("bands", 0, "1 to 31 are allowed"),
]


def run(tmp_path: Path, octets: bytes) -> Result:
    file = tmp_path / "damaged"
    file.write_bytes(octets)
    result = CliRunner().invoke(main, ["quicklook", str(file), "--out", str(tmp_path)])
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit), result.output
    return result


def sample_of(field: str) -> Sample:
    return next(one() for one in SAMPLES.values() if any(item.name == field for item in one().layout.fields))


@pytest.mark.parametrize(("field", "value", "allowed"), CASES)
def test_a_packet_that_fails_is_named_and_the_rest_is_shown(
    tmp_path: Path, field: str, value: int, allowed: str
) -> None:
    sample = sample_of(field)
    result = run(tmp_path, sample.with_field(field, value, lambda number: number == 50))
    (problem,) = result.stderr.splitlines()
    assert "Packet 50 is left out: the " in problem and field in problem and allowed in problem
    assert f" {value}" in problem or field == "ramp_rate"
    assert f"{len(sample.starts) - 1} packets" in result.stdout
    assert list(tmp_path.glob("*.png"))


@pytest.mark.parametrize(("field", "value", "allowed"), CASES)
def test_a_file_without_a_usable_packet_is_a_sentence(tmp_path: Path, field: str, value: int, allowed: str) -> None:
    sample = sample_of(field)
    result = run(tmp_path, sample.with_field(field, value, lambda number: True))
    (problem,) = result.stderr.splitlines()
    assert f"No packet of {len(sample.starts)} can be decoded: the " in problem
    assert field in problem and " of packet 0 is " in problem and allowed in problem
    assert result.stdout == "" and not list(tmp_path.glob("*.png"))


def test_calibration_packets_without_samples_are_left_out(tmp_path: Path) -> None:
    signals = sar().values("signal_type")
    calibrations = [number for number, signal in enumerate(signals) if signal >= lib.SAR_SIGNAL_TX_CALIBRATION]
    result = run(tmp_path, sar().with_field("quads", 0, lambda number: number in calibrations))
    (problem,) = result.stderr.splitlines()
    first, more = calibrations[0], len(calibrations) - 1
    assert f"Packet {first} and {more} more are left out: the quads of packet {first} is 0; 1 up to half" in problem
    assert "Calibration" not in result.stdout and "pulses in" in result.stdout


def test_an_orbit_that_cannot_be_is_said_and_nothing_is_focused(tmp_path: Path) -> None:
    result = run(tmp_path, sar().with_field("ancillary_word", 0, lambda number: True))
    first, *_, last = result.stderr.splitlines()
    assert "ancillary_word) from packet 0 on give an orbit of 0 m and 0 m/s: it is not used" in first
    assert "6871000 to 6921000 m" in first and "nothing can be focused" in last


@pytest.mark.parametrize("first", [1, 13], ids=["position", "velocity"])
def test_one_orbit_that_is_not_the_others_is_not_used(first: int) -> None:
    index = sar().values("ancillary_index")
    assert index.count(first) > 2
    take = take_of(sar().with_field("ancillary_word", lambda at: 0x7FF0, lambda at: at == index.index(first)))
    whole = take_of(sar().file)
    (problem,) = take.problems
    assert problem.startswith("The ancillary data (ancillary_word) from packet 0 on give an orbit of ")
    assert take.platform is not None and whole.platform is not None and take.platform.is_like(whole.platform)


def test_fields_that_are_legal_alone_must_agree() -> None:
    """Each of these values is allowed; the packet's others, or the other packets, say something else."""
    signals = sar().values("signal_type")
    echo = len(signals) - signals[::-1].index(ECHO) - 20
    assert signals[echo] == ECHO and signals[echo - 1] == ECHO
    pri_count = sar().values("pri_count")[echo]
    for field, value in {
        "pri": 8161,
        "rank": 18,
        "window_start": 2250,
        "window_length": 1001,
        "azimuth_beam": 513,
        "swath": 7,
        "receive_gain": 9,
        "signal_type": lib.SAR_SIGNAL_NOISE,
        "baq_mode": 3,
        "pri_count": pri_count + 1,
        "quads": sar().values("quads")[echo] - 1,
    }.items():
        (problem,) = take_of(sar().with_field(field, value, lambda number: number == echo)).problems
        assert f"Packet {echo} is left out" in problem, field


@pytest.mark.parametrize("sample", [sar_of_two_channels, sar_of_alternate_pulses], ids=["VV_VH", "VV_HV"])
@pytest.mark.parametrize("signal", [ECHO, lib.SAR_SIGNAL_NOISE, lib.SAR_SIGNAL_RX_CALIBRATION])
def test_a_polarisation_that_is_not_of_the_packets_turn(sample: Callable[[], Sample], signal: int) -> None:
    """Each code and channel, those of the other polarisation of the data take too, in each packet of a kind."""
    signals, codes, channels = (sample().values(name) for name in ("signal_type", "polarisation", "receive_channel"))
    numbers = [number for number, value in enumerate(signals) if value == signal]
    assert len(numbers) > 3
    for number in (numbers[0], numbers[len(numbers) // 2], numbers[-1]):
        for field, own, highest in (("polarisation", codes[number], 7), ("receive_channel", channels[number], 1)):
            for value in set(range(highest + 1)) - {own}:
                take = take_of(sample().with_field(field, value, lambda at, chosen=number: at == chosen))
                (problem,) = take.problems
                said = f"Packet {number} is left out: the polarisation of packet {number} is "
                assert problem.startswith(said), (field, value)
                assert "with receive_channel" in problem
                assert take.packets == len(signals) - 1


@pytest.mark.parametrize("sample", [sar_of_two_channels, sar_of_alternate_pulses], ids=["VV_VH", "VV_HV"])
def test_packets_of_two_polarisations_agree(sample: Callable[[], Sample]) -> None:
    found = look(sample().file, pictures=True)
    assert problems_of(found) == [] and packets_in(found) == len(sample().starts)


def test_a_time_that_does_not_go_with_the_pulse_count() -> None:
    """Values that are allowed and the same in all packets, but not those the pulses were sent with."""
    found = look(sar().with_field("pri", 8000, lambda number: True))
    assert any(" time" in problem and "pri_count" in problem for problem in problems_of(found))


def test_the_first_packet_of_a_file_does_not_decide_alone() -> None:
    for one in (sar(), optical()):
        found = look(bytes(2) + one.file[2:])
        assert packets_in(found) == len(one.starts) - 1
        assert problems_of(found)[0].startswith("Octets 0 to ")


@samples
def test_samples_of_nothing_are_shown_without_targets(sample: Callable[[], Sample]) -> None:
    file = bytearray(sample().file)
    for start, end in zip(sample().starts, [*sample().starts[1:], len(file)], strict=True):
        first = start + PRIMARY_OCTETS + sample().layout.octets
        file[first:end] = bytes(end - first)
    found = look(bytes(file), pictures=True)
    assert packets_in(found) == len(sample().starts)
    assert not isinstance(found, SarQuicklook) or found.images[0].targets == []


def test_an_image_of_more_pixels_than_fit_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    file = record_image(mode=lib.OPTICAL_MODE_STEREO, strips=2, bands=1)
    strip = read_optical(file, DICTIONARY).images[0]
    pixels = strip.bands["PAN"].size
    monkeypatch.setattr(optical_image, "_PIXELS_LARGEST", pixels + 1)
    take = read_optical(file, DICTIONARY)
    assert [image.strip for image in take.images] == [1]
    assert take.problems[-1].startswith("Strip 2, frame 0 is left out: it takes")
    monkeypatch.setattr(optical_image, "_PIXELS_LARGEST", pixels - 1)
    with pytest.raises(ScienceError, match="Strip 2, frame 0 is left out"):
        read_optical(file, DICTIONARY)
