#include "science.h"

#include <string.h>

#define MICROSECONDS 1000000
#define SEQUENCE_UNSEGMENTED 3u
#define SEQUENCE_COUNT_MASK 0x3FFFu

void science_pace(science_pace_t *pace, uint32_t octets_per_second, uint32_t step_us) {
    pace->credit += (uint64_t)octets_per_second * step_us;
}

int science_due(science_pace_t *pace, size_t octets) {
    uint64_t cost = (uint64_t)octets * MICROSECONDS;
    if (pace->credit < cost) {
        return 0;
    }
    pace->credit -= cost;
    return 1;
}

void science_put(science_packet_t *packet, unsigned bits, uint32_t value) {
    while (bits > 0) {
        unsigned room = 8 - packet->bits % 8;
        unsigned taken = bits < room ? bits : room;
        uint32_t part = value >> (bits - taken) & ((1u << taken) - 1);
        packet->octets[packet->bits / 8] |= (uint8_t)(part << (room - taken));
        packet->bits += taken;
        bits -= taken;
    }
}

void science_put_fields(science_packet_t *packet, const uint8_t *bits, const uint32_t *values, size_t fields) {
    for (size_t i = 0; i < fields; i++) {
        science_put(packet, bits[i], values[i]);
    }
}

size_t science_octets(const science_packet_t *packet) {
    return (packet->bits + 7) / 8;
}

void science_pad(science_packet_t *packet, size_t octets) {
    packet->bits = (science_octets(packet) + octets - 1) / octets * octets * 8;
}

void science_begin(science_packet_t *packet, uint16_t apid, uint32_t sequence_count) {
    memset(packet, 0, sizeof *packet);
    science_put(packet, 3, 0); /* version */
    science_put(packet, 1, 0); /* telemetry */
    science_put(packet, 1, 1); /* secondary header */
    science_put(packet, 11, apid);
    science_put(packet, 2, SEQUENCE_UNSEGMENTED);
    science_put(packet, 14, sequence_count & SEQUENCE_COUNT_MASK);
    science_put(packet, 16, 0);
}

void science_finish(science_packet_t *packet) {
    size_t length = science_octets(packet) - SCIENCE_PRIMARY_HEADER_OCTETS - 1;
    packet->octets[4] = (uint8_t)(length >> 8);
    packet->octets[5] = (uint8_t)length;
}

uint32_t science_coarse_time(int64_t gps_us) {
    return (uint32_t)(gps_us / MICROSECONDS);
}

uint32_t science_fine_time(int64_t gps_us) {
    return (uint32_t)(gps_us % MICROSECONDS * 65536 / MICROSECONDS);
}
