#include "hal_pool.h"

#include "dictionary.h"
#include "octets.h"

#include <string.h>

#define CUC_OCTETS 7u
#define MASK_OCTETS 4u
#define MASK_BITS 32u

typedef struct {
    int64_t value;
    uint64_t set_us;
    uint16_t samples; /* modulo 2^16 */
    bool set;
} cell_t;

static cell_t cells[POOL_COUNT];

/* CUC is the plain 56-bit number: units of 2^-24 s. */
static const struct {
    uint8_t octets;
    int64_t lowest, highest;
} types[] = {
    [HAL_U8] = {1, 0, UINT8_MAX},
    [HAL_U16] = {2, 0, UINT16_MAX},
    [HAL_U32] = {4, 0, UINT32_MAX},
    [HAL_I8] = {1, INT8_MIN, INT8_MAX},
    [HAL_I16] = {2, INT16_MIN, INT16_MAX},
    [HAL_I32] = {4, INT32_MIN, INT32_MAX},
    [HAL_CUC] = {CUC_OCTETS, 0, (INT64_C(1) << (8 * CUC_OCTETS)) - 1},
};
#define TYPES (sizeof types / sizeof types[0])

size_t hal_type_octets(uint8_t type) {
    return type < TYPES ? types[type].octets : 0;
}

bool hal_type_fits(uint8_t type, int64_t value) {
    return type < TYPES && value >= types[type].lowest && value <= types[type].highest;
}

void hal_type_write(uint8_t type, int64_t value, uint8_t *data) {
    size_t octets = types[type].octets;
    for (size_t i = 0; i < octets; i++) {
        data[i] = (uint8_t)((uint64_t)value >> (8 * (octets - 1 - i)));
    }
}

int64_t hal_type_read(uint8_t type, const uint8_t *data) {
    size_t octets = types[type].octets;
    uint64_t value = types[type].lowest < 0 && (data[0] & 0x80) != 0 ? UINT64_MAX : 0;
    for (size_t i = 0; i < octets; i++) {
        value = value << 8 | data[i];
    }
    return (int64_t)value;
}

void hal_pool_init(void) {
    memset(cells, 0, sizeof cells);
}

static void set_cell(unsigned index, int64_t value, uint64_t now_us) {
    cells[index].value = value;
    cells[index].set_us = now_us;
    cells[index].samples++;
    cells[index].set = true;
}

bool hal_pool_set(unsigned index, int64_t value, uint64_t now_us) {
    if (index >= POOL_COUNT || !hal_type_fits(hal_pool_table[index].type, value)) {
        return false;
    }
    set_cell(index, value, now_us);
    return true;
}

int64_t hal_pool_get(unsigned index) {
    return index < POOL_COUNT ? cells[index].value : 0;
}

uint16_t hal_pool_samples(unsigned index) {
    return index < POOL_COUNT ? cells[index].samples : 0;
}

bool hal_pool_valid(unsigned index, uint64_t now_us) {
    if (index >= POOL_COUNT || !cells[index].set) {
        return false;
    }
    uint16_t fresh_ms = hal_pool_table[index].fresh_ms;
    return fresh_ms == 0 || now_us - cells[index].set_us <= fresh_ms * UINT64_C(1000);
}

uint32_t hal_pool_age_ms(unsigned index, uint64_t now_us) {
    if (index >= POOL_COUNT || !cells[index].set) {
        return UINT32_MAX;
    }
    uint64_t age_ms = (now_us - cells[index].set_us) / 1000;
    return age_ms < UINT32_MAX ? (uint32_t)age_ms : UINT32_MAX - 1;
}

static bool is_range(unsigned first, unsigned count) {
    return first <= POOL_COUNT && count <= POOL_COUNT - first;
}

void hal_pool_invalidate(unsigned first, unsigned count) {
    if (!is_range(first, count)) {
        return;
    }
    for (unsigned index = first; index < first + count; index++) {
        cells[index].set = false;
    }
}

bool hal_pool_load(unsigned first, unsigned count, const uint8_t *block, size_t octets, uint64_t now_us) {
    if (!is_range(first, count)) {
        return false;
    }
    size_t needed = 0;
    for (unsigned index = first; index < first + count; index++) {
        needed += hal_type_octets(hal_pool_table[index].type);
    }
    if (needed != octets) {
        return false;
    }
    for (unsigned index = first; index < first + count; index++) {
        uint8_t type = hal_pool_table[index].type;
        set_cell(index, hal_type_read(type, block), now_us);
        block += types[type].octets;
    }
    return true;
}

size_t hal_pool_pack(const uint8_t *indices, size_t count, uint8_t *data, size_t room, uint64_t now_us) {
    uint32_t mask = 0;
    size_t written = MASK_OCTETS;
    if (count > MASK_BITS || room < MASK_OCTETS) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        unsigned index = octets_get16(&indices[2 * i]);
        if (index >= POOL_COUNT) {
            return 0;
        }
        uint8_t type = hal_pool_table[index].type;
        if (hal_type_octets(type) > room - written) {
            return 0;
        }
        hal_type_write(type, cells[index].value, &data[written]);
        written += types[type].octets;
        if (hal_pool_valid(index, now_us)) {
            mask |= UINT32_C(1) << i;
        }
    }
    octets_put32(data, mask);
    return written;
}
