/* The units around the payload computer: SAR, optical, power, recorder.
 *
 * Register-accurate behind RMAP, first-order physics behind the registers, deterministic: the same
 * seed and the same calls give the same octets. Nothing here reads a clock; the caller steps the
 * models with explicit time. No global state: several instances may live side by side. */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sim sim_t;

typedef struct {
    uint32_t seed;
    uint32_t sar_warmup_s;              /* warm-up of the SAR unit; 120 in flight */
    uint32_t optical_stabilisation_s;   /* time constant of the focal plane, 60 in flight */
    uint32_t science_octets_per_second; /* scaled-down science data rate */
} sim_settings_t;

sim_t *sim_create(const sim_settings_t *settings);
void sim_destroy(sim_t *sim);

/* The same in memory of the caller's, which outlives what uses it (the host board keeps the units
 * over a reset of the payload computer). All state lives in the block; NULL when `octets` is less
 * than sim_size(). Not for sim_destroy(). */
size_t sim_size(void);
sim_t *sim_create_at(void *memory, size_t octets, const sim_settings_t *settings);

/* A point target of the SAR's scene: slant range from the near edge of the window, distance along the track on the
 * ground from the point abeam at the first echo pulse, amplitude in the centre of the beam in steps of the converter
 * at the reference gain: in the polarisation that was transmitted, and across it. */
typedef struct {
    double range_m, azimuth_m, amplitude_lsb, cross_amplitude_lsb;
} sim_target_t;

/* Another scene than the dictionary's, for the echoes from now on; at most 32 targets, false when there are more. */
bool sim_sar_scene(sim_t *sim, const sim_target_t *targets, unsigned count);

/* Bring every model to `time_us` (since power-on of the bench; never backwards). */
void sim_step(sim_t *sim, uint64_t time_us);

/* Octets from the initiator on the bus, then the octets of the reply (COBS-framed), if any. */
void sim_bus_receive(sim_t *sim, const uint8_t *data, size_t octets);
size_t sim_bus_transmit(sim_t *sim, uint8_t *data, size_t room);

/* Discretes at the units. */
void sim_transmit_enable(sim_t *sim, bool on);
void sim_pps(sim_t *sim);

/* Quantities and faults by name, "unit.quantity" (listed in faults.c): every monitored
 * quantity can be forced, every fault switched. False when the name is unknown. */
bool sim_force(sim_t *sim, const char *name, double value);
bool sim_release(sim_t *sim, const char *name);
bool sim_observe(const sim_t *sim, const char *name, double *value);

/* The recorder's file of one entry (science data as recorded); 0 when there is none. */
size_t sim_recorder_read(const sim_t *sim, unsigned entry_id, size_t offset, uint8_t *data, size_t room);

/* Octets that the downlink transmitter has sent since last asked. Nobody listens for long: what is left
 * beyond 1 MiB is lost on the air. */
size_t sim_downlink_read(sim_t *sim, uint8_t *data, size_t room);

#endif
