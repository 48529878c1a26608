#include "recorder.h"

#include "hal_link.h"
#include "hal_pool.h"
#include "registers.h"
#include "sim_internal.h"

#include <string.h>

#define BOOT_US UINT64_C(2000000)

static const unit_register_t housekeeping[] = {RECORDER_HOUSEKEEPING_REGISTERS(UNIT_REGISTER)};
static const unit_register_t control[] = {RECORDER_CONTROL_REGISTERS(UNIT_REGISTER)};
static const unit_register_t entry_registers[] = {RECORDER_ENTRY_REGISTERS(UNIT_REGISTER)};

_Static_assert(RECORDER_HOUSEKEEPING_OCTETS <= UNIT_BLOCK_LARGEST_OCTETS, "housekeeping fits");
_Static_assert(RECORDER_CONTROL_OCTETS <= UNIT_BLOCK_LARGEST_OCTETS, "control fits");
_Static_assert(RECORDER_ENTRY_OCTETS <= UNIT_BLOCK_LARGEST_OCTETS, "entry fits");
_Static_assert(sizeof housekeeping / sizeof housekeeping[0] <= UNIT_REGISTERS_LARGEST, "registers fit");
_Static_assert(RECORDER_BOARDS == 4, "one register of write errors a board");

static uint8_t written(sim_t *sim, unsigned block, uint16_t offset, uint16_t octets);

const unit_map_t recorder_map = {
    .name = "recorder",
    .node = RECORDER_NODE,
    .blocks = 3,
    .block = {UNIT_BLOCK(RECORDER_HOUSEKEEPING, housekeeping, true, false),
              UNIT_BLOCK(RECORDER_CONTROL, control, false, true),
              UNIT_BLOCK(RECORDER_ENTRY, entry_registers, true, false)},
    .written = written,
};

static unit_t *unit_of(sim_t *sim) {
    return &sim->units[SIM_RECORDER];
}

static void boot(sim_t *sim) {
    recorder_t *recorder = &sim->recorder;
    unit_reset(unit_of(sim));
    recorder_record_restart(recorder);
    recorder_play_transmitter(sim, false);
    recorder_play_stop(recorder, RECORDER_RESULT_STOPPED);
    recorder->command_flags = 0;
    recorder->hung = false;
    recorder->corrected_errors = 0;
    recorder->play.activities = 0;
    recorder->boots++;
    recorder->state = RECORDER_STATE_BOOT;
    recorder->state_until_us = sim->now_us + BOOT_US;
}

void recorder_init(sim_t *sim) {
    unit_init(unit_of(sim), sim, &recorder_map);
    unit_of(sim)->powered = true;
    recorder_store_init(&sim->recorder);
    boot(sim);
}

void recorder_reset(sim_t *sim) {
    boot(sim);
}

void recorder_step(sim_t *sim, uint64_t now_us) {
    recorder_t *recorder = &sim->recorder;
    if (recorder->state == RECORDER_STATE_BOOT && now_us >= recorder->state_until_us) {
        recorder->state = RECORDER_STATE_READY;
    }
    recorder->corrected_errors += recorder->bit_errors_s * SIM_STEP_S;
    recorder_play_step(sim, now_us);
    unit_step(unit_of(sim), now_us);
}

static uint32_t chosen(sim_t *sim, uint16_t offset) {
    return (uint32_t)unit_raw(unit_of(sim), UNIT_CONTROL, offset);
}

static uint16_t select_entry(recorder_t *recorder, uint16_t id) {
    recorder->selected_id = recorder_record(recorder, id) == NULL ? 0 : id;
    return recorder->selected_id == 0 ? RECORDER_FAULT_NO_SUCH_ENTRY : 0;
}

/* A free slot shows as entry 0. */
static uint16_t select_slot(recorder_t *recorder, uint32_t slot) {
    recorder->selected_id = slot < RECORDER_ENTRIES ? recorder->records[slot].id : 0;
    return slot < RECORDER_ENTRIES ? 0 : RECORDER_FAULT_NO_SUCH_ENTRY;
}

static uint16_t obey(sim_t *sim, uint32_t code) {
    recorder_t *recorder = &sim->recorder;
    uint16_t id = (uint16_t)chosen(sim, RECORDER_CONTROL_SELECT_ENTRY_ID_OFFSET);
    unsigned board = chosen(sim, RECORDER_CONTROL_BOARD_OFFSET);
    switch (code) {
    case RECORDER_COMMAND_OPEN_ENTRY:
        return recorder_record_open(sim);
    case RECORDER_COMMAND_CLOSE_ENTRY:
        return recorder_record_close(recorder);
    case RECORDER_COMMAND_SELECT_ENTRY:
        return select_entry(recorder, id);
    case RECORDER_COMMAND_SELECT_SLOT:
        return select_slot(recorder, chosen(sim, RECORDER_CONTROL_SELECT_SLOT_OFFSET));
    case RECORDER_COMMAND_DELETE_ENTRY:
        return recorder_record_delete(recorder, id);
    case RECORDER_COMMAND_VERIFY_ENTRY:
        return recorder_play_start(sim, RECORDER_ACTIVITY_VERIFYING, id);
    case RECORDER_COMMAND_PLAY_ENTRY:
        return recorder_play_start(sim, RECORDER_ACTIVITY_PLAYING, id);
    case RECORDER_COMMAND_STOP:
        recorder_play_stop(recorder, RECORDER_RESULT_STOPPED);
        return 0;
    case RECORDER_COMMAND_QUARANTINE_BOARD:
        return recorder_store_quarantine(recorder, board);
    case RECORDER_COMMAND_RELEASE_BOARD:
        recorder_store_return_board(recorder, board);
        return 0;
    default:
        recorder_play_transmitter(sim, code == RECORDER_COMMAND_TRANSMITTER_ON);
        return 0;
    }
}

static bool has_failed(const recorder_t *recorder) {
    return recorder->failed || recorder->hung;
}

static uint8_t command(sim_t *sim, uint32_t code) {
    recorder_t *recorder = &sim->recorder;
    if (unit_of(sim)->faults[UNIT_FAULT_STUCK_STATE] != 0) {
        return RMAP_STATUS_SUCCESS;
    }
    if (code == RECORDER_COMMAND_RESTART) {
        boot(sim);
        return RMAP_STATUS_SUCCESS;
    }
    bool known = code >= RECORDER_COMMAND_OPEN_ENTRY && code <= RECORDER_COMMAND_RELEASE_BOARD;
    if (!known || recorder->state == RECORDER_STATE_BOOT || has_failed(recorder)) {
        return RMAP_STATUS_GENERAL_ERROR;
    }
    recorder->command_flags = obey(sim, code);
    return RMAP_STATUS_SUCCESS;
}

static uint8_t written(sim_t *sim, unsigned block, uint16_t offset, uint16_t octets) {
    unit_t *unit = unit_of(sim);
    if (unit_covers(offset, octets, RECORDER_CONTROL_TIME_MESSAGE_COARSE_OFFSET)) {
        unit_time_message(unit, (uint32_t)unit_raw(unit, block, RECORDER_CONTROL_TIME_MESSAGE_COARSE_OFFSET),
                          sim->now_us);
    }
    if (unit_covers(offset, octets, RECORDER_CONTROL_COMMAND_OFFSET)) {
        return command(sim, (uint32_t)unit_raw(unit, block, RECORDER_CONTROL_COMMAND_OFFSET));
    }
    return RMAP_STATUS_SUCCESS;
}

static void put(unit_t *unit, uint8_t type, uint16_t offset, uint32_t value) {
    hal_type_write(type, value, &unit->octets[UNIT_MEMORY][offset]);
}

#define PUT(unit, field, value) put(unit, RECORDER_ENTRY_##field##_TYPE, RECORDER_ENTRY_##field##_OFFSET, value)

static void refresh_entry(sim_t *sim) {
    unit_t *unit = unit_of(sim);
    uint8_t *octets = unit->octets[UNIT_MEMORY];
    const recorder_record_t *record = recorder_record(&sim->recorder, sim->recorder.selected_id);
    memset(octets, 0, RECORDER_ENTRY_OCTETS);
    if (record != NULL) {
        PUT(unit, ENTRY_ID, record->id);
        PUT(unit, TASK_ID, record->task_id);
        PUT(unit, INSTRUMENT, record->instrument);
        PUT(unit, MODE, record->mode);
        PUT(unit, STATE, record->state);
        PUT(unit, PRIORITY, record->priority);
        PUT(unit, START_COARSE, record->start_s);
        PUT(unit, STOP_COARSE, record->extent.stop_s);
        PUT(unit, SIZE_OCTETS, record->extent.size_octets);
        PUT(unit, PACKETS, record->extent.packets);
        PUT(unit, CRC32, record->extent.crc32);
    }
    hal_type_write(HAL_U16, hal_crc16(octets, RECORDER_ENTRY_OCTETS - UNIT_CRC_OCTETS, 0xFFFF),
                   &octets[RECORDER_ENTRY_OCTETS - UNIT_CRC_OCTETS]);
}

static uint16_t fault_flags(const recorder_t *recorder) {
    uint16_t flags = recorder->command_flags;
    flags |= recorder->overflowed ? RECORDER_FAULT_FULL : 0;
    flags |= recorder->play.lost_flag ? RECORDER_FAULT_DOWNLINK_LOST : 0;
    return flags;
}

void recorder_refresh(sim_t *sim) {
    unit_t *unit = unit_of(sim);
    recorder_t *recorder = &sim->recorder;
    const recorder_play_t *play = &recorder->play;
    const recorder_record_t *open = recorder_record(recorder, recorder->open_id);
    const struct {
        uint16_t offset;
        double value;
    } values[] = {
        {RECORDER_HOUSEKEEPING_SAMPLE_COUNT_OFFSET, unit->sample_count},
        {RECORDER_HOUSEKEEPING_STATE_OFFSET, has_failed(recorder) ? RECORDER_STATE_FAILED : recorder->state},
        {RECORDER_HOUSEKEEPING_FAULT_FLAGS_OFFSET, fault_flags(recorder)},
        {RECORDER_HOUSEKEEPING_CAPACITY_MIB_OFFSET, recorder_store_capacity_mib(recorder)},
        {RECORDER_HOUSEKEEPING_FREE_MIB_OFFSET, recorder_store_free_mib(recorder)},
        {RECORDER_HOUSEKEEPING_ENTRIES_OFFSET, recorder_records_held(recorder)},
        {RECORDER_HOUSEKEEPING_OPEN_ENTRY_ID_OFFSET, recorder->open_id},
        {RECORDER_HOUSEKEEPING_LAST_ENTRY_ID_OFFSET, recorder->last_id},
        {RECORDER_HOUSEKEEPING_OPEN_PACKETS_OFFSET, open == NULL ? 0 : open->extent.packets},
        {RECORDER_HOUSEKEEPING_LOST_PACKETS_OFFSET, recorder->lost_packets},
        {RECORDER_HOUSEKEEPING_BOOTS_OFFSET, recorder->boots},
        {RECORDER_HOUSEKEEPING_ACTIVITY_OFFSET, play->activity},
        {RECORDER_HOUSEKEEPING_ACTIVITIES_OFFSET, play->activities},
        {RECORDER_HOUSEKEEPING_ACTIVE_ENTRY_ID_OFFSET, play->entry_id},
        {RECORDER_HOUSEKEEPING_ACTIVE_OCTETS_OFFSET, play->offset},
        {RECORDER_HOUSEKEEPING_RESULT_OFFSET, play->result},
        {RECORDER_HOUSEKEEPING_TRANSMITTER_OFFSET, play->transmitter},
        {RECORDER_HOUSEKEEPING_BOARDS_IN_USE_OFFSET, recorder->store.boards_in_use},
        {RECORDER_HOUSEKEEPING_BAD_BLOCKS_OFFSET, recorder_store_bad_blocks(recorder)},
        {RECORDER_HOUSEKEEPING_BOARD_0_ERRORS_OFFSET, recorder->store.errors[0]},
        {RECORDER_HOUSEKEEPING_BOARD_1_ERRORS_OFFSET, recorder->store.errors[1]},
        {RECORDER_HOUSEKEEPING_BOARD_2_ERRORS_OFFSET, recorder->store.errors[2]},
        {RECORDER_HOUSEKEEPING_BOARD_3_ERRORS_OFFSET, recorder->store.errors[3]},
        {RECORDER_HOUSEKEEPING_CORRECTED_ERRORS_OFFSET, recorder->corrected_errors},
    };
    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        unit_report(unit, values[i].offset, values[i].value);
    }
    refresh_entry(sim);
}
