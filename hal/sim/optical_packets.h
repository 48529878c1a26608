/* Optical source packets, scaled down: a strip of one line of one band.
 *
 * Primary header 6 octets. Secondary header 20: GPS seconds u32, fraction u16 (2^-16 s), line u32,
 * task u32, band mask bit u8, gain u8, TDI stages u8, compression u8 (0.1), pixels u16. Then the pixels, 12 bits each.
 */
#ifndef OPTICAL_PACKETS_H
#define OPTICAL_PACKETS_H

#include "science.h"
#include "sim.h"

typedef struct {
    uint32_t sent;
    science_pace_t pace;
} optical_packets_t;

void optical_packets_start(sim_t *sim);
/* One step of an image: every packet that is due, and one at the least, goes to the recorder. */
void optical_packets_step(sim_t *sim, uint64_t now_us);

#endif
