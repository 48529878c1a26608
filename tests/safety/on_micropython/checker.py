"""The checker's part that runs on the host board: the application, the world, one step at a time.

Arguments: spacecraft identifier (hexadecimal), standing faults at once (0: no faults at all), "settled" or
"cycles" (what a step lasts), then guards to remove from the tables: "SIDE MODE GUARD".
"""

import sys

import explore
import shim as shim_module

shim = shim_module.install()
sys.path.append(sys.argv[0].rsplit("/", 1)[0])

import binascii
import gc

import ground
import hal
from commands import Commands
from edges import ALIKE, Edges
from properties import ENTRY, Watch, failure_names
from state import State
from world import SPENT, Catalogue, World

from payload.main import Payload
from payload.tables import enums, events, failures, modes, monitors, persistent, pool, units

_GPS_S = 1400000000
# More than anything that must not last may last (specification.py), so that one edge of time shows that it does.
_CYCLES_WITHOUT_TIME = 18
_SETTLE_CYCLES = 4
_LONGEST_SETTLING_CYCLES = 30


# Steps of the clock while a transition is in progress, while instruments are only being made safe or stood down, and
# while nothing is in progress: (times, milliseconds). Fine at first, so that a start that lies ahead is met, not jumped
# over; at last beyond the longest time limit of the tables.
_WAITING = ((18, 500), (5, 3000), (4, 20000), (4, 60000), (4, 300000))
_REACTING = ((12, 500), (4, 3000), (1, 300000))
_DECONTAMINATING = ((1, 500), (1, 300000000))
_RESTING = ((2, 1000), (1, 100000))
_TAKE_END_MS = 900000


class Bench(Commands):
    def __init__(self, spacecraft_id, settles, removed):
        self._spacecraft_id = spacecraft_id
        self._settles = settles
        self._settled = b""
        self._removed = removed
        self._failures = failure_names()
        self.tables_by_mode = {}
        self.line_periods = {}
        self._log = []
        self.world = World()
        self.watch = Watch(self.world, self._log.append)
        self.state = State(self.world)
        self._telecommands = ground.telecommand_table()
        self._names = {
            "SAR": {mode: (name, kind) for mode, name, kind in modes.SAR_MODES},
            "OPTICAL": {mode: (name, kind) for mode, name, kind in modes.OPTICAL_MODES},
        }
        shim.bus = self.world
        shim.on_report = self._note_report
        shim.on_enable = self.watch.transmit_enabled
        self._outcome = 0
        self._packet = bytearray(256)
        self._scratch = bytearray(units.SAR_TABLE_OCTETS)
        self.boot()

    # The application.

    def boot(self):
        self.watch.booting = True
        self.payload = Payload(self._spacecraft_id, True)
        # No unit's time: the transmit guard's limit and the transitions' are to be met (replay_board.py does the same).
        for driver in self.payload.instruments.values():
            driver._waits.take_begin_ms = driver._waits.take_end_ms = _TAKE_END_MS
        self._stand_in_for_the_catalogue()
        for words in self._removed:
            self._remove_guard(*words.split())
        self.watch.attach(self.payload)
        self.state.attach(self.payload)
        self.sides_fitted = tuple(sorted(self.watch.machines, reverse=True))
        self.payload.start()
        # At once: cycles later a limiter that stays closed is opened again for another reason.
        if self.world.power.closed and not self.world.power.silent and not self.world.power.stuck:
            self.watch.breach("a boot leaves a limiter closed")
        for _ in range(_SETTLE_CYCLES):
            self._cycle()
        self.watch.booting = False
        if self.world.power.closed and not self.world.power.silent and not self.world.power.stuck:
            self.watch.breach("a limiter is closed after boot")

    def _stand_in_for_the_catalogue(self):
        """The recorder's part of the application gives way to the world's."""
        payload = self.payload
        payload.catalogue = Catalogue(self.world.recorder)
        for driver in payload.instruments.values():
            driver._catalogue = payload.catalogue
        kept = []
        for activity in payload.executive._activities:
            owner = explore.bound_object(activity.run)
            if type(owner).__name__ not in ("Catalogue", "Playback", "MemoryBoards", "Trends"):
                kept.append(activity)
        payload.executive._activities = tuple(kept)

    def _remove_guard(self, side, mode_name, guard_name):
        """Weaken the loaded tables: the transitions to a mode lose a guard. SIDE MONITOR NAME: a monitor is ignored."""
        if mode_name == "MONITOR":
            shim.ignored_monitor = getattr(monitors, guard_name)
            return
        rows = []
        removed = 0
        for driver in self.payload.instruments.values():
            machine = driver.machine
            if (machine.instrument == enums.INSTRUMENT_SAR) != (side == "SAR"):
                continue
            for from_mask, target, procedure, guards, limit_ms in machine._transitions:
                kept = guards
                if self.mode_name(side, target) == mode_name:
                    kept = tuple([guard for guard in guards if modes.GUARDS[guard][0] != guard_name])
                removed += len(guards) - len(kept)
                rows.append((from_mask, target, procedure, kept, limit_ms))
            machine._transitions = tuple(rows)
        if not removed:
            raise ValueError("no such guard")

    def prepare(self):
        """From boot to where the checker begins: time, ancillary data, tables known and one loaded."""
        if "SAR" in self.sides_fitted and self.watch.tables:
            self._send("SAR_LOAD_TABLE", [0] + ground.worked_table(enums.SAR_MODE_STRIPMAP))
        elif "SAR" in self.sides_fitted:
            acquisition = __import__("payload.instruments.acquisition_table", None, None, ("x",))
            self.world.transmitting_modes = acquisition._TRANSMITTING
            tables = []
            for mode in self.takes():
                if self._send("SAR_LOAD_TABLE", [0] + ground.worked_table(mode)):
                    self.tables_by_mode[mode] = bytes(self._slots()._slots[0])
                    tables.append(self.tables_by_mode[mode])
            self._send("SAR_LOAD_TABLE", [0] + ground.worked_table(enums.SAR_MODE_STRIPMAP, 100))
            tables.append(bytes(self._slots()._slots[0]))
            self._send("SAR_LOAD_TABLE", [0] + ground.worked_table(enums.SAR_MODE_STRIPMAP))
            self.watch.tables = tuple(tables)
        self.give_time()
        if not self.line_periods:
            self.line_periods = {mode: ground.line_period(mode) for mode in self._names["OPTICAL"]}

    def sides(self):
        return self.sides_fitted

    def _slots(self):
        return self.payload.instruments[enums.INSTRUMENT_SAR]._slots

    def kind(self, side, mode):
        return self._names[side][mode][1]

    def mode_name(self, side, mode):
        return self._names[side][mode][0]

    def is_target(self, side, mode):
        transitions = modes.SAR_TRANSITIONS if side == "SAR" else modes.OPTICAL_TRANSITIONS
        return any([row[1] == mode for row in transitions])

    def conditions(self, side, target):
        """Names of the guards that the tables or the specification ask for before a mode."""
        transitions = modes.SAR_TRANSITIONS if side == "SAR" else modes.OPTICAL_TRANSITIONS
        names = []
        for _, to_mode, _, guards, _ in transitions:
            if to_mode == target:
                names.extend([modes.GUARDS[guard][0] for guard in guards])
        name, kind = self._names[side][target]
        names.extend(ENTRY[side].get(name, ENTRY[side].get("take", ()) if kind == 2 else ()))
        return names

    def machine(self, side):
        return self.watch.machines[side]

    def may_leave_for(self, side, target):
        """Is the request one that would get as far as the guards?"""
        machine = self.machine(side)
        if machine.busy() or self.payload.refuse.latched() or not hal.time_quality():
            return False
        if side == "SAR" and self.kind(side, target) == 2 and self.watch.slot_number() in (0, 99):
            return False
        return any([row[1] == target and row[0] >> machine.mode & 1 for row in machine._transitions])

    def may_read_slot(self):
        return self.watch.slot_number() not in (0, 99) and self.machine("SAR").mode == enums.SAR_MODE_PREOP

    def may_start(self, side):
        """Can a data take begin now, by what the instrument is doing?"""
        machine = self.machine(side)
        return not machine.busy() and self.watch.takes_data(side) and not self.payload.refuse.latched()

    def standing(self):
        world = self.world
        count = int(world.alarm) + int(world.hot) + int(world.sun_near) + int(world.ancillary_lost) + int(world.zone)
        for unit in world.units:
            count += int(unit.silent) + int(unit.stuck)
        return count

    # One step.

    def step(self, number):
        self._log.clear()
        self.edges.all[number].apply()
        state = self.state.capture()
        if self._settles:
            for _ in range(_LONGEST_SETTLING_CYCLES):
                if state == self._settled:
                    break
                self._settled = state
                self._cycle()
                state = self.state.capture()
        self._settled = state
        return state, " ".join(self._log)

    def _cycle(self):
        if not self.world.ancillary_lost:
            self._send_ancillary()
        try:
            self.payload.executive.cycle()
        except shim_module.Reset as reset:
            self.reset(reset.cause)
            return
        self.watch.cycle_done()
        self._forget_budgets()
        self._forget_what_is_not_seen()

    def _forget_budgets(self):
        """Between data takes an orbit passes: how much of a budget is left is no part of the state."""
        if not any([machine.busy() for machine in self.watch.machines.values()]):
            for key in SPENT:
                shim.journal.pop(key, None)
            for key in list(shim.journal):
                if key >= persistent.SAR_TAKE_1_END_S:
                    shim.journal.pop(key)
            sar = self.payload.instruments.get(enums.INSTRUMENT_SAR)
            if sar is not None:
                for place in range(len(sar._budget._ended_up_s)):
                    sar._budget._ended_up_s[place] = -1
                for octet in range(len(sar._budget._ends)):
                    sar._budget._ends[octet] = 0
            optical = self.payload.instruments.get(enums.INSTRUMENT_OPTICAL)
            if optical is not None:
                optical._budget._used_ms = 0
                hal.pool_set(pool.OPTICAL_IMAGING_TIME_S, 0)

    def _forget_what_is_not_seen(self):
        """A fault that nobody meets is over: whether it lasts, or comes back before somebody can, is the same."""
        world = self.world
        watch = self.watch
        if world.zone and not watch.takes_data("SAR"):
            world.zone = False
        for unit in (world.sar, world.optical):
            if unit.corrupt_next_write and not watch.takes_data(unit.name):
                unit.corrupt_next_write = False
            if (unit.silent or unit.stuck) and unit.name in watch.machines and not self.may_meet(unit):
                unit.silent = False
                unit.stuck = False
        if not watch.needs_recorder():
            world.recorder.stuck = False
            world.recorder.silent = False
        if world.ancillary_lost and "OPTICAL" not in watch.machines and not watch.takes_data("SAR"):
            world.ancillary_lost = False
        if world.eclipse and not self.waits_for_eclipse():
            world.eclipse = False
        if world.hot and not world.sar.powered() and not world.optical.powered():
            world.heat(False)

    def waits_for_eclipse(self):
        """Has a DARK been accepted that has not begun?"""
        machine = self.machine("OPTICAL")
        return machine.target_or_mode() == enums.OPTICAL_MODE_DARK and machine.mode != enums.OPTICAL_MODE_DARK

    def may_meet(self, unit):
        """Can somebody ask the unit for something before the ground has left the REFUSE state?"""
        return unit.powered() or self.machine(unit.name).busy() or not self.payload.refuse.latched()

    def _send_ancillary(self):
        for parameter, value in self.world.surroundings():
            hal.pool_set(parameter, value)
        hal.pool_set(pool.ANCILLARY_COUNT, 1)

    def then(self, change):
        change()
        self._cycle()

    def _note_report(self, packet, offset, length):
        service = packet[offset + 7]
        subservice = packet[offset + 8]
        if service == 1 and subservice in (2, 4, 8):
            code = hal.get(hal.U16, packet, offset + 25)
            self._outcome = code
            if code == failures.HANDLER_FAULT:
                self.watch.breach("a software fault")
            self._log.append(("refused:" if subservice != 8 else "failed:") + self._failures.get(code, code))
        elif service == 1 and subservice == 3:
            self._outcome = 0
        elif service == 5:
            event = hal.get(hal.U16, packet, offset + 21)
            if event == events.HANDLER_FAULT[0]:
                self.watch.breach("a software fault")
            elif event == events.FAULT_LEVEL[0]:
                self.watch.fault_level(packet[offset + 23], packet[offset + 24])
            self._log.append("event%d" % event)

    def takes(self):
        return sorted([row[1] for row in modes.SAR_TRANSITIONS if self.kind("SAR", row[1]) == 2])

    # Time, and what else happens.

    def give_time(self):
        hal.time_message(_GPS_S)
        explore.discrete_edge("P")
        self._cycle()

    def drive_alarm(self, on):
        self.world.alarm = on
        explore.discrete_edge("A" if on else "a")

    def time_passes(self):
        """Until something changes. First without time: what only needs cycles takes none."""
        before = self.state.capture()
        in_progress = self.payload.router.in_progress() or any([m.busy() for m in self.watch.machines.values()])
        for _ in range(_CYCLES_WITHOUT_TIME):
            self._cycle()
            if self.state.capture() != before:
                return
        steps = _WAITING if in_progress else _RESTING
        if in_progress and not any([machine._target != -1 for machine in self.watch.machines.values()]):
            steps = _REACTING
        if self.is_decontaminating():
            steps = _DECONTAMINATING
        for times, step_ms in steps:
            for _ in range(times):
                explore.advance_clock(step_ms, True)
                self.watch.time_passed(step_ms)
                self._cycle()
                if self.state.capture() != before:
                    return
        self.watch.time_is_up()

    def something_expires(self):
        return self.watch.armed or self.watch.takes > 0 or self.watch.exit_armed or self.payload.permit.in_force()

    def minute(self):
        """The clock of the two-step telecommands and of the permit."""
        shim.uptime += 61
        self.watch.minute_passed()
        self._cycle()

    def is_decontaminating(self):
        machine = self.watch.machines.get("OPTICAL")
        return machine is not None and machine.mode == enums.OPTICAL_MODE_DECONTAMINATION

    def hours(self):
        """The clock of seconds, by all that a decontamination lasts."""
        shim.uptime += 3660
        self.watch.minute_passed()
        self._cycle()

    def hang(self):
        explore.advance_clock(1500, False)
        if hal.guard_transmitting():
            self.watch.breach("transmission goes on without a heartbeat")
        self._cycle()

    def reset(self, cause, within_an_hour=False):
        latched = self.payload.refuse.latched()
        explore.reset_in_place(cause)
        # More than an hour after the last one: that three within an hour lead to a safe boot is an edge of its own.
        if not within_an_hour:
            shim.journal.pop(persistent.BOOT_AGE_1_MIN, None)
            shim.journal.pop(persistent.BOOT_AGE_2_MIN, None)
        else:
            shim.journal[persistent.BOOT_AGE_1_MIN] = 0
            shim.journal[persistent.BOOT_AGE_2_MIN] = 0
        self.watch.reset()
        self.boot()
        self.prepare()
        if hal.guard_transmitting() or hal.guard_permitted():
            self.watch.breach("transmission through a reset")
        if latched and not self.payload.refuse.latched():
            self.watch.breach("a reset leaves the REFUSE state")
        if within_an_hour and not self.payload.boot_history.safe:
            self.watch.breach("the third boot within an hour is no safe boot")

    def serve(self, faults):
        """From here on the checker asks."""
        explore.begin_exploring()
        self.prepare()
        self.edges = Edges(self, faults)
        gc.collect()
        for edge in self.edges.all:
            print("edge", edge.weight, edge.label)
        for name in self.state.names:
            print("field", name)
        for side in self.sides():
            for group in ALIKE[side]:
                print("alike", side, " ".join(group))
        self._settled = self.state.capture()
        print("root", binascii.hexlify(self._settled).decode())
        explore.serve_checker(self.edges.enabled, self.step)


if __name__ == "__main__":
    Bench(int(sys.argv[1], 16), sys.argv[3] == "settled", sys.argv[4:]).serve(int(sys.argv[2]))
