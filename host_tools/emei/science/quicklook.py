"""Quicklook of a recorder's file: decoded from the file alone, measured, and drawn."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from emei.dictionary import Dictionary
from emei.science.arrays import Complexes, Reals
from emei.science.errors import ScienceError
from emei.science.optical_quicklook import OpticalQuicklook, optical_quicklook
from emei.science.sar_focus import SarImage, compress_range, focus
from emei.science.sar_header import MEASUREMENT_MODES
from emei.science.sar_take import ChannelLevels, Radar, SarTake, Scattered, read_take, science_scale, whole_window_share
from emei.science.sar_targets import Target, find_targets
from emei.science.source_packets import apid_of, first_packet, read_packets
from emei.words import count

_SAR_PACKET = "SAR_PACKET"
_DOTS_PER_INCH = 100


class Quicklook(Protocol):
    """What came out of one file."""

    @property
    def problems(self) -> list[str]:
        """Sentences about what of the file is damaged or missing."""

    def facts(self) -> list[tuple[str, str]]:
        """What the packets say of the data take, in words."""

    def pictures(self) -> Mapping[str, bytes]:
        """PNG files by name without suffix."""

    def as_json(self) -> dict[str, Any]: ...


def quicklook(file: bytes, dictionary: Dictionary) -> "SarQuicklook | OpticalQuicklook":
    """Decode a file by its packets' APID. ScienceError when nothing can be decoded."""
    looks: dict[str, Callable[[bytes, Dictionary], SarQuicklook | OpticalQuicklook]] = {
        "sar_packets": sar_quicklook,
        "optical_packets": optical_quicklook,
    }
    begins = {}
    for section in looks:
        apid, sync_word = (dictionary.science.integer(section, name) for name in ("apid", "sync_word"))
        begins[section] = first_packet(file, apid, sync_word)
    found = [section for section, start in begins.items() if start >= 0]
    if found:
        return looks[min(found, key=lambda section: begins[section])](file, dictionary)
    apid = apid_of(file)
    for section, look in looks.items():
        if apid == dictionary.science.integer(section, "apid"):
            return look(file, dictionary)
    raise ScienceError(f"This is not a file of science packets: its first APID is {apid:#05x}.")


@dataclass(frozen=True)
class SarPicture:
    image: SarImage
    targets: list[Target]


@dataclass(frozen=True)
class SarProfile:
    """Range-compressed echoes of a sub-swath that are too far apart to focus: rows pulses, columns slant range."""

    echoes: Scattered
    pixels: Complexes
    range_m: Reals


@dataclass(frozen=True)
class SarQuicklook:
    """A SAR data take: of each sub-swath a picture in each polarisation, of its longest burst; where it has none, and
    of the rest of a sweep, range profiles.
    """

    take: SarTake
    images: list[SarPicture]
    profiles: list[SarProfile]
    mode: str
    scale: str

    @property
    def problems(self) -> list[str]:
        return self.take.problems

    @property
    def several_polarisations(self) -> bool:
        return len(self.take.channels) > 1

    def facts(self) -> list[tuple[str, str]]:
        take = self.take
        facts = [
            ("Data take", f"task {take.task_id}, {self.mode}, {take.polarisation}, {count(take.packets, 'packet')}"),
            ("Quantisation", f"BAQ {take.baq_mode} bit" if take.baq_mode else "bypass, 10 bit"),
            ("Receive gain", f"{take.receive_gain_db:g} dB"),
        ]
        if take.duration_s is not None:
            facts.append(("Duration", f"{take.duration_s:.2f} s from the first echo to the last packet"))
        for polarisation, levels in take.channels.items():
            of = _of(polarisation, self.several_polarisations)
            if levels.noise_lsb is not None:
                facts.append((f"Receiver noise{of}", f"{levels.noise_lsb:.1f} LSB"))
            for name, pulse in levels.calibration.items():
                facts.append((f"Calibration {name}{of}", f"peak {abs(pulse).max():.0f} LSB"))
        for picture in self.images:
            facts += _image_facts(picture, self.several_polarisations)
        facts += [_profile_fact(profile, self.several_polarisations) for profile in self.profiles]
        return [*facts, ("Volume", self.scale)]

    def pictures(self) -> Mapping[str, bytes]:
        # Matplotlib is slow to load and only needed here.
        from emei.report.style import png
        from emei.science.sar_picture import draw_profile, draw_sar

        figures = {
            (picture.image.burst.swath, picture.image.burst.polarisation, ""): draw_sar(
                picture.image, picture.targets, self._title(picture)
            )
            for picture in self.images
        }
        for profile in self.profiles:
            echoes = profile.echoes
            title = f"SAR task {self.take.task_id}, {self.mode}, {echoes.polarisation}: {_profile_fact(profile)[1]}"
            figure = draw_profile(echoes, profile.pixels, profile.range_m, title)
            figures[echoes.swath, echoes.polarisation, "_echoes"] = figure
        of_swath = "_swath_{}" if len({swath for swath, _, _ in figures}) > 1 else ""
        of_polarisation = "_{}" if self.several_polarisations else ""
        return {
            f"sar{of_swath.format(swath)}{of_polarisation.format(polarisation)}{kind}": png(figure, _DOTS_PER_INCH)
            for (swath, polarisation, kind), figure in sorted(figures.items())
        }

    def as_json(self) -> dict[str, Any]:
        take = self.take
        return {
            "instrument": "SAR",
            "task_id": take.task_id,
            "mode": self.mode,
            "polarisation": take.polarisation,
            "baq_bits": take.baq_mode,
            "receive_gain_db": take.receive_gain_db,
            "packets": take.packets,
            "duration_s": take.duration_s,
            **_levels_json(take.channels[next(iter(take.channels))]),
            "channels": {name: _levels_json(levels) for name, levels in take.channels.items()},
            "images": [_image_json(picture) for picture in self.images],
            "range_profiles": [
                {
                    "swath": profile.echoes.swath,
                    "polarisation": profile.echoes.polarisation,
                    "pulses": len(profile.echoes.lines),
                    "azimuth_beams": [int(beam) for beam in profile.echoes.azimuth_beams[[0, -1]]],
                }
                for profile in self.profiles
            ],
            "problems": take.problems,
        }

    def _title(self, picture: SarPicture) -> str:
        burst = picture.image.burst
        return (
            f"SAR task {self.take.task_id}, {self.mode}, {burst.polarisation}: {burst.recorded} pulses of "
            f"{burst.chirp.bandwidth_hz / 1e6:.0f} MHz at {burst.prf_hz:.0f} Hz, "
            f"{count(len(picture.targets), 'point target')}"
        )


def sar_quicklook(file: bytes, dictionary: Dictionary) -> SarQuicklook:
    layout = dictionary.science_packets[_SAR_PACKET]
    apid = dictionary.science.integer("sar_packets", "apid")
    packets = read_packets(file, layout, apid, dictionary.science.integer("sar_packets", "sync_word"))
    take = read_take(packets, dictionary)
    radar = Radar.of(dictionary)
    mode = _label(MEASUREMENT_MODES, take.measurement_mode)
    images: list[SarPicture] = []
    swaths = sorted({burst.swath for burst in take.bursts}) if take.platform else []
    for swath, polarisation in itertools.product(swaths, take.channels):
        of_both = [burst for burst in take.bursts if (burst.swath, burst.polarisation) == (swath, polarisation)]
        if not of_both:
            continue
        longest = max(of_both, key=lambda burst: burst.recorded)
        try:
            assert take.platform is not None
            image = focus(longest, take.platform, radar)
        except ScienceError as error:
            take.problems.append(str(error))
            continue
        images.append(SarPicture(image, find_targets(image)))
    profiles: list[SarProfile] = []
    for echoes in take.scattered:
        try:
            pixels = compress_range(echoes.lines, echoes.chirp, echoes.sampling_rate_hz)
        except ScienceError as error:
            take.problems.append(str(error))
            continue
        spacing_m = radar.light_speed_m_s / (2 * echoes.sampling_rate_hz)
        near_m = echoes.window_delay_s * radar.light_speed_m_s / 2
        profiles.append(SarProfile(echoes, pixels, near_m + spacing_m * np.arange(pixels.shape[1])))
    return SarQuicklook(
        take=take,
        images=images,
        profiles=profiles,
        mode=mode,
        scale=science_scale(dictionary.science, mode),
    )


def _label(labels: Mapping[int, str], code: int) -> str:
    return labels.get(code, f"code {code}")


def _image_facts(picture: SarPicture, names_polarisation: bool) -> list[tuple[str, str]]:
    image, burst = picture.image, picture.image.burst
    return [
        (
            f"Burst, swath {burst.swath}{_of(burst.polarisation, names_polarisation)}",
            f"{burst.recorded} pulses in {burst.duration_s * 1e3:.1f} ms, PRF {burst.prf_hz:.1f} Hz, "
            f"{burst.lines.shape[1]} samples at {burst.sampling_rate_hz / 1e6:g} MHz "
            f"({100 * whole_window_share(burst):.0f} % of the window)",
        ),
        ("Chirp", f"{burst.chirp.pulse_s * 1e6:.2f} us, {burst.chirp.bandwidth_hz / 1e6:.2f} MHz"),
        (
            "Pixel",
            f"{image.range_spacing_m:.3f} m slant range x {image.azimuth_spacing_m:.3f} m azimuth; "
            f"theory resolves {image.range_resolution_m:.3f} m x {image.azimuth_resolution_m:.2f} m",
        ),
    ]


def _of(polarisation: str, named: bool) -> str:
    return f", {polarisation}" if named else ""


def _profile_fact(profile: SarProfile, names_polarisation: bool = False) -> tuple[str, str]:
    echoes = profile.echoes
    first, last = echoes.azimuth_beams[[0, -1]]
    beams = f"azimuth beams {first} to {last}" if first != last else f"azimuth beam {first}"
    pulses = f"{len(echoes.lines)} echoes over {echoes.time_s[-1]:.2f} s" if len(echoes.lines) > 1 else "1 echo"
    return (
        f"Echoes, swath {echoes.swath}{_of(echoes.polarisation, names_polarisation)}",
        f"{pulses}, {beams}: compressed in range, not focused in azimuth, for which they are too far apart",
    )


def _levels_json(levels: ChannelLevels) -> dict[str, Any]:
    return {
        "noise_lsb": levels.noise_lsb,
        "calibration_peak_lsb": {name: float(abs(pulse).max()) for name, pulse in levels.calibration.items()},
    }


def _image_json(picture: SarPicture) -> dict[str, Any]:
    image, burst = picture.image, picture.image.burst
    return {
        "swath": burst.swath,
        "polarisation": burst.polarisation,
        "first_gps_s": burst.first_gps_s,
        "azimuth_from": burst.origin,
        "pulses": burst.recorded,
        "prf_hz": burst.prf_hz,
        "samples": burst.lines.shape[1],
        "sampling_rate_hz": burst.sampling_rate_hz,
        "bandwidth_hz": burst.chirp.bandwidth_hz,
        "pulse_s": burst.chirp.pulse_s,
        "near_range_m": float(image.range_m[0]),
        "range_spacing_m": image.range_spacing_m,
        "azimuth_spacing_m": image.azimuth_spacing_m,
        "targets": [
            {
                "range_m": target.range_m,
                "azimuth_m": target.azimuth_m,
                "level_db": target.level_db,
                "range_irw_m": target.range.width_m,
                "range_irw_theory_m": target.range.theory_m,
                "range_pslr_db": target.range.side_lobe_db,
                "range_shared": target.range.shared,
                "azimuth_irw_m": target.azimuth.width_m,
                "azimuth_irw_theory_m": target.azimuth.theory_m,
                "azimuth_pslr_db": target.azimuth.side_lobe_db,
                "azimuth_shared": target.azimuth.shared,
            }
            for target in picture.targets
        ],
    }
