"""A SAR data take put together from its source packets: pulses, samples, calibration, and where the platform was."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from emei.dictionary import Dictionary, Mission
from emei.science.arrays import Complexes, Reals
from emei.science.baq import Baq, Samples
from emei.science.sar_chirp import Chirp, chirp_of
from emei.science.sar_header import MEASUREMENT_MODES, SWEEPS, usable_packets
from emei.science.sar_platform import ANCILLARY_WORDS, Platform, read_platform
from emei.science.source_packets import Columns, SourcePackets
from emei.words import count

ECHO, NOISE = 0, 1
CALIBRATIONS = {8: "Tx", 9: "Rx", 10: "EPDN"}
_LARGEST_GAP = 64  # pulse intervals without an echo within a burst (interleaved calibration, packets lost)
_LARGEST_GAP_OF_SWEEP = 8  # where echoes spread over the sweep lie before and behind it
_FEWEST_LINES = 2
_LEAST_RECORDED = 0.5  # of a burst's pulse intervals: with fewer, its Doppler is not sampled
# What makes up one picture: echoes that differ in any of these cannot be focused together.
_OF_A_BURST = ("swath", "pri", "window_start", "rank", "pulse_length", "ramp_rate", "start_frequency", "quads")


@dataclass(frozen=True)
class Radar:
    """The numbers of the dictionary that no packet carries. SI units."""

    reference_frequency_hz: float
    centre_frequency_hz: float
    light_speed_m_s: float
    antenna_length_m: float
    earth_radius_m: float

    @classmethod
    def of(cls, dictionary: Dictionary) -> "Radar":
        mission = dictionary.mission
        return cls(
            reference_frequency_hz=mission.number("sar", "reference_frequency_hz"),
            centre_frequency_hz=mission.number("sar", "centre_frequency_hz"),
            light_speed_m_s=mission.number("sar", "light_speed_m_s"),
            antenna_length_m=mission.number("sar", "antenna_length_m"),
            earth_radius_m=mission.number("sar", "earth_radius_m"),
        )

    @property
    def wavelength_m(self) -> float:
        return self.light_speed_m_s / self.centre_frequency_hz


@dataclass(frozen=True)
class Burst:
    """Echoes of consecutive pulses of one polarisation: a line for each of its pulses, zero where none was recorded.

    The radar sends a pulse of it in every `interval`, which `pri_s` lasts. Its first line is `late_s` after the origin
    of its picture: the first pulse of any polarisation or, where the beam sweeps, the pulse with which it came to
    broadside. Of each echo `pulses` is its number among all pulses, from the data take's first echo, and
    `azimuth_beams` its beam.
    `first_gps_s` is the first line's time, `window_delay_s` the first sample's delay after its pulse.
    """

    lines: Complexes
    pulses: NDArray[np.int64]
    azimuth_beams: NDArray[np.int64]
    origin: str  # of the picture, in words
    first_gps_s: float
    pri_s: float
    interval: int
    late_s: float
    window_delay_s: float
    sampling_rate_hz: float
    chirp: Chirp
    swath: int
    elevation_beam: int
    polarisation: str  # transmitted and received
    window_samples: float  # of the whole window as commanded

    @property
    def recorded(self) -> int:
        return len(self.pulses)

    @property
    def azimuth_beam(self) -> int:
        """Of the first echo."""
        return int(self.azimuth_beams[0])

    @property
    def prf_hz(self) -> float:
        return 1 / self.pri_s

    @property
    def duration_s(self) -> float:
        return len(self.lines) * self.pri_s


@dataclass(frozen=True)
class Scattered:
    """Echoes of one sub-swath too far apart to be a burst: a line each, with its time after the first and its beam.

    `pulses` number them among all pulses, from the data take's first echo. `window_delay_s` is the first sample's
    delay after the pulse.
    """

    lines: Complexes
    time_s: Reals
    first_gps_s: float
    pulses: NDArray[np.int64]
    pri_s: float
    azimuth_beams: NDArray[np.int64]
    window_samples: float  # of the whole window as commanded
    window_delay_s: float
    sampling_rate_hz: float
    chirp: Chirp
    swath: int
    elevation_beam: int
    polarisation: str  # transmitted and received


@dataclass(frozen=True)
class ChannelLevels:
    """Of one polarisation: means of the pulses through the calibration network by name, and the receiver's noise."""

    calibration: dict[str, Samples]
    noise_lsb: float | None


@dataclass(frozen=True)
class CalibrationSetting:
    """What the pulses through the calibration network were sent and sampled with."""

    chirp: Chirp
    sampling_rate_hz: float


@dataclass
class SarTake:
    """`polarisation` is the commanded one; `channels` are what was transmitted and received, co-polarised first.

    `calibration` and `noise_lsb` are those of the first.
    """

    task_id: int
    measurement_mode: int
    polarisation: str
    channels: dict[str, ChannelLevels]
    baq_mode: int
    receive_gain_db: float
    packets: int
    last_packet_gps_s: float
    bursts: list[Burst]
    scattered: list[Scattered]
    platform: Platform | None
    calibration_setting: CalibrationSetting | None
    problems: list[str] = field(default_factory=list)

    @property
    def echoes(self) -> list[Burst | Scattered]:
        return [*self.bursts, *self.scattered]

    @property
    def duration_s(self) -> float | None:
        """From the first echo to the last packet; None without an echo in a picture or profile."""
        if not self.echoes:
            return None
        return self.last_packet_gps_s - min(item.first_gps_s for item in self.echoes)

    @property
    def calibration(self) -> dict[str, Samples]:
        return next(iter(self.channels.values())).calibration

    @property
    def noise_lsb(self) -> float | None:
        return next(iter(self.channels.values())).noise_lsb


def read_take(packets: SourcePackets, dictionary: Dictionary) -> SarTake:
    """Decode every sample of a data take. Packets whose headers cannot be right are left out and named.

    ScienceError when none is left.
    """
    recorded = packets
    packets, channels = usable_packets(recorded, dictionary)
    problems = list(packets.problems)
    baq, radar = Baq.of(dictionary.science), Radar.of(dictionary)
    header = packets.header
    samples = [
        baq.decode(data, int(quads), int(mode))
        for data, quads, mode in zip(packets.data, header["quads"], header["baq_mode"], strict=True)
    ]
    channel_of = channels.of(header)
    echoes = header["signal_type"] == ECHO
    first = int(np.flatnonzero(echoes)[0]) if echoes.any() else 0
    # A packet left out for something else still carries its word of the orbit.
    platform = read_platform(recorded, dictionary, problems)
    first_pulse = int(header["pri_count"][first])
    is_sweep = MEASUREMENT_MODES.get(int(header["measurement_mode"][first])) in SWEEPS
    origins = _broadside_pulses(header, echoes, dictionary) if is_sweep else {}
    bursts: list[Burst] = []
    scattered: list[Scattered] = []
    apart = int(np.count_nonzero(echoes))
    for name in channels.pairs:
        dense, sparse = _parts(packets, np.flatnonzero(echoes & (channel_of == name)), channels.interval, is_sweep)
        bursts += [
            _burst(packets, samples, part, radar, name, channels.interval, first_pulse, origins) for part in dense
        ]
        scattered += [_scattered(packets, samples, part, radar, name, first_pulse) for part in sparse]
        apart -= sum(len(part) for part in [*dense, *sparse])
    if platform is None and bursts:
        problems.append(
            f"No {ANCILLARY_WORDS} packets in a row carry a whole cycle of ancillary data: the orbit is unknown, and "
            "nothing can be focused."
        )
    if apart:
        problems.append(f"In no picture: {count(apart, 'echo')} apart from the bursts of the same sub-swath.")
    return SarTake(
        task_id=int(header["data_take_id"][first]),
        measurement_mode=int(header["measurement_mode"][first]),
        polarisation=channels.commanded,
        channels={name: _levels(header, samples, channel_of == name) for name in channels.pairs},
        baq_mode=int(header["baq_mode"][first]),
        receive_gain_db=-0.5 * int(header["receive_gain"][first]),
        packets=len(packets),
        last_packet_gps_s=float(header["coarse_time"][-1] + header["fine_time"][-1] / 65536),
        bursts=bursts,
        scattered=scattered,
        platform=platform,
        calibration_setting=_calibration_setting(packets, radar),
        problems=problems,
    )


def _levels(header: Columns, samples: list[Samples], chosen: NDArray[np.bool_]) -> ChannelLevels:
    """Of the chosen packets."""
    signals = header["signal_type"]
    return ChannelLevels(
        calibration={
            name: _mean(samples, np.flatnonzero(chosen & (signals == signal)))
            for signal, name in CALIBRATIONS.items()
            if (chosen & (signals == signal)).any()
        },
        noise_lsb=_noise(samples, np.flatnonzero(chosen & (signals == NOISE))),
    )


def _calibration_setting(packets: SourcePackets, radar: Radar) -> CalibrationSetting | None:
    """Of the first calibration pulse."""
    numbers = np.flatnonzero(np.isin(packets.header["signal_type"], list(CALIBRATIONS)))
    if not len(numbers):
        return None
    header = {name: int(values[numbers[0]]) for name, values in packets.header.items()}
    return CalibrationSetting(chirp_of(header, radar.reference_frequency_hz), 1e3 * header["instrument_configuration"])


def _parts(
    packets: SourcePackets, echoes: NDArray[np.int64], interval: int, is_sweep: bool
) -> tuple[list[NDArray[np.int64]], list[NDArray[np.int64]]]:
    """The numbers of echoes that make bursts, and, of sub-swaths without any burst or of a sweep, all others that go
    together.

    Every `interval`-th pulse has such an echo.
    """
    if not len(echoes):
        return [], []
    columns = np.stack([packets.header[name][echoes] for name in _OF_A_BURST], axis=1)
    counts_of = packets.header["pri_count"][echoes]
    change = (np.diff(columns, axis=0) != 0).any(axis=1)
    step = np.diff(counts_of)
    change |= (step > (_LARGEST_GAP_OF_SWEEP if is_sweep else _LARGEST_GAP)) | (step <= 0)
    bounds = np.flatnonzero(change) + 1
    dense = [
        part
        for part, counts in zip(np.split(echoes, bounds), np.split(counts_of, bounds), strict=True)
        if len(part) >= _FEWEST_LINES and len(part) >= _LEAST_RECORDED * ((counts[-1] - counts[0]) // interval + 1)
    ]
    covered = {int(packets.header["swath"][part[0]]) for part in dense}
    in_bursts = np.isin(echoes, np.concatenate(dense)) if dense else np.zeros(len(echoes), bool)
    sparse = []
    for setting in np.unique(columns, axis=0):
        part = echoes[(columns == setting).all(axis=1) & ~in_bursts]
        if len(part) and (is_sweep or int(packets.header["swath"][part[0]]) not in covered):
            sparse.append(part)
    return dense, sparse


def _broadside_pulses(header: Columns, echoes: NDArray[np.bool_], dictionary: Dictionary) -> dict[int, int]:
    """Of each sub-swath the pulse with which its sweeping beam came to broadside or passed it, in its longest run.

    A sub-swath whose beam does not, or not between two pulses in a row that were both recorded, has none.
    """
    broadside = dictionary.mission.integer("sar", "azimuth_beam_broadside")
    found: dict[int, int] = {}
    for swath in np.unique(header["swath"][echoes]):
        numbers = np.flatnonzero(echoes & (header["swath"] == swath))
        counts, first = np.unique(header["pri_count"][numbers], return_index=True)
        beams = header["azimuth_beam"][numbers][first]
        bounds = np.flatnonzero(np.diff(counts) > _LARGEST_GAP_OF_SWEEP) + 1
        run = max(np.split(np.arange(len(counts)), bounds), key=len)
        counts, beams = counts[run], beams[run]
        half = len(run) // 2
        forward = np.mean(beams[half:]) > np.mean(beams[:half]) if half else True
        has_come = beams >= broadside if forward else beams <= broadside
        # A beam that is damaged in one header does not move the place where most of those before and behind agree.
        right = np.concatenate([[0], np.cumsum(~has_come)]) + np.concatenate([np.cumsum(has_come[::-1])[::-1], [0]])
        at = int(np.argmax(right))
        if 0 < at < len(run) and counts[at] - counts[at - 1] == 1:
            found[int(swath)] = int(counts[at])
    return found


def _scattered(
    packets: SourcePackets,
    samples: list[Samples],
    part: NDArray[np.int64],
    radar: Radar,
    polarisation: str,
    first_pulse: int,
) -> Scattered:
    header = {name: int(values[part[0]]) for name, values in packets.header.items()}
    fref_hz = radar.reference_frequency_hz
    gps_s = packets.header["coarse_time"][part] + packets.header["fine_time"][part] / 65536
    return Scattered(
        lines=np.array([samples[number] for number in part], np.complex64),
        time_s=gps_s - gps_s[0],
        first_gps_s=float(gps_s[0]),
        pulses=packets.header["pri_count"][part].astype(np.int64) - first_pulse,
        pri_s=header["pri"] / fref_hz,
        azimuth_beams=packets.header["azimuth_beam"][part],
        window_samples=header["window_length"] / fref_hz * 1e3 * header["instrument_configuration"],
        window_delay_s=(header["rank"] * header["pri"] + header["window_start"]) / fref_hz,
        sampling_rate_hz=1e3 * header["instrument_configuration"],
        chirp=chirp_of(header, radar.reference_frequency_hz),
        swath=header["swath"],
        elevation_beam=header["elevation_beam"],
        polarisation=polarisation,
    )


def _burst(
    packets: SourcePackets,
    samples: list[Samples],
    part: NDArray[np.int64],
    radar: Radar,
    polarisation: str,
    interval: int,
    first_pulse: int,
    origins: dict[int, int],
) -> Burst:
    """`origins` are pulses by sub-swath; without one the picture begins with its first pulse of any polarisation."""
    header = {name: int(values[part[0]]) for name, values in packets.header.items()}
    pulses = header["pri_count"] - origins.get(header["swath"], first_pulse)
    counts = (packets.header["pri_count"][part] - header["pri_count"]) // interval
    lines = np.zeros((int(counts[-1]) + 1, 2 * header["quads"]), np.complex64)
    for row, number in zip(counts, part, strict=True):
        lines[row] = samples[number]
    fref_hz = radar.reference_frequency_hz
    return Burst(
        lines=lines,
        pulses=packets.header["pri_count"][part] - first_pulse,
        azimuth_beams=packets.header["azimuth_beam"][part],
        origin="where the beam came to broadside" if header["swath"] in origins else "the first echo",
        first_gps_s=header["coarse_time"] + header["fine_time"] / 65536,
        pri_s=interval * header["pri"] / fref_hz,
        interval=interval,
        late_s=(pulses if header["swath"] in origins else pulses % interval) * header["pri"] / fref_hz,
        window_delay_s=(header["rank"] * header["pri"] + header["window_start"]) / fref_hz,
        sampling_rate_hz=1e3 * header["instrument_configuration"],
        chirp=chirp_of(header, radar.reference_frequency_hz),
        swath=header["swath"],
        elevation_beam=header["elevation_beam"],
        polarisation=polarisation,
        window_samples=header["window_length"] / fref_hz * 1e3 * header["instrument_configuration"],
    )


def _mean(samples: list[Samples], numbers: NDArray[np.int64]) -> Samples:
    """Of the longest: among the echoes less of a pulse is recorded."""
    taken = [samples[number] for number in numbers]
    longest = max(len(item) for item in taken)
    return np.mean([item for item in taken if len(item) == longest], axis=0).astype(np.complex64)


def _noise(samples: list[Samples], numbers: NDArray[np.int64]) -> float | None:
    """Standard deviation of I and of Q."""
    if not len(numbers):
        return None
    return float(np.sqrt(np.mean([np.mean(np.abs(samples[number]) ** 2) for number in numbers]) / 2))


def whole_window_share(burst: Burst) -> float:
    """Fraction of the commanded window that was recorded."""
    return burst.lines.shape[1] / burst.window_samples


def science_scale(science: Mission, mode: str) -> str:
    """How much of a data take the bench records, in words."""
    most, most_of_sweep = (science.integer("sar_scale", name) for name in ("echo_pulses", "sweep_pulses"))
    echoes = f"at most {most} consecutive echoes"
    if mode in SWEEPS:
        echoes = f"at most {most_of_sweep} echoes spread over the sweep and {most} consecutive ones about broadside"
    return (
        f"scaled down on the bench: a pulse and 1/{science.integer('sar_scale', 'swath_divisor')} of the swath, "
        f"{echoes}"
    )
