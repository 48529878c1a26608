"""Truth against picture: the scene the bench's models were given, for tests, the pass and commissioning.

No decoder reads it: it stands for the survey of a field of corner reflectors.
"""

from dataclasses import dataclass

from emei.dictionary import Dictionary
from emei.science.sar_channels import is_cross_polarised
from emei.science.sar_focus import SarImage
from emei.science.sar_targets import Target


@dataclass(frozen=True)
class Match:
    """A target of the scene and what was found for it; offsets in pixels, None when nothing was.

    `amplitude_lsb` is the scene's, of the echo at the centre of the beam, in the picture's polarisation. One that is
    not `is_within` the picture has no place in it.
    """

    range_m: float
    azimuth_m: float
    amplitude_lsb: float
    found: Target | None
    range_px: float = 0.0
    azimuth_px: float = 0.0
    is_within: bool = True


def match_targets(dictionary: Dictionary, image: SarImage, targets: list[Target]) -> list[Match]:
    """Every target of the scene that has an echo in the picture's polarisation, with the one found nearest to it."""
    near_m = float(image.range_m[0])
    matches = []
    for range_m, azimuth_m, co_lsb, cross_lsb in dictionary.science.rows("sar_scene", "targets"):
        amplitude_lsb = cross_lsb if is_cross_polarised(image.burst.polarisation) else co_lsb
        is_along = image.azimuth_m[0] <= azimuth_m <= image.azimuth_m[-1]
        is_across = -0.5 <= range_m / image.range_spacing_m < len(image.range_m) - 0.5
        if not amplitude_lsb:
            continue
        if not is_along or not is_across:
            matches.append(Match(range_m, azimuth_m, amplitude_lsb, None, is_within=False))
            continue
        offsets = [
            (
                (target.range_m - near_m - range_m) / image.range_spacing_m,
                (target.azimuth_m - azimuth_m) / image.azimuth_spacing_m,
                target,
            )
            for target in targets
        ]
        nearest = min(offsets, key=lambda offset: offset[0] ** 2 + offset[1] ** 2, default=None)
        if nearest is None:
            matches.append(Match(range_m, azimuth_m, amplitude_lsb, None))
        else:
            matches.append(Match(range_m, azimuth_m, amplitude_lsb, nearest[2], nearest[0], nearest[1]))
    return matches
