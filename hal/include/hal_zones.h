/* Transmit zones (ITU-R RS.2066): where the satellite is, where it will be, and over which stations
 * it must not transmit. Integer arithmetic on a sphere.
 *
 * The track ahead is that of a circular orbit through the last two positions over the turning
 * Earth. What is not known of it is allowed for: an eighth of the distance flown, or all of it in
 * every direction while the last two positions do not show where the satellite flies to. A position
 * farther from the last than the satellite can have flown is a jump: the position is not known
 * until the next one confirms it. */
#ifndef HAL_ZONES_H
#define HAL_ZONES_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int32_t latitude, longitude; /* 1e-5 deg, as LATITUDE_DEG and LONGITUDE_DEG of the pool */
    uint32_t radius_m;
} hal_zone_t;

/* Generated: zones.toml. */
extern const hal_zone_t hal_zones[];
extern const unsigned hal_zone_count;

#define HAL_ZONE_NONE (-1)
#define HAL_ZONE_POSITION_UNKNOWN (-2)
/* Farthest the track is followed. */
#define HAL_ZONE_AHEAD_LARGEST_MS 240000

void hal_zones_init(void);

/* A new sub-satellite position, 1e-5 deg. */
void hal_zones_position(int32_t latitude, int32_t longitude, uint64_t now_us);

/* Is the last position as fresh as LATITUDE_DEG must be, and no jump? */
bool hal_zones_position_known(uint64_t now_us);

/* The first zone the track meets between `from_ms` and `to_ms` from now, or HAL_ZONE_NONE. `*at_ms`:
 * when, from now. HAL_ZONE_POSITION_UNKNOWN also for a time beyond HAL_ZONE_AHEAD_LARGEST_MS. */
int hal_zones_ahead(uint32_t from_ms, uint32_t to_ms, uint64_t now_us, uint32_t *at_ms);

#endif
