/* Geometry of a pushbroom image: line period, smear, and whether ancillary data can be true.
 *
 * Angles: roll is positive to the left of the ground track, pitch positive ahead, both from the line to
 * the Earth's centre; the boresight is sin(pitch) ahead + cos(pitch) (cos(roll) down + sin(roll) left). */
#ifndef HAL_GEOMETRY_H
#define HAL_GEOMETRY_H

#include <stdint.h>

/* Raw units of the parameter pool. */
typedef struct {
    int32_t latitude;      /* 1e-5 deg, geodetic */
    uint32_t altitude_m;   /* above the WGS 84 ellipsoid */
    uint32_t ground_speed; /* 0.01 m/s, of the sub-satellite point */
    uint32_t track;        /* 0.01 deg, from north over east */
    int32_t roll, pitch;   /* 0.01 deg */
} hal_pointing_t;

/* Nanoseconds in which the footprint moves by one ground sample: the nadir sample (dictionary) grows with the
 * range to the ellipsoid. 0 when the boresight misses the Earth or the speed is 0. */
uint32_t hal_line_period_ns(const hal_pointing_t *pointing);

/* Image motion over `stages` stages in thousandths of a pixel, rounded up so that a value at the limit is
 * within it: N |dV/V| along the track, N tan(yaw error) across it. UINT32_MAX for a true period of 0. */
uint32_t hal_smear_along_mpx(uint32_t stages, uint32_t set_period_ns, uint32_t true_period_ns);
uint32_t hal_smear_across_mpx(uint32_t stages, int32_t yaw_error_mdeg);

/* Metres by which a position (1e-5 deg, metres) is further from the one `elapsed_ms` before than the satellite
 * flies or climbs in that time, with an allowance for late samples; 0: it can be true. */
uint32_t hal_position_jump_m(const int32_t from[3], const int32_t to[3], uint32_t elapsed_ms);

#endif
