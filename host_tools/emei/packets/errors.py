"""What is wrong with a packet or an argument. Each text is a sentence."""


class PacketError(Exception):
    """Octets that are not a packet of this dictionary: damaged, truncated, or of an unknown kind."""


class ArgumentError(Exception):
    """Arguments of a telecommand that are refused before anything is packed. One sentence a problem."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
