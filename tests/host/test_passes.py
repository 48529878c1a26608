"""The plan of a pass, the order of its steps, and what a report draws from a recording."""

from datetime import UTC, datetime
from io import StringIO
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from emei.dictionary import load
from emei.packets import raw_arguments
from emei.planning.area import meishan
from emei.report.map import Footprint, MapContent
from emei.report.page import Report, render
from emei.report.recording import CommandRow, Edge, EventRow, Recording, Sample, StepResult
from emei.report.style import MODE_COLOURS, ink_on
from emei.report.timeline import short_name, spread, write_timeline
from hil.bench import BENCHES
from hil.model import Description
from hil.passes.checks import require_in_order
from hil.passes.flight import Flight, Step, StepFailed, fly
from hil.passes.plan import PITCH_LIMIT_DEG, ROLL_LIMIT_DEG, TAKE_S, plan_pass
from hil.passes.products import pass_facts
from hil.passes.progress import print_steps

DICTIONARY = load()
PLAN = plan_pass(DICTIONARY, Description.read(BENCHES / "host.toml").units)


class Watcher:
    def __init__(self) -> None:
        self.seen: list[str] = []

    def flight_is(self, flight: Flight) -> None: ...

    def begun(self, number: int, step: Step) -> None:
        self.seen.append(f"begun {number}")

    def ended(self, number: int, result: StepResult) -> None:
        self.seen.append(f"{result.status} {number}")


def fail(flight: Flight) -> str:
    raise StepFailed("The door is shut.")


def test_after_a_failed_step_the_others_are_not_run() -> None:
    flight = cast(Flight, SimpleNamespace(now_s=3.0))
    good = Step("group", "good", "telemetry", lambda flight: "seen")
    watcher = Watcher()
    results = fly(flight, [good, Step("group", "bad", "telemetry", fail), good], watcher)
    assert [result.status for result in results] == ["verified", "failed", "not run"]
    assert results[1].evidence == "The door is shut."
    assert watcher.seen == ["begun 1", "verified 1", "begun 2", "failed 2", "not run 3"]


@pytest.mark.parametrize("columns", [80, 140])
def test_the_table_of_steps_cuts_nothing_short(columns: int) -> None:
    console = Console(width=columns, record=True, file=StringIO())
    print_steps(
        console, [StepResult("Table", "refused", "one report", 1.0, 2.0, "verified", "WINDOW_BEFORE_NEXT_PULSE")]
    )
    text = console.export_text()
    assert "…" not in text and "✓ verified" in text
    assert max(map(len, text.splitlines())) <= columns
    assert ("one report" in text) == (columns > 100)


def test_labels_must_come_in_order() -> None:
    require_in_order(["IDLE", "NOISE", "ECHO", "DONE"], ["NOISE", "ECHO"], "SAR_PHASE")
    for seen in (["ECHO", "NOISE"], ["NOISE"], []):
        with pytest.raises(StepFailed, match="SAR_PHASE went through"):
            require_in_order(seen, ["NOISE", "ECHO"], "SAR_PHASE")


def test_both_data_takes_fit_the_pass_and_the_instruments() -> None:
    closest, image = PLAN.closest, PLAN.image
    assert abs(PLAN.sar_start_gps_s + TAKE_S / 2 - closest.gps_s) <= 1.0
    assert image.start_gps_s > PLAN.sar_start_gps_s + TAKE_S
    assert abs(image.middle.roll_deg) <= ROLL_LIMIT_DEG and abs(image.middle.pitch_deg) <= PITCH_LIMIT_DEG
    assert image.smear.acceptable and image.integration_us <= image.line_period_us
    assert PLAN.timing.valid
    assert PLAN.bench_epoch_gps_s < PLAN.sar_start_gps_s - 300, "the waits of flight fit before"


def test_the_design_and_the_ancillary_data_pass_the_ground_tools_own_check() -> None:
    raw_arguments(DICTIONARY.telecommand("SAR_LOAD_TABLE"), PLAN.timing.arguments(slot=0))
    for second in range(0, 600, 60):
        ancillary = PLAN.ancillary(PLAN.bench_epoch_gps_s + second)
        raw_arguments(DICTIONARY.telecommand("ANCILLARY_DATA"), ancillary)
    during_image = PLAN.ancillary(PLAN.image.middle.gps_s)
    assert during_image["sun_angle_deg"] == pytest.approx(PLAN.image.middle.sun_angle_deg, abs=0.05)
    assert during_image["eclipse"] == "OFF"


def test_the_footprints_lie_over_the_area() -> None:
    for outline in (PLAN.sar_swath(), PLAN.optical_strip(7500.0)):
        centre = sum(x for x, _ in outline) / 4, sum(y for _, y in outline) / 4
        assert PLAN.area.contains(centre)
    width = abs(PLAN.sar_swath()[0][0] - PLAN.sar_swath()[1][0])
    assert width * 96.5 == pytest.approx(PLAN.timing.request.ground_swath_m / 1e3, rel=0.05)  # km a degree at 30 N


def test_another_epoch_gives_another_pass() -> None:
    other = plan_pass(DICTIONARY, {"sar_warmup_s": 1, "optical_stabilisation_s": 1}, datetime(2026, 7, 1, tzinfo=UTC))
    assert other.closest.gps_s > PLAN.closest.gps_s
    assert other.timing.valid


@given(st.lists(st.floats(0, 100), max_size=20), st.floats(0.1, 4))
def test_spread_labels_are_apart_in_order_and_inside(positions: list[float], spacing: float) -> None:
    positions.sort()
    places = spread(positions, spacing, 0.0, 100.0)
    assert len(places) == len(positions)
    assert all(after - before >= spacing - 1e-6 for before, after in pairwise(places))
    assert all(-1e-6 <= place <= 100 + 1e-6 for place in places)


def test_labels_with_room_stay_where_they_are() -> None:
    assert spread([10.0, 20.0, 30.0], 2.0, 0.0, 100.0) == [10.0, 20.0, 30.0]


@pytest.mark.parametrize("colour", sorted(set(MODE_COLOURS.values())))
def test_text_reads_on_every_mode_colour(colour: str) -> None:
    """Contrast of at least 3 to 1 (WCAG 2, large text and graphics)."""
    light, dark = sorted((luminance(colour), luminance(ink_on(colour) if ink_on(colour) != "white" else "#ffffff")))[
        ::-1
    ]
    assert (light + 0.05) / (dark + 0.05) >= 3


def luminance(colour: str) -> float:
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def sample(time_s: float, label: str, valid: bool = True) -> Sample:
    return Sample(time_s, 1.0 if label == "ON" else 0.0, label, valid)


def recording() -> Recording:
    return Recording(
        commands=[
            CommandRow("SET_MODE_SAR", "mode=INIT", 1.0, ((1, 1.1), (3, 1.2), (7, 5.0)), "completed", "", False),
            CommandRow("bad CRC", "", 8.0, ((2, 8.1),), "failed", "BAD_CRC: the packet <error> control", False),
            CommandRow("TIME_MESSAGE", "coarse=5", 2.0, ((7, 2.1),), "completed", "", True),
        ],
        events=[EventRow(0.5, "informative", "BOOTED", "booted"), EventRow(9.0, "high", "ALARM_RAISED", "alarm")],
        samples={
            "SAR_MODE": [sample(0, "OFF"), sample(1, "OFF"), sample(5, "INIT"), sample(6, "INIT", valid=False)],
            "SAR_TRANSMIT_ENABLE_SEEN": [sample(0, "OFF"), sample(6, "ON"), sample(7, "OFF")],
        },
        edges=[Edge(6.0, True), Edge(7.0, False)],
        stop_s=10.0,
    )


def test_spans_join_equal_labels_and_end_where_the_value_is_not_fresh() -> None:
    spans = [(span.start_s, span.stop_s, span.label) for span in recording().spans("SAR_MODE")]
    assert spans == [(0, 5, "OFF"), (5, 6, "INIT"), (6, 10.0, "")]
    assert recording().spans("OPTICAL_MODE") == []


def test_short_names_say_the_mode() -> None:
    names = [short_name(row) for row in recording().commands]
    assert names == ["SAR to INIT", "Bad CRC", "Time message"]


@pytest.mark.parametrize("name", ["timeline.svg", "timeline.png"])
def test_the_timeline_alone(tmp_path: Path, name: str) -> None:
    write_timeline(recording(), tmp_path / name)
    start = (tmp_path / name).read_bytes()[:8]
    assert start.startswith(b"<svg" if name.endswith("svg") else b"\x89PNG")


def test_the_page_holds_everything_and_escapes_it() -> None:
    area = meishan()
    content = MapContent(
        area, [area.centre, (104.5, 30.5)], [(area.centre, "+0 s")], [Footprint("swath", area.polygon)]
    )
    steps = [
        StepResult("Boot", "Boot", "event", 0.0, 1.0, "verified", "booted"),
        StepResult("Door", "Image", "switches", 1.0, 2.0, "failed", "the door <stays> shut"),
        StepResult("Off", "Image", "mode", 3.0, 0.0, "not run", ""),
    ]
    page = render(Report("A pass", "bench", pass_facts(PLAN), content, recording(), steps, closeup=(4.0, 9.0)))
    assert "2 of 3 steps not verified" in page
    assert "the door &lt;stays&gt; shut" in page and "<stays>" not in page
    assert "BAD_CRC: the packet &lt;error&gt; control" in page
    assert page.count("<svg") == 4
    assert "1 time messages and ancillary data" in page
    assert "http" not in page.replace("http://www.w3.org/", ""), "nothing but the names of XML"


def test_the_same_recording_draws_the_same_timeline(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        write_timeline(recording(), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
