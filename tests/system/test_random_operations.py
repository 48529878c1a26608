"""Anything in any order: random telecommands, faults and alarms against the application on the host board.

Whatever happens: no transmission outside a data take that was permitted, no door open toward the Sun,
every telecommand ends once and in order, no software fault, no reset; and from wherever the run has
led, both instruments can be brought to OFF by telecommand.
"""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from emei.dictionary import load
from emei.platform import Platform, quiet_sky
from emei.session import Session
from emei.verification import Command
from hil.bench import Bench
from hil.scenarios import steps
from tests.system.quick_bench import quick_bench

DICTIONARY = load()
GPS_EPOCH_S = 1_450_000_000
SETTLE_S = 30.0
# Long enough for a walk to go on within the transmission.
LONG_TABLE = {**steps.STRIPMAP_TABLE, "duration_ms": 20_000}
UNITS = ("sar", "optical", "power", "recorder")
FAULTS = {"dead": 1, "corrupt": 1, "error_status": 10}
SAR_MODES = [mode.name for mode in DICTIONARY.machines["SAR"].modes]
OPTICAL_MODES = [mode.name for mode in DICTIONARY.machines["OPTICAL"].modes]
FORCED = {"sar.trm_temperature_degc": 75.0, "optical.focal_plane_temperature_degc": 40.0, "power.bus_voltage_v": 24.0}


class Operations(RuleBasedStateMachine):
    @initialize(begin=st.sampled_from(["take", "image", "ready", "off"]))
    def start(self, begin: str) -> None:
        """Begin in a data take, an image, with both ready, or off: from OFF a walk hardly ever gets to transmit."""
        self.directory = tempfile.TemporaryDirectory()
        self.bench = Bench("host", Path(self.directory.name), quick_bench(Path(self.directory.name)))
        self.session = Session(DICTIONARY, self.bench.link)
        self.platform = Platform(self.session, GPS_EPOCH_S, self.ancillary)
        self.sun_angle_deg = 90.0
        self.broken: set[str] = set()
        self.alarm = False
        self.task_id = 0
        self.takes: list[Command] = []
        steps.ready(self.session, self.bench)
        if begin != "off":
            steps.sar_preop(self.session)
            self.send("SAR_LOAD_TABLE", slot=0, **LONG_TABLE)
            steps.optical_ready(self.session)
        if begin == "take":
            self.data_take(lead_s=4.0, wait_s=6.0)
        elif begin == "image":
            self.image(lead_s=4.0, wait_s=5.0)

    def ancillary(self, gps_s: float) -> dict[str, float | int | str]:
        return {**quiet_sky(gps_s), "sun_angle_deg": self.sun_angle_deg}

    def send(self, name: str, **arguments: Any) -> Command:
        command = self.session.send(name, **arguments)
        self.session.run_for(0.3)
        return command

    @rule(mode=st.sampled_from(SAR_MODES), wait_s=st.sampled_from([0.5, 5, 12]))
    def set_mode_sar(self, mode: str, wait_s: float) -> None:
        self.send("SET_MODE_SAR", mode=mode)
        self.session.run_for(wait_s)

    @rule(mode=st.sampled_from(OPTICAL_MODES), wait_s=st.sampled_from([0.5, 10, 15]))
    def set_mode_optical(self, mode: str, wait_s: float) -> None:
        self.send("SET_MODE_OPTICAL", mode=mode)
        self.session.run_for(wait_s)

    @rule()
    def sar_to_preop(self) -> None:
        """The way a data take needs, so that the walk gets there often."""
        for mode, wait_s in (("INIT", 8), ("STANDBY", 2), ("PREOP", 5)):
            self.send("SET_MODE_SAR", mode=mode)
            self.session.run_for(wait_s)

    @rule()
    def optical_to_ready(self) -> None:
        for mode, wait_s in (("STANDBY", 9), ("THERMAL_STABILISATION", 12), ("READY", 3)):
            if mode == "READY":
                self.test_door()
            self.send("SET_MODE_OPTICAL", mode=mode)
            self.session.run_for(wait_s)

    @rule()
    def test_door(self) -> None:
        self.send("OPTICAL_TEST_DOOR")
        self.session.run_for(6)

    @rule(legal=st.booleans())
    def load_table(self, legal: bool) -> None:
        table = LONG_TABLE if legal else {**steps.STRIPMAP_TABLE, "swst_code": 1400}
        self.send("SAR_LOAD_TABLE", slot=0, **table)

    @rule(fire=st.booleans(), takes=st.integers(1, 2))
    def permit(self, fire: bool, takes: int) -> None:
        self.send("SAR_ARM_TRANSMIT")
        if fire:
            self.send("SAR_PERMIT_TRANSMIT", takes=takes, valid_s=600)

    @rule(name=st.sampled_from(["SAR_INHIBIT_TRANSMIT", "SAR_PERMIT_TRANSMIT", "REPORT_MODES", "PING"]))
    def simple(self, name: str) -> None:
        self.send(name, **({"takes": 1, "valid_s": 60} if name == "SAR_PERMIT_TRANSMIT" else {}))

    @rule(lead_s=st.sampled_from([1.0, 4.0, 20.0]), wait_s=st.sampled_from([0.0, 5.0, 9.0, 30.0]))
    def data_take(self, lead_s: float, wait_s: float) -> None:
        self.task_id += 1
        start = self.platform.gps_s() + lead_s
        self.takes.append(self.send("SAR_START_DATA_TAKE", task_id=self.task_id, slot=0, start=start))
        self.session.run_for(wait_s)

    @rule(lead_s=st.sampled_from([1.0, 4.0]), wait_s=st.sampled_from([0.0, 5.0, 12.0]))
    def image(self, lead_s: float, wait_s: float) -> None:
        self.task_id += 1
        start = self.platform.gps_s() + lead_s
        self.send("OPTICAL_START_IMAGE", task_id=self.task_id, mode="STRIP", start=start, duration_ms=2000)
        self.session.run_for(wait_s)

    @rule(position=st.sampled_from(["OPEN", "SHUT", "DIFFUSER"]))
    def door(self, position: str) -> None:
        self.send("OPTICAL_MOVE_DOOR", position=position)
        self.session.run_for(4)

    @rule(name=st.sampled_from(["ABORT", "HARD_OFF"]), instrument=st.sampled_from(["SAR", "OPTICAL"]))
    def stop_instrument(self, name: str, instrument: str) -> None:
        self.send(name, instrument=instrument)

    @rule(arm=st.booleans())
    def leave_refuse(self, arm: bool) -> None:
        if arm:
            self.send("ARM_SAFE_EXIT")
        self.send("SAFE_EXIT")

    @rule(unit=st.sampled_from(UNITS), fault=st.sampled_from(sorted(FAULTS)), wait_s=st.sampled_from([0.2, 3.0]))
    def break_unit(self, unit: str, fault: str, wait_s: float) -> None:
        self.bench.units.force(f"{unit}.{fault}", FAULTS[fault])
        self.broken.add(f"{unit}.{fault}")
        self.session.run_for(wait_s)

    @rule(name=st.sampled_from(sorted(FORCED)))
    def force(self, name: str) -> None:
        self.bench.units.force(name, FORCED[name])
        self.broken.add(name)
        self.session.run_for(1)

    @precondition(lambda self: self.broken)
    @rule()
    def mend(self) -> None:
        for name in self.broken:
            self.bench.units.release(name)
        self.broken.clear()
        self.session.run_for(3)

    @rule(on=st.booleans())
    def drive_alarm(self, on: bool) -> None:
        self.alarm = on
        self.bench.alarm(on)
        self.session.run_for(0.5)

    @rule(angle_deg=st.sampled_from([90.0, 20.0]))
    def move_sun(self, angle_deg: float) -> None:
        self.sun_angle_deg = angle_deg
        self.session.run_for(3)

    @invariant()
    def transmission_only_in_a_permitted_take(self) -> None:
        for edge in self.bench.edges:
            if edge.on:
                assert any(during(take, edge.time_s) for take in self.takes), (
                    f"transmit-enable at {edge.time_s:.3f} s outside every data take"
                )
        transmitting = bool(self.bench.edges) and self.bench.edges[-1].on
        if transmitting:
            assert not self.alarm
            assert self.session.value("REFUSE") != "ON"

    @invariant()
    def door_shut_toward_the_sun(self) -> None:
        """The trip limit takes three samples, the door five seconds at most."""
        if self.sun_angle_deg < 30 and not self.broken:
            self.session.run_for(8)
            shut = DICTIONARY.enumeration("DOOR").members["SHUT"]
            assert self.bench.units.observe("optical.door") == shut

    @invariant()
    def conversation_is_in_order(self) -> None:
        assert self.session.anomalies == []
        assert not [event for event in self.session.events if event.name == "HANDLER_FAULT"]
        assert self.session.readings["BOOT_COUNT"].raw == 1

    def teardown(self) -> None:
        if not hasattr(self, "bench"):
            return
        try:
            self.come_home()
        finally:
            self.bench.stop()
            self.directory.cleanup()

    def come_home(self) -> None:
        """From wherever this run has led: mend, leave REFUSE, both OFF; every telecommand has ended."""
        self.bench.alarm(False)
        for name in self.broken:
            self.bench.units.release(name)
        self.sun_angle_deg = 90.0
        self.session.run_for(SETTLE_S)
        for instrument in ("SAR", "OPTICAL"):
            self.send("ABORT", instrument=instrument)
        self.session.run_for(SETTLE_S)
        steps.all_off(self.session)
        self.session.run_for(2)
        assert (self.session.value("SAR_MODE"), self.session.value("OPTICAL_MODE")) == ("OFF", "OFF")
        assert int(self.bench.units.observe("power.limiters_closed")) == 0
        unfinished = [command for command in self.session.commands if not command.finished]
        assert not unfinished, [f"{command.name} at {command.sent_s:.1f} s" for command in unfinished]


def during(take: Command, time_s: float) -> bool:
    """Was this telecommand being carried out at that time?"""
    return take.sent_s <= time_s and (not take.finished or take.reports[-1].time_s >= time_s)


Operations.TestCase.settings = settings(
    max_examples=8,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
TestOperations = Operations.TestCase


def test_the_invariant_sees_a_transmission_that_was_not_asked_for() -> None:
    """The walk's own check, on a transmission it allows and, with the request forgotten, on one it must not."""
    walk = Operations()
    walk.start(begin="take")
    try:
        assert walk.bench.edges[-1].on
        walk.transmission_only_in_a_permitted_take()
        walk.takes.clear()
        with pytest.raises(AssertionError, match="outside every data take"):
            walk.transmission_only_in_a_permitted_take()
    finally:
        walk.teardown()
