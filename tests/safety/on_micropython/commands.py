"""What the ground does, as the checker's edges have it: the telecommand itself, and the watch told of it."""

import ground
import hal

from payload.failure import Failure, Refusal
from payload.instruments.instrument import TakeRequest
from payload.tables import enums, mission, units


class Commands:
    """Part of checker.Bench. A condition that is violated: (its name, a parameter of the pool or a switch of the world,
    the value it has instead, None for stale).
    """

    def telecommand(self, name, side, target, values, violated):
        machine = self.machine(side)
        before = (machine.mode, machine.busy(), self.payload.refuse.latched())
        kept_value = self._break(violated) if violated else None
        table = bytes(self._slots()._slots[0]) if side == "SAR" else b""
        starts = target is not None and not name.startswith("SET_MODE")
        moves = target is not None or name.endswith("_DOOR")
        kept = self.watch.accepted, self.watch.checked_table
        if moves:
            # Its first steps are taken before the reports come back.
            self.watch.ask(side, machine.mode if target is None else target, table if starts else b"")
        accepted = self._send(name, values)
        if violated:
            self._mend(violated, kept_value)
        if moves and not accepted:
            self.watch.accepted, self.watch.checked_table = kept
        label = "START" if starts else name
        self.watch.commanded(label, side, target, before, accepted, violated and violated[0])
        if starts and accepted and side == "SAR":
            self.watch.take_accepted()
        self._cycle()

    def _break(self, violated):
        """Break a condition: the name of a switch of the world, or a parameter of the pool, whose value is returned."""
        _, parameter, value = violated
        if type(parameter) is str:
            setattr(self.world, parameter, value)
            self._spend_imaging_time()
            return None
        kept_value = hal.pool_get(parameter)
        if value is None:
            hal.pool_invalidate(parameter, 1)
        else:
            hal.pool_set(parameter, value)
        return kept_value

    def _mend(self, violated, kept_value):
        _, parameter, value = violated
        if type(parameter) is str:
            setattr(self.world, parameter, not value)
            self._spend_imaging_time()
        elif parameter in self.state.own_parameters:
            # No unit and no platform tells it anew.
            hal.pool_set(parameter, kept_value)

    def _spend_imaging_time(self):
        optical = self.payload.instruments.get(enums.INSTRUMENT_OPTICAL)
        if optical is not None:
            optical._budget._used_ms = mission.OPTICAL_IMAGING_LIMIT_S * 1000 if self.world.budget_spent else 0

    def _send(self, name, values):
        packet = self._packet
        length = ground.encode(self._telecommands[name], values, packet)
        router = self.payload.router
        hal.copy(packet, 0, router._packet, 0, length)
        self._outcome = -1
        router._handle(length)
        self.payload.queue.pump()
        return self._outcome == 0

    def set_mode(self, side, mode, violated):
        self.telecommand("SET_MODE_" + side, side, mode, (mode,), violated)

    def start_take(self, target, violated):
        """The ground loads the mode's table and starts, unless what is in the slot is damaged: that it does not know."""
        if self.watch.slot_number() not in (0, 99) and not self.machine("SAR").busy():
            self._send("SAR_LOAD_TABLE", [0] + ground.worked_table(target))
        self.telecommand("SAR_START_DATA_TAKE", "SAR", target, ground.data_take(), violated)

    def start_image(self, target, violated):
        self.telecommand(
            "OPTICAL_START_IMAGE", "OPTICAL", target, ground.image(target, self.line_periods[target]), violated
        )

    def start_calibration(self, target, violated):
        """DARK in eclipse, which lasts until it is over or nobody asks for it any more."""
        if target == enums.OPTICAL_MODE_DARK and self.may_start("OPTICAL"):
            self.world.eclipse = True
            self._send_ancillary()
        self.telecommand("OPTICAL_START_CALIBRATION", "OPTICAL", target, ground.calibration(target), violated)

    def decontaminate(self, target, violated):
        self.telecommand("OPTICAL_DECONTAMINATE", "OPTICAL", target, (1,), violated)

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
        request = TakeRequest(77, target, 10, ground.start(), 10000, 0)
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

    def load_table(self, mode):
        self.telecommand("SAR_LOAD_TABLE", "SAR", None, [0] + ground.worked_table(mode), None)

    def load_another_table(self):
        another = [0] + ground.worked_table(enums.SAR_MODE_STRIPMAP, 100)
        self.telecommand("SAR_LOAD_TABLE", "SAR", None, another, None)

    def upset_slot(self):
        self._slots()._slots[0][units.ACQUISITION_TABLE_AZIMUTH_BEAM + 1] ^= 4
        self._cycle()
