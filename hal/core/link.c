/* Uplink deframing and downlink framing. The security header is checked in clear mode only:
 * index, number and MAC are zero (tmtc.md, link security). */
#include "hal_link.h"

#include "dictionary.h"
#include "hal_serial.h"
#include "octets.h"

#include <string.h>

#define UPLINK_OVERHEAD_OCTETS (HAL_UPLINK_HEADER_OCTETS + HAL_UPLINK_MAC_OCTETS)
#define UPLINK_FRAME_OCTETS (UPLINK_OVERHEAD_OCTETS + PACKETS_LARGEST_PACKET_OCTETS)
#define DOWNLINK_FRAME_OCTETS (HAL_DOWNLINK_HEADER_OCTETS + PACKETS_LARGEST_PACKET_OCTETS)
/* Octets of a COBS frame in the worst case, delimiter not counted. */
#define COBS_OCTETS(octets) ((octets) + (octets) / 254u + 1u)

/* A ring filled this far is read even when no delimiter came: an over-long frame. */
#define BACKLOG_OCTETS COBS_OCTETS(UPLINK_FRAME_OCTETS)

static uint16_t own_spacecraft_id;
static bool clear_mode_accepted;
static hal_link_counters_t counters;

static uint8_t frame[COBS_OCTETS(UPLINK_FRAME_OCTETS)];
static size_t frame_octets;
static bool frame_overlong;
static size_t scanned_octets; /* octets of the ring already seen to hold no delimiter */

void hal_link_init(uint16_t spacecraft_id, bool accept_clear_mode) {
    static const uint8_t delimiter = 0;
    own_spacecraft_id = spacecraft_id;
    clear_mode_accepted = accept_clear_mode;
    memset(&counters, 0, sizeof counters);
    frame_octets = 0;
    frame_overlong = false;
    scanned_octets = 0;
    /* Ends whatever a reset cut short, so that the first frame arrives whole. */
    hal_serial_write(HAL_SERIAL_LINK, &delimiter, 1);
}

const hal_link_counters_t *hal_link_counters(void) {
    return &counters;
}

static bool is_zero(const uint8_t *data, size_t octets) {
    uint8_t any = 0;
    for (size_t i = 0; i < octets; i++) {
        any |= data[i];
    }
    return any == 0;
}

/* Index 0 is clear mode (mission dictionary): number and MAC must then be zero too. */
static bool is_authentic(size_t octets) {
    return clear_mode_accepted && octets_get16(&frame[2]) == LINK_CLEAR_MODE_SPI && is_zero(&frame[4], 4) &&
           is_zero(&frame[octets - HAL_UPLINK_MAC_OCTETS], HAL_UPLINK_MAC_OCTETS);
}

/* Check the collected frame; returns the packet's length, 0 for a refused frame. */
static size_t accept_frame(uint8_t *packet, size_t room) {
    size_t octets = hal_cobs_decode(frame, frame_octets);
    if (octets <= UPLINK_OVERHEAD_OCTETS) {
        counters.frames_malformed++;
        return 0;
    }
    size_t packet_octets = octets - UPLINK_OVERHEAD_OCTETS;
    if (packet_octets > PACKETS_LARGEST_PACKET_OCTETS || packet_octets > room) {
        counters.frames_overlong++;
        return 0;
    }
    if (octets_get16(&frame[0]) != own_spacecraft_id) {
        counters.frames_foreign++;
        return 0;
    }
    if (!is_authentic(octets)) {
        counters.frames_unauthentic++;
        return 0;
    }
    counters.frames_good++;
    memcpy(packet, &frame[HAL_UPLINK_HEADER_OCTETS], packet_octets);
    return packet_octets;
}

size_t hal_link_receive(uint8_t *packet, size_t room) {
    size_t budget = hal_serial_readable(HAL_SERIAL_LINK);
    scanned_octets = 0;
    while (budget-- > 0) {
        uint8_t octet = 0;
        (void)hal_serial_read(HAL_SERIAL_LINK, &octet, 1);
        if (octet != 0) {
            if (frame_octets < sizeof frame) {
                frame[frame_octets++] = octet;
            } else if (!frame_overlong) {
                frame_overlong = true;
                counters.frames_overlong++;
            }
            continue;
        }
        size_t packet_octets = (frame_octets == 0 || frame_overlong) ? 0 : accept_frame(packet, room);
        frame_octets = 0;
        frame_overlong = false;
        if (packet_octets > 0) {
            return packet_octets;
        }
    }
    return 0;
}

bool hal_link_pending(void) {
    size_t readable = hal_serial_readable(HAL_SERIAL_LINK);
    while (scanned_octets < readable) {
        if (hal_serial_peek(HAL_SERIAL_LINK, scanned_octets) == 0) {
            return true;
        }
        scanned_octets++;
    }
    return readable >= BACKLOG_OCTETS;
}

size_t hal_link_room(void) {
    size_t writable = hal_serial_writable(HAL_SERIAL_LINK);
    /* n octets take at most n + n / 254 + 1, and the delimiter. */
    size_t content = writable < 2 ? 0 : (writable - 2) * 254u / 255u;
    return content < HAL_DOWNLINK_HEADER_OCTETS ? 0 : content - HAL_DOWNLINK_HEADER_OCTETS;
}

bool hal_link_send(const uint8_t *packet, size_t octets) {
    static uint8_t plain[DOWNLINK_FRAME_OCTETS];
    static uint8_t coded[COBS_OCTETS(DOWNLINK_FRAME_OCTETS) + 1];
    if (octets > PACKETS_LARGEST_PACKET_OCTETS) {
        return false;
    }
    octets_put16(plain, own_spacecraft_id);
    memcpy(&plain[HAL_DOWNLINK_HEADER_OCTETS], packet, octets);
    size_t coded_octets = hal_cobs_encode(plain, HAL_DOWNLINK_HEADER_OCTETS + octets, coded, sizeof coded - 1);
    coded[coded_octets++] = 0;
    if (coded_octets > hal_serial_writable(HAL_SERIAL_LINK)) {
        return false;
    }
    hal_serial_write(HAL_SERIAL_LINK, coded, coded_octets);
    return true;
}
