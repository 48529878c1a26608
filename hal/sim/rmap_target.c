#include "rmap_target.h"

#include "dictionary.h"
#include "hal_rmap.h"

#include <string.h>

#define PROTOCOL_ID 1u
#define HEADER_OCTETS 16u /* of a command without reply address, header CRC included */
#define CRC_OCTETS 1u

/* All attempts of an initiator and their transmission. A new start of its identifiers takes longer. */
#define REPEATED_WITHIN_US ((BUS_RETRIES + 1u) * 2u * BUS_REPLY_TIMEOUT_MS * 1000u)

/* Instruction field, clause 5.1.3. */
#define INSTRUCTION_RESERVED 0x80u
#define INSTRUCTION_COMMAND 0x40u
#define INSTRUCTION_WRITE 0x20u
#define INSTRUCTION_VERIFY 0x10u
#define INSTRUCTION_REPLY 0x08u
#define INSTRUCTION_CODE 0x3Cu
#define INSTRUCTION_REPLY_ADDRESS 0x03u
#define CODE_READ_INCREMENTING 0x0Cu
#define CODE_READ_MODIFY_WRITE 0x1Cu
#define CODE_READ_SINGLE 0x08u
#define CODE_WRITE_VERIFIED 0x3Cu

typedef struct {
    uint8_t target, instruction, key, initiator, extended_address;
    const uint8_t *reply_address;
    size_t reply_address_octets;
    uint16_t transaction_id;
    uint32_t address, data_octets;
    const uint8_t *data; /* what follows the header */
    size_t rest_octets;
} command_t;

/* False: not a complete, undamaged command header; the packet is discarded without a reply. */
static bool parse(const uint8_t *packet, size_t octets, command_t *command) {
    if (octets < HEADER_OCTETS || packet[1] != PROTOCOL_ID) {
        return false;
    }
    command->target = packet[0];
    command->instruction = packet[2];
    command->key = packet[3];
    command->reply_address = &packet[4];
    command->reply_address_octets = 4u * (command->instruction & INSTRUCTION_REPLY_ADDRESS);
    size_t header_octets = HEADER_OCTETS + command->reply_address_octets;
    bool is_reply = (command->instruction & (INSTRUCTION_RESERVED | INSTRUCTION_COMMAND)) == 0;
    if (is_reply || octets < header_octets || hal_rmap_crc8(packet, header_octets, 0) != 0) {
        return false;
    }
    const uint8_t *rest = &packet[4 + command->reply_address_octets];
    command->initiator = rest[0];
    command->transaction_id = (uint16_t)(rest[1] << 8 | rest[2]);
    command->extended_address = rest[3];
    command->address = (uint32_t)rest[4] << 24 | (uint32_t)rest[5] << 16 | (uint32_t)rest[6] << 8 | rest[7];
    command->data_octets = (uint32_t)rest[8] << 16 | (uint32_t)rest[9] << 8 | rest[10];
    command->data = &packet[header_octets];
    command->rest_octets = octets - header_octets;
    return true;
}

/* Unused: a reserved packet type, and the command codes without a meaning (table 5-1). */
static bool is_unused(uint8_t instruction) {
    uint8_t code = instruction & INSTRUCTION_CODE;
    if ((instruction & INSTRUCTION_RESERVED) != 0) {
        return true;
    }
    return (code & INSTRUCTION_WRITE) == 0 && code != CODE_READ_SINGLE && code != CODE_READ_INCREMENTING &&
           code != CODE_READ_MODIFY_WRITE;
}

/* What the header alone decides. Of several errors the first found is reported. */
static uint8_t check_header(const rmap_target_t *target, const command_t *command) {
    uint8_t code = command->instruction & INSTRUCTION_CODE;
    bool is_write = (code & INSTRUCTION_WRITE) != 0;
    if (is_unused(command->instruction)) {
        return RMAP_STATUS_UNUSED_COMMAND;
    }
    if (command->key != target->key) {
        return RMAP_STATUS_INVALID_KEY;
    }
    if (command->target != target->logical_address) {
        return RMAP_STATUS_INVALID_ADDRESS;
    }
    if (target->fault_status != RMAP_STATUS_SUCCESS) {
        return target->fault_status;
    }
    if (is_write && (code & INSTRUCTION_VERIFY) != 0 && command->data_octets > RMAP_DATA_LARGEST_OCTETS) {
        return RMAP_STATUS_VERIFY_OVERRUN;
    }
    if ((code != CODE_READ_INCREMENTING && code != CODE_WRITE_VERIFIED) || command->extended_address != 0 ||
        command->data_octets > RMAP_DATA_LARGEST_OCTETS) {
        return RMAP_STATUS_NOT_AUTHORISED;
    }
    return target->authorise(target->user, is_write, command->address, command->data_octets);
}

static uint8_t check_data(const command_t *command) {
    if ((command->instruction & INSTRUCTION_WRITE) == 0) {
        return command->rest_octets > 0 ? RMAP_STATUS_TOO_MUCH_DATA : RMAP_STATUS_SUCCESS;
    }
    size_t expected_octets = command->data_octets + CRC_OCTETS;
    if (command->rest_octets < expected_octets) {
        return RMAP_STATUS_EARLY_END;
    }
    if (hal_rmap_crc8(command->data, expected_octets, 0) != 0) {
        return RMAP_STATUS_INVALID_DATA_CRC;
    }
    return command->rest_octets > expected_octets ? RMAP_STATUS_TOO_MUCH_DATA : RMAP_STATUS_SUCCESS;
}

/* Reply address without its leading zeros; a single zero when there is nothing else (clause 5.1.6). */
static size_t write_reply_address(const command_t *command, uint8_t *reply) {
    const uint8_t *address = command->reply_address;
    size_t octets = command->reply_address_octets;
    while (octets > 1 && address[0] == 0) {
        address++;
        octets--;
    }
    memcpy(reply, address, octets);
    return octets;
}

/* Header of the reply; a read reply's data, of `data_octets`, stands behind it already. */
static size_t finish_reply(const rmap_target_t *target, const command_t *command, uint8_t status, size_t data_octets,
                           uint8_t *reply) {
    uint16_t transaction_id = (uint16_t)(command->transaction_id + target->fault_id_offset);
    reply[0] = command->initiator;
    reply[1] = PROTOCOL_ID;
    reply[2] = command->instruction & (INSTRUCTION_CODE | INSTRUCTION_REPLY_ADDRESS);
    reply[3] = status;
    reply[4] = target->logical_address;
    reply[5] = (uint8_t)(transaction_id >> 8);
    reply[6] = (uint8_t)transaction_id;
    if ((command->instruction & INSTRUCTION_WRITE) != 0) {
        reply[7] = hal_rmap_crc8(reply, 7, 0);
        return 8;
    }
    reply[7] = 0;
    reply[8] = (uint8_t)(data_octets >> 16);
    reply[9] = (uint8_t)(data_octets >> 8);
    reply[10] = (uint8_t)data_octets;
    reply[11] = hal_rmap_crc8(reply, 11, 0);
    reply[12 + data_octets] = hal_rmap_crc8(&reply[12], data_octets, 0);
    return 12 + data_octets + CRC_OCTETS;
}

static bool is_repeated(const rmap_target_t *target, const command_t *command) {
    const rmap_last_write_t *last = target->last_write;
    return last->is_known && target->now_us - last->at_us <= REPEATED_WITHIN_US &&
           last->transaction_id == command->transaction_id && last->address == command->address &&
           last->data_octets == command->data_octets && memcmp(last->data, command->data, last->data_octets) == 0;
}

static uint8_t write_once(const rmap_target_t *target, const command_t *command) {
    rmap_last_write_t *last = target->last_write;
    if (is_repeated(target, command)) {
        last->repetitions++;
    } else {
        uint8_t status = target->write(target->user, command->address, command->data, command->data_octets);
        *last = (rmap_last_write_t){
            .is_known = true,
            .transaction_id = command->transaction_id,
            .data_octets = (uint16_t)command->data_octets,
            .address = command->address,
            .status = status,
            .at_us = target->now_us,
        };
        memcpy(last->data, command->data, command->data_octets);
    }
    return last->status;
}

bool rmap_is_write(const uint8_t *packet, size_t octets) {
    return octets >= HEADER_OCTETS && (packet[2] & INSTRUCTION_WRITE) != 0;
}

size_t rmap_target_serve(const rmap_target_t *target, const uint8_t *packet, size_t octets,
                         uint8_t reply[RMAP_REPLY_LARGEST_OCTETS]) {
    command_t command;
    if (!parse(packet, octets, &command)) {
        return 0;
    }
    bool is_write = (command.instruction & INSTRUCTION_WRITE) != 0;
    size_t start = write_reply_address(&command, reply);
    size_t data_octets = 0;
    uint8_t status = check_header(target, &command);
    if (status == RMAP_STATUS_SUCCESS) {
        status = check_data(&command);
    }
    if (status == RMAP_STATUS_SUCCESS && is_write) {
        status = write_once(target, &command);
    } else if (status == RMAP_STATUS_SUCCESS) {
        data_octets = command.data_octets;
        target->read(target->user, command.address, &reply[start + 12], data_octets);
    }
    if ((command.instruction & INSTRUCTION_REPLY) == 0) {
        return 0;
    }
    return start + finish_reply(target, &command, status, data_octets, &reply[start]);
}
