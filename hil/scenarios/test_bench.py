"""What the bench itself can do to the board: alarm, line faults, power."""

import pytest

from emei.platform import Platform
from emei.session import Session
from emei.verification import NoReport
from hil.bench import Bench
from hil.errors import BenchError
from hil.scenarios import steps


def test_the_alarm_reaches_the_board(session: Session, platform: Platform, bench: Bench) -> None:
    steps.ready(session, bench)
    bench.alarm(True)
    event = session.wait_event("ALARM_RAISED", steps.ANSWER_S)
    assert event.severity == "high"
    session.wait_for(lambda: session.value("ALARM") == "ON", steps.ANSWER_S, "The alarm in housekeeping")
    session.wait_for(lambda: session.value("REFUSE") == "ON", steps.ANSWER_S, "The REFUSE state")
    bench.alarm(False)
    session.wait_for(lambda: session.value("ALARM") == "OFF", steps.ANSWER_S, "The end of the alarm")
    steps.all_off(session)


def test_a_cut_uplink_is_silence_and_then_works_again(session: Session, bench: Bench) -> None:
    bench.link_fault("to_board", "cut")
    with pytest.raises(NoReport):
        session.send("PING").wait(1)
    bench.link_fault("to_board", "none")
    session.send("PING").wait(steps.ANSWER_S)


def test_a_cut_downlink_shows_as_missing_packets(session: Session, bench: Bench) -> None:
    bench.link_fault("from_board", "cut", for_s=2.5)
    session.run_for(4)
    session.send("PING").wait(steps.ANSWER_S)
    assert session.missing_packets > 0


def test_a_corrupt_downlink_is_thrown_away(session: Session, bench: Bench) -> None:
    malformed = session.link.malformed_frames
    anomalies = len(session.anomalies)
    bench.link_fault("from_board", "corrupt", probability=0.01, for_s=3.0)
    session.run_for(4)
    assert session.link.malformed_frames > malformed or len(session.anomalies) > anomalies
    session.send("PING").wait(steps.ANSWER_S)


def test_power_off_and_on(session: Session, bench: Bench) -> None:
    since = len(session.events)
    before_s = bench.elapsed_s()
    bench.power_cycle(off_s=1.0)
    assert bench.elapsed_s() >= before_s + 1.0
    event = session.wait_event("BOOTED", 10, since)
    assert event.fields["cause"] == "POWER_ON"
    session.wait_for(lambda: (session.value("UPTIME_S") or 99) != 99, 5, "Housekeeping after the boot")
    session.send("PING").wait(steps.ANSWER_S)


def test_unknown_quantities_are_refused(bench: Bench) -> None:
    with pytest.raises(ValueError, match=r"sar\.mood"):
        bench.units.force("sar.mood", 1)
    with pytest.raises(ValueError, match=r"sar\.mood"):
        bench.units.observe("sar.mood")


def test_quantities_are_forced_and_released(session: Session, bench: Bench) -> None:
    bench.units.force("power.bus_voltage_v", 27.5)
    session.wait_for(lambda: session.value("POWER_BUS_VOLTAGE_V") == 27.5, steps.ANSWER_S, "The forced voltage")
    assert bench.units.observe("power.bus_voltage_v") == pytest.approx(27.5)
    bench.units.release("power.bus_voltage_v")
    session.wait_for(lambda: session.value("POWER_BUS_VOLTAGE_V") != 27.5, steps.ANSWER_S, "The true voltage")


def test_an_entry_that_is_not_there_is_empty(bench: Bench) -> None:
    assert bench.units.recorder_file(4000) == b""
    with pytest.raises(BenchError, match="nothing of entry 4000"):
        bench.save_recorder_file(4000)
    assert not list(bench.directory.glob("entry-*"))
