"""Campaigns run on the bench: they pass on good units, stop at a bad one with the instrument off, and go on."""

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from emei.cli import commission, main
from emei.commissioning import campaign
from emei.commissioning.errors import CampaignError
from emei.commissioning.record import FAILED, INTERRUPTED, OPEN, PASSED, Attempt, Record
from emei.commissioning.report import render
from emei.commissioning.runner import Observer, next_step, run
from emei.packets import Telemetry
from emei.platform import Platform, quiet_sky
from emei.session import Session
from emei.verification import Command
from hil.bench import Bench
from hil.scenarios import steps

pytestmark = pytest.mark.virtual_time


class Downlink:
    """The station at the bench: what the recorder's transmitter has sent."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def receive(self) -> bytes:
        return self._bench.units.downlink()


class Deaf:
    """A station that receives nothing."""

    def receive(self) -> bytes:
        return b""


def silent(begun: Callable[[campaign.Step], None] = lambda _: None) -> Observer:
    def ended(step: campaign.Step, attempt: Attempt) -> None: ...

    def doing(text: str) -> None: ...

    return Observer(begun, ended, doing)


def only_step(session: Session, directory: Path, name: str, step: str) -> Record:
    """A record in which every step but one is waived."""
    record = Record.open(directory, campaign.load(session.dictionary, name), "BENCH")
    for other in record.campaign.steps:
        if other.name != step:
            record.waive(other.name, "of another test")
    return record


@pytest.fixture(autouse=True)
def bench_ready(session: Session, platform: Platform, bench: Bench) -> None:
    steps.ready(session, bench)


@pytest.mark.parametrize("name", campaign.names())
def test_a_campaign_passes_on_good_units(
    session: Session, platform: Platform, bench: Bench, tmp_path: Path, name: str
) -> None:
    def eclipse(step: campaign.Step) -> None:
        """The dark signal is measured in eclipse, everything else in the Sun; the step waits until it is so."""
        platform.ancillary = lambda gps_s: {**quiet_sky(gps_s), "eclipse": "ON" if step.name == "dark" else "OFF"}

    bench.units.force("sar.science_factor", 16)
    record = Record.open(tmp_path, campaign.load(session.dictionary, name), "BENCH")
    assert run(session, record, silent(eclipse), station=Downlink(bench)), record.attempts[-1].reason
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
    assert record.attempts[-1].reason == "Out of limits: baseplate temperature is 42 degC (at most 40)."
    session.run_for(1.1)
    assert session.value("SAR_MODE") == "OFF"
    assert record.state("inhibit") == OPEN
    bench.units.release("sar.baseplate_temperature_degc")
    again = Record.open(tmp_path, chosen, "BENCH")
    following = next_step(again)
    assert following is not None and following.name == "warm_up"
    assert run(session, again, silent(), "warm_up")
    assert again.state("warm_up") == PASSED


@pytest.fixture
def emei(session: Session, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """emei commission with its words; the bench's session stands for that over a serial port, which it has none of."""

    @contextmanager
    def of_the_bench(*_: Any, **__: Any) -> Iterator[Session]:
        yield session

    monkeypatch.setattr(commission, "open_session", of_the_bench)
    return lambda *words: CliRunner().invoke(main, ["commission", *words])


def test_the_tool_runs_steps_tells_their_end_and_goes_on(
    session: Session, bench: Bench, tmp_path: Path, emei: Callable[..., Result]
) -> None:
    where = ("--directory", str(tmp_path / "sar"))
    on_bench = (*where, "--port", "of the bench")

    def states() -> list[str]:
        result = emei("status", *where, "--json")
        assert result.exit_code == 0
        return [step["state"] for step in json.loads(result.stdout)["steps"][:3]]

    first = emei("run", "sar", *on_bench, "--step", "low_voltage")
    assert first.exit_code == 0 and first.stderr == "", first.output
    assert "  low_voltage: Low-voltage switch-on" in first.stdout and "✓ low_voltage passed" in first.stdout
    assert first.stdout.endswith(f"steps settled; the record and report.html are in {tmp_path / 'sar'}.\n")
    assert states() == [PASSED, OPEN, OPEN]

    session.run_for(1.1)
    steps.sar_standby(session)
    stopped = emei("run", "sar", *on_bench, "--step", "self_test")
    assert stopped.exit_code == 1
    assert stopped.stderr == "The campaign stops at step self_test: mend, then run it again.\n"
    assert "✗ self_test failed: Entry: SAR_MODE is STANDBY; OFF is needed." in stopped.stdout
    assert states() == [PASSED, FAILED, OPEN]
    steps.all_off(session)

    session.run_for(1.1)
    again = emei("run", "sar", *on_bench, "--step", "self_test")
    assert again.exit_code == 0 and states() == [PASSED, PASSED, OPEN]
    page = (tmp_path / "sar" / "report.html").read_text()
    assert page.count("Entry: SAR_MODE is STANDBY; OFF is needed.") == 1 and "2 of " in page
    session.run_for(1.1)
    assert session.value("SAR_MODE") == "OFF"


def test_an_interrupted_tool_leaves_its_record_and_the_directory_free(
    session: Session, tmp_path: Path, emei: Callable[..., Result]
) -> None:
    where = ("--directory", str(tmp_path / "sar"))

    def interrupt(report: Telemetry) -> None:
        if session.value("SAR_MODE") == "INIT":
            session.forget(interrupt)
            raise KeyboardInterrupt

    session.listen(interrupt)
    result = emei("run", "sar", *where, "--port", "of the bench", "--step", "low_voltage")
    assert result.exit_code == 130 and result.stderr.strip() == "Interrupted."
    assert "Interrupted by the user." in (tmp_path / "sar" / "report.html").read_text()
    assert emei("waive", *where, "--step", "low_voltage", "--reason", "of another test").exit_code == 0
    session.run_for(1.1)
    assert session.value("SAR_MODE") == "OFF"


@pytest.fixture
def heard_signals() -> Iterator[None]:
    """A terminal's signals are heard, also where the tests run without one and whoever began them ignores them."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("heard_signals")
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_a_tool_that_is_told_to_end_brings_the_instrument_to_rest(
    session: Session, tmp_path: Path, emei: Callable[..., Result], ending: signal.Signals
) -> None:
    """Also when the signal comes twice, as from a terminal that closes and from its shell."""
    where = ("--directory", str(tmp_path / "sar"))
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]

    def end(report: Telemetry) -> None:
        if session.value("SAR_MODE") == "INIT":
            session.forget(end)
            session.listen(end_again)
            signal.raise_signal(ending)

    def end_again(report: Telemetry) -> None:
        session.forget(end_again)
        signal.raise_signal(ending)

    session.listen(end)
    result = emei("run", "sar", *where, "--port", "of the bench", "--step", "low_voltage")
    assert result.exit_code == 130 and result.stderr.strip() == "Interrupted."
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)] == handlers
    record = Record.read(tmp_path / "sar", campaign.load(session.dictionary, "sar"))
    assert [attempt.state for attempt in record.attempts] == [INTERRUPTED]
    session.run_for(1.1)
    assert session.value("SAR_MODE") == "OFF"
    again = emei("run", "sar", *where, "--port", "of the bench", "--step", "low_voltage")
    assert again.exit_code == 0, again.output


def test_a_tool_whose_terminal_is_gone_goes_on_with_its_step(
    session: Session, tmp_path: Path, emei: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(text: str = "", **_: Any) -> None:
        raise OSError(EIO, "Input/output error")

    monkeypatch.setattr(commission.click, "echo", gone)
    where = ("--directory", str(tmp_path / "sar"))
    emei("run", "sar", *where, "--port", "of the bench", "--step", "low_voltage")
    record = Record.read(tmp_path / "sar", campaign.load(session.dictionary, "sar"))
    assert [attempt.state for attempt in record.attempts] == [PASSED]
    session.run_for(1.1)
    assert session.value("SAR_MODE") == "OFF"


def test_a_step_whose_entry_conditions_do_not_hold_sends_nothing(session: Session, tmp_path: Path) -> None:
    steps.sar_standby(session)
    sent = len(session.commands)
    record = Record.open(tmp_path, campaign.load(session.dictionary, "sar"), "BENCH")
    assert not run(session, record, silent())
    assert record.attempts[-1].reason == (
        "Entry: SAR_MODE is STANDBY; OFF is needed. "
        "Send SET_MODE_SAR mode=OFF; while something still runs (INSTRUMENT_BUSY) first ABORT instrument=SAR, "
        "after a safing first ARM_SAFE_EXIT and SAFE_EXIT."
    )
    assert {command.name for command in session.commands[sent:]} <= {"TIME_MESSAGE", "ANCILLARY_DATA"}
    steps.all_off(session)


@pytest.mark.parametrize(("name", "step", "mode"), [("sar", "low_voltage", "INIT"), ("optical", "flat_field", "LAMP")])
def test_an_interrupted_step_leaves_the_instrument_off(
    session: Session, bench: Bench, tmp_path: Path, name: str, step: str, mode: str
) -> None:
    record = only_step(session, tmp_path, name, step)
    instrument = record.campaign.instrument

    def interrupt(report: Telemetry) -> None:
        if session.value(f"{instrument}_MODE") == mode:
            session.forget(interrupt)
            raise KeyboardInterrupt

    session.listen(interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(session, record, silent(), station=Downlink(bench))
    session.run_for(1.1)
    assert session.value(f"{instrument}_MODE") == "OFF"
    again = Record.open(tmp_path, record.campaign, "BENCH")
    assert again.state(step) == INTERRUPTED
    assert again.attempts[-1].reason == "Interrupted by the user."
    assert next_step(again) == record.campaign.step(step)


def test_a_decontamination_that_is_interrupted_cools_down_and_leaves_the_instrument_off(
    session: Session, tmp_path: Path
) -> None:
    record = only_step(session, tmp_path, "optical", "decontamination")

    def interrupt(report: Telemetry) -> None:
        temperature_degc = session.value("OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC")
        if session.value("OPTICAL_MODE") == "DECONTAMINATION" and float(str(temperature_degc)) > 38:
            session.forget(interrupt)
            raise KeyboardInterrupt

    session.listen(interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(session, record, silent())
    session.run_for(1.1)
    assert session.value("OPTICAL_MODE") == "OFF"
    attempt = Record.open(tmp_path, record.campaign, "BENCH").attempts[-1]
    assert (attempt.state, attempt.reason) == (INTERRUPTED, "Interrupted by the user.")


def test_a_step_whose_reports_are_lost_does_not_pass(session: Session, bench: Bench, tmp_path: Path) -> None:
    """No event of high severity came; whether there was one nobody knows."""
    record = only_step(session, tmp_path, "sar", "low_voltage")

    def cut(report: Telemetry) -> None:
        if session.value("SAR_MODE") == "INIT":
            session.forget(cut)
            bench.link_fault("from_board", "cut", for_s=1.5)

    session.listen(cut)
    assert not run(session, record, silent())
    assert record.attempts[-1].reason.startswith("Reports were lost, ")
    session.run_for(1.1)
    assert session.value("SAR_MODE") == "OFF"


def test_an_interruption_on_the_way_to_rest_leaves_the_instrument_off(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the first action of leaving is sent, after all of the step went well."""
    record = only_step(session, tmp_path, "sar", "low_voltage")
    interruptions: list[str] = []

    def interrupted(name: str, **arguments: Any) -> Command:
        if arguments == {"mode": "OFF"} and not interruptions:
            interruptions.append(name)
            raise KeyboardInterrupt
        return Session.send(session, name, **arguments)

    with monkeypatch.context() as patch:
        patch.setattr(session, "send", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(session, record, silent())
    session.run_for(1.1)
    assert session.value("SAR_MODE") == "OFF" and len(interruptions) == 1
    assert Record.open(tmp_path, record.campaign, "BENCH").state("low_voltage") == INTERRUPTED


def test_a_high_event_while_the_instrument_is_brought_to_rest_counts(
    session: Session, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recorder stops answering as the step is left; the instrument goes off all the same."""
    record = only_step(session, tmp_path, "sar", "low_voltage")

    def broken_recorder(name: str, **arguments: Any) -> Command:
        if arguments == {"mode": "OFF"}:
            bench.units.force("recorder.dead", 1)
        return Session.send(session, name, **arguments)

    with monkeypatch.context() as patch:
        patch.setattr(session, "send", broken_recorder)
        assert not run(session, record, silent())
    bench.units.release("recorder.dead")
    session.wait_for(lambda: session.value("RECORDER_LINK") == "GOOD", 5, "The recorder")
    assert record.attempts[-1].reason.startswith("Out of limits: events of high severity is ")
    session.run_for(1.1)
    assert session.value("SAR_MODE") == "OFF"


def test_an_interruption_while_science_data_come_down_is_recorded(
    session: Session, bench: Bench, tmp_path: Path
) -> None:
    class Interrupted:
        def receive(self) -> bytes:
            raise KeyboardInterrupt

    record = only_step(session, tmp_path, "sar", "receive_noise")
    with pytest.raises(KeyboardInterrupt):
        run(session, record, silent(), station=Interrupted())
    session.run_for(1.1)
    assert session.value("SAR_MODE") == "OFF"
    attempt = Record.open(tmp_path, record.campaign, "BENCH").attempts[-1]
    assert (attempt.state, attempt.reason) == (INTERRUPTED, "Interrupted by the user.")
    assert "packets recorded" in [item.name for item in attempt.measured]


def test_corner_reflectors_stop_at_a_bad_instrument_and_pass_on_a_good_one(
    session: Session, bench: Bench, tmp_path: Path
) -> None:
    """A reflector that is not seen, a receive window that opens late: found in the data, the instrument left off."""
    record = only_step(session, tmp_path, "sar", "corner_reflectors")
    stored_octets = bench.units.observe("recorder.stored_octets")
    bench.units.force("sar.science_factor", 16)
    bench.units.force("sar.lost_target", 3)
    bench.units.force("sar.window_error_ns", 15)
    assert not run(session, record, silent(), station=Downlink(bench))
    bad = record.attempts[-1]
    measured = {item.name: item for item in bad.measured}
    assert bad.state == FAILED
    assert "reflectors missing is 1 (at most 0), reflector position error is 2." in bad.reason
    assert measured["impulse response width error"].passed and measured["peak side lobe"].passed
    session.run_for(1.1)
    assert session.value("SAR_MODE") == "OFF" and not record.complete
    for fault in ("lost_target", "window_error_ns"):
        bench.units.release(f"sar.{fault}")
    again = Record.open(tmp_path, record.campaign, "BENCH")
    assert run(session, again, silent(), station=Downlink(bench)), again.attempts[-1].reason
    assert again.complete and again.attempts[-1].step == "corner_reflectors"
    # The ground has both files, and the board neither any more.
    for attempt in (bad, again.attempts[-1]):
        assert [(tmp_path / name).stat().st_size > 1e6 for name in attempt.files] == [True]
    assert bench.units.observe("recorder.stored_octets") == stored_octets
    assert 'alt="corner_reflectors-2-task-900106.sar.png"' in render(again)


def test_a_flat_field_stops_at_an_uneven_focal_plane(session: Session, bench: Bench, tmp_path: Path) -> None:
    record = only_step(session, tmp_path, "optical", "flat_field")
    bench.units.force("optical.stuck_pixels", 1)
    bench.units.force("optical.pattern_factor", 3)
    assert not run(session, record, silent(), station=Downlink(bench))
    bench.units.release("optical.stuck_pixels")
    bench.units.release("optical.pattern_factor")
    measured = {item.name: item for item in record.attempts[-1].measured}
    assert measured["non-uniformity at gain 2"].value == pytest.approx(4.7, abs=0.3)
    for text in ("non-uniformity at gain 2 is 4.", "% (at most 2)", "pixel the farthest off at gain 2 is"):
        assert text in record.attempts[-1].reason
    session.run_for(1.1)
    assert session.value("OPTICAL_MODE") == "OFF"


def test_entry_conditions_are_given_a_while_to_come_true(session: Session, platform: Platform, tmp_path: Path) -> None:
    """Who looked at science data, and plays the on-board computer, has told no time meanwhile."""
    platform.pause()
    session.wait_for(lambda: session.value("TIME_QUALITY") == "SET", 60, "A time that is no longer disciplined")
    platform.resume()
    record = only_step(session, tmp_path, "sar", "inhibit")
    assert run(session, record, silent()), record.attempts[-1].reason


def test_dark_and_sun_say_what_light_they_need(
    session: Session, platform: Platform, bench: Bench, tmp_path: Path
) -> None:
    dark = only_step(session, tmp_path / "dark", "optical", "dark")
    assert not run(session, dark, silent(), station=Downlink(bench))
    assert dark.attempts[-1].reason == (
        "Entry: ECLIPSE is OFF; ON is needed. Run this step in eclipse; on a bench give --ancillary eclipse=ON."
    )
    platform.ancillary = lambda gps_s: {**quiet_sky(gps_s), "eclipse": "ON"}
    session.run_for(2.1)
    sun = only_step(session, tmp_path / "sun", "optical", "sun")
    assert not run(session, sun, silent(), station=Downlink(bench))
    platform.ancillary = quiet_sky
    assert "The Sun must shine: run this step outside eclipse" in sun.attempts[-1].reason


def test_science_data_that_do_not_come_are_said_and_stay_on_board(
    session: Session, bench: Bench, tmp_path: Path
) -> None:
    record = only_step(session, tmp_path, "sar", "receive_noise")
    stored_octets = bench.units.observe("recorder.stored_octets")
    assert not run(session, record, silent(), station=Deaf())
    reason = record.attempts[-1].reason
    assert reason.startswith("Science data: Nothing of the recorder's entries came in the recording of the downlink")
    session.run_for(1.1)
    assert session.value("SAR_MODE") == "OFF"
    assert bench.units.observe("recorder.stored_octets") > stored_octets
    sent = len(session.commands)
    with pytest.raises(CampaignError, match="Step receive_noise measures science data, which come by the downlink"):
        run(session, record, silent())
    assert {command.name for command in session.commands[sent:]} <= {"TIME_MESSAGE", "ANCILLARY_DATA"}
    bench.units.downlink()


def test_entries_left_in_the_queue_do_not_stand_in_the_way_of_the_next_attempt(
    session: Session, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two attempts interrupted between RECORDER_QUEUE and the playback: the board plays their entries first."""
    record = only_step(session, tmp_path, "sar", "receive_noise")
    bench.units.force("sar.science_factor", 16)
    stored_octets = bench.units.observe("recorder.stored_octets")

    def interrupted(name: str, **arguments: Any) -> Command:
        if name == "RECORDER_START_PLAYBACK":
            raise KeyboardInterrupt
        return Session.send(session, name, **arguments)

    with monkeypatch.context() as patch:
        patch.setattr(session, "send", interrupted)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                run(session, record, silent(), station=Downlink(bench))
            session.run_for(1.1)
    session.run_for(10)
    assert session.value("CATALOGUE_QUEUED") == 2
    again = Record.open(tmp_path, record.campaign, "BENCH")
    assert run(session, again, silent(), station=Downlink(bench)), again.attempts[-1].reason
    session.run_for(10)
    assert session.value("CATALOGUE_QUEUED") == 0
    # The others were sent as well and stay on board: no ground has acknowledged them.
    assert bench.units.observe("recorder.stored_octets") > stored_octets
