/* Power and thermal unit: source, latching current limiters, currents. */
#ifndef POWER_H
#define POWER_H

#include "unit.h"

#define POWER_LIMITERS 4u
#define POWER_SOURCE_V 28.5

typedef struct {
    bool closed, tripped;
    double current_a, excess_a; /* excess: fault, drawn besides what the unit needs */
    unsigned over_steps;        /* consecutive steps over the trip current */
    bool latched_up;            /* fault */
} power_limiter_t;

typedef struct {
    double bus_v, source_v, board_degc, total_w;
    uint16_t switch_ons;
    bool stuck_limiters;                      /* fault: commands are accepted and not acted on */
    power_limiter_t limiters[POWER_LIMITERS]; /* by LIMITER */
} power_t;

extern const unit_map_t power_map;

void power_init(sim_t *sim);
void power_step(sim_t *sim, uint64_t now_us);
void power_refresh(sim_t *sim);
void power_reset(sim_t *sim);
bool power_is_closed(const sim_t *sim, unsigned limiter);

#endif
