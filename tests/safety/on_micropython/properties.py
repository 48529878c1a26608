"""What must hold, whatever happens: payload.md's rules, stated apart from the firmware's tables and code.

The watch sits between the firmware and the world. It knows what the ground has really commanded and what the
world really is like; the first breach of a rule is noted as a sentence and ends the checker's run.
"""

import hal
from specification import (
    ALARM_CYCLES,
    COMMANDED,
    DATA_MODES,
    DOOR_CYCLES,
    ENTRY,
    IN_REFUSE,
    IN_SAFE_BOOT,
    LIMITERS,
    LONGEST_TRANSMISSION_MS,
    LOST_CYCLES,
    ONE_AT_A_TIME,
    ONLY_FROM,
    REACTION_CYCLES,
    TIMER_MS,
    TRIP_CYCLES,
    ZONE_CYCLES,
)

from payload.tables import enums, failures, modes


class Watch:
    def __init__(self, world, report):
        self._world = world
        self._report = report
        world.watch = self
        self.tables = ()
        # What the ground has done, by its own books.
        self.armed = False
        self.takes = 0
        self.exit_armed = False
        # The table that was in the slot when a data take was accepted, and which instrument is asked for what.
        self.checked_table = b""
        self.accepted = 0
        self.booting = False
        self.retried = False
        self._level_1 = set()
        self._standing = {}
        self._door_cycles = 0
        self._hot_cycles = 0
        self._unread_cycles = 0
        self._alarm_cycles = 0
        self._zone_cycles = 0
        self._held_cycles = 0
        self._supplied_cycles = 0
        self._on_ms = 0
        self._modes = {}
        self._trips = 0
        self._permitted_since_asked = False

    def attach(self, payload):
        self._payload = payload
        self.machines = {}
        for driver in payload.instruments.values():
            name = "SAR" if driver.machine.instrument == enums.INSTRUMENT_SAR else "OPTICAL"
            self.machines[name] = driver.machine
        self._names = {
            "SAR": {mode: self._general(name, kind) for mode, name, kind in modes.SAR_MODES},
            "OPTICAL": {mode: self._general(name, kind) for mode, name, kind in modes.OPTICAL_MODES},
        }
        self._own_names = {
            "SAR": {mode: name for mode, name, _ in modes.SAR_MODES},
            "OPTICAL": {mode: name for mode, name, _ in modes.OPTICAL_MODES},
        }
        for name, machine in self.machines.items():
            self._modes[name] = machine.mode
        self._slots = None
        sar = payload.instruments.get(enums.INSTRUMENT_SAR)
        if sar is not None:
            self._slots = sar._slots

    def _general(self, name, kind):
        return "take" if kind == 2 and name != "DECONTAMINATION" else name

    def breach(self, text):
        self._report("BREACH:" + text.replace(" ", "_"))

    def require(self, holds, text):
        if not holds:
            self.breach(text)

    def table_number(self, table):
        """Which of the ground's tables this is: 0 none, from 1 in their order, 99 none of them."""
        if len(table) == 0:
            return 0
        for number, known in enumerate(self.tables, 1):
            if known == table:
                return number
        return 99

    def slot_number(self):
        if self._slots is None or not self._slots._used[0]:
            return 0
        return self.table_number(self._slots._slots[0])

    def table_in_slot(self):
        """For the state, where one good table is as good as another: 0 none, 1 good, 2 another than was checked, 3 bad.

        A bad one counts where it is read: before that the ground may load another, or it is upset only then.
        """
        number = self.slot_number()
        if number in (0, 99):
            return 0 if number == 0 else 3 if self.takes_data("SAR") else 1
        taking = len(self.checked_table) > 0
        return 2 if taking and self.table_number(self.checked_table) != number else 1

    def takes_data(self, side):
        """Is the instrument where data takes begin, or in one? Decontamination is none, and in the REFUSE state none
        begins; what only a data take reads or meets counts nowhere else.
        """
        machine = self.machines.get(side)
        if machine is None or machine.is_safing() or self._payload.refuse.latched():
            return False
        return machine.mode in DATA_MODES[side] or machine.target_or_mode() in DATA_MODES[side]

    def needs_recorder(self):
        return self.takes_data("SAR") or self.takes_data("OPTICAL") or self._payload.catalogue.open_entry_id() != 0

    def table_in_unit(self):
        """The same for the unit's; what it was given for an earlier data take is of no interest."""
        if len(self.checked_table) == 0 or len(self._world.sar.memory) == 0:
            return 0
        return 1 if bytes(self._world.sar.memory) == self.checked_table else 2

    def spoilt_settings_in_unit(self):
        """Of an image that is being taken or prepared: each is written anew."""
        optical = self._world.optical
        return self.takes_data("OPTICAL") and self.machines["OPTICAL"].busy() and optical.memory != optical.given

    # What the payload computer does to the world.

    def limiter_closes(self, limiter):
        self._report("limiter%d" % limiter)
        self.require(not self.booting, "an actuator is commanded at boot")
        for name, own_limiter in (("SAR", enums.LIMITER_SAR_UNIT), ("OPTICAL", enums.LIMITER_OPTICAL_UNIT)):
            machine = self.machines.get(name)
            if machine is not None and limiter == own_limiter and machine.is_safing():
                # Level 2: one retry, into powered SAFE only.
                self.require(self._names[name][machine.mode] == "SAFE_UNPOWERED", "a retry from another mode")
                self.require(not self.retried, "a second retry without the ground")
                self.require(self._alarm_cycles == 0, "a retry with the alarm raised")
                self.retried = True
                return
        self.require(not self._payload.refuse.latched(), "a limiter is closed in the REFUSE state")
        if limiter == enums.LIMITER_SAR_UNIT:
            self.require(self.accepted == enums.SAR_MODE_INIT + 1, "the SAR is switched on without a telecommand")
        elif limiter == enums.LIMITER_OPTICAL_UNIT:
            self.require(
                self.accepted == 101 + enums.OPTICAL_MODE_STANDBY, "the optical unit is switched on uncommanded"
            )
        elif limiter == enums.LIMITER_OPTICAL_HEATER:
            self.require(self.accepted > 100, "the focal plane's heater gets its supply uncommanded")
        elif limiter == enums.LIMITER_DOOR:
            self.require(self.accepted > 100, "the door gets its supply uncommanded")

    def unit_commanded(self, unit, code):
        self._report("%s:%d" % (unit.name, code))
        self.require(not self.booting, "an actuator is commanded at boot")
        if unit.name == "SAR" and code == enums.SAR_UNIT_COMMAND_START:
            self.require(len(self.checked_table) > 0, "a data take is started that was not accepted")
            self.require(bytes(unit.memory) == bytes(self.checked_table), "the unit starts with a table not checked")
            self.require(not self._payload.refuse.latched(), "a data take is started in the REFUSE state")
            receives = not self._world.table_transmits(self.checked_table)
            self.require(self.takes == 0 or not receives, "a data take that only receives has a transmit permit")
        if unit.name == "OPTICAL" and code == enums.OPTICAL_UNIT_COMMAND_START:
            self.require(self.accepted > 100, "an image is started that was not accepted")
            self.require(bytes(unit.memory) == unit.given, "the unit images with settings not checked")
            self.require(not self._payload.refuse.latched(), "an image is started in the REFUSE state")
            dark = self.accepted == 101 + enums.OPTICAL_MODE_DARK
            self.require(self._world.eclipse or not dark, "DARK is started outside the eclipse")

    def door_commanded(self, target):
        self._report("door%d" % target)
        self.require(not self.booting, "an actuator is commanded at boot")
        if target != enums.DOOR_COMMAND_SHUT:
            self.require(not self._world.sun_is_bad(), "the door is opened toward the Sun or in ignorance of it")
            self.require(not self._payload.refuse.latched(), "the door is opened in the REFUSE state")
            self.require(self.accepted > 100, "the door is opened uncommanded")

    def transmit_enabled(self):
        """The C guard has just driven transmit-enable."""
        self._report("TX")
        machine = self.machines["SAR"]
        self.require(self.takes > 0, "transmit-enable without a permit given in two steps")
        self.takes -= 1 if self.takes else 0
        self.require(not self._payload.refuse.latched(), "transmit-enable in the REFUSE state")
        self.require(not self._world.alarm, "transmit-enable with the alarm raised")
        self.require(self._world.zone_ahead() == -1, "transmit-enable over a zone or in ignorance of it")
        self.require(machine.busy() and not machine.is_safing(), "transmit-enable outside a data take")
        self.require(self._world.table_transmits(self.checked_table), "transmit-enable for a table that only receives")
        self.require(
            bytes(self._world.sar.memory) == bytes(self.checked_table), "transmit-enable with a table not checked"
        )

    # What the ground does.

    def commanded(self, name, instrument, target, before, accepted, violated):
        """A telecommand was given. `before`: (mode, busy, REFUSE latched) by instrument; `violated`: a condition."""
        mode, busy, latched = before
        if accepted and name.startswith("SET_MODE") and self._own_names[instrument][target] == "SAFE":
            # From any mode, at once, whatever else is going on; where there is something to make safe.
            self.require(self._names[instrument][mode] != "OFF" or busy, "SAFE from OFF")
            self.require(self._payload.refuse.latched(), "SAFE by telecommand does not latch the REFUSE state")
            self.require(not hal.guard_permitted() or instrument != "SAR", "SAFE by telecommand leaves a permit")
            return
        if accepted and latched and not name.startswith(IN_REFUSE):
            self.breach("%s is accepted in the REFUSE state" % name)
        if accepted and self._payload.boot_history.safe and not name.startswith(IN_SAFE_BOOT):
            self.breach("%s is accepted in a safe boot" % name)
        if accepted and busy and name.startswith(ONE_AT_A_TIME):
            self.breach("%s is accepted while the instrument is busy" % name)
        if name == "SAR_ARM_TRANSMIT" and accepted:
            self.armed = True
        elif name == "SAR_PERMIT_TRANSMIT":
            if accepted:
                self.require(self.armed, "a transmit permit in one step")
                self.takes = 1
                self._permitted_since_asked = True
            if accepted or not latched:
                self.armed = False
        elif name == "SAR_INHIBIT_TRANSMIT" and accepted:
            self.takes = 0
            self.armed = False
            self.require(
                not hal.guard_transmitting() and not hal.guard_permitted(), "the inhibit leaves the guard a permit"
            )
            self.require(not self._payload.permit.in_force(), "the inhibit leaves a permit")
        elif name == "HARD_OFF" and accepted:
            self.accepted = 0
            unit = self._world.sar if instrument == "SAR" else self._world.optical
            # A unit that confirms and does not switch is found by its telemetry, later.
            self.require(not unit.powered() or self._world.power.stuck, "the supply is on after HARD_OFF")
        elif name == "ARM_SAFE_EXIT" and accepted:
            self.exit_armed = True
        elif name == "SAFE_EXIT":
            if accepted:
                self.require(self.exit_armed, "the REFUSE state is left in one step")
                self.require(not self._world.alarm, "the REFUSE state is left with the alarm raised")
                self.require(self._hot_cycles <= TRIP_CYCLES, "the REFUSE state is left with a limit broken")
                is_known = "SAR" not in self.machines or self._unread_cycles <= LOST_CYCLES
                self.require(is_known, "the REFUSE state is left with the bus voltage unknown")
                self.retried = False
            # One first step is good for one second step, whatever becomes of it.
            self.exit_armed = False
        elif name == "PLATFORM_SAFE" and accepted:
            self.require(self._payload.refuse.latched(), "PLATFORM_SAFE does not latch the REFUSE state")
            for unit in (self._world.sar, self._world.optical):
                off = not unit.powered() or self._world.power.stuck or self._world.power.silent
                self.require(off, "the supply is on after PLATFORM_SAFE")
        elif name == "CLEAR_FAULT_HISTORY" and accepted:
            self._level_1.clear()
        if not accepted or target is None or not name.startswith(("SET_MODE", "START")):
            return
        target_name = self._names[instrument][target]
        self.require(
            name != "START" or target_name in ("take", "DECONTAMINATION"), "%s is entered as a data take" % target_name
        )
        here = self._names[instrument][mode]
        self.require(target_name in COMMANDED[instrument].get(here, ()), "%s from %s" % (target_name, here))
        own_name = self._own_names[instrument][target]
        for condition in ENTRY[instrument].get(own_name, ENTRY[instrument].get(target_name, ())):
            if condition == violated and ONLY_FROM.get((instrument, target_name, condition), here) == here:
                self.breach("%s is entered without %s" % (target_name, condition))
        if target_name == "INIT":
            self.require(
                self.takes == 0 and not hal.guard_permitted(), "INIT is entered with a transmit permit in force"
            )

    def fault_level(self, level, instrument):
        """The firmware says how it answers a fault. No orbit passes here but by CLEAR_FAULT_HISTORY."""
        if level == enums.FAULT_LEVEL_STAND_DOWN:
            self.require(instrument not in self._level_1, "level 1 twice within an orbit is not level 2")
            self._level_1.add(instrument)
        elif level == enums.FAULT_LEVEL_SAFE:
            self._level_1.discard(instrument)
        if level in (enums.FAULT_LEVEL_SAFE, enums.FAULT_LEVEL_HARD_OFF):
            # The ground has not seen this one when it armed the exit.
            self.exit_armed = False

    def ask(self, side, target, table):
        """A telecommand that moves an instrument is about to be given; what it may do is judged by it."""
        self.accepted = (101 if side == "OPTICAL" else 1) + target
        self._permitted_since_asked = False
        if side == "SAR":
            self.checked_table = table

    def take_accepted(self):
        """A data take was accepted."""
        self.require(
            self.table_number(self.checked_table) not in (0, 99), "a data take is accepted with a table of nobody's"
        )
        if self._world.table_transmits(self.checked_table):
            self.require(self.takes > 0, "a data take that transmits is accepted without a permit")

    def minute_passed(self):
        """Arms last a minute, the permits that the checker gives as well."""
        self.armed = False
        self.exit_armed = False
        if not hal.guard_permitted():
            self.takes = 0

    def reset(self):
        self.armed = False
        self.takes = 0
        self.exit_armed = False
        self.accepted = 0
        self.checked_table = b""
        self.retried = False
        self._standing = {}
        self._trips = 0

    # What must hold after every cycle.

    def time_passed(self, ms):
        self._on_ms = self._on_ms + ms if hal.guard_transmitting() else 0
        self._world.sar.transmit_ms += ms if hal.guard_transmitting() else 0
        self.require(
            self._on_ms <= LONGEST_TRANSMISSION_MS + TIMER_MS,
            "transmit-enable beyond the longest data take",
        )

    def time_is_up(self):
        """Time passed beyond every limit and nothing has changed."""
        unreachable = self._world.power.silent or self._world.power.stuck
        for name, machine in self.machines.items():
            waits_for_power = machine._reaction != 0 and unreachable
            self.require(waits_for_power or not machine.busy(), "%s: time does not end what is in progress" % name)

    def cycle_done(self):
        known = [name for name, machine in self.machines.items() if self._hot_is_seen(name, machine)]
        self._hot_cycles = self._hot_cycles + 1 if known else 0
        self._unread_cycles = self._unread_cycles + 1 if self._world.power.silent else 0
        if not self._payload.permit.in_force() and not hal.guard_permitted():
            self.takes = 0  # withdrawn, used or expired: it never comes back by itself
        for name, machine in self.machines.items():
            self._check_mode(name, machine)
            self._check_reaction(name, machine)
        if hal.guard_trips() != self._trips:
            self._trips = hal.guard_trips()
            self.require(self._payload.refuse.latched(), "the transmit guard tripped and nothing is done")
        self._alarm_cycles = self._alarm_cycles + 1 if self._world.alarm else 0
        self.require(
            self._alarm_cycles <= ALARM_CYCLES or self._payload.refuse.latched(), "the alarm does not latch REFUSE"
        )
        if "SAR" in self.machines:
            self._check_transmission(self.machines["SAR"])
        if "OPTICAL" in self.machines:
            self._check_door(self.machines["OPTICAL"])

    def _check_mode(self, name, machine):
        self._check_change(name, machine)
        if not machine.busy() or machine.is_safing():
            # A safing does nothing that the ground asked for.
            if name == "SAR":
                self.checked_table = b""
            if (self.accepted > 100) == (name == "OPTICAL"):
                self.accepted = 0

    def _check_change(self, name, machine):
        before = self._modes[name]
        now = machine.mode
        if now == before:
            return
        self._modes[name] = now
        here = self._names[name][before]
        there = self._names[name][now]
        self._report("%s=%s" % (name, there))
        if here == "SAFE_UNPOWERED":
            retry = there == "SAFE" and self.retried
            self.require(there == "OFF" or retry, "the unpowered SAFE is left otherwise than through OFF")
        if there in ("take", "DECONTAMINATION"):
            self.require(self.accepted != 0, "a data take without a telecommand")
        if here == "OFF":
            self.require(there.startswith("SAFE") or self.accepted != 0, "OFF is left without a telecommand")
        if here == "PREOP" and there in ("STANDBY", "OFF") and not self._permitted_since_asked:
            self.require(not self._payload.permit.in_force(), "PREOP is left with a permit in force")
        if there in ("SAFE", "SAFE_UNPOWERED"):
            self.require(self._payload.refuse.latched(), "SAFE without the REFUSE state")
        if there == "SAFE_UNPOWERED":
            closed = any([self._world.power.is_closed(limiter) for limiter in LIMITERS[name]])
            self.require(not closed, "SAFE_UNPOWERED with the supply on")
        elif there == "SAFE" and here != "SAFE_UNPOWERED" and name == "OPTICAL":
            self.require(self._world.optical.door == enums.DOOR_SHUT, "SAFE before the door is shut")

    def _check_transmission(self, machine):
        here = self._names["SAR"][machine.mode]
        latched = self._payload.refuse.latched()
        if hal.guard_transmitting():
            self.require(not latched, "transmission goes on in the REFUSE state")
            self.require(not self._world.alarm, "transmission goes on with the alarm raised")
            self._zone_cycles = 0 if self._world.zone_ahead() == -1 else self._zone_cycles + 1
            self.require(self._zone_cycles <= ZONE_CYCLES, "transmission goes on over a zone or in ignorance of it")
            self.require(here in ("PREOP", "take") and machine.busy(), "transmission outside a data take")
            self.require(not machine._cancelled, "transmission goes on after an abort")
        if hal.guard_permitted():
            self.require(machine.busy() and not machine.is_safing(), "the guard has a permit outside a data take")
        if latched:
            self.require(not self._payload.permit.in_force(), "a permit is in force in the REFUSE state")
        if self._world.alarm:
            self.require(not self._payload.permit.in_force(), "a permit is in force with the alarm raised")

    def _check_door(self, machine):
        optical = self._world.optical
        reachable = not self._world.power.silent and not self._world.power.stuck
        pulled_open = optical.door_target != enums.DOOR_SHUT and optical.door_supplied()
        expected = self._names["OPTICAL"][machine.mode] in ("READY", "take") or machine.busy()
        self._held_cycles = self._held_cycles + 1 if pulled_open and reachable and not expected else 0
        self.require(self._held_cycles <= DOOR_CYCLES, "the door is held open outside READY and imaging")
        at_rest = optical.door == enums.DOOR_SHUT and not machine.busy() and optical.door_supplied() and reachable
        self._supplied_cycles = self._supplied_cycles + 1 if at_rest else 0
        self.require(self._supplied_cycles <= DOOR_CYCLES, "the door keeps its supply while it is shut")
        looks = machine.mode != enums.OPTICAL_MODE_SUN  # which needs the Sun, behind the diffuser
        # A safing has a limit of its own; what does not shut by then is left to the spring.
        safing = machine.is_safing()
        if pulled_open and looks and self._world.sun_is_bad() and reachable and not safing:
            self._door_cycles += 1
            self.require(self._door_cycles <= DOOR_CYCLES, "the door stays open toward the Sun or in ignorance of it")
        else:
            self._door_cycles = 0

    def _check_reaction(self, name, machine):
        unit = self._world.sar if name == "SAR" else self._world.optical
        reachable = not self._world.power.silent and not self._world.power.stuck
        failed = unit.powered() and not unit.silent and not self._world.power.silent and unit.state in (0, 7)
        is_unsupplied = machine.is_off() or machine.mode == machine.unpowered_mode
        conditions = (
            ("unit failed", failed and not is_unsupplied and not machine.busy()),
            ("unit silent", unit.silent and unit.powered() and not machine.is_off()),
            ("limit broken", self._hot_is_seen(name, machine) and self._is_active(name, machine)),
            ("alarm raised", reachable and self._world.alarm and unit.powered()),
            ("supply lost", not unit.powered() and not is_unsupplied and not machine.busy()),
            ("supply on", reachable and unit.powered() and not machine._driver.powered() and not machine.busy()),
        )
        # Cycles that each has stood, in the same order.
        counts = self._standing.get(name)
        if counts is None:
            counts = self._standing[name] = [0] * len(conditions)
        for place in range(len(conditions)):
            condition, stands = conditions[place]
            is_enough = stands and condition == "limit broken" and machine.is_safe()
            reacting = machine._reaction != 0 and condition != "alarm raised"
            if not stands or is_enough or reacting:
                counts[place] = 0
                continue
            counts[place] += 1
            if counts[place] > REACTION_CYCLES[condition]:
                self.breach("%s: %s and nothing is done" % (name, condition))

    def _is_active(self, name, machine):
        """In a mode that a broken limit ends at once. Elsewhere it may have been acted upon already, and is again in time."""
        return self._names[name][machine.mode] in ("PREOP", "take", "READY")

    def _hot_is_seen(self, name, machine):
        unit = self._world.sar if name == "SAR" else self._world.optical
        applies = self._names[name][machine.mode] not in ("OFF", "INIT", "DECONTAMINATION", "SAFE_UNPOWERED")
        return self._world.hot and applies and unit.answers()


def failure_names():
    """Names of the failure codes by code."""
    return {getattr(failures, name): name for name in dir(failures) if name[0] != "_" and name != "const"}
