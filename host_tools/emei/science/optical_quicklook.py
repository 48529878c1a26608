"""Quicklook of an optical file: what its packets say, each band in numbers, a picture for each strip."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from emei.dictionary import Dictionary
from emei.science.optical_header import BANDS
from emei.science.optical_image import OpticalImage, OpticalTake, read_optical
from emei.words import count, known

_DOTS_PER_INCH = 100


@dataclass(frozen=True)
class OpticalQuicklook:
    """The images of one recorder's entry; of a video the first frame is drawn.

    `door` and `lamp` are what they were in all packets, with "and" between when that changed.
    """

    take: OpticalTake
    mode: str
    door: str
    lamp: str
    scale: str

    @property
    def problems(self) -> list[str]:
        return self.take.problems

    @property
    def drawn(self) -> list[OpticalImage]:
        """The first frame of each strip."""
        first: dict[int, OpticalImage] = {}
        for image in self.take.images:
            first.setdefault(image.strip, image)
        return list(first.values())

    def facts(self) -> list[tuple[str, str]]:
        header = self.take.images[0].header
        commanded = " ".join(name for code, name in BANDS.items() if header["bands"] & code)
        facts = [
            (
                "Image",
                f"task {self.take.task_id}, {self.mode}, {count(self.take.packets, 'packet')}, bands {commanded}",
            ),
            (
                "Settings",
                f"{header['stages']} TDI stages, gain {header['gain']}, integration {header['integration'] / 10:g} us, "
                f"compression {header['compression'] / 10:g} commanded, none applied",
            ),
            ("Door and lamp", f"{self.door}, lamp {self.lamp}"),
        ]
        strips = self.drawn
        if len(strips) > 1:
            facts.append(("Strips", str(len(strips))))
        if len(self.take.images) > len(strips):
            facts.append(("Frames", str(len(self.take.images))))
        for image in strips:
            prefix = f"Strip {image.strip}, " if len(strips) > 1 else ""
            facts.append((f"{prefix}duration".capitalize(), f"{self.take.duration_s[image.strip]:.2f} s"))
            facts += _image_facts(image, prefix)
        return [*facts, ("Volume", self.scale)]

    def pictures(self) -> Mapping[str, bytes]:
        # Matplotlib is slow to load and only needed here.
        from emei.report.style import png
        from emei.science.optical_picture import draw_optical

        strips = self.drawn
        return {
            f"optical_strip_{image.strip}" if len(strips) > 1 else "optical": png(
                draw_optical(image, self._title(image)), _DOTS_PER_INCH
            )
            for image in strips
        }

    def as_json(self) -> dict[str, Any]:
        return {
            "instrument": "OPTICAL",
            "task_id": self.take.task_id,
            "mode": self.mode,
            "door": self.door,
            "lamp": self.lamp,
            "packets": self.take.packets,
            "strip_duration_s": {str(strip): seconds for strip, seconds in self.take.duration_s.items()},
            "images": [_image_json(image) for image in self.take.images],
            "problems": self.take.problems,
        }

    def _title(self, image: OpticalImage) -> str:
        header = image.header
        return (
            f"Optical task {self.take.task_id}, {self.mode}, strip {image.strip}: {header['stages']} TDI stages, "
            f"gain {header['gain']}, integration {header['integration'] / 10:g} us"
        )


def optical_quicklook(file: bytes, dictionary: Dictionary) -> OpticalQuicklook:
    """ScienceError when no image can be decoded."""
    take = read_optical(file, dictionary)
    header = take.images[0].header
    divisor = dictionary.science.integer("optical_scale", "line_divisor")
    return OpticalQuicklook(
        take=take,
        mode=_label(dictionary, "OPTICAL_MODE", header["mode"]),
        door=_all_of(_label(dictionary, "DOOR", code) for image in take.images for code in image.doors),
        lamp=_all_of(lamp_text(bool(code)) for image in take.images for code in image.lamps),
        scale=f"scaled down: {header['samples']} pixels of a line, one line in {divisor}",
    )


def lamp_text(is_on: bool) -> str:
    return "on" if is_on else "off"


def _all_of(names: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(names))


def _label(dictionary: Dictionary, enumeration: str, code: int) -> str:
    return dictionary.enumerations[enumeration].label(code)


def _image_facts(image: OpticalImage, prefix: str) -> list[tuple[str, str]]:
    low, high = image.line_period_us
    period = f"{low:g} us" if low == high else f"{low:g} to {high:g} us"
    facts = [(f"{prefix}line period".capitalize(), period)]
    for name, band in image.measures.items():
        missing = f", {count(band.rows_missing, 'row')} missing" if band.rows_missing else ""
        facts.append(
            (
                f"{prefix}{name}",
                f"mean {band.mean_dn:.0f}, level {band.level_dn:.0f}, noise {known(band.noise_dn, 1)}, "
                f"SNR {known(band.snr, 1)}, saturated {100 * band.saturated_share:.2f} %, "
                f"{count(band.rows, 'row')}{missing}",
            )
        )
    return facts


def _image_json(image: OpticalImage) -> dict[str, Any]:
    header = image.header
    return {
        "strip": image.strip,
        "frame": image.frame,
        "stages": header["stages"],
        "gain": header["gain"],
        "integration_us": header["integration"] / 10,
        "line_period_us": list(image.line_period_us),
        "lamp": bool(header["lamp"]),
        "compression_commanded": header["compression"] / 10,
        "bands": {name: asdict(band) for name, band in image.measures.items()},
    }
