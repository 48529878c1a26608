"""The firmware's table validator against the ground's rules, on the same tables.

The board compares integer codes; the ground compares seconds and hertz in double precision. They may
disagree only about a rule whose limit is at most one code away: the one rounding rule. Where the two
judge alike, the rule that the board names and its margin must be the ground's as well.
"""

from collections import Counter
from dataclasses import dataclass
from math import copysign, floor, inf

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from emei.dictionary import Field, load
from emei.planning.rule import Rule
from emei.planning.sar_design import make_plan
from emei.planning.sar_modes import design_table
from emei.planning.sar_numbers import RadarNumbers
from emei.planning.sar_table import rules_of_table, sub_swaths_rule
from emei.planning.sar_timing import DesignError, Request, TimingDesigner
from tests.firmware.host_micropython import CodecServer

DICTIONARY = load()
FIELDS = {field.name: field for field in DICTIONARY.layouts["ACQUISITION_TABLE"].fields}
RULES = {value: name for name, value in DICTIONARY.enumerations["RULE"].members.items()}
WHOLE = ("MODE", "SUB_SWATHS")  # of the table, before those of each sub-swath
ORDER = [RULES[value] for value in sorted(RULES) if RULES[value] not in WHOLE]
SUB_SWATH_OF = {DICTIONARY.failures[f"TABLE_RULE_SUB_SWATH_{number}"].code: number for number in (1, 2, 3)}
SUFFIXES = {1: "", 2: "_2", 3: "_3"}
SUB_SWATH_FIELDS = [name.removesuffix("_2") for name in FIELDS if name.endswith("_2")]
NUMBERS = RadarNumbers.of(DICTIONARY)
DESIGNER = TimingDesigner(NUMBERS)
FREF_HZ = NUMBERS.reference_frequency_hz
GUARD_CODE = round(NUMBERS.guard_time_s * FREF_HZ)
LOWEST_PRI, HIGHEST_PRI = 5362, 8973  # 7000 Hz, rounded as a code, and 1.1 x 2v/L, rounded into the allowed side
LOWEST_NADIR = 125203  # 500 km, likewise
FARTHEST = FIELDS["far_delay_code"].raw_maximum
MODE = DICTIONARY.enumerations["SAR_MODE"].members
MODES = [MODE[name] for name in ("STRIPMAP", "RX_ONLY", "CALIBRATION", "TEST")]
SPOTLIGHT, TOPS = MODE["SPOTLIGHT"], MODE["TOPS"]
ROUNDING_CODES = 1
_FLOAT = 1e-6  # codes; what double precision leaves of an exact equality

Table = dict[str, int]


@dataclass(frozen=True)
class Verdict:
    """What the board says: the first broken rule, its margin in the rule's own unit, and of TOPS the sub-swath."""

    rule: str | None
    margin: int = 0
    sub_swath: int = 1


def raw_default(field: Field) -> int:
    if field.default is not None:
        return field.to_raw(field.default) if field.enumeration is None else int(field.default)
    return field.raw_minimum


POLARISATIONS = DICTIONARY.enumeration("POLARISATION").members
MODE_NAMES = {value: name for name, value in MODE.items()}
SWEEP_FIELDS = ("azimuth_beam_step", "pulses_per_beam", "burst_pulses")
DEFAULTS: Table = {name: raw_default(field) for name, field in FIELDS.items()} | {"mode": MODES[0]}


def board_verdict(codec: CodecServer, table: Table) -> Verdict:
    answer = codec.ask("table", *(table[name] for name in FIELDS)).split()
    if answer == ["ok"]:
        return Verdict(None)
    word, code, detail, limit = answer
    assert word == "refused"
    if int(code) in SUB_SWATH_OF:
        assert table["mode"] == TOPS
        return Verdict(RULES[int(detail)], int(limit), SUB_SWATH_OF[int(code)])
    assert int(code) == DICTIONARY.failures["TABLE_RULE"].code
    return Verdict(RULES[int(detail)], int(limit))


def sub_swath_of(table: Table, number: int) -> Table:
    """The table with the fields of one sub-swath in the places of the first."""
    return table | {name: table[f"{name}{SUFFIXES[number]}"] for name in SUB_SWATH_FIELDS}


def with_sub_swath(table: Table, number: int, values: Table) -> Table:
    """The table with the first's fields of `values` in the places of a sub-swath; what is common comes along."""
    common = {name: values[name] for name in ("bandwidth_mhz", "sampling_rate", "baq", "polarisation", "duration_ms")}
    return table | common | {f"{name}{SUFFIXES[number]}": values[name] for name in SUB_SWATH_FIELDS}


def in_codes(rule: Rule, table: Table) -> float:
    """A margin of the ground as a distance in time codes; infinite where a rule knows no time."""
    pri, pulse, near = table["pri_code"], table["pulse_code"], table["near_delay_code"]
    prf_hz = FREF_HZ / pri
    match rule.name:
        case "PRF_RANGE":
            return rule.margin / prf_hz * pri
        case "PRF_AZIMUTH":
            return FREF_HZ / (prf_hz - rule.margin) - pri
        case "DUTY":
            return rule.margin * pri
        case "RANK":
            multiple = min(near % pri, -near % pri)
            if rule.margin < 0:
                return -multiple if abs(near / pri - table["rank"] - 0.5) < 1 else -inf
            return multiple
        case "RAMP_RATE":
            return pulse * rule.margin / NUMBERS.ramp_rate_limit_hz_s
        case "PACKET_SIZE":
            return rule.margin / octets_per_code(table)
        case "SAMPLING_RATE":
            return copysign(inf, rule.margin)
        case "DATA_RATE":
            return rule.margin / 8 / prf_hz / channels(table) / octets_per_code(table)
        case "SWEEP":
            # The board counts the pulses of a data take a little too many: up to one step of the sweep.
            step = abs(table["azimuth_beam_step"])
            return rule.margin / step if step and table["mode"] == SPOTLIGHT else copysign(inf, rule.margin)
    return rule.margin * FREF_HZ if rule.unit == "s" else rule.margin


def octets_per_code(table: Table) -> float:
    samples_per_code = NUMBERS.sampling_rates_hz[table["sampling_rate"]] / FREF_HZ
    return 2 * Request(baq=table["baq"]).bits / 8 * samples_per_code


def channels(table: Table) -> int:
    return 2 if table["polarisation"] in (POLARISATIONS["HH_HV"], POLARISATIONS["VV_VH"]) else 1


def expected_margin(rule: Rule, table: Table) -> tuple[float, float]:
    """The ground's margin in the board's unit, and how far the board's may be from it."""
    if rule.name == "SAMPLING_RATE":
        return rule.margin / 1e3, 0.5
    if rule.name == "RANK":
        return rule.margin, 0.0
    if rule.name == "PACKET_SIZE":
        return rule.margin, octets_per_code(table)
    if rule.name == "DATA_RATE":
        return rule.margin / 8 / FREF_HZ * table["pri_code"], channels(table) * octets_per_code(table) + 1
    if rule.name == "SWEEP":
        return rule.margin, abs(table["azimuth_beam_step"]) if table["mode"] == SPOTLIGHT else 0
    return in_codes(rule, table), ROUNDING_CODES


def disagreement(codec: CodecServer, table: Table) -> str | None:
    """None when board and ground judge alike; the rule when they differ by rounding. Fails on anything else."""
    mode = MODE_NAMES[table["mode"]]
    board = board_verdict(codec, table)
    whole = sub_swaths_rule(mode, table, NUMBERS.sub_swath_limit)
    if not whole.holds or board.rule in WHOLE:
        assert not whole.holds and board.rule == whole.name and board.margin < 0, (board, whole, table)
        return None
    numbers = range(1, table["sub_swaths"] + 1)
    views = {number: sub_swath_of(table, number) for number in numbers}
    rules = {(n, rule.name): rule for n in numbers for rule in rules_of_table(DESIGNER, table, mode, n)}
    order = [(n, name) for n in numbers for name in ORDER if (n, name) in rules]
    broken = [key for key in order if not rules[key].holds]
    said = (board.sub_swath, board.rule) if board.rule else None
    if said == (broken[0] if broken else None):
        if said:
            margin, tolerance = expected_margin(rules[said], views[said[0]])
            if margin != -inf:
                assert abs(board.margin - margin) <= tolerance + _FLOAT, (board, margin, table)
        return None
    # The board named another rule, a later one or none: what it passed over, and what it named, is rounding.
    passed_over = [key for key in broken if said is None or order.index(key) < order.index(said)]
    differing = [*passed_over, *([said] if said and said not in broken else [])]
    assert differing, (board, broken, table)
    for key in differing:
        distance = in_codes(rules[key], views[key[0]])
        assert abs(distance) <= ROUNDING_CODES + _FLOAT, (board, key, distance, table)
    return differing[0][1]


@st.composite
def near_legal(draw: st.DrawFn) -> Table:
    """A consistent table around a window that fits, or nearly."""
    pri = draw(st.integers(LOWEST_PRI, HIGHEST_PRI))
    pulse = draw(st.integers(FIELDS["pulse_code"].raw_minimum, int(0.23 * pri)))
    swst = draw(st.integers(pulse + GUARD_CODE, pri - GUARD_CODE - pulse))
    swl = draw(st.integers(pulse, pri - GUARD_CODE - swst))
    # The nadir return before the window, behind it, or anywhere.
    phase = draw(st.sampled_from((swst - pulse, swst + swl, draw(st.integers(0, pri - 1)))))
    nadir = LOWEST_NADIR + (phase - LOWEST_NADIR) % pri
    lowest_rank = -(-(nadir - swst) // pri)
    rank = draw(st.integers(lowest_rank, max(lowest_rank, min(31, FARTHEST // pri - 1))))
    near = rank * pri + swst
    return DEFAULTS | {
        "mode": draw(st.sampled_from(MODES)),
        "rank": rank,
        "pri_code": pri,
        "pulse_code": pulse,
        "swst_code": swst,
        "swl_code": swl,
        "near_delay_code": near,
        "far_delay_code": near + swl - pulse,
        "nadir_delay_code": nadir,
        "bandwidth_mhz": draw(st.integers(20, 150)),
        "sampling_rate": draw(st.sampled_from((5, 5, 5, 4, 3, 2))),
        "baq": draw(st.sampled_from((4, 4, 3, 5, 0))),
        "polarisation": draw(st.sampled_from(sorted(POLARISATIONS.values()))),
    }


@st.composite
def spotlight(draw: st.DrawFn) -> Table:
    """A near-legal table with a sweep that ends near the end of the antenna's beams."""
    table = draw(near_legal()) | {"mode": SPOTLIGHT, "duration_ms": draw(st.integers(1000, 50000))}
    step = draw(st.integers(1, 16)) * draw(st.sampled_from((1, -1)))
    pulses = floor(table["duration_ms"] * 1e-3 * FREF_HZ / table["pri_code"]) + 1
    per_beam = max(draw(st.integers(1, 60000)), -(-pulses // (1023 // abs(step))))
    reach = abs(step) * ((pulses - 1) // per_beam)
    first = (1023 - reach if step > 0 else reach) + draw(st.integers(-3, 3)) * abs(step)
    return table | {
        "azimuth_beam": min(max(first, 0), 1023),
        "azimuth_beam_step": step,
        "pulses_per_beam": per_beam,
    }


@st.composite
def tops(draw: st.DrawFn) -> Table:
    """Two or three near-legal sub-swaths."""
    first = draw(near_legal())
    count = draw(st.integers(2, 3))
    table = first | {"mode": TOPS, "sub_swaths": count}
    for number in range(1, count + 1):
        swath = first if number == 1 else draw(near_legal())
        burst, per_beam = draw(st.integers(1, 2000)), draw(st.integers(1, 100))
        step = draw(st.sampled_from((-3, -1, 1, 2)))
        reach = step * ((burst - 1) // per_beam)
        room = draw(st.integers(-1, 400))
        beam = room - reach if step < 0 else 1023 - reach - room
        sweep = {"azimuth_beam": min(max(beam, 0), 1023), "azimuth_beam_step": step, "pulses_per_beam": per_beam}
        table = with_sub_swath(table, number, {**swath, **sweep, "burst_pulses": burst} | common_of(first))
    return table


def common_of(table: Table) -> Table:
    return {name: table[name] for name in ("bandwidth_mhz", "sampling_rate", "baq", "polarisation", "duration_ms")}


def at_limit(rule: str, table: Table, offset: int) -> Table:
    """The table moved to the limit of one rule and `offset` codes (steps of its own field) further."""
    pri, pulse, rank, swst, swl = (table[name] for name in ("pri_code", "pulse_code", "rank", "swst_code", "swl_code"))

    def window(start: int, length: int, **others: int) -> Table:
        near = rank * pri + start
        moved = {"swst_code": start, "swl_code": length, "near_delay_code": near}
        return table | moved | {"far_delay_code": near + length - pulse} | others

    match rule:
        case "PRF_RANGE":
            return table | {"pri_code": LOWEST_PRI + offset}
        case "PRF_AZIMUTH":
            return table | {"pri_code": HIGHEST_PRI + offset}
        case "DUTY":
            return table | {"pulse_code": pri * 23 // 100 + offset}
        case "RANK":
            return table | {"near_delay_code": max(rank * pri + offset, 0), "swst_code": 375}
        case "WINDOW_START":
            return table | {"swst_code": swst + offset}
        case "WINDOW_LENGTH":
            return table | {"swl_code": swl + offset}
        case "WINDOW_AFTER_PULSE":
            return window(pulse + GUARD_CODE + offset, swl)
        case "WINDOW_BEFORE_NEXT_PULSE":
            return window(swst, pri - GUARD_CODE - swst + offset)
        case "NADIR":
            return table | {"nadir_delay_code": table["nadir_delay_code"] + offset if rank else abs(offset)}
        case "SAMPLING_RATE":
            rate_hz = NUMBERS.sampling_rates_hz[table["sampling_rate"]]
            return table | {"bandwidth_mhz": floor(rate_hz / 1.1e6) + offset}
        case "RAMP_RATE":
            moved = round(table["bandwidth_mhz"] * 1e6 / NUMBERS.ramp_rate_limit_hz_s * FREF_HZ) + offset
            return table | {"pulse_code": moved, "far_delay_code": table["far_delay_code"] + pulse - moved}
        case "PACKET_SIZE":
            bypass = table | {"baq": 0, "sampling_rate": 5}
            most = floor((NUMBERS.largest_packet_octets - 68) / octets_per_code(bypass))
            return window(swst, most + offset, baq=0, sampling_rate=5)
        case "DATA_RATE":
            bypass = table | {"baq": 0, "sampling_rate": 5}
            octets = NUMBERS.data_rate_limit_bit_s / 8 / FREF_HZ * pri / channels(table) - 68
            return window(swst, floor(octets / octets_per_code(bypass)) + offset, baq=0, sampling_rate=5)
        case "SWEEP":
            return table | {"azimuth_beam": min(max(table["azimuth_beam"] + offset, 0), 1023)}
        case "PULSE_RANGE":
            shortest = FIELDS["pulse_code"].raw_minimum + offset
            narrow = {"bandwidth_mhz": 20, "far_delay_code": table["far_delay_code"] + pulse - shortest}
            return table | narrow | {"pulse_code": shortest}
        case "WINDOW_RANGE":
            return window(swst, NUMBERS.window_codes[0] + offset)
        case "SWATH":
            return window(swst, pulse + 1 + offset)
        case "ALTITUDE":
            return table | {"nadir_delay_code": LOWEST_NADIR + offset}
    raise AssertionError(rule)


def sendable(table: Table) -> bool:
    """Whether the telecommand's own ranges let the table through to the validator."""
    return all(
        field.raw_minimum <= table[name] <= field.raw_maximum for name, field in FIELDS.items() if not field.enumeration
    )


@pytest.mark.parametrize("rule", ORDER)
@settings(max_examples=100, deadline=None)
@given(base=near_legal(), offset=st.integers(-3, 3))
def test_near_every_rules_limit(codec: CodecServer, rule: str, base: Table, offset: int) -> None:
    table = at_limit(rule, base, offset)
    if sendable(table):
        event(f"differs: {disagreement(codec, table)}")


@pytest.mark.parametrize("rule", ORDER)
@settings(max_examples=60, deadline=None)
@given(base=tops(), number=st.integers(1, 3), offset=st.integers(-3, 3))
def test_near_every_rules_limit_in_each_sub_swath(
    codec: CodecServer, rule: str, base: Table, number: int, offset: int
) -> None:
    number = min(number, base["sub_swaths"])
    table = with_sub_swath(base, number, at_limit(rule, sub_swath_of(base, number), offset))
    if sendable(table):
        event(f"differs: {disagreement(codec, table)}")


@settings(max_examples=300, deadline=None)
@given(table=spotlight())
def test_sweeps_of_spotlight(codec: CodecServer, table: Table) -> None:
    event(f"differs: {disagreement(codec, table)}")


@settings(max_examples=300, deadline=None)
@given(
    table=st.one_of(near_legal(), spotlight(), tops()),
    mode=st.sampled_from(sorted((*MODES, SPOTLIGHT, TOPS))),
    data=st.data(),
)
def test_fields_that_contradict_the_mode(codec: CodecServer, table: Table, mode: int, data: st.DataObject) -> None:
    names = ["sub_swaths", *(f"{name}{SUFFIXES[number]}" for number in (1, 2, 3) for name in SWEEP_FIELDS)]
    table = table | {"mode": mode}
    for name in data.draw(st.lists(st.sampled_from(names), max_size=2)):
        table[name] = data.draw(st.sampled_from((0, 1, 2)))
    if sendable(table):
        event(f"differs: {disagreement(codec, table)}")


@settings(max_examples=400, deadline=None)
@given(table=near_legal(), data=st.data())
def test_near_legal_tables_with_a_field_moved(codec: CodecServer, table: Table, data: st.DataObject) -> None:
    codes = [name for name in FIELDS if name.endswith("_code") or name == "rank"]  # of sub-swath 1
    for name in data.draw(st.lists(st.sampled_from(codes), max_size=2)):
        table[name] += data.draw(st.integers(-2, 2))
    if sendable(table):
        event(f"differs: {disagreement(codec, table)}")


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_random_tables(codec: CodecServer, data: st.DataObject) -> None:
    table = {
        name: data.draw(
            st.sampled_from(sorted(field.enumeration.members.values()))
            if field.enumeration
            else st.integers(field.raw_minimum, field.raw_maximum)
        )
        for name, field in FIELDS.items()
    }
    alone = {name: raw_default(field) for name, field in FIELDS.items() if name[-2:] in ("_2", "_3")}
    alone |= {"sub_swaths": 1, "azimuth_beam_step": 0, "pulses_per_beam": 0, "burst_pulses": 0}
    chosen = data.draw(st.sampled_from(MODES))
    disagreement(codec, table | {"mode": chosen} | (alone if data.draw(st.booleans()) else {}))


geometry = {"look": st.floats(8, 55), "swath_km": st.floats(2, 60), "pulse_us": st.floats(5.1, 59)}


@settings(max_examples=400, deadline=None)
@given(**geometry, prf_hz=st.floats(3001, 6998), bandwidth=st.integers(20, 150))
def test_tables_designed_from_geometry(
    codec: CodecServer, look: float, swath_km: float, pulse_us: float, prf_hz: float, bandwidth: int
) -> None:
    """The ground judges by the geometry itself here, before any delay is rounded."""
    request = Request(
        ground_swath_m=swath_km * 1e3, pulse_s=pulse_us * 1e-6, prf_hz=prf_hz, bandwidth_hz=bandwidth * 1e6
    )
    timing = DESIGNER.design(look, request)
    table = DEFAULTS | {k: int(v) for k, v in timing.arguments(mode=MODES[0]).items()}  # type: ignore[call-overload]
    if not sendable(table):
        return
    board = board_verdict(codec, table)
    if timing.valid != (board.rule is None):
        margins = [in_codes(rule, table) for rule in timing.rules if rule.name == board.rule or not rule.holds]
        assert max(map(abs, margins)) <= ROUNDING_CODES, (board, timing.broken, table)


@settings(max_examples=40, deadline=None)
@given(look=st.floats(15, 45), swath_km=st.floats(5, 45), resolution_m=st.floats(2, 20))
def test_whatever_the_ground_proposes_the_board_accepts(
    codec: CodecServer, look: float, swath_km: float, resolution_m: float
) -> None:
    try:
        plan = make_plan(DESIGNER, look, swath_km * 1e3, resolution_m, None)
    except DesignError:
        return
    for timing in plan.proposals:
        table = DEFAULTS | {k: int(v) for k, v in timing.arguments(mode=MODES[0]).items()}  # type: ignore[call-overload]
        assert board_verdict(codec, table) == Verdict(None), table


@settings(max_examples=5, deadline=None)
@given(look=st.floats(18, 40), swath_km=st.floats(20, 70), mode=st.sampled_from(("SPOTLIGHT", "TOPS")))
def test_whatever_mode_the_ground_designs_the_board_accepts(
    codec: CodecServer, look: float, swath_km: float, mode: str
) -> None:
    count = 3 if mode == "TOPS" else 1
    try:
        designed = design_table(DESIGNER, mode, look, Request(ground_swath_m=swath_km * 1e3), count)
    except DesignError:
        return
    assert designed.valid
    values = designed.arguments(mode=MODE[mode])
    table = DEFAULTS | {k: int(v) for k, v in values.items()}  # type: ignore[call-overload]
    assert board_verdict(codec, table) == Verdict(None), table


def worked() -> Table:
    timing = DESIGNER.design(DESIGNER.look_angle_deg(25.0), Request())
    return DEFAULTS | {k: int(v) for k, v in timing.arguments(mode=MODES[0]).items()}  # type: ignore[call-overload]


def test_worked_case_is_accepted_and_the_look_angle_of_25_deg_is_not(codec: CodecServer) -> None:
    assert board_verdict(codec, worked()) == Verdict(None)
    rejected = DESIGNER.design(25.0, Request())
    table = worked() | {k: int(v) for k, v in rejected.arguments(mode=MODES[0]).items()}  # type: ignore[call-overload]
    board = board_verdict(codec, table)
    assert board.rule == "WINDOW_BEFORE_NEXT_PULSE"
    assert board.margin / FREF_HZ == pytest.approx(-36e-6, abs=0.1e-6)


def test_every_disagreement_across_the_limits_has_its_reason(codec: CodecServer) -> None:
    """The only one within five codes of any limit of the worked case: the ground counts the last sample of a
    window that is not whole, the board does not, so that a packet one sample short of its limit differs."""
    clear = worked() | {"nadir_delay_code": 16 * 8160}
    found = Counter(
        disagreement(codec, table)
        for rule in ORDER
        for offset in range(-5, 6)
        if sendable(table := at_limit(rule, clear, offset))
    )
    assert found.pop(None) > 80
    assert found == {"PACKET_SIZE": 1}
