"""The state of the whole, as a short string of octets: what the firmware's objects hold, where its generators
stand, what the C guard and monitors say, and the world.

Attributes are found, not listed: a new one in the firmware joins by itself. Left out is what steers nothing, for
the reason given with it. A counter of cycles may be left out because time is an edge: it lasts longer than any of
them counts.
"""

import explore
import hal

from payload.tables import enums, modes, monitors, persistent, pool
from payload.tables import units as tables_units

_PLUMBING = (
    "Events", "ReportWriter", "ReportQueue", "Executive", "Housekeeping", "TimeReports", "Verification", "Platform",
    "LinkWatch", "Test", "Waits", "Interlocks", "Router", "_Ring", "Activity", "Entries", "Playback", "RecorderLink", "Reconciliation", "MemoryBoards", "CorrectedErrors", "Trends", "Trend", "RecorderService",
    "Recorder", "World", "Watch",
)  # fmt: skip
_LEFT_OUT = (
    # What a unit, a machine or a driver was built with.
    "node", "instrument", "_mode_parameter", "_address", "_octets", "_pool_first", "_pool_count", "_link_parameter",
    "_state_parameter", "_flags_parameter", "_failed_state",
    # Counters of cycles and samples.
    "samples", "_samples", "_sample_count", "_switch_ons", "_bad_samples", "_skip_cycles", "_orphan_skip_cycles", "_guard_trips", "_alarms",
    # Told to the ground and read by nobody else: the detail of a failure, the number of boots, what was reported.
    "_cancel_cause", "boots", "_told",
    # When something was: no orbit passes here but by CLEAR_FAULT_HISTORY, and budgets are the world's.
    "_timeless", "_orbit",
    # Of the line period: written when an image begins, from the same ancillary data always.
    "_jumps", "_period", "_seen",
    # A monitor beyond its trip limit is in this list, one that is not counts for nothing while it is in it.
    "_tripped",
)  # fmt: skip
_TIMES = ("_ms", "_s", "_us", "_min", "_cycles")


def _in_transition(machine):
    return machine._target != -1


def _is_reacting(machine):
    return machine._reaction != 0


# What is left behind when nothing is in progress, and written anew before it is read.
_LIVE_WHILE = {
    "_cancelled": _in_transition,
    "_overridden": _in_transition,
    "_frozen_by": _in_transition,
    "_power_cycle": lambda machine: machine.is_becoming_safe(),
    "_stop_heating": lambda optical: optical.machine._target == enums.OPTICAL_MODE_DECONTAMINATION,
    "_unit_commanded": lambda driver: _in_transition(driver.machine),
    # One that has expired is none, whether or not somebody asked since.
    "_armed": lambda two_step: two_step.armed(),
}

# Which event it was is told to the ground and steers nothing: latched or not.
_AS_BOOLEAN = ("_cause", "_frozen_by")

# Generators that only wait until an instrument is safe, and say so.
_WAITING = ("_await_safe",)

# Generators that only count cycles: how far they have come is left to the passing of time.
_COUNTING = ("cut_power_persistently",)

# What is captured after the firmware's objects, in this order.
_WATCHED = (
    "sar_level_1", "optical_level_1", "permit_over", "guard_permitted", "guard_transmitting", "alarm", "time_quality",
    "power.closed", "power.tripped", "power.stuck", "power.silent",
    "sar.state", "sar.phase", "sar.flags", "sar.silent", "sar.stuck", "sar.spoilt", "table_in_unit",
    "optical.state", "optical.phase", "optical.flags", "optical.silent", "optical.stuck", "optical.spoilt", "optical.settings",
    "door", "door_target", "focal_plane", "stable", "lamp",
    "recorder.state", "recorder.silent", "recorder.stuck",
    "hot", "sun_near", "eclipse", "ancillary_lost", "ancillary_begun", "ancillary_stale", "zone",
    "armed", "takes", "exit_armed", "table_in_slot", "accepted", "retried",
)  # fmt: skip

# Fields that claims are about (claims.py).
_CLAIMED = ("machine.mode", "machine._target", "machine._reaction", "refuse._cause")

_HOLDERS = (tuple, dict)
_NO_FIELDS = (str, bytes, list)


def _is_time(name):
    for ending in _TIMES:
        if name.endswith(ending):
            return True
    return False


def _named(path):
    holder, last = path
    if holder is None:
        return last
    return _named(holder) + (last if last[0] == "[" else "." + last)


class State:
    def __init__(self, world):
        self._world = world
        self._monitors = len([name for name in dir(monitors) if name[0] != "_" and name != "const"])
        self._octets = bytearray(512)
        self._placed = []
        # What guards read and no unit and no ancillary data gives: the application's own.
        first_of_units = min(
            [getattr(tables_units, name) for name in dir(tables_units) if name.endswith("_POOL_FIRST")]
        )
        self._guarded = tuple(
            [row[:4] for row in modes.GUARDS if 0 <= row[1] < first_of_units and row[1] not in world.ancillary()]
        )
        self._out = {}  # by attribute: is it left out? The same at each boot.
        self.own_parameters = tuple([guard[1] for guard in self._guarded])
        self.names = ()

    def attach(self, payload):
        """Find what the state is made of, in a payload that was just built."""
        self._router = payload.router
        self._payload = payload
        self._fields = []
        self._paths = []
        self._buffers = []
        self._seen = []
        self._seen_ids = set()
        for name in ("power_unit", "recorder_unit", "limiters", "catalogue", "permit", "refuse", "protection"):
            if hasattr(payload, name):
                self._walk((None, name), getattr(payload, name))
        for driver in payload.instruments.values():
            self._walk((None, type(driver).__name__), driver)
        for name in sorted(payload.__dict__):
            self._walk((None, name), getattr(payload, name))
        for activity in payload.executive._activities:
            self._walk_bound(activity.run)
        self._units = [item for item in self._seen if type(item).__name__ == "Unit"]
        if not self.names:
            self.names = self._all_names()
            self._claimed = tuple(
                [
                    (place, name)
                    for place, name in enumerate(self.names[: len(self._paths)])
                    if any([name.endswith(claimed) for claimed in _CLAIMED])
                ]
            )
        # A payload in a safe boot has attributes of its own; what is claimed of the states must not move for them.
        for place, name in self._claimed:
            if _named(self._paths[place]) != name:
                raise ValueError(name)

    def _all_names(self):
        names = [_named(path) for path in self._paths]
        names.append("router.handlers")
        for buffer in self._buffers:
            names.extend(["used%d" % slot for slot in range(len(buffer))])
        names.extend(["monitor%d" % monitor for monitor in range(self._monitors)])
        names.extend([guard[0] for guard in self._guarded])
        names.extend(_WATCHED)
        return tuple(names)

    def _walk_bound(self, method):
        thing = explore.bound_object(method)
        if thing is not None:
            self._walk((None, type(thing).__name__), thing)

    def _walk(self, path, thing):
        """`path` is where the thing was found: (path of what holds it, attribute or [index])."""
        kind = type(thing)
        if kind in (list, tuple):
            for index, item in enumerate(thing):
                if hasattr(item, "__dict__"):
                    self._walk((path, "[%d]" % index), item)
            return
        if kind is dict:
            for key in sorted(thing):
                if hasattr(thing[key], "__dict__"):
                    self._walk((path, "[%s]" % key), thing[key])
            return
        if not hasattr(thing, "__dict__") or kind.__name__ in _PLUMBING or kind.__name__ in ("function", "module"):
            return
        if id(thing) in self._seen_ids:
            return
        self._seen_ids.add(id(thing))
        self._seen.append(thing)
        for attribute in sorted(thing.__dict__):
            value = getattr(thing, attribute)
            kind = type(value)
            if self._is_out(attribute):
                if kind is bool and _is_time(attribute):
                    raise ValueError(_named((path, attribute)) + " is no time")
            elif kind is not int and kind is not bool and (kind in _HOLDERS or hasattr(value, "__dict__")):
                self._walk((path, attribute), value)
            elif kind is bytearray:
                if attribute == "_used":
                    self._buffers.append(value)
            elif kind not in _NO_FIELDS:
                live = _LIVE_WHILE.get(attribute)
                if attribute == "link" and path == (None, "recorder_unit"):
                    live = self._is_recorder_asked
                if attribute == "_cause" and hasattr(thing, "_reaction"):
                    live = _is_reacting
                self._paths.append((path, attribute))
                self._fields.append((thing, attribute, live, attribute in _AS_BOOLEAN))

    def _is_out(self, attribute):
        """Is what is called so no part of the state?"""
        is_out = self._out.get(attribute)
        if is_out is None:
            is_out = self._out[attribute] = _is_time(attribute) or attribute in _LEFT_OUT
        return is_out

    def _is_recorder_asked(self, recorder_unit):
        """Only data takes ask whether it answers."""
        return self._world.watch.needs_recorder()

    def capture(self):
        """The state's octets."""
        octets = self._octets
        generators = []
        at = explore.attributes(octets, self._fields, generators)
        # In the order in which they are resumed; which of the router's places they hold is nothing to them.
        handlers = [request.handler for request in self._router._in_progress if self._does(request.handler)]
        octets[at] = len(handlers)
        at += 1
        generators.extend(handlers)
        for buffer in self._buffers:
            for octet in buffer:
                octets[at] = octet
                at += 1
        # A warning is reported and no more.
        explore.trips(octets, at, self._monitors)
        at += self._monitors
        for _, parameter, minimum, maximum in self._guarded:
            octets[at] = 1 if minimum <= hal.pool_get(parameter) <= maximum else 0
            at += 1
        watched = self._watched_now()
        explore.integers(octets, at, watched)
        at += len(watched)
        self._placed.clear()
        for generator in generators:
            at = self._position(generator, octets, at)
        return bytes(octets[:at])

    def _watched_now(self):
        """Values in the order of _WATCHED."""
        permit = self._payload.permit
        world = self._world
        sar = world.sar
        optical = world.optical
        watch = world.watch
        sar_takes = watch.takes_data("SAR")
        optical_takes = watch.takes_data("OPTICAL")
        return (
            hal.journal_get(persistent.SAR_LEVEL_1_GPS_S, 0) != 0, hal.journal_get(persistent.OPTICAL_LEVEL_1_GPS_S, 0) != 0,
            # A permit whose time is over stays until the data take that is under way has ended.
            permit._takes_left > 0 and not permit.in_force(),
            hal.guard_permitted(), hal.guard_transmitting(), hal.alarm(), hal.time_quality() != 0,
            world.power.closed, world.power.get("LIMITERS_TRIPPED"), world.power.stuck, world.power.silent,
            sar.state, sar.phase if sar_takes else 0, sar.flags if sar_takes else 0, sar.silent, sar.stuck, sar.corrupt_next_write,
            watch.table_in_unit(),
            optical.state, optical.phase if optical_takes else 0, optical.flags if optical_takes else 0, optical.silent, optical.stuck,
            optical.corrupt_next_write, watch.spoilt_settings_in_unit(), optical.door, optical.door_target,
            optical.focal_plane, optical.stable, optical.lamp,
            world.recorder.get("STATE"), world.recorder.silent, world.recorder.stuck,
            world.hot, world.sun_near, world.eclipse, world.ancillary_lost, hal.pool_get(pool.ANCILLARY_COUNT) != 0,
            world.ancillary_is_stale(), world.zone,
            watch.armed, watch.takes, watch.exit_armed, watch.table_in_slot(), watch.accepted, watch.retried,
        )  # fmt: skip

    def _does(self, handler):
        """A handler that only waits and reports does nothing, as long as the router has places left (edges.py)."""
        if handler is None:
            return False
        items = []
        explore.generator_position(items, handler)
        return len(items) < 2 or items[1] not in _WAITING

    def _position(self, generator, octets, at):
        """Places in the bytecode, also of generators that are locals; of the other locals what may steer: small
        integers, and how many samples are awaited.
        """
        for item in self._placed:
            if item is generator:
                return at
        self._placed.append(generator)
        items = []
        inner = []
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
                if type(item).__name__ == "generator":
                    inner.append(item)
                for unit in self._units:
                    if item is unit:
                        base = unit.samples
        for item in inner:
            at = self._position(item, octets, at)
        return at
