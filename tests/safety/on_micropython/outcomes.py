"""The checker's part on the host board, telling besides each step's outcome as an operator and a bench see it.

Arguments as checker.py. What a step reports is followed by an outcome, a number for each of `_outcome_names`; from
`cycles` on, they are what nobody outside sees. Lines "outcome NAME MEMBER..." and "faults WORD..." before the root say
what the numbers mean.
"""

import sys

import checker
import hal

from payload.tables import enums, failures, persistent, pool

_SAFE_AWAITED_MS = 15000  # fdir/protection.py
_COMPLETION_FAILURE = 8
_LEVEL_1 = {"SAR": persistent.SAR_LEVEL_1_GPS_S, "OPTICAL": persistent.OPTICAL_LEVEL_1_GPS_S}
_NONE = -1


def _members(prefix):
    """Members' names of an enumeration of the dictionary, by value."""
    by_value = {
        getattr(enums, name): name[len(prefix) :]
        for name in dir(enums)
        if name.startswith(prefix) and not name.startswith("DOOR_COMMAND_")
    }
    return [by_value.get(value, "-") for value in range(max(by_value) + 1)]


class OutcomeBench(checker.Bench):
    def __init__(self, spacecraft_id, settles, removed):
        self._cycles = 0
        super().__init__(spacecraft_id, settles, removed)

    def serve(self, faults):
        self._side = self.sides()[0]
        for name, members in self._outcome_names():
            print("outcome", name, " ".join(members))
        print("faults", " ".join([word for word, _ in self._faults()]))
        super().serve(faults)

    def _cycle(self):
        self._cycles += 1
        super()._cycle()

    def step(self, number):
        self._cycles = 0
        began_ms = hal.ticks_ms()
        state, log = super().step(number)
        return state, log, self._outcome_now(hal.ticks_diff(hal.ticks_ms(), began_ms))

    def _note_report(self, packet, offset, length):
        """A telecommand that only waits until an instrument is safe is no part of the state, nor is that it gave up."""
        failed = packet[offset + 7] == 1 and packet[offset + 8] == _COMPLETION_FAILURE
        gave_up = failed and hal.get(hal.U16, packet, offset + 25) == failures.STEP_TIME_OUT
        if not gave_up or hal.get(hal.U32, packet, offset + 31) != _SAFE_AWAITED_MS:
            super()._note_report(packet, offset, length)

    def _outcome_names(self):
        """In the order of an outcome's numbers, each with its members by value if it is no plain number."""
        side = self._side
        modes_of_side = {mode: name for mode, (name, _) in self._names[side].items()}
        return (
            ("mode", [modes_of_side.get(mode, "-") for mode in range(max(modes_of_side) + 1)]),
            ("refuse", ()),
            ("cause", ()),
            ("permit", _members("TRANSMIT_PERMIT_")),
            ("enable", ()),
            ("limiters", ()),
            ("time", ()),
            ("unit", _members(side + "_UNIT_STATE_")),
            ("phase", _members(side + "_PHASE_")),
            ("door", _members("DOOR_")),
            ("cycles", ()),
            ("reaction", ()),
            ("target", ()),
            ("armed", ()),
            ("exit_armed", ()),
            ("takes", ()),
            ("slot", ()),
            ("cancelled", ()),
            ("level_1", ()),
            ("faults", ()),
            ("ms", ()),
        )

    def _outcome_now(self, passed_ms):
        world = self.world
        watch = self.watch
        payload = self.payload
        side = self._side
        machine = self.machine(side)
        unit = world.sar if side == "SAR" else world.optical
        unit_state = unit.state if unit.powered() else _NONE
        faults = 0
        bit = 1
        for _, stands in self._faults():
            if stands:
                faults |= bit
            bit <<= 1
        return (
            machine.mode,
            payload.refuse.latched(),
            payload.refuse.cause(),
            hal.pool_get(pool.TRANSMIT_PERMIT),
            hal.guard_transmitting(),
            world.power.closed,
            hal.time_quality() != 0,
            unit_state,
            # TAKING, IMAGING: what is left behind afterwards tells two states no longer apart.
            unit.phase if unit_state == 5 else _NONE,
            world.optical.door if side == "OPTICAL" else _NONE,
            self._cycles,
            machine._reaction,
            machine._target,
            payload.permit._two_step.armed(),
            payload.refuse._exit.armed(),
            watch.takes,
            watch.slot_number(),
            machine._target != -1 and machine._cancelled,
            payload.persistent.get(_LEVEL_1[side]) != 0,
            faults,
            passed_ms,
        )

    def _faults(self):
        """Words of the faults that may stand, each with whether it does: the world ends some that nobody meets."""
        world = self.world
        power, sar, optical, recorder = world.units
        return (
            ("hot", world.hot),
            ("sun_near", world.sun_near),
            ("no_ancillary", world.ancillary_lost),
            ("zone", world.zone),
            ("alarm", world.alarm),
            ("POWER_silent", power.silent),
            ("POWER_stuck", power.stuck),
            ("SAR_silent", sar.silent),
            ("SAR_stuck", sar.stuck),
            ("SAR_spoilt", sar.corrupt_next_write),
            ("OPTICAL_silent", optical.silent),
            ("OPTICAL_stuck", optical.stuck),
            ("OPTICAL_spoilt", optical.corrupt_next_write),
            ("RECORDER_silent", recorder.silent),
            ("RECORDER_stuck", recorder.stuck),
        )


OutcomeBench(int(sys.argv[1], 16), sys.argv[3] == "settled", sys.argv[4:]).serve(int(sys.argv[2]))
