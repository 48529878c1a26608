/* What outlives a reset, of the module `hal`: the no-init record and the journal. */
#include "modhal.h"

#include "hal_journal.h"
#include "hal_noinit.h"

static mp_obj_t note_activity(mp_obj_t activity) {
    hal_noinit_note_activity(modhal_unsigned(activity, UINT16_MAX));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(modhal_note_activity_obj, note_activity);

static mp_obj_t note_crash(mp_obj_t fault, mp_obj_t activity) {
    hal_noinit_note_crash(modhal_unsigned(fault, UINT16_MAX), modhal_unsigned(activity, UINT16_MAX));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(modhal_note_crash_obj, note_crash);

static mp_obj_t last_crash_fault(void) {
    uint32_t fault, activity;
    return hal_noinit_last_crash(&fault, &activity) ? modhal_new_int(fault) : MP_OBJ_NEW_SMALL_INT(-1);
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_last_crash_fault_obj, last_crash_fault);

static mp_obj_t last_crash_activity(void) {
    uint32_t fault, activity;
    return hal_noinit_last_crash(&fault, &activity) ? modhal_new_int(activity) : MP_OBJ_NEW_SMALL_INT(-1);
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_last_crash_activity_obj, last_crash_activity);

static mp_obj_t journal_get(mp_obj_t key, mp_obj_t default_value) {
    uint32_t value;
    if (!hal_journal_get(modhal_unsigned(key, UINT32_MAX), &value)) {
        return default_value;
    }
    return modhal_new_int(value);
}
MP_DEFINE_CONST_FUN_OBJ_2(modhal_journal_get_obj, journal_get);

static mp_obj_t journal_put(mp_obj_t key, mp_obj_t value) {
    return mp_obj_new_bool(hal_journal_put(modhal_unsigned(key, UINT32_MAX), modhal_unsigned(value, UINT32_MAX)));
}
MP_DEFINE_CONST_FUN_OBJ_2(modhal_journal_put_obj, journal_put);

static mp_obj_t journal_put_now(mp_obj_t key, mp_obj_t value, mp_obj_t limit_ms) {
    return mp_obj_new_bool(hal_journal_put_now(modhal_unsigned(key, UINT32_MAX), modhal_unsigned(value, UINT32_MAX),
                                               modhal_unsigned(limit_ms, UINT32_MAX)));
}
MP_DEFINE_CONST_FUN_OBJ_3(modhal_journal_put_now_obj, journal_put_now);

static mp_obj_t journal_step(void) {
    hal_journal_step();
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_journal_step_obj, journal_step);

static mp_obj_t journal_flush(mp_obj_t limit_ms) {
    return mp_obj_new_bool(hal_journal_flush(modhal_unsigned(limit_ms, UINT32_MAX)));
}
MP_DEFINE_CONST_FUN_OBJ_1(modhal_journal_flush_obj, journal_flush);

static mp_obj_t journal_faults(void) {
    return modhal_new_int(hal_journal_status()->faults);
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_journal_faults_obj, journal_faults);

static mp_obj_t journal_pending(void) {
    return modhal_new_int(hal_journal_status()->pending);
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_journal_pending_obj, journal_pending);
