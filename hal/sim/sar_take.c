/* The SAR unit's data take: its phases, when the antenna radiates, and for how long. */
#include "dictionary.h"
#include "registers.h"
#include "sar.h"
#include "sim_internal.h"

/* The dictionary allows sar.take_overhead_ms for what surrounds the echoes. */
#define NOISE_US (SAR_NOISE_MS * UINT64_C(1000))
#define CALIBRATION_US (SAR_CALIBRATION_MS * UINT64_C(1000))

uint32_t sar_table_value(const sim_t *sim, uint16_t offset) {
    return (uint32_t)unit_raw(&sim->units[SIM_SAR], UNIT_MEMORY, offset);
}

static uint64_t echo_start_us(const sim_t *sim) {
    return sim->sar.take_start_us + NOISE_US + CALIBRATION_US;
}

static uint64_t echo_end_us(const sim_t *sim) {
    return echo_start_us(sim) + sar_table_value(sim, SAR_TABLE_DURATION_MS_OFFSET) * UINT64_C(1000);
}

bool sar_is_stuck(const sim_t *sim) {
    return sim->units[SIM_SAR].faults[UNIT_FAULT_STUCK_STATE] != 0;
}

bool sar_table_transmits(const sim_t *sim) {
    return sar_table_value(sim, SAR_TABLE_MODE_OFFSET) != SAR_MODE_RX_ONLY;
}

/* The pulses of CALIBRATION end in the calibration network, those of TEST in its load. */
static bool table_radiates(const sim_t *sim) {
    uint32_t mode = sar_table_value(sim, SAR_TABLE_MODE_OFFSET);
    return mode == SAR_MODE_STRIPMAP || mode == SAR_MODE_SPOTLIGHT || mode == SAR_MODE_TOPS;
}

/* The antenna radiates in the echo phase alone: calibration pulses end in the calibration network. */
bool sar_is_transmitting(const sim_t *sim) {
    const sar_t *sar = &sim->sar;
    return sim->units[SIM_SAR].powered && sar->state == SAR_UNIT_STATE_TAKING && sar->phase == SAR_PHASE_ECHO &&
           sar->transmit_enable && table_radiates(sim);
}

void sar_take_account(sim_t *sim, uint64_t now_us) {
    sar_t *sar = &sim->sar;
    uint64_t from_us = sar->accounted_us > echo_start_us(sim) ? sar->accounted_us : echo_start_us(sim);
    uint64_t to_us = now_us < echo_end_us(sim) || sar_is_stuck(sim) ? now_us : echo_end_us(sim);
    if (sar->transmit_enable && table_radiates(sim) && to_us > from_us) {
        sar->transmit_us += to_us - from_us;
        sar->transmit_total_us += to_us - from_us;
    }
    sar->accounted_us = now_us;
}

void sar_take_end(sim_t *sim, uint8_t phase, uint16_t fault_flags) {
    sim->sar.phase = phase;
    sim->sar.fault_flags |= fault_flags;
    sim->sar.forward_db = 0;
    sim->sar.reflected_percent = 0;
    sar_enter(sim, SAR_UNIT_STATE_READY, 0);
}

static bool phase_needs_enable(uint8_t phase) {
    return phase == SAR_PHASE_OPENING_CALIBRATION || phase == SAR_PHASE_ECHO || phase == SAR_PHASE_CALIBRATION ||
           phase == SAR_PHASE_CLOSING_CALIBRATION;
}

static void check_enable(sim_t *sim) {
    sar_t *sar = &sim->sar;
    if (!sar_is_stuck(sim) && !sar->held && sar->state == SAR_UNIT_STATE_TAKING && phase_needs_enable(sar->phase) &&
        !sar->transmit_enable && sar_table_transmits(sim)) {
        sar_take_end(sim, SAR_PHASE_ABORTED, SAR_FAULT_INHIBIT);
    }
}

void sar_transmit_enable(sim_t *sim, bool on) {
    if (sim->sar.state == SAR_UNIT_STATE_TAKING) {
        sar_take_account(sim, sim->now_us);
    }
    sim->sar.transmit_enable = on;
    check_enable(sim);
}

static uint8_t phase_at(const sim_t *sim, uint64_t now_us) {
    const uint64_t ends_us[] = {sim->sar.take_start_us, sim->sar.take_start_us + NOISE_US, echo_start_us(sim),
                                echo_end_us(sim), echo_end_us(sim) + CALIBRATION_US};
    uint8_t phase = SAR_PHASE_WAIT_START;
    for (unsigned i = 0; i < sizeof ends_us / sizeof ends_us[0] && now_us >= ends_us[i]; i++) {
        phase++;
    }
    bool calibrates = sar_table_value(sim, SAR_TABLE_MODE_OFFSET) == SAR_MODE_CALIBRATION;
    return phase == SAR_PHASE_ECHO && calibrates ? SAR_PHASE_CALIBRATION : phase;
}

bool sar_take_pulse(const sim_t *sim, sar_pulse_t *pulse) {
    const sar_t *sar = &sim->sar;
    if (sar->state != SAR_UNIT_STATE_TAKING || sim->now_us < sar->phase_start_us ||
        sar->phase == SAR_PHASE_WAIT_START) {
        return false;
    }
    *pulse = sar_pulse(sim, sar->phase, sar_pulse_number(sim, sar->phase, sim->now_us - sar->phase_start_us));
    return true;
}

void sar_take_step(sim_t *sim, uint64_t now_us) {
    sar_t *sar = &sim->sar;
    sar_take_account(sim, now_us);
    if (sar_is_stuck(sim)) {
        return;
    }
    uint8_t phase = phase_at(sim, now_us);
    if (phase != sar->phase) {
        sar->phase = phase;
        sar->phase_start_us = now_us;
    }
    if (sar->phase == SAR_PHASE_DONE) {
        sar_take_end(sim, SAR_PHASE_DONE, 0);
        return;
    }
    check_enable(sim);
    if (sar->state == SAR_UNIT_STATE_TAKING && sar->phase != SAR_PHASE_WAIT_START) {
        sar_packets_step(sim, sar->phase, now_us);
    }
}

/* Sub-swaths besides the first. */
static const struct {
    uint16_t pulse, pri;
} further[] = {{SAR_TABLE_PULSE_CODE_2_OFFSET, SAR_TABLE_PRI_CODE_2_OFFSET},
               {SAR_TABLE_PULSE_CODE_3_OFFSET, SAR_TABLE_PRI_CODE_3_OFFSET}};

/* Data takes only: a table is for a measurement mode, its CRC holds, its fields lie in their
 * ranges and the pulse fits its interval. The validity rules proper are the payload computer's. */
static bool table_usable(const sim_t *sim) {
    const unit_t *unit = &sim->units[SIM_SAR];
    uint32_t mode = sar_table_value(sim, SAR_TABLE_MODE_OFFSET);
    uint32_t baq = sar_table_value(sim, SAR_TABLE_BAQ_OFFSET);
    for (unsigned i = 0; mode == SAR_MODE_TOPS && i + 1 < sar_table_value(sim, SAR_TABLE_SUB_SWATHS_OFFSET); i++) {
        if (sar_table_value(sim, further[i].pulse) >= sar_table_value(sim, further[i].pri)) {
            return false;
        }
    }
    return (baq == BAQ_BYPASS || baq >= BAQ_BAQ3) && unit_crc_holds(unit, UNIT_MEMORY) &&
           unit_in_range(unit, UNIT_MEMORY) && mode >= SAR_MODE_STRIPMAP && mode <= SAR_MODE_TEST &&
           sar_table_value(sim, SAR_TABLE_PULSE_CODE_OFFSET) < sar_table_value(sim, SAR_TABLE_PRI_CODE_OFFSET);
}

uint8_t sar_take_start(sim_t *sim) {
    sar_t *sar = &sim->sar;
    if (sar->state != SAR_UNIT_STATE_READY) {
        return RMAP_STATUS_GENERAL_ERROR;
    }
    sar->fault_flags = 0;
    if (!table_usable(sim)) {
        sar_take_end(sim, SAR_PHASE_ABORTED, SAR_FAULT_TABLE);
        return RMAP_STATUS_SUCCESS;
    }
    if (!unit_start_us(&sim->units[SIM_SAR], SAR_CONTROL_START_COARSE_OFFSET, SAR_CONTROL_START_FINE_OFFSET,
                       sim->now_us, &sar->take_start_us)) {
        sar_take_end(sim, SAR_PHASE_ABORTED, SAR_FAULT_LATE_START);
        return RMAP_STATUS_SUCCESS;
    }
    sar->transmit_us = 0;
    sar->accounted_us = sim->now_us;
    sar->phase = SAR_PHASE_WAIT_START;
    sar->phase_start_us = sim->now_us;
    sar_packets_start(sim);
    sar_enter(sim, SAR_UNIT_STATE_TAKING, 0);
    return RMAP_STATUS_SUCCESS;
}
