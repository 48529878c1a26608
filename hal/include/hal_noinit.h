/* Record in memory that outlives a warm reset: boot count, whether transmit-enable was on when the
 * reset came, and what the application was doing. Protected by a magic number and a CRC-32; anything else reads as a
 * power-on. */
#ifndef HAL_NOINIT_H
#define HAL_NOINIT_H

#include "hal_board.h"

/* Check the record, or start a new one, and count this boot. Once a boot. */
void hal_noinit_init(void);

/* Boots since power-on, this one included. */
uint16_t hal_noinit_boot_count(void);

/* Cause of the last reset: the board's, or power-on when the record was not valid. */
hal_reset_cause_t hal_noinit_reset_cause(void);

/* Was transmit-enable on when the last reset came, or cut since the application was last alive? */
bool hal_noinit_reset_while_transmitting(void);

/* What the application works on: the number of an activity, cheap enough to note for each. And why it
 * asks for a reset: a fault (not 0) in an activity. Both at most 65535. */
void hal_noinit_note_activity(uint32_t activity);
void hal_noinit_note_crash(uint32_t fault, uint32_t activity);

/* Of the time before the last reset. The fault is 0 when none was noted; the activity is then the
 * one that was noted last. False when the memory did not keep them. */
bool hal_noinit_last_crash(uint32_t *fault, uint32_t *activity);

/* Kept by the guard. Callable with interrupts disabled. */
void hal_noinit_note_transmitting(bool on);

#endif
