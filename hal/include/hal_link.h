/* Telecommand and telemetry link: COBS frames on the serial line.
 *
 * Uplink frame:   spacecraft ID 16, security parameter index 16, sequence number 32, packet, MAC 128.
 * Downlink frame: spacecraft ID 16, packet.
 * One COBS frame a packet, 0x00 between frames. Big-endian. */
#ifndef HAL_LINK_H
#define HAL_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HAL_UPLINK_HEADER_OCTETS 8
#define HAL_UPLINK_MAC_OCTETS 16
#define HAL_DOWNLINK_HEADER_OCTETS 2

/* COBS. encode returns octets written without the delimiter, 0 when `room` is too small;
 * decode works in place and returns the decoded length, 0 for a malformed frame. */
size_t hal_cobs_encode(const uint8_t *data, size_t octets, uint8_t *out, size_t room);
size_t hal_cobs_decode(uint8_t *data, size_t octets);

uint16_t hal_crc16(const uint8_t *data, size_t octets, uint16_t initial);
uint32_t hal_crc32(const uint8_t *data, size_t octets, uint32_t previous);

typedef struct {
    uint16_t frames_good, frames_malformed, frames_overlong, frames_foreign, frames_unauthentic;
} hal_link_counters_t;

void hal_link_init(uint16_t spacecraft_id, bool accept_clear_mode);
const hal_link_counters_t *hal_link_counters(void);

/* The next uplink packet, frame header and MAC checked and removed. Work per call is bounded by
 * what is in the receive ring. Copies at most `room` octets to `packet`; returns its length, 0
 * when there is none. Frames refused here only move counters. */
size_t hal_link_receive(uint8_t *packet, size_t room);

/* Is there anything in the receive ring that may complete a frame? */
bool hal_link_pending(void);

/* Frame and queue one packet. False, and nothing queued, when it does not fit the transmit ring. */
bool hal_link_send(const uint8_t *packet, size_t octets);
size_t hal_link_room(void); /* octets of packet that fit now, in the worst case of COBS */

/* Space packets and PUS-C headers. */
#define HAL_TC_HEADER_OCTETS 11 /* primary 6, secondary 5 */
#define HAL_TM_HEADER_OCTETS 21 /* primary 6, secondary 7, time 8 */

/* Check a telecommand packet: returns 0, or the dictionary's failure code (FAILURE_*) with its two
 * values. BAD_LENGTH for fewer than 13 octets is told apart by `*detail` < 0: no request ID. */
uint16_t hal_tc_check(const uint8_t *packet, size_t octets, int32_t *detail, int32_t *limit);

/* Finish a TM packet whose source data already stands at data + HAL_TM_HEADER_OCTETS: headers,
 * time and CRC. Returns the packet's length. `room` must hold header, data and CRC. */
size_t hal_tm_finish(uint8_t *packet, size_t source_data_octets, uint16_t sequence_count, uint8_t service,
                     uint8_t subservice, uint16_t message_type_count, uint64_t gps_us);
/* Time report (9,2): APID 0, no secondary header; rate exponent, P-field, time, CRC. */
size_t hal_tm_time_report(uint8_t *packet, uint16_t sequence_count, uint8_t rate_exponent, uint64_t gps_us);

#endif
