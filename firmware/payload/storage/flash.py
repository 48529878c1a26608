"""Who uses the flash when: it does one operation at a time, and is shared by the journal and two stores of records."""

import hal


class Flash:
    """`entries` is None where the catalogue is left alone: in a safe boot.

    It runs behind everything in a cycle that may store something, so that the operation begun in the cycle before is
    over by then. A journal that changes its sector, or copies that are rewritten, take an operation a cycle for
    seconds: a put that somebody waits for goes before them.
    """

    def __init__(self, persistent, tables, entries):
        self._persistent = persistent
        self._tables = tables
        self._entries = entries

    def run(self):
        """Once a cycle: the first that begins an operation keeps the flash busy for the rest."""
        entries = self._entries
        if entries is not None and hal.records_pending(hal.RECORDS_CATALOGUE):
            entries.run()
        if hal.records_pending(hal.RECORDS_TABLES):
            self._tables.run()
        self._persistent.run()
        self._tables.run()
        if entries is not None:
            entries.run()
