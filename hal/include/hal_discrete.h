/* Discretes: transmit-enable out; hardware alarm, pulse per second (PPS) and memory errors in.
 *
 * On boards without such wires they travel as coded edges, one octet an edge, on the discrete
 * serial line. */
#ifndef HAL_DISCRETE_H
#define HAL_DISCRETE_H

#include <stdbool.h>
#include <stdint.h>

#define HAL_EDGE_TRANSMIT_ON 'T'
#define HAL_EDGE_TRANSMIT_OFF 't'
#define HAL_EDGE_ALARM_ON 'A'
#define HAL_EDGE_ALARM_OFF 'a'
#define HAL_EDGE_PPS 'P'
#define HAL_EDGE_MEMORY_CORRECTED 'm'
#define HAL_EDGE_MEMORY_UNCORRECTABLE 'M' /* does not return */
#define HAL_EDGE_ASK_ALARM 'L'            /* from the board: the alarm's level, please; answered by its edge */

/* The alarm is as board_alarm() says; counts 0, but an alarm that stands counts as raised once. */
void hal_discrete_init(void);

/* An edge arrived at `time_us` (interrupt context). Unknown codes are counted and ignored. */
void hal_discrete_edge(uint8_t code, uint64_t time_us);

bool hal_discrete_alarm(void);
/* How often the alarm was raised: it may have come and gone since the level was last looked at. */
uint32_t hal_discrete_alarm_count(void);
uint32_t hal_discrete_pps_count(void);
uint32_t hal_discrete_unknown_edges(void);

#endif
