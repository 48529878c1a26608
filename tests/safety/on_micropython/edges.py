"""Everything that may happen next: telecommands of the ground, with one condition of the dictionary's guards
broken or none; progress and faults of the units; alarm, Sun, ancillary data; time; resets.

Made from the dictionary's tables: a mode, a transition, a guard or a telecommand added there joins.
"""

import hal
from unit_models import FAILED

from payload.tables import enums, modes, pool

STEP = 0  # nominal: what a good pass is made of
ODD = 1  # a telecommand nobody needs, a condition broken
FAULT = 2

_PERMIT_S = 60
# Modes that the firmware treats alike but for numbers that steer nothing: of each group, the first is explored with
# faults, all without (tests/safety/alike.py shows that they are).
ALIKE = {
    "SAR": (("STRIPMAP", "SPOTLIGHT", "TOPS", "CALIBRATION", "TEST"),),
    "OPTICAL": (("STEREO", "AREA"),),
}

# How the conditions that the code states are broken: (parameter of the pool, value), or what of the world.
_BROKEN_CHECKS = {
    "POWER_BUDGET": (pool.POWER_TOTAL_POWER_W, 20000),
    "TRANSMIT_BUDGET": ("budget_spent", True),
    "IMAGING_BUDGET": ("budget_spent", True),
    "IMAGE_GEOMETRY": (pool.YAW_ERROR_DEG, 5000),
    "MEMORY_BUDGET": (pool.RECORDER_FREE_MIB, 1),
    "OUTSIDE_TRANSMIT_ZONES": ("zone", True),
}


class Edge:
    def __init__(self, label, weight, enabled, apply, with_faults):
        self.label = label
        self.weight = weight
        self.enabled = enabled
        self.apply = apply
        self.with_faults = with_faults


class Edges:
    def __init__(self, bench, faults):
        self._bench = bench
        self._world = bench.world
        self._faults = faults
        self.all = []
        sides = bench.sides()
        if "SAR" in sides:
            self._sar()
        if "OPTICAL" in sides:
            self._optical()
        self._common(sides)

    def enabled(self):
        return [
            number
            for number, edge in enumerate(self.all)
            if (edge.with_faults if self._faults else edge.weight < FAULT) and (edge.enabled is None or edge.enabled())
        ]

    def _add(self, label, weight, enabled, apply, with_faults=True):
        self.all.append(Edge(label, weight, enabled, apply, with_faults))

    def _sar(self):
        bench = self._bench
        self._mode_commands("SAR", modes.SAR_MODES, modes.SAR_TRANSITIONS)
        for _, target, _, _, _ in modes.SAR_TRANSITIONS:
            if target in bench.tables_by_mode:
                self._takes(target)
        self._telecommand("SAR_ARM_TRANSMIT", STEP, "SAR")
        self._telecommand("SAR_PERMIT_TRANSMIT", STEP, "SAR", 1, _PERMIT_S)
        self._telecommand("SAR_INHIBIT_TRANSMIT", ODD, "SAR")
        self._add(
            "a good table into slot 0",
            STEP,
            lambda: bench.watch.slot_number() in (0, 99) or bench.payload.refuse.latched(),
            lambda: bench.load_table(enums.SAR_MODE_STRIPMAP),
        )
        self._add(
            "another table into slot 0",
            ODD,
            lambda: len(bench.watch.checked_table) > 0,
            bench.load_another_table,
        )
        self._add("an upset in slot 0", FAULT, lambda: bench.may_read_slot() and self._may_pass(), bench.upset_slot)
        self._unit(self._world.sar)
        self._standing(
            "a transmit zone ahead",
            lambda: self._world.zone,
            lambda on: setattr(self._world, "zone", on),
            lambda: bench.watch.takes_data("SAR"),
        )

    def _takes(self, target):
        bench = self._bench
        name = bench.mode_name("SAR", target)
        stands = self._stands_for("SAR", target)
        self._add("START %s" % name, STEP, None, lambda: bench.start_take(target, None), stands)
        self._broken_conditions("START %s" % name, "SAR", target, lambda guard: bench.start_take(target, guard))
        self._add(
            "START %s for a table of another mode" % name,
            ODD,
            lambda: bench.may_leave_for("SAR", target),
            lambda: bench.take_with_table_of_another_mode(target),
            stands,
        )

    def _optical(self):
        bench = self._bench
        self._mode_commands("OPTICAL", modes.OPTICAL_MODES, modes.OPTICAL_TRANSITIONS)
        for _, target, procedure, _, _ in modes.OPTICAL_TRANSITIONS:
            if bench.kind("OPTICAL", target) == 2:
                command = {
                    "image": bench.start_image,
                    "calibrate": bench.start_calibration,
                    "decontaminate": bench.decontaminate,
                }[procedure]
                self._optical_take(target, command)
        self._add("the hours of the decontamination pass", STEP, bench.is_decontaminating, bench.hours)
        dark, strip = enums.OPTICAL_MODE_DARK, enums.OPTICAL_MODE_STRIP
        self._add("START DARK, as an image", ODD, None, lambda: bench.start_image(dark, None))
        self._add("START STRIP, as a calibration", ODD, None, lambda: bench.start_calibration(strip, None))
        for name in ("SHUT", "OPEN", "DIFFUSER"):
            position = getattr(enums, "DOOR_COMMAND_" + name)
            weight = ODD if name == "DIFFUSER" else STEP
            self._telecommand("OPTICAL_MOVE_DOOR", weight, "OPTICAL", position, label="MOVE_DOOR %s" % name)
        self._telecommand("OPTICAL_TEST_DOOR", STEP, "OPTICAL")
        standby = enums.OPTICAL_MODE_STANDBY
        self._add("START STANDBY, as an image", ODD, None, lambda: bench.start_image(standby, None))
        optical = self._world.optical
        self._unit(optical)
        self._add(
            "the door arrives",
            STEP,
            lambda: optical.door != optical.door_target,
            lambda: bench.then(optical.door_arrives),
        )
        self._add(
            "the eclipse ends",
            ODD,
            lambda: self._world.eclipse,
            lambda: bench.then(lambda: setattr(self._world, "eclipse", False)),
        )
        self._standing("sun near", lambda: self._world.sun_near, lambda on: setattr(self._world, "sun_near", on))

    def _optical_take(self, target, command):
        label = "START %s" % self._bench.mode_name("OPTICAL", target)
        self._add(label, STEP, None, lambda: command(target, None), self._stands_for("OPTICAL", target))
        self._broken_conditions(label, "OPTICAL", target, lambda guard: command(target, guard))

    def _stands_for(self, side, target):
        """Is the mode explored with faults too? Of modes that are alike, one is (see ALIKE)."""
        name = self._bench.mode_name(side, target)
        return not any([name in alike[1:] for alike in ALIKE[side]])

    def _mode_commands(self, side, mode_table, transitions):
        bench = self._bench
        takes_done = False
        for mode, name, kind in mode_table:
            if kind == 2 and takes_done:
                continue
            takes_done = takes_done or kind == 2
            reachable = kind in (0, 1) and bench.is_target(side, mode)
            label = "SET_MODE %s" % name
            # A second telecommand to be safe while the first is in progress adds one more that waits for the same.
            once = None if name != "SAFE" else lambda: bench.payload.router.in_progress() < 2
            self._add(label, STEP if reachable else ODD, once, lambda mode=mode: bench.set_mode(side, mode, None))
            if reachable:
                self._broken_conditions(label, side, mode, lambda guard, mode=mode: bench.set_mode(side, mode, guard))

    def _broken_conditions(self, label, side, target, command):
        """The command with each guard's condition broken, where it would otherwise be looked at. Without other faults."""
        bench = self._bench
        relevant = bench.conditions(side, target)
        for name, parameter, minimum, maximum, _, _ in modes.GUARDS:
            if name not in relevant:
                continue
            if parameter < 0:
                if name in _BROKEN_CHECKS:
                    self._add(
                        "%s, not %s" % (label, name),
                        ODD,
                        lambda: bench.may_leave_for(side, target),
                        lambda name=name: command((name,) + _BROKEN_CHECKS[name]),
                        False,
                    )
                continue
            values = [("stale", None)]
            # Unsigned parameters have nothing below 0.
            if minimum is not None and minimum != 0:
                values.append(("low", minimum - 1))
            if maximum is not None:
                values.append(("high", maximum + 1))
            for word, value in values:
                self._add(
                    "%s, %s %s" % (label, name, word),
                    ODD,
                    lambda: bench.may_leave_for(side, target),
                    lambda name=name, parameter=parameter, value=value: command((name, parameter, value)),
                    False,
                )

    def _unit(self, unit):
        bench = self._bench
        name = unit.name
        self._add("the %s unit goes on" % name, STEP, unit.can_go_on, lambda: bench.then(unit.go_on))
        self._add(
            "the %s unit fails" % name,
            FAULT,
            lambda: unit.powered() and unit.state != FAILED and self._may_pass(),
            lambda: bench.then(unit.fail),
        )
        self._add(
            "the %s unit starts anew by itself" % name,
            FAULT,
            lambda: unit.powered() and unit.state != 0 and self._may_pass(),
            lambda: bench.then(unit.reset),
        )
        self._add(
            "the %s supply trips" % name,
            FAULT,
            lambda: unit.powered() and self._may_pass(),
            lambda: bench.then(lambda: self._world.power.trip(unit.limiter)),
        )
        self._add(
            "the next block written to the %s unit is corrupted" % name,
            FAULT,
            lambda: unit.powered() and not unit.corrupt_next_write and bench.may_start(name) and self._may_pass(),
            lambda: bench.then(lambda: setattr(unit, "corrupt_next_write", True)),
        )

    def _may_pass(self):
        """A fault of an instrument that passes counts among those at once while it does. A reset may come at any time."""
        return self._bench.standing() < self._faults

    def _standing(self, label, is_on, switch, is_met=None):
        """A fault that stands until it is over, or, when `is_met` is given, until nobody can meet it."""
        bench = self._bench
        self._add(
            label,
            FAULT,
            lambda: not is_on() and bench.standing() < self._faults and (is_met is None or is_met()),
            lambda: bench.then(lambda: switch(True)),
        )
        self._add("%s: over" % label, STEP, is_on, lambda: bench.then(lambda: switch(False)))

    def _common(self, sides):
        bench = self._bench
        world = self._world
        for unit in world.units:
            if unit.name in ("POWER", "RECORDER") or unit.name in sides:
                is_met = bench.watch.needs_recorder if unit.name == "RECORDER" else None
                self._standing(
                    "the %s unit does not answer" % unit.name,
                    lambda unit=unit: unit.silent,
                    lambda on, unit=unit: setattr(unit, "silent", on),
                    is_met,
                )
                self._standing(
                    "the %s unit does nothing" % unit.name,
                    lambda unit=unit: unit.stuck,
                    lambda on, unit=unit: setattr(unit, "stuck", on),
                    is_met,
                )
        self._standing("alarm", lambda: world.alarm, bench.drive_alarm)
        self._standing("a temperature beyond its trip limit", lambda: world.hot, world.heat)
        self._standing(
            "no ancillary data",
            lambda: world.ancillary_lost,
            lambda on: setattr(world, "ancillary_lost", on),
            None if "OPTICAL" in sides else lambda: bench.watch.takes_data("SAR"),
        )
        for side in sides:
            instrument = enums.INSTRUMENT_SAR if side == "SAR" else enums.INSTRUMENT_OPTICAL
            self._telecommand("ABORT", ODD, side, instrument, label="ABORT %s" % side)
            self._telecommand("HARD_OFF", ODD, side, instrument, label="HARD_OFF %s" % side)
        self._telecommand("ARM_SAFE_EXIT", STEP, sides[0])
        self._telecommand("SAFE_EXIT", STEP, sides[0])
        self._add("the OBC gives the time", STEP, lambda: not hal.time_quality(), bench.give_time)
        self._add("time passes", STEP, None, bench.time_passes)
        self._add("a minute without anything", ODD, bench.something_expires, bench.minute)
        self._add(
            "the application hangs for 1.5 s", FAULT, lambda: hal.guard_permitted() and self._may_pass(), bench.hang
        )
        self._add("a reset by the watchdog", FAULT, None, lambda: bench.reset(enums.RESET_CAUSE_WATCHDOG))
        self._add(
            "the third reset by the watchdog within an hour",
            FAULT,
            None,
            lambda: bench.reset(enums.RESET_CAUSE_WATCHDOG, True),
        )
        self._telecommand("LEAVE_SAFE_BOOT", STEP, sides[0])
        self._telecommand("CLEAR_FAULT_HISTORY", STEP, sides[0])
        self._telecommand("PLATFORM_SAFE", ODD, sides[0])

    def _telecommand(self, name, weight, side, *values, label=None):
        self._add(label or name, weight, None, lambda: self._bench.telecommand(name, side, None, values, None))
