/* RMAP target, ECSS-E-ST-50-52C: header checks, status codes, replies. What a read or a write means is
 * the user's. Incrementing reads and incrementing, verified, acknowledged writes are implemented;
 * the standard's other commands are answered with status 10. */
#ifndef RMAP_TARGET_H
#define RMAP_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RMAP_DATA_LARGEST_OCTETS 256u
/* Reply address 12, header 12, data, data CRC. */
#define RMAP_REPLY_LARGEST_OCTETS (12u + 12u + RMAP_DATA_LARGEST_OCTETS + 1u)

/* Status field, table 5-4. */
#define RMAP_STATUS_SUCCESS 0u
#define RMAP_STATUS_GENERAL_ERROR 1u
#define RMAP_STATUS_UNUSED_COMMAND 2u
#define RMAP_STATUS_INVALID_KEY 3u
#define RMAP_STATUS_INVALID_DATA_CRC 4u
#define RMAP_STATUS_EARLY_END 5u
#define RMAP_STATUS_TOO_MUCH_DATA 6u
#define RMAP_STATUS_VERIFY_OVERRUN 9u
#define RMAP_STATUS_NOT_AUTHORISED 10u
#define RMAP_STATUS_INVALID_ADDRESS 12u

/* The last write that was carried out or refused by its user. */
typedef struct {
    bool is_known;
    uint16_t transaction_id, data_octets;
    uint32_t address;
    uint8_t data[RMAP_DATA_LARGEST_OCTETS];
    uint8_t status;
    unsigned repetitions;
    uint64_t at_us;
} rmap_last_write_t;

typedef struct {
    uint8_t logical_address;
    uint8_t key;
    void *user;
    /* May this access be made? SUCCESS or NOT_AUTHORISED. */
    uint8_t (*authorise)(void *user, bool is_write, uint32_t address, size_t octets);
    void (*read)(void *user, uint32_t address, uint8_t *data, size_t octets);
    /* SUCCESS, or GENERAL_ERROR with nothing changed. */
    uint8_t (*write)(void *user, uint32_t address, const uint8_t *data, size_t octets);
    /* A repetition of this write, the same transaction within the initiator's attempts, is answered as it was and not
     * carried out again. */
    rmap_last_write_t *last_write;
    uint64_t now_us;
    /* Faults: a status to answer every good header with (0: none), and what is added to the
     * transaction identifier of a reply. */
    uint8_t fault_status;
    uint16_t fault_id_offset;
} rmap_target_t;

bool rmap_is_write(const uint8_t *packet, size_t octets);

/* Serve one packet (end of packet after `octets`). Returns the octets of the reply, 0 when none is
 * due: packet discarded, or no reply asked for. */
size_t rmap_target_serve(const rmap_target_t *target, const uint8_t *packet, size_t octets,
                         uint8_t reply[RMAP_REPLY_LARGEST_OCTETS]);

#endif
