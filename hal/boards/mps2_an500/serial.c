/* The four UARTs. Received octets go to the core's rings, discretes' to the edge handler. */
#include "board.h"
#include "hal_serial.h"
#include "registers.h"

#define LEAST_BAUD_DIVIDER 16u
#define EDGE_POLLS 100000u

/* Discretes share the guard's priority: neither interrupts the other. */
#define PRIORITY_DISCRETE 0x00u
#define PRIORITY_LINE 0x40u
#define PRIORITY_CONSOLE 0x80u

static const struct {
    uart_registers_t *uart;
    unsigned irq;
    uint8_t priority;
} lines[HAL_SERIAL_PORTS] = {
    [HAL_SERIAL_LINK] = {UART0, UART0_IRQ, PRIORITY_LINE},
    [HAL_SERIAL_BUS] = {UART1, UART1_IRQ, PRIORITY_LINE},
    [HAL_SERIAL_DISCRETE] = {UART2, UART2_IRQ, PRIORITY_DISCRETE},
    [HAL_SERIAL_CONSOLE] = {UART3, UART3_IRQ, PRIORITY_CONSOLE},
};

void uart0_receive_interrupt(void);
void uart0_transmit_interrupt(void);
void uart1_receive_interrupt(void);
void uart1_transmit_interrupt(void);
void uart2_receive_interrupt(void);
void uart2_transmit_interrupt(void);
void uart3_receive_interrupt(void);
void uart3_transmit_interrupt(void);

__attribute__((weak)) bool board_console_octet(uint8_t octet) {
    (void)octet;
    return false;
}

/* The emulated UART has no bit rate; the divider is set for the sake of real ones. */
void board_serial_open(hal_serial_port_t port, uint32_t bit_rate_baud) {
    uart_registers_t *uart = lines[port].uart;
    uint32_t divider = bit_rate_baud != 0 ? BOARD_CLOCK_HZ / bit_rate_baud : LEAST_BAUD_DIVIDER;
    uart->baud_divider = divider < LEAST_BAUD_DIVIDER ? LEAST_BAUD_DIVIDER : divider;
    uart->control = UART_CONTROL_TX_ENABLE | UART_CONTROL_RX_ENABLE | UART_CONTROL_RX_INTERRUPT |
                    (port == HAL_SERIAL_DISCRETE ? 0 : UART_CONTROL_TX_INTERRUPT);
    board_interrupt_enable(lines[port].irq, lines[port].priority);
    board_interrupt_enable(lines[port].irq + 1u, lines[port].priority);
}

/* Let the transmit interrupt do the work, as if the transmitter had just become empty. */
void board_serial_start(hal_serial_port_t port) {
    unsigned irq = lines[port].irq + 1u;
    NVIC_SET_PENDING[irq / 32u] = 1u << (irq % 32u);
}

static void receive(hal_serial_port_t port) {
    uart_registers_t *uart = lines[port].uart;
    uart->interrupt_status = UART_INTERRUPT_RX;
    while (uart->state & UART_STATE_RX_FULL) {
        uint8_t octet = (uint8_t)uart->data;
        if (port == HAL_SERIAL_DISCRETE) {
            board_edge_received(octet, board_time_us());
        } else if (port != HAL_SERIAL_CONSOLE || !board_console_octet(octet)) {
            hal_serial_received(port, octet);
        }
    }
}

static void transmit(hal_serial_port_t port) {
    uart_registers_t *uart = lines[port].uart;
    uart->interrupt_status = UART_INTERRUPT_TX;
    uint8_t octet;
    if (!(uart->state & UART_STATE_TX_FULL) && hal_serial_next(port, &octet)) {
        uart->data = octet;
    }
}

/* An edge takes 10 bits of the line: waiting for the one before is short and bounded. */
void board_edge_send(uint8_t code) {
    uint32_t state = board_interrupts_disable();
    for (uint32_t poll = 0; poll < EDGE_POLLS && (UART2->state & UART_STATE_TX_FULL); poll++) {
    }
    UART2->data = code;
    board_interrupts_restore(state);
}

void uart0_receive_interrupt(void) {
    receive(HAL_SERIAL_LINK);
}

void uart0_transmit_interrupt(void) {
    transmit(HAL_SERIAL_LINK);
}

void uart1_receive_interrupt(void) {
    receive(HAL_SERIAL_BUS);
}

void uart1_transmit_interrupt(void) {
    transmit(HAL_SERIAL_BUS);
}

void uart2_receive_interrupt(void) {
    receive(HAL_SERIAL_DISCRETE);
}

/* Edges are sent without the ring; the discrete line raises no transmit interrupt. */
void uart2_transmit_interrupt(void) {
    UART2->interrupt_status = UART_INTERRUPT_TX;
}

void uart3_receive_interrupt(void) {
    receive(HAL_SERIAL_CONSOLE);
}

void uart3_transmit_interrupt(void) {
    transmit(HAL_SERIAL_CONSOLE);
}
