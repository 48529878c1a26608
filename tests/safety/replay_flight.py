"""A flight along edges: each is acted out on the host board, and what came of it compared with the checker's."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.safety.replay_acts import (
    ARM_S,
    ARRIVES,
    DECONTAMINATED,
    IN_STRIPS,
    MINUTE,
    START_LEAD_S,
    Acts,
    arms_again,
    comes_unseen,
    is_ending,
    is_seen_by_nobody,
    is_short,
    is_starting_to_heat,
    lasts_s,
)
from tests.safety.replay_board import (
    CYCLE_S,
    DECONTAMINATION_S,
    ENDS_S,
    IMAGED_S,
    REPEATED,
    STRIPS_APART_S,
    Flight,
)
from tests.safety.replay_faults import RESET, RESETS_TO_SAFE
from tests.safety.replay_plan import TIME, Kind, Step, Words, visible

# What follows from an act by itself comes within this; then it must stay so.
SETTLE_S = 4.0
RECORDER_S = 8.0  # and this, where a recorder that does nothing is waited for
STAYS_S = 0.2
STAYS_LONG_S = 1.0
RETRY_S = 0.4  # the unit that is on again has its command
EXPIRES_S = 6.0  # an arm is to live so much longer than a recovery begins, which has 15 s
COME_S = 1.0  # after a start that nobody sees
REST_S = 3.0  # time that passes where nothing is to come of it

# What comes by itself after so long must be the checker's edge of time, not happen before it.
GUARD_S = 55.0  # of the transmit guard's 60 s
OPERATION_S = 10.0  # the shortest time limit of what leaves the mode as it is
POWER_OFF_S = 7.0  # of the 10 s before the one retry of fault level 2
DOOR_S = 3.0  # of the 5 s that a movement may last, counted from when it was seen to move
DOOR_COMMANDED_S = 4.5  # counted from its telecommand
STANDING_DOWN, SAFING, RETRYING = "1", "2", "5"
MAKING_SAFE = ("2", "3", "4", "5")  # reactions that make safe (machine.py: is_safing)
FOR_THE_UNIT = (STANDING_DOWN, SAFING, RETRYING)  # reactions that wait for it
ENDING_S = ENDS_S - 2
TAKES = 20  # at 5 s each: less than the orbit's 300 s; and the catalogue holds 64
AHEAD_S = START_LEAD_S - 10
MARGIN_S = 3.0
LEVEL_1_MARGIN_S = 30.0  # when exactly it came, before it was seen, is not known
SHORT_MARGIN_S = 0.1  # where the limit is two seconds; what is later than that after all is seen to have timed out
ANCILLARY_S = 3.0  # of the 3.2 s after which it is stale, counted from the act that ended them
STALE_S = 0.4  # later it is
STARTS_S = 1.6  # of the 2 s for a decontamination to begin, and for a lamp to be on
STILL_BROKEN_S = 8.0  # of the 10 s after which a limit that was acted upon is acted upon again
# What is being ended or waited for is over at its limit. Each limit is noted ahead of when it is up, by what the times
# of acts and samples are uncertain by: what comes before even that is not the doing of time.
_ENDED_BY = ("reaction", "ending", "door")
_SWITCH_ON = ("SET_MODE INIT", "SET_MODE STANDBY")
_LIMIT_FAULTS = {"hot", "sun_near", "no_ancillary"}
_COMMANDS_DOOR = ("MOVE_DOOR", "OPTICAL_TEST_DOOR")
_MOVES_DOOR = (*_COMMANDS_DOOR, ARRIVES, TIME)


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
        return f"{self.kind}, after\n{steps}\n       {self.found()}"

    def found(self) -> str:
        """What differs, in one line."""
        names = [name for name in self.expected | self.seen if self.expected.get(name) != self.seen.get(name)]
        return ", ".join(
            f"{name}: the checker saw {self.expected.get(name, 'none')}, the board {self.seen.get(name, 'none')}"
            for name in names
        )


def _tells_no_phase(words: Words) -> bool:
    """While nothing is to begin, the checker's state leaves it out (on_micropython/state.py)."""
    return words["refuse"] == "1" or words["reaction"] in MAKING_SAFE


class Replay:
    """One flight from the checker's beginning on. take() raises Late before a step that would come too late."""

    def __init__(self, side: str, directory: Path) -> None:
        self.flight = Flight(side, directory)
        self.acts = Acts(self.flight)
        self.path: list[str] = []
        machine = self.flight.dictionary.machines[side]
        self._limits_s = {str(mode.value): OPERATION_S for mode in machine.modes}
        values = {mode.name: str(mode.value) for mode in machine.modes}
        mission = self.flight.dictionary.mission
        self._orbit_s = mission.integer("orbit", "period_s")
        self._imaging_limit_s = mission.integer("optical", "imaging_limit_s")
        for transition in machine.transitions:
            self._limits_s[values[transition.target]] = transition.time_limit_ms / 1000
        self._began_s = 0.0
        self._until_s: dict[str, float] = {}
        self._times_out_s = math.inf
        self._cause = "0"
        self._phase = ""
        self._waits_for_lamp = False
        self._has_come = False  # a start, which the unit did not follow
        self._takes = 0
        self._next_strip_s = 0.0
        self._is_ending = False
        self._is_cut_short = False

    def take(self, step: Step, is_known: bool = False, ends_late: bool = False) -> Difference | None:
        """What differs, or None. Of what is known to agree, where little time is left, one look is enough: what comes
        after it is seen with the next act. `ends_late`: an arm or a permit is to expire while what this step ends is
        still being ended.
        """
        if ends_late:
            self._end_late(step)
        self._require_in_time(step)
        flight = self.flight
        self.path.append(step.label)
        was_enabled = flight.transmit_enabled
        act_began_s = flight.now_s
        self.acts.act(step)
        flight.session.run_for(CYCLE_S)
        if step.label == TIME:
            flight.session.run_for(self._unseen_s(step))
        expected = self._expected(step)
        # The sample that ends a switch-on comes just before the unit's first command or just after.
        self._is_cut_short |= step.label in _SWITCH_ON and step.failures == ("failed:ABORTED",)
        self._is_cut_short &= step.after.get("unit") == "BOOT"
        was_ending, self._is_ending = self._is_ending, self._ends(step)
        seen = self._settle(step, expected, is_known)
        flight.mark_edges()
        self.acts.forget(step)
        if was_enabled and not flight.transmit_enabled:
            self.acts.took()
        if seen != expected:
            self._require_that_time_did_nothing(step, was_ending, seen)
        self._note_limits(step, act_began_s)
        self._takes += step.label.startswith("START ") and not step.failures
        self._cause = seen.get("cause", self._cause)
        self._phase = seen.get("phase", "")
        return None if seen == expected else Difference(list(self.path), step.kind, expected, seen)

    def stop(self) -> None:
        self.flight.board.stop()

    def _expected(self, step: Step) -> dict[str, str]:
        expected = visible(step.after)
        if step.before["refuse"] == "1" and step.after["refuse"] == "1":
            # Which event latched it first steers nothing, and states that differ in it are one to the checker.
            expected["cause"] = self._cause
        if _tells_no_phase(step.before) and _tells_no_phase(step.after) and not step.label.endswith("goes on"):
            # States that differ in it are one then, too.
            expected |= {"phase": self._phase} if "phase" in expected else {}
        if step.label == TIME:
            # Nor can it be told where several things followed each other.
            expected.pop("cause")
        expected["failures"] = " ".join(step.failures)
        expected["events"] = self._events(step, step.events)
        expected["begins"] = str(step.begins)
        return expected

    def _events(self, step: Step, events: tuple[int, ...]) -> str:
        """Of time that passes not how often each came. Not, in an act, when a limiter that does not follow is commanded
        again, once a second.
        """
        if step.label == TIME:
            return self.flight.event_words(set(events))
        words = self.flight.event_words(events).split()
        if step.before["reaction"] != "0" and {"POWER_stuck", "POWER_silent"} & set(step.before["faults"].split("+")):
            words = [word for word in words if word != "LIMITER_SWITCHED"]
        return " ".join(words)

    def _settle(self, step: Step, expected: dict[str, str], is_known: bool) -> dict[str, str]:
        """Go on until all is as expected and stays so, or the time is over; what is seen then."""
        flight = self.flight
        failures: Counter[str] = Counter()
        until_s = flight.now_s + SETTLE_S + (1.3 * lasts_s(step) if step.label == TIME else 0.0)
        if step.label == TIME:
            until_s += 2 * ENDS_S  # what is aborted, and then a safing
        if "RECORDER" in step.before["faults"] + step.label:
            until_s += RECORDER_S
        if _LIMIT_FAULTS & set(step.before["faults"].split("+")):
            until_s += STILL_BROKEN_S
        arm_again_s = flight.now_s
        stays_until_s = None
        # What is done about a fault may begin only after a while, what a transition does first is not seen: neither
        # must meet the next act instead. Nor the last of a reaction, whose end nobody sees.
        is_over = step.before["reaction"] != "0"
        is_slow = step.after["faults"] or step.after["target"] not in ("-1", step.before["target"]) or is_over
        is_slow = is_slow and step.after["reaction"] == "0" and step.after["cancelled"] == "0"
        is_slow = is_slow and not (step.label.startswith(_COMMANDS_DOOR) and step.after.get("door") == "MOVING")
        stays_s = STAYS_LONG_S if is_slow else STAYS_S
        if is_short(step.after):
            may_hurry = is_known and not is_starting_to_heat(step.after)
            stays_s = 0.0 if may_hurry else CYCLE_S
        if step.after["reaction"] == RETRYING:
            stays_s = RETRY_S
        ends_s = until_s if step.label == TIME else min(self._until_s.values(), default=until_s)
        while True:
            failures.update(flight.new_failures())
            seen = dict(flight.outcome())
            if step.label == TIME:
                self._cause = seen.pop("cause")
            if self._is_cut_short and expected.get("unit") == "BOOT" and seen.get("unit") == "SELF_TEST":
                seen["unit"] = "BOOT"
            seen["failures"] = " ".join(sorted(failures.elements()))
            seen["events"] = self._events(step, flight.events_since(flight.since))
            seen["begins"] = str(flight.begins())
            if seen != expected or not flight.is_answered():
                stays_until_s = None
                if flight.now_s >= until_s:
                    return seen
                if step.label == TIME and flight.now_s >= arm_again_s:
                    self.acts.keep_armed(step)
                    arm_again_s += ARM_S / 2
            else:
                if stays_until_s is None:
                    # Not beyond what time brings.
                    stays_until_s = min(flight.now_s + stays_s, max(flight.now_s + STAYS_S, ends_s))
                if flight.now_s >= stays_until_s - CYCLE_S / 2:
                    return seen
            flight.session.run_for(CYCLE_S)

    def _end_late(self, step: Step) -> None:
        """A safing is given longer than an arm lives. A recovery is not: it begins when the arm's end is near."""
        self.acts.end_late()
        for name in ("armed", "exit_armed"):
            if step.before[name] == "1":
                others_s = [until_s for other, until_s in self._until_s.items() if other != name]
                latest_s = min([self.acts.expires_s(name) - EXPIRES_S, *others_s]) - lasts_s(step)
                self.flight.session.run_for(max(0.0, latest_s - self.flight.now_s))

    def _require_in_time(self, step: Step) -> None:
        """What the checker leaves to the edge of time must not come by itself during this one."""
        if step.label == RESET and self.acts.resets >= RESETS_TO_SAFE - 1:
            raise Late("the third boot within an hour is another edge")
        if step.label.startswith("START ") and self._takes >= TAKES:
            raise Late("an orbit's budget is used up")
        uses_it_up = step.label == TIME and step.before.get("phase") == "IMAGING" and "failed:ABORTED" in step.failures
        if uses_it_up and self.flight.orbit_left_s() < self._imaging_limit_s - self.flight.imaged_s() + MARGIN_S:
            raise Late("the orbit ends before its imaging time is used up")
        is_lost = step.label == TIME and "ancillary" in self._until_s and "door" in self._until_s
        if is_lost and self._until_s["door"] < self._until_s["ancillary"] + STALE_S:
            raise Late("the door's time is over before the ancillary data are stale")
        begins = step.label == TIME and step.before["mode"] != step.after["mode"] and "phase" in step.after
        # DARK has them once more with its start, to tell of the eclipse.
        stale_later = "ancillary" in self._until_s or step.after["mode"] == "DARK"
        if begins and "no_ancillary" in step.before["faults"] and stale_later:
            raise Late("the ancillary data are stale before the start comes")
        last_s = self.flight.now_s + self.acts.lasts_s(step) + self.acts.before_start_s(step)
        for name, until_s in self._until_s.items():
            arm = name in ("armed", "exit_armed")
            minute = step.label == MINUTE and (arm or name == "takes" or (name == "reaction" and is_ending(step)))
            waits_for_it = name != "level_1" and (step.label in (TIME, DECONTAMINATED) or minute)
            if last_s > until_s and not waits_for_it and not (arm and (step.after[name] == "0" or arms_again(step))):
                raise Late(f"{name} at {until_s:.0f} s, and {step.label} lasts to {last_s:.0f} s")

    def _require_that_time_did_nothing(self, step: Step, was_ending: bool, seen: Mapping[str, str]) -> None:
        """What was being ended, or waited for, may have come to its end during the act, when its time was up."""
        limits_s = [self._until_s[name] for name in _ENDED_BY if name in self._until_s]
        if step.label == TIME or self._came_s(step) < min([self._times_out_s, *limits_s]):
            return
        was_ending |= is_ending(step) or step.before["cancelled"] == "1"
        has_ended = seen["mode"].startswith("SAFE") or seen["refuse"] != step.after["refuse"]
        if was_ending and has_ended:
            raise Late("what was being ended has ended")
        timed_out = "failed:STEP_TIME_OUT"
        if timed_out in seen["failures"] and timed_out not in step.failures:
            raise Late("what was waited for has taken too long")

    def _came_s(self, step: Step) -> float:
        """When the first event came that the checker did not see of the act; at no time when there is none."""
        flight = self.flight
        expected = Counter(step.events)
        for number, time_s in flight.timed_events(flight.since):
            expected[number] -= 1
            name = flight.event_words([number])
            if expected[number] < 0 and name and name not in REPEATED:
                return time_s
        return 0.0

    def _note_limits(self, step: Step, act_began_s: float) -> None:
        now_s = self.flight.now_s
        if "BOOTED" in self.flight.event_words(step.events).split():
            # It knows of nothing else that was before.
            self._until_s = {name: until_s for name, until_s in self._until_s.items() if name == "level_1"}
        before, after = step.before, step.after
        for name in ("armed", "exit_armed", "takes"):
            self._note(name, after[name] != "0", True, self.acts.expires_s(name) - MARGIN_S)
        self._has_come = (self._has_come or comes_unseen(step)) and after["target"] == before["target"]
        if after["target"] != before["target"]:
            self._waits_for_lamp = step.label == "START LAMP" and "OPTICAL_stuck" in before["faults"]
            self._began_s = act_began_s if is_short(after) or self._waits_for_lamp else now_s
        limit_s = self._limits_s.get(after["target"], 0.0) - (SHORT_MARGIN_S if is_short(after) else MARGIN_S)
        if self._waits_for_lamp or is_starting_to_heat(after):
            limit_s = STARTS_S
        self._times_out_s = math.inf if after["target"] == "-1" else self._began_s + limit_s
        if after["mode"] == "DECONTAMINATION" and after.get("unit") == "DECONTAMINATING":
            limit_s = DECONTAMINATION_S - MARGIN_S
        elif after["mode"] in IN_STRIPS:
            if after["unit"] == "IMAGING" and before["unit"] != "IMAGING":
                self._next_strip_s = now_s + STRIPS_APART_S
            limit_s = min(limit_s, self._next_strip_s - self._began_s - MARGIN_S)
        elif after.get("unit") == "READY" and after["enable"] == "0" and not self._has_come:
            # A start that lies ahead, or the rest of a warm-up.
            limit_s = min(limit_s, AHEAD_S)
        if after.get("phase") == "IMAGING":
            limit_s = min(limit_s, now_s - self._began_s + IMAGED_S - self.flight.imaged_s())
        self._note("target", after["target"] != "-1", True, self._began_s + limit_s)
        self._note("enable", after["enable"] == "1", before["enable"] == "0", now_s + GUARD_S)
        moves = after.get("door") == "MOVING" and after["target"] != "-1"
        door_s = act_began_s + DOOR_COMMANDED_S if step.label.startswith(_COMMANDS_DOOR) else now_s + DOOR_S
        self._note("door", moves, step.label.startswith(_MOVES_DOOR), door_s)
        self._note_limits_broken(step, act_began_s)
        level_1_s = now_s + self._orbit_s - LEVEL_1_MARGIN_S
        self._note("level_1", after["level_1"] == "1", before["level_1"] == "0", level_1_s)
        reaction_s = POWER_OFF_S
        if after["reaction"] == SAFING:
            reaction_s = ENDING_S
        begun = after["reaction"] != before["reaction"] or step.label == TIME
        self._note("reaction", after["reaction"] != "0", begun, now_s + reaction_s)
        is_aborted = self._is_ending and after["reaction"] == "0"
        self._note("ending", is_aborted, "ending" not in self._until_s, now_s + ENDING_S)

    def _unseen_s(self, step: Step) -> float:
        """How long time must pass where nothing tells that it has."""
        if step.target == step.source:
            return REST_S
        if comes_unseen(step):
            return max(0.0, self.acts.start_s - self.flight.now_s) + COME_S
        if not is_seen_by_nobody(step) or step.before["reaction"] == "0":
            return 0.0
        ends_s = ENDS_S if step.before["reaction"] in FOR_THE_UNIT else 0.0
        return min(step.duration_ms / 1000 + ends_s, ENDS_S + 2)

    def _ends(self, step: Step) -> bool:
        """Is the instrument being made safe, or what it does being ended?"""
        after = step.after
        has_failed = "TRANSITION_FAILED" in self.flight.event_words(step.events).split()
        goes_on = after["target"] != "-1" and (has_failed or (self._is_ending and step.label != TIME))
        is_reacting = after["reaction"] != "0" or after["cancelled"] == "1"
        return goes_on or is_reacting

    def _note_limits_broken(self, step: Step, act_began_s: float) -> None:
        """Ancillary data are stale some time after they stopped; a limit that stays broken is acted upon again."""
        now_s = self.flight.now_s
        faults = set(step.after["faults"].split("+"))
        names = self.flight.event_words(step.events).split()
        is_lost = "no_ancillary" in faults and "no_ancillary" not in step.before["faults"]
        stands = is_lost or ("ancillary" in self._until_s and "ANCILLARY_LOST" not in names)
        self._note("ancillary", "no_ancillary" in faults and stands, is_lost, act_began_s + ANCILLARY_S)
        in_force = _LIMIT_FAULTS - {"hot"} if step.after["mode"] == "DECONTAMINATION" else _LIMIT_FAULTS
        is_broken = bool(faults & in_force)
        acted = "TRIP_LIMIT" in names
        self._note("limit", is_broken and (acted or step.label != TIME), acted, now_s + STILL_BROKEN_S)

    def _note(self, name: str, stands: bool, anew: bool, until_s: float) -> None:
        if not stands:
            self._until_s.pop(name, None)
        elif anew:
            self._until_s[name] = until_s
