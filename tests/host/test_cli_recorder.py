"""`emei recorder`: the catalogue as a table, a recording as files, an acknowledgement of what is whole only."""

import json
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import pytest

from tests.host.test_cli import Board, board, refused, report, run
from tests.host.test_downlink import EMEI_S3, frame, frames

__all__ = ["board"]

FILE = bytes(range(256)) * 5
SERVICE = 131
QUEUE, ACKNOWLEDGE, REPORT = 3, 6, 1
NO_SUCH_ENTRY = 29
CLOSED, SENT = 2, 4


def entry(entry_id: int, state: int = CLOSED, file: bytes = FILE) -> bytes:
    """A CATALOGUE_ENTRY report's data, written from the dictionary's layout."""
    return struct.pack(">HIBBBBIIIIII", entry_id, 77, 1, 4, state, 10, 1000, 1002, len(file), 3, zlib.crc32(file), 0)


def catalogue(*ids: int, state: int = CLOSED, lost: Sequence[int] = ()) -> Callable[[bytes], bytes]:
    """A board that holds these entries and says yes to everything else; the reports of some are lost on the way."""

    def answer(packet: bytes) -> bytes:
        request = packet[:4]
        if (packet[7], packet[8]) != (SERVICE, REPORT):
            return b"".join(report(1, stage, request) for stage in (1, 3, 7))
        first, most = struct.unpack(">HB", packet[11:14])
        found = [entry_id for entry_id in sorted(ids) if entry_id >= first][:most]
        if not found:
            return report(1, 1, request) + report(1, 4, request + struct.pack(">Hii", NO_SUCH_ENTRY, first, len(ids)))
        accepted = [report(1, stage, request) for stage in (1, 3)]
        entries = [report(SERVICE, 2, entry(entry_id, state)) for entry_id in found]
        return b"".join(
            [
                *accepted,
                *(b"" if entry_id in lost else told for entry_id, told in zip(found, entries, strict=True)),
                report(1, 7, request),
            ]
        )

    return answer


def test_list(board: Callable[..., Board]) -> None:
    there = board(catalogue(1, 7, 300))
    result = run("recorder", "list", "--port", there.port)
    assert result.exit_code == 0, result.stderr
    assert [line.split()[:2] for line in result.stdout.splitlines()[1:]] == [
        ["1", "CLOSED"],
        ["7", "CLOSED"],
        ["300", "CLOSED"],
    ]
    as_json = json.loads(run("recorder", "list", "--port", there.port, "--json").stdout)
    assert [(item["entry_id"], item["size_octets"], item["crc32"]) for item in as_json] == [
        (entry_id, len(FILE), zlib.crc32(FILE)) for entry_id in (1, 7, 300)
    ]


def test_list_of_more_entries_than_one_telecommand_reports(board: Callable[..., Board]) -> None:
    there = board(catalogue(*range(5, 135)))
    as_json = json.loads(run("recorder", "list", "--port", there.port, "--json").stdout)
    assert [item["entry_id"] for item in as_json] == list(range(5, 135))


def test_a_catalogue_of_which_a_report_is_lost_is_asked_for_again(board: Callable[..., Board]) -> None:
    """Neither told as the whole nor as one without the entry."""
    there = board(catalogue(1, 7, 300, lost=[7]))
    result = run("recorder", "list", "--port", there.port)
    assert refused(result) == (
        "Reports were lost while the catalogue was read, 3 times: try again when the link is good."
    )


def test_an_empty_catalogue_says_so(board: Callable[..., Board]) -> None:
    there = board(catalogue())
    assert run("recorder", "list", "--port", there.port).stdout == "The catalogue is empty.\n"
    assert json.loads(run("recorder", "list", "--port", there.port, "--json").stdout) == []


def test_queue(board: Callable[..., Board]) -> None:
    there = board(catalogue(4, 5))
    result = run("recorder", "queue", "4", "5", "--priority", "200", "--port", there.port)
    assert result.exit_code == 0, result.stderr
    assert [packet[7:14] for packet in there.received] == [
        bytes([SERVICE, QUEUE, 0, 1, 0, entry_id, 200]) for entry_id in (4, 5)
    ]


def test_acknowledge_what_came_whole(board: Callable[..., Board], tmp_path: Path) -> None:
    there = board(catalogue(9, state=SENT))
    file = tmp_path / "entry.ccsds"
    file.write_bytes(FILE)
    result = run("recorder", "acknowledge", "9", str(file), "--port", there.port)
    assert result.exit_code == 0, result.stderr
    assert f"{zlib.crc32(FILE):08x}" in result.stdout
    assert there.received[-1][7:9] == bytes([SERVICE, ACKNOWLEDGE])
    assert struct.unpack(">HII", there.received[-1][11:21]) == (9, len(FILE), zlib.crc32(FILE))


@pytest.mark.parametrize(
    ("content", "entry_id", "words"),
    [
        (FILE[:-1], "9", "1279 octets, entry 9 has 1280"),
        (FILE[:-1] + b"x", "9", "CRC-32"),
        (FILE, "8", "no entry 8"),
        (FILE, "10", "no entry 10"),
    ],
)
def test_nothing_else_is_acknowledged(
    board: Callable[..., Board],
    tmp_path: Path,
    content: bytes,
    entry_id: str,
    words: str,
) -> None:
    there = board(catalogue(9, state=SENT))
    file = tmp_path / "entry.ccsds"
    file.write_bytes(content)
    assert words in refused(run("recorder", "acknowledge", entry_id, str(file), "--port", there.port))
    assert all(packet[8] == REPORT for packet in there.received)


def test_receive_two_passes(tmp_path: Path) -> None:
    sent = frames(FILE)
    damaged = bytearray(sent[1])
    damaged[100] ^= 1
    first, second = tmp_path / "pass-1.bin", tmp_path / "pass-2.bin"
    first.write_bytes(sent[0] + damaged + sent[2])
    second.write_bytes(sent[1])
    out = tmp_path / "out"
    incomplete = json.loads(run("recorder", "receive", str(first), "--out", str(out), "--json").stdout)
    assert incomplete["damaged_frames"] == 1 and incomplete["missing_frames"] == 1
    assert incomplete["left_out_frames"] == []
    assert incomplete["entries"][0]["gaps"] == [[496, 992]]
    result = run("recorder", "receive", str(first), str(second), "--out", str(out))
    assert result.exit_code == 0, result.stderr
    assert "none" in result.stdout and f"{zlib.crc32(FILE):08x}" in result.stdout
    assert (out / "BENCH-entry-00007.ccsds").read_bytes() == FILE


def test_a_part_that_comes_later_does_not_replace_what_came_whole(tmp_path: Path) -> None:
    sent = frames(FILE)
    whole, tail, out = tmp_path / "pass-1.bin", tmp_path / "pass-2.bin", tmp_path / "out"
    whole.write_bytes(b"".join(sent))
    tail.write_bytes(sent[2])
    assert run("recorder", "receive", str(whole), "--out", str(out)).exit_code == 0
    result = run("recorder", "receive", str(tail), "--out", str(out))
    assert result.exit_code == 1
    assert result.stderr.strip() == (
        f"{out / 'BENCH-entry-00007.ccsds'} is kept, with {len(FILE)} octets: a part of entry 7 that it holds did not "
        "come now. Give the recordings of all its passes together, or another folder with --out."
    )
    assert (out / "BENCH-entry-00007.ccsds").read_bytes() == FILE
    assert [path.name for path in out.iterdir()] == ["BENCH-entry-00007.ccsds"], "nothing unfinished stays"
    again = run("recorder", "receive", str(whole), str(tail), "--out", str(out))
    assert again.exit_code == 0 and (out / "BENCH-entry-00007.ccsds").read_bytes() == FILE


def test_more_of_an_entry_replaces_less_though_not_all_of_it_came(tmp_path: Path) -> None:
    sent = frames(FILE)
    first, both, out = tmp_path / "pass-1.bin", tmp_path / "pass-2.bin", tmp_path / "out"
    first.write_bytes(sent[0])
    both.write_bytes(sent[0] + sent[2])
    for recording, octets in ((first, FILE[:496]), (both, FILE[:496] + bytes(496) + FILE[992:])):
        assert run("recorder", "receive", str(recording), "--out", str(out)).exit_code == 0
        assert (out / "BENCH-entry-00007.ccsds").read_bytes() == octets


def test_another_entry_of_the_same_number_replaces_nothing(tmp_path: Path) -> None:
    """Numbers begin anew with a bench, and in flight after 65535."""
    yesterday, today, out = tmp_path / "yesterday.bin", tmp_path / "today.bin", tmp_path / "out"
    yesterday.write_bytes(b"".join(frames(FILE)))
    today.write_bytes(b"".join(frames(FILE[::-1] + b"more")))
    assert run("recorder", "receive", str(yesterday), "--out", str(out)).exit_code == 0
    result = run("recorder", "receive", str(today), "--out", str(out))
    assert result.exit_code == 1 and "is kept: it holds other octets than entry 7 has now" in result.stderr
    assert (out / "BENCH-entry-00007.ccsds").read_bytes() == FILE
    result = run("recorder", "receive", str(yesterday), str(today), "--out", str(tmp_path / "both"))
    assert result.exit_code == 1 and "Entry 7: 3 frames of other octets than came before" in result.stderr


def test_frames_of_another_spacecraft_are_none_that_are_damaged(tmp_path: Path) -> None:
    both, other, out = tmp_path / "both.bin", tmp_path / "other.bin", tmp_path / "out"
    foreign = frame(0, 7, 0, b"third", EMEI_S3)
    both.write_bytes(b"".join(frames(FILE)) + foreign)
    other.write_bytes(foreign)
    result = run("recorder", "receive", str(both), "--out", str(out))
    assert result.exit_code == 0
    assert result.stdout.endswith(
        "0 frames damaged, 0 missing. 1 frame of another spacecraft or channel passed over.\n"
    )
    result = run("recorder", "receive", str(other), "--out", str(out))
    assert result.exit_code == 1 and ", only 1 of another spacecraft or channel: it takes" in result.stderr
    result = run("recorder", "receive", str(other), "--out", str(out), "--spacecraft", "EMEI_S3")
    assert result.exit_code == 0 and (out / "EMEI_S3-entry-00007.ccsds").read_bytes() == b"third"


FOREIGN = {
    "empty": b"",
    "text": b"# Emei\n\nOnboard payload control.\n" * 40,
    "random": Random(1).randbytes(5000),
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(3000),
    "science": FILE,
    "markers": bytes.fromhex("1acffc1d") * 300,
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("options", [(), ("--json",)], ids=["words", "json"])
def test_receive_of_a_file_without_a_frame(tmp_path: Path, content: bytes, options: tuple[str, ...]) -> None:
    file, out = tmp_path / "foreign", tmp_path / "out"
    file.write_bytes(content)
    result = run("recorder", "receive", str(file), "--out", str(out), *options)
    assert result.exit_code == 1
    (sentence,) = result.stderr.splitlines()
    assert sentence.startswith(f"{file} holds no frame of the science downlink")
    for words in (
        "frames of 512 octets",
        "marker 1a cf fc 1d",
        "spacecraft BENCH (0x00)",
        "virtual channel 1",
        "downlink.bin",
    ):
        assert words in sentence
    assert ("damaged one" in sentence) == (content == FOREIGN["markers"])
    assert not out.exists()
    if options:
        assert json.loads(result.stdout)["entries"] == []
    else:
        assert result.stdout == ""


def test_receive_of_a_good_and_a_foreign_recording(tmp_path: Path) -> None:
    good, foreign = tmp_path / "good", tmp_path / "foreign"
    good.write_bytes(b"".join(frames(FILE)))
    foreign.write_bytes(FOREIGN["text"])
    result = run("recorder", "receive", str(foreign), str(good), "--out", str(tmp_path))
    assert result.exit_code == 1 and result.stderr.startswith(f"{foreign} holds no frame")
    assert result.stdout.endswith("0 frames damaged, 0 missing.\n")
    assert (tmp_path / "BENCH-entry-00007.ccsds").read_bytes() == FILE


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["words", "json"])
def test_receive_leaves_out_a_frame_far_beyond_its_entry(tmp_path: Path, options: tuple[str, ...]) -> None:
    file, out = tmp_path / "recording", tmp_path / "out"
    far = frame(3, 7, 0xFFFFFF00, b"far") + frame(4, 7, 0xFFFFFF03, b"far") + frame(5, 9, 0x80000000, b"far")
    file.write_bytes(b"".join(frames(FILE)) + far)
    result = run("recorder", "receive", str(file), "--out", str(out), *options)
    assert result.exit_code == 1
    tail = (
        "is farther from what came before than a pass carries, 90000000 octets: "
        "give the recordings of the earlier passes too, if there are any."
    )
    assert result.stderr.splitlines() == [
        f"Entry 7: 2 frames are left out, the first is frame 3. Its offset 4294967040 {tail}",
        f"Entry 9: 1 frame is left out, the first is frame 5. Its offset 2147483648 {tail}",
    ]
    assert [path.name for path in out.iterdir()] == ["BENCH-entry-00007.ccsds"]
    assert (out / "BENCH-entry-00007.ccsds").read_bytes() == FILE
    if options:
        told = json.loads(result.stdout)
        (item,) = told["entries"]
        assert (item["entry_id"], item["size_octets"]) == (7, len(FILE))
        assert told["left_out_frames"] == [
            {"entry_id": 7, "frame": 3, "offset_octets": 0xFFFFFF00},
            {"entry_id": 7, "frame": 4, "offset_octets": 0xFFFFFF03},
            {"entry_id": 9, "frame": 5, "offset_octets": 0x80000000},
        ]


def test_receive_says_how_many_octets_are_of_no_frame(tmp_path: Path) -> None:
    file = tmp_path / "recording"
    sent = frames(FILE)
    file.write_bytes(b"station 4\n" + sent[0] + b"\n" + sent[1] + sent[2][:100])
    result = run("recorder", "receive", str(file), "--out", str(tmp_path))
    assert result.exit_code == 0, result.stderr
    assert result.stdout.endswith("0 frames damaged, 0 missing. 111 octets of no frame passed over.\n")
    as_json = json.loads(run("recorder", "receive", str(file), "--out", str(tmp_path), "--json").stdout)
    assert as_json["stray_octets"] == 111
