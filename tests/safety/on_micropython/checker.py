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

import hal
from edges import Edges, telecommand_table, worked_table
from properties import ENTRY, Watch, failure_names
from state import State
from world import SPENT, Catalogue, World

from payload.failure import Failure, Refusal
from payload.instruments.instrument import TakeRequest
from payload.main import Payload
from payload.tables import enums, events, failures, modes, monitors, persistent, pool, units

_GPS_S = 1400000000
_START_LEAD_MS = 2600
_CYCLES_WITHOUT_TIME = 12
_CYCLES_AT_REST = 4
_SETTLE_CYCLES = 4
_LONGEST_SETTLING_CYCLES = 30
_CUC_OCTETS = 7

# Steps of the clock while something is in progress, and while nothing is: (times, milliseconds). Fine at first, so
# that a start that lies ahead is met, not jumped over; at last beyond the longest time limit of the tables.
_WAITING = ((6, 500), (5, 3000), (4, 20000), (4, 60000), (4, 300000))
_RESTING = ((2, 1000), (1, 100000))


class Bench:
    def __init__(self, spacecraft_id, settles, removed):
        self._spacecraft_id = spacecraft_id
        self._settles = settles
        self._settled = b""
        self._removed = removed
        self._failures = failure_names()
        self.tables_by_mode = {}
        self._log = []
        self.world = World()
        self.watch = Watch(self.world, self._log.append)
        self.state = State(self.world)
        self._telecommands = telecommand_table()
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
        self._stand_in_for_the_catalogue()
        for words in self._removed:
            self._remove_guard(*words.split())
        self.watch.attach(self.payload)
        self.state.attach(self.payload)
        self.sides_fitted = tuple(sorted(self.watch.machines, reverse=True))
        self.payload.start()
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
        if "SAR" in self.sides_fitted:
            acquisition = __import__("payload.instruments.acquisition_table", None, None, ("x",))
            self.world.transmitting_modes = acquisition._TRANSMITTING
            tables = []
            for mode in self.takes():
                if self._send("SAR_LOAD_TABLE", [0] + worked_table(mode, 512)):
                    self.tables_by_mode[mode] = bytes(self._slots()._slots[0])
                    tables.append(self.tables_by_mode[mode])
            self._send("SAR_LOAD_TABLE", [0] + worked_table(enums.SAR_MODE_STRIPMAP, 100))
            tables.append(bytes(self._slots()._slots[0]))
            self._send("SAR_LOAD_TABLE", [0] + worked_table(enums.SAR_MODE_STRIPMAP, 512))
            self.watch.tables = tuple(tables)
        self.give_time()

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

    def is_preparing(self, side):
        machine = self.machine(side)
        return machine.busy() and self.kind(side, max(machine._target, 0)) == 2

    def standing(self):
        world = self.world
        count = int(world.alarm) + int(world.hot) + int(world.sun_near) + int(world.ancillary_lost) + int(world.zone)
        for unit in world.units:
            count += int(unit.silent) + int(unit.stuck)
        return count

    # One step.

    def step(self, number):
        self._log.clear()
        edges.all[number].apply()
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
            self._log.append("event%d" % event)

    # Telecommands.

    def telecommand(self, name, side, target, values, violated):
        machine = self.machine(side)
        before = (machine.mode, machine.busy(), self.payload.refuse.latched())
        if violated is not None:
            _, parameter, value = violated
            if type(parameter) is str:
                setattr(self.world, parameter, value)
            elif value is None:
                hal.pool_invalidate(parameter, 1)
            else:
                hal.pool_set(parameter, value)
        table = bytes(self._slots()._slots[0]) if side == "SAR" else b""
        starts = target is not None and not name.startswith("SET_MODE")
        moves = target is not None or name.endswith("_DOOR")
        kept = self.watch.accepted, self.watch.checked_table
        if moves:
            # Its first steps are taken before the reports come back.
            self.watch.ask(side, machine.mode if target is None else target, table if starts else b"")
        accepted = self._send(name, values)
        if violated is not None and type(violated[1]) is str:
            setattr(self.world, violated[1], not violated[2])
        if moves and not accepted:
            self.watch.accepted, self.watch.checked_table = kept
        label = "START" if starts else name
        self.watch.commanded(label, side, target, before, accepted, violated and violated[0])
        if starts and accepted and side == "SAR":
            self.watch.take_accepted()
        self._cycle()

    def _send(self, name, values):
        service, subservice, arguments = self._telecommands[name]
        packet = self._packet
        offset = 11
        for index in range(len(arguments)):
            if arguments[index][0] == hal.CUC:
                hal.copy(values[index], 0, packet, offset, _CUC_OCTETS)
                offset += _CUC_OCTETS
            else:
                offset = hal.put(arguments[index][0], values[index], packet, offset)
        length = offset + 2 - 7
        packet[0] = 0x18
        packet[1] = 1
        packet[2] = 0xC0
        packet[3] = 0
        packet[4] = length >> 8
        packet[5] = length & 0xFF
        packet[6] = 0x2F
        packet[7] = service
        packet[8] = subservice
        packet[9] = 0
        packet[10] = 1
        hal.put(hal.U16, hal.crc16(packet, 0, offset), packet, offset)
        router = self.payload.router
        hal.copy(packet, 0, router._packet, 0, offset + 2)
        self._outcome = -1
        router._handle(offset + 2)
        self.payload.queue.pump()
        return self._outcome == 0

    def set_mode(self, side, mode, violated):
        self.telecommand("SET_MODE_" + side, side, mode, (mode,), violated)

    def _start(self):
        start = bytearray(_CUC_OCTETS)
        hal.time_after_ms(_START_LEAD_MS, start, 0)
        return start

    def start_take(self, target, violated):
        """The ground loads the mode's table and starts, unless what is in the slot is damaged: that it does not know."""
        if self.watch.slot_number() not in (0, 99) and not self.machine("SAR").busy():
            self._send("SAR_LOAD_TABLE", [0] + worked_table(target, 512))
        self.telecommand("SAR_START_DATA_TAKE", "SAR", target, (77, 0, 10, self._start()), violated)

    def start_image(self, target, violated):
        values = (78, target, 10, self._start(), 0, 0, 1, 0, 0, 711, 680, 32, 2, 31, 40, 10000)
        self.telecommand("OPTICAL_START_IMAGE", "OPTICAL", target, values, violated)

    def take_with_table_of_another_mode(self, target):
        """As a caller of the mode machine other than the service would ask."""
        machine = self.machine("SAR")
        before = (machine.mode, machine.busy(), self.payload.refuse.latched())
        sar = self.payload.instruments[enums.INSTRUMENT_SAR]
        slots = sar._slots
        block = slots._slots[0]
        kept = bytes(block)
        another = enums.SAR_MODE_STRIPMAP if target != enums.SAR_MODE_STRIPMAP else enums.SAR_MODE_TEST
        block[units.ACQUISITION_TABLE_MODE] = another
        hal.put(hal.U16, hal.crc16(block, 0, len(block) - 2), block, len(block) - 2)
        accepted = False
        request = TakeRequest(77, target, 10, self._start(), 10000, 0)
        generator = machine.take(target, request)
        try:
            next(generator)
            accepted = True
            generator.close()
        except (Refusal, Failure) as failure:
            self._log.append("refused:" + self._failures[failure.code])
        hal.copy(kept, 0, block, 0, len(block))
        self.watch.commanded("START", "SAR", target, before, accepted, "TABLE_VALID")
        self._cycle()

    def takes(self):
        return sorted([row[1] for row in modes.SAR_TRANSITIONS if self.kind("SAR", row[1]) == 2])

    def load_table(self, mode):
        self._send("SAR_LOAD_TABLE", [0] + worked_table(mode, 512))
        self._cycle()

    def load_another_table(self):
        self._send("SAR_LOAD_TABLE", [0] + worked_table(enums.SAR_MODE_STRIPMAP, 100))
        self._cycle()

    def upset_slot(self):
        self._slots()._slots[0][units.ACQUISITION_TABLE_AZIMUTH_BEAM + 1] ^= 4
        self._cycle()

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
        for _ in range(_CYCLES_WITHOUT_TIME if in_progress or self.standing() else _CYCLES_AT_REST):
            self._cycle()
            if self.state.capture() != before:
                return
        for times, step_ms in _WAITING if in_progress else _RESTING:
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

    def hang(self):
        explore.advance_clock(1500, False)
        if hal.guard_transmitting():
            self.watch.breach("transmission goes on without a heartbeat")
        self._cycle()

    def reset(self, cause, within_an_hour=False):
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


bench = Bench(int(sys.argv[1], 16), sys.argv[3] == "settled", sys.argv[4:])
explore.begin_exploring()
bench.prepare()
edges = Edges(bench, int(sys.argv[2]))
gc.collect()
for edge in edges.all:
    print("edge", edge.weight, edge.label)
for name in bench.state.names:
    print("field", name)
bench._settled = bench.state.capture()
print("root", binascii.hexlify(bench._settled).decode())
explore.serve_checker(edges.enabled, bench.step)
