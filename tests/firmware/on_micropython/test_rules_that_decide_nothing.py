"""Parts of the validator's rules that an earlier or a later rule makes idle: shown so, and tested by themselves."""

import runner
from bench import WORKED_TABLE
from payload.instruments import acquisition_table
from payload.instruments.acquisition_table import TableSlots, packet_octets
from payload.tables import enums, failures, mission

GUARD = mission.SAR_GUARD_TIME_CODE
PRI_MINIMUM, PRI_MAXIMUM = mission.SAR_PRI_CODE_MINIMUM, mission.SAR_PRI_CODE_AZIMUTH_MAXIMUM
LARGEST_SWL_CODE = 0xFFFF  # what its field holds
LARGEST_SAMPLE_COUNT = 2 * 0xFFFF  # pairs of samples in 16 bits
BITS = (10, 3, 4, 5)  # a sample value's, by BAQ
BAQ, PRI, SWST, SWL, NEAR, FAR, NADIR = 3, 9, 11, 12, 13, 14, 15
RANK = 17
nadir_margin = acquisition_table._nadir_margin


def _verdict(**changes):
    """Rule and margin of the worked case with these fields, (0, 0) when it is valid."""
    values = list(WORKED_TABLE)
    for name, value in changes.items():
        values[globals()[name]] = value
    try:
        TableSlots().load(0, values)
    except Exception as refusal:
        assert refusal.code == failures.TABLE_RULE, refusal.code
        return refusal.detail, refusal.limit
    return 0, 0


def _window(start, length, **changes):
    """Rule and margin of the worked case with another window."""
    near = RANK * 8160 + start
    return _verdict(SWST=start, SWL=length, NEAR=near, FAR=near + length - 1314, **changes)


def test_a_nadir_return_that_wraps_meets_a_window_that_begins_in_the_pulse():
    """At the window's first code and one beyond: its margin is the wrapped part's, the other lies far behind."""
    pri, pulse, swst, swl = 8160, 1314, 500, 1000
    last_clear = pri - pulse + swst
    assert nadir_margin(last_clear, pulse, swst, swl, pri) == 0
    assert nadir_margin(last_clear + 1, pulse, swst, swl, pri) == -1
    # The farthest that it wraps, and one that just does not wrap, far behind the window.
    assert nadir_margin(pri - 1, pulse, swst, swl, pri) == swst - (pulse - 1)
    assert nadir_margin(pri - pulse, pulse, swst, swl, pri) == pri - pulse - (swst + swl)


def test_no_nadir_return_that_wraps_reaches_a_window_the_rules_before_allow():
    """It ends before its pulse would, and the window begins guard time behind the pulse: for every pulse, with the
    earliest window, the wrapped part that reaches farthest; and every phase for the shortest and the longest pulse."""

    def clear(pri, pulse, phase):
        return nadir_margin(phase, pulse, pulse + GUARD, 1, pri) > (GUARD if phase - pri + pulse > 0 else 0)

    for pri in (PRI_MINIMUM, 8160, PRI_MAXIMUM):
        longest = pri * mission.SAR_DUTY_LIMIT_PERCENT // 100
        for pulse in range(1, longest + 1):
            assert clear(pri, pulse, pri - 1), (pri, pulse)
        for pulse in (1, mission.SAR_PULSE_CODE_MINIMUM, longest):
            for phase in range(pri - pulse + 1, pri):
                assert clear(pri, pulse, phase), (pri, pulse, phase)
    # Such a window is refused for its place before its nadir return is looked at.
    nadir = 15 * 8160 + 8160 - 1314 + 500
    for phase in (0, 1):
        assert _window(500, 2000, NADIR=nadir + phase) == (enums.RULE_WINDOW_AFTER_PULSE, 500 - 1314 - GUARD)


def test_a_packet_at_its_limit_and_one_step_beyond():
    """Bypass at 180 MHz: the largest packet is beyond the link's data rate at every PRI, so that its rule decides
    which of the two is named, and never whether the table is refused."""
    clear = 16 * 8160
    at, beyond = 5461, 5462
    room = 8160 * mission.SAR_DATA_RATE_OCTETS_PER_1000_CODES // 1000
    octets = [packet_octets(acquisition_table._samples(swl, 180000), 10) for swl in (at, beyond)]
    assert octets[0] <= mission.SAR_LARGEST_SCIENCE_PACKET_OCTETS < octets[1]
    assert _window(1502, at, NADIR=clear, BAQ=enums.BAQ_BYPASS) == (enums.RULE_DATA_RATE, room - octets[0])
    margin = mission.SAR_LARGEST_SCIENCE_PACKET_OCTETS - octets[1]
    assert _window(1502, beyond, NADIR=clear, BAQ=enums.BAQ_BYPASS) == (enums.RULE_PACKET_SIZE, margin)
    for pri in range(PRI_MINIMUM, PRI_MAXIMUM + 1):
        room = pri * mission.SAR_DATA_RATE_OCTETS_PER_1000_CODES // 1000
        assert room < mission.SAR_LARGEST_SCIENCE_PACKET_OCTETS, pri


def test_more_samples_than_a_packet_counts_are_more_octets_than_it_holds():
    """For every quantisation, with the fewest such samples; and no window within a PRI has so many."""
    for bits in BITS:
        assert packet_octets(LARGEST_SAMPLE_COUNT + 1, bits) > mission.SAR_LARGEST_SCIENCE_PACKET_OCTETS
    fastest_khz = max(mission.SAR_SAMPLING_RATE_KHZ)
    assert acquisition_table._samples(PRI_MAXIMUM - 2 * GUARD, fastest_khz) <= LARGEST_SAMPLE_COUNT
    assert acquisition_table._samples(LARGEST_SWL_CODE, fastest_khz) > LARGEST_SAMPLE_COUNT, "the field could say so"


def test_upper_ends_of_ranges_that_shorter_limits_lie_within():
    """The longest pulse and window of the unit, and the lowest PRF of it, are beyond what the rules before allow."""
    assert PRI_MAXIMUM * mission.SAR_DUTY_LIMIT_PERCENT // 100 < mission.SAR_PULSE_CODE_MAXIMUM
    assert PRI_MAXIMUM < mission.SAR_WINDOW_CODE_MAXIMUM
    assert PRI_MAXIMUM < mission.SAR_PRI_CODE_MAXIMUM
    # The lowest PRF decides which of its two rules is named.
    assert _verdict(PRI=mission.SAR_PRI_CODE_MAXIMUM)[0] == enums.RULE_PRF_AZIMUTH
    assert _verdict(PRI=mission.SAR_PRI_CODE_MAXIMUM + 1) == (enums.RULE_PRF_RANGE, -1)


runner.run(globals())
