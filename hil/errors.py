"""What goes wrong on a bench."""


class BenchError(Exception):
    """The bench cannot start or go on. The text is a sentence that says what to do."""
