/* Serial lines at their bit rates in virtual time, in chunks as a UART with a queue carries them.
 *
 * Link: from and to the bench. Bus: to the units and back. Console: text to the bench or to
 * standard output, at once. Discretes do not travel on a line here. */
#include "host.h"

#include "hal_serial.h"

#include <stdio.h>
#include <unistd.h>

#define BITS_PER_OCTET 10u
#define REPLY_OCTETS 2048u

static uint64_t to_event_us(uint64_t time_ns) {
    return (time_ns + 999u) / 1000u;
}

void board_serial_open(hal_serial_port_t port, uint32_t bit_rate_baud) {
    host->lines[port].octet_ns = BITS_PER_OCTET * 1000000000ull / bit_rate_baud;
}

/* A reset ends what the payload computer was sending; what is on its way to it arrives. */
void host_lines_reset(void) {
    for (int port = 0; port < HAL_SERIAL_PORTS; port++) {
        host_line_t *line = &host->lines[port];
        line->sending_octets = 0;
        line->sent_us = HOST_NEVER;
        if (!host->was_powered) {
            line->arrive_us = HOST_NEVER;
        }
    }
}

uint64_t host_lines_next_us(void) {
    uint64_t next_us = HOST_NEVER;
    for (int port = 0; port < HAL_SERIAL_PORTS; port++) {
        const host_line_t *line = &host->lines[port];
        uint64_t line_us = line->sent_us < line->arrive_us ? line->sent_us : line->arrive_us;
        next_us = line_us < next_us ? line_us : next_us;
    }
    return next_us;
}

static void send_chunk(hal_serial_port_t port, uint64_t start_ns) {
    host_line_t *line = &host->lines[port];
    uint32_t octets = 0;
    while (octets < HOST_CHUNK_OCTETS && hal_serial_next(port, &line->sending[octets])) {
        octets++;
    }
    line->sending_octets = octets;
    line->sent_ns = start_ns + octets * line->octet_ns;
    line->sent_us = octets > 0 ? to_event_us(line->sent_ns) : HOST_NEVER;
}

static void write_console(void) {
    char text[256];
    uint8_t octet;
    size_t octets = 0;
    while (hal_serial_next(HAL_SERIAL_CONSOLE, &octet)) {
        text[octets++] = (char)octet;
        if (octets == sizeof text) {
            (void)!write(STDOUT_FILENO, text, octets);
            octets = 0;
        }
    }
    if (octets > 0) {
        (void)!write(STDOUT_FILENO, text, octets);
    }
}

void board_serial_start(hal_serial_port_t port) {
    if (port == HAL_SERIAL_CONSOLE) {
        write_console();
    } else if (host->lines[port].sent_us == HOST_NEVER && host->lines[port].octet_ns != 0) {
        send_chunk(port, host->now_us * 1000u);
    }
}

static void arrive_chunk(hal_serial_port_t port, uint64_t start_ns) {
    host_line_t *line = &host->lines[port];
    uint32_t waiting = line->head - line->tail;
    line->arriving_octets = waiting < HOST_CHUNK_OCTETS ? waiting : HOST_CHUNK_OCTETS;
    line->arrive_ns = start_ns + line->arriving_octets * line->octet_ns;
    line->arrive_us = waiting > 0 ? to_event_us(line->arrive_ns) : HOST_NEVER;
}

/* Octets enter the line now. A line that is not open loses them, as a wire does. */
void host_line_arrives(hal_serial_port_t port, const uint8_t *data, size_t octets) {
    host_line_t *line = &host->lines[port];
    if (line->octet_ns == 0) {
        return;
    }
    for (size_t i = 0; i < octets; i++) {
        if (line->head - line->tail == HOST_RECEIVE_OCTETS) {
            fprintf(stderr, "emei-host: %zu octets do not fit the line and are lost\n", octets - i);
            break;
        }
        line->arriving[line->head++ % HOST_RECEIVE_OCTETS] = data[i];
    }
    if (line->arrive_us == HOST_NEVER) {
        arrive_chunk(port, host->now_us * 1000u);
    }
}

static void deliver(hal_serial_port_t port, const uint8_t *data, size_t octets) {
    if (port == HAL_SERIAL_LINK) {
        host_control_link(data, octets);
    } else if (port == HAL_SERIAL_BUS) {
        uint8_t reply[REPLY_OCTETS];
        host_units_step();
        sim_bus_receive(host->sim, data, octets);
        size_t reply_octets = sim_bus_transmit(host->sim, reply, sizeof reply);
        host_line_arrives(HAL_SERIAL_BUS, reply, reply_octets);
    }
}

static void dispatch_line(hal_serial_port_t port) {
    host_line_t *line = &host->lines[port];
    if (line->arrive_us <= host->now_us) {
        for (uint32_t i = 0; i < line->arriving_octets; i++) {
            hal_serial_received(port, line->arriving[line->tail++ % HOST_RECEIVE_OCTETS]);
        }
        arrive_chunk(port, line->arrive_ns);
        host_wake();
    }
    if (line->sent_us <= host->now_us) {
        deliver(port, line->sending, line->sending_octets);
        send_chunk(port, line->sent_ns);
        host_wake();
    }
}

void host_lines_dispatch(void) {
    for (int port = 0; port < HAL_SERIAL_PORTS; port++) {
        dispatch_line((hal_serial_port_t)port);
    }
}
