#include "optical.h"

#include "dictionary.h"
#include "registers.h"
#include "sim_internal.h"

#include <string.h>

#define SECOND_US UINT64_C(1000000)
#define BOOT_US SECOND_US
#define SELF_TEST_US (4 * SECOND_US)

#define RUNAWAY_DEGC 60.0
#define STABLE_WITHIN_DEGC 1.0
#define COLD_DEGC 12.0
#define DISSIPATION_RISE_DEGC 3.0 /* focal plane on, heater off */
#define COOLING_TIME_CONSTANT_S 300.0
#define FOCUS_STEPS_PER_S 200.0
#define FOCUS_SETTLES_US (SECOND_US / 2)
#define FOCUS_DRIFT_STEPS 3.0

#define FOCAL_PLANE_POWER_W 56.0
#define READY_POWER_W 59.0
#define IMAGING_POWER_W 120.0
#define HEATER_LARGEST_POWER_W 60.0
#define HEATER_HOLDING_POWER_W 30.0
#define HEATER_W_PER_DEGC 10.0
#define LAMP_POWER_W 6.0
#define DOOR_MOTOR_POWER_W 25.0
#define DOOR_HOLDING_POWER_W 5.0

#define DEFAULT_LINE_PERIOD 711u

static const unit_register_t housekeeping[] = {OPTICAL_HOUSEKEEPING_REGISTERS(UNIT_REGISTER)};
static const unit_register_t control[] = {OPTICAL_CONTROL_REGISTERS(UNIT_REGISTER)};
static const unit_register_t settings[] = {OPTICAL_SETTINGS_REGISTERS(UNIT_REGISTER)};

_Static_assert(OPTICAL_HOUSEKEEPING_OCTETS <= UNIT_BLOCK_LARGEST_OCTETS, "housekeeping fits");
_Static_assert(OPTICAL_SETTINGS_OCTETS <= UNIT_BLOCK_LARGEST_OCTETS, "settings fit");
_Static_assert(sizeof housekeeping / sizeof housekeeping[0] <= UNIT_REGISTERS_LARGEST, "registers fit");

static uint8_t written(sim_t *sim, unsigned block, uint16_t offset, uint16_t octets);

const unit_map_t optical_map = {
    .name = "optical",
    .node = OPTICAL_NODE,
    .blocks = 3,
    .block = {UNIT_BLOCK(OPTICAL_HOUSEKEEPING, housekeeping, true, false),
              UNIT_BLOCK(OPTICAL_CONTROL, control, false, true), UNIT_BLOCK(OPTICAL_SETTINGS, settings, true, true)},
    .written = written,
};

static unit_t *unit_of(sim_t *sim) {
    return &sim->units[SIM_OPTICAL];
}

static uint32_t setting(const sim_t *sim, uint16_t offset) {
    return (uint32_t)unit_raw(&sim->units[SIM_OPTICAL], UNIT_MEMORY, offset);
}

void optical_init(sim_t *sim) {
    unit_init(unit_of(sim), sim, &optical_map);
    physics_seed(&sim->optical.random, sim->settings.seed, SIM_OPTICAL);
    sim->optical.focal_plane_degc = COLD_DEGC;
    sim->optical.door.place = DOOR_OPEN;
    sim->optical.pattern_factor = 1;
}

optical_view_t optical_view(const sim_t *sim) {
    const optical_t *optical = &sim->optical;
    bool is_staring = optical->image_mode == OPTICAL_MODE_VIDEO;
    return (optical_view_t){
        .mode = optical->image_mode,
        .bands = (uint8_t)setting(sim, OPTICAL_SETTINGS_BANDS_OFFSET),
        .stages = is_staring ? 1 : (uint8_t)setting(sim, OPTICAL_SETTINGS_TDI_STAGES_OFFSET),
        .gain = (uint8_t)setting(sim, OPTICAL_SETTINGS_GAIN_OFFSET),
        .compression = (uint8_t)setting(sim, OPTICAL_SETTINGS_COMPRESSION_OFFSET),
        .line_period = optical->line_period,
        .integration = (uint16_t)setting(sim, OPTICAL_SETTINGS_INTEGRATION_US_OFFSET),
        .lamp_on = optical->lamp_on && !optical->lamp_dead,
        .door = optical_door_reads(sim),
        .sun_near = optical->sun_near,
        .stuck_pixels = (unsigned)optical->stuck_pixels,
        .pattern_factor = optical->pattern_factor,
        .line = (uint32_t)optical->lines,
    };
}

static void enter(sim_t *sim, uint8_t state, uint64_t duration_us) {
    sim->optical.state = state;
    sim->optical.state_until_us = sim->now_us + duration_us;
}

static void boot(sim_t *sim) {
    optical_t *optical = &sim->optical;
    unit_reset(unit_of(sim));
    optical->phase = OPTICAL_PHASE_IDLE;
    optical->fault_flags = 0;
    optical->self_test_wanted = false;
    optical->focal_plane_on = false;
    optical->safing = false;
    optical->lamp_on = false;
    optical->image_mode = OPTICAL_MODE_OFF;
    optical->image_entry = 0;
    optical->line_period = DEFAULT_LINE_PERIOD;
    optical->stable_us = 0;
    optical->saturated_percent = 0;
    optical->lines = 0;
    /* The focus stays where it is: nothing moves at power-up. */
    optical->focus_target = optical->focus_steps;
    optical->focus_moved_us = sim->now_us;
    memset(&optical->packets, 0, sizeof optical->packets);
    optical_door_boot(sim);
    enter(sim, OPTICAL_UNIT_STATE_BOOT, BOOT_US);
}

void optical_power(sim_t *sim, bool on) {
    unit_of(sim)->powered = on;
    boot(sim);
}

void optical_reset(sim_t *sim) {
    if (unit_of(sim)->powered) {
        boot(sim);
    }
}

static bool is_stuck(const sim_t *sim) {
    return sim->units[SIM_OPTICAL].faults[UNIT_FAULT_STUCK_STATE] != 0;
}

static bool is_near_set_point(const optical_t *optical) {
    double off_degc = optical->focal_plane_degc - OPTICAL_SET_POINT_DEGC;
    return off_degc <= STABLE_WITHIN_DEGC && off_degc >= -STABLE_WITHIN_DEGC;
}

static bool is_operating(const sim_t *sim) {
    uint8_t state = sim->optical.state;
    return sim->units[SIM_OPTICAL].powered && state != OPTICAL_UNIT_STATE_BOOT &&
           state != OPTICAL_UNIT_STATE_SELF_TEST && state != OPTICAL_UNIT_STATE_FAILED;
}

static bool is_heated(const sim_t *sim) {
    return sim->units[SIM_OPTICAL].powered && power_is_closed(sim, LIMITER_OPTICAL_HEATER);
}

static double set_point_degc(const sim_t *sim) {
    return sim->optical.state == OPTICAL_UNIT_STATE_DECONTAMINATING ? OPTICAL_DECONTAMINATION_DEGC
                                                                    : OPTICAL_SET_POINT_DEGC;
}

static void step_focal_plane(sim_t *sim) {
    optical_t *optical = &sim->optical;
    if (is_heated(sim)) {
        double target_degc = optical->heater_runaway ? RUNAWAY_DEGC : set_point_degc(sim);
        optical->focal_plane_degc =
            physics_lag(optical->focal_plane_degc, target_degc, SIM_STEP_S, sim->settings.optical_stabilisation_s);
    } else {
        double target_degc = COLD_DEGC + (optical->focal_plane_on ? DISSIPATION_RISE_DEGC : 0);
        optical->focal_plane_degc =
            physics_lag(optical->focal_plane_degc, target_degc, SIM_STEP_S, COOLING_TIME_CONSTANT_S);
    }
    bool stable = optical->focal_plane_on && is_near_set_point(optical);
    bool waits = optical->held && optical->state == OPTICAL_UNIT_STATE_STABILISING;
    optical->stable_us = stable ? optical->stable_us + (waits ? 0 : SIM_STEP_US) : 0;
}

static void step_focus(sim_t *sim, uint64_t now_us) {
    optical_t *optical = &sim->optical;
    double step = FOCUS_STEPS_PER_S * SIM_STEP_S;
    double left = optical->focus_target - optical->focus_steps;
    if (!is_operating(sim) || optical->focus_stuck) {
        return;
    }
    if (optical->focus_drifts) {
        optical->focus_steps = optical->focus_target + (now_us / SECOND_US % 2 != 0 ? FOCUS_DRIFT_STEPS : 0);
        optical->focus_moved_us = now_us;
    } else if (left != 0) {
        optical->focus_steps =
            left <= step && left >= -step ? optical->focus_target : optical->focus_steps + (left > 0 ? step : -step);
        optical->focus_moved_us = now_us;
    }
}

/* It has arrived, and rests there. */
static bool focus_is_valid(const sim_t *sim) {
    const optical_t *optical = &sim->optical;
    double left = optical->focus_target - optical->focus_steps;
    return is_operating(sim) && left < 0.5 && left > -0.5 && sim->now_us - optical->focus_moved_us >= FOCUS_SETTLES_US;
}

static void end_image(sim_t *sim, uint8_t phase, uint16_t fault_flags) {
    sim->optical.phase = phase;
    sim->optical.fault_flags |= fault_flags;
    sim->optical.saturated_percent = 0;
    enter(sim, OPTICAL_UNIT_STATE_READY, 0);
}

static void step_image(sim_t *sim, uint64_t now_us) {
    optical_t *optical = &sim->optical;
    if (now_us < optical->image_start_us) {
        return;
    }
    uint64_t duration_us = setting(sim, OPTICAL_SETTINGS_DURATION_MS_OFFSET) * UINT64_C(1000);
    uint64_t elapsed_us = now_us - optical->image_start_us;
    bool ended = elapsed_us >= duration_us;
    uint64_t since_us = elapsed_us < SIM_STEP_US ? elapsed_us : SIM_STEP_US;
    since_us -= ended && elapsed_us - duration_us < since_us ? elapsed_us - duration_us : 0;
    optical->phase = OPTICAL_PHASE_IMAGING;
    optical->lines += (double)since_us * 10 / optical->line_period;
    optical_packets_step(sim, now_us);
    optical->saturated_percent = optical_packets_saturated_percent(&optical->packets);
    if (ended) {
        end_image(sim, OPTICAL_PHASE_DONE, 0);
    }
}

void optical_fail(sim_t *sim) {
    if (unit_of(sim)->powered) {
        enter(sim, OPTICAL_UNIT_STATE_FAILED, 0);
    }
}

/* What the unit is at lasts a step longer. A self-test commanded during boot is begun first, and SAFE waits for the
 * door alone, which is held apart. */
static void hold(optical_t *optical) {
    bool begins = optical->state == OPTICAL_UNIT_STATE_BOOT && optical->self_test_wanted;
    if (!begins && optical->state != OPTICAL_UNIT_STATE_SAFE) {
        optical->state_until_us += SIM_STEP_US;
        optical->image_start_us += SIM_STEP_US;
    }
}

static void step_state(sim_t *sim, uint64_t now_us) {
    optical_t *optical = &sim->optical;
    if (optical->held) {
        hold(optical);
    }
    if (is_stuck(sim) || now_us < optical->state_until_us) {
        return;
    }
    if (optical->state == OPTICAL_UNIT_STATE_IMAGING) {
        step_image(sim, now_us);
    } else if (optical->state == OPTICAL_UNIT_STATE_BOOT) {
        bool wanted = optical->self_test_wanted;
        optical->self_test_wanted = false;
        optical->state = wanted ? OPTICAL_UNIT_STATE_SELF_TEST : OPTICAL_UNIT_STATE_IDLE;
        optical->state_until_us = now_us + (wanted ? SELF_TEST_US : 0);
    } else if (optical->state == OPTICAL_UNIT_STATE_SELF_TEST) {
        optical->state = optical->fail_self_test ? OPTICAL_UNIT_STATE_FAILED : OPTICAL_UNIT_STATE_IDLE;
        optical->fault_flags |= optical->fail_self_test ? OPTICAL_FAULT_SELF_TEST : 0;
    }
    if (optical->safing && optical_door_is_shut(sim)) {
        optical->safing = false;
        optical->focal_plane_on = false;
    }
}

void optical_step(sim_t *sim, uint64_t now_us) {
    if (unit_of(sim)->powered) {
        step_state(sim, now_us);
    }
    optical_door_step(sim);
    step_focal_plane(sim);
    step_focus(sim, now_us);
    unit_step(unit_of(sim), now_us);
}

double optical_power_w(const sim_t *sim) {
    if (!sim->units[SIM_OPTICAL].powered) {
        return OPTICAL_MODE_OFF_POWER_W;
    }
    double lamp_w = sim->optical.lamp_on && !sim->optical.lamp_dead ? LAMP_POWER_W : 0;
    if (sim->optical.state == OPTICAL_UNIT_STATE_IMAGING) {
        return (sim->optical.phase == OPTICAL_PHASE_IMAGING ? IMAGING_POWER_W : READY_POWER_W) + lamp_w;
    }
    if (sim->optical.state == OPTICAL_UNIT_STATE_READY) {
        return READY_POWER_W + lamp_w;
    }
    return sim->optical.focal_plane_on ? FOCAL_PLANE_POWER_W : OPTICAL_MODE_STANDBY_POWER_W;
}

double optical_heater_power_w(const sim_t *sim) {
    if (!is_heated(sim)) {
        return 0;
    }
    double power_w = HEATER_HOLDING_POWER_W + HEATER_W_PER_DEGC * (set_point_degc(sim) - sim->optical.focal_plane_degc);
    if (power_w < 0) {
        return 0;
    }
    return power_w > HEATER_LARGEST_POWER_W ? HEATER_LARGEST_POWER_W : power_w;
}

double optical_door_power_w(const sim_t *sim) {
    if (!sim->units[SIM_OPTICAL].powered || !power_is_closed(sim, LIMITER_DOOR)) {
        return 0;
    }
    return sim->optical.door.moving ? DOOR_MOTOR_POWER_W : DOOR_HOLDING_POWER_W;
}

static uint8_t self_test(sim_t *sim) {
    optical_t *optical = &sim->optical;
    if (optical->state == OPTICAL_UNIT_STATE_BOOT) {
        optical->self_test_wanted = true;
        return RMAP_STATUS_SUCCESS;
    }
    if (optical->state != OPTICAL_UNIT_STATE_IDLE && optical->state != OPTICAL_UNIT_STATE_FAILED) {
        return RMAP_STATUS_GENERAL_ERROR;
    }
    optical->fault_flags = 0;
    enter(sim, OPTICAL_UNIT_STATE_SELF_TEST, SELF_TEST_US);
    return RMAP_STATUS_SUCCESS;
}

static uint8_t focal_plane_on(sim_t *sim) {
    uint8_t state = sim->optical.state;
    if (state == OPTICAL_UNIT_STATE_STABILISING || state == OPTICAL_UNIT_STATE_READY) {
        return RMAP_STATUS_SUCCESS;
    }
    if (state != OPTICAL_UNIT_STATE_IDLE) {
        return RMAP_STATUS_GENERAL_ERROR;
    }
    sim->optical.focal_plane_on = true;
    enter(sim, OPTICAL_UNIT_STATE_STABILISING, 0);
    return RMAP_STATUS_SUCCESS;
}

static uint8_t focal_plane_off(sim_t *sim) {
    if (!is_operating(sim)) {
        return RMAP_STATUS_GENERAL_ERROR;
    }
    end_image(sim, OPTICAL_PHASE_IDLE, 0);
    sim->optical.fault_flags = 0;
    sim->optical.focal_plane_on = false;
    sim->optical.safing = false;
    sim->optical.lamp_on = false;
    enter(sim, OPTICAL_UNIT_STATE_IDLE, 0);
    return RMAP_STATUS_SUCCESS;
}

/* Behind the shut door, with the focal plane off. */
static uint8_t decontaminate(sim_t *sim) {
    if (sim->optical.state != OPTICAL_UNIT_STATE_IDLE || sim->optical.focal_plane_on || !optical_door_is_shut(sim)) {
        return RMAP_STATUS_GENERAL_ERROR;
    }
    enter(sim, OPTICAL_UNIT_STATE_DECONTAMINATING, 0);
    return RMAP_STATUS_SUCCESS;
}

static uint8_t make_ready(sim_t *sim) {
    optical_t *optical = &sim->optical;
    if (optical->state == OPTICAL_UNIT_STATE_READY) {
        return RMAP_STATUS_SUCCESS;
    }
    if (optical->state != OPTICAL_UNIT_STATE_STABILISING || !is_near_set_point(optical)) {
        return RMAP_STATUS_GENERAL_ERROR;
    }
    enter(sim, OPTICAL_UNIT_STATE_READY, 0);
    return RMAP_STATUS_SUCCESS;
}

static uint8_t start(sim_t *sim) {
    optical_t *optical = &sim->optical;
    bool settings_usable = unit_crc_holds(unit_of(sim), UNIT_MEMORY) && unit_in_range(unit_of(sim), UNIT_MEMORY);
    if (optical->state != OPTICAL_UNIT_STATE_READY || !optical->focal_plane_on || !settings_usable) {
        return RMAP_STATUS_GENERAL_ERROR;
    }
    optical->fault_flags = 0;
    if (!unit_start_us(unit_of(sim), OPTICAL_CONTROL_START_COARSE_OFFSET, OPTICAL_CONTROL_START_FINE_OFFSET,
                       sim->now_us, &optical->image_start_us)) {
        end_image(sim, OPTICAL_PHASE_ABORTED, OPTICAL_FAULT_LATE_START);
        return RMAP_STATUS_SUCCESS;
    }
    optical->lines = 0;
    optical->phase = OPTICAL_PHASE_WAIT_START;
    optical->line_period = (uint16_t)setting(sim, OPTICAL_SETTINGS_LINE_PERIOD_US_OFFSET);
    optical->image_mode = (uint8_t)unit_raw(unit_of(sim), UNIT_CONTROL, OPTICAL_CONTROL_IMAGE_MODE_OFFSET);
    uint16_t entry = (uint16_t)unit_raw(unit_of(sim), UNIT_CONTROL, OPTICAL_CONTROL_ENTRY_ID_OFFSET);
    /* The strips of one image count on in their entry. */
    optical_packets_start(sim, entry != 0 && entry == optical->image_entry);
    optical->image_entry = entry;
    enter(sim, OPTICAL_UNIT_STATE_IMAGING, 0);
    return RMAP_STATUS_SUCCESS;
}

/* Door first; the focal plane goes off when it is shut. */
static void safe(sim_t *sim) {
    if (!optical_door_is_shut(sim) && power_is_closed(sim, LIMITER_DOOR)) {
        optical_door_command(sim, DOOR_COMMAND_SHUT);
    }
    sim->optical.safing = true;
    sim->optical.lamp_on = false;
    enter(sim, OPTICAL_UNIT_STATE_SAFE, 0);
}

static uint8_t command(sim_t *sim, uint32_t code) {
    if (is_stuck(sim)) {
        return RMAP_STATUS_SUCCESS;
    }
    switch (code) {
    case OPTICAL_UNIT_COMMAND_SELF_TEST:
        return self_test(sim);
    case OPTICAL_UNIT_COMMAND_FOCAL_PLANE_ON:
        return focal_plane_on(sim);
    case OPTICAL_UNIT_COMMAND_FOCAL_PLANE_OFF:
        return focal_plane_off(sim);
    case OPTICAL_UNIT_COMMAND_READY:
        return make_ready(sim);
    case OPTICAL_UNIT_COMMAND_START:
        return start(sim);
    case OPTICAL_UNIT_COMMAND_ABORT:
    case OPTICAL_UNIT_COMMAND_SAFE:
        if (sim->optical.state == OPTICAL_UNIT_STATE_IMAGING) {
            end_image(sim, OPTICAL_PHASE_ABORTED, 0);
        }
        sim->optical.lamp_on = false;
        if (code == OPTICAL_UNIT_COMMAND_SAFE) {
            safe(sim);
        }
        return RMAP_STATUS_SUCCESS;
    case OPTICAL_UNIT_COMMAND_DECONTAMINATE:
        return decontaminate(sim);
    default:
        return RMAP_STATUS_GENERAL_ERROR;
    }
}

static void set_control(sim_t *sim, uint16_t offset, uint16_t octets) {
    const unit_t *unit = unit_of(sim);
    optical_t *optical = &sim->optical;
    if (unit_covers(offset, octets, OPTICAL_CONTROL_FOCUS_TARGET_STEPS_OFFSET)) {
        optical->focus_target = (double)unit_raw(unit, UNIT_CONTROL, OPTICAL_CONTROL_FOCUS_TARGET_STEPS_OFFSET);
        optical->focus_moved_us = sim->now_us;
    }
    if (unit_covers(offset, octets, OPTICAL_CONTROL_LINE_PERIOD_US_OFFSET)) {
        optical->line_period = (uint16_t)unit_raw(unit, UNIT_CONTROL, OPTICAL_CONTROL_LINE_PERIOD_US_OFFSET);
    }
    if (unit_covers(offset, octets, OPTICAL_CONTROL_LAMP_COMMAND_OFFSET)) {
        optical->lamp_on = unit_raw(unit, UNIT_CONTROL, OPTICAL_CONTROL_LAMP_COMMAND_OFFSET) != 0;
    }
}

static uint8_t written(sim_t *sim, unsigned block, uint16_t offset, uint16_t octets) {
    unit_t *unit = unit_of(sim);
    if (block == UNIT_MEMORY) {
        return sim->optical.state == OPTICAL_UNIT_STATE_IMAGING ? RMAP_STATUS_GENERAL_ERROR : RMAP_STATUS_SUCCESS;
    }
    if (unit_covers(offset, octets, OPTICAL_CONTROL_TIME_MESSAGE_COARSE_OFFSET)) {
        unit_time_message(unit, (uint32_t)unit_raw(unit, UNIT_CONTROL, OPTICAL_CONTROL_TIME_MESSAGE_COARSE_OFFSET),
                          sim->now_us);
    }
    uint8_t status = RMAP_STATUS_SUCCESS;
    if (unit_covers(offset, octets, OPTICAL_CONTROL_COMMAND_OFFSET)) {
        status = command(sim, (uint32_t)unit_raw(unit, UNIT_CONTROL, OPTICAL_CONTROL_COMMAND_OFFSET));
    }
    if (status != RMAP_STATUS_SUCCESS || is_stuck(sim)) {
        return status;
    }
    if (unit_covers(offset, octets, OPTICAL_CONTROL_DOOR_COMMAND_OFFSET)) {
        optical_door_command(sim, (uint8_t)unit_raw(unit, UNIT_CONTROL, OPTICAL_CONTROL_DOOR_COMMAND_OFFSET));
    }
    set_control(sim, offset, octets);
    return status;
}

void optical_refresh(sim_t *sim) {
    unit_t *unit = unit_of(sim);
    const optical_t *optical = &sim->optical;
    if (!unit->powered) {
        return;
    }
    unit_report(unit, OPTICAL_HOUSEKEEPING_SAMPLE_COUNT_OFFSET, unit->sample_count);
    unit_report(unit, OPTICAL_HOUSEKEEPING_STATE_OFFSET, optical->state);
    unit_report(unit, OPTICAL_HOUSEKEEPING_PHASE_OFFSET, optical->phase);
    unit_report(unit, OPTICAL_HOUSEKEEPING_FAULT_FLAGS_OFFSET, optical->fault_flags);
    unit_report(unit, OPTICAL_HOUSEKEEPING_FOCAL_PLANE_ON_OFFSET, optical->focal_plane_on);
    unit_report(unit, OPTICAL_HOUSEKEEPING_TIME_VALID_OFFSET, unit->clock.valid);
    unit_report(unit, OPTICAL_HOUSEKEEPING_DOOR_OFFSET, optical_door_reads(sim));
    unit_report(unit, OPTICAL_HOUSEKEEPING_DOOR_MOVEMENT_MS_OFFSET, optical->door.movement_us / 1000);
    unit_report(unit, OPTICAL_HOUSEKEEPING_FOCAL_PLANE_TEMPERATURE_DEGC_OFFSET, optical->focal_plane_degc);
    unit_report(unit, OPTICAL_HOUSEKEEPING_SET_POINT_DEGC_OFFSET, set_point_degc(sim));
    unit_report(unit, OPTICAL_HOUSEKEEPING_STABLE_S_OFFSET, (double)(optical->stable_us / SECOND_US));
    unit_report(unit, OPTICAL_HOUSEKEEPING_FOCUS_STEPS_OFFSET, optical->focus_steps);
    unit_report(unit, OPTICAL_HOUSEKEEPING_FOCUS_VALID_OFFSET, focus_is_valid(sim));
    unit_report(unit, OPTICAL_HOUSEKEEPING_SATURATED_PERCENT_OFFSET, optical->saturated_percent);
    unit_report(unit, OPTICAL_HOUSEKEEPING_LINES_OFFSET, (uint32_t)optical->lines);
    unit_report(unit, OPTICAL_HOUSEKEEPING_PACKETS_OFFSET, optical->packets.sent);
    unit_report(unit, OPTICAL_HOUSEKEEPING_LINE_PERIOD_US_OFFSET, optical->line_period * 0.1);
    unit_report(unit, OPTICAL_HOUSEKEEPING_LAMP_OFFSET, optical->lamp_on && !optical->lamp_dead);
}
