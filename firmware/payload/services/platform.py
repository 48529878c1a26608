"""Service 132, platform: the time message of the PPS and the ancillary data, both at 1 Hz, and its going safe."""

import hal

from payload.tables import events, pool

_PARAMETERS = (
    pool.SUN_ANGLE_DEG,
    pool.ATTITUDE_ERROR_DEG,
    pool.ATTITUDE_RATE_DEG_S,
    pool.LATITUDE_DEG,
    pool.LONGITUDE_DEG,
    pool.ECLIPSE,
    pool.BATTERY_PERCENT,
    pool.ALTITUDE_M,
    pool.GROUND_SPEED_M_S,
    pool.TRACK_DEG,
    pool.YAW_ERROR_DEG,
)
_LATITUDE, _LONGITUDE, _ALTITUDE = (
    _PARAMETERS.index(pool.LATITUDE_DEG),
    _PARAMETERS.index(pool.LONGITUDE_DEG),
    _PARAMETERS.index(pool.ALTITUDE_M),
)


class Platform:
    """Also passes the time on: every unit learns the second that begins at the next PPS."""

    def __init__(self, event_service, time_receivers, protection):
        self._events = event_service
        self._protection = protection
        self._time_receivers = time_receivers
        self._ancillary_count = 0
        self._jumps = 0
        self._jumped = False
        self._time_steps = hal.time_steps()
        self._time_acquired = False
        self._pps_told = 0
        hal.pool_set(pool.ANCILLARY_COUNT, 0)
        hal.pool_set(pool.ANCILLARY_JUMPS, 0)

    def telecommands(self):
        return {
            "TIME_MESSAGE": hal.time_message,
            "ANCILLARY_DATA": self.ancillary_data,
            "PLATFORM_SAFE": self._protection.platform_safe,
        }

    def ancillary_data(self, *values):
        jump_m = hal.position_jump_m(values[_LATITUDE], values[_LONGITUDE], values[_ALTITUDE])
        if jump_m:
            self._jumps = (self._jumps + 1) & 0xFFFF
            hal.pool_set(pool.ANCILLARY_JUMPS, self._jumps)
            if not self._jumped:
                # Told once: the way back from a single wrong sample is a jump too.
                self._events.report(events.ANCILLARY_JUMPED, jump_m)
        self._jumped = jump_m > 0
        for index in range(len(_PARAMETERS)):
            hal.pool_set(_PARAMETERS[index], values[index])
        hal.position(hal.pool_get(pool.LATITUDE_DEG), hal.pool_get(pool.LONGITUDE_DEG))
        # Round its 16 bits without 0, which stands for none yet.
        self._ancillary_count = self._ancillary_count % 0xFFFF + 1
        hal.pool_set(pool.ANCILLARY_COUNT, self._ancillary_count)

    def run(self):
        """Once a cycle: report clock steps; between two PPS edges, tell the units the next second."""
        steps = hal.time_steps()
        if steps != self._time_steps:
            self._time_steps = steps
            if self._time_acquired:
                self._events.report(events.TIME_STEPPED, hal.time_last_step_ms())
            else:
                self._time_acquired = True
                self._events.report(events.TIME_ACQUIRED)
        edges = hal.pool_get(pool.PPS_COUNT)
        if edges == self._pps_told or not hal.time_quality():
            return
        if 150 <= hal.time_to_pps_ms() <= 850:
            self._pps_told = edges
            for unit, address in self._time_receivers:
                if unit.powered and not unit.lost():
                    unit.write_next_second(address)
