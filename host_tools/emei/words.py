"""Words for people: what a number of things is called, and a number that may not be known."""

from math import isnan


def count(number: int, noun: str) -> str:
    """A number with its noun, which takes an s but after 1."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def known(value: float, decimals: int) -> str:
    """A number to some decimals; NaN is unknown."""
    return "unknown" if isnan(value) else f"{value:.{decimals}f}"
