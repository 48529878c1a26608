/* Directions on a sphere in integers: vectors and angles in units of 2^-30 (an angle in 2^-30 rad). */
#ifndef SPHERE_H
#define SPHERE_H

#include <stdint.h>

#define SPHERE_ONE (INT64_C(1) << 30)
#define SPHERE_PI INT64_C(3373259426)

typedef struct {
    int64_t x, y, z;
} sphere_vector_t;

/* Any angle within +-2 pi. */
int64_t sphere_sin(int64_t angle);
int64_t sphere_cos(int64_t angle);

/* Unit vector of a place in 1e-5 deg. */
sphere_vector_t sphere_place(int32_t latitude, int32_t longitude);

int64_t sphere_dot(const sphere_vector_t *a, const sphere_vector_t *b);

/* Angle between two unit vectors; small angles keep all their digits, beyond 0.3 rad it is too small. */
int64_t sphere_angle(const sphere_vector_t *a, const sphere_vector_t *b);

/* a cos(angle) + b sin(angle) */
sphere_vector_t sphere_blend(const sphere_vector_t *a, const sphere_vector_t *b, int64_t angle);

/* About the polar axis, eastward. */
sphere_vector_t sphere_turn(const sphere_vector_t *a, int64_t angle);

/* Unit vector at a right angle to `at`, pointing away from `from`. The two must differ. */
sphere_vector_t sphere_away(const sphere_vector_t *from, const sphere_vector_t *at);

#endif
