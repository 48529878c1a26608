"""What an image request may hold, what memory it needs, and the imaging time of an orbit over a reboot."""

import hal

import runner
from payload.instruments import optical_image
from payload.instruments.optical_image import ImageRequest, ImagingBudget
from payload.storage.persistent import Persistent
from payload.tables import enums, failures, mission, persistent, pool
from runner import refused

ORBIT = 254000
SETTINGS = [711, 680, 32, 2, 31, 40, 10000]
NADIR = (0, 0, 1, 0, 0)


class Store:
    """Persistent, without flash."""

    def __init__(self):
        self.values = {}

    def get(self, key):
        return self.values.get(key, 0)

    def put(self, key, value):
        assert value >= 0
        self.values[key] = value


class Clock:
    """The module hal with a clock of its own."""

    def __init__(self):
        self.now_ms = 0x3FFFFFFF - 5000  # ticks wrap on the way
        self.orbit = ORBIT
        self.quality = 2
        self.steps = 1
        self.ticks_diff = hal.ticks_diff
        self.put, self.get, self.crc16 = hal.put, hal.get, hal.crc16
        self.U16, self.U32 = hal.U16, hal.U32
        self.pool_set, self.pool_valid = hal.pool_set, hal.pool_valid

    def ticks_ms(self):
        return self.now_ms & 0x3FFFFFFF

    def time_quality(self):
        return self.quality

    def time_steps(self):
        return self.steps

    def time_period_number(self, period_s):
        assert period_s == mission.ORBIT_PERIOD_S
        return self.orbit

    def run(self, budget, seconds, imaging):
        for _ in range(seconds * 10):
            self.now_ms += 100
            budget.run(imaging)


def _request(mode=enums.OPTICAL_MODE_STRIP, geometry=NADIR, **changed):
    values = list(SETTINGS)
    for index, name in enumerate(("line_period", "integration", "stages", "gain", "bands", "compression", "duration")):
        values[index] = changed.get(name, values[index])
    return ImageRequest(1, mode, 10, bytes(7), geometry, values)


def _with_clock(test):
    hal.init(0x0E00, True)
    clock = Clock()
    optical_image.hal = clock
    try:
        test(clock, Store())
    finally:
        optical_image.hal = hal


def test_imaging_time_counts_only_images():
    def test(clock, store):
        budget = ImagingBudget(store)
        clock.run(budget, 30, False)
        assert hal.pool_get(pool.OPTICAL_IMAGING_TIME_S) == 0
        clock.run(budget, 25, True)
        assert hal.pool_get(pool.OPTICAL_IMAGING_TIME_S) == 25

    _with_clock(test)


def test_imaging_budget_at_its_limit_and_one_step_beyond():
    def test(clock, store):
        budget = ImagingBudget(store)
        clock.run(budget, 590, True)
        budget.require(_request(duration=10000))
        failure = refused(failures.IMAGING_BUDGET, budget.require, _request(duration=10001))
        assert (failure.detail, failure.limit) == (601, 600)
        area = _request(enums.OPTICAL_MODE_AREA, (0, 0, 3, 10000, 100), duration=4000)
        refused(failures.IMAGING_BUDGET, budget.require, area)

    _with_clock(test)


def test_imaging_time_survives_a_reboot():
    def test(clock, store):
        clock.run(ImagingBudget(store), 500, True)
        assert store.values == {persistent.OPTICAL_IMAGING_ORBIT: ORBIT, persistent.OPTICAL_IMAGING_MS: 500000}
        hal.pool_set(pool.OPTICAL_IMAGING_TIME_S, 0)
        clock.quality = 0
        clock.orbit = 0  # the time is not set yet
        budget = ImagingBudget(store)
        clock.run(budget, 1, False)
        assert hal.pool_get(pool.OPTICAL_IMAGING_TIME_S) == 500
        refused(failures.IMAGING_BUDGET, budget.require, _request(duration=100001))

    _with_clock(test)


def test_imaging_time_survives_a_reboot_in_flash():
    hal.init(0x0E00, True)
    values = Persistent()
    budget = ImagingBudget(values)
    for _ in range(25):
        hal.sleep((hal.ticks_ms() + 100) & 0x3FFFFFFF)
        budget.run(True)
        values.run()
    assert values.flush(1000)
    hal.init(0x0E00, True)
    assert hal.pool_get(pool.OPTICAL_IMAGING_TIME_S) == 0
    ImagingBudget(Persistent())
    assert hal.pool_get(pool.OPTICAL_IMAGING_TIME_S) == 2


def test_nine_minutes_are_a_warning_and_more_than_ten_a_trip():
    hal.init(0x0E00, True)
    seen = []
    for seconds in (540, 541, 600, 601):
        hal.pool_set(pool.OPTICAL_IMAGING_TIME_S, seconds)
        hal.monitor_sweep(enums.INSTRUMENT_OPTICAL, enums.OPTICAL_MODE_VIDEO)
        seen.append(hal.monitor_state(enums.MONITOR_OPTICAL_IMAGING_TIME))
    assert seen == [0, 1, 1, 2]


def test_the_next_orbit_has_its_own_time():
    def test(clock, store):
        budget = ImagingBudget(store)
        clock.run(budget, 600, True)
        refused(failures.IMAGING_BUDGET, budget.require, _request(duration=1000))
        clock.orbit += 1
        clock.run(budget, 1, False)
        budget.require(_request(duration=300000))
        assert store.values == {persistent.OPTICAL_IMAGING_ORBIT: ORBIT + 1, persistent.OPTICAL_IMAGING_MS: 0}

    _with_clock(test)


def test_a_step_of_the_clock_gives_no_new_time():
    """Away and back, to a later and an earlier orbit: what was used stays so until the clock runs into the next."""

    def test(clock, store):
        budget = ImagingBudget(store)
        clock.run(budget, 600, True)
        for step in (1, -1, -1, 1):
            clock.orbit += step
            clock.steps += 1
            clock.run(budget, 3, False)
            refused(failures.IMAGING_BUDGET, budget.require, _request(duration=1000))
            assert hal.pool_get(pool.OPTICAL_IMAGING_TIME_S) == 600
        clock.orbit += 1
        clock.run(budget, 1, False)
        budget.require(_request(duration=300000))

    _with_clock(test)


def test_a_boot_in_a_later_orbit_only_has_new_time():
    def test(clock, store):
        clock.run(ImagingBudget(store), 600, True)
        for orbit, used_s in ((ORBIT - 1, 600), (ORBIT, 0)):
            clock.orbit = orbit
            clock.run(ImagingBudget(store), 1, False)
            assert hal.pool_get(pool.OPTICAL_IMAGING_TIME_S) == used_s

    _with_clock(test)


def test_integration_at_the_line_period_and_one_step_beyond():
    _request(line_period=500, integration=500)
    failure = refused(failures.CONSTRAINT, lambda: _request(line_period=500, integration=501))
    assert (failure.detail, failure.limit) == (501, 500)


def test_geometry_of_each_strip():
    stereo = _request(enums.OPTICAL_MODE_STEREO, (300, 2000, 2, 14000, 0))
    assert [stereo.pitch_of(strip) for strip in range(2)] == [2000, -2000]
    assert [stereo.roll_of(strip) for strip in range(2)] == [300, 300]
    area = _request(enums.OPTICAL_MODE_AREA, (-4500, 500, 4, 14000, 3000))
    assert [area.roll_of(strip) for strip in range(4)] == [-4500, -1500, 1500, 4500]
    assert [area.pitch_of(strip) for strip in range(4)] == [500] * 4
    over = (-4500, 500, 4, 14000, 3001)
    refused(failures.IMAGE_CONTRADICTION, lambda: _request(enums.OPTICAL_MODE_AREA, over))


def test_turn_and_span_at_their_limits():
    def stereo(interval_ms, duration=10000):
        return _request(enums.OPTICAL_MODE_STEREO, (0, 2000, 2, interval_ms, 0), duration=duration)

    stereo(14000)
    assert refused(failures.IMAGE_CONTRADICTION, lambda: stereo(13999)).limit == 14000
    stereo(600000, 300000)
    longest = (0, 0, 3, 300000, 100)
    _request(enums.OPTICAL_MODE_AREA, longest, duration=295000)
    _request(enums.OPTICAL_MODE_AREA, (0, 0, 3, 445000, 100), duration=10000)
    refused(
        failures.IMAGE_CONTRADICTION, lambda: _request(enums.OPTICAL_MODE_AREA, (0, 0, 3, 445001, 100), duration=10000)
    )


def test_calibrations_last_five_to_thirty_seconds():
    def calibration(mode, duration_ms):
        return _request(mode, None, duration=duration_ms)

    for mode in (enums.OPTICAL_MODE_DARK, enums.OPTICAL_MODE_LAMP, enums.OPTICAL_MODE_SUN):
        for duration_ms in (5000, 30000):
            assert not calibration(mode, duration_ms).follows_the_ground()
        for duration_ms in (4999, 30001):
            refused(failures.IMAGE_CONTRADICTION, calibration, mode, duration_ms)


def test_memory_of_bands_compression_and_strips():
    """PAN: 30 000 pixels of 12 bit a line, 14 064 lines a second; a colour band has a sixteenth."""
    hal.init(0x0E00, True)
    pan = 30000 * 12 / 8 * 1e6 / 71.1 * 10 / 4 / 1048576
    for bands, factor in ((1, 1), (31, 1.25), (2, 1 / 16)):
        _assert_predicted(_request(bands=bands), pan * factor)
    _assert_predicted(_request(bands=1, compression=10), 4 * pan)
    _assert_predicted(_request(enums.OPTICAL_MODE_AREA, (0, 0, 3, 14000, 100), bands=1), 3 * pan)


def test_memory_of_strips_nearer_nadir_than_the_first():
    """They have more lines than the commanded period says, which is the first strip's; VIDEO has that one alone."""
    periods = {-4500: 105100, -2250: 78000, 0: 71100}
    ground = Ground()
    ground.line_period_ns = lambda roll, pitch: periods[roll]
    line_mib = 30000 * 12 / 8 / 4 / 1048576
    geometry = (-4500, 0, 3, 14000, 2250)
    try:
        request = _request(enums.OPTICAL_MODE_AREA, geometry, bands=1, line_period=1051)
        _assert_predicted(request, sum([1e10 / period for period in periods.values()]) * line_mib)
        hal.pool_invalidate(pool.ALTITUDE_M, 1)
        request = _request(enums.OPTICAL_MODE_AREA, geometry, bands=1, line_period=1051)
        _assert_predicted(request, 3e10 / 105100 * line_mib)
    finally:
        optical_image.hal = hal


def test_memory_of_a_strip_that_misses_the_earth():
    """It is refused for its line period, not by a software fault."""
    Ground(period_ns=0)
    try:
        assert _request(enums.OPTICAL_MODE_AREA, (0, 0, 2, 14000, 100)).predicted_mib > 0
    except ZeroDivisionError:
        raise AssertionError("a software fault")
    finally:
        optical_image.hal = hal


def test_memory_of_short_images_with_long_line_periods():
    """No line is left out: what a floor of seconds or megabytes loses is a third of these."""
    for mode, period, duration_ms, compression in (
        (enums.OPTICAL_MODE_VIDEO, 3334, 1000, 10),
        (enums.OPTICAL_MODE_VIDEO, 3334, 2000, 10),
        (enums.OPTICAL_MODE_STRIP, 1251, 1000, 40),
        (enums.OPTICAL_MODE_STRIP, 1429, 1999, 25),
        (enums.OPTICAL_MODE_STRIP, 711, 600000, 10),
    ):
        lines = duration_ms * 1e4 / period
        true_mib = lines * 30000 * 12 / 8 * 10 / compression / 1048576
        request = _request(mode, line_period=period, duration=duration_ms, compression=compression, bands=1)
        _assert_predicted(request, true_mib)


def _assert_predicted(request, true_mib):
    """Never less than is taken, and a line and a megabyte more at most for each strip."""
    assert true_mib <= request.predicted_mib <= true_mib * 1.0001 + 1 + 0.05 * request.strips, (
        request.predicted_mib,
        true_mib,
    )


def _contradiction(mode, geometry, **changed):
    return refused(failures.IMAGE_CONTRADICTION, lambda: _request(mode, geometry, **changed))


def test_each_contradiction_of_mode_and_geometry_alone():
    strip, stereo, area = enums.OPTICAL_MODE_STRIP, enums.OPTICAL_MODE_STEREO, enums.OPTICAL_MODE_AREA
    for mode, geometry, argument in (
        (strip, (0, 0, 2, 14000, 0), 1),
        (strip, (0, 0, 1, 0, 100), 4),
        (strip, (0, 0, 1, 14000, 0), 2),
        (stereo, (0, 2000, 1, 0, 0), 1),
        (stereo, (0, 2000, 3, 14000, 0), 1),
        (stereo, (0, 0, 2, 14000, 0), 3),
        (stereo, (0, 2000, 2, 14000, 100), 4),
        (area, (0, 0, 1, 0, 100), 1),
        (area, (0, 0, 2, 14000, 0), 4),
        (area, (4500, 0, 2, 14000, 100), 4),
        (area, (0, 0, 2, 13999, 100), 2),
        (area, (0, 0, 3, 445001, 100), 2),
    ):
        assert _contradiction(mode, geometry).detail == argument, (mode, geometry)


def test_settings_that_fit_no_register_are_refused():
    try:
        failure = refused(failures.ARGUMENT_OUT_OF_RANGE, lambda: _request(line_period=0x10000))
    except (IndexError, ValueError):
        raise AssertionError("a software fault")
    assert failure.limit == 1


class Ground:
    """The module hal with the geometry that a test says; what the unit is told is in `set`."""

    def __init__(self, period_ns=71100, along_mpx=0, across_mpx=0):
        hal.init(0x0E00, True)
        self.period_ns, self.along_mpx, self.across_mpx = period_ns, along_mpx, across_mpx
        self.set = []
        hal.pool_set(pool.ALTITUDE_M, 520000)
        hal.pool_set(pool.YAW_ERROR_DEG, 0)
        hal.pool_set(pool.ANCILLARY_JUMPS, 0)
        hal.pool_set(pool.ANCILLARY_COUNT, 0)
        optical_image.hal = self
        self.line = optical_image.LinePeriod(self)

    def __getattr__(self, name):
        return getattr(hal, name)

    def line_period_ns(self, roll, pitch):
        return self.period_ns

    def smear_along_mpx(self, stages, set_ns, true_ns):
        return self.along_mpx

    def smear_across_mpx(self, stages, yaw):
        return self.across_mpx

    def write(self, address, type_code, value):
        self.set.append(value)


LIMIT_MPX = mission.OPTICAL_SMEAR_LIMIT_MILLIPIXELS
LEAST_NS, MOST_NS = mission.OPTICAL_LINE_PERIOD_MINIMUM_NS, mission.OPTICAL_LINE_PERIOD_MAXIMUM_NS


def _judged(code, look, **geometry):
    """Assert that looking at this geometry is refused with the code; None: that it is not."""
    ground = Ground(**geometry)
    try:
        if code is None:
            look(ground)
        else:
            refused(code, look, ground)
    finally:
        optical_image.hal = hal
    return ground


def _accept(ground):
    ground.line.require(_request(integration=400))


def _begin(ground):
    ground.line.begin(_request(integration=400), 0)


def _judged_at_both(code, **geometry):
    _judged(code, _accept, **geometry)
    _judged(code, _begin, **geometry)


def test_the_smear_across_at_its_limit_and_beyond():
    _judged_at_both(None, across_mpx=LIMIT_MPX)
    _judged_at_both(failures.SMEAR, across_mpx=LIMIT_MPX + 1)


def test_the_smear_along_at_its_limit_and_beyond():
    drift_mpx = 32 * mission.OPTICAL_LINE_PERIOD_DRIFT_PERCENT * 10
    _judged(None, _accept, along_mpx=LIMIT_MPX + drift_mpx)
    _judged(failures.SMEAR, _accept, along_mpx=LIMIT_MPX + drift_mpx + 1)
    _judged(None, _begin, along_mpx=LIMIT_MPX)
    _judged(failures.SMEAR, _begin, along_mpx=LIMIT_MPX + 1)


def test_the_line_period_at_its_limits_and_beyond():
    for period_ns, code in (
        (LEAST_NS, None),
        (LEAST_NS - 1, failures.LINE_PERIOD),
        (MOST_NS, None),
        (MOST_NS + 1, failures.LINE_PERIOD),
    ):
        _judged_at_both(code, period_ns=period_ns)


def test_an_integration_beyond_the_grounds_line_period_is_refused():
    """At acceptance a drift until the start is allowed for; at the start nothing is."""
    _judged(None, _accept, period_ns=50000)

    def accept(ground):
        ground.line.require(_request(integration=506))

    def begin(ground):
        ground.line.begin(_request(integration=501), 0)

    _judged(failures.CONSTRAINT, accept, period_ns=50000)
    _judged(failures.CONSTRAINT, begin, period_ns=50000)


def test_an_unknown_altitude_gives_no_geometry():
    def accept(ground):
        hal.pool_invalidate(pool.ALTITUDE_M, 1)
        _accept(ground)

    _judged(failures.GUARD_PARAMETER_STALE, accept)


def test_a_jump_since_the_acceptance_is_a_failure_of_an_image_only():
    def jump(ground):
        request = _request(integration=400)
        ground.line.require(request)
        ground.line.require_steady(request)
        hal.pool_set(pool.ANCILLARY_JUMPS, 1)
        ground.line.require_steady(_request(enums.OPTICAL_MODE_DARK, None))
        ground.line.require_steady(request)

    _judged(failures.ANCILLARY_JUMPED, jump)


def test_the_line_period_follows_each_new_sample():
    def follow(ground):
        request = _request(integration=400)
        ground.line.begin(request, 0)
        ground.period_ns = 72000
        ground.line.follow(request, 0)
        assert ground.set == [711], "no new sample"
        hal.pool_set(pool.ANCILLARY_COUNT, 1)
        ground.line.follow(request, 0)
        ground.line.follow(request, 0)
        assert ground.set == [711, 720]

    _judged(None, follow)


runner.run(globals())
