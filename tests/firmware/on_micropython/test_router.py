"""The router: order of the verification reports, ack flags, one failure report for each refusal, bounds."""

import hal

import runner
from bench import Bench
from payload.failure import Failure, Refusal
from payload.services.verification import Verification
from payload.tables import enums, failures, mission, pool, telecommands, units
from payload.tmtc import router as router_module
from payload.tmtc.queue import RESPONSE
from payload.tmtc.router import Router
from reports import Reports, kinds, take

PING = (17, 1)

# A single report of the eight largest structures, its verification, and the ends of four handlers.
WORST_REPORTS_OCTETS = 1300


class Setup:
    """A router whose PING is what the test says; every other telecommand does nothing."""

    def __init__(self, ping, bench_build=True):
        hal.init(0x0E00, True)
        self.reports = Reports()
        handlers = {name: lambda *arguments: None for _, _, name, _, _ in telecommands.TELECOMMANDS}
        handlers["PING"] = ping
        self.faults = []
        self.router = Router(Verification(self.reports.writer), self.reports.queue, handlers, bench_build, self)
        self.count = 0

    def fault(self, fault, activity):
        """As fdir.reboot has it."""
        self.faults.append((fault, activity))

    def give(self, kind=PING, arguments=b"", ack=15, apid=1, spoil=False):
        """Hand a telecommand to the router; returns its request ID."""
        self.count += 1
        length = 11 + len(arguments) + 2
        header = bytes([0x18, apid, 0xC0, self.count, (length - 7) >> 8, (length - 7) & 0xFF])
        packet = bytearray(header + bytes([0x20 | ack, kind[0], kind[1], 0, 1]) + arguments + bytes(2))
        hal.put(hal.U16, hal.crc16(packet, 0, length - 2), packet, length - 2)
        if spoil:
            packet[length - 1] ^= 1
        hal.copy(packet, 0, self.router._packet, 0, length)
        self.router._handle(length)
        return header[:4]

    def answers(self):
        return kinds(self.reports.take())


def _steps(*steps):
    def handler():
        yield from steps

    return handler


def _raising(error, after=0):
    def handler():
        for _ in range(after):
            yield 0
        raise error
        yield 0

    return handler


def test_reports_in_order_with_progress():
    setup = Setup(_steps(0, 1, 0, 2))
    request_id = setup.give()
    for _ in range(5):
        setup.router.resume()
    reports = setup.reports.take()
    assert kinds(reports) == [(1, 1), (1, 3), (1, 5), (1, 5), (1, 7)]
    assert all(data[:4] == request_id for _, _, data in reports)
    assert [data[4] for _, subservice, data in reports if subservice == 5] == [1, 2]
    assert setup.router.in_progress() == 0


def test_each_ack_flag_asks_for_one_report():
    expected = {0: [], 1: [(1, 1)], 2: [(1, 3)], 4: [(1, 5)], 8: [(1, 7)], 15: [(1, 1), (1, 3), (1, 5), (1, 7)]}
    for ack, answers in expected.items():
        setup = Setup(_steps(0, 1))
        setup.give(ack=ack)
        for _ in range(3):
            setup.router.resume()
        assert setup.answers() == answers, ack
        setup = Setup(lambda: None)
        setup.give(ack=ack)
        assert setup.answers() == [kind for kind in answers if kind != (1, 5)], ack


def test_failures_are_reported_whatever_the_ack_flags():
    for ack in (0, 15):
        success = [(1, 1)] if ack else []
        for error in (Refusal(failures.NOT_SAFE), Failure(failures.UNIT_LOST), ValueError(), MemoryError()):
            setup = Setup(_raising(error))
            setup.give(ack=ack)
            assert setup.answers() == success + [(1, 4)]
            setup = Setup(_raising(error, after=2))
            setup.give(ack=ack)
            setup.router.resume()
            assert setup.answers() == success + ([(1, 3)] if ack else []) + [(1, 8)]
            assert setup.router.in_progress() == 0, "a slot leaked"


def test_software_faults_say_so_and_lead_to_a_reboot():
    for error, fault in ((ValueError(), enums.SOFTWARE_FAULT_EXCEPTION), (MemoryError(), enums.SOFTWARE_FAULT_MEMORY)):
        for after in (0, 2):
            setup = Setup(_raising(error, after))
            setup.give(ack=0)
            setup.router.resume()
            ((_, _, data),) = setup.reports.take()
            assert hal.get(hal.U16, data, 4) == failures.HANDLER_FAULT and hal.get(hal.I32, data, 6) == fault
            assert setup.faults == [(fault, 0)]
    setup = Setup(_raising(Refusal(failures.NOT_SAFE)))
    setup.give()
    assert setup.faults == [], "a refusal is no fault"


def test_every_refusal_is_one_failure_report():
    for kind, arguments, subservice, code, options in (
        ((99, 1), b"", 2, failures.UNKNOWN_SERVICE, {}),
        ((17, 99), b"", 2, failures.UNKNOWN_SUBSERVICE, {}),
        (PING, b"\0", 2, failures.ARGUMENTS_TOO_LONG, {}),
        ((17, 3), b"\0", 2, failures.ARGUMENTS_TOO_SHORT, {}),
        ((17, 3), b"\xff\xff", 2, failures.ARGUMENT_OUT_OF_RANGE, {}),
        ((3, 5), b"\0", 2, failures.ARGUMENT_OUT_OF_RANGE, {}),
        ((3, 5), b"\x09" + bytes(9), 2, failures.ARGUMENT_OUT_OF_RANGE, {}),
        ((3, 5), b"", 2, failures.ARGUMENTS_TOO_SHORT, {}),
        ((3, 5), b"\x02\x01", 2, failures.ARGUMENTS_TOO_SHORT, {}),
        ((128, 1), b"\x63", 2, failures.ARGUMENT_OUT_OF_RANGE, {}),
        ((129, 5), b"\0\0\x3c", 2, failures.ARGUMENT_OUT_OF_RANGE, {}),
        (PING, b"", 2, failures.BAD_CRC, {"spoil": True}),
        (PING, b"", 10, failures.UNKNOWN_APID, {"apid": 9}),
    ):
        setup = Setup(_steps(0))
        request_id = setup.give(kind, arguments, ack=0, **options)
        reports = setup.reports.take()
        assert kinds(reports) == [(1, subservice)], (kind, reports)
        assert reports[0][2][:4] == request_id and hal.get(hal.U16, reports[0][2], 4) == code, (kind, reports)
        assert hal.pool_get(pool.TC_REJECTED) == 1 and hal.pool_get(pool.TC_ACCEPTED) == 0


def test_bench_telecommands_are_refused_by_a_flight_build():
    for bench_build, answer in ((False, (1, 2)), (True, (1, 7))):
        setup = Setup(_steps(0), bench_build)
        setup.give((128, 9), bytes([enums.BENCH_WAIT_SAR_WARMUP]) + bytes(4), ack=8)
        assert setup.answers() == [answer]


def test_a_failure_report_with_values_beyond_its_fields_is_sent():
    setup = Setup(_raising(Refusal(failures.MEMORY_BUDGET, 0xFFFFFFFF, -0x100000000)))
    setup.give(ack=0)
    ((_, _, data),) = setup.reports.take()
    assert hal.get(hal.I32, data, 6) == 0x7FFFFFFF and hal.get(hal.I32, data, 10) == -0x80000000


def test_handlers_at_once_are_bounded():
    started = []

    def handler():
        started.append(1)
        while True:
            yield 0

    setup = Setup(handler)
    for _ in range(mission.EXECUTIVE_HANDLERS_AT_ONCE):
        setup.give(ack=0)
    assert setup.router.in_progress() == mission.EXECUTIVE_HANDLERS_AT_ONCE
    try:
        setup.give(ack=0)
    except AttributeError:
        raise AssertionError("a software fault")
    ((_, subservice, data),) = setup.reports.take()
    assert subservice == 4 and hal.get(hal.U16, data, 4) == failures.TOO_MANY_HANDLERS
    assert len(started) == mission.EXECUTIVE_HANDLERS_AT_ONCE, "the refused handler did not begin"


class _Link:
    """The module hal with a telecommand waiting on the link; counts what is taken from it."""

    def __init__(self, waiting):
        self.waiting = waiting

    def __getattr__(self, name):
        return getattr(hal, name)

    def link_pending(self):
        return self.waiting > 0

    def link_receive(self, packet):
        self.waiting -= 1
        return 1


def test_a_telecommand_waits_until_its_reports_fit():
    setup = Setup(_steps(0))
    report_queue = setup.reports.queue
    filler = bytearray(100)
    while report_queue.free(RESPONSE) >= WORST_REPORTS_OCTETS:
        report_queue.put(RESPONSE, filler, len(filler))
    report_queue.pump = lambda: None
    link = router_module.hal = _Link(2)
    try:
        for _ in range(3):
            assert not setup.router.poll()
        assert link.waiting == 2 and hal.pool_get(pool.TC_DEFERRED) == 1, "counted once"
        setup.reports.queue._rings[RESPONSE].__init__(4096)
        assert setup.router.poll() and link.waiting == 0
    finally:
        router_module.hal = hal
    assert report_queue.lost(RESPONSE) == 0


def test_catalogue_reports_name_the_entries_asked_for():
    bench = Bench()
    bench.cycles(30)
    catalogue = bench.payload.catalogue
    first = catalogue.entries() + 1
    for task_id in (71, 72):
        for generator in (catalogue.open(task_id, enums.INSTRUMENT_SAR, 4, 9), catalogue.close()):
            for _ in generator:
                bench.cycles(1)
    take(bench.payload.queue)
    bench.send("RECORDER_REPORT_CATALOGUE", first, 2)
    reports = []
    while bench.payload.router.in_progress():
        reports.extend(take(bench.payload.queue))
        bench.payload.router.resume()
    reports.extend(take(bench.payload.queue))
    entries = [data for service, _, data in reports if service == 131]
    assert [hal.get(hal.U16, data, units.CATALOGUE_ENTRY_ENTRY_ID) for data in entries] == [first, first + 1]
    assert [hal.get(hal.U32, data, units.CATALOGUE_ENTRY_TASK_ID) for data in entries] == [71, 72]
    bench.send("RECORDER_REPORT_CATALOGUE", first + 2, 3)
    assert (1, 4) in kinds(take(bench.payload.queue)) and bench.payload.router.in_progress() == 0


runner.run(globals())
