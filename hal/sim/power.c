#include "power.h"

#include "dictionary.h"
#include "physics.h"
#include "registers.h"
#include "sim_internal.h"

#define SOURCE_RESISTANCE_OHM 0.02
#define LOWEST_BUS_V 1.0 /* keeps the constant-power loads finite */
#define AVIONICS_POWER_W 40.0
#define TRIP_STEPS 2u /* 20 ms */
#define LATCH_UP_FACTOR 1.05
#define BOARD_COLD_DEGC 18.0
#define BOARD_RISE_DEGC_PER_W 0.01
#define BOARD_TIME_CONSTANT_S 300.0

static const double trip_currents_a[POWER_LIMITERS] = {
    [LIMITER_SAR_UNIT] = 60.0, [LIMITER_OPTICAL_UNIT] = 8.0, [LIMITER_OPTICAL_HEATER] = 5.0, [LIMITER_DOOR] = 3.0};

static const uint16_t limiter_offsets[POWER_LIMITERS] = {
    [LIMITER_SAR_UNIT] = POWER_CONTROL_SAR_UNIT_LIMITER_OFFSET,
    [LIMITER_OPTICAL_UNIT] = POWER_CONTROL_OPTICAL_UNIT_LIMITER_OFFSET,
    [LIMITER_OPTICAL_HEATER] = POWER_CONTROL_OPTICAL_HEATER_LIMITER_OFFSET,
    [LIMITER_DOOR] = POWER_CONTROL_DOOR_LIMITER_OFFSET};

/* Registers that lower a limiter's trip current; 0 where it has none. */
static const uint16_t trip_offsets[POWER_LIMITERS] = {[LIMITER_SAR_UNIT] = POWER_CONTROL_SAR_UNIT_TRIP_MA_OFFSET,
                                                      [LIMITER_OPTICAL_UNIT] =
                                                          POWER_CONTROL_OPTICAL_UNIT_TRIP_MA_OFFSET};

static const unit_register_t housekeeping[] = {POWER_HOUSEKEEPING_REGISTERS(UNIT_REGISTER)};
static const unit_register_t control[] = {POWER_CONTROL_REGISTERS(UNIT_REGISTER)};

_Static_assert(POWER_HOUSEKEEPING_OCTETS <= UNIT_BLOCK_LARGEST_OCTETS, "housekeeping fits");
_Static_assert(sizeof housekeeping / sizeof housekeeping[0] <= UNIT_REGISTERS_LARGEST, "registers fit");

static uint8_t written(sim_t *sim, unsigned block, uint16_t offset, uint16_t octets);

const unit_map_t power_map = {
    .name = "power",
    .node = POWER_NODE,
    .blocks = 2,
    .block = {UNIT_BLOCK(POWER_HOUSEKEEPING, housekeeping, true, false),
              UNIT_BLOCK(POWER_CONTROL, control, false, true)},
    .written = written,
};

void power_init(sim_t *sim) {
    unit_init(&sim->units[SIM_POWER], sim, &power_map);
    sim->units[SIM_POWER].powered = true;
    sim->power.source_v = POWER_SOURCE_V;
    sim->power.bus_v = POWER_SOURCE_V;
    sim->power.board_degc = BOARD_COLD_DEGC;
}

/* The limiters are latching: they hold through a reset of the unit's electronics. */
void power_reset(sim_t *sim) {
    unit_reset(&sim->units[SIM_POWER]);
    sim->power.switch_ons = 0;
}

bool power_is_closed(const sim_t *sim, unsigned limiter) {
    return sim->power.limiters[limiter].closed;
}

static void switch_limiter(sim_t *sim, unsigned limiter, bool closed) {
    power_limiter_t *item = &sim->power.limiters[limiter];
    item->over_steps = 0;
    if (item->closed == closed) {
        return;
    }
    item->closed = closed;
    if (closed) {
        item->tripped = false;
        sim->power.switch_ons++;
    }
    if (limiter == LIMITER_SAR_UNIT) {
        sar_power(sim, closed);
    } else if (limiter == LIMITER_OPTICAL_UNIT) {
        optical_power(sim, closed);
    }
}

static double load_w(const sim_t *sim, unsigned limiter) {
    switch (limiter) {
    case LIMITER_SAR_UNIT:
        return sar_power_w(sim);
    case LIMITER_OPTICAL_UNIT:
        return optical_power_w(sim);
    case LIMITER_OPTICAL_HEATER:
        return optical_heater_power_w(sim);
    default:
        return optical_door_power_w(sim);
    }
}

/* Constant-power loads at the voltage of the step before, behind the source's resistance. */
static void step_currents(sim_t *sim) {
    power_t *power = &sim->power;
    double total_a = AVIONICS_POWER_W / power->bus_v;
    for (unsigned i = 0; i < POWER_LIMITERS; i++) {
        power_limiter_t *item = &power->limiters[i];
        item->current_a = item->closed ? load_w(sim, i) / power->bus_v : 0;
        item->current_a += item->closed ? item->excess_a : 0;
        if (item->closed && item->latched_up) {
            item->current_a = trip_currents_a[i] * LATCH_UP_FACTOR;
        }
        total_a += item->current_a;
    }
    power->total_w = total_a * power->bus_v;
    power->bus_v = power->source_v - SOURCE_RESISTANCE_OHM * total_a;
    if (power->bus_v < LOWEST_BUS_V) {
        power->bus_v = LOWEST_BUS_V;
    }
}

/* The limiter's own, or the lower one that was commanded. */
static double trip_current_a(const sim_t *sim, unsigned limiter) {
    double commanded_a = trip_offsets[limiter] == 0
                             ? 0
                             : (double)unit_raw(&sim->units[SIM_POWER], UNIT_CONTROL, trip_offsets[limiter]) / 1000.0;
    return commanded_a > 0 && commanded_a < trip_currents_a[limiter] ? commanded_a : trip_currents_a[limiter];
}

static void step_trips(sim_t *sim) {
    for (unsigned i = 0; i < POWER_LIMITERS; i++) {
        power_limiter_t *item = &sim->power.limiters[i];
        item->over_steps = item->current_a > trip_current_a(sim, i) ? item->over_steps + 1 : 0;
        if (item->over_steps >= TRIP_STEPS) {
            switch_limiter(sim, i, false);
            item->tripped = true;
        }
    }
}

void power_step(sim_t *sim, uint64_t now_us) {
    power_t *power = &sim->power;
    step_currents(sim);
    step_trips(sim);
    power->board_degc = physics_lag(power->board_degc, BOARD_COLD_DEGC + BOARD_RISE_DEGC_PER_W * power->total_w,
                                    SIM_STEP_S, BOARD_TIME_CONSTANT_S);
    unit_step(&sim->units[SIM_POWER], now_us);
}

static uint8_t written(sim_t *sim, unsigned block, uint16_t offset, uint16_t octets) {
    const unit_t *unit = &sim->units[SIM_POWER];
    int64_t codes[POWER_LIMITERS];
    for (unsigned i = 0; i < POWER_LIMITERS; i++) {
        codes[i] = unit_raw(unit, block, limiter_offsets[i]);
        bool is_code = codes[i] == LIMITER_COMMAND_OPEN || codes[i] == LIMITER_COMMAND_CLOSE;
        if (unit_covers(offset, octets, limiter_offsets[i]) && !is_code) {
            return RMAP_STATUS_GENERAL_ERROR;
        }
    }
    for (unsigned i = 0; i < POWER_LIMITERS && !sim->power.stuck_limiters; i++) {
        if (unit_covers(offset, octets, limiter_offsets[i])) {
            switch_limiter(sim, i, codes[i] == LIMITER_COMMAND_CLOSE);
        }
    }
    return RMAP_STATUS_SUCCESS;
}

static double current_ma(const sim_t *sim, unsigned limiter) {
    return sim->power.limiters[limiter].current_a * 1000.0;
}

void power_refresh(sim_t *sim) {
    unit_t *unit = &sim->units[SIM_POWER];
    const power_t *power = &sim->power;
    unsigned closed = 0;
    unsigned tripped = 0;
    for (unsigned i = 0; i < POWER_LIMITERS; i++) {
        closed |= (unsigned)power->limiters[i].closed << i;
        tripped |= (unsigned)power->limiters[i].tripped << i;
    }
    unit_report(unit, POWER_HOUSEKEEPING_SAMPLE_COUNT_OFFSET, unit->sample_count);
    unit_report(unit, POWER_HOUSEKEEPING_BUS_VOLTAGE_V_OFFSET, power->bus_v);
    unit_report(unit, POWER_HOUSEKEEPING_LIMITERS_CLOSED_OFFSET, closed);
    unit_report(unit, POWER_HOUSEKEEPING_LIMITERS_TRIPPED_OFFSET, tripped);
    unit_report(unit, POWER_HOUSEKEEPING_SAR_CURRENT_MA_OFFSET, current_ma(sim, LIMITER_SAR_UNIT));
    unit_report(unit, POWER_HOUSEKEEPING_OPTICAL_CURRENT_MA_OFFSET, current_ma(sim, LIMITER_OPTICAL_UNIT));
    unit_report(unit, POWER_HOUSEKEEPING_HEATER_CURRENT_MA_OFFSET, current_ma(sim, LIMITER_OPTICAL_HEATER));
    unit_report(unit, POWER_HOUSEKEEPING_DOOR_CURRENT_MA_OFFSET, current_ma(sim, LIMITER_DOOR));
    unit_report(unit, POWER_HOUSEKEEPING_TOTAL_POWER_W_OFFSET, power->total_w);
    unit_report(unit, POWER_HOUSEKEEPING_BOARD_TEMPERATURE_DEGC_OFFSET, power->board_degc);
    unit_report(unit, POWER_HOUSEKEEPING_SWITCH_ONS_OFFSET, power->switch_ons);
}
