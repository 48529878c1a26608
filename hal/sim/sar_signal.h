/* Samples of the SAR's receiver: echoes of point targets, calibration pulses and noise, as its converter
 * gives them. Integer synthesis from a table of phasors, so that every board gives the same octets. */
#ifndef SAR_SIGNAL_H
#define SAR_SIGNAL_H

#include "physics.h"
#include "sim.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SAR_SAMPLES_LARGEST 16384u
#define SAR_TARGETS_LARGEST 32u
#define SAR_PHASORS 4096u

typedef struct {
    int16_t i, q;
} sar_sample_t;

/* What one pulse interval is received with. Delays and times in seconds, frequencies in hertz. */
typedef struct {
    double sampling_rate_hz;
    double pulse_s, start_hz, rate_hz_s; /* linear chirp: start_hz at the pulse's leading edge */
    double window_delay_s;               /* from that edge to the first sample, as commanded */
    double window_error_s;               /* fault: the window opens so much later */
    double gain;                         /* of the receiver, 1 at the reference gain */
    double time_s;                       /* of this interval, after the scene was abeam */
    double beam_rad;                     /* centre of the beam in azimuth, ahead of broadside */
    bool cross_polarised;                /* the channel receives across what was transmitted */
    double antenna_length_m;             /* that radiates */
    unsigned lost_target;                /* fault: place of a target that gives no echo, 1 the first */
    size_t samples;
} sar_receive_t;

typedef struct {
    unsigned targets;
    sim_target_t target[SAR_TARGETS_LARGEST];
    sar_sample_t phasor[SAR_PHASORS];
    int32_t sum_i[SAR_SAMPLES_LARGEST], sum_q[SAR_SAMPLES_LARGEST];
    sar_sample_t sample[SAR_SAMPLES_LARGEST];
} sar_signal_t;

/* The scene of the dictionary. */
void sar_signal_init(sar_signal_t *signal);
/* Each fills `sample`: receiver noise alone, with the echoes of the scene, with a pulse through the calibration
 * network that comes `delay_s` after the window opened. */
void sar_signal_noise(sar_signal_t *signal, const sar_receive_t *receive, physics_random_t *random);
void sar_signal_echo(sar_signal_t *signal, const sar_receive_t *receive, physics_random_t *random);
void sar_signal_calibration(sar_signal_t *signal, const sar_receive_t *receive, physics_random_t *random,
                            double amplitude_lsb, double delay_s);
/* Angular velocity on the orbit, rad/s, and the orbit's radius, m. */
double sar_orbit_rate_rad_s(void);
double sar_orbit_radius_m(void);

#endif
