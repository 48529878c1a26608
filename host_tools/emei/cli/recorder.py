"""Subcommands about the recorder: its catalogue, the downlink's entries, and their acknowledgement."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from emei.catalogue import ANSWER_S, COLUMNS, Catalogue
from emei.cli.common import (
    WholeNumber,
    console,
    dictionary_of,
    json_option,
    port_option,
    print_json,
    spacecraft_option,
    table,
)
from emei.cli.connection import clock_count, open_session, spacecraft_of
from emei.dictionary import Dictionary
from emei.downlink import FrameReader, ReceivedEntry, entries_of, pass_octets
from emei.files import keep, write_whole
from emei.session import Session
from emei.words import count

_INCOMPLETE = 1
_FILE = "{}-entry-{:05d}.ccsds"


@click.group()
def recorder() -> None:
    """The recorder's catalogue and what came of it over the downlink."""


@recorder.command("list")
@port_option
@spacecraft_option
@json_option
@click.pass_context
def list_entries(context: click.Context, port: str, spacecraft: str, as_json: bool) -> None:
    """List the entries of the catalogue."""
    with _session(context, port, spacecraft) as session:
        entries = Catalogue(session).all()
    if as_json:
        print_json(entries)
        return
    rows = table(*COLUMNS)
    for entry in entries:
        rows.add_row(*(str(entry[name]) for name in COLUMNS))
    console().print(rows if entries else "The catalogue is empty.")


@recorder.command()
@click.argument("entries", nargs=-1, required=True, type=WholeNumber(1, 65535), metavar="ENTRY...")
@click.option("--priority", type=WholeNumber(0, 255), default=10, show_default=True, help="The highest goes first.")
@port_option
@spacecraft_option
@click.pass_context
def queue(context: click.Context, entries: tuple[int, ...], priority: int, port: str, spacecraft: str) -> None:
    """Queue entries for the downlink."""
    with _session(context, port, spacecraft) as session:
        for entry_id in entries:
            session.send("RECORDER_QUEUE", entry_id=entry_id, priority=priority).wait(ANSWER_S)
            click.echo(f"Entry {entry_id} is queued.")


@recorder.command()
@click.argument("recordings", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Folder of the files.")
@spacecraft_option
@json_option
@click.pass_context
def receive(context: click.Context, recordings: tuple[Path, ...], out: Path, spacecraft: str, as_json: bool) -> None:
    """Put entries of a spacecraft together from the downlink's octets, of one pass or of several in their order.

    Each entry becomes a file of source packets, whole or not: `acknowledge` compares it with the catalogue. Its name
    begins with the spacecraft's, for each counts its entries by itself.

    Status 1 when a recording holds no frame of the downlink, a frame is left out since its offset is too far on,
    frames of one entry contradict each other, or a file that is there holds what did not come now; the others are put
    together all the same.
    """
    dictionary = dictionary_of(context)
    of = spacecraft_of(dictionary, spacecraft)
    segments, damaged, missing, others, stray, problems = [], 0, 0, 0, 0, []
    for recording in recordings:
        # Each pass begins a count of frames of its own.
        reader = FrameReader(dictionary, of)
        segments += reader.feed(recording.read_bytes())
        if not reader.frames:
            problems.append(_no_frame(recording, reader))
            continue
        damaged += reader.damaged_frames
        missing += reader.missing_frames
        others += reader.other_frames
        stray += reader.stray_octets
    entries = list(entries_of(segments, pass_octets(dictionary)).values())
    problems += [_left_out(entry) for entry in entries if entry.left_out]
    problems += [_conflicts(entry) for entry in entries if entry.conflicts]
    left_out = [
        {"entry_id": entry.entry_id, "frame": segment.frame, "offset_octets": segment.offset}
        for entry in entries
        for segment in entry.left_out
    ]
    entries = [entry for entry in entries if entry.spans or not entry.left_out]
    for problem in problems:
        click.echo(problem, err=True)
    if entries:
        out.mkdir(parents=True, exist_ok=True)
    files: list[dict[str, Any]] = []
    for entry in entries:
        path = out / _FILE.format(of.name, entry.entry_id)
        if kept := _kept_instead(path, entry):
            problems.append(kept)
            click.echo(kept, err=True)
            continue
        write_whole(path, bytes(entry.octets))
        gaps = [[gap.start, gap.end] for gap in entry.gaps(len(entry.octets)) if gap.end > gap.start]
        files.append(
            {
                "entry_id": entry.entry_id,
                "file": str(path),
                "size_octets": len(entry.octets),
                "crc32": entry.crc32,
                "gaps": gaps,
                "conflicts": entry.conflicts,
            }
        )
    if as_json:
        counts = {
            "damaged_frames": damaged,
            "missing_frames": missing,
            "other_frames": others,
            "stray_octets": stray,
        }
        print_json({"entries": files, **counts, "left_out_frames": left_out})
    elif files:
        _show(files)
        outside = f" {count(stray, 'octet')} of no frame passed over." if stray else ""
        of_others = f" {count(others, 'frame')} of another spacecraft or channel passed over." if others else ""
        click.echo(f"{count(damaged, 'frame')} damaged, {missing} missing.{of_others}{outside}")
    if problems:
        context.exit(_INCOMPLETE)


def _no_frame(recording: Path, reader: FrameReader) -> str:
    others = (
        count(reader.damaged_frames, "damaged one") if reader.damaged_frames else "",
        f"{reader.other_frames} of another spacecraft or channel" if reader.other_frames else "",
    )
    seen = " and ".join(filter(None, others))
    only = f", only {seen}" if seen else ""
    return (
        f"{recording} holds no frame of the science downlink{only}: it takes {reader.expected}, as a ground station "
        "records them during a playback (a bench in downlink.bin beside its link)."
    )


def _kept_instead(path: Path, entry: ReceivedEntry) -> str:
    """Why a file that is there already is not replaced: it holds octets where none, or others, came now. Else empty."""
    before = path.read_bytes() if path.exists() else b""
    gaps = entry.gaps(max(len(entry.octets), len(before)))
    if any(not _agrees(before[span.start : span.end], entry.octets[span.start : span.end]) for span in entry.spans):
        return (
            f"{path} is kept: it holds other octets than entry {entry.entry_id} has now, as another entry of the same "
            "number would. Give another folder with --out."
        )
    if not any(before[gap.start : gap.end].strip(b"\0") for gap in gaps):
        return ""
    return (
        f"{path} is kept, with {count(len(before), 'octet')}: a part of entry {entry.entry_id} that it holds did not "
        "come now. Give the recordings of all its passes together, or another folder with --out."
    )


def _agrees(before: bytes, now: bytearray) -> bool:
    """What had not come before is zero in the file."""
    return before == now or all(one in (0, other) for one, other in zip(before, now, strict=False))


def _conflicts(entry: ReceivedEntry) -> str:
    return (
        f"Entry {entry.entry_id}: {count(entry.conflicts, 'frame')} of other octets than came before for the same "
        "place, which the last one has: give the recordings of two entries of one number apart."
    )


def _left_out(entry: ReceivedEntry) -> str:
    first = entry.left_out[0]
    are = "are" if len(entry.left_out) > 1 else "is"
    return (
        f"Entry {entry.entry_id}: {count(len(entry.left_out), 'frame')} {are} left out, the first is frame "
        f"{first.frame}. Its offset {first.offset} is farther from what came before than a pass carries, "
        f"{entry.longest_gap} octets: give the recordings of the earlier passes too, if there are any."
    )


def _show(files: list[dict[str, Any]]) -> None:
    rows = table("entry_id", "size_octets", "crc32", "gaps", "file")
    for item in files:
        gaps_text = ", ".join(f"{start} to {end}" for start, end in item["gaps"]) or "none"
        rows.add_row(
            str(item["entry_id"]), str(item["size_octets"]), f"{item['crc32']:08x}", gaps_text, str(item["file"])
        )
    console().print(rows)


@recorder.command()
@click.argument("entry_id", type=WholeNumber(1, 65535), metavar="ENTRY")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@port_option
@spacecraft_option
@click.pass_context
def acknowledge(context: click.Context, entry_id: int, file: Path, port: str, spacecraft: str) -> None:
    """Acknowledge an entry by the file that came down, once its size and CRC-32 are the catalogue's."""
    octets = file.read_bytes()
    crc32 = zlib.crc32(octets)
    # It may be deleted on board once it is acknowledged.
    keep(file)
    with _session(context, port, spacecraft) as session:
        known = Catalogue(session).entry(entry_id)
        if len(octets) != known["size_octets"]:
            raise click.ClickException(
                f"{file} has {len(octets)} octets, entry {entry_id} has {known['size_octets']}: not acknowledged. "
                "Receive the rest, or queue the entry again."
            )
        if crc32 != known["crc32"]:
            raise click.ClickException(
                f"{file} has the CRC-32 {crc32:08x}, entry {entry_id} {known['crc32']:08x}: not acknowledged. "
                "Queue the entry again."
            )
        session.send("RECORDER_ACKNOWLEDGE", entry_id=entry_id, size_octets=len(octets), crc32=crc32).wait(ANSWER_S)
    click.echo(f"Entry {entry_id} is acknowledged: {len(octets)} octets, CRC-32 {crc32:08x}.")


@contextmanager
def _session(context: click.Context, port: str, spacecraft: str) -> Iterator[Session]:
    dictionary: Dictionary = dictionary_of(context)
    with open_session(dictionary, port, spacecraft, clock_count()) as session:
        yield session
