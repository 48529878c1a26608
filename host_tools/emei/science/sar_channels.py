"""Polarisations of a SAR data take: what each packet's pulse transmitted, and what received it.

A packet names both by its polarisation code (S1-IF-ASD-PL-0007: 4 says that V is transmitted, else H) and its receive
channel. The dictionary says which of them belong to a commanded polarisation (SAR_PACKETS_POLARISATION_CODES).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emei.dictionary import Dictionary
from emei.science.source_packets import Columns

_TRANSMITS_V = 4
_RECEIVES = {0: 2, 1: 1}  # bit of a code that says that the channel is recorded
_LETTERS = "VH"  # of the receive channels
_LEAST_SHARE = 0.125  # of the packets: fewer with a polarisation of their own are damage and no second polarisation

Pair = tuple[int, int]  # polarisation code, receive channel


@dataclass(frozen=True)
class Channels:
    """`commanded` is the polarisation by the dictionary's name; `pairs` what its packets say, by what was transmitted
    and received (VV, VH, ...), co-polarised first. A pulse in `interval` is of one of them.
    """

    commanded: str
    pairs: dict[str, Pair]
    interval: int

    def of(self, header: Columns) -> NDArray[np.str_]:
        """Each packet's name among `pairs`, empty when it has none."""
        names = np.full(len(header["polarisation"]), "", dtype="U2")
        for name, (code, channel) in self.pairs.items():
            names[(header["polarisation"] == code) & (header["receive_channel"] == channel)] = name
        return names


def is_cross_polarised(name: str) -> bool:
    return name[0] != name[1]


def find_channels(header: Columns, dictionary: Dictionary) -> Channels:
    """The commanded polarisation that explains the most packets. Of an unknown one, the most frequent kind alone."""
    columns = np.stack([header["polarisation"], header["receive_channel"]], axis=1)
    kinds, numbers = np.unique(columns, axis=0, return_counts=True)
    seen = {(int(code), int(channel)): int(number) for (code, channel), number in zip(kinds, numbers, strict=True)}
    rows = dictionary.science.rows("sar_packets", "polarisation_codes")
    best, most = None, 0
    for name, code in dictionary.enumeration("POLARISATION").members.items():
        codes = dict.fromkeys(int(item) for item in rows[code])
        pairs = [(item, channel) for item in codes for channel, bit in _RECEIVES.items() if item & bit]
        explained = [seen.get(pair, 0) for pair in pairs]
        if min(explained) >= _LEAST_SHARE * len(columns) and sum(explained) > most:
            best, most = Channels(name, _named(pairs), len(codes)), sum(explained)
    if best is None:
        usual = max(seen, key=lambda pair: seen[pair])
        best = Channels(f"code {usual[0]}", _named([usual]), 1)
    return best


def _named(pairs: list[Pair]) -> dict[str, Pair]:
    names = {f"{'V' if code & _TRANSMITS_V else 'H'}{_letter(channel)}": (code, channel) for code, channel in pairs}
    return dict(sorted(names.items(), key=lambda item: is_cross_polarised(item[0])))


def _letter(channel: int) -> str:
    return _LETTERS[channel] if channel < len(_LETTERS) else "?"
