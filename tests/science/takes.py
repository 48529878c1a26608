"""Data takes of the unit model recorded for the tests, and files put together by hand."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from emei.dictionary import SciencePacket, load
from emei.science.quicklook import SarPicture, SarQuicklook, sar_quicklook
from emei.science.sar_take import SarTake, read_take
from emei.science.scene import match_targets
from emei.science.source_packets import PRIMARY_OCTETS, SourcePackets, read_packets
from tests.hal.hal_board import ffi, lib
from tests.hal.sim_take import open_entry, ready_sar, start_sar

DICTIONARY = load()
LAYOUT = DICTIONARY.science_packets["SAR_PACKET"]
APID = DICTIONARY.science.integer("sar_packets", "apid")
SYNC = DICTIONARY.science.integer("sar_packets", "sync_word")
AFTER_MS = 1500
Scene = tuple[tuple[float, ...], ...]
_TARGET = ("range_m", "azimuth_m", "amplitude_lsb", "cross_amplitude_lsb")
Faults = tuple[tuple[str, float], ...]

# Tests in a row ask for the same; what a whole file of tests asks for would be gigabytes.
RECORDS_KEPT, LOOKS_KEPT = 16, 2


@lru_cache(RECORDS_KEPT)
def record(
    rate: int = 2_000_000, scene: Scene | None = None, task: int = 2026, faults: Faults = (), **table: Any
) -> bytes:
    """The recorder's file of a data take of 2 s; the scene is the dictionary's unless given."""
    bench = ready_sar(science_octets_per_second=rate, **{"duration_ms": 2000, **table})
    for name, value in faults:
        bench.force(name, value)
    if scene is not None:
        targets = ffi.new("sim_target_t[]", [dict(zip(_TARGET, target, strict=False)) for target in scene])
        assert lib.sim_sar_scene(bench.sim, targets, len(scene))
    entry = open_entry(bench)
    start_us = start_sar(bench, entry=entry, task=task)
    bench.run_ms((start_us - bench.now_us) / 1000 + bench_duration_ms(table) + AFTER_MS)
    return bench.recorded(entry)


def bench_duration_ms(table: dict[str, Any]) -> int:
    return int(table.get("duration_ms", 2000))


def packets_of(file: bytes) -> SourcePackets:
    return read_packets(file, LAYOUT, APID, SYNC)


def take_of(file: bytes) -> SarTake:
    return read_take(packets_of(file), DICTIONARY)


@lru_cache(LOOKS_KEPT)
def look(file: bytes) -> SarQuicklook:
    return sar_quicklook(file, DICTIONARY)


def assert_in_place(picture: SarPicture, within_px: float = 1.0, outside: int = 0) -> None:
    """Each target of its own, within so many pixels of where the scene put it, as sharp as theory says; `outside` are
    those that were not recorded, or not sampled.
    """
    scene = match_targets(DICTIONARY, picture.image, picture.targets)
    matches = [match for match in scene if match.is_within]
    assert len(scene) - len(matches) == outside
    assert len(picture.targets) == len(matches) == len({id(match.found) for match in matches}) > 0
    for match in matches:
        assert abs(match.range_px) < within_px and abs(match.azimuth_px) < within_px, match
        assert match.found is not None
        for cut in (match.found.range, match.found.azimuth):
            assert abs(cut.error) < 0.10
            assert cut.side_lobe_db <= -12


def packet(layout: SciencePacket, data: bytes, apid: int = APID, **fields: int) -> bytes:
    """A source packet from values of its header fields."""
    header = 0
    for item in layout.fields:
        value = fields.get(item.name, SYNC if item.name == "sync" else 0)
        assert 0 <= value < 1 << item.bits, item.name
        header = header << item.bits | value
    body = header.to_bytes(layout.octets, "big") + data
    return (0x0800 | apid).to_bytes(2, "big") + b"\xc0\0" + (len(body) - 1).to_bytes(2, "big") + body


def packet_starts(file: bytes) -> list[int]:
    """Where each packet begins, and where the last one ends."""
    starts = [0]
    while starts[-1] < len(file):
        length = int.from_bytes(file[starts[-1] + 4 : starts[-1] + 6], "big")
        starts.append(starts[-1] + PRIMARY_OCTETS + 1 + length)
    return starts
