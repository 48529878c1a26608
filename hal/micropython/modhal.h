/* What the files of the module `hal` share: argument conversion, and the functions each defines. */
#ifndef MODHAL_H
#define MODHAL_H

#include "py/obj.h"
#include "py/runtime.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets and milliseconds that reach the application are clipped to small integers. */
#define MODHAL_CLIP (INT32_C(1) << 29)

/* The octets [offset, offset + length) of a buffer; ValueError when they do not lie in it. `access`
 * is MP_BUFFER_READ or MP_BUFFER_WRITE. */
uint8_t *modhal_span(mp_obj_t buffer, mp_obj_t offset, size_t length, mp_uint_t access);

/* A length or a count; ValueError when negative. */
size_t modhal_size(mp_obj_t value);

/* An unsigned integer of at most `highest`; ValueError outside. */
uint32_t modhal_unsigned(mp_obj_t value, uint32_t highest);

/* Any integer of 64 bits. False when it is larger; TypeError when it is not an integer. */
bool modhal_int64(mp_obj_t value, int64_t *result);

/* Allocates only beyond the small integers. */
mp_obj_t modhal_new_int(int64_t value);

/* modhal_packet.c */
MP_DECLARE_CONST_FUN_OBJ_1(modhal_link_receive_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_link_pending_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_link_room_obj);
MP_DECLARE_CONST_FUN_OBJ_3(modhal_link_send_obj);
MP_DECLARE_CONST_FUN_OBJ_2(modhal_tc_check_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_failure_detail_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_failure_limit_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(modhal_tm_finish_obj);
MP_DECLARE_CONST_FUN_OBJ_3(modhal_tm_time_report_obj);
MP_DECLARE_CONST_FUN_OBJ_3(modhal_crc16_obj);
MP_DECLARE_CONST_FUN_OBJ_3(modhal_get_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(modhal_put_obj);
MP_DECLARE_CONST_FUN_OBJ_1(modhal_octets_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(modhal_copy_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(modhal_compare_obj);

/* modhal_geometry.c */
MP_DECLARE_CONST_FUN_OBJ_2(modhal_line_period_ns_obj);
MP_DECLARE_CONST_FUN_OBJ_3(modhal_smear_along_mpx_obj);
MP_DECLARE_CONST_FUN_OBJ_2(modhal_smear_across_mpx_obj);
MP_DECLARE_CONST_FUN_OBJ_3(modhal_position_jump_m_obj);
MP_DECLARE_CONST_FUN_OBJ_3(modhal_time_add_ms_obj);
MP_DECLARE_CONST_FUN_OBJ_1(modhal_time_period_number_obj);

/* modhal_heap.c */
MP_DECLARE_CONST_FUN_OBJ_0(modhal_heap_free_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_heap_largest_free_obj);

/* modhal_units.c */
MP_DECLARE_CONST_FUN_OBJ_2(modhal_pool_set_obj);
MP_DECLARE_CONST_FUN_OBJ_1(modhal_pool_get_obj);
MP_DECLARE_CONST_FUN_OBJ_1(modhal_pool_valid_obj);
MP_DECLARE_CONST_FUN_OBJ_1(modhal_pool_age_ms_obj);
MP_DECLARE_CONST_FUN_OBJ_2(modhal_pool_invalidate_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(modhal_pool_load_obj);
MP_DECLARE_CONST_FUN_OBJ_3(modhal_pool_pack_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_pool_refresh_obj);
MP_DECLARE_CONST_FUN_OBJ_2(modhal_monitor_sweep_obj);
MP_DECLARE_CONST_FUN_OBJ_2(modhal_monitor_would_trip_obj);
MP_DECLARE_CONST_FUN_OBJ_2(modhal_monitor_is_unknown_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_monitor_changed_obj);
MP_DECLARE_CONST_FUN_OBJ_1(modhal_monitor_state_obj);
MP_DECLARE_CONST_FUN_OBJ_1(modhal_monitor_parameter_obj);
MP_DECLARE_CONST_FUN_OBJ_1(modhal_monitor_instrument_obj);
MP_DECLARE_CONST_FUN_OBJ_1(modhal_monitor_event_only_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(modhal_rmap_read_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(modhal_rmap_write_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_rmap_last_status_obj);
MP_DECLARE_CONST_FUN_OBJ_1(modhal_guard_permit_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_guard_inhibit_obj);
MP_DECLARE_CONST_FUN_OBJ_1(modhal_guard_transmit_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_guard_heartbeat_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_guard_permitted_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_guard_transmitting_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_guard_trips_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_guard_last_reason_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_alarm_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_alarm_count_obj);
MP_DECLARE_CONST_FUN_OBJ_2(modhal_position_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_position_known_obj);
MP_DECLARE_CONST_FUN_OBJ_2(modhal_zone_ahead_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_zone_ahead_ms_obj);

/* modhal_storage.c */
MP_DECLARE_CONST_FUN_OBJ_1(modhal_note_activity_obj);
MP_DECLARE_CONST_FUN_OBJ_2(modhal_note_crash_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_last_crash_fault_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_last_crash_activity_obj);
MP_DECLARE_CONST_FUN_OBJ_2(modhal_journal_get_obj);
MP_DECLARE_CONST_FUN_OBJ_2(modhal_journal_put_obj);
MP_DECLARE_CONST_FUN_OBJ_3(modhal_journal_put_now_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_journal_step_obj);
MP_DECLARE_CONST_FUN_OBJ_1(modhal_journal_flush_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_journal_faults_obj);
MP_DECLARE_CONST_FUN_OBJ_0(modhal_journal_pending_obj);

/* modhal_records.c */
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(modhal_records_get_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(modhal_records_put_obj);
MP_DECLARE_CONST_FUN_OBJ_2(modhal_records_lost_obj);
MP_DECLARE_CONST_FUN_OBJ_1(modhal_records_pending_obj);
MP_DECLARE_CONST_FUN_OBJ_1(modhal_records_step_obj);
MP_DECLARE_CONST_FUN_OBJ_1(modhal_records_failed_obj);
MP_DECLARE_CONST_FUN_OBJ_2(modhal_records_damaged_obj);

#endif
