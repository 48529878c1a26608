"""Service 128, configuration: back to the dictionary's."""


class Configuration:
    """`services` each have restore(): housekeeping, events, time reports."""

    def __init__(self, services, tables):
        self._services = services
        self._tables = tables

    def telecommands(self):
        return {"RESTORE_DEFAULTS": self.restore_defaults}

    def restore_defaults(self):
        for service in self._services:
            service.restore()
        yield from self._tables.clear_all()
