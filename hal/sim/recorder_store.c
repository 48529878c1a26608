/* The recorder's memory: boards of blocks, written round robin. A block whose write fails goes into the
 * bad-block map and the octets into another. */
#include "recorder.h"

#include <string.h>

#define DAMAGE 0x01u
#define MIB_OCTETS (1024.0 * 1024.0)
#define BLOCKS_OF_A_PACKET (SCIENCE_PACKET_LARGEST_OCTETS / RECORDER_BLOCK_OCTETS + 1u)

static unsigned board_of(uint16_t block) {
    return block / RECORDER_BOARD_BLOCKS;
}

static bool in_mask(double mask, unsigned board) {
    return (((unsigned)mask >> board) & 1u) != 0;
}

void recorder_store_init(recorder_t *recorder) {
    recorder->store.capacity_mib = RECORDER_CAPACITY_MIB;
    recorder->store.boards_in_use = (1u << RECORDER_BOARDS) - 1u;
    for (unsigned board = 0; board < RECORDER_BOARDS; board++) {
        recorder->store.counts[board][BLOCK_FREE] = RECORDER_BOARD_BLOCKS;
    }
}

/* Every change of a block's state, so that the counts need no search. */
static void mark(recorder_t *recorder, uint16_t block, recorder_block_t state) {
    recorder_store_t *store = &recorder->store;
    store->counts[board_of(block)][store->blocks[block]]--;
    store->counts[board_of(block)][state]++;
    store->blocks[block] = (uint8_t)state;
}

static bool is_usable(const recorder_t *recorder, uint16_t block) {
    return recorder->store.blocks[block] == BLOCK_FREE && in_mask(recorder->store.boards_in_use, board_of(block));
}

/* Consecutive blocks lie on different boards. */
static uint16_t place(uint16_t count) {
    return (uint16_t)(count % RECORDER_BOARDS * RECORDER_BOARD_BLOCKS + count / RECORDER_BOARDS);
}

static uint16_t allocate(recorder_t *recorder) {
    recorder_store_t *store = &recorder->store;
    for (unsigned i = 0; i < RECORDER_BLOCKS && !store->full; i++) {
        uint16_t block = place(store->cursor);
        store->cursor = (uint16_t)((store->cursor + 1) % RECORDER_BLOCKS);
        if (!is_usable(recorder, block)) {
            continue;
        }
        unsigned board = board_of(block);
        if (in_mask(store->dead_boards, board) || in_mask(store->worn_boards, board)) {
            mark(recorder, block, BLOCK_BAD);
            store->errors[board] += store->errors[board] < UINT8_MAX;
            continue;
        }
        mark(recorder, block, BLOCK_USED);
        store->next[block] = RECORDER_NO_BLOCK;
        return block;
    }
    return RECORDER_NO_BLOCK;
}

static void give_back(recorder_t *recorder, uint16_t block) {
    while (block != RECORDER_NO_BLOCK) {
        uint16_t next = recorder->store.next[block];
        mark(recorder, block, BLOCK_FREE);
        block = next;
    }
}

/* Blocks for `octets` more, linked behind the record's last; none when there are too few. */
static bool extend(recorder_t *recorder, recorder_record_t *record, size_t octets) {
    size_t held = record->extent.size_octets % RECORDER_BLOCK_OCTETS;
    size_t room = held == 0 ? 0 : RECORDER_BLOCK_OCTETS - held;
    uint16_t first = RECORDER_NO_BLOCK, last = RECORDER_NO_BLOCK;
    while (room < octets) {
        uint16_t block = allocate(recorder);
        if (block == RECORDER_NO_BLOCK) {
            give_back(recorder, first);
            return false;
        }
        if (first == RECORDER_NO_BLOCK) {
            first = block;
        } else {
            recorder->store.next[last] = block;
        }
        last = block;
        room += RECORDER_BLOCK_OCTETS;
    }
    if (first != RECORDER_NO_BLOCK && record->first_block == RECORDER_NO_BLOCK) {
        record->first_block = first;
    } else if (first != RECORDER_NO_BLOCK) {
        recorder->store.next[record->last_block] = first;
    }
    return true;
}

bool recorder_store_append(recorder_t *recorder, recorder_record_t *record, const uint8_t *data, size_t octets) {
    size_t at = record->extent.size_octets % RECORDER_BLOCK_OCTETS;
    bool begins_block = at == 0;
    if (!extend(recorder, record, octets)) {
        return false;
    }
    uint16_t block = record->last_block;
    if (begins_block) {
        block = block == RECORDER_NO_BLOCK ? record->first_block : recorder->store.next[block];
    }
    while (octets > 0) {
        size_t part = RECORDER_BLOCK_OCTETS - at < octets ? RECORDER_BLOCK_OCTETS - at : octets;
        memcpy(&recorder->octets[block][at], data, part);
        data += part;
        octets -= part;
        at = 0;
        record->last_block = block;
        block = recorder->store.next[block];
    }
    return true;
}

size_t recorder_store_read(const recorder_t *recorder, const recorder_record_t *record, size_t offset, uint8_t *data,
                           size_t room) {
    size_t size = record->extent.size_octets;
    if (offset >= size) {
        return 0;
    }
    size_t octets = size - offset < room ? size - offset : room;
    uint16_t block = record->first_block;
    for (size_t skip = offset / RECORDER_BLOCK_OCTETS; skip > 0; skip--) {
        block = recorder->store.next[block];
    }
    size_t at = offset % RECORDER_BLOCK_OCTETS;
    for (size_t done = 0; done < octets;) {
        size_t part = RECORDER_BLOCK_OCTETS - at < octets - done ? RECORDER_BLOCK_OCTETS - at : octets - done;
        if (in_mask(recorder->store.dead_boards, board_of(block))) {
            memset(&data[done], 0, part);
        } else {
            memcpy(&data[done], &recorder->octets[block][at], part);
        }
        done += part;
        at = 0;
        block = recorder->store.next[block];
    }
    return octets;
}

void recorder_store_release(recorder_t *recorder, recorder_record_t *record) {
    give_back(recorder, record->first_block);
    record->first_block = RECORDER_NO_BLOCK;
    record->last_block = RECORDER_NO_BLOCK;
}

static unsigned boards_in_use(const recorder_t *recorder) {
    unsigned count = 0;
    for (unsigned board = 0; board < RECORDER_BOARDS; board++) {
        count += in_mask(recorder->store.boards_in_use, board);
    }
    return count;
}

double recorder_store_capacity_mib(const recorder_t *recorder) {
    return recorder->store.capacity_mib * boards_in_use(recorder) / RECORDER_BOARDS;
}

double recorder_store_free_mib(const recorder_t *recorder) {
    const recorder_store_t *store = &recorder->store;
    unsigned free = 0, good = 0;
    for (unsigned board = 0; board < RECORDER_BOARDS; board++) {
        if (in_mask(store->boards_in_use, board)) {
            free += store->counts[board][BLOCK_FREE];
            good += store->counts[board][BLOCK_FREE] + store->counts[board][BLOCK_USED];
        }
    }
    double left_mib = store->capacity_mib * good / RECORDER_BLOCKS;
    for (unsigned slot = 0; slot < RECORDER_ENTRIES; slot++) {
        left_mib -= recorder->records[slot].id != 0 ? recorder->records[slot].volume_octets / MIB_OCTETS : 0;
    }
    bool none = store->full || free < BLOCKS_OF_A_PACKET || left_mib < 0;
    /* Down: what is said to be free is free. */
    return none ? 0 : (double)(uint32_t)left_mib;
}

uint16_t recorder_store_bad_blocks(const recorder_t *recorder) {
    uint16_t count = 0;
    for (unsigned board = 0; board < RECORDER_BOARDS; board++) {
        count = (uint16_t)(count + recorder->store.counts[board][BLOCK_BAD]);
    }
    return count;
}

uint16_t recorder_store_quarantine(recorder_t *recorder, unsigned board) {
    uint8_t left = (uint8_t)(recorder->store.boards_in_use & ~(1u << board));
    if (left == 0) {
        return RECORDER_FAULT_LAST_BOARD;
    }
    recorder->store.boards_in_use = left;
    return 0;
}

void recorder_store_return_board(recorder_t *recorder, unsigned board) {
    recorder->store.boards_in_use |= (uint8_t)(1u << board);
    recorder->store.errors[board] = 0;
    for (unsigned i = 0; i < RECORDER_BOARD_BLOCKS; i++) {
        uint16_t block = (uint16_t)(board * RECORDER_BOARD_BLOCKS + i);
        if (recorder->store.blocks[block] == BLOCK_BAD) {
            mark(recorder, block, BLOCK_FREE);
        }
    }
}

void recorder_store_damage(recorder_t *recorder, uint16_t entry_id) {
    const recorder_record_t *record = recorder_record(recorder, entry_id);
    if (record != NULL && record->first_block != RECORDER_NO_BLOCK) {
        recorder->octets[record->first_block][record->extent.size_octets % RECORDER_BLOCK_OCTETS / 2] ^= DAMAGE;
    }
}
