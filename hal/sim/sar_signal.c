#include "sar_signal.h"

#include "dictionary.h"
#include "science_data.h"

#include <stdbool.h>
#include <string.h>

#define PI 3.14159265358979323846
/* Cosine and sine of one phasor's step, 2 pi / SAR_PHASORS. */
#define STEP_COSINE 0.99999882345170188
#define STEP_SINE 0.00153398018628476561

#define PHASOR_BITS 12u
#define AMPLITUDE_BITS 4u
#define SUM_BITS (PHASOR_BITS + AMPLITUDE_BITS)
#define PHASE_INDEX_SHIFT 20u /* 32-bit phase to SAR_PHASORS */

/* Sum of four uniform octets: nearly normal. */
#define OCTETS_MEAN 510
#define OCTETS_SIGMA 147.801

_Static_assert(SAR_SCENE_TARGETS_COUNT <= SAR_TARGETS_LARGEST, "the scene fits");

static const double scene[SAR_SCENE_TARGETS_COUNT][4] = SAR_SCENE_TARGETS;

static int16_t rounded(double value) {
    return (int16_t)(value < 0 ? value - 0.5 : value + 0.5);
}

void sar_signal_init(sar_signal_t *signal) {
    double cosine = 1, sine = 0;
    for (unsigned i = 0; i < SAR_PHASORS; i++) {
        signal->phasor[i].i = rounded(cosine * (1 << PHASOR_BITS));
        signal->phasor[i].q = rounded(sine * (1 << PHASOR_BITS));
        double next = cosine * STEP_COSINE - sine * STEP_SINE;
        sine = cosine * STEP_SINE + sine * STEP_COSINE;
        cosine = next;
    }
    signal->targets = SAR_SCENE_TARGETS_COUNT;
    for (unsigned i = 0; i < SAR_SCENE_TARGETS_COUNT; i++) {
        signal->target[i] = (sim_target_t){scene[i][0], scene[i][1], scene[i][2], scene[i][3]};
    }
}

/* A phase in cycles as a 32-bit fraction of one. */
static uint32_t phase_of(double cycles) {
    double fraction = cycles - (double)(int64_t)cycles;
    return (uint32_t)(uint64_t)((fraction < 0 ? fraction + 1 : fraction) * 4294967296.0 + 0.5);
}

/* A chirp whose leading edge lies `delay_s` after the first sample, with a carrier phase. */
static void add_chirp(sar_signal_t *signal, const sar_receive_t *receive, double delay_s, double amplitude_lsb,
                      double carrier_cycles) {
    double rate = receive->rate_hz_s / (receive->sampling_rate_hz * receive->sampling_rate_hz);
    double start = receive->start_hz / receive->sampling_rate_hz;
    double delay = delay_s * receive->sampling_rate_hz;
    double end = delay + receive->pulse_s * receive->sampling_rate_hz;
    if (end < 0 || delay >= (double)receive->samples) {
        return;
    }
    size_t first = delay > 0 ? (size_t)delay : 0;
    first += (double)first < delay;
    size_t last = end < (double)receive->samples ? (size_t)end + 1 : receive->samples;
    double at = (double)first - delay;
    uint32_t phase = phase_of(carrier_cycles + start * at + rate * at * at / 2);
    uint32_t step = phase_of(start + rate * at + rate / 2);
    uint32_t bend = phase_of(rate);
    double limited_lsb = amplitude_lsb < SAR_MODEL_CONVERTER_LARGEST ? amplitude_lsb : SAR_MODEL_CONVERTER_LARGEST;
    int32_t amplitude = (int32_t)(limited_lsb * (1 << AMPLITUDE_BITS) + 0.5);
    for (size_t i = first; i < last; i++) {
        const sar_sample_t *phasor = &signal->phasor[phase >> PHASE_INDEX_SHIFT];
        signal->sum_i[i] += amplitude * phasor->i;
        signal->sum_q[i] += amplitude * phasor->q;
        phase += step;
        step += bend;
    }
}

static int16_t converted(int32_t sum) {
    const int32_t largest = SAR_MODEL_CONVERTER_LARGEST;
    int32_t value = (sum + (1 << (SUM_BITS - 1))) >> SUM_BITS;
    value = value > largest ? largest : value;
    return (int16_t)(value < -largest ? -largest : value);
}

static int32_t octets_of(uint32_t random) {
    return (int32_t)((random & 0xFF) + (random >> 8 & 0xFF) + (random >> 16 & 0xFF) + (random >> 24)) - OCTETS_MEAN;
}

/* Noise to what was summed up, and both to the converter. */
static void convert(sar_signal_t *signal, const sar_receive_t *receive, physics_random_t *random) {
    double sigma = SAR_MODEL_NOISE_LSB * receive->gain;
    int32_t scale = (int32_t)(sigma / OCTETS_SIGMA * (1 << SUM_BITS) + 0.5);
    for (size_t i = 0; i < receive->samples; i++) {
        signal->sample[i].i = converted(signal->sum_i[i] + octets_of(physics_random(random)) * scale);
        signal->sample[i].q = converted(signal->sum_q[i] + octets_of(physics_random(random)) * scale);
    }
}

static void clear(sar_signal_t *signal, size_t samples) {
    memset(signal->sum_i, 0, samples * sizeof signal->sum_i[0]);
    memset(signal->sum_q, 0, samples * sizeof signal->sum_q[0]);
}

void sar_signal_noise(sar_signal_t *signal, const sar_receive_t *receive, physics_random_t *random) {
    clear(signal, receive->samples);
    convert(signal, receive, random);
}

void sar_signal_calibration(sar_signal_t *signal, const sar_receive_t *receive, physics_random_t *random,
                            double amplitude_lsb, double delay_s) {
    clear(signal, receive->samples);
    add_chirp(signal, receive, delay_s, amplitude_lsb * receive->gain, 0);
    convert(signal, receive, random);
}

double sar_orbit_radius_m(void) {
    return SAR_EARTH_RADIUS_M + SAR_ALTITUDE_M;
}

double sar_orbit_rate_rad_s(void) {
    return SAR_PLATFORM_VELOCITY_M_S / sar_orbit_radius_m();
}

/* sqrt(square) by Newton's method from a near guess. */
static double root(double square, double guess) {
    for (unsigned i = 0; i < 4; i++) {
        guess = (guess + square / guess) / 2;
    }
    return guess;
}

/* Two-way amplitude of a uniformly lit antenna, sinc^2, off the centre of its beam. */
static double pattern(const sar_signal_t *signal, double length_m, double off_rad) {
    double turns = off_rad * length_m * SAR_CENTRE_FREQUENCY_HZ / SAR_LIGHT_SPEED_M_S;
    turns = turns < 0 ? -turns : turns;
    double sinc = 1 - PI * PI * turns * turns / 6;
    if (turns > 0.05) {
        sinc = signal->phasor[phase_of(turns / 2) >> PHASE_INDEX_SHIFT].q / (PI * turns * (1 << PHASOR_BITS));
    }
    return sinc * sinc;
}

/* Stop and go: the platform stands still from pulse to echo. Circular orbit over a sphere: near the closest
 * approach range^2 = nearest^2 + (platform speed x ground speed) time^2. */
static void add_target(sar_signal_t *signal, const sar_receive_t *receive, const sim_target_t *target) {
    double amplitude_lsb = receive->cross_polarised ? target->cross_amplitude_lsb : target->amplitude_lsb;
    double radius_m = sar_orbit_radius_m();
    double nearest_m = receive->window_delay_s * SAR_LIGHT_SPEED_M_S / 2 + target->range_m;
    double ground_speed_m_s = SAR_PLATFORM_VELOCITY_M_S *
                              (radius_m * radius_m + SAR_EARTH_RADIUS_M * SAR_EARTH_RADIUS_M - nearest_m * nearest_m) /
                              (2 * radius_m * radius_m);
    double after_s = receive->time_s - target->azimuth_m / ground_speed_m_s;
    double moved = SAR_PLATFORM_VELOCITY_M_S * ground_speed_m_s * after_s * after_s;
    double range_m = root(nearest_m * nearest_m + moved, nearest_m + moved / (2 * nearest_m));
    double delay_s = 2 * range_m / SAR_LIGHT_SPEED_M_S;
    double angle_rad = -ground_speed_m_s * after_s / range_m;
    double weight = pattern(signal, receive->antenna_length_m, angle_rad - receive->beam_rad);
    add_chirp(signal, receive, delay_s - receive->window_delay_s - receive->window_error_s,
              amplitude_lsb * receive->gain * weight, -delay_s * SAR_CENTRE_FREQUENCY_HZ);
}

void sar_signal_echo(sar_signal_t *signal, const sar_receive_t *receive, physics_random_t *random) {
    clear(signal, receive->samples);
    for (unsigned i = 0; i < signal->targets; i++) {
        if (i + 1 != receive->lost_target) {
            add_target(signal, receive, &signal->target[i]);
        }
    }
    convert(signal, receive, random);
}
