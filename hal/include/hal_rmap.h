/* RMAP initiator on the unit bus (ECSS-E-ST-50-52C): read, and verified acknowledged write.
 *
 * A write that is repeated is the same transaction, and a unit carries it out once.
 *
 * One transaction at a time, COBS-framed on the half-duplex bus. Each call returns within
 * (retries + 1) x reply_timeout_ms plus transmission time. */
#ifndef HAL_RMAP_H
#define HAL_RMAP_H

#include <stddef.h>
#include <stdint.h>

#define HAL_RMAP_OK 0
#define HAL_RMAP_NO_REPLY 1  /* every attempt timed out */
#define HAL_RMAP_BAD_REPLY 2 /* every reply was malformed or to another request */
#define HAL_RMAP_ERROR 3     /* the target answered with an error: see hal_rmap_last_status() */
#define HAL_RMAP_BAD_ARGUMENT 4

/* Forget counters and the last status; transaction identifiers start anew. */
void hal_rmap_init(void);

int hal_rmap_read(uint8_t node, uint32_t address, uint8_t *data, size_t octets);
int hal_rmap_write(uint8_t node, uint32_t address, const uint8_t *data, size_t octets);
uint8_t hal_rmap_last_status(void);

typedef struct {
    uint32_t transactions;
    uint16_t retries, failures;
} hal_rmap_counters_t;
const hal_rmap_counters_t *hal_rmap_counters(void);

/* Packet level, shared with the target (hal/sim) and the tests. CRC-8 of ECSS-E-ST-50-52C annex A. */
uint8_t hal_rmap_crc8(const uint8_t *data, size_t octets, uint8_t previous);

#endif
