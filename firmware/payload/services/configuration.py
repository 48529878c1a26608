"""Service 128, configuration: back to the dictionary's."""


class Configuration:
    """`services` each have restore(): housekeeping, events, time reports."""

    def __init__(self, services, tables, refuse, boot_history):
        self._services = services
        self._tables = tables
        self._refuse = refuse
        self._boot_history = boot_history

    def telecommands(self):
        return {"RESTORE_DEFAULTS": self.restore_defaults}

    def restore_defaults(self):
        # As no table in the REFUSE state, so not all of them. In a safe boot it may be what ends the reboots.
        if not self._boot_history.safe:
            self._refuse.require_clear()
        for service in self._services:
            service.restore()
        yield from self._tables.clear_all()
