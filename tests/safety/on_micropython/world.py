"""The world around the payload computer, as little of it as safety needs: units that do what they are told, or
do not, whenever an edge of the checker says so.

A unit's register map is the dictionary's. Nothing here happens by itself: time, progress and faults are edges.
"""

import hal

from payload.failure import Failure
from payload.tables import enums, failures, mission, persistent, pool, units

REPLY = 0
NO_REPLY = 1
REFUSED = 3

_LIMITERS = (
    (units.POWER_CONTROL_SAR_UNIT_LIMITER, enums.LIMITER_SAR_UNIT),
    (units.POWER_CONTROL_OPTICAL_UNIT_LIMITER, enums.LIMITER_OPTICAL_UNIT),
    (units.POWER_CONTROL_OPTICAL_HEATER_LIMITER, enums.LIMITER_OPTICAL_HEATER),
    (units.POWER_CONTROL_DOOR_LIMITER, enums.LIMITER_DOOR),
)

# Raw register values of a quiet unit, where 0 is not one.
_QUIET = {
    "SAR": {"OSCILLATOR_LOCKED": 1, "TIME_VALID": 1, "TRM_TEMPERATURE_DEGC": 200, "BASEPLATE_TEMPERATURE_DEGC": 200},
    "OPTICAL": {
        "TIME_VALID": 1,
        "FOCAL_PLANE_TEMPERATURE_DEGC": 2000,
        "SET_POINT_DEGC": 2000,
        "FOCUS_VALID": 1,
        "DOOR_MOVEMENT_MS": 1800,
    },
    "POWER": {"BUS_VOLTAGE_V": 28000},
    "RECORDER": {"STATE": enums.RECORDER_STATE_READY, "CAPACITY_MIB": 500000, "FREE_MIB": 400000},
}
_PACKETS = 1000

# The journal of a satellite that has used its orbit up.
SPENT = {
    persistent.SAR_TAKE_4_END_S: 0x7FFFFFFF,
    persistent.SAR_TAKE_4_ON_MS: 60000,
    persistent.OPTICAL_IMAGING_MS: 0x7FFFFFFF,
}

_SKY = (
    (pool.ATTITUDE_ERROR_DEG, 10),
    (pool.ATTITUDE_RATE_DEG_S, 1),
    (pool.LATITUDE_DEG, 3008000),
    (pool.LONGITUDE_DEG, 10384000),
    (pool.ECLIPSE, 0),
    (pool.BATTERY_PERCENT, 900),
    (pool.ALTITUDE_M, 520000),
    (pool.GROUND_SPEED_M_S, 703100),
    (pool.TRACK_DEG, 19000),
    (pool.YAW_ERROR_DEG, 0),
)
_QUIET_SKY = _SKY + ((pool.SUN_ANGLE_DEG, 9000),)
_NEAR_SUN = _SKY + ((pool.SUN_ANGLE_DEG, 2000),)


class Unit:
    """Housekeeping registers by name, and whether the unit answers. `silent` and `stuck` are standing faults."""

    def __init__(self, name, world):
        self.name = name
        self.node = getattr(units, name + "_NODE")
        self.world = world
        self.silent = False
        self.stuck = False
        self._address = getattr(units, name + "_HOUSEKEEPING_ADDRESS")
        self._block = bytearray(getattr(units, name + "_HOUSEKEEPING_OCTETS"))
        self.registers = {}
        prefix = name + "_HOUSEKEEPING_"
        for constant in dir(units):
            if constant.startswith(prefix) and constant.endswith("_TYPE"):
                register = constant[len(prefix) : -len("_TYPE")]
                offset = getattr(units, prefix + register) - self._address
                self.registers[register] = (offset, getattr(units, constant))
        for register, value in _QUIET[name].items():
            self.set(register, value)

    def set(self, register, value):
        offset, type_code = self.registers[register]
        if hal.put(type_code, value, self._block, offset) < 0:
            raise ValueError(register)

    def get(self, register):
        offset, type_code = self.registers[register]
        return hal.get(type_code, self._block, offset)

    def powered(self):
        return True

    def answers(self):
        return self.powered() and not self.silent

    def read(self, address, buffer, offset, length):
        if not self.answers():
            return NO_REPLY
        if address == self._address:
            hal.copy(self._block, 0, buffer, offset, length)
            return REPLY
        return self.read_memory(address, buffer, offset, length)

    def read_memory(self, address, buffer, offset, length):
        return REFUSED

    def write(self, address, buffer, offset, length):
        if not self.answers():
            return NO_REPLY
        return self.written(address, buffer, offset, length)


class Power(Unit):
    """`stuck`: the unit confirms a command and switches nothing; `ignored`: it did so when a limiter was to open."""

    def __init__(self, world):
        super().__init__("POWER", world)
        self.closed = 0
        self.ignored = False

    def written(self, address, buffer, offset, length):
        for register, limiter in _LIMITERS:
            if register == address:
                code = hal.get(hal.U16, buffer, offset)
                if code == enums.LIMITER_COMMAND_CLOSE:
                    self.world.on_close(limiter)
                    if not self.stuck:
                        self.switch(limiter, True)
                elif self.stuck:
                    self.ignored = self.is_closed(limiter) or self.ignored
                else:
                    self.switch(limiter, False)
        return REPLY

    def switch(self, limiter, closed):
        before = self.closed
        self.closed = before | 1 << limiter if closed else before & ~(1 << limiter)
        self.ignored = self.ignored and self.closed != 0
        self.set("LIMITERS_CLOSED", self.closed)
        if closed:
            self.set("LIMITERS_TRIPPED", self.get("LIMITERS_TRIPPED") & ~(1 << limiter))
        if self.closed != before:
            self.world.supply_changed(limiter, closed)

    def trip(self, limiter):
        self.set("LIMITERS_TRIPPED", self.get("LIMITERS_TRIPPED") | 1 << limiter)
        self.switch(limiter, False)

    def is_closed(self, limiter):
        return bool(self.closed >> limiter & 1)


class Instrument(Unit):
    """What the two instruments' units share: a supply, a state, memory with a CRC."""

    def __init__(self, name, world, limiter):
        super().__init__(name, world)
        self.limiter = limiter
        self.state = 0
        self.phase = 0
        self.flags = 0
        self.memory = b""
        self.given = b""
        self.corrupt_next_write = False

    def powered(self):
        return self.world.power.is_closed(self.limiter)

    def reset(self):
        """The supply came, or the unit started anew by itself: volatile state is lost."""
        self.state = 0
        self.phase = 0
        self.flags = 0
        self.memory = b""

    def read(self, address, buffer, offset, length):
        self.set("STATE", self.state)
        self.set("PHASE", self.phase)
        self.set("FAULT_FLAGS", self.flags)
        self.refresh()
        return super().read(address, buffer, offset, length)

    def refresh(self):
        pass

    def store(self, buffer, offset, length):
        self.memory = bytearray(buffer[offset : offset + length])
        self.given = bytes(self.memory)
        if self.corrupt_next_write:
            self.corrupt_next_write = False
            self.memory[0] ^= 1
        return REPLY


class Sar(Instrument):
    def __init__(self, world):
        super().__init__("SAR", world, enums.LIMITER_SAR_UNIT)
        self.transmit_ms = 0

    def refresh(self):
        self.set("TRANSMIT_TIME_MS", self.transmit_ms)

    def read_memory(self, address, buffer, offset, length):
        if address == units.SAR_TABLE_ADDRESS and len(self.memory) >= length:
            hal.copy(self.memory, 0, buffer, offset, length)
            return REPLY
        return REFUSED

    def written(self, address, buffer, offset, length):
        if address == units.SAR_TABLE_ADDRESS:
            return REFUSED if self.state == enums.SAR_UNIT_STATE_TAKING else self.store(buffer, offset, length)
        if address != units.SAR_CONTROL_COMMAND:
            return REPLY
        code = hal.get(hal.U16, buffer, offset)
        self.world.on_unit_command(self, code)
        return REPLY if self.stuck else self.command(code)

    def command(self, code):
        state = self.state
        if code == enums.SAR_UNIT_COMMAND_SELF_TEST:
            if state not in (enums.SAR_UNIT_STATE_BOOT, enums.SAR_UNIT_STATE_IDLE, enums.SAR_UNIT_STATE_FAILED):
                return REFUSED
            self.state = enums.SAR_UNIT_STATE_SELF_TEST
            self.flags = 0
        elif code == enums.SAR_UNIT_COMMAND_STANDBY:
            if state in (enums.SAR_UNIT_STATE_BOOT, enums.SAR_UNIT_STATE_SELF_TEST, enums.SAR_UNIT_STATE_FAILED):
                return REFUSED
            self.state = enums.SAR_UNIT_STATE_IDLE
            self.phase = 0
            self.flags = 0
        elif code == enums.SAR_UNIT_COMMAND_WARM_UP:
            if state not in (enums.SAR_UNIT_STATE_WARMING, enums.SAR_UNIT_STATE_READY):
                if state != enums.SAR_UNIT_STATE_IDLE:
                    return REFUSED
                self.state = enums.SAR_UNIT_STATE_WARMING
        elif code == enums.SAR_UNIT_COMMAND_START:
            if state != enums.SAR_UNIT_STATE_READY:
                return REFUSED
            self.state = enums.SAR_UNIT_STATE_TAKING
            self.phase = enums.SAR_PHASE_WAIT_START
            self.flags = 0
            self.transmit_ms = 0
        elif code in (enums.SAR_UNIT_COMMAND_ABORT, enums.SAR_UNIT_COMMAND_SAFE):
            if state == enums.SAR_UNIT_STATE_TAKING:
                self.state = enums.SAR_UNIT_STATE_READY
                self.phase = enums.SAR_PHASE_ABORTED
            if code == enums.SAR_UNIT_COMMAND_SAFE:
                self.state = enums.SAR_UNIT_STATE_SAFE
        return REPLY

    def can_go_on(self):
        return (
            self.powered()
            and not self.stuck
            and self.state
            in (
                enums.SAR_UNIT_STATE_BOOT,
                enums.SAR_UNIT_STATE_SELF_TEST,
                enums.SAR_UNIT_STATE_WARMING,
                enums.SAR_UNIT_STATE_TAKING,
            )
        )

    def go_on(self):
        """What the unit was doing comes to its next state."""
        if self.state in (enums.SAR_UNIT_STATE_BOOT, enums.SAR_UNIT_STATE_SELF_TEST):
            self.state = enums.SAR_UNIT_STATE_IDLE
        elif self.state == enums.SAR_UNIT_STATE_WARMING:
            self.state = enums.SAR_UNIT_STATE_READY
        elif self.phase == enums.SAR_PHASE_WAIT_START:
            self.phase = enums.SAR_PHASE_ECHO
        else:
            lost_inhibit = self.world.table_transmits(self.memory) and not hal.guard_transmitting()
            self.flags = 8 if lost_inhibit else 0
            self.phase = enums.SAR_PHASE_ABORTED if lost_inhibit else enums.SAR_PHASE_DONE
            self.state = enums.SAR_UNIT_STATE_READY


class Optical(Instrument):
    """The door: where its leaf is, where it goes to. Without its supply a spring shuts it."""

    def __init__(self, world):
        super().__init__("OPTICAL", world, enums.LIMITER_OPTICAL_UNIT)
        self.door = enums.DOOR_SHUT
        self.door_target = enums.DOOR_SHUT
        self.stable = False

    def reset(self):
        super().reset()
        self.stable = False

    def refresh(self):
        self.set("DOOR", self.door)
        self.set("STABLE_S", 1000 if self.stable else 0)
        self.set("FOCAL_PLANE_ON", 1 if self.stable else 0)

    def door_supplied(self):
        return self.powered() and self.world.power.is_closed(enums.LIMITER_DOOR)

    def move(self, target):
        if target != self.door_target:
            self.door_target = target
            self.door = enums.DOOR_MOVING

    def read_memory(self, address, buffer, offset, length):
        if address == units.OPTICAL_SETTINGS_ADDRESS and len(self.memory) >= length:
            hal.copy(self.memory, 0, buffer, offset, length)
            return REPLY
        return REFUSED

    def written(self, address, buffer, offset, length):
        if address == units.OPTICAL_SETTINGS_ADDRESS:
            return REFUSED if self.state == enums.OPTICAL_UNIT_STATE_IMAGING else self.store(buffer, offset, length)
        if address == units.OPTICAL_CONTROL_DOOR_COMMAND:
            target = hal.get(hal.U16, buffer, offset)
            self.world.on_door_command(target)
            if not self.door_supplied():
                self.flags |= 2
            elif not self.stuck:
                self.move(target)
            return REPLY
        if address != units.OPTICAL_CONTROL_COMMAND:
            return REPLY
        code = hal.get(hal.U16, buffer, offset)
        self.world.on_unit_command(self, code)
        return REPLY if self.stuck else self.command(code)

    def command(self, code):
        state = self.state
        if code == enums.OPTICAL_UNIT_COMMAND_SELF_TEST:
            if state not in (
                enums.OPTICAL_UNIT_STATE_BOOT,
                enums.OPTICAL_UNIT_STATE_IDLE,
                enums.OPTICAL_UNIT_STATE_FAILED,
            ):
                return REFUSED
            self.state = enums.OPTICAL_UNIT_STATE_SELF_TEST
            self.flags = 0
        elif code == enums.OPTICAL_UNIT_COMMAND_FOCAL_PLANE_ON:
            if state not in (enums.OPTICAL_UNIT_STATE_STABILISING, enums.OPTICAL_UNIT_STATE_READY):
                if state != enums.OPTICAL_UNIT_STATE_IDLE:
                    return REFUSED
                self.state = enums.OPTICAL_UNIT_STATE_STABILISING
                self.stable = False
        elif code == enums.OPTICAL_UNIT_COMMAND_FOCAL_PLANE_OFF:
            if state in (
                enums.OPTICAL_UNIT_STATE_BOOT,
                enums.OPTICAL_UNIT_STATE_SELF_TEST,
                enums.OPTICAL_UNIT_STATE_FAILED,
            ):
                return REFUSED
            self.state = enums.OPTICAL_UNIT_STATE_IDLE
            self.phase = 0
            self.flags = 0
            self.stable = False
        elif code == enums.OPTICAL_UNIT_COMMAND_READY:
            if state != enums.OPTICAL_UNIT_STATE_READY:
                if state != enums.OPTICAL_UNIT_STATE_STABILISING or not self.stable:
                    return REFUSED
                self.state = enums.OPTICAL_UNIT_STATE_READY
        elif code == enums.OPTICAL_UNIT_COMMAND_START:
            if state != enums.OPTICAL_UNIT_STATE_READY:
                return REFUSED
            self.state = enums.OPTICAL_UNIT_STATE_IMAGING
            self.phase = enums.OPTICAL_PHASE_WAIT_START
            self.flags = 0
        elif code in (enums.OPTICAL_UNIT_COMMAND_ABORT, enums.OPTICAL_UNIT_COMMAND_SAFE):
            if state == enums.OPTICAL_UNIT_STATE_IMAGING:
                self.state = enums.OPTICAL_UNIT_STATE_READY
                self.phase = enums.OPTICAL_PHASE_ABORTED
            if code == enums.OPTICAL_UNIT_COMMAND_SAFE:
                self.state = enums.OPTICAL_UNIT_STATE_SAFE
                self.stable = False
                if self.door_supplied():
                    self.move(enums.DOOR_SHUT)
        return REPLY

    def can_go_on(self):
        if not self.powered() or self.stuck:
            return False
        if self.state == enums.OPTICAL_UNIT_STATE_STABILISING:
            return not self.stable
        return self.state in (
            enums.OPTICAL_UNIT_STATE_BOOT,
            enums.OPTICAL_UNIT_STATE_SELF_TEST,
            enums.OPTICAL_UNIT_STATE_IMAGING,
        )

    def go_on(self):
        if self.state in (enums.OPTICAL_UNIT_STATE_BOOT, enums.OPTICAL_UNIT_STATE_SELF_TEST):
            self.state = enums.OPTICAL_UNIT_STATE_IDLE
        elif self.state == enums.OPTICAL_UNIT_STATE_STABILISING:
            self.stable = True
        elif self.phase == enums.OPTICAL_PHASE_WAIT_START:
            self.phase = enums.OPTICAL_PHASE_IMAGING
        else:
            self.phase = enums.OPTICAL_PHASE_DONE
            self.state = enums.OPTICAL_UNIT_STATE_READY

    def door_arrives(self):
        self.door = self.door_target


class Recorder(Unit):
    """Its housekeeping only; entries are the catalogue's below. `stuck`: it refuses to open and to close them."""

    def __init__(self, world):
        super().__init__("RECORDER", world)
        self.entry = bytearray(units.CATALOGUE_ENTRY_OCTETS)

    def written(self, address, buffer, offset, length):
        return REPLY


class Catalogue:
    """In the place of storage.catalogue, whose own states are nothing to safety: entries are opened and closed."""

    def __init__(self, recorder):
        self._recorder = recorder
        self._held = False
        self.entry = recorder.entry

    def require_room(self):
        pass

    def require_recording(self):
        if self._recorder.silent:
            raise Failure(failures.UNIT_LOST, self._recorder.node)

    def open(self, task_id, instrument, mode, priority):
        self._ask()
        yield 0
        self._ask()
        self._held = True
        self._recorder.set("STATE", enums.RECORDER_STATE_RECORDING)
        self._recorder.set("OPEN_ENTRY_ID", 1)

    def close(self):
        self._ask()
        yield 0
        self._ask()
        self.release()

    def release(self):
        self._held = False
        self._recorder.set("STATE", enums.RECORDER_STATE_READY)
        self._recorder.set("OPEN_ENTRY_ID", 0)

    def open_entry_id(self):
        return 1 if self._held else 0

    def packets(self):
        return _PACKETS

    def predicted_fits(self, predicted_mib):
        return hal.pool_get(pool.RECORDER_FREE_MIB) * 100 >= predicted_mib * mission.SAR_MEMORY_MARGIN_PERCENT

    def _ask(self):
        if self._recorder.silent:
            raise Failure(failures.UNIT_LOST, self._recorder.node)
        if self._recorder.stuck:
            raise Failure(failures.RECORDER_REFUSED, 1)


class World:
    """Units and surroundings. `watch` is told what the payload computer does to them (properties.py)."""

    def __init__(self):
        self.power = Power(self)
        self.sar = Sar(self)
        self.optical = Optical(self)
        self.recorder = Recorder(self)
        self.units = (self.power, self.sar, self.optical, self.recorder)
        self.watch = None
        self.transmitting_modes = ()
        self.alarm = False
        self.hot = False
        self.sun_near = False
        self.ancillary_lost = False
        self.zone = False
        self.budget_spent = False

    def read(self, node, address, buffer, offset, length):
        return self._unit(node).read(address, buffer, offset, length)

    def write(self, node, address, buffer, offset, length):
        return self._unit(node).write(address, buffer, offset, length)

    def _unit(self, node):
        for unit in self.units:
            if unit.node == node:
                return unit
        raise ValueError(node)

    def supply_changed(self, limiter, closed):
        for unit in (self.sar, self.optical):
            if unit.limiter == limiter:
                unit.reset()
        if not self.optical.door_supplied():
            self.optical.move(enums.DOOR_SHUT)

    def table_transmits(self, table):
        return len(table) > 0 and table[units.ACQUISITION_TABLE_MODE] in self.transmitting_modes

    def on_close(self, limiter):
        self.watch.limiter_closes(limiter)

    def on_unit_command(self, unit, code):
        self.watch.unit_commanded(unit, code)

    def on_door_command(self, target):
        self.watch.door_commanded(target)

    def journal(self, key, kept):
        return SPENT[key] if self.budget_spent and key in SPENT else kept

    def zone_ahead(self):
        """As hal.zone_ahead(): a zone's number, -1 none, -2 the position is not known."""
        if self.ancillary_is_stale():
            return -2
        return 0 if self.zone else -1

    def ancillary_is_stale(self):
        return hal.pool_age_ms(pool.SUN_ANGLE_DEG) > mission.OPTICAL_ANCILLARY_TIMEOUT_MS

    def sun_is_bad(self):
        return self.sun_near or self.ancillary_is_stale()

    def surroundings(self):
        """Values of the ancillary data now, by parameter of the pool."""
        return _NEAR_SUN if self.sun_near else _QUIET_SKY

    def ancillary(self):
        return [parameter for parameter, _ in _QUIET_SKY]

    def heat(self, hot):
        """Beyond the trip limits of both instruments' monitors that hold in every powered mode."""
        self.hot = hot
        self.sar.set("TRM_TEMPERATURE_DEGC", 700 if hot else 200)
        self.optical.set("FOCAL_PLANE_TEMPERATURE_DEGC", 4000 if hot else 2000)


LONGEST_PERMIT_MS = mission.TRANSMIT_GUARD_LONGEST_PERMIT_MS
