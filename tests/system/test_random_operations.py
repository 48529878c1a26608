"""Anything in any order: random telecommands, faults and alarms against the application on the host board.

Whatever happens: no transmission outside a data take that was permitted, no door open toward the Sun,
every telecommand ends once and in order, no software fault, no reset; a data take that was reported closed
stays in the catalogue and in the recorder, until the ground has acknowledged and deleted it; and from wherever
the run has led, both instruments can be brought to OFF by telecommand.
"""

import tempfile
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from emei.dictionary import load
from emei.platform import Platform, quiet_sky
from emei.session import Session
from emei.verification import Command
from hil.bench import Bench
from hil.scenarios import steps
from tests.system.closed_takes import ClosedTakes
from tests.system.quick_bench import quick_bench

DICTIONARY = load()
GPS_EPOCH_S = 1_450_000_000
SETTLE_S = 30.0
PASS_S = 10
SEED = 2026
LEAST_WITH_CLOSED_TAKES = 6
# Long enough for a walk to go on within the transmission.
LONG_TABLE = {**steps.STRIPMAP_TABLE, "duration_ms": 20_000}
UNITS = ("sar", "optical", "power", "recorder")
# Faults of hal/sim/faults.c: of every unit, and those of the instruments alone.
FAULTS = {"dead": 1, "corrupt": 1, "error_status": 10, "slow_ms": 200, "wrong_id": 1, "stuck_state": 1}
OF_EVERY_UNIT = {f"{unit}.{fault}": value for unit in UNITS for fault, value in FAULTS.items()}
UNIT_FAULTS = OF_EVERY_UNIT | {"sar.held": 1, "optical.held": 1}
SAR_MODES = [mode.name for mode in DICTIONARY.machines["SAR"].modes]
OPTICAL_MODES = [mode.name for mode in DICTIONARY.machines["OPTICAL"].modes]
FORCED = {"sar.trm_temperature_degc": 75.0, "optical.focal_plane_temperature_degc": 40.0, "power.bus_voltage_v": 24.0}


class Operations(RuleBasedStateMachine):
    # Of every walk so far: the data takes it saw closed.
    closed_takes: ClassVar[list[ClosedTakes]] = []

    @initialize(begin=st.sampled_from(["take", "image", "closed", "sent", "ready", "off"]))
    def start(self, begin: str) -> None:
        """Begin in a data take, an image, with one closed or sent down, with both ready, or off: from OFF a walk
        hardly ever gets to transmit, or to an entry that the ground may acknowledge."""
        self.directory = tempfile.TemporaryDirectory()
        self.bench = Bench("host", Path(self.directory.name), quick_bench(Path(self.directory.name)))
        self.session = Session(DICTIONARY, self.bench.link)
        self.platform = Platform(self.session, GPS_EPOCH_S, self.ancillary)
        self.sun_angle_deg = 90.0
        self.broken: set[str] = set()
        self.alarm = False
        self.task_id = 0
        self.takes: list[Command] = []
        self.ledger = ClosedTakes(self.session, self.bench)
        self.closed_takes.append(self.ledger)
        steps.ready(self.session, self.bench)
        if begin != "off":
            steps.sar_preop(self.session)
            self.send("SAR_LOAD_TABLE", slot=0, **LONG_TABLE)
            steps.optical_ready(self.session)
        if begin == "take":
            self.data_take(lead_s=4.0, wait_s=6.0)
        elif begin == "image":
            self.image(lead_s=4.0, wait_s=5.0)
        elif begin in ("closed", "sent"):
            self.image(lead_s=4.0, wait_s=12.0)
            self.ledger.check()
        if begin == "sent":
            self.queue_and_play(min(self.ledger.takes), wait_s=10.0)

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

    @precondition(lambda self: self.ledger.takes)
    @rule(data=st.data(), wait_s=st.sampled_from([0.2, 10.0]), then=st.sampled_from([(), ("ACK",), ("ACK", "DELETE")]))
    def send_down(self, data: st.DataObject, wait_s: float, then: tuple[str, ...]) -> None:
        """An entry's way, as far as the pass lets it; what comes too early is refused."""
        entry_id = self.any_closed(data)
        self.queue_and_play(entry_id, wait_s)
        for step in then:
            self.acknowledge_or_delete(entry_id, step)

    @precondition(lambda self: self.ledger.takes)
    @rule(data=st.data(), step=st.sampled_from(["ACK", "DELETE"]))
    def out_of_turn(self, data: st.DataObject, step: str) -> None:
        self.acknowledge_or_delete(self.any_closed(data), step)

    def queue_and_play(self, entry_id: int, wait_s: float) -> None:
        self.ledger.ask("RECORDER_QUEUE", entry_id, priority=10)
        self.session.run_for(0.3)
        self.send("RECORDER_START_PLAYBACK", pass_end=self.platform.gps_s() + PASS_S, duration_s=PASS_S)
        self.session.run_for(wait_s)

    def acknowledge_or_delete(self, entry_id: int, step: str) -> None:
        if step == "ACK":
            self.ledger.acknowledge(entry_id)
        else:
            self.ledger.ask("RECORDER_DELETE", entry_id)
        self.session.run_for(0.5)

    def any_closed(self, data: st.DataObject) -> int:
        return data.draw(st.sampled_from(sorted(self.ledger.takes)))

    @rule(arm=st.booleans())
    def leave_refuse(self, arm: bool) -> None:
        if arm:
            self.send("ARM_SAFE_EXIT")
        self.send("SAFE_EXIT")

    @rule(fault=st.sampled_from(sorted(UNIT_FAULTS)), wait_s=st.sampled_from([0.2, 3.0]))
    def break_unit(self, fault: str, wait_s: float) -> None:
        self.bench.units.force(fault, UNIT_FAULTS[fault])
        self.broken.add(fault)
        self.session.run_for(wait_s)

    @rule(wait_s=st.sampled_from([0.5, 12.0]))
    def restart_recorder(self, wait_s: float) -> None:
        """By itself; the board then compares its catalogue with the recorder's."""
        self.bench.units.force("recorder.reset", 1)
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
            on_s = self.bench.edges[-1].time_s
            safed = [e.fields["instrument"] for e in self.session.events if e.name == "SAFED" and e.time_s > on_s]
            # The safing of the other instrument leaves a data take under way (docs/safety.md).
            assert "SAR" not in safed
            assert self.session.value("REFUSE") != "ON" or "OPTICAL" in safed

    @invariant()
    def door_shut_toward_the_sun(self) -> None:
        """The trip limit takes three samples, the door five seconds at most."""
        if self.sun_angle_deg < 30 and not self.broken:
            self.session.run_for(8)
            shut = DICTIONARY.enumeration("DOOR").members["SHUT"]
            assert self.bench.units.observe("optical.door") == shut

    @invariant()
    def no_closed_data_take_is_lost(self) -> None:
        self.ledger.check()

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
        self.ledger.check()
        for instrument in ("SAR", "OPTICAL"):
            self.send("ABORT", instrument=instrument)
        self.session.run_for(SETTLE_S)
        steps.all_off(self.session)
        self.session.run_for(2)
        assert (self.session.value("SAR_MODE"), self.session.value("OPTICAL_MODE")) == ("OFF", "OFF")
        assert int(self.bench.units.observe("power.limiters_closed")) == 0
        unfinished = [command for command in self.session.commands if not command.finished]
        assert not unfinished, [f"{command.name} at {command.sent_s:.1f} s" for command in unfinished]
        checks = self.ledger.checks
        self.ledger.check()
        assert not self.ledger.takes or self.ledger.checks == checks + 1


def during(take: Command, time_s: float) -> bool:
    """Was this telecommand being carried out at that time?"""
    return take.sent_s <= time_s and (not take.finished or take.reports[-1].time_s >= time_s)


SETTINGS = settings(
    max_examples=12,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)


@pytest.mark.parametrize("walk_seed", [SEED], ids="seed {}".format)
def test_random_walks(walk_seed: int) -> None:
    """Many of them must come to a data take that is closed, or the walks say nothing of what becomes of it."""
    Operations.closed_takes.clear()
    run_state_machine_as_test(seed(walk_seed)(Operations), settings=SETTINGS)
    reached = [walk for walk in Operations.closed_takes if walk.takes]
    assert len(reached) >= LEAST_WITH_CLOSED_TAKES, f"{len(reached)} of {len(Operations.closed_takes)} walks"


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


@pytest.mark.parametrize("loss", ["octet", "entry", "state"])
def test_the_invariant_sees_a_data_take_that_is_not_kept(loss: str) -> None:
    """An octet that changed on the medium; an entry of other packets; one deleted that nobody asked to delete."""
    walk = Operations()
    walk.start(begin="sent")
    try:
        walk.acknowledge_or_delete(1, "ACK")
        walk.no_closed_data_take_is_lost()
        take = walk.ledger.takes[1]
        assert take.state == "ACKED"
        if loss == "octet":
            walk.bench.units.force("recorder.damaged_entry", 1)
        elif loss == "entry":
            take.packets += 1
        else:
            walk.send("RECORDER_DELETE", entry_id=1)
        with pytest.raises(AssertionError, match={"octet": "file", "entry": "is kept as", "state": "without"}[loss]):
            walk.no_closed_data_take_is_lost()
    finally:
        walk.bench.stop()
        walk.directory.cleanup()
