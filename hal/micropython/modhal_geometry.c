/* Image geometry and arithmetic on times of the module `hal`. */
#include "modhal.h"

#include "dictionary.h"
#include "hal_geometry.h"
#include "hal_pool.h"
#include "hal_time.h"

#define MICROSECONDS 1000000

static mp_obj_t small(uint32_t value) {
    return MP_OBJ_NEW_SMALL_INT(value < MODHAL_CLIP ? (mp_int_t)value : MODHAL_CLIP);
}

static int32_t signed_argument(mp_obj_t value) {
    int64_t number;
    if (!modhal_int64(value, &number) || number < INT32_MIN || number > INT32_MAX) {
        mp_raise_ValueError(MP_ERROR_TEXT("argument out of range"));
    }
    return (int32_t)number;
}

static mp_obj_t line_period_ns(mp_obj_t roll, mp_obj_t pitch) {
    hal_pointing_t pointing = {
        .latitude = (int32_t)hal_pool_get(POOL_LATITUDE_DEG),
        .altitude_m = (uint32_t)hal_pool_get(POOL_ALTITUDE_M),
        .ground_speed = (uint32_t)hal_pool_get(POOL_GROUND_SPEED_M_S),
        .track = (uint32_t)hal_pool_get(POOL_TRACK_DEG),
        .roll = signed_argument(roll),
        .pitch = signed_argument(pitch),
    };
    return small(hal_line_period_ns(&pointing));
}
MP_DEFINE_CONST_FUN_OBJ_2(modhal_line_period_ns_obj, line_period_ns);

static mp_obj_t smear_along_mpx(mp_obj_t stages, mp_obj_t set_period_ns, mp_obj_t true_period_ns) {
    return small(hal_smear_along_mpx(modhal_unsigned(stages, UINT16_MAX), modhal_unsigned(set_period_ns, UINT32_MAX),
                                     modhal_unsigned(true_period_ns, UINT32_MAX)));
}
MP_DEFINE_CONST_FUN_OBJ_3(modhal_smear_along_mpx_obj, smear_along_mpx);

static mp_obj_t smear_across_mpx(mp_obj_t stages, mp_obj_t yaw_error_mdeg) {
    return small(hal_smear_across_mpx(modhal_unsigned(stages, UINT16_MAX), signed_argument(yaw_error_mdeg)));
}
MP_DEFINE_CONST_FUN_OBJ_2(modhal_smear_across_mpx_obj, smear_across_mpx);

/* Against the position in the pool and its age. */
static mp_obj_t position_jump_m(mp_obj_t latitude, mp_obj_t longitude, mp_obj_t altitude_m) {
    uint32_t age_ms = hal_pool_age_ms(POOL_LATITUDE_DEG, hal_time_us());
    if (age_ms == UINT32_MAX) {
        return MP_OBJ_NEW_SMALL_INT(0);
    }
    const int32_t from[] = {(int32_t)hal_pool_get(POOL_LATITUDE_DEG), (int32_t)hal_pool_get(POOL_LONGITUDE_DEG),
                            (int32_t)hal_pool_get(POOL_ALTITUDE_M)};
    const int32_t to[] = {signed_argument(latitude), signed_argument(longitude), signed_argument(altitude_m)};
    return small(hal_position_jump_m(from, to, age_ms));
}
MP_DEFINE_CONST_FUN_OBJ_3(modhal_position_jump_m_obj, position_jump_m);

static mp_obj_t time_add_ms(mp_obj_t buffer, mp_obj_t offset, mp_obj_t delay_ms) {
    uint8_t *cuc = modhal_span(buffer, offset, HAL_CUC_OCTETS, MP_BUFFER_WRITE);
    hal_time_to_cuc(hal_time_from_cuc(cuc) + modhal_unsigned(delay_ms, UINT32_MAX) * UINT64_C(1000), cuc);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_3(modhal_time_add_ms_obj, time_add_ms);

static mp_obj_t time_period_number(mp_obj_t period_s) {
    uint32_t period = modhal_unsigned(period_s, UINT32_MAX);
    if (period == 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("argument out of range"));
    }
    return modhal_new_int((int64_t)(hal_time_gps_us() / MICROSECONDS / period));
}
MP_DEFINE_CONST_FUN_OBJ_1(modhal_time_period_number_obj, time_period_number);
