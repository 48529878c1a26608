"""The whole application on the host board, driven without a link: for tests of its inside."""

import hal

from payload.main import Payload
from payload.tables import enums, mission, persistent, pool, units
from payload.tables import telecommands as telecommand_table

WORKED_TABLE = [4, 6, 17, 4, 5, 6, 512, 150, -8, 8160, 1314, 2249, 4488, 140969, 144143, 130211, 10000, 1] + [0] * 29
# The worked case as three sub-swaths of TOPS, the third with another PRI.
TOPS_TABLE = [6] + WORKED_TABLE[1:6] + [500] + WORKED_TABLE[7:17] + [3, 1, 10, 500] + [
    17, 7, 500, 8160, 1314, 2249, 4488, 140969, 144143, 130560, -1, 20, 400,
    17, 7, 500, 8150, 1314, 2249, 4488, 140799, 143973, 130400, -1, 20, 400,
]  # fmt: skip
# Line period and integration in 0.1 us, TDI stages, gain, bands, compression in tenths, duration in ms.
IMAGE_SETTINGS = [711, 680, 32, 2, 31, 40, 10000]
# Roll and pitch, strips, interval, roll step.
NADIR = [0, 0, 1, 0, 0]
SPACECRAFT_ID = 0x0E00
GPS_S = 1400000000
LATITUDE, LONGITUDE = 3008000, 10384000
_LONGEST_WAIT_MS = 100000


def empty_tables():
    """Nothing in the table store, as far as there is a flash."""
    for slot in range(mission.SAR_TABLE_SLOTS):
        record = bytearray(units.SAR_TABLE_OCTETS + 2)
        if not hal.records_get(hal.RECORDS_TABLES, slot, record, 0, len(record)):
            continue
        while not hal.records_put(hal.RECORDS_TABLES, slot, bytes(len(record)), 0, len(record)):
            hal.records_step(hal.RECORDS_TABLES)
            hal.sleep(hal.ticks_ms() + 100)
        while hal.records_pending(hal.RECORDS_TABLES):
            hal.sleep(hal.ticks_ms() + 100)
            hal.records_step(hal.RECORDS_TABLES)


class Bench:
    """Telecommands are built here and given to the router as if the link had delivered them."""

    def __init__(self, keep=False, keep_boots=False, spacecraft_id=SPACECRAFT_ID):
        """With `keep`, what an earlier bench left in flash is there still, as after a reset; its boots apart."""
        hal.init(spacecraft_id, True)
        for key in persistent.RECORDS:
            if not keep or (key in (persistent.BOOT_AGE_1_MIN, persistent.BOOT_AGE_2_MIN) and not keep_boots):
                hal.journal_put(key, persistent.RECORDS[key][0])
        if not keep:
            empty_tables()
        hal.journal_flush(10000)
        self.payload = Payload(spacecraft_id, True)
        self.payload.start()
        # A test may wait without a cycle; the executive's own run starts the watchdog anew.
        hal.watchdog_start(_LONGEST_WAIT_MS)
        self._next_ms = hal.ticks_ms()
        self._count = 0
        self.in_view = False  # the platform's data come once a second
        self._names = {}
        for service, subservice, name, _, arguments in telecommand_table.TELECOMMANDS:
            self._names[name] = (service, subservice, arguments)

    def wait_cycle(self):
        self._next_ms = (self._next_ms + 100) & 0x3FFFFFFF
        hal.sleep(self._next_ms)
        # The position goes on; the telecommand it comes with would allocate.
        hal.position(LATITUDE, LONGITUDE)

    def cycles(self, count):
        executive = self.payload.executive
        for _ in range(count):
            if self.in_view and executive.cycles % 10 == 0:
                self.ancillary()
            executive.cycle()
            self.wait_cycle()

    def faults(self):
        """Activities that have not come to their end in the last ten cycles."""
        executive = self.payload.executive
        return len([a for a in executive._activities if executive.cycles - a.done_cycle > a.period_cycles + 1])

    def handler(self, name):
        service, subservice, _ = self._names[name]
        return self.payload.router._table[service << 8 | subservice][0]

    def send(self, name, *values):
        """Give a telecommand to the router; returns the request ID's sequence count."""
        service, subservice, arguments = self._names[name]
        packet = bytearray(1024)
        offset = 11
        for index in range(len(arguments)):
            type_code, value = arguments[index][0], values[index]
            if type_code == hal.CUC:
                hal.copy(value, 0, packet, offset, 7)
                offset += 7
            else:
                offset = hal.put(type_code, value, packet, offset)
        count = self._count
        self._count += 1
        packet[0:6] = bytes(
            [0x18, 0x01, 0xC0 | count >> 8, count & 0xFF, (offset + 2 - 7) >> 8, (offset + 2 - 7) & 0xFF]
        )
        packet[6:11] = bytes([0x2F, service, subservice, 0, 1])
        hal.put(hal.U16, hal.crc16(packet, 0, offset), packet, offset)
        router = self.payload.router
        hal.copy(packet, 0, router._packet, 0, offset + 2)
        router._handle(offset + 2)
        return count

    def command(self, name, *values, limit_cycles=3000):
        """Send a telecommand and run cycles until no handler is in progress."""
        rejected = hal.pool_get(pool.TC_REJECTED)
        self.send(name, *values)
        assert hal.pool_get(pool.TC_REJECTED) == rejected, name + " was rejected"
        for _ in range(limit_cycles):
            if not self.payload.router.in_progress():
                return
            self.cycles(1)
        raise AssertionError(name + " did not end")

    def set_time(self):
        """Time message and ancillary data, as the OBC sends them, until the units know the time."""
        for second in range(3):
            self.send("TIME_MESSAGE", GPS_S + second)
            self.ancillary()
            self.cycles(10)
        assert hal.time_quality()

    def ancillary(self):
        self.send("ANCILLARY_DATA", 6000, 10, 1, LATITUDE, LONGITUDE, 0, 900, 520000, 703100, 19000, 0)

    def prepare_data_take(self):
        """Bring the SAR to PREOP with a table in slot 0 and a transmit permit."""
        self.cycles(30)
        self.set_time()
        self.command("SET_BENCH_WAIT", enums.BENCH_WAIT_SAR_WARMUP, 1000)
        self.command("SET_MODE_SAR", enums.SAR_MODE_INIT)
        self.command("SET_MODE_SAR", enums.SAR_MODE_STANDBY)
        self.command("SET_MODE_SAR", enums.SAR_MODE_PREOP)
        assert hal.pool_get(pool.SAR_MODE) == enums.SAR_MODE_PREOP, hal.pool_get(pool.SAR_MODE)
        self.command("SAR_LOAD_TABLE", 0, *WORKED_TABLE)
        self.command("SAR_ARM_TRANSMIT")
        self.command("SAR_PERMIT_TRANSMIT", 1, 600)
        self.ancillary()

    def start_data_take(self, delay_ms=3500):
        start = bytearray(7)
        hal.time_after_ms(delay_ms, start, 0)
        self.send("SAR_START_DATA_TAKE", 77, 0, 10, start)
        assert self.payload.router.in_progress() == 1, "the data take was refused"

    def prepare_image(self):
        """Bring the optical instrument to READY with the door open."""
        self.cycles(30)
        self.set_time()
        self.in_view = True
        self.command("SET_BENCH_WAIT", enums.BENCH_WAIT_OPTICAL_STABILISATION, 3000)
        self.command("SET_MODE_OPTICAL", enums.OPTICAL_MODE_STANDBY)
        self.command("OPTICAL_TEST_DOOR")
        self.command("SET_MODE_OPTICAL", enums.OPTICAL_MODE_THERMAL_STABILISATION)
        self.command("SET_MODE_OPTICAL", enums.OPTICAL_MODE_READY)
        assert hal.pool_get(pool.OPTICAL_MODE) == enums.OPTICAL_MODE_READY, hal.pool_get(pool.OPTICAL_MODE)
        self.command("OPTICAL_MOVE_DOOR", enums.DOOR_COMMAND_OPEN)

    def start_image(self, delay_ms=3500):
        start = bytearray(7)
        hal.time_after_ms(delay_ms, start, 0)
        self.send("OPTICAL_START_IMAGE", 78, enums.OPTICAL_MODE_STRIP, 10, start, *NADIR, *IMAGE_SETTINGS)
        assert self.payload.router.in_progress() == 1, "the image was refused"

    def finish(self, limit_cycles=3000):
        """Run until no handler is in progress: a reset in the midst of a data take is a trip."""
        for _ in range(limit_cycles):
            if not self.payload.router.in_progress():
                return
            self.cycles(1)
        raise AssertionError("a handler did not end")
