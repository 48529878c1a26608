"""Boot: the event, the first housekeeping, the dictionary's hash, the time."""

from emei.platform import Platform
from emei.session import Session
from hil.bench import Bench
from hil.plugin import GPS_EPOCH_S

BOOT_S = 10
STRUCTURES = ("COMPUTER", "LINKS", "POWER", "RECORDER")


def test_the_board_says_that_it_booted(session: Session) -> None:
    event = session.wait_event("BOOTED", BOOT_S)
    assert event.fields["cause"] == "POWER_ON"
    assert event.severity == "informative"


def test_first_housekeeping_of_what_is_powered(session: Session) -> None:
    for structure in STRUCTURES:
        first = session.dictionary.structure(structure).parameters[0].name
        session.wait_for(lambda name=first: session.reading(name), BOOT_S, f"Housekeeping {structure}")  # type: ignore[misc]
    session.wait_for(lambda: session.value("POWER_BUS_VOLTAGE_V"), BOOT_S, "A valid bus voltage")
    session.wait_for(lambda: session.value("RECORDER_STATE") == "READY", BOOT_S, "A recorder that is ready")


def test_both_ends_have_the_same_dictionary(session: Session) -> None:
    assert session.check_dictionary(BOOT_S) == session.dictionary.hash_word


def test_it_is_the_spacecraft_we_mean(session: Session) -> None:
    assert session.value("SPACECRAFT_ID") == session.spacecraft.id
    assert session.value("BUILD") == "BENCH"
    assert session.value("AUTHENTICATION") == "CLEAR"


def test_everything_is_inhibited_and_off(session: Session, bench: Bench) -> None:
    assert session.value("TRANSMIT_PERMIT") == "INHIBITED"
    assert session.value("TRANSMIT_ENABLE") == "OFF"
    assert session.value("SAR_MODE") == "OFF"
    assert session.value("OPTICAL_MODE") == "OFF"
    assert session.value("POWER_LIMITERS_CLOSED") == 0
    assert not any(edge.on for edge in bench.edges)


def test_ping_answers(session: Session) -> None:
    command = session.send("PING").wait(5)
    assert [report.subservice for report in command.reports] == [1, 3, 7]


def test_the_time_is_set_and_disciplined(session: Session, platform: Platform) -> None:
    session.wait_event("TIME_ACQUIRED", 5)
    session.wait_for(lambda: session.value("TIME_QUALITY") == "DISCIPLINED", 10, "A disciplined on-board time")
    session.run_for(1.5)
    reading = session.reading("TIME_QUALITY")
    assert reading is not None
    assert abs(reading.board_time_s - GPS_EPOCH_S - reading.time_s) < 0.5


def test_nothing_was_out_of_order(session: Session) -> None:
    assert session.anomalies == []
    assert session.missing_packets == 0
