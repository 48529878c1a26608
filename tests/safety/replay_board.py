"""The real host board under the replay: the whole firmware as flown, the C models of the units, virtual time.

What nobody does by himself in the checker's world is held here by the bench: each instrument's unit stays at what
it is at (`held`), the door's leaf between two positions (`door_held`), until an edge lets it go on.
"""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from emei.dictionary import load
from emei.packets.telecommands import pack_telecommand
from emei.platform import Platform
from emei.session import Session
from emei.verification import Command
from hil.boards.host import HostBoard
from hil.model import Description
from hil.plugin import GPS_EPOCH_S
from hil.scenarios.optical_images import CALIBRATIONS, IMAGES
from hil.scenarios.sar_tables import table
from tests.safety.explorer import ROOT, CheckerError
from tests.safety.weakenings import OPTICAL, SAR

SPACECRAFT = {"SAR": SAR, "OPTICAL": OPTICAL}

ANSWER_S = 5.0
# A short warm-up, so that a permit or an arm lives through one; the firmware waits its 120 s all the same.
SAR_WARMUP_S = 6
OPTICAL_STABILISATION_S = 1  # time constant of the focal plane
STABLE_S = 1  # it counts as stable after
LOCKED_S = 10.0
SAMPLED_S = 0.3  # what a unit tells is in the pool
PERMIT_S = 300
TAKE_S = 5.0
IMAGE_S = 2.0
LONGEST_IMAGE_S = 300.0
IMAGED_S = 560.0  # of an orbit's imaging time; of what is left an image needs little
STRIPS = 2  # of an image in strips
TURN_S = 5.0  # from one to the next
CALIBRATION_S = 5.0
STRIPS_APART_S = 120.0  # so that a strip's start does not come while another is held
DECONTAMINATION_S = 600.0  # of its hour
# A unit may take so long to become safe, or to end what is aborted: there are acts meanwhile. A recovery has 15 s.
ENDS_S = 13.0
# As long as a bench may wait for a data take to begin and to end: what is held comes to the limits behind that one.
TAKE_END_S = 900.0
SAFE_AWAITED_MS = 15000  # by a telecommand that has nothing else to do (fdir/protection.py)
# So slow that the recorder's store is not full when a data take lasts to its time limit.
SCIENCE_OCTETS_PER_SECOND = 1000
SWEEP_S = 2.0
CYCLE_S = 0.1

# A table's octets in its telecommand: behind the headers and the slot, before the packet error control.
_TABLE = slice(12, -2)

# Phases of a data take that are one in the checker's world.
_PHASES = {
    "NOISE": "WAIT_START",
    "OPENING_CALIBRATION": "WAIT_START",
    "CALIBRATION": "ECHO",
    "CLOSING_CALIBRATION": "ECHO",
}

# Events of what the checker's world has no part of: warnings before trips, positions of a track, the power drawn, the
# recorder's catalogue, which closes what an instrument left open, finds it damaged, or does not get a recorder to agree
# with it that does nothing, when it comes to it, how long a cycle takes, and how often a limiter is opened again that
# stays closed. A table in a slot is good or bad where it is read only.
_NOT_IN_THE_WORLD = (
    "WARNING_LIMIT",
    "ANCILLARY_JUMPED",
    "CATALOGUE_RECONCILED",
    "CATALOGUE_NOT_RECONCILED",
    "DATA_TAKE_CLOSED",
    "CYCLE_OVERRUN",
    "LIMITER_STAYS_CLOSED",
    "TABLE_DROPPED",
    "ENTRY_CORRUPT",
)
REPEATED = ("LIMITER_SWITCHED",)
# Housekeeping that the replay looks at after every cycle.
_EVERY_CYCLE = {"SAR": ("COMPUTER", "FAULTS"), "OPTICAL": ("COMPUTER", "FAULTS", "IMAGING")}
_NO_CURRENTS = ("SAR_CURRENT", "OPTICAL_CURRENT")

# What is at rest until an edge lets it go on. The focal plane is as warm as it is to be, whatever heats or cools it,
# no current is more than what is predicted for the mode, and the recorder has room for image after image, each as long
# as its limit, on one flight.
_HELD = {
    "sar.held": 1.0,
    "optical.held": 1.0,
    "optical.door_held": 1.0,
    "optical.focal_plane_temperature_degc": 20.0,
    "power.excess_sar_a": -30.0,
    "power.excess_optical_a": -10.0,
    "recorder.capacity_mib": 5e7,
}


_WAITS_S = {
    "SAR": {"SAR_SAFE": ENDS_S, "SAR_ABORT": ENDS_S, "TAKE_BEGIN": TAKE_END_S, "TAKE_END": TAKE_END_S},
    "OPTICAL": {
        "OPTICAL_SAFE": ENDS_S,
        "OPTICAL_ABORT": ENDS_S,
        "OPTICAL_STABILISATION": STABLE_S,
        "OPTICAL_DECONTAMINATION_HOUR": DECONTAMINATION_S,
        "TAKE_BEGIN": TAKE_END_S,
        "TAKE_END": TAKE_END_S,
    },
}


class Flight:
    """One board from its power-on to where the checker begins, and on."""

    def __init__(self, side: str, directory: Path) -> None:
        self.side = side
        description = Description.read(ROOT / "hil" / "benches" / "host.toml")
        settings = {"sar_warmup_s": SAR_WARMUP_S, "optical_stabilisation_s": OPTICAL_STABILISATION_S}
        if side == "OPTICAL":
            settings["science_octets_per_second"] = SCIENCE_OCTETS_PER_SECOND
        self.dictionary = load()
        flown = next(each for each in self.dictionary.spacecraft.values() if each.id == SPACECRAFT[side])
        description = replace(description, spacecraft=flown.name, units={**description.units, **settings})
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        self.board = HostBoard(description, directory)
        self.units = self.board.units
        self.session = Session(self.dictionary, self.board.link, spacecraft=flown.name)
        self.platform = Platform(self.session, GPS_EPOCH_S)
        self.commands: list[Command] = []
        self.given_s: dict[str, float] = {}  # when a telecommand was last sent, by name: arms and permits expire
        self._tables: list[tuple[Command, bytes]] = []  # into slot 0, as they are packed
        self._told: set[int] = set()
        self.since = 0  # events from here on are the act's
        self._first_of_act = 0
        self._edges_before = 0
        self._event_names = {event.id: event.name for event in self.dictionary.events.values()}
        for name in _HELD:
            self.let_go(name)
        self.session.wait_for(lambda: self.session.value("POWER_BUS_VOLTAGE_V"), 10, "Housekeeping of the power unit")
        self.session.wait_for(lambda: self.session.value("RECORDER_STATE") == "READY", 10, "A recorder that is ready")
        self.prepare()

    def __enter__(self) -> "Flight":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.board.stop()

    @property
    def now_s(self) -> float:
        return self.board.elapsed_s()

    def prepare(self) -> None:
        """From a boot to where the checker begins: time, ancillary data, one table loaded, unless it is refused."""
        session = self.session
        session.wait_for(lambda: session.value("TIME_QUALITY") == "DISCIPLINED", 15, "A disciplined on-board time")
        every_cycle = [self.dictionary.structures[name].id for name in _EVERY_CYCLE[self.side]]
        for structure in every_cycle:
            session.send("HOUSEKEEPING_SET_PERIOD", structure=structure, period_cycles=1).wait(ANSWER_S)
        kept = (*every_cycle, 5, 6)
        others = [structure.id for structure in self.dictionary.structures.values() if structure.id not in kept]
        if self.side == "SAR":
            loaded = self.load_table("STRIPMAP")
            session.wait_for(lambda: loaded.finished, ANSWER_S, "An answer")
        for wait, wait_s in _WAITS_S[self.side].items():
            session.send("SET_BENCH_WAIT", wait=wait, wait_ms=round(wait_s * 1000)).wait(ANSWER_S)
        for structures in (others[:8], [*others[8:], 5, 6]):
            session.send("HOUSEKEEPING_DISABLE", structures=structures).wait(ANSWER_S)
        session.run_for(0.5)

    def load_table(self, mode: str, **other: int) -> Command:
        """A good table of the mode into slot 0. A beam that is swept has not got far to go."""
        duration_s = SWEEP_S if mode == "SPOTLIGHT" else TAKE_S
        arguments = {"slot": 0, **table(mode, duration_s), **other}
        command = self.send("SAR_LOAD_TABLE", **arguments)
        self._tables.append((command, pack_telecommand(self.dictionary, "SAR_LOAD_TABLE", arguments)[_TABLE]))
        return command

    def upset_table(self) -> None:
        """A bit of the table in slot 0, the last that was not refused, in the application's memory."""
        table = [octets for command, octets in self._tables if not command.failure][-1]
        if not self.board.upset_memory(table, len(table) - 1, 1):
            raise CheckerError("the table that was loaded is nowhere in the application's memory")

    def start_image(self, mode: str, start: float, name: str = "", longest: bool = False) -> Command:
        """An image or a calibration of the mode, short or as long as one may be; by another telecommand with `name`."""
        calibrates = mode in CALIBRATIONS
        settings: dict[str, Any] = {**IMAGES.get(mode, {})}
        duration_s = CALIBRATION_S if calibrates else LONGEST_IMAGE_S if longest else IMAGE_S
        if "strips" in settings:
            duration_s = duration_s / STRIPS if longest else duration_s
            apart_s = duration_s + TURN_S if longest else STRIPS_APART_S
            settings |= {"strips": STRIPS, "interval_ms": round(apart_s * 1000)}
        settings["duration_ms"] = round(duration_s * 1000)
        name = name or ("OPTICAL_START_CALIBRATION" if calibrates else "OPTICAL_START_IMAGE")
        return self.send(name, task_id=78, mode=mode, start=start, **settings)

    def let_go(self, name: str) -> None:
        """A register as the unit has it, or as it is at rest."""
        if name in _HELD:
            self.units.force(name, _HELD[name])
        else:
            self.units.release(name)

    def let_oscillator_lock(self) -> None:
        """A unit that has just started anew takes its time, which the checker's world knows nothing of, and what it
        tells must be in the pool.
        """
        until_s = self.now_s + LOCKED_S
        is_locked = False
        while self.units.observe("sar.powered") and self.now_s < until_s:
            was_locked, is_locked = is_locked, self.units.observe("sar.oscillator_locked") >= 1
            if was_locked and is_locked:
                break
            self.session.run_for(SAMPLED_S)

    def let_recorder_close(self) -> None:
        """An entry that was just being opened when its data take was ended is closed a little later."""
        until_s = self.now_s + ANSWER_S
        while self._label("RECORDER_STATE", "recorder.state") == "RECORDING" and self.now_s < until_s:
            self.session.run_for(SAMPLED_S)

    def mark(self, since: int | None = None) -> None:
        """Telecommands from here on are the act's, and events from here or from `since` on."""
        self.since = len(self.session.events) if since is None else since
        self._first_of_act = len(self.commands)

    def mark_edges(self) -> None:
        """Edges of transmit-enable from here on are the next act's, also those that come before it begins."""
        self._edges_before = len(self.board.edges)

    def begins(self) -> int:
        """How often transmit-enable was driven since then."""
        return sum(edge.on for edge in self.board.edges[self._edges_before :])

    def send(self, name: str, **arguments: object) -> Command:
        """A telecommand whose failures are told by new_failures()."""
        command = self.give(name, **arguments)
        self.commands.append(command)
        return command

    def give(self, name: str, **arguments: object) -> Command:
        """A telecommand that is no act of its own."""
        self.given_s[name] = self.now_s
        return self.session.send(name, **arguments)

    def after_a_cycle(self) -> None:
        """Go on until a control cycle has just ended: what is sent now comes before the next samples."""
        before = self.session.value("CYCLES")
        self.session.wait_for(lambda: self.session.value("CYCLES") != before, 1, "Another control cycle")

    def ancillary_now(self, **other: float) -> None:
        """Ancillary data now, as they are but for what is named."""
        self.session.send("ANCILLARY_DATA", **{**self.platform.ancillary(self.platform.gps_s()), **other})

    def imaged_s(self) -> float:
        """Of this orbit's imaging time, used."""
        return float(self.session.readings["OPTICAL_IMAGING_TIME_S"].raw)

    def orbit_left_s(self) -> float:
        """Orbits are whole periods of GPS time."""
        period_s = self.dictionary.mission.integer("orbit", "period_s")
        return period_s - self.platform.gps_s() % period_s

    def new_failures(self) -> tuple[str, ...]:
        """Failure reports since last asked, as the checker writes them; outcomes.py says which it leaves out."""
        found = []
        for index, command in enumerate(self.commands):
            if command.failure and index not in self._told:
                self._told.add(index)
                if command.failure.name == "STEP_TIME_OUT" and command.failure.limit == SAFE_AWAITED_MS:
                    continue
                found.append(f"{'failed' if command.failure.subservice == 8 else 'refused'}:{command.failure.name}")
        return tuple(sorted(found))

    def is_answered(self) -> bool:
        """Was every telecommand of the act started or refused?"""
        return all(command.failure or command.reports[1:] for command in self.commands[self._first_of_act :])

    @property
    def transmit_enabled(self) -> bool:
        return bool(self.board.edges and self.board.edges[-1].on)

    def events_since(self, since: int) -> tuple[int, ...]:
        """Events that came since, by id, without what the checker's world has no part of."""
        return tuple(number for number, _ in self.timed_events(since))

    def timed_events(self, since: int) -> list[tuple[int, float]]:
        """The same, each with the time when it came."""
        return [
            (self.dictionary.event(event.name).id, event.time_s)
            for event in self.session.events[since:]
            if event.fields.get("monitor") not in _NO_CURRENTS
        ]

    def event_words(self, events: Iterable[int]) -> str:
        """Names of events, in the order of the alphabet, as far as both sides can raise them. How often limiters were
        commanded until the power unit's telemetry confirmed it is a matter of samples; what they are is seen besides.
        """
        names = [self._event_names[event] for event in events]
        names = [name for place, name in enumerate(names) if name not in REPEATED or name not in names[:place]]
        return " ".join(sorted(name for name in names if name not in _NOT_IN_THE_WORLD))

    def outcome(self) -> Mapping[str, str]:
        """What the checker's outcome tells, from where it can be seen: the ground's telemetry, the bench's units."""
        session = self.session
        side = self.side
        enabled = self.transmit_enabled
        seen = {
            "mode": str(session.value(f"{side}_MODE")),
            "refuse": str(session.readings["REFUSE"].raw),
            "cause": str(session.readings["SAFING_CAUSE"].raw),
            "permit": str(session.value("TRANSMIT_PERMIT")),
            "enable": str(int(enabled)),
            "limiters": str(round(self.units.observe("power.limiters_closed"))),
            "time": str(int(session.value("TIME_QUALITY") != "UNSET")),
        }
        if side == "OPTICAL":
            seen["door"] = self._door()
        if self.units.observe(f"{side.lower()}.powered"):
            seen |= self.unit()
            if side == "SAR" and bool(self.units.observe("sar.transmit_enable_seen")) != enabled:
                seen["enable"] = "not as the unit sees it"
        return seen

    def unit(self) -> dict[str, str]:
        """State of the instrument's unit, and its phase while it takes data, as its registers have them."""
        unit = self.side.lower()
        state = self._label(f"{self.side}_UNIT_STATE", f"{unit}.state")
        if state not in ("TAKING", "IMAGING"):
            return {"unit": state}
        phase = self._label(f"{self.side}_PHASE", f"{unit}.phase")
        return {"unit": state, "phase": _PHASES.get(phase, phase)}

    def _label(self, enumeration: str, quantity: str) -> str:
        return self.dictionary.enumeration(enumeration).label(round(self.units.observe(quantity)))

    def _door(self) -> str:
        if self.units.observe("optical.powered"):
            return self._label("DOOR", "optical.door")
        return "SHUT" if self.units.observe("optical.door_position") <= 0 else "MOVING"
