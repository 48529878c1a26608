"""The conditions of a telecommand that an edge breaks: broken on the bench for it, and mended once it is answered."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from emei.verification import Command
from hil.scenarios import zones
from hil.scenarios.zones import Track
from tests.safety.replay_board import ANSWER_S, CYCLE_S, LONGEST_IMAGE_S, PERMIT_S, TAKE_S, Flight
from tests.safety.replay_plan import Step

LEAD_S = 4.0  # of a data take of the replay's own, and of a start whose budget is one of its own instant

_SEEN_S = 0.2  # a forced register is in the pool
_POSITION_KNOWN_S = 2.5
_GOES_ON_S = 30.0
_MORE_S = 5.0
_CROOKED_DEG = 5.0

# Checks of the code, by the register that breaks them.
_REGISTERS = {"POWER_BUDGET": ("power.total_power_w", 20000), "MEMORY_BUDGET": ("recorder.free_mib", 1)}
# What nobody but the firmware sets, and seldom: broken in the pool, it must be mended there.
_KEPT = ("OPTICAL_DOOR_TESTED",)
# What the firmware acts upon at once: the pool has it for the telecommand alone.
_MOMENTARY = ("OPTICAL_DOOR",)


class NoAct(Exception):
    """An edge that the replay does not know."""


def lasts_s(condition: str) -> float:
    """About how long it takes to break a condition; 0 when nothing is waited for."""
    return {
        "not OUTSIDE_TRANSMIT_ZONES": 2 * _POSITION_KNOWN_S + 1,
        "not TRANSMIT_BUDGET": 60.0,
        "not IMAGING_BUDGET": LONGEST_IMAGE_S + LEAD_S + _MORE_S,
    }.get(condition, 0.0)


class Conditions:
    """On one flight."""

    def __init__(self, flight: Flight) -> None:
        self._flight = flight
        self.cool_at_s = 0.0

    def took(self) -> None:
        """Transmit-enable was dropped: from now on the transmitter cools."""
        on_s = self._flight.units.observe("sar.transmit_time_ms") / 1000
        self.cool_at_s = self._flight.now_s + max(2 * on_s, 2 * TAKE_S) + 2

    def send_in(self, condition: str, step: Step, send: Callable[[], Command]) -> None:
        """Send with the condition broken, and mend it once the answer is there."""
        flight = self._flight
        name, _, word = condition.partition(" ")
        broken: AbstractContextManager[Callable[[], None] | None] = nullcontext()
        if name == "not":
            broken = self._check_broken(word, step)
        elif name:
            broken = self._range_broken(name, word)
        with broken as mend_at_once:
            command = send()
            if mend_at_once:
                mend_at_once()
            if name:
                flight.session.wait_for(lambda: command.failure or command.reports[1:], ANSWER_S, step.label)

    @contextmanager
    def _range_broken(self, name: str, word: str) -> Iterator[Callable[[], None] | None]:
        """A guard's parameter beyond its range at the unit or in the ancillary data, or stale in the pool."""
        flight = self._flight
        guard = flight.dictionary.guards[name]
        parameter = guard.parameter
        assert parameter
        bound = {"low": guard.raw_minimum, "high": guard.raw_maximum, "stale": None}[word]
        raw = None if bound is None else bound + (1 if word == "high" else -1)
        ancillary = parameter.name.lower() in flight.platform.ancillary(0)
        from_unit = parameter.owner in ("SAR", "OPTICAL", "POWER") and parameter.name not in _MOMENTARY
        if raw is not None and from_unit:
            register = f"{parameter.owner.lower()}.{parameter.name.removeprefix(parameter.owner + '_').lower()}"
            flight.units.force(register, float(parameter.to_physical(raw)))
            flight.session.run_for(_SEEN_S)
            yield None
            flight.let_go(register)
            flight.session.run_for(_SEEN_S)
        elif raw is not None and ancillary and not parameter.enumeration:
            flight.after_a_cycle()
            flight.ancillary_now(**{parameter.name.lower(): float(parameter.to_physical(raw))})
            yield flight.ancillary_now
        else:
            flight.after_a_cycle()
            kept = flight.session.readings[parameter.name].raw if parameter.name in _KEPT else None
            flight.board.upset_parameter(parameter.index, raw)
            # In the same cycle still: that the data are missing is an edge of its own.
            yield flight.ancillary_now if ancillary else None
            if kept is not None:
                flight.board.upset_parameter(parameter.index, int(kept))

    @contextmanager
    def _check_broken(self, name: str, step: Step) -> Iterator[Callable[[], None] | None]:
        flight = self._flight
        if name in _REGISTERS:
            flight.units.force(*_REGISTERS[name])
            flight.session.run_for(_SEEN_S)
            yield None
            flight.let_go(_REGISTERS[name][0])
            flight.session.run_for(_SEEN_S)
        elif name == "OUTSIDE_TRANSMIT_ZONES":
            with Track(flight.platform, *zones.centre_deg("PARKES")):
                flight.session.run_for(_POSITION_KNOWN_S)
                flight.mark()
                yield None
            flight.session.run_for(_POSITION_KNOWN_S)
        elif name == "TRANSMIT_BUDGET":
            self._take_data(step)
            flight.mark()
            flight.mark_edges()
            yield None
        elif name == "IMAGE_GEOMETRY":
            flight.after_a_cycle()
            flight.ancillary_now(yaw_error_deg=_CROOKED_DEG)
            yield flight.ancillary_now
        elif name == "IMAGING_BUDGET":
            limit_s = flight.dictionary.mission.integer("optical", "imaging_limit_s")
            if step.failures == ("refused:IMAGING_BUDGET",) and flight.imaged_s() + LONGEST_IMAGE_S <= limit_s:
                self._image()
                flight.mark()
            yield None
        else:
            raise NoAct(f"{step.label}: no means to break {name}")

    def _take_data(self, step: Step) -> None:
        """A data take that transmits, with a permit of its own: now the transmitter must cool."""
        flight = self._flight
        session = flight.session
        session.run_for(max(0.0, self.cool_at_s - flight.now_s))
        flight.give("SAR_ARM_TRANSMIT").wait(ANSWER_S)
        flight.give("SAR_PERMIT_TRANSMIT", takes=1 + int(step.before["takes"]), valid_s=PERMIT_S).wait(ANSWER_S)
        flight.load_table("STRIPMAP").wait(ANSWER_S)
        flight.units.release("sar.held")
        start = flight.platform.gps_s() + LEAD_S
        session.send("SAR_START_DATA_TAKE", task_id=76, slot=0, start=start).wait(TAKE_S + _GOES_ON_S)
        flight.units.force("sar.held", 1)
        self.took()
        if step.before["armed"] == "1":
            flight.give("SAR_ARM_TRANSMIT").wait(ANSWER_S)
        flight.load_table(step.label.split()[1].rstrip(",")).wait(ANSWER_S)

    def _image(self) -> None:
        """So much of the orbit's imaging time used that another longest image is too long for it."""
        flight = self._flight
        session = flight.session
        start = flight.platform.gps_s() + LEAD_S
        flight.units.release("optical.held")
        command = flight.start_image("STRIP", start, longest=True)
        session.run_for(LEAD_S + _MORE_S)
        flight.units.force("optical.held", 1)
        session.run_for(_MORE_S)
        flight.units.release("optical.held")
        command.wait(LONGEST_IMAGE_S + _GOES_ON_S)
        flight.units.force("optical.held", 1)
        session.run_for(CYCLE_S)
