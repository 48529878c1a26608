"""An image as it is asked for: its strips, and the rules that need no geometry but only the request itself.

Apart from the board's own check, in seconds and degrees.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from emei.planning.optical_geometry import Look
from emei.planning.optical_numbers import OpticalNumbers
from emei.planning.rule import Rule

_DECIMALS = 6
"""Of a second or a degree; what double precision leaves of an exact equality is less."""


@dataclass(frozen=True)
class Settings:
    """What is commanded. `line_period_us` None: the derived one. `strips` times `duration_s` are recorded.

    Strips start `interval_s` after each other; AREA rolls by `roll_step_deg` from one to the next.
    """

    mode: str = "STRIP"
    line_period_us: float | None = None
    integration_us: float = 68.0
    stages: int = 32
    bands: int = 31
    compression: float = 4.0
    duration_s: float = 10.0
    strips: int = 1
    interval_s: float = 0.0
    roll_step_deg: float = 0.0


def looks(numbers: OpticalNumbers, look: Look, settings: Settings) -> Iterator[Look]:
    """Of each strip, `look` being the first's; those that roll too far are left out."""
    yield look
    for strip in range(1, settings.strips):
        if settings.mode == "AREA":
            roll_deg = look.roll_deg + strip * settings.roll_step_deg
            if _exact(numbers.roll_limit_deg - abs(roll_deg)) >= 0:
                yield replace(look, roll_deg=roll_deg)
        else:
            yield replace(look, pitch_deg=-look.pitch_deg) if settings.mode == "STEREO" else look


def request_rules(numbers: OpticalNumbers, look: Look, settings: Settings) -> Iterator[Rule]:
    """What mode, strips, angles and times must be to each other, in the board's order; then the time of an orbit."""
    mode, strips, step_deg = settings.mode, settings.strips, settings.roll_step_deg
    if mode == "STEREO":
        yield Rule("STRIPS", -abs(strips - 2), "strip")
        yield Rule("PITCH", _exact(abs(look.pitch_deg) - numbers.angle_step_deg), "deg")
    elif mode == "AREA":
        yield Rule("STRIPS", strips - 2, "strip")
        yield Rule("ROLL_STEP", _exact(abs(step_deg) - numbers.angle_step_deg), "deg")
        last_deg = look.roll_deg + (strips - 1) * step_deg
        yield Rule("ROLL", _exact(numbers.roll_limit_deg - max(abs(look.roll_deg), abs(last_deg))), "deg")
    else:
        yield Rule("STRIPS", -abs(strips - 1), "strip")
    if mode != "AREA":
        yield Rule("ROLL_STEP", 0.0 - abs(step_deg), "deg")
    if strips == 1:
        yield Rule("INTERVAL", 0.0 - settings.interval_s, "s")
    else:
        yield Rule("INTERVAL", _exact(settings.interval_s - settings.duration_s - numbers.shortest_turn_s), "s")
    span_s = (strips - 1) * settings.interval_s + settings.duration_s
    yield Rule("SPAN", _exact(numbers.longest_span_s - span_s), "s")
    yield Rule("IMAGING_BUDGET", _exact(numbers.imaging_limit_s - strips * settings.duration_s), "s")


def _exact(margin: float) -> float:
    return round(margin, _DECIMALS)
