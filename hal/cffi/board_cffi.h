/* Test board: a clock that moves only when told to, octet buffers instead of UARTs, flash in RAM
 * with busy times. Everything a test sets or looks at. */
#ifndef BOARD_CFFI_H
#define BOARD_CFFI_H

#include "hal_board.h"

/* Back to power-on: clock 0, empty lines, erased flash, no-init memory cleared. */
void test_board_power_on(void);

/* A warm reset: as power-on, but flash, no-init memory and clock are kept. */
void test_board_warm_reset(hal_reset_cause_t cause);

/* Move the clock to `time_us`, with every 1 ms timer interrupt, received octet and edge due on the
 * way, in order. */
void test_board_advance_to(uint64_t time_us);

/* Stop and start the guard's 1 ms timer interrupt. */
void test_board_set_timer(bool on);

/* Octets that arrive on a port `delay_us` after the board next starts to transmit there, or at
 * once when `delay_us` is 0. Queued in order. False when the queue is full. */
bool test_board_reply(hal_serial_port_t port, const uint8_t *data, size_t octets, uint64_t delay_us);

/* Octets transmitted since last asked; at most `room`. */
size_t test_board_transmitted(hal_serial_port_t port, uint8_t *data, size_t room);
/* When set, the port keeps its octets in the ring, as a line that is cut. */
void test_board_hold(hal_serial_port_t port, bool held);

/* An edge arrives now. The cause of the reset it leads to, which ends what runs; -1: none. */
int test_board_edge_that_resets(uint8_t code);

/* The level of the alarm's line, without its edge. */
void test_board_alarm(bool raised);

bool test_board_transmit_enable(void);
uint64_t test_board_transmit_off_us(void); /* instant of the last on-to-off edge */
uint32_t test_board_unmasked_drives(void); /* of transmit-enable, with interrupts enabled */
uint32_t test_board_waits(void);           /* calls of board_wait() */
uint32_t test_board_interrupts_off(void);  /* 1 while interrupts are disabled */
uint32_t test_board_watchdog_timeout_ms(void);
uint32_t test_board_watchdog_feeds(void);

/* Make the next flash operation fail, as a worn part does. */
void test_board_fail_flash(bool fail);

/* The flash as it is, and its length. */
uint8_t *test_board_flash(void);
uint32_t test_board_flash_octets(void);

/* Cut the power in the flash operation after `operations` more: it touches only the octets and bits that the
 * pseudo-random sequence of `seed` says (0: none, 1: all), and every operation after it fails.
 * A negative number: never. */
void test_board_cut_flash(int32_t operations, uint32_t seed);
bool test_board_flash_is_cut(void);

/* Power off and on: clock 0, no-init memory lost, flash kept. */
void test_board_power_cycle(void);

uint32_t test_board_noinit_octets(void);
/* Turn over the bits of `mask` in an octet of the no-init memory, or in a word of the guard's
 * state (or of its complement). */
void test_board_flip_noinit(uint32_t offset, uint8_t mask);
void test_board_flip_guard(unsigned word, bool complement, uint32_t mask);
unsigned test_board_guard_words(void);

#endif
