/* Time and the 1 ms tick.
 *
 * The one clock is the FPGAIO counter: 1 MHz, 32 bits, extended here. The timer makes the tick
 * from the same 25 MHz and is not read for time; tests/firmware/test_board_mps2.py compares the
 * two. An emulator that is late merges ticks (5 % of them on a busy machine; with the emulator's
 * sleep=off every other one while the core waits), so ticks are never counted for time.
 *
 * Time goes on over a warm reset from the last tick before it. */
#include "board.h"
#include "hal_guard.h"
#include "registers.h"

#define TICKS_PER_SECOND 1000u
#define PRIORITY_GUARD 0x00u

static uint64_t base_us;
static uint32_t low, high;
static volatile uint32_t ticks;

void timer0_interrupt(void);

void board_time_init(void) {
    base_us = board_record.time_us;
    FPGAIO_PRESCALER = BOARD_CLOCK_HZ / 1000000u - 1u;
    FPGAIO_COUNTER = 0;
    low = high = 0;
    TIMER0->reload = BOARD_CLOCK_HZ / TICKS_PER_SECOND - 1u;
    TIMER0->value = BOARD_CLOCK_HZ / TICKS_PER_SECOND - 1u;
    TIMER0->control = TIMER_CONTROL_ENABLE | TIMER_CONTROL_INTERRUPT;
    board_interrupt_enable(TIMER0_IRQ, PRIORITY_GUARD);
}

/* The tick reads the counter far more often than it wraps (71 min), so no wrap is missed. */
uint64_t board_time_us(void) {
    uint32_t state = board_interrupts_disable();
    uint32_t counter = FPGAIO_COUNTER;
    if (counter < low) {
        high++;
    }
    low = counter;
    uint64_t now_us = base_us + (((uint64_t)high << 32) | counter);
    board_interrupts_restore(state);
    return now_us;
}

uint32_t board_ticks(void) {
    return ticks;
}

void timer0_interrupt(void) {
    TIMER0->interrupt_status = 1;
    ticks++;
    uint64_t now_us = board_time_us();
    board_record.time_us = now_us;
    hal_guard_tick(now_us);
}

/* The tick wakes the core at the latest. */
void board_wait(uint64_t deadline_us) {
    if (board_time_us() < deadline_us) {
        __asm volatile("dsb\n wfi" ::: "memory");
    }
}
