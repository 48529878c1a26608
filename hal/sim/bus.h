/* Unit bus: COBS frames in, one reply frame a request out, late where a fault delays it. */
#ifndef BUS_H
#define BUS_H

#include "rmap_target.h"
#include "sim.h"

/* Longer frames than any command are taken too, so that a target can say how they are wrong. */
#define BUS_FRAME_LARGEST_OCTETS 1024u
#define BUS_REPLIES 8u
#define BUS_REPLY_LARGEST_OCTETS (RMAP_REPLY_LARGEST_OCTETS + RMAP_REPLY_LARGEST_OCTETS / 254u + 2u)

typedef struct {
    uint64_t due_us;
    uint16_t octets, sent;
    uint8_t data[BUS_REPLY_LARGEST_OCTETS];
} bus_reply_t;

typedef struct {
    uint8_t frame[BUS_FRAME_LARGEST_OCTETS];
    size_t octets;
    bool overlong;
    /* In the order in which they are sent; only the first may be part sent. */
    bus_reply_t replies[BUS_REPLIES];
    unsigned waiting;
    uint32_t requests, discarded;
} bus_t;

#endif
