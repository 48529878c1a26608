/* RMAP initiator (ECSS-E-ST-50-52C clauses 5.3 and 5.4): no path address, no reply address. */
#include "hal_rmap.h"

#include "dictionary.h"
#include "hal_link.h"
#include "hal_serial.h"
#include "octets.h"

#include <string.h>

#define PROTOCOL_ID 1u
#define READ_COMMAND 0x4Cu /* command, read, reply, increment */
#define READ_REPLY 0x0Cu
#define WRITE_COMMAND 0x7Cu /* command, write, verify, reply, increment */
#define WRITE_REPLY 0x3Cu
#define COMMAND_HEADER_OCTETS 16u
#define WRITE_REPLY_OCTETS 8u
#define READ_REPLY_HEADER_OCTETS 12u
#define CRC_OCTETS 1u

/* Status codes that name damage on the line: worth another attempt (table 5-4 of the standard). */
#define STATUS_INVALID_DATA_CRC 4u
#define STATUS_LAST_LINE_DAMAGE 7u /* early end, too much data, error end of packet */

#define PACKET_OCTETS (COMMAND_HEADER_OCTETS + BUS_LARGEST_DATA_OCTETS + CRC_OCTETS)
#define CODED_OCTETS (PACKET_OCTETS + PACKET_OCTETS / 254u + 1u)
#define BITS_PER_OCTET 10u /* 8N1 */

typedef struct {
    uint8_t node;
    uint8_t command, reply;
    uint32_t address;
    uint8_t *read_to;
    const uint8_t *write_from;
    size_t octets;
} request_t;

typedef enum { REPLY_GOOD, REPLY_ERROR, REPLY_OF_ANOTHER, REPLY_MALFORMED } reply_t;

static hal_rmap_counters_t counters;
static uint16_t transaction_id;
static uint8_t last_status;

static uint64_t transmission_us(size_t octets) {
    return octets * UINT64_C(1000000) * BITS_PER_OCTET / BUS_BIT_RATE_BAUD + 1;
}

static size_t build_command(const request_t *request, uint8_t *packet) {
    packet[0] = request->node;
    packet[1] = PROTOCOL_ID;
    packet[2] = request->command;
    packet[3] = BUS_KEY;
    packet[4] = BUS_INITIATOR_ADDRESS;
    octets_put16(&packet[5], transaction_id);
    packet[7] = 0; /* extended address */
    octets_put32(&packet[8], request->address);
    packet[12] = 0;
    octets_put16(&packet[13], (uint16_t)request->octets);
    packet[15] = hal_rmap_crc8(packet, COMMAND_HEADER_OCTETS - CRC_OCTETS, 0);
    if (request->write_from == NULL) {
        return COMMAND_HEADER_OCTETS;
    }
    memcpy(&packet[COMMAND_HEADER_OCTETS], request->write_from, request->octets);
    packet[COMMAND_HEADER_OCTETS + request->octets] = hal_rmap_crc8(request->write_from, request->octets, 0);
    return COMMAND_HEADER_OCTETS + request->octets + CRC_OCTETS;
}

/* Queue the command; returns the octets on the line. A delimiter goes ahead of a repetition, to
 * end what noise may have left at the target. */
static size_t send_command(const request_t *request, bool repetition) {
    static uint8_t packet[PACKET_OCTETS];
    static uint8_t coded[CODED_OCTETS + 2];
    size_t packet_octets = build_command(request, packet);
    size_t coded_octets = 0;
    if (repetition) {
        coded[coded_octets++] = 0;
    }
    coded_octets += hal_cobs_encode(packet, packet_octets, &coded[coded_octets], CODED_OCTETS);
    coded[coded_octets++] = 0;
    return hal_serial_write(HAL_SERIAL_BUS, coded, coded_octets);
}

static reply_t check_read_data(const request_t *request, const uint8_t *packet, size_t octets) {
    size_t data_octets = (size_t)packet[8] << 16 | octets_get16(&packet[9]);
    const uint8_t *data = &packet[READ_REPLY_HEADER_OCTETS];
    if (data_octets != request->octets || octets != READ_REPLY_HEADER_OCTETS + data_octets + CRC_OCTETS ||
        hal_rmap_crc8(data, data_octets, 0) != data[data_octets]) {
        return REPLY_MALFORMED;
    }
    memcpy(request->read_to, data, data_octets);
    return REPLY_GOOD;
}

static reply_t check_reply(const request_t *request, const uint8_t *packet, size_t octets) {
    bool is_read = request->write_from == NULL;
    size_t header_octets = is_read ? READ_REPLY_HEADER_OCTETS : WRITE_REPLY_OCTETS;
    /* The header CRC's place depends on the reply's own kind: a late reply may be of the other. */
    if (octets >= WRITE_REPLY_OCTETS && packet[1] == PROTOCOL_ID && octets_get16(&packet[5]) != transaction_id) {
        size_t own_octets = packet[2] == READ_REPLY ? READ_REPLY_HEADER_OCTETS : WRITE_REPLY_OCTETS;
        return octets >= own_octets && hal_rmap_crc8(packet, own_octets, 0) == 0 ? REPLY_OF_ANOTHER : REPLY_MALFORMED;
    }
    if (octets < header_octets || hal_rmap_crc8(packet, header_octets, 0) != 0 || packet[1] != PROTOCOL_ID) {
        return REPLY_MALFORMED;
    }
    if (packet[0] != BUS_INITIATOR_ADDRESS || packet[2] != request->reply || packet[4] != request->node) {
        return REPLY_OF_ANOTHER;
    }
    if (packet[3] != 0) {
        last_status = packet[3];
        return REPLY_ERROR;
    }
    if (is_read) {
        return check_read_data(request, packet, octets);
    }
    return octets == WRITE_REPLY_OCTETS ? REPLY_GOOD : REPLY_MALFORMED;
}

/* Wait for the reply until the deadline; anything else that arrives is dropped and remembered. */
static int wait_for_reply(const request_t *request, uint64_t deadline_us) {
    static uint8_t frame[CODED_OCTETS];
    size_t octets = 0;
    bool overlong = false;
    int result = HAL_RMAP_NO_REPLY;
    for (;;) {
        uint8_t octet = 0;
        if (hal_serial_read(HAL_SERIAL_BUS, &octet, 1) == 0) {
            if (board_time_us() >= deadline_us) {
                /* What was cut short is a malformed reply too. */
                return octets > 0 ? HAL_RMAP_BAD_REPLY : result;
            }
            board_wait(deadline_us);
            continue;
        }
        if (octet != 0) {
            if (octets < sizeof frame) {
                frame[octets++] = octet;
            } else {
                overlong = true;
            }
            continue;
        }
        if (octets == 0) {
            continue;
        }
        reply_t reply = overlong ? REPLY_MALFORMED : check_reply(request, frame, hal_cobs_decode(frame, octets));
        octets = 0;
        overlong = false;
        if (reply == REPLY_GOOD) {
            return HAL_RMAP_OK;
        }
        if (reply == REPLY_ERROR) {
            return HAL_RMAP_ERROR;
        }
        result = HAL_RMAP_BAD_REPLY;
    }
}

static bool is_line_damage(uint8_t status) {
    return status >= STATUS_INVALID_DATA_CRC && status <= STATUS_LAST_LINE_DAMAGE;
}

/* A repeated write bears the identifier of the first: a unit that has carried it out, whose reply was lost, says so
 * again. A repeated read does not: what comes late was read before. */
static int transact(const request_t *request) {
    bool any_reply = false;
    int result = HAL_RMAP_NO_REPLY;
    size_t reply_octets = request->write_from == NULL ? PACKET_OCTETS : WRITE_REPLY_OCTETS;
    last_status = 0;
    counters.transactions++;
    for (unsigned attempt = 0; attempt <= BUS_RETRIES; attempt++) {
        if (attempt > 0) {
            counters.retries++;
        }
        if (attempt == 0 || request->write_from == NULL) {
            transaction_id++;
        }
        hal_serial_flush_receive(HAL_SERIAL_BUS);
        size_t line_octets = send_command(request, attempt > 0) + reply_octets;
        uint64_t deadline_us = board_time_us() + transmission_us(line_octets) + BUS_REPLY_TIMEOUT_MS * UINT64_C(1000);
        result = wait_for_reply(request, deadline_us);
        if (result == HAL_RMAP_OK || (result == HAL_RMAP_ERROR && !is_line_damage(last_status))) {
            break;
        }
        any_reply = any_reply || result == HAL_RMAP_BAD_REPLY;
    }
    if (result == HAL_RMAP_NO_REPLY && any_reply) {
        result = HAL_RMAP_BAD_REPLY;
    }
    if (result == HAL_RMAP_OK) {
        last_status = 0;
    } else {
        counters.failures++;
    }
    return result;
}

void hal_rmap_init(void) {
    memset(&counters, 0, sizeof counters);
    transaction_id = 0;
    last_status = 0;
}

int hal_rmap_read(uint8_t node, uint32_t address, uint8_t *data, size_t octets) {
    if (octets == 0 || octets > BUS_LARGEST_DATA_OCTETS) {
        return HAL_RMAP_BAD_ARGUMENT;
    }
    request_t request = {.node = node,
                         .command = READ_COMMAND,
                         .reply = READ_REPLY,
                         .address = address,
                         .read_to = data,
                         .octets = octets};
    return transact(&request);
}

int hal_rmap_write(uint8_t node, uint32_t address, const uint8_t *data, size_t octets) {
    if (octets == 0 || octets > BUS_LARGEST_DATA_OCTETS) {
        return HAL_RMAP_BAD_ARGUMENT;
    }
    request_t request = {.node = node,
                         .command = WRITE_COMMAND,
                         .reply = WRITE_REPLY,
                         .address = address,
                         .write_from = data,
                         .octets = octets};
    return transact(&request);
}

uint8_t hal_rmap_last_status(void) {
    return last_status;
}

const hal_rmap_counters_t *hal_rmap_counters(void) {
    return &counters;
}
