"""Every spacecraft of the dictionary: its own instrument works, the other one is not fitted."""

import hal

import runner
from bench import GPS_S, IMAGE_SETTINGS, NADIR, WORKED_TABLE, Bench
from payload.tables import enums, failures, pool, spacecraft
from runner import refused

BENCH = 0x0E00
START = GPS_S.to_bytes(4, "big") + bytes(3)

# Every telecommand that is for one instrument alone and wants something of it.
WANTED = {
    enums.INSTRUMENT_SAR: (
        ("SET_MODE_SAR", enums.SAR_MODE_INIT),
        ("SET_MODE_SAR", enums.SAR_MODE_SAFE),
        ("SAR_LOAD_TABLE", 0) + tuple(WORKED_TABLE),
        ("SAR_CLEAR_TABLE", 0),
        ("SAR_ARM_TRANSMIT",),
        ("SAR_PERMIT_TRANSMIT", 1, 60),
        ("SAR_START_DATA_TAKE", 1, 0, 10, START),
    ),
    enums.INSTRUMENT_OPTICAL: (
        ("SET_MODE_OPTICAL", enums.OPTICAL_MODE_STANDBY),
        ("SET_MODE_OPTICAL", enums.OPTICAL_MODE_SAFE),
        ("OPTICAL_MOVE_DOOR", enums.DOOR_COMMAND_OPEN),
        ("OPTICAL_TEST_DOOR",),
        ("OPTICAL_SET_FOCUS", 0),
        ("OPTICAL_DECONTAMINATE", 1),
        ("OPTICAL_START_IMAGE", 1, enums.OPTICAL_MODE_STRIP, 10, START) + tuple(NADIR + IMAGE_SETTINGS),
        ("OPTICAL_START_CALIBRATION", 1, enums.OPTICAL_MODE_DARK, 10, START) + tuple(IMAGE_SETTINGS),
    ),
}


def _profiles():
    """Of one instrument: the spacecraft's id, that instrument, and the other."""
    for spacecraft_id, _, fitted in spacecraft.PROFILES:
        if spacecraft_id != BENCH:
            assert len(fitted) == 1
            yield spacecraft_id, fitted[0], enums.INSTRUMENT_SAR + enums.INSTRUMENT_OPTICAL - fitted[0]


def test_what_is_not_fitted_is_refused_and_its_unit_left_alone():
    for spacecraft_id, _, other in _profiles():
        bench = Bench(spacecraft_id=spacecraft_id)
        bench.cycles(30)
        assert hal.pool_get(pool.SPACECRAFT_ID) == spacecraft_id
        for name, *values in WANTED[other] + (("ABORT", other), ("HARD_OFF", other)):
            assert _not_fitted(bench, name, values) == other, name
        bench.send("PLATFORM_SAFE")
        bench.cycles(10)
        assert bench.faults() == 0
        assert hal.pool_get(pool.POWER_LIMITERS_CLOSED) == 0


def _not_fitted(bench, name, values):
    """The instrument that is not fitted; AssertionError for any other answer, a software fault too."""
    try:
        return refused(failures.NOT_FITTED, bench.handler(name), *values).detail
    except (AttributeError, TypeError) as fault:
        raise AssertionError("%s: %s" % (name, fault))


def test_the_sar_satellite_takes_data():
    bench = Bench(spacecraft_id=_first(enums.INSTRUMENT_SAR))
    bench.prepare_data_take()
    bench.start_data_take()
    bench.in_view = True
    bench.finish()
    assert hal.pool_get(pool.SAR_MODE) == enums.SAR_MODE_PREOP
    _assert_closed_and_well(bench)


def test_the_optical_satellite_takes_images():
    bench = Bench(spacecraft_id=_first(enums.INSTRUMENT_OPTICAL))
    bench.prepare_image()
    bench.start_image()
    bench.finish()
    assert hal.pool_get(pool.OPTICAL_MODE) == enums.OPTICAL_MODE_READY
    _assert_closed_and_well(bench)


def _first(instrument):
    return next(spacecraft_id for spacecraft_id, own, _ in _profiles() if own == instrument)


def _assert_closed_and_well(bench):
    bench.cycles(20)
    assert hal.pool_get(pool.CATALOGUE_ENTRIES) > 0
    assert hal.pool_get(pool.REFUSE) == 0 and bench.faults() == 0


runner.run(globals())
