/* Parameter pool, monitors, unit bus, transmit guard and transmit zones of the module `hal`. */
#include "modhal.h"

#include "hal_core.h"
#include "hal_discrete.h"
#include "hal_guard.h"
#include "hal_pool.h"
#include "hal_rmap.h"
#include "hal_time.h"
#include "hal_zones.h"

static mp_obj_t pool_set(mp_obj_t index, mp_obj_t value) {
    int64_t number;
    unsigned parameter = modhal_unsigned(index, UINT16_MAX);
    return mp_obj_new_bool(modhal_int64(value, &number) && hal_pool_set(parameter, number, hal_time_us()));
}
MP_DEFINE_CONST_FUN_OBJ_2(modhal_pool_set_obj, pool_set);

static mp_obj_t pool_get(mp_obj_t index) {
    return modhal_new_int(hal_pool_get(modhal_unsigned(index, UINT16_MAX)));
}
MP_DEFINE_CONST_FUN_OBJ_1(modhal_pool_get_obj, pool_get);

static mp_obj_t pool_valid(mp_obj_t index) {
    return mp_obj_new_bool(hal_pool_valid(modhal_unsigned(index, UINT16_MAX), hal_time_us()));
}
MP_DEFINE_CONST_FUN_OBJ_1(modhal_pool_valid_obj, pool_valid);

static mp_obj_t pool_age_ms(mp_obj_t index) {
    uint32_t age_ms = hal_pool_age_ms(modhal_unsigned(index, UINT16_MAX), hal_time_us());
    return MP_OBJ_NEW_SMALL_INT(age_ms < MODHAL_CLIP ? (mp_int_t)age_ms : MODHAL_CLIP);
}
MP_DEFINE_CONST_FUN_OBJ_1(modhal_pool_age_ms_obj, pool_age_ms);

static mp_obj_t pool_invalidate(mp_obj_t first, mp_obj_t count) {
    hal_pool_invalidate(modhal_unsigned(first, UINT16_MAX), modhal_unsigned(count, UINT16_MAX));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(modhal_pool_invalidate_obj, pool_invalidate);

/* (first, count, buffer, offset, length) */
static mp_obj_t pool_load(size_t count, const mp_obj_t *arguments) {
    (void)count;
    size_t octets = modhal_size(arguments[4]);
    const uint8_t *block = modhal_span(arguments[2], arguments[3], octets, MP_BUFFER_READ);
    return mp_obj_new_bool(hal_pool_load(modhal_unsigned(arguments[0], UINT16_MAX),
                                         modhal_unsigned(arguments[1], UINT16_MAX), block, octets, hal_time_us()));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(modhal_pool_load_obj, 5, 5, pool_load);

static mp_obj_t pool_pack(mp_obj_t indices, mp_obj_t buffer, mp_obj_t offset) {
    mp_buffer_info_t list, destination;
    mp_get_buffer_raise(indices, &list, MP_BUFFER_READ);
    mp_get_buffer_raise(buffer, &destination, MP_BUFFER_WRITE);
    uint8_t *data = modhal_span(buffer, offset, 0, MP_BUFFER_WRITE);
    size_t room = destination.len - (size_t)(data - (uint8_t *)destination.buf);
    return MP_OBJ_NEW_SMALL_INT(hal_pool_pack(list.buf, list.len / 2, data, room, hal_time_us()));
}
MP_DEFINE_CONST_FUN_OBJ_3(modhal_pool_pack_obj, pool_pack);

static mp_obj_t pool_refresh(void) {
    hal_pool_refresh();
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_pool_refresh_obj, pool_refresh);

static mp_obj_t monitor_sweep(mp_obj_t instrument, mp_obj_t mode) {
    hal_monitor_sweep((uint8_t)modhal_unsigned(instrument, UINT8_MAX), modhal_unsigned(mode, UINT8_MAX), hal_time_us());
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(modhal_monitor_sweep_obj, monitor_sweep);

static mp_obj_t monitor_changed(void) {
    hal_monitor_state_t state;
    return MP_OBJ_NEW_SMALL_INT(hal_monitor_changed(&state));
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_monitor_changed_obj, monitor_changed);

static mp_obj_t monitor_state(mp_obj_t monitor) {
    return MP_OBJ_NEW_SMALL_INT(hal_monitor_state(modhal_unsigned(monitor, UINT16_MAX)));
}
MP_DEFINE_CONST_FUN_OBJ_1(modhal_monitor_state_obj, monitor_state);

static mp_obj_t monitor_would_trip(mp_obj_t monitor, mp_obj_t mode) {
    return mp_obj_new_bool(
        hal_monitor_would_trip(modhal_unsigned(monitor, UINT16_MAX), modhal_unsigned(mode, UINT8_MAX), hal_time_us()));
}
MP_DEFINE_CONST_FUN_OBJ_2(modhal_monitor_would_trip_obj, monitor_would_trip);

static mp_obj_t monitor_is_unknown(mp_obj_t monitor, mp_obj_t mode) {
    return mp_obj_new_bool(
        hal_monitor_is_unknown(modhal_unsigned(monitor, UINT16_MAX), modhal_unsigned(mode, UINT8_MAX), hal_time_us()));
}
MP_DEFINE_CONST_FUN_OBJ_2(modhal_monitor_is_unknown_obj, monitor_is_unknown);

static const hal_monitor_t *known_monitor(mp_obj_t monitor) {
    unsigned index = modhal_unsigned(monitor, UINT16_MAX);
    if (index >= hal_monitor_count) {
        mp_raise_ValueError(MP_ERROR_TEXT("unknown monitor"));
    }
    return &hal_monitors[index];
}

static mp_obj_t monitor_parameter(mp_obj_t monitor) {
    return MP_OBJ_NEW_SMALL_INT(known_monitor(monitor)->parameter);
}
MP_DEFINE_CONST_FUN_OBJ_1(modhal_monitor_parameter_obj, monitor_parameter);

static mp_obj_t monitor_instrument(mp_obj_t monitor) {
    return MP_OBJ_NEW_SMALL_INT(known_monitor(monitor)->instrument);
}
MP_DEFINE_CONST_FUN_OBJ_1(modhal_monitor_instrument_obj, monitor_instrument);

static mp_obj_t monitor_event_only(mp_obj_t monitor) {
    return mp_obj_new_bool((known_monitor(monitor)->limits & HAL_MONITOR_EVENT_ONLY) != 0);
}
MP_DEFINE_CONST_FUN_OBJ_1(modhal_monitor_event_only_obj, monitor_event_only);

/* (node, address, buffer, offset, length) */
static mp_obj_t rmap_read(size_t count, const mp_obj_t *arguments) {
    (void)count;
    size_t octets = modhal_size(arguments[4]);
    uint8_t *data = modhal_span(arguments[2], arguments[3], octets, MP_BUFFER_WRITE);
    return MP_OBJ_NEW_SMALL_INT(hal_rmap_read((uint8_t)modhal_unsigned(arguments[0], UINT8_MAX),
                                              modhal_unsigned(arguments[1], UINT32_MAX), data, octets));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(modhal_rmap_read_obj, 5, 5, rmap_read);

static mp_obj_t rmap_write(size_t count, const mp_obj_t *arguments) {
    (void)count;
    size_t octets = modhal_size(arguments[4]);
    const uint8_t *data = modhal_span(arguments[2], arguments[3], octets, MP_BUFFER_READ);
    return MP_OBJ_NEW_SMALL_INT(hal_rmap_write((uint8_t)modhal_unsigned(arguments[0], UINT8_MAX),
                                               modhal_unsigned(arguments[1], UINT32_MAX), data, octets));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(modhal_rmap_write_obj, 5, 5, rmap_write);

static mp_obj_t rmap_last_status(void) {
    return MP_OBJ_NEW_SMALL_INT(hal_rmap_last_status());
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_rmap_last_status_obj, rmap_last_status);

static mp_obj_t guard_permit(mp_obj_t take_limit_ms) {
    return mp_obj_new_bool(hal_guard_permit(modhal_unsigned(take_limit_ms, UINT32_MAX)));
}
MP_DEFINE_CONST_FUN_OBJ_1(modhal_guard_permit_obj, guard_permit);

static mp_obj_t guard_inhibit(void) {
    hal_guard_inhibit();
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_guard_inhibit_obj, guard_inhibit);

static mp_obj_t guard_transmit(mp_obj_t on) {
    return mp_obj_new_bool(hal_guard_transmit(mp_obj_is_true(on)));
}
MP_DEFINE_CONST_FUN_OBJ_1(modhal_guard_transmit_obj, guard_transmit);

static mp_obj_t guard_heartbeat(void) {
    hal_guard_heartbeat();
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_guard_heartbeat_obj, guard_heartbeat);

static mp_obj_t guard_permitted(void) {
    return mp_obj_new_bool(hal_guard_permitted());
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_guard_permitted_obj, guard_permitted);

static mp_obj_t guard_transmitting(void) {
    return mp_obj_new_bool(hal_guard_transmitting());
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_guard_transmitting_obj, guard_transmitting);

static mp_obj_t guard_trips(void) {
    return modhal_new_int(hal_guard_trips());
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_guard_trips_obj, guard_trips);

static mp_obj_t guard_last_reason(void) {
    return MP_OBJ_NEW_SMALL_INT(hal_guard_last_reason());
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_guard_last_reason_obj, guard_last_reason);

static mp_obj_t alarm_raised(void) {
    return mp_obj_new_bool(hal_discrete_alarm());
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_alarm_obj, alarm_raised);

static mp_obj_t alarm_count(void) {
    return modhal_new_int(hal_discrete_alarm_count());
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_alarm_count_obj, alarm_count);

static int32_t place_of(mp_obj_t degrees_1e5) {
    mp_int_t value = mp_obj_get_int(degrees_1e5);
    if (value < -18000000 || value > 18000000) {
        mp_raise_ValueError(MP_ERROR_TEXT("argument out of range"));
    }
    return (int32_t)value;
}

static mp_obj_t position(mp_obj_t latitude, mp_obj_t longitude) {
    hal_zones_position(place_of(latitude), place_of(longitude), hal_time_us());
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(modhal_position_obj, position);

static mp_obj_t position_known(void) {
    return mp_obj_new_bool(hal_zones_position_known(hal_time_us()));
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_position_known_obj, position_known);

static uint32_t ahead_ms;

static mp_obj_t zone_ahead(mp_obj_t from_ms, mp_obj_t to_ms) {
    return MP_OBJ_NEW_SMALL_INT(hal_zones_ahead(modhal_unsigned(from_ms, UINT32_MAX),
                                                modhal_unsigned(to_ms, UINT32_MAX), hal_time_us(), &ahead_ms));
}
MP_DEFINE_CONST_FUN_OBJ_2(modhal_zone_ahead_obj, zone_ahead);

static mp_obj_t zone_ahead_ms(void) {
    return modhal_new_int(ahead_ms);
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_zone_ahead_ms_obj, zone_ahead_ms);
