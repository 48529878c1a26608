#include "hal_geometry.h"

#include "dictionary.h"

#include <math.h>

#define PI 3.14159265358979323846
#define NANOSECONDS 1e9
#define LATE_SAMPLES_MS 2000.0
#define FASTEST_M_S 8000.0 /* ground speed of any orbit */
#define FASTEST_CLIMB_M_S 100.0
#define ROUNDING 1e-9 /* relative, of the arithmetic in double precision */

typedef struct {
    double x, y, z;
} vector_t;

static vector_t sum(double a, vector_t u, double b, vector_t v) {
    return (vector_t){a * u.x + b * v.x, a * u.y + b * v.y, a * u.z + b * v.z};
}

static double dot(vector_t u, vector_t v) {
    return u.x * v.x + u.y * v.y + u.z * v.z;
}

static vector_t cross(vector_t u, vector_t v) {
    return (vector_t){u.y * v.z - u.z * v.y, u.z * v.x - u.x * v.z, u.x * v.y - u.y * v.x};
}

static vector_t unit(vector_t u) {
    return sum(1 / sqrt(dot(u, u)), u, 0, u);
}

static double radians(double degrees) {
    return degrees * PI / 180;
}

/* From a point along a direction to the ellipsoid; 0 when it is missed. The axis of rotation is stretched until
 * the ellipsoid is a sphere. */
static double range_m(vector_t point, vector_t direction) {
    double radius = OPTICAL_EARTH_EQUATORIAL_RADIUS_M;
    double stretch = 1 / (1 - 1 / OPTICAL_EARTH_INVERSE_FLATTENING);
    point.z *= stretch;
    direction.z *= stretch;
    double a = dot(direction, direction);
    double half_b = dot(point, direction);
    double discriminant = half_b * half_b - a * (dot(point, point) - radius * radius);
    return discriminant < 0 || half_b > 0 ? 0 : (-half_b - sqrt(discriminant)) / a;
}

/* The meridian of the satellite is that of x and z: longitude does not matter. */
static double slant_range_m(const hal_pointing_t *pointing) {
    double latitude = radians(pointing->latitude * 1e-5);
    double track = radians(pointing->track * 1e-2);
    double roll = radians(pointing->roll * 1e-2);
    double pitch = radians(pointing->pitch * 1e-2);
    double flattening = 1 / OPTICAL_EARTH_INVERSE_FLATTENING;
    double eccentricity_squared = flattening * (2 - flattening);
    double normal_m =
        OPTICAL_EARTH_EQUATORIAL_RADIUS_M / sqrt(1 - eccentricity_squared * sin(latitude) * sin(latitude));
    vector_t position = {(normal_m + pointing->altitude_m) * cos(latitude), 0,
                         (normal_m * (1 - eccentricity_squared) + pointing->altitude_m) * sin(latitude)};
    vector_t north = {-sin(latitude), 0, cos(latitude)};
    vector_t east = {0, 1, 0};
    vector_t up = unit(position);
    vector_t left = unit(cross(position, sum(cos(track), north, sin(track), east)));
    vector_t ahead = cross(left, up);
    vector_t abeam = sum(-cos(roll), up, sin(roll), left);
    return range_m(position, sum(sin(pitch), ahead, cos(pitch), abeam));
}

static uint32_t clipped(double value) {
    return value >= (double)UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

uint32_t hal_line_period_ns(const hal_pointing_t *pointing) {
    double range = slant_range_m(pointing);
    if (range <= 0 || pointing->ground_speed == 0) {
        return 0;
    }
    double sample_m = OPTICAL_GROUND_SAMPLE_DISTANCE_M * range / OPTICAL_REFERENCE_ALTITUDE_M;
    return clipped(sample_m / (pointing->ground_speed * 0.01) * NANOSECONDS + 0.5);
}

static uint32_t millipixels(double pixels) {
    return clipped(ceil(pixels * 1000 * (1 - ROUNDING)));
}

uint32_t hal_smear_along_mpx(uint32_t stages, uint32_t set_period_ns, uint32_t true_period_ns) {
    if (true_period_ns == 0) {
        return UINT32_MAX;
    }
    return millipixels(stages * fabs((double)set_period_ns - true_period_ns) / true_period_ns);
}

uint32_t hal_smear_across_mpx(uint32_t stages, int32_t yaw_error_mdeg) {
    return millipixels(stages * tan(radians(fabs(yaw_error_mdeg * 1e-3))));
}

uint32_t hal_position_jump_m(const int32_t from[3], const int32_t to[3], uint32_t elapsed_ms) {
    double first = radians(from[0] * 1e-5);
    double second = radians(to[0] * 1e-5);
    double across = sin((second - first) / 2);
    double along = sin(radians(((double)to[1] - from[1]) * 1e-5) / 2);
    double chord = sqrt(across * across + cos(first) * cos(second) * along * along);
    double moved_m = 2 * OPTICAL_EARTH_EQUATORIAL_RADIUS_M * asin(chord > 1 ? 1 : chord);
    double allowed_s = (elapsed_ms + LATE_SAMPLES_MS) / 1000;
    double beyond_m =
        fmax(moved_m - FASTEST_M_S * allowed_s, fabs((double)to[2] - from[2]) - FASTEST_CLIMB_M_S * allowed_s);
    return beyond_m > 0 ? clipped(ceil(beyond_m)) : 0;
}
