"""Every measurement mode of the SAR: its packets tell of the table as commanded, and only what may radiate did."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from emei.archive import packets
from emei.platform import Platform
from emei.science.comparison import differences
from emei.science.quicklook import sar_quicklook
from emei.science.sar_acceptance import settings, table_of
from emei.session import Session
from emei.verification import Command
from hil.bench import Bench
from hil.scenarios import steps
from hil.scenarios.sar_tables import MODES, RADIATING, table

pytestmark = pytest.mark.virtual_time

DURATION_MS = round(steps.DATA_TAKE_S * 1000)
ECHO, NOISE, TX_CALIBRATION, BYPASS_CALIBRATION = 0, 1, 8, 10
COOL_DOWN_S = 2 * steps.DATA_TAKE_S + 1


@pytest.fixture(autouse=True)
def _from_off_to_off(session: Session, platform: Platform, bench: Bench) -> Iterator[None]:
    steps.ready(session, bench)
    yield
    steps.all_off(session)
    session.run_for(COOL_DOWN_S)  # whatever was transmitted, the transmitter is cool
    assert session.anomalies == []


def to_preop(session: Session) -> None:
    steps.sar_standby(session)
    session.send("SET_MODE_SAR", mode="PREOP").wait(240)
    session.run_for(1.1)  # housekeeping has said so


def permit(session: Session, takes: int = 1) -> None:
    session.send("SAR_ARM_TRANSMIT").wait(steps.ANSWER_S)
    session.send("SAR_PERMIT_TRANSMIT", takes=takes, valid_s=600).wait(steps.ANSWER_S)


def start(session: Session, platform: Platform, lead_s: float = steps.START_LEAD_S, slot: int = 0) -> Command:
    return session.send("SAR_START_DATA_TAKE", task_id=910, slot=slot, start=platform.gps_s() + lead_s)


def taken(session: Session, platform: Platform, mode: str) -> int:
    """A data take of the mode, to its end; its entry."""
    events = len(session.events)
    if mode != "RX_ONLY":
        permit(session)
    session.send("SAR_LOAD_TABLE", slot=0, **table(mode)).wait(steps.ANSWER_S)
    start(session, platform).wait(30)
    session.wait_for(lambda: session.value("SAR_MODE") == "PREOP", steps.ANSWER_S, "PREOP")
    changes = [e.fields["to_mode"] for e in session.events[events:] if e.name == "MODE_CHANGED"]
    assert changes == [mode, "PREOP"]
    closed = session.wait_event("DATA_TAKE_CLOSED", steps.ANSWER_S, events, task_id=910)
    assert int(str(closed.fields["packets"])) > 0
    return int(str(closed.fields["entry_id"]))


def signals_of(file: bytes) -> list[int]:
    """The signal type of every source packet, equal neighbours joined, the three calibrations taken as one."""
    found: list[int] = []
    for packet in packets(file):
        signal = packet[6 + 57] >> 4
        signal = TX_CALIBRATION if signal >= TX_CALIBRATION else signal
        if not found or found[-1] != signal:
            found.append(signal)
    return found


@pytest.fixture
def many_packets(bench: Bench) -> Iterator[None]:
    """A data take of seconds then has echoes enough to see the order of its signals."""
    bench.units.force("sar.science_factor", 4)
    yield
    bench.units.release("sar.science_factor")


@pytest.mark.usefixtures("many_packets")
@pytest.mark.parametrize("mode", MODES)
def test_a_data_take_of_each_mode(session: Session, bench: Bench, platform: Platform, mode: str) -> None:
    to_preop(session)
    before_ms = bench.units.observe("sar.transmit_total_ms")
    edges = len(bench.edges)
    entry = taken(session, platform, mode)
    radiated_ms = bench.units.observe("sar.transmit_total_ms") - before_ms
    assert radiated_ms == (DURATION_MS if mode in RADIATING else 0)
    raised = [edge for edge in bench.edges[edges:] if edge.name == "transmit-enable" and edge.on]
    assert len(raised) == (0 if mode == "RX_ONLY" else 1)
    file = bench.units.recorder_file(entry)
    look = sar_quicklook(file, session.dictionary)
    # Of a cycle of ancillary data the short data take has too few packets.
    assert all("the orbit is unknown" in problem for problem in look.problems)
    commanded = table_of({"slot": 0, **table(mode)}, session.dictionary)
    assert differences(settings(look, commanded, session.dictionary)) == []
    signals = signals_of(file)
    if mode == "CALIBRATION":
        assert signals == [NOISE, TX_CALIBRATION]
    else:
        # Noise, opening calibration, echoes with calibration among them, closing calibration.
        assert signals[:3] == [NOISE, TX_CALIBRATION, ECHO] and signals[-1] == TX_CALIBRATION
        assert signals.count(ECHO) >= 8 and all(a != b for a, b in pairwise(signals))
    assert session.value("TRANSMIT_PERMIT") == "INHIBITED"


def beams_and_pris(file: bytes) -> list[tuple[int, int]]:
    """Azimuth beam and PRI code of every echo."""
    return [
        (int.from_bytes(packet[60:62], "big") & 0x3FF, int.from_bytes(packet[50:53], "big"))
        for packet in packets(file)
        if packet[6 + 57] >> 4 == ECHO
    ]


@pytest.mark.usefixtures("many_packets")
def test_spotlight_sweeps_and_tops_takes_turns(session: Session, bench: Bench, platform: Platform) -> None:
    to_preop(session)
    swept = beams_and_pris(bench.units.recorder_file(taken(session, platform, "SPOTLIGHT")))
    beams = [beam for beam, _ in swept]
    assert beams == sorted(beams, reverse=True) and beams[0] == 700 and beams[-1] < 360
    session.run_for(COOL_DOWN_S)
    swept = beams_and_pris(bench.units.recorder_file(taken(session, platform, "TOPS")))
    turns = [pri for i, (_, pri) in enumerate(swept) if i == 0 or swept[i - 1][1] != pri]
    assert {pri for _, pri in swept} == {8160, 8150} and len(turns) >= 8
    assert all(480 <= beam <= 539 for beam, _ in swept)


def test_the_unit_tells_sub_swath_and_beam(session: Session, platform: Platform) -> None:
    to_preop(session)
    session.send("HOUSEKEEPING_SET_PERIOD", structure=3, period_cycles=1).wait(steps.ANSWER_S)
    permit(session)
    session.send("SAR_LOAD_TABLE", slot=0, **table("TOPS")).wait(steps.ANSWER_S)
    command = start(session, platform)
    seen: set[object] = set()

    def over() -> bool:
        seen.add(session.value("SAR_SUB_SWATH"))
        return command.finished

    session.wait_for(over, 30, "The data take")
    assert seen == {0, 1, 2, 3}
    session.send("HOUSEKEEPING_SET_PERIOD", structure=3, period_cycles=5).wait(steps.ANSWER_S)


def test_receive_only_wants_the_inhibit(session: Session, platform: Platform) -> None:
    to_preop(session)
    permit(session)
    session.send("SAR_LOAD_TABLE", slot=0, **table("RX_ONLY")).wait(steps.ANSWER_S)
    assert start(session, platform).refusal(steps.ANSWER_S).name == "GUARD_OUT_OF_RANGE"
    session.send("SAR_INHIBIT_TRANSMIT").wait(steps.ANSWER_S)
    start(session, platform).wait(30)


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "RX_ONLY"])
def test_what_transmits_wants_a_permit(session: Session, platform: Platform, mode: str) -> None:
    to_preop(session)
    session.send("SAR_LOAD_TABLE", slot=0, **table(mode)).wait(steps.ANSWER_S)
    failure = start(session, platform).refusal(steps.ANSWER_S)
    assert (failure.subservice, failure.name) == (4, "NO_TRANSMIT_PERMIT")


def test_commands_in_the_wrong_mode_repeated_and_reordered(session: Session, bench: Bench, platform: Platform) -> None:
    """Each is one failure code; the instrument stays where it is, and a data take under way goes on."""
    assert session.send("SET_MODE_SAR", mode="STANDBY").refusal(steps.ANSWER_S).name == "ILLEGAL_TRANSITION"
    session.send("SAR_CLEAR_TABLE", slot=0).wait(steps.ANSWER_S)
    assert start(session, platform).refusal(steps.ANSWER_S).name == "TABLE_EMPTY"
    session.send("SAR_LOAD_TABLE", slot=0, **table("STRIPMAP")).wait(steps.ANSWER_S)
    assert start(session, platform).refusal(steps.ANSWER_S).name == "ILLEGAL_TRANSITION"
    assert session.value("SAR_MODE") == "OFF"
    steps.sar_standby(session)
    assert start(session, platform).refusal(steps.ANSWER_S).name == "ILLEGAL_TRANSITION"
    assert session.send("SET_MODE_SAR", mode="STANDBY").refusal(steps.ANSWER_S).name == "ILLEGAL_TRANSITION"
    assert session.send("SET_MODE_SAR", mode="STRIPMAP").refusal(steps.ANSWER_S).name == "ILLEGAL_TRANSITION"
    assert session.send("SAR_PERMIT_TRANSMIT", takes=1, valid_s=60).refusal(steps.ANSWER_S).name == "NOT_ARMED"
    session.send("SET_MODE_SAR", mode="PREOP").wait(240)
    permit(session)
    session.send("SAR_LOAD_TABLE", slot=1, **table("TOPS")).wait(steps.ANSWER_S)
    events = len(session.events)
    command = start(session, platform)
    session.wait_for(lambda: session.value("SAR_PHASE") == "ECHO", 10, "Echoes")
    # MEASURE to MEASURE only through PREOP.
    assert start(session, platform, slot=1).refusal(steps.ANSWER_S).name == "INSTRUMENT_BUSY"
    assert session.send("SET_MODE_SAR", mode="PREOP").refusal(steps.ANSWER_S).name == "INSTRUMENT_BUSY"
    # The table under way is the unit's own; the slot may be loaded anew.
    session.send("SAR_LOAD_TABLE", slot=0, **table("TOPS")).wait(steps.ANSWER_S)
    command.wait(30)
    assert bench.units.observe("sar.transmit_time_ms") == DURATION_MS
    assert session.wait_event("DATA_TAKE_CLOSED", steps.ANSWER_S, events, task_id=910)
    assert session.send("SET_MODE_SAR", mode="INIT").refusal(steps.ANSWER_S).name == "ILLEGAL_TRANSITION"
    assert session.send("SET_MODE_SAR", mode="SAFE_UNPOWERED").refusal(steps.ANSWER_S).name == "ILLEGAL_TRANSITION"


def over_current(session: Session, bench: Bench) -> None:
    """A unit that draws a third more than its mode predicts, at rest: fault level 2, to its end."""
    since = len(session.events)
    bench.units.force("power.sar_current_ma", 6430 * 1.35)
    trip = session.wait_event("TRIP_LIMIT", steps.ANSWER_S, since)
    bench.units.release("power.sar_current_ma")
    assert trip.fields["monitor"] == "SAR_CURRENT"
    session.wait_event("SAFED", steps.SAFE_S, since, instrument="SAR")
    session.run_for(20)  # the limiter opened, and closed once again


def test_from_powered_safe_to_standby_in_two_steps(session: Session, bench: Bench, platform: Platform) -> None:
    """And from an unpowered one only to OFF."""
    to_preop(session)
    over_current(session, bench)
    assert session.value("SAR_MODE") == "SAFE"
    assert session.send("SET_MODE_SAR", mode="STANDBY").refusal(steps.ANSWER_S).name == "REFUSE_STATE"
    session.send("ARM_SAFE_EXIT").wait(steps.ANSWER_S)
    session.send("SAFE_EXIT").wait(steps.ANSWER_S)
    assert session.send("SET_MODE_SAR", mode="PREOP").refusal(steps.ANSWER_S).name == "ILLEGAL_TRANSITION"
    session.send("SET_MODE_SAR", mode="STANDBY").wait(steps.ANSWER_S)
    assert bench.units.observe("sar.state") == session.dictionary.enumeration("SAR_UNIT_STATE").members["IDLE"]
    bench.units.force("sar.dead", 1)
    session.wait_for(lambda: session.value("SAR_MODE") == "SAFE_UNPOWERED", steps.SAFE_S, "SAFE_UNPOWERED")
    bench.units.release("sar.dead")
    session.run_for(1)
    session.send("ARM_SAFE_EXIT").wait(steps.ANSWER_S)
    session.send("SAFE_EXIT").wait(steps.ANSWER_S)
    assert session.send("SET_MODE_SAR", mode="STANDBY").refusal(steps.ANSWER_S).name == "ILLEGAL_TRANSITION"
    session.send("SET_MODE_SAR", mode="OFF").wait(steps.ANSWER_S)


def test_a_current_beyond_the_prediction_trips(session: Session, bench: Bench, platform: Platform) -> None:
    to_preop(session)
    since = len(session.events)
    bench.units.force("power.sar_current_ma", 6430 * 1.2)
    warning = session.wait_event("WARNING_LIMIT", steps.ANSWER_S, since)
    assert warning.fields["monitor"] == "SAR_CURRENT"
    assert session.value("SAR_MODE") == "PREOP"
    over_current(session, bench)


def test_the_power_of_the_mode_must_fit(session: Session, bench: Bench, platform: Platform) -> None:
    to_preop(session)
    permit(session)
    session.send("SAR_LOAD_TABLE", slot=0, **table("STRIPMAP")).wait(steps.ANSWER_S)
    bench.units.force("power.total_power_w", 1500 - (1100 - 180) + 1)
    session.run_for(0.5)
    failure = start(session, platform).refusal(steps.ANSWER_S)
    assert (failure.name, failure.detail, failure.limit) == ("POWER_BUDGET", 1501, 1500)
    bench.units.force("power.total_power_w", 1500 - (1100 - 180))
    session.run_for(0.5)
    start(session, platform).wait(30)
    bench.units.release("power.total_power_w")
