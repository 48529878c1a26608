"""Who uses the flash when: nothing that is waited for waits for what moves a whole sector."""

import explore
import hal

import runner
from bench import Bench, empty_tables
from driver_setup import Events
from payload.instruments.kept_tables import KeptTables
from payload.storage.entries import Entries
from payload.storage.flash import Flash
from payload.storage.persistent import Persistent
from payload.tables import mission, persistent, units

LAST_PLACE = mission.RECORDER_ENTRIES - 1
LAST_SLOT = mission.SAR_TABLE_SLOTS - 1
# Seen to be in flash in the cycle after the one it is put in, or in the next.
SOON_CYCLES = 2


class Setup:
    """All three stores, at rest."""

    def __init__(self):
        hal.init(0x0E00, True)
        empty_tables()
        self.persistent = Persistent()
        self.flash = Flash(self.persistent, KeptTables(Events()), Entries(Events()))
        self.cycles(100)
        assert self.persistent.flush(10000)

    def cycles(self, count):
        for _ in range(count):
            hal.sleep(hal.ticks_ms() + 100)
            self.flash.run()

    def move_the_journal(self):
        """As when it changes its sector: every key is written anew, one a cycle."""
        for key in persistent.RECORDS:
            self.persistent.put(key, 0 if self.persistent.get(key) else 1)


def test_an_entry_is_stored_while_the_journal_moves():
    _require_stored_soon(hal.RECORDS_CATALOGUE, LAST_PLACE)


def test_a_table_is_stored_while_the_journal_moves():
    _require_stored_soon(hal.RECORDS_TABLES, LAST_SLOT)


def _require_stored_soon(store, place):
    setup = Setup()
    setup.move_the_journal()
    setup.cycles(1)
    hal.sleep(hal.ticks_ms() + 100)
    assert hal.records_put(store, place, b"\0", 0, 1)
    cycles = 0
    while hal.records_pending(store):
        setup.cycles(1)
        cycles += 1
        assert cycles <= SOON_CYCLES


def test_the_journal_is_written_while_entries_are_stored_one_after_the_other():
    setup = Setup()
    setup.persistent.put(persistent.REFUSE_CAUSE, 21)
    kept_after = 0
    while True:
        hal.records_put(hal.RECORDS_CATALOGUE, LAST_PLACE, bytes(units.CATALOGUE_ENTRY_OCTETS), 0, 1)
        setup.cycles(1)
        kept_after += 1
        if hal.journal_flush(0):
            break
        assert kept_after < 20
    assert hal.journal_get(persistent.REFUSE_CAUSE, 0) == 21


def test_it_runs_behind_all_that_may_store_something():
    """An operation begun before them in the cycle would refuse every put, cycle after cycle."""
    payload = Bench().payload
    owners = [explore.bound_object(activity.run) for activity in payload.executive._activities]
    flash = [type(owner) for owner in owners].index(Flash)
    storing = [payload.catalogue, payload.playback] + [driver.machine for driver in payload.instruments.values()]
    places = [place for place, owner in enumerate(owners) if owner in storing]
    resumed = max([place for place, owner in enumerate(owners) if owner is payload.router])
    assert len(places) == len(storing) and resumed > 0
    assert max(places) < flash and resumed < flash


runner.run(globals())
