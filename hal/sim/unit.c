#include "unit.h"

#include "dictionary.h"
#include "hal_link.h"
#include "hal_pool.h"
#include "sim_internal.h"

#include <string.h>

#define SAMPLE_PERIOD_US 50000u
#define TIME_MESSAGE_GOOD_FOR_US 1500000u
#define MICROSECONDS 1000000

void unit_init(unit_t *unit, sim_t *sim, const unit_map_t *map) {
    unit->sim = sim;
    unit->map = map;
}

void unit_reset(unit_t *unit) {
    unit->sample_count = 0;
    memset(&unit->clock, 0, sizeof unit->clock);
    memset(unit->octets, 0, sizeof unit->octets);
    unit->last_write.is_known = false;
}

void unit_step(unit_t *unit, uint64_t now_us) {
    if (unit->powered && now_us % SAMPLE_PERIOD_US == 0) {
        unit->sample_count++;
    }
}

static int64_t to_raw(const unit_register_t *item, double value) {
    double scaled = value / item->scale;
    double rounded = scaled < 0 ? scaled - 0.5 : scaled + 0.5;
    size_t bits = 8 * hal_type_octets(item->type);
    bool is_signed = item->type >= HAL_I8 && item->type <= HAL_I32;
    int64_t highest = (INT64_C(1) << (is_signed ? bits - 1 : bits)) - 1;
    int64_t lowest = is_signed ? -highest - 1 : 0;
    if (rounded >= (double)highest) {
        return highest;
    }
    return rounded <= (double)lowest ? lowest : (int64_t)rounded;
}

void unit_report(unit_t *unit, uint16_t offset, double value) {
    const unit_block_t *block = &unit->map->block[UNIT_HOUSEKEEPING];
    for (unsigned i = 0; i < block->count; i++) {
        const unit_register_t *item = &block->registers[i];
        if (item->offset == offset) {
            int64_t raw = to_raw(item, unit->forced[i] ? unit->forced_value[i] : value);
            hal_type_write(item->type, raw, &unit->octets[UNIT_HOUSEKEEPING][offset]);
            return;
        }
    }
}

double unit_reported(const unit_t *unit, unsigned index) {
    const unit_register_t *item = &unit->map->block[UNIT_HOUSEKEEPING].registers[index];
    return (double)hal_type_read(item->type, &unit->octets[UNIT_HOUSEKEEPING][item->offset]) * item->scale;
}

int unit_register_index(const unit_t *unit, const char *name) {
    const unit_block_t *block = &unit->map->block[UNIT_HOUSEKEEPING];
    for (unsigned i = 0; i < block->count; i++) {
        if (strcmp(block->registers[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

int64_t unit_raw(const unit_t *unit, unsigned block, uint16_t offset) {
    const unit_block_t *map = &unit->map->block[block];
    for (unsigned i = 0; i < map->count; i++) {
        if (map->registers[i].offset == offset) {
            return hal_type_read(map->registers[i].type, &unit->octets[block][offset]);
        }
    }
    return 0;
}

static bool is_in_range(const unit_t *unit, unsigned block, const unit_register_t *item) {
    int64_t raw = hal_type_read(item->type, &unit->octets[block][item->offset]);
    return raw >= item->lowest && raw <= item->highest;
}

bool unit_in_range(const unit_t *unit, unsigned block) {
    const unit_block_t *map = &unit->map->block[block];
    for (unsigned i = 0; i < map->count; i++) {
        if (!is_in_range(unit, block, &map->registers[i])) {
            return false;
        }
    }
    return true;
}

bool unit_crc_holds(const unit_t *unit, unsigned block) {
    return hal_crc16(unit->octets[block], unit->map->block[block].octets, 0xFFFF) == 0;
}

void unit_time_message(unit_t *unit, uint32_t gps_s, uint64_t now_us) {
    unit->clock.message_s = gps_s;
    unit->clock.message_us = now_us;
    unit->clock.message_pending = true;
}

void unit_pps(unit_t *unit, uint64_t now_us) {
    unit_clock_t *clock = &unit->clock;
    if (unit->powered && clock->message_pending && now_us - clock->message_us <= TIME_MESSAGE_GOOD_FOR_US) {
        clock->offset_us = (int64_t)clock->message_s * MICROSECONDS - (int64_t)now_us;
        clock->valid = true;
    }
    clock->message_pending = false;
}

int64_t unit_gps_us(const unit_t *unit, uint64_t now_us) {
    return unit->clock.offset_us + (int64_t)now_us;
}

bool unit_start_us(const unit_t *unit, uint16_t coarse_offset, uint16_t fine_offset, uint64_t now_us,
                   uint64_t *start_us) {
    int64_t coarse = unit_raw(unit, UNIT_CONTROL, coarse_offset);
    int64_t fine = unit_raw(unit, UNIT_CONTROL, fine_offset) & 0xFFFFFF;
    int64_t start_gps_us = coarse * MICROSECONDS + fine * MICROSECONDS / (1 << 24);
    if (!unit->clock.valid || start_gps_us <= unit_gps_us(unit, now_us)) {
        return false;
    }
    *start_us = (uint64_t)(start_gps_us - unit->clock.offset_us);
    return true;
}

/* The block that holds all of address..address + octets, or UNIT_BLOCKS. */
static unsigned find_block(const unit_t *unit, uint32_t address, size_t octets) {
    for (unsigned i = 0; i < unit->map->blocks; i++) {
        const unit_block_t *block = &unit->map->block[i];
        if (address >= block->address && address - block->address + octets <= block->octets) {
            return i;
        }
    }
    return UNIT_BLOCKS;
}

/* Does a register, the block's CRC or the block's end begin at `offset`? */
static bool is_boundary(const unit_block_t *block, size_t offset) {
    const unit_register_t *last = &block->registers[block->count - 1];
    for (unsigned i = 0; i < block->count; i++) {
        if (block->registers[i].offset == offset) {
            return true;
        }
    }
    return offset == block->octets || offset == last->offset + hal_type_octets(last->type);
}

static uint8_t authorise(void *user, bool is_write, uint32_t address, size_t octets) {
    const unit_t *unit = user;
    unsigned index = find_block(unit, address, octets);
    if (index == UNIT_BLOCKS) {
        return RMAP_STATUS_NOT_AUTHORISED;
    }
    const unit_block_t *block = &unit->map->block[index];
    size_t offset = address - block->address;
    bool allowed = is_write ? block->is_writable && is_boundary(block, offset) && is_boundary(block, offset + octets)
                            : block->is_readable;
    return allowed ? RMAP_STATUS_SUCCESS : RMAP_STATUS_NOT_AUTHORISED;
}

static void read_registers(void *user, uint32_t address, uint8_t *data, size_t octets) {
    const unit_t *unit = user;
    unsigned index = find_block(unit, address, octets);
    memcpy(data, &unit->octets[index][address - unit->map->block[index].address], octets);
}

/* Control registers are checked against their ranges; memory (tables, settings) takes anything. */
static bool is_acceptable(const unit_t *unit, unsigned index, uint16_t offset, uint16_t octets) {
    const unit_block_t *block = &unit->map->block[index];
    for (unsigned i = 0; index == UNIT_CONTROL && i < block->count; i++) {
        if (unit_covers(offset, octets, block->registers[i].offset) &&
            !is_in_range(unit, index, &block->registers[i])) {
            return false;
        }
    }
    return true;
}

static uint8_t write_registers(void *user, uint32_t address, const uint8_t *data, size_t octets) {
    unit_t *unit = user;
    unsigned index = find_block(unit, address, octets);
    uint16_t offset = (uint16_t)(address - unit->map->block[index].address);
    uint8_t former[UNIT_BLOCK_LARGEST_OCTETS];
    memcpy(former, unit->octets[index], sizeof former);
    memcpy(&unit->octets[index][offset], data, octets);
    if (index == UNIT_MEMORY && unit->faults[UNIT_FAULT_SPOIL_WRITE] != 0) {
        unit->octets[index][offset] ^= 1u;
        unit->faults[UNIT_FAULT_SPOIL_WRITE] = 0;
    }
    uint8_t status = RMAP_STATUS_GENERAL_ERROR;
    if (is_acceptable(unit, index, offset, (uint16_t)octets)) {
        status = unit->map->written(unit->sim, index, offset, (uint16_t)octets);
    }
    if (status != RMAP_STATUS_SUCCESS) {
        memcpy(unit->octets[index], former, sizeof former);
    }
    sim_refresh(unit->sim);
    return status;
}

rmap_target_t unit_target(unit_t *unit) {
    return (rmap_target_t){
        .logical_address = (uint8_t)(unit->map->node ^ (unit->faults[UNIT_FAULT_WRONG_ADDRESS] != 0 ? 1u : 0u)),
        .key = BUS_KEY,
        .user = unit,
        .authorise = authorise,
        .read = read_registers,
        .write = write_registers,
        .last_write = &unit->last_write,
        .now_us = unit->sim->now_us,
        .fault_status = (uint8_t)unit->faults[UNIT_FAULT_ERROR_STATUS],
        .fault_id_offset = unit->faults[UNIT_FAULT_WRONG_ID] != 0,
    };
}
