"""Files that are damaged, cut, mixed or foreign: a sentence, and the good part."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from emei.cli import main
from emei.science.errors import ScienceError
from emei.science.source_packets import decode_headers
from tests.science.takes import APID, DICTIONARY, LAYOUT, packet, packets_of, record, take_of

HEADER_OCTETS = 68


@cache
def take() -> bytes:
    return record(rate=400_000)


@cache
def starts() -> list[int]:
    file, found = take(), [0]
    while found[-1] < len(file):
        found.append(found[-1] + 7 + int.from_bytes(file[found[-1] + 4 : found[-1] + 6], "big"))
    return found[:-1]


@settings(deadline=None)
@given(st.data())
def test_any_header_reads_back(data: st.DataObject) -> None:
    values = {item.name: data.draw(st.integers(0, 2**item.bits - 1), item.name) for item in LAYOUT.fields}
    octets = packet(LAYOUT, b"", **values)
    assert {name: int(column[0]) for name, column in decode_headers([octets[6:]], LAYOUT).items()} == values


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 200))
def test_damage_anywhere_loses_only_what_it_hit(place: int, octets: int) -> None:
    file = bytearray(take())
    place %= len(file)
    for index in range(place, min(place + octets, len(file))):
        file[index] ^= 0x5A
    try:
        found = packets_of(bytes(file))
    except ScienceError as error:
        pytest.fail(f"nothing was kept: {error}")
    hit = sum(
        start < place + octets and place < end for start, end in zip(starts(), [*starts()[1:], len(file)], strict=True)
    )
    assert len(found) >= len(starts()) - hit


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_file_that_is_cut_keeps_its_whole_packets(place: int) -> None:
    file = take()
    cut = HEADER_OCTETS + place % (len(file) - HEADER_OCTETS)
    whole = sum(end <= cut for end in [*starts()[1:], len(file)])
    if whole == 0:
        with pytest.raises(ScienceError, match="cut off"):
            packets_of(file[:cut])
        return
    found = packets_of(file[:cut])
    assert len(found) == whole
    left = cut - [*starts(), len(file)][whole]
    assert bool(found.problems) == (left > 0)
    assert all("left out" in problem and f" {left} " in problem for problem in found.problems)


def test_a_packet_in_the_middle_is_missing() -> None:
    file = take()
    found = packets_of(file[: starts()[7]] + file[starts()[9] :])
    assert found.problems == ["Packets are missing or out of order by their count: 7 to 8."]
    assert len(found) == len(starts()) - 2


def test_a_missing_echo_leaves_a_gap_in_the_burst() -> None:
    whole = take_of(take()).bursts[0]
    header = packets_of(take()).header
    echo = [number for number, signal in enumerate(header["signal_type"]) if signal == 0][5]
    less = take_of(take()[: starts()[echo]] + take()[starts()[echo + 1] :]).bursts[0]
    assert len(less.lines) == len(whole.lines)
    assert less.recorded == whole.recorded - 1
    assert not less.lines[5].any() and (less.lines[6] == whole.lines[6]).all()


def test_mixed_takes() -> None:
    other = record(rate=50_000, task=7)
    found = packets_of(take() + other)
    assert len(found) == len(starts())
    assert "mixes the data takes 7 (" in found.problems[0] and found.problems[0].endswith("only 2026 is decoded.")


def test_samples_that_do_not_decode() -> None:
    """A mode that does not exist, and a packet that lost octets and says so in its length."""
    file = bytearray(take())
    first, second = starts()[:2]
    file[first + 6 + 31] = 9  # error flag, spare, BAQ mode
    left = int.from_bytes(file[second + 4 : second + 6], "big") - 100
    file[second + 4 : second + 6] = left.to_bytes(2, "big")
    del file[second + 68 : second + 168]
    mode, octets = take_of(bytes(file)).problems
    assert mode == "Packet 0 is left out: the baq_mode of packet 0 is 9; 0, 3, 4, 5 are allowed."
    assert octets.startswith("Packet 1 is left out: the number of sample octets of packet 1 is ")
    assert octets.endswith("quads with the baq_mode 4; as many as the quads need are allowed.")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["quicklook", *arguments])


def test_quicklook_of_a_whole_file(tmp_path: Path) -> None:
    file = tmp_path / "take.bin"
    file.write_bytes(record(rate=12_000_000))
    result = run(str(file), "--out", str(tmp_path / "pictures"), "--json")
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)
    assert (found["instrument"], found["mode"], found["task_id"]) == ("SAR", "STRIPMAP", 2026)
    assert len(found["images"][0]["targets"]) == len(DICTIONARY.science.rows("sar_scene", "targets"))
    assert Path(found["pictures"][0]).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (b"", "The file holds 0 octets, less than the header of a packet."),
        (b"\x08\x0c" + bytes(200), "This is not a file of science packets: its first APID is 0x00c."),
        ((0x0800 | APID).to_bytes(2, "big") + bytes(200), "octets 12 to 15 are 00 00 00 00 instead of the sync word"),
        ((0x0800 | APID).to_bytes(2, "big") + bytes(8), "octets 12 to 15 are missing instead of the sync word"),
    ],
)
def test_quicklook_of_a_foreign_file(tmp_path: Path, octets: bytes, sentence: str) -> None:
    file = tmp_path / "foreign"
    file.write_bytes(octets)
    result = run(str(file))
    assert result.exit_code == 1
    assert sentence in result.stderr and result.stderr.count("\n") == 1
    assert result.stdout == "" and "Traceback" not in result.output


def test_quicklook_shows_the_good_part_of_a_cut_file(tmp_path: Path) -> None:
    cut, missing = tmp_path / "cut", tmp_path / "missing"
    cut.write_bytes(take()[:-100])
    result = run(str(cut), str(missing))
    assert result.exit_code == 1
    assert "STRIPMAP" in result.stdout and "pulses in" in result.stdout
    first, second = result.stderr.strip().splitlines()
    assert first.startswith(f"{cut}: The last packet is cut off: its ")
    assert second == f"{missing} cannot be read: No such file or directory."


def test_the_duration_tells_of_a_take_that_ends_early(tmp_path: Path) -> None:
    """At the end of a packet nothing of a file is damaged."""
    whole = take_of(take()).duration_s
    assert whole == pytest.approx(2, abs=0.2)
    file = tmp_path / "early"
    file.write_bytes(take()[: starts()[len(starts()) // 2]])
    early = take_of(file.read_bytes())
    assert early.problems == [] and early.duration_s is not None and 0 < early.duration_s < 1.5
    result = run(str(file))
    assert result.exit_code == 0
    assert f"{early.duration_s:.2f} s from the first echo to the last packet" in result.stdout


def test_too_few_packets_for_the_orbit() -> None:
    (problem,) = take_of(take()[: starts()[40]]).problems
    assert problem.startswith("No 64 packets in a row carry a whole cycle of ancillary data")
