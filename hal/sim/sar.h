/* SAR unit: boot, self-test, warm-up, data take, transmitter. */
#ifndef SAR_H
#define SAR_H

#include "physics.h"
#include "sar_packets.h"
#include "sar_pulse.h"
#include "sar_signal.h"
#include "unit.h"

#define SAR_FAULT_SELF_TEST 1u
#define SAR_FAULT_TABLE 2u
#define SAR_FAULT_LATE_START 4u
#define SAR_FAULT_INHIBIT 8u

typedef struct {
    uint8_t state, phase;
    uint16_t fault_flags;
    bool self_test_wanted;     /* commanded during boot */
    bool transmit_enable;      /* level of the discrete; outlives the unit's power */
    bool fail_self_test, held; /* faults */
    uint64_t powered_us, state_until_us, take_start_us, phase_start_us, accounted_us;
    uint64_t transmit_us; /* on-time of this data take */
    uint64_t transmit_total_us;
    double trm_degc, baseplate_degc, forward_db, reflected_percent;
    physics_random_t random;
    double science_factor; /* faults: times the science data rate, */
    double antenna_share;  /* part of the antenna's length that radiates, */
    double window_error_ns, lost_target;
    sar_packets_t packets;
    sar_signal_t signal;
} sar_t;

extern const unit_map_t sar_map;

void sar_init(sim_t *sim);
void sar_power(sim_t *sim, bool on);
void sar_step(sim_t *sim, uint64_t now_us);
void sar_refresh(sim_t *sim);
void sar_reset(sim_t *sim);
void sar_fail(sim_t *sim);
double sar_power_w(const sim_t *sim);
void sar_enter(sim_t *sim, uint8_t state, uint64_t duration_us);

/* sar_take.c */
void sar_transmit_enable(sim_t *sim, bool on);
bool sar_is_transmitting(const sim_t *sim);
bool sar_is_stuck(const sim_t *sim);
uint32_t sar_table_value(const sim_t *sim, uint16_t offset);
bool sar_table_transmits(const sim_t *sim);
/* START: RMAP status; a table or a start that cannot be used ends the take with a fault flag. */
uint8_t sar_take_start(sim_t *sim);
void sar_take_step(sim_t *sim, uint64_t now_us);
/* The pulse under way. False outside a data take. */
bool sar_take_pulse(const sim_t *sim, sar_pulse_t *pulse);
void sar_take_end(sim_t *sim, uint8_t phase, uint16_t fault_flags);
/* Add the on-time since it was last accounted for. */
void sar_take_account(sim_t *sim, uint64_t now_us);

#endif
