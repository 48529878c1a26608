/* Which echoes of a sweep are recorded: some spread over it, so that it is seen from end to end, and the pulses about
 * the instant its beam comes to broadside without a gap, for a picture. */
#ifndef SAR_SWEEP_H
#define SAR_SWEEP_H

#include "sar_pulse.h"

typedef struct {
    uint32_t spacing;                                  /* every so many pulses of the echo phase one is recorded */
    uint32_t from[SAR_SUB_SWATHS], to[SAR_SUB_SWATHS]; /* of each sub-swath, from which pulse up to which all are */
} sar_sweep_t;

/* For as many pulses as the bench's rate of science data carries in the data take. */
sar_sweep_t sar_sweep(const sim_t *sim, double pulses_carried);

/* The first pulse that is recorded, not before `number`. */
uint32_t sar_sweep_next(const sar_sweep_t *sweep, uint32_t number);

/* The most pulses that may be recorded. */
uint32_t sar_sweep_most(void);

#endif
