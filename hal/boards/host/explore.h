/* For the safety checker (tests/safety) only: images of the whole payload computer, and a clock that
 * stands still. Part of the host board, of no flight image. */
#ifndef EXPLORE_H
#define EXPLORE_H

#include "hal_board.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From here on computing takes no time and the unit models do not run. The MicroPython heap is given. */
void explore_begin(void *heap, size_t heap_octets);
bool explore_active(void);

/* Keep an image of all memory that the firmware can change. Its number, or -1 when there is no room. */
int explore_save(void);

/* Make memory what it was. The C stack is not restored: call and return at the same depth. */
bool explore_restore(int image);

void explore_release(int image);

/* Let time pass, a timer interrupt each millisecond; `alive`: the application gives its heartbeat. */
void explore_advance(uint32_t duration_ms, bool alive);

/* What a reset does before the image starts: transmit-enable dropped, the cause kept. */
void explore_reset(hal_reset_cause_t cause);

#endif
