/* The assembly of the models; what each may see of the others. */
#ifndef SIM_INTERNAL_H
#define SIM_INTERNAL_H

#include "bus.h"
#include "optical.h"
#include "power.h"
#include "recorder.h"
#include "sar.h"
#include "unit.h"

/* Models advance by steps of this length only, whatever the caller's slices. */
#define SIM_STEP_US 10000u
#define SIM_STEP_S 0.01

enum { SIM_SAR, SIM_OPTICAL, SIM_POWER, SIM_RECORDER, SIM_UNITS };

struct sim {
    sim_settings_t settings;
    uint64_t now_us;       /* the caller's time */
    uint64_t next_step_us; /* first step not yet made */
    unit_t units[SIM_UNITS];
    sar_t sar;
    optical_t optical;
    power_t power;
    bus_t bus;
    science_packet_t packet; /* in the making: an instrument makes one and sends it */
    recorder_t recorder;     /* last, with its media at its end: they need not be cleared */
};

#define SIM_CLEARED_OCTETS offsetof(struct sim, recorder.downlink)

/* Housekeeping blocks after any change that did not come from a step. */
void sim_refresh(sim_t *sim);

#endif
