/* On-board time: an offset to the board's monotonic microseconds. A correction of at most 10 ms
 * is spread over the second after its edge, so that time never runs backwards between sets. A large
 * step of a time that is set waits for a second message that agrees: one wrong message is no time. */
#include "hal_time.h"

#include "dictionary.h"
#include "hal_board.h"

#define SECOND_US 1000000
#define MESSAGE_GOOD_US 1500000u
#define STEP_US 10000
#define DOUBTED_STEP_US ((int64_t)TIME_DOUBTED_STEP_MS * 1000)
#define DISCIPLINED_EDGES 3u
#define DISCIPLINED_HOLD_US 10000000u
#define FINE_PER_SECOND (1u << 24)

/* Shared with the PPS interrupt; every access has interrupts disabled. */
static struct {
    int64_t offset_us;     /* GPS time minus uptime when the correction began */
    int64_t correction_us; /* to be spread over one second from corrected_us */
    uint64_t corrected_us;
    uint64_t message_us;
    uint64_t disciplined_us;
    uint64_t pps_us;
    int64_t doubted_us; /* the step that the message before asked for and that waits to be confirmed */
    uint32_t message_gps_s;
    uint32_t steps;
    int32_t last_step_ms;
    uint32_t edges; /* consecutive edges with a message */
    hal_time_quality_t quality;
    bool message_waiting;
    bool pps_seen;
    bool doubted;
} timebase;

void hal_time_init(void) {
    uint32_t state = board_interrupts_disable();
    timebase.offset_us = 0;
    timebase.correction_us = 0;
    timebase.quality = HAL_TIME_UNSET;
    timebase.message_waiting = false;
    timebase.pps_seen = false;
    timebase.doubted = false;
    timebase.edges = 0;
    timebase.steps = 0;
    timebase.last_step_ms = 0;
    board_interrupts_restore(state);
}

uint64_t hal_time_us(void) {
    return board_time_us();
}

static int64_t gps_at(uint64_t time_us) {
    int64_t elapsed_us = (int64_t)(time_us - timebase.corrected_us);
    if (elapsed_us > SECOND_US) {
        elapsed_us = SECOND_US;
    }
    return (int64_t)time_us + timebase.offset_us + timebase.correction_us * elapsed_us / SECOND_US;
}

static bool hold_is_over(uint64_t now_us) {
    return now_us > timebase.disciplined_us && now_us - timebase.disciplined_us > DISCIPLINED_HOLD_US;
}

uint64_t hal_time_gps_us(void) {
    uint32_t state = board_interrupts_disable();
    uint64_t gps_us = (uint64_t)gps_at(board_time_us());
    board_interrupts_restore(state);
    return gps_us;
}

hal_time_quality_t hal_time_quality(void) {
    uint32_t state = board_interrupts_disable();
    if (timebase.quality == HAL_TIME_DISCIPLINED && hold_is_over(board_time_us())) {
        timebase.quality = HAL_TIME_SET;
        timebase.edges = 0;
    }
    hal_time_quality_t quality = timebase.quality;
    board_interrupts_restore(state);
    return quality;
}

void hal_time_message(uint32_t gps_s) {
    uint32_t state = board_interrupts_disable();
    timebase.message_gps_s = gps_s;
    timebase.message_us = board_time_us();
    timebase.message_waiting = true;
    board_interrupts_restore(state);
}

static int32_t clipped_ms(int64_t us) {
    int64_t ms = us / 1000;
    if (ms > INT32_MAX) {
        return INT32_MAX;
    }
    return ms < INT32_MIN ? INT32_MIN : (int32_t)ms;
}

static int64_t magnitude(int64_t us) {
    return us < 0 ? -us : us;
}

/* Is the step too large for one message? Another at the next edge that asks for the same confirms it. */
static bool waits_for_another(int64_t error_us) {
    bool confirmed = timebase.doubted && magnitude(error_us - timebase.doubted_us) <= STEP_US;
    bool large = timebase.quality != HAL_TIME_UNSET && magnitude(error_us) > DOUBTED_STEP_US;
    timebase.doubted = large && !confirmed;
    timebase.doubted_us = error_us;
    return timebase.doubted;
}

static void discipline(uint64_t edge_us, int64_t error_us) {
    bool step = timebase.quality == HAL_TIME_UNSET || magnitude(error_us) > STEP_US;
    int64_t at_edge_us = gps_at(edge_us);
    timebase.offset_us = at_edge_us - (int64_t)edge_us + (step ? error_us : 0);
    timebase.correction_us = step ? 0 : error_us;
    timebase.corrected_us = edge_us;
    if (step) {
        timebase.steps++;
        timebase.last_step_ms = clipped_ms(error_us);
        timebase.quality = HAL_TIME_SET;
        timebase.edges = 1;
    } else {
        timebase.edges++;
    }
    if (timebase.edges >= DISCIPLINED_EDGES) {
        timebase.quality = HAL_TIME_DISCIPLINED;
    }
    timebase.disciplined_us = edge_us;
}

void hal_time_pps(uint64_t edge_us) {
    uint32_t state = board_interrupts_disable();
    bool message_good = timebase.message_waiting && edge_us - timebase.message_us <= MESSAGE_GOOD_US;
    if (timebase.quality == HAL_TIME_DISCIPLINED && hold_is_over(edge_us)) {
        timebase.quality = HAL_TIME_SET;
        timebase.edges = 0;
    }
    int64_t error_us = (int64_t)timebase.message_gps_s * SECOND_US - gps_at(edge_us);
    if (!message_good) {
        timebase.doubted = false;
        timebase.edges = 0;
    } else if (waits_for_another(error_us)) {
        timebase.edges = 0;
    } else {
        discipline(edge_us, error_us);
    }
    timebase.message_waiting = false;
    timebase.pps_us = edge_us;
    timebase.pps_seen = true;
    board_interrupts_restore(state);
}

uint64_t hal_time_since_pps_us(void) {
    uint32_t state = board_interrupts_disable();
    uint64_t since_us = timebase.pps_seen ? board_time_us() - timebase.pps_us : UINT64_MAX;
    board_interrupts_restore(state);
    return since_us;
}

int32_t hal_time_last_step_ms(void) {
    uint32_t state = board_interrupts_disable();
    int32_t step_ms = timebase.last_step_ms;
    board_interrupts_restore(state);
    return step_ms;
}

uint32_t hal_time_steps(void) {
    uint32_t state = board_interrupts_disable();
    uint32_t steps = timebase.steps;
    board_interrupts_restore(state);
    return steps;
}

/* Rounds down, so that the fraction never carries; from_cuc rounds to the nearest microsecond
 * (2^-24 s is 0.06 us), so that microseconds survive the round trip. */
void hal_time_to_cuc(uint64_t gps_us, uint8_t cuc[HAL_CUC_OCTETS]) {
    uint32_t coarse = (uint32_t)(gps_us / SECOND_US);
    uint32_t fine = (uint32_t)(gps_us % SECOND_US * FINE_PER_SECOND / SECOND_US);
    for (int i = 0; i < 4; i++) {
        cuc[i] = (uint8_t)(coarse >> (24 - 8 * i));
    }
    for (int i = 0; i < 3; i++) {
        cuc[4 + i] = (uint8_t)(fine >> (16 - 8 * i));
    }
}

uint64_t hal_time_from_cuc(const uint8_t cuc[HAL_CUC_OCTETS]) {
    uint64_t ticks = 0;
    for (int i = 0; i < HAL_CUC_OCTETS; i++) {
        ticks = ticks << 8 | cuc[i];
    }
    uint64_t fine = ticks % FINE_PER_SECOND;
    return ticks / FINE_PER_SECOND * SECOND_US + (fine * SECOND_US + FINE_PER_SECOND / 2) / FINE_PER_SECOND;
}
