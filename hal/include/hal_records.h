/* Records that survive a reset and a power cut: places of fixed length, each kept in two copies and a
 * journal over the NOR flash, in three sectors that the dictionary reserves ([flash] of mission.toml).
 * For what is too long for the journal of hal_journal.h and must not be lost with one sector. There are two
 * stores, each with sectors of its own: the recorder's catalogue and the SAR acquisition tables.
 *
 * A power cut at any instant, inside a program or an erase included, leaves each place with its old or
 * its new content, and so does the loss of a whole sector that was not being written. put() programs one
 * cell of the journal; step() then checks it, and rewrites the copies when the journal is half full, with
 * at most one flash operation a call; neither waits. No erase starts while transmit is enabled
 * (hal_flash.h); half of the journal is left for what comes meanwhile.
 *
 * A cell, 64 octets of the catalogue and 128 of the tables, big-endian: magic u16 0x4543, place u8, 0 u8,
 * number u32, content, CRC-32 u32 over what is before it. The content of a place is that of its good cell with
 * the highest number, in whichever sector it stands; what is not a good cell is passed over. A sector is erased
 * only when no place has its newest content there alone. Both copies are rewritten after every boot, which
 * repairs them. */
#ifndef HAL_RECORDS_H
#define HAL_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HAL_RECORDS_CATALOGUE_PLACES 64
#define HAL_RECORDS_CATALOGUE_CONTENT_OCTETS 52
#define HAL_RECORDS_TABLES_PLACES 8
#define HAL_RECORDS_TABLES_CONTENT_OCTETS 116

typedef enum { HAL_RECORDS_CATALOGUE = 0, HAL_RECORDS_TABLES = 1, HAL_RECORDS_STORES = 2 } hal_records_store_t;

typedef struct {
    uint32_t damaged_a, damaged_b, damaged_journal; /* cells found at boot that were neither blank nor good */
    uint32_t programs, erases;                      /* since boot */
    uint32_t faults;                                /* operations that failed or did not read back */
    bool settled;                                   /* both copies hold every place's newest content */
    bool failed; /* gave up until the next boot: what is put is kept in memory only */
} hal_records_status_t;

/* Read what is in flash, of every store. Waits for an operation a reset left under way, 1 s at most. Once a boot. */
void hal_records_init(void);

/* The content of a place, `octets` of it. False when it was never put or there is no such place. */
bool hal_records_get(hal_records_store_t store, unsigned place, uint8_t *data, size_t octets);

/* Had the place content that is lost: found damaged in both copies at boot, good nowhere, and not put since? */
bool hal_records_lost(hal_records_store_t store, unsigned place);

/* Begin to write a place. False when that is not possible now (flash busy, the last put not yet checked,
 * journal full) or never (no such place, too long): nothing has changed then. */
bool hal_records_put(hal_records_store_t store, unsigned place, const uint8_t *data, size_t octets);

/* Is what was put not yet known to be in flash? */
bool hal_records_pending(hal_records_store_t store);

/* Once a cycle. */
void hal_records_step(hal_records_store_t store);

const hal_records_status_t *hal_records_status(hal_records_store_t store);

#endif
