"""What the header of a SAR source packet may say: its fields' ranges, and what agrees within a data take.

The ranges are those of the acquisition table the unit works by (ACQUISITION_TABLE of the dictionary); the codes those
of the packet's layout (SAR_PACKET; S1-IF-ASD-PL-0007).
"""

from collections.abc import Mapping

import numpy as np

from emei.dictionary import Dictionary, Field
from emei.science.baq import Baq
from emei.science.header_rules import Mask, Numbers, Screen, in_step, time_s, with_count
from emei.science.sar_channels import Channels, find_channels
from emei.science.sar_chirp import CHIRP_CODES, chirp_of
from emei.science.source_packets import PRIMARY_OCTETS, SourcePackets

# The standard's codes in the words of this project's modes.
MEASUREMENT_MODES = {1: "STRIPMAP", 8: "TOPS", 15: "CALIBRATION", 16: "TEST", 28: "SPOTLIGHT", 37: "RX_ONLY"}
_TOPS, _SPOTLIGHT = 8, 28
SWEEPS = (MEASUREMENT_MODES[_TOPS], MEASUREMENT_MODES[_SPOTLIGHT])  # modes whose azimuth beam moves
_RECEIVE_CHANNELS = (0, 1)
_CALIBRATION_TYPE = 7  # mask of the elevation beam's field, of calibration pulses
_WORD_OCTETS = 4  # packets are padded to a multiple
_CHIRP_TOLERANCE = 0.01  # of the bandwidth: codes are whole numbers
_REFERENCES = 64  # echoes that a sweep is judged by
# Of all packets of a data take, and of those of one sub-swath.
_OF_THE_TAKE = (
    "measurement_mode",
    "test_mode",
    "instrument_configuration",
    "range_decimation",
    "receive_gain",
    "temperature_compensation",
)
_OF_A_SWATH = (*CHIRP_CODES, "rank", "pri", "window_start", "window_length")


def usable_packets(packets: SourcePackets, dictionary: Dictionary) -> tuple[SourcePackets, Channels]:
    """Those whose headers can be right, and their polarisations; the others become problems.

    ScienceError when none is left.
    """
    screen = Screen.of(packets)
    table = _table(dictionary)
    signals = dictionary.enumerations["SAR_SIGNAL"].members
    screen.one_of("measurement_mode", MEASUREMENT_MODES)
    screen.one_of("receive_channel", _RECEIVE_CHANNELS)
    rates_khz = dictionary.mission.row("sar", "sampling_rate_khz")
    screen.one_of("instrument_configuration", (int(rate) for rate in rates_khz))
    screen.one_of("error", [0])
    screen.one_of("baq_mode", dictionary.enumerations["BAQ"].members.values())
    screen.one_of("baq_block_length", [dictionary.science.integer("baq", "block_quads") // 4 - 1])
    screen.within("ancillary_index", 1, dictionary.science.integer("sar_packets", "ancillary_words"))
    screen.within_range_of("pulse_length", table["pulse_code"])
    screen.within_range_of("rank", table["rank"])
    screen.within_range_of("pri", table["pri_code"])
    screen.within_range_of("window_start", table["swst_code"])
    screen.within_range_of("window_length", table["swl_code"])
    screen.one_of("signal_type", signals.values())
    _signal(screen, signals)
    _chirp(screen, dictionary)
    screen.agree(*_OF_THE_TAKE)
    channels = _polarisation(screen, dictionary)
    _swaths(screen, dictionary)
    screen.agree(*_OF_A_SWATH, by="swath")
    screen.agree("baq_mode", by="calibration")
    _samples(screen, dictionary)
    _ancillary(screen, dictionary)
    _echoes(screen, screen["signal_type"] == signals["ECHO"], dictionary)
    _turns(screen, channels, signals)
    return screen.result(), channels


def _polarisation(screen: Screen, dictionary: Dictionary) -> Channels:
    """Code and receive channel are of those that the commanded polarisation has."""
    header = screen.packets.header
    usable = {name: values[screen.usable] for name, values in header.items()} if screen.usable.any() else header
    channels = find_channels(usable, dictionary)
    pairs = ", ".join(f"{code} with receive_channel {channel}" for code, channel in channels.pairs.values())
    screen.require(
        "polarisation",
        channels.of(header) != "",
        lambda number: f"{header['polarisation'][number]} with receive_channel {header['receive_channel'][number]}",
        f"a data take of {channels.commanded} has {pairs}",
    )
    return channels


def _turns(screen: Screen, channels: Channels, signals: Mapping[str, int]) -> None:
    """The polarisations take turns: the channels of a pulse with the packet count, alternating pulses with theirs."""
    if len(channels.pairs) < 2:
        return
    names = channels.of(screen.packets.header)
    place = np.array([list(channels.pairs).index(name) if name else 0 for name in names])
    counter = "pri_count" if channels.interval > 1 else "packet_count"
    ahead = (place - screen[counter]) % len(channels.pairs)
    groups = _runs(screen, signals) if channels.interval > 1 else np.zeros_like(ahead)
    screen.require(
        "polarisation",
        ahead == screen.usual(ahead, groups, screen.usable),
        lambda number: (
            f"{screen['polarisation'][number]} with receive_channel {screen['receive_channel'][number]} "
            f"at the {counter} {screen[counter][number]}"
        ),
        f"in a data take of {channels.commanded} the polarisations take turns with the {counter}",
    )


def _runs(screen: Screen, signals: Mapping[str, int]) -> Numbers:
    """Of each packet the run whose turns follow each other: the echoes, and else pulses of a kind without a gap."""
    kind = np.minimum(screen["signal_type"], signals["TX_CALIBRATION"])
    runs = np.zeros(len(kind), np.int64)
    first = 1
    for value in np.unique(kind[kind != signals["ECHO"]]):
        numbers = np.flatnonzero(screen.usable & (kind == value))
        begins = np.diff(screen["pri_count"][numbers], prepend=-1) != 1
        runs[numbers] = first + np.cumsum(begins)
        first += len(numbers) + 1
    return runs


def _table(dictionary: Dictionary) -> Mapping[str, Field]:
    return {item.name: item for item in dictionary.layouts["ACQUISITION_TABLE"].fields}


def _signal(screen: Screen, signals: Mapping[str, int]) -> None:
    """The signal's type, the flag of a calibration and its kind say the same, and so does the order of the phases."""
    signal, first = screen["signal_type"], signals["TX_CALIBRATION"]
    of_calibration = signal >= first
    screen.require(
        "calibration",
        (screen["calibration"] == 1) == of_calibration,
        screen["calibration"],
        f"1 is allowed with a signal_type from {first} on, else 0",
    )
    kind = screen["elevation_beam"] & _CALIBRATION_TYPE
    screen.require(
        "elevation_beam",
        ~of_calibration | (kind == signal - first),
        screen["elevation_beam"],
        "8 and the kind of a calibration is allowed in one",
    )
    screen.require(
        "signal_type",
        _phases(screen, signals["ECHO"], signals["NOISE"]),
        signal,
        "an echo has no noise beside it: calibration lies between",
    )


def _phases(screen: Screen, echo: int, noise: int) -> Mask:
    """A packet between two of the other type is wrong; of two that meet, the one without its own type beside it."""
    numbers = np.flatnonzero(screen.usable)
    holds = np.ones(len(screen.usable), bool)
    if not len(numbers):
        return holds
    signal, counts = screen["signal_type"][numbers], screen["packet_count"][numbers]
    beside = np.diff(counts) == 1
    clash = beside & np.isin(signal[1:], (echo, noise)) & np.isin(signal[:-1], (echo, noise)) & (np.diff(signal) != 0)
    same = beside & (np.diff(signal) == 0)
    between = _before(clash) & _after(clash)
    clash &= ~between[1:] & ~between[:-1]
    holds[numbers] = ~between & (~(_before(clash) | _after(clash)) | _before(same) | _after(same))
    return holds


def _before(pairs: Mask) -> Mask:
    """Of each packet, what is true of it and the one before, from what is true of each pair."""
    return np.concatenate([[False], pairs])


def _after(pairs: Mask) -> Mask:
    return np.concatenate([pairs, [False]])


def _swaths(screen: Screen, dictionary: Dictionary) -> None:
    """One, in its elevation beam; of TOPS as many as a table has, each in one elevation beam."""
    has_beam = screen["calibration"] == 0
    if _TOPS in np.unique(screen["measurement_mode"][screen.usable]):
        first, most = tops_first_swath(dictionary), _table(dictionary)["sub_swaths"].raw_maximum
        screen.within("swath", first, first + most - 1)
        screen.agree("elevation_beam", by="swath", among=has_beam)
        return
    screen.agree("swath")
    screen.require(
        "elevation_beam",
        ~has_beam | (screen["elevation_beam"] == screen["swath"]),
        screen["elevation_beam"],
        "the swath is allowed",
    )


def tops_first_swath(dictionary: Dictionary) -> int:
    """The swath number of the first sub-swath of TOPS."""
    return dictionary.science.integer("sar_packets", "tops_first_swath")


def _chirp(screen: Screen, dictionary: Dictionary) -> None:
    """Bandwidth and start follow from the codes; the middle of the chirp is the carrier."""
    bandwidth = _table(dictionary)["bandwidth_mhz"]
    fref_hz = dictionary.mission.number("sar", "reference_frequency_hz")
    codes = zip(*(screen[name].tolist() for name in CHIRP_CODES), strict=True)
    chirps = [chirp_of(dict(zip(CHIRP_CODES, code, strict=True)), fref_hz) for code in codes]
    width_mhz = np.array([chirp.bandwidth_hz for chirp in chirps]) / 1e6
    start_mhz = np.array([chirp.start_hz for chirp in chirps]) / 1e6
    middle_mhz = np.array([chirp.middle_hz for chirp in chirps]) / 1e6
    screen.require(
        "bandwidth (ramp_rate x pulse_length)",
        (width_mhz >= bandwidth.raw_minimum * (1 - _CHIRP_TOLERANCE))
        & (width_mhz <= bandwidth.raw_maximum * (1 + _CHIRP_TOLERANCE)),
        lambda number: f"{width_mhz[number]:.2f} MHz",
        f"{bandwidth.raw_minimum} to {bandwidth.raw_maximum} MHz are allowed",
    )
    screen.require(
        "start_frequency",
        np.abs(middle_mhz) <= _CHIRP_TOLERANCE * width_mhz,
        lambda number: f"{start_mhz[number]:.2f} MHz",
        "a pulse begins half its bandwidth beside the carrier",
    )


def _samples(screen: Screen, dictionary: Dictionary) -> None:
    """The quads fit the window, the octets and each other; calibrations among the echoes are shorter."""
    fref_hz, baq = dictionary.mission.number("sar", "reference_frequency_hz"), Baq.of(dictionary.science)
    quads = screen["quads"]
    window = screen["window_length"] / fref_hz * 1e3 * screen["instrument_configuration"]
    screen.require(
        "quads",
        (quads > 0) & (2 * quads <= window),
        quads,
        "1 up to half the samples of the window are allowed",
    )
    short = dictionary.science.integer("sar_scale", "interleaved_quads")
    screen.agree("quads", by="swath", among=(screen["calibration"] == 0) | (quads != short))
    octets = np.array([len(data) for data in screen.packets.data])
    header_octets = PRIMARY_OCTETS + dictionary.science_packets["SAR_PACKET"].octets
    needed = octets.copy()
    for number in np.flatnonzero(screen.usable):
        whole = header_octets + sum(baq.octets(int(quads[number]), int(screen["baq_mode"][number])))
        needed[number] = -(-whole // _WORD_OCTETS) * _WORD_OCTETS - header_octets
    screen.require(
        "number of sample octets",
        octets == needed,
        lambda number: f"{octets[number]} for {quads[number]} quads with the baq_mode {screen['baq_mode'][number]}",
        "as many as the quads need are allowed",
    )


def _ancillary(screen: Screen, dictionary: Dictionary) -> None:
    """The index runs with the packet count."""
    words = dictionary.science.integer("sar_packets", "ancillary_words")
    ahead = (screen["ancillary_index"] - screen["packet_count"]) % words
    screen.require(
        "ancillary_index",
        ahead == screen.usual(ahead, np.zeros_like(ahead), screen.usable),
        lambda number: f"{screen['ancillary_index'][number]} with the packet_count {screen['packet_count'][number]}",
        "it runs with the packet_count",
    )


def _echoes(screen: Screen, echo: Mask, dictionary: Dictionary) -> None:
    """The window lies where the ground is; time, pulse count and beam go together."""
    mission = dictionary.mission
    table = _table(dictionary)
    fref_hz = mission.number("sar", "reference_frequency_hz")
    delay = screen["rank"] * screen["pri"] + screen["window_start"]
    lowest = int(2 * mission.number("sar", "altitude_minimum_m") / mission.number("sar", "light_speed_m_s") * fref_hz)
    highest = table["far_delay_code"].raw_maximum
    screen.require(
        "delay of the window (rank x pri + window_start)",
        ~echo | ((delay >= lowest) & (delay <= highest)),
        delay,
        f"{lowest} to {highest} are allowed",
    )
    numbers = np.flatnonzero(screen.usable & echo)
    if not len(numbers):
        return
    pri_s, counts = screen["pri"][numbers] / fref_hz, screen["pri_count"]
    holds = np.ones(len(echo), bool)
    holds[numbers] = in_step(
        time_s(screen.packets)[numbers], counts[numbers], pri_s.min(), pri_s.max(), float(pri_s.min()) / 2
    )
    screen.require("time", holds, with_count("pri_count", counts), "the two go together in every echo")
    _beams(screen, np.flatnonzero(screen.usable & echo), table["azimuth_beam_step"].raw_maximum)


def _beams(screen: Screen, numbers: Numbers, largest_step: int) -> None:
    """Without a sweep one azimuth beam for a sub-swath; in SPOTLIGHT evenly on, in steps."""
    modes = screen["measurement_mode"][numbers]
    if not len(numbers) or modes[0] == _TOPS:
        return
    beams, counts = screen["azimuth_beam"], screen["pri_count"]
    if modes[0] != _SPOTLIGHT:
        screen.agree("azimuth_beam", by="swath")
        return
    # Some evenly over the sweep, of which most echoes may lie in one place.
    places = np.linspace(counts[numbers].min(), counts[numbers].max(), _REFERENCES)
    some = numbers[np.unique(np.searchsorted(np.maximum.accumulate(counts[numbers]), places))]
    half = len(some) // 2
    one, other = some[: len(some) - half], some[half:]
    passed = np.maximum(counts[other] - counts[one], 1)
    slope = float(np.median((beams[other] - beams[one]) / passed))
    left = beams - slope * counts
    holds = np.ones(len(beams), bool)
    holds[numbers] = np.abs(left[numbers] - np.median(left[some])) <= largest_step
    screen.require("azimuth_beam", holds, beams, "it moves on evenly with the pri_count")
