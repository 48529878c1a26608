"""The on-board validator: the worked case of the specification, and each rule one code beyond its limit."""

import runner
from payload.instruments.acquisition_table import TableSlots, check
from payload.tables import enums, failures, mission, units

# In the order of the layout ACQUISITION_TABLE.
WORKED = [4, 6, 17, 4, 5, 6, 512, 150, -8, 8160, 1314, 2249, 4488, 140969, 144143, 130211, 10000, 1] + [0] * 29
POLARISATION, BAQ = 1, 3
RANK, RATE, BANDWIDTH, PRI, PULSE, SWST, SWL, NEAR, FAR, NADIR = 2, 4, 7, 9, 10, 11, 12, 13, 14, 15


def _rule(**changes):
    values = list(WORKED)
    for name, value in changes.items():
        values[globals()[name]] = value
    slots = TableSlots()
    try:
        slots.load(0, values)
    except Exception as refusal:
        assert refusal.code == failures.TABLE_RULE, refusal.code
        return refusal.detail, refusal.limit
    assert check(slots.block(0)) is None
    return 0, 0


def test_worked_case_is_valid():
    assert _rule() == (0, 0)


def test_each_rule_at_its_limit_and_one_beyond():
    assert _rule(PRI=5361) == (enums.RULE_PRF_RANGE, -1)
    assert _rule(PRI=5362)[0] != enums.RULE_PRF_RANGE, "7000 Hz, as a code"
    assert _rule(PRI=8974) == (enums.RULE_PRF_AZIMUTH, -1)
    assert _rule(PULSE=1877)[0] == enums.RULE_DUTY
    assert _rule(RANK=16)[0] == enums.RULE_RANK
    assert _rule(SWST=2250) == (0, 0)
    assert _rule(SWST=2251) == (enums.RULE_WINDOW_START, -1)
    assert _rule(SWL=4489) == (0, 0)
    assert _rule(SWL=4490) == (enums.RULE_WINDOW_LENGTH, -1)
    # The window may end guard time before the next pulse, not one code later.
    last = 8160 - 188 - 2249
    clear = 16 * 8160
    assert _rule(SWL=last, FAR=140969 + last - 1314, NADIR=clear) == (0, 0)
    assert _rule(SWL=last + 1, FAR=140969 + last + 1 - 1314, NADIR=clear) == (enums.RULE_WINDOW_BEFORE_NEXT_PULSE, -1)
    # A nadir return that begins in the last code of the window overlaps it by one code.
    assert _rule(NADIR=15 * 8160 + 2249 + 4488) == (0, 0)
    assert _rule(NADIR=15 * 8160 + 2249 + 4487) == (enums.RULE_NADIR, -1)
    # And one that ends in the first code of the window.
    assert _rule(NADIR=16 * 8160 + 2249 - 1314) == (0, 0)
    assert _rule(NADIR=16 * 8160 + 2249 - 1314 + 1) == (enums.RULE_NADIR, -1)
    assert _rule(RATE=enums.SAMPLING_RATE_MHZ_150)[0] == enums.RULE_SAMPLING_RATE
    # Swath edges for a short pulse of 5.5 us with 150 MHz: 27 MHz/us.
    assert _rule(PULSE=206, SWL=144143 - 140969 + 206)[0] == enums.RULE_RAMP_RATE


def test_shortest_pulse_and_window_and_one_code_less():
    assert _rule(PULSE=188, BANDWIDTH=20, SWL=3174 + 188) == (0, 0)
    assert _rule(PULSE=187, BANDWIDTH=20, SWL=3174 + 187) == (enums.RULE_PULSE_RANGE, -1)
    assert _rule(PULSE=188, BANDWIDTH=20, SWL=375, FAR=140969 + 187) == (0, 0)
    assert _rule(PULSE=188, BANDWIDTH=20, SWL=374, FAR=140969 + 186) == (enums.RULE_WINDOW_RANGE, -1)


def test_tables_that_no_satellite_has_are_refused():
    """Edges in one place or turned round, a swath before the nadir return, a nadir return of no altitude flown."""
    swath, altitude = enums.RULE_SWATH, enums.RULE_ALTITUDE
    clear = 16 * 8160
    assert _rule(SWL=1315, FAR=140969 + 1) == (0, 0)
    assert _rule(SWL=1314, FAR=140969) == (swath, -1)
    assert _rule(SWL=1000, FAR=140969 - 314) == (swath, -315)
    assert _rule(RANK=0, NEAR=2249, FAR=2249 + 3174)[0] == swath
    assert _rule(RANK=15, NEAR=15 * 8160 + 2249, FAR=15 * 8160 + 2249 + 3174, NADIR=clear)[0] == swath
    assert _rule(NADIR=3 * 8160 + 100) == (altitude, 3 * 8160 + 100 - mission.SAR_NADIR_CODE_MINIMUM)
    # The worked case's nadir phase from other heights: 500 to 550 km are 125203 to 137722 codes.
    assert (mission.SAR_NADIR_CODE_MINIMUM, mission.SAR_NADIR_CODE_MAXIMUM) == (125203, 137722)
    high = 137722
    near = high // 8160 * 8160 + 2249 + 8160
    for nadir, rule in ((high, (0, 0)), (high + 1, (altitude, -1))):
        assert _rule(RANK=near // 8160, NEAR=near, FAR=near + 3174, NADIR=nadir) == rule
    assert _rule(SWST=5000, SWL=2900, NEAR=17 * 8160 + 5000, FAR=17 * 8160 + 6586, NADIR=125203) == (0, 0)
    assert _rule(SWST=5000, SWL=2900, NEAR=17 * 8160 + 5000, FAR=17 * 8160 + 6586, NADIR=125202) == (altitude, -1)


def test_window_start_after_pulse():
    near = 17 * 8160 + 1314 + 188
    assert _rule(SWST=1502, NEAR=near, FAR=near + 3174) == (0, 0)
    near -= 1
    assert _rule(SWST=1501, NEAR=near, FAR=near + 3174) == (enums.RULE_WINDOW_AFTER_PULSE, -1)


def test_mode_that_takes_no_data_is_refused():
    values = list(WORKED)
    values[0] = enums.SAR_MODE_PREOP
    runner.refused(failures.TABLE_RULE, TableSlots().load, 0, values)


def test_empty_slot_and_damaged_slot_are_refused():
    slots = TableSlots()
    runner.refused(failures.TABLE_EMPTY, slots.block, 3)
    slots.load(3, WORKED)
    block = slots.block(3)
    assert len(block) == units.SAR_TABLE_OCTETS
    block[12] ^= 1
    runner.refused(failures.TABLE_EMPTY, slots.block, 3)
    # What was emptied is there still, with a good CRC.
    slots.load(3, WORKED)
    slots._used[3] = 0
    runner.refused(failures.TABLE_EMPTY, slots.block, 3)


def test_memory_of_the_worked_case():
    slots = TableSlots()
    slots.load(0, WORKED)
    # 792 Mbit/s for 10 s and 1.3 s of noise and calibration is 1067 MiB; headers and the BAQ's indices.
    assert 1067 <= slots.predicted_mib(0) <= 1080, slots.predicted_mib(0)


# The field's number counted from the beginning of sub-swath 2 or 3 in the layout.
SUB_SWATH_FIELDS = ("rank", "elevation_beam", "azimuth_beam", "pri", "pulse", "swst", "swl", "near", "far", "nadir")
STEP, PER_BEAM, BURST = 18, 19, 20
FIRST_OF = {2: 21, 3: 34}


def _spotlight(**changes):
    values = list(WORKED)
    values[0] = enums.SAR_MODE_SPOTLIGHT
    # 10 s are 46000 pulses: 460 beams of the sweep, 200 to 659.
    values[6], values[STEP], values[PER_BEAM] = 200, 1, 100
    return _changed(values, changes)


def _tops():
    """Three sub-swaths with the worked case's codes, the second with another PRI."""
    values = list(WORKED)
    values[0], values[17] = enums.SAR_MODE_TOPS, 3
    values[6], values[STEP], values[PER_BEAM], values[BURST] = 500, 1, 10, 500
    for swath, rank, pri in ((2, 17, 8160), (3, 17, 8150)):
        near = rank * pri + 2249
        first = FIRST_OF[swath]
        values[first : first + 13] = [
            rank, 7, 500, pri, 1314, 2249, 4488, near, near + 3174, 16 * pri, -1, 20, 400,
        ]  # fmt: skip
    return values


def _changed(values, changes):
    for name, value in changes.items():
        values[{"AZIMUTH": 6, "STEP": STEP, "PER_BEAM": PER_BEAM, "BURST": BURST, "SUB_SWATHS": 17}[name]] = value
    return values


def _verdict(values):
    try:
        TableSlots().load(0, values)
    except Exception as refusal:
        return refusal.code, refusal.detail, refusal.limit
    return None


def test_spotlight_needs_its_sweep_within_the_antenna():
    sweep = enums.RULE_SWEEP
    assert _verdict(_spotlight()) is None
    for changes in ({"STEP": 0}, {"PER_BEAM": 0}, {"BURST": 1}):
        assert _verdict(_spotlight(**changes)) == (failures.TABLE_RULE, sweep, -1), changes
    assert _verdict(_spotlight(AZIMUTH=1023 - 459)) is None
    assert _verdict(_spotlight(AZIMUTH=1023 - 458)) == (failures.TABLE_RULE, sweep, -1)
    assert _verdict(_spotlight(STEP=-1, AZIMUTH=459)) is None
    assert _verdict(_spotlight(STEP=-1, AZIMUTH=458)) == (failures.TABLE_RULE, sweep, -1)


def test_fields_of_another_mode_are_contradictions():
    for mode in (enums.SAR_MODE_STRIPMAP, enums.SAR_MODE_RX_ONLY, enums.SAR_MODE_CALIBRATION, enums.SAR_MODE_TEST):
        for field in (STEP, PER_BEAM, BURST):
            values = list(WORKED)
            values[0], values[field] = mode, 1
            assert _verdict(values) == (failures.TABLE_RULE, enums.RULE_SWEEP, -1), (mode, field)
        for field in range(FIRST_OF[2], len(WORKED)):
            values = list(WORKED)
            values[0], values[field] = mode, 1
            assert _verdict(values) == (failures.TABLE_RULE, enums.RULE_SUB_SWATHS, -1), (mode, field)
        values = list(WORKED)
        values[0], values[17] = mode, 2
        assert _verdict(values) == (failures.TABLE_RULE, enums.RULE_SUB_SWATHS, -1)


def test_tops_checks_every_sub_swath_and_names_it():
    codes = (failures.TABLE_RULE_SUB_SWATH_1, failures.TABLE_RULE_SUB_SWATH_2, failures.TABLE_RULE_SUB_SWATH_3)
    assert _verdict(_tops()) is None
    fields = {1: (9, 10, 2, 11, 15), 2: None, 3: None}
    for swath in (2, 3):
        first = FIRST_OF[swath]
        fields[swath] = (first + 3, first + 4, first, first + 5, first + 9)
    for swath in (1, 2, 3):
        pri, pulse, rank, swst, nadir = fields[swath]
        for field, value, rule in (
            (pri, 5361, enums.RULE_PRF_RANGE),
            (pri, 8974, enums.RULE_PRF_AZIMUTH),
            (pulse, 1877, enums.RULE_DUTY),
            (rank, 16, enums.RULE_RANK),
            (swst, 2251, enums.RULE_WINDOW_START),
            (nadir, 16 * 8160 + 3000, enums.RULE_NADIR),
        ):
            values = _tops()
            values[field] = value
            verdict = _verdict(values)
            assert verdict and verdict[:2] == (codes[swath - 1], rule), (swath, rule, verdict)


def test_tops_sweeps_within_each_burst():
    for swath, (step, per_beam, burst) in ((1, (STEP, PER_BEAM, BURST)), (2, (31, 32, 33)), (3, (44, 45, 46))):
        code = failures.TABLE_RULE_SUB_SWATH_1 + swath - 1
        for field in (step, per_beam, burst):
            values = _tops()
            values[field] = 0
            assert _verdict(values) == (code, enums.RULE_SWEEP, -1), (swath, field)
    values = _tops()
    values[6] = 1023 - 49
    assert _verdict(values) is None
    values[6] = 1023 - 48
    assert _verdict(values) == (failures.TABLE_RULE_SUB_SWATH_1, enums.RULE_SWEEP, -1)


def test_tops_has_more_than_one_sub_swath_and_no_rest():
    values = _tops()
    values[17] = 1
    assert _verdict(values) == (failures.TABLE_RULE, enums.RULE_SUB_SWATHS, -1)
    values[17] = 2
    assert _verdict(values)[:2] == (failures.TABLE_RULE, enums.RULE_SUB_SWATHS)
    values[FIRST_OF[3] :] = [0] * 13
    assert _verdict(values) is None


def test_data_rate_of_the_link():
    """Bypass at 180 MHz: 5328 octets in 1000 codes of PRI are what the link takes."""
    values = list(WORKED)
    values[3], values[15] = enums.BAQ_BYPASS, 16 * 8160
    octets = lambda swl: 68 + (swl * 180000 * 1000000 // 37534722240 * 20 + 7) // 8  # noqa: E731
    room = 8160 * 5328 // 1000
    swl = 3600
    while octets(swl + 1) <= room:
        swl += 1
    values[12], values[14] = swl, values[13] + swl - 1314
    assert _verdict(values) is None
    values[12], values[14] = swl + 1, values[13] + swl + 1 - 1314
    assert room < octets(swl + 1)
    assert _verdict(values) == (failures.TABLE_RULE, enums.RULE_DATA_RATE, room - octets(swl + 1))


def test_both_channels_of_a_pulse_share_the_link():
    """5 bit at 180 MHz: 990 Mbit/s with one channel, 1980 with two; the link takes 1600."""
    for polarisation in range(8):
        both = polarisation in (enums.POLARISATION_HH_HV, enums.POLARISATION_VV_VH)
        rule, margin = _rule(POLARISATION=polarisation, BAQ=enums.BAQ_BAQ5)
        assert rule == (enums.RULE_DATA_RATE if both else 0), polarisation
        # 21522 samples of 10 bits and the headers, twice, for what the link takes in one interval.
        assert margin == (8160 * 5328 // 1000 - 2 * (68 + (21522 * 10 + 7) // 8) if both else 0), margin


def test_memory_of_both_channels_is_twice_that_of_one():
    slots = TableSlots()
    for polarisation in range(8):
        values = list(WORKED)
        values[POLARISATION] = polarisation
        slots.load(polarisation, values)
    one = slots.predicted_mib(enums.POLARISATION_VV)
    for polarisation in range(8):
        channels = 2 if polarisation in (enums.POLARISATION_HH_HV, enums.POLARISATION_VV_VH) else 1
        assert abs(slots.predicted_mib(polarisation) - channels * one) <= 1, polarisation


def test_memory_of_tops_is_that_of_its_busiest_sub_swath():
    slots = TableSlots()
    slots.load(0, _tops())
    busiest = slots.predicted_mib(0)
    slots.load(1, WORKED)
    assert slots.predicted_mib(1) <= busiest <= slots.predicted_mib(1) + 3


def test_a_value_that_has_no_room_in_the_table_is_refused():
    values = list(WORKED)
    values[1] = 256
    try:
        verdict = _verdict(values)
    except AttributeError:
        raise AssertionError("a software fault")
    assert verdict == (failures.ARGUMENT_OUT_OF_RANGE, 3, 256)


def test_pulses_windows_and_packets_that_no_unit_makes_are_refused():
    short = {"BANDWIDTH": 10, "NADIR": 16 * 8160}
    assert _rule(PULSE=188, SWL=3174 + 188, **short) == (0, 0)
    assert _rule(PULSE=187, SWL=3174 + 187, **short) == (enums.RULE_PULSE_RANGE, -1)
    assert _rule(PULSE=188, SWL=375, FAR=140969 + 375 - 188, **short) == (0, 0)
    assert _rule(PULSE=188, SWL=374, FAR=140969 + 374 - 188, **short) == (enums.RULE_WINDOW_RANGE, -1)
    values = list(WORKED)
    values[3], values[12], values[14], values[15] = enums.BAQ_BYPASS, 5500, 140969 + 5500 - 1314, 16 * 8160
    assert _verdict(values)[:2] == (failures.TABLE_RULE, enums.RULE_PACKET_SIZE)


runner.run(globals())
