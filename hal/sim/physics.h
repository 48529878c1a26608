/* Mathematics of the models: first-order lag, seeded random numbers. No libm. */
#ifndef PHYSICS_H
#define PHYSICS_H

#include <stdint.h>

/* One step of `step_s` towards `target` with time constant `time_constant_s` (explicit Euler). A time
 * constant shorter than the step reaches the target at once. */
double physics_lag(double value, double target, double step_s, double time_constant_s);

/* Random numbers of one model, each with a stream of its own. */
typedef struct {
    uint64_t state;
} physics_random_t;

void physics_seed(physics_random_t *random, uint32_t seed, uint32_t stream);
uint32_t physics_random(physics_random_t *random);
/* Uniform in -limit..limit. */
double physics_noise(physics_random_t *random, double limit);
/* Nearly normal, mean 0, standard deviation 1: the sum of four uniform octets. */
double physics_normal(physics_random_t *random);

/* Square root of a number from 0 to 10^12. */
double physics_sqrt(double value);

#endif
