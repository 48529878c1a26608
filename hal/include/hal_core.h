/* The core as a whole: start-up, and what C counts copied to the parameter pool. */
#ifndef HAL_CORE_H
#define HAL_CORE_H

#include <stdbool.h>
#include <stdint.h>

/* No-init record, guard (transmit-enable off), then everything else, serial ports and link last. Once,
 * after board_init(). `accept_clear_mode`: uplink frames without authentication are accepted
 * (bench builds only). */
void hal_init(uint16_t spacecraft_id, bool accept_clear_mode);

/* Copy uptime, identity, boot, time, link, bus, guard and discrete values to the pool. 16-bit
 * parameters take wider counters modulo 65536. */
void hal_pool_refresh(void);

#endif
