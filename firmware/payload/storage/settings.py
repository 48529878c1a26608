"""What the ground configured, kept over a reset and a power cut in the journal (storage/persistent.py).

Only what differs from the dictionary is kept: 0 is as the dictionary has it. What is in flash may come from a
firmware with another dictionary; each service takes over only what its telecommand would accept now, and drops
the rest.
"""

from payload.tables import events, telecommands


class Settings:
    """`values` is storage.persistent's. In a safe boot nothing of it is applied; what is configured then is kept."""

    def __init__(self, values, applies=True):
        self._values = values
        self._applies = applies
        self._dropped = []
        self.applied = 0

    def kept(self, key):
        """The value to apply, 0 for none."""
        return self._values.get(key) if self._applies else 0

    def noted(self, key):
        """The value in flash, applied or not."""
        return self._values.get(key)

    def keep(self, key, value):
        self._values.put(key, value)

    def count(self, settings=1):
        """So many were applied again."""
        self.applied += settings

    def drop(self, key, rest=0):
        """Of a value that is not a legal one, keep the rest."""
        self._values.put(key, rest)
        self._dropped.append(key)

    def report_dropped(self, event_service):
        """Once after boot."""
        for key in self._dropped:
            event_service.report(events.SETTING_DROPPED, key)
        self._dropped = []


def argument_range(telecommand, index):
    """Lowest and highest value of an argument, as the dictionary has it."""
    for _, _, name, _, arguments in telecommands.TELECOMMANDS:
        if name == telecommand:
            return arguments[index][2], arguments[index][3]
    raise ValueError(telecommand)
