/* User C module `hal` (hal.pyi): start-up, time, executive, console, and the table of names. */
#include "modhal.h"

#include "dictionary.h"
#include "hal_board.h"
#include "hal_core.h"
#include "hal_link.h"
#include "hal_noinit.h"
#include "hal_pool.h"
#include "hal_records.h"
#include "hal_serial.h"
#include "hal_time.h"

#include "py/objint.h"
#include "py/smallint.h"

/* Identity and build, from the port: a spacecraft profile (SPACECRAFT_<NAME>); 1 for a bench build. */
#if !defined(EMEI_SPACECRAFT) || !defined(EMEI_BENCH_BUILD)
#error "the port defines EMEI_SPACECRAFT and EMEI_BENCH_BUILD"
#endif

#define TICKS_PERIOD (UINT32_C(1) << 30)
#define TICKS_HALF (TICKS_PERIOD / 2)

uint8_t *modhal_span(mp_obj_t buffer, mp_obj_t offset, size_t length, mp_uint_t access) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(buffer, &info, access);
    size_t start = modhal_size(offset);
    if (start > info.len || length > info.len - start) {
        mp_raise_ValueError(MP_ERROR_TEXT("outside the buffer"));
    }
    return (uint8_t *)info.buf + start;
}

size_t modhal_size(mp_obj_t value) {
    mp_int_t size = mp_obj_get_int(value);
    if (size < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("negative offset or length"));
    }
    return (size_t)size;
}

bool modhal_int64(mp_obj_t value, int64_t *result) {
    if (!mp_obj_is_exact_type(value, &mp_type_int)) {
        *result = mp_obj_get_int(value); /* small integers and bools */
        return true;
    }
    uint8_t octets[8];
    bool fits = mp_obj_int_to_bytes_impl(value, false, sizeof octets, octets);
    uint64_t bits = 0;
    for (size_t i = sizeof octets; i > 0; i--) {
        bits = bits << 8 | octets[i - 1];
    }
    *result = (int64_t)bits;
    return fits && (*result < 0) == (mp_obj_int_sign(value) < 0);
}

uint32_t modhal_unsigned(mp_obj_t value, uint32_t highest) {
    int64_t number;
    if (!modhal_int64(value, &number) || number < 0 || number > highest) {
        mp_raise_ValueError(MP_ERROR_TEXT("argument out of range"));
    }
    return (uint32_t)number;
}

mp_obj_t modhal_new_int(int64_t value) {
    if (value >= MP_SMALL_INT_MIN && value <= MP_SMALL_INT_MAX) {
        return MP_OBJ_NEW_SMALL_INT((mp_int_t)value);
    }
    return mp_obj_new_int_from_ll(value);
}

static mp_obj_t clipped(int64_t value) {
    if (value > MODHAL_CLIP) {
        value = MODHAL_CLIP;
    } else if (value < -MODHAL_CLIP) {
        value = -MODHAL_CLIP;
    }
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)value);
}

static mp_obj_t hal_init_(mp_obj_t spacecraft_id, mp_obj_t accept_clear_mode) {
    hal_init((uint16_t)modhal_unsigned(spacecraft_id, UINT16_MAX), mp_obj_is_true(accept_clear_mode));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(init_obj, hal_init_);

static mp_int_t ticks_ms_now(void) {
    return (mp_int_t)(hal_time_us() / 1000 % TICKS_PERIOD);
}

static mp_int_t ticks_difference(uint32_t later, uint32_t earlier) {
    return (mp_int_t)((later - earlier + TICKS_HALF) % TICKS_PERIOD) - (mp_int_t)TICKS_HALF;
}

static mp_obj_t ticks_ms(void) {
    return MP_OBJ_NEW_SMALL_INT(ticks_ms_now());
}
static MP_DEFINE_CONST_FUN_OBJ_0(ticks_ms_obj, ticks_ms);

static mp_obj_t ticks_us(void) {
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)(hal_time_us() % TICKS_PERIOD));
}
static MP_DEFINE_CONST_FUN_OBJ_0(ticks_us_obj, ticks_us);

static mp_obj_t ticks_diff(mp_obj_t later, mp_obj_t earlier) {
    mp_int_t difference = ticks_difference((uint32_t)mp_obj_get_int(later), (uint32_t)mp_obj_get_int(earlier));
    return MP_OBJ_NEW_SMALL_INT(difference);
}
static MP_DEFINE_CONST_FUN_OBJ_2(ticks_diff_obj, ticks_diff);

static mp_obj_t uptime_s(void) {
    return modhal_new_int((int64_t)(hal_time_us() / 1000000));
}
static MP_DEFINE_CONST_FUN_OBJ_0(uptime_s_obj, uptime_s);

static mp_obj_t time_message(mp_obj_t gps_s) {
    hal_time_message(modhal_unsigned(gps_s, UINT32_MAX));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(time_message_obj, time_message);

static mp_obj_t time_quality(void) {
    return MP_OBJ_NEW_SMALL_INT(hal_time_quality());
}
static MP_DEFINE_CONST_FUN_OBJ_0(time_quality_obj, time_quality);

static mp_obj_t time_steps(void) {
    return modhal_new_int(hal_time_steps());
}
static MP_DEFINE_CONST_FUN_OBJ_0(time_steps_obj, time_steps);

static mp_obj_t time_last_step_ms(void) {
    return modhal_new_int(hal_time_last_step_ms());
}
static MP_DEFINE_CONST_FUN_OBJ_0(time_last_step_ms_obj, time_last_step_ms);

static mp_obj_t time_until_ms(mp_obj_t buffer, mp_obj_t offset) {
    const uint8_t *cuc = modhal_span(buffer, offset, HAL_CUC_OCTETS, MP_BUFFER_READ);
    return clipped(((int64_t)hal_time_from_cuc(cuc) - (int64_t)hal_time_gps_us()) / 1000);
}
static MP_DEFINE_CONST_FUN_OBJ_2(time_until_ms_obj, time_until_ms);

static mp_obj_t time_after_ms(mp_obj_t delay_ms, mp_obj_t buffer, mp_obj_t offset) {
    int64_t delay;
    if (!modhal_int64(delay_ms, &delay)) {
        mp_raise_ValueError(MP_ERROR_TEXT("argument out of range"));
    }
    int64_t gps_us = (int64_t)hal_time_gps_us() + delay * 1000;
    hal_time_to_cuc(gps_us < 0 ? 0 : (uint64_t)gps_us, modhal_span(buffer, offset, HAL_CUC_OCTETS, MP_BUFFER_WRITE));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(time_after_ms_obj, time_after_ms);

static mp_obj_t time_coarse_s(void) {
    return modhal_new_int((int64_t)(hal_time_gps_us() / 1000000));
}
static MP_DEFINE_CONST_FUN_OBJ_0(time_coarse_s_obj, time_coarse_s);

static mp_obj_t time_to_pps_ms(void) {
    uint64_t since_ms = hal_time_since_pps_us() / 1000;
    return clipped(since_ms < MODHAL_CLIP ? (int64_t)since_ms : MODHAL_CLIP);
}
static MP_DEFINE_CONST_FUN_OBJ_0(time_to_pps_ms_obj, time_to_pps_ms);

/* The instant of a tick that lies within half a period of now; one that is past is now. */
static uint64_t deadline_of(mp_obj_t until_ms_ticks) {
    uint64_t now_us = hal_time_us();
    mp_int_t remaining_ms =
        ticks_difference((uint32_t)mp_obj_get_int(until_ms_ticks), (uint32_t)(now_us / 1000 % TICKS_PERIOD));
    return now_us - now_us % 1000 + (remaining_ms > 0 ? (uint64_t)remaining_ms * 1000 : 0);
}

static mp_obj_t idle(mp_obj_t until_ms_ticks) {
    uint64_t deadline_us = deadline_of(until_ms_ticks);
    for (;;) {
        mp_handle_pending(true);
        if (hal_link_pending()) {
            return mp_const_true;
        }
        if (hal_time_us() >= deadline_us) {
            return mp_const_false;
        }
        board_wait(deadline_us);
    }
}
static MP_DEFINE_CONST_FUN_OBJ_1(idle_obj, idle);

static mp_obj_t sleep_until(mp_obj_t until_ms_ticks) {
    uint64_t deadline_us = deadline_of(until_ms_ticks);
    while (hal_time_us() < deadline_us) {
        mp_handle_pending(true);
        board_wait(deadline_us);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(sleep_obj, sleep_until);

static mp_obj_t spacecraft_id(void) {
    return MP_OBJ_NEW_SMALL_INT(EMEI_SPACECRAFT);
}
static MP_DEFINE_CONST_FUN_OBJ_0(spacecraft_id_obj, spacecraft_id);

static mp_obj_t bench_build(void) {
    return mp_obj_new_bool(EMEI_BENCH_BUILD);
}
static MP_DEFINE_CONST_FUN_OBJ_0(bench_build_obj, bench_build);

static mp_obj_t watchdog_start(mp_obj_t timeout_ms) {
    board_watchdog_start(modhal_unsigned(timeout_ms, UINT32_MAX));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(watchdog_start_obj, watchdog_start);

static mp_obj_t watchdog_feed(void) {
    board_watchdog_feed();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(watchdog_feed_obj, watchdog_feed);

static mp_obj_t reset(mp_obj_t cause) {
    board_reset((hal_reset_cause_t)modhal_unsigned(cause, HAL_RESET_SOFTWARE_FAULT));
}
static MP_DEFINE_CONST_FUN_OBJ_1(reset_obj, reset);

static mp_obj_t reset_cause(void) {
    return MP_OBJ_NEW_SMALL_INT(hal_noinit_reset_cause());
}
static MP_DEFINE_CONST_FUN_OBJ_0(reset_cause_obj, reset_cause);

static mp_obj_t boot_count(void) {
    return MP_OBJ_NEW_SMALL_INT(hal_noinit_boot_count());
}
static MP_DEFINE_CONST_FUN_OBJ_0(boot_count_obj, boot_count);

static mp_obj_t console(mp_obj_t text) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(text, &info, MP_BUFFER_READ);
    (void)hal_serial_write(HAL_SERIAL_CONSOLE, info.buf, info.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(console_obj, console);

#define NAME(name)                                                                                                     \
    { MP_ROM_QSTR(MP_QSTR_##name), MP_ROM_PTR(&name##_obj) }
#define SHARED(name)                                                                                                   \
    { MP_ROM_QSTR(MP_QSTR_##name), MP_ROM_PTR(&modhal_##name##_obj) }
#define TYPE(name)                                                                                                     \
    { MP_ROM_QSTR(MP_QSTR_##name), MP_ROM_INT(HAL_##name) }

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_hal)},
    TYPE(U8),
    TYPE(U16),
    TYPE(U32),
    TYPE(I8),
    TYPE(I16),
    TYPE(I32),
    TYPE(CUC),
    NAME(init),
    NAME(ticks_ms),
    NAME(ticks_us),
    NAME(ticks_diff),
    NAME(uptime_s),
    NAME(time_message),
    NAME(time_quality),
    NAME(time_steps),
    NAME(time_last_step_ms),
    NAME(time_until_ms),
    NAME(time_after_ms),
    NAME(time_coarse_s),
    NAME(time_to_pps_ms),
    NAME(idle),
    NAME(sleep),
    NAME(spacecraft_id),
    NAME(bench_build),
    NAME(watchdog_start),
    NAME(watchdog_feed),
    NAME(reset),
    NAME(reset_cause),
    NAME(boot_count),
    SHARED(heap_free),
    SHARED(heap_largest_free),
    NAME(console),
    SHARED(link_receive),
    SHARED(link_pending),
    SHARED(link_room),
    SHARED(link_send),
    SHARED(tc_check),
    SHARED(failure_detail),
    SHARED(failure_limit),
    SHARED(tm_finish),
    SHARED(tm_time_report),
    SHARED(crc16),
    SHARED(get),
    SHARED(put),
    SHARED(octets),
    SHARED(copy),
    SHARED(compare),
    SHARED(pool_set),
    SHARED(pool_get),
    SHARED(pool_valid),
    SHARED(pool_age_ms),
    SHARED(pool_invalidate),
    SHARED(pool_load),
    SHARED(pool_pack),
    SHARED(pool_refresh),
    TYPE(RECORDS_CATALOGUE),
    TYPE(RECORDS_TABLES),
    SHARED(records_get),
    SHARED(records_put),
    SHARED(records_lost),
    SHARED(records_pending),
    SHARED(records_step),
    SHARED(records_failed),
    SHARED(records_damaged),
    SHARED(monitor_sweep),
    SHARED(monitor_changed),
    SHARED(monitor_state),
    SHARED(monitor_would_trip),
    SHARED(monitor_is_unknown),
    SHARED(monitor_parameter),
    SHARED(monitor_instrument),
    SHARED(monitor_event_only),
    SHARED(line_period_ns),
    SHARED(smear_along_mpx),
    SHARED(smear_across_mpx),
    SHARED(position_jump_m),
    SHARED(time_add_ms),
    SHARED(time_period_number),
    SHARED(rmap_read),
    SHARED(rmap_write),
    SHARED(rmap_last_status),
    SHARED(guard_permit),
    SHARED(guard_inhibit),
    SHARED(guard_transmit),
    SHARED(guard_heartbeat),
    SHARED(guard_permitted),
    SHARED(guard_transmitting),
    SHARED(guard_trips),
    SHARED(guard_last_reason),
    SHARED(alarm),
    SHARED(alarm_count),
    SHARED(position),
    SHARED(position_known),
    SHARED(zone_ahead),
    SHARED(zone_ahead_ms),
    SHARED(note_activity),
    SHARED(note_crash),
    SHARED(last_crash_fault),
    SHARED(last_crash_activity),
    SHARED(journal_get),
    SHARED(journal_put),
    SHARED(journal_put_now),
    SHARED(journal_step),
    SHARED(journal_flush),
    SHARED(journal_faults),
    SHARED(journal_pending),
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t hal_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR_hal, hal_module);
