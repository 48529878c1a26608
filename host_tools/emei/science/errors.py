"""Errors of science data. Each text is a sentence."""


class ScienceError(Exception):
    """The file holds nothing that can be decoded."""
