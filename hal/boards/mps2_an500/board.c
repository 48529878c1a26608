/* Start of the board, reset cause, watchdog, and memory that outlives a warm reset. */
#include "board.h"
#include "hal_discrete.h"
#include "registers.h"

extern uint8_t link_noinit_start[], link_noinit_end[];

/* What the answer to ask_alarm() takes at most; a bench on a busy machine answers within milliseconds. */
#define ALARM_ANSWER_US 1000000u

/* board_record itself stands at the head of the no-init memory, in front of what board_noinit() hands out. */
_Static_assert(sizeof(board_record_t) <= 256, "link_noinit_start in memory.ld leaves 256 octets");

static hal_reset_cause_t cause;
static uint32_t fault_kind;

/* The alarm's level as its last edge left it; raised until one is heard. */
static volatile bool alarm = true;
static volatile bool alarm_heard;

/* This board hears edges only: what the level is, it asks. The rest of the boot waits for the answer, so that a boot
 * raises no alarm by being faster. */
static void ask_alarm(void) {
    uint64_t until_us = board_time_us() + ALARM_ANSWER_US;
    board_edge_send(HAL_EDGE_ASK_ALARM);
    while (!alarm_heard && board_time_us() < until_us) {
    }
}

void board_init(void) {
    if (board_record.magic != BOARD_RECORD_MAGIC) {
        board_record = (board_record_t){.magic = BOARD_RECORD_MAGIC};
    }
    cause = (hal_reset_cause_t)board_record.next_cause;
    fault_kind = board_record.fault_kind;
    /* A reset that nobody announces is one by the reset line or the supply. */
    board_record.next_cause = HAL_RESET_POWER_ON;
    board_record.fault_kind = 0;
    board_time_init();
    board_flash_init();
    board_serial_open(HAL_SERIAL_DISCRETE, 0);
    board_transmit_enable(false);
    ask_alarm();
}

void board_edge_received(uint8_t code, uint64_t time_us) {
    if (code == HAL_EDGE_ALARM_ON || code == HAL_EDGE_ALARM_OFF) {
        alarm = code == HAL_EDGE_ALARM_ON;
        alarm_heard = true;
    }
    hal_discrete_edge(code, time_us);
}

bool board_alarm(void) {
    return alarm;
}

hal_reset_cause_t board_reset_cause(void) {
    return cause;
}

bool board_fault(uint32_t *kind, uint32_t *pc, uint32_t *lr, uint32_t *status) {
    *kind = fault_kind;
    *pc = board_record.fault_pc;
    *lr = board_record.fault_lr;
    *status = board_record.fault_status;
    return fault_kind != 0;
}

void *board_noinit(size_t *size_octets) {
    // cppcheck-suppress comparePointers ; the linker's symbols bound one object
    *size_octets = (size_t)(link_noinit_end - link_noinit_start);
    return link_noinit_start;
}

void board_transmit_enable(bool on) {
    board_edge_send(on ? HAL_EDGE_TRANSMIT_ON : HAL_EDGE_TRANSMIT_OFF);
}

void board_watchdog_start(uint32_t timeout_ms) {
    const uint32_t longest_ms = UINT32_MAX / (BOARD_CLOCK_HZ / 1000u);
    if (timeout_ms > longest_ms) {
        timeout_ms = longest_ms;
    }
    WATCHDOG_LOCK = WATCHDOG_UNLOCK;
    WATCHDOG->load = timeout_ms * (BOARD_CLOCK_HZ / 1000u);
    WATCHDOG->control = WATCHDOG_CONTROL_INTERRUPT | WATCHDOG_CONTROL_RESET;
    WATCHDOG_LOCK = 0;
}

/* Any write to interrupt_clear loads the counter anew (DDI 0479, 4.4). */
void board_watchdog_feed(void) {
    WATCHDOG_LOCK = WATCHDOG_UNLOCK;
    WATCHDOG->interrupt_clear = 1;
    WATCHDOG_LOCK = 0;
}

uint32_t board_interrupts_disable(void) {
    uint32_t state;
    __asm volatile("mrs %0, primask\n cpsid i" : "=r"(state)::"memory");
    return state;
}

void board_interrupts_restore(uint32_t state) {
    __asm volatile("msr primask, %0" ::"r"(state) : "memory");
}

void board_interrupt_enable(unsigned irq, uint8_t priority) {
    NVIC_PRIORITY[irq] = priority;
    NVIC_SET_ENABLE[irq / 32u] = 1u << (irq % 32u);
}
