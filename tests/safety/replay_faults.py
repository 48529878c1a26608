"""Faults of the checker's world as acts of the bench: units, supply, alarm, surroundings, the application itself."""

from collections.abc import Callable

from emei.platform import quiet_sky
from hil.scenarios import zones
from tests.safety.replay_board import CYCLE_S, Flight

RESET = "a reset by the watchdog"
THIRD_RESET = "the third reset by the watchdog within an hour"
UPSET = "an upset in slot 0"
OVER = ": over"

RESETS_TO_SAFE = 2

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
        units, board = flight.units, flight.board
        self.acts: dict[str, Callable[[], object]] = {
            "alarm": lambda: board.alarm(True),
            f"alarm{OVER}": lambda: board.alarm(False),
            "a temperature beyond its trip limit": lambda: [units.force(*item) for item in _HOT.items()],
            f"a temperature beyond its trip limit{OVER}": lambda: [units.release(name) for name in _HOT],
            "no ancillary data": lambda: flight.platform.pause(time_messages=False),
            f"no ancillary data{OVER}": flight.platform.resume,
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
        for unit in ("SAR", "OPTICAL", "POWER", "RECORDER"):
            stuck = "power.stuck_limiters" if unit == "POWER" else f"{unit.lower()}.stuck_state"
            for label, fault in (("does not answer", f"{unit.lower()}.deaf"), ("does nothing", stuck)):
                self.acts[f"the {unit} unit {label}"] = lambda fault=fault: units.force(fault, 1)
                self.acts[f"the {unit} unit {label}{OVER}"] = lambda fault=fault: units.release(fault)

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
        flight.platform.ancillary = lambda gps_s: {**quiet_sky(gps_s), **place}
        flight.after_a_cycle()
        flight.ancillary_now()
        flight.ancillary_now()

    def _trip(self, fault: str) -> None:
        self._flight.units.force(fault, 1)
        self._flight.session.run_for(_TRIPS_S)
        self._flight.units.release(fault)

    def _hang(self) -> None:
        self._flight.board.hang(_HANG_S)
        self._flight.session.run_for(_HANG_S + 2 * CYCLE_S)

    def _reset(self, safe: bool = False) -> None:
        flight = self._flight
        resets = len(flight.board.resets)
        flight.board.hang(_WATCHDOG_S)
        flight.session.wait_for(lambda: len(flight.board.resets) > resets, _BOOTS_S, "A reset by the watchdog")
        self.resets += 1
        flight.prepare(safe)

    def _reset_until_safe(self) -> None:
        """The power-on was the first boot of three."""
        while self.resets < RESETS_TO_SAFE - 1:
            self._reset()
        self._reset(safe=True)
