"""Images of the optical unit model recorded for the tests."""

from __future__ import annotations

from functools import cache

from emei.science.optical_image import OpticalImage, read_optical
from tests.hal.hal_board import lib
from tests.hal.sim_take import move_door, open_entry, ready_optical, start_optical, write_settings
from tests.science.takes import DICTIONARY, Faults

DURATION_MS = 7000
LINE_PERIOD = 500  # 0.1 us, the shortest: the whole scene in 7 s
RATE = 1_000_000


@cache
def record_image(
    mode: int = lib.OPTICAL_MODE_STRIP,
    door: int = lib.DOOR_OPEN,
    lamp: bool = False,
    rate: int = RATE,
    task: int = 2027,
    strips: int = 1,
    faults: Faults = (),
    **settings: int,
) -> bytes:
    """The recorder's file of an image of 7 s."""
    bench = ready_optical(science_octets_per_second=rate)
    for name, value in faults:
        bench.force(name, value)
    write_settings(bench, **{"duration_ms": DURATION_MS, "line_period_us": LINE_PERIOD, **settings})
    if door != lib.DOOR_SHUT:
        move_door(bench, door)
    entry = open_entry(bench, instrument=lib.INSTRUMENT_OPTICAL)
    bench.put("optical.image_mode", mode)
    bench.put("optical.lamp_command", int(lamp))
    for _ in range(strips):
        start_us = start_optical(bench, entry=entry, task=task)
        bench.run_ms((start_us - bench.now_us) / 1000 + DURATION_MS + 100)
    return bench.recorded(entry)


@cache
def image_of(file: bytes) -> OpticalImage:
    """The only image of a file without problems."""
    take = read_optical(file, DICTIONARY)
    assert take.problems == []
    (image,) = take.images
    return image
