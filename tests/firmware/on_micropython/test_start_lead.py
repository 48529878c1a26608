"""How long before its start a data take or an image may be asked for: at each limit and one millisecond beyond.

Some time passes while a telecommand is looked at, so the lead that the board saw is noted, not the one that was sent.
"""

import hal

import runner
from bench import IMAGE_SETTINGS, NADIR, Bench
from payload.instruments import instrument as instrument_module
from payload.tables import enums, failures, mission, pool
from reports import take

LEAST_MS, LATEST_MS = mission.INSTRUMENTS_START_LEAD_MS, mission.INSTRUMENTS_START_LATEST_MS
REFUSED_AT_START = (1, 4)
ATTEMPTS = 35  # to have the board see each lead that is wanted


class _SeenLeads:
    """The module hal, which notes every lead in ms that it tells."""

    def __init__(self):
        self.leads_ms = []

    def __getattr__(self, name):
        return getattr(hal, name)

    def time_until_ms(self, cuc, offset):
        lead_ms = hal.time_until_ms(cuc, offset)
        self.leads_ms.append(lead_ms)
        return lead_ms


def _ask(bench, name, values):
    """Send: (lead in ms that the board saw, (code, detail, limit) of the report that it did not start or None)."""
    seen = _SeenLeads()
    take(bench.payload.queue)
    instrument_module.hal = seen
    try:
        bench.send(name, *values)
    finally:
        instrument_module.hal = hal
    for service, subservice, data in take(bench.payload.queue):
        if (service, subservice) == REFUSED_AT_START:
            return seen.leads_ms[0], (hal.get(hal.U16, data, 4), hal.get(hal.I32, data, 6), hal.get(hal.I32, data, 10))
    assert bench.payload.router.in_progress() == 1, name + " has come to an end at once"
    return seen.leads_ms[0], None


def _expected(lead_ms):
    if lead_ms < LEAST_MS:
        return failures.START_IN_THE_PAST, lead_ms, LEAST_MS
    if lead_ms > LATEST_MS:
        return failures.START_TOO_FAR, lead_ms, LATEST_MS
    return None


def _around_each_limit(bench, instrument, name, values_with):
    parameter = pool.SAR_MODE if instrument == enums.INSTRUMENT_SAR else pool.OPTICAL_MODE
    rest = hal.pool_get(parameter)
    start = bytearray(7)
    for limit_ms in (LEAST_MS, LATEST_MS):
        wanted, met = {limit_ms - 1, limit_ms, limit_ms + 1}, set()
        for attempt in range(ATTEMPTS):
            if wanted <= met:
                break
            sent_ms = limit_ms - 1 + attempt % 7
            hal.time_after_ms(sent_ms, start, 0)
            lead_ms, refusal = _ask(bench, name, values_with(bytes(start)))
            assert refusal == _expected(lead_ms), (lead_ms, refusal)
            met.add(lead_ms)
            if refusal is None:
                bench.cycles(3)
                bench.send("ABORT", instrument)
                bench.finish()
                bench.cycles(10)
            assert not bench.payload.router.in_progress() and hal.pool_get(parameter) == rest
        assert wanted <= met, met


def test_data_take():
    bench = Bench()
    bench.prepare_data_take()
    bench.in_view = True
    _around_each_limit(bench, enums.INSTRUMENT_SAR, "SAR_START_DATA_TAKE", lambda start: (77, 0, 10, start))


def test_image():
    bench = Bench()
    bench.prepare_image()

    def strip(start):
        return [78, enums.OPTICAL_MODE_STRIP, 10, start] + NADIR + IMAGE_SETTINGS

    _around_each_limit(bench, enums.INSTRUMENT_OPTICAL, "OPTICAL_START_IMAGE", strip)


def test_calibration():
    bench = Bench()
    bench.prepare_image()
    bench.command("OPTICAL_MOVE_DOOR", enums.DOOR_COMMAND_SHUT)

    def lamp(start):
        return [79, enums.OPTICAL_MODE_LAMP, 10, start] + IMAGE_SETTINGS

    _around_each_limit(bench, enums.INSTRUMENT_OPTICAL, "OPTICAL_START_CALIBRATION", lamp)


def test_the_least_lead_is_enough_to_be_in_time():
    bench = Bench()
    bench.prepare_data_take()
    bench.in_view = True
    start = bytearray(7)
    for sent_ms in range(LEAST_MS, LEAST_MS + 6):
        hal.time_after_ms(sent_ms, start, 0)
        lead_ms, refusal = _ask(bench, "SAR_START_DATA_TAKE", (77, 0, 10, bytes(start)))
        if refusal is None:
            break
    assert (lead_ms, refusal) == (LEAST_MS, None)
    bench.finish()
    assert hal.pool_get(pool.SAR_TRANSMIT_TIME_MS) == 10000
    assert hal.pool_get(pool.SAR_MODE) == enums.SAR_MODE_PREOP


runner.run(globals())
