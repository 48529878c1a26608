/* Recorder: catalogue and recorded octets. What is recorded is scaled down and kept in full, up to the
 * store's size; the catalogue outlives a restart of the recorder. */
#ifndef RECORDER_H
#define RECORDER_H

#include "unit.h"

#define RECORDER_ENTRIES 64u
#define RECORDER_STORE_OCTETS (4u * 1024u * 1024u)
#define RECORDER_CAPACITY_MIB 476837.0 /* 4 Tbit */

#define RECORDER_FAULT_FULL 1u
#define RECORDER_FAULT_NO_SUCH_ENTRY 2u
#define RECORDER_FAULT_ENTRY_NOT_OPEN 4u
#define RECORDER_FAULT_CATALOGUE_FULL 8u
#define RECORDER_FAULT_ENTRY_OPEN 16u

/* Identified by its place, counted from 1. */
typedef struct {
    uint32_t task_id, start_s, stop_s, size_octets, packets, crc32;
    uint8_t instrument, mode, state, priority;
    size_t store_offset;
} recorder_entry_t;

typedef struct {
    uint8_t state;
    uint16_t fault_flags;
    uint64_t state_until_us;
    uint16_t open_id, last_id, selected_id, entries;
    uint32_t lost_packets;
    bool full, failed; /* faults */
    double capacity_mib;
    recorder_entry_t catalogue[RECORDER_ENTRIES];
    size_t stored_octets;
    uint8_t store[RECORDER_STORE_OCTETS];
} recorder_t;

extern const unit_map_t recorder_map;

void recorder_init(sim_t *sim);
void recorder_step(sim_t *sim, uint64_t now_us);
void recorder_refresh(sim_t *sim);
void recorder_reset(sim_t *sim);
/* A source packet from an instrument's link, for the entry it names; lost when that is not open. */
void recorder_take(sim_t *sim, uint16_t entry_id, const uint8_t *packet, size_t octets, int64_t gps_us);

#endif
