/* On-board time. Monotonic microseconds since power-on come from the board; GPS time is an offset
 * to them, set and disciplined by the PPS with a time message (service 132). CUC time is 4 octets
 * of GPS seconds (epoch 1980-01-06) and 3 octets of 2^-24 s, P-field 0x2F (CCSDS 301.0-B). */
#ifndef HAL_TIME_H
#define HAL_TIME_H

#include <stdbool.h>
#include <stdint.h>

#define HAL_CUC_P_FIELD 0x2F
#define HAL_CUC_OCTETS 7

typedef enum { HAL_TIME_UNSET = 0, HAL_TIME_SET = 1, HAL_TIME_DISCIPLINED = 2 } hal_time_quality_t;

void hal_time_init(void);
uint64_t hal_time_us(void);     /* since power-on */
uint64_t hal_time_gps_us(void); /* GPS microseconds; counts from 0 at power-on while unset */
hal_time_quality_t hal_time_quality(void);

/* The second that begins at the next PPS edge is `gps_s`. The message is good for one edge and
 * for 1.5 s. DISCIPLINED after three consecutive edges with a message; falls back to SET when no
 * disciplined edge came for 10 s. A step of more than TIME_DOUBTED_STEP_MS of a time that is set is
 * made only when the message of the next edge asks for it too. */
void hal_time_message(uint32_t gps_s);

/* From the PPS edge (interrupt context). */
void hal_time_pps(uint64_t edge_us);

/* Microseconds since the last PPS edge; UINT64_MAX before the first. */
uint64_t hal_time_since_pps_us(void);

/* Milliseconds the clock moved when it was last set or stepped, and a count of steps (a step is
 * a correction beyond 10 ms); both for the TIME_STEPPED event. */
int32_t hal_time_last_step_ms(void);
uint32_t hal_time_steps(void);

void hal_time_to_cuc(uint64_t gps_us, uint8_t cuc[HAL_CUC_OCTETS]);
uint64_t hal_time_from_cuc(const uint8_t cuc[HAL_CUC_OCTETS]);

#endif
