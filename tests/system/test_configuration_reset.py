"""What the ground configured, through a commanded reset and one by the watchdog, on the whole application.

Terra 2022: a reset lost patches.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emei.dictionary import load
from emei.packets import Telemetry
from emei.platform import Platform
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps
from hil.scenarios.sar_tables import table
from tests.system.quick_bench import quick_bench

GPS_EPOCH_S = 1_450_000_000
BOOT_S = 10.0
TABLES = {0: table("STRIPMAP"), 5: table("TOPS")}
COMPUTER_CYCLES = 30

# The application, with a telecommand that hangs it until the watchdog bites.
MAIN = """
from payload.services.test import Test

def hang(self, apid):
    while True:
        pass

Test.connection_test = hang

from payload.main import main

main()
"""


class Operator:
    """A session that keeps every report."""

    def __init__(self, directory: Path) -> None:
        (directory / "main.py").write_text(MAIN)
        self.bench = Bench("host", directory, quick_bench(directory))
        self.session = Session(load(), self.bench.link)
        self.platform = Platform(self.session, GPS_EPOCH_S)
        self.reports: list[Telemetry] = []
        self.session.listen(self.reports.append)
        steps.ready(self.session, self.bench)

    def send(self, name: str, **arguments: Any) -> None:
        self.session.send(name, **arguments).wait(steps.ANSWER_S)

    def answer(self, name: str, report: str, **arguments: Any) -> Telemetry:
        self.reports.clear()
        self.send(name, **arguments)
        return next(item for item in self.reports if item.name == report)

    def configure(self) -> None:
        for slot, values in TABLES.items():
            self.send("SAR_LOAD_TABLE", slot=slot, **values)
        self.send("HOUSEKEEPING_SET_PERIOD", structure=self.structure("COMPUTER"), period_cycles=COMPUTER_CYCLES)
        self.send("HOUSEKEEPING_DISABLE", structures=[self.structure("LINKS")])
        self.send("EVENT_DISABLE", events=[self.session.dictionary.event("TIME_ACQUIRED").id])
        self.send("TIME_SET_REPORT_RATE", exponent=0)

    def structure(self, name: str) -> int:
        return self.session.dictionary.structure(name).id

    def tables(self) -> list[Any]:
        return [self.answer("SAR_REPORT_TABLE", "SAR_TABLE", slot=slot).fields for slot in TABLES]

    def reset(self) -> None:
        self.send("ARM_RESET")
        self.send("RESET")

    def hang(self) -> None:
        self.session.send("CONNECTION_TEST", apid=1)

    def take(self, slot: int, mode: str, task_id: int) -> None:
        """From OFF to a data take with what is in the slot, and back to OFF."""
        steps.sar_standby(self.session)
        self.session.send("SET_MODE_SAR", mode="PREOP").wait(240)
        self.send("SAR_ARM_TRANSMIT")
        self.send("SAR_PERMIT_TRANSMIT", takes=1, valid_s=300)
        since = len(self.session.events)
        start = self.platform.gps_s() + steps.START_LEAD_S
        self.session.send("SAR_START_DATA_TAKE", task_id=task_id, slot=slot, start=start).wait(60)
        self.session.wait_event("MODE_CHANGED", 1, since, instrument="SAR", to_mode=mode)
        closed = self.session.wait_event("DATA_TAKE_CLOSED", 1, since, task_id=task_id)
        assert int(str(closed.fields["packets"])) > 0
        self.session.send("SET_MODE_SAR", mode="OFF").wait(20)


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    operator = Operator(tmp_path)
    yield operator
    operator.platform.stop()
    operator.bench.stop()


def assert_in_force(operator: Operator, since: int, tables: list[Any]) -> None:
    """Everything that configure() did, after a boot."""
    session = operator.session
    applied = session.wait_event("CONFIGURATION_APPLIED", BOOT_S, since)
    assert (applied.severity, *applied.fields.values()) == ("low", 2, 4, 0)
    operator.session.run_for(4)
    operator.reports.clear()
    session.run_for(12)
    names = [report.name for report in operator.reports]
    assert names.count("COMPUTER") == 4, "every 3 s"
    assert names.count("LINKS") == 0 and names.count("PLATFORM") == 12
    assert names.count("TIME") == 12
    assert not [event for event in session.events[since:] if event.name == "TIME_ACQUIRED"]
    disabled = operator.answer("EVENT_REPORT_DISABLED", "EVENT_DISABLED_LIST").fields["events"]
    assert disabled == [session.dictionary.event("TIME_ACQUIRED").id]
    assert operator.tables() == tables


def test_a_commanded_reset_and_the_watchdog_lose_nothing(operator: Operator) -> None:
    session = operator.session
    operator.configure()
    tables = operator.tables()
    for reset, cause, slot, mode in (
        (operator.reset, "COMMANDED", 5, "TOPS"),
        (operator.hang, "WATCHDOG", 0, "STRIPMAP"),
    ):
        since = len(session.events)
        reset()
        assert session.wait_event("BOOTED", BOOT_S, since).fields["cause"] == cause
        assert_in_force(operator, since, tables)
        steps.ready(session, operator.bench)
        operator.take(slot, mode, task_id=950 + slot)


def test_what_is_cleared_or_restored_stays_so(operator: Operator) -> None:
    session = operator.session
    operator.configure()
    tables = operator.tables()
    operator.send("SAR_CLEAR_TABLE", slot=0)
    since = len(session.events)
    operator.reset()
    applied = session.wait_event("CONFIGURATION_APPLIED", BOOT_S, since)
    assert (applied.fields["slots"], applied.fields["settings"]) == (1, 4)
    assert session.send("SAR_REPORT_TABLE", slot=0).refusal(steps.ANSWER_S).name == "TABLE_EMPTY"
    assert operator.answer("SAR_REPORT_TABLE", "SAR_TABLE", slot=5).fields == tables[1]
    operator.send("RESTORE_DEFAULTS")
    since = len(session.events)
    operator.reset()
    applied = session.wait_event("CONFIGURATION_APPLIED", BOOT_S, since)
    assert (applied.fields["slots"], applied.fields["settings"]) == (0, 0)
    session.wait_event("TIME_ACQUIRED", 5, since)
    assert session.send("SAR_REPORT_TABLE", slot=5).refusal(steps.ANSWER_S).name == "TABLE_EMPTY"
