/* User C module `hal` (hal.pyi): records in two copies and a journal. The first argument of each is the store. */
#include "modhal.h"

#include "hal_records.h"

static hal_records_store_t store_of(mp_obj_t store) {
    return (hal_records_store_t)modhal_unsigned(store, HAL_RECORDS_STORES - 1);
}

/* (store, place, buffer, offset, length) */
static mp_obj_t records_get(size_t count, const mp_obj_t *arguments) {
    (void)count;
    size_t octets = modhal_size(arguments[4]);
    uint8_t *data = modhal_span(arguments[2], arguments[3], octets, MP_BUFFER_WRITE);
    return mp_obj_new_bool(
        hal_records_get(store_of(arguments[0]), modhal_unsigned(arguments[1], UINT16_MAX), data, octets));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(modhal_records_get_obj, 5, 5, records_get);

/* (store, place, buffer, offset, length) */
static mp_obj_t records_put(size_t count, const mp_obj_t *arguments) {
    (void)count;
    size_t octets = modhal_size(arguments[4]);
    const uint8_t *data = modhal_span(arguments[2], arguments[3], octets, MP_BUFFER_READ);
    return mp_obj_new_bool(
        hal_records_put(store_of(arguments[0]), modhal_unsigned(arguments[1], UINT16_MAX), data, octets));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(modhal_records_put_obj, 5, 5, records_put);

static mp_obj_t records_lost(mp_obj_t store, mp_obj_t place) {
    return mp_obj_new_bool(hal_records_lost(store_of(store), modhal_unsigned(place, UINT16_MAX)));
}
MP_DEFINE_CONST_FUN_OBJ_2(modhal_records_lost_obj, records_lost);

static mp_obj_t records_pending(mp_obj_t store) {
    return mp_obj_new_bool(hal_records_pending(store_of(store)));
}
MP_DEFINE_CONST_FUN_OBJ_1(modhal_records_pending_obj, records_pending);

static mp_obj_t records_step(mp_obj_t store) {
    hal_records_step(store_of(store));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(modhal_records_step_obj, records_step);

static mp_obj_t records_failed(mp_obj_t store) {
    return mp_obj_new_bool(hal_records_status(store_of(store))->failed);
}
MP_DEFINE_CONST_FUN_OBJ_1(modhal_records_failed_obj, records_failed);

/* Of the first copy, the second copy or the journal: 0, 1, 2. */
static mp_obj_t records_damaged(mp_obj_t store, mp_obj_t sector) {
    const hal_records_status_t *status = hal_records_status(store_of(store));
    const uint32_t damaged[] = {status->damaged_a, status->damaged_b, status->damaged_journal};
    return MP_OBJ_NEW_SMALL_INT(damaged[modhal_unsigned(sector, 2)]);
}
MP_DEFINE_CONST_FUN_OBJ_2(modhal_records_damaged_obj, records_damaged);
