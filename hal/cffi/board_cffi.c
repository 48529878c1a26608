#include "board_cffi.h"

#include "hal_discrete.h"
#include "hal_flash.h"
#include "hal_guard.h"
#include "hal_serial.h"

#include "guard_state.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#define FLASH_OCTETS (16u * HAL_FLASH_SECTOR_OCTETS)
#define NOINIT_OCTETS 256u
#define LINE_OCTETS 65536u
#define REPLIES 16u
#define TICK_US 1000u

typedef struct {
    uint8_t *octets;
    size_t count;
    uint64_t delay_us;
    uint64_t due_us; /* 0: waits for a transmission */
    hal_serial_port_t port;
    bool used;
} reply_t;

static uint64_t time_us;
static uint64_t next_tick_us;
static bool timer_on;
static uint32_t interrupts_off;
static reply_t replies[REPLIES];
static uint8_t lines[HAL_SERIAL_PORTS][LINE_OCTETS];
static size_t line_octets[HAL_SERIAL_PORTS];
static bool held_ports[HAL_SERIAL_PORTS];
static bool transmit_enable;
static bool alarm;
static uint64_t transmit_off_us;
static uint32_t unmasked_drives;
static uint32_t waits;
static uint32_t watchdog_timeout_ms, watchdog_feeds;
static hal_reset_cause_t reset_cause;
static jmp_buf *at_reset;
static uint8_t flash[FLASH_OCTETS];
static uint64_t flash_busy_until_us;
static bool flash_fails;
static int32_t operations_to_cut;
static uint32_t cut_random;
static bool flash_is_cut;
static _Alignas(8) uint8_t noinit[NOINIT_OCTETS];

static void clear_lines(void) {
    for (size_t i = 0; i < REPLIES; i++) {
        free(replies[i].octets);
        memset(&replies[i], 0, sizeof replies[i]);
    }
    memset(line_octets, 0, sizeof line_octets);
    memset(held_ports, 0, sizeof held_ports);
    timer_on = true;
    transmit_enable = false;
    unmasked_drives = 0;
    waits = 0;
    watchdog_timeout_ms = 0;
    watchdog_feeds = 0;
    flash_fails = false;
    operations_to_cut = -1;
    flash_is_cut = false;
}

void test_board_power_cycle(void) {
    clear_lines();
    time_us = 0;
    next_tick_us = TICK_US;
    transmit_off_us = 0;
    reset_cause = HAL_RESET_POWER_ON;
    flash_busy_until_us = 0;
    alarm = false;
    memset(noinit, 0, sizeof noinit);
}

void test_board_power_on(void) {
    test_board_power_cycle();
    memset(flash, 0xFF, sizeof flash);
}

void test_board_warm_reset(hal_reset_cause_t cause) {
    clear_lines();
    reset_cause = cause;
}

static void deliver(reply_t *reply) {
    for (size_t i = 0; i < reply->count; i++) {
        if (reply->port == HAL_SERIAL_DISCRETE) {
            hal_discrete_edge(reply->octets[i], time_us);
        } else {
            hal_serial_received(reply->port, reply->octets[i]);
        }
    }
    free(reply->octets);
    memset(reply, 0, sizeof *reply);
}

/* The reply that is due first, up to and including `limit_us`. */
static reply_t *next_due(uint64_t limit_us) {
    reply_t *first = NULL;
    for (size_t i = 0; i < REPLIES; i++) {
        reply_t *reply = &replies[i];
        if (reply->used && reply->due_us != 0 && reply->due_us <= limit_us &&
            (first == NULL || reply->due_us < first->due_us)) {
            first = reply;
        }
    }
    return first;
}

/* The next interrupt up to `limit_us`: true when there was one, and the clock stands at it. */
static bool run_one_event(uint64_t limit_us) {
    reply_t *reply = next_due(limit_us);
    bool tick = timer_on && next_tick_us <= limit_us;
    if (reply != NULL && (!tick || reply->due_us <= next_tick_us)) {
        time_us = reply->due_us > time_us ? reply->due_us : time_us;
        deliver(reply);
        return true;
    }
    if (tick) {
        time_us = next_tick_us;
        next_tick_us += TICK_US;
        hal_guard_tick(time_us);
        return true;
    }
    return false;
}

void test_board_advance_to(uint64_t to_us) {
    while (run_one_event(to_us)) {
    }
    if (to_us > time_us) {
        time_us = to_us;
    }
}

void test_board_set_timer(bool on) {
    timer_on = on;
    if (on) {
        next_tick_us = (time_us / TICK_US + 1) * TICK_US;
    }
}

bool test_board_reply(hal_serial_port_t port, const uint8_t *data, size_t octets, uint64_t delay_us) {
    for (size_t i = 0; i < REPLIES; i++) {
        if (replies[i].used) {
            continue;
        }
        replies[i].octets = malloc(octets > 0 ? octets : 1);
        if (replies[i].octets == NULL) {
            return false;
        }
        memcpy(replies[i].octets, data, octets);
        replies[i].count = octets;
        replies[i].delay_us = delay_us;
        replies[i].port = port;
        replies[i].used = true;
        if (delay_us == 0) {
            deliver(&replies[i]);
        }
        return true;
    }
    return false;
}

size_t test_board_transmitted(hal_serial_port_t port, uint8_t *data, size_t room) {
    size_t octets = line_octets[port] < room ? line_octets[port] : room;
    memcpy(data, lines[port], octets);
    memmove(lines[port], &lines[port][octets], line_octets[port] - octets);
    line_octets[port] -= octets;
    return octets;
}

void test_board_hold(hal_serial_port_t port, bool held) {
    held_ports[port] = held;
}

int test_board_edge_that_resets(uint8_t code) {
    jmp_buf here;
    int cause = setjmp(here);
    if (cause == 0) {
        at_reset = &here;
        hal_discrete_edge(code, time_us);
        cause = -1;
    }
    at_reset = NULL;
    interrupts_off = 0;
    return cause;
}

bool test_board_transmit_enable(void) {
    return transmit_enable;
}

uint64_t test_board_transmit_off_us(void) {
    return transmit_off_us;
}

uint32_t test_board_unmasked_drives(void) {
    return unmasked_drives;
}

uint32_t test_board_waits(void) {
    return waits;
}

uint32_t test_board_interrupts_off(void) {
    return interrupts_off;
}

uint32_t test_board_watchdog_timeout_ms(void) {
    return watchdog_timeout_ms;
}

uint32_t test_board_watchdog_feeds(void) {
    return watchdog_feeds;
}

void test_board_fail_flash(bool fail) {
    flash_fails = fail;
}

uint8_t *test_board_flash(void) {
    return flash;
}

uint32_t test_board_flash_octets(void) {
    return FLASH_OCTETS;
}

void test_board_cut_flash(int32_t operations, uint32_t seed) {
    operations_to_cut = operations;
    cut_random = seed;
}

bool test_board_flash_is_cut(void) {
    return flash_is_cut;
}

uint32_t test_board_noinit_octets(void) {
    return NOINIT_OCTETS;
}

void test_board_flip_noinit(uint32_t offset, uint8_t mask) {
    noinit[offset % NOINIT_OCTETS] ^= mask;
}

void test_board_flip_guard(unsigned word, bool complement, uint32_t mask) {
    if (complement) {
        guard_complements[word] ^= mask;
    } else {
        guard_words[word] ^= mask;
    }
}

unsigned test_board_guard_words(void) {
    return GUARD_WORDS;
}

void test_board_alarm(bool raised) {
    alarm = raised;
}

bool board_alarm(void) {
    return alarm;
}

void board_init(void) {}

uint64_t board_time_us(void) {
    return time_us;
}

void board_wait(uint64_t deadline_us) {
    waits++;
    if (!run_one_event(deadline_us) && deadline_us > time_us) {
        time_us = deadline_us;
    }
}

uint32_t board_interrupts_disable(void) {
    uint32_t former = interrupts_off;
    interrupts_off = 1;
    return former;
}

void board_interrupts_restore(uint32_t state) {
    interrupts_off = state;
}

void board_serial_open(hal_serial_port_t port, uint32_t bit_rate_baud) {
    (void)port;
    (void)bit_rate_baud;
}

void board_serial_start(hal_serial_port_t port) {
    if (held_ports[port]) {
        return;
    }
    uint8_t octet;
    while (line_octets[port] < LINE_OCTETS && hal_serial_next(port, &octet)) {
        lines[port][line_octets[port]++] = octet;
    }
    /* One transmission sets off the oldest reply that waits for one. */
    for (size_t i = 0; i < REPLIES; i++) {
        if (replies[i].used && replies[i].port == port && replies[i].due_us == 0) {
            replies[i].due_us = time_us + replies[i].delay_us;
            break;
        }
    }
}

void board_transmit_enable(bool on) {
    unmasked_drives += interrupts_off == 0;
    if (transmit_enable && !on) {
        transmit_off_us = time_us;
    }
    transmit_enable = on;
}

void board_watchdog_start(uint32_t timeout_ms) {
    watchdog_timeout_ms = timeout_ms;
}

void board_watchdog_feed(void) {
    watchdog_feeds++;
}

hal_reset_cause_t board_reset_cause(void) {
    return reset_cause;
}

void board_reset(hal_reset_cause_t cause) {
    if (at_reset == NULL || cause == HAL_RESET_POWER_ON) {
        abort();
    }
    longjmp(*at_reset, (int)cause);
}

void *board_noinit(size_t *size_octets) {
    *size_octets = sizeof noinit;
    return noinit;
}

uint32_t board_flash_size(void) {
    return FLASH_OCTETS;
}

bool board_flash_read(uint32_t address, uint8_t *data, size_t octets) {
    memcpy(data, &flash[address], octets);
    return !flash_fails;
}

/* The bits of the next octet that an operation still reaches: all, but for one that is cut. */
static uint8_t reached_bits(void) {
    if (!flash_is_cut || cut_random <= 1) {
        return flash_is_cut && cut_random == 0 ? 0x00 : 0xFF;
    }
    cut_random = cut_random * 1664525u + 1013904223u; /* Numerical Recipes' generator */
    cut_random |= 2u;                                 /* never one of the two special seeds */
    unsigned choice = cut_random >> 30;
    return choice == 0 ? 0x00 : choice == 1 ? 0xFF : (uint8_t)(cut_random >> 16);
}

/* Begin an operation. False when there is no power any more. */
static bool begin_operation(uint32_t duration_us) {
    if (flash_is_cut) {
        return false;
    }
    flash_is_cut = operations_to_cut == 0;
    operations_to_cut -= operations_to_cut > 0;
    flash_busy_until_us = time_us + duration_us;
    return true;
}

bool board_flash_program(uint32_t address, const uint8_t *data, size_t octets) {
    if (!begin_operation(HAL_FLASH_PROGRAM_US)) {
        return false;
    }
    for (size_t i = 0; i < octets; i++) {
        flash[address + i] &= (uint8_t)(data[i] | (uint8_t)~reached_bits());
    }
    return !flash_fails;
}

bool board_flash_erase(uint32_t address) {
    if (!begin_operation(HAL_FLASH_ERASE_US)) {
        return false;
    }
    for (size_t i = 0; i < HAL_FLASH_SECTOR_OCTETS; i++) {
        flash[address + i] |= reached_bits();
    }
    return !flash_fails;
}

bool board_flash_busy(void) {
    return time_us < flash_busy_until_us;
}
