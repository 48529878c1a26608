"""A flight along edges: each is acted out on the host board, and what came of it compared with the checker's."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.safety.replay_acts import ARM_S, DECONTAMINATED, IN_STRIPS, START_LEAD_S, Acts, arms_again, is_busy, lasts_s
from tests.safety.replay_board import CYCLE_S, DECONTAMINATION_S, PERMIT_S, STRIPS_APART_S, Flight
from tests.safety.replay_faults import RESET, RESETS_TO_SAFE, THIRD_RESET
from tests.safety.replay_plan import TIME, Kind, Step, visible

# What follows from an act by itself comes within this; then it must stay so.
SETTLE_S = 4.0
STAYS_S = 0.2
STAYS_LONG_S = 1.0
REST_S = 3.0  # time that passes where nothing is to come of it

# What comes by itself after so long must be the checker's edge of time, not happen before it.
GUARD_S = 55.0  # of the transmit guard's 60 s
OPERATION_S = 10.0  # the shortest time limit of what leaves the mode as it is
POWER_OFF_S = 7.0  # of the 10 s before the one retry of fault level 2
DOOR_S = 3.0  # of the 5 s that a movement may last
SAFING = "2"
SAFING_S = 4.5  # of the 6 s that the door has
TAKES = 20  # at 10 s each: less than the orbit's 300 s; and the catalogue holds 64
ORBIT_S = 560.0  # of its imaging time, of which an image needs little
AHEAD_S = START_LEAD_S - 10
MARGIN_S = 3.0
BOOTS = (RESET, THIRD_RESET, "LEAVE_SAFE_BOOT")
_MOVES_DOOR = ("MOVE_DOOR", "OPTICAL_TEST_DOOR", "the door arrives", TIME)


class Late(Exception):
    """The next edge would come after something that time brings by itself."""


@dataclass
class Difference:
    """The labels that led to it, and what checker and board say of the last, by name."""

    path: list[str]
    kind: Kind
    expected: dict[str, str]
    seen: dict[str, str]

    def __str__(self) -> str:
        steps = "\n".join(f"  {number:3d}  {label}" for number, label in enumerate(self.path, 1))
        names = [name for name in self.expected | self.seen if self.expected.get(name) != self.seen.get(name)]
        found = "\n".join(
            f"       {name}: the checker saw {self.expected.get(name, 'none')}, the board {self.seen.get(name, 'none')}"
            for name in names
        )
        return f"{self.kind}, after\n{steps}\n{found}"


class Replay:
    """One flight from the checker's beginning on. take() raises Late before a step that would come too late."""

    def __init__(self, side: str, directory: Path) -> None:
        self.flight = Flight(side, directory)
        self.acts = Acts(self.flight)
        self.path: list[str] = []
        machine = self.flight.dictionary.machines[side]
        self._limits_s = {str(mode.value): OPERATION_S for mode in machine.modes}
        values = {mode.name: str(mode.value) for mode in machine.modes}
        for transition in machine.transitions:
            self._limits_s[values[transition.target]] = transition.time_limit_ms / 1000
        self._began_s = 0.0
        self._until_s: dict[str, float] = {}
        self._cause = "0"
        self._takes = 0
        self._next_strip_s = 0.0

    def take(self, step: Step) -> Difference | None:
        self._require_in_time(step)
        flight = self.flight
        self.path.append(step.label)
        was_enabled = flight.transmit_enabled
        self.acts.act(step)
        flight.session.run_for(CYCLE_S)
        if step.label == TIME and step.target == step.source:
            flight.session.run_for(REST_S)
        expected = self._expected(step)
        seen = self._settle(step, expected)
        self.acts.forget(step)
        if was_enabled and not flight.transmit_enabled:
            self.acts.took()
        self._note_limits(step)
        self._takes += step.label.startswith("START ") and not step.failures
        self._cause = seen.get("cause", self._cause)
        return None if seen == expected else Difference(list(self.path), step.kind, expected, seen)

    def stop(self) -> None:
        self.flight.board.stop()

    def _expected(self, step: Step) -> dict[str, str]:
        expected = visible(step.after)
        if step.before["refuse"] == "1" and step.after["refuse"] == "1":
            # Which event latched it first steers nothing, and states that differ in it are one to the checker.
            expected["cause"] = self._cause
        if step.label == TIME:
            # Nor can it be told where several things followed each other.
            expected.pop("cause")
        expected["failures"] = " ".join(step.failures)
        expected["events"] = self._events(step, step.events)
        return expected

    def _events(self, step: Step, events: tuple[int, ...]) -> str:
        """Of a boot none; of time that passes not how often each came."""
        if step.label in BOOTS:
            return ""
        return self.flight.event_words(set(events) if step.label == TIME else events)

    def _settle(self, step: Step, expected: dict[str, str]) -> dict[str, str]:
        """Go on until all is as expected and stays so, or the time is over; what is seen then."""
        flight = self.flight
        failures: Counter[str] = Counter()
        until_s = flight.now_s + SETTLE_S + (1.3 * lasts_s(step) if step.label == TIME else 0.0)
        arm_again_s = flight.now_s
        as_expected_s = None
        # With a fault, what is done about it may begin only after a while, and must not meet the next act instead.
        stays_s = STAYS_LONG_S if step.after["faults"] and step.after["reaction"] == "0" else STAYS_S
        while True:
            failures.update(flight.new_failures())
            seen = dict(flight.outcome())
            if step.label == TIME:
                self._cause = seen.pop("cause")
            seen["failures"] = " ".join(sorted(failures.elements()))
            seen["events"] = self._events(step, flight.events_since(flight.since))
            if seen != expected:
                as_expected_s = None
                if flight.now_s >= until_s:
                    return seen
                if step.label == TIME and flight.now_s >= arm_again_s:
                    self.acts.keep_armed(step)
                    arm_again_s += ARM_S / 2
            elif as_expected_s is None:
                as_expected_s = flight.now_s
            elif flight.now_s >= as_expected_s + stays_s - CYCLE_S / 2:
                return seen
            flight.session.run_for(CYCLE_S)

    def _require_in_time(self, step: Step) -> None:
        """What the checker leaves to the edge of time must not come by itself during this one."""
        if step.label == RESET and self.acts.resets >= RESETS_TO_SAFE - 1:
            raise Late("the third boot within an hour is another edge")
        if step.label.startswith("START ") and self._takes >= TAKES:
            raise Late("an orbit's budget is used up")
        starts = step.label.startswith("START ") and step.before["mode"] == "READY" and not is_busy(step)
        if starts and self.flight.side == "OPTICAL" and self._imaged_s() > ORBIT_S:
            raise Late("the orbit's imaging time is used up")
        last_s = self.flight.now_s + lasts_s(step) + self.acts.before_start_s(step)
        for name, until_s in self._until_s.items():
            arm = name in ("armed", "exit_armed")
            minute = step.label == "a minute without anything" and (arm or name == "takes")
            waits_for_it = step.label in (TIME, DECONTAMINATED) or minute
            if last_s > until_s and not waits_for_it and not (arm and (step.after[name] == "0" or arms_again(step))):
                raise Late(f"{name} at {until_s:.0f} s, and {step.label} lasts to {last_s:.0f} s")

    def _note_limits(self, step: Step) -> None:
        now_s = self.flight.now_s
        before, after = step.before, step.after
        # Time passed with an arm that was given again and again: the last is up to half a life old.
        arm_s = now_s + (ARM_S / 2 if step.label == TIME else ARM_S) - MARGIN_S
        for name, label in (("armed", "SAR_ARM_TRANSMIT"), ("exit_armed", "ARM_SAFE_EXIT")):
            self._note(name, after[name] == "1", step.label in (label, TIME), arm_s)
        given = step.label == "SAR_PERMIT_TRANSMIT" and not step.failures
        self._note("takes", after["takes"] != "0", given, now_s + PERMIT_S - MARGIN_S)
        if after["target"] != before["target"]:
            self._began_s = now_s
        limit_s = self._limits_s.get(after["target"], 0.0) - MARGIN_S
        if after["mode"] == "DECONTAMINATION":
            limit_s = DECONTAMINATION_S - MARGIN_S
        elif after["mode"] in IN_STRIPS:
            if after["unit"] == "IMAGING" and before["unit"] != "IMAGING":
                self._next_strip_s = now_s + STRIPS_APART_S
            limit_s = min(limit_s, self._next_strip_s - self._began_s - MARGIN_S)
        elif after.get("unit") == "READY":
            # A start that lies ahead, or the rest of a warm-up.
            limit_s = min(limit_s, AHEAD_S)
        if after.get("phase") == "IMAGING":
            limit_s = min(limit_s, now_s - self._began_s + ORBIT_S - self._imaged_s())
        self._note("target", after["target"] != "-1", True, self._began_s + limit_s)
        self._note("enable", after["enable"] == "1", before["enable"] == "0", now_s + GUARD_S)
        moves = after.get("door") == "MOVING" and after["target"] != "-1"
        self._note("door", moves, step.label.startswith(_MOVES_DOOR), now_s + DOOR_S)
        reaction_s = SAFING_S if after["reaction"] == SAFING else POWER_OFF_S
        self._note("reaction", after["reaction"] != "0", after["reaction"] != before["reaction"], now_s + reaction_s)

    def _imaged_s(self) -> float:
        """Of this orbit's imaging time, used."""
        return float(self.flight.session.readings["OPTICAL_IMAGING_TIME_S"].raw)

    def _note(self, name: str, stands: bool, anew: bool, until_s: float) -> None:
        if not stands:
            self._until_s.pop(name, None)
        elif anew:
            self._until_s[name] = until_s
