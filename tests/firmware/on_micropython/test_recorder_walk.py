"""Random operations with a reboot after any of their cycles: no closed data take is lost, no state goes back."""

import hal

import runner
from bench import Bench
from payload.tables import enums, pool, units
from reports import take

OPEN, CLOSED, QUEUED = enums.ENTRY_STATE_OPEN, enums.ENTRY_STATE_CLOSED, enums.ENTRY_STATE_QUEUED
SENT, ACKED, DELETED = enums.ENTRY_STATE_SENT, enums.ENTRY_STATE_ACKED, enums.ENTRY_STATE_DELETED
CORRUPT = enums.ENTRY_STATE_CORRUPT
STEPS = 120
SEEDS = (1, 2, 3)
MOST_ENTRIES = 12


class Random:
    """Park and Miller's generator, in small integers."""

    def __init__(self, seed):
        self._state = seed

    def below(self, limit):
        self._state = self._state * 48271 % 0x7FFFFFFF
        return self._state % limit


class Walk:
    """`ground` is what the ground knows of each entry: the last state it saw, and whether it asked to send it again."""

    def __init__(self, seed):
        self.random = Random(seed)
        self.ground = {}
        self.reboots = 0
        self.boot()

    def boot(self):
        self.bench = Bench()
        self.bench.cycles(30)
        self.bench.set_time()
        self.bench.cycles(30)
        self.look()

    def look(self):
        """Every entry the ground knows is there, in the state it saw or a later one."""
        entries = self.bench.payload.entries
        for entry_id, before in self.ground.items():
            place = entries.find(entry_id)
            if place < 0:
                assert before == DELETED, "entry %d is lost in state %d" % (entry_id, before)
                continue
            now = entries.state(place)
            assert now >= before, "entry %d went from state %d to %d" % (entry_id, before, now)
            assert now != CORRUPT, "entry %d is corrupt" % entry_id
            self.ground[entry_id] = now
        for entry_id in entries._ids:
            if entry_id and entries.state(entries.find(entry_id)) != OPEN:
                self.ground[entry_id] = entries.state(entries.find(entry_id))

    def settled(self):
        """The recorder and the catalogue hold the same entries, once both have had time."""
        self.bench.cycles(60)
        self.look()
        held = len([state for state in self.ground.values() if state != DELETED])
        assert hal.pool_get(pool.CATALOGUE_ENTRIES) == held
        assert hal.pool_get(pool.RECORDER_ENTRIES) == held
        assert hal.pool_get(pool.RECORDER_OPEN_ENTRY_ID) == 0

    def step(self):
        choices = (self.take_data, self.send, self.send, self.send, self.queue_and_play)
        choices[self.random.below(len(choices))]()
        self.look()

    def pick(self):
        known = sorted(self.ground)
        return known[self.random.below(len(known))] if known else 1

    def take_data(self):
        catalogue = self.bench.payload.catalogue
        if hal.pool_get(pool.CATALOGUE_ENTRIES) >= MOST_ENTRIES:
            return
        for generator in (catalogue.open(9, enums.INSTRUMENT_SAR, 4, self.random.below(256)), catalogue.close()):
            if not self.run(generator):
                return

    def run(self, generator):
        """To its end, or to a reboot after one of its cycles: False."""
        for _ in generator:
            if self.may_reboot():
                return False
            self.bench.cycles(1)
        return not self.may_reboot()

    def may_reboot(self):
        if self.random.below(40):
            return False
        self.reboots += 1
        self.boot()
        return True

    def send(self):
        entry_id = self.pick()
        entries = self.bench.payload.entries
        place = entries.find(entry_id)
        size = crc = 0
        if place >= 0:
            size = entries.field(place, hal.U32, units.CATALOGUE_ENTRY_SIZE_OCTETS)
            crc = entries.field(place, hal.U32, units.CATALOGUE_ENTRY_CRC32)
        commands = (
            ("RECORDER_ACKNOWLEDGE", (entry_id, size, crc)),
            ("RECORDER_ACKNOWLEDGE", (entry_id, size, crc)),
            ("RECORDER_DELETE", (entry_id,)),
            ("RECORDER_VERIFY", (entry_id,)),
        )
        name, values = commands[self.random.below(len(commands))]
        self.command(name, values)

    def command(self, name, values):
        """False when a reboot came first."""
        self.bench.send(name, *values)
        while self.bench.payload.router.in_progress():
            if self.may_reboot():
                return False
            self.bench.cycles(1)
            take(self.bench.payload.queue)
        return not self.may_reboot()

    def queue_and_play(self):
        entry_id = self.pick()
        if self.ground.get(entry_id) not in (CLOSED, QUEUED):
            return  # a SENT one would rightly go back
        if not self.command("RECORDER_QUEUE", (entry_id, self.random.below(256))):
            return
        end = bytearray(7)
        hal.time_after_ms(60000, end, 0)
        if not self.command("RECORDER_START_PLAYBACK", (end, 60, 1000)):
            return
        while not self.bench.payload.playback.idle():
            if self.may_reboot():
                return
            self.bench.cycles(1)


def _walk(seed):
    walk = Walk(seed)
    for _ in range(STEPS):
        walk.step()
    walk.settled()
    return walk


def test_walks():
    reboots = 0
    seen = set()
    for seed in SEEDS:
        walk = _walk(seed)
        reboots += walk.reboots
        seen.update(walk.ground.values())
    assert reboots > 10, reboots
    assert {CLOSED, ACKED, DELETED} <= seen, seen


runner.run(globals())
