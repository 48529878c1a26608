"""Every guard of the firmware, weakened one at a time, so that the checker can be seen to find each.

Guards of the mode tables are found in the dictionary. The interlocks in the code are listed: a place in a source file
and what stands there instead. A place that is no longer there is an error, so that the list follows the code. Of the
monitors one is dropped, for the checker to see; all are held against the specification once more, written apart
(tests/host/test_specification.py).
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from emei.dictionary.load import load
from tests.safety.explorer import ROOT

SAR = 0x0E11
OPTICAL = 0x0E21


@dataclass(frozen=True)
class Weakening:
    """`removed`: a guard of the tables, for the checker. Else `file` has `new` where it had `old`; `also`: where a
    second barrier stands behind it, the same (file, old, new) for that one, `behind` names it.
    """

    name: str
    spacecraft: int
    removed: str = ""
    file: str = ""
    old: str = ""
    new: str = ""
    behind: str = ""
    also: tuple[tuple[str, str, str], ...] = ()

    def edits(self) -> tuple[tuple[str, str, str], ...]:
        return ((self.file, self.old, self.new), *self.also)


def weakened(text: str, name: str, file: str, old: str, new: str) -> str:
    """A source file's text with the weakening. Raises ValueError unless its place is there, once."""
    if text.count(old) != 1:
        raise ValueError(f"{name}: {text.count(old)} places in {file}, not 1")
    return text.replace(old, new)


@contextmanager
def firmware_with(weakening: Weakening) -> Iterator[str]:
    """A path for MicroPython on which the firmware is found with the weakening."""
    if weakening.removed:
        yield ".frozen"
        return
    with firmware_edited(weakening.name, weakening.edits()) as path:
        yield path


@contextmanager
def firmware_edited(name: str, edits: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """A path for MicroPython on which the firmware is found with each (file, old, new); `name` is for the error.

    Raises ValueError when a place is not there, once.
    """
    with TemporaryDirectory() as directory:
        payload = Path(directory) / "payload"
        shutil.copytree(ROOT / "firmware" / "payload", payload)
        shutil.copytree(ROOT / "build" / "gen" / "firmware" / "payload", payload, dirs_exist_ok=True)
        for file, old, new in edits:
            source = payload / file
            source.write_text(weakened(source.read_text(), name, file, old, new))
        yield f"{directory}:.frozen"


# A guard that asks for nothing: of a staring image the geometry smears nothing, so that LinePeriod.require() returns.
ASKS_NOTHING = ("OPTICAL VIDEO IMAGE_GEOMETRY",)


def table_guards() -> list[Weakening]:
    """One for each guard of each transition."""
    found = {}
    for machine in load().machines.values():
        spacecraft = SAR if machine.instrument == "SAR" else OPTICAL
        for transition in machine.transitions:
            for guard in transition.guards:
                name = f"{machine.instrument} {transition.target} {guard}"
                if name not in ASKS_NOTHING:
                    found[name] = Weakening(f"guard {name}", spacecraft, removed=name)
    return list(found.values())


_INTERLOCKS = "instruments/interlocks.py"
_INSTRUMENT = "instruments/instrument.py"
_MACHINE = "instruments/machine.py"
_SAR = "instruments/sar.py"
_OPTICAL = "instruments/optical.py"
_PROTECTION = "fdir/protection.py"
_ESCALATION = "fdir/escalation.py"
_ASKED_AGAIN = ("instruments/sar.py", "        self.machine.require_entry(request)\n", "")
_CAME_UP_ANEW = "        if state == _STATE_BOOT:\n            return True\n"
_STAYS_CLOSED = ("units/power.py", "        if not stays:\n", "        if True:\n")

CODE = (
    Weakening(
        "the second step needs no first", SAR, file=_INTERLOCKS,
        old="        if not armed:\n            raise Refusal(failures.NOT_ARMED)", new="        pass",
    ),
    Weakening(
        "an arm step does not expire", SAR, file=_INTERLOCKS,
        old="if self._armed and hal.uptime_s() >= self._until_s:", new="if False:",
    ),
    Weakening(
        "an arm step is good for more than one fire step", SAR, file=_INTERLOCKS,
        old="        self._armed = False\n        if not armed:", new="        if not armed:",
    ),
    Weakening(
        "a permit does not expire", SAR, file=_INTERLOCKS,
        old="if self._takes_left and hal.uptime_s() >= self._until_s and not hal.guard_permitted():", new="if False:",
        behind="who asks for it asks for its time",
        also=((_INTERLOCKS, " and hal.uptime_s() < self._until_s\n", "\n"),),
    ),
    Weakening(
        "a data take begins without a permit", SAR, file=_INTERLOCKS,
        old="        if not self.in_force():\n            return False\n        self._takes_left -= 1",
        new="        self._takes_left = max(self._takes_left - 1, 0)",
        behind="the guards are asked again just before it begins", also=(_ASKED_AGAIN,),
    ),
    Weakening(
        "a permit is not used up", SAR, file=_INTERLOCKS, old="        self._takes_left -= 1\n", new="",
    ),
    Weakening(
        "the end of a data take leaves the guard its permit", SAR, file=_INTERLOCKS,
        old='withdrawn."""\n        hal.guard_inhibit()', new='withdrawn."""',
    ),
    Weakening(
        "the inhibit leaves the guard its permit", SAR, file=_INTERLOCKS,
        old='anything else happens."""\n        hal.guard_inhibit()', new='anything else happens."""',
    ),
    Weakening(
        "the inhibit leaves the permit in force", SAR, file=_INTERLOCKS,
        old="        if self._takes_left:\n            self._takes_left = 0\n", new="        if self._takes_left:\n",
    ),
    Weakening(
        "the inhibit leaves the first step of a permit", SAR, file=_INTERLOCKS,
        old="        self._two_step.disarm()\n", new="",
    ),
    Weakening(
        "the REFUSE state refuses nothing", SAR, file=_INTERLOCKS,
        old="        if self._cause:\n            raise Refusal(failures.REFUSE_STATE, self._cause)", new="        pass",
    ),
    Weakening(
        "the REFUSE state is left while a limit is broken", SAR, file=_INTERLOCKS,
        old="        protection.require_limits_clear()\n", new="",
    ),
    Weakening(
        "the REFUSE state is left in one step", SAR, file=_INTERLOCKS, old="        self._exit.fire()\n", new="",
    ),
    Weakening(
        "a range guard takes a stale sample", SAR, file=_INTERLOCKS,
        old="if not hal.pool_valid(parameter):", new="if False:",
    ),
    Weakening(
        "a range guard has no minimum", SAR, file=_INTERLOCKS,
        old="if minimum is not None and value < minimum:", new="if False:",
    ),
    Weakening(
        "a range guard has no maximum", SAR, file=_INTERLOCKS,
        old="if maximum is not None and value > maximum:", new="if False:",
    ),
    Weakening(
        "a transition does not ask for the REFUSE state", SAR, file=_MACHINE,
        old="        self._refuse.require_clear()\n        if self.busy():", new="        if self.busy():",
    ),
    Weakening(
        "a second transition is not refused", SAR, file=_MACHINE, old="        if self.busy():\n", new="        if False:\n",
    ),
    Weakening(
        "a transition starts in any mode", SAR, file=_MACHINE,
        old="if to_mode == target and from_mask >> self.mode & 1:", new="if to_mode == target:",
    ),
    Weakening(
        "a mode telecommand reaches a data take", SAR, file=_MACHINE,
        old="if self._kinds[target] not in (_KIND_OFF, _KIND_REST):", new="if False:",
    ),
    Weakening(
        "an image telecommand reaches any mode", OPTICAL, file=_MACHINE,
        old="if self._kinds[target] != _KIND_TAKE:\n            raise", new="if False:\n            raise",
        behind="the optical driver knows its image modes",
        also=((_OPTICAL, "        if mode not in IMAGE_MODES:\n            raise", "        if False:\n            raise"),),
    ),
    Weakening(
        "guards are not asked", SAR, file=_MACHINE,
        old="            self._interlocks.require(guard, request)\n", new="            pass\n",
    ),
    Weakening(
        "an abort is not heeded", SAR, file=_MACHINE, old="            if self._cancelled:\n", new="            if False:\n",
    ),
    Weakening(
        "a transition has no time limit", SAR, file=_MACHINE,
        old="if hal.ticks_diff(hal.ticks_ms(), started_ms) > time_limit_ms:", new="if False:",
    ),
    Weakening(
        "a safing does not inhibit", SAR, file=_MACHINE,
        old="        self._driver.inhibit()\n        self._refuse.latch(cause)", new="        self._refuse.latch(cause)",
    ),
    Weakening(
        "a safing does not latch the REFUSE state", SAR, file=_MACHINE,
        old="        self._driver.inhibit()\n        self._refuse.latch(cause)", new="        self._driver.inhibit()",
    ),
    Weakening(
        "a hard-off does not inhibit", SAR, file=_MACHINE,
        old="        self._driver.inhibit()\n        try:\n            self._driver.cut_power()", new="        try:\n            self._driver.cut_power()",
    ),
    Weakening(
        "a hard-off cuts no power", SAR, file=_MACHINE,
        old="            self._driver.cut_power()\n        except Failure:\n            # Whatever", new="            pass\n        except Failure:\n            # Whatever",
    ),
    Weakening(
        "a table that was read back otherwise is taken", SAR, file="units/unit.py",
        old="        if differs >= 0:\n", new="        if False:\n",
    ),
    Weakening(
        "the CRC of a slot is not checked", SAR, file="instruments/acquisition_table.py",
        old="if not self._used[slot] or hal.crc16(block, 0, octets) != hal.get(hal.U16, block, octets):",
        new="if not self._used[slot]:",
    ),
    Weakening(
        "the data take does not withdraw the guard's permit", SAR, file=_SAR,
        old="        finally:\n            self._permit.end_take()", new="        finally:\n            pass",
    ),
    Weakening(
        "no look for zones before transmit-enable", SAR, file=_SAR,
        old="            if transmits:\n                self._require_clear_track(",
        new="            if False:\n                self._require_clear_track(",
        behind="the guards are asked again just before it begins", also=(_ASKED_AGAIN,),
    ),
    Weakening(
        "no look for zones while transmitting", SAR, file=_SAR,
        old="        if transmits:\n            self._require_clear_track(Failure, 0",
        new="        if False:\n            self._require_clear_track(Failure, 0",
    ),
    Weakening(
        "leaving PREOP for STANDBY does not inhibit", SAR, file=_SAR,
        old="        self.inhibit()\n        self._command(enums.SAR_UNIT_COMMAND_STANDBY)",
        new="        self._command(enums.SAR_UNIT_COMMAND_STANDBY)",
    ),
    Weakening(
        "switching off does not inhibit", SAR, file=_SAR,
        old="        self.inhibit()\n        # First:", new="        # First:",
    ),
    Weakening(
        "the alarm is not heeded", SAR, file=_PROTECTION,
        old="        if alarms != self._alarms:", new="        if False:",
    ),
    Weakening(
        "the alarm leaves the permit of an instrument that is off", SAR, file=_PROTECTION,
        # Each of the two withdraws it.
        old="        driver.inhibit()\n        self._refuse.latch(cause)", new="        pass",
    ),
    Weakening(
        "the alarm does not latch the REFUSE state", SAR, file=_PROTECTION,
        old="        driver.inhibit()\n        self._refuse.latch(cause)", new="        driver.inhibit()",
    ),
    Weakening(
        "the guard's trip is not heeded", SAR, file=_PROTECTION,
        old="sar.machine.safe(events.TRANSMIT_GUARD_TRIPPED[0])", new="pass",
    ),
    Weakening(
        "what fails on its way out of SAFE is taken for safe", SAR, file=_MACHINE,
        old="self.is_safe() and self._target == _NOBODY", new="self.is_safe()",
    ),
    Weakening(
        "a unit lost in SAFE is left there", SAR, file=_PROTECTION,
        old="if driver.unit.lost() and not machine.busy():", new="if False:",
    ),
    Weakening(
        "a lost unit is not safed", SAR, file=_PROTECTION,
        old="machine.safe(events.UNIT_LOST[0])", new="pass",
    ),
    Weakening(
        "a failed unit is not safed", SAR, file=_PROTECTION,
        old="machine.safe(events.UNIT_FAULT[0])", new="pass",
    ),
    Weakening(
        "a trip limit is not heeded", SAR, file=_PROTECTION,
        old="                self._tripped.append(monitor)\n            self._act(monitor)",
        new="                self._tripped.append(monitor)",
        behind="a limit that stays broken is acted upon 10 s later, and the first time at once",
        also=((_PROTECTION, "driver is not None and not driver.machine.busy():", "False:"),),
    ),
    Weakening(
        "the exit from REFUSE does not ask for the alarm", SAR, file=_PROTECTION,
        old="        if hal.alarm():\n            raise", new="        if False:\n            raise",
    ),
    Weakening(
        "the exit from REFUSE does not ask for the limits", SAR, file=_PROTECTION,
        old="            if self._is_broken(monitor):", new="            if False:",
    ),
    Weakening(
        "the exit from REFUSE takes what is not known for clear", SAR, file=_PROTECTION,
        old="            if self._is_unknown(monitor):", new="            if False:",
    ),
    Weakening(
        "a first step of the exit outlives a new safing", SAR, file=_INTERLOCKS,
        old="        self._exit.disarm()\n", new="",
    ),
    Weakening(
        "a refused exit leaves its first step", SAR, file=_INTERLOCKS,
        old="        self._exit.fire()\n        protection.require_limits_clear()\n",
        new="        protection.require_limits_clear()\n        self._exit.fire()\n",
    ),
    Weakening(
        "the exit from REFUSE does not wait for a safing", OPTICAL, file=_PROTECTION,
        old="            if driver.machine.is_safing():\n                raise", new="            if False:\n                raise",
    ),
    Weakening(
        "an alarm that finds the power unit silent is forgotten", SAR, file=_MACHINE,
        old="            self.safe(cause, True)\n            if", new="            if",
        behind="a limiter that is closed and should be open is opened again",
        also=(_STAYS_CLOSED,),
    ),
    Weakening(
        "boot opens no limiter", SAR, file="main.py",
        old="            self.limiters.open_all()\n", new="            pass\n",
    ),
    Weakening(
        "a limiter that stays closed is left so", SAR, file=_STAYS_CLOSED[0], old=_STAYS_CLOSED[1], new=_STAYS_CLOSED[2],
    ),
    Weakening(
        "the door opens toward the Sun", OPTICAL, file=_OPTICAL,
        old="guards = () if position == enums.DOOR_COMMAND_SHUT else (modes.GUARD_SUN_ANGLE,)", new="guards = ()",
    ),
    Weakening(
        "the door is tested toward the Sun", OPTICAL, file=_OPTICAL,
        old="_DOOR_TEST_MODES, self._test_door, (modes.GUARD_SUN_ANGLE,)", new="_DOOR_TEST_MODES, self._test_door, ()",
    ),
    Weakening(
        "the door opens in any mode", OPTICAL, file=_MACHINE,
        old="        if self.mode not in modes:\n", new="        if False:\n",
    ),
    Weakening(
        "settings that were read back otherwise are taken", OPTICAL, file="units/unit.py",
        old="        if differs >= 0:\n", new="        if False:\n",
    ),
    Weakening(
        "a supply that was switched off is taken for off by the reply alone", OPTICAL, file="instruments/instrument.py",
        old="        yield from self._limiters.require_open(self._limiters_used)\n", new="        yield 0\n",
    ),
    Weakening(
        "a hard-off that is not confirmed leaves its supply to what a retry has switched on", OPTICAL, file=_MACHINE,
        old="if self._reaction == _NOTHING and (self.mode == self.unpowered_mode or self._driver.powered()):",
        new="if False:",
    ),
    Weakening(
        "a second supply cycle without the ground", SAR, file=_MACHINE,
        old="elif reaction == _SWITCHING_OFF and not self._retried:", new="elif reaction == _SWITCHING_OFF:",
    ),
    Weakening(
        "the first step of a permit is taken in the REFUSE state", SAR, file="services/sar.py",
        old="        self._refuse.require_clear()\n        self._permit.arm()", new="        self._permit.arm()",
    ),
    Weakening(
        "the second step of a permit is taken in the REFUSE state", SAR, file="services/sar.py",
        old="        self._refuse.require_clear()\n        self._permit.permit(", new="        self._permit.permit(",
        behind="a safing withdraws the first step",
        also=((_INTERLOCKS, "        self._two_step.disarm()\n", ""),),
    ),
    Weakening(
        "a safe boot refuses nothing", SAR, file=_INTERLOCKS,
        old="if self._boot_history is not None and self._boot_history.safe:", new="if False:",
    ),
    Weakening(
        "the third boot within an hour is like any other", SAR, file="fdir/boot_history.py",
        old="        self.safe = self.boots >= mission.FAULT_LEVELS_BOOTS\n", new="        self.safe = False\n",
    ),
    Weakening(
        "a door that is shut keeps its supply", OPTICAL, file=_OPTICAL,
        old="        if position == enums.DOOR_COMMAND_SHUT:\n            yield from self._limiters",
        new="        if False:\n            yield from self._limiters",
        behind="a shut door at rest is found with its supply on",
        also=((_OPTICAL, "            self._limiters.is_meant_closed(enums.LIMITER_DOOR)\n", "            False\n"),),
    ),
    Weakening(
        "a movement ended early leaves a shut door its supply", OPTICAL, file=_OPTICAL,
        old="            self._limiters.is_meant_closed(enums.LIMITER_DOOR)\n", new="            False\n",
    ),
    Weakening(
        "standing by leaves the door open", OPTICAL, file=_OPTICAL,
        old="        if self._limiters.is_meant_closed(enums.LIMITER_DOOR) or hal.pool_get(pool.OPTICAL_DOOR) != enums.DOOR_SHUT:\n            yield from self._move_door(enums.DOOR_COMMAND_SHUT)\n        self._command(",
        new="        self._command(",
    ),
    Weakening(
        "a safing does not wait for the door", OPTICAL, file=_OPTICAL,
        old="            yield from self._await_shut_and_dark()\n", new="",
    ),
    Weakening(
        "a unit that came up anew is started", SAR, file=_INSTRUMENT,
        old="        if state != _STATE_READY:\n            raise", new="        if False:\n            raise",
        behind="a unit that came up anew has failed", also=((_INSTRUMENT, _CAME_UP_ANEW, ""),),
    ),
    Weakening(
        "a unit that came up anew at rest is not noticed", SAR, file=_INSTRUMENT,
        old=_CAME_UP_ANEW, new="",
        behind="a unit that left its mode's state by itself has failed",
        also=((_INSTRUMENT, "        return not machine.busy() and machine.mode in", "        return False and machine.mode in"),),
    ),
    Weakening(
        "the guards are not asked again before the SAR takes data", SAR, file=_ASKED_AGAIN[0],
        old=_ASKED_AGAIN[1], new=_ASKED_AGAIN[2],
    ),
    Weakening(
        "the guards are not asked again before an image begins", OPTICAL, file=_OPTICAL,
        old="        self.machine.require_entry(request, strip > 0)\n", new="",
    ),
    Weakening(
        "a standing down has no time limit", OPTICAL, file=_MACHINE,
        old="if hal.ticks_diff(hal.ticks_ms(), self._since_ms) > _RECOVERY_LIMIT_MS:", new="if False:",
    ),
    Weakening(
        "a recovery has no time limit", OPTICAL, file=_MACHINE,
        old="if hal.ticks_diff(hal.ticks_ms(), started_ms) > _RECOVERY_LIMIT_MS:", new="if False:",
    ),
    Weakening(
        "a standing down does not inhibit", SAR, file=_MACHINE,
        old="go to STANDBY; `cause` is the event's id.\"\"\"\n        self._driver.inhibit()\n",
        new="go to STANDBY; `cause` is the event's id.\"\"\"\n",
    ),
    Weakening(
        "a limit broken twice within an orbit is level 1 both times", SAR, file=_ESCALATION,
        old="self._within_orbit(self._values.get(key)):", new="False:",
    ),
    Weakening(
        "a limit broken while standing down waits for its end", OPTICAL, file=_ESCALATION,
        old="machine.is_standing_down() or", new="",
    ),
    Weakening(
        "a supply is taken for switched by the reply alone", SAR, file="units/power.py",
        old="        self._require(limiter, closed, had_tripped)\n", new="",
        behind="a limiter that is closed and should be open is opened again",
        also=(_STAYS_CLOSED,),
    ),
    Weakening(
        "what a unit did not confirm is taken for done", SAR, file="units/unit.py",
        old="        if status == 0:\n            return\n", new="        if True:\n            return\n",
    ),
    Weakening(
        "a table is loaded in the REFUSE state", SAR, file="services/sar.py",
        old="        self._refuse.require_clear()\n        return self._slots.keep(", new="        return self._slots.keep(",
    ),
    Weakening(
        "the REFUSE state is forgotten by a reset", SAR, file=_INTERLOCKS,
        old="        self._cause = values.get(persistent.REFUSE_CAUSE)\n", new="        self._cause = 0\n",
    ),
    Weakening(
        "PLATFORM_SAFE is not heeded", SAR, file=_PROTECTION,
        old="        self._all_off(events.PLATFORM_SAFE[0])\n", new="        pass\n",
    ),
    Weakening(
        "SAFE by telecommand is not heeded", SAR, file=_PROTECTION,
        old="        machine.safe(events.SAFE_COMMANDED[0])\n", new="        pass\n",
    ),
    Weakening(
        "a limiter that tripped is not heeded", SAR, file=_PROTECTION,
        old="                    driver.machine.safe(events.LIMITER_TRIPPED[0], True)\n", new="                    pass\n",
        behind="a unit without its supply is lost",
        also=(
            (_PROTECTION, "            elif driver.unit.lost() or power_lost:\n", "            elif False:\n"),
            (_PROTECTION, "if driver.unit.lost() and not machine.busy():", "if False:"),
        ),
    ),
    Weakening("the Sun is not watched", OPTICAL, removed="OPTICAL MONITOR OPTICAL_SUN"),
)  # fmt: skip
