#include "recorder.h"

#include "dictionary.h"
#include "hal_link.h"
#include "hal_pool.h"
#include "registers.h"
#include "sim_internal.h"

#include <string.h>

#define BOOT_US UINT64_C(2000000)
#define MICROSECONDS 1000000
#define MIB_OCTETS (1024u * 1024u)

static const unit_register_t housekeeping[] = {RECORDER_HOUSEKEEPING_REGISTERS(UNIT_REGISTER)};
static const unit_register_t control[] = {RECORDER_CONTROL_REGISTERS(UNIT_REGISTER)};
static const unit_register_t entry_registers[] = {RECORDER_ENTRY_REGISTERS(UNIT_REGISTER)};

_Static_assert(RECORDER_HOUSEKEEPING_OCTETS <= UNIT_BLOCK_LARGEST_OCTETS, "housekeeping fits");
_Static_assert(RECORDER_ENTRY_OCTETS <= UNIT_BLOCK_LARGEST_OCTETS, "entry fits");
_Static_assert(sizeof housekeeping / sizeof housekeeping[0] <= UNIT_REGISTERS_LARGEST, "registers fit");

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

static recorder_entry_t *entry_of(sim_t *sim, uint16_t id) {
    return id >= 1 && id <= sim->recorder.entries ? &sim->recorder.catalogue[id - 1] : NULL;
}

static void boot(sim_t *sim) {
    recorder_t *recorder = &sim->recorder;
    recorder_entry_t *open = entry_of(sim, recorder->open_id);
    unit_reset(unit_of(sim));
    if (open != NULL) {
        open->state = ENTRY_STATE_CORRUPT;
    }
    recorder->open_id = 0;
    recorder->last_id = 0;
    recorder->selected_id = 0;
    recorder->fault_flags = 0;
    recorder->state = RECORDER_STATE_BOOT;
    recorder->state_until_us = sim->now_us + BOOT_US;
}

void recorder_init(sim_t *sim) {
    unit_init(unit_of(sim), sim, &recorder_map);
    unit_of(sim)->powered = true;
    sim->recorder.capacity_mib = RECORDER_CAPACITY_MIB;
    boot(sim);
}

void recorder_reset(sim_t *sim) {
    boot(sim);
}

static double free_mib(const sim_t *sim) {
    const recorder_t *recorder = &sim->recorder;
    double used_mib = (double)((recorder->stored_octets + MIB_OCTETS - 1) / MIB_OCTETS);
    bool full = recorder->full || recorder->stored_octets >= RECORDER_STORE_OCTETS;
    return full || used_mib > recorder->capacity_mib ? 0 : recorder->capacity_mib - used_mib;
}

void recorder_step(sim_t *sim, uint64_t now_us) {
    recorder_t *recorder = &sim->recorder;
    if (recorder->state == RECORDER_STATE_BOOT && now_us >= recorder->state_until_us) {
        recorder->state = RECORDER_STATE_READY;
    }
    unit_step(unit_of(sim), now_us);
}

void recorder_take(sim_t *sim, uint16_t entry_id, const uint8_t *packet, size_t octets, int64_t gps_us) {
    recorder_t *recorder = &sim->recorder;
    recorder_entry_t *entry = entry_of(sim, entry_id);
    if (entry == NULL || entry_id != recorder->open_id || recorder->failed) {
        recorder->lost_packets++;
        return;
    }
    if (recorder->stored_octets + octets > RECORDER_STORE_OCTETS || free_mib(sim) <= 0) {
        recorder->fault_flags |= RECORDER_FAULT_FULL;
        recorder->lost_packets++;
        return;
    }
    /* The recorder's own clock when it was told the time, the packet's otherwise. */
    const unit_t *unit = unit_of(sim);
    int64_t at_us = unit->clock.valid ? unit_gps_us(unit, sim->now_us) : gps_us;
    uint32_t at_s = (uint32_t)(at_us / MICROSECONDS);
    memcpy(&recorder->store[recorder->stored_octets], packet, octets);
    recorder->stored_octets += octets;
    entry->start_s = entry->packets == 0 ? at_s : entry->start_s;
    entry->stop_s = at_s;
    entry->packets++;
    entry->size_octets += (uint32_t)octets;
    entry->crc32 = hal_crc32(packet, octets, entry->crc32);
}

static uint16_t open_entry(sim_t *sim) {
    recorder_t *recorder = &sim->recorder;
    const unit_t *unit = unit_of(sim);
    if (recorder->open_id != 0) {
        return RECORDER_FAULT_ENTRY_OPEN;
    }
    if (free_mib(sim) <= 0) {
        return RECORDER_FAULT_FULL;
    }
    if (recorder->entries == RECORDER_ENTRIES) {
        return RECORDER_FAULT_CATALOGUE_FULL;
    }
    recorder->catalogue[recorder->entries] = (recorder_entry_t){
        .task_id = (uint32_t)unit_raw(unit, UNIT_CONTROL, RECORDER_CONTROL_ENTRY_TASK_ID_OFFSET),
        .instrument = (uint8_t)unit_raw(unit, UNIT_CONTROL, RECORDER_CONTROL_ENTRY_INSTRUMENT_OFFSET),
        .mode = (uint8_t)unit_raw(unit, UNIT_CONTROL, RECORDER_CONTROL_ENTRY_MODE_OFFSET),
        .priority = (uint8_t)unit_raw(unit, UNIT_CONTROL, RECORDER_CONTROL_ENTRY_PRIORITY_OFFSET),
        .state = ENTRY_STATE_OPEN,
        .store_offset = recorder->stored_octets,
    };
    recorder->entries++;
    recorder->open_id = recorder->entries;
    recorder->last_id = recorder->entries;
    recorder->state = RECORDER_STATE_RECORDING;
    return 0;
}

static uint16_t close_entry(sim_t *sim) {
    recorder_t *recorder = &sim->recorder;
    recorder_entry_t *entry = entry_of(sim, recorder->open_id);
    if (entry == NULL) {
        return RECORDER_FAULT_ENTRY_NOT_OPEN;
    }
    entry->state = ENTRY_STATE_CLOSED;
    recorder->open_id = 0;
    recorder->state = RECORDER_STATE_READY;
    return 0;
}

static uint16_t select_entry(sim_t *sim) {
    uint16_t id = (uint16_t)unit_raw(unit_of(sim), UNIT_CONTROL, RECORDER_CONTROL_SELECT_ENTRY_ID_OFFSET);
    if (entry_of(sim, id) == NULL) {
        return RECORDER_FAULT_NO_SUCH_ENTRY;
    }
    sim->recorder.selected_id = id;
    return 0;
}

static uint8_t command(sim_t *sim, uint32_t code) {
    recorder_t *recorder = &sim->recorder;
    if (unit_of(sim)->faults[UNIT_FAULT_STUCK_STATE] != 0) {
        return RMAP_STATUS_SUCCESS;
    }
    if (recorder->state == RECORDER_STATE_BOOT || recorder->failed) {
        return RMAP_STATUS_GENERAL_ERROR;
    }
    switch (code) {
    case RECORDER_COMMAND_OPEN_ENTRY:
        recorder->fault_flags = open_entry(sim);
        return RMAP_STATUS_SUCCESS;
    case RECORDER_COMMAND_CLOSE_ENTRY:
        recorder->fault_flags = close_entry(sim);
        return RMAP_STATUS_SUCCESS;
    case RECORDER_COMMAND_SELECT_ENTRY:
        recorder->fault_flags = select_entry(sim);
        return RMAP_STATUS_SUCCESS;
    default:
        return RMAP_STATUS_GENERAL_ERROR;
    }
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
    const recorder_entry_t *entry = entry_of(sim, sim->recorder.selected_id);
    memset(octets, 0, RECORDER_ENTRY_OCTETS);
    if (entry != NULL) {
        PUT(unit, ENTRY_ID, sim->recorder.selected_id);
        PUT(unit, TASK_ID, entry->task_id);
        PUT(unit, INSTRUMENT, entry->instrument);
        PUT(unit, MODE, entry->mode);
        PUT(unit, STATE, entry->state);
        PUT(unit, PRIORITY, entry->priority);
        PUT(unit, START_COARSE, entry->start_s);
        PUT(unit, STOP_COARSE, entry->stop_s);
        PUT(unit, SIZE_OCTETS, entry->size_octets);
        PUT(unit, PACKETS, entry->packets);
        PUT(unit, CRC32, entry->crc32);
    }
    hal_type_write(HAL_U16, hal_crc16(octets, RECORDER_ENTRY_OCTETS - UNIT_CRC_OCTETS, 0xFFFF),
                   &octets[RECORDER_ENTRY_OCTETS - UNIT_CRC_OCTETS]);
}

void recorder_refresh(sim_t *sim) {
    unit_t *unit = unit_of(sim);
    const recorder_t *recorder = &sim->recorder;
    unit_report(unit, RECORDER_HOUSEKEEPING_SAMPLE_COUNT_OFFSET, unit->sample_count);
    unit_report(unit, RECORDER_HOUSEKEEPING_STATE_OFFSET, recorder->failed ? RECORDER_STATE_FAILED : recorder->state);
    unit_report(unit, RECORDER_HOUSEKEEPING_FAULT_FLAGS_OFFSET, recorder->fault_flags);
    unit_report(unit, RECORDER_HOUSEKEEPING_CAPACITY_MIB_OFFSET, recorder->capacity_mib);
    unit_report(unit, RECORDER_HOUSEKEEPING_FREE_MIB_OFFSET, free_mib(sim));
    unit_report(unit, RECORDER_HOUSEKEEPING_ENTRIES_OFFSET, recorder->entries);
    unit_report(unit, RECORDER_HOUSEKEEPING_OPEN_ENTRY_ID_OFFSET, recorder->open_id);
    unit_report(unit, RECORDER_HOUSEKEEPING_LAST_ENTRY_ID_OFFSET, recorder->last_id);
    refresh_entry(sim);
}

size_t sim_recorder_read(const sim_t *sim, unsigned entry_id, size_t offset, uint8_t *data, size_t room) {
    if (entry_id == 0 || entry_id > sim->recorder.entries) {
        return 0;
    }
    const recorder_entry_t *entry = &sim->recorder.catalogue[entry_id - 1];
    if (offset >= entry->size_octets) {
        return 0;
    }
    size_t octets = entry->size_octets - offset < room ? entry->size_octets - offset : room;
    memcpy(data, &sim->recorder.store[entry->store_offset + offset], octets);
    return octets;
}
