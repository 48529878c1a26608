#include "surroundings.h"

#include "boards/mps2_an500/board.h"
#include "boards/mps2_an500/registers.h"
#include "hal_discrete.h"
#include "hal_serial.h"

#include <string.h>

#define MAGIC 0x53555252u
#define SECOND_US 1000000u
#define VECTORS (16 + 32)
#define PRIORITY_ALARM 0x00u
#define FRAME_OCTETS 1024u
#define LINK_OCTETS 2048u
#define EDGE_QUEUE 8u

/* Scaled-down science data, and the waits of a bench (hil/benches/emulated.toml). */
static const sim_settings_t settings = {
    .seed = 1, .sar_warmup_s = 6, .optical_stabilisation_s = 2, .science_octets_per_second = 20000};

static uint32_t vectors[VECTORS] __attribute__((aligned(256)));
static uint32_t started, excluded;

/* The unit bus: octets to the computer that have not arrived, and whether it is sending. */
static uint8_t reply[FRAME_OCTETS];
static size_t reply_octets, reply_taken;
static bool sending;
static uint8_t command[FRAME_OCTETS];
static size_t command_octets;

static uint8_t link[LINK_OCTETS];
static size_t link_octets, link_taken;

static struct {
    uint8_t code;
    uint64_t time_us;
} edge_queue[EDGE_QUEUE];
static volatile uint32_t edge_head, edge_tail;
static volatile uint64_t alarm_due_us;

void __real_board_init(void);
void __real_board_wait(uint64_t deadline_us);
void __real_board_edge_send(uint8_t code);
void __real_hal_guard_heartbeat(void);
void __wrap_board_init(void);
void __wrap_board_wait(uint64_t deadline_us);
void __wrap_board_edge_send(uint8_t code);
void __wrap_hal_guard_heartbeat(void);
void __wrap_uart0_receive_interrupt(void);
void __wrap_uart1_receive_interrupt(void);
void __wrap_uart1_transmit_interrupt(void);
void __wrap_uart2_receive_interrupt(void);

uint32_t surroundings_ticks(void) {
    return UINT32_MAX - TIMER1->value;
}

void surroundings_count(void) {
    excluded = 0;
    started = surroundings_ticks();
}

uint32_t surroundings_counted(void) {
    return (surroundings_ticks() - started - excluded) * INSTRUCTIONS_A_TICK;
}

static void pend(unsigned irq) {
    NVIC_SET_PENDING[irq / 32u] = 1u << (irq % 32u);
}

static void put_edge(uint8_t code, uint64_t time_us) {
    uint32_t state = board_interrupts_disable();
    if (edge_head - edge_tail < EDGE_QUEUE) {
        edge_queue[edge_head % EDGE_QUEUE].code = code;
        edge_queue[edge_head % EDGE_QUEUE].time_us = time_us;
        edge_head++;
        pend(UART2_IRQ);
    }
    board_interrupts_restore(state);
}

/* Bring the models to now, second by second, so that each PPS finds them where it belongs. */
static void step_units(void) {
    surroundings_t *kept = SURROUNDINGS;
    uint64_t now_us = board_time_us();
    if (kept->enable != kept->enable_applied) {
        kept->enable_applied = kept->enable;
        sim_transmit_enable(kept->sim, kept->enable);
    }
    while (kept->next_pps_us <= now_us) {
        sim_step(kept->sim, kept->next_pps_us);
        sim_pps(kept->sim);
        put_edge(HAL_EDGE_PPS, kept->next_pps_us);
        kept->next_pps_us += SECOND_US;
    }
    sim_step(kept->sim, now_us);
}

/* What the units have to say enters the line. */
static void take_reply(void) {
    if (reply_taken == reply_octets) {
        reply_taken = 0;
        reply_octets = sim_bus_transmit(SURROUNDINGS->sim, reply, sizeof reply);
    }
}

/* One octet of a line moves, by an interrupt that is taken before this returns. False: none is due. */
static bool move_octet(void) {
    if (sending) {
        pend(UART1_IRQ + 1u);
        return true;
    }
    if (reply_taken < reply_octets) {
        pend(UART1_IRQ);
        return true;
    }
    if (link_taken < link_octets) {
        pend(UART0_IRQ);
        return true;
    }
    return false;
}

bool surroundings_link(const uint8_t *data, size_t octets) {
    if (link_taken < link_octets || octets > sizeof link) {
        return false;
    }
    memcpy(link, data, octets);
    link_octets = octets;
    link_taken = 0;
    return true;
}

void surroundings_alarm(uint32_t after_us) {
    if (after_us == 0) {
        SURROUNDINGS->alarm = false;
        put_edge(HAL_EDGE_ALARM_OFF, board_time_us());
        return;
    }
    uint32_t state = board_interrupts_disable();
    alarm_due_us = board_time_us() + after_us;
    DUALTIMER->load = after_us * (BOARD_CLOCK_HZ / 1000000u);
    DUALTIMER->control =
        DUALTIMER_CONTROL_ONE_SHOT | DUALTIMER_CONTROL_32_BITS | DUALTIMER_CONTROL_INTERRUPT | DUALTIMER_CONTROL_ENABLE;
    board_interrupts_restore(state);
}

static void alarm_interrupt(void) {
    DUALTIMER->control = 0;
    DUALTIMER->interrupt_clear = 1;
    SURROUNDINGS->alarm = true;
    SURROUNDINGS->alarm_us = alarm_due_us;
    put_edge(HAL_EDGE_ALARM_ON, alarm_due_us);
}

void __wrap_board_init(void) {
    surroundings_t *kept = SURROUNDINGS;
    __real_board_init();
    if (kept->magic != MAGIC) {
        *kept = (surroundings_t){.magic = MAGIC, .next_pps_us = SECOND_US};
        kept->sim = sim_create_at(kept + 1, sim_size(), &settings);
    }
    memcpy(vectors, (const void *)SCB_VTOR, sizeof vectors);
    vectors[16 + DUALTIMER_IRQ] = (uint32_t)alarm_interrupt;
    SCB_VTOR = (uint32_t)vectors;
    board_interrupt_enable(DUALTIMER_IRQ, PRIORITY_ALARM);
    TIMER1->reload = UINT32_MAX;
    TIMER1->value = UINT32_MAX;
    TIMER1->control = TIMER_CONTROL_ENABLE;
}

void __wrap_board_wait(uint64_t deadline_us) {
    if (move_octet()) {
        return;
    }
    uint32_t began = surroundings_ticks();
    step_units();
    take_reply();
    if (!move_octet()) {
        __real_board_wait(deadline_us);
    }
    excluded += surroundings_ticks() - began;
}

/* Callable from any interrupt: the models are told later. */
void __wrap_board_edge_send(uint8_t code) {
    surroundings_t *kept = SURROUNDINGS;
    bool enable = code == HAL_EDGE_TRANSMIT_ON;
    __real_board_edge_send(code);
    if (code == HAL_EDGE_ASK_ALARM) {
        bool raised = kept->magic == MAGIC && kept->alarm; /* a level: it is still there after a reset */
        put_edge(raised ? HAL_EDGE_ALARM_ON : HAL_EDGE_ALARM_OFF, board_time_us());
        return;
    }
    if (kept->magic == MAGIC && enable != kept->enable) {
        kept->enable = enable;
        if (kept->edge_count < SURROUNDINGS_EDGES) {
            kept->edges[kept->edge_count] = (edge_t){.time_us = board_time_us(), .code = code};
        }
        kept->edge_count++;
    }
}

/* Noted before it: the guard's own note is of then or of some instructions later. */
void __wrap_hal_guard_heartbeat(void) {
    uint64_t heartbeat_us = board_time_us();
    __real_hal_guard_heartbeat();
    SURROUNDINGS->heartbeat_us = heartbeat_us;
}

void __wrap_uart0_receive_interrupt(void) {
    if (link_taken < link_octets) {
        hal_serial_received(HAL_SERIAL_LINK, link[link_taken++]);
    }
}

void __wrap_uart1_receive_interrupt(void) {
    if (reply_taken < reply_octets) {
        hal_serial_received(HAL_SERIAL_BUS, reply[reply_taken++]);
    }
}

/* The units answer at the delimiter that ends a command. */
void __wrap_uart1_transmit_interrupt(void) {
    uint8_t octet;
    sending = hal_serial_next(HAL_SERIAL_BUS, &octet);
    if (!sending) {
        return;
    }
    command[command_octets++] = octet;
    if (octet == 0 || command_octets == sizeof command) {
        uint32_t began = surroundings_ticks();
        step_units();
        sim_bus_receive(SURROUNDINGS->sim, command, command_octets);
        take_reply();
        command_octets = 0;
        excluded += surroundings_ticks() - began;
    }
}

void __wrap_uart2_receive_interrupt(void) {
    while (edge_tail != edge_head) {
        uint32_t index = edge_tail % EDGE_QUEUE;
        board_edge_received(edge_queue[index].code, edge_queue[index].time_us);
        edge_tail++;
    }
}
