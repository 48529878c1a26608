"""Faults of the checker's world as acts of the bench: units, supply, alarm, surroundings, the application itself."""

from collections.abc import Callable

from emei.platform import quiet_sky
from hil.scenarios import zones
from tests.safety.replay_board import CYCLE_S, Flight
from tests.safety.replay_plan import Step

RESET = "a reset by the watchdog"
THIRD_RESET = "the third reset by the watchdog within an hour"
BOOTS = (RESET, THIRD_RESET, "LEAVE_SAFE_BOOT")
OVER = ": over"

_SPOILT = "_spoilt"

RESETS_TO_SAFE = 2

# By the words of the outcome; the alarm is ended by its own edge alone.
_LABELS = {
    "hot": "a temperature beyond its trip limit",
    "sun_near": "sun near",
    "no_ancillary": "no ancillary data",
    "zone": "a transmit zone ahead",
}

_FOUND_S = 1.5  # what a unit says again is heard, also one that is seldom asked
_HANG_S = 1.5
_WATCHDOG_S = 2.5
_BOOTS_S = 5.0
_TRIPS_S = 0.05
_HOT = {"sar.trm_temperature_degc": 70.0, "optical.focal_plane_temperature_degc": 40.0}
_SUN_NEAR_DEG = 20.0


class Faults:
    """By the labels of the checker; a standing one has a label for its end."""

    def __init__(self, flight: Flight) -> None:
        self._flight = flight
        self.resets = 0
        self.before_boot = 0  # events from here on came with the last reset or after it
        units, board = flight.units, flight.board
        self.acts: dict[str, Callable[[], object]] = {
            "alarm": lambda: board.alarm(True),
            f"alarm{OVER}": lambda: board.alarm(False),
            "a temperature beyond its trip limit": lambda: [units.force(*item) for item in _HOT.items()],
            f"a temperature beyond its trip limit{OVER}": lambda: [flight.let_go(name) for name in _HOT],
            "no ancillary data": self._end_ancillary,
            f"no ancillary data{OVER}": self._give_ancillary,
            "sun near": lambda: self._sun(_SUN_NEAR_DEG),
            f"sun near{OVER}": lambda: self._sun(None),
            "a transmit zone ahead": lambda: self._be_at(*zones.centre_deg("PARKES")),
            f"a transmit zone ahead{OVER}": lambda: self._be_at(None, None),
            "the application hangs for 1.5 s": self._hang,
            RESET: self._reset,
            THIRD_RESET: self._reset_until_safe,
        }
        for unit in ("SAR", "OPTICAL"):
            name = unit.lower()
            self.acts[f"the {unit} unit fails"] = lambda name=name: units.force(f"{name}.fail", 1)
            self.acts[f"the {unit} unit starts anew by itself"] = lambda name=name: units.force(f"{name}.reset", 1)
            self.acts[f"the {unit} supply trips"] = lambda name=name: self._trip(f"power.latchup_{name}")
            self.acts[f"the next block written to the {unit} unit is corrupted"] = lambda name=name: units.force(
                f"{name}.spoil_write", 1
            )
        self._standing = {word: (label, self.acts[label + OVER]) for word, label in _LABELS.items()}
        for unit in ("SAR", "OPTICAL"):
            label = f"the next block written to the {unit} unit is corrupted"
            self._standing[unit + _SPOILT] = (label, lambda unit=unit: units.release(f"{unit.lower()}.spoil_write"))
        for unit in ("SAR", "OPTICAL", "POWER", "RECORDER"):
            stuck = "power.stuck_limiters" if unit == "POWER" else f"{unit.lower()}.stuck_state"
            for word, what, fault in (
                ("silent", "does not answer", f"{unit.lower()}.deaf"),
                ("stuck", "does nothing", stuck),
            ):
                label = f"the {unit} unit {what}"
                self.acts[label] = lambda fault=fault: self._between_cycles(lambda: units.force(fault, 1))
                self.acts[label + OVER] = lambda fault=fault: self._between_cycles(lambda: units.release(fault))
                self._standing[f"{unit}_{word}"] = (label, self.acts[label + OVER])

    def forget(self, step: Step) -> None:
        """End what stood before the step or began with it, stands no more after it, and was ended by no edge."""
        for word in () if step.label in BOOTS else self._forgotten(step):
            self._standing[word][1]()
            if not word.endswith(_SPOILT):
                self._flight.session.run_for(_FOUND_S)

    def end_with_boot(self, step: Step) -> None:
        """What nobody meets any more after a boot ends with it: the first cycle must not find it."""
        for word in self._forgotten(step):
            self._standing[word][1]()

    def _forgotten(self, step: Step) -> list[str]:
        before, after = (set(words["faults"].split("+")) for words in (step.before, step.after))
        return [
            word
            for word, (begins, _) in self._standing.items()
            if (word in before or step.label == begins) and word not in after and step.label != begins + OVER
        ]

    def _end_ancillary(self) -> None:
        """Now the last: when they are stale is so known."""
        self._flight.ancillary_now()
        self._flight.platform.pause(time_messages=False)

    def _give_ancillary(self) -> None:
        """Again, from this cycle on."""
        self._flight.platform.resume()
        self._flight.ancillary_now()

    def _between_cycles(self, change: Callable[[], object]) -> None:
        """Edges come between two control cycles: not every other command of one is to be answered."""
        self._flight.after_a_cycle()
        change()

    def _sun(self, angle_deg: float | None) -> None:
        """Ancillary data of a quiet sky, at once; the Sun where it is said."""
        flight = self._flight
        other = {} if angle_deg is None else {"sun_angle_deg": angle_deg}
        flight.platform.ancillary = lambda gps_s: {**quiet_sky(gps_s), **other}
        flight.ancillary_now(**other)

    def _be_at(self, latitude_deg: float | None, longitude_deg: float | None) -> None:
        """Over a place, or where the quiet sky has it. Of two positions in a cycle the second is no jump."""
        flight = self._flight
        place = {} if latitude_deg is None else {"latitude_deg": latitude_deg, "longitude_deg": longitude_deg}
        # Not before: the platform's own, once a second, would come alone in the cycle that ends.
        flight.after_a_cycle()
        flight.platform.ancillary = lambda gps_s: {**quiet_sky(gps_s), **place}
        flight.ancillary_now()
        flight.ancillary_now()

    def _trip(self, fault: str) -> None:
        """Between two samples: the current that trips it must not be sampled too, a trip limit of its own."""
        self._flight.after_a_cycle()
        self._flight.units.force(fault, 1)
        self._flight.session.run_for(_TRIPS_S)
        self._flight.units.release(fault)

    def _hang(self) -> None:
        self._flight.board.hang(_HANG_S)
        self._flight.session.run_for(_HANG_S + 2 * CYCLE_S)

    def _reset(self) -> None:
        self._await_reset(lambda: self._flight.board.hang(_WATCHDOG_S))
        self.resets += 1

    def leave_safe_boot(self) -> None:
        """In a safe boot it resets."""
        flight = self._flight
        if flight.session.value("SAFE_BOOT") == "ON":
            self._await_reset(lambda: flight.send("LEAVE_SAFE_BOOT"))
            self.resets = -1  # and no boot counts any more
        else:
            flight.send("LEAVE_SAFE_BOOT")

    def _await_reset(self, begin: Callable[[], object]) -> None:
        flight = self._flight
        resets = len(flight.board.resets)
        self.before_boot = len(flight.session.events)
        begin()
        flight.session.wait_for(lambda: len(flight.board.resets) > resets, _BOOTS_S, "A reset")
        flight.session.readings.clear()
        flight.prepare()

    def _reset_until_safe(self) -> None:
        """The power-on was the first boot of three. What the second refuses is not the third's."""
        while self.resets < RESETS_TO_SAFE - 1:
            self._reset()
            self._flight.new_failures()
        self._reset()
