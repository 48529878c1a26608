"""Samples of a SAR source packet: bypass and block adaptive quantisation (S1-IF-ASD-PL-0007, decoding).

The user data are the channels IE, IO, QE, QO, each in whole 16-bit words; with BAQ an index of 8 bits leads
each block's part of QE. Sample 2n is IE + j QE, sample 2n + 1 IO + j QO.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emei.dictionary import Mission
from emei.science.arrays import Reals
from emei.science.errors import ScienceError

BYPASS = 0
_INDICES = 256
_INDEX_BITS = 8
_WORD_BITS = 16

Samples = NDArray[np.complex64]


@dataclass(frozen=True)
class Baq:
    """The tables of the standard, by bits: magnitudes by index and code."""

    block_quads: int
    bypass_bits: int
    magnitudes: dict[int, Reals]

    @classmethod
    def of(cls, science: Mission) -> "Baq":
        return cls(
            block_quads=science.integer("baq", "block_quads"),
            bypass_bits=science.integer("baq", "bypass_bits"),
            magnitudes={bits: _magnitudes(science, bits) for bits in (3, 4, 5)},
        )

    def octets(self, quads: int, mode: int) -> list[int]:
        """Of each channel in a packet's user data."""
        if mode != BYPASS and mode not in self.magnitudes:
            raise ScienceError(f"BAQ mode {mode} is not decoded here; bypass (0), 3, 4 and 5 bit are.")
        bits = mode or self.bypass_bits
        blocks = self._blocks(quads, mode)
        return [_words(quads * bits + _INDEX_BITS * blocks * (channel == 2)) for channel in range(4)]

    def decode(self, data: bytes, quads: int, mode: int) -> Samples:
        """The complex samples of a packet's user data. ScienceError when they do not fit it."""
        octets = self.octets(quads, mode)
        bits, blocks = mode or self.bypass_bits, self._blocks(quads, mode)
        if len(data) < sum(octets):
            raise ScienceError(f"A packet holds {len(data)} octets of samples; {quads} quads need {sum(octets)}.")
        starts = np.cumsum([0, *octets])
        parts = [np.frombuffer(data, np.uint8, octets[channel], starts[channel]) for channel in range(4)]
        indices, parts[2] = self._indices(parts[2], quads, bits, blocks)
        values = [self._values(part, quads, bits, indices) for part in parts]
        samples = np.empty(2 * quads, np.complex64)
        samples[0::2] = values[0] + 1j * values[2]
        samples[1::2] = values[1] + 1j * values[3]
        return samples

    def _blocks(self, quads: int, mode: int) -> int:
        return -(-quads // self.block_quads) if mode else 0

    def _indices(
        self, part: NDArray[np.uint8], quads: int, bits: int, blocks: int
    ) -> tuple[NDArray[np.uint8] | None, NDArray[np.uint8]]:
        """QE without the indices between its blocks, and the index of each quad."""
        if not blocks:
            return None, part
        stream = np.unpackbits(part)
        stride = self.block_quads * bits + _INDEX_BITS
        starts = stride * np.arange(blocks)
        indices = np.packbits(stream[starts[:, None] + np.arange(_INDEX_BITS)], axis=1)[:, 0]
        keep = np.ones(len(stream), bool)
        keep[(starts[:, None] + np.arange(_INDEX_BITS)).ravel()] = False
        return np.repeat(indices, self.block_quads)[:quads], np.packbits(stream[keep])

    def _values(self, part: NDArray[np.uint8], quads: int, bits: int, indices: NDArray[np.uint8] | None) -> Reals:
        stream = np.unpackbits(part)[: quads * bits].reshape(quads, bits)
        weights = 1 << np.arange(bits - 2, -1, -1)
        codes = stream[:, 1:] @ weights
        magnitude = codes.astype(np.float32) if indices is None else self.magnitudes[bits][indices, codes]
        return np.where(stream[:, 0] == 1, -magnitude, magnitude)


def sigma_of_index(science: Mission) -> Reals:
    """The standard's table of sigma values: of a normal distribution whose mean magnitude the index stands for."""
    index = np.arange(_INDICES)
    knee = science.integer("baq", "index_knee")
    last = science.integer("baq", "index_largest")
    below = index * science.number("baq", "sigma_step_below_knee")
    above = science.number("baq", "sigma_at_knee") + science.number("baq", "sigma_step_above_knee") * (
        np.minimum(index, last) - knee
    )
    sigma = np.where(index < knee, below, above)
    resolution = science.number("baq", "sigma_resolution")
    return np.round(sigma / resolution) * resolution


def _magnitudes(science: Mission, bits: int) -> Reals:
    levels = np.array(science.row("baq", f"levels_{bits}"))
    table = sigma_of_index(science)[:, None] * levels
    for index, largest in enumerate(science.row("baq", f"simple_{bits}")):
        table[index] = [*range(len(levels) - 1), largest]
    return table.astype(np.float32)


def _words(bits: int) -> int:
    """Octets of the whole words that hold some bits."""
    return -(-bits // _WORD_BITS) * (_WORD_BITS // 8)
