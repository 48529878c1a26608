"""Limit colours of live telemetry, and the panel they are shown in."""

import io

import pytest
from rich.console import Console, Group

from emei.cli.panel import Panel, style_of
from emei.dictionary import load
from emei.link import Received
from emei.session import EventReport, Reading, Session

DICTIONARY = load()


class SilentLink:
    malformed_frames = 0

    def send_packet(self, packet: bytes) -> None:
        raise AssertionError("a monitor sends nothing")

    send_octets = send_packet

    def receive(self, timeout_s: float) -> list[Received]:
        return []

    def now_s(self) -> float:
        return 0.0

    def close(self) -> None:
        return None


def reading(name: str, value: float, label: str = "", valid: bool = True) -> Reading:
    parameter = DICTIONARY.parameters[name]
    return Reading(name, parameter.to_raw(value), value, label or str(value), parameter.unit, valid, 0.0, 0.0)


@pytest.mark.parametrize(
    ("value", "mode", "style"),
    [
        (20.0, "STANDBY", ""),
        (50.0, "STANDBY", ""),  # at the limit is within it
        (50.1, "STANDBY", "yellow"),
        (-16.0, "STANDBY", "yellow"),
        (60.1, "STANDBY", "bold red"),
        (60.1, "OFF", ""),  # the monitor does not apply
    ],
)
def test_colours_follow_the_monitors(value: float, mode: str, style: str) -> None:
    assert style_of(DICTIONARY, reading("SAR_TRM_TEMPERATURE_DEGC", value), {"SAR": mode}) == style


def test_a_value_that_is_not_valid_is_dim() -> None:
    assert style_of(DICTIONARY, reading("SAR_TRM_TEMPERATURE_DEGC", 99.0, valid=False), {"SAR": "STANDBY"}) == "dim"


def test_the_panel_shows_readings_and_the_last_events() -> None:
    session = Session(DICTIONARY, SilentLink())
    for each in (reading("SAR_MODE", 2, "STANDBY"), reading("SAR_TRM_TEMPERATURE_DEGC", 60.1)):
        session.readings[each.name] = each
    session.events += [EventReport("X", "high", {}, f"event [{n}]", 0.0, 0.0) for n in range(20)]
    out = io.StringIO()
    Console(file=out, width=160, force_terminal=True, color_system="standard").print(Panel(session))
    text = out.getvalue()
    assert "\x1b[1;31m60.1 degC" in text
    assert "STANDBY" in text
    assert "event [19]" in text
    assert "event [11]" not in text


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 40), (200, 60)])
def test_the_panel_fits_its_window_and_says_what_it_leaves_out(width: int, height: int) -> None:
    session = Session(DICTIONARY, SilentLink())
    session.readings |= {name: reading(name, 0) for name in DICTIONARY.parameters}
    session.events += [EventReport("X", "high", {}, f"event [{n}] " + 200 * "x", 0.0, 0.0) for n in range(20)]
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    text = ["".join(segment.text for segment in line) for line in console.render_lines(Group(Panel(session)))]
    assert len(text) <= height
    assert "SAR_MODE" in " ".join(text)
    assert any("event [19]" in line for line in text)
    assert any("more parameters in a larger window" in line for line in text) == (width < 200)
    assert text[0].startswith("The board was built with dictionary 00000000")
