/* Upsets of the application's own memory, for the bench. */
#define _GNU_SOURCE /* memmem() */
#include "boards/host/host.h"

#include "py/mpstate.h"

#include <string.h>

unsigned host_heap_upset(const uint8_t *octets, size_t count, size_t place, uint8_t mask) {
    unsigned found = 0;
    uint8_t *at = (uint8_t *)MP_STATE_MEM(area).gc_pool_start;
    uint8_t *end = (uint8_t *)MP_STATE_MEM(area).gc_pool_end;
    while ((at = memmem(at, (size_t)(end - at), octets, count)) != NULL) {
        at[place] ^= mask;
        at += count;
        found++;
    }
    return found;
}
