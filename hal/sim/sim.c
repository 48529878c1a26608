#include "sim_internal.h"

#include <stdlib.h>
#include <string.h>

size_t sim_size(void) {
    return sizeof(sim_t);
}

sim_t *sim_create(const sim_settings_t *settings) {
    return sim_create_at(malloc(sizeof(sim_t)), sizeof(sim_t), settings);
}

sim_t *sim_create_at(void *memory, size_t octets, const sim_settings_t *settings) {
    sim_t *sim = memory;
    if (sim == NULL || octets < sizeof *sim) {
        return NULL;
    }
    memset(sim, 0, SIM_CLEARED_OCTETS);
    sim->settings = *settings;
    sim->next_step_us = SIM_STEP_US;
    power_init(sim);
    sar_init(sim);
    optical_init(sim);
    recorder_init(sim);
    sim_refresh(sim);
    return sim;
}

void sim_destroy(sim_t *sim) {
    free(sim);
}

void sim_refresh(sim_t *sim) {
    sar_refresh(sim);
    optical_refresh(sim);
    power_refresh(sim);
    recorder_refresh(sim);
}

void sim_step(sim_t *sim, uint64_t time_us) {
    while (sim->next_step_us <= time_us) {
        sim->now_us = sim->next_step_us;
        sim->next_step_us += SIM_STEP_US;
        power_step(sim, sim->now_us);
        sar_step(sim, sim->now_us);
        optical_step(sim, sim->now_us);
        recorder_step(sim, sim->now_us);
    }
    if (time_us > sim->now_us) {
        sim->now_us = time_us;
    }
    sim_refresh(sim);
}

bool sim_sar_scene(sim_t *sim, const sim_target_t *targets, unsigned count) {
    if (count > SAR_TARGETS_LARGEST) {
        return false;
    }
    sim->sar.signal.targets = count;
    memcpy(sim->sar.signal.target, targets, count * sizeof targets[0]);
    return true;
}

void sim_transmit_enable(sim_t *sim, bool on) {
    sar_transmit_enable(sim, on);
    sim_refresh(sim);
}

void sim_pps(sim_t *sim) {
    for (unsigned i = 0; i < SIM_UNITS; i++) {
        unit_pps(&sim->units[i], sim->now_us);
    }
    sim_refresh(sim);
}
