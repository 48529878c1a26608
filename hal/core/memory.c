#include "hal_memory.h"

#include "hal_board.h"

#include <stdatomic.h>

/* Written in interrupt context only. */
static _Atomic uint32_t corrected_errors;

void hal_memory_init(void) {
    atomic_store(&corrected_errors, 0);
}

void hal_memory_corrected(void) {
    atomic_store(&corrected_errors, atomic_load(&corrected_errors) + 1);
}

void hal_memory_uncorrectable(void) {
    /* Past the guard, whose state may be what became wrong; its note of a transmission is for the next boot. */
    (void)board_interrupts_disable();
    board_transmit_enable(false);
    board_reset(HAL_RESET_UNCORRECTABLE_MEMORY);
}

uint32_t hal_memory_corrected_errors(void) {
    return atomic_load(&corrected_errors);
}
