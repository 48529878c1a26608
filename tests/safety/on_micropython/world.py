"""The world around the payload computer: its units (unit_models.py), the sky and the recorder's catalogue.

Nothing here happens by itself: time, progress and faults are edges.
"""

import hal
from unit_models import Optical, Power, Recorder, Sar

from payload.failure import Failure
from payload.tables import enums, failures, mission, persistent, pool, units

_PACKETS = 1000

# The journal of a satellite that has used its orbit up.
SPENT = {
    persistent.SAR_TAKE_4_END_S: 0x7FFFFFFF,
    persistent.SAR_TAKE_4_ON_MS: 60000,
    persistent.OPTICAL_IMAGING_MS: 0x7FFFFFFF,
}

_SKY = (
    (pool.ATTITUDE_ERROR_DEG, 10),
    (pool.ATTITUDE_RATE_DEG_S, 1),
    (pool.LATITUDE_DEG, 3008000),
    (pool.LONGITUDE_DEG, 10384000),
    (pool.BATTERY_PERCENT, 900),
    (pool.ALTITUDE_M, 520000),
    (pool.GROUND_SPEED_M_S, 703100),
    (pool.TRACK_DEG, 19000),
    (pool.YAW_ERROR_DEG, 0),
)
_FAR_SUN = _SKY + ((pool.SUN_ANGLE_DEG, 9000), (pool.ECLIPSE, 0))
_NEAR_SUN = _SKY + ((pool.SUN_ANGLE_DEG, 2000), (pool.ECLIPSE, 0))
_ECLIPSE = _SKY + ((pool.SUN_ANGLE_DEG, 9000), (pool.ECLIPSE, 1))


class Catalogue:
    """In the place of storage.catalogue, whose own states are nothing to safety: entries are opened and closed."""

    def __init__(self, recorder):
        self._recorder = recorder
        self.entry = recorder.entry
        # An entry that was left open is closed at boot.
        self.release()

    def require_room(self):
        pass

    def require_recording(self):
        if self._recorder.silent:
            raise Failure(failures.UNIT_LOST, self._recorder.node)

    def open(self, task_id, instrument, mode, priority):
        self._ask()
        yield 0
        self._ask()
        self._held = True
        self._recorder.set("STATE", enums.RECORDER_STATE_RECORDING)
        self._recorder.set("OPEN_ENTRY_ID", 1)

    def close(self):
        self._ask()
        yield 0
        self._ask()
        self.release()

    def release(self):
        self._held = False
        self._recorder.set("STATE", enums.RECORDER_STATE_READY)
        self._recorder.set("OPEN_ENTRY_ID", 0)

    def open_entry_id(self):
        return 1 if self._held else 0

    def packets(self):
        return _PACKETS

    def _ask(self):
        if self._recorder.silent:
            raise Failure(failures.UNIT_LOST, self._recorder.node)
        if self._recorder.stuck:
            raise Failure(failures.RECORDER_REFUSED, 1)


class World:
    """Units and surroundings. `watch` is told what the payload computer does to them (properties.py)."""

    def __init__(self):
        self.power = Power(self)
        self.sar = Sar(self)
        self.optical = Optical(self)
        self.recorder = Recorder(self)
        self.units = (self.power, self.sar, self.optical, self.recorder)
        self.watch = None
        self.transmitting_modes = ()
        self.alarm = False
        self.hot = False
        self.sun_near = False
        self.eclipse = False
        self.ancillary_lost = False
        self.zone = False
        self.budget_spent = False

    def read(self, node, address, buffer, offset, length):
        return self._unit(node).read(address, buffer, offset, length)

    def write(self, node, address, buffer, offset, length):
        return self._unit(node).write(address, buffer, offset, length)

    def _unit(self, node):
        for unit in self.units:
            if unit.node == node:
                return unit
        raise ValueError(node)

    def supply_changed(self, limiter, closed):
        for unit in (self.sar, self.optical):
            if unit.limiter == limiter:
                unit.reset()
        if not self.optical.door_supplied():
            self.optical.move(enums.DOOR_SHUT)

    def table_transmits(self, table):
        return len(table) > 0 and table[units.ACQUISITION_TABLE_MODE] in self.transmitting_modes

    def on_close(self, limiter):
        self.watch.limiter_closes(limiter)

    def on_unit_command(self, unit, code):
        self.watch.unit_commanded(unit, code)

    def on_door_command(self, target):
        self.watch.door_commanded(target)

    def journal(self, key, kept):
        return SPENT[key] if self.budget_spent and key in SPENT else kept

    def zone_ahead(self):
        """As hal.zone_ahead(): a zone's number, -1 none, -2 the position is not known."""
        if self.ancillary_is_stale():
            return -2
        return 0 if self.zone else -1

    def ancillary_is_stale(self):
        return hal.pool_age_ms(pool.SUN_ANGLE_DEG) > mission.OPTICAL_ANCILLARY_TIMEOUT_MS

    def sun_is_bad(self):
        return self.sun_near or self.ancillary_is_stale()

    def surroundings(self):
        """Values of the ancillary data now, by parameter of the pool."""
        if self.sun_near:
            return _NEAR_SUN
        return _ECLIPSE if self.eclipse else _FAR_SUN

    def ancillary(self):
        return [parameter for parameter, _ in _FAR_SUN]

    def heat(self, hot):
        """Beyond the trip limits of both instruments' monitors that hold in every powered mode."""
        self.hot = hot
        self.sar.set("TRM_TEMPERATURE_DEGC", 700 if hot else 200)
        self.optical.set("FOCAL_PLANE_TEMPERATURE_DEGC", 4000 if hot else 2000)


LONGEST_PERMIT_MS = mission.TRANSMIT_GUARD_LONGEST_PERMIT_MS
