"""The on-board validator: the worked case of the specification, and each rule one code beyond its limit."""

import runner
from payload.instruments.acquisition_table import TableSlots, check
from payload.tables import enums, failures, units

# In the order of the layout ACQUISITION_TABLE.
WORKED = [4, 6, 17, 4, 5, 6, 512, 150, -8, 8160, 1314, 2249, 4488, 140969, 144143, 130211, 10000, 1] + [0] * 29
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
    assert check(slots.block(0)) == (0, 0)
    return 0, 0


def test_worked_case_is_valid():
    assert _rule() == (0, 0)


def test_each_rule_at_its_limit_and_one_beyond():
    assert _rule(PRI=5362)[0] == enums.RULE_PRF_RANGE
    assert _rule(PRI=8974) == (enums.RULE_PRF_AZIMUTH, -1)
    assert _rule(PULSE=1877)[0] == enums.RULE_DUTY
    assert _rule(RANK=16)[0] == enums.RULE_RANK
    assert _rule(SWST=2250) == (0, 0)
    assert _rule(SWST=2251) == (enums.RULE_WINDOW_START, -1)
    assert _rule(SWL=4489) == (0, 0)
    assert _rule(SWL=4490) == (enums.RULE_WINDOW_LENGTH, -1)
    # The window may end guard time before the next pulse, not one code later.
    last = 8160 - 188 - 2249
    clear = 15 * 8160
    assert _rule(SWL=last, FAR=140969 + last - 1314, NADIR=clear) == (0, 0)
    assert _rule(SWL=last + 1, FAR=140969 + last + 1 - 1314, NADIR=clear) == (enums.RULE_WINDOW_BEFORE_NEXT_PULSE, -1)
    # A nadir return that begins in the last code of the window overlaps it by one code.
    assert _rule(NADIR=15 * 8160 + 2249 + 4488) == (0, 0)
    assert _rule(NADIR=15 * 8160 + 2249 + 4487) == (enums.RULE_NADIR, -1)
    # A nadir return that wraps around the end of the PRI reaches the beginning of the window.
    assert _rule(NADIR=15 * 8160 + 8160 - 1314 + 2249) == (0, 0)
    assert _rule(RATE=enums.SAMPLING_RATE_MHZ_150)[0] == enums.RULE_SAMPLING_RATE
    # Swath edges for a short pulse of 5.5 us with 150 MHz: 27 MHz/us.
    assert _rule(PULSE=206, SWL=144143 - 140969 + 206)[0] == enums.RULE_RAMP_RATE


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


def test_memory_of_the_worked_case():
    slots = TableSlots()
    slots.load(0, WORKED)
    # 792 Mbit/s for 10 s is 944 MiB, and the headers.
    assert 944 <= slots.predicted_mib(0) <= 948, slots.predicted_mib(0)


runner.run(globals())
