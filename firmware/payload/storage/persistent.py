"""Values that survive a reset and a power cut, by the keys of tables.persistent (persistent.toml)."""

import hal
from micropython import const

from payload.failure import Failure
from payload.tables import enums, failures, persistent

# A program takes less than 1 ms; two erases may have to end first, 60 ms each.
_NOW_LIMIT_MS = const(150)


class Persistent:
    """The journal in flash, seen from the application.

    A value put is in flash a few cycles later, later still while transmit is enabled; a power cut
    before that leaves the value before it. flush() waits for it, at a reset.
    """

    def get(self, key):
        """The value; its default when it was never put, or when what is in flash is not of its type."""
        default, largest = persistent.RECORDS[key]
        value = hal.journal_get(key, default)
        return value if value <= largest else default

    def put(self, key, value):
        """Note a value. It allocates nothing and does not wait. Raises Failure when the type has no room for it."""
        if not 0 <= value <= persistent.RECORDS[key][1]:
            raise Failure(failures.HANDLER_FAULT, enums.SOFTWARE_FAULT_ENCODING)
        hal.journal_put(key, value)

    def put_now(self, key, value, limit_ms=_NOW_LIMIT_MS):
        """put(), and wait until it is in flash: for what the next reset must not undo. False when it is not yet."""
        self.put(key, value)
        return hal.journal_put_now(key, value, limit_ms)

    def run(self):
        """Once a cycle: at most one operation of the flash."""
        hal.journal_step()

    def flush(self, limit_ms):
        """Before a reset: wait until everything is in flash, `limit_ms` at most. False when it is not."""
        return hal.journal_flush(limit_ms)
