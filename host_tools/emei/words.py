"""Words for people: what a number of things is called."""


def count(number: int, noun: str) -> str:
    """A number with its noun, which takes an s but after 1."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
