/* The host board: a payload computer in virtual time with the units linked in.
 *
 * Everything that outlives a reset of the payload computer (time, lines, flash, no-init memory,
 * the units) stands in one block of shared memory. Each boot is a new process; its parent waits
 * for it and starts the next (process.c). Shared between the files of this board only. */
#ifndef HOST_H
#define HOST_H

#include "hal_board.h"
#include "sim.h"

#define HOST_NEVER UINT64_MAX
#define HOST_FLASH_OCTETS (4u * 1024u * 1024u)
#define HOST_NOINIT_OCTETS (32u * 1024u)
#define HOST_RECEIVE_OCTETS (1024u * 1024u) /* power of two */
#define HOST_CHUNK_OCTETS 16u               /* of the line hardware: what one interrupt carries */

/* Exit statuses of a boot's process. */
#define HOST_EXIT_RESET 64 /* plus the cause */
#define HOST_EXIT_QUIT 72
#define HOST_EXIT_CRASH 70

typedef struct {
    uint64_t octet_ns;  /* 10 bits; 0: the line is closed */
    uint64_t sent_ns;   /* end of the chunk under way */
    uint64_t sent_us;   /* the same as an event, HOST_NEVER when the line is idle */
    uint64_t arrive_ns; /* end of the chunk that is arriving */
    uint64_t arrive_us;
    uint32_t sending_octets, arriving_octets;
    uint8_t sending[HOST_CHUNK_OCTETS];
    uint32_t head, tail; /* of `arriving`: free-running */
    uint8_t arriving[HOST_RECEIVE_OCTETS];
} host_line_t;

typedef struct {
    uint32_t spacecraft_id;
    uint32_t vm_event_us; /* what one loop or return of the interpreter takes */
    uint64_t now_us;
    uint64_t grant_us;
    uint64_t tick_us, pps_us, units_us; /* when the next is due */
    uint64_t watchdog_us, watchdog_timeout_us;
    uint64_t flash_busy_us;
    uint32_t hang_ms;   /* wanted by the bench */
    bool memory_failed; /* likewise: an uncorrectable error */
    hal_reset_cause_t next_cause;
    bool transmit_enable;
    bool alarm; /* level of the line */
    bool was_powered;
    sim_t *sim;
    host_line_t lines[HAL_SERIAL_PORTS];
    uint8_t noinit[HOST_NOINIT_OCTETS];
    uint8_t flash[HOST_FLASH_OCTETS];
} host_state_t;

extern host_state_t *host;

/* clock.c: let virtual time pass; every event on the way happens. */
void host_advance(uint64_t until_us);
void host_wake(void); /* an event that ends board_wait() */
void host_units_step(void);
void host_edge(uint8_t code); /* arrives now */

/* board.c: the cause that board_reset_cause() gives from now on, without a new process. */
void host_note_reset(hal_reset_cause_t reset_cause);

/* micropython/heap.c: wherever the application's heap holds the octets, bits of the one at `place` change; in how many
 * places. */
unsigned host_heap_upset(const uint8_t *octets, size_t count, size_t place, uint8_t mask);

/* lines.c */
uint64_t host_lines_next_us(void);
void host_lines_dispatch(void);
void host_lines_reset(void);
void host_line_arrives(hal_serial_port_t port, const uint8_t *data, size_t octets);

/* control.c: the bench at the other end of EMEI_BOARD_FD. */
bool host_control_open(void); /* false when there is no bench */
bool host_controlled(void);
void host_control_send(uint8_t type, const void *data, size_t octets);
void host_control_send_time(uint8_t type, uint64_t time_us, int edge); /* edge < 0: none */
void host_control_link(const uint8_t *data, size_t octets);            /* telemetry, sent in blocks */
void host_control_block(void);                                         /* until the next grant */

#endif
