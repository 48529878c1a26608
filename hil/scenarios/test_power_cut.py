"""The payload computer's power is cut while the units go on: what the catalogue and the configuration are after it."""

import zlib
from typing import Any

import pytest

from emei.packets import Telemetry
from emei.platform import Platform
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps
from hil.scenarios.sar_tables import TOPS_TABLE

BOOT_S = 15.0
PLATFORM = 7  # a housekeeping structure
SECTOR_OCTETS = 4096


def configure(session: Session) -> None:
    """A table in slot 6, another period of the structure PLATFORM, and an event disabled."""
    session.send("SAR_LOAD_TABLE", slot=6, **TOPS_TABLE).wait(steps.ANSWER_S)
    session.send("HOUSEKEEPING_SET_PERIOD", structure=PLATFORM, period_cycles=25).wait(steps.ANSWER_S)
    session.send("EVENT_DISABLE", events=[session.dictionary.event("TIME_ACQUIRED").id]).wait(steps.ANSWER_S)
    report_configuration(session)


def report_configuration(session: Session) -> None:
    session.send("SAR_REPORT_TABLE", slot=6).wait(steps.ANSWER_S)
    session.send("HOUSEKEEPING_REPORT_STRUCTURES", structures=[PLATFORM]).wait(steps.ANSWER_S)


def damage_first_copy(session: Session, bench: Bench, store: str) -> None:
    """Turn a bit over in the first copy in flash of a store: "records" (the catalogue) or "tables"."""
    at = session.dictionary.mission.integer("flash", f"{store}_first_sector") * SECTOR_OCTETS + 20
    with (bench.directory / "flash.bin").open("r+b") as flash:
        flash.seek(at)
        octet = flash.read(1)[0]
        flash.seek(at)
        flash.write(bytes([octet ^ 1]))


@pytest.mark.power_cut
def test_no_data_take_is_lost_and_no_state_goes_back(session: Session, platform: Platform, bench: Bench) -> None:
    """The cut comes in the middle of a second data take; the first is queued. What was configured is in force again."""
    seen: dict[int, dict[str, Any]] = {}

    tables: list[dict[str, Any]] = []
    periods: list[int] = []

    def take(report: Telemetry) -> None:
        if report.name == "SAR_TABLE":
            tables.append(report.fields)
        if report.name == "HOUSEKEEPING_STRUCTURE":
            periods.append(int(str(report.raw["period_cycles"])))
        if report.name == "CATALOGUE_ENTRY":
            fields = {**report.fields, "crc": report.raw["crc32"], "file": report.raw["size_octets"]}
            seen[int(str(report.raw["entry_id"]))] = fields

    session.listen(take)
    steps.ready(session, bench)
    configure(session)
    steps.sar_preop(session)
    steps.start_data_take(session, platform, task_id=801).wait(steps.SAFE_S)
    whole = int(str(session.wait_event("DATA_TAKE_CLOSED", 1.0, task_id=801).fields["entry_id"]))
    session.send("RECORDER_QUEUE", entry_id=whole, priority=7).wait(steps.ANSWER_S)
    session.send("RECORDER_REPORT_CATALOGUE", first_entry=whole, entries=1).wait(steps.ANSWER_S)
    before = seen.pop(whole)
    assert (before["state"], before["priority"]) == ("QUEUED", 7)
    session.send("SAR_ARM_TRANSMIT").wait(steps.ANSWER_S)
    session.send("SAR_PERMIT_TRANSMIT", takes=1, valid_s=300).wait(steps.ANSWER_S)
    session.wait_for(lambda: session.value("SAR_MODE") == "PREOP", steps.ANSWER_S, "The SAR in PREOP")
    steps.start_data_take(session, platform, task_id=802)
    session.run_for(1.0)
    since = len(session.events)
    damage_first_copy(session, bench, "records")
    damage_first_copy(session, bench, "tables")
    bench.power_cycle(off_s=1.0)
    session.wait_event("BOOTED", BOOT_S, since)
    repaired = session.wait_event("CATALOGUE_REPAIRED", steps.ANSWER_S, since)
    assert (repaired.fields["part"], repaired.fields["cells"]) == (0, 1)
    applied = session.wait_event("CONFIGURATION_APPLIED", steps.ANSWER_S, since)
    assert (applied.fields["slots"], applied.fields["settings"], applied.fields["damaged"]) == (2, 2, 1)
    closed = session.wait_event("DATA_TAKE_CLOSED", BOOT_S, since, task_id=802)
    cut = int(str(closed.fields["entry_id"]))
    session.send("RECORDER_REPORT_CATALOGUE", first_entry=whole, entries=2).wait(steps.ANSWER_S)
    assert seen[whole] == before
    assert seen[cut]["state"] == "CLOSED" and int(str(closed.fields["packets"])) > 0
    for entry_id in (whole, cut):
        file = bench.units.recorder_file(entry_id)
        assert (len(file), zlib.crc32(file)) == (seen[entry_id]["file"], seen[entry_id]["crc"])
    report_configuration(session)
    assert tables[1] == tables[0] and periods == [25, 25]
    assert not [event for event in session.events[since:] if event.name == "TIME_ACQUIRED"]
