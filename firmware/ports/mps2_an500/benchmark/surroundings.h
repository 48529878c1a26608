/* What surrounds the computer of a benchmark image: the unit models, the lines and the discretes, all
 * inside the image, so that nothing comes in from outside and a run is the same every time.
 *
 * The functions of the board that would reach out are taken over by the linker (--wrap). What the
 * models cost is not counted; what the computer does for them (an interrupt an octet) is. */
#ifndef SURROUNDINGS_H
#define SURROUNDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim.h"

/* Edges of transmit-enable kept over resets of the computer. */
#define SURROUNDINGS_EDGES 64u
#define SURROUNDINGS_NOTES 16u
/* Instructions of one tick of the counter (25 MHz) under the emulator's -icount shift=0. */
#define INSTRUCTIONS_A_TICK 40u

typedef struct {
    uint64_t time_us;
    uint8_t code;
} edge_t;

/* Outlives resets of the computer, not of the emulator. */
typedef struct {
    uint32_t magic;
    bool enable;           /* level of the transmit-enable discrete */
    bool enable_applied;   /* the same, as the units were told it */
    bool alarm;            /* level of the alarm discrete */
    uint32_t edge_count;   /* of transmit-enable, beyond SURROUNDINGS_EDGES not kept */
    uint64_t heartbeat_us; /* the application's last heartbeat */
    uint64_t alarm_us;     /* when the alarm was last raised */
    uint64_t next_pps_us;
    edge_t edges[SURROUNDINGS_EDGES];
    int32_t notes[SURROUNDINGS_NOTES]; /* of the script that runs */
    sim_t *sim;
} surroundings_t;

#define SURROUNDINGS ((surroundings_t *)0x60000000) /* PSRAM, which nothing else uses */

/* Count the instructions from here on; those since, without the models'. */
void surroundings_count(void);
uint32_t surroundings_counted(void);
/* 25 MHz ticks of the counter, whatever is counted. */
uint32_t surroundings_ticks(void);

/* Octets of the telecommand link. They arrive one an interrupt while the computer waits. False when
 * they do not fit. */
bool surroundings_link(const uint8_t *data, size_t octets);

/* Raise the alarm after a delay, from a timer's interrupt; 0: clear it now. */
void surroundings_alarm(uint32_t after_us);

#endif
