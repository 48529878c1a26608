/* Optical source packets (dictionary, OPTICAL_PACKET), scaled down: one line of one band each. */
#ifndef OPTICAL_PACKETS_H
#define OPTICAL_PACKETS_H

#include "science.h"
#include "sim.h"

#define OPTICAL_SATURATION_ROWS 32u

typedef struct {
    uint32_t sent;          /* into the entry */
    uint8_t strip;          /* of the entry, 1 onwards */
    uint32_t next;          /* recorded line of the strip that comes next */
    uint32_t charged_lines; /* lines of the strip that the recorder was told of */
    science_pace_t pace;
    /* Of the rows recorded last, the newest at `rows` - 1, modulo their number. */
    uint32_t rows;
    uint16_t saturated[OPTICAL_SATURATION_ROWS], samples[OPTICAL_SATURATION_ROWS];
} optical_packets_t;

/* A strip begins, in an entry of its own or as the next of the same one. */
void optical_packets_start(sim_t *sim, bool same_entry);
/* One step of an image: every row that is due goes to the recorder, and the strip's first in any case. */
void optical_packets_step(sim_t *sim, uint64_t now_us);
/* Samples at the converter's end, among those of the strip's last OPTICAL_SATURATION_ROWS rows that were recorded. */
double optical_packets_saturated_percent(const optical_packets_t *packets);

#endif
