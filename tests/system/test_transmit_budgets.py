"""Transmit budgets of an orbit on the whole application: six data takes of 50 s, cool-down between them."""

from pathlib import Path

import pytest

from emei.dictionary import load
from emei.platform import Platform
from emei.session import Session
from emei.verification import CommandError
from hil.bench import Bench
from hil.scenarios import steps
from hil.scenarios.sar_tables import table
from tests.system.quick_bench import quick_bench

GPS_EPOCH_S = 1_450_000_000
TAKE_S = 50
YEAR_S = 365 * 86400


class Operator:
    """Brings the SAR to PREOP with a table of 50 s and starts data takes."""

    def __init__(self, directory: Path) -> None:
        description = quick_bench(directory)
        # The recorder's store on the bench is small; what counts here is the time.
        text = description.read_text().replace("science_octets_per_second = 20000", "science_octets_per_second = 2000")
        description.write_text(text)
        self.bench = Bench("host", directory, description)
        self.session = Session(load(), self.bench.link)
        self.platform = Platform(self.session, GPS_EPOCH_S)
        steps.ready(self.session, self.bench)
        steps.sar_preop(self.session)
        self.session.send("SAR_INHIBIT_TRANSMIT").wait(steps.ANSWER_S)
        self.session.send("SAR_LOAD_TABLE", slot=0, **table("STRIPMAP", TAKE_S)).wait(steps.ANSWER_S)
        self.session.run_for(1.1)

    def start(self, lead_s: float = 4.0) -> CommandError | None:
        """A data take to its end; what refused it, if anything did."""
        self.session.send("SAR_ARM_TRANSMIT").wait(steps.ANSWER_S)
        self.session.send("SAR_PERMIT_TRANSMIT", takes=1, valid_s=600).wait(steps.ANSWER_S)
        start = self.platform.gps_s() + lead_s
        command = self.session.send("SAR_START_DATA_TAKE", task_id=940, slot=0, start=start)
        try:
            command.wait(TAKE_S + 70)
        except CommandError as error:
            return error
        return None


def test_cool_down_and_orbit(tmp_path: Path) -> None:
    operator = Operator(tmp_path)
    session = operator.session
    try:
        for _ in range(6):
            assert operator.start() is None
            assert "COOL_DOWN" in str(operator.start(lead_s=10))
            assert "50 s too early" not in str(operator.start(lead_s=60))
            session.run_for(2 * TAKE_S + 1)
        assert 299 <= session.value("SAR_ORBIT_TRANSMIT_TIME_MS") / 1000 <= 300
        refused = operator.start()
        assert "ORBIT_BUDGET" in str(refused) and "(1,4)" in str(refused)
        assert operator.bench.units.observe("sar.transmit_total_ms") == 6 * TAKE_S * 1000
        warned = [event.fields["monitor"] for event in session.events if event.name == "WARNING_LIMIT"]
        assert "SAR_ORBIT_TRANSMIT_TIME" in warned
        assert not [event for event in session.events if event.name == "TRIP_LIMIT"]
    finally:
        operator.bench.stop()


def test_a_wrong_time_at_a_takes_end_holds_up_no_later_take(tmp_path: Path) -> None:
    """One wrong time message moves nothing; a clock that two moved a year ahead costs the cool-down at most."""
    operator = Operator(tmp_path)
    session, platform = operator.session, operator.platform
    try:
        for wrong_s in (1.0, 5.0):
            session.send("SAR_ARM_TRANSMIT").wait(steps.ANSWER_S)
            session.send("SAR_PERMIT_TRANSMIT", takes=1, valid_s=600).wait(steps.ANSWER_S)
            command = session.send("SAR_START_DATA_TAKE", task_id=942, slot=0, start=platform.gps_s() + 4)
            session.wait_for(lambda: session.value("SAR_PHASE") == "CLOSING_CALIBRATION", TAKE_S + 20, "the end")
            since = len(session.events)
            platform.gps_epoch_s += YEAR_S
            session.run_for(wrong_s)
            platform.gps_epoch_s -= YEAR_S
            command.wait(20)
            session.run_for(5)
            stepped = [event for event in session.events[since:] if event.name == "TIME_STEPPED"]
            assert len(stepped) == (0 if wrong_s == 1.0 else 2)
            assert "COOL_DOWN" in str(operator.start())
            session.run_for(2 * TAKE_S + 1)
        assert operator.start() is None
    finally:
        operator.bench.stop()


def test_a_counter_that_stands_leaves_cool_down_and_orbit(tmp_path: Path) -> None:
    operator = Operator(tmp_path)
    session = operator.session
    try:
        operator.bench.units.force("sar.transmit_time_ms", 0)
        assert operator.start() is None
        assert operator.bench.units.observe("sar.transmit_total_ms") == TAKE_S * 1000
        assert session.value("SAR_ORBIT_TRANSMIT_TIME_MS") == TAKE_S * 1000
        assert "COOL_DOWN" in str(operator.start(lead_s=10))
    finally:
        operator.bench.stop()


def test_an_abort_between_samples_counts_what_was_transmitted(tmp_path: Path) -> None:
    """The unit's samples stand within the echoes, not yet for as long as makes it lost; the abort comes then."""
    operator = Operator(tmp_path)
    session, units = operator.session, operator.bench.units
    try:
        session.send("SAR_ARM_TRANSMIT").wait(steps.ANSWER_S)
        session.send("SAR_PERMIT_TRANSMIT", takes=1, valid_s=600).wait(steps.ANSWER_S)
        command = session.send("SAR_START_DATA_TAKE", task_id=943, slot=0, start=operator.platform.gps_s() + 4)
        session.wait_for(lambda: units.observe("sar.transmit_total_ms") > 2000, 10, "2 s of echoes")
        units.force("sar.sample_count", units.observe("sar.sample_count"))
        session.run_for(0.6)
        session.send("ABORT", instrument="SAR")
        session.run_for(0.2)
        units.release("sar.sample_count")
        assert command.refusal(steps.SAFE_S).name == "ABORTED"
        session.run_for(2)
        charged_ms = session.value("SAR_ORBIT_TRANSMIT_TIME_MS")
        assert 0 <= charged_ms - units.observe("sar.transmit_total_ms") <= 200
    finally:
        operator.bench.stop()


@pytest.mark.parametrize("way", ["stuck", "counter"])
def test_a_take_that_transmits_too_long_trips(tmp_path: Path, way: str) -> None:
    """The unit does not end its echoes, and the application waits: the guard's 60 s end it. Its counter says more than
    60 s: the monitor does.
    """
    operator = Operator(tmp_path)
    session = operator.session
    try:
        session.send("SET_BENCH_WAIT", wait="TAKE_END", wait_ms=120_000).wait(steps.ANSWER_S)
        session.send("SAR_ARM_TRANSMIT").wait(steps.ANSWER_S)
        session.send("SAR_PERMIT_TRANSMIT", takes=1, valid_s=600).wait(steps.ANSWER_S)
        command = session.send("SAR_START_DATA_TAKE", task_id=941, slot=0, start=operator.platform.gps_s() + 4)
        session.wait_for(lambda: session.value("SAR_PHASE") == "ECHO", 10, "Echoes")
        since = len(session.events)
        if way == "stuck":
            operator.bench.units.force("sar.stuck_state", 1)
            tripped = session.wait_event("TRANSMIT_GUARD_TRIPPED", 70, since)
            assert tripped.fields["reason"] == "PERMIT_TIME"
            warned = [event.fields["monitor"] for event in session.events[since:] if event.name == "WARNING_LIMIT"]
            assert "SAR_TRANSMIT_TIME" in warned
        else:
            operator.bench.units.force("sar.transmit_time_ms", 60_001)
            trip = session.wait_event("TRIP_LIMIT", 3, since)
            assert trip.fields["monitor"] == "SAR_TRANSMIT_TIME"
        assert command.refusal(steps.SAFE_S).subservice == 8
        assert operator.bench.units.observe("sar.transmit_total_ms") <= 60_000
        assert not operator.bench.edges[-1].on
    finally:
        operator.bench.stop()
