"""An entry's way from OPEN to DELETED by telecommand: every step, every refusal, and what a reboot leaves."""

import hal

import runner
from bench import Bench
from payload.tables import enums, failures, mission, pool, units
from reports import take

CRC_OF_NOTHING = 0


def booted():
    bench = Bench()
    bench.cycles(30)
    return bench


def entries_of(bench):
    return bench.payload.entries


def state(bench, entry_id):
    entries = entries_of(bench)
    return entries.state(entries.find(entry_id))


def record(bench, task_id=1, priority=10):
    """An entry opened and closed, without packets; its id."""
    catalogue = bench.payload.catalogue
    for generator in (catalogue.open(task_id, enums.INSTRUMENT_SAR, 4, priority), catalogue.close()):
        for _ in generator:
            bench.cycles(1)
    return hal.get(hal.U16, catalogue.entry, units.CATALOGUE_ENTRY_ENTRY_ID)


def ask(bench, name, *values):
    """Send and run to the end: 0 for success, or the failure code; one report of failure at most."""
    take(bench.payload.queue)
    bench.send(name, *values)
    failed = []
    for _ in range(400):
        for service, subservice, data in take(bench.payload.queue):
            if service == 1 and subservice in (2, 4, 6, 8):
                failed.append(hal.get(hal.U16, data, 4))
        if not bench.payload.router.in_progress():
            break
        bench.cycles(1)
    assert not bench.payload.router.in_progress(), name + " came to no end"
    assert len(failed) < 2, failed
    return failed[0] if failed else 0


def pass_end(seconds=300):
    end = bytearray(7)
    hal.time_after_ms(seconds * 1000, end, 0)
    return end


def start_playback(bench, duration_s=60, octets=0x3FFFFFFF, end=None):
    return ask(bench, "RECORDER_START_PLAYBACK", end or pass_end(), duration_s, octets)


def run_until(bench, entry_id, wanted, limit_cycles=200):
    for _ in range(limit_cycles):
        if state(bench, entry_id) == wanted:
            return
        bench.cycles(1)
    raise AssertionError("entry %d stays in state %d" % (entry_id, state(bench, entry_id)))


def send_down(bench, entry_id):
    assert ask(bench, "RECORDER_QUEUE", entry_id, 10) == 0
    assert start_playback(bench) == 0
    run_until(bench, entry_id, enums.ENTRY_STATE_SENT)
    finish(bench)


def finish(bench, limit_cycles=50):
    """Until the playback has ended and the transmitter is off."""
    for _ in range(limit_cycles):
        if bench.payload.playback.idle() and not hal.pool_get(pool.RECORDER_TRANSMITTER):
            return
        bench.cycles(1)
    raise AssertionError("the transmitter stays on")


def corrupt(bench, entry_id):
    entries = entries_of(bench)
    for _ in entries.store_state(
        entries.find(entry_id), enums.ENTRY_STATE_CORRUPT, (entries.state(entries.find(entry_id)),)
    ):
        bench.cycles(1)


def erase(bench, entry_id):
    corrupt(bench, entry_id)
    assert ask(bench, "RECORDER_ARM_ERASE", entry_id) == 0
    assert ask(bench, "RECORDER_ERASE", entry_id) == 0


def acknowledge(bench, entry_id):
    return ask(bench, "RECORDER_ACKNOWLEDGE", entry_id, 0, CRC_OF_NOTHING)


def test_the_whole_way_and_every_refusal_on_it():
    bench = booted()
    bench.set_time()
    held = hal.pool_get(pool.RECORDER_ENTRIES)
    entry = record(bench)
    refusals = (
        ("RECORDER_QUEUE", (entry, 10)),
        ("RECORDER_ACKNOWLEDGE", (entry, 0, CRC_OF_NOTHING)),
        ("RECORDER_DELETE", (entry,)),
    )

    def refused():
        return [ask(bench, name, *values) for name, values in refusals]

    assert state(bench, entry) == enums.ENTRY_STATE_CLOSED
    assert start_playback(bench) == failures.NOTHING_QUEUED
    assert refused()[1:] == [failures.ENTRY_NOT_SENT, failures.ENTRY_NOT_ACKNOWLEDGED]
    assert state(bench, entry) == enums.ENTRY_STATE_QUEUED, "the first of them queued it"
    assert refused()[1:] == [failures.ENTRY_NOT_SENT, failures.ENTRY_NOT_ACKNOWLEDGED]
    assert start_playback(bench) == 0
    run_until(bench, entry, enums.ENTRY_STATE_SENT)
    finish(bench)
    assert ask(bench, "RECORDER_DELETE", entry) == failures.ENTRY_NOT_ACKNOWLEDGED
    assert ask(bench, "RECORDER_ACKNOWLEDGE", entry, 1, CRC_OF_NOTHING) == failures.SIZE_DIFFERS
    assert ask(bench, "RECORDER_ACKNOWLEDGE", entry, 0, 1) == failures.CRC_DIFFERS
    assert state(bench, entry) == enums.ENTRY_STATE_SENT
    assert acknowledge(bench, entry) == 0 and state(bench, entry) == enums.ENTRY_STATE_ACKED
    assert acknowledge(bench, entry) == failures.ENTRY_IS_ACKNOWLEDGED, "a repeated telecommand"
    assert ask(bench, "RECORDER_QUEUE", entry, 10) == failures.ENTRY_IS_ACKNOWLEDGED
    assert hal.pool_get(pool.RECORDER_ENTRIES) == held + 1
    assert ask(bench, "RECORDER_DELETE", entry) == 0 and state(bench, entry) == enums.ENTRY_STATE_DELETED
    bench.cycles(3)
    assert hal.pool_get(pool.RECORDER_ENTRIES) == held
    assert refused() == [failures.ENTRY_IS_DELETED] * 3
    assert ask(bench, "RECORDER_VERIFY", entry) == failures.ENTRY_IS_DELETED
    assert ask(bench, "RECORDER_ARM_ERASE", entry) == failures.ENTRY_IS_DELETED
    assert ask(bench, "RECORDER_DELETE", 60000) == failures.NO_SUCH_ENTRY


def test_an_open_entry_is_left_alone():
    bench = booted()
    catalogue = bench.payload.catalogue
    for _ in catalogue.open(5, enums.INSTRUMENT_SAR, 4, 1):
        bench.cycles(1)
    entry = catalogue.open_entry_id()
    assert state(bench, entry) == enums.ENTRY_STATE_OPEN
    for name, values in (
        ("RECORDER_QUEUE", (entry, 1)),
        ("RECORDER_ACKNOWLEDGE", (entry, 0, 0)),
        ("RECORDER_DELETE", (entry,)),
        ("RECORDER_VERIFY", (entry,)),
        ("RECORDER_ARM_ERASE", (entry,)),
        ("RECORDER_ERASE", (entry,)),
    ):
        assert ask(bench, name, *values) == failures.ENTRY_IS_OPEN, name
    for _ in catalogue.close():
        bench.cycles(1)


def test_sent_is_queued_again_from_its_beginning():
    bench = booted()
    bench.set_time()
    entry = record(bench)
    send_down(bench, entry)
    assert ask(bench, "RECORDER_QUEUE", entry, 3) == 0
    assert state(bench, entry) == enums.ENTRY_STATE_QUEUED
    entries = entries_of(bench)
    assert entries.field(entries.find(entry), hal.U32, units.CATALOGUE_ENTRY_SENT_OCTETS) == 0
    send_down(bench, entry)


def test_the_highest_priority_goes_first_then_the_oldest():
    bench = booted()
    bench.set_time()
    order = [record(bench) for _ in range(4)]
    for entry, priority in zip(order, (5, 9, 9, 255)):  # noqa: B905 - MicroPython has no strict
        assert ask(bench, "RECORDER_QUEUE", entry, priority) == 0
    assert ask(bench, "RECORDER_QUEUE", order[3], 1) == 0, "another priority"
    assert start_playback(bench) == 0
    seen = []
    for _ in range(200):
        for entry in order:
            if state(bench, entry) == enums.ENTRY_STATE_SENT and entry not in seen:
                seen.append(entry)
        if len(seen) == 4:
            break
        bench.cycles(1)
    finish(bench)
    assert seen == [order[1], order[2], order[0], order[3]], seen


def test_erasing_takes_two_steps():
    bench = booted()
    entry, other = record(bench), record(bench)
    corrupt(bench, entry)
    corrupt(bench, other)
    assert ask(bench, "RECORDER_ERASE", entry) == failures.NOT_ARMED
    assert ask(bench, "RECORDER_ARM_ERASE", other) == 0
    assert ask(bench, "RECORDER_ERASE", entry) == failures.NOT_ARMED, "armed for another"
    assert ask(bench, "RECORDER_ERASE", other) == 0 and state(bench, other) == enums.ENTRY_STATE_DELETED
    assert ask(bench, "RECORDER_ARM_ERASE", entry) == 0
    bench.cycles(610)
    assert ask(bench, "RECORDER_ERASE", entry) == failures.NOT_ARMED, "expired"
    assert state(bench, entry) == enums.ENTRY_STATE_CORRUPT


def test_what_the_ground_has_not_acknowledged_is_not_erased():
    bench = booted()
    bench.set_time()
    entry = record(bench)

    def refused():
        return [ask(bench, name, entry) for name in ("RECORDER_ARM_ERASE", "RECORDER_ERASE")]

    assert refused() == [failures.ENTRY_NOT_ACKNOWLEDGED] * 2
    send_down(bench, entry)
    assert refused() == [failures.ENTRY_NOT_ACKNOWLEDGED] * 2 and state(bench, entry) == enums.ENTRY_STATE_SENT
    assert acknowledge(bench, entry) == 0
    assert refused() == [0, 0] and state(bench, entry) == enums.ENTRY_STATE_DELETED


def test_the_playback_is_refused_when_it_makes_no_sense():
    bench = booted()
    assert start_playback(bench) == failures.TIME_NOT_SET
    bench.set_time()
    entry = record(bench)
    assert ask(bench, "RECORDER_STOP_PLAYBACK") == failures.PLAYBACK_NOT_RUNNING
    assert ask(bench, "RECORDER_QUEUE", entry, 1) == 0
    assert start_playback(bench, end=pass_end(-5)) == failures.PASS_OVER
    bench.payload.refuse.latch(25)
    assert start_playback(bench) == failures.REFUSE_STATE
    assert not hal.pool_get(pool.RECORDER_TRANSMITTER)
    assert state(bench, entry) == enums.ENTRY_STATE_QUEUED
    erase(bench, entry)


def test_boards_by_telecommand_but_never_the_last():
    bench = booted()
    for board in range(3):
        assert ask(bench, "RECORDER_QUARANTINE_BOARD", board) == 0
    assert hal.pool_get(pool.RECORDER_BOARDS_IN_USE) == 0b1000
    assert ask(bench, "RECORDER_QUARANTINE_BOARD", 3) == failures.LAST_BOARD
    for board in range(3):
        assert ask(bench, "RECORDER_RELEASE_BOARD", board) == 0
    assert hal.pool_get(pool.RECORDER_BOARDS_IN_USE) == 0b1111


def test_a_carrier_that_a_boot_finds_on_is_switched_off():
    bench = booted()
    unit = bench.payload.recorder_unit
    unit.write(units.RECORDER_CONTROL_DOWNLINK_RATE_KBIT_S, hal.U16, 800)
    unit.write(units.RECORDER_CONTROL_DOWNLINK_LIMIT_S, hal.U16, 600)
    unit.write(units.RECORDER_CONTROL_COMMAND, hal.U16, enums.RECORDER_COMMAND_TRANSMITTER_ON)
    bench = Bench()
    bench.cycles(2)
    finish(bench, 20)


def test_states_survive_a_reboot_and_so_does_the_data():
    bench = booted()
    bench.set_time()
    closed, queued, sent, acked, deleted = [record(bench) for _ in range(5)]
    for entry in (deleted, acked, sent):
        send_down(bench, entry)
    for entry in (deleted, acked):
        assert acknowledge(bench, entry) == 0
    assert ask(bench, "RECORDER_DELETE", deleted) == 0
    assert ask(bench, "RECORDER_QUEUE", queued, 77) == 0
    expected = [
        enums.ENTRY_STATE_CLOSED,
        enums.ENTRY_STATE_QUEUED,
        enums.ENTRY_STATE_SENT,
        enums.ENTRY_STATE_ACKED,
        enums.ENTRY_STATE_DELETED,
    ]
    for cycles in (0, 1, 40):
        bench = Bench()
        bench.cycles(cycles)
        assert [state(bench, entry) for entry in (closed, queued, sent, acked, deleted)] == expected
    assert entries_of(bench)._priorities[entries_of(bench).find(queued)] == 77
    erase(bench, queued)


def test_a_cut_between_the_recorder_and_the_catalogue_is_made_good():
    bench = booted()
    bench.set_time()
    held = hal.pool_get(pool.RECORDER_ENTRIES)
    entry, other, third = record(bench), record(bench), record(bench)
    for each in (entry, other):
        send_down(bench, each)
        assert acknowledge(bench, each) == 0
    link = bench.payload.catalogue._link
    # Deleted there, not here.
    link.command_entry(enums.RECORDER_COMMAND_DELETE_ENTRY, entry)
    # Deleted here, not there.
    acked = (enums.ENTRY_STATE_ACKED,)
    for _ in entries_of(bench).store_state(entries_of(bench).find(other), enums.ENTRY_STATE_DELETED, acked):
        bench.cycles(1)
    # Gone there without the ground's knowledge.
    link.command_entry(enums.RECORDER_COMMAND_DELETE_ENTRY, third)
    # Opened there, not entered here: the power went between.
    link.command(enums.RECORDER_COMMAND_OPEN_ENTRY)
    bench = booted()
    bench.cycles(80)
    assert state(bench, entry) == enums.ENTRY_STATE_DELETED
    assert state(bench, other) == enums.ENTRY_STATE_DELETED
    assert state(bench, third) == enums.ENTRY_STATE_CORRUPT
    assert hal.pool_get(pool.RECORDER_OPEN_ENTRY_ID) == 0
    assert state(bench, third + 1) == enums.ENTRY_STATE_CLOSED
    assert hal.pool_get(pool.RECORDER_ENTRIES) == held + 1
    assert hal.pool_get(pool.CATALOGUE_CORRUPT) == 1


def test_a_full_catalogue_refuses_and_a_deleted_place_is_used_again():
    bench = booted()
    bench.set_time()
    catalogue = bench.payload.catalogue
    entries = entries_of(bench)
    made = []
    while hal.pool_get(pool.CATALOGUE_ENTRIES) < mission.RECORDER_ENTRIES - 1:
        made.append(record(bench))
    for _ in catalogue.open(1, enums.INSTRUMENT_SAR, 4, 10):
        bench.cycles(1)
    # The guards are looked at again while it waits for its start.
    catalogue.require_room()
    made.append(catalogue.open_entry_id())
    for _ in catalogue.close():
        bench.cycles(1)
    assert hal.pool_get(pool.CATALOGUE_ENTRIES) == mission.RECORDER_ENTRIES
    runner.refused(failures.CATALOGUE_FULL, catalogue.require_room)
    runner.refused(failures.CATALOGUE_FULL, catalogue.open, 1, enums.INSTRUMENT_SAR, 4, 1)
    known = [entries.id(place) for place in range(mission.RECORDER_ENTRIES)]
    for entry in made[:2]:
        erase(bench, entry)
    again = record(bench)
    assert again not in known, "an id does not come again"
    assert entries.find(made[0]) < 0 and state(bench, made[1]) == enums.ENTRY_STATE_DELETED, "the oldest goes first"
    assert hal.pool_get(pool.CATALOGUE_ENTRIES) == mission.RECORDER_ENTRIES - 1
    for entry in made[2:] + [again]:
        erase(bench, entry)


runner.run(globals())
