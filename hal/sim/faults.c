/* Forces, faults and observations by name, "unit.quantity".
 *
 * Every housekeeping register of every unit by its dictionary name, in physical units: the unit
 * reports the forced value, the model behind it goes on.
 * Faults of every unit (sar, optical, power, recorder); 0 is off:
 *   dead           acts on commands and never replies
 *   deaf           hears nothing: neither acts nor replies
 *   slow_ms        replies this late
 *   corrupt        last octet of every reply damaged (the data CRC of a read)
 *   wrong_id       replies carry another transaction identifier
 *   wrong_address  the unit takes itself for another: status 12
 *   error_status   every request is refused with this RMAP status
 *   stuck_state    commands are confirmed and not acted on; the state stays
 *   spoil_write    the next block written to its memory is stored with a bit changed, then it is off
 *   lose_replies   the replies to the first so many attempts of every write are lost
 *   reset          momentary: the unit restarts; volatile content is lost
 *   fail           momentary, sar and optical: the unit finds itself failed
 *   recorder.damaged_entry  momentary: an octet of the entry of this id changes on the medium
 * and those of one unit in the table below. Observable only: the last table. */
#include "dictionary.h"
#include "sim_internal.h"

#include <string.h>

static const char *const unit_faults[UNIT_FAULTS] = {
    [UNIT_FAULT_DEAD] = "dead",
    [UNIT_FAULT_SLOW_MS] = "slow_ms",
    [UNIT_FAULT_CORRUPT] = "corrupt",
    [UNIT_FAULT_WRONG_ID] = "wrong_id",
    [UNIT_FAULT_WRONG_ADDRESS] = "wrong_address",
    [UNIT_FAULT_ERROR_STATUS] = "error_status",
    [UNIT_FAULT_STUCK_STATE] = "stuck_state",
    [UNIT_FAULT_DEAF] = "deaf",
    [UNIT_FAULT_SPOIL_WRITE] = "spoil_write",
    [UNIT_FAULT_LOSE_REPLIES] = "lose_replies",
};

static void (*const resets[SIM_UNITS])(sim_t *sim) = {
    [SIM_SAR] = sar_reset, [SIM_OPTICAL] = optical_reset, [SIM_POWER] = power_reset, [SIM_RECORDER] = recorder_reset};

static void (*const fails[])(sim_t *sim) = {[SIM_SAR] = sar_fail, [SIM_OPTICAL] = optical_fail};

/* A switch or a number somewhere in the models, with its value when released. */
typedef struct {
    const char *name;
    size_t offset;
    bool is_switch;
    double released;
} place_t;

#define SWITCH(name, member)                                                                                           \
    { name, offsetof(struct sim, member), true, 0 }
#define NUMBER(name, member, released)                                                                                 \
    { name, offsetof(struct sim, member), false, released }

static const place_t faults[] = {
    SWITCH("sar.fail_self_test", sar.fail_self_test),
    NUMBER("sar.science_factor", sar.science_factor, 1),   /* times the rate of science data */
    NUMBER("sar.antenna_share", sar.antenna_share, 1),     /* of its length that radiates */
    NUMBER("sar.window_error_ns", sar.window_error_ns, 0), /* the receive window opens so much later */
    NUMBER("sar.lost_target", sar.lost_target, 0),         /* place in the scene of one without echo, 1 the first */
    SWITCH("sar.held", sar.held), /* does not come to the end of what it is at; commands are acted on */
    SWITCH("optical.fail_self_test", optical.fail_self_test),
    SWITCH("optical.held", optical.held), /* as sar.held; the door is apart */
    SWITCH("optical.sun_near", optical.sun_near),
    SWITCH("optical.focus_stuck", optical.focus_stuck),
    SWITCH("optical.focus_drifts", optical.focus_drifts),
    SWITCH("optical.heater_runaway", optical.heater_runaway),
    SWITCH("optical.lamp_dead", optical.lamp_dead),
    NUMBER("optical.stuck_pixels", optical.stuck_pixels, 0),     /* of each band, from the middle of the line on */
    NUMBER("optical.pattern_factor", optical.pattern_factor, 1), /* times the unevenness of the pixels' response */
    SWITCH("optical.door_stuck", optical.door.stuck),
    SWITCH("optical.door_held", optical.door.held),           /* leaves its position and does not arrive at another */
    NUMBER("optical.door_slow", optical.door.slow_factor, 0), /* times the nominal duration */
    SWITCH("power.latchup_sar", power.limiters[LIMITER_SAR_UNIT].latched_up),
    SWITCH("power.latchup_optical", power.limiters[LIMITER_OPTICAL_UNIT].latched_up),
    SWITCH("power.latchup_heater", power.limiters[LIMITER_OPTICAL_HEATER].latched_up),
    SWITCH("power.latchup_door", power.limiters[LIMITER_DOOR].latched_up),
    SWITCH("power.stuck_limiters", power.stuck_limiters),
    NUMBER("power.excess_sar_a", power.limiters[LIMITER_SAR_UNIT].excess_a, 0),
    NUMBER("power.excess_optical_a", power.limiters[LIMITER_OPTICAL_UNIT].excess_a, 0),
    NUMBER("power.source_v", power.source_v, POWER_SOURCE_V),
    SWITCH("recorder.full", recorder.store.full),
    SWITCH("recorder.failed", recorder.failed),
    SWITCH("recorder.hung", recorder.hung), /* failed until it is restarted */
    NUMBER("recorder.bit_errors_s", recorder.bit_errors_s, 0),
    SWITCH("recorder.downlink_lost", recorder.play.lost),
    NUMBER("recorder.worn_boards", recorder.store.worn_boards, 0), /* mask: writes fail */
    NUMBER("recorder.dead_boards", recorder.store.dead_boards, 0), /* mask: reads too */
    NUMBER("recorder.capacity_mib", recorder.store.capacity_mib,
           RECORDER_CAPACITY_MIB), /* the model's, not only the register */
};
#define FAULTS (sizeof faults / sizeof faults[0])

static const place_t *find_fault(const char *name) {
    for (unsigned i = 0; i < FAULTS; i++) {
        if (strcmp(faults[i].name, name) == 0) {
            return &faults[i];
        }
    }
    return NULL;
}

static void set_place(sim_t *sim, const place_t *place, double value) {
    uint8_t *at = (uint8_t *)sim + place->offset;
    bool on = value != 0;
    if (place->is_switch) {
        memcpy(at, &on, sizeof on);
    } else {
        memcpy(at, &value, sizeof value);
    }
}

static double get_place(const sim_t *sim, const place_t *place) {
    const uint8_t *at = (const uint8_t *)sim + place->offset;
    bool on = false;
    double value = 0;
    if (place->is_switch) {
        memcpy(&on, at, sizeof on);
        return on;
    }
    memcpy(&value, at, sizeof value);
    return value;
}

/* The unit of a name, with the quantity after the dot; SIM_UNITS when there is none. */
static unsigned find_unit(const sim_t *sim, const char *name, const char **quantity) {
    for (unsigned i = 0; i < SIM_UNITS; i++) {
        size_t length = strlen(sim->units[i].map->name);
        if (strncmp(name, sim->units[i].map->name, length) == 0 && name[length] == '.') {
            *quantity = &name[length + 1];
            return i;
        }
    }
    return SIM_UNITS;
}

static int unit_fault(const char *quantity) {
    for (int i = 0; i < UNIT_FAULTS; i++) {
        if (strcmp(unit_faults[i], quantity) == 0) {
            return i;
        }
    }
    return -1;
}

static bool set(sim_t *sim, const char *name, double value, bool force) {
    const char *quantity = NULL;
    unsigned index = find_unit(sim, name, &quantity);
    const place_t *place = find_fault(name);
    if (place != NULL) {
        set_place(sim, place, force ? value : place->released);
        return true;
    }
    if (index == SIM_UNITS) {
        return false;
    }
    unit_t *unit = &sim->units[index];
    int fault = unit_fault(quantity);
    int item = unit_register_index(unit, quantity);
    if (fault >= 0) {
        unit->faults[fault] = force && value >= 0 ? value : 0;
    } else if (item >= 0) {
        unit->forced[item] = force;
        unit->forced_value[item] = value;
    } else if (index == SIM_RECORDER && strcmp(quantity, "damaged_entry") == 0) {
        if (force) {
            recorder_store_damage(&sim->recorder, (uint16_t)value);
        }
    } else if (index <= SIM_OPTICAL && strcmp(quantity, "fail") == 0) {
        if (force && value != 0) {
            fails[index](sim);
        }
    } else if (strcmp(quantity, "reset") == 0) {
        if (force && value != 0) {
            resets[index](sim);
        }
    } else {
        return false;
    }
    return true;
}

bool sim_force(sim_t *sim, const char *name, double value) {
    bool known = set(sim, name, value, true);
    sim_refresh(sim);
    return known;
}

bool sim_release(sim_t *sim, const char *name) {
    bool known = set(sim, name, 0, false);
    sim_refresh(sim);
    return known;
}

static double stored_octets(const sim_t *sim) {
    double octets = 0;
    for (unsigned slot = 0; slot < RECORDER_ENTRIES; slot++) {
        octets += sim->recorder.records[slot].extent.size_octets;
    }
    return octets;
}

/* What no register shows. */
static bool observe_model(const sim_t *sim, const char *name, double *value) {
    const struct {
        const char *name;
        double value;
    } model[] = {
        {"sar.transmitting", sar_is_transmitting(sim)},
        {"sar.transmit_total_ms", (double)(sim->sar.transmit_total_us / 1000)},
        {"sar.powered", sim->units[SIM_SAR].powered},
        {"optical.powered", sim->units[SIM_OPTICAL].powered},
        {"optical.door_position", sim->optical.door.position},
        {"recorder.damaged_entry", 0},
        {"recorder.stored_octets", stored_octets(sim)},
        {"recorder.downlink_frames", sim->recorder.play.frames},
        {"recorder.downlink_unread_octets", sim->recorder.play.unread_octets},
        {"bus.requests", sim->bus.requests},
        {"bus.discarded", sim->bus.discarded},
    };
    for (unsigned i = 0; i < sizeof model / sizeof model[0]; i++) {
        if (strcmp(model[i].name, name) == 0) {
            *value = model[i].value;
            return true;
        }
    }
    return false;
}

bool sim_observe(const sim_t *sim, const char *name, double *value) {
    const char *quantity = NULL;
    unsigned index = find_unit(sim, name, &quantity);
    const place_t *place = find_fault(name);
    if (observe_model(sim, name, value)) {
        return true;
    }
    if (place != NULL) {
        *value = get_place(sim, place);
        return true;
    }
    if (index == SIM_UNITS) {
        return false;
    }
    int fault = unit_fault(quantity);
    int item = unit_register_index(&sim->units[index], quantity);
    if (fault >= 0) {
        *value = sim->units[index].faults[fault];
    } else if (item >= 0) {
        *value = unit_reported(&sim->units[index], (unsigned)item);
    }
    return fault >= 0 || item >= 0;
}
