/* What every unit has: register blocks, a clock set by time message and PPS, housekeeping that can be
 * forced, and an RMAP target in front. */
#ifndef UNIT_H
#define UNIT_H

#include "rmap_target.h"
#include "sim.h"

#define UNIT_BLOCKS 3u
#define UNIT_BLOCK_LARGEST_OCTETS 128u
#define UNIT_REGISTERS_LARGEST 24u
#define UNIT_CRC_OCTETS 2u

enum { UNIT_HOUSEKEEPING, UNIT_CONTROL, UNIT_MEMORY };

typedef struct {
    const char *name;
    uint16_t offset;
    uint8_t type; /* hal_type_t */
    double scale; /* physical = raw x scale */
    int64_t lowest, highest;
} unit_register_t;

/* Row of the generated <UNIT>_<BLOCK>_REGISTERS lists. */
#define UNIT_REGISTER(name, offset, type, scale, lowest, highest) {name, offset, type, scale, lowest, highest},

typedef struct {
    uint32_t address;
    uint16_t octets;
    uint16_t count;
    const unit_register_t *registers;
    bool is_readable, is_writable;
} unit_block_t;

#define UNIT_BLOCK(prefix, list, readable, writable)                                                                   \
    { prefix##_ADDRESS, prefix##_OCTETS, sizeof list / sizeof list[0], list, readable, writable }

typedef struct {
    const char *name;
    uint8_t node;
    unsigned blocks;
    unit_block_t block[UNIT_BLOCKS];
    /* Act on octets just written to a block. GENERAL_ERROR takes the write back. */
    uint8_t (*written)(sim_t *sim, unsigned block, uint16_t offset, uint16_t octets);
} unit_map_t;

typedef struct {
    uint32_t message_s;
    uint64_t message_us;
    bool message_pending;
    bool valid;
    int64_t offset_us; /* GPS time minus bench time */
} unit_clock_t;

/* Faults every unit can have, by name in faults.c. */
typedef enum {
    UNIT_FAULT_DEAD,
    UNIT_FAULT_SLOW_MS,
    UNIT_FAULT_CORRUPT,
    UNIT_FAULT_WRONG_ID,
    UNIT_FAULT_WRONG_ADDRESS,
    UNIT_FAULT_ERROR_STATUS,
    UNIT_FAULT_STUCK_STATE,
    UNIT_FAULT_DEAF,
    UNIT_FAULT_SPOIL_WRITE,
    UNIT_FAULT_LOSE_REPLIES,
    UNIT_FAULTS
} unit_fault_t;

typedef struct {
    sim_t *sim;
    const unit_map_t *map;
    bool powered;
    uint16_t sample_count;
    unit_clock_t clock;
    double faults[UNIT_FAULTS];
    bool forced[UNIT_REGISTERS_LARGEST];
    double forced_value[UNIT_REGISTERS_LARGEST];
    uint8_t octets[UNIT_BLOCKS][UNIT_BLOCK_LARGEST_OCTETS];
    rmap_last_write_t last_write;
} unit_t;

void unit_init(unit_t *unit, sim_t *sim, const unit_map_t *map);
/* Volatile content is lost; forces and faults stay. */
void unit_reset(unit_t *unit);
void unit_step(unit_t *unit, uint64_t now_us);

/* Put a physical value into a housekeeping register, clipped to its type; a force wins. */
void unit_report(unit_t *unit, uint16_t offset, double value);
/* A housekeeping register's physical value, as an initiator would read it. */
double unit_reported(const unit_t *unit, unsigned index);
int unit_register_index(const unit_t *unit, const char *name);

/* Raw value of a register of a block. */
int64_t unit_raw(const unit_t *unit, unsigned block, uint16_t offset);
/* Is every register of the block within its dictionary range? */
bool unit_in_range(const unit_t *unit, unsigned block);
/* Does the block's CRC-16 hold? */
bool unit_crc_holds(const unit_t *unit, unsigned block);

void unit_time_message(unit_t *unit, uint32_t gps_s, uint64_t now_us);
void unit_pps(unit_t *unit, uint64_t now_us);
int64_t unit_gps_us(const unit_t *unit, uint64_t now_us);
/* Bench time of the instant in two consecutive control registers, coarse and fine (2^-24 s). False when it is
 * not in the future, or the unit has no time. */
bool unit_start_us(const unit_t *unit, uint16_t coarse_offset, uint16_t fine_offset, uint64_t now_us,
                   uint64_t *start_us);

/* The RMAP target of the unit as its faults leave it. */
rmap_target_t unit_target(unit_t *unit);

/* Does a write of `octets` from `offset` cover the register at `at`? */
static inline bool unit_covers(uint16_t offset, uint16_t octets, uint16_t at) {
    return at >= offset && at < offset + octets;
}

#endif
