/* The guard's protected state: seen by the guard, and by tests that corrupt it. */
#ifndef GUARD_STATE_H
#define GUARD_STATE_H

#include <stdint.h>

enum {
    GUARD_PERMITTED,    /* 0 or 1 */
    GUARD_TRANSMITTING, /* 0 or 1: level driven on the discrete */
    GUARD_TAKE_LIMIT_MS,
    GUARD_ON_SINCE_LOW,
    GUARD_ON_SINCE_HIGH,
    GUARD_HEARTBEAT_LOW,
    GUARD_HEARTBEAT_HIGH,
    GUARD_WORDS
};

/* Each word and its complement. */
extern volatile uint32_t guard_words[GUARD_WORDS];
extern volatile uint32_t guard_complements[GUARD_WORDS];

#endif
