/* Errors of the processor's error-correcting memory, as the board's error interrupt reports them. */
#ifndef HAL_MEMORY_H
#define HAL_MEMORY_H

#include <stdint.h>

void hal_memory_init(void);

/* The memory corrected an error (fault level 0): counted. Interrupt context. */
void hal_memory_corrected(void);

/* The memory holds what it cannot correct (fault level 3): transmit-enable off, then a reset. Nothing
 * that may stand in that memory is asked before. Interrupt context. */
__attribute__((noreturn)) void hal_memory_uncorrectable(void);

/* Since the boot. */
uint32_t hal_memory_corrected_errors(void);

#endif
