/* Serial rings. Positions run freely and are masked on access, so a full ring and an empty one
 * differ. Each position has one writer: the producer owns `head`, the consumer owns `tail`. */
#include "hal_serial.h"

#include "dictionary.h"

#include <stdatomic.h>

/* Sizes are powers of two. Link receive: more than 300 ms at the link's bit rate, three control
 * cycles; link transmit: three of the largest packets; bus: the largest RMAP frame and more. */
#define LINK_RECEIVE_OCTETS 4096u
#define LINK_TRANSMIT_OCTETS 4096u
#define BUS_OCTETS 1024u
#define DISCRETE_OCTETS 64u
#define CONSOLE_RECEIVE_OCTETS 256u
#define CONSOLE_TRANSMIT_OCTETS 2048u

/* Lines of the emulated board and of the bench only, hence not in the dictionary. */
#define DISCRETE_BIT_RATE_BAUD 115200u
#define CONSOLE_BIT_RATE_BAUD 115200u

typedef struct {
    uint8_t *const octets;
    const uint32_t size;
    _Atomic uint32_t head;
    _Atomic uint32_t tail;
} ring_t;

static uint8_t link_receive[LINK_RECEIVE_OCTETS], link_transmit[LINK_TRANSMIT_OCTETS];
static uint8_t bus_receive[BUS_OCTETS], bus_transmit[BUS_OCTETS];
static uint8_t discrete_receive[DISCRETE_OCTETS], discrete_transmit[DISCRETE_OCTETS];
static uint8_t console_receive[CONSOLE_RECEIVE_OCTETS], console_transmit[CONSOLE_TRANSMIT_OCTETS];

static ring_t receive_rings[HAL_SERIAL_PORTS] = {
    [HAL_SERIAL_LINK] = {.octets = link_receive, .size = sizeof link_receive},
    [HAL_SERIAL_BUS] = {.octets = bus_receive, .size = sizeof bus_receive},
    [HAL_SERIAL_DISCRETE] = {.octets = discrete_receive, .size = sizeof discrete_receive},
    [HAL_SERIAL_CONSOLE] = {.octets = console_receive, .size = sizeof console_receive},
};
static ring_t transmit_rings[HAL_SERIAL_PORTS] = {
    [HAL_SERIAL_LINK] = {.octets = link_transmit, .size = sizeof link_transmit},
    [HAL_SERIAL_BUS] = {.octets = bus_transmit, .size = sizeof bus_transmit},
    [HAL_SERIAL_DISCRETE] = {.octets = discrete_transmit, .size = sizeof discrete_transmit},
    [HAL_SERIAL_CONSOLE] = {.octets = console_transmit, .size = sizeof console_transmit},
};
static const uint32_t bit_rates_baud[HAL_SERIAL_PORTS] = {
    [HAL_SERIAL_LINK] = LINK_BIT_RATE_BAUD,
    [HAL_SERIAL_BUS] = BUS_BIT_RATE_BAUD,
    [HAL_SERIAL_DISCRETE] = DISCRETE_BIT_RATE_BAUD,
    [HAL_SERIAL_CONSOLE] = CONSOLE_BIT_RATE_BAUD,
};
static _Atomic uint32_t overrun_octets[HAL_SERIAL_PORTS];

static uint32_t ring_used(ring_t *ring) {
    return atomic_load_explicit(&ring->head, memory_order_acquire) -
           atomic_load_explicit(&ring->tail, memory_order_acquire);
}

static bool ring_put(ring_t *ring, uint8_t octet) {
    if (ring_used(ring) == ring->size) {
        return false;
    }
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    ring->octets[head & (ring->size - 1)] = octet;
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
    return true;
}

static bool ring_take(ring_t *ring, uint8_t *octet) {
    if (ring_used(ring) == 0) {
        return false;
    }
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    *octet = ring->octets[tail & (ring->size - 1)];
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return true;
}

static void ring_clear(ring_t *ring) {
    atomic_store(&ring->head, 0);
    atomic_store(&ring->tail, 0);
}

void hal_serial_init(void) {
    for (int port = 0; port < HAL_SERIAL_PORTS; port++) {
        uint32_t state = board_interrupts_disable();
        ring_clear(&receive_rings[port]);
        ring_clear(&transmit_rings[port]);
        atomic_store(&overrun_octets[port], 0);
        board_interrupts_restore(state);
        board_serial_open((hal_serial_port_t)port, bit_rates_baud[port]);
    }
}

void hal_serial_received(hal_serial_port_t port, uint8_t octet) {
    if (!ring_put(&receive_rings[port], octet)) {
        uint32_t dropped = atomic_load_explicit(&overrun_octets[port], memory_order_relaxed);
        atomic_store_explicit(&overrun_octets[port], dropped + 1, memory_order_relaxed);
    }
}

bool hal_serial_next(hal_serial_port_t port, uint8_t *octet) {
    return ring_take(&transmit_rings[port], octet);
}

size_t hal_serial_read(hal_serial_port_t port, uint8_t *data, size_t octets) {
    size_t taken = 0;
    while (taken < octets && ring_take(&receive_rings[port], &data[taken])) {
        taken++;
    }
    return taken;
}

size_t hal_serial_write(hal_serial_port_t port, const uint8_t *data, size_t octets) {
    size_t given = 0;
    while (given < octets && ring_put(&transmit_rings[port], data[given])) {
        given++;
    }
    if (given > 0) {
        board_serial_start(port);
    }
    return given;
}

size_t hal_serial_readable(hal_serial_port_t port) {
    return ring_used(&receive_rings[port]);
}

size_t hal_serial_writable(hal_serial_port_t port) {
    return transmit_rings[port].size - ring_used(&transmit_rings[port]);
}

int hal_serial_peek(hal_serial_port_t port, size_t offset) {
    ring_t *ring = &receive_rings[port];
    if (offset >= ring_used(ring)) {
        return -1;
    }
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    return ring->octets[(tail + (uint32_t)offset) & (ring->size - 1)];
}

void hal_serial_flush_receive(hal_serial_port_t port) {
    ring_t *ring = &receive_rings[port];
    atomic_store_explicit(&ring->tail, atomic_load_explicit(&ring->head, memory_order_acquire), memory_order_release);
}

uint32_t hal_serial_overrun_octets(hal_serial_port_t port) {
    return atomic_load_explicit(&overrun_octets[port], memory_order_relaxed);
}
