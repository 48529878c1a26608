"""The units around the payload computer, as little of them as safety needs: they do what they are told, or do not,
whenever an edge of the checker says so. A unit's register map is the dictionary's.
"""

import hal

from payload.tables import enums, units

REPLY = 0
NO_REPLY = 1
REFUSED = 3

# States of either instrument's unit.
SAFE = enums.SAR_UNIT_STATE_SAFE
FAILED = enums.SAR_UNIT_STATE_FAILED

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
            # A sample for each that asks.
            self.set("SAMPLE_COUNT", (self.get("SAMPLE_COUNT") + 1) & 0xFFFF)
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
    """`stuck`: the unit confirms a command and switches nothing."""

    def __init__(self, world):
        super().__init__("POWER", world)
        self.closed = 0

    def written(self, address, buffer, offset, length):
        for register, limiter in _LIMITERS:
            if register == address:
                code = hal.get(hal.U16, buffer, offset)
                if code == enums.LIMITER_COMMAND_CLOSE:
                    self.world.on_close(limiter)
                    if not self.stuck:
                        self.switch(limiter, True)
                elif not self.stuck:
                    self.switch(limiter, False)
        return REPLY

    def switch(self, limiter, closed):
        before = self.closed
        self.closed = before | 1 << limiter if closed else before & ~(1 << limiter)
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
        self.given = b""

    def read(self, address, buffer, offset, length):
        self.set("STATE", self.state)
        self.set("PHASE", self.phase)
        self.set("FAULT_FLAGS", self.flags)
        self.refresh()
        return super().read(address, buffer, offset, length)

    def fail(self):
        self.state = FAILED
        self.phase = 0

    def refresh(self):
        pass

    def store(self, buffer, offset, length):
        self.memory = bytearray(buffer[offset : offset + length])
        self.given = bytes(self.memory)
        if self.corrupt_next_write:
            self.corrupt_next_write = False
            self.memory[0] ^= 1
        self.memory = bytes(self.memory)
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
        elif self.world.table_transmits(self.memory) and not hal.guard_transmitting():
            # Before its first pulse or after: without transmit-enable the unit ends the data take.
            self.flags = 8
            self.phase = enums.SAR_PHASE_ABORTED
            self.state = enums.SAR_UNIT_STATE_READY
        elif self.phase == enums.SAR_PHASE_WAIT_START:
            self.phase = enums.SAR_PHASE_ECHO
        else:
            self.phase = enums.SAR_PHASE_DONE
            self.state = enums.SAR_UNIT_STATE_READY


class Optical(Instrument):
    """The door: where its leaf is, where it goes to. Without its supply a spring shuts it."""

    def __init__(self, world):
        super().__init__("OPTICAL", world, enums.LIMITER_OPTICAL_UNIT)
        self.door = enums.DOOR_SHUT
        self.door_target = enums.DOOR_SHUT
        self.focal_plane = False
        self.stable = False
        self.lamp = False

    def reset(self):
        super().reset()
        self.focal_plane = False
        self.stable = False
        self.lamp = False

    def refresh(self):
        self.set("DOOR", self.door)
        self.set("STABLE_S", 1000 if self.stable else 0)
        self.set("FOCAL_PLANE_ON", 1 if self.focal_plane else 0)
        self.set("LAMP", enums.SWITCH_ON if self.lamp else enums.SWITCH_OFF)

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
        if address == units.OPTICAL_CONTROL_LAMP_COMMAND and not self.stuck:
            self.lamp = hal.get(hal.U16, buffer, offset) == enums.SWITCH_ON
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
                self.focal_plane = True
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
            self.focal_plane = False
            self.stable = False
            self.lamp = False
        elif code == enums.OPTICAL_UNIT_COMMAND_DECONTAMINATE:
            if state != enums.OPTICAL_UNIT_STATE_IDLE or self.door != enums.DOOR_SHUT:
                return REFUSED
            self.state = enums.OPTICAL_UNIT_STATE_DECONTAMINATING
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
            self.lamp = False
            if state == enums.OPTICAL_UNIT_STATE_IMAGING:
                self.state = enums.OPTICAL_UNIT_STATE_READY
                self.phase = enums.OPTICAL_PHASE_ABORTED
            if code == enums.OPTICAL_UNIT_COMMAND_SAFE:
                self.state = enums.OPTICAL_UNIT_STATE_SAFE
                self.focal_plane = False
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
