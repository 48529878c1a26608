"""Campaigns run on the bench: they pass on good units, stop at a bad one with the instrument off, and go on."""

from pathlib import Path

import pytest

from emei.commissioning import campaign
from emei.commissioning.record import FAILED, INTERRUPTED, OPEN, PASSED, Attempt, Record
from emei.commissioning.report import render
from emei.commissioning.runner import Observer, next_step, run
from emei.packets import Telemetry
from emei.platform import Platform, quiet_sky
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps

pytestmark = pytest.mark.virtual_time


def silent() -> Observer:
    def begun(step: campaign.Step) -> None: ...
    def ended(step: campaign.Step, attempt: Attempt) -> None: ...

    return Observer(begun, ended)


@pytest.fixture(autouse=True)
def bench_ready(session: Session, platform: Platform, bench: Bench) -> None:
    steps.ready(session, bench)


@pytest.mark.parametrize("name", campaign.names())
def test_a_campaign_passes_on_good_units(session: Session, platform: Platform, tmp_path: Path, name: str) -> None:
    # The dark signal is measured in eclipse, and no other step minds it.
    platform.ancillary = lambda gps_s: {**quiet_sky(gps_s), "eclipse": "ON"}
    session.run_for(1.1)
    record = Record.open(tmp_path, campaign.load(session.dictionary, name), "BENCH")
    assert run(session, record, silent()), record.attempts[-1].reason
    assert record.complete and next_step(record) is None
    assert all(item.passed for attempt in record.attempts for item in attempt.measured)
    session.run_for(1.1)
    assert {session.value("SAR_MODE"), session.value("OPTICAL_MODE")} == {"OFF"}
    assert f"✓ {len(record.campaign.steps)} of {len(record.campaign.steps)} steps settled" in render(record)


def test_a_campaign_stops_at_a_bad_unit_and_goes_on_there(session: Session, bench: Bench, tmp_path: Path) -> None:
    chosen = campaign.load(session.dictionary, "sar")
    record = Record.open(tmp_path, chosen, "BENCH")
    bench.units.force("sar.baseplate_temperature_degc", 42)  # beyond the step's limit, below the trip
    assert not run(session, record, silent())
    assert [attempt.state for attempt in record.attempts] == [PASSED, PASSED, FAILED]
    assert record.attempts[-1].reason == "Out of limits: baseplate temperature is 42 degC."
    session.run_for(1.1)
    assert session.value("SAR_MODE") == "OFF"
    assert record.state("inhibit") == OPEN
    bench.units.release("sar.baseplate_temperature_degc")
    again = Record.open(tmp_path, chosen, "BENCH")
    following = next_step(again)
    assert following is not None and following.name == "warm_up"
    assert run(session, again, silent(), "warm_up")
    assert again.state("warm_up") == PASSED


def test_a_step_whose_entry_conditions_do_not_hold_sends_nothing(session: Session, tmp_path: Path) -> None:
    steps.sar_standby(session)
    sent = len(session.commands)
    record = Record.open(tmp_path, campaign.load(session.dictionary, "sar"), "BENCH")
    assert not run(session, record, silent())
    assert record.attempts[-1].reason == "Entry: SAR_MODE is STANDBY; OFF is needed."
    assert {command.name for command in session.commands[sent:]} <= {"TIME_MESSAGE", "ANCILLARY_DATA"}
    steps.all_off(session)


def test_an_interrupted_step_leaves_the_instrument_off(session: Session, tmp_path: Path) -> None:
    record = Record.open(tmp_path, campaign.load(session.dictionary, "sar"), "BENCH")

    def interrupt(report: Telemetry) -> None:
        if session.value("SAR_MODE") == "INIT":
            session.forget(interrupt)
            raise KeyboardInterrupt

    session.listen(interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(session, record, silent())
    session.run_for(1.1)
    assert session.value("SAR_MODE") == "OFF"
    assert Record.open(tmp_path, record.campaign, "BENCH").state("low_voltage") == INTERRUPTED
