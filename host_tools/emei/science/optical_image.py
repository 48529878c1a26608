"""Optical images out of source packets: lines put in their places, and what each band holds."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from emei.dictionary import Dictionary, Mission
from emei.science.arrays import Reals
from emei.science.errors import ScienceError
from emei.science.optical_header import BANDS, usable_packets
from emei.science.source_packets import Columns, SourcePackets, read_packets

_PIXELS_LARGEST = 1 << 26  # of all images of a file together, recorded or not
_NEAR_LEVEL = 0.12  # of the signal: what counts as the same ground
_NEAR_NOISE = 6.0
_SIGMA_PER_MEDIAN = 1.4826


@dataclass(frozen=True)
class BandMeasures:
    """One band of one image in numbers; level and noise are of the ground seen most, noise from line to line."""

    mean_dn: float
    level_dn: float
    noise_dn: float
    snr: float
    saturated_share: float
    rows: int
    rows_missing: int


@dataclass(frozen=True)
class OpticalImage:
    """One strip, or one frame of a video: rows by pixels for each band, NaN where no line was recorded."""

    strip: int
    frame: int
    header: Mapping[str, int]  # of its first packet
    doors: tuple[int, ...]  # where it was, in any of its packets
    lamps: tuple[int, ...]
    line_period_us: tuple[float, float]  # smallest and largest in force
    bands: Mapping[str, Reals]
    measures: Mapping[str, BandMeasures]


@dataclass(frozen=True)
class OpticalTake:
    """`duration_s` is each strip's, by its number: of a video all frames together."""

    task_id: int
    packets: int
    images: list[OpticalImage]
    duration_s: Mapping[int, float]
    problems: list[str]


def read_optical(file: bytes, dictionary: Dictionary) -> OpticalTake:
    """Every image of a file. ScienceError when there is none; what is damaged or too large is left out and named."""
    science = dictionary.science
    packets = read_packets(
        file,
        dictionary.science_packets["OPTICAL_PACKET"],
        science.integer("optical_packets", "apid"),
        science.integer("optical_packets", "sync_word"),
    )
    lines = usable_packets(packets, dictionary)
    samples = _samples(lines)
    header = lines.header
    keys = np.stack([header["strip"], header["frame"]], axis=1)
    images: list[OpticalImage] = []
    pixels_left = _PIXELS_LARGEST
    for strip, frame in np.unique(keys, axis=0):
        chosen = (header["strip"] == strip) & (header["frame"] == frame)
        pixels = (int(header["row"][chosen].max()) + 1) * samples.shape[1] * len(np.unique(header["band"][chosen]))
        if pixels > pixels_left:
            lines.problems.append(
                f"Strip {strip}, frame {frame} is left out: it takes {pixels} pixels, and of {_PIXELS_LARGEST} for a "
                f"file {pixels_left} are left."
            )
            continue
        pixels_left -= pixels
        images.append(_image({name: column[chosen] for name, column in header.items()}, samples[chosen], dictionary))
    if not images:
        raise ScienceError(lines.problems[-1])
    durations_s = {
        strip: _duration_s([image for image in images if image.strip == strip], science)
        for strip in sorted({image.strip for image in images})
    }
    return OpticalTake(int(header["data_take_id"][0]), len(lines), images, durations_s, lines.problems)


def _duration_s(images: list[OpticalImage], science: Mission) -> float:
    """What the rows of a strip took, with the mean of the line periods in force."""
    shortest_us = min(image.line_period_us[0] for image in images)
    longest_us = max(image.line_period_us[1] for image in images)
    last = max(images, key=lambda image: image.frame)
    rows = last.frame * science.integer("optical_scale", "video_rows") + max(map(len, last.bands.values()))
    return 1e-6 * rows * science.integer("optical_scale", "line_divisor") * (shortest_us + longest_us) / 2


def _samples(lines: SourcePackets) -> Reals:
    bits, samples = int(lines.header["sample_bits"][0]), int(lines.header["samples"][0])
    octets = np.frombuffer(b"".join(lines.data), dtype=np.uint8).reshape(len(lines), -1)
    spread = np.unpackbits(octets, axis=1)[:, : samples * bits].reshape(len(lines), samples, bits)
    return np.asarray(spread @ (1 << np.arange(bits - 1, -1, -1)), dtype=np.float64)


def _image(header: Columns, samples: Reals, dictionary: Dictionary) -> OpticalImage:
    rows = int(header["row"].max()) + 1
    bands = {}
    for code in np.unique(header["band"]):
        chosen = header["band"] == code
        pixels = np.full((rows, samples.shape[1]), np.nan)
        pixels[header["row"][chosen]] = samples[chosen]
        bands[BANDS[int(code)]] = pixels
    periods = header["line_period"] / 10
    saturated = 2 ** int(header["sample_bits"][0]) - 1
    offset_dn = dictionary.science.number("optical_model", "offset_dn")
    return OpticalImage(
        strip=int(header["strip"][0]),
        frame=int(header["frame"][0]),
        header={name: int(column[0]) for name, column in header.items()},
        doors=tuple(int(value) for value in np.unique(header["door"])),
        lamps=tuple(int(value) for value in np.unique(header["lamp"])),
        line_period_us=(float(periods.min()), float(periods.max())),
        bands=bands,
        measures={name: _measures(pixels, offset_dn, saturated) for name, pixels in bands.items()},
    )


def _measures(pixels: Reals, offset_dn: float, saturated: int) -> BandMeasures:
    there = ~np.isnan(pixels[:, 0])
    seen = pixels[there]
    level = float(np.median(seen))
    noise = _noise(pixels, level, offset_dn, saturated)
    return BandMeasures(
        mean_dn=float(seen.mean()),
        level_dn=level,
        noise_dn=noise,
        snr=(level - offset_dn) / noise if noise > 0 else float("nan"),
        saturated_share=float((seen >= saturated).mean()),
        rows=int(there.sum()),
        rows_missing=int((~there).sum()),
    )


def _noise(pixels: Reals, level: float, offset_dn: float, saturated: int) -> float:
    """Standard deviation in a column from one line to the next, so that the pixels' pattern does not count.

    Saturated pixels are alike and tell nothing of it; where most are, the level itself is none.
    """
    if level >= saturated:
        return float("nan")
    steps = np.diff(pixels, axis=0)
    steps_there = steps[~np.isnan(steps)]
    if not len(steps_there):
        return float("nan")
    coarse = max(1.0, _SIGMA_PER_MEDIAN * float(np.median(np.abs(steps_there))) / np.sqrt(2))
    near = np.abs(pixels - level) <= max(_NEAR_LEVEL * abs(level - offset_dn), _NEAR_NOISE * coarse)
    near &= pixels < saturated
    steady = steps[near[1:] & near[:-1] & (np.abs(steps) <= _NEAR_NOISE * np.sqrt(2) * coarse)]
    return float(np.sqrt(np.mean(steady**2) / 2)) if len(steady) else float("nan")
