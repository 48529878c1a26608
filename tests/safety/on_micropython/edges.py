"""Everything that may happen next: telecommands of the ground, with one condition of the dictionary's guards
broken or none; progress and faults of the units; alarm, Sun, ancillary data; time; resets.

Made from the dictionary's tables: a mode, a transition, a guard or a telecommand added there joins.
"""

import hal

from payload.tables import enums, modes, pool, telecommands

STEP = 0  # nominal: what a good pass is made of
ODD = 1  # a telecommand nobody needs, a condition broken
FAULT = 2

_PERMIT_S = 60
_WORKED_TABLE = (6, 17, 4, 5, 6, 512, 150, -8, 8160, 1314, 2249, 4488, 140969, 144143, 130211, 10000, 1) + (0,) * 29

# How the conditions that the code states are broken: (parameter of the pool, value), or what of the world.
_BROKEN_CHECKS = {
    "POWER_BUDGET": (pool.POWER_TOTAL_POWER_W, 20000),
    "TRANSMIT_BUDGET": ("budget_spent", True),
    "IMAGING_BUDGET": ("budget_spent", True),
    "MEMORY_BUDGET": (pool.RECORDER_FREE_MIB, 1),
    "OUTSIDE_TRANSMIT_ZONES": ("zone", True),
}


class Edge:
    def __init__(self, label, weight, enabled, apply):
        self.label = label
        self.weight = weight
        self.enabled = enabled
        self.apply = apply


def worked_table(mode, azimuth_beam):
    values = [mode] + list(_WORKED_TABLE)
    values[6] = azimuth_beam
    return values


class Edges:
    def __init__(self, bench, faults):
        self._bench = bench
        self._world = bench.world
        self._faults = faults
        self.all = []
        self._arguments = {name: arguments for _, _, name, _, arguments in telecommands.TELECOMMANDS}
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
            if (edge.weight < FAULT or self._faults) and (edge.enabled is None or edge.enabled())
        ]

    def _add(self, label, weight, enabled, apply):
        self.all.append(Edge(label, weight, enabled, apply))

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
            lambda: bench.watch.slot_number() in (0, 99),
            lambda: bench.load_table(enums.SAR_MODE_STRIPMAP),
        )
        self._add(
            "another table into slot 0",
            ODD,
            lambda: len(bench.watch.checked_table) > 0,
            bench.load_another_table,
        )
        self._add("an upset in slot 0", FAULT, bench.may_read_slot, bench.upset_slot)
        self._unit(self._world.sar)
        self._standing("a transmit zone ahead", lambda: self._world.zone, lambda on: setattr(self._world, "zone", on))

    def _takes(self, target):
        bench = self._bench
        name = bench.mode_name("SAR", target)
        self._add("START %s" % name, STEP, None, lambda: bench.start_take(target, None))
        self._broken_conditions("START %s" % name, "SAR", target, lambda guard: bench.start_take(target, guard))
        self._add(
            "START %s for a table of another mode" % name,
            ODD,
            lambda: bench.may_leave_for("SAR", target),
            lambda: bench.take_with_table_of_another_mode(target),
        )

    def _optical(self):
        bench = self._bench
        self._mode_commands("OPTICAL", modes.OPTICAL_MODES, modes.OPTICAL_TRANSITIONS)
        for _, target, _, _, _ in modes.OPTICAL_TRANSITIONS:
            if bench.kind("OPTICAL", target) == 2:
                name = bench.mode_name("OPTICAL", target)
                self._add("START %s" % name, STEP, None, lambda target=target: bench.start_image(target, None))
                self._broken_conditions(
                    "START %s" % name,
                    "OPTICAL",
                    target,
                    lambda guard, target=target: bench.start_image(target, guard),
                )
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
        self._standing("sun near", lambda: self._world.sun_near, lambda on: setattr(self._world, "sun_near", on))

    def _mode_commands(self, side, mode_table, transitions):
        bench = self._bench
        takes_done = False
        for mode, name, kind in mode_table:
            if kind == 2 and takes_done:
                continue
            takes_done = takes_done or kind == 2
            reachable = kind in (0, 1) and bench.is_target(side, mode)
            label = "SET_MODE %s" % name
            self._add(label, STEP if reachable else ODD, None, lambda mode=mode: bench.set_mode(side, mode, None))
            if reachable:
                self._broken_conditions(label, side, mode, lambda guard, mode=mode: bench.set_mode(side, mode, guard))

    def _broken_conditions(self, label, side, target, command):
        """The command with each guard's condition broken, where it would otherwise be looked at."""
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
                )

    def _unit(self, unit):
        bench = self._bench
        name = unit.name
        self._add("the %s unit goes on" % name, STEP, unit.can_go_on, lambda: bench.then(unit.go_on))
        self._add(
            "the %s unit fails" % name,
            FAULT,
            lambda: unit.powered() and unit.state != 7,
            lambda: bench.then(lambda: setattr(unit, "state", 7)),
        )
        self._add(
            "the %s unit starts anew by itself" % name,
            FAULT,
            lambda: unit.powered() and unit.state != 0,
            lambda: bench.then(unit.reset),
        )
        self._add(
            "the %s supply trips" % name,
            FAULT,
            unit.powered,
            lambda: bench.then(lambda: self._world.power.trip(unit.limiter)),
        )
        self._add(
            "the next block written to the %s unit is corrupted" % name,
            FAULT,
            lambda: unit.powered() and not unit.corrupt_next_write and bench.is_preparing(name),
            lambda: bench.then(lambda: setattr(unit, "corrupt_next_write", True)),
        )

    def _standing(self, label, is_on, switch):
        bench = self._bench
        self._add(
            label,
            FAULT,
            lambda: not is_on() and bench.standing() < self._faults,
            lambda: bench.then(lambda: switch(True)),
        )
        self._add("%s: over" % label, STEP, is_on, lambda: bench.then(lambda: switch(False)))

    def _common(self, sides):
        bench = self._bench
        world = self._world
        for unit in world.units:
            if unit.name in ("POWER", "RECORDER") or unit.name in sides:
                self._standing(
                    "the %s unit does not answer" % unit.name,
                    lambda unit=unit: unit.silent,
                    lambda on, unit=unit: setattr(unit, "silent", on),
                )
                self._standing(
                    "the %s unit does nothing" % unit.name,
                    lambda unit=unit: unit.stuck,
                    lambda on, unit=unit: setattr(unit, "stuck", on),
                )
        self._standing("alarm", lambda: world.alarm, bench.drive_alarm)
        self._standing("a temperature beyond its trip limit", lambda: world.hot, world.heat)
        self._standing(
            "no ancillary data", lambda: world.ancillary_lost, lambda on: setattr(world, "ancillary_lost", on)
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
        self._add("the application hangs for 1.5 s", FAULT, hal.guard_permitted, bench.hang)
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


def telecommand_table():
    return {
        name: (service, subservice, arguments) for service, subservice, name, _, arguments in telecommands.TELECOMMANDS
    }
