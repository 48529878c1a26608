"""Each edge of the checker as an act on the host board. A label that is not known here is an error."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from emei.verification import Command
from hil.scenarios import zones
from hil.scenarios.zones import Track
from tests.safety.replay_board import ANSWER_S, CYCLE_S, STABLE_S, TAKE_S, Flight
from tests.safety.replay_faults import RESET, Faults
from tests.safety.replay_plan import TIME, Step

# Of a start: what lies ahead must not come by itself while other edges are replayed.
START_LEAD_S = 75.0
PERMIT_S = 300
ARM_S = 60.0
SEEN_S = 0.2  # a forced register is in the pool

_POSITION_KNOWN_S = 2.5
_GOES_ON_S = 30.0
_SHORT_LEAD_S = 4.0

# Checks of the code, by the register that breaks them.
_BROKEN = {"POWER_BUDGET": ("power.total_power_w", 20000), "MEMORY_BUDGET": ("recorder.free_mib", 1)}


class NoAct(Exception):
    """An edge that the replay does not know."""


def impossible(step: Step) -> str:
    """Why no board can be brought to take this edge; empty when one can."""
    if step.label.endswith("for a table of another mode"):
        return "a call inside the application: the service takes the mode from the slot"
    if step.label == "a minute without anything" and step.before.get("unit") in ("TAKING", "IMAGING"):
        return "a minute is longer than the guard's permit for a data take"
    if step.label == "a minute without anything" and step.before["takes"] != "0" and step.before["target"] != "-1":
        return f"a permit of the replay lasts {PERMIT_S} s, longer than what is in progress"
    return ""


def lasts_s(step: Step) -> float:
    """About how long the act takes on the board."""
    if step.label.endswith("goes on"):
        return {"WARMING": 25.0, "TAKING": 12.0, "STABILISING": 120.0, "IMAGING": 12.0}.get(step.before["unit"], 5.0)
    if step.label == TIME:
        if step.target == step.source:
            return 3.0
        return max(START_LEAD_S if step.before["target"] != "-1" else 0.0, min(step.duration_ms / 1000 + 5, 900.0))
    if step.label == "a minute without anything":
        return ARM_S + 1 if step.before["takes"] == "0" else PERMIT_S + 1
    if step.label.endswith("not OUTSIDE_TRANSMIT_ZONES"):
        return 2 * _POSITION_KNOWN_S + 1
    if step.label.endswith("not TRANSMIT_BUDGET"):
        return 60.0
    return 1.0


def arms_again(step: Step) -> bool:
    """Does the act itself give an arm again that would not live through it?"""
    return step.label.endswith("not TRANSMIT_BUDGET")


def _is_busy(step: Step) -> bool:
    return step.before["target"] != "-1" or step.before["reaction"] != "0"


class Acts:
    """On one flight. act() returns when the act is done; what follows from it is the caller's to wait for."""

    def __init__(self, flight: Flight) -> None:
        self._flight = flight
        self._faults = Faults(flight)
        self._cool_at_s = 0.0
        self.since = 0  # events from here on are the act's
        self._fixed: dict[str, Callable[[], object]] = {
            "SAR_ARM_TRANSMIT": lambda: flight.send("SAR_ARM_TRANSMIT"),
            "SAR_PERMIT_TRANSMIT": lambda: flight.send("SAR_PERMIT_TRANSMIT", takes=1, valid_s=PERMIT_S),
            "SAR_INHIBIT_TRANSMIT": lambda: flight.send("SAR_INHIBIT_TRANSMIT"),
            "a good table into slot 0": lambda: flight.load_table("STRIPMAP"),
            "another table into slot 0": lambda: flight.load_table("STRIPMAP", azimuth_beam=100),
            "OPTICAL_TEST_DOOR": lambda: flight.send("OPTICAL_TEST_DOOR"),
            "START STANDBY, as an image": lambda: self._start_image("STANDBY"),
            "ARM_SAFE_EXIT": lambda: flight.send("ARM_SAFE_EXIT"),
            "SAFE_EXIT": lambda: flight.send("SAFE_EXIT"),
            "LEAVE_SAFE_BOOT": lambda: flight.send("LEAVE_SAFE_BOOT"),
            "CLEAR_FAULT_HISTORY": lambda: flight.send("CLEAR_FAULT_HISTORY"),
            "PLATFORM_SAFE": lambda: flight.send("PLATFORM_SAFE"),
            "the door arrives": self._door_arrives,
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
        self.since = len(self._flight.session.events)
        if label == TIME:
            return
        if label == "a minute without anything":
            self._expire(step)
        elif label in self._faults.acts:
            self._faults.acts[label]()
            if label == RESET:
                self.since = len(self._flight.session.events)
        elif label in self._fixed:
            self._fixed[label]()
        elif label.endswith("unit goes on"):
            self._goes_on(step)
        elif label.startswith(("SET_MODE ", "START ")):
            self._command(step)
        else:
            raise NoAct(label)

    @property
    def resets(self) -> int:
        """By the watchdog, on this flight: the third within an hour is another edge."""
        return self._faults.resets

    def before_start_s(self, step: Step) -> float:
        """How long the transmitter must cool before a data take that is to be accepted."""
        if self._flight.side != "SAR" or not step.label.startswith("START ") or _is_busy(step):
            return 0.0
        return max(0.0, self._cool_at_s - START_LEAD_S - self._flight.now_s)

    def took(self) -> None:
        """Transmit-enable was dropped: from now on the transmitter cools."""
        on_s = self._flight.units.observe("sar.transmit_time_ms") / 1000
        self._cool_at_s = self._flight.now_s + max(2 * on_s, 2 * TAKE_S) + 2

    def _command(self, step: Step) -> None:
        """A change of mode or a start, with one condition broken or none."""
        verb, _, rest = step.label.partition(" ")
        mode, _, condition = rest.partition(", ")
        if verb == "SET_MODE":
            self._in(condition, step, lambda: self._flight.send(f"SET_MODE_{self._flight.side}", mode=mode))
        elif self._flight.side == "OPTICAL":
            self._in(condition, step, lambda: self._start_image(mode))
        else:
            if step.before["slot"] not in ("0", "99") and not _is_busy(step):
                loaded = self._flight.load_table(mode)
                self._flight.session.wait_for(lambda: loaded.finished, ANSWER_S, "An answer")
            self._flight.session.run_for(self.before_start_s(step))
            # A budget is one of the start's own instant: soon, where it is to be seen used up.
            lead_s = _SHORT_LEAD_S if condition.endswith("TRANSMIT_BUDGET") else START_LEAD_S
            self._in(condition, step, lambda: self._start_take(lead_s))

    def _start_take(self, lead_s: float) -> Command:
        start = self._flight.platform.gps_s() + lead_s
        return self._flight.send("SAR_START_DATA_TAKE", task_id=77, slot=0, start=start)

    def _start_image(self, mode: str) -> Command:
        start = self._flight.platform.gps_s() + START_LEAD_S
        return self._flight.send("OPTICAL_START_IMAGE", task_id=78, mode=mode, start=start)

    def _in(self, condition: str, step: Step, send: Callable[[], Command]) -> None:
        """Send with the condition broken, and mend it once the answer is there."""
        flight = self._flight
        name, _, word = condition.partition(" ")
        broken: AbstractContextManager[None] = nullcontext()
        if name == "not":
            broken = self._check_broken(word, step)
        elif name:
            broken = self._range_broken(name, word)
        with broken:
            command = send()
            if name:
                flight.session.wait_for(lambda: command.failure or command.reports[1:], ANSWER_S, step.label)

    @contextmanager
    def _range_broken(self, name: str, word: str) -> Iterator[None]:
        """A guard's parameter beyond its range at the unit or in the ancillary data, or stale in the pool."""
        flight = self._flight
        guard = flight.dictionary.guards[name]
        parameter = guard.parameter
        assert parameter
        bound = {"low": guard.raw_minimum, "high": guard.raw_maximum, "stale": None}[word]
        raw = None if bound is None else bound + (1 if word == "high" else -1)
        if raw is not None and parameter.owner in ("SAR", "OPTICAL", "POWER"):
            register = f"{parameter.owner.lower()}.{parameter.name.removeprefix(parameter.owner + '_').lower()}"
            flight.units.force(register, float(parameter.to_physical(raw)))
            flight.session.run_for(SEEN_S)
            yield
            flight.units.release(register)
            flight.session.run_for(SEEN_S)
        elif raw is not None and parameter.name.lower() in flight.platform.ancillary(0):
            flight.after_a_cycle()
            flight.quiet_ancillary(**{parameter.name.lower(): float(parameter.to_physical(raw))})
            yield
            flight.quiet_ancillary()
        else:
            flight.after_a_cycle()
            flight.board.upset_parameter(parameter.index, raw)
            yield

    @contextmanager
    def _check_broken(self, name: str, step: Step) -> Iterator[None]:
        flight = self._flight
        if name in _BROKEN:
            flight.units.force(*_BROKEN[name])
            flight.session.run_for(SEEN_S)
            yield
            flight.units.release(_BROKEN[name][0])
            flight.session.run_for(SEEN_S)
        elif name == "OUTSIDE_TRANSMIT_ZONES":
            with Track(flight.platform, *zones.centre_deg("PARKES")):
                flight.session.run_for(_POSITION_KNOWN_S)
                self.since = len(flight.session.events)
                yield
            flight.session.run_for(_POSITION_KNOWN_S)
        elif name == "TRANSMIT_BUDGET":
            self._take_data(step)
            self.since = len(flight.session.events)
            yield
        else:
            raise NoAct(f"{step.label}: no means to break {name}")

    def _take_data(self, step: Step) -> None:
        """A data take that transmits, with a permit of its own: now the transmitter must cool."""
        flight = self._flight
        session = flight.session
        session.run_for(max(0.0, self._cool_at_s - flight.now_s))
        session.send("SAR_ARM_TRANSMIT").wait(ANSWER_S)
        session.send("SAR_PERMIT_TRANSMIT", takes=1 + int(step.before["takes"]), valid_s=PERMIT_S).wait(ANSWER_S)
        flight.load_table("STRIPMAP").wait(ANSWER_S)
        flight.units.release("sar.held")
        start = flight.platform.gps_s() + _SHORT_LEAD_S
        session.send("SAR_START_DATA_TAKE", task_id=76, slot=0, start=start).wait(TAKE_S + _GOES_ON_S)
        flight.units.force("sar.held", 1)
        self.took()
        if step.before["armed"] == "1":
            session.send("SAR_ARM_TRANSMIT").wait(ANSWER_S)
        flight.load_table(step.label.split()[1].rstrip(",")).wait(ANSWER_S)

    def keep_armed(self, step: Step) -> None:
        """Arm again what is armed and stays so: time that passes is longer than an arm lasts."""
        for name, arm in (("armed", "SAR_ARM_TRANSMIT"), ("exit_armed", "ARM_SAFE_EXIT")):
            if step.before[name] == "1" and step.after[name] == "1":
                self._flight.session.send(arm)

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
        flight.units.force(f"{unit}.held", 1)

    def _door_arrives(self) -> None:
        flight = self._flight
        flight.units.release("optical.door_held")
        until_s = flight.now_s + ANSWER_S
        while flight.outcome()["door"] == "MOVING" and flight.now_s < until_s:
            flight.session.run_for(CYCLE_S / 5)
        flight.units.force("optical.door_held", 1)

    def _expire(self, step: Step) -> None:
        self._flight.session.run_for(lasts_s(step))
