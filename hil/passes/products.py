"""What a flown pass leaves behind: summary.json and report.html beside the raw packets."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from math import pi
from pathlib import Path
from typing import Any

from emei.planning.time_scales import utc_of
from emei.report.recording import PLATFORM_COMMANDS, Recording, StepResult
from hil.bench import Bench
from hil.passes.flight import Flight
from hil.passes.plan import PassPlan

SUMMARY = "summary.json"
REPORT = "report.html"
TIMELINE = "timeline.svg"

Facts = list[tuple[str, list[tuple[str, str]]]]

_TRACK_BEFORE_S = 60.0
_TICKS_S = (-20, -10, 0, 10, 20, 30)
_OPTICAL_HALF_WIDTH_M = 7500.0


def pass_facts(plan: PassPlan) -> Facts:
    """Orbit, pass and settings in words, in groups."""
    closest, timing, image = plan.closest, plan.timing, plan.image
    elements = plan.orbit.elements
    hours, minutes = divmod(round(60 * elements.descending_node_local_time_h), 60)
    return [
        (
            "Orbit, Sun-synchronous",
            [
                ("Altitude", f"{elements.altitude_m / 1e3:.0f} km"),
                ("Inclination", f"{elements.inclination_deg:.2f}°"),
                ("Descending node", f"{hours:02d}:{minutes:02d} local time"),
                ("Period", f"{2 * pi / elements.mean_motion_rad_s / 60:.1f} min"),
                ("Epoch, UTC", f"{utc_of(elements.epoch_gps_s):%Y-%m-%d %H:%M}"),
            ],
        ),
        (
            f"Pass over {plan.area.name}",
            [
                ("Rise, set (5°), UTC", f"{_clock(plan.chosen.rise_gps_s)}, {_clock(plan.chosen.set_gps_s)}"),
                ("Closest approach, UTC", f"{utc_of(closest.gps_s):%Y-%m-%d %H:%M:%S}"),
                ("Direction", plan.chosen.direction),
                (
                    "Look angle, incidence",
                    f"{closest.look_angle_deg:.2f}° {closest.side}, {closest.incidence_deg:.2f}°",
                ),
                ("Slant range", f"{closest.slant_range_m / 1e3:.1f} km"),
                ("Sun from the boresight", f"{closest.sun_angle_deg:.1f}°"),
                ("Sun's elevation at the area", f"{closest.sun_elevation_deg:.1f}°"),
                ("Eclipse", "none, sunlit" if closest.shadow.value == "sunlit" else closest.shadow.value),
            ],
        ),
        (
            "SAR design",
            [
                ("PRF, rank", f"{timing.prf_hz:.1f} Hz, {timing.rank}"),
                ("Ground swath", f"{timing.request.ground_swath_m / 1e3:.0f} km"),
                ("Codes PRI/SWST/SWL", f"{timing.pri_code}/{timing.swst_code}/{timing.swl_code}"),
                ("Pulse, duty", f"{timing.request.pulse_s * 1e6:.0f} µs, {100 * timing.duty:.1f} %"),
                ("Smallest margin", f"{timing.timing_margin_s * 1e6:.1f} µs"),
                ("Data rate", f"{timing.data_rate_bit_s / 1e6:.0f} Mbit/s"),
            ],
        ),
        (
            "Optical settings",
            [
                ("Roll, pitch", f"{image.middle.roll_deg:.1f}°, {image.middle.pitch_deg:.1f}°"),
                ("Line period", f"{image.line_period_us:.1f} µs"),
                ("Integration", f"{image.integration_us:.1f} µs, {image.stages} stages"),
                ("Smear along, across", f"{image.smear.along_px:.3f}, {image.smear.across_px:.3f} px"),
                ("Sun from the boresight", f"{image.middle.sun_angle_deg:.1f}°"),
            ],
        ),
    ]


def bench_facts(plan: PassPlan, bench: Bench) -> list[tuple[str, str]]:
    """The board, and the waits that are not those of flight."""
    shortened = ", ".join(f"{name} {wait_ms / 1000:g} s" for name, wait_ms in bench.shortened_waits.items())
    return [
        ("Board", bench.name),
        ("Switched on, UTC", _clock(plan.bench_epoch_gps_s)),
        ("Shortened waits", shortened or "none"),
    ]


def write_summary(flight: Flight, results: Sequence[StepResult], directory: Path) -> Path:
    """summary.json: each step, its verification, its duration and what was seen."""
    session = flight.session
    summary: dict[str, Any] = {
        "verified": bool(results) and all(result.passed for result in results),
        "board": flight.bench.name,
        "spacecraft": session.spacecraft.name,
        "dictionary_hash": session.dictionary.hash.hex(),
        "shortened_waits_ms": dict(flight.bench.shortened_waits),
        "pass": {title: dict(facts) for title, facts in pass_facts(flight.plan)},
        "steps": [{"number": number, **asdict(result)} for number, result in enumerate(results, 1)],
        "telecommands": {
            "sent": len(session.commands),
            "refused": sum(command.failure is not None for command in session.commands),
            "of_the_platform": sum(command.name in PLATFORM_COMMANDS for command in session.commands),
        },
        "telemetry_packets": session.packets_received,
        "events": len(session.events),
        "anomalies": session.anomalies,
    }
    path = directory / SUMMARY
    path.write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def write_report(flight: Flight, results: Sequence[StepResult], directory: Path) -> Path:
    """report.html, and the timeline alone as timeline.svg."""
    from emei.report.map import Footprint, MapContent
    from emei.report.page import Report, render
    from emei.report.timeline import write_timeline

    plan = flight.plan
    closest_s = plan.closest.gps_s
    recording: Recording = flight.recording()
    content = MapContent(
        area=plan.area,
        track=plan.orbit.ground_track(closest_s - _TRACK_BEFORE_S, closest_s + _TRACK_BEFORE_S, 2.0),
        ticks=[(plan.orbit.at(closest_s + tick).sub_satellite[:2], f"{tick:+d} s") for tick in _TICKS_S],
        footprints=[
            Footprint("SAR swath", plan.sar_swath()),
            Footprint("optical strip", plan.optical_strip(_OPTICAL_HALF_WIDTH_M)),
        ],
    )
    report = Report(
        title=f"A pass over {plan.area.name}",
        subtitle=(
            f"{flight.bench.name} board · spacecraft {flight.session.spacecraft.name} · "
            f"dictionary {flight.session.dictionary.hash_word:08x} · {utc_of(closest_s):%Y-%m-%d}"
        ),
        facts=[*pass_facts(plan), ("Bench", bench_facts(plan, flight.bench))],
        map=content,
        recording=recording,
        steps=results,
        closeup=plan.window if recording.stop_s > plan.window[0] else None,
        pictures=flight.pictures,
    )
    path = directory / REPORT
    path.write_text(render(report), encoding="utf-8")
    write_timeline(recording, directory / TIMELINE)
    return path


def _clock(gps_s: float) -> str:
    return f"{utc_of(gps_s):%H:%M:%S}"
