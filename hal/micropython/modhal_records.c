/* User C module `hal` (hal.pyi): records in two copies and a journal. */
#include "modhal.h"

#include "hal_records.h"

/* (place, buffer, offset, length) */
static mp_obj_t records_get(size_t count, const mp_obj_t *arguments) {
    (void)count;
    size_t octets = modhal_size(arguments[3]);
    uint8_t *data = modhal_span(arguments[1], arguments[2], octets, MP_BUFFER_WRITE);
    return mp_obj_new_bool(hal_records_get(modhal_unsigned(arguments[0], UINT16_MAX), data, octets));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(modhal_records_get_obj, 4, 4, records_get);

/* (place, buffer, offset, length) */
static mp_obj_t records_put(size_t count, const mp_obj_t *arguments) {
    (void)count;
    size_t octets = modhal_size(arguments[3]);
    const uint8_t *data = modhal_span(arguments[1], arguments[2], octets, MP_BUFFER_READ);
    return mp_obj_new_bool(hal_records_put(modhal_unsigned(arguments[0], UINT16_MAX), data, octets));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(modhal_records_put_obj, 4, 4, records_put);

static mp_obj_t records_pending(void) {
    return mp_obj_new_bool(hal_records_pending());
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_records_pending_obj, records_pending);

static mp_obj_t records_step(void) {
    hal_records_step();
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_records_step_obj, records_step);

static mp_obj_t records_failed(void) {
    return mp_obj_new_bool(hal_records_status()->failed);
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_records_failed_obj, records_failed);

/* Of the first copy, the second copy or the journal: 0, 1, 2. */
static mp_obj_t records_damaged(mp_obj_t sector) {
    const hal_records_status_t *status = hal_records_status();
    const uint32_t damaged[] = {status->damaged_a, status->damaged_b, status->damaged_journal};
    return MP_OBJ_NEW_SMALL_INT(damaged[modhal_unsigned(sector, 2)]);
}
MP_DEFINE_CONST_FUN_OBJ_1(modhal_records_damaged_obj, records_damaged);
