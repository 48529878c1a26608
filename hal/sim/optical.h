/* Optical unit: boot, self-test, focal plane, focus, door, lamp, decontamination, image. */
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
    bool stuck, held;
} optical_door_t;

typedef struct {
    uint8_t state, phase;
    uint16_t fault_flags;
    bool self_test_wanted;
    bool focal_plane_on;
    bool safing; /* SAFE commanded, door not shut yet */
    bool lamp_on;
    uint8_t image_mode;   /* OPTICAL_MODE of the image under way or the last */
    uint16_t image_entry; /* recorder's entry it goes to */
    uint16_t line_period; /* in force, 0.1 us */
    uint64_t state_until_us, image_start_us, stable_us;
    double focal_plane_degc, saturated_percent;
    double focus_steps, focus_target;
    uint64_t focus_moved_us; /* when it moved last */
    double lines;            /* of this image */
    optical_door_t door;
    bool fail_self_test, sun_near, focus_stuck, focus_drifts, heater_runaway, lamp_dead, held; /* faults */
    double stuck_pixels, pattern_factor;
    physics_random_t random;
    optical_packets_t packets;
} optical_t;

/* What the focal plane sees and how it is read out: all that the source packets depend on. */
typedef struct {
    uint8_t mode;                      /* OPTICAL_MODE of the image: STRIP ... SUN */
    uint8_t bands;                     /* mask: 1 PAN, 2 B, 4 G, 8 R, 16 NIR */
    uint8_t stages;                    /* TDI stages applied; 1 in VIDEO, a staring matrix readout */
    uint8_t gain, compression;         /* compression in 0.1 */
    uint16_t line_period, integration; /* 0.1 us; the line period is the one in force */
    bool lamp_on;
    uint8_t door; /* DOOR, from its switches */
    bool sun_near;
    unsigned stuck_pixels;
    double pattern_factor;
    uint32_t line; /* lines of this image so far */
} optical_view_t;

extern const unit_map_t optical_map;

optical_view_t optical_view(const sim_t *sim);

void optical_init(sim_t *sim);
void optical_power(sim_t *sim, bool on);
void optical_step(sim_t *sim, uint64_t now_us);
void optical_refresh(sim_t *sim);
void optical_reset(sim_t *sim);
void optical_fail(sim_t *sim);
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
