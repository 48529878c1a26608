/* Link, packets and fields of the module `hal`. */
#include "modhal.h"

#include "hal_link.h"
#include "hal_pool.h"
#include "hal_time.h"

#include <string.h>

#define CRC_OCTETS 2
#define TIME_REPORT_OCTETS 17

static int32_t failure_detail_value, failure_limit_value;

static mp_obj_t link_receive(mp_obj_t buffer) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(buffer, &info, MP_BUFFER_WRITE);
    return MP_OBJ_NEW_SMALL_INT(hal_link_receive(info.buf, info.len));
}
MP_DEFINE_CONST_FUN_OBJ_1(modhal_link_receive_obj, link_receive);

static mp_obj_t link_pending(void) {
    return mp_obj_new_bool(hal_link_pending());
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_link_pending_obj, link_pending);

static mp_obj_t link_room(void) {
    return MP_OBJ_NEW_SMALL_INT(hal_link_room());
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_link_room_obj, link_room);

static mp_obj_t link_send(mp_obj_t buffer, mp_obj_t offset, mp_obj_t length) {
    size_t octets = modhal_size(length);
    return mp_obj_new_bool(hal_link_send(modhal_span(buffer, offset, octets, MP_BUFFER_READ), octets));
}
MP_DEFINE_CONST_FUN_OBJ_3(modhal_link_send_obj, link_send);

static mp_obj_t tc_check(mp_obj_t buffer, mp_obj_t length) {
    size_t octets = modhal_size(length);
    const uint8_t *packet = modhal_span(buffer, MP_OBJ_NEW_SMALL_INT(0), octets, MP_BUFFER_READ);
    return MP_OBJ_NEW_SMALL_INT(hal_tc_check(packet, octets, &failure_detail_value, &failure_limit_value));
}
MP_DEFINE_CONST_FUN_OBJ_2(modhal_tc_check_obj, tc_check);

static mp_obj_t failure_detail(void) {
    return modhal_new_int(failure_detail_value);
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_failure_detail_obj, failure_detail);

static mp_obj_t failure_limit(void) {
    return modhal_new_int(failure_limit_value);
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_failure_limit_obj, failure_limit);

/* (buffer, source data octets, sequence count, service, subservice, message type count) */
static mp_obj_t tm_finish(size_t count, const mp_obj_t *arguments) {
    (void)count;
    size_t source_data_octets = modhal_size(arguments[1]);
    if (source_data_octets > UINT16_MAX) {
        mp_raise_ValueError(MP_ERROR_TEXT("outside the buffer"));
    }
    uint8_t *packet = modhal_span(arguments[0], MP_OBJ_NEW_SMALL_INT(0),
                                  HAL_TM_HEADER_OCTETS + source_data_octets + CRC_OCTETS, MP_BUFFER_WRITE);
    size_t octets = hal_tm_finish(packet, source_data_octets, (uint16_t)modhal_unsigned(arguments[2], UINT16_MAX),
                                  (uint8_t)modhal_unsigned(arguments[3], UINT8_MAX),
                                  (uint8_t)modhal_unsigned(arguments[4], UINT8_MAX),
                                  (uint16_t)modhal_unsigned(arguments[5], UINT16_MAX), hal_time_gps_us());
    return MP_OBJ_NEW_SMALL_INT(octets);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(modhal_tm_finish_obj, 6, 6, tm_finish);

static mp_obj_t tm_time_report(mp_obj_t buffer, mp_obj_t sequence_count, mp_obj_t rate_exponent) {
    uint8_t *packet = modhal_span(buffer, MP_OBJ_NEW_SMALL_INT(0), TIME_REPORT_OCTETS, MP_BUFFER_WRITE);
    size_t octets = hal_tm_time_report(packet, (uint16_t)modhal_unsigned(sequence_count, UINT16_MAX),
                                       (uint8_t)modhal_unsigned(rate_exponent, UINT8_MAX), hal_time_gps_us());
    return MP_OBJ_NEW_SMALL_INT(octets);
}
MP_DEFINE_CONST_FUN_OBJ_3(modhal_tm_time_report_obj, tm_time_report);

static mp_obj_t crc16(mp_obj_t buffer, mp_obj_t offset, mp_obj_t length) {
    size_t octets = modhal_size(length);
    return MP_OBJ_NEW_SMALL_INT(hal_crc16(modhal_span(buffer, offset, octets, MP_BUFFER_READ), octets, 0xFFFF));
}
MP_DEFINE_CONST_FUN_OBJ_3(modhal_crc16_obj, crc16);

/* A type and its octets; ValueError for an unknown type. */
static uint8_t known_type(mp_obj_t type, size_t *octets) {
    uint8_t code = (uint8_t)modhal_unsigned(type, UINT8_MAX);
    *octets = hal_type_octets(code);
    if (*octets == 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("unknown type"));
    }
    return code;
}

static mp_obj_t get(mp_obj_t type, mp_obj_t buffer, mp_obj_t offset) {
    size_t octets;
    uint8_t code = known_type(type, &octets);
    return modhal_new_int(hal_type_read(code, modhal_span(buffer, offset, octets, MP_BUFFER_READ)));
}
MP_DEFINE_CONST_FUN_OBJ_3(modhal_get_obj, get);

/* (type, value, buffer, offset) */
static mp_obj_t put(size_t count, const mp_obj_t *arguments) {
    (void)count;
    size_t octets;
    int64_t value;
    uint8_t code = known_type(arguments[0], &octets);
    uint8_t *data = modhal_span(arguments[2], arguments[3], octets, MP_BUFFER_WRITE);
    if (!modhal_int64(arguments[1], &value) || !hal_type_fits(code, value)) {
        return MP_OBJ_NEW_SMALL_INT(-1);
    }
    hal_type_write(code, value, data);
    return MP_OBJ_NEW_SMALL_INT(modhal_size(arguments[3]) + octets);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(modhal_put_obj, 4, 4, put);

static mp_obj_t octets_of(mp_obj_t type) {
    size_t octets;
    (void)known_type(type, &octets);
    return MP_OBJ_NEW_SMALL_INT(octets);
}
MP_DEFINE_CONST_FUN_OBJ_1(modhal_octets_obj, octets_of);

/* (source, source offset, destination, destination offset, length) */
static mp_obj_t copy(size_t count, const mp_obj_t *arguments) {
    (void)count;
    size_t octets = modhal_size(arguments[4]);
    const uint8_t *source = modhal_span(arguments[0], arguments[1], octets, MP_BUFFER_READ);
    uint8_t *destination = modhal_span(arguments[2], arguments[3], octets, MP_BUFFER_WRITE);
    memmove(destination, source, octets);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(modhal_copy_obj, 5, 5, copy);

/* (a, a offset, b, b offset, length) */
static mp_obj_t compare(size_t count, const mp_obj_t *arguments) {
    (void)count;
    size_t octets = modhal_size(arguments[4]);
    const uint8_t *a = modhal_span(arguments[0], arguments[1], octets, MP_BUFFER_READ);
    const uint8_t *b = modhal_span(arguments[2], arguments[3], octets, MP_BUFFER_READ);
    for (size_t i = 0; i < octets; i++) {
        if (a[i] != b[i]) {
            return MP_OBJ_NEW_SMALL_INT(i);
        }
    }
    return MP_OBJ_NEW_SMALL_INT(-1);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(modhal_compare_obj, 5, 5, compare);
