#include "sar.h"

#include "dictionary.h"
#include "registers.h"
#include "sim_internal.h"

#include <string.h>

#define SECOND_US UINT64_C(1000000)
#define BOOT_US SECOND_US
#define SELF_TEST_US (3 * SECOND_US)
#define OSCILLATOR_LOCK_US (2 * SECOND_US)

#define TRM_COLD_DEGC 5.0
#define TRM_WARM_DEGC 25.0
#define TRM_TRANSMIT_RISE_DEGC 15.0
#define TRM_TRANSMIT_TIME_CONSTANT_S 120.0
#define TRM_COOLING_TIME_CONSTANT_S 600.0
#define WARMUP_TIME_CONSTANTS 4.0 /* in one warm-up */
#define BASEPLATE_COLD_DEGC 12.0
#define BASEPLATE_RISE_DEGC_PER_W 0.02
#define BASEPLATE_TIME_CONSTANT_S 600.0
#define FORWARD_POWER_NOISE_DB 0.1
#define REFLECTED_POWER_PERCENT 3.0
#define REFLECTED_POWER_NOISE_PERCENT 0.2

static const unit_register_t housekeeping[] = {SAR_HOUSEKEEPING_REGISTERS(UNIT_REGISTER)};
static const unit_register_t control[] = {SAR_CONTROL_REGISTERS(UNIT_REGISTER)};
static const unit_register_t table[] = {SAR_TABLE_REGISTERS(UNIT_REGISTER)};

_Static_assert(SAR_HOUSEKEEPING_OCTETS <= UNIT_BLOCK_LARGEST_OCTETS, "housekeeping fits");
_Static_assert(SAR_TABLE_OCTETS <= UNIT_BLOCK_LARGEST_OCTETS, "table fits");
_Static_assert(sizeof housekeeping / sizeof housekeeping[0] <= UNIT_REGISTERS_LARGEST, "registers fit");

static uint8_t written(sim_t *sim, unsigned block, uint16_t offset, uint16_t octets);

const unit_map_t sar_map = {
    .name = "sar",
    .node = SAR_NODE,
    .blocks = 3,
    .block = {UNIT_BLOCK(SAR_HOUSEKEEPING, housekeeping, true, false), UNIT_BLOCK(SAR_CONTROL, control, false, true),
              UNIT_BLOCK(SAR_TABLE, table, true, true)},
    .written = written,
};

static unit_t *unit_of(sim_t *sim) {
    return &sim->units[SIM_SAR];
}

void sar_init(sim_t *sim) {
    sar_t *sar = &sim->sar;
    unit_init(unit_of(sim), sim, &sar_map);
    physics_seed(&sar->random, sim->settings.seed, SIM_SAR);
    sar_signal_init(&sar->signal);
    sar->science_factor = 1;
    sar->antenna_share = 1;
    sar->trm_degc = TRM_COLD_DEGC;
    sar->baseplate_degc = BASEPLATE_COLD_DEGC;
}

void sar_enter(sim_t *sim, uint8_t state, uint64_t duration_us) {
    sim->sar.state = state;
    sim->sar.state_until_us = sim->now_us + duration_us;
}

/* Volatile state as after the limiter closed. */
static void boot(sim_t *sim) {
    sar_t *sar = &sim->sar;
    if (sar->state == SAR_UNIT_STATE_TAKING) {
        sar_take_account(sim, sim->now_us);
    }
    unit_reset(unit_of(sim));
    sar->phase = SAR_PHASE_IDLE;
    sar->fault_flags = 0;
    sar->self_test_wanted = false;
    sar->transmit_us = 0;
    sar->forward_db = 0;
    sar->reflected_percent = 0;
    sar->powered_us = sim->now_us;
    memset(&sar->packets, 0, sizeof sar->packets);
    sar_enter(sim, SAR_UNIT_STATE_BOOT, BOOT_US);
}

void sar_power(sim_t *sim, bool on) {
    unit_of(sim)->powered = on;
    boot(sim);
}

void sar_reset(sim_t *sim) {
    if (unit_of(sim)->powered) {
        boot(sim);
    }
}

void sar_fail(sim_t *sim) {
    sar_t *sar = &sim->sar;
    if (!unit_of(sim)->powered) {
        return;
    }
    if (sar->state == SAR_UNIT_STATE_TAKING) {
        sar_take_account(sim, sim->now_us);
    }
    sar_enter(sim, SAR_UNIT_STATE_FAILED, 0);
}

/* What the unit is at lasts a step longer. A self-test commanded during boot is begun first. */
static void hold(sim_t *sim) {
    sar_t *sar = &sim->sar;
    if (sar->state == SAR_UNIT_STATE_BOOT && sar->self_test_wanted) {
        return;
    }
    if (sar->state == SAR_UNIT_STATE_TAKING) {
        sar_take_account(sim, sim->now_us); /* it radiates on */
    }
    sar->state_until_us += SIM_STEP_US;
    sar->take_start_us += SIM_STEP_US;
    sar->phase_start_us += SIM_STEP_US;
}

static void step_state(sim_t *sim, uint64_t now_us) {
    sar_t *sar = &sim->sar;
    if (sar->held) {
        hold(sim);
    }
    if (sar->state == SAR_UNIT_STATE_TAKING) {
        sar_take_step(sim, now_us);
        return;
    }
    if (now_us < sar->state_until_us || sar_is_stuck(sim)) {
        return;
    }
    if (sar->state == SAR_UNIT_STATE_BOOT) {
        bool wanted = sar->self_test_wanted;
        sar->self_test_wanted = false;
        sar->state = wanted ? SAR_UNIT_STATE_SELF_TEST : SAR_UNIT_STATE_IDLE;
        sar->state_until_us = now_us + (wanted ? SELF_TEST_US : 0);
    } else if (sar->state == SAR_UNIT_STATE_SELF_TEST) {
        sar->state = sar->fail_self_test ? SAR_UNIT_STATE_FAILED : SAR_UNIT_STATE_IDLE;
        sar->fault_flags |= sar->fail_self_test ? SAR_FAULT_SELF_TEST : 0;
    } else if (sar->state == SAR_UNIT_STATE_WARMING && now_us - sar->powered_us >= OSCILLATOR_LOCK_US) {
        sar->state = SAR_UNIT_STATE_READY;
    }
}

static void step_physics(sim_t *sim) {
    sar_t *sar = &sim->sar;
    double baseplate_target = BASEPLATE_COLD_DEGC + BASEPLATE_RISE_DEGC_PER_W * sar_power_w(sim);
    sar->baseplate_degc = physics_lag(sar->baseplate_degc, baseplate_target, SIM_STEP_S, BASEPLATE_TIME_CONSTANT_S);
    bool heated = unit_of(sim)->powered && (sar->state == SAR_UNIT_STATE_WARMING ||
                                            sar->state == SAR_UNIT_STATE_READY || sar->state == SAR_UNIT_STATE_TAKING);
    if (sar_is_transmitting(sim)) {
        sar->trm_degc = physics_lag(sar->trm_degc, TRM_WARM_DEGC + TRM_TRANSMIT_RISE_DEGC, SIM_STEP_S,
                                    TRM_TRANSMIT_TIME_CONSTANT_S);
        sar->forward_db = physics_noise(&sar->random, FORWARD_POWER_NOISE_DB);
        sar->reflected_percent = REFLECTED_POWER_PERCENT + physics_noise(&sar->random, REFLECTED_POWER_NOISE_PERCENT);
        return;
    }
    sar->forward_db = 0;
    sar->reflected_percent = 0;
    sar->trm_degc = heated ? physics_lag(sar->trm_degc, TRM_WARM_DEGC, SIM_STEP_S,
                                         sim->settings.sar_warmup_s / WARMUP_TIME_CONSTANTS)
                           : physics_lag(sar->trm_degc, TRM_COLD_DEGC, SIM_STEP_S, TRM_COOLING_TIME_CONSTANT_S);
}

void sar_step(sim_t *sim, uint64_t now_us) {
    if (unit_of(sim)->powered) {
        step_state(sim, now_us);
    }
    step_physics(sim);
    unit_step(unit_of(sim), now_us);
}

/* Power drawn, by the mode whose prediction the state corresponds to. */
double sar_power_w(const sim_t *sim) {
    const sar_t *sar = &sim->sar;
    if (!sim->units[SIM_SAR].powered) {
        return SAR_MODE_OFF_POWER_W;
    }
    if (sar->state == SAR_UNIT_STATE_TAKING) {
        if (sar_is_transmitting(sim)) {
            return SAR_MODE_STRIPMAP_POWER_W;
        }
        if (sar->phase > SAR_PHASE_NOISE && sar_table_value(sim, SAR_TABLE_MODE_OFFSET) == SAR_MODE_TEST) {
            return SAR_MODE_TEST_POWER_W;
        }
        bool calibrates = sar->phase == SAR_PHASE_OPENING_CALIBRATION || sar->phase == SAR_PHASE_CALIBRATION ||
                          sar->phase == SAR_PHASE_CLOSING_CALIBRATION;
        if (calibrates && sar_table_transmits(sim)) {
            return SAR_MODE_CALIBRATION_POWER_W;
        }
        return sar->phase == SAR_PHASE_WAIT_START ? SAR_MODE_PREOP_POWER_W : SAR_MODE_RX_ONLY_POWER_W;
    }
    if (sar->state == SAR_UNIT_STATE_WARMING || sar->state == SAR_UNIT_STATE_READY) {
        return SAR_MODE_PREOP_POWER_W;
    }
    return sar->state == SAR_UNIT_STATE_IDLE ? SAR_MODE_STANDBY_POWER_W : SAR_MODE_SAFE_POWER_W;
}

static uint8_t self_test(sim_t *sim) {
    sar_t *sar = &sim->sar;
    if (sar->state == SAR_UNIT_STATE_BOOT) {
        sar->self_test_wanted = true;
        return RMAP_STATUS_SUCCESS;
    }
    if (sar->state != SAR_UNIT_STATE_IDLE && sar->state != SAR_UNIT_STATE_FAILED) {
        return RMAP_STATUS_GENERAL_ERROR;
    }
    sar->fault_flags = 0;
    sar_enter(sim, SAR_UNIT_STATE_SELF_TEST, SELF_TEST_US);
    return RMAP_STATUS_SUCCESS;
}

static uint8_t stand_by(sim_t *sim) {
    uint8_t state = sim->sar.state;
    if (state == SAR_UNIT_STATE_BOOT || state == SAR_UNIT_STATE_SELF_TEST || state == SAR_UNIT_STATE_FAILED) {
        return RMAP_STATUS_GENERAL_ERROR;
    }
    if (state == SAR_UNIT_STATE_TAKING) {
        sar_take_account(sim, sim->now_us);
    }
    sar_take_end(sim, SAR_PHASE_IDLE, 0);
    sim->sar.fault_flags = 0;
    sar_enter(sim, SAR_UNIT_STATE_IDLE, 0);
    return RMAP_STATUS_SUCCESS;
}

static uint8_t warm_up(sim_t *sim) {
    uint8_t state = sim->sar.state;
    if (state == SAR_UNIT_STATE_WARMING || state == SAR_UNIT_STATE_READY) {
        return RMAP_STATUS_SUCCESS;
    }
    if (state != SAR_UNIT_STATE_IDLE) {
        return RMAP_STATUS_GENERAL_ERROR;
    }
    sar_enter(sim, SAR_UNIT_STATE_WARMING, sim->settings.sar_warmup_s * SECOND_US);
    return RMAP_STATUS_SUCCESS;
}

static uint8_t command(sim_t *sim, uint32_t code) {
    if (sar_is_stuck(sim)) {
        return RMAP_STATUS_SUCCESS;
    }
    switch (code) {
    case SAR_UNIT_COMMAND_SELF_TEST:
        return self_test(sim);
    case SAR_UNIT_COMMAND_STANDBY:
        return stand_by(sim);
    case SAR_UNIT_COMMAND_WARM_UP:
        return warm_up(sim);
    case SAR_UNIT_COMMAND_START:
        return sar_take_start(sim);
    case SAR_UNIT_COMMAND_ABORT:
    case SAR_UNIT_COMMAND_SAFE:
        if (sim->sar.state == SAR_UNIT_STATE_TAKING) {
            sar_take_account(sim, sim->now_us);
            sar_take_end(sim, SAR_PHASE_ABORTED, 0);
        }
        if (code == SAR_UNIT_COMMAND_SAFE) {
            sar_enter(sim, SAR_UNIT_STATE_SAFE, 0);
        }
        return RMAP_STATUS_SUCCESS;
    default:
        return RMAP_STATUS_GENERAL_ERROR;
    }
}

static uint8_t written(sim_t *sim, unsigned block, uint16_t offset, uint16_t octets) {
    unit_t *unit = unit_of(sim);
    if (block == UNIT_MEMORY) {
        /* The table of a running data take is not to be touched. */
        return sim->sar.state == SAR_UNIT_STATE_TAKING ? RMAP_STATUS_GENERAL_ERROR : RMAP_STATUS_SUCCESS;
    }
    if (unit_covers(offset, octets, SAR_CONTROL_TIME_MESSAGE_COARSE_OFFSET)) {
        unit_time_message(unit, (uint32_t)unit_raw(unit, UNIT_CONTROL, SAR_CONTROL_TIME_MESSAGE_COARSE_OFFSET),
                          sim->now_us);
    }
    if (unit_covers(offset, octets, SAR_CONTROL_COMMAND_OFFSET)) {
        return command(sim, (uint32_t)unit_raw(unit, UNIT_CONTROL, SAR_CONTROL_COMMAND_OFFSET));
    }
    return RMAP_STATUS_SUCCESS;
}

static uint16_t warmup_remaining_s(const sim_t *sim) {
    const sar_t *sar = &sim->sar;
    if (sar->state != SAR_UNIT_STATE_WARMING || sim->now_us >= sar->state_until_us) {
        return 0;
    }
    return (uint16_t)((sar->state_until_us - sim->now_us + SECOND_US - 1) / SECOND_US);
}

void sar_refresh(sim_t *sim) {
    unit_t *unit = unit_of(sim);
    const sar_t *sar = &sim->sar;
    if (!unit->powered) {
        return;
    }
    sar_pulse_t pulse = {0};
    bool takes = sar_take_pulse(sim, &pulse);
    double pri = sar_table_value(sim, SAR_TABLE_PRI_CODE_OFFSET);
    double duty_percent = takes && pulse.pri_code > 0 ? 100.0 * pulse.pulse_code / pulse.pri_code : 0;
    double pri_us = pri * 1e6 / SAR_REFERENCE_FREQUENCY_HZ;
    const uint8_t *memory = unit->octets[UNIT_MEMORY];
    unit_report(unit, SAR_HOUSEKEEPING_SAMPLE_COUNT_OFFSET, unit->sample_count);
    unit_report(unit, SAR_HOUSEKEEPING_STATE_OFFSET, sar->state);
    unit_report(unit, SAR_HOUSEKEEPING_PHASE_OFFSET, sar->phase);
    unit_report(unit, SAR_HOUSEKEEPING_FAULT_FLAGS_OFFSET, sar->fault_flags);
    unit_report(unit, SAR_HOUSEKEEPING_OSCILLATOR_LOCKED_OFFSET, sim->now_us - sar->powered_us >= OSCILLATOR_LOCK_US);
    unit_report(unit, SAR_HOUSEKEEPING_TRANSMIT_ENABLE_SEEN_OFFSET, sar->transmit_enable);
    unit_report(unit, SAR_HOUSEKEEPING_TIME_VALID_OFFSET, unit->clock.valid);
    unit_report(unit, SAR_HOUSEKEEPING_TABLE_VALID_OFFSET,
                unit_crc_holds(unit, UNIT_MEMORY) && sar_table_value(sim, SAR_TABLE_DURATION_MS_OFFSET) != 0);
    unit_report(unit, SAR_HOUSEKEEPING_WARMUP_REMAINING_S_OFFSET, warmup_remaining_s(sim));
    unit_report(unit, SAR_HOUSEKEEPING_TRM_TEMPERATURE_DEGC_OFFSET, sar->trm_degc);
    unit_report(unit, SAR_HOUSEKEEPING_BASEPLATE_TEMPERATURE_DEGC_OFFSET, sar->baseplate_degc);
    unit_report(unit, SAR_HOUSEKEEPING_FORWARD_POWER_DEVIATION_DB_OFFSET, sar->forward_db);
    unit_report(unit, SAR_HOUSEKEEPING_REFLECTED_POWER_PERCENT_OFFSET, sar->reflected_percent);
    unit_report(unit, SAR_HOUSEKEEPING_TRANSMIT_DUTY_PERCENT_OFFSET, sar_is_transmitting(sim) ? duty_percent : 0);
    unit_report(unit, SAR_HOUSEKEEPING_TRANSMIT_TIME_MS_OFFSET, (double)(sar->transmit_us / 1000));
    unit_report(unit, SAR_HOUSEKEEPING_PULSES_OFFSET,
                pri_us > 0 ? (double)(uint32_t)((double)sar->transmit_us / pri_us) : 0);
    unit_report(unit, SAR_HOUSEKEEPING_SYNC_FAULTS_OFFSET, 0);
    unit_report(unit, SAR_HOUSEKEEPING_PACKETS_OFFSET, sar->packets.sent);
    unit_report(unit, SAR_HOUSEKEEPING_ACTIVE_TABLE_CRC_OFFSET,
                memory[SAR_TABLE_OCTETS - 2] << 8 | memory[SAR_TABLE_OCTETS - 1]);
    unit_report(unit, SAR_HOUSEKEEPING_SUB_SWATH_OFFSET, takes ? pulse.sub_swath + 1.0 : 0);
    unit_report(unit, SAR_HOUSEKEEPING_AZIMUTH_BEAM_OFFSET, pulse.azimuth_beam);
}
