"""The checker's part on the host board, telling besides each step's outcome as an operator and a bench see it.

Arguments as checker.py. What a step reports is followed by "|" and name=value pairs; the last of them, from
`cycles` on, are what nobody outside sees.
"""

import sys

import checker
import hal

from payload.tables import enums, failures, persistent, pool

_NAMES_OF = {}
_SAFE_AWAITED_MS = 15000  # fdir/protection.py
_COMPLETION_FAILURE = 8
_LEVEL_1 = {"SAR": persistent.SAR_LEVEL_1_GPS_S, "OPTICAL": persistent.OPTICAL_LEVEL_1_GPS_S}


def _name(prefix, value):
    """A member's name of an enumeration of the dictionary."""
    names = _NAMES_OF.get(prefix)
    if names is None:
        names = _NAMES_OF[prefix] = {
            getattr(enums, name): name[len(prefix) :]
            for name in dir(enums)
            if name.startswith(prefix) and not name.startswith("DOOR_COMMAND_")
        }
    return names[value]


class OutcomeBench(checker.Bench):
    def __init__(self, spacecraft_id, settles, removed):
        self._cycles = 0
        super().__init__(spacecraft_id, settles, removed)

    def serve(self, faults):
        self._side = self.sides()[0]
        super().serve(faults)

    def _cycle(self):
        self._cycles += 1
        super()._cycle()

    def step(self, number):
        self._cycles = 0
        began_ms = hal.ticks_ms()
        state, log = super().step(number)
        return state, "%s|%s ms=%d" % (log, self._outcome_words(), hal.ticks_diff(hal.ticks_ms(), began_ms))

    def _note_report(self, packet, offset, length):
        """A telecommand that only waits until an instrument is safe is no part of the state, nor is that it gave up."""
        failed = packet[offset + 7] == 1 and packet[offset + 8] == _COMPLETION_FAILURE
        gave_up = failed and hal.get(hal.U16, packet, offset + 25) == failures.STEP_TIME_OUT
        if not gave_up or hal.get(hal.U32, packet, offset + 31) != _SAFE_AWAITED_MS:
            super()._note_report(packet, offset, length)

    def _outcome_words(self):
        world = self.world
        watch = self.watch
        side = self._side
        machine = self.machine(side)
        unit = world.sar if side == "SAR" else world.optical
        words = [
            "mode=" + self.mode_name(side, machine.mode),
            "refuse=%d" % self.payload.refuse.latched(),
            "cause=%d" % self.payload.refuse.cause(),
            "permit=" + _name("TRANSMIT_PERMIT_", hal.pool_get(pool.TRANSMIT_PERMIT)),
            "enable=%d" % hal.guard_transmitting(),
            "limiters=%d" % world.power.closed,
            "time=%d" % (1 if hal.time_quality() else 0),
        ]
        if unit.powered():
            words.append("unit=" + _name(side + "_UNIT_STATE_", unit.state))
            if unit.state == 5:  # TAKING, IMAGING: what is left behind afterwards tells two states no longer apart
                words.append("phase=" + _name(side + "_PHASE_", unit.phase))
        if side == "OPTICAL":
            words.append("door=" + _name("DOOR_", world.optical.door))
        words.append("cycles=%d" % self._cycles)
        words.append("reaction=%d" % machine._reaction)
        words.append("target=%d" % machine._target)
        words.append("armed=%d" % self.payload.permit._two_step.armed())
        words.append("exit_armed=%d" % self.payload.refuse._exit.armed())
        words.append("takes=%d" % watch.takes)
        words.append("slot=%d" % watch.slot_number())
        words.append("cancelled=%d" % (machine._target != -1 and machine._cancelled))
        words.append("level_1=%d" % (self.payload.persistent.get(_LEVEL_1[side]) != 0))
        words.append("faults=" + "+".join(self._faults()))
        return " ".join(words)

    def _faults(self):
        """Labels of the faults that stand, a word each: the world ends some that nobody meets."""
        world = self.world
        standing = [
            word
            for word, stands in (
                ("hot", world.hot),
                ("sun_near", world.sun_near),
                ("no_ancillary", world.ancillary_lost),
                ("zone", world.zone),
                ("alarm", world.alarm),
            )
            if stands
        ]
        for unit in world.units:
            for word, stands in (
                ("silent", unit.silent),
                ("stuck", unit.stuck),
                ("spoilt", getattr(unit, "corrupt_next_write", False)),
            ):
                if stands:
                    standing.append(unit.name + "_" + word)
        return standing


OutcomeBench(int(sys.argv[1], 16), sys.argv[3] == "settled", sys.argv[4:]).serve(int(sys.argv[2]))
