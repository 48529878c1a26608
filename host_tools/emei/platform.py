"""The platform's on-board computer, as far as the payload hears it: time and ancillary data, once a second.

The time message (132,1) names the GPS second that begins at the next PPS edge and is sent between edges;
ancillary data (132,2) follows it. Neither asks for verification. PPS edges lie at whole seconds of the
link's time.
"""

import math
from collections.abc import Callable, Mapping

from emei.session import Session
from emei.verification import Ack

PERIOD_S = 1.0
TIME_MESSAGE_PHASE_S = 0.4
EARLIEST_PHASE_S, LATEST_PHASE_S = 0.1, 0.9

Ancillary = Callable[[float], Mapping[str, float | int | str]]


def quiet_sky(gps_s: float) -> Mapping[str, float | int | str]:
    """Ancillary data that no guard and no monitor minds: arguments of ANCILLARY_DATA by name."""
    return {
        "sun_angle_deg": 90.0,
        "attitude_error_deg": 0.01,
        "attitude_rate_deg_s": 0.001,
        "latitude_deg": 30.0,
        "longitude_deg": 104.0,
        "eclipse": "OFF",
        "battery_percent": 85.0,
        "altitude_m": 520000,
        "ground_speed_m_s": 7031.0,
        "track_deg": 190.0,
        "yaw_error_deg": 0.0,
    }


class Platform:
    """Runs inside the session's pump. `gps_epoch_s`: GPS second at link time 0. `ancillary`: from GPS seconds."""

    def __init__(self, session: Session, gps_epoch_s: int, ancillary: Ancillary = quiet_sky) -> None:
        self.session = session
        self.gps_epoch_s = gps_epoch_s
        self.ancillary = ancillary
        self.time_messages = True
        self.ancillary_data = True
        self._task = session.every(PERIOD_S, self._second, TIME_MESSAGE_PHASE_S)

    def gps_s(self) -> float:
        """GPS time now."""
        return self.gps_epoch_s + self.session.link.now_s()

    def pause(self, time_messages: bool = True, ancillary_data: bool = True) -> None:
        """Leave out what is named until `resume`."""
        self.time_messages &= not time_messages
        self.ancillary_data &= not ancillary_data

    def resume(self) -> None:
        self.time_messages = self.ancillary_data = True

    def stop(self) -> None:
        self._task.cancel()

    def _second(self) -> None:
        gps_s = self.gps_s()
        # A host that was late must not name the wrong edge: better no message than that.
        if self.time_messages and EARLIEST_PHASE_S <= gps_s % 1 <= LATEST_PHASE_S:
            self.session.send("TIME_MESSAGE", ack=Ack.NONE, coarse=math.floor(gps_s) + 1)
        if self.ancillary_data:
            self.session.send("ANCILLARY_DATA", ack=Ack.NONE, **self.ancillary(gps_s))
