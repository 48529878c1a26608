"""What commissioning measures of optical images: levels, noise, evenness and saturation, counted from the pixels."""

from collections.abc import Callable, Iterator, Sequence
from math import isnan

import numpy as np

from emei.dictionary import Dictionary
from emei.science.arrays import Reals
from emei.science.errors import ScienceError
from emei.science.optical_image import BandMeasures, OpticalImage
from emei.science.optical_quicklook import OpticalQuicklook

_LEAST_SIGNAL_DN = 20.0  # less is dark signal, whose unevenness is not that of the response


def bands(look: OpticalQuicklook, _: Dictionary) -> float:
    return float(len(_image(look).bands))


def rows_missing(look: OpticalQuicklook, _: Dictionary) -> float:
    return float(max(band.rows_missing for band in _image(look).measures.values()))


def highest_level_dn(look: OpticalQuicklook, _: Dictionary) -> float:
    return max(band.mean_dn for band in _image(look).measures.values())


def lowest_level_dn(look: OpticalQuicklook, _: Dictionary) -> float:
    return min(band.mean_dn for band in _image(look).measures.values())


def noise_dn(look: OpticalQuicklook, _: Dictionary) -> float:
    return max(_every_band(look, lambda band: band.noise_dn))


def lowest_noise_dn(look: OpticalQuicklook, _: Dictionary) -> float:
    return min(_every_band(look, lambda band: band.noise_dn))


def lowest_snr(look: OpticalQuicklook, _: Dictionary) -> float:
    return min(_every_band(look, lambda band: band.snr))


def saturated_percent(look: OpticalQuicklook, _: Dictionary) -> float:
    image = _image(look)
    largest = 2 ** image.header["sample_bits"] - 1
    seen = [pixels[~np.isnan(pixels)] for pixels in image.bands.values()]
    return 100 * sum(int((pixels >= largest).sum()) for pixels in seen) / sum(pixels.size for pixels in seen)


def worst_pixel_dn(look: OpticalQuicklook, _: Dictionary) -> float:
    return max(float(np.max(np.abs(line - np.median(line)))) for line in _lines(look))


def nonuniformity_percent(look: OpticalQuicklook, dictionary: Dictionary) -> float:
    return 100 * max(float(np.std(line) / signal) for line, signal in _signals(look, dictionary))


def worst_pixel_percent(look: OpticalQuicklook, dictionary: Dictionary) -> float:
    return 100 * max(
        float(np.max(np.abs(line - np.median(line))) / signal) for line, signal in _signals(look, dictionary)
    )


def gain_error_percent(looks: Sequence[OpticalQuicklook], dictionary: Dictionary) -> float:
    """Signal over gain of each image and band against that of the first image, the farthest off."""
    per_gain = [[signal / _image(look).header["gain"] for _, signal in _signals(look, dictionary)] for look in looks]
    if len({_image(look).header["gain"] for look in looks}) < 2:
        raise ScienceError("The images have one gain: a comparison needs two.")
    if len({len(row) for row in per_gain}) > 1:
        raise ScienceError("The images do not have the same bands.")
    first = np.array(per_gain[0])
    return float(100 * max(np.max(np.abs(np.array(row) / first - 1)) for row in per_gain[1:]))


# Unit, what it is, and the function of one image.
OPTICAL_MEASURES: dict[str, tuple[str, str, Callable[[OpticalQuicklook, Dictionary], float]]] = {
    "bands": ("", "bands recorded", bands),
    "rows_missing": ("", "rows that are missing, of the band that misses most", rows_missing),
    "highest_level_dn": ("DN", "mean of the brightest band", highest_level_dn),
    "lowest_level_dn": ("DN", "mean of the darkest band", lowest_level_dn),
    "noise_dn": ("DN", "noise from line to line, of the noisiest band", noise_dn),
    "lowest_noise_dn": ("DN", "noise from line to line, of the quietest band", lowest_noise_dn),
    "lowest_snr": ("", "signal over noise of the band with the least", lowest_snr),
    "saturated_percent": ("%", "pixels at the converter's end, of all", saturated_percent),
    "worst_pixel_dn": ("DN", "pixel whose mean is the farthest off its band's", worst_pixel_dn),
    "nonuniformity_percent": (
        "%",
        "standard deviation of the pixels' means over the signal, worst band",
        nonuniformity_percent,
    ),
    "worst_pixel_percent": (
        "%",
        "pixel whose mean is the farthest off its band's, over the signal",
        worst_pixel_percent,
    ),
}
# The same of all images of a step together.
OPTICAL_MEASURES_OF_SEVERAL: dict[str, tuple[str, str, Callable[[Sequence[OpticalQuicklook], Dictionary], float]]] = {
    "gain_error_percent": ("%", "signal against the commanded gain, band the farthest off", gain_error_percent),
}


def _image(look: OpticalQuicklook) -> OpticalImage:
    return look.take.images[0]


def _every_band(look: OpticalQuicklook, of: Callable[[BandMeasures], float]) -> list[float]:
    """A number of each band that takes noise. A band without it is named, since min and max may pass over a NaN."""
    numbers = {name: of(band) for name, band in _image(look).measures.items()}
    without = [name for name, number in numbers.items() if isnan(number)]
    if without:
        raise ScienceError(
            f"No noise from line to line is seen in {', '.join(without)}: the lines read the same, or are too few."
        )
    return list(numbers.values())


def _lines(look: OpticalQuicklook) -> Iterator[Reals]:
    """Of each band the mean of every pixel over the rows that are there."""
    return (np.nanmean(pixels, axis=0) for pixels in _image(look).bands.values())


def _signals(look: OpticalQuicklook, dictionary: Dictionary) -> Iterator[tuple[Reals, float]]:
    """Of each band the pixels' means and the signal: their median above the converter's offset."""
    offset_dn = dictionary.science.number("optical_model", "offset_dn")
    for line in _lines(look):
        signal = float(np.median(line)) - offset_dn
        if signal < _LEAST_SIGNAL_DN:
            raise ScienceError("The image is dark: there is no signal to hold its unevenness against.")
        yield line, signal
