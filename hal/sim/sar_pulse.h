/* What the SAR unit does with each pulse of a data take, from the acquisition table alone: its signal type, its
 * sub-swath with that one's codes, and the azimuth beam of the sweep. */
#ifndef SAR_PULSE_H
#define SAR_PULSE_H

#include "sim.h"

#define SAR_CHANNELS 2u /* of the receiver: V, H */
#define SAR_SUB_SWATHS 3u
#define SAR_CALIBRATION_SIGNALS 3u /* Tx, Rx, EPDN */

typedef struct {
    uint8_t signal;       /* SAR_SIGNAL */
    uint8_t polarisation; /* Sentinel-1's code: what is transmitted, and what is received with it */
    uint8_t sub_swath;    /* counted from 0 */
    uint8_t rank, elevation_beam;
    uint16_t azimuth_beam;
    uint16_t pri_code, pulse_code, swst_code, swl_code;
    uint64_t start_code; /* begins so long after its phase, 1/Fref */
} sar_pulse_t;

/* A sub-swath's first turn in the echo phase: its pulses from `begin` up to `end`, and its sweep. `at_broadside` is the
 * pulse with which the beam comes to broadside or passes it, `end` when none does. */
typedef struct {
    uint32_t begin, end, at_broadside;
    int32_t step; /* beams, 0 when the beam stands */
    uint32_t pulses_per_beam;
} sar_turn_t;

/* Pulse `number` (counted from 0) of a phase (SAR_PHASE) of the data take that the unit's table describes. In the echo
 * phase three of every SAR_INTERLEAVED_CALIBRATION_PULSES are calibration. */
sar_pulse_t sar_pulse(const sim_t *sim, uint8_t phase, uint32_t number);

/* Its signal type alone. */
uint8_t sar_pulse_signal(uint8_t phase, uint32_t number);

/* Does the azimuth beam move from pulse to pulse of the phase? */
bool sar_pulse_sweeps(const sim_t *sim, uint8_t phase);

/* Of a sub-swath that the table does not have, empty. */
sar_turn_t sar_turn(const sim_t *sim, unsigned swath);

/* The pulse that is under way so long after the phase began. */
uint32_t sar_pulse_number(const sim_t *sim, uint8_t phase, uint64_t elapsed_us);

/* Of a polarisation code: whether V is transmitted, else H, and whether a receive channel (0 V, 1 H) is recorded. */
bool sar_pulse_transmits_v(uint8_t polarisation);
bool sar_pulse_receives(uint8_t polarisation, unsigned channel);

#endif
