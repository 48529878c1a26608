#include "dictionary.h"
#include "optical.h"
#include "sim_internal.h"

#define MOTOR_S 1.8
#define SPRING_S 0.8
#define FAULT_AFTER_US 6000000.0

static bool has_supply(const sim_t *sim) {
    return sim->units[SIM_OPTICAL].powered && power_is_closed(sim, LIMITER_DOOR);
}

bool optical_door_is_shut(const sim_t *sim) {
    return sim->optical.door.position <= 0;
}

/* The door's own switches. */
uint8_t optical_door_reads(const sim_t *sim) {
    const optical_door_t *door = &sim->optical.door;
    if (door->position <= 0) {
        return DOOR_SHUT;
    }
    return door->position >= 1 ? door->place : DOOR_MOVING;
}

static void begin(optical_door_t *door, uint8_t target) {
    door->target = target;
    door->moving = true;
    door->movement_us = 0;
}

void optical_door_release(sim_t *sim) {
    if (sim->optical.door.target != DOOR_COMMAND_SHUT) {
        begin(&sim->optical.door, DOOR_COMMAND_SHUT);
    }
}

void optical_door_boot(sim_t *sim) {
    optical_door_release(sim);
    sim->optical.door.movement_us = 0;
}

void optical_door_command(sim_t *sim, uint8_t target) {
    optical_door_t *door = &sim->optical.door;
    if (!has_supply(sim)) {
        sim->optical.fault_flags |= OPTICAL_FAULT_DOOR;
        return;
    }
    bool is_there = !door->moving && optical_door_reads(sim) == target;
    if (!is_there && !(door->moving && door->target == target)) {
        begin(door, target);
    }
}

/* Between OPEN and DIFFUSER the leaf passes SHUT. */
static double destination(const optical_door_t *door) {
    return door->target == DOOR_COMMAND_SHUT || (door->position > 0 && door->place != door->target) ? 0 : 1;
}

static void move(optical_door_t *door, double travel_s) {
    double step = SIM_STEP_S / (travel_s * (door->slow_factor > 0 ? door->slow_factor : 1));
    if (door->position <= 0 && door->target != DOOR_COMMAND_SHUT) {
        door->place = door->target;
    }
    if (destination(door) > door->position) {
        door->position = door->position + step > 1 ? 1 : door->position + step;
    } else {
        door->position = door->position - step < 0 ? 0 : door->position - step;
    }
}

void optical_door_step(sim_t *sim) {
    optical_door_t *door = &sim->optical.door;
    bool supplied = has_supply(sim);
    if (!supplied) {
        optical_door_release(sim);
    }
    /* Held: the leaf leaves where it was and comes no further; no time passes for it. */
    if (!door->moving || (door->held && door->position > 0 && door->position < 1)) {
        return;
    }
    door->movement_us += SIM_STEP_US;
    if (!door->stuck) {
        move(door, supplied ? MOTOR_S : SPRING_S);
    }
    if (door->movement_us > FAULT_AFTER_US) {
        sim->optical.fault_flags |= OPTICAL_FAULT_DOOR;
    }
    if (optical_door_reads(sim) == door->target) {
        door->moving = false;
    }
}
