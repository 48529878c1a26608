"""The state of the whole, as a short string of octets: what the firmware's objects hold, where its generators
stand, what the C guard and monitors say, and the world.

Attributes are found, not listed: a new one in the firmware joins by itself. Left out are times, counters and
what only reports (see _LEFT_OUT and _PLUMBING): they are functions of the rest or do not steer anything.
"""

import explore
import hal

from payload.tables import modes, monitors, persistent
from payload.tables import units as tables_units

_PLUMBING = (
    "Events", "ReportWriter", "ReportQueue", "Executive", "Housekeeping", "TimeReports", "Verification", "Platform",
    "LinkWatch", "Test", "Waits", "Interlocks", "Router", "_Ring", "Activity", "Entries", "Playback", "RecorderLink", "Reconciliation", "MemoryBoards", "Trends", "Trend", "RecorderService",
    "Recorder", "World", "Watch",
)  # fmt: skip
_LEFT_OUT = (
    "samples", "_samples", "_switch_ons", "_bad_samples", "_skip_cycles", "_orphan_skip_cycles", "_guard_trips", "node", "instrument",
    "_mode_parameter", "_address", "_octets", "_pool_first", "_pool_count", "_link_parameter", "_state_parameter",
    "_flags_parameter", "_failed_state",
)  # fmt: skip
_TIMES = ("_ms", "_s", "_us", "_cycles", "_cycle")

# What is left behind when nothing is in progress and written anew before it is read: it counts only while the
# other attribute of the same object holds something.
_LIVE_WITH = {
    "_cancelled": ("_target", -1),
    "_cancel_cause": ("_target", -1),
    "_overridden": ("_target", -1),
    "_power_cycle": ("_reaction", 0),
}

# Which event it was is told to the ground and steers nothing: latched or not.
_AS_BOOLEAN = ("_cause", "_cancel_cause")

# Generators that only count cycles: how far they have come is left to the passing of time.
_COUNTING = ("cut_power_persistently",)

_NONE = 255
_OBJECT = 254


def _is_time(name):
    for ending in _TIMES:
        if name.endswith(ending):
            return True
    return False


def _small(value):
    """One octet for an integer; large ones (identifiers, causes) share what is left above 200."""
    return value if 0 <= value < 200 else 200 + value % 50


class State:
    def __init__(self, world):
        self._world = world
        self._monitors = len([name for name in dir(monitors) if name[0] != "_" and name != "const"])
        self._octets = bytearray(512)
        # What guards read and no unit and no ancillary data gives: the application's own.
        first_of_units = min(
            [getattr(tables_units, name) for name in dir(tables_units) if name.endswith("_POOL_FIRST")]
        )
        self._guarded = tuple(
            [row[1] for row in modes.GUARDS if 0 <= row[1] < first_of_units and row[1] not in world.ancillary()]
        )
        self.names = ()

    def attach(self, payload):
        """Find what the state is made of, in a payload that was just built."""
        self._router = payload.router
        self._payload = payload
        self._fields = []
        self._buffers = []
        self._seen = []
        for name in ("power_unit", "recorder_unit", "limiters", "catalogue", "permit", "refuse", "protection"):
            if hasattr(payload, name):
                self._walk(name, getattr(payload, name))
        for driver in payload.instruments.values():
            self._walk(type(driver).__name__, driver)
        for name in sorted(payload.__dict__):
            self._walk(name, getattr(payload, name))
        for activity in payload.executive._activities:
            self._walk_bound(activity.run)
        self._units = [item for item in self._seen if type(item).__name__ == "Unit"]
        self.names = tuple([field[0] for field in self._fields])

    def _walk_bound(self, method):
        thing = explore.bound_object(method)
        if thing is not None:
            self._walk(type(thing).__name__, thing)

    def _walk(self, name, thing):
        kind = type(thing)
        if kind in (list, tuple):
            for index, item in enumerate(thing):
                if hasattr(item, "__dict__"):
                    self._walk("%s[%d]" % (name, index), item)
            return
        if kind is dict:
            for key in sorted(thing):
                if hasattr(thing[key], "__dict__"):
                    self._walk("%s[%s]" % (name, key), thing[key])
            return
        if not hasattr(thing, "__dict__") or kind.__name__ in _PLUMBING or kind.__name__ in ("function", "module"):
            return
        for item in self._seen:
            if item is thing:
                return
        self._seen.append(thing)
        for attribute in sorted(thing.__dict__):
            value = getattr(thing, attribute)
            if attribute in _LEFT_OUT or _is_time(attribute):
                continue
            path = "%s.%s" % (name, attribute)
            if hasattr(value, "__dict__") or type(value) in (tuple, dict):
                self._walk(path, value)
            elif type(value) is bytearray:
                if attribute == "_used":
                    self._buffers.append(value)
            elif type(value) not in (str, bytes):
                gate, idle = _LIVE_WITH.get(attribute, (None, None))
                if attribute == "_cause" and hasattr(thing, "_reaction"):
                    gate, idle = "_reaction", 0
                self._fields.append((path, thing, attribute, gate, idle, attribute in _AS_BOOLEAN))

    def capture(self):
        """The state's octets."""
        octets = self._octets
        at = 0
        generators = []
        for _, thing, attribute, gate, idle, as_boolean in self._fields:
            value = getattr(thing, attribute)
            kind = type(value)
            if gate is not None and getattr(thing, gate) == idle:
                octets[at] = 0
            elif kind is int:
                octets[at] = (1 if value else 0) if as_boolean else _small(value)
            elif value is None:
                octets[at] = _NONE
            elif value is True or value is False:
                octets[at] = 1 if value else 0
            elif kind is list:
                octets[at] = len(value)
            else:
                octets[at] = _OBJECT
                generators.append(value)
            at += 1
        for request in self._router._in_progress:
            octets[at] = 0 if request.handler is None else 1
            at += 1
            if request.handler is not None:
                generators.append(request.handler)
        for buffer in self._buffers:
            for octet in buffer:
                octets[at] = octet
                at += 1
        for monitor in range(self._monitors):
            octets[at] = hal.monitor_state(monitor)
            at += 1
        for parameter in self._guarded:
            octets[at] = _small(hal.pool_get(parameter))
            at += 1
        for key in (persistent.SAR_LEVEL_1_GPS_S, persistent.OPTICAL_LEVEL_1_GPS_S):
            octets[at] = 1 if hal.journal_get(key, 0) else 0
            at += 1
        octets[at] = 1 if hal.guard_permitted() else 0
        octets[at + 1] = 1 if hal.guard_transmitting() else 0
        octets[at + 2] = 1 if hal.alarm() else 0
        octets[at + 3] = 1 if hal.time_quality() else 0
        at += 4
        at = self._capture_world(octets, at)
        for generator in generators:
            at = self._position(generator, octets, at)
        return bytes(octets[:at])

    def _capture_world(self, octets, at):
        world = self._world
        sar = world.sar
        optical = world.optical
        watch = world.watch
        for value in (
            world.power.closed, world.power.stuck, world.power.ignored, world.power.silent,
            sar.state, sar.phase, sar.flags, sar.silent, sar.stuck, watch.table_in_unit(),
            optical.state, optical.phase, optical.flags, optical.silent, optical.stuck, len(optical.memory) > 0,
            optical.door, optical.door_target, optical.stable,
            world.recorder.get("STATE"), world.recorder.silent, world.recorder.stuck,
            world.hot, world.sun_near, world.ancillary_lost, world.zone,
            watch.armed, watch.takes, watch.exit_armed, watch.table_in_slot(), watch.accepted, watch.retried,
        ):  # fmt: skip
            octets[at] = _small(int(value))
            at += 1
        return at

    def _position(self, generator, octets, at):
        """Places in the bytecode; of the locals what may steer: small integers, and how many samples are awaited."""
        items = []
        explore.generator_position(items, generator)
        base = -1
        index = 0
        counts = False
        while index < len(items):
            item = items[index]
            if item is items:
                counts = items[index + 1] in _COUNTING
                place = items[index + 2]
                octets[at] = place & 0xFF
                octets[at + 1] = place >> 8 & 0xFF
                octets[at + 2] = place >> 16
                at += 3
                index += 3
                base = -1
                continue
            index += 1
            if type(item) is int:
                if base >= 0:
                    if (item - base) & 0xFFFF <= 2:
                        octets[at] = 100 + ((item - base) & 0xFFFF)
                        at += 1
                elif 0 <= item < 64 and not counts:
                    octets[at] = item
                    at += 1
            else:
                for unit in self._units:
                    if item is unit:
                        base = unit.samples
        return at
