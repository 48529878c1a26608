"""The drivers of both instruments alone: what they drive stands still, answers what the test says and is noted."""

import hal

from payload.failure import Failure, Refusal
from payload.instruments import instrument as instrument_module
from payload.instruments import optical as optical_module
from payload.instruments import sar as sar_module
from payload.instruments.instrument import TakeRequest, Waits
from payload.instruments.optical import Optical
from payload.instruments.optical_image import ImageRequest
from payload.instruments.sar import Sar
from payload.tables import enums, failures, mission, pool, units

NO_ZONE, POSITION_UNKNOWN = -1, -2
SETTINGS = (711, 680, 32, 2, 31, 40, 10000)
NADIR = (0, 0, 1, 0, 0)


class Hal:
    """The module hal with some of its functions replaced."""

    def __init__(self, **replaced):
        self.replaced = replaced

    def __getattr__(self, name):
        return self.replaced[name] if name in self.replaced else getattr(hal, name)


class Events:
    def __init__(self):
        self.seen = []

    def report(self, event, *fields):
        self.seen.append((event[0], fields))

    def ids(self):
        return [event_id for event_id, _ in self.seen]


class Noting:
    """Notes calls by name with what they were given; `refusing` maps a name to what it raises."""

    def __init__(self):
        self.calls = []
        self.refusing = {}

    def note(self, name, *arguments):
        self.calls.append((name,) + arguments)
        if name in self.refusing:
            raise self.refusing[name]

    def called(self, name):
        return [call[1:] for call in self.calls if call[0] == name]


class Unit(Noting):
    def __init__(self, node):
        super().__init__()
        self.node = node
        self.is_linked = True
        self.powered = True

    def require_link(self):
        if not self.is_linked:
            raise Failure(failures.UNIT_LOST, self.node)

    def write(self, address, type_code, value):
        self.note("write", address, value)

    def write_time(self, address, start):
        self.note("write_time", address)

    def write_verified(self, address, block, octets):
        self.note("write_verified", address, bytes(block))

    def fresh_sample(self):
        yield 0

    def power(self, on):
        self.note("power", on)
        self.powered = on

    def written(self, address):
        return [value for at, value in self.called("write") if at == address]


class Limiters(Noting):
    """`closed` as telemetry says, `untold` of which it does not say so yet; a command is followed at once unless
    `stuck`.
    """

    def __init__(self):
        super().__init__()
        self.closed = set()
        self.untold = set()
        self.stuck = False

    def command(self, limiter, closed):
        self.note("command", limiter, closed)
        if not self.stuck:
            self.untold.discard(limiter)
            (self.closed.add if closed else self.closed.discard)(limiter)

    def switch(self, limiter, closed):
        self.command(limiter, closed)
        yield 0

    def require_open(self, limiters):
        self.note("require_open", limiters)
        yield 0
        if self.stuck:
            raise Failure(failures.LIMITER_NOT_SWITCHED, limiters[-1], 1)

    def is_closed(self, limiter):
        return limiter in self.closed

    is_closed_as_meant = is_closed

    def is_meant_closed(self, limiter):
        return limiter in self.closed or limiter in self.untold

    may_be_closed = is_meant_closed

    def are_seen_open(self, limiters):
        return not any(limiter in self.closed for limiter in limiters)


class Catalogue(Noting):
    def __init__(self):
        super().__init__()
        self.entry = bytearray(units.CATALOGUE_ENTRY_OCTETS)
        self.packets_recorded = 5

    def open(self, *arguments):
        self.note("open")
        yield 0

    def close(self):
        self.note("close")
        yield 0

    def release(self):
        self.note("release")

    def require_recording(self):
        self.note("require_recording")

    def open_entry_id(self):
        return 1

    def packets(self):
        return self.packets_recorded


class Machine(Noting):
    def __init__(self, instrument, mode):
        super().__init__()
        self.instrument = instrument
        self.mode = mode
        self.is_busy = False
        self.off = False
        self.taking = False
        self.retrying = False
        self.powered_safe_mode = 0
        self.target = None

    def attach(self, driver):
        pass

    def set_mode(self, mode):
        self.mode = mode

    def busy(self):
        return self.is_busy

    def is_off(self):
        return self.off

    def is_taking(self):
        return self.taking

    def is_retrying(self):
        return self.retrying

    def target_or_mode(self):
        return self.mode if self.target is None else self.target

    def not_allowed(self, target):
        return Refusal(failures.ILLEGAL_TRANSITION, self.mode, target)

    def require_entry(self, request, goes_on=False):
        self.note("require_entry")

    def take(self, mode, request):
        self.note("take", mode)
        self.request = request
        yield 0


class Slots(Noting):
    """What is asked of a slot is noted; `receives_only` are the slots whose table does not transmit."""

    def __init__(self):
        super().__init__()
        self.mode_of_table = enums.SAR_MODE_STRIPMAP
        self.receives_only = ()

    def mode(self, slot):
        self.note("mode", slot)
        return self.mode_of_table

    def duration_ms(self, slot):
        self.note("duration_ms", slot)
        return 2000

    def predicted_mib(self, slot):
        self.note("predicted_mib", slot)
        return 10

    def block(self, slot):
        """Its octets are the slot's number."""
        return bytes([slot] * units.SAR_TABLE_OCTETS)

    def transmits(self, slot):
        return slot not in self.receives_only

    def drop_damaged(self):
        self.note("drop_damaged")


class Permit(Noting):
    def __init__(self):
        super().__init__()
        self.is_in_force = True
        self.begins = True

    def in_force(self):
        return self.is_in_force

    def begin_take(self):
        self.note("begin_take")
        return self.begins

    def end_take(self):
        self.note("end_take")

    def inhibit(self):
        self.note("inhibit")


class Budget(Noting):
    def require(self, *arguments):
        self.note("require", *arguments)

    def begin(self, *arguments):
        self.note("begin")

    def end(self):
        self.note("end")

    def run(self):
        self.note("run")


class Store:
    def get(self, key):
        return 0

    def put(self, key, value):
        pass


class Setup:
    """What both have; `hal` has the functions replaced that a test names."""

    def __init__(self, node, instrument, mode):
        hal.init(0x0E00, True)
        self.unit = Unit(node)
        self.limiters = Limiters()
        self.catalogue = Catalogue()
        self.machine = Machine(instrument, mode)
        self.events = Events()
        self.waits = Waits()

    def replace(self, **functions):
        instrument_module.hal = sar_module.hal = optical_module.hal = Hal(**functions)


class SarSetup(Setup):
    """A SAR in PREOP, ready, its track clear, and the guard transmits when asked."""

    def __init__(self):
        super().__init__(units.SAR_NODE, enums.INSTRUMENT_SAR, enums.SAR_MODE_PREOP)
        self.slots, self.permit, self.budget = Slots(), Permit(), Budget()
        self.zone = NO_ZONE
        self.looked_at = []
        self.transmitting = True
        self.replace(
            zone_ahead=self._zone_ahead,
            zone_ahead_ms=lambda: 1234,
            guard_transmit=lambda on: self.transmitting,
            guard_transmitting=lambda: self.transmitting,
        )
        self.driver = Sar(
            self.machine, self.unit, self.limiters, self.catalogue, self.slots, self.permit, self.budget, self.waits,
            self.events,
        )  # fmt: skip
        hal.pool_set(pool.SAR_STATE, enums.SAR_UNIT_STATE_READY)
        hal.pool_set(pool.SAR_FAULT_FLAGS, 0)
        hal.pool_set(pool.SAR_PHASE, enums.SAR_PHASE_IDLE)

    def _zone_ahead(self, from_ms, to_ms):
        self.looked_at.append((from_ms, to_ms))
        return self.zone

    def request(self, ahead_ms=mission.SAR_ENABLE_LEAD_MS - 100, slot=0):
        start = bytearray(7)
        hal.time_after_ms(ahead_ms, start, 0)
        return TakeRequest(1, enums.SAR_MODE_STRIPMAP, 0, start, 2000, slot)

    def taking(self):
        """A data take whose unit takes data."""
        take = self.driver._data_take(self.request())
        while not self.unit.written(units.SAR_CONTROL_COMMAND):
            next(take)
        hal.pool_set(pool.SAR_STATE, enums.SAR_UNIT_STATE_TAKING)
        hal.pool_set(pool.SAR_PHASE, enums.SAR_PHASE_ECHO)
        while self.machine.mode != enums.SAR_MODE_STRIPMAP:
            next(take)
        next(take)
        return take


class OpticalSetup(Setup):
    """An optical instrument in READY, its door open, its supplies closed."""

    def __init__(self):
        super().__init__(units.OPTICAL_NODE, enums.INSTRUMENT_OPTICAL, enums.OPTICAL_MODE_READY)
        self.replace()
        self.driver = Optical(self.machine, self.unit, self.limiters, self.catalogue, self.waits, Store(), self.events)
        self.limiters.closed = {enums.LIMITER_OPTICAL_UNIT, enums.LIMITER_OPTICAL_HEATER, enums.LIMITER_DOOR}
        hal.pool_set(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_READY)
        hal.pool_set(pool.OPTICAL_FAULT_FLAGS, 0)
        hal.pool_set(pool.OPTICAL_DOOR, enums.DOOR_OPEN)
        hal.pool_set(pool.OPTICAL_FOCAL_PLANE_ON, 1)
        hal.pool_set(pool.OPTICAL_PHASE, enums.OPTICAL_PHASE_IDLE)
        hal.pool_set(pool.ANCILLARY_JUMPS, 0)

    def request(self, mode=enums.OPTICAL_MODE_VIDEO, ahead_ms=mission.OPTICAL_START_COMMAND_LEAD_MS - 100):
        start = bytearray(7)
        hal.time_after_ms(ahead_ms, start, 0)
        return ImageRequest(1, mode, 0, start, NADIR, SETTINGS)

    def imaging(self):
        """An image whose unit images."""
        take = self.driver._image(self.request())
        while not self.unit.written(units.OPTICAL_CONTROL_COMMAND):
            next(take)
        hal.pool_set(pool.OPTICAL_STATE, enums.OPTICAL_UNIT_STATE_IMAGING)
        hal.pool_set(pool.OPTICAL_PHASE, enums.OPTICAL_PHASE_IMAGING)
        while self.machine.mode != enums.OPTICAL_MODE_VIDEO:
            next(take)
        next(take)
        return take


def lasts(generator, cycles=5):
    """Assert that it has not come to its end after some cycles, a cycle's time each; it is given back."""
    for _ in range(cycles):
        assert next(generator, None) is not None, "came to its end"
        hal.sleep((hal.ticks_ms() + 100) & 0x3FFFFFFF)
    return generator


def ends_with(generator, cycles=400):
    """What it returns; AssertionError when it fails or has not come to its end after so many cycles."""
    for _ in range(cycles):
        try:
            next(generator)
        except StopIteration as stop:
            return stop.value
        except (Failure, Refusal) as failure:
            raise AssertionError("failed: %d" % failure.code)
        hal.sleep((hal.ticks_ms() + 100) & 0x3FFFFFFF)
    raise AssertionError("did not come to its end")


def fails_with(code, generator, cycles=400):
    """The failure with the code that it ends with, in so many cycles; AssertionError otherwise."""
    for _ in range(cycles):
        try:
            next(generator)
        except StopIteration:
            raise AssertionError("did not fail")
        except (Failure, Refusal) as failure:
            assert failure.code == code, "failure %d instead of %d" % (failure.code, code)
            return failure
        hal.sleep((hal.ticks_ms() + 100) & 0x3FFFFFFF)
    raise AssertionError("did not come to its end")
