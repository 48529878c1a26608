#include "sar_ancillary.h"

#include "dictionary.h"
#include "sar_packets.h"
#include "sar_signal.h"

#include <string.h>

#define MICROSECONDS 1000000
#define PI 3.14159265358979323846

/* Words counted from 1, as the standard does. */
#define POSITION 1u
#define VELOCITY 13u
#define TIME 19u
#define QUATERNION 23u
#define ATTITUDE_TIME 37u

static void put_double(uint16_t *words, unsigned word, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (unsigned i = 0; i < 4; i++) {
        words[word - 1 + i] = (uint16_t)(bits >> (48 - 16 * i));
    }
}

static void put_float(uint16_t *words, unsigned word, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    words[word - 1] = (uint16_t)(bits >> 16);
    words[word] = (uint16_t)bits;
}

/* 40 bits of seconds and 24 bits of fraction. */
static void put_time(uint16_t *words, unsigned word, int64_t gps_us) {
    uint64_t value = (uint64_t)(gps_us / MICROSECONDS) << 24 | ((uint64_t)(gps_us % MICROSECONDS) << 24) / MICROSECONDS;
    for (unsigned i = 0; i < 4; i++) {
        words[word - 1 + i] = (uint16_t)(value >> (48 - 16 * i));
    }
}

/* Sine by its series; the angle within a quarter turn. */
static double sine_of(double angle) {
    double term = angle, sum = angle;
    for (unsigned i = 1; i < 10; i++) {
        term *= -angle * angle / ((2 * i) * (2 * i + 1));
        sum += term;
    }
    return sum;
}

static double within_half_turn(double angle) {
    double turns = angle / (2 * PI);
    double rest = turns - (double)(int64_t)turns;
    return 2 * PI * (rest > 0.5 ? rest - 1 : rest);
}

static double sine(double angle) {
    double inner = within_half_turn(angle);
    return inner > PI / 2 ? sine_of(PI - inner) : inner < -PI / 2 ? sine_of(-PI - inner) : sine_of(inner);
}

void sar_ancillary(uint16_t *words, int64_t gps_us, double orbit_s) {
    double angle = orbit_s * sar_orbit_rate_rad_s();
    double cosine_now = sine(angle + PI / 2), sine_now = sine(angle);
    memset(words, 0, SAR_ANCILLARY_WORDS * sizeof words[0]);
    put_double(words, POSITION, sar_orbit_radius_m() * cosine_now);
    put_double(words, POSITION + 4, sar_orbit_radius_m() * sine_now);
    put_float(words, VELOCITY, (float)(-SAR_PLATFORM_VELOCITY_M_S * sine_now));
    put_float(words, VELOCITY + 2, (float)(SAR_PLATFORM_VELOCITY_M_S * cosine_now));
    put_time(words, TIME, gps_us);
    put_float(words, QUATERNION, 1);
    put_time(words, ATTITUDE_TIME, gps_us);
}
