#include "sar_sweep.h"

#include "dictionary.h"
#include "registers.h"
#include "science_data.h"
#include "sim_internal.h"

static uint32_t least(uint32_t one, uint32_t other) {
    return one < other ? one : other;
}

static uint32_t greatest(uint32_t one, uint32_t other) {
    return one > other ? one : other;
}

uint32_t sar_sweep_most(void) {
    return SAR_SCALE_SWEEP_PULSES + 2 * SAR_SCALE_ECHO_PULSES;
}

/* Pulses from one up to another. */
typedef struct {
    uint32_t from, to;
} run_t;

static uint32_t length_of(run_t run) {
    return run.to > run.from ? run.to - run.from : 0;
}

/* The pulses of a sub-swath's first turn that may be recorded without a gap: the beam hardly moves meanwhile, and no
 * calibration pulse is among them. None when the beam does not come to broadside, where a picture would have to be. */
static run_t allowed(const sar_turn_t *turn, uint32_t pulses) {
    uint32_t at = turn->at_broadside;
    if (turn->step == 0 || at >= turn->end || at >= pulses) {
        return (run_t){0, 0};
    }
    uint32_t step = (uint32_t)(turn->step < 0 ? -turn->step : turn->step);
    uint32_t half = SAR_SCALE_UNBROKEN_BEAMS / step * turn->pulses_per_beam;
    /* Calibration pulses end each group. */
    uint32_t group = at / SAR_INTERLEAVED_CALIBRATION_PULSES * SAR_INTERLEAVED_CALIBRATION_PULSES;
    uint32_t begin = greatest(turn->begin, group), end = least(turn->end, pulses);
    end = least(end, group + SAR_INTERLEAVED_CALIBRATION_PULSES - SAR_CALIBRATION_SIGNALS);
    if (at >= end) {
        return (run_t){0, 0};
    }
    return (run_t){at - least(half, at - begin), least(at + half, end)};
}

/* As much of it as that, about broadside. */
static run_t cut(run_t run, uint32_t length, uint32_t at_broadside) {
    if (length_of(run) <= length) {
        return run;
    }
    uint32_t latest = run.to - length, before = at_broadside - run.from;
    uint32_t from = before > length / 2 ? at_broadside - length / 2 : run.from;
    from = least(from, latest);
    return (run_t){from, from + length};
}

sar_sweep_t sar_sweep(const sim_t *sim, double pulses_carried) {
    sar_sweep_t sweep = {0};
    uint32_t pulses =
        sar_pulse_number(sim, SAR_PHASE_ECHO, sar_table_value(sim, SAR_TABLE_DURATION_MS_OFFSET) * UINT64_C(1000));
    uint32_t most = sar_sweep_most(), swaths = 0;
    uint32_t carried = pulses_carried < most ? (uint32_t)pulses_carried : most, spread = carried;
    sar_turn_t turns[SAR_SUB_SWATHS];
    run_t runs[SAR_SUB_SWATHS];
    for (unsigned swath = 0; swath < SAR_SUB_SWATHS; swath++) {
        turns[swath] = sar_turn(sim, swath);
        runs[swath] = allowed(&turns[swath], pulses);
        swaths += length_of(runs[swath]) > 0;
    }
    uint32_t for_pictures = carried - least(carried / 4, SAR_SCALE_SWEEP_PULSES);
    uint32_t share = swaths > 0 ? least(for_pictures / swaths, SAR_SCALE_ECHO_PULSES) : 0;
    for (unsigned swath = 0; swath < SAR_SUB_SWATHS; swath++) {
        run_t run = cut(runs[swath], share, turns[swath].at_broadside);
        if (length_of(run) >= SAR_SCALE_UNBROKEN_LEAST_PULSES) {
            sweep.from[swath] = run.from;
            sweep.to[swath] = run.to;
            spread -= length_of(run);
        }
    }
    spread = least(spread, SAR_SCALE_SWEEP_PULSES);
    /* Odd: where the polarisation alternates, both are recorded. */
    sweep.spacing = greatest(pulses / greatest(spread, 1), SAR_SCALE_SWEEP_LEAST_SPACING) | 1u;
    return sweep;
}

uint32_t sar_sweep_next(const sar_sweep_t *sweep, uint32_t number) {
    for (;;) {
        uint32_t next = (number + sweep->spacing - 1) / sweep->spacing * sweep->spacing;
        for (unsigned swath = 0; swath < SAR_SUB_SWATHS; swath++) {
            if (sweep->to[swath] > number && sweep->to[swath] > sweep->from[swath]) {
                next = least(next, number > sweep->from[swath] ? number : sweep->from[swath]);
            }
        }
        if (sar_pulse_signal(SAR_PHASE_ECHO, next) == SAR_SIGNAL_ECHO) {
            return next;
        }
        number = next + 1; /* the calibration pulses among the echoes are sent besides */
    }
}
