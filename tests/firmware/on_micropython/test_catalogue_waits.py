"""What waits for the flash overwrites nothing of the catalogue that was stored meanwhile."""

import hal

import runner
from bench import Bench
from payload.tables import enums, failures, units
from runner import refused

_PRIORITY = 200


def _booted():
    bench = Bench()
    bench.cycles(30)
    return bench


def _run(bench, generator):
    for _ in generator:
        bench.cycles(1)


def _entry_that_the_catalogue_forgot(bench):
    """The id of a closed entry that only the recorder has, as if nothing of it had been stored."""
    catalogue, entries = bench.payload.catalogue, bench.payload.entries
    _run(bench, catalogue.open(6, enums.INSTRUMENT_SAR, 4, 0))
    entry_id = catalogue.open_entry_id()
    _run(bench, catalogue.close())
    entries._ids[entries.find(entry_id)] = 0
    return entry_id


def _waiting_for_the_flash(bench, generator):
    """The same generator, run until it was refused by the flash once."""
    entries = bench.payload.entries
    tried = []

    def try_put(place):
        tried.append(place)
        return False

    entries.try_put = try_put
    while not tried:
        next(generator)
        bench.cycles(1)
    del entries.try_put
    return generator


def test_an_opening_that_waits_does_not_overwrite_what_is_taken_in_meanwhile():
    bench = _booted()
    catalogue, entries = bench.payload.catalogue, bench.payload.entries
    closed_id = _entry_that_the_catalogue_forgot(bench)
    opening = _waiting_for_the_flash(bench, catalogue.open(7, enums.INSTRUMENT_SAR, 4, 0))
    catalogue._reconciliation.request()
    bench.cycles(200)
    assert entries.find(closed_id) >= 0
    _run(bench, opening)
    assert entries.find(closed_id) >= 0 and entries.find(catalogue.open_entry_id()) >= 0
    assert entries.state(entries.find(closed_id)) == enums.ENTRY_STATE_CLOSED
    _run(bench, catalogue.close())


def test_what_is_taken_in_does_not_overwrite_an_opening_either():
    bench = _booted()
    catalogue, entries = bench.payload.catalogue, bench.payload.entries
    closed_id = _entry_that_the_catalogue_forgot(bench)
    opening = _waiting_for_the_flash(bench, catalogue.open(7, enums.INSTRUMENT_SAR, 4, 0))
    entries.try_put = lambda place: False
    catalogue._reconciliation.request()
    bench.cycles(200)
    del entries.try_put
    _run(bench, opening)
    bench.cycles(20)
    assert entries.find(closed_id) >= 0 and entries.find(catalogue.open_entry_id()) >= 0
    _run(bench, catalogue.close())


def test_an_entry_that_is_taken_in_while_its_opening_waits_is_held_once():
    bench = _booted()
    catalogue, entries = bench.payload.catalogue, bench.payload.entries
    opening = _waiting_for_the_flash(bench, catalogue.open(7, enums.INSTRUMENT_SAR, 4, 0))
    entry_id = catalogue.open_entry_id()
    catalogue._link.command(enums.RECORDER_COMMAND_CLOSE_ENTRY)
    catalogue._reconciliation.request()
    bench.cycles(200)
    refused(failures.RECORDER_REFUSED, next, opening)
    assert entries._ids.count(entry_id) == 1
    assert entries.state(entries.find(entry_id)) == enums.ENTRY_STATE_CLOSED


def _queue(bench, entry_id):
    _run(bench, bench.handler("RECORDER_QUEUE")(entry_id, _PRIORITY))
    entries = bench.payload.entries
    assert entries.state(entries.find(entry_id)) == enums.ENTRY_STATE_QUEUED


def test_what_is_taken_in_late_leaves_an_entry_queued():
    bench = _booted()
    catalogue, entries = bench.payload.catalogue, bench.payload.entries
    _run(bench, catalogue.open(8, enums.INSTRUMENT_SAR, 4, 0))
    entry_id = catalogue.open_entry_id()
    closing = catalogue.close()
    _run(bench, catalogue._link.read_entry(entry_id))
    record = bytes(catalogue._link.record)
    taking_in = _waiting_for_the_flash(
        bench, catalogue._reconciliation._close(entry_id, record, enums.ENTRY_STATE_OPEN)
    )
    _run(bench, closing)
    _queue(bench, entry_id)
    _run(bench, taking_in)
    assert entries.state(entries.find(entry_id)) == enums.ENTRY_STATE_QUEUED


def test_what_is_closed_late_leaves_an_entry_queued():
    bench = _booted()
    catalogue, entries = bench.payload.catalogue, bench.payload.entries
    _run(bench, catalogue.open(8, enums.INSTRUMENT_SAR, 4, 0))
    entry_id = catalogue.open_entry_id()
    closing = _waiting_for_the_flash(bench, catalogue.close())
    catalogue._reconciliation.request()
    bench.cycles(200)
    _queue(bench, entry_id)
    _run(bench, closing)
    assert entries.state(entries.find(entry_id)) == enums.ENTRY_STATE_QUEUED


def test_what_is_closed_late_leaves_an_open_entry_that_took_its_place():
    bench = _booted()
    catalogue, entries = bench.payload.catalogue, bench.payload.entries
    _run(bench, catalogue.open(8, enums.INSTRUMENT_SAR, 4, 0))
    place = entries.find(catalogue.open_entry_id())
    closing = _waiting_for_the_flash(bench, catalogue.close())
    next_id = entries.id(place) + 100
    _open_at(bench, place, next_id)
    _run(bench, closing)
    assert entries.id(place) == next_id and entries.state(place) == enums.ENTRY_STATE_OPEN


def _open_at(bench, place, entry_id):
    """Another open entry at a place, as once the one before it was deleted there."""

    def edit(record):
        hal.put(hal.U16, entry_id, record, units.CATALOGUE_ENTRY_ENTRY_ID)
        record[units.CATALOGUE_ENTRY_STATE] = enums.ENTRY_STATE_OPEN

    _run(bench, bench.payload.entries.store(place, edit))


def test_what_is_found_corrupt_late_leaves_an_entry_acknowledged():
    bench = _booted()
    catalogue, entries = bench.payload.catalogue, bench.payload.entries
    _run(bench, catalogue.open(8, enums.INSTRUMENT_SAR, 4, 0))
    place = entries.find(catalogue.open_entry_id())
    _run(bench, catalogue.close())
    marking = _waiting_for_the_flash(bench, catalogue._reconciliation._corrupt(place, enums.CORRUPT_CAUSE_MISSING))
    _run(bench, entries.store_state(place, enums.ENTRY_STATE_ACKED, (enums.ENTRY_STATE_CLOSED,)))
    _run(bench, marking)
    assert entries.state(place) == enums.ENTRY_STATE_ACKED


def test_a_place_that_another_entry_has_taken_is_not_changed():
    bench = _booted()
    catalogue, entries = bench.payload.catalogue, bench.payload.entries
    _run(bench, catalogue.open(8, enums.INSTRUMENT_SAR, 4, 0))
    place = entries.find(catalogue.open_entry_id())
    _run(bench, catalogue.close())
    storing = _waiting_for_the_flash(
        bench, entries.store_state(place, enums.ENTRY_STATE_DELETED, (enums.ENTRY_STATE_CLOSED,))
    )
    entries._ids[place] += 1
    failure = refused(failures.ENTRY_HAS_CHANGED, next, storing)
    assert failure.limit == enums.ENTRY_STATE_CLOSED and entries.state(place) == enums.ENTRY_STATE_CLOSED


runner.run(globals())
