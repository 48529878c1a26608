#include "hal_zones.h"

#include "dictionary.h"
#include "hal_pool.h"
#include "sphere.h"

#define EARTH_RADIUS_M ((int64_t)SAR_EARTH_RADIUS_M)
#define VELOCITY_M_S ((int64_t)SAR_PLATFORM_VELOCITY_M_S)
/* 2^-30 rad: of the orbit and of the Earth's rotation in a second, and of a metre on the ground. */
#define ORBIT_RATE ((int64_t)(SAR_PLATFORM_VELOCITY_M_S / (SAR_EARTH_RADIUS_M + SAR_ALTITUDE_M) * 1073741824.0 + 0.5))
#define EARTH_RATE ((int64_t)(SAR_EARTH_ROTATION_RAD_S * 1073741824.0 + 0.5))
/* Over the turning ground, at most. */
#define FASTEST_RATE (ORBIT_RATE + EARTH_RATE)
#define ANGLE_OF_M(m) ((m)*SPHERE_ONE / EARTH_RADIUS_M)

#define SERIES_DOUBT 64 /* of 2^-30; sphere.c is some ten times better */

#define STEP_MS 2000u
/* Between two positions: late arrival that is no jump, and the least movement that shows a direction. */
#define ARRIVAL_JITTER_MS 2000u
#define DIRECTION_LEAST_M 2000
#define ALLOWANCE_DIVISOR 8

static struct {
    sphere_vector_t last, ahead; /* ahead: at a right angle, along the inertial track */
    uint64_t last_us;
    bool is_set, is_jump, has_direction;
} track;

static struct {
    sphere_vector_t centre;
    int64_t radius;
} zones[ZONES];

void hal_zones_init(void) {
    track.is_set = false;
    for (unsigned i = 0; i < ZONES; i++) {
        zones[i].centre = sphere_place(hal_zones[i].latitude, hal_zones[i].longitude);
        zones[i].radius = ANGLE_OF_M((int64_t)hal_zones[i].radius_m);
    }
}

/* Both positions in the frame of the Earth at the second: the time between them by the distance, since
 * messages arrive with jitter. */
static void find_direction(const sphere_vector_t *former, const sphere_vector_t *place, int64_t moved) {
    track.has_direction = moved >= ANGLE_OF_M((int64_t)DIRECTION_LEAST_M);
    if (track.has_direction) {
        sphere_vector_t from = sphere_turn(former, -moved * EARTH_RATE / ORBIT_RATE);
        track.ahead = sphere_away(&from, place);
    }
}

void hal_zones_position(int32_t latitude, int32_t longitude, uint64_t now_us) {
    sphere_vector_t place = sphere_place(latitude, longitude);
    track.is_jump = false;
    track.has_direction = false;
    if (track.is_set) {
        uint64_t since_ms = (now_us - track.last_us) / 1000 + ARRIVAL_JITTER_MS;
        int64_t moved = sphere_angle(&track.last, &place);
        /* After a longer silence any place may be the right one, and shows no direction. */
        if (since_ms <= HAL_ZONE_AHEAD_LARGEST_MS) {
            track.is_jump = moved > FASTEST_RATE * (int64_t)since_ms / 1000;
            /* A jump shows none; from a place to the one opposite there is not even a great circle. */
            if (!track.is_jump) {
                find_direction(&track.last, &place, moved);
            }
        }
    }
    track.last = place;
    track.last_us = now_us;
    track.is_set = true;
}

bool hal_zones_position_known(uint64_t now_us) {
    return track.is_set && !track.is_jump &&
           now_us - track.last_us <= hal_pool_table[POOL_LATITUDE_DEG].fresh_ms * UINT64_C(1000);
}

/* cos x >= 1 - x^2 / 2: what lies far away is told without the series, which is sure to SERIES_DOUBT. */
static bool is_within(const sphere_vector_t *place, const sphere_vector_t *centre, int64_t reach) {
    if (reach >= SPHERE_PI) {
        return true;
    }
    int64_t cosine = sphere_dot(place, centre);
    bool is_far = reach < 2 * SPHERE_ONE && cosine < SPHERE_ONE - (reach * reach >> 31) - SERIES_DOUBT;
    return !is_far && cosine >= sphere_cos(reach);
}

static int zone_at(const sphere_vector_t *place, int64_t allowance) {
    for (unsigned i = 0; i < ZONES; i++) {
        if (is_within(place, &zones[i].centre, zones[i].radius + allowance)) {
            return (int)i;
        }
    }
    return HAL_ZONE_NONE;
}

/* The zone met `flown_ms` after the last position. */
static int zone_after(uint32_t flown_ms) {
    if (!track.has_direction) {
        return zone_at(&track.last, FASTEST_RATE * flown_ms / 1000);
    }
    int64_t flown = ORBIT_RATE * flown_ms / 1000;
    sphere_vector_t inertial = sphere_blend(&track.last, &track.ahead, flown);
    sphere_vector_t place = sphere_turn(&inertial, -EARTH_RATE * (int64_t)flown_ms / 1000);
    /* Half a step of the way to the next point besides. */
    return zone_at(&place, flown / ALLOWANCE_DIVISOR + ANGLE_OF_M(VELOCITY_M_S * STEP_MS / 2000));
}

int hal_zones_ahead(uint32_t from_ms, uint32_t to_ms, uint64_t now_us, uint32_t *at_ms) {
    *at_ms = 0;
    if (!hal_zones_position_known(now_us) || from_ms > to_ms || to_ms > HAL_ZONE_AHEAD_LARGEST_MS) {
        return HAL_ZONE_POSITION_UNKNOWN;
    }
    uint32_t age_ms = (uint32_t)((now_us - track.last_us) / 1000);
    for (uint32_t ahead_ms = from_ms; ahead_ms < to_ms + STEP_MS; ahead_ms += STEP_MS) {
        *at_ms = ahead_ms < to_ms ? ahead_ms : to_ms;
        int zone = zone_after(age_ms + *at_ms);
        if (zone != HAL_ZONE_NONE) {
            return zone;
        }
    }
    return HAL_ZONE_NONE;
}
