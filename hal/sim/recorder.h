/* Recorder: memory boards, records of what they hold, playback to the downlink transmitter.
 *
 * What is recorded is scaled down and kept in full, up to the store's size. The space that is told of is that of
 * what the instruments would have sent: each says how much as it goes. When the store itself has no room left for a
 * packet, no space is left either. The store and the records outlive a restart of the recorder, except what was
 * in its write buffer: the block that was not yet full.
 *
 * recorder.c          registers and commands
 * recorder_store.c    blocks, the bad-block map, memory boards
 * recorder_records.c  one record an entry
 * recorder_play.c     verification, playback, the transmitter */
#ifndef RECORDER_H
#define RECORDER_H

#include "dictionary.h"
#include "science.h"
#include "unit.h"

#define RECORDER_BLOCK_OCTETS 4096u
#define RECORDER_BOARD_BLOCKS 512u
#define RECORDER_BLOCKS (RECORDER_BOARDS * RECORDER_BOARD_BLOCKS)
#define RECORDER_NO_BLOCK 0xFFFFu
_Static_assert(RECORDER_BLOCKS <= UINT32_MAX / RECORDER_BLOCK_OCTETS, "sizes and offsets are 32 bits");
#define RECORDER_DOWNLINK_OCTETS (1024u * 1024u)

/* Octets of an entry at some point of its recording. */
typedef struct {
    uint32_t stop_s, size_octets, packets, crc32;
} recorder_extent_t;

/* Free when its id is 0. */
typedef struct {
    uint16_t id;
    uint32_t task_id, start_s;
    uint8_t instrument, mode, state, priority;
    recorder_extent_t extent;
    recorder_extent_t flushed; /* what a restart leaves of it */
    double volume_octets;      /* what it would be, not scaled down */
    uint16_t first_block, last_block;
} recorder_record_t;

typedef enum { BLOCK_FREE, BLOCK_USED, BLOCK_BAD, BLOCK_STATES } recorder_block_t;

typedef struct {
    uint8_t blocks[RECORDER_BLOCKS]; /* recorder_block_t */
    uint16_t next[RECORDER_BLOCKS];
    uint16_t counts[RECORDER_BOARDS][BLOCK_STATES];
    uint16_t cursor;
    uint8_t boards_in_use; /* mask */
    uint8_t errors[RECORDER_BOARDS];
    double dead_boards;  /* fault: mask; neither written nor read */
    double worn_boards;  /* fault: mask; writes fail, what is there can be read */
    double capacity_mib; /* fault: of all boards */
    bool full;           /* fault */
} recorder_store_t;

typedef struct {
    uint8_t activity, result;
    uint16_t entry_id, activities;
    uint32_t offset, end; /* octets of the entry */
    uint32_t crc32;
    science_pace_t pace;
    bool transmitter;
    bool lost; /* fault: the transmitter drops out */
    bool lost_flag;
    uint64_t transmitter_until_us;
    uint32_t octets_per_second;
    uint32_t spacecraft_id; /* 8 bits, of the frames */
    uint32_t frames;
    uint32_t unread_octets; /* sent while nobody listened */
    size_t head, tail;      /* of the octets on the air, free-running */
} recorder_play_t;

typedef struct {
    uint8_t state;
    uint16_t command_flags;
    uint64_t state_until_us;
    uint16_t open_id, last_id, last_ever_id, selected_id, boots;
    uint32_t lost_packets;
    bool overflowed;                       /* the open entry found no room */
    bool failed;                           /* fault: for good */
    bool hung;                             /* fault: until it is restarted */
    double bit_errors_s, corrected_errors; /* fault: that the memory corrects; since the start */
    recorder_record_t records[RECORDER_ENTRIES];
    recorder_store_t store;
    recorder_play_t play;
    /* Neither is read before it was written. */
    uint8_t downlink[RECORDER_DOWNLINK_OCTETS];
    uint8_t octets[RECORDER_BLOCKS][RECORDER_BLOCK_OCTETS];
} recorder_t;

extern const unit_map_t recorder_map;

void recorder_init(sim_t *sim);
void recorder_step(sim_t *sim, uint64_t now_us);
void recorder_refresh(sim_t *sim);
void recorder_reset(sim_t *sim);
/* A source packet from an instrument's link, for the entry it names; lost when that is not open. */
void recorder_take(sim_t *sim, uint16_t entry_id, const uint8_t *packet, size_t octets, int64_t gps_us);

/* An instrument says what it would have sent, not scaled down, into the entry that it names. */
void recorder_charge(sim_t *sim, uint16_t entry_id, double octets);

/* Memory. Appending takes all octets or none; a record's chain of blocks is given back by releasing it. */
void recorder_store_init(recorder_t *recorder);
bool recorder_store_append(recorder_t *recorder, recorder_record_t *record, const uint8_t *data, size_t octets);
size_t recorder_store_read(const recorder_t *recorder, const recorder_record_t *record, size_t offset, uint8_t *data,
                           size_t room);
void recorder_store_release(recorder_t *recorder, recorder_record_t *record);
double recorder_store_capacity_mib(const recorder_t *recorder);
double recorder_store_free_mib(const recorder_t *recorder);
uint16_t recorder_store_bad_blocks(const recorder_t *recorder);
/* RECORDER_FAULT_LAST_BOARD for the last one in use. */
uint16_t recorder_store_quarantine(recorder_t *recorder, unsigned board);
void recorder_store_return_board(recorder_t *recorder, unsigned board);
/* Change one octet of an entry on the medium (a fault). */
void recorder_store_damage(recorder_t *recorder, uint16_t entry_id);

/* Records: fault flags, 0 for done. */
recorder_record_t *recorder_record(recorder_t *recorder, uint16_t id);
uint16_t recorder_records_held(const recorder_t *recorder);
uint16_t recorder_record_open(sim_t *sim);
uint16_t recorder_record_close(recorder_t *recorder);
uint16_t recorder_record_delete(recorder_t *recorder, uint16_t id);
void recorder_record_restart(recorder_t *recorder);

/* Verification and playback: fault flags, 0 for done. */
uint16_t recorder_play_start(sim_t *sim, uint8_t activity, uint16_t id);
void recorder_play_stop(recorder_t *recorder, uint8_t result);
void recorder_play_transmitter(sim_t *sim, bool on);
void recorder_play_step(sim_t *sim, uint64_t now_us);

#endif
