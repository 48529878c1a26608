#include "physics.h"

#define OCTETS_MEAN 510
#define OCTETS_SIGMA 147.801
#define NEWTON_STEPS 30 /* from 1 to the root of 10^12: 20 halvings, then quadratic */

double physics_lag(double value, double target, double step_s, double time_constant_s) {
    if (time_constant_s <= step_s) {
        return target;
    }
    return value + (target - value) * step_s / time_constant_s;
}

void physics_seed(physics_random_t *random, uint32_t seed, uint32_t stream) {
    random->state = (uint64_t)seed << 32 | stream;
    (void)physics_random(random);
}

/* SplitMix64 (Steele, Lea and Flood, 2014), upper half. */
uint32_t physics_random(physics_random_t *random) {
    random->state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t mixed = random->state;
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((mixed ^ mixed >> 31) >> 32);
}

double physics_noise(physics_random_t *random, double limit) {
    return limit * ((double)physics_random(random) / 2147483648.0 - 1.0);
}

double physics_normal(physics_random_t *random) {
    uint32_t drawn = physics_random(random);
    uint32_t sum = (drawn & 0xFF) + (drawn >> 8 & 0xFF) + (drawn >> 16 & 0xFF) + (drawn >> 24);
    return ((double)sum - OCTETS_MEAN) / OCTETS_SIGMA;
}

double physics_sqrt(double value) {
    if (value <= 0) {
        return 0;
    }
    double root = value > 1 ? value : 1;
    for (unsigned i = 0; i < NEWTON_STEPS; i++) {
        root = (root + value / root) / 2;
    }
    return root;
}
