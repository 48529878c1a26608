"""The payload computer's power is cut while the units go on: what the catalogue holds after it."""

import zlib
from typing import Any

import pytest

from emei.packets import Telemetry
from emei.platform import Platform
from emei.session import Session
from hil.bench import Bench
from hil.scenarios import steps

BOOT_S = 15.0
SECTOR_OCTETS = 4096


def damage_first_copy(session: Session, bench: Bench) -> None:
    """Turn a bit over in the catalogue's first copy in flash."""
    at = session.dictionary.mission.integer("flash", "records_first_sector") * SECTOR_OCTETS + 20
    with (bench.directory / "flash.bin").open("r+b") as flash:
        flash.seek(at)
        octet = flash.read(1)[0]
        flash.seek(at)
        flash.write(bytes([octet ^ 1]))


@pytest.mark.power_cut
def test_no_data_take_is_lost_and_no_state_goes_back(session: Session, platform: Platform, bench: Bench) -> None:
    """The cut comes in the middle of a second data take; the first is queued."""
    seen: dict[int, dict[str, Any]] = {}

    def take(report: Telemetry) -> None:
        if report.name == "CATALOGUE_ENTRY":
            fields = {**report.fields, "crc": report.raw["crc32"], "file": report.raw["size_octets"]}
            seen[int(str(report.raw["entry_id"]))] = fields

    session.listen(take)
    steps.ready(session, bench)
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
    damage_first_copy(session, bench)
    bench.power_cycle(off_s=1.0)
    session.wait_event("BOOTED", BOOT_S, since)
    repaired = session.wait_event("CATALOGUE_REPAIRED", steps.ANSWER_S, since)
    assert (repaired.fields["part"], repaired.fields["cells"]) == (0, 1)
    closed = session.wait_event("DATA_TAKE_CLOSED", BOOT_S, since, task_id=802)
    cut = int(str(closed.fields["entry_id"]))
    session.send("RECORDER_REPORT_CATALOGUE", first_entry=whole, entries=2).wait(steps.ANSWER_S)
    assert seen[whole] == before
    assert seen[cut]["state"] == "CLOSED" and int(str(closed.fields["packets"])) > 0
    for entry_id in (whole, cut):
        file = bench.units.recorder_file(entry_id)
        assert (len(file), zlib.crc32(file)) == (seen[entry_id]["file"], seen[entry_id]["crc"])
