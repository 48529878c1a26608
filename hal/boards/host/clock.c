/* Virtual time: it passes in board_wait() and, a little, while the interpreter loops. Interrupts
 * happen here only, so that a run is the same on every machine. */
#include "explore.h"
#include "host.h"

#include "hal_discrete.h"
#include "hal_guard.h"
#include "vm_hook.h"

#include <stdio.h>
#include <stdlib.h>

#define TICK_US 1000u
#define UNITS_STEP_US 10000u
#define SECOND_US 1000000u

unsigned host_vm_events;

static bool interrupts_disabled;
static bool in_interrupt;
static bool woken;

uint64_t board_time_us(void) {
    return host->now_us;
}

uint32_t board_interrupts_disable(void) {
    uint32_t state = interrupts_disabled;
    interrupts_disabled = true;
    return state;
}

void board_interrupts_restore(uint32_t state) {
    interrupts_disabled = state != 0;
}

void host_wake(void) {
    woken = true;
}

void host_units_step(void) {
    if (!explore_active()) {
        sim_step(host->sim, host->now_us);
    }
}

void host_edge(uint8_t code) {
    if (code == HAL_EDGE_ALARM_ON || code == HAL_EDGE_ALARM_OFF) {
        host->alarm = code == HAL_EDGE_ALARM_ON;
    }
    hal_discrete_edge(code, host->now_us);
}

static uint64_t earlier(uint64_t a_us, uint64_t b_us) {
    return a_us < b_us ? a_us : b_us;
}

static uint64_t next_event_us(void) {
    uint64_t next_us = earlier(host->tick_us, host->pps_us);
    next_us = earlier(next_us, earlier(host->units_us, host->watchdog_us));
    return earlier(next_us, host_lines_next_us());
}

static void dispatch(void) {
    uint64_t now_us = host->now_us;
    in_interrupt = true;
    if (host->units_us <= now_us) {
        host->units_us = now_us - now_us % UNITS_STEP_US + UNITS_STEP_US;
        host_units_step();
    }
    host_lines_dispatch();
    if (host->pps_us <= now_us) {
        host->pps_us += SECOND_US;
        host_units_step();
        sim_pps(host->sim);
        hal_discrete_edge(HAL_EDGE_PPS, now_us);
        woken = true;
    }
    if (host->tick_us <= now_us) {
        host->tick_us += TICK_US;
        hal_guard_tick(now_us);
    }
    if (host->memory_failed) {
        host->memory_failed = false;
        hal_discrete_edge(HAL_EDGE_MEMORY_UNCORRECTABLE, now_us);
    }
    in_interrupt = false;
    if (host->watchdog_us <= now_us) {
        board_reset(HAL_RESET_WATCHDOG);
    }
}

static void step(uint64_t until_us) {
    while (host->now_us >= host->grant_us) {
        host_control_block();
    }
    uint64_t next_us = earlier(earlier(until_us, host->grant_us), next_event_us());
    if (next_us > host->now_us) {
        host->now_us = next_us;
    }
    dispatch();
}

void host_advance(uint64_t until_us) {
    while (host->now_us < until_us) {
        step(until_us);
    }
}

/* The application stands still; interrupts do not. */
static void hang(void) {
    uint64_t until_us = host->now_us + host->hang_ms * UINT64_C(1000);
    host->hang_ms = 0;
    host_advance(until_us);
}

void board_wait(uint64_t deadline_us) {
    if (in_interrupt || interrupts_disabled) {
        fputs("emei-host: board_wait() where no interrupt can end it\n", stderr);
        abort();
    }
    woken = false;
    while (host->now_us < deadline_us && !woken) {
        step(deadline_us);
        if (host->hang_ms > 0) {
            hang();
        }
    }
}

void host_vm_compute(void) {
    unsigned events = host_vm_events;
    host_vm_events = 0;
    if (host != NULL && !in_interrupt && !interrupts_disabled && !explore_active()) {
        host_advance(host->now_us + events * host->vm_event_us);
    }
}
