"""Each edge of the checker as an act on the host board. A label that is not known here is an error."""

from collections.abc import Callable, Sequence
from functools import cache

from emei.dictionary import load
from emei.platform import quiet_sky
from emei.verification import Command
from hil.scenarios.optical_images import CALIBRATIONS
from tests.safety import replay_conditions
from tests.safety.explorer import CheckerError
from tests.safety.replay_board import (
    ANSWER_S,
    CALIBRATION_S,
    CYCLE_S,
    DECONTAMINATION_S,
    IMAGE_S,
    IMAGED_S,
    OPTICAL_STABILISATION_S,
    PERMIT_S,
    SAR_WARMUP_S,
    STABLE_S,
    STRIPS_APART_S,
    TAKE_S,
    Flight,
)
from tests.safety.replay_conditions import Conditions, NoAct
from tests.safety.replay_faults import BOOTS, RESET, THIRD_RESET, Faults
from tests.safety.replay_plan import TIME, Step, Words, visible

# Of a start: what lies ahead must not come by itself while other edges are replayed.
START_LEAD_S = 75.0
QUICK_S = 0.25  # for an act where little time is left
# What a unit is at lasts (hal/sim): its boot or self-test, what comes before the echo or after it, a warm-up with the
# lock of its oscillator, the focal plane's way to its set point, and what it needs to be at the start of an image.
_BOOTS_S = {"SAR": 2.0, "OPTICAL": 1.2}
_TESTS_S = 5.0
_CALIBRATES_S = 2.0
_LOCKS_S = 2.0
_WARMS_S = 3.0 * OPTICAL_STABILISATION_S
_STARTS_S = 1.2
_SAMPLED_S = 0.3
_MOVES_S = 2.2  # the door, from one end to the other
ARM_S = 60.0

# It is the end of an arm or a permit, by the word of the outcome: what gives it, and how long it lives.
MINUTE = "a minute without anything"
_EXPIRES = {
    "armed": ("SAR_ARM_TRANSMIT", ARM_S),
    "exit_armed": ("ARM_SAFE_EXIT", ARM_S),
    "takes": ("SAR_PERMIT_TRANSMIT", PERMIT_S),
}
_EXPIRED_S = 1.0
_LONG_END_MS = 120_000  # a unit is given so long to become safe, or to end, while a minute passes

UPSET = "an upset in slot 0"
ARRIVES = "the door arrives"
DECONTAMINATED = "the hours of the decontamination pass"
IN_STRIPS = ("STEREO", "AREA")
_ENDING = ("2", "5")  # reactions: safing, and the one retry
_LONGEST_WAIT_S = 1100.0
_GOES_ON_S = 30.0
_SHORT_MS = 2000
_BEGUN_MS = 300.0
_LOOKS_AGAIN_MS = 500  # of the checker's two seconds from the telecommand to the start


def impossible(step: Step) -> str:
    """Why no board can be brought to take this edge; empty when one can."""
    if step.label.endswith("for a table of another mode"):
        return "a call inside the application: the service takes the mode from the slot"
    times_out = step.before["mode"] == "DECONTAMINATION" and "failed:STEP_TIME_OUT" in step.failures
    if step.label == TIME and times_out and _longest_decontamination_s() < _limit_s(step):
        return "the hours of the longest decontamination pass before its time limit does"
    if step.label == MINUTE and step.before["enable"] == "1" and not is_armed(step.before):
        return "the permit of a data take that transmits ends with it"
    is_long = step.label in (MINUTE, DECONTAMINATED)
    if is_long and step.before["reaction"] != "0" and not is_ending(step):
        return "a minute is longer than a reaction of fault protection lasts"
    heater = load().enumeration("LIMITER").members["OPTICAL_HEATER"]
    if step.label == DECONTAMINATED and not int(step.before["limiters"]) >> heater & 1:
        return "a decontamination that is being ended has its end before its hours have passed"
    if step.label == MINUTE and step.before["takes"] != "0" and step.before["target"] != "-1":
        return f"a permit of the replay lasts {PERMIT_S} s, longer than what is in progress"
    return ""


def lasts_s(step: Step) -> float:
    """About how long the act takes on the board."""
    is_quick = is_ending(step) or is_short(step.before)
    if step.label.endswith("goes on"):
        return QUICK_S if is_short(step.before) else goes_on_s(step.before)
    if step.label == TIME:
        if step.target == step.source:
            return 3.0
        if step.before["mode"] in IN_STRIPS and step.before.get("unit") == "READY":
            return STRIPS_APART_S
        least_s = START_LEAD_S if step.before["target"] != "-1" else 0.0
        return max(least_s, min(step.duration_ms / 1000 + 5, _LONGEST_WAIT_S))
    if step.label == ARRIVES:
        return _MOVES_S
    if step.label == DECONTAMINATED:
        return DECONTAMINATION_S
    if step.label == MINUTE:
        return _EXPIRED_S + (ARM_S if step.before["takes"] == "0" else PERMIT_S)
    return (QUICK_S if is_quick else 1.0) + replay_conditions.lasts_s(step.label.partition(", ")[2])


def goes_on_s(before: Words) -> float:
    """The longest that the unit needs from what it is at to its next state; what is held has all of it ahead."""
    is_calibrating = before["mode"] in CALIBRATIONS
    lasts_s = {
        "BOOT": _BOOTS_S["OPTICAL" if "door" in before else "SAR"],
        "SELF_TEST": _TESTS_S,
        "WARMING": SAR_WARMUP_S + _LOCKS_S,
        "TAKING": _CALIBRATES_S + (TAKE_S if before.get("phase") == "ECHO" else 0.0),
        "STABILISING": _WARMS_S + STABLE_S,
        "IMAGING": _STARTS_S if before.get("phase") == "WAIT_START" else CALIBRATION_S if is_calibrating else IMAGE_S,
    }
    if before["unit"] not in lasts_s:
        raise CheckerError(f"the unit goes on from {before['unit']}, which lasts until it is commanded")
    return _SAMPLED_S + lasts_s[before["unit"]]


def ends_flight(step: Step) -> bool:
    """Does the act leave the board with waiting times that no other step counts on?"""
    return step.label == MINUTE and is_ending(step)


def is_begun(way: Sequence[Step]) -> bool:
    """Is what the last step of a way waits for being ended before the way begins? It cannot be given more time then."""
    return ends_flight(way[-1]) and all(_is_ended(step.before) for step in way)


def with_time(way: Sequence[Step]) -> list[tuple[Step, bool]]:
    """Each step, and whether what it begins to end is to be given the time for the way's last step."""
    ended = [_is_ended(step.before) for step in way]
    begins = len(way) - 1 - ended[::-1].index(False) if way and ends_flight(way[-1]) and not all(ended) else -1
    return [(step, place == begins) for place, step in enumerate(way)]


def arms_late(step: Step) -> bool:
    """Is an arm given while something is being ended, when none will end before that does?"""
    return _is_ended(step.before) and any(step.label == name for name, _ in _EXPIRES.values())


def is_armed(words: Words) -> bool:
    return "1" in (words["armed"], words["exit_armed"])


def arms_again(step: Step) -> bool:
    """Does the act itself give an arm again that would not live through it?"""
    return step.label.endswith("not TRANSMIT_BUDGET")


def is_seen_by_nobody(step: Step) -> bool:
    """Does the edge change nothing that the ground or the bench sees?"""
    return not step.events and not step.failures and visible(step.before) == visible(step.after)


def comes_unseen(step: Step) -> bool:
    """Does a start come that the unit does not follow, because it does nothing? The time that brings the guards' second
    look before it is shorter.
    """
    waits = step.before["target"] != "-1" and step.before.get("unit") == "READY" and step.target != step.source
    is_stuck = "_stuck" in step.before["faults"] and is_seen_by_nobody(step)
    return step.label == TIME and waits and is_stuck and step.duration_ms > _LOOKS_AGAIN_MS


def is_short(words: Words) -> bool:
    """Is a transition under way that has two seconds, or less?"""
    return is_starting_to_heat(words) or ("door" not in words and words["target"] in _short_targets())


def is_starting_to_heat(words: Words) -> bool:
    """Is a decontamination to begin, for which the unit has two seconds?"""
    return "door" in words and words["mode"] == "STANDBY" and words["target"] == _heating()


def _limit_s(step: Step) -> float:
    """Of the transition to the mode that the instrument is in."""
    machine = load().machines["OPTICAL" if "door" in step.before else "SAR"]
    return max(each.time_limit_ms for each in machine.transitions if each.target == step.before["mode"]) / 1000


@cache
def _longest_decontamination_s() -> float:
    (hours,) = load().telecommand("OPTICAL_DECONTAMINATE").arguments
    return 3600.0 * hours.raw_maximum


@cache
def _heating() -> str:
    return next(str(mode.value) for mode in load().machines["OPTICAL"].modes if mode.name == "DECONTAMINATION")


@cache
def _short_targets() -> frozenset[str]:
    machine = load().machines["SAR"]
    values = {mode.name: str(mode.value) for mode in machine.modes}
    return frozenset(values[each.target] for each in machine.transitions if each.time_limit_ms <= _SHORT_MS)


def is_ending(step: Step) -> bool:
    """Does the act come while the unit is to become safe, or to end a data take or an image?"""
    return _is_ended(step.before) and step.label != TIME


def _is_ended(words: Words) -> bool:
    return words["reaction"] in _ENDING or words["cancelled"] == "1"


def is_busy(step: Step) -> bool:
    return step.before["target"] != "-1" or step.before["reaction"] != "0"


class Acts:
    """On one flight. act() returns when the act is done; what follows from it is the caller's to wait for."""

    def __init__(self, flight: Flight) -> None:
        self._flight = flight
        self._faults = Faults(flight)
        self.start_s = 0.0  # when the last data take or image that was commanded begins
        self._conditions = Conditions(flight)
        self._fixed: dict[str, Callable[[], object]] = {
            "SAR_ARM_TRANSMIT": lambda: flight.send("SAR_ARM_TRANSMIT"),
            "SAR_PERMIT_TRANSMIT": lambda: flight.send("SAR_PERMIT_TRANSMIT", takes=1, valid_s=PERMIT_S),
            "SAR_INHIBIT_TRANSMIT": lambda: flight.send("SAR_INHIBIT_TRANSMIT"),
            UPSET: flight.upset_table,
            "a good table into slot 0": lambda: flight.load_table("STRIPMAP"),
            "another table into slot 0": lambda: flight.load_table("STRIPMAP", azimuth_beam=100),
            "OPTICAL_TEST_DOOR": lambda: flight.send("OPTICAL_TEST_DOOR"),
            "START STANDBY, as an image": lambda: self._start_image("STANDBY", "OPTICAL_START_IMAGE"),
            "START DARK, as an image": lambda: self._start_image("DARK", "OPTICAL_START_IMAGE"),
            "START STRIP, as a calibration": lambda: self._start_image("STRIP", "OPTICAL_START_CALIBRATION"),
            "the eclipse ends": lambda: self._eclipse("OFF"),
            "ARM_SAFE_EXIT": lambda: flight.send("ARM_SAFE_EXIT"),
            "SAFE_EXIT": lambda: flight.send("SAFE_EXIT"),
            "LEAVE_SAFE_BOOT": self._faults.leave_safe_boot,
            "CLEAR_FAULT_HISTORY": lambda: flight.send("CLEAR_FAULT_HISTORY"),
            "PLATFORM_SAFE": lambda: flight.send("PLATFORM_SAFE"),
            ARRIVES: self._door_arrives,
        }
        for side in ("SAR", "OPTICAL"):
            self._fixed[f"ABORT {side}"] = lambda side=side: flight.send("ABORT", instrument=side)
            self._fixed[f"HARD_OFF {side}"] = lambda side=side: flight.send("HARD_OFF", instrument=side)
        for position in ("SHUT", "OPEN", "DIFFUSER"):
            self._fixed[f"MOVE_DOOR {position}"] = lambda position=position: flight.send(
                "OPTICAL_MOVE_DOOR", position=position
            )

    def act(self, step: Step) -> None:
        label = step.label
        self._flight.mark()
        if label == TIME:
            return
        given_s = self._flight.given_s.copy()
        if label in BOOTS:
            self._faults.end_with_boot(step)
        if label in (MINUTE, DECONTAMINATED):
            self._flight.session.run_for(self.lasts_s(step))
        elif label in self._faults.acts:
            self._faults.acts[label]()
            if label in (RESET, THIRD_RESET):
                self._flight.mark(self._faults.before_boot)
        elif label in self._fixed:
            self._fixed[label]()
        elif label.endswith("unit goes on"):
            self._goes_on(step)
        elif label.startswith(("SET_MODE ", "START ")):
            self._command(step)
        else:
            raise NoAct(label)
        if step.failures and label in given_s:
            # What is refused gives nothing.
            self._flight.given_s[label] = given_s[label]

    def lasts_s(self, step: Step) -> float:
        """How long the act takes now: what expires may be of some age."""
        in_force = [name for name in _EXPIRES if step.label == MINUTE and step.before[name] != "0"]
        if not in_force:
            return lasts_s(step)
        return max(0.0, max(map(self.expires_s, in_force)) - self._flight.now_s) + _EXPIRED_S

    def expires_s(self, name: str) -> float:
        """When an arm or a permit ends that is in force."""
        telecommand, lives_s = _EXPIRES[name]
        return self._flight.given_s.get(telecommand, self._flight.now_s) + lives_s

    def forget(self, step: Step) -> None:
        """Faults that the world ended by itself, because nobody would meet them."""
        self._faults.forget(step)

    @property
    def resets(self) -> int:
        """By the watchdog, on this flight: the third within an hour is another edge."""
        return self._faults.resets

    def before_start_s(self, step: Step) -> float:
        """How long the transmitter must cool before a data take that is to be accepted, and how long the next orbit is
        waited for before an image is, when this one's imaging time is used up.
        """
        flight = self._flight
        if not step.label.startswith("START ") or is_busy(step):
            return 0.0
        if flight.side == "SAR":
            return max(0.0, self._conditions.cool_at_s - START_LEAD_S - flight.now_s)
        is_used_up = step.before["mode"] == "READY" and flight.imaged_s() > IMAGED_S
        return flight.orbit_left_s() + 1 if is_used_up else 0.0

    def took(self) -> None:
        """Transmit-enable was dropped."""
        self._conditions.took()

    def _command(self, step: Step) -> None:
        """A change of mode or a start, with one condition broken or none."""
        verb, _, rest = step.label.partition(" ")
        mode, _, condition = rest.partition(", ")
        if verb == "START" and not is_busy(step):
            self._flight.let_recorder_close()
        if verb == "SET_MODE":
            if mode == "PREOP":
                self._flight.let_oscillator_lock()
            name = f"SET_MODE_{self._flight.side}"
            self._conditions.send_in(condition, step, lambda: self._flight.send(name, mode=mode))
        elif mode == "DECONTAMINATION":
            self._conditions.send_in(condition, step, lambda: self._flight.send("OPTICAL_DECONTAMINATE", duration_h=1))
        elif self._flight.side == "OPTICAL":
            self._flight.session.run_for(self.before_start_s(step))
            # A Sun that is near is not in eclipse.
            if mode == "DARK" and not is_busy(step) and "sun_near" not in step.before["faults"]:
                self._eclipse("ON")
            self._conditions.send_in(condition, step, lambda: self._start_image(mode, condition=condition))
        else:
            if step.before["slot"] not in ("0", "99") and not is_busy(step):
                loaded = self._flight.load_table(mode)
                self._flight.session.wait_for(lambda: loaded.finished, ANSWER_S, "An answer")
            self._flight.session.run_for(self.before_start_s(step))
            # A budget is one of the start's own instant: soon, where it is to be seen used up.
            lead_s = replay_conditions.LEAD_S if condition.endswith("TRANSMIT_BUDGET") else START_LEAD_S
            self._conditions.send_in(condition, step, lambda: self._start_take(lead_s))

    def _start_take(self, lead_s: float) -> Command:
        start = self._starts(lead_s)
        return self._flight.send("SAR_START_DATA_TAKE", task_id=77, slot=0, start=start)

    def _start_image(self, mode: str, name: str = "", condition: str = "") -> Command:
        start = self._starts(START_LEAD_S)
        longest = condition.endswith("IMAGING_BUDGET")
        return self._flight.start_image(mode, start, name, longest)

    def _starts(self, lead_s: float) -> float:
        """GPS time of a start so long from now."""
        self.start_s = self._flight.now_s + lead_s
        return self._flight.platform.gps_s() + lead_s

    def _eclipse(self, switch: str) -> None:
        """Ancillary data from now on: in the Earth's shadow or not."""
        flight = self._flight
        flight.platform.ancillary = lambda gps_s: {**quiet_sky(gps_s), "eclipse": switch}
        flight.ancillary_now()
        flight.session.run_for(CYCLE_S)

    def keep_armed(self, step: Step) -> None:
        """Arm again what is armed and stays so: time that passes is longer than an arm lasts."""
        for name, arm in (("armed", "SAR_ARM_TRANSMIT"), ("exit_armed", "ARM_SAFE_EXIT")):
            if step.before[name] == "1" and step.after[name] == "1":
                self._flight.give(arm)

    def end_late(self) -> None:
        """What is ended from now on may take longer than an arm lives."""
        for wait in ("SAFE", "ABORT"):
            name = f"{self._flight.side}_{wait}"
            self._flight.session.send("SET_BENCH_WAIT", wait=name, wait_ms=_LONG_END_MS).wait(ANSWER_S)

    def _goes_on(self, step: Step) -> None:
        """The unit comes to its next state, and no further."""
        flight = self._flight
        unit = flight.side.lower()

        def gone_on() -> bool:
            if step.before["unit"] == "STABILISING":
                return flight.units.observe("optical.stable_s") >= STABLE_S
            return flight.unit() != before

        before = flight.unit()
        flight.units.release(f"{unit}.held")
        until_s = flight.now_s + lasts_s(step) + _GOES_ON_S
        while not gone_on() and flight.now_s < until_s:
            flight.session.run_for(CYCLE_S / 2)
        flight.let_go(f"{unit}.held")

    def _door_arrives(self) -> None:
        flight = self._flight
        until_s = flight.now_s + ANSWER_S
        is_passing = True
        while is_passing and flight.now_s < until_s:
            flight.units.release("optical.door_held")
            while self._door_moves() and flight.now_s < until_s:
                flight.session.run_for(CYCLE_S / 5)
            flight.let_go("optical.door_held")
            flight.session.run_for(CYCLE_S / 5)
            # Between OPEN and DIFFUSER it passes SHUT; a movement that has just begun is what follows.
            is_passing = self._door_moves() and flight.units.observe("optical.door_movement_ms") > _BEGUN_MS

    def _door_moves(self) -> bool:
        return self._flight.outcome()["door"] == "MOVING"
