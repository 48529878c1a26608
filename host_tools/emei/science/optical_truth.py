"""Truth against optical picture: the scene the bench was given, for tests and the pass. No decoder reads it."""

from dataclasses import dataclass

import numpy as np

from emei.dictionary import Dictionary
from emei.science.arrays import Reals
from emei.science.optical_header import BANDS
from emei.science.optical_image import OpticalImage

_REACH = 4  # pixels on each side of an edge that are looked at
_ENDS = 2  # of them, that give the level of a side
_CONTRAST = 0.08  # of the brighter side: well over the pixels' pattern


@dataclass(frozen=True)
class Edge:
    """One edge of a rectangle of the scene in one band; None where no step is found near it."""

    band: str
    along: bool  # along the track: a row; else a pixel
    place: int
    off_px: float | None


@dataclass(frozen=True)
class Surface:
    """One rectangle of the scene in one band: reflectance given, and seen."""

    band: str
    row: int
    pixel: int
    given: float
    seen: float


def edges(image: OpticalImage, dictionary: Dictionary) -> list[Edge]:
    """Every edge of the scene's rectangles that lies in the picture with some ground on both sides."""
    found = []
    for name, pixels in image.bands.items():
        for first_row, first_pixel, rows, columns, *_ in dictionary.science.rows("optical_scene", "rectangles"):
            top, left = int(first_row), int(first_pixel)
            bottom, right = top + int(rows), left + int(columns)
            inside_rows, inside_columns = pixels[top + 1 : bottom - 1], pixels[:, left + 1 : right - 1]
            for along, profile, low, high in (
                (True, inside_columns, top, bottom),
                (False, inside_rows.T, left, right),
            ):
                for place in (low, high):
                    if _REACH <= place <= len(profile) - _REACH and high - low >= _REACH:
                        found.append(Edge(name, along, place, _off(profile, place)))
    return found


def _off(profile: Reals, place: int) -> float | None:
    """Where the profile crosses half of its step, from the edge between `place` - 1 and `place`, in pixels."""
    lines = profile[place - _REACH : place + _REACH]
    if np.isnan(lines).all(axis=1).any():
        return None
    window = np.nanmedian(lines, axis=1)
    before, after = np.median(window[:_ENDS]), np.median(window[-_ENDS:])
    if abs(after - before) <= _CONTRAST * max(after, before):
        return None
    above = (window - (before + after) / 2) * np.sign(after - before)
    step = int(np.argmax(above > 0))
    crossing = step - above[step] / (above[step] - above[step - 1])
    return float(crossing - (_REACH - 0.5))


def surfaces(image: OpticalImage, dictionary: Dictionary) -> list[Surface]:
    """Every rectangle in the picture that is not saturated, with the gradient's ends as two more."""
    scene, found = dictionary.science, []
    first_row, rows, low, high = scene.row("optical_scene", "gradient")
    for name, pixels in image.bands.items():
        index = list(BANDS.values()).index(name)
        for top, left, tall, wide, *given in scene.rows("optical_scene", "rectangles"):
            seen = pixels[int(top) : int(top + tall), int(left) : int(left + wide)]
            if seen.size and np.nanmax(seen) < 2 ** image.header["sample_bits"] - 1:
                level = _reflectance(float(np.nanmean(seen)), index, image, dictionary)
                found.append(Surface(name, int(top), int(left), float(given[index]), level))
        ramp = np.nanmean(pixels[int(first_row) : int(first_row + rows)], axis=0)
        fit = np.polynomial.Polynomial.fit(np.arange(len(ramp)), ramp, 1)
        for pixel, given_there in ((0, low), (len(ramp) - 1, high)):
            level = _reflectance(float(fit(pixel)), index, image, dictionary)
            found.append(Surface(name, int(first_row), pixel, float(given_there), level))
    return found


def theory_snr(reflectance: float, band: str, image: OpticalImage, dictionary: Dictionary) -> float:
    """Signal over noise that the unit's settings give ground of a reflectance: shot, read and quantisation noise."""
    model, stages = dictionary.science, image.header["stages"]
    electrons = _electrons(reflectance, list(BANDS.values()).index(band), image, dictionary)
    dn_per_electron = image.header["gain"] / model.number("optical_model", "electrons_per_dn")
    read = model.number("optical_model", "read_noise_electrons")
    variance = (electrons + stages * read**2) * dn_per_electron**2 + 1 / 12
    return float(electrons * dn_per_electron / np.sqrt(variance))


def background(band: str, dictionary: Dictionary) -> float:
    return float(dictionary.science.row("optical_scene", "background")[list(BANDS.values()).index(band)])


def _exposure_us(image: OpticalImage) -> float:
    return image.header["integration"] / 10 * image.header["stages"]


def _electrons(reflectance: float, index: int, image: OpticalImage, dictionary: Dictionary) -> float:
    model = dictionary.science
    rate = reflectance * float(model.row("optical_model", "electrons_per_us")[index])
    return (rate + model.number("optical_model", "dark_electrons_per_us")) * _exposure_us(image)


def _reflectance(level_dn: float, index: int, image: OpticalImage, dictionary: Dictionary) -> float:
    model = dictionary.science
    electrons = (level_dn - model.number("optical_model", "offset_dn")) / image.header["gain"]
    electrons *= model.number("optical_model", "electrons_per_dn")
    rate = electrons / _exposure_us(image) - model.number("optical_model", "dark_electrons_per_us")
    return rate / float(model.row("optical_model", "electrons_per_us")[index])
