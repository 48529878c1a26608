#include "sar_pulse.h"

#include "dictionary.h"
#include "registers.h"
#include "science_data.h"
#include "sim_internal.h"

#define TRANSMITS_V 4u
#define RECEIVES_V 2u
#define RECEIVES_H 1u

/* Offsets of one sub-swath's fields in the table. */
typedef struct {
    uint16_t rank, elevation_beam, azimuth_beam, step, pulses_per_beam, burst_pulses, pri, pulse, swst, swl;
} fields_t;

#define FIELDS(suffix)                                                                                                 \
    {                                                                                                                  \
        SAR_TABLE_RANK##suffix##_OFFSET, SAR_TABLE_ELEVATION_BEAM##suffix##_OFFSET,                                    \
            SAR_TABLE_AZIMUTH_BEAM##suffix##_OFFSET, SAR_TABLE_AZIMUTH_BEAM_STEP##suffix##_OFFSET,                     \
            SAR_TABLE_PULSES_PER_BEAM##suffix##_OFFSET, SAR_TABLE_BURST_PULSES##suffix##_OFFSET,                       \
            SAR_TABLE_PRI_CODE##suffix##_OFFSET, SAR_TABLE_PULSE_CODE##suffix##_OFFSET,                                \
            SAR_TABLE_SWST_CODE##suffix##_OFFSET, SAR_TABLE_SWL_CODE##suffix##_OFFSET                                  \
    }

static const fields_t fields[SAR_SUB_SWATHS] = {FIELDS(), FIELDS(_2), FIELDS(_3)};

static const uint8_t polarisation_codes[SAR_PACKETS_POLARISATION_CODES_COUNT][2] = SAR_PACKETS_POLARISATION_CODES;

_Static_assert(SAR_INTERLEAVED_CALIBRATION_PULSES % 2 == 0, "each group of pulses begins with the same polarisation");

static uint32_t value(const sim_t *sim, uint16_t offset) {
    return (uint32_t)unit_raw(&sim->units[SIM_SAR], UNIT_MEMORY, offset);
}

bool sar_pulse_sweeps(const sim_t *sim, uint8_t phase) {
    uint32_t mode = value(sim, SAR_TABLE_MODE_OFFSET);
    return phase == SAR_PHASE_ECHO && (mode == SAR_MODE_SPOTLIGHT || mode == SAR_MODE_TOPS);
}

/* Sub-swaths that take turns in the phase: only echoes of TOPS change. */
static unsigned turns(const sim_t *sim, uint8_t phase) {
    uint32_t count = value(sim, SAR_TABLE_SUB_SWATHS_OFFSET);
    bool alone = phase != SAR_PHASE_ECHO || value(sim, SAR_TABLE_MODE_OFFSET) != SAR_MODE_TOPS;
    return alone || count == 0 ? 1 : count > SAR_SUB_SWATHS ? SAR_SUB_SWATHS : count;
}

/* Pulses of a sub-swath's turn; a sub-swath that is alone has no end. */
static uint32_t burst_pulses(const sim_t *sim, unsigned swath) {
    uint32_t pulses = value(sim, fields[swath].burst_pulses);
    return pulses > 0 ? pulses : 1;
}

static uint16_t beam_of(const sim_t *sim, uint8_t phase, unsigned swath, uint32_t pulse) {
    const fields_t *at = &fields[swath];
    int64_t beam = value(sim, at->azimuth_beam);
    uint32_t per_beam = value(sim, at->pulses_per_beam);
    if (sar_pulse_sweeps(sim, phase) && per_beam > 0) {
        beam += (int64_t)unit_raw(&sim->units[SIM_SAR], UNIT_MEMORY, at->step) * (pulse / per_beam);
    }
    return (uint16_t)beam;
}

uint8_t sar_pulse_signal(uint8_t phase, uint32_t number) {
    uint32_t in_group = number % SAR_INTERLEAVED_CALIBRATION_PULSES;
    /* At the end of each group, so that a data take begins with an unbroken run of echoes. */
    uint32_t first = SAR_INTERLEAVED_CALIBRATION_PULSES - SAR_CALIBRATION_SIGNALS;
    switch (phase) {
    case SAR_PHASE_NOISE:
        return SAR_SIGNAL_NOISE;
    case SAR_PHASE_ECHO:
        return (uint8_t)(in_group < first ? SAR_SIGNAL_ECHO : SAR_SIGNAL_TX_CALIBRATION + in_group - first);
    default:
        return (uint8_t)(SAR_SIGNAL_TX_CALIBRATION + number % SAR_CALIBRATION_SIGNALS);
    }
}

/* Without the transmitter there is no Tx path to calibrate: its place is the Rx path's. */
static uint8_t signal_of(const sim_t *sim, uint8_t phase, uint32_t number) {
    uint8_t signal = sar_pulse_signal(phase, number);
    bool receives_only = value(sim, SAR_TABLE_MODE_OFFSET) == SAR_MODE_RX_ONLY;
    return receives_only && signal == SAR_SIGNAL_TX_CALIBRATION ? SAR_SIGNAL_RX_CALIBRATION : signal;
}

bool sar_pulse_transmits_v(uint8_t polarisation) {
    return (polarisation & TRANSMITS_V) != 0;
}

bool sar_pulse_receives(uint8_t polarisation, unsigned channel) {
    return (polarisation & (channel == 0 ? RECEIVES_V : RECEIVES_H)) != 0;
}

/* Where the polarisation alternates, the three calibration pulses among the echoes change places from group to group,
 * so that in time each of their paths is seen in both. */
static uint8_t polarisation_of(const sim_t *sim, uint8_t phase, uint32_t number) {
    bool interleaved = phase == SAR_PHASE_ECHO && sar_pulse_signal(phase, number) != SAR_SIGNAL_ECHO;
    uint32_t turn = interleaved ? number + number / SAR_INTERLEAVED_CALIBRATION_PULSES : number;
    return polarisation_codes[value(sim, SAR_TABLE_POLARISATION_OFFSET)][turn % 2];
}

sar_pulse_t sar_pulse(const sim_t *sim, uint8_t phase, uint32_t number) {
    unsigned count = turns(sim, phase), swath = 0;
    uint32_t in_burst = number;
    uint64_t start_code = 0;
    if (count > 1) {
        uint64_t round_pulses = 0, round_codes = 0;
        for (unsigned i = 0; i < count; i++) {
            round_pulses += burst_pulses(sim, i);
            round_codes += (uint64_t)burst_pulses(sim, i) * value(sim, fields[i].pri);
        }
        start_code = number / round_pulses * round_codes;
        in_burst = (uint32_t)(number % round_pulses);
        while (in_burst >= burst_pulses(sim, swath)) {
            in_burst -= burst_pulses(sim, swath);
            start_code += (uint64_t)burst_pulses(sim, swath) * value(sim, fields[swath].pri);
            swath++;
        }
    }
    const fields_t *at = &fields[swath];
    return (sar_pulse_t){
        .signal = signal_of(sim, phase, number),
        .polarisation = polarisation_of(sim, phase, number),
        .sub_swath = (uint8_t)swath,
        .rank = (uint8_t)value(sim, at->rank),
        .elevation_beam = (uint8_t)value(sim, at->elevation_beam),
        .azimuth_beam = beam_of(sim, phase, swath, in_burst),
        .pri_code = (uint16_t)value(sim, at->pri),
        .pulse_code = (uint16_t)value(sim, at->pulse),
        .swst_code = (uint16_t)value(sim, at->swst),
        .swl_code = (uint16_t)value(sim, at->swl),
        .start_code = start_code + (uint64_t)in_burst * value(sim, at->pri),
    };
}

sar_turn_t sar_turn(const sim_t *sim, unsigned swath) {
    unsigned count = turns(sim, SAR_PHASE_ECHO);
    sar_turn_t turn = {0};
    if (swath >= count) {
        return turn;
    }
    for (unsigned i = 0; i < swath; i++) {
        turn.begin += burst_pulses(sim, i);
    }
    const fields_t *at = &fields[swath];
    turn.end = count > 1 ? turn.begin + burst_pulses(sim, swath) : UINT32_MAX;
    turn.at_broadside = turn.end;
    turn.pulses_per_beam = value(sim, at->pulses_per_beam);
    if (sar_pulse_sweeps(sim, SAR_PHASE_ECHO) && turn.pulses_per_beam > 0) {
        turn.step = (int32_t)unit_raw(&sim->units[SIM_SAR], UNIT_MEMORY, at->step);
    }
    int32_t beams = (int32_t)SAR_AZIMUTH_BEAM_BROADSIDE - (int32_t)value(sim, at->azimuth_beam);
    if (turn.step != 0 && (beams == 0 || (beams < 0) == (turn.step < 0))) {
        uint32_t distance = (uint32_t)(beams < 0 ? -beams : beams);
        uint32_t step = (uint32_t)(turn.step < 0 ? -turn.step : turn.step);
        uint64_t pulse = turn.begin + (uint64_t)((distance + step - 1) / step) * turn.pulses_per_beam;
        turn.at_broadside = pulse < turn.end ? (uint32_t)pulse : turn.end;
    }
    return turn;
}

uint32_t sar_pulse_number(const sim_t *sim, uint8_t phase, uint64_t elapsed_us) {
    uint64_t elapsed = (uint64_t)((double)elapsed_us * SAR_REFERENCE_FREQUENCY_HZ / 1e6);
    unsigned count = turns(sim, phase);
    uint64_t round_pulses = 0, round_codes = 0;
    for (unsigned i = 0; i < count; i++) {
        uint32_t pulses = count > 1 ? burst_pulses(sim, i) : 1;
        round_pulses += pulses;
        round_codes += (uint64_t)pulses * value(sim, fields[i].pri);
    }
    if (round_codes == 0) {
        return 0;
    }
    uint64_t number = elapsed / round_codes * round_pulses;
    uint64_t rest = elapsed % round_codes;
    for (unsigned i = 0; i < count; i++) {
        uint32_t pulses = count > 1 ? burst_pulses(sim, i) : 1;
        uint64_t pri = value(sim, fields[i].pri);
        if (rest < pulses * pri) {
            return (uint32_t)(number + rest / pri);
        }
        number += pulses;
        rest -= pulses * pri;
    }
    return (uint32_t)number;
}
