/* What a board supplies to the portable core.
 *
 * Every function here is implemented once per board in hal/boards/<board>/. Nothing here waits
 * without a limit. Times are microseconds since power-on, 64 bits, monotonic over a warm reset
 * only where the board can keep them. */
#ifndef HAL_BOARD_H
#define HAL_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Serial ports, in the order of the boards' UARTs. */
typedef enum {
    HAL_SERIAL_LINK,     /* telecommand and telemetry, to the OBC */
    HAL_SERIAL_BUS,      /* unit bus, half duplex */
    HAL_SERIAL_DISCRETE, /* emulated board: discretes as coded edges (hal_discrete.h) */
    HAL_SERIAL_CONSOLE,  /* console text; the REPL in bench images */
    HAL_SERIAL_PORTS
} hal_serial_port_t;

typedef enum {
    HAL_RESET_POWER_ON = 0,
    HAL_RESET_WATCHDOG = 1,
    HAL_RESET_COMMANDED = 2,
    HAL_RESET_SOFTWARE_FAULT = 3,
    HAL_RESET_UNCORRECTABLE_MEMORY = 4
} hal_reset_cause_t;

void board_init(void);

/* Microseconds since power-on. Callable from interrupts. */
uint64_t board_time_us(void);

/* Sleep until an interrupt or until `deadline_us`, whichever is first. May return early. On the
 * host board this is where virtual time advances. */
void board_wait(uint64_t deadline_us);

/* Disable interrupts and return the former state; restore it. */
uint32_t board_interrupts_disable(void);
void board_interrupts_restore(uint32_t state);

/* Open a port at a bit rate (8N1). Received octets are handed to hal_serial_received() and octets
 * to transmit are taken with hal_serial_next(), both from interrupt context. */
void board_serial_open(hal_serial_port_t port, uint32_t bit_rate_baud);

/* Start (or keep) transmitting what hal_serial_next() yields. Called with interrupts enabled. */
void board_serial_start(hal_serial_port_t port);

/* Drive the transmit-enable discrete. Callable from the guard's interrupt. */
void board_transmit_enable(bool on);

/* The level of the alarm's line now, which a reset does not change. True also while the board does not know it. */
bool board_alarm(void);

/* Watchdog: starts, feeds. Once started it cannot be stopped. */
void board_watchdog_start(uint32_t timeout_ms);
void board_watchdog_feed(void);

hal_reset_cause_t board_reset_cause(void);

/* Reset now; the next boot reports `cause`. */
__attribute__((noreturn)) void board_reset(hal_reset_cause_t cause);

/* Errors of the processor's error-correcting memory: a board that has one hands each to
 * hal_memory_corrected() or hal_memory_uncorrectable() from its error interrupt (hal_memory.h). The
 * bench's boards have none, and get them as coded edges (hal_discrete.h). */

/* Memory that keeps its content over a warm reset (undefined after power-on). */
void *board_noinit(size_t *size_octets);

/* NOR flash: see hal_flash.h for the semantics. Start an operation; poll for its end. */
uint32_t board_flash_size(void);
bool board_flash_read(uint32_t address, uint8_t *data, size_t octets);
bool board_flash_program(uint32_t address, const uint8_t *data, size_t octets);
bool board_flash_erase(uint32_t address);
bool board_flash_busy(void);

#endif
