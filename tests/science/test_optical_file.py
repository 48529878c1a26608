"""Optical files that are damaged, cut, mixed or foreign: a sentence, and the good part."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from emei.cli import main
from emei.science.errors import ScienceError
from emei.science.optical_image import read_optical
from emei.science.optical_picture import draw_optical
from tests.hal.hal_board import lib
from tests.science.images import DURATION_MS, record_image
from tests.science.takes import DICTIONARY, packet, record

LAYOUT = DICTIONARY.science_packets["OPTICAL_PACKET"]
APID = DICTIONARY.science.integer("optical_packets", "apid")
SYNC = DICTIONARY.science.integer("optical_packets", "sync_word")
PIXELS = DICTIONARY.science.integer("optical_scale", "pixels")
OCTETS = 6 + LAYOUT.octets + PIXELS * 12 // 8


def line(**fields: int) -> bytes:
    usual = {"sync": SYNC, "mode": lib.OPTICAL_MODE_STRIP, "strip": 1, "band": 1, "bands": 1, "line_period": 500}
    usual |= {"integration": 400, "stages": 32, "gain": 2, "compression": 40, "sample_bits": 12, "samples": 4}
    octets = fields.pop("octets", 6)
    return packet(LAYOUT, bytes(octets), APID, **{**usual, **fields})


def test_a_packet_in_the_middle_is_missing() -> None:
    file = record_image()
    take = read_optical(file[: 7 * OCTETS] + file[8 * OCTETS :], DICTIONARY)
    assert take.problems == ["Packets are missing or out of order by their count: 7."]
    assert {name: band.rows_missing for name, band in take.images[0].measures.items() if band.rows_missing} == {"G": 1}


@settings(deadline=None, max_examples=20)
@given(st.integers(OCTETS, 2**32 - 1), st.integers(1, 300))
def test_damage_of_framing_loses_only_what_it_hit(place: int, octets: int) -> None:
    file = bytearray(record_image(bands=1))
    place = place % (len(file) // OCTETS - 3) * OCTETS
    file[place : place + octets] = b"\x5a" * octets
    take = read_optical(bytes(file), DICTIONARY)
    hit = (octets + OCTETS - 1) // OCTETS
    assert len(take.images) == 1 and take.problems
    assert take.images[0].measures["PAN"].rows == len(file) // OCTETS - hit


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 255))
def test_any_octet_flipped_is_survived(place: int, flip: int) -> None:
    file = bytearray(record_image(bands=1))
    file[place % len(file)] ^= flip
    try:
        take = read_optical(bytes(file), DICTIONARY)
    except ScienceError as error:
        pytest.fail(f"nothing was kept: {error}")
    assert sum(image.measures["PAN"].rows for image in take.images if "PAN" in image.measures) >= 137 - 2


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"codec": 3}, "codec of packet 2 is 3; only 0 is allowed"),
        ({"band": 3}, "band of packet 2 is 3; 1, 2, 4, 8, 16 are allowed"),
        ({"band": 2}, "band of packet 2 is 2; only those of its mask of bands are allowed"),
        ({"samples": 5, "octets": 8}, "samples of packet 2 is 5; the packets it belongs with have 4"),
        (
            {"octets": 5},
            "number of sample octets of packet 2 is 5; as many as its samples and sample_bits need are allowed",
        ),
        ({"row": 2}, "row of packet 2 is 2 of line 0; the row follows from the line"),
        ({"line": 5}, "line of packet 2 is 5; multiples of 1024 below 67108864 are allowed"),
        ({"frame": 1}, "frame of packet 2 is 1 of line 0; the frame follows from the line"),
        (
            {"coarse_time": 1},
            "time of packet 2 is not that of its line 0; the two go together in every line of a strip",
        ),
        ({"sample_bits": 0, "octets": 0}, "sample_bits of packet 2 is 0; only 12 is allowed"),
        ({"strip": 2}, "strip of packet 2 is 2; 1, and in STEREO and AREA up to 8 are allowed"),
        ({"lamp": 1}, "lamp of packet 2 is 1; none of the packets around it has that"),
    ],
)
def test_a_line_that_does_not_decode_is_left_out_and_said(fields: dict[str, int], why: str) -> None:
    file = line() + line(packet_count=1) + line(packet_count=2, **fields)
    take = read_optical(file, DICTIONARY)
    assert take.problems == [f"Packet 2 is left out: the {why}."]


def test_bands_come_in_turn() -> None:
    bands = [1, 4, 1, 4, 4, 4, 1, 4]
    file = b"".join(line(packet_count=number, band=band, bands=5) for number, band in enumerate(bands))
    take = read_optical(file, DICTIONARY)
    assert take.problems == [
        "Packet 4 is left out: the band of packet 4 is 4 with the packet_count 4; the bands 1, 4 come in turn."
    ]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["quicklook", *arguments])


def test_quicklook_writes_the_picture_and_the_numbers(tmp_path: Path) -> None:
    file = tmp_path / "image.bin"
    file.write_bytes(record_image())
    result = run(str(file), "--out", str(tmp_path), "--json")
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)
    assert (found["instrument"], found["mode"], found["task_id"], found["door"]) == ("OPTICAL", "STRIP", 2027, "OPEN")
    assert list(found["images"][0]["bands"]) == ["PAN", "B", "G", "R", "NIR"]
    assert [Path(path).name for path in found["pictures"]] == ["image.optical.png"]
    assert (tmp_path / "image.optical.png").read_bytes().startswith(b"\x89PNG")
    assert found["strip_duration_s"]["1"] == pytest.approx(DURATION_MS / 1e3, abs=0.05)
    shown = run(str(file))
    assert f"{found['strip_duration_s']['1']:.2f} s" in shown.stdout
    assert shown.exit_code == 0 and "32 TDI stages, gain 2" in shown.stdout and "SNR" in shown.stdout


def test_a_folder_that_cannot_be_written_is_said_and_the_numbers_are_shown(tmp_path: Path) -> None:
    file, folder = tmp_path / "image.bin", tmp_path / "pictures"
    file.write_bytes(record_image())
    (folder / "image.optical.png").mkdir(parents=True)
    result = run(str(file), "--out", str(folder), "--json")
    assert result.exit_code == 1
    assert result.stderr.strip() == f"{folder / 'image.optical.png'} cannot be written: Is a directory."
    (found,) = json.loads(result.stdout)
    assert found["pictures"] == [] and found["images"][0]["bands"]["PAN"]["snr"] > 0


def test_pictures_of_one_band_and_of_strips(tmp_path: Path) -> None:
    (tmp_path / "pan").write_bytes(record_image(bands=1))
    (tmp_path / "stereo").write_bytes(record_image(mode=lib.OPTICAL_MODE_STEREO, strips=2))
    result = run(str(tmp_path / "pan"), str(tmp_path / "stereo"), "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["pan.optical.png", "stereo.optical_strip_1.png", "stereo.optical_strip_2.png"]


def test_door_and_lamp_are_told_of_every_packet(tmp_path: Path) -> None:
    file = tmp_path / "half-shut"
    places = [(lib.DOOR_OPEN, 0)] * 3 + [(lib.DOOR_SHUT, 1)] * 3
    lines = [
        line(packet_count=row, row=row, line=1024 * row, fine_time=3355 * row, door=door, lamp=lamp)  # 51.2 ms
        for row, (door, lamp) in enumerate(places)
    ]
    file.write_bytes(b"".join(lines))
    assert "SHUT and OPEN, lamp off and on" in run(str(file)).stdout


def test_what_one_line_cannot_tell_is_null_and_unknown(tmp_path: Path) -> None:
    """Noise is from line to line: JSON, which has no NaN, says null, and a person reads "unknown"."""
    file = tmp_path / "one-line"
    file.write_bytes(line(band=1, bands=1))

    def no_json(constant: str) -> None:
        raise AssertionError(constant)

    (found,) = json.loads(run(str(file), "--json").stdout, parse_constant=no_json)
    band = found["images"][0]["bands"]["PAN"]
    assert band["noise_dn"] is band["snr"] is None and band["rows"] == 1
    assert "noise unknown, SNR unknown" in run(str(file)).stdout
    (image,) = read_optical(file.read_bytes(), DICTIONARY).images
    titles = [axes.get_title(loc="left") for axes in draw_optical(image, "").axes]
    assert any("SNR unknown" in title for title in titles) and "nan" not in "".join(titles)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_few_lines_have_whole_rows_whose_numbers_do_not_overlap(rows: int) -> None:
    (image,) = read_optical(record_image()[: 5 * rows * OCTETS], DICTIONARY).images
    assert len(image.bands["PAN"]) == rows
    figure = draw_optical(image, "")
    figure.draw_without_rendering()
    panel = figure.axes[0]
    low, high = sorted(panel.get_ylim())
    shown = [text for text in panel.get_yticklabels() if low <= text.get_position()[1] <= high]
    assert shown and all(text.get_text().isdigit() for text in shown)
    for one, two in pairwise(text.get_window_extent() for text in shown):
        assert not one.overlaps(two)


def test_two_files_that_would_write_the_same_picture_are_refused(tmp_path: Path) -> None:
    """The recorder counts its entries anew at each satellite: entry-00001 of two passes are two files."""
    files = [tmp_path / name for name in ("first/entry-00001.ccsds", "second/entry-00001.bin")]
    for file in files:
        file.parent.mkdir()
        file.write_bytes(line(band=1, bands=1))
    both = [str(file) for file in files]
    result = run(*both, "--out", str(tmp_path / "out"))
    assert result.exit_code == 2 and result.stdout == "" and not (tmp_path / "out").exists()
    assert result.stderr.strip() == (
        f"{files[0]} and {files[1]} would write the same pictures, entry-00001.*.png: call once for each, "
        "with an --out of its own."
    )
    assert run(*both).exit_code == 0


def test_quicklook_of_cut_mixed_and_foreign_files(tmp_path: Path) -> None:
    cut, mixed, tasks, foreign = (tmp_path / name for name in ("cut", "mixed", "tasks", "foreign"))
    cut.write_bytes(record_image()[:-10])
    mixed.write_bytes(record_image() + record(rate=50_000))
    tasks.write_bytes(record_image() + record_image(bands=1, task=7))
    foreign.write_bytes((0x0800 | APID).to_bytes(2, "big") + bytes(200))
    result = run(str(cut), str(mixed), str(tasks), str(foreign))
    assert result.exit_code == 1 and "Traceback" not in result.output
    assert result.stdout.count("STRIP") == 3, "the good part of three"
    first, second, third, last = result.stderr.strip().splitlines()
    assert f"The last packet is cut off: its {OCTETS - 10} octets" in first
    assert second.endswith(f"no OPTICAL_PACKET begins at octet {len(record_image())}.")
    assert "mixes the data takes 7 (137 packets), 2027 (685 packets); only 2027 is decoded." in third
    assert "instead of the sync word 4f 50 54 31" in last
