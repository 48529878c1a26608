"""The two ways a telecommand ends badly. Both carry a failure code and its two values."""


class Refusal(Exception):
    """The telecommand is not carried out; nothing has changed. Becomes (1,2) or (1,4)."""

    def __init__(self, code, detail=0, limit=0):
        self.code = code
        self.detail = detail
        self.limit = limit


class Failure(Exception):
    """The execution failed on the way. Becomes (1,8)."""

    def __init__(self, code, detail=0, limit=0):
        self.code = code
        self.detail = detail
        self.limit = limit


class EntryRefused(Failure):
    """What held when a data take was accepted holds no more just before it begins; the instrument itself is well."""
