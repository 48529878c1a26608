/* Transmit guard: the last word on the transmit-enable discrete.
 *
 * Runs in a 1 ms timer interrupt, independent of the application. Its state is kept in
 * complemented copies; a mismatch drops transmit-enable. Transmit-enable is off at power-on,
 * through reset, and whenever any condition below fails:
 *   - a permit is in force (given by the application after an armed telecommand);
 *   - the application asked for transmission and the present on-time is within the take limit;
 *   - the application's heartbeat is younger than the dictionary's heartbeat_timeout_ms;
 *   - the hardware alarm is not raised.
 * A trip withdraws the permit. The time from the condition to the discrete is at most 10 ms. */
#ifndef HAL_GUARD_H
#define HAL_GUARD_H

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    HAL_GUARD_NONE = 0,
    HAL_GUARD_HEARTBEAT = 1,
    HAL_GUARD_PERMIT_TIME = 2,
    HAL_GUARD_ALARM = 3,
    HAL_GUARD_RESET = 4,
    HAL_GUARD_CORRUPT_STATE = 5
} hal_guard_reason_t;

void hal_guard_init(void);

/* Give a permit: at most `take_limit_ms` of transmit-enable at a time (capped by the dictionary's
 * longest_permit_ms). False, and no permit, when the alarm is raised. */
bool hal_guard_permit(uint32_t take_limit_ms);

/* Withdraw the permit and drop transmit-enable. Not a trip. */
void hal_guard_inhibit(void);

/* Ask for, or end, transmission. True when transmit-enable now has the wanted level. */
bool hal_guard_transmit(bool on);

void hal_guard_heartbeat(void);
bool hal_guard_permitted(void);
bool hal_guard_transmitting(void);
uint32_t hal_guard_trips(void);
hal_guard_reason_t hal_guard_last_reason(void);

/* From the board's 1 ms timer interrupt, and at once from an alarm edge. */
void hal_guard_tick(uint64_t now_us);

#endif
