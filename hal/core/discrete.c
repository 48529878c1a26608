#include "hal_discrete.h"

#include "hal_board.h"
#include "hal_guard.h"
#include "hal_memory.h"
#include "hal_time.h"

#include <stdatomic.h>

/* Written in interrupt context only. */
static atomic_bool alarm_raised;
static _Atomic uint32_t alarm_count;
static _Atomic uint32_t pps_count;
static _Atomic uint32_t unknown_edges;

void hal_discrete_init(void) {
    uint32_t state = board_interrupts_disable();
    bool raised = board_alarm();
    atomic_store(&alarm_raised, raised);
    atomic_store(&alarm_count, raised ? 1 : 0);
    atomic_store(&pps_count, 0);
    atomic_store(&unknown_edges, 0);
    board_interrupts_restore(state);
}

void hal_discrete_edge(uint8_t code, uint64_t time_us) {
    switch (code) {
    case HAL_EDGE_ALARM_ON:
        if (!atomic_exchange(&alarm_raised, true)) {
            atomic_store(&alarm_count, atomic_load(&alarm_count) + 1);
        }
        hal_guard_tick(time_us);
        break;
    case HAL_EDGE_ALARM_OFF:
        atomic_store(&alarm_raised, false);
        break;
    case HAL_EDGE_PPS:
        atomic_store(&pps_count, atomic_load(&pps_count) + 1);
        hal_time_pps(time_us);
        break;
    case HAL_EDGE_MEMORY_CORRECTED:
        hal_memory_corrected();
        break;
    case HAL_EDGE_MEMORY_UNCORRECTABLE:
        hal_memory_uncorrectable();
        break;
    default:
        atomic_store(&unknown_edges, atomic_load(&unknown_edges) + 1);
        break;
    }
}

bool hal_discrete_alarm(void) {
    return atomic_load(&alarm_raised);
}

uint32_t hal_discrete_alarm_count(void) {
    return atomic_load(&alarm_count);
}

uint32_t hal_discrete_pps_count(void) {
    return atomic_load(&pps_count);
}

uint32_t hal_discrete_unknown_edges(void) {
    return atomic_load(&unknown_edges);
}
