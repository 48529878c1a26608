"""The hardware abstraction layer as MicroPython sees it. Implemented in modhal.c.

Nothing here allocates, but for integers beyond 30 bits. Buffers are passed as (buffer, offset,
length). A call whose offset or length does not lie in the buffer raises ValueError.
"""

# Types on the wire (dictionary types, hal_pool.h).
U8: int
U16: int
U32: int
I8: int
I16: int
I32: int
CUC: int

def init(spacecraft_id: int, accept_clear_mode: bool) -> None:
    """Set up serial ports, link, time, pool and guard. Once, before anything else."""

# time (hal_time.h)
def ticks_ms() -> int:
    """Milliseconds since power-on, modulo 2^30."""

def ticks_us() -> int:
    """Microseconds since power-on, modulo 2^30."""

def ticks_diff(later: int, earlier: int) -> int:
    """Signed difference of two ticks of the same kind."""

def uptime_s() -> int: ...
def time_message(gps_s: int) -> None: ...
def time_quality() -> int: ...
def time_steps() -> int: ...
def time_last_step_ms() -> int: ...
def time_until_ms(buffer, offset: int) -> int:
    """Milliseconds from now to the CUC time (7 octets) at offset, clipped to +-2^29."""

def time_after_ms(delay_ms: int, buffer, offset: int) -> None:
    """Write now + delay as CUC (7 octets)."""

def time_coarse_s() -> int:
    """GPS seconds now (may be a long integer: allocates)."""

def time_to_pps_ms() -> int:
    """Milliseconds since the last PPS edge, clipped to 2^29."""

# executive
def idle(until_ms_ticks: int) -> bool:
    """Sleep until the tick, or until the link has something. True when the link has."""

def sleep(until_ms_ticks: int) -> None:
    """Sleep until the tick, whatever arrives."""

def spacecraft_id() -> int:
    """Of the spacecraft this image was built for, or that the host board flies as."""

def bench_build() -> bool: ...
def watchdog_start(timeout_ms: int) -> None: ...
def watchdog_feed() -> None: ...
def reset(cause: int) -> None: ...
def reset_cause() -> int: ...
def boot_count() -> int: ...
def heap_free() -> int: ...
def heap_largest_free() -> int:
    """Octets of the largest free run of the heap."""

# link and packets (hal_link.h)
def link_receive(buffer) -> int: ...
def link_pending() -> bool: ...
def link_room() -> int: ...
def link_send(buffer, offset: int, length: int) -> bool: ...
def tc_check(buffer, length: int) -> int:
    """0 or a failure code; its two values are then failure_detail() and failure_limit()."""

def failure_detail() -> int: ...
def failure_limit() -> int: ...
def tm_finish(
    buffer, source_data_octets: int, sequence_count: int, service: int, subservice: int, message_type_count: int
) -> int: ...
def tm_time_report(buffer, sequence_count: int, rate_exponent: int) -> int: ...
def crc16(buffer, offset: int, length: int) -> int: ...

# fields
def get(type: int, buffer, offset: int) -> int: ...
def put(type: int, value: int, buffer, offset: int) -> int:
    """Write a field and return the next offset, or -1 when the value does not fit the type."""

def octets(type: int) -> int: ...
def copy(source, source_offset: int, destination, destination_offset: int, length: int) -> None: ...
def compare(a, a_offset: int, b, b_offset: int, length: int) -> int:
    """Index of the first octet that differs, or -1."""

# parameter pool and monitors (hal_pool.h)
def pool_set(index: int, value: int) -> bool: ...
def pool_get(index: int) -> int: ...
def pool_valid(index: int) -> bool: ...
def pool_age_ms(index: int) -> int:
    """Clipped to 2^29; 2^29 when never set."""

def pool_invalidate(first: int, count: int) -> None: ...
def pool_load(first: int, count: int, buffer, offset: int, length: int) -> bool: ...
def pool_pack(indices: bytes, buffer, offset: int) -> int:
    """Pack parameters after their validity mask; the number of octets, 0 when they do not fit."""

def pool_refresh() -> None:
    """Copy what C counts (links, bus, guard, time, discretes, uptime, dictionary hash) to the pool."""

def monitor_sweep(instrument: int, mode: int) -> None: ...
def monitor_changed() -> int:
    """Next monitor whose state changed, or -1; its new state by monitor_state()."""

def monitor_state(monitor: int) -> int: ...
def monitor_would_trip(monitor: int, mode: int) -> bool:
    """Is the present sample beyond a trip limit of that mode?"""

def monitor_is_unknown(monitor: int, mode: int) -> bool:
    """Does a trip limit of that mode find no fresh sample?"""

def monitor_parameter(monitor: int) -> int: ...
def monitor_instrument(monitor: int) -> int: ...
def monitor_event_only(monitor: int) -> bool: ...

# records in two copies and a journal (hal_records.h), of a store
RECORDS_CATALOGUE: int
RECORDS_TABLES: int

def records_get(store: int, place: int, buffer, offset: int, length: int) -> bool: ...
def records_put(store: int, place: int, buffer, offset: int, length: int) -> bool:
    """Begin to write. False when that is not possible now: nothing has changed."""

def records_lost(store: int, place: int) -> bool:
    """Had the place content that was found damaged at boot, wherever it stood?"""

def records_pending(store: int) -> bool:
    """Is what was put not yet known to be in flash?"""

def records_step(store: int) -> None: ...
def records_failed(store: int) -> bool: ...
def records_damaged(store: int, sector: int) -> int:
    """Cells found damaged at boot in copy 0, copy 1 or the journal (2)."""

# unit bus (hal_rmap.h): 0 or HAL_RMAP_*
def rmap_read(node: int, address: int, buffer, offset: int, length: int) -> int: ...
def rmap_write(node: int, address: int, buffer, offset: int, length: int) -> int: ...
def rmap_last_status() -> int: ...

# image geometry (hal_geometry.h), from the ancillary data in the pool; angles in 0.01 deg; clipped to 2^29
def line_period_ns(roll: int, pitch: int) -> int:
    """Of the geometry now, 0 when the boresight misses the Earth."""

def smear_along_mpx(stages: int, set_period_ns: int, true_period_ns: int) -> int: ...
def smear_across_mpx(stages: int, yaw_error_mdeg: int) -> int: ...
def position_jump_m(latitude: int, longitude: int, altitude_m: int) -> int:
    """Metres by which a new position cannot follow the one in the pool; 0: it can."""

def time_add_ms(buffer, offset: int, delay_ms: int) -> None:
    """Add to a CUC time (7 octets) in place."""

def time_period_number(period_s: int) -> int:
    """GPS time now in whole periods."""

# transmit guard (hal_guard.h)
def guard_permit(take_limit_ms: int) -> bool: ...
def guard_inhibit() -> None: ...
def guard_transmit(on: bool) -> bool: ...
def guard_heartbeat() -> None: ...
def guard_permitted() -> bool: ...
def guard_transmitting() -> bool: ...
def guard_trips() -> int: ...
def guard_last_reason() -> int: ...
def alarm() -> bool: ...
def alarm_count() -> int:
    """How often the alarm was raised since the boot; one that stood at the boot counts."""

# transmit zones (hal_zones.h)
def position(latitude: int, longitude: int) -> None:
    """A new sub-satellite position, 1e-5 deg."""

def position_known() -> bool:
    """Is the last position fresh, and no jump from the one before?"""

def zone_ahead(from_ms: int, to_ms: int) -> int:
    """The first zone the track meets between two times from now, -1: none, -2: the position is not known."""

def zone_ahead_ms() -> int:
    """When the track meets what zone_ahead() found last, in milliseconds from then."""

# what outlives a warm reset (hal_noinit.h)
def note_activity(activity: int) -> None:
    """What is worked on from now on, for last_crash_activity() after a reset."""

def note_crash(fault: int, activity: int) -> None:
    """Why a reset is about to be asked for."""

def last_crash_fault() -> int:
    """The fault noted before the last reset, 0: none was, -1: the memory did not keep it."""

def last_crash_activity() -> int:
    """Its activity, or the one noted last."""

# journal (hal_journal.h)
def journal_get(key: int, default: int) -> int:
    """The value in memory or flash, or the default (may be a long integer: allocates)."""

def journal_put(key: int, value: int) -> bool: ...
def journal_put_now(key: int, value: int, limit_ms: int) -> bool:
    """Waits. True when it is in flash."""

def journal_step() -> None: ...
def journal_flush(limit_ms: int) -> bool:
    """Waits. True when everything is in flash."""

def journal_faults() -> int:
    """Failed operations of the flash since boot."""

def journal_pending() -> int:
    """Keys whose value is not in flash yet."""

# console
def console(text: str) -> None:
    """Write text to the console port, as far as its ring has room; never waits."""
