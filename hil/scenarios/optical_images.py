"""Settings of every image mode of the optical instrument, legal under the quiet sky, and the calibrations' doors."""

from typing import Any

from emei.planning.optical_geometry import Look, quantised_line_period_us
from emei.platform import quiet_sky


def line_period_us(roll_deg: float, pitch_deg: float) -> float:
    """Of the quiet sky, by the ground's own geometry."""
    sky = quiet_sky(0.0)
    latitude, altitude, speed, track = (
        float(sky[name]) for name in ("latitude_deg", "altitude_m", "ground_speed_m_s", "track_deg")
    )
    look = Look(latitude, altitude, speed, track, roll_deg, pitch_deg)
    return quantised_line_period_us(look.line_period_us(0.5, 520e3))


IMAGES: dict[str, dict[str, Any]] = {
    "STRIP": {},
    "STEREO": {
        "pitch_deg": 20.0,
        "strips": 2,
        "interval_ms": 7000,
        "line_period_us": line_period_us(0, 20),
    },
    "AREA": {
        "roll_deg": -4.0,
        "roll_step_deg": 4.0,
        "strips": 3,
        "interval_ms": 6500,
        "line_period_us": line_period_us(-4, 0),
    },
    "VIDEO": {"line_period_us": 400.0},
}
CALIBRATIONS = {"DARK": "SHUT", "LAMP": "SHUT", "SUN": "DIFFUSER"}
