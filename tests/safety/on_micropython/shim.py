"""The module `hal` as the firmware sees it here: C for the guard, pool, monitors, time and packets; the
unit bus, the link and the clock of seconds are the checker's.

To be installed before anything of `payload` is imported but its tables.
"""

import sys

import hal

from payload.tables import mission


class Reset(BaseException):
    """The firmware asked for a reset, or its watchdog ran out."""

    def __init__(self, cause):
        self.cause = cause


class Shim:
    """Everything of the module, then what stands in for a part of it."""

    def __init__(self):
        for name in dir(hal):
            setattr(self, name, getattr(hal, name))
        # Not near 0: a generator's small integers are part of a state (state.py), and times are not.
        self.uptime = 1000000
        self.bus = None
        self.on_report = None
        self.on_enable = None
        self.ignored_monitor = -1
        self.uptime_s = self._uptime_s
        self.time_period_number = self._one_orbit
        self.rmap_read = self._read
        self.rmap_write = self._write
        self.rmap_last_status = self._status
        self.link_pending = self._nothing_pending
        self.link_room = self._room
        self.link_send = self._send
        self.guard_transmit = self._transmit
        self.monitor_changed = self._monitor_changed
        self.journal = {}
        self.journal_get = self._journal_get
        self.journal_put = self._journal_put
        self.journal_put_now = self._journal_put_now
        self.journal_step = self._nothing
        self.journal_flush = self._flushed
        self.tables = {}
        self.records_get = self._records_get
        self.records_put = self._records_put
        self.records_pending = self._none_pending
        self.records_step = self._ignore
        self.position = self._ignore_position
        self.zone_ahead = self._zone_ahead
        self.reset = self._reset
        self.watchdog_start = self._ignore
        self.watchdog_feed = self._fed
        self.console = self._ignore

    def _uptime_s(self):
        return self.uptime

    def _one_orbit(self, period_s):
        """No orbit passes but where the checker says so, however far its clock has come."""
        return 0 if period_s == mission.ORBIT_PERIOD_S else hal.time_period_number(period_s)

    def _read(self, node, address, buffer, offset, length):
        return self.bus.read(node, address, buffer, offset, length)

    def _write(self, node, address, buffer, offset, length):
        return self.bus.write(node, address, buffer, offset, length)

    def _status(self):
        return 1

    def _nothing_pending(self):
        return False

    def _room(self):
        return 4096

    def _send(self, packet, offset, length):
        self.on_report(packet, offset, length)
        return True

    def _transmit(self, on):
        was_on = hal.guard_transmitting()
        done = hal.guard_transmit(on)
        if on and not was_on and hal.guard_transmitting():
            self.on_enable()
        return done

    def _monitor_changed(self):
        while True:
            monitor = hal.monitor_changed()
            if monitor < 0 or monitor != self.ignored_monitor:
                return monitor

    def _journal_get(self, key, default):
        kept = self.journal.get(key, default)
        return self.bus.journal(key, kept) if self.bus else kept

    def _journal_put(self, key, value):
        self.journal[key] = value
        return True

    def _journal_put_now(self, key, value, limit_ms):
        return self._journal_put(key, value)

    def _flushed(self, limit_ms):
        return True

    def _records_get(self, store, place, buffer, offset, length):
        """Of the tables what was put, at once in flash; the catalogue is the world's."""
        if store != hal.RECORDS_TABLES or place not in self.tables:
            return False
        hal.copy(self.tables[place], 0, buffer, offset, length)
        return True

    def _records_put(self, store, place, buffer, offset, length):
        self.tables[place] = bytes(buffer[offset : offset + length])
        return True

    def _none_pending(self, store):
        return False

    def _nothing(self):
        pass

    def _ignore_position(self, latitude, longitude):
        pass

    def _zone_ahead(self, from_ms, to_ms):
        return self.bus.zone_ahead()

    def _reset(self, cause):
        raise Reset(cause)

    def _ignore(self, value):
        pass

    def _fed(self):
        pass


def install():
    shim = Shim()
    sys.modules["hal"] = shim
    return shim
