/* The control protocol with the bench over a stream socket: type, length u32, payload, all
 * little-endian. The board sends while it runs; the bench sends while the board is blocked. */
#include "host.h"

#include "hal_discrete.h"
#include "hal_pool.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER_OCTETS 5u
#define MESSAGE_OCTETS (1024u * 1024u)
#define LINK_BLOCK_OCTETS 1024u
#define RECORDER_BLOCK_OCTETS 65536u

static int control_fd = -1;
static uint8_t link_block[LINK_BLOCK_OCTETS];
static size_t link_octets;

__attribute__((noreturn)) static void fail(const char *what) {
    fprintf(stderr, "emei-host: %s\n", what);
    _exit(HOST_EXIT_CRASH);
}

bool host_control_open(void) {
    const char *text = getenv("EMEI_BOARD_FD");
    if (text == NULL) {
        return false;
    }
    char *end;
    long fd = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || fd < 0) {
        fail("EMEI_BOARD_FD is not a file descriptor");
    }
    control_fd = (int)fd;
    return true;
}

bool host_controlled(void) {
    return control_fd >= 0;
}

static void put(const void *data, size_t octets) {
    const uint8_t *from = data;
    while (octets > 0) {
        ssize_t sent = send(control_fd, from, octets, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            _exit(HOST_EXIT_QUIT); /* the bench is gone */
        }
        from += sent;
        octets -= (size_t)sent;
    }
}

static void take(void *data, size_t octets) {
    uint8_t *to = data;
    while (octets > 0) {
        ssize_t got = recv(control_fd, to, octets, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            _exit(HOST_EXIT_QUIT);
        }
        to += got;
        octets -= (size_t)got;
    }
}

static void put_message(uint8_t type, const void *data, size_t octets) {
    uint8_t header[HEADER_OCTETS] = {type};
    for (unsigned i = 0; i < 4; i++) {
        header[1 + i] = (uint8_t)(octets >> (8 * i));
    }
    put(header, sizeof header);
    put(data, octets);
}

static void flush_link(void) {
    if (link_octets > 0) {
        put_message('T', link_block, link_octets);
        link_octets = 0;
    }
}

void host_control_send(uint8_t type, const void *data, size_t octets) {
    if (host_controlled()) {
        flush_link();
        put_message(type, data, octets);
    }
}

void host_control_send_time(uint8_t type, uint64_t time_us, int edge) {
    uint8_t data[9];
    for (unsigned i = 0; i < 8; i++) {
        data[i] = (uint8_t)(time_us >> (8 * i));
    }
    data[8] = (uint8_t)edge;
    host_control_send(type, data, edge < 0 ? 8 : 9);
}

void host_control_link(const uint8_t *data, size_t octets) {
    if (!host_controlled()) {
        return;
    }
    if (octets > LINK_BLOCK_OCTETS - link_octets) {
        flush_link();
    }
    memcpy(link_block + link_octets, data, octets);
    link_octets += octets;
}

static void force(char *text) {
    char *value = strchr(text, '=');
    char *end = NULL;
    double number = 0.0;
    if (value != NULL) {
        *value++ = '\0';
        number = strtod(value, &end);
    }
    if (value == NULL || end == value || *end != '\0') {
        fail("a force is unit.quantity=value");
    }
    host_units_step();
    if (!sim_force(host->sim, text, number)) {
        fprintf(stderr, "emei-host: no quantity %s to force\n", text);
    }
}

static void release(const char *text) {
    host_units_step();
    if (!sim_release(host->sim, text)) {
        fprintf(stderr, "emei-host: no quantity %s to release\n", text);
    }
}

/* An unknown quantity is answered with not-a-number. */
static void observe(const char *text) {
    double value = 0.0;
    host_units_step();
    if (!sim_observe(host->sim, text, &value)) {
        value = (double)NAN;
    }
    host_control_send('O', &value, sizeof value);
}

static void send_recorder_file(unsigned entry) {
    size_t octets = 0, got;
    uint8_t *file = NULL;
    host_units_step();
    do {
        file = realloc(file, octets + RECORDER_BLOCK_OCTETS);
        if (file == NULL) {
            fail("no memory for a recorder file");
        }
        got = sim_recorder_read(host->sim, entry, octets, file + octets, RECORDER_BLOCK_OCTETS);
        octets += got;
    } while (got > 0);
    host_control_send('E', file, octets);
    free(file);
}

/* What the downlink transmitter has sent since last asked. */
static void send_downlink(void) {
    static uint8_t *octets; /* not in bss, which the safety checker copies (explore.c) */
    if (octets == NULL && (octets = malloc(MESSAGE_OCTETS)) == NULL) {
        fail("no memory for the downlink");
    }
    host_units_step();
    host_control_send('L', octets, sim_downlink_read(host->sim, octets, MESSAGE_OCTETS));
}

static uint64_t little_endian(const uint8_t *data, size_t octets) {
    uint64_t value = 0;
    for (size_t i = 0; i < octets; i++) {
        value |= (uint64_t)data[i] << (8 * i);
    }
    return value;
}

/* A parameter of the pool holds another value, or none, until it is set the next time: parameter u16, value i64. */
static void upset_pool(const uint8_t *data, size_t octets) {
    unsigned parameter = (unsigned)little_endian(data, 2);
    if (octets == 2) {
        hal_pool_invalidate(parameter, 1);
    } else if (octets != 10 || !hal_pool_set(parameter, (int64_t)little_endian(data + 2, 8), host->now_us)) {
        fail("a parameter cannot hold that");
    }
}

/* The same of octets in the application's memory: place u16, mask u8, octets. Answered with how often they were
 * there. */
static void upset_heap(const uint8_t *data, size_t octets) {
    size_t place = (size_t)little_endian(data, 2);
    if (octets < 4 || place >= octets - 3) {
        fail("an upset of memory is a place in the octets, a mask and the octets");
    }
    uint8_t found = (uint8_t)host_heap_upset(data + 3, octets - 3, place, data[2]);
    host_control_send('S', &found, sizeof found);
}

static void handle(uint8_t type, uint8_t *data, size_t octets) {
    switch (type) {
    case 'G':
        host->grant_us = little_endian(data, octets < 8 ? octets : 8);
        break;
    case 'U':
        host_line_arrives(HAL_SERIAL_LINK, data, octets);
        break;
    case HAL_EDGE_ALARM_ON:
    case HAL_EDGE_ALARM_OFF:
        host_edge(type);
        host_wake();
        break;
    case HAL_EDGE_MEMORY_CORRECTED:
        hal_discrete_edge(type, host->now_us);
        break;
    case HAL_EDGE_MEMORY_UNCORRECTABLE:
        host->memory_failed = true; /* once the board runs again */
        break;
    case 'F':
        force((char *)data);
        break;
    case 'f':
        release((const char *)data);
        break;
    case 'O':
        observe((const char *)data);
        break;
    case 'E':
        send_recorder_file((unsigned)little_endian(data, octets < 2 ? octets : 2));
        break;
    case 'L':
        send_downlink();
        break;
    case 'P':
        upset_pool(data, octets);
        break;
    case 'S':
        upset_heap(data, octets);
        break;
    case 'H':
        host->hang_ms = (uint32_t)little_endian(data, octets < 4 ? octets : 4);
        break;
    case 'Q':
        _exit(HOST_EXIT_QUIT);
    default:
        fail("unknown control message");
    }
}

void host_control_block(void) {
    static uint8_t *data;
    uint8_t header[HEADER_OCTETS];
    if (data == NULL && (data = malloc(MESSAGE_OCTETS + 1)) == NULL) {
        fail("no memory for control messages");
    }
    host_control_send_time('R', host->now_us, -1);
    do {
        take(header, sizeof header);
        size_t octets = (size_t)little_endian(header + 1, 4);
        if (octets > MESSAGE_OCTETS) {
            fail("a control message is too long");
        }
        take(data, octets);
        data[octets] = '\0';
        handle(header[0], data, octets);
    } while (header[0] != 'G');
}
