/* Big-endian fields in octet buffers, for the core's own use. */
#ifndef OCTETS_H
#define OCTETS_H

#include <stdint.h>

static inline uint16_t octets_get16(const uint8_t *data) {
    return (uint16_t)((data[0] << 8) | data[1]);
}

static inline void octets_put16(uint8_t *data, uint16_t value) {
    data[0] = (uint8_t)(value >> 8);
    data[1] = (uint8_t)value;
}

static inline void octets_put32(uint8_t *data, uint32_t value) {
    octets_put16(data, (uint16_t)(value >> 16));
    octets_put16(data + 2, (uint16_t)value);
}

#endif
