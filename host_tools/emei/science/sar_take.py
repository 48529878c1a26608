"""A SAR data take put together from its source packets: pulses, samples, calibration, and where the platform was."""

from dataclasses import dataclass, field
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from emei.dictionary import Dictionary, Mission
from emei.science.arrays import Complexes, Reals
from emei.science.baq import Baq, Samples
from emei.science.errors import ScienceError
from emei.science.sar_channels import find_channels
from emei.science.source_packets import Columns, SourcePackets
from emei.words import count

ECHO, NOISE = 0, 1
CALIBRATIONS = {8: "Tx", 9: "Rx", 10: "EPDN"}
_ANCILLARY_WORDS = 64
_LARGEST_GAP = 64  # pulse intervals without an echo within a burst (interleaved calibration)
_FEWEST_LINES = 2
_LEAST_RECORDED = 0.5  # of a burst's pulse intervals: with fewer, its Doppler is not sampled
_CODE_SIGN = {0: -1.0, 1: 1.0}
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
class Chirp:
    """Linear frequency modulation; the start is that of the leading edge."""

    pulse_s: float
    start_hz: float
    rate_hz_s: float

    @property
    def bandwidth_hz(self) -> float:
        return self.pulse_s * abs(self.rate_hz_s)

    def replica(self, sampling_rate_hz: float) -> Samples:
        time_s = np.arange(int(self.pulse_s * sampling_rate_hz) + 1) / sampling_rate_hz
        return np.exp(2j * np.pi * (self.start_hz + self.rate_hz_s / 2 * time_s) * time_s).astype(np.complex64)


@dataclass(frozen=True)
class Platform:
    """Radius of the orbit and speed on it, from the ancillary data."""

    radius_m: float
    speed_m_s: float

    def ground_speed_m_s(self, range_m: float, earth_radius_m: float) -> float:
        """Of the point abeam at a slant range, over a sphere."""
        return self.speed_m_s * (self.radius_m**2 + earth_radius_m**2 - range_m**2) / (2 * self.radius_m**2)

    def effective_speed_m_s(self, range_m: float, earth_radius_m: float) -> float:
        """Of the straight line with the same history of ranges."""
        return sqrt(self.speed_m_s * self.ground_speed_m_s(range_m, earth_radius_m))


@dataclass(frozen=True)
class Burst:
    """Echoes of consecutive pulses of one polarisation: a line for each of its pulses, zero where none was recorded.

    The radar sends a pulse of it in every `interval`, which `pri_s` lasts; its first line is `late_s` after the first
    pulse of any.
    `first_gps_s` is the first line's time, `window_delay_s` the first sample's delay after its pulse.
    """

    lines: Complexes
    recorded: int
    first_gps_s: float
    pri_s: float
    interval: int
    late_s: float
    window_delay_s: float
    sampling_rate_hz: float
    chirp: Chirp
    swath: int
    polarisation: str  # transmitted and received
    azimuth_beam: int
    window_samples: float  # of the whole window as commanded

    @property
    def prf_hz(self) -> float:
        return 1 / self.pri_s

    @property
    def duration_s(self) -> float:
        return len(self.lines) * self.pri_s


@dataclass(frozen=True)
class Scattered:
    """Echoes of one sub-swath too far apart to be a burst: a line each, with its time after the first and its beam.

    `window_delay_s` is the first sample's delay after the pulse.
    """

    lines: Complexes
    time_s: Reals
    azimuth_beams: NDArray[np.int64]
    window_delay_s: float
    sampling_rate_hz: float
    chirp: Chirp
    swath: int
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
    bursts: list[Burst]
    scattered: list[Scattered]
    platform: Platform | None
    calibration_setting: CalibrationSetting | None
    problems: list[str] = field(default_factory=list)

    @property
    def calibration(self) -> dict[str, Samples]:
        return next(iter(self.channels.values())).calibration

    @property
    def noise_lsb(self) -> float | None:
        return next(iter(self.channels.values())).noise_lsb


def read_take(packets: SourcePackets, dictionary: Dictionary) -> SarTake:
    """Decode every sample of a data take. Packets whose samples do not decode are left out and named."""
    problems = list(packets.problems)
    baq = Baq.of(dictionary.science)
    header = packets.header
    samples: list[Samples | None] = []
    for number, data in enumerate(packets.data):
        try:
            samples.append(baq.decode(data, int(header["quads"][number]), int(header["baq_mode"][number])))
        except ScienceError as error:
            samples.append(None)
            problems.append(f"Packet {header['packet_count'][number]} is left out: {error}")
    channels = find_channels(header, dictionary)
    channel_of = channels.of(header)
    if (channel_of == "").any():
        first = int(np.flatnonzero(channel_of == "")[0])
        problems.append(
            f"{count(int((channel_of == '').sum()), 'packet')} left out: a data take of polarisation "
            f"{channels.commanded} has no code {header['polarisation'][first]} with receive channel "
            f"{header['receive_channel'][first]}, as in packet {header['packet_count'][first]}."
        )
    decoded = np.array([item is not None for item in samples]) & (channel_of != "")
    echoes = decoded & (header["signal_type"] == ECHO)
    radar = Radar.of(dictionary)
    first = int(np.flatnonzero(echoes)[0]) if echoes.any() else 0
    platform = _platform(packets)
    first_pulse = int(header["pri_count"][first])
    bursts: list[Burst] = []
    scattered: list[Scattered] = []
    for name in channels.pairs:
        dense, sparse = _parts(packets, np.flatnonzero(echoes & (channel_of == name)), channels.interval)
        bursts += [_burst(packets, samples, part, radar, name, channels.interval, first_pulse) for part in dense]
        scattered += [_scattered(packets, samples, part, radar, name) for part in sparse]
    if platform is None and bursts:
        problems.append(
            f"No {_ANCILLARY_WORDS} packets in a row carry a whole cycle of ancillary data: the orbit is unknown, and "
            "nothing can be focused."
        )
    return SarTake(
        task_id=int(header["data_take_id"][first]),
        measurement_mode=int(header["measurement_mode"][first]),
        polarisation=channels.commanded,
        channels={name: _levels(header, samples, decoded & (channel_of == name)) for name in channels.pairs},
        baq_mode=int(header["baq_mode"][first]),
        receive_gain_db=-0.5 * int(header["receive_gain"][first]),
        packets=len(packets),
        bursts=bursts,
        scattered=scattered,
        platform=platform,
        calibration_setting=_calibration_setting(packets, decoded, radar),
        problems=problems,
    )


def _levels(header: Columns, samples: list[Samples | None], chosen: NDArray[np.bool_]) -> ChannelLevels:
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


def chirp_of(header: dict[str, int], radar: Radar) -> Chirp:
    """From the codes of a header: rate in Fref^2 / 2^21, start in Fref / 2^14 from rate / (4 Fref)."""
    fref_hz = radar.reference_frequency_hz
    rate_hz_s = _CODE_SIGN[header["ramp_rate_sign"]] * header["ramp_rate"] * fref_hz**2 / 2**21
    start_hz = _CODE_SIGN[header["start_frequency_sign"]] * header["start_frequency"] * fref_hz / 2**14
    return Chirp(header["pulse_length"] / fref_hz, rate_hz_s / (4 * fref_hz) + start_hz, rate_hz_s)


def _calibration_setting(packets: SourcePackets, decoded: NDArray[np.bool_], radar: Radar) -> CalibrationSetting | None:
    """Of the first calibration pulse."""
    numbers = np.flatnonzero(decoded & np.isin(packets.header["signal_type"], list(CALIBRATIONS)))
    if not len(numbers):
        return None
    header = {name: int(values[numbers[0]]) for name, values in packets.header.items()}
    return CalibrationSetting(chirp_of(header, radar), 1e3 * header["instrument_configuration"])


def _parts(
    packets: SourcePackets, echoes: NDArray[np.int64], interval: int
) -> tuple[list[NDArray[np.int64]], list[NDArray[np.int64]]]:
    """The numbers of echoes that make bursts, and, of sub-swaths without any burst, all that go together.

    Every `interval`-th pulse has such an echo.
    """
    if not len(echoes):
        return [], []
    columns = np.stack([packets.header[name][echoes] for name in _OF_A_BURST], axis=1)
    counted = packets.header["pri_count"][echoes]
    change = (np.diff(columns, axis=0) != 0).any(axis=1)
    step = np.diff(counted)
    change |= (step > _LARGEST_GAP) | (step <= 0)
    bounds = np.flatnonzero(change) + 1
    dense = [
        part
        for part, counts in zip(np.split(echoes, bounds), np.split(counted, bounds), strict=True)
        if len(part) >= _FEWEST_LINES and len(part) >= _LEAST_RECORDED * ((counts[-1] - counts[0]) // interval + 1)
    ]
    covered = {int(packets.header["swath"][part[0]]) for part in dense}
    sparse = []
    for setting in np.unique(columns, axis=0):
        part = echoes[(columns == setting).all(axis=1)]
        if int(packets.header["swath"][part[0]]) not in covered:
            sparse.append(part)
    return dense, sparse


def _scattered(
    packets: SourcePackets, samples: list[Samples | None], part: NDArray[np.int64], radar: Radar, polarisation: str
) -> Scattered:
    header = {name: int(values[part[0]]) for name, values in packets.header.items()}
    fref_hz = radar.reference_frequency_hz
    gps_s = packets.header["coarse_time"][part] + packets.header["fine_time"][part] / 65536
    return Scattered(
        lines=np.array([samples[number] for number in part], np.complex64),
        time_s=gps_s - gps_s[0],
        azimuth_beams=packets.header["azimuth_beam"][part],
        window_delay_s=(header["rank"] * header["pri"] + header["window_start"]) / fref_hz,
        sampling_rate_hz=1e3 * header["instrument_configuration"],
        chirp=chirp_of(header, radar),
        swath=header["swath"],
        polarisation=polarisation,
    )


def _burst(
    packets: SourcePackets,
    samples: list[Samples | None],
    part: NDArray[np.int64],
    radar: Radar,
    polarisation: str,
    interval: int,
    first_pulse: int,
) -> Burst:
    header = {name: int(values[part[0]]) for name, values in packets.header.items()}
    counts = (packets.header["pri_count"][part] - header["pri_count"]) // interval
    lines = np.zeros((int(counts[-1]) + 1, 2 * header["quads"]), np.complex64)
    for row, number in zip(counts, part, strict=True):
        lines[row] = samples[number]
    fref_hz = radar.reference_frequency_hz
    return Burst(
        lines=lines,
        recorded=len(part),
        first_gps_s=header["coarse_time"] + header["fine_time"] / 65536,
        pri_s=interval * header["pri"] / fref_hz,
        interval=interval,
        late_s=(header["pri_count"] - first_pulse) % interval * header["pri"] / fref_hz,
        window_delay_s=(header["rank"] * header["pri"] + header["window_start"]) / fref_hz,
        sampling_rate_hz=1e3 * header["instrument_configuration"],
        chirp=chirp_of(header, radar),
        swath=header["swath"],
        polarisation=polarisation,
        azimuth_beam=header["azimuth_beam"],
        window_samples=header["window_length"] / fref_hz * 1e3 * header["instrument_configuration"],
    )


def _platform(packets: SourcePackets) -> Platform | None:
    """From the first whole cycle of the sub-commutated words (layout of the dictionary, SAR_PACKET)."""
    index, words = packets.header["ancillary_index"], packets.header["ancillary_word"]
    cycle = np.arange(1, _ANCILLARY_WORDS + 1)
    for start in np.flatnonzero(index == 1):
        if np.array_equal(index[start : start + _ANCILLARY_WORDS], cycle):
            octets = words[start : start + _ANCILLARY_WORDS].astype(">u2").tobytes()
            position = np.frombuffer(octets, ">f8", 3)
            velocity = np.frombuffer(octets, ">f4", 3, offset=24).astype(float)
            return Platform(float(np.linalg.norm(position)), float(np.linalg.norm(velocity)))
    return None


def _mean(samples: list[Samples | None], numbers: NDArray[np.int64]) -> Samples:
    """Of the longest: among the echoes less of a pulse is recorded."""
    taken = [item for number in numbers if (item := samples[number]) is not None]
    longest = max(len(item) for item in taken)
    return np.mean([item for item in taken if len(item) == longest], axis=0).astype(np.complex64)


def _noise(samples: list[Samples | None], numbers: NDArray[np.int64]) -> float | None:
    """Standard deviation of I and of Q."""
    if not len(numbers):
        return None
    return float(np.sqrt(np.mean([np.mean(np.abs(samples[number]) ** 2) for number in numbers]) / 2))


def whole_window_share(burst: Burst) -> float:
    """Fraction of the commanded window that was recorded."""
    return burst.lines.shape[1] / burst.window_samples


def science_scale(science: Mission) -> str:
    """How much of a data take the bench records, in words."""
    return (
        f"scaled down on the bench: a pulse and 1/{science.integer('sar_scale', 'swath_divisor')} of the swath, "
        f"at most {science.integer('sar_scale', 'echo_pulses')} consecutive echoes"
    )
