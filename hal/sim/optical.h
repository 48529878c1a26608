/* Optical unit: boot, self-test, focal plane, focus, door, image. */
#ifndef OPTICAL_H
#define OPTICAL_H

#include "optical_packets.h"
#include "physics.h"
#include "unit.h"

#define OPTICAL_FAULT_SELF_TEST 1u
#define OPTICAL_FAULT_DOOR 2u
#define OPTICAL_FAULT_LATE_START 4u

/* The door: a leaf moved by a motor between positions, pulled shut by a spring without supply. */
typedef struct {
    double position; /* 0 shut, 1 away from shut */
    uint8_t place;   /* DOOR_OPEN or DOOR_DIFFUSER: where position 1 is */
    uint8_t target;  /* DOOR_COMMAND */
    bool moving;
    double movement_us; /* of the present or last movement */
    double slow_factor; /* faults */
    bool stuck;
} optical_door_t;

typedef struct {
    uint8_t state, phase;
    uint16_t fault_flags;
    bool self_test_wanted;
    bool focal_plane_on;
    bool safing; /* SAFE commanded, door not shut yet */
    uint64_t state_until_us, image_start_us, stable_us;
    double focal_plane_degc, focus_steps, saturated_percent;
    uint32_t lines;
    optical_door_t door;
    bool fail_self_test, sun_near, focus_stuck; /* faults */
    physics_random_t random;
    optical_packets_t packets;
} optical_t;

extern const unit_map_t optical_map;

void optical_init(sim_t *sim);
void optical_power(sim_t *sim, bool on);
void optical_step(sim_t *sim, uint64_t now_us);
void optical_refresh(sim_t *sim);
void optical_reset(sim_t *sim);
double optical_power_w(const sim_t *sim);
double optical_heater_power_w(const sim_t *sim);
double optical_door_power_w(const sim_t *sim);

/* optical_door.c */
void optical_door_command(sim_t *sim, uint8_t target);
/* No drive any more: the door goes to SHUT. */
void optical_door_release(sim_t *sim);
/* The unit restarts: the door goes to SHUT, and the register of its movement begins anew. */
void optical_door_boot(sim_t *sim);
void optical_door_step(sim_t *sim);
uint8_t optical_door_reads(const sim_t *sim);
bool optical_door_is_shut(const sim_t *sim);

#endif
