/* Transmit guard (payload.md, fault levels). Every access to the state has interrupts disabled and
 * checks it against its complement first. Constants are the dictionary's [transmit_guard]. */
#include "hal_guard.h"

#include "dictionary.h"
#include "guard_state.h"
#include "hal_board.h"
#include "hal_discrete.h"
#include "hal_noinit.h"

#define COMPLEMENT_OF_ZERO 0xFFFFFFFFu

volatile uint32_t guard_words[GUARD_WORDS];
/* Good before hal_guard_init() too: the timer interrupt may come first. */
volatile uint32_t guard_complements[GUARD_WORDS] = {
    COMPLEMENT_OF_ZERO, COMPLEMENT_OF_ZERO, COMPLEMENT_OF_ZERO, COMPLEMENT_OF_ZERO,
    COMPLEMENT_OF_ZERO, COMPLEMENT_OF_ZERO, COMPLEMENT_OF_ZERO,
};
_Static_assert(GUARD_WORDS == 7, "one complement a word");

static volatile uint32_t trips;
static volatile hal_guard_reason_t last_reason;

static void set_word(unsigned word, uint32_t value) {
    guard_words[word] = value;
    guard_complements[word] = ~value;
}

static void set_time(unsigned low_word, uint64_t time_us) {
    set_word(low_word, (uint32_t)time_us);
    set_word(low_word + 1, (uint32_t)(time_us >> 32));
}

static uint64_t get_time(unsigned low_word) {
    return (uint64_t)guard_words[low_word + 1] << 32 | guard_words[low_word];
}

static bool is_intact(void) {
    uint32_t difference = 0;
    for (unsigned word = 0; word < GUARD_WORDS; word++) {
        difference |= guard_words[word] ^ ~guard_complements[word];
    }
    return difference == 0;
}

/* Age of an instant. The timer interrupt may carry a time read before the instant was set: 0. */
static uint64_t age_us(uint64_t now_us, uint64_t since_us) {
    return now_us > since_us ? now_us - since_us : 0;
}

static void drive(bool on) {
    board_transmit_enable(on);
    hal_noinit_note_transmitting(on);
    set_word(GUARD_TRANSMITTING, on);
}

static void withdraw(void) {
    drive(false);
    set_word(GUARD_PERMITTED, 0);
    set_word(GUARD_TAKE_LIMIT_MS, 0);
}

static void trip(hal_guard_reason_t reason) {
    bool cut = guard_words[GUARD_TRANSMITTING] != 0;
    withdraw();
    /* Until the application lives to see it: it may hang until it is reset, and the boot must be told. */
    hal_noinit_note_transmitting(cut);
    trips++;
    last_reason = reason;
}

static void repair(void) {
    trip(HAL_GUARD_CORRUPT_STATE);
    set_time(GUARD_ON_SINCE_LOW, 0);
    set_time(GUARD_HEARTBEAT_LOW, 0);
}

static bool heartbeat_is_fresh(uint64_t now_us) {
    return age_us(now_us, get_time(GUARD_HEARTBEAT_LOW)) <= TRANSMIT_GUARD_HEARTBEAT_TIMEOUT_MS * (uint64_t)1000;
}

/* Drop transmit-enable and the permit when a condition fails. Interrupts are disabled. */
static void enforce(uint64_t now_us) {
    if (!is_intact()) {
        repair();
    } else if (guard_words[GUARD_PERMITTED] != 0 && hal_discrete_alarm()) {
        trip(HAL_GUARD_ALARM);
    } else if (guard_words[GUARD_TRANSMITTING] != 0) {
        if (!heartbeat_is_fresh(now_us)) {
            trip(HAL_GUARD_HEARTBEAT);
        } else if (age_us(now_us, get_time(GUARD_ON_SINCE_LOW)) >= guard_words[GUARD_TAKE_LIMIT_MS] * (uint64_t)1000) {
            trip(HAL_GUARD_PERMIT_TIME);
        }
    }
}

void hal_guard_init(void) {
    uint32_t state = board_interrupts_disable();
    withdraw();
    set_time(GUARD_ON_SINCE_LOW, 0);
    set_time(GUARD_HEARTBEAT_LOW, 0);
    trips = 0;
    last_reason = HAL_GUARD_NONE;
    if (hal_noinit_reset_while_transmitting()) {
        trips = 1;
        last_reason = HAL_GUARD_RESET;
    }
    board_interrupts_restore(state);
}

bool hal_guard_permit(uint32_t take_limit_ms) {
    uint32_t state = board_interrupts_disable();
    enforce(board_time_us());
    bool granted = take_limit_ms > 0 && !hal_discrete_alarm();
    if (granted) {
        set_word(GUARD_TAKE_LIMIT_MS,
                 take_limit_ms < TRANSMIT_GUARD_LONGEST_PERMIT_MS ? take_limit_ms : TRANSMIT_GUARD_LONGEST_PERMIT_MS);
        set_word(GUARD_PERMITTED, 1);
    } else {
        withdraw();
    }
    board_interrupts_restore(state);
    return granted;
}

void hal_guard_inhibit(void) {
    uint32_t state = board_interrupts_disable();
    if (!is_intact()) {
        repair();
    }
    withdraw();
    board_interrupts_restore(state);
}

bool hal_guard_transmit(bool on) {
    uint32_t state = board_interrupts_disable();
    uint64_t now_us = board_time_us();
    enforce(now_us);
    if (!on) {
        drive(false);
    } else if (guard_words[GUARD_TRANSMITTING] == 0 && guard_words[GUARD_PERMITTED] != 0 &&
               heartbeat_is_fresh(now_us)) {
        set_time(GUARD_ON_SINCE_LOW, now_us);
        drive(true);
    }
    bool done = (guard_words[GUARD_TRANSMITTING] != 0) == on;
    board_interrupts_restore(state);
    return done;
}

void hal_guard_heartbeat(void) {
    uint32_t state = board_interrupts_disable();
    uint64_t now_us = board_time_us();
    enforce(now_us);
    if (guard_words[GUARD_TRANSMITTING] == 0) {
        hal_noinit_note_transmitting(false);
    }
    set_time(GUARD_HEARTBEAT_LOW, now_us);
    board_interrupts_restore(state);
}

bool hal_guard_permitted(void) {
    return guard_words[GUARD_PERMITTED] == 1 && guard_complements[GUARD_PERMITTED] == ~UINT32_C(1);
}

bool hal_guard_transmitting(void) {
    return guard_words[GUARD_TRANSMITTING] != 0 || guard_complements[GUARD_TRANSMITTING] != COMPLEMENT_OF_ZERO;
}

uint32_t hal_guard_trips(void) {
    return trips;
}

hal_guard_reason_t hal_guard_last_reason(void) {
    return last_reason;
}

void hal_guard_tick(uint64_t now_us) {
    uint32_t state = board_interrupts_disable();
    enforce(now_us);
    board_interrupts_restore(state);
}
