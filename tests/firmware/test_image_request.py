"""The firmware's image request against the ground's rules, on the same requests.

The board compares integers, the ground seconds and degrees in double precision; both have the resolution of the
telecommand, so that they judge every request alike: the first rule that is broken, and by how much. What the
ground alone knows here is the geometry, by which it also bounds the integration time.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from emei.dictionary import load
from emei.planning.optical_design import FOLLOWS_THE_GROUND, Judgement, judge
from emei.planning.optical_geometry import Look, quantised_line_period_us
from emei.planning.optical_numbers import OpticalNumbers
from emei.planning.optical_request import Settings, looks
from emei.planning.rule import Rule
from tests.firmware.host_micropython import CodecServer

DICTIONARY = load()
NUMBERS = OpticalNumbers.of(DICTIONARY)
ARGUMENTS = {item.name: item for item in DICTIONARY.telecommand("OPTICAL_START_IMAGE").arguments}
# After the mode, as the board decodes them.
FIELDS = ("roll_deg", "pitch_deg", "strips", "interval_ms", "roll_step_deg", *(
    field.name for field in DICTIONARY.layouts["IMAGE_SETTINGS"].fields
))  # fmt: skip
MODES = {name: DICTIONARY.enumerations["OPTICAL_MODE"].members[name] for name in (*FOLLOWS_THE_GROUND, "VIDEO")}
FAILURE = {item.code: name for name, item in DICTIONARY.failures.items()}
# Arguments of IMAGE_CONTRADICTION that stand for each rule of the ground.
CONTRADICTED = {1: ("STRIPS",), 2: ("INTERVAL", "SPAN"), 3: ("PITCH",), 4: ("ROLL_STEP", "ROLL")}
JUDGED_ALIKE = ("INTEGRATION", "STRIPS", "PITCH", "ROLL_STEP", "ROLL", "INTERVAL", "SPAN", "IMAGING_BUDGET")
TURN_MS = round(NUMBERS.shortest_turn_s * 1e3)
SPAN_MS = round(NUMBERS.longest_span_s * 1e3)
BUDGET_MS = round(NUMBERS.imaging_limit_s * 1e3)
ROLL = ARGUMENTS["roll_deg"].raw_maximum

Image = dict[str, int]  # raw values, but for "mode": the name of it

DEFAULTS: Image = {name: ARGUMENTS[name].to_raw(float(ARGUMENTS[name].default or 0)) for name in FIELDS}


@dataclass(frozen=True)
class Verdict:
    """What the board says: the failure with its detail and limit, or the memory it asks for in MiB."""

    failure: str | None
    detail: int = 0
    limit: int = 0
    memory_mib: int = 0


def board_verdict(codec: CodecServer, mode: str, image: Image) -> Verdict:
    assert codec.ask("sky", 30_08000, 520_000, 703_100, 190_00) == "ok"
    word, *numbers = codec.ask("image", MODES[mode], *(image[name] for name in FIELDS)).split()
    if word == "ok":
        return Verdict(None, memory_mib=int(numbers[0]))
    assert word == "refused"
    code, detail, limit = (int(number) for number in numbers)
    return Verdict(FAILURE[code], detail, limit)


def ground_verdict(mode: str, image: Image) -> Judgement:
    value = {name: float(ARGUMENTS[name].to_physical(raw)) for name, raw in image.items()}
    look = Look(30.08, 520e3, 7031.0, 190.0, value["roll_deg"], value["pitch_deg"])
    wanted = Settings(
        mode,
        value["line_period_us"],
        value["integration_us"],
        image["tdi_stages"],
        image["bands"],
        value["compression"],
        value["duration_ms"] / 1e3,
        image["strips"],
        value["interval_ms"] / 1e3,
        value["roll_step_deg"],
    )
    return judge(NUMBERS, look, wanted, 0.0, 90.0)


def named(board: Verdict, mode: str, image: Image) -> str | None:
    """The ground's name of the rule that the board says is broken."""
    if board.failure == "CONSTRAINT":
        return "INTEGRATION"
    if board.failure != "IMAGE_CONTRADICTION":
        return board.failure
    names = CONTRADICTED[board.detail]
    if board.detail == 2:
        return names[board.limit == SPAN_MS and image["strips"] > 1]
    return names[mode == "AREA" and board.detail == 4 and board.limit == ROLL]


def agree(codec: CodecServer, mode: str, image: Image) -> str | None:
    """Both judge the request alike; the first rule that is broken, or None."""
    board, ground = board_verdict(codec, mode, image), ground_verdict(mode, image)
    rules = {rule.name: rule for rule in ground.rules if rule.name in JUDGED_ALIKE}
    assert list(rules) == [name for name in JUDGED_ALIKE if name in rules]
    if mode in FOLLOWS_THE_GROUND and image["integration_us"] <= image["line_period_us"]:
        # Beyond the period of the ground's motion, which the board looks at later.
        del rules["INTEGRATION"]
    broken = next((rule for rule in rules.values() if not rule.holds), None)
    said = named(board, mode, image)
    assert said == (broken.name if broken else None), (board, broken, mode, image)
    if broken:
        require_margin(broken, board, mode, image)
    else:
        require_memory(ground, board, mode, image)
    return said


def require_margin(rule: Rule, board: Verdict, mode: str, image: Image) -> None:
    """The ground's margin is by how much the request misses the limit that the board names."""
    duration_ms, interval_ms, strips = image["duration_ms"], image["interval_ms"], image["strips"]
    centideg = float(ARGUMENTS["roll_deg"].scale)
    margins = {
        "STRIPS": -abs(strips - board.limit),
        "PITCH": -centideg,
        "ROLL_STEP": -centideg if mode == "AREA" else -abs(image["roll_step_deg"]) * centideg,
        "ROLL": (board.limit - abs(image["roll_deg"] + (strips - 1) * image["roll_step_deg"])) * centideg,
        "INTERVAL": (interval_ms - board.limit) * (1 if strips > 1 else -1) / 1e3,
        "SPAN": (board.limit - (strips - 1) * interval_ms - duration_ms) / 1e3,
        "IMAGING_BUDGET": board.limit - strips * duration_ms / 1e3,
    }
    if rule.name == "INTEGRATION":
        # The ground's may be more: it also looks at the period of the ground's motion.
        assert rule.margin <= (board.limit - board.detail) / 10 + 1e-9
    else:
        assert rule.margin == pytest.approx(margins[rule.name], abs=1e-6)


def require_memory(ground: Judgement, board: Verdict, mode: str, image: Image) -> None:
    """Neither asks for less than the image takes; the board for a line in each strip and a MiB more at the most.

    The first strip takes what its commanded line period says, the others that of their own geometry, in which the
    board's and the ground's may differ by one step of 0.1 us.
    """
    bits = NUMBERS.pixels_per_line * NUMBERS.bits_per_sample
    samples = Fraction(16 * (image["bands"] & 1) + (image["bands"] >> 1).bit_count(), 16)
    line_mib = bits * samples / 8 / Fraction(image["compression"], 10) / 2**20
    periods = [image["line_period_us"]] * image["strips"]
    if mode in FOLLOWS_THE_GROUND:
        strips = looks(NUMBERS, ground.look, ground.settings)
        true_us = [look.line_period_us(NUMBERS.nadir_sample_m, NUMBERS.nadir_altitude_m) for look in strips]
        periods[1:] = [round(10 * quantised_line_period_us(period_us)) for period_us in true_us[1:]]
    most, exact, least = (
        sum(
            Fraction(image["duration_ms"] * 10_000, period + step * (strip > 0)) for strip, period in enumerate(periods)
        )
        for step in (-1, 0, 1)
    )
    assert ground.reserved_mib >= ceil(exact * line_mib)
    assert least * line_mib <= board.memory_mib <= ceil((most + image["strips"]) * line_mib) + 1


@st.composite
def near_legal(draw: st.DrawFn, modes: tuple[str, ...] = tuple(MODES)) -> tuple[str, Image]:
    """A request that is legal."""
    mode = draw(st.sampled_from(modes))
    most = {"STEREO": 2, "AREA": ARGUMENTS["strips"].raw_maximum}.get(mode, 1)
    strips = draw(st.integers(min(2, most), most))
    duration_ms = draw(st.integers(1000, min(300000, BUDGET_MS // strips)))
    turns = strips - 1
    longest_ms = min((SPAN_MS - duration_ms) // turns, ARGUMENTS["interval_ms"].raw_maximum) if turns else 0
    interval_ms = draw(st.integers(duration_ms + TURN_MS, longest_ms)) if turns else 0
    roll = draw(st.integers(-ROLL, ROLL))
    step = 0
    if mode == "AREA":
        low, high = -((ROLL + roll) // turns), (ROLL - roll) // turns
        step = draw(st.integers(low, high).filter(bool)) if low or high else 0
    pitch = draw(st.integers(-3000, 3000).filter(bool))
    period = draw(st.integers(500, 5000))
    return mode, DEFAULTS | {
        "roll_deg": roll,
        "pitch_deg": pitch,
        "strips": strips,
        "interval_ms": interval_ms,
        "roll_step_deg": step,
        "line_period_us": period,
        "integration_us": draw(st.integers(50, period)),
        "bands": draw(st.integers(1, 31)),
        "compression": draw(st.integers(10, 160)),
        "duration_ms": duration_ms,
    }


def sendable(image: Image) -> bool:
    return all(ARGUMENTS[name].raw_minimum <= raw <= ARGUMENTS[name].raw_maximum for name, raw in image.items())


def at_limit(rule: str, mode: str, image: Image, offset: int) -> Image:
    """The request moved to the limit of a rule, where its mode has one, and `offset` steps of its field beyond."""
    strips, duration_ms = image["strips"], image["duration_ms"]
    turns = max(strips - 1, 1)
    match rule:
        case "INTEGRATION":
            return image | {"integration_us": image["line_period_us"] + offset}
        case "STRIPS":
            return image | {"strips": (2 - offset) if mode == "AREA" else strips + offset}
        case "PITCH":
            return image | {"pitch_deg": 1 - offset}
        case "ROLL_STEP":
            return image | {"roll_step_deg": 1 - offset if mode == "AREA" else offset}
        case "ROLL":
            sign = -1 if image["roll_deg"] > 0 else 1
            step = (ROLL + abs(image["roll_deg"])) // turns
            first = ROLL - turns * step
            return (
                image
                | {"roll_deg": sign * first, "roll_step_deg": sign * step}
                | ({"roll_step_deg": sign * (step + 1)} if offset > 0 else {"roll_deg": sign * (first + offset)})
            )
        case "INTERVAL":
            return image | {"interval_ms": duration_ms + TURN_MS - offset if strips > 1 else offset}
        case "SPAN":
            if strips == 1:
                return image
            short_ms = SPAN_MS // strips - TURN_MS
            left_ms = SPAN_MS - min(duration_ms, short_ms)
            return image | {
                "duration_ms": SPAN_MS - left_ms // turns * turns + offset,
                "interval_ms": left_ms // turns,
            }
        case "IMAGING_BUDGET":
            if strips == 1:
                return image
            longest_ms = BUDGET_MS // strips + offset
            return image | {"duration_ms": longest_ms, "interval_ms": longest_ms + TURN_MS}
    raise AssertionError(rule)


@settings(max_examples=300, deadline=None)
@given(request=near_legal())
def test_legal_requests_are_legal_on_both(codec: CodecServer, request: tuple[str, Image]) -> None:
    mode, image = request
    if mode != "AREA" or image["roll_step_deg"]:
        assert agree(codec, mode, image) is None


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("rule", JUDGED_ALIKE)
@settings(max_examples=40, deadline=None)
@given(data=st.data(), offset=st.integers(-2, 2))
def test_near_every_rules_limit(codec: CodecServer, rule: str, mode: str, data: st.DataObject, offset: int) -> None:
    _, base = data.draw(near_legal((mode,)))
    image = at_limit(rule, mode, base, offset)
    if sendable(image):
        event(f"{rule}: {agree(codec, mode, image)}")


# Mode, what differs from a legal request of it, and the rule that this breaks: each limit, and one step beyond.
STEREO = ("STEREO", {"pitch_deg": 2000, "strips": 2, "interval_ms": 14000})
AREA = ("AREA", {"roll_deg": -4500, "roll_step_deg": 3000, "strips": 4, "interval_ms": 14000})
STRIP: tuple[str, Image] = ("STRIP", {})
VIDEO: tuple[str, Image] = ("VIDEO", {})
HALF_BUDGET = {"strips": 2, "duration_ms": 300000, "interval_ms": 304000, "roll_step_deg": 1}


@pytest.mark.parametrize(
    ("base", "change", "rule"),
    [
        (VIDEO, {"integration_us": 711}, None),
        (VIDEO, {"integration_us": 712}, "INTEGRATION"),
        (STRIP, {}, None),
        (STRIP, {"strips": 2, "interval_ms": 14000}, "STRIPS"),
        (VIDEO, {"strips": 3}, "STRIPS"),
        (STEREO, {}, None),
        (STEREO, {"strips": 1, "interval_ms": 0}, "STRIPS"),
        (STEREO, {"strips": 3}, "STRIPS"),
        (AREA, {"strips": 2}, None),
        (AREA, {"strips": 1, "interval_ms": 0}, "STRIPS"),
        (STEREO, {"pitch_deg": 1}, None),
        (STEREO, {"pitch_deg": -1}, None),
        (STEREO, {"pitch_deg": 0}, "PITCH"),
        (STRIP, {"roll_step_deg": 1}, "ROLL_STEP"),
        (STEREO, {"roll_step_deg": -1}, "ROLL_STEP"),
        (AREA, {"roll_deg": 0, "roll_step_deg": 1}, None),
        (AREA, {"roll_deg": 0, "roll_step_deg": 0}, "ROLL_STEP"),
        (AREA, {}, None),
        (AREA, {"roll_step_deg": 3001}, "ROLL"),
        (AREA, {"roll_deg": 4500, "roll_step_deg": -3000}, None),
        (AREA, {"roll_deg": 4499, "roll_step_deg": -3000}, "ROLL"),
        (STRIP, {"interval_ms": 1}, "INTERVAL"),
        (STEREO, {"interval_ms": 13999}, "INTERVAL"),
        (AREA, {"interval_ms": 13999}, "INTERVAL"),
        (AREA, {"strips": 3, "interval_ms": 445000}, None),
        (AREA, {"strips": 3, "interval_ms": 445001}, "SPAN"),
        (AREA, HALF_BUDGET, None),
        (AREA, {**HALF_BUDGET, "strips": 3}, "SPAN"),
        (AREA, {"strips": 8, "roll_step_deg": 1, "duration_ms": 75000, "interval_ms": 79000}, None),
        (AREA, {"strips": 8, "roll_step_deg": 1, "duration_ms": 75001, "interval_ms": 79001}, "IMAGING_BUDGET"),
    ],
)
def test_each_rule_at_its_limit_and_one_step_beyond(
    codec: CodecServer, base: tuple[str, Image], change: Image, rule: str | None
) -> None:
    mode, values = base
    assert agree(codec, mode, DEFAULTS | values | change) == rule


@settings(max_examples=400, deadline=None)
@given(mode=st.sampled_from(sorted(MODES)), data=st.data())
def test_random_requests(codec: CodecServer, mode: str, data: st.DataObject) -> None:
    image = dict(DEFAULTS)
    for name in FIELDS:
        argument = ARGUMENTS[name]
        near = {"strips": (1, 2, 3), "interval_ms": (0, 14000, 304000), "roll_step_deg": (0, 1, 1000)}
        if name not in ("tdi_stages", "gain"):
            anything = st.integers(argument.raw_minimum, argument.raw_maximum)
            image[name] = data.draw(st.one_of(anything, st.sampled_from(near.get(name, (DEFAULTS[name],)))))
    event(f"broken: {agree(codec, mode, image)}")
