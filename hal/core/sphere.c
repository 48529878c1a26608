#include "sphere.h"

#define HALF_PI (SPHERE_PI / 2)
#define SERIES_LAST 17

static int64_t times(int64_t a, int64_t b) {
    return (a * b) >> 30;
}

/* Taylor's series about 0 to x^17, nested; the rest is below 2^-30 up to a right angle. */
int64_t sphere_sin(int64_t angle) {
    while (angle > SPHERE_PI) {
        angle -= 2 * SPHERE_PI;
    }
    while (angle < -SPHERE_PI) {
        angle += 2 * SPHERE_PI;
    }
    if (angle > HALF_PI) {
        angle = SPHERE_PI - angle;
    } else if (angle < -HALF_PI) {
        angle = -SPHERE_PI - angle;
    }
    int64_t square = times(angle, angle);
    int64_t sum = SPHERE_ONE;
    for (int64_t power = SERIES_LAST; power > 1; power -= 2) {
        sum = SPHERE_ONE - times(square, sum) / (power * (power - 1));
    }
    return times(angle, sum);
}

int64_t sphere_cos(int64_t angle) {
    return sphere_sin(angle + (angle > 0 ? -3 * HALF_PI : HALF_PI));
}

static int64_t radians_of(int32_t degrees_1e5) {
    return degrees_1e5 * SPHERE_PI / 18000000;
}

sphere_vector_t sphere_place(int32_t latitude, int32_t longitude) {
    int64_t level = sphere_cos(radians_of(latitude));
    int64_t east = radians_of(longitude);
    return (sphere_vector_t){times(level, sphere_cos(east)), times(level, sphere_sin(east)),
                             sphere_sin(radians_of(latitude))};
}

int64_t sphere_dot(const sphere_vector_t *a, const sphere_vector_t *b) {
    return (a->x * b->x + a->y * b->y + a->z * b->z) >> 30;
}

static int64_t square_root(uint64_t value) {
    uint64_t root = 0;
    for (uint64_t bit = UINT64_C(1) << 62; bit != 0; bit >>= 2) {
        uint64_t tried = root + bit;
        root >>= 1;
        if (value >= tried) {
            value -= tried;
            root += bit;
        }
    }
    return (int64_t)root;
}

static int64_t length(const sphere_vector_t *a) {
    return square_root((uint64_t)(a->x * a->x + a->y * a->y + a->z * a->z));
}

/* By the chord: 2 asin(chord / 2), asin as its series to the cube. */
int64_t sphere_angle(const sphere_vector_t *a, const sphere_vector_t *b) {
    sphere_vector_t chord = {a->x - b->x, a->y - b->y, a->z - b->z};
    int64_t half = length(&chord) / 2;
    return 2 * (half + times(times(half, half), half) / 6);
}

sphere_vector_t sphere_blend(const sphere_vector_t *a, const sphere_vector_t *b, int64_t angle) {
    int64_t c = sphere_cos(angle), s = sphere_sin(angle);
    return (sphere_vector_t){(a->x * c + b->x * s) >> 30, (a->y * c + b->y * s) >> 30, (a->z * c + b->z * s) >> 30};
}

sphere_vector_t sphere_turn(const sphere_vector_t *a, int64_t angle) {
    int64_t c = sphere_cos(angle), s = sphere_sin(angle);
    return (sphere_vector_t){(a->x * c - a->y * s) >> 30, (a->x * s + a->y * c) >> 30, a->z};
}

sphere_vector_t sphere_away(const sphere_vector_t *from, const sphere_vector_t *at) {
    int64_t along = sphere_dot(from, at);
    sphere_vector_t away = {times(at->x, along) - from->x, times(at->y, along) - from->y,
                            times(at->z, along) - from->z};
    int64_t norm = length(&away);
    return (sphere_vector_t){away.x * SPHERE_ONE / norm, away.y * SPHERE_ONE / norm, away.z * SPHERE_ONE / norm};
}
