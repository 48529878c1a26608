/* SAR source packets in the layout of Sentinel-1's instrument source packets (S1-IF-ASD-PL-0007; SAR_PACKET of the
 * dictionary). Scaled down: the first part of the window, and the first pulses of each phase; of a sweep some. */
#ifndef SAR_PACKETS_H
#define SAR_PACKETS_H

#include "sar_sweep.h"
#include "science.h"
#include "sim.h"

#define SAR_ANCILLARY_WORDS 64u

typedef struct {
    uint32_t sent;
    uint32_t sent_in_phase; /* pulses, whose packets may be several */
    uint32_t number;        /* of the phase's pulse under way */
    uint32_t next;          /* of the phase's next pulse whose echo may be recorded */
    uint8_t phase;
    uint32_t first_interval; /* of the phase, counted from the start of the data take */
    sar_sweep_t sweep;
    uint16_t ancillary[SAR_ANCILLARY_WORDS];
    science_pace_t pace;
} sar_packets_t;

void sar_packets_start(sim_t *sim);
/* One step of a data take: every packet that is due goes to the recorder. Each phase sends at least
 * one pulse, whatever the rate. */
void sar_packets_step(sim_t *sim, uint8_t phase, uint64_t now_us);

#endif
