/* Values that survive a reset and a power cut: a raw journal of (key, value) records over the NOR
 * flash, in the sectors that the dictionary reserves ([flash] of mission.toml).
 *
 * A power cut at any instant, inside a program or an erase included, leaves every key with its old
 * or its new value. put() only notes; step() writes, with at most one flash operation a call, and
 * never waits. An erase never starts while transmit is enabled (hal_flash.h); values noted meanwhile
 * are written afterwards.
 *
 * Record, 16 octets, big-endian, slot by slot from a sector's start:
 *   magic u16 0x4A45, key u16, sequence u32, value u32, CRC-32 u32 over the first 12 octets.
 * A slot of 0xFF only is blank. The value of a key is that of its good record with the highest
 * sequence number; what is not a good record is passed over. Records are written in the sector that
 * holds the highest sequence number of all, after its last slot that is not blank. */
#ifndef HAL_JOURNAL_H
#define HAL_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#define HAL_JOURNAL_RECORD_OCTETS 16
#define HAL_JOURNAL_MAGIC 0x4A45u

/* Failed programs or erases in a row after which the journal writes no more until the next boot. */
#define HAL_JOURNAL_FAULTS_ALLOWED 8

typedef struct {
    uint32_t programs, erases; /* since boot */
    uint32_t faults;           /* programs and erases that failed or did not read back */
    uint32_t damaged;          /* slots found at boot that were neither blank nor good */
    uint32_t pending;          /* keys whose present value is not in flash yet */
    bool failed;               /* gave up; values are kept in memory only */
} hal_journal_status_t;

/* Read what is in flash. Waits for an operation a reset left under way, 1 s at most. Once a boot. */
void hal_journal_init(void);

/* The present value of a key. False when it was never put, or there is no such key. */
bool hal_journal_get(uint32_t key, uint32_t *value);

/* Note a value. False when there is no such key. The value that is there already costs nothing. */
bool hal_journal_put(uint32_t key, uint32_t value);

/* Once a cycle. */
void hal_journal_step(void);

/* put(), and write this key before any other: waits, `limit_ms` at most. True when it is in flash; else it is the next
 * to be written. */
bool hal_journal_put_now(uint32_t key, uint32_t value, uint32_t limit_ms);

/* Write what is noted, before a reset: waits, `limit_ms` at most. True when everything is in flash. */
bool hal_journal_flush(uint32_t limit_ms);

const hal_journal_status_t *hal_journal_status(void);

#endif
