/* SAR source packets in the layout of Sentinel-1's instrument source packets (S1-IF-ASD-PL-0007):
 * primary header 6 octets, secondary header 62, BAQ or bypass samples. Scaled down: few samples a
 * packet, and a packet for few of the pulses. Extension: the instrument configuration identifier
 * holds the sampling rate in kHz, which the layout's decimation code cannot express. */
#ifndef SAR_PACKETS_H
#define SAR_PACKETS_H

#include "science.h"
#include "sim.h"

typedef struct {
    uint32_t sent;
    uint32_t sent_in_phase;
    uint32_t number; /* of the phase's pulse under way */
    uint8_t phase;
    science_pace_t pace;
} sar_packets_t;

void sar_packets_start(sim_t *sim);
/* One step of a data take: every packet that is due goes to the recorder. Each phase sends at least
 * one packet, whatever the rate. */
void sar_packets_step(sim_t *sim, uint8_t phase, uint64_t now_us);

#endif
